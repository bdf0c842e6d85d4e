//! Invitations, and how much members may say.

use joinly_storage::Kind;
use joinly_storage::models::lobby::{Chat, Create, DEFAULT_INVITE_MS, Join, Lobbies, Timing, Visibility};

use crate::lobby_support::{check, of};
use crate::support::{Home, TestClock, kind};

/// Leases that outlive every test.
const LONG: Timing =
    Timing { member_ms: 3_600_000, reservation_ms: 3_600_000, stale_ms: 3_600_000, close_ms: 3_600_000 };

fn hidden(owner: &str) -> Create {
    let visibility = Visibility::Private;
    Create { visibility, password: "secret".to_owned(), timing: LONG, ..of(owner) }
}

#[test]
fn an_invitation_admits_once() {
    for home in Home::each() {
        let store = home.open();
        let lobbies = Lobbies::new(&store);
        let id = lobbies.create(hidden("ann")).unwrap().lobby;
        assert_eq!(kind(lobbies.join(id, Join::of("bob"))), Kind::Forbidden);
        lobbies.invite(id, Some("ann"), "bob", None).unwrap();
        check(&lobbies, id);
        lobbies.join(id, Join::of("bob")).unwrap();
        let room = check(&lobbies, id);
        assert_eq!((room.lobby.invited, room.invites.len()), (0, 0));
        lobbies.leave(id, "bob").unwrap();
        assert_eq!(kind(lobbies.join(id, Join::of("bob"))), Kind::Forbidden);
    }
}

#[test]
fn an_invitation_ends_with_its_time_and_with_its_lobby() {
    let home = Home::sqlite();
    let store = home.open();
    let lobbies = Lobbies::new(&store);
    let id = lobbies.create(hidden("ann")).unwrap().lobby;
    lobbies.invite(id, None, "bob", None).unwrap();
    lobbies.invite(id, None, "cid", Some(10_000)).unwrap();
    let until = TestClock::START + DEFAULT_INVITE_MS;
    assert_eq!(lobbies.invitations("bob").unwrap()[0].until, until);

    home.clock.set(TestClock::START + 10_000);
    assert_eq!(lobbies.invitations("cid").unwrap(), []);
    assert_eq!(kind(lobbies.join(id, Join::of("cid"))), Kind::Forbidden);
    assert_eq!(check(&lobbies, id).invites.keys().collect::<Vec<_>>(), ["bob"]);

    home.clock.set(until - 1);
    lobbies.close(id, &joinly_storage::models::lobby::By::Host).unwrap();
    assert_eq!(lobbies.invitations("bob").unwrap(), []);
    assert_eq!(check(&lobbies, id).lobby.invited, 0);
    lobbies.sweep(0).unwrap();
    let left = store.scan(&joinly_storage::Scan::prefix(b"lobby.invite")).unwrap().rows;
    assert_eq!(left, []);
}

#[test]
fn an_invitation_of_many_is_listed_by_its_player_in_the_order_of_lobbies() {
    let home = Home::memory();
    let store = home.open();
    let lobbies = Lobbies::new(&store);
    for n in 1..=12 {
        let create = Create { kind: format!("k{n}"), ..hidden("ann") };
        let id = lobbies.create(create).unwrap().lobby;
        lobbies.invite(id, Some("ann"), "bob", None).unwrap();
        lobbies.invite(id, Some("ann"), "bobby", None).unwrap();
    }
    let listed = lobbies.invitations("bob").unwrap();
    assert_eq!(listed.iter().map(|it| it.lobby).collect::<Vec<_>>(), (1..=12).collect::<Vec<_>>());
    assert!(listed.iter().all(|it| it.by.as_deref() == Some("ann")));
}

#[test]
fn members_say_a_burst_and_then_one_at_a_time() {
    let home = Home::memory();
    let store = home.open();
    let lobbies = Lobbies::new(&store);
    let create = Create { chat: Chat { burst: 3, every_ms: 1000 }, timing: LONG, ..of("ann") };
    let id = lobbies.create(create).unwrap().lobby;
    let say = |at: i64| {
        home.clock.set(TestClock::START + at);
        lobbies.say(id, "ann", "hello").map(drop).map_err(|error| error.kind())
    };
    assert_eq!([say(0), say(0), say(1)], [Ok(()); 3]);
    assert_eq!([say(1), say(999)], [Err(Kind::RateLimited); 2]);
    assert_eq!([say(1000), say(1999), say(2000)], [Ok(()), Err(Kind::RateLimited), Ok(())]);
    // What was refused does not count, and a pause gives the whole burst again.
    assert_eq!(
        [say(9000), say(9000), say(9000), say(9000)],
        [Ok(()), Ok(()), Ok(()), Err(Kind::RateLimited)]
    );
    check(&lobbies, id);
}
