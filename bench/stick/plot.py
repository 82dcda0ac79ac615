"""Draws CPU time per request as multiples of the floor's: an SVG that is legible on light and dark pages."""
from html import escape

from stick.bars import median, spread

WIDTH, LEFT, RIGHT = 760, 120, 70
TOP, ROW, GAP = 64, 18, 34
MOST = 6  # multiples of the floor; longer bars are cut, their number isn't

STYLE = """
  .page { fill: #ffffff } text { fill: #24292f; font: 13px sans-serif }
  .title { font-size: 16px; font-weight: bold } .case { font-weight: bold } .small { font-size: 11px }
  .ours { fill: #c8553d } .peer { fill: #7a93ac } .line { stroke: #24292f }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #e6edf3 }
    .ours { fill: #e8836b } .peer { fill: #5b7690 } .line { stroke: #e6edf3 }
  }
"""


def cpu(results):
    drawn, y = [], TOP
    for name, case in results["cases"].items():
        samples = case.get("samples", {})
        if "floor" in samples and "cpu_us" in samples["floor"][0]:
            group, y = drawn_case(name, case["what"], samples, y)
            drawn += group
    height = y + 10
    one = x_of(1)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
        text(10, 26, "CPU time per request, in multiples of a relay that parses nothing (less is better)", "title"),
        text(10, 44, f"medians of {results['rounds']} rounds, thin lines from the smallest to the largest; "
             "the upright line is the relay", "small"),
        *drawn,
        f'<line class="line" x1="{one}" x2="{one}" y1="{TOP - 10}" y2="{height - 10}" stroke-dasharray="3 3"/>',
        "</svg>"]) + "\n"


def drawn_case(name, what, samples, y):
    """The bars of a case from `y` downwards: the elements, and where the next case begins."""
    floor = median(samples["floor"], "cpu_us")
    noise = spread(samples, "cpu_us")
    elements = [text(10, y + 8, f"{name}: {what}; the relay takes {floor:.1f} µs"
                     + ("" if noise is None else f", Lintel measured twice differs by {100 * noise:.1f} %"), "case")]
    y += 16
    for who, taken in samples.items():
        if who not in ("floor", "lintel again"):
            elements += bar(who, [sample["cpu_us"] / floor for sample in taken], median(taken, "cpu_us") / floor, y)
            y += ROW
    return elements, y + GAP - ROW


def bar(who, values, middle, y):
    end, low, high = (x_of(value) for value in (middle, min(values), max(values)))
    kind = "ours" if who == "lintel" else "peer"
    cut = " (cut)" if middle > MOST else ""
    return [text(LEFT - 8, y + 12, who, "", anchor="end"),
            f'<rect class="{kind}" x="{LEFT}" y="{y + 2}" width="{end - LEFT:.1f}" height="12"/>',
            f'<line class="line" x1="{low}" x2="{high}" y1="{y + 8}" y2="{y + 8}"/>',
            text(max(end, high) + 6, y + 12, f"{middle:.2f}×{cut}", "")]


def x_of(multiple):
    return round(LEFT + min(multiple, MOST) / MOST * (WIDTH - LEFT - RIGHT), 1)


def text(x, y, words, kind, anchor="start"):
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'
