"""Turns results into Markdown: medians with their spread, ratios, counts, and the verdict on every bar."""
from stick.bars import median, spread

METRICS = {  # name: (heading, format, divisor)
    "cpu_us": ("CPU µs/request", "{:,.2f}", 1),
    "requests_per_second": ("requests/s", "{:,.0f}", 1),
    "mib_per_second": ("MiB/s", "{:,.0f}", 1),
    "p50_us": ("p50 µs", "{:,.0f}", 1),
    "p99_us": ("p99 µs", "{:,.0f}", 1),
    "memory_kib": ("memory MiB", "{:,.1f}", 1024),
    "kib_per_connection": ("KiB/connection", "{:,.2f}", 1),
}


def markdown(results):
    lines = ["# Benchmark", "", *about(results)]
    if results["bars"]:
        lines += ["", "## Bars", "", *bars(results["bars"])]
    for name, case in results["cases"].items():
        lines += ["", f"## {name}", "", f"{case['what']}.", ""]
        if "failed" in case:
            lines.append(f"**FAILED**: {case['failed']}")
            continue
        lines += [*medians(case["samples"]), "", *ratios(case["samples"])]
        if case["counts"]:
            lines += ["", *counts(case["counts"])]
    return "\n".join(lines) + "\n"


def about(results):
    lines = [f"- {key}: {value}" for key, value in results["machine"].items()]
    lines.append("- " + "; ".join(f"{name}: {version}" for name, version in results["versions"].items()))
    if results["skipped"]:
        lines.append(f"- skipped, not installed: {', '.join(results['skipped'])}")
    lines.append(f"- {results['rounds']} rounds of {results['seconds']} s each; medians, in brackets smallest and largest")
    return lines


def table(heading, rows):
    """The first column holds names, the others numbers."""
    return [f"| {' | '.join(heading)} |", "| --- |" + " ---: |" * (len(heading) - 1),
            *(f"| {' | '.join(row)} |" for row in rows)]


def bars(verdicts):
    rows = []
    for each in verdicts:
        of = f" ÷ {each['of']}" if each["of"] else ""
        wanted = f"≤ {each['limit']:.2f}" + (f" (beyond: {each['beyond']:.2f})" if each["beyond"] else "")
        got = f"{each['value']:.2f}" if "value" in each else ""
        rows.append((each["case"], f"{each['who']}'s {METRICS[each['metric']][0]}{of}", got, wanted, percent(each["spread"]),
                     each["verdict"]))
    return table(("case", "what", "measured", "bar", "A/A", "verdict"), rows)


def medians(samples):
    known = [metric for metric in METRICS if metric in next(iter(samples.values()))[0]]
    rows = [(who, *(with_spread(taken, metric) for metric in known)) for who, taken in samples.items()]
    return table(("", *(METRICS[metric][0] for metric in known)), rows)


def with_spread(taken, metric):
    _, shown, divisor = METRICS[metric]
    values = [sample[metric] / divisor for sample in taken]
    text = shown.format(median(taken, metric) / divisor)
    return text if len(values) == 1 else f"{text} ({shown.format(min(values))}–{shown.format(max(values))})"


def ratios(samples):
    """The figures of what is judged divided by everybody else's, and how far apart two of the same are."""
    ours = "lintel" if "lintel" in samples else "changing"
    known = [metric for metric in METRICS if metric in samples[ours][0]]
    rows = [(who, *(ratio(median(samples[ours], metric), median(taken, metric)) for metric in known))
            for who, taken in samples.items() if who != ours]
    rows.append(("A/A spread", *(percent(spread(samples, metric)) for metric in known)))
    return table((f"{ours} ÷", *(METRICS[metric][0] for metric in known)), rows)


def ratio(mine, theirs):
    return f"{mine / theirs:.2f}" if theirs else ""


def counts(by_contestant):
    rows = []
    for who, found in by_contestant.items():
        calls = found["system_calls"]
        listed = ", ".join(f"{name} {number:g}" for name, number in calls.items())
        rows.append((who, f"{sum(calls.values()):.1f}", f"{found['instructions']:,}" if "instructions" in found else "",
                     listed))
    return table(("per request, one connection", "system calls", "instructions", "which calls"), rows)


def percent(part):
    return "" if part is None else f"{100 * part:.1f} %"
