#!/usr/bin/env python3
"""Other programs at both ends: nginx with its RTMP module as puller and as pusher, librtmp's own rtmpdump, and VLC. What comes
out has the pictures and sounds of the file."""
import glob
import os
import pwd
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import FFMPEG, check, free_port, main, make_flv, need, probe, wait_until
from wire import FlvReader, read_flv

NGINX = """worker_processes 1; daemon off; error_log stderr warn; pid {folder}/nginx.pid; {load}
events {{ worker_connections 100; }}
rtmp {{ server {{ listen 127.0.0.1:{port}; application live {{ live on; {relay} }} }} }}
"""


def source():
    return make_flv(40, name="av")


def payloads(tags):
    return {t.body[5:] for t in tags if t.is_picture()} | {t.body[2:] for t in tags if t.is_sound()}


def check_of_file(tags, what, least=80):
    """Frames of the file and of nothing else, their times in order."""
    media = [t for t in tags if t.is_media()]
    known = payloads(read_flv(source()))
    check(len(media) >= least, f"{what}: only {len(media)} frames")
    strange = [t for t in media if (t.body[5:] if t.is_picture() else t.body[2:]) not in known]
    check(not strange, f"{what}: {len(strange)} of {len(media)} frames are not of the file")
    for kind in (8, 9):
        times = [t.ms for t in media if t.kind == kind]
        check(times == sorted(times), f"{what}: times of kind {kind} go back")
    check([t for t in media if t.is_picture()][0].is_key(), f"{what}: the first picture is no key frame")


def read_part(path):
    """Tags of a file that is still being written."""
    if not os.path.exists(path):
        return []
    with open(path, "rb") as file:
        return FlvReader().feed(file.read(), 0.0)


def nginx(case, relay):
    """Its RTMP port."""
    need("nginx", "nginx-light")
    module = glob.glob("/usr/lib/nginx/modules/ngx_rtmp_module.so")
    check(module, "nginx has no RTMP module: Debian package libnginx-mod-rtmp")
    folder, port = case.path("nginx"), free_port()
    os.makedirs(folder)
    os.chmod(case.folder, 0o755)
    conf = os.path.join(folder, "nginx.conf")
    with open(conf, "w", encoding="utf-8") as file:
        file.write(NGINX.format(folder=folder, load=f"load_module {module[0]};", port=port, relay=relay))
    program = case.program(["nginx", "-p", folder, "-c", conf])
    wait_until(lambda: check(program.running(), f"nginx ended: {program.output()[-600:]}") or os.path.exists(f"{folder}/nginx.pid"),
               10, "nginx")
    return port


def save(case, url):
    """ffmpeg writes what comes from there."""
    path = case.path(f"out-{len(os.listdir(case.folder))}.flv")
    return path, case.program([*FFMPEG, "-i", url, "-c", "copy", "-t", "4", "-f", "flv", "-flvflags", "no_duration_filesize", path])


def nginx_pulls(case):
    server = case.server()
    case.publish(server, "x", source())
    server.wait_live("x")
    port = nginx(case, f"pull rtmp://127.0.0.1:{server.rtmp}/live/x name=x live=1;")
    path, program = save(case, f"rtmp://127.0.0.1:{port}/live/x")
    check(program.wait(20) == 0, f"from nginx: {program.output()[-400:]}")
    check_of_file(read_flv(path), "pulled by nginx")


def nginx_pushes(case):
    server = case.server()
    port = nginx(case, f"push rtmp://127.0.0.1:{server.rtmp}/live;")
    case.program([*FFMPEG, "-re", "-stream_loop", "-1", "-i", source(), "-c", "copy", "-f", "flv", f"rtmp://127.0.0.1:{port}/live/x"])
    server.wait_live("x", seconds=15)
    for url in (server.rtmp_url("x"), server.flv_url("x")):
        path, program = save(case, url)
        check(program.wait(20) == 0, f"{url}: {program.output()[-400:]}")
        check_of_file(read_flv(path), f"pushed by nginx, {url}")


def rtmpdump_plays(case):
    need("rtmpdump", "rtmpdump")
    server = case.server()
    case.publish(server, "x", source())
    server.wait_live("x")
    path = case.path("dump.flv")
    program = case.program(["rtmpdump", "--live", "--stop", "4", "-q", "-r", server.rtmp_url("x"), "-o", path])
    wait_until(lambda: len(read_part(path)) > 200, 20, "three seconds of media")
    program.end()
    check_of_file(read_part(path), "played by rtmpdump")


def vlc_plays(case):
    need("cvlc", "vlc-bin, vlc-plugin-base")
    nobody = pwd.getpwnam("nobody")
    folder = case.path("vlc")
    os.makedirs(folder)
    os.chmod(case.folder, 0o755)
    shutil.chown(folder, nobody.pw_uid, nobody.pw_gid)
    server = case.server()
    case.publish(server, "x", source())
    server.wait_live("x")
    for protocol in ("rtmp", "flv"):
        path = os.path.join(folder, f"{protocol}.ts")
        program = case.program(["cvlc", "-I", "dummy", "--no-plugins-cache", server.url(protocol, "x"), "--sout",
                                f"#std{{access=file,mux=ts,dst={path}}}"], user=nobody.pw_uid, group=nobody.pw_gid,
                               env={"HOME": folder, "PATH": os.environ["PATH"]})
        wait_until(lambda: check(program.running(), f"VLC ended: {program.output()[-600:]}") or
                   os.path.exists(path) and os.path.getsize(path) > 300_000, 30, f"three seconds of media by {protocol}")
        program.end()
        found = probe(path)
        kinds = sorted(s["codec_name"] for s in found["streams"])
        check(kinds == ["aac", "h264"], f"VLC by {protocol} has {kinds}")
        video = next(s for s in found["streams"] if s["codec_name"] == "h264")
        check((video["width"], video["height"]) == (640, 360), f"VLC by {protocol}: {video['width']}x{video['height']}")
        for kind in ("video", "audio"):
            times = [int(p["dts"]) for p in found["packets"] if p["codec_type"] == kind and "dts" in p]
            check(len(times) > 40 and times == sorted(set(times)), f"VLC by {protocol}: {kind} times go back")


CASES = [nginx_pulls, nginx_pushes, rtmpdump_plays, vlc_plays]
main({case.__name__: case for case in CASES}, parallel=4)
