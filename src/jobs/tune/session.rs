//! A tuning under way: what was tried so far, and how more is asked within the budget. What is tried, and in which order, is `search`'s.

use std::collections::BTreeSet;

use super::live::TuneOrder;
use super::purse::Purse;
use super::told::{TuneHost, TuneStep, TuneTried};
use crate::analysis::calibration::{Sheet, agreement_figure};
use crate::analysis::figure::Chance;
use crate::analysis::findings::Figure;
use crate::analysis::split::Part;
use crate::analysis::tuning::{Cost, Optimistic, Parts, Scored, Tried, choose, labelled, score};
use crate::domain::port::Clock;
use crate::domain::suite::Budget;
use crate::jobs::JobError;
use crate::jobs::calibrate::{Variant, Variants, spent};
use crate::jobs::report::threads;
use crate::jobs::run::{Prepared, Ran};

/// Why a tuning goes no further.
pub(super) enum Halt {
    Error(JobError),
    Asked(u8),
}

impl From<JobError> for Halt {
    fn from(error: JobError) -> Self {
        Self::Error(error)
    }
}

/// Something that was tried.
pub(super) struct Candidate {
    pub(super) tried: Tried,
    /// What it is, and its verdicts on train and dev; `None`: it came to nothing.
    pub(super) alive: Option<(Variant, Sheet)>,
}

/// A tuning under way.
pub(super) struct Session<'a> {
    pub(super) order: &'a TuneOrder,
    pub(super) variants: Variants,
    pub(super) host: &'a mut dyn TuneHost,
    pub(super) clock: &'a dyn Clock,
    pub(super) purse: Purse,
    pub(super) parts: Option<Parts>,
    /// All labelled items, nothing said yet.
    pub(super) base: Sheet,
    pub(super) candidates: Vec<Candidate>,
    pub(super) notes: Vec<String>,
    /// The search was ended by the budget.
    pub(super) is_out: bool,
}

