#!/usr/bin/python3
"""Checks that every include points strictly downwards or into its own folder, and that third-party headers appear
only in their homes (ARCHITECTURE.md). Prints each offence as file:line and exits 1 when there is one."""
import fnmatch
import pathlib
import re
import sys

FLOOR = {"base": 0, "model": 1, "net": 2, "tls": 3, "http": 4, "link": 5, "store": 5, "proxy": 6, "discovery": 6,
         "acme": 6, "deploy": 7, "admin": 8, "app": 9}

# The data plane and the control plane never see each other, whatever the floors say.
CONTROL_PLANE = {"discovery", "acme", "store", "deploy", "admin"}

# Third-party header → the folders and files that may include it. The first pattern that matches decides.
HOMES = [
    (r"boost/intrusive/", ["net/*", "http/connection_book.hpp"]),
    (r"boost/(?!system/)", []),
    (r"openssl/", ["base/crypto.cpp", "tls/*", "acme/*"]),
    (r"nlohmann/json_fwd\.hpp", ["*"]),
    (r"nlohmann/", ["*.cpp"]),
    (r"(spdlog|fmt)/", ["base/log.cpp"]),
    (r"yaml-cpp/", ["discovery/*.cpp", "app/*.cpp", "acme/issuer*.cpp"]),
    (r"CLI/", ["app/*.cpp"]),
    (r"curl/", ["http/fetch*.cpp"]),
    (r"nghttp2/", ["http/h2_session.cpp", "http/h2_library*"]),
    (r"libpsl", ["acme/limits.cpp"]),
    (r"sqlite3", ["store/*.cpp"]),
    (r"ares", ["net/*"]),
]


def offence(file, included):
    """What is wrong with `file` including `included`, or None. Both are paths from the root of the tree."""
    home, target = file.parts[0], included.split("/")[0]
    if target in FLOOR and "/" in included:
        if "proxy" in (home, target) and {home, target} & CONTROL_PLANE:
            return f"{home} and {target} meet in model/ only"
        if target != home and FLOOR[target] >= FLOOR[home]:
            return f"{home} (floor {FLOOR[home]}) may not see {target} (floor {FLOOR[target]})"
        return None
    allowed = next((homes for pattern, homes in HOMES if re.match(pattern, included)), ["*"])
    if not any(fnmatch.fnmatch(file.as_posix(), pattern) for pattern in allowed):
        return f"<{included}> belongs in {', '.join(allowed)}"
    return None


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    files = sorted(path for folder in FLOOR for path in (root / folder).rglob("*.[ch]pp"))
    offences = []
    for path in files:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            what = include and offence(path.relative_to(root), include[1])
            if what:
                offences.append(f"{path.relative_to(root)}:{number}: {what}")
    print("\n".join(offences) or f"{len(files)} files, every include points down")
    sys.exit(bool(offences) or not files)


if __name__ == "__main__":
    main()
