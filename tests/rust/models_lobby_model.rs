//! Random calls of lobbies against the plainest model of their rules, on every engine, through one store and through two.

use std::collections::BTreeMap;

use joinly_storage::models::lobby::{
    By, Chat, Create, Invitation, Join, Lobbies, LobbyPatch, Migration, Reserve, Room, State, Timing,
    Visibility,
};
use joinly_storage::{Kind, Store};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseResult};

use crate::lobby_support::check;
use crate::support::Home;

mod plain;
mod steps;

use plain::*;
use steps::*;

struct Run {
    home: Home,
    stores: Vec<Store>,
    ids: Vec<u64>,
    lobbies: Vec<MLobby>,
    now: i64,
}

fn name(player: usize) -> String {
    format!("p{player}")
}

impl Run {
    fn new(home: Home, stores: usize, setups: &[Setup]) -> Self {
        let stores: Vec<_> = (0..stores).map(|_| home.open()).collect();
        let now = stores[0].now().unwrap();
        let mut run = Self { home, ids: Vec::new(), lobbies: Vec::new(), now, stores };
        for setup in setups {
            let timing = Timing {
                member_ms: MEMBER_MS,
                reservation_ms: RESERVATION_MS,
                stale_ms: STALE_MS,
                close_ms: CLOSE_MS,
            };
            // Only the first may have an owner: the second would have the same.
            let owner = setup.owner.filter(|_| run.ids.is_empty());
            let create = Create {
                max_members: setup.seats,
                migration: setup.migration,
                keep_empty: setup.keep_empty,
                visibility: if setup.hidden { Visibility::Private } else { Visibility::Public },
                chat: setup.chat,
                owner: owner.map(|player| Join::of(&name(player))),
                timing,
                ..Create::default()
            };
            run.ids.push(Lobbies::new(&run.stores[0]).create(create).unwrap().lobby);
            let mut model = MLobby {
                seats: BTreeMap::new(),
                most: setup.seats as usize,
                migration: setup.migration,
                keep_empty: setup.keep_empty,
                hidden: setup.hidden,
                chat: setup.chat,
                owner: None,
                epoch: 0,
                state: State::Open,
                ready_by: None,
                deadline: now + STALE_MS,
                bans: BTreeMap::new(),
                invites: BTreeMap::new(),
                joined: 0,
            };
            if let Some(owner) = owner {
                model.sit(owner, now + MEMBER_MS, true).unwrap();
                model.own(Some(owner));
            }
            run.lobbies.push(model);
        }
        run
    }

    fn by(&self, lobby: usize, who: &Who) -> By {
        // As the caller knows it: time may have changed it since.
        let model = &self.lobbies[lobby];
        match who {
            Who::Host => By::Host,
            Who::Owner => By::Owner { player: name(model.owner.unwrap_or(9)), epoch: model.epoch },
            Who::Claims(player, off) => {
                By::Owner { player: name(*player), epoch: model.epoch.saturating_add_signed(*off) }
            }
        }
    }

