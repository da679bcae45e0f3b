//! Why a track cannot be edited as asked.

use base::{Flicks, NodeId};

/// An edit that there is no room or no material for.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EditError {
    /// There is not enough of the file.
    #[error("clip {clip} has {} of its file left {side} it, and {} are needed", shown(.available), shown(.wanted))]
    Material {
        /// The clip.
        clip: NodeId,
        /// Where: "before" or "after".
        side: &'static str,
        /// How much is needed.
        wanted: Flicks,
        /// How much there is, in the time of the track.
        available: Flicks,
    },
    /// Something else is in the way.
    #[error("{} are free {side} {node}, and {} are needed: trim what is there, or let it ripple", shown(.available), shown(.wanted))]
    Room {
        /// The item.
        node: NodeId,
        /// Where: "before" or "after".
        side: &'static str,
        /// How much is needed.
        wanted: Flicks,
        /// How much there is.
        available: Flicks,
    },
    /// An item is too short for a transition.
    #[error("{node} has {} for a transition {side} the cut, and {} are needed", shown(.available), shown(.wanted))]
    Length {
        /// The item.
        node: NodeId,
        /// On which side of the cut: "before" or "after".
        side: &'static str,
        /// How much is needed.
        wanted: Flicks,
        /// How much there is.
        available: Flicks,
    },
    /// Nothing would be left of an item.
    #[error("{node} lasts {}, of which nothing would be left", shown(.duration))]
    Nothing {
        /// The item.
        node: NodeId,
        /// How long it lasts.
        duration: Flicks,
    },
    /// A track or clip must not be edited.
    #[error("{0} is locked: unlock it first")]
    Locked(NodeId),
    /// A track is not empty where it would have to be.
    #[error("track {track} is not empty from {} to {}: {node} is there", shown(.from), shown(.to))]
    Occupied {
        /// The track.
        track: NodeId,
        /// What is there.
        node: NodeId,
        /// From when on it should be empty.
        from: Flicks,
        /// Until when.
        to: Flicks,
    },
    /// A transition is under way at the time of a cut.
    #[error("transition {transition} is under way there: cut at or before {}, at or after {}, or remove it", shown(.from), shown(.to))]
    Transition {
        /// The transition.
        transition: NodeId,
        /// When it begins.
        from: Flicks,
        /// When it ends.
        to: Flicks,
    },
    /// A node is not an item of these tracks.
    #[error("node {0} is no clip, stack or gap of a track here")]
    NoItem(NodeId),
    /// There is nothing beside an item that could take part.
    #[error("there is nothing {side} {node}")]
    NoNeighbour {
        /// The item.
        node: NodeId,
        /// Where: "before" or "after".
        side: &'static str,
    },
    /// Something would begin before the timeline does.
    #[error("{node} would begin {} before the timeline does", shown(.by))]
    BeforeStart {
        /// The item.
        node: NodeId,
        /// By how much.
        by: Flicks,
    },
}

fn shown(time: &Flicks) -> String {
    let text = format!("{:.6}", time.seconds());
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

impl From<EditError> for kernel::CommandError {
    fn from(error: EditError) -> Self {
        kernel::CommandError::NotApplicable(error.to_string())
    }
}
