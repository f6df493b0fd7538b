//! Outputs that were scored by a benchmark's rule, one after another, and what they say together: the metric with its interval, by
//! tag, and all that it leaves out.
//!
//! A rate is Wilson's where cases are independent, its clustered form where they hang together; a mean has Student's interval. An output
//! without a value is counted and is in no figure. SimpleQA's figures are ratios: correct among attempted, and the F-score, which is
//! twice the correct over all and attempted together; IFEval's share of instructions is one too; their intervals are Fieller's. Where
//! several outputs for one case are attempts, the figure is the mean over cases of the case's share (pass@1, pass^1), and pass@k or pass^k
//! stand beside it for each k that every case has attempts for; their intervals are those of the same metrics of a run.

use std::collections::BTreeMap;

use serde::Serialize;

use super::figure::{ratio, shown};
use super::findings::{Estimate, Figure, Unit};
use crate::score::benchmark::{Attempts, Outcome, Verdict};
use crate::stats::{
    self, Confidence, Sample, Scale, Tries, Undefined, fieller, mean, pass_at_k_per_case,
    pass_hat_k_per_case, rate,
};

/// The most tags that get a figure of their own.
const MOST_TAGS: usize = 200;

/// The k beyond 1 for which pass@k and pass^k are told.
const OF_ATTEMPTS: &[u64] = &[2, 3, 4, 5, 8, 10, 16, 20, 25, 50, 100, 200];

/// Outputs as they come.
#[derive(Debug)]
pub struct Tally {
    is_number: bool,
    grades: bool,
    attempts: Attempts,
    /// Of each output with parts, how many of them pass and how many there are.
    parts: Vec<(f64, f64)>,
    values: Vec<f64>,
    groups: Vec<u32>,
    clusters: BTreeMap<String, u32>,
    by_tag: BTreeMap<String, Vec<usize>>,
    beyond_tags: u64,
    attempted: Vec<f64>,
    outputs: u64,
    without_answer: u64,
    unscored: BTreeMap<String, u64>,
}

/// What outputs say together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Outputs that were looked at.
    pub outputs: u64,
    /// Those with a value.
    pub scored: u64,
    /// Those that pass; absent where values are numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed: Option<u64>,
    /// Those in which the rule found no answer at all; they count as wrong.
    pub without_answer: u64,
    /// Why outputs have no value, with how many; they are in no figure.
    pub unscored: BTreeMap<String, u64>,
    /// The metric.
    pub figure: Figure,
    /// Further figures of the benchmark, by name.
    pub further: BTreeMap<String, Figure>,
    /// The metric by tag; an output counts for each of its tags.
    pub by_tag: BTreeMap<String, Figure>,
    /// Outputs with a tag that has no figure, since there are too many tags.
    pub beyond_tags: u64,
}

impl Tally {
    /// Nothing yet. `is_number`: the rule yields numbers from 0 to 1. `grades`: its verdicts are SimpleQA's three grades.
    #[must_use]
    pub fn new(is_number: bool, grades: bool) -> Self {
        Self {
            is_number,
            grades,
            attempts: Attempts::One,
            parts: Vec::new(),
            values: Vec::new(),
            groups: Vec::new(),
            clusters: BTreeMap::new(),
            by_tag: BTreeMap::new(),
            beyond_tags: 0,
            attempted: Vec::new(),
            outputs: 0,
            without_answer: 0,
            unscored: BTreeMap::new(),
        }
    }

    /// The same where several outputs for one case, which then is their cluster, are attempts.
    #[must_use]
    pub fn of(mut self, attempts: Attempts) -> Self {
        self.attempts = attempts;
        self
    }

    /// One more output, with its case's tags and cluster.
    pub fn add(&mut self, verdict: &Verdict, tags: &[String], cluster: Option<&str>) {
        self.outputs += 1;
        if let Outcome::Unscored(why) = &verdict.outcome {
            *self.unscored.entry(why.clone()).or_default() += 1;
        }
        let Some(value) = verdict.value() else {
            return;
        };
        if verdict.extracted.is_none() && verdict.outcome == Outcome::Pass(false) {
            let found_none = |detail: &str| detail.starts_with("no ") && detail.ends_with(" found");
            self.without_answer += u64::from(verdict.detail.as_deref().is_some_and(found_none));
        }
        let place = self.values.len();
        self.values.push(value);
        if let Some((passed, all)) = verdict.parts {
            self.parts.push((f64::from(passed), f64::from(all)));
        }
        if self.grades {
            let attempted = verdict.extracted.as_deref() != Some("C");
            self.attempted.push(if attempted { 1.0 } else { 0.0 });
        }
        if let Some(cluster) = cluster {
            let next = u32::try_from(self.clusters.len()).unwrap_or(u32::MAX);
            let group = match self.clusters.get(cluster) {
                Some(group) => *group,
                None => *self.clusters.entry(cluster.to_owned()).or_insert(next),
            };
            self.groups.push(group);
        }
        let mut is_beyond = false;
        for tag in tags {
            if let Some(places) = self.by_tag.get_mut(tag) {
                places.push(place);
            } else if self.by_tag.len() < MOST_TAGS {
                self.by_tag.insert(tag.clone(), vec![place]);
            } else {
                is_beyond = true;
            }
        }
        self.beyond_tags += u64::from(is_beyond);
    }

