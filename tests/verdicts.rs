//! Judges that cannot be read: what they leave is unscored and counted, and never a pass or a fail.

mod support {
    #[expect(dead_code, reason = "these tests let runs end by themselves")]
    pub(crate) mod binary;
    #[expect(dead_code, reason = "these tests read counts and no log")]
    pub(crate) mod fault_server;
}

use serde_json::Value as Json;
use support::binary::Bench;
use support::fault_server::{Answer, FaultServer, Mishap, Script};

/// How a judge's reply ends that gives this grade, in each form of verdict.
fn graded(form: &str, grade: &str) -> String {
    match form {
        "text" => format!("Reasons.\n\n```verdict\n{grade}\n```"),
        _ => format!("{{\"reasoning\": \"Reasons.\", \"verdict\": {grade}}}"),
    }
}

/// Replies without a verdict, by name.
fn unreadable(form: &str) -> Vec<(&'static str, String)> {
    let two = match form {
        "text" => "```verdict\n4\n5\n```".to_owned(),
        _ => "{\"reasoning\": \"x\", \"verdict\": 4, \"verdict\": 5}".to_owned(),
    };
    let whole = graded(form, "4");
    vec![
        (
            "prose",
            "I would give this a four, or rather a five.".to_owned(),
        ),
        ("two", two),
        ("range", graded(form, "6")),
        ("nan", graded(form, "NaN")),
        ("cut", whole[..whole.len() - 3].to_owned()),
        ("nothing", String::new()),
        ("mebibyte", format!("{whole} {}", "x".repeat(1 << 20))),
        ("fraction", graded(form, "4.5")),
    ]
}

fn judge_file(form: &str) -> String {
    format!(
        "---\nname: mine\nversion: 1\nmode: pointwise\nverdict: {form}\nscale: 1..5\npass: \">= 4\"\ninputs: [input, output]\nquestion: \"How good is it?\"\n---\nGrade it.\n\n{{{{ input }}}}\n\n{{{{ output }}}}\n"
    )
}

/// Twelve cases whose verdict is `grade`, and one for each way to be unreadable. `more` are further lines of the suite.
fn judged(form: &str, grade: &str, more: &str) -> (Bench, FaultServer) {
    let mut answers = Vec::new();
    let mut cases = String::new();
    for (name, text) in unreadable(form) {
        cases += &format!("{{\"id\":\"{name}\",\"input\":\"case {name} here\"}}\n");
        answers.push(Answer {
            contains: format!("case {name} here"),
            text,
            tokens: Vec::new(),
        });
    }
    for index in 0..12 {
        cases += &format!("{{\"id\":\"good{index}\",\"input\":\"case good here\"}}\n");
    }
    answers.push(Answer {
        contains: "case good here".into(),
        text: graded(form, grade),
        tokens: Vec::new(),
    });
    let server = FaultServer::start(Script {
        answers,
        ..Script::default()
    });
    let url = server.base_url();
    let bench = Bench::new(&format!(
        "version: 1\nsuite: judged\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: agent, kind: scripted, answer: \"an answer\"}}\n\
         scorers:\n  - {{id: opinion, kind: judge, judge: judge.md, model: {{kind: chat, base_url: \"{url}\", model: j}}}}\n\
         allow_uncalibrated: true\n{more}"
    ));
    bench.write("cases.jsonl", &cases);
    bench.write("judge.md", &judge_file(form));
    (bench, server)
}

