//! The steps on lobbies, players, leaderboards and queues.

use joinly_storage::models::Filter;
use joinly_storage::models::leaderboard::Leaderboards;
use joinly_storage::models::lobby::{
    By, Chat, Create, Done, Join, Lobbies, Order, Poll, Query, Reserve, Viewer,
};
use joinly_storage::models::matchmaking::{Matchmaker, Seeker, Ticket};
use joinly_storage::models::player::{Delta, Holding, Players};
use joinly_storage::{Error, Kind, Result, Store};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Runner, Words, found, number, ok, text};

/// The arguments of a step: words, and options of the form `name=value`.
pub(super) struct Args<'a> {
    words: Vec<&'a str>,
    options: Vec<(&'a str, &'a str)>,
}

impl<'a> Args<'a> {
    pub fn of(arguments: &[&'a [u8]]) -> Self {
        let (mut words, mut options) = (Vec::new(), Vec::new());
        for word in arguments.iter().map(|word| text(word)) {
            match word.split_once('=') {
                Some((name, value)) if name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_') => {
                    options.push((name, value));
                }
                _ => words.push(word),
            }
        }
        Self { words, options }
    }

    fn option(&self, name: &str) -> Option<&'a str> {
        self.options.iter().find(|(it, _)| *it == name).map(|(_, value)| *value)
    }

    fn owned(&self, name: &str) -> String {
        self.option(name).unwrap_or_default().to_owned()
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.option(name).map(|value| number(value.as_bytes()))
    }

    fn is(&self, name: &str) -> bool {
        self.option(name) == Some("yes")
    }

    fn by(&self) -> By {
        match self.option("by").and_then(|by| by.split_once(':')) {
            None => By::Host,
            Some((player, epoch)) => By::Owner { player: player.to_owned(), epoch: number(epoch.as_bytes()) },
        }
    }

    fn join(&self, player: &str) -> Join {
        Join {
            player: player.to_owned(),
            password: self.owned("password"),
            friend: self.is("friend"),
            build: self.owned("build"),
            team: self.number("team"),
            role: self.owned("role"),
            ..Join::default()
        }
    }

    /// The code of the lobby that is named first, when the option says so.
    fn code(&self, store: &Store) -> Option<String> {
        let lobby = self.words.first().filter(|_| self.is("code"))?;
        Some(Lobbies::new(store).room(id(lobby)).expect("a lobby").lobby.code)
    }

    fn create(&self) -> Result<Create> {
        let (default, word) = (Create::default(), |name| serde_json::Value::from(self.owned(name)));
        Ok(Create {
            kind: self.owned("kind"),
            name: self.owned("name"),
            max_members: self.number("max_members").unwrap_or(default.max_members),
            teams: self
                .option("teams")
                .unwrap_or_default()
                .split_terminator(',')
                .map(|size| number(size.as_bytes()))
                .collect(),
            owner: self.option("owner").map(Join::of),
            visibility: self.option("visibility").map_or(default.visibility, |_| chosen(word("visibility"))),
            password: self.owned("password"),
            build: self.owned("build"),
            migration: self.option("migration").map_or(default.migration, |_| chosen(word("migration"))),
            exclusive: self.option("exclusive") != Some("no"),
            backfill: self.is("backfill"),
            keep_empty: self.is("keep_empty"),
            attributes: json(self.option("attributes").unwrap_or("{}"))?,
            member_attributes: json(self.option("member_attributes").unwrap_or("{}"))?,
            owner_attributes: json(self.option("owner_attributes").unwrap_or("{}"))?,
            keep_events: self.number("keep_events").unwrap_or(default.keep_events),
            chat: Chat {
                burst: self.number("chat_burst").unwrap_or(0),
                every_ms: self.number("chat_every_ms").unwrap_or(0),
            },
            timing: default.timing,
        })
    }

    fn query(&self) -> Result<Query> {
        let mut query = Query::new().full(self.is("full"));
        if let Some(kind) = self.option("kind") {
            query = query.kind(kind);
        }
        if let Some(filter) = self.option("filter") {
            query = query.filter(Filter::from_json(filter)?);
        }
        if let Some(order) = self.option("order") {
            query = Order::list_from_json(order)?.into_iter().fold(query, Query::order);
        }
        Ok(query)
    }

    fn ticket(&self, players: &[&str]) -> Result<Ticket> {
        let seeker = |word: &&str| {
            let (player, mu) = word.split_once(':').expect("player:mu");
            Seeker { player: player.to_owned(), mu: number(mu.as_bytes()), sigma: 2.0, role: None }
        };
        Ok(Ticket {
            party: players.iter().map(seeker).collect(),
            keys: json(self.option("keys").unwrap_or("{}"))?,
            attributes: json(self.option("attributes").unwrap_or("{}"))?,
            filters: json(self.option("filters").unwrap_or("[]"))?,
            blocked: json(self.option("blocked").unwrap_or("[]"))?,
            ..Ticket::default()
        })
    }
}

