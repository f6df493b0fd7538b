//! A judge asked about labelled outputs, and held against the labels: through the same engine as every run, so that verdicts are
//! journaled, paced, paid from the budget and never lost; then one look at the labels, the ledger's line and the certificate.
//!
//! The run of a calibration stands in `calibrations/` below the runs, so that `latest` goes on meaning the latest run of a suite.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::asks::Asks;
use super::judge::{Asking, AtHand, open};
use super::kept::{Keep, keep};
use super::known::{Identity, Known, asked};
use super::outputs::{Labelled, Sources};
use super::walk::{Step, walk};
use crate::analysis::calibration::{Calibration, Reference, Scale};
use crate::domain::case::Case;
use crate::domain::decode::Problem;
use crate::domain::event::{Event, Scored, TrialFinished};
use crate::domain::instrument::LabelScale;
use crate::domain::label::{Label, Preference, Said, Subject, Texts};
use crate::domain::plan::{Extent, ORIGINAL, TrialId};
use crate::domain::port::Clock;
use crate::domain::score::{Score, Unscored, Value};
use crate::domain::transcript::{Outcome, Transcript};
use crate::domain::tree::Span;
use crate::jobs::JobError;
use crate::jobs::reading::open_run;
use crate::jobs::run::{CassetteChoice, Prepared, Ran};
use crate::jobs::takeover::Given;
use crate::judge::orders;
use crate::load::labels::sheet::{Join, join};
use crate::load::labels::verdicts::{self, Recorded, Verdicts};
use crate::load::labels::{digest, file};
use crate::store::journal::{Journal, JournalError};
use crate::store::ledger;

/// Where calibrations stand below the runs.
pub(super) const FOLDER: &str = "calibrations";

/// A judge, the labels it is held against, and how it is asked.
#[derive(Debug, Clone)]
pub struct Order {
    /// A built-in judge, a judge's file, or the id of a suite's scorer.
    pub judge: String,
    /// Its model, limits and prices.
    pub asking: Asking,
    /// The labels file; `None`: the one that the suite's scorer names.
    pub labels: Option<PathBuf>,
    /// Where the labelled outputs are, if not in the labels' rows: a run, or a file.
    pub outputs: Option<String>,
    /// Verdicts that were given elsewhere, in place of asking; and the judge's name in that file.
    pub verdicts: Option<(PathBuf, Option<String>)>,
    /// Ask anew, whatever is known.
    pub fresh: bool,
    /// What stands for several annotators.
    pub of: Option<Reference>,
    /// The class that counts as success.
    pub positive: Option<String>,
    /// Recorded replies.
    pub cassette: CassetteChoice,
    /// Where runs are kept.
    pub runs_dir: PathBuf,
    /// Further certificates to trust.
    pub ca_bundle: Option<PathBuf>,
    /// Refuse to start programs.
    pub no_exec: bool,
}

/// A calibration that is ready: everything that can be wrong was looked for, and nothing was called yet.
pub struct Ready {
    /// The run that asks; `None`: the verdicts are there.
    pub prepared: Option<Prepared>,
    /// What the user should know before it begins.
    pub notes: Vec<String>,
    desk: Desk,
}

/// What is known of a calibration besides its verdicts.
pub(super) struct Desk {
    pub(super) judge: AtHand,
    pub(super) labels: Vec<Label>,
    pub(super) labels_path: PathBuf,
    pub(super) scale: Scale,
    pub(super) of: Option<Reference>,
    pub(super) positive: Option<String>,
    pub(super) clusters: BTreeMap<String, String>,
    pub(super) outputs: BTreeMap<Subject, Texts>,
    /// The labelled outputs' names, in the order of the run's cases.
    pub(super) subjects: Vec<Subject>,
    /// Verdicts that were not asked for here.
    pub(super) given: Verdicts,
    pub(super) verdicts_file: String,
}

/// A judge held against people.
#[derive(Debug)]
pub struct Calibrated {
    /// The judge's name.
    pub name: String,
    /// The labels file.
    pub labels: PathBuf,
    /// What came of it.
    pub found: Calibration,
    /// The certificate that was written.
    pub certificate: PathBuf,
    /// The ledger that counts the look.
    pub ledger: PathBuf,
    /// Where the run stands, if the judge was asked.
    pub run: Option<PathBuf>,
}

