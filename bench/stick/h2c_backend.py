"""The application where HTTP/2 in clear text is spoken with it: nginx, which answers from its configuration."""
import contextlib

from stick.machine import PATH
from stick.peers import CONFIGURATIONS
from stick.process import Process, temporary_folder
from stick.requests import ANSWERS


def started(port, core):
    """A context that ends it."""
    folder = temporary_folder()
    text = (CONFIGURATIONS / "h2c-backend.conf").read_text()
    for key, value in {"FOLDER": folder, "PORT": port, "SMALL": ANSWERS["/small"].decode()}.items():
        text = text.replace(f"@{key}@", str(value))
    configuration = folder / "h2c-backend.conf"
    configuration.write_text(text)
    command = ["nginx", "-p", folder, "-e", folder / "error.log", "-c", configuration]
    return contextlib.closing(Process(command, core, {"PATH": PATH}, folder))
