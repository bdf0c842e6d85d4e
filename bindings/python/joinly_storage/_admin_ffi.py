"""What the native library exports for whole stores. Imported when it is first used."""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_int32,
    c_int64,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)

from ._ffi import declare
from ._structs import Sized


class Progress(Structure):
    _fields_ = [("struct_size", c_uint32), ("phase", c_uint32), ("records", c_uint64), ("bytes", c_uint64)]


class MigrateOptions(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("chunk_records", c_uint32),
        ("dry_run", c_uint8),
        ("keep_source", c_uint8),
        ("reserved", c_uint8 * 6),
        ("backup", c_char_p),
    ]


class BackupOptions(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("level", c_int32),
        ("keep", c_uint32),
        ("incremental", c_uint8),
        ("reserved", c_uint8 * 3),
        ("max_age_ms", c_uint64),
    ]


class ImportOptions(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("existing", c_uint32),
        ("chunk_records", c_uint32),
        ("dry_run", c_uint8),
        ("reserved", c_uint8 * 3),
        ("chunk_bytes", c_uint64),
    ]


class ImportRecord(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("key", c_char_p),
        ("key_len", c_size_t),
        ("value", c_char_p),
        ("value_len", c_size_t),
        ("expires_at", c_int64),
    ]


ImportSource = CFUNCTYPE(c_int32, c_void_p, c_size_t, POINTER(ImportRecord), c_void_p)
ProgressCallback = CFUNCTYPE(c_int32, POINTER(Progress), c_void_p)

_OUT = c_void_p
_WATCHED = (ProgressCallback, c_void_p)

migrate = declare("joinly_migrate", c_void_p, c_char_p, POINTER(MigrateOptions), *_WATCHED, _OUT, _OUT, _OUT)
migrate_status = declare("joinly_migrate_status", c_char_p, _OUT, _OUT)
migrate_reclaim = declare("joinly_migrate_reclaim", c_void_p, _OUT)
backup = declare("joinly_backup", c_void_p, c_char_p, POINTER(BackupOptions), *_WATCHED, _OUT, _OUT)
backup_file = declare("joinly_backup_file", c_void_p, c_char_p, *_WATCHED, _OUT, _OUT)
backup_check = declare("joinly_backup_check", c_char_p, *_WATCHED, _OUT, _OUT)
backup_list = declare("joinly_backup_list", c_char_p, _OUT, _OUT)
schedule_start = declare(
    "joinly_backup_schedule_start", c_void_p, c_char_p, POINTER(BackupOptions), c_uint64, _OUT, _OUT
)
schedule_status = declare("joinly_backup_schedule_status", c_void_p, _OUT, _OUT)
schedule_free = declare("joinly_backup_schedule_free", c_void_p, restype=None)
restore = declare("joinly_restore", c_char_p, c_char_p, c_char_p, c_uint8, *_WATCHED, _OUT, _OUT, _OUT)
import_records = declare(
    "joinly_import",
    c_void_p,
    c_char_p,
    c_uint64,
    ImportSource,
    c_void_p,
    POINTER(ImportOptions),
    *_WATCHED,
    _OUT,
    _OUT,
)
import_status = declare("joinly_import_status", c_void_p, c_char_p, _OUT, _OUT)
repair = declare("joinly_repair", c_char_p, c_char_p, c_uint8, *_WATCHED, _OUT, _OUT, _OUT)
