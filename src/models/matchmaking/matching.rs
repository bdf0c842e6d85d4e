//! A matching of the least cost in a graph, where leaving a vertex single has a price too.
//!
//! Edmonds' blossom algorithm in its primal-dual form, after Z. Galil, "Efficient algorithms for finding maximum matching in
//! graphs", ACM Computing Surveys 18 (1986): one tree at a time, the next event from a heap. Every vertex has a dual no larger
//! than its price, and every blossom one no less than 0; an edge's slack is its cost less the duals of its ends, and inside
//! blossoms plus theirs. No slack is negative, edges of the matching have none, and who is done with and single has its
//! price as its dual: that makes the cost the least there is. A search from a single vertex raises the duals of its tree's
//! outer nodes and lowers those of the inner ones until it meets another single vertex, or until an outer vertex is at its
//! price, and becomes the single one.
//!
//! All numbers are integers. Costs count double, so that half of a slack between outer nodes is one too.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem::take;

/// A graph whose edges have costs.
pub(super) struct Graph {
    size: usize,
    /// For each pair in both orders; [`i64::MAX`] without an edge.
    costs: Vec<i64>,
}

impl Graph {
    pub fn new(size: usize) -> Self {
        Self { size, costs: vec![i64::MAX; size * size] }
    }

    /// Makes an edge between two vertices.
    pub fn join(&mut self, a: usize, b: usize, cost: i64) {
        for (from, to) in [(a, b), (b, a)] {
            if let Some(entry) = self.costs.get_mut(from * self.size + to) {
                *entry = 2 * cost;
            }
        }
    }

    fn cost(&self, from: usize, to: usize) -> Option<i64> {
        self.costs.get(from * self.size + to).copied().filter(|cost| *cost != i64::MAX)
    }
}

/// For each vertex its partner, such that the costs of the pairs and the prices of those left single are the least in sum.
/// Sums of two prices or costs are below 2^60; none is negative.
pub(super) fn cheapest(graph: &Graph, prices: &[i64]) -> Vec<Option<usize>> {
    let mut matching = Matching::new(graph, prices);
    (0..graph.size).for_each(|root| matching.search(root));
    matching.mate.0
}

/// Values by number; one that is not there reads as the default.
#[derive(Default)]
struct Table<T>(Vec<T>);

impl<T: Copy + Default> Table<T> {
    fn at(&self, number: usize) -> T {
        self.0.get(number).copied().unwrap_or_default()
    }

    fn set(&mut self, number: usize, value: T) {
        if let Some(entry) = self.0.get_mut(number) {
            *entry = value;
        }
    }
}

/// What a node that is in no blossom is in the tree.
#[derive(Clone, Copy, Default)]
enum Label {
    #[default]
    Unreached,
    /// The root, or reached along an edge of the matching.
    Outer,
    /// Reached along another edge: from a vertex of an outer node to one of its own.
    Inner(Edge),
}

type Edge = (usize, usize);

fn turned((from, to): Edge) -> Edge {
    (to, from)
}

/// A child of a blossom, and the edge to the next one around.
#[derive(Clone, Copy)]
struct Link {
    node: usize,
    out: Edge,
}

/// What happens when the duals have changed by so much.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// An inner blossom's dual is 0.
    Expand(usize),
    /// An edge between outer nodes is tight.
    Meet(Edge),
    /// An edge from an outer node to one that is unreached is tight.
    Grow(Edge),
}

#[derive(Clone, Copy)]
enum End {
    /// An edge to a node with a single vertex is tight.
    Join(Edge),
    /// An outer vertex is at its price.
    Single(usize),
}

/// Nodes are the vertices and, from their number on, blossoms: odd cycles of nodes, matched but for one vertex, the base.
struct Matching<'g> {
    graph: &'g Graph,
    prices: Table<i64>,
    mate: Table<Option<usize>>,
    /// The outermost node around a vertex.
    top: Table<usize>,
    dual: Table<i64>,
    base: Table<usize>,
    /// The blossom around a node.
    parent: Table<Option<usize>>,
    label: Table<Label>,
    /// The children of each blossom, that with the base first; then the second is matched with the third, and so on.
    cycles: Vec<Vec<Link>>,
    /// Numbers of blossoms that are not in use.
    spare: Vec<usize>,

    /// How much the duals have changed in this search.
    now: i64,
    events: BinaryHeap<Reverse<(i64, Event)>>,
    /// The earliest event that reaches a vertex.
    near: Table<i64>,
    end: (i64, End),
}

