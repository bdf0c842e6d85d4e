"""What happens in the arena, live; at the end how long players waited, how good their matches were, and a plot of it.

arena_view.py [URL [SECONDS [PLOT]]]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import joinly_storage
from joinly_storage import Report, Store

LOBBIES = "SELECT state, count(*) FROM lobbies WHERE kind = 'arena' GROUP BY state"
WAITING = """SELECT key FROM kv
    WHERE key GLOB 'queue:arena:ticket:*' AND json_extract(value, '$.state') = 'QUEUED'"""


def watch(store: Store, seconds: float) -> None:
    """A line for every look; on a terminal, one that changes."""
    begin, live = time.monotonic(), sys.stdout.isatty()
    while (passed := time.monotonic() - begin) < seconds:
        rows: Any = store.sql(LOBBIES)
        lobbies = dict(rows)
        waiting = len(list(store.sql(WAITING)))
        gathering, playing, over = (lobbies.get(state, 0) for state in ("open", "in_game", "closed"))
        best = store.leaderboards.top("arena", 3) if "board:arena" in store else []
        leaders = ", ".join(f"{it.player} {it.score}" for it in best)
        line = f"{passed:4.1f} s  {waiting:4} wait  {gathering:4} gather  {playing:4} play  {over:5} over  {leaders}"
        print(f"\r\033[K{line}" if live else line, end="" if live else "\n", flush=True)
        time.sleep(0.2 if live else 1)
    if live:
        print()


def table(report: Report) -> None:
    print("rating       tickets  matched  waited: half   95 %    all")
    for it in report.deciles:
        span = f"{it.lowest:4.1f} - {it.highest:4.1f}"
        waits = f"{it.wait_p50:6.2f} {it.wait_p95:6.2f} {it.wait_max:6.2f} s"
        print(f"{span:12} {it.tickets:7}  {it.match_rate:6.0%}        {waits}  {'#' * round(it.wait_p50 * 20)}")
    mean, worst = report.mean, report.worst
    print(f"{report.matches} matches: gap {mean.gap:.2f} (worst {worst.gap:.2f}) points of rating,", end=" ")
    print(f"the better team wins {0.5 + mean.advantage:.0%} (worst {0.5 + worst.advantage:.0%})")


def plot(report: Report, file: Path) -> None:
    """Half of the waits and 95 % of them, by rating, as bars."""
    longest = max((it.wait_p95 for it in report.deciles), default=0) or 1
    bars = []
    for at, it in enumerate(report.deciles):
        for wait, colour in ((it.wait_p95, "#9aa7b5"), (it.wait_p50, "#2a6fdb")):
            height = 160 * wait / longest
            x, y = 40 + 44 * at, 190 - height
            bars.append(f'<rect x="{x}" y="{y:.1f}" width="36" height="{height:.1f}" fill="{colour}"/>')
        bars.append(f'<text x="{40 + 44 * at}" y="206">{it.lowest:.0f}-{it.highest:.0f}</text>')
    title = f"Wait by rating: half (blue), 95 % (grey); highest {longest:.2f} s. {report.matches} matches, "
    title += f"gap {report.mean.gap:.2f}, the better team wins {0.5 + report.mean.advantage:.0%}"
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="500" height="216" font-family="sans-serif" font-size="10">'
    text = f'<text x="10" y="16">{title}</text>'
    file.write_text("\n".join([head, '<rect width="500" height="216" fill="#fff"/>', text, *bars, "</svg>\n"]))
    print(f"plot: {file}")


if __name__ == "__main__":
    url, seconds, *plots = [*sys.argv[1:], *["game.db", "1"][len(sys.argv) - 1 :]]
    with joinly_storage.open(url) as store:
        watch(store, float(seconds))
        if "queue:arena" in store:
            report = store.queues["arena"].report()
            table(report)
            for file in plots:
                plot(report, Path(file))
