//! One end of the socket.

use std::{
    io::{IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, retry_on_intr},
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
    },
};
use serde::{Serialize, de::DeserializeOwned};

use super::{MESSAGE_BYTES, decode, encode};
use crate::CodecError;

/// Why there is no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The other end is closed.
    Closed,
    /// None came in time.
    TimedOut,
    /// It says nothing that is known.
    Broken(CodecError),
}

/// One end of the socket.
#[derive(Debug)]
pub struct Link {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl Link {
    /// The end that this socket is.
    pub fn new(socket: OwnedFd) -> Self {
        Link { socket, buffer: vec![0; MESSAGE_BYTES] }
    }

    /// Both ends.
    ///
    /// # Errors
    /// There are too many open files.
    pub fn pair() -> std::io::Result<(Link, OwnedFd)> {
        let (one, other) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Ok((Link::new(one), other))
    }

    /// Sends a message, and an open file with it.
    ///
    /// # Errors
    /// The other end is closed; the message is too long.
    pub fn send<T: Serialize>(&self, message: &T, file: Option<BorrowedFd<'_>>) -> Result<(), Ended> {
        let bytes = encode(message).map_err(Ended::Broken)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut along = SendAncillaryBuffer::new(&mut space);
        let files: Vec<BorrowedFd<'_>> = file.into_iter().collect();
        if !files.is_empty() {
            along.push(SendAncillaryMessage::ScmRights(&files));
        }
        let parts = [IoSlice::new(&bytes)];
        let sent = retry_on_intr(|| sendmsg(&self.socket, &parts, &mut along, SendFlags::NOSIGNAL));
        sent.map(drop).map_err(|_| Ended::Closed)
    }

    /// The next message, and the open file that came with it. Waits as long as it takes when no time is given.
    ///
    /// # Errors
    /// The other end is closed; none came in time; it says nothing that is known.
    pub fn receive<T: DeserializeOwned>(
        &mut self,
        patience: Option<Duration>,
    ) -> Result<(T, Option<OwnedFd>), Ended> {
        if let Some(patience) = patience {
            let patience = Timespec::try_from(patience).ok();
            let mut sockets = [PollFd::new(&self.socket, PollFlags::IN)];
            match retry_on_intr(|| poll(&mut sockets, patience.as_ref())) {
                Ok(0) => return Err(Ended::TimedOut),
                Ok(_) => {}
                Err(_) => return Err(Ended::Closed),
            }
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut along = RecvAncillaryBuffer::new(&mut space);
        let received = loop {
            let mut parts = [IoSliceMut::new(&mut self.buffer)];
            match recvmsg(&self.socket, &mut parts, &mut along, RecvFlags::CMSG_CLOEXEC) {
                Err(Errno::INTR) => {}
                other => break other.map_err(|_| Ended::Closed)?,
            }
        };
        let file = along.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut files) => files.next(),
            _ => None,
        });
        match self.buffer.get(..received.bytes) {
            Some(bytes) if !bytes.is_empty() => Ok((decode(bytes).map_err(Ended::Broken)?, file)),
            _ => Err(Ended::Closed),
        }
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