impl Desk {
    /// What a score says on the scale of the labels; `None`: the judge could not be asked.
    pub(super) fn verdict(&self, score: &Score) -> Option<Recorded> {
        let said = match (&score.value, &self.scale) {
            (
                Value::NotApplicable | Value::Unscored(Unscored::Unavailable | Unscored::Broken),
                _,
            ) => {
                return None;
            }
            (Value::Unscored(_), _) => None,
            (_, Scale::PassFail) => Some(Said::Pass(score.passes()?)),
            (Value::Number(number), Scale::Grades { .. } | Scale::Number) => {
                Some(Said::Rating(*number))
            }
            (Value::Label(class), Scale::Classes(_)) => Some(Said::Class(class.clone())),
            // The first output of a pair is the one that was scored.
            (Value::Number(number), Scale::Preference) => Some(Said::Preference(match number {
                _ if *number > 0.5 => Preference::A,
                _ if *number < 0.5 => Preference::B,
                _ => Preference::Tie,
            })),
            (Value::Pass(_) | Value::Number(_) | Value::Label(_), _) => None,
        };
        // What it is asked is pass or fail: a number is its P(pass).
        let stated = match (&score.value, &self.judge.instrument.scale) {
            (Value::Number(p), LabelScale::PassFail { .. }) => Some(*p),
            _ => None,
        };
        Some(Recorded {
            said,
            reason: score.reason.clone(),
            orders: match (&self.scale, orders(score).as_deref()) {
                (Scale::Preference, Some([one])) => Some(*one),
                _ => None,
            },
            stated,
            ..Recorded::default()
        })
    }
}

/// Finds everything that can be wrong, and makes the run. Calls nothing.
pub fn prepare_calibration(order: &Order, clock: &dyn Clock) -> Result<Ready, JobError> {
    let judge = open(&order.judge, &order.asking, &order.runs_dir)?;
    let speaks = judge.instrument.scale.clone();
    let grades = speaks.grades();
    let labels_path = match (&order.labels, &judge.labels) {
        (Some(path), _) | (None, Some(path)) => path.clone(),
        (None, None) => {
            return Err(JobError::Usage(
                "name the labels with --labels: the suite's scorer names none".to_owned(),
            ));
        }
    };
    let labels = file::read(&labels_path, grades).map_err(JobError::Invalid)?;
    let labels_file = labels_path.display().to_string();
    let scale = scale(&speaks, &labels).map_err(|message| of_labels(&labels_file, message))?;
    let mut desk = Desk {
        labels,
        labels_path,
        scale,
        of: order.of,
        positive: order.positive.clone(),
        clusters: BTreeMap::new(),
        outputs: BTreeMap::new(),
        subjects: Vec::new(),
        given: Verdicts::new(),
        verdicts_file: labels_file.clone(),
        judge,
    };
    if let Some((path, name)) = &order.verdicts {
        desk.given = recorded_verdicts(path, name.as_deref(), &desk)?;
        desk.verdicts_file = path.display().to_string();
        return Ok(Ready {
            prepared: None,
            notes: Vec::new(),
            desk,
        });
    }
    let (sources, run) = sources(order, &desk)?;
    desk.clusters = sources.clusters();
    let labelled = sources.gather(&desk.labels, &labels_file, &desk.judge)?;
    if labelled.is_empty() {
        return Err(JobError::NothingToRun(format!(
            "{labels_file}: there is no label; label some outputs first"
        )));
    }
    for (subject, score) in &sources.judged_only {
        if let Some(verdict) = desk.verdict(score) {
            desk.given.insert(subject.clone(), verdict);
        }
    }
    desk.outputs = labelled
        .iter()
        .map(|one| (one.subject.clone(), one.texts()))
        .collect();
    desk.subjects = labelled.iter().map(|one| one.subject.clone()).collect();
    let mut known = Known::default();
    let folder = order.runs_dir.join(FOLDER);
    if !order.fresh {
        known.add_calibrations(&folder, identity(&desk.judge))?;
        if let Some(run) = &run {
            known.add_run(run, as_certified(&desk.judge))?;
        }
    }
    let mut prepared = begin(
        order,
        (&desk.judge, &desk.labels_path),
        labelled,
        known,
        &folder,
        clock,
    )?;
    let notes = std::mem::take(&mut prepared.notes);
    Ok(Ready {
        prepared: Some(prepared),
        notes,
        desk,
    })
}

pub(super) fn identity(judge: &AtHand) -> Identity<'_> {
    let spec = judge.spec();
    Identity {
        scorer: spec.scorer.as_ref(),
        digest: spec.digest,
    }
}

