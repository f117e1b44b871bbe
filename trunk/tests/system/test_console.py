#!/usr/bin/env python3
"""The console in Chromium, against running streams: what it shows at the size of a phone and of a desk, in light and dark; every
control pressed, with what comes of it at the server; sign-in; a server that goes and comes; names that would be script;
thousands of clients; a server without the player library; a proxy in front. The screenshots stay in the folder of results."""
import json
import os
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import ROOT, check, free_port, main, make_flv, wait_until
from nginx import start_nginx
from page import Page
from tls import make_certificate
from wire import FlvPlayer, RtmpPlayer, RtmpPublisher, command, rtmp_ready

PHONE, DESK = (390, 844), (1440, 900)
VIEWS = ("streams", "clients", "server", "config")
SHIFT = 0.02
SHOW = "/live/show"


def film():
    return make_flv(90, name="browser")


def thin():
    return make_flv(40, name="small", size="320x180", kbps=300)


def console(server, query="", port=None):
    return f"http://127.0.0.1:{port or server.api}/console/{query}"


def open_console(page, server, query="", port=None):
    page.call("goto", console(server, query, port))
    wait_state(page, "Live")


def wait_state(page, text, seconds=20):
    page.wait_text("#health-text", text, seconds)


def crowd(case, server, names):
    """Players that wait for streams: clients that cost nothing."""
    for name in names:
        sock = socket.create_connection(("127.0.0.1", server.http), timeout=10)
        case.callback(sock.close)
        sock.sendall(f"GET /live/{name}.flv HTTP/1.1\r\nHost: x\r\n\r\n".encode())


def clients(server, count=100):
    return server.api_get(f"clients/?count={count}")["clients"]


def change(server, old, new):
    """Of its configuration, with a reload."""
    path = server.command[server.command.index("-c") + 1]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    check(old in text, f"no {old} in the configuration")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))
    done = server.output().count("reload: done")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.output().count("reload: done") > done, 10, "the reload")


def check_plays(page, frames=25):
    """Pictures come and are not black."""
    quality = "document.querySelector('#video').getVideoPlaybackQuality().totalVideoFrames"
    page.wait(f"{quality} >= {frames}", 20, "pictures")
    before = page.eval(quality)
    page.wait(f"{quality} >= {before + frames}", 20, "more pictures")
    mean = page.eval("""(() => {
        const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 36 });
        const context = canvas.getContext('2d');
        context.drawImage(document.querySelector('#video'), 0, 0, 64, 36);
        const bytes = context.getImageData(0, 0, 64, 36).data;
        return bytes.reduce((sum, byte, i) => i % 4 === 3 ? sum : sum + byte, 0) / (64 * 36 * 3);
    })()""")
    check(mean > 16, f"a black picture, mean {mean:.1f}")


# ---- looks -------------------------------------------------------------------------------------


def check_still(page, what, since=0):
    """Nothing has moved by itself."""
    shifts = [s for s in page.eval("shifts") if s["at"] >= since]
    total = sum(s["value"] for s in shifts)
    check(total < SHIFT, f"{what}: the layout moved by {total:.3f}: {shifts}")
    return total


