//! Cells for an output that hold nothing: an agent that answered nothing, or a text that the row does not bring along?
//!
//! An empty answer is an answer. In JSON `""` is one, and a key that is left out, or `null`, is none. A cell of a table cannot tell the two
//! apart: it is an empty answer where its column holds texts in other rows, so that the file brings outputs along, and no row about the same
//! output has a text there.

use std::collections::BTreeSet;

use super::rows::Rows;
use crate::domain::label::{Label, Subject, Texts};

/// A text of an output, in a row.
type Of = fn(&mut Texts) -> &mut Option<String>;

/// The columns of outputs.
const OUTPUTS: [(&str, Of); 3] = [
    ("output", |texts| &mut texts.output),
    ("output_a", |texts| &mut texts.output_a),
    ("output_b", |texts| &mut texts.output_b),
];

/// Puts an empty answer where a row has one.
pub(super) fn answers(rows: &Rows, labels: &mut [Label]) {
    for (name, of) in OUTPUTS {
        let Some(column) = rows.column(name) else {
            continue;
        };
        let filled: BTreeSet<Subject> = labels
            .iter_mut()
            .filter_map(|label| {
                let is_filled = of(&mut label.texts).is_some();
                is_filled.then(|| label.subject.clone())
            })
            .collect();
        if filled.is_empty() && !rows.is_json {
            continue;
        }
        let blank: BTreeSet<u64> = rows
            .rows
            .iter()
            .filter(|row| row.is_blank(column))
            .map(|row| row.line)
            .collect();
        for label in labels.iter_mut() {
            if blank.contains(&label.line) && !filled.contains(&label.subject) {
                *of(&mut label.texts) = Some(String::new());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::read;

    fn outputs(name: &str, text: &str) -> Vec<Option<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let labels = read(&path, None).unwrap();
        labels.into_iter().map(|label| label.texts.output).collect()
    }

    fn said(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn an_empty_cell_is_an_empty_answer_where_the_file_brings_outputs_along() {
        let head = "item,annotator,pass,output\n";
        assert_eq!(
            outputs("l.csv", &format!("{head}i1,ann,pass,hello\ni2,ann,fail,\n")),
            [said("hello"), said("")]
        );
        assert_eq!(
            outputs("l.csv", &format!("{head}i1,ann,pass,\ni2,ann,fail,\n")),
            [None, None],
            "nobody filled the column in"
        );
        assert_eq!(
            outputs("l.csv", &format!("{head}i1,ann,pass,hello\ni1,bob,fail,\n")),
            [said("hello"), None],
            "the other row has the text"
        );
    }

    #[test]
    fn in_json_an_empty_text_is_one_and_a_missing_key_is_none() {
        let line = |item: &str, output: &str| {
            format!("{{\"item\":\"{item}\",\"annotator\":\"ann\",\"pass\":true{output}}}\n")
        };
        let text =
            line("i1", ",\"output\":\"\"") + &line("i2", "") + &line("i3", ",\"output\":null");
        assert_eq!(outputs("l.jsonl", &text), [said(""), None, None]);
    }
}
