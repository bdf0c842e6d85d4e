//! Random calls of several writers: the rules hold after each.

use super::*;

/// What may happen to a queue of six players.
#[derive(Clone, Debug)]
enum Step {
    Enqueue(usize, Option<usize>, i32, Option<u16>),
    Cancel(usize),
    Tick,
    Accept(usize),
    Decline(usize),
    Join(usize),
    Advance(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..6usize, prop::option::weighted(0.3, 0..6usize), 0..6i32, prop::option::weighted(0.2, 1..3000u16))
            .prop_map(|(player, friend, mu, wait)| Step::Enqueue(player, friend, mu, wait)),
        2 => (0..12usize).prop_map(Step::Cancel),
        4 => Just(Step::Tick),
        4 => (0..6usize).prop_map(Step::Accept),
        1 => (0..6usize).prop_map(Step::Decline),
        3 => (0..6usize).prop_map(Step::Join),
        2 => (1..1500u16).prop_map(Step::Advance),
    ]
}

fn parsed<T: serde::de::DeserializeOwned>(store: &Store, prefix: &str) -> Vec<T> {
    let rows = store.scan(&Scan::prefix(prefix.as_bytes()).limit(10_000)).unwrap().rows;
    rows.iter().map(|row| serde_json::from_slice(row.value.as_ref().unwrap()).unwrap()).collect()
}

/// The match that a player is asked for or plays in.
fn match_of_player(store: &Store, player: &str) -> Option<Match> {
    let matches: Vec<Match> = parsed(store, "match:");
    matches
        .into_iter()
        .filter(|made| made.state != MatchState::Dissolved && made.players().any(|member| member == player))
        .max_by_key(|made| (made.state == MatchState::Pending, made.created))
}

/// Invariant 6: a ticket is in one match, a player in one live ticket, and the documents agree with each other. Invariant 1
/// in every lobby of a match: it has a seat for everyone until their time is over, and is closed with a dissolved match.
fn check(store: &Store, now: i64, accept_ms: i64) {
    let tickets: Vec<Ticket> = parsed(store, "queue:ranked:ticket:");
    let matches: Vec<Match> = parsed(store, "match:");
    let live = |ticket: &&Ticket| matches!(ticket.state, State::Queued | State::Matched);
    let mut holders = BTreeMap::new();
    for ticket in tickets.iter().filter(live) {
        for player in ticket.players() {
            assert_eq!(
                holders.insert(player.to_owned(), ticket.id),
                None,
                "{player} waits twice: {tickets:?}"
            );
        }
    }
    let prefix = b"queue:ranked:player:";
    let rows = store.scan(&Scan::prefix(prefix).limit(10_000)).unwrap().rows;
    // Each names the player's last ticket, live or not.
    let known: BTreeMap<String, u64> = rows
        .iter()
        .map(|row| {
            let player = String::from_utf8(row.key[prefix.len()..].to_vec()).unwrap();
            (player, serde_json::from_slice(row.value.as_ref().unwrap()).unwrap())
        })
        .filter(|(_, id)| tickets.iter().filter(live).any(|ticket| ticket.id == *id))
        .collect();
    assert_eq!(known, holders);

    let mut taken = BTreeSet::new();
    for made in matches.iter().filter(|made| made.state != MatchState::Dissolved) {
        for matched in made.tickets() {
            assert!(taken.insert(matched.ticket), "ticket {} is in two matches", matched.ticket);
            if let Some(ticket) = tickets.iter().find(|ticket| ticket.id == matched.ticket) {
                let expected = match made.state {
                    MatchState::Pending => State::Matched,
                    _ => State::Accepted,
                };
                assert_eq!((ticket.state, ticket.match_id.as_ref()), (expected, Some(&made.id)));
            }
        }
        assert!(made.created <= now);
        let room = room(store, made);
        if now < made.created + accept_ms + Timing::default().reservation_ms {
            assert_eq!(seated(&room), wanted(made));
        }
    }
    let of_matches: BTreeSet<_> = matches.iter().map(|made| made.lobby.unwrap()).collect();
    assert_eq!(of_matches.len(), matches.len());
    for dissolved in matches.iter().filter(|made| made.state == MatchState::Dissolved) {
        assert_eq!(room(store, dissolved).lobby.state, LobbyState::Closed);
    }
    // No lobby was made for nothing.
    let lobbies: Vec<Lobby> = parsed(store, "lobby:");
    assert_eq!(lobbies.iter().map(|lobby| lobby.id).collect::<BTreeSet<_>>(), of_matches);
    for ticket in tickets.iter().filter(|ticket| ticket.state == State::Queued) {
        assert!(!taken.contains(&ticket.id) && ticket.match_id.is_none());
    }
}

