from __future__ import annotations

import threading

import pytest
from joinly_storage import Busy, Closed, Conflict, NotFound, Store, Transaction


def test_leaving_the_block_commits(store: Store) -> None:
    with store.transaction() as txn:
        txn["a"] = "1"
        txn.set("b", "2", ttl=3600)
        assert txn["a"] == b"1"
        assert "b" in txn
        assert store.get("a") is None
    assert store.get_many(["a", "b"]) == [b"1", b"2"]
    assert txn.version == store.version
    assert store.ttl("b") is not None


def test_an_exception_rolls_back(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as txn:
        txn["a"] = "1"
        raise ZeroDivisionError
    assert "a" not in store
    assert txn.version is None


def test_explicit_commit_and_rollback(store: Store) -> None:
    with store.transaction() as txn:
        txn["a"] = "1"
        version = txn.commit()
        assert version == txn.version
    with store.transaction() as txn:
        txn["a"] = "2"
        txn.rollback()
    assert store["a"] == b"1"


def test_a_finished_transaction_is_closed(store: Store) -> None:
    txn = store.transaction()
    txn.commit()
    for use in (txn.commit, txn.rollback, lambda: txn.get("a"), lambda: txn.set("a", ""), lambda: list(txn.scan())):
        with pytest.raises(Closed):
            use()
    txn.close()
    txn.close()
    with pytest.raises(Closed):
        txn.get("a")


def test_reads_of_one_moment(store: Store) -> None:
    store["a"] = "1"
    with store.transaction() as txn:
        store["a"] = "2"
        store["b"] = "2"
        assert txn["a"] == b"1"
        assert "b" not in txn
        assert list(txn.scan()) == [(b"a", b"1")]
        assert list(txn) == [b"a"]
        entry = txn.get_entry("a")
        assert entry is not None
        assert 0 < entry.version < store.version
        txn.rollback()


def test_mapping_methods_within(store: Store) -> None:
    store["a"] = "1"
    with store.transaction() as txn:
        del txn["a"]
        assert txn.delete("a") is False
        with pytest.raises(NotFound):
            txn["a"]
        with pytest.raises(KeyError):
            del txn["a"]
        assert txn.add("n", 5) == 5
        txn["p:1"] = "x"
        assert list(txn.prefix("p:", keys_only=True)) == [b"p:1"]
    assert list(store) == [b"n", b"p:1"]


def test_an_overtaken_transaction_raises_conflict_and_changes_nothing(store: Store) -> None:
    store["a"] = "1"
    with pytest.raises(Conflict) as caught, store.transaction() as txn:
        txn["b"] = txn["a"]
        store["a"] = "2"
    assert caught.value.retryable
    assert "b" not in store
    assert store.stats().conflicts == 1


def test_run_transaction_repeats_until_it_wins(store: Store) -> None:
    store["a"] = "1"
    runs = []

    def body(txn: Transaction) -> bytes:
        value = txn["a"]
        runs.append(value)
        if len(runs) < 4:
            store.add("a")
        txn["copy"] = value
        return value

    assert store.run_transaction(body) == b"4"
    assert runs == [b"1", b"2", b"3", b"4"]
    assert store["copy"] == b"4"


def test_run_transaction_gives_up(store: Store) -> None:
    runs = []

    def body(txn: Transaction) -> None:
        runs.append(txn.get("a"))
        store.add("a")
        txn["b"] = ""

    with pytest.raises(Conflict):
        store.run_transaction(body, attempts=3)
    assert len(runs) == 3
    with pytest.raises(ValueError, match="attempts"):
        store.run_transaction(body, attempts=0)


def test_run_transaction_passes_other_errors_on(store: Store) -> None:
    runs = []

    def body(txn: Transaction) -> None:
        runs.append(1)
        txn["a"] = "1"
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        store.run_transaction(body)
    assert runs == [1]
    assert "a" not in store


def test_racing_increments_lose_nothing(store: Store) -> None:
    def increment(txn: Transaction) -> None:
        txn["n"] = str(int(txn.get("n", b"0")) + 1)

    def work() -> None:
        for _ in range(25):
            store.run_transaction(increment, attempts=1000)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store["n"] == b"100"


def test_it_belongs_to_one_thread_at_a_time(store: Store) -> None:
    errors: list[BaseException] = []
    with store.transaction() as txn:

        def work() -> None:
            try:
                for number in range(500):
                    txn.set(f"k{number}", "v")
            except Busy as error:
                errors.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        txn.rollback()
    assert all("another thread" in str(error) for error in errors)
    assert not store


def test_closing_the_store_ends_its_transactions(store: Store) -> None:
    txn = store.transaction()
    store.close()
    with pytest.raises(Closed):
        txn.get("a")
    with pytest.raises(Closed):
        txn.commit()
