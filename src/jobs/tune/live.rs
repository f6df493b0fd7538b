//! A suite's judge tuned: asked in other forms, with examples, and as an optimiser rewrites it; chosen on dev, told on test.
//!
//! The optimiser sees disagreements of the train part alone. Candidates are asked about train and dev, and only the chosen one and the
//! present judge about test, once; the ledger's line is on the disk before a figure of that is computed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::diff::unified;
use super::examples::{self, Known};
use super::look::{Looks, Wanted, used};
use super::purse::Purse;
use super::rewrite::{Disagreement, prompt, proposal, with_body, with_key};
use super::{Before, nothing_better, too_few, too_few_units};
use crate::analysis::calibration::{Reference, Scale, Sheet, agreement_name};
use crate::analysis::figure::Chance;
use crate::analysis::split::Part;
use crate::analysis::tuning::{
    Cost, Gap, Optimistic, Outcome, Parts, Scored, Slices, Tried, Tuning, at_threshold, choose,
    concluded, cross_validate, differing, front, hold_out, labelled, said, score, slices,
    threshold,
};
use crate::domain::port::Clock;
use crate::jobs::calibrate::{Asking, Order, Variant, Variants, spent};
use crate::jobs::report::threads;
use crate::jobs::run::{CassetteChoice, Prepared, Ran};
use crate::jobs::{JobError, Selection};
use crate::judge::Form;
use crate::store::durable;

/// Files beside the present judge's that are tried before giving up.
const MOST_FILES: u32 = 1_000;

/// A suite's judge that is to be tuned.
#[derive(Debug, Clone)]
pub struct TuneOrder {
    /// A built-in judge, a judge's file, or the id of the suite's scorer.
    pub judge: String,
    /// The suite's file.
    pub suite: PathBuf,
    /// The scorer, where several use the judge.
    pub scorer: Option<String>,
    /// A profile of the suite, and calls under way at once.
    pub selection: Selection,
    /// The labels file.
    pub labels: PathBuf,
    /// Where the labelled outputs are, if not in the labels' rows.
    pub outputs: Option<String>,
    /// The suite's target that rewrites the judge.
    pub optimizer: String,
    /// Rounds of rewriting.
    pub rounds: u32,
    /// Rewrites a round.
    pub candidates: u32,
    /// The seed of the split.
    pub seed: Option<u64>,
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

/// How a tuning ended.
#[derive(Debug)]
pub enum Tuned {
    /// It was done; with the ledger that counts the look, where there was one.
    Done(Box<Tuning>, Option<PathBuf>),
    /// A signal ended it, with this exit code. What was asked is kept.
    Interrupted(u8),
}

/// Why a tuning goes no further.
enum Halt {
    Error(JobError),
    Asked(u8),
}

impl From<JobError> for Halt {
    fn from(error: JobError) -> Self {
        Self::Error(error)
    }
}

/// Something that was tried.
struct Candidate {
    tried: Tried,
    /// What it is, and its verdicts on train and dev; `None`: it came to nothing.
    alive: Option<(Variant, Sheet)>,
}

struct Session<'a> {
    order: &'a TuneOrder,
    variants: Variants,
    go: &'a mut dyn FnMut(Prepared) -> Result<Ran, JobError>,
    clock: &'a dyn Clock,
    purse: Purse,
    parts: Option<Parts>,
    /// All labelled items, nothing said yet.
    base: Sheet,
    candidates: Vec<Candidate>,
    notes: Vec<String>,
    /// The search was ended by the budget.
    is_out: bool,
}

