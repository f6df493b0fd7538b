//! `run --only`: some cases by how they stood; and runs by their addresses.

use super::fault_server::{Mishap, Script};
use super::*;

#[test]
fn only_what_failed_is_run_and_decides_nothing() {
    let (bench, server) = run_once(Script::default());
    let prompt = "{% if 'c2' in input or 'c5' in input %}no{% else %}{{ input }}{% endif %}";
    let gated = suite(
        &server,
        prompt,
        "gates:\n  - {metric: success_rate, min: 0.9, target: next}\n",
    );
    bench.write("suite.yaml", &gated);
    bench.evenhand(&["run", "suite.yaml"]).expect(100);
    let first = id(&latest(&bench));
    let before = server.log().len();
    let ended = bench
        .evenhand(&["run", "suite.yaml", "--only", "failed"])
        .expect(0);
    assert_eq!(
        calls(&server, before),
        counted(&[("m-judge", 4), ("m-next", 2), ("m-prod", 2)])
    );
    let words = ended
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for said in [
        "gates are shown and decide nothing",
        "FAILED success_rate >= 90 %",
        "exit 0: done; a run of only formerly failing cases decides no gate",
    ] {
        assert!(words.contains(said), "{said}: {words}");
    }
    let report = report(&bench);
    assert_eq!(report["run"]["parent"]["only"], "failed");
    assert_eq!(report["gates"][0]["outcome"], "failed");
    assert_eq!(report["gates"][0]["effect"], 0);
    assert_eq!(report["design"]["cases"], 2);
    let only = id(&latest(&bench));
    bench
        .evenhand(&["bless", &only, "--target", "next", "--to", "base.jsonl"])
        .expect(2)
        .said(&format!("--only failed={first}"));
    // It goes on with its own cases, whatever has failed since.
    bench
        .evenhand(&["run", "suite.yaml", &format!("--resume={only}")])
        .expect(0)
        .said("already complete");
    // Together with --reuse only what was edited is called.
    let before = server.log().len();
    bench.write("suite.yaml", &suite(&server, "{{ input }}", ""));
    bench
        .evenhand(&[
            "run",
            "suite.yaml",
            "--only",
            &format!("failed={first}"),
            &format!("--reuse={only}"),
        ])
        .expect(0);
    assert_eq!(
        calls(&server, before),
        counted(&[("m-judge", 2), ("m-next", 2)])
    );
    // And now nothing fails any more.
    bench
        .evenhand(&["run", "suite.yaml", "--only", "failed"])
        .expect(4)
        .said("no selected case failed in");
    let listed = bench.evenhand(&["runs"]).expect(0).stdout;
    assert!(
        listed.contains(&format!("only failed, {}", &first[..15])),
        "{listed}"
    );
}

#[test]
fn only_what_errored_or_has_changed_is_run() {
    let script = Script {
        first: vec![Some(Mishap::Status(500))],
        ..Script::default()
    };
    let (bench, server) = run_once(script);
    let before = server.log().len();
    bench
        .evenhand(&["run", "suite.yaml", "--only", "errored"])
        .expect(0);
    let asked: Vec<String> = server
        .log()
        .into_iter()
        .skip(before)
        .map(|one| one.prompt)
        .collect();
    assert!(
        asked.iter().all(|prompt| prompt.contains("say c1")),
        "{asked:?}"
    );
    // The run of one case left five out; that does not make them changed.
    let edited = cases(SIX).replace("\"expected\":\"say c3\"", "\"expected\":\"said c3\"");
    bench.write("cases.jsonl", &(edited + &cases(&["c7"])));
    bench
        .evenhand(&["run", "suite.yaml", "--only", "changed"])
        .expect(0);
    assert_eq!(report(&bench)["design"]["cases"], 2);
    bench
        .evenhand(&["run", "suite.yaml", "--only", "changd"])
        .expect(2)
        .said("did you mean `changed`?");
    bench
        .evenhand(&["run", "suite.yaml", "--only", "failed", "--resume"])
        .expect(2);
}

#[test]
fn runs_are_compared_by_address_and_what_differs_is_named_first() {
    let (bench, server) = run_once(Script::default());
    bench.write("suite.yaml", &suite(&server, "{{ input }} now", ""));
    bench.write("judge.md", &judge("How helpful is it?"));
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let compare = |sides: &[&str]| {
        let words = [&["compare"], sides, &["--candidate", "next"]].concat();
        bench.evenhand(&words)
    };
    let ended = compare(&["latest~1", "daily"]).expect(0);
    let mut lines = ended.stdout.lines();
    let changed = lines.position(|line| line.contains("changed   target `next`"));
    let finding = lines.position(|line| line.contains("is worse than"));
    assert!(changed.is_some() && finding.is_some(), "{}", ended.stdout);
    assert!(ended.stdout.contains("judge `good`"), "{}", ended.stdout);
    let json = compare(&["latest~1", "latest", "--format", "json"])
        .expect(0)
        .stdout;
    let report: Json = serde_json::from_str(&json).expect("the report is JSON");
    assert_eq!(
        report["differences"],
        serde_json::json!(["target `next`", "judge `good`"])
    );
    let common = &id(&latest(&bench))[..4];
    compare(&[common, "latest"])
        .expect(2)
        .said("type more of it");
    compare(&["latest~7", "latest"])
        .expect(2)
        .said("goes back further than there are runs: 2");
}
