#!/usr/bin/env python3
"""Many bad peers at once, or a lot of what one may send: memory stays bounded, and a witness, who plays another stream,
waits no longer than the beat and a fifth of a second."""
import ctypes
import os
import random
import re
import resource
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
from harness import check, main, make_flv, sanitizer_environment, wait_until
from wire import VIDEO, FlvPlayer, Rtmp, RtmpPlayer, chunk, command, player, read_flv, rtmp_ready

BOTH = ("rtmp", "flv")
BEAT = 0.35  # the default mw_latency
GAP_LIMIT = BEAT + 0.2
SETUP_SECONDS = 10
IDLE_SECONDS = 30
DEAD_SECONDS = 30
OWN_NETWORK = ["unshare", "-n", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""]
SEQUENCE = b"\x17\x00\0\0\0\x01\x64\x00\x1e\xff\xe1\x00\x04\x67\x64\x00\x1e\x01\x00\x02\x68\xee"


def thin():
    return make_flv(40, name="small", size="320x180", kbps=300)


class Witness:
    """Plays a stream of its own from before the trouble to after it."""

    def __init__(self, case, server, name="witness"):
        self.server = server
        case.publish(server, name, thin())
        server.wait_live(name)
        self.player = FlvPlayer(case, server, name)
        self.player.wait_media(10, 25)
        self.began = time.monotonic()

    def check(self):
        seen = len(self.player.media())
        self.player.wait_media(5, seen + 25, "the witness's stream goes on")
        self.player.check_order()
        gap = self.player.largest_gap(self.began)
        check(gap < GAP_LIMIT, f"the witness waited {gap * 1000:.0f} ms, at most {GAP_LIMIT * 1000:.0f} are good")


class Memory:
    """The most that the server's memory grew since, looked at all the time."""

    def __init__(self, case, server):
        self.server = server
        self.before = server.rss()
        self.most = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()
        case.callback(self.over.set)

    def watch(self):
        while not self.over.wait(0.02):
            try:
                self.most = max(self.most, self.server.rss() - self.before)
            except OSError:
                return

    def check(self, limit, what):
        check(self.most < limit, f"{what}: memory grew by {self.most >> 10} KiB, at most {limit >> 10} are good")


# ---- connections -----------------------------------------------------------------------------

SILENT = 1000
SILENT_BYTES = 16 << 10  # of memory each


def thousand_that_never_speak(case):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, SILENT * 2 + 200)), hard))
    server = case.server(top="srs_log_level_v2 debug;\n")  # which tells of connections that say nothing
    witness = Witness(case, server)
    memory = Memory(case, server)
    opened = time.monotonic()
    peers = []
    case.callback(lambda: [peer.close() for peer in peers])
    for _ in range(SILENT):
        peers.append(socket.create_connection(("127.0.0.1", server.rtmp), timeout=20))
    wait_until(lambda: server.output().count(" rtmp: accept ") > SILENT, 5, "a thousand accepted")
    FlvPlayer(case, server, "witness").wait_media(2, 5, "a player who comes in beside them")
    for peer in peers:
        check(peer.recv(1) == b"", "the server spoke first")
    took = time.monotonic() - opened
    check(SETUP_SECONDS - 1 < took < SETUP_SECONDS + 3, f"they were closed after {took:.1f} s")
    memory.check(SILENT * SILENT_BYTES, "a thousand connections")
    lines = server.output().count("no publish or play in time")
    check(100 < lines < SILENT / 2, f"{lines} lines about a thousand strangers, whose share of the log is limited")
    wait_until(lambda: server.rss() - memory.before < 4 << 20, 8, "the memory of before")
    witness.check()


def byte_a_second(case):
    """In the handshake, in the connect, and as a publisher's media: each in time, whatever still comes."""
    server = case.server(vhost="publish { firstpkt_timeout 3000; normal_timeout 2000; }")
    witness = Witness(case, server)
    clients = [Rtmp(server.rtmp), Rtmp(server.rtmp).handshake(), rtmp_ready(server).publish("slow")]
    words = [b"\x03" + bytes(1536), command("connect", 1, {"app": "live"}), chunk(9, SEQUENCE, msid=1, csid=6)]
    limits = [SETUP_SECONDS, SETUP_SECONDS, 3]
    results = [None] * 3

    def drip(i):
        started = time.monotonic()
        clients[i].sock.settimeout(1)
        for byte in words[i]:
            try:
                clients[i].sock.sendall(bytes([byte]))
                while clients[i].sock.recv(65536):
                    pass
                break
            except socket.timeout:
                continue
            except OSError:
                break
        results[i] = time.monotonic() - started
    threads = [threading.Thread(target=drip, args=(i,), daemon=True) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SETUP_SECONDS + 10)
    for took, limit in zip(results, limits):
        check(took and limit - 1 < took < limit + 3, f"closed after {took} s, {limit} were good")
    witness.check()


