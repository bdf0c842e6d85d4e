//! Pairs that are chosen for all together: what [`Pairing::Optimal`] promises, held against all the ways there are.

use super::*;

/// A way to pair tickets, and how good it is: the numbers of the matched ones, the oldest first, and what it costs.
struct Way {
    matched: Vec<usize>,
    cost: i64,
}

fn cost(rules: &Rules, a: &Ticket, b: &Ticket) -> i64 {
    let seconds = (a.created - b.created).abs() as f64 / 1000.0;
    (((a.rating() - b.rating()).abs() + rules.age_bonus * seconds) * 1e6).round() as i64
}

fn can_play(rules: &Rules, a: &Ticket, b: &Ticket) -> bool {
    may_meet(rules, a, b) && share_a_region(rules, &[a, b]) && best_split(rules, &[a, b]).is_some()
}

/// All ways to pair tickets that are in the order of their age.
fn ways(rules: &Rules, tickets: &[&Ticket]) -> Vec<Way> {
    fn extend(rules: &Rules, tickets: &[&Ticket], free: &[usize], way: Way, ways: &mut Vec<Way>) {
        let Some((first, others)) = free.split_first() else { return ways.push(way) };
        for other in others {
            let (a, b) = (tickets[*first], tickets[*other]);
            if can_play(rules, a, b) {
                let rest: Vec<usize> = others.iter().copied().filter(|at| at != other).collect();
                let matched = way.matched.iter().copied().chain([*first, *other]).collect();
                extend(rules, tickets, &rest, Way { matched, cost: way.cost + cost(rules, a, b) }, ways);
            }
        }
        extend(rules, tickets, others, way, ways);
    }
    let (all, mut ways): (Vec<_>, _) = ((0..tickets.len()).collect(), Vec::new());
    extend(rules, tickets, &all, Way { matched: Vec::new(), cost: 0 }, &mut ways);
    ways.iter_mut().for_each(|way| way.matched.sort_unstable());
    ways
}

fn by_age(tickets: &[Ticket]) -> Vec<&Ticket> {
    let mut sorted: Vec<&Ticket> = tickets.iter().filter(|ticket| !ticket.is_overdue(NOW)).collect();
    sorted.sort_by_key(|ticket| (ticket.created, ticket.id));
    sorted
}

/// The pairs of an outcome as a way.
fn made(rules: &Rules, tickets: &[&Ticket], outcome: &Outcome) -> Way {
    let mut way = Way { matched: Vec::new(), cost: 0 };
    for ids in ids(outcome) {
        let pair: Vec<usize> = (0..tickets.len()).filter(|at| ids.contains(&tickets[*at].id)).collect();
        assert!(can_play(rules, tickets[pair[0]], tickets[pair[1]]));
        way.cost += cost(rules, tickets[pair[0]], tickets[pair[1]]);
        way.matched.extend(pair);
    }
    way.matched.sort_unstable();
    way
}

