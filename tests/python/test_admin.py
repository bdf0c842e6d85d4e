"""Migration, backup, restore, repair and import."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import joinly_storage
import pytest
from joinly_storage import (
    Cancelled,
    Conflict,
    Corrupt,
    Exists,
    Invalid,
    Moved,
    NotFound,
    Progress,
    Store,
    WrongState,
)


def fill(store: Store, count: int = 2500) -> None:
    store.create_index("n", "doc:", "$.n")
    for start in range(0, count, 500):
        with store.transaction() as tx:
            for n in range(start, start + 500):
                tx[f"doc:{n:05}"] = f'{{"n": {n}}}'
    store.set("lease", "1", ttl=1e6)


def contents(store: Store) -> tuple[dict[bytes, bytes], list[tuple[bytes, bytes]]]:
    return dict(store.items()), list(store.find("n", lower=10, upper=20))


def test_a_store_moves_and_comes_back(store: Store, path: Path, tmp_path: Path) -> None:
    fill(store)
    before, seen = contents(store), list[Progress]()
    assert joinly_storage.migrate_status(path)["state"] == "none"
    looked = store.migrate(tmp_path / "new.db", dry_run=True)
    assert looked.store is None
    assert looked.report.records == len(before[0])
    assert not (tmp_path / "new.db").exists()

    moved = store.migrate(tmp_path / "new.db", backup=tmp_path / "before", progress=seen.append)
    assert moved.store is not None
    with moved.store as new:
        assert contents(new) == before
        assert moved.report.epoch == 1
        assert [info.file for info in joinly_storage.list_backups(tmp_path / "before")] == [moved.report.backup]
        assert {progress.phase for progress in seen} == {"copy", "catch_up", "verify", "finish"}
        with pytest.raises(Moved, match=r"new\.db"):
            store["late"] = "1"
        assert contents(store) == before
        assert joinly_storage.migrate_status(path)["to"].endswith("new.db")
        new["more"] = "1"
        after = contents(new)
    store.close()
    returned = joinly_storage.migrate(tmp_path / "new.db", path).store
    assert returned is not None
    with returned:
        assert contents(returned) == after
        returned["again"] = "1"


def test_a_migration_that_was_stopped_goes_on(store: Store, tmp_path: Path) -> None:
    fill(store)
    place = tmp_path / "new.db"
    with pytest.raises(Cancelled):
        store.migrate(place, progress=lambda progress: progress.records < 1000)
    with pytest.raises(WrongState):
        joinly_storage.open(place)
    assert joinly_storage.migrate_status(place)["records"] >= 1000

    def fails(_progress: Progress) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        store.migrate(place, progress=fails)
    store["meanwhile"] = "1"
    moved = store.migrate(place).store
    assert moved is not None
    with moved:
        assert contents(moved) == contents(store)
    store.reclaim()
    store["mine again"] = "1"
    with pytest.raises(WrongState):
        store.reclaim()
    with joinly_storage.open("memory:") as other:
        other["x"] = "1"
        with pytest.raises(Exists):
            other.migrate(place)


def test_backups_are_listed_checked_and_restored(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    fill(store)
    first = store.backup(folder, incremental=True)
    assert first.full_because == "there is no backup yet"
    assert abs(first.backup.created - time.time()) < 3600
    before = contents(store)
    time.sleep(0.01)
    del store["doc:00001"]
    second = store.backup(folder, incremental=True)
    assert (second.backup.base, second.backup.deletes) == (first.backup.id, 1)
    assert joinly_storage.list_backups(folder) == [first.backup, second.backup]
    assert joinly_storage.check_backup(second.backup.file) == second.backup

    restored = joinly_storage.restore(folder, tmp_path / "restored.db")
    with restored.store as latest:
        assert contents(latest) == contents(store)
    assert restored.files == [first.backup.file, second.backup.file]
    with joinly_storage.restore(folder, "memory:", backup=first.backup.id).store as earlier:
        assert contents(earlier) == before
    with pytest.raises(Exists):
        joinly_storage.restore(folder, tmp_path / "restored.db")
    again = joinly_storage.restore(folder, tmp_path / "restored.db", overwrite=True)
    again.store.close()
    assert again.replaced is not None
    assert Path(again.replaced).exists()

    time.sleep(0.01)
    assert set(store.backup(folder, keep=1).removed) == {first.backup.file, second.backup.file}
    one = store.backup_file(tmp_path / "one")
    data = bytearray((tmp_path / "one").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "one").write_bytes(data)
    with pytest.raises(Corrupt):
        joinly_storage.check_backup(one.file)
    with pytest.raises(Corrupt):
        joinly_storage.restore(one.file, "memory:")


def test_a_schedule_makes_backups(store: Store, tmp_path: Path) -> None:
    with store.schedule_backups(tmp_path / "backups", every=3600) as schedule:
        deadline = time.monotonic() + 30
        while schedule.status().made == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        status = schedule.status()
    assert (status.made, status.failures, status.error) == (1, 0, None)
    assert [info.file for info in joinly_storage.list_backups(tmp_path / "backups")] == [status.latest]


def test_what_can_be_read_of_a_damaged_file_is_saved(store: Store, path: Path, tmp_path: Path) -> None:
    fill(store)
    before = dict(store.items())
    store.checkpoint()
    store.close()
    # Wherever it lies: pages that are not in use may have copies.
    data = path.read_bytes().replace(b'{"n": 1234}', b'{"n": 9234}')
    path.write_bytes(data)
    repaired = joinly_storage.repair(path, tmp_path / "repaired.db")
    with repaired.store as saved:
        del before[b"doc:01234"]
        assert dict(saved.items()) == before
    assert [(lost.after, lost.before) for lost in repaired.lost] == [("doc:01233", "doc:01235")]
    assert path.read_bytes() == data


def records(count: int = 2500) -> Iterator[tuple[str, bytes, None]]:
    return ((f"other:{n:05}", str(n).encode(), None) for n in range(count))


def test_records_of_others_are_imported_once(store: Store) -> None:
    store["mine"] = "1"
    assert store.import_status("other") is None
    looked = store.import_records("other", records(), dry_run=True)
    assert (looked.imported, len(store)) == (2500, 1)

    seen = list[Progress]()

    def two_chunks(progress: Progress) -> bool:
        seen.append(progress)
        return progress.records < 2000

    with pytest.raises(Cancelled):
        store.import_records("other", records(), fingerprint=2**64 - 1, progress=two_chunks)
    status = store.import_status("other")
    assert status is not None
    assert (status.done, status.fingerprint, status.after) == (False, 2**64 - 1, b"other:01999")
    assert (status.report.imported, seen[-1].phase) == (2000, "copy")
    with pytest.raises(Conflict):
        store.import_records("other", records(), fingerprint=1)

    def broken() -> Iterator[tuple[str, bytes]]:
        yield "other:02000", b"2000"
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        store.import_records("other", broken(), fingerprint=2**64 - 1)
    done = store.import_records("other", records(), fingerprint=2**64 - 1)
    assert (done.imported, done.kept, done.digest) == (2500, 0, looked.digest)
    assert store.import_records("other", (), fingerprint=2**64 - 1) == done
    assert store["other:02499"] == b"2499"
    status = store.import_status("other")
    assert status is not None
    assert status.done


def test_imported_records_meet_those_of_the_store(store: Store) -> None:
    store["a"] = "mine"
    with pytest.raises(Exists, match="a"):
        store.import_records("first", [("a", "theirs"), ("b", "theirs")])
    kept = store.import_records("first", [("a", "theirs"), ("b", "theirs")], existing="keep")
    assert (kept.imported, kept.kept, store["a"]) == (1, 1, b"mine")
    store.import_records("second", [("a", "theirs", time.time() + 1000), ("b", "", None)], existing="replace")
    assert (store["a"], store["b"]) == (b"theirs", b"")
    assert 900 < (store.ttl("a") or 0) <= 1000
    assert store.ttl("b") is None
    for wrong in ([("b", ""), ("a", "")], [("a", ""), ("a", "")], [("", "")]):
        with pytest.raises(Invalid):
            store.import_records("third", wrong)
    with pytest.raises(TypeError):
        store.import_records("third", [(1, "")])  # type: ignore[list-item]
    with pytest.raises(Invalid):
        store.import_records("third", [], existing="merge")  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        store.import_records("a:b", [])


def test_what_is_wrong_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        joinly_storage.migrate_status(tmp_path / "none.db")
    with pytest.raises(NotFound):
        joinly_storage.list_backups(tmp_path / "none")
    with pytest.raises(NotFound):
        joinly_storage.restore(tmp_path / "none", "memory:")
    with pytest.raises(NotFound):
        joinly_storage.repair(tmp_path / "none.db", "memory:")
    for wrong in ({"level": 20}, {"keep": -1}, {"max_age": -1.0}):
        with pytest.raises(Invalid):
            store.backup(tmp_path / "backups", **wrong)
