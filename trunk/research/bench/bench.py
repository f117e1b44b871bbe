#!/usr/bin/env python3
"""Compares the server with nginx-rtmp and with bare loops, prints every figure, and fails on a
missed bar. See README.md."""
import argparse
import json
import os
import resource
import signal
import sys
import time

import bench_proc as proc
import bench_runs as runs

# name: (limit, unit, what it is). "x nginx" is a ratio over windows of the same
# length; the worse of two runs counts.
BARS = {
    "fanout.rtmp350.cpu": (0.15, "x nginx", "1000 RTMP viewers, mw_latency 350"),
    "fanout.flv350.cpu": (0.15, "x nginx", "1000 HTTP-FLV viewers, mw_latency 350"),
    "fanout.rtmp350.video_p99": (400, "ms", "delay of video frames"),
    "fanout.rtmp350.audio_p99": (400, "ms", "delay of audio frames"),
    "fanout.flv350.video_p99": (400, "ms", "delay of video frames"),
    "fanout.flv350.audio_p99": (400, "ms", "delay of audio frames"),
    "fanout.rtmplow.cpu": (0.55, "x nginx", "1000 RTMP viewers, min_latency on"),
    "fanout.flvlow.cpu": (0.55, "x nginx", "1000 HTTP-FLV viewers, min_latency on"),
    "fanout.rtmplow.video_p99": (1.25, "x nginx", "delay of video frames"),
    "fanout.flvlow.video_p99": (1.25, "x nginx", "delay of video frames"),
    "fanout.rtmplow.audio_behind": (50, "ms", "audio's p99 above video's"),
    "fanout.flvlow.audio_behind": (50, "ms", "audio's p99 above video's"),
    "fanout.rtmp350.join_p99": (50, "ms", "connect to first media, 250 joins a second"),
    "fanout.flv350.join_p99": (50, "ms", "connect to first media, 250 joins a second"),
    "fanout.rtmplow.join_p99": (50, "ms", "connect to first media, 250 joins a second"),
    "fanout.flvlow.join_p99": (50, "ms", "connect to first media, 250 joins a second"),
    "fanout.long_slices": (0, "lines", "`long slice` in the server's log, all runs"),
    "many.cpu": (0.45, "x nginx", "200 streams of 250 kbit/s, 5 RTMP viewers each"),
    "ingest.cpu": (1.2, "x nginx", "300 publishers of 1 Mbit/s"),
    "memory.rtmp.viewer": (7, "KiB", "resident per viewer at 2000"),
    "memory.flv.viewer": (7, "KiB", "resident per viewer at 2000"),
    "memory.rtmp.left": (0.5, "KiB", "per viewer, 10 s after all left"),
    "memory.flv.left": (0.5, "KiB", "per viewer, 10 s after all left"),
    "memory.rtmp.second_cycle": (1.02, "x first", "resident after a second round of viewers"),
    "memory.flv.second_cycle": (1.02, "x first", "resident after a second round of viewers"),
    "memory.rtmp.idle": (0.75, "KiB", "per viewer, publisher gone too, above the start"),
    "memory.flv.idle": (0.75, "KiB", "per viewer, publisher gone too, above the start"),
    "memory.publisher": (48, "KiB", "per publisher beyond the bytes of a gop, 100 of 1 Mbit/s"),
    "growth.cpu": (1.1, "x bare", "CPU per viewer from 1000 to 10,000, against the bare writer"),
    "growth.gone_cpu": (0.01, "cores", "10,000 viewers whose publisher has gone, 30 s"),
    "growth.gone_memory": (8, "KiB", "per viewer, publisher gone"),
    "stalled.memory": (1024, "KiB", "resident and kernel per stalled viewer beyond 30 s of stream"),
    "stalled.cut": (40, "s", "until the last of 100 stalled viewers was cut off"),
    "stalled.video_p99": (1.0, "x allowed", "900 others: p99 against before + max(a fifth, 10 ms)"),
    "stalled.audio_p99": (1.0, "x allowed", "900 others: p99 against before + max(a fifth, 10 ms)"),
    "tls.rtmps.cpu": (3.0, "x plain", "1000 RTMPS viewers, mw_latency 350, against RTMP"),
    "tls.https.cpu": (3.0, "x plain", "1000 HTTPS-FLV viewers, mw_latency 350, against HTTP-FLV"),
    "tls.rtmps.viewer": (24, "KiB", "resident per RTMPS viewer at 1000"),
    "tls.https.viewer": (24, "KiB", "resident per HTTPS-FLV viewer at 1000"),
    "tls.rtmps.join_p99": (100, "ms", "connect to first media, 250 joins a second"),
    "tls.https.join_p99": (100, "ms", "connect to first media, 250 joins a second"),
    "bounds.one.memory": (1.25, "x allowed", "a stream of 20 Mbit/s without key frames: growth"),
    "bounds.many.memory": (1.25, "x allowed", "300 publishers of 1 Mbit/s in one gop: growth"),
    "bounds.one.video_p99": (400, "ms", "100 viewers beside it"),
    "bounds.many.video_p99": (400, "ms", "100 viewers beside them"),
    "api.p99": (20, "ms", "answers of the API beside 2000 viewers of 100 streams, 10 dashboards"),
    "api.video_p99": (1.0, "x allowed", "p99 against before + max(a fifth, 10 ms)"),
    "api.audio_p99": (1.0, "x allowed", "p99 against before + max(a fifth, 10 ms)"),
    "api.long_slices": (0, "lines", "`long slice` in the server's log"),
    "scrape.cpu": (30, "ms", "CPU of a scrape of /metrics with 1000 streams"),
    "scrape.long_slices": (0, "lines", "`long slice` in the server's log"),
    "echo.cpu": (1.25, "x bare", "CPU per round trip, 1000 active connections"),
}


