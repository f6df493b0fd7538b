//! What a tuning says in words, and its screen: what it comes to, the one honest figure and what it rests on, then what was tried.
//!
//! What a candidate reached where it was chosen stands in grey, behind the word *optimistic*, and never above the held-out figure.

use super::content::{self, counted};
use super::said::Said;
use super::screen::{Ink, Place, Screen};
use crate::analysis::findings::{Figure, Unit};
use crate::analysis::format;
use crate::analysis::tuning::{Gap, Outcome, Scored, Tried, Tuning, right_words};

/// Columns before the texts.
const HANG: usize = 12;
/// Most candidates that are shown; the others are counted.
const MOST_SHOWN: usize = 8;

/// The screen.
#[must_use]
pub fn tuning_screen(tuning: &Tuning, labels: &str, width: usize, color: bool) -> String {
    let mut screen = Screen::new(width, color);
    let heading = [tuning.present.as_str(), &tuning.scale, labels];
    screen.paragraph(Ink::Bold, &heading.join(" · "));
    screen.gap();
    outcome(&mut screen, tuning);
    screen.gap();
    for of in [parts, held_out, cross_validated, gap, warnings] {
        for said in of(tuning) {
            said.put(&mut screen, HANG);
        }
    }
    tried(&mut screen, tuning);
    if let Some(diff) = &tuning.diff {
        screen.gap();
        screen.paragraph(Ink::Bold, &beside(tuning));
        for line in diff.lines() {
            screen.block(2, line);
        }
    }
    screen.gap();
    for said in Said::list("advice", &tuning.advice) {
        said.put(&mut screen, HANG);
    }
    if let Some(said) = spent(tuning) {
        screen.gap();
        said.put(&mut screen, HANG);
    }
    screen.gap();
    screen.paragraph(Ink::Bold, &exit(tuning));
    screen.finish()
}

/// Where the new judge's file stands.
pub(super) fn beside(tuning: &Tuning) -> String {
    let file = tuning.written.as_deref().unwrap_or("the new judge");
    format!("{file}, beside the present judge")
}

/// How the process ends, and why.
pub(super) fn exit(tuning: &Tuning) -> String {
    let outcome = tuning.outcome;
    format!("exit {}: {}", outcome.exit_code(), outcome.words())
}

/// What asking cost.
pub(super) fn spent(tuning: &Tuning) -> Option<Said> {
    let cost = tuning.spent.as_ref()?;
    let mut text = counted(cost.calls, "call");
    if cost.usd > 0.0 {
        text.push_str(&format!(", ${:.4}", cost.usd));
    }
    Some(Said::new("spent", text, Ink::Plain))
}

/// What must be known first.
pub(super) fn warnings(tuning: &Tuning) -> Vec<Said> {
    let warnings = tuning.warnings.iter();
    warnings
        .map(|warning| Said::new("note", warning, Ink::Warn))
        .collect()
}

/// What the chosen judge lost between dev and test.
pub(super) fn gap(tuning: &Tuning) -> Vec<Said> {
    let gap = tuning.gap.iter();
    gap.map(|gap| Said::new("gap", gap_words(tuning, gap), Ink::Plain))
        .collect()
}

/// The outcome's word, and the rule that led to it.
pub(super) fn concluded(tuning: &Tuning) -> (&'static str, Ink, String) {
    let (words, ink) = match tuning.outcome {
        Outcome::Improved => ("IMPROVED", Ink::Good),
        Outcome::NotShownBetter => ("NOT SHOWN BETTER", Ink::Warn),
        Outcome::TooFewLabels => ("TOO FEW LABELS", Ink::Warn),
    };
    let rule = match tuning.held_out.is_some() {
        true => format!("{}: {}", tuning.chosen, tuning.rule),
        false => tuning.rule.clone(),
    };
    (words, ink, rule)
}

fn outcome(screen: &mut Screen, tuning: &Tuning) {
    let (words, ink, rule) = concluded(tuning);
    let at = Place {
        indent: 0,
        hang: words.len() + 2,
        below: 4,
    };
    screen.entry(at, &[(words, ink)], (&rule, Ink::Plain));
}

