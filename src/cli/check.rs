//! `check`: what a suite would do, and what it can show.

use super::args::Check;
use super::failure::exit;
use super::run::selection;
use super::screen::Screen;
use super::{Done, print};
use crate::analysis::findings::Unit;
use crate::analysis::format::{Rounding, Scale};
use crate::funnel::terminal_line;
use crate::jobs::{self, Calls, Checked};
use crate::report::labelled;

pub(crate) fn run(verb: Check, screen: &Screen) -> Done {
    let order = jobs::Check {
        suite: verb.suite,
        selection: selection(verb.selection),
        pilots: verb.pilot,
    };
    let checked = jobs::check(&order, &verb.place.runs_dir)?;
    print(screen, page(&checked, screen.width).as_bytes())?;
    Ok(exit::DONE)
}

fn page(checked: &Checked, width: usize) -> String {
    let (cases, total) = checked.cases;
    let of = if cases == total {
        String::new()
    } else {
        format!(" of {total}")
    };
    let mut extent = format!("{cases}{of} {}", noun(cases, "case", "cases"));
    let targets = checked
        .calls
        .iter()
        .filter(|calls| calls.who.starts_with("target "))
        .count() as u64;
    extent += &format!(" x {targets} {}", noun(targets, "target", "targets"));
    if checked.repeats > 1 {
        extent += &format!(" x {} repeats", checked.repeats);
    }
    let gates = checked.gates as u64;
    let gates = if gates == 0 {
        "no gates".to_owned()
    } else {
        format!("{gates} {}", noun(gates, "gate", "gates"))
    };
    let mut text = labelled(
        "",
        &format!("{} is sound: {extent}, {gates}", checked.suite),
        width,
    );
    let success = checked
        .success
        .as_deref()
        .unwrap_or("undefined: no scorer says pass or fail");
    text += &labelled("success = ", success, width);
    text.push('\n');
    text += &match &checked.replays {
        Some(file) => labelled(
            "",
            &format!("would replay {file} and call nothing; with --live it would call"),
            width,
        ),
        None => "would call\n".to_owned(),
    };
    text += &calls(checked, width);
    text.push('\n');
    text += &power(checked, width);
    for warning in &checked.warnings {
        text += &labelled("warning: ", warning, width);
    }
    text
}

