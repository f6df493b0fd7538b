//! Which figures people are shown, in which order and under which names, each in pieces that can be lined up.

use std::collections::{BTreeMap, BTreeSet};

use super::counted;
use crate::analysis::findings::{
    Correction, Estimate, Figure, Findings, JudgeFindings, MetricFigure, TargetFindings, Unit,
};
use crate::analysis::format::{self, Rounding, Scale};

/// Metrics that only the machine-readable reports carry, unless a gate or the primary finding is about them.
const LEFT_TO_FILES: &[&str] = &[
    "latency_p90_ms",
    "latency_p99_ms",
    "latency_mean_ms",
    "first_token_p50_ms",
    "first_token_p95_ms",
    "waited_mean_ms",
    "tokens_in",
    "tokens_out",
];

/// What metrics with a unit in their name are called beside a figure that carries its unit.
const LABELS: &[(&str, &str)] = &[
    ("latency_p50_ms", "latency p50"),
    ("latency_p90_ms", "latency p90"),
    ("latency_p95_ms", "latency p95"),
    ("latency_p99_ms", "latency p99"),
    ("latency_mean_ms", "latency mean"),
    ("first_token_p50_ms", "first token p50"),
    ("first_token_p95_ms", "first token p95"),
    ("waited_mean_ms", "waited, mean"),
    ("cost_usd", "cost per trial"),
    ("cost_per_success", "cost per success"),
    ("tokens_in", "tokens in"),
    ("tokens_out", "tokens out"),
];

/// One row of the table of figures.
#[derive(Debug, Clone)]
pub(in crate::report) struct Row {
    /// What the metric is called here.
    pub(in crate::report) label: String,
    /// Whether it is a part of the success above it.
    pub(in crate::report) is_term: bool,
    /// What to know about it: `judge: uncalibrated`, `few cases`.
    pub(in crate::report) note: String,
    /// One cell for each target.
    pub(in crate::report) cells: Vec<Cell>,
}

/// One figure in pieces, so that each can be lined up.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in crate::report) struct Cell {
    /// `88.1 %`, or the reason why there is none.
    pub(in crate::report) point: String,
    /// `[83.9, 91.4]`.
    pub(in crate::report) interval: String,
    /// `126/150`.
    pub(in crate::report) count: String,
    /// How many cases it rests on, where there is room to say it of every figure: `150 cases`, `160 x 3`.
    pub(in crate::report) cases: String,
}

