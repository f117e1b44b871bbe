#!/usr/bin/env python3
"""Enhanced RTMP: each file of tests/vectors/flv is published tag by tag. A player that negotiates multitrack and ModEx gets
all of it, track by track; one that says nothing of itself gets the default track of each kind in plain form, which
ffmpeg reads where it knows the codec. doc/media-model.md lists in which forms that is.
"""
import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "../../research/rtmp_publish"))
from enhanced import AUDIO, VIDEO, Stream, compare
from harness import FFMPEG, ROOT, check, main, need, probe, wait_until
from rtmp_publish import enhanced_fields
from wire import SCRIPT, FlvPlayer, Rtmp, RtmpPlayer, RtmpPublisher, Tag, read_flv

FILES = sorted(glob.glob(os.path.join(ROOT, "trunk/tests/vectors/flv/*.flv")))
LEGACY = {"avc1": "h264", "mp4a": "aac", ".mp3": "mp3"}
SECONDS = 10


def stream_of(tags, first_ms=None):
    stream = Stream()
    stream.first_ms = first_ms
    for tag in tags:
        if tag.kind in (AUDIO, VIDEO):
            stream.add(tag.kind, tag.ms, tag.body)
    return stream


def enhanced_publisher(server):
    return Rtmp(server.rtmp).handshake().connect(server, **enhanced_fields()).create_stream()


def publish(case, server, name, path):
    return RtmpPublisher(case, server, name, path, setup=enhanced_publisher, chunk_size=4096)


def enhanced_player(case, server, name, fields=None):
    player = RtmpPlayer(case, server, name, fields=fields or enhanced_fields())
    wait_until(lambda: any(b"NetStream.Play.Start" in c for c in player.commands), SECONDS, "Play.Start")
    return player


def plain_player(case, server, name):
    player = RtmpPlayer(case, server, name)
    wait_until(lambda: any(b"NetStream.Play.Start" in c for c in player.commands), SECONDS, "Play.Start")
    return player


def flv_player(case, server, name):
    player = FlvPlayer(case, server, name)
    wait_until(lambda: player.head, SECONDS, "the answer's head")
    return player


def check_same(player, want, what):
    """All frames have come, and are what they should be."""
    def all_there():
        player.check_well()
        return stream_of(list(player.tags), 0).frame_count() >= want.frame_count()
    try:
        wait_until(all_there, SECONDS, "all frames")
    finally:
        different = compare(want, stream_of(list(player.tags), 0))
        check(not different, f"{what}: {different}")
    return stream_of(list(player.tags), 0)


def check_forms(stream, what):
    """Of a player that said nothing: no multitrack, no ModEx, legacy tags for the codecs that have them."""
    for _, part in stream.forms:
        check(not part.multitrack and not part.modex, f"{what}: {part.body[:16].hex()}")
        check(part.codec not in LEGACY or not part.enhanced, f"{what}: {part.codec} by FourCC: {part.body[:16].hex()}")
        check(part.codec in LEGACY or part.what == "other" or part.enhanced, f"{what}: not by FourCC: {part.body[:16].hex()}")


def check_normal(stream, what):
    """Of a player that negotiated: each message is for one track, track 0 has no id, colors have frame type 5."""
    for kind, part in stream.forms:
        check(not part.multitrack or part.track > 0, f"{what}: track 0 in {part.body[:16].hex()}")
        check(not part.multitrack or part.body[1 if not part.modex else len(part.modex) + 1] >> 4 == 0,
              f"{what}: more than one track in {part.body[:16].hex()}")
        check(part.what != "side" or kind == AUDIO or part.frame_type == (0 if part.multitrack else 5),
              f"{what}: colors {part.body[:16].hex()}")
        check(part.what not in ("end", "silence"), f"{what}: {part.what}")


def is_legacy(tag):
    return not (tag.body[0] & 0x80 if tag.kind == VIDEO else tag.kind == AUDIO and tag.body[0] >> 4 == 9)


