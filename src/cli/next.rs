//! What to type next: commands that can be copied as they stand, whatever the suite, the case or the folder is called.

use std::path::Path;

use super::args::{Answers, Execution, RUNS_DIR, Reports, Run, Score, Trust};
use crate::analysis::findings::{Finding, Findings};
use crate::report::{NextStep, shell_word};

/// Where commands put people's labels, and look for them.
const LABELS: &str = "labels.csv";

/// How a command names a run: by its id, or by its path where commands would not look for it.
pub(crate) fn address(id: &str, runs_dir: &Path) -> String {
    match is_usual(runs_dir) {
        true => id.to_owned(),
        false => runs_dir.join(id).display().to_string(),
    }
}

/// How a command names a run that has just been made: nothing is later than it.
pub(crate) fn latest(id: &str, runs_dir: &Path) -> String {
    match is_usual(runs_dir) {
        true => "latest".to_owned(),
        false => address(id, runs_dir),
    }
}

fn is_usual(runs_dir: &Path) -> bool {
    runs_dir == Path::new(RUNS_DIR)
}

/// Words of a command line.
#[derive(Debug, Default)]
struct Words(Vec<String>);

impl Words {
    fn flag(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        let Some(value) = value.map(|value| value.to_string()) else {
            return;
        };
        // A value that looks like a flag is taken for one unless it hangs on its own.
        match value.starts_with('-') {
            true => self.0.push(format!("{name}={value}")),
            false => self.0.extend([name.to_owned(), value]),
        }
    }
}

/// The command line of a run, to be typed again: what it is about and where its results go.
#[derive(Debug, Clone)]
pub(crate) struct Again {
    /// `run` or `score`.
    verb: &'static str,
    suite: String,
    /// What decides which trials there are: `check` takes the same.
    extent: Vec<String>,
    /// What answers them.
    answers: Vec<String>,
    /// Whether it is about some of the suite's cases or targets only.
    is_partial: bool,
    /// Where results go.
    outputs: Vec<String>,
}

impl Again {
    pub(crate) fn of(verb: &Run) -> Self {
        let of = &verb.selection;
        let mut extent = Words::default();
        extent.flag("--profile", of.profile.as_ref());
        extent.flag("--limit", of.limit);
        of.cases
            .iter()
            .for_each(|id| extent.flag("--case", Some(id)));
        of.tags
            .iter()
            .for_each(|tag| extent.flag("--tag", Some(tag)));
        of.targets
            .iter()
            .for_each(|id| extent.flag("--target", Some(id)));
        extent.flag("--repeats", of.repeats);
        extent.flag("--seed", of.seed);
        extent.flag("--concurrency", of.concurrency);
        extent.flag(
            "--runs-dir",
            Some(verb.place.runs_dir.display()).filter(|_| !is_usual(&verb.place.runs_dir)),
        );
        Self {
            verb: "run",
            suite: verb.suite.display().to_string(),
            extent: extent.0,
            answers: trusted(answers(&verb.answers), &verb.trust, &verb.execution),
            is_partial: of.limit.is_some()
                || verb.only.is_some()
                || !(of.cases.is_empty() && of.tags.is_empty() && of.targets.is_empty()),
            outputs: outputs(&verb.reports),
        }
    }

    /// The same of scoring. What is left of it is done by scoring its own run in turn.
    pub(crate) fn of_score(verb: &Score) -> Self {
        let mut extent = Words::default();
        extent.flag("--suite", verb.suite.as_ref().map(|path| path.display()));
        extent.flag("--profile", verb.profile.as_ref());
        extent.flag("--concurrency", verb.concurrency);
        extent.flag(
            "--runs-dir",
            Some(verb.place.runs_dir.display()).filter(|_| !is_usual(&verb.place.runs_dir)),
        );
        Self {
            verb: "score",
            suite: String::new(),
            extent: extent.0,
            answers: trusted(answers(&verb.answers), &verb.trust, &verb.execution),
            is_partial: true,
            outputs: outputs(&verb.reports),
        }
    }

    /// The same run with other flags; nothing where a word of it cannot be typed.
    fn run(&self, more: &[&str]) -> Option<String> {
        let words = self.words();
        command(&["run", &self.suite], words.chain(more.iter().copied()))
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        let words = self.extent.iter().chain(&self.answers).chain(&self.outputs);
        words.map(String::as_str)
    }

    /// What does the rest of the run `id`.
    fn rest(&self, id: &str) -> Option<String> {
        match self.verb {
            "score" => command(&["score", id], self.words()),
            _ => self.run(&[&format!("--resume={id}")]),
        }
    }

    /// What tries again what the run `id` has no value for; `what` as `--retry` has it.
    fn retry(&self, id: &str, what: &str) -> Option<String> {
        match (self.verb, what) {
            // What errored did so in the parent.
            ("score", "errors") => None,
            ("score", _) => self.rest(id),
            _ => self.run(&[&format!("--resume={id}"), "--retry", what]),
        }
    }
}

/// With how far the suite was trusted.
fn trusted(mut answers: Vec<String>, trust: &Trust, execution: &Execution) -> Vec<String> {
    if execution.allow_exec {
        answers.push("--allow-exec".to_owned());
    }
    if trust.no_exec {
        answers.push("--no-exec".to_owned());
    }
    answers
}

fn answers(of: &Answers) -> Vec<String> {
    let mut answers = Words::default();
    answers.flag("--record", of.record.as_ref().map(|path| path.display()));
    answers.flag("--replay", of.replay.as_ref().map(|path| path.display()));
    answers.flag("--fill", of.fill.as_ref().map(|path| path.display()));
    answers.flag(
        "--ca-bundle",
        of.ca_bundle.as_ref().map(|path| path.display()),
    );
    if of.live {
        answers.0.push("--live".to_owned());
    }
    answers.0
}

