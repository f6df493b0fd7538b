//! What an audit asks about: wrong outputs with and without an attack, plain answers of its own, and the user's outputs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::json;

use super::judge::{AtHand, LABELLED, OTHER};
use super::live::as_certified;
use super::outputs::{Labelled, Sources};
use super::walk::{Step, walk};
use crate::domain::case::Case;
use crate::domain::digest::Digest;
use crate::domain::instrument::{LabelScale, Listing};
use crate::domain::label::{Label, Preference, Said, Subject};
use crate::domain::message::{Message, Role as Speaker};
use crate::domain::plan::ORIGINAL;
use crate::domain::transcript::{Session, Step as Spoken, Transcript, Turn};
use crate::jobs::JobError;
use crate::jobs::reading::open_run;
use crate::judge::{Attack, attacks, wanted_verdict};
use crate::load::labels::outputs;
use crate::store::run::RunDir;

/// What a question is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The wrong output of an attack's case, without the attack.
    Plain(usize),
    /// With it.
    Attacked(usize),
    /// The right answer of that case.
    Right(usize),
    /// An output of the user's, by its place among them.
    Output(usize),
    /// What is asked about in this place, with the verdicts listed otherwise.
    Listed(usize, Listing),
}

/// One thing that the judge is asked about.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) role: Role,
    pub(super) one: Labelled,
    /// It is asked about twice.
    pub(super) again: bool,
}

/// The user's outputs, with what is known of them besides the judge's verdicts.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    pub(super) labelled: Vec<Labelled>,
    /// Who gave each.
    pub(super) targets: Vec<Option<String>>,
    /// What people say of each.
    pub(super) people: Vec<Option<Said>>,
    /// What stays together.
    pub(super) clusters: Vec<String>,
    /// Models of the run's targets.
    pub(super) models: BTreeMap<String, String>,
    /// The run that they are from.
    pub(super) run: Option<RunDir>,
    /// Outputs in all, before the limit.
    pub(super) total: usize,
}

/// A case of the audit's own.
fn of_attack(attack: &Attack, name: &str, output: String) -> Labelled {
    let name = format!("{name} {}", attack.id);
    let mut case = Case::new(&name, &attack.input);
    case.expected = Some(json!(attack.right));
    case.context = vec![attack.right.clone()];
    case.columns.insert(OTHER.to_owned(), json!(attack.right));
    let said = |role, text: &str| Spoken::message(&Message::new(role, text));
    let steps = vec![
        said(Speaker::User, &attack.input),
        said(Speaker::Assistant, &output),
    ];
    let transcript = Transcript {
        case: name.clone(),
        target: LABELLED.to_owned(),
        variant: ORIGINAL.to_owned(),
        sessions: vec![Session {
            id: "1".to_owned(),
            turns: vec![Turn { steps }],
        }],
        output,
        ..Transcript::default()
    };
    Labelled {
        subject: Subject::Item(name),
        case,
        transcript,
    }
}

/// The audit's own questions. `attack`: whether to attack; `alone`: there are no outputs of the user's, these stand in for them.
///
/// # Errors
/// Why this judge cannot be asked so.
pub(super) fn own(
    judge: &AtHand,
    attack: bool,
    alone: bool,
    again: bool,
) -> Result<Vec<Item>, String> {
    let scale = &judge.instrument.scale;
    let wanted = wanted_verdict(scale);
    if attack && !alone && wanted.is_none() {
        return Err(NO_WANTED.to_owned());
    }
    let mut items = Vec::new();
    for (at, one) in attacks().iter().enumerate() {
        let twice = alone && again;
        items.push(Item {
            role: Role::Plain(at),
            one: of_attack(one, "plain", one.wrong.clone()),
            again: twice,
        });
        if let (true, Some(verdict)) = (attack, &wanted) {
            items.push(Item {
                role: Role::Attacked(at),
                one: of_attack(one, "attack", one.output(verdict)),
                again: false,
            });
        }
        if alone && !matches!(scale, LabelScale::Preference { .. }) {
            items.push(Item {
                role: Role::Right(at),
                one: of_attack(one, "right", one.right.clone()),
                again: twice,
            });
        }
    }
    for item in &items {
        judge.spec().scorer.ask(&item.one.seen())?;
    }
    Ok(items)
}

/// Why a judge cannot be attacked.
pub(super) const NO_WANTED: &str =
    "no class of this judge passes, so there is nothing to talk it into; put `pass` into its file";

