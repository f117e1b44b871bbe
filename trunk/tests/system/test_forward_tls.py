#!/usr/bin/env python3
"""Streams copied to other servers inside TLS: to one of ours and to nginx-rtmp behind nginx's TLS, whose certificates are
looked at, targets that die and come back, and peers that are no TLS servers."""
import os
import re
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import check, free_port, main, make_flv, need, probe, wait_until
from nginx import can_dial
from test_forward import forward, log_count, media, wait_log, watch
from tls import make_certificate, tls_server
from wire import RtmpPlayer, read_flv

NGINX = """load_module {modules}/ngx_rtmp_module.so;
load_module {modules}/ngx_stream_module.so;
user root;
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
rtmp {{
    access_log off;
    server {{ listen 127.0.0.1:{port}; application live {{ live on; }} }}
}}
stream {{
    server {{
        listen 127.0.0.1:{secure} ssl;
        ssl_certificate {cert};
        ssl_certificate_key {key};
        ssl_protocols {version};
        proxy_pass 127.0.0.1:{port};
    }}
}}
"""
MODULES = "/usr/lib/nginx/modules"
PLAIN = """daemon off; srs_log_tank console; max_connections 100; rtmp { listen @RTMP@; }
    http_api { enabled on; listen @API@; } http_server { enabled on; listen @HTTP@; }\n"""


def secure(port, host="localhost"):
    return f"rtmps://{host}:{port}"


def believing(cert, *targets):
    return f"forward {{ enabled on; destination {' '.join(targets)}; tls_ca {cert}; }}"


def certificate(case, name="one", names=("localhost", "127.0.0.1"), **options):
    return make_certificate(case.folder, name, list(names), **options)


def expired(case):
    """(certificate, key) of a certificate that was good for a month of 2020."""
    config, (cert, key) = case.path("ca.conf"), certificate(case, "old")
    with open(config, "w", encoding="ascii") as file:
        file.write(f"[ca]\ndefault_ca = here\n[here]\ndir = {case.folder}\ndatabase = {case.path('ca.txt')}\n"
                   f"new_certs_dir = {case.folder}\nserial = {case.path('ca.serial')}\npolicy = any\ncopy_extensions = copy\n"
                   "[any]\norganizationName = optional\n")
    with open(case.path("ca.txt"), "w", encoding="ascii"):
        pass
    for command in (["req", "-new", "-key", key, "-subj", "/O=old", "-addext", "subjectAltName=DNS:localhost", "-out",
                     case.path("old.csr")],
                    ["ca", "-batch", "-selfsign", "-notext", "-config", config, "-create_serial", "-md", "sha256", "-keyfile", key,
                     "-in", case.path("old.csr"), "-out", cert, "-startdate", "20200101000000Z", "-enddate", "20200201000000Z"]):
        done = subprocess.run(["openssl", *command], capture_output=True, check=False)
        check(done.returncode == 0, f"openssl {command[0]}: {done.stderr.decode()[-400:]}")
    return cert, key


def reload(server, text):
    with open(server.command[server.command.index("-c") + 1], "w", encoding="utf-8") as file:
        file.write(text)
    server.process.send_signal(signal.SIGHUP)


# ---- cases -----------------------------------------------------------------------------------


def case_to_srs(case):
    """The target shows the certificate that is asked for by name; all that is published arrives."""
    other, own = certificate(case, "other", ["other.example"]), certificate(case)
    target = tls_server(case, certs=[other, own])
    server = case.server(vhost=believing(own[0], secure(target.rtmps)))
    case.publish(server, "copied", media(), query="?k=v")
    target.wait_live("copied")
    watch(case, target, "copied")
    wait_log(server, rf"forward: publish to=rtmps://localhost:{target.rtmps} stream=\S+ attempt=1 tls=TLSv1\.3 TLS_")
    clients = target.api_get("clients/?count=100")["clients"]
    check(any(c["tcUrl"] == f"rtmps://localhost:{target.rtmps}/live" and c["publish"] for c in clients),
          f"the copy among {[c['tcUrl'] for c in clients]}")


def case_whole_file(case):
    """Up to the last picture, which leaves in front of the goodbye."""
    own = certificate(case)
    target = tls_server(case, certs=[own])
    server = case.server(vhost=believing(own[0], secure(target.rtmps, "127.0.0.1")), asan=True)
    viewer = RtmpPlayer(case, target, "once")
    path = make_flv(4, name="fat-short", size="640x360", kbps=3000)
    case.publish(server, "once", path, loop=False).wait(30)
    whole = [t.body[5:] for t in read_flv(path) if t.is_picture()]
    wait_until(lambda: len(viewer.pictures()) >= len(whole), 15, f"{len(whole)} pictures")
    viewer.check_well()
    check([t.body[5:] for t in viewer.pictures()] == whole, "the copy's pictures are not the file's")
    wait_log(server, r"forward: end to=")
    wait_log(target, r"rtmp: unpublish stream=\S+/once")
    check(log_count(target, "TlsRead") == 0, "the target saw the connection torn")