impl<'g> Matching<'g> {
    fn new(graph: &'g Graph, prices: &[i64]) -> Self {
        let size = graph.size;
        // There are never more blossoms than half the vertices: each has one child more than pairs of its own.
        let nodes = size + size / 2;
        let prices: Vec<i64> = prices.iter().map(|price| 2 * price).collect();
        let nearest = |from: usize| (0..size).filter_map(move |to| graph.cost(from, to)).min();
        let half = |(from, price): (usize, &i64)| nearest(from).map_or(*price, |cost| *price.min(&(cost / 2)));
        let mut dual: Vec<i64> = prices.iter().enumerate().map(half).collect();
        dual.resize(nodes, 0);
        Self {
            graph,
            dual: Table(dual),
            prices: Table(prices),
            mate: Table(vec![None; size]),
            top: Table((0..size).collect()),
            base: Table((0..nodes).collect()),
            parent: Table(vec![None; nodes]),
            label: Table(vec![Label::Unreached; nodes]),
            cycles: vec![Vec::new(); nodes],
            spare: (size..nodes).rev().collect(),
            now: 0,
            events: BinaryHeap::new(),
            near: Table::default(),
            end: (0, End::Single(0)),
        }
    }

    /// Finds a partner for a single vertex, or who is to be single in its place.
    fn search(&mut self, root: usize) {
        let left = self.prices.at(root) - self.dual.at(root);
        if self.mate.at(root).is_some() || left == 0 {
            return;
        }
        (self.now, self.end) = (0, (left, End::Single(root)));
        self.near.0 = vec![i64::MAX; self.graph.size];
        self.label.0.fill(Label::Unreached);
        self.events.clear();
        self.reach(self.top.at(root));
        while let Some(Reverse((time, event))) = self.events.pop() {
            if time >= self.end.0 {
                break;
            }
            self.happen(time, event);
        }
        self.advance(self.end.0);
        match self.end.1 {
            End::Single(vertex) => self.flip(vertex, None),
            End::Join((outer, other)) => {
                self.rebase(self.top.at(other), other);
                self.mate.set(other, Some(outer));
                self.flip(outer, Some(other));
            }
        }
    }

    /// Lets an event happen, unless others have made it void.
    fn happen(&mut self, time: i64, event: Event) {
        match event {
            Event::Grow((from, to)) => {
                let node = self.top.at(to);
                if let Label::Unreached = self.label.at(node)
                    && let Some(mate) = self.mate.at(self.base.at(node))
                {
                    self.advance(time);
                    self.enter(node, (from, to));
                    self.reach(self.top.at(mate));
                }
            }
            Event::Meet((one, other)) if self.top.at(one) != self.top.at(other) => {
                self.advance(time);
                self.contract((one, other));
            }
            Event::Expand(blossom) => {
                if let (Label::Inner(edge), None) = (self.label.at(blossom), self.parent.at(blossom)) {
                    self.advance(time);
                    self.expand(blossom, edge);
                }
            }
            Event::Meet(_) => {}
        }
    }

    /// Changes the duals of the tree.
    fn advance(&mut self, time: i64) {
        let change = time - std::mem::replace(&mut self.now, time);
        if change == 0 {
            return;
        }
        for node in 0..self.dual.0.len() {
            let is_vertex = node < self.graph.size;
            let (top, change) = if is_vertex { (self.top.at(node), change) } else { (node, 2 * change) };
            let dual = self.dual.at(node);
            match self.label.at(top) {
                Label::Outer => self.dual.set(node, dual + change),
                Label::Inner(_) => self.dual.set(node, dual - change),
                Label::Unreached => {}
            }
        }
    }

    fn leaves(&self, node: usize) -> Vec<usize> {
        let (mut leaves, mut nodes) = (Vec::new(), vec![node]);
        while let Some(node) = nodes.pop() {
            match self.cycles.get(node) {
                Some(cycle) if !cycle.is_empty() => nodes.extend(cycle.iter().map(|link| link.node)),
                _ => leaves.push(node),
            }
        }
        leaves
    }