/// What a part of the labels is for.
pub(super) fn purpose(part: &str) -> &'static str {
    match part {
        "train" => "to learn from",
        "dev" => "to choose on",
        "test" => "to tell",
        _ => "to choose on; none are left to tell",
    }
}

/// The parts of the labels, in the order in which they are used.
pub(super) const PARTS: [&str; 4] = ["train", "dev", "test", "all"];

/// The labels and their parts.
pub(super) fn parts(tuning: &Tuning) -> Vec<Said> {
    let text = counted(tuning.labels.labelled, "labelled item");
    let text = match tuning.labels.parts.len() {
        1 => text,
        _ => format!("{text}, parted by cluster with seed {}", tuning.seed),
    };
    let mut parts = vec![Said::new("labels", text, Ink::Plain)];
    for name in PARTS {
        let Some(classes) = tuning.labels.parts.get(name) else {
            continue;
        };
        let count: u64 = classes.values().sum();
        // Means of grades have many values: their count by grade says nothing.
        let said = match classes.len() {
            1..=12 => format!(": {}", content::counts(classes)),
            _ => String::new(),
        };
        let text = format!("{name} {count} ({}){said}", purpose(name));
        parts.push(Said::new("", text, Ink::Plain));
    }
    parts
}

/// A figure that is shown with two digits; what is shown as zero has no sign.
fn unsigned_zero(figure: f64) -> f64 {
    if figure.abs() < 0.005 { 0.0 } else { figure }
}

/// The name of a figure of agreement.
pub(super) fn words(key: &str) -> &str {
    match key {
        "cohen_kappa" => "kappa",
        "weighted_kappa_quadratic" => "quadratic weighted kappa",
        _ => "Lin's concordance",
    }
}

/// The look at the test part.
pub(super) fn held_out(tuning: &Tuning) -> Vec<Said> {
    let Some(found) = &tuning.held_out else {
        return Vec::new();
    };
    let shown = |figure: &Figure| match figure {
        Figure::Estimate(_) => format::whole(Unit::Score, figure),
        Figure::Undefined { undefined, .. } => format!("none: {undefined}"),
    };
    let line = |name: &str, figure: &Figure, scored: &Scored| {
        let mut text = format!("{name}: {} {}", words(&tuning.agreement), shown(figure));
        if let Some(right) = scored.right {
            text.push_str(&format!(", {}", right_words(right, tuning.is_number)));
        }
        text.push_str(&left_out(scored));
        text
    };
    let chosen = line(&tuning.chosen, &found.chosen_agreement, &found.chosen);
    let mut said = vec![Said::new("test", chosen, Ink::Bold)];
    let present = line(&tuning.present, &found.present_agreement, &found.present);
    said.push(Said::new("", present, Ink::Plain));
    let use_of = match found.conclusion.outcome.exit_code() {
        0 => "usable",
        6 => "too few labels to say whether it may be used",
        _ => "not shown usable",
    };
    let text = format!("{}: {use_of} ({})", tuning.chosen, found.conclusion.rule);
    said.push(Said::new("", text, Ink::Plain));
    if found.look > 1 {
        let text = format!("test part used {} times", found.look);
        said.push(Said::new("", text, Ink::Plain));
    }
    said
}

