//! How long to wait before the next attempt: a pure schedule.

use std::time::Duration;

use crate::domain::fault::Fault;

/// The wait before the second attempt, doubled with each further one.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait of our own choosing.
const LONGEST: Duration = Duration::from_secs(30);
/// The longest wait that an endpoint may ask for; one that asks for more has ended the trial.
pub(crate) const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Try again after this long.
    Retry(Duration),
    /// No further attempt.
    GiveUp,
}

/// The wait after attempt number `attempt` (from 1) of at most `attempts`. What the endpoint asks for is a floor; the jitter, a
/// share in [0, 1), only adds, so that many callers told the same time do not come back together.
pub(crate) fn after(fault: &Fault, attempt: u32, attempts: u32, jitter: f64) -> Next {
    if attempt >= attempts || !fault.worth_retrying() {
        return Next::GiveUp;
    }
    let doubled = FIRST
        .saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX))
        .min(LONGEST);
    match fault.retry_after() {
        Some(asked) if asked > LONGEST_ASKED => Next::GiveUp,
        Some(asked) => Next::Retry(asked + spread(asked.max(doubled)).mul_f64(jitter)),
        None => Next::Retry(doubled.mul_f64(0.5 + 0.5 * jitter)),
    }
}

/// Over how long callers that wait for the same moment are spread.
pub(crate) fn spread(wait: Duration) -> Duration {
    (wait / 2).clamp(Duration::from_millis(250), Duration::from_secs(5))
}

/// A share in [0, 1) that depends on nothing but its inputs: the same run waits the same.
pub(crate) fn jitter(seed: u64, ordinal: u64, attempt: u32) -> f64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(&ordinal.to_le_bytes());
    hasher.update(&attempt.to_le_bytes());
    let bytes = hasher.finalize();
    let word = u32::from_le_bytes([
        bytes.as_bytes()[0],
        bytes.as_bytes()[1],
        bytes.as_bytes()[2],
        bytes.as_bytes()[3],
    ]);
    f64::from(word) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fault::FaultKind;

    fn limited(seconds: f64) -> Fault {
        Fault {
            retry_after_s: Some(seconds),
            ..Fault::new(FaultKind::RateLimited, "429")
        }
    }

    #[test]
    fn waits_double_up_to_a_bound() {
        let fault = Fault::new(FaultKind::Unavailable, "500");
        let waits: Vec<_> = [1, 2, 3, 8, 40]
            .map(|attempt| after(&fault, attempt, 100, 1.0))
            .into();
        let expected =
            [500, 1_000, 2_000, 30_000, 30_000].map(|ms| Next::Retry(Duration::from_millis(ms)));
        assert_eq!(waits, expected);
        assert_eq!(after(&fault, 5, 5, 0.0), Next::GiveUp);
        assert_eq!(
            after(&Fault::new(FaultKind::Rejected, "400"), 1, 5, 0.0),
            Next::GiveUp
        );
    }

    #[test]
    fn an_asked_wait_is_a_floor_and_has_a_bound() {
        for jitter in [0.0, 0.3, 0.999] {
            let Next::Retry(wait) = after(&limited(2.0), 1, 5, jitter) else {
                panic!("gave up");
            };
            assert!(
                wait >= Duration::from_secs(2) && wait <= Duration::from_secs(3),
                "{wait:?}"
            );
        }
        assert_eq!(after(&limited(1e9), 1, 5, 0.5), Next::GiveUp);
    }

    #[test]
    fn fifty_callers_told_the_same_second_come_back_apart() {
        let mut wakes: Vec<Duration> = (0..50)
            .map(
                |ordinal| match after(&limited(1.0), 1, 5, jitter(7, ordinal, 1)) {
                    Next::Retry(wait) => wait,
                    Next::GiveUp => panic!("gave up"),
                },
            )
            .collect();
        wakes.sort();
        let crowded = (0..50)
            .map(|i| {
                wakes
                    .iter()
                    .filter(|w| **w >= wakes[i] && **w < wakes[i] + Duration::from_millis(100))
                    .count()
            })
            .max();
        assert!(crowded <= Some(20), "{crowded:?} within 100 ms");
    }
}
