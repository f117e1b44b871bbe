"""What the system tests share: the server under test, media made by ffmpeg, probes, and how cases are run.

A case is a function of one argument, a Case: it starts its server and its other processes through it, and all of them end
with it. It fails by an exception; Failure carries a plain reason. Nothing here waits for a fixed time: wait_until has a
deadline and looks again and again.
"""
import concurrent.futures
import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
SRS_BIN = os.environ.get("SRS_BIN", os.path.join(ROOT, "objs/release/srs"))
SRS_ASAN_BIN = os.environ.get("SRS_ASAN_BIN", os.path.join(ROOT, "objs/asan/srs"))
OUT = os.environ.get("SRS_TEST_OUT", os.path.join(ROOT, "objs/system"))
FFMPEG = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error"]
START_SECONDS = 10
STOP_SECONDS = 10


class Failure(Exception):
    """A case's own verdict, told without a traceback."""


def check(condition, why):
    if not condition:
        raise Failure(why)


def wait_until(condition, seconds, what):
    """The first true value of condition()."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(0.02)


# ---- ports -----------------------------------------------------------------------------------

PORTS_LOCK = threading.Lock()
PORTS_GIVEN = set()


def free_port():
    """Outside the range that the kernel takes for connections, so that none of them gets it meanwhile."""
    with PORTS_LOCK:
        for _ in range(1000):
            port = random.randrange(11000, 31000)
            if port in PORTS_GIVEN:
                continue
            with socket.socket(socket.AF_INET6) as probe:
                try:
                    probe.bind(("::", port))
                except OSError:
                    continue
            PORTS_GIVEN.add(port)
            return port
    raise Failure("no free port")


# ---- programs --------------------------------------------------------------------------------


def need(program, package):
    check(shutil.which(program), f"{program} is not installed: Debian package {package}")


def sanitizer_environment():
    """As the test runner gives it; made here when a script is started by hand."""
    folder = os.path.join(ROOT, "trunk/tests/sanitizers")
    environment = {k: v for k, v in os.environ.items()
                   if not k.startswith("SRS_") and k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    with open(os.path.join(folder, "options"), encoding="utf-8") as file:
        for line in file:
            if "=" in line and not line.startswith("#"):
                key, _, value = line.strip().partition("=")
                environment.setdefault(key, value.replace("{here}", folder))
    return environment


class Program:
    """A process with its output in a file."""

    def __init__(self, command, log, **options):
        self.command = command
        self.log_path = log
        with open(log, "wb") as file:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file,
                                            stderr=subprocess.STDOUT, **options)

    def output(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def running(self):
        return self.process.poll() is None

    def wait(self, seconds):
        """Its exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.command[0]} did not end within {seconds} s: {self.output()[-600:]}") from None

    def kill(self):
        if self.running():
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()

    def end(self, seconds=5):
        """Asks it to end, as one leaves ffmpeg."""
        if self.running():
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None


# ---- the server ------------------------------------------------------------------------------

FLV_VHOST = "vhost __defaultVhost__ { %s http_remux { enabled on; } }\n"


