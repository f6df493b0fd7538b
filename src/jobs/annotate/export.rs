//! What is to be labelled, for teams that have a tool of their own; and what was labelled, as a table.

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::Annotate;
use super::files;
use super::material::{self, Material};
use super::rubric::Rubric;
use crate::analysis::annotation::deck::{Card, Deal, Item};
use crate::analysis::annotation::question::Question;
use crate::domain::label::{Preference, Subject};
use crate::funnel::{html, xml};
use crate::jobs::JobError;
use crate::jobs::label_file::put;
use crate::report::labels_csv;

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportKind {
    /// Tasks for Label Studio, and its labelling config beside them.
    LabelStudio,
    /// The labels, as CSV.
    Csv,
}

/// An export that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// What.
    pub kind: ExportKind,
    /// The file to write.
    pub file: PathBuf,
}

/// Writes what is to be labelled, or what was, and answers the files with what stands in them.
///
/// # Errors
/// As [`super::Session::open`]; [`JobError::NothingToRun`] where there is no label to be exported, [`JobError::Usage`] for a file that is in
/// the way.
pub fn export(
    order: &Annotate,
    exports: &[Export],
    replace: bool,
) -> Result<Vec<(PathBuf, String)>, JobError> {
    let material = material::read(order)?;
    let mut written = Vec::new();
    for export in exports {
        match export.kind {
            ExportKind::LabelStudio => {
                let tasks = tasks(order, &material);
                let count = tasks.len();
                let mut bytes = serde_json::to_vec_pretty(&tasks)
                    .map_err(|error| JobError::Unexpected(error.to_string()))?;
                bytes.push(b'\n');
                put(&export.file, &bytes, replace, "")?;
                let config = export.file.with_extension("xml");
                put(
                    &config,
                    config_of(&material.rubric, &material.items).as_bytes(),
                    replace,
                    "",
                )?;
                written.push((export.file.clone(), format!("{count} Label Studio tasks")));
                written.push((config, "their labelling config".to_owned()));
            }
            ExportKind::Csv => {
                let labels = order.labels.as_ref().unwrap_or(&material.labels);
                let rows = files::rows(labels)?;
                if rows.is_empty() {
                    return Err(JobError::NothingToRun(format!(
                        "{}: there are no labels yet",
                        labels.display()
                    )));
                }
                let bytes =
                    labels_csv(&rows).map_err(|error| JobError::Unexpected(error.to_string()))?;
                put(&export.file, &bytes, replace, "")?;
                written.push((export.file.clone(), format!("{} labels", rows.len())));
            }
        }
    }
    Ok(written)
}

/// The tasks, in an order of chance, as are the sides of pairs. Their data names the output, the side and the probability of the draw, so
/// that labels find their way back; the config shows none of it.
fn tasks(order: &Annotate, material: &Material) -> Vec<Json> {
    let deal = Deal {
        annotator: "",
        seed: material.seed,
        repeats: 0.0,
        key: &order.key,
    };
    let cards = deal.cards(&material.items);
    let task = |card: &Card| {
        let item = &material.items[card.item];
        let mut data = match &item.subject {
            Subject::Item(item) => json!({"item": item}),
            Subject::Trial {
                case,
                target,
                repeat,
            } => json!({"case": case, "target": target, "repeat": repeat}),
        };
        for (name, text) in material.rubric.shown(item, card.first) {
            data[name] = json!(text);
        }
        if matches!(material.rubric.question, Question::Pair { .. }) {
            data["side"] = json!(match card.first {
                Preference::B => "b",
                Preference::A | Preference::Tie => "a",
            });
        }
        if let Some(probability) = item.probability {
            data["draw_probability"] = json!(probability);
        }
        if let Some(cluster) = &item.cluster {
            data["cluster"] = json!(cluster);
        }
        json!({"data": data})
    };
    cards.iter().map(task).collect()
}

/// Label Studio's labelling config: the texts, and one control called `label`.
fn config_of(rubric: &Rubric, items: &[Item]) -> String {
    let mut lines = vec!["<View>".to_owned()];
    let mut names: Vec<&str> = Vec::new();
    let shown = |item| rubric.shown(item, Preference::A);
    for (name, _) in items.iter().flat_map(shown) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in &names {
        lines.push(format!("  <Header value=\"{name}\"/>"));
        lines.push(format!("  <Text name=\"{name}\" value=\"${name}\"/>"));
    }
    let to = names.last().copied().unwrap_or("output");
    lines.push(format!(
        "  <Header value=\"{}\"/>",
        html(&xml(&rubric.asks))
    ));
    lines.push(format!(
        "  <Choices name=\"label\" toName=\"{to}\" choice=\"single\" required=\"true\">"
    ));
    for choice in rubric.question.choices() {
        let key = choice
            .key
            .map_or_else(String::new, |key| format!(" hotkey=\"{key}\""));
        lines.push(format!(
            "    <Choice value=\"{}\"{key}/>",
            html(&xml(&choice.word))
        ));
    }
    lines.push("  </Choices>".to_owned());
    lines.push(format!(
        "  <TextArea name=\"critique\" toName=\"{to}\" placeholder=\"why?\" rows=\"3\"/>"
    ));
    lines.push("</View>\n".to_owned());
    lines.join("\n")
}
