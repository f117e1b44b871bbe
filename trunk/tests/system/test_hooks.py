#!/usr/bin/env python3
"""Callbacks: the demo back-end lets clients in and refuses them, over all protocols, with every field of each callback
looked at; their ends are told once, however they come; over HTTPS; and back-ends that hang, lie, are slow or are killed,
which nobody notices who has nothing to do with them."""
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import backend
from backend import Backend, Listener, SilentResolver, check_order, hooks_text
from harness import check, free_port, main, make_flv, wait_until
from tls import TlsFlvPlayer, TlsRtmpPlayer, make_certificate, tls_connect, tls_server
from wire import FlvPlayer, Rtmp, RtmpPlayer, RtmpPublisher, command

BEAT = 0.35
TIMEOUT = 2.0
IDS = ["server_id", "service_id", "action", "client_id", "ip", "vhost", "app"]
STREAM = ["stream_url", "stream_id"]


def media():
    return make_flv(20, name="small", size="320x180", kbps=300)


def config_path(server):
    return server.command[server.command.index("-c") + 1]


def reload(server, vhost="", top="", rest=""):
    with open(config_path(server), "w", encoding="utf-8") as file:
        file.write(server.text("", vhost, top) + rest)
    before = server.output().count("reload: done")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.output().count("reload: done") > before, 10, "the reload")


def last_warning(server):
    return "".join(server.log_lines("warn")[-1:])


def live(server, name):
    """live_count of the server's log: types that are not zero."""
    before = server.output().count("live: ")
    server.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: server.output().count("live: ") > before, 5, "live objects in the log")
    line = [line for line in server.output().splitlines() if "live: " in line][-1]
    return int(re.search(rf"\b{name}=(\d+)", line).group(1))


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def ask(server, what, name, *, app="live", sock=None, wait=10.0, fields=None):
    """(code of the answer, seconds) of a publish or play; code "" when the connection ended without one."""
    began = time.monotonic()
    client = Rtmp(server.rtmp if sock is None else None, sock=sock, seconds=wait)
    try:
        client.handshake()
        tc_url = f"rtmp://127.0.0.1:{server.rtmp}/{app}"
        client.send(command("connect", 1, {"app": app, "tcUrl": tc_url, **(fields or {})}))
        code = answer(client, b"NetConnection.Connect.")
        if code.endswith("Success"):
            client.create_stream()
            words = (name, "live") if what == "publish" else (name,)
            client.send(command(what, 3, None, *words, msid=1, csid=4))
            code = answer(client, b"NetStream.Publish." if what == "publish" else b"NetStream.Play.")
    finally:
        client.close()
    return code, time.monotonic() - began


def answer(client, prefix):
    """The whole code that begins so, of the first command that has one."""
    while True:
        for message in client.messages:
            at = message[3].find(prefix) if message[0] == 20 else -1
            if at >= 0:
                return re.match(rb"[A-Za-z.]+", message[3][at:]).group().decode()
        try:
            more = client.read()
        except TimeoutError:
            return "silence"
        if not more:
            return ""


def get_status(url, headers=()):
    request = urllib.request.Request(url, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=10) as got:
            return got.status
    except urllib.error.HTTPError as error:
        return error.code


# ---- what is said ------------------------------------------------------------------------------


def check_head(case_server, told):
    """What all callbacks have in common; the body."""
    headers, body = told["headers"], told["body"]
    facts = case_server.api_get("versions")
    check(headers["User-Agent"] == f"SRS/{facts['data']['version']}(First)", f"User-Agent {headers['User-Agent']}")
    check(headers["Content-Type"] == "application/json", f"Content-Type {headers['Content-Type']}")
    check(headers["Connection"] == "Keep-Alive", f"Connection {headers['Connection']}")
    check("Accept" not in headers and "Expect" not in headers, f"headers: {headers}")
    check(body["server_id"] == facts["server"] and body["service_id"] == facts["service"], f"server: {body}")
    check(body["ip"] == "127.0.0.1" and body["vhost"] == "__defaultVhost__" and body["app"] == "live", f"who: {body}")
    return body


def told(back, action, server):
    back.wait(action)
    return check_head(server, [t for t in back.log() if t["body"]["action"] == action][-1])


def check_keys(body, further):
    check_order(list(body), IDS + further, body["action"])


