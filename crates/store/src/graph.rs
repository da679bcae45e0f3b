//! The newest events: heads, and the last event of every replica.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
};

use base::{EventHash, ReplicaId};
use document::event::Header;
use minicbor::{Decoder, Encoder, decode, encode};
use rusqlite::{Connection, params};

use crate::{StoreError, checkpoint::Checkpoint, read::stored_event, schema::Meta};

/// After this many events the graph is saved again, so that opening a store reads at most about as many headers.
pub(crate) const SAVED_EVERY: u64 = 1024;

/// What the next event builds on. Derived from the events alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Graph {
    /// The newest event in local order; 0 when there is none.
    pub(crate) last: u64,
    /// The events that no other event has as a parent.
    pub(crate) heads: BTreeSet<EventHash>,
    /// Of every replica, its newest event: number and hash.
    pub(crate) replicas: BTreeMap<ReplicaId, (u64, EventHash)>,
}

impl Graph {
    /// Takes in the event after `last`.
    pub(crate) fn add(&mut self, hash: EventHash, header: &Header) {
        self.last += 1;
        for parent in &header.parents {
            self.heads.remove(parent);
        }
        self.heads.insert(hash);
        self.replicas.insert(header.replica, (header.sequence, hash));
    }

    /// The number that the next event of this replica gets.
    pub(crate) fn next_sequence(&self, replica: ReplicaId) -> u64 {
        self.replicas.get(&replica).map_or(1, |(sequence, _)| sequence + 1)
    }

    /// Whether this is the newest event of some replica: a cheap way to know that an event is there.
    pub(crate) fn is_tip(&self, hash: EventHash) -> bool {
        self.heads.contains(&hash) || self.replicas.values().any(|(_, tip)| *tip == hash)
    }

    /// The newest event of every replica.
    pub(crate) fn tips(&self) -> impl Iterator<Item = Checkpoint> + '_ {
        self.replicas.iter().map(|(&replica, &(sequence, hash))| Checkpoint { replica, sequence, hash })
    }

    /// Reads the saved graph and takes in the events after it, up to `limit` in local order.
    ///
    /// # Errors
    /// An event after the saved graph that is damaged or missing.
    pub(crate) fn load(connection: &Connection, limit: u64) -> Result<Self, StoreError> {
        let mut graph = match saved(connection)? {
            Some(graph) if graph.last <= limit && has_event(connection, graph.last)? => graph,
            _ => Graph::default(),
        };
        let mut statement = connection.prepare_cached(
            "SELECT ord, hash, header FROM events WHERE ord > ?1 AND ord <= ?2 ORDER BY ord",
        )?;
        let mut rows = statement.query(params![graph.last, limit.min(i64::MAX as u64)])?;
        while let Some(row) = rows.next()? {
            let event = stored_event(row)?;
            if event.ord != graph.last + 1 {
                let what = format!("it follows event {}, the events between are missing", graph.last);
                return Err(StoreError::damaged(format!("event {}", event.ord), what));
            }
            graph.add(event.hash, &event.header);
        }
        Ok(graph)
    }

    /// The bytes of the meta row.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 + 34 * self.heads.len() + 54 * self.replicas.len());
        match self.write(&mut Encoder::new(&mut bytes)) {
            Ok(()) => bytes,
            Err(error) => unreachable!("a vector takes every byte: {error}"),
        }
    }

    fn write(&self, encoder: &mut Encoder<&mut Vec<u8>>) -> Result<(), encode::Error<Infallible>> {
        encoder.array(3)?.u64(self.last)?.array(self.heads.len() as u64)?;
        for head in &self.heads {
            encoder.bytes(&head.0)?;
        }
        encoder.array(self.replicas.len() as u64)?;
        for (replica, (sequence, hash)) in &self.replicas {
            encoder.array(3)?.u64(replica.0)?.u64(*sequence)?.bytes(&hash.0)?;
        }
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<Self, decode::Error> {
        let other_length = |_| decode::Error::message("a byte string of another length");
        let mut decoder = Decoder::new(bytes);
        decoder.array()?;
        let mut graph = Graph { last: decoder.u64()?, ..Graph::default() };
        for _ in 0..decoder.array()?.unwrap_or(0) {
            graph.heads.insert(EventHash(decoder.bytes()?.try_into().map_err(other_length)?));
        }
        for _ in 0..decoder.array()?.unwrap_or(0) {
            decoder.array()?;
            let (replica, sequence) = (ReplicaId(decoder.u64()?), decoder.u64()?);
            let hash = EventHash(decoder.bytes()?.try_into().map_err(other_length)?);
            graph.replicas.insert(replica, (sequence, hash));
        }
        Ok(graph)
    }
}

fn has_event(connection: &Connection, ord: u64) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM events WHERE ord = ?1")?.exists([ord])
}

/// The graph as it was last saved. It can always be derived again, so a damaged one counts as none.
pub(crate) fn saved(connection: &Connection) -> Result<Option<Graph>, StoreError> {
    let bytes = match Meta::Graph.read(connection) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        Err(error @ StoreError::Damaged { .. }) => {
            tracing::warn!(%error, "the newest events are derived from the whole log");
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    Ok(Graph::decode(&bytes).ok())
}
