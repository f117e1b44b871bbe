#!/usr/bin/env python3
"""Chromium plays H.264 and AAC over HTTP-FLV and over WebSocket-FLV on the server's own page: smoothly, and with pictures
in it; H.265 too where it has that, and where it has not the page says so. How long the first plays is in
SRS_BROWSER_SECONDS. The screenshots stay in the folder of results."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import HERE, OUT, ROOT, check, main, make_flv, need

SECONDS = int(os.environ.get("SRS_BROWSER_SECONDS", "60"))
WEBSOCKET_SECONDS = 15
WARM_UP_SECONDS = 5  # of these no dropped frames are counted
GROWTH = 55 / 60  # currentTime against wall time
DROPPED = 0.03
BLACK = 16  # means of grey, 0 to 255
SAME = 1.0  # mean difference of two pictures below which they are one
STARTS_IN = 3.0
MORE = 60  # seconds for the browser's start and end


def need_driver():
    need("chromium", "chromium")
    need("node", "nodejs")
    done = subprocess.run(["trunk/auto/page-packages", "--tests"], cwd=ROOT, capture_output=True, timeout=240, check=False)
    check(done.returncode == 0, f"npm package playwright-core: {done.stderr.decode()[-400:]}")
    path = os.path.join(ROOT, "objs/npm/mpegts.js/dist/mpegts.js")
    check(os.path.exists(path), "the page has no player: npm package mpegts.js is not in objs/npm")


def drive(case, server, name, transport, seconds, types=()):
    screenshot = os.path.join(OUT, f"browser-{name}-{transport}.png")
    os.makedirs(OUT, exist_ok=True)
    given = {"library": os.path.join(ROOT, "objs/npm/playwright-core"), "chromium": "/usr/bin/chromium",
             "profile": case.path("profile"), "stream": f"live/{name}", "seconds": seconds, "screenshot": screenshot,
             "types": list(types),
             "url": f"http://127.0.0.1:{server.http}/?api={server.api}&rtmp={server.rtmp}&transport={transport}"}
    program = case.program(["node", os.path.join(HERE, "browser.mjs"), json.dumps(given)])
    status = program.wait(seconds + MORE)
    check(status == 0, f"the driver ended with {status}: {program.output()[-1500:]}")
    return json.loads(program.output().splitlines()[-1]), screenshot


def check_smooth(samples, seconds):
    first, last = samples[0], samples[-1]
    wall, time = last["wall"] - first["wall"], last["time"] - first["time"]
    check(wall >= seconds - 1, f"watched only {wall:.1f} s")
    check(time >= wall * GROWTH, f"currentTime grew by {time:.1f} s in {wall:.1f} s")
    warm = next(s for s in samples if s["wall"] - first["wall"] >= WARM_UP_SECONDS)
    frames, dropped = last["frames"] - warm["frames"], last["dropped"] - warm["dropped"]
    check(frames >= 0.9 * 25 * (last["time"] - warm["time"]), f"only {frames} frames in {last['time'] - warm['time']:.1f} s")
    check(dropped <= DROPPED * frames, f"{dropped} of {frames} frames dropped")
    check(last["sounds"] > first["sounds"], "no sound was decoded")
    return f"{time:.1f} s in {wall:.1f} s, {dropped} of {frames} frames dropped"


def check_pictures(samples):
    for sample in samples:
        check((sample["width"], sample["height"]) == (640, 360), f"the picture is {sample['width']}x{sample['height']}")
        check(sample["mean"] > BLACK, f"a black picture at {sample['time']:.1f} s, mean {sample['mean']:.1f}")
        if sample["change"] is not None:
            check(sample["change"] > SAME, f"the picture at {sample['time']:.1f} s is that of 5 s before")


def page_plays(case, transport, seconds):
    need_driver()
    server = case.server()
    case.publish(server, "show", make_flv(90, name="browser"))
    server.wait_live("show")
    seen, screenshot = drive(case, server, "show", transport, seconds)
    check(not seen["errors"], f"in the browser: {seen['errors'][:5]}")
    samples = seen["samples"]
    check(len(samples) >= seconds * 0.9, f"{len(samples)} looks at the page")
    told = check_smooth(samples, seconds)
    check_pictures(samples)
    check(samples[-1]["state"] == "Playing", f"the page says {samples[-1]['state']}")
    check(seen["startSeconds"] < STARTS_IN, f"{seen['startSeconds']:.1f} s from the click to the picture")
    check(os.path.getsize(screenshot) > 20000, "the screenshot is empty")
    over = [line for line in server.log_lines() if f"websocket={int(transport == 'ws')}" in line and "play stream=" in line]
    check(over, f"the page did not play over {transport}")
    print(f"{case.name}: {told}, begun {seen['startSeconds']:.2f} s after the click; {screenshot}", flush=True)


def page_plays_http_flv(case):
    page_plays(case, "http", SECONDS)


def page_plays_websocket_flv(case):
    page_plays(case, "ws", WEBSOCKET_SECONDS)


HEVC_SECONDS = 10
HEVC_SIZE = (96, 64)
HEVC_FPS = 5
HEVC_TYPES = [f'video/mp4; codecs="{name}.1.6.L93.B0"' for name in ("hvc1", "hev1")]


def other_errors(seen, *known):
    """Without those, and what the library says of colors, after which it goes on."""
    return [e for e in seen["errors"] if not any(k in e for k in (*known, "Invalid video packet type 4"))]


def check_decoded(seen):
    wrong = other_errors(seen)
    check(not wrong, f"in the browser: {wrong[:5]}")
    first, last = seen["samples"][0], seen["samples"][-1]
    frames = last["frames"] - first["frames"]
    check(frames > 0.8 * HEVC_FPS * HEVC_SECONDS, f"{frames} frames in {HEVC_SECONDS} s")
    check(last["state"] == "Playing", f"the page says {last['state']}")
    for sample in seen["samples"]:
        check((sample["width"], sample["height"]) == HEVC_SIZE, f"the picture is {sample['width']}x{sample['height']}")
        check(sample["mean"] > BLACK, f"a black picture at {sample['time']:.1f} s, mean {sample['mean']:.1f}")
    return f"{frames} frames decoded in {HEVC_SECONDS} s"


def check_hevc_is_refused(seen, server):
    wrong = other_errors(seen, "hvc1", "SourceBuffer")
    check(not wrong, f"in the browser: {wrong[:5]}")
    notice, state, button = seen["refusal"]["first"]
    check("This browser does not play H.265 (hvc1." in notice and "other players" in notice, f"the notice is {notice!r}")
    check(state in notice and "H.265" in state, f"the state is {state!r}")
    check(button == "Play", f"the button says {button!r}")
    check(seen["refusal"]["then"] == seen["refusal"]["first"], f"it did not stay so: {seen['refusal']}")
    plays = len([line for line in server.log_lines() if "play stream=" in line and "hevc" in line])
    check(plays == 1, f"the page tried {plays} times")
    return "the page says so and gives up"


def page_and_hevc(case):
    """H.265 by Enhanced RTMP, to the page by HTTP-FLV."""
    need_driver()
    server = case.server()
    publisher = os.path.join(ROOT, "trunk/research/rtmp_publish/rtmp_publish.py")
    file = os.path.join(ROOT, "trunk/tests/vectors/flv/real-hevc-aac.flv")
    case.program([sys.executable, publisher, "publish", file, server.rtmp_url("hevc"), "--loop"])
    server.wait_live("hevc")
    check(server.streams()["hevc"]["video"]["codec"] == "H265", "what the API says of it")
    seen, _ = drive(case, server, "hevc", "http", HEVC_SECONDS, HEVC_TYPES)
    if seen["refusal"]:
        told = "the browser has no H.265: " + check_hevc_is_refused(seen, server)
    else:
        told = "the browser has H.265: " + check_decoded(seen)
    case.told = f"{told}; isTypeSupported hvc1 {seen['supports'][0]}, hev1 {seen['supports'][1]}"


main({f.__name__: f for f in (page_plays_http_flv, page_plays_websocket_flv, page_and_hevc)})
