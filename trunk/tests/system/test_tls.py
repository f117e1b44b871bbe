#!/usr/bin/env python3
"""RTMPS and HTTPS of the built server: ffmpeg, curl, openssl and Chromium, certificates by name and renewed, viewers that
lag, and peers that do not speak TLS as it is meant."""
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import (FFMPEG, HERE, OUT, ROOT, Failure, check, free_port, main, make_flv, need, probe, sanitizer_environment,
                     wait_until)
from tls import (TlsFlvPlayer, TlsRtmpPlayer, client_context, make_certificate, tls_connect, tls_server)
from wire import FlvPlayer, Rtmp, read_flv

BEAT = 0.35
HANDSHAKE_SECONDS = 10
SMALL_BUFFER = 32 * 1024


def thin():
    return make_flv(40, name="small", size="320x180", kbps=300)


def fat():
    return make_flv(40, name="fat", size="640x360", kbps=3000)


def rtmps_url(server, name):
    return f"rtmps://127.0.0.1:{server.rtmps}/live/{name}"


def https_url(server, name):
    return f"https://127.0.0.1:{server.https}/live/{name}.flv"


def publish(case, server, name, path):
    return case.program([*FFMPEG, "-re", "-stream_loop", "-1", "-i", path, "-c", "copy", "-f", "flv", "-flvflags",
                         "no_duration_filesize", rtmps_url(server, name)])


