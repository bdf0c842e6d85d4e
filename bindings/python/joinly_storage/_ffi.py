"""What the native library exports, and how its calls answer.

Calls release the interpreter lock. Integers are passed with declared types, because ctypes would otherwise cut
them to 32 bits; callers check ranges, because ctypes never does. Where that conversion would cost more than the call,
callers pass objects of ctypes that were made before to the `bare` function.
"""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    byref,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)

from ._errors import BY_STATUS, JoinlyError
from ._library import library

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, NoReturn

NOT_FOUND = 1
TIMEOUT = 2
BUFFER_TOO_SMALL = 24
FROM_NOW = 2**64 - 1

_QUIET = (NOT_FOUND, TIMEOUT, BUFFER_TOO_SMALL)


class Options(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("durability", c_uint32),
        ("cache_bytes", c_uint64),
        ("busy_timeout_ms", c_uint32),
        ("snapshot_max_age_ms", c_uint32),
        ("compress_threshold", c_uint32),
        ("compress_level", c_int32),
        ("log_keep", c_uint64),
        ("sweep_interval_ms", c_uint32),
        ("read_only", c_uint8),
        ("must_exist", c_uint8),
        ("reserved", c_uint8 * 2),
        ("mode", c_uint32),
        ("flush_interval_ms", c_uint32),
        ("behind_bytes", c_uint64),
        ("archive_keep", c_int32),
        ("archive_compress", c_uint32),
    ]


class Bytes(Structure):
    _fields_ = [("data", c_char_p), ("len", c_size_t)]


class ScanOptions(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("limit", c_uint32),
        ("cursor", c_char_p),
        ("cursor_len", c_size_t),
        ("reverse", c_uint8),
        ("keys_only", c_uint8),
        ("reserved", c_uint8 * 6),
    ]


class FindOptions(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("limit", c_uint32),
        ("equal", c_char_p),
        ("equal_len", c_size_t),
        ("lower", c_char_p),
        ("lower_len", c_size_t),
        ("upper", c_char_p),
        ("upper_len", c_size_t),
        ("cursor", c_char_p),
        ("cursor_len", c_size_t),
        ("lower_exclusive", c_uint8),
        ("upper_inclusive", c_uint8),
        ("descending", c_uint8),
        ("reserved", c_uint8 * 5),
    ]


class SqlParam(Structure):
    _fields_ = [
        ("kind", c_uint32),
        ("reserved", c_uint32),
        ("integer", c_int64),
        ("real", c_double),
        ("data", c_char_p),
        ("len", c_size_t),
        ("name", c_char_p),
        ("name_len", c_size_t),
    ]


class SqlOptions(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("max_rows", c_uint32),
        ("timeout_ms", c_uint32),
        ("reserved", c_uint32),
    ]


class CacheOptions(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("max_entries", c_uint64),
        ("max_bytes", c_uint64),
        ("default_ttl_ms", c_uint64),
    ]


LogCallback = CFUNCTYPE(None, c_int32, c_char_p, c_void_p)


def declare(name: str, *argtypes: Any, restype: Any = c_int32) -> Callable[..., Any]:
    """An export, by its name and types; most answer a status."""
    function = getattr(library, name)
    function.argtypes = argtypes
    function.restype = restype
    return function  # type: ignore[no-any-return]


def bare(function: Callable[..., Any]) -> Callable[..., int]:
    """The same export for arguments that need no conversion: bytes, and objects of exactly the declared types."""
    return library[function.__name__]


class _Sizes(dict[int, c_size_t]):
    """Lengths as a bare function takes them: `sizes[len(key)]`."""

    def __missing__(self, length: int) -> c_size_t:
        size = c_size_t(length)
        if length <= _LONGEST_KEPT:
            self[length] = size
        return size


_LONGEST_KEPT = 4096
sizes = _Sizes()

_BYTES = (c_char_p, c_size_t)
_OUT = c_void_p

version_string = declare("joinly_version_string", restype=c_char_p)
status_name = declare("joinly_status_name", c_int32, restype=c_char_p)
status_is_retryable = declare("joinly_status_is_retryable", c_int32, restype=c_uint8)
log_set = declare("joinly_log_set", LogCallback, c_void_p, c_int32, _OUT)

_error_message = declare("joinly_error_message", c_void_p, restype=c_char_p)
_error_engine_code = declare("joinly_error_engine_code", c_void_p)
_error_present_version = declare("joinly_error_present_version", c_void_p, restype=c_uint64)
_error_free = declare("joinly_error_free", c_void_p, restype=None)

