//! A judge whose verdicts are listed otherwise for some of the outputs. A column of the case says for which: so the question is asked within
//! the audit's own run, paced and paid as all others, and can be told from them when verdicts are known from earlier.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::material::{Item, Role};
use crate::analysis::audit::Probe;
use crate::domain::case::Case;
use crate::domain::digest::Digest;
use crate::domain::fault::Fault;
use crate::domain::instrument::{Instrument, LabelScale, Listing};
use crate::domain::port::{Question, Reply, Scorer, Seen};
use crate::domain::score::{Measure, Score};
use crate::domain::template::Template;

/// The column that says how the verdicts are listed.
const COLUMN: &str = "evenhand_listing";

/// The listings that are tried, with their probes.
const TRIED: [(Probe, Listing); 2] = [
    (Probe::Order, Listing::Reversed),
    (Probe::Letters, Listing::Relettered),
];

fn name(how: Listing) -> &'static str {
    match how {
        Listing::Reversed => Probe::Order.name(),
        Listing::Relettered => Probe::Letters.name(),
    }
}

/// The listings that some probes try, and why the judge lacks the others.
#[derive(Debug, Default)]
pub(super) struct Listings {
    others: BTreeMap<Listing, Arc<dyn Scorer>>,
    pub(super) lacking: BTreeMap<Listing, String>,
}

impl Listings {
    /// Those that these probes want of a judge.
    pub(super) fn of(judge: &dyn Scorer, probes: &[Probe]) -> Self {
        let mut found = Self::default();
        for (_, how) in TRIED.iter().filter(|(probe, _)| probes.contains(probe)) {
            match judge.listed(*how) {
                Ok(other) => {
                    found.others.insert(*how, other);
                }
                Err(why) => {
                    found.lacking.insert(*how, why);
                }
            }
        }
        found
    }

    /// There is none to try.
    pub(super) fn is_empty(&self) -> bool {
        self.others.is_empty()
    }

    /// Adds each of these outputs that is asked about twice once more for every listing.
    pub(super) fn add_to(&self, items: &mut Vec<Item>) {
        let mut more = Vec::new();
        for item in items.iter_mut() {
            item.one.case.columns.remove(COLUMN);
        }
        for how in self.others.keys() {
            for (at, item) in items.iter().enumerate().filter(|(_, item)| item.again) {
                let mut one = item.one.clone();
                let id = format!("{} {}", one.case.id, name(*how));
                one.case
                    .columns
                    .insert(COLUMN.to_owned(), json!(name(*how)));
                one.transcript.case.clone_from(&id);
                one.case.id = id;
                more.push(Item {
                    role: Role::Listed(at, *how),
                    one,
                    again: false,
                });
            }
        }
        items.extend(more);
    }

    /// The judge that heeds the column.
    pub(super) fn marked(self, plain: Arc<dyn Scorer>) -> Arc<dyn Scorer> {
        Arc::new(Marked {
            plain,
            others: self.others,
        })
    }
}

/// The verdicts that a judge of this scale is offered, in the order in which they are listed, with their values as an audit has them.
pub(super) fn offered(scale: &LabelScale) -> Vec<(String, f64)> {
    let named = |names: &[&str], values: &[f64]| {
        let names = names.iter().map(|name| (*name).to_owned());
        names.zip(values.iter().copied()).collect()
    };
    match scale {
        LabelScale::PassFail { .. } => named(&["pass", "fail"], &[1.0, 0.0]),
        LabelScale::Preference { .. } => named(&["a", "b", "tie"], &[0.0, 1.0, 2.0]),
        LabelScale::Grades { low, high, .. } => (*low..=*high)
            .map(|grade| (grade.to_string(), grade as f64))
            .collect(),
        LabelScale::Classes { names, .. } => {
            let all = names.iter().enumerate();
            all.map(|(at, name)| (name.clone(), at as f64)).collect()
        }
    }
}

#[derive(Debug)]
struct Marked {
    plain: Arc<dyn Scorer>,
    others: BTreeMap<Listing, Arc<dyn Scorer>>,
}

impl Marked {
    fn of(&self, case: &Case) -> &dyn Scorer {
        let mark = case.columns.get(COLUMN).and_then(Json::as_str);
        let mut others = self.others.iter();
        let other = others.find(|(how, _)| mark == Some(name(**how)));
        other.map_or(self.plain.as_ref(), |(_, other)| other.as_ref())
    }
}

impl Scorer for Marked {
    fn measure(&self) -> Measure {
        self.plain.measure()
    }

    fn more_is_better(&self) -> bool {
        self.plain.more_is_better()
    }

    fn templates(&self) -> Vec<&Template> {
        self.plain.templates()
    }

    fn more_names(&self) -> &'static [&'static str] {
        self.plain.more_names()
    }

    fn needs_expected(&self) -> bool {
        self.plain.needs_expected()
    }

    fn score(&self, id: &str, seen: &Seen) -> Option<Score> {
        self.of(&seen.case).score(id, seen)
    }

    fn votes(&self) -> u32 {
        self.plain.votes()
    }

    fn asks(&self, model: usize) -> u32 {
        self.plain.asks(model)
    }

    fn ask(&self, seen: &Seen) -> Result<Vec<Question>, String> {
        self.of(&seen.case).ask(seen)
    }

    fn read(&self, id: &str, seen: &Seen, replies: &[Result<Reply, Fault>]) -> Score {
        self.of(&seen.case).read(id, seen, replies)
    }

    fn prompt_digest(&self) -> Option<Digest> {
        self.plain.prompt_digest()
    }

    fn instrument(&self) -> Option<Instrument> {
        self.plain.instrument()
    }
}
