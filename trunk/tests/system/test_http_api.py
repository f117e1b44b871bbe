#!/usr/bin/env python3
"""The HTTP API as its users meet it, with curl and jq: every endpoint and member, the description held against the answers,
credentials, the raw API, the configuration in force and the check of another one, the reload when a file changes, and what
bad input gets."""
import concurrent.futures
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
from harness import check, free_port, wait_until
from wire import FlvPlayer, RtmpPlayer

HEAD = "code server service pid"
CAM = '.streams[] | select(.name == "cam") | .'
RAW = "raw_api { enabled on; allow_reload on; }"


def media():
    return harness.make_flv(6, name="small", size="320x180", kbps=300)


def curl(*arguments, data=None):
    done = subprocess.run(["curl", "-sS", "--max-time", "20", *arguments], input=data, capture_output=True, check=False)
    check(done.returncode == 0, f"curl {arguments}: {done.returncode} {done.stderr.decode()}")
    return done.stdout.decode()


def status_of(*arguments, data=None):
    return curl("-o", "/dev/null", "-w", "%{http_code}", *arguments, data=data)


def jq(program, text):
    """What it prints, compact."""
    done = subprocess.run(["jq", "-cr", program], input=text.encode(), capture_output=True, check=False)
    check(done.returncode == 0, f"jq {program}: {done.stderr.decode()} of {text[:300]}")
    return done.stdout.decode().strip()


def url(server, path, port=None):
    return f"http://127.0.0.1:{port or server.api}/{path}"


def api(server, path):
    return curl(url(server, f"api/v1/{path}"))


def keys(program, text):
    return jq(f"{program} | keys_unsorted | join(\" \")", text)


def server_with(case, api_rest="", vhost="", top="", **options):
    return case.server(
        "daemon off; srs_log_tank console; max_connections auto;\n" + top +
        f"\nrtmp {{ listen @RTMP@; }}\nhttp_api {{ enabled on; listen @API@; {api_rest} }}\n"
        f"http_server {{ enabled on; listen @HTTP@; }}\nvhost __defaultVhost__ {{ {vhost} http_remux {{ enabled on; }} }}\n",
        **options)


def busy(case, server):
    """A stream with a publisher, a player of RTMP and one of FLV, and one that has been published and is waited for."""
    case.publish(server, "cam", media())
    gone = case.publish(server, "gone", media())
    server.wait_live("cam", "gone")
    players = [RtmpPlayer(case, server, "cam"), FlvPlayer(case, server, "cam"), FlvPlayer(case, server, "gone")]
    for player in players:
        player.wait_media(5, 20)
    gone.kill()
    wait_until(lambda: not server.is_active("gone"), 10, "the publisher gone")
    wait_until(lambda: server.streams()["cam"]["gop_length_ms"] is not None, 20, "two key frames")
    return players


# ---- members -----------------------------------------------------------------------------------


def members_in_order(case):
    server = server_with(case, RAW)
    busy(case, server)
    for path, program, want in [
            ("versions", ".", HEAD + " data"), ("versions", ".data", "major minor revision version"),
            ("authors", ".", HEAD + " data"), ("authors", ".data", "license contributors"),
            ("features", ".", HEAD + " data"), ("features", ".data", "options options2 build build2 features"),
            ("features", ".data.features", "ssl hls hds callback api httpd dvr transcode ingest stat caster complex_send "
                                           "tcp_nodelay so_sendbuf mr"),
            ("requests", ".", HEAD + " data"), ("requests", ".data", "uri path METHOD headers"),
            ("tests/requests", ".data.headers", "sigature version link time"),
            ("vhosts/", ".", HEAD + " vhosts"),
            ("vhosts/", ".vhosts[0]", "id name enabled clients streams send_bytes recv_bytes kbps hls"),
            ("vhosts/", ".vhosts[0].kbps", "recv_30s send_30s"), ("vhosts/", ".vhosts[0].hls", "enabled"),
            ("streams/", ".", HEAD + " streams total"),
            ("streams/", CAM,
             "id name vhost app tcUrl url live_ms clients frames audio_frames video_frames send_bytes recv_bytes kbps publish "
             "video audio gop_ms gop_bytes queue jumps dropped skipped unusable fps gop_length_ms av_skew_ms tracks"),
            ("streams/", CAM + "publish", "active cid protocol ip alive"),
            ("streams/", '.streams[] | select(.name == "gone") | .publish', "active cid"),
            ("streams/", CAM + "video", "codec profile level width height"),
            ("streams/", CAM + "audio", "codec sample_rate channel profile"),
            ("clients/", ".", HEAD + " clients total"),
            ("clients/", ".clients[] | select(.publish)", "id vhost stream ip pageUrl swfUrl tcUrl url name type publish alive send_bytes "
                                        "recv_bytes kbps"),
            ("clients/", ".clients[] | select(.type == \"rtmp-play\")", "id vhost stream ip pageUrl swfUrl tcUrl url name type publish alive send_bytes "
                                        "recv_bytes kbps queue_ms skipped join_ms packets"),
            ("raw?rpc=raw", ".", "code http_api"),
            ("raw?rpc=raw", ".http_api", "enabled listen crossdomain raw_api"),
            ("raw?rpc=raw", ".http_api.raw_api", "enabled allow_reload allow_query allow_update"),
            ("raw?rpc=reload-fetch", ".", "code data"), ("raw?rpc=reload-fetch", ".data", "err msg state rid"),
            ("clusters?ip=1.2.3.4&vhost=v&app=a&stream=s&coworker=c:1", ".", "code data"),
            ("clusters?ip=1.2.3.4&vhost=v&app=a&stream=s", ".data", "query origin"),
            ("clusters?ip=1.2.3.4&vhost=v&app=a&stream=s", ".data.query", "ip vhost app stream"),
            ("clusters?vhost=v&app=a&stream=" + "s" * 200, ".data.query", "ip vhost app stream"),
            ("tests/errors", ".", "code"), ("config", ".", HEAD + " data"),
            ("config", ".data", "profile config vhosts"), ("warnings", ".", HEAD + " warnings total")]:
        got = keys(program, api(server, path))
        check(got == want, f"{path} {program}: {got}")