fn json<T: DeserializeOwned>(document: &str) -> Result<T> {
    serde_json::from_str(document).map_err(|error| Error::new(Kind::Invalid, error.to_string()))
}

fn chosen<T: DeserializeOwned>(word: serde_json::Value) -> T {
    serde_json::from_value(word).expect("a constant")
}

fn told(document: &impl Serialize) -> Words {
    vec![steady(&serde_json::to_vec(document).unwrap())]
}

/// A document without what differs from run to run.
pub(super) fn steady(json: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    let mut rest = json;
    while !rest.is_empty() {
        let digits = rest.iter().take_while(|c| c.is_ascii_digit()).count();
        let (fraction, waited) = (out.ends_with(b"."), out.ends_with(b"\"waited_ms\":"));
        let step = if out.ends_with(b"\"code\":\"") {
            out.push(b'C');
            rest.iter().position(|c| *c == b'"').expect("the end of the code")
        } else if !fraction && (digits >= 13 || (digits > 0 && waited)) {
            out.push(b'T');
            digits
        } else {
            let length = digits.max(1);
            out.extend(&rest[..if fraction { length.min(6) } else { length }]);
            length
        };
        rest = &rest[step..];
    }
    out
}

fn viewer(word: &str) -> Viewer {
    match word {
        "public" => Viewer::Public,
        "member" => Viewer::Member,
        "owner" => Viewer::Owner,
        other => panic!("viewer {other}"),
    }
}

fn count(number: impl ToString) -> Words {
    vec![number.to_string().into_bytes()]
}

fn id(word: &str) -> u64 {
    number(word.as_bytes())
}

