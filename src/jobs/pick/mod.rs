//! Which outputs of a run people should label next, as a labels file to be filled in.

mod sheet;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(in crate::jobs) use sheet::conversation;
use sheet::{column, rows, write};

use super::JobError;
use super::calibrate::walk::{Step, walk};
use super::reading::{open_run, suite_of};
use crate::analysis::doubt::{Source, disagreement, doubt, verdict};
use crate::analysis::label_worth::{Question, Table, Worth, worth};
use crate::analysis::pick::{Candidate, Earlier, Growth, Pick, Picked, Strategy, grow};
use crate::domain::case::Case;
use crate::domain::decode::{Problem, unknown};
use crate::domain::label::{Label, Said, Subject};
use crate::domain::score::{Score, Value};
use crate::domain::suite::{ScorerSpec, Suite};
use crate::domain::tree::Span;
use crate::load::labels::file;
use crate::store::run::RunDir;

/// Outputs of a tag, a target and a verdict below which a tag is no stratum of its own.
const LEAST_OF_A_TAG: usize = 10;

/// What is to be picked.
#[derive(Debug, Clone)]
pub struct PickLabels {
    /// The run's address.
    pub run: String,
    /// About how many.
    pub count: usize,
    /// How.
    pub strategy: Strategy,
    /// By which seed; `None`: the run's.
    pub seed: Option<u64>,
    /// By whose verdicts; empty: the only judge, or for a disagreement all that pass or fail.
    pub scorers: Vec<String>,
    /// Only outputs of these targets; empty: of all.
    pub targets: Vec<String>,
    /// Labels that are there.
    pub labels: Option<PathBuf>,
    /// The file to write.
    pub out: PathBuf,
    /// Also where there is a file already.
    pub force: bool,
}

/// What was picked and written.
#[derive(Debug, Clone, PartialEq)]
pub struct PickedLabels {
    /// What was picked.
    pub pick: Pick,
    /// The column that people fill in.
    pub column: &'static str,
    /// Rows of the file with a label already.
    pub kept: usize,
}

/// An answer of the run.
struct Answer {
    subject: Subject,
    case: Arc<Case>,
    output: String,
    scores: BTreeMap<String, Score>,
}

/// Picks outputs of a run and writes a labels file in which people fill in the rest.
///
/// # Errors
/// [`JobError::Usage`] for what the run does not have, and for a file that is in the way; [`JobError::Invalid`] for the labels' faults;
/// [`JobError::NothingToRun`] where nothing is left to be labelled, or nothing was drawn.
pub fn pick_labels(order: &PickLabels, runs_dir: &Path) -> Result<PickedLabels, JobError> {
    let (picked, rows) = draw(order, runs_dir)?;
    write(order, &rows, picked.column)?;
    Ok(picked)
}

