#!/usr/bin/env python3
"""The HTTP API and the player page of the built server: every member of its answers, pages of lists, kicks, refusals,
JSONP, CORS, HEAD, and what the page's port gives and does not give away.
"""
import contextlib
import http.client
import json
import os
import re
import socket
import threading

import harness
from harness import ROOT, check, wait_until
from wire import Rtmp, command

HEAD_MEMBERS = ["code", "server", "service", "pid"]
KBPS = ["recv_30s", "send_30s"]
STREAM = {"id": str, "name": str, "vhost": str, "app": str, "tcUrl": str, "url": str, "live_ms": int, "clients": int,
          "frames": int, "audio_frames": int, "video_frames": int, "send_bytes": int, "recv_bytes": int, "kbps": dict,
          "publish": dict, "video": dict, "audio": dict, "gop_ms": int, "gop_bytes": int, "queue": int, "jumps": int,
          "dropped": int, "skipped": int, "unusable": int, "fps": float, "gop_length_ms": int, "av_skew_ms": int,
          "tracks": list}
PUBLISH = {"active": bool, "cid": str, "protocol": str, "ip": str, "alive": float}
VIDEO_TRACK = {"kind": str, "id": int, "codec": str, "profile": str, "level": str, "width": int, "height": int,
               "frames": int, "bytes": int, "kbps": int, "fps": float}
AUDIO_TRACK = {"kind": str, "id": int, "codec": str, "sample_rate": int, "channel": int, "profile": str,
               "frames": int, "bytes": int, "kbps": int, "fps": float}
DATA_TRACK = {"kind": str, "id": int, "codec": str, "frames": int, "bytes": int, "kbps": int, "fps": float}
VIDEO = {"codec": str, "profile": str, "level": str, "width": int, "height": int}
AUDIO = {"codec": str, "sample_rate": int, "channel": int, "profile": str}
CLIENT = {"id": str, "vhost": str, "stream": str, "ip": str, "pageUrl": str, "swfUrl": str, "tcUrl": str, "url": str,
          "name": str, "type": str, "publish": bool, "alive": float, "send_bytes": int, "recv_bytes": int, "kbps": dict}
PLAYER = {**CLIENT, "queue_ms": int, "skipped": int, "join_ms": int, "packets": int}
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "*",
        "Access-Control-Allow-Headers": "*, Authorization", "Access-Control-Expose-Headers": "*"}
ID = r"vid-[0-9a-z]{7}"


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body
        self.text = body.decode()

    def json(self):
        return json.loads(self.body)


def ask(port, path, method="GET", headers=None):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def api(server, path, method="GET"):
    """A good answer: its form is checked here."""
    answer = ask(server.api, f"/api/v1/{path}", method)
    check(answer.status == 200, f"{path}: status {answer.status}")
    check(answer.headers["Content-Type"] == "application/json", f"{path}: type {answer.headers['Content-Type']}")
    value = answer.json()
    check(list(value)[:4] == HEAD_MEMBERS and value["code"] == 0, f"{path}: begins with {answer.text[:200]}")
    check(value["pid"] == str(server.process.pid), f"{path}: pid {value['pid']!r}")
    check(re.fullmatch(ID, value["server"]) and re.fullmatch(r"\w{8}", value["service"]), f"{path}: {answer.text[:200]}")
    check(not re.search(r"\s", re.sub(r'"[^"]*"', "", answer.text)), f"{path}: not compact: {answer.text[:200]}")
    return value


def check_members(what, value, members):
    check(list(value) == list(members), f"{what}: members {list(value)}")
    for name, kind in members.items():
        # bool is an int to Python
        fits = isinstance(value[name], kind) and (kind is bool or not isinstance(value[name], bool))
        check(fits, f"{what}: {name} is {value[name]!r}")


def code_of(answer):
    check(answer.status == 200, f"status {answer.status}")
    check(list(answer.json()) == ["code"], f"an error is the bare code, not {answer.text}")
    return answer.json()["code"]


