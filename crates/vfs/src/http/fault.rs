//! What can go wrong with a server.

use std::{io, net::IpAddr, time::Duration};

/// What is wrong with a server or with what it sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoteFault {
    /// The address of the mount cannot be one.
    #[error("'{address}' is no address for a mount: {message}")]
    Address {
        /// What was written.
        address: String,
        /// What is wrong with it.
        message: String,
    },
    /// An answer with a status that means failure.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// An answer that says why it is one of failure.
    #[error("the server answered with status {status}: {reason}")]
    Rejected {
        /// The status.
        status: u16,
        /// What the server says.
        reason: String,
    },
    /// An answer that refuses (401, 403).
    #[error("the server refuses (status {0}): check the credentials and the rights")]
    Refused(u16),
    /// Nobody knows the host.
    #[error("no host is called '{0}': check the address of the mount and the network")]
    NoHost(String),
    /// The host's address belongs to a private network or to this machine.
    #[error(
        "{host} is at {address}, which is no public address: set allowPrivate if the mount itself is meant to be there"
    )]
    PrivateAddress {
        /// The host that was asked for.
        host: String,
        /// Where it is.
        address: IpAddr,
    },
    /// The connection could not be made, or broke.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// What came is no HTTP.
    #[error("the server's answer is not understood: {0}")]
    Protocol(String),
    /// Nothing came for too long.
    #[error("the server did not answer in time ({0})")]
    Timeout(String),
    /// Too little came for too long.
    #[error("the server sent {bytes} bytes in {} s, less than the least rate", time.as_secs())]
    TooSlow {
        /// What came, in bytes.
        bytes: u64,
        /// In what time.
        time: Duration,
    },
    /// More redirections than are followed.
    #[error("the server redirects more than {0} times")]
    TooManyRedirects(usize),
    /// A redirection that is not followed.
    #[error("the server redirects to '{location}', which is not followed: {why}")]
    Redirect {
        /// Where to.
        location: String,
        /// Why not.
        why: &'static str,
    },
    /// A content encoding that was not asked for.
    #[error("the server sent the content as '{0}', which was not asked for")]
    Encoded(String),
    /// A part of the file other than the one that was asked for.
    #[error("the server sent another part of the file than bytes {asked}: {sent}")]
    WrongRange {
        /// The part that was asked for.
        asked: String,
        /// What came instead.
        sent: String,
    },
    /// Fewer bytes than announced.
    #[error("the server broke off after {found} of {expected} bytes")]
    Short {
        /// What was announced, in bytes.
        expected: u64,
        /// What came, in bytes.
        found: u64,
    },
    /// The content does not have the hash that the server gives.
    #[error("the content does not have the hash that the server gives: it was damaged on the way or there")]
    Checksum,
    /// The file is another one than when it was opened.
    #[error("the file has changed on the server while it was read: open it again")]
    Changed,
}

impl RemoteFault {
    /// Whether the same request may go well a moment later.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(
            self,
            RemoteFault::Status(429 | 500 | 502 | 503 | 504)
                | RemoteFault::Connection(_)
                | RemoteFault::Short { .. }
        )
    }
}

impl From<RemoteFault> for io::Error {
    fn from(fault: RemoteFault) -> Self {
        io::Error::other(fault)
    }
}

/// What the HTTP library means by an error.
pub(super) fn remote(error: ureq::Error, host: &str) -> RemoteFault {
    match error {
        ureq::Error::Io(error) => from_io(&error),
        ureq::Error::Timeout(reason) => RemoteFault::Timeout(reason.to_string()),
        ureq::Error::HostNotFound => RemoteFault::NoHost(host.to_owned()),
        ureq::Error::ConnectionFailed => RemoteFault::Connection("no address of it answers".to_owned()),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => RemoteFault::Connection(error.to_string()),
        other => RemoteFault::Protocol(other.to_string()),
    }
}

/// What an error of reading from the network means.
pub(super) fn from_io(error: &io::Error) -> RemoteFault {
    let inner = error.get_ref();
    if let Some(fault) = inner.and_then(|inner| inner.downcast_ref::<RemoteFault>()) {
        return fault.clone();
    }
    if let Some(ureq::Error::Timeout(reason)) = inner.and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
        return RemoteFault::Timeout(reason.to_string());
    }
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            RemoteFault::Timeout("nothing came".to_owned())
        }
        io::ErrorKind::Other => RemoteFault::Protocol(error.to_string()),
        _ => RemoteFault::Connection(error.to_string()),
    }
}
