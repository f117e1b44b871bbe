#!/usr/bin/env python3
"""A configuration that is read again while the server runs: what takes effect at once, what a bad file changes (nothing),
and what hundreds of reloads do to those who watch."""
import datetime
import os
import selectors
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import check, free_port, main, make_flv, wait_until
from wire import FlvPlayer, Rtmp, RtmpPlayer, amf0_first, command

BEAT = 0.35


def media():
    return make_flv(40, name="small", size="320x180", kbps=300)


def config_path(server):
    return server.command[server.command.index("-c") + 1]


def write(server, text):
    with open(config_path(server), "w", encoding="utf-8") as file:
        file.write(text)


def reload(server, text=None, result="reload: done"):
    """The line that tells what came of it."""
    if text is not None:
        write(server, text)
    before = server.output().count(result)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.output().count(result) > before, 10, f'"{result}" in the log')
    return [line for line in server.output().splitlines() if result in line][-1]


def get(url):
    request = urllib.request.Request(url, headers={"Origin": "http://example.com"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.status, dict(answer.headers), answer.read()


def text_of(server, vhost="", top="", rest=""):
    return server.text("", vhost, top) + rest


# ---- each directive that takes effect at once --------------------------------------------------


def listeners_move(case):
    server = case.server()
    case.publish(server, "x", media())
    server.wait_live("x")
    watcher = FlvPlayer(case, server, "x")
    watcher.wait_media(5, 20)
    old_rtmp, old_api, more = server.rtmp, server.api, free_port()
    server.rtmp, server.api = free_port(), free_port()
    text = text_of(server).replace(f"listen {server.rtmp}", f"listen {server.rtmp} 127.0.0.1:{more}")
    line = reload(server, text)
    check("rtmp.listen" in line and "http_api.listen" in line, f"what changed: {line}")
    ports = server.listening_ports()
    check(all(port in ports for port in (server.rtmp, server.api, more)), f"new ports in {ports}")
    check(old_rtmp not in ports and old_api not in ports, f"old ports in {ports}")
    for port in (server.rtmp, more):
        Rtmp(port).handshake().close()
    check("x" in server.streams(), "the API at its new port")
    # The same port at another address: the one must go before the other can come.
    reload(server, text.replace(f"listen {server.rtmp} ", f"listen 127.0.0.1:{server.rtmp} "))
    Rtmp(server.rtmp).handshake().close()
    # Two addresses of a port become all of its addresses.
    reload(server, text.replace(f"listen {server.rtmp} ", f"listen 127.0.0.1:{server.rtmp} 127.0.0.2:{server.rtmp} "))
    reload(server, text)
    Rtmp(server.rtmp).handshake().close()
    # The API moves to the port of the HTTP server and off again.
    apart = server.api
    server.api = server.http
    reload(server, text_of(server))
    check("x" in server.streams(), "the API at the shared port")
    check(apart not in server.listening_ports(), "the API's own port is closed")
    reload(server, text_of(server).replace("http_api { enabled on", "http_api { enabled off"))
    status = 0
    try:
        status = get(f"http://127.0.0.1:{server.http}/api/v1/streams/")[0]
    except urllib.error.HTTPError as error:
        status = error.code
    check(status == 404, f"the API is off, its path answers {status}")
    watcher.wait_media(5, len(watcher.media()) + 30, "the watcher plays on")
    watcher.check_order()
    check(watcher.largest_gap() < BEAT + 0.3, f"largest gap {watcher.largest_gap():.3f} s")


def max_connections(case):
    server = case.server()
    case.publish(server, "x", media())
    server.wait_live("x")
    reload(server, text_of(server, top="max_connections 2;\n"))
    watcher = FlvPlayer(case, server, "x")
    watcher.wait_media(5, 20)
    refused = socket.create_connection(("127.0.0.1", server.rtmp), timeout=5)
    check(refused.recv(10) == b"", "the third connection is refused")


def log_level(case):
    server = case.server()
    reload(server, text_of(server, top="srs_log_level_v2 debug;\n"))
    Rtmp(server.rtmp).handshake().connect(server).close()
    wait_until(lambda: server.log_lines("debug"), 5, "debug lines")
    reload(server, text_of(server, top="srs_log_level info;\n"))  # the old words: info is much
    reload(server, text_of(server, top="srs_log_level trace;\n"))
    seen = len(server.log_lines("debug"))
    Rtmp(server.rtmp).handshake().connect(server).close()
    reload(server)
    check(len(server.log_lines("debug")) == seen, "no more debug lines")


def log_times(case):
    """Of the zone that the environment names, and of UTC where that is wished for."""
    server = case.server(environment={"TZ": "HERE-5"})
    server.wait_for_listeners()

    def hours_ahead():
        stamp = datetime.datetime.fromisoformat(server.log_lines("info")[-1][:19])
        return round((stamp - datetime.datetime.utcnow()).total_seconds() / 3600)

    check(hours_ahead() == 5, f"local time is {hours_ahead()} hours ahead")
    reload(server, text_of(server, top="utc_time on;\n"))
    check(hours_ahead() == 0, f"UTC is {hours_ahead()} hours ahead")
    reload(server, text_of(server))
    check(hours_ahead() == 5, f"local time again is {hours_ahead()} hours ahead")
    server = case.server(top="utc_time on;\n", environment={"TZ": "HERE-5"})
    server.wait_for_listeners()
    check(hours_ahead() == 0, f"from the start it is {hours_ahead()} hours ahead")


def crossdomain(case):
    server = case.server()
    for name, url in (("http_api", f"http://127.0.0.1:{server.api}/api/v1/versions"),
                      ("http_server", f"http://127.0.0.1:{server.http}/api/v1/versions")):
        check("Access-Control-Allow-Origin" in get(url)[1], f"{name}: CORS by default")
        text = text_of(server).replace(f"{name} {{ ", f"{name} {{ crossdomain off; ")
        line = reload(server, text)
        check(f"{name}.crossdomain" in line, line)
        check("Access-Control-Allow-Origin" not in get(url)[1], f"{name}: no CORS after the reload")
        reload(server, text_of(server))
        check("Access-Control-Allow-Origin" in get(url)[1], f"{name}: CORS again")


def first_burst(case, server):
    """Pictures that a joiner gets within its first tenth of a second of media."""
    one = RtmpPlayer(case, server, "x")
    one.wait_media(10, 5)
    start = one.media()[0].at
    time.sleep(0.1)  # not a wait for something: the window that is looked at
    count = len([t for t in one.pictures() if t.at < start + 0.1])
    one.close()
    return count


def media_memory(case):
    """A gop of five megabytes is kept for joiners until one megabyte is all that streams may hold."""
    vhost = "play { gop_cache_max_frames 0; }"
    server = case.server(vhost=vhost)
    case.publish(server, "x", make_flv(30, name="fat", size="960x540", kbps=2000, gop=20))
    server.wait_live("x")
    wait_until(lambda: first_burst(case, server) > 200, 20, "a joiner gets a long gop")
    line = reload(server, text_of(server, vhost=vhost, top="media_memory 1048576;\n"))
    check("media_memory" in line, line)
    wait_until(lambda: first_burst(case, server) < 120, 5, "a gop above the new limit is dropped")


def gop_cache_and_beat(case):
    server = case.server()
    case.publish(server, "x", make_flv(40, name="gop4", gop=4.0, size="320x180", kbps=300))
    server.wait_live("x")
    wait_until(lambda: first_burst(case, server) > 30, 15, "a joiner gets a long gop at once")
    line = reload(server, text_of(server, vhost="play { gop_cache off; }"))
    check("vhost.play.gop_cache@__defaultVhost__" in line, line)
    burst = first_burst(case, server)
    check(burst < 30, f"without the cache a joiner gets what comes, not {burst} pictures")
    reload(server, text_of(server, vhost="play { gop_cache_max_frames 10; }"))
    check(first_burst(case, server) < 30, "nor with a cache of ten frames")
    reload(server, text_of(server))
    watcher = FlvPlayer(case, server, "x")
    watcher.wait_media(10, 50)
    for milliseconds in (1000, 100):
        reload(server, text_of(server, vhost=f"play {{ mw_latency {milliseconds}; }}"))
        if milliseconds == 1000:
            wait_until(lambda: watcher.largest_gap(time.monotonic() - 4) > 0.8, 10, "a beat of one second")
        else:
            wait_until(lambda: watcher.largest_gap(time.monotonic() - 2) < 0.4, 10, "a beat of a tenth of a second")
    watcher.check_order()


def vhosts(case):
    other = "vhost other.example { http_remux { enabled on; } }\n"
    server = case.server()
    case.publish(server, "x", media())
    server.wait_live("x")
    reload(server, text_of(server, rest=other))
    check("vhost added name=other.example" in server.output(), "the new vhost is told")
    publisher = case.publish(server, "y", media(), query="?vhost=other.example")
    server.wait_live("y")
    witness = FlvPlayer(case, server, "x")
    witness.wait_media(5, 10)
    reload(server, text_of(server, rest=other.replace("{ http", "{ enabled off; http")))
    check(publisher.wait(10) is not None, "the publisher of a vhost that is off has to go")
    wait_until(lambda: "VhostGone" in server.output(), 5, "the reason in the log")
    wait_until(lambda: "y" not in server.streams(), 5, "its stream is gone")
    refused = Rtmp(server.rtmp).handshake()
    refused.send(command("connect", 1, {"app": "live", "tcUrl": "rtmp://other.example/live"}))
    while not [m for m in refused.messages if m[0] == 20 and amf0_first(m[3]) == "_error"]:
        check(refused.read(), "closed before an _error")
    reload(server, text_of(server, rest=other))
    case.publish(server, "y", media(), query="?vhost=other.example")
    server.wait_live("y")
    player = RtmpPlayer(case, server, "y?vhost=other.example")
    player.wait_media(5, 10)
    reload(server, text_of(server))
    player.wait_end(5, "its players end with a vhost that is removed")
    witness.wait_media(5, len(witness.media()) + 20, "the witness plays on")
    witness.check_order()


# ---- what is refused -------------------------------------------------------------------------


def bad_files(case):
    server = case.server()
    case.publish(server, "x", media())
    server.wait_live("x")
    watcher = FlvPlayer(case, server, "x")
    watcher.wait_media(5, 20)
    ports = sorted(server.listening_ports())
    taken = socket.create_server(("127.0.0.1", 0))
    server.expect_error("refused, the configuration stays as it was")
    port = taken.getsockname()[1]
    good = text_of(server, top="max_connections 1;\n")
    for text, why in [(good + "nonsense on;\n", "unknown directive"), (good + "vhost a {", "not closed"),
                      (good.replace("max_connections 1", "max_connections x"), "max_connections"),
                      (good.replace(f"listen {server.rtmp}", f"listen {server.rtmp} 127.0.0.1:{port}"), "rtmp listener"),
                      (os.urandom(4000).decode("latin-1"), "")]:
        line = reload(server, text, result="refused, the configuration stays as it was")
        check(why in line, f"{why} in {line}")
        check(sorted(server.listening_ports()) == ports, "the ports are as before")
    # One port could move to another address, but another one cannot be opened: both stay.
    moved = text_of(server).replace(f"listen {server.rtmp}", f"listen 127.0.0.1:{server.rtmp}").replace(
        f"listen {server.api}", f"listen {port}")
    reload(server, moved, result="refused, the configuration stays as it was")
    check(sorted(server.listening_ports()) == ports, "the ports are as before")
    Rtmp(server.rtmp).handshake().close()
    os.unlink(config_path(server))
    line = reload(server, result="refused, the configuration stays as it was")
    check("open file" in line, line)
    another = FlvPlayer(case, server, "x")
    another.wait_media(5, 20, "max_connections is as it was")
    watcher.wait_media(5, len(watcher.media()) + 20)
    check(watcher.largest_gap() < BEAT + 0.2, f"largest gap {watcher.largest_gap():.3f} s")
    write(server, text_of(server, top="srs_log_file ./other.log;\n"))
    reload(server, result="takes effect at the next start")


# ---- a file that hangs -------------------------------------------------------------------------


def threads(server):
    return len(os.listdir(f"/proc/{server.process.pid}/task"))


def hang(server):
    """A reload whose reading stays in open()."""
    before = threads(server)
    os.unlink(config_path(server))
    os.mkfifo(config_path(server))
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: threads(server) == before + 1, 5, "a thread that reads")


def hung_file(case):
    """One thread hangs and not one a reload, each reload says why it is none, and what hangs comes back."""
    refused = "reload: refused, the configuration stays as it was"
    server = case.server()
    case.publish(server, "x", media())
    server.wait_live("x")
    watcher = FlvPlayer(case, server, "x")
    watcher.wait_media(5, 20)
    usual = threads(server)
    server.expect_error(refused)
    hang(server)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "reload: one is under way, another one follows it" in server.output(), 5, "the second is told to wait")
    wait_until(lambda: server.output().count(refused) == 2, 14, "the end of both")
    first, second = [line for line in server.output().splitlines() if refused in line]
    check("(SocketTimeout)" in first, first)
    for line in [second] + [reload(server, result=refused) for _ in range(5)]:
        check("(TaskQueueFull)" in line and "a reading has hung for 1" in line, line)
    check(threads(server) == usual + 1, f"{threads(server)} threads, {usual} before")
    text = text_of(server)
    with open(config_path(server), "w", encoding="utf-8") as fifo:
        fifo.write(text)
    wait_until(lambda: "a reading that was given up has ended" in server.output(), 5, "the return of what hung")
    check("reload: done" not in server.output(), "what came back too late was taken")
    os.unlink(config_path(server))
    reload(server, text)
    check(threads(server) == usual, f"{threads(server)} threads, {usual} before")
    check(watcher.largest_gap() < BEAT + 0.2, f"largest gap {watcher.largest_gap():.3f} s")
    watcher.close()
    hang(server)
    took = server.stop()
    check(took < 1, f"the end took {took:.1f} s")


