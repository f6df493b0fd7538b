//! Suites whose answers are written down, so that every number is known before anything runs.

use crate::cli::Desk;

/// Answers of one target: for each case, in order, whether each of its repeats is right.
pub(crate) type Answers = Vec<Vec<bool>>;

/// One trial a case.
pub(crate) fn single(right: impl IntoIterator<Item = bool>) -> Answers {
    right.into_iter().map(|right| vec![right]).collect()
}

/// Baseline and candidate over cases of which so many both, only the candidate, only the baseline, and neither get right.
pub(crate) fn pair(both: usize, gained: usize, lost: usize, neither: usize) -> [Answers; 2] {
    let kinds = [
        (both, true, true),
        (gained, false, true),
        (lost, true, false),
        (neither, false, false),
    ];
    let side = |of: fn(&(usize, bool, bool)) -> bool| {
        single(
            kinds
                .iter()
                .flat_map(|kind| std::iter::repeat_n(of(kind), kind.0)),
        )
    };
    [side(|kind| kind.1), side(|kind| kind.2)]
}

/// How a case is called.
pub(crate) fn case_id(index: usize) -> String {
    format!("c{index:03}")
}

/// Cases whose answer is `yes`; each with `more` of its line behind.
pub(crate) fn cases(count: usize, more: impl Fn(usize) -> String) -> String {
    (0..count)
        .map(|index| {
            let (id, more) = (case_id(index), more(index));
            format!("{{\"id\": \"{id}\", \"input\": \"question {index}\", \"expected\": \"yes\"{more}}}\n")
        })
        .collect()
}

/// The file of a `recorded` target that gives these answers; each with `more` of its line behind.
pub(crate) fn outputs(answers: &Answers, more: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for (index, repeats) in answers.iter().enumerate() {
        for (repeat, right) in repeats.iter().enumerate() {
            let (id, more) = (case_id(index), more(index));
            let output = if *right { "yes" } else { "no" };
            text.push_str(&format!(
                "{{\"case\": \"{id}\", \"repeat\": {repeat}, \"output\": \"{output}\"{more}}}\n"
            ));
        }
    }
    text
}

/// A desk with cases, a file of outputs for each target, and a suite that scores them; `more` ends the suite's file.
pub(crate) fn recorded(targets: &[(&str, &Answers)], more: &str) -> Desk {
    let first = targets.first().expect("a target").1;
    let desk = Desk::new(&[("cases.jsonl", &cases(first.len(), |_| String::new()))]);
    let mut suite =
        "version: 1\nsuite: support\nseed: 7\ndataset: {path: cases.jsonl}\ntargets:\n".to_owned();
    for (id, answers) in targets {
        desk.write(&format!("{id}.jsonl"), outputs(answers, |_| String::new()));
        suite += &format!("  - {{id: {id}, kind: recorded, path: {id}.jsonl}}\n");
    }
    suite += "scorers:\n  - {id: right, kind: exact}\n";
    desk.write("suite.yaml", suite + more);
    desk
}
