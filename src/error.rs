//! The one error type of the library: a kind that programs act on, a message that people act on.

/// Result of every fallible call in this crate.
pub type Result<T> = std::result::Result<T, Error>;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal $text:literal,)*) => {
        /// What went wrong, in terms a program can act on. The numbers are the status codes of the C ABI;
        /// a code is never reused, even after its kind is retired.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(i32)]
        pub enum Kind { $($(#[$doc])* $name = $code,)* }

        impl Kind {
            /// Every kind, in the order of its code.
            pub const ALL: &'static [Kind] = &[$(Kind::$name,)*];

            /// The stable name, as in the constants of the C header without their prefix.
            pub const fn name(self) -> &'static str {
                match self { $(Kind::$name => $text,)* }
            }
        }
    };
}

kinds! {
    /// The key, index or file does not exist.
    NotFound = 1 "NOT_FOUND",
    /// Nothing happened before the time-out.
    Timeout = 2 "TIMEOUT",
    /// A check failed or a transaction lost against another writer; nothing was changed. Retry from the read.
    Conflict = 3 "CONFLICT",
    /// Another process or thread held a lock for longer than the busy time-out. Retry later.
    Busy = 4 "BUSY",
    /// An argument, option or document is malformed.
    Invalid = 5 "INVALID",
    /// A key, value, batch or count is over its limit.
    TooLarge = 6 "TOO_LARGE",
    /// The stored value is not of the type that the operation needs.
    WrongType = 7 "WRONG_TYPE",
    /// The result does not fit its type.
    OutOfRange = 8 "OUT_OF_RANGE",
    /// The feature is not available with this engine, file or build.
    Unsupported = 9 "UNSUPPORTED",
    /// The handle is closed, freed, or of another type.
    BadHandle = 10 "BAD_HANDLE",
    /// The store behind this object was closed, or the transaction is finished.
    Closed = 11 "CLOSED",
    /// The process was forked after the store was opened; open it anew in a process of its own.
    Forked = 12 "FORKED",
    /// An earlier failure left the outcome of a write unknown; reads go on, writes need a reopened store.
    Poisoned = 13 "POISONED",
    /// A defect of the library was contained.
    Panic = 14 "PANIC",
    /// An allocation was refused.
    NoMemory = 15 "NO_MEMORY",
    /// No room left on the device; nothing was changed and writes work again once there is room.
    Full = 16 "FULL",
    /// The file, its directory or the store is read-only.
    ReadOnly = 17 "READ_ONLY",
    /// The operating system refused an operation.
    Io = 18 "IO",
    /// The file is damaged; the store refuses writes.
    Corrupt = 19 "CORRUPT",
    /// The file exists and is something else.
    NotADatabase = 20 "NOT_A_DATABASE",
    /// The file was written by a newer version of the library.
    NewerSchema = 21 "NEWER_SCHEMA",
    /// The change log no longer reaches back to the wanted version.
    Compacted = 22 "COMPACTED",
    /// The name is taken by something different.
    Exists = 23 "EXISTS",
    /// The caller's buffer is too small; the needed length was reported and nothing was copied.
    BufferTooSmall = 24 "BUFFER_TOO_SMALL",
    /// The lobby, or the team in it, has no free seat.
    LobbyFull = 25 "LOBBY_FULL",
    /// The rules do not allow it to this caller: wrong password, banned, not the owner, a fenced epoch.
    Forbidden = 26 "FORBIDDEN",
    /// The lease or deadline that it rests on has passed.
    Expired = 27 "EXPIRED",
    /// The ticket was matched before it could be cancelled.
    AlreadyMatched = 28 "ALREADY_MATCHED",
    /// The state that it is in has no such move.
    WrongState = 29 "WRONG_STATE",
    /// A balance would go below zero; nothing was changed.
    Insufficient = 30 "INSUFFICIENT",
    /// The caller ended it; what was done so far is kept where the operation says so.
    Cancelled = 31 "CANCELLED",
    /// The store was moved: it is written to in its new place, which the message names.
    Moved = 32 "MOVED",
    /// It comes too soon after what the same caller did before; the message says when it may be repeated.
    RateLimited = 33 "RATE_LIMITED",
}

impl Kind {
    /// Whether the same call can succeed when repeated: a transaction from its first read, others later.
    pub const fn is_retryable(self) -> bool {
        matches!(self, Kind::Conflict | Kind::Busy | Kind::Timeout | Kind::RateLimited)
    }
}

/// A failure: kind, message, the code of the engine below (0 where there is none), and the present version where a stale
/// one was refused. Two words, so that results stay small; one that is its kind alone allocates nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", self.message())]
pub struct Error {
    kind: Kind,
    detail: Option<Box<Detail>>,
}

#[derive(Clone, Debug, Default)]
struct Detail {
    message: String,
    engine_code: i32,
    present_version: Option<u64>,
}

impl Error {
    /// An error of this library.
    #[cold]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, detail: Some(Box::new(Detail { message: message.into(), ..Detail::default() })) }
    }

    /// One without a message, for an outcome that is part of a normal day.
    pub(crate) fn quiet(kind: Kind) -> Self {
        Self { kind, detail: None }
    }

    /// A refusal of the operating system.
    pub(crate) fn io(error: &std::io::Error, doing: impl std::fmt::Display) -> Self {
        use std::io::ErrorKind;
        let kind = match error.kind() {
            ErrorKind::NotFound => Kind::NotFound,
            ErrorKind::AlreadyExists => Kind::Exists,
            ErrorKind::ResourceBusy => Kind::Busy,
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Kind::ReadOnly,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::WriteZero => Kind::Full,
            _ => Kind::Io,
        };
        Self::new(kind, format!("{doing}: {error}")).with_engine_code(error.raw_os_error().unwrap_or(0))
    }

    /// The same error with the code of the engine that caused it, for example SQLite's extended code.
    pub fn with_engine_code(mut self, code: i32) -> Self {
        self.detail_mut().engine_code = code;
        self
    }

    /// A refusal of a change that expected another version than the present one.
    pub(crate) fn stale(expected: u64, present: u64) -> Self {
        let text = format!("version {expected} was expected: the present one is {present}");
        let mut error = Self::new(Kind::Conflict, text);
        error.detail_mut().present_version = Some(present);
        error
    }

    /// The same error, its message led by what it is about.
    pub(crate) fn within(mut self, what: impl std::fmt::Display) -> Self {
        let detail = self.detail_mut();
        detail.message = format!("{what}: {}", detail.message);
        self
    }

    /// Whether it is a conflict with another writer: one that tells the present version would be the same when repeated.
    pub(crate) fn is_lost_race(&self) -> bool {
        self.kind == Kind::Conflict && self.present_version().is_none()
    }

    fn detail_mut(&mut self) -> &mut Detail {
        self.detail.get_or_insert_default()
    }

    /// What a program should act on.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What a person should read.
    pub fn message(&self) -> &str {
        self.detail.as_ref().map_or("", |detail| &detail.message)
    }

    /// The engine's own code (for SQLite the extended result code), 0 where the library itself refused.
    pub fn engine_code(&self) -> i32 {
        self.detail.as_ref().map_or(0, |detail| detail.engine_code)
    }

    /// The present version, where a change expected another one.
    pub fn present_version(&self) -> Option<u64> {
        self.detail.as_ref().and_then(|detail| detail.present_version)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }
}
