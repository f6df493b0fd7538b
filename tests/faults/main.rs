//! Runs against endpoints and agents that fail: every trial ends scored or as an error of its kind, and the counts add up.

#[path = "../support/binary.rs"]
#[expect(dead_code, reason = "these tests let runs end by themselves")]
mod binary;
#[path = "../support/fault_server.rs"]
#[expect(dead_code, reason = "these tests read counts and mishaps")]
mod fault_server;

mod bodies;
mod waits;

use std::collections::BTreeMap;

use binary::Bench;
use fault_server::{FaultServer, Mishap, Script};
use serde_json::Value as Json;

fn cases(count: usize) -> String {
    (0..count)
        .map(|index| format!("{{\"id\":\"c{index:03}\",\"input\":\"word {index} end\",\"expected\":\"word {index} end\"}}\n"))
        .collect()
}

/// A suite over one `chat` target on this server; `more` are further lines of it.
fn calling(server: &FaultServer, count: usize, more: &str) -> Bench {
    let url = server.base_url();
    let bench = Bench::new(&format!(
        "version: 1\nsuite: faulty\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: agent, kind: chat, base_url: \"{url}\", model: m}}\n\
         scorers:\n  - {{id: same, kind: exact}}\n{more}"
    ));
    bench.write("cases.jsonl", &cases(count));
    bench
}

/// trials = completed + errors + stopped, for every target; answers the first one's part of the report.
fn adds_up(bench: &Bench) -> Json {
    let report = bench.report();
    let targets = report["targets"].as_array().expect("targets");
    for target in targets {
        let errors: u64 = target["errors"]
            .as_object()
            .expect("errors")
            .values()
            .filter_map(Json::as_u64)
            .sum();
        let sum = target["completed"].as_u64().expect("completed")
            + errors
            + target["stopped"].as_u64().expect("stopped");
        assert_eq!(target["trials"], sum, "{target}");
    }
    targets[0].clone()
}

/// How each trial ended, by case: its state and the kind of its fault.
fn outcomes(bench: &Bench) -> BTreeMap<String, (String, String)> {
    let word = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let of = |line: &Json| {
        let outcome = &line["outcome"];
        let kind = if outcome["fault"].is_object() {
            &outcome["fault"]["kind"]
        } else {
            &outcome["kind"]
        };
        (
            word(&line["trial"]["case"]),
            (word(&outcome["state"]), word(kind)),
        )
    };
    bench.events("trial_finished").iter().map(of).collect()
}

#[test]
fn every_trial_of_a_faulty_endpoint_ends_scored_or_as_an_error_of_its_kind() {
    const CASES: usize = 400;
    let server = FaultServer::start(Script {
        seed: 11,
        shares: vec![
            (0.05, Mishap::Limited("0.05".into())),
            (0.02, Mishap::Status(500)),
            (0.01, Mishap::ResetBefore),
            (0.01, Mishap::Garbage),
            (0.01, Mishap::Truncated),
        ],
        permanent: vec![("word 123 end".into(), Mishap::Status(500))],
        ..Script::default()
    });
    let bench = calling(
        &server,
        CASES,
        "gates:\n  - {metric: success_rate, min: 0.9}\nlimits: {concurrency: 32, attempts: 4}\n",
    );
    let ended = bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let target = adds_up(&bench);
    let outcomes = outcomes(&bench);
    assert_eq!(outcomes.len(), CASES);
    assert_eq!(
        outcomes["c123"],
        ("errored".to_owned(), "unavailable".to_owned())
    );
    assert_eq!(
        server.counts()["word 123 end"],
        4,
        "a permanent 500 ends after `attempts`"
    );
    let log = server.log();
    for (case, (state, kind)) in &outcomes {
        let number: usize = case[1..].parse().expect("a number");
        let met: Vec<_> = log
            .iter()
            .filter(|request| request.prompt == format!("word {number} end"))
            .map(|request| request.mishap.clone())
            .collect();
        // What a trial ends as is what its last request met; no request follows one that went well.
        let expected = match met.last().expect("every case was asked") {
            None => ("answered", ""),
            Some(Mishap::Limited(_)) => ("errored", "rate_limited"),
            Some(Mishap::Status(_) | Mishap::ResetBefore) => ("errored", "unavailable"),
            Some(_) => ("errored", "garbled"),
        };
        assert_eq!((state.as_str(), kind.as_str()), expected, "{case}: {met:?}");
        assert!(
            met[..met.len() - 1].iter().all(Option::is_some),
            "{case} was asked again after an answer: {met:?}"
        );
        assert!(met.len() <= 4, "{case}: {met:?}");
    }
    let answered = outcomes
        .values()
        .filter(|(state, _)| state == "answered")
        .count();
    assert_eq!(target["completed"], answered);
    assert_eq!(
        target["metrics"]["success_rate"]["trials"], answered,
        "an error is in no mean"
    );
    assert_eq!(target["metrics"]["success_rate"]["point"], 1.0);
    ended.said("status 500").said("c123").printed("unavailable");
    let mut mishaps: BTreeMap<String, u32> = BTreeMap::new();
    for request in log.iter().filter_map(|request| request.mishap.as_ref()) {
        *mishaps.entry(format!("{request:?}")).or_default() += 1;
    }
    println!(
        "{} requests for {CASES} cases, mishaps {mishaps:?}, {answered} answered",
        log.len()
    );
    assert!(mishaps.len() == 5, "every mishap was met: {mishaps:?}");
}

