"""The scenarios: what runs in which order, and which figures come out. The bars are in bench.py."""
import http.client
import os
import signal
import statistics
import threading
import time
import urllib.request
from contextlib import ExitStack

import bench_proc as proc
from bench_proc import BenchError

MBIT = 1_000_000
VIEWERS = 1000
GROWN_VIEWERS = 10_000
GROWN_BITS = 250_000
BEAT_MS = 350
ECHO_TURNS = 4
MEMORY_VIEWERS = 2000
STALLED = 100
STALL_RCVBUF = 128 << 10
BOUND_BITS = 20 * MBIT
BOUND_MANY = 300
BOUND_MEMORY = 256 << 20  # media_memory while they publish
API_STREAMS = 100
API_VIEWERS = 2000
API_BITS = 100_000
API_DASHBOARDS = 10
SCRAPE_STREAMS = 1000  # as many as a scrape tells by name
SCRAPE_BITS = 20_000
SCRAPES = 30  # in less time than a silent publisher is given
STREAM_KEPT_S = 30  # of a source's log, while somebody is behind
BYTES_BELOW = 0.001  # the largest share a player may be below the median
OTHERS_BUSY = 0.25  # of a core, by processes that are none of ours
TOOL_BUSY = 0.8  # of its core: above, the tool may be the bottleneck


class Env:
    """What every scenario needs to know."""

    def __init__(self, args, report):
        self.args = args
        self.report = report
        self.out = args.out
        self.window = 5 if args.quick else 20
        self.have_srs = os.access(args.srs, os.X_OK)
        self.have_echo = os.access(args.echo, os.X_OK)

    def tool(self, name):
        return os.path.join(self.args.tools, name)

    def load(self):
        log = os.path.join(self.out, "load.log")
        return proc.Talker([self.tool("bench_load")], proc.LOAD_CORE, log)

    def nginx(self):
        return proc.start_nginx(self.out)

    def srs(self, low=False, tls=False, top=""):
        return proc.start_srs(self.args.srs, self.out, low, tls, top)

    def server(self, form):
        """Forms: nginx, or protocol and latency of ours as in rtmp350, flvlow, rtmps350."""
        if form == "nginx":
            return self.nginx()
        return self.srs(form.endswith("low"), form.startswith(("rtmps", "https")))


def publish(load, count, bits, url):
    answer = load.ask(f"publish {count} {bits} {url}")
    if answer["live"] != count:
        raise BenchError(f"{count - answer['live']} of {count} publishers were refused")
    time.sleep(2.5)  # the phases are spread over a gop
    return answer


def join(load, count, rate, url, options=""):
    answer = load.ask(f"join {count} {rate} {url} {options}")
    if answer["playing"] != count:
        raise BenchError(f"{count - answer['playing']} of {count} players got no media, "
                         f"{answer['closed']} were closed")
    return answer


def measure(env, server, load):
    """CPU share of the server and what the players see, over one window."""
    load.ask("window begin")
    busy, cpu, at = proc.machine_busy(), server.cpu(), time.monotonic()
    time.sleep(env.window)
    busy, cpu, at = proc.machine_busy() - busy, server.cpu() - cpu, time.monotonic() - at
    seen = load.ask("window end")
    server.check_alive()
    seen["cpu"] = cpu / at
    others = (busy - cpu) / at - seen["tool_cpu"]
    if others > OTHERS_BUSY:
        env.report.say(f"WARNING: others used {others:.0%} of a core: "
                       "these figures are worth little")
    if seen["tool_cpu"] > TOOL_BUSY:
        env.report.say(f"WARNING: the load tool used {seen['tool_cpu']:.0%} of its core")
    return seen


def losses(load):
    """What finish found, as a list of sentences; empty when nothing was lost."""
    end = load.ask("finish")
    found = []
    if end["closed"]:
        found.append(f"{end['closed']} players were closed")
    if end["saw_last"] < end["players"]:
        found.append(f"{end['players'] - end['saw_last']} of {end['players']} players "
                     "did not get the last frame")
    if end["worst_below"] > BYTES_BELOW:
        found.append(f"a player has {end['worst_below']:.2%} bytes less than the median")
    for what in ("missing", "repeated", "corrupt"):
        if end[what]:
            found.append(f"{end[what]} frames {what} at {end['sampled']} sampled players")
    if end["sampled"] and not end["frames"]:
        found.append("the sampled players got no frame")
    return found


