//! Outputs that people labelled, with what belongs to them: a file of rows, whoever wrote it.
//!
//! Columns: the output's name as the labels file has it (`item`, or `case` with `target` and `repeat`; a `case` alone is an item of that
//! name), `output` or `output_a` and `output_b`, and where a judge is given them `input`, `expected` and `context`. Others are passed
//! over: such files come from elsewhere and hold more.

use std::collections::BTreeMap;
use std::path::Path;

use crate::domain::decode::Problem;
use crate::domain::label::{Subject, Texts};

use super::rows::{Found, Rows};

/// Reads a file of outputs.
///
/// # Errors
/// Every problem with its line: rows without a name or without an output, and two rows of one name.
pub fn read(path: &Path) -> Result<BTreeMap<Subject, Texts>, Vec<Problem>> {
    let rows = Rows::read(path)?;
    let mut found = Found::default();
    let column = |name: &str| rows.column(name);
    let has = |name: &str| column(name).is_some();
    if !has("item") && !has("case") {
        found.note(rows.problem(
            1,
            "the names are missing: a column `item`, or the columns `case`, `target` and `repeat`",
        ));
    }
    let has_pairs = has("output_a") && has("output_b");
    if !has("output") && !has_pairs {
        found.note(rows.problem(
            1,
            "the outputs are missing: a column `output`, or for pairs `output_a` and `output_b`",
        ));
    }
    let mut outputs: BTreeMap<Subject, (u64, Texts)> = BTreeMap::new();
    for row in rows
        .rows
        .iter()
        .take(if found.is_empty() { usize::MAX } else { 0 })
    {
        let cell = |name: &str| row.cell(column(name));
        let repeat = match cell("repeat").map(str::parse) {
            None => 0,
            Some(Ok(repeat)) => repeat,
            Some(Err(_)) => {
                found.note(rows.problem(row.line, "`repeat` is no whole number from 0"));
                continue;
            }
        };
        let subject = match (cell("item"), cell("case"), cell("target")) {
            (Some(item), ..) => Subject::Item(item.to_owned()),
            (None, Some(case), Some(target)) => Subject::Trial {
                case: case.to_owned(),
                target: target.to_owned(),
                repeat,
            },
            (None, Some(case), None) => Subject::Item(case.to_owned()),
            (None, None, _) => {
                found.note(rows.problem(
                    row.line,
                    "the name is missing: fill in `item`, or `case` and `target`",
                ));
                continue;
            }
        };
        if let Some((line, _)) = outputs.get(&subject) {
            let message = format!(
                "`{}` stands in line {line} already; an output has one row",
                subject.name()
            );
            found.note(rows.problem(row.line, message));
            continue;
        }
        // An empty answer is an answer: what counts is whether there is a column for it.
        let text = |name: &str| {
            let column = column(name)?;
            Some(row.cells.get(column).cloned().unwrap_or_default())
        };
        let filled = |name: &str| row.text(column(name)).map(str::to_owned);
        let texts = Texts {
            input: filled("input"),
            output: text("output"),
            expected: filled("expected"),
            context: filled("context"),
            output_a: text("output_a"),
            output_b: text("output_b"),
        };
        outputs.insert(subject, (row.line, texts));
    }
    let outputs = outputs
        .into_iter()
        .map(|(subject, (_, texts))| (subject, texts))
        .collect();
    found.unless(&rows.named, outputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str) -> Result<BTreeMap<Subject, Texts>, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let prefix = folder.path().display().to_string();
        read(&path).map_err(|problems| {
            let said = problems.iter().map(ToString::to_string);
            said.map(|line| line.replace(&format!("{prefix}/"), ""))
                .collect()
        })
    }

    #[test]
    fn rows_are_named_as_labels_name_them_and_may_hold_more() {
        let found = of(
            "o.jsonl",
            "{\"case\":\"c\",\"target\":\"t\",\"repeat\":2,\"output\":\"x\",\"cost\":1}\n{\"case\":\"d\",\"output\":\"\"}\n{\"item\":\"e\",\"output\":\"z\",\"context\":[\"one\",\"two\"]}\n",
        )
        .unwrap();
        let names: Vec<String> = found.keys().map(Subject::name).collect();
        assert_eq!(names, ["d", "e", "c/t/2"]);
        let texts = &found[&Subject::Item("d".into())];
        assert_eq!(texts.output.as_deref(), Some(""), "an empty answer is one");
        let texts = &found[&Subject::Item("e".into())];
        assert_eq!(texts.context.as_deref(), Some("[\"one\",\"two\"]"));
    }

    #[test]
    fn faulty_rows_are_told_with_their_lines() {
        assert_eq!(
            of("o.csv", "id,text\n1,x\n").unwrap_err(),
            [
                "o.csv:1: the names are missing: a column `item`, or the columns `case`, `target` and `repeat`",
                "o.csv:1: the outputs are missing: a column `output`, or for pairs `output_a` and `output_b`"
            ]
        );
        assert_eq!(
            of("o.csv", "item,output,repeat\n1,x,\n1,y,\n,z,\n2,x,one\n").unwrap_err(),
            [
                "o.csv:3: `1` stands in line 2 already; an output has one row",
                "o.csv:4: the name is missing: fill in `item`, or `case` and `target`",
                "o.csv:5: `repeat` is no whole number from 0"
            ]
        );
    }
}
