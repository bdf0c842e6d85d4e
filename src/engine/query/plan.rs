//! Which keys a query can be about. Whatever a plan lets through is compared again by SQLite: it may be too wide, and must
//! never be too narrow.

use std::ops::Bound;

use rusqlite::types::ValueRef;
use rusqlite::vtab::{IndexConstraintOp, IndexInfo};

use super::table::Column;
use crate::engine::Range;

/// What a constraint says; a plan is written down as the letters of those it uses, in the order of their arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Term {
    Key,
    Space,
    Name,
    Id,
    Rest,
    NoRest,
    Glob,
    From,
    Until,
}

impl Term {
    const ALL: [(Self, char); 9] = [
        (Self::Key, 'k'),
        (Self::Space, 's'),
        (Self::Name, 'n'),
        (Self::Id, 'i'),
        (Self::Rest, 'r'),
        (Self::NoRest, 'z'),
        (Self::Glob, 'g'),
        (Self::From, 'f'),
        (Self::Until, 'u'),
    ];

    fn of(column: Column, operator: &IndexConstraintOp) -> Option<Self> {
        use IndexConstraintOp as Op;
        let equal = matches!(operator, Op::SQLITE_INDEX_CONSTRAINT_EQ | Op::SQLITE_INDEX_CONSTRAINT_IS);
        match (column, operator) {
            (Column::Key, _) if equal => Some(Self::Key),
            (Column::Space, _) if equal => Some(Self::Space),
            (Column::Name, _) if equal => Some(Self::Name),
            (Column::Id, _) if equal => Some(Self::Id),
            (Column::Rest, _) if equal => Some(Self::Rest),
            (Column::Rest, Op::SQLITE_INDEX_CONSTRAINT_ISNULL) => Some(Self::NoRest),
            (Column::Key, Op::SQLITE_INDEX_CONSTRAINT_GLOB) => Some(Self::Glob),
            (Column::Key, Op::SQLITE_INDEX_CONSTRAINT_GE | Op::SQLITE_INDEX_CONSTRAINT_GT) => {
                Some(Self::From)
            }
            (Column::Key, Op::SQLITE_INDEX_CONSTRAINT_LE | Op::SQLITE_INDEX_CONSTRAINT_LT) => {
                Some(Self::Until)
            }
            _ => None,
        }
    }

    fn letter(self) -> char {
        Self::ALL.iter().find(|(term, _)| *term == self).map_or(' ', |(_, letter)| *letter)
    }
}

/// How many records a plan is taken to read.
const EVERYTHING: i64 = 1_000_000;
const OF_A_SPACE: i64 = 100_000;
const OF_A_RANGE: i64 = 10_000;
const OF_A_NAME: i64 = 20;
/// What finding the first record costs, in records.
const SEEK: f64 = 10.0;

/// Chooses the constraints to use.
pub(super) fn choose(info: &mut IndexInfo) -> rusqlite::Result<()> {
    let mut found: Vec<(Term, usize)> = Vec::new();
    for (at, constraint) in info.constraints().enumerate() {
        let term = Column::at(constraint.column())
            .filter(|_| constraint.is_usable())
            .and_then(|column| Term::of(column, &constraint.operator()));
        if let Some(term) = term
            && found.iter().all(|(known, _)| *known != term)
            && info.collation(at)? == "BINARY"
        {
            found.push((term, at));
        }
    }
    let has = |wanted: Term| found.iter().any(|(term, _)| *term == wanted);
    let named = has(Term::Name) || has(Term::Id);
    let (family, rows): (&[Term], i64) = match () {
        () if has(Term::Key) => (&[Term::Key], 1),
        () if has(Term::Space) && named && (has(Term::Rest) || has(Term::NoRest)) => {
            (&[Term::Space, Term::Name, Term::Id, Term::Rest, Term::NoRest], 1)
        }
        () if has(Term::Space) && named => (&[Term::Space, Term::Name, Term::Id], OF_A_NAME),
        () if has(Term::Space) => (&[Term::Space], OF_A_SPACE),
        () if has(Term::Glob) => (&[Term::Glob], OF_A_RANGE),
        () if has(Term::Until) => (&[Term::From, Term::Until], OF_A_RANGE),
        () => (&[], EVERYTHING),
    };
    found.retain(|(term, _)| family.contains(term));
    for (argument, (_, at)) in (1..).zip(&found) {
        info.constraint_usage(*at).set_argv_index(argument);
    }
    info.set_idx_str(&found.iter().map(|(term, _)| term.letter()).collect::<String>());
    info.set_estimated_rows(rows);
    info.set_estimated_cost(rows as f64 + SEEK);
    Ok(())
}

