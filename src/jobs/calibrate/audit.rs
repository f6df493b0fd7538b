//! `judge audit`: what a judge leans on besides the output's merit, asked through the same engine as every run, so that its verdicts are
//! journaled, paced, paid from the budget and never lost. Nothing is kept beside the run: an audit is no look at the labels.
//!
//! The run of an audit stands in `audits/` below the runs, so that `latest` goes on meaning the latest run of a suite.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::asks::Asks;
use super::judge::{Asking, AtHand, OTHER, open};
use super::known::{Known, asked};
use super::listed::{Listings, offered};
use super::live::{as_certified, identity};
use super::material::{self, Item, NO_WANTED, Outputs, Role, number};
use super::walk::{Step, walk};
use crate::analysis::audit::{
    AttackText, Attacked, Audit, Judged, Listed, Probe, Row, Seen, Verdict, rows,
};
use crate::domain::case::Case;
use crate::domain::event::{Event, Scored, TrialFinished};
use crate::domain::instrument::{LabelScale, Listing};
use crate::domain::label::Said;
use crate::domain::plan::{Extent, ORIGINAL, TrialId};
use crate::domain::port::Clock;
use crate::domain::score::{Score, Unscored, Value};
use crate::domain::transcript::{Outcome, Transcript};
use crate::jobs::JobError;
use crate::jobs::run::{CassetteChoice, Prepared, Ran};
use crate::jobs::takeover::Given;
use crate::judge::{attacks, orders, wanted_verdict};
use crate::load::labels::file;
use crate::stats::BothOrders;
use crate::store::journal::{Journal, JournalError};

/// Where audits stand below the runs.
const FOLDER: &str = "audits";

/// A judge to be audited, and how it is asked.
#[derive(Debug, Clone)]
pub struct Order {
    /// A built-in judge, a judge's file, or the id of a suite's scorer.
    pub judge: String,
    /// Its model, limits and prices.
    pub asking: Asking,
    /// The probes; empty: all.
    pub probes: Vec<Probe>,
    /// The user's outputs: a run, or a file.
    pub outputs: Option<String>,
    /// Most of them that are asked about.
    pub most: usize,
    /// What people say of them.
    pub labels: Option<PathBuf>,
    /// Ask anew, whatever is known.
    pub fresh: bool,
    /// Recorded replies.
    pub cassette: CassetteChoice,
    /// Where runs are kept.
    pub runs_dir: PathBuf,
    /// Further certificates to trust.
    pub ca_bundle: Option<PathBuf>,
    /// Refuse to start programs.
    pub no_exec: bool,
}

/// An audit that is ready: everything that can be wrong was looked for, and nothing was called yet.
pub struct Ready {
    /// The run that asks; `None`: none of the probes has anything to ask.
    pub prepared: Option<Prepared>,
    /// What the user should know before it begins.
    pub notes: Vec<String>,
    desk: Desk,
}

/// What is left to do once the verdicts are there.
pub struct AuditFinishing(Desk);

impl Ready {
    /// Parts what is run from what is done with it.
    #[must_use]
    pub fn split(self) -> (Option<Prepared>, AuditFinishing) {
        (self.prepared, AuditFinishing(self.desk))
    }
}

/// What an audit found, and where its verdicts stand.
#[derive(Debug)]
pub struct Audited {
    /// What was found.
    pub found: Audit,
    /// The run.
    pub run: Option<PathBuf>,
}

/// What is known besides the verdicts.
struct Desk {
    judge: AtHand,
    probes: Vec<Probe>,
    /// What each case of the run is for.
    roles: Vec<Role>,
    repeats: u32,
    no_attacks: Option<String>,
    /// Why its verdicts cannot be listed otherwise.
    no_listing: BTreeMap<Listing, String>,
    outputs: Option<Outputs>,
    named: String,
    notes: Vec<String>,
}

