#!/usr/bin/env python3
"""What RTMP clients say beside publishing and playing once: pauses, several streams on one connection, AMF3, signed
handshakes, names of hosts; and what hostile ones say, while a witness plays."""
import os
import re
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import ROOT, check, main, make_flv, wait_until
from wire import AUDIO, VIDEO, Rtmp, RtmpPlayer, Tag, amf0, chunk, command, read_flv

BEAT = 0.35  # the default mw_latency


def media():
    return make_flv(40, name="av")


def live(case, **options):
    server = case.server(**options)
    case.publish(server, "s", media())
    server.wait_live("s")
    return server


def tags_of(messages):
    return [Tag(kind, ms, body, 0.0) for kind, _, ms, body in messages if kind in (AUDIO, VIDEO)]


def ready(server):
    return Rtmp(server.rtmp).handshake().connect(server).create_stream()


def read_pictures(client, count):
    """Reads until that many more pictures came; all tags since."""
    before = len(client.messages)
    while len([t for t in tags_of(client.messages[before:]) if t.is_picture()]) < count:
        check(client.read(), "closed while playing")
    return tags_of(client.messages[before:])


def send_media(client, msid=1, count=40):
    """The first tags of the file, all at once."""
    for tag in read_flv(media())[:count]:
        client.send(chunk(tag.kind, tag.body, csid=tag.kind % 7 + 4, msid=msid, ms=tag.ms))


# ---- playing ---------------------------------------------------------------------------------


def case_pause(case):
    server = live(case)
    client = ready(server)
    client.send(command("play", 0, None, "s", msid=1))
    read_pictures(client, 5)
    client.send(command("pause", 0, None, True, 1000, msid=1))
    client.wait_command("onStatus", b"NetStream.Pause.Notify")
    at = len(client.messages)
    other = RtmpPlayer(case, server, "s")
    other.wait_media(20, 120)
    client.send(chunk(4, struct.pack(">HI", 6, 77), csid=2))  # the answer comes behind all that was sent
    while not any(m[0] == 4 and m[3] == struct.pack(">HI", 7, 77) for m in client.messages[at:]):
        check(client.read(), "closed while it was paused")
    check(not tags_of(client.messages[at:]), f"{len(tags_of(client.messages[at:]))} frames to a paused player")
    client.send(command("pause", 0, None, False, 1000, msid=1))
    client.wait_command("onStatus", b"NetStream.Unpause.Notify")
    pictures = [t for t in read_pictures(client, 10) if t.is_picture()]
    check(pictures[0].is_key(), "a pause does not end with a key frame")
    client.send(command("seek", 0, None, 0, msid=1))
    client.wait_command("onStatus", b"NetStream.Seek.Failed")
    read_pictures(client, 5)
    client.close()


def case_no_video_and_no_audio(case):
    server = live(case)
    client = ready(server)
    client.send(command("play", 0, None, "s", msid=1))
    read_pictures(client, 3)
    client.send(command("receiveAudio", 0, None, False, msid=1) + chunk(4, struct.pack(">HI", 6, 5), csid=2))
    while not any(m[0] == 4 and m[3][:2] == b"\0\x07" for m in client.messages):
        check(client.read(), "closed")
    tags = read_pictures(client, 30)
    check(all(t.kind == VIDEO for t in tags), "sounds came after receiveAudio(false)")
    client.close()


def case_streams_one_after_the_other(case):
    """Publish, delete, publish another, close, play the other's stream, close, play again: one connection."""
    server = live(case)
    client = ready(server)
    client.publish("one")
    send_media(client)
    server.wait_live("one")
    client.send(command("deleteStream", 0, None, 1))
    wait_until(lambda: not server.is_active("one"), 10, "its end")
    client.create_stream()
    client.send(command("publish", 5, None, "two", "live", msid=1, csid=4))
    client.wait_command("onStatus", b"NetStream.Publish.Start", 2)
    send_media(client)
    server.wait_live("two")
    client.send(command("closeStream", 0, None, msid=1))
    for _ in range(2):
        client.send(command("play", 0, None, "s", msid=1))
        read_pictures(client, 10)
        client.send(command("closeStream", 0, None, msid=1))
    client.close()
    check("close" not in "".join(server.log_lines("warn")), f"warnings: {server.log_lines('warn')}")


def case_closed_in_the_middle_of_a_message(case):
    """A player that takes nothing closes and plays again in one breath; what it then reads is whole messages."""
    server = case.server()
    case.publish(server, "s", make_flv(10, kbps=8000, size="1280x720", name="heavy"))
    server.wait_live("s")
    other = RtmpPlayer(case, server, "s")
    for _ in range(2):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        sock.settimeout(20)
        sock.connect(("127.0.0.1", server.rtmp))
        client = Rtmp(sock=sock).handshake().connect(server).create_stream()
        client.send(command("play", 0, None, "s", msid=1))
        client.wait_command("onStatus", b"NetStream.Play.Start")
        seen = other.bytes
        wait_until(lambda: other.bytes > seen + 3_000_000, 20, "3 MB at another player")
        client.send(command("closeStream", 0, None, msid=1) + command("createStream", 9, None) +
                    command("play", 0, None, "s", msid=2))
        client.wait_command("onStatus", b"NetStream.Play.Start", 2)
        pictures = [t for t in read_pictures(client, 30) if t.is_picture()]
        check(pictures[0].is_key(), "the second play does not begin with a key frame")
        for picture in pictures:
            picture.check_body()
        client.close()