def say_run(env, name, run):
    text = (f"{name}: cpu {run['cpu']:.1%} of a core, tool {run['tool_cpu']:.1%}, "
            f"sent late by at most {run['late_ms']:.1f} ms")
    if "first" in run:
        text += (f", video p50/p99/max {run['video_ms']['p50']:.1f}/{run['video_ms']['p99']:.1f}/"
                 f"{run['video_ms']['max']:.1f} ms, audio {run['audio_ms']['p50']:.1f}/"
                 f"{run['audio_ms']['p99']:.1f}/{run['audio_ms']['max']:.1f} ms, gaps "
                 f"{run['video_gap_ms']:.0f}/{run['audio_gap_ms']:.0f} ms, first media p50/p99 "
                 f"{run['first']['p50']:.1f}/{run['first']['p99']:.1f} ms")
    env.report.say(text)
    for lost in run["lost"]:
        env.report.say(f"{name}: lost: {lost}")


def one_run(env, form, streams, bits, viewers):
    with ExitStack() as stack:
        server = stack.enter_context(env.server(form))
        load = stack.enter_context(env.load())
        publish(load, streams, bits, server.rtmp_url)
        if viewers:
            joined = join(load, viewers, 250, server.url(form), f"streams {streams} sampled 8")
        run = measure(env, server, load)
        run["lost"] = []
        if viewers:
            run["first"] = joined["first_media_ms"]
            run["lost"] = losses(load)
        elif load.ask("status")["publishers"] != streams:
            run["lost"] = ["publishers were closed"]
        elif run["blocked"]:
            run["lost"] = [f"publishers were held back {run['blocked']} times"]
        slices = server.long_slices() if form != "nginx" else []
        for line in slices:
            env.report.say(line)
        run["slices"] = len(slices)
    say_run(env, form, run)
    return run


def base_run(env, streams, bits, viewers):
    """nginx; a run without figures is tried once more, since it says nothing about our server."""
    try:
        return one_run(env, "nginx", streams, bits, viewers)
    except BenchError as error:
        env.report.say(f"nginx: {error}: once more")
        return one_run(env, "nginx", streams, bits, viewers)


def compare(env, scenario, forms, streams, bits, viewers):
    """nginx, ours, nginx, ours, nginx. Returns by form (our run, nginx around it)."""
    base, ours = [], {form: [] for form in forms}
    for turn in range(3):
        base.append(base_run(env, streams, bits, viewers))
        for form in forms if turn < 2 and env.have_srs else ():
            try:
                ours[form].append((turn, one_run(env, form, streams, bits, viewers)))
            except BenchError as error:
                env.report.fail(f"{scenario}.{form}", str(error))
    show_base(env, scenario, base, viewers)
    for form, found in ours.items():
        for _, run in found:
            if run["lost"]:
                env.report.fail(f"{scenario}.{form}.lost", "; ".join(run["lost"]))
    return {form: [(run, base[turn:turn + 2]) for turn, run in found if not run["lost"]]
            for form, found in ours.items()}


def show_base(env, scenario, base, viewers):
    """nginx's own figures: the median of three, and their spread."""
    figures = {"cpu": ("cores", [run["cpu"] for run in base])}
    if viewers:
        figures["video_p99"] = ("ms", [run["video_ms"]["p99"] for run in base])
        figures["audio_p99"] = ("ms", [run["audio_ms"]["p99"] for run in base])
        figures["join_p99"] = ("ms", [run["first"]["p99"] for run in base])
    for name, (unit, values) in figures.items():
        env.report.info(f"{scenario}.nginx.{name}", statistics.median(values), unit)
        env.report.info(f"{scenario}.nginx.{name}_spread", max(values) - min(values), unit)
    lost = [text for run in base for text in run["lost"]]
    if lost:
        # A peer that loses data did less work: its CPU is still the base, and the reader is told.
        env.report.say(f"nginx lost: {'; '.join(lost)}")


