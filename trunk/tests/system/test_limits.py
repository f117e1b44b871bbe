#!/usr/bin/env python3
"""The limits that the configuration sets: how many connect, how long a publisher may be silent, how far a viewer may fall
behind, how long it may take nothing; and how fast the server ends with many viewers."""
import os
import re
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import FFMPEG, Failure, check, main, make_flv, wait_until
from wire import FlvPlayer, Rtmp, RtmpPlayer, RtmpPublisher, player, read_flv, rtmp_ready

BOTH = ("rtmp", "flv")
BEAT = 0.35  # the default mw_latency
SMALL_BUFFER = 16384  # bytes of a receive buffer, so that a viewer that stops reading is felt soon


def thin():
    return make_flv(40, name="small", size="320x180", kbps=300)


def fat():
    """2 Mbit/s."""
    return make_flv(30, name="fat", size="960x540", kbps=2000, gop=0.6)


def closed_after(client):
    """Seconds until the server closes."""
    started = time.monotonic()
    client.sock.settimeout(15)
    try:
        while client.read():
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - started


# ---- connections -----------------------------------------------------------------------------


def max_connections(case):
    server = case.server(top="max_connections 4;\n")
    case.publish(server, "x", thin())
    server.wait_live("x")
    wait_until(lambda: server.output().count("connect peer") >= 1, 5, "the publisher")
    players = [FlvPlayer(case, server, "x"), RtmpPlayer(case, server, "x")]
    for one in players:
        one.wait_media(5, 20)
    last = FlvPlayer(case, server, "x")
    last.wait_media(5, 20)
    for port in (server.rtmp, server.http):
        refused = Rtmp(port)
        took = closed_after(refused)
        check(took < 1 and not refused.messages, f"the fifth connection was closed after {took:.1f} s")
    wait_until(lambda: refusals(server, "max_connections=4"), 5, "a warning about the refusals")
    check(len(refusals(server, "max_connections=4")) == 1, "not one warning about two refusals in a short time")
    for one in players:
        one.wait_media(5, len(one.media()) + 30, "the others play on")
        one.check_order()
        check(one.largest_gap() < BEAT + 0.4, f"a player waited {one.largest_gap():.2f} s")
    last.close()
    wait_until(lambda: came_in(case, server), 5, "a place after one has left")


def refusals(server, text):
    return [line for line in server.log_lines("warn") if "refused" in line and text in line]


def max_connections_per_ip(case):
    """The address of the publisher and its API has all it may have; another one comes in beside it."""
    server = case.server(top="max_connections_per_ip 3; proxy_from none;\n")
    case.publish(server, "x", thin())
    server.wait_live("x")
    held = [Rtmp(sock=wait_until(lambda: shaken(server), 5, "two more connections")) for _ in range(2)]
    for port in (server.rtmp, server.http) * 50:
        refused = Rtmp(port)
        took = closed_after(refused)
        check(took < 1 and not refused.messages, f"the fourth connection of an address was closed after {took:.1f} s")
        refused.close()
    wait_until(lambda: refusals(server, "max_connections_per_ip=3"), 5, "a warning about the refusals")
    lines = refusals(server, "peer=127.0.0.1 max_connections_per_ip=3")
    check(len(lines) == 1, f"{len(lines)} warnings about a hundred refusals in a short time")
    other = Rtmp(sock=socket.create_connection(("127.0.0.1", server.rtmp), 10, ("127.0.0.2", 0)))
    other.handshake().connect(server).close()
    held[0].close()
    Rtmp(sock=wait_until(lambda: shaken(server), 5, "a place after one has left")).close()
    held[1].close()


def max_connections_per_ip_after_a_reload(case):
    """Whoever is there stays and is not counted; who comes afterwards is."""
    server = case.server()
    case.publish(server, "x", thin())
    server.wait_live("x")
    there = [FlvPlayer(case, server, "x"), RtmpPlayer(case, server, "x")]
    for one in there:
        one.wait_media(5, 20)
    with open(server.command[server.command.index("-c") + 1], "w", encoding="utf-8") as file:
        file.write(server.text("", "", "max_connections_per_ip 1; proxy_from none;\n"))
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "reload: done" in server.output(), 10, "the reload")
    first = Rtmp(server.rtmp).handshake()
    check(closed_after(Rtmp(server.http)) < 1, "a second new connection of the address was let in")
    first.close()
    Rtmp(sock=wait_until(lambda: shaken(server), 5, "a place after it has left")).close()
    for one in there:
        one.wait_media(5, len(one.media()) + 30, "those who were there play on")


def shaken(server):
    """A connection that got its handshake, or None."""
    try:
        return Rtmp(server.rtmp).handshake().sock
    except (Failure, OSError):
        return None


def came_in(case, server):
    """A player that is refused is no failure yet."""
    one = FlvPlayer(case, server, "x")
    deadline = time.monotonic() + 2
    while one.thread.is_alive() and not one.media() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(one.media())


