//! Findings as sentences (STATISTICS 3): what a report says first.

use super::findings::{Comparison, CorrectedDifference, Estimate, Figure, Finding, Flipped};
use super::format::{self, Scale};

/// A metric as it stands in a sentence.
fn metric(comparison: &Comparison) -> &str {
    match comparison.metric.as_str() {
        "success_rate" => "success",
        other => other,
    }
}

/// How a sentence calls the candidate and the baseline. A target held against its own baseline file has that one's name: two of one
/// name would say nothing.
#[must_use]
pub fn sides(comparison: &Comparison) -> (String, String) {
    let new = comparison.candidate.to_uppercase();
    let old = match comparison.baseline == comparison.candidate {
        true => "its BASELINE".to_owned(),
        false => comparison.baseline.to_uppercase(),
    };
    (new, old)
}

fn cases(pairs: u64) -> String {
    match pairs {
        1 => "1 case".to_owned(),
        many => format!("{many} cases"),
    }
}

/// The sentence of a finding.
pub(crate) fn finding(comparison: &Comparison) -> String {
    let (new, old) = sides(comparison);
    let (metric, n) = (metric(comparison), cases(comparison.pairs));
    let p = comparison.p_adjusted.map(format::p_equals);
    let shown = match comparison.decisive() {
        Figure::Estimate(estimate) => Some(format::difference(comparison.unit, estimate)),
        Figure::Undefined { .. } => None,
    };
    match (comparison.finding, shown) {
        (Some(Finding::Better | Finding::Worse), Some(shown)) => {
            let word = if comparison.finding == Some(Finding::Better) {
                "better"
            } else {
                "worse"
            };
            let p = p.map_or_else(String::new, |p| format!(", {p}"));
            let ratio = ratio(comparison);
            format!("{new} is {word} than {old}: {metric} {shown}{ratio}, {n}{p}.")
        }
        (Some(Finding::Same), _) => same(comparison, &new, &old, &n),
        (_, Some(shown)) => {
            let lead = lead(comparison);
            let rest = match (&comparison.why, needs(comparison)) {
                (Some(why), _) => format!("; {why}"),
                (None, Some(needs)) => format!("; {needs}"),
                (None, None) => String::new(),
            };
            let ratio = ratio(comparison);
            format!("Unclear: {lead}{shown}{ratio}, {n}{rest}.")
        }
        (_, None) => {
            let why = comparison
                .why
                .as_deref()
                .unwrap_or("no difference could be computed");
            format!("Unclear: {}{why}.", lead(comparison))
        }
    }
}

/// What a corrected difference rests on, behind its sentence; `None` where there is none.
pub(crate) fn correction(corrected: &CorrectedDifference) -> Option<String> {
    let labels = corrected
        .labels
        .filter(|_| corrected.difference.is_some())?;
    let by_certificate = corrected.method == "rogan-gladen";
    Some(
        match corrected.assumes.as_ref().filter(|_| by_certificate) {
            None => format!(" Corrected by {labels} labelled pairs."),
            Some(assumes) => {
                format!(" Corrected by the certificate's {labels} labels, which {assumes}.")
            }
        },
    )
}

/// What stands behind a finding that is a judge's opinion; `None` where nothing is claimed, where its judges may be leant on, or where
/// it is corrected for their error.
pub(crate) fn opinion(comparison: &Comparison) -> Option<String> {
    comparison
        .finding
        .filter(|finding| *finding != Finding::Unclear)?;
    let by = match comparison.judge? {
        "uncalibrated" => "an uncalibrated judge",
        "stale" => "a stale judge",
        "too few labels" => "a judge with too few labels",
        _ => "a judge that was not shown usable",
    };
    Some(format!(" By {by}: its own error is not in this."))
}

/// The primary rate needs no name in its own sentence; any other metric does.
fn lead(comparison: &Comparison) -> String {
    match metric(comparison) {
        "success" => String::new(),
        other => format!("{other} "),
    }
}

