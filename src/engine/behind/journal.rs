//! The journal: transactions that are not yet in the database, in a mapped file, so that they outlive the process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::format::{HEADER, Id, LONGEST, Record, SEGMENT, SegmentHeader};
use crate::error::{Error, Kind, Result};
use crate::platform::journal_file::{Area, OwnedFile};

/// Free segments that are kept for use.
const SPARE: usize = 2;
/// Tries to create the file where others leave theirs.
const TRIES: usize = 16;

pub(super) struct Journal {
    path: PathBuf,
    /// None once it is removed or left to others.
    file: Mutex<Option<Arc<OwnedFile>>>,
    id: Id,
    power_safe: bool,
    segments: Mutex<Segments>,
}

struct Segments {
    /// By their place in the file; None until it is made.
    all: Vec<Option<Segment>>,
    /// The one written to, and where its records end.
    current: Option<(usize, usize)>,
    /// How many were begun.
    begun: u64,
}

struct Segment {
    /// None when each commit waits for the device anyway: it takes what is written by calls sooner than what lies in
    /// mapped memory, whose pages are faulted in anew after each synchronisation.
    area: Option<Area>,
    salt: u64,
    /// The last transaction in it; 0: it is free.
    last: u64,
}

impl Journal {
    /// Begins an empty journal in a new file. `recover` does away with one that is there, and answers whether it could.
    pub fn create(path: &Path, power_safe: bool, recover: impl Fn() -> Result<bool>) -> Result<Self> {
        let mut id = Id::default();
        getrandom::fill(&mut id)
            .map_err(|error| Error::new(Kind::Io, format!("random numbers for the journal: {error}")))?;
        for _ in 0..TRIES {
            if !recover()? {
                break;
            }
            let file = match OwnedFile::create(path) {
                Ok(Some(file)) => file,
                Ok(None) => continue,
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(failed(path, &error, "create")),
            };
            let segments = Mutex::new(Segments { all: Vec::new(), current: None, begun: 0 });
            let file = Mutex::new(Some(Arc::new(file)));
            let journal = Self { path: path.to_owned(), file, id, power_safe, segments };
            return match journal.prepare() {
                Ok(()) => Ok(journal),
                Err(error) => journal.remove().and(Err(error)),
            };
        }
        Err(Error::new(Kind::Busy, "another process or store has it open in mode behind"))
    }

    pub fn id(&self) -> Id {
        self.id
    }

    /// Appends a transaction. It outlives the process from here on.
    pub fn append(&self, record: &mut Record, sequence: u64) -> Result<()> {
        debug_assert!(record.len() <= LONGEST);
        let mut segments = self.segments.lock();
        let (at, place) = match segments.current {
            Some((at, place)) if place + record.len() <= SEGMENT => (at, place),
            _ => (self.begin(&mut segments)?, HEADER),
        };
        let failed = || Error::new(Kind::Panic, "the journal lost its place");
        let segment = segments.all.get_mut(at).and_then(Option::as_mut).ok_or_else(failed)?;
        let bytes = record.seal(segment.salt, sequence);
        self.write(segment, at, place, bytes)?;
        segment.last = sequence;
        let end = place + bytes.len();
        segments.current = Some((at, end));
        Ok(())
    }

    /// Waits until the device has all that was appended.
    pub fn sync(&self) -> Result<()> {
        self.file()?.sync().map_err(|error| failed(&self.path, &error, "synchronise"))
    }

    /// Frees the segments whose transactions, up to `sequence`, are in the database.
    pub fn release(&self, sequence: u64) {
        let mut segments = self.segments.lock();
        let current = segments.current.map(|(at, _)| at);
        for (at, segment) in segments.all.iter_mut().enumerate() {
            if let Some(segment) = segment
                && segment.last <= sequence
                && Some(at) != current
            {
                segment.last = 0;
            }
        }
    }

