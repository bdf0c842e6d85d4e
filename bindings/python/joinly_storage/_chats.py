"""Conversations: chat sessions and their messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Optional

from . import _chat_ffi as chat_ffi
from . import _ffi as ffi
from ._errors import invalid
from ._model import Model
from ._structs import document, take_json, text

Json = dict[str, Any]


class Chats(Model):
    """The chat sessions of a store, or of a transaction: `store.chats`, `txn.chats`.

    A session is a dict of "id", "title", "created" and "updated" (milliseconds since 1970-01-01 UTC), "archived", how
    many "messages" and "attachments" it has and how many "bytes", and "fields": those that were given. A message is a
    dict of "number", "time", perhaps "edited", perhaps "attachments" (the bytes of each), and "message": the dict that
    was given. Usable from any thread.
    """

    def create(self, id: Optional[str] = None, fields: Optional[Mapping[str, Any]] = None) -> Json:
        """Creates a session. Without an id one is made. Raises `Exists`.

        fields: of your choice; "title", "createdAt", "updatedAt" and "archived" have a meaning.
        """
        name = (None, 0) if id is None else text(id)
        created: Json = self._document(chat_ffi.create, *name, *document(dict(fields or {})))
        return created

    def get(self, id: str) -> Optional[Json]:
        """A session without its messages; None when there is none."""
        session: Optional[Json] = self._document(chat_ffi.get, *text(id))
        return session

    def update(self, id: str, fields: Mapping[str, Any]) -> Json:
        """Changes fields of a session: None removes one, "archived" puts it away or back. Raises `NotFound`."""
        session: Json = self._document(chat_ffi.update, *text(id), *document(dict(fields)))
        return session

    def delete(self, id: str) -> bool:
        """Removes a session with all that it holds; whether there was one."""
        return self._call(chat_ffi.delete, *text(id))

    def list(
        self, *, archived: bool = False, oldest_first: bool = False, limit: int = 50, after: Optional[str] = None
    ) -> Json:
        """A page of sessions by their last change: {"sessions": [...], "cursor": for `after` of the next, or None}."""
        query = {"archived": archived, "oldest_first": oldest_first, "limit": _count(limit), "after": after}
        page: Json = self._document(chat_ffi.list_sessions, *document(query))
        return page

    def __iter__(self) -> Iterator[Json]:
        """The open sessions, the last changed first, read in pages."""
        after = None
        while True:
            page = self.list(after=after, limit=200)
            yield from page["sessions"]
            after = page["cursor"]
            if after is None:
                return

    def counts(self) -> dict[str, int]:
        """How much there is: "open", "archived", "messages", "attachments", "bytes"."""
        counts: dict[str, int] = self._document(chat_ffi.counts)
        return counts

    def append(self, id: str, message: Mapping[str, Any]) -> Json:
        """Appends a message. Its "attachments" are kept apart, and not in the answer. Raises `NotFound`."""
        appended: Json = self._document(chat_ffi.append, *text(id), *document(dict(message)))
        return appended

    def messages(
        self, id: str, *, after: int = 0, before: int = 0, latest_first: bool = False, limit: int = 50
    ) -> Json:
        """A page of messages without their attachments: {"messages": [...], "more": whether there are more}.

        after, before: only messages with a greater or smaller number; 0: no bound.
        """
        query = {
            "after": _count(after),
            "before": _count(before),
            "latest_first": latest_first,
            "limit": _count(limit),
        }
        page: Json = self._document(chat_ffi.messages, *text(id), *document(query))
        return page

    def message(self, id: str, number: int) -> Optional[Json]:
        """A message as it was given, with its attachments; None when there is none."""
        message: Optional[Json] = self._document(chat_ffi.message, *text(id), _count(number))
        return message

    def attachment(self, id: str, number: int, at: int = 0) -> Any:
        """One attachment of a message, counted from 0. Raises `NotFound`."""
        if not 0 <= at < 2**32:
            raise invalid(f"an attachment is counted from 0, not {at!r}")
        value = ffi.make(chat_ffi.attachment, *self._scope, *text(id), _count(number), at)
        if not value:
            ffi.fail(1, 0)
        return take_json(value)

    def edit(self, id: str, number: int, message: Mapping[str, Any]) -> Json:
        """Replaces a message and its attachments. Raises `NotFound`."""
        edited: Json = self._document(chat_ffi.edit, *text(id), _count(number), *document(dict(message)))
        return edited

    def remove(self, id: str, number: int) -> None:
        """Removes a message with its attachments. Raises `NotFound`."""
        self._call(chat_ffi.remove, *text(id), _count(number))

    def search(
        self,
        words: str,
        *,
        archived: bool = False,
        limit: int = 50,
        budget: int = 100_000,
        after: Optional[str] = None,
    ) -> Json:
        """Titles and messages in which all words occur: {"hits": [...], "examined", "cursor"}.

        A hit is a dict of "session", "title", "number" (None: the title is meant) and "excerpt". No index is kept.

        budget: the most messages and titles to read; where it ended, "cursor" is for `after` of the next call.
        """
        query = {
            "text": words,
            "archived": archived,
            "limit": _count(limit),
            "budget": _count(budget),
            "after": after,
        }
        found: Json = self._document(chat_ffi.search, *document(query))
        return found

    def load_all(self) -> Json:
        """All sessions as of one moment: {"chats": [...], "etag": for the next save}. Not within a transaction."""
        loaded: Json = take_json(ffi.make(chat_ffi.load_all, self._scope[0]))
        return loaded

    def save_all(self, payload: Mapping[str, Any]) -> Json:
        """Saves sessions in place of all there are, and answers the new "etag". Not within a transaction.

        Raises `Conflict` unless the "etag" of the payload is that of the present state; "*": replace whatever there is.
        """
        saved: Json = take_json(ffi.make(chat_ffi.save_all, self._scope[0], *document(dict(payload))))
        return saved


def _count(count: int) -> int:
    if not 0 <= count < 2**63:
        raise invalid(f"a count is a number from 0 on, not {count!r}")
    return count
