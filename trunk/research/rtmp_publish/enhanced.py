"""What RTMP messages and FLV tags of audio and video hold: legacy and Enhanced RTMP headers, multitrack, ModEx. Written
from the specifications, apart from the server's own code.

Stream takes tags in order and keeps for each track its frames with all that a decoder needs for them; two streams that
say the same compare equal, whatever form their messages have.
"""
import struct

AUDIO, VIDEO, SCRIPT = 8, 9, 18

LEGACY_VIDEO = {7: "avc1", 12: "hvc1", 13: "av01"}
LEGACY_AUDIO = {2: ".mp3", 10: "mp4a", 14: ".mp3"}
VIDEO_CODECS = ("avc1", "hvc1", "av01", "vp08", "vp09")
AUDIO_CODECS = ("mp4a", ".mp3", "Opus", "fLaC", "ac-3", "ec-3")
HAS_TIME = ("avc1", "hvc1", "vvc1")  # a composition time in front of their frames

START, FRAMES, END, FRAMES_X, METADATA = 0, 1, 2, 3, 4


class Malformed(ValueError):
    pass


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, size):
        if self.at + size > len(self.data):
            raise Malformed(f"{size} bytes at {self.at} of {len(self.data)}")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def signed24(self):
        value = self.number(3)
        return value - 0x1000000 if value & 0x800000 else value

    def rest(self):
        return self.take(len(self.data) - self.at)


class Part:
    """One track's share of a message."""

    def __init__(self, kind, track, codec, what, data, body):
        self.kind = kind
        self.track = track
        self.codec = codec      # a FourCC, also of legacy codecs; a number for a legacy codec that has none
        self.what = what        # "config", "frame", "side", "end", "silence", "other"
        self.data = data
        self.body = body        # the whole message
        self.frame_type = 0     # video
        self.time = 0           # composition time, ms
        self.modex = b""
        self.nano = 0
        self.enhanced = False
        self.multitrack = False


def read_modex(reader, kind):
    """The ModEx packets as they came without the last half byte, their nanoseconds, and the packet type behind."""
    begin, nano = reader.at, 0
    while kind == 7:
        size = reader.number(1) + 1
        if size == 256:
            size = reader.number(2) + 1
        data = reader.take(size)
        types = reader.number(1)
        kind = types & 15
        if types >> 4 == 0 and size >= 3 and int.from_bytes(data[:3], "big") <= 999999:
            nano = int.from_bytes(data[:3], "big")
    raw = bytes(reader.data[begin:reader.at])
    return (raw[:-1] + bytes([raw[-1] & 0xF0]) if raw else b""), nano, kind


def what_of(kind, packet_type):
    if packet_type == FRAMES_X and kind == AUDIO:
        return "other"
    return {START: "config", FRAMES: "frame", FRAMES_X: "frame", END: "end", METADATA: "side"}.get(packet_type, "other")


def read_enhanced(kind, body):
    reader = Reader(body)
    first = reader.number(1)
    multitrack = 6 if kind == VIDEO else 5
    frame_type = first >> 4 & 7 if kind == VIDEO else 0
    modex, nano, packet_type = read_modex(reader, first & 15)
    if kind == VIDEO and packet_type != METADATA and frame_type == 5:
        return [Part(kind, 0, None, "other", reader.rest(), body)]
    shape = None
    if packet_type == multitrack:
        types = reader.number(1)
        shape, packet_type = types >> 4, types & 15
        if packet_type == multitrack or shape > 2:
            raise Malformed(f"multitrack {types:02x}")
    codec = reader.take(4).decode("latin1") if shape != 2 else None
    parts = []
    while True:
        if shape == 2:
            codec = reader.take(4).decode("latin1")
        track = reader.number(1) if shape is not None else 0
        share = Reader(reader.take(reader.number(3)) if shape in (1, 2) else reader.rest())
        time = 0
        if kind == VIDEO and packet_type == FRAMES and codec in HAS_TIME:
            time = share.signed24()
        part = Part(kind, track, codec, what_of(kind, packet_type), share.rest(), body)
        part.frame_type, part.time, part.enhanced = frame_type, time, True
        part.modex, part.nano, part.multitrack = modex, nano, shape is not None
        parts.append(part)
        if reader.at == len(body):
            return parts


def read_video(body):
    if body[0] & 0x80:
        return read_enhanced(VIDEO, body)
    reader = Reader(body)
    first = reader.number(1)
    codec = LEGACY_VIDEO.get(first & 15, first & 15)
    if first >> 4 == 5 or not isinstance(codec, str):
        part = Part(VIDEO, 0, codec, "other" if first >> 4 == 5 else "frame", reader.rest(), body)
        part.frame_type = first >> 4
        return [part]
    packet_type = reader.number(1)
    time = reader.signed24()
    part = Part(VIDEO, 0, codec, {0: "config", 1: "frame", 2: "end"}.get(packet_type, "other"), reader.rest(), body)
    part.frame_type, part.time = first >> 4, time
    return [part]


def read_audio(body):
    if not body:
        return [Part(AUDIO, 0, None, "silence", b"", body)]
    if body[0] >> 4 == 9:
        return read_enhanced(AUDIO, body)
    codec = LEGACY_AUDIO.get(body[0] >> 4, body[0] >> 4)
    if codec != "mp4a":
        return [Part(AUDIO, 0, codec, "frame", body[1:], body)]
    return [Part(AUDIO, 0, codec, {0: "config", 1: "frame"}.get(body[1], "other"), body[2:], body)]


def read_parts(kind, body):
    return read_video(body) if kind == VIDEO else read_audio(body)


# ---- what a codec's bytes say ----------------------------------------------------------------


