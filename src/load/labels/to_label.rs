//! A file of outputs that people are to label: what `labels pick` writes, or any table that names outputs and holds their texts.
//!
//! Columns: the output's name (`item`, or `case` with `target` and `repeat`; a `case` alone is an item of that name), `output` or
//! `output_a` and `output_b`, and as far as there are `input`, `expected`, `context`, `probability`, `cluster`. Others are passed over.
//! Rows that are labelled already are labels, too.

use std::collections::BTreeMap;
use std::path::Path;

use crate::domain::decode::Problem;
use crate::domain::label::{Label, Subject, Texts};

use super::entry::{Who, labels};
use super::rows::{Found, Row, Rows, number};

/// An output that is to be labelled.
#[derive(Debug, Clone, PartialEq)]
pub struct ToLabel {
    /// Its name.
    pub subject: Subject,
    /// Its texts.
    pub texts: Texts,
    /// With which probability it was drawn; all have one or none has.
    pub probability: Option<f64>,
    /// Outputs that share it are not independent.
    pub cluster: Option<String>,
    /// The line of the file, from 1.
    pub line: u64,
}

/// Reads a file of outputs to be labelled, in its order, and the labels that it holds already.
///
/// # Errors
/// Every problem with its line: rows without a name or without an output, two rows of one name with different texts, a probability that is
/// none or stands in some rows only; faults of the rows that are labelled.
pub fn read(path: &Path) -> Result<(Vec<ToLabel>, Vec<Label>), Vec<Problem>> {
    let rows = Rows::read(path)?;
    let mut found = Found::default();
    let has = |name: &str| rows.column(name).is_some();
    if !has("item") && !has("case") {
        found.note(rows.problem(
            1,
            "the names are missing: a column `item`, or the columns `case`, `target` and `repeat`",
        ));
    }
    if !(has("output") || has("output_a") && has("output_b")) {
        found.note(rows.problem(
            1,
            "the outputs are missing: a column `output`, or for pairs `output_a` and `output_b`",
        ));
    }
    if !found.is_empty() {
        return found.unless(&rows.named, (Vec::new(), Vec::new()));
    }
    let mut outputs: Vec<ToLabel> = Vec::new();
    let mut places: BTreeMap<Subject, usize> = BTreeMap::new();
    for row in &rows.rows {
        let Some(output) = output(&rows, row, &mut found) else {
            continue;
        };
        match places.get(&output.subject).map(|at| &outputs[*at]) {
            None => {
                places.insert(output.subject.clone(), outputs.len());
                outputs.push(output);
            }
            Some(first) if first.texts == output.texts => {}
            Some(first) => {
                let message = format!(
                    "`{}` stands in line {} with other texts; an output has one name of its own",
                    output.subject.name(),
                    first.line
                );
                found.note(rows.problem(output.line, message));
            }
        }
    }
    let (with, without): (Vec<&ToLabel>, Vec<&ToLabel>) = outputs
        .iter()
        .partition(|output| output.probability.is_some());
    if let (Some(with), Some(without)) = (with.first(), without.first()) {
        let message = format!(
            "`probability` is empty here and filled in line {}; fill it in everywhere or nowhere",
            with.line
        );
        found.note(rows.problem(without.line, message));
    }
    let given = given(&rows, &mut found);
    let named = rows.named.clone();
    found.unless(&named, (outputs, given))
}

fn output(rows: &Rows, row: &Row, found: &mut Found) -> Option<ToLabel> {
    let cell = |name: &str| row.cell(rows.column(name));
    let filled = |name: &str| row.text(rows.column(name)).map(str::to_owned);
    // An empty answer is an answer: what counts is whether there is a column for it.
    let text = |name: &str| {
        let column = rows.column(name)?;
        Some(row.cells.get(column).cloned().unwrap_or_default())
    };
    let mut note = |message: &str| found.note(rows.problem(row.line, message));
    let repeat = match cell("repeat").map(str::parse) {
        None => 0,
        Some(Ok(repeat)) => repeat,
        Some(Err(_)) => {
            note("`repeat` is no whole number from 0");
            return None;
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
            note("the name is missing: fill in `item`, or `case` and `target`");
            return None;
        }
    };
    if subject.name().contains('\0') {
        note("the name holds a NUL, which no table can");
        return None;
    }
    let probability = match cell("probability").map(|cell| number(cell, rows.decimal_comma)) {
        None => None,
        Some(Some(probability)) if probability > 0.0 && probability <= 1.0 => Some(probability),
        Some(_) => {
            note("`probability` is not a number above 0 and at most 1");
            return None;
        }
    };
    Some(ToLabel {
        subject,
        texts: Texts {
            input: filled("input"),
            output: text("output"),
            expected: filled("expected"),
            context: filled("context"),
            output_a: text("output_a"),
            output_b: text("output_b"),
        },
        probability,
        cluster: cell("cluster").map(str::to_owned),
        line: row.line,
    })
}

