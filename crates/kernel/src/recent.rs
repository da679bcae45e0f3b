//! The payloads of the newest events, so that taking back what was just done does not wait until the log has it on disk.

use std::collections::{HashMap, VecDeque};

use base::EventHash;

/// Encoded payloads of events, the newest up to a number of bytes.
#[derive(Debug)]
pub(crate) struct RecentPayloads {
    payloads: HashMap<EventHash, Vec<u8>>,
    /// The oldest first.
    order: VecDeque<EventHash>,
    bytes: usize,
    most_bytes: usize,
}

impl RecentPayloads {
    /// Keeps up to this many bytes of payloads.
    pub fn new(most_bytes: usize) -> Self {
        RecentPayloads { payloads: HashMap::new(), order: VecDeque::new(), bytes: 0, most_bytes }
    }

    /// Whether a payload can be kept at all.
    pub fn fits(&self, payload: &[u8]) -> bool {
        payload.len() <= self.most_bytes
    }

    /// Keeps a payload, and lets go of the oldest ones for which there is no room beside it.
    pub fn keep(&mut self, event: EventHash, payload: Vec<u8>) {
        self.bytes += payload.len();
        if let Some(same) = self.payloads.insert(event, payload) {
            self.bytes -= same.len();
        } else {
            self.order.push_back(event);
        }
        while self.bytes > self.most_bytes
            && let Some(oldest) = self.order.pop_front()
        {
            self.bytes -= self.payloads.remove(&oldest).map_or(0, |payload| payload.len());
        }
    }

    /// The payload of an event, when it is still here.
    pub fn get(&self, event: EventHash) -> Option<&[u8]> {
        self.payloads.get(&event).map(Vec::as_slice)
    }

    /// Lets go of all: after events were taken back, or their content was pruned.
    pub fn clear(&mut self) {
        self.payloads.clear();
        self.order.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(n: u8) -> EventHash {
        EventHash([n; 32])
    }

    #[test]
    fn the_newest_stay_within_the_bound() {
        let mut recent = RecentPayloads::new(100);
        for n in 0..10 {
            recent.keep(event(n), vec![n; 30]);
        }
        let kept: Vec<u8> = (0..10).filter(|n| recent.get(event(*n)).is_some()).collect();
        assert_eq!(kept, [7, 8, 9]);
        recent.keep(event(9), vec![1; 40]);
        assert_eq!((recent.bytes, recent.get(event(9))), (100, Some([1; 40].as_slice())));
        assert!(recent.fits(&[0; 100]) && !recent.fits(&[0; 101]));
        recent.clear();
        assert_eq!((recent.bytes, recent.get(event(9))), (0, None));
    }
}
