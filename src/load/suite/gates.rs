//! `gates`: rules that decide the exit code.

use serde_json::{Value as Json, json};

use crate::analysis::findings::Unit;
use crate::analysis::metric::Metric;
use crate::domain::decode::{
    Fields, OneOf, OneOrMany, Problems, Shape, Text, describe_with, read_with,
};
use crate::domain::suite::{DecideOn, Gate, Rule};
use crate::domain::tree::{Node, Value};
use crate::domain::units;

use super::references::References;

/// What stands behind a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Amount {
    /// A bare number.
    Plain(f64),
    /// A duration, in milliseconds.
    Millis(f64),
    /// A share: `10%` is 0.1.
    Share(f64),
}

/// Reads `0.85`, `4s` or `10%`.
pub(super) fn amount(node: &Node) -> Option<Amount> {
    if let Some(number) = node.to_json().as_f64() {
        return number.is_finite().then_some(Amount::Plain(number));
    }
    let Value::Scalar { text, .. } = &node.value else {
        return None;
    };
    if let Some(number) = text.trim().strip_suffix('%') {
        let number: f64 = number.trim().parse().ok()?;
        return number.is_finite().then_some(Amount::Share(number / 100.0));
    }
    units::duration(text).map(|duration| Amount::Millis(units::millis(duration)))
}

struct Quantity;

impl Shape for Quantity {
    type Output = Amount;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Amount> {
        let found = amount(node);
        if found.is_none() {
            problems.note(
                node.span,
                "a number, a share (`10%`) or a duration with its unit (`4s`) is wanted here",
            );
        }
        found
    }
    fn schema(&self) -> Json {
        json!({"anyOf": [{"type": "number"}, {"type": "string", "pattern": "^-?[0-9.]+ *(%|ms|s|m|min|h)$"}]})
    }
}

const RULES: &[(&str, &str)] = &[
    ("min", "at least this"),
    ("max", "at most this"),
    (
        "max_drop",
        "against the baseline: lower by no more than this",
    ),
    (
        "max_rise",
        "against the baseline: higher by no more than this, or than this share (`10%`)",
    ),
];

/// One gate.
pub(super) struct GateRule<'a> {
    pub(super) references: &'a References,
    /// Repeats of each case, as far as they could be read.
    pub(super) repeats: u32,
    /// Whether there is a baseline to hold against.
    pub(super) has_baseline: bool,
}

impl Shape for GateRule<'_> {
    type Output = Gate;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Gate> {
        read_with(node, problems, &mut |fields| self.decode(fields))
    }
    fn schema(&self) -> Json {
        describe_with(&mut |fields| {
            self.decode(fields);
        })
    }
}

impl GateRule<'_> {
    fn decode(&self, fields: &mut Fields<'_>) -> Option<Gate> {
        const AGAINST: &[(&str, ())] = &[("baseline", ())];
        const DECIDE: &[(&str, DecideOn)] =
            &[("point", DecideOn::Point), ("bound", DecideOn::Bound)];
        let span = fields.span();
        let name = fields.required(
            "metric",
            "the metric's name, as `list metrics` shows it",
            Text,
        );
        let against = fields.optional(
            "against",
            "baseline: what `max_drop` and `max_rise` are held against",
            OneOf(AGAINST),
        );
        let target = fields.optional(
            "target",
            "the target it is about; default: every one that is not the baseline",
            Text,
        );
        let tags = fields.or(
            "tags",
            "only cases with one of these tags",
            OneOrMany(Text),
            Vec::new(),
        );
        let decide_on = fields.optional(
            "decide_on",
            "of min and max: point (on these cases) or bound (proof, one-sided 95 %); default: point",
            OneOf(DECIDE),
        );
        let amounts: Vec<Option<Amount>> = RULES
            .iter()
            .map(|(key, doc)| fields.optional(key, doc, Quantity))
            .collect();
        let metric = self.metric(fields, name.as_deref()?);
        if let Some(message) = target
            .as_deref()
            .and_then(|id| self.references.unknown_target(id))
        {
            fields.problem("target", message);
        }
        let (key, amount) = only_one(fields, &amounts)?;
        let compares = matches!(key, "max_drop" | "max_rise");
        if against.is_some() && !compares {
            fields.problem("against", format!("`{key}` is held against nothing; remove `against`, or use `max_drop` or `max_rise`"));
        }
        if compares && !self.has_baseline && !self.references.reduced {
            fields.problem(
                key,
                format!(
                    "`{key}` needs something to hold against: a second target, or `baseline: FILE`"
                ),
            );
        }
        if compares && decide_on.is_some() {
            fields.problem(
                "decide_on",
                format!(
                    "`{key}` is always decided by a bound; `decide_on` belongs to `min` and `max`"
                ),
            );
        }
        let rule = match &metric {
            Some(metric) => match rule(metric, key, amount) {
                Ok(rule) => rule,
                Err(message) => {
                    fields.problem(key, message);
                    return None;
                }
            },
            None => Rule::Min(0.0),
        };
        Some(Gate {
            metric: metric?.name,
            target,
            tags,
            rule,
            decide_on: decide_on.unwrap_or(DecideOn::Point),
            span,
        })
    }

    fn metric(&self, fields: &mut Fields<'_>, name: &str) -> Option<Metric> {
        match self.references.metric(name)? {
            Ok(metric) => {
                let wanted = metric.needs_repeats();
                if wanted > self.repeats {
                    fields.problem(
                        "metric",
                        format!(
                            "`{}` needs {wanted} repeats of each case and `repeats` is {}",
                            metric.name, self.repeats
                        ),
                    );
                }
                Some(metric)
            }
            Err(message) => {
                fields.problem("metric", message);
                None
            }
        }
    }
}

