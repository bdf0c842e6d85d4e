use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

mod pairing;

const NOW: i64 = 1_000_000;

fn seeker(player: &str, mu: f64) -> Seeker {
    Seeker { player: player.to_owned(), mu, sigma: 2.0, role: None }
}

/// A ticket of players "id.0", "id.1", ..., that waits since `waited_ms`.
fn ticket(id: u64, mus: &[f64], waited_ms: i64) -> Ticket {
    let party = mus.iter().enumerate().map(|(at, mu)| seeker(&format!("{id}.{at}"), *mu)).collect();
    Ticket { id, party, created: NOW - waited_ms, ..Ticket::default() }
}

fn decide(rules: &Rules, tickets: &[Ticket], backfills: &[Backfill]) -> Outcome {
    run(rules, &tickets.iter().collect::<Vec<_>>(), &backfills.iter().collect::<Vec<_>>(), 7, NOW)
}

fn ids(outcome: &Outcome) -> Vec<BTreeSet<u64>> {
    outcome.matches.iter().map(|made| made.teams.iter().flatten().copied().collect()).collect()
}

fn rules(teams: usize, team_size: usize) -> Rules {
    Rules { teams, team_size, ..Rules::default() }
}

/// The hard rules once more, straight from their description.
fn may_meet(rules: &Rules, a: &Ticket, b: &Ticket) -> bool {
    let width = |t: &Ticket| rules.window.width(NOW - t.created, t.sigma());
    let reach = match rules.policy {
        Policy::Mutual => width(a).min(width(b)),
        Policy::Older if (a.created, a.id) < (b.created, b.id) => width(a),
        Policy::Older => width(b),
    };
    let admits = |one: &Ticket, other: &Ticket| {
        one.filters.iter().all(|filter| filter.admits(&other.attributes))
            && other.party.iter().all(|seeker| !one.blocked.contains(&seeker.player))
    };
    (a.rating() - b.rating()).abs() <= reach && a.keys == b.keys && admits(a, b) && admits(b, a)
}

fn share_a_region(rules: &Rules, tickets: &[&Ticket]) -> bool {
    let near = |ticket: &&Ticket, region: &String| {
        ticket.latencies.is_empty()
            || ticket.latencies.get(region).is_some_and(|ms| *ms <= rules.max_latency_ms)
    };
    let mut regions = tickets.iter().flat_map(|ticket| ticket.latencies.keys()).peekable();
    regions.peek().is_none() || regions.any(|region| tickets.iter().all(|ticket| near(ticket, region)))
}

/// The unevenness of the best way to lay tickets into teams, of all ways there are.
fn best_split(rules: &Rules, tickets: &[&Ticket]) -> Option<f64> {
    let ways = rules.teams.pow(tickets.len() as u32);
    let unevenness = (0..ways).filter_map(|way| {
        let mut teams = vec![Vec::new(); rules.teams];
        for (at, ticket) in tickets.iter().enumerate() {
            teams[way / rules.teams.pow(at as u32) % rules.teams].extend(ticket.party.iter());
        }
        let fits = |team: &Vec<&Seeker>| {
            let insisting =
                |role: &String| team.iter().filter(|seeker| seeker.role.as_ref() == Some(role)).count();
            team.len() == rules.team_size && rules.roles.iter().all(|(role, slots)| insisting(role) <= *slots)
        };
        let mean = |team: &Vec<&Seeker>| team.iter().map(|seeker| seeker.mu).sum::<f64>() / team.len() as f64;
        let spread = |team: &Vec<&Seeker>| {
            let variance =
                team.iter().map(|seeker| (seeker.mu - mean(team)).powi(2)).sum::<f64>() / team.len() as f64;
            variance.sqrt()
        };
        let gap = |figure: &dyn Fn(&Vec<&Seeker>) -> f64| {
            let figures: Vec<f64> = teams.iter().map(figure).collect();
            figures.iter().copied().fold(f64::MIN, f64::max)
                - figures.iter().copied().fold(f64::MAX, f64::min)
        };
        teams.iter().all(fits).then(|| gap(&mean) + gap(&spread) / 2.0)
    });
    unevenness.min_by(f64::total_cmp)
}