def obus(unit):
    """(type, bytes) of each open bitstream unit of AV1."""
    at = 0
    while at < len(unit):
        begin, head = at, unit[at]
        at += 2 if head & 4 else 1
        size = 0
        if head & 2:
            for shift in range(0, 56, 7):
                byte = unit[at]
                at += 1
                size |= (byte & 127) << shift
                if not byte & 128:
                    break
        else:
            size = len(unit) - at
        at += size
        yield head >> 3 & 15, unit[begin:at]


def frame_of_model(part):
    """Coded data in the form that the server's model has it."""
    if part.codec == "av01":
        return b"".join(data for kind, data in obus(part.data) if kind != 2)
    return part.data


def config_of_model(part):
    data = part.data
    if part.codec in ("vp08", "vp09") and len(data) >= 12 and data[2] == 0:
        return data[4:]
    if part.codec == "fLaC" and data[:4] == b"fLaC":
        return data[8:42]
    if part.codec in ("ac-3", "ec-3", ".mp3"):
        return b""
    return data


def is_key(part):
    if part.kind == AUDIO:
        return False
    if part.frame_type in (1, 4):
        return True
    if part.frame_type or not part.enhanced:
        return False
    if part.codec in ("avc1", "hvc1"):
        at = 0
        while at + 4 < len(part.data):
            kind = part.data[at + 4] & 31 if part.codec == "avc1" else part.data[at + 4] >> 1 & 63
            if kind == 5 and part.codec == "avc1" or 16 <= kind <= 23 and part.codec == "hvc1":
                return True
            at += 4 + struct.unpack_from(">I", part.data, at)[0]
        return False
    return any(kind == 1 for kind, _ in obus(part.data)) if part.codec == "av01" else True


# ---- streams ---------------------------------------------------------------------------------


class Frame:
    FIELDS = ("codec", "ms", "time", "nano", "key", "data", "config", "side", "modex")

    def __init__(self, **values):
        self.__dict__.update(values)

    def __eq__(self, other):
        return all(getattr(self, f) == getattr(other, f) for f in self.FIELDS)

    def difference(self, other):
        return [(f, short(getattr(self, f)), short(getattr(other, f))) for f in self.FIELDS
                if getattr(self, f) != getattr(other, f)]


def short(value):
    return value.hex()[:48] + f" ({len(value)})" if isinstance(value, bytes) else value


class Track:
    def __init__(self):
        self.codec = None
        self.config = b""
        self.side = b""
        self.frames = []


class Stream:
    """Tracks by (kind, id). Each frame has the configuration and side information that are in force with it."""

    def __init__(self):
        self.tracks = {}
        self.first_ms = None
        self.others = []  # (kind, body) of messages that are no track's coded data
        self.forms = []   # (kind, part) of all messages

    def add(self, kind, ms, body):
        for part in read_parts(kind, body):
            self.forms.append((kind, part))
            self.take(part, ms)

    def track(self, kind, number):
        return self.tracks.setdefault((kind, number), Track())

    def take(self, part, ms):
        if part.what == "config":
            track = self.track(part.kind, part.track)
            track.codec, track.config = part.codec, config_of_model(part)
        elif part.what == "side":
            self.track(part.kind, self.side_track(part)).side = part.data
        elif part.what == "frame":
            self.take_frame(part, ms)
        elif part.what == "other":
            self.others.append((part.kind, part.body))

    def side_track(self, part):
        """ffmpeg puts the colors of another track under that one's FourCC without its id."""
        named = self.tracks.get((part.kind, part.track))
        if part.multitrack or named is None or named.codec == part.codec:
            return part.track
        same = [n for (kind, n), t in self.tracks.items() if kind == part.kind and t.codec == part.codec]
        return same[0] if same else part.track

    def take_frame(self, part, ms):
        track = self.track(part.kind, part.track)
        track.codec = part.codec
        if self.first_ms is None:
            self.first_ms = ms
        known = isinstance(part.codec, str)
        track.frames.append(Frame(
            codec=part.codec, ms=ms - self.first_ms, time=part.time, nano=part.nano, key=is_key(part),
            data=frame_of_model(part) if known else part.body, config=track.config, side=track.side, modex=part.modex))

    def frame_count(self):
        return sum(len(track.frames) for track in self.tracks.values())

    def default(self):
        """What a player gets that takes one track of each kind and no ModEx: the lowest of each kind. Side information
        of codecs that have a legacy form is not for it."""
        out = Stream()
        out.first_ms = self.first_ms
        for kind in (AUDIO, VIDEO):
            numbers = [n for k, n in self.tracks if k == kind and self.tracks[k, n].frames]
            if numbers:
                track = self.tracks[kind, min(numbers)]
                out.tracks[kind, 0] = plain = Track()
                plain.codec = track.codec
                for f in track.frames:
                    side = b"" if f.codec in ("avc1", "mp4a", ".mp3") else f.side
                    plain.frames.append(Frame(**{**f.__dict__, "nano": 0, "modex": b"", "side": side}))
        return out


def compare(want, got):
    """What is not the same, as text; "" when all is."""
    wanted = {k: t for k, t in want.tracks.items() if t.frames}
    have = {k: t for k, t in got.tracks.items() if t.frames}
    if sorted(wanted) != sorted(have):
        return f"tracks {sorted(have)}, not {sorted(wanted)}"
    for key, track in wanted.items():
        if len(track.frames) != len(have[key].frames):
            return f"track {key}: {len(have[key].frames)} frames, not {len(track.frames)}"
        for number, (a, b) in enumerate(zip(track.frames, have[key].frames)):
            if a != b:
                return f"track {key} frame {number}: (field, wanted, got) {a.difference(b)}"
    return ""