def values(case):
    server = server_with(case, RAW)
    busy(case, server)
    vhost = jq(".vhosts[0]", api(server, "vhosts/"))
    check(jq(".name, .enabled, .clients, .streams, .hls.enabled", vhost) == "__defaultVhost__\ntrue\n4\n2\nfalse", vhost)
    check(int(jq(".send_bytes", vhost)) > int(jq(".recv_bytes", vhost)) > 1000, vhost)
    ident = jq(".id", vhost)
    one = api(server, f"vhosts/{ident}")
    check(keys(".", one) == HEAD + " vhost" and jq(".vhost.id", one) == ident, one)
    check(jq('.streams[0].vhost', api(server, "streams/")) == ident, "id of the vhost in a stream")
    request = curl("-X", "PUT", "-H", "Host: a.b:1", url(server, "api/v1/tests/requests?x=y"))
    check(jq('.data.uri, .data.path, .data.METHOD', request) ==
          "http://a.b:1/api/v1/tests/requests\n/api/v1/tests/requests\nPUT", request)
    check(abs(int(jq(".data.headers.time", request)) - time.time() * 1000) < 5000, f"clock: {request}")
    raw = api(server, "raw?rpc=raw")
    check(jq(".http_api.listen", raw) == str(server.api) and jq(".http_api.raw_api.enabled", raw) == "true", raw)
    cluster = api(server, "clusters?ip=1.2.3.4&vhost=v&app=a%2Fb&stream=s")
    check(cluster == '{"code":0,"data":{"query":{"ip":"1.2.3.4","vhost":"v","app":"a/b","stream":"s"},"origin":null}}',
          cluster)
    check(api(server, "tests/errors") == '{"code":100}', "error 100")
    moved = curl("-D", "-", "-o", "/dev/null", url(server, "api/v1/tests/redirects"))
    check(" 301 " in moved and "Location: /api/v1/tests/errors\r\n" in moved, moved)
    check(curl("-L", url(server, "api/v1/tests/redirects")) == '{"code":100}', "the redirect followed")
    features = jq(".data.features.ssl, .data.features.callback, .data.features.hls", api(server, "features"))
    check(features == "true\ntrue\nfalse", "features")
    check(jq(".data.license", api(server, "authors")) == "MIT", "license")


# ---- the description ---------------------------------------------------------------------------


class Description:
    """Walks answers along their schemas and remembers which members came."""

    def __init__(self, document):
        self.document = document
        self.seen = set()

    def resolve(self, schema):
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def name(self, schema, where):
        return schema["$ref"].rsplit("/", 1)[1] if "$ref" in schema else where

    def walk(self, value, schema, where):
        if "oneOf" in schema:
            schema = schema["oneOf"][0]
        if "anyOf" in schema and {"const": value} in schema["anyOf"]:
            return
        if "anyOf" in schema:
            if value is None:
                check({"type": "null"} in schema["anyOf"], f"{where} is null")
                return
            schema = schema["anyOf"][0]
        where = self.name(schema, where)
        schema = self.resolve(schema)
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        kind = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", list: "array",
                dict: "object"}[type(value)]
        check(kind in kinds or (kind == "integer" and "number" in kinds), f"{where} is {value!r}, not {kinds}")
        if kind == "array":
            for item in value:
                self.walk(item, schema["items"], where)
        if kind == "object" and "properties" in schema:
            self.walk_object(value, schema, where)

    def walk_object(self, value, schema, where):
        check([name for name in schema["properties"] if name in value] == list(value), f"{where}: order of {list(value)}")
        missing = [name for name in schema["required"] if name not in value]
        check(not missing, f"{where}: {missing} is missing")
        for name, item in value.items():
            self.seen.add((where, name))
            self.walk(item, schema["properties"][name], f"{where}.{name}")

    def described(self):
        everything = set()

        def collect(schema, where):
            if "properties" in schema:
                for name, inner in schema["properties"].items():
                    everything.add((where, name))
                    if "properties" in inner:
                        collect(inner, f"{where}.{name}")
        for name, schema in self.document["components"]["schemas"].items():
            collect(schema, name)
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                schema = answer_schema(operation)
                if schema:
                    collect(schema.get("oneOf", [schema])[0], f"{method} {path}")
        return everything


def answer_schema(operation):
    content = operation["responses"].get("200", {}).get("content", {})
    return content["application/json"]["schema"] if "application/json" in content else None


# Debian's package belongs to Debian's Python, whichever comes first in PATH. What does not fit is printed.
VALIDATE = """
import json, sys, jsonschema
document, answers = json.load(sys.stdin)
for where, schema, value in answers:
    whole = dict(schema, components=document["components"])
    jsonschema.Draft202012Validator.check_schema(schema)
    for error in jsonschema.Draft202012Validator(whole).iter_errors(value):
        print(where, error.message[:300], list(error.absolute_path))
for name, schema in document["components"]["schemas"].items():
    jsonschema.Draft202012Validator.check_schema(schema)
"""


def misfits(document, answers):
    """What jsonschema has against (where, schema, value) of a list, a line each."""
    done = subprocess.run(["/usr/bin/python3", "-c", VALIDATE], input=json.dumps([document, answers]).encode(),
                          capture_output=True, check=False)
    check(done.returncode == 0, f"jsonschema (Debian package python3-jsonschema): {done.stderr.decode()[-600:]}")
    return done.stdout.decode().splitlines()


# Shows every directive: also the choices that have no default, and rules.
EVERY_TOP = "max_connections_per_ip 5000000000;\nsrs_log_level_v2 info;\n"
EVERY_VHOST = "hls { enabled on; } security { allow play all; allow publish all; deny play 192.0.2.0/24; }"


def operations_of(document):
    """(method, path, operation), what ends something last."""
    found = [(method, path, operation) for path, operations in document["paths"].items()
             for method, operation in operations.items()]
    return sorted(found, key=lambda one: (one[0] == "delete", one[0], one[1]))


def ids_of(server):
    clients = {c["type"]: c["id"] for c in json.loads(api(server, "clients/"))["clients"]}
    return {"streams": server.streams()["cam"]["id"], "vhosts": jq(".vhosts[0].id", api(server, "vhosts/")),
            "clients": clients["flv-play"]}


def real_path(path, ids):
    kind = path.split("/")[3] if path.startswith("/api/v1/") else ""
    return path[1:].replace("{id}", ids.get(kind, ""))


def expected_code(path, body):
    if body == b"daemonn off;\n":
        return 1023
    return {"/api/v1/tests/errors": 100, "/metrics": 1090, "/api/v1/openapi.json": None}.get(path, 0)


