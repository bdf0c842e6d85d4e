"""What can go wrong: one exception for each status of the library, all under `JoinlyError`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._player_types import Save

_RETRYABLE = frozenset({2, 3, 4, 33})


class JoinlyError(Exception):
    """A failure reported by the library.

    `status` is the number of the C ABI, `message` says what failed and what to do about it, `engine_code` is the
    code of the engine below (for SQLite its extended result code), 0 where the library itself refused.
    `present_version` is, for a `Conflict` with an expected version, the one that is there instead; otherwise 0.
    """

    def __init__(self, status: int, message: str, engine_code: int = 0, present_version: int = 0) -> None:
        super().__init__(status, message, engine_code, present_version)
        self.status = status
        self.message = message
        self.engine_code = engine_code
        self.present_version = present_version

    def __str__(self) -> str:
        return self.message

    @property
    def retryable(self) -> bool:
        """Whether the same call can succeed when repeated: a transaction from its first read, others later."""
        return self.status in _RETRYABLE


class _OfSystem(JoinlyError, OSError):
    """A failure that programs also expect as an `OSError`."""

    def __init__(self, status: int, message: str, engine_code: int = 0, present_version: int = 0) -> None:
        super().__init__(status, message, engine_code, present_version)
        # It is not the first argument, as others of its kind have it.
        self.errno = None


class NotFound(JoinlyError, KeyError):
    """The key, index or file does not exist."""


class Timeout(JoinlyError):
    """Nothing happened in time."""


class Conflict(JoinlyError):
    """A check failed, or a transaction lost against another writer; nothing was changed. Retry from the read.

    Where a call expected another version, `present_version` is the one there is, and to repeat the call is no use.
    """

    @property
    def retryable(self) -> bool:
        return type(self) is Conflict and not self.present_version


class Busy(JoinlyError):
    """Another process or thread held a lock for too long. Retry later."""


class Invalid(JoinlyError, ValueError):
    """An argument, option or document is malformed; the message names it."""


class TooLarge(JoinlyError):
    """A key, value, batch or count is over its limit; see `Store.limits`."""


class WrongType(JoinlyError):
    """The stored value is not of the type that the operation needs, for example no integer for an addition."""


class OutOfRange(JoinlyError):
    """The result does not fit its type, for example a counter beyond 64 bits."""


class Unsupported(JoinlyError):
    """The feature is not available with this engine, file or build."""


class Closed(JoinlyError):
    """The store is closed, or the transaction is finished."""


class BadHandle(Closed):
    """The object was closed; to a user the same as `Closed`."""


class Forked(JoinlyError):
    """The process was forked after the store was opened. Open it anew in a process that did not inherit one."""


class Poisoned(JoinlyError):
    """An earlier failure left the outcome of a write unknown: reads go on, writes need a reopened store."""


class Panic(JoinlyError):
    """A defect of the library was contained; the store refuses further writes."""


class NoMemory(JoinlyError):
    """An allocation was refused."""


class Full(_OfSystem):
    """No room left on the device. Nothing was changed; writes work again once there is room."""


class ReadOnly(JoinlyError):
    """The file, its directory or the store is read-only."""


class Io(_OfSystem):
    """The operating system refused an operation; the message says which."""


class Corrupt(JoinlyError):
    """The file is damaged. The store refuses writes; what can be read is still read."""


class NotADatabase(JoinlyError):
    """The file exists and is not a database of this library."""


class NewerSchema(JoinlyError):
    """The file was written by a newer version of the library."""


class Compacted(JoinlyError):
    """The change log no longer reaches back so far: read the state anew, then go on watching."""


class Exists(JoinlyError):
    """The name is taken by something different."""


class BufferTooSmall(JoinlyError):
    """The caller's buffer is too small."""


class LobbyFull(JoinlyError):
    """The lobby, or the team in it, has no free seat."""


class Forbidden(JoinlyError):
    """The rules do not allow it to this caller: wrong password, banned, not the owner, a fenced epoch."""


class Expired(JoinlyError):
    """The lease or deadline that it rests on has passed."""


class AlreadyMatched(JoinlyError):
    """The ticket was matched before it could be cancelled."""


class WrongState(JoinlyError):
    """The state that it is in has no such move, for example joining a lobby that is locked."""


class Insufficient(JoinlyError):
    """A balance would go below zero; nothing was changed."""


class RateLimited(JoinlyError):
    """It comes too soon after what the same caller did before. Retry later."""


class Cancelled(JoinlyError):
    """The caller ended it; what was done so far is kept where the operation says so."""


class Moved(JoinlyError):
    """What is kept here was moved: it is written to in its new place, which the message names."""


class ObjectConflict(Conflict):
    """A write of an object found something else than it expected; none was made.

    `present_version` is the version that is there; 0: nothing is, or the transaction wrote it itself.
    """

    write: int
    """Which write, from 0."""


class SaveConflict(Conflict):
    """The slot is no longer at the version that the game was played on from; nothing was changed."""

    stored: Save
    """What the slot holds: save with its version as parent once the player has chosen or merged."""


BY_STATUS: dict[int, type[JoinlyError]] = {
    1: NotFound,
    2: Timeout,
    3: Conflict,
    4: Busy,
    5: Invalid,
    6: TooLarge,
    7: WrongType,
    8: OutOfRange,
    9: Unsupported,
    10: BadHandle,
    11: Closed,
    12: Forked,
    13: Poisoned,
    14: Panic,
    15: NoMemory,
    16: Full,
    17: ReadOnly,
    18: Io,
    19: Corrupt,
    20: NotADatabase,
    21: NewerSchema,
    22: Compacted,
    23: Exists,
    24: BufferTooSmall,
    25: LobbyFull,
    26: Forbidden,
    27: Expired,
    28: AlreadyMatched,
    29: WrongState,
    30: Insufficient,
    31: Cancelled,
    32: Moved,
    33: RateLimited,
}


def invalid(message: str) -> Invalid:
    """An argument refused before it reaches the library."""
    return Invalid(5, message)
