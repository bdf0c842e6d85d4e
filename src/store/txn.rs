//! Interactive transactions: reads of one snapshot plus their own writes, committed as one batch whose checks are what was
//! read. They take no lock before that.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};
use std::ops::Bound;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::apply::parse_counter;
use super::batch::{Batch, Expiry};
use super::moment::{Moment, Reads};
use super::page::{FlatPage, Page, PageBuilder};
use super::scan::is_live;
use super::{Find, Inner, Scan, Store, encoding, index};
use crate::engine::{Fields, Range, RecordRef};
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::value::Value;

/// Tries of [`Store::transaction`], and the longest of its first pauses between them; each next one may be twice as long.
/// A transaction takes far less than the longest: who waits for more of it only loses more races.
const TRIES: u32 = 64;
const FIRST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(2);

/// A transaction. Dropping it without [`Transaction::commit`] undoes it.
pub struct Transaction {
    inner: Weak<Inner>,
    moment: Moment,
    reads: Reads,
    /// For the first try of one that is repeated.
    may_guess: bool,
    ranges: Vec<Range>,
    writes: BTreeMap<Vec<u8>, Write>,
    /// How deep in attempts it is, and what their writes replaced, in order.
    attempts: u32,
    replaced: Vec<(Vec<u8>, Option<Write>)>,
}

/// A way to read a key of a moment.
type Look = fn(&mut Moment, &Inner, &[u8], &Reads) -> Result<Option<Value>>;

#[derive(Clone)]
enum Write {
    Put(Arc<[u8]>, Expiry),
    Delete,
}

impl Write {
    fn len(&self) -> usize {
        match self {
            Self::Put(data, _) => data.len(),
            Self::Delete => 0,
        }
    }
}

impl Store {
    /// Begins a transaction on the present state.
    ///
    /// # Errors
    /// As [`Store::get`]; [`Kind::Busy`] when too many are open.
    pub fn begin(&self) -> Result<Transaction> {
        Ok(Transaction::new(&self.inner, Moment::present(&self.inner)?))
    }

    /// Runs `body` in a transaction and commits it, again from its begin when it conflicts, a bounded number of times. A
    /// conflict that tells the present version is an answer, not a lost race: it is final.
    ///
    /// # Errors
    /// The first error of `body` or of the commit that is no conflict, or one with [`Error::present_version`];
    /// [`Kind::Conflict`] when every try met one.
    pub fn transaction<R>(&self, body: impl FnMut(&mut Transaction) -> Result<R>) -> Result<R> {
        self.transaction_at(body).map(|(result, _)| result)
    }

