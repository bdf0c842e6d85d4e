//! The rules: what may be done to a lobby, and the events that it makes. Pure: no store, no clock, no chance.

use super::event::{Change, Event, Leaving, Moving, Uninviting};
use super::request::{By, Create, Reserve};
use super::state::{Lease, Lobby, Private, Room, State, Team};
use crate::error::Kind;
use crate::models::{Refusal, Ruled};

mod fields;
mod invites;
mod moves;
mod owner;
mod seats;

pub use fields::MAX_SAID_BYTES;
pub use invites::MAX_INVITES;

/// One call: the room as it becomes and the events that make it so. The room holds the seats and bans of the players that
/// the call names; all of them where one says so.
#[derive(Debug)]
pub struct Turn {
    room: Room,
    now: i64,
    lease_time: i64,
    actor: Option<String>,
    events: Vec<Event>,
}

fn refused<T>(kind: Kind, message: impl Into<String>) -> Ruled<T> {
    Err(Refusal::new(kind, message))
}

impl Turn {
    /// A call at `now` of a player, or of the host.
    pub fn new(room: Room, now: i64, actor: Option<&str>) -> Self {
        Self { room, now, lease_time: now, actor: actor.map(str::to_owned), events: Vec::new() }
    }

    /// The same where leases are judged by an earlier time, since their holders could not renew them.
    pub(super) fn judged_at(self, lease_time: i64) -> Self {
        Self { lease_time, ..self }
    }

    /// Creates a lobby. `password` is the hash of the one in `create`; `create` was checked.
    ///
    /// # Errors
    /// Those of [`Turn::join`], for the owner.
    pub fn create(create: &Create, (id, code, password): (u64, &str, Option<&str>), now: i64) -> Ruled<Self> {
        let private = Private {
            password: password.map(str::to_owned),
            member_attributes: create.member_attributes.clone(),
            owner_attributes: create.owner_attributes.clone(),
        };
        let mut lobby = Lobby {
            id,
            version: 1,
            kind: create.kind.clone(),
            name: create.name.clone(),
            state: State::Open,
            visibility: create.visibility,
            build: create.build.clone(),
            code: code.to_owned(),
            protected: private.password.is_some(),
            created: now,
            owner: None,
            epoch: 0,
            migration: create.migration,
            exclusive: create.exclusive,
            backfill: create.backfill,
            keep_empty: create.keep_empty,
            max_members: create.max_members,
            members: 0,
            reserved: 0,
            banned: 0,
            invited: 0,
            teams: create.teams.iter().map(|size| Team { size: *size, taken: 0 }).collect(),
            next_seat: 0,
            free_seats: std::collections::BTreeSet::new(),
            ready_checks: 0,
            ready_check: None,
            timing: create.timing,
            lease: Lease { deadline: now.saturating_add(create.timing.stale_ms), next: 0 },
            chat: create.chat,
            keep_events: create.keep_events,
            first_event: 1,
            private: private != Private::default(),
            attributes: create.attributes.clone(),
        };
        lobby.lease.next = lobby.closes_at();
        let actor = create.owner.as_ref().map(|owner| owner.player.clone());
        let change =
            Change::Created { lobby: Box::new(lobby), private: Box::new(private), seats: Vec::new() };
        let event = Event { lobby: id, version: 1, time: now, actor, change };
        let room = Room::created(&event)?;
        let mut turn = Self { room, now, lease_time: now, actor: event.actor.clone(), events: vec![event] };
        if let Some(owner) = &create.owner {
            turn.seat(owner)?;
            turn.emit(Change::Owner { owner: Some(owner.player.clone()) })?;
        }
        Ok(turn)
    }

    /// Creates a lobby that keeps seats for players from the beginning, all or none. `create` was checked, and has neither an
    /// owner nor a password.
    ///
    /// # Errors
    /// Those of [`Turn::reserve`].
    pub(super) fn create_for(
        create: &Create,
        (id, code): (u64, &str),
        now: i64,
        guests: &[Reserve],
    ) -> Ruled<Self> {
        let mut turn = Self::create(create, (id, code, None), now)?;
        turn.reserve(&By::Host, guests)?;
        turn.room.lobby.version = 1;
        turn.events.truncate(1);
        if let Some(Event { change: Change::Created { lobby, seats, .. }, .. }) = turn.events.first_mut() {
            **lobby = turn.room.lobby.clone();
            *seats = turn.room.seats.values().cloned().collect();
        }
        Ok(turn)
    }

