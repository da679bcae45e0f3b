//! Which jobs wait for which, and in what order they can run.

use std::collections::BTreeSet;

/// Jobs that wait for each other: numbered from 0, in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    needs: Vec<Vec<usize>>,
    dependants: Vec<Vec<usize>>,
    order: Vec<usize>,
    /// Of each job its chain and its place in it: jobs that each need just the one before them form chains, so that
    /// long chains are looked through as fast as short ones.
    place: Vec<(usize, usize)>,
    /// Of each chain what its first job needs.
    before: Vec<Vec<usize>>,
}

/// Jobs that wait for each other in a circle: the first one again at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle(pub Vec<usize>);

impl Graph {
    /// A graph, by what each job needs. A need that is no job's number is ignored.
    ///
    /// # Errors
    /// [`Cycle`] when jobs wait for each other.
    pub fn new(needs: Vec<Vec<usize>>) -> Result<Self, Cycle> {
        let jobs = needs.len();
        let needs: Vec<Vec<usize>> = needs
            .into_iter()
            .map(|needs| {
                BTreeSet::from_iter(needs.into_iter().filter(|need| *need < jobs)).into_iter().collect()
            })
            .collect();
        let mut dependants = vec![Vec::new(); jobs];
        for (job, needs) in needs.iter().enumerate() {
            needs.iter().for_each(|need| dependants[*need].push(job));
        }
        let mut graph = Graph { needs, dependants, ..Graph::default() };
        graph.order = graph.sorted()?;
        graph.find_chains();
        Ok(graph)
    }

    /// How many jobs there are.
    pub fn len(&self) -> usize {
        self.needs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.needs.is_empty()
    }

    /// What a job waits for, each once.
    pub fn needs(&self, job: usize) -> &[usize] {
        &self.needs[job]
    }

    /// The jobs that wait for a job.
    pub fn dependants(&self, job: usize) -> &[usize] {
        &self.dependants[job]
    }

    /// The jobs in an order in which they can run: the written one where that is possible.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Whether a job is surely done before another one starts.
    pub fn precedes(&self, first: usize, then: usize) -> bool {
        let (wanted, wanted_at) = self.place[first];
        let mut seen = BTreeSet::new();
        let mut stack = vec![(then, false)];
        while let Some((at, done)) = stack.pop() {
            let (chain, here) = self.place[at];
            if chain == wanted && (wanted_at < here || (done && wanted_at == here)) {
                return true;
            }
            if seen.insert((chain, here)) {
                stack.extend(self.before[chain].iter().map(|need| (*need, true)));
            }
        }
        false
    }

    /// Kahn's order (1962), the earliest written first.
    fn sorted(&self) -> Result<Vec<usize>, Cycle> {
        let mut missing: Vec<usize> = self.needs.iter().map(Vec::len).collect();
        let mut ready: BTreeSet<usize> = (0..self.len()).filter(|job| missing[*job] == 0).collect();
        let mut order = Vec::with_capacity(self.len());
        while let Some(job) = ready.pop_first() {
            order.push(job);
            for dependant in &self.dependants[job] {
                missing[*dependant] -= 1;
                if missing[*dependant] == 0 {
                    ready.insert(*dependant);
                }
            }
        }
        match missing.iter().position(|missing| *missing > 0) {
            None => Ok(order),
            Some(start) => Err(self.cycle(&order, start)),
        }
    }

    /// A circle that is reached from a job that never became ready.
    fn cycle(&self, done: &[usize], start: usize) -> Cycle {
        let done: BTreeSet<usize> = done.iter().copied().collect();
        let mut path = vec![start];
        let mut at = start;
        while let Some(next) = self.needs[at].iter().copied().find(|need| !done.contains(need)) {
            if let Some(first) = path.iter().position(|seen| *seen == next) {
                path.drain(..first);
                path.push(next);
                break;
            }
            path.push(next);
            at = next;
        }
        Cycle(path)
    }

    fn find_chains(&mut self) {
        self.place = vec![(0, 0); self.len()];
        let mut lengths: Vec<usize> = Vec::new();
        for job in &self.order {
            let extended = match self.needs[*job].as_slice() {
                [need] if self.place[*need].1 + 1 == lengths[self.place[*need].0] => {
                    Some(self.place[*need].0)
                }
                _ => None,
            };
            let chain = extended.unwrap_or_else(|| {
                self.before.push(self.needs[*job].clone());
                lengths.push(0);
                lengths.len() - 1
            });
            self.place[*job] = (chain, lengths[chain]);
            lengths[chain] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_order_respects_needs_and_precedence_is_reachability(
            needs in proptest::collection::vec(proptest::collection::vec(0usize..12, 0..3), 12),
        ) {
            // Only earlier jobs, so that there is no circle.
            let needs: Vec<Vec<usize>> = needs
                .into_iter()
                .enumerate()
                .map(|(job, needs)| needs.into_iter().filter(|need| *need < job).collect())
                .collect();
            let graph = Graph::new(needs).unwrap();
            let mut reachable = vec![BTreeSet::new(); graph.len()];
            for job in graph.order() {
                for need in graph.needs(*job) {
                    prop_assert!(graph.order().iter().position(|at| at == need) < graph.order().iter().position(|at| at == job));
                    let far: Vec<usize> = reachable[*need].iter().copied().chain([*need]).collect();
                    reachable[*job].extend(far);
                }
            }
            for (then, before) in reachable.iter().enumerate() {
                for first in 0..graph.len() {
                    prop_assert_eq!(graph.precedes(first, then), before.contains(&first), "{} {}", first, then);
                }
            }
        }
    }

    #[test]
    fn a_circle_is_named() {
        let cycle = Graph::new(vec![vec![], vec![0, 3], vec![1], vec![2]]).unwrap_err();
        assert_eq!(cycle, Cycle(vec![1, 3, 2, 1]));
    }
}