def fields_of_rtmp(case):
    back = Backend(case)
    server = case.server(vhost=hooks_text(back.url + "?key=1"))
    publisher = case.publish(server, "x", media(), query="?token=secret&a=b")
    server.wait_live("x")
    tc_url = f"rtmp://127.0.0.1:{server.rtmp}/live"
    body = told(back, "on_connect", server)
    check_keys(body, ["stream", "param", "tcUrl", "pageUrl"])
    check(body["tcUrl"] == tc_url and body["stream"] == "" and body["param"] == "", f"on_connect: {body}")
    check(back.log()[0]["path"] == "/hooks?key=1", "the query of the URL is kept")
    connected = body["client_id"]

    body = told(back, "on_publish", server)
    stream = server.streams()["x"]
    check_keys(body, ["tcUrl", "stream", "param"] + STREAM)
    check(body["client_id"] == connected == stream["publish"]["cid"], f"client of on_publish: {body}")
    check([body[k] for k in ("tcUrl", "stream", "param", "stream_url", "stream_id")] ==
          [tc_url, "x", "?token=secret&a=b", "/live/x", stream["id"]], f"on_publish: {body}")

    player = RtmpPlayer(case, server, "x?token=secret", fields={"pageUrl": "http://page.example/p"})
    player.wait_media(10, 10)
    body = told(back, "on_play", server)
    check_keys(body, ["stream", "tcUrl", "param", "pageUrl"] + STREAM + ["clients"])
    clients = {c["id"]: c for c in server.api_get("clients/?count=10")["clients"]}
    check(clients[body["client_id"]]["type"] == "rtmp-play", f"client of on_play: {body}")
    check([body[k] for k in ("stream", "tcUrl", "param", "pageUrl", "stream_url", "stream_id", "clients")] ==
          ["x", tc_url, "?token=secret", "http://page.example/p", "/live/x", stream["id"], 2], f"on_play: {body}")
    playing = body["client_id"]

    player.close()
    body = told(back, "on_stop", server)
    check_keys(body, ["tcUrl", "stream", "param"] + STREAM + ["clients"])
    check([body[k] for k in ("client_id", "tcUrl", "stream", "param", "stream_url", "stream_id", "clients")] ==
          [playing, tc_url, "x", "?token=secret", "/live/x", stream["id"], 1], f"on_stop: {body}")
    body = told(back, "on_close", server)
    check_keys(body, ["send_bytes", "recv_bytes"])
    got = sum(size for _, size in player.arrivals)
    check(body["client_id"] == playing and body["send_bytes"] >= got > 3000 and 3000 < body["recv_bytes"] < 10000,
          f"on_close after {got} bytes: {body}")

    publisher.end()
    body = told(back, "on_unpublish", server)
    check_keys(body, ["tcUrl", "stream", "param"] + STREAM)
    check(body["client_id"] == connected and body["stream_id"] == stream["id"], f"on_unpublish: {body}")
    back.wait("on_close", 2)
    check_order(back.actions(connected), ["on_connect", "on_publish", "on_unpublish", "on_close"], "the publisher's")
    check_order(back.actions(playing), ["on_connect", "on_play", "on_stop", "on_close"], "the player's")


def fields_of_flv(case):
    back = Backend(case)
    server = case.server(vhost=hooks_text(back.url))
    case.publish(server, "x", media())
    server.wait_live("x")
    with subprocess.Popen(["curl", "-s", "-o", "/dev/null", "-H", "Referer: http://page.example/p", "-H",
                           "X-Forwarded-For: 127.0.0.1", server.flv_url("x") + "?token=a%20b&c=d"]) as player:
        body = told(back, "on_play", server)
        player.terminate()
    check_keys(body, ["stream", "tcUrl", "param", "pageUrl"] + STREAM + ["clients"])
    check([body[k] for k in ("stream", "tcUrl", "param", "pageUrl", "stream_url", "clients")] ==
          ["x", "rtmp://__defaultVhost__/live", "?token=a%20b&c=d", "http://page.example/p", "/live/x", 2],
          f"on_play: {body}")
    end = told(back, "on_stop", server)
    check_keys(end, ["tcUrl", "stream", "param"] + STREAM + ["clients"])
    check(end["client_id"] == body["client_id"] and end["stream_id"] == body["stream_id"] and end["clients"] == 1,
          f"on_stop: {end}")
    check_order(back.actions(body["client_id"]), ["on_play", "on_stop"], "a player of HTTP has these")
    websocket = subprocess.run(
        ["curl", "-s", "-m", "2", "-o", case.path("ws"), "-H", "Connection: Upgrade", "-H", "Upgrade: websocket",
         "-H", "Sec-WebSocket-Version: 13", "-H", "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==", server.flv_url("x")],
        check=False)
    check(websocket.returncode == 28, f"the WebSocket played on, curl says {websocket.returncode}")
    back.wait("on_stop", 2)
    check_order(back.actions()[-2:], ["on_play", "on_stop"], "the WebSocket's")
    check(back.bodies()[-1]["param"] == "" and back.bodies()[-2]["pageUrl"] == "", f"of the WebSocket: {back.bodies()[-2:]}")


# ---- who is let in -----------------------------------------------------------------------------


def token_decides(case):
    back = Backend(case, "--token", "secret")
    server = tls_server(case, vhost=hooks_text(back.url))
    case.publish(server, "x", media(), query="?token=secret")
    server.wait_live("x")
    rows = [("publish", "y?token=no", "NetStream.Publish.Rejected"), ("publish", "y", "NetStream.Publish.Rejected"),
            ("play", "x?token=no", "NetStream.Play.Failed"), ("play", "x?token=secret", "NetStream.Play.Reset"),
            ("publish", "z?token=secret", "NetStream.Publish.Start")]
    for what, name, want in rows:
        for over in ("rtmp", "rtmps"):
            sock = tls_connect(server.rtmps) if over == "rtmps" else None
            code, _ = ask(server, what, name + ("&over=" if "?" in name else "?over=") + over, sock=sock)
            check(code == want, f"{what} of {name} over {over} got {code}, want {want}")
    code, _ = ask(server, "play", "x?token=secret", app="live?token=no")
    check(code == "NetConnection.Connect.Rejected", f"connect with a wrong token got {code}")
    check(get_status(server.flv_url("x") + "?token=no") == 403, "HTTP-FLV with a wrong token is 403")
    websocket = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                 "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw=="}
    check(get_status(server.flv_url("x") + "?token=no", websocket) == 403, "WebSocket-FLV with a wrong token is 403")
    player = FlvPlayer(case, server, "x", query="?token=secret")
    player.wait_media(10, 20)
    player.close()
    player.check_well()
    check("y" not in server.streams(), "what was refused is no stream")
    lines = [line for line in server.log_lines("warn") if "3064" in line]
    check(len(lines) >= 7, f"refusals in the log: {len(lines)}")
    check(all(re.search(rf"on_(connect|publish|play) http://127\.0\.0\.1:{back.port}/hooks", line) for line in lines),
          f"a refusal names callback and URL: {lines[0]}")
    check(not any("secret" in line for line in server.log_lines()), "no token in the log")


