//! The table of metrics: what a name in a gate, in `primary` or in `noise` means.

use crate::domain::decode::unknown;
use crate::domain::score::Measure;
use crate::domain::suite::{Comparison, Gate, Noise, Rule, ScorerSpec};
use crate::score::CHECKS;

use super::findings::Unit;

/// A scorer as a metric sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Its id.
    pub id: String,
    /// Its kind, by which success leaves out `budget` and `length`.
    pub kind: String,
    /// What it yields.
    pub measure: Measure,
    /// Whether a model says what it yields.
    pub judged: bool,
    /// Whether more of its number is better.
    pub more_is_better: bool,
}

impl Known {
    /// Whether the agent's own failure is a fail of it: no answer passes no check. Numbers, labels and judged scores of a
    /// failure do not apply.
    #[must_use]
    pub fn fails_with_the_agent(&self) -> bool {
        !self.judged && self.measure == Measure::PassFail
    }
}

/// The scorers of a suite in its order, and the cases' own `checks` last.
#[must_use]
pub fn known(scorers: &[ScorerSpec]) -> Vec<Known> {
    let mut known: Vec<Known> = scorers
        .iter()
        .map(|spec| Known {
            id: spec.id.clone(),
            kind: spec.kind.to_owned(),
            measure: spec.scorer.measure(),
            judged: spec.judge.is_some(),
            more_is_better: spec.scorer.more_is_better(),
        })
        .collect();
    known.push(Known {
        id: CHECKS.to_owned(),
        kind: CHECKS.to_owned(),
        measure: Measure::PassFail,
        judged: false,
        more_is_better: true,
    });
    known
}

/// An aggregate over trials.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name in files: the key in `metrics`.
    pub name: String,
    /// What it is computed from.
    pub of: Of,
    /// Its unit.
    pub unit: Unit,
    /// Whether more is better.
    pub more_is_better: bool,
    /// Its lowest and highest value, where bounded: missing trials can then be filled with either.
    pub scale: Option<(f64, f64)>,
}

/// What a metric is computed from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Of {
    /// Share of trials that succeed.
    Success,
    /// Chance that all of so many tries succeed.
    PassHat(u32),
    /// Chance that at least one of so many tries succeeds.
    PassAt(u32),
    /// The agent's time, in milliseconds.
    Latency(Statistic),
    /// Time until the first token, in milliseconds.
    FirstToken(Statistic),
    /// Queue, pauses and back-off, in milliseconds.
    Waited,
    /// USD a trial.
    Cost,
    /// USD of all trials for each success.
    CostPerSuccess,
    /// Tokens read a trial.
    TokensIn,
    /// Tokens written a trial.
    TokensOut,
    /// Share of trials that pass the scorer of this index.
    Passes(usize),
    /// Mean value of the scorer of this index.
    Value(usize),
    /// Share of trials in which the value of the scorer of this index keeps a rule.
    Keeps(usize, Comparison, f64),
    /// Share of trials that the scorer of this index puts into the class of this index.
    Class(usize, u16),
}

/// How trials become one figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// Mean of case means.
    Mean,
    /// A quantile over trials, by its probability.
    Quantile(f64),
}

/// One row of the table: name, meaning, unit, whether more is better, what it means in a line.
type Row = (&'static str, Of, Unit, bool, &'static str);