    /// Makes a node an inner one.
    fn enter(&mut self, node: usize, edge: Edge) {
        self.label.set(node, Label::Inner(edge));
        if node >= self.graph.size {
            self.events.push(Reverse((self.now + self.dual.at(node) / 2, Event::Expand(node))));
        }
    }

    /// Makes a node an outer one.
    fn reach(&mut self, node: usize) {
        self.label.set(node, Label::Outer);
        self.leaves(node).into_iter().for_each(|vertex| self.scan(vertex));
    }

    /// Foresees what a new outer vertex leads to.
    fn scan(&mut self, vertex: usize) {
        let priced = self.now + self.prices.at(vertex) - self.dual.at(vertex);
        if priced < self.end.0 {
            self.end = (priced, End::Single(vertex));
        }
        (0..self.graph.size).for_each(|other| self.foresee((vertex, other)));
    }

    /// Foresees when an edge of an outer vertex is tight. Nothing after the search's end need be.
    fn foresee(&mut self, (from, to): Edge) {
        let node = self.top.at(to);
        let Some(cost) = self.graph.cost(from, to).filter(|_| self.top.at(from) != node) else { return };
        let slack = cost - self.dual.at(from) - self.dual.at(to);
        let (time, event) = match self.label.at(node) {
            Label::Unreached => (self.now + slack, Event::Grow((from, to))),
            Label::Outer => (self.now + slack / 2, Event::Meet((from, to))),
            Label::Inner(_) => return,
        };
        if time >= self.end.0 {
            return;
        }
        if let Event::Grow(edge) = event {
            if self.mate.at(self.base.at(node)).is_none() {
                self.end = (time, End::Join(edge));
                return;
            }
            if time >= self.near.at(to) {
                return;
            }
            self.near.set(to, time);
        }
        self.events.push(Reverse((time, event)));
    }

    /// The edge from a node to the one before it in the tree; None for the root.
    fn up(&self, node: usize) -> Option<Edge> {
        match self.label.at(node) {
            Label::Inner(edge) => Some(turned(edge)),
            _ => {
                let base = self.base.at(node);
                self.mate.at(base).map(|mate| (base, mate))
            }
        }
    }

    /// The nodes from that of a vertex up to the root, each with the edge to the next.
    fn path(&self, vertex: usize) -> Vec<Link> {
        let (mut path, mut node) = (Vec::new(), self.top.at(vertex));
        while let Some(out) = self.up(node) {
            path.push(Link { node, out });
            node = self.top.at(out.1);
        }
        path.push(Link { node, out: (vertex, vertex) });
        path
    }

    /// Makes a blossom of the cycle that an edge between outer nodes closes.
    fn contract(&mut self, (one, other): Edge) {
        let (mut down, mut up) = (self.path(one), self.path(other));
        let mut apex = None;
        while let (Some(a), Some(b)) = (down.last(), up.last())
            && a.node == b.node
        {
            apex = Some(a.node);
            (down.pop(), up.pop());
        }
        let (Some(apex), Some(blossom)) = (apex, self.spare.pop()) else { return };
        let mut cycle = Vec::with_capacity(down.len() + up.len() + 1);
        let mut node = apex;
        for link in down.into_iter().rev() {
            cycle.push(Link { node, out: turned(link.out) });
            node = link.node;
        }
        cycle.push(Link { node, out: (one, other) });
        cycle.append(&mut up);

        let mut turned_outer = Vec::new();
        for link in &cycle {
            self.parent.set(link.node, Some(blossom));
            let leaves = self.leaves(link.node);
            leaves.iter().for_each(|vertex| self.top.set(*vertex, blossom));
            if let Label::Inner(_) = self.label.at(link.node) {
                turned_outer.extend(leaves);
            }
            self.label.set(link.node, Label::Unreached);
        }
        self.base.set(blossom, self.base.at(apex));
        self.dual.set(blossom, 0);
        self.label.set(blossom, Label::Outer);
        self.put_cycle(blossom, cycle);
        turned_outer.into_iter().for_each(|vertex| self.scan(vertex));
    }