fn pairs() -> impl Strategy<Value = (Rules, Vec<Ticket>)> {
    let shape = prop::sample::select(vec![(2, 1), (1, 2)]);
    (any_rules(), shape, any_tickets(9)).prop_map(|(mut rules, (teams, team_size), mut tickets)| {
        (rules.teams, rules.team_size, rules.pairing) = (teams, team_size, Pairing::Optimal);
        if !rules.roles.is_empty() {
            let roles = [("healer".to_owned(), team_size - 1), ("tank".to_owned(), 1)];
            rules.roles = roles.into_iter().filter(|(_, slots)| *slots > 0).collect();
        }
        tickets.iter_mut().for_each(|ticket| ticket.party.truncate(1));
        (rules, tickets)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    /// As many matches as there can be; the oldest that can be matched are; nothing cheaper does as much.
    #[test]
    fn pairs_are_those_of_an_oracle((rules, tickets) in pairs()) {
        let sorted = by_age(&tickets);
        let made = made(&rules, &sorted, &decide(&rules, &tickets, &[]));
        let ways = ways(&rules, &sorted);
        prop_assert_eq!(made.matched.len(), ways.iter().map(|way| way.matched.len()).max().unwrap());
        // Of two sets as large the one with the older tickets is the lesser list.
        let oldest = ways.iter().filter(|way| way.matched.len() == made.matched.len()).map(|way| &way.matched).min();
        prop_assert_eq!(Some(&made.matched), oldest);
        let least = ways.iter().filter(|way| way.matched == made.matched).map(|way| way.cost).min();
        prop_assert_eq!(Some(made.cost), least);
    }
}

/// Quartets of which a greedy choice makes one match, and there can be two: the oldest two are in the middle.
fn quartets(count: u64) -> Vec<Ticket> {
    let places = [(10.0, 5_000), (11.0, 5_000), (8.0, 1_000), (13.0, 1_000)];
    let ticket = |quartet: u64, at: usize| {
        let (mu, waited) = places[at];
        ticket(4 * quartet + at as u64, &[mu + 100.0 * quartet as f64], waited)
    };
    (0..count).flat_map(|quartet| (0..4).map(move |at| ticket(quartet, at))).collect()
}

#[test]
fn two_hundred_are_paired_together_and_more_greedily() {
    let rules =
        Rules { window: Window { growth: 0.0, sigma_weight: 0.0, ..Window::default() }, ..rules(2, 1) };
    let mut tickets = quartets(50);
    assert_eq!(decide(&rules, &tickets, &[]).matches.len(), 100);
    let greedy = Rules { pairing: Pairing::Greedy, ..rules.clone() };
    assert_eq!(decide(&greedy, &tickets, &[]).matches.len(), 50);
    tickets.push(ticket(900, &[-1000.0], 0));
    assert_eq!(decide(&rules, &tickets, &[]).matches.len(), 50);
    // Who has other keys is not among them, nor who is overdue.
    tickets[200].keys = [("mode".to_owned(), "ctf".to_owned())].into();
    assert_eq!(decide(&rules, &tickets, &[]).matches.len(), 100);
    tickets[200].keys.clear();
    tickets[200].deadline = NOW;
    assert_eq!(decide(&rules, &tickets, &[]).matches.len(), 100);
}

#[test]
fn the_oldest_is_matched_however_near_others_are_to_each_other() {
    let tickets = [ticket(1, &[14.0], 9_000), ticket(2, &[10.0], 2_000), ticket(3, &[10.0], 1_000)];
    let wide = Window { start: 5.0, ..Window::default() };
    let rules = Rules { window: wide, ..rules(2, 1) };
    assert_eq!(ids(&decide(&rules, &tickets, &[])), [[1, 2].into()]);
}

#[test]
fn a_bonus_pairs_the_old_with_the_old() {
    let tickets = [
        ticket(1, &[10.0], 9_000),
        ticket(2, &[10.4], 1_000),
        ticket(3, &[10.9], 9_000),
        ticket(4, &[11.3], 1_000),
    ];
    let mut rules = rules(2, 1);
    assert_eq!(ids(&decide(&rules, &tickets, &[])), [[1, 2].into(), [3, 4].into()]);
    rules.age_bonus = 0.1;
    assert_eq!(ids(&decide(&rules, &tickets, &[])), [[1, 3].into(), [2, 4].into()]);
}

#[test]
fn matches_under_way_take_their_players_before_pairs_are_chosen() {
    let tickets = [ticket(1, &[10.0], 9_000), ticket(2, &[10.5], 5_000), ticket(3, &[11.0], 1_000)];
    let outcome = decide(&rules(2, 1), &tickets, &[backfill(&[&[10.0], &[]])]);
    assert_eq!(outcome.matches[0].backfill, Some(5));
    assert_eq!(ids(&outcome), [[1].into(), [2, 3].into()]);
}

#[test]
fn costs_beyond_all_bounds_still_give_pairs() {
    let mut tickets =
        [ticket(1, &[1e6], 0), ticket(2, &[-1e6], 0), ticket(3, &[1e6], 0), ticket(4, &[0.0], 0)];
    tickets[0].created = i64::MIN;
    tickets[1].created = i64::MAX;
    let boundless = Window { start: 1e6, cap: 1e6, late_after: 0.0, late_growth: 1e6, ..Window::default() };
    let rules = Rules { window: boundless, policy: Policy::Older, age_bonus: 1e6, ..rules(2, 1) };
    let outcome = decide(&rules, &tickets, &[]);
    assert_eq!(outcome.matches.len(), 2);
    assert_eq!(ids(&outcome).into_iter().flatten().collect::<BTreeSet<_>>(), [1, 2, 3, 4].into());
}
