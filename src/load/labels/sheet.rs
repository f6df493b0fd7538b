//! Labels and verdicts side by side: the sheet that a calibration looks at.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::calibration::{Item, Reference, Scale, Sheet, Verdict, Words};
use crate::domain::decode::{Problem, unknown};
use crate::domain::label::{Label, Subject, Texts};

use super::rows::{Found, at};
use super::scale::{scale, value};
use super::verdicts::{Recorded, Verdicts};

/// What is joined.
#[derive(Debug, Clone, Copy)]
pub struct Join<'a> {
    /// The labels, in the file's order.
    pub labels: &'a [Label],
    /// The labels file, as problems name it.
    pub file: &'a str,
    /// The judge's verdicts. An output that is not among them was not judged; one that nobody labelled is judged-only.
    pub verdicts: &'a Verdicts,
    /// Where the verdicts come from, as problems name it.
    pub verdicts_file: &'a str,
    /// The judge's scale; `None`: as the labels' column says, with the classes that occur.
    pub scale: Option<&'a Scale>,
    /// What stands for several annotators; `None`: the majority of classes, the mean of numbers.
    pub of: Option<Reference>,
    /// The class that counts as success.
    pub positive: Option<&'a str>,
    /// The clusters of cases.
    pub clusters: &'a BTreeMap<String, String>,
    /// Texts of outputs, where they do not stand in the rows.
    pub outputs: &'a BTreeMap<Subject, Texts>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// The sheet: labelled outputs in the order of the labels, judged-only ones behind them.
    pub sheet: Sheet,
    /// Rows that repeat another one of the same annotator: they are in no item.
    pub repeats: u64,
    /// How the labelled outputs were drawn: `recorded` (with probabilities), `unstated`.
    pub drawn: &'static str,
}

/// Joins labels and verdicts by their outputs.
///
/// An item's cluster is the row's, else its case's; where several outputs of a case without one are in the sheet, the case itself.
///
/// # Errors
/// Every problem with its line: values of two columns, values off the scale, classes nobody offers, rows of one output that
/// contradict each other about its cluster or its probability, and labels and verdicts that have no output in common.
pub fn join(join: &Join<'_>) -> Result<Joined, Vec<Problem>> {
    let mut found = Found::default();
    let labels: Vec<&Label> = join
        .labels
        .iter()
        .filter(|label| label.repeat_of.is_none())
        .collect();
    let Some(scale) = scale(join, &labels, &mut found) else {
        return found.unless(join.file, ()).and(Err(Vec::new()));
    };
    let annotators: Vec<String> = labels
        .iter()
        .map(|label| label.by.clone())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let mut known: BTreeMap<&Subject, usize> = BTreeMap::new();
    let mut groups: Vec<(&Subject, Vec<&Label>)> = Vec::new();
    for label in &labels {
        let place = *known.entry(&label.subject).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, rows)) => rows.push(label),
            None => groups.push((&label.subject, vec![label])),
        }
    }
    if !join.verdicts.is_empty()
        && !groups
            .iter()
            .any(|(subject, _)| join.verdicts.contains_key(*subject))
    {
        found.note(at(join.file, 0, nothing_in_common(join, &groups)));
    }
    drawn_whole(join, &labels, &mut found);
    let judged_only = join
        .verdicts
        .keys()
        .filter(|subject| !known.contains_key(subject));
    groups.extend(judged_only.map(|subject| (subject, Vec::new())));
    let mut outputs_of: BTreeMap<&str, u64> = BTreeMap::new();
    for (subject, _) in &groups {
        if let Subject::Trial { case, .. } = subject {
            *outputs_of.entry(case).or_default() += 1;
        }
    }
    let read = Reading {
        join,
        scale: &scale,
        annotators: &annotators,
        outputs_of: &outputs_of,
    };
    let items = groups
        .iter()
        .map(|(subject, rows)| read.item(subject, rows, &mut found))
        .collect();
    let positive = match (join.positive, &scale) {
        (Some(wanted), Scale::Classes(names)) => {
            let place = names.iter().position(|name| name == wanted);
            if place.is_none() {
                let known: Vec<&str> = names.iter().map(String::as_str).collect();
                found.note(at("--positive", 0, unknown("class", wanted, &known)));
            }
            place
        }
        (Some(_), _) => {
            let message = format!("there are no classes here, the scale is {}", scale.name());
            found.note(at("--positive", 0, message));
            None
        }
        (None, _) => None,
    };
    let of = join.of.unwrap_or(match scale {
        Scale::Grades { .. } | Scale::Number => Reference::Mean,
        Scale::PassFail | Scale::Classes(_) | Scale::Preference => Reference::Majority,
    });
    let is_drawn = labels.iter().any(|label| label.probability.is_some());
    let joined = Joined {
        repeats: (join.labels.len() - labels.len()) as u64,
        drawn: if is_drawn { "recorded" } else { "unstated" },
        sheet: Sheet {
            scale,
            of,
            annotators,
            items,
            positive,
        },
    };
    found.unless(join.file, joined)
}

