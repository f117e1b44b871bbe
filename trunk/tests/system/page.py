"""A page in Chromium for the system tests, led through page.mjs."""
import json
import os
import select
import subprocess

from harness import HERE, OUT, ROOT, Failure, check, need, wait_until

ANSWER_SECONDS = 40


def need_driver():
    need("chromium", "chromium")
    need("node", "nodejs")
    done = subprocess.run(["trunk/auto/page-packages", "--tests"], cwd=ROOT, capture_output=True, timeout=240, check=False)
    check(done.returncode == 0, f"npm package playwright-core: {done.stderr.decode()[-400:]}")


class Page:
    """One page of one browser; `width`, `height` and `scheme` are what it begins with."""

    def __init__(self, case, *, width=1440, height=900, scheme="light", flags=()):
        need_driver()
        given = {"library": os.path.join(ROOT, "objs/npm/playwright-core"), "chromium": "/usr/bin/chromium",
                 "profile": case.path(f"profile-{len(os.listdir(case.folder))}"), "width": width, "height": height,
                 "scheme": scheme, "flags": list(flags)}
        self.log = open(case.path(f"{len(os.listdir(case.folder))}-page.log"), "wb")
        self.process = subprocess.Popen(["node", os.path.join(HERE, "page.mjs"), json.dumps(given)], cwd=ROOT,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        case.callback(self.close)
        self.answer()

    def close(self):
        if self.process.stdin.closed:
            return
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def answer(self):
        waiting = select.poll()  # a case with thousands of sockets has numbers that select() does not take
        waiting.register(self.process.stdout, select.POLLIN)
        ready = waiting.poll(ANSWER_SECONDS * 1000)
        line = self.process.stdout.readline() if ready else b""
        check(line, f"the browser's driver {'ended' if ready else 'does not answer'}: see {self.log.name}")
        told = json.loads(line)
        if "error" in told:
            raise Failure(f"in the browser: {told['error'][:1500]}")
        return told.get("value")

    def call(self, method, *arguments):
        """A method of playwright's page."""
        self.process.stdin.write(json.dumps([method, *arguments]).encode() + b"\n")
        self.process.stdin.flush()
        return self.answer()

    def eval(self, expression):
        return self.call("evaluate", expression)

    def wait(self, expression, seconds=15, what=None):
        """Until the expression is true in the page; its value. Asked from outside: a page's policy may forbid eval within."""
        return wait_until(lambda: self.eval(expression), seconds, what or expression)

    def click(self, selector):
        self.call("click", selector)

    def text(self, selector):
        return self.eval(f"document.querySelector({json.dumps(selector)}).textContent")

    def texts(self, selector):
        return self.eval(f"[...document.querySelectorAll({json.dumps(selector)})].map((node) => node.textContent)")

    def wait_text(self, selector, text, seconds=15):
        """Until that text is in it."""
        there = f"document.querySelector({json.dumps(selector)})?.textContent"
        try:
            self.wait(f"{there}.includes({json.dumps(text)})", seconds, f"{text!r} in {selector}")
        except Failure as failure:
            raise Failure(f"{failure}: {self.eval(there)!r}") from None

    def shows(self, selector):
        return self.eval(f"document.querySelector({json.dumps(selector)})?.checkVisibility() ?? false")

    def screenshot(self, name, whole=False):
        os.makedirs(OUT, exist_ok=True)
        path = os.path.join(OUT, f"{name}.png")
        self.call("screenshot", {"path": path, "fullPage": whole})
        return path

    def errors(self):
        """What went wrong in the page since the last time."""
        return self.call("errors")

    def check_no_errors(self, *known):
        wrong = [e for e in self.errors() if not any(k in e for k in known)]
        check(not wrong, f"in the browser: {wrong[:5]}")