/// The one rule that is given.
fn only_one(fields: &mut Fields<'_>, amounts: &[Option<Amount>]) -> Option<(&'static str, Amount)> {
    let written: Vec<&'static str> = RULES
        .iter()
        .map(|(key, _)| *key)
        .filter(|key| fields.node().is_some_and(|node| node.get(key).is_some()))
        .collect();
    match written.as_slice() {
        [] => fields.problem(
            "",
            "a gate needs one rule: `min`, `max`, `max_drop` or `max_rise`",
        ),
        [_] => {}
        [_, second, ..] => fields.problem(
            second,
            format!(
                "one gate has one rule, this has {}; write a gate for each",
                written.join(", ")
            ),
        ),
    }
    let mut given = RULES
        .iter()
        .zip(amounts)
        .filter_map(|((key, _), amount)| amount.map(|amount| (*key, amount)));
    let first = given.next()?;
    (written.len() == 1).then_some(first)
}

/// The rule in the metric's unit.
fn rule(metric: &Metric, key: &str, amount: Amount) -> Result<Rule, String> {
    let name = &metric.name;
    let is_rate = metric.unit == Unit::Rate;
    let is_time = metric.unit == Unit::Milliseconds;
    match key {
        "max_drop" if !metric.more_is_better => {
            return Err(format!("less of `{name}` is better; use `max_rise`"));
        }
        "max_rise" if is_rate && metric.more_is_better => {
            return Err(format!("more of `{name}` is better; use `max_drop`"));
        }
        _ => {}
    }
    let value = match amount {
        Amount::Millis(_) if !is_time => {
            return Err(format!("`{name}` is no time; give a number without unit"));
        }
        // A bare number is in the unit that the metric's name ends in.
        Amount::Millis(value) | Amount::Plain(value) => value,
        Amount::Share(value) if key == "max_rise" && !is_rate => {
            return if value >= 0.0 {
                Ok(Rule::MaxRiseShare(value))
            } else {
                Err("a share of 0 % or more is wanted here".to_owned())
            };
        }
        // A bar of 85 % has one meaning; a drop of 3 % could be points or a share.
        Amount::Share(value) if is_rate && !key.starts_with("max_") => value,
        Amount::Share(value) if is_rate => {
            return Err(format!(
                "`{key}` is in points: write {value} for {} points",
                (value * 1e4).round() / 100.0
            ));
        }
        Amount::Share(_) => {
            return Err(format!(
                "a share means nothing here; give a number in the unit of `{name}`"
            ));
        }
    };
    if is_rate && !(0.0..=1.0).contains(&value) {
        return Err(format!(
            "`{name}` is a rate from 0 to 1: write 0.85 or 85%, not {value}"
        ));
    }
    if key.starts_with("max_") && value < 0.0 {
        return Err("a margin of 0 or more is wanted here".to_owned());
    }
    Ok(match key {
        "min" => Rule::Min(value),
        "max" => Rule::Max(value),
        "max_drop" => Rule::MaxDrop(value),
        _ => Rule::MaxRise(value),
    })
}
