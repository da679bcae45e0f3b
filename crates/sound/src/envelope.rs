//! Values that change over frames.

/// A value at a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Key {
    /// The frame, from 0.
    pub frame: u64,
    /// The value there.
    pub value: f32,
}

/// A value over frames: straight lines between keys, constant before the first and after the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    keys: Vec<Key>,
}

impl Default for Envelope {
    /// One, everywhere.
    fn default() -> Envelope {
        Envelope::constant(1.0)
    }
}

impl Envelope {
    /// `value`, everywhere.
    pub fn constant(value: f32) -> Envelope {
        Envelope { keys: vec![Key { frame: 0, value }] }
    }

    /// Lines between `keys`, which are put in order; of keys at one frame the last given counts from there on, so that two
    /// of them make a step. No keys give zero.
    pub fn new(mut keys: Vec<Key>) -> Envelope {
        keys.sort_by_key(|key| key.frame);
        if let Some(&first) = keys.first()
            && keys.iter().all(|key| key.value == first.value)
        {
            return Envelope::constant(first.value);
        }
        Envelope { keys }
    }

    /// The value, when it is the same everywhere.
    pub fn as_constant(&self) -> Option<f32> {
        match self.keys.as_slice() {
            [] => Some(0.0),
            [key] => Some(key.value),
            _ => None,
        }
    }

    /// The value, when it is the same over the `count` frames from `start`.
    pub fn constant_over(&self, start: u64, count: usize) -> Option<f32> {
        self.as_constant().or_else(|| {
            let next = self.keys.partition_point(|key| key.frame <= start);
            let end = start.saturating_add(count as u64);
            match (next.checked_sub(1).and_then(|before| self.keys.get(before)), self.keys.get(next)) {
                (None, Some(key)) if key.frame >= end => Some(key.value),
                (Some(before), Some(after)) if after.frame >= end && before.value == after.value => {
                    Some(before.value)
                }
                (Some(before), None) => Some(before.value),
                _ => None,
            }
        })
    }

    /// Writes the values of the frames from `start` on.
    pub fn fill(&self, start: u64, values: &mut [f32]) {
        if let Some(value) = self.as_constant() {
            return values.fill(value);
        }
        let mut done = 0;
        let mut frame = start;
        while done < values.len() {
            let next = self.keys.partition_point(|key| key.frame <= frame);
            let before = next.checked_sub(1).and_then(|index| self.keys.get(index));
            let after = self.keys.get(next);
            let room = values.len() - done;
            let count =
                after.map_or(room, |key| usize::try_from(key.frame - frame).unwrap_or(room).min(room));
            let run = &mut values[done..done + count];
            match (before, after) {
                (Some(a), Some(b)) => line(*a, *b, frame, run),
                (Some(key), None) | (None, Some(key)) => run.fill(key.value),
                (None, None) => run.fill(0.0),
            }
            done += count;
            frame += count as u64;
        }
    }
}

/// The line from `a` to `b` at the frames from `frame` on, all of them between the two.
fn line(a: Key, b: Key, frame: u64, values: &mut [f32]) {
    let slope = (f64::from(b.value) - f64::from(a.value)) / (b.frame - a.frame) as f64;
    let first = (frame - a.frame) as f64;
    for (index, value) in values.iter_mut().enumerate() {
        *value = (f64::from(a.value) + slope * (first + index as f64)) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_steps_and_ends() {
        let key = |frame, value| Key { frame, value };
        let envelope = Envelope::new(vec![key(2, 1.0), key(6, 3.0), key(6, 0.0), key(8, 1.0)]);
        let expected = [1.0, 1.0, 1.0, 1.5, 2.0, 2.5, 0.0, 0.5, 1.0, 1.0];
        for start in 0..expected.len() {
            let mut values = vec![9.0; expected.len() - start];
            envelope.fill(start as u64, &mut values);
            assert_eq!(values, expected[start..]);
        }
        assert_eq!(envelope.constant_over(8, 100), Some(1.0));
        assert_eq!(envelope.constant_over(0, 2), Some(1.0));
        assert_eq!(envelope.constant_over(1, 3), None);
    }
}
