//! Which programs a suite starts: said before the first time, and refused where that is asked for.
//!
//! A suite file is code: what it names is started with the rights of whoever runs it. Who runs a suite of somebody else's (a pull
//! request's, a downloaded one) can see what that would be, and can forbid it.

use std::path::Path;

use super::JobError;
use super::wiring::Calls;
use crate::domain::digest::Digest;
use crate::domain::suite::{ScorerSpec, Suite, TargetSpec};
use crate::load::suite::Loaded;
use crate::report::shell_word;
use crate::store::manifest::Named;
use crate::store::runs;

/// A program that a suite starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// `target prod`, `scorer style`.
    pub who: String,
    /// The program and its arguments, as one would type them.
    pub command: String,
    /// The identity of the target or scorer.
    digest: Digest,
}

/// Every program that a suite starts, targets' first.
pub(crate) fn programs(suite: &Suite, calls: Calls) -> Vec<Started> {
    let started = |who: String, spec: &TargetSpec, digest: Digest| {
        spec.plan.program().map(|command| Started {
            who,
            command: typed(command),
            digest,
        })
    };
    let targets = suite
        .targets
        .iter()
        .filter(|_| calls == Calls::Everybody)
        .filter_map(|spec| started(format!("target {}", spec.id), spec, spec.digest));
    let asked = |scorer| ScorerSpec::models(scorer).map(move |spec| (scorer, spec));
    let scorers = suite.scorers.iter().flat_map(asked);
    let scorers = scorers
        .filter_map(|(scorer, spec)| started(format!("scorer {}", spec.id), spec, scorer.digest));
    targets.chain(scorers).collect()
}

/// A command line; a word that no shell could be given in one line stands in quotes of ours.
fn typed(command: &[String]) -> String {
    let words = command
        .iter()
        .map(|word| shell_word(word).unwrap_or_else(|| format!("{word:?}")));
    words.collect::<Vec<_>>().join(" ")
}

/// Refuses a suite that starts programs.
pub(crate) fn refuse(loaded: &Loaded, calls: Calls) -> Result<(), JobError> {
    let started = programs(&loaded.suite, calls);
    if started.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = started
        .iter()
        .map(|one| format!("{} would start {}", one.who, one.command))
        .collect();
    Err(JobError::problem(
        loaded.path.display().to_string(),
        format!(
            "--no-exec: {}; leave --no-exec out if you trust that, or replay a cassette",
            list.join(", ")
        ),
    ))
}

/// What is to be known before these programs are started: those that the latest run of this suite did not have.
pub(crate) fn notes(suite: &Suite, calls: Calls, runs_dir: &Path) -> Vec<String> {
    let started = programs(suite, calls);
    if started.is_empty() {
        return Vec::new();
    }
    // A folder that cannot be read holds no run that was seen.
    let before = runs::latest_of(runs_dir, &suite.name).ok().flatten();
    let was_there = |digest: Digest| {
        let known = |named: &Named| named.digest == digest;
        before.as_ref().is_some_and(|run| {
            let manifest = run.manifest();
            manifest.targets.iter().any(known) || manifest.scorers.iter().any(known)
        })
    };
    started
        .into_iter()
        .filter(|one| !was_there(one.digest))
        .map(|one| {
            format!(
                "{} is a program, started with your rights: {}",
                one.who, one.command
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it_and_never_as_it_would_steer() {
        let words =
            |words: &[&str]| typed(&words.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(words(&["python3", "agent.py"]), "python3 agent.py");
        assert_eq!(words(&["sh", "-c", "rm -r $HOME"]), "sh -c 'rm -r $HOME'");
        assert_eq!(words(&["a b", "", "it's"]), r"'a b' '' 'it'\''s'");
        assert_eq!(words(&["x", "\u{1b}[2J\n"]), r#"x "\u{1b}[2J\n""#);
    }
}
