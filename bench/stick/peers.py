"""The commands that start other proxies, with the configurations of bench/peers."""
import grp
import os
import pathlib
import pwd

from stick.credentials import LOCAL_NAME
from stick.machine import free_port
from stick.requests import HOST
from stick.setting import Tls

CONFIGURATIONS = pathlib.Path(__file__).resolve().parents[1] / "peers"


def fill(name, setting, port, folder, ssl=""):
    """Writes a configuration into `folder`, its @…@ replaced; returns its path. `ssl`: becomes @SSL@ where TLS ends."""
    user = pwd.getpwuid(os.getuid())
    credentials = setting.credentials
    scheme, scheme_port = setting.scheme
    values = {"LISTEN": f"127.0.0.1:{port}", "PORT": port, "SPARE_PORT": free_port(),
              "BACKEND": f"127.0.0.1:{setting.backend_port}", "BACKEND_PORT": setting.backend_port, "HOST": HOST,
              "WORKERS": setting.workers,
              "FOLDER": folder, "SCHEME": scheme, "SCHEME_PORT": scheme_port, "LOCAL_NAME": LOCAL_NAME,
              "CHAIN": credentials.chain, "KEY": credentials.key,
              "SSL": ssl if setting.tls is Tls.ENDED else "", "PROTO": "proto h2" if setting.h2c else "",
              "USER": user.pw_name, "GROUP": grp.getgrgid(user.pw_gid).gr_name}
    text = (CONFIGURATIONS / name).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    (folder / name).write_text(text)
    return folder / name


def nginx(setting, port, folder):
    names = "\n    ".join(setting.hosts)
    (folder / "names.conf").write_text(f"server_name {names};\n")
    if setting.tls is Tls.ENDED:
        fill("nginx-tls.conf", setting, port, folder)
    configuration = fill("nginx.conf", setting, port, folder, ssl="ssl http2" if setting.h2 else "ssl")
    return ["nginx", "-p", folder, "-e", folder / "error.log", "-c", configuration], {}


def haproxy(setting, port, folder):
    if setting.tls is Tls.PASSED_ON:
        return ["haproxy", "-db", "-f", fill("haproxy-passthrough.cfg", setting, port, folder)], {}
    (folder / "hosts.map").write_text("".join(f"{host} application\n" for host in setting.hosts))
    ssl = f"ssl crt {setting.credentials.both} alpn {'h2,http/1.1' if setting.h2 else 'http/1.1'}"
    return ["haproxy", "-db", "-f", fill("haproxy.cfg", setting, port, folder, ssl)], {}


def caddy(setting, port, folder):
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", fill("Caddyfile", setting, port, folder)]
    return command, {**workers_of_go(setting), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}


def h2o(setting, port, folder):
    files = f"certificate-file: {setting.credentials.chain}, key-file: {setting.credentials.key}"
    ssl = f"ssl: {{{files}, minimum-version: TLSv1.2}}"
    return ["h2o", "-m", "worker", "-c", fill("h2o.conf", setting, port, folder, ssl)], {}


def nghttpx(setting, port, folder):
    return ["nghttpx", f"--conf={fill('nghttpx.conf', setting, port, folder)}", setting.credentials.key,
            setting.credentials.chain], {}


def traefik(setting, port, folder):
    fill("traefik-routes.yml", setting, port, folder)
    return ["traefik", f"--configFile={fill('traefik.yml', setting, port, folder)}"], workers_of_go(setting)


def kamal_proxy(setting, port, folder):
    return ["sh", fill("kamal-proxy.sh", setting, port, folder)], workers_of_go(setting)


def workers_of_go(setting):
    """Go programs have no workers; this is how many of their threads run at once."""
    return {"GOMAXPROCS": str(setting.workers)}
