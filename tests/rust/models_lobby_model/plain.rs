//! The plainest lobby.

use super::*;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct MSeat {
    pub(super) member: bool,
    /// In which order they joined.
    pub(super) order: u64,
    pub(super) deadline: i64,
    pub(super) ready: bool,
    /// How many milliseconds of talk were owed, and when.
    pub(super) owed: (i64, i64),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct MInvite {
    pub(super) by: Option<usize>,
    pub(super) until: i64,
}

/// A lobby, as plainly as can be.
#[derive(Clone, Debug)]
pub(super) struct MLobby {
    pub(super) seats: BTreeMap<usize, MSeat>,
    pub(super) most: usize,
    pub(super) migration: Migration,
    pub(super) keep_empty: bool,
    pub(super) hidden: bool,
    pub(super) chat: Chat,
    pub(super) owner: Option<usize>,
    pub(super) epoch: u64,
    pub(super) state: State,
    pub(super) ready_by: Option<i64>,
    pub(super) deadline: i64,
    pub(super) bans: BTreeMap<usize, i64>,
    pub(super) invites: BTreeMap<usize, MInvite>,
    pub(super) joined: u64,
}

impl MLobby {
    pub(super) fn members(&self) -> usize {
        self.seats.values().filter(|seat| seat.member).count()
    }

    pub(super) fn is_member(&self, player: usize) -> bool {
        self.seats.get(&player).is_some_and(|seat| seat.member)
    }

    pub(super) fn close(&mut self) {
        (self.state, self.owner, self.ready_by) = (State::Closed, None, None);
        self.seats.clear();
        self.invites.clear();
    }

    pub(super) fn own(&mut self, owner: Option<usize>) {
        self.owner = owner;
        self.epoch += 1;
    }

    pub(super) fn remove(&mut self, players: &[usize]) {
        let members = self.members();
        self.seats.retain(|player, _| !players.contains(player));
        if self.members() < members && self.state == State::Starting {
            (self.state, self.ready_by) = (State::Open, None);
        }
        if players.is_empty() {
            return;
        }
        if self.seats.is_empty() && !self.keep_empty {
            return self.close();
        }
        if self.owner.is_some_and(|owner| players.contains(&owner)) {
            let oldest = self.seats.iter().filter(|(_, seat)| seat.member).min_by_key(|(_, seat)| seat.order);
            match self.migration {
                Migration::Oldest => self.own(oldest.map(|(player, _)| *player)),
                Migration::Manual | Migration::Never => self.own(None),
                Migration::Close => self.close(),
            }
        }
    }

    pub(super) fn settle(&mut self, now: i64) {
        if self.state == State::Closed {
            return;
        }
        let gone: Vec<_> =
            self.seats.iter().filter(|(_, seat)| seat.deadline <= now).map(|(player, _)| *player).collect();
        self.remove(&gone);
        self.invites.retain(|_, invite| invite.until > now);
        if self.ready_by.is_some_and(|deadline| deadline <= now) {
            (self.state, self.ready_by) = (State::Open, None);
        }
        if self.state != State::Closed && self.deadline + CLOSE_MS <= now {
            self.close();
        }
    }

    pub(super) fn decides(&self, who: &Who) -> Result<(), Kind> {
        let allowed = match who {
            Who::Host => true,
            Who::Owner => self.owner.is_some(),
            Who::Claims(player, off) => self.owner == Some(*player) && *off == 0,
        };
        if allowed { Ok(()) } else { Err(Kind::Forbidden) }
    }

    pub(super) fn sit(&mut self, player: usize, deadline: i64, member: bool) -> Result<(), Kind> {
        if !self.seats.contains_key(&player) && self.seats.len() >= self.most {
            return Err(Kind::LobbyFull);
        }
        self.joined += 1;
        self.seats.insert(player, MSeat { member, order: self.joined, deadline, ready: false, owed: (0, 0) });
        Ok(())
    }

    fn fresh(&self, now: i64) -> Result<(), Kind> {
        match self.state {
            State::Closed => Err(Kind::WrongState),
            _ if self.deadline <= now => Err(Kind::Expired),
            _ => Ok(()),
        }
    }

    /// Whether a player may come in at all.
    fn welcome(&self, player: usize, now: i64) -> Result<(), Kind> {
        if self.is_member(player) {
            return Err(Kind::Exists);
        }
        match self.bans.get(&player) {
            Some(until) if *until == 0 || *until > now => Err(Kind::Forbidden),
            _ => Ok(()),
        }
    }

    pub(super) fn join(&mut self, player: usize, now: i64) -> Result<(), Kind> {
        self.fresh(now)?;
        self.welcome(player, now)?;
        let reserved = self.seats.contains_key(&player) && self.state != State::Starting;
        if !reserved && self.state != State::Open {
            return Err(Kind::WrongState);
        }
        if !reserved && self.hidden && !self.invites.contains_key(&player) {
            return Err(Kind::Forbidden);
        }
        self.sit(player, now + MEMBER_MS, true)?;
        self.invites.remove(&player);
        if self.owner.is_none() && matches!(self.migration, Migration::Oldest | Migration::Close) {
            self.own(Some(player));
        }
        Ok(())
    }

    pub(super) fn go(&mut self, who: &Who, from: State, to: State) -> Result<(), Kind> {
        self.decides(who)?;
        if self.state != from {
            return Err(Kind::WrongState);
        }
        (self.state, self.ready_by) = (to, None);
        Ok(())
    }

    pub(super) fn call(&mut self, call: &Call, now: i64) -> Result<(), Kind> {
        let live = |lobby: &Self| if lobby.state == State::Closed { Err(Kind::WrongState) } else { Ok(()) };
        match call {
            Call::Join(players) => players.iter().try_for_each(|player| self.join(*player, now)),
            Call::Reserve(who, players) => {
                self.decides(who)?;
                live(self)?;
                players.iter().try_for_each(|player| match self.is_member(*player) {
                    true => Err(Kind::Exists),
                    false => self.sit(*player, now + RESERVATION_MS, false),
                })
            }
            Call::Leave(player) => self.give_up(*player),
            Call::Kick(who, player) => {
                self.decides(who)?;
                self.give_up(*player)
            }
            Call::Ban(who, player, ms) => {
                self.decides(who)?;
                live(self)?;
                self.bans.insert(*player, if *ms == 0 { 0 } else { now + ms });
                if self.seats.contains_key(player) {
                    self.remove(&[*player]);
                }
                Ok(())
            }
            Call::Unban(who, player) => {
                self.decides(who)?;
                self.bans.remove(player).map(drop).ok_or(Kind::NotFound)
            }
            Call::Transfer(who, to) => {
                self.decides(who)?;
                if !self.is_member(*to) {
                    return Err(Kind::NotFound);
                }
                if self.owner.is_none() && self.migration == Migration::Never && self.epoch > 0 {
                    return Err(Kind::Forbidden);
                }
                if self.owner != Some(*to) {
                    self.own(Some(*to));
                }
                Ok(())
            }
            Call::Lock(who) => self.go(who, State::Open, State::Locked),
            Call::Unlock(who) => self.go(who, State::Locked, State::Open),
            Call::Cancel(who) => self.go(who, State::Starting, State::Open),
            Call::Reopen(who) => self.go(who, State::InGame, State::Open),
            Call::Close(who) => {
                self.decides(who)?;
                live(self)?;
                self.close();
                Ok(())
            }
            Call::Start(who, asks) => {
                self.decides(who)?;
                if !matches!(self.state, State::Open | State::Locked) || self.members() == 0 {
                    return Err(Kind::WrongState);
                }
                self.state = if *asks { State::Starting } else { State::InGame };
                self.ready_by = asks.then_some(now + READY_MS);
                self.seats.values_mut().for_each(|seat| seat.ready = false);
                Ok(())
            }
            Call::Ready(player, ready) => {
                if self.ready_by.is_none() {
                    return Err(Kind::WrongState);
                }
                if !self.is_member(*player) {
                    return Err(Kind::NotFound);
                }
                if let Some(seat) = self.seats.get_mut(player) {
                    seat.ready = *ready;
                }
                if self.seats.values().filter(|seat| seat.member).all(|seat| seat.ready) {
                    (self.state, self.ready_by) = (State::InGame, None);
                }
                Ok(())
            }
            Call::Seats(who, seats) => {
                self.decides(who)?;
                live(self)?;
                if (*seats as usize) < self.seats.len() {
                    return Err(Kind::LobbyFull);
                }
                self.most = *seats as usize;
                Ok(())
            }
            Call::Invite(from, player, ms) => {
                self.fresh(now)?;
                if from.is_some_and(|from| !self.is_member(from)) {
                    return Err(Kind::Forbidden);
                }
                self.welcome(*player, now)?;
                self.invites.insert(*player, MInvite { by: *from, until: now + ms });
                Ok(())
            }
            Call::Uninvite(from, player) => {
                let invite = self.invites.get(player).ok_or(Kind::NotFound)?;
                if from.is_some() && ![Some(*player), invite.by, self.owner].contains(from) {
                    return Err(Kind::Forbidden);
                }
                self.invites.remove(player);
                Ok(())
            }
            Call::Say(player) => self.say(*player, now),
            Call::Limit(who, chat) => {
                self.decides(who)?;
                live(self)?;
                self.chat = *chat;
                Ok(())
            }
            Call::Heartbeat(_) | Call::HeartbeatHost => Ok(()),
        }
    }

    /// A bucket that holds `burst` things said, and loses one in `every_ms`.
    fn say(&mut self, player: usize, now: i64) -> Result<(), Kind> {
        let Chat { burst, every_ms } = self.chat;
        let seat = self.seats.get_mut(&player).filter(|seat| seat.member).ok_or(Kind::NotFound)?;
        if burst > 0 {
            let (owed, then) = seat.owed;
            let owed = (owed - (now - then)).max(0) + every_ms;
            if owed > every_ms * i64::from(burst) {
                return Err(Kind::RateLimited);
            }
            seat.owed = (owed, now);
        }
        Ok(())
    }

    pub(super) fn give_up(&mut self, player: usize) -> Result<(), Kind> {
        if !self.seats.contains_key(&player) {
            return Err(Kind::NotFound);
        }
        self.remove(&[player]);
        Ok(())
    }

    pub(super) fn heartbeat(&mut self, players: &[usize], now: i64) -> Vec<bool> {
        let mut alive = Vec::new();
        for player in players {
            let seat = self.seats.get_mut(player).filter(|seat| seat.member && seat.deadline > now);
            alive.push(seat.is_some());
            if let Some(seat) = seat {
                seat.deadline = now + MEMBER_MS;
                if self.owner == Some(*player) && self.deadline + CLOSE_MS > now {
                    self.deadline = self.deadline.max(now + STALE_MS);
                }
            }
        }
        alive
    }
}

/// Whether a player is in the other lobby, by leases that are good.
pub(super) fn engaged(other: &MLobby, player: usize, now: i64) -> bool {
    other.state != State::Closed
        && other.deadline + CLOSE_MS > now
        && other.seats.get(&player).is_some_and(|seat| seat.member && seat.deadline > now)
}