/// What the opinion is of each case, by id.
fn opinions(bench: &Bench) -> Vec<(String, Json)> {
    let of = |line: &Json| {
        let score = &line["scores"][0];
        (
            line["trial"]["case"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            score.clone(),
        )
    };
    bench.events("scored").iter().map(of).collect()
}

#[test]
fn a_verdict_that_cannot_be_read_is_unscored_and_ends_in_5() {
    for form in ["text", "json-schema"] {
        let (bench, _server) = judged(form, "4", "gates:\n  - {metric: success_rate, min: 0.5}\n");
        let ended = bench.evenhand(&["run", "suite.yaml"]).expect(5);
        ended
            .printed("could not evaluate")
            .printed("8 of 20 trials")
            .printed("verdict unreadable")
            .printed("at worst 60 %");
        let opinions = opinions(&bench);
        assert_eq!(opinions.len(), 20);
        for (name, reply) in unreadable(form) {
            let (_, score) = opinions
                .iter()
                .find(|(case, _)| case == name)
                .expect("every case was judged");
            let cause = if name == "nothing" {
                "refused"
            } else {
                "unreadable"
            };
            assert_eq!(score["value"]["unscored"], cause, "{form} {name}: {score}");
            assert_eq!(
                score["asked"]["replies"][0], *reply,
                "{form} {name}: the reply is kept"
            );
        }
        let target = &bench.report()["targets"][0];
        assert_eq!(
            (
                &target["completed"],
                &target["unscored"],
                &target["missing_rate"]
            ),
            (&20.into(), &8.into(), &0.4.into())
        );
        for metric in ["success_rate", "opinion"] {
            let estimate = &target["metrics"][metric];
            assert_eq!(
                (&estimate["n"], &estimate["coverage"]),
                (&12.into(), &0.6.into()),
                "{form} {metric}: {estimate}"
            );
        }
        assert_eq!(
            target["metrics"]["opinion"]["point"], 4.0,
            "{form}: a mean over what was read"
        );
        assert_eq!(
            (
                &target["metrics"]["success_rate"]["worst"],
                &target["metrics"]["success_rate"]["best"]
            ),
            (&0.6.into(), &1.0.into())
        );
    }
}

#[test]
fn a_gate_that_unread_verdicts_could_turn_is_undecided_either_way() {
    let lenient = "limits: {max_error_rate: 0.5}\ngates:\n  - {metric: success_rate, min: ";
    for form in ["text", "json-schema"] {
        // All that was read passes, and at worst 60 % do; all that was read fails, and at best 40 % pass.
        for (grade, bar, point) in [("5", "0.8", 1.0), ("1", "0.3", 0.0)] {
            let (bench, _server) = judged(form, grade, &format!("{lenient}{bar}}}\n"));
            let ended = bench.evenhand(&["run", "suite.yaml"]).expect(6);
            ended.printed("UNDECIDED").printed("8 of 20");
            let gate = &bench.report()["gates"][0];
            assert_eq!(
                (&gate["outcome"], &gate["cause"]),
                (&"undecided".into(), &"missing".into()),
                "{gate}"
            );
            assert_eq!(
                bench.report()["targets"][0]["metrics"]["success_rate"]["point"],
                point
            );
        }
        // Where they cannot turn it, it is decided.
        let (bench, _server) = judged(form, "5", &format!("{lenient}0.55}}\n"));
        bench.evenhand(&["run", "suite.yaml"]).expect(0);
    }
}

#[test]
fn a_judge_without_a_single_verdict_says_no_rate() {
    let server = FaultServer::start(Script {
        answers: vec![Answer {
            contains: String::new(),
            text: "yes, I think so".into(),
            tokens: Vec::new(),
        }],
        ..Script::default()
    });
    let url = server.base_url();
    let bench = Bench::new(&format!(
        "version: 1\nsuite: silent\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: agent, kind: scripted}}\n\
         scorers:\n  - {{id: agrees, kind: judge, judge: correctness, model: {{kind: chat, base_url: \"{url}\", model: j}}}}\n\
         allow_uncalibrated: true\ngates:\n  - {{metric: success_rate, max: 1.0}}\n  - {{metric: success_rate, min: 0.0}}\n"
    ));
    // The form of this judge is the log-probability of a token, which this endpoint does not give.
    bench.write(
        "cases.jsonl",
        &(0..6)
            .map(|index| format!("{{\"id\":\"c{index}\",\"input\":\"q\",\"expected\":\"a\"}}\n"))
            .collect::<String>(),
    );
    let ended = bench.evenhand(&["run", "suite.yaml"]).expect(5);
    let metrics = &bench.report()["targets"][0]["metrics"];
    assert!(
        metrics["success_rate"]["point"].is_null()
            && metrics["success_rate"]["undefined"].is_string(),
        "{metrics}"
    );
    ended.printed("6 of 6 trials");
}

#[test]
fn a_judge_that_is_down_for_one_side_names_no_winner() {
    let server = FaultServer::start(Script {
        permanent: vec![("said by next".into(), Mishap::Status(500))],
        answers: vec![Answer {
            contains: "said by prod".into(),
            text: graded("text", "2"),
            tokens: Vec::new(),
        }],
        ..Script::default()
    });
    let url = server.base_url();
    let bench = Bench::new(&format!(
        "version: 1\nsuite: onesided\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: prod, kind: scripted, answer: \"said by prod\"}}\n  - {{id: next, kind: scripted, answer: \"said by next\"}}\n\
         scorers:\n  - {{id: opinion, kind: judge, judge: judge.md, model: {{kind: chat, base_url: \"{url}\", model: j}}}}\n\
         allow_uncalibrated: true\nlimits: {{attempts: 1}}\n\
         gates:\n  - {{metric: success_rate, against: baseline, max_drop: 0.9}}\n"
    ));
    bench.write("judge.md", &judge_file("text"));
    bench.write(
        "cases.jsonl",
        &(0..40)
            .map(|index| format!("{{\"id\":\"c{index}\",\"input\":\"q{index}\"}}\n"))
            .collect::<String>(),
    );
    bench.evenhand(&["run", "suite.yaml"]).expect(5);
    let report = bench.report();
    let findings: Vec<&Json> = report["comparisons"]
        .as_array()
        .expect("comparisons")
        .iter()
        .filter(|one| one["metric"] == "success_rate")
        .map(|one| &one["finding"])
        .collect();
    assert!(
        findings.iter().all(|finding| **finding == "unclear"),
        "{findings:?}"
    );
    assert_eq!(
        report["gates"][0]["outcome"], "undecided",
        "{}",
        report["gates"]
    );
    assert_eq!(report["targets"][1]["unscored"], 40);
    assert_eq!(
        report["targets"][1]["errors"],
        serde_json::json!({}),
        "the agent's side is whole"
    );
}

#[test]
fn a_judge_that_came_back_is_asked_again_and_the_agent_is_not() {
    let agent = FaultServer::start(Script::default());
    let judge = FaultServer::start(Script {
        // One fewer than end the asking.
        first: vec![Some(Mishap::Status(400)); 4],
        answers: vec![Answer {
            contains: String::new(),
            text: graded("text", "5"),
            tokens: Vec::new(),
        }],
        ..Script::default()
    });
    let (here, there) = (agent.base_url(), judge.base_url());
    let bench = Bench::new(&format!(
        "version: 1\nsuite: back\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: agent, kind: chat, base_url: \"{here}\", model: m}}\n\
         scorers:\n  - {{id: opinion, kind: judge, judge: judge.md, model: {{kind: chat, base_url: \"{there}\", model: j}}}}\n\
         allow_uncalibrated: true\ngates:\n  - {{metric: success_rate, min: 0.9}}\nlimits: {{concurrency: 1}}\n"
    ));
    bench.write("judge.md", &judge_file("text"));
    bench.write(
        "cases.jsonl",
        &(0..10)
            .map(|index| format!("{{\"id\":\"c{index}\",\"input\":\"q{index}\"}}\n"))
            .collect::<String>(),
    );
    let asked = |server: &FaultServer| server.counts().values().sum::<u64>();
    bench.evenhand(&["run", "suite.yaml"]).expect(5);
    assert_eq!((asked(&agent), asked(&judge)), (10, 10));
    // What is unscored is settled until it is asked for.
    bench.evenhand(&["run", "suite.yaml", "--resume"]).expect(5);
    assert_eq!((asked(&agent), asked(&judge)), (10, 10));
    bench
        .evenhand(&["run", "suite.yaml", "--retry", "unscored"])
        .expect(0);
    assert_eq!((asked(&agent), asked(&judge)), (10, 14));
    assert_eq!(bench.report()["targets"][0]["unscored"], 0);
    // Ten answers, ten verdicts or faults, four asked again.
    assert_eq!(bench.report()["run"]["spent"]["calls"], 24);
}

/// Every number of a report, with its path.
fn numbers(value: &Json, path: &str, found: &mut Vec<(String, f64)>) {
    match value {
        Json::Number(number) => {
            found.extend(number.as_f64().map(|number| (path.to_owned(), number)))
        }
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                numbers(item, &format!("{path}/{at}"), found);
            }
        }
        Json::Object(fields) => {
            for (key, value) in fields {
                numbers(value, &format!("{path}/{key}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn numbers_at_the_edge_leave_a_report_with_a_figure_or_a_reason_and_never_with_a_hole() {
    let rows: [&[&str]; 6] = [
        // Nothing but extremes, whose sums are beyond all numbers.
        &["1e308", "1e308", "1e308", "1e308", "1e308"],
        &["1e308", "0", "-0.0", "5e-324", "1e-300"],
        // All the same; one alone; none.
        &["0.5", "0.5", "0.5", "0.5", "0.5"],
        &["0", "0", "0", "0", "0"],
        &["0.25"],
        &["", "", ""],
    ];
    for costs in rows {
        let bench = Bench::new(
            "version: 1\nsuite: edges\nseed: 7\ndataset: {path: cases.jsonl}\n\
             targets:\n  - {id: one, kind: recorded, path: one.jsonl}\n  - {id: two, kind: recorded, path: two.jsonl}\n\
             scorers:\n  - {id: same, kind: exact}\n  - {id: near, kind: number, relative: 0.5}\nsuccess: [same]\n\
             gates:\n  - {metric: cost_usd, against: baseline, max_rise: 10%}\n  - {metric: cost_usd, max: 1}\n",
        );
        let (mut cases, mut outputs) = (String::new(), String::new());
        let said = ["NaN", "inf", "-0", "1e999", "18"];
        for (at, cost) in costs.iter().enumerate() {
            cases += &format!("{{\"id\":\"c{at}\",\"input\":\"q\",\"expected\":\"1e308\"}}\n");
            let cost = match *cost {
                "" => String::new(),
                cost => format!(",\"cost_usd\":{cost},\"latency_ms\":{}", 1 + at),
            };
            outputs += &format!("{{\"case\":\"c{at}\",\"output\":\"{}\"{cost}}}\n", said[at]);
        }
        bench.write("cases.jsonl", &cases);
        bench.write("one.jsonl", &outputs);
        bench.write("two.jsonl", &outputs);
        let ended = bench.evenhand(&["run", "suite.yaml", "--report", "markdown=report.md"]);
        assert!(
            matches!(ended.code(), 0 | 5 | 6 | 100),
            "{costs:?}: {}",
            ended.stderr
        );
        let report = bench.report();
        let mut found = Vec::new();
        numbers(&report, "", &mut found);
        assert!(
            found.len() > 50 && found.iter().all(|(_, number)| number.is_finite()),
            "{costs:?}: {found:?}"
        );
        for target in report["targets"].as_array().expect("targets") {
            for (name, metric) in target["metrics"].as_object().expect("metrics") {
                let has = metric["point"].is_number() || metric["undefined"].is_string();
                assert!(has, "{costs:?} {name}: {metric}");
            }
        }
        {
            // What failed is quoted on stderr: the agent's own words.
            let text = &ended.stdout;
            let odd = text
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| matches!(word, "NaN" | "inf"));
            assert!(!odd, "{costs:?}:\n{text}");
        }
    }
}
