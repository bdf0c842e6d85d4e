//! Stores that keep their data in files.

use std::path::Path;

use fjall::{KeyspaceCreateOptions, PersistMode, Readable};
use redb::{ReadableDatabase, TableDefinition};

use crate::{Bytes, Durability, Peer, Row, copy};

const TABLE: TableDefinition<&[u8], &[u8]> = TableDefinition::new("kv");

pub struct Redb {
    db: redb::Database,
    durability: redb::Durability,
}

impl Redb {
    /// Performs `write` in a transaction of its own.
    fn transact(&self, write: impl FnOnce(&mut redb::Table<&[u8], &[u8]>)) {
        let mut txn = self.db.begin_write().expect("redb begins");
        txn.set_durability(self.durability).expect("redb sets the durability");
        write(&mut txn.open_table(TABLE).expect("redb opens the table"));
        txn.commit().expect("redb commits");
    }

    fn table(&self) -> redb::ReadOnlyTable<&'static [u8], &'static [u8]> {
        let txn = self.db.begin_read().expect("redb begins to read");
        txn.open_table(TABLE).expect("redb opens the table")
    }
}

impl Peer for Redb {
    fn open(folder: &Path, durability: Durability, cache_bytes: usize) -> Self {
        let db = redb::Builder::new()
            .set_cache_size(cache_bytes)
            .create(folder.join("store.redb"))
            .expect("redb opens");
        let durability = match durability {
            Durability::Power => redb::Durability::Immediate,
            _ => redb::Durability::None,
        };
        let store = Self { db, durability };
        store.transact(|_| ());
        store
    }

    fn get(&self, key: &[u8], into: &mut [u8]) -> Option<usize> {
        let value = self.table().get(key).expect("redb gets");
        value.map(|value| copy(value.value(), into))
    }

    fn put(&self, key: &[u8], value: &[u8]) {
        self.transact(|table| {
            table.insert(key, value).expect("redb puts");
        });
    }

    fn put_batch(&self, rows: &[Row]) {
        self.transact(|table| {
            for row in rows {
                table.insert(row.key.get(), row.value.get()).expect("redb puts");
            }
        });
    }

    fn scan(&self, from: &[u8], rows: usize, into: &mut [u8]) -> Option<usize> {
        let table = self.table();
        let mut found = 0;
        for row in table.range(from..).expect("redb scans").take(rows) {
            let (key, value) = row.expect("redb scans");
            copy(key.value(), into);
            copy(value.value(), into);
            found += 1;
        }
        Some(found)
    }

    fn get_many(&self, keys: &[Bytes], into: &mut [u8]) -> Option<usize> {
        let table = self.table();
        let found = keys.iter().filter(|key| {
            let value = table.get(key.get()).expect("redb gets");
            value.map(|value| copy(value.value(), into)).is_some()
        });
        Some(found.count())
    }
}

pub struct Fjall {
    db: fjall::Database,
    rows: fjall::Keyspace,
    persist: Option<PersistMode>,
}

impl Peer for Fjall {
    fn open(folder: &Path, durability: Durability, cache_bytes: usize) -> Self {
        let db = fjall::Database::builder(folder).cache_size(cache_bytes as u64).open().expect("fjall opens");
        let rows = db.keyspace("kv", KeyspaceCreateOptions::default).expect("fjall opens the keyspace");
        let persist = (durability == Durability::Power).then_some(PersistMode::SyncData);
        Self { db, rows, persist }
    }

    fn get(&self, key: &[u8], into: &mut [u8]) -> Option<usize> {
        self.rows.get(key).expect("fjall gets").map(|value| copy(&value, into))
    }

    fn put(&self, key: &[u8], value: &[u8]) {
        self.rows.insert(key, value).expect("fjall puts");
        if let Some(mode) = self.persist {
            self.db.persist(mode).expect("fjall persists");
        }
    }

    fn put_batch(&self, rows: &[Row]) {
        let mut batch = self.db.batch().durability(self.persist);
        for row in rows {
            batch.insert(&self.rows, row.key.get(), row.value.get());
        }
        batch.commit().expect("fjall commits");
    }

    fn scan(&self, from: &[u8], rows: usize, into: &mut [u8]) -> Option<usize> {
        let mut found = 0;
        for row in self.rows.range(from..).take(rows) {
            let (key, value) = row.into_inner().expect("fjall scans");
            copy(&key, into);
            copy(&value, into);
            found += 1;
        }
        Some(found)
    }

    fn get_many(&self, keys: &[Bytes], into: &mut [u8]) -> Option<usize> {
        let snapshot = self.db.snapshot();
        let found = keys.iter().filter(|key| {
            let value = snapshot.get(&self.rows, key.get()).expect("fjall gets");
            value.map(|value| copy(&value, into)).is_some()
        });
        Some(found.count())
    }
}
