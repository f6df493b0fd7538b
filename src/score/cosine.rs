//! `cosine`: how near the answer and an accepted text are in meaning, as a model's vectors have it.
//!
//! The cosine of the angle between the two texts' vectors, from -1 to 1; most models keep to the upper part of that, so that a bar has to
//! be found on one's own data. Of several accepted texts the nearest counts. With `at_least` the score says pass or fail, else it is the
//! number. An answer of white space alone has no meaning to compare: it fails, or has the number 0. Vectors of different lengths, or
//! without a direction (all zeros), leave the trial unscored.
//!
//! Nearness is not truth: "the shop is open" and "the shop is not open" are near.

use std::sync::Arc;

use super::similarity::alike_or_not;
use super::{Asking, Whom, question, unscored_by, wanted};
use crate::domain::decode::{Fields, OneOrMany, Real, Templated};
use crate::domain::fault::Fault;
use crate::domain::kind::Kind;
use crate::domain::port::{Question, Reply, Scorer, Seen};
use crate::domain::score::{Measure, Score, Unscored, Value};
use crate::domain::template::Template;

pub(super) const ASKING: Asking = Asking {
    kind: Kind {
        name: "cosine",
        summary: "how near the answer and an accepted text are in meaning, by an embedding model",
        example: "{at_least: 0.8, model: {kind: embeddings, base_url: http://127.0.0.1:11434/v1, model: nomic-embed-text}}",
        decode,
    },
    whom: Whom::Embedder,
};

#[derive(Debug)]
struct Cosine {
    expected: Option<Vec<Template>>,
    at_least: Option<f64>,
}

fn decode(fields: &mut Fields<'_>) -> Option<Arc<dyn Scorer>> {
    let expected = fields.optional(
        "expected",
        "the accepted text or texts, the nearest counts; default: the case's `expected`",
        OneOrMany(Templated),
    );
    let at_least = fields.optional(
        "at_least",
        "pass from this cosine on, -1 to 1; without it the score is the number",
        Real(-1.0..=1.0),
    );
    if expected.as_ref().is_some_and(Vec::is_empty) {
        fields.problem("expected", "no text is accepted here; name at least one");
    }
    Some(Arc::new(Cosine { expected, at_least }))
}

impl Cosine {
    fn accepted(&self, seen: &Seen) -> Result<Vec<String>, String> {
        let texts = wanted(self.expected.as_deref(), seen)?;
        match texts.iter().all(|text| !text.trim().is_empty()) {
            true => Ok(texts),
            false => Err("an accepted text is empty: it has no meaning to compare with".to_owned()),
        }
    }

    fn near(&self, accepted: &[String], vectors: &[&[f32]]) -> Result<(f64, String), String> {
        let (answer, others) = vectors.split_first().ok_or("there is no vector")?;
        let mut best: Option<(f64, &String)> = None;
        for (text, vector) in accepted.iter().zip(others) {
            let cosine = cosine(answer, vector)?;
            if best.is_none_or(|(most, _)| cosine > most) {
                best = Some((cosine, text));
            }
        }
        best.map(|(cosine, text)| (cosine, text.clone()))
            .ok_or_else(|| "there is no vector to compare with".to_owned())
    }
}

/// The cosine of the angle between two vectors.
fn cosine(a: &[f32], b: &[f32]) -> Result<f64, String> {
    if a.len() != b.len() {
        return Err(format!(
            "the vectors have different lengths, {} and {}",
            a.len(),
            b.len()
        ));
    }
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y));
        products.sum()
    };
    let lengths = dot(a, a).sqrt() * dot(b, b).sqrt();
    if lengths == 0.0 || !lengths.is_finite() {
        return Err("a vector has no direction: all its numbers are 0".to_owned());
    }
    Ok((dot(a, b) / lengths).clamp(-1.0, 1.0))
}

impl Scorer for Cosine {
    fn measure(&self) -> Measure {
        match self.at_least {
            Some(_) => Measure::PassFail,
            None => Measure::Number {
                scale: Some((-1.0, 1.0)),
                pass: None,
            },
        }
    }

    fn templates(&self) -> Vec<&Template> {
        self.expected.iter().flatten().collect()
    }

    fn needs_expected(&self) -> bool {
        self.expected.is_none()
            || self
                .templates()
                .iter()
                .any(|template| template.variables().contains("expected"))
    }

    fn score(&self, id: &str, seen: &Seen) -> Option<Score> {
        // An empty answer is the agent's own doing and counts; no model is asked what it means.
        let is_empty = seen.transcript.output.trim().is_empty();
        is_empty.then(|| {
            let value = match self.at_least {
                Some(_) => Value::Pass(false),
                None => Value::Number(0.0),
            };
            Score::new(id, value).because("the answer is empty")
        })
    }

    fn votes(&self) -> u32 {
        let accepted = self.expected.as_ref().map_or(1, Vec::len);
        u32::try_from(accepted)
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }

    fn ask(&self, seen: &Seen) -> Result<Vec<Question>, String> {
        let accepted = self.accepted(seen)?;
        let texts = std::iter::once(seen.transcript.output.clone()).chain(accepted);
        Ok((0..)
            .zip(texts)
            .map(|(vote, text)| question(text, vote))
            .collect())
    }

