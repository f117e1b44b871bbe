#!/usr/bin/env python3
"""Publish by ffmpeg over RTMP, play by ffmpeg, ffprobe and our own clients over RTMP and HTTP-FLV: nothing is lost,
moved in time or damaged, and players live through what publishers do."""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import FFMPEG, ROOT, SRS_BIN, check, free_port, main, make_flv, need, probe, wait_until
from wire import FlvPlayer, RtmpPlayer, RtmpPublisher, player

BOTH = ("rtmp", "flv")
SHORT_LOOK = ("-analyzeduration", "500000")
BEAT = 0.35  # the default mw_latency
FILES = {
    "av": {},
    "audio": {"video": False},
    "video": {"audio": False},
    "bframes": {"b_frames": 3},
    "gop5": {"gop": 5.0, "b_frames": 2},
}


def media(kind="av", seconds=40):
    return make_flv(seconds, name=kind, **FILES[kind])


# ---- packets ---------------------------------------------------------------------------------


def packets_of(account):
    """{"video": [(dts, pts, size, digest)], "audio": ...} of an ffprobe account, times in milliseconds."""
    out = {}
    for packet in account["packets"]:
        if packet["codec_type"] in ("video", "audio"):
            out.setdefault(packet["codec_type"], []).append(
                (int(packet["dts"]), int(packet["pts"]), int(packet["size"]), packet["data_hash"],
                 packet["flags"].startswith("K")))
    return out


def check_kept(live, whole, what):
    """The live packets are a run of the file's, byte for byte, all moved in time by one amount."""
    check(sorted(live) == sorted(whole), f"{what}: has {sorted(live)}, the file {sorted(whole)}")
    offsets = {}
    for kind, packets in live.items():
        check(len(packets) >= 30, f"{what}: {len(packets)} {kind} packets")
        digests = [packet[3] for packet in whole[kind]]
        first = packets[0][3]
        check(digests.count(first) == 1, f"{what}: first {kind} packet is in the file {digests.count(first)} times")
        at = digests.index(first)
        offsets[kind] = packets[0][0] - whole[kind][at][0]
        for a, b in zip(packets, whole[kind][at:]):
            moved = (a[0] - offsets[kind], a[1] - offsets[kind], *a[2:])
            check(moved == b, f"{what}: {kind} packet (dts, pts, size, digest, key) {moved}, in the file {b}")
        for a, b in zip(packets, packets[1:]):
            check(b[0] > a[0], f"{what}: {kind} dts {b[0]} after {a[0]}")
    if "video" in live:
        check(live["video"][0][4], f"{what}: does not begin with a key frame")
    check(len(set(offsets.values())) == 1, f"{what}: audio and video are moved apart: {offsets}")


def file_packets(kind):
    return packets_of(probe(media(kind)))


def check_streams(case, server):
    """All kinds of streams at once, each probed over both protocols."""
    for kind in FILES:
        case.publish(server, kind, media(kind), loop=False)
    server.wait_live(*FILES)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda kind: check_stream(server, kind), FILES))


def check_stream(server, kind):
    whole = file_packets(kind)
    for protocol in BOTH:
        live = packets_of(probe(server.url(protocol, kind), seconds=2, options=SHORT_LOOK))
        check_kept(live, whole, f"{kind} over {protocol}")


def packets_kept(case):
    check_streams(case, case.server())


def packets_kept_in_chunks_of_128(case):
    check_streams(case, case.server(vhost="chunk_size 128;"))


def publisher_that_stays_at_128(case):
    server = case.server()
    publisher = RtmpPublisher(case, server, "small", media("bframes"))
    server.wait_live("small")
    for protocol in BOTH:
        check_kept(packets_of(probe(server.url(protocol, "small"), seconds=2)), file_packets("bframes"),
                   f"publisher of 128-byte chunks over {protocol}")
    check(publisher.wrong is None, f"publisher: {publisher.wrong}")


# ---- decoded frames --------------------------------------------------------------------------