def check_ffmpeg(case, player, want):
    """ffmpeg reads what it knows. 5.1 takes the packet types of Enhanced RTMP for codec ids and gives up where they
    change, so it is given the other tags."""
    expected = {LEGACY[t.codec]: len(t.frames) for t in want.tracks.values() if t.codec in LEGACY}
    if not expected:
        return
    player.tags = [t for t in player.tags if is_legacy(t)]
    account = probe(player.save(case.path("plain.flv")))
    codecs = {s["index"]: s.get("codec_name") for s in account["streams"]}
    found = {}
    for packet in account["packets"]:
        codec = codecs[packet["stream_index"]]
        if codec:
            found[codec] = found.get(codec, 0) + 1
    check(found == expected, f"ffmpeg found {found}, not {expected}")


def check_late(server, case, want):
    """Who joins at the end has the configuration and side information of every frame it gets."""
    late = enhanced_player(case, server, "x")
    wait_until(lambda: late.media() or stream_of(list(late.tags)).frame_count(), SECONDS, "media at the late player")
    for key, track in stream_of(list(late.tags)).tracks.items():
        last = want.tracks[key].frames
        for frame in track.frames:
            check(any(f.data == frame.data and f.config == frame.config and f.side == frame.side for f in last),
                  f"late player, track {key}: {frame.config.hex()[:40]} {frame.side.hex()[:40]}")


def of_file(path, vhost=""):
    def run(case):
        server = case.server(vhost=vhost)
        want = stream_of(read_flv(path))
        check(want.frame_count() > 0, f"{path} has no frames")
        many = enhanced_player(case, server, "x")
        one = plain_player(case, server, "x")
        flv = flv_player(case, server, "x")
        publish(case, server, "x", path)
        got = check_same(many, want, "negotiated")
        check_normal(got, "negotiated")
        check(sorted(got.others) == sorted(want.others), f"others {got.others}, not {want.others}")
        plain = want.default()
        for player, what in ((one, "plain RTMP"), (flv, "HTTP-FLV")):
            check_forms(check_same(player, plain, what), what)
        check_late(server, case, want)
        check_ffmpeg(case, one, plain)
    return run


# ---- players of other kinds ------------------------------------------------------------------


def file_named(name):
    return next(path for path in FILES if os.path.basename(path) == name + ".flv")


def track_of(stream, kind, number):
    """One track alone, as a player gets it that chose it."""
    chosen = Stream()
    chosen.first_ms = stream.first_ms
    chosen.tracks = {key: track for key, track in stream.tracks.items() if key == (kind, number)}
    return chosen.default()


def both(one, other):
    out = Stream()
    out.tracks = {**one.tracks, **other.tracks}
    return out


def chosen_tracks(case):
    """?video=ID&audio=ID chooses a track, which comes in plain form whatever the player takes."""
    server = case.server()
    path = file_named("real-multitrack")
    whole = stream_of(read_flv(path))
    second = both(track_of(whole, VIDEO, 1), track_of(whole, AUDIO, 1))
    mixed = both(track_of(whole, VIDEO, 0), track_of(whole, AUDIO, 1))
    nothing = track_of(whole, AUDIO, 0)
    players = [(plain_player(case, server, "x?video=1&audio=1"), second, "both by RTMP"),
               (plain_player(case, server, "x?audio=1"), mixed, "audio by RTMP"),
               (FlvPlayer(case, server, "x", query="video=1&audio=1"), second, "both by HTTP"),
               (FlvPlayer(case, server, "x", query="video=77"), nothing, "none by HTTP")]
    wait_until(lambda: all(p.head for p, _, _ in players[2:]), SECONDS, "heads")
    publish(case, server, "x", path)
    for player, want, what in players:
        check_forms(check_same(player, want, what), what)


def chosen_wrongly(case):
    server = case.server()
    for word in ("x", "256", "-1", "", "1000000000000000000000"):
        player = FlvPlayer(case, server, "x", query=f"video={word}")
        wait_until(lambda p=player: p.wrong, SECONDS, "a refusal")
        check("400" in player.wrong, f"video={word}: {player.wrong}")
        rtmp = RtmpPlayer(case, server, f"x?audio={word}")
        wait_until(lambda p=rtmp: p.ended or p.wrong, SECONDS, "the end of the player")
        check(any(b"NetStream.Play.Failed" in c for c in rtmp.commands), f"audio={word}: {rtmp.commands}")