def waiting_player(case, server, name):
    """A player of a stream that nobody publishes; its answer's head has come."""
    player = socket.create_connection(("127.0.0.1", server.http), timeout=10)
    case.callback(player.close)
    player.sendall(f"GET /live/{name}.flv HTTP/1.1\r\nHost: localhost\r\nReferer: http://p/{name}\r\n\r\n".encode())
    check(b"200" in player.recv(4096), f"player of {name}")
    return player


def media():
    return harness.make_flv(4)


# ---- streams and clients -----------------------------------------------------------------------


def stream_members(case):
    server = case.server()
    empty = ask(server.api, "/api/v1/streams/")
    check(empty.text.endswith(',"streams":[],"total":0}'), f"no streams: {empty.text}")
    publisher = case.publish(server, "cam", media())
    server.wait_live("cam")
    waiting_player(case, server, "cam")
    wait_until(lambda: server.streams()["cam"]["clients"] == 2, 10, "publisher and player")
    wait_until(lambda: server.streams()["cam"]["frames"] > 50, 20, "frames")
    answer = api(server, "streams/")
    check(list(answer) == HEAD_MEMBERS + ["streams", "total"] and answer["total"] == 1, f"list {answer}")
    stream = answer["streams"][0]
    check_stream(stream)
    one = api(server, f"streams/{stream['id']}")
    check(list(one) == HEAD_MEMBERS + ["stream"], f"members {list(one)}")
    check_stream(one["stream"])
    check(one["stream"]["id"] == stream["id"], "another stream by id")
    check(one["stream"]["live_ms"] >= stream["live_ms"], "live_ms goes back")
    publisher.kill()
    wait_until(lambda: not server.is_active("cam"), 10, "publisher gone")
    gone = server.streams()["cam"]
    check(gone["video"] is None and gone["audio"] is None and gone["tracks"] == [], f"tracks of nobody: {gone}")
    check(list(gone["publish"]) == ["active", "cid"], f"publisher that is gone: {gone['publish']}")
    check(gone["fps"] is None and gone["gop_length_ms"] is None and gone["av_skew_ms"] is None, f"health: {gone}")
    check(gone["publish"]["cid"] == stream["publish"]["cid"], "the cid of the last publisher stays")


def check_stream(stream):
    check_members("stream", stream, STREAM)
    check(list(stream["kbps"]) == KBPS, f"kbps {stream['kbps']}")
    check_members("publish", stream["publish"], PUBLISH)
    check((stream["publish"]["protocol"], stream["publish"]["ip"]) == ("rtmp", "127.0.0.1"), f"{stream['publish']}")
    check(0 < stream["publish"]["alive"] < 60, f"published for {stream['publish']['alive']} s")
    check_tracks(stream)
    check_members("video", stream["video"], VIDEO)
    check_members("audio", stream["audio"], AUDIO)
    check(re.fullmatch(ID, stream["id"]) and re.fullmatch(ID, stream["vhost"]), f"ids {stream['id']} {stream['vhost']}")
    check(stream["url"] == "/live/cam" and stream["app"] == "live", f"url {stream['url']}")
    check(re.fullmatch(r"rtmp://127\.0\.0\.1:\d+/live", stream["tcUrl"]), f"tcUrl {stream['tcUrl']}")
    check(stream["video"]["codec"] == "H264" and stream["video"]["profile"] == "High", f"video {stream['video']}")
    check((stream["video"]["width"], stream["video"]["height"]) == (640, 360), f"video {stream['video']}")
    check(re.fullmatch(r"[1-6](\.[1-3])?", stream["video"]["level"]), f"level {stream['video']['level']}")
    want = {"codec": "AAC", "sample_rate": 44100, "channel": 2, "profile": "LC"}
    check(stream["audio"] == want, f"audio {stream['audio']}")
    check(stream["frames"] == stream["video_frames"] > 0 < stream["audio_frames"], "frames")
    check(stream["recv_bytes"] > 10000 < stream["send_bytes"], f"bytes {stream['recv_bytes']} {stream['send_bytes']}")
    check(0 <= stream["gop_ms"] <= 1100, f"gop of 1 s: {stream['gop_ms']} ms")
    check(0 < stream["gop_bytes"] < 1 << 20 and stream["queue"] > 0, "gop_bytes, queue")
    check(stream["live_ms"] > 1577836800000, f"live_ms {stream['live_ms']} is before 2020")


