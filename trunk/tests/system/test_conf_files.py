#!/usr/bin/env python3
"""Every configuration file that SRS ships, made again from trunk/tests/vectors/conf/srs-conf.txt: -t accepts it, and the
server starts with it. Each start has a network namespace of its own, so that the file's ports are free, and a folder of its
own with what such files refer to."""
import os
import re
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
from harness import Server, check, main, need, sanitizer_environment, wait_until

VECTORS = os.path.join(harness.ROOT, "trunk/tests/vectors/conf/srs-conf.txt")
FILES = 103
PIECE = "include.vhost.conf"  # of include.conf; has no listen of its own
LIFE_SECONDS = 0.8
# Loopback is down in a new namespace. The shell becomes the server, so that its signals and status are the server's own.
OWN_NETWORK = ["unshare", "-n", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""]


# ---- the files -------------------------------------------------------------------------------


def read_blocks():
    blocks = {}
    with open(VECTORS, encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("### "):
                lines = blocks.setdefault(line[4:], [])
            elif line:
                lines.append(line)
    return blocks


def resolve(blocks, name):
    """Its lines with those it takes over."""
    lines = []
    for line in blocks[name]:
        if line.startswith("= "):
            lines += resolve(blocks, line[2:])
        elif line.startswith("- "):
            lines.remove(line[2:])
        else:
            lines.append(line)
    return lines


def to_text(lines):
    """Each scope is opened once, where it appears first."""
    root = {}
    for line in lines:
        steps, value = re.fullmatch(r"((?:[^\s.\[]+(?:\[[^\]]*\])?\.)*)(.*)", line).groups()
        at = root
        for step in re.findall(r"[^.\[]+(?:\[[^\]]*\])?", steps):
            at = at.setdefault(step.replace("[", " ").replace("]", ""), {})
        if value.endswith(" {}"):
            at.setdefault(value[:-3].replace("[", " ").replace("]", ""), {})
        else:
            at.setdefault(value + ";", None)
    return "".join(write(root, 0))


def write(scope, depth):
    for words, inner in scope.items():
        yield "    " * depth + words
        if inner is None:
            yield "\n"
        else:
            yield " {\n"
            yield from write(inner, depth + 1)
            yield "    " * depth + "}\n"


BLOCKS = read_blocks()
TEXTS = {name: to_text(resolve(BLOCKS, name)) for name in BLOCKS}


def rtmp_ports(text):
    found = re.search(r"^rtmp \{(?:.|\n)*?^ +listen ([^;]*);|^listen ([^;]*);", text, re.M)
    words = (found.group(1) or found.group(2)).split() if found else []
    return [int(word.rpartition(":")[2]) for word in words]


# ---- one start -------------------------------------------------------------------------------


def make_keys(folder):
    """Once for all."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.crt"],
                   cwd=folder, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Started(Server):
    """In a folder and a network of its own; in the foreground, as a process in the background is no child of ours."""

    def __init__(self, folder, name):
        self.folder = folder
        self.started = time.monotonic()
        super().__init__(folder, None, arguments=["-c", f"conf/{name}"], wait=False, prefix=OWN_NETWORK, cwd=folder,
                         environment={"SRS_DAEMON": "off"})

    def output(self):
        """With the log file, if the configuration asks for one."""
        text = super().output()
        for folder, _, names in os.walk(os.path.join(self.folder, "objs")):
            for name in names:
                if name.endswith(".log"):
                    with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                        text += file.read()
        return text

    def log_lines(self, level=None):
        """Lines of standard error before the log is open are no log lines."""
        lines = [line for line in super().log_lines(level) if not line.startswith("srs: the log is in ")]
        return lines


def lives(server):
    """Seconds since its start, all without trouble."""
    check(server.running(), f"ended: {server.output()[-1500:]}")
    wrong = server.log_lines("error")
    check(not wrong, f"errors in the log: {wrong}")
    return time.monotonic() - server.started


def test_file(folder, name):
    done = subprocess.run([harness.SRS_BIN, "-t", "-c", f"conf/{name}"], cwd=folder, env=sanitizer_environment(),
                          text=True, capture_output=True, check=False)
    check(done.returncode == 0 and done.stdout == "the configuration is good\n",
          f"-t ended with {done.returncode}: {done.stdout}{done.stderr}")


def accepts(folder, name):
    for other in {name, PIECE}:
        with open(os.path.join(folder, "conf", other), "w", encoding="utf-8") as file:
            file.write(TEXTS[other])
    test_file(folder, name)


def starts(case, name, keys):
    folder = case.path("run")
    os.makedirs(os.path.join(folder, "conf"))
    os.makedirs(os.path.join(folder, "objs/nginx/html"))
    for key in ("server.key", "server.crt"):
        shutil.copy(os.path.join(keys, key), os.path.join(folder, "conf"))
    accepts(folder, name)
    ports = rtmp_ports(TEXTS[name])
    check(ports or name == PIECE, "found no RTMP port in it")
    server = Started(folder, name)
    case.callback(server.kill)

    def up():
        check(server.running(), f"ended at its start: {server.output()[-1500:]}")
        listening = server.listening_ports()
        return all(port in listening for port in ports) and " server: start " in server.output()
    wait_until(up, 10, f"RTMP on {ports}")
    wait_until(lambda: lives(server) > LIFE_SECONDS, 10, "a second of life")
    server.stop()
    # The id of the server stays for its next start.
    left = [n for n in os.listdir(os.path.join(folder, "objs")) if n != "nginx" and not n.endswith((".log", ".id"))]
    check(not left, f"it left {left}")


# ---- all of them -----------------------------------------------------------------------------


def can_unshare():
    return subprocess.run([*OWN_NETWORK, "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def all_there(_):
    check(len(TEXTS) == FILES, f"{len(TEXTS)} files, not {FILES}")
    check(TEXTS["include.conf"].count("include ./conf/include.vhost.conf;") == 1, "include.conf without its include")
    check(rtmp_ports(TEXTS["console.ipv46.conf"]) == [1935, 1935] and rtmp_ports(TEXTS[PIECE]) == [], "RTMP ports")


def both_families(case):
    """Entries that take the same port of both families, however they are written."""
    for listen in ("@RTMP@", "@RTMP@ [::]:@RTMP@", "[::]:@RTMP@ @RTMP@", "0.0.0.0:@RTMP@ [::]:@RTMP@", "@RTMP@ @RTMP@"):
        server = case.server("daemon off; srs_log_tank console; http_server { enabled on; listen @HTTP@; }\n"
                             "vhost v {} rtmp { listen %s; }" % listen)
        for address in ("127.0.0.1", "::1"):
            socket.create_connection((address, server.rtmp), 5).close()
        check(server.listening_ports().count(server.rtmp) == 1, f"{listen}: {server.listening_ports()}")
        server.stop()


if __name__ == "__main__":
    need("openssl", "openssl")
    need("unshare", "util-linux")
    need("ip", "iproute2")
    if not can_unshare():
        raise SystemExit("FAILED namespace: this needs the right to make a network namespace")
    with harness.tempfile.TemporaryDirectory(prefix="srs-test-keys-") as keys_folder:
        make_keys(keys_folder)
        cases = {"all_there": all_there, "both_families": both_families}
        cases.update({n.replace(".conf", "").replace(".", "_"): lambda case, n=n: starts(case, n, keys_folder)
                      for n in TEXTS})
        main(cases, parallel=4)
