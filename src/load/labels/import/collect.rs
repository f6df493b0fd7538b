//! Gathers what the records of a foreign file say, by field; in the end one field's values become labels.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::domain::decode::{Problem, unknown};
use crate::domain::label::{Label, Preference, Said, Subject, Texts};
use crate::load::labels::rows::{Found, at};

use super::settle::{Value, settle};
use super::{Imported, Options, Record};

/// How the data of a record calls its texts, the first that is there.
const INPUT: &[&str] = &["input", "prompt", "question"];
const OUTPUT: &[&str] = &["output", "response", "text"];
const CONTEXT: &[&str] = &["context", "documents"];
const EXPECTED: &[&str] = &["expected", "reference"];
const OUTPUT_A: &[&str] = &["output_a", "response_a"];
const OUTPUT_B: &[&str] = &["output_b", "response_b"];
/// How the data calls the probability of the draw.
pub(super) const DRAW_PROBABILITY: &str = "draw_probability";

/// A value under a field's name, with all the rest of its label.
struct Draft {
    field: String,
    value: Value,
    label: Label,
    /// What the tool calls the output, whatever the data says.
    own: Option<String>,
}

/// What was gathered so far.
pub(super) struct Collect<'a> {
    named: &'a str,
    stem: Option<&'a str>,
    annotator: Option<&'a str>,
    /// The line of the record that is being read.
    pub(super) line: u64,
    drafts: Vec<Draft>,
    left_out: BTreeMap<String, u64>,
    found: Found,
    /// Records without an annotator: told once.
    nameless: u64,
    /// What the tool calls the output of this record.
    own: Option<String>,
}

impl<'a> Collect<'a> {
    pub(super) fn new(named: &'a str, stem: Option<&'a str>, annotator: Option<&'a str>) -> Self {
        Self {
            named,
            stem,
            annotator,
            line: 0,
            drafts: Vec::new(),
            left_out: BTreeMap::new(),
            found: Found::default(),
            nameless: 0,
            own: None,
        }
    }

    /// Counts something that is no label.
    pub(super) fn leave_out(&mut self, what: impl Into<String>) {
        *self.left_out.entry(what.into()).or_default() += 1;
    }

    /// Notes a problem of this record.
    pub(super) fn problem(&mut self, message: impl Into<String>) {
        self.problem_at(self.line, message);
    }

    pub(super) fn problem_at(&mut self, line: u64, message: impl Into<String>) {
        self.found.note(at(self.named, line, message));
    }

    pub(super) fn has_problems(&self) -> bool {
        !self.found.is_empty()
    }

    /// The output of this record: as its data names it, else as the tool calls it (`own`).
    pub(super) fn output(&mut self, data: &[&Record], own: Option<String>) -> Option<Subject> {
        self.own = own.clone();
        subject(data).or_else(|| own.map(Subject::Item))
    }

    /// The annotator of a file that holds one annotator's work.
    pub(super) fn by_file(&self) -> Option<String> {
        let name = self.annotator.or(self.stem)?;
        id(&Json::String(name.to_owned()))
    }

    /// A label without a value yet; `None` and a problem where nobody is named, or nothing is.
    pub(super) fn label(&mut self, subject: Option<Subject>, by: Option<String>) -> Option<Label> {
        let Some(subject) = subject else {
            self.problem("the record has no id");
            return None;
        };
        let Some(by) = by.or_else(|| self.annotator.map(str::to_owned)) else {
            self.nameless += 1;
            return None;
        };
        Some(Label {
            subject,
            by,
            said: None,
            critique: None,
            rubric_version: None,
            at: None,
            seconds: None,
            side: None,
            probability: None,
            repeat_of: None,
            cluster: None,
            stated: None,
            texts: Texts::default(),
            line: self.line,
        })
    }

    /// Puts a value under a field.
    pub(super) fn put(&mut self, field: &str, value: Value, label: Label) {
        self.drafts.push(Draft {
            field: field.to_owned(),
            value,
            label,
            own: self.own.clone(),
        });
    }