fn nothing_in_common(join: &Join<'_>, groups: &[(&Subject, Vec<&Label>)]) -> String {
    let label = groups.first().map(|(subject, _)| subject.name());
    let verdict = join.verdicts.keys().next().map(Subject::name);
    format!(
        "no labelled output was judged: the labels name `{}`, {} names `{}`; name outputs alike in both",
        label.unwrap_or_default(),
        join.verdicts_file,
        verdict.unwrap_or_default()
    )
}

/// Notes labels without a probability beside labels that have one: with holes they weigh nothing.
fn drawn_whole(join: &Join<'_>, labels: &[&Label], found: &mut Found) {
    let with = labels.iter().find(|label| label.probability.is_some());
    let without = labels.iter().find(|label| label.probability.is_none());
    if let (Some(with), Some(without)) = (with, without) {
        let message = format!(
            "`probability` is empty here and {} in line {}; fill it in everywhere or nowhere",
            with.probability.unwrap_or_default(),
            with.line
        );
        found.note(at(join.file, without.line, message));
    }
}

struct Reading<'a> {
    join: &'a Join<'a>,
    scale: &'a Scale,
    annotators: &'a [String],
    /// How many outputs of a case there are.
    outputs_of: &'a BTreeMap<&'a str, u64>,
}

impl Reading<'_> {
    fn item(&self, subject: &Subject, rows: &[&Label], found: &mut Found) -> Item {
        let file = self.join.file;
        let recorded = self.join.verdicts.get(subject);
        let mut labels = vec![None; self.annotators.len()];
        for row in rows {
            let place = self.annotators.iter().position(|name| *name == row.by);
            let (Some(place), Some(said)) = (place, &row.said) else {
                continue;
            };
            match value(self.scale, said) {
                Ok(value) => labels[place] = Some(value),
                Err(message) => found.note(at(file, row.line, message)),
            }
        }
        let verdict = match recorded {
            None => Verdict::Absent,
            Some(Recorded { said: None, .. }) => Verdict::Unreadable,
            Some(Recorded {
                said: Some(said),
                line,
                ..
            }) => match value(self.scale, said) {
                Ok(value) => Verdict::Read(value),
                Err(message) => {
                    found.note(at(self.join.verdicts_file, *line, message));
                    Verdict::Unreadable
                }
            },
        };
        let probability = agreed(file, rows, "probability", |row| row.probability, found);
        let cluster = agreed(file, rows, "cluster", |row| row.cluster.clone(), found);
        Item {
            cluster: cluster
                .or_else(|| recorded?.cluster.clone())
                .or_else(|| self.cluster_of(subject)),
            target: match subject {
                Subject::Trial { target, .. } => Some(target.clone()),
                Subject::Item(_) => None,
            },
            stated: recorded.and_then(|recorded| recorded.stated),
            orders: recorded.and_then(|recorded| recorded.orders),
            probability,
            words: self.words(subject, rows, recorded),
            ..Item::new(subject.name(), labels, verdict)
        }
    }

    /// The cluster of a case; the case itself where several of its outputs are here.
    fn cluster_of(&self, subject: &Subject) -> Option<String> {
        let Subject::Trial { case, .. } = subject else {
            return None;
        };
        let several = self
            .outputs_of
            .get(case.as_str())
            .is_some_and(|count| *count > 1);
        let of_case = self.join.clusters.get(case).cloned();
        of_case.or_else(|| several.then(|| case.clone()))
    }

    fn words(&self, subject: &Subject, rows: &[&Label], recorded: Option<&Recorded>) -> Words {
        let of_rows = rows.iter().map(|row| &row.texts);
        let elsewhere = [
            recorded.map(|recorded| &recorded.texts),
            self.join.outputs.get(subject),
        ];
        let all: Vec<&Texts> = of_rows.chain(elsewhere.into_iter().flatten()).collect();
        let text = |of: fn(&Texts) -> &Option<String>| Texts::first(&all, of);
        let pair = (text(|texts| &texts.output_a), text(|texts| &texts.output_b));
        let output = match pair {
            (None, None) => text(|texts| &texts.output),
            (a, b) => Some(format!(
                "a: {}\nb: {}",
                a.unwrap_or_default(),
                b.unwrap_or_default()
            )),
        };
        Words {
            input: text(|texts| &texts.input),
            output,
            reason: recorded.and_then(|recorded| recorded.reason.clone()),
            critiques: rows.iter().filter_map(|row| row.critique.clone()).collect(),
        }
    }
}

