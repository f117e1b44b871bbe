#!/usr/bin/env python3
"""The life of the process: background and its failures, pid file, working directory, another user, limits, the signals and
both ways to quit."""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import (ROOT, SRS_BIN, Failure, check, free_port, main, make_flv, sanitizer_environment, wait_until)
from wire import FlvPlayer, RtmpPlayer, RtmpPublisher, player, read_flv

BUSY = 1002 % 256  # exit status: the error modulo 256
RUNNING = 1035 % 256
BAD = 1023 % 256
PRIVILEGE = 7060 % 256
NOBODY = 65534
IN_BACKGROUND = "daemon on; disable_daemon_for_docker off; srs_log_tank file; max_connections auto;\n"


def clip():
    return make_flv(40, name="small", size="320x180", kbps=300)


# ---- a server that leaves its terminal -----------------------------------------------------------


class Home:
    """A folder that a server works in, with objs/ for its files; what runs by its pid file ends with the case."""

    def __init__(self, case, top=""):
        self.folder = case.path(f"home{len(os.listdir(case.folder))}")
        os.makedirs(os.path.join(self.folder, "objs"))
        self.rtmp, self.api = free_port(), free_port()
        self.configure(top)
        case.callback(self.kill)

    def configure(self, top):
        with open(self.path("srs.conf"), "w", encoding="utf-8") as file:
            file.write(IN_BACKGROUND + top + f"rtmp {{ listen 127.0.0.1:{self.rtmp}; }}\n"
                       f"http_api {{ enabled on; listen 127.0.0.1:{self.api}; }}\nvhost __defaultVhost__ {{}}\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def wait_told(self, name, text):
        """The log is written by a thread of its own."""
        wait_until(lambda: text in self.read(name), 5, f"{text} in {name}")

    def start(self, *, binary=SRS_BIN, prefix=(), folder=None, config="srs.conf"):
        """What the command gave back; its output goes through files, as a pipe would be kept open by a server that keeps
        its output."""
        with open(self.path("out.txt"), "w+b") as out, open(self.path("err.txt"), "w+b") as err:
            return subprocess.run([*prefix, binary, "-c", config], cwd=folder or self.folder, stdin=subprocess.DEVNULL,
                                  stdout=out, stderr=err, timeout=20, check=False, env=sanitizer_environment()).returncode

    def start_well(self, **options):
        status = self.start(**options)
        check(status == 0, f"status {status}: {self.read('out.txt')} {self.read('err.txt')}")
        return self.pid()

    def pid(self):
        """Of a running server, else None."""
        with contextlib.suppress(OSError, ValueError):
            pid = int(self.read("objs/srs.pid"))
            if os.readlink(f"/proc/{pid}/exe").endswith("/srs"):
                return pid
        return None

    def kill(self):
        pid = self.pid()
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda: gone(pid), 10, "the end of a killed server")

    def stop(self, sig=signal.SIGTERM):
        pid = self.pid()
        os.kill(pid, sig)
        wait_until(lambda: gone(pid), 10, "the server's end")

    def version(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.api}/api/v1/versions", timeout=5) as answer:
            return json.load(answer)


