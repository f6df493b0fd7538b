//! One row of a labels file, or of a file of verdicts, as a [`Label`].

use std::collections::BTreeMap;

use crate::domain::decode::unknown;
use crate::domain::label::{Label, Preference, Said, Subject, Texts};

use super::rows::{Found, Row, Rows, number};
use super::wide::pass;

/// Who says something in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// People, who always say something.
    Annotator,
    /// Judges, whose answer may be unreadable.
    Judge,
}

impl Who {
    /// The column of their names.
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Annotator => "annotator",
            Self::Judge => "judge",
        }
    }
}

/// The columns of both files.
const COLUMNS: &[&str] = &[
    "item",
    "case",
    "target",
    "repeat",
    "rating",
    "pass",
    "preference",
    "class",
    "rubric_version",
    "ts",
    "seconds",
    "side",
    "input",
    "output",
    "expected",
    "context",
    "output_a",
    "output_b",
    "cluster",
];
/// What only people's rows have.
const OF_PEOPLE: &[&str] = &["annotator", "critique", "probability", "repeat_of"];
/// What only judges' rows have.
const OF_JUDGES: &[&str] = &["judge", "reason", "score", "order"];
/// The columns of values.
const VALUES: [&str; 4] = ["rating", "pass", "preference", "class"];

/// Reads every row. Problems of the head and of each row are noted; a faulty row answers nothing.
pub(super) fn labels(
    rows: &Rows,
    who: Who,
    grades: Option<(i64, i64)>,
    found: &mut Found,
) -> Vec<Label> {
    head(rows, who, found);
    if !found.is_empty() {
        return Vec::new();
    }
    rows.rows
        .iter()
        .filter_map(|row| {
            let mut entry = Entry {
                rows,
                row,
                found,
                sound: true,
            };
            let label = entry.label(who, grades)?;
            entry.sound.then_some(label)
        })
        .collect()
}

fn head(rows: &Rows, who: Who, found: &mut Found) {
    let own = match who {
        Who::Annotator => OF_PEOPLE,
        Who::Judge => OF_JUDGES,
    };
    let known: Vec<&str> = COLUMNS.iter().chain(own).copied().collect();
    for (at, name) in rows.columns.iter().enumerate() {
        if name.is_empty() {
            let message = format!("column {} has no name; name it, or remove it", at + 1);
            found.note(rows.problem(1, message));
        } else if !known.contains(&name.as_str()) {
            found.note(rows.problem(1, unknown("column", name, &known)));
        }
    }
    let has = |name: &str| rows.column(name).is_some();
    let mut lacks = |message: String| found.note(rows.problem(1, message));
    if !has(who.column()) {
        lacks(format!(
            "the column `{}` is missing: who says it?",
            who.column()
        ));
    }
    if !has("item") && !has("case") {
        lacks("the ids are missing: a column `item`, or the columns `case` and `target` (and `repeat`)".to_owned());
    }
    if !VALUES.iter().any(|name| has(name)) {
        lacks(
            "the values are missing: one of the columns `rating`, `pass`, `preference`, `class`"
                .to_owned(),
        );
    }
}

struct Entry<'a> {
    rows: &'a Rows,
    row: &'a Row,
    found: &'a mut Found,
    sound: bool,
}