fn outputs(of: &Reports) -> Vec<String> {
    let mut outputs = Words::default();
    of.reports
        .iter()
        .for_each(|report| outputs.flag("--report", Some(report)));
    outputs.flag("--format", of.format.as_ref());
    outputs.0
}

fn command<'a>(verb: &[&'a str], words: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut line = "evenhand".to_owned();
    for word in verb.iter().copied().chain(words) {
        line.push(' ');
        line.push_str(&shell_word(word)?);
    }
    Some(line)
}

/// What to do after a run, the most urgent first. `address` names the run, `id` is its id.
pub(crate) fn steps(
    findings: &Findings,
    again: &Again,
    address: &str,
    id: &str,
    interrupted: bool,
) -> Vec<NextStep> {
    let targets = || findings.targets.iter();
    let stopped: u64 = targets().map(|target| target.stopped).sum();
    let errored: u64 = targets().flat_map(|target| target.errors.values()).sum();
    let unscored: u64 = targets().map(|target| target.unscored).sum();
    let mut steps = Vec::new();
    let mut step = |command: Option<String>, why: &str| {
        steps.extend(command.map(|command| NextStep {
            command,
            why: why.to_owned(),
        }));
    };
    let resume = format!("--resume={id}");
    let limit = findings.run.limit.as_ref().filter(|_| !interrupted);
    match limit.map(|limit| limit.limit.as_str()) {
        Some("breaker") => {
            step(
                again.run(&[&resume, "--retry", "errors"]),
                "once that is mended: goes on, and tries what was refused again",
            );
            return steps;
        }
        Some(budget) if budget.starts_with("budget_") => {
            let why = format!(
                "goes on after `{budget}` is raised in the suite; nothing finished is done again"
            );
            step(again.run(&[&resume]), &why);
            return steps;
        }
        _ => {}
    }
    // What was never done in the run that is scored is not done by scoring it again.
    if interrupted || (stopped > 0 && again.verb != "score") {
        step(
            again.rest(id),
            "goes on where this run stopped; nothing finished is done again",
        );
        return steps;
    }
    if errored > 0 && again.verb != "score" {
        step(again.retry(id, "errors"), "tries the errored trials again");
    } else if unscored > 0 {
        step(
            again.retry(id, "unscored"),
            "asks again for the scores that are missing",
        );
    }
    let waits = findings
        .gates
        .iter()
        .find(|gate| gate.cause.as_deref() == Some("no_baseline"));
    if let Some(gate) = waits {
        let target = (findings.targets.len() > 1).then_some(["--target", &gate.target]);
        let words = target.into_iter().flatten();
        step(
            command(&["bless", address], words),
            "makes this run the baseline",
        );
    }
    if let Some(judge) = findings
        .judges
        .iter()
        .find(|judge| judge.calibration != "calibrated")
    {
        // Where the suite names labels, they are taken by themselves.
        let has_labels = judge.method == "ppi++";
        let labels = (!has_labels).then_some(["--labels", LABELS]);
        if !has_labels && judge.calibration != "stale" {
            let words = ["--judge", judge.scorer.as_str(), "--labels", LABELS];
            step(
                command(&["annotate", address], words.into_iter()),
                "asks people what the judge is asked, output by output",
            );
        }
        let words = ["--suite", &again.suite, "--outputs", address];
        let words = words.into_iter().chain(labels.into_iter().flatten());
        let why = match judge.calibration.as_str() {
            _ if has_labels => "holds the judge against these labels, and keeps its certificate",
            "stale" => "holds the judge as it is now against people",
            _ => "holds the judge against people: 20 labels start it, about 100 certify it",
        };
        step(command(&["judge", "calibrate", &judge.scorer], words), why);
    }
    let unclear = findings
        .comparisons
        .iter()
        .find(|one| one.role == "primary" && one.finding == Some(Finding::Unclear));
    if unclear.is_some_and(|one| one.needs_n.is_some()) && !again.is_partial {
        let words = again.extent.iter().map(String::as_str);
        step(
            command(&["check", &again.suite], words.chain(["--pilot", address])),
            "what more cases or repeats would show",
        );
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Cli, Verb};
    use clap::Parser;

    fn again(words: &[&str]) -> Again {
        match Cli::try_parse_from([&["evenhand", "run"], words].concat())
            .unwrap()
            .verb
        {
            Verb::Run(run) => Again::of(&run),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_run_is_gone_on_with_by_the_words_it_was_begun_with() {
        let begun = again(&[
            "my suite.yaml",
            "--limit",
            "5",
            "--case",
            "$(x)",
            "--case=-x",
            "--live",
            "--report",
            "json=a.json",
            "--retry",
            "errors",
        ]);
        assert_eq!(
            begun.run(&["--resume=r1"]).unwrap(),
            "evenhand run 'my suite.yaml' --limit 5 --case '$(x)' --case=-x --live --report json=a.json --resume=r1"
        );
        assert_eq!(again(&["s.yaml", "--case", "a\u{202e}"]).run(&[]), None);
    }

    #[test]
    fn a_run_elsewhere_is_named_by_its_path() {
        let runs = |dir: &str| (latest("r1", Path::new(dir)), address("r1", Path::new(dir)));
        assert_eq!(runs("runs"), ("latest".to_owned(), "r1".to_owned()));
        assert_eq!(
            runs("out/a"),
            ("out/a/r1".to_owned(), "out/a/r1".to_owned())
        );
    }
}
