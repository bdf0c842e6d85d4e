"""What the native library exports for conversations. Imported when they are first used."""

from __future__ import annotations

from ctypes import c_char_p, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p

from ._admin_ffi import ProgressCallback
from ._ffi import declare
from ._structs import TEXT

_OUT = c_void_p
_CALL = (c_void_p, c_void_p)
_RESULT = (_OUT, _OUT)
_SESSIONS = (c_char_p, c_size_t)

create = declare("joinly_chat_create", *_CALL, *TEXT, *TEXT, *_RESULT)
get = declare("joinly_chat_get", *_CALL, *TEXT, *_RESULT)
update = declare("joinly_chat_update", *_CALL, *TEXT, *TEXT, *_RESULT)
delete = declare("joinly_chat_delete", *_CALL, *TEXT, _OUT)
list_sessions = declare("joinly_chat_list", *_CALL, *TEXT, *_RESULT)
counts = declare("joinly_chat_counts", *_CALL, *_RESULT)
append = declare("joinly_chat_append", *_CALL, *TEXT, *TEXT, *_RESULT)
messages = declare("joinly_chat_messages", *_CALL, *TEXT, *TEXT, *_RESULT)
message = declare("joinly_chat_message", *_CALL, *TEXT, c_uint64, *_RESULT)
attachment = declare("joinly_chat_attachment", *_CALL, *TEXT, c_uint64, c_uint32, *_RESULT)
edit = declare("joinly_chat_edit", *_CALL, *TEXT, c_uint64, *TEXT, *_RESULT)
remove = declare("joinly_chat_remove", *_CALL, *TEXT, c_uint64, _OUT)
search = declare("joinly_chat_search", *_CALL, *TEXT, *_RESULT)
load_all = declare("joinly_chat_load_all", c_void_p, *_RESULT)
save_all = declare("joinly_chat_save_all", c_void_p, *_SESSIONS, *_RESULT)
file_load = declare("joinly_chat_file_load", c_char_p, *_RESULT)
file_save = declare("joinly_chat_file_save", c_char_p, *_SESSIONS, *_RESULT)
file_backups = declare("joinly_chat_file_backups", c_char_p, *_RESULT)
file_restore = declare("joinly_chat_file_restore", c_char_p, *TEXT, *_RESULT)
hybrid_load = declare("joinly_chat_hybrid_load", c_char_p, *_RESULT)
hybrid_save = declare("joinly_chat_hybrid_save", c_char_p, *_SESSIONS, *_RESULT)
migration_status = declare("joinly_chat_migration_status", c_char_p, *_RESULT)
migrate_to_sqlite = declare("joinly_chat_migrate_to_sqlite", c_char_p, c_uint8, ProgressCallback, c_void_p, *_RESULT)
migrate_to_json = declare("joinly_chat_migrate_to_json", c_char_p, ProgressCallback, c_void_p, *_RESULT)
