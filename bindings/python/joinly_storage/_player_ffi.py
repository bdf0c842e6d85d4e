"""What the native library exports for players, ratings and leaderboards. Imported when they are first used."""

from __future__ import annotations

from ctypes import POINTER, Structure, c_char_p, c_double, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

from ._ffi import ScanOptions, declare
from ._structs import TEXT, Sized, text_fields

_OUT = c_void_p


class Delta(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("holding", c_uint32),
        *text_fields("player", "name"),
        ("amount", c_int64),
    ]


class ObjectChange(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("expected", c_uint32),
        ("version", c_uint64),
        *text_fields("player", "collection", "name", "document"),
    ]


class Written(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("conflict", c_uint32),
        ("version", c_uint64),
        ("present", c_uint64),
    ]


class SaveOptions(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("keep", c_uint32),
        ("parent", c_uint64),
        *text_fields("device"),
    ]


class Rating(Structure):
    _fields_ = [("mu", c_double), ("sigma", c_double), ("volatility", c_double)]


class Game(Sized):
    _fields_ = [("struct_size", c_uint32), ("score", c_uint32), ("opponent", POINTER(Rating))]


class Team(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("place", c_uint32),
        ("ratings", POINTER(Rating)),
        ("count", c_size_t),
    ]


_CALL = (c_void_p, c_void_p)
_RESULT = (_OUT, _OUT)

create = declare("joinly_player_create", *_CALL, *TEXT, *TEXT, *_RESULT)
get = declare("joinly_player_get", *_CALL, *TEXT, *_RESULT)
by_account = declare("joinly_player_by_account", *_CALL, *TEXT, *TEXT, *_RESULT)
patch = declare("joinly_player_patch", *_CALL, *TEXT, *TEXT, c_uint64, *_RESULT)
heartbeat = declare("joinly_player_heartbeat", *_CALL, *TEXT, *TEXT, c_uint32, *_RESULT)
presence = declare("joinly_player_presence", *_CALL, *TEXT, *_RESULT)
leave = declare("joinly_player_leave", *_CALL, *TEXT, _OUT)
adjust = declare("joinly_holdings_adjust", *_CALL, POINTER(Delta), c_size_t, *_RESULT)
transfer = declare("joinly_holdings_transfer", *_CALL, *TEXT, *TEXT, c_uint32, *TEXT, c_int64, _OUT)
balances = declare("joinly_holdings_balances", *_CALL, *TEXT, *_RESULT)
object_get = declare("joinly_object_get", *_CALL, *TEXT, *TEXT, *TEXT, *_RESULT)
object_list = declare("joinly_object_list", *_CALL, *TEXT, *TEXT, POINTER(ScanOptions), *_RESULT)
object_write = declare("joinly_object_write", *_CALL, POINTER(ObjectChange), c_size_t, *_RESULT)
save_put = declare("joinly_save_put", *_CALL, *TEXT, *TEXT, c_char_p, c_size_t, POINTER(SaveOptions), _OUT, *_RESULT)
save_load = declare("joinly_save_load", *_CALL, *TEXT, *TEXT, c_uint64, _OUT, *_RESULT)
save_history = declare("joinly_save_history", *_CALL, *TEXT, *TEXT, *_RESULT)
save_clear = declare("joinly_save_clear", *_CALL, *TEXT, *TEXT, _OUT)

rating_initial = declare("joinly_rating_initial", *TEXT, *_RESULT)
rate_period = declare("joinly_rating_rate_period", *TEXT, POINTER(Rating), POINTER(Game), c_size_t, _OUT, _OUT)
rating_rate = declare("joinly_rating_rate", *TEXT, POINTER(Team), c_size_t, c_void_p, c_size_t, _OUT)
win_probabilities = declare("joinly_rating_win_probabilities", *TEXT, POINTER(Team), c_size_t, *_RESULT)
rating_get = declare("joinly_rating_get", *_CALL, *TEXT, *TEXT, *TEXT, *_RESULT)
apply_result = declare("joinly_rating_apply_result", *_CALL, *TEXT, _OUT, *_RESULT)

board_create = declare("joinly_board_create", *_CALL, *TEXT, *TEXT, _OUT)
board_submit = declare("joinly_board_submit", *_CALL, *TEXT, *TEXT, c_int64, c_int64, *_RESULT)
board_rank = declare("joinly_board_rank", c_void_p, *TEXT, *TEXT, *TEXT, *_RESULT)
board_top = declare("joinly_board_top", c_void_p, *TEXT, *TEXT, c_size_t, c_size_t, *_RESULT)
board_around = declare("joinly_board_around", c_void_p, *TEXT, *TEXT, *TEXT, c_size_t, c_size_t, *_RESULT)
board_count = declare("joinly_board_count", c_void_p, *TEXT, *TEXT, *_RESULT)