/// The same without writing: what was picked, and the rows that are to be filled in.
pub(in crate::jobs) fn draw(
    order: &PickLabels,
    runs_dir: &Path,
) -> Result<(PickedLabels, Vec<Label>), JobError> {
    let run = open_run(&order.run, runs_dir)?;
    let suite = suite_of(&run)?;
    let targets: Vec<&str> = suite.targets.iter().map(|one| one.id.as_str()).collect();
    if let Some(id) = order
        .targets
        .iter()
        .find(|id| !targets.contains(&id.as_str()))
    {
        return Err(JobError::Usage(unknown("target", id, &targets)));
    }
    let chosen = chosen(order, &suite)?;
    let (answers, mut notes) = answers(&run, order, &chosen)?;
    let sources: Vec<Source> = chosen.iter().map(|spec| source(spec, &answers)).collect();
    let by = by(order.strategy, &chosen, &sources)?;
    let candidates = candidates(order.strategy, &answers, &chosen, &sources);
    let known = earlier(order, &run, &answers, &mut notes)?;
    let seed = order.seed.unwrap_or(run.manifest().seed);
    let labelled: Vec<(usize, Option<f64>)> = known
        .iter()
        .map(|(at, labels)| (*at, labels.iter().find_map(|label| label.probability)))
        .collect();
    let drawn = grow(order.strategy, &candidates, &labelled, order.count, seed);
    if drawn.taken.is_empty() {
        return Err(JobError::NothingToRun(match labelled.len() {
            count if count == answers.len() => {
                "every output has a label: there is nothing left to pick".to_owned()
            }
            _ => "chance drew no output this time; ask for more with -n".to_owned(),
        }));
    }
    let is_all = drawn.taken.len() + labelled.len() == answers.len();
    if is_all && order.count > drawn.taken.len() {
        notes.push(format!(
            "{} were asked for and {} are there: all of them are picked",
            order.count,
            drawn.taken.len()
        ));
    }
    let is_flat = candidates
        .iter()
        .all(|one| one.doubt == candidates[0].doubt);
    if matches!(order.strategy, Strategy::Uncertain | Strategy::Disagreement) && is_flat {
        notes.push("no output is more doubtful than another: all were drawn alike".to_owned());
    }
    let is_part = !order.targets.is_empty()
        && targets
            .iter()
            .any(|id| !order.targets.iter().any(|one| one == id));
    if is_part {
        notes.push("only some targets' outputs were drawn from: a rate that is corrected by verdicts of the others, too, is of nobody's outputs".to_owned());
    }
    let column = column(&chosen, known.values().flatten().next());
    let rows = rows(&answers, &drawn, &known);
    let pick = Pick {
        run: run.id().to_owned(),
        strategy: order.strategy,
        seed,
        wanted: order.count,
        by,
        population: answers.len(),
        labelled: labelled.len(),
        earlier: drawn.earlier,
        picked: picked(order.strategy, &candidates, &drawn),
        range: drawn
            .probabilities
            .iter()
            .fold((1.0, 0.0), |(low, high), p| {
                (f64::min(low, *p), f64::max(high, *p))
            }),
        notes,
        worth: matches!(column, "pass" | "rating")
            .then(|| value_of(order, &chosen, &answers, &known, &drawn, column)),
    };
    let picked = PickedLabels {
        pick,
        column,
        kept: known.values().map(Vec::len).sum(),
    };
    Ok((picked, rows))
}

/// The scorers whose verdicts are looked at.
fn chosen<'a>(order: &PickLabels, suite: &'a Suite) -> Result<Vec<&'a ScorerSpec>, JobError> {
    let ids: Vec<&str> = suite.scorers.iter().map(|one| one.id.as_str()).collect();
    let mut named = Vec::new();
    for id in &order.scorers {
        match suite.scorers.iter().find(|spec| spec.id == *id) {
            Some(spec) => named.push(spec),
            None => return Err(JobError::Usage(unknown("scorer", id, &ids))),
        }
    }
    if order.strategy == Strategy::Disagreement {
        return Ok(match named.is_empty() {
            true => suite.scorers.iter().collect(),
            false => named,
        });
    }
    if named.len() > 1 {
        return Err(JobError::Usage(format!(
            "--strategy {} looks at one scorer; keep one --scorer",
            order.strategy.name()
        )));
    }
    if !named.is_empty() {
        return Ok(named);
    }
    let judges: Vec<&ScorerSpec> = suite
        .scorers
        .iter()
        .filter(|spec| spec.scorer.is_judge())
        .collect();
    match (judges.len(), order.strategy) {
        (1, _) | (0, Strategy::Random | Strategy::Stratified) => Ok(judges),
        (_, Strategy::Random) => Ok(Vec::new()),
        (0, _) => Err(JobError::Usage(format!(
            "the run has no judge whose doubt could tell; name another scorer with --scorer ({}), or take --strategy random",
            ids.join(", ")
        ))),
        _ => {
            let ids: Vec<&str> = judges.iter().map(|spec| spec.id.as_str()).collect();
            Err(JobError::Usage(format!(
                "several judges; name one with --scorer: {}",
                ids.join(", ")
            )))
        }
    }
}