#[test]
fn more_missing_than_allowed_is_no_evaluation_until_a_retry_completes_it() {
    // Each first request of the last ten cases meets a 400, which is not retried.
    let first = (0..40)
        .map(|index| (index >= 30).then_some(Mishap::Status(400)))
        .collect();
    let server = FaultServer::start(Script {
        first,
        ..Script::default()
    });
    let bench = calling(
        &server,
        40,
        "gates:\n  - {metric: success_rate, min: 0.5}\nlimits: {concurrency: 1}\n",
    );
    let ended = bench.evenhand(&["run", "suite.yaml"]).expect(5);
    ended
        .printed("could not evaluate")
        .printed("25.0 %")
        .printed("--retry errors")
        .printed("missing   agent: 10 of 40 trials: 10 rejected");
    assert_eq!(adds_up(&bench)["errors"]["rejected"], 10);
    // Going on is not trying again: an errored trial is settled.
    let again = bench.evenhand(&["run", "suite.yaml", "--resume"]).expect(5);
    assert_eq!(server.log().len(), 40, "{}", again.stderr);
    bench
        .evenhand(&["run", "suite.yaml", "--retry", "errors"])
        .expect(0);
    assert_eq!(server.log().len(), 50, "only what errored is asked again");
    let target = adds_up(&bench);
    assert_eq!(
        (&target["completed"], &target["errors"]),
        (&40.into(), &serde_json::json!({}))
    );
}

#[test]
fn a_key_that_is_refused_costs_one_request_a_trial_and_no_rate_is_shown() {
    let server = FaultServer::start(Script {
        shares: vec![(1.0, Mishap::Status(401))],
        ..Script::default()
    });
    let bench = calling(&server, 5, "gates:\n  - {metric: success_rate, max: 0.5}\n");
    let ended = bench.evenhand(&["run", "suite.yaml"]).expect(5);
    assert_eq!(
        server.log().len(),
        5,
        "what waiting cannot help is not tried again"
    );
    let target = adds_up(&bench);
    assert_eq!(target["not_evaluated"], true);
    assert!(
        target["metrics"]["success_rate"]["point"].is_null(),
        "{}",
        target["metrics"]
    );
    ended.printed("not one complete reply");
}

#[test]
fn a_crashing_agent_fails_its_cases_and_is_not_given_a_second_chance() {
    const CASES: usize = 100;
    let bench = Bench::new(
        "version: 1\nsuite: crashes\nseed: 7\ndataset: {path: cases.jsonl}\n\
         targets:\n  - {id: agent, kind: command, command: [sh, agent.sh]}\n\
         scorers:\n  - {id: same, kind: exact}\n  - {id: silent, kind: contains, none: [word]}\n\
         success: [same]\ngates:\n  - {metric: success_rate, min: 0.9}\nlimits: {concurrency: 8}\n",
    );
    // Crashes on every twentieth case, prints what is no reply on one and ends without one on another.
    bench.write(
        "agent.sh",
        "read -r line\nid=${line#*\\\"case\\\":\\\"c}\nid=${id%%\\\"*}\necho x >> asked/$id\n\
         case $id in *00|*20|*40|*60|*80) kill -9 $$ ;; *07) echo 'no JSON'; exit 0 ;; *13) exit 0 ;; *19) exit 3 ;; esac\n\
         echo \"{\\\"output\\\":\\\"word $(expr $id + 0) end\\\"}\"\n",
    );
    std::fs::create_dir(bench.at("asked")).expect("a folder can be made");
    bench.write("cases.jsonl", &cases(CASES));
    let ended = bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let target = adds_up(&bench);
    assert_eq!(target["errors"], serde_json::json!({}));
    assert_eq!(
        (&target["completed"], &target["retried"]),
        (&CASES.into(), &0.into())
    );
    assert_eq!(
        target["agent_failures"],
        serde_json::json!({"crashed": 7, "garbled": 1}),
        "{}",
        ended.stdout
    );
    assert_eq!(
        target["metrics"]["success_rate"]["point"], 0.92,
        "failures count in the rate"
    );
    assert_eq!(
        target["metrics"]["silent"]["point"], 0.0,
        "no answer passes no check"
    );
    for number in 0..CASES {
        let asked = std::fs::read_to_string(bench.at(&format!("asked/{number:03}")))
            .expect("every case was asked");
        assert_eq!(asked, "x\n", "case {number} was asked once");
    }
    ended.printed("crashed");
}

