//! The disagreements from which a rubric is mended: where judge and people lie furthest apart, texts and reasons beside them.

use serde::Serialize;

use super::sheet::{Item, People, Scale, Sheet, Verdict};

/// How many are shown.
pub(super) const SHOWN: usize = 10;

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

/// The worst disagreements: the furthest first, then those on which people agree most, then in the labels' order.
pub(super) fn worst(sheet: &Sheet) -> Vec<Disagreement> {
    let mut found: Vec<(f64, f64, usize)> = sheet
        .items
        .iter()
        .enumerate()
        .filter_map(|(at, item)| {
            let (People::Say(people), Verdict::Read(judge)) = (sheet.people(item), item.verdict)
            else {
                return None;
            };
            let distance = match sheet.scale {
                Scale::Grades { .. } | Scale::Number => (people - judge).abs(),
                _ => f64::from(u8::from(people != judge)),
            };
            (distance > 0.0).then(|| (distance, spread(item, people), at))
        })
        .collect();
    found.sort_by(|one, other| {
        other
            .0
            .total_cmp(&one.0)
            .then(one.1.total_cmp(&other.1))
            .then(one.2.cmp(&other.2))
    });
    let shown = found.into_iter().take(SHOWN);
    shown
        .map(|(_, _, at)| told(sheet, &sheet.items[at]))
        .collect()
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
        Verdict::Unreadable | Verdict::Absent => String::new(),
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
            ],
            positive: None,
        };
        let found = worst(&sheet);
        let ids: Vec<&str> = found.iter().map(|one| one.item.as_str()).collect();
        assert_eq!(ids, ["far", "sure", "torn"]);
        assert_eq!((found[2].people.as_str(), found[2].labels.len()), ("2", 2));
    }
}
