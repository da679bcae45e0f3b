//! Secrets in the keyring of the desktop: whatever answers for `org.freedesktop.secrets` on the session bus, such as GNOME
//! Keyring, KWallet or KeePassXC.

use std::collections::HashMap;

use dbus_secret_service::{EncryptionType, Error, SecretService};

/// How long the user is waited for who is asked to unlock the keyring, in seconds.
const PROMPT_SECONDS: u64 = 120;
/// What items of ours have in common.
const APPLICATION: (&str, &str) = ("application", "metabuilder");
/// The attribute that holds the name of a secret.
const NAME: &str = "name";

/// How libdbus calls it that there is no bus.
const NO_BUS: [&str; 3] = [
    "org.freedesktop.DBus.Error.FileNotFound",
    "org.freedesktop.DBus.Error.NoServer",
    "org.freedesktop.DBus.Error.NotSupported",
];

/// The secret of this name; none when the keyring has none, or when there is no keyring.
///
/// # Errors
/// The keyring stays locked, or does not answer as it should.
pub fn find(name: &str) -> Result<Option<Vec<u8>>, String> {
    match ask(name) {
        Ok(secret) => Ok(secret),
        // There is no bus any more, or nobody on it keeps secrets.
        Err(Error::Unavailable | Error::NoResult) => Ok(None),
        Err(Error::Dbus(error)) if error.name().is_some_and(|name| NO_BUS.contains(&name)) => Ok(None),
        Err(Error::Prompt | Error::Locked) => Err("the keyring stayed locked: unlock it".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn ask(name: &str) -> Result<Option<Vec<u8>>, Error> {
    // The bus is the user's own: what goes over it, others cannot hear.
    let service = SecretService::connect_with_max_prompt_timeout(EncryptionType::Plain, PROMPT_SECONDS)?;
    let found = service.search_items(HashMap::from([APPLICATION, (NAME, name)]))?;
    let Some(item) = found.unlocked.first().or(found.locked.first()) else { return Ok(None) };
    item.ensure_unlocked()?;
    item.get_secret().map(Some)
}

/// The command that puts a secret into the keyring.
pub fn how_to_store(name: &str) -> String {
    let (key, value) = APPLICATION;
    format!("secret-tool store --label='MetaBuilder: {name}' {key} {value} {NAME} {name}")
}