/// The answers that may be labelled, in the run's order, and notes about those that may not.
fn answers(
    run: &RunDir,
    order: &PickLabels,
    chosen: &[&ScorerSpec],
) -> Result<(Vec<Answer>, Vec<String>), JobError> {
    let manifest = run.manifest();
    let mut found: BTreeMap<u64, Answer> = BTreeMap::new();
    let mut variants = BTreeSet::new();
    walk(run, &mut |place, step| {
        let at = manifest.extent.at(place.ordinal);
        let is_wanted = match &place.subject {
            Subject::Trial { target, .. } => {
                order.targets.is_empty() || order.targets.contains(target)
            }
            Subject::Item(_) => false,
        };
        if !is_wanted {
            return;
        }
        if at.is_some_and(|at| at.variant > 0) {
            variants.insert(place.ordinal);
            return;
        }
        match step {
            Step::Answered(line) => {
                let answer = Answer {
                    subject: place.subject,
                    case: place.case.clone(),
                    output: line.transcript.output,
                    scores: BTreeMap::new(),
                };
                found.insert(place.ordinal, answer);
            }
            Step::Scored(line) => {
                if let Some(answer) = found.get_mut(&place.ordinal) {
                    let scores = line.scores.into_iter();
                    answer
                        .scores
                        .extend(scores.map(|score| (score.scorer.clone(), score)));
                }
            }
        }
    })?;
    let mut notes = Vec::new();
    if !variants.is_empty() {
        notes.push(format!(
            "{} answers to variants of cases are left out: a labels file cannot name them",
            variants.len()
        ));
    }
    let all = found.len();
    let applies = |answer: &Answer| match chosen {
        [only] => answer
            .scores
            .get(&only.id)
            .is_none_or(|score| score.value != Value::NotApplicable),
        _ => true,
    };
    let answers: Vec<Answer> = found.into_values().filter(applies).collect();
    if answers.len() < all {
        notes.push(format!(
            "{} outputs are left out: the scorer does not apply to them",
            all - answers.len()
        ));
    }
    if answers.is_empty() {
        return Err(JobError::NothingToRun(format!(
            "the run {} has no answer that could be labelled",
            run.id()
        )));
    }
    Ok((answers, notes))
}

fn source(spec: &ScorerSpec, answers: &[Answer]) -> Source {
    let numbers = answers
        .iter()
        .filter_map(|answer| match answer.scores.get(&spec.id)?.value {
            Value::Number(value) => Some(value),
            _ => None,
        });
    let seen = numbers.fold(None, |seen: Option<(f64, f64)>, value| {
        let (low, high) = seen.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    });
    Source {
        measure: spec.scorer.measure(),
        is_judge: spec.scorer.is_judge(),
        votes: spec.scorer.votes(),
        seen,
    }
}

/// What the strategy goes by, in words.
fn by(
    strategy: Strategy,
    chosen: &[&ScorerSpec],
    sources: &[Source],
) -> Result<Option<String>, JobError> {
    match (strategy, chosen, sources) {
        (Strategy::Uncertain, [spec], [source]) => {
            let by = source.doubts_by().ok_or_else(|| {
                JobError::Usage(format!(
                    "nothing that `{}` records says how sure it is: it has one vote, states no probability and has no bar; take --strategy disagreement or random",
                    spec.id
                ))
            })?;
            Ok(Some(format!("the doubt of `{}`: {by}", spec.id)))
        }
        (Strategy::Disagreement, ..) => {
            let decides = sources.iter().filter(|one| one.measure.decides()).count();
            let votes = sources.iter().any(|one| one.votes > 1);
            if decides < 2 && !votes {
                return Err(JobError::Usage(
                    "there is one verdict of each output, which cannot disagree with anything; take --strategy uncertain or random"
                        .to_owned(),
                ));
            }
            let ids: Vec<String> = chosen.iter().map(|one| format!("`{}`", one.id)).collect();
            Ok(Some(format!("how far verdicts differ: {}", ids.join(", "))))
        }
        (Strategy::Stratified, [spec], _) => {
            Ok(Some(format!("target, verdict of `{}`, first tag", spec.id)))
        }
        (Strategy::Stratified, ..) => Ok(Some("target, first tag".to_owned())),
        _ => Ok(None),
    }
}