/// The rows that somebody filled in, as labels.
fn given(rows: &Rows, found: &mut Found) -> Vec<Label> {
    let annotator = rows.column(Who::Annotator.column());
    let labelled: Vec<Row> = rows
        .rows
        .iter()
        .filter(|row| row.cell(annotator).is_some())
        .cloned()
        .collect();
    if labelled.is_empty() {
        return Vec::new();
    }
    let filled = Rows {
        named: rows.named.clone(),
        columns: rows.columns.clone(),
        rows: labelled,
        decimal_comma: rows.decimal_comma,
        is_json: rows.is_json,
    };
    labels(&filled, Who::Annotator, None, found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::label::Said;

    fn of(name: &str, text: &str) -> Result<(Vec<ToLabel>, Vec<Label>), Vec<String>> {
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
    fn a_picked_file_is_read_in_its_order_with_the_labels_that_it_holds() {
        let (outputs, labels) = of(
            "to-label.csv",
            "case,target,annotator,pass,critique,probability,input,output\n\
             c2,next,,,,0.5,q,\n\
             c1,next,ann,fail,so,0.5,q,x\n\
             c1,next,bob,pass,,0.5,q,x\n",
        )
        .unwrap();
        let names: Vec<String> = outputs.iter().map(|one| one.subject.name()).collect();
        assert_eq!(names, ["c2/next", "c1/next"]);
        assert_eq!(outputs[0].probability, Some(0.5));
        assert_eq!(outputs[0].texts.output.as_deref(), Some(""));
        assert_eq!(labels.len(), 2);
        assert_eq!(labels[0].said, Some(Said::Pass(false)));
    }

    #[test]
    fn any_table_of_outputs_or_pairs_will_do() {
        let (outputs, labels) = of(
            "o.jsonl",
            "{\"item\":\"p1\",\"input\":\"q\",\"output_a\":\"x\",\"output_b\":\"y\",\"model\":\"m\"}\n{\"case\":\"d\",\"output_a\":\"\",\"output_b\":\"z\"}\n",
        )
        .unwrap();
        assert_eq!((outputs.len(), labels.len()), (2, 0));
        assert_eq!(outputs[1].subject, Subject::Item("d".into()));
        assert_eq!(outputs[0].texts.output_b.as_deref(), Some("y"));
    }

    #[test]
    fn faults_are_told_with_their_lines() {
        assert_eq!(
            of("o.csv", "id,text\n1,x\n").unwrap_err().len(),
            2,
            "names and outputs"
        );
        assert_eq!(
            of(
                "o.csv",
                "item,output,probability\n1,x,0.5\n1,y,0.5\n,z,0.5\n2,x,2\n3,x,\n"
            )
            .unwrap_err(),
            [
                "o.csv:3: `1` stands in line 2 with other texts; an output has one name of its own",
                "o.csv:4: the name is missing: fill in `item`, or `case` and `target`",
                "o.csv:5: `probability` is not a number above 0 and at most 1",
                "o.csv:6: `probability` is empty here and filled in line 2; fill it in everywhere or nowhere",
            ]
        );
        assert_eq!(
            of("o.csv", "item,output,annotator,pass\n1,x,ann,maybe\n").unwrap_err()[0],
            "o.csv:2: `pass`: unknown word `maybe`; known here: 0, 1, fail, false, no, pass, true, yes"
        );
    }
}
