"""What happened to tables, as logs tell it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

from ._errors import Unsupported
from ._store import Store

_OPERATIONS = {"CREATE_TABLE", "ALTER_TABLE", "DROP_TABLE", "INSERT", "UPDATE", "DELETE"}
_SHOWN = ("timestamp", "operation", "table", "record", "old_record")


def operations_of_folder(wal: Path) -> Iterator[dict[str, Any]]:
    """The operations that the logs in a folder tell of tables, from the oldest archive to the present log."""
    present = wal / "transaction.log"
    archives = sorted(path for path in wal.glob("transaction.*.log*") if path != present)
    for path in [*archives, wal / "checkpoint.log", present]:
        if path.exists():
            yield from _operations_of_log(path)


def _operations_of_log(path: Path) -> Iterator[dict[str, Any]]:
    """Those of whole commits: the last one may be cut short by the death of its writer."""
    pending: list[dict[str, Any]] = []
    with _opened(path) as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                return
            operation = json.loads(line)
            if operation["operation"] == "COMMIT":
                yield from pending
                pending = []
            elif operation["operation"] in _OPERATIONS:
                pending.append({name: operation.get(name) for name in _SHOWN})


def _opened(path: Path) -> IO[bytes]:
    if path.suffix != ".zst":
        return path.open("rb")
    try:
        zstd = import_module("compression.zstd")
    except ModuleNotFoundError:
        raise Unsupported(9, f"{path}: compressed archives are read by Python 3.14 or newer") from None
    return cast("IO[bytes]", zstd.open(path))


def operations_of_changes(store: Store) -> Iterator[dict[str, Any]]:
    """What the change log tells of tables: as far back as it reaches, without the records."""
    with store.watch("table:", from_version=0) as watch:
        known: set[bytes] = set()
        while (commit := watch.poll(timeout=0)) is not None:
            when = datetime.fromtimestamp(commit.time, timezone.utc).replace(tzinfo=None)
            for change in commit.changes:
                parts = change.key.decode("utf-8", "replace").split(":", 2)
                put, row = change.kind == "put", len(parts) == 3
                names = ("UPDATE", "INSERT", "DELETE") if row else ("ALTER_TABLE", "CREATE_TABLE", "DROP_TABLE")
                operation = names[(change.key not in known) if put else 2]
                (known.add if put else known.discard)(change.key)
                yield {
                    "timestamp": when.isoformat(timespec="microseconds"),
                    "operation": operation,
                    "table": parts[1],
                    "record": None,
                    "old_record": None,
                    "key": parts[2] if row else None,
                }
