//! Which files refer to which: groups of files that refer to each other, what they refer to first.

/// Returns the strongly connected components of a graph, those that others lead to first: Tarjan's
/// algorithm, without recursion, since a chain of references may be as long as there are files.
///
/// `edges[node]` are the nodes that `node` leads to.
pub(super) fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut search = Search {
        edges,
        index: vec![None; edges.len()],
        low: vec![0; edges.len()],
        is_open: vec![false; edges.len()],
        open: Vec::new(),
        visited: 0,
        found: Vec::new(),
    };
    for node in 0..edges.len() {
        if search.index[node].is_none() {
            search.visit(node);
        }
    }
    search.found
}

struct Search<'g> {
    edges: &'g [Vec<usize>],
    index: Vec<Option<usize>>,
    low: Vec<usize>,
    is_open: Vec<bool>,
    open: Vec<usize>,
    visited: usize,
    found: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn visit(&mut self, root: usize) {
        self.enter(root);
        // Nodes on the way, each with how many of its edges were followed.
        let mut way = vec![(root, 0)];
        while let Some((node, followed)) = way.pop() {
            let Some(&next) = self.edges[node].get(followed) else {
                self.leave(node);
                if let Some(&(before, _)) = way.last() {
                    self.low[before] = self.low[before].min(self.low[node]);
                }
                continue;
            };
            way.push((node, followed + 1));
            match self.index[next] {
                None => {
                    self.enter(next);
                    way.push((next, 0));
                }
                Some(index) if self.is_open[next] => {
                    self.low[node] = self.low[node].min(index);
                }
                Some(_) => {}
            }
        }
    }

    fn enter(&mut self, node: usize) {
        self.index[node] = Some(self.visited);
        self.low[node] = self.visited;
        self.visited += 1;
        self.open.push(node);
        self.is_open[node] = true;
    }

    /// Closes the component of which `node` was the first that was visited.
    fn leave(&mut self, node: usize) {
        if self.index[node] != Some(self.low[node]) {
            return;
        }
        let start = self.open.iter().rposition(|&open| open == node);
        let component = self.open.split_off(start.unwrap_or(0));
        for &member in &component {
            self.is_open[member] = false;
        }
        self.found.push(component);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_referred_to_comes_first() {
        let found = components(&[vec![1, 2], vec![2], vec![]]);

        assert_eq!(found, [vec![2], vec![1], vec![0]]);
    }

    #[test]
    fn files_that_refer_to_each_other_are_together() {
        let mut found = components(&[vec![1], vec![2, 3], vec![0], vec![3]]);
        found.iter_mut().for_each(|group| group.sort_unstable());

        assert_eq!(found, [vec![3], vec![0, 1, 2]]);
    }

    #[test]
    fn a_chain_of_a_hundred_thousand_does_not_overflow() {
        let chain: Vec<Vec<usize>> = (1..=100_000).map(|next| vec![next % 100_000]).collect();

        assert_eq!(components(&chain).len(), 1);
    }
}
