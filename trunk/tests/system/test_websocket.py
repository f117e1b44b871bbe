#!/usr/bin/env python3
"""WebSocket-FLV on the URL of HTTP-FLV: the same stream, its handshake's refusals, pings while media flows, what a client
may not send, and both sides' closes."""
import base64
import hashlib
import os
import re
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import check, main, make_flv, wait_until
from wire import FlvPlayer, FlvReader, Player

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(first, payload, *, mask=b"\x11\x22\x33\x44", size=None):
    """A client's frame; without a mask when that is empty."""
    size = len(payload) if size is None else size
    bit = 0x80 if mask else 0
    head = bytes([first])
    if size > 65535:
        head += bytes([bit | 127]) + struct.pack(">Q", size)
    elif size > 125:
        head += bytes([bit | 126]) + struct.pack(">H", size)
    else:
        head += bytes([bit | size])
    return head + mask + (bytes(c ^ mask[i % 4] for i, c in enumerate(payload)) if mask else payload)


def request(path="/live/show.flv", *, method="GET", version="HTTP/1.1", drop=(), **headers):
    key = base64.b64encode(os.urandom(16)).decode()
    lines = {"Host": "127.0.0.1", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key,
             "Sec-WebSocket-Version": "13", **{k.replace("_", "-"): v for k, v in headers.items()}}
    text = "".join(f"{k}: {v}\r\n" for k, v in lines.items() if k not in drop)
    return f"{method} {path} {version}\r\n{text}\r\n".encode(), key


class WsPlayer(Player):
    """Plays WebSocket-FLV and notes what else the server says."""

    def __init__(self, case, server, name="show", *, early=b"", query="", **options):
        super().__init__(case, **options)
        self.port = server.http
        self.target = f"/live/{name}.flv{query}"
        self.early = early
        self.reader = FlvReader()
        self.data = b""
        self.frames = 0
        self.pongs = []
        self.close_code = None
        self.start()

    def take_frame(self):
        if len(self.data) < 2:
            return False
        first, length = self.data[0], self.data[1]
        more = {127: 8, 126: 2}.get(length, 0)
        check(length < 128, "the server masks its frames")
        if len(self.data) < 2 + more:
            return False
        size = int.from_bytes(self.data[2:2 + more], "big") if more else length
        if len(self.data) < 2 + more + size:
            return False
        payload, self.data = self.data[2 + more:2 + more + size], self.data[2 + more + size:]
        check(first in (0x80 | BINARY, 0x80 | PONG, 0x80 | CLOSE), f"frame {first:x}")
        if first == 0x80 | BINARY:
            self.frames += 1
            self.tags += self.reader.feed(payload, time.monotonic())
        elif first == 0x80 | PONG:
            self.pongs.append(payload)
        else:
            self.close_code = struct.unpack(">H", payload)[0] if payload else 0
            check(not self.data, "bytes behind the close")
        return True

    def play(self):
        self.dial(self.port)
        text, key = request(self.target)
        self.sock.sendall(text + self.early)
        while b"\r\n\r\n" not in self.data:
            data = self.receive()
            check(data or self.closing, f"closed in the answer's head {self.data!r}")
            if not data:
                return
            self.data += data
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        accept = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()
        check(lines[0] == "HTTP/1.1 101 Switching Protocols", f"answer {lines[0]}")
        for line in ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}"):
            check(line in lines, f"no {line} in {lines}")
        check("extensions" not in head.decode().lower(), "an extension was taken")
        while True:
            while self.take_frame():
                pass
            data = self.receive()
            if not data:
                self.ended = not self.closing
                return
            self.data += data

    def say(self, data):
        self.sock.sendall(data)


def show(case, **options):
    server = case.server(**options)
    case.publish(server, "show", make_flv(30, name="websocket"))
    server.wait_live("show")
    return server


def plays_what_http_plays(case):
    """Both players get the same tags, byte for byte, from one key frame on."""
    server = show(case)
    players = [WsPlayer(case, server), FlvPlayer(case, server, "show"), WsPlayer(case, server, query="?token=x")]
    for player in players:
        player.wait_media(15, 150)
        player.check_order()
    bodies = [{(t.kind, t.body) for t in player.media()} for player in players]
    for other in bodies[1:]:
        check(len(bodies[0] & other) > 100, "the players do not see the same stream")
    # One frame a write: the gop in a few, then one a beat.
    check(players[0].frames < len(players[0].tags), f"{players[0].frames} frames for {len(players[0].tags)} tags")
    check(players[0].largest_gap() < 0.35 + 0.2, f"gap of {players[0].largest_gap():.2f} s")
    clients = server.api_get("clients/?count=100")["clients"]
    kinds = sorted(c["type"] for c in clients if not c["publish"])
    check(kinds == ["flv-play"] * 3, f"clients {kinds}")


