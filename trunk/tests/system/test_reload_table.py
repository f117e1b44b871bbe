#!/usr/bin/env python3
"""Every directive of the table is changed by a reload of its own, one after the other at one server, while it is published
to and watched over RTMP, HTTP-FLV and both inside TLS. The table itself comes from config_docs, so that a new row is tried
without a word here; what its other value may be is said only where the type does not tell.

Each reload must be taken and must name the directive: in the line of the reload when it counts now or for the next client,
in a warning when it waits for a start or is not built. Nobody may be disconnected, and a witness may see no gap. What
test_reload.py looks at closely is not looked at again here.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SRS_BIN, Failure, check, free_port, main, make_flv, wait_until
from tls import TLS_PORTS, TlsFlvPlayer, TlsRtmpPlayer, client_context, make_certificate
from wire import VIDEO, FlvPlayer, Rtmp, RtmpPlayer, command

BEAT = 0.35
GAP = 0.2  # beyond the beat
PAGE = "www.example.com"  # where clients say that they come from
SPARE = "vhost spare.example { enabled %s; }\n"
VIEWERS = (FlvPlayer, RtmpPlayer, TlsFlvPlayer, TlsRtmpPlayer)


# ---- the table -------------------------------------------------------------------------------


class Row:
    def __init__(self, **columns):
        self.scope, self.name, self.type, self.default = (columns[c] for c in ("scope", "name", "type", "default"))
        self.low, self.high = float(columns["low"]), float(columns["high"])
        self.words = columns["words"].replace("*", "").split()
        self.named = columns["named"] == "1"
        self.reload, self.state = columns["reload"], columns["state"]
        self.path = f"{self.scope}.{self.name}".lstrip(".")

    def has_other(self):
        """Not where there is one word only; it may be written all the same."""
        return self.words != [self.default]

    def called(self):
        """As notes call it."""
        return re.sub(r"^vhost\.(?=.*\.)", "", self.path)

    def other(self, now):
        """A good value that is not this one."""
        if self.type in ("off", "on"):
            on = now == "on" if self.type == "off" else now != "off"
            return "off" if on else "on"
        if self.type in ("int", "float", "msec", "sec", "secf"):
            return self.other_number(now)
        if self.type == "enum":
            return next((w for w in self.words if w != now), now)
        if self.type == "listen":
            return f"{now} {free_port()}".strip()
        return {"word": "other", "list": "127.0.0.1:1", "nets": "none", "rules": "play 127.0.0.1", "free": "{ a b; }", "any": "1"}[self.type]

    def other_number(self, now):
        try:
            value = float(now) + 1
        except ValueError:  # none, or auto
            value = self.low
        if (self.low or self.high) and value > self.high:
            value -= 2
        return f"{value:.15g}"


def read_table():
    program = os.path.join(os.path.dirname(SRS_BIN), "config_docs")
    done = subprocess.run([program, "rows"], capture_output=True, text=True, check=True, timeout=10)
    head, *lines = done.stdout.splitlines()
    return [Row(**dict(zip(head.split("\t"), line.split("\t")))) for line in lines]


# ---- the server and who is there -------------------------------------------------------------


class Load:
    """The server with its configuration as {path: value}, and everybody who must not notice."""

    def __init__(self, case):
        self.rows = read_table()
        self.named = {row.path for row in self.rows if row.named}
        self.certs = [make_certificate(case.folder, name, ["localhost", "127.0.0.1"]) for name in ("one", "two")]
        self.dirs = []
        for text in ("first", "second"):
            self.dirs.append(case.path(f"dir-{text}"))
            os.mkdir(self.dirs[-1])
            with open(os.path.join(self.dirs[-1], "a.txt"), "w", encoding="utf-8") as file:
                file.write(text)
        ports = {name: free_port() for name in TLS_PORTS}
        self.base = {
            "daemon": "off", "disable_daemon_for_docker": "off", "auto_reload_for_docker": "off", "srs_log_tank": "console",
            "max_connections": "auto", "rtmp.listen": "@RTMP@",
            "rtmps.enabled": "on", "rtmps.listen": str(ports["rtmps"]), **self.pair("rtmps", 0),
            "http_api.enabled": "on", "http_api.listen": "@API@", "http_api.https.enabled": "on",
            "http_api.https.listen": str(ports["https_api"]), **self.pair("http_api.https", 0),
            "http_server.enabled": "on", "http_server.listen": "@HTTP@", "http_server.dir": self.dirs[0],
            "http_server.https.enabled": "on", "http_server.https.listen": str(ports["https"]),
            **self.pair("http_server.https", 0),
            "vhost.http_remux.enabled": "on", "vhost.http_static.enabled": "on",
            "vhost.http_static.mount": "[vhost]/mount", "vhost.http_static.dir": self.dirs[0]}
        self.server = case.server(self.text({}))
        vars(self.server).update(ports)
        self.path = self.server.command[self.server.command.index("-c") + 1]
        self.base = {path: self.server.with_ports(value) for path, value in self.base.items()}
        self.base["pid"] = f"{self.path}.pid"
        wait_until(lambda: all(self.server.listens(port) for port in ports.values()), 10, "listeners of TLS")
        self.log = open(self.server.log_path, encoding="utf-8", errors="replace")
        case.callback(self.log.close)
        self.publishers = [case.publish(self.server, name, make_flv(40, name="small", size="320x180", kbps=300))
                           for name in ("x", "y")]
        self.server.wait_live("x", "y")
        self.viewers = [kind(case, self.server, name) for name in ("x", "y") for kind in VIEWERS]
        self.witness = FlvPlayer(case, self.server, "x")
        for viewer in (*self.viewers, self.witness):
            viewer.wait_media(10, 20)
        self.snapshots = 0

    def pair(self, scope, which):
        return {f"{scope}.cert": self.certs[which][0], f"{scope}.key": self.certs[which][1]}

    def text(self, changes):
        tree = {}
        values = {**self.base, **changes}
        spare = values.pop("spare", "on")
        for path, value in values.items():
            *blocks, name = path.split(".")
            node = tree
            for block in blocks:
                node = node.setdefault(block, {})
            node[name] = value
        return "\n".join(self.lines(tree, "")) + "\n" + SPARE % spare

    def lines(self, node, scope):
        for name, value in node.items():
            path = f"{scope}.{name}".lstrip(".")
            if isinstance(value, str):
                yield f"{name} {value}" + ("" if value.startswith("{") else ";")
                continue
            label = "" if path not in self.named else " __defaultVhost__" if path == "vhost" else " one"
            yield f"{name}{label} {{"
            yield from self.lines(value, path)
            yield "}"

    def reload(self, changes, result="reload: done"):
        """What the log says from here to the end of it, in lines."""
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(self.text(changes))
        self.log.seek(0, os.SEEK_END)
        self.server.process.send_signal(signal.SIGHUP)
        said = ""

        def over():
            nonlocal said
            said += self.log.read()
            return re.search(r"reload: (done|refused).*\n", said)
        end = wait_until(over, 10, "the end of a reload")
        check(result in end.group(0), f"{changes}: {end.group(0)}")
        if end.group(1) == "done":
            self.snapshots = max(self.snapshots, int(re.search(r"snapshots=(\d+)", end.group(0)).group(1)))
        self.check_all_there(changes)
        return said.splitlines()

    def check_all_there(self, when):
        for viewer in (*self.viewers, self.witness):
            viewer.check_well()
            check(viewer.thread.is_alive() and not viewer.ended, f"{type(viewer).__name__} was disconnected by {when}")
        check(all(p.running() for p in self.publishers), f"a publisher was disconnected by {when}")

    def fingerprint(self):
        """What only a start may change."""
        proc = f"/proc/{self.server.process.pid}"
        with open(f"{proc}/status", encoding="ascii") as file:
            who = [line for line in file if line.startswith(("Uid:", "Gid:", "Groups:", "PPid:", "NSsid:"))]
        with open(self.base["pid"], encoding="ascii") as file:
            pid = file.read()
        api = self.server.api_get("versions")
        return (os.readlink(f"{proc}/cwd"), os.readlink(f"{proc}/fd/1"), who, pid, sorted(self.server.listening_ports()),
                {name: api[name] for name in ("server", "service", "pid")})

    def descriptors(self):
        """What is open, without the numbers of sockets and pipes."""
        folder = f"/proc/{self.server.process.pid}/fd"
        return sorted(re.sub(r"\d+", "", os.readlink(f"{folder}/{fd}")) for fd in os.listdir(folder))

    def get(self, path):
        """Status and text of a file."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.server.http}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""

    def count(self, text):
        return self.server.output().count(text)


