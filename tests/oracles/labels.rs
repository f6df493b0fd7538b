//! The label tables as the oracle cases describe them.

use serde_json::Value;

use super::sheet::{Table, text};

/// The rows of a case: its file, cut by its filter.
pub(crate) fn table(entry: &Value) -> Table {
    let mut table = Table::read(text(entry, "file"));
    let filter = entry["filter"].as_str().unwrap_or("all rows");
    for part in filter.split(", ") {
        if let Some((column, value)) = part.split_once('=') {
            table = table.keep(column, value);
        } else if let Some(count) = part.strip_prefix("first ") {
            let count = count
                .trim_end_matches(" rows")
                .parse()
                .expect("a number of rows");
            table = table.first(count);
        }
    }
    table
}

/// Two columns over the rows where neither is empty.
pub(crate) fn both<'a>(table: &'a Table, a: &str, b: &str) -> (Vec<&'a str>, Vec<&'a str>) {
    let pairs = table.column(a).into_iter().zip(table.column(b));
    pairs
        .filter(|(a, b)| !a.is_empty() && !b.is_empty())
        .unzip()
}

/// All texts that occur, in order.
pub(crate) fn classes(texts: &[&[&str]]) -> Vec<String> {
    let mut all: Vec<String> = texts
        .iter()
        .flat_map(|side| side.iter().map(|&t| t.to_owned()))
        .collect();
    all.sort();
    all.dedup();
    all
}

/// Texts as class numbers.
pub(crate) fn coded(texts: &[&str], classes: &[String]) -> Vec<u32> {
    let code = |text: &&str| {
        classes
            .iter()
            .position(|c| c == text)
            .expect("a known class") as u32
    };
    texts.iter().map(code).collect()
}

/// Cells as numbers, empty ones `None`.
pub(crate) fn numbers(cells: &[&str]) -> Vec<Option<f64>> {
    cells.iter().map(|cell| cell.parse().ok()).collect()
}

/// The columns whose name begins so.
pub(crate) fn columns(table: &Table, start: &str) -> Vec<String> {
    table
        .names()
        .iter()
        .filter(|name| name.starts_with(start))
        .cloned()
        .collect()
}

/// Mean of the human cells that are there, row by row; `None` where there are none.
pub(crate) fn human_means(table: &Table) -> Vec<Option<f64>> {
    rows(table, &columns(table, "human_"))
        .iter()
        .map(|row| {
            let there: Vec<f64> = row.iter().flatten().copied().collect();
            (!there.is_empty()).then(|| there.iter().sum::<f64>() / there.len() as f64)
        })
        .collect()
}

/// Numbers of several columns, row by row.
pub(crate) fn rows(table: &Table, names: &[String]) -> Vec<Vec<Option<f64>>> {
    let columns: Vec<Vec<Option<f64>>> = names
        .iter()
        .map(|name| numbers(&table.column(name)))
        .collect();
    (0..columns[0].len())
        .map(|row| columns.iter().map(|column| column[row]).collect())
        .collect()
}

/// Middle of three human cells.
pub(crate) fn human_medians(table: &Table) -> Vec<f64> {
    rows(table, &columns(table, "human_"))
        .iter()
        .map(|row| {
            let mut there: Vec<f64> = row.iter().flatten().copied().collect();
            there.sort_by(f64::total_cmp);
            there[there.len() / 2]
        })
        .collect()
}

/// Human and judge values of a case about a judge's bias, row by row.
pub(crate) fn human_and_judge(entry: &Value) -> (Vec<f64>, Vec<f64>) {
    let table = table(entry);
    let judge = text(entry, "judge");
    match text(entry, "human") {
        "human_majority == 1" => {
            let (human, judge) = both(
                &table,
                "human_majority",
                judge.split(' ').next().expect("a column"),
            );
            let kept = human
                .iter()
                .zip(&judge)
                .filter(|(h, j)| **h != "tie" && **j != "tie");
            kept.map(|(h, j)| {
                (
                    f64::from(u8::from(*h == "1")),
                    f64::from(u8::from(*j == "1")),
                )
            })
            .unzip()
        }
        "mean of human_01..03" => {
            let human = human_means(&table)
                .into_iter()
                .map(|v| v.expect("a mean"))
                .collect();
            (
                human,
                numbers(&table.column(judge))
                    .into_iter()
                    .map(|v| v.expect("a score"))
                    .collect(),
            )
        }
        "median of human_01..03 >= 4" => {
            let pass = |v: f64| f64::from(u8::from(v >= 4.0));
            let judge = numbers(&table.column(judge.split(' ').next().expect("a column")));
            (
                human_medians(&table).into_iter().map(pass).collect(),
                judge
                    .into_iter()
                    .map(|v| pass(v.expect("a score")))
                    .collect(),
            )
        }
        other => panic!("{other}"),
    }
}

/// Every tenth row is labelled, the rest is not.
pub(crate) fn split(values: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let part = |labelled: bool| {
        let rows = values
            .iter()
            .enumerate()
            .filter(move |(row, _)| (row % 10 == 0) == labelled);
        rows.map(|(_, v)| *v).collect()
    };
    (part(true), part(false))
}
