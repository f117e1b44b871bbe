#!/usr/bin/env python3
"""Who is let in: rules about addresses and pages, limits of clients and bandwidth, over RTMP, HTTP-FLV and WebSocket-FLV,
directly and behind a proxy, after a reload, and that nobody else notices."""
import contextlib
import os
import re
import signal
import socket
import sys
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import check, free_port, main, make_flv, wait_until
from test_proxy import v1, v2
from test_websocket import WsPlayer, request
from wire import FlvPlayer, Rtmp, RtmpPlayer, command

BEAT = 0.35  # the default mw_latency
GAP = 0.2  # beyond it
PLAYS = ("rtmp", "flv", "ws")
METRICS = f"exporter {{ enabled on; listen {free_port()}; }}\n"  # its page is at the API as well


def thin():
    """400 kbit/s with its sound."""
    return make_flv(40, name="small", size="320x180", kbps=300)


def fat():
    """2.1 Mbit/s."""
    return make_flv(30, name="fat", size="960x540", kbps=2000, gop=0.6)


# ---- asking ----------------------------------------------------------------------------------


def dial(case, port, at="127.0.0.1", header=b""):
    """From that address of this machine, or through a proxy that tells another one."""
    sock = socket.create_connection(("127.0.0.1", port), 10, (at, 0))
    case.callback(sock.close)
    sock.sendall(header)
    return sock


def answered(client, *good):
    """Whether a status with one of these codes came, else the body of the one that refused."""
    while True:
        for kind, _, _, body in client.messages:
            if kind == 20 and any(code in body for code in good):
                return True
            if kind == 20 and re.search(rb"Failed|Rejected|BadName", body):
                return body
        if not client.read():
            return b"closed"


def ask_rtmp(case, server, verb, name="x", page=None, **how):
    """True, or the words of the refusal. Who is let in stays until the case ends."""
    client = Rtmp(sock=dial(case, server.rtmp, **how)).handshake()
    fields = {"pageUrl": page} if page else {}
    client.send(command("connect", 1, {"app": "live", "tcUrl": f"rtmp://127.0.0.1:{server.rtmp}/live", **fields}))
    got = answered(client, b"NetConnection.Connect.Success")
    if got is not True:
        return got
    client.create_stream()
    if verb == "publish":
        client.send(command("publish", 3, None, name, "live", msid=1, csid=4))
    else:
        client.send(command("play", 4, None, name, -2000, msid=1, csid=8))
    return answered(client, b"NetStream.Publish.Start", b"NetStream.Play.Start")


def ask_http(case, server, name="x", page=None, websocket=False, **how):
    """The status."""
    lines = {"Referer": page} if page else {}
    sock = dial(case, server.http, **how)
    if websocket:
        sock.sendall(request(f"/live/{name}.flv", **lines)[0])
    else:
        more = "".join(f"{key}: {value}\r\n" for key, value in lines.items())
        sock.sendall(f"GET /live/{name}.flv HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode())
    return int(sock.recv(4096).split()[1])


def may(case, server, verb, protocol="rtmp", **how):
    """True, or why not: words over RTMP, the status over HTTP."""
    if protocol == "rtmp":
        return ask_rtmp(case, server, verb, **how)
    status = ask_http(case, server, websocket=protocol == "ws", **how)
    return status == (101 if protocol == "ws" else 200) or status


def check_may(case, server, verb, want, **how):
    """`want` is True, or what the answers say: (words over RTMP, status over HTTP)."""
    for protocol in PLAYS if verb == "play" else ("rtmp",):
        got = may(case, server, verb, protocol, **how)
        if want is True or got is True:
            good = want is got
        else:
            good = want[0] in got if protocol == "rtmp" else want[1] == got
        check(good, f"{verb} over {protocol} of {how}: {got}, not {want}")


def reload(server, vhost="", top=""):
    count = server.output().count("reload: done")
    with open(server.command[server.command.index("-c") + 1], "w", encoding="utf-8") as file:
        file.write(server.text("", vhost, top))
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.output().count("reload: done") > count, 10, "the reload")