    /// What they say together. `planned`: the cases that should have had an output, where that is known.
    #[must_use]
    pub fn summary(self, planned: Option<u64>) -> Summary {
        let several = self.attempts != Attempts::One;
        let coverage = match planned {
            // Of attempts nobody says how many there should be: a case is there with its first.
            Some(planned) if several => ratio(self.clusters.len() as u64, planned),
            Some(planned) => ratio(self.values.len() as u64, planned),
            None => ratio(self.values.len() as u64, self.outputs),
        };
        let all: Vec<usize> = (0..self.values.len()).collect();
        let by_tag = self.by_tag.iter();
        let by_tag = by_tag.map(|(tag, places)| (tag.clone(), self.figure(places, 1.0)));
        let passed = self.values.iter().filter(|value| **value == 1.0).count() as u64;
        Summary {
            outputs: self.outputs,
            scored: self.values.len() as u64,
            passed: (!self.is_number).then_some(passed),
            without_answer: self.without_answer,
            figure: self.figure(&all, coverage),
            further: self.further(coverage),
            by_tag: by_tag.collect(),
            beyond_tags: self.beyond_tags,
            unscored: self.unscored,
        }
    }

    /// Attempts and successes of each case at some places.
    fn tries(&self, places: &[usize]) -> Vec<Tries> {
        let mut tries: BTreeMap<u32, Tries> = BTreeMap::new();
        for place in places {
            let of_case = tries.entry(self.groups[*place]).or_insert(Tries {
                trials: 0,
                successes: 0,
            });
            of_case.trials += 1;
            of_case.successes += u64::from(self.values[*place] == 1.0);
        }
        tries.into_values().collect()
    }

    /// pass@k or pass^k over the cases with so many attempts, as the mean over cases.
    fn of_attempts(&self, tries: &[Tries], k: u64, coverage: f64) -> Figure {
        let per_case = match self.attempts {
            Attempts::AllRight => pass_hat_k_per_case(tries, k),
            Attempts::One | Attempts::AnyRight => pass_at_k_per_case(tries, k),
        };
        match per_case {
            Ok(found) => {
                let sample = Sample::new(&found.values).with_trials(found.trials);
                figure_of(
                    rate(&sample, Confidence::NINETY_FIVE),
                    found.trials,
                    coverage,
                )
            }
            Err(why) => figure_of(Err(why), 0, coverage),
        }
    }

    /// The metric over the values at some places.
    fn figure(&self, places: &[usize], coverage: f64) -> Figure {
        if self.attempts != Attempts::One {
            return self.of_attempts(&self.tries(places), 1, coverage);
        }
        let values: Vec<f64> = places.iter().map(|place| self.values[*place]).collect();
        let grouped = self.groups.len() == self.values.len();
        let groups: Vec<u32> = match grouped {
            true => places.iter().map(|place| self.groups[*place]).collect(),
            false => Vec::new(),
        };
        let mut sample = Sample::new(&values);
        if grouped && !groups.is_empty() {
            sample = sample.with_groups(&groups);
        }
        let confidence = Confidence::NINETY_FIVE;
        let found = match self.is_number {
            true => mean(&sample, confidence, Scale::new(0.0, 1.0)),
            false => rate(&sample, confidence),
        };
        figure_of(found, places.len(), coverage)
    }

    /// pass@k or pass^k for every k up to the attempts that each case has: a figure over only some of the cases would be of others.
    fn over_attempts(&self, coverage: f64) -> BTreeMap<String, Figure> {
        let all: Vec<usize> = (0..self.values.len()).collect();
        let tries = self.tries(&all);
        let fewest = tries.iter().map(|tries| tries.trials).min().unwrap_or(0);
        let name = match self.attempts {
            Attempts::AllRight => "pass^",
            Attempts::One | Attempts::AnyRight => "pass@",
        };
        let wanted = OF_ATTEMPTS.iter().copied().filter(|k| *k <= fewest);
        wanted
            .map(|k| (format!("{name}{k}"), self.of_attempts(&tries, k, coverage)))
            .collect()
    }

