//! What can go wrong on a GPU.

/// A failure of the GPU, its driver, or of what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// No driver offers an adapter of the wanted kind.
    #[error(
        "no {wanted} was found: Vulkan needs a loader and a driver (on Debian the packages libvulkan1 and \
         mesa-vulkan-drivers; the latter brings lavapipe, which draws without a graphics card)"
    )]
    NoAdapter {
        /// What was looked for.
        wanted: &'static str,
    },
    /// No adapter has the wanted name.
    #[error("no GPU is named '{name}': there {}{}", listed(.known), suggested(.nearest.as_deref()))]
    UnknownAdapter {
        /// What was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
        /// The one among them that is most like it, if any is.
        nearest: Option<String>,
    },
    /// The adapter gives no device.
    #[error("the GPU '{adapter}' cannot be opened: {reason}")]
    NoDevice {
        /// The adapter's name.
        adapter: String,
        /// What the driver says.
        reason: String,
    },
    /// The device's memory is used up.
    #[error("the GPU has no memory left for {what}")]
    OutOfMemory {
        /// What it was for.
        what: String,
    },
    /// Something is larger than the adapter allows.
    #[error("{what} would take {value}, and the GPU allows {limit}")]
    TooLarge {
        /// What, and in which unit.
        what: String,
        /// How much it would take.
        value: u64,
        /// How much is allowed.
        limit: u64,
    },
    /// The runtime was used wrongly, or a shader is wrong.
    #[error("the GPU refuses {what}: {reason}")]
    Invalid {
        /// What was refused.
        what: String,
        /// Why.
        reason: String,
    },
    /// The device is gone: the driver was reset, or the card taken away. [`crate::Shared`] opens a new one.
    #[error("the GPU was lost: {reason}")]
    Lost {
        /// What the driver says.
        reason: String,
    },
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "is none".to_owned(),
        [one] => format!("is '{one}'"),
        many => format!("are '{}'", many.join("', '")),
    }
}

fn suggested(name: Option<&str>) -> String {
    name.map(|name| format!("; did you mean '{name}'?")).unwrap_or_default()
}