def check_tracks(stream):
    tracks = {track["kind"]: track for track in stream["tracks"]}
    check(set(tracks) == {"video", "audio", "data"} and len(stream["tracks"]) == 3, f"tracks {stream['tracks']}")
    check_members("video track", tracks["video"], VIDEO_TRACK)
    check_members("audio track", tracks["audio"], AUDIO_TRACK)
    check_members("data track", tracks["data"], DATA_TRACK)
    check(stream["fps"] == tracks["video"]["fps"] and 24 < stream["fps"] < 26, f"fps {stream['fps']}")
    check(40 < tracks["audio"]["fps"] < 46, f"audio frames a second: {tracks['audio']['fps']}")  # 44100 / 1024
    check(50 < tracks["audio"]["kbps"] < 150 < tracks["video"]["kbps"] < 1600, f"bit rates of {tracks}")
    check(stream["gop_length_ms"] == 1000, f"gop of {stream['gop_length_ms']} ms")
    check(abs(stream["av_skew_ms"]) < 500, f"picture and sound are {stream['av_skew_ms']} ms apart")
    check(stream["frames"] == tracks["video"]["frames"], f"frames of {stream}")


def client_members(case):
    server = case.server()
    case.publish(server, "cam", media())
    server.wait_live("cam")
    waiting_player(case, server, "cam")
    case.program([*harness.FFMPEG, "-i", server.rtmp_url("cam"), "-c", "copy", "-f", "null", "-"])

    def by_type():
        answer = api(server, "clients/")
        check(list(answer) == HEAD_MEMBERS + ["clients", "total"], f"members {list(answer)}")
        check(answer["total"] == len(answer["clients"]), f"total {answer['total']}")
        return {c["type"]: c for c in answer["clients"]}

    wait_until(lambda: all(c.get("packets", 1) > 0 for c in by_type().values()) and len(by_type()) == 3, 20, "clients")
    clients = by_type()
    stream = api(server, "streams/")["streams"][0]
    check(set(clients) == {"fmle-publish", "flv-play", "rtmp-play"}, f"types {set(clients)}")
    for kind, client in clients.items():
        check_members(kind, client, CLIENT if kind == "fmle-publish" else PLAYER)
        check(client["publish"] == (kind == "fmle-publish"), f"{kind}: publish {client['publish']}")
        check((client["stream"], client["vhost"]) == (stream["id"], stream["vhost"]), f"{kind}: ids")
        check(client["ip"] == "127.0.0.1" and client["url"] == "/live/cam", f"{kind}: {client}")
        check(re.fullmatch(r"[0-9a-z]{8}", client["id"]), f"{kind}: id {client['id']}")
        check(list(client["kbps"]) == KBPS and client["alive"] >= 0 < client["recv_bytes"], f"{kind}: {client}")
    check(clients["fmle-publish"]["id"] == stream["publish"]["cid"], "cid is the publisher's id")
    check(clients["flv-play"]["name"] == "cam.flv" and clients["rtmp-play"]["name"] == "cam", "names")
    check(clients["flv-play"]["pageUrl"] == "http://p/cam", f"pageUrl {clients['flv-play']['pageUrl']}")
    one = ask(server.api, f"/api/v1/clients/{clients['flv-play']['id']}")
    check(list(one.json()) == HEAD_MEMBERS + ["client"], f"members {one.text}")
    check_members("one client", one.json()["client"], PLAYER)
    check(re.search(r'"alive":\d+\.\d\d,', one.text), f"alive has two decimals: {one.text}")