def codec_not_taken(case):
    """A player that lists other codecs is told, and gets the rest; the log has a line."""
    server = case.server()
    path = file_named("real-hevc-aac")
    whole = stream_of(read_flv(path))
    rest = track_of(whole, AUDIO, 0)
    lists = [{"fourCcList": ["av01", "vp09"]}, {"videoFourCcInfoMap": {"av01": 1, "hvc1": 2}},
             {"fourCcList": ["av01", "hvc1"], "videoFourCcInfoMap": {"av01": 5}, "capsEx": 6}]
    players = [enhanced_player(case, server, "x", fields) for fields in lists]
    takers = [enhanced_player(case, server, "x", fields) for fields in (
        {"fourCcList": ["hvc1"]}, {"fourCcList": ["*"]}, {"videoFourCcInfoMap": {"*": 4}}, {"capsEx": 1},
        {"audioFourCcInfoMap": {"Opus": 1}})]
    publish(case, server, "x", path)
    for player in players:
        check_same(player, rest, "without video")
        told = [c for c in player.commands if b"NetStream.Play.UnsupportedCodec" in c]
        check(len(told) == 1 and b"warning" in told[0] and b"H265" in told[0], f"told {told}")
    for player in takers:
        want = whole.default()
        for frame in want.tracks[AUDIO, 0].frames:
            frame.side = whole.tracks[AUDIO, 0].side
        check_same(player, want, "with video")
        check(not any(b"UnsupportedCodec" in c for c in player.commands), "told without need")
    lines = [line for line in server.log_lines("warn") if "player does not list codec=H265" in line]
    check(len(lines) == len(players), f"{len(lines)} lines in the log: {server.log_lines('warn')}")


def codec_not_taken_by_a_late_player(case):
    """The same where the stream is there first."""
    server = case.server()
    publish(case, server, "x", file_named("real-av1-opus"))
    server.wait_live("x")
    player = enhanced_player(case, server, "x", {"audioFourCcInfoMap": {"mp4a": 1}, "capsEx": 6})
    wait_until(lambda: any(b"UnsupportedCodec" in c and b"Opus" in c for c in player.commands), SECONDS, "a warning")
    wait_until(lambda: stream_of(list(player.tags), 0).tracks, SECONDS, "video")
    check(all(kind == VIDEO for kind, _ in stream_of(list(player.tags), 0).tracks), "audio came all the same")


def answer_to_connect(case):
    """The server says what it relays, to those that say something of themselves."""
    server = case.server()
    words = (b"capsEx", b"fourCcList", b"videoFourCcInfoMap", b"audioFourCcInfoMap")
    for fields, told in (({}, False), (enhanced_fields(), True), ({"fourCcList": ["hvc1"]}, True),
                         ({"videoFourCcInfoMap": {"hvc1": 1}}, True)):
        client = Rtmp(server.rtmp).handshake().connect(server, **fields)
        case.callback(client.close)
        answer = client.wait_command("_result")[3]
        check(all((word in answer) == told for word in words), f"{fields}: {answer!r}")
        check(not told or b"capsEx\x00\x40\x2c" in answer, f"capsEx is not 14: {answer!r}")


def in_the_api(case):
    """Codecs, sizes and profiles in the answer of streams."""
    server = case.server()
    want = {
        "real-hevc-aac": ({"codec": "H265", "profile": "Main", "level": "1", "width": 96, "height": 64},
                          {"codec": "AAC", "sample_rate": 48000, "channel": 1, "profile": "LC"}),
        "real-hevc-hdr": ({"codec": "H265", "profile": "Main10", "width": 96, "height": 64}, None),
        "real-av1-opus": ({"codec": "AV1", "profile": None, "level": None, "width": 96, "height": 64},
                          {"codec": "Opus", "sample_rate": 48000, "channel": 1, "profile": None}),
        "real-vp9-opus": ({"codec": "VP9", "profile": None, "width": 96, "height": 64}, {"codec": "Opus"}),
        "real-flac": (None, {"codec": "FLAC", "channel": 1, "sample_rate": 48000}),
        "real-ac3": (None, {"codec": "AC-3", "channel": 1, "sample_rate": 48000}),
        "real-eac3": (None, {"codec": "E-AC-3", "channel": 1, "sample_rate": 48000}),
        "real-opus51": (None, {"codec": "Opus", "channel": 6}),
        "real-aac51": (None, {"codec": "AAC", "channel": 6}),
        "real-legacy-h264-aac": ({"codec": "H264", "profile": "Main", "width": 96, "height": 64}, {"codec": "AAC"}),
    }
    for name in want:
        publish(case, server, name, file_named(name))

    def answered():
        streams = server.streams()
        for name, (video, audio) in want.items():
            for kind, fields in (("video", video), ("audio", audio)):
                got = streams.get(name, {}).get(kind)
                if (fields is None) != (got is None) or any(got.get(f) != v for f, v in (fields or {}).items()):
                    return False
        return True
    try:
        wait_until(answered, SECONDS, "what the files are")
    except Exception:
        print({n: (s["video"], s["audio"]) for n, s in server.streams().items()}, flush=True)
        raise


