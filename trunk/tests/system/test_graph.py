#!/usr/bin/env python3
"""From a publisher to its players: whose clock they see, in which order and in what lumps packets come, what a joiner
gets, what a stream may hold, and what becomes of a publisher that nobody watches."""
import os
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import FFMPEG, ROOT, check, main, make_flv, probe, wait_until
from wire import AUDIO, SCRIPT, VIDEO, FlvPlayer, Rtmp, RtmpPlayer, amf0, chunk, command, player, read_flv, rtmp_ready

BOTH = ("rtmp", "flv")
STEP = 40  # ms of a picture
CHUNK = 60000


# ---- a publisher that says exactly what it is told --------------------------------------------


def message(kind, body, ms):
    """One message in one chunk size, with an extended timestamp where it takes one."""
    csid = {AUDIO: 5, VIDEO: 6, SCRIPT: 4}[kind]
    if ms < 0xFFFFFF:
        return chunk(kind, body, csid=csid, msid=1, ms=ms, chunk_size=CHUNK)
    extended = struct.pack(">I", ms & 0xFFFFFFFF)
    head = bytes([csid]) + b"\xff\xff\xff" + len(body).to_bytes(3, "big") + bytes([kind]) + struct.pack("<I", 1)
    parts = [head + extended]
    for at in range(0, max(len(body), 1), CHUNK):
        if at:
            parts.append(bytes([0xC0 | csid]) + extended)
        parts.append(body[at:at + CHUNK])
    return b"".join(parts)


def nal(kind, size):
    body = bytes([kind]) + b"\xa5" * (size - 1)
    return struct.pack(">I", size) + body


class Publisher:
    """Sends pictures and sound of no content at the times it is given."""

    def __init__(self, case, server, name):
        self.client = rtmp_ready(server)
        self.client.publish(name)
        case.callback(self.client.close)
        self.client.send(chunk(1, struct.pack(">I", CHUNK), csid=2))
        self.tags = read_flv(make_flv(2, name="small", size="320x180", kbps=300))
        self.config = next(t.body for t in self.tags if t.is_avc_config())
        self.sound_config = next(t.body for t in self.tags if t.kind == AUDIO and not t.is_sound())

    def send(self, kind, body, ms):
        self.client.send(message(kind, body, ms))

    def start(self, *, video=True, audio=True, ms=0):
        if video:
            self.send(VIDEO, self.config, ms)
        if audio:
            self.send(AUDIO, self.sound_config, ms)
        return self

    def picture(self, ms, *, key=False, size=200):
        self.send(VIDEO, (b"\x17" if key else b"\x27") + b"\x01\0\0\0" + nal(0x65 if key else 0x41, size), ms)

    def sound(self, ms, size=50):
        self.send(AUDIO, b"\xaf\x01" + b"\x21" * size, ms)

    def gop(self, ms, count, **options):
        for i in range(count):
            self.picture(ms + STEP * i, key=i == 0, **options)

    def data(self, ms, *values):
        self.send(SCRIPT, b"".join(amf0(v) for v in values), ms)

    def close(self):
        self.client.close()


def picture_times(one):
    return [t.ms for t in one.pictures()]


def wait_pictures(one, count, seconds=8):
    wait_until(lambda: one.check_well() or len(one.pictures()) >= count, seconds,
               f"{count} pictures, got {len(one.pictures())}")
    return picture_times(one)


def players(case, server, name):
    return [player(case, protocol, server, name) for protocol in BOTH]


# ---- clocks ----------------------------------------------------------------------------------


def clock(play, want, *, flag=None):
    """A publisher at 5000 ms whose clock falls back to 1000; `want` are the times of its five pictures, None for those
    that are anything behind the one before."""
    def case_of(case):
        server = case.server(vhost="play { %s }" % play)
        ones = players(case, server, "x")
        publisher = Publisher(case, server, "x")
        publisher.data(0, "@setDataFrame", "onMetaData", {"width": 320, **({"bravo_atc": flag} if flag else {})})
        publisher.start()
        publisher.gop(5000, 3)
        publisher.gop(1000, 2)
        for one in ones:
            wait_pictures(one, 5)
        late = players(case, server, "x")
        for one in ones:
            times = picture_times(one)
            for i, ms in enumerate(want):
                check(times[i] == ms if ms is not None else times[i - 1] < times[i] < times[i - 1] + 3000,
                      f"times {times}, want {want}")
            first = next(t for t in one.tags if t.is_avc_config())
            check(first.ms == want[0], f"the configuration is at {first.ms} ms, the first picture at {want[0]}")
        for one in late:  # at the gop that began at 1000
            times = wait_pictures(one, 2)
            check(times == ([1000, 1040] if want[0] else [0, 40]), f"a joiner's times {times}")
    return case_of