/// What the rows of an output say alike; `None` where none says anything.
fn agreed<T: PartialEq>(
    file: &str,
    rows: &[&Label],
    column: &str,
    of: impl Fn(&Label) -> Option<T>,
    found: &mut Found,
) -> Option<T> {
    let mut said: Option<(u64, T)> = None;
    for row in rows {
        let Some(value) = of(row) else {
            continue;
        };
        match &said {
            None => said = Some((row.line, value)),
            Some((line, first)) if *first != value => {
                let message = format!(
                    "`{column}` of `{}` is another in line {line}; an output has one",
                    row.subject.name()
                );
                found.note(at(file, row.line, message));
            }
            Some(_) => {}
        }
    }
    said.map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::labels::{file, verdicts};

    struct Desk {
        labels: Vec<Label>,
        verdicts: Verdicts,
        clusters: BTreeMap<String, String>,
        outputs: BTreeMap<Subject, Texts>,
    }

    fn desk(labels: &str, verdicts: &str) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let judges = verdicts::read(&write("v.csv", verdicts), None).unwrap();
        Desk {
            labels: file::read(&write("l.csv", labels), None).unwrap(),
            verdicts: judges.into_values().next().unwrap(),
            clusters: BTreeMap::new(),
            outputs: BTreeMap::new(),
        }
    }

    impl Desk {
        fn join(&self) -> Join<'_> {
            Join {
                labels: &self.labels,
                file: "l.csv",
                verdicts: &self.verdicts,
                verdicts_file: "v.csv",
                scale: None,
                of: None,
                positive: None,
                clusters: &self.clusters,
                outputs: &self.outputs,
            }
        }

        fn faults(&self) -> Vec<String> {
            faults(&self.join())
        }
    }

    fn faults(of: &Join<'_>) -> Vec<String> {
        join(of)
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn labels_and_verdicts_meet_at_their_outputs() {
        let desk = desk(
            "item,annotator,pass,critique,input,probability,repeat_of\n\
             2,bob,pass,fine,ask,0.5,\n1,ann,fail,,,0.25,\n2,ann,fail,no,,0.5,\n2,ann,pass,,,,2\n4,ann,1,,,1,\n",
            "item,judge,pass,score,reason,output\n1,j,1,0.75,because,out\n2,j,,,,\n3,j,0,0.1,,\n",
        );
        let found = join(&desk.join()).unwrap();
        assert_eq!((found.repeats, found.drawn), (1, "recorded"));
        let sheet = found.sheet;
        assert_eq!(
            (sheet.scale, sheet.of),
            (Scale::PassFail, Reference::Majority)
        );
        assert_eq!(sheet.annotators, ["ann", "bob"]);
        let seen: Vec<_> = sheet
            .items
            .iter()
            .map(|item| {
                (
                    item.id.as_str(),
                    item.labels.clone(),
                    item.verdict,
                    item.stated,
                    item.probability,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (
                    "2",
                    vec![Some(0.0), Some(1.0)],
                    Verdict::Unreadable,
                    None,
                    Some(0.5)
                ),
                (
                    "1",
                    vec![Some(0.0), None],
                    Verdict::Read(1.0),
                    Some(0.75),
                    Some(0.25)
                ),
                ("4", vec![Some(1.0), None], Verdict::Absent, None, Some(1.0)),
                ("3", vec![None, None], Verdict::Read(0.0), Some(0.1), None),
            ]
        );
        let words = &sheet.items[0].words;
        assert_eq!(words.critiques, ["fine", "no"]);
        assert_eq!(words.input.as_deref(), Some("ask"));
        let words = &sheet.items[1].words;
        assert_eq!(
            (words.reason.as_deref(), words.output.as_deref()),
            (Some("because"), Some("out"))
        );
    }

    #[test]
    fn a_preference_brings_both_orders_and_both_texts() {
        let desk = desk(
            "item,annotator,preference,output_a,output_b\n1,ann,b,x,y\n",
            "item,judge,preference,order\n1,j,a,ab\n1,j,b,ba\n",
        );
        let sheet = join(&desk.join()).unwrap().sheet;
        assert_eq!(sheet.scale, Scale::Preference);
        let item = &sheet.items[0];
        assert_eq!(
            (item.labels[0], item.verdict),
            (Some(1.0), Verdict::Read(2.0))
        );
        assert!(item.orders.unwrap().depends_on_order());
        assert_eq!(item.words.output.as_deref(), Some("a: x\nb: y"));
    }

    #[test]
    fn clusters_come_from_the_row_else_from_the_case_else_are_the_case() {
        let mut desk = desk(
            "case,target,annotator,pass,cluster\nc1,old,ann,1,t\nc2,old,ann,1,\nc3,old,ann,1,\nc3,new,ann,1,\nc4,old,ann,1,\n",
            "case,target,judge,pass\nc1,old,j,1\n",
        );
        desk.clusters.insert("c1".into(), "other".into());
        desk.clusters.insert("c2".into(), "topic".into());
        let output = Texts {
            output: Some("said".into()),
            ..Texts::default()
        };
        desk.outputs.insert(desk.labels[1].subject.clone(), output);
        let sheet = join(&desk.join()).unwrap().sheet;
        let clusters: Vec<Option<&str>> = sheet
            .items
            .iter()
            .map(|item| item.cluster.as_deref())
            .collect();
        assert_eq!(
            clusters,
            [Some("t"), Some("topic"), Some("c3"), Some("c3"), None]
        );
        assert_eq!(sheet.items[3].target.as_deref(), Some("new"));
        assert_eq!(sheet.items[1].words.output.as_deref(), Some("said"));
    }

    #[test]
    fn classes_are_those_that_occur_or_those_that_the_judge_offers() {
        let desk = desk(
            "item,annotator,class\n1,ann,b\n2,ann,a\n",
            "item,judge,class\n1,j,c\n",
        );
        let of = Join {
            positive: Some("b"),
            ..desk.join()
        };
        let sheet = join(&of).unwrap().sheet;
        assert_eq!(
            sheet.scale,
            Scale::Classes(vec!["a".into(), "b".into(), "c".into()])
        );
        assert_eq!(
            (sheet.items[0].labels[0], sheet.items[0].verdict),
            (Some(1.0), Verdict::Read(2.0))
        );
        assert_eq!(sheet.positive, Some(1));
        let offered = Scale::Classes(vec!["a".into(), "bb".into()]);
        let of = Join {
            scale: Some(&offered),
            positive: Some("x"),
            ..desk.join()
        };
        let said = faults(&of);
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(
            said[0].starts_with("l.csv:2: unknown class `b`"),
            "{said:?}"
        );
        assert!(
            said[1].starts_with("v.csv:2: unknown class `c`"),
            "{said:?}"
        );
        assert!(
            said[2].starts_with("--positive: unknown class `x`"),
            "{said:?}"
        );
    }

    #[test]
    fn what_does_not_go_together_is_named_with_both_lines() {
        let verdict = "item,judge,pass\n1,j,1\n";
        let mixed = desk("item,annotator,pass,rating\n1,ann,1,\n2,ann,,3\n", verdict);
        assert!(
            mixed.faults()[0].starts_with("l.csv:3: this row has a `rating`, line 2 has a `pass`;")
        );
        let other = desk("item,annotator,rating\n1,ann,1\n", verdict);
        assert!(
            other.faults()[0]
                .starts_with("v.csv:2: this verdict is a `pass`, people's labels are a `rating`")
        );
        let holes = desk(
            "item,annotator,pass,probability\n1,ann,1,0.5\n2,ann,1,\n",
            verdict,
        );
        assert!(
            holes.faults()[0].starts_with("l.csv:3: `probability` is empty here and 0.5 in line 2")
        );
        let torn = desk(
            "item,annotator,pass,cluster\n1,ann,1,x\n1,bob,1,y\n",
            verdict,
        );
        assert_eq!(
            torn.faults(),
            ["l.csv:3: `cluster` of `1` is another in line 2; an output has one"]
        );
        let apart = desk("case,target,annotator,pass\n1,next,ann,1\n", verdict);
        assert!(apart.faults()[0].contains("the labels name `1/next`, v.csv names `1`"));
        let cases = desk(
            "item,annotator,class\n1,ann,Good\n",
            "item,judge,class\n1,j,good\n",
        );
        assert!(
            cases.faults()[0].starts_with("v.csv:2: the class `good` is written `Good` elsewhere")
        );
        let graded = Scale::Grades { low: 1, high: 5 };
        let off = desk(
            "item,annotator,rating\n1,ann,6\n",
            "item,judge,rating\n1,j,0\n",
        );
        let of = Join {
            scale: Some(&graded),
            ..off.join()
        };
        assert_eq!(
            faults(&of),
            [
                "l.csv:2: `rating`: 6 is off the scale 1..5",
                "v.csv:2: `rating`: 0 is off the scale 1..5"
            ]
        );
    }
}