def case_wait_for_a_publisher(case):
    server = live(case, vhost="play { wait 1; }")
    client = ready(server)
    client.send(command("play", 0, None, "nobody", msid=1))
    client.wait_command("onStatus", b"NetStream.Play.StreamNotFound")
    check(not client.read() or not client.read(), "not closed")
    publisher = case.publish(server, "short", make_flv(4, name="short"), loop=False)
    server.wait_live("short")
    client = ready(server)
    client.send(command("play", 0, None, "short", msid=1))
    read_pictures(client, 5)
    publisher.wait(20)
    client.wait_command("onStatus", b"NetStream.Play.UnpublishNotify")
    check(any(m[0] == 4 and m[3][:2] == b"\0\x01" for m in client.messages), "no StreamEOF")
    client.close()


# ---- names -----------------------------------------------------------------------------------


def case_vhosts(case):
    server = case.server("""daemon off; srs_log_tank console; max_connections 100;
        rtmp { listen @RTMP@; } http_api { enabled on; listen @API@; } http_server { enabled on; listen @HTTP@; }
        vhost __defaultVhost__ { http_remux { enabled on; } } vhost v.example { http_remux { enabled on; } }""")
    forms = [("rtmp://v.example/live", "live", "s"), ("rtmp://1.2.3.4/live?vhost=v.example", "live?vhost=v.example", "s"),
             ("rtmp://1.2.3.4/live?domain=v.example", "live", "s"), ("rtmp://1.2.3.4/live...vhost...v.example", "live", "s"),
             ("rtmp://1.2.3.4/live", "live", "s?vhost=v.example"), ("rtmp://v.example/live", None, "s"),
             ("rtmp://v.example:1935/a/b", "a/b", "s"), ("rtmp://v.example", "", "s")]
    for url, app, name in forms:
        client = Rtmp(server.rtmp).handshake()
        client.send(command("connect", 1, {"tcUrl": url} if app is None else {"app": app, "tcUrl": url}))
        client.wait_command("_result", b"NetConnection.Connect.Success")
        client.create_stream().publish(name)
        client.close()
        want = "v.example/" + ("a/b" if "a/b" in url else "live" if "live" in url else "__defaultApp__") + "/s"
        count = sum(want in f"v.example/{'a/b' if 'a/b' in u else 'live' if 'live' in u else '__defaultApp__'}/s"
                    for u, _, _ in forms[:forms.index((url, app, name)) + 1])
        wait_until(lambda: server.output().count(f"rtmp: unpublish stream={want}") >= count, 10, f"{url} as {want}")


def case_amf3(case):
    """connect, createStream and publish with AMF3 values; the answers are AMF0."""
    def string(text):
        return bytes([len(text) << 1 | 1]) + text.encode()

    server = case.server()
    url = f"rtmp://127.0.0.1:{server.rtmp}/live"
    client = Rtmp(server.rtmp).handshake()
    connect = (b"\0" + amf0("connect") + amf0(1) + b"\x11\x0a\x0b\x01" + string("app") + b"\x06" + string("live") +
               string("tcUrl") + b"\x06" + string(url) + b"\x01")
    client.send(chunk(17, connect))
    client.wait_command("_result", b"NetConnection.Connect.Success")
    client.send(chunk(17, b"\0" + amf0("createStream") + b"\x11\x04\x02\x11\x01"))
    client.wait_command("_result", count=2)
    client.send(chunk(17, b"\0" + amf0("publish") + amf0(3) + b"\x11\x01\x11\x06" + string("three"), msid=1))
    client.wait_command("onStatus", b"NetStream.Publish.Start")
    send_media(client)
    server.wait_live("three")
    client.close()


def case_signed_handshake(case):
    """ffmpeg's constant C1 and ZLMediaKit's, which is signed in the other layout."""
    server = case.server()
    with open(os.path.join(ROOT, "trunk/tests/vectors/rtmp/handshake.txt"), encoding="ascii") as file:
        blocks = re.findall(r"^C1 = *\n((?:[0-9a-f]+\n)+)", file.read(), re.M)
    check(len(blocks) == 3, f"{len(blocks)} vectors")
    for number, block in enumerate(blocks):
        c1 = bytes.fromhex(block.replace("\n", ""))
        client = Rtmp(server.rtmp)
        client.sock.sendall(b"\x03" + c1)
        answer = client.exactly(1 + 1536 + 1536)
        check(answer[:1] == b"\x03" and answer[5:9] == b"\x01\x00\x05\x04", f"S0 S1 begin with {answer[:9].hex()}")
        check(answer[1537:] != c1, "the answer is the plain one")
        client.sock.sendall(os.urandom(1536))
        client.connect(server).create_stream().publish(f"signed{number}")
        client.close()


