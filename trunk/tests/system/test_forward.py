#!/usr/bin/env python3
"""Streams copied to other servers: to one of ours and to nginx-rtmp, targets that die and come back in the middle, that
are not there, that refuse, and names that do not resolve. What arrives is the file's, byte for byte."""
import os
import re
import signal
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import ROOT, check, free_port, main, make_flv, probe, wait_until
from nginx import start_nginx
from wire import VIDEO, Rtmp, RtmpPlayer, RtmpPublisher, read_flv

NGINX = """rtmp {{
    access_log off;
    server {{
        listen 127.0.0.1:{port};
        application live {{ live on; }}
    }}
}}
"""


def media():
    return make_flv(40, name="av")


def forward(*targets, more=""):
    return more + "forward { enabled on; destination " + " ".join(targets) + "; }"


def to(port):
    return f"127.0.0.1:{port}"


def log_count(server, pattern):
    return len(re.findall(pattern, server.output()))


def wait_log(server, pattern, seconds=15, count=1):
    wait_until(lambda: log_count(server, pattern) >= count, seconds, f"\"{pattern}\" in the log")


def check_from_key_frame(tags, what):
    """Configuration, then a key frame, then what follows it in the file."""
    of_file = [t.body[5:] for t in read_flv(media()) if t.is_picture()]
    pictures = [t for t in tags if t.is_picture()]
    check(len(pictures) >= 25, f"{what}: {len(pictures)} pictures")
    check(any(t.is_avc_config() for t in tags[:tags.index(pictures[0])]), f"{what}: no configuration first")
    check(pictures[0].is_key(), f"{what}: does not begin with a key frame")
    check(pictures[0].body[5:] in of_file, f"{what}: the first picture is not in the file")
    at = of_file.index(pictures[0].body[5:])
    for picture, body in zip(pictures, of_file[at:]):
        check(picture.body[5:] == body, f"{what}: the picture at {picture.ms} ms is another one")


def watch(case, target, name, count=90, what="a copy"):
    viewer = RtmpPlayer(case, target, name)
    viewer.wait_media(20, count, what)
    viewer.close()
    viewer.check_well()
    viewer.check_order()
    check_from_key_frame(viewer.tags, what)


class Target:
    """A server of ours that is started again on the same ports."""

    def __init__(self, case):
        self.case = case
        self.ports = {name: free_port() for name in ("rtmp", "api", "http")}

    def start(self):
        server = self.case.server("""daemon off; srs_log_tank console; max_connections 100;
            rtmp { listen %(rtmp)d; } http_api { enabled on; listen %(api)d; } http_server { enabled on; listen %(http)d; }
            vhost __defaultVhost__ { http_remux { enabled on; } }""" % self.ports)
        server.rtmp, server.api, server.http = (self.ports[name] for name in ("rtmp", "api", "http"))
        return server

    def kill(self, server):
        self.case.servers.remove(server)
        server.kill()


def start_nginx_rtmp(case):
    """Its port."""
    port = free_port()
    return port, start_nginx(case, NGINX.format(port=port), port, ["rtmp"])


# ---- cases -----------------------------------------------------------------------------------


def case_to_srs(case):
    target = case.server()
    server = case.server(vhost=forward(to(target.rtmp)))
    case.publish(server, "copied", media(), query="?k=v")
    target.wait_live("copied")
    watch(case, target, "copied")
    wait_log(server, r"forward: publish to=127\.0\.0\.1:\d+ stream=__defaultVhost__/live/copied attempt=1")
    clients = server.streams()["copied"]["clients"]
    check(clients == 1, f"{clients} clients: a copy is none")


def pictures_of_second_track(tags):
    """Of video messages with several tracks: packet type 6, one track, frames of track 1."""
    return [tag.body for tag in list(tags) if tag.kind == VIDEO and tag.body[0] & 0x8F == 0x86 and
            tag.body[1] in (0x01, 0x03) and tag.body[6] == 1]


