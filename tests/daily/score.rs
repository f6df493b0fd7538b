//! `score`: changed scorers on the transcripts that are there.

use super::fault_server::{Mishap, Script};
use super::*;

#[test]
fn transcripts_are_scored_anew_and_no_target_is_called() {
    let script = Script {
        first: vec![Some(Mishap::Status(500))],
        ..Script::default()
    };
    let (bench, server) = run_once(script);
    let parent = latest(&bench);
    let before = server.log().len();
    // Another rubric, another gate, and a prompt that is none of `score`'s business.
    let gate = "gates:\n  - {metric: same, min: 0.9, target: next}\n";
    bench.write("suite.yaml", &suite(&server, "{{ input }} edited", gate));
    bench.write("judge.md", &judge("How helpful is it?"));
    // An answer key that was wrong, and a case that asks something else now.
    let edited = cases(SIX)
        .replace("\"expected\":\"say c2\"", "\"expected\":\"other\"")
        .replace("\"input\":\"say c3\"", "\"input\":\"something else\"");
    bench.write("cases.jsonl", &edited);
    let ended = bench.evenhand(&["score", "latest", "--suite", "suite.yaml"]);
    assert_eq!(calls(&server, before), counted(&[("m-judge", 11)]));
    for said in [
        "1 cases are scored by what the dataset says of them now",
        "1 cases ask something else now",
        "12 of 12 trials are taken over",
    ] {
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
    let report = report(&bench);
    let targets = &report["targets"];
    assert_eq!(targets[0]["errors"]["unavailable"], 1);
    assert_eq!(targets[1]["metrics"]["same"]["passed"], 5);
    assert_eq!(report["gates"][0]["outcome"], "failed");
    assert_eq!(report["run"]["parent"]["id"], id(&parent).as_str());
    assert_eq!(report["run"]["parent"]["rescored"], true);
    assert_eq!(report["run"]["spent"]["calls"], 11);
    // c1 of prod is missing, which is more than the suite allows.
    let ended = ended.expect(5);
    let words = ended
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        words.contains("9 scores taken over from there, no target called"),
        "{words}"
    );
    // The targets are those of then.
    let manifest = |run: &Path| super::json(&run.join("run.json"));
    assert_eq!(
        manifest(&latest(&bench))["targets"],
        manifest(&parent)["targets"]
    );
    let rescored = id(&latest(&bench));
    bench
        .evenhand(&["run", "suite.yaml", &format!("--resume={rescored}")])
        .expect(2)
        .said(&format!("evenhand score {rescored}"));
    // Nothing has changed since: nothing is asked.
    bench
        .evenhand(&["score", "latest", "--suite", "suite.yaml"])
        .expect(5);
    assert_eq!(server.log().len(), before + 11);
}

#[test]
fn what_a_target_needed_need_not_be_there_any_more() {
    let bench = Bench::new(
        "version: 1\nsuite: gone\ndataset: {path: cases.jsonl}\nrepeats: 2\n\
         targets:\n  - {id: agent, kind: command, command: [python3, agent.py]}\n\
         scorers:\n  - {id: yes, kind: exact}\n",
    );
    bench.write(
        "cases.jsonl",
        "{\"id\":\"a\",\"input\":\"q\",\"expected\":\"x\"}\n{\"id\":\"b\",\"input\":\"q\",\"expected\":\"x\"}\n",
    );
    bench.write("agent.py", "print('{\"output\": \"a long answer\"}')\n");
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    std::fs::remove_file(bench.at("agent.py")).expect("the agent is removed");
    // By its own suite there is nothing left to ask.
    bench.evenhand(&["score", "latest"]).expect(0);
    bench.write(
        "other.yaml",
        "version: 1\nsuite: gone\ndataset: {path: cases.jsonl}\nrepeats: 9\n\
         targets:\n  - {id: agent, kind: command, command: [python3, agent.py]}\n\
         scorers:\n  - {id: long, kind: length, min_words: 3}\nsuccess: [long]\n\
         gates: [{metric: long, min: 1.0}]\n",
    );
    bench
        .evenhand(&["score", "latest", "--suite", "other.yaml"])
        .expect(0);
    let report = report(&bench);
    assert_eq!(report["design"]["repeats"], 2);
    assert_eq!(report["targets"][0]["metrics"]["long"]["point"], 1.0);
    assert!(report["targets"][0]["metrics"].get("yes").is_none());
    bench
        .evenhand(&["score", "latest", "--profile", "ci"])
        .expect(2);
}