const TABLE: &[Row] = &[
    (
        "success_rate",
        Of::Success,
        Unit::Rate,
        true,
        "share of trials that succeed",
    ),
    (
        "latency_p50_ms",
        Of::Latency(Statistic::Quantile(0.5)),
        Unit::Milliseconds,
        false,
        "median of the agent's own time in a trial",
    ),
    (
        "latency_p90_ms",
        Of::Latency(Statistic::Quantile(0.9)),
        Unit::Milliseconds,
        false,
        "its 90th percentile",
    ),
    (
        "latency_p95_ms",
        Of::Latency(Statistic::Quantile(0.95)),
        Unit::Milliseconds,
        false,
        "its 95th percentile",
    ),
    (
        "latency_p99_ms",
        Of::Latency(Statistic::Quantile(0.99)),
        Unit::Milliseconds,
        false,
        "its 99th percentile",
    ),
    (
        "latency_mean_ms",
        Of::Latency(Statistic::Mean),
        Unit::Milliseconds,
        false,
        "its mean",
    ),
    (
        "first_token_p50_ms",
        Of::FirstToken(Statistic::Quantile(0.5)),
        Unit::Milliseconds,
        false,
        "median time until the first token of a streamed reply",
    ),
    (
        "first_token_p95_ms",
        Of::FirstToken(Statistic::Quantile(0.95)),
        Unit::Milliseconds,
        false,
        "its 95th percentile",
    ),
    (
        "waited_mean_ms",
        Of::Waited,
        Unit::Milliseconds,
        false,
        "mean time a trial waited: queue, pauses of the endpoint, back-off",
    ),
    (
        "cost_usd",
        Of::Cost,
        Unit::Usd,
        false,
        "mean cost of a trial, retries included",
    ),
    (
        "cost_per_success",
        Of::CostPerSuccess,
        Unit::Usd,
        false,
        "what a success costs, the failures paid for included",
    ),
    (
        "tokens_in",
        Of::TokensIn,
        Unit::Tokens,
        false,
        "mean tokens read in a trial",
    ),
    (
        "tokens_out",
        Of::TokensOut,
        Unit::Tokens,
        false,
        "mean tokens written in a trial",
    ),
];

/// Families whose names hold a number or a scorer's id.
const FAMILIES: &[(&str, &str)] = &[
    (
        "pass^K",
        "chance that K tries of a case all succeed; K up to `repeats`",
    ),
    (
        "pass@K",
        "chance that at least one of K tries succeeds; K up to `repeats`",
    ),
    (
        "<scorer>",
        "share of trials that pass it, or the mean of a numeric scorer's values",
    ),
    (
        "<scorer> == CLASS",
        "share of trials that a scorer of labels puts into a class",
    ),
    (
        "<scorer> >= X",
        "share of trials in which a numeric scorer's value keeps the rule (>=, >, <=, <, ==)",
    ),
];

/// Every metric with what it is, in a line each.
#[must_use]
pub fn list() -> Vec<(&'static str, &'static str)> {
    let fixed = TABLE.iter().map(|(name, .., summary)| (*name, *summary));
    fixed.chain(FAMILIES.iter().copied()).collect()
}

/// The metric of a name.
///
/// # Errors
/// A message that names what is wrong, with a suggestion where one is near.
pub fn parse(name: &str, scorers: &[Known]) -> Result<Metric, String> {
    let name = name.trim();
    if let Some((fixed, of, unit, more_is_better, _)) =
        TABLE.iter().find(|(fixed, ..)| *fixed == name)
    {
        let scale = (*unit == Unit::Rate).then_some((0.0, 1.0));
        return Ok(Metric {
            name: (*fixed).to_owned(),
            of: *of,
            unit: *unit,
            more_is_better: *more_is_better,
            scale,
        });
    }
    if let Some(at) = scorers.iter().position(|scorer| scorer.id == name) {
        return of_scorer(at, &scorers[at]);
    }
    for (sign, of) in [
        ("pass^", Of::PassHat as fn(u32) -> Of),
        ("pass@", Of::PassAt),
    ] {
        if let Some(tries) = name.strip_prefix(sign) {
            return match tries.parse::<u32>() {
                Ok(k) if k > 0 => Ok(Metric::rate(format!("{sign}{k}"), of(k))),
                _ => Err(format!(
                    "`{name}`: a whole number from 1 on is wanted after `{sign}`"
                )),
            };
        }
    }
    if let Some((id, class)) = name.split_once("==")
        && let Some(at) = scorers.iter().position(|scorer| scorer.id == id.trim())
        && let Measure::Label { classes, pass } = &scorers[at].measure
    {
        return of_class(at, &scorers[at], class.trim(), classes, pass);
    }
    match rule_of(name) {
        Some((id, comparison, bar, sign)) => kept(id, comparison, bar, sign, scorers),
        None => Err(unknown_metric(name, scorers)),
    }
}

fn unknown_metric(name: &str, scorers: &[Known]) -> String {
    let fixed = TABLE.iter().map(|(known, ..)| *known);
    let families = FAMILIES[..2].iter().map(|(family, _)| *family);
    let ids = scorers.iter().map(|scorer| scorer.id.as_str());
    let names: Vec<&str> = fixed.chain(families).chain(ids).collect();
    unknown("metric", name, &names)
}

