//! Merge data with what stands for which node, so that a document can be edited without reading the map of every node.
//!
//! Deterministic CBOR: `[format, [[peer, [counter, id, …]], …], snapshot]`. Earlier versions saved the bare snapshot, which
//! starts with loro's mark and is no CBOR array.

use base::NodeId;
use loro::TreeID;
use minicbor::{Decoder, Encoder, decode::Error};

const FORMAT: u32 = 1;
const BARE: &[u8] = b"loro";

/// A snapshot and what its tree nodes stand for.
#[derive(Debug, PartialEq)]
pub(super) struct SavedMerge<'a> {
    /// Each node once. None for a bare snapshot.
    pub nodes: Option<Vec<(NodeId, TreeID)>>,
    /// loro's own export.
    pub snapshot: &'a [u8],
}

impl<'a> SavedMerge<'a> {
    /// As bytes.
    pub fn encode(self) -> Vec<u8> {
        let Some(mut nodes) = self.nodes else { return self.snapshot.to_vec() };
        nodes.sort_unstable_by_key(|(_, tree)| (tree.peer, tree.counter));
        let mut e = Encoder::new(Vec::with_capacity(self.snapshot.len() + 23 * nodes.len() + 64));
        // Writing to memory cannot fail.
        let _ = write(&mut e, &nodes, self.snapshot);
        e.into_writer()
    }

    /// What [`SavedMerge::encode`] wrote, or a bare snapshot.
    ///
    /// # Errors
    /// When the bytes are damaged or of a later format; the error says where.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.starts_with(BARE) {
            return Ok(SavedMerge { nodes: None, snapshot: bytes });
        }
        let mut d = Decoder::new(bytes);
        d.array()?;
        if d.u32()? > FORMAT {
            return Err(Error::message("merge data of a later format: use a newer version"));
        }
        let mut nodes = Vec::new();
        for _ in 0..d.array()?.unwrap_or(0) {
            d.array()?;
            let peer = d.u64()?;
            for _ in 0..d.array()?.unwrap_or(0) / 2 {
                let counter = d.i32()?;
                let at = d.position();
                let id: [u8; 16] =
                    d.bytes()?.try_into().map_err(|_| Error::message("an id has 16 bytes").at(at))?;
                nodes.push((NodeId::new(u128::from_be_bytes(id)), TreeID::new(peer, counter)));
            }
        }
        Ok(SavedMerge { nodes: Some(nodes), snapshot: d.bytes()? })
    }
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn write(e: &mut Encoder<Vec<u8>>, nodes: &[(NodeId, TreeID)], snapshot: &[u8]) -> Written {
    let peers: Vec<_> = nodes.chunk_by(|a, b| a.1.peer == b.1.peer).collect();
    e.array(3)?.u32(FORMAT)?.array(peers.len() as u64)?;
    for of_peer in peers {
        e.array(2)?.u64(of_peer[0].1.peer)?.array(2 * of_peer.len() as u64)?;
        for (id, tree) in of_peer {
            e.i32(tree.counter)?.bytes(&id.value().to_be_bytes())?;
        }
    }
    e.bytes(snapshot)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merge_data_reads_back_and_damage_is_found() {
        let nodes: Vec<_> =
            (0..50).map(|n| (NodeId::new(n * 7 + 3), TreeID::new(n as u64 / 20, n as i32))).collect();
        let snapshot = b"loro and more".as_slice();
        let shuffled = nodes.iter().rev().copied().collect();
        let bytes = SavedMerge { nodes: Some(shuffled), snapshot }.encode();
        assert_eq!(SavedMerge::decode(&bytes).unwrap(), SavedMerge { nodes: Some(nodes), snapshot });
        assert_eq!(SavedMerge::decode(snapshot).unwrap(), SavedMerge { nodes: None, snapshot });
        assert!((0..bytes.len()).all(|end| SavedMerge::decode(&bytes[..end]).is_err()));
        let mut later = bytes;
        later[1] = 2;
        assert!(SavedMerge::decode(&later).is_err());
    }
}
