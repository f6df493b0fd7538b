//! What a calibration says in words, and its screen: the conclusion first, then what it rests on, the worst disagreements, and what to
//! do next.

use super::content::{self, counted};
use super::said::Said;
use super::screen::{Ink, Place, Screen};
use crate::analysis::calibration::{Calibration, Disagreement, Outcome, Statistic};
use crate::analysis::findings::{Figure, Unit};
use crate::analysis::format::{self, p_equals};

/// What is known of a judge besides its figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JudgeTitle {
    /// The judge's name; for verdicts from elsewhere the column's or the file's.
    pub name: String,
    /// The labels file.
    pub labels: String,
}

/// Columns before the texts.
const HANG: usize = 12;
/// Most characters of a text shown with a disagreement.
const TEXT: usize = 300;

/// The screen.
#[must_use]
pub fn calibration_screen(
    title: &JudgeTitle,
    found: &Calibration,
    width: usize,
    color: bool,
) -> String {
    let mut screen = Screen::new(width, color);
    heading(&mut screen, title, found);
    screen.gap();
    conclusion(&mut screen, found);
    screen.gap();
    let said = [labels, agreement, people, errors, orders, rates, warnings];
    for of in said {
        for said in of(found) {
            said.put(&mut screen, HANG);
        }
    }
    disagreements(&mut screen, found);
    screen.gap();
    for said in Said::list("advice", &found.advice) {
        said.put(&mut screen, HANG);
    }
    screen.gap();
    screen.paragraph(Ink::Bold, &exit(found));
    screen.finish()
}

/// How the process ends, and why.
pub(super) fn exit(found: &Calibration) -> String {
    let outcome = found.conclusion.outcome;
    format!("exit {}: {}", outcome.exit_code(), outcome.words())
}

/// What must be known first.
pub(super) fn warnings(found: &Calibration) -> Vec<Said> {
    let warnings = found.warnings.iter();
    warnings
        .map(|warning| Said::new("note", warning, Ink::Warn))
        .collect()
}

fn heading(screen: &mut Screen, title: &JudgeTitle, found: &Calibration) {
    let parts = [&title.name, &found.scale, &title.labels].map(String::as_str);
    screen.paragraph(Ink::Bold, &parts.join(" · "));
}

/// The conclusion's word, and the rule that led to it.
pub(super) fn concluded(found: &Calibration) -> (&'static str, Ink, String) {
    let (words, ink) = match found.conclusion.outcome {
        Outcome::Usable => ("USABLE", Ink::Good),
        Outcome::NotShownUsable => ("NOT SHOWN USABLE", Ink::Bad),
        Outcome::TooFewLabels => ("TOO FEW LABELS", Ink::Warn),
    };
    let mut rule = found.conclusion.rule.clone();
    if found.conclusion.set_by_judge_file {
        rule.push_str(" (rule set by the judge file)");
    }
    (words, ink, rule)
}

fn conclusion(screen: &mut Screen, found: &Calibration) {
    let (words, ink, rule) = concluded(found);
    let at = Place {
        indent: 0,
        hang: words.len() + 2,
        below: 4,
    };
    screen.entry(at, &[(words, ink)], (&rule, Ink::Plain));
}

/// The labels that it rests on.
pub(super) fn labels(found: &Calibration) -> Vec<Said> {
    let mut said = Vec::new();
    let labels = &found.labels;
    let mut parts = vec![format!(
        "{} by {}, {} compared",
        counted(labels.labelled, "labelled item"),
        counted(labels.annotators.len() as u64, "annotator"),
        labels.compared
    )];
    if labels.annotators.len() > 1 {
        parts.push(content::counts(&labels.annotators));
    }
    for (count, words) in [
        (labels.unreadable, "unreadable"),
        (labels.unjudged, "without a verdict"),
        (labels.ties, "left out: their labels tie"),
        (labels.judged_only, "only judged"),
        (
            labels.repeats,
            "repeated by their annotator, not counted again",
        ),
    ] {
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    }
    if let Some(clusters) = labels.clusters {
        parts.push(counted(clusters, "cluster"));
    }
    if labels.look > 1 {
        parts.push(format!("look {} at these labels", labels.look));
    }
    said.push(Said::new("labels", parts.join("; "), Ink::Plain));
    if !labels.classes.is_empty() {
        // Means of grades have many values: their count by grade says nothing.
        if labels.classes.len() <= 12 {
            let classes = format!("labels say: {}", content::counts(&labels.classes));
            said.push(Said::new("", classes, Ink::Plain));
        }
    }
    said
}