/// The score of a set of tickets; None when it is no legal match.
fn score(rules: &Rules, tickets: &[&Ticket]) -> Option<f64> {
    let pairs = tickets.iter().all(|a| tickets.iter().all(|b| a.id == b.id || may_meet(rules, a, b)));
    let players: usize = tickets.iter().map(|ticket| ticket.party.len()).sum();
    if !pairs || players != rules.players() || !share_a_region(rules, tickets) {
        return None;
    }
    let ratings: Vec<f64> = tickets.iter().map(|ticket| ticket.rating()).collect();
    let width =
        ratings.iter().copied().fold(f64::MIN, f64::max) - ratings.iter().copied().fold(f64::MAX, f64::min);
    let oldest = tickets.iter().map(|ticket| ticket.created).min().unwrap();
    let younger: f64 = tickets.iter().map(|ticket| (ticket.created - oldest) as f64 / 1000.0).sum();
    let partners = (tickets.len() - 1).max(1) as f64;
    Some((width + best_split(rules, tickets)?) / 2.0 + rules.age_bonus * younger / partners)
}

/// The best score of a match with `oldest`, over all sets there are.
fn best_match(rules: &Rules, oldest: &Ticket, others: &[&Ticket]) -> Option<f64> {
    let sets = (0..1_u32 << others.len()).filter_map(|set| {
        let chosen =
            others.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1).map(|(_, ticket)| *ticket);
        score(rules, &chosen.chain([oldest]).collect::<Vec<_>>())
    });
    sets.min_by(f64::total_cmp)
}

fn any_ticket(id: u64) -> impl Strategy<Value = Ticket> {
    let role = prop_oneof![3 => Just(None), 1 => Just(Some("tank".to_owned())), 1 => Just(Some("healer".to_owned()))];
    let party = prop::collection::vec((0..40i32, role), 1..3);
    let region = || prop::option::weighted(0.7, 10..400u32);
    let filter = prop_oneof![
        6 => Just(None),
        1 => (0..3i32).prop_map(|level| Some(Test::AtLeast(f64::from(level)))),
        1 => (0..3i32).prop_map(|level| Some(Test::NotEqual(Scalar::Number(f64::from(level))))),
    ];
    let blocked = prop::option::weighted(0.3, 0..8u64);
    (party, 0..90_000i64, (0..10u32, 0..3i32), filter, (region(), region()), blocked, 0..20u32).prop_map(
        move |(party, waited, (key, level), filter, (eu, us), blocked, overdue)| {
            let mus: Vec<f64> = party.iter().map(|(mu, _)| f64::from(*mu) / 2.0).collect();
            let mut ticket = ticket(id, &mus, waited);
            ticket.party.iter_mut().zip(party).for_each(|(seeker, (_, role))| seeker.role = role);
            ticket.keys = [("mode".to_owned(), if key == 0 { "ctf" } else { "dm" }.to_owned())].into();
            ticket.attributes = [("level".to_owned(), Scalar::Number(f64::from(level)))].into();
            ticket.filters =
                filter.map(|test| Filter { key: "level".to_owned(), test }).into_iter().collect();
            let latency = |name: &str, ms: Option<u32>| ms.map(|ms| (name.to_owned(), ms));
            ticket.latencies = latency("eu", eu).into_iter().chain(latency("us", us)).collect();
            ticket.blocked =
                blocked.filter(|other| *other != id).map(|other| format!("{other}.0")).into_iter().collect();
            ticket.deadline = if overdue == 0 { NOW } else { 0 };
            ticket
        },
    )
}

