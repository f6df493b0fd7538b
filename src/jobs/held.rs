//! What is known of a run's judges besides the run: read from beside the suite or, where that is not there, from the run's own copies.
//!
//! The suite's own files win: one calibrates when there are outputs to look at, and a report made then must know. On another machine
//! (an artifact of a CI run) the copies that the run keeps speak.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::JobError;
use super::programs;
use super::reading::Reading;
use crate::analysis::held::{Held, Human, HumanValue, Instrument, People};
use crate::domain::certificate::Certificate;
use crate::domain::decode::{Problem, unknown};
use crate::domain::digest::Digest;
use crate::domain::label::{Label, Said, Subject};
use crate::domain::plan::{Coordinates, Extent};
use crate::domain::score::Measure;
use crate::domain::suite::{LabelsSource, ScorerSpec, Suite};
use crate::domain::tree::Span;
use crate::load::labels::file;
use crate::load::suite::Loaded;
use crate::store::certificate;
use crate::store::entries::Entry;
use crate::store::new_run::NewRun;
use crate::store::run::{RunDir, certificate_file, labels_file};

/// Puts into a run's record what is known of its judges now.
pub(crate) fn attach(reading: &mut Reading) -> Result<(), JobError> {
    let folder = PathBuf::from(&reading.run.manifest().folder);
    let mut held = Held::default();
    let executed = reading.run.manifest().executed.as_ref();
    if let Some(warning) = executed.and_then(|note| programs::warning(&note.gaps)) {
        held.remark(warning);
    }
    for spec in &reading.suite.scorers {
        let Some(judge) = &spec.judge else {
            continue;
        };
        let copy = reading.run.path().join(certificate_file(&judge.named));
        let people = match &judge.labels {
            None => None,
            Some(source) => {
                let (beside, copy) = (
                    folder.join(&source.path),
                    reading.run.path().join(labels_file(&source.path)),
                );
                match [beside, copy].into_iter().find(|path| path.is_file()) {
                    Some(path) => Some(people(reading, spec, source, &path)?),
                    None => None,
                }
            }
        };
        let instrument = Instrument {
            certificate: first_of(&certificate::path_of(&judge.named, &folder), &copy)?,
            people,
        };
        held.put(spec.id.clone(), instrument);
    }
    reading.record.hold(held);
    Ok(())
}

/// How each judge of a run stands, by its scorer: `calibrated`, `stale`, `uncalibrated`.
pub(crate) fn standings(run: &RunDir, suite: &Suite) -> Result<BTreeMap<String, String>, JobError> {
    let folder = PathBuf::from(&run.manifest().folder);
    let mut found = BTreeMap::new();
    for spec in &suite.scorers {
        let Some(judge) = &spec.judge else {
            continue;
        };
        let copy = run.path().join(certificate_file(&judge.named));
        let mut held = Held::default();
        let instrument = Instrument {
            certificate: first_of(&certificate::path_of(&judge.named, &folder), &copy)?,
            people: None,
        };
        held.put(spec.id.clone(), instrument);
        let word = held.standing(&spec.id, spec.digest).word();
        found.insert(spec.id.clone(), word.to_owned());
    }
    Ok(found)
}

/// The certificate of the first file that is there.
fn first_of(beside: &Path, copy: &Path) -> Result<Option<Certificate>, JobError> {
    let read = |path: &Path| {
        certificate::read(path).map_err(|error| {
            let message = error.to_string();
            JobError::problem(path.display().to_string(), message)
        })
    };
    match read(beside)? {
        Some(found) => Ok(Some(found)),
        None => read(copy),
    }
}