/// Finds everything that can be wrong, and makes the run. Calls nothing.
pub fn prepare_audit(order: &Order, clock: &dyn Clock) -> Result<Ready, JobError> {
    let mut judge = open(&order.judge, &order.asking, &order.runs_dir)?;
    let probes = if order.probes.is_empty() {
        Probe::ALL.to_vec()
    } else {
        order.probes.clone()
    };
    let grades = judge.instrument.scale.grades();
    let labels = match &order.labels {
        Some(path) => file::read(path, grades).map_err(JobError::Invalid)?,
        None => Vec::new(),
    };
    let outputs = match &order.outputs {
        Some(named) => Some(material::outputs_of(
            &judge,
            named,
            &labels,
            &order.runs_dir,
            order.most,
        )?),
        None => None,
    };
    let attack = probes.contains(&Probe::Injection);
    let mut listings = Listings::of(judge.spec().scorer.as_ref(), &probes);
    let no_listing = std::mem::take(&mut listings.lacking);
    // What another listing moves is held against what moves anyway.
    let again = probes.contains(&Probe::Repeat) || !listings.is_empty();
    let needs_any = again
        || [Probe::Position, Probe::Unparsed]
            .iter()
            .any(|probe| probes.contains(probe));
    let alone = outputs.is_none() && needs_any;
    let mut no_attacks = None;
    let mut items = Vec::new();
    if attack || alone {
        match material::own(&judge, attack, alone, again) {
            Ok(own) => items = own,
            Err(why) => no_attacks = Some(why),
        }
        if wanted_verdict(&judge.instrument.scale).is_none() {
            no_attacks = Some(NO_WANTED.to_owned());
        }
    }
    let mut notes = Vec::new();
    let mut outputs = outputs;
    if let Some(outputs) = &mut outputs {
        let taken = std::mem::take(&mut outputs.labelled);
        if taken.len() < outputs.total {
            notes.push(format!(
                "{} of {} outputs are asked about; --limit takes more",
                taken.len(),
                outputs.total
            ));
        }
        items.extend(taken.into_iter().enumerate().map(|(at, one)| Item {
            role: Role::Output(at),
            one,
            again,
        }));
    }
    listings.add_to(&mut items);
    let scorer = &mut judge.loaded.suite.scorers[0].scorer;
    *scorer = listings.marked(scorer.clone());
    let repeats = if items.iter().any(|item| item.again) {
        2
    } else {
        1
    };
    let mut desk = Desk {
        probes,
        roles: items.iter().map(|item| item.role).collect(),
        repeats,
        no_attacks,
        no_listing,
        named: order.outputs.clone().unwrap_or_default(),
        outputs,
        notes,
        judge,
    };
    if items.is_empty() {
        return Ok(Ready {
            prepared: None,
            notes: Vec::new(),
            desk,
        });
    }
    let mut prepared = begin(order, &mut desk, items, clock)?;
    let notes = std::mem::take(&mut prepared.notes);
    Ok(Ready {
        prepared: Some(prepared),
        notes,
        desk,
    })
}

fn begin(
    order: &Order,
    desk: &mut Desk,
    items: Vec<Item>,
    clock: &dyn Clock,
) -> Result<Prepared, JobError> {
    let folder = order.runs_dir.join(FOLDER);
    let judge = &desk.judge;
    let mut known = Known::default();
    if !order.fresh {
        known.add_calibrations(&folder, identity(judge))?;
        if let Some(run) = desk
            .outputs
            .as_ref()
            .and_then(|outputs| outputs.run.as_ref())
        {
            known.add_run(run, as_certified(judge))?;
        }
    }
    let spec = judge.spec();
    let mut cases = Vec::with_capacity(items.len());
    let mut answers = Vec::with_capacity(items.len());
    for item in items {
        let prompt = asked(spec.scorer.as_ref(), &item.one.seen()).ok();
        let mut verdict = || prompt.as_ref().and_then(|prompt| known.take(prompt));
        let first = verdict();
        let again = item.again.then(&mut verdict);
        answers.push(Answer {
            transcript: item.one.transcript,
            first,
            again,
        });
        cases.push(item.one.case);
    }
    let given = Answers {
        answers,
        repeats: desk.repeats,
        scorer: spec.id.clone(),
    };
    let asks = Asks {
        loaded: judge.suite_of("audit", desk.repeats),
        cassette: &order.cassette,
        no_exec: order.no_exec,
        ca_bundle: order.ca_bundle.clone(),
        runs_dir: &order.runs_dir,
        folder: &folder,
    };
    asks.prepare(&cases, Box::new(given), clock)
}