impl Runner<'_> {
    /// The lobbies, in the transaction and for the request that the options name.
    fn lobbies<R>(&mut self, args: &Args<'_>, call: impl FnOnce(&Lobbies<'_>) -> Result<R>) -> Result<R> {
        let mut lobbies = match args.option("in") {
            None => Lobbies::new(self.store),
            Some(name) => {
                let slot = self.transactions.get_mut(name.as_bytes()).expect("a transaction");
                Lobbies::within(self.store, slot.as_mut().expect("an open transaction"))
            }
        };
        if let Some(request) = args.option("request") {
            lobbies.request(request)?;
        }
        call(&lobbies)
    }

    pub(super) fn model_step(&mut self, operation: &str, arguments: &[&[u8]]) -> Result<Words> {
        let args = Args::of(arguments);
        match operation.split_once('_') {
            Some(("lobby", _)) => match self.look_at_lobby(operation, &args)? {
                Some(answer) => Ok(answer),
                None => self.change_lobby(operation, &args).map(|done| count(done.sequence)),
            },
            Some(("queue" | "match", _)) => matchmaking(self.store, operation, &args),
            Some(("player" | "holdings", _)) => players(self.store, operation, &args),
            _ => boards(self.store, operation, &args),
        }
    }

    fn change_lobby(&mut self, operation: &str, args: &Args<'_>) -> Result<Done> {
        let (by, expected, code) = (args.by(), args.number("expected"), args.code(self.store));
        self.lobbies(args, |lobbies| match (operation, &args.words[..]) {
            ("lobby_join", [it, players @ ..]) => {
                let join = |player: &&str| Join { code: code.clone(), ..args.join(player) };
                Ok(lobbies.join_many(id(it), players.iter().map(join).collect())?.done)
            }
            ("lobby_reserve", [it, players @ ..]) => {
                let seats: Vec<_> = players.iter().map(|player| Reserve::of(player)).collect();
                lobbies.reserve(id(it), &by, &seats)
            }
            ("lobby_move", [it, "lock"]) => lobbies.lock(id(it), &by),
            ("lobby_move", [it, "unlock"]) => lobbies.unlock(id(it), &by),
            ("lobby_move", [it, "start"]) => lobbies.start(id(it), &by, args.number("ready_ms")),
            ("lobby_move", [it, "cancel"]) => lobbies.cancel(id(it), &by),
            ("lobby_move", [it, "reopen"]) => lobbies.reopen(id(it), &by),
            ("lobby_move", [it, "close"]) => lobbies.close(id(it), &by),
            ("lobby_patch", [it, patch]) => lobbies.patch(id(it), &by, json(patch)?, expected),
            ("lobby_patch_member", [it, player, attributes]) => {
                lobbies.patch_member(id(it), player, &json(attributes)?, expected)
            }
            ("lobby_invite", [it, player]) => {
                lobbies.invite(id(it), args.option("from"), player, args.number("for_ms"))
            }
            ("lobby_uninvite", [it, player]) => lobbies.uninvite(id(it), args.option("from"), player),
            ("lobby_leave", [it, player]) => lobbies.leave(id(it), player),
            ("lobby_kick", [it, player]) => lobbies.kick(id(it), &by, player),
            ("lobby_ban", [it, player]) => lobbies.ban(id(it), &by, player, None),
            ("lobby_unban", [it, player]) => lobbies.unban(id(it), &by, player),
            ("lobby_transfer", [it, player]) => lobbies.transfer(id(it), &by, player),
            ("lobby_ready", [it, player, ready]) => lobbies.ready(id(it), player, *ready == "yes"),
            ("lobby_say", [it, player, text]) => lobbies.say(id(it), player, text),
            (operation, words) => panic!("{operation} with {} arguments", words.len()),
        })
    }

    /// The steps that answer more than the number of an event; None for the others.
    fn look_at_lobby(&mut self, operation: &str, args: &Args<'_>) -> Result<Option<Words>> {
        self.lobbies(args, |lobbies| {
            Ok(Some(match (operation, &args.words[..]) {
                ("lobby_create", []) => {
                    let done = lobbies.create(args.create()?)?;
                    [count(done.lobby), count(done.sequence)].concat()
                }
                ("lobby_quick_join", players) => {
                    let joins = players.iter().map(|player| args.join(player)).collect();
                    let done = lobbies.quick_join(&args.query()?, joins, args.create()?)?.done;
                    [count(done.lobby), count(done.sequence)].concat()
                }
                ("lobby_heartbeat", [it, players @ ..]) => {
                    yes(lobbies.heartbeat(id(it), players)?.into_iter().all(|alive| alive))
                }
                ("lobby_get", [it, viewer]) => told(&lobbies.get(id(it), self::viewer(viewer))?),
                ("lobby_as_of", [it, version, viewer]) => {
                    told(&lobbies.as_of(id(it), id(version))?.seen_by(self::viewer(viewer)))
                }
                ("lobby_events", [it, after, viewer]) => {
                    match lobbies.poll(id(it), id(after), 256, self::viewer(viewer))? {
                        Poll::Events(events) if events.is_empty() => vec![b"TIMEOUT".to_vec()],
                        Poll::Events(events) => events.iter().flat_map(told).collect(),
                        Poll::Resync(snapshot) => [vec![b"RESYNC".to_vec()], told(&snapshot)].concat(),
                    }
                }
                ("lobby_invitations", [player]) => told(&lobbies.invitations(player)?),
                ("lobby_search", []) => {
                    let found = lobbies.search(&args.query()?)?.found;
                    found.iter().map(|found| found.key().into_bytes()).collect()
                }
                ("lobby_by_code", [it]) => {
                    let code = lobbies.room(id(it))?.lobby.code;
                    lobbies.by_code(&code)?.map_or_else(|| found(false), count)
                }
                ("lobby_of_player", [kind, player]) => {
                    lobbies.of_player(kind, player)?.map_or_else(|| found(false), count)
                }
                _ => return Ok(None),
            }))
        })
    }
}