    /// Makes nodes of their own of the children of an inner blossom: those on the even way from where the tree enters it to
    /// its base stay in the tree, the others leave it.
    fn expand(&mut self, blossom: usize, entry: Edge) {
        let at = self.child(blossom, entry.1);
        let cycle = self.take_cycle(blossom);
        self.label.set(blossom, Label::Unreached);
        self.spare.push(blossom);
        let mut left = Vec::new();
        for link in &cycle {
            self.parent.set(link.node, None);
            for vertex in self.leaves(link.node) {
                self.top.set(vertex, link.node);
                self.near.set(vertex, i64::MAX);
                left.push(vertex);
            }
        }
        let (mut edge, mut outer) = (entry, Vec::new());
        for (step, link) in even_way(&cycle, at).into_iter().enumerate() {
            if step % 2 == 0 {
                self.enter(link.node, edge);
            } else {
                self.label.set(link.node, Label::Outer);
                outer.push(link.node);
                edge = link.out;
            }
        }
        outer.into_iter().for_each(|node| self.reach(node));
        left.retain(|vertex| matches!(self.label.at(self.top.at(*vertex)), Label::Unreached));
        for from in 0..self.graph.size {
            if let Label::Outer = self.label.at(self.top.at(from)) {
                left.iter().for_each(|to| self.foresee((from, *to)));
            }
        }
    }

    /// Swaps who is matched along the tree from an outer vertex up to the root, and gives the vertex its partner.
    fn flip(&mut self, mut vertex: usize, mut partner: Option<usize>) {
        loop {
            let node = self.top.at(vertex);
            let above = self.mate.at(self.base.at(node)).map(|mate| self.top.at(mate));
            self.rebase(node, vertex);
            self.mate.set(vertex, partner);
            let Some(above) = above else { return };
            let Label::Inner((from, to)) = self.label.at(above) else { return };
            self.rebase(above, to);
            self.mate.set(to, Some(from));
            (vertex, partner) = (from, Some(to));
        }
    }

    /// Makes a vertex of a node its base: the one that is free to be matched outside it.
    fn rebase(&mut self, node: usize, vertex: usize) {
        if self.base.at(node) == vertex {
            return;
        }
        let at = self.child(node, vertex);
        let mut cycle = self.take_cycle(node);
        let mut way = even_way(&cycle, at).into_iter();
        if let Some(link) = way.next() {
            self.rebase(link.node, vertex);
        }
        while let (Some(link), Some(next)) = (way.next(), way.next()) {
            let (one, other) = link.out;
            self.rebase(link.node, one);
            self.rebase(next.node, other);
            self.mate.set(one, Some(other));
            self.mate.set(other, Some(one));
        }
        cycle.rotate_left(at);
        self.put_cycle(node, cycle);
        self.base.set(node, vertex);
    }

    /// The place of the child of a blossom that a vertex is in.
    fn child(&self, blossom: usize, vertex: usize) -> usize {
        let mut node = vertex;
        while let Some(parent) = self.parent.at(node).filter(|parent| *parent != blossom) {
            node = parent;
        }
        let cycle = self.cycles.get(blossom).map_or(&[][..], Vec::as_slice);
        cycle.iter().position(|link| link.node == node).unwrap_or(0)
    }

    fn take_cycle(&mut self, blossom: usize) -> Vec<Link> {
        self.cycles.get_mut(blossom).map(take).unwrap_or_default()
    }

    fn put_cycle(&mut self, blossom: usize, cycle: Vec<Link>) {
        if let Some(entry) = self.cycles.get_mut(blossom) {
            *entry = cycle;
        }
    }
}

/// The way around from a child to the one with the base that has an even number of edges: the nodes, each with the edge to
/// the next.
fn even_way(cycle: &[Link], at: usize) -> Vec<Link> {
    if at % 2 == 1 {
        return cycle.iter().skip(at).chain(cycle.first()).copied().collect();
    }
    let back = cycle.iter().take(at).rev().map(|link| turned(link.out)).chain([(0, 0)]);
    cycle.iter().take(at + 1).rev().zip(back).map(|(link, out)| Link { node: link.node, out }).collect()
}

#[cfg(test)]
mod tests {
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
}
