//! Which charts stand on the page, and of what.

use super::columns::Columns;
use crate::analysis::findings::{Comparison, Figure, Findings, MetricFigure, Unit};
use crate::funnel::html;
use crate::report::chart::{
    Cumulative, DifferenceRow, Differences, Distributions, Flips, IntervalRow, Intervals, Look,
    Points, Scatter, Series, Values, cumulative, differences, distributions, flips, intervals,
    scatter,
};
use crate::report::content::{self, label};
use crate::report::html::template::Html;

/// Rows of a chart by tag; of more tags the table alone speaks.
const MOST_TAG_ROWS: usize = 30;

/// A chart and the words above it.
pub(super) struct Drawn {
    title: String,
    chart: String,
}

/// Charts side by side, each in a figure of its own. Nothing where there are none.
pub(super) fn framed(charts: Vec<Drawn>) -> Html {
    if charts.is_empty() {
        return Html::default();
    }
    let figures = charts.iter().map(|drawn| {
        let (title, chart) = (html(&drawn.title), &drawn.chart);
        format!("<figure><figcaption><bdi>{title}</bdi></figcaption>{chart}</figure>")
    });
    let figures: String = figures.collect();
    Html::drawn(format!("<div class=\"charts\">{figures}</div>"))
}

/// A title with how the judges behind a metric stand: a drawing of their opinion says so itself.
fn judged(findings: &Findings, metric: &str, title: String) -> String {
    let mut targets = findings.targets.iter();
    let note = targets.find_map(|target| {
        let one = content::metric(target, metric)?;
        content::judge_note(findings, metric, one)
    });
    match note {
        Some(note) => format!("{title} ({note})"),
        None => title,
    }
}

/// The primary metric of every target.
pub(super) fn of_targets(findings: &Findings) -> Vec<Drawn> {
    let name = &findings.design.primary;
    let known = findings
        .targets
        .iter()
        .filter(|target| !target.not_evaluated)
        .filter_map(|target| Some((target, content::metric(target, name)?)));
    let known: Vec<_> = known.collect();
    let Some((_, first)) = known.first().filter(|_| known.len() > 1) else {
        return Vec::new();
    };
    let rows: Vec<IntervalRow<'_>> = known
        .iter()
        .map(|(target, one)| IntervalRow {
            name: &target.id,
            figure: &one.figure,
            look: Look::PLAIN,
        })
        .collect();
    let title = judged(findings, name, format!("{} of each target", label(name)));
    let chart = intervals(&Intervals {
        id: "chart-targets",
        title: &title,
        unit: first.unit,
        rows: &rows,
        rule: None,
        beside: &[],
    });
    vec![Drawn { title, chart }]
}

/// Every metric of a candidate against the baseline. `nth` tells the drawings of several candidates apart.
pub(super) fn of_differences(nth: usize, comparisons: &[&Comparison]) -> Html {
    let name = |one: &&Comparison| {
        let corrected = one.corrected.as_ref();
        match corrected.is_some_and(|one| one.difference.is_some()) {
            true => format!("{}, corrected", label(&one.metric)),
            false => label(&one.metric).to_owned(),
        }
    };
    let names: Vec<String> = comparisons.iter().map(name).collect();
    let rows: Vec<DifferenceRow<'_>> = comparisons
        .iter()
        .zip(&names)
        .map(|(one, name)| DifferenceRow {
            name,
            unit: one.unit,
            difference: one.decisive(),
            margin: one.noise,
            more_is_better: one.more_is_better,
            finding: one.finding,
        })
        .collect();
    let is_known = |row: &DifferenceRow<'_>| row.difference.estimate().is_some();
    let Some(first) = comparisons.first().filter(|_| rows.iter().any(is_known)) else {
        return Html::default();
    };
    let title = format!("{} minus {}", first.candidate, first.baseline);
    let chart = differences(&Differences {
        id: &format!("chart-difference-{nth}"),
        title: &title,
        rows: &rows,
    });
    framed(vec![Drawn { title, chart }])
}

/// How cases turned from the baseline to each candidate; nothing where nobody turned, or where nothing is compared.
pub(super) fn of_turns(findings: &Findings, columns: &Columns) -> Html {
    if findings.comparisons.is_empty() {
        return Html::default();
    }
    let turned = columns
        .turns()
        .enumerate()
        .filter(|(_, (_, _, turns))| turns.gained + turns.lost > 0);
    let drawn = turned.map(|(nth, (baseline, candidate, turns))| {
        let title = format!("cases from {baseline} to {candidate}");
        let chart = flips(&Flips {
            id: &format!("chart-flips-{nth}"),
            title: &title,
            sides: (baseline, candidate),
            both: turns.both,
            gained: turns.gained,
            lost: turns.lost,
            neither: turns.neither,
        });
        Drawn { title, chart }
    });
    framed(drawn.collect())
}