/// What of the labels has no readable verdict.
pub(super) fn left_out(scored: &Scored) -> String {
    let mut text = String::new();
    for (count, what) in [
        (scored.unreadable, "unreadable"),
        (scored.unjudged, "without a verdict"),
    ] {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    text
}

/// In place of a look, where labels are too few to be parted.
pub(super) fn cross_validated(tuning: &Tuning) -> Vec<Said> {
    let Some(found) = &tuning.cross_validated else {
        return Vec::new();
    };
    let figure = |scored: &Scored| match (scored.agreement, scored.right) {
        (Some(figure), Some(right)) => format!(
            "{} {:.2}, {}",
            words(&tuning.agreement),
            unsigned_zero(figure),
            right_words(right, tuning.is_number)
        ),
        _ => format!("{} undefined", words(&tuning.agreement)),
    };
    let chosen = format!(
        "choosing like this reaches {} on items that did not choose (mean of {} x {}-fold, no interval: nothing is claimed)",
        figure(&found.chosen),
        found.repeats,
        found.folds
    );
    let present = format!(
        "{}, which nobody chose here: {}",
        tuning.present,
        figure(&found.present)
    );
    vec![
        Said::new("validated", chosen, Ink::Bold),
        Said::new("", present, Ink::Plain),
    ]
}

fn gap_words(tuning: &Tuning, gap: &Gap) -> String {
    let mut parts = Vec::new();
    if let Some(right) = gap.right {
        parts.push(match tuning.is_number {
            true => format!("{right:+.2} in mean error"),
            false => format!("{:+.1} points right", 100.0 * right),
        });
    }
    if let Some(agreement) = gap.agreement {
        parts.push(format!("{agreement:+.2} {}", words(&tuning.agreement)));
    }
    let parts = match parts.is_empty() {
        true => "undefined".to_owned(),
        false => parts.join(", "),
    };
    let is_lost = gap.right.or(gap.agreement).is_some_and(|gap| gap > 0.0);
    let said = if is_lost {
        "choosing flattered it by so much, chance included"
    } else {
        "it did not look better where it was chosen"
    };
    format!("dev less test: {parts}; {said}")
}

/// What was tried: what came to something, the best first, and what did not.
pub(super) fn ranked(tuning: &Tuning) -> (Vec<&Tried>, Vec<&Tried>) {
    let all = tuning.candidates.iter();
    let (mut came, failed): (Vec<&Tried>, Vec<&Tried>) = all.partition(|one| one.failed.is_none());
    came.sort_by(|one, other| {
        let key = |one: &Tried| reached(one).unwrap_or(f64::NEG_INFINITY);
        key(other).total_cmp(&key(one))
    });
    (came, failed)
}

/// What a candidate reached where it was chosen.
fn reached(one: &Tried) -> Option<f64> {
    one.dev.and_then(|dev| dev.scored.agreement)
}

/// The same in words.
pub(super) fn reached_words(tuning: &Tuning, one: &Tried) -> String {
    let mut text = match reached(one) {
        Some(figure) => format!(
            "optimistic {} {:.2}",
            words(&tuning.agreement),
            unsigned_zero(figure)
        ),
        None => format!("{} undefined", words(&tuning.agreement)),
    };
    if let Some(dev) = &one.dev {
        text.push_str(&left_out(&dev.scored));
    }
    text
}

/// What is said above all that was tried.
pub(super) fn tried_words(tuning: &Tuning) -> String {
    let (came, failed) = ranked(tuning);
    let part = if tuning.labels.parts.len() == 1 {
        "all labels"
    } else {
        "dev"
    };
    let mut head = format!(
        "tried {}; what they reach on {part}, where they were chosen, is optimistic",
        counted(came.len() as u64, "judge")
    );
    if !failed.is_empty() {
        head.push_str(&format!("; {} came to nothing", failed.len()));
    }
    head
}

/// What was tried, in the order of what it reached where it was chosen.
fn tried(screen: &mut Screen, tuning: &Tuning) {
    screen.gap();
    let (came, failed) = ranked(tuning);
    screen.paragraph(Ink::Bold, &tried_words(tuning));
    let is_kept = |one: &Tried| one.name == tuning.chosen || one.name == tuning.present;
    let mut room = MOST_SHOWN;
    let mut hidden = 0_u64;
    for one in came {
        if room == 0 && !is_kept(one) {
            hidden += 1;
            continue;
        }
        room = room.saturating_sub(1);
        let mut text = reached_words(tuning, one);
        if one.name == tuning.present {
            text.push_str(" (present)");
        }
        if one.name == tuning.chosen && one.name != tuning.present {
            text.push_str(" (chosen)");
        }
        let at = Place {
            indent: 2,
            hang: HANG + 20,
            below: 6,
        };
        screen.entry(at, &[(&one.name, Ink::Plain)], (&text, Ink::Dim));
    }
    if hidden > 0 {
        let more = format!("and {hidden} more, in --format json");
        screen.paragraph(Ink::Dim, &more);
    }
    for one in failed {
        let at = Place {
            indent: 2,
            hang: HANG + 20,
            below: 6,
        };
        let why = one.failed.as_deref().unwrap_or_default();
        screen.entry(at, &[(&one.name, Ink::Plain)], (why, Ink::Dim));
    }
}