# ---- other values that the type does not tell, and what is seen of them -----------------------


def listens(*names):
    """These ports are closed by the change."""
    def seen(load, changed, _):
        for name in names:
            wait_until(lambda: load.server.listens(getattr(load.server, name)) != changed, 2, f"{name}, {changed}")
    return seen


def new_port(load, changed, value):
    port = int(value.split()[-1])
    wait_until(lambda: load.server.listens(port) == changed, 2, f"port {port}, {changed}")


def shows_certificate(name):
    def seen(load, changed, _):
        with socket.create_connection(("127.0.0.1", getattr(load.server, name)), timeout=5) as sock:
            with client_context(load.certs[changed][0]).wrap_socket(sock, server_hostname="localhost"):
                pass  # the other one is not believed
    return seen


def file_at(path, before, after):
    def seen(load, changed, _):
        got = load.get(path)
        check(got == (after if changed else before), f"{path}: {got}")
    return seen


def mounted_elsewhere(load, changed, _):
    for path, there in (("/mount/a.txt", not changed), ("/elsewhere/a.txt", changed)):
        check(load.get(path) == ((200, "first") if there else (404, "")), f"{path}: {load.get(path)}")


def proxied(load, address):
    """A connection through a proxy on this machine that names its client."""
    sock = socket.create_connection(("127.0.0.1", load.server.rtmp), timeout=5)
    sock.sendall(f"PROXY TCP4 {address} 10.0.0.1 4000 1935\r\n".encode())
    return Rtmp(sock=sock)


