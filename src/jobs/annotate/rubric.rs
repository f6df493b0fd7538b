//! What an annotator is asked, and by which criteria: a judge's own, so that the labels fit it.

use std::path::Path;
use std::sync::Arc;

use super::Ask;
use crate::analysis::annotation::deck::Item;
use crate::analysis::annotation::question::{Class, Question};
use crate::domain::case::Case;
use crate::domain::decode::Problems;
use crate::domain::instrument::LabelScale;
use crate::domain::label::Preference;
use crate::domain::suite::Suite;
use crate::domain::template::{Scope, Template};
use crate::domain::tree::Span;
use crate::jobs::JobError;
use crate::judge::{JudgeFile, split};
use crate::load::judge_file;
use crate::load::suite::judge_beside;

/// What is asked, and by which criteria.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rubric {
    /// What is asked.
    pub(super) question: Question,
    /// The same in words.
    pub(super) asks: String,
    /// The criteria; empty where there are none.
    pub(super) criteria: String,
    /// Which criteria these are, as labels have it.
    pub(super) version: Option<String>,
    /// What a judge is given; `None`: whatever there is.
    sees: Option<Vec<&'static str>>,
}

/// The texts that may be shown, in the order in which they are.
const TEXTS: [&str; 5] = ["input", "context", "transcript", "expected", "output"];

impl Rubric {
    /// The rubric of what was asked for. `suite`: the run's, whose scorers may be named.
    pub(super) fn of(ask: &Ask, suite: Option<&Suite>) -> Result<Self, JobError> {
        match ask {
            Ask::Question(question) => Ok(Self {
                asks: words(question).to_owned(),
                question: question.clone(),
                criteria: String::new(),
                version: None,
                sees: None,
            }),
            Ask::Judge(named) => {
                let scorers = suite.map_or(&[][..], |suite| suite.scorers.as_slice());
                let of_scorer = scorers
                    .iter()
                    .find(|spec| spec.id == *named)
                    .and_then(|spec| spec.judge.as_ref());
                match of_scorer {
                    Some(judge) => Self::of_judge(&judge.named, &judge.text),
                    None => {
                        let text = judge_beside(Path::new(""), named).map_err(JobError::Usage)?;
                        Self::of_judge(named, &text)
                    }
                }
            }
        }
    }

    fn of_judge(named: &str, text: &str) -> Result<Self, JobError> {
        let mut problems = Problems::new(named);
        let file = match judge_file::parse(text, &mut problems) {
            Some(file) if problems.count() == 0 => file,
            _ => return Err(JobError::Invalid(problems.sorted())),
        };
        let question = question(&file);
        let body = split(text).map_or("", |(_, body, _)| body);
        let seen = TEXTS.into_iter().filter(|name| file.sees(name));
        Ok(Self {
            asks: file.question().to_owned(),
            criteria: criteria(body),
            version: Some(format!("{}@{}", file.name, file.version)),
            sees: Some(seen.collect()),
            question,
        })
    }

    /// Whether an annotator is shown this text: what the judge is given, and no more.
    pub(super) fn shows(&self, text: &str) -> bool {
        let pair = matches!(self.question, Question::Pair { .. }) && text == "output";
        let seen = self.sees.as_ref();
        !pair && seen.is_none_or(|seen| seen.contains(&text))
    }

    /// The texts of an output that an annotator is shown, each under its name, in their order; `first`: which output of a pair stands
    /// first.
    pub(super) fn shown<'a>(
        &self,
        item: &'a Item,
        first: Preference,
    ) -> Vec<(&'static str, &'a str)> {
        let texts = &item.texts;
        let of = |name: &str| match name {
            "input" => texts.input.as_deref(),
            "context" => texts.context.as_deref(),
            "transcript" => item.transcript.as_deref(),
            "expected" => texts.expected.as_deref(),
            _ => texts.output.as_deref(),
        };
        let mut shown: Vec<(&'static str, &str)> = TEXTS
            .into_iter()
            .filter(|name| self.shows(name))
            .filter_map(|name| Some((name, of(name)?)))
            .collect();
        if let (Question::Pair { .. }, Some(a), Some(b)) =
            (&self.question, &texts.output_a, &texts.output_b)
        {
            let (one, other) = match first {
                Preference::B => (b, a),
                Preference::A | Preference::Tie => (a, b),
            };
            shown.extend([("first", one.as_str()), ("second", other.as_str())]);
        }
        shown
    }
}

