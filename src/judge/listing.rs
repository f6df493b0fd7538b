//! The verdicts a judge is offered, listed otherwise: in reverse order, or under other letters. Whoever audits a judge asks so again, since a
//! judge that weighs what it reads says the same however its answers are listed.
//!
//! The texts, the criteria and the mark of the fences stay as they are, so that nothing but the listing differs. What is read back is on
//! the judge's own scale.

use std::sync::LazyLock;

use regex::Regex;

use super::file::{Input, JudgeFile};
use super::read::Reading;
use super::scale::{A, B, Class, Scale};
use crate::domain::instrument::Listing;
use crate::domain::template::Template;

/// Grades beyond which a scale is offered as a range, not as a list.
pub(super) const MOST_LISTED: usize = 11;

impl JudgeFile {
    /// The verdicts offered, in the order in which they are listed.
    pub(super) fn offered(&self) -> Vec<String> {
        let mut grades = self.scale.grades();
        if self.listed == Some(Listing::Reversed) {
            grades.reverse();
        }
        grades
    }

    /// Whether the list begins at its end.
    pub(super) fn is_reversed(&self) -> bool {
        self.listed == Some(Listing::Reversed)
    }

    /// The name under which a text is shown.
    pub(super) fn shown_as(&self, input: Input) -> &'static str {
        match (self.listed, input) {
            (Some(Listing::Relettered), Input::OutputA) => Input::OutputB.name(),
            (Some(Listing::Relettered), Input::OutputB) => Input::OutputA.name(),
            _ => input.name(),
        }
    }

    /// The same judge with its verdicts listed otherwise.
    ///
    /// # Errors
    /// Why it has no such listing, in words.
    pub(super) fn listed(&self, how: Listing) -> Result<Self, String> {
        let mut other = Self {
            listed: Some(how),
            ..self.clone()
        };
        match how {
            Listing::Reversed => reversible(&self.scale)?,
            Listing::Relettered => other.reletter()?,
        }
        Ok(other)
    }

    fn reletter(&mut self) -> Result<(), String> {
        match &self.scale {
            Scale::PassFail => Err("its verdicts are words, not letters".to_owned()),
            Scale::Range(..) => Err(
                "its verdicts are grades, which are no letters: their order is what they mean"
                    .to_owned(),
            ),
            Scale::Pair { .. } => {
                self.body = exchanged(&self.body)?;
                // An example's reasons speak of its outputs by their letters: so each keeps its letter, and stands where the other did.
                for example in &mut self.examples {
                    let places: Vec<usize> = (0..example.texts.len())
                        .filter(|at| {
                            matches!(example.texts[*at].0, Input::OutputA | Input::OutputB)
                        })
                        .collect();
                    if let [one, other] = places[..] {
                        let (before, after) = example.texts.split_at_mut(other);
                        std::mem::swap(&mut before[one].1, &mut after[0].1);
                    }
                }
                Ok(())
            }
            Scale::Classes(classes) => {
                let renamed = renamed(classes)?;
                self.says_no_name(classes)?;
                for example in &mut self.examples {
                    let at = classes
                        .iter()
                        .position(|class| class.name == example.verdict);
                    if let Some(class) = at.and_then(|at| renamed.get(at)) {
                        example.verdict.clone_from(&class.name);
                    }
                }
                self.scale = Scale::Classes(renamed);
                Ok(())
            }
        }
    }

    /// That no text of its own calls a class by its letter.
    fn says_no_name(&self, classes: &[Class]) -> Result<(), String> {
        let reasons = self
            .examples
            .iter()
            .map(|example| example.reasoning.as_str());
        let meanings = classes.iter().map(|class| class.meaning.as_str());
        let texts = [self.body.source(), &self.question];
        let mut words = texts
            .into_iter()
            .chain(reasons)
            .chain(meanings)
            .flat_map(|text| text.split(|one: char| !one.is_alphanumeric()));
        let named = words.find(|word| {
            // These two are words of their own.
            let is_code = !matches!(*word, "a" | "A" | "I");
            is_code && classes.iter().any(|class| class.name == *word)
        });
        match named {
            Some(word) => Err(format!(
                "its text speaks of class `{word}`, which would then be another"
            )),
            None => Ok(()),
        }
    }
}