def proxy_is_believed(load, changed, _):
    lines = ("client of a proxy", "PROXY protocol from an address that is not believed")
    before = [load.count(line) for line in lines]
    proxied(load, "203.0.113.7").handshake().close()
    wait_until(lambda: load.count(lines[changed]) > before[changed], 3, f'"{lines[changed]}" in the log')
    check(load.count(lines[not changed]) == before[not changed], "whether the proxy was believed")


def one_of_an_address(load, changed, _):
    first, second = (proxied(load, "203.0.113.9") for _ in range(2))
    first.handshake()
    refused = False
    try:
        second.handshake()
    except (Failure, OSError):  # closed or reset
        refused = True
    check(refused == changed, f"a second connection of one address was {'' if refused else 'not '}refused")
    first.close()
    second.close()


def at_each_packet(load, changed, _):
    """A beat gives one read and what lies over it; each packet for itself gives tens a second."""
    began, seen = time.monotonic(), len(load.witness.arrivals)
    if changed:
        wait_until(lambda: len(load.witness.arrivals) > seen + 20, 2, "reads at each packet")
    else:
        wait_until(lambda: time.monotonic() > began + 2 * BEAT, 3, "two beats")
        check(len(load.witness.arrivals) < seen + 15, f"{len(load.witness.arrivals) - seen} reads in two beats")


def somebody(load):
    return Rtmp(load.server.rtmp).handshake().connect(load.server, pageUrl=f"http://{PAGE}/").create_stream()


def first_of(load, verb, name):
    """What a client is told that asks for it: the code of a status."""
    client = somebody(load)
    client.send(command(verb, 3, None, name, "live", msid=1, csid=4))
    try:
        while True:
            for kind, _, _, body in client.messages:
                found = kind == 20 and re.search(rb"NetStream\.\w+\.(Start|Failed|Rejected)", body)
                if found:
                    return found.group(0).decode()
            check(client.read(), f"closed before an answer to {verb}")
    finally:
        client.close()


def no_further(verb, refusal):
    """A new client is refused; those who are there stay, which is looked at after each reload."""
    def seen(load, changed, _):
        got = first_of(load, verb, "y" if verb == "play" else "third")
        start = f"NetStream.{verb.capitalize()}.Start"
        check(got == (refusal if changed else start), f"{verb}: {got}")
    return seen


