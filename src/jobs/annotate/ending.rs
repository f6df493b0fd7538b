//! What a session comes to: how people agree, and what of it stands out.

use std::path::{Path, PathBuf};

use super::files;
use crate::analysis::annotation::disagreement::{Confusion, confusions, disputed};
use crate::analysis::annotation::kept::{Kept, Progress};
use crate::analysis::annotation::question::Question;
use crate::analysis::label_stats::LabelStats;
use crate::domain::label::Label;
use crate::jobs::JobError;
use crate::jobs::label_stats::label_statistics;

/// Labels given faster than this, in seconds, were hardly read.
const HURRIED: f64 = 1.0;
/// Labels in a row that say the same, from which on it is worth a word.
const STREAK: usize = 15;

/// What a session comes to.
#[derive(Debug)]
pub struct Annotated {
    /// The file that was written.
    pub file: PathBuf,
    /// How far the annotator is.
    pub progress: Progress,
    /// What `labels stats` says of the labels; `None`: there are none.
    pub stats: Option<LabelStats>,
    /// What every two annotators said of the same outputs.
    pub confusions: Vec<Confusion>,
    /// The outputs that the annotator flagged.
    pub flagged: Vec<String>,
    /// What stands out, in words.
    pub notes: Vec<String>,
    /// Cards that are asked when the annotator goes on; those that were put aside twice are not.
    pub open: usize,
    /// Outputs that annotators differ on, where they are not being decided.
    pub differing: usize,
    /// Whether the session decided what others differ on.
    pub adjudicates: bool,
}

pub(super) fn ending(
    annotator: &str,
    labels: &Path,
    target: &Path,
    adjudicates: bool,
    (progress, open): (Progress, usize),
    (kept, question): (&Kept, &Question),
) -> Result<Annotated, JobError> {
    let rows = files::rows(labels)?;
    let scale = match question {
        Question::Grades { low, high } => Some((*low, *high)),
        Question::PassFail | Question::Classes(_) | Question::Pair { .. } => None,
    };
    let stats = match rows.is_empty() {
        true => None,
        false => Some(label_statistics(labels, scale)?),
    };
    let own: Vec<Label> = kept
        .labels()
        .into_iter()
        .filter(|label| label.by == annotator)
        .collect();
    let mut notes = notes(&own);
    if progress.skipped > 0 && open == 0 {
        notes.push(format!(
            "{} of {} were skipped: what these labels say leaves out what was hard to tell",
            progress.skipped, progress.total
        ));
    }
    Ok(Annotated {
        file: target.to_owned(),
        progress,
        open,
        stats,
        confusions: confusions(&rows),
        flagged: kept.flagged_by(annotator).into_iter().collect(),
        notes,
        differing: match adjudicates {
            true => 0,
            false => disputed(&rows, 0).len(),
        },
        adjudicates,
    })
}

/// What of an annotator's own labels, in the order in which they were given, stands out. Nothing is dropped for it.
fn notes(own: &[Label]) -> Vec<String> {
    let mut notes = Vec::new();
    let timed: Vec<f64> = own.iter().filter_map(|label| label.seconds).collect();
    let hurried = timed.iter().filter(|seconds| **seconds < HURRIED).count();
    if hurried * 4 > timed.len() && hurried >= 5 {
        notes.push(format!(
            "{hurried} of {} labels took under a second each: were the outputs read?",
            timed.len()
        ));
    }
    let mut longest = 0;
    let mut streak = 0;
    for (at, label) in own.iter().enumerate() {
        streak = match at > 0 && own[at - 1].said == label.said {
            true => streak + 1,
            false => 1,
        };
        longest = longest.max(streak);
    }
    if longest >= STREAK && longest < own.len() {
        notes.push(format!(
            "{longest} labels in a row say the same: by chance, or by habit?"
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::label::{Said, Subject, Texts};

    fn labels(passes: impl Iterator<Item = (bool, f64)>) -> Vec<Label> {
        let label = |(at, (pass, seconds)): (usize, (bool, f64))| Label {
            subject: Subject::Item(at.to_string()),
            by: "ann".into(),
            said: Some(Said::Pass(pass)),
            critique: None,
            rubric_version: None,
            at: None,
            seconds: Some(seconds),
            side: None,
            probability: None,
            repeat_of: None,
            cluster: None,
            stated: None,
            texts: Texts::default(),
            line: 0,
        };
        passes.enumerate().map(label).collect()
    }

    #[test]
    fn haste_and_habit_are_said_and_care_is_not() {
        let careful = labels((0..40).map(|at| (at % 2 == 0, 4.0)));
        assert_eq!(notes(&careful), [] as [&str; 0]);
        let hasty = labels((0..40).map(|at| (at % 2 == 0, if at < 20 { 0.3 } else { 4.0 })));
        assert!(notes(&hasty)[0].starts_with("20 of 40 labels took under a second"));
        let habit = labels((0..40).map(|at| (at < 30, 4.0)));
        assert!(notes(&habit)[0].starts_with("30 labels in a row"));
        assert_eq!(notes(&[]), [] as [&str; 0]);
    }
}
