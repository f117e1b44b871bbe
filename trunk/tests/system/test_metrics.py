#!/usr/bin/env python3
"""Figures of the server: the API's five endpoints against /proc, the page for Prometheus by its own parser and by promtool, a
real Prometheus that scrapes it and evaluates what trunk/conf brings."""
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import ROOT, Failure, check, free_port, main, make_flv, need, wait_until
from wire import FlvPlayer, Rtmp, RtmpPlayer, chunk, command, rtmp_ready

HEAD = ["code", "server", "service", "pid"]
CONF = os.path.join(ROOT, "trunk/conf")
SELF = ("pid comm state ppid pgrp session tty_nr tpgid flags minflt cminflt majflt cmajflt utime stime cutime cstime priority "
        "nice num_threads itrealvalue starttime vsize rss rsslim startcode endcode startstack kstkesp kstkeip signal blocked "
        "sigignore sigcatch wchan nswap cnswap exit_signal processor rt_priority policy delayacct_blkio_ticks guest_time "
        "cguest_time").split()
SYSTEM = "user nice sys idle iowait irq softirq steal guest".split()
RUSAGE = ("ru_utime ru_stime ru_maxrss ru_ixrss ru_idrss ru_isrss ru_minflt ru_majflt ru_nswap ru_inblock ru_oublock ru_msgsnd "
          "ru_msgrcv ru_nsignals ru_nvcsw ru_nivcsw").split()
MEMINFO = ("percent_ram percent_swap MemActive RealInUse NotInUse MemTotal MemFree Buffers Cached SwapTotal SwapFree").split()
SUMMARY_SELF = "version pid ppid argv cwd mem_kbyte mem_percent cpu_percent srs_uptime".split()
SUMMARY_SYSTEM = ("cpu_percent disk_read_KBps disk_write_KBps disk_busy_percent mem_ram_kbyte mem_ram_percent mem_swap_kbyte "
                  "mem_swap_percent cpus cpus_online uptime ilde_time load_1m load_5m load_15m net_sample_time net_recv_bytes "
                  "net_send_bytes net_recvi_bytes net_sendi_bytes srs_sample_time srs_recv_bytes srs_send_bytes conn_sys "
                  "conn_sys_et conn_sys_tw conn_sys_udp conn_srs").split()
# Two decimals; all other numbers are whole.
REAL = {"percent", "percent_ram", "percent_swap", "mem_percent", "cpu_percent", "disk_busy_percent", "mem_ram_percent",
        "mem_swap_percent", "uptime", "ilde_time", "load_1m", "load_5m", "load_15m"}


def media():
    return make_flv(20, name="small", size="320x180", kbps=300)


def exporter(port, more=""):
    return f"exporter {{ enabled on; listen {port}; {more} }}\n"


def ask(port, path, method="GET", host="127.0.0.1"):
    """(status, type, text)"""
    with contextlib.closing(http.client.HTTPConnection(host, port, timeout=10)) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()


def data_of(server, name, members):
    """The data of an endpoint: its form, members, their order and types are checked."""
    status, kind, text = ask(server.api, f"/api/v1/{name}")
    check(status == 200 and kind == "application/json", f"{name}: {status} {kind}")
    answer = json.loads(text)
    check(list(answer) == HEAD + ["data"] and answer["code"] == 0, f"{name}: {text[:200]}")
    check_types(name, answer["data"], ["ok"] + members, text)
    return answer["data"]


def check_types(what, data, members, text):
    check(list(data) == members, f"{what}: members {list(data)}")
    for key, value in data.items():
        if key in ("comm", "state", "version", "argv", "cwd"):
            check(isinstance(value, str), f"{what}: {key} is {value!r}")
        elif key == "ok":
            check(isinstance(value, bool), f"{what}: ok is {value!r}")
        elif key in REAL:
            check(re.search(rf'"{key}":\d+\.\d\d[,}}]', text), f"{what}: {key} has no two decimals")
        elif key not in ("self", "system"):
            check(isinstance(value, int), f"{what}: {key} is {value!r}")


def wait_ok(server, name, members):
    return wait_until(lambda: (d := data_of(server, name, members))["ok"] and d, 10, f"{name} ok")