/// Holds what a suite names of labels and certificates against it, before anything is called.
pub(crate) fn check(loaded: &Loaded) -> Result<(), JobError> {
    let mut problems = Vec::new();
    for spec in &loaded.suite.scorers {
        let Some(judge) = &spec.judge else {
            continue;
        };
        let path = certificate::path_of(&judge.named, &loaded.folder);
        if let Err(JobError::Invalid(found)) = first_of(&path, &path) {
            problems.extend(found);
        }
        if let Some(source) = &judge.labels {
            problems.extend(check_labels(loaded, spec, source).err().unwrap_or_default());
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(JobError::Invalid(problems)),
    }
}

fn check_labels(
    loaded: &Loaded,
    spec: &ScorerSpec,
    source: &LabelsSource,
) -> Result<(), Vec<Problem>> {
    let path = loaded.folder.join(&source.path);
    if !path.exists() {
        return Err(vec![Problem {
            file: loaded.path.display().to_string(),
            span: source.span,
            message: format!(
                "`labels`: {}: there is no such file; check the path, or remove the key until there are labels",
                path.display()
            ),
        }]);
    }
    read_labels(&path, spec).map(|_| ())
}

fn at(path: &Path, line: u64, message: String) -> Problem {
    Problem {
        file: path.display().to_string(),
        span: Span {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: 0,
        },
        message,
    }
}

/// Reads labels and holds them against what a judge yields.
fn read_labels(path: &Path, spec: &ScorerSpec) -> Result<Vec<Label>, Vec<Problem>> {
    let measure = spec.scorer.measure();
    let grades = match &measure {
        Measure::Number {
            scale: Some((low, high)),
            ..
        } => Some((low.ceil() as i64, high.floor() as i64)),
        _ => None,
    };
    let labels = file::read(path, grades)?;
    let mut problems = Vec::new();
    let Some(first) = labels.first() else {
        let message = "there is no label; label some outputs first".to_owned();
        return Err(vec![at(path, 0, message)]);
    };
    let (wanted, columns): (&str, &[&str]) = match &measure {
        Measure::PassFail => ("says pass or fail", &["pass"]),
        Measure::Number { pass: Some(_), .. } => {
            ("grades, and passes by a rule", &["rating", "pass"])
        }
        Measure::Number { pass: None, .. } => ("grades", &["rating"]),
        Measure::Label { .. } => ("says a class", &["class"]),
    };
    let column = |label: &Label| label.said.as_ref().map(Said::column);
    for label in &labels {
        let Some(said) = column(label) else {
            continue;
        };
        if !columns.contains(&said) {
            let message = format!(
                "this row has a `{said}`, and the judge of `{}` {wanted}: label with `{}`",
                spec.id,
                columns.join("` or `")
            );
            problems.push(at(path, label.line, message));
        } else if Some(said) != column(first) {
            let message = format!(
                "this row has a `{said}`, line {} has a `{}`; put what is said in different ways into different files",
                first.line,
                column(first).unwrap_or_default()
            );
            problems.push(at(path, label.line, message));
        } else if label.probability.is_some() != first.probability.is_some() {
            let message = "`probability` is filled in for some outputs and not for others; fill it in everywhere or nowhere";
            problems.push(at(path, label.line, message.to_owned()));
        }
        if let (Measure::Label { classes, .. }, Some(Said::Class(class))) = (&measure, &label.said)
            && !classes.is_empty()
            && !classes.contains(class)
        {
            let known: Vec<&str> = classes.iter().map(String::as_str).collect();
            problems.push(at(path, label.line, unknown("class", class, &known)));
        }
        if problems.len() >= MOST_PROBLEMS {
            break;
        }
    }
    match problems.is_empty() {
        true => Ok(labels),
        false => Err(problems),
    }
}

/// How many problems of a file are told.
const MOST_PROBLEMS: usize = 20;

/// Keeps copies with a run: certificates and labels as they stand. `parent`: the run that is scored anew, whose copies stand in for
/// files that are not there.
pub(super) fn keep(
    suite: &Suite,
    folder: &Path,
    parent: Option<&Path>,
    new: &mut NewRun,
) -> Result<(), JobError> {
    let store = |error: &dyn std::fmt::Display| JobError::Store(error.to_string());
    let first = |beside: PathBuf, copy: PathBuf| {
        let copy = parent.map(|parent| parent.join(copy));
        let mut all = std::iter::once(beside).chain(copy);
        all.find(|path| path.is_file())
    };
    for judge in suite.scorers.iter().filter_map(|spec| spec.judge.as_ref()) {
        let beside = certificate::path_of(&judge.named, folder);
        if let Some(path) = first(beside, certificate_file(&judge.named)) {
            let text = std::fs::read_to_string(&path).map_err(|error| {
                JobError::problem(path.display().to_string(), error.to_string())
            })?;
            new.add_certificate(&judge.named, &text)
                .map_err(|error| store(&error))?;
        }
        if let Some(source) = &judge.labels
            && let Some(path) = first(folder.join(&source.path), labels_file(&source.path))
        {
            let text = file::text(&path).map_err(|problem| JobError::Invalid(vec![problem]))?;
            new.add_labels(&source.path, &text)
                .map_err(|error| store(&error))?;
        }
    }
    Ok(())
}

// --- labels meet outputs -----------------------------------------------------------------------------------------------------------

/// What people said of a run's outputs, by its trials: those are labelled whose text is the one that people saw.
fn people(
    reading: &Reading,
    spec: &ScorerSpec,
    source: &LabelsSource,
    path: &Path,
) -> Result<People, JobError> {
    let labels = read_labels(path, spec).map_err(JobError::Invalid)?;
    let mut subjects: Vec<(&Subject, Vec<&Label>)> = Vec::new();
    let mut place: BTreeMap<&Subject, usize> = BTreeMap::new();
    for label in labels.iter().filter(|label| label.repeat_of.is_none()) {
        let at = *place.entry(&label.subject).or_insert(subjects.len());
        match subjects.get_mut(at) {
            Some((_, rows)) => rows.push(label),
            None => subjects.push((&label.subject, vec![label])),
        }
    }
    let meant = meant(reading, &subjects)?;
    let wanted: BTreeSet<u64> = meant.iter().flatten().copied().collect();
    let outputs = outputs(&reading.run, &wanted)?;
    let mut people = People {
        file: source.path.clone(),
        labelled: subjects.len() as u64,
        ..People::default()
    };
    let mut rows_of: BTreeMap<u64, Vec<&Label>> = BTreeMap::new();
    for ((_, rows), ordinals) in subjects.iter().zip(&meant) {
        let texts: BTreeSet<Digest> = rows
            .iter()
            .filter_map(|row| row.texts.output.as_deref().map(text_digest))
            .collect();
        if ordinals.is_empty() {
            people.unknown += 1;
            continue;
        }
        if texts.is_empty() {
            people.without_text += 1;
            continue;
        }
        let mut same = ordinals
            .iter()
            .filter(|ordinal| outputs.get(ordinal).is_some_and(|one| texts.contains(one)))
            .peekable();
        if same.peek().is_none() {
            // An empty cell is an empty answer or no text at all; of an output that says something it is none.
            let text = |row: &&Label| row.texts.output.clone().unwrap_or_default();
            match rows.iter().all(|row| text(row).is_empty()) {
                true => people.without_text += 1,
                false => people.other_text += 1,
            }
        }
        for ordinal in same {
            // A row that says which text it saw speaks of that one alone.
            let seen = rows.iter().filter(|row| match &row.texts.output {
                Some(text) => outputs.get(ordinal) == Some(&text_digest(text)),
                None => true,
            });
            rows_of.entry(*ordinal).or_default().extend(seen);
        }
    }
    for (ordinal, rows) in rows_of {
        let said: Vec<&Said> = rows.iter().filter_map(|row| row.said.as_ref()).collect();
        match HumanValue::of(&said) {
            None => people.ties += 1,
            Some(value) => {
                let probability = rows.iter().find_map(|row| row.probability);
                let critiques = rows.iter().filter_map(|row| row.critique.clone());
                let human = Human {
                    value,
                    probability,
                    critiques: critiques.collect(),
                };
                people.said.insert(ordinal, human);
            }
        }
    }
    Ok(people)
}

/// The trials that each subject may mean, by ordinal. An item is named like reports name outputs, `c017/next/2`, `c017/next`, or by its
/// case alone: then its text tells which of the case's outputs are meant.
fn meant(
    reading: &Reading,
    subjects: &[(&Subject, Vec<&Label>)],
) -> Result<Vec<Vec<u64>>, JobError> {
    let store = |error: &dyn std::fmt::Display| JobError::Store(error.to_string());
    let extent = reading.run.manifest().extent;
    let mut of_case: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut items: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, (subject, _)) in subjects.iter().enumerate() {
        match subject {
            Subject::Trial { case, .. } => of_case.entry(case).or_default().push(at),
            Subject::Item(item) => {
                items.insert(item, at);
            }
        }
    }
    let mut meant = vec![Vec::new(); subjects.len()];
    let targets: Vec<&str> = reading
        .suite
        .targets
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    let ordinal = |case: u64, target: usize, repeat: u32| ordinal(extent, case, target, repeat);
    for (index, case) in (0_u64..).zip(reading.run.cases().map_err(|error| store(&error))?) {
        let case = case.map_err(|error| store(&error))?;
        for &at in of_case.get(case.id.as_str()).into_iter().flatten() {
            if let Subject::Trial { target, repeat, .. } = subjects[at].0
                && let Some(target) = targets.iter().position(|known| known == target)
            {
                meant[at].extend(ordinal(index, target, *repeat));
            }
        }
        if items.is_empty() {
            continue;
        }
        if let Some(&at) = items.get(case.id.as_str()) {
            let all = (0..extent.repeats).flat_map(|repeat| {
                (0..targets.len()).filter_map(move |target| ordinal(index, target, repeat))
            });
            meant[at].extend(all);
        }
        for (place, target) in targets.iter().enumerate() {
            let name = format!("{}/{target}", case.id);
            if let Some(&at) = items.get(name.as_str()) {
                meant[at].extend(ordinal(index, place, 0));
            }
            for repeat in 0..extent.repeats {
                if let Some(&at) = items.get(format!("{name}/{repeat}").as_str()) {
                    meant[at].extend(ordinal(index, place, repeat));
                }
            }
        }
    }
    Ok(meant)
}