/// A figure by name as text; `None` where it is not among the statistics.
fn figure(found: &Calibration, name: &str, unit: Unit) -> Option<String> {
    match found.statistics.get(name)? {
        Statistic::Figure(figure) => Some(format::whole(unit, figure)),
        Statistic::Number(number) => Some(match unit {
            Unit::Rate => format!("{:.1} %", 100.0 * number),
            _ => format!("{number:.2}"),
        }),
        Statistic::Count(count) => Some(count.to_string()),
        Statistic::Numbers(_) | Statistic::Table(_) => None,
    }
}

fn named(found: &Calibration, figures: &[(&str, &str, Unit)]) -> Vec<String> {
    figures
        .iter()
        .filter_map(|(name, words, unit)| {
            let shown = figure(found, name, *unit)?;
            Some(format!("{words} {shown}"))
        })
        .collect()
}

/// The figure of agreement that decides, and the others.
pub(super) fn agreement(found: &Calibration) -> Vec<Said> {
    let decides = [(
        found.agreement.as_str(),
        words(&found.agreement),
        Unit::Score,
    )];
    let first = named(found, &decides).join("");
    let mut said = vec![Said::new("agreement", first, Ink::Bold)];
    let beside = named(
        found,
        &[
            ("accuracy", "accuracy", Unit::Rate),
            ("exact_agreement", "the same grade", Unit::Rate),
            ("within_1", "within one grade", Unit::Rate),
            (
                "base_rate",
                "always the commonest class would be right in",
                Unit::Rate,
            ),
            (
                "accuracy_unreadable_as_wrong",
                "unreadable taken as wrong",
                Unit::Rate,
            ),
        ],
    );
    said.extend(line("", &beside));
    let chance = named(
        found,
        &[
            ("gwet_ac1", "AC1", Unit::Score),
            ("gwet_ac2_quadratic", "AC2", Unit::Score),
            ("mcc", "MCC", Unit::Score),
            ("macro_f1", "macro F1", Unit::Score),
            ("krippendorff_alpha_ordinal", "alpha", Unit::Score),
        ],
    );
    said.extend(line("", &chance));
    let other = [
        ("lin_ccc", "Lin's concordance", Unit::Score),
        ("pearson_r", "Pearson", Unit::Score),
        ("spearman_rho", "Spearman", Unit::Score),
        ("kendall_tau_b", "Kendall", Unit::Score),
    ];
    let other: Vec<_> = other
        .into_iter()
        .filter(|(name, _, _)| *name != found.agreement)
        .collect();
    said.extend(line("", &named(found, &other)));
    said
}

/// A line of several figures, if there are any.
fn line(label: &'static str, parts: &[String]) -> Option<Said> {
    (!parts.is_empty()).then(|| Said::new(label, parts.join(" · "), Ink::Plain))
}

/// The name of a figure of agreement.
pub(super) fn words(key: &str) -> &str {
    match key {
        "cohen_kappa" => "Cohen's kappa",
        "weighted_kappa_quadratic" => "quadratic weighted kappa",
        _ => "Lin's concordance",
    }
}

/// People among themselves, and the judge among them.
pub(super) fn people(found: &Calibration) -> Vec<Said> {
    let mut said = Vec::new();
    if let Some(ceiling) = figure(found, "human_ceiling", Unit::Score) {
        let judge = figure(found, "judge_at_ceiling", Unit::Score).unwrap_or_default();
        let text = format!(
            "people agree with one another at {ceiling}; the judge with the same people at {judge}"
        );
        said.push(Said::new("ceiling", text, Ink::Plain));
    }
    let among = named(
        found,
        &[
            (
                "people_krippendorff_alpha_nominal",
                "alpha among people",
                Unit::Score,
            ),
            (
                "people_krippendorff_alpha_ordinal",
                "alpha among people (ordinal)",
                Unit::Score,
            ),
            (
                "people_krippendorff_alpha_interval",
                "(interval)",
                Unit::Score,
            ),
        ],
    );
    said.extend(line("", &among));
    let facts = found.people.as_ref();
    if let Some(omega) = facts.and_then(|facts| facts.winning_rate) {
        let annotators = found.labels.annotators.len();
        let text = format!(
            "the judge holds its own against {:.0} % of {annotators} annotators (alternative annotator test, at least 50 % to pass)",
            100.0 * omega
        );
        said.push(Said::new("", text, Ink::Plain));
    }
    said
}