/// The rows of the table of figures, and metrics without a figure for any target, each with the reason.
pub(in crate::report) fn figures(findings: &Findings) -> (Vec<Row>, Vec<String>) {
    let mut names: Vec<&str> = Vec::new();
    for target in &findings.targets {
        for (name, _) in &target.metrics {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    let asked_for = |name: &str| {
        name == findings.design.primary || findings.gates.iter().any(|gate| gate.metric == name)
    };
    let success = findings.design.success.as_deref().unwrap_or("");
    let terms: Vec<&str> = success.split(" and ").collect();
    let mut rows = Vec::new();
    let mut without = Vec::new();
    for name in names {
        if LEFT_TO_FILES.contains(&name) && !asked_for(name) {
            continue;
        }
        let of = |target| metric(target, name);
        let all: Vec<Option<&MetricFigure>> = findings.targets.iter().map(of).collect();
        if all
            .iter()
            .flatten()
            .all(|one| one.figure.estimate().is_none())
            && !asked_for(name)
        {
            if let Some(reason) = all.iter().flatten().find_map(|one| reason(&one.figure)) {
                without.push(format!("{}: {reason}", label(name)));
            }
            continue;
        }
        let cells = findings.targets.iter().map(|target| {
            if target.not_evaluated {
                return Cell::text("not evaluated");
            }
            metric(target, name).map_or_else(Cell::default, |one| {
                Cell::of(one.unit, &one.figure, findings.design.repeats)
            })
        });
        rows.push(Row {
            label: label(name).to_owned(),
            is_term: terms.len() > 1 && terms.contains(&name),
            note: note(findings, name, &all),
            cells: cells.collect(),
        });
        rows.extend(corrected(findings, &all));
    }
    (rows, without)
}

/// What a trial takes, for every target: all metrics of time, tokens and money, also those that the other tables leave to files.
pub(in crate::report) fn resources(findings: &Findings) -> Vec<Row> {
    let mut names: Vec<&str> = Vec::new();
    for (name, one) in findings.targets.iter().flat_map(|one| &one.metrics) {
        let is_one = matches!(one.unit, Unit::Milliseconds | Unit::Usd | Unit::Tokens);
        if is_one && !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let row = |name: &str| {
        let of = |target| metric(target, name);
        let all: Vec<Option<&MetricFigure>> = findings.targets.iter().map(of).collect();
        let cell = |one: &Option<&MetricFigure>| {
            one.map_or_else(Cell::default, |one| {
                Cell::of(one.unit, &one.figure, findings.design.repeats)
            })
        };
        Row {
            label: label(name).to_owned(),
            is_term: false,
            note: note(findings, name, &all),
            cells: all.iter().map(cell).collect(),
        }
    };
    names.into_iter().map(row).collect()
}

/// How much of the plan the primary metric rests on, and how it could stand at worst and at best had the rest been scored.
pub(in crate::report) fn coverage(findings: &Findings) -> Row {
    let cell = |target: &TargetFindings| {
        let primary = metric(target, &findings.design.primary);
        let Some(one) = primary.filter(|_| !target.not_evaluated) else {
            return Cell::default();
        };
        let Some(estimate) = one.figure.estimate() else {
            return Cell::default();
        };
        let scale = Scale::of(Unit::Rate, estimate.coverage, u64::MAX);
        let bounds = match (estimate.worst, estimate.best) {
            (Some(worst), Some(best)) if estimate.coverage < 1.0 => {
                let shown = |bound| value(one.unit, bound, estimate.n, None);
                format!("at worst {}, at best {}", shown(worst), shown(best))
            }
            _ => String::new(),
        };
        Cell {
            point: scale.with_unit(estimate.coverage, Rounding::Down, Some(1.0)),
            interval: bounds,
            count: counted(estimate.trials, "trial"),
            cases: String::new(),
        }
    };
    Row {
        label: "coverage".to_owned(),
        is_term: false,
        note: format!("of {}", label(&findings.design.primary)),
        cells: findings.targets.iter().map(cell).collect(),
    }
}

/// Takes the count that most rates of a target share out of its cells: it stands over the column once, `160 cases x 3`.
/// Nothing with single trials, where every rate has a count of its own.
pub(in crate::report) fn shared_count(rows: &mut [Row], target: usize, repeats: u32) -> String {
    if repeats == 1 {
        return String::new();
    }
    let mut often: BTreeMap<String, usize> = BTreeMap::new();
    for row in &*rows {
        let count = &row.cells[target].count;
        if !count.is_empty() {
            *often.entry(count.clone()).or_default() += 1;
        }
    }
    let Some((shared, _)) = often.into_iter().max_by_key(|(_, times)| *times) else {
        return String::new();
    };
    for row in rows {
        let cell = &mut row.cells[target];
        for count in [&mut cell.count, &mut cell.cases] {
            if *count == shared {
                count.clear();
            }
        }
    }
    shared.replacen(" x", " cases x", 1)
}

/// The row below a judged figure: the same corrected for the judge's error, where it could be for any target.
fn corrected(findings: &Findings, figures: &[Option<&MetricFigure>]) -> Option<Row> {
    let of = |one: &Option<&MetricFigure>| -> Option<Correction> {
        let correction = one.as_ref()?.correction.clone()?;
        correction.estimate.is_some().then_some(correction)
    };
    let all: Vec<Option<Correction>> = figures.iter().map(of).collect();
    let mut methods: Vec<&str> = Vec::new();
    let mut labels: Vec<String> = Vec::new();
    for one in all.iter().flatten() {
        if !methods.contains(&one.method.as_str()) {
            methods.push(&one.method);
        }
        let count = one.labels.unwrap_or(0).to_string();
        if labels.last() != Some(&count) {
            labels.push(count);
        }
    }
    let note = match methods.as_slice() {
        [] => return None,
        [one] if labels.len() < 3 => format!("{one}, {} labels", labels.join(" and ")),
        several => several.join(" / "),
    };
    let cells = figures.iter().zip(&all).map(|(one, correction)| {
        match correction.as_ref().and_then(|one| one.estimate.clone()) {
            Some(estimate) => {
                let unit = one.map_or(Unit::Rate, |one| one.unit);
                let mut cell = Cell::of(unit, &Figure::Estimate(estimate), findings.design.repeats);
                cell.count.clear();
                cell.cases.clear();
                cell
            }
            None if one.is_some() => Cell::text("not corrected"),
            None => Cell::default(),
        }
    });
    Some(Row {
        label: "corrected".to_owned(),
        is_term: true,
        note,
        cells: cells.collect(),
    })
}

/// How the judges behind a metric stand, in words: of a calibrated one what it is good for.
fn judge_word<'a>(findings: &'a Findings, metric: &str, state: &'a str) -> &'a str {
    if state != "calibrated" {
        return state;
    }
    let of_one = |scorer: &str| {
        metric == scorer
            || metric
                .strip_prefix(scorer)
                .is_some_and(|rest| rest.starts_with(' '))
    };
    let named = |scorer: &&JudgeFindings| of_one(&scorer.scorer);
    let is_own = findings.judges.iter().any(|one| named(&one));
    let judges = || {
        let judges = findings.judges.iter();
        judges.filter(move |one| !is_own || named(one))
    };
    let has = |wanted: &str| judges().any(|one| one.conclusion.as_deref() == Some(wanted));
    match (has("not_shown_usable"), has("too_few_labels")) {
        (true, _) => "not shown usable",
        (_, true) => "too few labels",
        _ => state,
    }
}

/// How the judges behind a figure stand: `judge: uncalibrated`; `None` where none has a say.
pub(in crate::report) fn judge_note(
    findings: &Findings,
    metric: &str,
    one: &MetricFigure,
) -> Option<String> {
    let state = one.calibration.as_ref()?;
    Some(format!("judge: {}", judge_word(findings, metric, state)))
}

/// What to know about a row: who says it, and whether it rests on little.
fn note(findings: &Findings, metric: &str, figures: &[Option<&MetricFigure>]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for one in figures.iter().flatten() {
        let judge = judge_note(findings, metric, one);
        let flags = one
            .figure
            .estimate()
            .into_iter()
            .flat_map(|estimate| &estimate.flags);
        for part in judge
            .into_iter()
            .chain(flags.map(|flag| flag.replace('-', " ")))
        {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
    }
    parts.join(", ")
}

/// A metric's figure for a target.
pub(in crate::report) fn metric<'a>(
    target: &'a TargetFindings,
    name: &str,
) -> Option<&'a MetricFigure> {
    find(&target.metrics, name)
}

fn find<'a>(metrics: &'a [(String, MetricFigure)], name: &str) -> Option<&'a MetricFigure> {
    let mut metrics = metrics.iter();
    metrics
        .find(|(known, _)| known == name)
        .map(|(_, figure)| figure)
}