def cpu_ratio(pairs):
    return max(run["cpu"] / min(one["cpu"] for one in around) for run, around in pairs)


def fanout(env):
    forms = ("rtmp350", "rtmplow", "flv350", "flvlow")
    slices = 0
    for form, pairs in compare(env, "fanout", forms, 1, MBIT, VIEWERS).items():
        if len(pairs) < 2:
            continue  # the rows that stay empty are filled in as missed
        name = f"fanout.{form}"
        env.report.check(f"{name}.cpu", cpu_ratio(pairs))
        env.report.check(f"{name}.join_p99", max(run["first"]["p99"] for run, _ in pairs))
        slices += sum(run["slices"] for run, _ in pairs)
        if form.endswith("350"):
            for kind in ("video", "audio"):
                env.report.check(f"{name}.{kind}_p99",
                                 max(run[f"{kind}_ms"]["p99"] for run, _ in pairs))
            continue
        # Delays of nginx scatter more than its CPU: the mean of the two around ours is the base.
        env.report.check(f"{name}.video_p99", max(
            run["video_ms"]["p99"] / statistics.mean(one["video_ms"]["p99"] for one in around)
            for run, around in pairs))
        env.report.check(f"{name}.audio_behind", max(
            run["audio_ms"]["p99"] - run["video_ms"]["p99"] for run, _ in pairs))
    if env.have_srs:
        env.report.check("fanout.long_slices", slices)


def many(env):
    pairs = compare(env, "many", ("rtmp350",), 200, 250_000, VIEWERS)["rtmp350"]
    if len(pairs) == 2:
        env.report.check("many.cpu", cpu_ratio(pairs))


def ingest(env):
    pairs = compare(env, "ingest", ("rtmp350",), 300, MBIT, 0)["rtmp350"]
    if len(pairs) == 2:
        env.report.check("ingest.cpu", cpu_ratio(pairs))


def highest_rss(server, seconds):
    found = server.rss()
    for _ in range(seconds * 2):
        time.sleep(0.5)
        found = max(found, server.rss())
    return found


def memory_cycle(load, server, url):
    """One round of viewers: resident size at the peak and 10 s after they left."""
    join(load, MEMORY_VIEWERS, 500, url)
    peak = highest_rss(server, 5)
    load.ask("leave")
    time.sleep(10)
    return peak, server.rss()


def memory_viewers(env, kind):
    with ExitStack() as stack:
        server = stack.enter_context(env.srs())
        load = stack.enter_context(env.load())
        time.sleep(1)
        start = server.rss()
        publish(load, 1, MBIT, server.rtmp_url)
        before = highest_rss(server, 3)
        peak, left = memory_cycle(load, server, server.url(kind))
        _, left_again = memory_cycle(load, server, server.url(kind))
        load.ask("unpublish")
        time.sleep(10)
        idle = server.rss()
    kib = 1024 * MEMORY_VIEWERS
    env.report.check(f"memory.{kind}.viewer", (peak - before) / kib)
    env.report.check(f"memory.{kind}.left", (left - before) / kib)
    env.report.check(f"memory.{kind}.second_cycle", left_again / left)
    env.report.check(f"memory.{kind}.idle", (idle - start) / kib)


def memory_publishers(env):
    count = 100
    with ExitStack() as stack:
        server = stack.enter_context(env.srs())
        load = stack.enter_context(env.load())
        time.sleep(1)
        start = server.rss()
        gop = publish(load, count, MBIT, server.rtmp_url)["gop_bytes"]
        time.sleep(4)
        each = (highest_rss(server, 4) - start) / count
    env.report.info("memory.publisher.all", each / 1024, "KiB")
    env.report.info("memory.publisher.gop", gop / 1024, "KiB")
    env.report.check("memory.publisher", (each - gop) / 1024)


