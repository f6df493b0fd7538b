//! The outputs that are to be labelled: those of a file, or drawn from a run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::rubric::Rubric;
use super::{Annotate, files};
use crate::analysis::annotation::deck::Item;
use crate::analysis::annotation::question::Question;
use crate::analysis::pick::{Candidate, Strategy, draw};
use crate::domain::decode::unknown;
use crate::domain::label::{Label, Subject, Texts};
use crate::jobs::JobError;
use crate::jobs::calibrate::walk::{Step, walk};
use crate::jobs::pick::{self, PickLabels};
use crate::jobs::reading::{open_run, suite_of};
use crate::judge::done;
use crate::load::labels::to_label;
use crate::store::run::RunDir;

/// How many outputs of a run are drawn unless somebody says.
pub(super) const OF_A_RUN: usize = 20;

/// What there is to label.
#[derive(Debug)]
pub(super) struct Material {
    /// The outputs.
    pub(super) items: Vec<Item>,
    /// The labels that the source holds itself.
    pub(super) given: Vec<Label>,
    /// What is asked.
    pub(super) rubric: Rubric,
    /// Where labels go unless somebody says otherwise.
    pub(super) labels: PathBuf,
    /// The seed.
    pub(super) seed: u64,
    /// What must be said beforehand.
    pub(super) notes: Vec<String>,
}

/// Reads what is to be labelled.
pub(super) fn read(order: &Annotate) -> Result<Material, JobError> {
    let path = Path::new(&order.source);
    let material = match path.is_file() {
        true => of_file(order, path)?,
        false => of_run(order)?,
    };
    if material.items.is_empty() {
        return Err(JobError::NothingToRun(
            "there is no output that could be labelled".to_owned(),
        ));
    }
    let wants_pairs = matches!(material.rubric.question, Question::Pair { .. });
    let is_pair = |item: &&Item| item.texts.output_a.is_some() && item.texts.output_b.is_some();
    match (
        wants_pairs,
        material
            .items
            .iter()
            .find(|item| is_pair(item) != wants_pairs),
    ) {
        (true, Some(item)) => Err(JobError::Usage(format!(
            "`{}` is no pair: a comparison needs `output_a` and `output_b` in every row, or a run with two targets",
            item.subject.name()
        ))),
        (false, Some(item)) if item.texts.output.is_none() => Err(JobError::Usage(format!(
            "`{}` is a pair: ask which is better with --pairwise, or a pairwise --judge",
            item.subject.name()
        ))),
        _ => Ok(material),
    }
}

fn of_file(order: &Annotate, path: &Path) -> Result<Material, JobError> {
    if order.strategy != Strategy::Random || !order.scorers.is_empty() || !order.targets.is_empty()
    {
        return Err(JobError::Usage(
            "a file is labelled as it is, or at random (-n); --strategy, --scorer and --target draw from a run".to_owned(),
        ));
    }
    let rubric = Rubric::of(&order.ask, None)?;
    let (outputs, given) = to_label::read(path).map_err(JobError::Invalid)?;
    let seed = order.seed.unwrap_or(0);
    let mut items: Vec<Item> = outputs
        .into_iter()
        .map(|one| Item {
            subject: one.subject,
            texts: one.texts,
            transcript: None,
            probability: one.probability,
            cluster: one.cluster,
        })
        .collect();
    match order.count {
        Some(count) if !order.adjudicate => items = some_of(items, count, seed),
        _ => {}
    }
    // What is decided are the labels that were given, wherever they stand.
    let beside = files::default_labels(path, None);
    let labels = match order.adjudicate && !given.is_empty() && !beside.exists() {
        true => path.to_owned(),
        false => beside,
    };
    let mut notes = Vec::new();
    if rubric.shows("transcript") && rubric.version.is_some() {
        notes.push("the judge sees transcripts, which a file does not hold: label the run itself to show them".to_owned());
    }
    Ok(Material {
        items,
        given,
        rubric,
        labels,
        seed,
        notes,
    })
}

/// So many of them by chance, each with the probability of both draws.
fn some_of(items: Vec<Item>, count: usize, seed: u64) -> Vec<Item> {
    let candidates: Vec<Candidate> = items.iter().map(candidate).collect();
    let drawn = draw(Strategy::Random, &candidates, count, seed);
    let taken = |at: &usize| drawn.taken.binary_search(at).is_ok();
    items
        .into_iter()
        .enumerate()
        .filter(|(at, _)| taken(at))
        .map(|(at, item)| Item {
            probability: Some(item.probability.unwrap_or(1.0) * drawn.probabilities[at]),
            ..item
        })
        .collect()
}

fn candidate(item: &Item) -> Candidate {
    let texts = &item.texts;
    let output = [&texts.output, &texts.output_a, &texts.output_b];
    Candidate {
        name: item.subject.name(),
        output: output
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n"),
        doubt: 0.0,
        stratum: String::new(),
    }
}

