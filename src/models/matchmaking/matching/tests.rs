use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

impl Matching<'_> {
    /// Checks what the module promises: the duals prove that no matching is cheaper.
    fn validate(&self) {
        let size = self.graph.size;
        let around = |vertex: usize| {
            std::iter::successors(self.parent.at(vertex), |node| self.parent.at(*node)).collect::<Vec<_>>()
        };
        for vertex in 0..size {
            assert!(self.dual.at(vertex) <= self.prices.at(vertex));
            match self.mate.at(vertex) {
                Some(mate) => assert_eq!(self.mate.at(mate), Some(vertex)),
                None => assert_eq!(self.dual.at(vertex), self.prices.at(vertex)),
            }
            for other in 0..vertex {
                let Some(cost) = self.graph.cost(vertex, other) else {
                    assert_ne!(self.mate.at(vertex), Some(other));
                    continue;
                };
                let others = around(other);
                let shared: i64 = around(vertex)
                    .iter()
                    .filter(|blossom| others.contains(blossom))
                    .map(|blossom| self.dual.at(*blossom))
                    .sum();
                let slack = cost + shared - self.dual.at(vertex) - self.dual.at(other);
                assert!(slack >= 0);
                assert!(slack == 0 || self.mate.at(vertex) != Some(other));
            }
        }
        for blossom in size..self.dual.0.len() {
            let leaves = self.leaves(blossom);
            if self.cycles[blossom].is_empty() {
                continue;
            }
            assert!(self.dual.at(blossom) >= 0);
            let within = |v: &&usize| self.mate.at(**v).is_some_and(|mate| leaves.contains(&mate));
            assert_eq!(leaves.iter().filter(within).count(), leaves.len() - 1);
        }
    }
}

fn solve(graph: &Graph, prices: &[i64]) -> Vec<Option<usize>> {
    let mut matching = Matching::new(graph, prices);
    for root in 0..graph.size {
        matching.search(root);
    }
    matching.validate();
    assert_eq!(matching.mate.0, cheapest(graph, prices));
    matching.mate.0
}

fn total(graph: &Graph, prices: &[i64], mate: &[Option<usize>]) -> i64 {
    let each = mate.iter().enumerate().map(|(vertex, mate)| match mate {
        Some(mate) => graph.cost(vertex, *mate).unwrap() / 2,
        None => 2 * prices[vertex],
    });
    each.sum::<i64>() / 2
}

/// The least cost over all matchings of the vertices from `from` on that are free.
fn least(graph: &Graph, prices: &[i64], free: &mut Vec<usize>) -> i64 {
    let Some(vertex) = free.pop() else { return 0 };
    let mut best = prices[vertex] + least(graph, prices, free);
    for at in 0..free.len() {
        if let Some(cost) = graph.cost(vertex, free[at]) {
            let other = free.remove(at);
            best = best.min(cost / 2 + least(graph, prices, free));
            free.insert(at, other);
        }
    }
    free.push(vertex);
    best
}

fn any_graph(sizes: std::ops::Range<usize>) -> impl Strategy<Value = (Graph, Vec<i64>)> {
    (sizes, 1..60i64, 1..120i64, 1..10u32, any::<u64>()).prop_map(|(size, costs, prices, odds, mut seed)| {
        let mut below = |bound: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % bound
        };
        let mut graph = Graph::new(size);
        for one in 0..size {
            for other in 0..one {
                if below(10) < u64::from(odds) {
                    graph.join(one, other, below(costs as u64) as i64);
                }
            }
        }
        let prices = (0..size).map(|_| below(prices as u64) as i64).collect();
        (graph, prices)
    })
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.costs.chunks(self.size.max(1)).try_for_each(|row| writeln!(out, "{row:?}"))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_cheaper_among_all_matchings_of_a_few((graph, prices) in any_graph(0..10)) {
        let mate = solve(&graph, &prices);
        let best = least(&graph, &prices, &mut (0..graph.size).collect());
        prop_assert_eq!(total(&graph, &prices, &mate), best);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn duals_prove_it_for_many((graph, prices) in any_graph(10..70)) {
        solve(&graph, &prices);
    }
}

#[test]
fn a_graph_of_nothing_and_a_graph_without_edges() {
    assert_eq!(solve(&Graph::new(0), &[]), []);
    assert_eq!(solve(&Graph::new(3), &[5, 0, 7]), [None; 3]);
}

#[test]
fn who_is_cheaper_alone_stays_alone() {
    let mut graph = Graph::new(2);
    graph.join(0, 1, 10);
    assert_eq!(solve(&graph, &[4, 5]), [None, None]);
    assert_eq!(solve(&graph, &[5, 6]), [Some(1), Some(0)]);
}
