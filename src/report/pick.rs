//! The screen of `labels pick`: how outputs were drawn, which, and what their labels will be worth.

use super::content::{counted, shell_word};
use super::screen::{Ink, Screen};
use crate::analysis::calibration::LEAST_LABELS;
use crate::analysis::format::plain;
use crate::analysis::label_worth::{Assumed, Known, Worth};
use crate::analysis::pick::{Earlier, FLOOR, Pick, Strategy};

/// Columns before the texts.
const HANG: usize = 11;
/// Columns of a name, so that what stands behind lines up; a longer one stands out.
const WIDEST: usize = 40;
/// Picked outputs that are named.
const NAMED: usize = 10;

/// The screen. `to`: the file that was written; `column`: what people fill in there; `kept`: its rows that have a label.
#[must_use]
pub fn pick_screen(
    pick: &Pick,
    to: &str,
    column: &str,
    kept: usize,
    width: usize,
    color: bool,
) -> String {
    let mut screen = Screen::new(width, color);
    let rows = counted(pick.picked.len() as u64, "output");
    let kept = match kept {
        0 => String::new(),
        1 => "; 1 label that is there stands above them".to_owned(),
        kept => format!("; {kept} labels that are there stand above them"),
    };
    entry(
        &mut screen,
        "wrote",
        &format!("{to}: {rows} to be labelled, `annotator` and `{column}` to be filled in{kept}"),
        Ink::Bold,
    );
    drawn(&mut screen, pick);
    earlier(&mut screen, pick);
    for note in &pick.notes {
        entry(&mut screen, "note", note, Ink::Warn);
    }
    screen.gap();
    let named = pick.picked.iter().take(NAMED);
    let widest = named.map(|one| one.name.chars().count()).max();
    let widest = widest.unwrap_or_default().min(WIDEST);
    for (nth, one) in pick.picked.iter().take(NAMED).enumerate() {
        let why = match one.why.is_empty() {
            true => String::new(),
            false => format!("; {}", one.why),
        };
        let (name, probability) = (&one.name, short(one.probability));
        let line = format!("{name:widest$}  probability {probability}{why}");
        entry(
            &mut screen,
            if nth == 0 { "picked" } else { "" },
            &line,
            Ink::Plain,
        );
    }
    if pick.picked.len() > NAMED {
        let more = format!("and {} more", pick.picked.len() - NAMED);
        entry(&mut screen, "", &more, Ink::Dim);
    }
    if let Some(found) = &pick.worth {
        screen.gap();
        worth(&mut screen, found);
    }
    if let Some(file) = shell_word(to) {
        // Of grades and classes somebody must say which there are.
        let asks = match column {
            "pass" => "",
            _ => " --judge JUDGE",
        };
        screen.gap();
        screen.whole(
            "next",
            HANG,
            &format!("evenhand annotate {file} --annotator NAME{asks}"),
            "shows them one by one",
        );
    }
    screen.finish()
}

fn entry(screen: &mut Screen, label: &str, text: &str, ink: Ink) {
    screen.beside(HANG, label, text, ink);
}

/// A probability to three digits.
fn short(probability: f64) -> String {
    match probability {
        p if p >= 0.1 => plain((p * 1e3).round() / 1e3),
        p => plain((p * 1e4).round() / 1e4),
    }
}

fn drawn(screen: &mut Screen, pick: &Pick) {
    let by = pick
        .by
        .as_ref()
        .map_or_else(String::new, |by| format!(", by {by}"));
    let (low, high) = pick.range;
    let range = match (high - low).abs() < 1e-12 {
        true => format!("each with probability {}", short(low)),
        false => format!("with probabilities from {} to {}", short(low), short(high)),
    };
    let line = format!(
        "{}{by}; {} of {}, {range}; seed {}",
        pick.strategy.name(),
        pick.picked.len() + pick.labelled,
        counted(pick.population as u64, "output"),
        pick.seed
    );
    entry(screen, "drawn", &line, Ink::Plain);
    let mut design = pick.strategy.design().to_owned();
    if matches!(pick.strategy, Strategy::Uncertain | Strategy::Disagreement) {
        design += &format!(
            "; {} % of the draw does not look at doubt, so that no output is out of reach",
            100.0 * FLOOR
        );
    }
    entry(screen, "", &design, Ink::Plain);
    if !pick.strategy.is_even() {
        let words = "kappa, accuracy and the other agreement figures of these labels are those of outputs drawn unevenly: only rates corrected with the probabilities speak of all outputs; to certify a judge, label a random draw";
        entry(screen, "note", words, Ink::Warn);
    }
}

fn earlier(screen: &mut Screen, pick: &Pick) {
    let labelled = counted(pick.labelled as u64, "labelled output");
    let words = match pick.earlier {
        Earlier::None => return,
        Earlier::Grown(before) => format!(
            "{labelled} were drawn in the same way when {before} were asked for: this draw goes on from there, and they have its larger probabilities in the new file"
        ),
        Earlier::Apart => format!(
            "{labelled} were not drawn in this way by this seed: in the new file they stand for themselves alone (probability 1), and the new ones for all others. That stays right however they were found, but is worth less than a draw that goes on"
        ),
    };
    entry(screen, "labels", &words, Ink::Plain);
}

fn worth(screen: &mut Screen, worth: &Worth) {
    let is_mean = worth.assumed == Assumed::Spread;
    if let Some(now) = &worth.now {
        entry(screen, "now", &known(now, is_mean), Ink::Plain);
    }
    entry(screen, "then", &known(&worth.then, is_mean), Ink::Plain);
    let assumed = match &worth.assumed {
        Assumed::Seen(table) => format!(
            "if people and judge go on differing as on the {} labels that are there",
            table.iter().flatten().sum::<u64>()
        ),
        Assumed::Kappa { passes, kappa } => format!(
            "if people, as the judge, pass {:.0} % and agree with it at kappa {kappa}: too few labels are there to tell",
            100.0 * passes
        ),
        Assumed::Spread => {
            "if people's grades lie as far apart as the judge's; what its correction adds is not promised"
                .to_owned()
        }
        Assumed::Half => {
            "if half of the outputs pass, where the interval is widest; no one judge is known here"
                .to_owned()
        }
    };
    entry(
        screen,
        "assumed",
        &format!(
            "{assumed}; the outputs are independent, and errors do not gather where doubts are"
        ),
        Ink::Plain,
    );
}

fn known(known: &Known, is_mean: bool) -> String {
    let points = |half: f64| format!("+-{:.0} points", 100.0 * half);
    let mut parts = vec![counted(known.labels, "label")];
    if known.effective < known.labels as f64 * 0.995 {
        parts[0] += &format!(" (worth {:.0} drawn alike)", known.effective);
    }
    if let (Some(half), true) = (known.labels_only, is_mean) {
        parts.push(format!("the mean grade by labels alone +-{half:.2}"));
    } else if let Some(half) = known.labels_only {
        parts.push(format!("the pass rate by labels alone {}", points(half)));
    }
    if let Some(half) = known.corrected {
        parts.push(format!("corrected (PPI++) {}", points(half)));
    }
    if known.effective.round() < LEAST_LABELS as f64 && !is_mean {
        parts.push(format!("no correction below {LEAST_LABELS} labels"));
    }
    if let Some(half) = known.kappa {
        parts.push(format!("kappa +-{half:.2}"));
    }
    parts.join("; ")
}