    fn read(&self, id: &str, seen: &Seen, replies: &[Result<Reply, Fault>]) -> Score {
        if let Some(fault) = replies.iter().find_map(|reply| reply.as_ref().err()) {
            return Score::unscored(id, unscored_by(fault), fault.to_string());
        }
        let vectors: Vec<&[f32]> = replies
            .iter()
            .flatten()
            .map(|reply| reply.vector.as_slice())
            .collect();
        let accepted = match self.accepted(seen) {
            Ok(accepted) => accepted,
            Err(why) => return Score::unscored(id, Unscored::Broken, why),
        };
        match self.near(&accepted, &vectors) {
            Err(why) => Score::unscored(id, Unscored::Unreadable, why),
            Ok((near, text)) => alike_or_not(id, "cosine", near, self.at_least, &text),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::super::testing::{case, seen};
    use super::*;
    use crate::domain::decode::{Problems, read};
    use crate::domain::fault::FaultKind;
    use crate::domain::tree::Node;

    fn scorer(options: &Json) -> Arc<dyn Scorer> {
        let mut problems = Problems::new("suite.yaml");
        let scorer = read(&Node::from_json(options), &mut problems, ASKING.kind.decode);
        assert_eq!(problems.sorted(), []);
        scorer.unwrap()
    }

    fn look(options: &Json, vectors: &[&[f32]]) -> Score {
        let seen = seen(case(Some(json!(["one", "two"]))), "an answer");
        let replies: Vec<Result<Reply, Fault>> = vectors
            .iter()
            .map(|vector| {
                Ok(Reply {
                    vector: vector.to_vec(),
                    ..Reply::default()
                })
            })
            .collect();
        scorer(options).read("s", &seen, &replies)
    }

    #[test]
    fn the_nearest_accepted_text_counts() {
        let score = look(&json!({}), &[&[3.0, 4.0], &[-4.0, 3.0], &[4.0, 3.0]]);
        assert_eq!(score.value, Value::Number(0.96));
        assert_eq!(score.reason.unwrap(), "cosine 0.960 to \"two\"");
        let opposite = look(&json!({}), &[&[1.0, 0.0], &[-2.0, 0.0], &[-1.0, 0.0]]);
        assert_eq!(opposite.value, Value::Number(-1.0));
        let same = [0.1_f32, 0.7, 0.3];
        assert_eq!(
            look(&json!({"at_least": 1}), &[&same, &same, &same]).value,
            Value::Pass(true)
        );
        assert_eq!(
            look(
                &json!({"at_least": 0.97}),
                &[&[3.0, 4.0], &[0.0, 1.0], &[4.0, 3.0]]
            )
            .value,
            Value::Pass(false)
        );
    }

    #[test]
    fn vectors_that_cannot_be_compared_are_never_a_score() {
        for (vectors, why) in [
            (
                [&[1.0, 0.0][..], &[1.0, 0.0], &[1.0]],
                "different lengths, 2 and 1",
            ),
            ([&[0.0, 0.0][..], &[1.0, 0.0], &[1.0, 0.0]], "no direction"),
            ([&[1.0, 0.0][..], &[0.0, 0.0], &[1.0, 0.0]], "no direction"),
        ] {
            let score = look(&json!({}), &vectors);
            assert_eq!(score.value, Value::Unscored(Unscored::Unreadable));
            assert!(score.reason.unwrap().contains(why));
        }
        let fault = Fault::new(FaultKind::RateLimited, "slow down");
        let seen = seen(case(Some(json!("x"))), "y");
        let score = scorer(&json!({})).read("s", &seen, &[Err(fault.clone()), Err(fault)]);
        assert_eq!(score.value, Value::Unscored(Unscored::Unavailable));
    }

    #[test]
    fn the_answer_and_every_accepted_text_are_asked_for() {
        let asked = |options: &Json, expected: Option<Json>| {
            let questions = scorer(options).ask(&seen(case(expected), "an answer"));
            let text = |question: Question| question.messages[0].content.clone();
            questions.map(|questions| questions.into_iter().map(text).collect::<Vec<_>>())
        };
        assert_eq!(
            asked(&json!({}), Some(json!(["a", "b"]))).unwrap(),
            ["an answer", "a", "b"]
        );
        let own = json!({"expected": "like {{ id }}"});
        assert_eq!(asked(&own, None).unwrap(), ["an answer", "like c1"]);
        assert_eq!(scorer(&own).votes(), 2);
        assert!(asked(&json!({}), None).is_err());
        assert!(asked(&json!({}), Some(json!(" "))).is_err());
    }

    #[test]
    fn an_empty_answer_counts_and_is_not_asked_for() {
        let empty = seen(case(Some(json!("x"))), " \n");
        let value = |options: &Json| scorer(options).score("s", &empty).map(|score| score.value);
        assert_eq!(value(&json!({"at_least": 0.1})), Some(Value::Pass(false)));
        assert_eq!(value(&json!({})), Some(Value::Number(0.0)));
        assert!(
            scorer(&json!({}))
                .score("s", &seen(case(None), "y"))
                .is_none()
        );
    }
}