def publisher_types(case):
    """By the order in which an encoder asks."""
    server = case.server()
    flows = {"flash-publish": ("createStream",), "haivision-publish": ("createStream", "FCPublish"),
             "fmle-publish": ("releaseStream", "FCPublish", "createStream")}
    for kind, steps in flows.items():
        one = Rtmp(server.rtmp).handshake().connect(server)
        case.callback(one.close)
        for step in steps:
            one.create_stream() if step == "createStream" else one.send(command(step, 4, None, kind))
        one.publish(kind)
    got = {c["name"]: c["type"] for c in api(server, "clients/")["clients"]}
    check(got == {kind: kind for kind in flows}, f"types {got}")


def rates(case):
    """The first window is 30 s."""
    server = case.server()
    case.publish(server, "cam", media())
    server.wait_live("cam")
    case.program([*harness.FFMPEG, "-i", server.flv_url("cam"), "-c", "copy", "-f", "null", "-"])
    wait_until(lambda: server.streams()["cam"]["kbps"]["recv_30s"] > 0, 45, "rates of the stream")
    wait_until(lambda: all(sum(c["kbps"].values()) > 0 for c in api(server, "clients/")["clients"]), 45, "of clients")
    kbps = server.streams()["cam"]["kbps"]
    check(300 < kbps["recv_30s"] < 2000, f"a stream of 900 kbit/s: {kbps}")
    check(300 < kbps["send_30s"] < 2000, f"to one player: {kbps}")


# ---- lists -------------------------------------------------------------------------------------

MANY = 60


def pages(case):
    server = case.server()
    for i in range(MANY):
        waiting_player(case, server, f"s{i}")
    for kind in ("streams", "clients"):
        first = api(server, f"{kind}/")
        check(len(first[kind]) == 10 and first["total"] == MANY, f"{kind}: {len(first[kind])} of {first['total']}")
        everything = [item["id"] for item in api(server, f"{kind}/?count={MANY}")[kind]]
        check(len(set(everything)) == MANY, f"{kind}: {len(set(everything))} different ids")
        check([item["id"] for item in first[kind]] == everything[:10], f"{kind}: the first page")
        for start, count in [(0, 1), (7, 5), (55, 10), (59, 1), (60, 10), (4000000000, 4000000000), (0, 0)]:
            got = api(server, f"{kind}/?start={start}&count={count}")
            ids = [item["id"] for item in got[kind]]
            want = everything[start:start + max(count, 1)]
            check(ids == want and got["total"] == MANY, f"{kind} from {start}, {count}: {len(ids)} of {got['total']}")
        check(set(STREAM if kind == "streams" else CLIENT) <= set(first[kind][0]), f"{kind}: {first[kind][0]}")


def long_list_in_chunks(case):
    server = case.server()
    for i in range(MANY):
        waiting_player(case, server, f"s{i}")
    short = ask(server.api, "/api/v1/streams/?count=5")
    check(short.headers["Content-Length"] == str(len(short.body)), "a short list has its length")
    for path in ("streams/?count=100", "clients/?count=100", "clients/?count=100&callback=f"):
        answer = ask(server.api, f"/api/v1/{path}")
        check(answer.headers["Transfer-Encoding"] == "chunked", f"{path}: {answer.headers}")
        check(len(answer.body) > 16384, f"{path}: {len(answer.body)} bytes")
        text = answer.text[2:-1] if "callback" in path else answer.text
        check(json.loads(text)["total"] == MANY, f"{path}: total")
    check(not ask(server.api, "/api/v1/streams/?count=100", "HEAD").body, "HEAD of a long list")
    # HTTP/1.0 knows no chunks: the close ends the list.
    with socket.create_connection(("127.0.0.1", server.api), timeout=10) as old:
        old.sendall(b"GET /api/v1/streams/?count=100 HTTP/1.0\r\n\r\n")
        with old.makefile("rb") as file:
            head, _, body = file.read().partition(b"\r\n\r\n")
    check(b"chunked" not in head and json.loads(body)["total"] == MANY, f"HTTP/1.0: {head}")


