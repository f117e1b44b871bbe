#!/usr/bin/env python3
"""A small back-end for callbacks and heartbeats: lets clients in by token, says where streams are copied to, and keeps
what it was told. README.md has the configuration that goes with it."""
import argparse
import collections
import http.server
import json
import ssl
import sys
import threading
import time
import urllib.parse

KEPT = 10000  # callbacks that /log shows
BODY_MAX = 1024 * 1024
GATING = {"on_connect", "on_publish", "on_play"}


class Memory:
    """What was told, and who is connected, publishes and plays by it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.told = collections.deque(maxlen=KEPT)
        self.present = {}  # (kind, client_id) -> what it began with
        self.servers = {}  # device or address -> its last heartbeat

    def note(self, path, headers, body):
        begins = {"on_connect": "connected", "on_publish": "publishing", "on_play": "playing"}
        ends = {"on_close": "connected", "on_unpublish": "publishing", "on_stop": "playing"}
        action, client = body.get("action"), body.get("client_id")
        with self.lock:
            self.told.append({"time": time.time(), "path": path, "headers": headers, "body": body})
            if action in begins:
                self.present[(begins[action], client)] = body
            elif action in ends:
                self.present.pop((ends[action], client), None)
            elif action is None and "device_id" in body:
                self.servers[body["device_id"] or body.get("ip")] = body

    def forget(self, body):
        """It was refused."""
        with self.lock:
            for kind in ("connected", "publishing", "playing"):
                self.present.pop((kind, body.get("client_id")), None)

    def state(self):
        with self.lock:
            present = [{"state": kind, "client": body} for (kind, _), body in self.present.items()]
            return {"present": present, "servers": list(self.servers.values())}


def allowed(options, body):
    """By ?token=.. of the stream, or of the address for a connect that has one."""
    if not options.token or body.get("action") not in GATING:
        return True
    query = urllib.parse.parse_qs((body.get("param") or "").lstrip("?"))
    if body["action"] == "on_connect" and "token" not in query:
        return True  # it comes with the stream
    return query.get("token") == [options.token]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer is one write
    server_version = "srs-api-server"

    def answer(self, status, value):
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        memory = self.server.memory
        if self.path == "/log":
            with memory.lock:
                told = list(memory.told)
            self.answer(200, told)
        elif self.path == "/":
            self.answer(200, memory.state())
        else:
            self.answer(404, {"code": 404, "data": "see / and /log"})

    def do_POST(self):
        size = int(self.headers.get("Content-Length") or 0)
        if size > BODY_MAX:
            self.close_connection = True
            self.answer(413, {"code": 413})
            return
        try:
            body = json.loads(self.rfile.read(size))
        except ValueError:
            body = None
        if not isinstance(body, dict):
            self.answer(400, {"code": 400, "data": "not a JSON object"})
            return
        options = self.server.options
        self.server.memory.note(self.path, dict(self.headers.items()), body)
        good = allowed(options, body)
        if not good:
            self.server.memory.forget(body)
        if options.verbose:
            print(time.strftime("%H:%M:%S"), self.path, "" if good else "REFUSED", json.dumps(body), flush=True)
        if body.get("action") == "on_forward":
            urls = [u.replace("[app]", body.get("app", "")).replace("[stream]", body.get("stream", ""))
                    for u in options.forward]
            self.answer(200, {"code": 0, "data": {"urls": urls}})
        elif good:
            self.answer(200, {"code": 0, "data": None})
        else:
            self.answer(200, {"code": 1, "data": "token is missing or wrong"})

    def log_message(self, *_):
        pass  # callbacks are printed by do_POST


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, options):
        host, _, port = options.listen.rpartition(":")
        super().__init__((host or "0.0.0.0", int(port)), Handler)
        self.options = options
        self.memory = Memory()
        if options.cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(options.cert, options.key)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request, client_address):
        print("connection of", client_address, "ended:", sys.exc_info()[1], file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:8085", help="[address:]port")
    parser.add_argument("--token", default="", help="that ?token= of publishers and players must be; empty: all are let in")
    parser.add_argument("--forward", action="append", default=[], metavar="URL",
                        help="where streams are copied to, with [app] and [stream] in it; may be repeated")
    parser.add_argument("--cert", help="PEM, for HTTPS")
    parser.add_argument("--key", help="its key")
    parser.add_argument("-v", "--verbose", action="store_true", help="print each callback")
    options = parser.parse_args()
    server = Server(options)
    print(f"callbacks at {'https' if options.cert else 'http'}://{options.listen}, shown at / and /log", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
