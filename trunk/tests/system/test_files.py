#!/usr/bin/env python3
"""Static files: types, ranges, validators, directories and their jail, vhosts' mounts, seeks in FLV and MP4, and what large
files and slow readers do to a stream beside them."""
import contextlib
import filecmp
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import FFMPEG, check, main, make_flv, need, probe, wait_until
from wire import FlvPlayer, FlvReader, read_flv

TEXT = b"0123456789"


class Answer:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = dict(line.split(": ", 1) for line in lines[1:])

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:60]!r}"


def ask(server, path, method="GET", **headers):
    """The path goes out as it is written."""
    names = {"Host": "127.0.0.1", **{k.replace("_", "-"): v for k, v in headers.items()}}
    text = f"{method} {path} HTTP/1.1\r\nConnection: close\r\n" + "".join(f"{k}: {v}\r\n" for k, v in names.items())
    with socket.create_connection(("127.0.0.1", server.http), timeout=20) as sock:
        sock.sendall(text.encode("latin-1") + b"\r\n")
        with sock.makefile("rb") as file:
            data = file.read()
    check(data.startswith(b"HTTP/1.1 "), f"{method} {path}: {data[:80]!r}")
    return Answer(data)


def put(case, path, data=TEXT):
    whole = os.path.join(case.folder, path)
    os.makedirs(os.path.dirname(whole), exist_ok=True)
    with open(whole, "wb") as file:
        file.write(data)
    return whole


def config(case, *, http="", vhosts="", top="", root="www"):
    os.makedirs(case.path(root), exist_ok=True)
    return (f"daemon off; srs_log_tank console; max_connections auto; {top}\nrtmp {{ listen @RTMP@; }}\n"
            f"http_api {{ enabled on; listen @API@; }}\nhttp_server {{ enabled on; listen @HTTP@; {http} dir {case.path(root)}; }}\n"
            + (vhosts or "vhost __defaultVhost__ { http_remux { enabled on; } }\n"))


# ---- plain files -----------------------------------------------------------------------------


def types_and_methods(case):
    server = case.server(config(case))
    types = {"a.flv": "video/x-flv", "a.mp4": "video/mp4", "a.m3u8": "application/vnd.apple.mpegurl", "a.ts": "video/MP2T",
             "a.m4s": "video/iso.segment", "a.mpd": "application/dash+xml", "a.aac": "audio/aac", "a.mp3": "audio/mpeg",
             "a.html": "text/html; charset=utf-8", "a.js": "text/javascript; charset=utf-8", "a.css": "text/css; charset=utf-8",
             "a.json": "application/json", "a.svg": "image/svg+xml", "a.PNG": "image/png", "a.jpg": "image/jpeg",
             "a.xml": "text/xml; charset=utf-8", "a.wasm": "application/wasm", "a.txt": "text/plain; charset=utf-8",
             "a": "application/octet-stream", "b c%.txt": "text/plain; charset=utf-8", "中.txt": "text/plain; charset=utf-8"}
    for name, kind in types.items():
        put(case, f"www/{name}")
        path = "/" + "".join(c if c.isascii() and c not in " %" else "".join(f"%{b:02x}" for b in c.encode()) for c in name)
        answer, head = ask(server, path), ask(server, path, "HEAD")
        check(answer.status == 200 and answer.headers["Content-Type"] == kind and answer.body == TEXT, f"{path}: {answer}")
        check(answer.headers["Content-Length"] == "10", f"{path}: {answer}")
        check(head.headers == answer.headers and head.body == b"" and head.status == 200, f"HEAD {path}: {head}")
        check((answer.headers.get("Cache-Control") == "no-cache") == name.endswith((".m3u8", ".mpd")), f"{path}: {answer}")
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = ask(server, "/a.txt", method)
        check(answer.status == 405 and answer.headers["Allow"] == "GET, HEAD", f"{method}: {answer}")
    put(case, "www/empty.txt", b"")
    empty = ask(server, "/empty.txt")
    check(empty.status == 200 and empty.headers["Content-Length"] == "0", f"empty: {empty}")
    check(ask(server, "/nothing.txt").status == 404 and ask(server, "/a.txt/b").status == 404, "what is not there")
    check(ask(server, "/a.txt?x=1&start=3").body == TEXT, "a query")
    os.chmod(case.path("www/a.txt"), 0)
    if os.geteuid() != 0:
        check(ask(server, "/a.txt").status == 403, "not readable")
    kept = subprocess.run(["curl", "-sS", "-w", "%{num_connects}\n", *[f"http://127.0.0.1:{server.http}/a.{x}" for x in ("css", "js")],
                           "-o", "/dev/null", "-o", "/dev/null"], capture_output=True, timeout=10, check=True).stdout
    check(kept == b"1\n0\n", f"two files over one connection: {kept}")


