//! What lobbies are asked for: structs of C, and the requests that they mean.

use std::ffi::c_char;

use crate::capi::ffi;
use crate::error::{Error, Result};
use crate::models::lobby::{Chat, Create, Join, MAX_TEAMS, Migration, Reserve, Timing, Visibility};

/// Everybody finds the lobby and may join it.
pub const JOINLY_VISIBILITY_PUBLIC: u32 = 0;
/// Whom the game vouches for as a friend may join, and who has the code.
pub const JOINLY_VISIBILITY_FRIENDS: u32 = 1;
/// Who has the code may join.
pub const JOINLY_VISIBILITY_PRIVATE: u32 = 2;

/// When the owner goes, the member who joined first owns the lobby.
pub const JOINLY_MIGRATION_OLDEST: u32 = 0;
/// When the owner goes, nobody owns the lobby until the host gives it to a member.
pub const JOINLY_MIGRATION_MANUAL: u32 = 1;
/// When the owner goes, nobody owns the lobby any more.
pub const JOINLY_MIGRATION_NEVER: u32 = 2;
/// When the owner goes, the lobby closes.
pub const JOINLY_MIGRATION_CLOSE: u32 = 3;

/// A player who joins. Zero-initialise it and set `struct_size`. Texts are UTF-8.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_join {
    /// `sizeof(joinly_join)`.
    pub struct_size: u32,
    /// The wanted team, from 1; 0: the one with the most free seats.
    pub team: u32,
    /// Who: 1 to 128 bytes.
    pub player: *const c_char,
    /// Length of `player`.
    pub player_len: usize,
    /// The lobby's password, where it has one.
    pub password: *const c_char,
    /// Length of `password`.
    pub password_len: usize,
    /// The lobby's code, as people write it; NULL: not known.
    pub code: *const c_char,
    /// Length of `code`.
    pub code_len: usize,
    /// The player's build.
    pub build: *const c_char,
    /// Length of `build`.
    pub build_len: usize,
    /// The player's role: letters, digits, '_', '-' and '.'.
    pub role: *const c_char,
    /// Length of `role`.
    pub role_len: usize,
    /// Attributes for members, a JSON object; NULL: none.
    pub attributes: *const c_char,
    /// Length of `attributes`.
    pub attributes_len: usize,
    /// 1: the game vouches that the player is a friend of the members.
    pub is_friend: u8,
    /// Zero.
    pub reserved: [u8; 7],
}

/// A seat to keep for a player. Zero-initialise it and set `struct_size`. Texts are UTF-8.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_seat_request {
    /// `sizeof(joinly_seat_request)`.
    pub struct_size: u32,
    /// The wanted team, from 1; 0: the one with the most free seats.
    pub team: u32,
    /// For whom: 1 to 128 bytes.
    pub player: *const c_char,
    /// Length of `player`.
    pub player_len: usize,
    /// The player's role: letters, digits, '_', '-' and '.'.
    pub role: *const c_char,
    /// Length of `role`.
    pub role_len: usize,
    /// For how long, in milliseconds; 0: as the lobby has it.
    pub for_ms: u32,
    /// Zero.
    pub reserved: u32,
}

