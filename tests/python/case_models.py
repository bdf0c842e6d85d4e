"""The steps of behaviour cases on lobbies, players, leaderboards and queues."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Callable, Optional

from joinly_storage import (
    Currency,
    Delta,
    Event,
    Glicko2,
    Join,
    Lobby,
    Owner,
    Placement,
    Seat,
    Seeker,
    Snapshot,
    Store,
    Transaction,
    WengLin,
)

OK = [b"ok"]
NOT_FOUND = [b"NOT_FOUND"]
SYSTEMS = {"weng_lin": WengLin, "glicko2": Glicko2}


def steady(document: bytes) -> bytes:
    """A document without what differs from run to run."""
    document = re.sub(rb'(?<="code":")[^"]+', b"C", document)
    document = re.sub(rb'(?<![.\d])\d{13,}|(?<="waited_ms":)\d+', b"T", document)
    return re.sub(rb"(?<=\.)(\d{6})\d+", rb"\1", document)


class Models:
    """Runs the steps through the classes of the binding, and writes what they hold as the library's JSON."""

    store: Store
    transactions: dict[bytes, Transaction]

    def do_json(self, key: bytes) -> list[bytes]:
        value = self.store.get(key)
        return NOT_FOUND if value is None else [steady(value)]

    def do_lobby_create(self, *args: bytes) -> list[bytes]:
        _, options = _split(args)
        lobby = self._lobbies(options).create(**_lobby(options), **_request(options))
        return _numbers(lobby.id, lobby.get().version)

    def do_lobby_quick_join(self, *args: bytes) -> list[bytes]:
        players, options = _split(args)
        created = {name: it for name, it in _lobby(options).items() if name not in ("where", "order")}
        lobby, snapshot = self._lobbies(options).quick_join(*players, **_query(options), **created)
        return _numbers(lobby.id, snapshot.version)

    def do_lobby_join(self, *args: bytes) -> list[bytes]:
        lobby, players, options, request = self._on(args)
        code = lobby.get().lobby.code if options.get("code") else None
        joins = [
            Join(
                player,
                password=options.get("password"),
                code=code,
                build=options.get("build"),
                team=int(options["team"]) if "team" in options else None,
                role=options.get("role"),
                friend=options.get("friend") == "yes",
            )
            for player in players
        ]
        return _numbers(lobby.join(*joins, **request).version)

    def do_lobby_reserve(self, *args: bytes) -> list[bytes]:
        lobby, players, options, request = self._on(args)
        return _numbers(lobby.reserve(*players, **_by(options), **request))

    def do_lobby_leave(self, *args: bytes) -> list[bytes]:
        lobby, [player], _, request = self._on(args)
        return _numbers(lobby.leave(player, **request))

    def do_lobby_kick(self, *args: bytes) -> list[bytes]:
        return self._act(Lobby.kick, args)

    def do_lobby_ban(self, *args: bytes) -> list[bytes]:
        return self._act(Lobby.ban, args)

    def do_lobby_unban(self, *args: bytes) -> list[bytes]:
        return self._act(Lobby.unban, args)

    def do_lobby_transfer(self, *args: bytes) -> list[bytes]:
        return self._act(Lobby.transfer, args)

    def do_lobby_move(self, *args: bytes) -> list[bytes]:
        lobby, [move], options, request = self._on(args)
        ready = {"ready_within": int(options["ready_ms"]) / 1000} if "ready_ms" in options else {}
        return _numbers(getattr(lobby, move)(**ready, **_by(options), **request))

    def do_lobby_ready(self, *args: bytes) -> list[bytes]:
        lobby, [player, ready], _, request = self._on(args)
        return _numbers(lobby.ready(player, ready == "yes", **request))

    def do_lobby_patch(self, *args: bytes) -> list[bytes]:
        lobby, [patch], options, request = self._on(args)
        expected = int(options.get("expected", 0))
        return _numbers(lobby.patch(expected=expected, **json.loads(patch), **_by(options), **request))

    def do_lobby_patch_member(self, *args: bytes) -> list[bytes]:
        lobby, [player, attributes], options, request = self._on(args)
        expected = int(options.get("expected", 0))
        return _numbers(lobby.patch_member(player, json.loads(attributes), expected=expected, **request))

    def do_lobby_say(self, *args: bytes) -> list[bytes]:
        lobby, [player, text], _, request = self._on(args)
        return _numbers(lobby.say(player, text, **request))

    def do_lobby_invite(self, *args: bytes) -> list[bytes]:
        lobby, [player], options, request = self._on(args)
        seconds = int(options["for_ms"]) / 1000 if "for_ms" in options else None
        return _numbers(lobby.invite(player, sender=options.get("from"), seconds=seconds, **request))

    def do_lobby_uninvite(self, *args: bytes) -> list[bytes]:
        lobby, [player], options, request = self._on(args)
        return _numbers(lobby.uninvite(player, sender=options.get("from"), **request))

    def do_lobby_invitations(self, player: bytes) -> list[bytes]:
        found = self.store.lobbies.invitations(player.decode())
        return _document([{"lobby": it.lobby, "by": it.by, "until": round(it.until * 1000)} for it in found])

    def do_lobby_heartbeat(self, *args: bytes) -> list[bytes]:
        lobby, players, _, _ = self._on(args)
        return [b"yes" if lobby.heartbeat(*players) else b"no"]

    def do_lobby_get(self, *args: bytes) -> list[bytes]:
        lobby, [viewer], _, _ = self._on(args)
        return _document(_snapshot(lobby.get(viewer)))

    def do_lobby_as_of(self, *args: bytes) -> list[bytes]:
        lobby, [version, viewer], _, _ = self._on(args)
        return _document(_snapshot(lobby.as_of(int(version), viewer)))

    def do_lobby_events(self, *args: bytes) -> list[bytes]:
        lobby, [after, viewer], _, _ = self._on(args)
        polled = lobby.poll(int(after), viewer=viewer)
        if polled.snapshot:
            return [b"RESYNC", *_document(_snapshot(polled.snapshot))]
        return [word for event in polled.events for word in _document(_event(event))] or [b"TIMEOUT"]

    def do_lobby_search(self, *args: bytes) -> list[bytes]:
        _, options = _split(args)
        kind, full = options.get("kind"), options.get("full") == "yes"
        found = self._lobbies(options).search(kind=kind, include_full=full, **_query(options))
        return [b"lobby:%d" % lobby.id for lobby in found]

    def do_lobby_by_code(self, *args: bytes) -> list[bytes]:
        lobby, _, options, _ = self._on(args)
        return _found(self._lobbies(options).by_code(lobby.get().lobby.code))

    def do_lobby_of_player(self, kind: bytes, player: bytes) -> list[bytes]:
        return _found(self.store.lobbies.of_player(kind.decode(), player.decode()))

    def do_player_create(self, player: bytes, patch: bytes) -> list[bytes]:
        return _profile(self.store.players.create(player.decode(), **json.loads(patch)))

    def do_player_patch(self, player: bytes, patch: bytes, *args: bytes) -> list[bytes]:
        _, options = _split(args)
        expected = int(options["expected"]) if "expected" in options else None
        return _profile(self.store.players.patch(player.decode(), expected=expected, **json.loads(patch)))

    def do_player_by_account(self, platform: bytes, account: bytes) -> list[bytes]:
        return _profile(self.store.players.by_account(platform.decode(), account.decode()))

    def do_holdings_adjust(self, player: bytes, currency: bytes, amount: bytes) -> list[bytes]:
        delta = Delta(player.decode(), Currency(currency.decode()), int(amount))
        return _numbers(*self.store.players.adjust(delta))

    def do_holdings_transfer(self, sender: bytes, receiver: bytes, currency: bytes, amount: bytes) -> list[bytes]:
        holding = Currency(currency.decode())
        self.store.players.transfer(sender.decode(), receiver.decode(), holding, int(amount))
        return OK

    def do_holdings_balances(self, player: bytes) -> list[bytes]:
        return _document(asdict(self.store.players.balances(player.decode())))

    def do_board_create(self, board: bytes, rules: bytes) -> list[bytes]:
        self.store.leaderboards.create(board.decode(), **json.loads(rules))
        return OK

    def do_board_submit(self, board: bytes, player: bytes, score: bytes) -> list[bytes]:
        return _document(_timed(asdict(self.store.leaderboards.submit(board.decode(), player.decode(), int(score)))))

    def do_board_rank(self, board: bytes, player: bytes) -> list[bytes]:
        ranked = self.store.leaderboards.rank(board.decode(), player.decode())
        return _document(_timed(asdict(ranked))) if ranked else NOT_FOUND

    def do_board_top(self, board: bytes, count: bytes, skip: bytes) -> list[bytes]:
        top = self.store.leaderboards.top(board.decode(), int(count), skip=int(skip))
        return _document([_timed(asdict(ranked)) for ranked in top])

    def do_board_around(self, board: bytes, player: bytes, before: bytes, after: bytes) -> list[bytes]:
        around = self.store.leaderboards.around(board.decode(), player.decode(), int(before), int(after))
        return _document([_timed(asdict(ranked)) for ranked in around])

    def do_board_count(self, board: bytes) -> list[bytes]:
        return _numbers(self.store.leaderboards.count(board.decode()))

    def do_result_apply(self, document: bytes) -> list[bytes]:
        result = json.loads(document)
        system = result.get("system", {"system": "weng_lin"})
        applied = self.store.leaderboards.apply_result(
            result["id"],
            result["ladder"],
            [Placement(**team) for team in result["teams"]],
            scores=result.get("scores"),
            system=SYSTEMS[system["system"]](),
        )
        changes = {
            player: {when: {n: it for n, it in rating.items() if it} for when, rating in asdict(change).items()}
            for player, change in applied.changes.items()
        }
        return _document(_timed({"result": applied.result, "changes": changes, "time": applied.time}))

    def do_queue_configure(self, queue: bytes, document: bytes) -> list[bytes]:
        given = json.loads(document)
        self.store.queues[queue.decode()].configure(given.get("rules"), lobby=given.get("lobby"))
        return OK

    def do_queue_enqueue(self, *args: bytes) -> list[bytes]:
        [queue, *party], options = _split(args)
        seekers = [Seeker(player, float(mu), 2.0) for player, mu in (it.split(":") for it in party)]
        filters = [(it["key"], it["test"]) for it in json.loads(options.get("filters", "[]"))]
        given = {name: json.loads(options[name]) for name in ("keys", "attributes", "blocked") if name in options}
        return _numbers(self.store.queues[queue].enqueue(*seekers, filters=filters, **given).id)

    def do_queue_ticket(self, queue: bytes, ticket: bytes) -> list[bytes]:
        return _document(self.store.queues[queue.decode()].ticket(int(ticket)).document)

    def do_queue_cancel(self, queue: bytes, ticket: bytes) -> list[bytes]:
        self.store.queues[queue.decode()].cancel(int(ticket))
        return OK

    def do_queue_tick(self, queue: bytes, holder: bytes) -> list[bytes]:
        tick = self.store.queues[queue.decode()].tick(holder.decode(), lease=60)
        return [match.id.encode() for match in tick.matches]

    def do_match_get(self, match: bytes) -> list[bytes]:
        return _document(self.store.queues.match(match.decode()).document)

    def do_match_accept(self, match: bytes, player: bytes) -> list[bytes]:
        return _document(self.store.queues.accept(match.decode(), player.decode()).document)

    def do_match_decline(self, match: bytes, player: bytes) -> list[bytes]:
        self.store.queues.decline(match.decode(), player.decode())
        return OK

    def _lobbies(self, options: dict[str, str]) -> Any:
        within = options.get("in")
        return (self.transactions[within.encode()] if within else self.store).lobbies

    def _on(self, args: Iterable[bytes]) -> tuple[Lobby, list[Any], dict[str, str], dict[str, Any]]:
        """The lobby that a step is on, its other words, its options and its request."""
        [number, *words], options = _split(args)
        return self._lobbies(options)[int(number)], words, options, _request(options)

    def _act(self, act: Callable[..., int], args: Iterable[bytes]) -> list[bytes]:
        lobby, [player], options, request = self._on(args)
        return _numbers(act(lobby, player, **_by(options), **request))