store_open = declare("joinly_store_open", c_char_p, POINTER(Options), _OUT, _OUT)
store_open_config = declare("joinly_store_open_config", c_char_p, _OUT, _OUT)
store_close = declare("joinly_store_close", c_void_p, _OUT)
store_free = declare("joinly_store_free", c_void_p, restype=None)
store_flush = declare("joinly_store_flush", c_void_p, c_uint64, _OUT)
store_checkpoint = declare("joinly_store_checkpoint", c_void_p, _OUT)
store_compact = declare("joinly_store_compact", c_void_p, _OUT)
store_verify = declare("joinly_store_verify", c_void_p, _OUT)
store_version = declare("joinly_store_version", c_void_p, _OUT, _OUT)
store_now = declare("joinly_store_now", c_void_p, _OUT, _OUT)
store_stats = declare("joinly_store_stats", c_void_p, _OUT, _OUT)
store_capabilities = declare("joinly_store_capabilities", c_void_p, _OUT, _OUT)
store_limits = declare("joinly_store_limits", c_void_p, _OUT, _OUT)
store_engine = declare("joinly_store_engine", c_void_p, restype=c_char_p)
store_commit = declare("joinly_store_commit", c_void_p, c_void_p, _OUT, _OUT)

value_data = declare("joinly_value_data", c_void_p, _OUT, restype=c_void_p)
value_version = declare("joinly_value_version", c_void_p, restype=c_uint64)
value_expires_at = declare("joinly_value_expires_at", c_void_p, restype=c_int64)
value_free = declare("joinly_value_free", c_void_p, restype=None)

page_rows = declare("joinly_page_rows", c_void_p, _OUT, restype=c_void_p)
page_cursor = declare("joinly_page_cursor", c_void_p, _OUT, restype=c_void_p)
page_free = declare("joinly_page_free", c_void_p, restype=None)

kv_get = declare("joinly_kv_get", c_void_p, *_BYTES, _OUT, _OUT)
kv_get_into = declare("joinly_kv_get_into", c_void_p, *_BYTES, c_void_p, c_size_t, _OUT, _OUT)
kv_exists = declare("joinly_kv_exists", c_void_p, *_BYTES, _OUT, _OUT)
kv_get_many = declare("joinly_kv_get_many", c_void_p, POINTER(Bytes), c_size_t, _OUT, _OUT)
kv_put = declare("joinly_kv_put", c_void_p, *_BYTES, *_BYTES, _OUT)
kv_put_ttl = declare("joinly_kv_put_ttl", c_void_p, *_BYTES, *_BYTES, c_uint64, _OUT)
kv_delete = declare("joinly_kv_delete", c_void_p, *_BYTES, _OUT)
kv_expire = declare("joinly_kv_expire", c_void_p, *_BYTES, c_uint64, _OUT)
kv_add = declare("joinly_kv_add", c_void_p, *_BYTES, c_int64, _OUT, _OUT)
kv_scan = declare("joinly_kv_scan", c_void_p, *_BYTES, *_BYTES, POINTER(ScanOptions), _OUT, _OUT)
kv_scan_prefix = declare("joinly_kv_scan_prefix", c_void_p, *_BYTES, POINTER(ScanOptions), _OUT, _OUT)

batch_new = declare("joinly_batch_new", _OUT, _OUT)
batch_check = declare("joinly_batch_check", c_void_p, *_BYTES, c_uint64, _OUT)
batch_put = declare("joinly_batch_put", c_void_p, *_BYTES, *_BYTES, c_uint64, _OUT)
batch_delete = declare("joinly_batch_delete", c_void_p, *_BYTES, _OUT)
batch_add = declare("joinly_batch_add", c_void_p, *_BYTES, c_int64, _OUT)
batch_expire = declare("joinly_batch_expire", c_void_p, *_BYTES, c_uint64, _OUT)
batch_len = declare("joinly_batch_len", c_void_p, restype=c_size_t)
batch_free = declare("joinly_batch_free", c_void_p, restype=None)

txn_begin = declare("joinly_txn_begin", c_void_p, _OUT, _OUT)
txn_get = declare("joinly_txn_get", c_void_p, *_BYTES, _OUT, _OUT)
txn_get_into = declare("joinly_txn_get_into", c_void_p, *_BYTES, c_void_p, c_size_t, _OUT, _OUT)
txn_scan = declare("joinly_txn_scan", c_void_p, *_BYTES, *_BYTES, POINTER(ScanOptions), _OUT, _OUT)
txn_scan_prefix = declare("joinly_txn_scan_prefix", c_void_p, *_BYTES, POINTER(ScanOptions), _OUT, _OUT)
txn_put = declare("joinly_txn_put", c_void_p, *_BYTES, *_BYTES, c_uint64, _OUT)
txn_delete = declare("joinly_txn_delete", c_void_p, *_BYTES, _OUT)
txn_add = declare("joinly_txn_add", c_void_p, *_BYTES, c_int64, _OUT, _OUT)
txn_commit = declare("joinly_txn_commit", c_void_p, _OUT, _OUT)
txn_rollback = declare("joinly_txn_rollback", c_void_p, _OUT)
txn_free = declare("joinly_txn_free", c_void_p, restype=None)

