//! A wide table for people who judged elsewhere: a row is an item, a column an annotator or the judge.

use std::collections::BTreeSet;
use std::path::Path;

use crate::analysis::calibration::{Item, Reference, Scale, Sheet, Verdict};
use crate::domain::decode::{Problem, unknown};

use super::rows::{Found, Row, Rows, number};

/// The most classes: beyond that a column holds texts, not classes.
const MOST_CLASSES: usize = 50;

/// Which columns mean what.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    /// One column an annotator.
    pub human: Vec<String>,
    /// The judge's column.
    pub judge: String,
    /// The declared scale of whole grades, lowest and highest.
    pub scale: Option<(i64, i64)>,
    /// The column by which rows hang together.
    pub cluster: Option<String>,
    /// The column that names items; default: `row N`.
    pub item: Option<String>,
    /// Only rows that have these texts in these columns.
    pub only: Vec<(String, String)>,
    /// Of those, only these: first and last, from 1.
    pub rows: Option<(usize, usize)>,
    /// The class that counts as success.
    pub positive: Option<String>,
    /// What stands for several annotators; default: the majority of classes, the mean of numbers.
    pub of: Option<Reference>,
}

/// Reads a table. An empty human cell: that annotator did not label the item; an empty judge cell: its verdict could not be read.
///
/// Columns of numbers are numbers, with `scale` grades; columns of only 0 and 1, true and false, yes and no, pass and fail are pass
/// and fail; all others, and whatever `positive` names a value of, are classes: each text that occurs is one.
///
/// # Errors
/// Every problem with its row: unknown columns, cells that are no number or off the scale.
pub fn read(path: &Path, columns: &Columns) -> Result<Sheet, Vec<Problem>> {
    let rows = Rows::read(path)?;
    let mut found = Found::default();
    let mut place = |name: &str| {
        let at = rows.column(name);
        if at.is_none() {
            let known: Vec<&str> = rows.columns.iter().map(String::as_str).collect();
            found.note(rows.problem(1, unknown("column", name, &known)));
        }
        at
    };
    let human: Vec<Option<usize>> = columns.human.iter().map(|name| place(name)).collect();
    let judge = place(&columns.judge);
    let cluster = columns.cluster.as_deref().and_then(&mut place);
    let item = columns.item.as_deref().and_then(&mut place);
    let only: Vec<(Option<usize>, &str)> = columns
        .only
        .iter()
        .map(|(name, text)| (place(name), text.as_str()))
        .collect();
    if !found.is_empty() {
        return Err(found.unless(&rows.named, ()).err().unwrap_or_default());
    }
    let (first, last) = columns.rows.unwrap_or((1, usize::MAX));
    let kept: Vec<&Row> = rows
        .rows
        .iter()
        .filter(|row| {
            only.iter()
                .all(|(at, text)| row.cell(*at).unwrap_or("") == *text)
        })
        .skip(first.saturating_sub(1))
        .take((last.saturating_add(1)).saturating_sub(first))
        .collect();
    if kept.is_empty() {
        return Err(vec![
            rows.problem(0, "no row is left; look at --where and --rows"),
        ]);
    }
    let values = human.iter().copied().chain([judge]);
    // What a column holds, and which classes there are, is seen by all its rows, also by those left out here.
    let all = || {
        rows.rows
            .iter()
            .flat_map(|row| values.clone().filter_map(|at| row.cell(at)))
    };
    let scale = scale(columns, &rows, all, &mut found);
    let mut read = |row: &Row, at: Option<usize>, name: &str| -> Option<f64> {
        let cell = row.cell(at)?;
        let value = value(cell, &scale, rows.decimal_comma);
        if value.is_none() {
            let message = format!("column `{name}`: `{}` is {}", brief(cell), not_on(&scale));
            found.note(rows.problem(row.line, message));
        }
        value
    };
    let mut items = Vec::with_capacity(kept.len());
    for (at, row) in kept.iter().enumerate() {
        let labels = human
            .iter()
            .zip(&columns.human)
            .map(|(column, name)| read(row, *column, name))
            .collect();
        let verdict = match read(row, judge, &columns.judge) {
            Some(value) => Verdict::Read(value),
            None => Verdict::Unreadable,
        };
        let id = match row.cell(item) {
            Some(id) => id.to_owned(),
            None => format!("row {}", at + first),
        };
        items.push(Item {
            cluster: row.cell(cluster).map(str::to_owned),
            ..Item::new(id, labels, verdict)
        });
    }
    let positive = match (&columns.positive, &scale) {
        (Some(wanted), Scale::Classes(names)) => names.iter().position(|name| name == wanted),
        _ => None,
    };
    let of = columns.of.unwrap_or(match scale {
        Scale::Grades { .. } | Scale::Number => Reference::Mean,
        _ => Reference::Majority,
    });
    let sheet = Sheet {
        scale,
        of,
        annotators: columns.human.clone(),
        items,
        positive,
    };
    found.unless(&rows.named, sheet)
}

