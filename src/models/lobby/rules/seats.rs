//! Who has a seat: joining, reserving, leaving and being removed.

use super::{Turn, refused};
use crate::error::Kind;
use crate::models::lobby::event::{Change, Leaving, Moving};
use crate::models::lobby::request::{By, Join, Reserve};
use crate::models::lobby::state::{Member, Migration, Seat, State, Team, Visibility};
use crate::models::{Ruled, check_id};

impl Turn {
    /// A player joins. `proved` is the hash that the player's password was found to match.
    ///
    /// # Errors
    /// [`Kind::WrongState`], [`Kind::Expired`] for a stale lobby, [`Kind::Exists`] for a member, [`Kind::Forbidden`] for
    /// the banned, the wrong password, build or code, [`Kind::LobbyFull`], [`Kind::Invalid`] for a team that there is not.
    pub fn join(&mut self, join: &Join, proved: Option<&str>) -> Ruled<()> {
        self.check_admits(join, proved)?;
        self.seat(join)?;
        if self.room.lobby.owner.is_none()
            && matches!(self.room.lobby.migration, Migration::Oldest | Migration::Close)
        {
            self.emit(Change::Owner { owner: Some(join.player.clone()) })?;
        }
        Ok(())
    }

    /// Several players join, all or none; into one team when it has room for all who do not mind.
    ///
    /// # Errors
    /// As [`Turn::join`].
    pub fn join_many(&mut self, joins: &[Join], proved: Option<&str>) -> Ruled<()> {
        let undecided = joins.iter().filter(|join| join.team.is_none()).count();
        let together = self.roomiest().filter(|(_, free)| *free as usize >= undecided).map(|(team, _)| team);
        for join in joins {
            self.join(&Join { team: join.team.or(together), ..join.clone() }, proved)?;
        }
        Ok(())
    }

    fn check_admits(&self, join: &Join, proved: Option<&str>) -> Ruled<()> {
        self.check_fresh()?;
        let seat = self.room.seats.get(&join.player);
        if seat.is_some_and(|seat| seat.member.is_some()) {
            return refused(Kind::Exists, format!("{:?} is a member already", join.player));
        }
        self.check_not_banned(&join.player)?;
        let lobby = &self.room.lobby;
        if !lobby.build.is_empty() && lobby.build != join.build {
            return refused(Kind::Forbidden, format!("the lobby is of build {:?}", lobby.build));
        }
        // A reservation is a promise: neither a lock nor a password stands against it.
        if seat.is_some() && lobby.state != State::Starting {
            return Ok(());
        }
        match lobby.state {
            State::Open => {}
            State::InGame if lobby.backfill => {}
            State::InGame => return refused(Kind::WrongState, "the lobby is in game"),
            State::Locked => return refused(Kind::WrongState, "the lobby is locked"),
            State::Starting | State::Closed => return refused(Kind::WrongState, "the lobby is starting"),
        }
        if self.room.invites.get(&join.player).is_some_and(|invite| invite.until > self.now) {
            return Ok(());
        }
        let has_code = join.code.as_ref() == Some(&lobby.code);
        let finds = match lobby.visibility {
            Visibility::Public => true,
            Visibility::Friends => join.friend || has_code,
            Visibility::Private => has_code,
        };
        if !finds {
            return refused(Kind::Forbidden, "joining this lobby needs its code");
        }
        if self.room.private.password.as_deref() != proved && self.room.private.password.is_some() {
            return refused(Kind::Forbidden, "wrong password");
        }
        Ok(())
    }

    pub(super) fn check_fresh(&self) -> Ruled<()> {
        self.check_live()?;
        match self.room.lobby.is_stale(self.lease_time) {
            true => refused(Kind::Expired, "the lobby is stale: nobody renewed its lease"),
            false => Ok(()),
        }
    }

    pub(super) fn check_not_banned(&self, player: &str) -> Ruled<()> {
        match self.room.bans.get(player).is_some_and(|ban| ban.holds(self.now)) {
            true => refused(Kind::Forbidden, format!("{player:?} is banned")),
            false => Ok(()),
        }
    }