# ---- hostile and odd peers -------------------------------------------------------------------

ODD = {
    "empty audio": chunk(8, b"", csid=4, msid=1),
    "shared object": chunk(19, b"abc", csid=4, msid=1),
    "abort": chunk(1, struct.pack(">I", 4), csid=2) + b"\x05\0\0\0\0\0\x08\x08\x01\0\0\0abcd" +
             chunk(2, struct.pack(">I", 5), csid=2) + chunk(1, struct.pack(">I", 128), csid=2),
    "csid 70": b"\x00\x06" + chunk(8, b"\xaf\x01\x21", csid=3, msid=1)[1:],
    "fmt 1 fresh": b"\x49\0\0\1\0\0\3\x08\xaf\x01\x21",
    "fmt 0 in mid-message": b"\x0a\0\0\0\0\x01\0\x08\x01\0\0\0" + b"\xaf" * 128 + chunk(8, b"\xaf\x01\x21", csid=10, msid=1),
    "unknown user control": chunk(4, struct.pack(">HI", 33, 1), csid=2),
    "unknown type": chunk(99, b"abc", csid=4, msid=1),
    "aggregate": chunk(22, bytes.fromhex("080000040003e800000000af0121000000000f0900000b0003fc000000002701000000"
                                         "00000002419a00000016"), csid=4, msid=1),
    "chunk size 2^31-1": chunk(1, struct.pack(">I", 0x7FFFFFFF), csid=2) + chunk(1, struct.pack(">I", 128), csid=2),
    "chunk size 0": chunk(1, struct.pack(">I", 0), csid=2),
    "type 15": chunk(15, b"\0" + amf0("onX") + amf0(1), csid=4, msid=1),
    "Multitrack": chunk(9, bytes.fromhex("9601687663310100000000000001 26"), csid=6, msid=1),
    "ModEx": chunk(9, bytes.fromhex("970207a120016876633100000000000001 26"), csid=6, msid=1),
}

# What ends the connection, with the words of the log.
HOSTILE = {
    "65,000 chunk streams": (b"".join(b"\x01" + struct.pack("<H", n) + chunk(8, b"x", csid=3, msid=1)[1:]
                                      for n in range(65000)), "chunk streams"),
    "a thousand createStream": (command("createStream", 2, None) * 1000, "message streams"),
    "25 KB of nested objects": (chunk(20, (amf0("x") + amf0(2) + b"\x03\0\x02ab" * 5000)), "objects deep"),
    "25 KB of nested AMF3": (chunk(17, (b"\0" + amf0("x") + amf0(2) + b"\x11" + b"\x0a\x0b\x01\x03a" * 5000)),
                             "AMF3 objects deep"),
    "a string of 2^32": (chunk(20, amf0("x") + amf0(2) + b"\x0c\xff\xff\xff\xffabc"), "input ends inside"),
    "an array of 2^32": (chunk(20, amf0("x") + amf0(2) + b"\x0a\xff\xff\xff\xff\x05"), "input ends inside"),
}


def case_odd_messages(case):
    """Where some server lives through it in mid-publish, this one does."""
    server = case.server()
    for number, (name, data) in enumerate(ODD.items()):
        client = ready(server).publish(f"odd{number}")
        send_media(client, count=6)
        client.send(data)
        client.send(chunk(4, struct.pack(">HI", 6, 99), csid=2))
        while not any(m[0] == 4 and m[3] == struct.pack(">HI", 7, 99) for m in client.messages):
            check(client.read(), f"{name}: closed")
        client.close()
    check(not server.log_lines("error"), "errors in the log")


def case_hostile_messages(case):
    """Each ends its own connection with a named error; the witness plays on."""
    server = live(case)
    witness = RtmpPlayer(case, server, "s")
    witness.wait_media(20, 20)
    for number, (name, (data, words)) in enumerate(HOSTILE.items()):
        client = ready(server).publish(f"hostile{number}")
        try:
            client.send(data)
            while client.read():
                pass
        except OSError:
            pass  # closed while we sent
        client.close()
        wait_until(lambda: any(words in line for line in server.log_lines("warn")), 10, f"{name}: \"{words}\" in the log")
    seen = len(witness.media())
    witness.wait_media(10, seen + 20)
    witness.check_well()
    check(witness.largest_gap() < BEAT + 0.2, f"the witness had a gap of {witness.largest_gap():.3f} s")
    witness.close()


if __name__ == "__main__":
    main({name[len("case_"):]: function for name, function in list(globals().items())
          if name.startswith("case_")}, parallel=2)