class Server(Program):
    """The server with a configuration text, or, with config=None, arguments and environment of one's own.

    In the text @RTMP@, @API@ and @HTTP@ stand for its ports; they are self.rtmp, self.api and self.http. Without a text of
    one's own `vhost` goes into the default vhost and `top` to the top.
    """

    def __init__(self, folder, config="", *, vhost="", top="", asan=False, arguments=None,
                 environment=None, wait=True, prefix=(), cwd=ROOT):
        self.rtmp, self.api, self.http = free_port(), free_port(), free_port()
        self.expected_errors = []
        self.asan = asan
        self.stopped = False
        binary = SRS_ASAN_BIN if asan else SRS_BIN
        check(os.path.exists(binary), f"{binary} is not built")
        command = [*prefix, binary]
        number = len(os.listdir(folder))
        if config is not None:
            path = os.path.join(folder, f"{number}.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write(self.text(config, vhost, top))
                # Several servers run at a time; at the end, so that lines keep their numbers.
                file.write(f"\npid {path}.pid;\n")
            command += ["-c", path]
        command += arguments or []
        super().__init__(command, os.path.join(folder, f"{number}-srs.log"), cwd=cwd,
                         env={**sanitizer_environment(), **(environment or {})})
        if wait:
            self.wait_for_listeners()

    def text(self, config, vhost, top):
        if "max_connections" not in top:
            top += "max_connections auto;\n"
        text = config or ("daemon off; srs_log_tank console;\n" + top +
                          "rtmp { listen @RTMP@; }\nhttp_api { enabled on; listen @API@; }\n"
                          "http_server { enabled on; listen @HTTP@; }\n" + FLV_VHOST % vhost)
        if "auto_reload_for_docker" not in text:  # in a container too a test says itself when to reload
            text += "\nauto_reload_for_docker off;\n"
        return self.with_ports(text)

    def with_ports(self, text):
        for name, port in [("@RTMP@", self.rtmp), ("@API@", self.api), ("@HTTP@", self.http)]:
            text = text.replace(name, str(port))
        return text

    def wait_for_listeners(self):
        def listens():
            check(self.running(), f"the server ended at its start: {self.output()[-800:]}")
            return all(self.listens(port) for port in (self.rtmp, self.api, self.http)
                       if f":{port}" in self.output()) and "protocol=http at" in self.output()
        wait_until(listens, START_SECONDS, "listeners")

    def listens(self, port):
        return port in self.listening_ports()

    def listening_ports(self):
        """TCP ports on which this process listens, from the kernel's tables."""
        inodes = set()
        folder = f"/proc/{self.process.pid}/fd"
        with contextlib.suppress(OSError):
            for fd in os.listdir(folder):
                with contextlib.suppress(OSError):
                    match = re.match(r"socket:\[(\d+)\]", os.readlink(f"{folder}/{fd}"))
                    if match:
                        inodes.add(match.group(1))
        ports = []
        for table in ("tcp", "tcp6"):
            with contextlib.suppress(OSError), open(f"/proc/{self.process.pid}/net/{table}",
                                                    encoding="ascii") as file:
                for fields in (line.split() for line in file):
                    if fields[3] == "0A" and fields[9] in inodes:
                        ports.append(int(fields[1].rsplit(":", 1)[1], 16))
        return ports

    def rtmp_url(self, name, app="live"):
        return f"rtmp://127.0.0.1:{self.rtmp}/{app}/{name}"

    def flv_url(self, name, app="live"):
        return f"http://127.0.0.1:{self.http}/{app}/{name}.flv"

    def url(self, protocol, name):
        return self.rtmp_url(name) if protocol == "rtmp" else self.flv_url(name)

    def api_get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.api}/api/v1/{path}", timeout=5) as answer:
            return json.load(answer)

    def streams(self):
        """By name."""
        return {s["name"]: s for s in self.api_get("streams/?count=100")["streams"]}

    def is_active(self, name):
        """Whether it has a publisher; a stream of nobody is soon gone."""
        return self.streams().get(name, {"publish": {"active": False}})["publish"]["active"]

    def wait_live(self, *names, seconds=10):
        """Until these have a publisher that has sent media."""
        def live():
            check(self.running(), f"the server ended: {self.output()[-800:]}")
            streams = self.streams()
            return all(n in streams and streams[n]["publish"]["active"] and
                       (streams[n].get("video") or streams[n].get("audio")) for n in names)
        wait_until(live, seconds, f"streams {', '.join(names)} live")

    def rss(self):
        """Bytes."""
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def log_lines(self, level=None):
        """Lines of the log; of one level when it is given. Lines that are no log lines count as error."""
        lines = []
        for line in self.output().splitlines():
            match = re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (\w+) \[(\S+)\] ", line)
            if level is None or (match.group(1) if match else "error") == level:
                lines.append(line)
        return lines

    def expect_error(self, pattern):
        self.expected_errors.append(re.compile(pattern))

    def stop(self, seconds=None):
        """SIGTERM must end it with status 0, and nothing may have gone wrong before. Returns the seconds it took."""
        if self.stopped:
            return 0.0
        self.stopped = True
        check(self.running(), f"the server ended by itself with status {self.process.poll()}: {self.output()[-3000:]}")
        started = time.monotonic()
        self.process.terminate()
        limit = seconds or (3 * STOP_SECONDS if self.asan else STOP_SECONDS)
        try:
            status = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(10)
            raise Failure(f"the server did not end within {limit} s of SIGTERM: {self.output()[-3000:]}") from None
        took = time.monotonic() - started
        check(status == 0, f"the server ended with status {status}: {self.output()[-6000:]}")
        wrong = [line for line in self.log_lines("error")
                 if not any(pattern.search(line) for pattern in self.expected_errors)]
        check(not wrong, "errors in the log: " + " | ".join(wrong[:6]))
        return took


# ---- media -----------------------------------------------------------------------------------

MEDIA_LOCK = threading.Lock()