    /// The labels of the field that is wanted.
    pub(super) fn finish(
        mut self,
        kind: &'static str,
        options: &Options,
    ) -> Result<Imported, Vec<Problem>> {
        if self.nameless > 0 {
            let message = format!(
                "{} labels of {} name nobody; say who gave them",
                self.nameless, self.named
            );
            self.found.note(at("--annotator", 0, message));
        }
        if !self.found.is_empty() {
            return Err(self.found.unless(self.named, ()).err().unwrap_or_default());
        }
        let field = self
            .field(options.field.as_deref())
            .map_err(|problem| vec![problem])?;
        self.drafts.retain(|draft| draft.field == field);
        self.newest();
        if !self.found.is_empty() {
            return Err(self.found.unless(self.named, ()).err().unwrap_or_default());
        }
        let values: Vec<(u64, &Value)> = self
            .drafts
            .iter()
            .map(|draft| (draft.label.line, &draft.value))
            .collect();
        let said: Vec<Said> = settle(self.named, &field, &values, options.column)?;
        let labels = self
            .drafts
            .into_iter()
            .zip(said)
            .map(|(draft, said)| Label {
                said: Some(said),
                ..draft.label
            })
            .collect();
        Ok(Imported {
            kind,
            field,
            labels,
            left_out: self.left_out.into_iter().collect(),
        })
    }

    fn field(&self, wanted: Option<&str>) -> Result<String, Problem> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for draft in &self.drafts {
            *counts.entry(&draft.field).or_default() += 1;
        }
        let listed: Vec<String> = counts
            .iter()
            .map(|(name, count)| format!("{name} ({count})"))
            .collect();
        let listed = listed.join(", ");
        let problem = |message: String| Err(at("--field", 0, message));
        match (wanted, counts.len()) {
            (_, 0) => {
                let left_out: Vec<String> = self
                    .left_out
                    .iter()
                    .map(|(what, count)| format!("{count} x {what}"))
                    .collect();
                let left_out = match left_out.is_empty() {
                    true => "its records hold none".to_owned(),
                    false => format!("left out were {}", left_out.join(", ")),
                };
                Err(at(
                    self.named,
                    0,
                    format!("there is no label in it: {left_out}"),
                ))
            }
            (Some(name), _) if counts.contains_key(name) => Ok(name.to_owned()),
            (Some(name), _) => {
                let known: Vec<&str> = counts.keys().copied().collect();
                problem(format!(
                    "{}; there are {listed}",
                    unknown("field", name, &known)
                ))
            }
            (None, 1) => Ok(counts.keys().map(|name| (*name).to_owned()).collect()),
            (None, _) => problem(format!("the file has several fields, name one: {listed}")),
        }
    }

    /// Of several labels of one annotator for one output the newest stays; without times the last one. Where the tool tells the
    /// outputs apart and the data calls them alike, the data's `item` or `case` is not what names them: that is a problem.
    fn newest(&mut self) {
        let mut place: BTreeMap<(String, Subject), usize> = BTreeMap::new();
        let mut kept: Vec<Draft> = Vec::new();
        let mut earlier = 0;
        for draft in std::mem::take(&mut self.drafts) {
            let key = (draft.label.by.clone(), draft.label.subject.clone());
            let Some(first) = place.get(&key) else {
                place.insert(key, kept.len());
                kept.push(draft);
                continue;
            };
            let old: &mut Draft = &mut kept[*first];
            if let (Some(one), Some(other)) = (&old.own, &draft.own)
                && one != other
            {
                let message = format!(
                    "the data of `{one}` (line {}) and of `{other}` both name the output `{}`; rename that key, or name outputs by it",
                    old.label.line,
                    draft.label.subject.name()
                );
                self.found.note(at(self.named, draft.label.line, message));
                continue;
            }
            earlier += 1;
            if !is_newer(&old.label, &draft.label) {
                *old = draft;
            }
        }
        self.drafts = kept;
        if earlier > 0 {
            let what = "older label of the same annotator for the same output";
            self.left_out.insert(what.to_owned(), earlier);
        }
    }
}

