//! The writer's lock: one process at a time, freed by the kernel when that process ends, however it ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
    time::Duration,
};

use crate::StoreError;

/// Held for as long as the store is open for writing.
#[derive(Debug)]
pub(crate) struct WriterLock(#[expect(dead_code, reason = "closing the file frees the lock")] File);

impl WriterLock {
    /// Locks `dir/lock` and writes the process id and `program` into it.
    pub(crate) fn acquire(dir: &Path, program: &str) -> Result<Self, StoreError> {
        let path = dir.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(StoreError::io(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let (pid, program) = holder(&mut file);
                return Err(StoreError::Locked { dir: dir.to_owned(), pid, program });
            }
            Err(TryLockError::Error(error)) => return Err(StoreError::io(&path)(error)),
        }
        let text = format!("{}\n{program}\n", std::process::id());
        file.set_len(0).and_then(|()| file.write_all(text.as_bytes())).map_err(StoreError::io(&path))?;
        Ok(WriterLock(file))
    }
}

/// Who holds the lock. It is taken a moment before it is signed, so an empty file is read again.
fn holder(file: &mut File) -> (u32, String) {
    for _ in 0..20 {
        let mut text = String::new();
        if file.rewind().and_then(|()| file.read_to_string(&mut text)).is_ok()
            && let Some((pid, program)) = text.trim_end().split_once('\n')
            && let Ok(pid) = pid.parse()
        {
            return (pid, program.to_owned());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    (0, "another program".to_owned())
}
