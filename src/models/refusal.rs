//! Rules that say no, apart from stores that lost a race: the first is final, the second is tried again.

use crate::error::{Error, Kind};

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
