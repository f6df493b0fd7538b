//! Success of trials, read off a record's columns by the suite's expression.

use crate::domain::suite::{Comparison, Suite};
use crate::score::success::{Expression, Success, combine};

use super::record::{Found, Record, State};

/// Where a term looks, and the comparison it makes.
type Column = (Option<usize>, Option<(Comparison, f64)>);

/// The success expression of a suite, its terms by the scorers' columns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    expression: Expression,
    /// Column and comparison of each term; `None` as column: the record does not know the scorer.
    columns: Vec<Column>,
}

impl Rule {
    /// The suite's expression, or the default one. `None`: nothing decides, success is undefined.
    pub(crate) fn of(suite: &Suite, record: &Record) -> Option<Self> {
        let expression = Expression::of_suite(suite, record.has_checks())?;
        let scorers = &record.shape().scorers;
        let columns: Vec<_> = expression
            .terms()
            .iter()
            .map(|term| {
                let at = scorers.iter().position(|known| known.id == term.scorer);
                (at, term.rule)
            })
            .collect();
        Some(Self {
            columns,
            expression,
        })
    }

    /// As shown: `checks and helpful >= 4`.
    pub(crate) fn text(&self) -> String {
        self.expression.to_string()
    }

    /// Whether any term looks at a case.
    fn applies(&self, record: &Record, case: usize) -> bool {
        self.columns
            .iter()
            .any(|(scorer, _)| scorer.is_none_or(|scorer| record.applies(case, scorer)))
    }

    /// The scorers that are judges and have a say in it, by index.
    pub(crate) fn judges(&self, record: &Record) -> Vec<usize> {
        let mut judges: Vec<usize> = self.columns.iter().filter_map(|(at, _)| *at).collect();
        judges.retain(|&at| record.shape().scorers[at].judged);
        judges.sort_unstable();
        judges.dedup();
        judges
    }

    /// The one judge whose pass alone is success, with its rule, where there is no other term.
    pub(crate) fn only_judge(&self, record: &Record) -> Option<(usize, Option<(Comparison, f64)>)> {
        match self.columns.as_slice() {
            [(Some(at), rule)] if record.shape().scorers[*at].judged => Some((*at, *rule)),
            _ => None,
        }
    }

    /// Success of the trial at a place.
    pub(crate) fn of_trial(&self, record: &Record, case: usize, at: usize) -> Success {
        self.with(record, case, at, &|scorer| record.found(at, case, scorer))
    }

    /// The same with people's word in the place of every judge's.
    pub(crate) fn by_people(&self, record: &Record, case: usize, at: usize) -> Success {
        self.with(
            record,
            case,
            at,
            &|scorer| match record.shape().scorers[scorer].judged {
                true => record.human(at, scorer),
                false => record.found(at, case, scorer),
            },
        )
    }

    fn with(
        &self,
        record: &Record,
        case: usize,
        at: usize,
        found: &dyn Fn(usize) -> Found,
    ) -> Success {
        match record.state(at) {
            _ if !self.applies(record, case) => Success::NotDue,
            State::Unknown | State::Stopped | State::Errored(_) => Success::Missing {
                fails_anyway: false,
            },
            State::Failed(_) => Success::No,
            State::Answered => combine(self.columns.iter().filter_map(|(scorer, rule)| {
                let Some(scorer) = *scorer else {
                    return Some(None);
                };
                match found(scorer) {
                    Found::NotApplicable => None,
                    Found::Nothing | Found::Unscored(_) => Some(None),
                    found => Some(record.passes(scorer, found, *rule)),
                }
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Trial, answered, cases, errored, failed, judge, record, scorer};
    use super::super::fixture::{stopped, suite};
    use super::*;
    use crate::domain::fault::FaultKind;
    use crate::domain::score::{Measure, Score, Unscored, Value};
    use crate::domain::suite::Term;
    use crate::domain::transcript::Failure;
    use crate::score::CHECKS;

    fn term(scorer: &str, rule: Option<(Comparison, f64)>) -> Term {
        Term {
            text: scorer.to_owned(),
            scorer: scorer.to_owned(),
            rule,
        }
    }

    fn pass(of: Option<bool>) -> Value {
        of.map_or(Value::Unscored(Unscored::Unreadable), Value::Pass)
    }

    fn number(of: Option<bool>) -> Value {
        let number = |high| Value::Number(if high { 4.0 } else { 3.9 });
        of.map_or(Value::Unscored(Unscored::Unreadable), number)
    }

    /// Every trial that there can be on a case, with the scores that the engine would give it.
    fn trials(has_checks: bool) -> Vec<Trial> {
        let score = |id: &str, value: Value| Score::new(id, value);
        let of_checks = |value: Value| match has_checks {
            true => score(CHECKS, value),
            false => score(CHECKS, Value::NotApplicable),
        };
        let without = |mut trial: Trial| {
            trial.scores = vec![
                of_checks(Value::Pass(false)),
                score("right", Value::Pass(false)),
                score("style", Value::NotApplicable),
            ];
            trial
        };
        let mut all = vec![
            without(failed(Failure::Deadline)),
            without(failed(Failure::Fault(FaultKind::Crashed))),
            errored(),
            stopped(),
            answered(Vec::new()),
        ];
        let said = [None, Some(false), Some(true)];
        for checks in said {
            for right in said {
                for style in said {
                    all.push(answered(vec![
                        of_checks(pass(checks)),
                        score("right", pass(right)),
                        score("style", number(style)),
                    ]));
                }
            }
        }
        all
    }

    #[test]
    fn columns_and_scores_agree_on_every_trial() {
        let high = Some((Comparison::AtLeast, 4.0));
        let expressions = [
            None,
            Some(vec![term(CHECKS, None)]),
            Some(vec![term("right", None)]),
            Some(vec![term("style", high)]),
            Some(vec![term(CHECKS, None), term("style", high)]),
            Some(vec![
                term(CHECKS, None),
                term("right", None),
                term("style", high),
            ]),
        ];
        let (with, without) = (trials(true), trials(false));
        let all: Vec<&Trial> = with.iter().chain(&without).collect();
        let mut cases = cases(all.len());
        for case in &mut cases[..with.len()] {
            case.checks = vec![serde_json::json!({"kind": "exact"})];
        }
        let scale = Some((1.0, 5.0));
        for success in expressions {
            let mut suite = suite(&["prod"], 1);
            suite.scorers = vec![
                scorer("right", Measure::PassFail),
                judge("style", Measure::Number { scale, pass: None }),
            ];
            suite.success = success;
            let record = record(&suite, &cases, |case, _, _| Some(all[case].clone()));
            let rule = Rule::of(&suite, &record).unwrap();
            let expression = Expression::of_suite(&suite, true).unwrap();
            for (case, trial) in all.iter().enumerate() {
                let by_columns = rule.of_trial(&record, case, case).point();
                let by_scores = expression.of_trial(&trial.outcome, &trial.scores).point();
                // What was never scored is missing, also the checks of a case that has none.
                if trial.scores.is_empty() {
                    assert_eq!(
                        (by_columns, by_scores),
                        (None, None),
                        "{expression}: {trial:?}"
                    );
                }
                assert_eq!(by_columns, by_scores, "{expression}: {trial:?}");
            }
        }
    }
}
