//! Candidates whose verdicts were recorded elsewhere: each judge of a verdicts file is one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::look::{Looks, Wanted, used};
use super::{Before, nothing_better, too_few, too_few_units};
use crate::analysis::calibration::{Reference, Scale, Sheet, agreement_name};
use crate::analysis::figure::Chance;
use crate::analysis::split::Part;
use crate::analysis::tuning::{
    Gap, Optimistic, Outcome, Parts, Scored, Tried, Tuning, choose, concluded, cross_validate,
    hold_out, labelled, score,
};
use crate::domain::decode::{Problem, unknown};
use crate::domain::digest::Digest;
use crate::domain::label::{Label, Subject};
use crate::domain::port::Clock;
use crate::domain::tree::Span;
use crate::jobs::JobError;
use crate::jobs::report::threads;
use crate::load::labels::sheet::{Join, join};
use crate::load::labels::verdicts::{self, Verdicts};
use crate::load::labels::{digest, file};
use crate::load::suite::judge_beside;
use crate::store::certificate;

/// Labels, and the verdicts of several judges.
#[derive(Debug, Clone, Copy)]
pub struct TuneFiles<'a> {
    /// The judge that is tuned, a built-in one or a file: the labels' ledger counts the look. Without one nothing is written.
    pub named: Option<&'a str>,
    /// People's labels.
    pub labels: &'a Path,
    /// The verdicts.
    pub verdicts: &'a Path,
    /// The present judge among the verdicts; default: the first of the file.
    pub present: Option<&'a str>,
    /// The declared scale of whole grades.
    pub scale: Option<(i64, i64)>,
    /// What stands for several annotators.
    pub of: Option<Reference>,
    /// The class that counts as success.
    pub positive: Option<&'a str>,
    /// The seed of the split.
    pub seed: Option<u64>,
}

/// A recorded judge.
struct Candidate {
    name: String,
    /// All labelled items.
    sheet: Sheet,
    verdicts: Verdicts,
}

/// Chooses among recorded judges, and holds the choice against labels that chose nothing. Answers the ledger's file too, where it
/// counts the look.
///
/// # Errors
/// [`JobError::Invalid`] with every problem of the files; [`JobError::Usage`] for a judge that is not there, a lone one, or another seed
/// than before; [`JobError::Store`] where the ledger cannot be written.
pub fn tune_files(
    files: &TuneFiles<'_>,
    clock: &dyn Clock,
) -> Result<(Tuning, Option<PathBuf>), JobError> {
    let labels = file::read(files.labels, files.scale).map_err(JobError::Invalid)?;
    let labels_digest = digest(&labels).to_string();
    let candidates = candidates(files, &labels)?;
    let mut looks = match files.named {
        None => None,
        Some(named) => {
            let folder = Path::new(".");
            judge_beside(folder, named).map_err(JobError::Usage)?;
            let kept = certificate::path_of(named, folder);
            Some(Looks::read(files.labels, &kept, &labels_digest)?)
        }
    };
    let seed = match &looks {
        Some(looks) => looks.seed(files.seed)?,
        None => files.seed.unwrap_or(0),
    };
    let base = &candidates[0].sheet;
    let parts = Parts::of(base, seed);
    let before = Before {
        base,
        present: candidates[0].name.clone(),
        agreement: agreement_name(base).to_owned(),
        seed,
        digest: labels_digest.clone(),
        parts: parts.as_ref(),
    };
    let on_dev = |sheet: &Sheet| match &parts {
        Some(parts) => parts.only(sheet, &[Part::Dev]),
        None => sheet.clone(),
    };
    let scored: Vec<Scored> = candidates
        .iter()
        .map(|one| score(&on_dev(&one.sheet)))
        .collect();
    let tried = candidates.iter().zip(&scored).enumerate();
    let tried = tried.map(|(at, (one, scored))| Tried {
        name: one.name.clone(),
        origin: if at == 0 { "present" } else { "recorded" },
        digest: None,
        dev: Some(Optimistic::from(*scored)),
        failed: None,
    });
    let mut tuning = before.tuning(tried.collect());
    if let Some(looks) = &looks {
        tuning.warnings.extend(looks.doubts.iter().cloned());
    }
    let lengths: Vec<usize> = candidates.iter().map(|one| one.name.len()).collect();
    let figures: Vec<(Option<f64>, usize)> = scored
        .iter()
        .zip(&lengths)
        .map(|(scored, length)| (scored.agreement, *length))
        .collect();
    let chosen = choose(&figures, 0);
    let Some(parts) = &parts else {
        let sheets: Vec<&Sheet> = candidates.iter().map(|one| &one.sheet).collect();
        let found = cross_validate(&sheets, &lengths, 0, seed);
        too_few(&mut tuning, candidates[chosen].name.clone(), found);
        return Ok((tuning, None));
    };
    if let Some(why) = too_few_units(base, parts) {
        tuning.outcome = Outcome::TooFewLabels;
        tuning.rule = why;
        return Ok((tuning, None));
    }
    if chosen == 0 {
        nothing_better(&mut tuning, &scored[0]);
        return Ok((tuning, None));
    }
    let winner = &candidates[chosen];
    tuning.chosen.clone_from(&winner.name);
    let look = match (&mut looks, files.named) {
        (Some(looks), Some(named)) => looks.count(&Wanted {
            judge: named,
            digest: identity(winner).to_string(),
            labels: &labels_digest,
            seed,
            now: clock.unix_ms(),
        })?,
        _ => 1,
    };
    let chance = Chance {
        seed,
        threads: threads(),
    };
    let test = |sheet: &Sheet| parts.only(sheet, &[Part::Test]);
    let found = hold_out(&test(&winner.sheet), &test(base), None, look, &chance);
    (tuning.outcome, tuning.rule) = concluded(&found, tuning.is_number);
    tuning.warnings.extend(used(look, found.alpha));
    tuning.gap = Some(Gap::between(&scored[chosen], &found.chosen));
    tuning.held_out = Some(found);
    Ok((tuning, looks.map(|looks| looks.path().to_owned())))
}