def several_urls(case):
    """In order; the first that refuses ends it."""
    first, second = Backend(case), Backend(case, "--token", "secret")
    third = Backend(case)
    urls = f"on_publish {first.url} {second.url} {third.url};"
    server = case.server(vhost=f"http_hooks {{ enabled on; {urls} on_unpublish {first.url} {third.url}; }}")
    code, _ = ask(server, "publish", "x")
    check(code == "NetStream.Publish.Rejected", f"refused by the second: {code}")
    check_order([b.actions() for b in (first, second, third)], [["on_publish"], ["on_publish"], []], "who was asked")
    code, _ = ask(server, "publish", "x?token=secret")
    check(code == "NetStream.Publish.Start", f"let in by all: {code}")
    for back in (first, third):
        back.wait("on_unpublish")
    check_order([b.actions() for b in (first, second, third)],
                [["on_publish"] * 2 + ["on_unpublish"], ["on_publish"] * 2, ["on_publish", "on_unpublish"]], "who heard")


def answers_of_all_kinds(case):
    """Each rule of what is success, over the wire; the log has SRS's code."""
    rows = [(b"0", "200 OK", ""), (b"0", "201 Created", ""), (b'{"code":0,"data":1}', "200 OK", ""),
            (b"0\n", "200 OK", "3008"), (b"", "200 OK", "3008"), (b"nonsense", "200 OK", "3008"), (b"1", "200 OK", "3008"),
            (b"{}", "200 OK", "3064"), (b'{"code":7}', "200 OK", "3064"), (b"0", "403 Forbidden", "4005"),
            (b"0", "302 Found\r\nLocation: /", "4005"), (b"0", "204 No Content", "4005")]
    saying = {}

    def behave(_, connection):
        while backend.read_request(connection):
            backend.say(connection, saying["text"] if "204" not in saying["status"] else b"", saying["status"])

    listener = Listener(case, behave)
    server = case.server(vhost=f"http_hooks {{ enabled on; on_publish {listener.url}; }}")
    for text, status, code in rows:
        saying.update(text=text, status=status)
        got, _ = ask(server, "publish", "x")
        want = "NetStream.Publish.Rejected" if code else "NetStream.Publish.Start"
        check(got == want, f"{status} {text}: {got}, want {want}")
        if code:
            wait_until(lambda: f"code={code}(" in last_warning(server), 5, f"code {code} after {status} {text}")
        wait_until(lambda: not server.is_active("x"), 5, "its end")


def counted_in_metrics(case):
    """A callback that is let in, one that is refused, one without an answer, and a message that nobody takes."""
    back = Backend(case, "--token", "secret")
    dead = f"http://127.0.0.1:{free_port()}/hooks"
    vhost = (f"http_hooks {{ enabled on; on_publish {back.url}; on_play {dead}; on_unpublish {back.url}; "
             f"on_close {dead}; }}")
    server = case.server(top=f"exporter {{ enabled on; listen 127.0.0.1:{free_port()}; }}\n", vhost=vhost)

    def value(name, **labels):
        with urllib.request.urlopen(f"http://127.0.0.1:{server.api}/metrics", timeout=10) as answered:
            text = answered.read().decode()
        shown = ",".join(f'{key}="{label}"' for key, label in labels.items())
        found = re.search(rf"^{name}{{{re.escape(shown)}}} (\S+)$", text, re.M)
        return float(found.group(1)) if found else None

    ask(server, "publish", "x?token=secret")
    ask(server, "publish", "x?token=no")
    ask(server, "play", "x")
    back.wait("on_unpublish")
    rows = [("on_publish", "allowed", 1), ("on_publish", "refused", 1), ("on_play", "failed", 1), ("on_play", "dropped", 0)]
    for callback, outcome, want in rows:
        got = value("srs_callbacks_total", callback=callback, outcome=outcome)
        check(got == want, f"{callback} {outcome}: {got}, want {want}")
    wait_until(lambda: value("srs_callbacks_total", callback="on_unpublish", outcome="allowed") == 1, 5, "the end")
    check(value("srs_callback_seconds_count", callback="on_publish") == 2, "calls that took their time")
    check(value("srs_callbacks_under_way", callback="on_publish") == 0, "none is under way")
    wait_until(lambda: value("srs_callbacks_waiting", callback="on_close") == 3, 5, "what nobody takes waits")
    check(value("srs_callbacks_waiting", callback="on_unpublish") == 0, "what was taken waits no more")


# ---- ends --------------------------------------------------------------------------------------