def _split(args: Iterable[bytes]) -> tuple[list[str], dict[str, str]]:
    """The words of a step, and its options."""
    words, options = [], {}
    for word in map(bytes.decode, args):
        option = re.match("([a-z_]+)=", word)
        if option:
            options[option[1]] = word[option.end() :]
        else:
            words.append(word)
    return words, options


def _request(options: dict[str, str]) -> dict[str, str]:
    return {"request": options["request"]} if "request" in options else {}


def _by(options: dict[str, str]) -> dict[str, Any]:
    player, _, epoch = options.get("by", "").partition(":")
    return {"by": Owner(player, int(epoch))} if player else {}


def _lobby(options: dict[str, str]) -> dict[str, Any]:
    """What a lobby is created with."""
    lobby: dict[str, Any] = {}
    for name, value in options.items():
        if name in ("max_members", "keep_events", "chat_burst"):
            lobby[name] = int(value)
        elif name == "chat_every_ms":
            lobby["chat_every"] = int(value) / 1000
        elif name in ("exclusive", "backfill", "keep_empty"):
            lobby[name] = value == "yes"
        elif name.endswith("attributes"):
            lobby[name] = json.loads(value)
        elif name == "teams":
            lobby[name] = [int(size) for size in value.split(",")]
        elif name not in ("request", "in", "filter", "order"):
            lobby[name] = value
    return lobby


