//! How libgit2 behaves in this process.

use std::sync::OnceLock;

use git2::{ConfigLevel, opts};

/// Makes libgit2 read no configuration but the repository's own, whoever owns it, and know partial clones. Done once, before
/// the first repository is opened.
pub(super) fn prepare() -> Result<(), String> {
    static PREPARED: OnceLock<Result<(), String>> = OnceLock::new();
    PREPARED.get_or_init(|| configure().map_err(|error| error.message().to_owned())).clone()
}

fn configure() -> Result<(), git2::Error> {
    let outside = [ConfigLevel::ProgramData, ConfigLevel::System, ConfigLevel::XDG, ConfigLevel::Global];
    // SAFETY: these set variables of the library that must not be read at the same time. This crate alone uses the library,
    // and it opens no repository before the one call of this function has returned.
    unsafe {
        for level in outside {
            opts::set_search_path(level, "")?;
        }
        opts::set_verify_owner_validation(false)?;
        opts::set_extensions(&["partialclone"])?;
    }
    opts::strict_hash_verification(true);
    Ok(())
}
