"""Turns samples into tables: medians, their spread, ratios, and the verdict on every bar."""
import statistics

METRICS = {  # name: (heading, format)
    "requests_per_second": ("requests/s", "{:,.0f}"),
    "p50_us": ("p50 µs", "{:,.0f}"),
    "p99_us": ("p99 µs", "{:,.0f}"),
    "cpu_us": ("CPU µs/request", "{:.2f}"),
    "memory_kib": ("memory MiB", "{:.1f}"),
    "kib_per_connection": ("KiB/connection", "{:.2f}"),
}


def median(samples, metric):
    return statistics.median(sample[metric] for sample in samples)


def failures(results):
    return [name for name, case in results["cases"].items() if "failed" in case]


def markdown(results):
    lines = [f"{key}: {value}  " for key, value in results["machine"].items()]
    lines.append(f"{results['rounds']} rounds of {results['seconds']} s  ")
    lines += [f"{name}: {version}  " for name, version in results["versions"].items()]
    for name, case in results["cases"].items():
        lines += ["", f"## {name}: {case['what']}", ""]
        lines += [f"FAILED: {case['failed']}"] if "failed" in case else table(case["samples"])
    return "\n".join(lines) + "\n"


def table(samples):
    metrics = [metric for metric in METRICS if metric in next(iter(samples.values()))[0]]
    lines = ["| | " + " | ".join(METRICS[metric][0] for metric in metrics) + " |", "| --- |" + " ---: |" * len(metrics)]
    for who, taken in samples.items():
        lines.append(f"| {who} | " + " | ".join(with_spread(taken, metric) for metric in metrics) + " |")
    return lines


def with_spread(taken, metric):
    values = [sample[metric] / (1024 if metric == "memory_kib" else 1) for sample in taken]
    shown = METRICS[metric][1].format
    return f"{shown(statistics.median(values))} ({shown(min(values))}–{shown(max(values))})"
