//! What the parts of a suite say of one another: success terms, metrics, the baseline.

use serde_json::{Value as Json, json};

use crate::analysis::metric::{self, Known, Metric};
use crate::domain::decode::{Problems, Shape, Text, unknown};
use crate::domain::score::Measure;
use crate::domain::suite::{Baseline, Comparison, Noise, ScorerSpec, Term};
use crate::domain::tree::{Node, Value};
use crate::score::CHECKS;

/// Everything that can be referred to.
pub(super) struct References {
    /// The ids of all targets, faulty ones too.
    pub(super) targets: Vec<String>,
    /// The scorers that could be read, and the cases' own checks.
    known: Vec<Known>,
    /// The ids of scorers that could not: what is said of them cannot be checked.
    faulty: Vec<String>,
    /// Whether the list of targets was cut down by a flag: what refers to the others is let pass.
    pub(super) reduced: bool,
}

impl References {
    pub(super) fn new(
        targets: Vec<String>,
        scorers: &[ScorerSpec],
        ids: Vec<String>,
        reduced: bool,
    ) -> Self {
        let known = metric::known(scorers);
        let faulty = ids
            .into_iter()
            .filter(|id| !known.iter().any(|known| known.id == *id))
            .collect();
        Self {
            targets,
            known,
            faulty,
            reduced,
        }
    }

    /// Whether `text` speaks of a scorer that could not be read.
    fn speaks_of_faulty(&self, text: &str) -> bool {
        let name = text.find(['<', '>', '=']).map_or(text, |at| &text[..at]);
        self.faulty.iter().any(|id| id == name.trim())
    }

    /// The metric of a name; `None` where it cannot be judged because its scorer is faulty.
    pub(super) fn metric(&self, name: &str) -> Option<Result<Metric, String>> {
        if self.speaks_of_faulty(name) {
            return None;
        }
        let found = metric::parse(name, &self.known);
        Some(found.and_then(|metric| match metric.has_direction(&self.known) {
            true => Ok(metric),
            false => Err(format!(
                "nothing says whether more or less of `{}` is better; declare `pass`, the classes that pass",
                metric.name
            )),
        }))
    }

    /// A message with a suggestion for a target that does not exist; `None` where it does.
    pub(super) fn unknown_target(&self, id: &str) -> Option<String> {
        if self.reduced || self.targets.iter().any(|known| known == id) {
            return None;
        }
        let known: Vec<&str> = self.targets.iter().map(String::as_str).collect();
        Some(unknown("target", id, &known))
    }
}

/// One term of the success expression.
pub(super) struct SuccessTerm<'a>(pub(super) &'a References);

impl SuccessTerm<'_> {
    fn parse(&self, text: &str) -> Result<Term, String> {
        let (name, rule) = match text.find(['<', '>', '=']) {
            Some(at) => (text[..at].trim(), Some(text[at..].trim())),
            None => (text.trim(), None),
        };
        let rule = match rule {
            None => None,
            Some(rule) => Some(Comparison::parse(rule).ok_or_else(|| {
                format!("`{rule}` is not a comparison; write one of >= > <= < == and a number")
            })?),
        };
        let written = match rule {
            None => name.to_owned(),
            Some((comparison, bar)) => {
                let sign = Comparison::ALL
                    .iter()
                    .find(|(_, known)| *known == comparison)
                    .map_or(">=", |(sign, _)| sign);
                format!("{name} {sign} {bar}")
            }
        };
        let term = Term {
            text: written,
            scorer: name.to_owned(),
            rule,
        };
        if self.0.speaks_of_faulty(name) {
            return Ok(term);
        }
        let Some(known) = self.0.known.iter().find(|known| known.id == name) else {
            let ids: Vec<&str> = self
                .0
                .known
                .iter()
                .map(|known| known.id.as_str())
                .chain(self.0.faulty.iter().map(String::as_str))
                .collect();
            return Err(unknown("scorer", name, &ids));
        };
        match (&known.measure, term.rule) {
            (Measure::Number { .. }, Some(_)) => Ok(term),
            (_, Some(_)) => Err(format!(
                "`{name}` yields no number to compare; name it alone"
            )),
            (measure, None) if measure.decides() => Ok(term),
            (Measure::Number { .. }, None) => Err(format!(
                "`{name}` yields a number and declares no pass rule; compare it: `{name} >= 0.5`"
            )),
            (_, None) => Err(format!(
                "`{name}` declares no class that passes; give it `pass`"
            )),
        }
    }
}

