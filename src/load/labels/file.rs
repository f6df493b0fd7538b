//! The labels file: one row is what one annotator says of one output.
//!
//! CSV (commas, semicolons or tabs), JSON lines or a JSON array. Columns: the output (`item`, or `case`, `target` and `repeat`), the
//! `annotator`, and exactly one of `rating`, `pass`, `preference` and `class`; the others may be absent. Who an annotator is, is not
//! interpreted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::domain::decode::{Problem, unknown};
use crate::domain::label::{Label, Said, Subject};

use super::blank;
use super::entry::{Who, alike, labels};
use super::rows::{Found, Rows, whole};

/// Reads a labels file. `grades`: the declared scale that ratings must lie on.
///
/// A row with `repeat_of` says again what the annotator said of another row, which it names as reports name outputs (`c017`,
/// `c017/next`): it is kept, and is no second label.
///
/// # Errors
/// Every problem with its line, at most twenty told: see [`super::file`].
pub fn read(path: &Path, grades: Option<(i64, i64)>) -> Result<Vec<Label>, Vec<Problem>> {
    let rows = Rows::read(path)?;
    let mut found = Found::default();
    let mut labels = labels(&rows, Who::Annotator, grades, &mut found);
    blank::answers(&rows, &mut labels);
    twice(&rows, &labels, &mut found);
    let names = labels.iter().map(|label| (label.line, label.by.as_str()));
    alike(&rows, "annotator", names, &mut found);
    let classes = labels.iter().filter_map(|label| match &label.said {
        Some(Said::Class(class)) => Some((label.line, class.as_str())),
        _ => None,
    });
    alike(&rows, "class", classes, &mut found);
    found.unless(&rows.named, labels)
}

/// A labels file's text, in UTF-8 whatever it is written in: what a run keeps of it.
///
/// # Errors
/// The file cannot be read, or is no text.
pub fn text(path: &Path) -> Result<String, Problem> {
    whole(path, &path.display().to_string())
}