/// Splits `helpful >= 4`.
fn rule_of(name: &str) -> Option<(&str, Comparison, f64, &'static str)> {
    let at = name.find(['<', '>', '='])?;
    let (id, rule) = name.split_at(at);
    let (comparison, bar) = Comparison::parse(rule)?;
    let sign = Comparison::ALL
        .iter()
        .find(|(_, known)| *known == comparison)
        .map(|(sign, _)| *sign)?;
    Some((id.trim(), comparison, bar, sign))
}

fn kept(
    id: &str,
    comparison: Comparison,
    bar: f64,
    sign: &str,
    scorers: &[Known],
) -> Result<Metric, String> {
    let Some(at) = scorers.iter().position(|scorer| scorer.id == id) else {
        let ids: Vec<&str> = scorers.iter().map(|scorer| scorer.id.as_str()).collect();
        return Err(unknown("scorer", id, &ids));
    };
    match scorers[at].measure {
        Measure::Number { .. } => Ok(Metric::rate(
            format!("{id} {sign} {bar}"),
            Of::Keeps(at, comparison, bar),
        )),
        Measure::PassFail | Measure::Label { .. } => Err(format!(
            "`{id}` yields no number to compare; name it without `{sign} {bar}`"
        )),
    }
}

/// The share of one class. Of classes that do not pass fewer are better; where none is declared to pass, nobody knows.
fn of_class(
    at: usize,
    scorer: &Known,
    class: &str,
    classes: &[String],
    pass: &[String],
) -> Result<Metric, String> {
    let place = classes.iter().position(|known| known == class);
    let Some(place) = place.and_then(|place| u16::try_from(place).ok()) else {
        let known: Vec<&str> = classes.iter().map(String::as_str).collect();
        return Err(unknown(&format!("class of `{}`", scorer.id), class, &known));
    };
    Ok(Metric {
        more_is_better: pass.is_empty() || pass.iter().any(|known| known == class),
        ..Metric::rate(format!("{} == {class}", scorer.id), Of::Class(at, place))
    })
}

fn of_scorer(at: usize, scorer: &Known) -> Result<Metric, String> {
    match &scorer.measure {
        Measure::PassFail => Ok(Metric::rate(scorer.id.clone(), Of::Passes(at))),
        Measure::Label { pass, .. } if !pass.is_empty() => {
            Ok(Metric::rate(scorer.id.clone(), Of::Passes(at)))
        }
        Measure::Label { classes, .. } => Err(format!(
            "`{0}` yields classes and none of them is declared to pass; declare `pass` for it, or name one class, such as `{0} == {1}`",
            scorer.id,
            classes.first().map_or("CLASS", String::as_str)
        )),
        Measure::Number { scale, .. } => Ok(Metric {
            name: scorer.id.clone(),
            of: Of::Value(at),
            unit: Unit::Score,
            more_is_better: scorer.more_is_better,
            scale: *scale,
        }),
    }
}

impl Metric {
    /// A rate: more is better, 0 to 1.
    pub(crate) fn rate(name: String, of: Of) -> Self {
        Self {
            name,
            of,
            unit: Unit::Rate,
            more_is_better: true,
            scale: Some((0.0, 1.0)),
        }
    }

    /// How many repeats it needs: the K of `pass^K` and `pass@K`, else 1.
    #[must_use]
    pub fn needs_repeats(&self) -> u32 {
        match self.of {
            Of::PassHat(k) | Of::PassAt(k) => k,
            _ => 1,
        }
    }

    /// Whether it rests on the success of trials.
    #[must_use]
    pub fn is_of_success(&self) -> bool {
        matches!(
            self.of,
            Of::Success | Of::PassHat(_) | Of::PassAt(_) | Of::CostPerSuccess
        )
    }

    /// The index of the scorer it rests on, where it is one scorer's.
    #[must_use]
    pub fn scorer(&self) -> Option<usize> {
        match self.of {
            Of::Passes(at) | Of::Value(at) | Of::Keeps(at, ..) | Of::Class(at, _) => Some(at),
            _ => None,
        }
    }

    /// Its quantile's probability, where it is a percentile.
    #[must_use]
    pub fn quantile(&self) -> Option<f64> {
        match self.of {
            Of::Latency(Statistic::Quantile(q)) | Of::FirstToken(Statistic::Quantile(q)) => Some(q),
            _ => None,
        }
    }

