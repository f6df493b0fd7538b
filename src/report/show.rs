//! One case's trials in full: what was asked, what came back, what every scorer said of it, how long it took.

use std::collections::BTreeMap;

use super::content::counted;
use super::content::trial::{ending, facts, reason, texts, verdict, votes, who};
use super::screen::{Ink, Place, Screen};
use crate::domain::case::Case;
use crate::domain::event::TrialFinished;
use crate::domain::score::{Asked, Score};
use crate::funnel::terminal;

/// Characters and lines of one text that are shown unless all of it is asked for.
const MOST_CHARACTERS: usize = 2_000;
const MOST_LINES: usize = 40;

/// A line with a label inside a trial.
const INSIDE: Place = Place {
    indent: 2,
    hang: 12,
    below: 4,
};

/// One trial to be shown.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// How it ended, with its transcript and attempts; `None`: it has not run.
    pub finished: Option<&'a TrialFinished>,
    /// Its target.
    pub target: &'a str,
    /// The repeat, from 0.
    pub repeat: u32,
    /// Its scores, in the suite's order.
    pub scores: &'a [Score],
    /// Whether it is a success; `None`: missing or not defined.
    pub success: Option<bool>,
}

/// What [`show`] looks at besides the trials.
#[derive(Debug, Clone)]
pub struct ShowFrame {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether our own styling is put in.
    pub color: bool,
    /// Whether texts are shown whole, however long.
    pub full: bool,
    /// The suite's name.
    pub suite: String,
    /// How many repeats each case has.
    pub repeats: u32,
    /// By scorer: the state of its judge's calibration (`calibrated`, `stale`, `uncalibrated`).
    pub calibration: BTreeMap<String, String>,
}

/// A case and its trials, one after the other, as a screen.
#[must_use]
pub fn show(case: &Case, trials: &[Shown<'_>], frame: &ShowFrame) -> String {
    let mut page = Page {
        screen: Screen::new(frame.width, frame.color),
        frame,
    };
    page.case(case);
    for trial in trials {
        page.trial(case, trial);
    }
    page.screen.finish()
}

struct Page<'a> {
    screen: Screen,
    frame: &'a ShowFrame,
}

impl Page<'_> {
    fn case(&mut self, case: &Case) {
        let mut parts = vec![self.frame.suite.clone(), format!("case {}", case.id)];
        if !case.tags.is_empty() {
            parts.push(case.tags.join(", "));
        }
        self.screen.paragraph(Ink::Bold, &parts.join(" · "));
        let accepted = case.accepted();
        match accepted.as_slice() {
            [] => {}
            [one] => self.text(0, "expected", one),
            several => self.text(0, "expected, any of", &several.join("\n")),
        }
        if !case.choices.is_empty() {
            self.text(0, "choices", &case.choices.join("\n"));
        }
    }

    fn trial(&mut self, case: &Case, trial: &Shown<'_>) {
        let mut title = trial.target.to_owned();
        if self.frame.repeats > 1 {
            title += &format!(", repeat {} of {}", trial.repeat + 1, self.frame.repeats);
        }
        let (word, ink, why) = ending(trial.finished, trial.success, trial.scores);
        self.screen.gap();
        let hang = Place {
            indent: 0,
            hang: 0,
            below: 2,
        };
        let label = [(title.as_str(), Ink::Bold), (": ", Ink::Plain), (word, ink)];
        self.screen.line(&label);
        if !why.is_empty() {
            self.screen.entry(hang, &[], (&why, Ink::Plain));
        }
        let Some(finished) = trial.finished else {
            return;
        };
        for (label, text) in texts(case, finished) {
            self.text(2, &label, &text);
        }
        self.scores(trial.scores);
        for (label, text) in facts(finished) {
            self.screen
                .entry(INSIDE, &[(label, Ink::Dim)], (&text, Ink::Plain));
        }
    }

    fn scores(&mut self, scores: &[Score]) {
        if scores.is_empty() {
            return;
        }
        self.screen.line(&[("  scores", Ink::Dim)]);
        let widest = scores
            .iter()
            .map(|score| verdict(score).0.chars().count())
            .max();
        let ids = scores
            .iter()
            .map(|score| score.scorer.chars().count())
            .max();
        let (words, ids) = (widest.unwrap_or(0), ids.unwrap_or(0).min(24));
        let at = Place {
            indent: 4,
            hang: 4 + words + 2 + ids + 2,
            below: 8,
        };
        for score in scores {
            let (word, ink) = verdict(score);
            let space = " ".repeat(words + 2 - word.chars().count());
            let id = format!("{:<ids$}", score.scorer);
            let label = [
                (word.as_str(), ink),
                (&space, Ink::Plain),
                (&id, Ink::Plain),
            ];
            self.screen.entry(at, &label, (&reason(score), Ink::Plain));
            if let Some(asked) = &score.asked {
                self.asked(&score.scorer, asked);
            }
        }
    }

    fn asked(&mut self, scorer: &str, asked: &Asked) {
        let state = self.frame.calibration.get(scorer);
        let parts = who(asked, state.map(String::as_str));
        let at = Place {
            indent: 8,
            hang: 8,
            below: 8,
        };
        self.screen.entry(at, &[], (&parts, Ink::Dim));
        for (label, reply) in votes(asked) {
            self.text(8, &label, reply);
        }
    }

    /// A text of several lines under its label, indented; cut where it is long, and said so.
    fn text(&mut self, indent: usize, label: &str, text: &str) {
        let margin = " ".repeat(indent);
        self.screen
            .line(&[(&margin, Ink::Plain), (label, Ink::Dim)]);
        if text.is_empty() {
            self.screen
                .line(&[(&margin, Ink::Plain), ("  (empty)", Ink::Dim)]);
            return;
        }
        let (shown, more) = match self.frame.full {
            true => (text, 0),
            false => cut(text),
        };
        for line in terminal(shown).lines() {
            self.screen.block(indent + 2, line);
        }
        if more > 0 {
            let more = counted(more as u64, "more character");
            let note = format!("{margin}  ... {more}: --full shows all");
            self.screen.line(&[(&note, Ink::Dim)]);
        }
    }
}