fn words(question: &Question) -> &'static str {
    match question {
        Question::PassFail => "Does the output pass?",
        Question::Grades { .. } => "Which grade does the output deserve?",
        Question::Classes(_) => "Which class does the output belong to?",
        Question::Pair { .. } => "Which output is better?",
    }
}

fn question(file: &JudgeFile) -> Question {
    match file.label_scale() {
        LabelScale::PassFail { .. } => Question::PassFail,
        LabelScale::Grades { low, high, .. } => Question::Grades { low, high },
        LabelScale::Classes { .. } => {
            let class = |(name, meaning): (&str, &str)| Class {
                name: name.to_owned(),
                meaning: meaning.to_owned(),
            };
            Question::Classes(file.classes().map(class).collect())
        }
        LabelScale::Preference { .. } => Question::Pair {
            ties: file.has_ties(),
        },
    }
}

/// The names of texts in a judge's body.
const NAMES: [&str; 8] = [
    "input",
    "output",
    "expected",
    "context",
    "transcript",
    "output_a",
    "output_b",
    "rubric",
];

/// A judge's criteria, as people read them: its body without the places where texts are put in, which stand beside it on the page.
fn criteria(body: &str) -> String {
    /// Stands where a text would: no body holds it.
    const PLACE: &str = "\u{f8ff}";
    let Ok(template) = Template::parse(body, Span::default()) else {
        return body.trim().to_owned();
    };
    let mut scope = Scope::of(&Arc::new(Case::new("", "")));
    for name in NAMES {
        scope = scope.with(name, if name == "rubric" { "" } else { PLACE });
    }
    let Ok(text) = template.render(&scope) else {
        return body.trim().to_owned();
    };
    let mut kept: Vec<String> = Vec::new();
    for paragraph in text.split("\n\n").map(str::trim) {
        if paragraph.contains(PLACE) {
            // `The request:` announces what stands in the place.
            if kept
                .last()
                .is_some_and(|before| before.ends_with(':') && !before.contains('\n'))
            {
                kept.pop();
            }
        } else if !paragraph.is_empty() {
            kept.push(unwrapped(paragraph));
        }
    }
    kept.join("\n\n")
}

/// A paragraph without the ends of lines that only its file's width made; points of a list keep their own.
fn unwrapped(paragraph: &str) -> String {
    let mut text = String::new();
    for line in paragraph.lines().map(str::trim) {
        let begins = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let is_point = line.starts_with("- ") || (begins != line && begins.starts_with(". "));
        if !text.is_empty() {
            text.push(if is_point { '\n' } else { ' ' });
        }
        text.push_str(line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::BUILTIN;

    #[test]
    fn every_built_in_judge_has_criteria_for_people_that_hold_no_place() {
        for judge in BUILTIN {
            let rubric = Rubric::of(&Ask::Judge(judge.name.to_owned()), None).unwrap();
            assert!(rubric.criteria.len() > 200, "{}", judge.name);
            for sign in ["{{", "{%", "\u{f8ff}", "The request:"] {
                assert!(!rubric.criteria.contains(sign), "{}: {sign}", judge.name);
            }
            assert!(rubric.asks.ends_with('?'), "{}", rubric.asks);
            let version = rubric.version.unwrap();
            assert!(
                version.starts_with(&format!("{}@", judge.name)),
                "{version}"
            );
        }
    }

    #[test]
    fn what_people_are_asked_is_what_the_judge_is() {
        let of = |name: &str| Rubric::of(&Ask::Judge(name.to_owned()), None).unwrap();
        let helpful = of("helpfulness");
        assert_eq!(helpful.question, Question::Grades { low: 1, high: 5 });
        assert!(helpful.shows("input") && helpful.shows("output"));
        assert!(!helpful.shows("expected"), "the judge does not see it");
        assert!(of("correctness").shows("expected"));
        assert!(of("tool-use").shows("transcript"));
        let pair = of("preference");
        assert_eq!(pair.question, Question::Pair { ties: true });
        assert!(!pair.shows("output"));
        match of("refusal").question {
            Question::Classes(classes) => {
                assert!(classes.iter().all(|class| !class.meaning.is_empty()));
            }
            other => panic!("{other:?}"),
        }
        let unknown = Rubric::of(&Ask::Judge("helpfullness".into()), None).unwrap_err();
        assert!(unknown.to_string().contains("did you mean `helpfulness`"));
    }
}
