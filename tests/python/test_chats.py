from __future__ import annotations

import json
from pathlib import Path

import pytest
from joinly_storage import (
    Busy,
    Cancelled,
    Conflict,
    Corrupt,
    Exists,
    Invalid,
    Moved,
    NotFound,
    Store,
    TooLarge,
)
from joinly_storage.data import *  # noqa: F403
from joinly_storage.data import (
    Progress,
    backups,
    check_migration_status,
    load_chat_sessions,
    load_chat_sessions_hybrid,
    migrate_to_json,
    migrate_to_sqlite,
    restore_backup,
    save_chat_sessions,
    save_chat_sessions_hybrid,
)
from joinly_storage.data.sqlite_store import open_chat_store


def test_sessions_are_made_changed_listed_and_removed(store: Store) -> None:
    chats = store.chats
    made = chats.create("a:1", {"title": "Größe", "big": 2**70, "nested": {"x": [None, 1.5]}})
    assert made["fields"]["big"] == 2**70
    assert made["fields"]["nested"] == {"x": [None, 1.5]}
    with pytest.raises(Exists):
        chats.create("a:1")
    assert len(chats.create()["id"]) == 32
    assert chats.update("a:1", {"title": None, "archived": True})["title"] == ""
    assert chats.get("nobody") is None
    assert [session["id"] for session in chats.list(archived=True)["sessions"]] == ["a:1"]
    assert len(list(chats)) == 1
    page = chats.list(limit=1)
    assert page["cursor"] is None
    counts = chats.counts()
    assert (counts["open"], counts["archived"], counts["messages"]) == (1, 1, 0)
    assert chats.delete("a:1")
    assert not chats.delete("a:1")
    with pytest.raises(NotFound):
        chats.update("a:1", {})
    with pytest.raises(Invalid):
        chats.create("b", {"history": []})


def test_messages_are_appended_read_edited_and_removed(store: Store) -> None:
    chats = store.chats
    chats.create("a")
    for n in range(1, 11):
        assert chats.append("a", {"sender": "user", "text": f"message {n}"})["number"] == n
    page = chats.messages("a", latest_first=True, limit=3)
    assert [message["number"] for message in page["messages"]] == [10, 9, 8]
    assert page["more"]
    assert len(chats.messages("a", after=2, before=5)["messages"]) == 2
    given = {"text": "see", "attachments": [{"data": "A" * 1000}, "b"]}
    sent = chats.append("a", given)
    assert len(sent["attachments"]) == 2
    assert "attachments" not in sent["message"]
    whole = chats.message("a", 11)
    assert whole is not None
    assert whole["message"] == given
    assert chats.attachment("a", 11, 1) == "b"
    with pytest.raises(NotFound):
        chats.attachment("a", 11, 2)
    assert "edited" in chats.edit("a", 11, {"text": "no"})
    chats.remove("a", 11)
    assert chats.message("a", 11) is None
    with pytest.raises(NotFound):
        chats.remove("a", 11)
    with pytest.raises(TooLarge):
        chats.append("a", {"text": "x" * (2 << 20)})
    found = chats.search("MESSAGE 1")
    assert [hit["number"] for hit in found["hits"]] == [1, 10]
    assert found["cursor"] is None
    assert chats.search("message", budget=3)["examined"] == 3


