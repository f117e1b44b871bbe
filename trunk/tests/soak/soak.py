#!/usr/bin/env python3
"""The server under comings and goings for a long time.  usage: soak.py --seconds N [--quiet N]

Streams run; players join and leave in every way, stall, are killed; publishers die; the configuration is reloaded. Then all
is quiet. Fails when the memory still grew in the second half, or when descriptors, live objects (coroutines among them) or
memory maps are not what they were at rest before. Every figure is printed.
"""
import argparse
import os
import random
import re
import signal
import socket
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))
from harness import Case, Failure, check, make_flv, wait_until
from wire import Rtmp, command, read_flv, rtmp_ready, chunk

WANTED = {"joins": 2000, "kills": 200, "reloads": 50, "stalls": 20}  # in ten minutes
STREAMS = ("one", "two", "three")
JOINERS = 10
GROWTH_KIB = 500  # in the second half: of ten minutes, 100 KiB a minute
JOIN_SECONDS = 10  # until a joiner must have had media
MEDIA_BYTES = 20000
SEND_TIMEOUT = 5
CONFIG = """daemon off; srs_log_tank console;
max_connections auto; send_timeout %d;
rtmp { listen @RTMP@; } http_api { enabled on; listen @API@; } http_server { enabled on; listen @HTTP@; }
vhost __defaultVhost__ { play { mw_latency %d; gop_cache on; } http_remux { enabled on; } }
"""


class Totals:
    """What was done, and what went wrong."""

    def __init__(self):
        self.lock = threading.Lock()
        self.done = dict.fromkeys(WANTED, 0)
        self.publishes = 0
        self.wrong = []

    def add(self, what):
        with self.lock:
            self.done[what] += 1

    def fail(self, why):
        with self.lock:
            self.wrong.append(why)


class Scene:
    """One stretch of activity; everything it started is gone when it is over."""

    def __init__(self, case, server, seconds, totals, rand):
        self.case, self.server, self.seconds, self.totals, self.rand = case, server, seconds, totals, rand
        self.over = threading.Event()
        self.started = time.monotonic()

    def run(self):
        path = make_flv(40, name="small", size="320x180", kbps=300)
        programs = [self.case.publish(self.server, name, path) for name in STREAMS]
        self.server.wait_live(*STREAMS)
        jobs = [self.joiner] * JOINERS + [self.staller] * 2 + [self.victim, self.reloader]
        threads = [threading.Thread(target=self.keep_on, args=(job, self.rand.random()), daemon=True) for job in jobs]
        for thread in threads:
            thread.start()
        self.over.wait(self.seconds)
        self.over.set()
        for thread in threads:
            thread.join(60)
            check(not thread.is_alive(), "a client hangs")
        for program in programs:
            program.end()

    def keep_on(self, job, seed):
        rand = random.Random(seed)
        while not self.over.is_set():
            try:
                job(rand)
            except (Failure, OSError) as error:
                if not self.over.is_set():
                    self.totals.fail(f"{job.__name__}: {type(error).__name__} {error}")
                    self.over.wait(1)

    def pace(self, what, workers, rand):
        """Waits so that the workers together do half as much again as is wanted in ten minutes."""
        mean = 600 / (WANTED[what] * 1.5) * workers
        self.over.wait(rand.uniform(0.3, 1.7) * mean)

    # ---- players

    def join(self, rand, receive_buffer=None):
        """A socket that has had media."""
        name = rand.choice(STREAMS)
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(JOIN_SECONDS)
        if rand.random() < 0.5:
            sock.connect(("127.0.0.1", self.server.rtmp))
            client = Rtmp(sock=sock).handshake().connect(self.server).create_stream()
            client.send(command("play", 4, None, name, -2000, msid=1, csid=8))
        else:
            sock.connect(("127.0.0.1", self.server.http))
            sock.sendall(f"GET /live/{name}.flv HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        got = 0
        while got < MEDIA_BYTES:
            data = sock.recv(65536)
            check(data, "closed before there was media")
            got += len(data)
        return sock

    def joiner(self, rand):
        started = time.monotonic()
        sock = self.join(rand)
        self.totals.add("joins")
        until = time.monotonic() + rand.uniform(0.1, 3)
        while time.monotonic() < until and not self.over.is_set():
            check(sock.recv(65536), "closed by the server")
        if rand.random() < 0.3:  # without a goodbye
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.totals.add("kills")
        elif rand.random() < 0.5:
            sock.shutdown(socket.SHUT_WR)
        sock.close()
        mean = 600 / (WANTED["joins"] * 1.5) * JOINERS
        self.over.wait(max(0.0, rand.uniform(0.7, 1.3) * mean - (time.monotonic() - started)))

    def staller(self, rand):
        """Takes nothing until it is cut off."""
        sock = self.join(rand, 4096)
        self.totals.add("stalls")
        self.over.wait(3 * SEND_TIMEOUT + rand.uniform(0, 5))
        sock.close()
        self.pace("stalls", 2, rand)

    # ---- publishers

    def victim(self, rand):
        """Publishes for a while and is gone in the middle of a message."""
        client = rtmp_ready(self.server).publish(f"victim{rand.randrange(5)}")
        started = time.monotonic()
        until = rand.uniform(0.5, 4)
        for tag in VICTIM_TAGS:
            while tag.ms / 1000 > time.monotonic() - started and not self.over.is_set():
                time.sleep(0.005)
            if self.over.is_set() or time.monotonic() - started > until:
                break
            client.send(chunk(tag.kind, tag.body, csid=tag.kind % 7 + 4, msid=1, ms=tag.ms))
        client.send(chunk(9, bytes(1000), csid=6, msid=1)[:500])
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        self.totals.publishes += 1
        self.totals.add("kills")

    # ---- reload

    def reloader(self, rand):
        before = self.server.output().count(" reload: done ")
        with open(self.server.command[-1], "w", encoding="utf-8") as file:
            file.write(config_text(self.server, rand.choice((200, 250, 300, 400))))
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.server.output().count(" reload: done ") > before, 10, "a reload")
        self.totals.add("reloads")
        self.pace("reloads", 1, rand)


