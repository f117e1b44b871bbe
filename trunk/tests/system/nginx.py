"""nginx for the system tests."""
import glob
import os
import socket

from harness import check, need, wait_until

TEXT = """{modules}
user root;
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
{text}
"""


def need_module(name):
    """Its file."""
    found = glob.glob(f"/usr/lib/nginx/modules/ngx_{name}_module.so")
    check(found, f"nginx has no module {name}: Debian package libnginx-mod-{name}")
    return found[0]


def can_dial(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def start_nginx(case, text, port, modules=()):
    """The program, once it listens on that port of its own. What it keeps for itself stays in the case's folder."""
    need("/usr/sbin/nginx", "nginx-light")
    folder = case.path(f"nginx-{port}")
    os.makedirs(folder)
    load = "".join(f"load_module {need_module(name)};\n" for name in modules)
    config = os.path.join(folder, "nginx.conf")
    with open(config, "w", encoding="ascii") as file:
        file.write(TEXT.format(modules=load, folder=folder, text=text))
    program = case.program(["/usr/sbin/nginx", "-p", folder, "-e", f"{folder}/start.log", "-c", config])
    wait_until(lambda: check(program.running(), f"nginx ended: {program.output()}") or can_dial(port), 10, "nginx")
    return program
