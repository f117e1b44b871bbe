#!/usr/bin/env python3
"""Publishes an FLV file tag by tag over RTMP, or records what a player gets, with the fields of Enhanced RTMP.

usage: rtmp_publish.py publish FILE rtmp://HOST:PORT/APP/STREAM [--fast] [--loop]
       rtmp_publish.py record rtmp://HOST:PORT/APP/STREAM FILE [--plain] [--seconds N]

A tag's body goes out as it is in the file, at its own time (--fast: at once). A recorder negotiates all FourCCs,
multitrack and ModEx, and keeps every tag as it came; with --plain it says nothing of itself.
"""
import argparse
import os
import struct
import sys
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tests/system"))
sys.path.insert(0, HERE)
from enhanced import AUDIO_CODECS, VIDEO_CODECS  # noqa: E402
from wire import AUDIO, SCRIPT, VIDEO, Rtmp, Tag, chunk, command, read_flv  # noqa: E402

CAPS_MULTITRACK, CAPS_MODEX, CAPS_NANO = 2, 4, 8
CHUNK_SIZE = 4096


def enhanced_fields(caps=CAPS_MULTITRACK | CAPS_MODEX | CAPS_NANO):
    """For connect: everything is taken."""
    return {"fourCcList": [*VIDEO_CODECS, *AUDIO_CODECS], "videoFourCcInfoMap": {"*": 7}, "audioFourCcInfoMap": {"*": 7},
            "capsEx": caps, "videoFunction": 4}


class Address:
    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.host, self.rtmp = parts.hostname, parts.port or 1935
        self.app, _, self.stream = parts.path.lstrip("/").rpartition("/")
        if parts.query:
            self.stream += "?" + parts.query


def dial(address, fields):
    client = Rtmp(address.rtmp, host=address.host).handshake()
    return client.connect(address, address.app, **fields).create_stream()


def publish(options):
    address = Address(options.url)
    client = dial(address, enhanced_fields()).publish(address.stream)
    client.send(chunk(1, struct.pack(">I", CHUNK_SIZE), csid=2))
    tags = read_flv(options.file)
    base = 0
    started = time.monotonic()
    while True:
        for tag in tags:
            ahead = (base + tag.ms) / 1000 - (time.monotonic() - started)
            if ahead > 0 and not options.fast:
                time.sleep(ahead)
            client.send(chunk(tag.kind, tag.body, csid=tag.kind % 7 + 4, msid=1, ms=base + tag.ms,
                              chunk_size=CHUNK_SIZE))
        if not options.loop:
            break
        base += max(tag.ms for tag in tags) + 40
    client.send(command("deleteStream", 0, None, 1))
    client.close()


def record(options):
    address = Address(options.url)
    client = dial(address, {} if options.plain else enhanced_fields())
    client.send(command("play", 4, None, address.stream, -2000, msid=1, csid=8))
    until = time.monotonic() + options.seconds
    with open(options.file, "wb") as file:
        file.write(b"FLV\x01\x05\0\0\0\x09\0\0\0\0")
        while time.monotonic() < until:
            for kind, _, ms, body in client.messages:
                if kind in (AUDIO, VIDEO, SCRIPT):
                    file.write(Tag(kind, ms, body, 0).flv())
                elif kind == 20 and b"NetStream.Play.Unsupported" in body:
                    print("the server: " + body.decode("latin1"), file=sys.stderr)
            client.messages.clear()
            client.sock.settimeout(max(until - time.monotonic(), 0.01))
            try:
                if not client.read():
                    break
            except TimeoutError:
                break


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    commands = parser.add_subparsers(dest="what", required=True)
    one = commands.add_parser("publish")
    one.add_argument("file")
    one.add_argument("url")
    one.add_argument("--fast", action="store_true")
    one.add_argument("--loop", action="store_true")
    other = commands.add_parser("record")
    other.add_argument("url")
    other.add_argument("file")
    other.add_argument("--plain", action="store_true")
    other.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    publish(options) if options.what == "publish" else record(options)


if __name__ == "__main__":
    main()