def end_is_told_once(case):
    """closeStream and publish again on one connection, a kick, a vhost that goes, and the end of the server."""
    back = Backend(case)
    text = hooks_text(back.url)
    rest = f"vhost gone.example {{ {text} }}\n"
    server = case.server("daemon off; srs_log_tank console; max_connections 1000;\nrtmp { listen @RTMP@; }\n"
                         "http_api { enabled on; listen @API@; }\nhttp_server { enabled on; listen @HTTP@; }\n"
                         f"vhost __defaultVhost__ {{ {text} http_remux {{ enabled on; }} }}\n" + rest, asan=True)
    again = Rtmp(server.rtmp).handshake().connect(server).create_stream().publish("again")
    for i in range(2):
        again.send(command("closeStream", 0, None, msid=1))
        again.send(command("publish", 5, None, f"again{i}", "live", msid=1, csid=4))
        again.wait_command("onStatus", b"NetStream.Publish.Start", count=i + 2)
    again.close()
    back.wait("on_close")
    check_order(back.actions(), ["on_connect"] + ["on_publish", "on_unpublish"] * 3 + ["on_close"], "republish")
    check_order([b["stream"] for b in back.bodies("on_unpublish")], ["again", "again0", "again1"], "streams that ended")

    publisher = RtmpPublisher(case, server, "kicked", media())
    player = FlvPlayer(case, server, "kicked")
    player.wait_media(10, 5)
    for client in server.api_get("clients/?count=10")["clients"]:
        request = urllib.request.Request(f"http://127.0.0.1:{server.api}/api/v1/clients/{client['id']}", method="DELETE")
        urllib.request.urlopen(request, timeout=5).close()
    back.wait("on_stop")
    back.wait("on_unpublish", 4)
    back.wait("on_close", 2)
    publisher.close()

    for name in ("a", "b"):
        Rtmp(server.rtmp).handshake().connect(server, "live?vhost=gone.example").create_stream().publish(name)
    back.wait("on_publish", 6)
    reload(server, vhost=text, top="max_connections 1000;\n")
    back.wait("on_unpublish", 6)
    back.wait("on_close", 4)
    check(all(b["vhost"] == "gone.example" for b in back.bodies("on_unpublish")[-2:]), "ends of a vhost that is gone")

    publishers = [Rtmp(server.rtmp).handshake().connect(server).create_stream().publish(f"p{i}") for i in range(20)]
    server.stop()
    counts = {action: back.actions().count(action) for action in backend.HOOKS}
    check(counts["on_publish"] == counts["on_unpublish"] == 26 and counts["on_play"] == counts["on_stop"] == 1 and
          counts["on_connect"] == counts["on_close"] == 24, f"counts: {counts}")
    for client in publishers:
        client.close()


def told_again_when_it_is_back(case):
    """The back-end is away as clients leave: they are told of in order, once it is there again."""
    back = Backend(case)
    server = case.server(vhost=hooks_text(back.url))
    clients = [Rtmp(server.rtmp).handshake().connect(server).create_stream().publish(f"s{i}") for i in range(20)]
    back.wait("on_publish", 20)
    back.program.kill()
    for client in clients:
        client.close()
    wait_until(lambda: "not told" in server.output(), 10, "a failure in the log")
    witness_of_fetch = [line for line in server.log_lines("warn") if "not told" in line]
    check(len(witness_of_fetch) < 20, f"the log is not flooded: {len(witness_of_fetch)}")
    back.start()
    back.wait("on_close", 20, seconds=30)
    for client in {body["client_id"] for body in back.bodies("on_close")}:
        check_order(back.actions(client), ["on_unpublish", "on_close"], "of one client")
    wait_until(lambda: live(server, "HOOK") == 0, 10, "no message is left")


def client_leaves_while_asked(case):
    listener = Listener(case, backend.hang)
    back = Backend(case)
    server = case.server(vhost=f"http_hooks {{ enabled on; on_publish {listener.url}; on_play {listener.url}; "
                               f"on_unpublish {back.url}; on_stop {back.url}; }}", asan=True)
    client = Rtmp(server.rtmp).handshake().connect(server).create_stream()
    client.send(command("publish", 3, None, "x", "live", msid=1, csid=4))
    wait_until(lambda: len(listener.connections) == 1, 5, "the question")
    client.close()
    back.wait("on_unpublish", seconds=5)
    player = socket.create_connection(("127.0.0.1", server.http))
    player.sendall(b"GET /live/x.flv HTTP/1.1\r\nHost: a\r\n\r\n")
    wait_until(lambda: len(listener.connections) == 2, 5, "the question about the player")
    player.close()
    back.wait("on_stop", seconds=5)
    wait_until(lambda: live(server, "RTMP_SESSION") == 0 and live(server, "HTTP_SESSION") == 0, 5, "no session is left")
    code, _ = ask(server, "play", "y", wait=1.0)
    check(code == "silence", f"who waits is not answered: {code}")
    check(server.stop() < 15, "the end of the server does not wait for the back-end")


