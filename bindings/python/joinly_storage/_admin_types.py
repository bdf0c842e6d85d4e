"""What operations on whole stores tell. Times are seconds since 1970-01-01 UTC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Optional

from ._args import to_seconds
from ._store import Store

Phase = Literal["copy", "catch_up", "verify", "finish"]
Json = dict[str, Any]


@dataclass(frozen=True)
class Progress:
    """How far an operation is."""

    phase: Phase
    """"copy": records are written, "catch_up": what was changed meanwhile, "verify": both are compared or the result is
    checked, "finish": it is made visible."""
    records: int
    """Records so far in this phase, those of earlier attempts that need not be repeated included."""
    bytes: int
    """Bytes of their keys and values."""


Watcher = Callable[[Progress], Optional[bool]]
"""Told after every step; False ends the operation, which raises `Cancelled`. What it raises ends it too."""


@dataclass(frozen=True)
class MigrateReport:
    """What a migration did, earlier attempts included."""

    id: str
    """Names it in both stores."""
    epoch: int
    """How often the data was handed over, this time included."""
    records: int
    bytes: int
    indexes: int
    followed: int
    """Commits that were made meanwhile."""
    passes: int
    """Passes over all records; more than one when the change log was trimmed meanwhile, 0: by the change log alone."""
    version: int
    backup: Optional[str]
    """The backup that was made first."""


@dataclass(frozen=True)
class Migration:
    """A finished migration."""

    report: MigrateReport
    store: Optional[Store]
    """The store to go on with; None after a dry run."""


@dataclass(frozen=True)
class BackupInfo:
    """A backup."""

    file: str
    id: str
    base: Optional[str]
    """The id of the backup that it continues; None: it is a full one."""
    version: int
    """Of the last commit that it holds."""
    created: float
    engine: str
    records: int
    bytes: int
    deletes: int
    """Keys that were deleted since its base."""
    file_bytes: int

    @classmethod
    def of(cls, told: Json) -> BackupInfo:
        fields = {name: value for name, value in told.items() if name in cls.__dataclass_fields__}
        return cls(created=to_seconds(told["created_ms"]), **fields)


@dataclass(frozen=True)
class BackupReport:
    """What making a backup did."""

    backup: BackupInfo
    full_because: Optional[str]
    """Why a full one was made although an incremental one was asked for."""
    removed: list[str]
    """Files of backups that were removed."""


@dataclass(frozen=True)
class ScheduleStatus:
    """What a schedule did so far."""

    made: int
    latest: Optional[str]
    """The file of the latest backup that it made."""
    failures: int
    error: Optional[str]
    """The last failure; None once a backup succeeded."""


Existing = Literal["refuse", "keep", "replace"]
"""What becomes of a record that the store has already: the import is refused, the store's stays, or is replaced."""


@dataclass(frozen=True)
class ImportReport:
    """What an import did, earlier attempts included."""

    imported: int
    kept: int
    """Records that the store had already and kept."""
    bytes: int
    digest: int
    """A number over all records in their order: of two imports of the same records it is the same."""


@dataclass(frozen=True)
class ImportStatus:
    """Where an import is."""

    report: ImportReport
    fingerprint: int
    after: bytes
    """The last key that was imported."""
    done: bool

    @classmethod
    def of(cls, told: Json) -> ImportStatus:
        fingerprint, after, done = told.pop("fingerprint"), bytes.fromhex(told.pop("after")), told.pop("done")
        return cls(ImportReport(**told), fingerprint, after, done)


@dataclass(frozen=True)
class Restored:
    """A restored store."""

    store: Store
    backup: BackupInfo
    files: list[str]
    """The files that it was made from, in the order in which they were applied."""
    replaced: Optional[str]
    """Where what was at its place is now."""


@dataclass(frozen=True)
class LostKeys:
    """Keys that were lost: those between two that are there, or, when both are the same, that key.

    None: from the first key on, or to the last.
    """

    after: Optional[str]
    before: Optional[str]


@dataclass(frozen=True)
class Repaired:
    """What was saved of a damaged store."""

    store: Store
    records: int
    bytes: int
    version: int
    """The highest that was found."""
    lost: list[LostKeys]
    findings: list[str]
    """What is wrong with the structure of the damaged store."""
    notes: list[str]
    """What else could not be saved."""
    replaced: Optional[str]
    """Where what was at its place is now."""
