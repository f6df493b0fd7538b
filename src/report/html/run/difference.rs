//! Candidates against the baseline: every metric with its interval, and who changed sides.

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::charts;
use super::link::case_link;
use super::table::{self, Column};
use crate::analysis::findings::{Comparison, Figure, Finding, Findings, Unit};
use crate::analysis::format;
use crate::report::content;
use crate::report::html::template::{Html, fill};

/// Cases that are named of those that changed sides.
const MOST_NAMED: usize = 200;

/// The section's body; empty where nothing is compared.
pub(super) fn differences(findings: &Findings) -> Html {
    let verdicts = content::verdicts(findings);
    let body: String = verdicts
        .iter()
        .enumerate()
        .map(|(nth, verdict)| one(findings, nth, verdict))
        .collect();
    Html::drawn(body)
}

fn one(findings: &Findings, nth: usize, verdict: &content::Verdict<'_>) -> String {
    let primary = verdict.primary;
    let of_same = |one: &&Comparison| {
        one.candidate == primary.candidate
            && one.baseline == primary.baseline
            && one.role != "slice"
    };
    let mut comparisons: Vec<&Comparison> = findings.comparisons.iter().filter(of_same).collect();
    // Of a candidate without any difference the primary metric says why; the others would say it again.
    let is_known = |one: &Comparison| one.decisive().estimate().is_some();
    if !comparisons.iter().any(|one| is_known(one)) {
        comparisons.retain(|one| one.role == "primary");
    }
    let chart = charts::of_differences(nth, &comparisons);
    let mut entries = Vec::new();
    let mut add = |label: &str, text: Option<String>| {
        entries.extend(text.map(|text| json!({"label": label, "text": text})));
    };
    add("judge", content::judged(primary));
    add("pairs", content::footing(primary));
    add("others", content::quiet(verdict));
    add("why", primary.why.clone());
    let flipped = &primary.flipped;
    let mut flips = vec![flip("gained", &flipped.gained), flip("lost", &flipped.lost)];
    flips.retain(|one| !one["cases"].as_array().is_none_or(Vec::is_empty));
    if flips.is_empty()
        && primary.unit == Unit::Rate
        && primary.pairs > 0
        && flipped.gained_at.is_empty()
        && flipped.lost_at.is_empty()
    {
        add("flipped", Some("no case changed sides".to_owned()));
    }
    let values = json!({
        "baseline": primary.baseline,
        "candidate": primary.candidate,
        "rows": comparisons.into_iter().flat_map(rows).collect::<Vec<_>>(),
        "chart": chart.as_str(),
        "entries": entries,
        "flips": flips,
    });
    fill(
        include_str!("../../../../reports/run/difference.html"),
        values,
    )
    .as_str()
    .to_owned()
}

/// A row of the table.
#[derive(Default, Serialize)]
struct Row {
    metric: String,
    is_term: bool,
    finding: &'static str,
    tone: &'static str,
    difference: String,
    p: String,
    pairs: String,
    words: String,
}

/// The row of a metric. Where it was corrected for a judge's error there are two: what the judge says, and below it the corrected
/// difference, on which finding and p rest.
fn rows(comparison: &Comparison) -> Vec<Row> {
    let p = |p: Option<f64>| p.map_or(String::new(), format::p_value);
    let sentence = match comparison.role.as_str() {
        "primary" => content::sentence(comparison),
        _ => content::adjusted(comparison),
    };
    let first = Row {
        metric: content::label(&comparison.metric).to_owned(),
        difference: shown(comparison.unit, &comparison.difference),
        pairs: comparison.pairs.to_string(),
        ..Row::default()
    };
    let decided = |row: Row, words: String| Row {
        finding: comparison.finding.map_or("", content::finding_word),
        tone: match comparison.finding {
            Some(Finding::Better) => "good",
            Some(Finding::Worse) => "bad",
            _ => "",
        },
        p: p(comparison.p_adjusted.or(comparison.p)),
        words,
        ..row
    };
    let Some(corrected) = &comparison.corrected else {
        return vec![decided(first, sentence)];
    };
    let below = |metric: &str, difference: String| Row {
        metric: metric.to_owned(),
        is_term: true,
        difference,
        ..Row::default()
    };
    match (&corrected.difference, &corrected.why) {
        (Some(difference), _) => {
            let said = Row {
                p: p(comparison.checks.get("raw_p").copied()),
                words: "as the judge says; the finding rests on the corrected difference".into(),
                ..first
            };
            let by = match corrected.labels {
                Some(labels) => {
                    let labels = content::counted(labels, "label");
                    format!("{}, {labels}", corrected.method)
                }
                None => corrected.method.clone(),
            };
            let difference = shown(comparison.unit, difference);
            let corrected = Row {
                pairs: said.pairs.clone(),
                ..below("corrected", difference)
            };
            vec![said, decided(corrected, format!("{sentence} ({by})"))]
        }
        (None, Some(why)) => {
            let below = Row {
                words: why.clone(),
                ..below("not corrected", String::new())
            };
            vec![decided(first, sentence), below]
        }
        (None, None) => vec![decided(first, sentence)],
    }
}

fn shown(unit: Unit, figure: &Figure) -> String {
    match figure {
        Figure::Estimate(estimate) => format::difference(unit, estimate),
        Figure::Undefined { undefined, .. } => format!("undefined: {undefined}"),
    }
}

fn flip(label: &str, ids: &[String]) -> Json {
    let cases = ids.iter().take(MOST_NAMED);
    let more = ids.len().saturating_sub(MOST_NAMED);
    json!({
        "label": label,
        "count": content::counted(ids.len() as u64, "case"),
        "cases": cases.map(|id| json!({"id": id, "link": case_link(id)})).collect::<Vec<_>>(),
        "more": match more {
            0 => String::new(),
            more => format!("{more} more: the list of cases below has them"),
        },
    })
}

/// The differences by tag; empty where nothing is compared by tag.
pub(super) fn by_tag(findings: &Findings) -> Html {
    let slices = findings
        .comparisons
        .iter()
        .filter(|one| one.role == "slice");
    let several = content::verdicts(findings).len() > 1;
    let mut rows: Vec<Vec<String>> = slices
        .map(|one| {
            let p = one.p_adjusted.or(one.p);
            let mut row = vec![one.tag.clone().unwrap_or_default()];
            row.extend(several.then(|| one.candidate.clone()));
            row.extend([
                shown(one.unit, &one.difference),
                p.map_or(String::new(), format::p_value),
                one.pairs.to_string(),
            ]);
            row
        })
        .collect();
    rows.sort();
    let mut columns = vec![Column::words("tag")];
    columns.extend(several.then(|| Column::words("candidate")));
    columns.extend([
        Column::figures("difference"),
        Column::counts("p, adjusted"),
        Column::counts("pairs"),
    ]);
    let metric = content::label(&findings.design.primary);
    let caption = format!(
        "Differences of {metric} by tag: exploration, no finding rests on it; p is adjusted for the number of tags (Benjamini-Hochberg)."
    );
    table::rows(&caption, &columns, &rows, true)
}