def list_while_clients_leave(case):
    """A long list gives way to others between its pieces: who leaves then must not be walked over."""
    server = case.server(asan=True)
    stop = threading.Event()
    case.callback(stop.set)
    went = []

    def come_and_go():
        while not stop.is_set():
            with contextlib.ExitStack() as stack:
                for i in range(MANY):
                    player = stack.enter_context(socket.create_connection(("127.0.0.1", server.http), timeout=20))
                    player.sendall(f"GET /live/s{i}.flv HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                player.recv(100)
            went.append(MANY)

    thread = threading.Thread(target=come_and_go)
    thread.start()
    most = 0
    try:
        for _ in range(150):
            for kind in ("streams", "clients"):
                answer = ask(server.api, f"/api/v1/{kind}/?count=1000").json()
                most = max(most, len(answer[kind]))
    finally:
        stop.set()
        thread.join()
    check(most > 40 and went, f"the longest list had {most}")
    wait_until(lambda: api(server, "clients/")["total"] == 0 == api(server, "streams/")["total"], 20, "all gone")


# ---- kicks and refusals ------------------------------------------------------------------------


def kick(case):
    server = case.server()
    publisher = case.publish(server, "cam", media())
    server.wait_live("cam")
    player = waiting_player(case, server, "cam")
    clients = {c["type"]: c["id"] for c in api(server, "clients/")["clients"]}
    done = api(server, f"clients/{clients['flv-play']}", "DELETE")
    check(list(done) == HEAD_MEMBERS, f"a kick answers {done}")
    player.settimeout(10)
    with contextlib.suppress(ConnectionResetError):
        while player.recv(65536):
            pass
    wait_until(lambda: api(server, "clients/")["total"] == 1, 10, "the player gone")
    check(publisher.running(), "the publisher went with the player")
    check(code_of(ask(server.api, f"/api/v1/clients/{clients['flv-play']}", "DELETE")) == 2049, "kicked twice")
    jsonp = ask(server.api, f"/api/v1/clients/{clients['fmle-publish']}?callback=cb&method=DELETE")
    check(jsonp.text.startswith('cb({"code":0,'), f"kick by JSONP: {jsonp.text}")
    publisher.wait(10)
    wait_until(lambda: api(server, "streams/")["total"] == 0, 10, "the stream gone")
    check(sum("Kicked" in line for line in server.log_lines()) == 2, "each kick is told once in the log")


def codes(case):
    server = case.server()
    for path, method, code in [("streams/x", "GET", 2048), ("streams/vid-0000000", "GET", 2048),
                               ("streams/a/b", "GET", 2048), ("clients/x", "GET", 2049), ("clients/x", "DELETE", 2049),
                               ("clients/", "DELETE", 2049)]:
        got = code_of(ask(server.api, f"/api/v1/{path}", method))
        check(got == code, f"{method} {path}: {got}")
    for path, method in [("streams/", "POST"), ("streams/", "DELETE"), ("streams/x", "PUT"), ("clients/", "POST"),
                         ("clients/x", "PUT"), ("streams/?callback=f&method=POST", "GET")]:
        answer = ask(server.api, f"/api/v1/{path}", method)
        check((answer.status, answer.text) == (405, "Method Not Allowed"), f"{method} {path}: {answer.status}")
        check(answer.headers["Content-Type"].startswith("text/plain"), f"{method} {path}: type")
    for port, path in [(server.http, "/api/v1/streams/"), (server.http, "/api/"), (server.http, "/nothing"),
                       (server.api, "/rtc/v1/whip/"), (server.api, "/gb/v1/publish/")]:
        answer = ask(port, path)
        check((answer.status, answer.text) == (404, "Not Found"), f"{path}: {answer.status}")


def indexes(case):
    server = case.server()
    root = ask(server.api, "/").json()
    check(list(root) == HEAD_MEMBERS + ["urls"] and list(root["urls"]) == ["api", "rtc"], f"/: {root}")
    for path in ("/apis", "/player.js", "/live/x.flv", "/rtc", "/api2/v1/streams/"):
        check(ask(server.api, path).json()["urls"] == root["urls"], f"{path} is the root index")
    for path in ("/api/", "/api/v2", "/api/v2/streams/", "/api/x"):
        check(list(ask(server.api, path).json()["urls"]) == ["v1"], path)
    names = ("versions summaries rusages self_proc_stats system_proc_stats meminfos authors features requests vhosts "
             "streams clients raw clusters perf tcmalloc valgrind signal").split()
    for path in ("", "nothing", "versions/", "perf", "tcmalloc", "valgrind", "signal", "raw/", "authors/x"):
        index = api(server, path)
        check(list(index) == HEAD_MEMBERS + ["urls", "tests"], f"{path}: {list(index)}")
        check(list(index["urls"]) == names, f"{path}: {list(index['urls'])}")
        check(list(index["tests"]) == ["requests", "errors", "redirects", "[vhost]"], f"{path}: {index['tests']}")
    for port in (server.api, server.http):
        version = ask(port, "/api/v1/versions").json()
        check(list(version) == HEAD_MEMBERS + ["data"], f"versions: {list(version)}")
        check_members("version", version["data"], {"major": int, "minor": int, "revision": int, "version": str})
    for path in ("/api", "/api/v1", "/api/v1/streams", "/api/v1/clients", "/api/v1/vhosts"):
        for query in ("", "?start=1&count=2"):
            answer = ask(server.api, path + query)
            where = answer.headers["Location"]
            check((answer.status, where) == (302, f"{path}/{query}"), f"{path}: {answer.status} {where}")


# ---- forms of answers --------------------------------------------------------------------------


def jsonp(case):
    server = case.server()
    plain = ask(server.api, "/api/v1/versions")
    answer = ask(server.api, "/api/v1/versions?callback=a.b_c-1")
    check(answer.headers["Content-Type"] == "text/javascript", f"type {answer.headers['Content-Type']}")
    check(answer.text == f"a.b_c-1({plain.text})", f"body {answer.text}")
    check(ask(server.api, "/api/v1/streams/x?callback=f").text == 'f({"code":2048})', "an error")
    check(ask(server.api, "/api/v1/streams/?callback=f").text.endswith('"total":0})'), "a list")
    for name in ("alert(1)", "%3Cscript%3E", "a%20b", "a;b", "a" * 300, "%zz"):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.api, timeout=10)) as connection:
            connection.request("GET", f"/api/v1/versions?callback={name}")
            try:
                status = connection.getresponse().status
            except http.client.RemoteDisconnected:
                status = None
        check(status is None, f"callback {name} was answered with {status}")


