//! Who asks for a command, from where, and with which permissions.

use std::collections::BTreeSet;

use base::{ActorId, DocumentId, TenantId};
use serde::{Deserialize, Serialize};

/// Where a command comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The command line or a script.
    #[default]
    Batch,
    /// The window: a key, a menu or a panel.
    Window,
    /// Another program.
    Bus,
}

/// What a context allows. Everything, unless it says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Permissions {
    /// Ids of commands that are denied; one ending in `.*` denies all below it.
    pub denied: BTreeSet<String>,
    /// Whether nothing may change.
    pub read_only: bool,
}

impl Permissions {
    /// Whether the command of this id may be called.
    pub fn allow(&self, command: &str) -> bool {
        !self.denied.iter().any(|rule| match rule.strip_suffix(".*") {
            Some(prefix) => command.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.')),
            None => rule == command,
        })
    }
}

/// The context of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Context {
    /// On whose behalf.
    pub tenant: TenantId,
    /// Who acts.
    pub actor: ActorId,
    /// From where.
    pub source: Source,
    /// What is allowed.
    pub permissions: Permissions,
    /// What fresh ids derive from; a step of a script names itself here, so that a run repeats exactly. Empty: random.
    pub seed: Vec<u8>,
    /// What a run of a script leaves alone.
    #[serde(skip)]
    pub bounds: Bounds,
}

/// What was there before a run of a script, which sees it as it was before the run before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Taking back what was done last, wherever that was, ends at this place in the local order.
    pub floor: u64,
    /// Documents that only the run before made: they count as not there.
    pub unmade: BTreeSet<DocumentId>,
}