/// Notes an annotator's second row about an output, and repeats of nothing.
fn twice(rows: &Rows, labels: &[Label], found: &mut Found) {
    let mut first: BTreeMap<(&str, &Subject), u64> = BTreeMap::new();
    for label in labels.iter().filter(|label| label.repeat_of.is_none()) {
        match first.get(&(label.by.as_str(), &label.subject)) {
            None => {
                first.insert((label.by.as_str(), &label.subject), label.line);
            }
            Some(line) => {
                let name = label.subject.name();
                let message = format!(
                    "`{}` labelled `{name}` in line {line} already; keep one, or mark this row by `repeat_of`: {name}",
                    label.by
                );
                found.note(rows.problem(label.line, message));
            }
        }
    }
    let known: BTreeSet<(&str, String)> = first
        .keys()
        .map(|(by, subject)| (*by, subject.name()))
        .collect();
    for label in labels {
        let Some(of) = &label.repeat_of else {
            continue;
        };
        if !known.contains(&(label.by.as_str(), of.clone())) {
            let names: Vec<&str> = known
                .iter()
                .filter(|(by, _)| *by == label.by)
                .map(|(_, name)| name.as_str())
                .take(50)
                .collect();
            let message = format!(
                "`repeat_of` names a row that `{}` does not have: {}",
                label.by,
                unknown("output", of, &names)
            );
            found.note(rows.problem(label.line, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::label::{Preference, Texts};

    fn read_as(
        name: &str,
        text: &str,
        grades: Option<(i64, i64)>,
    ) -> Result<Vec<Label>, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let short = |problem: Problem| {
            let text = problem.to_string();
            text.split_once(name)
                .map(|(_, said)| said.to_owned())
                .unwrap()
        };
        read(&path, grades).map_err(|all| all.into_iter().map(short).collect())
    }

    #[test]
    fn every_column_is_read_from_csv_and_from_json() {
        let csv = "case,target,repeat,annotator,preference,critique,rubric_version,ts,seconds,side,probability,repeat_of,\
                   input,output,expected,output_a,output_b,cluster\n\
                   c1,next,2, human-1 ,B,\"so, \",r1,2026-01-01T00:00:00Z,1.5,b,0.25,,in,out,exp,a,b,t\n";
        let json = r#"{"case": "c1", "target": "next", "repeat": 2, "annotator": "human-1", "preference": "b", "critique": "so, ",
            "rubric_version": "r1", "ts": "2026-01-01T00:00:00Z", "seconds": 1.5, "side": "b", "probability": 0.25, "input": "in",
            "output": "out", "expected": "exp", "output_a": "a", "output_b": "b", "cluster": "t"}"#
            .replace('\n', "");
        let text = |text: &str| Some(text.to_owned());
        let wanted = |line| Label {
            subject: Subject::Trial {
                case: "c1".into(),
                target: "next".into(),
                repeat: 2,
            },
            by: "human-1".into(),
            said: Some(Said::Preference(Preference::B)),
            critique: text("so, "),
            rubric_version: text("r1"),
            at: text("2026-01-01T00:00:00Z"),
            seconds: Some(1.5),
            side: Some(Preference::B),
            probability: Some(0.25),
            repeat_of: None,
            cluster: text("t"),
            stated: None,
            texts: Texts {
                input: text("in"),
                output: text("out"),
                expected: text("exp"),
                context: None,
                output_a: text("a"),
                output_b: text("b"),
            },
            line,
        };
        assert_eq!(read_as("l.csv", csv, None).unwrap(), [wanted(2)]);
        assert_eq!(read_as("l.jsonl", &json, None).unwrap(), [wanted(1)]);
    }

    #[test]
    fn a_byte_order_mark_semicolons_and_decimal_commas_are_read() {
        let labels = read_as(
            "l.csv",
            "\u{feff}item;annotator;rating\r\n1;ann;4,5\r\n2;ann;3\r\n",
            None,
        )
        .unwrap();
        let said: Vec<_> = labels
            .iter()
            .map(|label| (label.line, label.said.clone().unwrap()))
            .collect();
        assert_eq!(said, [(2, Said::Rating(4.5)), (3, Said::Rating(3.0))]);
    }

    #[test]
    fn every_fault_is_told_at_once_with_its_line_and_what_to_do() {
        let head = "item,case,target,repeat,annotator,rating,pass,preference,class,seconds,side,probability,repeat_of\n";
        let rows = [
            (
                ",,,,ann,1,,,,,,,",
                "the id is missing: fill in `item`, or `case` and `target`",
            ),
            (
                ",c1,,,ann,1,,,,,,,",
                "`target` is empty: whose output is it?",
            ),
            ("1,c1,next,,ann,1,,,,,,,", "keep one of the two"),
            (
                ",c1,next,x,ann,1,,,,,,,",
                "`repeat` is no whole number from 0",
            ),
            ("2,,,,,1,,,,,,,", "`annotator` is empty"),
            ("3,,,,ann,,,,,,,,", "the row says nothing: fill in one of"),
            (
                "4,,,,ann,1,pass,,,,,,",
                "the row has `rating` and `pass` at once; keep one",
            ),
            (
                "5,,,,ann,,pss,,,,,,",
                "`pass`: unknown word `pss`; did you mean `pass`?",
            ),
            (
                "6,,,,ann,,,both,,,,,",
                "`preference`: unknown word `both`; known here: a, b, tie",
            ),
            ("7,,,,ann,7,,,,,,,", "`rating`: 7 is off the scale 1..5"),
            (
                "8,,,,ann,\"4,5\",,,,,,,",
                "is not a number; a decimal comma is read where `;`",
            ),
            ("9,,,,ann,NaN,,,,,,,", "`rating`: `NaN` is not a number"),
            (
                "10,,,,ann,1,,,,,,0,",
                "`probability`: `0` is not a probability above 0",
            ),
            ("11,,,,ann,1,,,,,,1.1,", "`probability`: `1.1`"),
            (
                "12,,,,ann,1,,,,-1,,,",
                "`seconds`: `-1` is not a number from 0",
            ),
            ("13,,,,ann,1,,,,,left,,", "`side`: unknown word `left`"),
        ];
        let text = format!("{head}{}\n", rows.map(|(row, _)| row).join("\n"));
        let said = read_as("l.csv", &text, Some((1, 5))).unwrap_err();
        assert_eq!(said.len(), rows.len(), "{said:#?}");
        for ((line, (_, wanted)), said) in (2..).zip(rows).zip(&said) {
            assert!(
                said.starts_with(&format!(":{line}: ")) && said.contains(wanted),
                "{wanted}: {said}"
            );
        }
    }

    #[test]
    fn a_second_row_of_an_annotator_needs_repeat_of() {
        let said = read_as(
            "l.csv",
            "item,annotator,pass,repeat_of\n1,ann,pass,\n1,ann,pass,\n1,bob,fail,\n1,ann,fail,1\n1x,bob,fail,2\n",
            None,
        )
        .unwrap_err();
        assert_eq!(
            said,
            [
                ":3: `ann` labelled `1` in line 2 already; keep one, or mark this row by `repeat_of`: 1",
                ":6: `repeat_of` names a row that `bob` does not have: unknown output `2`; did you mean `1`?",
            ]
        );
        let labels = read_as(
            "l.csv",
            "item,annotator,pass,repeat_of\n1,ann,pass,\n1#2,ann,fail,1\n",
            None,
        )
        .unwrap();
        assert_eq!(labels[1].repeat_of.as_deref(), Some("1"));
    }

    #[test]
    fn names_that_differ_only_in_case_are_no_two_names() {
        let said = read_as(
            "l.csv",
            "item,annotator,class\n1,Ann,Good\n2,ann,good\n3,ann,good\n",
            None,
        )
        .unwrap_err();
        assert_eq!(
            said,
            [
                ":3: the annotator `ann` is written `Ann` in line 2; spell it one way",
                ":3: the class `good` is written `Good` in line 2; spell it one way",
            ]
        );
    }

    #[test]
    fn the_head_is_held_against_the_columns_that_there_are() {
        let said = read_as("l.csv", "itm,anotator,\n1,2,3\n", None).unwrap_err();
        let wanted = [
            "unknown column `itm`; did you mean `item`?",
            "unknown column `anotator`; did you mean `annotator`?",
            "column 3 has no name",
            "the column `annotator` is missing",
            "the ids are missing",
            "the values are missing",
        ];
        assert_eq!(said.len(), wanted.len(), "{said:#?}");
        for (said, wanted) in said.iter().zip(wanted) {
            assert!(said.starts_with(":1: ") && said.contains(wanted), "{said}");
        }
        assert!(
            read_as("l.csv", "item,judge,pass\n1,j,1\n", None).unwrap_err()[0]
                .contains("unknown column `judge`")
        );
    }
}