def limited(server):
    """The counters of /metrics, those that are not 0."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.api}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    return {k: int(v) for k, v in re.findall(r'srs_limited_clients_total\{limit="(\w+)"\} (\d+)', text) if v != "0"}


class Others:
    """A publisher and players who must not notice."""

    def __init__(self, case, server, name="witness"):
        case.publish(server, name, thin())
        server.wait_live(name)
        self.players = [kind(case, server, name) for kind in (FlvPlayer, RtmpPlayer, WsPlayer)]
        for one in self.players:
            one.wait_media(8, 20)

    def check_well(self):
        for one in self.players:
            one.wait_media(5, len(one.media()) + 20, "the others play on")
            one.check_order()
            check(one.largest_gap() < BEAT + GAP, f"another player waited {one.largest_gap():.2f} s")


# ---- rules -----------------------------------------------------------------------------------

NO_PUBLISH = (b"NetStream.Publish.Rejected", 0)
NO_PLAY = (b"NetStream.Play.Failed", 403)
NO_CONNECT = (b"NetConnection.Connect.Rejected", 403)

# rules, address, whether it may publish, whether it may play, code in the log
RULES = (
    ("allow publish all; allow play all; deny play 127.0.0.2;", "127.0.0.2", True, False, "SecurityDeny"),
    ("allow publish all; allow play all; deny play 127.0.0.2;", "127.0.0.1", True, True, None),
    ("allow publish 127.0.0.4/30; allow play all;", "127.0.0.7", True, True, None),
    ("allow publish 127.0.0.4/30; allow play all;", "127.0.0.8", False, True, "SecurityAllow"),
    ("allow publish all; allow play all; deny publish 127.1.0.0/16;", "127.1.2.3", False, True, "SecurityDeny"),
    ("allow publish all; allow play all; deny publish 127.1.0.0/16;", "127.2.2.3", True, True, None),
    ("", "127.0.0.1", False, False, "SecurityCheck"),
)


def wants(publish, play):
    return (True if publish else NO_PUBLISH), (True if play else NO_PLAY)


def rules_about_addresses(case):
    """Directly, then with the address told by a proxy; a reload between."""
    server = case.server(vhost="security { enabled on; allow publish all; allow play all; }")
    others = Others(case, server)
    for i, (rules, at, publish, play, code) in enumerate(RULES):
        reload(server, vhost=f"security {{ enabled on; {rules} }}")
        want_publish, want_play = wants(publish, play)
        check_may(case, server, "publish", want_publish, name=f"a{i}", at=at)
        check_may(case, server, "play", want_play, name=f"a{i}", at=at)
        if code:
            wait_until(lambda: f"({code})" in server.output(), 5, f"{code} in the log")
    others.check_well()
    reload(server, vhost="security { enabled on; allow publish 192.0.2.0/24; allow publish 2001:db8::/32; "
                         "allow play all; deny play 198.51.100.7; }")
    rows = ((v1("192.0.2.99"), True, True), (v2("192.0.2.99"), True, True), (v1("192.0.3.1"), False, True),
            (v1("2001:db8:7::1"), True, True), (v2("2001:db9::1"), False, True), (v1("198.51.100.7"), False, False),
            (b"", False, True))
    for i, (header, publish, play) in enumerate(rows):
        want_publish, want_play = wants(publish, play)
        check_may(case, server, "publish", want_publish, name=f"b{i}", header=header)
        check_may(case, server, "play", want_play, name=f"b{i}", header=header)
    others.check_well()


def rules_behind_a_proxy_of_requests(case):
    """X-Forwarded-For is believed from proxies only."""
    server = case.server(vhost="security { enabled on; allow publish all; allow play all; deny play 192.0.2.0/24; }",
                         top="proxy_from 127.0.0.1;\n")
    for at, status in (("127.0.0.1", 403), ("127.0.0.2", 200)):
        sock = dial(case, server.http, at)
        sock.sendall(b"GET /live/x.flv HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n")
        got = int(sock.recv(4096).split()[1])
        check(got == status, f"a request through {at} got {got}")
    reload(server, vhost="security { enabled on; allow publish all; allow play all; deny play 127.0.0.2; }",
           top="proxy_from none;\n")
    check_may(case, server, "play", NO_PLAY, at="127.0.0.2", header=v1("192.0.2.7"))
    check_may(case, server, "play", True, at="127.0.0.1", header=v1("192.0.2.7"))


def pages(case):
    server = case.server(vhost="refer { enabled on; all a.example; publish up.a.example; play tv.a.example; }")
    rows = (("http://up.a.example/p?q", True, False), ("https://tv.a.example:8443/", False, True),
            ("http://user@tv.a.example/http://b.example/", False, True), ("http://a.example/", False, False))
    for i, (page, publish, play) in enumerate(rows):
        want_publish, want_play = wants(publish, play)
        check_may(case, server, "publish", want_publish, name=f"a{i}", page=page)
        check_may(case, server, "play", want_play, name=f"a{i}", page=page)
    for page in (None, "http://b.example/", "http://tv.a.example.b.example/", "http://b.example/tv.a.example"):
        check_may(case, server, "publish", NO_CONNECT, page=page)
        check_may(case, server, "play", (b"NetConnection.Connect.Rejected", 403), page=page)
    reload(server, vhost="refer { enabled off; all a.example; }")
    check_may(case, server, "play", True)
    reload(server, vhost="refer { enabled on; play b.example; }")
    check_may(case, server, "play", True, page="http://b.example/")
    check_may(case, server, "play", NO_PLAY, page="http://tv.a.example/")
    check_may(case, server, "publish", True, name="any")


def many_who_are_refused(case):
    """What they cost is a line each at first and then one a second, and no place."""
    server = case.server(vhost="security { enabled on; allow publish all; allow play all; deny play 127.0.0.2; }")
    others = Others(case, server)
    for i in range(150):
        check(ask_http(case, server, "witness", at="127.0.0.2") == 403, "a player that was denied")
        check(ask_rtmp(case, server, "play", "witness", at="127.0.0.2") is not True, "a player that was denied")
    lines = [line for line in server.log_lines("warn") if "SecurityDeny" in line]
    check(190 <= len(lines) < 240, f"{len(lines)} lines about 300 refusals")
    others.check_well()
    wait_until(lambda: len(server.api_get("clients/?count=100")["clients"]) == 4, 5, "nobody else there")


# ---- limits ----------------------------------------------------------------------------------

NO_PLACE = (b"has all the players that it may have", 503)
NO_BANDWIDTH = (b"is used up", 503)


def players_at_once(case):
    server = case.server(vhost="limits { max_players 5; max_players_per_stream 4; }", top=METRICS)
    others = Others(case, server)  # three of them
    check(ask_rtmp(case, server, "publish", "y") is True, "publishers are not counted")
    more = FlvPlayer(case, server, "witness")
    more.wait_media(5, 5)
    check_may(case, server, "play", NO_PLACE, name="witness")
    check(limited(server) == {"max_players_per_stream": 3}, f"{limited(server)}")
    check(may(case, server, "play", "ws", name="y") is True, "a player of another stream")
    check_may(case, server, "play", NO_PLACE, name="z")
    check(limited(server) == {"max_players_per_stream": 3, "max_players": 3}, f"{limited(server)}")
    wait_until(lambda: server.output().count("(LimitPlayers)") == 6, 5, "six lines in the log")
    reload(server, vhost="limits { max_players 6; }")
    check(may(case, server, "play", "flv", name="witness") is True, "a player after a reload")
    check_may(case, server, "play", NO_PLACE, name="witness")
    reload(server, vhost="limits { max_players 2; }")  # who is there stays
    check_may(case, server, "play", NO_PLACE, name="y")
    others.check_well()
    reload(server)
    check_may(case, server, "play", True, name="witness")
    more.close()


def place_after_one_has_left(case):
    server = case.server(vhost="limits { max_players 1; }")
    for leaver in (FlvPlayer, RtmpPlayer, WsPlayer):
        one = leaver(case, server, "nobody")
        wait_until(lambda: len(server.api_get("clients/?count=9")["clients"]) == 1, 5, "the player")
        check_may(case, server, "play", NO_PLACE, name="nobody")
        one.close()
        wait_until(lambda: not server.api_get("clients/?count=9")["clients"], 5, "its end")


def publishers_at_once(case):
    server = case.server(vhost="limits { max_publishers 2; }", top=METRICS)
    others = Others(case, server)
    second = case.publish(server, "y", thin())
    server.wait_live("y")
    third = case.publish(server, "z", thin())
    check(third.wait(10) != 0, "ffmpeg published a third stream")
    no_place = (b"has all the publishers that it may have", 0)
    check_may(case, server, "publish", no_place, name="z")
    check_may(case, server, "publish", (b"BadName", 0), name="y")  # of a name that is taken that is said
    wait_until(lambda: server.output().count("(LimitPublishers)") == 2, 5, "two lines in the log")
    check(limited(server) == {"max_publishers": 2}, f"{limited(server)}")
    second.end()
    wait_until(lambda: "y" not in server.streams(), 5, "its end")
    case.publish(server, "z", thin())
    server.wait_live("z")
    others.check_well()


def publisher_above_its_bandwidth(case):
    """ffmpeg sends more than it may: it is told and ended after some seconds; who sends less stays."""
    server = case.server(vhost="limits { in_bandwidth_per_stream 1000; }", top=METRICS)
    others = Others(case, server)
    above = case.publish(server, "x", fat())
    server.wait_live("x")
    player = FlvPlayer(case, server, "x")
    player.wait_media(5, 50)
    check(above.wait(25) != 0, "ffmpeg was not told that it was ended")
    wait_until(lambda: not server.is_active("x"), 5, "its end")
    wait_until(lambda: "close code=7072(LimitBandwidth)" in server.output(), 5, "the reason in the log")
    said = re.search(r"end publisher stream=\S+/x client=\S+ kbps=(\d+) in_bandwidth_per_stream=1000", server.output())
    check(said and 1000 < int(said.group(1)) < 5000, "how much it sent, in the log")
    pictures = len(player.pictures())
    check(pictures > 60, f"it was ended after {pictures} pictures already")  # 2.4 s at 25 a second
    check(limited(server) == {"in_bandwidth_per_stream": 1}, f"{limited(server)}")
    others.check_well()
    reload(server, vhost="limits { in_bandwidth_per_stream 5000; }")
    case.publish(server, "x", fat())
    server.wait_live("x")
    player.wait_media(15, len(player.media()) + 500)  # 7 s
    check(server.is_active("x"), "ended below its limit")


def used_up(server, verb, name):
    """Until that is refused; who is let in before leaves again."""
    def refused():
        with contextlib.ExitStack() as visit:
            return may(visit, server, verb, name=name) is not True
    wait_until(refused, 20, f"the end of the bandwidth to {verb}")


def bandwidth_of_players(case):
    server = case.server(vhost="limits { out_bandwidth 2500; out_bandwidth_per_stream 1500; }", top=METRICS)
    case.publish(server, "fat", fat())
    server.wait_live("fat")
    one, _ = FlvPlayer(case, server, "fat"), RtmpPlayer(case, server, "fat")
    one.wait_media(5, 50)
    used_up(server, "play", "fat")
    check_may(case, server, "play", NO_BANDWIDTH, name="fat")
    check("out_bandwidth" in limited(server) or "out_bandwidth_per_stream" in limited(server), f"{limited(server)}")
    wait_until(lambda: "(LimitBandwidth)" in server.output(), 5, "the reason in the log")
    seen = len(one.media())
    one.wait_media(5, seen + 50, "who was there plays on")
    one.check_order()
    reload(server, vhost="limits { out_bandwidth 250000; out_bandwidth_per_stream 150000; }")
    check_may(case, server, "play", True, name="fat")


def bandwidth_of_addresses(case):
    """Of the client that a proxy names: others behind the same proxy are not touched."""
    server = case.server(top=METRICS + "in_bandwidth_per_ip 1500; out_bandwidth_per_ip 1500; proxy_from 127.0.0.9;\n")
    case.publish(server, "fat", fat())
    server.wait_live("fat")
    other = {"at": "127.0.0.9", "header": v1("192.0.2.7")}
    used_up(server, "publish", "second")
    check_may(case, server, "publish", (b"is used up", 0), name="third")
    check_may(case, server, "publish", True, name="fourth", **other)
    check_may(case, server, "play", True, name="fourth")  # this address sends much, and gets nothing
    one = FlvPlayer(case, server, "fat")
    used_up(server, "play", "fourth")
    check_may(case, server, "play", NO_BANDWIDTH, name="fat")
    check_may(case, server, "play", True, name="fat", **other)
    got = limited(server)
    check(set(got) == {"in_bandwidth_per_ip", "out_bandwidth_per_ip"}, f"{got}")
    one.wait_media(5, len(one.media()) + 50, "who was there plays on")


if __name__ == "__main__":
    main({f.__name__: f for f in (
        rules_about_addresses, rules_behind_a_proxy_of_requests, pages, many_who_are_refused, players_at_once,
        place_after_one_has_left, publishers_at_once, publisher_above_its_bandwidth, bandwidth_of_players,
        bandwidth_of_addresses)})
