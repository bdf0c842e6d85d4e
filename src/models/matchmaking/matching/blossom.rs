//! Blossoms: how they are made in a tree and cease to be, and how a new base swaps who is matched in them.

use std::mem::take;

use super::{Edge, Label, Link, Matching, turned};

impl Matching<'_> {
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
    pub(super) fn contract(&mut self, (one, other): Edge) {
        let (mut down, mut up) = (self.path(one), self.path(other));
        let mut apex = None;
        while let (Some(a), Some(b)) = (down.last(), up.last())
            && a.node == b.node
        {
            apex = Some(a.node);
            down.pop();
            up.pop();
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
    pub(super) fn expand(&mut self, blossom: usize, entry: Edge) {
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
    pub(super) fn flip(&mut self, mut vertex: usize, mut partner: Option<usize>) {
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
    pub(super) fn rebase(&mut self, node: usize, vertex: usize) {
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
