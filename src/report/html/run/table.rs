//! Tables of a page: figures under their targets, and plain rows.

use serde::Serialize;

use crate::analysis::findings::Findings;
use crate::report::content::{Row, column, shared_count};
use crate::report::html::template::{Html, fill};

/// Rows of one table; a file with more has them.
pub(super) const MOST_ROWS: usize = 300;

#[derive(Serialize)]
struct Figures<'a> {
    caption: &'a str,
    first: &'a str,
    targets: Vec<Heading>,
    rows: Vec<Line<'a>>,
    has_notes: bool,
    below: &'a [String],
}

#[derive(Serialize)]
struct Heading {
    name: String,
    mark: &'static str,
    count: String,
}

#[derive(Serialize)]
struct Line<'a> {
    label: &'a str,
    is_term: bool,
    note: &'a str,
    cells: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    point: &'a str,
    interval: &'a str,
    count: &'a str,
}

/// A table of figures, one group of columns for each target; `below` are lines under it.
pub(super) fn figures(
    findings: &Findings,
    (caption, first): (&str, &str),
    mut rows: Vec<Row>,
    below: &[String],
) -> Html {
    if rows.is_empty() {
        return Html::default();
    }
    let beyond = rows.len().saturating_sub(MOST_ROWS);
    rows.truncate(MOST_ROWS);
    let targets = findings.targets.iter().enumerate();
    let targets = targets.map(|(nth, target)| {
        let (name, mark) = column(findings, target);
        let count = shared_count(&mut rows, nth, findings.design.repeats);
        Heading { name, mark, count }
    });
    let targets = targets.collect();
    let mut below = below.to_vec();
    if beyond > 0 {
        below.push(format!(
            "{beyond} more rows: --report json=FILE has them all"
        ));
    }
    let lines = rows.iter().map(|row| Line {
        label: &row.label,
        is_term: row.is_term,
        note: &row.note,
        cells: row
            .cells
            .iter()
            .map(|cell| Shown {
                point: &cell.point,
                interval: &cell.interval,
                count: match cell.count.is_empty() {
                    true => &cell.cases,
                    false => &cell.count,
                },
            })
            .collect(),
    });
    let values = Figures {
        caption,
        first,
        targets,
        rows: lines.collect(),
        has_notes: rows.iter().any(|row| !row.note.is_empty()),
        below: &below,
    };
    fill(include_str!("../../../../reports/run/figures.html"), values)
}

/// A column of a table of words.
pub(super) struct Column {
    name: String,
    holds: Holds,
}

/// What the cells of a column are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Words,
    Figures,
    Counts,
}

impl Column {
    /// Of words.
    pub(super) fn words(name: impl Into<String>) -> Self {
        Self::of(name, Holds::Words)
    }

    /// Of figures: no line ends within an interval.
    pub(super) fn figures(name: impl Into<String>) -> Self {
        Self::of(name, Holds::Figures)
    }

    /// Of numbers, which line up.
    pub(super) fn counts(name: impl Into<String>) -> Self {
        Self::of(name, Holds::Counts)
    }

    fn of(name: impl Into<String>, holds: Holds) -> Self {
        let name = name.into();
        Self { name, holds }
    }
}

/// A figure whose interval and unit stay on its line: only between its point and its interval a line may end.
fn unbroken(figure: &str) -> String {
    let mut within = false;
    let mut text = String::with_capacity(figure.len());
    for (at, letter) in figure.char_indices() {
        within = letter == '[' || within && letter != ']';
        let is_unit = figure[at..].starts_with(" %");
        text.push(match letter {
            ' ' if within || is_unit => '\u{a0}',
            other => other,
        });
    }
    text
}

/// A table of words; the first cell of a row is its heading. Nothing where there are no rows. One that `stacks` has its cells below
/// one another where a page is narrow.
pub(super) fn rows(caption: &str, columns: &[Column], rows: &[Vec<String>], stacks: bool) -> Html {
    #[derive(Serialize)]
    struct Plain<'a> {
        caption: &'a str,
        stacks: bool,
        columns: Vec<Cell<'a>>,
        rows: Vec<Vec<Cell<'a>>>,
    }
    #[derive(Serialize)]
    struct Cell<'a> {
        name: &'a str,
        class: &'static str,
        text: String,
    }
    fn cell<'a>(column: &'a Column, text: &str) -> Cell<'a> {
        let (class, text) = match column.holds {
            Holds::Words => ("", text.to_owned()),
            Holds::Figures => ("", unbroken(text)),
            Holds::Counts => ("number", text.to_owned()),
        };
        let name = &column.name;
        Cell { name, class, text }
    }
    if rows.is_empty() {
        return Html::default();
    }
    let shown = &rows[..rows.len().min(MOST_ROWS)];
    let beyond = rows.len() - shown.len();
    let more = match beyond {
        0 => String::new(),
        more => format!(" {more} more rows are in --report json=FILE."),
    };
    let values = Plain {
        caption: &format!("{caption}{more}"),
        stacks,
        columns: columns.iter().map(|one| cell(one, &one.name)).collect(),
        rows: shown
            .iter()
            .map(|row| columns.iter().zip(row))
            .map(|cells| cells.map(|(one, text)| cell(one, text)).collect())
            .collect(),
    };
    fill(include_str!("../../../../reports/run/rows.html"), values)
}

/// Labelled lines. Nothing where there are none.
pub(super) fn entries<'a>(entries: impl IntoIterator<Item = (&'a str, String, bool)>) -> Html {
    #[derive(Serialize)]
    struct Entry<'a> {
        label: &'a str,
        text: String,
        is_code: bool,
    }
    #[derive(Serialize)]
    struct Entries<'a> {
        entries: Vec<Entry<'a>>,
    }
    let mut last = "";
    let entries: Vec<Entry<'a>> = entries
        .into_iter()
        .map(|(label, text, is_code)| {
            // A label stands once for all its lines.
            let shown = if label == last { "" } else { label };
            last = label;
            Entry {
                label: shown,
                text,
                is_code,
            }
        })
        .collect();
    if entries.is_empty() {
        return Html::default();
    }
    fill(
        include_str!("../../../../reports/run/entries.html"),
        Entries { entries },
    )
}
