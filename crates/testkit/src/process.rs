//! Runs one program to its end, with its input given and its output caught.

use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How a program ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether it ran past its time and was killed.
    pub timed_out: bool,
    /// All that it wrote to its standard output.
    pub stdout: Vec<u8>,
    /// All that it wrote to its standard error.
    pub stderr: Vec<u8>,
}

impl Finished {
    /// `exit 3`, `signal 11` or `timed out`.
    pub fn ending(&self) -> String {
        match (self.timed_out, self.code, self.signal) {
            (true, ..) => "timed out".into(),
            (_, Some(code), _) => format!("exit {code}"),
            (_, _, Some(signal)) => format!("signal {signal}"),
            _ => "no exit status".into(),
        }
    }
}

/// Starts `command` with `stdin` as its input and waits for it. Past `limit` the program and what it started (its
/// process group) are killed.
///
/// # Errors
/// The program could not be started or waited for.
pub fn run(command: &mut Command, stdin: &[u8], limit: Duration) -> io::Result<Finished> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let started = Instant::now();
    thread::scope(|scope| {
        // A program may end without reading its input; the broken pipe is its right.
        scope.spawn(move || input.map(|mut pipe| pipe.write_all(stdin)));
        let stdout = scope.spawn(|| read_all(output));
        let stderr = scope.spawn(|| read_all(errors));
        let mut timed_out = false;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if !timed_out && started.elapsed() > limit {
                timed_out = true;
                let group = rustix::process::Pid::from_child(&child);
                rustix::process::kill_process_group(group, rustix::process::Signal::KILL)?;
            }
            thread::sleep(Duration::from_millis(1));
        };
        let caught = |reader: thread::ScopedJoinHandle<'_, io::Result<Vec<u8>>>| {
            reader.join().unwrap_or_else(|_| Err(io::Error::other("a reading thread died")))
        };
        Ok(Finished {
            code: status.code(),
            signal: status.signal(),
            timed_out,
            stdout: caught(stdout)?,
            stderr: caught(stderr)?,
        })
    })
}

fn read_all(pipe: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, stdin: &[u8], limit: Duration) -> Finished {
        run(Command::new("sh").args(["-c", script]), stdin, limit).unwrap()
    }

    #[test]
    fn input_output_and_endings_are_caught() {
        let long = Duration::from_secs(60);
        let echoed = shell("cat; echo bad >&2; exit 3", &vec![b'x'; 300_000], long);
        assert_eq!(
            (echoed.code, echoed.stdout.len(), echoed.stderr.as_slice()),
            (Some(3), 300_000, &b"bad\n"[..])
        );
        assert_eq!(shell("kill -9 $$", b"", long).ending(), "signal 9");
        assert_eq!(shell("sleep 600 & wait", b"", Duration::from_millis(50)).ending(), "timed out");
    }
}
