//! Players: unique accounts, leases, holdings that never go below zero, objects and saves that lose no update.

use std::collections::BTreeMap;
use std::sync::Arc;

use joinly_storage::Kind;
use joinly_storage::models::leaderboard::{Board, Leaderboards};
use joinly_storage::models::lobby::{Create, Join, Lobbies};
use joinly_storage::models::player::{
    CHUNK_BYTES, Delta, Expected, Holding, MAX_OBJECT_BYTES, MAX_PROPERTIES, Object, ObjectWrite, Patch,
    Players, Property, Saved, Written, adjust, transfer,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::support::{Home, get, kind};

fn gold() -> Holding {
    Holding::Currency("gold".to_owned())
}

fn delta(player: &str, holding: &Holding, amount: i64) -> Delta {
    Delta { player: player.to_owned(), holding: holding.clone(), amount }
}

fn owned(players: &Players, player: &str) -> BTreeMap<Holding, i64> {
    let balances = players.balances(player).unwrap();
    let currencies = balances.currencies.into_iter().map(|(name, amount)| (Holding::Currency(name), amount));
    currencies.chain(balances.items.into_iter().map(|(name, amount)| (Holding::Item(name), amount))).collect()
}

fn account(platform: &str, id: Option<&str>) -> Patch {
    let accounts = [(platform.to_owned(), id.map(str::to_owned))].into();
    Patch { accounts, ..Patch::default() }
}

fn object(name: &str) -> Object {
    Object { player: "7".to_owned(), collection: "base".to_owned(), name: name.to_owned() }
}

fn write(name: &str, expected: Expected, document: Option<&str>) -> ObjectWrite {
    ObjectWrite { object: object(name), expected, document: document.map(|text| text.as_bytes().to_vec()) }
}

#[test]
fn an_account_belongs_to_one_player() {
    for home in Home::each() {
        let store = home.open();
        let players = Players::new(&store);
        let ada = players.create("7", &account("steam", Some("a1"))).unwrap();
        assert_eq!((ada.version, ada.created), (1, 1_000_000));
        assert_eq!(kind(players.create("7", &Patch::default())), Kind::Exists);
        assert_eq!(kind(players.create("8", &account("steam", Some("a1")))), Kind::Exists);
        assert_eq!(get(&store, "player:8"), None);
        assert_eq!(players.by_account("steam", "a1").unwrap(), ada);

        players.create("8", &Patch::default()).unwrap();
        assert_eq!(kind(players.patch("8", None, &account("steam", Some("a1")))), Kind::Exists);
        players.patch("7", None, &account("steam", Some("a2"))).unwrap();
        assert_eq!(kind(players.by_account("steam", "a1")), Kind::NotFound);
        players.patch("8", None, &account("steam", Some("a1"))).unwrap();
        assert_eq!(players.by_account("steam", "a1").unwrap().id, "8");
        players.patch("8", None, &account("steam", None)).unwrap();
        assert_eq!(kind(players.by_account("steam", "a1")), Kind::NotFound);
    }
}

#[test]
fn properties_keep_their_types_and_patches_their_conditions() {
    for home in Home::each() {
        let store = home.open();
        let players = Players::new(&store);
        let properties: BTreeMap<String, Option<Property>> = [
            ("vip", Property::Bool(true)),
            ("level", Property::Int(i64::MAX)),
            ("ratio", Property::Float(0.5)),
            ("clan", Property::Text("red".to_owned())),
            ("tags", Property::Texts(["b".to_owned(), "a".to_owned()].into())),
        ]
        .map(|(key, value)| (key.to_owned(), Some(value)))
        .into();
        let patch =
            Patch { name: Some("Ada".to_owned()), properties: properties.clone(), ..Patch::default() };
        players.create("7", &patch).unwrap();
        let read = players.get("7").unwrap();
        assert!(properties.iter().all(|(key, value)| read.properties.get(key) == value.as_ref()), "{read:?}");

        let rename = Patch { name: Some("Bob".to_owned()), ..Patch::default() };
        let renamed = players.patch("7", Some(1), &rename).unwrap();
        assert_eq!((renamed.version, renamed.name.as_str(), renamed.properties.len()), (2, "Bob", 5));
        let stale = players.patch("7", Some(1), &patch).unwrap_err();
        assert_eq!((stale.kind(), stale.present_version()), (Kind::Conflict, Some(2)));
        let drop = Patch { properties: [("vip".to_owned(), None)].into(), ..Patch::default() };
        players.patch("7", Some(2), &drop).unwrap();
        assert_eq!(players.get("7").unwrap().properties.get("vip"), None);

        let before = get(&store, "player:7");
        let many = (0..=MAX_PROPERTIES).map(|at| (at.to_string(), Some(Property::Int(0)))).collect();
        assert_eq!(
            kind(players.patch("7", None, &Patch { properties: many, ..Patch::default() })),
            Kind::TooLarge
        );
        let nan = [("x".to_owned(), Some(Property::Float(f64::NAN)))].into();
        assert_eq!(
            kind(players.patch("7", None, &Patch { properties: nan, ..Patch::default() })),
            Kind::Invalid
        );
        assert_eq!(kind(players.create("a:b", &Patch::default())), Kind::Invalid);
        assert_eq!(kind(players.get("nobody")), Kind::NotFound);
        assert_eq!(get(&store, "player:7"), before);
    }
}

#[test]
fn a_profile_of_a_plain_put_is_a_profile() {
    for home in Home::each() {
        let store = home.open();
        let players = Players::new(&store);
        store.put(b"player:9", br#"{"id":"9","name":"Eve"}"#).unwrap();
        assert_eq!(players.get("9").unwrap().name, "Eve");
        let patched = players.patch("9", Some(0), &Patch::default()).unwrap();
        assert_eq!(patched.version, 1);
        store.put(b"player:9", b"no JSON").unwrap();
        assert_eq!(kind(players.get("9")), Kind::WrongType);
    }
}

#[test]
fn presence_is_believed_until_its_lease_lapses() {
    for home in Home::each() {
        let store = home.open();
        let players = Players::new(&store);
        assert_eq!(players.presence("7").unwrap(), None);
        players.heartbeat("7", "lobby", 1000).unwrap();
        home.clock.advance(999);
        assert_eq!(players.presence("7").unwrap().unwrap().status, "lobby");
        let renewed = players.heartbeat("7", "playing", 1000).unwrap();
        assert_eq!((renewed.since, renewed.until), (1_000_000, 1_001_999));
        home.clock.advance(1000);
        assert_eq!(players.presence("7").unwrap(), None);
        assert_eq!(players.heartbeat("7", "back", 1000).unwrap().since, 1_001_999);
        assert!(players.leave("7").unwrap() && !players.leave("7").unwrap());
        assert_eq!(kind(players.heartbeat("7", "", 0)), Kind::Invalid);
    }
}

#[test]
fn a_purchase_is_whole_or_nothing() {
    for home in Home::each() {
        let store = home.open();
        let players = Players::new(&store);
        let sword = Holding::Item("sword".to_owned());
        players.adjust(&[delta("7", &gold(), 100)]).unwrap();
        let buy = [delta("7", &gold(), -60), delta("7", &sword, 1)];
        assert_eq!(players.adjust(&buy).unwrap(), [40, 1]);
        assert_eq!(kind(players.adjust(&buy)), Kind::Insufficient);
        assert_eq!(owned(&players, "7"), [(gold(), 40), (sword.clone(), 1)].into());
        assert_eq!(get(&store, "player:7:wallet:gold").as_deref(), Some(&b"40"[..]));
        // What the plain counters of the store do, wallets see.
        store.add(b"player:7:wallet:gold", 2).unwrap();
        assert_eq!(players.adjust(&[delta("7", &gold(), -50), delta("7", &gold(), 8)]).unwrap(), [0, 0]);
        assert_eq!(get(&store, "player:7:wallet:gold"), None);
        players.adjust(&[delta("7", &gold(), i64::MAX)]).unwrap();
        assert_eq!(kind(players.adjust(&[delta("7", &gold(), 1)])), Kind::OutOfRange);
        assert_eq!(kind(players.transfer("8", "8", &gold(), 1)), Kind::Insufficient);
        assert_eq!(kind(players.transfer("7", "8", &gold(), -1)), Kind::Invalid);
    }
}

#[test]
fn a_trade_is_part_of_a_larger_transaction() {
    for home in Home::each() {
        let store = home.open();
        let players = Players::new(&store);
        players.adjust(&[delta("7", &gold(), 10)]).unwrap();
        let trade = |price: i64| {
            store.transaction(|txn| {
                txn.put(b"deed:1", b"8")?;
                transfer(txn, "7", "8", &gold(), price)?;
                adjust(txn, &[delta("8", &Holding::Item("house".to_owned()), 1)])
            })
        };
        assert_eq!(kind(trade(11)), Kind::Insufficient);
        assert_eq!(get(&store, "deed:1"), None);
        trade(10).unwrap();
        assert_eq!(get(&store, "deed:1").as_deref(), Some(&b"8"[..]));
        assert_eq!(owned(&players, "8").len(), 2);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    /// Invariant 9: balances are those of a plain map that refuses what would go below zero; transfers conserve totals.
    #[test]
    fn holdings_are_those_of_a_plain_map(
        steps in prop::collection::vec(
            (any::<bool>(), prop::collection::vec((0..3usize, 0..2usize, -20..25i64), 1..4)), 1..40),
    ) {
        let holdings = [gold(), Holding::Item("gem".to_owned())];
        for home in Home::each() {
            let store = home.open();
            let players = Players::new(&store);
            let mut model: BTreeMap<(String, Holding), i64> = BTreeMap::new();
            for (is_transfer, parts) in &steps {
                let mut deltas = Vec::new();
                let result = if *is_transfer {
                    let (player, holding, amount) = parts[0];
                    let (from, to, amount) = (player.to_string(), ((player + 1) % 3).to_string(), amount.abs());
                    deltas.push(delta(&from, &holdings[holding], -amount));
                    deltas.push(delta(&to, &holdings[holding], amount));
                    players.transfer(&from, &to, &holdings[holding], amount)
                } else {
                    deltas.extend(parts.iter().map(|(p, h, amount)| delta(&p.to_string(), &holdings[*h], *amount)));
                    players.adjust(&deltas).map(|_| ())
                };
                let mut next = model.clone();
                for change in &deltas {
                    *next.entry((change.player.clone(), change.holding.clone())).or_default() += change.amount;
                }
                next.retain(|_, amount| *amount != 0);
                if next.values().all(|amount| *amount >= 0) {
                    prop_assert!(result.is_ok(), "{result:?}");
                    model = next;
                } else {
                    prop_assert_eq!(kind(result), Kind::Insufficient);
                }
            }
            for player in ["0", "1", "2"] {
                let expected: BTreeMap<Holding, i64> = model
                    .iter()
                    .filter(|((owner, _), _)| owner == player)
                    .map(|((_, holding), amount)| (holding.clone(), *amount))
                    .collect();
                prop_assert_eq!(owned(&players, player), expected);
            }
        }
    }
}

/// Invariant 9 while several stores on one file move money at once.
#[test]
fn transfers_of_many_writers_conserve_the_total() {
    // Memory is its store's alone, and mode behind has one writer.
    for (home, shared) in [(Home::memory(), false), (Home::sqlite(), true), (Home::behind(), false)] {
        let first = Arc::new(home.open());
        let players = Players::new(&first);
        players.adjust(&[0, 1, 2, 3].map(|at| delta(&at.to_string(), &gold(), 25))).unwrap();
        first.flush(0).unwrap();
        std::thread::scope(|scope| {
            for worker in 0..3_usize {
                let store = if shared { Arc::new(home.open()) } else { Arc::clone(&first) };
                scope.spawn(move || {
                    let players = Players::new(&store);
                    for step in 0..60_usize {
                        let (from, to) = ((worker + step) % 4, (worker * 2 + step * 3 + 1) % 4);
                        let result =
                            players.transfer(&from.to_string(), &to.to_string(), &gold(), (step % 13) as i64);
                        let accepted = result.as_ref().map_err(joinly_storage::Error::kind);
                        assert!(
                            matches!(accepted, Ok(()) | Err(Kind::Insufficient | Kind::Conflict)),
                            "{result:?}"
                        );
                    }
                });
            }
        });
        let balances = ["0", "1", "2", "3"].map(|player| owned(&players, player));
        let amounts: Vec<i64> = balances.iter().flat_map(|balance| balance.values().copied()).collect();
        assert!(amounts.iter().all(|amount| *amount > 0));
        assert_eq!(amounts.iter().sum::<i64>(), 100);
    }
}

#[test]
fn objects_are_written_under_conditions() {
    for home in Home::each() {
        let store = home.open();
        let players = Players::new(&store);
        let put = |name, expected| players.write_objects(&[write(name, expected, Some(r#"{"hp":1}"#))]);
        let Written::Done { version: first } = put("wall", Expected::Absent).unwrap() else { panic!() };
        assert_eq!(put("wall", Expected::Absent).unwrap(), Written::Conflict { write: 0, current: first });
        assert_eq!(players.object(&object("wall")).unwrap().unwrap().version(), first);
        let Written::Done { version: second } = put("wall", Expected::Version(first)).unwrap() else {
            panic!()
        };
        assert!(second > first);
        assert_eq!(
            put("wall", Expected::Version(first)).unwrap(),
            Written::Conflict { write: 0, current: second }
        );

        // All or none, and which one failed.
        let both = [write("gate", Expected::Any, Some("1")), write("wall", Expected::Version(first), None)];
        assert_eq!(players.write_objects(&both).unwrap(), Written::Conflict { write: 1, current: second });
        assert_eq!(players.object(&object("gate")).unwrap(), None);

        // A version never comes back, not even after a deletion.
        players.write_objects(&[write("wall", Expected::Version(second), None)]).unwrap();
        assert_eq!(
            put("wall", Expected::Version(second)).unwrap(),
            Written::Conflict { write: 0, current: 0 }
        );
        let Written::Done { version: third } = put("wall", Expected::Absent).unwrap() else { panic!() };
        assert!(third > second);
        assert_eq!(players.objects("7", "base", |scan| Ok(scan.limit(10))).unwrap().rows.len(), 1);
    }
}

#[test]
fn what_is_no_object_is_refused() {
    let home = Home::memory();
    let store = home.open();
    let players = Players::new(&store);
    let version = store.version().unwrap();
    let refused = |writes: &[ObjectWrite]| kind(players.write_objects(writes));
    assert_eq!(refused(&[]), Kind::Invalid);
    assert_eq!(refused(&[write("a", Expected::Any, Some("{"))]), Kind::Invalid);
    assert_eq!(refused(&[write("a:b", Expected::Any, Some("1"))]), Kind::Invalid);
    let twice = [write("a", Expected::Any, Some("1")), write("a", Expected::Any, Some("2"))];
    assert_eq!(refused(&twice), Kind::Invalid);
    let large = format!("\"{}\"", "x".repeat(MAX_OBJECT_BYTES));
    assert_eq!(refused(&[write("a", Expected::Any, Some(&large))]), Kind::TooLarge);
    assert_eq!(store.version().unwrap(), version);
}

#[test]
fn saves_keep_their_history_and_show_conflicts() {
    for home in Home::each() {
        let store = home.open();
        let players = Players::new(&store);
        let game = |fill: u8| vec![fill; CHUNK_BYTES * 2 + 17];
        for version in 1..=4 {
            let saved = players.save("7", "auto", version - 1, "pc", &game(version as u8), 3).unwrap();
            let Saved::Done(info) = saved else { panic!("a conflict") };
            assert_eq!((info.version, info.parent, info.bytes), (version, version - 1, game(0).len()));
        }
        let kept: Vec<u64> =
            players.save_history("7", "auto").unwrap().iter().map(|info| info.version).collect();
        assert_eq!(kept, [2, 3, 4]);
        assert_eq!(players.load("7", "auto", None).unwrap().data, game(4));
        assert_eq!(players.load("7", "auto", Some(2)).unwrap().data, game(2));
        assert_eq!(kind(players.load("7", "auto", Some(1))), Kind::NotFound);
        assert_eq!(get(&store, "player:7:save:auto:1:0"), None);

        let Saved::Conflict { stored, yours } = players.save("7", "auto", 3, "phone", b"mine", 3).unwrap()
        else {
            panic!("no conflict")
        };
        assert_eq!((stored.info.version, stored.info.device.as_str(), stored.data), (4, "pc", game(4)));
        assert_eq!(
            (yours.info.parent, yours.info.device.as_str(), &yours.data[..]),
            (3, "phone", &b"mine"[..])
        );
        assert_eq!(players.load("7", "auto", None).unwrap().info.version, 4);
        let Saved::Done(merged) = players.save("7", "auto", 4, "phone", b"", 3).unwrap() else { panic!() };
        assert_eq!(players.load("7", "auto", None).unwrap().data, b"");

        assert!(players.clear_save("7", "auto").unwrap() && !players.clear_save("7", "auto").unwrap());
        let Saved::Done(again) = players.save("7", "auto", 0, "pc", b"new", 3).unwrap() else { panic!() };
        assert!(again.version > merged.version);
    }
}

#[test]
fn a_damaged_save_is_told() {
    let home = Home::memory();
    let store = home.open();
    let players = Players::new(&store);
    players.save("7", "auto", 0, "pc", &[1; 100], 2).unwrap();
    store.put(b"player:7:save:auto:1:0", &[2; 100]).unwrap();
    assert_eq!(kind(players.load("7", "auto", None)), Kind::Corrupt);
    store.delete(b"player:7:save:auto:1:0").unwrap();
    assert_eq!(kind(players.load("7", "auto", None)), Kind::Corrupt);
}

#[test]
fn a_transaction_spans_players_lobbies_boards_and_any_key() {
    for home in Home::each() {
        let store = home.open();
        Leaderboards::new(&store).create("spent", Board::default()).unwrap();
        let create = Create { owner: Some(Join::of("ann")), ..Create::default() };
        let lobby = Lobbies::new(&store).create(create).unwrap().lobby;
        let buy_in = |price: i64| {
            let mut txn = store.begin()?;
            Players::within(&store, &mut txn).adjust(&[delta("bob", &gold(), -price)])?;
            Lobbies::within(&store, &mut txn).join(lobby, Join::of("bob"))?;
            Leaderboards::within(&store, &mut txn).submit("spent", "bob", price, 0)?;
            txn.put(b"receipt:bob", b"paid")?;
            txn.commit()
        };
        let seats = || Lobbies::new(&store).room(lobby).unwrap().seats.len();
        assert_eq!(buy_in(5).unwrap_err().kind(), Kind::Insufficient);
        assert_eq!((seats(), store.get(b"receipt:bob").unwrap()), (1, None));
        Players::new(&store).adjust(&[delta("bob", &gold(), 5)]).unwrap();
        buy_in(5).unwrap();
        assert_eq!(seats(), 2);
        assert!(owned(&Players::new(&store), "bob").is_empty());
        assert_eq!(Leaderboards::new(&store).count("spent", None).unwrap(), 1);
        assert_eq!(get(&store, b"receipt:bob"), Some(b"paid".to_vec()));
    }
}
