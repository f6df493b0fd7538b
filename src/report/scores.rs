//! A plain table of scores, compared: the finding, who changed sides, and the statistics by their usual names.

use unicode_width::UnicodeWidthStr;

use super::content::{self, counted};
use super::screen::{Ink, Place, Screen};
use super::terminal::flips;
use crate::analysis::findings::Unit;
use crate::analysis::format;
use crate::analysis::table::{Statistic, TableFindings};

/// The screen of `compare --table`; `file` is the table as the user named it. It ends in no gate and no exit line.
#[must_use]
pub fn table_screen(file: &str, found: &TableFindings, width: usize, color: bool) -> String {
    let mut screen = Screen::new(width, color);
    let comparison = &found.comparison;
    let sides = format!("{} against {}", comparison.candidate, comparison.baseline);
    let pairs = counted(comparison.pairs, "pair");
    screen.paragraph(Ink::Bold, &[file, &sides, &pairs].join(" · "));
    screen.gap();
    screen.paragraph(Ink::Bold, &content::sentence(comparison));
    flips(&mut screen, comparison, None);
    if let Some(footing) = content::footing(comparison) {
        let at = Place {
            indent: 2,
            hang: 10,
            below: 4,
        };
        screen.entry(at, &[("pairs", Ink::Dim)], (&footing, Ink::Plain));
    }
    if found.statistics.is_empty() {
        return screen.finish();
    }
    screen.gap();
    screen.paragraph(
        Ink::Bold,
        "statistics (they decide nothing beyond the finding)",
    );
    let widest = found.statistics.keys().map(|name| name.width()).max();
    let at = Place {
        indent: 2,
        hang: 2 + widest.unwrap_or(0) + 2,
        below: 4,
    };
    for (name, statistic) in &found.statistics {
        let shown = match statistic {
            Statistic::Count(count) => count.to_string(),
            Statistic::Number(p) if name.ends_with("_p") || name.ends_with("_midp") => {
                format::p_value(*p)
            }
            Statistic::Number(number) => format::plain(*number),
            Statistic::Figure(figure) => format::figure(Unit::Score, figure, None),
        };
        screen.entry(at, &[(name, Ink::Plain)], (&shown, Ink::Plain));
    }
    screen.finish()
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::analysis::table::{Row, Table, TableOptions, compare_table};

    fn found(rows: impl Iterator<Item = (f64, f64)>) -> TableFindings {
        let table = Table {
            baseline: "prod".into(),
            candidate: "next".into(),
            rows: rows
                .map(|(baseline, candidate)| Row {
                    baseline: Some(baseline),
                    candidate: Some(candidate),
                    cluster: None,
                })
                .collect(),
        };
        let options = TableOptions {
            noise: None,
            max_error_rate: 0.05,
            seed: 7,
            threads: NonZeroUsize::MIN,
        };
        compare_table(&table, &options)
    }

    #[test]
    fn a_table_of_passes_is_compared_and_its_statistics_are_named() {
        let rows = [
            ((1.0, 1.0), 24 - 2),
            ((0.0, 1.0), 9),
            ((1.0, 0.0), 2),
            ((0.0, 0.0), 7),
        ];
        let rows = rows
            .into_iter()
            .flat_map(|(row, times)| std::iter::repeat_n(row, times));
        insta::assert_snapshot!(table_screen("scores.csv", &found(rows), 100, false));
    }

    #[test]
    fn a_table_of_numbers_is_compared_too() {
        let rows = (0..40).map(|n| {
            (
                f64::from(n % 7) / 7.0,
                f64::from(n % 7) / 7.0 + f64::from(n % 3) / 9.0,
            )
        });
        insta::assert_snapshot!(table_screen("scores.csv", &found(rows), 80, false));
    }
}