fn is_newer(one: &Label, other: &Label) -> bool {
    let time = |label: &Label| {
        label
            .at
            .as_deref()
            .and_then(|at| at.parse::<Timestamp>().ok())
    };
    time(one)
        .zip(time(other))
        .is_some_and(|(one, other)| one > other)
}

/// Text that a file can hold: not empty, NUL bytes shown as what they are, none.
pub(super) fn text(json: Option<&Json>) -> Option<String> {
    let text = json?.as_str()?.replace('\0', "\u{fffd}");
    (!text.is_empty()).then_some(text)
}

/// A name: a text without the spaces around it, or a whole number.
pub(super) fn id(json: &Json) -> Option<String> {
    match json {
        Json::String(_) => {
            let name = text(Some(json))?.trim().to_owned();
            (!name.is_empty()).then_some(name)
        }
        Json::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}

/// A name under a key.
pub(super) fn name(record: &Record, key: &str) -> Option<String> {
    id(record.get(key)?)
}

/// The objects under these keys.
pub(super) fn objects<'a>(record: &'a Record, keys: &[&str]) -> Vec<&'a Record> {
    keys.iter()
        .filter_map(|key| record.get(*key)?.as_object())
        .collect()
}

/// Whether data under this key is a text.
pub(super) fn is_text(key: &str) -> bool {
    [INPUT, OUTPUT, CONTEXT, EXPECTED, OUTPUT_A, OUTPUT_B]
        .iter()
        .any(|keys| keys.contains(&key))
}

/// The output that the data names: by `case` and `target` (and `repeat`), or by `item`.
fn subject(data: &[&Record]) -> Option<Subject> {
    let find = |key: &str| data.iter().find_map(|record| name(record, key));
    if let (Some(case), Some(target)) = (find("case"), find("target")) {
        let repeat = find("repeat").and_then(|repeat| repeat.parse().ok());
        return Some(Subject::Trial {
            case,
            target,
            repeat: repeat.unwrap_or(0),
        });
    }
    find("item").map(Subject::Item)
}

/// The texts that the data holds.
pub(super) fn texts(data: &[&Record]) -> Texts {
    let find = |keys: &[&str]| {
        keys.iter()
            .find_map(|key| data.iter().find_map(|record| text(record.get(*key))))
    };
    let (first, second) = (find(&["first"]), find(&["second"]));
    let (output_a, output_b) = match side(data) {
        Some(Preference::A) => (first, second),
        Some(_) => (second, first),
        None => (find(OUTPUT_A), find(OUTPUT_B)),
    };
    Texts {
        input: find(INPUT),
        output: find(OUTPUT),
        expected: find(EXPECTED),
        context: find(CONTEXT),
        output_a,
        output_b,
    }
}

/// Which output of a pair is the `first`, where the data holds a `first` and a `second` and says in `side` which is which: so are pairs
/// handed out whose sides are mixed.
pub(super) fn side(data: &[&Record]) -> Option<Preference> {
    let has = |key: &str| data.iter().any(|record| record.contains_key(key));
    let side = data.iter().find_map(|record| name(record, "side"))?;
    match (has("first") && has("second"), side.as_str()) {
        (true, "a") => Some(Preference::A),
        (true, "b") => Some(Preference::B),
        _ => None,
    }
}

/// With which probability the output was drawn, where the data says so under a name that nothing else has.
pub(super) fn draw_probability(data: &[&Record]) -> Option<f64> {
    let mut found = data.iter().filter_map(|record| {
        let json = record.get(DRAW_PROBABILITY)?;
        // A tool's tables turn numbers into texts.
        json.as_f64().or_else(|| json.as_str()?.trim().parse().ok())
    });
    found
        .next()
        .filter(|probability| *probability > 0.0 && *probability <= 1.0)
}

/// The cluster that the data names.
pub(super) fn cluster(data: &[&Record]) -> Option<String> {
    data.iter().find_map(|record| name(record, "cluster"))
}
