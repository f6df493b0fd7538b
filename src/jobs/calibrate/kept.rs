//! One look at the labels: which one it is, what it finds, and what is kept of it.
//!
//! The order matters: the ledger's line is on the disk before a figure is shown, the certificate after it. A process that dies in between
//! has counted a look that nobody saw, never shown one that was not counted.

use std::collections::BTreeMap;
use std::path::Path;

use super::judge::AtHand;
use crate::analysis::calibration::{
    CalibrateOptions, Calibration, JudgeFacts, Outcome, Sheet, Statistic, calibrate, counts,
};
use crate::analysis::figure::Chance;
use crate::analysis::findings::Figure;
use crate::analysis::split::{Part, part_of};
use crate::domain::certificate::{Certificate, Entry, LabelsNote, Look, place_of};
use crate::jobs::JobError;
use crate::jobs::report::{threads, timestamp};
use crate::load::labels::sheet::Joined;
use crate::store::{certificate, ledger};

/// What is known of a look before its figures.
pub(super) struct Keep<'a> {
    pub(super) judge: &'a AtHand,
    pub(super) labels: &'a Path,
    /// The labels' digest.
    pub(super) digest: String,
    /// Milliseconds since 1970 (UTC).
    pub(super) now: u64,
}

/// Looks at the labels, and keeps the ledger's line and the certificate.
pub(super) fn keep(keep: &Keep<'_>, joined: Joined) -> Result<Calibration, JobError> {
    let store = |error: &dyn std::fmt::Display| JobError::Store(error.to_string());
    let mut sheet = joined.sheet;
    let ledger_path = ledger::path_of(keep.labels);
    let ledger = ledger::read(&ledger_path).map_err(|error| store(&error))?;
    let mut kept = certificate::read(&keep.judge.certificate)
        .map_err(|error| store(&error))?
        .unwrap_or_else(|| Certificate::new(&keep.judge.name));
    let identity = keep.judge.identity.to_string();
    let tuned = ledger
        .looks
        .iter()
        .find(|look| look.tuned && look.digest == identity);
    let mut warnings = doubts(&ledger, &kept, keep.labels);
    let mut rows = "all";
    if let Some(tuned) = tuned {
        let left_out = only_test(&mut sheet, tuned.seed.unwrap_or_default());
        if let Some(left_out) = left_out {
            rows = Part::Test.name();
            warnings.push(format!(
                "this judge was tuned on these labels: the {left_out} items of train and dev are left out"
            ));
        }
    }
    let seed = keep.judge.loaded.suite.seed;
    let usable = keep.judge.instrument.usable;
    let options = |look| CalibrateOptions {
        usable: usable.unwrap_or_default(),
        set_by_judge_file: usable.is_some(),
        look,
        chance: Chance {
            seed,
            threads: threads(),
        },
    };
    let mut look = Look {
        at: timestamp(keep.now),
        judge: keep.judge.name.clone(),
        digest: identity.clone(),
        why: "calibrate".to_owned(),
        rows: rows.to_owned(),
        tuned: tuned.is_some(),
        seed: tuned.and_then(|look| look.seed),
        labels: keep.digest.clone(),
        decided: true,
    };
    let (place, _) = place_of(&look, &ledger.looks);
    let mut found = calibrate(&sheet, &options(place));
    look.decided = !found.conclusion.by_count;
    let (_, is_new) = place_of(&look, &ledger.looks);
    let seal = if is_new {
        Some(ledger::append(&ledger_path, &ledger, &look).map_err(|error| store(&error))?)
    } else {
        let at = ledger
            .looks
            .iter()
            .position(|one| one.shows_the_same(&look));
        at.and_then(|at| ledger.seals.get(at).cloned())
    };
    found.labels.digest = Some(keep.digest.clone());
    found.labels.drawn = Some(joined.drawn);
    found.labels.repeats = joined.repeats;
    warnings.append(&mut found.warnings);
    found.warnings = warnings;
    found.judge = Some(JudgeFacts {
        name: keep.judge.name.clone(),
        digest: identity.clone(),
        model: keep.judge.model(),
    });
    kept.put(entry(keep, &found, &sheet, (rows, place, seal)));
    certificate::write(&keep.judge.certificate, &kept).map_err(|error| store(&error))?;
    Ok(found)
}

