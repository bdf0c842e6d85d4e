//! What players own: currencies in wallets and items in inventories, counted in whole numbers that never go below zero.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Players, player_key};
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::models::check_id;
use crate::models::document::{self, check_count};
use crate::store::{Scan, Transaction};

/// The most deltas of one call.
pub const MAX_DELTAS: usize = 1000;

/// A kind of thing that is owned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holding {
    /// A currency in the wallet.
    Currency(String),
    /// An item in the inventory.
    Item(String),
}

impl Holding {
    fn key(&self, player: &str) -> Result<String> {
        check_id("a player", player)?;
        let (kind, name) = match self {
            Self::Currency(name) => ("wallet", name),
            Self::Item(name) => ("item", name),
        };
        check_id(kind, name)?;
        Ok(format!("{}:{kind}:{name}", player_key(player)))
    }
}

/// A change of what a player owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// Whose.
    pub player: String,
    /// Of what.
    pub holding: Holding,
    /// How much more; negative: less.
    pub amount: i64,
}

/// All that a player owns, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Balances {
    /// The currencies in the wallet.
    pub currencies: BTreeMap<String, i64>,
    /// The items in the inventory.
    pub items: BTreeMap<String, i64>,
}

/// Makes all changes or none; answers the new balances in the order given. Changes of the same balance count together.
///
/// # Errors
/// [`Kind::Insufficient`] when a balance would go below zero; [`Kind::OutOfRange`] beyond 64 bits; [`Kind::Invalid`],
/// [`Kind::TooLarge`]. Then nothing was written to `txn`.
pub fn adjust(txn: &mut Transaction, deltas: &[Delta]) -> Result<Vec<i64>> {
    check_count("deltas", deltas.len(), MAX_DELTAS)?;
    let keys = deltas.iter().map(|delta| delta.holding.key(&delta.player)).collect::<Result<Vec<_>>>()?;
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for (key, delta) in keys.iter().zip(deltas) {
        *sums.entry(key).or_default() += i128::from(delta.amount);
    }
    let mut balances: BTreeMap<&str, i64> = BTreeMap::new();
    for (key, sum) in sums {
        let before = read(txn, key)?;
        let after = i128::from(before) + sum;
        if after < 0 {
            return Err(Error::new(Kind::Insufficient, format!("{key}: {before} is less than {}", -sum)));
        }
        let after = i64::try_from(after).map_err(|_| {
            Error::new(Kind::OutOfRange, format!("{key}: {before} plus {sum} does not fit 64 bits"))
        })?;
        balances.insert(key, after);
    }
    for (key, balance) in &balances {
        match balance {
            0 => {
                txn.delete(key.as_bytes())?;
            }
            balance => txn.put(key.as_bytes(), balance.to_string().as_bytes())?,
        }
    }
    Ok(keys.iter().map(|key| balances.get(key.as_str()).copied().unwrap_or(0)).collect())
}

/// Moves an amount from one player to another.
///
/// # Errors
/// As [`adjust`]; [`Kind::Invalid`] for an amount below zero.
pub fn transfer(txn: &mut Transaction, from: &str, to: &str, holding: &Holding, amount: i64) -> Result<()> {
    if amount < 0 {
        return Err(Error::invalid("an amount below zero"));
    }
    let delta = |player: &str, amount| Delta { player: player.to_owned(), holding: holding.clone(), amount };
    // Also who gives to oneself must have it.
    if balance(txn, from, holding)? < amount {
        return Err(Error::new(Kind::Insufficient, format!("player {from:?} has less than {amount}")));
    }
    adjust(txn, &[delta(from, -amount), delta(to, amount)]).map(|_| ())
}

/// How much a player owns of something.
///
/// # Errors
/// [`Kind::Invalid`]; [`Kind::WrongType`] when a plain put wrote something else there; those of a read.
pub fn balance(txn: &mut Transaction, player: &str, holding: &Holding) -> Result<i64> {
    read(txn, &holding.key(player)?)
}

/// All that a player owns.
///
/// # Errors
/// As [`balance`].
pub fn balances(txn: &mut Transaction, player: &str) -> Result<Balances> {
    check_id("a player", player)?;
    let player = player_key(player);
    Ok(Balances {
        currencies: amounts(txn, &format!("{player}:wallet:"))?,
        items: amounts(txn, &format!("{player}:item:"))?,
    })
}

fn amounts(txn: &mut Transaction, prefix: &str) -> Result<BTreeMap<String, i64>> {
    let mut amounts = BTreeMap::new();
    let mut scan = Scan::prefix(prefix.as_bytes()).limit(limits::MAX_PAGE_ROWS);
    loop {
        let page = txn.scan(&scan)?;
        for row in &page.rows {
            let name = row.key.strip_prefix(prefix.as_bytes()).unwrap_or_default();
            let amount = row.value.as_ref().map_or(Ok(0), |value| document::decode(&row.key, value))?;
            amounts.insert(String::from_utf8_lossy(name).into_owned(), amount);
        }
        match page.cursor {
            Some(cursor) => scan = scan.after(&cursor),
            None => return Ok(amounts),
        }
    }
}

fn read(txn: &mut Transaction, key: &str) -> Result<i64> {
    Ok(document::get(txn, key)?.unwrap_or(0))
}

impl Players<'_> {
    /// [`adjust`] in a transaction of its own.
    ///
    /// # Errors
    /// As [`adjust`]; those of a commit.
    pub fn adjust(&self, deltas: &[Delta]) -> Result<Vec<i64>> {
        self.scope.transaction(|txn| adjust(txn, deltas))
    }

    /// [`transfer`] in a transaction of its own.
    ///
    /// # Errors
    /// As [`transfer`]; those of a commit.
    pub fn transfer(&self, from: &str, to: &str, holding: &Holding, amount: i64) -> Result<()> {
        self.scope.transaction(|txn| transfer(txn, from, to, holding, amount))
    }

    /// [`balances`] as of now.
    ///
    /// # Errors
    /// As [`balances`].
    pub fn balances(&self, player: &str) -> Result<Balances> {
        self.scope.transaction(|txn| balances(txn, player))
    }
}
