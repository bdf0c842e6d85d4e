//! What a queue makes: teams, roles, and how far apart its players may be after how long a wait.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::models::document::check_count;
use crate::models::rating::System;
use crate::models::{check_id, check_word};

/// The most players of a match.
pub const MAX_MATCH_PLAYERS: usize = 256;
/// The most roles of a queue.
pub const MAX_ROLES: usize = 16;

/// How far from its own rating a ticket accepts others: a width that grows while it waits, so that quality is asked for
/// first and a match later. The second slope has no cap: nobody waits for ever.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Window {
    /// The width at first, in points of rating; not beyond `cap`.
    pub start: f64,
    /// Growth per second.
    pub growth: f64,
    /// The most width that this growth reaches.
    pub cap: f64,
    /// Seconds until the second growth sets in.
    pub late_after: f64,
    /// Its growth per second.
    pub late_growth: f64,
    /// What each point of deviation adds.
    pub sigma_weight: f64,
}

impl Default for Window {
    /// For ratings that start at 25.
    fn default() -> Self {
        Self { start: 3.0, growth: 0.2, cap: 10.0, late_after: 60.0, late_growth: 0.1, sigma_weight: 0.5 }
    }
}

impl Window {
    /// The width after a wait: `min(start + growth·t, cap) + late_growth·max(0, t − late_after) + sigma_weight·sigma`.
    pub fn width(&self, waited_ms: i64, sigma: f64) -> f64 {
        let t = waited_ms.max(0) as f64 / 1000.0;
        let early = (self.start + self.growth * t).min(self.cap);
        early + self.late_growth * (t - self.late_after).max(0.0) + self.sigma_weight * sigma
    }
}

/// Whose window a pair must fit in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// That of both: nobody meets an opponent from outside the own window.
    #[default]
    Mutual,
    /// That of the one who waits longer: rare ratings wait less, at the cost of those who just came.
    Older,
}

/// How pairs are chosen, in a queue whose matches have two players. Either way each ticket meets only whom it may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pairing {
    /// For all who wait with equal keys together, as long as they are 200 at most; beyond that greedily.
    ///
    /// There are as many matches as there can be. Age decides who is in them: the oldest ticket that may meet anybody is,
    /// then the next oldest that can be beside it, and so on; so a ticket is left out only where it would take the place
    /// of older ones. Of all ways to pair them this one has the least sum of costs: a pair's is the distance of its
    /// ratings and `age_bonus` for each second that one of them waits longer, rounded to millionths of a point; from 10
    /// million points on all cost the same.
    #[default]
    Optimal,
    /// The oldest ticket chooses first, the nearest (with an age bonus or roles: the best of the 16 nearest), then the next
    /// oldest that is left. Best for who waits longest; others may be left out, or meet someone farther, who need not.
    Greedy,
}

/// What a queue makes of its tickets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Teams of a match.
    pub teams: usize,
    /// Players of a team.
    pub team_size: usize,
    /// How many players of each role a team has, together `team_size`; empty: there are no roles.
    pub roles: BTreeMap<String, usize>,
    /// How far apart ratings may be.
    pub window: Window,
    /// Whose window counts.
    pub policy: Policy,
    /// How pairs are chosen.
    pub pairing: Pairing,
    /// Points of rating by which a second of waiting makes a partner look nearer.
    pub age_bonus: f64,
    /// The most latency to the region of the match, for tickets that tell theirs.
    pub max_latency_ms: u32,
    /// How long players are asked whether they are ready; 0: they are not asked.
    pub accept_ms: i64,
    /// What the probabilities of winning in the reports rest on.
    pub rating: System,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            teams: 2,
            team_size: 1,
            roles: BTreeMap::new(),
            window: Window::default(),
            policy: Policy::default(),
            pairing: Pairing::default(),
            age_bonus: 0.0,
            max_latency_ms: 250,
            accept_ms: 0,
            rating: System::default(),
        }
    }
}

impl Rules {
    /// Players of a match.
    pub fn players(&self) -> usize {
        self.teams * self.team_size
    }

    /// Refuses rules that make no sense.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid), [`Kind::TooLarge`](crate::Kind::TooLarge).
    pub fn check(&self) -> Result<()> {
        check_count("teams", self.teams, MAX_MATCH_PLAYERS)?;
        check_count("players in a team", self.team_size, MAX_MATCH_PLAYERS)?;
        check_count("players in a match", self.players(), MAX_MATCH_PLAYERS)?;
        check_count("roles", self.roles.len(), MAX_ROLES)?;
        if self.teams == 0 || self.players() < 2 {
            return Err(Error::invalid("a match has at least two players"));
        }
        // Seats have them as their roles.
        self.roles
            .keys()
            .try_for_each(|role| check_id("a role", role).and_then(|()| check_word("a role", role)))?;
        let slots = self.roles.values().try_fold(0_usize, |sum, slots| sum.checked_add(*slots));
        if !self.roles.is_empty()
            && (slots != Some(self.team_size) || self.roles.values().any(|slots| *slots == 0))
        {
            return Err(Error::invalid(
                "the roles of a team, one player or more of each, do not add up to its size",
            ));
        }
        let window = self.window;
        let numbers = [
            window.start,
            window.growth,
            window.cap,
            window.late_after,
            window.late_growth,
            window.sigma_weight,
            self.age_bonus,
        ];
        if numbers.iter().any(|number| !(0.0..=1e6).contains(number)) {
            return Err(Error::invalid("windows and the age bonus are numbers from 0 to 1,000,000"));
        }
        if window.start > window.cap {
            return Err(Error::invalid(format!(
                "a window that starts at {} is beyond its cap of {}",
                window.start, window.cap
            )));
        }
        if !(0..=3_600_000).contains(&self.accept_ms) {
            return Err(Error::invalid("players are asked for an hour at most"));
        }
        self.rating.check()
    }
}
