//! A suite's judge tuned: asked in other forms, with examples, and as an optimiser rewrites it; chosen on dev, told on test.
//!
//! The optimiser sees disagreements of the train part alone. Candidates are asked about train and dev, and only the chosen one and the
//! present judge about test, once; the ledger's line is on the disk before a figure of that is computed.

use std::path::PathBuf;

use super::look::{Looks, Wanted, used};
use super::purse::Purse;
use super::session::{Candidate, Halt, Session, ids};
use super::told::TuneHost;
use super::{Before, nothing_better, too_few, too_few_units};
use crate::analysis::calibration::{Reference, Sheet, agreement_name};
use crate::analysis::figure::Chance;
use crate::analysis::split::Part;
use crate::analysis::tuning::{
    Gap, Outcome, Parts, Scored, Tried, Tuning, choose, concluded, cross_validate, hold_out,
    labelled,
};
use crate::domain::port::Clock;
use crate::jobs::calibrate::{Asking, Order, Variant, Variants};
use crate::jobs::report::threads;
use crate::jobs::run::CassetteChoice;
use crate::jobs::{JobError, Selection};

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

/// Tunes a judge. The host runs what was prepared, and is told how it goes.
///
/// # Errors
/// Those of a calibration; [`JobError::NotEvaluated`] where the present judge, or the chosen one on test, has too few verdicts.
pub fn tune_judge(
    order: &TuneOrder,
    clock: &dyn Clock,
    host: &mut dyn TuneHost,
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
        host,
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
                self.stage(format!(
                    "{chosen_name} and the present judge, on {} items of test",
                    test.len()
                ));
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
        tuning.spent = Some(self.cost());
        Ok((tuning, is_counted))
    }
}
