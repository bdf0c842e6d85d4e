"""What is done to whole stores: migration, backup, restore, repair, import."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ctypes import byref, c_void_p
from typing import Any, Callable, Optional, Union

from . import _admin_ffi as admin_ffi
from . import _ffi as ffi
from ._admin_types import (
    BackupInfo,
    BackupReport,
    Existing,
    ImportReport,
    ImportStatus,
    Json,
    LostKeys,
    MigrateReport,
    Migration,
    Phase,
    Progress,
    Repaired,
    Restored,
    ScheduleStatus,
    Watcher,
)
from ._args import to_bytes, to_int64, to_text, to_ttl, to_version
from ._errors import Cancelled, invalid
from ._owned import Owned
from ._store import Store
from ._structs import take_json
from ._types import Bytes

Path = Union[str, os.PathLike[str]]

_PHASES: dict[int, Phase] = {1: "copy", 2: "catch_up", 3: "verify", 4: "finish"}
_EXISTING: dict[Existing, int] = {"refuse": 0, "keep": 1, "replace": 2}
_MOST_KEPT = 2**32 - 1


@contextmanager
def watched(progress: Optional[Watcher]) -> Iterator[tuple[Any, None]]:
    """The arguments that have `progress` told; what it raises is raised in the end."""
    raised: list[BaseException] = []

    def tell(told: Any, _user: object) -> int:
        if progress is None:
            return 0
        now = told.contents
        try:
            return int(progress(Progress(_PHASES[now.phase], now.records, now.bytes)) is False)
        except BaseException as error:
            raised.append(error)
            return 1

    callback = admin_ffi.ProgressCallback() if progress is None else admin_ffi.ProgressCallback(tell)
    try:
        yield callback, None
    except Cancelled:
        if raised:
            raise raised[0] from None
        raise


def _told(function: Callable[..., Any], *arguments: object, progress: Optional[Watcher] = None) -> Json:
    """The report of an operation."""
    with watched(progress) as watching:
        report: Json = take_json(ffi.make(function, *arguments, *watching))
    return report


def _opened(
    function: Callable[..., Any], *arguments: object, progress: Optional[Watcher]
) -> tuple[Optional[Store], Json]:
    """The store that an operation made, and its report."""
    store, report = c_void_p(), c_void_p()
    with watched(progress) as watching:
        ffi.call(function, *arguments, *watching, byref(store), byref(report))
    return Store(store.value) if store.value else None, take_json(report.value or 0)


def _made(function: Callable[..., Any], *arguments: object, progress: Optional[Watcher]) -> tuple[Store, Json]:
    store, report = _opened(function, *arguments, progress=progress)
    assert store is not None
    return store, report


Records = Iterable[Union[tuple[Bytes, Bytes], tuple[Bytes, Bytes, Optional[float]]]]


@contextmanager
def _source(records: Records) -> Iterator[tuple[Any, None]]:
    """The arguments that have `records` read; what they raise is raised in the end."""
    raised: list[BaseException] = []
    rest = iter(records)
    given: list[bytes] = []

    def give(_after: object, _after_len: int, record: Any, _user: object) -> int:
        try:
            for key, value, *expires in rest:
                # They stay until the next record.
                given[:] = to_bytes(key), to_bytes(value)
                told = record.contents
                told.key, told.value = given
                told.key_len, told.value_len = map(len, given)
                if expires and expires[0] is not None:
                    told.expires_at = to_int64(int(expires[0] * 1000))
                return 1
        except BaseException as error:
            raised.append(error)
            return -1
        return 0

    try:
        yield admin_ffi.ImportSource(give), None
    except Cancelled:
        if raised:
            raise raised[0] from None
        raise


def import_records(
    store: int,
    name: str,
    records: Records,
    fingerprint: int,
    existing: Existing,
    dry_run: bool,
    progress: Optional[Watcher],
) -> ImportReport:
    if existing not in _EXISTING:
        raise invalid(f"existing is refuse, keep or replace, not {existing!r}")
    options = admin_ffi.ImportOptions(existing=_EXISTING[existing], dry_run=dry_run)
    named = to_text(name, "the name of an import"), to_version(fingerprint)
    with _source(records) as source:
        told = _told(admin_ffi.import_records, store, *named, *source, byref(options), progress=progress)
    return ImportReport(**told)


def import_status(store: int, name: str) -> Optional[ImportStatus]:
    value = ffi.make(admin_ffi.import_status, store, to_text(name, "the name of an import"))
    return ImportStatus.of(take_json(value)) if value else None


def migrate_store(
    store: int, to: Path, dry_run: bool, keep_source: bool, backup: Optional[Path], progress: Optional[Watcher]
) -> Migration:
    options = admin_ffi.MigrateOptions(dry_run=dry_run, keep_source=keep_source)
    if backup is not None:
        options.backup = to_text(backup, "the folder of a backup")
    place = to_text(to, "a path or URL")
    moved, told = _opened(admin_ffi.migrate, store, place, byref(options), progress=progress)
    return Migration(MigrateReport(**told), moved)


def migrate(
    source: Path,
    to: Path,
    *,
    dry_run: bool = False,
    keep_source: bool = False,
    backup: Optional[Path] = None,
    progress: Optional[Watcher] = None,
) -> Migration:
    """Moves the store at a path or URL to another place, of any engine; see `Store.migrate`."""
    from . import open as open_store

    with open_store(source, must_exist=True) as store:
        return store.migrate(to, dry_run=dry_run, keep_source=keep_source, backup=backup, progress=progress)


def migrate_status(url: Path) -> dict[str, Any]:
    """Where the store at a path or URL is in a migration, also when it cannot be opened because of that.

    "state" is "none"; "incoming" with "id", "records" and "bytes" so far; "moved" with "id", "epoch" and "to"; or
    "arrived" with "id" and "epoch". Raises `NotFound` when there is none.
    """
    status: dict[str, Any] = _told_plainly(admin_ffi.migrate_status, to_text(url, "a path or URL"))
    return status


def _told_plainly(function: Callable[..., Any], *arguments: object) -> Any:
    """What a call tells; raises also where the library gives no error object."""
    value = ffi.make(function, *arguments)
    if not value:
        raise ffi.take_error(ffi.NOT_FOUND, c_void_p())
    return take_json(value)


def _backup_options(incremental: bool, level: int, keep: int, max_age: Optional[float]) -> admin_ffi.BackupOptions:
    if not 0 <= keep <= _MOST_KEPT:
        raise invalid(f"keep is a number of backups, 0 for all, not {keep!r}")
    if not 1 <= level <= 19:
        raise invalid(f"level is 1 to 19, not {level!r}")
    return admin_ffi.BackupOptions(incremental=incremental, level=level, keep=keep, max_age_ms=to_ttl(max_age))


def backup(
    store: int,
    folder: Path,
    incremental: bool,
    level: int,
    keep: int,
    max_age: Optional[float],
    progress: Optional[Watcher],
) -> BackupReport:
    options = _backup_options(incremental, level, keep, max_age)
    place = to_text(folder, "the folder of a backup")
    told = _told(admin_ffi.backup, store, place, byref(options), progress=progress)
    return BackupReport(BackupInfo.of(told), told["full_because"], told["removed"])


def backup_file(store: int, file: Path, progress: Optional[Watcher]) -> BackupInfo:
    return BackupInfo.of(_told(admin_ffi.backup_file, store, to_text(file, "a file"), progress=progress))


def check_backup(file: Path, *, progress: Optional[Watcher] = None) -> BackupInfo:
    """Reads a backup from the first byte to the last; raises `Corrupt` when it is not as it was written."""
    return BackupInfo.of(_told(admin_ffi.backup_check, to_text(file, "a file"), progress=progress))


def list_backups(folder: Path) -> list[BackupInfo]:
    """The backups of a folder, oldest first; what is damaged is left out."""
    told = _told_plainly(admin_ffi.backup_list, to_text(folder, "a folder"))
    return [BackupInfo.of(each) for each in told]


class BackupSchedule(Owned):
    """Backups made every so often by a thread of the library; see `Store.schedule_backups`."""

    def __init__(
        self,
        store: int,
        folder: Path,
        every: float,
        incremental: bool,
        level: int,
        keep: int,
        max_age: Optional[float],
    ) -> None:
        options = _backup_options(incremental, level, keep, max_age)
        place = to_text(folder, "the folder of a backup")
        handle = ffi.make(admin_ffi.schedule_start, store, place, byref(options), to_ttl(every))
        super().__init__(handle, admin_ffi.schedule_free)

    def status(self) -> ScheduleStatus:
        """What it did so far."""
        return ScheduleStatus(**take_json(ffi.make(admin_ffi.schedule_status, self._handle)))


def restore(
    source: Path,
    to: Path,
    *,
    backup: Optional[str] = None,
    overwrite: bool = False,
    progress: Optional[Watcher] = None,
) -> Restored:
    """Makes a store of any engine from a backup: a file, or a folder of backups.

    `backup` names one of the folder by its id, the begin of that, or its file's name; None: the latest. The store is
    made beside its place, checked, and put there when it is whole. Raises `Exists` when something is there, unless
    `overwrite`: then that is put aside. Nobody may have a store there open.
    """
    name = None if backup is None else to_text(backup, "the name of a backup")
    paths = to_text(source, "a file or folder"), name, to_text(to, "a path or URL")
    store, told = _made(admin_ffi.restore, *paths, overwrite, progress=progress)
    return Restored(store, BackupInfo.of(told), told["files"], told["replaced"])


def repair(damaged: Path, to: Path, *, overwrite: bool = False, progress: Optional[Watcher] = None) -> Repaired:
    """Makes a new store of what can be read of a damaged one, which is only read and stays as it is.

    Kept is every record that can be read and matches its checksum, with its version and expiry, and the indexes. Raises
    `NotADatabase` or `Corrupt` when it cannot be opened at all: then restore a backup. Raises `Exists` when something
    is at the place, unless `overwrite`: then that is put aside.
    """
    paths = to_text(damaged, "a path or URL"), to_text(to, "a path or URL")
    store, told = _made(admin_ffi.repair, *paths, overwrite, progress=progress)
    return Repaired(store=store, **{**told, "lost": [LostKeys(**lost) for lost in told["lost"]]})