# ---- publishers ------------------------------------------------------------------------------

TIMEOUTS = "publish { firstpkt_timeout 1000; normal_timeout 2000; }"


def silent_from_the_start(case):
    server = case.server(vhost=TIMEOUTS)
    took = closed_after(rtmp_ready(server).publish("x"))
    check(0.9 < took < 2, f"a publisher without a packet was closed after {took:.1f} s, 1 s was set")
    wait_until(lambda: "rtmp: close code=1011(SocketTimeout)" in server.output(), 2, "the reason in the log")
    rtmp_ready(server).publish("x").close()


def silent_after_a_while(case):
    server = case.server(vhost=TIMEOUTS)
    publisher = RtmpPublisher(case, server, "x", thin())
    wait_until(lambda: publisher.sent > 100, 10, "a hundred messages")
    publisher.stopping = True
    publisher.thread.join()
    took = closed_after(publisher.client)
    check(1.8 < took < 3, f"a publisher that fell silent was closed after {took:.1f} s, 2 s were set")
    wait_until(lambda: "rtmp: close code=1011(SocketTimeout)" in server.output(), 2, "the reason in the log")


def stopped_publisher_gives_way(case):
    server = case.server(vhost=TIMEOUTS)
    stopped = case.publish(server, "x", thin())
    server.wait_live("x")
    watch = [player(case, protocol, server, "x") for protocol in BOTH]
    for one in watch:
        one.wait_media(5, 20)
    stopped.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: not server.is_active("x"), 5, "the end of the stopped publisher")
    counts = [len(one.media()) for one in watch]
    case.publish(server, "x", thin())
    for one, count in zip(watch, counts):
        one.wait_media(8, count + 50, "the next publisher's media")
        one.check_order()


def http_player_before_its_publisher(case):
    """It waits as long as play.wait says."""
    server = case.server(vhost="play { wait 2; }")
    started = time.monotonic()
    late = FlvPlayer(case, server, "x")
    late.wait_end(6, "the end of a player that nobody published for")
    took = time.monotonic() - started
    check(1.8 < took < 3.5, f"the player was closed after {took:.1f} s, 2 s were set")
    check(late.head.startswith("HTTP/1.1 200 "), late.head)
    early = FlvPlayer(case, server, "x")
    wait_until(lambda: early.head, 2, "the answer's head at once")
    case.publish(server, "x", thin())
    early.wait_media(5, 20)


# ---- viewers ---------------------------------------------------------------------------------


def check_complete(one, path, what):
    """Pictures and sounds are a run of the file's, none missing."""
    for kind in ("is_picture", "is_sound"):
        got = [t.body for t in one.tags if getattr(t, kind)()]
        whole = [t.body for t in read_flv(path) if getattr(t, kind)()]
        check(got[0] in whole, f"{what}: the first frame is not in the file")
        at = whole.index(got[0])
        check(got == whole[at:at + len(got)], f"{what}: frames are missing or other ones")


def stalled_viewers_are_cut_off(case):
    server = case.server(top="send_timeout 2;\n")
    case.publish(server, "x", fat(), loop=False)
    server.wait_live("x")
    good = [player(case, protocol, server, "x") for protocol in BOTH]
    stalled = [player(case, protocol, server, "x", receive_buffer=SMALL_BUFFER) for protocol in BOTH]
    program = case.program([*FFMPEG, "-i", server.rtmp_url("x"), "-c", "copy", "-f", "null", "-"])
    for one in good + stalled:
        one.wait_media(8, 50)
    wait_until(lambda: server.streams()["x"]["clients"] == 6, 8, "five viewers and a publisher")
    for one in stalled:
        one.paused.set()
    program.process.send_signal(signal.SIGSTOP)

    def cut_off():
        return [line for line in server.log_lines("warn") if "(SendTimeout)" in line]
    wait_until(lambda: len(cut_off()) == 3, 14, "three viewers cut off")
    wait_until(lambda: server.streams()["x"]["clients"] == 3, 5, "their end in the API")
    for one in good:
        one.check_order()
        check_complete(one, fat(), "a viewer beside stalled ones")
        check(one.largest_gap() < BEAT + 0.4, f"a viewer beside stalled ones waited {one.largest_gap():.2f} s")


def short_stop_is_no_harm(case):
    server = case.server(top="send_timeout 5;\n")
    case.publish(server, "x", fat(), loop=False)
    server.wait_live("x")
    players = [player(case, protocol, server, "x") for protocol in BOTH]
    for one in players:
        one.wait_media(5, 50)
        one.paused.set()
    stopped = time.monotonic()
    sent = server.streams()["x"]["video_frames"]
    wait_until(lambda: server.streams()["x"]["video_frames"] > sent + 50, 6, "two seconds of the stream")
    for one in players:
        one.paused.clear()
    for one in players:
        one.wait_media(5, len(one.media()) + 150)
        one.check_order()
        check_complete(one, fat(), f"a viewer that stopped for {time.monotonic() - stopped:.0f} s")


