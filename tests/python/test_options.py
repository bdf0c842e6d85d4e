from __future__ import annotations

from pathlib import Path
from typing import Any

import joinly_storage
import pytest
from joinly_storage import Busy, Invalid, NotFound


def test_paths_and_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    urls: list[str | Path] = ["a.db", Path("a.db"), tmp_path / "a.db", "sqlite:a.db", f"sqlite:{tmp_path}/a.db"]
    for number, url in enumerate(urls):
        with joinly_storage.open(url) as store:
            assert store.engine == "sqlite"
            assert store.add("opened") == number + 1
    assert [file.name for file in tmp_path.iterdir() if not file.name.startswith("a.db-")] == ["a.db"]


def test_a_path_object_is_never_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with joinly_storage.open(Path("memory:")) as store:
        assert store.engine == "sqlite"
    assert (tmp_path / "memory:").is_file()


def test_memory_ends_with_its_handle() -> None:
    with joinly_storage.open("memory:") as store:
        store["k"] = "v"
        assert store.engine == "memory"
    with joinly_storage.open("memory:") as store:
        assert "k" not in store


def test_every_option_is_taken(path: Path) -> None:
    with joinly_storage.open(
        path,
        durability="power",
        mode="through",
        cache_bytes=1 << 20,
        busy_timeout_ms=100,
        snapshot_max_age_ms=100,
        compress_threshold=10,
        compress_level=19,
        log_keep=10,
        sweep_interval_ms=100,
        must_exist=False,
        read_only=False,
    ) as store:
        store["k"] = b"x" * 10_000
        assert store["k"] == b"x" * 10_000
        assert store.stats().cache_capacity == 1 << 20


def test_the_url_wins(path: Path) -> None:
    with joinly_storage.open(f"sqlite:{path}?cache_mb=2", cache_bytes=1 << 20) as store:
        assert store.stats().cache_capacity == 2 << 20


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("durability", "maybe"),
        ("mode", "sideways"),
        ("behind_bytes", 0),
        ("cache_bytes", 0),
        ("cache_bytes", 2**64),
        ("busy_timeout_ms", -1),
        ("busy_timeout_ms", 2**32),
        ("log_keep", -5),
        ("compress_level", 20),
        ("compress_level", 0),
    ],
)
def test_values_out_of_range_are_named(path: Path, name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        joinly_storage.open(path, **{name: value})
    assert not path.exists()


def test_unknown_options_are_named(path: Path) -> None:
    with pytest.raises(TypeError, match="cash_bytes"):
        joinly_storage.open(path, cash_bytes=1)  # type: ignore[call-arg]
    with pytest.raises(Invalid, match="cash_mb"):
        joinly_storage.open(f"sqlite:{path}?cash_mb=1")
    with pytest.raises(Invalid, match="redis"):
        joinly_storage.open("redis:6379")


def test_malformed_urls(path: Path) -> None:
    for url in ("", f"{path}\0.db"):
        with pytest.raises(Invalid):
            joinly_storage.open(url)
    for wrong in (None, 1, b"game.db"):
        with pytest.raises(TypeError):
            joinly_storage.open(wrong)  # type: ignore[arg-type]


def test_write_behind(path: Path) -> None:
    with joinly_storage.open(path, mode="behind", behind_bytes=1 << 20, flush_interval_ms=60_000) as store:
        store["k"] = "v"
        assert store["k"] == b"v"
        assert store.stats().queued == 1
        with joinly_storage.open(path) as reader:
            assert "k" not in reader
            with pytest.raises(Busy, match="behind"):
                reader["k"] = "w"
            store.flush()
            assert reader["k"] == b"v"
        stats = store.stats()
        assert (stats.queued, stats.queued_bytes, stats.flushes, stats.flushed_rows) == (0, 0, 1, 1)
        with pytest.raises(Busy, match="behind"):
            joinly_storage.open(path, mode="behind")
        store["k"] = "x"
    with joinly_storage.open(path) as store:
        assert store["k"] == b"x"
        store["k"] = "through"


def test_write_behind_needs_a_file_to_write_to(path: Path) -> None:
    with pytest.raises(Invalid, match="memory"):
        joinly_storage.open("memory:", mode="behind")
    with pytest.raises(Invalid, match="read_only"):
        joinly_storage.open(path, mode="behind", read_only=True)


def test_a_configuration(tmp_path: Path) -> None:
    file = tmp_path / "store.toml"
    file.write_text('url = "sqlite:game.db"\ncache_mb = 3\n', "utf-8")
    with joinly_storage.open_config(file) as store:
        assert store.stats().cache_capacity == 3 << 20
    assert (tmp_path / "game.db").is_file()
    file.write_text('url = "memory:"\nspeed = 11\n', "utf-8")
    with pytest.raises(Invalid, match="speed"):
        joinly_storage.open_config(file)
    with pytest.raises(NotFound):
        joinly_storage.open_config(tmp_path / "missing.toml")


def test_capabilities(path: Path) -> None:
    with joinly_storage.open("memory:") as store:
        assert store.capabilities() == joinly_storage.Capabilities("none", "one store", False, True)
    with joinly_storage.open(path, durability="power") as store:
        assert store.capabilities() == joinly_storage.Capabilities("power", "everyone", True, True)
    with joinly_storage.open(path, mode="behind") as store:
        assert store.capabilities() == joinly_storage.Capabilities("process", "one writer", True, True)


def test_archives_of_json_lines(tmp_path: Path) -> None:
    def archives(**options: Any) -> list[str]:
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        with joinly_storage.open(f"jsonl:{folder}", **options) as store:
            assert store.engine == "jsonl"
            assert store.capabilities() == joinly_storage.Capabilities("process", "one store", False, False)
            for number in range(3):
                store["n"] = str(number)
                store.checkpoint()
        return sorted(file.name for file in (folder / "wal").iterdir() if file.name != "transaction.log")

    assert len(archives()) == 3
    assert len(archives(archive_keep=2)) == 2
    assert archives(archive_keep=0) == []
    [packed] = archives(archive_keep=1, archive_compress=True)
    assert packed.startswith("transaction.")
    assert packed.endswith(".log.zst")
    with pytest.raises(Invalid):
        archives(archive_keep=-1)


def test_limits_and_stats(path: Path) -> None:
    with joinly_storage.open(path) as store:
        limits = store.limits()
        assert (limits.max_key_bytes, limits.max_value_bytes) == (2048, 64 << 20)
        assert limits.max_batch_ops >= 1000
        assert limits.max_page_rows >= 256
        assert limits.max_batch_bytes >= limits.max_value_bytes
        store["k"] = "v"
        assert store["k"] == b"v"
        assert "missing" not in store
        store.flush()
        store.checkpoint()
        store.compact()
        store.verify()
        stats = store.stats()
        assert stats.version == store.version == 1
        assert stats.commits == stats.engine_commits == 1
        assert stats.file_bytes == path.stat().st_size
        assert stats.cache_entries >= 1
        assert 0 < stats.cache_bytes <= stats.cache_capacity == 64 << 20