def described_both_ways(case):
    server = server_with(case, RAW + "auth { type bearer; }", top=EVERY_TOP, vhost=EVERY_VHOST)
    busy(case, server)
    server.expect_error("reload: refused")
    document = json.loads(api(server, "openapi.json"))
    check(document["openapi"].startswith("3."), f"version {document['openapi']}")
    description = Description(document)
    ids = ids_of(server)
    good = config_of(server)
    with open(path_of(server), "w", encoding="utf-8") as file:
        file.write("nonsense;\n")
    api(server, "raw?rpc=reload")  # for a warning
    wait_until(lambda: jq(".data.err", api(server, "raw?rpc=reload-fetch")) == "1023", 10, "refused reload")
    more = {"/api/v1/raw": ["?rpc=raw", "?rpc=reload-fetch"], "/api/v1/clients/": ["?count=100"]}
    answers = []
    for method, path, operation in operations_of(document):
        schema = answer_schema(operation)
        for query in more.get(path, [""]) if schema else []:
            for body in [good.encode(), b"daemonn off;\n"] if method == "post" else [None]:
                arguments = ["-X", method.upper()] + (["--data-binary", "@-"] if body else [])
                text = curl(*arguments, url(server, real_path(path, ids) + query), data=body)
                value = json.loads(text)
                check(value.get("code") == expected_code(path, body), f"{method} {path}: {text[:200]}")
                description.walk(value, schema, f"{method} {path}")
                answers.append((f"{method} {path}{query}", schema, value))
        if schema:
            answers.append((f"a failure of {method} {path}", schema, {"code": 2048}))
    answers.append(("reload", answer_schema(document["paths"]["/api/v1/raw"]["get"]), {"code": 0}))
    wrong = misfits(document, answers)
    check(not wrong, "\n".join(wrong))
    spoiled = [(f"{i} {name}", schema, {**value, "no_such_member": 1}) for i, (name, schema, value) in enumerate(answers)]
    inner = json.loads(api(server, "config"))
    inner["data"]["config"]["http_api"]["no_such_member"] = 1
    spoiled.append(("inner config", answer_schema(document["paths"]["/api/v1/config"]["get"]), inner))
    found = {line.split(" ")[0] for line in misfits(document, spoiled)}
    check(len(found) == len(spoiled), "a member that is not described is let pass")
    never = description.described() - description.seen
    check(not never, f"described and never seen: {sorted(never)}")
    # Every endpoint that the index does not say is missing is described.
    for name, about in json.loads(api(server, ""))["urls"].items():
        built = about not in ("not built", "not in this build")
        there = any(path.rstrip("/") == f"/api/v1/{name}" for path in document["paths"])
        check(built == there, f"{name} is {about}, described: {there}")


def parameters_of(operation):
    return {one["$ref"].rsplit("/", 1)[1] for one in operation["parameters"] if "$ref" in one}


def scripts_as_described(case):
    """callback and method mean something where they are described, and nothing elsewhere."""
    server = server_with(case, RAW)
    busy(case, server)
    document = json.loads(api(server, "openapi.json"))
    ids = ids_of(server)
    for method, path, operation in operations_of(document):
        if method != "get" or "200" not in operation["responses"]:
            continue
        target = url(server, real_path(path, ids))
        plain = curl("-i", target + "?callback=f")
        script = "callback" in parameters_of(operation)
        lines, body = headers_of(plain), plain.split("\r\n\r\n", 1)[1]
        check(script == body.startswith("f({") == ("content-type: text/javascript" in lines), f"{path}: {plain[:300]}")
        check(script == ("text/javascript" in operation["responses"]["200"]["content"]), f"{path}: type described")
        other = curl("-w", "\n%{http_code}", target + "?callback=f&method=PUT")
        changed = other.endswith("\n405") or '"METHOD":"PUT"' in other
        check(changed == ("method" in parameters_of(operation)), f"{path} with a method: {other[:300]}")
    check(curl("--data-binary", "@-", url(server, "api/v1/config/check?callback=f"), data=b"x;").startswith("f({"), "a check")
    client = url(server, f"api/v1/clients/{ids['clients']}")
    check(curl("-X", "DELETE", client + "?callback=f&method=GET").startswith('f({"code":0'), "a client that is only looked at")
    check(curl(client + "?callback=f&method=DELETE").startswith('f({"code":0'), "and one that ends")
    check(curl("-X", "DELETE", url(server, f"api/v1/streams/{ids['streams']}?callback=f&method=GET")).startswith('f({"code":0'),
          "a publisher ends by DELETE alone")
    wait_until(lambda: not server.is_active("cam"), 10, "the publisher gone")


def refusals_as_described(case):
    """Statuses other than 200 are described where they come, with their content; what asks for credentials says so."""
    server = server_with(case, BASIC)
    user = ["-u", "admin:PaSs:WoRd"]
    document = json.loads(curl(*user, url(server, "api/v1/openapi.json")))
    check(document["security"] == [{}, {"basic": []}, {"bearer": []}], f"security: {document['security']}")
    schemes = document["components"]["securitySchemes"]
    check({name: one["scheme"] for name, one in schemes.items()} == {"basic": "basic", "bearer": "bearer"}, f"{schemes}")
    shared = document["components"]["responses"]

    def described(operation, status):
        answer = operation["responses"].get(status, operation["responses"]["default"])
        return shared[answer["$ref"].rsplit("/", 1)[1]] if "$ref" in answer else answer

    for method, path, operation in operations_of(document):
        target = url(server, path[1:])
        asked = status_of("-X", method.upper(), target) == "401"
        check(asked == ("401" in operation["responses"]) == (operation.get("security") != []), f"{method} {path}: 401 {asked}")
        check("default" in operation["responses"], f"{method} {path}: no default")
    refused = curl("-i", url(server, "api/v1/versions"))
    check("content" not in described(document["paths"]["/api/v1/versions"]["get"], "401") and refused.endswith("\r\n\r\n"),
          f"the body of a 401: {refused}")
    check("WWW-Authenticate" in shared["unauthorized"]["headers"], "what it asks for")
    check(status_of(*user, url(server, "api/v1/tests/redirects")) in document["paths"]["/api/v1/tests/redirects"]["get"]["responses"],
          "the redirect")
    for arguments, path, status in ((["-X", "POST"], "/api/v1/streams/", "405"), ([], "/api/v1/config?format=x", "400"),
                                    (["--data-binary", "#" * 70000], "/api/v1/config/check", "413")):
        answer = curl("-i", *user, *arguments, url(server, path[1:]))
        check(f" {status} " in answer.split("\r\n")[0], f"{path}: {answer[:80]}")
        operation = next(iter(document["paths"][path.split("?")[0]].values()))
        kind = next(iter(described(operation, status)["content"]))
        check(any(line.startswith(f"content-type: {kind}") for line in headers_of(answer)), f"{path}: {headers_of(answer)}")


# ---- credentials -------------------------------------------------------------------------------

BASIC = "auth { enabled on; username admin; password PaSs:WoRd; }"
BEARER = "auth { enabled on; type bearer; token ToKeN.1-x; }"


def headers_of(answer):
    return [line.lower() for line in answer.split("\r\n\r\n")[0].split("\r\n")]


