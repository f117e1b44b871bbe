#!/usr/bin/env python3
"""What a hostile or broken peer sends: it gets the protocol's answer or a close, its connection has one warning in the
log with its context id and a code, and a viewer of another stream notices nothing. Against the server with the address
sanitizer and against the release build, side by side."""
import os
import random
import re
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
from harness import Failure, check, make_flv, run_case, wait_until
from wire import FlvPlayer, Rtmp, amf0, amf0_first, chunk, command, rtmp_ready

SETUP_SECONDS = 10  # a connection that asks for nothing, and a request that does not end
GAP_LIMIT = 0.35 + 0.2  # the beat and what a busy machine may add
GROWTH_LIMIT = 4 << 20  # of the release build's memory over all of this
ANNOUNCED_LIMIT = 1 << 20  # of 50 connections that announce 16 MiB each

PING = chunk(4, struct.pack(">HI", 6, 1), csid=2)

ROWS = []


class Row:
    """One kind of bad input: talk(peer) sends it; `code` is in the one warning, None when it is no misbehaviour."""

    def __init__(self, talk, port, code, within):
        self.talk = talk
        self.name = talk.__name__
        self.port = port
        self.code = code
        self.within = within


def row(port, code, within=(0.0, 5.0)):
    def add(talk):
        ROWS.append(Row(talk, port, code, within))
        return talk
    return add


class Peer:
    """A connection that sends what it likes and reads to its end."""

    def __init__(self, server, port):
        self.server = server
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.number = self.sock.getsockname()[1]
        self.opened = time.monotonic()

    def send(self, data):
        """False once the server has closed."""
        try:
            self.sock.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def rest(self, seconds=15):
        """All that comes up to the close."""
        data = b""
        self.sock.settimeout(seconds)
        try:
            while True:
                more = self.sock.recv(65536)
                if not more:
                    return data
                data += more
                check(len(data) < 1 << 20, "a megabyte of answers")
        except ConnectionResetError:
            return data
        except socket.timeout:
            raise Failure(f"the server did not close within {seconds} s") from None

    def shaken(self):
        """Rtmp on this connection, after the handshake."""
        return Rtmp(sock=self.sock).handshake()

    def connected(self):
        return self.shaken().connect(self.server)

    def publishing(self):
        return self.connected().create_stream().publish(f"bad{self.number}")


# ---- RTMP: before the first message ----------------------------------------------------------


@row("rtmp", "RtmpPlainRequired")
def handshake_of_version_6(peer):
    peer.send(b"\x06" + os.urandom(1536))
    check(peer.rest() == b"", "an answer to another version")


@row("rtmp", "RtmpPlainRequired")
def random_bytes(peer):
    peer.send(b"\xa7" + random.Random(1).randbytes(65536))
    peer.rest()


@row("rtmp", r"\w+")
def random_bytes_after_a_good_version(peer):
    peer.send(b"\x03" + random.Random(2).randbytes(3072) + random.Random(3).randbytes(200000))
    check(len(peer.rest()) >= 3073, "no handshake")


