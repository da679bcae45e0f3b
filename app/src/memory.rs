//! How the allocator deals with memory that was freed.

/// How far the heap grows at a time, in bytes.
const GROWTH: i32 = 64 << 20;
/// How much freed memory at the end of the heap stays with the process, in bytes.
const KEPT: i32 = 256 << 20;

/// Lets freed memory stay for what comes next, for runs that are over soon: giving it back to the system and taking it again
/// stops all threads each time, which costs a build over pictures on two cores a sixth of its time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn keep_freed() {
    // SAFETY: mallopt(3) only sets numbers of the allocator; it may be called at any time.
    unsafe {
        libc::mallopt(libc::M_TOP_PAD, GROWTH);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
    }
}

/// Other allocators keep it anyway.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_freed() {}