def proc_text(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def proc_self(server):
    text = proc_text(f"/proc/{server.process.pid}/stat")
    comm = text[text.index("("):text.rindex(")") + 1]
    rest = text[text.rindex(")") + 1:].split()
    values = [int(v) for v in rest[1:]]
    values = [v - (1 << 64) if v >= 1 << 63 else v for v in values]
    return dict(zip(SELF, [int(text.split()[0]), comm, rest[0], *values]))


def proc_meminfo():
    pairs = (line.split(":") for line in proc_text("/proc/meminfo").splitlines())
    return {key: int(value.split()[0]) for key, value in pairs}


def proc_cpu():
    return dict(zip(SYSTEM, (int(v) for v in proc_text("/proc/stat").splitlines()[0].split()[1:])))


def sampled_between(server, read, endpoint, members):
    """What the endpoint tells of a moment after a first and before a second reading of our own."""
    first, began = read(), time.time() * 1000
    got = wait_until(lambda: (d := data_of(server, endpoint, members))["ok"] and d["sample_time"] > began and d, 10,
                     f"a fresh {endpoint}")
    check(got["sample_time"] <= time.time() * 1000 + 1, f"{endpoint} of the future")
    return first, got, read()


def check_between(what, first, got, last, keys, slack=0):
    for key in keys:
        low, high = min(first[key], last[key]), max(first[key], last[key])
        check(low - slack <= got[key] <= high + slack, f"{what}: {key} is {got[key]}, not from {low} to {high}")


# ---- the API -----------------------------------------------------------------------------------


def running(case, top=""):
    """A server with a publisher and two players."""
    server = case.server(top=top)
    case.publish(server, "cam", media())
    server.wait_live("cam")
    players = [FlvPlayer(case, server, "cam"), RtmpPlayer(case, server, "cam")]
    for player in players:
        player.wait_media(10, 50)
    return server


def process_stats(case):
    server = running(case)
    first, got, last = sampled_between(server, lambda: proc_self(server), "self_proc_stats",
                                       ["sample_time", "percent"] + SELF)
    moving = {"minflt", "majflt", "utime", "stime", "num_threads", "vsize", "rss"}
    elsewhere = {"state", "processor", "kstkesp", "kstkeip", "wchan", "signal"}
    check_between("self_proc_stats", first, got, last, moving - {"rss", "vsize", "num_threads"})
    check_between("self_proc_stats", first, got, last, {"rss", "vsize", "num_threads"}, slack=first["vsize"] // 100)
    for key in SELF:
        if key not in moving | elsewhere:
            check(got[key] == last[key], f"self_proc_stats: {key} is {got[key]!r}, not {last[key]!r}")
    check(got["comm"] == "(srs)" and got["state"] in ("S", "R", "D"), f"{got['comm']} {got['state']}")
    check(got["rsslim"] == -1, f"rsslim {got['rsslim']}")
    check(0 <= got["percent"] < 2, f"percent {got['percent']}")

    usage = wait_ok(server, "rusages", ["sample_time"] + RUSAGE)
    ticks = os.sysconf("SC_CLK_TCK")
    now = proc_self(server)
    check(usage["ru_utime"] <= now["utime"] // ticks + 1 and usage["ru_stime"] <= now["stime"] // ticks + 1, f"{usage}")
    peak = int(re.search(r"VmHWM:\s+(\d+)", proc_text(f"/proc/{server.process.pid}/status")).group(1))
    # The peak of the program that started it counts, too: exec does not begin anew.
    check(0.8 * peak <= usage["ru_maxrss"], f"ru_maxrss {usage['ru_maxrss']}, VmHWM {peak}")
    check(0 < usage["ru_minflt"] <= now["minflt"] and usage["ru_nvcsw"] > 0, f"{usage}")


def machine_stats(case):
    server = running(case)
    first, got, last = sampled_between(server, proc_cpu, "system_proc_stats", ["sample_time", "percent"] + SYSTEM)
    check_between("system_proc_stats", first, got, last, SYSTEM)
    check(0 <= got["percent"] <= 1, f"percent {got['percent']}")
    first, got, last = sampled_between(server, proc_meminfo, "meminfos", ["sample_time"] + MEMINFO)
    for key in ("MemTotal", "SwapTotal"):
        check(got[key] == last[key], f"{key} {got[key]}, not {last[key]}")
    slack = last["MemTotal"] // 20  # others work on this machine
    check_between("meminfos", first, got, last, ["MemFree", "Buffers", "Cached", "SwapFree"], slack)
    check(got["MemActive"] == got["MemTotal"] - got["MemFree"], f"{got}")
    check(got["RealInUse"] == got["MemActive"] - got["Buffers"] - got["Cached"], f"{got}")
    check(got["NotInUse"] == got["MemTotal"] - got["RealInUse"], f"{got}")
    check(abs(got["percent_ram"] - got["RealInUse"] / got["MemTotal"]) <= 0.0051, f"{got}")


def summary_of(server):
    """(data, text)"""
    text = ask(server.api, "/api/v1/summaries")[2]
    data = json.loads(text)["data"]
    check(list(data) == ["ok", "now_ms", "self", "system"], f"summaries: {list(data)}")
    check_types("summaries.self", data["self"], SUMMARY_SELF, text)
    check_types("summaries.system", data["system"], SUMMARY_SYSTEM, text)
    return data


def summaries(case):
    server = running(case)
    data = wait_until(lambda: (d := summary_of(server))["ok"] and d, 10, "summaries ok")
    check(abs(data["now_ms"] - time.time() * 1000) < 2000, f"now_ms {data['now_ms']}")
    check_process(server, data["self"])
    check_machine(data["system"])
    system = data["system"]
    check(system["conn_srs"] >= 4, f"conn_srs {system['conn_srs']}")
    later = wait_until(lambda: (s := summary_of(server)["system"])["srs_recv_bytes"] > system["srs_recv_bytes"] + 1000 and s, 10,
                       "bytes from the publisher")
    check(later["srs_send_bytes"] > later["srs_recv_bytes"], f"two players get more than the publisher sends: {later}")
    # The shares come with the second reading.
    wait_until(lambda: summary_of(server)["self"]["cpu_percent"] > 0 or proc_self(server)["utime"] < 2, 10, "a share of the CPU")


def check_process(server, data):
    with open(f"/proc/{server.process.pid}/cmdline", "rb") as file:
        argv = file.read().rstrip(b"\0").replace(b"\0", b" ").decode()
    check(data["pid"] == server.process.pid and data["ppid"] == os.getpid(), f"{data}")
    check(data["argv"] == argv, f"argv {data['argv']!r}")
    check(data["cwd"] == os.readlink(f"/proc/{server.process.pid}/cwd"), f"cwd {data['cwd']!r}")
    check(0.7 * server.rss() / 1024 <= data["mem_kbyte"] <= 1.3 * server.rss() / 1024, f"mem_kbyte {data['mem_kbyte']}")
    check(0 <= data["srs_uptime"] < 120, f"srs_uptime {data['srs_uptime']}")
    signature = subprocess.run([server.command[0], "-v"], capture_output=True, text=True, check=True).stdout.strip()
    check(data["version"] == signature, f"version {data['version']}")


def check_machine(data):
    up, idle = (float(v) for v in proc_text("/proc/uptime").split())
    check(data["mem_ram_kbyte"] == proc_meminfo()["MemTotal"], f"mem_ram_kbyte {data['mem_ram_kbyte']}")
    check(data["mem_swap_kbyte"] == proc_meminfo()["SwapTotal"], f"mem_swap_kbyte {data['mem_swap_kbyte']}")
    check(data["cpus"] == os.sysconf("SC_NPROCESSORS_CONF"), f"cpus {data['cpus']}")
    check(data["cpus_online"] == os.sysconf("SC_NPROCESSORS_ONLN"), f"cpus_online {data['cpus_online']}")
    check(up - 20 <= data["uptime"] <= up + 1 and data["ilde_time"] <= idle + 1, f"{data['uptime']} {data['ilde_time']}")
    loads = [float(v) for v in proc_text("/proc/loadavg").split()[:3]]
    for key, load in zip(("load_1m", "load_5m", "load_15m"), loads):
        check(abs(data[key] - load) < 5, f"{key} {data[key]}, not near {load}")
    used = int(re.search(r"sockets: used (\d+)", proc_text("/proc/net/sockstat")).group(1))
    check(0 < data["conn_sys"] and abs(data["conn_sys"] - used) < used / 2 + 500, f"conn_sys {data['conn_sys']}, not near {used}")
    check(data["conn_sys_et"] >= 0 and data["conn_sys_tw"] >= 0 and data["conn_sys_udp"] >= 0, f"{data}")
    check(data["net_sample_time"] > 0 and data["srs_sample_time"] > 0, f"{data}")
    devices = [line.split(":") for line in proc_text("/proc/net/dev").splitlines()[2:]]
    received = sum(int(rest.split()[0]) for name, rest in devices if name.strip() != "lo")
    total = data["net_recv_bytes"] + data["net_recvi_bytes"]
    check(total <= received <= 2 * total + (1 << 30), f"received {total}, now {received}")


def stats_off(case):
    """Nothing is read; switched on by a reload, it is."""
    server = case.server(top="stats { enabled off; }\n")
    for name, members in (("rusages", ["sample_time"] + RUSAGE), ("self_proc_stats", ["sample_time", "percent"] + SELF),
                          ("system_proc_stats", ["sample_time", "percent"] + SYSTEM), ("meminfos", ["sample_time"] + MEMINFO)):
        data = data_of(server, name, members)
        check(data["ok"] is False and data["sample_time"] == 0, f"{name}: {data}")
    check(summary_of(server)["ok"] is False, "summaries")
    reload(server, "stats { enabled on; disk sda no-such-disk; }\n")
    wait_until(lambda: summary_of(server)["ok"], 10, "figures after the reload")
    reload(server, "stats { enabled off; }\n")
    wait_until(lambda: not summary_of(server)["ok"], 10, "no figures after the reload")


def odd_settings(case):
    """An address that the machine does not have is refused, the question for a new version is not."""
    path = case.path("odd.conf")

    def verdict(text):
        with open(path, "w", encoding="utf-8") as file:
            file.write("rtmp { listen 1935; }\nvhost v { }\n" + text)
        done = subprocess.run([os.environ.get("SRS_BIN", os.path.join(ROOT, "objs/release/srs")), "-t", "-c", path],
                              capture_output=True, text=True, check=False, timeout=20)
        return done.returncode, done.stdout + done.stderr

    status, text = verdict("stats { network 1000; }\n")
    check(status == 255 and "stats.network 1000: this machine has" in text, f"{status} {text}")
    status, text = verdict("stats { network 0; }\n")
    check(status == 0, f"{status} {text}")
    status, text = verdict("exporter { enabled on; listen 1935; }\n")
    check(status == 255 and "rtmp.listen and exporter.listen both have port 1935" in text, f"{status} {text}")
    status, text = verdict("http_server { enabled on; }\nexporter { enabled on; listen 8080; }\n")
    check(status == 255 and "http_server.listen and exporter.listen both have port 8080" in text, f"{status} {text}")
    status, text = verdict("http_api { enabled on; }\nexporter { enabled on; listen 1985; }\n")
    check(status == 0, f"{status} {text}")
    status, text = verdict("query_latest_version on;\n")
    check(status == 0 and re.search(r"directive query_latest_version at line \d+ of \S+ is out of use and has no effect", text), text)
    status, text = verdict("query_latest_version off;\n")
    check(status == 0 and "query_latest_version" not in text, text)


# ---- the page ----------------------------------------------------------------------------------


SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([0-9.eE+-]+)$', re.S)
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')


class Page:
    """The lines of /metrics, by a parser that takes nothing that the format does not allow."""

    def __init__(self, text):
        self.samples = {}
        self.types = {}
        metric = None
        check(text.endswith("\n"), "no newline at the end")
        for line in text.split("\n")[:-1]:
            if line.startswith("# HELP "):
                continue
            if line.startswith("# TYPE "):
                _, _, metric, kind = line.split(" ")
                check(metric not in self.types, f"{metric} twice")
                self.types[metric] = kind
                continue
            match = SAMPLE.match(line)
            check(match, f"no sample: {line!r}")
            name, labels, value = match.groups()
            suffixes = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}
            allowed = [metric + s for s in suffixes.get(self.types[metric], ("",))]
            check(name in allowed, f"{name} below {metric}")
            key = (name, tuple(sorted(self.labels(labels or "", line).items())))
            check(key not in self.samples, f"{key} twice")
            self.samples[key] = float(value)

    @staticmethod
    def labels(text, line):
        found, at = {}, 0
        while at < len(text):
            match = LABEL.match(text, at)
            check(match, f"labels of {line!r} at {at}")
            name, value, _ = match.groups()
            check(name not in found, f"{name} twice in {line!r}")
            found[name] = re.sub(r'\\(.)', lambda m: "\n" if m.group(1) == "n" else m.group(1), value)
            at = match.end()
        return found

    def get(self, name, **labels):
        """The sum of all samples with these labels; None when there is none."""
        found = [v for (n, have), v in self.samples.items() if n == name and labels.items() <= dict(have).items()]
        return sum(found) if found else None

    def names(self, metric, label):
        return {dict(have)[label] for (n, have) in self.samples if n == metric}


def page_of(port):
    status, kind, text = ask(port, "/metrics")
    check(status == 200 and kind == "text/plain; charset=utf-8", f"{status} {kind}")
    return Page(text)


def reload(server, top):
    path = server.command[server.command.index("-c") + 1]
    with open(path, "w", encoding="utf-8") as file:
        file.write(server.text("", "", top) + f"\npid {path}.pid;\n")
    before = server.output().count("reload: ")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.output().count("reload: ") > before, 10, "a reload in the log")


def documented():
    with open(os.path.join(ROOT, "trunk/doc/metrics.md"), encoding="utf-8") as file:
        return dict(re.findall(r"^\| `(srs_\w+)` \| (\w+) \|", file.read(), re.M))


def where_and_when(case):
    """Off and on, ports that come and go, methods, other paths, labels of the server."""
    port, other = free_port(), free_port()
    server = case.server()
    check(ask(server.api, "/metrics")[2] == '{"code":1090}', "off on the API's port")
    check(ask(server.http, "/metrics")[0] == 404, "the HTTP server has no metrics")
    reload(server, exporter(port, "label north; tag \"a \\b\";"))
    wait_until(lambda: server.listens(port), 5, "the exporter's port")
    page = page_of(port)
    check(page.types == documented(), f"documentation and answer differ: {set(page.types.items()) ^ set(documented().items())}")
    check(page.get("srs_build_info", label="north", tag="a \\b", pid=str(server.process.pid)) == 1, "labels")
    check(page_of(server.api).types == page.types, "the API's port serves the same")
    for path in ("/", "/api/v1/versions", "/metrics/", "/index.html"):
        check(ask(port, path)[0] == 404, f"{path} on the exporter's port")
    status, kind, text = ask(port, "/metrics", "HEAD")
    check((status, kind, text) == (200, "text/plain; charset=utf-8", ""), f"HEAD {status} {kind} {text[:80]}")
    for method in ("POST", "DELETE"):
        check(ask(port, "/metrics", method)[0] == 405, f"{method}")
    reload(server, exporter(other))
    wait_until(lambda: server.listens(other) and not server.listens(port), 5, "the port moves")
    check("label" not in str(page_of(other).samples.keys()), "labels that were taken back")
    check(page_of(other).get("srs_reloads_total", result="done") == 2, "reloads")
    reload(server, "no_such_directive on;\n")
    server.expect_error("refused, the configuration stays as it was")
    page = page_of(other)
    check(page.get("srs_reload_successful") == 0 and page.get("srs_reloads_total", result="refused") == 1, "a refused reload")
    reload(server, "")
    wait_until(lambda: not server.listens(other), 5, "the port goes")
    check(ask(server.api, "/metrics")[2] == '{"code":1090}', "off again")


def shared_port(case):
    """Where the API has its port from the HTTP server, and where the exporter has it from the API."""
    server = case.server(config="daemon off; srs_log_tank console; max_connections auto;\nrtmp { listen @RTMP@; }\n"
                                "http_api { enabled on; listen @HTTP@; }\nhttp_server { enabled on; listen @HTTP@; }\n"
                                "exporter { enabled on; listen @HTTP@; }\nvhost __defaultVhost__ { }\n")
    check(page_of(server.http).get("srs_connections", protocol="http") >= 1, "metrics on the shared port")


def counters(case):
    """What streams, clients, connections and errors count, against the API."""
    server = running(case, exporter(free_port()))
    page = wait_until(lambda: (p := page_of(server.api)).get("srs_send_delay_seconds_count", type="flv-play") and p, 10, "delays")
    stream = dict(vhost="__defaultVhost__", app="live", stream="cam")
    check(page.get("srs_streams") == 1 and page.get("srs_clients") == 3, "streams and clients")
    check(page.get("srs_stream_active", **stream) == 1 and page.get("srs_stream_viewers", **stream) == 2, "the stream")
    for kind in ("fmle-publish", "flv-play", "rtmp-play"):
        check(page.get("srs_sessions", type=kind) == 1, f"a client of type {kind}")
    check(page.get("srs_connections", protocol="rtmp") == 2, "RTMP connections")
    check(page.get("srs_connections", protocol="http-api") >= 1, "API connections")
    before = server.streams()["cam"]
    page = page_of(server.api)
    after = server.streams()["cam"]
    for metric, field in (("srs_stream_receive_bytes_total", "recv_bytes"), ("srs_stream_send_bytes_total", "send_bytes")):
        value = page.get(metric, **stream)
        check(before[field] <= value <= after[field], f"{metric} {value}, not from {before[field]} to {after[field]}")
    value = page.get("srs_stream_frames_total", kind="video", **stream)
    check(before["video_frames"] <= value <= after["video_frames"], f"video frames {value}")
    check(page.get("srs_stream_frames_total", kind="audio", **stream) > 0, "audio frames")
    for kind in ("flv-play", "rtmp-play"):
        check(page.get("srs_play_join_seconds_count", type=kind) == 1, f"a join of {kind}")
        check(page.get("srs_play_join_seconds_sum", type=kind) < 1, f"the join of {kind} took long")
        buckets = page.get("srs_send_delay_seconds_bucket", type=kind, le="+Inf")
        check(buckets == page.get("srs_send_delay_seconds_count", type=kind) > 10, f"delays of {kind}")
        check(page.get("srs_send_delay_seconds_bucket", type=kind, le="2") == buckets, f"{kind} gets media late")
        check(page.get("srs_send_packets_total", type=kind) >= buckets, f"packets of {kind}")
    check(page.get("srs_stream_send_delay_seconds_count", **stream) > 20, "delays of the stream")
    total = page.get("srs_send_bytes_total")
    check(total == page.get("srs_protocol_send_bytes_total"), "bytes out by protocol add up")
    check(page.get("srs_live_objects", type="SOURCE") == 1 and page.get("srs_live_objects", type="VIEWER") == 2, "objects")
    check(page.get("srs_helper_tasks", queue="stat") is not None, "helper queues")
    check(page.get("srs_scheduler_slices_total", kind="long") is not None and page.get("srs_coroutines") > 5, "the runtime")
    check(page.get("srs_media_memory_bytes") > 0, "media memory")
    ended(server)


def ended(server):
    """A kick is no error, a client that breaks the protocol is one, and the code tells which."""
    page = page_of(server.api)
    check(page.get("srs_clients_errs_total") == 0, "no errors yet")
    player = next(c for c in server.api_get("clients/?count=10")["clients"] if c["type"] == "rtmp-play")
    ask(server.api, f"/api/v1/clients/{player['id']}", "DELETE")
    bad = rtmp_ready(server).publish("bad")
    bad.send(bytes([0xC0 | 20]) + b"x" * 20)  # goes on with a message that never began
    wait_until(lambda: page_of(server.api).get("srs_sessions", type="flash-publish") == 0, 10, "the bad publisher has gone")
    bad.close()
    wait_until(lambda: page_of(server.api).get("srs_sessions", type="rtmp-play") == 0, 10, "the player has gone")
    page = page_of(server.api)
    check(page.get("srs_clients_errs_total") == 1, f"errors {page.get('srs_clients_errs_total')}")
    check(page.get("srs_session_errors_total", type="flash-publish") == 1, "whose error it was")
    check(page.get("srs_session_errors_total", type="rtmp-play") == 0, "a kick is no error")
    check(page.get("srs_errors_total", **{"class": "rtmp"}) >= 1, "errors by class")
    check(page.get("srs_clients_total") == 4, "clients so far")


def raw_publish(server, name):
    client = rtmp_ready(server)
    text = b"\x02" + struct.pack(">H", len(name)) + name
    body = command("publish", 3, None)[12:] + text + b"\x02\x00\x04live"
    client.send(chunk(20, body, msid=1, csid=4))
    client.wait_command("onStatus", b"NetStream.Publish.")
    return client


HOSTILE = [b'a"b', b"a\\b", b"a\\nb", "ünï→😀".encode(), b"\xff\xfe", b"\xff\xfd", b"tab\tx", b"new\nline", b"x" * 64, b"x" * 64 + b"1",
           b"x" * 64 + b"2", "é".encode() * 40, b"~others", b"a~1", b'"} 1', b'# TYPE srs_x gauge', b"{", b" ", b"\x01\x02",
           b"cut\xc3", b'\n# HELP x', b'",stream="y']


def hostile_names(case):
    """Every name that can be published shows as itself, or cut and marked; none breaks the page."""
    server = case.server(top=exporter(free_port()))
    clients = [raw_publish(server, name) for name in HOSTILE]
    accepted = [n for n, c in zip(HOSTILE, clients) if any(b"Publish.Start" in m[3] for m in c.messages)]
    check(len(accepted) >= 18, f"only {len(accepted)} of {len(HOSTILE)} names could be published")
    page = page_of(server.api)
    shown = page.names("srs_stream_active", "stream")
    check(len(shown) == page.get("srs_streams"), f"{len(shown)} of {page.get('srs_streams')} streams have labels of their own")
    for name in (b'a"b', b"a\\b", b"a\\nb", "ünï→😀".encode(), b"x" * 64):
        check(name.decode() in shown, f"{name!r} is not among {shown}")
    check(all(len(s.encode()) <= 64 + 11 for s in shown), "a value is too long")
    check("~others" not in shown, "a stream passes as the rest of them")
    check_promtool(server.api)
    for client in clients:
        client.close()


# ---- Prometheus --------------------------------------------------------------------------------


def check_promtool(port):
    need("promtool", "prometheus")
    text = ask(port, "/metrics")[2]
    done = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), capture_output=True, timeout=30, check=False)
    check(done.returncode == 0 and not done.stdout and not done.stderr,
          f"promtool: {done.returncode} {done.stdout.decode()[:600]}{done.stderr.decode()[:600]}")


