//! Labels that other tools export, as a labels file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{JobError, label_file};
use crate::domain::label::Said;
use crate::load::labels::import::{Column, Options, read};

/// What is to be imported.
#[derive(Debug, Clone, Default)]
pub struct ImportLabels {
    /// The tool's export.
    pub file: PathBuf,
    /// The tool; `None`: by the records' shape.
    pub from: Option<String>,
    /// The control, question, score name or key; `None`: the only one.
    pub field: Option<String>,
    /// The annotator of records that name none.
    pub annotator: Option<String>,
    /// What the values are; `None`: as they look.
    pub column: Option<Column>,
    /// The labels file to write.
    pub to: PathBuf,
    /// Also where there is a file already.
    pub force: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedLabels {
    /// The tool.
    pub kind: &'static str,
    /// The field that was taken.
    pub field: String,
    /// The column that it went to.
    pub column: &'static str,
    /// Labels.
    pub labels: usize,
    /// Outputs that have some.
    pub outputs: usize,
    /// The annotators' names, in order.
    pub annotators: Vec<String>,
    /// What is no label, by why, and how often.
    pub left_out: Vec<(String, u64)>,
}

/// Reads a tool's export and writes a labels file.
///
/// # Errors
/// [`JobError::Invalid`] for faults of the export, [`JobError::Usage`] for those of the arguments and for a file that is in the way,
/// [`JobError::Store`] where it cannot be written.
pub fn import_labels(order: &ImportLabels) -> Result<ImportedLabels, JobError> {
    let options = Options {
        from: order.from.clone(),
        field: order.field.clone(),
        annotator: order.annotator.clone(),
        column: order.column,
    };
    let imported = read(&order.file, &options).map_err(JobError::faulty)?;
    let bytes = label_file::bytes(&order.to, &imported.labels, &[])?;
    label_file::put(&order.to, &bytes, order.force, "")?;
    let labels = &imported.labels;
    let annotators: BTreeSet<&str> = labels.iter().map(|label| label.by.as_str()).collect();
    let outputs: BTreeSet<_> = labels.iter().map(|label| &label.subject).collect();
    let column = labels
        .iter()
        .find_map(|label| label.said.as_ref().map(Said::column));
    Ok(ImportedLabels {
        kind: imported.kind,
        field: imported.field,
        column: column.unwrap_or_default(),
        labels: labels.len(),
        outputs: outputs.len(),
        annotators: annotators.into_iter().map(str::to_owned).collect(),
        left_out: imported.left_out,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::domain::label::{Label, Preference, Said, Subject, Texts};
    use crate::load::labels::file;
    use crate::report::labels_csv;

    fn name() -> impl Strategy<Value = String> {
        "[ -~\u{a0}=+@é\u{200b}]{1,8}".prop_filter_map("a name", |text| {
            let text = text.trim().to_owned();
            (!text.is_empty()).then_some(text)
        })
    }

    fn words() -> impl Strategy<Value = Option<String>> {
        proptest::option::of("[ -~\r\n\t=+@é\u{200b}]{1,12}")
    }

    fn label() -> impl Strategy<Value = Label> {
        let subject = prop_oneof![
            name().prop_map(Subject::Item),
            (name(), name(), 0_u32..3).prop_map(|(case, target, repeat)| Subject::Trial {
                case,
                target,
                repeat
            }),
        ];
        let said = prop_oneof![
            proptest::num::f64::NORMAL.prop_map(Said::Rating),
            any::<bool>().prop_map(Said::Pass),
            prop_oneof![
                Just(Preference::A),
                Just(Preference::B),
                Just(Preference::Tie)
            ]
            .prop_map(Said::Preference),
            Just(Said::Class("'=class".into())),
        ];
        let optional = || proptest::option::of(name());
        (
            (subject, said),
            (words(), optional(), optional(), optional()),
            (
                proptest::option::of(0.0..1e6_f64),
                proptest::option::of(1e-9..=1.0_f64),
            ),
            (words(), words(), words(), words(), words()),
        )
            .prop_map(
                |(
                    (subject, said),
                    (critique, rubric_version, at, cluster),
                    (seconds, probability),
                    texts,
                )| Label {
                    subject,
                    by: "ann".into(),
                    said: Some(said),
                    critique,
                    rubric_version,
                    at,
                    seconds,
                    side: Some(Preference::B),
                    probability,
                    repeat_of: None,
                    cluster,
                    stated: None,
                    texts: Texts {
                        input: texts.0,
                        output: texts.1,
                        expected: texts.2,
                        context: None,
                        output_a: texts.3,
                        output_b: texts.4,
                    },
                    line: 0,
                },
            )
    }

    proptest! {
        #[test]
        fn labels_that_are_written_are_read_again_as_they_were(mut labels in proptest::collection::vec(label(), 1..6)) {
            labels.sort_by(|one, other| one.subject.cmp(&other.subject));
            labels.dedup_by(|one, other| one.subject == other.subject);
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("l.csv");
            std::fs::write(&path, labels_csv(&labels).unwrap()).unwrap();
            let mut found = file::read(&path, None).unwrap();
            for label in &mut found {
                label.line = 0;
            }
            // A cell of a table cannot say that its row brings no output along, where others do.
            let outputs: [fn(&mut Texts) -> &mut Option<String>; 3] =
                [|texts| &mut texts.output, |texts| &mut texts.output_a, |texts| &mut texts.output_b];
            for of in outputs {
                let is_there = |label: &mut Label| of(&mut label.texts).as_ref().is_some_and(|text| !text.is_empty());
                if labels.iter_mut().any(is_there) {
                    for label in &mut labels {
                        of(&mut label.texts).get_or_insert_with(String::new);
                    }
                }
            }
            prop_assert_eq!(found, labels);
        }
    }
}
