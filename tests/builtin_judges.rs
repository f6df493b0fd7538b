//! The judges that come with the program are read whole, by the rules of any judge file.

use std::sync::Arc;

use evenhand::domain::case::Case;
use evenhand::domain::decode::Problems;
use evenhand::domain::message::{Message, Role};
use evenhand::domain::port::{Scorer, Seen};
use evenhand::domain::score::Measure;
use evenhand::domain::transcript::{Session, Step, Transcript, Turn};
use evenhand::judge::{BUILTIN, Judge, JudgeFile, Options, builtin};
use evenhand::load::judge_file;

fn read(name: &str) -> JudgeFile {
    let text = builtin(name).expect("a judge of this name");
    let mut problems = Problems::new(format!("{name}.md"));
    let file = judge_file::parse(text, &mut problems);
    assert_eq!(problems.sorted(), []);
    file.expect("a judge without problems")
}

/// A case with all that any judge looks at.
fn seen() -> Seen {
    let mut case = Case::new("c1", "Which planet is the largest?");
    case.expected = Some(serde_json::json!("Jupiter"));
    case.context = vec!["Jupiter is larger than all other planets together.".into()];
    let steps = [
        (Role::User, "Which planet is the largest?"),
        (Role::Assistant, "It is Jupiter."),
    ];
    let steps = steps.map(|(role, text)| Step::message(&Message::new(role, text)));
    Seen {
        case: Arc::new(case),
        transcript: Arc::new(Transcript {
            output: "It is Jupiter.".into(),
            sessions: vec![Session {
                id: "1".into(),
                turns: vec![Turn {
                    steps: steps.to_vec(),
                }],
            }],
            ..Transcript::default()
        }),
    }
}

/// All messages of the first question, each below who says it.
fn prompt(name: &str) -> String {
    let judge = Judge::new(read(name), Options::default()).expect("fits its own file");
    let question = judge.ask(&seen()).expect("a question").remove(0);
    let messages = question.messages.iter();
    messages
        .map(|one| format!("## {:?}\n\n{}\n\n", one.role, one.content))
        .collect()
}

#[test]
fn every_builtin_judge_can_be_asked() {
    for known in BUILTIN {
        let file = read(known.name);
        assert_eq!(file.name, known.name);
        let judge = Judge::new(file, Options::default()).expect("fits its own file");
        let questions = judge.ask(&seen()).expect("a question");
        let prompt = &questions[0].messages.last().expect("a message").content;
        assert!(prompt.contains("It is Jupiter.") && !prompt.contains("{{"));
        // Whether a tie is good enough, no judge can know.
        let decides = known.name != "preference";
        assert_eq!(judge.measure().decides(), decides, "{}", known.name);
        assert!(
            judge.usable().is_none(),
            "{} is held to every judge's bars",
            known.name
        );
    }
}

#[test]
fn every_builtin_judge_has_examples_reasons_first_and_a_place_for_a_rubric() {
    let mut bytes = 0;
    for known in BUILTIN {
        bytes += known.text.len();
        assert!(known.text.lines().count() <= 80, "{} is short", known.name);
        assert!(known.summary.len() <= 77, "{} fits a line", known.name);
        assert!(known.text.contains("{%- if rubric %}"), "{}", known.name);
        if known.name == "correctness" {
            // Read by the probability of one token: it has no room for either.
            continue;
        }
        assert!(
            known.text.contains("verdict: json-schema"),
            "{}",
            known.name
        );
        let examples = known.text.matches("\n    reasoning: ").count();
        assert!(examples >= 2, "{} has {examples} examples", known.name);
    }
    assert!(bytes < 64 << 10, "{bytes} bytes are built in");
}

#[test]
fn the_prompts_of_a_classifier_and_of_a_comparison_are_what_they_are() {
    insta::assert_snapshot!("refusal", prompt("refusal"));
    insta::assert_snapshot!("preference", prompt("preference"));
}

#[test]
fn each_mode_answers_in_its_own_measure() {
    let measure = |name| {
        Judge::new(read(name), Options::default())
            .expect("fits its own file")
            .measure()
    };
    for (name, count) in [("refusal", 4), ("memory-recall", 4)] {
        assert!(
            matches!(measure(name), Measure::Label { classes, .. } if classes.len() == count),
            "{name}"
        );
    }
    for name in ["groundedness", "safety"] {
        assert_eq!(measure(name), Measure::PassFail, "{name}");
    }
    let preference = Judge::new(read("preference"), Options::default()).expect("fits its own file");
    assert_eq!(preference.votes(), 2, "asked in both orders");
}

#[test]
fn correctness_is_a_probability_and_helpfulness_a_grade() {
    let measure = |name| {
        Judge::new(read(name), Options::default())
            .expect("fits its own file")
            .measure()
    };
    assert!(
        matches!(measure("correctness"), Measure::Number { scale: Some((low, high)), .. } if low == 0.0 && high == 1.0)
    );
    assert!(
        matches!(measure("helpfulness"), Measure::Number { scale: Some((low, high)), .. } if low == 1.0 && high == 5.0)
    );
    assert_eq!(builtin("no-such-judge"), None);
}
