"""Clients of our own for the system tests: HTTP-FLV and RTMP players that keep every tag with its time of arrival, and
what an RTMP client must say to get anywhere. Written from the specifications, apart from the server's own code.
"""
import os
import select
import socket
import struct
import threading
import time

from harness import Failure, check, wait_until

AUDIO, VIDEO, SCRIPT = 8, 9, 18


# ---- AMF0 ------------------------------------------------------------------------------------


def amf0(value):
    if value is None:
        return b"\x05"
    if isinstance(value, bool):
        return bytes([1, value])
    if isinstance(value, (int, float)):
        return b"\x00" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return b"\x02" + struct.pack(">H", len(text)) + text
    if isinstance(value, (list, tuple)):
        return b"\x0a" + struct.pack(">I", len(value)) + b"".join(amf0(v) for v in value)
    return b"\x03" + b"".join(struct.pack(">H", len(k)) + k.encode() + amf0(v)
                              for k, v in value.items()) + b"\x00\x00\x09"


def amf0_first(data):
    """The text or number at the start of a command, else None."""
    if data[:1] == b"\x02":
        return data[3:3 + struct.unpack(">H", data[1:3])[0]].decode("utf-8", "replace")
    return struct.unpack(">d", data[1:9])[0] if data[:1] == b"\x00" else None


# ---- tags ------------------------------------------------------------------------------------


class Tag:
    def __init__(self, kind, ms, body, at):
        self.kind = kind
        self.ms = ms
        self.body = body
        self.at = at  # when it was complete, monotonic

    def is_avc_config(self):
        return self.kind == VIDEO and self.body[:1] in (b"\x17", b"\x27") and self.body[1:2] == b"\x00"

    def is_picture(self):
        return self.kind == VIDEO and self.body[:1] < b"\x80" and self.body[1:2] == b"\x01"

    def is_key(self):
        return self.is_picture() and self.body[0] >> 4 == 1

    def is_sound(self):
        return self.kind == AUDIO and self.body[1:2] == b"\x01"

    def is_media(self):
        return self.is_picture() or self.is_sound()

    def check_body(self):
        """A picture's NAL units fill its body to the byte."""
        if not self.is_picture():
            return
        at = 5
        while at < len(self.body):
            check(at + 4 <= len(self.body), f"picture at {self.ms} ms: a NAL unit's length is cut")
            at += 4 + struct.unpack_from(">I", self.body, at)[0]
        check(at == len(self.body), f"picture at {self.ms} ms: NAL units do not fill it")

    def flv(self):
        size = len(self.body)
        return (bytes([self.kind]) + size.to_bytes(3, "big") + (self.ms & 0xFFFFFF).to_bytes(3, "big") +
                bytes([self.ms >> 24 & 0xFF]) + b"\0\0\0" + self.body + struct.pack(">I", size + 11))


class FlvReader:
    """Bytes in, tags out; what is no FLV is a Failure."""

    def __init__(self):
        self.buffer = bytearray()
        self.header = None

    def feed(self, data, at):
        self.buffer += data
        tags = []
        if self.header is None and len(self.buffer) >= 13:
            self.header = bytes(self.buffer[:13])
            check(self.header[:4] == b"FLV\x01" and self.header[5:] == b"\0\0\0\x09\0\0\0\0", "not an FLV header")
            del self.buffer[:13]
        while self.header is not None and len(self.buffer) >= 11:
            kind, size = self.buffer[0], int.from_bytes(self.buffer[1:4], "big")
            check(kind in (AUDIO, VIDEO, SCRIPT) and self.buffer[8:11] == b"\0\0\0", f"not a tag: {self.buffer[:11].hex()}")
            if len(self.buffer) < 15 + size:
                break
            ms = int.from_bytes(self.buffer[4:7], "big") | self.buffer[7] << 24
            tag = Tag(kind, ms, bytes(self.buffer[11:11 + size]), at)
            behind = int.from_bytes(self.buffer[11 + size:15 + size], "big")
            check(behind == 11 + size, f"tag at {ms} ms: the size behind it is {behind}")
            tag.check_body()
            tags.append(tag)
            del self.buffer[:15 + size]
        return tags


def read_flv(path):
    with open(path, "rb") as file:
        return FlvReader().feed(file.read(), 0.0)


# ---- players ---------------------------------------------------------------------------------