@row("rtmp", "RtmpPlainRequired")
def http_on_the_rtmp_port(peer):
    peer.send(b"GET /live/x.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    check(peer.rest() == b"", "an answer to HTTP")


@row("rtmp", "SocketTimeout", (SETUP_SECONDS - 1, SETUP_SECONDS + 3))
def never_speaks(peer):
    check(peer.rest() == b"", "the server spoke first")


@row("rtmp", "SocketTimeout", (SETUP_SECONDS - 1, SETUP_SECONDS + 3))
def half_a_c1(peer):
    peer.send(b"\x03" + os.urandom(700))
    check(peer.rest() == b"", "an answer to half a C1")


@row("rtmp", "SocketTimeout", (SETUP_SECONDS - 1, SETUP_SECONDS + 3))
def handshake_and_then_nothing(peer):
    peer.shaken()
    peer.rest()


@row("rtmp", "SocketTimeout", (SETUP_SECONDS - 1, SETUP_SECONDS + 3))
def connect_and_then_nothing(peer):
    peer.connected()
    peer.rest()


# ---- RTMP: chunks ----------------------------------------------------------------------------


def set_chunk_size(size):
    return chunk(1, struct.pack(">I", size), csid=2)


@row("rtmp", None)
def chunk_size_0_is_passed_over(peer):
    client = peer.connected()
    peer.send(set_chunk_size(0))
    client.create_stream()


@row("rtmp", None)
def chunk_size_1_is_legal(peer):
    client = peer.shaken()
    peer.send(set_chunk_size(1))
    text = b"".join(amf0(v) for v in ("connect", 1, {"app": "live", "tcUrl": f"rtmp://127.0.0.1:{peer.server.rtmp}/live"}))
    peer.send(chunk(20, text, chunk_size=1))
    client.wait_command("_result", b"NetConnection.Connect.Success")


@row("rtmp", "RtmpChunkSize")
def chunk_size_2_to_the_31(peer):
    peer.connected()
    peer.send(set_chunk_size(1 << 31))
    peer.rest()


@row("rtmp", "Limit")
def chunk_streams_65000(peer):
    peer.connected()
    chunk_streams(peer, b"\0\0\0\0\0\x04\x03\0\0\0\0" + bytes(4))  # whole acknowledgements
    peer.rest()


@row("rtmp", "Limit")
def unfinished_messages_on_65000_chunk_streams(peer):
    peer.publishing()
    chunk_streams(peer, b"\0\0\0\xff\xff\xff\x09\x01\0\0\0" + bytes(128))
    peer.rest()


def chunk_streams(peer, message):
    """The same on every one, until the server has closed."""
    for csid in range(64, 65064):
        basic = b"\x01" + struct.pack("<H", csid - 64) if csid > 319 else b"\x00" + bytes([csid - 64])
        if not peer.send(basic + message):
            return


@row("rtmp", "RtmpChunkStart")
def format_3_on_a_fresh_chunk_stream(peer):
    peer.connected()
    peer.send(b"\xe3" + bytes(128))
    peer.rest()


@row("rtmp", "Limit")
def abort_of_16_megabytes(peer):
    peer.connected()
    peer.send(b"\x02\0\0\0\xff\xff\xff\x02\0\0\0\0" + bytes(128))
    peer.rest()


# ---- RTMP: commands --------------------------------------------------------------------------


@row("rtmp", "Amf0Decode")
def amf_garbage_in_connect(peer):
    peer.shaken()
    peer.send(chunk(20, amf0("connect") + amf0(1) + b"\x03\xff\xff" + os.urandom(300)))
    peer.rest()


@row("rtmp", "Amf0Depth")
def deep_nesting_in_connect(peer):
    peer.shaken()
    deep = b"\x03\x00\x01a" * 10000
    peer.send(chunk(20, amf0("connect") + amf0(1) + deep))
    peer.rest()


@row("rtmp", "Amf0Decode")
def string_of_4_gigabytes_in_connect(peer):
    peer.shaken()
    peer.send(chunk(20, amf0("connect") + amf0(1) + b"\x03\x00\x03app\x0c\xff\xff\xff\xff" + b"live" * 100))
    peer.rest()


@row("rtmp", "Amf0Decode")
def array_of_4_billion_in_connect(peer):
    peer.shaken()
    peer.send(chunk(20, amf0("connect") + amf0(1) + b"\x03\x00\x03app\x0a\xff\xff\xff\xff" + b"\x05" * 1000))
    peer.rest()


@row("rtmp", "RtmpConnect")
def connect_without_an_object(peer):
    peer.shaken()
    peer.send(command("connect", 1, "live"))
    peer.rest()


@row("rtmp", "Limit")
def connect_of_a_megabyte(peer):
    peer.shaken()
    text = amf0("connect") + amf0(1) + b"\x03" + b"".join(b"\x00\x03abc\x02\xff\xff" + bytes(65535) for _ in range(16))
    peer.send(chunk(20, text))
    peer.rest()


@row("rtmp", None)
def unknown_command_is_answered(peer):
    client = peer.connected()
    seen = len([m for m in client.messages if m[0] == 20 and amf0_first(m[3]) in ("_result", "_error")])
    client.send(command("frobnicate", 77, None, {"a": 1}))
    while len([m for m in client.messages if m[0] == 20 and amf0_first(m[3]) in ("_result", "_error")]) == seen:
        check(client.read(), "closed")
    client.create_stream()


@row("rtmp", "RtmpState")
def media_before_publish(peer):
    client = peer.connected().create_stream()
    client.send(chunk(9, b"\x17\x01\0\0\0" + bytes(500), msid=1, csid=6))
    peer.rest()


@row("rtmp", "StreamBusy")
def second_publisher(peer):
    client = peer.connected().create_stream()
    client.send(command("publish", 3, None, "witness", "live", msid=1, csid=4))
    client.wait_command("onStatus", b"NetStream.Publish.BadName")
    peer.rest()


@row("rtmp", "StreamNameEmpty")
def publish_without_a_name(peer):
    client = peer.connected().create_stream()
    client.send(command("publish", 3, None, "", "live", msid=1, csid=4))
    client.wait_command("onStatus", b"NetStream.Publish.")
    peer.rest()


@row("rtmp", "Limit")
def a_thousand_streams_created(peer):
    peer.connected()
    for number in range(1000):
        if not peer.send(command("createStream", number + 2, None)):
            break
    peer.rest()


@row("rtmp", "Limit")
def pings_whose_answers_are_not_read(peer):
    peer.publishing()
    deadline = time.monotonic() + 10
    while peer.send(PING * 1000):
        check(time.monotonic() < deadline, "the server takes pings without end")


# ---- RTMP: media -----------------------------------------------------------------------------


SEQUENCE = b"\x17\x00\0\0\0\x01\x64\x00\x1e\xff\xe1\x00\x04\x67\x64\x00\x1e\x01\x00\x02\x68\xee"


def bad_media(peer, *bodies, kind=9):
    peer.publishing()
    for number, body in enumerate(bodies):
        peer.send(chunk(kind, body, msid=1, csid=6, ms=number * 40))
    peer.rest()


@row("rtmp", "AvcNalu")
def picture_with_a_wrong_length(peer):
    bad_media(peer, SEQUENCE, b"\x17\x01\0\0\0\x7f\xff\xff\xff\x65" + bytes(100))


@row("rtmp", "AvcNalu")
def picture_with_a_cut_length(peer):
    bad_media(peer, SEQUENCE, b"\x17\x01\0\0\0\0\0\0\x02\x65\x00\x00\x01")


@row("rtmp", "AvcRecord")
def sequence_header_of_garbage(peer):
    bad_media(peer, b"\x17\x00\0\0\0\x01\x64\x00\x1e\xff\xff" + os.urandom(60))


@row("rtmp", "FlvTruncated")
def video_of_one_byte(peer):
    bad_media(peer, b"\x17", SEQUENCE[:7])


@row("rtmp", "RtmpAggregate")
def aggregate_of_garbage(peer):
    bad_media(peer, b"\x09\xff\xff\xff" + os.urandom(200), kind=22)


@row("rtmp", "Amf0Depth")
def metadata_of_garbage(peer):
    bad_media(peer, amf0("@setDataFrame") + amf0("onMetaData") + b"\x03\x00\x01a" * 5000, kind=18)


@row("rtmp", "Amf0Decode")
def metadata_string_of_4_gigabytes(peer):
    bad_media(peer, amf0("@setDataFrame") + amf0("onMetaData") + b"\x08\xff\xff\xff\xff\x00\x01a\x0c\xff\xff\xff\xffx" +
              bytes(1000), kind=18)


@row("rtmp", "Amf0Depth")
def metadata_of_25_kilobytes_of_nested_objects(peer):
    bad_media(peer, amf0("@setDataFrame") + amf0("onMetaData") + b"\x03\x00\x01a" * 6000 + b"\x05" +
              b"\x00\x00\x09" * 6000, kind=18)


# ---- HTTP ------------------------------------------------------------------------------------


def answers(peer, request, *statuses):
    """The answers' status codes, up to the close."""
    peer.send(request)
    data = peer.rest()
    got = re.findall(rb"HTTP/1\.1 (\d+) ", data)
    check(got == [s.encode() for s in statuses], f"answers {got}, {data[:200]!r}")
    return data


@row("http", "HttpParseHeader")
def rtmp_on_the_http_port(peer):
    answers(peer, b"\x03" + bytes(1536), "400")


@row("http", "HttpParseHeader")
def garbage_behind_a_request(peer):
    answers(peer, b"GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n" + b"\xff\x00\xfe garbage\r\n\r\n" * 50, "200", "400")


@row("http", "HttpHeader")
def line_of_100_kilobytes(peer):
    answers(peer, b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", "414")


@row("http", "HttpHeader")
def header_of_100_kilobytes(peer):
    answers(peer, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100000 + b"\r\n\r\n", "431")


@row("http", "HttpHeader")
def a_thousand_headers(peer):
    answers(peer, b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 1000 + b"\r\n", "431")


@row("http", "HttpUrlNotClean")
def way_out_of_the_root(peer):
    data = answers(peer, b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "400")
    check(b"root:" not in data, "that is the password file")


@row("http", "HttpUrlNotClean")
def way_out_of_the_root_escaped(peer):
    data = answers(peer, b"GET /live/%2e%2e/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "400")
    check(b"root:" not in data, "that is the password file")


@row("api", "Limit")
def endless_body(peer):
    peer.send(b"POST /api/v1/config/check HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    deadline = time.monotonic() + 10
    piece = b"4000\r\n" + bytes(0x4000) + b"\r\n"
    sent = 0
    while sent < 64 << 20 and peer.send(piece):
        sent += len(piece)
        check(time.monotonic() < deadline, f"the server takes a body without end: {sent} bytes")
    data = peer.rest()
    check(not data or b" 413 " in data.splitlines()[0], f"answer {data[:80]!r}")


@row("http", "HttpParseHeader")
def body_of_16_exabytes_announced(peer):
    answers(peer, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n", "400")


@row("http", "HttpParseHeader")
def length_and_chunks_at_once(peer):
    answers(peer, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400")


@row("http", "SocketTimeout", (SETUP_SECONDS - 1, SETUP_SECONDS + 3))
def slow_loris(peer):
    """A byte a second, and the close must come in time, not with the last byte."""
    closed = threading.Event()

    def drip():
        for byte in b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: aaaaaaaaaaaaaaa":
            if not peer.send(bytes([byte])) or closed.wait(1):
                return
    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        peer.rest(SETUP_SECONDS + 5)
    finally:
        closed.set()
        thread.join()


# ---- one row against one server --------------------------------------------------------------


def context_of(server, number):
    """The id that the log gives to the connection from this port."""
    found = re.findall(rf"\[(\S+)\] \w+: accept peer=127\.0\.0\.1:{number}$", server.output(), re.M)
    return found[-1] if found else None


def warnings_of(server, context):
    return [line for line in server.log_lines("warn") if f" [{context}] " in line]


def try_row(server, one):
    peer = Peer(server, getattr(server, one.port))
    try:
        one.talk(peer)
        took = time.monotonic() - peer.opened
        check(one.within[0] <= took <= one.within[1], f"took {took:.1f} s, not {one.within[0]:.0f} to {one.within[1]:.0f}")
    finally:
        peer.sock.close()
    context = wait_until(lambda: context_of(server, peer.number), 5, "the connection's id in the log")
    wait_until(lambda: re.search(rf"\[{context}\] \w+: close", server.output()), 5, "the connection's end in the log")
    warned = warnings_of(server, context)
    if one.code is None:
        check(not warned, f"a warning about what is no fault: {warned}")
        return
    check(len(warned) == 1, f"{len(warned)} warnings: {warned}")
    check(re.search(rf"code=\d+\({one.code}\)", warned[0]), f"the warning has another code: {warned[0]}")


def announced_messages(server):
    """50 publishers that announce 16 MiB and send one chunk of it cost what 50 publishers cost."""
    clients = [rtmp_ready(server).publish(f"huge{number}") for number in range(50)]
    try:
        before = server.rss()
        for client in clients:
            client.send(b"\x06\0\0\0\xff\xff\xff\x09\x01\0\0\0\x17" + bytes(127) + PING)
        for client in clients:  # answered, so what was sent before has been taken
            while not [m for m in client.messages if m[0] == 4 and m[3][:2] == b"\0\x07"]:
                check(client.read(), "closed")
        grown = server.rss() - before
        check(grown < ANNOUNCED_LIMIT, f"memory grew by {grown >> 10} KiB")
    finally:
        for client in clients:
            client.close()
    wait_until(lambda: not [n for n in server.streams() if n.startswith("huge")], 10, "the end of the 50")


# ---- all of it, around a witness -------------------------------------------------------------


def survives(case, asan):
    server = case.server(asan=asan, top="srs_log_level_v2 debug;\n")
    case.publish(server, "witness", make_flv(40, name="av"))
    server.wait_live("witness")
    witness = FlvPlayer(case, server, "witness")
    witness.wait_media(10, 50)
    began = time.monotonic()
    before = server.rss()
    label = "asan" if asan else "release"
    good = run_rows(server, label)
    if not asan:
        good = run_case("announced_messages_release", lambda _: announced_messages(server)) and good
    check_witness(server, witness, began)
    if not asan:
        def near():
            return server.rss() - before < GROWTH_LIMIT
        wait_until(near, 5, f"memory of {before >> 10} KiB at most {GROWTH_LIMIT >> 10} KiB more, is {server.rss() >> 10}")
    check(good, "see above")


def run_rows(server, label):
    """Slow ones all at once beside the others, one after the other."""
    results = []

    def one(row_):
        results.append(run_case(f"{row_.name}_{label}", lambda _: try_row(server, row_)))
    slow = [threading.Thread(target=one, args=(r,)) for r in ROWS if r.within[0] > 0 and chosen(r.name)]
    slow += [threading.Thread(target=one, args=(r,)) for r in ROWS if r.name == "never_speaks" and chosen(r.name)
             for _ in range(5)]
    for thread in slow:
        thread.start()
    for row_ in ROWS:
        if row_.within[0] == 0 and chosen(row_.name):
            one(row_)
    for thread in slow:
        thread.join()
    return results and all(results)


def chosen(name):
    wanted = [a for a in sys.argv[1:] if a not in ("asan", "release")]
    return not wanted or any(a in name for a in wanted)


def check_witness(server, witness, began):
    witness.check_well()
    check(witness.thread.is_alive(), "the witness ended")
    seen = len(witness.media())
    witness.wait_media(5, seen + 25, "the witness's stream goes on")
    witness.check_order()
    gap = witness.largest_gap(began)
    check(gap < GAP_LIMIT, f"the witness waited {gap * 1000:.0f} ms, at most {GAP_LIMIT * 1000:.0f} are good")
    check(server.is_active("witness"), "the API does not show the witness")


def witness_and_end_asan(case):
    survives(case, True)


def witness_and_end_release(case):
    survives(case, False)


if __name__ == "__main__":
    sides = {f.__name__: f for f in (witness_and_end_asan, witness_and_end_release)}
    os.chdir(harness.ROOT)
    with harness.concurrent.futures.ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda item: run_case(*item), sides.items()))
    sys.exit(0 if all(done) else 1)
