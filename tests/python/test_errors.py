from __future__ import annotations

import pickle

import pytest
from joinly_storage import Conflict, Invalid, JoinlyError, NotFound, Store
from joinly_storage import _ffi as ffi
from joinly_storage._errors import BY_STATUS


def camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


@pytest.mark.parametrize(("status", "kind"), BY_STATUS.items())
def test_every_status_has_the_exception_of_its_name(status: int, kind: type[JoinlyError]) -> None:
    assert kind.__name__ == camel(ffi.status_name(status).decode())
    assert kind(status, "text").retryable == bool(ffi.status_is_retryable(status))
    assert kind.__doc__


def test_no_status_is_forgotten() -> None:
    assert ffi.status_name(0) == b"OK"
    assert ffi.status_name(len(BY_STATUS) + 1) == b"UNKNOWN"


def test_an_error_tells_what_it_is() -> None:
    error = Conflict(3, "what failed", 517)
    assert (error.status, error.message, error.engine_code) == (3, "what failed", 517)
    assert str(error) == "what failed"
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.args, str(copy)) == (Conflict, error.args, "what failed")


def test_familiar_bases() -> None:
    assert issubclass(NotFound, KeyError)
    assert issubclass(Invalid, ValueError)
    assert str(NotFound(1, "no quotes")) == "no quotes"


def test_the_library_explains_itself(store: Store) -> None:
    with pytest.raises(Invalid) as caught:
        store.set("", "v")
    assert caught.value.status == 5
    assert caught.value.engine_code == 0
    assert "empty" in str(caught.value)