fn perform(store: &Store, queues: &Matchmaker<'_>, home: &Home, step: &Step) {
    let name = |player: usize| format!("p{player}");
    match step {
        Step::Enqueue(player, friend, mu, wait) => {
            let mut ids = vec![name(*player)];
            ids.extend(friend.filter(|friend| friend != player).map(name));
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let mut ticket = party(&ids, f64::from(*mu));
            ticket.deadline = wait.map_or(0, |wait| home.clock_ms() + i64::from(wait));
            let result = queues.enqueue(QUEUE, &ticket).map_err(|error| error.kind());
            assert!(matches!(result, Ok(_) | Err(Kind::Exists)), "{result:?}");
        }
        Step::Cancel(id) => {
            let result = queues.cancel(QUEUE, *id as u64).map_err(|error| error.kind());
            let refused = [Kind::NotFound, Kind::Expired, Kind::AlreadyMatched];
            assert!(result.is_ok() || refused.contains(&result.unwrap_err()));
        }
        Step::Tick => {
            let done = queues.tick(QUEUE, "test", 1000).unwrap();
            assert_eq!(done.stale, 0, "nobody interferes");
        }
        Step::Accept(player) | Step::Decline(player) => {
            let player = name(*player);
            let Some(made) = match_of_player(store, &player) else { return };
            let result = match step {
                Step::Accept(_) => queues.accept(&made.id, &player).map(|_| ()),
                _ => queues.decline(&made.id, &player),
            };
            let result = result.map_err(|error| error.kind());
            assert!(matches!(result, Ok(()) | Err(Kind::Expired | Kind::AlreadyMatched)), "{result:?}");
        }
        Step::Join(player) => {
            let player = name(*player);
            let Some(made) = match_of_player(store, &player) else { return };
            let joined = Lobbies::new(store).join(made.lobby.unwrap(), Join::of(&player));
            let refused = [Kind::Exists, Kind::Forbidden, Kind::WrongState, Kind::Expired, Kind::LobbyFull];
            assert!(joined.is_ok() || refused.contains(&joined.unwrap_err().kind()));
        }
        Step::Advance(ms) => home.clock.advance(i64::from(*ms)),
    }
}

fn dump(store: &Store) -> Vec<(String, String)> {
    let rows = store.scan(&Scan::prefix(b"").limit(10_000)).unwrap().rows;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    rows.iter().map(|row| (text(&row.key), text(row.value.as_ref().unwrap()))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    /// Invariants 6 and 11: random sequences keep the rules after every step, and the same sequence at the same times
    /// leaves the same documents, byte for byte, on every engine.
    #[test]
    fn random_sequences_keep_the_rules(steps in prop::collection::vec(step(), 1..50), accept in any::<bool>()) {
        let rules = Rules { team_size: 2, accept_ms: if accept { 1000 } else { 0 }, ..Rules::default() };
        let dumps: Vec<_> = Home::each()
            .iter()
            .map(|home| {
                let store = open(home, &rules);
                let queues = Matchmaker::seeded(&store, 3);
                for step in &steps {
                    perform(&store, &queues, home, step);
                    check(&store, home.clock_ms(), rules.accept_ms);
                }
                dump(&store)
            })
            .collect();
        prop_assert_eq!(&dumps[0], &dumps[1]);
        prop_assert_eq!(&dumps[0], &dumps[2]);
    }
}

/// Invariant 6 while three stores on one file enqueue, withdraw and tick at once, with leases that do not hinder.
#[test]
fn many_writers_at_once_keep_the_rules() {
    let home = Home::sqlite();
    let store = open(&home, &Rules::default());
    let made: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3_usize)
            .map(|worker| {
                let (own, home) = (home.open(), &home);
                scope.spawn(move || {
                    let queues = Matchmaker::new(&own);
                    let mut made = 0;
                    for step in 0..30_usize {
                        let player = format!("p{}", (worker * 5 + step * 7) % 20);
                        if let Ok(ticket) = queues.enqueue(QUEUE, &party(&[&player], (step % 4) as f64))
                            && step % 3 == 0
                        {
                            let result = queues.cancel(QUEUE, ticket.id).map_err(|error| error.kind());
                            let expected = [Ok(()), Err(Kind::AlreadyMatched), Err(Kind::Conflict)];
                            assert!(expected.contains(&result), "{result:?}");
                        }
                        home.clock.advance(2);
                        match queues.tick(QUEUE, &format!("w{worker}"), 1) {
                            Ok(tick) => made += tick.matches.len(),
                            Err(error) => assert_eq!(error.kind(), Kind::Conflict),
                        }
                    }
                    made
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    check(&store, home.clock_ms(), 0);
    let matches: Vec<Match> = parsed(&store, "match:");
    assert_eq!(matches.len(), made);
    assert!(made > 0);
}
