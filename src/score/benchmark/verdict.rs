//! What a rule of a benchmark finds.

/// The most characters of an extracted answer that a verdict keeps; the comparison sees all of them.
const LONGEST: usize = 4_096;

/// What a rule finds in one output.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The value.
    pub outcome: Outcome,
    /// What the rule took for the answer; `None` where it found none, or where the whole output is the answer. Cut at 4,096 characters.
    pub extracted: Option<String>,
    /// What decided, in words; where a scorer has names for its errors, one of them.
    pub detail: Option<String>,
    /// Where an output is checked in parts (instructions): how many pass, of how many.
    pub parts: Option<(u32, u32)>,
}

/// The value of a verdict.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Right or wrong.
    Pass(bool),
    /// A finite number, on the scale of the benchmark (0 to 1 unless the rule says otherwise).
    Number(f64),
    /// No value, and why: the row cannot be scored by this rule.
    Unscored(String),
}

impl Verdict {
    /// Right or wrong.
    #[must_use]
    pub fn pass(right: bool) -> Self {
        Self::of(Outcome::Pass(right))
    }

    /// A number; what is not finite is no value.
    #[must_use]
    pub fn number(value: f64) -> Self {
        if value.is_finite() {
            Self::of(Outcome::Number(value))
        } else {
            Self::unscored("the rule found no finite number")
        }
    }

    /// No value, and why.
    #[must_use]
    pub fn unscored(why: impl Into<String>) -> Self {
        Self::of(Outcome::Unscored(why.into()))
    }

    fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            extracted: None,
            detail: None,
            parts: None,
        }
    }

    /// The same with what was taken for the answer.
    #[must_use]
    pub fn from_answer(mut self, answer: Option<&str>) -> Self {
        self.extracted = answer.map(|answer| match answer.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &answer[..end]),
            None => answer.to_owned(),
        });
        self
    }

    /// The same with what decided.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same with how many of its parts pass.
    #[must_use]
    pub fn of_parts(mut self, passed: usize, all: usize) -> Self {
        self.parts = u32::try_from(passed).ok().zip(u32::try_from(all).ok());
        self
    }

    /// Whether the output is right; `None` for numbers and where there is no value.
    #[must_use]
    pub fn passed(&self) -> Option<bool> {
        match self.outcome {
            Outcome::Pass(right) => Some(right),
            Outcome::Number(_) | Outcome::Unscored(_) => None,
        }
    }

    /// The value as a number: 1 for right and 0 for wrong; `None` where there is none.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        match self.outcome {
            Outcome::Pass(right) => Some(if right { 1.0 } else { 0.0 }),
            Outcome::Number(value) => Some(value),
            Outcome::Unscored(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_none_is_unscored() {
        assert_eq!(Verdict::number(0.5).value(), Some(0.5));
        assert_eq!(Verdict::number(f64::NAN).value(), None);
        assert_eq!(Verdict::pass(true).value(), Some(1.0));
        assert_eq!(Verdict::unscored("no gold answer").passed(), None);
    }

    #[test]
    fn a_long_answer_is_kept_in_part() {
        let long = "9".repeat(1_000_000);
        let kept = Verdict::pass(false).from_answer(Some(&long));
        assert_eq!(kept.extracted.unwrap().chars().count(), LONGEST + 1);
    }
}
