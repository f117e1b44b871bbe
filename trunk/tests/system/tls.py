"""TLS for the system tests: certificates by the openssl program, a server with all its TLS ports, and players inside TLS."""
import os
import socket
import ssl
import subprocess
import time

from harness import check, free_port, need, wait_until
from wire import FlvPlayer, Rtmp, RtmpPlayer

TLS_PORTS = ("rtmps", "https", "https_api")


def make_certificate(folder, name, names, days=30):
    """(certificate, key) of a self-signed one for these DNS names and addresses."""
    need("openssl", "openssl")
    cert, key = os.path.join(folder, f"{name}.crt"), os.path.join(folder, f"{name}.key")
    listed = ",".join(("IP:" if n[0].isdigit() else "DNS:") + n for n in names)
    done = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                           "-days", str(days), "-subj", f"/O={name}", "-addext", f"subjectAltName={listed}", "-keyout", key,
                           "-out", cert], capture_output=True, check=False)
    check(done.returncode == 0, f"openssl: {done.stderr.decode()[-400:]}")
    return cert, key


def tls_server(case, *, certs=None, top="", vhost="", **options):
    """A server with every port twice; server.rtmps, server.https and server.https_api are the ones inside TLS."""
    certs = certs or [make_certificate(case.folder, "one", ["localhost", "127.0.0.1"])]
    ports = {name: free_port() for name in TLS_PORTS}
    files = f"cert {' '.join(c for c, _ in certs)}; key {' '.join(k for _, k in certs)};"
    text = f"""daemon off; srs_log_tank console; max_connections auto; {top}
        rtmp {{ listen @RTMP@; }}
        rtmps {{ enabled on; listen {ports['rtmps']}; {files} }}
        http_api {{ enabled on; listen @API@; https {{ enabled on; listen {ports['https_api']}; {files} }} }}
        http_server {{ enabled on; listen @HTTP@; https {{ enabled on; listen {ports['https']}; {files} }} }}
        vhost __defaultVhost__ {{ {vhost} http_remux {{ enabled on; }} }}\n"""
    server = case.server(text, **options)
    vars(server).update(ports)
    server.certs = certs
    wait_until(lambda: all(server.listens(port) for port in ports.values()), 10, "listeners of TLS")
    return server


def client_context(cert=None, **options):
    context = ssl.create_default_context(cafile=cert)
    if cert is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    for name, value in options.items():
        setattr(context, name, value)
    return context


class TlsPlayer:
    """Mixed in front of a player: the same inside TLS. `port_name` is the attribute of the server."""

    def dial(self, port):
        plain = {self.server.http: self.server.https, self.server.rtmp: self.server.rtmps}
        super().dial(plain[port])
        self.sock = client_context().wrap_socket(self.sock, server_hostname="localhost")

    def receive(self):
        while self.sock.pending() and not self.paused.is_set() and not self.pace and not self.closing:
            data = self.sock.recv(65536)
            self.arrivals.append((time.monotonic(), len(data)))
            self.bytes += len(data)
            return data
        return super().receive()


class TlsFlvPlayer(TlsPlayer, FlvPlayer):
    pass


class TlsRtmpPlayer(TlsPlayer, RtmpPlayer):
    def open(self, server):
        self.server = server
        self.dial(server.rtmp)
        return Rtmp(sock=self.sock)


def tls_connect(port, **options):
    """A socket inside TLS."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=10)
    return client_context(**options).wrap_socket(sock, server_hostname="localhost")