def config_text(server, latency):
    text = CONFIG % (SEND_TIMEOUT, latency)
    for name, port in (("@RTMP@", server.rtmp), ("@API@", server.api), ("@HTTP@", server.http)):
        text = text.replace(name, str(port))
    return text


# ---- what must come back ---------------------------------------------------------------------


def lines_with(server, text):
    return [line for line in server.output().splitlines() if text in line]


def at_rest(server, seconds):
    """What the server holds after so long without anybody."""
    wait_until(lambda: not server.api_get("clients/?count=10")["clients"], 30, "the end of all clients")
    time.sleep(seconds)  # the quiet itself, not a wait for something
    before = len(lines_with(server, " live: "))
    server.process.send_signal(signal.SIGUSR1)
    line = wait_until(lambda: lines_with(server, " live: ")[before:], 5, "the line of live objects")[-1]
    state = {name: int(count) for name, count in re.findall(r"(\w+)=(-?\d+)", line.split(" live: ")[1])}
    state["descriptors"] = len(os.listdir(f"/proc/{server.process.pid}/fd"))
    state["threads"] = len(os.listdir(f"/proc/{server.process.pid}/task"))
    with open(f"/proc/{server.process.pid}/maps", encoding="ascii") as file:
        state["memory maps"] = len(file.readlines())
    return state


class Memory:
    """RSS once a second."""

    def __init__(self, server):
        self.server = server
        self.samples = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while not self.over.wait(1):
            self.samples.append((time.monotonic(), self.server.rss() / 1024))

    def slope(self):
        """KiB a minute over the second half, by least squares."""
        self.over.set()
        self.thread.join()
        half = self.samples[len(self.samples) // 2:]
        mean_t = sum(t for t, _ in half) / len(half)
        mean_k = sum(k for _, k in half) / len(half)
        spread = sum((t - mean_t) ** 2 for t, _ in half)
        return 60 * sum((t - mean_t) * (k - mean_k) for t, k in half) / spread, half


def soak(case, seconds, quiet):
    server = case.server(CONFIG % (SEND_TIMEOUT, 350))
    rand = random.Random(1)
    warm = max(10, seconds // 10)
    print(f"warming up for {warm} s", flush=True)
    Scene(case, server, warm, Totals(), rand).run()
    idle = at_rest(server, quiet)
    totals = Totals()
    memory = Memory(server)
    print(f"soaking for {seconds} s", flush=True)
    Scene(case, server, seconds, totals, rand).run()
    slope, half = memory.slope()
    slope_limit = GROWTH_KIB / (seconds / 2 / 60)
    print(f"quiet for {quiet} s", flush=True)
    after = at_rest(server, quiet)
    failed = []
    for what, count in totals.done.items():
        wanted = WANTED[what] * seconds // 600
        print(f"{what}: {count}, at least {wanted}")
        if count < wanted:
            failed.append(f"{count} {what}, at least {wanted} were wanted")
    cut_off = len(lines_with(server, "(SendTimeout)"))
    print(f"publishers that died: {totals.publishes}; stalled viewers that were cut off: {cut_off}")
    if cut_off < WANTED["stalls"] * seconds // 600:
        failed.append(f"{cut_off} stalled viewers were cut off")
    print(f"memory: {half[0][1]:.0f} KiB at half time, {half[-1][1]:.0f} at the end, {slope:+.0f} KiB a minute, "
          f"at most {slope_limit:.0f}")
    if slope > slope_limit:
        failed.append(f"memory grew by {slope:.0f} KiB a minute")
    for name in sorted(idle):
        print(f"{name}: {idle[name]} at rest before, {after.get(name)} after")
        if after.get(name) != idle[name]:
            failed.append(f"{name}: {idle[name]} before, {after.get(name)} after")
    failed += totals.wrong[:10]
    check(not failed, "; ".join(failed))
    server.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--quiet", type=int, default=30)
    asked = parser.parse_args()
    try:
        with Case("soak") as case:
            soak(case, asked.seconds, asked.quiet)
    except Failure as failure:
        sys.exit(f"soak: FAILED {failure}")
    print("soak: good")


VICTIM_TAGS = read_flv(make_flv(40, name="small", size="320x180", kbps=300))
main()
