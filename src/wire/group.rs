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

    /// Sends a signal to a program that was not waited for yet, and to its group. One that is just changing
    /// its group hears it alone.
    pub(crate) fn strike(&self, signal: Signal) {
        if kill_process_group(self.leader, signal).is_err() {
            let _ = kill_process(self.leader, signal);
        }
    }

    /// Sends a signal to the whole group. That nobody is left to hear it is no failure.
    fn signal(&self, signal: Signal) {
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
        let mut patience = PATIENCE;
        for _ in 0..ROUNDS {
            // Asked before it is looked around: one that is dying has no environment any more, and still has its children.
            let all_dead = self.is_empty() && killed.iter().all(|pid| is_dead(*pid));
            let orphans::Marked {
                marked: mut found,
                nameless,
            } = orphans::marked(&self.mark);
            // One that is just becoming another program has no environment for a moment. One that never has any is not waited for twice.
            let undecided = !self.debts.knows_nameless(&nameless);
            found.retain(|pid| *pid != self.leader && !killed.contains(pid));
            for pid in &found {
                tracing::warn!(
                    "process {}, which a program left behind, is killed",
                    pid.as_raw_nonzero()
                );
                let _ = kill_process(*pid, Signal::KILL);
            }
            killed.extend(&found);
            if found.is_empty() && all_dead && (!undecided || patience == 0) {
                self.debts.remember_nameless(nameless);
                break;
            }
            patience = patience.saturating_sub(usize::from(undecided));
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
const ROUNDS: usize = 250;
/// How many of these rounds a child without an environment may cost.
const PATIENCE: usize = 20;
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
        self.strike(Signal::KILL);
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
pub(crate) struct Debts {
    owed: Rc<RefCell<Vec<Debt>>>,
    /// Children that live without an environment, as last seen.
    nameless: Rc<RefCell<Vec<Pid>>>,
}

#[derive(PartialEq, Clone, Copy)]
enum Debt {
    One(Pid),
    Group(Pid),
}

impl Debts {
    /// Whether all of these were there before.
    fn knows_nameless(&self, pids: &[Pid]) -> bool {
        let known = self.nameless.borrow();
        pids.iter().all(|pid| known.contains(pid))
    }

    fn remember_nameless(&self, pids: Vec<Pid>) {
        *self.nameless.borrow_mut() = pids;
    }

    fn owe_one(&self, pid: Pid) {
        self.owed.borrow_mut().push(Debt::One(pid));
    }

    fn owe_group(&self, leader: Pid) {
        self.owed.borrow_mut().push(Debt::Group(leader));
    }

    /// Waits for those that are dead by now; never blocks.
    pub(crate) fn settle(&self) {
        self.owed.borrow_mut().retain(|debt| {
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

    /// What a look at our children shows.
    #[derive(Default)]
    pub(super) struct Marked {
        /// Those that carry the mark, and all that descends from them.
        pub(super) marked: Vec<Pid>,
        /// Those that run without any environment: whose they are cannot be told, or not yet.
        pub(super) nameless: Vec<Pid>,
    }

    /// Our children that carry the mark, and all that descends from them.
    pub(super) fn marked(mark: &str) -> Marked {
        let wanted = format!("{MARK}={mark}");
        let (mut found, mut nameless): (Vec<i32>, Vec<Pid>) = (Vec::new(), Vec::new());
        for pid in children("self").unwrap_or_else(scan) {
            let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else {
                continue;
            };
            let mut entries = environment.split(|byte| *byte == 0);
            if entries.any(|entry| entry == wanted.as_bytes()) {
                found.push(pid);
            } else if environment.is_empty() {
                nameless.extend(Pid::from_raw(pid).filter(|pid| runs(*pid)));
            }
        }
        let mut next = 0;
        while let Some(pid) = found.get(next).copied() {
            next += 1;
            let below = children(&pid.to_string()).unwrap_or_default();
            found.extend(below.into_iter().filter(|pid| *pid != 0));
        }
        Marked {
            marked: found.into_iter().filter_map(Pid::from_raw).collect(),
            nameless,
        }
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

    #[derive(Default)]
    pub(super) struct Marked {
        pub(super) marked: Vec<Pid>,
        pub(super) nameless: Vec<Pid>,
    }

    pub(super) fn marked(_mark: &str) -> Marked {
        Marked::default()
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_child_without_an_environment_is_nobodys_yet_and_waited_for_once() {
        let mut child = Command::new("/bin/sleep")
            .arg("60")
            .env_clear()
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        let found = orphans::marked("none");
        assert!(found.marked.is_empty());
        assert!(found.nameless.contains(&pid));
        let debts = Debts::default();
        assert!(debts.knows_nameless(&[]) && !debts.knows_nameless(&[pid]));
        debts.remember_nameless(vec![pid]);
        assert!(debts.knows_nameless(&[pid]));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!orphans::marked("none").nameless.contains(&pid));
    }
}
