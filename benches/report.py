"""report.py [--quick] SAMPLES FOLDER: makes results.json, README.md and plots of the samples that benches wrote."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any, Optional

from plot import plot
from workloads import WORKLOADS

# The first of them that a workload has is what its ratios are to.
OURS = ("joinly", "joinly_behind")
SUMMARY = ["joinly_behind", "lmdb", "lmdb_held", "leveldb", "rocksdb", "sqlite_auto", "sqlite_held", "redb", "fjall"]
SUMMARY += ["rwlock_map", "quick_cache", "moka"]
MODELS_SUMMARY = ["joinly_behind", "sql"]
PYTHON_SUMMARY = [
    "joinly_behind",
    "py-lmdb",
    "py-lmdb_held",
    "plyvel",
    "rocksdict",
    "sqlite3",
    "diskcache",
    "sqlitedict",
    "cachetools",
]
PYTHON_SUMMARY += ["dict", "ctypes_empty"]
# What the project's README shows.
HIGHLIGHTS = [
    "get_hot",
    "get_zipf",
    "get_missing",
    "get_cold",
    "put_process",
    "put_behind",
    "put_durable_1",
    "put_durable_8",
]
HIGHLIGHTS += ["batch_asc", "scan_100", "processes_2"]
HIGHLIGHTED = ["joinly_behind", "lmdb", "leveldb", "rocksdb", "sqlite_auto", "rwlock_map"]
MARKS = ("<!-- figures: written by make bench -->", "<!-- end of figures -->")
Row = dict[str, Any]


def read_rows(samples: Path) -> list[Row]:
    """Medians over rounds, in the order of workloads, ours first."""
    rows = []
    for line in samples.read_text().splitlines():
        sample = json.loads(line)
        row = {name: sample[name] for name in ("workload", "system")}
        for name in ("cpu_ns", "wall_ns", "process_cpu_ns"):
            if name in sample:
                row[name] = significant(median(sample[name]))
                row["rounds"] = len(sample[name])
        for name in ("value", "unit", "skipped"):
            if name in sample:
                row[name] = significant(sample[name]) if name == "value" else sample[name]
        row["configuration"] = sample["configuration"]
        rows.append(row)
    order = list(WORKLOADS)
    rows.sort(key=lambda row: (order.index(row["workload"]), not row["system"].startswith("joinly"), cost(row) or 0))
    for row in rows:
        ours = our_row(rows, row["workload"])
        both = ours is not None and cost(row) is not None
        row["ratio"] = significant(cost(row) / cost(ours)) if both else None
    return rows


def our_row(rows: list[Row], workload: str) -> Optional[Row]:
    """What the ratios of a workload are to."""
    found = {row["system"]: row for row in rows if row["workload"] == workload and cost(row) is not None}
    return next((found[system] for system in OURS if system in found), None)


def significant(number: float) -> float:
    """Four digits: more would be noise."""
    return float(f"{number:.4g}")


def cost(row: Row) -> Optional[float]:
    """The figure that systems are compared by."""
    return row.get("value", row.get(WORKLOADS[row["workload"]].basis))


def amount(number: Optional[float]) -> str:
    if number is None:
        return ""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def ratio(row: Optional[Row]) -> str:
    if row is None or row["ratio"] is None:
        return ""
    return f"{row['ratio']:.0f}" if row["ratio"] >= 100 else f"{row['ratio']:.2g}"


def table(header: list[str], lines: list[list[str]]) -> str:
    marks = ["---", *["---:" if name != "configuration" else "---" for name in header[1:]]]
    return "\n".join("| " + " | ".join(line) + " |" for line in [header, marks, *lines])


def summary(rows: list[Row], systems: list[str], workloads: Iterable[str] = WORKLOADS) -> str:
    """Ratios only: a line for each workload that a peer among the systems was measured in."""
    found = {(row["workload"], row["system"]): row for row in rows}
    lines = []
    for workload in workloads:
        ours = our_row(rows, workload)
        ratios = {system: ratio(found.get((workload, system))) for system in systems}
        if ours and any(text for system, text in ratios.items() if system not in OURS):
            lines.append([workload, amount(cost(ours)) + " " + unit(ours), *ratios.values()])
    return table(["workload", "joinly", *systems], lines)


def show(rows: list[Row], page: Path) -> None:
    """Puts the highlights between the marks of a page."""
    before, _, rest = page.read_text().partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    page.write_text("\n\n".join([before + MARKS[0], summary(rows, HIGHLIGHTED, HIGHLIGHTS), MARKS[1] + after]))


def unit(row: Row) -> str:
    return row.get("unit") or WORKLOADS[row["workload"]].basis.replace("_ns", " ns").replace("cpu", "CPU")


def details(rows: list[Row], workload: str) -> str:
    of_workload = [row for row in rows if row["workload"] == workload]
    measured = [row for row in of_workload if "skipped" not in row]
    with_unit = any("unit" in row for row in measured)
    if with_unit:
        header = ["system", measured[0]["unit"], "ratio", "configuration"]
        lines = [[row["system"], amount(row["value"]), ratio(row), shielded(row["configuration"])] for row in measured]
    else:
        header = ["system", "CPU ns", "wall ns", "process CPU ns", "ratio", "configuration"]
        lines = [
            [
                row["system"],
                *[amount(row[name]) for name in ("cpu_ns", "wall_ns", "process_cpu_ns")],
                ratio(row),
                shielded(row["configuration"]),
            ]
            for row in measured
        ]
    left_out = [f"- {row['system']} is left out: {row['skipped']}." for row in of_workload if "skipped" in row]
    parts = [f"### `{workload}`", f"{WORKLOADS[workload].title}."]
    if measured:
        basis = (
            "" if with_unit else f" Ratio of {WORKLOADS[workload].basis.replace('_ns', ' time').replace('cpu', 'CPU')}."
        )
        parts = [parts[0], parts[1] + basis, table(header, lines)]
    return "\n\n".join([*parts, *(["\n".join(left_out)] if left_out else [])])


def shielded(text: str) -> str:
    """Text without what means something in a table of Markdown."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")