class Report:
    """Figures as they come, the table at the end, the JSON file."""

    def __init__(self):
        self.began = time.monotonic()
        self.rows = []

    def say(self, text):
        print(f"[{time.monotonic() - self.began:7.1f} s] {text}", flush=True)

    def info(self, name, value, unit):
        self.rows.append({"name": name, "value": value, "unit": unit, "state": ""})
        self.say(f"{name} = {value:.4g} {unit}")

    def check(self, name, value):
        limit, unit, _ = BARS[name]
        state = "ok" if value <= limit else "MISSED"
        self.rows.append(
            {"name": name, "value": value, "unit": unit, "bar": limit, "state": state})
        self.say(f"{name} = {value:.4g} {unit} (bar {limit}) {state}")

    def fail(self, name, why):
        self.rows.append({"name": name, "unit": "", "why": why, "state": "MISSED"})
        self.say(f"{name}: MISSED: {why}")

    def fill(self, scenario, state, why=""):
        """Gives every bar of a scenario that has no row yet this state."""
        known = {row["name"] for row in self.rows}
        for name, (limit, unit, _) in BARS.items():
            if name.split(".")[0] == scenario and name not in known:
                self.rows.append(
                    {"name": name, "unit": unit, "bar": limit, "state": state, "why": why})

    def missed(self):
        return [row for row in self.rows if row["state"] == "MISSED"]

    def table(self):
        lines = [f"{'figure':42} {'value':>12} {'bar':>9} {'unit':10} state"]
        for row in self.rows:
            value = f"{row['value']:.4g}" if "value" in row else "-"
            bar = f"{row['bar']:g}" if "bar" in row else ""
            note = row.get("why") or BARS.get(row["name"], ("", "", ""))[2]
            lines.append(f"{row['name']:42} {value:>12} {bar:>9} {row['unit']:10} "
                         f"{row['state']:8} {note}".rstrip())
        return "\n".join(lines)

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"seconds": round(time.monotonic() - self.began, 1), "figures": self.rows},
                      file, indent=1)


def parse_args():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--srs", required=True,
                        help="the server's binary; figures are `missing` without it")
    parser.add_argument("--out", required=True,
                        help="folder for logs, configurations and bench.json")
    parser.add_argument("--tools",
                        help="folder of the load tools (default: above --out)")
    parser.add_argument("--echo", help="our echo server (default: echo_bench beside --srs)")
    parser.add_argument("--only", help="scenarios, comma separated: " + ",".join(runs.SCENARIOS))
    parser.add_argument("--quick", action="store_true", help="short windows, for trying")
    args = parser.parse_args()
    args.here = here
    args.out = os.path.abspath(args.out)
    args.srs = os.path.abspath(args.srs)
    args.tools = os.path.abspath(args.tools or os.path.dirname(args.out))
    args.echo = args.echo or os.path.join(os.path.dirname(args.srs), "echo_bench")
    args.only = args.only.split(",") if args.only else list(runs.SCENARIOS)
    unknown = [name for name in args.only if name not in runs.SCENARIOS]
    if unknown:
        parser.error("no such scenario: " + ", ".join(unknown))
    return args


def check_machine(args):
    """What the bench needs, each with its remedy."""
    problems = []
    if proc.find_nginx() is None:
        problems.append("nginx is missing: apt-get install nginx-light")
    if proc.rtmp_module() is None:
        problems.append("nginx's RTMP module is missing: apt-get install libnginx-mod-rtmp")
    if not {proc.SERVER_CORE, proc.LOAD_CORE} <= os.sched_getaffinity(0):
        problems.append("two cores are needed (0 for the server, 1 for the load)")
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < runs.GROWN_VIEWERS + 1000:
        problems.append(f"the hard limit of open files is below {runs.GROWN_VIEWERS + 1000}")
    for tool in ("bench_load", "bench_echo", "bench_writer"):
        if not os.access(os.path.join(args.tools, tool), os.X_OK):
            problems.append(f"{tool} is not in {args.tools}: make -C {args.here} OUT={args.tools}")
    return problems


def main():
    args = parse_args()
    problems = check_machine(args)
    if problems:
        print("bench: " + "\nbench: ".join(problems), file=sys.stderr)
        return 2
    os.makedirs(args.out, exist_ok=True)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda number, _: sys.exit(128 + number))
    os.sched_setaffinity(0, {proc.LOAD_CORE})

    report = Report()
    env = runs.Env(args, report)
    if not env.have_srs:
        report.say(f"no server at {args.srs}: its figures are missing")
    try:
        for name in args.only:
            report.say(f"--- {name}")
            try:
                runs.SCENARIOS[name](env)
            except proc.BenchError as error:
                report.fail(f"{name}.run", str(error))
            have = env.have_echo if name == "echo" else env.have_srs
            report.fill(name, "MISSED" if have else "missing", "no figure" if have else "")
    finally:
        print("\n" + report.table(), flush=True)
        report.save(os.path.join(args.out, "bench.json"))
    missed = report.missed()
    print(f"\n{len(missed)} missed" if missed else "\nno bar missed", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