    /// Makes a segment ahead of its use, unless there are enough. Called by one thread, where
    /// waiting for the device does no harm.
    pub fn prepare(&self) -> Result<()> {
        let at = {
            let mut segments = self.segments.lock();
            let current = segments.current.map(|(at, _)| at);
            let free = |(at, segment): (usize, &Option<Segment>)| {
                Some(at) != current && segment.as_ref().is_some_and(|segment| segment.last == 0)
            };
            if segments.all.iter().enumerate().filter(|known| free(*known)).count() >= SPARE {
                return Ok(());
            }
            // One that could not be made the last time is tried again.
            let missing = segments.all.iter().position(Option::is_none);
            missing.unwrap_or_else(|| {
                segments.all.push(None);
                segments.all.len() - 1
            })
        };
        let segment = self.make(at)?;
        if self.power_safe {
            // The zeros, so that no commit waits for them.
            self.sync()?;
        }
        if let Some(place) = self.segments.lock().all.get_mut(at) {
            *place = Some(segment);
        }
        Ok(())
    }

    /// Turns to a free segment, making one if need be.
    fn begin(&self, segments: &mut Segments) -> Result<usize> {
        let current = segments.current.map(|(at, _)| at);
        let free = segments.all.iter().enumerate().position(|(at, segment)| {
            Some(at) != current && segment.as_ref().is_some_and(|segment| segment.last == 0)
        });
        let at = match free {
            Some(at) => at,
            None => {
                let segment = self.make(segments.all.len())?;
                segments.all.push(Some(segment));
                segments.all.len() - 1
            }
        };
        let number = segments.begun + 1;
        let header = SegmentHeader { id: self.id, salt: salt(self.id, number), number };
        let failed = || Error::new(Kind::Panic, "the journal lost a segment");
        let segment = segments.all.get_mut(at).and_then(Option::as_mut).ok_or_else(failed)?;
        self.write(segment, at, 0, &header.encode())?;
        segment.salt = header.salt;
        (segments.begun, segments.current) = (number, Some((at, HEADER)));
        Ok(at)
    }

    fn make(&self, at: usize) -> Result<Segment> {
        let (file, offset) = (self.file()?, (at * SEGMENT) as u64);
        let extended = file.write_at(&vec![0; SEGMENT], offset);
        let area = extended.and_then(|()| match self.power_safe {
            true => Ok(None),
            false => file.map(offset, SEGMENT).map(Some),
        });
        let area = area.map_err(|error| failed(&self.path, &error, "extend"))?;
        Ok(Segment { area, salt: 0, last: 0 })
    }

    /// Writes to the segment number `at`.
    fn write(&self, segment: &mut Segment, at: usize, place: usize, bytes: &[u8]) -> Result<()> {
        let Some(area) = &mut segment.area else {
            let written = self.file()?.write_at(bytes, (at * SEGMENT + place) as u64);
            return written.map_err(|error| failed(&self.path, &error, "write"));
        };
        if area.write(place, bytes) {
            return Ok(());
        }
        Err(Error::new(Kind::Panic, "a record does not fit the journal"))
    }

    fn file(&self) -> Result<Arc<OwnedFile>> {
        self.file.lock().clone().ok_or_else(|| Error::new(Kind::Closed, "the journal was closed"))
    }

    /// Removes the file, once everything is in the database.
    pub fn remove(&self) -> Result<()> {
        let file = self.file.lock().take();
        let removed = std::fs::remove_file(&self.path).map_err(|error| failed(&self.path, &error, "remove"));
        // Owned until it is gone, so that nobody recovers it meanwhile.
        drop(file);
        removed
    }

    /// Leaves the file to whoever recovers it.
    pub fn let_go(&self) {
        self.file.lock().take();
    }
}

/// Another for each life of a segment, and for each journal.
fn salt(id: Id, number: u64) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(&id, number)
}

pub(super) fn failed(path: &Path, error: &std::io::Error, doing: &str) -> Error {
    Error::io(error, format_args!("{doing} the journal {}", path.display()))
}
