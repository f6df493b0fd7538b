//! Verdicts that judges gave elsewhere: the labels file's columns with `judge` in place of `annotator`, `reason` in place of
//! `critique`, and without `probability` and `repeat_of`.
//!
//! An empty value is a verdict that could not be read. `score` is P(pass) as the judge stated it, beside the verdict. A pairwise judge
//! that was asked in both orders has two rows for a pair, told apart by `order`: `ab` where output a stood first, `ba` where output b
//! did (`side` says the same: `a`, `b`). `preference` always names the output, never its place: what counts is the output that both
//! orders name, else a tie; where one of the two could not be read, the pair's verdict could not.

use std::collections::BTreeMap;
use std::path::Path;

use crate::domain::decode::Problem;
use crate::domain::label::{Label, Preference, Said, Subject, Texts};
use crate::stats::{BothOrders, Choice};

use super::entry::{Who, alike, labels};
use super::rows::{Found, Rows};

/// What a judge answered about an output, read from a file or asked now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recorded {
    /// Its verdict; `None`: it could not be read.
    pub said: Option<Said>,
    /// Its reasons.
    pub reason: Option<String>,
    /// A pairwise judge's verdicts in both orders.
    pub orders: Option<BothOrders>,
    /// P(pass) as it stated it.
    pub stated: Option<f64>,
    /// The cluster, where the row has one.
    pub cluster: Option<String>,
    /// Texts that stand in the row.
    pub texts: Texts,
    /// The line of the file, from 1; 0 where there is none.
    pub line: u64,
}

/// A judge's answers.
pub type Verdicts = BTreeMap<Subject, Recorded>;

/// Reads a file of verdicts: by judge, what each said of each output.
///
/// # Errors
/// Every problem with its line: those of a labels file, and a second verdict of a judge about an output that is no second order.
pub fn read(
    path: &Path,
    grades: Option<(i64, i64)>,
) -> Result<BTreeMap<String, Verdicts>, Vec<Problem>> {
    let rows = Rows::read(path)?;
    let mut found = Found::default();
    let labels = labels(&rows, Who::Judge, grades, &mut found);
    let names = labels.iter().map(|label| (label.line, label.by.as_str()));
    alike(&rows, "judge", names, &mut found);
    let mut rows_of: BTreeMap<(String, Subject), Vec<Label>> = BTreeMap::new();
    for label in labels {
        let key = (label.by.clone(), label.subject.clone());
        rows_of.entry(key).or_default().push(label);
    }
    let mut judges: BTreeMap<String, Verdicts> = BTreeMap::new();
    for ((judge, subject), labels) in rows_of {
        match joined(&judge, labels) {
            Ok(recorded) => {
                judges.entry(judge).or_default().insert(subject, recorded);
            }
            Err((line, message)) => found.note(rows.problem(line, message)),
        }
    }
    found.unless(&rows.named, judges)
}

/// One verdict of an output's rows.
fn joined(judge: &str, mut rows: Vec<Label>) -> Result<Recorded, (u64, String)> {
    rows.sort_by_key(|row| (row.side, row.line));
    let mut rows = rows.into_iter();
    let (first, second, third) = (rows.next(), rows.next(), rows.next());
    let Some(first) = first else {
        return Ok(Recorded::default());
    };
    let Some(second) = second else {
        return Ok(Recorded {
            orders: None,
            ..recorded(first)
        });
    };
    let is_a_pair = (first.side, second.side) == (Some(Preference::A), Some(Preference::B));
    if !is_a_pair || third.is_some() {
        let (line, earlier) = match third {
            Some(third) => (third.line, first.line),
            None => (first.line.max(second.line), first.line.min(second.line)),
        };
        let name = first.subject.name();
        return Err((
            line,
            format!(
                "`{judge}` judged `{name}` in line {earlier} already; keep one verdict, or for both orders of a pair one row with \
                 `order` ab and one with ba"
            ),
        ));
    }
    let choices = (choice(&first)?, choice(&second)?);
    let orders = BothOrders {
        original: choices.0,
        swapped: choices.1,
    };
    let reasons: Vec<String> = [&first, &second]
        .into_iter()
        .filter_map(|row| row.critique.clone())
        .collect();
    let said = orders.joined().map(|choice| {
        Said::Preference(match choice {
            Choice::First => Preference::A,
            Choice::Second => Preference::B,
            Choice::Tie => Preference::Tie,
        })
    });
    Ok(Recorded {
        said,
        reason: (!reasons.is_empty()).then(|| reasons.join("\n")),
        orders: Some(orders),
        stated: None,
        ..recorded(first)
    })
}