#[test]
fn silence_is_an_error_of_a_model_and_a_failure_of_an_agent() {
    let server = FaultServer::start(Script {
        permanent: vec![("word 3 end".into(), Mishap::Hang)],
        ..Script::default()
    });
    let bench = calling(
        &server,
        10,
        "limits: {timeout: 300ms, attempts: 2, max_error_rate: 0.2}\n",
    );
    bench
        .evenhand(&["run", "suite.yaml"])
        .expect(0)
        .said("c003");
    assert_eq!(server.counts()["word 3 end"], 2);
    assert_eq!(
        adds_up(&bench)["errors"],
        serde_json::json!({"timed_out": 1})
    );

    let bench = Bench::new(
        "version: 1\nsuite: silent\nseed: 7\ndataset: {path: cases.jsonl}\n\
         targets:\n  - {id: agent, kind: command, command: [sh, -c, \"read -r line; case $line in *c003*) sleep 600 ;; esac; echo '{\\\"output\\\":\\\"x\\\"}'\"]}\n\
         scorers:\n  - {id: length, kind: length, max_chars: 9}\nsuccess: [length]\nlimits: {timeout: 2s}\n",
    );
    bench.write("cases.jsonl", &cases(6));
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let target = adds_up(&bench);
    assert_eq!(
        (&target["agent_failures"], &target["retried"]),
        (&serde_json::json!({"timed_out": 1}), &0.into())
    );
}

/// How long the trial of a case says that it waited.
fn waited_ms(bench: &Bench, case: &str) -> f64 {
    let lines = bench.events("trial_finished");
    let line = lines
        .iter()
        .find(|line| line["trial"]["case"] == case)
        .expect("the case was run");
    line["transcript"]["timing"]["waited_ms"]
        .as_f64()
        .unwrap_or_default()
}

#[test]
fn a_429_is_waited_out_by_everyone_at_that_endpoint_and_by_no_other() {
    let limited = FaultServer::start(Script {
        first: vec![Some(Mishap::Limited("1".into()))],
        ..Script::default()
    });
    let other = FaultServer::start(Script::default());
    let (here, there) = (limited.base_url(), other.base_url());
    let bench = Bench::new(&format!(
        "version: 1\nsuite: paused\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: agent, kind: chat, base_url: \"{here}\", model: m}}\n  - {{id: free, kind: chat, base_url: \"{there}\", model: m}}\n\
         scorers:\n  - {{id: same, kind: exact}}\nlimits: {{concurrency: 1}}\n"
    ));
    bench.write("cases.jsonl", &cases(3));
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    assert!(
        waited_ms(&bench, "c000") >= 1_000.0,
        "{}",
        waited_ms(&bench, "c000")
    );
    assert_eq!((limited.log().len(), other.log().len()), (4, 3));
    let free: Vec<f64> = bench
        .events("trial_finished")
        .iter()
        .filter(|line| line["trial"]["target"] == "free")
        .map(|line| {
            line["transcript"]["timing"]["waited_ms"]
                .as_f64()
                .unwrap_or_default()
        })
        .collect();
    assert!(free.iter().all(|waited| *waited < 1_000.0), "{free:?}");
    // One that asks for longer than a run may wait is not waited for at all.
    let never = FaultServer::start(Script {
        shares: vec![(1.0, Mishap::Limited("1000000000".into()))],
        ..Script::default()
    });
    let bench = calling(&never, 2, "");
    bench.evenhand(&["run", "suite.yaml"]).expect(5);
    assert_eq!(never.log().len(), 2);
    assert_eq!(
        adds_up(&bench)["errors"],
        serde_json::json!({"rate_limited": 2})
    );
}

#[test]
fn what_retries_do_to_a_rate_is_shown_beside_it() {
    // Every fifth case meets a 500 first, and is answered rightly then; of the others half are wrong.
    let first = (0..40)
        .flat_map(|index| match index % 5 {
            0 => vec![Some(Mishap::Status(500)), None],
            _ => vec![None],
        })
        .collect();
    let server = FaultServer::start(Script {
        first,
        ..Script::default()
    });
    let bench = calling(&server, 40, "limits: {concurrency: 1}\n");
    let expected = |index: usize| match index % 5 {
        0..=2 => format!("word {index} end"),
        _ => "another".to_owned(),
    };
    let cases: String = (0..40)
        .map(|index| {
            let expected = expected(index);
            format!("{{\"id\":\"c{index:03}\",\"input\":\"word {index} end\",\"expected\":\"{expected}\"}}\n")
        })
        .collect();
    bench.write("cases.jsonl", &cases);
    let ended = bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let target = adds_up(&bench);
    assert_eq!(target["retried"], 8);
    assert_eq!(target["metrics"]["success_rate"]["point"], 0.6);
    let without = &target["success_without_retried"];
    assert_eq!(
        (&without["point"], &without["n"]),
        (&0.5.into(), &32.into())
    );
    assert_eq!(
        (&without["coverage"], &without["passed"]),
        (&1.0.into(), &16.into())
    );
    ended.printed("retried   agent 8 trials (success without them 50 % [");
    // Where nothing was retried there is nothing to tell apart.
    let calm = FaultServer::start(Script::default());
    let bench = calling(&calm, 3, "");
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    assert!(adds_up(&bench).get("success_without_retried").is_none());
}