def check_width(page, what):
    wide = page.eval("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    check(wide <= 0, f"{what}: {wide} pixels too wide")
    out = page.eval("""[...document.querySelectorAll('main *, .tiles *, header *')].filter((node) => node.checkVisibility() &&
        node.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !node.closest('pre')).map((node) =>
        `${node.nodeName} ${node.id} ${node.className}`)""")
    check(not out, f"{what}: beyond the edge: {out[:5]}")


def wait_figures(page):
    old = json.dumps(page.text("#tile-in-note"))
    page.wait(f"document.querySelector('#tile-in-note').textContent !== {old}", 20, "new figures")


def looks(case):
    server = case.server(vhost="hls { enabled on; } play { wait 300; } ")
    case.publish(server, "show", film())
    server.wait_live("show")
    viewers = [RtmpPlayer(case, server, "show"), FlvPlayer(case, server, "show")]
    crowd(case, server, [f"waits-{i}" for i in range(9)])
    page = Page(case)
    open_console(page, server)
    check(page.texts(".stream .name").count("live/show") == 1, "the stream")
    check("H264 High" in page.text(".stream[data-live=true] .about"), "its codec")
    page.wait_text("#tile-streams-note", "9 waiting")
    page.wait_text("#tile-viewers", "11")
    for size, scheme in ((DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")):
        name = f"console-{'phone' if size is PHONE else 'desk'}-{scheme}"
        page.call("setViewportSize", {"width": size[0], "height": size[1]})
        page.call("emulateMedia", {"colorScheme": scheme})
        for view in (*VIEWS, "stream"):
            if view == "streams":
                open_console(page, server)
            elif view == "stream":  # as one finds it from a bookmark
                open_console(page, server, f"?stream={SHOW}")
            else:
                page.click(f"#tab-{view}")
            wait_figures(page)
            check_still(page, f"{name}-{view}")
            check_width(page, f"{name}-{view}")
            page.screenshot(f"{name}-{view}", whole=True)
        wait_figures(page)
        check_still(page, f"{name}, later")
        dark = page.eval("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 22)"
        check(dark == (scheme == "dark"), f"{name} is not {scheme}")
        # A letter of 22 pixels is 4 mm high on a usual screen: read from 2 m.
        page.click("#detail-close")
        large = page.eval("['.big .value', '.health', '.stream .name'].map((n) => parseFloat(getComputedStyle(document.querySelector(n)).fontSize))")
        check(size is PHONE or (large[0] >= 32 and min(large) >= 22), f"{name}: letters of {large} pixels")
    wait_figures(page)  # what moves within half a second of a click counts as its work
    moved = page.eval("shifts.length")
    page.eval("document.querySelector('.tiles').style.marginTop = '80px'")
    page.wait(f"shifts.length > {moved}", 5, "a jump of our own is seen")
    page.check_no_errors()
    for viewer in viewers:
        viewer.check_well()


# ---- controls ----------------------------------------------------------------------------------


class Stage:
    """What the controls are pressed in."""

    def __init__(self, case):
        self.case = case
        self.server = case.server("""daemon off; srs_log_tank console; max_connections auto;
            rtmp { listen @RTMP@; }
            http_api { enabled on; listen @API@; raw_api { enabled on; allow_reload on; } auth { enabled off; username admin; password secret; } }
            http_server { enabled on; listen @HTTP@; }
            vhost __defaultVhost__ { hls { enabled on; } play { wait 300; } http_remux { enabled on; } }\n""")
        self.publisher = case.publish(self.server, "show", film())
        self.server.wait_live("show")
        self.viewer = RtmpPlayer(case, self.server, "show")
        crowd(case, self.server, [f"waits-{i}" for i in range(120)])
        self.page = Page(case)
        open_console(self.page, self.server)
        self.page.wait_text("#streams-note", "1 to 100 of 121 streams")

    def view(self, name):
        self.page.click(f"#tab-{name}")
        for other in VIEWS:
            check(self.page.shows(f"#view-{other}") == (other == name), f"#view-{other} beside {name}")

    def streams(self):
        return {s["name"]: s for s in self.server.api_get("streams/?count=1000")["streams"]}

    def watchers(self):
        """Players of the stream but the one that was there before."""
        return [c for c in clients(self.server, 200) if c["name"].startswith("show") and not c["publish"] and c["type"] != "rtmp-play"]


def press_theme(stage):
    page = stage.page
    color = "getComputedStyle(document.body).backgroundColor"
    light = page.eval(color)
    page.click("#theme")
    dark = page.eval(color)
    check(dark != light, "the theme did not change")
    page.call("reload")
    check(page.eval(color) == dark, "the theme is not kept")
    page.click("#theme")
    check(page.eval(color) == light, "the theme did not change back")


def press_tabs(stage):
    for name in (*VIEWS[1:], VIEWS[0]):
        stage.view(name)
    stage.page.call("press", "#tab-streams", "ArrowLeft")
    check(stage.page.shows("#view-config"), "left of the first is the last")
    stage.page.call("press", "#tab-config", "ArrowRight")
    check(stage.page.shows("#view-streams"), "right of the last is the first")


def press_streams_pager(stage):
    page = stage.page
    first = page.texts("#streams .name")
    page.click("#streams-next")
    page.wait_text("#streams-note", "101 to 121 of 121 streams")
    second = page.texts("#streams .name")
    check(len(first) == 100 and len(second) == 21 and not set(first) & set(second), f"{len(first)} and {len(second)} streams")
    page.click("#streams-back")
    page.wait_text("#streams-note", "1 to 100 of 121")


def press_filter(stage):
    stage.page.call("fill", "#stream-filter", "SHO")
    check(stage.page.texts("#streams .name") == ["live/show"], "the filter")
    check(stage.page.text("#streams-note") == "1 stream", "what the filter leaves")


def press_stream(stage):
    page = stage.page
    page.click("#streams .stream")
    page.wait("document.querySelector('#detail-body').checkVisibility()")
    check(page.text("#detail-name") == "live/show" and "stream=%2Flive%2Fshow" in page.eval("location.search"), "the open stream")
    page.wait_text("#tracks", "H264")
    check(page.eval("document.querySelector('#facts').textContent").count("live") == 1, "its state")
    page.wait_text("#urls", f"rtmp://127.0.0.1:{stage.server.rtmp}/live/show")
    page.wait_text("#urls", f"http://127.0.0.1:{stage.server.http}/live/show.flv")
    page.call("hover", "#chart")
    page.wait_text("#chart-value", "s ago: in ")


def press_play(stage):
    stage.page.click("#play")
    check_plays(stage.page)
    wait_until(lambda: len(stage.watchers()) == 1, 5, "the console among the clients")
    stage.page.screenshot("console-plays", whole=True)


def press_video(stage):
    check(stage.page.eval("document.querySelector('#video').controls && document.querySelector('#video').muted"), "its controls")


def press_stop(stage):
    stage.page.click("#stop")
    wait_until(lambda: not stage.watchers(), 10, "the console no client any more")
    check(stage.page.shows("#play") and not stage.page.shows("#stop"), "the buttons")


def press_end(stage):
    page = stage.page
    page.click("#end-stream")
    check("live/show" in page.text("#ask") and page.shows("#ask-yes"), "the question")
    page.click("#ask-yes")
    page.wait_text("#told", "The publisher of live/show was ended.")
    wait_until(lambda: not stage.streams()["show"]["publish"]["active"], 5, "no publisher")
    wait_until(lambda: not stage.publisher.running(), 5, "the publisher's end")
    page.wait_text("#facts", "waits for a publisher")
    check(page.eval("document.querySelector('#end-stream').disabled"), "there is nobody to end")


def press_close(stage):
    stage.page.click("#detail-close")
    check(not stage.page.shows("#detail") and "stream=" not in stage.page.eval("location.search"), "the stream is still open")


def press_clients_pager(stage):
    page = stage.page
    stage.view("clients")
    total = len(clients(stage.server, 500))
    page.wait_text("#clients-note", f"1 to 50 of {total} clients")
    page.click("#clients-next")
    page.wait_text("#clients-note", "51 to 100")
    page.click("#clients-next")
    page.wait_text("#clients-note", f"101 to {total}")
    check(page.eval("document.querySelector('#clients-next').disabled"), "there are no more")
    page.click("#clients-back")
    page.wait_text("#clients-note", "51 to 100")


def press_kick(stage):
    page, server = stage.page, stage.server
    victim = next(c for c in clients(server, 200) if c["type"] == "rtmp-play")
    open_console(page, server, f"?stream={SHOW}")
    page.wait(f"document.querySelector('[aria-label=\"Kick {victim['id']}\"]')")
    page.click(f"#detail-clients [aria-label='Kick {victim['id']}']")
    check(victim["ip"] in page.text("#ask-about"), "whom it is about")
    page.click("#ask-no")
    check(victim["id"] in [c["id"] for c in clients(server, 200)], "kept, and gone nevertheless")
    page.click(f"#detail-clients [aria-label='Kick {victim['id']}']")
    page.click("#ask-yes")
    page.wait_text("#told", "was ended")
    wait_until(lambda: victim["id"] not in [c["id"] for c in clients(server, 200)], 5, "the client's end")
    page.wait(f"!document.querySelector('[aria-label=\"Kick {victim['id']}\"]')", 10, "its row gone")
    stage.viewer.wait_end(5)
    page.wait_text("#detail-gone", "no such stream now")
    page.wait("document.querySelector('#detail-gone').checkVisibility()", 10, "a stream that nobody publishes or plays")


def press_reload(stage):
    page = stage.page
    stage.view("config")
    page.wait_text("#warnings", "directive hls.enabled")
    check(page.text("#warning-count") == "1", "the number of warnings")
    path = stage.server.command[stage.server.command.index("-c") + 1]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("play { wait 300; }", "play { wait 301; } dvr { enabled on; }"))
    page.click("#reload")
    page.wait_text("#reload-note", "Reloaded.")
    page.wait_text("#warnings", "directive dvr.enabled")
    page.wait_text("#warning-count", "2")
    page.wait_text("#config-text", "wait 301;")
    with open(path, "w", encoding="utf-8") as file:
        file.write("lisen 1935;\n")
    page.click("#reload")
    page.wait_text("#reload-note", "Not reloaded: ")
    page.wait_text("#warnings", "The last reload was refused")
    page.screenshot("console-warnings", whole=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def press_config_text(stage):
    stage.page.call("focus", "#config-text")
    check(stage.page.eval("document.activeElement.id") == "config-text", "no focus to scroll with keys")
    check(f"listen {stage.server.rtmp};" in stage.page.text("#config-text"), "the configuration")
    check("secret" not in stage.page.text("#config-text"), "a password is shown")


def press_check(stage):
    page = stage.page
    for text, verdict, found in (("listen 1935;\nmax_conections 10;\n", "Not good.", "max_connections"),
                                 ("listen 1935;\nvhost __defaultVhost__ { hls { enabled on; } }\n", "Good.", "Warning: directive hls.enabled"),
                                 ("# " + "x" * 70000, "Not checked: the server answers 413.", "")):
        page.call("fill", "#check-text", text)
        page.click("#check")
        page.wait(f"document.querySelector('#check-note').textContent === {json.dumps(verdict)}", 15, verdict)
        check(found in page.text("#check-found"), f"{found} in {page.text('#check-found')}")
    page.errors()  # the browser tells of the 413 too


def press_sign_in(stage):
    """Credentials come to be asked for, are refused and given, and taken back."""
    page = stage.page
    change(stage.server, "auth { enabled off;", "auth { enabled on;")
    wait_state(page, "Not signed in")
    check(page.shows("#sign-in"), "no dialog")
    page.click("#sign-no")
    check(not page.shows("#sign-in") and page.text("#sign") == "Sign in", "not now")
    page.click("#sign")
    for name, value in (("user", "admin"), ("password", "wrong")):
        page.call("fill", f"#sign-{name}", value)
    page.click("#sign-yes")
    page.wait_text("#sign-note", "refused")
    page.screenshot("console-sign-in")
    page.call("fill", "#sign-password", "secret")
    page.call("press", "#sign-password", "Enter")
    wait_state(page, "Live")
    page.wait("document.querySelector('#sign').textContent === 'Sign out' && document.querySelector('#sign').checkVisibility()")
    page.call("reload")
    wait_state(page, "Live")
    page.click("#sign")
    wait_state(page, "Not signed in")
    change(stage.server, "username admin; password secret;", "type bearer; token Open-Sesame;")
    page.call("fill", "#sign-token", "nö")
    page.click("#sign-yes")
    page.wait_text("#sign-note", "ASCII")
    page.call("fill", "#sign-token", "Open-Sesame")
    page.click("#sign-yes")
    wait_state(page, "Live")
    wrong = [e for e in page.errors() if "401" not in e]
    check(not wrong, f"in the browser: {wrong}")


# In this order; what is pressed together stands at its first.
CONTROLS = {
    "#theme": press_theme, "#tab-streams": press_tabs, "#tab-clients": None, "#tab-server": None, "#tab-config": None,
    "#streams-next": press_streams_pager, "#streams-back": None, "#stream-filter": press_filter, ".stream": press_stream,
    "#play": press_play, "#video": press_video, "#stop": press_stop, "#end-stream": press_end,
    "#clients-next": press_clients_pager, "#clients-back": None, ".kick": press_kick, "#ask-no": None, "#ask-yes": None,
    "#detail-close": press_close,
    "#reload": press_reload, "#config-text": press_config_text, "#check-text": press_check, "#check": None,
    "#sign": press_sign_in, "#sign-no": None, "#sign-yes": None, "#sign-user": None, "#sign-password": None, "#sign-token": None,
}
FIND_CONTROLS = """[...document.querySelectorAll('button, input, textarea, select, a[href], summary, video, [tabindex], [onclick]')]
    .map((node) => node.id ? `#${node.id}` : `.${[...node.classList].pop()}`)"""


def every_control(case):
    stage = Stage(case)
    stage.server.expect_error("reload: refused")
    there = set(stage.page.eval(FIND_CONTROLS))
    for press in filter(None, CONTROLS.values()):
        press(stage)
        there |= set(stage.page.eval(FIND_CONTROLS))
        stage.page.check_no_errors()
    check(there == set(CONTROLS), f"controls without a test: {there - set(CONTROLS)}; without a control: {set(CONTROLS) - there}")
    case.told = f"{len(there)} controls"


# ---- trouble -----------------------------------------------------------------------------------


def server_goes_and_comes(case):
    ports = {name: free_port() for name in ("rtmp", "api", "http")}
    text = """daemon off; srs_log_tank console; max_connections 100;
        rtmp { listen %(rtmp)d; } http_api { enabled on; listen %(api)d; } http_server { enabled on; listen %(http)d; }
        vhost __defaultVhost__ { http_remux { enabled on; } }""" % ports

    def begin():
        server = case.server(text)
        server.rtmp, server.api, server.http = (ports[name] for name in ("rtmp", "api", "http"))
        case.publish(server, "show", thin())
        server.wait_live("show")
        return server
    server = begin()
    page = Page(case)
    open_console(page, server, f"?stream={SHOW}")
    page.wait("document.querySelector('#detail-body').checkVisibility()")
    case.servers.remove(server)
    server.kill()
    wait_state(page, "No answer for ")
    check(page.eval("document.body.classList.contains('stale') && document.title.startsWith('No answer')"), "nothing says that it is old")
    page.screenshot("console-no-answer")
    server = begin()
    wait_state(page, "Live")
    check(not page.eval("document.body.classList.contains('stale')"), "it still looks old")
    page.wait("document.querySelector('#detail-body').checkVisibility()", 10, "the open stream, under another id")
    page.wait("/^in [0-9.]+ (kbit|Mbit)/.test(document.querySelector('.stream .in').textContent)", 10, "rates again")
    check(page.eval("Math.max(...[...streams.values()][0].in.filter((v) => v !== null))") < 5000, "a rate over the restart")
    server.process.send_signal(signal.SIGSTOP)  # a server that takes connections and says nothing
    wait_state(page, "No answer for ", 30)
    server.process.send_signal(signal.SIGCONT)
    wait_state(page, "Live")
    wrong = [e for e in page.errors() if "ERR_CONNECTION_REFUSED" not in e and "ERR_EMPTY_RESPONSE" not in e
             and "ERR_CONNECTION_RESET" not in e and "ERR_SOCKET_NOT_CONNECTED" not in e]
    check(not wrong, f"in the browser: {wrong[:5]}")


HOSTILE = ["<img src=x onerror=self.hit=1>", "\"><script>self.hit=1</script>", "'; self.hit=1; '", "${self.hit=1}", "__proto__",
           "javascript:self.hit=1", "\u202egnp.evil", "a" * 200, "%3Cb%3E&amp;", "constructor"]


def hostile_names(case):
    server = case.server(vhost="play { wait 300; } ")
    RtmpPublisher(case, server, HOSTILE[0], thin())
    for name in HOSTILE[1:]:
        client = rtmp_ready(server)
        case.callback(client.close)
        client.send(command("play", 4, None, name, -2000, msid=1, csid=8))
    wait_until(lambda: len(clients(server)) == len(HOSTILE), 10, "all clients")
    for size in (DESK, PHONE):
        page = Page(case, width=size[0], height=size[1])
        open_console(page, server)
        shown = page.texts("#streams .name")
        # What turns text around is told, not done.
        wanted = [f"live/{name}".replace("\u202e", "\\u202e") for name in HOSTILE]
        check(sorted(shown) == sorted(wanted), f"names: {shown}")
        check_width(page, "the list")
        check_still(page, "the list")
        page.screenshot(f"console-hostile-{size[0]}", whole=True)
        for i in range(len(HOSTILE)):
            page.call("click", f"#streams > li:nth-child({i + 1}) .stream")
            page.wait("document.querySelector('#detail-clients .kick') !== null", 10, "its clients")
            check(page.text("#detail-name") == shown[i], f"{page.text('#detail-name')} is not {shown[i]}")
            check_width(page, shown[i])
            page.click("#detail-clients .kick")
            page.click("#ask-no")
            page.click("#detail-close")
        for view in VIEWS:
            page.click(f"#tab-{view}")
            page.wait(f"document.querySelector('#view-{view}').checkVisibility()")
        check(page.eval("self.hit === undefined && ({}).hit === undefined"), "a name was run")
        check(page.eval("document.querySelectorAll('main img, main script, main b, main a').length") == 0, "a name became an element")
        page.check_no_errors()
        page.close()


THOUSANDS = 2500


def thousands_of_clients(case):
    server = case.server(vhost="play { wait 300; } ", top="max_connections 6000;\n")
    for there in range(250, THOUSANDS + 1, 250):  # each looks for a file first, of which so many at once are let in
        crowd(case, server, ["crowd"] * 250)
        wait_until(lambda: server.api_get("clients/?count=1")["total"] == there, 30, f"{there} clients")
    page = Page(case)
    open_console(page, server, "?view=clients")
    page.wait_text("#clients-note", "1 to 50 of 2,500 clients")
    page.eval("clientsPager.from = 2400")
    page.click("#clients-next")
    page.wait_text("#clients-note", "2,451 to 2,500 of 2,500 clients")
    rows = page.eval("[...document.querySelectorAll('#clients li')].map((row) => row.dataset.key)")
    check(rows == [c["id"] for c in clients(server, THOUSANDS)[-50:]], f"{len(rows)} rows of the last page: {rows[:3]}")
    page.wait_text("#tile-viewers", "2,500")
    open_console(page, server, "?stream=/live/crowd")
    page.wait_text("#detail-clients-note", "the first 50 of 2,500")
    # The last page empties: the one before is shown.
    page.click("#tab-clients")
    page.eval("clientsPager.from = 2450")
    page.wait_text("#clients-note", "2,451 to 2,500")
    for client in clients(server, THOUSANDS)[-60:]:
        sock = socket.create_connection(("127.0.0.1", server.api), timeout=10)
        sock.sendall(f"DELETE /api/v1/clients/{client['id']} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        while sock.recv(4096):
            pass
        sock.close()
    page.wait_text("#clients-note", "2,401 to 2,440 of 2,440 clients")
    page.check_no_errors()


def without_library(case):
    """The program lies elsewhere and runs elsewhere: then there is no library to be found."""
    server = case.server(prefix=("env", "-C", case.folder, "sh", "-c", 'cp "$0" ./srs && exec ./srs "$@"'))
    case.publish(server, "show", thin())
    server.wait_live("show")
    for port in (server.api, server.http):
        page = Page(case)
        open_console(page, server, f"?stream={SHOW}&api={server.api}", port)
        page.wait_text("#play-note", "The player library is missing on this server (npm package mpegts.js).")
        check(page.shows("#play-note") and page.eval("document.querySelector('#play').disabled"), "it is not said where one would play")
        page.wait_text("#tracks", "H264")
        page.check_no_errors("mpegts.js")
        page.close()


def from_other_ports(case):
    """From the port of the HTTP server, plain and with credentials, which that asks for too but has no API."""
    auth = "auth { enabled on; username admin; password secret; }"
    server = case.server(f"""daemon off; srs_log_tank console; max_connections auto; rtmp {{ listen @RTMP@; }}
        http_api {{ enabled on; listen @API@; {auth} }} http_server {{ enabled on; listen @HTTP@; }}
        vhost __defaultVhost__ {{ http_remux {{ enabled on; }} }}\n""")
    case.publish(server, "show", film())
    wait_until(lambda: "publish stream=" in server.output(), 10, "the publisher")
    page = Page(case)
    page.call("goto", console(server, f"?api={server.api}", server.http))
    page.wait("document.querySelector('#sign-in').open", 15, "the dialog")
    page.call("fill", "#sign-user", "admin")
    page.call("fill", "#sign-password", "secret")
    page.click("#sign-yes")
    wait_state(page, "Live")
    page.click(".stream")
    page.wait_text("#urls", f":{server.http}/live/show.flv")
    page.click("#play")
    check_plays(page)
    page.check_no_errors("401")


NGINX = """http {{
    access_log off;
    proxy_temp_path {folder}/proxy;
    client_body_temp_path {folder}/body;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_buffering off;
    proxy_http_version 1.1;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {cert};
        ssl_certificate_key {key};
        location /api/ {{ proxy_pass http://127.0.0.1:{api}; }}
        location /console/ {{ proxy_pass http://127.0.0.1:{api}; }}
        location / {{ proxy_pass http://127.0.0.1:{http}; }}
    }}
}}
"""


def behind_nginx(case):
    server = case.server()
    case.publish(server, "show", film())
    server.wait_live("show")
    port = free_port()
    cert, key = make_certificate(case.folder, "front", ["127.0.0.1"])
    start_nginx(case, NGINX.format(folder=case.folder, port=port, cert=cert, key=key, api=server.api, http=server.http), port)
    page = Page(case, flags=["--ignore-certificate-errors"])
    page.call("goto", f"https://127.0.0.1:{port}/console/?stream={SHOW}")
    wait_state(page, "Live")
    page.wait_text("#urls", f"https://127.0.0.1:{port}/live/show.flv")
    page.click("#play")
    check_plays(page)
    page.check_no_errors()


def colors_of_enhanced_rtmp(case):
    """A message with colors is an error to the player library, which says so once a time and plays on."""
    server = case.server()
    publisher = os.path.join(ROOT, "trunk/research/rtmp_publish/rtmp_publish.py")
    file = os.path.join(ROOT, "trunk/tests/vectors/flv/real-av1-opus.flv")
    case.program([sys.executable, publisher, "publish", file, server.rtmp_url("av1"), "--loop"])
    server.wait_live("av1")
    page = Page(case)
    open_console(page, server, "?stream=/live/av1")
    page.wait_text("#tracks", "AV1")
    page.click("#play")
    check_plays(page, 20)
    wait_until(lambda: any("packet type 4" in e for e in page.errors()), 5, "the library's word about colors")
    began = time.monotonic()
    seen = "document.querySelector('#video').getVideoPlaybackQuality()"
    before = page.eval(f"{seen}.totalVideoFrames")
    page.wait(f"{seen}.totalVideoFrames >= {before + 40}", 20, "40 more pictures, over eight such messages")
    took = time.monotonic() - began
    check(took < 12, f"40 pictures of 5 a second in {took:.1f} s")
    check(page.shows("#stop") and not page.shows("#play-note"), f"the player says {page.text('#play-note')}")
    case.told = f"40 pictures in {took:.1f} s"


CASES = [every_control, looks, server_goes_and_comes, hostile_names, thousands_of_clients, without_library, from_other_ports,
         behind_nginx, colors_of_enhanced_rtmp]
main({case.__name__: case for case in CASES}, parallel=2)
