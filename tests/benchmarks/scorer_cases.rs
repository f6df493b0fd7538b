//! The tables of cases that the official functions were run on.

use std::collections::BTreeMap;

use evenhand::score::alike;
use evenhand::score::benchmark::{Marking, gaia, letters, math, mmlu_pro, ruler, simpleqa, squad};
use evenhand::stats::{Tries, pass_at_k, pass_hat_k};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::tally::{Tally, json};

/// The table of a name, row by row.
fn table<T: DeserializeOwned>(name: &str) -> Option<Vec<T>> {
    value(name)
}

/// The table of a name, in a form of its own.
fn value<T: DeserializeOwned>(name: &str) -> Option<T> {
    let all: BTreeMap<String, Value> = json("scorer_cases/cases.json")?;
    let rows = all.get(name).unwrap_or_else(|| panic!("no table {name}"));
    Some(serde_json::from_value(rows.clone()).unwrap_or_else(|error| panic!("{name}: {error}")))
}

#[test]
fn math_rewriting_and_equality() {
    let (Some(pairs), Some(texts)) = (
        table::<(String, String, bool)>("math_is_equiv"),
        table::<(String, String)>("math_strip_string"),
    ) else {
        return;
    };
    let mut tally = Tally::new("math is_equiv");
    for (a, b, official) in &pairs {
        tally.item(format!("{a} / {b}"), &math::equivalent(a, b), official);
    }
    tally.finish(274);
    let mut tally = Tally::new("math strip_string");
    for (text, official) in &texts {
        let ours = math::normal_form(text).expect("no text of the table stumbles");
        tally.item(text, &ours, official);
    }
    tally.finish(52);
}

#[test]
fn gaia_answers() {
    let Some(rows) = table::<(String, String, bool)>("gaia_question_scorer") else {
        return;
    };
    let mut tally = Tally::new("gaia question scorer");
    for (answer, gold, official) in &rows {
        tally.item(
            format!("{answer} / {gold}"),
            &gaia::right(answer, gold),
            official,
        );
    }
    tally.finish(130);
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "some rows")]
fn ruler_sets() {
    type Sets = (Vec<String>, Vec<Vec<String>>, f64, f64);
    let Some(rows) = table::<Sets>("ruler_[preds,refs,all,part]") else {
        return;
    };
    let mut tally = Tally::new("ruler string_match_all and string_match_part");
    for (place, (answers, wanted, all, part)) in rows.iter().enumerate() {
        let of = |by: ruler::Convention| {
            let sum: f64 = answers
                .iter()
                .zip(wanted)
                .map(|(answer, outputs)| {
                    let row = ruler::Row {
                        outputs: outputs.clone(),
                    };
                    by.verdict(&row, answer).value().expect("a value")
                })
                .sum();
            format!("{:.2}", 100.0 * sum / answers.len() as f64)
        };
        tally.item(
            format!("all {place}"),
            &of(ruler::Convention::All),
            &format!("{all:.2}"),
        );
        tally.item(
            format!("part {place}"),
            &of(ruler::Convention::Part),
            &format!("{part:.2}"),
        );
    }
    tally.finish(80);
}

#[test]
fn letters_of_simple_evals_and_mmlu_pro() {
    #[derive(Deserialize)]
    struct SimpleEvals {
        #[serde(rename = "cases_[text,multichoice_group1,answer_group1]")]
        cases: Vec<(String, Option<String>, Option<String>)>,
    }
    let (Some(rows), Some(pro)) = (
        value::<SimpleEvals>("simple_evals_regex"),
        table::<(String, Option<String>, Option<String>)>("mmlu_pro_[text,l1,l2]"),
    ) else {
        return;
    };
    let mut tally = Tally::new("mmlu, gpqa letter and answer line of simple-evals");
    for (text, letter, line) in &rows.cases {
        tally.item(
            format!("letter {text}"),
            &letters::Convention::English.extract(text),
            letter,
        );
        let ours = letters::answer_line(text).map(str::to_owned);
        tally.item(format!("line {text}"), &ours, line);
    }
    tally.finish(28);
    let mut tally = Tally::new("mmlu-pro extraction levels, table");
    for (text, first, second) in &pro {
        let ours = |by: mmlu_pro::Convention| by.extract(text).map(String::from);
        tally.item(
            format!("level 1 {text}"),
            &ours(mmlu_pro::Convention::Level1),
            first,
        );
        tally.item(
            format!("level 2 {text}"),
            &ours(mmlu_pro::Convention::Level2),
            second,
        );
    }
    tally.finish(46);
}