    /// Seats a player as a member.
    pub(super) fn seat(&mut self, join: &Join) -> Ruled<()> {
        let member = Member {
            joined: self.room.lobby.version + 1,
            ready: 0,
            attributes: join.attributes.clone(),
            spoken: 0,
        };
        let deadline = self.now.saturating_add(self.room.lobby.timing.member_ms);
        let (number, team, role) = match self.room.seats.get(&join.player) {
            Some(Seat { number, team, role, .. }) => {
                (*number, *team, if join.role.is_empty() { role.clone() } else { join.role.clone() })
            }
            None => (self.free_seat()?, self.free_team(join.team)?, join.role.clone()),
        };
        let seat = Seat { player: join.player.clone(), number, team, role, deadline, member: Some(member) };
        self.emit(Change::Joined { seat })
    }

    fn free_seat(&self) -> Ruled<u32> {
        match self.room.lobby.is_full() {
            true => refused(Kind::LobbyFull, "the lobby is full"),
            false => Ok(self.room.lobby.free_seat()),
        }
    }

    /// The wanted team, or the one with the most free seats.
    fn free_team(&self, wanted: Option<u32>) -> Ruled<u32> {
        let teams = &self.room.lobby.teams;
        match wanted {
            None if teams.is_empty() => Ok(0),
            Some(_) if teams.is_empty() => refused(Kind::Invalid, "the lobby has no teams"),
            None => match self.roomiest() {
                Some((team, 1..)) => Ok(team),
                _ => refused(Kind::LobbyFull, "every team is full"),
            },
            Some(wanted) => match teams.get(wanted as usize) {
                Some(team) if team.taken < team.size => Ok(wanted),
                Some(_) => refused(Kind::LobbyFull, format!("team {wanted} is full")),
                None => refused(Kind::Invalid, format!("there is no team {wanted}")),
            },
        }
    }

    /// The team with the most free seats, the first of several, and how many those are.
    fn roomiest(&self) -> Option<(u32, u32)> {
        let free = |team: &Team| team.size.saturating_sub(team.taken);
        let teams = (0..).zip(self.room.lobby.teams.iter().map(free));
        teams.max_by_key(|(number, free)| (*free, std::cmp::Reverse(*number)))
    }

    /// Keeps seats for players, all or none; renews those that they have.
    ///
    /// # Errors
    /// As [`Turn::check_owner`]; [`Kind::WrongState`] of a closed lobby, [`Kind::Exists`] for a member,
    /// [`Kind::LobbyFull`].
    pub fn reserve(&mut self, by: &By, reservations: &[Reserve]) -> Ruled<()> {
        self.check_owner(by)?;
        self.check_live()?;
        for Reserve { player, team, role, for_ms } in reservations {
            let (number, team) = match self.room.seats.get(player) {
                Some(Seat { member: Some(_), .. }) => {
                    return refused(Kind::Exists, format!("{player:?} is a member already"));
                }
                Some(seat) => (seat.number, seat.team),
                None => (self.free_seat()?, self.free_team(*team)?),
            };
            let deadline = self.now.saturating_add(for_ms.unwrap_or(self.room.lobby.timing.reservation_ms));
            let role = role.clone();
            let seat = Seat { player: player.clone(), number, team, role, deadline, member: None };
            self.emit(Change::Reserved { seat })?;
        }
        Ok(())
    }

    /// Keeps seats for players whom a queue has found for the lobby, all or none.
    ///
    /// # Errors
    /// [`Kind::WrongState`] unless it is open, locked, or in game and joined then too; [`Kind::Expired`] of a stale lobby,
    /// [`Kind::Exists`] for who has a seat, [`Kind::Forbidden`] for the banned, [`Kind::LobbyFull`].
    pub fn admit(&mut self, reservations: &[Reserve]) -> Ruled<()> {
        self.check_fresh()?;
        match self.room.lobby.state {
            State::Open | State::Locked => {}
            State::InGame if self.room.lobby.backfill => {}
            state => return refused(Kind::WrongState, format!("a lobby that is {state:?} takes nobody in")),
        }
        for Reserve { player, .. } in reservations {
            if self.room.seats.contains_key(player) {
                return refused(Kind::Exists, format!("{player:?} has a seat already"));
            }
            self.check_not_banned(player)?;
        }
        self.reserve(&By::Host, reservations)
    }

