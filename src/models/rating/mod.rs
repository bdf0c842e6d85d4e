//! Ratings: what is believed of a player's strength, and how a result changes it. Weng-Lin by default; Glicko-2 for matches
//! of one against one.

use serde::{Deserialize, Serialize};
use skillratings::glicko2::{self, Glicko2Config, Glicko2Rating};
use skillratings::weng_lin::{self, WengLinConfig, WengLinRating};
use skillratings::{MultiTeamOutcome, Outcomes};

use crate::error::{Error, Kind, Result};

#[cfg(test)]
mod tests;

/// The most players of one rated result.
pub const MAX_PLAYERS: usize = 256;

/// The most games of one rating period.
pub const MAX_GAMES: usize = 10_000;
/// The largest number in a rating.
const LARGEST: f64 = 1e6;

/// A strength and how uncertain it is, on the scale of its [`System`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    /// The estimate.
    pub mu: f64,
    /// Its standard deviation.
    pub sigma: f64,
    /// Glicko-2 only: how erratic the player's results are; else 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub volatility: f64,
}

fn is_zero(volatility: &f64) -> bool {
    *volatility == 0.0
}

impl Rating {
    /// A rating without volatility.
    pub fn new(mu: f64, sigma: f64) -> Self {
        Self { mu, sigma, volatility: 0.0 }
    }

    /// What the player is worth almost surely: three deviations below the estimate. For leaderboards.
    pub fn conservative(&self) -> f64 {
        self.mu - 3.0 * self.sigma
    }

    fn check(&self) -> Result<()> {
        let positive = self.sigma > 0.0 && self.volatility >= 0.0;
        // A comparison with NaN is false.
        if positive && self.mu.abs() <= LARGEST && self.sigma <= LARGEST && self.volatility <= LARGEST {
            return Ok(());
        }
        Err(Error::invalid(format!("{self:?}: wanted numbers up to {LARGEST} and a deviation above 0")))
    }
}

/// How results change ratings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "system", rename_all = "snake_case", deny_unknown_fields)]
pub enum System {
    /// The Bayesian approximation of Weng and Lin (2011), Bradley-Terry with full pairs, as in OpenSkill: any number of
    /// teams of any size. Starts at 25 with a deviation of 25/3.
    WengLin {
        /// The difference of strength that wins two games in three.
        #[serde(default = "default_beta")]
        beta: f64,
    },
    /// Glickman's Glicko-2: one against one. Starts at 1500 with a deviation of 350 and a volatility of 0.06.
    Glicko2 {
        /// How much volatility may change: 0.3 to 1.2.
        #[serde(default = "default_tau")]
        tau: f64,
    },
}

fn default_beta() -> f64 {
    25.0 / 6.0
}

fn default_tau() -> f64 {
    0.5
}

impl Default for System {
    fn default() -> Self {
        Self::WengLin { beta: default_beta() }
    }
}

/// How a game ended for one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Score {
    /// Won.
    Win,
    /// Neither.
    Draw,
    /// Lost.
    Loss,
}

impl From<Score> for Outcomes {
    fn from(score: Score) -> Self {
        match score {
            Score::Win => Self::WIN,
            Score::Draw => Self::DRAW,
            Score::Loss => Self::LOSS,
        }
    }
}

/// A team and its place: 1 is best, equal places are a draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Its players' ratings before the match.
    pub ratings: Vec<Rating>,
    /// Its place.
    pub place: u32,
}

impl System {
    /// Refuses parameters that no calculation can use.
    ///
    /// # Errors
    /// [`Kind::Invalid`].
    pub fn check(&self) -> Result<()> {
        match *self {
            Self::WengLin { beta } if beta.is_finite() && beta > 0.0 => Ok(()),
            Self::Glicko2 { tau } if tau.is_finite() && tau > 0.0 => Ok(()),
            _ => Err(Error::invalid(format!("{self:?}: wanted a finite number above 0"))),
        }
    }

