//! All processes that come from one started program: its group, and what left the group.
//!
//! A program's children stay in its process group unless they take care not to (`setsid`, double fork). On Linux those are found
//! too: we are the one that orphans are handed to (`PR_SET_CHILD_SUBREAPER`), and each carries in its environment the mark that its
//! program was started with. What also scrubbed its environment is not found.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitOptions, kill_process, kill_process_group, test_kill_process_group, waitpgid,
    waitpid,
};

/// The variable that holds the mark.
pub(crate) const MARK: &str = "EVENHAND_CHILD";

static STARTED: AtomicU64 = AtomicU64::new(0);

/// A mark that no other started program of this machine has.
pub(crate) fn new_mark() -> String {
    let number = STARTED.fetch_add(1, Ordering::Relaxed);
    format!("{}.{number}", std::process::id())
}

/// The processes of one program. Dropped before it is over, it kills them at once.
pub(crate) struct Group {
    leader: Pid,
    mark: String,
    debts: Debts,
    over: bool,
}

impl Group {
    /// The group that `leader` leads.
    pub(crate) fn new(leader: Pid, mark: String, debts: Debts) -> Self {
        Self {
            leader,
            mark,
            debts,
            over: false,
        }
    }

    /// Sends a signal to the whole group. That nobody is left to hear it is no failure.
    pub(crate) fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.leader, signal);
    }

    /// After the leader has ended and was waited for: kills what it left behind, in the group or outside.
    pub(crate) fn finish(&mut self) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        self.signal(Signal::KILL);
        self.sweep();
    }

    /// Kills those that left the group, round after round: a process that dies may leave children that are only then handed to us.
    fn sweep(&self) {
        let mut killed: Vec<Pid> = Vec::new();
        for _ in 0..ROUNDS {
            // Asked before it is looked around: one that is dying has no environment any more, and still has its children.
            let all_dead = self.is_empty() && killed.iter().all(|pid| is_dead(*pid));
            let mut found = orphans::marked(&self.mark);
            found.retain(|pid| *pid != self.leader && !killed.contains(pid));
            for pid in &found {
                tracing::warn!(
                    "process {}, which a program left behind, is killed",
                    pid.as_raw_nonzero()
                );
                let _ = kill_process(*pid, Signal::KILL);
            }
            killed.extend(&found);
            if found.is_empty() && all_dead {
                break;
            }
            pause();
        }
        for pid in killed {
            self.debts.owe_one(pid);
        }
        self.debts.owe_group(self.leader);
        self.debts.settle();
    }
}

impl Group {
    /// Whether nobody of the group lives any more.
    fn is_empty(&self) -> bool {
        loop {
            match waitpgid(self.leader, WaitOptions::NOHANG) {
                Ok(Some(_)) => {}
                Ok(None) => return false,
                Err(_) => return test_kill_process_group(self.leader).is_err(),
            }
        }
    }
}

/// How often the descendants of an ended program are looked for, and the pause in between. A kill is carried out within microseconds;
/// only a program that left something behind costs a round.
const ROUNDS: usize = 50;
const ROUND: Duration = Duration::from_millis(1);

/// One [`ROUND`] of waiting.
#[expect(
    clippy::disallowed_methods,
    reason = "a drop cannot await, and what was killed is dead within a few of these bounded rounds"
)]
fn pause() {
    std::thread::sleep(ROUND);
}

/// Whether a process that was killed is dead, as far as we may know: not ours to wait for, or waited for.
fn is_dead(pid: Pid) -> bool {
    match waitpid(Some(pid), WaitOptions::NOHANG) {
        Ok(Some(_)) => true,
        Ok(None) => false,
        Err(_) => !orphans::runs(pid),
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        self.signal(Signal::KILL);
        // What the leader leaves behind is handed to us when it is dead. Whoever else waits for it is told that it is gone.
        for _ in 0..ROUNDS {
            if is_dead(self.leader) {
                break;
            }
            pause();
        }
        self.finish();
    }
}

