//! What a run took over from an earlier one, and which models answered then and now.
//!
//! A taken-over trial keeps its latency and cost of then; it was not paid for here. Where an endpoint's model changed in between, two
//! trials of one target are not of one kind: that must be said, and can only be seen from the names that the endpoint gave itself.

use std::collections::BTreeMap;

/// How many names of models are remembered: an endpoint that names itself anew each time must not fill the memory.
const MOST_MODELS: usize = 64;

/// What a run took over from an earlier one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// A bit a trial; empty while none was taken over.
    trials: Vec<u64>,
    /// Scores that were taken over.
    pub scores: u64,
    /// By target and model as its endpoint named it: trials answered here, and taken over.
    models: BTreeMap<usize, BTreeMap<String, [u64; 2]>>,
    /// How many names these are.
    names: usize,
}

impl Taken {
    /// A trial was taken over, or (`is_reused` false) done here, perhaps in place of one that was.
    pub(crate) fn note_trial(&mut self, at: usize, trials: usize, is_reused: bool) {
        if self.trials.is_empty() {
            if !is_reused {
                return;
            }
            self.trials = vec![0; trials.div_ceil(64)];
        }
        let bit = 1 << (at % 64);
        if let Some(word) = self.trials.get_mut(at / 64) {
            *word = if is_reused { *word | bit } else { *word & !bit };
        }
    }

    /// A model answered.
    pub(crate) fn note_model(&mut self, target: usize, model: &str, is_reused: bool) {
        let named = self.models.entry(target).or_default();
        if let Some(counts) = named.get_mut(model) {
            counts[usize::from(is_reused)] += 1;
        } else if self.names < MOST_MODELS {
            self.names += 1;
            let counts = named.entry(model.to_owned()).or_default();
            counts[usize::from(is_reused)] += 1;
        }
    }

    /// Whether a trial was taken over.
    #[must_use]
    pub fn is_taken(&self, at: usize) -> bool {
        let word = self.trials.get(at / 64);
        word.is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// Trials that were taken over.
    #[must_use]
    pub fn trials(&self) -> u64 {
        let ones = self.trials.iter().map(|word| u64::from(word.count_ones()));
        ones.sum()
    }

    /// The models that answered a target's trials, by name: here (`is_reused` false), or where they were taken over from.
    pub fn models(&self, target: usize, is_reused: bool) -> impl Iterator<Item = &str> {
        let named = self.models.get(&target).into_iter().flatten();
        named
            .filter(move |(_, counts)| counts[usize::from(is_reused)] > 0)
            .map(|(model, _)| model.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_done_again_is_no_longer_taken_over() {
        let mut taken = Taken::default();
        taken.note_trial(3, 70, false);
        assert_eq!(taken, Taken::default());
        taken.note_trial(3, 70, true);
        taken.note_trial(69, 70, true);
        assert_eq!(
            (taken.trials(), taken.is_taken(3), taken.is_taken(4)),
            (2, true, false)
        );
        taken.note_trial(3, 70, false);
        assert_eq!((taken.trials(), taken.is_taken(69)), (1, true));
    }

    #[test]
    fn models_of_then_and_now_are_told_apart_and_bounded() {
        let mut taken = Taken::default();
        taken.note_model(0, "m-1", true);
        taken.note_model(0, "m-2", false);
        taken.note_model(1, "other", false);
        let models = |is_reused| taken.models(0, is_reused).collect::<Vec<_>>();
        assert_eq!((models(true), models(false)), (vec!["m-1"], vec!["m-2"]));
        for nth in 0..1_000 {
            taken.note_model(2, &format!("m{nth}"), false);
        }
        assert_eq!(taken.models(2, false).count(), MOST_MODELS - 3);
    }
}
