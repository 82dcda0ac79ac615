"""Holds Lintel's figures to the bars of each case."""
import statistics

from stick.cases import CASES
from stick.contestants import PEERS

TWINS = (("lintel", "lintel again"), ("quiet", "quiet again"))  # the same thing measured twice (A/A)


def median(samples, metric):
    return statistics.median(sample[metric] for sample in samples)


def spread(samples, metric):
    """How far apart the medians of the same thing measured twice are, as a part of one; None where it was not."""
    for one, again in TWINS:
        if one in samples and again in samples:
            return abs(median(samples[one], metric) / median(samples[again], metric) - 1)
    return None


def verdicts(results):
    """A dict for every bar of every case that was measured."""
    return [verdict(results, name, bar) for name, case in results["cases"].items() if "samples" in case
            for bar in CASES[name].bars]


def verdict(results, name, bar):
    samples = results["cases"][name]["samples"]
    noise = spread(samples, bar.metric)
    made = {"case": name, "metric": bar.metric, "who": bar.who, "of": bar.of, "limit": bar.limit, "beyond": bar.beyond,
            "spread": noise}
    against = reference(results, samples, bar)
    if against is None:
        return {**made, "verdict": f"not measured: needs {bar.of}"}
    made["of"], divisor = against
    if bar.beyond_figure is not None:
        made["beyond"] = bar.beyond_figure / divisor
    made["value"] = value = median(samples[bar.who], bar.metric) / divisor
    if bar.or_spread and noise is not None:
        made["limit"] = max(bar.limit, 1 + noise)
    return {**made, "verdict": judged(value, made["limit"], made["beyond"], noise or 0)}


def reference(results, samples, bar):
    """What the figure is divided by: (name, number). None where that was not measured."""
    if bar.of is None:
        return None, 1
    if bar.of == "best peer":
        peers = [(median(samples[peer], bar.metric), peer) for peer in PEERS if peer in samples]
        return (min(peers)[1], min(peers)[0]) if peers else None
    if bar.of.startswith("largest of "):
        names = bar.of.removeprefix("largest of ").split(", ")
        known = [(median(samples[name], bar.metric), name) for name in names if name in samples]
        return (max(known)[1], max(known)[0]) if len(known) == len(names) else None
    if bar.of.startswith("case "):
        other = results["cases"].get(bar.of.removeprefix("case "), {}).get("samples")
        return (bar.of, median(other[bar.who], bar.metric)) if other else None
    return (bar.of, median(samples[bar.of], bar.metric)) if bar.of in samples else None


def judged(value, limit, beyond, noise):
    text = "missed" if value > limit else "met" if beyond is None or value > beyond else "beyond"
    return f"{text}, within the A/A spread" if abs(value / limit - 1) < noise else text
