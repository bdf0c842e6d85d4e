//! What is called.

use super::*;

pub(super) const MEMBER_MS: i64 = 30;
pub(super) const RESERVATION_MS: i64 = 15;
pub(super) const STALE_MS: i64 = 40;
pub(super) const CLOSE_MS: i64 = 60;
pub(super) const READY_MS: i64 = 20;

/// Who decides in a step.
#[derive(Clone, Debug)]
pub(super) enum Who {
    Host,
    /// Whoever owns the lobby now.
    Owner,
    /// A player who says so, off by this from the present epoch.
    Claims(usize, i64),
}

#[derive(Clone, Debug)]
pub(super) enum Call {
    Join(Vec<usize>),
    Reserve(Who, Vec<usize>),
    Leave(usize),
    Kick(Who, usize),
    Ban(Who, usize, i64),
    Unban(Who, usize),
    Transfer(Who, usize),
    Lock(Who),
    Unlock(Who),
    Start(Who, bool),
    Ready(usize, bool),
    Cancel(Who),
    Reopen(Who),
    Close(Who),
    Seats(Who, u32),
    Invite(Option<usize>, usize, i64),
    Uninvite(Option<usize>, usize),
    Say(usize),
    Limit(Who, Chat),
    Heartbeat(Vec<usize>),
    HeartbeatHost,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) call: Call,
    pub(super) lobby: usize,
    pub(super) via: usize,
    pub(super) advance: i64,
    /// Whether the lobbies are looked at afterwards, which writes what time has decided.
    pub(super) look: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) seats: u32,
    pub(super) migration: Migration,
    pub(super) keep_empty: bool,
    /// Whether joining takes its code, which nobody here knows, or an invitation.
    pub(super) hidden: bool,
    pub(super) chat: Chat,
    pub(super) owner: Option<usize>,
}

pub(super) fn player() -> impl Strategy<Value = usize> {
    0..5usize
}

pub(super) fn players() -> impl Strategy<Value = Vec<usize>> {
    prop::sample::subsequence((0..5).collect::<Vec<_>>(), 1..=3).prop_shuffle()
}

pub(super) fn who() -> impl Strategy<Value = Who> {
    prop_oneof![
        2 => Just(Who::Host),
        3 => Just(Who::Owner),
        1 => (player(), -1..2i64).prop_map(|(player, off)| Who::Claims(player, off)),
    ]
}

/// A member, a stranger, or the host.
fn from() -> impl Strategy<Value = Option<usize>> {
    prop::option::weighted(0.7, player())
}

fn chat() -> impl Strategy<Value = Chat> {
    prop_oneof![
        1 => Just(Chat::default()),
        4 => (1..4u32, 1..12i64).prop_map(|(burst, every_ms)| Chat { burst, every_ms }),
    ]
}

pub(super) fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        12 => players().prop_map(Call::Join),
        3 => (who(), players()).prop_map(|(who, players)| Call::Reserve(who, players)),
        4 => player().prop_map(Call::Leave),
        2 => (who(), player()).prop_map(|(who, player)| Call::Kick(who, player)),
        2 => (who(), player(), 0..60i64).prop_map(|(who, player, ms)| Call::Ban(who, player, ms)),
        1 => (who(), player()).prop_map(|(who, player)| Call::Unban(who, player)),
        2 => (who(), player()).prop_map(|(who, player)| Call::Transfer(who, player)),
        2 => who().prop_map(Call::Lock),
        2 => who().prop_map(Call::Unlock),
        5 => (who(), any::<bool>()).prop_map(|(who, asks)| Call::Start(who, asks)),
        6 => (player(), prop::bool::weighted(0.8)).prop_map(|(player, ready)| Call::Ready(player, ready)),
        1 => who().prop_map(Call::Cancel),
        3 => who().prop_map(Call::Reopen),
        1 => who().prop_map(Call::Close),
        2 => (who(), 1..6u32).prop_map(|(who, seats)| Call::Seats(who, seats)),
        8 => (from(), player(), 1..60i64).prop_map(|(from, player, ms)| Call::Invite(from, player, ms)),
        3 => (from(), player()).prop_map(|(from, player)| Call::Uninvite(from, player)),
        3 => player().prop_map(Call::Say),
        1 => (who(), chat()).prop_map(|(who, chat)| Call::Limit(who, chat)),
        8 => players().prop_map(Call::Heartbeat),
        2 => Just(Call::HeartbeatHost),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let advance = prop_oneof![6 => Just(0), 4 => 1..12i64, 1 => 20..120i64];
    (call(), 0..2usize, 0..2usize, advance, any::<bool>())
        .prop_map(|(call, lobby, via, advance, look)| Step { call, lobby, via, advance, look })
}

/// One who says one thing after the other.
fn talk() -> impl Strategy<Value = Vec<Step>> {
    let pauses = prop::collection::vec(prop_oneof![Just(0), 1..8i64], 3..9);
    (0..3usize, 0..2usize, 0..2usize, pauses).prop_map(|(player, lobby, via, pauses)| {
        let say = |advance| Step { call: Call::Say(player), lobby, via, advance, look: false };
        pauses.into_iter().map(say).collect()
    })
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let some = prop_oneof![10 => step().prop_map(|step| vec![step]), 1 => talk()];
    prop::collection::vec(some, 1..50).prop_map(|steps| steps.concat())
}

pub(super) fn setup() -> impl Strategy<Value = Setup> {
    let migration = prop_oneof![
        3 => Just(Migration::Oldest),
        1 => Just(Migration::Manual),
        1 => Just(Migration::Never),
        1 => Just(Migration::Close)
    ];
    let flags = (any::<bool>(), prop::bool::weighted(0.3), any::<bool>());
    (1..5u32, migration, flags, chat()).prop_map(|(seats, migration, (keep_empty, hidden, owned), chat)| {
        Setup { seats, migration, keep_empty, hidden, chat, owner: owned.then_some(0) }
    })
}
