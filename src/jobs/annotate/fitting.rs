//! Whether labels that are there fit what is asked now: the same question, the same outputs, and a draw that holds theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::files;
use crate::analysis::annotation::deck::Item;
use crate::analysis::annotation::question::Question;
use crate::domain::label::{Label, Preference, Said, Subject, Texts};
use crate::jobs::JobError;
use crate::jobs::pick::is_same_text;

/// What is asked, of which outputs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fitting<'a> {
    /// What is asked.
    pub(super) question: &'a Question,
    /// Of these.
    pub(super) items: &'a [Item],
    /// Whether labels are only decided about: then any draw of theirs will do.
    pub(super) adjudicates: bool,
}

impl Fitting<'_> {
    /// Refuses labels, of this file, beside which the new ones could not stand.
    ///
    /// # Errors
    /// They answer another question, are of other texts, or of another draw.
    pub(super) fn check(&self, path: &Path, rows: &[Label]) -> Result<(), JobError> {
        of_one_kind(path, rows, self.question)?;
        of_these_texts(path, rows, self.items)?;
        match self.adjudicates {
            true => Ok(()),
            false => of_this_draw(path, rows, self.items),
        }
    }
}

/// Whether something that was said answers this question.
pub(super) fn answers(question: &Question, said: &Said) -> bool {
    let is_offered = || question.word(said, Preference::A).is_some();
    question.column() == said.column() && (matches!(said, Said::Preference(_)) || is_offered())
}

/// Refuses labels that say something else than what is asked.
fn of_one_kind(path: &Path, rows: &[Label], question: &Question) -> Result<(), JobError> {
    let other = rows.iter().find_map(|row| {
        let said = row.said.as_ref()?;
        (!answers(question, said)).then_some((row.line, said))
    });
    match other {
        Some((line, said)) if said.column() == question.column() => Err(files::problem(
            path,
            line,
            "this label is none of the answers that are offered now; ask as it was asked then, or name another file with --labels".to_owned(),
        )),
        Some((line, said)) => Err(files::problem(
            path,
            line,
            format!(
                "this label is a `{}`, and a `{}` is asked for; name another file with --labels",
                said.column(),
                question.column()
            ),
        )),
        None => Ok(()),
    }
}

/// Refuses labels of outputs that bore the same names and said something else, as those of another run do: they would pass for labels of
/// texts that nobody has read.
fn of_these_texts(path: &Path, rows: &[Label], items: &[Item]) -> Result<(), JobError> {
    let known: BTreeMap<&Subject, &Texts> = items
        .iter()
        .map(|item| (&item.subject, &item.texts))
        .collect();
    let is_other = |row: &&Label| {
        known
            .get(&row.subject)
            .is_some_and(|texts| differ(&row.texts, texts))
    };
    match rows.iter().find(is_other) {
        Some(row) => Err(JobError::Usage(format!(
            "{}: `{}` is labelled there, but it was another text, such as another run's: its label says nothing of this one; name another file with --labels",
            place(path, row.line),
            row.subject.name()
        ))),
        None => Ok(()),
    }
}

/// Whether a label was given to other texts than these. One that brings none along was given to whatever has its name.
fn differ(labelled: &Texts, shown: &Texts) -> bool {
    let pairs = [
        (&labelled.output, &shown.output),
        (&labelled.output_a, &shown.output_a),
        (&labelled.output_b, &shown.output_b),
    ];
    pairs.into_iter().any(|pair| match pair {
        // An empty cell is an empty answer or no text at all.
        (Some(labelled), Some(shown)) => !labelled.is_empty() && !is_same_text(labelled, shown),
        _ => false,
    })
}

/// Refuses labels beside which those of this draw would not know what they stand for.
fn of_this_draw(path: &Path, rows: &[Label], items: &[Item]) -> Result<(), JobError> {
    let ours: BTreeSet<&Subject> = items.iter().map(|item| &item.subject).collect();
    let is_drawn = items.iter().any(|item| item.probability.is_some());
    let other = rows.iter().find(|row| {
        let is_ours = ours.contains(&row.subject);
        match is_drawn {
            true => !is_ours && row.repeat_of.is_none(),
            false => !is_ours && row.probability.is_some(),
        }
    });
    match other {
        Some(row) => Err(JobError::Usage(format!(
            "{}: `{}` is labelled there and was not drawn this time, so that nobody could say what the labels stand for together; draw as before (-n as large or larger, the same --seed and --strategy), name another file with --labels, or draw more with `evenhand labels pick --labels`",
            place(path, row.line),
            row.subject.name()
        ))),
        None => Ok(()),
    }
}

/// A file with the line that is meant; 0: no line of its own.
fn place(path: &Path, line: u64) -> String {
    match line {
        0 => path.display().to_string(),
        line => format!("{}:{line}", path.display()),
    }
}