def waits_for_a_publisher(case):
    server = case.server()
    player = WsPlayer(case, server)
    wait_until(lambda: server.streams().get("show", {}).get("clients") == 1, 10, "the player waits")
    case.publish(server, "show", make_flv(30, name="websocket"))
    player.wait_media(10, 20)


def pings_are_answered_between_frames(case):
    server = show(case)
    player = WsPlayer(case, server, early=frame(0x80 | PING, b"early"))
    player.wait_media(10, 20)
    wait_until(lambda: player.pongs == [b"early"], 5, "the pong for what came with the request")
    sent = [b"early"]
    for i in range(200):
        payload = os.urandom(i % 126)
        sent.append(payload)
        player.say(frame(0x80 | PING, payload))
    player.say(frame(TEXT, b"to be ") + frame(0x80 | PONG, b"unasked") + frame(0x80, b"read over"))
    wait_until(lambda: player.pongs == sent, 10, "all pongs, in order")
    count = len(player.media())
    player.wait_media(10, count + 50)
    player.check_order()
    player.check_well()


def slow_player_gets_pongs_too(case):
    """Its socket is full most of the time, so that pings fall into frames that are sent in part."""
    server = show(case)
    player = WsPlayer(case, server, pace=300_000, receive_buffer=8192)
    player.wait_media(10, 5)
    sent = []
    for i in range(60):
        sent.append(b"%d" % i)
        player.say(frame(0x80 | PING, sent[-1]))
        wait_until(lambda: len(player.pongs) >= len(sent) - 10, 30, "pongs that are not too far behind")
    wait_until(lambda: player.pongs == sent, 20, "all pongs, in order")
    player.check_well()


def websocket_player_who_talks_too_much(case):
    """Pings, as fast as they are taken; their pongs are read."""
    server = show(case)
    witness = FlvPlayer(case, server, "show")
    witness.wait_media(10, 10)
    player = WsPlayer(case, server)
    player.wait_media(10, 10)
    some = frame(0x80 | PING, bytes(100)) * 100
    deadline = time.monotonic() + 10
    try:
        while time.monotonic() < deadline and not player.ended:
            player.say(some)
    except OSError:
        pass
    # What was sent says little: the kernels of both sides hold megabytes.
    reason = wait_until(lambda: [re.search(r"player sent (\d+) bytes", line) for line in server.log_lines("warn")
                                 if "(Limit)" in line and "player sent" in line], 5, "the reason in the log")[0]
    check(int(reason[1]) <= (256 + 64) << 10, f"{reason[1]} bytes of pings were taken")
    check(player.close_code in (None, 1008), f"close {player.close_code}")  # lost when a reset overtakes it
    check(len(player.pongs) * 106 < 512 << 10, f"{len(player.pongs)} pongs")
    witness.check_well()


CLOSES = {
    "without a mask": (frame(0x80 | TEXT, b"x", mask=b""), 1002),
    "ping without a mask": (frame(0x80 | PING, b"", mask=b""), 1002),
    "reserved bit": (frame(0xC0 | BINARY, b"deflated"), 1002),
    "reserved opcode": (frame(0x85, b"x"), 1002),
    "ping in fragments": (frame(PING, b"x"), 1002),
    "ping too long": (frame(0x80 | PING, b"x" * 126), 1002),
    "continuation of nothing": (frame(0x80, b"x"), 1002),
    "message of 4097 bytes": (frame(0x80 | BINARY, b"", size=4097), 1009),
    "message of 2^62 bytes": (frame(0x80 | BINARY, b"", size=1 << 62), 1009),
    "message too long in its second part": (frame(BINARY, b"x" * 4000) + frame(0x80, b"", size=97), 1009),
    "close code that must not be sent": (frame(0x80 | CLOSE, struct.pack(">H", 1006)), 1002),
    "close": (frame(0x80 | CLOSE, struct.pack(">H", 1000) + b"bye"), 1000),
    "close of its own code": (frame(0x80 | CLOSE, struct.pack(">H", 4321)), 4321),
    "close without a code": (frame(0x80 | CLOSE, b""), 0),
}


def ends_with_the_right_close(case):
    server = show(case)
    witness = FlvPlayer(case, server, "show")
    for why, (data, code) in CLOSES.items():
        player = WsPlayer(case, server)
        player.wait_media(10, 10)
        player.say(data + frame(0x80 | PING, b"not read any more"))
        player.wait_end(5, f"{why}: the end")
        check(player.ended and player.close_code == code and not player.pongs, f"{why}: close {player.close_code}")
    wrong = sum(code in (1002, 1009) for _, code in CLOSES.values())
    wait_until(lambda: len([line for line in server.log_lines("warn") if "WebSocketFrame" in line or "Limit" in line]) == wrong,
               5, f"{wrong} warnings")
    witness.check_well()
    check(witness.largest_gap() < 0.35 + 0.2, f"the witness's largest gap is {witness.largest_gap():.2f} s")


