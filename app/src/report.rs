//! How the program says what went wrong, and with which exit code it ends.

use std::fmt;

use base::Diagnostic;
use batch::ScriptError;
use kernel::CommandError;
use store::StoreError;

/// Exit code: wrong usage or an invalid script.
pub const WRONG_USAGE: u8 = 2;
/// Exit code: bad or unreadable input.
pub const BAD_INPUT: u8 = 3;
/// Exit code: denied by policy.
pub const DENIED: u8 = 4;
/// Exit code: storage, lock or verification.
pub const STORAGE: u8 = 6;

/// Why the program ends without having done what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: u8,
    message: String,
}

impl Failure {
    /// A failure with its exit code.
    pub fn new(code: u8, message: impl ToString) -> Self {
        Failure { code, message: message.to_string() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        Failure::new(error.exit_code(), error)
    }
}

impl From<ScriptError> for Failure {
    fn from(error: ScriptError) -> Self {
        Failure::new(WRONG_USAGE, error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::new(STORAGE, error)
    }
}

/// Prints data on stdout. A closed pipe is the reader's choice and no error.
pub fn print(text: impl fmt::Display) -> Result<(), Failure> {
    use std::io::Write;
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(1, format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Tells the user what else there is to know.
pub fn tell(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        eprintln!("metabuilder: {diagnostic}");
    }
}