def player_who_talks_too_much(case):
    server = case.server()
    witness = Witness(case, server)
    one = rtmp_ready(server)
    one.send(command("play", 4, None, "witness", -2000, msid=1, csid=8))
    one.wait_command("onStatus", b"NetStream.Play.Start")
    ping = chunk(4, struct.pack(">HI", 6, 1), csid=2)
    sent = 0
    deadline = time.monotonic() + 10
    one.sock.settimeout(5)
    try:
        while time.monotonic() < deadline:
            one.send(ping * 100)
            sent += 100 * len(ping)
            if not one.read():
                break
    except OSError:
        pass
    check(sent < 4 << 20, f"{sent} bytes of pings were taken")
    wait_until(lambda: [line for line in server.log_lines("warn") if "(Limit)" in line and "player sent" in line], 5,
               "the reason in the log")
    witness.check()


def pipelined_requests(case):
    """A thousand small requests in one write: the others have their turn between them."""
    server = case.server()
    witness = Witness(case, server)
    for port, request in ((server.http, b"OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n"),
                          (server.api, b"GET /api/v1/versions HTTP/1.1\r\nHost: a\r\n\r\n")):
        count = 60000 // len(request)
        for _ in range(4):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
                sock.sendall(request * count)
                answers = bytearray()
                while answers.count(b"HTTP/1.1 ") < count:
                    data = sock.recv(1 << 20)
                    check(data, f"closed in the middle of {count} answers")
                    answers += data
    slices = [line for line in server.log_lines("warn") if "long slice" in line]
    check(not slices, f"{slices[:2]}")
    witness.check()


