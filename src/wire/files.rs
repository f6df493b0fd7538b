//! How many files may be open at once, and so how many calls fit side by side.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept for all else: journal, reports, terminal, libraries, and the second address that a connection being made may try.
const RESERVE: u64 = 64 + super::connect::AT_ONCE as u64;
/// The most files that a call of a program takes: three pipes while it is started, both of their ends.
const PER_PROGRAM: u64 = 6;

/// What the calls of a run are made to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Servers: whoever calls them in turn holds a connection to each.
    pub servers: u32,
    /// Whether programs are started.
    pub programs: bool,
}

/// Raises the limit of open files to the most that the system allows, and answers how many calls fit side by side.
#[must_use]
pub fn calls_that_fit(ends: Ends) -> u32 {
    let limits = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limits.maximum,
        maximum: limits.maximum,
    };
    let now = match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => limits.maximum,
        Err(_) => limits.current,
    };
    fit(now, ends)
}

/// `None`: no limit.
fn fit(files: Option<u64>, ends: Ends) -> u32 {
    let programs = if ends.programs { PER_PROGRAM } else { 0 };
    let per_call = (u64::from(ends.servers) + programs).max(1);
    let calls = files.map_or(u64::MAX, |files| files.saturating_sub(RESERVE) / per_call);
    u32::try_from(calls.max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_at_least_one_call() {
        let ends = |servers, programs| Ends { servers, programs };
        assert_eq!(fit(Some(1_024), ends(0, true)), 138);
        assert_eq!(fit(Some(1_024), ends(1, false)), 832);
        assert_eq!(fit(Some(1_024), ends(2, false)), 416);
        assert_eq!(fit(Some(20_000), ends(1, true)), 2_829);
        assert_eq!(fit(Some(10), ends(1, false)), 1);
        assert_eq!(fit(None, ends(1, false)), u32::MAX);
        assert!(calls_that_fit(ends(0, false)) >= 1);
    }
}
