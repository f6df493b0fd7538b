//! A labels file: one row a label, for `judge calibrate` and for spreadsheets.
//!
//! Only columns that some label fills are written, in the order of the documentation, and those that are asked for because people are to
//! fill them. Numbers are written with all their digits and unquoted, every text is quoted and can never be a formula; the reader gives
//! back the very labels.

use csv::{QuoteStyle, Terminator, WriterBuilder};
use serde_json::{Map, Value as Json};

use crate::domain::label::{Label, Preference, Said, Subject};
use crate::funnel::csv_cell;

/// A column and what a label has in it.
type Column = (&'static str, fn(&Label) -> Option<Cell>);

/// What stands in a cell.
enum Cell {
    /// Words.
    Text(String),
    /// A number, with all its digits.
    Number(String),
}

impl Cell {
    fn csv(self) -> String {
        match self {
            // No reader of tables takes a NUL: the file with one in it could not be read again.
            Self::Text(text) => csv_cell(&text.replace('\0', "\u{fffd}")).into_owned(),
            Self::Number(number) => number,
        }
    }

    fn json(self) -> Json {
        match self {
            Self::Number(number) => serde_json::from_str(&number).unwrap_or(Json::String(number)),
            Self::Text(text) => Json::String(text),
        }
    }
}

const COLUMNS: &[Column] = &[
    ("item", |label| match &label.subject {
        Subject::Item(item) => text(Some(item)),
        Subject::Trial { .. } => None,
    }),
    ("case", |label| match &label.subject {
        Subject::Trial { case, .. } => text(Some(case)),
        Subject::Item(_) => None,
    }),
    ("target", |label| match &label.subject {
        Subject::Trial { target, .. } => text(Some(target)),
        Subject::Item(_) => None,
    }),
    ("repeat", |label| match &label.subject {
        Subject::Trial { repeat, .. } => number(repeat),
        Subject::Item(_) => None,
    }),
    ("annotator", |label| text(Some(&label.by))),
    ("rating", |label| match &label.said {
        Some(Said::Rating(rating)) => number(rating),
        _ => None,
    }),
    ("pass", |label| match &label.said {
        Some(Said::Pass(pass)) => word(if *pass { "pass" } else { "fail" }),
        _ => None,
    }),
    ("preference", |label| match &label.said {
        Some(Said::Preference(preference)) => word(side(*preference)),
        _ => None,
    }),
    ("class", |label| match &label.said {
        Some(Said::Class(class)) => text(Some(class)),
        _ => None,
    }),
    ("critique", |label| text(label.critique.as_ref())),
    ("rubric_version", |label| {
        text(label.rubric_version.as_ref())
    }),
    ("ts", |label| text(label.at.as_ref())),
    ("seconds", |label| label.seconds.as_ref().and_then(number)),
    ("side", |label| label.side.map(side).and_then(word)),
    ("probability", |label| {
        label.probability.as_ref().and_then(number)
    }),
    ("repeat_of", |label| text(label.repeat_of.as_ref())),
    ("cluster", |label| text(label.cluster.as_ref())),
    ("input", |label| text(label.texts.input.as_ref())),
    ("output", |label| text(label.texts.output.as_ref())),
    ("expected", |label| text(label.texts.expected.as_ref())),
    ("context", |label| text(label.texts.context.as_ref())),
    ("output_a", |label| text(label.texts.output_a.as_ref())),
    ("output_b", |label| text(label.texts.output_b.as_ref())),
];

fn text(text: Option<&String>) -> Option<Cell> {
    text.cloned().map(Cell::Text)
}

fn word(word: &str) -> Option<Cell> {
    Some(Cell::Text(word.to_owned()))
}

fn number(number: &impl ToString) -> Option<Cell> {
    Some(Cell::Number(number.to_string()))
}

fn side(preference: Preference) -> &'static str {
    match preference {
        Preference::A => "a",
        Preference::B => "b",
        Preference::Tie => "tie",
    }
}

/// The columns that some label fills, and those of these names.
fn columns(labels: &[Label], to_fill: &[&str]) -> Vec<&'static Column> {
    COLUMNS
        .iter()
        .filter(|(name, of)| {
            to_fill.contains(name) || labels.iter().any(|label| of(label).is_some())
        })
        .collect()
}

/// The file as bytes.
///
/// # Errors
/// What the CSV writer says; it writes to memory, so that only a lack of memory is left.
pub fn labels_csv(labels: &[Label]) -> std::io::Result<Vec<u8>> {
    labels_to_fill(labels, &[])
}

/// The file as bytes, with empty columns of these names too, for people to fill in.
///
/// # Errors
/// As [`labels_csv`].
pub fn labels_to_fill(labels: &[Label], to_fill: &[&str]) -> std::io::Result<Vec<u8>> {
    let mut table = WriterBuilder::new()
        .quote_style(QuoteStyle::NonNumeric)
        .terminator(Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    let columns = columns(labels, to_fill);
    table.write_record(columns.iter().map(|(name, _)| *name))?;
    for label in labels {
        let cells = columns.iter().map(|(_, of)| of(label).map(Cell::csv));
        table.write_record(cells.map(Option::unwrap_or_default))?;
    }
    table.into_inner().map_err(|error| error.into_error())
}

/// The same as JSON lines: an object a label, in which every column stands; what is empty is an empty text, save that an output which
/// is not there is left out: an empty one is an answer.
#[must_use]
pub fn labels_jsonl(labels: &[Label], to_fill: &[&str]) -> Vec<u8> {
    let columns = columns(labels, to_fill);
    let mut text = String::new();
    for label in labels {
        let cells = columns.iter().filter_map(|(name, of)| {
            let cell = match of(label) {
                Some(cell) => cell.json(),
                None if name.starts_with("output") => return None,
                None => Json::String(String::new()),
            };
            Some(((*name).to_owned(), cell))
        });
        text += &Json::Object(cells.collect::<Map<_, _>>()).to_string();
        text.push('\n');
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::label::Texts;

    #[test]
    fn only_filled_columns_are_written_and_no_text_is_a_formula() {
        let label = Label {
            subject: Subject::Item("c,1".into()),
            by: "@ann".into(),
            said: Some(Said::Rating(4.5)),
            critique: Some("=1+1\n\"so\"".into()),
            rubric_version: None,
            at: None,
            seconds: None,
            side: None,
            probability: Some(0.25),
            repeat_of: None,
            cluster: None,
            stated: None,
            texts: Texts::default(),
            line: 2,
        };
        let bytes = labels_csv(&[label]).unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "\"item\",\"annotator\",\"rating\",\"critique\",\"probability\"\n\
             \"c,1\",\"'@ann\",4.5,\"'=1+1\n\"\"so\"\"\",0.25\n"
        );
    }
}