    /// The same, with the version that [`Transaction::commit`] answers.
    ///
    /// # Errors
    /// As [`Store::transaction`].
    pub fn transaction_at<R>(&self, mut body: impl FnMut(&mut Transaction) -> Result<R>) -> Result<(R, u64)> {
        let (mut pause, mut may_guess) = (FIRST_PAUSE, true);
        for last in (0..TRIES).rev() {
            let mut txn = Transaction::new(&self.inner, Moment::cached(&self.inner)?);
            txn.may_guess = std::mem::take(&mut may_guess);
            let result = body(&mut txn);
            let guessed = txn.moment.is_guessed();
            let result = match result {
                // It may rest on a wrong guess.
                Err(_) if guessed => continue,
                result => result.and_then(|result| Ok((result, txn.commit()?))),
            };
            match result {
                Err(error) if error.is_lost_race() && last > 0 => {
                    if guessed {
                        continue;
                    }
                    std::thread::sleep(part_of(pause));
                }
                result => return result,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Err(Error::new(Kind::Conflict, "the transaction met a conflict in every try"))
    }
}

/// Some part of a pause, another one for every writer, so that they do not meet again.
fn part_of(pause: Duration) -> Duration {
    let hasher = std::hash::RandomState::new().build_hasher();
    pause.mul_f64(hasher.finish() as f64 / u64::MAX as f64)
}

impl Transaction {
    fn new(inner: &Arc<Inner>, moment: Moment) -> Self {
        Self {
            inner: Arc::downgrade(inner),
            moment,
            reads: Reads::new(),
            may_guess: false,
            ranges: Vec::new(),
            writes: BTreeMap::new(),
            attempts: 0,
            replaced: Vec::new(),
        }
    }

    fn inner(&self) -> Result<Arc<Inner>> {
        let inner = self.inner.upgrade().ok_or_else(|| Error::new(Kind::Closed, "the store was closed"))?;
        inner.engine()?;
        Ok(inner)
    }

    /// As [`Store::lease_time`], of the present moment `now`.
    pub(crate) fn lease_time(&self, now: i64) -> i64 {
        self.inner.upgrade().map_or(now, |inner| now.saturating_sub(inner.clock.lag()))
    }

    /// Whether it was begun on this store.
    pub(crate) fn is_of(&self, store: &Store) -> bool {
        std::ptr::eq(self.inner.as_ptr(), Arc::as_ptr(&store.inner))
    }

    /// Reads a key as of the begin, with this transaction's writes.
    ///
    /// # Errors
    /// As [`Store::get`]; [`Kind::Conflict`] once it is older than `snapshot_max_age_ms`.
    pub fn get(&mut self, key: &[u8]) -> Result<Option<Value>> {
        self.read(key, Moment::get)
    }

    /// The same for a key that is hardly ever there: the first try of [`Store::transaction`] need not read the file to know.
    pub(crate) fn get_unlikely(&mut self, key: &[u8]) -> Result<Option<Value>> {
        self.read(key, if self.may_guess { Moment::guess } else { Moment::get })
    }

    fn read(&mut self, key: &[u8], look: Look) -> Result<Option<Value>> {
        limits::check_key(key)?;
        let inner = self.inner()?;
        match self.writes.get(key) {
            Some(Write::Put(data, expiry)) => {
                let expires_at = expiry.at(inner.clock.now());
                return Ok(Some(Value::new(Arc::clone(data), 0, expires_at)));
            }
            Some(Write::Delete) => return Ok(None),
            None => {}
        }
        let value = look(&mut self.moment, &inner, key, &self.reads)?;
        // The first read counts: the key may have expired since.
        self.reads.entry(key.to_vec()).or_insert_with(|| value.as_ref().map_or(0, Value::version));
        Ok(value)
    }

    /// Counts a key as read at a version that the caller knows of, without reading it: the commit conflicts unless it still
    /// has that one. Whether the transaction has seen nothing else of it.
    pub(crate) fn expect(&mut self, key: &[u8], version: u64) -> Result<bool> {
        limits::check_key(key)?;
        if self.writes.contains_key(key) {
            return Ok(false);
        }
        Ok(*self.reads.entry(key.to_vec()).or_insert(version) == version)
    }

    /// Writes a value that never expires.
    ///
    /// # Errors
    /// [`Kind::Invalid`], [`Kind::TooLarge`], [`Kind::Closed`], [`Kind::Forked`].
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.put_ttl(key, value, 0)
    }

    /// Writes a value that expires `ttl_ms` milliseconds after the commit; 0: never.
    ///
    /// # Errors
    /// As [`Transaction::put`].
    pub fn put_ttl(&mut self, key: &[u8], value: &[u8], ttl_ms: u64) -> Result<()> {
        limits::check_value(value)?;
        self.write(key, Write::Put(value.into(), Expiry::ttl(ttl_ms)))
    }

    /// Deletes a key; whether it existed.
    ///
    /// # Errors
    /// As [`Transaction::get`].
    pub fn delete(&mut self, key: &[u8]) -> Result<bool> {
        let existed = self.get(key)?.is_some();
        if existed {
            self.write(key, Write::Delete)?;
        }
        Ok(existed)
    }

    /// Adds to a counter; answers the sum. See [`Batch::add`].
    ///
    /// # Errors
    /// As [`Transaction::get`]; [`Kind::WrongType`], [`Kind::OutOfRange`].
    pub fn add(&mut self, key: &[u8], delta: i64) -> Result<i64> {
        let expiry = match self.writes.get(key) {
            Some(Write::Put(_, expiry)) => Some(*expiry),
            _ => None,
        };
        let value = self.get(key)?;
        let old = value.as_ref().map_or(Ok(0), |value| parse_counter(value))?;
        let sum = old.checked_add(delta).ok_or_else(|| {
            Error::new(Kind::OutOfRange, format!("{old} plus {delta} does not fit 64 bits"))
        })?;
        let expiry = expiry.unwrap_or_else(|| match value.map_or(0, |value| value.expires_at()) {
            0 => Expiry::Never,
            time => Expiry::At(time),
        });
        self.write(key, Write::Put(sum.to_string().into_bytes().into(), expiry))?;
        Ok(sum)
    }

    /// Reads a page as of the begin, with this transaction's writes. A commit of others into the part that was read makes
    /// the transaction conflict.
    ///
    /// # Errors
    /// As [`Transaction::get`].
    pub fn scan(&mut self, scan: &Scan) -> Result<Page> {
        self.scan_flat(scan).map(Page::from)
    }

    pub(crate) fn scan_flat(&mut self, scan: &Scan) -> Result<FlatPage> {
        let mut leases = Vec::new();
        let page = self.read_page(scan, &mut |key, version| leases.push((key.to_vec(), version)))?;
        for (key, version) in leases {
            self.reads.entry(key).or_insert(version);
        }
        self.ranges.push(read_part(scan.rest(), scan.reverse, page.cursor.as_deref()));
        Ok(page)
    }

    /// The same for callers who need no conflict: what they do with the page is right whatever others commit into it.
    pub(crate) fn peek(&mut self, scan: &Scan) -> Result<Page> {
        self.read_page(scan, &mut |_, _| {}).map(Page::from)
    }

    /// The keys of the documents that an index finds, as of the begin and without this transaction's writes; None when there
    /// is no such index. No conflict tells that others change them.
    pub(crate) fn peek_index(&mut self, name: &str, find: &Find) -> Result<Option<Vec<Vec<u8>>>> {
        let inner = self.inner()?;
        let (snapshot, _) = self.moment.snapshot(&inner, &self.reads)?;
        inner.note(index::keys(snapshot, name, find))
    }

    /// Lets its reads take as long as they need, also longer than `snapshot_max_age_ms`.
    pub(crate) fn take_time(&mut self) {
        self.moment.take_time();
    }

    /// Reads a page, and tells of every row in it that expires: no commit tells when it does.
    fn read_page(&mut self, scan: &Scan, leased: &mut dyn FnMut(&[u8], u64)) -> Result<FlatPage> {
        scan.check()?;
        let inner = self.inner()?;
        let now = inner.clock.now();
        let range = scan.rest();
        let mut page = PageBuilder::new(scan.limit);
        if !range.is_empty() {
            let bounds = (range.start.as_ref().map(Vec::as_slice), range.end.as_ref().map(Vec::as_slice));
            let (snapshot, _) = self.moment.snapshot(&inner, &self.reads)?;
            let mut own = Own(self.writes.range::<[u8], _>(bounds), scan.reverse).peekable();
            let fields = scan.fields;
            let mut open = true;
            inner.note(snapshot.scan(&range, scan.reverse, fields, &mut |key, record| {
                while let Some(written) = own.next_if(|(own, _)| comes_before(own, key, scan.reverse)) {
                    open = push_own(&mut page, written, fields, now)?;
                    if !open {
                        return Ok(false);
                    }
                }
                if let Some(written) = own.next_if(|(own, _)| own.as_slice() == key) {
                    open = push_own(&mut page, written, fields, now)?;
                } else if is_live(&record, now) {
                    open = page.push(key, &record, fields)?;
                    if open && record.expires_at != 0 {
                        leased(key, record.version);
                    }
                }
                Ok(open)
            }))?;
            while open && let Some(written) = own.next() {
                open = push_own(&mut page, written, fields, now)?;
            }
        }
        Ok(page.finish())
    }

    /// Runs a part of the transaction. When it fails, its writes are forgotten; what it has read still counts.
    ///
    /// # Errors
    /// Those of `body`.
    pub fn attempt<R, E>(
        &mut self,
        body: impl FnOnce(&mut Self) -> std::result::Result<R, E>,
    ) -> std::result::Result<R, E> {
        let replaced = self.replaced.len();
        self.attempts += 1;
        let result = body(self);
        self.attempts -= 1;
        if result.is_err() {
            for (key, write) in self.replaced.drain(replaced..).rev() {
                match write {
                    Some(write) => self.writes.insert(key, write),
                    None => self.writes.remove(&key),
                };
            }
        }
        if self.attempts == 0 {
            self.replaced.clear();
        }
        result
    }

    /// Commits; answers the commit's version. A transaction that wrote nothing answers the version it read at.
    ///
    /// # Errors
    /// [`Kind::Conflict`] when what it read was changed meanwhile: repeat it from its begin; else as [`Store::commit`].
    pub fn commit(self) -> Result<u64> {
        let inner = self.inner()?;
        if self.writes.is_empty() {
            return match self.moment.is_guessed() {
                true => {
                    Err(Error::new(Kind::Conflict, "what was read is not certain: repeat the transaction"))
                }
                false => Ok(self.moment.version()),
            };
        }
        let mut batch = self.room();
        for (key, version) in &self.reads {
            batch.check(key, *version)?;
        }
        for range in self.ranges {
            batch.unchanged(range, self.moment.version())?;
        }
        for (key, write) in self.writes {
            match write {
                Write::Put(data, expiry) => batch.put_expiring(&key, &data, expiry)?,
                Write::Delete => batch.delete(&key)?,
            }
        }
        // The snapshot goes first, so that the commit's checkpoint does not wait for it.
        drop(self.moment);
        Ok(inner.commit(batch)?.version)
    }

    /// A batch with room for all of it.
    fn room(&self) -> Batch {
        let reads = self.reads.keys().map(Vec::len);
        let writes = self.writes.iter().map(|(key, write)| key.len() + write.len());
        let ops = self.reads.len() + self.ranges.len() + self.writes.len();
        Batch::with_room(ops, reads.chain(writes).sum())
    }

    fn write(&mut self, key: &[u8], write: Write) -> Result<()> {
        limits::check_key(key)?;
        self.inner()?;
        let count = self.writes.len();
        if count >= limits::MAX_BATCH_OPS {
            return Err(limits::too_many("writes in a transaction", count + 1, limits::MAX_BATCH_OPS));
        }
        let replaced = self.writes.insert(key.to_vec(), write);
        if self.attempts > 0 {
            self.replaced.push((key.to_vec(), replaced));
        }
        Ok(())
    }
}

/// The transaction's own writes of a range, in either direction.
struct Own<'t>(std::collections::btree_map::Range<'t, Vec<u8>, Write>, bool);

impl<'t> Iterator for Own<'t> {
    type Item = (&'t Vec<u8>, &'t Write);

    fn next(&mut self) -> Option<Self::Item> {
        if self.1 { self.0.next_back() } else { self.0.next() }
    }
}

fn comes_before(own: &[u8], key: &[u8], reverse: bool) -> bool {
    if reverse { own > key } else { own < key }
}

/// Whether the page still has room.
fn push_own(
    page: &mut PageBuilder,
    (key, write): (&Vec<u8>, &Write),
    fields: Fields,
    now: i64,
) -> Result<bool> {
    let Write::Put(data, expiry) = write else { return Ok(true) };
    let record = RecordRef { version: 0, expires_at: expiry.at(now), encoding: encoding::RAW, data };
    page.push(key, &record, fields)
}

/// The part of a range that a page covers: up to its last key, or all of it.
fn read_part(mut range: Range, reverse: bool, cursor: Option<&[u8]>) -> Range {
    if let Some(last) = cursor {
        let bound = Bound::Included(last.to_vec());
        if reverse { range.start = bound } else { range.end = bound }
    }
    range
}