    /// What is told besides the metric.
    fn further(&self, coverage: f64) -> BTreeMap<String, Figure> {
        if self.attempts != Attempts::One {
            return self.over_attempts(coverage);
        }
        if !self.parts.is_empty() && self.parts.len() == self.values.len() {
            let (passed, all): (Vec<f64>, Vec<f64>) = self.parts.iter().copied().unzip();
            let figure = figure_of(stats_ratio(&passed, &all), self.values.len(), coverage);
            return [("instruction-level accuracy".to_owned(), figure)].into();
        }
        if !self.grades {
            return BTreeMap::new();
        }
        let twice: Vec<f64> = self.values.iter().map(|correct| 2.0 * correct).collect();
        let both: Vec<f64> = self.attempted.iter().map(|one| 1.0 + one).collect();
        let given = stats_ratio(&self.values, &self.attempted);
        let attempted = rate(&Sample::new(&self.attempted), Confidence::NINETY_FIVE);
        [
            ("attempted", attempted),
            ("correct given attempted", given),
            ("f-score", stats_ratio(&twice, &both)),
        ]
        .into_iter()
        .map(|(name, found)| {
            let figure = figure_of(found, self.values.len(), coverage);
            (name.to_owned(), figure)
        })
        .collect()
    }
}

fn stats_ratio(above: &[f64], below: &[f64]) -> Result<stats::Estimate, Undefined> {
    fieller(&Sample::new(above), below, Confidence::NINETY_FIVE)
}

fn figure_of(found: Result<stats::Estimate, Undefined>, n: usize, coverage: f64) -> Figure {
    match found {
        Ok(estimate) => Figure::Estimate(Estimate {
            coverage,
            ..shown(&estimate)
        }),
        Err(why) => Figure::Undefined {
            undefined: why.to_string(),
            n: n as u64,
        },
    }
}

/// The unit of the metric.
#[must_use]
pub fn unit(is_number: bool) -> Unit {
    match is_number {
        true => Unit::Score,
        false => Unit::Rate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(figure: &Figure) -> f64 {
        figure.estimate().unwrap().point
    }

    #[test]
    fn a_rate_is_wilsons_and_leaves_out_what_has_no_value() {
        let mut tally = Tally::new(false, false);
        for right in [true, true, false, true] {
            tally.add(&Verdict::pass(right), &["t".to_owned()], None);
        }
        let none = Verdict::pass(false).because("no number found");
        tally.add(&none, &[], None);
        tally.add(&Verdict::unscored("no gold"), &[], None);
        let summary = tally.summary(None);
        assert_eq!((summary.outputs, summary.scored), (6, 5));
        assert_eq!((summary.passed, summary.without_answer), (Some(3), 1));
        assert_eq!(summary.unscored["no gold"], 1);
        let all = summary.figure.estimate().unwrap();
        assert_eq!(all.method, "wilson");
        assert!((all.point - 0.6).abs() < 1e-12);
        assert!((point(&summary.by_tag["t"]) - 0.75).abs() < 1e-12);
    }

    #[test]
    fn tags_without_a_figure_are_counted() {
        let mut tally = Tally::new(false, false);
        for nth in 0..MOST_TAGS + 7 {
            tally.add(&Verdict::pass(true), &[nth.to_string()], None);
        }
        // A tag that has a figure has it for later outputs too.
        tally.add(&Verdict::pass(true), &["0".to_owned()], None);
        let summary = tally.summary(None);
        assert_eq!((summary.by_tag.len(), summary.beyond_tags), (MOST_TAGS, 7));
    }

    #[test]
    fn questions_about_one_text_hang_together() {
        let mut tally = Tally::new(false, false);
        for case in 0..40 {
            let text = (case / 4).to_string();
            tally.add(&Verdict::pass(case % 8 < 4), &[], Some(&text));
        }
        let summary = tally.summary(None);
        let found = summary.figure.estimate().unwrap();
        assert_eq!(
            (found.method.as_str(), found.clusters),
            ("wilson-clustered", 10)
        );
    }

    #[test]
    fn grades_give_the_figures_of_simpleqa() {
        let mut tally = Tally::new(false, true);
        // 5 correct, 3 incorrect, 2 not attempted.
        for (grade, times) in [("A", 5), ("B", 3), ("C", 2)] {
            for _ in 0..times {
                let verdict = Verdict::pass(grade == "A").from_answer(Some(grade));
                tally.add(&verdict, &[], None);
            }
        }
        let summary = tally.summary(None);
        let given = point(&summary.further["correct given attempted"]);
        assert!((given - 0.625).abs() < 1e-12);
        // 2 * 0.625 * 0.5 / (0.625 + 0.5)
        let f_score = point(&summary.further["f-score"]);
        assert!((f_score - 0.625 / 1.125).abs() < 1e-12);
    }

    #[test]
    fn nothing_is_no_figure() {
        let summary = Tally::new(true, false).summary(None);
        assert_eq!(summary.figure.estimate(), None);
    }
}