/// A lobby to create. Zero-initialise it and set `struct_size`. Texts are UTF-8. Attributes are JSON objects, of null,
/// booleans, integers of 64 bits, doubles, strings of at most 512 bytes and arrays of such strings; at most 64 each.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_lobby_options {
    /// `sizeof(joinly_lobby_options)`.
    pub struct_size: u32,
    /// How many seats it has, up to 1000; 0: 8.
    pub max_members: u32,
    /// What sort of lobby: letters, digits, '_', '-' and '.'.
    pub kind: *const c_char,
    /// Length of `kind`.
    pub kind_len: usize,
    /// Its name, for people: at most 256 bytes.
    pub name: *const c_char,
    /// Length of `name`.
    pub name_len: usize,
    /// The password that joining needs, at most 128 bytes; its salted hash is stored. NULL: none.
    pub password: *const c_char,
    /// Length of `password`.
    pub password_len: usize,
    /// The build that joining players need; NULL: any.
    pub build: *const c_char,
    /// Length of `build`.
    pub build_len: usize,
    /// The first member and owner. NULL: the host made it, and unless the migration is manual or never the first to join
    /// owns it.
    pub owner: *const joinly_join,
    /// The sizes of its teams, at most 64, which add up to `max_members`; NULL: no teams.
    pub teams: *const u32,
    /// How many teams.
    pub team_count: usize,
    /// One of `JOINLY_VISIBILITY_*`.
    pub visibility: u32,
    /// One of `JOINLY_MIGRATION_*`.
    pub migration: u32,
    /// How long a member is believed after a heartbeat, in milliseconds; 0: 30000. No lease is longer than 30 days.
    pub member_ms: u32,
    /// How long a reservation is kept, in milliseconds; 0: 15000.
    pub reservation_ms: u32,
    /// How long the lobby is believed after a heartbeat of its owner or host, in milliseconds; 0: 30000. Later it is
    /// stale, hidden and refusing joins, until the next one.
    pub stale_ms: u32,
    /// How long a stale lobby stays until it is closed, in milliseconds; 0: 3600000.
    pub close_ms: u32,
    /// At least so many of its last events are kept, up to 100000; 0: 1000.
    pub keep_events: u64,
    /// Attributes for everybody.
    pub attributes: *const c_char,
    /// Length of `attributes`.
    pub attributes_len: usize,
    /// Attributes for members.
    pub member_attributes: *const c_char,
    /// Length of `member_attributes`.
    pub member_attributes_len: usize,
    /// Attributes for the owner.
    pub owner_attributes: *const c_char,
    /// Length of `owner_attributes`.
    pub owner_attributes_len: usize,
    /// 1: its members may be in other lobbies of the kind too.
    pub not_exclusive: u8,
    /// 1: players may join while it is in game.
    pub backfill: u8,
    /// 1: it stays when the last one leaves.
    pub keep_empty: u8,
    /// Zero.
    pub reserved: [u8; 5],
    /// How many things a member may say at once, counted anew for who has left and joined again; 0: as many as they like.
    pub chat_burst: u32,
    /// How long it is then until one more, in milliseconds; not 0 where there is a burst.
    pub chat_every_ms: u32,
}

impl joinly_join {
    /// # Safety
    /// Pointers are NULL or valid as described.
    unsafe fn to_join(self) -> Result<Join> {
        check_reserved("joinly_join", &self.reserved)?;
        // SAFETY: forwarded contract.
        unsafe {
            Ok(Join {
                player: ffi::text(self.player, self.player_len, "player")?.to_owned(),
                password: ffi::text(self.password, self.password_len, "password")?.to_owned(),
                code: ffi::optional_text(self.code, self.code_len, "code")?.map(str::to_owned),
                friend: self.is_friend != 0,
                build: ffi::text(self.build, self.build_len, "build")?.to_owned(),
                team: self.team.checked_sub(1),
                role: ffi::text(self.role, self.role_len, "role")?.to_owned(),
                attributes: ffi::json(self.attributes, self.attributes_len, "attributes")?
                    .unwrap_or_default(),
            })
        }
    }
}

impl joinly_seat_request {
    /// # Safety
    /// Pointers are NULL or valid as described.
    unsafe fn to_reserve(self) -> Result<Reserve> {
        check_reserved("joinly_seat_request", &self.reserved.to_ne_bytes())?;
        // SAFETY: forwarded contract.
        unsafe {
            Ok(Reserve {
                player: ffi::text(self.player, self.player_len, "player")?.to_owned(),
                team: self.team.checked_sub(1),
                role: ffi::text(self.role, self.role_len, "role")?.to_owned(),
                for_ms: (self.for_ms != 0).then_some(self.for_ms.into()),
            })
        }
    }
}