def memory(env):
    with ExitStack() as stack:
        server = stack.enter_context(env.nginx())
        load = stack.enter_context(env.load())
        publish(load, 1, MBIT, server.rtmp_url)
        before = highest_rss(server, 1)
        join(load, VIEWERS, 250, server.rtmp_url)
        peak = highest_rss(server, 5)
    # 1000: nginx-rtmp has no CPU left for 2000.
    env.report.info("memory.nginx.viewer", (peak - before) / 1024 / VIEWERS, "KiB")
    if env.have_srs:
        for kind in ("rtmp", "flv"):
            memory_viewers(env, kind)
        memory_publishers(env)


def tls_memory(env, form):
    with ExitStack() as stack:
        server = stack.enter_context(env.server(form))
        load = stack.enter_context(env.load())
        publish(load, 1, MBIT, server.rtmp_url)
        # The first one brings in what the worker has once.
        join(load, 1, 250, server.url(form))
        load.ask("leave")
        before = highest_rss(server, 3)
        join(load, VIEWERS, 250, server.url(form))
        peak = highest_rss(server, 5)
    env.report.check(f"tls.{form.removesuffix('350')}.viewer", (peak - before) / 1024 / VIEWERS)


def tls(env):
    """Plain, inside TLS, plain, inside TLS, plain."""
    if not env.have_srs:
        return
    for plain, form in (("rtmp350", "rtmps350"), ("flv350", "https350")):
        runs = [one_run(env, form if turn % 2 else plain, 1, MBIT, VIEWERS) for turn in range(5)]
        name = f"tls.{form.removesuffix('350')}"
        lost = [text for run in runs for text in run["lost"]]
        env.report.info(f"{name}.plain_cpu", statistics.median(run["cpu"] for run in runs[::2]),
                        "cores")
        if lost:
            env.report.fail(f"{name}.lost", "; ".join(lost))
        else:
            env.report.check(f"{name}.cpu", max(
                runs[i]["cpu"] / min(runs[i - 1]["cpu"], runs[i + 1]["cpu"]) for i in (1, 3)))
        env.report.check(f"{name}.join_p99", max(runs[i]["first"]["p99"] for i in (1, 3)))
        tls_memory(env, form)


def bare_cpu(env, viewers):
    """CPU of the bare writer that sends what a 350 ms beat of the stream holds."""
    port = proc.free_port()
    size = GROWN_BITS // 8 * BEAT_MS // 1000
    argv = [env.tool("bench_writer"), str(port), str(size), str(BEAT_MS)]
    log = os.path.join(env.out, "writer.log")
    with ExitStack() as stack:
        writer = stack.enter_context(proc.Talker(argv, proc.SERVER_CORE, log))
        load = stack.enter_context(env.load())
        writer.read(10)
        join(load, viewers, VIEWERS, f"raw://127.0.0.1:{port}")
        load.ask("window begin")
        time.sleep(1)
        cpu, at = proc.cpu_seconds(writer.pid), time.monotonic()
        time.sleep(env.window)
        cpu, at = proc.cpu_seconds(writer.pid) - cpu, time.monotonic() - at
        seen = load.ask("window end")
        writer.stop()
        if "short=0" not in writer.log_text():
            raise BenchError(f"the bare writer was held back: {writer.log_text().strip()}")
    env.report.say(f"bare writer, {viewers} viewers: cpu {cpu / at:.2%}, "
                   f"tool {seen['tool_cpu']:.1%}, "
                   f"{seen['received_mbit_s']:.0f} Mbit/s")
    return cpu / at


def grown_run(env, viewers):
    with ExitStack() as stack:
        server = stack.enter_context(env.srs())
        load = stack.enter_context(env.load())
        publish(load, 1, GROWN_BITS, server.rtmp_url)
        before = highest_rss(server, 1)
        joined = join(load, viewers, VIEWERS, server.rtmp_url, "sampled 8")
        run = measure(env, server, load)
        run["first"] = joined["first_media_ms"]
        run["lost"] = losses(load)
        say_run(env, f"ours, {viewers} viewers", run)
        if viewers == GROWN_VIEWERS:
            publisher_gone(env, server, load, before)
    return run


