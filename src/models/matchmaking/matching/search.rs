//! The search from a single vertex: what happens in its tree, in the order of time, until it ends.

use std::cmp::Reverse;

use super::{Edge, End, Event, Label, Matching};

impl Matching<'_> {
    /// Finds a partner for a single vertex, or who is to be single in its place.
    pub(super) fn search(&mut self, root: usize) {
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

    /// Makes a node an inner one.
    pub(super) fn enter(&mut self, node: usize, edge: Edge) {
        self.label.set(node, Label::Inner(edge));
        if node >= self.graph.size {
            self.events.push(Reverse((self.now + self.dual.at(node) / 2, Event::Expand(node))));
        }
    }

    /// Makes a node an outer one.
    pub(super) fn reach(&mut self, node: usize) {
        self.label.set(node, Label::Outer);
        self.leaves(node).into_iter().for_each(|vertex| self.scan(vertex));
    }

    /// Foresees what a new outer vertex leads to.
    pub(super) fn scan(&mut self, vertex: usize) {
        let priced = self.now + self.prices.at(vertex) - self.dual.at(vertex);
        if priced < self.end.0 {
            self.end = (priced, End::Single(vertex));
        }
        (0..self.graph.size).for_each(|other| self.foresee((vertex, other)));
    }

    /// Foresees when an edge of an outer vertex is tight. Nothing after the search's end need be.
    pub(super) fn foresee(&mut self, (from, to): Edge) {
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
}
