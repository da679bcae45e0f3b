//! What the worker takes away from itself before it touches data.

use std::{
    fs, io,
    os::fd::{AsFd, BorrowedFd},
    thread,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

/// Address space beside what a file may take: for the libraries' tables, stacks and buffers.
const BESIDE: u64 = 768 << 20;

/// How much address space there may be.
pub struct AddressSpace {
    /// What the program took before it touched data, in bytes.
    base: u64,
}

/// No core files, no files at all, few descriptors, and an end together with the program.
///
/// # Errors
/// The system does not let itself be asked.
pub fn confine(socket: BorrowedFd<'_>) -> io::Result<AddressSpace> {
    // SAFETY: closes what was inherited beside the socket and the standard streams; nothing here has opened it.
    unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) };
    // SAFETY: no other thread runs yet. Each arena would take address space of its own.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 2) };
    let none = |resource| set(resource, 0);
    none(Resource::Core)?;
    // Memory files are written through mappings, which this does not bound.
    none(Resource::Fsize)?;
    set(Resource::Nofile, 64)?;
    end_with(socket)?;
    let pages = fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = pages.split(' ').next().and_then(|pages| pages.parse().ok()).unwrap_or(1 << 18);
    Ok(AddressSpace { base: pages * rustix::param::page_size() as u64 })
}

fn set(resource: Resource, most: u64) -> io::Result<()> {
    setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    Ok(())
}

/// Ends this process when the program is gone, also in the middle of work.
fn end_with(socket: BorrowedFd<'_>) -> io::Result<()> {
    let socket = socket.try_clone_to_owned()?;
    let watch = move || {
        loop {
            let mut sockets = [PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::empty())];
            let polled = poll(&mut sockets, None);
            if polled.is_ok() && sockets.iter().any(|socket| socket.revents().contains(PollFlags::HUP)) {
                // SAFETY: ends the process at once; other threads may be anywhere, so nothing is cleaned up.
                unsafe { libc::_exit(0) };
            }
        }
    };
    thread::Builder::new().name("watch".to_owned()).stack_size(64 << 10).spawn(watch).map(drop)
}

impl AddressSpace {
    /// Lets work take so many bytes, beside what the program takes anyhow.
    pub fn allow(&self, bytes: u64) {
        let most = self.base.saturating_add(BESIDE).saturating_add(bytes);
        let maximum = getrlimit(Resource::As).maximum;
        let current = Some(maximum.map_or(most, |maximum| most.min(maximum)));
        // Where it cannot be set, the program's own bounds are left.
        let _ = setrlimit(Resource::As, Rlimit { current, maximum });
    }
}