fn reason(figure: &Figure) -> Option<&str> {
    match figure {
        Figure::Estimate(_) => None,
        Figure::Undefined { undefined, .. } => Some(undefined),
    }
}

/// What a metric is called beside its figure.
pub(in crate::report) fn label(metric: &str) -> &str {
    LABELS
        .iter()
        .find(|(name, _)| *name == metric)
        .map_or(metric, |(_, label)| label)
}

impl Cell {
    pub(in crate::report) fn of(unit: Unit, figure: &Figure, repeats: u32) -> Self {
        match figure {
            Figure::Undefined { undefined, .. } => Self::text(undefined),
            Figure::Estimate(estimate) => {
                let shown = format::estimate(unit, estimate, None);
                let (point, interval) = match shown.split_once(" [") {
                    Some((point, ends)) => (point.to_owned(), format!("[{ends}")),
                    None => (shown, format::no_interval(estimate).unwrap_or_default()),
                };
                let count = match unit {
                    Unit::Rate => count(estimate, repeats),
                    _ => String::new(),
                };
                let cases = match repeats {
                    1 => counted(estimate.n, "case"),
                    _ => format!("{} x {repeats}", estimate.n),
                };
                Self {
                    point,
                    interval,
                    count,
                    cases,
                }
            }
        }
    }

    /// Words in the place of a figure.
    pub(in crate::report) fn text(words: impl Into<String>) -> Self {
        Self {
            point: words.into(),
            ..Self::default()
        }
    }
}

/// How many passed of how many; with repeats how many cases the rate rests on.
fn count(estimate: &Estimate, repeats: u32) -> String {
    match estimate.passed {
        Some(passed) if repeats == 1 => format!("{passed}/{}", estimate.n),
        _ if repeats == 1 => counted(estimate.n, "case"),
        _ => format!("{} x {repeats}", estimate.n),
    }
}

/// A single value of a metric.
pub(super) fn value(unit: Unit, value: f64, cases: u64, bar: Option<f64>) -> String {
    Scale::of(unit, value, cases).with_unit(value, Rounding::Nearest, bar)
}

/// The metric that slices are shown by, with one row for each tag; no rows where there are no tags.
pub(in crate::report) fn slices(findings: &Findings) -> (String, Vec<Row>) {
    let primary = &findings.design.primary;
    let keys = findings.targets.iter().flat_map(|one| one.slices.keys());
    let tags: BTreeSet<&String> = keys.collect();
    let rows = tags.into_iter().map(|tag| {
        let figures: Vec<Option<&MetricFigure>> = findings
            .targets
            .iter()
            .map(|target| find(&target.slices.get(tag)?.metrics, primary))
            .collect();
        let cell = |one: &Option<&MetricFigure>| {
            one.map_or_else(Cell::default, |one| {
                Cell::of(one.unit, &one.figure, findings.design.repeats)
            })
        };
        Row {
            label: tag.clone(),
            is_term: false,
            note: note(findings, primary, &figures),
            cells: figures.iter().map(cell).collect(),
        }
    });
    (label(primary).to_owned(), rows.collect())
}