def cors(case):
    for switch in ("on", "off"):
        server = case.server("daemon off; srs_log_tank console; rtmp { listen @RTMP@; }\n"
                             f"http_api {{ enabled on; listen @API@; crossdomain {switch}; }}\n"
                             "http_server { enabled on; listen @HTTP@; }\n")
        for path in ("streams/", "streams/x", "versions", "streams"):
            with_origin = ask(server.api, f"/api/v1/{path}", headers={"Origin": "http://a.b"}).headers
            without = ask(server.api, f"/api/v1/{path}").headers
            for name, value in CORS.items():
                check(with_origin[name] == (value if switch == "on" else None), f"{switch} {path} {name}: {with_origin[name]}")
                check(without[name] is None, f"{switch} {path}: {name} without Origin")
        options = ask(server.api, "/api/v1/streams/", "OPTIONS", {"Origin": "http://a.b"})
        check(options.status == (200 if switch == "on" else 405), f"OPTIONS, crossdomain {switch}: {options.status}")


def head(case):
    server = case.server()
    for port, path in [(server.api, "/api/v1/streams/"), (server.api, "/api/v1/versions"), (server.api, "/"),
                       (server.http, "/"), (server.http, "/player.js"), (server.http, "/mpegts.js")]:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            for _ in range(2):  # a body would be taken for the next answer
                connection.request("HEAD", path)
                answer = connection.getresponse()
                answer.read()
                check(answer.status == 200, f"HEAD {path}: {answer.status}")
                check(int(answer.headers["Content-Length"]) > 0, f"HEAD {path}: {answer.headers}")
                connection.request("GET", path)
                whole = connection.getresponse()
                check(len(whole.read()) == int(answer.headers["Content-Length"]), f"HEAD {path}: length")