def ranges(case):
    server = case.server(config(case))
    put(case, "www/a.bin")
    rows = {"bytes=0-0": b"0", "bytes=0-9": TEXT, "bytes=3-": TEXT[3:], "bytes=3-100": TEXT[3:], "bytes=-4": TEXT[-4:],
            "bytes=-100": TEXT, "bytes=5-5": b"5"}
    for value, body in rows.items():
        answer = ask(server, "/a.bin", Range=value)
        first = TEXT.index(body)
        check(answer.status == 206 and answer.body == body, f"{value}: {answer}")
        check(answer.headers["Content-Range"] == f"bytes {first}-{first + len(body) - 1}/10", f"{value}: {answer}")
        check(answer.headers["Content-Length"] == str(len(body)), f"{value}: {answer}")
        head = ask(server, "/a.bin", "HEAD", Range=value)
        check(head.status == 200 and head.headers["Content-Length"] == "10", f"HEAD has no ranges: {head}")
    for value in ("bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999999-"):
        answer = ask(server, "/a.bin", Range=value)
        check(answer.status == 416 and answer.headers["Content-Range"] == "bytes */10", f"{value}: {answer}")
    for value in ("bytes=1-2,4-5", "bytes=5-3", "lines=1-2", "bytes=", "bytes=a-b", "1-2"):
        answer = ask(server, "/a.bin", Range=value)
        check(answer.status == 200 and answer.body == TEXT and "Content-Range" not in answer.headers, f"{value}: {answer}")
    whole = ask(server, "/a.bin")
    check(whole.headers["Accept-Ranges"] == "bytes", f"{whole}")
    for good in (whole.headers["ETag"], whole.headers["Last-Modified"]):
        check(ask(server, "/a.bin", Range="bytes=1-2", If_Range=good).status == 206, f"If-Range: {good}")
    for bad in ('"other"', "W/" + whole.headers["ETag"], "Sun, 06 Nov 1994 08:49:37 GMT"):
        check(ask(server, "/a.bin", Range="bytes=1-2", If_Range=bad).body == TEXT, f"If-Range: {bad}")


def validators(case):
    server = case.server(config(case))
    path = put(case, "www/a.txt")
    os.utime(path, (784111777, 784111777))
    first = ask(server, "/a.txt")
    etag, date = first.headers["ETag"], first.headers["Last-Modified"]
    check(date == "Sun, 06 Nov 1994 08:49:37 GMT", f"{first}")
    for headers in (dict(If_None_Match=etag), dict(If_None_Match=f'"x", W/{etag}'), dict(If_None_Match="*"),
                    dict(If_Modified_Since=date), dict(If_Modified_Since="Sunday, 06-Nov-94 08:49:38 GMT"),
                    dict(If_None_Match=etag, If_Modified_Since="Sun, 06 Nov 1994 08:49:36 GMT")):
        answer = ask(server, "/a.txt", **headers)
        check(answer.status == 304 and answer.body == b"" and answer.headers["ETag"] == etag, f"{headers}: {answer}")
        check("Content-Length" not in answer.headers, f"{headers}: {answer}")
    for headers in (dict(If_None_Match='"x"'), dict(If_Modified_Since="Sun, 06 Nov 1994 08:49:36 GMT"),
                    dict(If_None_Match='"x"', If_Modified_Since=date), dict(If_Modified_Since="yesterday")):
        check(ask(server, "/a.txt", **headers).body == TEXT, f"{headers}")
    put(case, "www/a.txt", b"other")
    check(ask(server, "/a.txt", If_None_Match=etag).body == b"other", "a new version has another tag")