# {path: other value, or {path: value} where several must go together}
def others(load):
    two = load.certs[1]
    values = {
        "max_connections": "300",  # auto has no next one, and it must fit under the descriptors
        "max_connections_per_ip": "1",
        "media_memory": str(1 << 31),
        "group": {"user": "nobody", "group": "nogroup"},
        "http_api.enabled": {"http_api.enabled": "off", "http_api.https.enabled": "off"},
        "http_server.enabled": {"http_server.enabled": "off", "http_server.https.enabled": "off"},
        "http_server.dir": load.dirs[1],
        "vhost.enabled": {"spare": "off"},  # of the one that is watched everybody has to go
        "vhost.http_remux.mount": "[vhost]/[app]/[stream].other.flv",
        "vhost.http_static.mount": "[vhost]/elsewhere",
        "vhost.http_static.dir": load.dirs[1],
        "vhost.play.mw_msgs": "1",
        "vhost.publish.kickoff_for_idle": "3600",
        "vhost.security.enabled": {"vhost.security.enabled": "on", "vhost.security.deny": "play 10.0.0.0/8"},
        "vhost.security.deny": {"vhost.security.enabled": "on", "vhost.security.deny": "publish 10.0.0.0/8"},
        "vhost.security.allow": {"vhost.security.enabled": "on", "vhost.security.allow": "play all; allow publish 127.0.0.1"},
        "vhost.limits.max_players": "8",  # less than there are
        "vhost.limits.in_bandwidth_per_stream": "100000",
    }
    for name in ("all", "publish", "play"):
        values[f"vhost.refer.{name}"] = {"vhost.refer.enabled": "on", f"vhost.refer.{name}": PAGE}
    for scope in ("rtmps", "http_api.https", "http_server.https"):
        values[f"{scope}.cert"] = values[f"{scope}.key"] = {f"{scope}.cert": two[0], f"{scope}.key": two[1]}
    return values


EFFECTS = {
    "vhost.limits.max_players": no_further("play", "NetStream.Play.Failed"),
    "vhost.limits.max_players_per_stream": no_further("play", "NetStream.Play.Failed"),
    "vhost.limits.max_publishers": no_further("publish", "NetStream.Publish.Rejected"),
    "max_connections_per_ip": one_of_an_address,
    "proxy_from": proxy_is_believed,
    "rtmps.enabled": listens("rtmps"),
    "http_api.enabled": listens("api", "https_api"),
    "http_api.https.enabled": listens("https_api"),
    "http_server.enabled": listens("http", "https"),
    "http_server.https.enabled": listens("https"),
    "http_server.dir": file_at("/a.txt", (200, "first"), (200, "second")),
    "vhost.http_static.enabled": file_at("/mount/a.txt", (200, "first"), (404, "")),
    "vhost.http_static.mount": mounted_elsewhere,
    "vhost.http_static.dir": file_at("/mount/a.txt", (200, "first"), (200, "second")),
    "vhost.play.mw_msgs": at_each_packet,
}
for tls_scope, tls_port in (("rtmps", "rtmps"), ("http_api.https", "https_api"), ("http_server.https", "https")):
    EFFECTS[f"{tls_scope}.listen"] = new_port
    EFFECTS[f"{tls_scope}.cert"] = EFFECTS[f"{tls_scope}.key"] = shows_certificate(tls_port)
EFFECTS["http_server.listen"] = new_port


# ---- each row --------------------------------------------------------------------------------


def next_client(load, row):
    """Somebody begins to publish, and somebody to play what is live, under what counts for the next."""
    somebody(load).publish(row.path).close()
    client = somebody(load)
    client.send(command("play", 4, None, "x", -2000, msid=1, csid=8))
    while not any(message[0] == VIDEO for message in client.messages):
        check(client.read(), "closed before a picture")
    client.close()


def in_container():
    """What in_docker says then is known anyway."""
    with open("/proc/1/cgroup", encoding="ascii") as file:
        return (os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv") or
                re.search("docker|kubepods|containerd|libpod", file.read()) is not None)


