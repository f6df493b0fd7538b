//! Cases in quarantine: neither planned nor missing, their results in a list of their own, their number on every gate's line
//! (STATISTICS 4).

use std::collections::BTreeMap;

use crate::domain::suite::{Gate, Suite};
use crate::score::success::Success;

use super::bench::Bench;
use super::findings::{GateFindings, QuarantineFindings, QuarantineResult};
use super::record::{Record, State};

/// The cases in quarantine with what came of them.
pub(crate) fn findings(bench: &Bench<'_>, targets: &[usize]) -> Vec<QuarantineFindings> {
    let entries = bench.record.quarantined().iter();
    let entries = entries.filter_map(|&(case, entry)| {
        let entry = bench.suite.quarantine.get(entry)?;
        let results = targets.iter();
        Some(QuarantineFindings {
            case: entry.case.clone(),
            until: entry.until.clone(),
            why: entry.why.clone(),
            results: results
                .map(|&target| result(bench, case as usize, target))
                .collect(),
        })
    });
    entries.collect()
}

fn result(bench: &Bench<'_>, case: usize, target: usize) -> QuarantineResult {
    let record = bench.record;
    let mut result = QuarantineResult {
        target: record.shape().targets[target].clone(),
        trials: 0,
        passed: 0,
        failed: 0,
        missing: 0,
    };
    for repeat in 0..record.shape().extent.repeats as usize {
        let at = record.at(case, repeat, target);
        let rule = bench.success.as_ref();
        let success = rule.map_or(Success::NotDue, |rule| rule.of_trial(record, case, at));
        result.trials += 1;
        match (success, record.state(at)) {
            (Success::Yes, _) => result.passed += 1,
            (Success::No, _) | (Success::NotDue, State::Failed(_)) => result.failed += 1,
            (Success::Missing { .. } | Success::NotDue, _) => result.missing += 1,
        }
    }
    result
}

/// A gate's line with the number of cases in quarantine that it would be about.
pub(crate) fn on_line(mut line: GateFindings, gate: &Gate, record: &Record) -> GateFindings {
    let cases = record.quarantined().iter();
    let cases = cases.filter(|(case, _)| record.has_tag(*case as usize, &gate.tags));
    line.quarantined = cases.count() as u64;
    match line.quarantined {
        0 => {}
        1 => line.why.push_str("; without 1 case in quarantine"),
        many => line
            .why
            .push_str(&format!("; without {many} cases in quarantine")),
    }
    line
}

/// Entries of the suite's list whose day is over; `held` are those that still held.
pub(crate) fn ended(suite: &Suite, held: &BTreeMap<String, usize>) -> Vec<String> {
    let over = suite.quarantine.iter();
    over.filter(|one| !held.contains_key(&one.case))
        .map(|one| {
            format!(
                "the quarantine of {} ended on {}: it counts again; remove the entry, or give it another day ({})",
                one.case, one.until, one.why
            )
        })
        .collect()
}