def crossdomain(case):
    put(case, "www/a.txt")
    for value in ("on", "off"):
        server = case.server(config(case, http=f"crossdomain {value};"))
        for path, status in (("/a.txt", 200), ("/nothing", 404)):
            answer = ask(server, path, Origin="http://a.example")
            allowed = "Access-Control-Allow-Origin" in answer.headers
            check(answer.status == status and allowed == (value == "on"), f"crossdomain {value} {path}: {answer}")
        check(ask(server, "/a.txt", "OPTIONS", Origin="http://a.example").status == (200 if value == "on" else 405), "OPTIONS")


# ---- directories -----------------------------------------------------------------------------


def directories(case):
    server = case.server(config(case))
    page = ask(server, "/")
    check(page.status == 200 and b"player.js" in page.body, f"no index.html of its own: the built-in page, {page}")
    check(ask(server, "/player.js").status == 200, "and what belongs to it")
    put(case, "www/sub/index.html", b"sub")
    put(case, "www/a b/c%?/x.txt")
    put(case, "www/odd/index.html/x")
    check(ask(server, "/sub/").body == b"sub" and ask(server, "/sub/index.html").body == b"sub", "index.html")
    check(ask(server, "/./sub//").body == b"sub", "empty segments")
    for path, location in (("/sub", "/sub/"), ("/sub?a=b&c", "/sub/?a=b&c"), ("/a%20b", "/a%20b/"),
                           ("/a%20b/c%25%3f", "/a%20b/c%25%3F/"), ("//sub", "/sub/")):
        answer = ask(server, path)
        check(answer.status == 302 and answer.headers["Location"] == location, f"{path}: {answer}")
    check(ask(server, "/a%20b/").status == 404, "a directory without index.html is not listed")
    check(ask(server, "/odd/").status == 404, "index.html that is a directory")
    check(ask(server, "/sub/", "POST").status == 405, "POST to a directory")
    put(case, "www/index.html", b"own")
    put(case, "www/player.js", b"own script")
    check(ask(server, "/").body == b"own" and ask(server, "/index.html").body == b"own", "the directory's own page")
    check(ask(server, "/player.js").body == b"own script", "its own script")
    check(ask(server, "/player.css").status == 200, "the rest stays")


def no_way_out(case):
    server = case.server(config(case, root="jail/www"))
    put(case, "jail/www/in.txt")
    put(case, "jail/www/sub/x.txt")
    put(case, "jail/secret.txt", b"SECRET")
    www = case.path("jail/www")
    for name, to in {"out": "../secret.txt", "absolute": case.path("jail/secret.txt"), "passwd": "/etc/passwd", "up": "..",
                     "root": "/", "proc": "/proc/self/root/etc/passwd", "cwd": "/proc/self/cwd", "sub/up2": "../../secret.txt",
                     "loop": "loop", "link": "in.txt", "sub/back": "../in.txt", "inside-absolute": f"{www}/in.txt"}.items():
        os.symlink(to, f"{www}/{name}")
    os.mkfifo(f"{www}/fifo")
    ups = ["..", "%2e%2e", ".%2e", "%2E.", "%2e%2e%2f", "..%2f", "..%5c", "..\\", "....", "....//", "%252e%252e", "..%00", "..;",
           "..%01", "%c0%ae%c0%ae", "%uff0e%uff0e", ". .", ".. ", "..%20", "..%0a", "sub/../..", "sub/%2e%2e/%2e%2e"]
    paths = [f"/{'/'.join([up] * n)}/{name}" for up in ups for n in (1, 2, 9) for name in ("secret.txt", "etc/passwd")]
    paths += [f"/{name}" for name in ("out", "absolute", "passwd", "up/secret.txt", "root/etc/passwd", "proc", "cwd/Makefile", "loop",
                                      "sub/up2", "inside-absolute", "fifo", "sub/up2/", "up/www/in.txt", "up", "root", "root/etc/")]
    paths += ["/etc/passwd", "//etc/passwd", "/%2fetc/passwd", "/%2e", "/in.txt%00.html", "/in.txt%00", "/%00", "/in.txt%0d%0aX: y",
              "file:///etc/passwd", "/.", "/..", "/~root/.profile", "/" + "a/" * 3000, "/" + "a" * 7000, "/" + "%61" * 2500]
    for path in paths:
        try:
            answer = ask(server, path)
        except UnicodeError:
            continue
        check(b"SECRET" not in answer.body and b"root:" not in answer.body and b"SUFFIXES" not in answer.body, f"{path}: {answer}")
        good = path in ("/%2e", "/.")  # that is "/", the built-in page
        check(answer.status in ((200,) if good else (400, 403, 404, 414)), f"{path}: {answer}")
    for path in ("/out", "/passwd", "/up/secret.txt", "/root/etc/passwd", "/fifo", "/loop", "/inside-absolute"):
        check(ask(server, path).status == 403, f"{path}: {ask(server, path)}")
    for path in ("/link", "/sub/back"):
        check(ask(server, path).body == TEXT, f"{path}: a link within the directory")
    check(ask(server, "/out?vhost=%").status == 400, "a bad query")