def make_flv(seconds, *, size="640x360", fps=25, gop=1.0, video=True, audio=True, b_frames=0,
             kbps=800, name=""):
    """An FLV file of these properties; made once and kept. Every picture and every audio frame differs from its
    neighbours."""
    command = list(FFMPEG)
    if video:
        command += ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={fps}"]
    if audio:
        command += ["-f", "lavfi", "-i", "aevalsrc=0.3*sin(2*PI*(300+40*t)*t)|0.3*sin(2*PI*(500+30*t)*t):s=44100"]
    if video:
        interval = str(round(gop * fps))
        command += ["-c:v", "libx264", "-preset", "superfast", "-pix_fmt", "yuv420p", "-b:v", f"{kbps}k", "-maxrate",
                    f"{kbps}k", "-bufsize", f"{kbps}k", "-g", interval, "-keyint_min", interval, "-sc_threshold", "0",
                    "-bf", str(b_frames), "-threads", "2"]
        if not b_frames:
            command += ["-tune", "zerolatency"]
    if audio:
        command += ["-c:a", "aac", "-b:a", "96k", "-aac_pns", "0"]
    command += ["-t", str(seconds), "-flvflags", "no_duration_filesize"]
    folder = os.path.join(OUT, "media")
    digest = hashlib.sha256(repr(command).encode()).hexdigest()[:12]
    path = os.path.join(folder, f"{name or 'av'}-{digest}.flv")
    with MEDIA_LOCK:
        if not os.path.exists(path):
            need("ffmpeg", "ffmpeg")
            os.makedirs(folder, exist_ok=True)
            part = f"{path}.{os.getpid()}"
            subprocess.run([*command, "-f", "flv", part], check=True, stdin=subprocess.DEVNULL)
            os.rename(part, path)
    return path


def probe(url, *, packets=True, frames=False, seconds=None, timeout=30, options=()):
    """ffprobe's account of a file or of the first seconds of a live URL: streams, packets (with a digest of each), frames."""
    command = ["ffprobe", "-hide_banner", "-loglevel", "error", *options, "-show_streams", "-of", "json"]
    if packets:
        command += ["-show_packets", "-show_data_hash", "md5"]
    if frames:
        command += ["-show_frames"]
    if seconds:
        command += ["-read_intervals", f"%+{seconds}"]
    try:
        done = subprocess.run([*command, url], stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout,
                              check=False)
    except subprocess.TimeoutExpired:
        raise Failure(f"ffprobe {url} gave nothing in {timeout} s") from None
    check(done.returncode == 0, f"ffprobe {url} ended with {done.returncode}: {done.stderr.decode()[-600:]}")
    return json.loads(done.stdout)


# ---- cases -----------------------------------------------------------------------------------

PRINT_LOCK = threading.Lock()


class Case(contextlib.ExitStack):
    """What one case started; all of it ends with the case, the servers with their checks."""

    def __init__(self, name):
        super().__init__()
        self.name = name
        self.folder = tempfile.mkdtemp(prefix=f"srs-test-{name}-")
        self.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.servers = []
        self.told = ""  # what it found, for its ok line

    def server(self, config="", **options):
        server = Server(self.folder, config, **options, wait=False)
        self.servers.append(server)
        self.callback(server.kill)
        if options.get("environment") is None and options.get("arguments") is None:
            server.wait_for_listeners()
        return server

    def program(self, command, **options):
        number = len(os.listdir(self.folder))
        program = Program(command, os.path.join(self.folder, f"{number}-{os.path.basename(command[0])}.log"), **options)
        self.callback(program.kill)
        return program

    def publish(self, server, name, path, *, options=(), app="live", query="", loop=True):
        """ffmpeg publishes the file at its own pace, as it is."""
        repeat = ["-stream_loop", "-1"] if loop else []
        return self.program([*FFMPEG, "-re", *repeat, "-i", path, "-c", "copy", *options, "-f", "flv", "-flvflags",
                             "no_duration_filesize", server.rtmp_url(name, app) + query])

    def path(self, name):
        return os.path.join(self.folder, name)


def run_case(name, function):
    started = time.monotonic()
    why = told = ""
    try:
        with Case(name) as case:
            try:
                function(case)
                for server in case.servers:
                    server.stop()
                told = f" {case.told}" if case.told else ""
            except Exception:
                keep_logs(case)
                raise
    except Failure as failure:
        why = str(failure)
    except Exception:  # a bug of the test or something it did not expect: the whole story
        why = traceback.format_exc()
    with PRINT_LOCK:
        took = f"({time.monotonic() - started:.1f} s)"
        print(f"FAILED {name} {why} {took}" if why else f"ok {name}{told} {took}", flush=True)
    return not why


def keep_logs(case):
    """The logs of a failed case outlive its folder."""
    folder = os.path.join(OUT, "failed", f"{os.path.basename(sys.argv[0])[:-3]}-{case.name}")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder, exist_ok=True)
    for entry in os.listdir(case.folder):
        if entry.endswith((".log", ".conf")):
            shutil.copy(os.path.join(case.folder, entry), folder)


def main(cases, parallel=1):
    """Runs {name: function}, so many at a time; arguments of the script choose cases by text in their names."""
    os.chdir(ROOT)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    chosen = {n: f for n, f in cases.items() if not sys.argv[1:] or any(a in n for a in sys.argv[1:])}
    with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
        good = list(pool.map(lambda item: run_case(*item), chosen.items()))
    sys.exit(0 if good and all(good) else 1)
