//! Measures of likeness against figures of the programs that defined them: rouge-score without its stemmer, sacrebleu's sentence BLEU,
//! SQuAD's F1.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use evenhand::domain::case::Case;
use evenhand::domain::decode::{Problems, read};
use evenhand::domain::kind::find;
use evenhand::domain::port::Seen;
use evenhand::domain::score::Value;
use evenhand::domain::transcript::Transcript;
use evenhand::domain::tree::Node;
use serde_json::{Value as Json, json};

/// The figures, where the folder with them is there.
fn figures() -> Option<Json> {
    let shared = std::env::var_os("EVENHAND_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = shared.join("data/benchmarks/scorer_cases/cases.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        #[expect(
            clippy::print_stderr,
            reason = "the notice of a test that has nothing to do"
        )]
        {
            eprintln!("skipped: no {}", path.display());
        }
        return None;
    };
    Some(serde_json::from_str(&text).expect("the figures are JSON"))
}

fn likeness(by: &str, answer: &str, wanted: &str) -> f64 {
    let row = find(evenhand::score::KINDS, "kind", "similarity").expect("the kind is there");
    let mut problems = Problems::new("test");
    let scorer = read(
        &Node::from_json(&json!({"by": by})),
        &mut problems,
        row.decode,
    );
    let scorer = scorer.expect("the options are sound");
    let mut case = Case::new("c", "q");
    case.expected = Some(json!(wanted));
    let seen = Seen {
        case: Arc::new(case),
        transcript: Arc::new(Transcript {
            output: answer.into(),
            ..Transcript::default()
        }),
    };
    match scorer.score("s", &seen).expect("a rule").value {
        Value::Number(number) => number,
        other => panic!("{by} of {answer:?} is {other:?}"),
    }
}

fn holds(by: &str, rows: &Json, least: usize, at: usize, unit: f64) {
    let rows = rows.as_array().expect("a list of rows");
    assert!(rows.len() >= least, "{} rows", rows.len());
    for row in rows {
        let text = |at: usize| row[at].as_str().expect("a text");
        let found = likeness(by, text(0), text(1));
        let wanted = row[at].as_f64().expect("a figure") / unit;
        assert!((found - wanted).abs() < 1e-9, "{by} of {row}: {found}");
    }
}

#[test]
fn token_f1_is_that_of_squad() {
    let Some(figures) = figures() else { return };
    let rows = &figures["squad_[prediction,target,exact_match,f1]"];
    holds("token_f1", rows, 400, 3, 1.0);
}

#[test]
fn rouge_and_bleu_are_those_of_their_programs() {
    let Some(figures) = figures() else { return };
    let rows = &figures["rouge1_rouge2_rougeL_f_sacrebleu_sentence_[prediction,target,...]"];
    holds("rouge_1", rows, 50, 2, 1.0);
    holds("rouge_2", rows, 50, 3, 1.0);
    holds("rouge_l", rows, 50, 4, 1.0);
    holds("bleu", rows, 50, 5, 100.0);
}