    fn real(&self, step: &Step) -> Result<(), Kind> {
        let lobbies = Lobbies::new(&self.stores[step.via % self.stores.len()]);
        let id = self.ids[step.lobby];
        let by = |who: &Who| self.by(step.lobby, who);
        let done = match &step.call {
            Call::Join(players) => {
                let joins = players.iter().map(|player| Join::of(&name(*player))).collect();
                lobbies.join_many(id, joins).map(|joined| joined.done)
            }
            Call::Reserve(who, players) => {
                let seats: Vec<_> = players.iter().map(|player| Reserve::of(&name(*player))).collect();
                lobbies.reserve(id, &by(who), &seats)
            }
            Call::Leave(player) => lobbies.leave(id, &name(*player)),
            Call::Kick(who, player) => lobbies.kick(id, &by(who), &name(*player)),
            Call::Ban(who, player, ms) => {
                lobbies.ban(id, &by(who), &name(*player), (*ms > 0).then_some(self.now + ms))
            }
            Call::Unban(who, player) => lobbies.unban(id, &by(who), &name(*player)),
            Call::Transfer(who, player) => lobbies.transfer(id, &by(who), &name(*player)),
            Call::Lock(who) => lobbies.lock(id, &by(who)),
            Call::Unlock(who) => lobbies.unlock(id, &by(who)),
            Call::Start(who, asks) => lobbies.start(id, &by(who), asks.then_some(READY_MS)),
            Call::Ready(player, ready) => lobbies.ready(id, &name(*player), *ready),
            Call::Cancel(who) => lobbies.cancel(id, &by(who)),
            Call::Reopen(who) => lobbies.reopen(id, &by(who)),
            Call::Close(who) => lobbies.close(id, &by(who)),
            Call::Seats(who, seats) => {
                let patch = LobbyPatch { max_members: Some(*seats), ..LobbyPatch::default() };
                lobbies.patch(id, &by(who), patch, None)
            }
            Call::Invite(from, player, ms) => {
                lobbies.invite(id, from.map(name).as_deref(), &name(*player), Some(*ms))
            }
            Call::Uninvite(from, player) => lobbies.uninvite(id, from.map(name).as_deref(), &name(*player)),
            Call::Limit(who, chat) => {
                let patch = LobbyPatch { chat: Some(*chat), ..LobbyPatch::default() };
                lobbies.patch(id, &by(who), patch, None)
            }
            Call::Say(player) => lobbies.say(id, &name(*player), "hi"),
            Call::Heartbeat(_) | Call::HeartbeatHost => return Ok(()),
        };
        done.map(drop).map_err(|error| error.kind())
    }

    fn step(&mut self, step: &Step) -> TestCaseResult {
        self.now += step.advance;
        self.home.clock.advance(step.advance);
        let (now, at) = (self.now, step.lobby);
        match &step.call {
            Call::Heartbeat(players) => {
                let lobbies = Lobbies::new(&self.stores[step.via % self.stores.len()]);
                let names: Vec<_> = players.iter().map(|player| name(*player)).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let alive = lobbies.heartbeat(self.ids[at], &names).unwrap();
                prop_assert_eq!(alive, self.lobbies[at].heartbeat(players, now));
            }
            Call::HeartbeatHost => {
                let lobbies = Lobbies::new(&self.stores[step.via % self.stores.len()]);
                let model = &mut self.lobbies[at];
                let revives = model.state != State::Closed && model.deadline + CLOSE_MS > now;
                prop_assert_eq!(lobbies.heartbeat_host(self.ids[at]).is_ok(), revives);
                if revives {
                    model.deadline = model.deadline.max(now + STALE_MS);
                }
            }
            call => {
                let mut model = self.lobbies[at].clone();
                // The caller's epoch is the one before time changes it.
                let (owner, epoch) = (model.owner, model.epoch);
                model.settle(now);
                let lost = (model.owner, model.epoch) != (owner, epoch);
                let mut expected = model.call(&fenced(call, owner, epoch, &model, lost), now);
                if let (Ok(()), Call::Join(players)) = (&expected, call) {
                    let other = &self.lobbies[1 - at];
                    if players.iter().any(|player| engaged(other, *player, now)) {
                        expected = Err(Kind::Exists);
                    }
                }
                let made = self.real(step);
                prop_assert_eq!(made, expected, "{:?} at {}: {:?}", call, now, model);
                if made.is_ok() {
                    self.lobbies[at] = model;
                }
            }
        }
        if step.look {
            self.look()?;
        }
        Ok(())
    }

    fn look(&mut self) -> TestCaseResult {
        let lobbies = Lobbies::new(&self.stores[0]);
        for (id, model) in self.ids.iter().zip(&mut self.lobbies) {
            model.settle(self.now);
            let room = check(&lobbies, *id);
            compare(&room, model)?;
        }
        for player in 0..5 {
            let noted = lobbies.of_player("", &name(player)).unwrap();
            let at = self.lobbies.iter().position(|lobby| lobby.is_member(player));
            prop_assert_eq!(noted, at.map(|at| self.ids[at]));
            let invited = self.ids.iter().zip(&self.lobbies).filter_map(|(id, model)| {
                let MInvite { by, until } = model.invites.get(&player)?;
                Some(Invitation { lobby: *id, by: by.map(name), until: *until })
            });
            prop_assert_eq!(lobbies.invitations(&name(player)).unwrap(), invited.collect::<Vec<_>>());
        }
        Ok(())
    }
}