def wraps(case):
    """Clocks that pass 2^31 and 2^32 ms: whoever plays from 0 sees nothing of it, and off shows it as it is."""
    for play, first in (("time_jitter full;", False), ("time_jitter zero;", False), ("time_jitter off;", True)):
        server = case.server(vhost="play { %s }" % play)
        for edge in (1 << 31, 1 << 32):
            name = f"edge{edge}"
            start = edge - 5 * STEP
            ones = players(case, server, name)
            publisher = Publisher(case, server, name).start()
            for i in range(10):
                publisher.picture(start + i * STEP, key=i % 4 == 0)
                publisher.sound((start + i * STEP + 7) & 0xFFFFFFFF)
            for one in ones:
                wait_pictures(one, 10)
            late = players(case, server, name)  # the gop that begins at picture 8, beyond the edge
            for one in late:
                wait_pictures(one, 2)
            begin = start if first else 0
            for one, count, offset in [(ones[0], 10, 0), (ones[1], 10, 0), (late[0], 2, 8), (late[1], 2, 8)]:
                zero = begin + (offset * STEP if first else 0)
                want = [(zero + i * STEP) & 0xFFFFFFFF for i in range(count)]
                got = [ms & 0xFFFFFFFF for ms in picture_times(one)]
                check(got == want, f"{play} edge {edge}: {got}, want {want}")
            for one in ones:
                sounds = [t.ms & 0xFFFFFFFF for t in one.tags if t.is_sound()]
                want = [(begin + i * STEP + 7) & 0xFFFFFFFF for i in range(10)]
                check(sounds == want, f"{play} edge {edge}: sound at {sounds}, want {want}")


def republish(case):
    """Players go on over the end of a publisher and the next one, which is another encoder with another clock."""
    server = case.server()
    ones = players(case, server, "x")
    first = make_flv(3, name="first", size="320x180", kbps=300)
    second = make_flv(3, name="second", size="480x272", kbps=300, fps=20)
    for path in (first, second):
        before = [len(one.pictures()) for one in ones]
        publisher = case.publish(server, "x", path, loop=False)
        check(publisher.wait(20) == 0, f"ffmpeg: {publisher.output()}")
        pictures = len([t for t in read_flv(path) if t.is_picture()])
        for one, count in zip(ones, before):
            wait_pictures(one, count + pictures)
    for one in ones:
        one.check_order()
        check(len([t for t in one.tags if t.is_avc_config()]) == 2, "one configuration of each")
        times = picture_times(one)
        gaps = [b - a for a, b in zip(times, times[1:])]
        check(max(gaps) < 4000 and sum(gap > 200 for gap in gaps) <= 1, f"gaps {sorted(gaps)[-5:]}")
        decoder = case.program([*FFMPEG, "-xerror", "-i", one.save(case.path("got.flv")), "-vf", "scale=320:180",
                                "-f", "null", "-"])
        check(decoder.wait(30) == 0 and not decoder.output(), f"ffmpeg decodes it: {decoder.output()}")