/// How it errs.
pub(super) fn errors(found: &Calibration) -> Vec<Said> {
    let rates = named(
        found,
        &[
            ("tpr", "TPR, passes of labelled passes", Unit::Rate),
            ("tnr", "TNR, fails of labelled fails", Unit::Rate),
        ],
    );
    let shift = named(
        found,
        &[
            (
                "mean_bias_judge_minus_human",
                "judge minus labels",
                Unit::Score,
            ),
            ("mae", "mean absolute error", Unit::Score),
        ],
    );
    let stated = named(
        found,
        &[
            ("ece", "its P(pass) is off by", Unit::Score),
            ("brier", "Brier", Unit::Score),
            ("auc", "AUC", Unit::Score),
        ],
    );
    let all = [("errors", rates), ("bias", shift), ("stated", stated)];
    let lines = all.iter().filter_map(|(label, parts)| line(label, parts));
    lines.collect()
}

/// A pairwise judge's two orders.
pub(super) fn orders(found: &Calibration) -> Vec<Said> {
    let mut parts = named(
        found,
        &[
            (
                "position_consistent_of_parsed",
                "both orders agree on",
                Unit::Rate,
            ),
            (
                "first_shown_preference_rate",
                "the output shown first wins",
                Unit::Rate,
            ),
        ],
    );
    if parts.is_empty() {
        return Vec::new();
    }
    let count = |name: &str| match found.statistics.get(name) {
        Some(Statistic::Count(count)) => *count,
        _ => 0,
    };
    let mut flips = format!(
        "{} flip to the first, {} to the second",
        count("flips_to_first"),
        count("flips_to_second")
    );
    if let Some(Statistic::Number(p)) = found.statistics.get("flip_sign_test_p") {
        flips.push_str(&format!(" ({})", p_equals(*p)));
    }
    parts.push(flips);
    line("orders", &parts).into_iter().collect()
}

/// The unit of what the judge's rates are of.
pub(super) fn rate_unit(found: &Calibration) -> Unit {
    if found.scale.contains("..") || found.scale == "number" {
        Unit::Score
    } else {
        Unit::Rate
    }
}

/// What the judge's rates are worth, raw and corrected.
pub(super) fn rates(found: &Calibration) -> Vec<Said> {
    let Some(rates) = &found.rates else {
        return Vec::new();
    };
    let unit = rate_unit(found);
    let shown = |figure: &Figure| match figure {
        Figure::Undefined { undefined, .. } => format!("none: {undefined}"),
        Figure::Estimate(_) => format::whole(unit, figure),
    };
    let head = format!(
        "{}, as the judge says: {} (its own error is not in the interval)",
        rates.of,
        shown(&rates.raw)
    );
    let mut said = vec![Said::new("rate", head, Ink::Plain)];
    for (words, figure) in [
        ("by the labels alone", &rates.labels_only),
        ("both joined (PPI++)", &rates.ppi),
        ("by its two error rates (Rogan-Gladen)", &rates.rogan_gladen),
    ] {
        let text = format!("{words}: {}", shown(figure));
        said.push(Said::new("", text, Ink::Plain));
    }
    said
}

fn disagreements(screen: &mut Screen, found: &Calibration) {
    if found.disagreements.is_empty() {
        return;
    }
    screen.gap();
    screen.paragraph(Ink::Bold, "worst disagreements");
    for one in &found.disagreements {
        let said = disagreed(one);
        let at = Place {
            indent: 2,
            hang: HANG + 12,
            below: 4,
        };
        screen.entry(at, &[(&one.item, Ink::Plain)], (&said, Ink::Plain));
        let texts = [
            ("input", one.input.as_deref()),
            ("output", one.output.as_deref()),
            ("judge", one.reason.as_deref()),
        ];
        let below = Place {
            indent: 4,
            hang: HANG,
            below: 6,
        };
        for (label, text) in texts {
            if let Some(text) = text {
                screen.entry(below, &[(label, Ink::Dim)], (&short(text), Ink::Plain));
            }
        }
        for critique in &one.critiques {
            screen.entry(
                below,
                &[("people", Ink::Dim)],
                (&short(critique), Ink::Plain),
            );
        }
    }
}

/// What people and the judge say of an item.
pub(super) fn disagreed(one: &Disagreement) -> String {
    let mut said = format!("labelled {}", one.people);
    if !one.labels.is_empty() {
        said.push_str(&format!(" ({})", one.labels.join(", ")));
    }
    format!("{said}, judge {}", one.judge)
}

/// The beginning of a text, on one line.
fn short(text: &str) -> String {
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(TEXT) {
        line.truncate(end);
        line.push_str(" ...");
    }
    line
}
