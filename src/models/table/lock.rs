//! Locks of tables: leases that programs take in turn, for work of many calls. Constraints need none.

use serde::{Deserialize, Serialize};

use super::keys;
use super::schema::check_table;
use super::tables::Tables;
use crate::error::{Error, Kind, Result};
use crate::models::{check_bytes, document};

/// The most bytes of the name of a lock's owner.
pub const MAX_OWNER_BYTES: usize = 128;

#[derive(Serialize, Deserialize)]
struct Lock {
    owner: String,
}

impl Tables<'_> {
    /// Takes the lock of a table for `ttl_ms` milliseconds, unless another owner has it; of the same owner it renews it. It
    /// hinders only those who ask for it too.
    ///
    /// # Errors
    /// [`Kind::Busy`] naming the owner; [`Kind::NotFound`] without the table; [`Kind::Invalid`] for a time of 0;
    /// [`Kind::TooLarge`]; those of a commit.
    pub fn lock(&self, table: &str, owner: &str, ttl_ms: u64) -> Result<()> {
        check_bytes("an owner", owner, MAX_OWNER_BYTES)?;
        if ttl_ms == 0 {
            return Err(Error::invalid("a lock is taken for a time greater than 0"));
        }
        self.scope.transaction(|txn| {
            self.known.schema(txn, table)?;
            match document::get::<Lock>(txn, keys::lock(table))? {
                Some(lock) if lock.owner != owner => {
                    Err(Error::new(Kind::Busy, format!("table {table}: {:?} has its lock", lock.owner)))
                }
                _ => document::put_ttl(txn, keys::lock(table), &Lock { owner: owner.to_owned() }, ttl_ms),
            }
        })
    }

    /// Gives the lock of a table back. Whether this owner had it still.
    ///
    /// # Errors
    /// Those of a commit.
    pub fn unlock(&self, table: &str, owner: &str) -> Result<bool> {
        check_table(table)?;
        self.scope.transaction(|txn| match document::get::<Lock>(txn, keys::lock(table))? {
            Some(lock) if lock.owner == owner => txn.delete(keys::lock(table).as_bytes()),
            _ => Ok(false),
        })
    }
}
