"""Back-ends of callbacks for the system tests: the demo one as a process, ones that misbehave, and a name server that
never answers."""
import json
import os
import socket
import ssl
import sys
import threading
import urllib.request

from harness import ROOT, check, free_port, wait_until

SCRIPT = os.path.join(ROOT, "trunk/research/api-server/server.py")
HOOKS = ("on_connect", "on_close", "on_publish", "on_unpublish", "on_play", "on_stop")


def hooks_text(url, *, hooks=HOOKS, more=""):
    """A vhost's block with all these callbacks at one URL."""
    lines = " ".join(f"{hook} {url};" for hook in hooks)
    return f"http_hooks {{ enabled on; {lines} {more} }}"


class Backend:
    """The demo back-end."""

    def __init__(self, case, *options, port=None, tls=None):
        self.case, self.options, self.tls = case, options, tls
        self.port = port or free_port()
        self.url = f"{'https' if tls else 'http'}://{'localhost' if tls else '127.0.0.1'}:{self.port}/hooks"
        self.start()

    def start(self):
        extra = ["--cert", self.tls[0], "--key", self.tls[1]] if self.tls else []
        self.program = self.case.program([sys.executable, SCRIPT, "--listen", f"127.0.0.1:{self.port}", *extra,
                                          *self.options])
        wait_until(lambda: "callbacks at" in self.program.output(), 10, "the back-end")

    def log(self):
        """All it was told: path, headers and body of each."""
        context = ssl._create_unverified_context() if self.tls else None
        url = self.url.rsplit("/", 1)[0] + "/log"
        with urllib.request.urlopen(url, timeout=10, context=context) as answer:
            return json.load(answer)

    def bodies(self, action=None, client=None):
        return [told["body"] for told in self.log() if action in (None, told["body"].get("action")) and
                client in (None, told["body"].get("client_id"))]

    def wait(self, action, count=1, seconds=10):
        """The last body of that callback, once there are so many."""
        wait_until(lambda: len(self.bodies(action)) >= count, seconds, f"{count} of {action}")
        return self.bodies(action)[-1]

    def actions(self, client=None):
        return [body.get("action") for body in self.bodies(client=client)]


class Listener:
    """A TCP server of the test; behave(connection, number) runs in a thread of its own for each connection."""

    def __init__(self, case, behave):
        self.behave = behave
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.sock.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hooks"
        self.connections = []
        self.ending = threading.Event()
        case.callback(self.close)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.sock.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        try:
            self.behave(self, connection)
        except OSError:
            pass  # the server has left

    def close(self):
        self.ending.set()
        self.sock.close()
        for connection in self.connections:
            connection.close()


def read_request(connection):
    """Head and body; None at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    size = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while size and len(body) < size[0]:
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return head, body


def say(connection, text, status="200 OK"):
    connection.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(text), text))


# ---- ways to misbehave -----------------------------------------------------------------------


def hang(listener, connection):
    """Takes the request and says nothing."""
    read_request(connection)
    listener.ending.wait(120)


def deaf(listener, _):
    """Does not even read."""
    listener.ending.wait(120)


def garbage(_, connection):
    read_request(connection)
    connection.sendall(os.urandom(4096))
    connection.close()


def huge(_, connection):
    """5 MB, without a length."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    for _ in range(80):
        connection.sendall(b"{" * 65536)
    connection.close()


def huge_announced(_, connection):
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n")
    for _ in range(80):
        connection.sendall(b"{" * 65536)


def slow(listener, connection):
    """A byte each 50 ms, of an answer that would be good."""
    read_request(connection)
    for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 4096 + b"\r\nContent-Length: 1\r\n\r\n0":
        connection.sendall(bytes([byte]))
        if listener.ending.wait(0.05):
            return


def leaves(_, connection):
    """Closes in the middle of the answer."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"co")
    connection.close()


def resets(_, connection):
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def failing(_, connection):
    while read_request(connection):
        say(connection, b"", "503 Busy")


class SilentResolver:
    """A name server that takes questions and never answers."""

    def __init__(self, case):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.sock.getsockname()[1]}"
        case.callback(self.sock.close)

    def asked(self):
        self.sock.setblocking(False)
        try:
            return bool(self.sock.recv(4096))
        except BlockingIOError:
            return False


def check_order(seen, wanted, what):
    check(seen == wanted, f"{what}: {seen}, want {wanted}")
