//! What two annotators said of the same outputs, as a table on the screen.

use unicode_width::UnicodeWidthStr;

use crate::analysis::annotation::disagreement::Confusion;
use crate::funnel::terminal_line;

/// The widest column.
const WIDEST: usize = 16;

/// The table: a row for each value of the first annotator, a column for each of the second.
#[must_use]
pub fn confusion_table(found: &Confusion) -> String {
    let cut = |text: &str| terminal_line(text, WIDEST).into_owned();
    let values: Vec<String> = found.values.iter().map(|value| cut(value)).collect();
    let [one, other] = found.annotators.each_ref().map(|name| cut(name));
    let head = format!("{one} \\ {other}");
    let left = values
        .iter()
        .map(|value| value.width())
        .chain([head.width()])
        .max()
        .unwrap_or(0);
    let padded = |text: &str, width: usize| {
        let gap = " ".repeat(width.saturating_sub(text.width()));
        (format!("{text}{gap}"), format!("{gap}{text}"))
    };
    let mut table = padded(&head, left).0;
    for value in &values {
        table += "  ";
        table += &padded(value, 4).1;
    }
    table.push('\n');
    for (value, row) in values.iter().zip(&found.table) {
        table += &padded(value, left).0;
        for (count, column) in row.iter().zip(&values) {
            table += "  ";
            table += &padded(&count.to_string(), column.width().max(4)).1;
        }
        table.push('\n');
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_the_first_annotators_and_columns_the_seconds() {
        let found = Confusion {
            annotators: ["ann".into(), "bob\u{1b}[2J".into()],
            values: vec!["pass".into(), "refused-rightly".into()],
            table: vec![vec![12, 3], vec![0, 100]],
        };
        assert_eq!(
            confusion_table(&found),
            "ann \\ bob␛[2J    pass  refused-rightly\n\
             pass               12                3\n\
             refused-rightly     0              100\n"
        );
    }
}