class Player:
    """A thread that plays into a list of tags. Pausing it stops its reading, and so closes the TCP window."""

    def __init__(self, case, *, pace=None, receive_buffer=None):
        self.tags = []
        self.started = time.monotonic()
        self.arrivals = []  # (time, bytes) of each read
        self.wrong = None
        self.ended = False  # by the server, in order
        self.closing = False
        self.paused = threading.Event()
        self.pace = pace  # bytes a second
        self.bytes = 0
        self.receive_buffer = receive_buffer
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.sock = None
        case.callback(self.close)

    def dial(self, port):
        self.sock = socket.socket()
        if self.receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        self.sock.settimeout(10)
        self.sock.connect(("127.0.0.1", port))

    def start(self):
        self.thread.start()
        return self

    def run(self):
        try:
            self.play()
        except (Failure, OSError, ValueError) as error:
            if not self.closing:
                self.wrong = f"{type(error).__name__}: {error}"

    def receive(self):
        """The next bytes, b"" at the end."""
        while not self.closing:
            if self.paused.is_set():
                time.sleep(0.02)
                continue
            if self.pace:
                ahead = self.bytes / self.pace - (time.monotonic() - self.started)
                if ahead > 0:
                    time.sleep(min(ahead, 0.1))
                    continue
            if not select.select([self.sock], [], [], 0.2)[0]:
                continue
            data = self.sock.recv(4096 if self.pace else 65536)
            self.arrivals.append((time.monotonic(), len(data)))
            self.bytes += len(data)
            return data
        return b""

    def close(self):
        self.closing = True
        if self.thread.is_alive():
            self.thread.join(3)
        if self.sock:
            self.sock.close()

    def check_well(self):
        check(self.wrong is None, f"player: {self.wrong}")

    def media(self):
        return [t for t in list(self.tags) if t.is_media()]

    def pictures(self):
        return [t for t in list(self.tags) if t.is_picture()]

    def wait_media(self, seconds, count=1, what="media at the player"):
        def enough():
            self.check_well()
            return len(self.media()) >= count
        wait_until(enough, seconds, what)

    def wait_end(self, seconds, what="the player's end"):
        wait_until(lambda: not self.thread.is_alive(), seconds, what)
        self.check_well()

    def largest_gap(self, since=0.0):
        """Seconds between two arrivals, up to now."""
        times = [at for at, _ in list(self.arrivals) if at >= since]
        if self.thread.is_alive():
            times.append(time.monotonic())
        return max((b - a for a, b in zip(times, times[1:])), default=float("inf"))

    def check_order(self):
        """Times never go back, in either kind."""
        for kind in (AUDIO, VIDEO):
            tags = [t for t in list(self.tags) if t.kind == kind and t.is_media()]
            for a, b in zip(tags, tags[1:]):
                check(b.ms > a.ms, f"tags of kind {kind}: {b.ms} ms after {a.ms} ms")

    def save(self, path):
        with open(path, "wb") as file:
            file.write(b"FLV\x01\x05\0\0\0\x09\0\0\0\0" + b"".join(t.flv() for t in self.tags))
        return path