def case_certificates_are_refused_by_name(case):
    """Another name, another address, an unknown authority, one that has expired: each vhost one of them, and a plain
    destination beside them that goes on."""
    other = certificate(case, "other", ["other.example"])
    own, old = certificate(case), expired(case)
    wrong, right, late = tls_server(case, certs=[other]), tls_server(case, certs=[own]), tls_server(case, certs=[old])
    rows = {"name": (believing(other[0], secure(wrong.rtmps)), "hostname mismatch"),
            "address": (believing(other[0], secure(wrong.rtmps, "127.0.0.1")), "IP address mismatch"),
            "unknown": (forward(secure(right.rtmps)), "self-signed certificate"),
            "elses": (believing(other[0], secure(right.rtmps)), "self-signed certificate"),
            "expired": (believing(old[0], secure(late.rtmps), f"127.0.0.1:{right.rtmp}"), "certificate has expired")}
    server = case.server(PLAIN + "".join(f"vhost {name}.example {{ {text} }}\n" for name, (text, _) in rows.items()))
    for name in rows:
        case.publish(server, name, media(), app=f"live?vhost={name}.example")
    for name, (_, why) in rows.items():
        wait_log(server, rf"forward: lost.*TlsHandshake.*attempt 1, next in \d+ ms.*certificate refused: {why}")
        wait_log(server, rf"stream={name}\.example/live/{name}\b")
    wait_log(server, rf"forward: publish to=127\.0\.0\.1:{right.rtmp} stream=expired")
    wait_log(server, r"forward: lost.*attempt 2,.*certificate refused", count=len(rows))
    check(log_count(server, r"forward: publish to=rtmps") == 0, "a wrong certificate was taken")


def case_not_verified(case):
    """Any certificate will do, and that is told."""
    target = tls_server(case, certs=[certificate(case, "other", ["other.example"])])
    server = case.server(vhost=forward(secure(target.rtmps) + "; tls_verify off"))
    wait_log(server, r"warn .*config: forward\.tls_verify is off")
    case.publish(server, "any", media())
    target.wait_live("any")
    watch(case, target, "any")


def case_authorities_of_the_system(case):
    """Without a file of one's own; the usual variable stands for the system's."""
    own = certificate(case)
    target = tls_server(case, certs=[own])
    server = case.server(vhost=forward(secure(target.rtmps)), environment={"SSL_CERT_FILE": own[0]})
    server.wait_for_listeners()
    case.publish(server, "system", media())
    target.wait_live("system")
    watch(case, target, "system")


def case_reload_changes_authorities(case):
    """A file that is not there refuses the reload; a good one counts for the next publisher, and the copy that runs
    goes on."""
    own, other = certificate(case), certificate(case, "other", ["other.example"])
    target = tls_server(case, certs=[own])
    server = case.server(vhost=believing(other[0], secure(target.rtmps)))
    first = case.publish(server, "first", media())
    wait_log(server, r"forward: lost.*certificate refused")
    reload(server, server.text("", believing("/nowhere.pem", secure(target.rtmps)), ""))
    wait_log(server, r"error .*reload: refused.*forward\.tls_ca of vhost __defaultVhost__.*/nowhere\.pem")
    server.expect_error(r"reload: refused")
    reload(server, server.text("", believing(own[0], secure(target.rtmps)), ""))
    wait_log(server, r"reload: done.*vhost\.forward\.tls_ca")
    case.publish(server, "second", media())
    target.wait_live("second")
    reload(server, server.text("", believing(other[0], secure(target.rtmps)), ""))
    wait_log(server, r"reload: done", count=2)
    watch(case, target, "second")
    check(first.running() and "first" not in target.streams(), "the first copy was taken")


def case_start_without_authorities(case):
    server = case.server(PLAIN + "vhost __defaultVhost__ { %s }" % believing("./no-such.pem", "rtmps://localhost"),
                         arguments=[])
    check(server.wait(10) != 0, "it started")
    check(re.search(r"TlsSslFile.*forward\.tls_ca of vhost __defaultVhost__.*authorities \./no-such\.pem", server.output()),
          server.output()[-400:])
    case.servers.remove(server)


