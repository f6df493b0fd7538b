//! Verdicts that somebody else reached and wrote down: the output is the verdict, and the row says nothing.

use serde::Deserialize;

use super::{Marking, Verdict};

/// How far a reward may be from 1.
const NEAR: f64 = 1e-6;

/// The rule looks at nothing in the row.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Row {}

/// What a recorded verdict looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// `true` or `false`.
    Truth,
    /// `true` or `false`, or nothing where nothing was tried, which counts as no success.
    TruthOrNothing,
    /// A reward, where 1 (within a millionth) is a success.
    Reward,
}

impl Marking for Recorded {
    type Row = Row;

    fn verdict(&self, _: &Row, output: &str) -> Verdict {
        let said = output.trim();
        match self {
            Self::Reward => match said.parse::<f64>() {
                Ok(reward) if reward.is_finite() => {
                    Verdict::pass((1.0 - NEAR..=1.0 + NEAR).contains(&reward))
                        .because(format!("reward {reward}"))
                }
                _ => Verdict::unscored("the recorded reward is no finite number"),
            },
            Self::Truth | Self::TruthOrNothing => match said {
                "true" | "True" | "1" => Verdict::pass(true),
                "false" | "False" | "0" => Verdict::pass(false),
                "" if *self == Self::TruthOrNothing => {
                    Verdict::pass(false).because("nothing was tried")
                }
                _ => Verdict::unscored("the recorded verdict is neither true nor false"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_verdict_is_what_it_says_and_nothing_is_guessed() {
        let passed = |by: Recorded, said: &str| by.verdict(&Row {}, said).passed();
        assert_eq!(passed(Recorded::Truth, "true"), Some(true));
        assert_eq!(passed(Recorded::Truth, "False"), Some(false));
        assert_eq!(passed(Recorded::Truth, ""), None);
        assert_eq!(passed(Recorded::Truth, "yes"), None);
        assert_eq!(passed(Recorded::TruthOrNothing, ""), Some(false));
        assert_eq!(passed(Recorded::Reward, "1.0"), Some(true));
        assert_eq!(passed(Recorded::Reward, "0.9999999"), Some(true));
        assert_eq!(passed(Recorded::Reward, "0.5"), Some(false));
        assert_eq!(passed(Recorded::Reward, "NaN"), None);
        assert_eq!(passed(Recorded::Reward, ""), None);
    }
}
