//! The exit code that findings ask for, and why (DESIGN 6).

use super::findings::{Findings, GateOutcome, Unit};
use super::format;
use super::gate::{FAILED, NOT_EVALUATED, UNDECIDED};

/// How a run ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// 0, 5, 6 or 100.
    pub code: u8,
    /// Why, in a line: `a gate failed`.
    pub why: String,
}

/// `failed`, `errored`, `changed` as words for cases.
fn chosen(only: &str) -> &str {
    match only {
        "failed" => "formerly failing",
        "errored" => "formerly errored",
        other => other,
    }
}

/// The exit code of findings: 5 before 100 before 6 before 0. `limit`: the limit that stopped the run, in words.
#[must_use]
pub fn verdict(findings: &Findings, limit: Option<&str>) -> Verdict {
    if let Some(limit) = limit {
        return Verdict {
            code: NOT_EVALUATED,
            why: format!("could not evaluate: {limit}"),
        };
    }
    let allowed = findings.design.max_error_rate;
    for target in &findings.targets {
        let why = if target.not_evaluated {
            format!("{} gave not one complete reply", target.id)
        } else if target.missing_rate > allowed {
            format!(
                "{}: {} of the trials are missing, allowed {}",
                target.id,
                format::share(target.missing_rate, allowed),
                format::bar(Unit::Rate, allowed)
            )
        } else {
            continue;
        };
        return Verdict {
            code: NOT_EVALUATED,
            why: format!("could not evaluate: {why}"),
        };
    }
    if let Some(only) = findings.run.only() {
        return Verdict {
            code: 0,
            why: format!("done; a run of only {} cases decides no gate", chosen(only)),
        };
    }
    for (code, why) in [
        (NOT_EVALUATED, "could not evaluate a gate"),
        (FAILED, "a gate failed"),
        (UNDECIDED, "a gate is undecided"),
    ] {
        let asked = findings.gates.iter().filter(|gate| gate.effect == code);
        if let Some(first) = asked.clone().next() {
            let why = match asked.count() {
                1 => format!("{why}: {} ({})", first.gate, first.target),
                many => format!("{why}: {} and {} more", first.gate, many - 1),
            };
            return Verdict { code, why };
        }
    }
    let passed = |outcome| outcome == GateOutcome::Passed;
    let why = if findings.gates.is_empty() {
        "done; there are no gates".to_owned()
    } else if findings.gates.iter().all(|gate| passed(gate.outcome)) {
        "all gates passed".to_owned()
    } else {
        "no gate failed, but not all are decided".to_owned()
    };
    Verdict { code: 0, why }
}