fn any_tickets(most: u64) -> impl Strategy<Value = Vec<Ticket>> {
    (0..=most).prop_flat_map(|count| (0..count).map(any_ticket).collect::<Vec<_>>())
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let shape = prop::sample::select(vec![(2, 1), (2, 2), (2, 3), (3, 1), (3, 2), (1, 2), (4, 1)]);
    (shape, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |((teams, team_size), older, bonus, roles, greedy)| {
            let mut rules = rules(teams, team_size);
            rules.pairing = if greedy { Pairing::Greedy } else { Pairing::Optimal };
            rules.policy = if older { Policy::Older } else { Policy::Mutual };
            rules.age_bonus = if bonus { 0.05 } else { 0.0 };
            if roles && team_size == 2 {
                rules.roles = [("healer".to_owned(), 1), ("tank".to_owned(), 1)].into();
            } else if roles {
                rules.roles = [("healer".to_owned(), 0), ("tank".to_owned(), team_size)].into();
            }
            rules
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    /// Every decision is the best there is for the oldest ticket that can be matched, and none that can be is left.
    #[test]
    fn decisions_are_those_of_an_oracle(rules in any_rules(), tickets in any_tickets(8)) {
        let rules = Rules { pairing: Pairing::Greedy, ..rules };
        let fits = |ticket: &&Ticket| ticket.party.len() <= rules.team_size;
        let tickets: Vec<Ticket> = tickets.iter().filter(fits).cloned().collect();
        let outcome = decide(&rules, &tickets, &[]);
        let overdue: Vec<u64> = tickets.iter().filter(|ticket| ticket.is_overdue(NOW)).map(|t| t.id).collect();
        prop_assert_eq!(&outcome.expired, &overdue);

        let mut left: Vec<&Ticket> = tickets.iter().filter(|ticket| !ticket.is_overdue(NOW)).collect();
        left.sort_by_key(|ticket| (ticket.created, ticket.id));
        let mut made = outcome.matches.iter().zip(ids(&outcome));
        while !left.is_empty() {
            let oldest = left.remove(0);
            let Some(best) = best_match(&rules, oldest, &left) else { continue };
            let (proposal, members) = made.next().expect("a match was missed");
            prop_assert!(members.contains(&oldest.id), "{} waits longest: {:?}", oldest.id, proposal);
            let chosen: Vec<&Ticket> = left.iter().copied().filter(|t| members.contains(&t.id)).chain([oldest]).collect();
            prop_assert_eq!(chosen.len(), members.len(), "a ticket is in two matches");
            let found = score(&rules, &chosen);
            prop_assert!(found.is_some_and(|found| (found - best).abs() < 1e-9), "{found:?}, best is {best}");
            let teams: Vec<Vec<&Ticket>> = proposal
                .teams
                .iter()
                .map(|team| team.iter().map(|id| *chosen.iter().find(|t| t.id == *id).unwrap()).collect())
                .collect();
            prop_assert!(legal::obeys(&rules, NOW, None, &teams));
            left.retain(|ticket| !members.contains(&ticket.id));
        }
        prop_assert!(made.next().is_none());
    }

    /// The same tickets in any order, the same seed and time: the same outcome to the last bit.
    #[test]
    fn the_order_of_the_input_does_not_matter(
        rules in any_rules(),
        (tickets, shuffled) in any_tickets(40).prop_flat_map(|t| (Just(t.clone()), Just(t).prop_shuffle())),
    ) {
        let outcome = decide(&rules, &tickets, &[]);
        prop_assert_eq!(&outcome, &decide(&rules, &shuffled, &[]));
        let distinct: BTreeSet<u64> = ids(&outcome).into_iter().flatten().collect();
        prop_assert_eq!(distinct.len(), ids(&outcome).iter().map(BTreeSet::len).sum::<usize>());
    }

    /// Matches of more tickets than can be searched exhaustively obey the hard rules too.
    #[test]
    fn large_matches_obey_the_rules(tickets in any_tickets(60), team_size in 4..9usize) {
        let mut rules = rules(2, team_size);
        rules.roles = [("healer".to_owned(), 2), ("tank".to_owned(), team_size - 2)].into();
        rules.window.start = 15.0;
        rules.window.cap = 15.0;
        let outcome = decide(&rules, &tickets, &[]);
        let by_id: BTreeMap<u64, &Ticket> = tickets.iter().map(|ticket| (ticket.id, ticket)).collect();
        let mut seen = BTreeSet::new();
        for made in &outcome.matches {
            let teams: Vec<Vec<&Ticket>> = made.teams.iter().map(|t| t.iter().map(|id| by_id[id]).collect()).collect();
            let members: Vec<&Ticket> = teams.iter().flatten().copied().collect();
            prop_assert!(members.iter().all(|a| seen.insert(a.id) && !a.is_overdue(NOW)));
            prop_assert!(members.iter().all(|a| members.iter().all(|b| a.id == b.id || may_meet(&rules, a, b))));
            prop_assert!(share_a_region(&rules, &members));
            for team in &teams {
                let players: Vec<&Seeker> = team.iter().flat_map(|ticket| &ticket.party).collect();
                let healers = players.iter().filter(|s| s.role.as_deref() == Some("healer")).count();
                prop_assert!(players.len() == team_size && healers <= 2);
            }
        }
    }
}

#[test]
fn the_oldest_chooses_first_and_takes_the_nearest() {
    let tickets = [
        ticket(1, &[10.0], 5_000),
        ticket(2, &[12.0], 9_000),
        ticket(3, &[11.5], 1_000),
        ticket(4, &[9.0], 1_000),
    ];
    let rules = Rules { pairing: Pairing::Greedy, ..rules(2, 1) };
    assert_eq!(ids(&decide(&rules, &tickets, &[])), [[2, 3].into(), [1, 4].into()]);
}

#[test]
fn windows_are_mutual_or_of_the_older() {
    let pair = [ticket(1, &[10.0], 60_000), ticket(2, &[18.0], 0)];
    let mut rules = rules(2, 1);
    assert_eq!(decide(&rules, &pair, &[]).matches, []);
    rules.policy = Policy::Older;
    assert_eq!(ids(&decide(&rules, &pair, &[])), [[1, 2].into()]);
}

#[test]
fn windows_grow_as_described() {
    let window = Window::default();
    assert_eq!(window.width(0, 0.0), 3.0);
    assert_eq!(window.width(10_000, 0.0), 5.0);
    assert_eq!(window.width(60_000, 0.0), 10.0);
    assert_eq!(window.width(160_000, 2.0), 10.0 + 10.0 + 1.0);
    assert_eq!(window.width(-5, 0.0), 3.0);
}

#[test]
fn the_region_is_best_for_who_has_it_worst() {
    let mut tickets = [ticket(1, &[10.0], 0), ticket(2, &[10.0], 0)];
    tickets[0].latencies = [("eu".to_owned(), 20), ("us".to_owned(), 90)].into();
    tickets[1].latencies = [("eu".to_owned(), 150), ("us".to_owned(), 80), ("asia".to_owned(), 5)].into();
    assert_eq!(decide(&rules(2, 1), &tickets, &[]).matches[0].region.as_deref(), Some("us"));
    let strict = Rules { max_latency_ms: 85, ..rules(2, 1) };
    assert_eq!(decide(&strict, &tickets, &[]).matches, []);
}

#[test]
fn a_nearer_party_that_does_not_fit_is_passed_over() {
    let tickets = [ticket(1, &[10.0], 9_000), ticket(2, &[10.0, 10.0], 0), ticket(3, &[11.0], 0)];
    assert_eq!(ids(&decide(&rules(1, 2), &tickets, &[])), [[1, 3].into(), [2].into()]);
}

#[test]
fn a_full_party_far_from_every_region_is_no_match_of_its_own() {
    let mut far = ticket(1, &[10.0, 10.0], 0);
    far.latencies = [("us".to_owned(), 251)].into();
    assert_eq!(decide(&rules(1, 2), &[far.clone()], &[]).matches, []);
    far.latencies = [("us".to_owned(), 250)].into();
    assert_eq!(decide(&rules(1, 2), &[far], &[]).matches.len(), 1);
}

#[test]
fn sides_depend_on_the_seed_alone() {
    let tickets = [ticket(1, &[10.0], 0), ticket(2, &[10.0], 0)];
    let first = |seed: u64| {
        run(&rules(2, 1), &tickets.iter().collect::<Vec<_>>(), &[], seed, NOW).matches[0].teams[0][0]
    };
    let firsts: BTreeSet<u64> = (0..20).map(first).collect();
    assert_eq!(firsts, [1, 2].into());
    assert_eq!(first(3), first(3));
}

fn backfill(teams: &[&[f64]]) -> Backfill {
    let mut player = 0;
    let mut member = |mu: &f64| {
        player += 1;
        seeker(&format!("host.{player}"), *mu)
    };
    let teams = teams.iter().map(|team| team.iter().map(&mut member).collect()).collect();
    Backfill { lobby: 5, teams, created: NOW, ..Backfill::default() }
}

#[test]
fn matches_under_way_are_filled_first() {
    let tickets = [ticket(1, &[10.0], 9_000), ticket(2, &[10.0], 1_000), ticket(3, &[11.0], 0)];
    let rules = rules(2, 2);
    let outcome = decide(&rules, &tickets, &[backfill(&[&[10.0, 10.0], &[10.0]])]);
    assert_eq!(outcome.matches.len(), 1);
    let made = &outcome.matches[0];
    assert_eq!((made.backfill, &made.teams), (Some(5), &vec![vec![], vec![1]]));
    let full = decide(&rules, &tickets, &[backfill(&[&[10.0, 10.0], &[10.0, 10.0]])]);
    assert_eq!(full.matches, []);
}

#[test]
fn a_match_under_way_keeps_its_rules() {
    let mut blocked = ticket(1, &[10.0], 9_000);
    blocked.blocked = ["host.1".to_owned()].into();
    let mut elsewhere = ticket(2, &[10.0], 9_000);
    elsewhere.latencies = [("us".to_owned(), 10)].into();
    let tickets =
        [blocked, elsewhere, ticket(3, &[10.0, 10.0], 0), ticket(4, &[99.0], 0), ticket(5, &[11.0], 0)];
    let mut host = backfill(&[&[10.0, 10.0], &[10.0]]);
    host.region = Some("eu".to_owned());
    let outcome = decide(&rules(2, 2), &tickets, &[host]);
    assert_eq!(outcome.matches[0].teams, vec![vec![], vec![5]]);
    assert_eq!(outcome.matches[0].region.as_deref(), Some("eu"));
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }

    /// About normal around 25 with a deviation of 8.
    fn rating(&mut self) -> f64 {
        25.0 + 8.0 * ((0..12).map(|_| self.unit()).sum::<f64>() - 6.0)
    }
}

/// Half an hour of one arrival a second, most near the mean, some far out, and what became of them.
fn simulate(policy: Policy, pairing: Pairing) -> (Vec<Sample>, Vec<Ticket>) {
    let rules = Rules { policy, pairing, ..rules(2, 1) };
    let (mut numbers, mut waiting, mut samples) = (Numbers(1), Vec::<Ticket>::new(), Vec::new());
    for second in 0..1800 {
        let now = NOW + second * 1000;
        let far = if second % 97 == 0 { 40.0 } else { 0.0 };
        let mut new = ticket(second as u64, &[numbers.rating() + far], 0);
        new.created = now;
        waiting.push(new);
        let outcome = run(&rules, &waiting.iter().collect::<Vec<_>>(), &[], second as u64, now);
        let matched: BTreeSet<u64> = ids(&outcome).into_iter().flatten().collect();
        waiting.retain(|ticket| {
            let is_matched = matched.contains(&ticket.id);
            if is_matched {
                samples.push(Sample {
                    rating: ticket.rating(),
                    waited_ms: now - ticket.created,
                    matched: true,
                });
            }
            !is_matched
        });
    }
    (samples, waiting)
}

#[test]
fn nobody_starves_when_the_older_window_counts() {
    for pairing in [Pairing::Optimal, Pairing::Greedy] {
        let (samples, waiting) = simulate(Policy::Older, pairing);
        let report = report(samples, &[]);
        // The far ones are 40 beyond the mean: the late growth of 0.1 a second bridges that in 400 s.
        let longest = report.deciles.iter().map(|decile| decile.wait_max_ms).max().unwrap();
        assert!(longest < 400_000, "{pairing:?}: {report:?}");
        assert!(waiting.iter().all(|ticket| ticket.created > NOW + 1_400_000), "{pairing:?}: {waiting:?}");
        assert!(report.deciles[5].wait_p95_ms < 10_000, "{pairing:?}: {report:?}");
    }
}

#[test]
fn mutual_windows_pair_everyone_once_nobody_new_interferes() {
    for pairing in [Pairing::Optimal, Pairing::Greedy] {
        let (samples, waiting) = simulate(Policy::Mutual, pairing);
        assert!(samples.len() > 1700);
        let rules = Rules { pairing, ..rules(2, 1) };
        let last = NOW + 1_800_000;
        let later = run(&rules, &waiting.iter().collect::<Vec<_>>(), &[], 1, last + 600_000);
        assert_eq!(later.matches.len(), waiting.len() / 2);
    }
}

#[test]
fn tickets_that_can_never_be_matched_are_refused() {
    use crate::error::Kind;
    let kind = |ticket: Ticket| ticket.check(&rules(2, 2)).unwrap_err().kind();
    assert_eq!(kind(ticket(1, &[], 0)), Kind::Invalid);
    assert_eq!(kind(ticket(1, &[1.0; 3], 0)), Kind::TooLarge);
    assert_eq!(kind(ticket(1, &[f64::NAN], 0)), Kind::Invalid);
    let mut twice = ticket(1, &[1.0, 2.0], 0);
    twice.party[1].player = twice.party[0].player.clone();
    assert_eq!(kind(twice), Kind::Invalid);
    let mut role = ticket(1, &[1.0], 0);
    role.party[0].role = Some("bard".to_owned());
    assert_eq!(kind(role), Kind::Invalid);
    let mut own = ticket(1, &[1.0], 0);
    own.blocked = ["1.0".to_owned()].into();
    assert_eq!(kind(own), Kind::Invalid);
    let mut many = ticket(1, &[1.0], 0);
    many.blocked = (0..=MAX_BLOCKED).map(|at| at.to_string()).collect();
    assert_eq!(kind(many), Kind::TooLarge);
    let mut nan = ticket(1, &[1.0], 0);
    nan.filters = vec![Filter { key: "x".to_owned(), test: Test::AtLeast(f64::NAN) }];
    assert_eq!(kind(nan), Kind::Invalid);
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    let refused = [
        rules(0, 5),
        rules(1, 1),
        rules(usize::MAX, usize::MAX),
        rules(100, 100),
        Rules { roles: [("tank".to_owned(), 3)].into(), ..rules(2, 2) },
        Rules { window: Window { growth: f64::NAN, ..Window::default() }, ..rules(2, 2) },
        Rules { window: Window { start: 10.5, ..Window::default() }, ..rules(2, 2) },
        Rules { age_bonus: -1.0, ..rules(2, 2) },
        Rules { accept_ms: -1, ..rules(2, 2) },
    ];
    assert!(refused.iter().all(|rules| rules.check().is_err()));
    let beyond = Window { start: 12.0, cap: 8.0, ..Window::default() };
    let error = Rules { window: beyond, ..rules(2, 1) }.check().unwrap_err();
    assert_eq!(error.kind(), crate::Kind::Invalid);
    assert!(error.to_string().contains("starts at 12 is beyond its cap of 8"), "{error}");
    assert!(serde_json::from_str::<Rules>(r#"{"teems":2}"#).is_err());
    assert!(serde_json::from_str::<Rules>(r#"{"pairing":"best"}"#).is_err());
    assert_eq!(serde_json::from_str::<Rules>("{}").unwrap().pairing, Pairing::Optimal);
    assert_eq!(serde_json::from_str::<Rules>(r#"{"pairing":"greedy"}"#).unwrap().pairing, Pairing::Greedy);
    let parsed: Rules =
        serde_json::from_str(r#"{"team_size":5,"policy":"older","rating":{"system":"glicko2"}}"#).unwrap();
    assert_eq!((parsed.team_size, parsed.policy, parsed.check().is_ok()), (5, Policy::Older, true));
}
