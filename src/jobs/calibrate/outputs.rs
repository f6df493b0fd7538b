//! What the judge is asked about: the outputs that people labelled, with all that belongs to them.
//!
//! A text that stands in the labels' own rows goes before every other, since it is what the annotator read; what the rows lack comes from
//! the run or the file of `--outputs`, then from the suite's dataset.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value as Json, json};

use super::judge::{AtHand, LABELLED, OTHER};
use super::known::{Identity, is_given};
use super::walk::{Step, walk};
use crate::domain::case::{Case, Input};
use crate::domain::decode::Problem;
use crate::domain::label::{Label, Subject, Texts};
use crate::domain::plan::ORIGINAL;
use crate::domain::port::Seen;
use crate::domain::score::Score;
use crate::domain::transcript::Transcript;
use crate::domain::tree::Span;
use crate::jobs::JobError;
use crate::load::dataset::{PlanError, plan_cases};
use crate::load::labels::outputs;
use crate::load::suite::Loaded;
use crate::store::run::RunDir;

/// Problems told one by one; the others are counted.
const MOST_PROBLEMS: usize = 20;

/// One labelled output.
#[derive(Debug, Clone)]
pub(super) struct Labelled {
    /// Its name in the labels file.
    pub(super) subject: Subject,
    /// Its case, under the output's name.
    pub(super) case: Case,
    /// What was answered.
    pub(super) transcript: Transcript,
}

impl Labelled {
    /// As a scorer sees it.
    pub(super) fn seen(&self) -> Seen {
        Seen {
            case: self.case.clone().into(),
            transcript: self.transcript.clone().into(),
        }
    }

    /// The texts, to be shown.
    pub(super) fn texts(&self) -> Texts {
        let other = self.case.columns.get(OTHER).and_then(Json::as_str);
        let output = Some(self.transcript.output.clone());
        Texts {
            input: Some(self.case.input.text().to_owned()),
            output: output.clone().filter(|_| other.is_none()),
            output_a: output.filter(|_| other.is_some()),
            output_b: other.map(str::to_owned),
            ..Texts::default()
        }
    }
}

/// What an answer in a run comes to.
#[derive(Debug, Clone)]
struct Answer {
    case: Case,
    transcript: Transcript,
}

/// Where texts come from besides the labels' rows.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// Answers of a run to wanted outputs, by the name that the labels have for them.
    run: BTreeMap<Subject, Answer>,
    /// Verdicts of the same judge about the run's other outputs: people did not label these.
    pub(super) judged_only: BTreeMap<Subject, Score>,
    /// Rows of a file.
    file: BTreeMap<Subject, Texts>,
    /// Cases of the suite's dataset, by id.
    dataset: BTreeMap<String, Case>,
    /// How problems call the run or the file.
    named: Option<String>,
}

impl Sources {
    /// Takes answers from a run, and the verdicts of the same judge about outputs that nobody labelled.
    pub(super) fn add_run(
        &mut self,
        run: &RunDir,
        labels: &[Label],
        judge: Identity<'_>,
    ) -> Result<(), JobError> {
        let wanted: BTreeSet<&Subject> = labels.iter().map(|label| &label.subject).collect();
        let manifest = run.manifest();
        let is_alone = manifest.targets.len() == 1 && manifest.extent.repeats == 1;
        // Labels may name an output by its trial, by the trial's name as an item, or by its case where that says it all.
        let known_as = |trial: &Subject| -> Option<Subject> {
            let case = match trial {
                Subject::Trial { case, .. } if is_alone => Some(Subject::Item(case.clone())),
                _ => None,
            };
            [Some(trial.clone()), Some(Subject::Item(trial.name())), case]
                .into_iter()
                .flatten()
                .find(|name| wanted.contains(name))
        };
        let judges: Vec<&str> = manifest
            .scorers
            .iter()
            .filter(|scorer| scorer.digest == judge.digest)
            .map(|scorer| scorer.id.as_str())
            .collect();
        // Outputs of a target that nobody labelled are no part of what the labels were drawn from.
        let targets: BTreeSet<&str> = wanted
            .iter()
            .filter_map(|subject| match subject {
                Subject::Trial { target, .. } => Some(target.as_str()),
                Subject::Item(_) => None,
            })
            .collect();
        let is_meant = |trial: &Subject| match trial {
            Subject::Trial { target, .. } => {
                targets.is_empty() || targets.contains(target.as_str())
            }
            Subject::Item(_) => true,
        };
        walk(run, &mut |place, step| {
            let known = known_as(&place.subject);
            match (step, known) {
                (Step::Answered(line), Some(name)) => {
                    let answer = Answer {
                        case: (**place.case).clone(),
                        transcript: line.transcript,
                    };
                    self.run.insert(name, answer);
                }
                (Step::Scored(line), None) if is_meant(&place.subject) => {
                    let mut scores = line.scores.into_iter();
                    let score = scores
                        .find(|score| judges.contains(&score.scorer.as_str()) && is_given(score));
                    if let Some(score) = score {
                        self.judged_only.insert(place.subject, score);
                    }
                }
                _ => {}
            }
        })?;
        self.named = Some(format!("the run {}", run.id()));
        Ok(())
    }

