//! The engine in memory: persistent maps, so that a snapshot is a clone of their roots and never waits.

use std::ffi::CStr;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard, RwLock};
use rpds::RedBlackTreeMapSync;

use super::counter::Counter;
use super::{
    Capabilities, CommitError, Engine, EngineStats, Fields, Generation, Hold, Range, Read, Record, RecordRef,
    Sharing, Snapshot, Space, Visit, VisitEntry, VisitLog, Writer,
};
use crate::error::Result;

type Tree<K, V> = RedBlackTreeMapSync<K, V>;
type Bytes = Arc<[u8]>;

#[derive(Clone)]
struct State {
    generation: Generation,
    records: Tree<Bytes, Arc<Record>>,
    spaces: [Tree<Bytes, Bytes>; Space::ALL.len()],
    log: Tree<u64, Bytes>,
}

impl State {
    fn space(&self, space: Space) -> &Tree<Bytes, Bytes> {
        let [meta, expiry, index] = &self.spaces;
        match space {
            Space::Meta => meta,
            Space::Expiry => expiry,
            Space::Index => index,
        }
    }

    fn space_mut(&mut self, space: Space) -> &mut Tree<Bytes, Bytes> {
        let [meta, expiry, index] = &mut self.spaces;
        match space {
            Space::Meta => meta,
            Space::Expiry => expiry,
            Space::Index => index,
        }
    }
}

/// An engine whose data lives as long as it does.
pub struct MemoryEngine {
    state: RwLock<Arc<State>>,
    commits: Counter,
    writer: Mutex<()>,
}

impl MemoryEngine {
    /// An empty engine.
    pub fn new() -> Self {
        let commits = Counter::default();
        let state = State {
            generation: commits.generation(),
            records: Tree::new_sync(),
            spaces: [Tree::new_sync(), Tree::new_sync(), Tree::new_sync()],
            log: Tree::new_sync(),
        };
        Self { state: RwLock::new(Arc::new(state)), commits, writer: Mutex::new(()) }
    }
}

impl Default for MemoryEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine for MemoryEngine {
    fn name(&self) -> &'static CStr {
        c"memory"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            durability: None,
            sharing: Sharing::OneStore,
            sqlite_file: false,
            keeps_indexes: true,
            compresses: true,
        }
    }

    fn generation(&self) -> Generation {
        self.commits.generation()
    }

    fn commits_between(&self, from: &Generation, to: &Generation) -> Option<u64> {
        Counter::between(from, to)
    }

    fn wait(&self, seen: &Generation, timeout: Duration) {
        self.commits.wait(seen, timeout);
    }

    fn snapshot(&self, _hold: Hold) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(View(Arc::clone(&self.state.read()))))
    }

    fn begin(&self) -> Result<Box<dyn Writer + '_>> {
        let lock = self.writer.lock();
        let state = State::clone(&self.state.read());
        Ok(Box::new(MemoryWriter { engine: self, state, _lock: lock }))
    }

    fn maintain(&self) -> Result<()> {
        Ok(())
    }

    fn checkpoint(&self) -> Result<()> {
        Ok(())
    }

    fn compact(&self) -> Result<()> {
        Ok(())
    }

    fn verify(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn stats(&self) -> Result<EngineStats> {
        Ok(EngineStats::default())
    }
}

struct View(Arc<State>);

impl Snapshot for View {
    fn generation(&self) -> Generation {
        self.0.generation
    }
}

struct MemoryWriter<'e> {
    engine: &'e MemoryEngine,
    state: State,
    _lock: MutexGuard<'e, ()>,
}

impl Writer for MemoryWriter<'_> {
    fn generation(&self) -> Generation {
        self.state.generation
    }

    fn put(&mut self, key: &[u8], record: RecordRef<'_>) -> Result<()> {
        let RecordRef { version, expires_at, encoding, data } = record;
        let record = Record { version, expires_at, encoding, data: data.to_vec() };
        self.state.records.insert_mut(key.into(), Arc::new(record));
        Ok(())
    }

    fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.state.records.remove_mut(key);
        Ok(())
    }

    fn put_entry(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<()> {
        self.state.space_mut(space).insert_mut(key.into(), value.into());
        Ok(())
    }

    fn delete_entry(&mut self, space: Space, key: &[u8]) -> Result<()> {
        self.state.space_mut(space).remove_mut(key);
        Ok(())
    }

    fn append_log(&mut self, version: u64, entry: &[u8]) -> Result<()> {
        self.state.log.insert_mut(version, entry.into());
        Ok(())
    }

    fn trim_log(&mut self, through: u64, at_most: u32) -> Result<()> {
        let old: Vec<u64> =
            self.state.log.range(..=through).take(at_most as usize).map(|(v, _)| *v).collect();
        for version in old {
            self.state.log.remove_mut(&version);
        }
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> std::result::Result<Generation, CommitError> {
        let generation = self.engine.commits.next();
        self.state.generation = generation;
        {
            let mut state = self.engine.state.write();
            *state = Arc::new(self.state);
            self.engine.commits.advance();
        }
        self.engine.commits.wake();
        Ok(generation)
    }
}

/// Both views read a [`State`]; this is all of it.
trait HasState {
    fn state(&self) -> &State;
}

impl HasState for View {
    fn state(&self) -> &State {
        &self.0
    }
}

impl HasState for MemoryWriter<'_> {
    fn state(&self) -> &State {
        &self.state
    }
}

impl<T: HasState> Read for T {
    fn get(&self, key: &[u8]) -> Result<Option<Record>> {
        Ok(self.state().records.get(key).map(|record| Record::clone(record)))
    }

    fn scan(&self, range: &Range, reverse: bool, fields: Fields, visit: Visit<'_>) -> Result<()> {
        walk(&self.state().records, range, reverse, |key, record| {
            let data: &[u8] = if fields == Fields::All { &record.data } else { &[] };
            let Record { version, expires_at, encoding, .. } = **record;
            visit(key, RecordRef { version, expires_at, encoding, data })
        })
    }

    fn entry(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.state().space(space).get(key).map(|value| value.to_vec()))
    }

    fn entries(&self, space: Space, range: &Range, reverse: bool, visit: VisitEntry<'_>) -> Result<()> {
        walk(self.state().space(space), range, reverse, |key, value| visit(key, value))
    }

    fn last_version(&self) -> Result<u64> {
        Ok(self.state().log.last().map_or(0, |(version, _)| *version))
    }

    fn log_after(&self, version: u64, visit: VisitLog<'_>) -> Result<()> {
        for (version, entry) in self.state().log.range((Bound::Excluded(version), Bound::Unbounded)) {
            if !visit(*version, entry)? {
                break;
            }
        }
        Ok(())
    }
}

fn walk<V>(
    tree: &Tree<Bytes, V>,
    range: &Range,
    reverse: bool,
    mut visit: impl FnMut(&[u8], &V) -> Result<bool>,
) -> Result<()> {
    // The tree panics on an inverted range.
    if range.is_empty() {
        return Ok(());
    }
    let mut entries = tree.range::<[u8], _>(range.bounds());
    while let Some((key, value)) = if reverse { entries.next_back() } else { entries.next() } {
        if !visit(key, value)? {
            break;
        }
    }
    Ok(())
}
