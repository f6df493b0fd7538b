//! Asked to stop, and killed: the agents end, what is done is kept.

use std::time::{Duration, Instant};

use super::binary::Bench;
use super::cases;

/// Agents that say when they begin, and wait for the file `go`.
fn patient_agents() -> Bench {
    let bench = Bench::new(
        "version: 1\nsuite: signals\nseed: 7\ndataset: {path: cases.jsonl}\n\
         targets:\n  - {id: agent, kind: command, command: [sh, agent.sh]}\n\
         scorers:\n  - {id: same, kind: contains, any: [word]}\nlimits: {concurrency: 3}\n",
    );
    bench.write("agent.sh", "read -r line\n: > begun/$$\nwhile [ ! -e go ]; do sleep 0.02; done\necho '{\"output\":\"word\"}'\n");
    std::fs::create_dir(bench.at("begun")).expect("a folder can be made");
    bench.write("cases.jsonl", &cases(12));
    bench
}

/// The process ids of the agents that have begun.
fn begun(bench: &Bench) -> Vec<String> {
    let entries = std::fs::read_dir(bench.at("begun")).expect("the folder is there");
    entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

/// The agents that still run: not ended, and not dead and waiting to be waited for.
fn alive(bench: &Bench) -> Vec<String> {
    let stat =
        |pid: &String| std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let is_alive = |pid: &String| stat(pid).contains("(sh)") && !stat(pid).contains("(sh) Z");
    begun(bench).into_iter().filter(is_alive).collect()
}

#[test]
fn a_first_signal_lets_what_is_under_way_end_and_says_how_to_go_on() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 143)] {
        let bench = patient_agents();
        let mut running = bench.start(&["run", "suite.yaml", "--report", "json=report.json"]);
        assert!(running.until(|| begun(&bench).len() == 3));
        running.signal(signal);
        running.until_said("nothing more is started");
        bench.write("go", "");
        let ended = running.end().expect(code);
        let id = bench
            .run()
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        ended
            .printed(&format!(
                "evenhand run suite.yaml --report json=report.json --resume={id}"
            ))
            .printed(&format!("exit {code}"));
        assert_eq!(
            begun(&bench).len(),
            3,
            "{signal}: nothing more was launched"
        );
        assert_eq!(alive(&bench), Vec::<String>::new());
        let report = bench.report();
        assert_eq!(report["run"]["status"], "interrupted");
        assert_eq!(
            (
                &report["targets"][0]["completed"],
                &report["targets"][0]["stopped"]
            ),
            (&3.into(), &9.into())
        );
        assert!(bench.at("report.json").exists());
        bench
            .evenhand(&["run", "suite.yaml", &format!("--resume={id}")])
            .expect(0);
        assert_eq!(begun(&bench).len(), 12, "{signal}: each was launched once");
        assert_eq!(bench.report()["run"]["status"], "complete");
    }
}

#[test]
fn a_second_signal_ends_the_run_and_its_agents_now() {
    let bench = patient_agents();
    let mut running = bench.start(&["run", "suite.yaml"]);
    assert!(running.until(|| begun(&bench).len() == 3));
    running.signal("INT");
    running.until_said("nothing more is started");
    running.signal("INT");
    running
        .end()
        .expect(130)
        .said("stopping now")
        .printed("--resume=");
    assert_eq!(alive(&bench), Vec::<String>::new());
    assert_eq!(
        (begun(&bench).len(), bench.events("trial_finished").len()),
        (3, 0)
    );
    assert_eq!(bench.report()["run"]["status"], "interrupted");
    bench.write("go", "");
    bench.evenhand(&["run", "suite.yaml", "--resume"]).expect(0);
    assert_eq!(bench.report()["targets"][0]["completed"], 12);
}

#[test]
fn agents_end_with_a_killed_harness() {
    let bench = patient_agents();
    let mut running = bench.start(&["run", "suite.yaml"]);
    assert!(running.until(|| begun(&bench).len() == 3));
    running.kill().expect(128 + 9);
    let end = Instant::now() + Duration::from_secs(30);
    while !alive(&bench).is_empty() {
        assert!(Instant::now() < end, "{:?} live on", alive(&bench));
        std::thread::park_timeout(Duration::from_millis(2));
    }
}