watch_open = declare("joinly_watch_open", c_void_p, c_uint64, *_BYTES, _OUT, _OUT)
watch_poll = declare("joinly_watch_poll", c_void_p, c_uint32, _OUT, _OUT)
watch_version = declare("joinly_watch_version", c_void_p, restype=c_uint64)
watch_free = declare("joinly_watch_free", c_void_p, restype=None)
changes_rows = declare("joinly_changes_rows", c_void_p, _OUT, restype=c_void_p)
changes_version = declare("joinly_changes_version", c_void_p, restype=c_uint64)
changes_time = declare("joinly_changes_time", c_void_p, restype=c_int64)
changes_free = declare("joinly_changes_free", c_void_p, restype=None)

index_declare = declare("joinly_index_declare", c_void_p, c_char_p, *_BYTES, c_char_p, _OUT)
index_drop = declare("joinly_index_drop", c_void_p, c_char_p, _OUT)
index_rebuild = declare("joinly_index_rebuild", c_void_p, c_char_p, _OUT)
index_list = declare("joinly_index_list", c_void_p, _OUT, _OUT)
index_find = declare("joinly_index_find", c_void_p, c_char_p, POINTER(FindOptions), _OUT, _OUT)

sql_query = declare(
    "joinly_sql_query", c_void_p, *_BYTES, POINTER(SqlParam), c_size_t, POINTER(SqlOptions), _OUT, _OUT, _OUT
)
sql_next = declare("joinly_sql_next", c_void_p, c_uint32, _OUT, _OUT)
sql_free = declare("joinly_sql_free", c_void_p, restype=None)
sql_rows_columns = declare("joinly_sql_rows_columns", c_void_p, _OUT, restype=c_void_p)
sql_rows_values = declare("joinly_sql_rows_values", c_void_p, _OUT, restype=c_void_p)
sql_rows_more = declare("joinly_sql_rows_more", c_void_p, restype=c_uint8)
sql_rows_free = declare("joinly_sql_rows_free", c_void_p, restype=None)

cache_new = declare("joinly_cache_new", POINTER(CacheOptions), _OUT, _OUT)
cache_set = declare("joinly_cache_set", c_void_p, *_BYTES, *_BYTES, c_uint64, _OUT)
cache_get = declare("joinly_cache_get", c_void_p, *_BYTES, _OUT, _OUT)
cache_get_into = declare("joinly_cache_get_into", c_void_p, *_BYTES, c_void_p, c_size_t, _OUT, _OUT)
cache_delete = declare("joinly_cache_delete", c_void_p, *_BYTES, _OUT)
cache_clear = declare("joinly_cache_clear", c_void_p, restype=None)
cache_stats_get = declare("joinly_cache_stats_get", c_void_p, _OUT, _OUT)
cache_free = declare("joinly_cache_free", c_void_p, restype=None)


def take_error(status: int, error: c_void_p) -> JoinlyError:
    """The exception for a status, from its error object, which ends here. `error` may hold NULL."""
    message: bytes = _error_message(error) or status_name(status)
    engine_code: int = _error_engine_code(error)
    present_version: int = _error_present_version(error)
    _error_free(error)
    kind = BY_STATUS.get(status, JoinlyError)
    return kind(status, message.decode("utf-8", "replace"), engine_code, present_version)


def fail(status: int, error: int) -> NoReturn:
    """Raises the exception for a status and a handle of an error object, which ends here; 0 for none."""
    raise take_error(status, c_void_p(error))


def call(function: Callable[..., Any], *arguments: object) -> bool:
    """Calls an export that ends in `joinly_error **err`.

    True when it succeeded, False for the outcomes that carry no error object (a missing key, a time-out); all
    others raise.
    """
    error = c_void_p()
    status: int = function(*arguments, byref(error))
    if status == 0:
        return True
    if status in _QUIET and not error:
        return False
    raise take_error(status, error)


def make(function: Callable[..., Any], *arguments: object) -> int:
    """Calls an export that ends in an owned output and `joinly_error **err`, and answers the output.

    0 for the outcomes that carry no error object.
    """
    out = c_void_p()
    call(function, *arguments, byref(out))
    return out.value or 0
