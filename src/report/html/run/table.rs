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
                count: &cell.count,
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

/// A table of words; the first cell of a row is its heading. Nothing where there are no rows.
pub(super) fn rows(caption: &str, columns: &[String], rows: &[Vec<String>]) -> Html {
    #[derive(Serialize)]
    struct Plain<'a> {
        caption: &'a str,
        columns: &'a [String],
        rows: &'a [Vec<String>],
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
        columns,
        rows: shown,
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