impl joinly_lobby_options {
    /// # Safety
    /// Pointers are NULL or valid as described.
    unsafe fn to_create(self) -> Result<Create> {
        check_reserved("joinly_lobby_options", &self.reserved)?;
        let default = Create::default();
        let Timing { member_ms, reservation_ms, stale_ms, close_ms } = default.timing;
        // SAFETY: forwarded contract.
        unsafe {
            Ok(Create {
                kind: ffi::text(self.kind, self.kind_len, "kind")?.to_owned(),
                name: ffi::text(self.name, self.name_len, "name")?.to_owned(),
                max_members: or(self.max_members, default.max_members),
                teams: ffi::array(self.teams, self.team_count, MAX_TEAMS, "teams")?.to_vec(),
                owner: match self.owner.is_null() {
                    true => None,
                    false => Some(ffi::sized(self.owner, "joinly_join")?.to_join()?),
                },
                visibility: visibility(self.visibility)?,
                password: ffi::text(self.password, self.password_len, "password")?.to_owned(),
                build: ffi::text(self.build, self.build_len, "build")?.to_owned(),
                migration: migration(self.migration)?,
                exclusive: self.not_exclusive == 0,
                backfill: self.backfill != 0,
                keep_empty: self.keep_empty != 0,
                timing: Timing {
                    member_ms: or(self.member_ms.into(), member_ms),
                    reservation_ms: or(self.reservation_ms.into(), reservation_ms),
                    stale_ms: or(self.stale_ms.into(), stale_ms),
                    close_ms: or(self.close_ms.into(), close_ms),
                },
                chat: Chat { burst: self.chat_burst, every_ms: self.chat_every_ms.into() },
                keep_events: or(self.keep_events, default.keep_events),
                attributes: ffi::json(self.attributes, self.attributes_len, "attributes")?
                    .unwrap_or_default(),
                member_attributes: ffi::json(
                    self.member_attributes,
                    self.member_attributes_len,
                    "member_attributes",
                )?
                .unwrap_or_default(),
                owner_attributes: ffi::json(
                    self.owner_attributes,
                    self.owner_attributes_len,
                    "owner_attributes",
                )?
                .unwrap_or_default(),
            })
        }
    }
}

/// What is given, or for zero the default.
fn or<T: PartialEq + Default>(given: T, default: T) -> T {
    if given == T::default() { default } else { given }
}

fn visibility(constant: u32) -> Result<Visibility> {
    match constant {
        JOINLY_VISIBILITY_PUBLIC => Ok(Visibility::Public),
        JOINLY_VISIBILITY_FRIENDS => Ok(Visibility::Friends),
        JOINLY_VISIBILITY_PRIVATE => Ok(Visibility::Private),
        other => {
            Err(Error::invalid(format!("joinly_lobby_options.visibility is {other}: no such visibility")))
        }
    }
}

fn migration(constant: u32) -> Result<Migration> {
    match constant {
        JOINLY_MIGRATION_OLDEST => Ok(Migration::Oldest),
        JOINLY_MIGRATION_MANUAL => Ok(Migration::Manual),
        JOINLY_MIGRATION_NEVER => Ok(Migration::Never),
        JOINLY_MIGRATION_CLOSE => Ok(Migration::Close),
        other => Err(Error::invalid(format!("joinly_lobby_options.migration is {other}: no such migration"))),
    }
}

pub(super) fn check_reserved(what: &str, reserved: &[u8]) -> Result<()> {
    match reserved.iter().all(|byte| *byte == 0) {
        true => Ok(()),
        false => Err(Error::invalid(format!("{what}.reserved is not zero"))),
    }
}

/// # Safety
/// As [`ffi::sized`].
pub(super) unsafe fn create(options: *const joinly_lobby_options) -> Result<Create> {
    // SAFETY: forwarded contract.
    unsafe { ffi::sized(options, "joinly_lobby_options")?.to_create() }
}

/// # Safety
/// As [`ffi::sized_array`].
pub(super) unsafe fn joins(joins: *const joinly_join, count: usize) -> Result<Vec<Join>> {
    // SAFETY: forwarded contract.
    unsafe { ffi::sized_array(joins, count, "joinly_join")?.into_iter().map(|join| join.to_join()).collect() }
}

/// # Safety
/// As [`ffi::sized_array`].
pub(super) unsafe fn reserves(seats: *const joinly_seat_request, count: usize) -> Result<Vec<Reserve>> {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::sized_array(seats, count, "joinly_seat_request")?
            .into_iter()
            .map(|seat| seat.to_reserve())
            .collect()
    }
}