    /// Gives back the reservations of players; who has joined stays.
    ///
    /// # Errors
    /// [`Kind::Corrupt`].
    pub fn release(&mut self, players: &[&str]) -> Ruled<()> {
        let is_reserved =
            |player: &&&str| self.room.seats.get(**player).is_some_and(|seat| seat.member.is_none());
        let reserved: Vec<_> =
            players.iter().filter(is_reserved).map(|player| (*player).to_owned()).collect();
        self.remove(&reserved, Leaving::Kicked)
    }

    /// A player gives up the seat, or the reservation. Needs all seats if it is the owner or the last member.
    ///
    /// # Errors
    /// [`Kind::NotFound`] when there is none.
    pub fn leave(&mut self, player: &str) -> Ruled<()> {
        self.check_seat(player)?;
        self.remove(&[player.to_owned()], Leaving::Left)
    }

    /// Takes a player's seat away. Needs all seats if it is the owner or the last member.
    ///
    /// # Errors
    /// As [`Turn::check_owner`] and [`Turn::leave`].
    pub fn kick(&mut self, by: &By, player: &str) -> Ruled<()> {
        self.check_owner(by)?;
        self.check_seat(player)?;
        self.remove(&[player.to_owned()], Leaving::Kicked)
    }

    /// Takes a player's seat away, if there is one, and keeps the player from joining until a time; 0: for ever. Needs all
    /// seats if it is the owner or the last member.
    ///
    /// # Errors
    /// As [`Turn::check_owner`]; [`Kind::WrongState`] of a closed lobby.
    pub fn ban(&mut self, by: &By, player: &str, until: i64) -> Ruled<()> {
        self.check_owner(by)?;
        check_id("a player", player)?;
        self.check_live()?;
        self.emit(Change::Banned { player: player.to_owned(), until })?;
        match self.room.seats.contains_key(player) {
            true => self.remove(&[player.to_owned()], Leaving::Kicked),
            false => Ok(()),
        }
    }

    /// Lets a player join again.
    ///
    /// # Errors
    /// As [`Turn::check_owner`]; [`Kind::NotFound`] when there is no ban.
    pub fn unban(&mut self, by: &By, player: &str) -> Ruled<()> {
        self.check_owner(by)?;
        match self.room.bans.contains_key(player) {
            true => self.emit(Change::Unbanned { player: player.to_owned() }),
            false => refused(Kind::NotFound, format!("{player:?} is not banned")),
        }
    }

    fn check_seat(&self, player: &str) -> Ruled<()> {
        match self.room.seats.contains_key(player) {
            true => Ok(()),
            false => refused(Kind::NotFound, format!("{player:?} has no seat here")),
        }
    }

    /// Removes seats, and draws the consequences once they are all gone: no ownership for who goes too.
    pub(super) fn remove(&mut self, players: &[String], why: Leaving) -> Ruled<()> {
        if players.is_empty() {
            return Ok(());
        }
        let mut members = 0;
        for player in players {
            members += u32::from(self.room.seats.get(player).is_some_and(|seat| seat.member.is_some()));
            self.emit(Change::Left { player: player.clone(), why })?;
        }
        if members > 0 && self.room.lobby.state == State::Starting {
            self.go(State::Open, Moving::MemberLeft)?;
        }
        let lobby = &self.room.lobby;
        if lobby.members == 0 && lobby.reserved == 0 && !lobby.keep_empty {
            return self.go(State::Closed, Moving::Empty);
        }
        match &lobby.owner {
            Some(owner) if players.contains(owner) => self.succeed(),
            _ => Ok(()),
        }
    }

    /// The ownership of an owner who is gone goes on.
    fn succeed(&mut self) -> Ruled<()> {
        let heir = match self.room.lobby.migration {
            Migration::Close => return self.go(State::Closed, Moving::OwnerLeft),
            Migration::Manual | Migration::Never => None,
            Migration::Oldest => {
                let members = self.room.seats.values().filter_map(|seat| Some((seat.member.as_ref()?, seat)));
                members.min_by_key(|(member, _)| member.joined).map(|(_, seat)| seat.player.clone())
            }
        };
        self.emit(Change::Owner { owner: heir })
    }
}