def publisher_gone(env, server, load, before):
    """The viewers stay, the publisher leaves."""
    load.ask("unpublish")
    time.sleep(3)
    cpu, at = server.cpu(), time.monotonic()
    time.sleep(10 if env.args.quick else 30)
    cpu, at = server.cpu() - cpu, time.monotonic() - at
    rss = server.rss()
    status = load.ask("status")
    if status["closed"]:
        raise BenchError(f"{status['closed']} players were closed when the publisher left")
    env.report.check("growth.gone_cpu", cpu / at)
    env.report.check("growth.gone_memory", (rss - before) / 1024 / GROWN_VIEWERS)


def growth(env):
    bare, grown = [], []
    for viewers in (VIEWERS, GROWN_VIEWERS):
        bare.append(bare_cpu(env, viewers))
        if env.have_srs:
            grown.append(grown_run(env, viewers))
    scale = GROWN_VIEWERS / VIEWERS
    bare_growth = bare[1] / bare[0] / scale
    env.report.info("growth.bare", bare_growth, "x")
    if not env.have_srs:
        return
    growth_of = grown[1]["cpu"] / grown[0]["cpu"] / scale
    env.report.info("growth.ours", growth_of, "x")
    lost = [text for run in grown for text in run["lost"]]
    if lost:
        env.report.fail("growth.lost", "; ".join(lost))
    else:
        env.report.check("growth.cpu", growth_of / bare_growth)


def watch_stalled(server, load, seconds):
    """Highest memory, and the seconds until all stalled viewers were cut off (None: not all)."""
    open_before = proc.descriptors(server.pid)
    load.ask(f"stall {STALLED}")
    began = time.monotonic()
    load.ask("window begin plain")
    peak, closed_at = 0, None
    while time.monotonic() - began < seconds:
        time.sleep(0.5)
        peak = max(peak, server.rss() + proc.tcp_memory())
        # A peer that does not read cannot see an orderly close: the descriptors tell.
        if closed_at is None and open_before - proc.descriptors(server.pid) >= STALLED:
            closed_at = time.monotonic() - began
    seen = load.ask("window end")
    cuts = load.ask("stalls")
    if cuts["cut_ms"]["n"] == STALLED:
        closed_at = cuts["cut_ms"]["max"] / 1000
    return peak, closed_at, seen, cuts


def stalled(env):
    if not env.have_srs:
        return
    with ExitStack() as stack:
        server = stack.enter_context(env.srs())
        load = stack.enter_context(env.load())
        publish(load, 1, MBIT, server.rtmp_url)
        join(load, VIEWERS, 250, server.rtmp_url, f"sampled 8 rcvbuf {STALL_RCVBUF}")
        before = measure(env, server, load)
        base = server.rss() + proc.tcp_memory()
        peak, closed_at, after, cuts = watch_stalled(server, load, 50)
        lost = losses(load)
        server.check_alive()
    grown = peak - base
    kept = STREAM_KEPT_S * MBIT // 8
    env.report.info("stalled.grown", grown / (1 << 20), "MiB")
    env.report.info("stalled.cut_seen", cuts["cut_ms"]["n"], "players")
    env.report.check("stalled.memory", (grown - kept) / 1024 / STALLED)
    if closed_at is None:
        env.report.fail("stalled.cut", "not all stalled viewers were cut off within 50 s")
    else:
        env.report.check("stalled.cut", closed_at)
    for kind in ("video", "audio"):
        was, now = before[f"{kind}_ms"]["p99"], after[f"{kind}_ms"]["p99"]
        env.report.say(f"stalled: {kind} p99 before {was:.1f} ms, after {now:.1f} ms")
        env.report.check(f"stalled.{kind}_p99", now / (was + max(was / 5, 10)))
    if lost:
        env.report.fail("stalled.lost", "; ".join(lost))


