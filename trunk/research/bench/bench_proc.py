"""Processes of the bench: servers and load tools, and what the kernel tells of them."""
import ctypes
import glob
import json
import os
import resource
import select
import signal
import socket
import subprocess
import time

PAGE = os.sysconf("SC_PAGE_SIZE")
SERVER_CORE = 0
LOAD_CORE = 1
RTMP_MODULE = "ngx_rtmp_module.so"
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class BenchError(Exception):
    """A run that gave no figures, with the reason."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def rtmp_module():
    found = glob.glob("/usr/lib/nginx/modules/" + RTMP_MODULE)
    return found[0] if found else None


def find_nginx():
    for path in ("/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"):
        if os.access(path, os.X_OK):
            return path
    return None


def tree(pid):
    """The process and all its descendants."""
    parents = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as stat:
                parents[int(entry)] = int(stat.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def cpu_seconds(pid):
    """User and system time of all threads of the tree; the clock id is clock_getcpuclockid's."""
    total = 0
    for one in tree(pid):
        try:
            total += time.clock_gettime_ns(((~one) << 3) | 2)
        except OSError:
            continue
    return total / 1e9


def resident(pid):
    total = 0
    for one in tree(pid):
        try:
            with open(f"/proc/{one}/statm", encoding="ascii") as statm:
                total += int(statm.read().split()[1]) * PAGE
        except OSError:
            continue
    return total


def descriptors(pid):
    return sum(len(os.listdir(f"/proc/{one}/fd")) for one in tree(pid))


def tcp_memory():
    """Bytes that the kernel holds for TCP, both ends of every connection on this machine."""
    with open("/proc/net/sockstat", encoding="ascii") as sockstat:
        for line in sockstat:
            if line.startswith("TCP:"):
                words = line.split()
                return int(words[words.index("mem") + 1]) * PAGE
    return 0


def machine_busy():
    """Seconds of CPU that the whole machine has spent so far, steal included."""
    with open("/proc/stat", encoding="ascii") as stat:
        ticks = [int(word) for word in stat.readline().split()[1:]]
    return (sum(ticks[:8]) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def _child_setup(core):
    def setup():
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        os.sched_setaffinity(0, {core})
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    return setup


class Process:
    """A child process pinned to a core, ended when the block ends."""

    def __init__(self, argv, core, log, talks=False):
        self.log_path = log
        self._log = open(log, "wb")
        pipe = subprocess.PIPE if talks else None
        self.child = subprocess.Popen(
            argv, stdin=pipe or subprocess.DEVNULL, stdout=pipe or self._log, stderr=self._log,
            preexec_fn=_child_setup(core), bufsize=0)
        self.pid = self.child.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                # A master that hangs would leave its workers behind.
                for pid in tree(self.pid):
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                self.child.wait()
        self._log.close()

    def log_text(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def check_alive(self):
        if self.child.poll() is not None:
            tail = " / ".join(self.log_text().strip().splitlines()[-3:])
            raise BenchError(f"{self.child.args[0]} ended with {self.child.returncode}: {tail}")

    def wait_port(self, port, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.check_alive()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise BenchError(f"{self.child.args[0]} does not listen at {port}")


class Talker(Process):
    """A process that answers lines with lines of JSON."""

    def __init__(self, argv, core, log):
        super().__init__(argv, core, log, talks=True)
        self._rest = b""

    def read(self, seconds):
        end = time.monotonic() + seconds
        while b"\n" not in self._rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.child.stdout], [], [], left)[0]:
                raise BenchError(f"{self.child.args[0]} gives no answer")
            data = os.read(self.child.stdout.fileno(), 65536)
            if not data:
                self.child.wait()
                self.check_alive()
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)

    def ask(self, line, seconds=120):
        self.child.stdin.write(line.encode() + b"\n")
        answer = self.read(seconds)
        if not answer.get("ok", True):
            raise BenchError(f"load tool: {line}: {answer.get('error')}")
        return answer