/// An output with what is known of its verdicts, each with the run it is from.
struct Answer {
    transcript: Transcript,
    first: Option<(Score, String)>,
    /// `None`: it is not asked about again.
    again: Option<Option<(Score, String)>>,
}

struct Answers {
    answers: Vec<Answer>,
    repeats: u32,
    scorer: String,
}

impl Answers {
    /// The verdict that need not be asked for: one that is known, or that nobody wants.
    fn verdict(&self, answer: &Answer, repeat: u32) -> Option<(Score, String)> {
        let known = match (repeat, &answer.again) {
            (0, _) => &answer.first,
            (_, Some(again)) => again,
            (_, None) => {
                let score = Score::new(&self.scorer, Value::NotApplicable);
                return Some((score, "audit".to_owned()));
            }
        };
        known.clone().map(|(mut score, run)| {
            score.scorer.clone_from(&self.scorer);
            (score, run)
        })
    }
}

impl Given for Answers {
    fn case(&mut self, _: &Case) {}

    fn write(&self, _: Extent, journal: &mut Journal) -> Result<(), JournalError> {
        let mut ordinal = 0;
        for answer in &self.answers {
            for repeat in 0..self.repeats {
                let trial = TrialId {
                    target: answer.transcript.target.clone(),
                    case: answer.transcript.case.clone(),
                    variant: ORIGINAL.to_owned(),
                    repeat,
                };
                let transcript = Transcript {
                    repeat,
                    ..answer.transcript.clone()
                };
                journal.append(&Event::TrialFinished(Box::new(TrialFinished {
                    ordinal,
                    trial: trial.clone(),
                    outcome: Outcome::Answered,
                    attempts: Vec::new(),
                    transcript,
                    reused: Some("audit".to_owned()),
                })))?;
                if let Some((score, run)) = self.verdict(answer, repeat) {
                    journal.append(&Event::Scored(Scored {
                        ordinal,
                        trial,
                        scores: vec![score],
                        reused: Some(run),
                    }))?;
                }
                ordinal += 1;
            }
        }
        Ok(())
    }

    fn note(&self, _: u64, _: u64) -> Option<String> {
        let each = |one: &Answer| {
            usize::from(one.first.is_some()) + usize::from(matches!(one.again, Some(Some(_))))
        };
        let wanted = |one: &Answer| 1 + usize::from(one.again.is_some());
        let known: usize = self.answers.iter().map(each).sum();
        let all: usize = self.answers.iter().map(wanted).sum();
        (known > 0).then(|| {
            format!("{known} of {all} verdicts are known from earlier; --fresh asks for them again")
        })
    }
}

/// Reads the verdicts, and says what they show.
pub fn finish_audit(finishing: AuditFinishing, ran: Option<&Ran>) -> Result<Audited, JobError> {
    let AuditFinishing(desk) = finishing;
    let mut scores: BTreeMap<u64, Score> = BTreeMap::new();
    let mut lengths: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    if let Some(ran) = ran {
        walk(&ran.run, &mut |place, step| match step {
            Step::Answered(line) => {
                let other = place.case.columns.get(OTHER).and_then(|text| text.as_str());
                let length = |text: &str| text.chars().count() as f64;
                let both = (length(&line.transcript.output), other.map_or(0.0, length));
                lengths.insert(place.ordinal, both);
            }
            Step::Scored(line) => {
                if let Some(score) = line.scores.into_iter().next() {
                    scores.insert(place.ordinal, score);
                }
            }
        })?;
        enough(&desk, &scores)?;
    }
    let seen = desk.seen(&scores, &lengths);
    let outputs = match &desk.outputs {
        Some(outputs) => format!("{} outputs of {}", outputs.targets.len(), desk.named),
        None => "no outputs of yours".to_owned(),
    };
    let probes = rows(&seen);
    Ok(Audited {
        found: Audit {
            attacks: texts(&probes, &desk.judge.instrument.scale),
            judge: desk.judge.name.clone(),
            digest: desk.judge.identity.to_string(),
            model: desk.judge.model(),
            scale: scale_words(&desk.judge.instrument.scale),
            outputs,
            probes,
            notes: desk.notes,
        },
        run: ran.map(|ran| ran.run.path().to_owned()),
    })
}

