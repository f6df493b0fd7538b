//! The disagreements from which a rubric is mended: where judge and people lie furthest apart, texts and reasons beside them.

use serde::Serialize;

use super::sheet::{Item, People, Scale, Sheet, Verdict};

/// How many are shown.
const SHOWN: usize = 10;
/// How many are listed with their texts, where there is room for a list.
const MOST_LISTED: usize = 200;

/// An item on which judge and people disagree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Disagreement {
    /// Its name.
    pub item: String,
    /// What people say.
    pub people: String,
    /// Their single labels, where several gave one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// What the judge says.
    pub judge: String,
    /// The input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The judge's reasons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// People's reasons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub critiques: Vec<String>,
}

/// The disagreements from the furthest on, with what kind each is; unreadable verdicts at their end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listed {
    /// Their kind in words, such as `labelled pass, judge fail`, and the disagreement.
    pub items: Vec<(String, Disagreement)>,
    /// How many there are in all.
    pub total: u64,
}

impl Listed {
    /// The worst disagreements that were read.
    pub(super) fn worst(&self) -> Vec<Disagreement> {
        let read = self.items.iter().filter(|one| one.0 != UNREADABLE);
        read.take(SHOWN).map(|one| one.1.clone()).collect()
    }
}

/// The kind of what nobody can read.
const UNREADABLE: &str = "verdict unreadable";

/// The furthest first, then those on which people agree most, then in the labels' order.
pub(super) fn listed(sheet: &Sheet) -> Listed {
    let is_number = matches!(sheet.scale, Scale::Grades { .. } | Scale::Number);
    let mut found: Vec<(f64, f64, usize, String)> = Vec::new();
    let mut unread = Vec::new();
    for (at, item) in sheet.items.iter().enumerate() {
        let People::Say(people) = sheet.people(item) else {
            continue;
        };
        let judge = match item.verdict {
            Verdict::Read(judge) => judge,
            Verdict::Unreadable => {
                unread.push(at);
                continue;
            }
            Verdict::Absent => continue,
        };
        let distance = match is_number {
            true => (people - judge).abs(),
            false => f64::from(u8::from(people != judge)),
        };
        let kind = match is_number {
            true if judge > people => "judge above people".to_owned(),
            true => "judge below people".to_owned(),
            false => {
                let (people, judge) = (sheet.scale.words(people), sheet.scale.words(judge));
                format!("labelled {people}, judge {judge}")
            }
        };
        if distance > 0.0 {
            found.push((distance, spread(item, people), at, kind));
        }
    }
    found.sort_by(|one, other| {
        other
            .0
            .total_cmp(&one.0)
            .then(one.1.total_cmp(&other.1))
            .then(one.2.cmp(&other.2))
    });
    let total = (found.len() + unread.len()) as u64;
    let read = found.into_iter().map(|(_, _, at, kind)| (kind, at));
    let unread = unread.into_iter().map(|at| (UNREADABLE.to_owned(), at));
    let items = read.chain(unread).take(MOST_LISTED);
    Listed {
        items: items
            .map(|(kind, at)| (kind, told(sheet, &sheet.items[at])))
            .collect(),
        total,
    }
}

/// How far people's single labels lie from what stands for them.
fn spread(item: &Item, people: f64) -> f64 {
    let labels: Vec<f64> = item.labels.iter().copied().flatten().collect();
    let apart: f64 = labels
        .iter()
        .map(|label| (label - people).abs().min(1.0))
        .sum();
    apart / labels.len().max(1) as f64
}

fn told(sheet: &Sheet, item: &Item) -> Disagreement {
    let labels: Vec<String> = item
        .labels
        .iter()
        .flatten()
        .map(|label| sheet.scale.words(*label))
        .collect();
    let people = match sheet.people(item) {
        People::Say(value) => sheet.scale.words(value),
        People::Tie | People::Nobody => String::new(),
    };
    let judge = match item.verdict {
        Verdict::Read(value) => sheet.scale.words(value),
        Verdict::Unreadable => "unreadable".to_owned(),
        Verdict::Absent => String::new(),
    };
    Disagreement {
        item: item.id.clone(),
        people,
        labels: if labels.len() > 1 { labels } else { Vec::new() },
        judge,
        input: item.words.input.clone(),
        output: item.words.output.clone(),
        reason: item.words.reason.clone(),
        critiques: item.words.critiques.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::Reference;
    use super::*;

    #[test]
    fn the_furthest_come_first_and_agreement_is_left_out() {
        let item = |id: &str, labels: &[f64], judge: f64| {
            Item::new(
                id,
                labels.iter().copied().map(Some).collect(),
                Verdict::Read(judge),
            )
        };
        let sheet = Sheet {
            scale: Scale::Grades { low: 1, high: 5 },
            of: Reference::Mean,
            annotators: vec!["p".into(), "q".into()],
            items: vec![
                item("agrees", &[3.0, 3.0], 3.0),
                item("torn", &[1.0, 3.0], 5.0),
                item("sure", &[2.0, 2.0], 5.0),
                item("far", &[1.0, 1.0], 5.0),
                Item::new("unread", vec![Some(1.0), None], Verdict::Unreadable),
                Item::new("unasked", vec![Some(1.0), None], Verdict::Absent),
            ],
            positive: None,
        };
        let listed = listed(&sheet);
        let found = listed.worst();
        let ids: Vec<&str> = found.iter().map(|one| one.item.as_str()).collect();
        assert_eq!(ids, ["far", "sure", "torn"]);
        assert_eq!((found[2].people.as_str(), found[2].labels.len()), ("2", 2));
        assert_eq!(listed.total, 4);
        let (kind, last) = &listed.items[3];
        assert_eq!(
            (kind.as_str(), last.judge.as_str()),
            (UNREADABLE, "unreadable")
        );
        assert_eq!(listed.items[0].0, "judge above people");
    }
}