class Server(Process):
    """A server with its URLs."""

    def __init__(self, name, argv, out, rtmp_port, http_port):
        super().__init__(argv, SERVER_CORE, os.path.join(out, f"{name}.log"))
        self.name = name
        self.rtmp_url = f"rtmp://127.0.0.1:{rtmp_port}/live/stream"
        self.flv_url = f"http://127.0.0.1:{http_port}/live/stream.flv"
        try:
            self.wait_port(rtmp_port)
            if http_port:
                self.wait_port(http_port)
        except BaseException:
            self.stop()
            raise

    def url(self, form):
        for prefix in ("rtmps", "https", "flv"):
            if form.startswith(prefix):
                return getattr(self, prefix + "_url")
        return self.rtmp_url

    def cpu(self):
        return cpu_seconds(self.pid)

    def rss(self):
        return resident(self.pid)

    def long_slices(self):
        return [line for line in self.log_text().splitlines() if "long slice" in line]


NGINX_CONF = """load_module {module};
user root;
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {prefix}/nginx.pid;
error_log {prefix}/error.log;
events {{ worker_connections 19000; }}
rtmp {{
    access_log off;
    server {{
        listen 127.0.0.1:{port};
        chunk_size 60000;
        application live {{ live on; }}
    }}
}}
"""

SRS_CONF = """daemon off;
pid {pid};
srs_log_tank console;
max_connections 19000;
{top}
rtmp {{
    listen 127.0.0.1:{rtmp};
    chunk_size 60000;
}}
http_server {{
    enabled on;
    listen 127.0.0.1:{http};
    {https}
}}
{rtmps}
vhost __defaultVhost__ {{
    min_latency {low};
    play {{
        gop_cache on;
        mw_latency 350;
    }}
    http_remux {{
        enabled on;
        mount [vhost]/[app]/[stream].flv;
    }}
}}
"""


def start_nginx(out):
    prefix = os.path.join(out, "nginx")
    os.makedirs(prefix, exist_ok=True)
    port = free_port()
    conf = os.path.join(prefix, "nginx.conf")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with open(conf, "w", encoding="ascii") as file:
        file.write(NGINX_CONF.format(module=rtmp_module(), prefix=prefix, port=port, files=hard))
    return Server("nginx", [find_nginx(), "-p", prefix, "-c", conf], out, port, 0)


def make_certificate(out):
    """The words of a configuration that name it; a P-256 key, as nearly all servers have."""
    cert, key = os.path.join(out, "bench.crt"), os.path.join(out, "bench.key")
    done = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                           "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=bench",
                           "-keyout", key, "-out", cert], capture_output=True, check=False)
    if done.returncode:
        raise BenchError(f"openssl: {done.stderr.decode()[-200:]}")
    return f"cert {cert}; key {key};"


def start_srs(binary, out, low=False, tls=False, top=""):
    rtmp, http, rtmps, https = (free_port() for _ in range(4))
    conf = os.path.join(out, "srs.conf")
    files = make_certificate(out) if tls else ""
    with open(conf, "w", encoding="ascii") as file:
        file.write(SRS_CONF.format(
            pid=os.path.join(out, "srs.pid"), rtmp=rtmp, http=http, low="on" if low else "off", top=top,
            rtmps=f"rtmps {{ enabled on; listen 127.0.0.1:{rtmps}; {files} }}" if tls else "",
            https=f"https {{ enabled on; listen 127.0.0.1:{https}; {files} }}" if tls else ""))
    server = Server("srs", [binary, "-c", conf], out, rtmp, http)
    if tls:
        server.rtmps_url = server.rtmp_url.replace("rtmp:", "rtmps:").replace(str(rtmp), str(rtmps))
        server.https_url = server.flv_url.replace("http:", "https:").replace(str(http), str(https))
    return server