def basic_credentials(case):
    server = server_with(case, BASIC + RAW)
    for path in ("api/v1/versions", "api/v1/streams/", "api/", "api/v1/config", "api/v1/nothing", "api/v1/openapi.json"):
        for port in (server.api, server.http):
            refused = curl("-i", url(server, path, port))
            lines = headers_of(refused)
            check(lines[0] == "http/1.1 401 unauthorized", f"{path}: {lines[0]}")
            check("www-authenticate: basic" in lines and "transfer-encoding: chunked" in lines, f"{path}: {lines}")
            check(refused.split("\r\n\r\n", 1)[1] == "", f"{path}: a body")
    for arguments in (["-u", "admin:wrong"], ["-u", "admin:"], ["-u", "Admin:PaSs:WoRd"],
                      ["-H", "Authorization: Basic"], ["-H", "Authorization: Basic YWRtaW4="],
                      ["-H", "Authorization: Basic \xff\xfe"], ["-H", "Authorization: Basic " + "A" * 6000]):
        lines = headers_of(curl("-i", *arguments, url(server, "api/v1/versions")))
        check(" 401 " in lines[0] and "www-authenticate: basic" in lines, f"{arguments}: {lines}")
    for scheme in ("Bearer x", "Digest username=\"admin\"", "x"):
        lines = headers_of(curl("-i", "-H", f"Authorization: {scheme}", url(server, "api/v1/versions")))
        check(" 401 " in lines[0] and not any("www-auth" in line for line in lines), f"{scheme}: {lines}")
    for path in ("api/v1/versions", "api/v1/streams/", "api/v1/versions?callback=f", "api//v1/./versions", "%61pi/v1/versions"):
        check(status_of("-u", "admin:PaSs:WoRd", url(server, path)) == "200", f"{path} with credentials")
        check(status_of("--path-as-is", url(server, path)) == "401", f"{path} without")
    check(status_of(url(server, "")) == "200", "the root is not guarded")
    check(status_of("-X", "OPTIONS", "-H", "Origin: http://a", url(server, "api/v1/versions")) == "200", "a preflight")
    check(status_of("-I", url(server, "api/v1/versions")) == "401", "HEAD")
    check(status_of("-X", "DELETE", url(server, "api/v1/clients/x")) == "401", "DELETE")
    case.publish(server, "cam", media())
    player = FlvPlayer(case, server, "cam")
    player.wait_media(5, 20)
    logged = server.output()
    check("PaSs" not in logged and "YWRtaW4" not in logged, "credentials in the log")


def bearer_credentials(case):
    server = server_with(case, BEARER)
    check(status_of("-H", "Authorization: Bearer ToKeN.1-x", url(server, "api/v1/versions")) == "200", "the token")
    check(status_of("-H", "Authorization: bearer ToKeN.1-x", url(server, "api/v1/versions")) == "200", "small letters")
    for header in ("Bearer ToKeN.1-y", "Bearer ", "Bearer ToKeN.1-x2", "Bearer token.1-x"):
        lines = headers_of(curl("-i", "-H", f"Authorization: {header}", url(server, "api/v1/versions")))
        check(" 401 " in lines[0] and "www-authenticate: bearer" in lines, f"{header}: {lines}")
    lines = headers_of(curl("-i", "-u", "a:b", url(server, "api/v1/versions")))
    check(" 401 " in lines[0] and not any("www-auth" in line for line in lines), f"another scheme: {lines}")
    check("ToKeN" not in server.output(), "the token is in the log")


def guesses_are_told(case):
    """Wrong credentials are a warning with the peer's address, a flood of them some lines, missing ones none; what was sent is
    never told, and of who stands behind a proxy his own address."""
    server = server_with(case, BASIC)
    for _ in range(5):
        check(status_of(url(server, "api/v1/versions")) == "401", "none")
    check(not any("api: refused" in line for line in server.log_lines()), "missing ones are no news")
    sent = "V1JPTkc6U0VDUkVU"  # WRONG:SECRET
    for number, arguments in enumerate((["-u", "WRONG:SECRET"], ["-H", f"Authorization: Bearer {sent}"],
                                        ["-u", "WRONG:SECRET", "-H", "X-Forwarded-For: 203.0.113.77"]), 1):
        check(status_of(*arguments, url(server, "api/v1/clients/?x=SECRET")) == "401", f"{arguments}")
        lines = wait_until(lambda: (found := [line for line in server.log_lines("warn") if "api: refused" in line]) and
                           len(found) == number and found, 5, "a line")
        peer = "203.0.113.77" if number == 3 else "127.0.0.1"
        check(f"peer={peer}" in lines[-1] and "7058" in lines[-1], f"{lines[-1]}")
    request = f"GET /api/v1/versions HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {sent}\r\n".encode()
    answer = raw_request(server.api, (request + b"\r\n") * 400 + request + b"Connection: close\r\n\r\n", 20)
    check(answer.count(b"HTTP/1.1 401 ") == 401, f"{answer.count(b'HTTP/1.1 401 ')} refusals")
    lines = [line for line in server.log_lines("warn") if "api: refused" in line]
    check(100 < len(lines) < 300, f"{len(lines)} lines of 404")
    logged = server.output()
    check(not any(word in logged for word in ("WRONG", "SECRET", sent, "PaSs")), "what was sent is in the log")


def path_of(server):
    return server.command[server.command.index("-c") + 1]


def config_of(server):
    with open(path_of(server), encoding="utf-8") as file:
        return file.read()


def credentials_change_by_reload(case):
    server = server_with(case, BASIC + RAW)
    text = config_of(server)
    user = ["-u", "admin:PaSs:WoRd"]
    with open(path_of(server), "w", encoding="utf-8") as file:
        file.write(text.replace("PaSs:WoRd", "other"))
    check(curl(*user, url(server, "api/v1/raw?rpc=reload")) == '{"code":0}', "reload")
    wait_until(lambda: status_of(*user, url(server, "api/v1/versions")) == "401", 10, "the old password")
    check(status_of("-u", "admin:other", url(server, "api/v1/versions")) == "200", "the new password")
    with open(path_of(server), "w", encoding="utf-8") as file:
        file.write(text.replace("auth { enabled on", "auth { enabled off"))
    curl("-u", "admin:other", url(server, "api/v1/raw?rpc=reload"))
    wait_until(lambda: status_of(url(server, "api/v1/versions")) == "200", 10, "no guard")
    nobody = server_with(case, "auth { enabled on; }")
    for arguments in ([], ["-u", ":"], ["-u", "admin:"]):
        check(status_of(*arguments, url(nobody, "api/v1/versions")) == "401", f"nobody passes, but {arguments}")
    check(any("nobody may use the API" in line for line in nobody.log_lines("warn")), "a warning")


# ---- the raw API and reload --------------------------------------------------------------------


def raw_switches(case):
    server = server_with(case)
    for rpc, code in (("reload", 1061), ("reload-fetch", 1061), ("x", 1061), ("", 1061)):
        check(api(server, f"raw?rpc={rpc}") == f'{{"code":{code}}}', f"raw off: {rpc}")
    check(jq(".http_api.raw_api.enabled", api(server, "raw?rpc=raw")) == "false", "rpc=raw is always there")
    server = server_with(case, "raw_api { enabled on; }")
    check(api(server, "raw?rpc=reload") == '{"code":1061}', "reload is not allowed")
    check(api(server, "raw?rpc=reload-fetch") == '{"code":0,"data":{"err":0,"msg":"Success","state":0,"rid":""}}', "no reload yet")
    for query in ("", "?rpc=", "?rpc=query", "?rpc=update", "?rpc=" + "x" * 500, "?rpc=%zz", "?x=reload"):
        check(api(server, f"raw{query}") == '{"code":1060}', f"unknown rpc {query}")


