"""What the native library exports for matchmaking. Imported when queues are first used."""

from __future__ import annotations

from ctypes import POINTER, c_double, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

from ._ffi import declare
from ._lobby_ffi import Caller
from ._structs import TEXT, Sized, text_fields

_OUT = c_void_p


class Seeker(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("mu", c_double),
        ("sigma", c_double),
        *text_fields("player", "role"),
    ]


class Ticket(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("party", POINTER(Seeker)),
        ("party_count", c_size_t),
        ("deadline", c_int64),
        *text_fields("keys", "attributes", "filters", "latencies", "blocked"),
    ]


_CALL = (c_void_p, POINTER(Caller))

configure = declare("joinly_queue_configure", *_CALL, *TEXT, *TEXT, _OUT)
get = declare("joinly_queue_get", *_CALL, *TEXT, _OUT, _OUT)
tick = declare("joinly_queue_tick", c_void_p, *TEXT, *TEXT, c_uint64, _OUT, _OUT)
report = declare("joinly_queue_report", c_void_p, *TEXT, c_size_t, _OUT, _OUT)
backfill = declare("joinly_queue_backfill", *_CALL, *TEXT, *TEXT, _OUT, _OUT)
backfill_get = declare("joinly_queue_backfill_get", *_CALL, *TEXT, c_uint64, _OUT, _OUT)
backfill_stop = declare("joinly_queue_backfill_stop", *_CALL, *TEXT, c_uint64, _OUT)
enqueue = declare("joinly_ticket_enqueue", *_CALL, *TEXT, POINTER(Ticket), _OUT, _OUT, _OUT)
ticket = declare("joinly_ticket_get", *_CALL, *TEXT, c_uint64, _OUT, _OUT)
cancel = declare("joinly_ticket_cancel", *_CALL, *TEXT, c_uint64, _OUT)
match = declare("joinly_match_get", *_CALL, *TEXT, _OUT, _OUT)
accept = declare("joinly_match_accept", *_CALL, *TEXT, *TEXT, _OUT, _OUT)
decline = declare("joinly_match_decline", *_CALL, *TEXT, *TEXT, _OUT)