/// What the values of the columns are.
fn scale<'a, I: Iterator<Item = &'a str>>(
    columns: &Columns,
    rows: &Rows,
    all: impl Fn() -> I,
    found: &mut Found,
) -> Scale {
    if let Some((low, high)) = columns.scale {
        return Scale::Grades { low, high };
    }
    if columns.positive.is_none() {
        if all().all(|text| pass(text).is_some()) {
            return Scale::PassFail;
        }
        if all().all(|text| number(text, rows.decimal_comma).is_some()) {
            return Scale::Number;
        }
    }
    let classes: BTreeSet<&str> = all().collect();
    if classes.len() > MOST_CLASSES {
        let message = format!(
            "these columns hold {} different texts: neither classes (at most {MOST_CLASSES}) nor numbers",
            classes.len()
        );
        found.note(rows.problem(0, message));
    }
    if let Some(wanted) = &columns.positive
        && !classes.contains(wanted.as_str())
    {
        let known: Vec<&str> = classes.iter().copied().take(MOST_CLASSES).collect();
        found.note(rows.problem(
            0,
            format!("--positive: {}", unknown("class", wanted, &known)),
        ));
    }
    Scale::Classes(classes.into_iter().map(str::to_owned).collect())
}

/// Pass or fail as people write it.
pub(super) fn pass(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "pass" | "true" | "yes" | "1" => Some(true),
        "fail" | "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

fn value(cell: &str, scale: &Scale, decimal_comma: bool) -> Option<f64> {
    match scale {
        Scale::PassFail => pass(cell).map(|pass| f64::from(u8::from(pass))),
        Scale::Classes(names) => names
            .iter()
            .position(|name| name == cell)
            .map(|at| at as f64),
        Scale::Number => number(cell, decimal_comma),
        Scale::Grades { low, high } => {
            number(cell, decimal_comma).filter(|value| (*low as f64..=*high as f64).contains(value))
        }
        Scale::Preference => None,
    }
}

fn not_on(scale: &Scale) -> String {
    match scale {
        Scale::Grades { low, high } => {
            format!(
                "no number on the scale {low}..{high}; leave the cell empty where there is none"
            )
        }
        _ => "no value of this column; leave the cell empty where there is none".to_owned(),
    }
}

fn brief(cell: &str) -> String {
    cell.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(human: &[&str], judge: &str) -> Columns {
        Columns {
            human: human.iter().map(|name| (*name).to_owned()).collect(),
            judge: judge.to_owned(),
            ..Columns::default()
        }
    }

    fn sheet(text: &str, columns: &Columns) -> Result<Sheet, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, text).unwrap();
        let short = |problem: Problem| {
            let text = problem.to_string();
            text.split_once("t.csv")
                .map(|(_, said)| said.to_owned())
                .unwrap()
        };
        read(&path, columns).map_err(|all| all.into_iter().map(short).collect())
    }

    #[test]
    fn the_columns_tell_what_their_values_are() {
        let both = columns(&["h"], "j");
        for (text, wanted) in [
            ("h,j\n1,0\n,1\n", Scale::PassFail),
            ("h,j\nyes,No\npass,fail\n", Scale::PassFail),
            ("h,j\n1.5,2\n3,\n", Scale::Number),
            (
                "h,j\n1,tie\n2,1\n",
                Scale::Classes(vec!["1".into(), "2".into(), "tie".into()]),
            ),
        ] {
            assert_eq!(sheet(text, &both).unwrap().scale, wanted, "{text:?}");
        }
        let graded = Columns {
            scale: Some((0, 1)),
            ..both.clone()
        };
        assert_eq!(
            sheet("h,j\n1,0\n", &graded).unwrap().scale,
            Scale::Grades { low: 0, high: 1 }
        );
        let positive = Columns {
            positive: Some("2".into()),
            ..both
        };
        assert_eq!(sheet("h,j\n1,2\n", &positive).unwrap().positive, Some(1));
    }

    #[test]
    fn an_empty_cell_is_no_label_or_an_unreadable_verdict() {
        let found = sheet(
            "h,g,j,t\n1,,1,a\n,,0,a\n0,1,,b\n",
            &Columns {
                cluster: Some("t".into()),
                ..columns(&["h", "g"], "j")
            },
        )
        .unwrap();
        let seen: Vec<_> = found
            .items
            .iter()
            .map(|item| {
                (
                    item.id.as_str(),
                    item.labels.clone(),
                    item.verdict,
                    item.cluster.clone().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (
                    "row 1",
                    vec![Some(1.0), None],
                    Verdict::Read(1.0),
                    "a".to_owned()
                ),
                (
                    "row 2",
                    vec![None, None],
                    Verdict::Read(0.0),
                    "a".to_owned()
                ),
                (
                    "row 3",
                    vec![Some(0.0), Some(1.0)],
                    Verdict::Unreadable,
                    "b".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn rows_are_filtered_first_and_counted_then() {
        let wanted = Columns {
            only: vec![("aspect".into(), "x".into())],
            rows: Some((2, 3)),
            item: Some("id".into()),
            ..columns(&["h"], "j")
        };
        let text = "id,aspect,h,j\na,x,1,1\nb,y,1,1\nc,x,1,1\nd,x,1,1\ne,x,1,1\n";
        let ids: Vec<String> = sheet(text, &wanted)
            .unwrap()
            .items
            .into_iter()
            .map(|item| item.id)
            .collect();
        assert_eq!(ids, ["c", "d"]);
        let none = Columns {
            only: vec![("aspect".into(), "z".into())],
            ..wanted
        };
        assert!(sheet(text, &none).unwrap_err()[0].contains("no row is left"));
    }

    #[test]
    fn what_does_not_fit_is_named_by_row_and_column() {
        let graded = Columns {
            scale: Some((1, 5)),
            ..columns(&["h"], "j")
        };
        let said = sheet("h,j\n6,1\n3,good\n2.5,3\n", &graded).unwrap_err();
        assert_eq!(
            said,
            [
                ":2: column `h`: `6` is no number on the scale 1..5; leave the cell empty where there is none",
                ":3: column `j`: `good` is no number on the scale 1..5; leave the cell empty where there is none",
            ]
        );
        assert!(
            sheet("h,j\n1,1\n", &columns(&["hh"], "j")).unwrap_err()[0]
                .contains("did you mean `h`?")
        );
        let positive = Columns {
            positive: Some("3".into()),
            ..columns(&["h"], "j")
        };
        assert!(
            sheet("h,j\n1,2\n", &positive).unwrap_err()[0]
                .contains("--positive: unknown class `3`")
        );
        let texts: String = std::iter::once("h,j\n".to_owned())
            .chain((0..60).map(|at| format!("text {at},x\n")))
            .collect();
        assert!(
            sheet(&texts, &columns(&["h"], "j")).unwrap_err()[0].contains("61 different texts")
        );
    }

    #[test]
    fn decimal_commas_are_numbers_where_cells_end_in_semicolons() {
        let found = sheet("h;j\n4,5;3\n2;1,5\n", &columns(&["h"], "j")).unwrap();
        assert_eq!(found.scale, Scale::Number);
        assert_eq!(found.items[0].labels, [Some(4.5)]);
    }
}
