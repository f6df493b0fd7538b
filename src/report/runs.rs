//! The list of runs: one line each, the newest where the caller puts it.

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Modify, Padding, Style};
use unicode_width::UnicodeWidthStr;

use super::screen::{Ink, Screen};
use crate::funnel::terminal_line;

/// The widest cell, and the widest of names before the result where room is short.
const MOST_COLUMNS: usize = 60;
const NARROW_COLUMNS: usize = 24;
/// The widest word of where a run came from: `only errored, reuses` and a date and time.
const FROM_COLUMNS: usize = 36;

/// The shortest prefix of an id that is shown: its date and time.
const SHORTEST_PREFIX: usize = 15;

/// One run in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLine {
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// Its id.
    pub id: String,
    /// Its suite's name.
    pub suite: String,
    /// `complete`, `incomplete`, `interrupted`, `running`.
    pub status: String,
    /// Where it came from, as [`origin`](super::origin) says it; empty for one made from nothing but its suite.
    pub origin: String,
    /// What came out of it, as [`summary`](super::summary) says it.
    pub headline: String,
}

/// Runs as a table, in the order given; a sentence where there are none.
#[must_use]
pub fn runs_table(runs: &[RunLine], width: usize, color: bool) -> String {
    let mut screen = Screen::new(width, color);
    if runs.is_empty() {
        screen.paragraph(Ink::Plain, "no runs here yet: evenhand run SUITE makes one");
        return screen.finish();
    }
    // Where no run came from another, there is nothing to be seen in that column.
    let has_origin = runs.iter().any(|run| !run.origin.is_empty());
    let rows = |whole: bool, dated: bool| -> Vec<Vec<String>> {
        let all = runs.iter();
        all.map(|run| match whole {
            true => row(run, &run.id, dated, has_origin),
            false => row(run, prefix(runs, run), dated, has_origin),
        })
        .collect()
    };
    let mut head = vec!["started (UTC)", "run", "suite", "status"];
    head.extend(has_origin.then_some("from"));
    head.push("result");
    let wide = [rows(true, true), rows(false, true)].map(|rows| draw(&head, &rows, None));
    let fits = |table: &&String| table.lines().all(|line| line.width() <= screen.width());
    let table = match wide.iter().find(fits) {
        Some(table) => table.clone(),
        None => draw(&head[1..], &rows(false, false), Some(screen.width())),
    };
    screen.laid_out(&table, 1);
    screen.finish()
}

/// The beginning of a run's id by which it can be named among those in the list.
fn prefix<'a>(runs: &[RunLine], run: &'a RunLine) -> &'a str {
    let ends = run
        .id
        .char_indices()
        .map(|(at, _)| at)
        .skip(SHORTEST_PREFIX);
    let unique = |end: &usize| {
        let mut others = runs.iter().filter(|other| other.id != run.id);
        others.all(|other| !other.id.starts_with(&run.id[..*end]))
    };
    let end = { ends }.find(unique);
    end.map_or(&run.id, |end| &run.id[..end])
}

/// One run's cells: safe, not yet cut.
fn row(run: &RunLine, id: &str, dated: bool, has_origin: bool) -> Vec<String> {
    let minute: String = run.started.chars().take(16).collect();
    let minute = minute.replace('T', " ");
    let origin = has_origin.then_some(run.origin.as_str());
    let dated = dated.then_some(minute.as_str());
    let cells = dated.into_iter().chain([id, &run.suite, &run.status]);
    let cells = cells.chain(origin).chain([run.headline.as_str()]);
    cells
        .map(|text| terminal_line(text, usize::MAX).into_owned())
        .collect()
}

/// A table; of at most `width` columns where one is given: names are cut at a fixed width and results where the screen ends.
fn draw(head: &[&str], rows: &[Vec<String>], width: Option<usize>) -> String {
    let most = if width.is_some() {
        NARROW_COLUMNS
    } else {
        MOST_COLUMNS
    };
    let last = head.len() - 1;
    // An id is there to be typed: it is cut only where it alone would fill the screen.
    let room_of = |column: usize| match head[column] {
        "run" => MOST_COLUMNS,
        "from" => FROM_COLUMNS,
        _ => most,
    };
    let widest = |column: usize| {
        let cells = rows.iter().map(|row| row[column].width());
        cells
            .max()
            .unwrap_or(0)
            .min(room_of(column))
            .max(head[column].len())
    };
    let before: usize = (0..last).map(|column| widest(column) + 2).sum();
    let result = width.map_or(most, |width| width.saturating_sub(before));
    let mut builder = Builder::default();
    builder.push_record(head.iter().copied());
    for row in rows {
        let cells = row.iter().enumerate();
        builder.push_record(cells.map(|(column, text)| {
            let room = if column == last {
                result
            } else {
                room_of(column)
            };
            terminal_line(text, room).into_owned()
        }));
    }
    let mut table = builder.build();
    table.with(Style::empty()).with(Padding::zero());
    for column in 1..head.len() {
        table.with(Modify::new(Columns::one(column)).with(Padding::new(2, 0, 0, 0)));
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{examples, summary};

    fn runs() -> Vec<RunLine> {
        let of = |findings: crate::analysis::findings::Findings| RunLine {
            headline: summary(&findings),
            started: findings.run.started,
            id: findings.run.id,
            suite: findings.run.suite,
            status: findings.run.status,
            origin: String::new(),
        };
        vec![
            of(examples::quickstart()),
            of(examples::support()),
            of(examples::alone()),
            of(examples::interrupted()),
            of(examples::nothing_at_all()),
        ]
    }

    #[test]
    fn runs_stand_in_columns() {
        let shown: Vec<String> = [140, 110, 80]
            .map(|width| runs_table(&runs(), width, false))
            .into();
        insta::assert_snapshot!(shown.join("\n"));
    }

    #[test]
    fn where_a_run_came_from_stands_before_its_result() {
        let mut runs = runs();
        runs[1].origin = "only failed, 20261121-101010".into();
        let table = runs_table(&runs, 160, false);
        let head: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
        assert_eq!(
            head,
            [
                "started", "(UTC)", "run", "suite", "status", "from", "result"
            ]
        );
        assert!(table.contains("only failed, 20261121-101010"), "{table}");
        let narrow = runs_table(&runs, 100, false);
        assert!(narrow.lines().all(|line| line.width() <= 100), "{narrow}");
    }

    #[test]
    fn no_runs_are_a_sentence() {
        assert_eq!(
            runs_table(&[], 100, false),
            "no runs here yet: evenhand run SUITE makes one\n"
        );
    }

    #[test]
    fn no_name_breaks_the_table() {
        let mut runs = runs();
        runs[0].suite = "\u{1b}[2J\n".repeat(50);
        runs[1].id = "漢".repeat(200);
        runs[2].headline = "\r".repeat(200);
        let table = runs_table(&runs, 100, false);
        assert_eq!(table.lines().count(), 6, "{table}");
        assert!(table.lines().all(|line| line.width() <= 100), "{table}");
    }
}