def promtool(case):
    server = running(case, exporter(free_port(), "label x;"))
    check_promtool(server.api)
    for what, file, found in (("rules", "alerts.yml", "19 rules found"), ("config", "prometheus.yml", "is valid")):
        done = subprocess.run(["promtool", "check", what, file], cwd=CONF, capture_output=True, text=True, timeout=30, check=False)
        check(done.returncode == 0 and found in done.stdout, f"{file}: {done.stdout} {done.stderr}")


GUESSES = """
rule_files: [alerts.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'srs_api_refused_requests_total{instance="few", credentials="wrong"}', values: '0+2x20'}
      - {series: 'srs_api_refused_requests_total{instance="asked", credentials="missing"}', values: '0+100x20'}
      - {series: 'srs_api_refused_requests_total{instance="many", credentials="wrong"}', values: '0x8 10+10x10 110x20'}
    alert_rule_test:
      - {eval_time: 8m, alertname: SrsApiCredentialsGuessed}
      - eval_time: 14m
        alertname: SrsApiCredentialsGuessed
        exp_alerts: [{exp_labels: {severity: warning, instance: many, credentials: wrong}, exp_annotations: %s}]
      - {eval_time: 30m, alertname: SrsApiCredentialsGuessed}
"""


def guessed_credentials(case):
    """Requests that the API's guard refuses are counted by what was wrong, and many wrong ones raise an alert."""
    auth = "auth { enabled on; username admin; password PaSs; }"
    server = case.server(config="daemon off; srs_log_tank console; max_connections auto;\nrtmp { listen @RTMP@; }\n"
                                f"http_api {{ enabled on; listen @API@; {auth} }}\nhttp_server {{ enabled on; listen @HTTP@; }}\n"
                                f"{exporter(free_port())}vhost __defaultVhost__ {{ }}\n")

    def refused():
        page = page_of(server.api)
        return [page.get("srs_api_refused_requests_total", credentials=kind) for kind in ("missing", "wrong")]

    def request(port, header):
        asked = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/versions", headers={"Authorization": header} if header else {})
        try:
            return urllib.request.urlopen(asked, timeout=5).status
        except urllib.error.HTTPError as error:
            return error.code

    check(refused() == [0, 0], f"none yet: {refused()}")
    for port in (server.api, server.http):
        check([request(port, header) for header in ("", "Basic eDp5", "Bearer x")] == [401] * 3, "refused")
        check(request(port, "Basic YWRtaW46UGFTcw==") == 200, "the right ones")
    check(refused() == [2, 4], f"two missing and four wrong: {refused()}")
    page = page_of(server.api)
    check(page.get("srs_errors_total", code="7058") == 4, "by the code of the log")
    need("promtool", "prometheus")
    folder = case.path("rules")
    os.makedirs(folder)
    shutil.copy(os.path.join(CONF, "alerts.yml"), folder)
    with open(os.path.join(CONF, "alerts.yml"), encoding="utf-8") as file:
        text = re.search(r"SrsApiCredentialsGuessed.*?annotations:\n(.*?)\n\n", file.read(), re.S).group(1)
    notes = dict(line.strip().split(": ", 1) for line in text.splitlines())
    summary = notes["summary"].strip('"').replace("{{ $labels.instance }}", "many").replace("{{ $value | humanize }}", "50")
    with open(os.path.join(folder, "test.yml"), "w", encoding="utf-8") as file:
        file.write(GUESSES % json.dumps({"summary": summary, "description": notes["description"]}))
    done = subprocess.run(["promtool", "test", "rules", "test.yml"], cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    check(done.returncode == 0, f"the alert: {done.stdout[-1200:]} {done.stderr[-600:]}")


class Prometheus:
    def __init__(self, case, port):
        need("prometheus", "prometheus")
        self.port = free_port()
        folder = case.path("prometheus")
        os.makedirs(folder)
        shutil.copy(os.path.join(CONF, "alerts.yml"), folder)
        with open(os.path.join(CONF, "prometheus.yml"), encoding="utf-8") as file:
            text = file.read().replace("127.0.0.1:9972", f"127.0.0.1:{port}").replace("_interval: 15s", "_interval: 1s")
        with open(os.path.join(folder, "prometheus.yml"), "w", encoding="utf-8") as file:
            file.write(text)
        self.program = case.program(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                                     f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"])
        wait_until(self.ready, 30, "Prometheus")

    def ready(self):
        check(self.program.running(), f"Prometheus ended: {self.program.output()[-600:]}")
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2).status == 200
        return False

    def get(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise Failure(f"{query}: {error.read().decode()[:300]}") from None

    def value(self, expression):
        """Of the first sample; None when there is none."""
        found = self.get("query", query=expression)["result"]
        return float(found[0]["value"][1]) if found else None


def dashboard_expressions():
    with open(os.path.join(CONF, "grafana.json"), encoding="utf-8") as file:
        board = json.load(file)
    found = [(p["title"], t["expr"]) for p in board["panels"] for t in p.get("targets", [])]
    found += [(a["name"], a["expr"]) for a in board["annotations"]["list"]]
    for name, value in (("$__rate_interval", "4s"), ("$job", "srs"), ("$instance", ".+")):
        found = [(title, expr.replace(name, value)) for title, expr in found]
    check(len(found) >= 30 and "$" not in "".join(expr for _, expr in found), f"{len(found)} expressions")
    return found


def prometheus(case):
    """A real one scrapes; its answers, the alerts and every panel of the dashboard."""
    port = free_port()
    server = running(case, exporter(port))
    prom = Prometheus(case, port)
    wait_until(lambda: prom.value('up{job="srs"}') == 1, 20, "a scrape")
    check(prom.value("srs_clients") == 3, f"srs_clients {prom.value('srs_clients')}")
    check(prom.value('srs_stream_viewers{stream="cam"}') == 2, "viewers of the stream")
    wait_until(lambda: (prom.value('rate(srs_stream_receive_bytes_total{stream="cam"}[5s])') or 0) > 10_000, 20, "a bitrate")
    p99 = 'histogram_quantile(0.99, sum by (le) (rate(srs_send_delay_seconds_bucket[5s])))'
    value = wait_until(lambda: prom.value(p99), 20, "a delay")
    check(0 < value < 2, f"99 of 100 packets within {value} s")
    targets = prom.get("targets")["activeTargets"]
    check(len(targets) == 1 and targets[0]["health"] == "up" and not targets[0]["lastError"], f"{targets}")
    known = set(documented())
    for title, expression in dashboard_expressions():
        names = {re.sub(r"_(bucket|sum|count)$", "", n) if n not in known else n for n in re.findall(r"srs_\w+", expression)}
        check(names <= known, f"{title}: {names - known} are no metrics")
        prom.get("query", query=expression)
    empty = [title for title, expression in dashboard_expressions() if not prom.get("query", query=expression)["result"]]
    quiet = {"Lost by slow viewers", "Errors by code", "Callbacks", "Callbacks, 95 of 100 below", "Callbacks that wait", "Starts",
             "From request to first media", "Waiting for the first media, 95 of 100 below"}
    check(set(empty) <= quiet, f"panels without data: {set(empty) - quiet}")
    rules = wait_until(lambda: (r := prom.get("rules")["groups"][0]["rules"]) and all(x["health"] == "ok" for x in r) and r, 20,
                       "rules that were evaluated")
    check(len(rules) == 19, f"{len(rules)} rules")
    firing = [r["name"] for r in rules if r["state"] == "firing"]
    check(not firing, f"a quiet server raises {firing}")
    for rule in rules:
        names = {re.sub(r"_(bucket|count)$", "", n) if n not in known else n for n in re.findall(r"srs_\w+", rule["query"])}
        check(names <= known, f"{rule['name']}: {names - known} are no metrics")
    server.expect_error("no_such_directive|stays as it was")
    reload(server, exporter(port) + "no_such_directive on;\n")
    wait_until(lambda: "SrsReloadRefused" in [a["labels"]["alertname"] for a in prom.get("alerts")["alerts"]], 20,
               "an alert about the refused reload")


CASES = {"process_stats": process_stats, "machine_stats": machine_stats, "summaries": summaries, "stats_off": stats_off,
         "odd_settings": odd_settings, "where_and_when": where_and_when, "shared_port": shared_port, "counters": counters,
         "hostile_names": hostile_names, "promtool": promtool, "guessed_credentials": guessed_credentials, "prometheus": prometheus}

if __name__ == "__main__":
    main(CASES, parallel=2)