def check_told(row, said):
    """The reload names the directive where it should, and only there."""
    done = next(line for line in said if "reload: done" in line)
    names = [name.split("@")[0] for name in done.split("directives=")[1].split(",")]
    called = re.escape(row.called())
    wanted = {
        "later": rf"config: directive {called} at line \d+ of \S+ is not built yet",
        "old_warn": rf"config: directive {called} at line \d+ of \S+ is out of use",
        "old": None if row.type == "any" else rf"config: directive {called} at line \d+ of \S+ is out of use",
    }.get(row.state)
    if row.state in ("root", "vhost"):
        check((row.path in names) == (row.reload != "restart" and row.has_other()), f"{row.path} ({row.reload}): {done}")
        if row.reload == "restart":
            wanted = rf"reload: directive={re.escape(row.path)} changed, which takes effect at the next start"
    else:
        check(row.path not in names, f"{row.path} ({row.state}): {done}")
    warned = [line for line in said if re.search(rf" directive[ =]{called} ", line)]
    if wanted is None or not row.has_other() or row.path == "in_docker" and in_container():
        check(not warned, f"{row.path}: {warned}")
    else:
        check(len(warned) == 1 and " warn " in warned[0] and re.search(wanted, warned[0]), f"{row.path}: {said}")


def turn(load, row, value):
    changes = value if isinstance(value, dict) else {row.path: value}
    said = load.reload(changes)
    check_told(row, said)
    effect = EFFECTS.get(row.path)
    if effect:
        check(row.reload == "now", f"{row.path} takes effect {row.reload}")
        effect(load, True, value)
        load.reload({})
        effect(load, False, value)
    elif row.reload == "next" and row.state in ("root", "vhost"):
        next_client(load, row)


def included_file(load, case):
    path = case.path("more.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write("send_timeout 77;\n")
    said = load.reload({"include": path})
    check(any("reload: done" in line and "directives=" in line and "send_timeout" in line for line in said), f"{said}")


def full_is_refused(load, case):
    load.server.expect_error("refused, the configuration stays as it was.*is_full on")
    load.reload({"is_full": "on"}, result="refused, the configuration stays as it was")


# Rows of state "block" are looked at while a file is read: these have a say of their own.
WHILE_READING = {"include": included_file, "is_full": full_is_refused}


def every_directive(case):
    load = Load(case)
    values = others(load)
    for folder in reversed(load.dirs):  # each has a queue of its own from its first file on
        load.reload({"http_server.dir": folder})
        load.get("/a.txt")
    start = load.fingerprint()
    descriptors = load.descriptors()
    began = time.monotonic()
    tried = {"now": 0, "next": 0, "restart": 0}
    for row in load.rows:
        if row.type == "scope":
            continue
        tried[row.reload] += 1
        if row.state == "block":
            WHILE_READING[row.path](load, case)
        else:
            turn(load, row, values.pop(row.path, None) or row.other(load.base.get(row.path, row.default)))
        if row.reload == "restart":
            wait_until(lambda: load.fingerprint() == start, 2, f"{row.path}: {load.fingerprint()} is {start}")
    check(not values, f"not in the table: {values}")
    took = time.monotonic() - began
    load.reload({})
    gap = load.witness.largest_gap()
    check(gap < BEAT + GAP, f"the witness' largest gap is {gap:.3f} s")
    for viewer in (*load.viewers, load.witness):
        seen = len(viewer.media())
        viewer.wait_media(5, seen + 20, f"media at the end, {type(viewer).__name__}")
        viewer.check_order()
    check(load.snapshots <= 3, f"{load.snapshots} snapshots at a time")
    wait_until(lambda: load.descriptors() == descriptors, 5, f"{descriptors} to be {load.descriptors()}")
    check(all(tried.values()), f"{tried}")
    case.told = f"{tried} directives in {took:.1f} s, largest gap {gap:.3f} s"
    leave_in_order(load)


def leave_in_order(load):
    """How the server ends is read when it ends."""
    load.reload({"force_grace_quit": "on", "grace_start_wait": "10", "grace_final_wait": "10"})
    for publisher in load.publishers:
        publisher.end()
    for viewer in (*load.viewers, load.witness):
        viewer.close()
    took = load.server.stop()
    check("graceful quit signal=TERM" in load.server.output(), "SIGTERM was not an orderly end")
    check(took < 2, f"the end took {took:.1f} s, the usual waits are 5.5 s")


if __name__ == "__main__":
    main({"every_directive": every_directive})