def reload_by_api(case):
    server = server_with(case, RAW)
    case.publish(server, "cam", media())
    server.wait_live("cam")
    watcher = FlvPlayer(case, server, "cam")
    watcher.wait_media(5, 20)
    text = config_of(server)

    def fetch():
        return json.loads(api(server, "raw?rpc=reload-fetch"))["data"]

    def reload(new):
        with open(path_of(server), "w", encoding="utf-8") as file:
            file.write(new)
        before = fetch()["rid"]
        check(api(server, "raw?rpc=reload") == '{"code":0}', "reload")
        check(fetch()["rid"] not in ("", before), "a new id at once")
        wait_until(lambda: fetch()["state"] == 90 or fetch()["err"], 10, "the end of the reload")
        return fetch()

    done = reload(text.replace("http_api {", "http_api { crossdomain off;"))
    check((done["err"], done["msg"], done["state"], len(done["rid"])) == (0, "Success", 90, 7), f"a good one: {done}")
    check(jq(".data.config.http_api.crossdomain", api(server, "config")) == "false", "what is in force")
    server.expect_error("reload: refused")
    bad = reload(text.replace("http_remux", "http_remuxx"))
    check((bad["err"], bad["state"]) == (1023, 10) and "did you mean" in bad["msg"] and "http_remux" in bad["msg"], f"{bad}")
    check(jq(".data.config.http_api.crossdomain", api(server, "config")) == "false", "a bad file changes nothing")
    warnings = json.loads(api(server, "warnings"))
    check(warnings["warnings"][-1]["from"] == "reload" and "http_remuxx" in warnings["warnings"][-1]["text"], f"{warnings}")
    # A port that somebody else has refuses the whole.
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = reload(text.replace(f"listen {server.rtmp};", f"listen {server.rtmp} 127.0.0.1:{other.getsockname()[1]};"))
    check((taken["err"], taken["state"]) == (1002, 30), f"a port in use: {taken}")
    again = reload(text.replace("daemon off;", "daemon off; work_dir /tmp;"))
    check(again["err"] == 0, f"{again}")
    warnings = json.loads(api(server, "warnings"))
    check(warnings["warnings"] == [{"from": "restart", "text": "work_dir"}] and warnings["total"] == 1, f"{warnings}")
    # What only a start changes is shown as it was at the start, and waits as long as it differs from that.
    before = jq(".data.config", api(server, "config"))
    for pid, log, waiting in (("pid ./other.pid;", "x.log", "pid srs_log_file"), (r"\g<0>", "y.log", "srs_log_file")):
        other = text.replace("daemon off;", f"daemon off; send_timeout 17; srs_log_file ./{log};")
        reload(re.sub(r"\bpid [^;]*;", pid, other))
        warnings = json.loads(api(server, "warnings"))
        check(warnings["warnings"] == [{"from": "restart", "text": waiting}], f"{warnings}")
        kept = jq('.data.config | .pid, .srs_log_file, .work_dir, .send_timeout', api(server, "config")).split("\n")
        check(kept[:3] == jq(".pid, .srs_log_file, .work_dir", before).split("\n") and kept[3] == "17", f"{kept}")
        conf = api(server, "config?format=conf")
        check("./other.pid" not in conf and f"/{log}" not in conf and "send_timeout 17;" in conf, conf[:600])
    secret = reload(text.replace("http_remux {", "forward { enabled on; destination rtmp://a.rtmp.example/live2/KEY; } http_remux {"))
    check(secret["err"] == 1023 and "rtmp://a.rtmp.example/***" in secret["msg"], f"{secret}")
    check("a.rtmp.example/***" in api(server, "warnings") and "KEY" not in api(server, "warnings") + secret["msg"] + server.output(),
          "the key of a stream is told")
    reload(text)
    warnings = json.loads(api(server, "warnings"))
    check(warnings["warnings"] == [] and warnings["total"] == 0, f"the way back: {warnings}")
    check(jq(".data.config", api(server, "config")) == before, "the configuration of the start again")
    check(any("srs_log_file is what it was at the start again" in line for line in server.log_lines("info")), "told")
    watcher.wait_media(5, len(watcher.media()) + 20, "the watcher plays on")


def count_of(server, text):
    return sum(text in line for line in server.log_lines())


def replace_file(path, text):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)


def reload_when_the_file_changes(case):
    """In place, by rename as editors do, by a link as Kubernetes does, and in a file that is included."""
    folder = case.path("conf")
    os.makedirs(f"{folder}/..1")
    port, rtmp = free_port(), free_port()
    include = f"{folder}/more.conf"

    def text(crossdomain, more=include):
        return (f"daemon off; srs_log_tank console; inotify_auto_reload on; pid {folder}.pid;\nrtmp {{ listen {rtmp}; }}\n"
                f"http_api {{ enabled on; listen {port}; crossdomain {crossdomain}; }}\n"
                f"vhost __defaultVhost__ {{}}\n" + (f"include {more};\n" if more else ""))

    with open(include, "w", encoding="utf-8") as file:
        file.write("max_connections 100;\n")
    with open(f"{folder}/..1/srs.conf", "w", encoding="utf-8") as file:
        file.write(text("on"))
    os.symlink("..1", f"{folder}/..data")
    os.symlink("..data/srs.conf", f"{folder}/srs.conf")
    server = case.server(None, arguments=["-c", f"{folder}/srs.conf"], environment={})
    wait_until(lambda: f":{port}" in server.output(), 10, "listeners")

    def setting(program):
        return jq(f".data.config.{program}", curl(f"http://127.0.0.1:{port}/api/v1/config"))

    def reloads():
        return count_of(server, "reload: done")

    def changes(do, program, want, what):
        do()
        wait_until(lambda: setting(program) == want, 10, what)

    check(setting("http_api.crossdomain") == "true", "at the start")

    # Whether it is watching yet does not show: a change that comes too early is seen at the first look.
    def in_place():
        with open(f"{folder}/..1/srs.conf", "w", encoding="utf-8") as file:
            file.write(text("off"))
    time_limit = time.monotonic() + 10
    in_place()
    while setting("http_api.crossdomain") != "false" and time.monotonic() < time_limit:
        time.sleep(0.1)
        os.utime(f"{folder}/..1/srs.conf")
    check(setting("http_api.crossdomain") == "false", "written in place")
    changes(lambda: replace_file(f"{folder}/..1/srs.conf", text("on")), "http_api.crossdomain", "true", "renamed over")

    def swap():
        os.makedirs(f"{folder}/..2")
        with open(f"{folder}/..2/srs.conf", "w", encoding="utf-8") as file:
            file.write(text("off"))
        os.symlink("..2", f"{folder}/..data_tmp")
        os.rename(f"{folder}/..data_tmp", f"{folder}/..data")
        shutil.rmtree(f"{folder}/..1")
    changes(swap, "http_api.crossdomain", "false", "the link pointed elsewhere")
    changes(lambda: replace_file(include, "max_connections 77;\n"), "max_connections", "77", "the included file")
    server.expect_error("reload: refused")
    replace_file(include, "max_connectionss 78;\n")
    wait_until(lambda: count_of(server, "reload: refused") == 1, 10, "a bad file")
    check(setting("max_connections") == "77", "a bad file changes nothing")
    # Other files in the directory are nobody's business, and a touched file without a change of its own is one reload.
    before = reloads()
    for i in range(20):
        with open(f"{folder}/log{i}", "w", encoding="utf-8") as file:
            file.write("x")
    changes(lambda: replace_file(include, "max_connections 79;\n"), "max_connections", "79", "good again")
    check(reloads() <= before + 2, f"{reloads() - before} reloads for one change")
    # Somebody who writes slowly: what is there meanwhile is a good configuration too, but not the one that is meant.
    whole = text("off")
    head, tail = whole.split("vhost ")
    with open(f"{folder}/..2/srs.conf", "w", encoding="utf-8") as file:
        file.write(head)
        file.flush()
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            file.write("# more is to come\n")
            file.flush()
            replace_file(f"{folder}/other", "x")
            check(setting("http_api.crossdomain") == "false", "the old one stays")
        file.write(f"vhost {tail}")
    changes(lambda: replace_file(f"{folder}/..2/srs.conf", text("on")), "http_api.crossdomain", "true", "written at last")
    check(count_of(server, "no vhost") == 0, "half a file was read")
    # Switched off, it does not look any more.
    changes(lambda: replace_file(f"{folder}/..2/srs.conf", text("off").replace("inotify_auto_reload on",
                                 "inotify_auto_reload off; auto_reload_for_docker off")),
            "http_api.crossdomain", "false", "the last reload")
    seen = server.output().count("has changed on disk")
    replace_file(include, "max_connections 80;\n")
    wait_until(lambda: curl(f"http://127.0.0.1:{port}/api/v1/versions"), 5, "an answer")
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        check(setting("max_connections") == "79", "it is off and looks all the same")
    check(server.output().count("has changed on disk") == seen, "a change was seen")