fn of_run(order: &Annotate) -> Result<Material, JobError> {
    let run = open_run(&order.source, &order.runs_dir).map_err(|error| match error {
        JobError::Usage(why) => JobError::Usage(format!(
            "`{}` is no file, and no run either: {why}",
            order.source
        )),
        other => other,
    })?;
    let suite = suite_of(&run)?;
    let rubric = Rubric::of(&order.ask, Some(&suite))?;
    let seed = order.seed.unwrap_or(run.manifest().seed);
    let labels = files::default_labels(Path::new(""), Some(&suite.name));
    let count = match order.adjudicate {
        // What was drawn then is among all that were answered.
        true => usize::try_from(run.manifest().extent.trials()).unwrap_or(usize::MAX),
        false => order.count.unwrap_or(OF_A_RUN),
    };
    if matches!(rubric.question, Question::Pair { .. }) {
        let (items, note) = pairs(order, &run)?;
        return Ok(Material {
            items: some_of(items, count, seed),
            given: Vec::new(),
            rubric,
            labels,
            seed,
            notes: vec![note],
        });
    }
    let pick = PickLabels {
        run: order.source.clone(),
        count,
        strategy: order.strategy,
        seed: Some(seed),
        scorers: order.scorers.clone(),
        targets: order.targets.clone(),
        labels: None,
        out: PathBuf::new(),
        force: false,
    };
    let (picked, rows) = pick::draw(&pick, &order.runs_dir)?;
    let mut items: Vec<Item> = rows
        .into_iter()
        .map(|row| Item {
            subject: row.subject,
            texts: row.texts,
            transcript: None,
            probability: row.probability,
            cluster: row.cluster,
        })
        .collect();
    complete(&run, &rubric, &mut items)?;
    Ok(Material {
        items,
        given: Vec::new(),
        rubric,
        labels,
        seed,
        notes: match order.adjudicate {
            // They speak of a draw.
            true => Vec::new(),
            false => picked.pick.notes,
        },
    })
}

/// Puts in what a draw leaves out and the rubric shows: documents, and what was said and done.
fn complete(run: &RunDir, rubric: &Rubric, items: &mut [Item]) -> Result<(), JobError> {
    let places: BTreeMap<Subject, usize> = items
        .iter()
        .enumerate()
        .map(|(at, item)| (item.subject.clone(), at))
        .collect();
    let shows_steps = rubric.version.is_some() && rubric.shows("transcript");
    let variants = run.manifest().extent;
    walk(run, &mut |place, step| {
        let is_original = variants.at(place.ordinal).is_some_and(|at| at.variant == 0);
        let (Some(at), Step::Answered(line), true) =
            (places.get(&place.subject), step, is_original)
        else {
            return;
        };
        let item = &mut items[*at];
        if !place.case.context.is_empty() {
            item.texts.context = Some(place.case.context.join("\n\n"));
        }
        if shows_steps {
            item.transcript = Some(done(&line.transcript));
        }
    })
}

/// The pairs of a run: what two targets answered to one case, in one repeat.
fn pairs(order: &Annotate, run: &RunDir) -> Result<(Vec<Item>, String), JobError> {
    if order.strategy != Strategy::Random || !order.scorers.is_empty() {
        return Err(JobError::Usage(
            "pairs of a run are drawn at random: --strategy and --scorer go by verdicts on single outputs"
                .to_owned(),
        ));
    }
    let known: Vec<&str> = run
        .manifest()
        .targets
        .iter()
        .map(|target| target.id.as_str())
        .collect();
    let named: Vec<&str> = match order.targets.is_empty() {
        true => known.clone(),
        false => order.targets.iter().map(String::as_str).collect(),
    };
    if let Some(id) = named.iter().find(|id| !known.contains(id)) {
        return Err(JobError::Usage(unknown("target", id, &known)));
    }
    let [one, other] = named[..] else {
        return Err(JobError::Usage(format!(
            "a comparison is of two targets; name two with --target: {}",
            known.join(", ")
        )));
    };
    if one == other {
        return Err(JobError::Usage(format!(
            "a comparison is of two targets, and `{one}` is named twice"
        )));
    }
    let extent = run.manifest().extent;
    let mut found: BTreeMap<(u64, u32), Item> = BTreeMap::new();
    walk(run, &mut |place, step| {
        let (Some(at), Step::Answered(line)) = (extent.at(place.ordinal), step) else {
            return;
        };
        let Subject::Trial { target, repeat, .. } = &place.subject else {
            return;
        };
        if at.variant > 0 || !(target == one || target == other) {
            return;
        }
        let item = found.entry((at.case, *repeat)).or_insert_with(|| Item {
            subject: Subject::Item(match repeat {
                0 => place.case.id.clone(),
                repeat => format!("{}/{repeat}", place.case.id),
            }),
            texts: Texts {
                input: Some(pick::conversation(&place.case.input)),
                context: (!place.case.context.is_empty()).then(|| place.case.context.join("\n\n")),
                ..Texts::default()
            },
            transcript: None,
            probability: None,
            cluster: Some(
                place
                    .case
                    .cluster
                    .clone()
                    .unwrap_or_else(|| place.case.id.clone()),
            ),
        });
        let side = match target == one {
            true => &mut item.texts.output_a,
            false => &mut item.texts.output_b,
        };
        *side = Some(line.transcript.output);
    })?;
    let items = found
        .into_values()
        .filter(|item| item.texts.output_a.is_some() && item.texts.output_b.is_some());
    let note = format!("in the labels, `a` is {one} and `b` is {other}, whichever stood first");
    Ok((items.collect(), note))
}