/// What a recorded judge is known by: its name and all it said.
fn identity(candidate: &Candidate) -> Digest {
    let said = candidate.verdicts.iter().map(|(subject, recorded)| {
        let orders = recorded.orders.map(|orders| format!("{orders:?}"));
        json!([subject, recorded.said, recorded.stated, orders])
    });
    Digest::of_json(&json!([candidate.name, said.collect::<Vec<_>>()]))
}

/// The candidates, the present judge first, the others in the file's order.
fn candidates(files: &TuneFiles<'_>, labels: &[Label]) -> Result<Vec<Candidate>, JobError> {
    let judges = verdicts::read(files.verdicts, files.scale).map_err(JobError::Invalid)?;
    let mut judges: Vec<(String, Verdicts)> = judges.into_iter().collect();
    let first = |verdicts: &Verdicts| verdicts.values().map(|one| one.line).min();
    judges.sort_by_key(|(_, verdicts)| first(verdicts));
    if let Some(wanted) = files.present {
        let known: Vec<&str> = judges.iter().map(|(name, _)| name.as_str()).collect();
        let at = known.iter().position(|name| *name == wanted);
        let at = at.ok_or_else(|| {
            let hint = unknown("judge", wanted, &known);
            JobError::Usage(format!("--judge: {hint}"))
        })?;
        let present = judges.remove(at);
        judges.insert(0, present);
    }
    if judges.len() < 2 {
        return Err(JobError::Usage(format!(
            "{} holds one judge, so that there is nothing to choose; put the verdicts of at least two into it, told apart by `judge`",
            files.verdicts.display()
        )));
    }
    let mut labels = labels.to_vec();
    same_clusters(&mut labels, &judges, files.verdicts)?;
    let scale = files.scale.map(|(low, high)| Scale::Grades { low, high });
    judges
        .into_iter()
        .map(|(name, verdicts)| {
            let joined = join(&Join {
                labels: &labels,
                file: &files.labels.display().to_string(),
                verdicts: &verdicts,
                verdicts_file: &files.verdicts.display().to_string(),
                scale: scale.as_ref(),
                of: files.of,
                positive: files.positive,
                clusters: &BTreeMap::new(),
                outputs: &BTreeMap::new(),
            })
            .map_err(JobError::Invalid)?;
            Ok(Candidate {
                name,
                sheet: labelled(&joined.sheet),
                verdicts,
            })
        })
        .collect()
}

/// Gives a labelled output the cluster that any judge's row has for it, where its own rows have none: all candidates are parted alike.
fn same_clusters(
    labels: &mut [Label],
    judges: &[(String, Verdicts)],
    file: &Path,
) -> Result<(), JobError> {
    let mut known: BTreeMap<&Subject, (&String, u64)> = BTreeMap::new();
    let mut problems = Vec::new();
    for (subject, recorded) in judges.iter().flat_map(|(_, verdicts)| verdicts) {
        let Some(cluster) = &recorded.cluster else {
            continue;
        };
        match known.get(subject) {
            None => {
                known.insert(subject, (cluster, recorded.line));
            }
            Some((other, _)) if *other == cluster => {}
            Some((_, line)) => problems.push(Problem {
                file: file.display().to_string(),
                span: Span {
                    line: u32::try_from(recorded.line).unwrap_or(u32::MAX),
                    column: 0,
                },
                message: format!(
                    "`cluster` of `{}` is another in line {line}; an output has one",
                    subject.name()
                ),
            }),
        }
    }
    if !problems.is_empty() {
        return Err(JobError::Invalid(problems));
    }
    for label in labels.iter_mut().filter(|label| label.cluster.is_none()) {
        let cluster = known.get(&label.subject);
        label.cluster = cluster.map(|(cluster, _)| (*cluster).clone());
    }
    Ok(())
}
