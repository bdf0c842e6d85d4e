"""What `_ffi` declares against include/joinly_storage.h, the specification."""

from __future__ import annotations

import ctypes
import re
from struct import Struct
from typing import Any

import pytest
from joinly_storage import (
    _admin_ffi,
    _chat_ffi,
    _lobby_events,
    _lobby_ffi,
    _pages,
    _player_ffi,
    _queue_ffi,
    _session_ffi,
    _sql,
    _stats,
    _table_ffi,
    _watch,
)
from joinly_storage import _ffi as ffi
from support import ROOT

HEADER = re.sub(r"/\*.*?\*/", "", (ROOT / "include/joinly_storage.h").read_text("utf-8"), flags=re.S)
FUNCTIONS = {
    name: (result, parameters)
    for result, name, parameters in re.findall(r"^([\w ]+[ *])(joinly_\w+)\(([^)]*)\);", HEADER, re.M)
}
STRUCTS = {
    name: re.findall(r"(.+?)(\w+)(?:\[(\d+)\])?;", body)
    for body, name in re.findall(r"typedef struct \{(.*?)\} (\w+);", HEADER, re.S)
}
DECLARED = {
    name: function
    for module in (ffi, _admin_ffi, _chat_ffi, _lobby_ffi, _player_ffi, _queue_ffi, _session_ffi, _table_ffi)
    for function in vars(module).values()
    if (name := getattr(function, "__name__", "")) in FUNCTIONS
}
INTEGERS = {
    "char": ctypes.c_char,
    "double": ctypes.c_double,
    "uint8_t": ctypes.c_uint8,
    "int32_t": ctypes.c_int32,
    "joinly_status": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64,
    "uint64_t": ctypes.c_uint64,
    "size_t": ctypes.c_size_t,
}
LAYOUTS: dict[str, Any] = {
    "joinly_options": ffi.Options,
    "joinly_bytes": ffi.Bytes,
    "joinly_scan_options": ffi.ScanOptions,
    "joinly_find_options": ffi.FindOptions,
    "joinly_sql_param": ffi.SqlParam,
    "joinly_sql_options": ffi.SqlOptions,
    "joinly_cache_options": ffi.CacheOptions,
    "joinly_progress": _admin_ffi.Progress,
    "joinly_migrate_options": _admin_ffi.MigrateOptions,
    "joinly_backup_options": _admin_ffi.BackupOptions,
    "joinly_import_options": _admin_ffi.ImportOptions,
    "joinly_import_record": _admin_ffi.ImportRecord,
    "joinly_caller": _lobby_ffi.Caller,
    "joinly_done": _lobby_ffi.Done,
    "joinly_join": _lobby_ffi.Join,
    "joinly_seat_request": _lobby_ffi.SeatRequest,
    "joinly_lobby_options": _lobby_ffi.LobbyOptions,
    "joinly_lobby_query": _lobby_ffi.LobbyQuery,
    "joinly_explain": _lobby_ffi.Explain,
    "joinly_swept": _lobby_ffi.Swept,
    "joinly_delta": _player_ffi.Delta,
    "joinly_object_change": _player_ffi.ObjectChange,
    "joinly_written": _player_ffi.Written,
    "joinly_save_options": _player_ffi.SaveOptions,
    "joinly_seeker": _queue_ffi.Seeker,
    "joinly_ticket": _queue_ffi.Ticket,
    "joinly_game": _player_ffi.Game,
    "joinly_rating": _player_ffi.Rating,
    "joinly_team": _player_ffi.Team,
    "joinly_table_query": _table_ffi.TableQuery,
    "joinly_stats": _stats._Stats,
    "joinly_limits": _stats._Limits,
    "joinly_capabilities": _stats._Capabilities,
    "joinly_cache_stats": _stats._CacheStats,
}


def of_c(text: str) -> Any:
    """The integer type that a C type is, or "pointer", or None for void."""
    text = text.replace("const", "").strip()
    if text.endswith(("*", "_callback")):
        return "pointer"
    return None if text == "void" else INTEGERS[text]


def of_ctypes(kind: Any) -> Any:
    return kind if kind is None or kind in INTEGERS.values() else "pointer"


def test_the_header_is_understood() -> None:
    assert len(FUNCTIONS) == len(re.findall(r"\bjoinly_\w+\(", HEADER)) > 70
    assert len(STRUCTS) == HEADER.count("typedef struct {") > 8
    assert len(DECLARED) > 70


@pytest.mark.parametrize("name", DECLARED)
def test_a_function_is_declared_as_in_the_header(name: str) -> None:
    result, parameters = FUNCTIONS[name]
    types = [re.sub(r"\w+$", "", part.strip()) for part in parameters.split(",") if part.strip() != "void"]
    assert [of_ctypes(kind) for kind in DECLARED[name].argtypes] == [of_c(kind) for kind in types]
    assert of_ctypes(DECLARED[name].restype) == of_c(result)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_struct_is_laid_out_as_in_the_header(name: str) -> None:
    fields = [(field, of_c(kind), int(count or 1)) for kind, field, count in STRUCTS[name]]
    declared = []
    for field, kind in LAYOUTS[name]._fields_:
        count = getattr(kind, "_length_", 1)
        declared.append((field, of_ctypes(kind._type_ if count > 1 else kind), count))
    assert declared == fields


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("joinly_row", _pages._ROW),
        ("joinly_change", _watch._CHANGE),
        ("joinly_event", _lobby_events._EVENT),
        ("joinly_sql_value", _sql._VALUE),
        ("joinly_bytes", _sql._COLUMN),
    ],
    ids=lambda value: str(value),
)
def test_an_array_is_read_as_in_the_header(name: str, layout: Struct) -> None:
    letters = {
        "pointer": "P",
        ctypes.c_size_t: "N",
        ctypes.c_uint64: "Q",
        ctypes.c_int64: "q",
        ctypes.c_uint32: "I",
        ctypes.c_double: "d",
    }
    spelled = "".join("N" if "size_t" in kind else letters[of_c(kind)] for kind, _field, _count in STRUCTS[name])
    assert layout.format == spelled


@pytest.mark.parametrize("name", ["JOINLY_NOT_FOUND", "JOINLY_TIMEOUT", "JOINLY_BUFFER_TOO_SMALL"])
def test_a_constant_is_as_in_the_header(name: str) -> None:
    value = re.search(rf"#define {name} (\d+)", HEADER)
    assert value is not None
    assert getattr(ffi, name.removeprefix("JOINLY_")) == int(value[1])
