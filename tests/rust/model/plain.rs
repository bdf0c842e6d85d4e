//! The plainest store.

use super::*;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) value: Vec<u8>,
    pub(super) version: u64,
    pub(super) expires_at: i64,
}

impl Pages {
    pub(super) fn scan(&self) -> Scan {
        let scan = if self.prefix { Scan::prefix(&self.start) } else { Scan::range(&self.start, &self.end) };
        scan.reverse(self.reverse).keys_only(self.keys_only).limit(self.limit)
    }

    pub(super) fn covers(&self, key: &[u8]) -> bool {
        if self.prefix {
            key.starts_with(&self.start)
        } else {
            key >= self.start.as_slice() && (self.end.is_empty() || key < self.end.as_slice())
        }
    }

    /// The rows of a map that it covers, in its order.
    pub(super) fn of<'m>(&self, map: &'m BTreeMap<Key, Entry>) -> Vec<(&'m Key, &'m Entry)> {
        let mut rows: Vec<_> = map.iter().filter(|(key, _)| self.covers(key)).collect();
        if self.reverse {
            rows.reverse();
        }
        rows
    }
}

/// The plainest store. Expired entries stay in `entries` until they are written over, as in a file that nobody sweeps.
#[derive(Clone, Default)]
pub(super) struct Model {
    pub(super) entries: BTreeMap<Key, Entry>,
    pub(super) version: u64,
    pub(super) now: i64,
}

impl Model {
    pub(super) fn live(&self) -> BTreeMap<Key, Entry> {
        let live = |entry: &Entry| entry.expires_at == 0 || entry.expires_at > self.now;
        self.entries.clone().into_iter().filter(|(_, entry)| live(entry)).collect()
    }

    pub(super) fn expiry(&self, ttl: u64) -> i64 {
        match ttl {
            0 => 0,
            ttl => self.now.saturating_add(i64::try_from(ttl).unwrap_or(i64::MAX)),
        }
    }

    /// Makes a change on the live entries of a commit; what its caller is told, and whether it changed anything.
    pub(super) fn change(
        &self,
        live: &mut BTreeMap<Key, Entry>,
        change: &Change,
    ) -> Result<(i64, bool), Kind> {
        let version = self.version + 1;
        match change {
            Change::Put(key, value, ttl) => {
                let expires_at = self.expiry(*ttl);
                live.insert(key.clone(), Entry { value: value.clone(), version, expires_at });
                Ok((1, true))
            }
            Change::Delete(key) => Ok(if live.remove(key).is_some() { (1, true) } else { (0, false) }),
            Change::Add(key, delta) => {
                let (old, expires_at) = match live.get(key) {
                    Some(entry) => (counter(&entry.value)?, entry.expires_at),
                    None => (0, 0),
                };
                let sum = old.checked_add(*delta).ok_or(Kind::OutOfRange)?;
                live.insert(key.clone(), Entry { value: sum.to_string().into_bytes(), version, expires_at });
                Ok((sum, true))
            }
            Change::Expire(key, ttl) => Ok(match live.get_mut(key) {
                Some(entry) => {
                    (entry.version, entry.expires_at) = (version, self.expiry(*ttl));
                    (1, true)
                }
                None => (0, false),
            }),
        }
    }

    /// All or nothing; what the last change answers.
    pub(super) fn commit(&mut self, changes: &[Change]) -> Result<i64, Kind> {
        let mut live = self.live();
        let (mut reply, mut touched) = (0, Vec::new());
        for change in changes {
            let (answer, changed) = self.change(&mut live, change)?;
            reply = answer;
            touched.extend(changed.then(|| key_of(change)));
        }
        self.version += u64::from(!touched.is_empty());
        for key in touched {
            match live.get(key) {
                Some(entry) => drop(self.entries.insert(key.clone(), entry.clone())),
                None => drop(self.entries.remove(key)),
            }
        }
        Ok(reply)
    }
}

pub(super) fn counter(value: &[u8]) -> Result<i64, Kind> {
    let text = std::str::from_utf8(value).map_err(|_| Kind::WrongType)?;
    if text.starts_with('+') { Err(Kind::WrongType) } else { text.parse().map_err(|_| Kind::WrongType) }
}