def machine() -> str:
    def field(path: str, pattern: str) -> str:
        match = re.search(pattern, Path(path).read_text())
        return match.group(1).strip() if match else "unknown"

    processors = len(re.findall(r"(?m)^processor\s*:", Path("/proc/cpuinfo").read_text()))
    memory = int(field("/proc/meminfo", r"MemTotal:\s*(\d+)")) >> 20
    model = field("/proc/cpuinfo", r"model name\s*:\s*(.*)")
    load = f"load average {os.getloadavg()[1]:.1f} during the last five minutes"
    python = platform.python_version()
    return f"{processors} x {model}, {memory} GiB, {load}, Linux {platform.release()}, Python {python}"


PAGE = """# Measured beside its peers

Made by `make bench{suffix}` on {machine}. Do not edit.
{warning}
A ratio is a peer's cost divided by ours in the same run: **above 1 we are faster (or smaller), below 1 we lose**.
Keys have 16 bytes and values 100 unless a workload says otherwise; every read copies the value out. All systems take
turns in every round; figures are medians over rounds. *CPU* is that of the calling threads, *wall* is elapsed time, and
*process CPU* is that of the whole process until it was idle again, so that the work of background threads shows.
Workloads that wait for the device are compared by wall time, all others by CPU time. The Rust peers are called through
a table of C functions, ours through its C ABI. Absolute figures depend on the machine; ratios travel better.

## Ratios

The column `joinly` is our own cost, `joinly_behind` our write-behind mode. [Every figure](#every-figure) says what a
workload does and how each system was configured.

{summary}

### Lobbies, leaderboards, matchmaking

Beside the same operations in SQL, as a careful user of SQLite would write them, and in our mode behind.

{models}

### Python

{python}

![Reads](reads.svg)

![Writes](writes.svg)

![Lobbies, leaderboards, matchmaking](models.svg)

![Python](python.svg)

## Every figure

{details}
"""
WARNING = """
> A quick run: the large set has 100,000 rows instead of a million, sustained writes are 200,000 instead of two million,
> and rounds are few and short. Expect noise, and flattery for whatever does its work later.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("samples", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    rows = read_rows(arguments.samples)
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    head = {"mode": "quick" if arguments.quick else "full", "machine": machine()}
    lines = ",\n".join("    " + json.dumps(row) for row in rows)
    (folder / "results.json").write_text(f'{json.dumps(head)[:-1]}, "rows": [\n{lines}\n]}}\n')
    measured = [workload for workload in WORKLOADS if any(row["workload"] == workload for row in rows)]
    page = PAGE.format(
        suffix="-quick" if arguments.quick else "",
        machine=head["machine"],
        warning=WARNING if arguments.quick else "",
        summary=summary(rows, SUMMARY),
        models=summary(rows, MODELS_SUMMARY),
        python=summary(rows, PYTHON_SUMMARY),
        details="\n\n".join(details(rows, workload) for workload in measured),
    )
    (folder / "README.md").write_text(page)
    show(rows, Path("README.md"))
    for name in ("reads", "writes", "models", "python"):
        panels = {
            f"{workload}: {unit(rows_of[0])}": [(row["system"], cost(row) or 0.0) for row in rows_of]
            for workload in WORKLOADS
            if WORKLOADS[workload].plot == name
            and (rows_of := [row for row in rows if row["workload"] == workload and cost(row) is not None])
        }
        (folder / f"{name}.svg").write_text(plot(panels))


if __name__ == "__main__":
    main()
