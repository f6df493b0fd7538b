//! How the judges of a metric stand, and what a gate on it may therefore not decide (STATISTICS 4 and 6).

use crate::domain::certificate::Entry;

use super::bench::Bench;
use super::held::Standing;
use super::metric::Metric;

/// The conclusion of a judge that may stand in for people.
pub(crate) const USABLE: &str = "usable";
/// The conclusion of a judge that too few labels speak for.
pub(crate) const TOO_FEW: &str = "too_few_labels";

/// Why no gate may lean on what a judge says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// As in a gate's `cause`.
    pub(crate) cause: &'static str,
    /// In words, with what to do.
    pub(crate) words: String,
}

impl Bench<'_> {
    /// How the judge of a scorer stands.
    pub(crate) fn standing(&self, scorer: usize) -> Standing<'_> {
        match self.suite.scorers.get(scorer) {
            Some(spec) => self.record.held().standing(&spec.id, spec.digest),
            None => Standing::Uncalibrated,
        }
    }

    /// The state of a metric that judges have a say in: the least trustworthy of theirs. `None`: no judge has.
    pub(crate) fn state(&self, metric: &Metric) -> Option<&'static str> {
        let judges = self.judges_of(metric);
        let states = judges.iter().map(|&scorer| self.standing(scorer));
        let rank = |standing: &Standing<'_>| match standing {
            Standing::Stale => 0,
            Standing::Uncalibrated => 1,
            Standing::Calibrated(_) => 2,
        };
        let worst = states.min_by_key(rank)?;
        Some(worst.word())
    }

    /// What speaks against leaning on the judges of a metric, in a word, whatever the suite allows; `None`: nothing does, or no judge
    /// has a say.
    pub(crate) fn caveat(&self, metric: &Metric) -> Option<&'static str> {
        let doubts = self.judges_of(metric).into_iter().filter_map(|scorer| {
            let standing = self.standing(scorer);
            let (rank, cause, _) = doubt_of(&self.scorers()[scorer].id, standing)?;
            let word = match (cause, standing) {
                ("not_usable", Standing::Calibrated(entry)) if entry.conclusion == TOO_FEW => {
                    "too few labels"
                }
                ("not_usable", _) => "not shown usable",
                (other, _) => other,
            };
            Some((rank, word))
        });
        doubts.min_by_key(|(rank, _)| *rank).map(|(_, word)| word)
    }

    /// The worst that a gate on a metric has against its judges, where no correction makes up for it. `allow_uncalibrated` lifts what
    /// more labels could mend, and nothing that labels have shown.
    pub(crate) fn doubt(&self, metric: &Metric) -> Option<Doubt> {
        let doubts = self.judges_of(metric).into_iter().filter_map(|scorer| {
            let id = &self.scorers()[scorer].id;
            let (rank, cause, words) = doubt_of(id, self.standing(scorer))?;
            let is_lifted = self.suite.allow_uncalibrated && rank > 1;
            (!is_lifted).then_some((rank, Doubt { cause, words }))
        });
        doubts.min_by_key(|(rank, _)| *rank).map(|(_, doubt)| doubt)
    }
}

/// What a gate has against one judge: how bad it is (0 worst; from 2 on it can be allowed), the cause and the words.
fn doubt_of(id: &str, standing: Standing<'_>) -> Option<(u8, &'static str, String)> {
    Some(match standing {
        Standing::Calibrated(entry) => match entry.conclusion.as_str() {
            USABLE => return None,
            TOO_FEW => (
                3,
                "not_usable",
                format!(
                    "{id} has too few labels to be called usable ({}; label more, or set `allow_uncalibrated: true`)",
                    labels(entry)
                ),
            ),
            _ => (
                1,
                "not_usable",
                format!("{id} was not shown usable ({})", agreement(entry)),
            ),
        },
        Standing::Stale => (
            0,
            "stale",
            format!("{id} is stale: calibrated with another prompt or model (calibrate it again)"),
        ),
        Standing::Uncalibrated => (
            2,
            "uncalibrated",
            "the judge is uncalibrated (calibrate it, or set `allow_uncalibrated: true`)"
                .to_owned(),
        ),
    })
}

/// `120 labels`.
pub(crate) fn labels(entry: &Entry) -> String {
    match entry.labels.n {
        1 => "1 label".to_owned(),
        n => format!("{n} labels"),
    }
}

/// `kappa 0.71 [0.62, 0.79]`; the words for a figure that is undefined.
pub(crate) fn agreement(entry: &Entry) -> String {
    let name = match entry.agreement.as_str() {
        "cohen_kappa" => "kappa",
        "weighted_kappa_quadratic" => "weighted kappa",
        "lin_ccc" => "CCC",
        other => other,
    };
    match (entry.point, entry.low, entry.high) {
        (Some(point), Some(low), Some(high)) => {
            // Rounded outwards, as every interval is.
            let (low, high) = ((low * 100.0).floor() / 100.0, (high * 100.0).ceil() / 100.0);
            format!("{name} {point:.2} [{low:.2}, {high:.2}]")
        }
        (Some(point), ..) => format!("{name} {point:.2}, no interval"),
        (None, ..) => format!("{name} undefined"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::entry;
    use super::*;
    use crate::domain::digest::Digest;

    #[test]
    fn a_stale_judge_is_worse_than_none_and_a_bad_one_is_never_let_pass() {
        let entries = ["usable", "not_shown_usable", "too_few_labels"]
            .map(|conclusion| entry(Digest::of(b"j"), conclusion));
        let of = |standing| doubt_of("tone", standing).map(|(rank, cause, _)| (rank, cause));
        assert_eq!(of(Standing::Stale), Some((0, "stale")));
        assert_eq!(of(Standing::Calibrated(&entries[0])), None);
        assert_eq!(
            of(Standing::Calibrated(&entries[1])),
            Some((1, "not_usable"))
        );
        assert_eq!(of(Standing::Uncalibrated), Some((2, "uncalibrated")));
        assert_eq!(
            of(Standing::Calibrated(&entries[2])),
            Some((3, "not_usable"))
        );
    }

    #[test]
    fn agreement_is_shown_with_its_interval_rounded_outwards() {
        let mut entry = entry(Digest::of(b"j"), USABLE);
        assert_eq!(agreement(&entry), "kappa 0.71 [0.62, 0.79]");
        (entry.low, entry.high) = (Some(0.6199), Some(0.7901));
        assert_eq!(agreement(&entry), "kappa 0.71 [0.61, 0.80]");
        entry.low = None;
        assert_eq!(agreement(&entry), "kappa 0.71, no interval");
        entry.point = None;
        assert_eq!(agreement(&entry), "kappa undefined");
    }
}