class FlvPlayer(Player):
    """Plays HTTP-FLV."""

    def __init__(self, case, server, name, *, query="", **options):
        super().__init__(case, **options)
        self.server = server
        self.name = name
        self.query = "?" + query if query else ""
        self.reader = FlvReader()
        self.head = None
        self.chunks = b""
        self.chunk_left = 0
        self.start()

    def play(self):
        self.dial(self.server.http)
        self.sock.sendall(f"GET /live/{self.name}.flv{self.query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            data = self.receive()
            check(data or self.closing, f"closed in the answer's head {head!r}")
            if not data:
                return
            head += data
        head, _, rest = head.partition(b"\r\n\r\n")
        self.head = head.decode()
        check(self.head.startswith("HTTP/1.1 200 "), f"answer {self.head.splitlines()[0]}")
        chunked = "transfer-encoding: chunked" in self.head.lower()
        while not self.ended:
            body = self.unchunk(rest) if chunked else rest
            self.tags += self.reader.feed(body, time.monotonic())
            if self.ended:
                break
            rest = self.receive()
            if not rest:
                check(self.closing or not chunked, "closed without the last chunk")
                self.ended = not self.closing
                break

    def unchunk(self, data):
        self.chunks += data
        out = b""
        while self.chunks:
            if self.chunk_left == 0:
                line, sep, rest = self.chunks.partition(b"\r\n")
                if not sep:
                    check(len(self.chunks) < 20, f"not a chunk: {self.chunks[:20]!r}")
                    break
                self.chunks, self.chunk_left = rest, int(line, 16) + 2
                if self.chunk_left == 2:
                    self.ended = True
                    break
            take = self.chunks[:self.chunk_left]
            self.chunks = self.chunks[len(take):]
            self.chunk_left -= len(take)
            if self.chunk_left < 2:
                keep = len(take) - (2 - self.chunk_left)
                check(b"\r\n".startswith(take[max(keep, 0):]) or take == b"\n", "a chunk does not end with a line end")
                take = take[:max(keep, 0)]
            out += take
        return out


# ---- RTMP ------------------------------------------------------------------------------------


def chunk(message_type, body, *, csid=3, msid=0, ms=0, chunk_size=128):
    """One message with a full header."""
    assert 2 <= csid < 64 and ms < 0xFFFFFF
    head = bytes([csid]) + ms.to_bytes(3, "big") + len(body).to_bytes(3, "big") + bytes([message_type])
    parts = [head + struct.pack("<I", msid)]
    for at in range(0, max(len(body), 1), chunk_size):
        if at:
            parts.append(bytes([0xC0 | csid]))
        parts.append(body[at:at + chunk_size])
    return b"".join(parts)


def command(*values, msid=0, csid=3):
    return chunk(20, b"".join(amf0(v) for v in values), msid=msid, csid=csid)


class RtmpReader:
    """Chunks in, messages (type, msid, ms, body) out."""

    def __init__(self):
        self.buffer = bytearray()
        self.chunk_size = 128
        self.streams = {}

    def feed(self, data):
        self.buffer += data
        messages = []
        while True:
            before = len(self.buffer)
            message = self.one()
            if message:
                messages.append(message)
                if message[0] == 1:
                    self.chunk_size = int.from_bytes(message[3][:4], "big")
            if len(self.buffer) == before:
                return messages

    def one(self):
        b = self.buffer
        if len(b) < 1:
            return None
        fmt, csid, at = b[0] >> 6, b[0] & 63, 1
        check(csid >= 2, "the server uses a chunk stream above 63")
        size = (11, 7, 3, 0)[fmt]
        if len(b) < at + size + 4:  # 4: an extended timestamp may follow
            if len(b) < at + size or not self.complete_without(fmt, csid, at, size):
                return None
        s = self.streams.setdefault(csid, {"body": bytearray(), "time": 0, "field": 0})
        field = int.from_bytes(b[at:at + 3], "big") if fmt < 3 else s["field"]
        length = int.from_bytes(b[at + 3:at + 6], "big") if fmt < 2 else s["length"]
        extended = field == 0xFFFFFF
        head = at + size + (4 if extended else 0)
        take = min(self.chunk_size, length - len(s["body"]))
        if len(b) < head + take:
            return None
        value = int.from_bytes(b[at + size:at + size + 4], "big") if extended else field
        if not s["body"]:
            s["time"] = value if fmt == 0 else s["time"] + (s.get("delta", 0) if fmt == 3 else value)
            s["delta"] = value if fmt in (1, 2) else s.get("delta", 0)
        s["field"], s["length"] = field, length
        if fmt < 2:
            s["type"] = b[at + 6]
        if fmt == 0:
            s["msid"] = int.from_bytes(b[at + 7:at + 11], "little")
        s["body"] += b[head:head + take]
        del b[:head + take]
        if len(s["body"]) < length:
            return None
        message = (s["type"], s["msid"], s["time"], bytes(s["body"]))
        s["body"] = bytearray()
        return message

    def complete_without(self, fmt, csid, at, size):
        """A short chunk at the very end of the input has no extended timestamp to wait for."""
        field = self.buffer[at:at + 3] if size else None
        return field != b"\xff\xff\xff" if size else self.streams.get(csid, {}).get("field") != 0xFFFFFF


class Rtmp:
    """A connection that knows the handshake and how to ask."""

    def __init__(self, port=None, *, sock=None, seconds=10, host="127.0.0.1"):
        self.sock = sock or socket.create_connection((host, port), timeout=seconds)
        self.reader = RtmpReader()
        self.messages = []

    def handshake(self):
        c1 = b"\0\0\0\0\0\0\0\0" + os.urandom(1528)
        self.sock.sendall(b"\x03" + c1)
        answer = self.exactly(1 + 1536 + 1536)
        check(answer[0] == 3, f"S0 is {answer[0]}")
        self.sock.sendall(answer[1:1537])
        return self

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            check(more, f"closed after {len(data)} of {size} bytes")
            data += more
        return data

    def send(self, data):
        self.sock.sendall(data)

    def read(self):
        """More messages; False at the end of the connection."""
        data = self.sock.recv(65536)
        self.messages += self.reader.feed(data)
        return bool(data)

    def wait_command(self, name, text=b"", count=1):
        """Reads up to the count-th command of that name with that text in it."""
        while True:
            found = [m for m in self.messages if m[0] == 20 and amf0_first(m[3]) == name and text in m[3]]
            if len(found) >= count:
                return found[-1]
            check(self.read(), f"closed before {name} {text.decode()}")

    def connect(self, server, app="live", **fields):
        host = getattr(server, "host", "127.0.0.1")
        self.send(command("connect", 1, {"app": app, "tcUrl": f"rtmp://{host}:{server.rtmp}/{app}", **fields}))
        self.wait_command("_result", b"NetConnection.Connect.Success")
        return self

    def create_stream(self):
        seen = len([m for m in self.messages if m[0] == 20 and amf0_first(m[3]) == "_result"])
        self.send(command("createStream", 2, None))
        self.wait_command("_result", count=seen + 1)
        return self

    def publish(self, name):
        self.send(command("publish", 3, None, name, "live", msid=1, csid=4))
        self.wait_command("onStatus", b"NetStream.Publish.Start")
        return self

    def close(self):
        self.sock.close()


def rtmp_ready(server):
    """A client that may now publish or play."""
    return Rtmp(server.rtmp).handshake().connect(server).create_stream()


class RtmpPlayer(Player):
    """Plays RTMP."""

    def __init__(self, case, server, name, app="live", *, fields=None, **options):
        super().__init__(case, **options)
        self.client = self.open(server).handshake().connect(server, app, **(fields or {})).create_stream()
        self.sock = self.client.sock
        self.commands = []  # bodies, in order
        self.client.send(command("play", 4, None, name, -2000, msid=1, csid=8))
        self.take(self.client.messages)
        self.start()

    def open(self, server):
        return Rtmp(server.rtmp)

    def take(self, messages):
        now = time.monotonic()
        for kind, _, ms, body in messages:
            if kind == 20:
                self.commands.append(body)
            if kind in (AUDIO, VIDEO, SCRIPT):
                tag = Tag(kind, ms, body, now)
                tag.check_body()
                self.tags.append(tag)

    def play(self):
        while True:
            data = self.receive()
            if not data:
                self.ended = not self.closing
                return
            self.take(self.client.reader.feed(data))


def player(case, protocol, server, name, **options):
    return (FlvPlayer if protocol == "flv" else RtmpPlayer)(case, server, name, **options)


class RtmpPublisher:
    """A thread that publishes the tags of an FLV file at their own pace, in chunks of 128 bytes unless told otherwise."""

    def __init__(self, case, server, name, path, *, chunk_size=128, setup=None):
        self.tags = read_flv(path)
        self.chunk_size = chunk_size
        self.client = (setup or rtmp_ready)(server).publish(name)
        if chunk_size != 128:
            self.client.send(chunk(1, struct.pack(">I", chunk_size), csid=2))
        self.stopping = False
        self.wrong = None
        self.sent = 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        case.callback(self.close)
        self.thread.start()

    def run(self):
        started = time.monotonic()
        try:
            for tag in self.tags:
                while not self.stopping:
                    ahead = tag.ms / 1000 - (time.monotonic() - started)
                    if ahead <= 0:
                        break
                    time.sleep(min(ahead, 0.1))
                if self.stopping:
                    return
                self.client.send(chunk(tag.kind, tag.body, csid=tag.kind % 7 + 4, msid=1, ms=tag.ms,
                                       chunk_size=self.chunk_size))
                self.sent += 1
        except OSError as error:
            self.wrong = str(error)

    def close(self):
        self.stopping = True
        self.thread.join(3)
        self.client.close()