def curl(*arguments):
    """(exit status, what was written)."""
    need("curl", "curl")
    done = subprocess.run(["curl", "-sS", "--max-time", "8", *arguments], capture_output=True, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


# ---- other programs ----------------------------------------------------------------------------


def ffmpeg_publishes_and_plays(case):
    server = tls_server(case)
    publish(case, server, "x", thin())
    server.wait_live("x")
    whole = {t.body for t in read_flv(thin()) if t.is_media()}
    for url in (rtmps_url(server, "x"), https_url(server, "x"), server.rtmp_url("x")):
        seen = probe(url, seconds=2)
        kinds = {s["codec_type"]: s["codec_name"] for s in seen["streams"] if s["codec_type"] in ("video", "audio")}
        check(kinds == {"video": "h264", "audio": "aac"}, f"{url} has {kinds}")
        check(len(seen["packets"]) > 60, f"{url} gave {len(seen['packets'])} packets")
    for player in (TlsRtmpPlayer(case, server, "x"), TlsFlvPlayer(case, server, "x")):
        player.wait_media(6, 100)
        player.check_order()
        check(all(t.body in whole for t in player.media()), "a frame is not one of the file's")
    clients = server.api_get("clients/?count=100")["clients"]
    check(any(c["tcUrl"] == f"rtmps://127.0.0.1:{server.rtmps}/live" and c["publish"] for c in clients),
          f"the publisher among {[c['tcUrl'] for c in clients]}")


def curl_takes_either_version(case):
    server = tls_server(case)
    cert = server.certs[0][0]
    for version in ("1.2", "1.3"):
        only = ["--tls-max", version, f"--tlsv{version}"]
        for host in ("localhost", "127.0.0.1"):
            status, out = curl(*only, "--cacert", cert, f"https://{host}:{server.https_api}/api/v1/versions")
            check(status == 0 and json.loads(out)["code"] == 0, f"TLS {version} at {host}: {status} {out[:200]}")
    status, out = curl("--cacert", cert, "-w", "%{http_version}", "-o", "/dev/null", f"https://localhost:{server.https}/")
    check((status, out) == (0, "1.1"), f"with HTTP/2 on offer: {status} {out}")
    status, out = curl(f"https://localhost:{server.https}/")
    check(status == 60, f"a certificate that nobody has signed was taken, {status}")
    # Two requests on one connection.
    status, out = curl("-k", *[f"https://localhost:{server.https_api}/api/v1/versions"] * 2, "-w", "%{num_connects}\n")
    check(status == 0 and re.findall(r"\d$", out, re.M) == ["1", "0"], f"the connection was not kept: {out[-200:]}")


def openssl_is_refused_what_is_old(case):
    need("openssl", "openssl")
    server = tls_server(case)

    def s_client(*arguments):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.https}", *arguments],
                              input=b"", capture_output=True, timeout=10, check=False)
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")
    old = ["-cipher", "ALL:@SECLEVEL=0"]
    for arguments in (["-tls1", *old], ["-tls1_1", *old], ["-tls1_2", "-cipher", "AES128-SHA"],
                      ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"], ["-alpn", "h2"]):
        status, out = s_client(*arguments)
        check(status != 0 and "Cipher is (NONE)" in out, f"{arguments} was let in: {out[-300:]}")
    for arguments in (["-tls1_2"], ["-tls1_3"], ["-alpn", "h2,http/1.1"]):
        status, out = s_client(*arguments)
        check(status == 0 and "Compression: NONE" in out, f"{arguments}: {status} {out[-300:]}")
    wait_until(lambda: server.output().count("(TlsHandshake)") == 5, 3, "five refusals in the log")


def chromium_plays_on_the_page(case):
    need("chromium", "chromium")
    need("node", "nodejs")
    done = subprocess.run(["trunk/auto/page-packages", "--tests"], cwd=ROOT, capture_output=True, timeout=240, check=False)
    check(done.returncode == 0, f"npm package playwright-core: {done.stderr.decode()[-400:]}")
    server = tls_server(case)
    case.publish(server, "show", make_flv(90, name="browser"))
    server.wait_live("show")
    for transport in ("http", "ws"):
        given = {"library": os.path.join(ROOT, "objs/npm/playwright-core"), "chromium": "/usr/bin/chromium",
                 "profile": case.path(f"profile-{transport}"), "stream": "live/show", "seconds": 8,
                 "flags": ["--ignore-certificate-errors"], "screenshot": os.path.join(OUT, f"browser-tls-{transport}.png"),
                 "url": f"https://127.0.0.1:{server.https}/?api={server.https_api}&transport={transport}"}
        program = case.program(["node", os.path.join(HERE, "browser.mjs"), json.dumps(given)])
        status = program.wait(68)
        check(status == 0, f"the driver ended with {status}: {program.output()[-1500:]}")
        seen = json.loads(program.output().splitlines()[-1])
        check(not seen["errors"], f"in the browser, {transport}: {seen['errors'][:5]}")
        first, last = seen["samples"][0], seen["samples"][-1]
        check(last["time"] - first["time"] > 0.8 * (last["wall"] - first["wall"]) > 4, f"{transport}: {first} to {last}")
        check(last["mean"] > 16 and last["state"] == "Playing", f"{transport}: {last}")


# ---- certificates ------------------------------------------------------------------------------


def shown(port, name=None, **options):
    """The organisation of the certificate that is shown for that name, and its bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        with client_context(**options).wrap_socket(sock, server_hostname=name) as inside:
            return inside.getpeercert(True)


def bytes_of(path):
    with open(path, encoding="ascii") as file:
        return ssl.PEM_cert_to_DER_cert(file.read())


def certificates_by_name(case):
    certs = [make_certificate(case.folder, "one", ["one.example", "127.0.0.1"]),
             make_certificate(case.folder, "two", ["two.example"]),
             make_certificate(case.folder, "wild", ["*.wild.example"])]
    server = tls_server(case, certs=certs)
    for port in (server.rtmps, server.https, server.https_api):
        for name, want in ((None, 0), ("one.example", 0), ("two.example", 1), ("a.wild.example", 2), ("no.example", 0)):
            check(shown(port, name) == bytes_of(certs[want][0]), f"for {name} not certificate {want}")
    for name, (cert, _) in (("two.example", certs[1]), ("b.wild.example", certs[2])):
        status, _ = curl("--cacert", cert, "--resolve", f"{name}:{server.https}:127.0.0.1", f"https://{name}:{server.https}/")
        check(status == 0, f"curl does not believe {name}: {status}")


def reload(server, result):
    before = server.output().count(result)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.output().count(result) > before, 10, f'"{result}" in the log')


def renewed_at_reload(case):
    server = tls_server(case)
    cert, key = server.certs[0]
    old = bytes_of(cert)
    publish(case, server, "x", thin())
    server.wait_live("x")
    players = [TlsRtmpPlayer(case, server, "x"), TlsFlvPlayer(case, server, "x")]
    for one in players:
        one.wait_media(6, 20)
    new_cert, new_key = make_certificate(case.folder, "new", ["localhost", "127.0.0.1"])
    os.replace(new_cert, cert)  # without its key: refused
    reload(server, "reload: refused")
    check(shown(server.https) == old, "a certificate without its key is shown")
    os.replace(new_key, key)
    reload(server, "reload: done")
    for port in (server.rtmps, server.https, server.https_api):
        check(shown(port) == bytes_of(cert) != old, "the old certificate is shown after the reload")
    os.unlink(key)
    reload(server, "reload: refused")
    check(shown(server.https) == bytes_of(cert), "another certificate after a refused reload")
    wrong = [line for line in server.log_lines("error") if "reload: refused" in line]
    check(len(wrong) == 2 and all("(TlsSslFile)" in line and key in line for line in wrong), f"told was {wrong}")
    server.expect_error("reload: refused.*TlsSslFile")
    seen = [len(one.media()) for one in players]
    for one, count in zip(players, seen):
        one.wait_media(5, count + 60, "media after the reloads")
        one.check_order()
        check(one.largest_gap() < BEAT + 0.3, f"a gap of {one.largest_gap():.2f} s")


def missing_files_end_the_start(case):
    cert, key = make_certificate(case.folder, "one", ["localhost"])
    for text, words in ((f"rtmps {{ enabled on; listen {free_port()}; }}", ["rtmps.cert", "./conf/server.crt"]),
                        (f"http_server {{ enabled on; listen {free_port()}; https {{ enabled on; listen {free_port()}; "
                         f"cert {cert}; key /nowhere/x.key; }} }}", ["http_server.https", "/nowhere/x.key"]),
                        (f"rtmps {{ enabled on; listen {free_port()}; cert {key}; key {key}; }}", ["rtmps.cert", key])):
        path = case.path("bad.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write("daemon off; pid srs.pid; srs_log_tank console; max_connections auto;\n" + text)
        done = subprocess.run([os.environ.get("SRS_BIN", os.path.join(ROOT, "objs/release/srs")), "-c", path],
                              cwd=case.folder, env=sanitizer_environment(), capture_output=True, timeout=10, check=False)
        out = (done.stdout + done.stderr).decode()
        check(done.returncode != 0, f"started with {text}")
        check(all(w in out for w in [*words, "TlsSslFile"]), f"of {words} in: {out[-600:]}")


def answers(port, path):
    """The HTTP status over TLS, or None where nobody listens."""
    status, out = curl("-k", "-o", "/dev/null", "-w", "%{http_code}", f"https://127.0.0.1:{port}{path}")
    return int(out) if status == 0 else None


def shared_ports_and_changes(case):
    """API and HTTP server on one port share that of HTTPS too; TLS comes and goes at a reload."""
    cert, key = make_certificate(case.folder, "one", ["localhost", "127.0.0.1"])
    rtmps, https, other = free_port(), free_port(), free_port()
    files = f"cert {cert}; key {key};"

    def text(api_tls, web_tls, rtmps_on):
        return (f"daemon off; srs_log_tank console; max_connections auto; rtmp {{ listen @RTMP@; }}\n"
                f"rtmps {{ enabled {rtmps_on}; listen {rtmps}; {files} }}\n"
                f"http_api {{ enabled on; listen @HTTP@; https {{ enabled {api_tls}; listen {other}; {files} }} }}\n"
                f"http_server {{ enabled on; listen @HTTP@; https {{ enabled {web_tls}; listen {https}; {files} }} }}\n"
                f"vhost __defaultVhost__ {{ http_remux {{ enabled on; }} }}\n")
    server = case.server(text("on", "on", "off"))
    case.publish(server, "x", thin())
    wait_until(lambda: "rtmp: publish" in server.output(), 5, "the publisher")
    watch = FlvPlayer(case, server, "x")
    watch.wait_media(6, 20)
    path = server.command[server.command.index("-c") + 1]
    api, flv = "/api/v1/streams/", "/live/none.mp3"
    for api_tls, web_tls, rtmps_on, want in (("on", "on", "on", {https: 200, other: None}),
                                             ("off", "on", "off", {https: 200, other: None}),
                                             ("on", "off", "on", {https: None, other: 200}),
                                             ("off", "off", "off", {https: None, other: None}),
                                             ("on", "on", "on", {https: 200, other: None})):
        with open(path, "w", encoding="utf-8") as file:
            file.write(server.text(text(api_tls, web_tls, rtmps_on), "", ""))
        reload(server, "reload: done")
        for port, status in want.items():
            check(answers(port, "/" if web_tls == "on" else api) == status, f"{api_tls} {web_tls}: {port} is not {status}")
        if web_tls == "on":
            check((answers(https, api) == 200) == (api_tls == "on"), f"the API on the port of HTTPS with {api_tls}")
        check(server.listens(rtmps) == (rtmps_on == "on"), f"RTMPS with enabled {rtmps_on}")
        check(answers(https, flv) in (404, None), "a stream that is none")
    watch.check_well()
    watch.check_order()


# ---- viewers -----------------------------------------------------------------------------------


def lagging_viewers_stay_whole(case):
    """Output that stops in the middle of records: every frame is still one of the file's, and skips end at key frames."""
    server = tls_server(case, vhost="play { queue_length 3; }")
    case.publish(server, "x", fat())
    server.wait_live("x")
    whole = {t.body for t in read_flv(fat()) if t.is_picture()}
    slow = [kind(case, server, "x", pace=kbps * 125, receive_buffer=SMALL_BUFFER)
            for kind in (TlsFlvPlayer, TlsRtmpPlayer) for kbps in (300, 900)]
    watch = TlsFlvPlayer(case, server, "x")
    wait_until(lambda: watch.media() and watch.media()[-1].ms - watch.media()[0].ms > 15000, 25, "15 s of the stream")
    for one in slow:
        one.check_well()
        one.pace = None
    wait_until(lambda: all(one.wrong or one.tags[-1].ms > watch.tags[-1].ms - 2000 for one in slow), 8, "the present")
    for one in [*slow, watch]:
        one.check_well()
        one.check_order()
        frames = one.pictures()
        jumps = [b for a, b in zip(frames, frames[1:]) if b.ms - a.ms > 60]
        check(all(f.body in whole for f in frames), "a picture is not one of the file's")
        check(all(b.is_key() for b in jumps), "no key frame behind a skip")
        check(bool(jumps) == (one is not watch), f"{len(jumps)} skips")
    check(watch.largest_gap() < BEAT + 0.4, f"the watcher waited {watch.largest_gap():.2f} s")


def stalled_viewers_are_cut_off(case):
    server = tls_server(case, top="send_timeout 2;")
    case.publish(server, "x", fat(), loop=False)
    server.wait_live("x")
    stalled = [kind(case, server, "x", receive_buffer=SMALL_BUFFER) for kind in (TlsFlvPlayer, TlsRtmpPlayer)]
    for one in stalled:
        one.wait_media(8, 50)
        one.paused.set()
    wait_until(lambda: len([l for l in server.log_lines("warn") if "(SendTimeout)" in l]) == 2, 14, "both cut off")


def term_with_viewers(case):
    server = tls_server(case)
    case.publish(server, "x", thin())
    server.wait_live("x")
    players = [(TlsFlvPlayer, TlsRtmpPlayer)[i % 2](case, server, "x") for i in range(20)]
    for one in players:
        one.wait_media(10, 5)
    took = server.stop()
    check(took < 3, f"the end took {took:.1f} s")
    wait_until(lambda: not any(one.thread.is_alive() for one in players), 5, "the players' end")


# ---- peers that do not speak it as it is meant -------------------------------------------------

HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(505)


def peer_of(port):
    return socket.create_connection(("127.0.0.1", port), timeout=HANDSHAKE_SECONDS + 5)


def closed_in(sock):
    """Seconds to the end; what came before it is dropped."""
    began = time.monotonic()
    try:
        while sock.recv(4096):
            check(time.monotonic() - began < HANDSHAKE_SECONDS + 4, "not closed")
    except ConnectionResetError:
        pass
    except socket.timeout:
        raise Failure("not closed") from None
    return time.monotonic() - began


def slow_hello(case, server):
    """A byte a second; the deadline is that of the whole handshake."""
    def run(sock):
        began = time.monotonic()
        for at in range(HANDSHAKE_SECONDS + 4):
            try:
                sock.sendall(HELLO[at:at + 1])
            except OSError:
                break
            sock.settimeout(1)
            try:
                if sock.recv(100) == b"":
                    break
            except socket.timeout:
                pass
            except OSError:
                break
        return time.monotonic() - began
    from concurrent.futures import ThreadPoolExecutor
    pool = case.enter_context(ThreadPoolExecutor(4))
    return [pool.submit(run, peer_of(port)) for port in (server.rtmps, server.https)]


def hostile_peers(case, asan):
    server = tls_server(case, asan=asan)
    case.publish(server, "x", thin())
    server.wait_live("x")
    witness = TlsFlvPlayer(case, server, "x")
    witness.wait_media(8, 20)
    slow = slow_hello(case, server)
    for port in (server.rtmps, server.https):
        for words in (b"\x03" + os.urandom(1536), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", os.urandom(4096), b"\x80\x2e\x01\x03\x01",
                      b"\x16\x03\x01\x40\x00\x01\x01\xff\xff" + bytes(100), b"\x16\x03\x01\xff\xff" + bytes(70000),
                      HELLO[:9] + os.urandom(508)):
            sock = peer_of(port)
            try:
                sock.sendall(words)
            except OSError:
                pass
            check(closed_in(sock) < 4, f"{words[:12].hex()} was not refused at once")
        inside = tls_connect(port)
        raw = socket.socket(fileno=os.dup(inside.fileno()))
        raw.settimeout(HANDSHAKE_SECONDS + 5)
        raw.sendall(b"\x17\x03\x03\x41\x01" + bytes(17000))  # a record larger than any may be
        check(closed_in(raw) < 4, "an oversized record was not refused")
    began = len(witness.arrivals)
    before = server.rss()
    half_open = [peer_of(server.https) for _ in range(200)]
    for sock in half_open:
        sock.sendall(HELLO[:300])
    wait_until(lambda: len(witness.arrivals) > began + 8, 6, "the witness goes on")
    grown = server.rss() - before
    check(asan or grown < 200 * 64 * 1024, f"200 half-open handshakes took {grown >> 10} KiB")
    for future in slow:
        took = future.result()
        check(HANDSHAKE_SECONDS - 1 < took < HANDSHAKE_SECONDS + 3, f"a byte a second was closed after {took:.1f} s")
    for sock in half_open:
        check(closed_in(sock) < HANDSHAKE_SECONDS + 3, "a half-open handshake stays")
    log = server.output()
    for word in ("(TlsHandshake)", "(TlsRead)", "(SocketTimeout)", "(TlsPlain)", "plain HTTP on a TLS port",
                 "handshake not complete"):
        check(word in log, f"no {word} in the log")
    witness.check_well()
    check(witness.largest_gap() < BEAT + (1.0 if asan else 0.3), f"the witness waited {witness.largest_gap():.2f} s")
    check(not server.log_lines("error"), f"errors in the log: {server.log_lines('error')[:3]}")


class CpuBetweenArrivals:
    """The most processor time that a server took between two arrivals at a player: what a busy machine does not change."""

    def __init__(self, case, server, player):
        self.path = f"/proc/{server.process.pid}/task/{server.process.pid}/schedstat"
        self.player = player
        self.most = 0.0
        self.over = threading.Event()
        threading.Thread(target=self.watch, daemon=True).start()
        case.callback(self.over.set)

    def used(self):
        with open(self.path, encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9

    def watch(self):
        seen, at = len(self.player.arrivals), self.used()
        while not self.over.wait(0.003):
            try:
                now, count = self.used(), len(self.player.arrivals)
            except OSError:  # the server ended
                return
            self.most = max(self.most, now - at)
            if count != seen:
                seen, at = count, now


def hellos_at_once(case):
    """1000 handshakes whose first message is there at the same moment, most of a second of work: the stream goes on between."""
    cert, key = (os.path.join(case.folder, name) for name in ("rsa.crt", "rsa.key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    server = tls_server(case, certs=[(cert, key)])
    case.publish(server, "x", thin())
    server.wait_live("x")
    witness = FlvPlayer(case, server, "x")
    witness.wait_media(8, 20)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        client_context().wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = outgoing.read()
    peers = [peer_of(server.rtmps) for _ in range(1000)]
    time.sleep(0.5)  # all are accepted
    cpu = CpuBetweenArrivals(case, server, witness)
    for peer in peers:
        peer.sendall(hello)
    for peer in peers:
        check(peer.recv(1) == b"\x16", "no ServerHello")
    seen = len(witness.arrivals)
    wait_until(lambda: len(witness.arrivals) > seen + 3, 6, "the witness goes on")
    witness.check_well()
    check(cpu.most < BEAT + 0.2, f"the server worked {cpu.most * 1000:.0f} ms between two writes to the witness")


def hostile(case):
    hostile_peers(case, False)


def hostile_asan(case):
    hostile_peers(case, True)


def answer_to(port, *pieces):
    """All that comes back, up to the end of the connection."""
    with peer_of(port) as sock:
        for piece in pieces:
            sock.sendall(piece)
        answer = b""
        while True:
            try:
                data = sock.recv(4096)
            except ConnectionResetError:
                return answer
            if not data:
                return answer
            answer += data


def plain_on_a_tls_port(case):
    """HTTP without TLS is told in plain what the port wants; RTMP without TLS is told by name in the log."""
    server = tls_server(case)
    large = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + bytes(300000)
    sent = 0
    for port in (server.https, server.https_api):
        for request in ((b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",), (b"G",), (large[:70000],), (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",)):
            answer = answer_to(port, *request)
            head, _, body = answer.partition(b"\r\n\r\n")
            check(head.startswith(b"HTTP/1.1 400 Bad Request\r\n") and b"Connection: close" in head, f"{request[0][:20]}: {head}")
            check(f"Content-Length: {len(body)}".encode() in head and b"HTTPS" in body, f"{request[0][:20]}: {answer}")
            sent += 1
    status, out = curl("-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{server.https}/")
    check((status, out) == (0, "400"), f"curl: {status} {out}")
    for not_plain in (b"\x80\x2e\x01\x03\x01", HELLO[:5] + b"\x02" + HELLO[6:]):
        check(answer_to(server.https, not_plain) == b"", f"an answer to {not_plain[:6].hex()}")
    check(answer_to(server.rtmps, b"\x03" + bytes(1536)) == b"", "an answer to RTMP without TLS")
    for module, port, kind, count in (("http", "https", "HTTP", sent // 2 + 1), ("http", "https-api", "HTTP", sent // 2),
                                      ("rtmp", "rtmps", "RTMP", 1)):
        pattern = rf" {module}: close .*TlsPlain.* : port of {port} : plain {kind} on a TLS port"
        wait_until(lambda p=pattern, n=count: len([l for l in server.log_lines("warn") if re.search(p, l)]) == n, 3,
                   f"{count} lines of {pattern}")


def data_behind_the_handshake(case):
    """A client whose first words come in the same segment as the end of its handshake."""
    server = tls_server(case)
    context = client_context()
    with socket.create_connection(("127.0.0.1", server.rtmps), timeout=5) as sock:
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        inside = context.wrap_bio(there, back, server_hostname="localhost")
        c0c1 = b"\x03" + bytes(8) + os.urandom(1528)
        while True:
            try:
                inside.do_handshake()
                break
            except ssl.SSLWantReadError:
                sock.sendall(back.read())
                there.write(sock.recv(65536))
        inside.write(c0c1)
        sock.sendall(back.read())
        answer = b""
        while len(answer) < 3073:
            try:
                answer += inside.read(65536)
            except ssl.SSLWantReadError:
                there.write(sock.recv(65536))
        check(answer[0] == 3 and answer[1537:3073] == c0c1[1:], "S2 is not C1")


CASES = [hellos_at_once, hostile, hostile_asan, lagging_viewers_stay_whole, chromium_plays_on_the_page, ffmpeg_publishes_and_plays,
         stalled_viewers_are_cut_off, renewed_at_reload, certificates_by_name, curl_takes_either_version,
         openssl_is_refused_what_is_old, shared_ports_and_changes, missing_files_end_the_start, term_with_viewers,
         data_behind_the_handshake, plain_on_a_tls_port]
main({case.__name__: case for case in CASES}, parallel=2)