def http_that_falls_silent(case):
    """After an answer, without any request, and without reading: thirty seconds each."""
    server = case.server(top="srs_log_level_v2 debug;\n")
    witness = Witness(case, server)
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", server.http))
    deaf.sendall(b"GET /player.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 1000)
    peers = [socket.create_connection(("127.0.0.1", server.http), timeout=IDLE_SECONDS + 10) for _ in range(2)]
    peers[0].sendall(b"GET /api/v1/versions HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    opened = time.monotonic()
    answer = peers[0].recv(65536)
    check(answer.startswith(b"HTTP/1.1 200 "), f"answer {answer[:80]!r}")
    for peer in peers:
        check(peer.recv(1) == b"", "the server spoke first")
        took = time.monotonic() - opened
        check(IDLE_SECONDS - 1 < took < IDLE_SECONDS + 3, f"closed after {took:.1f} s")
        peer.close()
    line = f" http: close peer=127.0.0.1:{deaf.getsockname()[1]}\n"
    wait_until(lambda: line in server.output(), 8, "the end of the one who does not read")
    check(time.monotonic() - opened > IDLE_SECONDS - 1, "it ended early")
    deaf.close()
    witness.check()


def within_network_of(server, function):
    """In a thread that has the server's network; what it starts has it too."""
    results = []

    def run():
        try:
            with open(f"/proc/{server.process.pid}/ns/net", encoding="ascii") as file:
                check(ctypes.CDLL(None, use_errno=True).setns(file.fileno(), 0) == 0, "setns")
            function()
            results.append(None)
        except Exception as error:  # goes on in the caller's thread
            results.append(error)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if results[0]:
        raise results[0]


def vanished_peers(case):
    """Whose address is gone, so that nothing tells the server: one who waits for a stream, and one who plays."""
    server = case.server(prefix=[*OWN_NETWORK[:-1], OWN_NETWORK[-1].replace(
        "lo up", "lo up && ip addr add 10.9.9.1/32 dev lo && ip addr add 10.9.9.2/32 dev lo")])

    def dial():
        client = Rtmp(sock=socket.create_connection(("10.9.9.1", server.rtmp), 10, ("10.9.9.2", 0)))
        return client.handshake().connect(server).create_stream()

    def play(name):
        client = dial()
        client.send(command("play", 4, None, name, -2000, msid=1, csid=8))
        client.wait_command("onStatus", b"NetStream.Play.Start")
        return client

    def scene():
        witness = Witness(case, server)
        clients = [play("nothing"), play("witness")]
        wait_until(lambda: len(server.api_get("clients/?count=100")["clients"]) == 4, 5, "four clients")
        address = ["nsenter", "-t", str(server.process.pid), "-n", "ip", "addr", "del", "10.9.9.2/32", "dev", "lo"]
        subprocess.run(address, check=True)
        gone = time.monotonic()
        wait_until(lambda: len(server.api_get("clients/?count=100")["clients"]) == 2, DEAD_SECONDS + 10, "their end")
        took = time.monotonic() - gone
        check(took < DEAD_SECONDS + 5, f"found dead after {took:.0f} s")
        witness.check()
        for client in clients:
            client.close()
    within_network_of(server, scene)


# ---- times -----------------------------------------------------------------------------------


class TimedPublisher:
    """Publishes a file at its own pace with times that begin at `base` and wrap at 2^32."""

    CHUNK = 65536

    def __init__(self, case, server, name, path, base):
        self.tags = read_flv(path)
        self.base = base
        self.client = rtmp_ready(server).publish(name)
        self.client.send(chunk(1, struct.pack(">I", self.CHUNK), csid=2))
        self.stopping = threading.Event()
        self.at = 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        case.callback(self.close)
        self.thread.start()

    def message(self, tag):
        ms = (self.base + tag.ms) % (1 << 32)
        check(len(tag.body) <= self.CHUNK, "a frame above one chunk")
        head = b"\xff\xff\xff" if ms >= 0xFFFFFF else ms.to_bytes(3, "big")
        extended = struct.pack(">I", ms) if ms >= 0xFFFFFF else b""
        return (bytes([tag.kind % 7 + 4]) + head + len(tag.body).to_bytes(3, "big") + bytes([tag.kind]) +
                struct.pack("<I", 1) + extended + tag.body)

    def run(self):
        started = time.monotonic()
        for tag in self.tags:
            while tag.ms / 1000 > time.monotonic() - started:
                if self.stopping.wait(0.01):
                    return
            try:
                self.client.send(self.message(tag))
            except OSError:
                return
            self.at = tag.ms

    def close(self):
        self.stopping.set()
        self.thread.join(3)
        self.client.close()


def unwrapped(times):
    """Without the jump at 2^32."""
    out = []
    for ms in times:
        out.append(ms + round(((out[-1] if out else ms) - ms) / (1 << 32)) * (1 << 32))
    return out


def check_crossing(one, whole, what):
    """Frames as sent, none missing; the distance of two is what it is in the file."""
    frames = one.pictures()
    at = next((i for i, tag in enumerate(whole) if tag.body == frames[0].body), None)
    check(at is not None, f"{what}: the first picture is not in the file")
    expected = whole[at:at + len(frames)]
    check([f.body for f in frames] == [e.body for e in expected], f"{what}: pictures are missing or others")
    times = unwrapped([f.ms for f in frames])
    for got, want in zip(times, expected):
        wrong = (got - times[0]) - (want.ms - expected[0].ms)
        check(abs(wrong) <= 1, f"{what}: a picture's time is {wrong} ms off")


def times_across(case, power, jitter):
    path = make_flv(30, name="small", size="320x180", kbps=300)
    whole = [tag for tag in read_flv(path) if tag.is_picture()]
    server = case.server(vhost="play { time_jitter %s; }" % jitter)
    base = (1 << power) - 4000
    publisher = TimedPublisher(case, server, "x", path, base)
    server.wait_live("x")
    early = [player(case, protocol, server, "x") for protocol in BOTH]
    wait_until(lambda: publisher.at > 5500, 15, "the crossing")
    late = [player(case, protocol, server, "x") for protocol in BOTH]
    wait_until(lambda: publisher.at > 8000, 15, "some time after it")
    for one, what in zip(early + late, ("RTMP", "FLV", "late RTMP", "late FLV")):
        one.check_well()
        one.wait_media(5, 40)
        check_crossing(one, whole, what)
        check(one.largest_gap() < GAP_LIMIT, f"{what}: waited {one.largest_gap():.2f} s")
    if jitter == "off":  # as published, the same for all
        for one, what in zip(early, BOTH):
            check(one.pictures()[0].ms > base, f"{what}: a player's times begin at {one.pictures()[0].ms}")
    else:
        for one in early + late:
            check(one.pictures()[0].ms < 5000, f"a player's times begin at {one.pictures()[0].ms}")


def times_across_2_to_the_31(case):
    times_across(case, 31, "full")


def times_across_2_to_the_32(case):
    times_across(case, 32, "full")


def times_across_2_to_the_31_as_published(case):
    times_across(case, 31, "off")


def times_across_2_to_the_32_as_published(case):
    times_across(case, 32, "off")


# ---- media that fills memory -----------------------------------------------------------------

FRAME_BYTES = 100000  # at 25 a second: 20 Mbit/s
NOISE = random.Random(7).randbytes(FRAME_BYTES)


def frame(ms, key=False):
    body = (b"\x17" if key else b"\x27") + b"\x01\0\0\0" + struct.pack(">I", len(NOISE)) + \
           (b"\x65" if key else b"\x41") + NOISE[1:]
    return chunk(VIDEO, body, msid=1, csid=6, ms=ms, chunk_size=65536)


def fat_publisher(server, name):
    client = rtmp_ready(server).publish(name)
    client.send(chunk(1, struct.pack(">I", 65536), csid=2) + chunk(VIDEO, SEQUENCE, msid=1, csid=6) + frame(0, True))
    return client


def stream_without_key_frames(case):
    server = case.server(vhost="play { queue_bytes 4194304; }")
    witness = Witness(case, server)
    client = fat_publisher(server, "endless")
    case.callback(client.close)
    watch = [player(case, protocol, server, "endless") for protocol in BOTH]
    stalled = FlvPlayer(case, server, "endless", receive_buffer=16384)
    for one in (*watch, stalled):
        one.wait_media(5)
    stalled.paused.set()
    memory = Memory(case, server)
    started = time.monotonic()
    for number in range(1, 200):
        while number * 0.04 > time.monotonic() - started:
            time.sleep(0.005)
        client.send(frame(number * 40))
    for one in watch:
        wait_until(lambda one=one: one.pictures()[-1].ms >= 199 * 40 - 80, 5, "the last picture")
        check(len(one.pictures()) >= 198, f"a player who keeps up got {len(one.pictures())} of 200 pictures")
    memory.check(10 << 20, "20 MB of one group of pictures beside a limit of 4 MiB")
    witness.check()


GREEDY = 60
GREEDY_FRAMES = 16


def publishers_of_huge_gops(case):
    """Together they send three times what all streams may hold."""
    server = case.server(top="media_memory 33554432;\n")
    witness = Witness(case, server)
    clients = [fat_publisher(server, f"huge{i}") for i in range(GREEDY)]
    case.callback(lambda: [client.close() for client in clients])
    memory = Memory(case, server)
    for number in range(1, GREEDY_FRAMES):
        for client in clients:
            client.send(frame(number * 40))
    wait_until(lambda: sum(int(s["recv_bytes"]) for s in all_streams(server)) > GREEDY * (GREEDY_FRAMES - 1) * FRAME_BYTES,
               15, "all that was sent")
    refused = rtmp_ready(server)
    refused.send(command("publish", 3, None, "more", "live", msid=1, csid=4))
    status = refused.wait_command("onStatus")
    check(b"NetStream.Publish.Rejected" in status[3], f"one more publisher got {status[3]!r}")
    memory.check(48 << 20, f"{GREEDY * GREEDY_FRAMES * FRAME_BYTES >> 20} MiB beside a limit of 32")
    late = FlvPlayer(case, server, "witness")
    late.wait_media(2, 5, "a joiner of the stream that is not greedy")
    check(late.pictures()[0].is_key() and late.pictures()[0].at < late.started + 0.5, "its group of pictures is gone")
    witness.check()


RECORDS = 300
RECORD_BYTES = 60000


def hvc1(payload):
    """An HEVC record with one array of one SEI message."""
    record = b"\x01\x01" + bytes(19) + b"\x03\x01\x27\0\x01" + struct.pack(">H", len(payload)) + payload
    return b"\x90hvc1" + record


def records_that_fill_memory(case):
    """A new record of 60 KB in front of each frame: what a stream may keep bounds them too. A longer one is refused."""
    server = case.server(top="media_memory 67108864;\n", vhost="play { queue_bytes 4194304; }")
    witness = Witness(case, server)
    client = rtmp_ready(server).publish("fat")
    case.callback(client.close)
    client.send(chunk(1, struct.pack(">I", 0xFFFFFF), csid=2))
    memory = Memory(case, server)
    noise = random.Random(5).randbytes(RECORD_BYTES)
    for number in range(RECORDS):
        record = hvc1(struct.pack(">I", number) + noise)
        client.send(chunk(VIDEO, record, msid=1, csid=6, ms=number * 10, chunk_size=1 << 24))
        body = (b"\xa3" if number else b"\x93") + b"hvc1" + struct.pack(">I", 3) + b"\x02\x01\xd0"
        client.send(chunk(VIDEO, body, msid=1, csid=6, ms=number * 10, chunk_size=1 << 24))
        if number == 39:
            wait_until(lambda: server.streams()["fat"]["gop_bytes"] > 40 * RECORD_BYTES, 5, "records that count")
    wait_until(lambda: server.streams()["fat"]["frames"] == RECORDS, 10, "all frames")
    memory.check(12 << 20, f"{RECORDS * RECORD_BYTES >> 20} MiB of records beside a limit of 4")
    for body in (hvc1(bytes(0x10000 - 20)), b"\xaf\0\x12\x10" + bytes(5000), b"\x90vvc1" + bytes(0x10000)):
        other = rtmp_ready(server).publish("long")
        other.send(chunk(VIDEO if body[0] == 0x90 else 8, body, msid=1, csid=6, chunk_size=128))
        while other.read():
            pass
    limits = r"(?m)^.* warn .*\(Limit\)"
    wait_until(lambda: len(re.findall(limits, server.output())) >= 3, 5, "three refusals in the log")
    check(len(re.findall(limits, server.output())) == 3, "one refusal for each")
    witness.check()


HOLDERS = 20
UNFINISHED_BYTES = 15 << 20


def unfinished_messages_of_many_publishers(case):
    """Two messages of 15 MiB each that never end, beside audio that goes on."""
    server = case.server(top="media_memory 67108864;\n")
    witness = Witness(case, server)
    memory = Memory(case, server)
    clients = [rtmp_ready(server).publish(f"half{number}") for number in range(HOLDERS)]
    case.callback(lambda: [client.close() for client in clients])
    piece = bytes(1 << 20)

    def fill(client):
        client.sock.settimeout(10)
        try:
            client.send(chunk(1, struct.pack(">I", 1 << 20), csid=2))
            for csid in (6, 7):
                client.send(bytes([csid, 0, 0, 0]) + b"\xff\xff\xff\x09" + struct.pack("<I", 1) + piece)
                for _ in range((UNFINISHED_BYTES >> 20) - 1):
                    client.send(bytes([0xC0 | csid]) + piece)
        except OSError:
            pass  # cut off, as it should be
    threads = [threading.Thread(target=fill, args=(client,), daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    memory.check(80 << 20, f"{HOLDERS * 2 * UNFINISHED_BYTES >> 20} MiB of unfinished messages beside a limit of 64")
    check([line for line in server.log_lines("warn") if "(MediaMemory)" in line], "nobody was cut off")
    witness.check()


def message_that_is_never_complete(case):
    """Whatever else comes meanwhile, it has as long as a silent publisher has."""
    server = case.server(vhost="publish { normal_timeout 2000; }")
    witness = Witness(case, server)
    client = rtmp_ready(server).publish("half")
    case.callback(client.close)
    client.send(chunk(8, b"\x2f\0", msid=1, csid=4))
    client.send(b"\x06\0\0\0\0\x10\0\x09" + struct.pack("<I", 1) + bytes(128))
    started = time.monotonic()
    client.sock.settimeout(0.1)
    while time.monotonic() - started < 10:
        try:
            client.send(chunk(8, b"\x2f\0", msid=1, csid=4, ms=int((time.monotonic() - started) * 1000)))
            if not client.sock.recv(65536):
                break
        except socket.timeout:
            continue
        except OSError:
            break
    took = time.monotonic() - started
    check(1.5 < took < 4, f"cut off after {took:.1f} s, 2 were good")
    wait_until(lambda: [l for l in server.log_lines("warn") if "complete" in l], 5, "the reason")
    witness.check()


def sound_part(payload=b"\x2f"):
    return b"\x08" + len(payload).to_bytes(3, "big") + bytes(7) + payload + struct.pack(">I", 11 + len(payload))


def nulls_in_amf3(count):
    return b"\x02\0\x0aonMetaData\x0a" + struct.pack(">I", count) + b"\x11\x01" * count


LONGEST = 0xFFFFFF
AVC_1 = SEQUENCE[:9] + b"\xfc" + SEQUENCE[10:]  # lengths of one byte
WORK = {  # name: (what goes in front, message type, body, the error)
    "parts": (b"", 22, sound_part() * (LONGEST // 16), "Limit"),
    "amf3": (b"", 18, nulls_in_amf3((LONGEST - 100) // 2), "Limit"),
    "short_amf3": (b"", 18, nulls_in_amf3(60000), None),
    "properties": (b"", 18, b"\x02\0\x0aonMetaData\x03" + b"\0\x01a\x05" * 65000 + b"\0\0\x09", None),
    "empty_units": (AVC_1, VIDEO, b"\x17\x01\0\0\0" + bytes(LONGEST - 10), "Limit"),
    "units": (AVC_1, VIDEO, b"\x17\x01\0\0\0" + b"\x01\x65" * ((LONGEST - 10) // 2), "Limit"),
    "start_codes": (SEQUENCE, VIDEO, b"\x17\x01\0\0\0" + b"\0\0\x01" * ((LONGEST - 10) // 3), "Limit"),
    "obus": (b"", VIDEO, b"\x91av01" + b"\x7a\0" * ((LONGEST - 10) // 2), "Limit"),
    "modex": (b"", VIDEO, b"\x97" + b"\0\0\xf7" * ((LONGEST - 10) // 3) + b"\0\0\xf1av01", "Limit"),
    "most_parts": (b"", 22, sound_part(b"\x2f" + bytes(4079)) * 4096, None),
    "picture": (SEQUENCE, VIDEO, b"\x17\x01\0\0\0" + (struct.pack(">I", 260000) + b"\x65" + bytes(259999)) * 64, None),
}


def messages_that_are_much_work(case):
    """One message each, as much work as it can be: it is refused, or taken, and nobody else waits for it."""
    server = case.server()
    witness = Witness(case, server)
    for name, (front, kind, body, error) in WORK.items():
        client = rtmp_ready(server).publish(name)
        client.sock.settimeout(20)
        messages = chunk(1, struct.pack(">I", LONGEST), csid=2)
        if front:
            messages += chunk(VIDEO, front, msid=1, csid=6, chunk_size=LONGEST)
        messages += chunk(kind, body, msid=1, csid=6, chunk_size=LONGEST)
        before = len(server.log_lines("warn"))
        try:
            client.send(messages)
            client.send(chunk(4, struct.pack(">HI", 6, 7), csid=2))
            while not [m for m in client.messages if m[0] == 4 and m[3][:2] == b"\0\x07"] and client.read():
                pass
        except OSError:
            pass  # cut off
        client.close()
        wait_until(lambda name=name: name not in server.streams(), 5, f"the end of {name}")


        def refused(before=before):
            return [line for line in server.log_lines("warn")[before:] if " close " in line]
        if error:
            wait_until(refused, 5, f"the reason of the end of {name}")
            check(f"({error})" in refused()[0], f"{name}: {refused()}")
        check(error or not refused(), f"{name}: {refused()}")
    # To take a picture of 16 MiB, or to let go of one, is some ms of copying and of the kernel's work.
    slices = [line for line in server.log_lines("warn") if int((re.findall(r" long slice .* cpu_ms=(\d+)", line) or [0])[0]) > 25]
    check(not slices, f"{slices[:2]}")
    witness.check()


def all_streams(server):
    return server.api_get("streams/?count=1000")["streams"]


LONG_METADATA = 250000
DEAF_PLAYERS = 100


def long_metadata_of_many_players(case):
    """A hundred players who do not read share it; one who reads gets it whole."""
    server = case.server()
    witness = Witness(case, server)
    client = rtmp_ready(server).publish("long")
    case.callback(client.close)
    client.send(chunk(1, struct.pack(">I", 65536), csid=2))
    pairs = b"".join(struct.pack(">H", 2) + b"k%d" % i + b"\x02" + struct.pack(">H", 50000) + b"%d" % i * 50000
                     for i in range(5))
    metadata = b"\x02\0\x0aonMetaData\x03" + pairs + b"\0\0\x09"
    check(LONG_METADATA < len(metadata) <= 1 << 18, "length")
    client.send(chunk(18, metadata, msid=1, csid=4, chunk_size=65536))
    client.send(chunk(VIDEO, SEQUENCE, msid=1, csid=6, chunk_size=65536))
    client.send(frame(0, True))
    wait_until(lambda: server.streams().get("long", {}).get("frames"), 5, "the first frame")
    memory = Memory(case, server)
    peers = []
    case.callback(lambda: [peer.close() for peer in peers])
    for _ in range(DEAF_PLAYERS):
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(("127.0.0.1", server.http))
        peer.sendall(b"GET /live/long.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        peers.append(peer)
    for number in range(1, 20):
        client.send(frame(number * 40, number % 5 == 0))
        time.sleep(0.02)
    late = [player(case, protocol, server, "long", receive_buffer=16384) for protocol in BOTH]
    for one in late:
        one.wait_media(10)
        found = [tag for tag in one.tags if tag.kind == 18 and tag.body == metadata]
        check(found, "the metadata did not come whole")
    memory.check(DEAF_PLAYERS * (32 << 10) + (12 << 20), f"{DEAF_PLAYERS} players of {LONG_METADATA >> 10} KiB")
    witness.check()


def frames_without_a_header(case):
    """The first that is dropped is told, the others are counted."""
    server = case.server()
    client = rtmp_ready(server).publish("bare")
    case.callback(client.close)
    client.send(chunk(1, struct.pack(">I", 65536), csid=2))
    for number in range(10):
        client.send(frame(number * 40, number == 0))
    client.send(chunk(8, b"\x2f\0", msid=1, csid=4))
    wait_until(lambda: server.streams()["bare"]["frames"] or server.streams()["bare"]["audio_frames"], 5, "the sound")
    told = [line for line in server.log_lines("warn") if "frames without a sequence header are dropped" in line]
    check(len(told) == 1 and "codec=H264" in told[0] and "/live/bare " in told[0], f"{told}")


# ---- configuration ---------------------------------------------------------------------------


def bad_texts():
    rand = random.Random(11)
    with open(os.path.join(harness.ROOT, "trunk/conf/srs.conf"), "rb") as file:
        good = file.read()
    yield b""
    for size in (1, 100, 4000, 100000):
        yield rand.randbytes(size)
    yield b"{" * 100000
    yield b"vhost v { " * 10000
    yield b"a " * 100000 + b";"
    yield b'"' + b"x" * 1000000
    yield b"include " + b"./no_such_file " * 1000 + b";"
    yield b"rtmp { listen " + b"1 " * 100000 + b"; }"
    for _ in range(30):
        text = bytearray(good)
        for _ in range(rand.randrange(1, 8)):
            text[rand.randrange(len(text))] = rand.randrange(256)
        yield bytes(text)


def configurations_of_rubbish(case):
    """A named error or none, soon, whatever the file holds."""
    refused = 0
    for number, text in enumerate(bad_texts()):
        path = case.path(f"bad{number}.conf")
        with open(path, "wb") as file:
            file.write(text)
        for binary in (harness.SRS_BIN, harness.SRS_ASAN_BIN):
            done = subprocess.run([binary, "-t", "-c", path], env=sanitizer_environment(), capture_output=True,
                                  stdin=subprocess.DEVNULL, timeout=20, check=False)
            words = done.stderr.decode("utf-8", "replace")
            if done.returncode == 0:
                check(done.stdout.endswith(b"the configuration is good\n"), f"file {number}: {done.stdout!r}")
                continue
            refused += 1
            check(done.returncode == 255, f"file {number}: status {done.returncode}: {words[-600:]}")
            check(words.startswith("srs: code=1023(ConfigInvalid)") and len(words) < 2000, f"file {number}: {words[:300]}")
    check(refused > 20, f"only {refused} of them were refused")


CASES = [vanished_peers, http_that_falls_silent, thousand_that_never_speak, byte_a_second, stream_without_key_frames, publishers_of_huge_gops, records_that_fill_memory,
         unfinished_messages_of_many_publishers, message_that_is_never_complete, messages_that_are_much_work,
         long_metadata_of_many_players, frames_without_a_header,
         player_who_talks_too_much, pipelined_requests, times_across_2_to_the_31, times_across_2_to_the_32,
         times_across_2_to_the_31_as_published, times_across_2_to_the_32_as_published, configurations_of_rubbish]
if __name__ == "__main__":
    main({case.__name__: case for case in CASES}, parallel=3)
