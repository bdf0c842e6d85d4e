from __future__ import annotations

from pathlib import Path

import joinly_storage
import pytest
from case_runner import Case, Runner, decode, load, parse
from support import ROOT

CASES = load(ROOT / "tests/cases")


@pytest.mark.parametrize("url", ["memory:", "sqlite:game.db", "leveldb:game", "jsonl:game"])
@pytest.mark.parametrize("cache_bytes", [64 * 1024 * 1024, 1])
@pytest.mark.parametrize("case", [pytest.param(case, id=f"{file}-{case.name}") for file, case in CASES])
def test_case(case: Case, url: str, cache_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with joinly_storage.open(url, cache_bytes=cache_bytes) as store:
        Runner(store).run(case)


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("plain", b"plain"),
        ("\\e", b""),
        ("a\\sb\\\\c", b"a b\\c"),
        ("\\x00\\xff", b"\0\xff"),
        ("\\r3:ab", b"ababab"),
        ("\\r2:\\x00", b"\0\0"),
        ('{"a":1}', b'{"a":1}'),
        ("é", "é".encode()),
    ],
)
def test_words(word: str, meaning: bytes) -> None:
    assert decode(word) == meaning


def test_the_runner_notices_a_wrong_answer(memory: joinly_storage.Store) -> None:
    [case] = parse("# a comment\ncase wrong\n\nput k v -> ok\nget k -> w\n")
    with pytest.raises(AssertionError, match="line 5: get answered"):
        Runner(memory).run(case)


def test_the_runner_speaks_every_step(memory: joinly_storage.Store) -> None:
    text = (ROOT / "tests/cases/README.md").read_text("utf-8")
    table = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    steps = [step.strip("` ,").split()[0] for row in table for step in row.split("`, `")]
    assert len(steps) > 30
    for step in steps:
        assert hasattr(Runner(memory), f"do_{step}"), step
