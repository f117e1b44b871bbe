"""What the checks share: walking the tree, reading C without its comments, reporting."""
import os
import re
import sys

# .git is a file in a second working tree of the repository.
SKIPPED = {".git", "objs", "node_modules", "__pycache__"}


def walk(root, top, suffixes=None):
    """Paths relative to root of the files below root/top with one of the suffixes, sorted."""
    found = []
    for folder, folders, names in os.walk(os.path.join(root, top)):
        folders[:] = [f for f in folders if f not in SKIPPED]
        for name in names:
            if name not in SKIPPED and (suffixes is None or name.endswith(suffixes)):
                found.append(os.path.relpath(os.path.join(folder, name), root))
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


TOKENS = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)


def blank(text):
    """The same length of text with newlines kept and all else blank."""
    return re.sub(r"[^\n]", " ", text)


def code_only(text):
    """Comments, strings, character constants and preprocessor lines blanked, lines kept."""
    text = TOKENS.sub(lambda match: blank(match.group(0)), text)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: blank(m.group(0)), text, flags=re.M)


def without_comments(text):
    """Comments blanked, strings kept (an #include holds one)."""
    return TOKENS.sub(lambda m: blank(m.group(0)) if m.group(0)[0] == "/" else m.group(0), text)


class Report:
    """Collects findings; the exit status says whether there were any."""

    def __init__(self, name):
        self.name = name
        self.findings = []

    def add(self, where, text):
        self.findings.append(f"{where}: {text}")

    def finish(self, looked_at):
        for finding in self.findings:
            print(finding)
        print(f"{self.name}: {looked_at}, {len(self.findings)} findings")
        sys.exit(1 if self.findings else 0)
