#!/usr/bin/python3
"""Checks that docs/http.md and its tests name the same rows: each row is tested in one process and through a running
front door, and no test is about a row that isn't written. Prints what is missing where; exits 1 if anything is."""
import pathlib
import re
import sys

DOCUMENT = "docs/http.md"
ONE_PROCESS = ["tests/proxy/http_rows_test.cpp"]
END_TO_END = ["tests/e2e/http_rows_test.py", "tests/e2e/answer_rows_test.py"]

WRITTEN = re.compile(r"^\| `([a-z]+\.[a-z0-9.-]+)` \|", re.MULTILINE)  # a table's first column
QUOTED = re.compile(r'"([a-z]+)(\.[a-z0-9.-]+)"')


def tested(texts, groups):
    """The rows that string literals name. `groups`: what stands before a row's dot ("line", "target", …)."""
    return {group + rest for text in texts for group, rest in QUOTED.findall(text) if group in groups}


def complaints(root):
    rows = WRITTEN.findall((root / DOCUMENT).read_text())
    yield from (f"{DOCUMENT}: two rows are called {name}" for name in sorted(set(rows)) if rows.count(name) > 1)
    groups = {name.partition(".")[0] for name in rows}
    for files in (ONE_PROCESS, END_TO_END):
        where = " and ".join(files)
        there = [root / name for name in files if (root / name).exists()]
        yield from (f"{name} isn't there" for name in files if root / name not in there)
        if not there:
            continue
        named = tested([path.read_text() for path in there], groups)
        yield from (f"{where}: no test of {name}" for name in sorted(set(rows) - named))
        yield from (f"{where}: {name} is no row of {DOCUMENT}" for name in sorted(named - set(rows)))
    if not rows:
        yield f"{DOCUMENT} has no rows"


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    found = list(complaints(root))
    print("\n".join(found) or "every row has its tests")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