    /// When the call is made.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// The room as it is by now.
    pub fn room(&self) -> &Room {
        &self.room
    }

    /// The room and the events that made it so.
    pub fn finish(self) -> (Room, Vec<Event>) {
        (self.room, self.events)
    }

    /// Whether time alone may have changed something: then [`Turn::settle`] comes first.
    pub fn is_due(lobby: &Lobby, now: i64) -> bool {
        lobby.lease.next <= now
    }

    /// What time alone has decided since. Needs all seats.
    ///
    /// # Errors
    /// [`Kind::Corrupt`].
    pub fn settle(&mut self) -> Ruled<()> {
        let (now, actor) = (self.lease_time, self.actor.take());
        let mut expired: Vec<_> = self.room.seats.values().filter(|seat| seat.deadline <= now).collect();
        expired.sort_by(|a, b| (a.deadline, &a.player).cmp(&(b.deadline, &b.player)));
        let expired: Vec<_> = expired.into_iter().map(|seat| seat.player.clone()).collect();
        self.remove(&expired, Leaving::Expired)?;
        let mut over: Vec<_> = self.room.invites.iter().filter(|(_, invite)| invite.until <= now).collect();
        over.sort_by_key(|(player, invite)| (invite.until, *player));
        for player in over.into_iter().map(|(player, _)| player.clone()).collect::<Vec<_>>() {
            self.emit(Change::Uninvited { player, why: Uninviting::Expired })?;
        }
        if self.room.lobby.ready_check.is_some_and(|check| check.deadline <= now) {
            self.go(State::Open, Moving::Expired)?;
        }
        if self.room.lobby.closes_at() <= now && self.room.lobby.state != State::Closed {
            self.go(State::Closed, Moving::Expired)?;
        }
        self.room.lobby.lease.next = self.room.next_deadline();
        self.actor = actor;
        Ok(())
    }

    fn check_live(&self) -> Ruled<()> {
        match self.room.lobby.state {
            State::Closed => refused(Kind::WrongState, "the lobby is closed"),
            _ => Ok(()),
        }
    }

    fn go(&mut self, to: State, why: Moving) -> Ruled<()> {
        self.emit(Change::Moved { to, why, ready_by: None })
    }