def two_origins(play):
    """One encoder with an absolute clock sends to two servers and loses one of them for a while: with the sender's clock
    each picture has one time on both, so that whoever packages them may change over."""
    def case_of(case):
        start, count = 1_000_000, 150
        steady, broken = (case.server(vhost="play { %s }" % play) for _ in range(2))
        ones = [players(case, server, "x") for server in (steady, broken)]
        publisher = Publisher(case, steady, "x").start(audio=False, ms=start)
        first = Publisher(case, broken, "x").start(audio=False, ms=start)
        publisher.gop(start, 25)
        first.gop(start, 25)
        for one in sum(ones, []):
            wait_pictures(one, 25)
        first.close()
        wait_until(lambda: not broken.is_active("x"), 5, "the end of the first")
        publisher.gop(start + 25 * STEP, 50)  # the other server sees nothing of these two seconds
        second = Publisher(case, broken, "x").start(audio=False, ms=start + 75 * STEP)
        for one in (publisher, second):
            for at in range(75, count, 25):
                one.gop(start + at * STEP, 25)
        sent = [start + i * STEP for i in range(count)]
        for one in ones[0]:
            check(wait_pictures(one, count) == sent, f"times where nothing was lost: {picture_times(one)}")
        for one in ones[1]:
            check(wait_pictures(one, count - 50) == sent[:25] + sent[75:], f"times behind the break: {picture_times(one)}")
    return case_of


def wild(case):
    """Clocks as they are met: jumps, an end of sequence at 0, audio that stands apart. Players see one timeline."""
    server = case.server()
    ones = players(case, server, "x")
    publisher = Publisher(case, server, "x").start()
    count = 0

    def run(base, *, apart=0, frames=6):
        nonlocal count
        for i in range(frames):
            publisher.picture(base + i * STEP, key=i == 0)
            publisher.sound(max(base + i * STEP + apart, 0))
            count += 1

    run(1000)
    publisher.send(VIDEO, b"\x17\x02\0\0\0", 0)  # end of sequence, as OBS sends it
    run(1000 + 6 * STEP)
    run(3600000)  # an hour ahead in no time
    run(40)  # and back
    run(0xFFFFFFF0)
    run(500, apart=-400)
    for one in ones:
        times = wait_pictures(one, count)
        gaps = [b - a for a, b in zip(times, times[1:])]
        check(min(gaps) >= 0 and max(gaps) <= 1000, f"gaps of the pictures {gaps}")
        check(gaps[5] == STEP, f"the end of sequence left a gap of {gaps[5]} ms")
        sounds = [t.ms for t in one.tags if t.is_sound()]
        gaps = [b - a for a, b in zip(sounds, sounds[1:])]
        check(min(gaps) >= -250 and max(gaps) <= 1000, f"gaps of the sound {gaps}")


# ---- what there is to play --------------------------------------------------------------------


def nothing_but_data(case):
    server = case.server()
    early = players(case, server, "x")
    publisher = Publisher(case, server, "x")
    started = time.monotonic()
    sent = 0

    def all_have(ones):
        nonlocal sent
        sent += 1
        publisher.data(sent * 20, "onTextData", {"text": f"line {sent}"})
        for one in ones:
            one.check_well()
        return all(len([t for t in list(one.tags) if b"onTextData" in t.body]) >= 5 for one in ones)

    wait_until(lambda: all_have(early), 5, "data at the players that waited")
    check(time.monotonic() - started >= 1, "audio and video were not waited for")
    late = players(case, server, "x")
    wait_until(lambda: all_have(late), 2, "data at the joiners")
    for one in early + late:
        times = [t.ms for t in one.tags if b"onTextData" in t.body]
        check(times == sorted(times) and times[-1] > times[0], f"times {times}")


def sound_only(case):
    server = case.server()
    path = make_flv(20, name="sound", video=False)
    case.publish(server, "x", path)
    server.wait_live("x")
    for one in players(case, server, "x"):
        started = time.monotonic()
        one.wait_media(3, 20)
        check(time.monotonic() - started < 2, "a joiner waited")
        one.check_order()
    got = probe(server.rtmp_url("x"), seconds=1)
    kinds = [s["codec_type"] for s in got["streams"] if s["codec_type"] != "data"]
    check(kinds == ["audio"], f"streams {kinds}")


def no_key_frame(case):
    """A publisher that begins in the middle of a gop and sends no key frame: its sound plays."""
    server = case.server()
    early = players(case, server, "x")
    publisher = Publisher(case, server, "x").start()
    sent = 0

    def all_have(ones):
        nonlocal sent
        publisher.picture(sent * STEP)
        publisher.sound(sent * STEP + 5)
        sent += 1
        return all(len([t for t in list(one.tags) if t.is_sound()]) >= 10 for one in ones)

    wait_until(lambda: all_have(early), 5, "sound")
    late = players(case, server, "x")
    wait_until(lambda: all_have(late), 3, "sound at the joiners")
    check(not any(one.pictures() for one in early + late), "pictures that cannot be decoded")
    publisher.picture(sent * STEP, key=True)
    for one in early + late:
        wait_pictures(one, 1)


