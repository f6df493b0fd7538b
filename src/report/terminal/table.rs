//! Figures in columns, their points, intervals and counts each lined up.
//!
//! Where they fit, every target has its columns; else every target has a line behind its metric; on a very narrow screen the
//! metric stands above these lines. Notes stand behind their row, or below the table where that would be too wide.

use tabled::Table;
use tabled::builder::Builder;
use tabled::settings::object::{Cell as At, Columns};
use tabled::settings::{Alignment, Modify, Padding, Span, Style};
use unicode_width::UnicodeWidthStr;

use crate::funnel::terminal_line;
use crate::report::content::{Cell, Row};

/// The widest label of a row.
const LABEL_COLUMNS: usize = 28;

/// The widest name of a target, its mark included.
const TARGET_COLUMNS: usize = 30;

/// Columns of the grid for one target: point, interval, count.
const GROUP: usize = 3;

/// The widest reason in the place of a figure.
const REASON_COLUMNS: usize = 40;

/// A target's columns: its name, what is said of it, and the count that its rates share.
#[derive(Debug)]
pub(super) struct Heading {
    pub(super) name: String,
    pub(super) mark: &'static str,
    pub(super) count: String,
}

impl Heading {
    fn text(&self, columns: usize) -> String {
        let room = columns.saturating_sub(self.mark.width());
        format!("{}{}", terminal_line(&self.name, room), self.mark)
    }
}

/// A table to be laid out.
#[derive(Debug)]
pub(super) struct Figures<'a> {
    /// Stands over the labels; may be empty.
    pub(super) title: &'a str,
    pub(super) headings: &'a [Heading],
    pub(super) rows: &'a [Row],
    /// The same rows with every count, for layouts without a head that could hold the shared one.
    pub(super) whole: &'a [Row],
    /// The least width of the labels, so that tables below one another share it.
    pub(super) label_width: usize,
}

/// The table as lines of at most `width` columns, and how many of them are its head.
pub(super) fn lay_out(figures: &Figures<'_>, width: usize) -> (String, usize) {
    let title = terminal_line(figures.title, width);
    let figures = &Figures {
        title: &title,
        ..*figures
    };
    let fits = |lines: &str| lines.lines().all(|line| line.width() <= width);
    let heads = 1 + usize::from(figures.headings.iter().any(|one| !one.count.is_empty()));
    let heads = heads + usize::from(stands_above(figures));
    let layouts: [(Layout, usize); 3] = [(beside, heads), (behind, 0), (below, 0)];
    for (lay_out, heads) in layouts {
        for shows in Shows::ALL {
            // Counts go last and only where columns are gone already.
            if heads > 0 && !shows.counts {
                continue;
            }
            let lines = lay_out(figures, shows);
            if fits(&lines) {
                let notes = if shows.notes {
                    String::new()
                } else {
                    notes(figures)
                };
                return (lines + &notes, heads);
            }
        }
    }
    (below(figures, Shows::NEITHER) + &notes(figures), 0)
}