def kicked_and_left_alone_by_the_publisher(case):
    server = case.server(vhost="play { wait 1; }")
    publisher = case.publish(server, "show", make_flv(30, name="websocket"))
    server.wait_live("show")
    kicked, left = WsPlayer(case, server), WsPlayer(case, server)
    kicked.wait_media(10, 10)
    left.wait_media(10, 10)
    victim = next(c for c in server.api_get("clients/?count=100")["clients"] if not c["publish"])
    with socket.create_connection(("127.0.0.1", server.api)) as api:
        api.sendall(f"DELETE /api/v1/clients/{victim['id']} HTTP/1.0\r\n\r\n".encode())
        check(b'"code":0' in api.recv(4096), "the kick was refused")
    wait_until(lambda: not (kicked.thread.is_alive() and left.thread.is_alive()), 5, "the kicked player's end")
    if not left.thread.is_alive():
        kicked, left = left, kicked
    check(kicked.close_code == 1008, f"kicked: {kicked.close_code}")
    publisher.end()
    left.wait_end(10, "the end after play.wait")
    check(left.close_code == 1000, f"no publisher: {left.close_code}")


def quit_says_going_away(case):
    server = show(case)
    player = WsPlayer(case, server)
    player.wait_media(10, 10)
    server.stop()
    player.wait_end(5)
    check(player.close_code == 1001, f"close {player.close_code}")


def ask(server, data):
    """The head of the answer as {name: value}, with "status"; the connection is closed then."""
    with socket.create_connection(("127.0.0.1", server.http), timeout=10) as sock:
        sock.sendall(data)
        got = b""
        while b"\r\n\r\n" not in got:
            more = sock.recv(4096)
            check(more, f"closed after {got!r}")
            got += more
    lines = got.decode("latin-1").partition("\r\n\r\n")[0].split("\r\n")
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(": ")
        fields[name] = value if name not in fields else f"{fields[name]}, {value}"
    return {"status": int(lines[0].split()[1]), **fields}


def handshakes_that_fail(case):
    server = show(case)
    refusals = [("no key", 400, dict(drop=("Sec-WebSocket-Key",))), ("short key", 400, dict(Sec_WebSocket_Key="YQ==")),
                ("no version", 426, dict(drop=("Sec-WebSocket-Version",))), ("version 8", 426, dict(Sec_WebSocket_Version="8")),
                ("POST", 405, dict(method="POST")), ("HEAD", 405, dict(method="HEAD"))]
    for why, status, options in refusals:
        answer = ask(server, request(**options)[0])
        check(answer["status"] == status, f"{why}: {answer}")
        check((answer.get("Sec-WebSocket-Version") == "13") == (status == 426), f"{why}: {answer}")
        check(("Upgrade" in answer.get("Connection", "")) == (status == 426), f"{why}: {answer}")
    # What is no wish for a WebSocket plays over HTTP.
    for why, options in [("HTTP/1.0", dict(version="HTTP/1.0")), ("h2c", dict(Upgrade="h2c")),
                         ("no Connection", dict(drop=("Connection",)))]:
        answer = ask(server, request(**options)[0])
        check(answer["status"] == 200 and answer["Content-Type"] == "video/x-flv", f"{why}: {answer}")
    answer = ask(server, request("/nothing")[0])
    check(answer["status"] == 404, f"a path without a stream: {answer}")
    offer = request(Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits", Sec_WebSocket_Protocol="flv")[0]
    answer = ask(server, offer)
    check(answer["status"] == 101 and "Sec-WebSocket-Extensions" not in answer and "Sec-WebSocket-Protocol" not in answer,
          f"offers: {answer}")


def pages_of_other_sites(case):
    for crossdomain, statuses in (("on", (101, 101, 101)), ("off", (101, 403, 101))):
        server = case.server("daemon off; srs_log_tank console; max_connections auto; rtmp { listen @RTMP@; }\n"
                             "http_api { enabled on; listen @API@; }\n"
                             f"http_server {{ enabled on; listen @HTTP@; crossdomain {crossdomain}; }}\n"
                             "vhost __defaultVhost__ { http_remux { enabled on; } }\n")
        asked = (dict(), dict(Origin="http://evil.example"), dict(Origin="http://127.0.0.1"))
        got = tuple(ask(server, request(**headers)[0])["status"] for headers in asked)
        check(got == statuses, f"crossdomain {crossdomain}: {got}")


if __name__ == "__main__":
    main({f.__name__: f for f in (
        plays_what_http_plays, waits_for_a_publisher, pings_are_answered_between_frames, slow_player_gets_pongs_too,
        websocket_player_who_talks_too_much, ends_with_the_right_close, kicked_and_left_alone_by_the_publisher,
        quit_says_going_away, handshakes_that_fail, pages_of_other_sites)}, parallel=4)
