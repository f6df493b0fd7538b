//! `success`: what makes a trial a success, and whether it was one (STATISTICS 1).
//!
//! All terms must hold. One unscored term and the success is missing, even where another term fails: what is missing must not depend on
//! what the other scorers said. For the bounds that stand beside a rate it still matters that such a trial can only be a failure, so
//! [`Success::Missing`] keeps that.

use std::fmt;

use crate::domain::decode::unknown;
use crate::domain::score::{Measure, Score, Value};
use crate::domain::suite::{Comparison, ScorerSpec, Suite, Term};
use crate::domain::transcript::Outcome;

use super::CHECKS;

/// The terms, all of which must hold; never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    terms: Vec<Term>,
}

/// Whether a trial was a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Success {
    /// Every term holds.
    Yes,
    /// A term does not hold, and none is missing; also every trial that the agent itself failed.
    No,
    /// A term has no value though one is due.
    Missing {
        /// Another term does not hold: whatever the missing one would have said, this is no success.
        fails_anyway: bool,
    },
    /// No term applies to this case (its only term is `checks`, and it has none).
    NotDue,
}

impl Success {
    /// The value that enters the point: `None` where missing or not due.
    #[must_use]
    pub fn point(self) -> Option<bool> {
        match self {
            Self::Yes => Some(true),
            Self::No => Some(false),
            Self::Missing { .. } | Self::NotDue => None,
        }
    }
}

/// Why a term of `success` cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermError {
    /// Not `scorer` nor `scorer >= 4`.
    #[error("`{0}` is no term; write a scorer's id, or a comparison such as `helpful >= 4`")]
    Unreadable(String),
    /// No such scorer.
    #[error("{0}")]
    UnknownScorer(String),
    /// A comparison with what is no number.
    #[error("`{0}` says pass or fail, or a label; name it without a comparison")]
    NotANumber(String),
    /// A value that does not say by itself whether it passes.
    #[error("`{0}` has no pass rule; write a comparison such as `{0} >= 4`")]
    NoPassRule(String),
    /// A label without passing classes.
    #[error("`{0}` yields a label and names none that passes; it cannot be a term of `success`")]
    NoPassingLabel(String),
}

/// Reads one term: a scorer's id, or a comparison of its number. `scorers` are those of the suite, by id; `checks` is always known.
pub fn parse(text: &str, scorers: &[(&str, Measure)]) -> Result<Term, TermError> {
    let text = text.trim();
    let sign = Comparison::ALL
        .iter()
        .filter_map(|(sign, _)| text.find(sign).map(|at| (at, *sign)))
        .min_by_key(|(at, sign)| (*at, std::cmp::Reverse(sign.len())));
    let unreadable = || TermError::Unreadable(text.to_owned());
    let (id, rule) = match sign {
        None => (text, None),
        Some((at, _)) => {
            let rule = Comparison::parse(&text[at..]).ok_or_else(unreadable)?;
            (text[..at].trim(), Some(rule))
        }
    };
    if id.is_empty() || id.contains(char::is_whitespace) || id.contains('=') {
        return Err(unreadable());
    }
    let measure = match scorers.iter().find(|(known, _)| *known == id) {
        Some((_, measure)) => measure,
        None if id == CHECKS => &Measure::PassFail,
        None => {
            let mut known: Vec<&str> = scorers.iter().map(|(id, _)| *id).collect();
            known.push(CHECKS);
            return Err(TermError::UnknownScorer(unknown("scorer", id, &known)));
        }
    };
    match (measure, rule.is_some()) {
        (Measure::Number { pass: None, .. }, false) => {
            return Err(TermError::NoPassRule(id.to_owned()));
        }
        (Measure::Label { pass, .. }, false) if pass.is_empty() => {
            return Err(TermError::NoPassingLabel(id.to_owned()));
        }
        (Measure::PassFail | Measure::Label { .. }, true) => {
            return Err(TermError::NotANumber(id.to_owned()));
        }
        _ => {}
    }
    let written = match rule {
        None => id.to_owned(),
        Some((comparison, bar)) => format!("{id} {} {bar}", sign_of(comparison)),
    };
    Ok(Term {
        text: written,
        scorer: id.to_owned(),
        rule,
    })
}

fn sign_of(comparison: Comparison) -> &'static str {
    Comparison::ALL
        .iter()
        .find(|(_, known)| *known == comparison)
        .map_or("==", |(sign, _)| sign)
}

impl Expression {
    /// The expression of these terms; `None` for none: success is undefined then, never 100 %.
    #[must_use]
    pub fn of_terms(terms: Vec<Term>) -> Option<Self> {
        (!terms.is_empty()).then_some(Self { terms })
    }

    /// The default: `checks` where any case has some, and every scorer that says pass or fail, except `budget` and `length`; judges
    /// included when their file declares what passes. `None` where there is none: success is undefined.
    #[must_use]
    pub fn default_of(scorers: &[ScorerSpec], any_checks: bool) -> Option<Self> {
        let mut terms = Vec::new();
        if any_checks {
            terms.push(own_pass(CHECKS, CHECKS.to_owned()));
        }
        for spec in scorers {
            let measure = spec.scorer.measure();
            if !measure.decides() || matches!(spec.kind, "budget" | "length") {
                continue;
            }
            let text = match &measure {
                Measure::Number {
                    pass: Some(rule), ..
                } => format!("{} {rule}", spec.id),
                _ => spec.id.clone(),
            };
            terms.push(own_pass(&spec.id, text));
        }
        Self::of_terms(terms)
    }

