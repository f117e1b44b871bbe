#!/usr/bin/env python3
"""Who a client is, behind proxies: the PROXY protocol in both versions, the header that SRS reads before an RTMP handshake
and the headers of HTTP, from proxies that are believed and from others."""
import json
import os
import signal
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import check, main, make_flv, wait_until
from tls import client_context, tls_server
from wire import FlvPlayer, Rtmp, command

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def thin():
    return make_flv(40, name="small", size="320x180", kbps=300)


def v1(ip, port=5000):
    return f"PROXY TCP{6 if ':' in ip else 4} {ip} {'::1' if ':' in ip else '127.0.0.1'} {port} 1935\r\n".encode()


def v2(ip, port=5000, tlvs=b""):
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    source = socket.inet_pton(family, ip)
    body = source + bytes(len(source)) + struct.pack(">HH", port, 1935) + tlvs
    return SIGNATURE + bytes([0x21, 0x21 if ":" in ip else 0x11]) + struct.pack(">H", len(body)) + body


def srs_header(ip, more=b""):
    return b"\xf3" + struct.pack(">H", 4 + len(more)) + socket.inet_aton(ip) + more


def address_of(server, name):
    """`ip` of the client with that name, as soon as it is there."""
    def found():
        return [c["ip"] for c in server.api_get("clients/?count=100")["clients"] if c["name"].split(".")[0] == name]
    return wait_until(found, 5, f"client {name}")[0]


def play_rtmp(case, server, name, header=b"", inside=b"", port=None):
    sock = socket.create_connection(("127.0.0.1", port or server.rtmp), timeout=10)
    case.callback(sock.close)
    sock.sendall(header)
    if port == vars(server).get("rtmps") and port:
        sock = client_context().wrap_socket(sock, server_hostname="localhost")
        sock.sendall(inside)
    client = Rtmp(sock=sock).handshake().connect(server).create_stream()
    client.send(command("play", 4, None, name, -2000, msid=1, csid=8))
    return client