fn ordinal(extent: Extent, case: u64, target: usize, repeat: u32) -> Option<u64> {
    let target = u32::try_from(target).ok()?;
    (repeat < extent.repeats && target < extent.targets).then(|| {
        extent.ordinal(Coordinates {
            case,
            variant: 0,
            repeat,
            target,
        })
    })
}

/// The digests of what the agent answered in these trials.
fn outputs(run: &RunDir, wanted: &BTreeSet<u64>) -> Result<BTreeMap<u64, Digest>, JobError> {
    #[derive(serde::Deserialize)]
    struct Line {
        ordinal: u64,
        transcript: Answer,
    }
    #[derive(serde::Deserialize)]
    struct Answer {
        #[serde(default)]
        output: String,
    }
    let mut found = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    let store = |error: &dyn std::fmt::Display| JobError::Store(error.to_string());
    let mut entries = run.entries().map_err(|error| store(&error))?;
    while let Some(entry) = entries.next_entry().map_err(|error| store(&error))? {
        let Entry::Event { name, json, .. } = entry else {
            continue;
        };
        if name != "trial_finished" {
            continue;
        }
        if let Ok(line) = serde_json::from_str::<Line>(json)
            && wanted.contains(&line.ordinal)
        {
            found.insert(line.ordinal, text_digest(&line.transcript.output));
        }
    }
    Ok(found)
}

/// The identity of an output's text. Spreadsheets change line ends and lose the spaces at the end: that is no other answer.
fn text_digest(text: &str) -> Digest {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    Digest::of(lines.trim().as_bytes())
}