# ---- the page ----------------------------------------------------------------------------------

PLAYERS = "trunk/research/players"
CONSOLE = "trunk/research/console"
LIBRARY = "objs/npm/mpegts.js/dist/mpegts.js"
PAGE = {"/": ("text/html; charset=utf-8", f"{PLAYERS}/index.html"),
        "/index.html": ("text/html; charset=utf-8", f"{PLAYERS}/index.html"),
        "/player.js": ("text/javascript; charset=utf-8", f"{PLAYERS}/player.js"),
        "/player.css": ("text/css; charset=utf-8", f"{PLAYERS}/player.css"),
        "/mpegts.js": ("text/javascript; charset=utf-8", LIBRARY)}
# On the API's port too.
CONSOLE_PAGE = {"/console/": ("text/html; charset=utf-8", f"{CONSOLE}/index.html"),
                "/console/index.html": ("text/html; charset=utf-8", f"{CONSOLE}/index.html"),
                "/console/console.js": ("text/javascript; charset=utf-8", f"{CONSOLE}/console.js"),
                "/console/api.js": ("text/javascript; charset=utf-8", f"{CONSOLE}/api.js"),
                "/console/chart.js": ("text/javascript; charset=utf-8", f"{CONSOLE}/chart.js"),
                "/console/player.js": ("text/javascript; charset=utf-8", f"{CONSOLE}/player.js"),
                "/console/console.css": ("text/css; charset=utf-8", f"{CONSOLE}/console.css"),
                "/console/mpegts.js": ("text/javascript; charset=utf-8", LIBRARY)}


def read(path):
    with open(os.path.join(ROOT, path), "rb") as file:
        return file.read()


def check_page(port, library, files):
    for path, (kind, source) in files.items():
        answer = ask(port, path)
        if source == LIBRARY and not library:
            check(answer.status == 404, f"{path} without a library: {answer.status}")
            continue
        check(answer.status == 200 and answer.headers["Content-Type"] == kind, f"{path}: {answer.status}")
        check(answer.headers["Cache-Control"] == "no-cache", f"{path}: {answer.headers}")
        if files is CONSOLE_PAGE:
            policy = answer.headers["Content-Security-Policy"]
            check("script-src 'self'" in policy and "frame-ancestors 'self'" in policy, f"{path}: {policy}")
            check(answer.headers["X-Content-Type-Options"] == "nosniff", f"{path}: {answer.headers}")
        check(answer.body == read(source), f"{path}: {len(answer.body)} bytes that are not those of {source}")
        check(ask(port, f"{path}?stream=live/x&autoplay=1").body == answer.body, f"{path} with a query")
        for method in ("POST", "PUT", "DELETE"):
            refused = ask(port, path, method)
            check(refused.status == 405, f"{method} {path}: {refused.status}")