def watched_growth(env, count, bits, seconds):
    """How much the server grows with publishers that send one gop only, beside a stream that is
    watched; what its viewers saw meanwhile."""
    with ExitStack() as stack:
        server = stack.enter_context(env.srs(top=f"media_memory {BOUND_MEMORY};"))
        load = stack.enter_context(env.load())
        greedy = stack.enter_context(env.load())
        publish(load, 1, MBIT, server.rtmp_url)
        join(load, 100, 100, server.rtmp_url, "sampled 8")
        base = highest_rss(server, 3)
        load.ask("window begin")
        answer = greedy.ask(f"publish {count} {bits} {server.rtmp_url}greedy one-gop")
        if answer["live"] != count:
            raise BenchError(f"{count - answer['live']} of {count} publishers were refused")
        peak = highest_rss(server, seconds)
        seen = load.ask("window end")
        lost = losses(load)
        server.check_alive()
    return peak - base, seen, lost


def bounds(env):
    if not env.have_srs:
        return
    for name, count, bits, limit in (("one", 1, BOUND_BITS, 32 << 20),
                                     ("many", BOUND_MANY, MBIT, BOUND_MEMORY)):
        grown, seen, lost = watched_growth(env, count, bits, 20 if env.window < 20 else 60)
        env.report.info(f"bounds.{name}.grown", grown / (1 << 20), "MiB")
        env.report.check(f"bounds.{name}.memory", grown / limit)
        env.report.check(f"bounds.{name}.video_p99", seen["video_ms"]["p99"])
        if lost:
            env.report.fail(f"bounds.{name}.lost", "; ".join(lost))


class Dashboard(threading.Thread):
    """Asks for its pages each second, as an operator's browser does, and notes how long they took."""

    PAGES = ("streams/?count=100", "clients/?count=100", "streams/", "vhosts/")

    def __init__(self, port, phase):
        super().__init__(daemon=True)
        self.port = port
        self.phase = phase
        self.over = threading.Event()
        self.took = []  # ms
        self.error = None

    def ask(self, connection, page):
        began = time.monotonic()
        connection.request("GET", f"/api/v1/{page}")
        answer = connection.getresponse()
        body = answer.read()
        self.took.append((time.monotonic() - began) * 1000)
        if answer.status != 200 or not body.endswith(b"}"):
            raise BenchError(f"{page} answered {answer.status}")

    def run(self):
        try:
            self.over.wait(self.phase)
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            while not self.over.wait(1):
                for page in self.PAGES:
                    self.ask(connection, page)
            connection.close()
        except (BenchError, OSError, http.client.HTTPException) as error:
            self.error = error


def polled(env, server, load, port):
    """What the viewers see while the dashboards ask, and how long these had to wait."""
    boards = [Dashboard(port, i / API_DASHBOARDS) for i in range(API_DASHBOARDS)]
    for board in boards:
        board.start()
    seen = measure(env, server, load)
    for board in boards:
        board.over.set()
    for board in boards:
        board.join(20)
        if board.error:
            raise BenchError(f"a dashboard: {board.error}")
    took = sorted(ms for board in boards for ms in board.took)
    if len(took) < API_DASHBOARDS * len(Dashboard.PAGES):
        raise BenchError(f"{len(took)} answers in all")
    return seen, took


