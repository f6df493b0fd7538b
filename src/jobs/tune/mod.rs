//! `judge tune`: another judge beside the present one, chosen on a part of the labels and held against another part.
//!
//! By verdicts that were recorded elsewhere (`recorded`): each recorded judge is a candidate. Or by asking a suite's judge in other
//! forms, with examples, and as an optimiser model rewrites it (`live`). What is chosen where is
//! [`crate::analysis::tuning`]'s; here stand the files, the ledger of looks and the order in which things happen.

mod diff;
mod examples;
mod live;
mod look;
mod purse;
mod recorded;
mod rewrite;
mod search;
mod session;
mod told;
mod written;

pub use live::{TuneOrder, Tuned, tune_judge};
pub use recorded::{TuneFiles, tune_files};
pub use told::{TuneHost, TuneStep, TuneTried};

use crate::analysis::calibration::Sheet;
use crate::analysis::split::{LEAST, Part};
use crate::analysis::tuning::{
    CrossValidated, Labels, Outcome, Parts, SCHEMA_VERSION, Scored, Tried, Tuning, classes,
};

/// The smallest number of independent units of a part that can say anything.
const FEWEST_UNITS: usize = 2;

/// What is known of a tuning before anything is chosen.
struct Before<'a> {
    /// The present judge on all labelled items.
    base: &'a Sheet,
    /// Its name.
    present: String,
    agreement: String,
    seed: u64,
    /// The labels' digest.
    digest: String,
    parts: Option<&'a Parts>,
}

impl Before<'_> {
    /// The result as it stands when nothing better was found yet.
    fn tuning(&self, candidates: Vec<Tried>) -> Tuning {
        use crate::analysis::calibration::Scale;
        let mut labels = Labels {
            labelled: self.base.items.len() as u64,
            digest: self.digest.clone(),
            ..Labels::default()
        };
        match self.parts {
            None => {
                labels.parts.insert("all", classes(self.base));
            }
            Some(parts) => {
                for part in [Part::Train, Part::Dev, Part::Test] {
                    let only = parts.only(self.base, &[part]);
                    labels.parts.insert(part.name(), classes(&only));
                }
            }
        }
        Tuning {
            schema_version: SCHEMA_VERSION,
            outcome: Outcome::NotShownBetter,
            rule: String::new(),
            present: self.present.clone(),
            chosen: self.present.clone(),
            scale: self.base.scale.name(),
            is_number: matches!(self.base.scale, Scale::Grades { .. } | Scale::Number),
            agreement: self.agreement.clone(),
            seed: self.seed,
            labels,
            candidates,
            held_out: None,
            gap: None,
            cross_validated: None,
            spent: None,
            written: None,
            diff: None,
            warnings: Vec::new(),
            advice: Vec::new(),
        }
    }
}

/// Ends a tuning on labels that are too few to be parted.
fn too_few(tuning: &mut Tuning, chosen: String, found: CrossValidated) {
    tuning.outcome = Outcome::TooFewLabels;
    tuning.rule = format!(
        "{} labels, and fewer than {LEAST} are not parted: what was chosen on them is not held against others",
        tuning.labels.labelled
    );
    tuning.chosen = chosen;
    tuning.cross_validated = Some(found);
    tuning.advice.push(format!(
        "label about {} more, drawn at random: at 100 labels about 50 are left to say whether a judge got better",
        100_u64.saturating_sub(tuning.labels.labelled).max(1)
    ));
}

/// Ends a tuning in which no candidate agrees better than the present judge where they were chosen.
fn nothing_better(tuning: &mut Tuning, dev: &Scored) {
    let reached = match dev.agreement {
        Some(figure) => format!(" ({} {figure:.2})", tuning.agreement.replace('_', " ")),
        None => String::new(),
    };
    tuning.rule = format!(
        "on dev no candidate agrees better with people than the present judge does{reached}: the test part was not looked at"
    );
}

/// Why a part cannot say anything, if one cannot: too few independent units in it.
fn too_few_units(base: &Sheet, parts: &Parts) -> Option<String> {
    [Part::Dev, Part::Test].into_iter().find_map(|part| {
        let only = parts.only(base, &[part]);
        let mut units: Vec<&str> = only
            .items
            .iter()
            .map(|item| item.cluster.as_deref().unwrap_or(&item.id))
            .collect();
        units.sort_unstable();
        units.dedup();
        (units.len() < FEWEST_UNITS).then(|| {
            format!(
                "{} of the labels' clusters fall into {}: clusters are never parted, and so few of them say nothing",
                units.len(),
                part.name()
            )
        })
    })
}
