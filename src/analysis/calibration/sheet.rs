//! What a calibration looks at: items with people's labels and the judge's verdicts, on one scale.

use std::collections::BTreeMap;

use crate::stats::{BothOrders, Units, majority};

/// What labels and verdicts say about an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Scale {
    /// 0: fail, 1: pass.
    PassFail,
    /// The number of one of these classes, from 0.
    Classes(Vec<String>),
    /// 0: the first output is better, 1: the second, 2: a tie.
    Preference,
    /// Whole grades from `low` to `high`, both declared; a mean of several may lie between.
    Grades {
        /// Lowest grade.
        low: i64,
        /// Highest grade.
        high: i64,
    },
    /// Any number.
    Number,
}

/// The place of a tie among the classes of a preference.
pub const TIE: usize = 2;

impl Scale {
    /// How many classes a value is one of; `None` for numbers.
    #[must_use]
    pub fn classes(&self) -> Option<usize> {
        match self {
            Self::PassFail => Some(2),
            Self::Classes(names) => Some(names.len()),
            Self::Preference => Some(3),
            Self::Grades { .. } | Self::Number => None,
        }
    }

    /// A value as people read it: `pass`, a class, a grade.
    #[must_use]
    pub fn words(&self, value: f64) -> String {
        let named = |names: &[&str]| names.get(value as usize).map(|name| (*name).to_owned());
        let words = match self {
            Self::PassFail => named(&["fail", "pass"]),
            Self::Preference => named(&["a", "b", "tie"]),
            Self::Classes(names) => names.get(value as usize).cloned(),
            Self::Grades { .. } | Self::Number => None,
        };
        // Means of grades are shown to two decimals, whole grades without any.
        words.unwrap_or_else(|| {
            let text = format!("{value:.2}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        })
    }

    /// The scale as a report names it: `pass/fail`, `1..5`, the classes.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::PassFail => "pass/fail".to_owned(),
            Self::Preference => "preference a/b/tie".to_owned(),
            Self::Classes(names) => names.join("/"),
            Self::Grades { low, high } => format!("{low}..{high}"),
            Self::Number => "number".to_owned(),
        }
    }
}

/// What stands for people where several labelled an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// The most frequent label; an item whose labels tie has none.
    Majority,
    /// Their mean: for grades and numbers.
    Mean,
}

/// The judge's answer about an item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// A value on the scale.
    Read(f64),
    /// It answered, and its verdict could not be read; or it refused, or had no majority.
    Unreadable,
    /// It was not asked, or could not be reached.
    Absent,
}

/// One output that people labelled, or the judge read, or both.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its name.
    pub id: String,
    /// Items that share it are not independent.
    pub cluster: Option<String>,
    /// The target whose output it is, where known.
    pub target: Option<String>,
    /// One label an annotator, in the sheet's order; `None`: not labelled.
    pub labels: Vec<Option<f64>>,
    /// What the judge said.
    pub verdict: Verdict,
    /// P(pass) as the judge stated it, for a judge read by its log-probabilities.
    pub stated: Option<f64>,
    /// A pairwise judge's verdicts in both orders.
    pub orders: Option<BothOrders>,
    /// With which probability it was drawn for labelling; `None`: unknown, or all alike.
    pub probability: Option<f64>,
    /// Texts, to be shown with a disagreement.
    pub words: Words,
}

/// The texts of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// What was asked.
    pub input: Option<String>,
    /// The output that was judged; for a pair both.
    pub output: Option<String>,
    /// The judge's reasons.
    pub reason: Option<String>,
    /// People's reasons, one an annotator who gave some.
    pub critiques: Vec<String>,
}

impl Item {
    /// An item with a verdict and labels, alone in its cluster.
    #[must_use]
    pub fn new(id: impl Into<String>, labels: Vec<Option<f64>>, verdict: Verdict) -> Self {
        Self {
            id: id.into(),
            cluster: None,
            target: None,
            labels,
            verdict,
            stated: None,
            orders: None,
            probability: None,
            words: Words::default(),
        }
    }
}

/// All that is known before anything is computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// What values mean.
    pub scale: Scale,
    /// What stands for people.
    pub of: Reference,
    /// The annotators' names: the columns of [`Item::labels`].
    pub annotators: Vec<String>,
    /// The items, in the labels' order.
    pub items: Vec<Item>,
    /// For classes: the one that counts as success in rates.
    pub positive: Option<usize>,
}

/// An item's reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::analysis) enum People {
    /// The value that stands for people.
    Say(f64),
    /// Their labels tie.
    Tie,
    /// Nobody labelled it.
    Nobody,
}

impl Sheet {
    /// What people say of an item.
    pub(in crate::analysis) fn people(&self, item: &Item) -> People {
        let labels: Vec<f64> = item.labels.iter().copied().flatten().collect();
        if labels.is_empty() {
            return People::Nobody;
        }
        match self.reference() {
            Reference::Mean => People::Say(labels.iter().sum::<f64>() / labels.len() as f64),
            Reference::Majority => {
                // Labels that are no class numbers (free numbers) are told apart by their place among those given.
                let mut known = labels.clone();
                known.sort_unstable_by(f64::total_cmp);
                known.dedup();
                let place = |label: &f64| {
                    known
                        .iter()
                        .position(|value| value == label)
                        .map_or(0, |at| at as u32)
                };
                match majority(labels.iter().map(place)) {
                    Some(at) => People::Say(known[at as usize]),
                    None => People::Tie,
                }
            }
        }
    }