def video_that_stops(case):
    """Its last gop is given up in the end; joiners get sound at once, and video when it is back."""
    server = case.server(vhost="play { queue_length 3; }")
    publisher = Publisher(case, server, "x").start()
    publisher.gop(0, 5)
    started = time.monotonic()
    sent = 0

    def stopped():
        nonlocal sent
        ms = 200 + int((time.monotonic() - started) * 1000)
        while sent < ms:
            publisher.sound(sent)
            sent += 23
        return time.monotonic() - started > 4

    wait_until(stopped, 10, "time to pass")
    ones = players(case, server, "x")
    wait_until(lambda: stopped() and all(len(one.media()) >= 60 for one in ones), 5, "sound at the joiners")
    for one in ones:
        one.check_well()
        check(not one.pictures(), "pictures of a gop that is gone")
        span = one.media()[-1].ms
        check(span < 2000 + 3000, f"{span} ms of sound at once")
    publisher.gop(sent, 3)
    for one in ones:
        wait_pictures(one, 3)
    check(server.streams()["x"]["video"]["codec"] == "H264", "the video is still told of")


# ---- how packets come --------------------------------------------------------------------------

LATE_SOUND = [(VIDEO, 0), (VIDEO, 40), (VIDEO, 80), (AUDIO, 0), (AUDIO, 23), (AUDIO, 46), (AUDIO, 69), (VIDEO, 120),
              (AUDIO, 92), (AUDIO, 115), (AUDIO, 138), (VIDEO, 160)]


def mixed(case):
    """Sound that comes behind the pictures it belongs to is put between them, for every player."""
    for switch in ("on", "off"):
        server = case.server(vhost="play { mix_correct %s; }" % switch)
        ones = players(case, server, "x")
        publisher = Publisher(case, server, "x").start()
        for kind, ms in LATE_SOUND:
            if kind == VIDEO:
                publisher.picture(ms, key=ms == 0)
            else:
                publisher.sound(ms)
        time_of_last = 138 if switch == "on" else 160
        for one in ones:
            wait_until(lambda o=one: o.media() and o.media()[-1].ms >= time_of_last, 5, "the last packet")
            times = [t.ms for t in one.media()]
            check((times == sorted(times)) == (switch == "on"), f"mix_correct {switch}: {times}")
        publisher.close()  # what was held comes out
        for one in ones:
            wait_until(lambda o=one: len(o.media()) == len(LATE_SOUND), 5, "all packets")


def lumps(case, play):
    """Arrivals of a stream of 50 packets a second in 2 s, behind the first picture."""
    server = case.server(vhost="play { mw_latency 1000; %s }" % play)
    one = FlvPlayer(case, server, "x")
    publisher = Publisher(case, server, "x").start()
    publisher.picture(0, key=True)
    one.wait_media(5)
    since = time.monotonic()
    sent = 0

    def send():
        nonlocal sent
        while sent * 20 < (time.monotonic() - since) * 1000:
            sent += 1
            publisher.picture(sent * 20)
        return time.monotonic() - since > 2
    wait_until(send, 5, "two seconds")
    one.check_well()
    return len([at for at, _ in one.arrivals if at > since])


def early_beat(case):
    slow = lumps(case, "")
    fast = lumps(case, "mw_msgs 5;")
    check(slow <= 4, f"{slow} lumps in 2 s at a beat of 1 s")
    check(10 <= fast <= 30, f"{fast} lumps of 5 of 100 packets")


def paced(case):
    server = case.server(vhost="play { send_min_interval 20; }")
    publisher = Publisher(case, server, "x").start(audio=False)
    publisher.gop(0, 40)
    server.wait_live("x")
    for protocol in BOTH:
        one = player(case, protocol, server, "x")
        wait_pictures(one, 40)
        check(picture_times(one) == [i * STEP for i in range(40)], "each picture, in order")
        took = one.pictures()[-1].at - one.pictures()[0].at
        check(0.7 < took < 4, f"40 messages, 20 ms apart, took {took:.2f} s")