    /// Whether each trial's value is 0 or 1.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        matches!(
            self.of,
            Of::Success | Of::Passes(_) | Of::Keeps(..) | Of::Class(..)
        )
    }

    /// Whether it is known which way is better: of a share of one class only where its scorer declares which classes pass.
    #[must_use]
    pub fn has_direction(&self, scorers: &[Known]) -> bool {
        match self.of {
            Of::Class(at, _) => scorers
                .get(at)
                .is_some_and(|scorer| scorer.measure.decides()),
            _ => true,
        }
    }

    /// The noise threshold: the suite's own; else the metric's `max_drop`; else by its unit (STATISTICS 3).
    #[must_use]
    pub fn noise(&self, declared: &[(String, Noise)], gates: &[Gate]) -> Option<Noise> {
        let own = declared.iter().find(|(name, _)| *name == self.name);
        let drop = || {
            gates.iter().find_map(|gate| match gate.rule {
                Rule::MaxDrop(drop) if gate.metric == self.name && drop > 0.0 => {
                    Some(Noise::Absolute(drop))
                }
                _ => None,
            })
        };
        own.map(|(_, noise)| *noise)
            .or_else(drop)
            .or_else(|| self.default_noise())
    }

    fn default_noise(&self) -> Option<Noise> {
        match self.unit {
            Unit::Rate => Some(Noise::Absolute(0.03)),
            Unit::Score => self
                .scale
                .map(|(low, high)| Noise::Absolute(0.03 * (high - low))),
            Unit::Milliseconds => Some(Noise::Relative(0.10)),
            Unit::Usd | Unit::Tokens => Some(Noise::Relative(0.05)),
        }
    }
}

/// The metric that gates and success look at: the rate of those that pass; of a number without a pass rule its mean; of classes of
/// which none passes nothing.
#[must_use]
pub fn decisive(at: usize, scorers: &[Known]) -> Option<Metric> {
    let mut metrics = of_known(at, scorers);
    metrics.retain(|metric| !matches!(metric.of, Of::Class(..)));
    metrics.pop()
}