/// The texts of the attacks that talked the judge over.
fn texts(probes: &[Row], scale: &LabelScale) -> Vec<AttackText> {
    let Some(verdict) = wanted_verdict(scale) else {
        return Vec::new();
    };
    let flipped = probes.iter().flat_map(|row| &row.flipped);
    flipped
        .filter_map(|id| attacks().iter().find(|attack| attack.id == *id))
        .map(|attack| AttackText {
            id: attack.id.clone(),
            family: attack.family.clone(),
            input: attack.input.clone(),
            right: attack.right.clone(),
            output: attack.output(&verdict),
        })
        .collect()
}

/// More than `max_error_rate` without a verdict is no audit.
fn enough(desk: &Desk, scores: &BTreeMap<u64, Score>) -> Result<(), JobError> {
    let all = desk.roles.len() as u64 * u64::from(desk.repeats);
    let wanted: Vec<u64> = (0..all)
        .filter(|ordinal| {
            let score = scores.get(ordinal);
            !score.is_some_and(|score| matches!(score.value, Value::NotApplicable))
        })
        .collect();
    let missing: Vec<u64> = wanted
        .iter()
        .copied()
        .filter(|ordinal| {
            verdict(&desk.judge.instrument.scale, scores.get(ordinal)) == Verdict::Missing
        })
        .collect();
    let most = desk.judge.loaded.suite.limits.max_error_rate;
    let share = missing.len() as f64 / wanted.len().max(1) as f64;
    let Some(first) = missing.first().filter(|_| share > most) else {
        return Ok(());
    };
    let why = scores
        .get(first)
        .and_then(|score| score.reason.clone())
        .unwrap_or_else(|| "it was never asked".to_owned());
    Err(JobError::NotEvaluated(format!(
        "{} of {} questions have no verdict, more than {} % (limits.max_error_rate); the first: {why}\nwhat was judged is kept: the same command again asks only for the rest",
        missing.len(),
        wanted.len(),
        100.0 * most,
    )))
}

/// A score as an audit looks at it.
fn verdict(scale: &LabelScale, score: Option<&Score>) -> Verdict {
    let Some(score) = score else {
        return Verdict::Missing;
    };
    let number = match &score.value {
        Value::NotApplicable | Value::Unscored(Unscored::Unavailable | Unscored::Broken) => {
            return Verdict::Missing;
        }
        Value::Unscored(_) => return Verdict::Unread,
        Value::Pass(pass) => f64::from(u8::from(*pass)),
        Value::Number(number) => *number,
        Value::Label(class) => match scale {
            LabelScale::Classes { names, .. } => {
                match names.iter().position(|name| name == class) {
                    Some(place) => place as f64,
                    None => return Verdict::Unread,
                }
            }
            _ => return Verdict::Unread,
        },
    };
    let accepted = match scale {
        // Not beaten is all that an attack can hope for: it stands first in one order only.
        LabelScale::Preference { .. } => Some(number >= 0.5),
        LabelScale::Grades { low, high, pass } if pass.is_none() => {
            Some(number > f64::midpoint(*low as f64, *high as f64))
        }
        LabelScale::PassFail { .. } | LabelScale::Grades { .. } | LabelScale::Classes { .. } => {
            score.passes().or_else(|| scale.passes(number))
        }
    };
    let value = match (scale, accepted) {
        (LabelScale::PassFail { .. }, Some(passes)) => f64::from(u8::from(passes)),
        (LabelScale::Preference { .. }, _) => 2.0 * number,
        _ => number,
    };
    Verdict::Read { value, accepted }
}

/// What a pairwise judge said in either order.
fn both_orders(score: Option<&Score>) -> Vec<BothOrders> {
    score.and_then(orders).unwrap_or_default()
}

