//! The cases behind the small run of [`rows`](super::rows), with all that was said in them.

use std::io;

use serde_json::json;

use super::rows;
use crate::analysis::findings::{ScoreCell, TrialRow};
use crate::analysis::held::{Human, HumanValue};
use crate::domain::case::Case;
use crate::domain::event::TrialFinished;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::message::{Message, Role, Usage};
use crate::domain::plan::TrialId;
use crate::domain::score::{Asked, Score, Unscored, Value};
use crate::domain::transcript::{
    Attempt, Failure, Outcome, Session, Step, Timing, Transcript, Turn,
};
use crate::report::{Casebook, Detail, Outline, Trial};

/// Cases held in memory.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct Book {
    pub(in crate::report) sides: Vec<String>,
    pub(in crate::report) cases: Vec<(Outline, Detail)>,
    pub(in crate::report) making: Vec<(&'static str, String)>,
}

impl Casebook for Book {
    fn sides(&self) -> Vec<String> {
        self.sides.clone()
    }

    fn count(&self) -> u64 {
        self.cases.len() as u64
    }

    fn outlines(&mut self, take: &mut dyn FnMut(Outline)) -> io::Result<()> {
        self.cases
            .iter()
            .for_each(|(outline, _)| take(outline.clone()));
        Ok(())
    }

    fn detail(&mut self, place: u64) -> io::Result<Option<Detail>> {
        let found = self.cases.get(usize::try_from(place).unwrap());
        Ok(found.map(|(_, detail)| detail.clone()))
    }

    fn making(&self) -> Vec<(&'static str, String)> {
        self.making.clone()
    }
}

/// The cases of the small run.
pub(in crate::report) fn book() -> Book {
    let (_, rows) = rows();
    let mut book = Book {
        sides: vec!["prod".into(), "next".into()],
        cases: Vec::new(),
        making: vec![
            ("made by", "evenhand 0.1.0".into()),
            ("flags", "--limit 4".into()),
        ],
    };
    for of_case in rows.chunks(4) {
        let id = of_case[0].case.clone();
        let mut case = Case::new(id.clone(), "How long do I have to return a lamp?");
        case.expected = Some(json!(["30 days", "a month"]));
        case.tags = vec!["refunds".into(), "policy".into()];
        case.metadata.insert("source".into(), json!("ticket 7"));
        let of_side = |side: &str| -> Vec<TrialRow> {
            let rows = of_case.iter().filter(|row| row.target == side);
            rows.cloned().collect()
        };
        let rows = [of_side("prod"), of_side("next")];
        let trials = rows.iter().map(|rows| rows.iter().map(trial).collect());
        book.cases.push((
            Outline {
                id,
                tags: case.tags.clone(),
                asks: case.input.text().to_owned(),
                rows: rows.to_vec(),
            },
            Detail {
                trials: trials.collect(),
                case,
            },
        ));
    }
    book
}

fn trial(row: &TrialRow) -> Trial {
    let outcome = match row.state {
        "answered" => Outcome::Answered,
        "failed" => Outcome::Failed {
            kind: Failure::Fault(FaultKind::Crashed),
            message: "exit code 3".into(),
        },
        "errored" => Outcome::Errored {
            fault: Fault::new(FaultKind::TimedOut, "no byte for 60 s"),
        },
        _ => {
            return Trial {
                finished: None,
                scores: Vec::new(),
                success: None,
                people: Vec::new(),
            };
        }
    };
    let said = match row.target.as_str() {
        "prod" => "You can return it within 30 days, with the receipt.",
        _ => "You can return it within 14 days, without the receipt.",
    };
    let messages = [
        Message::new(Role::System, "You are a support agent."),
        Message::new(Role::User, "How long do I have to return a lamp?"),
        Message::new(Role::Assistant, said),
    ];
    let is_answer = outcome == Outcome::Answered;
    let attempt = |fault| Attempt {
        fault,
        took_ms: 1_214.25,
        waited_ms: 0.0,
    };
    let scores = row.scores.iter().zip(["cites-policy", "helpful", "state"]);
    let human = Human {
        value: HumanValue::Rating(4.0),
        probability: None,
        critiques: vec!["Says how long, but not from which day on.".into()],
    };
    Trial {
        success: row.success,
        people: vec![("helpful".into(), human)],
        scores: scores
            .filter_map(|(score, id)| Some(given(id, score.as_ref()?)))
            .collect(),
        finished: Some(TrialFinished {
            ordinal: 0,
            trial: TrialId {
                target: row.target.clone(),
                case: row.case.clone(),
                variant: "original".into(),
                repeat: row.repeat,
            },
            attempts: match row.state {
                "errored" => vec![attempt(Some(Fault::new(
                    FaultKind::TimedOut,
                    "no byte for 60 s",
                )))],
                _ => vec![attempt(None)],
            },
            transcript: Transcript {
                output: if is_answer {
                    said.into()
                } else {
                    String::new()
                },
                sessions: vec![Session {
                    id: String::new(),
                    turns: vec![Turn {
                        steps: messages
                            .iter()
                            .take(if is_answer { 3 } else { 2 })
                            .map(Step::message)
                            .collect(),
                    }],
                }],
                usage: Some(Usage {
                    input: 412,
                    output: 96,
                    ..Usage::default()
                }),
                cost_usd: Some(0.000_91),
                timing: Timing {
                    total_ms: 1_214.25,
                    ..Timing::default()
                },
                model_returned: Some("qwen3:8b".into()),
                ..Transcript::default()
            },
            outcome,
            reused: None,
        }),
    }
}

fn given(id: &str, cell: &ScoreCell) -> Score {
    let mut score = match cell {
        ScoreCell::Pass(pass) => Score::pass(id, *pass, "the text names no policy"),
        ScoreCell::Number(number, pass) => Score {
            pass: *pass,
            ..Score::new(id, Value::Number(*number)).because("kind, and to the point")
        },
        ScoreCell::Label(label) => Score::new(id, Value::Label(label.clone())),
        ScoreCell::Unscored(_) => Score::unscored(id, Unscored::Unreadable, "no verdict in it"),
    };
    if id == "helpful" {
        score.asked = Some(Asked {
            judge: "4be19a0c33f7d2e84be19a0c33f7d2e8".into(),
            replies: vec!["It answers what was asked. Verdict: 4".into()],
            took_ms: 812.0,
            model_returned: Some("qwen3:8b".into()),
            attempts: 1,
            ..Asked::default()
        });
    }
    score
}
