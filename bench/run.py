#!/usr/bin/python3
"""./dev bench: measures Lintel beside a relay that parses nothing and beside other proxies. bench/README.md says how."""
import argparse
import json
import pathlib
import signal
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e")]

from stick import bars, plot, report, rounds  # noqa: E402
from stick.cases import CASES  # noqa: E402
from stick.contestants import PEERS  # noqa: E402
from stick.machine import ROOT  # noqa: E402


def main():
    options = parsed()
    if options.list:
        print("\n".join(f"{case.name:12} {case.what}" for case in CASES.values()))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # contexts end what they started
    try:
        results = rounds.run([CASES[name] for name in options.cases], options)
    except KeyboardInterrupt:
        return "interrupted: nothing is left running, nothing was written"
    results["bars"] = bars.verdicts(results)
    text = report.markdown(results)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (options.out / "results.md").write_text(text)
    (options.out / "cpu.svg").write_text(plot.cpu(results))
    print(text)
    print(f"bench: written: {options.out}/results.md, results.json, cpu.svg", file=sys.stderr)
    failed = [name for name, case in results["cases"].items() if "failed" in case]
    return f"bench: FAILED: {', '.join(failed)}" if failed else 0


def parsed():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__, epilog=(
        "Load goes to 127.0.0.1 only. CPU time per request is the figure that says most: on two cores the load "
        "generator and the application share one, so that requests per second depend on them as well."))
    parser.add_argument("cases", nargs="*", metavar="case", help="which cases (default: all; --list shows them)")
    parser.add_argument("--against", default=",".join(PEERS), metavar="PEER,…",
                        help=f"other proxies, where they are installed (default: {','.join(PEERS)})")
    parser.add_argument("--rounds", type=positive, default=5, metavar="N", help="how often each is measured (default: 5)")
    parser.add_argument("--seconds", type=positive, default=3, metavar="N", help="of load per measurement (default: 3)")
    parser.add_argument("--no-counts", action="store_true", help="leave out system calls and instructions per request")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench", metavar="DIR",
                        help="where results.md, results.json and cpu.svg go (default: build/bench)")
    parser.add_argument("--list", action="store_true", help="show the cases and end")
    options = parser.parse_args()
    options.cases = options.cases or list(CASES)
    options.against = [name for name in options.against.split(",") if name]
    known(parser, "case", options.cases, CASES)
    known(parser, "peer", options.against, PEERS)
    return options


def known(parser, what, wanted, have):
    for name in wanted:
        if name not in have:
            parser.error(f"there is no {what} '{name}'; there are: {' '.join(have)}")


def positive(text):
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"a whole number above 0, not '{text}'")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