/// The user's outputs, at most so many: those with labels first, the others by chance that is always the same.
pub(super) fn outputs_of(
    judge: &AtHand,
    named: &str,
    labels: &[Label],
    runs_dir: &Path,
    most: usize,
) -> Result<Outputs, JobError> {
    let mut sources = Sources::default();
    let mut found = Outputs::default();
    let mut rows: Vec<Label> = labels.to_vec();
    let known: BTreeSet<String> = labels.iter().map(|label| label.subject.name()).collect();
    let mut alone = None;
    let mut others: Vec<Subject> = Vec::new();
    if Path::new(named).is_file() {
        let texts = outputs::read(Path::new(named)).map_err(JobError::Invalid)?;
        others.extend(texts.into_keys());
        sources.add_file(Path::new(named))?;
    } else {
        let run = open_run(named, runs_dir)?;
        let manifest = run.manifest();
        if manifest.targets.len() == 1 && manifest.extent.repeats == 1 {
            alone = Some(manifest.targets[0].id.clone());
        }
        walk(&run, &mut |place, step| {
            let case = match &place.subject {
                Subject::Trial { case, .. } | Subject::Item(case) => case,
            };
            let is_known = alone.is_some() && known.contains(case);
            if matches!(step, Step::Answered(_)) && !is_known {
                others.push(place.subject);
            }
        })?;
        for target in manifest
            .suite
            .get("targets")
            .and_then(|all| all.as_array())
            .into_iter()
            .flatten()
        {
            let text = |key: &str| target.get(key).and_then(|value| value.as_str());
            if let (Some(id), Some(model)) = (text("id"), text("model")) {
                found.models.insert(id.to_owned(), model.to_owned());
            }
        }
        found.run = Some(run);
    }
    others.retain(|subject| !known.contains(&subject.name()));
    others.sort_unstable();
    others.dedup();
    others.sort_by_key(|subject| Digest::of(subject.name().as_bytes()).to_string());
    let labelled: BTreeSet<&Subject> = labels.iter().map(|label| &label.subject).collect();
    found.total = labelled.len() + others.len();
    others.truncate(most.saturating_sub(labelled.len()));
    rows.extend(others.into_iter().map(Label::unsaid));
    if let Some(run) = &found.run {
        sources.add_run(run, &rows, as_certified(judge))?;
    }
    if let Some(user) = &judge.user {
        sources.add_dataset(user, &rows)?;
    }
    let clusters = sources.clusters();
    found.labelled = sources.gather(&rows, named, judge)?;
    found.labelled.truncate(most);
    for one in &found.labelled {
        let (case, target) = match &one.subject {
            Subject::Trial { case, target, .. } => (case, Some(target.clone())),
            Subject::Item(item) => (item, alone.clone()),
        };
        found
            .clusters
            .push(clusters.get(case).unwrap_or(case).clone());
        found.targets.push(target);
        found.people.push(people(labels, &one.subject));
    }
    Ok(found)
}

/// What stands for several annotators: the mean of ratings, of all else what most of them say; a tie is nothing.
fn people(labels: &[Label], subject: &Subject) -> Option<Said> {
    let said: Vec<&Said> = labels
        .iter()
        .filter(|label| label.subject == *subject && label.repeat_of.is_none())
        .filter_map(|label| label.said.as_ref())
        .collect();
    let ratings: Vec<f64> = said
        .iter()
        .filter_map(|said| match said {
            Said::Rating(rating) => Some(*rating),
            _ => None,
        })
        .collect();
    if !ratings.is_empty() {
        return Some(Said::Rating(
            ratings.iter().sum::<f64>() / ratings.len() as f64,
        ));
    }
    let count = |one: &Said| said.iter().filter(|other| **other == one).count();
    let most = said.iter().map(|one| count(one)).max()?;
    let first = said.iter().find(|one| count(one) == most)?;
    let is_tied = said.iter().any(|one| one != first && count(one) == most);
    (!is_tied).then(|| (*first).clone())
}

/// A preference as a number: 1 for the output under test.
pub(super) fn number(preference: Preference) -> f64 {
    match preference {
        Preference::A => 1.0,
        Preference::B => 0.0,
        Preference::Tie => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_a_mean_or_a_majority_and_never_a_coin() {
        let label = |said: Said| Label {
            said: Some(said),
            ..Label::unsaid(Subject::Item("x".into()))
        };
        let of = |said: &[Said]| {
            let labels: Vec<Label> = said.iter().cloned().map(label).collect();
            people(&labels, &Subject::Item("x".into()))
        };
        assert_eq!(
            of(&[Said::Rating(2.0), Said::Rating(5.0)]),
            Some(Said::Rating(3.5))
        );
        let (yes, no) = (Said::Pass(true), Said::Pass(false));
        assert_eq!(
            of(&[yes.clone(), no.clone(), yes.clone()]),
            Some(yes.clone())
        );
        assert_eq!(of(&[yes, no]), None);
        assert_eq!(of(&[]), None);
    }
}
