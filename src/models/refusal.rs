//! Rules that say no, apart from stores that lost a race: the first is final, the second is tried again.

use crate::error::{Error, Kind, Result};
use crate::store::{Store, Transaction};

/// What a rule answers: its kind, message and, for a stale version, the present one.
#[derive(Clone, Debug)]
pub struct Refusal(pub Error);

/// Result of a rule.
pub type Ruled<T> = std::result::Result<T, Refusal>;

impl Refusal {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Error::new(kind, message))
    }
}

/// Malformed arguments are refused like everything else.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// Result of a step of a transaction.
pub(crate) type Step<T> = std::result::Result<T, Stop>;

/// Why the body of a transaction ends early.
pub(crate) enum Stop {
    Failed(Error),
    Refused(Error),
}

impl Stop {
    pub fn into_error(self) -> Error {
        match self {
            Self::Failed(error) | Self::Refused(error) => error,
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Refusal> for Stop {
    fn from(Refusal(error): Refusal) -> Self {
        Self::Refused(error)
    }
}

/// Runs a body in a transaction, again when the store met a conflict. A refusal undoes it, and it rests on one snapshot:
/// it was right when that was taken.
pub(crate) fn transact<R>(store: &Store, mut body: impl FnMut(&mut Transaction) -> Step<R>) -> Result<R> {
    let mut refused = None;
    let result = store.transaction(|txn| match body(txn) {
        Ok(result) => Ok(Some(result)),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::Refused(error)) => {
            refused = Some(error);
            txn.undo();
            Ok(None)
        }
    })?;
    match (result, refused) {
        (Some(result), _) => Ok(result),
        (None, Some(error)) => Err(error),
        (None, None) => Err(Error::new(Kind::Panic, "a refusal was lost")),
    }
}