    /// Takes texts from a file of outputs.
    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), JobError> {
        self.file = outputs::read(path).map_err(JobError::Invalid)?;
        self.named = Some(path.display().to_string());
        Ok(())
    }

    /// Takes the labelled cases of a suite's dataset.
    pub(super) fn add_dataset(&mut self, user: &Loaded, labels: &[Label]) -> Result<(), JobError> {
        let wanted: BTreeSet<&str> = labels
            .iter()
            .map(|label| match &label.subject {
                Subject::Trial { case, .. } => case.as_str(),
                Subject::Item(item) => item.as_str(),
            })
            .collect();
        let file = user.path.display().to_string();
        let mut take = |case: Case| {
            if wanted.contains(case.id.as_str()) {
                self.dataset.insert(case.id.clone(), case);
            }
            Ok(())
        };
        match plan_cases(&user.suite, &file, &user.folder, &mut take) {
            Ok(_) => Ok(()),
            Err(PlanError::Faulty(problems)) => Err(JobError::faulty(problems)),
            Err(PlanError::Receiver(error)) => Err(JobError::Unexpected(error.to_string())),
        }
    }

    /// The clusters of cases, as run and dataset name them.
    pub(super) fn clusters(&self) -> BTreeMap<String, String> {
        let of_runs = self.run.values().map(|answer| &answer.case);
        of_runs
            .chain(self.dataset.values())
            .filter_map(|case| Some((case.id.clone(), case.cluster.clone()?)))
            .collect()
    }

    /// The labelled outputs, in the labels' order.
    ///
    /// # Errors
    /// Every output of which something is missing that the judge is given, with the line of its first label.
    pub(super) fn gather(
        &self,
        labels: &[Label],
        file: &str,
        judge: &AtHand,
    ) -> Result<Vec<Labelled>, JobError> {
        let mut rows: BTreeMap<&Subject, Vec<&Label>> = BTreeMap::new();
        let mut order = Vec::new();
        for label in labels.iter().filter(|label| label.repeat_of.is_none()) {
            let known = rows.entry(&label.subject).or_default();
            if known.is_empty() {
                order.push(&label.subject);
            }
            known.push(label);
        }
        let mut problems = Vec::new();
        let mut gathered = Vec::with_capacity(order.len());
        for subject in order {
            let rows = &rows[subject];
            let labelled = self.labelled(subject, rows, judge).and_then(|labelled| {
                judge.spec().scorer.ask(&labelled.seen())?;
                Ok(labelled)
            });
            match labelled {
                Ok(labelled) => gathered.push(labelled),
                Err(message) => {
                    let line = rows.first().map_or(0, |row| row.line);
                    problems.push(Problem {
                        file: file.to_owned(),
                        span: Span {
                            line: u32::try_from(line).unwrap_or(u32::MAX),
                            column: 0,
                        },
                        message: format!("`{}`: {message}", subject.name()),
                    });
                }
            }
        }
        if problems.is_empty() {
            return Ok(gathered);
        }
        let more = problems.len().saturating_sub(MOST_PROBLEMS);
        problems.truncate(MOST_PROBLEMS);
        if more > 0 {
            problems.push(Problem {
                file: file.to_owned(),
                span: Span::default(),
                message: format!("and {more} more outputs"),
            });
        }
        Err(JobError::Invalid(problems))
    }

    fn labelled(
        &self,
        subject: &Subject,
        rows: &[&Label],
        judge: &AtHand,
    ) -> Result<Labelled, String> {
        let of_rows = rows.iter().map(|row| &row.texts);
        let texts: Vec<&Texts> = of_rows.chain(self.file.get(subject)).collect();
        let text = |of: fn(&Texts) -> &Option<String>| Texts::first(&texts, of);
        let answer = self.run.get(subject);
        let pair = (text(|one| &one.output_a), text(|one| &one.output_b));
        let (output, other) = match (pair, text(|one| &one.output), answer) {
            ((Some(a), Some(b)), ..) => (a, Some(b)),
            // A cell may be empty because the run has the text.
            (_, Some(output), answer) if answer.is_none() || !output.is_empty() => (output, None),
            (_, _, Some(answer)) => (answer.transcript.output.clone(), None),
            (_, _, None) => return Err(self.nowhere()),
        };
        let case_id = match subject {
            Subject::Trial { case, .. } => case,
            Subject::Item(item) => item,
        };
        let base = answer
            .map(|answer| &answer.case)
            .or_else(|| self.dataset.get(case_id));
        let name = subject.name();
        let mut case = base.cloned().unwrap_or_else(|| Case::new(&name, ""));
        case.id = name;
        // They are other scorers' business.
        case.checks = Vec::new();
        if let Some(input) = text(|one| &one.input) {
            case.input = Input::Text(input);
        } else if base.is_none() && judge.file.sees("input") {
            return Err("there is no input: put it into a column `input` of the labels file, or name a suite whose dataset has the case, or the run with --outputs".to_owned());
        }
        if let Some(expected) = text(|one| &one.expected) {
            case.expected = Some(Json::String(expected));
        }
        if let Some(context) = text(|one| &one.context) {
            case.context = match serde_json::from_str(&context) {
                Ok(documents) => documents,
                Err(_) => vec![context],
            };
        }
        if let Some(other) = other {
            case.columns.insert(OTHER.to_owned(), json!(other));
        }
        let transcript = answer
            .filter(|answer| answer.transcript.output == output)
            .map(|answer| answer.transcript.clone())
            .unwrap_or_default();
        let transcript = Transcript {
            case: case.id.clone(),
            target: LABELLED.to_owned(),
            repeat: 0,
            variant: ORIGINAL.to_owned(),
            output,
            ..transcript
        };
        Ok(Labelled {
            subject: subject.clone(),
            case,
            transcript,
        })
    }

    fn nowhere(&self) -> String {
        match &self.named {
            Some(named) => format!(
                "{named} has no answer of this name, and the row has none either; remove the row, or name the run that it is from"
            ),
            None => "the row has no `output` (or `output_a` and `output_b`); name the run or the file that holds it with --outputs".to_owned(),
        }
    }
}
