//! How many files may be open at once, and so how many calls fit side by side.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept for all else: journal, reports, terminal, libraries.
const RESERVE: u64 = 64;
/// The most files that one call takes: three pipes of a program while it is started, both of their ends.
const PER_CALL: u64 = 6;

/// Raises the limit of open files to the most that the system allows, and answers how many calls fit side by side.
#[must_use]
pub fn calls_that_fit() -> u32 {
    let limits = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limits.maximum,
        maximum: limits.maximum,
    };
    let now = match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => limits.maximum,
        Err(_) => limits.current,
    };
    fit(now)
}

/// `None`: no limit.
fn fit(files: Option<u64>) -> u32 {
    let calls = files.map_or(u64::MAX, |files| files.saturating_sub(RESERVE) / PER_CALL);
    u32::try_from(calls.max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_at_least_one_call() {
        assert_eq!(fit(Some(1_024)), 160);
        assert_eq!(fit(Some(10)), 1);
        assert_eq!(fit(None), u32::MAX);
        assert!(calls_that_fit() >= 1);
    }
}
