//! How a program is started so that it does not outlive us: by way of our own binary, which asks the kernel to be killed when its
//! parent dies and then becomes the program.
//!
//! The request survives becoming another program (`PR_SET_PDEATHSIG`, prctl(2)), and only the process itself can make it, so without
//! unsafe code it takes this step in between. Elsewhere than on Linux the step only becomes the program.
//!
//! The kernel watches the *thread* that started the program. So calls are made from a thread that lives as long as the run, such as the
//! main thread with its current-thread runtime.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// The hidden first argument.
pub(crate) const WORD: &str = "__child";

/// The running binary by a name that stays right when its file is replaced: what [`super::Settings::launcher`] wants where `main`
/// begins with [`child_main`].
#[must_use]
pub fn launcher() -> Option<PathBuf> {
    cfg!(target_os = "linux").then(|| PathBuf::from("/proc/self/exe"))
}

/// To be called first in `main`: where the arguments say that this process is to become a program of the suite, it does and never
/// returns; if that fails, it answers the exit code 126 or 127, as a shell would. For all other arguments it answers `None`.
pub fn child_main(arguments: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let mut arguments = arguments.into_iter().skip(1);
    if arguments.next()? != WORD {
        return None;
    }
    let parent = arguments.next();
    let (Some(program), rest) = (arguments.next(), arguments) else {
        return Some(ExitCode::from(127));
    };
    if !die_with(parent.as_deref().and_then(|parent| parent.to_str())) {
        return Some(ExitCode::from(126));
    }
    leave_terminal();
    let error = become_program(&program, rest);
    let _ = writeln!(
        std::io::stderr(),
        "`{}` cannot be started: {error}",
        program.display()
    );
    Some(ExitCode::from(match error.kind() {
        std::io::ErrorKind::NotFound => 127,
        _ => 126,
    }))
}

fn become_program(program: &OsString, arguments: impl Iterator<Item = OsString>) -> std::io::Error {
    use std::os::unix::process::CommandExt;
    std::process::Command::new(program).args(arguments).exec()
}

/// Begins a session, which has no terminal: a program that asks one for a password fails at once, where in a background group it would be
/// stopped until its time is over. What leads a group may not begin a session, so it goes back to its parent's for that moment.
#[cfg(target_os = "linux")]
fn leave_terminal() {
    use rustix::process::{getpgid, getppid, setpgid, setsid};
    if let Ok(group) = getpgid(getppid())
        && setpgid(None, Some(group)).is_ok()
        && setsid().is_err()
    {
        // Without a session at least a group of its own, by which it can be ended.
        let _ = setpgid(None, None);
    }
}

#[cfg(not(target_os = "linux"))]
fn leave_terminal() {}

/// Asks for a kill when the parent dies. False if it is dead already: then nobody waits for us.
#[cfg(target_os = "linux")]
fn die_with(parent: Option<&str>) -> bool {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    let asked = set_parent_process_death_signal(Some(Signal::KILL));
    let parent: Option<i32> = parent.and_then(|parent| parent.parse().ok());
    asked.is_ok() && parent == getppid().map(|pid| pid.as_raw_nonzero().get())
}

#[cfg(not(target_os = "linux"))]
fn die_with(_parent: Option<&str>) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_arguments_are_none_of_its_business() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(child_main(words(&["evenhand"])).is_none());
        assert!(child_main(words(&["evenhand", "run", WORD])).is_none());
        assert!(child_main(words(&["evenhand", WORD])).is_some());
    }
}
