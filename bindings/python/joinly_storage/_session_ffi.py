"""What the native library exports for statistics of sessions. Imported when they are first used."""

from __future__ import annotations

from ctypes import c_double, c_int64, c_size_t, c_uint8, c_uint32, c_void_p

from ._ffi import declare
from ._structs import TEXT

_OUT = c_void_p
_WINDOW = (c_int64, c_int64)
_RESULT = (_OUT, _OUT)

begin = declare("joinly_session_begin", c_void_p, *TEXT, *TEXT, c_int64, c_uint32, *_RESULT)
record = declare("joinly_session_record", c_void_p, *TEXT, c_double, c_uint8, c_int64, _OUT)
journal = declare("joinly_session_journal", c_void_p, _OUT)
flush = declare("joinly_session_flush", c_void_p, *_RESULT)
free = declare("joinly_session_free", c_void_p, restype=None)

figures = declare("joinly_stats_figures", c_void_p, *TEXT, *TEXT, *_RESULT)
summary = declare("joinly_stats_summary", c_void_p, *TEXT, *_WINDOW, *_RESULT)
worst = declare("joinly_stats_worst", c_void_p, *TEXT, *TEXT, *_RESULT)
percentiles = declare("joinly_stats_percentiles", c_void_p, *TEXT, *TEXT, *_WINDOW, c_void_p, c_size_t, c_void_p, _OUT)
trend = declare("joinly_stats_trend", c_void_p, *TEXT, *TEXT, *_WINDOW, *_RESULT)
history = declare("joinly_stats_history", c_void_p, *TEXT, *TEXT, *_RESULT)
subjects = declare("joinly_stats_subjects", c_void_p, *_RESULT)
recover = declare("joinly_stats_recover", c_void_p, c_int64, *_RESULT)
roll_up = declare("joinly_stats_roll_up", c_void_p, *TEXT, *_WINDOW, *_RESULT)
delete = declare("joinly_stats_delete", c_void_p, *TEXT, *_RESULT)