# ---- the configuration -------------------------------------------------------------------------


def configuration_in_force(case):
    secret = "auth { enabled off; username UsEr; password PaSsWoRd; token ToKeN; }"
    server = server_with(case, secret, top="vhost b.example { min_latency on; }\nsend_timeout 17;\n")
    text = api(server, "config")
    for word in ("UsEr", "PaSsWoRd", "ToKeN"):
        check(word not in text, f"{word} is shown")
    check(jq(".data.profile", text) == "file" and jq(".data.config.send_timeout", text) == "17", text[:300])
    check(jq(".data.config.rtmp.listen[0]", text) == str(server.rtmp), "listen")
    check(jq('.data.config.http_api.auth | "\\(.username) \\(.password) \\(.token) \\(.enabled)"', text) ==
          "*** *** *** false", "masked")
    check(jq('[.data.vhosts[] | [.name, .min_latency]]', text) == '[["__defaultVhost__",false],["b.example",true]]', "vhosts")
    check(jq('.data.config.max_connections | type', text) == "number", "auto is told as what it came to")
    conf = curl("-i", url(server, "api/v1/config?format=conf"))
    check("content-type: text/plain; charset=utf-8" in headers_of(conf), "type")
    body = conf.split("\r\n\r\n", 1)[1]
    for word in ("UsEr", "PaSsWoRd", "ToKeN"):
        check(word not in body, f"{word} is shown")
    path = case.path("again.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(body)
    test = subprocess.run([server.command[0], "-t", "-c", path], capture_output=True, check=False)
    check(test.returncode == 0, f"the text is none: {test.stdout.decode()} {test.stderr.decode()}")
    checked = curl("--data-binary", "@-", url(server, "api/v1/config/check"), data=body.encode())
    check(jq(".code, .data.ok", checked) == "0\ntrue", checked)
    for query, status in (("?format=json", "200"), ("?format=xml", "400"), ("?format=" + "x" * 50, "400")):
        check(status_of(url(server, f"api/v1/config{query}")) == status, query)
    check(status_of("-X", "POST", url(server, "api/v1/config")) == "405", "POST")
    check(api(server, "config?callback=f").startswith('{"code":0,'), "no script for other sites")
    rules = "".join(f"deny play 10.1.{i // 256}.{i % 256};\n" for i in range(15000))
    server = server_with(case, top=f"vhost b.example {{ security {{ enabled on;\n{rules} }} }}\n")
    for query in ("", "?format=conf"):
        check(api(server, f"config{query}") == '{"code":7003}', f"a vhost that is too long to be shown {query}")
    many = "".join(f"vhost v{i}.example {{ play {{ gop_cache off; }} }}\n" for i in range(300))
    server = server_with(case, top=many)
    text = api(server, "config")
    check(len(text) > 100000 and jq(".data.vhosts | length", text) == "301", f"{len(text)} bytes")
    check(curl(url(server, "api/v1/config?format=conf")).count("\nvhost ") == 301, "as a file")


def configuration_check(case):
    server = server_with(case)
    target = url(server, "api/v1/config/check")

    def post(text):
        return curl("--data-binary", "@-", target, data=text)

    before = api(server, "config")
    good = post(b"rtmp { listen 1; } vhost v { hls { enabled on; } }")
    check(jq(".code, .data.ok, (.data.errors | length)", good) == "0\ntrue\n0", good)
    check("hls.enabled" in jq(".data.warnings[0]", good), good)
    for text, line, directive, nearest, words in [
            (b"daemon off;\nhttp_apii { enabled on; }\n", 2, "http_apii", "http_api", "did you mean"),
            (b"rtmp { listen 99999; }", 1, "listen", "", "99999"), (b"}", 1, "", "", "unexpected"),
            (b"max_connections 0;", 1, "max_connections", "", "want 1"),
            (b"include /etc/passwd;", 1, "", "", "not included"), (b"a\0b;", 1, "", "", "byte 0"),
            (b"\xff\xfe;", 1, "??", "", "unknown directive"), (b'a "b', 1, "", "", "not closed"),
            (b"vhost a {" * 100, 1, "", "", "blocks in each other"),
            # The key of a stream is not told, and what does not fit together is blamed where it stands.
            (b"vhost v {\nforward {\nenabled on;\n\ndestination h rtmp://a.rtmp.example/live2/KEY;\n}}", 5, "destination", "",
             '"rtmp://a.rtmp.example/***" is not host:port'),
            (b"vhost v {\nforward { enabled on;\nbackend rtmp://u:KEY@a/live2/KEY; }}", 3, "backend", "", "rtmp://a/*** is no URL"),
            (b"vhost v {\nforward { enabled on;\ndestination h;\nrtmp://h/live2/KEY; }}", 4, "rtmp://h/***", "", "unknown directive"),
            (b"vhost v {\nhttp_hooks { enabled on;\non_play http://a;\non_stop ftp://a/?KEY; }}", 4, "on_stop", "", "is no URL"),
            (b"vhost v {\nforward x;\npublish {\nkickoff_for_idle 1; }}", 4, "kickoff_for_idle", "", "in one vhost"),
            (b"vhost v {\nsecurity {\ndeny foo all; }}", 3, "deny", "", 'vhost.security.deny "foo": want publish or play'),
            (b"heartbeat {\nenabled on;\nurl nowhere; }", 3, "url", "", "heartbeat.url nowhere is no URL"),
            (b"\nstats { network 99; }", 2, "network", "", "stats.network 99"),
            (b"\n\nname_servers localhost;", 3, "name_servers", "", "no address"),
            (b"rtmp { listen 5; }\nhttp_api { enabled on;\nlisten 5; }", 3, "listen", "", "both have port 5")]:
        answer = post(text)
        error = json.loads(answer)["data"]["errors"][0]
        check("KEY" not in answer and error["file"] == "the posted text", answer)
        check(jq(".code, .data.ok", answer) == "1023\nfalse", answer)
        got = (error["line"], error["directive"], error["nearest"])
        check(got == (line, directive, nearest) and words in error["text"], f"{text[:40]}: {error}")
    check("root:" not in post(b"include /etc/passwd;"), "a file of the system")
    rules = post(b"vhost v { security { enabled on;\nallow play 1.2.3.4/8;\ndeny play 1.2.3.4 x; } }")
    for words in ('vhost.security.allow is "1.2.3.4/8" at line 2 of ', "vhost.security.deny at line 3 of "):
        check(sum(words in warning for warning in json.loads(rules)["data"]["warnings"]) == 1, rules)
    for method in ("GET", "PUT", "DELETE"):
        check(status_of("-X", method, target) == "405", method)
    check(status_of(target + "?callback=f&method=POST") == "405", "JSONP")
    check(status_of("--data-binary", "@-", target, data=b"#" * 65536) == "200", "the largest body")
    check(status_of("--data-binary", "@-", target, data=b"#" * 65537) == "413", "a larger one")
    check(status_of("-H", "Transfer-Encoding: chunked", "--data-binary", "@-", target, data=b"#" * 200000) == "413", "in chunks")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(lambda _: jq(".code", post(b"vhost v { playy {} }" + b"#" * 60000)), range(64)))
    check(set(codes) == {"1023"}, f"many at a time: {set(codes)}")
    after = api(server, "config")
    check(jq(".data", before) == jq(".data", after), "a check changed something")