def headers(case):
    """A sequence header that comes again, the same and another."""
    for switch, want in (("off", 4), ("on", 2)):
        server = case.server(vhost="play { reduce_sequence_header %s; }" % switch)
        ones = players(case, server, "x")
        publisher = Publisher(case, server, "x").start(audio=False)
        for i in range(3):
            publisher.gop(i * 120, 3)
            for one in ones:
                wait_pictures(one, 3 * i + 3)
            if i == 1:
                publisher.config = publisher.config[:8] + b"\x1e" + publisher.config[9:]  # level 3.0
            publisher.start(audio=False)
        publisher.gop(360, 1)
        for one in ones:
            wait_pictures(one, 10)
            got = len([t for t in one.tags if t.is_avc_config()])
            check(got == want, f"reduce_sequence_header {switch}: {got} configurations, want {want}")


def joiners(case):
    """What a joiner gets of the gop that runs."""
    for play, first in (("", 0), ("gop_cache off;", 400), ("gop_cache_max_frames 5;", 400),
                        ("gop_cache_max_frames 0;", 0)):
        server = case.server(vhost="play { %s }" % play)
        publisher = Publisher(case, server, "x").start(audio=False)
        publisher.gop(0, 10)
        server.wait_live("x")
        wait_until(lambda s=server: s.streams()["x"]["frames"] >= 10, 5, "ten frames")
        ones = players(case, server, "x")
        wait_until(lambda s=server: len(s.api_get("clients/?count=10")["clients"]) == 3, 5, "both players")
        publisher.gop(400, 2, size=300)
        for one in ones:
            wait_pictures(one, 12 if first == 0 else 2)
            size = len(one.pictures()[0].body)
            check(size == (209 if first == 0 else 309), f"{play} a joiner begins with a picture of {size} bytes")


# ---- publishers --------------------------------------------------------------------------------


def kickoff(case):
    server = case.server(vhost="publish { kickoff_for_idle 1; }")
    path = make_flv(40, name="small", size="320x180", kbps=300)
    watched = case.publish(server, "watched", path)
    server.wait_live("watched")
    viewer = FlvPlayer(case, server, "watched")
    viewer.wait_media(3)
    idle = case.publish(server, "idle", path)
    started = time.monotonic()
    idle.wait(10)
    check(time.monotonic() - started >= 1, "it was dropped at once")
    wait_until(lambda: any("KickoffForIdle" in line for line in server.log_lines("warn")), 2, "a named error")
    check(not server.is_active("idle"), "the stream is gone")
    viewer.check_well()
    check(watched.running(), "a publisher that is watched was dropped")
    viewer.close()
    watched.wait(10)


def start_codes(case):
    """An encoder that puts start codes where lengths belong: players get lengths."""
    tags = read_flv(make_flv(2, name="small", size="320x180", kbps=300))
    pictures = [t for t in tags if t.is_picture()]

    def publish(server):
        publisher = Publisher(case, server, "x").start(audio=False)
        for tag in pictures:
            body, at = tag.body[:5], 5
            while at < len(tag.body):
                size = struct.unpack_from(">I", tag.body, at)[0]
                body += (b"\0\0\0\1" if at == 5 else b"\0\0\1") + tag.body[at + 4:at + 4 + size]
                at += 4 + size
            publisher.send(VIDEO, body, tag.ms)
        return publisher

    server = case.server()
    ones = players(case, server, "x")
    publish(server)
    for one in ones:
        wait_pictures(one, len(pictures))
        check([t.body for t in one.pictures()] == [t.body for t in pictures], "other pictures than were sent")
    server = case.server(vhost="publish { try_annexb_first off; }")
    try:
        publish(server)
    except OSError:
        pass  # it is closed in the middle
    wait_until(lambda: any("AvcNalu" in line or "NALU" in line.upper() for line in server.log_lines("warn")), 5,
               "a named error")


def nal_units(data):
    units, at = [], 0
    while at < len(data):
        size = struct.unpack_from(">I", data, at)[0]
        units.append(data[at + 4:at + 4 + size])
        at += 4 + size
    return units