fn ratio(comparison: &Comparison) -> String {
    comparison
        .ratio
        .map_or_else(String::new, |ratio| format!(" (x {ratio:.2})"))
}

fn same(comparison: &Comparison, new: &str, old: &str, n: &str) -> String {
    let noise = comparison.noise.unwrap_or(0.0);
    let margin = margin_like(comparison, noise);
    let of = match metric(comparison) {
        "success" => String::new(),
        other => format!(" in {other}"),
    };
    let shown = match comparison.decisive_90() {
        Figure::Estimate(estimate) => inside(comparison, estimate, noise),
        Figure::Undefined { undefined, .. } => undefined.clone(),
    };
    let why = comparison
        .why
        .as_ref()
        .map_or_else(String::new, |why| format!("; {why}"));
    format!("{new} and {old} are the same{of} within {margin}: {shown} (90 %), {n}{why}.")
}

/// The 90 % interval without its unit, each end on its own side of the margin, and of 0: `+0.4 [-1.9, +2.7]`.
fn inside(comparison: &Comparison, estimate: &Estimate, noise: f64) -> String {
    let scale = format::difference_scale(comparison.unit, estimate);
    let point = scale.signed_point(estimate);
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => {
            let end = |value, rounding, margin| {
                let beside = |bar| scale.signed(value, rounding, Some(bar));
                // The bar that asks for more digits: what stands right by it stands right by the other too.
                let (one, other) = (beside(margin), beside(0.0));
                if other.len() > one.len() { other } else { one }
            };
            let low = end(low, format::Rounding::Down, -noise);
            let high = end(high, format::Rounding::Up, noise);
            format!("{point} [{low}, {high}]")
        }
        _ => point,
    }
}

/// `to see 3 points takes about 645 cases (445 more)`.
fn needs(comparison: &Comparison) -> Option<String> {
    let (needs, noise) = comparison.needs_n.zip(comparison.noise)?;
    let margin = margin_like(comparison, noise);
    let more = needs.saturating_sub(comparison.pairs);
    Some(format!(
        "to see {margin} takes about {needs} cases ({more} more)"
    ))
}

/// A threshold that was computed from the baseline's value is shown as exactly as a value is.
fn margin_like(comparison: &Comparison, noise: f64) -> String {
    match comparison.unit {
        super::findings::Unit::Rate | super::findings::Unit::Score => {
            format::margin(comparison.unit, noise)
        }
        unit => Scale::of_difference(unit, noise).with_unit(noise, format::Rounding::Nearest, None),
    }
}

/// The line of a slice: an interval and an adjusted p, no finding.
pub(crate) fn slice(comparison: &Comparison) -> String {
    let tag = comparison.tag.as_deref().unwrap_or("");
    let n = cases(comparison.pairs);
    match &comparison.difference {
        Figure::Estimate(estimate) => {
            let shown = format::difference(comparison.unit, estimate);
            let p = comparison
                .p_adjusted
                .map_or_else(String::new, |p| format!(", {}", format::p_equals(p)));
            format!("{tag}: {} {shown}, {n}{p}.", metric(comparison))
        }
        Figure::Undefined { undefined, .. } => format!("{tag}: {undefined}, {n}."),
    }
}

