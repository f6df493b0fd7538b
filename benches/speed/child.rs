//! A process that is run and measured: wall time, processor time, the most memory it ever held.

use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// How often the kernel is asked for the peak of the memory; it only grows, so that little is missed.
const LOOK: Duration = Duration::from_millis(5);
/// The kernel counts processor time for other processes in hundredths of a second, on every architecture.
const TICK: Duration = Duration::from_millis(10);

/// What a process took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Took {
    pub(crate) wall: Duration,
    /// User and system time of all its threads; `None` where the system does not tell.
    pub(crate) cpu: Option<Duration>,
    /// The most resident memory in KiB; `None` where the system does not tell.
    pub(crate) peak_kib: Option<u64>,
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Took {
    let log = tempfile::tempfile().expect("a file for what it says");
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.try_clone().expect("a second handle"))
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let id = child.id();
    let (done, ended) = channel::<()>();
    let watcher = std::thread::spawn(move || {
        let mut peak = None;
        loop {
            peak = peak_kib(id).max(peak);
            match ended.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return peak,
            }
        }
    });
    // Not yet taken away: the dead still tell what they used.
    let pid = Pid::from_raw(id.try_into().expect("a process id")).expect("never 0");
    let end = waitid(
        WaitId::Pid(pid),
        WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
    );
    let wall = started.elapsed();
    end.expect("our own child can be waited for");
    let cpu = processor_time(id);
    drop(done);
    let peak_kib = watcher.join().expect("the watcher only reads");
    let code = child.wait().expect("it has ended").code();
    Took {
        wall,
        cpu,
        peak_kib,
        code,
        stderr: text(log),
    }
}

fn text(mut log: std::fs::File) -> String {
    use std::io::{Read, Seek};
    let mut text = String::new();
    let _ = log.rewind();
    let _ = log.read_to_string(&mut text);
    text
}

fn peak_kib(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn processor_time(id: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in brackets may hold anything; behind it the state is field 3.
    let (_, rest) = stat.rsplit_once(')')?;
    let ticks: Vec<u32> = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse().ok())
        .collect();
    (ticks.len() == 2).then(|| TICK * (ticks[0] + ticks[1]))
}