def sets_of(record, codec):
    """Parameter sets of an avcC or hvcC record."""
    at, sets = (6, []) if codec == "h264" else (23, [])
    counts = [record[5] & 31, None] if codec == "h264" else [None] * record[22]
    for count in counts:
        if count is None:
            count, at = (record[at], at + 1) if codec == "h264" else (struct.unpack_from(">H", record, at + 1)[0], at + 3)
        for _ in range(count):
            size = struct.unpack_from(">H", record, at)[0]
            sets.append(record[at + 2:at + 2 + size])
            at += 2 + size
    return sets


def coded(units):
    return b"".join(b"\0\0\0\1" + unit for unit in units)


def decoded(codec, record, pictures):
    """Digests of the pictures that ffmpeg makes of a record's sets and of pictures with lengths."""
    stream = coded(sets_of(record, codec)) + b"".join(coded(nal_units(p)) for p in pictures)
    done = subprocess.run([*FFMPEG, "-f", codec, "-i", "pipe:0", "-f", "framemd5", "pipe:1"], input=stream,
                          capture_output=True, check=False)
    check(done.returncode == 0 and not done.stderr, f"ffmpeg: {done.stderr.decode()[-300:]}")
    return [line.split(",")[-1].strip() for line in done.stdout.decode().splitlines() if not line.startswith("#")]


def record_and_pictures(tags):
    """What is behind the heads of video tags, legacy ones and those of Enhanced RTMP."""
    record, pictures = None, []
    for tag in list(tags):
        if tag.kind != VIDEO:
            continue
        what = tag.body[0] & 15 if tag.body[0] & 0x80 else tag.body[1]
        if what == 0:
            record = tag.body[5:]
        elif what in (1, 3):
            pictures.append(tag.body[5 if tag.body[0] < 0x80 or what == 3 else 8:])
    return record, pictures


def sets_with_start_codes(codec, in_band):
    """An encoder that sends parameter sets with start codes, as its header or, without any, in its key frames: players
    get the record that ffmpeg would have made of them, and pictures that ffmpeg decodes to the same."""
    def case_of(case):
        path = (make_flv(2, name="small", size="320x180", kbps=300, audio=False) if codec == "h264" else
                os.path.join(ROOT, "trunk/tests/vectors/flv/made-hevc-codecid12.flv"))
        tags = [t for t in read_flv(path) if t.kind == VIDEO and t.body[1] in (0, 1)]
        record, pictures = record_and_pictures(tags)
        sets = coded(sets_of(record, codec))
        server = case.server()
        ones = players(case, server, "x")
        publisher = Publisher(case, server, "x")
        for tag in tags:
            key, header = tag.body[0] >> 4 == 1, tag.body[1] == 0
            if header and in_band:
                continue
            body = sets if header else (sets if in_band and key else b"") + coded(nal_units(tag.body[5:]))
            publisher.send(VIDEO, tag.body[:5] + body, tag.ms)
        wanted = decoded(codec, record, pictures)
        check(len(wanted) == len(pictures), f"{len(wanted)} of {len(pictures)} pictures can be decoded")
        for one in ones + players(case, server, "x"):
            late = one not in ones
            wait_until(lambda o=one: o.check_well() or len(record_and_pictures(o.tags)[1]) >= (1 if late else len(pictures)),
                       8, "pictures")
            got, shown = record_and_pictures(one.tags)
            check(got == record, f"another record than the file's: {got.hex()}, want {record.hex()}")
            digests = decoded(codec, got, shown)
            check(digests == (wanted if not late else wanted[-len(digests):]), "ffmpeg decodes other pictures")
        named = server.streams()["x"]["video"]
        check(named["codec"] == {"h264": "H264", "hevc": "H265"}[codec] and named["width"] > 0, f"the API says {named}")
    return case_of


def sizes(case):
    for switch, width in (("on", 320), ("off", 0)):
        server = case.server(vhost="publish { parse_sps %s; }" % switch)
        Publisher(case, server, "x").start().gop(0, 2)
        server.wait_live("x")
        got = server.streams()["x"]["video"]["width"]
        check(got == width, f"parse_sps {switch}: width {got}")


# ---- bounds ------------------------------------------------------------------------------------

MIB = 1 << 20