def vhosts_have_directories_of_their_own(case):
    server = case.server(config(case, vhosts=f"""
        vhost __defaultVhost__ {{ http_remux {{ enabled on; }} }}
        vhost a.example {{ http_static {{ enabled on; dir {case.path('a')}; }} }}
        vhost b.example {{ http {{ enabled on; mount [vhost]/vod/; dir {case.path('b')}; }} }}
        vhost c.example {{ http_static {{ enabled on; mount c.example/x; dir {case.path('c')}; }} }}
        vhost d.example {{ enabled off; http_static {{ enabled on; dir {case.path('a')}; }} }}
        vhost e.example {{ http_static {{ enabled off; dir {case.path('a')}; }} }}
        vhost f.example {{ http_static {{ enabled on; dir {case.path('none')}; }} }}"""))
    for name in "abc":
        put(case, f"{name}/f.txt", name.encode())
    put(case, "b/index.html", b"b's")
    put(case, "www/f.txt", b"www")
    put(case, "www/vod/f.txt", b"www/vod")
    rows = [("a.example", "/f.txt", b"a"), ("A.Example:8080", "/f.txt", b"a"), ("b.example", "/vod/f.txt", b"b"),
            ("b.example", "/f.txt", b"www"), ("b.example", "/vod/", b"b's"), ("c.example", "/x/f.txt", b"c"),
            ("c.example", "/f.txt", b"www"), ("d.example", "/f.txt", b"www"), ("e.example", "/f.txt", b"www"),
            ("other", "/f.txt", b"www"), ("other", "/vod/f.txt", b"www/vod")]
    for host, path, body in rows:
        answer = ask(server, path, Host=host)
        check(answer.body == body, f"{host} {path}: {answer}")
    check(ask(server, "/f.txt?vhost=a.example").body == b"a", "a vhost in the query")
    check(ask(server, "/f.txt", Host="f.example").status == 404, "a directory that is not there")
    moved = ask(server, "/vod", Host="b.example")
    check(moved.status == 302 and moved.headers["Location"] == "/vod/", f"{moved}")


def reload_changes_the_directory(case):
    put(case, "www/f.txt", b"old")
    put(case, "new/f.txt", b"new")
    server = case.server(config(case))
    check(ask(server, "/f.txt").body == b"old", "before")
    path = next(entry.path for entry in os.scandir(case.folder) if entry.name.endswith(".conf"))
    with open(path, encoding="utf-8") as file:
        text = file.read()
    vhost = f"vhost x.example {{ http_static {{ enabled on; mount [vhost]/m/; dir {case.path('www')}; }} }}\n"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(f"dir {case.path('www')};", f"dir {case.path('new')};") + vhost)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: ask(server, "/f.txt").body == b"new", 10, "the new directory")
    check(ask(server, "/m/f.txt", Host="x.example").body == b"old", "the new vhost's")


# ---- seeks -----------------------------------------------------------------------------------


def key_positions(path):
    """Offsets of the key frames' tags, and where each tag begins."""
    with open(path, "rb") as file:
        data = file.read()
    at, keys, tags = 13, [], []
    while at + 15 <= len(data):
        size = int.from_bytes(data[at + 1:at + 4], "big")
        tags.append(at)
        if data[at] == 9 and data[at + 11] == 0x17 and data[at + 12] == 1:
            keys.append(at)
        at += 15 + size
    return data, keys, tags


