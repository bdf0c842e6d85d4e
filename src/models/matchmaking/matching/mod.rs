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

mod blossom;
mod search;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

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

/// What happens in a search.
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
    /// When each vertex is reached, as far as it is known.
    near: Table<i64>,
    /// When and how the search ends, as far as it is known.
    end: (i64, End),
}

impl<'g> Matching<'g> {
    fn new(graph: &'g Graph, prices: &[i64]) -> Self {
        let size = graph.size;
        // There are never more blossoms than half the vertices: each has one child more than pairs of its own.
        let nodes = size + size / 2;
        let prices: Vec<i64> = prices.iter().map(|price| 2 * price).collect();
        let nearest = |from: usize| (0..size).filter_map(move |to| graph.cost(from, to)).min();
        // No slack is negative: each end has at most half of the cost.
        let half =
            |(from, price): (usize, &i64)| nearest(from).map_or(*price, |cost| *price.min(&(cost / 2)));
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

    /// The vertices in a node.
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
}
