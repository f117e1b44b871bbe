#!/usr/bin/env python3
"""nginx in front that ends TLS: streams, the API and the console through it, and who the client then is: told by headers of the
requests or by the PROXY protocol, to the API and to the rules about addresses, and only by a proxy that is configured."""
import base64
import http.client
import json
import os
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import check, free_port, main, make_flv, wait_until
from nginx import start_nginx
from tls import TlsFlvPlayer, client_context, make_certificate
from wire import FlvPlayer, FlvReader

# Through `forwarded` the client is in X-Forwarded-For, through `real` in X-Real-IP, through `proxied` and `proxied_api` in the
# PROXY protocol.
TEXT = """
http {{
    access_log off;
    proxy_temp_path {folder}/proxy;
    client_body_temp_path {folder}/body;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_certificate {cert};
    ssl_certificate_key {key};
    map $http_upgrade $wanted {{ default upgrade; '' ''; }}
    proxy_http_version 1.1;
    proxy_buffering off;
    server {{
        listen 127.0.0.1:{forwarded} ssl;
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $wanted;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Real-IP "";
        location /api/ {{ proxy_pass http://127.0.0.1:{api}; }}
        location /console/ {{ proxy_pass http://127.0.0.1:{api}; }}
        location / {{ proxy_pass http://127.0.0.1:{http}; }}
    }}
    server {{
        listen 127.0.0.1:{real} ssl;
        proxy_set_header Connection "";
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For "";
        location / {{ proxy_pass http://127.0.0.1:{http}; }}
    }}
}}
stream {{
    ssl_certificate {cert};
    ssl_certificate_key {key};
    proxy_protocol on;
    server {{ listen 127.0.0.1:{proxied} ssl; proxy_pass 127.0.0.1:{http}; }}
    server {{ listen 127.0.0.1:{proxied_api} ssl; proxy_pass 127.0.0.1:{api}; }}
}}
"""
PORTS = ("forwarded", "real", "proxied", "proxied_api")
WAYS = ("forwarded", "real", "proxied")
PROXY = "127.0.0.1"  # where nginx dials from
GOOD, BAD = "127.0.0.5", "127.0.0.6"  # clients


def front(case, server):
    """server.forwarded and so on are the ports of nginx."""
    cert, key = make_certificate(case.folder, "front", ["localhost", "127.0.0.1"])
    for name in PORTS:
        setattr(server, name, free_port())
    ports = {name: getattr(server, name) for name in (*PORTS, "http", "api")}
    start_nginx(case, TEXT.format(folder=case.folder, cert=cert, key=key, **ports), server.forwarded, ["stream"])


def start(case, **options):
    server = case.server(**options)
    front(case, server)
    case.publish(server, "show", make_flv(40, name="small", size="320x180", kbps=300))
    server.wait_live("show")
    return server


def dial(case, port, source=GOOD):
    sock = socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0))
    sock = client_context().wrap_socket(sock, server_hostname="localhost")
    case.callback(sock.close)
    return sock


def status_of(sock):
    """Of the answer, whose head alone is read."""
    answer = http.client.HTTPResponse(sock)
    answer.begin()
    return answer.status


def play(case, port, source=GOOD, lines="", path="/live/show.flv"):
    """The status of the answer; what plays goes on."""
    sock = dial(case, port, source)
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
    return status_of(sock)


def ask(port, path, method="GET"):
    """(status, headers, body)."""
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=client_context(),
                                             source_address=(GOOD, 0))
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def addresses(server):
    """Of players, sorted."""
    return sorted(c["ip"] for c in server.api_get("clients/?count=100")["clients"] if not c["publish"])


def wait_addresses(server, *wanted):
    wait_until(lambda: addresses(server) == sorted(wanted), 10, f"players from {wanted}")


# ---- what goes through -------------------------------------------------------------------------