def page_files(case):
    check(sorted(os.listdir(os.path.join(ROOT, CONSOLE))) == sorted({os.path.basename(f) for _, f in CONSOLE_PAGE.values()
                                                                  if f != LIBRARY}), "a file of the console is not served")
    server = case.server()
    library = os.path.exists(os.path.join(ROOT, LIBRARY))
    check_page(server.http, library, PAGE)
    for port in (server.http, server.api):
        check_page(port, library, CONSOLE_PAGE)
        answer = ask(port, "/console")
        check(answer.status == 302 and answer.headers["Location"] == "/console/", f"/console: {answer.status}")


def page_without_library(case):
    """The program lies elsewhere and runs elsewhere: then there is no library to be found."""
    move = 'cp "$0" ./srs && exec ./srs "$@"'
    server = case.server(prefix=("env", "-C", case.folder, "sh", "-c", move))
    check_page(server.http, False, PAGE)
    for port in (server.http, server.api):
        check_page(port, False, CONSOLE_PAGE)
    check(any("player library is missing" in line for line in server.log_lines("warn")), "the log does not say so")


def page_shares_a_port(case):
    server = case.server("daemon off; srs_log_tank console; rtmp { listen @RTMP@; }\n"
                         "http_api { enabled on; listen @HTTP@; }\nhttp_server { enabled on; listen @HTTP@; }\n"
                         "vhost __defaultVhost__ { http_remux { enabled on; } }\n")
    check(ask(server.http, "/").body == read(f"{PLAYERS}/index.html"), "the page goes before the API's index")
    check(ask(server.http, "/api/v1/streams/").json()["total"] == 0, "the API is there too")
    check(ask(server.http, "/api/v1/versions").json()["code"] == 0, "versions")
    check(ask(server.http, "/nothing").status == 404, "unknown paths")


def page_gives_nothing_else_away(case):
    server = case.server()
    secret = read("trunk/src/server/page/page.h")[:40]
    up = ["..", "%2e%2e", ".%2e", "%2E.", "..%2f", "..%5c", "..\\", "....", "%252e%252e", "..%00", "..;"]
    names = ["trunk/src/server/page/page.h", "etc/passwd", "objs/npm/mpegts.js/package.json", "Makefile"]
    paths = [f"/{'/'.join([dots] * n)}/{name}" for dots in up for n in (1, 3, 9) for name in names]
    paths += [f"/{name}" for name in names] + [f"//{name}" for name in names]
    paths += ["/mpegts.js/../mpegts.js.map", "/mpegts.js.map", "/player.js/..", "/./../Makefile", "/player.js%00.txt",
              "/%2fetc/passwd", "file:///etc/passwd", "/objs/", "/.", "/~root", "*"]
    paths += [f"/console/{'/'.join([dots] * n)}/{name}" for dots in up[:6] for n in (1, 4) for name in names]
    paths += [f"/console/{name}" for name in names] + ["/console/api.js/", "/console/mpegts.js.map"]
    for port in (server.http, server.api):
        for path in paths:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
                peer.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
                with peer.makefile("rb") as file:
                    answer = file.read()
            leaks = [text for text in (secret, b"root:", b"SUFFIXES", b'"version": "1') if text in answer]
            check(not leaks, f"{path} gave {leaks}")
            # Whatever the API does not know is its index.
            indexed = port == server.api and not path.startswith("/console/")
            good = answer.startswith(b"HTTP/1.1 200") and not indexed and path != "/."
            check(not good, f"{path} on port {port}: {answer[:60]}")
    check(ask(server.http, "/").status == 200, "the page after all that")


harness.main({case.__name__: case for case in [
    stream_members, client_members, publisher_types, rates, pages, long_list_in_chunks, list_while_clients_leave, kick, codes, indexes,
    jsonp, cors, head, page_files, page_without_library, page_shares_a_port, page_gives_nothing_else_away]}, parallel=4)