def no_end_of_what_nobody_heard(case):
    """Who leaves in line before a busy back-end was never told about, and nor is the end."""
    under_way = 32
    listener, back = Listener(case, backend.hang), Backend(case)
    server = case.server(vhost=f"http_hooks {{ enabled on; on_publish {listener.url}; on_unpublish {back.url}; }}")

    def publish(name):
        client = Rtmp(server.rtmp).handshake().connect(server).create_stream()
        client.send(command("publish", 3, None, name, "live", msid=1, csid=4))
        return client

    asked = [publish(f"asked{i}") for i in range(under_way)]
    wait_until(lambda: len(listener.connections) == under_way, 5, "the questions")
    waiting = [publish(f"waiting{i}") for i in range(3)]
    wait_until(lambda: live(server, "FETCH") == under_way + 3, 5, "some in line")
    for client in waiting + asked:
        before = live(server, "RTMP_SESSION")
        client.close()
        wait_until(lambda: live(server, "RTMP_SESSION") < before, 5, "it is gone")
    wait_until(lambda: live(server, "HOOK") == 0, 10, "all is told")
    names = sorted(body["stream"] for body in back.bodies("on_unpublish"))
    check(names == sorted(f"asked{i}" for i in range(under_way)), f"ends: {names}")


def ends_that_hang(case):
    """A back-end that hangs at ends, and answers questions: who comes is let in."""
    heard = []

    def behave(listener, connection):
        while request := backend.read_request(connection):
            if b'"on_unpublish"' in request[1]:
                heard.append(request)
                listener.ending.wait()
            backend.say(connection, b"0")

    listener = Listener(case, behave)
    server = case.server(vhost=f"http_hooks {{ enabled on; on_publish {listener.url}; on_unpublish {listener.url}; }}")
    for i in range(60):
        check(ask(server, "publish", f"x{i}")[0] == "NetStream.Publish.Start", f"publisher {i}")
    wait_until(lambda: len(heard) >= 16, 10, "ends that hang")
    code, took = ask(server, "publish", "again")
    check(code == "NetStream.Publish.Start" and took < 3, f"{code} after {took:.1f} s")


def early_media(case):
    """A client that does not wait for the answer loses nothing."""
    back = Backend(case)
    server = case.server(vhost=hooks_text(back.url))
    client = Rtmp(server.rtmp).handshake()
    tc_url = f"rtmp://127.0.0.1:{server.rtmp}/live"
    client.send(command("connect", 1, {"app": "live", "tcUrl": tc_url}) + command("createStream", 2, None) +
                command("publish", 3, None, "x", "live", msid=1, csid=4))
    client.wait_command("onStatus", b"NetStream.Publish.Start")
    client.close()
    back.wait("on_close")
    check_order(back.actions(), ["on_connect", "on_publish", "on_unpublish", "on_close"], "all in one packet")


def reload_takes_effect(case):
    back, other = Backend(case), Backend(case, "--token", "secret")
    server = case.server(vhost=hooks_text(back.url))
    case.publish(server, "x", media())
    server.wait_live("x")
    watcher = FlvPlayer(case, server, "x")
    watcher.wait_media(10, 10)
    reload(server, vhost=hooks_text(other.url))
    check(ask(server, "publish", "y")[0] == "NetStream.Publish.Rejected", "the new back-end is asked")
    watcher.close()
    other.wait("on_stop")
    check("on_stop" not in back.actions(), "an end is told where the configuration says now")
    reload(server, vhost="")
    seen = len(other.actions())
    check(ask(server, "publish", "y")[0] == "NetStream.Publish.Start", "without callbacks all are let in")
    check(len(other.actions()) == seen, "and nobody hears of it")
    listener = Listener(case, backend.hang)
    reload(server, vhost=hooks_text(listener.url, more="timeout 0.5;"))
    code, took = ask(server, "publish", "y")
    check(code == "NetConnection.Connect.Rejected" and 0.4 < took < 3, f"the time-out of now: {code} after {took:.1f} s")


# ---- copies and heartbeats -----------------------------------------------------------------------


def vhost_goes_while_asked(case):
    """Who was let into a vhost that a reload has taken away meanwhile gets into no other one, and the end is told."""
    let_go = threading.Event()

    def behave(_, connection):
        while backend.read_request(connection):
            let_go.wait(20)
            backend.say(connection, b"0")

    listener, back = Listener(case, behave), Backend(case)
    hooks = (f"http_hooks {{ enabled on; on_publish {listener.url}; on_play {listener.url}; on_unpublish {back.url}; "
             f"on_stop {back.url}; }}")
    server = case.server(asan=True)
    reload(server, rest=f"vhost gone.example {{ {hooks} http_remux {{ enabled on; }} }}\n")
    results = {}

    def one(what):
        if what == "flv":
            results[what] = get_status(server.flv_url("x") + "?vhost=gone.example")
        else:
            results[what] = ask(server, what, "x", app="live?vhost=gone.example")[0]

    threads = [threading.Thread(target=one, args=(what,)) for what in ("publish", "play", "flv")]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(listener.connections) == 3, 10, "the questions")
    reload(server)
    let_go.set()
    for thread in threads:
        thread.join(30)
    check(results == {"publish": "NetStream.Publish.Rejected", "play": "NetStream.Play.Failed", "flv": 403}, f"{results}")
    back.wait("on_unpublish")
    back.wait("on_stop", 2)