def case_killed_and_back(case):
    own = certificate(case)
    text = """daemon off; srs_log_tank console; max_connections 100; rtmp { listen @RTMP@; }
        rtmps { enabled on; listen %d; cert %s; key %s; } http_api { enabled on; listen @API@; }
        http_server { enabled on; listen @HTTP@; } vhost __defaultVhost__ { http_remux { enabled on; } }\n"""
    port = free_port()
    target = case.server(text % (port, *own))
    wait_until(lambda: target.listens(port), 10, "the port of RTMPS")
    server = case.server(vhost=believing(own[0], secure(port)))
    publisher = case.publish(server, "back", media())
    target.wait_live("back")
    local = RtmpPlayer(case, server, "back")
    local.wait_media(10, 20)
    case.servers.remove(target)
    target.kill()
    wait_log(server, r"forward: lost.*attempt 1,")
    again = case.server(text % (port, *own))
    again.wait_live("back", seconds=40)
    watch(case, again, "back", what="the copy after its target came back")
    check(publisher.running(), "the publisher ended")
    local.check_well()
    check(local.largest_gap() < 3, f"a player here had a gap of {local.largest_gap():.1f} s meanwhile")
    local.close()


def case_peers_that_are_no_tls_servers(case):
    """One that says nothing, one that closes at once, and a plain RTMP port."""
    plain = case.server()
    mute, closing = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    case.callback(mute.close)
    own = certificate(case)
    server = case.server(vhost=believing(own[0], secure(mute.getsockname()[1]), secure(closing.getsockname()[1], "127.0.0.1"),
                                         secure(plain.rtmp)))
    publisher = case.publish(server, "nobody", media())
    closing.settimeout(10)
    closing.accept()[0].close()
    closing.close()
    wait_log(server, r"forward: lost.*to rtmps://127\.0\.0\.1:\d+, attempt 1,.*(the peer left in the handshake|Socket)")
    wait_log(server, rf"forward: lost.*TlsHandshake.*to rtmps://localhost:{plain.rtmp}, attempt 1,")
    wait_log(server, r"forward: lost.*SocketTimeout.*attempt 1,.*TLS handshake not complete in time", 25)
    viewer = RtmpPlayer(case, server, "nobody")
    viewer.wait_media(10, 30)
    viewer.close()
    publisher.end()
    wait_log(server, r"forward: end to=", 10, 3)


def through_nginx(case, version, words):
    need("/usr/sbin/nginx", "nginx-light")
    for module in ("stream", "rtmp"):
        check(os.path.exists(f"{MODULES}/ngx_{module}_module.so"), f"Debian package libnginx-mod-{module} is not installed")
    own = certificate(case)
    port, tls_port, folder = free_port(), free_port(), case.path("nginx")
    os.makedirs(folder, exist_ok=True)
    config = os.path.join(folder, "nginx.conf")
    with open(config, "w", encoding="ascii") as file:
        file.write(NGINX.format(modules=MODULES, folder=folder, port=port, secure=tls_port, cert=own[0], key=own[1],
                                version=version))
    program = case.program(["/usr/sbin/nginx", "-p", folder, "-c", config])
    wait_until(lambda: check(program.running(), f"nginx ended: {program.output()}") or can_dial(tls_port), 10, "nginx")
    server = case.server(vhost=believing(own[0], secure(tls_port, "127.0.0.1")))
    case.publish(server, "ng", media())
    wait_log(server, rf"forward: publish to=rtmps://.* tls={words}")
    account = probe(f"rtmp://127.0.0.1:{port}/live/ng", seconds=3)
    kinds = sorted(stream["codec_name"] for stream in account["streams"])
    check(kinds == ["aac", "h264"], f"streams at nginx: {kinds}")
    digests = {packet["data_hash"] for packet in probe(media())["packets"]}
    got = [packet for packet in account["packets"] if packet["codec_type"] == "video"]
    check(len(got) > 30, f"{len(got)} packets at nginx")
    check(all(packet["data_hash"] in digests for packet in got), "packets at nginx are not the file's")
    program.kill()
    wait_log(server, r"forward: lost.*attempt 1,")


def case_to_nginx(case):
    through_nginx(case, "TLSv1.3", r"TLSv1\.3 TLS_")


def case_to_nginx_with_the_older_version(case):
    through_nginx(case, "TLSv1.2", r"TLSv1\.2 ECDHE-")


def case_many_publishers_come_and_go(case):
    own = certificate(case)
    target = tls_server(case, certs=[own])
    server = case.server(vhost=believing(own[0], secure(target.rtmps)), asan=True)
    for turn in range(3):
        publisher = case.publish(server, "again", media())
        wait_log(server, r"forward: publish to=", 20, turn + 1)
        publisher.end()
        wait_log(server, r"forward: end to=", 10, turn + 1)
        wait_log(target, r"rtmp: unpublish stream=\S+/again", 10, turn + 1)


if __name__ == "__main__":
    main({name[len("case_"):]: function for name, function in list(globals().items())
          if name.startswith("case_")}, parallel=3)
