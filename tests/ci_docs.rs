//! The workflows of `docs/ci.md`, executed step by step as CI systems would: what a reader copies is what was run.

mod support {
    #[expect(
        dead_code,
        reason = "these tests want a server that answers, and its log"
    )]
    pub(crate) mod fault_server;
}

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use evenhand::domain::decode::Problems;
use evenhand::load::yaml;
use serde_json::Value as Json;

use support::fault_server::{FaultServer, Script};

/// Actions that the workflows may use.
const ACTIONS: &[&str] = &[
    "actions/cache@v4",
    "actions/checkout@v4",
    "actions/download-artifact@v4",
    "actions/upload-artifact@v4",
    "dawidd6/action-download-artifact@v6",
    "marocchino/sticky-pull-request-comment@v2",
];

/// The one step that is not executed: it would fetch and build evenhand, which has just been built.
const INSTALL: &str = "Install evenhand";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The fenced YAML blocks of the page, in order: two workflows of GitHub, one of GitLab.
fn workflows() -> [Json; 3] {
    let page = std::fs::read_to_string(root().join("docs/ci.md")).expect("the page");
    let blocks: Vec<Json> = page
        .split("```yaml\n")
        .skip(1)
        .map(|rest| {
            let text = rest.split("```").next().expect("the end of a block");
            let mut problems = Problems::new("docs/ci.md");
            let tree = yaml::parse(text, 1, &mut problems);
            assert_eq!(problems.count(), 0, "{:?}", problems.sorted());
            tree.expect("a workflow").to_json()
        })
        .collect();
    blocks.try_into().expect("three workflows")
}

/// A text of the workflow.
fn text<'a>(of: &'a Json, key: &str) -> Option<&'a str> {
    of.get(key).and_then(Json::as_str)
}

fn list<'a>(of: &'a Json, key: &str) -> impl Iterator<Item = &'a Json> {
    of[key].as_array().into_iter().flatten()
}

/// What a script said and how it ended.
struct Said {
    stdout: String,
    stderr: String,
    code: i32,
}

