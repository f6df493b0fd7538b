//! The labels file that people fill in: what is labelled already, then a row for each output that was picked.

use std::collections::BTreeMap;

use super::{Answer, PickLabels};
use crate::analysis::pick::Growth;
use crate::domain::case::{Case, Input};
use crate::domain::label::{Label, Texts};
use crate::domain::message::Role;
use crate::domain::score::Measure;
use crate::domain::suite::ScorerSpec;
use crate::jobs::{JobError, label_file};

/// The column that people fill in.
pub(super) fn column(chosen: &[&ScorerSpec], label: Option<&Label>) -> &'static str {
    if let Some(said) = label.and_then(|label| label.said.as_ref()) {
        return said.column();
    }
    match chosen {
        [spec] => match spec.scorer.measure() {
            Measure::PassFail => "pass",
            // P(pass) is the judge's way to say pass or fail.
            Measure::Number {
                scale: Some((low, high)),
                pass: Some(_),
            } if spec.scorer.is_judge() && (low, high) == (0.0, 1.0) => "pass",
            Measure::Number { .. } => "rating",
            Measure::Label { .. } => "class",
        },
        _ => "pass",
    }
}

/// The file: labels that are there with their new probability, then rows to be filled in.
pub(super) fn rows(
    answers: &[Answer],
    drawn: &Growth,
    known: &BTreeMap<usize, Vec<Label>>,
) -> Vec<Label> {
    let mut rows = Vec::new();
    for (at, labels) in known {
        rows.extend(labels.iter().map(|label| Label {
            probability: Some(drawn.probabilities[*at]),
            ..label.clone()
        }));
    }
    rows.extend(drawn.taken.iter().map(|&at| {
        let answer = &answers[at];
        Label {
            probability: Some(drawn.probabilities[at]),
            cluster: answer.case.cluster.clone(),
            texts: Texts {
                input: Some(conversation(&answer.case.input)),
                output: Some(answer.output.clone()),
                expected: expected(&answer.case),
                ..Texts::default()
            },
            ..Label::unsaid(answer.subject.clone())
        }
    }));
    rows
}

/// The question, as a judge reads it: then a judge's verdict in the run is one of the very same question.
pub(in crate::jobs) fn conversation(input: &Input) -> String {
    match input {
        Input::Messages(messages) if messages.len() > 1 => {
            let said = messages.iter().map(|message| {
                let speaker = match message.role {
                    Role::System => "instructions",
                    Role::User => "user",
                    Role::Assistant => "assistant",
                    Role::Tool => "tool",
                };
                format!("{speaker}: {}", message.content)
            });
            said.collect::<Vec<_>>().join("\n\n")
        }
        other => other.text().to_owned(),
    }
}

/// What was expected, likewise.
fn expected(case: &Case) -> Option<String> {
    match case.accepted().as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        several => Some(format!("any one of:\n- {}", several.join("\n- "))),
    }
}

pub(super) fn write(order: &PickLabels, rows: &[Label], column: &str) -> Result<(), JobError> {
    let bytes = label_file::bytes(&order.out, rows, &["annotator", column, "critique"])?;
    label_file::put(&order.out, &bytes, order.force, " with --out")
}