def hung_file_and_a_graceful_end(case):
    server = case.server(top="grace_start_wait 10;\ngrace_final_wait 10;\n")
    hang(server)
    server.stopped = True
    server.process.send_signal(signal.SIGQUIT)
    check(server.wait(1) == 0, "its status")
    check("graceful quit" in server.output(), "the end in order")


# ---- many -----------------------------------------------------------------------------------


class Crowd:
    """Players that only read: one thread for all of them. Keeps each one's largest gap and who was closed."""

    def __init__(self, case, server, count):
        self.selector = selectors.DefaultSelector()
        self.last = {}
        self.largest = 0.0
        self.closed = 0
        self.stopping = False
        for _ in range(count):
            sock = socket.create_connection(("127.0.0.1", server.http), timeout=5)
            sock.sendall(b"GET /live/x.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            sock.setblocking(False)
            self.selector.register(sock, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        case.callback(self.stop)

    def run(self):
        while not self.stopping:
            for key, _ in self.selector.select(0.1):
                data = key.fileobj.recv(1 << 20)
                now = time.monotonic()
                if not data:
                    self.closed += 1
                    self.selector.unregister(key.fileobj)
                    continue
                if key.fd in self.last:
                    self.largest = max(self.largest, now - self.last[key.fd])
                self.last[key.fd] = now

    def stop(self):
        self.stopping = True
        self.thread.join(5)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def storm(case):
    """A hundred reloads in ten seconds, each with another configuration, while a hundred watch."""
    server = case.server()
    case.publish(server, "x", media())
    server.wait_live("x")
    crowd = Crowd(case, server, 100)
    wait_until(lambda: len(crowd.last) == 100, 10, "all play")
    reload(server)
    before = descriptors(server)
    crowd.largest = 0.0
    more = free_port()
    with open(server.command[server.command.index("-c") + 1], encoding="utf-8") as file:
        plain = file.read()
    pid = plain[plain.rindex("\npid "):]  # nothing waits for a start, which would keep a third snapshot
    other = text_of(server, top="max_connections 500;\nsend_timeout 20;\n", vhost="play { mw_latency 340; }",
                    rest="vhost extra { }\n" + pid).replace(f"listen {server.rtmp}", f"listen {server.rtmp} {more}")
    started = time.monotonic()
    for i in range(100):
        reload(server, other if i % 2 == 0 else plain)
        rest = started + (i + 1) * 0.1 - time.monotonic()
        if rest > 0:
            time.sleep(rest)  # the rate is what is tested
    took = time.monotonic() - started
    lines = [line for line in server.output().splitlines() if "reload: done" in line]
    snapshots = max(int(line.split("snapshots=")[1].split()[0]) for line in lines)
    check(took < 15, f"a hundred reloads took {took:.1f} s")
    check(crowd.closed == 0, f"{crowd.closed} players were disconnected")
    check(crowd.largest < BEAT + 0.2, f"largest gap {crowd.largest:.3f} s")
    check(snapshots <= 2, f"{snapshots} snapshots at a time")
    wait_until(lambda: descriptors(server) == before, 5, f"{before} descriptors as before")


CASES = {"listeners_move": listeners_move, "max_connections": max_connections, "log_level": log_level, "log_times": log_times,
         "crossdomain": crossdomain, "media_memory": media_memory, "gop_cache_and_beat": gop_cache_and_beat,
         "vhosts": vhosts, "bad_files": bad_files, "hung_file": hung_file,
         "hung_file_and_a_graceful_end": hung_file_and_a_graceful_end, "storm": storm}

if __name__ == "__main__":
    main(CASES, parallel=2)