def backend_names_copies(case):
    target = case.server()
    back = Backend(case, "--forward", f"rtmp://127.0.0.1:{target.rtmp}/[app]/copy-[stream]?k=v")
    dead = free_port()
    server = case.server(vhost=f"forward {{ enabled on; destination 127.0.0.1:{dead}; backend {back.url}; }}")
    case.publish(server, "x", media(), query="?a=b")
    target.wait_live("copy-x")
    body = back.wait("on_forward")
    check_order(list(body), ["action", "server_id", "service_id", "client_id", "ip", "vhost", "app", "tcUrl", "stream",
                             "param"], "on_forward")
    check([body[k] for k in ("tcUrl", "stream", "param")] == [f"rtmp://127.0.0.1:{server.rtmp}/live", "x", "?a=b"],
          f"on_forward: {body}")
    check(f":{dead}" not in server.output().split("publish stream")[-1], "the destination of the file does not count")
    player = RtmpPlayer(case, target, "copy-x")
    player.wait_media(10, 30)
    player.close()
    player.check_well()


def backend_names_no_copies(case):
    saying = {}

    def behave(_, connection):
        while backend.read_request(connection):
            backend.say(connection, saying["text"])

    listener = Listener(case, behave)
    server = case.server(vhost=f"forward {{ enabled on; backend {listener.url}; }}")
    for text, want in [(b'{"code":0,"data":{"urls":[]}}', ""), (b'{"code":0}', "1030"), (b"0", "1030"),
                       (b'{"code":0,"data":{"urls":["rtmps://127.0.0.1/a/b"]}}', "1030"), (b'{"code":5}', "3064")]:
        saying["text"] = text
        code, _ = ask(server, "publish", "x")
        check(code == ("NetStream.Publish.Rejected" if want else "NetStream.Publish.Start"), f"{text}: {code}")
        if want:
            wait_until(lambda: f"code={want}(" in last_warning(server), 5, f"code {want} after {text}")


def heartbeat(case):
    back = Backend(case)
    url = back.url.replace("/hooks", "/api/v1/servers")
    top = (f"heartbeat {{ enabled on; interval 1; url {url}?dropped=1; device_id my-device; ports on; "
           "auth { enabled on; token abc; } }\n")
    server = case.server(top=top, environment=None)
    wait_until(lambda: len(back.log()) >= 2, 10, "two heartbeats")
    told_one = back.log()[0]
    body = told_one["body"]
    check(told_one["path"] == "/api/v1/servers", f"the query is dropped: {told_one['path']}")
    check(told_one["headers"].get("Authorization") == "Bearer abc", f"headers: {told_one['headers']}")
    check_order(list(body), ["device_id", "ip", "server", "service", "pid", "rtmp", "http", "api"], "heartbeat")
    facts = server.api_get("versions")
    check([body[k] for k in ("device_id", "server", "service", "pid", "rtmp", "http", "api")] ==
          ["my-device", facts["server"], facts["service"], facts["pid"], [str(server.rtmp)], [str(server.http)],
           [str(server.api)]], f"heartbeat: {body}")
    back.program.kill()
    wait_until(lambda: "heartbeat: not sent" in server.output(), 10, "a manager that is away, in the log")
    back.start()
    wait_until(lambda: "heartbeat: sent again" in server.output(), 10, "a manager that is back, in the log")
    check(server.output().count("heartbeat: not sent") == 1, "the log is not flooded")
    reload(server, top=top.replace("enabled on; interval", "enabled off; interval"))
    seen = len(back.log())
    reload(server, top=top.replace("my-device", "other-device").replace("ports on", "ports off"))
    wait_until(lambda: len(back.log()) > seen, 10, "heartbeats again")
    check_order(list(back.log()[-1]["body"]), ["device_id", "ip", "server", "service", "pid"], "without ports")


# ---- HTTPS ---------------------------------------------------------------------------------------