def websocket_tags(case, port, count):
    """FLV tags that came in binary frames."""
    sock = dial(case, port)
    key = base64.b64encode(os.urandom(16)).decode()
    sock.sendall(f"GET /live/show.flv HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
    reader, tags = FlvReader(), []
    with sock.makefile("rb") as file:
        line = file.readline()
        check(line.startswith(b"HTTP/1.1 101 "), f"answer {line!r}")
        while file.readline() not in (b"\r\n", b""):
            pass
        while len(tags) < count:
            first, size = file.read(2)
            check(first == 0x82, f"a frame {first:x}")
            size = int.from_bytes(file.read({126: 2, 127: 8}[size]), "big") if size > 125 else size
            tags += reader.feed(file.read(size), 0.0)
    return tags


def streams_through_nginx(case):
    server = start(case, top=f"proxy_from {PROXY};\n")
    direct = FlvPlayer(case, server, "show")
    for port in (server.forwarded, server.real, server.proxied):
        server.https, server.rtmps = port, 0
        player = TlsFlvPlayer(case, server, "show")
        player.wait_media(10, 120)
        player.check_order()
        check(len(player.pictures()) > 30, f"{len(player.pictures())} pictures")
    for port in (server.forwarded, server.proxied):
        pictures = [tag for tag in websocket_tags(case, port, 120) if tag.is_picture()]
        check(len(pictures) > 30 and pictures[0].is_key(), f"{len(pictures)} pictures by WebSocket")
    direct.check_well()


def api_and_console_through_nginx(case):
    server = start(case, top=f"proxy_from {PROXY};\n")
    check(play(case, server.forwarded) == 200, "a player")
    wait_addresses(server, GOOD)
    for port in (server.forwarded, server.proxied_api):
        status, _, body = ask(port, "/api/v1/clients/")
        clients = json.loads(body)["clients"]
        check(status == 200 and GOOD in [c["ip"] for c in clients], f"{status} {clients}")
        status, headers, body = ask(port, "/console/")
        check(status == 200 and headers["Content-Type"] == "text/html; charset=utf-8", f"console: {status} {headers}")
        check("script-src 'self'" in headers["Content-Security-Policy"], f"console: {headers}")
        check(b"console.js" in body and ask(port, "/console/console.js")[0] == 200, "the console's files")
    player = next(c for c in server.api_get("clients/")["clients"] if not c["publish"])
    status, _, body = ask(server.forwarded, f"/api/v1/clients/{player['id']}", "DELETE")
    check(status == 200 and json.loads(body)["code"] == 0, f"kick: {status} {body}")
    wait_addresses(server)


# ---- who the client is -------------------------------------------------------------------------


def clients_of_a_configured_proxy(case):
    server = start(case, top=f"proxy_from {PROXY};\n")
    wanted = []
    for name in WAYS:
        wanted.append(GOOD)
        check(play(case, getattr(server, name)) == 200, name)
        wait_addresses(server, *wanted)
    # nginx adds whom it saw behind what the client made up.
    for lines in ("X-Forwarded-For: 192.0.2.1\r\n", f"X-Forwarded-For: 192.0.2.1, {PROXY}\r\n"):
        wanted.append(BAD)
        check(play(case, server.forwarded, BAD, lines) == 200, lines)
        wait_addresses(server, *wanted)
    # Behind the PROXY protocol a client's own header is its own invention.
    wanted.append(BAD)
    check(play(case, server.proxied, BAD, "X-Forwarded-For: 192.0.2.1\r\nX-Real-IP: 192.0.2.1\r\n") == 200, "PROXY")
    wait_addresses(server, *wanted)
    check("not believed" in server.output(), "no warning of a header that a client made up")


RULES = f"security {{ enabled on; deny play {BAD}; allow play {GOOD}; allow publish all; }}"


def rules_see_the_client(case):
    server = start(case, top=f"proxy_from {PROXY};\n", vhost=RULES)
    for name in WAYS:
        port = getattr(server, name)
        check(play(case, port) == 200, f"{name}: {GOOD} is not let in")
        refused = play(case, port, BAD)
        check(refused in (401, 403), f"{name}: {BAD} gets {refused}")
        made_up = play(case, port, BAD, f"X-Forwarded-For: {GOOD}\r\nX-Real-IP: {GOOD}\r\n")
        check(made_up in (401, 403), f"{name}: {BAD} gets {made_up} as {GOOD}")
    wait_addresses(server, *[GOOD] * len(WAYS))
    # Past the proxy: not believed about itself.
    for source, lines, good in ((GOOD, f"X-Forwarded-For: {BAD}\r\n", True), (BAD, f"X-Forwarded-For: {GOOD}\r\n", False)):
        sock = socket.create_connection(("127.0.0.1", server.http), timeout=10, source_address=(source, 0))
        case.callback(sock.close)
        sock.sendall(f"GET /live/show.flv HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
        check((status_of(sock) == 200) == good, f"{source} that sends {lines.strip()}")


def others_are_not_believed(case):
    server = start(case, top="proxy_from 192.0.2.0/24;\n", vhost=RULES.replace(GOOD, PROXY))
    for name in WAYS:
        check(play(case, getattr(server, name), BAD) == 200, f"{name}: the rules see another one than {PROXY}")
    wait_addresses(server, *[PROXY] * len(WAYS))
    warned = [line for line in server.log_lines("warn") if "not believed" in line]
    check(len(warned) == 2, f"one warning of each kind: {warned}")
    for what in ("PROXY protocol", "X-Forwarded-For"):
        check(any(what in line and f"peer={PROXY}" in line for line in warned), f"no warning of {what}: {warned}")


CASES = [streams_through_nginx, api_and_console_through_nginx, clients_of_a_configured_proxy, rules_see_the_client,
         others_are_not_believed]
main({case.__name__: case for case in CASES}, parallel=2)