def case_second_track(case):
    """Copied to a server that says it takes several tracks."""
    target = case.server()
    server = case.server(vhost=forward(to(target.rtmp)))
    path = os.path.join(ROOT, "trunk/tests/vectors/flv/real-multitrack.flv")
    wanted = pictures_of_second_track(read_flv(path))
    check(wanted, "no picture of a second track in the file")
    watcher = RtmpPlayer(case, target, "many", fields={"capsEx": 6})
    RtmpPublisher(case, server, "many", path, chunk_size=4096,
                  setup=lambda at: Rtmp(at.rtmp).handshake().connect(at, capsEx=6).create_stream())
    wait_until(lambda: len(pictures_of_second_track(watcher.tags)) >= len(wanted) - 1, 15,
               "pictures of the second track at the other server")
    check(all(body in wanted for body in pictures_of_second_track(watcher.tags)), "they are not the file's")


def case_last_frames(case):
    """A stream's end is copied too: all pictures of a file that is published once."""
    target = case.server()
    server = case.server(vhost=forward(to(target.rtmp)))
    viewer = RtmpPlayer(case, target, "once")
    path = make_flv(4, name="short")
    case.publish(server, "once", path, loop=False).wait(30)
    whole = [t.body[5:] for t in read_flv(path) if t.is_picture()]
    wait_until(lambda: len(viewer.pictures()) >= len(whole), 10, f"{len(whole)} pictures")
    viewer.check_well()
    check([t.body[5:] for t in viewer.pictures()] == whole, "the copy's pictures are not the file's")
    wait_log(server, r"forward: end to=")
    wait_log(target, r"rtmp: unpublish stream=\S+/once")


def case_old_spelling_two_targets_one_dead(case):
    target, dead = case.server(), free_port()
    server = case.server(vhost=f"forward {to(dead)} {to(target.rtmp)};")
    case.publish(server, "two", media())
    target.wait_live("two")
    watch(case, target, "two")
    wait_log(server, rf"forward: lost.*to 127\.0\.0\.1:{dead}, attempt 2", 20)


def case_killed_and_back(case):
    target = Target(case)
    first = target.start()
    server = case.server(vhost=forward(to(target.ports["rtmp"])))
    publisher = case.publish(server, "back", media())
    first.wait_live("back")
    local = RtmpPlayer(case, server, "back")
    local.wait_media(10, 20)
    target.kill(first)
    wait_log(server, r"forward: lost.*attempt 1,")
    again = target.start()
    again.wait_live("back", seconds=40)
    watch(case, again, "back", what="the copy after its target came back")
    check(publisher.running(), "the publisher ended")
    local.check_well()
    check(local.largest_gap() < 3, f"a player here had a gap of {local.largest_gap():.1f} s meanwhile")
    local.close()


def case_to_nginx(case):
    port, program = start_nginx_rtmp(case)
    server = case.server(vhost=forward(to(port)))
    case.publish(server, "ng", media())
    wait_log(server, r"forward: publish to=")
    account = probe(f"rtmp://127.0.0.1:{port}/live/ng", seconds=3)
    kinds = sorted(stream["codec_name"] for stream in account["streams"])
    check(kinds == ["aac", "h264"], f"streams at nginx: {kinds}")
    digests = {packet["data_hash"] for packet in probe(media())["packets"]}
    got = [packet for packet in account["packets"] if packet["codec_type"] == "video"]
    check(len(got) > 30, f"{len(got)} packets at nginx")
    check(all(packet["data_hash"] in digests for packet in got), "packets at nginx are not the file's")
    program.kill()
    wait_log(server, r"forward: lost.*attempt 1,")


def case_vhost_and_parameters(case):
    """The same vhost, application, stream and parameters; a default vhost takes the target's name."""
    target = case.server("""daemon off; srs_log_tank console; max_connections 100;
        rtmp { listen @RTMP@; } http_api { enabled on; listen @API@; } http_server { enabled on; listen @HTTP@; }
        vhost __defaultVhost__ { enabled off; } vhost their.example { http_remux { enabled on; } }""")
    server = case.server("""daemon off; srs_log_tank console; max_connections 100;
        rtmp { listen @RTMP@; } http_api { enabled on; listen @API@; } http_server { enabled on; listen @HTTP@; }
        vhost their.example { forward { enabled on; destination %s; } }""" % to(target.rtmp))
    case.publish(server, "v", media(), app="a/b?vhost=their.example", query="?k=v")
    wait_log(target, r"rtmp: publish stream=their\.example/a/b/v")