/// The primary metric by tag, a drawing for each target.
pub(super) fn of_slices(findings: &Findings) -> Html {
    let name = &findings.design.primary;
    let mut charts = Vec::new();
    let slices = findings.targets.iter().flat_map(|one| one.slices.values());
    let metrics = slices.flat_map(|slice| &slice.metrics);
    let all: Vec<&Figure> = metrics
        .filter(|(known, _)| known == name)
        .map(|(_, one)| &one.figure)
        .collect();
    for (nth, target) in findings.targets.iter().enumerate() {
        let figures: Vec<(&str, &MetricFigure)> = target
            .slices
            .iter()
            .filter_map(|(tag, slice)| {
                let mut metrics = slice.metrics.iter();
                let found = metrics.find(|(known, _)| known == name)?;
                Some((tag.as_str(), &found.1))
            })
            .collect();
        let is_known = |one: &(&str, &MetricFigure)| one.1.figure.estimate().is_some();
        if !figures.iter().any(is_known) || figures.len() > MOST_TAG_ROWS {
            continue;
        }
        let rows: Vec<IntervalRow<'_>> = figures
            .iter()
            .map(|(tag, one)| IntervalRow {
                name: tag,
                figure: &one.figure,
                look: Look::PLAIN,
            })
            .collect();
        let title = format!("{} by tag: {}", label(name), target.id);
        let title = judged(findings, name, title);
        let chart = intervals(&Intervals {
            id: &format!("chart-slices-{nth}"),
            title: &title,
            unit: figures[0].1.unit,
            rows: &rows,
            rule: None,
            beside: &all,
        });
        charts.push(Drawn { title, chart });
    }
    framed(charts)
}

/// The values of every scorer that gives numbers.
pub(super) fn of_scores(findings: &Findings, scorers: &[String], columns: &Columns) -> Vec<Drawn> {
    let mut charts = Vec::new();
    for (at, scorer) in scorers.iter().enumerate() {
        let rows: Vec<Values<'_>> = columns
            .sides()
            .iter()
            .map(|side| Values {
                name: &side.name,
                values: &side.scores[at].0,
                missing: side.scores[at].1,
            })
            .collect();
        if rows.iter().all(|row| row.values.is_empty()) {
            continue;
        }
        let title = judged(findings, scorer, format!("values of {scorer}"));
        let chart = distributions(&Distributions {
            id: &format!("chart-scores-{at}"),
            title: &title,
            unit: Unit::Score,
            scale: None,
            rows: &rows,
        });
        charts.push(Drawn { title, chart });
    }
    charts
}

/// Which share was answered by when; time and money, or time and tokens, of every trial.
pub(super) fn of_resources(columns: &Columns) -> Html {
    let sides = columns.sides();
    let mut charts = Vec::new();
    let timed = |values: &[f64]| values.iter().any(|took| *took > 0.0);
    if sides.iter().any(|side| timed(&side.latencies)) {
        let series: Vec<Series<'_>> = sides
            .iter()
            .map(|side| Series {
                name: &side.name,
                values: &side.latencies,
                unknown: side.cut,
            })
            .collect();
        let title = "share of trials answered within a time".to_owned();
        let chart = cumulative(&Cumulative {
            id: "chart-latency",
            title: &title,
            unit: Unit::Milliseconds,
            series: &series,
        });
        charts.push(Drawn { title, chart });
        let has_costs = sides.iter().any(|side| !side.costs.is_empty());
        let (up, points): ((&str, Unit), Vec<Points<'_>>) = match has_costs {
            true => (("cost", Unit::Usd), points(columns, |side| &side.costs)),
            false => (
                ("tokens out", Unit::Tokens),
                points(columns, |side| &side.tokens),
            ),
        };
        if points.iter().any(|one| !one.points.is_empty()) {
            let title = format!("latency and {} of every trial", up.0);
            let chart = scatter(&Scatter {
                id: "chart-scatter",
                title: &title,
                across: ("latency", Unit::Milliseconds),
                up,
                series: &points,
            });
            charts.push(Drawn { title, chart });
        }
    }
    framed(charts)
}

fn points(
    columns: &Columns,
    of: fn(&super::columns::Column) -> &Vec<(f64, f64)>,
) -> Vec<Points<'_>> {
    let sides = columns.sides().iter();
    sides
        .map(|side| Points {
            name: &side.name,
            points: of(side),
        })
        .collect()
}