/// The beginning of a text that is shown, and how many characters are not.
fn cut(text: &str) -> (&str, usize) {
    let by_characters = text.char_indices().nth(MOST_CHARACTERS).map(|(at, _)| at);
    let by_lines = text
        .match_indices('\n')
        .nth(MOST_LINES - 1)
        .map(|(at, _)| at);
    let end = by_characters.into_iter().chain(by_lines).min();
    let shown = end.map_or(text, |end| &text[..end]);
    (shown, text[shown.len()..].trim_end().chars().count())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::fault::{Fault, FaultKind};
    use crate::domain::message::{Finish, Message, Role, ToolCall, Usage};
    use crate::domain::plan::TrialId;
    use crate::domain::score::{Unscored, Value};
    use crate::domain::transcript::{
        Attempt, Failure, Outcome, Session, Step, StepKind, Timing, Transcript, Turn,
    };

    fn frame() -> ShowFrame {
        ShowFrame {
            width: 100,
            color: false,
            full: false,
            suite: "support-agent".into(),
            repeats: 2,
            calibration: BTreeMap::new(),
        }
    }

    fn case() -> Case {
        let mut case = Case::new("c017", "How long do I have to return a lamp?");
        case.expected = Some(json!(["30 days", "a month"]));
        case.tags = vec!["refunds".into(), "policy".into()];
        case
    }

    fn finished() -> TrialFinished {
        let messages = [
            Message::new(Role::System, "You are a support agent.\nBe brief."),
            Message::new(Role::User, "How long do I have to return a lamp?"),
            Message::new(Role::Assistant, "You can return it within 14 days."),
        ];
        let failed = |kind, message: &str, status, took_ms, waited_ms| Attempt {
            fault: Some(Fault {
                status,
                ..Fault::new(kind, message)
            }),
            took_ms,
            waited_ms,
        };
        TrialFinished {
            ordinal: 33,
            trial: TrialId {
                target: "next".into(),
                case: "c017".into(),
                variant: "original".into(),
                repeat: 0,
            },
            outcome: Outcome::Answered,
            attempts: vec![
                failed(
                    FaultKind::RateLimited,
                    "slow down",
                    Some(429),
                    121.0,
                    2_000.0,
                ),
                failed(
                    FaultKind::TimedOut,
                    "no byte for 60 s",
                    None,
                    60_000.0,
                    4_100.0,
                ),
                Attempt {
                    fault: None,
                    took_ms: 1_482.0,
                    waited_ms: 0.0,
                },
            ],
            transcript: Transcript {
                case: "c017".into(),
                target: "next".into(),
                sessions: vec![Session {
                    id: String::new(),
                    turns: vec![Turn {
                        steps: messages.iter().map(Step::message).collect(),
                    }],
                }],
                output: "You can return it within 14 days.".into(),
                finish: Some(Finish::Stop),
                usage: Some(Usage {
                    input: 412,
                    cached: 128,
                    output: 96,
                    reasoning: 0,
                }),
                cost_usd: Some(0.000_12),
                timing: Timing {
                    first_token_ms: Some(211.0),
                    total_ms: 1_482.0,
                    waited_ms: 6_100.0,
                    ..Timing::default()
                },
                model_returned: Some("qwen3:8b".into()),
                ..Transcript::default()
            },
            reused: None,
        }
    }

    fn scores() -> Vec<Score> {
        let asked = |reply: &str| Asked {
            judge: "4be19a0c33f7d2e84be19a0c33f7d2e8".into(),
            replies: vec![reply.into()],
            took_ms: 812.0,
            model_returned: Some("qwen3:14b".into()),
            attempts: 1,
            ..Asked::default()
        };
        let mut helpful = Score::new("helpful", Value::Number(2.0)).because("2 of 5");
        helpful.pass = Some(false);
        helpful.asked = Some(asked(
            "The period is wrong; the customer would lose 16 days.\n\nRATING: 2",
        ));
        let mut tone =
            Score::unscored("tone", Unscored::Unreadable, "no class among those offered");
        tone.asked = Some(asked("Well, it depends."));
        vec![
            Score::pass(
                "cites-policy",
                false,
                "none of \"30 days\", \"a month\" occurs",
            ),
            Score::pass("short", true, "33 characters"),
            helpful,
            tone,
            Score::new("checks", Value::NotApplicable),
        ]
    }

    #[test]
    fn a_failing_case_is_shown_with_all_that_was_said_of_it() {
        let (finished, scores) = (finished(), scores());
        let shown = Shown {
            finished: Some(&finished),
            target: "next",
            repeat: 0,
            scores: &scores,
            success: Some(false),
        };
        insta::assert_snapshot!(show(&case(), &[shown], &frame()));
    }

    #[test]
    fn every_other_way_to_end_has_its_word() {
        let mut crashed = finished();
        crashed.outcome = Outcome::Failed {
            kind: Failure::Fault(FaultKind::Crashed),
            message: "exit code 3; last line: KeyError".into(),
        };
        crashed.attempts.drain(..2);
        crashed.transcript = Transcript::default();
        let mut errored = finished();
        errored.outcome = Outcome::Errored {
            fault: Fault::new(FaultKind::Unavailable, "connection refused"),
        };
        errored.transcript = Transcript::default();
        let mut stopped = crashed.clone();
        stopped.outcome = Outcome::Stopped {
            why: "interrupted".into(),
        };
        let ends = [Some(&crashed), Some(&errored), Some(&stopped), None];
        let shown: Vec<Shown<'_>> = ends
            .iter()
            .zip(0..)
            .map(|(finished, repeat)| Shown {
                finished: *finished,
                target: "next",
                repeat,
                scores: &[],
                success: None,
            })
            .collect();
        let frame = ShowFrame {
            repeats: 4,
            ..frame()
        };
        insta::assert_snapshot!(show(&case(), &shown, &frame));
    }

    #[test]
    fn long_texts_are_cut_and_said_so_unless_all_is_asked_for() {
        let mut finished = finished();
        finished.transcript.output = "word ".repeat(10_000);
        let shown = Shown {
            finished: Some(&finished),
            target: "next",
            repeat: 0,
            scores: &[],
            success: None,
        };
        let cut = show(&case(), &[shown], &frame());
        assert!(cut.len() < 5_000, "{}", cut.len());
        assert!(
            cut.contains("... 47999 more characters: --full shows all"),
            "{cut}"
        );
        let frame = ShowFrame {
            full: true,
            ..frame()
        };
        let full = show(&case(), &[shown], &frame);
        assert_eq!(full.matches("word").count(), 10_000);
        assert!(!full.contains("--full"));
    }

    #[test]
    fn nothing_that_was_said_steers_the_terminal() {
        let hostile = "\u{1b}[2J\u{1b}]0;t\u{7}\r\u{202e}a\u{9b}1m";
        let mut finished = finished();
        let transcript = &mut finished.transcript;
        transcript.output = hostile.into();
        transcript.reasoning = Some(hostile.into());
        transcript.model_returned = Some(hostile.into());
        transcript.tool_calls = vec![ToolCall {
            id: None,
            name: hostile.into(),
            arguments: json!({ hostile: hostile }),
        }];
        let mut step = Step::message(&Message::new(Role::Tool, hostile));
        step.kind = StepKind::ToolResult;
        step.name = Some(hostile.into());
        step.result = Some(json!(hostile));
        transcript.sessions[0].turns[0].steps.push(step);
        if let Some(fault) = &mut finished.attempts[0].fault {
            fault.message = hostile.into();
        }
        let mut scores = scores();
        scores[0].reason = Some(hostile.into());
        scores[1].scorer = hostile.into();
        scores[2].value = Value::Label(hostile.into());
        let asked = scores[3].asked.as_mut().unwrap();
        asked.replies = vec![hostile.into(), hostile.into()];
        asked.model_returned = Some(hostile.into());
        let mut case = case();
        case.id = hostile.into();
        case.tags = vec![hostile.into()];
        case.choices = vec![hostile.into()];
        case.expected = Some(json!(hostile));
        let shown = Shown {
            finished: Some(&finished),
            target: hostile,
            repeat: 0,
            scores: &scores,
            success: None,
        };
        let screen = show(&case, &[shown], &frame());
        let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!screen.contains(steers), "{screen:?}");
    }
}