    /// The rating of a player of whom nothing is known.
    pub fn initial(&self) -> Rating {
        match self {
            Self::WengLin { .. } => of_weng_lin(WengLinRating::new()),
            Self::Glicko2 { .. } => of_glicko2(Glicko2Rating::new()),
        }
    }

    /// The ratings after a match, in the order given.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for fewer than two teams, an empty one, a rating that is none, and in
    /// Glicko-2 for anything but one against one; [`Kind::TooLarge`] beyond 256 players; [`Kind::OutOfRange`] when the
    /// result is no rating.
    pub fn rate(&self, teams: &[Placed]) -> Result<Vec<Vec<Rating>>> {
        self.check()?;
        check_teams(teams.iter().map(|team| team.ratings.as_slice()))?;
        let rated = match (self, teams) {
            (Self::WengLin { beta }, _) => rate_weng_lin(*beta, teams),
            (Self::Glicko2 { tau }, [one, other]) => match (&one.ratings[..], &other.ratings[..]) {
                ([a], [b]) => {
                    let outcome = match one.place.cmp(&other.place) {
                        std::cmp::Ordering::Less => Outcomes::WIN,
                        std::cmp::Ordering::Equal => Outcomes::DRAW,
                        std::cmp::Ordering::Greater => Outcomes::LOSS,
                    };
                    let (a, b) = glicko2::glicko2(&glicko2(a), &glicko2(b), &outcome, &config(*tau));
                    vec![vec![of_glicko2(a)], vec![of_glicko2(b)]]
                }
                _ => return Err(one_against_one()),
            },
            (Self::Glicko2 { .. }, _) => return Err(one_against_one()),
        };
        if rated.iter().flatten().all(|rating| rating.check().is_ok()) {
            return Ok(rated);
        }
        Err(out_of_scale())
    }

    /// The rating of a player after a period of games played against `games`, all counted at once as Glicko-2 is defined;
    /// Weng-Lin counts them one after the other. Without games a Glicko-2 deviation grows.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for a rating that is none, [`Kind::TooLarge`] beyond 10,000 games, [`Kind::OutOfRange`] when the
    /// result is no rating.
    pub fn rate_period(&self, rating: &Rating, games: &[(Rating, Score)]) -> Result<Rating> {
        self.check()?;
        rating.check()?;
        if games.len() > MAX_GAMES {
            return Err(crate::limits::too_many("games in a rating period", games.len(), MAX_GAMES));
        }
        games.iter().try_for_each(|(opponent, _)| opponent.check())?;
        let rated = match self {
            Self::WengLin { beta } => {
                let games: Vec<_> = games.iter().map(|(r, score)| (weng_lin(r), (*score).into())).collect();
                of_weng_lin(weng_lin::weng_lin_rating_period(&weng_lin(rating), &games, &weng(*beta)))
            }
            Self::Glicko2 { tau } => {
                let games: Vec<_> = games.iter().map(|(r, score)| (glicko2(r), (*score).into())).collect();
                of_glicko2(glicko2::glicko2_rating_period(&glicko2(rating), &games, &config(*tau)))
            }
        };
        rated.check().map(|()| rated).map_err(|_| out_of_scale())
    }

    /// How probably each team wins. Teams count by their sums in Weng-Lin, by their means in Glicko-2.
    ///
    /// # Errors
    /// As [`System::rate`], but for the number of players.
    pub fn win_probabilities(&self, teams: &[&[Rating]]) -> Result<Vec<f64>> {
        self.check()?;
        check_teams(teams.iter().copied())?;
        Ok(match self {
            Self::WengLin { beta } => {
                let teams = level(teams);
                match &teams[..] {
                    [one, other] => {
                        let (one, other) = weng_lin::expected_score_two_teams(one, other, &weng(*beta));
                        vec![one, other]
                    }
                    _ => {
                        let teams: Vec<&[_]> = teams.iter().map(Vec::as_slice).collect();
                        weng_lin::expected_score_multi_team(&teams, &weng(*beta))
                    }
                }
            }
            Self::Glicko2 { .. } => {
                let means: Vec<_> = teams.iter().map(|team| glicko2(&mean(team))).collect();
                let wins = means.iter().enumerate().map(|(at, one)| {
                    let others = means.iter().enumerate().filter(|(other, _)| *other != at);
                    others.map(|(_, other)| glicko2::expected_score(one, other).0).sum::<f64>()
                });
                let wins: Vec<f64> = wins.collect();
                let games = wins.iter().sum::<f64>();
                wins.iter().map(|wins| wins / games).collect()
            }
        })
    }
}

