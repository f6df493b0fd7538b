//! The judges that come with the program are read whole, by the rules of any judge file.

use std::sync::Arc;

use evenhand::domain::case::Case;
use evenhand::domain::decode::Problems;
use evenhand::domain::port::{Scorer, Seen};
use evenhand::domain::score::Measure;
use evenhand::domain::transcript::Transcript;
use evenhand::judge::{BUILTIN, Judge, JudgeFile, Options, builtin};
use evenhand::load::judge_file;

fn read(name: &str) -> JudgeFile {
    let text = builtin(name).expect("a judge of this name");
    let mut problems = Problems::new(format!("{name}.md"));
    let file = judge_file::parse(text, &mut problems);
    assert_eq!(problems.sorted(), []);
    file.expect("a judge without problems")
}

fn seen() -> Seen {
    let mut case = Case::new("c1", "Which planet is the largest?");
    case.expected = Some(serde_json::json!("Jupiter"));
    Seen {
        case: Arc::new(case),
        transcript: Arc::new(Transcript {
            output: "It is Jupiter.".into(),
            ..Transcript::default()
        }),
    }
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
        assert!(judge.measure().decides(), "{} says what passes", known.name);
    }
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