fn players(store: &Store, operation: &str, args: &Args<'_>) -> Result<Words> {
    let players = Players::new(store);
    match (operation, &args.words[..]) {
        ("player_create", [player, patch]) => Ok(told(&players.create(player, &json(patch)?)?)),
        ("player_patch", [player, patch]) => {
            Ok(told(&players.patch(player, args.number("expected"), &json(patch)?)?))
        }
        ("player_by_account", [platform, account]) => Ok(told(&players.by_account(platform, account)?)),
        ("holdings_adjust", [player, currency, amount]) => {
            let holding = Holding::Currency((*currency).to_owned());
            let delta = Delta { player: (*player).to_owned(), holding, amount: number(amount.as_bytes()) };
            Ok(count(players.adjust(&[delta])?[0]))
        }
        ("holdings_transfer", [from, to, currency, amount]) => {
            let holding = Holding::Currency((*currency).to_owned());
            players.transfer(from, to, &holding, number(amount.as_bytes())).map(|()| ok())
        }
        ("holdings_balances", [player]) => Ok(told(&players.balances(player)?)),
        (operation, words) => panic!("{operation} with {} arguments", words.len()),
    }
}

fn boards(store: &Store, operation: &str, args: &Args<'_>) -> Result<Words> {
    let boards = Leaderboards::new(store);
    let size = |word: &str| number(word.as_bytes());
    match (operation, &args.words[..]) {
        ("board_create", [board, rules]) => boards.create(board, json(rules)?).map(|()| ok()),
        ("board_submit", [board, player, score]) => {
            Ok(told(&boards.submit(board, player, number(score.as_bytes()), 0)?))
        }
        ("board_rank", [board, player]) => {
            Ok(boards.rank(board, None, player)?.map_or_else(|| found(false), |ranked| told(&ranked)))
        }
        ("board_top", [board, most, skip]) => Ok(told(&boards.top(board, None, size(skip), size(most))?)),
        ("board_around", [board, player, before, after]) => {
            Ok(told(&boards.around(board, None, player, size(before), size(after))?))
        }
        ("board_count", [board]) => Ok(count(boards.count(board, None)?)),
        ("result_apply", [result]) => Ok(told(&boards.apply_result(&json(result)?)?)),
        (operation, words) => panic!("{operation} with {} arguments", words.len()),
    }
}

fn matchmaking(store: &Store, operation: &str, args: &Args<'_>) -> Result<Words> {
    let queues = Matchmaker::new(store);
    match (operation, &args.words[..]) {
        ("queue_configure", [queue, document]) => queues.configure(queue, &json(document)?).map(|()| ok()),
        ("queue_enqueue", [queue, party @ ..]) => Ok(count(queues.enqueue(queue, &args.ticket(party)?)?.id)),
        ("queue_ticket", [queue, ticket]) => Ok(told(&queues.ticket(queue, id(ticket))?)),
        ("queue_cancel", [queue, ticket]) => queues.cancel(queue, id(ticket)).map(|()| ok()),
        ("queue_tick", [queue, holder]) => {
            let matches = queues.tick(queue, holder, 60_000)?.matches;
            Ok(matches.into_iter().map(|made| made.id.into_bytes()).collect())
        }
        ("match_get", [id]) => Ok(told(&queues.match_of(id)?)),
        ("match_accept", [id, player]) => Ok(told(&queues.accept(id, player)?)),
        ("match_decline", [id, player]) => queues.decline(id, player).map(|()| ok()),
        (operation, words) => panic!("{operation} with {} arguments", words.len()),
    }
}

fn yes(is: bool) -> Words {
    vec![if is { b"yes".to_vec() } else { b"no".to_vec() }]
}
