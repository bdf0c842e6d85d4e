"""Pulling events, by blocking and by asynchronous callers."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Iterator
from ctypes import byref, c_size_t, string_at
from struct import Struct
from typing import Any, Callable, Optional, Union

from . import _lobby_ffi as lobby_ffi
from ._args import to_seconds
from ._lobby_types import Event, Events, Snapshot
from ._pages import unpack

_EVENT = Struct("QQQqPNPNII")

# The longest wait inside the library, where no signal handler runs and no cancellation reaches.
_SLICE = 0.2

Pull = Callable[[int, int], int]
"""Pulls the events after a number, waiting at most so many milliseconds; answers their handle, or 0."""


def poll(pull: Pull, after: int, timeout: Optional[float]) -> Events:
    """Pulls events, waiting at most `timeout` seconds for the first; None: for ever."""
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    while True:
        left = deadline - time.monotonic()
        found = _pull(pull, after, left)
        if found.events or found.resync or left <= _SLICE:
            return found
        after = found.next


async def poll_async(pull: Pull, after: int, timeout: Optional[float]) -> Events:
    """The same without blocking the event loop: waits in a thread, a slice at a time."""
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    while True:
        left = deadline - time.monotonic()
        found = await asyncio.to_thread(_pull, pull, after, left)
        if found.events or found.resync or left <= _SLICE:
            return found
        after = found.next


def follow(pull: Pull, after: int) -> Iterator[Union[Event, Snapshot]]:
    """Every event after a number, and then those to come."""
    while True:
        events = poll(pull, after, None)
        if events.snapshot:
            yield events.snapshot
        yield from events.events
        after = events.next


async def follow_async(pull: Pull, after: int) -> AsyncIterator[Union[Event, Snapshot]]:
    """The same without blocking the event loop."""
    while True:
        events = await poll_async(pull, after, None)
        if events.snapshot:
            yield events.snapshot
        for event in events.events:
            yield event
        after = events.next


def _pull(pull: Pull, after: int, left: float) -> Events:
    handle = pull(after, math.ceil(1000 * max(0, min(left, _SLICE))))
    return take(handle) if handle else Events([], after, False, None)


def take(handle: int) -> Events:
    """Copies a batch, and frees it."""
    try:
        events = [
            _event(sequence, json.loads(string_at(data, length)))
            for _lobby, _version, sequence, _time, _actor, _actor_len, data, length, _kind, _reserved in unpack(
                _EVENT, lobby_ffi.events_rows, handle
            )
        ]
        length_ = c_size_t()
        snapshot = lobby_ffi.events_snapshot(handle, byref(length_))
        return Events(
            events,
            lobby_ffi.events_next(handle),
            bool(lobby_ffi.events_is_resync(handle)),
            Snapshot.of(json.loads(string_at(snapshot, length_.value))) if snapshot else None,
        )
    finally:
        lobby_ffi.events_free(handle)


def _event(sequence: int, event: dict[str, Any]) -> Event:
    change = event["change"]
    return Event(
        event["lobby"],
        event["version"],
        to_seconds(event["time"]),
        event["actor"],
        change.pop("kind"),
        change,
        sequence,
    )