/// The keys of a plan with its arguments.
pub(super) fn range<'v>(plan: &str, arguments: impl Iterator<Item = ValueRef<'v>>) -> Range {
    let terms = plan.chars().filter_map(|letter| Term::ALL.iter().find(|(_, known)| *known == letter));
    let given: Vec<(Term, ValueRef<'v>)> = terms.map(|(term, _)| *term).zip(arguments).collect();
    let value = |wanted: Term| given.iter().find(|(term, _)| *term == wanted).map(|(_, value)| *value);
    if let Some(key) = value(Term::Key) {
        return match key {
            ValueRef::Text(key) | ValueRef::Blob(key) => exactly(key.to_vec()),
            _ => Range::all(),
        };
    }
    if let Some(ValueRef::Text(space)) = value(Term::Space) {
        let name = value(Term::Name).and_then(text).or_else(|| value(Term::Id).and_then(name_of));
        let Some(name) = name else { return Range::prefix(&[space, b":"].concat()) };
        let key = [space, b":", name.as_slice()].concat();
        return match value(Term::Rest).and_then(text) {
            Some(rest) => exactly([key.as_slice(), b":", rest.as_slice()].concat()),
            None if value(Term::NoRest).is_some() => exactly(key),
            None => between(&key),
        };
    }
    if let Some(ValueRef::Text(pattern)) = value(Term::Glob) {
        let end = pattern.iter().position(|byte| b"*?[".contains(byte)).unwrap_or(pattern.len());
        return Range::prefix(pattern.get(..end).unwrap_or_default());
    }
    bounded(value(Term::From), value(Term::Until))
}

fn exactly(key: Vec<u8>) -> Range {
    Range { start: Bound::Included(key.clone()), end: Bound::Included(key) }
}

/// A key and all that go on after it with a colon.
fn between(key: &[u8]) -> Range {
    let after_colon = [key, &[b':' + 1]].concat();
    Range { start: Bound::Included(key.to_vec()), end: Bound::Excluded(after_colon) }
}

/// Keys that are not UTF-8 are blobs, which SQL sorts after every text: only an upper bound that is text leaves them out.
fn bounded(from: Option<ValueRef<'_>>, until: Option<ValueRef<'_>>) -> Range {
    let Some(ValueRef::Text(until)) = until else { return Range::all() };
    let start = match from {
        Some(ValueRef::Text(from)) => Bound::Included(from.to_vec()),
        _ => Bound::Unbounded,
    };
    Range { start, end: Bound::Included(until.to_vec()) }
}

/// What a text column is equal to.
fn text(value: ValueRef<'_>) -> Option<Vec<u8>> {
    match value {
        ValueRef::Text(text) => Some(text.to_vec()),
        ValueRef::Integer(number) => Some(number.to_string().into_bytes()),
        _ => None,
    }
}

/// The name that is equal to an id; None when that cannot be told.
fn name_of(id: ValueRef<'_>) -> Option<Vec<u8>> {
    match id {
        ValueRef::Text(text) => match id_of(std::str::from_utf8(text).ok()?) {
            ValueRef::Null => None,
            _ => Some(text.to_vec()),
        },
        ValueRef::Integer(number) => Some(number.to_string().into_bytes()),
        _ => None,
    }
}

/// A name as an id: a number if it is written as one, NULL if SQL takes it for a number that is written otherwise, as 01.
pub(super) fn id_of(name: &str) -> ValueRef<'_> {
    match name.parse::<i64>() {
        Ok(number) if number.to_string() == name => ValueRef::Integer(number),
        _ if name.trim().parse::<f64>().is_ok() && name.contains(|c: char| c.is_ascii_digit()) => {
            ValueRef::Null
        }
        _ => ValueRef::Text(name.as_bytes()),
    }
}
