#!/usr/bin/env python3
"""GStreamer publishes and plays: by its own RTMP elements and by those over librtmp. What comes out has the pictures and
sounds of the file byte for byte, at their times."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import check, main, make_flv, need, wait_until
from wire import AUDIO, VIDEO, FlvPlayer, read_flv

ELEMENTS = {
    "rtmp2sink": "gstreamer1.0-plugins-bad",
    "rtmp2src": "gstreamer1.0-plugins-bad",
    "rtmpsink": "gstreamer1.0-plugins-bad",
    "rtmpsrc": "gstreamer1.0-plugins-bad",
    "h264parse": "gstreamer1.0-plugins-bad",
    "flvdemux": "gstreamer1.0-plugins-good",
    "flvmux": "gstreamer1.0-plugins-good",
    "aacparse": "gstreamer1.0-plugins-good",
    "clocksync": "libgstreamer1.0-0",
    "filesink": "libgstreamer1.0-0",
}
ROUNDING_MS = 2  # the element's clock counts nanoseconds


def need_elements(*names):
    need("gst-launch-1.0", "gstreamer1.0-tools")
    need("gst-inspect-1.0", "gstreamer1.0-tools")
    for name in names + ("h264parse", "flvdemux", "flvmux", "aacparse", "clocksync", "filesink"):
        done = subprocess.run(["gst-inspect-1.0", "--exists", name], capture_output=True, check=False)
        check(done.returncode == 0, f"GStreamer has no {name}: Debian package {ELEMENTS[name]}")


def publish(case, server, sink):
    """Returns the program; the file is demuxed, parsed, paced and muxed anew."""
    location = server.rtmp_url("gst") + (" live=1" if sink == "rtmpsink" else "")
    return case.program(["gst-launch-1.0", "-e", "filesrc", f"location={source()}", "!", "flvdemux", "name=demux",
                         *"demux.video ! queue ! h264parse ! clocksync ! flvmux name=mux streamable=true".split(),
                         "!", sink, f"location={location}",
                         *"demux.audio ! queue ! aacparse ! clocksync ! mux.".split()])


def source():
    return make_flv(40, name="av")


def bodies(tags):
    """[(ms, payload without its header, ms of the frame before it of either kind)] of pictures and of sounds."""
    media = [t for t in tags if t.is_media()]
    before = [0] + [t.ms for t in media]
    return [[(t.ms, t.body[skip:], last) for t, last in zip(media, before) if t.kind == kind]
            for kind, skip in ((VIDEO, 5), (AUDIO, 2))]


def check_same(tags, what):
    """A run of the file's pictures and sounds, all moved by one amount of time. GStreamer's muxer never lets time go back:
    a frame that comes to it too late on a busy machine gets the time of the frame before it."""
    offsets = []
    for got, whole in zip(bodies(tags), bodies(read_flv(source()))):
        payloads = [payload for _, payload, _ in whole]
        check(len(got) >= 40, f"{what}: only {len(got)} frames of a kind")
        check(got[0][1] in payloads, f"{what}: the first frame is not in the file")
        at = payloads.index(got[0][1])
        moves = [frame[0] - of_file[0] for frame, of_file in zip(got, whole[at:])]
        offsets.append(min(moves))
        for (ms, payload, last), of_file, moved in zip(got, whole[at:], moves):
            check(payload == of_file[1], f"{what}: the frame at {ms} ms differs")
            check(moved - offsets[-1] <= ROUNDING_MS or ms == last, f"{what}: the frame at {ms} ms is moved by {moved} ms")
        exact = sum(moved - offsets[-1] <= ROUNDING_MS for moved in moves)
        check(exact >= 0.9 * len(moves), f"{what}: only {exact} of {len(moves)} frames are at their time")
    check(abs(offsets[0] - offsets[1]) <= ROUNDING_MS, f"{what}: audio and video are moved apart: {offsets}")


def publish_with(case, sink):
    need_elements(sink)
    server = case.server()
    program = publish(case, server, sink)
    wait_until(lambda: check(program.running(), f"{sink} ended: {program.output()[-600:]}") or
               "gst" in server.streams(), 10, "the stream")
    server.wait_live("gst")
    watch = FlvPlayer(case, server, "gst")
    watch.wait_media(10, 180)
    check_same(watch.tags, f"published by {sink}")
    check(watch.pictures()[0].is_key(), "the first picture is no key frame")
    check(server.streams()["gst"]["jumps"] == 0, "the server saw a jump in time")
    check(program.running(), f"{sink} ended: {program.output()[-600:]}")
    program.end()
    wait_until(lambda: not server.is_active("gst"), 10, "the end of the publisher")


def play_with(case, element):
    need_elements(element)
    server = case.server()
    case.publish(server, "gst", source())
    server.wait_live("gst")
    out = case.path("out.flv")
    location = server.rtmp_url("gst") + (" live=1" if element == "rtmpsrc" else "")
    program = case.program(["gst-launch-1.0", "-e", element, f"location={location}", "!", "flvdemux", "name=demux",
                            *"demux.video ! queue ! h264parse ! flvmux name=mux streamable=true".split(), "!", "filesink",
                            f"location={out}", "buffer-mode=unbuffered",
                            *"demux.audio ! queue ! aacparse ! mux.".split()])
    wait_until(lambda: check(program.running(), f"{element} ended: {program.output()[-900:]}") or
               os.path.exists(out) and len(read_flv(out)) > 200, 15, "four seconds of media")
    program.end()
    check_same(read_flv(out), f"played by {element}")


def publish_rtmp2sink(case):
    publish_with(case, "rtmp2sink")


def play_rtmp2src(case):
    play_with(case, "rtmp2src")


def publish_rtmpsink(case):
    publish_with(case, "rtmpsink")


def play_rtmpsrc(case):
    play_with(case, "rtmpsrc")


CASES = [publish_rtmp2sink, play_rtmp2src, publish_rtmpsink, play_rtmpsrc]
main({case.__name__: case for case in CASES}, parallel=4)