def flv_of(case, name, tags):
    path = case.path(name)
    with open(path, "wb") as file:
        file.write(b"FLV\x01\x05\0\0\0\x09\0\0\0\0" + b"".join(t.flv() for t in tags))
    return path


def codec_changes(case):
    """H.264, then HEVC, then AV1 on one connection: each player follows."""
    server = case.server()
    tags, base = [], 0
    for name in ("real-legacy-h264-aac", "real-hevc-aac", "real-av1-opus"):
        tags += [Tag(t.kind, base + t.ms, t.body, 0) for t in read_flv(file_named(name)) if t.kind != SCRIPT]
        base = max(t.ms for t in tags) + 50
    want = stream_of(tags)
    players = [enhanced_player(case, server, "x"), plain_player(case, server, "x"), flv_player(case, server, "x")]
    publish(case, server, "x", flv_of(case, "changes.flv", tags))
    check_same(players[0], want, "negotiated")
    for player in players[1:]:
        check_forms(check_same(player, want.default(), "plain"), "plain")
    for codec in ("H264", "H265", "AV1"):
        check(any(f"kind=video id=0 codec={codec} size=96x64" in line for line in server.log_lines("info")),
              f"no line about {codec} in the log")
    check(any("codec=H265 size=96x64 fps=5.00" in line for line in server.log_lines("info")), "no frame rate")


def mp3_in_both_forms(case):
    """MP3 by its legacy number and by FourCC comes out in legacy tags, which ffmpeg reads."""
    server = case.server()
    legacy = case.path("mp3.flv")
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", "sine=r=44100:d=1", "-ac", "2", "-c:a", "libmp3lame", "-f", "flv",
                    "-flvflags", "no_duration_filesize", legacy], check=True, stdin=subprocess.DEVNULL)
    tags = [t for t in read_flv(legacy) if t.kind == AUDIO]
    enhanced = flv_of(case, "enhanced.flv", [Tag(AUDIO, 0, b"\x90.mp3", 0)] +
                      [Tag(AUDIO, t.ms, b"\x91.mp3" + t.body[1:], 0) for t in tags])
    want = stream_of(tags)
    for name, path in (("legacy", legacy), ("enhanced", enhanced)):
        player = plain_player(case, server, name)
        publish(case, server, name, path)
        check_forms(check_same(player, want, name), name)
        check(all(t.body[0] == 0x2F for t in player.tags if t.kind == AUDIO), f"{name}: sound of another kind")
        check_ffmpeg(case, player, want)
        check(server.streams()[name]["audio"]["codec"] == "MP3", f"{name} in the API")


CASES = {os.path.basename(path)[:-4].replace("-", "_"): of_file(path) for path in FILES}
for file in ("made-hevc-modex-nano", "made-hevc-modex-300-unknown", "real-multitrack", "made-aac-manytracks"):
    CASES[file.replace("-", "_") + "_in_chunks_of_128"] = of_file(file_named(file), "chunk_size 128;")
for function in (chosen_tracks, chosen_wrongly, codec_not_taken, codec_not_taken_by_a_late_player, answer_to_connect,
                 in_the_api, codec_changes, mp3_in_both_forms):
    CASES[function.__name__] = function
need("ffprobe", "ffmpeg")
if __name__ == "__main__":
    check(len(CASES) >= 33, "vectors are missing")
    main(CASES, parallel=4)