impl Said {
    #[track_caller]
    fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// A machine on which a job runs: a checkout, the files that GitHub hands to steps, and evenhand on the path.
struct Machine {
    folder: tempfile::TempDir,
    system: &'static str,
    secrets: BTreeMap<String, String>,
    /// Outputs of steps by `ID.KEY`.
    outputs: BTreeMap<String, String>,
    /// What each step was called and how it ended.
    ended: BTreeMap<String, i32>,
}

impl Machine {
    /// A checkout with the quickstart in `evals/`, whose suite may be changed.
    fn new(system: &'static str, change: impl Fn(String) -> String) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let evals = folder.path().join("evals");
        std::fs::create_dir(&evals).expect("a folder");
        for name in ["suite.yaml", "cases.jsonl", "cassette.jsonl", "labels.csv"] {
            let from = root().join("datasets/quickstart").join(name);
            std::fs::copy(from, evals.join(name)).expect("the quickstart");
        }
        let suite = evals.join("suite.yaml");
        let written = std::fs::read_to_string(&suite).expect("a suite");
        std::fs::write(suite, change(written)).expect("a suite");
        Self {
            folder,
            system,
            secrets: BTreeMap::new(),
            outputs: BTreeMap::new(),
            ended: BTreeMap::new(),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.at(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// One script, as its system runs it: with the shell's `-e`.
    fn script(&self, script: &str, variables: &[(String, String)]) -> Said {
        let binary = Path::new(env!("CARGO_BIN_EXE_evenhand"));
        let mut path = binary.parent().expect("a folder").as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let output = Command::new("sh")
            .args(["-e", "-c", script])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("CI", "true")
            .env(self.system, "true")
            .env("EVENHAND_SOURCE", "https://git.example.com/evenhand.git")
            .envs(variables.iter().cloned())
            .stdin(Stdio::null())
            .output()
            .expect("a shell");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Said {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            code: output.status.code().expect("an exit code"),
        }
    }

    /// An expression of GitHub's in the environment of a step: an output of an earlier step, or a secret.
    fn expression(&self, value: &str) -> String {
        let Some(inner) = value.strip_prefix("${{ ") else {
            return value.to_owned();
        };
        let inner = inner.strip_suffix(" }}").expect("one expression");
        if let Some(name) = inner.strip_prefix("secrets.") {
            return self.secrets[name].clone();
        }
        let output = inner.strip_prefix("steps.").expect("a step or a secret");
        let output = output.replacen(".outputs.", ".", 1);
        // An output that no step has written is an empty text.
        self.outputs.get(&output).cloned().unwrap_or_default()
    }

    /// The steps of a GitHub job that run commands; those that use actions are looked up.
    fn github(&mut self, job: &Json) {
        for (nth, step) in list(job, "steps").enumerate() {
            if let Some(action) = text(step, "uses") {
                assert!(ACTIONS.contains(&action), "{action} is not known");
                assert!(step.get("run").is_none(), "{step}");
                continue;
            }
            let name = text(step, "name").expect("a step that runs commands has a name");
            let script = text(step, "run").expect("a step runs commands or uses an action");
            assert!(
                !script.contains("${{"),
                "{name} pastes an expression into a script"
            );
            if name == INSTALL {
                continue;
            }
            let folder = self.folder.path().to_owned();
            let file = |of: &str| folder.join(format!(".github-{of}-{nth}"));
            let mut variables: Vec<(String, String)> = Vec::new();
            for (variable, of) in [
                ("GITHUB_STEP_SUMMARY", "summary"),
                ("GITHUB_OUTPUT", "output"),
                ("GITHUB_PATH", "path"),
                ("GITHUB_ENV", "env"),
            ] {
                std::fs::write(file(of), "").expect("a file of the step's");
                variables.push((variable.to_owned(), file(of).display().to_string()));
            }
            for (key, value) in step["env"].as_object().into_iter().flatten() {
                let value = value.as_str().expect("a text");
                variables.push((key.clone(), self.expression(value)));
            }
            let said = self.script(script, &variables);
            for line in said.stdout.lines().chain(said.stderr.lines()) {
                let line = line.trim_start();
                let ours = ["::error", "::warning", "::notice"];
                assert!(
                    !line.starts_with("::") || ours.iter().any(|ours| line.starts_with(ours)),
                    "{name} says {line}"
                );
            }
            let outputs = std::fs::read_to_string(file("output")).expect("outputs");
            if let Some(id) = text(step, "id") {
                for (key, value) in outputs.lines().filter_map(|line| line.split_once('=')) {
                    self.outputs.insert(format!("{id}.{key}"), value.to_owned());
                }
            }
            let summary = std::fs::read_to_string(file("summary")).expect("a summary");
            std::fs::write(self.at(&format!("summary of {name}")), summary).expect("a file");
            let talk = format!("{}{}", said.stdout, said.stderr);
            std::fs::write(self.at(&format!("talk of {name}")), talk).expect("a file");
            self.ended.insert(name.to_owned(), said.code);
        }
    }

    /// What the next run of this job finds of this one: its artifact, where the workflow puts it.
    fn keep_runs_in(&self, folder: &str) {
        let target = self.at(folder);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).expect("a folder");
        }
        std::fs::rename(self.at("runs"), target).expect("the runs");
    }

    #[track_caller]
    fn ends(&self, expected: &[(&str, i32)]) {
        let expected: BTreeMap<String, i32> = expected
            .iter()
            .map(|(name, code)| ((*name).to_owned(), *code))
            .collect();
        let talk: Vec<String> = self
            .ended
            .keys()
            .map(|name| self.read(&format!("talk of {name}")))
            .collect();
        assert_eq!(self.ended, expected, "{}", talk.join("\n---\n"));
    }
}

/// Every condition that the workflows name: the ones that were thought about when the steps are executed here.
fn conditions(of: &Json, found: &mut BTreeSet<String>) {
    match of {
        Json::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value.as_str()) {
                    ("if", Some(condition)) => {
                        found.insert(condition.to_owned());
                    }
                    _ => conditions(value, found),
                }
            }
        }
        Json::Array(list) => list.iter().for_each(|value| conditions(value, found)),
        _ => {}
    }
}

#[test]
fn a_pull_request_replays_without_secrets_and_is_compared_with_its_base() {
    let [workflow, ..] = workflows();
    let job = &workflow["jobs"]["replay"];
    let mut machine = Machine::new("GITHUB_ACTIONS", |suite| suite);
    machine.github(job);
    let steps = [
        ("Put it on the path", 0),
        ("Check the suite", 0),
        ("Replay", 0),
        ("Compare with the base branch", 0),
        ("Say how it ended", 0),
    ];
    machine.ends(&steps);
    let alone = machine.read("talk of Compare with the base branch");
    assert!(alone.contains("has no run yet"), "{alone}");
    assert_eq!(machine.outputs["evals.verdict"], "passed");
    assert_eq!(machine.outputs["evals.finding"], "better");
    assert_eq!(machine.outputs["evals.success_rate"], "0.44");
    let said = machine.read("talk of Say how it ended");
    assert!(
        said.starts_with("passed with a success rate of 0.44 [0.36"),
        "{said}"
    );
    let summary = machine.read("summary of Replay");
    assert!(
        summary.starts_with("### quickstart: larger is better"),
        "{summary}"
    );
    assert!(
        summary.contains("<summary>trials without success</summary>"),
        "{summary}"
    );
    let comment = machine.read("comment.md");
    assert!(
        comment.starts_with("<!-- evenhand:quickstart -->\n"),
        "{comment}"
    );
    let junit = machine.read("junit.xml");
    assert!(
        junit.contains("classname=\"quickstart.larger\""),
        "no class"
    );
    assert!(junit.contains("file=\"evals/cases.jsonl\""), "no file");

    // The same again, with the artifact of the base branch.
    machine.keep_runs_in("base");
    machine.github(job);
    machine.ends(&steps);
    let compared = machine.read("talk of Compare with the base branch");
    assert!(compared.contains("exit 0: all gates passed"), "{compared}");
    let comment = machine.read("comment.md");
    assert!(
        comment.starts_with("<!-- evenhand:quickstart -->\n"),
        "{comment}"
    );
    assert!(
        comment.contains("are the same within 5 points"),
        "{comment}"
    );
    let summary = machine.read("summary of Compare with the base branch");
    assert!(summary.starts_with("### quickstart"), "{summary}");
}

