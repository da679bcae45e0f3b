//! A worker's process.

use std::{
    os::fd::BorrowedFd,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use codecs::{
    CodecError,
    wire::{Ended, Link, Reply, Request},
};

use crate::memory::Slot;

/// The ids of the processes that are alive.
pub type Alive = Arc<Mutex<Vec<u32>>>;

/// A worker's process, which ends with this.
pub struct Worker {
    link: Link,
    child: Child,
    alive: Alive,
    slots: u32,
    /// Whether nothing more is to be asked of it.
    pub broken: bool,
    /// Whether it was told to give everything up, and has not said yet that it did.
    pub closing: bool,
}

impl Worker {
    /// Starts one.
    pub fn start(program: &Path, alive: &Alive) -> Result<Self, CodecError> {
        let broken = |error: std::io::Error| {
            CodecError::BrokeOff(format!("the media worker cannot be started: {error}"))
        };
        let (link, theirs) = Link::pair().map_err(broken)?;
        let mut command = Command::new(program);
        command.env_clear().current_dir("/").stdin(theirs).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(libraries) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        let child = command.spawn().map_err(broken)?;
        alive.lock().unwrap_or_else(PoisonError::into_inner).push(child.id());
        let alive = Arc::clone(alive);
        Ok(Worker { link, child, alive, slots: 0, broken: false, closing: false })
    }

    /// Whether the process is there.
    pub fn is_alive(&mut self) -> bool {
        !self.broken && matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks for something.
    pub fn send(&mut self, request: &Request, file: Option<BorrowedFd<'_>>) -> Result<(), Ended> {
        let sent = self.link.send(request, file);
        self.broken |= sent.is_err();
        sent
    }

    /// The next answer; the process is ended when it takes too long.
    pub fn receive(&mut self, patience: Duration) -> Result<Reply, Ended> {
        loop {
            match self.link.receive(Some(patience)) {
                Ok((Reply::Working, _)) => {}
                Ok((reply, _)) => return Ok(reply),
                Err(ended) => {
                    self.broken = true;
                    if ended == Ended::TimedOut {
                        let _ = self.child.kill();
                    }
                    return Err(ended);
                }
            }
        }
    }

    /// Asks for something and waits for the answer.
    pub fn ask(
        &mut self,
        request: &Request,
        file: Option<BorrowedFd<'_>>,
        patience: Duration,
    ) -> Result<Reply, Ended> {
        self.send(request, file)?;
        self.receive(patience)
    }

    /// A new slot of so many bytes.
    pub fn slot(&mut self, bytes: usize) -> Result<Slot, Ended> {
        let (slot, file) = Slot::new(self.slots, bytes).map_err(Ended::Broken)?;
        let request = Request::Slot { slot: slot.number, bytes: bytes as u64 };
        self.send(&request, Some(std::os::fd::AsFd::as_fd(&file)))?;
        self.slots += 1;
        Ok(slot)
    }

    /// Tells it to give everything up.
    pub fn close(&mut self) {
        self.slots = 0;
        self.closing = self.send(&Request::Close, None).is_ok();
    }

    /// Waits until it has given everything up; whether it has.
    pub fn is_closed(&mut self, patience: Duration) -> bool {
        while self.closing {
            match self.receive(patience) {
                Ok(Reply::Closed) => self.closing = false,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
        true
    }

    /// What an answer that was not asked for says.
    pub fn unexpected(&mut self, reply: &Reply) -> CodecError {
        match reply {
            Reply::Failed(failure) => failure.clone().into(),
            _ => {
                self.broken = true;
                CodecError::BrokeOff("the media worker answers something else than it was asked".to_owned())
            }
        }
    }

    /// What it means that no answer came.
    pub fn lost(&mut self, ended: Ended) -> CodecError {
        match ended {
            Ended::Broken(error) => error,
            Ended::TimedOut => CodecError::BrokeOff("the media worker took too long".to_owned()),
            Ended::Closed => {
                let status = self.child.wait();
                let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                let hint = if status.contains("127") { ": are FFmpeg's libraries there?" } else { "" };
                CodecError::BrokeOff(format!("the media worker ended ({status}){hint}"))
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let id = self.child.id();
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).retain(|alive| *alive != id);
    }
}