def flood(publisher, mib, ms, *, key=True):
    """So much of one gop; gives the time behind it."""
    for i in range(mib * 8):
        publisher.picture(ms + i * 10, key=key and i == 0, size=MIB // 8)
    return ms + mib * 80


def long_gop(case):
    """A stream without key frames: what it holds stays below its limit, also with a player that takes nothing."""
    server = case.server(vhost="play { queue_bytes 4194304; }")
    witness = Publisher(case, server, "witness").start(audio=False)
    witness.gop(0, 25)
    server.wait_live("witness")
    base = server.rss()
    publisher = Publisher(case, server, "x").start(audio=False)
    publisher.picture(0, key=True)
    stalled = RtmpPlayer(case, server, "x", receive_buffer=16384)
    stalled.wait_media(5)
    stalled.paused.set()
    keeps_up = RtmpPlayer(case, server, "x")  # for it each picture is cut in chunks, which counts
    most, ms = 0, 40
    for _ in range(15):
        ms = flood(publisher, 10, ms, key=False)
        most = max(most, server.rss() - base)
    check(most < 4 * MIB + 8 * MIB, f"150 MiB in one gop: {most / MIB:.1f} MiB held, the limit is 4")
    keeps_up.check_well()
    late = FlvPlayer(case, server, "x")
    one = FlvPlayer(case, server, "witness")
    wait_pictures(one, 25)
    publisher.picture(ms, key=True)
    wait_pictures(late, 1)
    stalled.paused.clear()
    wait_until(lambda: any(t.is_key() for t in stalled.pictures()[1:]), 10, "the stalled player at a key frame")


def huge_gops(case):
    """Many publishers, each below its own limit, together above that of all: those of long gops give them up."""
    server = case.server(top="media_memory 33554432;\n")
    modest = Publisher(case, server, "modest").start(audio=False)
    base = server.rss()
    greedy = [Publisher(case, server, f"greedy{i}").start(audio=False) for i in range(20)]
    most = 0
    for turn in range(8):
        modest.gop(turn * 1000, 25, size=2000)
        for one in greedy:
            flood(one, 1, turn * 80, key=turn == 0)
        most = max(most, server.rss() - base)
    check(most < 32 * MIB + 12 * MIB, f"160 MiB of gops: {most / MIB:.1f} MiB held, the limit is 32")
    late = FlvPlayer(case, server, "modest")
    wait_pictures(late, 25)
    for i, one in enumerate(greedy[:2]):
        joiner = FlvPlayer(case, server, f"greedy{i}")
        one.gop(2000, 2)
        wait_pictures(joiner, 2)
    refused = Rtmp(server.rtmp).handshake().connect(server).create_stream()
    refused.send(command("publish", 3, None, "again", "live", msid=1, csid=4))
    answer = refused.wait_command("onStatus")
    check(b"NetStream.Publish.Rejected" in answer[3], f"a publisher while others give way: {answer[3]!r}")


main({
    "full": clock("", [0, 40, 80, None, None]),
    "zero": clock("time_jitter zero;", [0, 40, 80, 0, 40]),
    "off": clock("time_jitter off;", [5000, 5040, 5080, 1000, 1040]),
    "atc": clock("atc on;", [5000, 5040, 5080, 1000, 1040]),
    "atc_auto": clock("atc_auto on;", [5000, 5040, 5080, 1000, 1040], flag="true"),
    "atc_auto_not_asked_for": clock("atc_auto on;", [0, 40, 80, None, None]),
    "wraps": wraps,
    "republish": republish,
    "two_origins_off": two_origins("time_jitter off;"),
    "two_origins_atc": two_origins("atc on;"),
    "wild": wild,
    "nothing_but_data": nothing_but_data,
    "sound_only": sound_only,
    "no_key_frame": no_key_frame,
    "video_that_stops": video_that_stops,
    "mixed": mixed,
    "early_beat": early_beat,
    "paced": paced,
    "headers": headers,
    "joiners": joiners,
    "kickoff": kickoff,
    "start_codes": start_codes,
    "header_with_start_codes": sets_with_start_codes("h264", False),
    "header_with_start_codes_hevc": sets_with_start_codes("hevc", False),
    "no_header": sets_with_start_codes("h264", True),
    "no_header_hevc": sets_with_start_codes("hevc", True),
    "sizes": sizes,
    "long_gop": long_gop,
    "huge_gops": huge_gops,
}, parallel=4)
