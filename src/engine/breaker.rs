//! Calls that can only fail are not made forever: the same refusal, again and again, opens a breaker for its target.
//!
//! What counts is a refusal that trying again does not change: a key that is refused, a quota that is used up, a model or address that
//! is not there (404), a program that cannot be started; and while the target has answered nothing at all, any other request that is
//! refused with the very same words. [`IN_A_ROW`] of them without an answer in between open the breaker: that target is called no
//! more, its trials stay undone (stopped, to be resumed), other targets go on, and the run ends as one that could not be evaluated.

use std::cell::{Cell, RefCell};

use crate::domain::fault::{Fault, FaultKind};

/// Equal refusals in a row that open the breaker.
pub const IN_A_ROW: u32 = 5;

/// The breaker of one target or judge's model.
#[derive(Debug, Default)]
pub struct Breaker {
    open: Cell<bool>,
    answered: Cell<bool>,
    in_a_row: Cell<u32>,
    last: RefCell<Option<Fault>>,
}

impl Breaker {
    /// Whether calls are made no more.
    #[must_use]
    pub(crate) fn is_open(&self) -> bool {
        self.open.get()
    }

    /// A reply came.
    pub(crate) fn answered(&self) {
        self.answered.set(true);
        self.in_a_row.set(0);
    }

    /// A call ended with this fault; whether that has just opened the breaker.
    pub(crate) fn failed(&self, fault: &Fault) -> bool {
        if !self.is_fatal(fault) {
            self.in_a_row.set(0);
            return false;
        }
        let mut last = self.last.borrow_mut();
        let same = last.as_ref().is_some_and(|last| is_same(last, fault));
        if !same {
            self.in_a_row.set(0);
            *last = Some(fault.clone());
        }
        self.in_a_row.set(self.in_a_row.get() + 1);
        self.in_a_row.get() >= IN_A_ROW && !self.open.replace(true)
    }

    fn is_fatal(&self, fault: &Fault) -> bool {
        !fault.worth_retrying()
            && match fault.kind {
                FaultKind::Unauthorized | FaultKind::Internal => true,
                FaultKind::Rejected => fault.status == Some(404) || !self.answered.get(),
                _ => false,
            }
    }
}

/// Whether two refusals are one: by kind and status, and where anything may stand behind these, by their words.
fn is_same(one: &Fault, other: &Fault) -> bool {
    (one.kind, one.status) == (other.kind, other.status)
        && (one.kind == FaultKind::Unauthorized || one.message == other.message)
}

/// What is said when a breaker opens: who, why, and which variables were used (never their values).
pub(crate) fn words(who: &str, fault: &Fault, variables: &[String]) -> String {
    let names: Vec<String> = variables
        .iter()
        .map(|name| format!("${{{name}}}"))
        .collect();
    let used = match names.as_slice() {
        [] => String::new(),
        names => format!(" (it uses {})", names.join(", ")),
    };
    format!(
        "{who} is called no more after {IN_A_ROW} equal refusals in a row: {}{used}",
        fault.message
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(kind: FaultKind, status: u16, message: &str) -> Fault {
        Fault {
            status: Some(status),
            ..Fault::new(kind, message)
        }
    }

    /// How many of a hundred equal faults it takes.
    fn opens_after(breaker: &Breaker, fault: &Fault) -> Option<usize> {
        (1..=100).find(|_| breaker.failed(fault))
    }

    #[test]
    fn the_same_refusal_in_a_row_opens_it_once() {
        for fault in [
            refused(FaultKind::Unauthorized, 401, "no"),
            refused(FaultKind::Rejected, 404, "no model"),
            refused(FaultKind::Rejected, 400, "no such parameter"),
            Fault::new(FaultKind::Internal, "cannot be started"),
        ] {
            let breaker = Breaker::default();
            assert_eq!(opens_after(&breaker, &fault), Some(5), "{fault}");
            assert!(breaker.is_open());
            assert!(!breaker.failed(&fault), "it is told once");
        }
    }

    #[test]
    fn what_may_pass_or_is_the_cases_own_leaves_it_closed() {
        let breaker = Breaker::default();
        let unavailable = refused(FaultKind::Unavailable, 500, "oops");
        assert_eq!(opens_after(&breaker, &unavailable), None);
        let missing = Fault::new(FaultKind::CassetteMiss, "no entry");
        assert_eq!(opens_after(&breaker, &missing), None);
        for length in 0..20 {
            let too_long = format!("{length} tokens are too many");
            assert!(!breaker.failed(&refused(FaultKind::Rejected, 400, &too_long)));
        }
        // Once it has answered, a 400 is about the case.
        breaker.answered();
        let bad = refused(FaultKind::Rejected, 400, "bad request");
        assert_eq!(opens_after(&breaker, &bad), None);
        // A key that is withdrawn in the middle of a run is not.
        let denied = refused(FaultKind::Unauthorized, 401, "no");
        assert!((0..4).all(|_| !breaker.failed(&denied)));
        breaker.answered();
        assert_eq!(opens_after(&breaker, &denied), Some(5));
    }

    #[test]
    fn its_words_name_the_variables() {
        let fault = refused(FaultKind::Unauthorized, 401, "status 401: check `api_key`");
        assert_eq!(
            words("target prod", &fault, &["OPENAI_API_KEY".to_owned()]),
            "target prod is called no more after 5 equal refusals in a row: status 401: check `api_key` (it uses ${OPENAI_API_KEY})"
        );
    }
}