fn reversible(scale: &Scale) -> Result<(), String> {
    match scale {
        Scale::Pair { .. } => Err(
            "it is offered two outputs and no list; `position` and `letters` try these".to_owned(),
        ),
        Scale::Range(..) if scale.grades().len() > MOST_LISTED => {
            Err("its grades are offered as a range, not as a list".to_owned())
        }
        Scale::PassFail | Scale::Range(..) | Scale::Classes(_) => Ok(()),
    }
}

/// Classes that are called by codes, each under the code of the one as far from the end as it is from the beginning; their places stay.
fn renamed(classes: &[Class]) -> Result<Vec<Class>, String> {
    let is_code = |name: &str| {
        let is_number = name.len() <= 2 && name.bytes().all(|one| one.is_ascii_digit());
        is_number || (name.chars().count() == 1 && name.chars().all(char::is_alphabetic))
    };
    if !classes.iter().all(|class| is_code(&class.name)) {
        return Err(
            "its classes are called by what they mean: no letter can be exchanged".to_owned(),
        );
    }
    let names = classes.iter().rev().map(|class| class.name.clone());
    let both = names.zip(classes);
    let renamed = both.map(|(name, class)| Class {
        name,
        meaning: class.meaning.clone(),
    });
    Ok(renamed.collect())
}

/// A pairwise judge's body in which the text that is shown first is called b, and the second a.
fn exchanged(body: &Template) -> Result<Template, String> {
    /// What may be exchanged: a letter that follows the word for an output.
    static CALLED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(outputs?|answers?|responses?|repl(?:y|ies)|options?|texts?|candidates?|assistants?|summar(?:y|ies)|versions?)([ _-]+)([ab])\b")
            .expect("a constant pattern that the tests compile")
    });
    /// What names both, and so stays true.
    static BOTH: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?i)["'`]?\ba\b["'`]?(?:\s*/\s*|,?\s+(?:or|and|nor|than|vs\.?|versus)\s+)["'`]?\bb\b["'`]?"#)
            .expect("a constant pattern that the tests compile")
    });
    static ALONE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\bb\b").expect("a constant pattern that the tests compile")
    });
    let other = |letter: &str| match letter {
        "a" => "b",
        "A" => "B",
        "b" => "a",
        _ => "A",
    };
    let mut text = String::new();
    for (is_template, part) in parts(body.source()) {
        if is_template {
            text.push_str(part);
            continue;
        }
        let rest = CALLED.replace_all(part, "");
        if ALONE.is_match(&BOTH.replace_all(&rest, "")) {
            return Err("its body speaks of `b` in words in which letters cannot be exchanged; call them `output a` and `output b`".to_owned());
        }
        let changed = CALLED.replace_all(part, |found: &regex::Captures<'_>| {
            format!("{}{}{}", &found[1], &found[2], other(&found[3]))
        });
        text.push_str(&changed);
    }
    Template::parse(&text, body.span()).map_err(|error| error.to_string())
}

/// A template's source, parted into what is a template's and what is text.
fn parts(source: &str) -> Vec<(bool, &str)> {
    let mut parts = Vec::new();
    let mut rest = source;
    while let Some((at, end)) = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")]
        .into_iter()
        .filter_map(|(open, close)| Some((rest.find(open)?, close)))
        .min()
    {
        let (text, from) = rest.split_at(at);
        let length = from.find(end).map_or(from.len(), |end| end + 2);
        let (inside, after) = from.split_at(length);
        parts.extend([(false, text), (true, inside)]);
        rest = after;
    }
    parts.push((false, rest));
    parts
}