def check_jumps(one, whole, what):
    """Every frame is a whole one of the file; after what is left out comes a key frame. Returns how often that was."""
    jumps = 0
    frames = one.pictures()
    for a, b in zip([None] + frames, frames):
        check(b.body in whole, f"{what}: the picture at {b.ms} ms is not in the file")
        if a is None or b.ms - a.ms > 60:  # 25 pictures a second
            check(b.is_key(), f"{what}: the picture at {b.ms} ms after {a.ms if a else 'nothing'} is no key frame")
            jumps += a is not None
    return jumps


def slow_viewers_skip_to_key_frames(case):
    server = case.server(vhost="play { queue_length 3; }")
    case.publish(server, "x", fat())
    server.wait_live("x")
    whole = {t.body for t in read_flv(fat()) if t.is_picture()}
    slow = [player(case, protocol, server, "x", pace=kbps * 125, receive_buffer=SMALL_BUFFER)
            for protocol in BOTH for kbps in (100, 400, 900)]
    watch = FlvPlayer(case, server, "x")
    began = time.monotonic()
    wait_until(lambda: watch.media() and watch.media()[-1].ms - watch.media()[0].ms > 18000, 25, "18 s of the stream")
    seen = [len(one.tags) for one in slow]
    for one in slow:
        one.pace = None  # what is left in the socket, and up to the present
    wait_until(lambda: all(one.wrong or one.tags[-1].ms > watch.tags[-1].ms - 2000 for one in slow), 5, "the present")
    for one, count in zip(slow, seen):
        one.check_well()
        one.check_order()
        jumps = check_jumps(one, whole, "a slow viewer")
        check(jumps >= 1, f"a slow viewer of {count} tags in {time.monotonic() - began:.0f} s never skipped")
    check(sum(check_jumps(one, whole, "") for one in slow) >= 10, "hardly a skip in six slow viewers")
    check(check_jumps(watch, whole, "the fast viewer") == 0, "the fast viewer skipped")
    watch.check_order()


# ---- the end ---------------------------------------------------------------------------------


def end_with_viewers(case, asan, limit):
    server = case.server(asan=asan)
    case.publish(server, "x", thin())
    server.wait_live("x")
    players = [player(case, BOTH[i % 2], server, "x") for i in range(50)]
    for one in players:
        one.wait_media(15, 5)
    players[0].paused.set()  # and one that does not even read
    took = server.stop()
    check(took < limit, f"the end took {took:.1f} s")
    players[0].paused.clear()
    wait_until(lambda: not any(one.thread.is_alive() for one in players), 5, "the players' end")


def term_with_50_viewers(case):
    end_with_viewers(case, False, 3)


def term_with_50_viewers_asan(case):
    end_with_viewers(case, True, 6)


def strangers_fill_no_log(case):
    """2000 connections of rubbish in RTMP and in HTTP: the first ones are told, the rest counted. A player's end is told still."""
    server = case.server()
    case.publish(server, "x", thin())
    server.wait_live("x")
    before = len(server.output())
    for number in range(1000):
        for port, words in ((server.rtmp, b"\x07" + bytes(100)), (server.http, b"\0\0\0\0\r\n\r\n")):
            with socket.create_connection(("127.0.0.1", port)) as peer:
                peer.sendall(words)
                peer.settimeout(5)
                while True:
                    try:
                        if not peer.recv(4096):
                            break
                    except ConnectionResetError:
                        break
    time.sleep(1.1)  # a line's worth
    with socket.create_connection(("127.0.0.1", server.rtmp)) as peer:
        peer.sendall(b"\x07" + bytes(100))
    wait_until(lambda: re.search(r"close peer=\S+ more=\d+", server.output()[before:]), 10, "how many were left out")
    lines = [line for line in server.log_lines("warn") if " close peer=127.0.0.1:" in line]
    check(150 < len(lines) < 300, f"{len(lines)} warnings about 2001 strangers")
    check(len(server.output()) - before < 300 * 250, f"{len(server.output()) - before} bytes of log")
    play = RtmpPlayer(case, server, "x")
    play.wait_media(5, 10)
    play.close()
    wait_until(lambda: "stop play" in server.output()[before:], 5, "the player's end in the log")


CASES = [strangers_fill_no_log, slow_viewers_skip_to_key_frames, stalled_viewers_are_cut_off, max_connections, max_connections_per_ip,
         max_connections_per_ip_after_a_reload, silent_from_the_start, silent_after_a_while,
         http_player_before_its_publisher, stopped_publisher_gives_way, short_stop_is_no_harm,
         term_with_50_viewers, term_with_50_viewers_asan]
main({case.__name__: case for case in CASES}, parallel=3)