impl Session<'_> {
    pub(super) fn alive(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().filter(|one| one.alive.is_some())
    }

    /// A sheet's items of some parts; all of them where labels are not parted.
    pub(super) fn only(&self, sheet: &Sheet, part: &[Part]) -> Sheet {
        match &self.parts {
            Some(parts) => parts.only(sheet, part),
            None => sheet.clone(),
        }
    }

    pub(super) fn dev_score(&self, candidate: &Candidate) -> Scored {
        let sheet = candidate.alive.as_ref().map(|(_, sheet)| sheet);
        sheet.map_or_else(Scored::default, |sheet| {
            score(&self.only(sheet, &[Part::Dev]))
        })
    }

    /// The items that candidates are asked about.
    pub(super) fn seen(&self) -> BTreeSet<String> {
        ids(&self.only(&self.base, &[Part::Train, Part::Dev]))
    }

    /// Asks a variant about items on which it said nothing yet.
    pub(super) fn ask(
        &mut self,
        variant: &mut Variant,
        items: &BTreeSet<String>,
    ) -> Result<(), Halt> {
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

    pub(super) fn left(&self) -> Result<Budget, JobError> {
        self.purse.left(self.clock.unix_ms()).ok_or_else(|| {
            JobError::NotEvaluated(
                "the suite's budget is spent before the judge could be held against the test part; raise it in `limits`: what was judged is kept and not asked again".to_owned(),
            )
        })
    }

    pub(super) fn run(&mut self, prepared: Prepared, outputs: usize) -> Result<Ran, Halt> {
        let ran = self.host.run(prepared)?;
        self.purse.add(&spent(&ran.run)?, outputs);
        match ran.ending.as_ref().and_then(|ending| ending.interrupted) {
            Some(asked) => Err(Halt::Asked(asked.exit_code())),
            None => Ok(ran),
        }
    }

    /// Whether a variant has verdicts on nearly all of these items.
    pub(super) fn enough(
        &self,
        variant: &Variant,
        items: &BTreeSet<String>,
    ) -> Result<(), JobError> {
        match self.lacking(variant, items) {
            None => Ok(()),
            Some(why) => Err(JobError::NotEvaluated(format!(
                "{why}; what was judged is kept: the same command again asks only for the rest"
            ))),
        }
    }

    pub(super) fn lacking(&self, variant: &Variant, items: &BTreeSet<String>) -> Option<String> {
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

    /// Keeps what came of a candidate that was begun when so much was spent, and tells of it.
    pub(super) fn put(
        &mut self,
        origin: &'static str,
        name: String,
        found: Result<(Variant, Sheet), String>,
        before: Cost,
    ) {
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
        let dev = candidate.alive.as_ref();
        let step = TuneTried {
            tried: candidate.tried.clone(),
            agreement: dev.map(|(_, sheet)| self.dev_figure(sheet)),
            cost: self.since(before),
        };
        self.host.tell(&TuneStep::Tried(Box::new(step)));
        self.candidates.push(candidate);
    }

    /// What a candidate reaches where it is chosen, with its interval.
    fn dev_figure(&self, sheet: &Sheet) -> (String, Figure) {
        let chance = Chance {
            seed: self.variants.chance_seed(),
            threads: threads(),
        };
        let (name, figure) = agreement_figure(&self.only(sheet, &[Part::Dev]), &chance);
        (name.to_owned(), figure)
    }

    /// What was spent so far.
    pub(super) fn cost(&self) -> Cost {
        Cost {
            calls: self.purse.spent.calls,
            usd: self.purse.spent.usd,
        }
    }

    /// What was spent since it was so much.
    pub(super) fn since(&self, before: Cost) -> Cost {
        let now = self.cost();
        Cost {
            calls: now.calls.saturating_sub(before.calls),
            usd: now.usd - before.usd,
        }
    }

    /// Tells that a stage begins.
    pub(super) fn stage(&mut self, words: String) {
        self.host.tell(&TuneStep::Stage(words));
    }

    /// Tries a text: reads it, asks about train and dev, and keeps what came of it.
    pub(super) fn try_text(
        &mut self,
        origin: &'static str,
        name: String,
        text: &str,
    ) -> Result<(), Halt> {
        let items = self.seen();
        let before = self.cost();
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
                let why = format!("it cannot be read: {why}");
                self.put(origin, name, Err(why), before);
                return Ok(());
            }
        };
        if let Some(same) = self.same(&variant) {
            let why = format!("it is the same judge as `{same}`");
            self.put(origin, name, Err(why), before);
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
        self.put(origin, name, found, before);
        Ok(())
    }

    pub(super) fn same(&self, variant: &Variant) -> Option<String> {
        let known = self.alive().find(|one| {
            let other = one.alive.as_ref().map(|(other, _)| other.identity());
            other == Some(variant.identity())
        });
        known.map(|one| one.tried.name.clone())
    }

    pub(super) fn present(&self) -> Option<(Variant, Sheet)> {
        self.candidates.first().and_then(|one| one.alive.clone())
    }

    /// The candidate with the highest figure on dev so far.
    pub(super) fn best(&self) -> Option<(Variant, Sheet)> {
        let alive: Vec<&Candidate> = self.alive().collect();
        let figures: Vec<_> = alive
            .iter()
            .map(|one| (self.dev_score(one).agreement, one.text().len()))
            .collect();
        alive
            .get(choose(&figures, 0))
            .and_then(|one| one.alive.clone())
    }
}

impl Candidate {
    pub(super) fn text(&self) -> &str {
        self.alive.as_ref().map_or("", |(variant, _)| &variant.text)
    }
}

/// The items' names.
pub(super) fn ids(sheet: &Sheet) -> BTreeSet<String> {
    sheet.items.iter().map(|item| item.id.clone()).collect()
}