/// What a reading means where the letters of a pair were exchanged: `a` then names the output shown second.
pub(super) fn read_back(file: &JudgeFile, reading: Reading) -> Reading {
    let is_exchanged =
        file.listed == Some(Listing::Relettered) && matches!(file.scale, Scale::Pair { .. });
    let grade = match reading.grade {
        A if is_exchanged => B,
        B if is_exchanged => A,
        grade => grade,
    };
    Reading { grade, ..reading }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value as Json, json};

    use super::super::testing::{decode_with, front};
    use super::super::{Judge, Options, orders};
    use super::*;
    use crate::domain::case::Case;
    use crate::domain::port::{Reply, Scorer, Seen};
    use crate::domain::score::Value;
    use crate::domain::transcript::Transcript;
    use crate::stats::Choice;

    fn judge(change: &Json, body: &str) -> Arc<Judge> {
        let mut file = front();
        for (key, value) in change.as_object().unwrap() {
            match value {
                Json::Null => file.as_object_mut().unwrap().remove(key),
                value => file
                    .as_object_mut()
                    .unwrap()
                    .insert(key.clone(), value.clone()),
            };
        }
        Judge::new(decode_with(&file, body).unwrap(), Options::default()).unwrap()
    }

    fn seen() -> Seen {
        let mut case = Case::new("c", "ask");
        case.expected = Some(json!("theirs"));
        Seen {
            case: Arc::new(case),
            transcript: Transcript {
                output: "ours".into(),
                ..Transcript::default()
            }
            .into(),
        }
    }

    /// All texts of the first question, and its schema.
    fn asked(judge: &dyn Scorer) -> String {
        let question = judge.ask(&seen()).unwrap().remove(0);
        let texts: Vec<&str> = question
            .messages
            .iter()
            .map(|message| message.content.as_str())
            .collect();
        let schema = question.format.map(|(_, schema)| schema.to_string());
        format!("{}\n{}", texts.join("\n"), schema.unwrap_or_default())
    }

    fn said(judge: &dyn Scorer, words: &[&str]) -> crate::domain::score::Score {
        let replies: Vec<_> = words
            .iter()
            .map(|word| {
                Ok(Reply {
                    text: json!({"reasoning": "r", "verdict": word}).to_string(),
                    ..Reply::default()
                })
            })
            .collect();
        judge.read("j", &seen(), &replies)
    }

    const BODY: &str = "Look at it. {{ input }} {{ output }}";

    #[test]
    fn the_list_is_turned_and_nothing_else() {
        for (change, written, turned) in [
            (json!({}), "one of 1, 2, 3, 4, 5", "one of 5, 4, 3, 2, 1"),
            (
                json!({"scale": "pass/fail"}),
                "\"pass\" or \"fail\"",
                "\"fail\" or \"pass\"",
            ),
            (
                json!({"scale": "pass/fail"}),
                "\"pass\" for yes or \"fail\" for no",
                "\"fail\" for no or \"pass\" for yes",
            ),
            (
                json!({"scale": "pass/fail", "verdict": "text"}),
                "pass for yes, fail for no",
                "fail for no, pass for yes",
            ),
            (
                json!({"scale": "pass/fail", "verdict": "logprob"}),
                "one word, yes or no.",
                "one word, no or yes.",
            ),
            (
                json!({"scale": null, "mode": "classify", "classes": {"kind": "k", "rude": "r"}}),
                "- kind: k\n- rude: r",
                "- rude: r\n- kind: k",
            ),
            (json!({}), "[1,2,3,4,5]", "[5,4,3,2,1]"),
        ] {
            let plain = judge(&change, BODY);
            let other = plain.listed(Listing::Reversed).unwrap();
            let (before, after) = (asked(plain.as_ref()), asked(other.as_ref()));
            assert!(before.contains(written), "{written}: {before}");
            assert!(after.contains(turned), "{turned}: {after}");
            let mark = |text: &str| {
                text.split("MARK is ")
                    .nth(1)
                    .map(|rest| rest[..16].to_owned())
            };
            assert_eq!(mark(&before), mark(&after), "the texts are marked alike");
        }
        let classes =
            json!({"scale": null, "mode": "classify", "classes": {"kind": "k", "rude": "r"}});
        let other = judge(&classes, BODY).listed(Listing::Reversed).unwrap();
        assert_eq!(
            said(other.as_ref(), &["kind"]).value,
            Value::Label("kind".into())
        );
    }

    #[test]
    fn who_has_no_such_list_says_so() {
        let pair = json!({"scale": null, "mode": "pairwise"});
        let body = "{{ input }} {{ output_a }} {{ output_b }}";
        let why = |change: &Json, body, how| judge(change, body).listed(how).unwrap_err();
        assert!(why(&pair, body, Listing::Reversed).contains("no list"));
        assert!(why(&json!({"scale": "1..100"}), BODY, Listing::Reversed).contains("a range"));
        assert!(why(&json!({}), BODY, Listing::Relettered).contains("grades"));
        assert!(why(&json!({"scale": "pass/fail"}), BODY, Listing::Relettered).contains("words"));
        let named =
            json!({"scale": null, "mode": "classify", "classes": {"kind": "k", "rude": "r"}});
        assert!(why(&named, BODY, Listing::Relettered).contains("what they mean"));
        let coded = json!({"scale": null, "mode": "classify", "classes": {"C": "k", "D": "r"}});
        let spoken = "When in doubt it is D. {{ input }} {{ output }}";
        assert!(why(&coded, spoken, Listing::Relettered).contains("class `D`"));
        let free = format!("Take B where it is shorter. {body}");
        assert!(why(&pair, &free, Listing::Relettered).contains("speaks of `b`"));
    }

    #[test]
    fn classes_change_their_letters_and_keep_their_places() {
        let coded = json!({"scale": null, "mode": "classify", "classes": {"A": "kind", "B": "cool", "C": "rude"}});
        let other = judge(&coded, BODY).listed(Listing::Relettered).unwrap();
        let text = asked(other.as_ref());
        assert!(text.contains("- C: kind\n- B: cool\n- A: rude"), "{text}");
        let score = said(other.as_ref(), &["C"]);
        assert_eq!(
            score.value,
            Value::Label("A".into()),
            "the class that people call A"
        );
    }

    #[test]
    fn the_output_shown_first_is_called_b_and_read_back_as_itself() {
        let change = json!({"scale": null, "mode": "pairwise", "examples": [
            {"input": "i", "output_a": "one", "output_b": "two", "reasoning": "b is right", "verdict": "b"},
        ]});
        let body = "Say a or b. {{ input }}\nOutput A:\n{{ output_a }}\nOutput B:\n{{ output_b }}";
        let plain = judge(&change, body);
        let other = plain.listed(Listing::Relettered).unwrap();
        let text = asked(other.as_ref());
        let last = text.rfind("Say a or b.").expect("the body");
        let body = &text[last..];
        let first = body
            .find("Output B:\n[[begin output_b")
            .expect("b is called first");
        let second = body.find("Output A:\n[[begin output_a").expect("then a");
        assert!(first < body.find("ours").unwrap() && body.find("ours").unwrap() < second);
        let example = &text[..last];
        assert!(
            example.find("two").unwrap() < example.find("one").unwrap(),
            "{example}"
        );
        assert!(example.contains("[[begin output_b") && example.contains("b is right"));
        // A judge that always says `a` then prefers what is shown second, in both orders.
        let both = orders(&said(other.as_ref(), &["a", "a"])).unwrap()[0];
        assert_eq!(
            (both.original, both.swapped),
            (Some(Choice::Second), Some(Choice::First))
        );
        let both = orders(&said(plain.as_ref(), &["a", "a"])).unwrap()[0];
        assert_eq!(
            (both.original, both.swapped),
            (Some(Choice::First), Some(Choice::Second))
        );
    }

    #[test]
    fn the_built_in_pairwise_judge_can_be_relettered() {
        let text = super::super::builtin("preference").unwrap();
        let (_, body, _) = super::super::split(text).unwrap();
        let body = Template::parse(body, crate::domain::tree::Span::default()).unwrap();
        let changed = exchanged(&body).unwrap();
        assert!(
            changed.source().contains("Output b:\n\n{{ output_a }}"),
            "{}",
            changed.source()
        );
    }
}