impl<'a> Entry<'a> {
    fn cell(&self, name: &str) -> Option<&'a str> {
        self.row.cell(self.rows.column(name))
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.cell(name).map(str::to_owned)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.row.text(self.rows.column(name)).map(str::to_owned)
    }

    fn note(&mut self, message: impl Into<String>) {
        self.sound = false;
        self.found.note(self.rows.problem(self.row.line, message));
    }

    fn label(&mut self, who: Who, grades: Option<(i64, i64)>) -> Option<Label> {
        let subject = self.subject();
        let by = self.owned(who.column());
        if by.is_none() {
            self.note(format!("`{}` is empty: who says it?", who.column()));
        }
        let said = self.said(who, grades);
        let stated = self.number("score", "a number from 0 to 1", |score| {
            (0.0..=1.0).contains(&score)
        });
        if stated.is_some() && said.is_none() && self.sound {
            self.note("there is a `score` and no verdict; write the verdict that follows from it in `pass`");
        }
        let probability = self.number(
            "probability",
            "a probability above 0 and at most 1",
            |probability| probability > 0.0 && probability <= 1.0,
        );
        let seconds = self.number("seconds", "a number from 0", |seconds| seconds >= 0.0);
        let side = self.side();
        let label = Label {
            subject: subject?,
            by: by?,
            said,
            critique: self.text(match who {
                Who::Annotator => "critique",
                Who::Judge => "reason",
            }),
            rubric_version: self.owned("rubric_version"),
            at: self.owned("ts"),
            seconds,
            side,
            probability,
            repeat_of: self.owned("repeat_of"),
            cluster: self.owned("cluster"),
            stated,
            texts: Texts {
                input: self.text("input"),
                output: self.text("output"),
                expected: self.text("expected"),
                context: self.text("context"),
                output_a: self.text("output_a"),
                output_b: self.text("output_b"),
            },
            line: self.row.line,
        };
        Some(label)
    }

    fn subject(&mut self) -> Option<Subject> {
        let (item, case, target) = (self.cell("item"), self.cell("case"), self.cell("target"));
        match (item, case, target) {
            (Some(item), None, None) => {
                if self.cell("repeat").is_some() {
                    self.note("`repeat` belongs to a `case` and a `target`, this row has an `item`; empty one of them");
                }
                Some(Subject::Item(item.to_owned()))
            }
            (None, Some(case), Some(target)) => {
                let repeat = match self.cell("repeat").map(str::parse) {
                    None => 0,
                    Some(Ok(repeat)) => repeat,
                    Some(Err(_)) => {
                        self.note("`repeat` is no whole number from 0");
                        return None;
                    }
                };
                Some(Subject::Trial {
                    case: case.to_owned(),
                    target: target.to_owned(),
                    repeat,
                })
            }
            (Some(_), ..) => {
                self.note(
                    "the row has both an `item` and a `case` or `target`; keep one of the two",
                );
                None
            }
            (None, Some(_), None) => {
                self.note(
                    "`target` is empty: whose output is it? (or name outputs by `item` alone)",
                );
                None
            }
            (None, None, _) => {
                self.note("the id is missing: fill in `item`, or `case` and `target`");
                None
            }
        }
    }

    fn said(&mut self, who: Who, grades: Option<(i64, i64)>) -> Option<Said> {
        let given: Vec<(&str, &str)> = VALUES
            .into_iter()
            .filter_map(|name| Some((name, self.cell(name)?)))
            .collect();
        let (name, cell) = match given[..] {
            [one] => one,
            [] if who == Who::Judge => return None,
            [] => {
                self.note("the row says nothing: fill in one of `rating`, `pass`, `preference`, `class`, or remove it");
                return None;
            }
            _ => {
                let names: Vec<String> =
                    given.iter().map(|(name, _)| format!("`{name}`")).collect();
                self.note(format!(
                    "the row has {} at once; keep one, or make two files",
                    names.join(" and ")
                ));
                return None;
            }
        };
        let said = match name {
            "rating" => self.rating(cell, grades)?,
            "pass" => match pass(cell) {
                Some(pass) => Said::Pass(pass),
                None => {
                    let message = unknown(
                        "word",
                        cell,
                        &["pass", "fail", "true", "false", "yes", "no", "1", "0"],
                    );
                    self.note(format!("`pass`: {message}"));
                    return None;
                }
            },
            "preference" => match preference(cell) {
                Some(preference) => Said::Preference(preference),
                None => {
                    self.note(format!(
                        "`preference`: {}",
                        unknown("word", cell, &["a", "b", "tie"])
                    ));
                    return None;
                }
            },
            _ => Said::Class(cell.to_owned()),
        };
        Some(said)
    }

    fn rating(&mut self, cell: &str, grades: Option<(i64, i64)>) -> Option<Said> {
        let rating = self.number("rating", "a number", |_| true)?;
        match grades {
            Some((low, high)) if !(low as f64..=high as f64).contains(&rating) => {
                self.note(format!("`rating`: {cell} is off the scale {low}..{high}; correct it, or declare its scale"));
                None
            }
            _ => Some(Said::Rating(rating)),
        }
    }

    fn side(&mut self) -> Option<Preference> {
        let mut read = |name: &str, first: &str, second: &str| {
            let cell = self.cell(name)?;
            if cell.eq_ignore_ascii_case(first) {
                Some(Preference::A)
            } else if cell.eq_ignore_ascii_case(second) {
                Some(Preference::B)
            } else {
                self.note(format!(
                    "`{name}`: {}",
                    unknown("word", cell, &[first, second])
                ));
                None
            }
        };
        let (side, order) = (read("side", "a", "b"), read("order", "ab", "ba"));
        if side.zip(order).is_some_and(|(side, order)| side != order) {
            self.note("`side` and `order` contradict each other; keep `order`");
        }
        order.or(side)
    }

    /// A number that fits; `None` also where there is none.
    fn number(&mut self, name: &str, wanted: &str, fits: fn(f64) -> bool) -> Option<f64> {
        let cell = self.cell(name)?;
        let value = number(cell, self.rows.decimal_comma).filter(|value| fits(*value));
        if value.is_none() {
            let comma = match cell.contains(',') {
                true => "; a decimal comma is read where `;` stands between cells, write a point",
                false => "",
            };
            let cell: String = cell.chars().take(40).collect();
            self.note(format!("`{name}`: `{cell}` is not {wanted}{comma}"));
        }
        value
    }
}

/// Which of two is better, as it is written.
pub(super) fn preference(text: &str) -> Option<Preference> {
    match text.to_ascii_lowercase().as_str() {
        "a" => Some(Preference::A),
        "b" => Some(Preference::B),
        "tie" => Some(Preference::Tie),
        _ => None,
    }
}

/// Notes names that differ in nothing but case: one person, or one class, counted as two.
pub(super) fn alike<'a>(
    rows: &Rows,
    what: &str,
    names: impl Iterator<Item = (u64, &'a str)>,
    found: &mut Found,
) {
    let mut known: BTreeMap<String, (u64, &str)> = BTreeMap::new();
    let mut told: Vec<&str> = Vec::new();
    for (line, name) in names {
        let (first, spelled) = *known.entry(name.to_lowercase()).or_insert((line, name));
        if spelled != name && !told.contains(&name) {
            told.push(name);
            let message = format!(
                "the {what} `{name}` is written `{spelled}` in line {first}; spell it one way"
            );
            found.note(rows.problem(line, message));
        }
    }
}
