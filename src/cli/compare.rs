//! `compare`: a baseline and a candidate.

use super::args::Compare;
use super::failure::exit;
use super::next::address;
use super::reports::Wanted;
use super::screen::Screen;
use super::{Done, print, print_report};
use crate::jobs::{self, JobError};
use crate::report::{Frame, kind, table_screen};

pub(crate) fn run(verb: Compare, screen: &Screen) -> Done {
    if verb.table.is_some() {
        return table(&verb, screen);
    }
    let wanted = Wanted::of(&verb.reports)?;
    let order = match verb.sides.as_slice() {
        [run] => jobs::Compare::Targets {
            run: run.clone(),
            baseline: verb.baseline,
            candidate: verb.candidate,
        },
        [base, candidate] => jobs::Compare::Runs {
            base: base.clone(),
            candidate: candidate.clone(),
            targets: (verb.baseline, verb.candidate),
        },
        _ => {
            let message =
                "name what to compare: BASE CAND, one RUN with several targets, or --table FILE";
            return Err(JobError::Usage(message.to_owned()));
        }
    };
    let told = jobs::compare(&order, &verb.place.runs_dir)?;
    let (code, mut why) = told.exit.clone();
    if code == exit::DONE && told.findings.gates.is_empty() {
        why = "done; no gate is against a baseline".to_owned();
    }
    let frame = Frame {
        run: address(&told.findings.run.id, &verb.place.runs_dir),
        exit: Some((code, why)),
        ..Frame::default()
    };
    wanted.write(&told, &[], frame, screen)?;
    Ok(code)
}

/// Two columns of a table: no gates, so 0 whatever the finding.
fn table(verb: &Compare, screen: &Screen) -> Done {
    let (Some(file), Some(baseline), Some(candidate)) =
        (&verb.table, &verb.baseline, &verb.candidate)
    else {
        let message = "--table wants two columns: --baseline COLUMN --candidate COLUMN";
        return Err(JobError::Usage(message.to_owned()));
    };
    if !verb.reports.reports.is_empty() {
        return Err(JobError::Usage(
            "--table has one report besides the screen: --format json".to_owned(),
        ));
    }
    let found = jobs::compare_columns(file, baseline, candidate, verb.cluster.as_deref())?;
    match verb.reports.format.as_deref() {
        Some("json") => {
            let text = serde_json::to_string_pretty(&found)
                .map_err(|error| JobError::Unexpected(error.to_string()))?
                + "\n";
            let json = kind("json").map_err(|error| JobError::Unexpected(error.to_string()))?;
            print_report(screen, json, text.as_bytes())?;
        }
        None | Some("terminal") => {
            let file = file.display().to_string();
            let text = table_screen(&file, &found, screen.width, screen.color);
            print(screen, text.as_bytes())?;
        }
        Some(other) => {
            return Err(JobError::Usage(format!(
                "--table can be shown as terminal or json, not as `{other}`"
            )));
        }
    }
    Ok(exit::DONE)
}