fn candidates(
    strategy: Strategy,
    answers: &[Answer],
    chosen: &[&ScorerSpec],
    sources: &[Source],
) -> Vec<Candidate> {
    let verdict_of = |answer: &Answer| match chosen {
        [spec] => Some(verdict(answer.scores.get(&spec.id))),
        _ => None,
    };
    let target_of = |answer: &Answer| match &answer.subject {
        Subject::Trial { target, .. } => target.clone(),
        Subject::Item(item) => item.clone(),
    };
    let cell = |answer: &Answer| {
        let tag = answer.case.tags.first().cloned();
        (target_of(answer), verdict_of(answer), tag)
    };
    let mut sizes: BTreeMap<_, usize> = BTreeMap::new();
    for answer in answers {
        *sizes.entry(cell(answer)).or_default() += 1;
    }
    let doubt_of = |answer: &Answer| match strategy {
        Strategy::Uncertain => match (chosen, sources) {
            ([spec], [source]) => doubt(answer.scores.get(&spec.id), source),
            _ => 0.0,
        },
        Strategy::Disagreement => {
            let verdicts: Vec<(&Score, &Source)> = chosen
                .iter()
                .zip(sources)
                .filter_map(|(spec, source)| Some((answer.scores.get(&spec.id)?, source)))
                .collect();
            disagreement(&verdicts)
        }
        Strategy::Random | Strategy::Stratified => 0.0,
    };
    answers
        .iter()
        .map(|answer| {
            let cell = cell(answer);
            let is_small = sizes.get(&cell).is_some_and(|size| *size < LEAST_OF_A_TAG);
            let (target, verdict, tag) = cell;
            let tag = tag.filter(|_| !is_small).map(|tag| format!("#{tag}"));
            let parts = [Some(target), verdict, tag];
            Candidate {
                name: answer.subject.name(),
                output: answer.output.clone(),
                doubt: doubt_of(answer),
                stratum: parts.into_iter().flatten().collect::<Vec<_>>().join(", "),
            }
        })
        .collect()
}

/// The labels that are there, by the place of the answer that they are about.
fn earlier(
    order: &PickLabels,
    run: &RunDir,
    answers: &[Answer],
    notes: &mut Vec<String>,
) -> Result<BTreeMap<usize, Vec<Label>>, JobError> {
    let mut known: BTreeMap<usize, Vec<Label>> = BTreeMap::new();
    let Some(path) = &order.labels else {
        return Ok(known);
    };
    let labels = file::read(path, None).map_err(JobError::Invalid)?;
    whole(path, &labels)?;
    let manifest = run.manifest();
    let is_alone = manifest.targets.len() == 1 && manifest.extent.repeats == 1;
    let mut named: BTreeMap<Subject, usize> = BTreeMap::new();
    for (at, answer) in answers.iter().enumerate() {
        named.insert(Subject::Item(answer.subject.name()), at);
        if let (Subject::Trial { case, .. }, true) = (&answer.subject, is_alone) {
            named.insert(Subject::Item(case.clone()), at);
        }
        named.insert(answer.subject.clone(), at);
    }
    let mut others = BTreeSet::new();
    let mut unlike = BTreeSet::new();
    for label in labels {
        let Some(&at) = named.get(&label.subject) else {
            others.insert(label.subject);
            continue;
        };
        let said = label.texts.output.as_ref();
        if said.is_some_and(|said| !is_same_text(said, &answers[at].output)) {
            unlike.insert(label.subject);
            continue;
        }
        known.entry(at).or_default().push(label);
    }
    for (count, why) in [
        (others.len(), "this run, or these targets, do not have them"),
        (
            unlike.len(),
            "the run's outputs of these names say something else",
        ),
    ] {
        if count > 0 {
            notes.push(format!(
                "{count} labelled outputs of {} are not taken along: {why}",
                path.display()
            ));
        }
    }
    Ok(known)
}

/// Whether a labels file speaks of this very output. A spreadsheet may have changed the ends of lines, and no table holds a NUL.
pub(in crate::jobs) fn is_same_text(labelled: &str, output: &str) -> bool {
    let (labelled, output) = [labelled, output]
        .map(|text| text.replace('\0', "\u{fffd}"))
        .into();
    labelled.trim().lines().eq(output.trim().lines())
}