def gone(pid):
    """A child of ours that nobody waits for is a zombie: also gone, once its other threads, which hold its sockets, are."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            ended = file.read().rsplit(")", 1)[1].split()[0] in "ZX"
        return ended and len(os.listdir(f"/proc/{pid}/task")) <= 1
    except OSError:
        return True


def status_line(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(line.split()[1:] for line in file if line.startswith(name + ":"))


def daemon(case):
    home = Home(case)
    pid = home.start_well()
    check(f"process {pid}" in home.read("out.txt"), f"told: {home.read('out.txt')}")
    check(home.read("objs/srs.pid") == f"{pid}\n", "the pid file")
    first = home.version()
    check(first["pid"] == str(pid), f"the API at once: {first}")
    check(os.getsid(pid) == pid and os.getsid(pid) != os.getsid(0), "a session of its own")
    for fd in range(3):
        check(os.readlink(f"/proc/{pid}/fd/{fd}") == "/dev/null", f"descriptor {fd}")
    home.wait_told("objs/srs.log", f"at=127.0.0.1:{home.rtmp}")
    home.stop()
    check(not os.path.exists(home.path("objs/srs.pid")), "the pid file is left")
    check(" quit signal=TERM" in home.read("objs/srs.log"), "the end in the log")
    home.start_well()
    check(home.version()["server"] == first["server"] == home.read("objs/srs.id").strip(), "the server's id")
    check(home.version()["service"] != first["service"], "the service's id")
    home.stop(signal.SIGINT)
    home.configure("server_id edge-7;\n")
    home.start_well()
    check(home.version()["server"] == "edge-7", f"a given id: {home.version()}")


def daemon_port_taken(case):
    home = Home(case)
    with socket.create_server(("127.0.0.1", home.rtmp)):
        status = home.start()
        told = home.read("err.txt")
        check(status == BUSY, f"status {status}: {told}")
        check(f"127.0.0.1:{home.rtmp}" in told and "Address already in use" in told, f"told: {told}")
        check("started" not in home.read("out.txt"), "told that it is started")
        check(not os.path.exists(home.path("objs/srs.pid")), "the pid file is left")
    home.start_well()


def daemon_bad_start(case):
    """What fails before and after the fork is told, with the status it has in the foreground."""
    home = Home(case)
    for top, status, why in [("work_dir nowhere;", BAD, "nowhere"), ("pid nowhere/x.pid;", 1034 % 256, "nowhere/x.pid"),
                             ("srs_log_file nowhere/x.log;", 1042 % 256, "nowhere/x.log"), ("user no-such-user;", PRIVILEGE, "no-such-user")]:
        home.configure(top)
        got = home.start()
        check(got == status and why in home.read("err.txt"), f"{top} status {got}: {home.read('err.txt')}")
        check("started" not in home.read("out.txt"), f"{top} told that it is started")


def daemon_on_console(case):
    home = Home(case, "")
    text = home.read("srs.conf").replace("srs_log_tank file", "srs_log_tank console")
    with open(home.path("srs.conf"), "w", encoding="utf-8") as file:
        file.write(text)
    home.start_well()
    home.wait_told("out.txt", "the log stays on the output")
    home.stop()
    check(" quit signal=TERM" in home.read("out.txt"), "the log does not go on where it began")


def second_start(case):
    home = Home(case)
    pid = home.start_well()
    status = home.start()
    check(status == RUNNING, f"status {status}")
    check(f"held by process {pid}" in home.read("err.txt"), f"told: {home.read('err.txt')}")
    check(home.pid() == pid and home.version()["pid"] == str(pid), "the first server is disturbed")
    check(home.read("objs/srs.log").count(" start version=") == 1, "the second start wrote into the first one's log")
    home.kill()
    check(os.path.exists(home.path("objs/srs.pid")), "a killed server has removed its file")
    check(home.start_well() != pid, "a file of a killed server is in the way")


def work_dir(case):
    """Everything is relative to it, but for the configuration and what it includes."""
    home = Home(case)
    os.makedirs(home.path("etc"))
    os.makedirs(home.path("run/objs"))
    with open(home.path("etc/more.conf"), "w", encoding="utf-8") as file:
        file.write(f"work_dir {home.path('run')};\n")
    os.rename(home.path("srs.conf"), home.path("etc/srs.conf"))
    with open(home.path("etc/srs.conf"), "a", encoding="utf-8") as file:
        file.write("include more.conf;\n")
    check(home.start(folder=home.path("etc")) == 0, home.read("err.txt"))
    os.rmdir(home.path("objs"))
    os.symlink("run/objs", home.path("objs"))
    check(sorted(os.listdir(home.path("run/objs"))) == ["srs.id", "srs.log", "srs.pid"], "files in work_dir")
    check(os.readlink(f"/proc/{home.pid()}/cwd") == home.path("run"), "the working directory")
    with open(home.path("etc/more.conf"), "a", encoding="utf-8") as file:
        file.write("grace_start_wait 5;\n")
    os.kill(home.pid(), signal.SIGHUP)
    home.wait_told("objs/srs.log", "reload: done changed=1")


def environment_profile(case):
    """No pid file unless asked for."""
    rtmp, home = free_port(), case.path("env")
    os.makedirs(home)
    server = case.server(None, arguments=["-e"], prefix=("env", "-C", home), environment={
        "SRS_LISTEN": str(rtmp), "SRS_MAX_CONNECTIONS": "auto"})
    wait_until(lambda: server.listens(rtmp), 10, "the listener")
    check(not os.listdir(home), f"files: {os.listdir(home)}")
    server.stop()
    server = case.server(None, arguments=["-e"], prefix=("env", "-C", home), environment={
        "SRS_LISTEN": str(rtmp), "SRS_MAX_CONNECTIONS": "auto", "SRS_PID": "x.pid"})
    wait_until(lambda: server.listens(rtmp), 10, "the listener")
    check(sorted(os.listdir(home)) == ["x.id", "x.pid"], f"files: {os.listdir(home)}")


# ---- another user --------------------------------------------------------------------------------


def user(case):
    """As root; whoever else runs the tests sees only that it is refused."""
    home = Home(case, "user nobody;\n")
    if os.geteuid() != 0:
        check(home.start() == PRIVILEGE and "only root" in home.read("err.txt"), home.read("err.txt"))
        return
    os.chmod(case.folder, 0o755)
    shutil.chown(home.path("objs"), NOBODY, NOBODY)
    pid = home.start_well()
    for name in ("Uid", "Gid"):
        check(status_line(pid, name) == [str(NOBODY)] * 4, f"{name} {status_line(pid, name)}")
    check(status_line(pid, "Groups") == [str(NOBODY)], f"groups {status_line(pid, 'Groups')}")
    check(int(status_line(pid, "CapEff")[0], 16) == int(status_line(pid, "CapPrm")[0], 16) == 0, "capabilities are left")
    # /proc/PID belongs to root where no core would be dumped
    check(os.stat(f"/proc/{pid}/mem").st_uid == NOBODY, "cores would not be dumped")
    home.wait_told("objs/srs.log", " runs as user=nobody")
    os.rename(home.path("objs/srs.log"), home.path("objs/srs.log.1"))
    os.kill(pid, signal.SIGUSR1)
    wait_until(lambda: os.path.exists(home.path("objs/srs.log")) and "reopened" in home.read("objs/srs.log"), 5,
               "the log after it was moved away")
    check(os.stat(home.path("objs/srs.log")).st_uid == NOBODY, "whose the new log is")
    home.stop()
    check(not os.path.exists(home.path("objs/srs.pid")), "the pid file is left")


def user_in_sticky_folder(case):
    """As make install leaves it: the user adds files to objs, and root finds those of the last run."""
    if os.geteuid() != 0:
        return
    home = Home(case, "user nobody;\n")
    shutil.chown(home.path("objs"), 0, NOBODY)
    os.chmod(home.path("objs"), 0o1775)
    os.chmod(case.folder, 0o755)
    home.start_well()
    home.kill()
    shutil.chown(home.path("objs/srs.pid"), NOBODY, NOBODY)  # of a run by systemd
    check(os.stat(home.path("objs/srs.log")).st_uid == NOBODY, "whose the log is")
    home.start_well()
    home.stop()


def user_without_folder(case):
    """The log can be given to the user, its folder not: told at the start, and again when it matters."""
    if os.geteuid() != 0:
        return
    home = Home(case, "user nobody; group daemon;\n")
    pid = home.start_well()
    home.wait_told("objs/srs.log", "cannot make files in ./objs")
    os.kill(pid, signal.SIGUSR1)
    wait_until(lambda: "log reopened" in home.read("objs/srs.log"), 5, "the log opened again in its place")
    check("cannot reopen" not in home.read("objs/srs.log"), "the file was not given to the user")
    os.rename(home.path("objs/srs.log"), home.path("objs/old"))
    os.kill(pid, signal.SIGUSR1)
    wait_until(lambda: "cannot reopen file=./objs/srs.log: Permission denied" in home.read("objs/old"), 5,
               "an error about the reopened log")
    home.stop()
    check("quit signal=TERM" in home.read("objs/old"), "the old log is not kept")
    check(home.read("objs/srs.pid") == "", "the pid file is neither removed nor emptied")


def user_not_root(case):
    home = Home(case, "user root;\n")
    if os.geteuid() != 0:
        return
    os.chmod(case.folder, 0o755)
    shutil.chown(home.folder, NOBODY, NOBODY)
    shutil.copy(SRS_BIN, home.path("srs"))
    status = home.start(binary=home.path("srs"),
                        prefix=("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"))
    check(status == PRIVILEGE and "only root can become user root" in home.read("err.txt"),
          f"status {status}: {home.read('err.txt')}")


# ---- limits, parent, service manager ---------------------------------------------------------------


def descriptors(case):
    """The soft limit is raised; what does not fit under the hard one is refused."""
    limit = ("sh", "-c", 'ulimit -n 900 && ulimit -Sn 300 && exec "$0" "$@"')
    server = case.server(prefix=limit)
    with open(f"/proc/{server.process.pid}/limits", encoding="ascii") as file:
        line = next(line.split() for line in file if line.startswith("Max open files"))
    check(line[3] == line[4] == "900", f"limits {line}")
    home = Home(case)
    home.configure("max_connections 800;")
    with open(home.path("srs.conf"), encoding="utf-8") as file:
        text = file.read().replace("max_connections auto;", "")
    with open(home.path("srs.conf"), "w", encoding="utf-8") as file:
        file.write(text)
    status = home.start(prefix=limit)
    check(status == BAD and "do not fit under 900 descriptors" in home.read("err.txt"), f"{status}: {home.read('err.txt')}")


def asprocess(case):
    """It ends when the shell that started it is gone, and not before."""
    path, out = case.path("as.conf"), case.path("as.log")
    port = free_port()
    with open(path, "w", encoding="utf-8") as file:
        file.write("daemon off; asprocess on; srs_log_tank console; max_connections auto; "
                   f"pid {case.path('as.pid')}; rtmp {{ listen {port}; }} vhost __defaultVhost__ {{}}")
    with open(out, "wb") as log:
        shell = subprocess.Popen(["sh", "-c", '"$0" "$@" & echo pid $!; wait', SRS_BIN, "-c", path], stdout=log,
                                 stderr=log, stdin=subprocess.DEVNULL, env=sanitizer_environment())
    case.callback(shell.wait)
    case.callback(shell.kill)

    def text():
        with open(out, encoding="utf-8") as file:
            return file.read()

    def server_pid():
        with contextlib.suppress(OSError, ValueError), open(case.path("as.pid"), encoding="ascii") as file:
            return int(file.read())
        return None

    pid = wait_until(lambda: f":{port}" in text() and server_pid(), 10, "its start")
    case.callback(lambda: gone(pid) or os.kill(pid, signal.SIGKILL))
    check(not gone(pid), f"it ended too early: {text()}")
    shell.kill()
    wait_until(lambda: gone(pid), 5, "its end")
    check(f"parent process {shell.pid} has ended" in text(), text())


def service_manager(case):
    path = case.path("notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(10)
        server = case.server(environment={"NOTIFY_SOCKET": path})
        check(manager.recv(200) == f"READY=1\nMAINPID={server.process.pid}\n".encode(), "word of the start")
        server.stop()
        check(manager.recv(200) == b"STOPPING=1\n", "word of the end")


# ---- quitting --------------------------------------------------------------------------------------

GRACE = "grace_start_wait 300; grace_final_wait 200;\n"


def publish(case, server, name="x"):
    publisher = RtmpPublisher(case, server, name, clip())
    server.wait_live(name)
    return publisher


def ended_well(server, seconds=5):
    status = server.wait(seconds)
    check(status == 0, f"status {status}: {server.output()[-2000:]}")
    server.stopped = True
    wrong = server.log_lines("error")
    check(not wrong, f"errors in the log: {wrong[:3]}")


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), 2).close()
    except ConnectionRefusedError:
        return True
    return False


def quit_gracefully(case):
    """The ports close after the first wait, who is there stays as long as he likes."""
    server = case.server(top=GRACE)
    publisher = publish(case, server)
    players = [player(case, protocol, server, "x") for protocol in ("rtmp", "flv")]
    for one in players:
        one.wait_media(5, 20)
    started = time.monotonic()
    server.process.send_signal(signal.SIGQUIT)
    wait_until(lambda: "graceful quit signal=QUIT clients=3" in server.output(), 5, "word of the quit")
    check(not refused(server.rtmp), "the port was closed before the first wait was over")
    for port in (server.rtmp, server.http, server.api):
        wait_until(lambda at=port: refused(at), 5, f"the end of port {port}")
    check(time.monotonic() - started >= 0.3, "the ports were closed too early")
    for one in players:
        one.wait_media(5, len(one.media()) + 60, "the players play on")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "no reload during a quit" in server.output(), 5, "word of the reload")
    check(refused(server.rtmp), "a reload has opened the ports again")
    players.pop(0).close()
    players[0].wait_media(5, len(players[0].media()) + 30, "the other one plays on")
    check("waiting for clients left=3" in server.output(), "who is waited for is not told")
    players[0].check_well()
    players[0].check_order()
    publisher.close()
    players[0].close()
    left = time.monotonic()
    ended_well(server)
    check(time.monotonic() - left >= 0.2, "without the last wait")
    check("all clients have left" in server.output(), server.output()[-500:])


def quit_gracefully_alone(case):
    """Nobody is there: the two waits and no more."""
    server = case.server(top=GRACE)
    started = time.monotonic()
    server.process.send_signal(signal.SIGQUIT)
    ended_well(server)
    took = time.monotonic() - started
    check(0.5 <= took < 2, f"it took {took:.2f} s")


def quit_forced(case):
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        server = case.server(top=GRACE)
        publish(case, server)
        one = FlvPlayer(case, server, "x")
        one.wait_media(5, 20)
        server.process.send_signal(signal.SIGQUIT)
        wait_until(lambda at=server: "waiting for clients" in at.output(), 5, "the wait")
        started = time.monotonic()
        server.process.send_signal(sig)
        ended_well(server)
        check(time.monotonic() - started < 2, f"{sig.name} took {time.monotonic() - started:.1f} s")


def quit_by_term(case):
    """TERM is graceful where the configuration says so; INT is not."""
    server = case.server(top=GRACE + "force_grace_quit on;\n")
    one = RtmpPlayer(case, server, "nobody-publishes-this")
    wait_until(lambda: "play stream" in server.output(), 5, "the player")
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: "waiting for clients left=1" in server.output(), 5, "the wait")
    one.close()
    ended_well(server)
    server = case.server(top=GRACE + "force_grace_quit on;\n")
    server.process.send_signal(signal.SIGINT)
    ended_well(server)
    check("graceful" not in server.output(), "INT was graceful")


def quit_fast(case):
    """With players, one of whom takes nothing, within 2 s."""
    server = case.server()
    publish(case, server)
    players = [player(case, "rtmp" if i % 2 else "flv", server, "x") for i in range(20)]
    stalled = FlvPlayer(case, server, "x", pace=0, receive_buffer=16384)
    for one in players:
        one.wait_media(10, 20)
    took = server.stop(5)
    check(took < 2, f"it took {took:.2f} s")
    stalled.close()
    for one in players:
        one.wait_end(5)


def signals_that_do_not_end_it(case):
    server = case.server()
    for sig in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
        server.process.send_signal(sig)
    wait_until(lambda: "log reopened" in server.output() and "SIGUSR2 has no effect" in server.output(), 5,
               "word of both signals")
    check(server.api_get("versions")["code"] == 0, "the API")


# ---- the command line ------------------------------------------------------------------------------


def command_line(case):
    """What ends at once: output and status."""
    good, bad = case.path("good.conf"), case.path("bad.conf")
    with open(good, "w", encoding="utf-8") as file:
        file.write("listen 1935; daemon off; max_connections 10; vhost __defaultVhost__ {}")
    with open(bad, "w", encoding="utf-8") as file:
        file.write("listen 1935;\ndaemn off;\n")
    for arguments, status, pattern in [
            (["-v"], 0, r"^\d+\.\d+\.\d+\n$"), (["-V"], 0, r"^\d+\.\d+\.\d+\n$"), (["--version"], 0, r"^\d+\.\d+\.\d+\n$"),
            (["-g"], 0, r"^SRS/\d+\.\d+\.\d+\(\w+\)\n$"), (["-G"], 0, r"^SRS/"),
            (["-h"], 0, "Usage: srs"), (["-?"], 0, "Usage: srs"), (["--help"], 0, "Usage: srs"),
            (["-t", "-c", good], 0, "the configuration is good"), (["-t"], 0, "the configuration is good"),
            (["-t", "-c", bad], BAD, r'line 2 of .*bad.conf : unknown directive "daemn".*did you mean "daemon"'),
            (["-c", bad], BAD, "daemn"), (["-c", "/nowhere.conf"], BAD, "nowhere.conf"), (["-c"], BAD, "needs a file"),
            (["-x"], BAD, "unknown option -x")]:
        done = subprocess.run([SRS_BIN, *arguments], capture_output=True, timeout=10, check=False, cwd=case.folder,
                              env=sanitizer_environment(), stdin=subprocess.DEVNULL)
        text = (done.stdout if status == 0 else done.stderr).decode()
        if done.returncode != status or not re.search(pattern, text):
            raise Failure(f"{arguments}: status {done.returncode}: {text[-300:]}")
    check(sorted(os.listdir(case.folder)) == ["bad.conf", "good.conf"], "a test of the configuration left files")


# ---- make install ----------------------------------------------------------------------------------


def files_below(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)


def make(target, **variables):
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", target, *(f"{k}={v}" for k, v in variables.items())], cwd=ROOT, env=environment,
                          capture_output=True, timeout=120, check=False, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def install(case):
    """Into a folder, with a start from there; again over changed files; and away."""
    top, unit = case.path("top"), "usr/local/lib/systemd/system/srs.service"
    status, text = make("install", DESTDIR=top)
    check(status == 0, text)
    library = "npm/mpegts.js/dist/mpegts.js"
    wanted = {"objs/srs", "conf/srs.conf", "conf/server.key", "conf/server.crt"}
    if os.path.exists(os.path.join(ROOT, "objs", library)):
        wanted |= {library, "npm/mpegts.js/LICENSE"}
    home = os.path.join(top, "usr/local/srs")
    missing = wanted - set(files_below(home))
    check(not missing, f"missing: {missing}")
    with open(os.path.join(top, unit), encoding="utf-8") as file:
        text = file.read()
    check("ExecStart=/usr/local/srs/objs/srs -c /usr/local/srs/conf/srs.conf" in text and "@" not in text, text)
    key, crt = os.path.join(home, "conf/server.key"), os.path.join(home, "conf/server.crt")
    check(os.stat(key).st_mode & 0o777 == 0o600, "others may read the key")
    subprocess.run(["openssl", "verify", "-CAfile", crt, crt], check=True, capture_output=True, timeout=10)
    serve_from(case, home, library in wanted)
    with open(key, "rb") as file:
        before = file.read()
    with open(os.path.join(home, "conf/srs.conf"), "a", encoding="utf-8") as file:
        file.write("# mine\n")
    status, text = make("install", DESTDIR=top)
    check(status == 0 and "kept" in text, text)
    with open(key, "rb") as file:
        check(file.read() == before, "another key")
    with open(os.path.join(home, "conf/srs.conf"), encoding="utf-8") as file:
        check(file.read().endswith("# mine\n"), "a changed configuration was overwritten")
    status, text = make("uninstall", DESTDIR=top)
    check(status == 0 and "left" in text, text)
    check(files_below(top) == [f"usr/local/srs/conf/{name}" for name in ("server.crt", "server.key", "srs.conf")],
          f"left: {files_below(top)}")


def serve_from(case, home, library):
    """The shipped configuration, at ports of its own."""
    ports = [free_port() for _ in range(3)]
    environment = {f"SRS_{name}": str(port) for name, port in
                   zip(("LISTEN", "HTTP_API_LISTEN", "HTTP_SERVER_LISTEN"), ports)}
    with open(case.path("installed.log"), "wb") as log:
        process = subprocess.Popen(["./objs/srs", "-c", "conf/srs.conf"], cwd=home, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log, env={**sanitizer_environment(), **environment})
    case.callback(process.wait)
    case.callback(process.kill)
    wait_until(lambda: not refused(ports[2]), 10, "the installed server")
    for path in ["/"] + ["/mpegts.js"] * library:
        with urllib.request.urlopen(f"http://127.0.0.1:{ports[2]}{path}", timeout=5) as answer:
            check(answer.status == 200 and len(answer.read()) > 100, path)
    process.terminate()
    check(process.wait(5) == 0, f"status {process.returncode}")
    check(not os.path.exists(os.path.join(home, "objs/srs.pid")), "the pid file is left")
    os.unlink(os.path.join(home, "objs/srs.id"))


def install_otherwise(case):
    """Another place, no certificate, without openssl, paths that cannot be."""
    top = case.path("top")
    status, text = make("install", DESTDIR=top, PREFIX="/opt/video", CERT="no", UNIT_DIR="/etc/systemd/system",
                        SERVICE_USER="video")
    check(status == 0, text)
    check("opt/video/objs/srs" in files_below(top) and not any("server." in name for name in files_below(top)), "CERT=no")
    with open(os.path.join(top, "etc/systemd/system/srs.service"), encoding="utf-8") as file:
        unit = file.read()
    check("User=video\n" in unit and "WorkingDirectory=/opt/video\n" in unit, unit)
    status, text = make("uninstall", DESTDIR=top, PREFIX="/opt/video", UNIT_DIR="/etc/systemd/system")
    check(status == 0 and files_below(top) == [], f"{text} left: {files_below(top)}")
    tools = case.path("tools")
    os.makedirs(tools)
    for name in ("sh", "dirname", "basename", "install", "cmp", "sed", "chmod", "mv", "id", "mktemp", "rm"):
        os.symlink(shutil.which(name), os.path.join(tools, name))
    script = os.path.join(ROOT, "trunk/auto/install")
    done = subprocess.run([script, SRS_BIN], env={"PATH": tools, "DESTDIR": top}, capture_output=True, timeout=30,
                          check=False, stdin=subprocess.DEVNULL)
    check(done.returncode == 0 and b"openssl is missing" in done.stderr, f"{done}")
    for variables in ({"PREFIX": "here"}, {"PREFIX": "/a|b"}, {"PREFIX": "/"}, {"SERVICE_USER": "a b"}, {"UNIT_DIR": "x"}):
        status, text = make("install", DESTDIR=top, **variables)
        check(status != 0 and ("plain absolute path" in text or "name of a user" in text), f"{variables}: {text}")


if __name__ == "__main__":
    read_flv(clip())  # made before the cases, which time what they do
    main({f.__name__: f for f in (
        daemon, daemon_port_taken, daemon_bad_start, daemon_on_console, second_start, work_dir, environment_profile, user,
        user_in_sticky_folder, user_without_folder, user_not_root, descriptors, asprocess, service_manager, quit_gracefully,
        quit_gracefully_alone, quit_forced, quit_by_term, quit_fast, signals_that_do_not_end_it, command_line, install,
        install_otherwise)}, parallel=2)
