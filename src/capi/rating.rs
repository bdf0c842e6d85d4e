//! Ratings.

use std::ffi::c_char;

use super::error::{joinly_error, joinly_status};
use super::ffi;
use super::guard::guard;
use super::leaderboard::with_leaderboards;
use super::store::joinly_store;
use super::txn::joinly_txn;
use super::value::{self, joinly_value};
use crate::error::{Error, Result};
use crate::models::rating::{MAX_PLAYERS, Placed, Rating, Score, System};

/// A player's strength and how uncertain it is, on the scale of a rating system. A plain struct: it never grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_rating {
    /// The estimate.
    pub mu: f64,
    /// Its standard deviation. For leaderboards take `mu - 3 * sigma`, which the player is worth almost surely.
    pub sigma: f64,
    /// Glicko-2 only: how erratic the player's results are; else 0.
    pub volatility: f64,
}

/// A team of a match. Zero-initialise it and set `struct_size`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_team {
    /// `sizeof(joinly_team)`.
    pub struct_size: u32,
    /// How it did: 1 is best, equal places are a draw. Not looked at by `joinly_rating_win_probabilities`.
    pub place: u32,
    /// Its players' ratings before the match.
    pub ratings: *const joinly_rating,
    /// How many players.
    pub count: usize,
}

/// The player won.
pub const JOINLY_SCORE_WIN: u32 = 1;
/// Neither won.
pub const JOINLY_SCORE_DRAW: u32 = 2;
/// The player lost.
pub const JOINLY_SCORE_LOSS: u32 = 3;

/// A game of a rating period. Zero-initialise it and set `struct_size`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_game {
    /// `sizeof(joinly_game)`.
    pub struct_size: u32,
    /// How it ended for the player: one of `JOINLY_SCORE_*`.
    pub score: u32,
    /// The opponent's rating before the period.
    pub opponent: *const joinly_rating,
}

impl joinly_game {
    /// # Safety
    /// `opponent` is NULL or readable.
    unsafe fn to_game(self) -> Result<(Rating, Score)> {
        let score = match self.score {
            JOINLY_SCORE_WIN => Score::Win,
            JOINLY_SCORE_DRAW => Score::Draw,
            JOINLY_SCORE_LOSS => Score::Loss,
            other => return Err(Error::invalid(format!("joinly_game.score is {other}: no such score"))),
        };
        // SAFETY: forwarded contract.
        let opponent = unsafe { self.opponent.as_ref() };
        let opponent = opponent.ok_or_else(|| Error::invalid("joinly_game.opponent is NULL"))?;
        Ok(((*opponent).into(), score))
    }
}

impl From<joinly_rating> for Rating {
    fn from(rating: joinly_rating) -> Self {
        Self { mu: rating.mu, sigma: rating.sigma, volatility: rating.volatility }
    }
}

impl From<Rating> for joinly_rating {
    fn from(rating: Rating) -> Self {
        Self { mu: rating.mu, sigma: rating.sigma, volatility: rating.volatility }
    }
}

const NO_RATING: joinly_rating = joinly_rating { mu: 0.0, sigma: 0.0, volatility: 0.0 };

/// # Safety
/// `json` is NULL or valid for reads of `len` bytes.
unsafe fn system(json: *const c_char, len: usize) -> Result<System> {
    // SAFETY: forwarded contract.
    let system: System = unsafe { ffi::json(json, len, "system")? }.unwrap_or_default();
    system.check()?;
    Ok(system)
}

/// # Safety
/// `teams` is NULL or valid for `count` elements, each valid as described.
unsafe fn teams(teams: *const joinly_team, count: usize) -> Result<Vec<Placed>> {
    // SAFETY: forwarded contract.
    let teams = unsafe { ffi::sized_array(teams, count, "joinly_team")? };
    let placed = teams.iter().map(|team| {
        // SAFETY: forwarded contract.
        let ratings = unsafe { ffi::array(team.ratings, team.count, MAX_PLAYERS, "ratings")? };
        Ok(Placed { ratings: ratings.iter().map(|rating| (*rating).into()).collect(), place: team.place })
    });
    placed.collect()
}

/// The rating of a player of whom nothing is known. Pure: no store. Any thread.
///
/// `system`, here and below, says how results change ratings, a JSON object: {"system":"weng_lin","beta":...} for any
/// number of teams of any size, after Weng and Lin (2011), with Bradley-Terry and full pairs, as in OpenSkill; "beta" is the
/// difference of strength that wins two games in three, 25/6 unless given. Or {"system":"glicko2","tau":...} for one player
/// against one, after Glickman; "tau" is how much volatility may change, 0.5 unless given. NULL: Weng-Lin.
///
/// Errors: `JOINLY_INVALID` (no such system, an unknown field, a parameter that is not above 0).
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_rating_initial(
    system: *const c_char,
    system_len: usize,
    out: *mut joinly_rating,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, NO_RATING, "out")?;
            *out = self::system(system, system_len)?.initial().into();
            Ok(())
        })
    }
}

/// Rates the teams of a match: `after`, an array of `after_count`, as many as there are players, receives their new ratings
/// in the order of the teams and of the players in them; it may be the array that `teams` point into. Pure: no store. Any
/// thread.
///
/// Errors: `JOINLY_INVALID` (fewer than two teams, an empty one, a rating that is none, `after_count` is another number; in
/// Glicko-2 anything but one against one), `JOINLY_TOO_LARGE` (more than 256 players), `JOINLY_OUT_OF_RANGE` (the ratings are
/// too far apart for the system), and those of `joinly_rating_initial`. What fails zeroes `after`.
///
/// # Safety
/// `teams` is NULL or valid for `count` elements, `after` for `after_count`; pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_rating_rate(
    system: *const c_char,
    system_len: usize,
    teams: *const joinly_team,
    count: usize,
    after: *mut joinly_rating,
    after_count: usize,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            // Before the outputs are cleared: they may lie where the ratings are.
            let teams = self::teams(teams, count);
            let after = ffi::optional_array(after, after_count, "after")?;
            let rated = self::system(system, system_len)?.rate(&teams?)?.concat();
            if rated.len() != after.len() {
                let text = format!("there are {} players, and room for {} ratings", rated.len(), after.len());
                return Err(Error::invalid(text));
            }
            after.iter_mut().zip(rated).for_each(|(after, rating)| *after = rating.into());
            Ok(())
        })
    }
}