    fn emit(&mut self, change: Change) -> Ruled<()> {
        let lobby = &self.room.lobby;
        let (version, actor) = (lobby.version + 1, self.actor.clone());
        let event = Event { lobby: lobby.id, version, time: self.now, actor, change };
        self.room.apply(&event)?;
        self.events.push(event);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::lobby::event::Leaving;
    use crate::models::lobby::request::{By, Join};
    use crate::models::lobby::state::{Migration, Timing};

    const NOW: i64 = 1000;

    fn turn(create: Create) -> Turn {
        Turn::create(&create, (7, "CODE00", None), NOW).unwrap()
    }

    fn with_owner() -> Turn {
        turn(Create { owner: Some(Join::of("ada")), ..Create::default() })
    }

    fn later(turn: Turn, now: i64) -> Turn {
        let mut turn = Turn::new(turn.finish().0, now, Some("ada"));
        turn.settle().unwrap();
        turn
    }

    #[test]
    fn there_are_no_other_moves_than_these() {
        use State::{Closed, InGame, Locked, Open, Starting};
        let all = [Open, Locked, Starting, InGame, Closed];
        let legal: Vec<_> = all
            .iter()
            .flat_map(|from| all.iter().map(move |to| (*from, *to)))
            .filter(|(from, to)| from.may_become(*to))
            .collect();
        let expected = [
            (Open, Locked),
            (Open, Starting),
            (Open, Closed),
            (Locked, Open),
            (Locked, Starting),
            (Locked, Closed),
            (Starting, Open),
            (Starting, InGame),
            (Starting, Closed),
            (InGame, Open),
            (InGame, Closed),
        ];
        assert_eq!(legal, expected);
    }

    #[test]
    fn time_decides_the_same_however_often_it_is_asked() {
        let mut first = with_owner();
        first.join(&Join::of("bob"), None).unwrap();
        first.start(&By::Host, Some(100)).unwrap();
        let settled = later(first, NOW + 100);
        assert_eq!(settled.room().lobby.state, State::Open);
        let version = settled.room().lobby.version;
        let again = later(settled, NOW + 101);
        assert_eq!(again.room().lobby.version, version);
        assert_eq!(again.room().lobby.lease.next, NOW + Timing::default().member_ms);
        let over = later(again, NOW + Timing::default().member_ms);
        assert_eq!((over.room().lobby.state, over.room().lobby.lease.next), (State::Closed, i64::MAX));
        // Time has no actor, and nobody who went with the others owned it for a moment.
        let (_, events) = over.finish();
        assert!(events.iter().all(|event| event.actor.is_none()));
        assert!(!events.iter().any(|event| matches!(event.change, Change::Owner { .. })));
        let left =
            events.iter().filter(|event| matches!(event.change, Change::Left { why: Leaving::Expired, .. }));
        assert_eq!(left.count(), 2);
    }

    #[test]
    fn events_that_do_not_follow_are_damage() {
        let mut turn = with_owner();
        turn.join(&Join::of("bob"), None).unwrap();
        let (room, events) = turn.finish();
        let next =
            |change| Event { lobby: 7, version: room.lobby.version + 1, time: NOW, actor: None, change };
        let seat = room.seats["bob"].clone();
        for event in [
            events.last().unwrap().clone(),
            Event { lobby: 8, ..next(Change::Said { player: "ada".to_owned(), text: "x".to_owned() }) },
            next(events[0].change.clone()),
            next(Change::Joined { seat: seat.clone() }),
            next(Change::Joined { seat: crate::models::lobby::Seat { player: "cy".to_owned(), ..seat } }),
            next(Change::Left { player: "cy".to_owned(), why: Leaving::Left }),
            next(Change::Moved { to: State::InGame, why: Moving::Asked, ready_by: None }),
            next(Change::Ready { player: "ada".to_owned(), ready: true }),
            next(Change::MemberPatched { player: "cy".to_owned(), attributes: Default::default() }),
        ] {
            assert_eq!(room.clone().apply(&event).unwrap_err().kind(), Kind::Corrupt, "{event:?}");
        }
        assert_eq!(Room::created(&events[1]).unwrap_err().kind(), Kind::Corrupt);
    }

    #[test]
    fn seats_that_are_kept_from_the_beginning_are_one_event() {
        let create = Create { teams: vec![1, 1], max_members: 2, ..Create::default() };
        let guest = |player: &str| Reserve {
            player: player.to_owned(),
            team: None,
            role: String::new(),
            for_ms: Some(50),
        };
        let begin = |guests: &[Reserve]| Turn::create_for(&create, (7, "CODE00"), NOW, guests);
        let mut turn = begin(&[guest("bob"), guest("ada")]).unwrap();
        let (room, event) = (turn.room().clone(), turn.events.first().unwrap().clone());
        assert_eq!((room.lobby.version, room.lobby.reserved, turn.events.len()), (1, 2, 1));
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(Room::created(&serde_json::from_str(&json).unwrap()).unwrap(), room);
        turn.join(&Join::of("ada"), None).unwrap();
        assert_eq!(turn.room().seats["ada"].member.as_ref().unwrap().joined, 2);
        let all = [guest("bob"), guest("ada"), guest("cy")];
        assert_eq!(begin(&all).unwrap_err().0.kind(), Kind::LobbyFull);
    }

    #[test]
    fn events_are_json_and_come_back_as_they_were() {
        let mut turn = turn(Create { migration: Migration::Manual, teams: vec![4, 4], ..Create::default() });
        turn.join(&Join { team: Some(1), role: "healer".to_owned(), ..Join::of("ada") }, None).unwrap();
        turn.transfer(&By::Host, "ada").unwrap();
        let by = By::Owner { player: "ada".to_owned(), epoch: 1 };
        turn.ban(&by, "bob", 0).unwrap();
        turn.start(&by, Some(50)).unwrap();
        turn.ready("ada", true).unwrap();
        turn.say("ada", "go").unwrap();
        let (room, events) = turn.finish();
        let mut folded: Option<Room> = None;
        for event in events {
            let json = serde_json::to_string(&event).unwrap();
            let read: Event = serde_json::from_str(&json).unwrap();
            assert_eq!(read, event);
            match &mut folded {
                None => folded = Some(Room::created(&read).unwrap()),
                Some(room) => room.apply(&read).unwrap(),
            }
        }
        assert_eq!(folded.unwrap(), room);
    }
}