    /// The expression that the suite writes, or the default one; `any_checks`: whether any of its cases has checks.
    #[must_use]
    pub fn of_suite(suite: &Suite, any_checks: bool) -> Option<Self> {
        match &suite.success {
            Some(terms) => Self::of_terms(terms.clone()),
            None => Self::default_of(&suite.scorers, any_checks),
        }
    }

    /// The terms.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Whether a trial that ended like this, with these scores, was a success.
    #[must_use]
    pub fn of_trial(&self, outcome: &Outcome, scores: &[Score]) -> Success {
        match outcome {
            Outcome::Answered => self.of_answer(scores),
            Outcome::Failed { .. } => self.of_failure(scores),
            Outcome::Errored { .. } | Outcome::Stopped { .. } => Success::Missing {
                fails_anyway: false,
            },
        }
    }

    /// Whether a trial that the agent itself failed was a success: never, but where no term looks at its case.
    #[must_use]
    pub fn of_failure(&self, scores: &[Score]) -> Success {
        let none = |score: &Score| score.scorer == CHECKS && score.value == Value::NotApplicable;
        let without_checks = scores.iter().any(none);
        let looks = |term: &Term| term.scorer != CHECKS || !without_checks;
        match self.terms.iter().any(looks) {
            true => Success::No,
            false => Success::NotDue,
        }
    }

    /// Whether an answered trial with these scores was a success. A term whose score is not among them is missing; one that does not
    /// apply to the case is left out.
    #[must_use]
    pub fn of_answer(&self, scores: &[Score]) -> Success {
        combine(self.terms.iter().filter_map(|term| {
            let score = scores.iter().find(|score| score.scorer == term.scorer);
            match (score.map(|score| &score.value), term.rule) {
                (Some(Value::NotApplicable), _) => None,
                (Some(Value::Number(number)), Some((comparison, bar))) => {
                    Some(Some(comparison.holds(*number, bar)))
                }
                (_, Some(_)) => Some(None),
                (_, None) => Some(score.and_then(Score::passes)),
            }
        }))
    }
}

/// Whether a trial was a success, from whether each term that is due holds (`None`: it has no value).
#[must_use]
pub fn combine(terms: impl IntoIterator<Item = Option<bool>>) -> Success {
    let (mut due, mut missing, mut fails) = (false, false, false);
    for holds in terms {
        due = true;
        missing |= holds.is_none();
        fails |= holds == Some(false);
    }
    match (due, missing) {
        (false, _) => Success::NotDue,
        (true, true) => Success::Missing {
            fails_anyway: fails,
        },
        (true, false) if fails => Success::No,
        (true, false) => Success::Yes,
    }
}