fn recorded(row: Label) -> Recorded {
    Recorded {
        said: row.said,
        reason: row.critique,
        orders: None,
        stated: row.stated,
        cluster: row.cluster,
        texts: row.texts,
        line: row.line,
    }
}

fn choice(row: &Label) -> Result<Option<Choice>, (u64, String)> {
    match &row.said {
        None => Ok(None),
        Some(Said::Preference(preference)) => Ok(Some(match preference {
            Preference::A => Choice::First,
            Preference::B => Choice::Second,
            Preference::Tie => Choice::Tie,
        })),
        Some(other) => Err((
            row.line,
            format!(
                "two orders have a `preference` each, this row has a `{}`",
                other.column()
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<BTreeMap<String, Verdicts>, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("v.csv");
        std::fs::write(&path, text).unwrap();
        let short = |problem: Problem| {
            let text = problem.to_string();
            text.split_once("v.csv")
                .map(|(_, said)| said.to_owned())
                .unwrap()
        };
        read(&path, None).map_err(|all| all.into_iter().map(short).collect())
    }

    fn item(name: &str) -> Subject {
        Subject::Item(name.into())
    }

    #[test]
    fn an_empty_value_could_not_be_read_and_judges_are_kept_apart() {
        let judges =
            read_text("item,judge,pass,score,reason\n1,one,pass,0.75,so\n2,one,,,\n1,two,fail,,\n")
                .unwrap();
        let one = &judges["one"];
        assert_eq!(one[&item("1")].said, Some(Said::Pass(true)));
        assert_eq!(
            (one[&item("1")].stated, one[&item("1")].reason.as_deref()),
            (Some(0.75), Some("so"))
        );
        assert_eq!(one[&item("2")].said, None);
        assert_eq!(judges["two"].len(), 1);
    }

    #[test]
    fn two_orders_make_one_verdict() {
        let judges = read_text(
            "item,judge,preference,order\n1,j,a,ab\n1,j,a,ba\n2,j,b,ba\n2,j,a,ab\n3,j,a,ab\n3,j,,ba\n4,j,tie,ab\n",
        )
        .unwrap();
        let said = |name| judges["j"][&item(name)].said.clone();
        assert_eq!(said("1"), Some(Said::Preference(Preference::A)));
        assert_eq!(said("2"), Some(Said::Preference(Preference::Tie)));
        assert_eq!(said("3"), None);
        assert_eq!(said("4"), Some(Said::Preference(Preference::Tie)));
        let orders = |name| judges["j"][&item(name)].orders;
        assert!(orders("2").unwrap().depends_on_order());
        assert_eq!(orders("3").unwrap().original, Some(Choice::First));
        assert_eq!(orders("4"), None);
    }

    #[test]
    fn a_second_verdict_that_is_no_second_order_is_refused() {
        let said = read_text(
            "item,judge,pass,order\n1,j,1,\n1,j,1,\n2,j,1,ab\n2,j,1,ab\n3,j,1,ab\n3,j,1,ba\n",
        )
        .unwrap_err();
        assert_eq!(said.len(), 3, "{said:#?}");
        assert!(
            said[0].starts_with(":3: `j` judged `1` in line 2 already"),
            "{said:?}"
        );
        assert!(
            said[1].starts_with(":5: `j` judged `2` in line 4 already"),
            "{said:?}"
        );
        assert!(
            said[2].starts_with(":6: two orders have a `preference` each"),
            "{said:?}"
        );
    }

    #[test]
    fn what_a_judge_cannot_have_said_is_refused() {
        for (text, wanted) in [
            (
                "item,judge,pass,score\n1,j,1,1.5\n",
                ":2: `score`: `1.5` is not a number from 0 to 1",
            ),
            (
                "item,judge,pass,score\n1,j,,0.5\n",
                ":2: there is a `score` and no verdict",
            ),
            (
                "item,judge,preference,order,side\n1,j,a,ab,b\n",
                ":2: `side` and `order` contradict",
            ),
            (
                "item,judge,preference,order\n1,j,a,a\n",
                ":2: `order`: unknown word `a`",
            ),
            (
                "item,annotator,pass\n1,j,1\n",
                ":1: unknown column `annotator`",
            ),
            (
                "item,judge,pass,probability\n1,j,1,1\n",
                ":1: unknown column `probability`",
            ),
        ] {
            let said = read_text(text).unwrap_err();
            assert!(said[0].starts_with(wanted), "{wanted}: {said:?}");
        }
    }
}
