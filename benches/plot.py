"""Bars on a logarithmic axis, as SVG."""

from __future__ import annotations

import math
from html import escape

WIDTH, LABEL, BAR, GAP, COLUMNS = 420, 130, 16, 44, 2
STYLE = """<style>
text { font: 11px sans-serif; fill: #444 } .title { font-weight: bold; font-size: 12px }
rect { fill: #9aa7b5 } .ours { fill: #2a6fdb } .page { fill: #fff }
</style>"""


def short(number: float) -> str:
    for limit, suffix in ((1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.3g}{suffix}"
    return f"{number:.3g}"


def panel(title: str, bars: list[tuple[str, float]], left: int, top: int) -> list[str]:
    """One workload: the cheapest on top."""
    bars = sorted(bars, key=lambda bar: bar[1])
    low = math.log10(bars[0][1]) - 0.3
    span = math.log10(bars[-1][1]) - low or 1
    parts = [f'<text class="title" x="{left}" y="{top + 12}">{escape(title)}</text>']
    for at, (system, cost) in enumerate(bars):
        y = top + 20 + at * BAR
        width = (math.log10(cost) - low) / span * (WIDTH - LABEL - 80)
        mark = ' class="ours"' if system.startswith("joinly") else ""
        parts.append(f'<text x="{left + LABEL - 6}" y="{y + 11}" text-anchor="end">{escape(system)}</text>')
        parts.append(f'<rect{mark} x="{left + LABEL}" y="{y + 2}" width="{width:.1f}" height="{BAR - 4}"/>')
        parts.append(f'<text x="{left + LABEL + width + 4:.1f}" y="{y + 11}">{short(cost)}</text>')
    return parts


def plot(panels: dict[str, list[tuple[str, float]]]) -> str:
    """All panels, in columns; costs, so shorter bars are better."""
    parts: list[str] = []
    tops = [40] * COLUMNS
    for title, bars in panels.items():
        column = tops.index(min(tops))
        parts += panel(title, bars, 10 + column * (WIDTH + 10), tops[column])
        tops[column] += len(bars) * BAR + GAP
    width, height = COLUMNS * (WIDTH + 10) + 10, max(tops)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    note = '<text x="10" y="20">Cost, logarithmic: shorter is better. Ours in blue.</text>'
    page = f'<rect class="page" width="{width}" height="{height}"/>'
    return "\n".join([head, STYLE, page, note, *parts, "</svg>", ""])
