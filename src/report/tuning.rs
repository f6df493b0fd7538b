//! The screen of a tuning: what it comes to, the one honest figure and what it rests on, then what was tried.
//!
//! What a candidate reached where it was chosen stands in grey, behind the word *optimistic*, and never above the held-out figure.

use super::content::counted;
use super::screen::{Ink, Place, Screen};
use crate::analysis::findings::{Figure, Unit};
use crate::analysis::format;
use crate::analysis::tuning::{Gap, HeldOut, Outcome, Scored, Tried, Tuning, right_words};

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
    parts(&mut screen, tuning);
    if let Some(found) = &tuning.held_out {
        held_out(&mut screen, tuning, found);
    }
    cross_validated(&mut screen, tuning);
    if let Some(gap) = &tuning.gap {
        entry(&mut screen, "gap", &gap_words(tuning, gap), Ink::Plain);
    }
    for warning in &tuning.warnings {
        entry(&mut screen, "note", warning, Ink::Warn);
    }
    tried(&mut screen, tuning);
    if let Some(diff) = &tuning.diff {
        screen.gap();
        let head = format!(
            "{}, beside the present judge",
            tuning.written.as_deref().unwrap_or("the new judge")
        );
        screen.paragraph(Ink::Bold, &head);
        for line in diff.lines() {
            screen.block(2, line);
        }
    }
    if !tuning.advice.is_empty() {
        screen.gap();
        for (at, line) in tuning.advice.iter().enumerate() {
            entry(
                &mut screen,
                if at == 0 { "advice" } else { "" },
                line,
                Ink::Plain,
            );
        }
    }
    if let Some(cost) = &tuning.spent {
        let mut text = counted(cost.calls, "call");
        if cost.usd > 0.0 {
            text.push_str(&format!(", ${:.4}", cost.usd));
        }
        screen.gap();
        entry(&mut screen, "spent", &text, Ink::Plain);
    }
    screen.gap();
    let exit = format!(
        "exit {}: {}",
        tuning.outcome.exit_code(),
        tuning.outcome.words()
    );
    screen.paragraph(Ink::Bold, &exit);
    screen.finish()
}

fn entry(screen: &mut Screen, label: &str, text: &str, ink: Ink) {
    screen.beside(HANG, label, text, ink);
}

fn outcome(screen: &mut Screen, tuning: &Tuning) {
    let (words, ink) = match tuning.outcome {
        Outcome::Improved => ("IMPROVED", Ink::Good),
        Outcome::NotShownBetter => ("NOT SHOWN BETTER", Ink::Warn),
        Outcome::TooFewLabels => ("TOO FEW LABELS", Ink::Warn),
    };
    let at = Place {
        indent: 0,
        hang: words.len() + 2,
        below: 4,
    };
    let rule = match tuning.held_out.is_some() {
        true => format!("{}: {}", tuning.chosen, tuning.rule),
        false => tuning.rule.clone(),
    };
    screen.entry(at, &[(words, ink)], (&rule, Ink::Plain));
}

fn parts(screen: &mut Screen, tuning: &Tuning) {
    let text = counted(tuning.labels.labelled, "labelled item");
    let text = match tuning.labels.parts.len() {
        1 => text,
        _ => format!("{text}, parted by cluster with seed {}", tuning.seed),
    };
    entry(screen, "labels", &text, Ink::Plain);
    for name in ["train", "dev", "test", "all"] {
        let Some(classes) = tuning.labels.parts.get(name) else {
            continue;
        };
        let count: u64 = classes.values().sum();
        let said: Vec<String> = classes
            .iter()
            .map(|(class, n)| format!("{class} {n}"))
            .collect();
        let purpose = match name {
            "train" => "to learn from",
            "dev" => "to choose on",
            "test" => "to tell",
            _ => "to choose on; none are left to tell",
        };
        // Means of grades have many values: their count by grade says nothing.
        let said = match said.len() {
            1..=12 => format!(": {}", said.join(", ")),
            _ => String::new(),
        };
        entry(
            screen,
            "",
            &format!("{name} {count} ({purpose}){said}"),
            Ink::Plain,
        );
    }
}

/// A figure that is shown with two digits; what is shown as zero has no sign.
fn unsigned_zero(figure: f64) -> f64 {
    if figure.abs() < 0.005 { 0.0 } else { figure }
}

/// A figure of agreement in words.
pub(super) fn words(key: &str) -> &str {
    match key {
        "cohen_kappa" => "kappa",
        "weighted_kappa_quadratic" => "quadratic weighted kappa",
        _ => "Lin's concordance",
    }
}

fn held_out(screen: &mut Screen, tuning: &Tuning, found: &HeldOut) {
    let shown = |figure: &Figure| match figure {
        Figure::Estimate(_) => format::figure(Unit::Score, figure, None),
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
    entry(screen, "test", &chosen, Ink::Bold);
    let present = line(&tuning.present, &found.present_agreement, &found.present);
    entry(screen, "", &present, Ink::Plain);
    let use_of = match found.conclusion.outcome.exit_code() {
        0 => "usable",
        6 => "too few labels to say whether it may be used",
        _ => "not shown usable",
    };
    let text = format!("{}: {use_of} ({})", tuning.chosen, found.conclusion.rule);
    entry(screen, "", &text, Ink::Plain);
    if found.look > 1 {
        entry(
            screen,
            "",
            &format!("test part used {} times", found.look),
            Ink::Plain,
        );
    }
}

/// What a figure leaves out, in words.
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

fn cross_validated(screen: &mut Screen, tuning: &Tuning) {
    let Some(found) = &tuning.cross_validated else {
        return;
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
    let text = format!(
        "choosing like this reaches {} on items that did not choose (mean of {} x {}-fold, no interval: nothing is claimed)",
        figure(&found.chosen),
        found.repeats,
        found.folds
    );
    entry(screen, "validated", &text, Ink::Bold);
    let text = format!(
        "{}, which nobody chose here: {}",
        tuning.present,
        figure(&found.present)
    );
    entry(screen, "", &text, Ink::Plain);
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

/// What was tried, in the order of what it reached where it was chosen.
fn tried(screen: &mut Screen, tuning: &Tuning) {
    screen.gap();
    let came: Vec<&Tried> = tuning
        .candidates
        .iter()
        .filter(|one| one.failed.is_none())
        .collect();
    let failed: Vec<&Tried> = tuning
        .candidates
        .iter()
        .filter(|one| one.failed.is_some())
        .collect();
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
    screen.paragraph(Ink::Bold, &head);
    let figure = |one: &Tried| one.dev.and_then(|dev| dev.scored.agreement);
    let mut sorted = came;
    sorted.sort_by(|one, other| {
        let key = |one: &Tried| figure(one).unwrap_or(f64::NEG_INFINITY);
        key(other).total_cmp(&key(one))
    });
    let is_kept = |one: &Tried| one.name == tuning.chosen || one.name == tuning.present;
    let mut room = MOST_SHOWN;
    let mut hidden = 0_u64;
    for one in sorted {
        if room == 0 && !is_kept(one) {
            hidden += 1;
            continue;
        }
        room = room.saturating_sub(1);
        let mut text = match figure(one) {
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