/// Tunes a judge. `go` runs what was prepared.
///
/// # Errors
/// Those of a calibration; [`JobError::NotEvaluated`] where the present judge, or the chosen one on test, has too few verdicts.
pub fn tune_judge(
    order: &TuneOrder,
    clock: &dyn Clock,
    go: &mut dyn FnMut(Prepared) -> Result<Ran, JobError>,
) -> Result<Tuned, JobError> {
    let (variants, present) = Variants::open(Order {
        judge: order.judge.clone(),
        asking: Asking::Suite {
            suite: order.suite.clone(),
            scorer: order.scorer.clone(),
            selection: order.selection.clone(),
        },
        labels: Some(order.labels.clone()),
        outputs: order.outputs.clone(),
        verdicts: None,
        fresh: order.fresh,
        of: order.of,
        positive: order.positive.clone(),
        cassette: order.cassette.clone(),
        runs_dir: order.runs_dir.clone(),
        ca_bundle: order.ca_bundle.clone(),
        no_exec: order.no_exec,
    })?;
    variants.optimiser(&order.optimizer)?;
    let digest = variants.digest().to_string();
    let mut looks = Looks::read(&order.labels, variants.certificate(), &digest)?;
    let seed = looks.seed(order.seed)?;
    let base = labelled(&variants.sheet(&present)?);
    let parts = Parts::of(&base, seed);
    let mut session = Session {
        order,
        purse: Purse::new(variants.budget(), clock.unix_ms()),
        variants,
        go,
        clock,
        parts,
        base,
        candidates: Vec::new(),
        notes: looks.doubts.clone(),
        is_out: false,
    };
    match session.tune(present, &mut looks, (seed, digest)) {
        Ok((tuning, is_counted)) => {
            let ledger = is_counted.then(|| looks.path().to_owned());
            Ok(Tuned::Done(Box::new(tuning), ledger))
        }
        Err(Halt::Asked(code)) => Ok(Tuned::Interrupted(code)),
        Err(Halt::Error(error)) => Err(error),
    }
}