def flv_plays_from_an_offset(case):
    source = make_flv(20, name="vod", b_frames=0)
    indexed = case.path("www/vod/indexed.flv")
    plain = case.path("www/vod/plain.flv")
    os.makedirs(os.path.dirname(plain))
    for options, out in (("add_keyframe_index", indexed), ("no_duration_filesize", plain)):
        subprocess.run([*FFMPEG, "-i", source, "-c", "copy", "-flvflags", options, out], check=True, timeout=60)
    check(b"filepositions" in open(indexed, "rb").read(5000), "ffmpeg wrote no index")
    server = case.server(config(case))
    for path in (indexed, plain):
        url = "/vod/" + os.path.basename(path)
        data, keys, tags = key_positions(path)
        check(len(keys) >= 15, f"{len(keys)} key frames")
        check(filecmp.cmp(path, fetch(case, server, url), shallow=False), f"{url} whole")
        for start in (keys[7], keys[7] + 1, keys[7] - 1, tags[len(tags) // 2] + 5, len(data) // 3, 1, 300):
            want = next(key for key in keys if key >= start)
            answer = ask(server, f"{url}?start={start}")
            check(answer.status == 200 and answer.headers["Content-Type"] == "video/x-flv", f"{url} {start}: {answer}")
            check(int(answer.headers["Content-Length"]) == len(answer.body), f"{url} {start}: length")
            check(answer.body.endswith(data[want:]), f"{url} from {start}: does not go on at {want}")
            front = FlvReader().feed(answer.body[:len(answer.body) - (len(data) - want)], 0.0)
            check([t.kind for t in front] == [18, 9, 8] and front[1].is_avc_config(), f"{url} {start}: {[t.kind for t in front]}")
            check("ETag" not in answer.headers and "Accept-Ranges" not in answer.headers, f"{url} {start}: {answer}")
            head = ask(server, f"{url}?start={start}", "HEAD")
            check(head.headers == answer.headers and head.body == b"", f"HEAD {url} {start}: {head}")
        for start in ("0", "abc", "", "-5"):
            check(ask(server, f"{url}?start={start}").body == data, f"{url} start={start}: the whole file")
        for start in (keys[-1] + 1, len(data), 10 ** 12, 10 ** 30):
            check(ask(server, f"{url}?start={start}").status == 416, f"{url} start={start}")
        seen = probe(f"http://127.0.0.1:{server.http}{url}?start={keys[10]}")
        video = [p for p in seen["packets"] if p["codec_type"] == "video"]
        kept = [t for t in read_flv(path) if t.is_picture()]
        check("K" in video[0]["flags"] and float(video[0]["pts_time"]) == kept[10 * len(kept) // len(keys)].ms / 1000, f"{video[0]}")
        check(len(video) == len(kept) - kept.index(next(t for t in kept if t.ms == round(float(video[0]["pts_time"]) * 1000))),
              f"{len(video)} pictures")
        decoded = subprocess.run([*FFMPEG, "-xerror", "-i", f"http://127.0.0.1:{server.http}{url}?start={keys[10]}", "-f", "null", "-"],
                                 capture_output=True, timeout=60, check=False)
        check(decoded.returncode == 0 and not decoded.stderr, f"ffmpeg: {decoded.stderr.decode()[-400:]}")
    put(case, "www/not.flv", b"MPEG" * 1000)
    check(ask(server, "/not.flv?start=100").status == 400, "a start within what is no FLV")
    put(case, "www/empty.flv", b"")
    check(ask(server, "/empty.flv?start=1").status == 416, "a start within nothing")


def fetch(case, server, url):
    path = case.path(f"fetched-{len(os.listdir(case.folder))}")
    subprocess.run(["curl", "-sSf", "-o", path, f"http://127.0.0.1:{server.http}{url}"], check=True, timeout=60)
    return path


def mp4_plays_by_ranges(case):
    source = make_flv(20, name="vod", b_frames=0)
    path = case.path("www/a.mp4")
    os.makedirs(os.path.dirname(path))
    subprocess.run([*FFMPEG, "-i", source, "-c", "copy", path], check=True, timeout=60)
    with open(path, "rb") as file:
        data = file.read()
    server = case.server(config(case))
    size = len(data)
    for query in (f"range=100-{size - 101}", f"bytes=100-{size - 101}"):
        answer = ask(server, f"/a.mp4?{query}", Range="bytes=0-1")
        check(answer.status == 206 and answer.body == data[100:-100], f"{query}: {answer}")
        check(answer.headers["Content-Range"] == f"bytes 100-{size - 101}/{size}", f"{query}: {answer}")
        check(answer.headers["Content-Type"] == "video/mp4", f"{query}: {answer}")
    check(ask(server, "/a.mp4?range=1000-").body == data[1000:], "up to the end")
    check(ask(server, f"/a.mp4?range={size}-").status == 416, "behind the end")
    for query in ("range=", "range=x", "start=100"):
        check(ask(server, f"/a.mp4?{query}").body == data, f"{query}: the whole file")
    put(case, "www/a.bin")
    check(ask(server, "/a.bin?range=1-2").body == TEXT, "only an MP4 has such a query")
    # Its index stands at the end, so that ffprobe must ask for parts; and so must a seek.
    seen = probe(f"http://127.0.0.1:{server.http}/a.mp4")
    check(len([p for p in seen["packets"] if p["codec_type"] == "video"]) == 500, f"{len(seen['packets'])} packets")
    late = probe(f"http://127.0.0.1:{server.http}/a.mp4", options=("-read_intervals", "15%+#20"))
    check(float(late["packets"][0]["pts_time"]) > 13, f"a seek to 15 s began at {late['packets'][0]['pts_time']}")


def recordings_beside_streams(case):
    """A file counts while nobody publishes under its name."""
    source = make_flv(10, name="beside")
    with open(source, "rb") as file:
        data = file.read()
    put(case, "www/live/show.flv", data)
    server = case.server(config(case))
    check(ask(server, "/live/show.flv").body == data, "the recording")
    publisher = case.publish(server, "show", make_flv(30, name="websocket"))
    server.wait_live("show")
    player = FlvPlayer(case, server, "show")
    player.wait_media(10, 20)
    check("chunked" in player.head, f"the stream, {player.head}")
    player.close()
    publisher.end()
    wait_until(lambda: not server.is_active("show"), 10, "unpublished")
    check(ask(server, "/live/show.flv").body == data, "the recording again")
    waiting = FlvPlayer(case, server, "other")
    wait_until(lambda: waiting.head, 5, "a player that waits where there is no file")


# ---- beside a stream -------------------------------------------------------------------------


def large_files_beside_a_stream(case):
    server = case.server(config(case))
    size = 1 << 30
    path = put(case, "www/large.bin", b"")
    os.truncate(path, size)
    case.publish(server, "show", make_flv(30, name="websocket"))
    server.wait_live("show")
    player = FlvPlayer(case, server, "show")
    player.wait_media(10, 20)
    began = time.monotonic()
    before = server.rss()
    url = f"http://127.0.0.1:{server.http}/large.bin"
    curls = [case.program(["nice", "curl", "-sSf", "-o", "/dev/null", "-w", "%{size_download}", url]) for _ in range(4)]
    grown = 0
    while any(c.running() for c in curls):
        grown = max(grown, server.rss() - before)
        check(time.monotonic() < began + 60, "4 GiB take over a minute")
        time.sleep(0.05)
    took = time.monotonic() - began
    for curl in curls:
        check(curl.wait(5) == 0 and curl.output().strip() == str(size), f"curl: {curl.output()}")
    gap = player.largest_gap(began)
    player.check_well()
    player.check_order()
    check(gap < 0.35 + 0.2, f"the viewer's largest gap is {gap:.3f} s")
    check(grown < 4 << 20, f"memory grew by {grown} bytes")
    print(f"large_files_beside_a_stream: 4 GiB in {took:.1f} s, largest gap {gap * 1000:.0f} ms, memory +{grown >> 10} KiB", flush=True)


def slow_readers(case):
    server = case.server(config(case, top="send_timeout 2;"))
    path = put(case, "www/large.bin", b"")
    os.truncate(path, 64 << 20)

    def begin():
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        sock.settimeout(30)
        case.callback(sock.close)
        sock.connect(("127.0.0.1", server.http))
        sock.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        return sock

    before = server.rss()
    stalled = [begin() for _ in range(50)]
    steady = begin()
    began = time.monotonic()
    got = 0
    while time.monotonic() < began + 6:  # three times what one that takes nothing has
        got += len(steady.recv(20000))
        time.sleep(0.05)
    check(server.rss() - before < 16 << 20, f"memory grew by {server.rss() - before} bytes")
    wait_until(lambda: len([x for x in server.log_lines("warn") if "SendTimeout" in x]) == 50, 5, "50 readers cut off")
    check(len(steady.recv(20000)) > 0, "the steady reader goes on")
    for sock in stalled:
        size = 0
        with sock:
            try:
                while data := sock.recv(1 << 20):
                    size += len(data)
            except ConnectionResetError:
                pass
        check(0 < size < 2 << 20, f"a stalled reader was sent {size} bytes")
    answer = ask(server, "/large.bin", Range="bytes=0-9")
    check(answer.body == bytes(10), "and others are served")


def readers_that_leave(case):
    server = case.server(config(case))
    path = put(case, "www/large.bin", b"")
    os.truncate(path, 1 << 30)

    def open_beside_listeners():
        """Sockets of clients, and files of the directory."""
        folder, names = f"/proc/{server.process.pid}/fd", []
        for fd in os.listdir(folder):
            with contextlib.suppress(OSError):
                names.append(os.readlink(f"{folder}/{fd}"))
        sockets = len([name for name in names if name.startswith("socket:")])
        return sockets - len(server.listening_ports()) + len([name for name in names if "large.bin" in name])

    for i in range(100):
        with socket.create_connection(("127.0.0.1", server.http)) as sock:
            sock.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
            if i % 2:
                sock.recv(1000)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", i % 4 // 2, 0))
    wait_until(lambda: open_beside_listeners() == 0, 10, "all descriptors given back")
    # A connection that was reset before the answer began is told; who leaves within a file is not.
    warnings = [line for line in server.log_lines("warn") if "SocketWrite" not in line]
    check(not warnings and len(server.log_lines("warn")) <= 50, f"{server.log_lines('warn')[:3]}")


def file_that_is_cut_while_it_is_sent(case):
    server = case.server(config(case))
    path = put(case, "www/large.bin", b"")
    os.truncate(path, 64 << 20)
    with socket.create_connection(("127.0.0.1", server.http), timeout=20) as sock:
        sock.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        data = sock.recv(100000)
        os.truncate(path, 1 << 20)
        size = len(data)
        while data := sock.recv(1 << 20):
            size += len(data)
    check(size < 64 << 20, "all of it came")
    wait_until(lambda: any("FileEof" in line for line in server.log_lines("warn")), 5, "a line in the log")


def curl_knows_its_way(case):
    """Resumed and conditional downloads by a client that others wrote."""
    need("curl", "curl")
    server = case.server(config(case))
    data = os.urandom(300000)
    source = put(case, "www/a.bin", data)
    url = f"http://127.0.0.1:{server.http}/a.bin"
    part = put(case, "part.bin", data[:100000])
    subprocess.run(["curl", "-sSf", "-C", "-", "-o", part, url], check=True, timeout=20)
    check(filecmp.cmp(part, source, shallow=False), "resumed")
    tag = case.path("tag")
    line = ["curl", "-sSf", "-w", "%{http_code}", "--etag-save", tag, "--etag-compare", tag, "-o", part, url]
    codes = [subprocess.run(line, check=True, timeout=20, capture_output=True).stdout for _ in range(2)]
    check(codes == [b"200", b"304"], f"{codes}")
    code = subprocess.run(["curl", "-sS", "-w", "%{http_code}", "-z", source, "-o", case.path("z"), url], check=True, timeout=20,
                          capture_output=True).stdout
    check(code == b"304", f"If-Modified-Since: {code}")
    both = subprocess.run(["curl", "-sSf", "-r", "5-9", url], check=True, timeout=20, capture_output=True).stdout
    check(both == data[5:10], "a range")
    check(json.dumps(len(data)) in subprocess.run(["curl", "-sSfI", url], check=True, timeout=20, capture_output=True).stdout.decode(),
          "HEAD")


main({f.__name__: f for f in (types_and_methods, ranges, validators, crossdomain, directories, no_way_out,
                              vhosts_have_directories_of_their_own, reload_changes_the_directory, flv_plays_from_an_offset,
                              mp4_plays_by_ranges, recordings_beside_streams, slow_readers, readers_that_leave,
                              file_that_is_cut_while_it_is_sent, curl_knows_its_way, large_files_beside_a_stream)})