/// Rates a player after a period of games, of which opponents are as they were before it. Glicko-2 counts them all at once,
/// as it is meant to, and without games the deviation grows; Weng-Lin counts them one after the other. `*out` receives the
/// new rating; it may be `player`. Pure: no store. Any thread.
///
/// Errors: `JOINLY_INVALID` (a rating or score that is none), `JOINLY_TOO_LARGE` (more than 10,000 games),
/// `JOINLY_OUT_OF_RANGE` (the ratings are too far apart for the system), and those of `joinly_rating_initial`. What fails
/// zeroes `*out`.
///
/// # Safety
/// `games` is NULL or valid for `count` elements; pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_rating_rate_period(
    system: *const c_char,
    system_len: usize,
    player: *const joinly_rating,
    games: *const joinly_game,
    count: usize,
    out: *mut joinly_rating,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            // Before the output is cleared: it may be the player's rating.
            let player = player.as_ref().map(|rating| Rating::from(*rating));
            let out = ffi::out(out, NO_RATING, "out")?;
            let player = player.ok_or_else(|| Error::invalid("player is NULL"))?;
            let games = ffi::sized_array(games, count, "joinly_game")?.into_iter().map(|game| game.to_game());
            let system = self::system(system, system_len)?;
            *out = system.rate_period(&player, &games.collect::<Result<Vec<_>>>()?)?.into();
            Ok(())
        })
    }
}

/// How probably each team wins: `probabilities`, an array of `count`, receives numbers from 0 to 1 that add up to 1. Teams
/// count by the sums of their players in Weng-Lin, by their means in Glicko-2, in which they may have any size here. Pure:
/// no store. Any thread. Errors: those of `joinly_rating_rate`; what fails zeroes `probabilities`.
///
/// # Safety
/// `teams` and `probabilities` are NULL or valid for `count` elements; pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_rating_win_probabilities(
    system: *const c_char,
    system_len: usize,
    teams: *const joinly_team,
    count: usize,
    probabilities: *mut f64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            if probabilities.is_null() {
                return Err(Error::invalid("probabilities is NULL"));
            }
            let probabilities = ffi::optional_array(probabilities, count, "probabilities")?;
            let (system, teams) = (self::system(system, system_len)?, self::teams(teams, count)?);
            let teams: Vec<&[Rating]> = teams.iter().map(|team| team.ratings.as_slice()).collect();
            probabilities.copy_from_slice(&system.win_probabilities(&teams)?);
            Ok(())
        })
    }
}

/// Reads a player's rating on a ladder; that of a new player where there is none. It is at the key
/// `player:{player}:rating:{ladder}`. Any thread. Errors: those of `joinly_rating_initial`, and those of `joinly_player_get`
/// but `JOINLY_NOT_FOUND`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_rating_get(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    system: *const c_char,
    system_len: usize,
    player: *const c_char,
    player_len: usize,
    ladder: *const c_char,
    ladder_len: usize,
    out: *mut joinly_rating,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, NO_RATING, "out")?;
            let system = self::system(system, system_len)?;
            let player = ffi::text(player, player_len, "player")?;
            let ladder = ffi::text(ladder, ladder_len, "ladder")?;
            *out = with_leaderboards(store, txn, |boards| boards.rating(&system, player, ladder))?.into();
            Ok(())
        })
    }
}

/// Applies the result of a match, once: all ratings and scores together. `result` is a JSON object of "id" (the match, any
/// id), "ladder" (which of the players' ratings it changes), "system" (in the form of `joinly_rating_initial`; Weng-Lin
/// unless given), "teams" (an array of objects of "players", an array of ids, and "place": 1 is best, equal places are a
/// draw) and, if wanted, "scores" (an object of players and what they submit to the board of the same name as the ladder).
/// It is kept as "result" in the document at `match:{id}`, next to whatever else that holds.
///
/// `*applied` (may be NULL) receives what counts, a JSON object of "result", "changes" (an object of players, each with the
/// ratings "before" and "after") and "time" (milliseconds since 1970-01-01 UTC), to be freed with `joinly_value_free`;
/// `*repeated` (may be NULL) 1 when a result of the match had been applied before: then it is that one, and nothing was
/// changed. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (there are scores, and no such board), `JOINLY_OUT_OF_RANGE` (a sum of scores does not fit;
/// ratings too far apart), `JOINLY_WRONG_TYPE` (a plain put wrote something else there), and those of
/// `joinly_player_create` but `JOINLY_EXISTS`. What fails changes nothing.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_rating_apply_result(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    result: *const c_char,
    result_len: usize,
    applied: *mut *mut joinly_value,
    repeated: *mut u8,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(applied, std::ptr::null_mut());
        ffi::optional(repeated, 0);
        guard(err, || {
            let result =
                ffi::json(result, result_len, "result")?.ok_or_else(|| Error::invalid("result is empty"))?;
            let done = with_leaderboards(store, txn, |boards| boards.apply_result(&result))?;
            if !applied.is_null() {
                applied.write(value::document(&done)?);
            }
            ffi::optional(repeated, u8::from(!done.now));
            Ok(())
        })
    }
}
