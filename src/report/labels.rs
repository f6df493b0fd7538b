//! A labels file: one row a label, for `judge calibrate` and for spreadsheets.
//!
//! Only columns that some label fills are written, in the order of the documentation. Numbers are written with all their digits and
//! unquoted, every text is quoted and can never be a formula; the reader gives back the very labels.

use csv::{QuoteStyle, Terminator, WriterBuilder};

use crate::domain::label::{Label, Preference, Said, Subject};
use crate::funnel::csv_cell;

/// A column and what a label has in it.
type Column = (&'static str, fn(&Label) -> Option<String>);

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
        Subject::Trial { repeat, .. } => Some(repeat.to_string()),
        Subject::Item(_) => None,
    }),
    ("annotator", |label| text(Some(&label.by))),
    ("rating", |label| match &label.said {
        Some(Said::Rating(rating)) => Some(rating.to_string()),
        _ => None,
    }),
    ("pass", |label| match &label.said {
        Some(Said::Pass(pass)) => Some(if *pass { "pass" } else { "fail" }.to_owned()),
        _ => None,
    }),
    ("preference", |label| match &label.said {
        Some(Said::Preference(preference)) => Some(side(*preference)),
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
    ("seconds", |label| {
        label.seconds.map(|seconds| seconds.to_string())
    }),
    ("side", |label| label.side.map(side)),
    ("probability", |label| {
        label.probability.map(|probability| probability.to_string())
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

fn text(text: Option<&String>) -> Option<String> {
    text.map(|text| csv_cell(text).into_owned())
}

fn side(preference: Preference) -> String {
    match preference {
        Preference::A => "a",
        Preference::B => "b",
        Preference::Tie => "tie",
    }
    .to_owned()
}

/// The file as bytes.
///
/// # Errors
/// What the CSV writer says; it writes to memory, so that only a lack of memory is left.
pub fn labels_csv(labels: &[Label]) -> std::io::Result<Vec<u8>> {
    let mut table = WriterBuilder::new()
        .quote_style(QuoteStyle::NonNumeric)
        .terminator(Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    let columns: Vec<&Column> = COLUMNS
        .iter()
        .filter(|(_, of)| labels.iter().any(|label| of(label).is_some()))
        .collect();
    table.write_record(columns.iter().map(|(name, _)| *name))?;
    for label in labels {
        table.write_record(columns.iter().map(|(_, of)| of(label).unwrap_or_default()))?;
    }
    table.into_inner().map_err(|error| error.into_error())
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