def _query(options: dict[str, str]) -> dict[str, Any]:
    def condition(it: dict[str, Any]) -> Any:
        return [condition(one) for one in it["any"]] if "any" in it else tuple(it.values())

    def order(it: dict[str, Any]) -> Any:
        return (it["key"], it["near"]) if "near" in it else "-" * ("descending" in it) + it["key"]

    return {
        "where": [condition(it) for it in json.loads(options.get("filter", "[]"))],
        "order": [order(it) for it in json.loads(options.get("order", "[]"))],
    }


def _numbers(*numbers: int) -> list[bytes]:
    return [b"%d" % number for number in numbers]


def _found(lobby: Optional[Lobby]) -> list[bytes]:
    return _numbers(lobby.id) if lobby else NOT_FOUND


def _document(document: Any) -> list[bytes]:
    return [steady(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())]


def _timed(document: dict[str, Any]) -> dict[str, Any]:
    """With its time in milliseconds, as the library has it."""
    name = "created" if "created" in document else "time"
    return {**document, name: round(document[name] * 1000)}


def _profile(profile: Any) -> list[bytes]:
    if profile is None:
        return NOT_FOUND
    given = _timed(asdict(profile))
    given.update(given.pop("others"))
    return _document({name: it for name, it in given.items() if it or name not in ("accounts", "properties")})


def _snapshot(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "lobby": snapshot.lobby.document,
        "seats": [_seat(seat) for seat in snapshot.seats],
        "member_attributes": snapshot.member_attributes,
        "owner_attributes": snapshot.owner_attributes,
        "bans": {player: {"until": round((until or 0) * 1000)} for player, until in snapshot.bans.items()},
        "invites": {
            player: {"by": invite.by, "until": round(invite.until * 1000)}
            for player, invite in snapshot.invites.items()
        },
    }


def _seat(seat: Seat) -> dict[str, Any]:
    member = {"joined": seat.joined, "ready": seat.ready, "attributes": seat.attributes}
    if seat.spoken is not None:
        member["spoken"] = round(seat.spoken * 1000)
    return {
        "player": seat.player,
        "number": seat.number,
        "team": seat.team,
        "role": seat.role,
        "deadline": round(seat.deadline * 1000),
        "member": member if seat.is_member else None,
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "lobby": event.lobby,
        "version": event.version,
        "time": round(event.time * 1000),
        "actor": event.actor,
        "change": {"kind": event.kind, **event.change},
    }