/// One way to lay a table out.
type Layout = fn(&Figures<'_>, Shows) -> String;

/// What a layout has room for besides the figures.
#[derive(Debug, Clone, Copy)]
struct Shows {
    notes: bool,
    counts: bool,
}

impl Shows {
    const NEITHER: Self = Self {
        notes: false,
        counts: false,
    };
    const ALL: [Self; 4] = [
        Self {
            notes: true,
            counts: true,
        },
        Self {
            notes: false,
            counts: true,
        },
        Self {
            notes: true,
            counts: false,
        },
        Self::NEITHER,
    ];

    fn note(self, row: &Row) -> String {
        if self.notes {
            row.note.clone()
        } else {
            String::new()
        }
    }

    fn cell(self, cell: &Cell) -> Cell {
        let mut cell = cell.clone();
        if !self.counts {
            cell.count.clear();
        }
        cell
    }
}

/// Whether the title is too long to stand over the labels.
fn stands_above(figures: &Figures<'_>) -> bool {
    figures.title.width() > figures.label_width
}

/// How wide the labels of some rows are.
pub(super) fn label_width(rows: &[Row]) -> usize {
    rows.iter().map(|row| label(row).width()).max().unwrap_or(0)
}

fn label(row: &Row) -> String {
    let indent = if row.is_term { "  " } else { "" };
    format!("{indent}{}", terminal_line(&row.label, LABEL_COLUMNS))
}

/// The notes of the rows as lines of their own.
fn notes(figures: &Figures<'_>) -> String {
    let noted = figures.rows.iter().filter(|row| !row.note.is_empty());
    let lines = noted.map(|row| {
        let note = terminal_line(&row.note, LABEL_COLUMNS);
        format!("\n  {}: {note}", label(row).trim_start())
    });
    lines.collect()
}

/// A line of a table: texts, then a figure for each of its targets, then a note.
struct Line {
    texts: Vec<String>,
    figures: Vec<Cell>,
    note: String,
}

/// Every target has its columns.
fn beside(figures: &Figures<'_>, shows: Shows) -> String {
    let headings = figures.headings;
    let head = |text: &str, of: &dyn Fn(&Heading) -> String| Line {
        texts: vec![format!("{text:<width$}", width = figures.label_width)],
        figures: headings.iter().map(|one| Cell::text(of(one))).collect(),
        note: String::new(),
    };
    let (above, title) = match stands_above(figures) {
        true => (figures.title, ""),
        false => ("", figures.title),
    };
    let mut lines = vec![head(title, &|one| one.text(TARGET_COLUMNS))];
    if headings.iter().any(|one| !one.count.is_empty()) {
        lines.push(head("", &|one| one.count.clone()));
    }
    lines.extend(figures.rows.iter().map(|row| Line {
        texts: vec![label(row)],
        figures: row.cells.iter().map(|cell| shows.cell(cell)).collect(),
        note: shows.note(row),
    }));
    titled(above, &draw(&lines, headings.len()))
}

/// Every target has a line, and its metric stands before the first of them.
fn behind(figures: &Figures<'_>, shows: Shows) -> String {
    let mut lines = Vec::new();
    for row in figures.whole {
        for (nth, (one, cell)) in figures.headings.iter().zip(&row.cells).enumerate() {
            let first = nth == 0;
            let name = if first { label(row) } else { String::new() };
            let name = format!("{name:<width$}", width = figures.label_width);
            lines.push(Line {
                texts: vec![name, one.text(TARGET_COLUMNS)],
                figures: vec![shows.cell(cell)],
                note: if first {
                    shows.note(row)
                } else {
                    String::new()
                },
            });
        }
    }
    titled(figures.title, &draw(&lines, 1))
}

/// Every target has a line, and its metric stands above the first of them.
fn below(figures: &Figures<'_>, shows: Shows) -> String {
    let mut text = String::new();
    for row in figures.whole {
        let targets = figures.headings.iter().zip(&row.cells);
        let lines: Vec<Line> = targets
            .map(|(one, cell)| Line {
                texts: vec![format!(
                    "    {}",
                    one.text(TARGET_COLUMNS / 2 + one.mark.len())
                )],
                figures: vec![shows.cell(cell)],
                note: String::new(),
            })
            .collect();
        let note = shows.note(row);
        let gap = if note.is_empty() { "" } else { "   " };
        text = format!("{text}\n{}{gap}{note}\n{}", label(row), draw(&lines, 1));
    }
    titled(figures.title, text.trim_start_matches('\n'))
}

fn titled(title: &str, lines: &str) -> String {
    match title.is_empty() {
        true => lines.to_owned(),
        false => format!("{title}\n{lines}"),
    }
}

/// Lines with so many targets each, as text.
fn draw(lines: &[Line], targets: usize) -> String {
    let texts = lines.first().map_or(1, |line| line.texts.len());
    let mut builder = Builder::default();
    for line in lines {
        let mut record = line.texts.clone();
        for cell in &line.figures {
            let point = terminal_line(&cell.point, REASON_COLUMNS).into_owned();
            record.extend([point, cell.interval.clone(), cell.count.clone()]);
        }
        record.push(terminal_line(&line.note, LABEL_COLUMNS).into_owned());
        builder.push_record(record);
    }
    let mut table = builder.build();
    table.with(Style::empty()).with(Padding::zero());
    let any = |has: &dyn Fn(&Line) -> bool| lines.iter().any(has);
    for column in 1..texts {
        place(&mut table, column, 2, Alignment::left());
    }
    for target in 0..targets {
        let of = |line: &Line| line.figures.get(target).cloned().unwrap_or_default();
        let counted = any(&|line| !of(line).count.is_empty());
        let first = texts + target * GROUP;
        place(&mut table, first, 3, Alignment::right());
        place(&mut table, first + 1, 1, Alignment::left());
        place(
            &mut table,
            first + 2,
            if counted { 2 } else { 0 },
            Alignment::right(),
        );
        for (nth, line) in lines.iter().enumerate() {
            let cell = of(line);
            // A reason takes the room of a figure, and one in place of an interval that of a count which is not there.
            let (at, wide) = match (cell.interval.is_empty(), cell.count.is_empty()) {
                (true, _) => (first, GROUP),
                (false, true) => (first + 1, GROUP - 1),
                (false, false) => continue,
            };
            let span = Span::column(wide.cast_signed());
            let wide = Modify::new(At::new(nth, at)).with(span);
            table.with(wide.with(Alignment::left()));
        }
    }
    let noted = any(&|line| !line.note.is_empty());
    place(
        &mut table,
        texts + targets * GROUP,
        if noted { 2 } else { 0 },
        Alignment::left(),
    );
    let text = table.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// Sets a column's distance from the one before it, and where its texts lean.
fn place(table: &mut Table, column: usize, gap: usize, lean: Alignment) {
    let column = Modify::new(Columns::one(column));
    table.with(column.with(Padding::new(gap, 0, 0, 0)).with(lean));
}