def play_http(case, server, name, header=b"", lines="", port=None):
    sock = socket.create_connection(("127.0.0.1", port or server.http), timeout=10)
    case.callback(sock.close)
    sock.sendall(header)
    if port:
        sock = client_context().wrap_socket(sock, server_hostname="localhost")
    sock.sendall(f"GET /live/{name}.flv HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
    return sock


def clients_of_believed_proxies(case):
    server = tls_server(case)
    rows = [("192.0.2.7", dict(header=v1("192.0.2.7"))), ("2001:db8::7", dict(header=v1("2001:db8::7"))),
            ("192.0.2.8", dict(header=v2("192.0.2.8"))), ("2001:db8::8", dict(header=v2("2001:db8::8", tlvs=b"\4\0\3abc"))),
            ("127.0.0.1", dict(header=b"PROXY UNKNOWN\r\n")), ("127.0.0.1", dict(header=SIGNATURE + b"\x20\0\0\0"))]
    players = []
    for i, (ip, how) in enumerate(rows):
        players.append(play_rtmp(case, server, f"r{i}", **how))
        players.append(play_http(case, server, f"h{i}", **how))
        players.append(play_rtmp(case, server, f"s{i}", port=server.rtmps, **how))
        players.append(play_http(case, server, f"t{i}", port=server.https, **how))
        for kind in "rhst":
            check(address_of(server, f"{kind}{i}") == ip, f"{kind}{i} is not {ip}")
    for name, ip, how in (("f1", "192.168.1.2", dict(header=srs_header("192.168.1.2"))),
                          ("f2", "192.168.200.250", dict(header=srs_header("192.168.200.250", bytes(100)))),
                          ("f3", "127.0.0.1", dict(header=b"\xf3\0\2ab")),
                          ("f4", "10.9.8.7", dict(port=server.rtmps, inside=srs_header("10.9.8.7")))):
        players.append(play_rtmp(case, server, name, **how))
        check(address_of(server, name) == ip, f"{name} is not {ip}")
    log = server.output()
    check("client of a proxy peer=192.0.2.7:5000 proxy=127.0.0.1:" in log, "the client is not in the log")
    check("not believed" not in log, "a believed proxy was warned of")


def clients_in_requests(case):
    server = case.server()
    for name, ip, lines in (("a", "192.0.2.7", "X-Forwarded-For: 192.0.2.7\r\n"),
                            ("b", "192.0.2.8", "X-Forwarded-For: 9.9.9.9, 192.0.2.8, 127.0.0.9\r\n"),
                            ("c", "192.0.2.9", "X-Real-IP: 192.0.2.9\r\n"),
                            ("d", "192.0.2.10", "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 192.0.2.10\r\n"),
                            ("e", "2001:db8::7", "X-Forwarded-For: 2001:db8::7\r\n"),
                            ("f", "127.0.0.1", "X-Forwarded-For: somebody\r\n")):
        play_http(case, server, name, lines=lines)
        check(address_of(server, name) == ip, f"{name} is not {ip}")
    # Who is named by the PROXY protocol is no proxy: what it says in its request is its own invention.
    play_http(case, server, "g", header=v1("198.51.100.1"), lines="X-Forwarded-For: 192.0.2.7\r\n")
    check(address_of(server, "g") == "198.51.100.1", "a client's own header was believed")


def others_are_not_believed(case):
    server = case.server(top="proxy_from 192.0.2.0/24;\n")
    case.publish(server, "x", thin())
    server.wait_live("x")
    for i in range(3):
        play_rtmp(case, server, f"a{i}", header=v1("192.0.2.7"))
        play_rtmp(case, server, f"b{i}", header=srs_header("192.0.2.7"))
        play_http(case, server, f"c{i}", lines="X-Forwarded-For: 192.0.2.7\r\n")
        for kind in "abc":
            check(address_of(server, f"{kind}{i}") == "127.0.0.1", f"{kind}{i} was believed")
    warned = [line for line in server.log_lines("warn") if "not believed" in line]
    check(len(warned) == 3, f"one warning of each kind, not {warned}")
    check(all("peer=127.0.0.1" in line and "add it to proxy_from" in line for line in warned), f"what to set in {warned}")
    path = server.command[server.command.index("-c") + 1]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("proxy_from 192.0.2.0/24;", "proxy_from 127.0.0.1;"))
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "reload: done" in server.output(), 5, "the reload")
    check("directives=proxy_from" in server.output(), "the reload does not name proxy_from")
    play_rtmp(case, server, "late", header=v1("192.0.2.7"))
    check(address_of(server, "late") == "192.0.2.7", "proxy_from does not take effect at a reload")


def headers_in_pieces_and_bad_ones(case):
    server = case.server()
    case.publish(server, "x", thin())
    server.wait_live("x")
    witness = FlvPlayer(case, server, "x")
    witness.wait_media(5, 20)
    for kind, port in ((v1, server.rtmp), (v2, server.rtmp)):
        sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        case.callback(sock.close)
        for byte in kind("192.0.2.7"):
            sock.sendall(bytes([byte]))
        name = f"pieces{kind.__name__}"
        Rtmp(sock=sock).handshake().connect(server).create_stream().send(
            command("play", 4, None, name, -2000, msid=1, csid=8))
        check(address_of(server, name) == "192.0.2.7", "a header in single bytes")
    rows = [(server.rtmp, b"PROXY TCP4 x y 1 2\r\n", "ProxyHeader"), (server.http, b"PROXY " + b"x" * 200, "ProxyHeader"),
            (server.api, SIGNATURE + b"\x21\x11\xff\xff", "ProxyHeader"), (server.rtmp, b"\xf3\x04\x01", "RtmpProxy")]
    for port, words, code in rows:
        before = server.output().count(f"({code})")
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            sock.sendall(words)
            sock.shutdown(socket.SHUT_WR)
            try:
                check(sock.recv(100) == b"", f"an answer to {words[:20]}")
            except ConnectionResetError:
                pass
        wait_until(lambda: server.output().count(f"({code})") == before + 1, 3, f"{code} in the log")
    witness.check_well()
    check(witness.largest_gap() < 0.65, f"the witness waited {witness.largest_gap():.2f} s")


CASES = [clients_of_believed_proxies, clients_in_requests, others_are_not_believed, headers_in_pieces_and_bad_ones]
if __name__ == "__main__":
    main({case.__name__: case for case in CASES}, parallel=2)
