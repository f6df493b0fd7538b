//! The suite's budget over all runs of a tuning together.

use std::time::Duration;

use crate::domain::event::Spent;
use crate::domain::suite::Budget;

/// What may be spent, and what was.
#[derive(Debug, Clone)]
pub(super) struct Purse {
    budget: Budget,
    pub(super) spent: Spent,
    /// When it was opened, in milliseconds since 1970 (UTC).
    opened: u64,
    /// What an output cost so far: calls, tokens, USD.
    rate: [f64; 3],
}

impl Purse {
    pub(super) fn new(budget: Budget, now: u64) -> Self {
        Self {
            budget,
            spent: Spent::default(),
            opened: now,
            rate: [0.0; 3],
        }
    }

    /// What was spent with what may have been.
    fn all(&self) -> [f64; 3] {
        let (spent, reserved) = (&self.spent, &self.spent.reserved);
        [
            (spent.calls + reserved.calls) as f64,
            (spent.tokens.total() + reserved.tokens) as f64,
            spent.usd + reserved.usd,
        ]
    }

    fn limits(&self) -> [Option<f64>; 3] {
        let whole = |count: Option<u64>| count.map(|count| count as f64);
        [
            whole(self.budget.calls),
            whole(self.budget.tokens),
            self.budget.usd,
        ]
    }

    /// What is left; `None`: nothing.
    pub(super) fn left(&self, now: u64) -> Option<Budget> {
        let [calls, tokens, usd] = self.all();
        let whole =
            |limit: Option<u64>, spent: f64| limit.map(|all| all.saturating_sub(spent as u64));
        let took = Duration::from_millis(now.saturating_sub(self.opened));
        let left = Budget {
            calls: whole(self.budget.calls, calls),
            tokens: whole(self.budget.tokens, tokens),
            usd: self.budget.usd.map(|all| all - usd),
            time: self.budget.time.map(|all| all.saturating_sub(took)),
        };
        let is_spent = left.calls == Some(0)
            || left.tokens == Some(0)
            || left.usd.is_some_and(|usd| usd <= 0.0)
            || left.time == Some(Duration::ZERO);
        (!is_spent).then_some(left)
    }

    /// Takes in what a run spent; `outputs` were judged in it.
    pub(super) fn add(&mut self, spent: &Spent, outputs: usize) {
        let before = self.all();
        self.spent.usd += spent.usd;
        self.spent.tokens += spent.tokens;
        self.spent.calls += spent.calls;
        self.spent.reserved.usd += spent.reserved.usd;
        self.spent.reserved.tokens += spent.reserved.tokens;
        self.spent.reserved.calls += spent.reserved.calls;
        if outputs > 0 {
            let after = self.all();
            for (rate, (after, before)) in self.rate.iter_mut().zip(after.iter().zip(before)) {
                *rate = rate.max((after - before) / outputs as f64);
            }
        }
    }

    /// Whether judging so many outputs more is within what is left, at the highest rate so far.
    pub(super) fn allows(&self, outputs: usize, now: u64) -> bool {
        let spent = self.all();
        let fits = |at: usize| {
            self.limits()[at]
                .is_none_or(|limit| spent[at] + self.rate[at] * outputs as f64 <= limit)
        };
        self.left(now).is_some() && (0..spent.len()).all(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_spends_is_missing_in_the_next() {
        let budget = Budget {
            calls: Some(100),
            ..Budget::default()
        };
        let mut purse = Purse::new(budget, 0);
        assert!(
            purse.allows(1_000_000, 0),
            "nothing is known of the rate yet"
        );
        let spent = Spent {
            calls: 60,
            ..Spent::default()
        };
        purse.add(&spent, 30);
        assert_eq!(purse.left(0).and_then(|left| left.calls), Some(40));
        assert!(purse.allows(20, 0));
        assert!(!purse.allows(21, 0));
        purse.add(&spent, 0);
        assert_eq!(purse.left(0), None);
        assert!(Purse::new(Budget::default(), 0).left(9).is_some());
    }
}
