"""What the native library exports for lobbies. Imported when lobbies are first used."""

from __future__ import annotations

from ctypes import (
    POINTER,
    c_char,
    c_int64,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)

from ._ffi import Bytes, declare
from ._structs import TEXT, Sized, text_fields

_OUT = c_void_p


class Caller(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        *text_fields("player"),
        ("epoch", c_uint64),
        *text_fields("request"),
        ("txn", c_void_p),
    ]


class Done(Sized):
    _fields_ = [("struct_size", c_uint32), ("repeated", c_uint32), ("lobby", c_uint64), ("sequence", c_uint64)]


class Join(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("team", c_uint32),
        *text_fields("player", "password", "code", "build", "role", "attributes"),
        ("is_friend", c_uint8),
        ("reserved", c_uint8 * 7),
    ]


class SeatRequest(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("team", c_uint32),
        *text_fields("player", "role"),
        ("for_ms", c_uint32),
        ("reserved", c_uint32),
    ]


class LobbyOptions(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("max_members", c_uint32),
        *text_fields("kind", "name", "password", "build"),
        ("owner", POINTER(Join)),
        ("teams", POINTER(c_uint32)),
        ("team_count", c_size_t),
        ("visibility", c_uint32),
        ("migration", c_uint32),
        ("member_ms", c_uint32),
        ("reservation_ms", c_uint32),
        ("stale_ms", c_uint32),
        ("close_ms", c_uint32),
        ("keep_events", c_uint64),
        *text_fields("attributes", "member_attributes", "owner_attributes"),
        ("not_exclusive", c_uint8),
        ("backfill", c_uint8),
        ("keep_empty", c_uint8),
        ("reserved", c_uint8 * 5),
        ("chat_burst", c_uint32),
        ("chat_every_ms", c_uint32),
    ]


class LobbyQuery(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("limit", c_uint32),
        *text_fields("kind", "filter", "order", "cursor"),
        ("budget", c_uint32),
        ("include_full", c_uint8),
        ("reserved", c_uint8 * 3),
    ]


class Explain(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("ordered", c_uint8),
        ("exhausted", c_uint8),
        ("reserved", c_uint8 * 2),
        ("read", c_uint64),
        ("index", c_char * 136),
    ]


class Swept(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("settled", c_uint64),
        ("deleted", c_uint64),
    ]


_CALL = (c_void_p, POINTER(Caller))
_LOBBY = (*_CALL, c_uint64)
_DONE = (c_void_p, _OUT)

create = declare("joinly_lobby_create", *_CALL, POINTER(LobbyOptions), *_DONE)
join = declare("joinly_lobby_join", *_LOBBY, POINTER(Join), c_size_t, _OUT, *_DONE)
quick_join = declare(
    "joinly_lobby_quick_join",
    *_CALL,
    POINTER(LobbyQuery),
    POINTER(Join),
    c_size_t,
    POINTER(LobbyOptions),
    _OUT,
    *_DONE,
)
reserve = declare("joinly_lobby_reserve", *_LOBBY, POINTER(SeatRequest), c_size_t, *_DONE)
leave = declare("joinly_lobby_leave", *_LOBBY, *TEXT, *_DONE)
kick = declare("joinly_lobby_kick", *_LOBBY, *TEXT, *_DONE)
ban = declare("joinly_lobby_ban", *_LOBBY, *TEXT, c_int64, *_DONE)
unban = declare("joinly_lobby_unban", *_LOBBY, *TEXT, *_DONE)
transfer = declare("joinly_lobby_transfer", *_LOBBY, *TEXT, *_DONE)
move = declare("joinly_lobby_move", *_LOBBY, c_uint32, c_uint32, *_DONE)
ready = declare("joinly_lobby_ready", *_LOBBY, *TEXT, c_uint8, *_DONE)
patch = declare("joinly_lobby_patch", *_LOBBY, *TEXT, c_uint64, *_DONE)
patch_member = declare("joinly_lobby_patch_member", *_LOBBY, *TEXT, *TEXT, c_uint64, *_DONE)
say = declare("joinly_lobby_say", *_LOBBY, *TEXT, *TEXT, *_DONE)
invite = declare("joinly_lobby_invite", *_LOBBY, *TEXT, *TEXT, c_uint32, *_DONE)
uninvite = declare("joinly_lobby_uninvite", *_LOBBY, *TEXT, *TEXT, *_DONE)
invitations = declare("joinly_lobby_invitations", *_CALL, *TEXT, _OUT, _OUT)
heartbeat = declare("joinly_lobby_heartbeat", c_void_p, c_uint64, POINTER(Bytes), c_size_t, c_void_p, _OUT)
heartbeat_host = declare("joinly_lobby_heartbeat_host", c_void_p, c_uint64, _OUT)
get = declare("joinly_lobby_get", *_LOBBY, c_uint32, _OUT, _OUT)
as_of = declare("joinly_lobby_as_of", c_void_p, c_uint64, c_uint64, c_uint32, _OUT, _OUT)
by_code = declare("joinly_lobby_by_code", *_CALL, *TEXT, _OUT, _OUT)
of_player = declare("joinly_lobby_of_player", *_CALL, *TEXT, *TEXT, _OUT, _OUT)
search = declare("joinly_lobby_search", c_void_p, POINTER(LobbyQuery), _OUT, c_void_p, _OUT)
sweep = declare("joinly_lobby_sweep", c_void_p, c_uint64, c_void_p, _OUT)

poll = declare("joinly_lobby_poll", c_void_p, c_uint64, c_uint64, c_uint32, c_uint32, c_uint32, _OUT, _OUT)
poll_all = declare("joinly_lobby_poll_all", c_void_p, c_uint64, c_uint32, c_uint32, _OUT, _OUT)
said = declare("joinly_lobby_said", c_void_p, c_uint64, c_uint32, _OUT, _OUT)
events_rows = declare("joinly_events_rows", c_void_p, _OUT, restype=c_void_p)
events_next = declare("joinly_events_next", c_void_p, restype=c_uint64)
events_is_resync = declare("joinly_events_is_resync", c_void_p, restype=c_uint8)
events_snapshot = declare("joinly_events_snapshot", c_void_p, _OUT, restype=c_void_p)
events_free = declare("joinly_events_free", c_void_p, restype=None)
