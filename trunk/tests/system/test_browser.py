#!/usr/bin/env python3
"""Chromium plays H.264 and AAC over HTTP-FLV and over WebSocket-FLV on the server's own page: smoothly, and with pictures
in it. How long the first plays is in SRS_BROWSER_SECONDS. The screenshots stay in the folder of results."""
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


def drive(case, server, name, transport, seconds):
    screenshot = os.path.join(OUT, f"browser-{transport}.png")
    os.makedirs(OUT, exist_ok=True)
    given = {"library": os.path.join(ROOT, "objs/npm/playwright-core"), "chromium": "/usr/bin/chromium",
             "profile": case.path("profile"), "stream": f"live/{name}", "seconds": seconds, "screenshot": screenshot,
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


main({f.__name__: f for f in (page_plays_http_flv, page_plays_websocket_flv)})