fn noun(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

fn money(usd: f64) -> String {
    Scale::of(Unit::Usd, usd, 0).with_unit(usd, Rounding::Up, None)
}

/// Who would be called, how often, and the most that can cost.
fn calls(checked: &Checked, width: usize) -> String {
    let who = |calls: &Calls| terminal_line(&calls.who, 32).into_owned();
    let widest = checked
        .calls
        .iter()
        .map(|calls| who(calls).chars().count())
        .max()
        .unwrap_or(0);
    let digits = checked
        .calls
        .iter()
        .map(|calls| calls.count.to_string().len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for calls in &checked.calls {
        let name = who(calls);
        let gap = " ".repeat(widest - name.chars().count());
        let label = format!(
            "  {name}{gap}  {:>digits$} {:5}  ",
            calls.count,
            noun(calls.count, "time", "times")
        );
        let model = calls
            .model
            .as_deref()
            .map(|model| format!(" {model}"))
            .unwrap_or_default();
        let bound = match (calls.most_tokens, calls.most_usd, calls.unbounded) {
            (_, Some(0.0), _) => "costs nothing".to_owned(),
            (_, Some(usd), _) => format!("replies cost at most {}", money(usd)),
            (Some(tokens), None, Some(why)) => format!("{why}; at most {tokens} tokens a reply"),
            (_, None, why) => why.unwrap_or("unbounded").to_owned(),
        };
        text += &labelled(
            &label,
            &format!("{}{model}: {bound}{}", calls.endpoint, pace(calls)),
            width,
        );
    }
    text += &budget(checked, width);
    let more = match (checked.budget.usd, checked.most_usd) {
        (Some(_), _) => return text,
        (None, most_usd) => most_usd,
    };
    let more = match more {
        Some(0.0) => return text,
        Some(usd) => format!("in all the replies cost at most {}; what is read, and retries, come on top", money(usd)),
        None => "what all this can cost is unbounded: set `max_tokens` and `price` where they are missing".to_owned(),
    };
    text + &labelled("  ", &more, width)
}

/// How fast they may be called, and the least that takes: `; at most 500 calls a minute, which takes 58 s at least`.
#[expect(clippy::cast_precision_loss, reason = "a count of calls")]
fn pace(calls: &Calls) -> String {
    let bounds = [
        calls.pace.rpm.map(|most| format!("{most} calls")),
        calls.pace.tpm.map(|most| format!("{most} tokens")),
    ];
    let bounds: Vec<String> = bounds.into_iter().flatten().collect();
    if bounds.is_empty() {
        return String::new();
    }
    let least = calls.pace.rpm.map_or(String::new(), |rpm| {
        let seconds = 60.0 * calls.sharing.saturating_sub(1) as f64 / rpm as f64;
        let least = Scale::of(Unit::Milliseconds, seconds * 1_000.0, 0);
        let least = least.with_unit(seconds * 1_000.0, Rounding::Down, None);
        format!(", which takes {least} at least")
    });
    let shared = if calls.sharing > calls.count {
        " with all who ask this model"
    } else {
        ""
    };
    format!("; at most {} a minute{shared}{least}", bounds.join(" and "))
}

/// What the run may spend, and what is reserved for that.
fn budget(checked: &Checked, width: usize) -> String {
    let budget = &checked.budget;
    let caps = [
        budget.usd.map(money),
        budget.tokens.map(|tokens| format!("{tokens} tokens")),
        budget
            .calls
            .map(|calls| format!("{calls} {}", noun(calls, "call", "calls"))),
        budget.time.map(|time| format!("{} s", time.as_secs_f64())),
    ];
    let caps: Vec<String> = caps.into_iter().flatten().collect();
    if caps.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "{} in all, judges included; then nothing more is launched",
        caps.join(", ")
    );
    if budget.usd.is_some() || budget.tokens.is_some() {
        text += &format!(
            ". Until it answers a call reserves its prompt (a token for 4 bytes) and `max_tokens`, {} where that is not set",
            jobs::DEFAULT_OUTPUT
        );
    }
    labelled("  budget: ", &text, width)
}

/// What so many cases can show.
fn power(checked: &Checked, width: usize) -> String {
    let power = &checked.power;
    // The smallest that can be shown is never made to look smaller.
    let points =
        |value: f64| Scale::of_difference(Unit::Rate, value).with_unit(value, Rounding::Up, None);
    let shown = |value: Option<f64>| value.map_or_else(|| "cannot be shown".to_owned(), points);
    let mut rows = vec![[
        "if so many cases flip".to_owned(),
        "smallest difference".to_owned(),
        "smallest max_drop".to_owned(),
    ]];
    rows.extend(power.rows.iter().map(|row| {
        let flips = format!(
            "{:>4} ({})",
            format!("{:.0} %", 100.0 * row.flips),
            row.like
        );
        [flips, shown(row.difference), shown(row.margin)]
    }));
    if let Some(pilot) = &power.pilot {
        rows.push([
            "as in the pilot".to_owned(),
            points(pilot.difference),
            points(pilot.margin),
        ]);
    }
    let mut text = labelled(
        "",
        "what so many cases can show, 4 times in 5 (a max_drop: passes when nothing changed)",
        width,
    );
    for [flips, difference, margin] in rows {
        text += &format!("  {flips:24}  {difference:>19}  {margin:>17}\n");
    }
    if let [Some(half), Some(ninety)] = power.half_widths {
        let said = format!(
            "a success rate of 50 % is known to +-{}, one of 90 % to +-{}",
            points(half),
            points(ninety)
        );
        text += &labelled("  ", &said, width);
    }
    let pilot = power
        .pilot
        .iter()
        .map(|pilot| format!("pilot: {}", pilot.said));
    let assumed = power
        .assumptions
        .iter()
        .map(|assumption| format!("assumed: {assumption}"));
    for line in pilot.chain(assumed) {
        text += &labelled("  ", &line, width);
    }
    text
}