def case_reload(case):
    """Destinations are those of the moment of publishing."""
    old, new = case.server(), case.server()
    server = case.server(vhost=forward(to(old.rtmp)))
    first = case.publish(server, "first", media())
    old.wait_live("first")
    with open(server.command[server.command.index("-c") + 1], "w", encoding="utf-8") as file:
        file.write(server.text("", forward(to(new.rtmp)), ""))
    server.process.send_signal(signal.SIGHUP)
    wait_log(server, r"reload: done")
    case.publish(server, "second", media())
    new.wait_live("second")
    watch(case, new, "second")
    check("first" not in new.streams() and "second" not in old.streams(), "a copy went to the wrong server")
    check(old.is_active("first") and first.running(), "the first copy ended")


def case_name_that_does_not_resolve(case):
    server = case.server(vhost=forward("no-such-host.invalid:1935"))
    publisher = case.publish(server, "nowhere", media())
    server.wait_live("nowhere")
    wait_log(server, r"forward: lost.*no-such-host\.invalid", 20)
    viewer = RtmpPlayer(case, server, "nowhere")
    viewer.wait_media(10, 60)
    viewer.close()
    publisher.end()
    wait_log(server, r"forward: end to=no-such-host\.invalid:1935")


def case_target_refuses_and_is_silent(case):
    """A stream that the target has already; a target that takes the connection and says nothing."""
    target = case.server()
    mute = socket.create_server(("127.0.0.1", 0))
    case.callback(mute.close)
    server = case.server(vhost=forward(to(target.rtmp), to(mute.getsockname()[1])))
    case.publish(target, "taken", media())
    target.wait_live("taken")
    publisher = case.publish(server, "taken", media())
    server.wait_live("taken")
    wait_log(server, r"forward: lost.*attempt 2,.*NetStream\.Publish\.BadName")
    wait_log(server, r"forward: lost.*SocketTimeout.*attempt 1,", 20)
    publisher.end()
    wait_log(server, r"forward: end to=", 10, 2)


def case_many_publishers_come_and_go(case):
    """Copies end with their publishers, and those that come after find their place free."""
    target = case.server()
    server = case.server(vhost=forward(to(target.rtmp)), asan=True)
    for turn in range(3):
        publisher = case.publish(server, "again", media())
        wait_log(server, r"forward: publish to=", 20, turn + 1)
        publisher.end()
        wait_log(server, r"forward: end to=", 10, turn + 1)
        wait_log(target, r"rtmp: unpublish stream=\S+/again", 10, turn + 1)


def case_bad_destinations_are_named(case):
    for text in ("rtmp://127.0.0.1:1935/live", "host:0", "host:70000", "[::1", "a b;c"):
        server = case.server("""daemon off; srs_log_tank console; listen 1; vhost __defaultVhost__ {
            forward { enabled on; destination "%s"; } }""" % text, arguments=["-t"])
        check(server.wait(10) != 0, f"{text} was accepted")
        check("forward.destination" in server.output(), f"{text}: {server.output()}")
        case.servers.remove(server)


def case_too_many_destinations(case):
    """As many as the limit are taken; one more is refused where it stands, also by a reload, and when the old words are used."""
    def text(count, old=False):
        places = " ".join(f"127.0.0.1:{port}" for port in range(1, count + 1))
        forward = f"forward {places};" if old else f"forward {{ enabled on;\n destination {places}; }}"
        return f"daemon off; srs_log_tank console; max_connections auto;\nrtmp {{ listen @RTMP@; }}\n" \
               f"http_api {{ enabled on; listen @API@; }}\nvhost __defaultVhost__ {{\n {forward} }}\n"
    for old, line in ((False, 6), (True, 5)):
        refused = case.server(text(33, old), arguments=["-t"])
        check(refused.wait(10) != 0, "33 were taken")
        for word in (f"line {line} of ", "forward.destination", "33 servers, at most 32"):
            check(word in refused.output(), f"no {word} in {refused.output()}")
        case.servers.remove(refused)
    server = case.server(text(32), arguments=[])
    wait_until(lambda: server.listens(server.rtmp), 10, "a listener")
    server.expect_error("reload: refused")
    with open(server.command[server.command.index("-c") + 1], "w", encoding="utf-8") as file:
        file.write(server.text(text(33), "", ""))
    server.process.send_signal(signal.SIGHUP)
    wait_log(server, r"reload: refused, .*line 6 of .*forward.destination.*33 servers, at most 32", 5)


if __name__ == "__main__":
    main({name[len("case_"):]: function for name, function in list(globals().items())
          if name.startswith("case_")}, parallel=3)