impl Session<'_> {
    fn tune(
        &mut self,
        present: Variant,
        looks: &mut Looks,
        (seed, digest): (u64, String),
    ) -> Result<(Tuning, bool), Halt> {
        let name = self.variants.name().to_owned();
        let before = |parts: Option<&Parts>, base: &Sheet, tried| {
            Before {
                base,
                present: name.clone(),
                agreement: agreement_name(base).to_owned(),
                seed,
                digest: digest.clone(),
                parts,
            }
            .tuning(tried)
        };
        if let Some(why) = self
            .parts
            .as_ref()
            .and_then(|parts| too_few_units(&self.base, parts))
        {
            let mut tuning = before(self.parts.as_ref(), &self.base, Vec::new());
            tuning.outcome = Outcome::TooFewLabels;
            tuning.rule = why;
            return Ok((tuning, false));
        }
        self.first(present)?;
        self.forms()?;
        self.rewrites()?;
        self.refine()?;
        let alive: Vec<&Candidate> = self.alive().collect();
        let on_dev: Vec<Scored> = alive.iter().map(|one| self.dev_score(one)).collect();
        let lengths: Vec<usize> = alive.iter().map(|one| one.text().len()).collect();
        let figures: Vec<_> = on_dev
            .iter()
            .zip(&lengths)
            .map(|(scored, length)| (scored.agreement, *length))
            .collect();
        let chosen = choose(&figures, 0);
        let (chosen_name, chosen_dev) = (alive[chosen].tried.name.clone(), on_dev[chosen]);
        let tried: Vec<Tried> = self
            .candidates
            .iter()
            .map(|one| one.tried.clone())
            .collect();
        // The present judge's own verdicts name the figure: grades may have a mean.
        let seen = alive[0]
            .alive
            .as_ref()
            .map_or(&self.base, |(_, sheet)| sheet);
        let mut tuning = before(self.parts.as_ref(), seen, tried);
        tuning.labels.labelled = self.base.items.len() as u64;
        let winner = alive[chosen]
            .alive
            .as_ref()
            .map(|(variant, _)| variant.clone());
        let old = alive[0].alive.as_ref().map(|(variant, _)| variant.clone());
        let (Some(mut winner), Some(mut old)) = (winner, old) else {
            return Err(
                JobError::Unexpected("the present judge has no verdicts".to_owned()).into(),
            );
        };
        let mut is_counted = false;
        match self.parts.clone() {
            None => {
                let sheets: Vec<&Sheet> = alive
                    .iter()
                    .filter_map(|one| one.alive.as_ref().map(|(_, sheet)| sheet))
                    .collect();
                let found = cross_validate(&sheets, &lengths, 0, seed);
                too_few(&mut tuning, chosen_name, found);
                self.notes.push(
                    "rewrites were made with all of these labels in view: even the cross-validated figure is optimistic of them".to_owned(),
                );
            }
            Some(_) if chosen == 0 => nothing_better(&mut tuning, &chosen_dev),
            Some(parts) => {
                let test = ids(&parts.only(&self.base, &[Part::Test]));
                for variant in [&mut old, &mut winner] {
                    self.ask(variant, &test)?;
                    self.enough(variant, &test)?;
                }
                let look = looks.count(&Wanted {
                    judge: &name,
                    digest: winner.identity().to_string(),
                    labels: &digest,
                    seed,
                    now: self.clock.unix_ms(),
                })?;
                is_counted = true;
                let chance = Chance {
                    seed: self.variants.chance_seed(),
                    threads: threads(),
                };
                let sheet = |variant: &Variant| -> Result<Sheet, JobError> {
                    let sheet = labelled(&self.variants.sheet(variant)?);
                    Ok(parts.only(&sheet, &[Part::Test]))
                };
                let (new, old) = (sheet(&winner)?, sheet(&old)?);
                let found = hold_out(&new, &old, winner.usable(), look, &chance);
                (tuning.outcome, tuning.rule) = concluded(&found, tuning.is_number);
                tuning.warnings.extend(used(look, found.alpha));
                tuning.gap = Some(Gap::between(&chosen_dev, &found.chosen));
                tuning.held_out = Some(found);
                tuning.chosen = chosen_name;
            }
        }
        if chosen != 0 {
            self.write(&old, &winner, &mut tuning)?;
        }
        if self.is_out {
            self.notes.push(
                "the suite's budget ended the search: what was left is kept for the test part"
                    .to_owned(),
            );
        }
        tuning.warnings.splice(0..0, self.notes.drain(..));
        tuning.spent = Some(Cost {
            calls: self.purse.spent.calls,
            usd: self.purse.spent.usd,
        });
        Ok((tuning, is_counted))
    }

    fn alive(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().filter(|one| one.alive.is_some())
    }

    /// A sheet's items of some parts; all of them where labels are not parted.
    fn only(&self, sheet: &Sheet, part: &[Part]) -> Sheet {
        match &self.parts {
            Some(parts) => parts.only(sheet, part),
            None => sheet.clone(),
        }
    }

    fn dev_score(&self, candidate: &Candidate) -> Scored {
        let sheet = candidate.alive.as_ref().map(|(_, sheet)| sheet);
        sheet.map_or_else(Scored::default, |sheet| {
            score(&self.only(sheet, &[Part::Dev]))
        })
    }

    /// The items that candidates are asked about.
    fn seen(&self) -> BTreeSet<String> {
        ids(&self.only(&self.base, &[Part::Train, Part::Dev]))
    }

    /// Asks a variant about items on which it said nothing yet.
    fn ask(&mut self, variant: &mut Variant, items: &BTreeSet<String>) -> Result<(), Halt> {
        let missing = self.variants.missing(variant, items);
        if missing == 0 {
            return Ok(());
        }
        let budget = self.left()?;
        let prepared = self.variants.ask(variant, items, &budget, self.clock)?;
        let Some(prepared) = prepared else {
            return Ok(());
        };
        let ran = self.run(prepared, missing)?;
        self.variants.take(variant, items, &ran)?;
        Ok(())
    }

    fn left(&self) -> Result<crate::domain::suite::Budget, JobError> {
        self.purse.left(self.clock.unix_ms()).ok_or_else(|| {
            JobError::NotEvaluated(
                "the suite's budget is spent before the judge could be held against the test part; raise it in `limits`: what was judged is kept and not asked again".to_owned(),
            )
        })
    }

    fn run(&mut self, prepared: Prepared, outputs: usize) -> Result<Ran, Halt> {
        let ran = (self.go)(prepared)?;
        self.purse.add(&spent(&ran.run)?, outputs);
        match ran.ending.as_ref().and_then(|ending| ending.interrupted) {
            Some(asked) => Err(Halt::Asked(asked.exit_code())),
            None => Ok(ran),
        }
    }

    /// Whether a variant has verdicts on nearly all of these items.
    fn enough(&self, variant: &Variant, items: &BTreeSet<String>) -> Result<(), JobError> {
        match self.lacking(variant, items) {
            None => Ok(()),
            Some(why) => Err(JobError::NotEvaluated(format!(
                "{why}; what was judged is kept: the same command again asks only for the rest"
            ))),
        }
    }

    fn lacking(&self, variant: &Variant, items: &BTreeSet<String>) -> Option<String> {
        let missing = self.variants.missing(variant, items);
        let most = self.variants.most_missing();
        let share = missing as f64 / items.len().max(1) as f64;
        (share > most).then(|| {
            let why = variant.why.as_deref().unwrap_or("they were never asked about");
            format!(
                "{missing} of {} labelled outputs have no verdict, more than {} % (limits.max_error_rate): {why}",
                items.len(),
                100.0 * most
            )
        })
    }

    /// The present judge.
    fn first(&mut self, mut present: Variant) -> Result<(), Halt> {
        let items = self.seen();
        self.ask(&mut present, &items)?;
        self.enough(&present, &items)?;
        let sheet = labelled(&self.variants.sheet(&present)?);
        self.put(
            "present",
            self.variants.name().to_owned(),
            Ok((present, sheet)),
        );
        Ok(())
    }

    fn put(&mut self, origin: &'static str, name: String, found: Result<(Variant, Sheet), String>) {
        let mut candidate = Candidate {
            tried: Tried {
                name,
                origin,
                digest: None,
                dev: None,
                failed: None,
            },
            alive: None,
        };
        match found {
            Err(why) => candidate.tried.failed = Some(why),
            Ok((variant, sheet)) => {
                candidate.tried.digest = Some(variant.identity().to_string());
                candidate.alive = Some((variant, sheet));
                candidate.tried.dev = Some(Optimistic::from(self.dev_score(&candidate)));
            }
        }
        self.candidates.push(candidate);
    }

    /// Tries a text: reads it, asks about train and dev, and keeps what came of it.
    fn try_text(&mut self, origin: &'static str, name: String, text: &str) -> Result<(), Halt> {
        let items = self.seen();
        let test = match &self.parts {
            Some(parts) => parts.only(&self.base, &[Part::Test]).items.len(),
            None => 0,
        };
        // Both judges are asked about test at the end: that is not spent on the search.
        if !self
            .purse
            .allows(items.len() + 2 * test, self.clock.unix_ms())
        {
            self.is_out = true;
            return Ok(());
        }
        let mut variant = match self.variants.variant(text) {
            Ok(variant) => variant,
            Err(why) => {
                self.put(origin, name, Err(format!("it cannot be read: {why}")));
                return Ok(());
            }
        };
        if let Some(same) = self.same(&variant) {
            self.put(
                origin,
                name,
                Err(format!("it is the same judge as `{same}`")),
            );
            return Ok(());
        }
        self.ask(&mut variant, &items)?;
        let found = match self.lacking(&variant, &items) {
            Some(why) => Err(why),
            None => {
                let sheet = labelled(&self.variants.sheet(&variant)?);
                Ok((variant, sheet))
            }
        };
        self.put(origin, name, found);
        Ok(())
    }

    fn same(&self, variant: &Variant) -> Option<String> {
        let known = self.alive().find(|one| {
            let other = one.alive.as_ref().map(|(other, _)| other.identity());
            other == Some(variant.identity())
        });
        known.map(|one| one.tried.name.clone())
    }

    fn present(&self) -> Option<(Variant, Sheet)> {
        self.candidates.first().and_then(|one| one.alive.clone())
    }

    /// The candidate with the highest figure on dev so far.
    fn best(&self) -> Option<(Variant, Sheet)> {
        let alive: Vec<&Candidate> = self.alive().collect();
        let figures: Vec<_> = alive
            .iter()
            .map(|one| (self.dev_score(one).agreement, one.text().len()))
            .collect();
        alive
            .get(choose(&figures, 0))
            .and_then(|one| one.alive.clone())
    }

    /// The present text, answering in the other ways that its scale allows.
    fn forms(&mut self) -> Result<(), Halt> {
        let Some((present, sheet)) = self.present() else {
            return Ok(());
        };
        let (_, own) = present.manner();
        let mut forms = vec![("json-schema", Form::JsonSchema), ("text", Form::Text)];
        if sheet.scale == Scale::PassFail {
            forms.push(("logprob", Form::Logprob));
        }
        for (word, form) in forms {
            if form != own && !self.is_out {
                let text = with_key(&present.text, "verdict", &json!(word));
                self.try_text("form", format!("form {word}"), &text)?;
            }
        }
        Ok(())
    }

    /// Rounds of rewriting: each proposal goes on from a judge of the front.
    fn rewrites(&mut self) -> Result<(), Halt> {
        let each = self.order.candidates as usize;
        for round in 0..self.order.rounds as usize {
            if self.is_out {
                break;
            }
            let alive: Vec<&Candidate> = self.alive().collect();
            let at: Vec<Slices> = alive
                .iter()
                .filter_map(|one| one.alive.as_ref())
                .map(|(_, sheet)| slices(&self.only(sheet, &[Part::Dev])))
                .collect();
            let front = front(&at);
            let mut parents = Vec::new();
            for nth in 0..each {
                let place = front.get((round * each + nth) % front.len().max(1));
                let Some((variant, sheet)) = place.and_then(|at| alive[*at].alive.clone()) else {
                    continue;
                };
                let wrong = disagreements(&self.only(&sheet, &[Part::Train]));
                if !wrong.is_empty() {
                    parents.push((nth, variant, wrong));
                }
            }
            if parents.is_empty() {
                self.notes.push(format!(
                    "rewriting ended before round {}: on train the judges it would go on from err nowhere, so that there is nothing to learn from",
                    round + 1
                ));
                break;
            }
            let prompts: Vec<(String, String)> = parents
                .iter()
                .map(|(nth, parent, wrong)| {
                    let name = format!("rewrite {}.{}", round + 1, nth + 1);
                    (
                        name,
                        prompt(&parent.text, parent.manner().0, wrong, nth + 1),
                    )
                })
                .collect();
            let budget = self.left()?;
            let prepared =
                self.variants
                    .put(&self.order.optimizer, &prompts, &budget, self.clock)?;
            let ran = self.run(prepared, 0)?;
            let answers = self.variants.answers(&ran)?;
            for ((name, _), (_, parent, _)) in prompts.into_iter().zip(&parents) {
                match answers.get(&name).map(|reply| proposal(reply)) {
                    None => self.put(
                        "rewrite",
                        name,
                        Err("the optimiser gave no answer".to_owned()),
                    ),
                    Some(Err(why)) => self.put("rewrite", name, Err(why)),
                    Some(Ok((body, question))) => {
                        let mut text = with_body(&parent.text, &body);
                        if let Some(question) = question {
                            text = with_key(&text, "question", &json!(question));
                        }
                        if !self.is_out {
                            self.try_text("rewrite", name, &text)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Examples and a threshold for the best so far.
    fn refine(&mut self) -> Result<(), Halt> {
        if let (Some(parts), Some((best, sheet)), false) =
            (self.parts.clone(), self.best(), self.is_out)
        {
            let (examples, leaking) = self.examples(&parts, &sheet);
            if leaking > 0 {
                self.notes.push(format!(
                    "{leaking} train items are no examples: dev or test holds the same output, or nearly"
                ));
            }
            if !examples.is_empty() {
                let text = with_key(&best.text, "examples", &json!(examples));
                self.try_text("examples", format!("examples {}", examples.len()), &text)?;
            }
        }
        if let Some((best, sheet)) = self.best()
            && let Some(fitted) = threshold(&sheet)
        {
            let text = with_key(&best.text, "pass", &json!(format!(">= {fitted}")));
            // It asks as before: what it would say follows from what was stated.
            let found = match self.variants.variant(&text) {
                Err(why) => Err(format!("it cannot be read: {why}")),
                Ok(variant) => match self.same(&variant) {
                    Some(same) => Err(format!("it is the same judge as `{same}`")),
                    None => Ok((variant, at_threshold(&sheet, fitted))),
                },
            };
            self.put("threshold", format!("threshold {fitted}"), found);
        }
        Ok(())
    }

    /// Examples from train, and how many were left out.
    fn examples(&self, parts: &Parts, sheet: &Sheet) -> (Vec<serde_json::Value>, usize) {
        let train = parts.only(sheet, &[Part::Train]);
        let wrong: BTreeSet<String> = differing(&train).into_iter().map(|one| one.item).collect();
        let mut known = Vec::new();
        for (item, said) in said(&train) {
            // A mean of grades is none of the grades.
            let Some(texts) = self
                .variants
                .texts(&item.id)
                .filter(|_| !said.contains('.'))
            else {
                continue;
            };
            known.push(Known {
                texts,
                verdict: said,
                critique: item.words.critiques.first().cloned(),
                is_wrong: wrong.contains(&item.id),
            });
        }
        let held = parts.only(sheet, &[Part::Dev, Part::Test]);
        let held: Vec<_> = held
            .items
            .iter()
            .filter_map(|item| self.variants.texts(&item.id))
            .collect();
        examples::choose(&known, &held)
    }

    /// Writes the new judge beside the present one, never over a file.
    fn write(&self, old: &Variant, new: &Variant, tuning: &mut Tuning) -> Result<(), JobError> {
        let named = self.variants.named();
        let is_file = named.contains(['/', '\\', '.']);
        let beside = match is_file {
            true => PathBuf::from(named),
            false => PathBuf::from(format!("{named}.md")),
        };
        let stem = beside
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        for nth in 1..=MOST_FILES {
            let name = match nth {
                1 => format!("{stem}.tuned.md"),
                _ => format!("{stem}.tuned-{nth}.md"),
            };
            let named_new = beside.with_file_name(name);
            let folder = self.variants.folder();
            let path = match folder == Path::new(".") {
                true => named_new.clone(),
                false => folder.join(&named_new),
            };
            match std::fs::read_to_string(&path) {
                // The same was found before.
                Ok(text) if text == new.text => {}
                Ok(_) => continue,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    durable::write_new(&path, new.text.as_bytes()).map_err(|error| {
                        JobError::Store(format!("cannot write {}: {error}", path.display()))
                    })?;
                }
                Err(_) => continue,
            }
            let new_name = named_new.display().to_string();
            tuning.diff = Some(unified((named, &old.text), (&new_name, &new.text)));
            tuning.written = Some(path.display().to_string());
            tuning.advice.push(format!(
                "read the diff; to use it, name `{new_name}` in the suite, then let `evenhand judge calibrate` write its certificate: that is no further look"
            ));
            return Ok(());
        }
        Err(JobError::Store(format!(
            "there are {MOST_FILES} tuned judges beside `{named}` already; remove some"
        )))
    }
}

impl Candidate {
    fn text(&self) -> &str {
        self.alive.as_ref().map_or("", |(variant, _)| &variant.text)
    }
}

fn ids(sheet: &Sheet) -> BTreeSet<String> {
    sheet.items.iter().map(|item| item.id.clone()).collect()
}

/// Where judge and people say different things, in the order of the labels.
fn disagreements(sheet: &Sheet) -> Vec<Disagreement> {
    differing(sheet)
        .into_iter()
        .map(|one| Disagreement {
            input: one.words.input,
            output: one.words.output,
            people: one.people,
            critiques: one.words.critiques,
            judge: one.judge,
            reason: one.words.reason,
        })
        .collect()
}