    /// What stands for people: classes have no mean.
    pub(super) fn reference(&self) -> Reference {
        match self.scale {
            Scale::Grades { .. } | Scale::Number => self.of,
            Scale::PassFail | Scale::Classes(_) | Scale::Preference => Reference::Majority,
        }
    }

    /// The top unit of each item: its cluster, else itself.
    pub(in crate::analysis) fn groups(&self) -> Option<Vec<u32>> {
        if self.items.iter().all(|item| item.cluster.is_none()) {
            return None;
        }
        let mut known: BTreeMap<&str, u32> = BTreeMap::new();
        let mut next = 0;
        let groups = self.items.iter().map(|item| {
            let fresh = next;
            let group = match item.cluster.as_deref() {
                Some(name) => *known.entry(name).or_insert(fresh),
                None => fresh,
            };
            next += u32::from(group == fresh);
            group
        });
        Some(groups.collect())
    }

    /// Items that both people and the judge read.
    pub(super) fn pairs(&self) -> Pairs {
        let groups = self.groups();
        let mut pairs = Pairs {
            groups: groups.as_ref().map(|_| Vec::new()),
            ..Pairs::default()
        };
        for (at, item) in self.items.iter().enumerate() {
            if let (People::Say(human), Verdict::Read(judge)) = (self.people(item), item.verdict) {
                pairs.at.push(at);
                pairs.human.push(human);
                pairs.judge.push(judge);
                if let (Some(all), Some(kept)) = (&groups, &mut pairs.groups) {
                    kept.push(all[at]);
                }
            }
        }
        pairs
    }
}

/// Two columns of equal length, with the items they come from.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Pairs {
    pub(super) at: Vec<usize>,
    pub(super) human: Vec<f64>,
    pub(super) judge: Vec<f64>,
    pub(super) groups: Option<Vec<u32>>,
}

impl Pairs {
    pub(super) fn len(&self) -> usize {
        self.at.len()
    }

    pub(super) fn units(&self) -> Units {
        match &self.groups {
            Some(groups) => Units::of(groups),
            None => Units::singles(self.len()),
        }
    }

    /// Both columns as places on a scale of whole grades from `low`; `None` where a value is none of them.
    pub(super) fn coded(&self, low: f64, classes: usize) -> Option<(Vec<u32>, Vec<u32>)> {
        let code = |column: &[f64]| -> Option<Vec<u32>> {
            column
                .iter()
                .map(|value| place(*value, low, classes))
                .collect()
        };
        Some((code(&self.human)?, code(&self.judge)?))
    }
}

/// A value's place among `classes` from `low` on; `None` where it is none of them.
pub(super) fn place(value: f64, low: f64, classes: usize) -> Option<u32> {
    let at = value - low;
    (at >= 0.0 && at.fract() == 0.0 && at < classes as f64).then_some(at as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(scale: Scale, of: Reference, labels: &[&[f64]]) -> Sheet {
        let annotators = labels.iter().map(|row| row.len()).max().unwrap_or(0);
        Sheet {
            scale,
            of,
            annotators: (0..annotators).map(|at| format!("p{at}")).collect(),
            items: labels
                .iter()
                .enumerate()
                .map(|(at, row)| {
                    let labels = row.iter().map(|value| Some(*value)).collect();
                    Item::new(at.to_string(), labels, Verdict::Read(1.0))
                })
                .collect(),
            positive: None,
        }
    }

    #[test]
    fn classes_have_a_majority_or_a_tie_and_never_a_mean() {
        let sheet = sheet(
            Scale::PassFail,
            Reference::Mean,
            &[&[1.0, 1.0, 0.0], &[1.0, 0.0], &[]],
        );
        let said: Vec<People> = sheet.items.iter().map(|item| sheet.people(item)).collect();
        assert_eq!(said, [People::Say(1.0), People::Tie, People::Nobody]);
    }

    #[test]
    fn grades_have_a_mean_or_a_majority_as_asked() {
        let labels: &[&[f64]] = &[&[1.0, 2.0, 2.0]];
        let grades = Scale::Grades { low: 1, high: 5 };
        let mean = sheet(grades.clone(), Reference::Mean, labels);
        assert_eq!(mean.people(&mean.items[0]), People::Say(5.0 / 3.0));
        let most = sheet(grades, Reference::Majority, labels);
        assert_eq!(most.people(&most.items[0]), People::Say(2.0));
    }

    #[test]
    fn an_item_without_a_cluster_stands_alone() {
        let mut sheet = sheet(Scale::PassFail, Reference::Majority, &[&[1.0][..]; 4]);
        assert_eq!(sheet.groups(), None);
        sheet.items[1].cluster = Some("t".into());
        sheet.items[3].cluster = Some("t".into());
        assert_eq!(sheet.groups(), Some(vec![0, 1, 2, 1]));
    }

    #[test]
    fn a_value_off_the_scale_has_no_place() {
        assert_eq!(place(3.0, 1.0, 5), Some(2));
        for value in [0.0, 6.0, 2.5, -1.0] {
            assert_eq!(place(value, 1.0, 5), None, "{value}");
        }
    }
}