/// Teams with the same differences between their sums, the best at 0: exponentials of them stay finite.
fn level(teams: &[&[Rating]]) -> Vec<Vec<WengLinRating>> {
    let sum = |team: &&[Rating]| team.iter().map(|rating| rating.mu).sum::<f64>();
    let best = teams.iter().map(sum).fold(f64::NEG_INFINITY, f64::max);
    let leveled = teams.iter().map(|team| {
        let share = (sum(team) - best) / team.len().max(1) as f64;
        team.iter().map(|rating| WengLinRating { rating: share, uncertainty: rating.sigma }).collect()
    });
    leveled.collect()
}

/// A player as good as the mean of a team.
fn mean(team: &[Rating]) -> Rating {
    let count = team.len().max(1) as f64;
    let mean = |field: fn(&Rating) -> f64| team.iter().map(field).sum::<f64>() / count;
    Rating { mu: mean(|r| r.mu), sigma: mean(|r| r.sigma), volatility: mean(|r| r.volatility) }
}

fn check_teams<'r>(teams: impl ExactSizeIterator<Item = &'r [Rating]>) -> Result<()> {
    if teams.len() < 2 {
        return Err(Error::invalid("a result has at least two teams"));
    }
    let mut players = 0;
    for team in teams {
        players += team.len();
        if team.is_empty() {
            return Err(Error::invalid("a team without players"));
        }
        if players > MAX_PLAYERS {
            return Err(crate::limits::too_many("players in a result", players, MAX_PLAYERS));
        }
        team.iter().try_for_each(Rating::check)?;
    }
    Ok(())
}

fn out_of_scale() -> Error {
    Error::new(Kind::OutOfRange, "these ratings are too far apart for the scale of the system")
}

fn one_against_one() -> Error {
    Error::invalid("Glicko-2 rates one player against one")
}

fn rate_weng_lin(beta: f64, teams: &[Placed]) -> Vec<Vec<Rating>> {
    let ratings: Vec<Vec<_>> = teams.iter().map(|team| team.ratings.iter().map(weng_lin).collect()).collect();
    let placed: Vec<(&[WengLinRating], MultiTeamOutcome)> = ratings
        .iter()
        .zip(teams)
        .map(|(ratings, team)| (ratings.as_slice(), MultiTeamOutcome::new(team.place as usize)))
        .collect();
    let rated = weng_lin::weng_lin_multi_team(&placed, &weng(beta));
    rated.into_iter().map(|team| team.into_iter().map(of_weng_lin).collect()).collect()
}

fn weng(beta: f64) -> WengLinConfig {
    WengLinConfig { beta, ..WengLinConfig::new() }
}

fn config(tau: f64) -> Glicko2Config {
    Glicko2Config { tau, ..Glicko2Config::new() }
}

fn weng_lin(rating: &Rating) -> WengLinRating {
    WengLinRating { rating: rating.mu, uncertainty: rating.sigma }
}

fn of_weng_lin(rating: WengLinRating) -> Rating {
    Rating::new(rating.rating, rating.uncertainty)
}

fn glicko2(rating: &Rating) -> Glicko2Rating {
    let volatility =
        if rating.volatility > 0.0 { rating.volatility } else { Glicko2Rating::new().volatility };
    Glicko2Rating { rating: rating.mu, deviation: rating.sigma, volatility }
}

fn of_glicko2(rating: Glicko2Rating) -> Rating {
    Rating { mu: rating.rating, sigma: rating.deviation, volatility: rating.volatility }
}