/// The same under the identity that the suite's own runs know it by.
pub(super) fn as_certified(judge: &AtHand) -> Identity<'_> {
    Identity {
        digest: judge.identity,
        ..identity(judge)
    }
}

pub(super) fn of_labels(file: &str, message: String) -> JobError {
    JobError::Invalid(vec![Problem {
        file: file.to_owned(),
        span: Span::default(),
        message,
    }])
}

/// The scale on which people and the judge are compared, by what the labels say.
pub(super) fn scale(judge: &LabelScale, labels: &[Label]) -> Result<Scale, String> {
    let Some(said) = labels.iter().find_map(|label| label.said.as_ref()) else {
        return Err("there is no label; label some outputs first".to_owned());
    };
    let (wanted, decides) = match judge {
        LabelScale::PassFail { .. } => ("pass", true),
        LabelScale::Grades { pass, .. } => ("rating", pass.is_some()),
        LabelScale::Classes { pass, .. } => ("class", !pass.is_empty()),
        LabelScale::Preference { .. } => ("preference", false),
    };
    match (said, judge) {
        (Said::Pass(_), _) if decides => Ok(Scale::PassFail),
        (Said::Pass(_), LabelScale::Grades { .. } | LabelScale::Classes { .. }) => Err(format!(
            "the labels say pass or fail, and the judge has no rule for that; put `pass` into the judge's file, or label with a `{wanted}`"
        )),
        (Said::Rating(_), LabelScale::Grades { low, high, .. }) => Ok(Scale::Grades {
            low: *low,
            high: *high,
        }),
        (Said::Class(_), LabelScale::Classes { names, .. }) => Ok(Scale::Classes(names.clone())),
        (Said::Preference(_), LabelScale::Preference { .. }) => Ok(Scale::Preference),
        (said, _) => Err(format!(
            "the labels have a `{}`, the judge answers with a `{wanted}`; label what the judge is asked, or calibrate a judge that is asked what was labelled",
            said.column()
        )),
    }
}

/// Where texts and known verdicts come from.
pub(super) fn sources(
    order: &Order,
    desk: &Desk,
) -> Result<(Sources, Option<crate::store::run::RunDir>), JobError> {
    let mut sources = Sources::default();
    let mut run = None;
    match order.outputs.as_deref() {
        Some(outputs) if Path::new(outputs).is_file() => sources.add_file(Path::new(outputs))?,
        Some(address) => {
            let found = open_run(address, &order.runs_dir)?;
            sources.add_run(&found, &desk.labels, as_certified(&desk.judge))?;
            run = Some(found);
        }
        None => {}
    }
    if let Some(user) = &desk.judge.user {
        sources.add_dataset(user, &desk.labels)?;
    }
    Ok((sources, run))
}

/// Verdicts from a file, those of one judge.
fn recorded_verdicts(path: &Path, name: Option<&str>, desk: &Desk) -> Result<Verdicts, JobError> {
    let grades = match desk.scale {
        Scale::Grades { low, high } => Some((low, high)),
        _ => None,
    };
    let judges = verdicts::read(path, grades).map_err(JobError::Invalid)?;
    super::one_of(judges, name).map(|(_, verdicts)| verdicts)
}

pub(super) fn begin(
    order: &Order,
    (judge, labels): (&AtHand, &Path),
    labelled: Vec<Labelled>,
    mut known: Known,
    folder: &Path,
    clock: &dyn Clock,
) -> Result<Prepared, JobError> {
    let spec = judge.spec();
    let mut answers = Vec::with_capacity(labelled.len());
    let mut cases = Vec::with_capacity(labelled.len());
    for one in labelled {
        let verdict = asked(spec.scorer.as_ref(), &one.seen())
            .ok()
            .and_then(|prompt| known.take(&prompt));
        answers.push((one.transcript, verdict));
        cases.push(one.case);
    }
    let given = Answers {
        answers,
        scorer: spec.id.clone(),
        from: labels.display().to_string(),
    };
    let asks = Asks {
        loaded: judge.loaded.clone(),
        cassette: &order.cassette,
        no_exec: order.no_exec,
        ca_bundle: order.ca_bundle.clone(),
        runs_dir: &order.runs_dir,
        folder,
    };
    asks.prepare(&cases, Box::new(given), clock)
}

/// The labelled answers, with the verdicts that are known already.
struct Answers {
    answers: Vec<(Transcript, Option<(Score, String)>)>,
    scorer: String,
    from: String,
}