/// What the ledger cannot answer for.
pub(in crate::jobs) fn doubts(
    ledger: &ledger::Ledger,
    kept: &Certificate,
    labels: &Path,
) -> Vec<String> {
    let path = ledger::path_of(labels);
    let path = path.display();
    let mut doubts: Vec<String> = ledger
        .faults
        .iter()
        .map(|fault| {
            format!("{path}: {fault}; how often these labels were used is not known for sure")
        })
        .collect();
    let name = file_name(labels);
    let lost = kept.entries.iter().filter(|entry| {
        let seal = entry.ledger.as_ref();
        entry.labels.file == name && seal.is_some_and(|seal| !ledger.seals.contains(seal))
    });
    let lost = lost.count();
    if lost > 0 {
        doubts.push(format!(
            "{path} lacks {lost} looks that the certificate knows of: lines or the file were deleted; take it from version control"
        ));
    }
    doubts
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Leaves only the test part in a sheet; answers how many items were taken out, or `None` where so few labels are not split.
fn only_test(sheet: &mut Sheet, seed: u64) -> Option<usize> {
    let is_labelled =
        |item: &crate::analysis::calibration::Item| item.labels.iter().any(Option::is_some);
    let labelled = sheet.items.iter().filter(|item| is_labelled(item)).count();
    part_of(seed, "", labelled)?;
    let before = sheet.items.len();
    sheet.items.retain(|item| {
        let cluster = item.cluster.as_deref().unwrap_or(&item.id);
        !is_labelled(item) || part_of(seed, cluster, labelled) == Some(Part::Test)
    });
    Some(before - sheet.items.len())
}

/// The certificate's entry.
fn entry(
    keep: &Keep<'_>,
    found: &Calibration,
    sheet: &Sheet,
    (rows, place, seal): (&str, u32, Option<String>),
) -> Entry {
    let figure = |name: &str| match found.statistics.get(name) {
        Some(Statistic::Figure(Figure::Estimate(estimate))) => Some(estimate),
        _ => None,
    };
    let agreement = figure(&found.agreement);
    let point = |name: &str| found.statistics.get(name).and_then(Statistic::point);
    let mut targets = BTreeMap::new();
    let all = counts(sheet, &keep.judge.instrument.scale, &mut targets);
    Entry {
        digest: keep.judge.identity.to_string(),
        model: keep.judge.model(),
        made: timestamp(keep.now),
        evenhand: env!("CARGO_PKG_VERSION").to_owned(),
        labels: LabelsNote {
            file: file_name(keep.labels),
            digest: keep.digest.clone(),
            n: found.labels.compared,
            annotators: found.labels.annotators.len() as u64,
            drawn: found.labels.drawn.unwrap_or("unstated").to_owned(),
        },
        split: rows.to_owned(),
        look: place,
        scale: found.scale.clone(),
        agreement: found.agreement.clone(),
        point: agreement.map(|estimate| estimate.point),
        low: agreement.and_then(|estimate| estimate.low),
        high: agreement.and_then(|estimate| estimate.high),
        ceiling: point("human_ceiling"),
        bias: point("mean_bias_judge_minus_human"),
        conclusion: match found.conclusion.outcome {
            Outcome::Usable => "usable",
            Outcome::NotShownUsable => "not_shown_usable",
            Outcome::TooFewLabels => "too_few_labels",
        }
        .to_owned(),
        rule: found.conclusion.rule.clone(),
        counts: all,
        targets,
        ledger: seal,
        threshold: None,
    }
}