/// Verdict and label on one scale.
fn compared(
    scale: &LabelScale,
    verdict: &Verdict,
    said: Option<&Said>,
) -> (Option<f64>, Option<f64>) {
    let Verdict::Read { value, accepted } = verdict else {
        return (None, None);
    };
    let taken = accepted.map(|yes| f64::from(u8::from(yes)));
    let own = match scale {
        LabelScale::PassFail { .. } | LabelScale::Grades { .. } => Some(*value),
        LabelScale::Preference { .. } => Some(value / 2.0),
        LabelScale::Classes { .. } => taken,
    };
    match (said, scale) {
        (None, _) => (own, None),
        (Some(Said::Pass(pass)), _) => (taken, Some(f64::from(u8::from(*pass)))),
        (Some(Said::Rating(rating)), LabelScale::Grades { .. }) => (own, Some(*rating)),
        (Some(Said::Preference(one)), LabelScale::Preference { .. }) => (own, Some(number(*one))),
        (Some(Said::Class(class)), LabelScale::Classes { names, .. }) => {
            let place = names.iter().position(|name| name == class);
            let passes = place.and_then(|place| scale.passes(place as f64));
            (own, passes.map(|yes| f64::from(u8::from(yes))))
        }
        // A label of another kind says nothing about this verdict.
        (Some(_), _) => (own, None),
    }
}

fn scale_words(scale: &LabelScale) -> String {
    match scale {
        LabelScale::PassFail { .. } => "pass/fail".to_owned(),
        LabelScale::Grades { low, high, .. } => format!("{low}..{high}"),
        LabelScale::Classes { names, .. } => names.join(", "),
        LabelScale::Preference { .. } => "preference".to_owned(),
    }
}

impl Desk {
    fn seen(&self, scores: &BTreeMap<u64, Score>, lengths: &BTreeMap<u64, (f64, f64)>) -> Seen {
        let scale = &self.judge.instrument.scale;
        let pairwise = matches!(scale, LabelScale::Preference { .. });
        let mut plain = BTreeMap::new();
        let mut attacked = BTreeMap::new();
        let mut judged = Vec::new();
        let mut listed: BTreeMap<u64, BTreeMap<Listing, Listed>> = BTreeMap::new();
        let mut places = Vec::new();
        for (at, role) in (0_u64..).zip(&self.roles) {
            let ordinal = at * u64::from(self.repeats);
            let score = scores.get(&ordinal);
            let said = verdict(scale, score);
            let second = scores.get(&(ordinal + 1)).filter(|_| self.repeats > 1);
            let (cluster, target, people) = match (role, &self.outputs) {
                (Role::Attacked(of), _) => {
                    attacked.insert(*of, said);
                    continue;
                }
                (Role::Plain(of), Some(_)) => {
                    plain.insert(*of, said);
                    continue;
                }
                (Role::Listed(of, how), _) => {
                    let said = Listed {
                        verdict: said,
                        orders: both_orders(score),
                    };
                    listed.entry(*of as u64).or_default().insert(*how, said);
                    continue;
                }
                (Role::Plain(of), None) => {
                    plain.insert(*of, said.clone());
                    (attacks()[*of].id.clone(), Some("wrong".to_owned()), None)
                }
                (Role::Right(of), _) => (attacks()[*of].id.clone(), Some("right".to_owned()), None),
                (Role::Output(of), Some(outputs)) => (
                    outputs.clusters[*of].clone(),
                    outputs.targets[*of].clone(),
                    outputs.people[*of].as_ref(),
                ),
                (Role::Output(_), None) => continue,
            };
            let (own, other) = lengths.get(&ordinal).copied().unwrap_or_default();
            places.push(at);
            judged.push(Judged {
                cluster,
                target,
                length: if pairwise { own - other } else { own },
                lengths: pairwise.then_some((own, other)),
                compared: compared(scale, &said, people),
                verdict: said,
                again: (self.repeats > 1).then(|| verdict(scale, second)),
                orders: both_orders(score),
                orders_again: both_orders(second),
                listed: BTreeMap::new(),
            });
        }
        for (at, one) in places.iter().zip(&mut judged) {
            one.listed = listed.remove(at).unwrap_or_default();
        }
        let attacked = attacked
            .into_iter()
            .map(|(of, verdict)| Attacked {
                id: attacks()[of].id.clone(),
                family: attacks()[of].family.clone(),
                plain: plain.remove(&of).unwrap_or(Verdict::Missing),
                attacked: verdict,
            })
            .collect();
        let by_rating = self.outputs.as_ref().is_some_and(|outputs| {
            outputs
                .people
                .iter()
                .any(|said| matches!(said, Some(Said::Rating(_))))
        });
        let (levels, width) = match scale {
            LabelScale::Grades { low, high, .. } => (
                (*low as f64, usize::try_from(high - low + 1).unwrap_or(2)),
                if by_rating { (high - low) as f64 } else { 1.0 },
            ),
            LabelScale::Classes { names, .. } => ((0.0, names.len()), 1.0),
            LabelScale::PassFail { .. } => ((0.0, 2), 1.0),
            LabelScale::Preference { .. } => ((0.0, 3), 1.0),
        };
        Seen {
            probes: self.probes.clone(),
            attacked,
            no_attacks: self.no_attacks.clone(),
            offered: offered(scale),
            no_listing: self.no_listing.clone(),
            judged,
            own_material: self.outputs.is_none(),
            pairwise,
            levels: Some(levels),
            ordered: matches!(
                scale,
                LabelScale::Grades { .. } | LabelScale::Preference { .. }
            ),
            width,
            own_targets: self.own_targets(),
            seed: self.judge.loaded.suite.seed,
        }
    }