impl Given for Answers {
    fn case(&mut self, _: &Case) {}

    fn write(&self, _: Extent, journal: &mut Journal) -> Result<(), JournalError> {
        for (ordinal, (transcript, verdict)) in (0_u64..).zip(&self.answers) {
            let trial = TrialId {
                target: transcript.target.clone(),
                case: transcript.case.clone(),
                variant: ORIGINAL.to_owned(),
                repeat: 0,
            };
            journal.append(&Event::TrialFinished(Box::new(TrialFinished {
                ordinal,
                trial: trial.clone(),
                outcome: Outcome::Answered,
                attempts: Vec::new(),
                transcript: transcript.clone(),
                reused: Some(self.from.clone()),
            })))?;
            if let Some((score, run)) = verdict {
                let mut score = score.clone();
                score.scorer.clone_from(&self.scorer);
                journal.append(&Event::Scored(Scored {
                    ordinal,
                    trial,
                    scores: vec![score],
                    reused: Some(run.clone()),
                }))?;
            }
        }
        Ok(())
    }

    fn note(&self, _: u64, trials: u64) -> Option<String> {
        let known = self.answers.iter().filter(|one| one.1.is_some()).count();
        (known > 0).then(|| {
            format!(
                "{known} of {trials} verdicts are known from earlier; --fresh asks for them again"
            )
        })
    }
}

/// Holds the verdicts against the labels, and keeps what came of it.
pub fn finish_calibration(
    finishing: Finishing,
    ran: Option<&Ran>,
    clock: &dyn Clock,
) -> Result<Calibrated, JobError> {
    let Finishing(mut desk) = finishing;
    if let Some(ran) = ran {
        let mut scores: BTreeMap<usize, Score> = BTreeMap::new();
        walk(&ran.run, &mut |place, step| {
            if let (Step::Scored(line), Ok(at)) = (step, usize::try_from(place.ordinal))
                && let Some(score) = line.scores.into_iter().next()
            {
                scores.insert(at, score);
            }
        })?;
        for (at, subject) in desk.subjects.iter().enumerate() {
            let said = scores.get(&at);
            if let Some(verdict) = said.and_then(|score| desk.verdict(score)) {
                desk.given.insert(subject.clone(), verdict);
            }
        }
        let missing: Vec<&Subject> = desk
            .subjects
            .iter()
            .filter(|subject| !desk.given.contains_key(*subject))
            .collect();
        let most = desk.judge.loaded.suite.limits.max_error_rate;
        let share = missing.len() as f64 / desk.subjects.len().max(1) as f64;
        if let Some(first) = missing.first().filter(|_| share > most) {
            let at = desk.subjects.iter().position(|subject| subject == *first);
            let why = at
                .and_then(|at| scores.get(&at)?.reason.clone())
                .unwrap_or_else(|| "it was never asked".to_owned());
            return Err(JobError::NotEvaluated(format!(
                "{} of {} labelled outputs have no verdict, more than {} % (limits.max_error_rate); the first, `{}`: {why}\nwhat was judged is kept: the same command again asks only for the rest",
                missing.len(),
                desk.subjects.len(),
                100.0 * most,
                first.name(),
            )));
        }
    }
    let joined = join(&Join {
        labels: &desk.labels,
        file: &desk.labels_path.display().to_string(),
        verdicts: &desk.given,
        verdicts_file: &desk.verdicts_file,
        scale: Some(&desk.scale),
        of: desk.of,
        positive: desk.positive.as_deref(),
        clusters: &desk.clusters,
        outputs: &desk.outputs,
    })
    .map_err(JobError::Invalid)?;
    let found = keep(
        &Keep {
            judge: &desk.judge,
            labels: &desk.labels_path,
            digest: digest(&desk.labels).to_string(),
            now: clock.unix_ms(),
        },
        joined,
    )?;
    Ok(Calibrated {
        name: desk.judge.name.clone(),
        ledger: ledger::path_of(&desk.labels_path),
        labels: desk.labels_path,
        found,
        certificate: desk.judge.certificate,
        run: ran.map(|ran| ran.run.path().to_owned()),
    })
}

/// What is left to do once the verdicts are there.
pub struct Finishing(Desk);

impl Ready {
    /// Parts what is run from what is done with it.
    #[must_use]
    pub fn split(self) -> (Option<Prepared>, Finishing) {
        (self.prepared, Finishing(self.desk))
    }
}
