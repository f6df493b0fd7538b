//! Candidates against the baseline: every metric with its interval, and who changed sides.

use serde_json::{Value as Json, json};

use super::charts;
use super::link::case_link;
use super::table;
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
    let comparisons: Vec<&Comparison> = findings.comparisons.iter().filter(of_same).collect();
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

/// The row of a metric and, where it was corrected for a judge's error, one below it.
fn rows(comparison: &Comparison) -> Vec<Json> {
    let row = |metric: &str, is_term: bool, difference: String| {
        json!({
            "metric": metric, "is_term": is_term, "difference": difference,
            "finding": "", "tone": "", "p": "", "pairs": "", "words": "",
        })
    };
    let mut first = row(
        content::label(&comparison.metric),
        false,
        shown(comparison.unit, &comparison.difference),
    );
    let p = comparison.p_adjusted.or(comparison.p);
    first["p"] = p.map_or(String::new(), format::p_value).into();
    first["pairs"] = comparison.pairs.into();
    first["words"] = match comparison.role.as_str() {
        "primary" => content::sentence(comparison),
        _ => content::adjusted(comparison),
    }
    .into();
    if let Some(finding) = comparison.finding {
        first["finding"] = content::finding_word(finding).into();
        first["tone"] = match finding {
            Finding::Better => "good",
            Finding::Worse => "bad",
            Finding::Same | Finding::Unclear => "",
        }
        .into();
    }
    let mut rows = vec![first];
    if let Some(corrected) = &comparison.corrected {
        let words = |labels: Option<u64>, method: &str| match labels {
            Some(labels) => format!("{method}, {}", content::counted(labels, "label")),
            None => method.to_owned(),
        };
        match (&corrected.difference, &corrected.why) {
            (Some(difference), _) => {
                let mut below = row("corrected", true, shown(comparison.unit, difference));
                below["words"] = words(corrected.labels, &corrected.method).into();
                rows.push(below);
            }
            (None, Some(why)) => {
                let mut below = row("not corrected", true, String::new());
                below["words"] = why.as_str().into();
                rows.push(below);
            }
            (None, None) => {}
        }
    }
    rows
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
    let mut columns = vec!["tag".to_owned()];
    columns.extend(several.then(|| "candidate".to_owned()));
    columns.extend(["difference", "p, adjusted", "pairs"].map(str::to_owned));
    let metric = content::label(&findings.design.primary);
    let caption = format!(
        "Differences of {metric} by tag: exploration, no finding rests on it; p is adjusted for the number of tags (Benjamini-Hochberg)."
    );
    table::rows(&caption, &columns, &rows)
}