# ---- ending things -----------------------------------------------------------------------------


def end_a_publisher(case):
    server = server_with(case)
    publisher = case.publish(server, "cam", media())
    other = case.publish(server, "other", media())
    server.wait_live("cam", "other")
    waiting = FlvPlayer(case, server, "cam")
    waiting.wait_media(5, 20)
    streams = server.streams()
    target = url(server, f"api/v1/streams/{streams['cam']['id']}")
    done = curl("-X", "DELETE", target)
    check(keys(".", done) == HEAD and jq(".code", done) == "0", done)
    publisher.wait(10)
    wait_until(lambda: not server.is_active("cam"), 10, "the publisher gone")
    check(curl("-X", "DELETE", target) == '{"code":7057}', "nobody publishes it")
    check(curl("-X", "DELETE", url(server, "api/v1/streams/vid-0000000")) == '{"code":2048}', "unknown")
    check(status_of("-X", "DELETE", url(server, "api/v1/streams/")) == "405", "all of them")
    check(other.running() and server.is_active("other"), "the other one went too")
    check(any("Kicked" in line for line in server.log_lines()), "it is told in the log")
    case.publish(server, "cam", media())
    server.wait_live("cam")
    check(status_of(target + "?callback=cb&method=DELETE") == "405", "by JSONP, as any site's page could")
    check(server.is_active("cam"), "it has ended")


# ---- ports -------------------------------------------------------------------------------------


def shared_port_and_https(case):
    key, cert, https = tls_files(case), None, free_port()
    key, cert = key
    config = ("daemon off; srs_log_tank console; rtmp { listen @RTMP@; }\n"
              "http_api { enabled on; listen @HTTP@; crossdomain off; " + BASIC + " https { enabled on; listen 1; } }\n"
              f"http_server {{ enabled on; listen @HTTP@; https {{ enabled on; listen {https}; key {key}; cert {cert}; }} }}\n"
              "vhost __defaultVhost__ { http_remux { enabled on; } }\n").replace(
                  "https { enabled on; listen 1;", f"https {{ enabled on; listen 1; key {key}; cert {cert};")
    server = case.server(config)
    user = ["-k", "-u", "admin:PaSs:WoRd"]
    for base in (f"http://127.0.0.1:{server.http}", f"https://127.0.0.1:{https}"):
        check(jq(".total", curl(*user, f"{base}/api/v1/streams/")) == "0", f"{base}: the API")
        check(status_of("-k", f"{base}/api/v1/streams/") == "401", f"{base}: the guard")
        check(status_of(*user, f"{base}/nothing") == "404", f"{base}: no root index")
        check(jq(".urls.v1 | type", curl(*user, f"{base}/api/nothing")) == "string", f"{base}: the index of /api/")
    own = free_port()
    server = case.server("daemon off; srs_log_tank console; rtmp { listen @RTMP@; }\n"
                         f"http_api {{ enabled on; listen @API@; https {{ enabled on; listen {own}; key {key}; cert {cert}; }} }}\n"
                         "http_server { enabled on; listen @HTTP@; }\n")
    check(jq(".code", curl("-k", f"https://127.0.0.1:{own}/api/v1/versions")) == "0", "the API over HTTPS")
    check(jq(".urls.api | type", curl("-k", f"https://127.0.0.1:{own}/x")) == "string", "its root index")


def tls_files(case):
    key, cert = case.path("server.key"), case.path("server.crt")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                    "-subj", "/CN=localhost"], check=True, capture_output=True)
    return key, cert


# ---- bad input ---------------------------------------------------------------------------------


