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
use crate::store::manifest::{ExecutedNote, Named};
use crate::store::runs;
use crate::wire::sandbox::Sandbox;

/// A program that a suite starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// `target prod`, `scorer style`.
    pub who: String,
    /// The program and its arguments, as one would type them.
    pub command: String,
    /// The identity of the target or scorer.
    digest: Digest,
    /// It executes code that models wrote, of which more is said than that.
    executes: bool,
}

/// What executes code that models wrote, by the scorers that ask for it.
fn executors(suite: &Suite) -> Vec<String> {
    let asks = |scorer: &&ScorerSpec| scorer.models().any(|model| model.plan.executes());
    let scorers = suite.scorers.iter().filter(asks);
    scorers.map(|scorer| format!("`{}`", scorer.id)).collect()
}

/// What holds code that models wrote, where the suite has some executed: found before anything is called.
///
/// # Errors
/// That it is not allowed, or that nothing here executes it.
pub(crate) fn walls(suite: &Suite, allowed: bool) -> Result<Option<Sandbox>, JobError> {
    let scorers = executors(suite);
    if scorers.is_empty() {
        return Ok(None);
    }
    let who = format!(
        "{} {}",
        if scorers.len() > 1 {
            "scorers"
        } else {
            "scorer"
        },
        scorers.join(", ")
    );
    permitted(&who, allowed).map(Some)
}

/// The walls for whoever executes code that models wrote, where that is allowed.
///
/// # Errors
/// That it is not allowed, or that nothing here executes it.
pub(crate) fn permitted(who: &str, allowed: bool) -> Result<Sandbox, JobError> {
    if !allowed {
        return Err(JobError::Usage(format!(
            "{who}: this executes code that a model wrote, which is off; add --allow-exec if this machine may (SECURITY.md says what holds it), or replay a cassette"
        )));
    }
    Sandbox::find().map_err(|error| JobError::Usage(format!("--allow-exec: {error}")))
}

/// What a run keeps of the walls.
pub(crate) fn note_of(sandbox: &Sandbox) -> ExecutedNote {
    ExecutedNote {
        held_by: sandbox.words(),
        gaps: sandbox.gaps().into_iter().map(str::to_owned).collect(),
    }
}

/// What is to be said of the walls: once what holds, and plainly what does not.
pub(crate) fn said_of(sandbox: &Sandbox) -> Vec<String> {
    let holds = format!(
        "code that models write is executed here, held by {}",
        sandbox.words()
    );
    [holds]
        .into_iter()
        .chain(warning(&sandbox.gaps()))
        .collect()
}

/// What executed code could do, as a warning.
pub(crate) fn warning(gaps: &[impl AsRef<str>]) -> Option<String> {
    let gaps: Vec<&str> = gaps.iter().map(AsRef::as_ref).collect();
    (!gaps.is_empty()).then(|| {
        format!(
            "executed code was not held by every wall: a program could {}; install bwrap, or use a machine that has nothing to lose",
            gaps.join("; ")
        )
    })
}

/// Every program that a suite starts, targets' first.
pub(crate) fn programs(suite: &Suite, calls: Calls) -> Vec<Started> {
    let started = |who: String, spec: &TargetSpec, digest: Digest| {
        spec.plan.program().map(|command| Started {
            who,
            command: typed(command),
            digest,
            executes: spec.plan.executes(),
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
        .filter(|one| !one.executes && !was_there(one.digest))
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
