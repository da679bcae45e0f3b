//! The rows of a list, and what changes from one state of it to the next.

/// A value in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text.
    Text(String),
    /// Yes or no.
    Flag(bool),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(text)
    }
}

/// A row: its values in the order of the list's roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What tells it from all others of the list.
    pub key: String,
    /// Its values.
    pub cells: Vec<Cell>,
}

/// A step from one state of a list to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// These rows go.
    Remove {
        /// The first of them.
        first: usize,
        /// How many.
        count: usize,
    },
    /// These rows come before the row that is at this place.
    Insert {
        /// Where the first of them will be.
        first: usize,
        /// The rows.
        rows: Vec<Row>,
    },
    /// A row has other values.
    Change {
        /// Its place.
        at: usize,
        /// The row.
        row: Row,
    },
}

/// The steps from one state to another: rows at both ends that stay are left alone.
pub fn steps(from: &[Row], to: &[Row]) -> Vec<Step> {
    let same = |(a, b): &(&Row, &Row)| a.key == b.key;
    let head = from.iter().zip(to).take_while(same).count();
    let tail = from[head..].iter().rev().zip(to[head..].iter().rev()).take_while(same).count();
    let (gone, come) = (from.len() - head - tail, &to[head..to.len() - tail]);
    let mut steps = Vec::new();
    if gone > 0 {
        steps.push(Step::Remove { first: head, count: gone });
    }
    if !come.is_empty() {
        steps.push(Step::Insert { first: head, rows: come.to_vec() });
    }
    let kept =
        (0..head).map(|at| (at, at)).chain((0..tail).rev().map(|i| (from.len() - 1 - i, to.len() - 1 - i)));
    let changed = kept.filter(|(old, new)| from[*old] != to[*new]);
    steps.extend(changed.map(|(_, new)| Step::Change { at: new, row: to[new].clone() }));
    steps
}

/// Takes one step.
pub fn take(rows: &mut Vec<Row>, step: Step) {
    match step {
        Step::Remove { first, count } => drop(rows.drain(first..first + count)),
        Step::Insert { first, rows: new } => drop(rows.splice(first..first, new)),
        Step::Change { at, row } => rows[at] = row,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(keys: &[u8]) -> Vec<Row> {
        keys.iter().map(|key| Row { key: (key % 8).to_string(), cells: vec![Cell::Flag(*key > 8)] }).collect()
    }

    proptest! {
        #[test]
        fn the_steps_lead_from_one_state_to_the_other(
            from in proptest::collection::vec(0u8..16, 0..12),
            to in proptest::collection::vec(0u8..16, 0..12),
        ) {
            let (mut rows, to) = (list(&from), list(&to));
            for step in steps(&rows, &to) {
                take(&mut rows, step);
            }
            prop_assert_eq!(rows, to);
        }
    }

    #[test]
    fn one_row_more_is_one_step() {
        let steps = steps(&list(&[1, 2, 4]), &list(&[1, 2, 3, 4]));
        assert_eq!(steps, [Step::Insert { first: 2, rows: list(&[3]) }]);
    }
}