/// Refuses labels of which some have a probability and some have none: nobody could say what a sum of both stands for.
fn whole(path: &Path, labels: &[Label]) -> Result<(), JobError> {
    let first = |has: bool| {
        labels
            .iter()
            .filter(|label| label.repeat_of.is_none())
            .find(|label| label.probability.is_some() == has)
    };
    match (first(true), first(false)) {
        (Some(with), Some(without)) => Err(JobError::Invalid(vec![Problem {
            file: path.display().to_string(),
            span: Span {
                line: u32::try_from(without.line).unwrap_or(u32::MAX),
                column: 0,
            },
            message: format!(
                "`probability` is empty here and {} in line {}; fill it in everywhere or nowhere",
                with.probability.unwrap_or_default(),
                with.line
            ),
        }])),
        _ => Ok(()),
    }
}

fn picked(strategy: Strategy, candidates: &[Candidate], drawn: &Growth) -> Vec<Picked> {
    let why = |one: &Candidate| match strategy {
        Strategy::Random => String::new(),
        Strategy::Uncertain => format!("doubt {:.2}", one.doubt),
        Strategy::Disagreement => format!("disagreement {:.2}", one.doubt),
        Strategy::Stratified => one.stratum.clone(),
    };
    drawn
        .taken
        .iter()
        .map(|&at| Picked {
            name: candidates[at].name.clone(),
            probability: drawn.probabilities[at],
            why: why(&candidates[at]),
        })
        .collect()
}

/// What the labels will be worth.
fn value_of(
    order: &PickLabels,
    chosen: &[&ScorerSpec],
    answers: &[Answer],
    known: &BTreeMap<usize, Vec<Label>>,
    drawn: &Growth,
    column: &str,
) -> Worth {
    // A disagreement has no judge of its own: the only one among the scorers, if there is one, is the judge that would be corrected.
    let judges: Vec<&&ScorerSpec> = match chosen {
        [_] => chosen.iter().collect(),
        _ => chosen
            .iter()
            .filter(|spec| spec.scorer.is_judge())
            .collect(),
    };
    let judge = match judges.as_slice() {
        [only] => Some(only.id.as_str()),
        _ => None,
    };
    let says = |answer: &Answer| answer.scores.get(judge?)?.passes();
    let graded = |answer: &Answer| match answer.scores.get(judge?)?.value {
        Value::Number(grade) => Some(grade),
        _ => None,
    };
    let verdicts: Vec<bool> = answers.iter().filter_map(says).collect();
    let grades: Vec<f64> = match column {
        "rating" => answers.iter().filter_map(graded).collect(),
        _ => Vec::new(),
    };
    let mut table: Table = [[0; 2]; 2];
    for (&at, labels) in known {
        let said: Vec<bool> = labels
            .iter()
            .filter(|label| label.repeat_of.is_none())
            .filter_map(|label| match label.said {
                Some(Said::Pass(pass)) => Some(pass),
                _ => None,
            })
            .collect();
        let passes = said.iter().filter(|pass| **pass).count() * 2;
        if let (Some(judge), true) = (says(&answers[at]), passes != said.len()) {
            table[usize::from(passes > said.len())][usize::from(judge)] += 1;
        }
    }
    let weight = |at: usize, now: bool| match now {
        true => known[&at]
            .iter()
            .find_map(|label| label.probability)
            .map_or(1.0, |p| 1.0 / p),
        false => 1.0 / drawn.probabilities[at],
    };
    let now: Vec<f64> = known.keys().map(|&at| weight(at, true)).collect();
    let then: Vec<f64> = known
        .keys()
        .chain(&drawn.taken)
        .map(|&at| weight(at, false))
        .collect();
    worth(&Question {
        verdicts: &verdicts,
        grades: &grades,
        table,
        now: &now,
        then: &then,
        is_even: order.strategy.is_even() && drawn.earlier != Earlier::Apart,
    })
}