#[test]
fn squad_exact_match_and_f1() {
    let Some(rows) =
        table::<(String, String, bool, f64)>("squad_[prediction,target,exact_match,f1]")
    else {
        return;
    };
    let mut tally = Tally::new("squad exact match and F1");
    for (answer, gold, exact, f1) in &rows {
        let row = squad::Row {
            answers: squad::Answers::Columns {
                text: vec![gold.clone()],
            },
        };
        let ours = squad::Convention::ExactMatch.verdict(&row, answer).passed();
        tally.item(format!("em {answer} / {gold}"), &ours, &Some(*exact));
        let ours = squad::Convention::F1
            .verdict(&row, answer)
            .value()
            .expect("a value");
        tally.number(format!("f1 {answer} / {gold}"), ours, *f1);
    }
    tally.finish(960);
}

#[test]
fn estimators_of_several_tries() {
    let Some(rows) = table::<(u64, u64, u64, f64, f64)>("estimators_[n,c,k,pass_at_k,pass_hat_k]")
    else {
        return;
    };
    let mut tally = Tally::new("pass@k and pass^k");
    for (trials, successes, k, at, hat) in rows {
        let tries = Tries { trials, successes };
        let name = format!("n={trials} c={successes} k={k}");
        tally.number(
            format!("pass@k {name}"),
            pass_at_k(tries, k).expect("k <= n"),
            at,
        );
        tally.number(
            format!("pass^k {name}"),
            pass_hat_k(tries, k).expect("k <= n"),
            hat,
        );
    }
    tally.finish(300);
}

#[test]
fn simpleqa_figures() {
    let Some(rows) = table::<(String, f64, f64, f64, f64, f64)>(
        "simpleqa_[grades,is_correct,is_incorrect,is_not_attempted,accuracy_given_attempted,f1]",
    ) else {
        return;
    };
    let mut tally = Tally::new("simpleqa figures and F-score");
    for (place, (grades, correct, incorrect, not, given, f_score)) in rows.into_iter().enumerate() {
        let read = |by: simpleqa::Convention| -> Vec<simpleqa::Grade> {
            grades
                .chars()
                .filter_map(|letter| by.grade(&letter.to_string()))
                .collect()
        };
        let grades = read(simpleqa::Convention::Official);
        assert_eq!(grades, read(simpleqa::Convention::Strict));
        let ours = simpleqa::figures(&grades).expect("there are grades");
        for (name, ours, official) in [
            ("correct", ours.correct, correct),
            ("incorrect", ours.incorrect, incorrect),
            ("not attempted", ours.not_attempted, not),
            ("given attempted", ours.accuracy_given_attempted, given),
            ("f score", ours.f_score, f_score),
        ] {
            tally.number(format!("{name} {place}"), ours, official);
        }
    }
    tally.finish(200);
}

#[test]
fn text_metrics_of_the_reference_packages() {
    type Pair = (String, String, f64, f64, f64, f64);
    let Some(rows) =
        table::<Pair>("rouge1_rouge2_rougeL_f_sacrebleu_sentence_[prediction,target,...]")
    else {
        return;
    };
    let mut tally =
        Tally::new("similarity: rouge_1, rouge_2, rouge_l (rouge-score), bleu (sacrebleu)");
    for (answer, gold, one, two, long, bleu) in &rows {
        for (by, official) in [
            ("rouge_1", *one),
            ("rouge_2", *two),
            ("rouge_l", *long),
            // Theirs is a percentage.
            ("bleu", bleu / 100.0),
        ] {
            let ours = alike(by, answer, gold).expect("both texts have words");
            tally.number(format!("{by} {answer} / {gold}"), ours, official);
        }
    }
    tally.finish(240);
}

#[test]
fn token_f1_is_that_of_squad() {
    let Some(rows) =
        table::<(String, String, bool, f64)>("squad_[prediction,target,exact_match,f1]")
    else {
        return;
    };
    let mut tally = Tally::new("similarity: token_f1 (squad)");
    for (answer, gold, _, f1) in &rows {
        let ours = alike("token_f1", answer, gold).expect("any texts have a value");
        tally.number(format!("{answer} / {gold}"), ours, *f1);
    }
    tally.finish(480);
}