impl Shape for SuccessTerm<'_> {
    type Output = Term;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Term> {
        let text = Text.read(node, problems)?;
        match self.parse(&text) {
            Ok(term) => Some(term),
            Err(message) => {
                problems.note(node.span, message);
                None
            }
        }
    }
    fn schema(&self) -> Json {
        json!({"type": "string", "examples": [CHECKS, "helpful >= 4"]})
    }
}

/// The name of a metric, in its canonical spelling.
pub(super) struct MetricName<'a>(pub(super) &'a References);

impl Shape for MetricName<'_> {
    type Output = String;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<String> {
        let name = Text.read(node, problems)?;
        match self.0.metric(&name) {
            None => Some(name),
            Some(Ok(metric)) => Some(metric.name),
            Some(Err(message)) => {
                problems.note(node.span, message);
                None
            }
        }
    }
    fn schema(&self) -> Json {
        json!({"type": "string"})
    }
}

/// Thresholds by metric.
pub(super) struct NoiseBy<'a>(pub(super) &'a References);

impl Shape for NoiseBy<'_> {
    type Output = Vec<(String, Noise)>;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Self::Output> {
        let Value::Mapping(entries) = &node.value else {
            problems.note(
                node.span,
                format!(
                    "a map from a metric to its threshold is wanted here, this is {}",
                    node.describe()
                ),
            );
            return None;
        };
        let mut found: Vec<(String, Noise)> = Vec::new();
        for (key, item) in entries {
            let name = match self.0.metric(&key.name) {
                None => continue,
                Some(Ok(metric)) => metric.name,
                Some(Err(message)) => {
                    problems.note(key.span, message);
                    continue;
                }
            };
            match threshold(item) {
                Some(noise) => found.push((name, noise)),
                None => problems.note(
                    item.span,
                    "a number of 0 or more in the metric's unit, or a share such as `5%`, is wanted here",
                ),
            }
        }
        Some(found)
    }
    fn schema(&self) -> Json {
        json!({"type": "object", "additionalProperties": {"anyOf": [
            {"type": "number", "minimum": 0}, {"type": "string", "pattern": "^[0-9.]+ *(%|ms|s|m|min|h)$"},
        ]}})
    }
}

fn threshold(node: &Node) -> Option<Noise> {
    let noise = match super::gates::amount(node)? {
        super::gates::Amount::Plain(value) | super::gates::Amount::Millis(value) => {
            Noise::Absolute(value)
        }
        super::gates::Amount::Share(value) => Noise::Relative(value),
    };
    let (Noise::Absolute(value) | Noise::Relative(value)) = noise;
    (value >= 0.0).then_some(noise)
}

/// The side that candidates are compared with: a target's id, else a file.
pub(super) struct BaselineName<'a>(pub(super) &'a References);

impl Shape for BaselineName<'_> {
    type Output = Baseline;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Baseline> {
        let text = Text.read(node, problems)?;
        if let Some(index) = self.0.targets.iter().position(|id| *id == text) {
            return Some(Baseline::Target(index));
        }
        // A file need not be there yet, so that only its look tells it from a misspelt target.
        if text.contains(['/', '\\', '.']) {
            return Some(Baseline::File(text));
        }
        let known: Vec<&str> = self.0.targets.iter().map(String::as_str).collect();
        let hint = unknown("target", &text, &known);
        problems.note(
            node.span,
            format!("{hint} (a baseline file's name has an ending: `baseline.jsonl`)"),
        );
        None
    }
    fn schema(&self) -> Json {
        json!({"type": "string"})
    }
}
