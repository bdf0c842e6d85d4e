//! Statistics of sessions.

mod ask;
mod retain;
mod session;
