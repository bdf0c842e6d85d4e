"""What the native library exports for tables. Imported when they are first used."""

from __future__ import annotations

from ctypes import POINTER, c_char_p, c_uint32, c_uint64, c_void_p

from ._ffi import declare
from ._structs import TEXT, Sized, text_fields


class TableQuery(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("limit", c_uint32),
        *text_fields("filter", "order", "cursor"),
    ]


_OUT = c_void_p
_STORE = (c_void_p,)
_CALL = (c_void_p, c_void_p)
_RESULT = (_OUT, _OUT)

create = declare("joinly_table_create", *_STORE, *TEXT, *_RESULT)
evolve = declare("joinly_table_evolve", *_STORE, *TEXT, *_RESULT)
drop = declare("joinly_table_drop", *_STORE, *TEXT, _OUT)
names = declare("joinly_table_names", *_CALL, *_RESULT)
schema = declare("joinly_table_schema", *_CALL, *TEXT, *_RESULT)
insert = declare("joinly_table_insert", *_CALL, *TEXT, *TEXT, *_RESULT)
get = declare("joinly_table_get", *_CALL, *TEXT, *TEXT, *_RESULT)
select = declare("joinly_table_select", *_CALL, *TEXT, POINTER(TableQuery), *_RESULT)
count = declare("joinly_table_count", *_CALL, *TEXT, *TEXT, *_RESULT)
update = declare("joinly_table_update", *_CALL, *TEXT, *TEXT, *TEXT, *_RESULT)
delete = declare("joinly_table_delete", *_CALL, *TEXT, *TEXT, *_RESULT)
export = declare("joinly_table_export", *_STORE, *TEXT, c_char_p, *_RESULT)
import_ = declare("joinly_table_import", *_STORE, c_char_p, *_RESULT)
copy = declare("joinly_table_copy", *_STORE, *_STORE, *_RESULT)
stats = declare("joinly_table_stats", *_STORE, *TEXT, *_RESULT)
check = declare("joinly_table_check", *_STORE, *TEXT, *_RESULT)
lock = declare("joinly_table_lock", *_STORE, *TEXT, *TEXT, c_uint64, _OUT)
unlock = declare("joinly_table_unlock", *_STORE, *TEXT, *TEXT, *_RESULT)