def raw_request(port, data, seconds=5):
    """All that comes back, until the end or the time is over."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as peer:
        peer.sendall(data)
        got = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while piece := peer.recv(65536):
                got += piece
        return got


def bad_input(case):
    server = server_with(case, RAW, asan=True)
    for path in ("../api/v1/streams/", "api/v1/../../etc/passwd", "api/v1/streams/..", "api/v1/streams/%2e%2e",
                 "api/v1/streams/%2e%2e%2fx", "api/v1/clients/..%5c"):
        answer = raw_request(server.api, f"GET /{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        line = answer.split(b"\r\n")[0]
        check(line == b"HTTP/1.1 400 Bad Request" or b'{"code":2049}' in answer, f"{path}: {line}")
    for path, want in (("streams/" + "x" * 5000, '{"code":2048}'), ("clients/%00", None), ("clients/a%20b", '{"code":2049}'),
                       ("vhosts/__defaultVhost__", '{"code":2014}'), ("clients/%F0%9F", '{"code":2049}'),
                       ("streams/<script>", '{"code":2048}'), ("vhosts/x?callback=f", 'f({"code":2014})')):
        answer = raw_request(server.api, f"GET /api/v1/{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        if want is None:
            check(b" 400 " in answer.split(b"\r\n")[0], f"{path}: {answer[:80]}")
        else:
            check(answer.endswith(want.encode()), f"{path}: {answer[-80:]}")
    for query in ("streams/?start=%zz", "streams/?count=%zz", "clients/?count=5%", "versions?start=%zz", "vhosts/?start=" + "0" * 65,
                  "versions?callback=f&start=%0", "versions?start=" + "1" * 5000, "raw?count=%00", "clusters?ip=%zz",
                  "clusters?vhost=v&stream=%f", "clusters?callback=f&app=%zz", "streams/?callback=f&method=%zz"):
        for port in (server.api, server.http) if query.startswith("versions") else (server.api,):
            answer = raw_request(port, f"GET /api/v1/{query} HTTP/1.1\r\nHost: a\r\n\r\n"
                                       f"GET /api/v1/versions HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            check(answer.startswith(b"HTTP/1.1 400 Bad Request\r\n"), f"{query[:60]}: {answer[:100]}")
            check(b"\r\n\r\nBad Request" in answer, f"{query[:60]}: the usual refusal: {answer[:300]}")
            check(b"HTTP/1.1 200 OK\r\n" in answer, f"{query[:60]}: the connection is kept: {answer[:300]}")
    check(raw_request(server.api, b"GET /?start=%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 400 "),
          "the root index")
    check(any("bad query" in line and "127.0.0.1" in line for line in server.log_lines("warn")), "it is told in the log")
    for name in ("alert(1)", "<script>", "a;b", "a//b", "%0d%0aX:y", "\"", "x" * 257, "%zz", "f%2"):
        answer = raw_request(server.api, f"GET /api/v1/versions?callback={name} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        check(answer == b"", f"callback {name}: {answer[:100]}")
    for method, path, status in (("POST", "streams/", 405), ("PUT", "vhosts/", 405), ("PATCH", "clients/x", 405),
                                 ("POST", "warnings", 405), ("POST", "openapi.json", 405), ("BREW", "versions", 400),
                                 ("TRACE", "versions", 405)):
        answer = raw_request(server.api, f"{method} /api/v1/{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        check(f" {status} ".encode() in answer.split(b"\r\n")[0], f"{method} {path}: {answer[:60]}")
    for head in ("Content-Length: -1", "Content-Length: x", "Content-Length: 99999999999999999999",
                 "Content-Length: 1\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip"):
        answer = raw_request(server.api, f"POST /api/v1/config/check HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n".encode())
        check(answer.split(b" ")[1] in (b"400", b"413", b"501"), f"{head}: {answer[:60]}")
    check(json.loads(api(server, "versions"))["code"] == 0, "it serves after all that")


def bodies_that_nobody_wants(case):
    """They are not waited for: the answer comes, and the connection goes."""
    server = server_with(case)
    for path, method in (("versions", "GET"), ("streams/", "GET"), ("streams/", "POST"), ("clients/x", "DELETE")):
        started = time.monotonic()
        answer = raw_request(server.api, f"{method} /api/v1/{path} HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\nabc".encode())
        status = 405 if method == "POST" else 200
        check(f" {status} ".encode() in answer.split(b"\r\n")[0] and b"Connection: close" in answer, f"{path}: {answer[:80]}")
        check(time.monotonic() - started < 4, f"{path}: {time.monotonic() - started} s")
    with socket.create_connection(("127.0.0.1", server.http), timeout=10) as endless:
        endless.sendall(b"POST /live/x.flv HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        started = time.monotonic()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while time.monotonic() - started < 8:
                endless.sendall(b"4000\r\n" + bytes(0x4000) + b"\r\n")
        check(time.monotonic() - started < 5, "a body without end is taken")  # last words may take a second
    whole = raw_request(server.api, b"GET /api/v1/versions HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                                    b"GET /api/v1/tests/errors HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    check(whole.count(b"HTTP/1.1 200") == 2 and whole.endswith(b'{"code":100}'), f"a whole one: {whole[-300:]}")
    expect = raw_request(server.api, b"POST /api/v1/streams/ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                                     b"Content-Length: 5\r\n\r\n")
    check(expect.startswith(b"HTTP/1.1 405"), f"nothing is continued: {expect[:60]}")


def requests_that_never_end(case):
    server = server_with(case)
    forms = [b"POST /api/v1/config/check HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nabc",
             b"POST /api/v1/config/check HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
             b"GET /api/v1/versions HTTP/1.1\r\nHost: a\r\nX-A: "]
    with concurrent.futures.ThreadPoolExecutor(len(forms)) as pool:
        def one(form):
            started = time.monotonic()
            return raw_request(server.api, form, 30), time.monotonic() - started
        answers = list(pool.map(one, forms))
    for form, (answer, took) in zip(forms, answers):
        check(answer.startswith(b"HTTP/1.1 408 Request Timeout"), f"{form[-30:]}: {answer[:80]}")
        check(8 < took < 16, f"{form[-30:]}: after {took:.1f} s")


def a_thousand_at_a_time(case):
    server = server_with(case, RAW)
    case.publish(server, "cam", media())
    server.wait_live("cam")
    watcher = FlvPlayer(case, server, "cam")
    watcher.wait_media(5, 20)
    paths = ["streams/", "clients/?count=100", "config", "openapi.json", "versions?callback=f", "streams/x", "raw?rpc=reload-fetch"]
    peers = [socket.create_connection(("127.0.0.1", server.api), timeout=30) for _ in range(1000)]
    try:
        for i, peer in enumerate(peers):
            peer.sendall(f"GET /api/v1/{paths[i % len(paths)]} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        for i, peer in enumerate(peers):
            with peer.makefile("rb") as file:
                line = file.readline()
                check(line == b"HTTP/1.1 200 OK\r\n" and len(file.read()) > 50, f"request {i}: {line}")
    finally:
        for peer in peers:
            peer.close()
    watcher.wait_media(5, len(watcher.media()) + 30, "the watcher plays on")
    check(watcher.largest_gap() < 1.5, f"largest gap {watcher.largest_gap():.3f} s")
    check(not any("long slice" in line for line in server.log_lines("warn")), "a long slice")


harness.main({case.__name__: case for case in [
    members_in_order, values, described_both_ways, scripts_as_described, refusals_as_described, basic_credentials, bearer_credentials, guesses_are_told, credentials_change_by_reload,
    raw_switches, reload_by_api, reload_when_the_file_changes, configuration_in_force, configuration_check, end_a_publisher,
    shared_port_and_https, bad_input, bodies_that_nobody_wants, requests_that_never_end, a_thousand_at_a_time]}, parallel=3)