def https(case):
    good = make_certificate(case.folder, "good", ["localhost"])
    other = make_certificate(case.folder, "other", ["other.example"])
    back, wrong_name = Backend(case, tls=good), Backend(case, tls=other)
    with open(case.path("both.pem"), "w", encoding="ascii") as file:
        for cert, _ in (good, other):
            with open(cert, encoding="ascii") as one:
                file.write(one.read())
    trust = f"http_client {{ ca_file {case.path('both.pem')}; }}\n"

    def hook(url):
        return f"http_hooks {{ enabled on; on_publish {url}; }}"

    server = case.server(vhost=hook(back.url), top=trust, asan=True)
    check(ask(server, "publish", "x")[0] == "NetStream.Publish.Start", "a certificate that is trusted, for its name")
    check(back.actions() == ["on_publish"], f"told: {back.actions()}")
    reload(server, vhost=hook(back.url.replace("localhost", "127.0.0.1")), top=trust)
    check(ask(server, "publish", "x")[0] == "NetStream.Publish.Rejected", "not for the address")
    reload(server, vhost=hook(wrong_name.url), top=trust)
    check(ask(server, "publish", "x")[0] == "NetStream.Publish.Rejected", "a certificate for another name")
    reload(server, vhost=hook(back.url), top=f"http_client {{ ca_file {other[0]}; }}\n")
    check(ask(server, "publish", "x")[0] == "NetStream.Publish.Rejected", "a certificate that nobody vouches for")
    reload(server, vhost=hook(back.url))
    check(ask(server, "publish", "x")[0] == "NetStream.Publish.Rejected", "nor any authority of the system")
    wait_until(lambda: server.output().count("publish refused") == 4, 5, "four refusals in the log")
    refused = [line for line in server.log_lines("warn") if "publish refused" in line]
    check(all("code=4042(" in line for line in refused), f"refusals: {refused}")
    reload(server, vhost=hook(wrong_name.url), top="http_client { verify off; }\n")
    check("http_client.verify is off" in server.output(), "that nothing is checked is said")
    check(ask(server, "publish", "x")[0] == "NetStream.Publish.Start", "nothing is checked")
    plain = Listener(case, lambda _, connection: connection.recv(9) and connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n"))
    reload(server, vhost=hook(plain.url.replace("http:", "https:")), top=trust)
    check(ask(server, "publish", "x")[0] == "NetStream.Publish.Rejected", "no TLS there")


def https_failures_and_players_inside_tls(case):
    """One library makes the TLS of both: what goes wrong in a call is nothing to a client's connection."""
    wrong = Backend(case, tls=make_certificate(case.folder, "wrong", ["other.example"]))
    plain = Listener(case, lambda _, connection: connection.recv(9) and connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n"))
    server = tls_server(case)
    publisher = RtmpPublisher(case, server, "x", media(), setup=lambda at: Rtmp(
        sock=tls_connect(at.rtmps)).handshake().connect(at).create_stream())
    server.wait_live("x")
    players = [kind(case, server, "x") for kind in (TlsFlvPlayer, TlsRtmpPlayer)]
    for player in players:
        player.wait_media(10, 20)
    with open(config_path(server), encoding="utf-8") as file:
        text = file.read()
    for url in (wrong.url, plain.url.replace("http:", "https:")):
        with open(config_path(server), "w", encoding="utf-8") as file:
            file.write(text.replace("vhost __defaultVhost__ {",
                                    f"vhost __defaultVhost__ {{ http_hooks {{ enabled on; on_publish {url}; }}"))
        before = server.output().count("reload: done")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.output().count("reload: done") > before, 10, "the reload")
        for _ in range(20):
            check(ask(server, "publish", "y")[0] == "NetStream.Publish.Rejected", "refused")
    check(publisher.wrong is None, f"the publisher inside TLS: {publisher.wrong}")
    for player in players:
        player.wait_media(10, len(player.media()) + 50, "a player inside TLS plays on")
        player.close()
        player.check_well()
        player.check_order()


# ---- back-ends that misbehave --------------------------------------------------------------------


def witnessed(case, hooked, top=""):
    """A server with a stream in a vhost of its own, one that watches it, and the other vhost with those callbacks."""
    rest = f"vhost hooked.example {{ {hooked} http_remux {{ enabled on; }} }}\n"
    server = case.server("daemon off; srs_log_tank console; max_connections auto;\n" + top +
                         "rtmp { listen @RTMP@; }\nhttp_api { enabled on; listen @API@; }\n"
                         "http_server { enabled on; listen @HTTP@; }\n"
                         "vhost __defaultVhost__ { http_remux { enabled on; } }\n" + rest)
    case.publish(server, "witness", media())
    server.wait_live("witness")
    witness = RtmpPlayer(case, server, "witness")
    witness.wait_media(10, 20)
    return server, witness


def check_witness(witness, since):
    witness.wait_media(10, len(witness.media()) + 20, "the witness plays on")
    gap = witness.largest_gap(since)
    check(gap < BEAT + 0.2, f"the witness's largest gap was {gap:.3f} s")
    witness.check_well()


def refused_in_time(server, count=1, seconds=TIMEOUT):
    """So many publishers and players of the hooked vhost at once: each gets its refusal."""
    results = []
    app = "live?vhost=hooked.example"

    def one(what, i):
        results.append(ask(server, what, f"n{i}", app=app, wait=seconds + 15))

    threads = [threading.Thread(target=one, args=(("publish", "play")[i % 2], i)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds + 30)
    check(len(results) == count, f"{len(results)} of {count} came back")
    for code, took in results:
        check(code in ("NetStream.Publish.Rejected", "NetStream.Play.Failed"), f"got {code!r} after {took:.1f} s")
        check(took < seconds + 3, f"refused after {took:.1f} s")
    return results


def misbehaving(case):
    """One after the other, with players of HTTP too."""
    rows = [("hang", backend.hang, True), ("deaf", backend.deaf, True), ("garbage", backend.garbage, False),
            ("huge", backend.huge, False), ("huge and announced", backend.huge_announced, False),
            ("slow", backend.slow, True), ("leaves", backend.leaves, False), ("resets", backend.resets, False),
            ("busy", backend.failing, False)]
    listeners = {}

    def behave(listener, connection):
        listeners["now"](listener, connection)

    listener = Listener(case, behave)
    hooks = f"http_hooks {{ enabled on; on_publish {listener.url}; on_play {listener.url}; timeout {TIMEOUT}; }}"
    server, witness = witnessed(case, hooks)
    for name, way, waits in rows:
        listeners["now"] = way
        since = time.monotonic()
        results = refused_in_time(server, 10)
        check(all(took >= TIMEOUT - 0.1 for _, took in results) == waits or not waits, f"{name}: {results}")
        status = get_status(server.flv_url("x") + "?vhost=hooked.example")
        check(status == 403, f"{name}: a player of HTTP got {status}")
        check_witness(witness, since)
    errors = " ".join(server.log_lines("warn"))
    for code in ("1011", "3009", "7003", "4025", "4005"):
        check(f"code={code}(" in errors, f"no code {code} in the log")
    wait_until(lambda: live(server, "FETCH") == 0 and live(server, "HOOK") == 0, 10, "nothing is left")


def refuses_connections(case):
    port = free_port()
    url = f"http://127.0.0.1:{port}/hooks"
    hooks = f"http_hooks {{ enabled on; on_publish {url}; on_play {url}; timeout {TIMEOUT}; }}"
    server, witness = witnessed(case, hooks)
    since = time.monotonic()
    results = refused_in_time(server, 20)
    check(all(took < TIMEOUT for _, took in results), "at once")
    check_witness(witness, since)


def silent_name_server(case):
    resolver = SilentResolver(case)
    url = "http://backend.example:8085/hooks"
    hooks = f"http_hooks {{ enabled on; on_publish {url}; on_play {url}; timeout {TIMEOUT}; }}"
    server, witness = witnessed(case, hooks, top=f"name_servers {resolver.address};\n")
    since = time.monotonic()
    refused_in_time(server, 20)
    check(resolver.asked(), "the name server was asked")
    check_witness(witness, since)
    check("no answer about backend.example" in server.output(), "the log says what was waited for")
    before = descriptors(server)
    wait_until(lambda: descriptors(server) <= before and live(server, "FETCH") == 0, 10, "nothing is left")


def killed_with_publishers(case):
    """kill -9 of a back-end that thinks, while 500 publishers come."""
    count = 500
    thinking = Listener(case, backend.hang)
    slow_back = Backend(case)
    relay = f"http_hooks {{ enabled on; on_publish {slow_back.url} {thinking.url}; on_unpublish {slow_back.url}; timeout 5; }}"
    server, witness = witnessed(case, relay)
    wait_until(lambda: live(server, "FETCH") == 0, 5, "quiet")
    idle, since = descriptors(server), time.monotonic()
    clients, most = [], 0
    for i in range(count):
        sock = socket.create_connection(("127.0.0.1", server.rtmp), timeout=30)
        clients.append(Rtmp(sock=sock).handshake())
    app = "live?vhost=hooked.example"
    tc_url = f"rtmp://127.0.0.1:{server.rtmp}/{app}"
    for client in clients:
        client.send(command("connect", 1, {"app": app, "tcUrl": tc_url}) + command("createStream", 2, None))
    for client in clients:
        client.wait_command("_result", b"NetConnection.Connect.Success")
    began = time.monotonic()
    for i, client in enumerate(clients):
        client.send(command("publish", 3, None, f"k{i}", "live", msid=1, csid=4))
        if i == count // 2:
            slow_back.program.process.kill()
        if i % 50 == 0:
            most = max(most, connections_to(server, slow_back.port, thinking.port))
    codes = [None] * count
    for i, client in enumerate(clients):
        codes[i] = answer(client, b"NetStream.Publish.")
        if i % 50 == 0:
            most = max(most, connections_to(server, slow_back.port, thinking.port))
    took = time.monotonic() - began
    check(set(codes) == {"NetStream.Publish.Rejected"}, f"answers: { {c: codes.count(c) for c in set(codes)} }")
    check(took < 5 + 4, f"all were answered after {took:.1f} s")
    # 32 calls to each of two servers, and 16 connections that are kept.
    check(most <= 80, f"{most} connections to back-ends at a time")
    for client in clients:
        client.close()
    check_witness(witness, since)
    wait_until(lambda: live(server, "FETCH") == 0 and live(server, "HOOK") == 0, 30, "no call and no message is left")
    wait_until(lambda: descriptors(server) <= idle, 20, f"descriptors: {descriptors(server)}, before {idle}")
    wait_until(lambda: live(server, "RTMP_SESSION") == 2, 5, "the two sessions of the witness")


def socket_inodes(server):
    folder = f"/proc/{server.process.pid}/fd"
    links = set()
    for name in os.listdir(folder):
        try:
            links.add(os.readlink(f"{folder}/{name}"))
        except OSError:
            pass  # closed meanwhile
    return {link[len("socket:["):-1] for link in links if link.startswith("socket:[")}


def connections_to(server, *ports):
    """Of the server's process. The kernel's table is no snapshot: those count that were open before and after it was read."""
    wanted = {f"{port:04X}" for port in ports}
    open_before = socket_inodes(server)
    with open(f"/proc/{server.process.pid}/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file][1:]
    there = open_before & socket_inodes(server)
    return sum(row[2].rsplit(":", 1)[1] in wanted and row[3] in ("01", "02") and row[9] in there for row in rows)


main({
    "fields-of-rtmp": fields_of_rtmp,
    "fields-of-flv": fields_of_flv,
    "token-decides": token_decides,
    "several-urls": several_urls,
    "answers": answers_of_all_kinds,
    "counted": counted_in_metrics,
    "end-is-told-once": end_is_told_once,
    "told-again": told_again_when_it_is_back,
    "client-leaves": client_leaves_while_asked,
    "never-heard": no_end_of_what_nobody_heard,
    "ends-that-hang": ends_that_hang,
    "early-media": early_media,
    "reload": reload_takes_effect,
    "vhost-goes": vhost_goes_while_asked,
    "copies": backend_names_copies,
    "no-copies": backend_names_no_copies,
    "heartbeat": heartbeat,
    "https": https,
    "https-and-players": https_failures_and_players_inside_tls,
    "misbehaving": misbehaving,
    "refuses-connections": refuses_connections,
    "silent-name-server": silent_name_server,
    "killed": killed_with_publishers,
}, parallel=2)