#[test]
fn a_failing_gate_fails_its_step_and_the_steps_behind_it_still_tell() {
    let [workflow, ..] = workflows();
    let bar = |suite: String| suite.replace("min: 0.40", "min: 0.90");
    let mut machine = Machine::new("GITHUB_ACTIONS", bar);
    machine.github(&workflow["jobs"]["replay"]);
    machine.ends(&[
        ("Put it on the path", 0),
        ("Check the suite", 0),
        ("Replay", 100),
        ("Compare with the base branch", 0),
        ("Say how it ended", 0),
    ]);
    let talk = machine.read("talk of Replay");
    let annotation =
        "::error title=evenhand%3A quickstart%2C gate failed::success_rate >= 90 %25 (larger)";
    assert!(talk.contains(annotation), "{talk}");
    let said = machine.read("talk of Say how it ended");
    assert!(said.starts_with("failed with"), "{said}");
}

#[test]
fn a_faulty_suite_is_annotated_where_it_is_faulty() {
    let [workflow, ..] = workflows();
    let fault = |suite: String| suite.replace("seed: 7", "sead: 7");
    let mut machine = Machine::new("GITHUB_ACTIONS", fault);
    machine.github(&workflow["jobs"]["replay"]);
    assert_eq!(machine.ended["Check the suite"], 3);
    assert_eq!(machine.ended["Replay"], 3);
    for step in ["Check the suite", "Replay"] {
        let talk = machine.read(&format!("talk of {step}"));
        assert!(
            talk.contains("::error file=evals/suite.yaml,line=9,col=1::unknown key"),
            "{talk}"
        );
    }
    assert_eq!(machine.outputs["evals.exit_code"], "3");
    assert_eq!(machine.outputs["evals.verdict"], "error");
}

/// A suite of one model that is called, at this address.
fn live_suite(address: &str) -> String {
    format!(
        "version: 1\nsuite: live\ndataset: {{path: cases.jsonl}}\ntargets:\n\
         \x20 - {{id: model, kind: chat, base_url: '{address}', model: m, api_key: '${{MODEL_API_KEY}}'}}\n\
         success: [checks]\n"
    )
}

#[test]
fn a_live_run_calls_with_the_secret_and_records_without_it() {
    let [_, github, gitlab] = workflows();
    let secret = "sk-canary-in-ci-3141592653";
    let server = FaultServer::start(Script::default());
    let suite = |_| live_suite(&server.base_url());

    let mut machine = Machine::new("GITHUB_ACTIONS", suite);
    let job = &github["jobs"]["live"];
    assert_eq!(text(job, "environment"), Some("evals"));
    machine
        .secrets
        .insert("MODEL_API_KEY".to_owned(), secret.to_owned());
    machine.github(job);
    machine.ends(&[("Put it on the path", 0), ("Run and record", 0)]);
    assert_eq!(machine.outputs["live.verdict"], "passed");

    let machines = {
        let other = Machine::new("GITLAB_CI", suite);
        let variables = [("MODEL_API_KEY".to_owned(), secret.to_owned())];
        for line in list(&gitlab["evals-live"], "script") {
            other
                .script(line.as_str().expect("a command"), &variables)
                .ends(0);
        }
        [machine, other]
    };
    for machine in machines {
        let recorded = machine.read("recorded.jsonl");
        assert_eq!(
            recorded.matches("\"kind\":\"chat\"").count(),
            50,
            "{recorded}"
        );
        let mut files = Vec::new();
        all_files(machine.folder.path(), &mut files);
        for file in files {
            let bytes = std::fs::read(&file).expect("a file");
            let holds = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!holds, "{} holds the key", file.display());
        }
    }
    let log = server.log();
    assert_eq!(log.len(), 100, "two runs of fifty cases");
    let bearer = ("authorization".to_owned(), format!("Bearer {secret}"));
    assert!(log.iter().all(|one| one.headers.contains(&bearer)));
}