/// The call, by someone whose claim is false after time took the ownership.
fn fenced(call: &Call, owner: Option<usize>, epoch: u64, model: &MLobby, lost: bool) -> Call {
    let again = |who: &Who| match who {
        Who::Host => Who::Host,
        Who::Owner if lost => Who::Claims(owner.unwrap_or(9), 7),
        Who::Owner => Who::Owner,
        // The epoch that is claimed may have become the present one.
        Who::Claims(player, off) => {
            let claimed = epoch.saturating_add_signed(*off);
            Who::Claims(*player, i64::from(claimed != model.epoch))
        }
    };
    match call.clone() {
        Call::Reserve(who, players) => Call::Reserve(again(&who), players),
        Call::Kick(who, player) => Call::Kick(again(&who), player),
        Call::Ban(who, player, ms) => Call::Ban(again(&who), player, ms),
        Call::Unban(who, player) => Call::Unban(again(&who), player),
        Call::Transfer(who, player) => Call::Transfer(again(&who), player),
        Call::Lock(who) => Call::Lock(again(&who)),
        Call::Unlock(who) => Call::Unlock(again(&who)),
        Call::Start(who, asks) => Call::Start(again(&who), asks),
        Call::Cancel(who) => Call::Cancel(again(&who)),
        Call::Reopen(who) => Call::Reopen(again(&who)),
        Call::Close(who) => Call::Close(again(&who)),
        Call::Seats(who, seats) => Call::Seats(again(&who), seats),
        Call::Limit(who, chat) => Call::Limit(again(&who), chat),
        call => call,
    }
}

fn compare(room: &Room, model: &MLobby) -> TestCaseResult {
    let lobby = &room.lobby;
    prop_assert_eq!(lobby.state, model.state);
    prop_assert_eq!(&lobby.owner, &model.owner.map(name));
    prop_assert_eq!(lobby.epoch, model.epoch);
    prop_assert_eq!(lobby.max_members as usize, model.most);
    prop_assert_eq!(lobby.ready_check.map(|check| check.deadline), model.ready_by);
    let seats = room.seats.values().map(|seat| (seat.player.clone(), seat.member.is_some(), seat.deadline));
    let expected = model.seats.iter().map(|(player, seat)| (name(*player), seat.member, seat.deadline));
    prop_assert_eq!(seats.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    let bans = room.bans.iter().map(|(player, ban)| (player.clone(), ban.until));
    prop_assert_eq!(
        bans.collect::<Vec<_>>(),
        model.bans.iter().map(|(p, until)| (name(*p), *until)).collect::<Vec<_>>()
    );
    let invites =
        room.invites.iter().map(|(player, invite)| (player.clone(), invite.by.clone(), invite.until));
    let expected =
        model.invites.iter().map(|(player, invite)| (name(*player), invite.by.map(name), invite.until));
    prop_assert_eq!(invites.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    prop_assert_eq!(lobby.chat, model.chat);
    Ok(())
}

/// The same sequences at every run; `PROPTEST_CASES` asks for more of them.
fn check_against_the_model(home: impl Fn() -> Home, stores: usize, share: u32) {
    let default = Config::default();
    let cases = (default.cases / share).max(1);
    let config = Config { cases, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..default };
    proptest!(config, |(setups in [setup(), setup()], steps in steps())| {
        let mut run = Run::new(home(), stores, &setups);
        for step in &steps {
            run.step(step)?;
        }
        run.look()?;
    });
}

#[test]
fn memory() {
    check_against_the_model(Home::memory, 1, 1);
}

#[test]
fn sqlite_through_two_stores() {
    check_against_the_model(Home::sqlite, 2, 8);
}

#[test]
fn behind() {
    check_against_the_model(Home::behind, 1, 8);
}