def test_calls_join_a_transaction(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as txn:
        txn.chats.create("a")
        txn.chats.append("a", {"text": "hi"})
        raise ZeroDivisionError
    assert store.chats.get("a") is None


def test_all_sessions_are_saved_at_once(store: Store) -> None:
    chats = store.chats
    payload = {"chats": [{"id": str(n), "title": "x", "history": [{"text": "hi"}] * (n % 3)} for n in range(50)]}
    etag = chats.save_all(payload)["etag"]
    loaded = chats.load_all()
    assert loaded["etag"] == etag
    assert sorted(loaded["chats"], key=lambda chat: int(chat["id"])) == payload["chats"]
    with pytest.raises(Conflict):
        chats.save_all(payload)
    loaded["chats"].pop()
    saved = chats.save_all(loaded)
    assert (saved["written"], saved["unchanged"], saved["removed"]) == (0, 49, 1)


def test_they_are_tables_of_sql(store: Store) -> None:
    store.chats.create("a:b", {"title": "First", "archived": True})
    store.chats.append("a:b", {"sender": "user", "text": "hi", "attachments": [1, 2]})
    store.chats.append("a:b", {"sender": "bot", "content": "ho"})
    rows = store.sql("SELECT id, title, archived, messages, attachments FROM chat_sessions")
    assert list(rows) == [("a:b", "First", 1, 2, 2)]
    rows = store.sql("SELECT session, number, sender, text, attachments FROM chat_messages ORDER BY number")
    assert list(rows) == [("a:b", 1, "user", "hi", 2), ("a:b", 2, "bot", "ho", 0)]


def test_a_folder_moves_to_sqlite_and_back(tmp_path: Path) -> None:
    chats = load_chat_sessions_hybrid(tmp_path)
    assert chats["chats"] == []
    good = {"id": "1", "title": "First", "history": [{"text": "hi", "attachments": ["x"]}]}
    chats["chats"] = [good, {"title": "no id"}]
    with pytest.raises(Invalid):
        save_chat_sessions_hybrid(tmp_path, chats)
    (tmp_path / "user_chat_sessions.json").write_text(json.dumps({"chats": chats["chats"]}))
    with pytest.raises(Moved):
        open_chat_store(tmp_path)
    assert migrate_to_sqlite(tmp_path, dry_run=True)["sessions"] == 1
    with pytest.raises(Cancelled):
        migrate_to_sqlite(tmp_path, progress=lambda progress: progress.phase != "verify")
    assert check_migration_status(tmp_path)["stage"] == "interrupted"

    def fail(progress: Progress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        migrate_to_sqlite(str(tmp_path), progress=fail)
    steps: list[Progress] = []
    report = migrate_to_sqlite(tmp_path, progress=steps.append)
    assert (report["moved"], report["epoch"], report["sessions"]) == (True, 1, 1)
    assert [left_out["index"] for left_out in report["quarantined"]] == [1]
    assert [step.phase for step in steps if step.records == 0] == ["copy", "verify", "finish"]
    status = check_migration_status(tmp_path)
    assert (status["stage"], status["backend"], status["quarantines"]) == ("done", "sqlite", [report["quarantine"]])

    loaded = load_chat_sessions_hybrid(tmp_path)
    assert loaded["chats"] == [good]
    assert loaded["loadedFrom"] == {"epoch": 1, "backend": "sqlite", "used": "sqlite", "fallback": None}
    with open_chat_store(tmp_path) as store:
        store.chats.append("1", {"text": "more"})
    with pytest.raises(Conflict):
        save_chat_sessions_hybrid(tmp_path, loaded)
    with pytest.raises(Moved):
        save_chat_sessions(tmp_path, load_chat_sessions(tmp_path))
    assert migrate_to_json(tmp_path)["epoch"] == 2
    assert len(load_chat_sessions(tmp_path)["chats"][0]["history"]) == 2


def test_a_broken_file_is_restored_from_a_backup(tmp_path: Path) -> None:
    first = save_chat_sessions(tmp_path, {"chats": [{"id": "1"}]})
    save_chat_sessions(tmp_path, {"chats": [], "etag": first["etag"]})
    (tmp_path / "user_chat_sessions.json").write_bytes(bytes(100))
    with pytest.raises(Corrupt, match="NUL"):
        load_chat_sessions(tmp_path)
    with pytest.raises(Corrupt):
        save_chat_sessions(tmp_path, {"chats": [], "etag": "*"})
    [backup] = backups(tmp_path)
    assert restore_backup(tmp_path) == backup["name"]
    assert [chat["id"] for chat in load_chat_sessions(tmp_path)["chats"]] == ["1"]
    with pytest.raises(NotFound):
        restore_backup(tmp_path, "none")
    with pytest.raises(NotFound):
        load_chat_sessions(tmp_path / "none")


def test_a_saver_waits_for_another_and_gives_up(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    save_chat_sessions(tmp_path, {"chats": []})
    with (tmp_path / "chat_sessions.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Busy):
            save_chat_sessions(tmp_path, load_chat_sessions(tmp_path))
