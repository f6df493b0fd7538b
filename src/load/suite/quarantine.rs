//! `quarantine`: cases known to be flaky, each with the last day of it and the reason. Without an end a quarantine is a hole in the
//! suite that nobody looks into any more, and without a reason nobody knows when to close it: both are required.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::domain::decode::{Fields, List, Problems, Shape, Text, object};
use crate::domain::suite::Quarantined;
use crate::domain::tree::Node;

/// The list.
pub(super) struct Quarantine;

impl Shape for Quarantine {
    type Output = Vec<Quarantined>;

    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Vec<Quarantined>> {
        let found = List(object(entry)).read(node, problems)?;
        let mut seen = BTreeSet::new();
        for one in &found {
            if !seen.insert(&one.case) {
                let message = format!(
                    "`{}` is in quarantine already; remove one of them",
                    one.case
                );
                problems.note(one.span, message);
            }
        }
        Some(found)
    }

    fn schema(&self) -> Json {
        List(object(entry)).schema()
    }
}

fn entry(fields: &mut Fields<'_>) -> Option<Quarantined> {
    let span = fields.span();
    let case = fields.required("case", "the case's id", Text);
    let until = fields.required(
        "until",
        "the last day of it, as 2027-01-31 (UTC); the day after, the case counts again",
        Day,
    );
    let why = fields.required("why", "why it is flaky, and who looks into it", Reason);
    let (until, ends_ms) = until?;
    Some(Quarantined {
        case: case?,
        until,
        ends_ms,
        why: why?,
        span,
    })
}

/// A day, and the moment at which it ends.
struct Day;

impl Shape for Day {
    type Output = (String, u64);

    fn read(&self, node: &Node, problems: &mut Problems) -> Option<(String, u64)> {
        let text = Text.read(node, problems)?;
        let found = ends_ms(&text);
        if found.is_none() {
            let message = format!("`{text}` is no day; write it as 2027-01-31");
            problems.note(node.span, message);
        }
        found.map(|ends_ms| (text, ends_ms))
    }

    fn schema(&self) -> Json {
        json!({"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"})
    }
}

fn ends_ms(text: &str) -> Option<u64> {
    let is_plain = text.len() == "2027-01-31".len();
    let day: jiff::civil::Date = is_plain.then(|| text.parse().ok()).flatten()?;
    let end = day
        .tomorrow()
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()?;
    u64::try_from(end.timestamp().as_millisecond()).ok()
}

/// A reason: some words on one line.
struct Reason;

impl Shape for Reason {
    type Output = String;

    fn read(&self, node: &Node, problems: &mut Problems) -> Option<String> {
        let text = Text.read(node, problems)?;
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            problems.note(node.span, "say why, in words on one line");
            return None;
        }
        Some(text.trim().to_owned())
    }

    fn schema(&self) -> Json {
        json!({"type": "string", "minLength": 1})
    }
}

#[cfg(test)]
mod tests {
    use crate::load::suite::Layers;
    use crate::load::testing::Folder;

    fn read(quarantine: &str) -> Result<Vec<crate::domain::suite::Quarantined>, Vec<String>> {
        let suite = format!(
            "version: 1\nsuite: s\ndataset: {{path: c.jsonl}}\ntargets: [{{id: a, kind: scripted}}]\n{quarantine}"
        );
        let folder = Folder::new(&[("suite.yaml", &suite)]);
        let loaded = folder.suite(&Layers::default())?;
        Ok(loaded.suite.quarantine)
    }

    #[test]
    fn a_quarantine_holds_to_the_end_of_its_day() {
        let list =
            read("quarantine:\n  - {case: 17, until: 2027-01-31, why: ' flaky tool '}\n").unwrap();
        let one = &list[0];
        assert_eq!((one.case.as_str(), one.why.as_str()), ("17", "flaky tool"));
        // 2027-02-01 begins.
        assert_eq!(one.ends_ms, 1_801_440_000_000);
        assert!(one.holds(1_801_439_999_999) && !one.holds(1_801_440_000_000));
        assert!(read("quarantine: []\n").unwrap().is_empty());
    }

    #[test]
    fn an_end_and_a_reason_are_required_and_must_be_some() {
        for (entry, wanted) in [
            ("{case: a, until: 2027-01-31}", "`why`"),
            ("{case: a, why: x}", "`until`"),
            ("{case: a, until: soon, why: x}", "`soon` is no day"),
            ("{case: a, until: 2027-02-30, why: x}", "is no day"),
            ("{case: a, until: 2027-01-31T00:00, why: x}", "is no day"),
            ("{case: a, until: 2027-01-31, why: '  '}", "say why"),
            (
                "{case: a, unitl: 2027-01-31, why: x}",
                "did you mean `until`",
            ),
            (
                "{case: a, until: 2027-01-31, why: x}, {case: a, until: 2027-01-31, why: y}",
                "`a` is in quarantine already",
            ),
        ] {
            let said = read(&format!("quarantine: [{entry}]\n")).unwrap_err();
            assert!(
                said.iter()
                    .any(|line| line.contains(wanted) && line.contains(":5:")),
                "{entry}: {said:?}"
            );
        }
    }
}