/// What always follows a finding: gained and lost cases, coverage where below 1, how many tests were adjusted for.
/// Empty where there is nothing of these.
#[must_use]
pub fn followed_by(comparison: &Comparison) -> String {
    let mut parts = Vec::new();
    let Flipped {
        gained_at, lost_at, ..
    } = &comparison.flipped;
    if comparison.unit == super::findings::Unit::Rate && comparison.pairs > 0 {
        parts.push(format!(
            "gained {}, lost {}",
            cases(gained_at.len() as u64),
            lost_at.len()
        ));
    }
    if let Figure::Estimate(estimate) = &comparison.difference
        && estimate.coverage < 1.0
    {
        let coverage = Scale::of(super::findings::Unit::Rate, estimate.coverage, u64::MAX)
            .with_unit(estimate.coverage, format::Rounding::Down, Some(1.0));
        parts.push(format!("coverage {coverage}"));
    }
    if comparison.tests > 1 {
        let method = match comparison.adjustment.as_str() {
            "holm" => "Holm",
            _ => "Benjamini-Hochberg",
        };
        parts.push(format!("{} tests, {method}", comparison.tests));
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::findings::Unit;

    fn comparison(point: f64, low: f64, high: f64) -> Comparison {
        let figure = |confidence| {
            Figure::Estimate(Estimate {
                point,
                low: Some(low),
                high: Some(high),
                confidence,
                n: 400,
                trials: 800,
                clusters: 400,
                coverage: 1.0,
                worst: None,
                best: None,
                method: "newcombe-paired".into(),
                flags: Vec::new(),
                passed: None,
                no_interval: None,
            })
        };
        Comparison {
            baseline: "prod".into(),
            candidate: "next".into(),
            metric: "success_rate".into(),
            unit: Unit::Rate,
            more_is_better: true,
            role: "primary".into(),
            tag: None,
            pairs: 400,
            left_out: std::collections::BTreeMap::new(),
            difference: figure(0.95),
            difference_90: figure(0.9),
            corrected: None,
            judge: None,
            ratio: None,
            test: "mcnemar-exact".into(),
            p: Some(0.012),
            p_adjusted: Some(0.012),
            adjustment: "none".into(),
            tests: 1,
            finding: Some(Finding::Better),
            why: None,
            noise: Some(0.03),
            needs_n: None,
            flipped: Flipped::default(),
            sentence: String::new(),
            checks: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn the_four_sentences_have_their_form() {
        let mut found = comparison(0.052, 0.011, 0.093);
        assert_eq!(
            finding(&found),
            "NEXT is better than PROD: success +5.2 points [+1.1, +9.3], 400 cases, p = 0.012."
        );
        found.finding = Some(Finding::Worse);
        assert!(finding(&found).starts_with("NEXT is worse than PROD: success "));
        let mut found = comparison(0.004, -0.019, 0.027);
        found.finding = Some(Finding::Same);
        assert_eq!(
            finding(&found),
            "NEXT and PROD are the same within 3 points: +0.4 [-1.9, +2.7] (90 %), 400 cases."
        );
        // A 90 % interval on one side of 0 is never shown across it.
        let mut found = comparison(-0.0112, -0.0174, -0.0003);
        found.unit = Unit::Score;
        found.metric = "style".into();
        found.finding = Some(Finding::Same);
        assert_eq!(
            finding(&found),
            "NEXT and PROD are the same in style within 0.03: -0.01 [-0.02, -0.0003] (90 %), 400 cases."
        );
        let mut found = comparison(0.020, -0.019, 0.061);
        found.finding = Some(Finding::Unclear);
        found.pairs = 200;
        found.needs_n = Some(645);
        assert_eq!(
            finding(&found),
            "Unclear: +2.0 points [-1.9, +6.1], 200 cases; to see 3 points takes about 645 cases (445 more)."
        );
    }

    #[test]
    fn other_metrics_are_named_and_show_their_ratio() {
        let mut found = comparison(120.0, 20.0, 230.0);
        found.metric = "latency_p50_ms".into();
        found.unit = Unit::Milliseconds;
        found.ratio = Some(1.12);
        found.finding = Some(Finding::Worse);
        assert_eq!(
            finding(&found),
            "NEXT is worse than PROD: latency_p50_ms +120 ms [+20, +230] (x 1.12), 400 cases, p = 0.012."
        );
    }

    #[test]
    fn what_follows_a_finding_is_counted() {
        let mut found = comparison(0.052, 0.011, 0.093);
        found.flipped.gained_at = vec![1, 2, 3];
        found.flipped.lost_at = vec![4];
        found.tests = 6;
        found.adjustment = "holm".into();
        if let Figure::Estimate(estimate) = &mut found.difference {
            estimate.coverage = 0.9996;
        }
        assert_eq!(
            followed_by(&found),
            "gained 3 cases, lost 1; coverage 99.9 %; 6 tests, Holm"
        );
    }
}