    /// Targets whose model is the judge's.
    fn own_targets(&self) -> Result<Vec<String>, String> {
        let outputs = self.outputs.as_ref().ok_or(
            "needs a run of its own model and of others, and labels: name them with --outputs and --labels",
        )?;
        if outputs.people.iter().all(Option::is_none) {
            return Err(
                "needs labels: what people like too is no preference for its own".to_owned(),
            );
        }
        let models = self.judge.spec().models();
        let own: Vec<&str> = models.filter_map(|model| model.plan.model()).collect();
        let of_own = |model: &String| own.contains(&model.as_str());
        let targets: Vec<String> = outputs
            .models
            .iter()
            .filter(|(_, model)| of_own(model))
            .map(|(target, _)| target.clone())
            .collect();
        if targets.is_empty() {
            return Err(format!(
                "no target of these outputs is known to have the judge's model, {}",
                self.judge.model()
            ));
        }
        Ok(targets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instrument::Rule;
    use crate::domain::suite::Comparison;

    #[test]
    fn a_score_is_read_on_the_judges_own_scale() {
        let read = |value, accepted| Verdict::Read { value, accepted };
        let of = |scale: &LabelScale, value: Value| verdict(scale, Some(&Score::new("j", value)));
        let rule = Rule {
            comparison: Comparison::AtLeast,
            bar: 0.5,
        };
        let binary = LabelScale::PassFail { pass: rule };
        assert_eq!(of(&binary, Value::Pass(true)), read(1.0, Some(true)));
        assert_eq!(of(&binary, Value::Number(0.4)), read(0.0, Some(false)));
        let grades = LabelScale::Grades {
            low: 1,
            high: 5,
            pass: None,
        };
        assert_eq!(of(&grades, Value::Number(3.0)), read(3.0, Some(false)));
        assert_eq!(of(&grades, Value::Number(4.0)), read(4.0, Some(true)));
        let pair = LabelScale::Preference { pass: None };
        assert_eq!(of(&pair, Value::Number(0.5)), read(1.0, Some(true)));
        assert_eq!(
            of(&pair, Value::Unscored(Unscored::Unreadable)),
            Verdict::Unread
        );
        assert_eq!(
            of(&pair, Value::Unscored(Unscored::Unavailable)),
            Verdict::Missing
        );
        assert_eq!(verdict(&pair, None), Verdict::Missing);
        let said = Said::Pass(true);
        assert_eq!(
            compared(&grades, &read(3.0, Some(false)), Some(&said)),
            (Some(0.0), Some(1.0))
        );
    }
}