/// Dead processes that are still to be waited for, so that they do not stay as zombies: orphans are ours, and nobody else waits.
#[derive(Clone, Default)]
pub(crate) struct Debts(Rc<RefCell<Vec<Debt>>>);

#[derive(PartialEq, Clone, Copy)]
enum Debt {
    One(Pid),
    Group(Pid),
}

impl Debts {
    fn owe_one(&self, pid: Pid) {
        self.0.borrow_mut().push(Debt::One(pid));
    }

    fn owe_group(&self, leader: Pid) {
        self.0.borrow_mut().push(Debt::Group(leader));
    }

    /// Waits for those that are dead by now; never blocks.
    pub(crate) fn settle(&self) {
        self.0.borrow_mut().retain(|debt| {
            loop {
                let waited = match debt {
                    Debt::One(pid) => waitpid(Some(*pid), WaitOptions::NOHANG),
                    Debt::Group(leader) => waitpgid(*leader, WaitOptions::NOHANG),
                };
                match waited {
                    Ok(Some(_)) => {}
                    Ok(None) => return true,
                    Err(_) => return false,
                }
            }
        });
    }
}

#[cfg(target_os = "linux")]
mod orphans {
    use super::{MARK, Pid};
    use std::fs;

    /// Asks that orphans among our descendants are handed to us.
    pub(super) fn adopt() {
        if let Err(error) = rustix::process::set_child_subreaper(Some(rustix::process::getpid())) {
            tracing::debug!("detached children of programs cannot be found: {error}");
        }
    }

    /// Our children that carry the mark, and all that descends from them.
    pub(super) fn marked(mark: &str) -> Vec<Pid> {
        let wanted = format!("{MARK}={mark}");
        let mut found: Vec<i32> = children("self")
            .unwrap_or_else(scan)
            .into_iter()
            .filter(|pid| {
                fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
                    environment
                        .split(|byte| *byte == 0)
                        .any(|entry| entry == wanted.as_bytes())
                })
            })
            .collect();
        let mut next = 0;
        while let Some(pid) = found.get(next).copied() {
            next += 1;
            let below = children(&pid.to_string()).unwrap_or_default();
            found.extend(below.into_iter().filter(|pid| *pid != 0));
        }
        found.into_iter().filter_map(Pid::from_raw).collect()
    }

    /// Whether a process runs; a zombie does not.
    pub(super) fn runs(pid: Pid) -> bool {
        fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).is_ok_and(|stat| {
            stat.rsplit_once(')')
                .is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
        })
    }

    /// The children of a process; `None` where the kernel does not list them.
    fn children(of: &str) -> Option<Vec<i32>> {
        let lists: Vec<String> = fs::read_dir(format!("/proc/{of}/task"))
            .ok()?
            .flatten()
            .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
            .collect();
        let pids = lists
            .iter()
            .flat_map(|list| list.split_ascii_whitespace())
            .filter_map(|pid| pid.parse().ok())
            .collect();
        (!lists.is_empty()).then_some(pids)
    }

    /// The same on kernels that do not list children: every process that names us as its parent.
    fn scan() -> Vec<i32> {
        let us = std::process::id().to_string();
        let Ok(all) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        all.flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid: &i32| {
                // "pid (name) state ppid ...", where the name may hold anything.
                fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
                    stat.rsplit_once(')')
                        .and_then(|(_, rest)| rest.split_ascii_whitespace().nth(1))
                        .is_some_and(|parent| parent == us)
                })
            })
            .collect()
    }
}

#[cfg(not(target_os = "linux"))]
mod orphans {
    use super::Pid;

    pub(super) fn adopt() {}

    pub(super) fn marked(_mark: &str) -> Vec<Pid> {
        Vec::new()
    }

    pub(super) fn runs(_pid: Pid) -> bool {
        false
    }
}

/// Makes detached descendants findable; once is enough.
pub(crate) fn adopt_orphans() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(orphans::adopt);
}