def api(env):
    if not env.have_srs:
        return
    port = proc.free_port()
    with ExitStack() as stack:
        server = stack.enter_context(env.srs(
            top=f"http_api {{ enabled on; listen 127.0.0.1:{port}; }}"))
        load = stack.enter_context(env.load())
        publish(load, API_STREAMS, API_BITS, server.rtmp_url)
        join(load, API_VIEWERS, 250, server.rtmp_url, f"streams {API_STREAMS} sampled 8")
        before = measure(env, server, load)
        slices = len(server.long_slices())
        after, took = polled(env, server, load, port)
        slices = server.long_slices()[slices:]
        lost = losses(load)
        server.check_alive()
    for line in slices:
        env.report.say(line)
    env.report.info("api.answers", len(took), "answers")
    env.report.info("api.p50", took[len(took) // 2], "ms")
    env.report.info("api.max", took[-1], "ms")
    env.report.info("api.cpu", after["cpu"] - before["cpu"], "cores")
    env.report.check("api.p99", took[len(took) * 99 // 100])
    for kind in ("video", "audio"):
        was, now = before[f"{kind}_ms"]["p99"], after[f"{kind}_ms"]["p99"]
        env.report.say(f"api: {kind} p99 before {was:.1f} ms, polled {now:.1f} ms")
        env.report.check(f"api.{kind}_p99", now / (was + max(was / 5, 10)))
    env.report.check("api.long_slices", len(slices))
    if lost:
        env.report.fail("api.lost", "; ".join(lost))


def scrape_once(port):
    """Bytes of the page."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        return len(answer.read())


def scrape(env):
    """The publishers stand still meanwhile, so that the scrapes are all that the server does."""
    if not env.have_srs:
        return
    port = proc.free_port()
    with ExitStack() as stack:
        server = stack.enter_context(env.srs(
            top=f"exporter {{ enabled on; listen 127.0.0.1:{port}; }}"))
        load = stack.enter_context(env.load())
        publish(load, SCRAPE_STREAMS, SCRAPE_BITS, server.rtmp_url)
        os.kill(load.pid, signal.SIGSTOP)
        try:
            time.sleep(0.5)  # what is on its way arrives
            size = scrape_once(port)
            before = len(server.long_slices())
            idle, at = server.cpu(), time.monotonic()
            time.sleep(1)
            idle = (server.cpu() - idle) / (time.monotonic() - at)
            cpu, at = server.cpu(), time.monotonic()
            for _ in range(SCRAPES):
                scrape_once(port)
            took = time.monotonic() - at
            cpu = server.cpu() - cpu - idle * took
        finally:
            os.kill(load.pid, signal.SIGCONT)
        server.check_alive()
        slices = server.long_slices()[before:]
    for line in slices:
        env.report.say(line)
    env.report.info("scrape.size", size / 1024, "KiB")
    env.report.info("scrape.time", took / SCRAPES * 1000, "ms")
    env.report.check("scrape.cpu", cpu / SCRAPES * 1000)
    env.report.check("scrape.long_slices", len(slices))


def echo_run(env, name, argv, port):
    """CPU nanoseconds per round trip."""
    drive = [env.tool("bench_echo"), "drive", str(port), str(VIEWERS)]
    with ExitStack() as stack:
        server = stack.enter_context(
            proc.Process(argv, proc.SERVER_CORE, os.path.join(env.out, "echo.log")))
        server.wait_port(port)
        driver = stack.enter_context(
            proc.Talker(drive, proc.LOAD_CORE, os.path.join(env.out, "drive.log")))
        driver.read(30)
        time.sleep(1)
        cpu, first = proc.cpu_seconds(server.pid), driver.ask("now")
        time.sleep(env.window / 2)
        cpu, last = proc.cpu_seconds(server.pid) - cpu, driver.ask("now")
    trips, seconds = last["trips"] - first["trips"], last["at"] - first["at"]
    env.report.say(f"{name}: {cpu / trips * 1e6:.3f} us a round trip, "
                   f"{trips / seconds:.0f} a second, "
                   f"server {cpu / seconds:.0%} of a core")
    return cpu / trips * 1e9


def echo(env):
    """In turns, and by medians: single runs of either differ by a tenth and more."""
    base, ours = [], []
    for _ in range(ECHO_TURNS):
        port = proc.free_port()
        base.append(echo_run(env, "bare", [env.tool("bench_echo"), "serve", str(port)], port))
        if env.have_echo:
            port = proc.free_port()
            ours.append(echo_run(env, "ours", [env.args.echo, str(port)], port))
    bare = statistics.median(base)
    env.report.info("echo.bare", bare / 1000, "us")
    env.report.info("echo.bare_spread", (max(base) - min(base)) / 1000, "us")
    if ours:
        env.report.info("echo.ours_spread", (max(ours) - min(ours)) / 1000, "us")
        env.report.check("echo.cpu", statistics.median(ours) / bare)


SCENARIOS = {
    "fanout": fanout,
    "many": many,
    "ingest": ingest,
    "memory": memory,
    "growth": growth,
    "stalled": stalled,
    "tls": tls,
    "bounds": bounds,
    "api": api,
    "scrape": scrape,
    "echo": echo,
}