/// A term by which the scorer's own pass decides.
fn own_pass(id: &str, text: String) -> Term {
    Term {
        text,
        scorer: id.to_owned(),
        rule: None,
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            let and = if index == 0 { "" } else { " and " };
            write!(f, "{and}{}", term.text)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::digest::Digest;
    use crate::domain::port::{Scorer, Seen};
    use crate::domain::score::Unscored;
    use crate::domain::transcript::Failure;
    use proptest::prelude::*;

    #[derive(Debug)]
    struct Fixed(Measure);

    impl Scorer for Fixed {
        fn measure(&self) -> Measure {
            self.0.clone()
        }
        fn score(&self, _: &str, _: &Seen) -> Option<Score> {
            None
        }
    }

    fn spec(id: &str, kind: &'static str, measure: Measure) -> ScorerSpec {
        ScorerSpec {
            id: id.into(),
            kind,
            scorer: Arc::new(Fixed(measure)),
            model: None,
            digest: Digest::of(id.as_bytes()),
            judge: None,
            others: Vec::new(),
        }
    }

    fn number(pass: Option<&str>) -> Measure {
        Measure::Number {
            scale: Some((1.0, 5.0)),
            pass: pass.map(Into::into),
        }
    }

    fn expression(terms: &[&str]) -> Expression {
        let known = [
            ("cites", Measure::PassFail),
            ("helpful", number(None)),
            ("correct", number(Some(">= 0.5"))),
        ];
        let terms = terms
            .iter()
            .map(|text| parse(text, &known).unwrap())
            .collect();
        Expression::of_terms(terms).unwrap()
    }

    fn pass(id: &str, pass: bool) -> Score {
        Score::new(id, Value::Pass(pass))
    }

    fn unscored(id: &str) -> Score {
        Score::unscored(id, Unscored::Unreadable, "prose")
    }

    #[test]
    fn every_term_must_hold() {
        let both = expression(&["cites", "helpful>=4"]);
        assert_eq!(both.to_string(), "cites and helpful >= 4");
        let helpful = |n| Score::new("helpful", Value::Number(n));
        assert_eq!(
            both.of_answer(&[pass("cites", true), helpful(4.0)]),
            Success::Yes
        );
        assert_eq!(
            both.of_answer(&[pass("cites", true), helpful(3.9)]),
            Success::No
        );
        assert_eq!(
            both.of_answer(&[pass("cites", false), helpful(5.0)]),
            Success::No
        );
    }

    #[test]
    fn an_unscored_term_makes_the_success_missing_even_beside_a_fail() {
        let both = expression(&["cites", "helpful >= 4"]);
        let missing = |fails_anyway| Success::Missing { fails_anyway };
        assert_eq!(
            both.of_answer(&[pass("cites", true), unscored("helpful")]),
            missing(false)
        );
        let beside = both.of_answer(&[pass("cites", false), unscored("helpful")]);
        assert_eq!(beside, missing(true));
        assert_eq!(beside.point(), None);
        assert_eq!(both.of_answer(&[pass("cites", true)]), missing(false));
    }

    #[test]
    fn checks_do_not_count_where_a_case_has_none() {
        let both = expression(&["checks", "cites"]);
        let none = Score::new(CHECKS, Value::NotApplicable);
        assert_eq!(
            both.of_answer(&[none.clone(), pass("cites", true)]),
            Success::Yes
        );
        assert_eq!(expression(&["checks"]).of_answer(&[none]), Success::NotDue);
    }

    #[test]
    fn the_agents_own_failure_is_no_success_wherever_a_term_looks() {
        let failed = Outcome::Failed {
            kind: Failure::Deadline,
            message: "exit 1".into(),
        };
        let none = [Score::new(CHECKS, Value::NotApplicable)];
        let some = [pass(CHECKS, false)];
        let checks = expression(&["checks"]);
        assert_eq!(checks.of_trial(&failed, &some), Success::No);
        assert_eq!(checks.of_trial(&failed, &none), Success::NotDue);
        let both = expression(&["checks", "helpful >= 4"]);
        assert_eq!(both.of_trial(&failed, &none), Success::No);
        let stopped = Outcome::Stopped {
            why: "interrupted".into(),
        };
        assert_eq!(both.of_trial(&stopped, &some).point(), None);
    }

    #[test]
    fn a_judge_passes_by_its_own_rule() {
        let own = expression(&["correct"]);
        let mut score = Score::new("correct", Value::Number(0.4));
        score.pass = Some(false);
        assert_eq!(own.of_answer(&[score]), Success::No);
    }

    #[test]
    fn the_default_takes_what_says_pass_or_fail_but_form_and_cost() {
        let scorers = [
            spec("cites", "contains", Measure::PassFail),
            spec("short", "length", Measure::PassFail),
            spec("cheap", "budget", Measure::PassFail),
            spec("rated", "judge", number(None)),
            spec("correct", "judge", number(Some(">= 0.5"))),
        ];
        let default = Expression::default_of(&scorers, true).unwrap();
        assert_eq!(default.to_string(), "checks and cites and correct >= 0.5");
        assert_eq!(Expression::default_of(&scorers[1..4], false), None);
    }

    #[test]
    fn a_term_that_means_nothing_is_refused_with_the_next_step() {
        let known = [
            ("cites", Measure::PassFail),
            ("helpful", number(None)),
            (
                "tone",
                Measure::Label {
                    classes: vec!["kind".into()],
                    pass: vec![],
                },
            ),
        ];
        let message = |text| parse(text, &known).unwrap_err().to_string();
        assert_eq!(
            message("helpfull >= 4"),
            "unknown scorer `helpfull`; did you mean `helpful`?"
        );
        assert_eq!(
            message("helpful"),
            "`helpful` has no pass rule; write a comparison such as `helpful >= 4`"
        );
        assert!(message("cites >= 1").contains("without a comparison"));
        assert!(message("tone").contains("names none that passes"));
        for wrong in [
            "",
            ">= 4",
            "helpful >= many",
            "helpful > = 4",
            "cites and helpful",
            "helpful != 4",
            "helpful >= NaN",
        ] {
            assert!(
                message(wrong).contains("is no term"),
                "{wrong}: {}",
                message(wrong)
            );
        }
    }

    proptest! {
        #[test]
        fn success_is_missing_exactly_where_a_term_is(values in prop::collection::vec(prop::option::of(any::<bool>()), 1..6)) {
            let terms = (0..values.len()).map(|i| own_pass(&i.to_string(), i.to_string())).collect();
            let scores: Vec<Score> = values
                .iter()
                .enumerate()
                .map(|(i, value)| match value {
                    Some(value) => pass(&i.to_string(), *value),
                    None => unscored(&i.to_string()),
                })
                .collect();
            let found = Expression::of_terms(terms).unwrap().of_answer(&scores);
            let all: Option<Vec<bool>> = values.iter().copied().collect();
            prop_assert_eq!(found.point(), all.map(|all| all.iter().all(|v| *v)));
            if let Success::Missing { fails_anyway } = found {
                prop_assert_eq!(fails_anyway, values.contains(&Some(false)));
            }
        }
    }
}