def decoded(url, seconds):
    """{stream: [(pts, digest)]}"""
    command = [*FFMPEG, "-i", url, "-t", str(seconds), "-map", "v", "-map", "a", "-fps_mode", "passthrough", "-c:v",
               "rawvideo", "-c:a", "pcm_f32le", "-f", "framemd5", "-"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
    check(done.returncode == 0 and not done.stderr.strip(), f"ffmpeg -i {url}: {done.stderr.decode()[-600:]}")
    out = {}
    for line in done.stdout.decode().splitlines():
        if not line.startswith("#"):
            fields = [field.strip() for field in line.split(",")]
            out.setdefault(int(fields[0]), []).append((int(fields[2]), fields[5]))
    return out


def check_decoded(live, whole, stream, what):
    """A decoder that starts in the middle of a stream needs two frames of audio to get going; times of audio are counted in
    samples, those on the wire in milliseconds."""
    skip, rounding = (2, 100) if stream == 1 else (0, 0)
    frames = live.get(stream, [])[skip:-1]  # the end of the last one is cut by -t
    check(len(frames) >= 60, f"{what}: {len(frames)} frames of stream {stream}")
    digests = [digest for _, digest in whole[stream]]
    check(digests.count(frames[0][1]) == 1, f"{what}: the file has no frame as the first of stream {stream}")
    at = digests.index(frames[0][1])
    for a, b in zip(frames, whole[stream][at:]):
        check(a[1] == b[1], f"{what}: stream {stream} differs at pts {a[0]}")
        moved = (a[0] - frames[0][0]) - (b[0] - whole[stream][at][0])
        check(abs(moved) <= rounding, f"{what}: stream {stream}: pts {a[0]} is moved by {moved}")


def frames_kept(case, kind):
    server = case.server()
    whole = decoded(media(kind, 20), 1000)
    case.publish(server, kind, media(kind, 20), loop=False)
    server.wait_live(kind)
    for protocol in BOTH:
        live = decoded(server.url(protocol, kind), 3)
        check_decoded(live, whole, 0, f"{kind} over {protocol}")
        check_decoded(live, whole, 1, f"{kind} over {protocol}")


def decoded_frames_kept(case):
    frames_kept(case, "av")


def decoded_b_frames_kept(case):
    frames_kept(case, "bframes")


# ---- joining ---------------------------------------------------------------------------------


def join_in_the_middle(case):
    server = case.server()
    case.publish(server, "gop5", media("gop5"))
    server.wait_live("gop5")
    # The log's own account of the gop: two seconds into it nothing but the cache can start a picture.
    wait_until(lambda: 1500 < server.streams()["gop5"]["gop_ms"] < 4000, 12, "the middle of a gop")
    for protocol in BOTH:
        one = player(case, protocol, server, "gop5")
        one.wait_media(5, 40)
        first = one.media()[0]
        check(first.at - one.started < 1.0, f"{protocol}: first media after {first.at - one.started:.2f} s")
        check(one.pictures()[0].is_key(), f"{protocol}: the first picture is no key frame")
        check(first.ms == 0, f"{protocol}: begins at {first.ms} ms")
        cached = [t for t in one.media() if t.at - first.at < 0.2]
        check(len(cached) > 40, f"{protocol}: only {len(cached)} frames came at once")
        one.check_order()


def gop_cache_off(case):
    server = case.server(vhost="play { gop_cache off; }")
    case.publish(server, "av", media("av"))
    server.wait_live("av")
    for protocol in BOTH:
        one = player(case, protocol, server, "av")
        one.wait_media(10, 60)
        check(one.pictures()[0].is_key(), f"{protocol}: the first picture is no key frame")
        early = [t for t in one.media() if t.at < one.media()[0].at + 0.01 and t.is_picture()]
        check(len(early) < 13, f"{protocol}: {len(early)} pictures at once, though nothing is kept")
        one.check_order()


def min_latency_sends_each_picture(case):
    server = case.server(vhost="min_latency on;")
    case.publish(server, "av", media("av"))
    server.wait_live("av")
    for protocol in BOTH:
        one = player(case, protocol, server, "av")
        one.wait_media(5, 30)
        joined = len(one.pictures())
        wait_until(lambda: len(one.pictures()) >= joined + 50, 6, "two seconds of pictures")
        late = one.pictures()[joined:joined + 50]
        moments = sorted({round(t.at, 2) for t in late})
        check(len(moments) >= 40, f"{protocol}: 50 pictures came in {len(moments)} parts")
        one.check_order()


# ---- publishers that come and go -------------------------------------------------------------


def small():
    return make_flv(40, name="small", size="320x180", kbps=300)


def stay_through(case, server, first, second, leave):
    """Players that stay while a publisher goes and the next one comes; returns them by protocol."""
    players = {protocol: player(case, protocol, server, "x") for protocol in BOTH}
    publisher = case.publish(server, "x", first)
    for one in players.values():
        one.wait_media(10, 80)
    leave(publisher)
    wait_until(lambda: not server.is_active("x"), 10, "the end of the publisher")
    counts = {protocol: len(one.media()) for protocol, one in players.items()}
    case.publish(server, "x", second)
    for protocol, one in players.items():
        one.wait_media(10, counts[protocol] + 80, f"{protocol}: media of the second publisher")
        one.check_order()
    return players


def republish(case):
    players = stay_through(case, case.server(), media("av"), media("bframes"), lambda one: one.end())
    for protocol, one in players.items():
        steps = [b.ms - a.ms for a, b in zip(one.pictures(), one.pictures()[1:])]
        check(max(steps) < 8000, f"{protocol}: a step of {max(steps)} ms")
        first, last = one.media()[0], one.media()[-1]
        drift = (last.ms - first.ms) / 1000 - (last.at - first.at)
        check(abs(drift) < 3, f"{protocol}: media time and arrival differ by {drift:.1f} s")


def republish_after_a_crash_in_another_size(case):
    players = stay_through(case, case.server(), media("av"), small(), lambda one: one.kill())
    for protocol, one in players.items():
        one.close()
        check(len([t for t in one.tags if t.is_avc_config()]) >= 2, f"{protocol}: no second sequence header")
        account = probe(one.save(case.path(f"{protocol}.flv")), packets=False, frames=True)
        sizes = [(f["width"], f["height"]) for f in account["frames"] if f["media_type"] == "video"]
        check(sizes.count((640, 360)) >= 20 and sizes.count((320, 180)) >= 20,
              f"{protocol}: decoded {[(s, sizes.count(s)) for s in sorted(set(sizes))]}")
        check(sizes == sorted(sizes, reverse=True), f"{protocol}: the sizes are mixed")


def player_before_publisher(case):
    server = case.server(vhost="play { wait 30; }")
    flv = FlvPlayer(case, server, "early")
    rtmp = RtmpPlayer(case, server, "early")
    wait_until(lambda: flv.head, 2, "HTTP header before the publisher")
    wait_until(lambda: "early" in server.streams() and server.streams()["early"]["clients"] == 2, 5, "two waiting players")
    check(not flv.media() and not rtmp.media(), "media without a publisher")
    case.publish(server, "early", media("av"))
    for one in (flv, rtmp):
        one.wait_media(10, 40)
        check(one.pictures()[0].is_key(), "the first picture is no key frame")
        one.check_order()


def no_publisher_ends_http(case):
    server = case.server(vhost="play { wait 2; }")
    flv = FlvPlayer(case, server, "never")
    rtmp = RtmpPlayer(case, server, "never")
    wait_until(lambda: flv.head, 1, "HTTP header")
    flv.wait_end(6)
    took = (flv.arrivals[-1][0] if flv.arrivals else 0) - flv.started
    check(flv.ended and 1.8 <= took < 4, f"ended={flv.ended} after {took:.1f} s, 2 s were set")
    check(rtmp.thread.is_alive(), "the RTMP player did not wait on")
    rtmp.check_well()


def second_publisher_is_refused(case):
    server = case.server()
    first = case.publish(server, "one", media("av"))
    server.wait_live("one")
    watch = FlvPlayer(case, server, "one")
    watch.wait_media(5, 30)
    second = case.publish(server, "one", media("bframes"))
    check(second.wait(10) != 0, "the second publisher was let in")
    check("code=1028(StreamBusy)" in server.output(), "the refusal is not in the log")
    seen = len(watch.media())
    watch.wait_media(5, seen + 60)
    watch.check_order()
    check(first.running(), "the first publisher ended")
    check(watch.largest_gap() < BEAT + 0.4, f"the player waited {watch.largest_gap():.2f} s")


def vhost_and_parameters(case):
    server = case.server(config="""daemon off; srs_log_tank console; max_connections auto;
        rtmp { listen @RTMP@; } http_api { enabled on; listen @API@; } http_server { enabled on; listen @HTTP@; }
        vhost other.example { http_remux { enabled on; } }
        vhost __defaultVhost__ { http_remux { enabled on; } }""")
    case.publish(server, "one", media("av"), query="?vhost=other.example&token=abc")
    case.publish(server, "two", media("av"), query="?token=abc")
    case.publish(server, "three", media("av"), app="live?vhost=other.example")
    server.wait_live("one", "two", "three")
    for line in ("publish stream=other.example/live/one", "publish stream=__defaultVhost__/live/two",
                 "publish stream=other.example/live/three"):
        check(line in server.output(), f"no \"{line}\" in the log")
    check("abc" not in server.output(), "the parameters are in the log")
    urls = [server.rtmp_url("one") + "?vhost=other.example&x=1", server.flv_url("one") + "?vhost=other.example",
            server.rtmp_url("two") + "?x=1", server.flv_url("two") + "?x=1",
            server.rtmp_url("three", "live?vhost=other.example")]
    for url in urls:
        check("video" in packets_of(probe(url, seconds=0.5)), f"nothing at {url}")


# ---- profiles --------------------------------------------------------------------------------


def listen_variable_alone(case):
    servers = [listen_alone(case) for _ in range(2)]
    for server in servers:
        ports = server.listening_ports()
        check(ports == [server.rtmp], f"listens on {ports}, SRS_LISTEN is {server.rtmp}")


def listen_alone(case):
    port = free_port()
    server = case.server(None, environment={"SRS_LISTEN": str(port)})
    server.rtmp = port
    wait_until(lambda: server.listens(port), 10, "listener")
    wait_until(lambda: "listen protocol=rtmp" in server.output(), 5, "the log on the console")
    return server


def built_in_profile(case):
    done = subprocess.run([SRS_BIN, "-t"], capture_output=True, cwd=ROOT, timeout=10, check=False,
                          env={k: v for k, v in os.environ.items() if not k.startswith("SRS_")})
    check(done.returncode == 0, f"srs -t: {done.stderr.decode()}")
    need("unshare", "util-linux")
    need("ip", "iproute2")
    # A network of its own, where the usual ports are free.
    if subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode != 0:
        print("built_in_profile: this machine gives no network of one's own, so only srs -t was run", flush=True)
        return
    server = case.server(None, arguments=[], prefix=["unshare", "-n", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""])
    wait_until(lambda: sorted(server.listening_ports()) == [1935, 1985, 8080], 10, "the three usual ports")
    for port in (1935, 1985, 8080):
        wait_until(lambda p=port: re.search(rf":{p}\b", server.output()), 5, f"port {port} in what it prints")


CASES = [
    packets_kept, packets_kept_in_chunks_of_128, publisher_that_stays_at_128, decoded_frames_kept,
    decoded_b_frames_kept, join_in_the_middle, gop_cache_off, min_latency_sends_each_picture, republish,
    republish_after_a_crash_in_another_size, player_before_publisher, no_publisher_ends_http,
    second_publisher_is_refused, vhost_and_parameters, listen_variable_alone, built_in_profile,
]
need("ffmpeg", "ffmpeg")
main({case.__name__: case for case in CASES}, parallel=3)