fn all_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => all_files(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn the_jobs_of_gitlab_run_compare_and_keep_their_reports() {
    let [.., workflow] = workflows();
    let machine = Machine::new("GITLAB_CI", |suite| suite);
    let run = |job: &str| {
        let mut said = String::new();
        for line in list(&workflow[job], "script") {
            let script = line.as_str().expect("a command");
            let one = machine.script(script, &[]).ends(0);
            assert!(!one.stderr.contains("warning"), "{}", one.stderr);
            said += &one.stdout;
        }
        said
    };
    run("evals");
    for (kind, name) in workflow["evals"]["artifacts"]["reports"]
        .as_object()
        .expect("reports")
    {
        let report = machine.read(name.as_str().expect("a file"));
        match kind.as_str() {
            "junit" => assert!(report.starts_with("<?xml"), "{report}"),
            "metrics" => {
                let success = "evenhand_metric{suite=\"quickstart\",target=\"larger\",metric=\"success_rate\",unit=\"rate\"} 0.44\n";
                assert!(
                    report.contains(success) && report.ends_with("# EOF\n"),
                    "{report}"
                );
            }
            other => panic!("{other} is not known"),
        }
    }
    let reports = only_run(&machine.at("runs")).join("reports");
    for kept in ["junit.xml", "metrics.txt"] {
        assert!(reports.join(kept).is_file(), "{kept} is kept with the run");
    }
    // The artifact of the target branch, as it lies when it is unpacked.
    machine.keep_runs_in("base/runs");
    run("evals");
    let said = run("evals-compare");
    assert!(said.contains("exit 0: all gates passed"), "{said}");
    assert!(
        machine
            .read("comparison.md")
            .starts_with("<!-- evenhand:quickstart -->")
    );
    let reports = only_run(&machine.at("runs")).join("reports");
    let page = std::fs::read_to_string(reports.join("compare.md")).expect("a page");
    assert!(page.starts_with("<!-- evenhand:quickstart -->"), "{page}");
}

fn only_run(runs: &Path) -> PathBuf {
    let entries = std::fs::read_dir(runs).expect("runs");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("run.json").is_file())
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn what_needs_the_network_or_a_right_is_fenced_off() {
    let [replay, live, gitlab] = workflows();
    // No secret and no right to write where a stranger's code runs.
    let written = replay.to_string();
    assert!(!written.contains("secrets.") && !written.contains("pull_request_target"));
    assert_eq!(replay["permissions"].to_string(), r#"{"contents":"read"}"#);
    assert_eq!(live["permissions"].to_string(), r#"{"contents":"read"}"#);
    let comment = &replay["jobs"]["comment"];
    assert_eq!(
        comment["permissions"].to_string(),
        r#"{"pull-requests":"write"}"#
    );
    for step in list(comment, "steps") {
        let action = text(step, "uses").expect("the job that may write runs no code");
        assert!(ACTIONS.contains(&action), "{action}");
    }
    let mut found = BTreeSet::new();
    for workflow in [&replay, &live, &gitlab] {
        conditions(workflow, &mut found);
    }
    let known = [
        "$CI_PIPELINE_SOURCE == \"merge_request_event\"",
        "${{ !cancelled() && github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository }}",
        "${{ !cancelled() }}",
        "github.event_name == 'pull_request' && !cancelled()",
        "github.event_name == 'workflow_dispatch' || github.event.label.name == 'evals-live'",
        "steps.binary.outputs.cache-hit != 'true'",
    ];
    assert_eq!(found, known.map(str::to_owned).into());
    // What a job of GitLab does before its script fetches evenhand, the base branch's artifact, and nothing else.
    for (name, job) in gitlab.as_object().expect("jobs") {
        for line in list(job, "before_script") {
            let line = line.as_str().expect("a command");
            let first = line.split(' ').next().expect("a word");
            assert!(
                ["test", "export", "curl", "unzip"].contains(&first),
                "{name}: {line}"
            );
        }
    }
}

#[test]
fn every_key_of_the_outputs_and_every_exit_code_is_on_the_page() {
    let page = std::fs::read_to_string(root().join("docs/ci.md")).expect("the page");
    let machine = Machine::new("CI", |suite| suite);
    machine
        .script(
            "evenhand run evals/suite.yaml -q --report github-output=out.txt",
            &[],
        )
        .ends(0);
    let written = machine.read("out.txt");
    let keys: Vec<&str> = written
        .lines()
        .filter_map(|line| Some(&line[..line.find(['=', '<'])?]))
        .collect();
    assert!(keys.len() >= 20, "{written}");
    for key in keys {
        assert!(
            page.contains(&format!("`{key}`")),
            "{key} is not on the page"
        );
    }
    for code in [0, 1, 2, 3, 4, 5, 6, 7, 100] {
        assert!(page.contains(&format!("\n| {code} | ")), "{code}");
    }
}