/// The metrics of a scorer: its own, the rate of a numeric one's declared pass rule, and the share of each class of labels.
#[must_use]
pub fn of_known(at: usize, scorers: &[Known]) -> Vec<Metric> {
    let mut found: Vec<Metric> = of_scorer(at, &scorers[at]).into_iter().collect();
    if let Measure::Label { classes, pass } = &scorers[at].measure {
        let share = |class: &String| of_class(at, &scorers[at], class, classes, pass).ok();
        found.extend(classes.iter().filter_map(share));
    }
    if let Measure::Number {
        pass: Some(rule), ..
    } = &scorers[at].measure
    {
        found.extend(parse(&format!("{} {rule}", scorers[at].id), scorers));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tree::Span;

    fn scorers() -> Vec<Known> {
        let scorer = |id: &str, measure, judged| Known {
            id: id.into(),
            kind: "any".into(),
            measure,
            judged,
            more_is_better: true,
        };
        vec![
            scorer("cites", Measure::PassFail, false),
            scorer(
                "helpful",
                Measure::Number {
                    scale: Some((1.0, 5.0)),
                    pass: Some(">= 4".into()),
                },
                true,
            ),
            scorer(
                "tone",
                Measure::Label {
                    classes: vec!["kind".into(), "rude".into()],
                    pass: Vec::new(),
                },
                true,
            ),
        ]
    }

    #[test]
    fn every_listed_fixed_name_is_read() {
        for (name, ..) in TABLE {
            let metric = parse(name, &[]).unwrap();
            assert_eq!(metric.name, *name);
            assert_eq!(metric.scale.is_some(), metric.unit == Unit::Rate);
        }
        assert_eq!(list().len(), TABLE.len() + FAMILIES.len());
    }

    #[test]
    fn families_are_read_by_their_number_or_scorer() {
        let known = scorers();
        assert_eq!(parse("pass^3", &known).unwrap().of, Of::PassHat(3));
        assert_eq!(parse("pass@5", &known).unwrap().needs_repeats(), 5);
        assert_eq!(parse("cites", &known).unwrap().of, Of::Passes(0));
        let mean = parse("helpful", &known).unwrap();
        assert_eq!((mean.unit, mean.scale), (Unit::Score, Some((1.0, 5.0))));
        let rule = parse("helpful>=4.0", &known).unwrap();
        assert_eq!(rule.name, "helpful >= 4");
        assert_eq!(rule.of, Of::Keeps(1, Comparison::AtLeast, 4.0));
    }

    #[test]
    fn a_numeric_scorer_with_a_pass_rule_has_two_metrics() {
        let names: Vec<String> = of_known(1, &scorers())
            .into_iter()
            .map(|metric| metric.name)
            .collect();
        assert_eq!(names, ["helpful", "helpful >= 4"]);
    }

    #[test]
    fn each_class_of_labels_has_its_share() {
        let mut known = scorers();
        let names = |known: &[Known]| -> Vec<(String, bool)> {
            let metrics = of_known(2, known).into_iter();
            metrics
                .map(|metric| (metric.name, metric.more_is_better))
                .collect()
        };
        let shares = [
            ("tone == kind".to_owned(), true),
            ("tone == rude".to_owned(), true),
        ];
        assert_eq!(names(&known), shares);
        assert_eq!(decisive(2, &known), None);
        let share = parse("tone ==  rude", &known).unwrap();
        assert_eq!((share.of, share.unit), (Of::Class(2, 1), Unit::Rate));
        assert!(!share.has_direction(&known), "nobody says which is better");
        if let Measure::Label { pass, .. } = &mut known[2].measure {
            pass.push("kind".into());
        }
        let shares = [
            ("tone", true),
            ("tone == kind", true),
            ("tone == rude", false),
        ];
        assert_eq!(
            names(&known),
            shares.map(|(name, more)| (name.to_owned(), more))
        );
        assert_eq!(decisive(2, &known).unwrap().of, Of::Passes(2));
        assert!(parse("tone == rude", &known).unwrap().has_direction(&known));
        assert_eq!(decisive(1, &known).unwrap().name, "helpful >= 4");
    }

    #[test]
    fn what_is_no_metric_says_why() {
        let known = scorers();
        for (name, message) in [
            (
                "sucess_rate",
                "unknown metric `sucess_rate`; did you mean `success_rate`?",
            ),
            ("cite", "unknown metric `cite`; did you mean `cites`?"),
            (
                "helpfull >= 4",
                "unknown scorer `helpfull`; did you mean `helpful`?",
            ),
            (
                "cites >= 1",
                "`cites` yields no number to compare; name it without `>= 1`",
            ),
            (
                "pass^0",
                "`pass^0`: a whole number from 1 on is wanted after `pass^`",
            ),
            (
                "tone",
                "`tone` yields classes and none of them is declared to pass; declare `pass` for it, or name one class, such as `tone == kind`",
            ),
            (
                "tone == kid",
                "unknown class of `tone` `kid`; did you mean `kind`?",
            ),
            (
                "tone >= 1",
                "`tone` yields no number to compare; name it without `>= 1`",
            ),
        ] {
            assert_eq!(parse(name, &known).unwrap_err(), message);
        }
    }

    #[test]
    fn noise_comes_from_the_suite_then_the_gate_then_the_unit() {
        let known = scorers();
        let success = parse("success_rate", &known).unwrap();
        let gate = Gate {
            metric: "success_rate".into(),
            target: None,
            tags: Vec::new(),
            rule: Rule::MaxDrop(0.02),
            decide_on: crate::domain::suite::DecideOn::Point,
            span: Span::default(),
        };
        let declared = [("success_rate".to_owned(), Noise::Absolute(0.01))];
        let gates = [gate];
        assert_eq!(
            success.noise(&declared, &gates),
            Some(Noise::Absolute(0.01))
        );
        assert_eq!(success.noise(&[], &gates), Some(Noise::Absolute(0.02)));
        assert_eq!(success.noise(&[], &[]), Some(Noise::Absolute(0.03)));
        let score = parse("helpful", &known).unwrap();
        assert_eq!(score.noise(&[], &[]), Some(Noise::Absolute(0.12)));
        let latency = parse("latency_p95_ms", &known).unwrap();
        assert_eq!(latency.noise(&[], &[]), Some(Noise::Relative(0.10)));
        let cost = parse("cost_usd", &known).unwrap();
        assert_eq!(cost.noise(&[], &[]), Some(Noise::Relative(0.05)));
    }
}
