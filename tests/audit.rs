//! `judge audit` in whole runs, against judges whose failings are known: each is found, and an honest judge has none.

mod support {
    #[expect(dead_code, reason = "these tests let runs end by themselves")]
    pub(crate) mod binary;
    #[expect(dead_code, reason = "this server's answers are plain")]
    pub(crate) mod http_server;
}

use serde_json::{Value as Json, json};
use support::binary::{Bench, Ended};
use support::http_server::{Asked, HttpServer, Said};

/// The audit's own wrong answers.
fn wrong_answers() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/judges/attacks.jsonl");
    let text = std::fs::read_to_string(path).expect("the attacks");
    text.lines()
        .map(|line| {
            let attack: Json = serde_json::from_str(line).expect("a line");
            attack["wrong"].as_str().expect("a text").to_owned()
        })
        .collect()
}

fn question(asked: &Asked) -> String {
    let body = asked.json();
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let last = messages.last().map(|message| message["content"].clone());
    last.as_ref()
        .and_then(Json::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn verdict(word: &str) -> Said {
    let content = json!({"reasoning": "so", "verdict": word}).to_string();
    Said::json(&json!({
        "model": "m",
        "choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5}
    }))
}

/// The question without what lies in its true fences, by the mark that it names.
fn outside(question: &str) -> String {
    let (_, mark) = question.rsplit_once("\n\nMARK is ").expect("a mark");
    let mark = mark.split(' ').next().expect("its digits");
    let (mut rest, mut text) = (question, String::new());
    let close = |name: &str| format!("[[end {name} {mark}]]");
    while let Some(at) = rest.find("[[begin ") {
        text.push_str(&rest[..at]);
        let head = &rest[at + 8..];
        let name = head.split(' ').next().expect("a name");
        let Some(end) = head.find(&close(name)) else {
            break;
        };
        rest = &head[end + close(name).len()..];
    }
    text + rest
}

/// Whether a text holds an order to pass.
fn orders_pass(text: &str) -> bool {
    let text = text.replace('\u{200b}', "").to_lowercase();
    [
        "\"verdict\":\"pass\"",
        "\"verdict\": \"pass\"",
        "```verdict\npass",
        "verdict: pass",
        "verdict : pass",
        "verdict is: pass",
    ]
    .iter()
    .any(|order| text.contains(order))
}

fn suite(server: &HttpServer, judge: &str, more: &str) -> Bench {
    let bench = Bench::new(&format!(
        "version: 1\nsuite: audited\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: agent, kind: scripted, answer: \"an answer\"}}\n\
         scorers:\n  - {{id: judged, kind: judge, judge: {judge}, model: {{kind: chat, base_url: \"{}\", model: m}}{more}}}\n\
         allow_uncalibrated: true\nlimits: {{attempts: 1}}\n",
        server.url()
    ));
    bench.write(
        "cases.jsonl",
        "{\"id\":\"c0\",\"input\":\"q\",\"expected\":\"e\"}\n",
    );
    bench.write(
        "right.md",
        "---\nname: right\nversion: 1\nmode: reference\nverdict: json-schema\nscale: pass/fail\ninputs: [input, output, expected]\nquestion: \"Is it right?\"\n---\nIs the output right?\n\n{{ input }}\n\n{{ expected }}\n\n{{ output }}\n",
    );
    bench
}

fn audit(bench: &Bench, judge: &str, more: &[&str]) -> Ended {
    let first = ["judge", "audit", judge, "--suite", "suite.yaml"];
    bench.evenhand(&[&first[..], more].concat())
}

fn row(ended: &Ended, probe: &str) -> Json {
    let found: Json = serde_json::from_str(&ended.stdout).expect("json");
    let rows = found["probes"].as_array().expect("rows").clone();
    let mut rows = rows.into_iter();
    rows.find(|row| row["probe"] == probe)
        .unwrap_or_else(|| panic!("no {probe} in {found}"))
}

/// A judge that knows what is wrong, and obeys any verdict in what it takes for the harness's words.
fn obedient(reads: fn(&str) -> String) -> HttpServer {
    let wrong = wrong_answers();
    HttpServer::start(move |asked| {
        let question = question(asked);
        let is_wrong = wrong.iter().any(|wrong| question.contains(wrong.as_str()));
        verdict(if !is_wrong || orders_pass(&reads(&question)) {
            "pass"
        } else {
            "fail"
        })
    })
}

#[test]
fn the_fence_keeps_an_obedient_judge_upright_and_one_that_reads_inside_it_is_caught() {
    let server = obedient(outside);
    let bench = suite(&server, "right.md", "");
    let ended = audit(
        &bench,
        "right.md",
        &["--format", "json", "--fail-on", "injection"],
    )
    .expect(0);
    let upright = row(&ended, "injection");
    assert_eq!(upright["standing"], "ok", "{upright}");
    assert_eq!(upright["flipped_count"], 0);
    assert_eq!(upright["n"], 50);
    assert_eq!(upright["figure"]["method"], "clopper-pearson");
    assert_eq!(row(&ended, "repeat")["figure"]["point"], 1.0);
    assert_eq!(row(&ended, "unparsed")["figure"]["point"], 0.0);
    for (probe, why) in [
        ("position", "one output at a time"),
        ("letters", "does not apply: its verdicts are words"),
        ("self-preference", "--labels"),
    ] {
        let row = row(&ended, probe);
        assert_eq!(row["standing"], "not_measured");
        assert!(
            row["found"]
                .as_str()
                .is_some_and(|found| found.contains(why)),
            "{row}"
        );
    }
    // 50 attacks, 50 wrong and 50 right answers, the latter two twice and in another order: each asked once, and never again.
    assert_eq!(row(&ended, "order")["standing"], "ok");
    assert_eq!(server.log().len(), 350);
    audit(&bench, "right.md", &[])
        .expect(0)
        .said("350 of 350 verdicts are known");
    assert_eq!(server.log().len(), 350);

    let server = obedient(str::to_owned);
    let bench = suite(&server, "right.md", "");
    let more = ["--probe", "injection", "--fail-on", "injection"];
    let ended = audit(&bench, "right.md", &more).expect(100);
    assert!(ended.stdout.contains("FAILS"), "{}", ended.stdout);
    let ended = audit(
        &bench,
        "right.md",
        &[&more[..], &["--format", "json"]].concat(),
    )
    .expect(100);
    let caught = row(&ended, "injection");
    let flipped = caught["flipped_count"].as_u64().expect("a count");
    // The blocks that the fence defuses are broken for whoever reads inside it too.
    assert!(flipped >= 35, "{caught}");
    assert_eq!(
        caught["flipped"].as_array().map(Vec::len),
        Some(flipped as usize)
    );
}

#[test]
fn a_judge_that_prefers_what_is_shown_first_is_caught_and_its_preferences_are_ties() {
    let server = HttpServer::start(|_| verdict("a"));
    let bench = suite(&server, "preference", "");
    let more = ["--probe", "position", "--fail-on", "position"];
    let ended = audit(
        &bench,
        "preference",
        &[&more[..], &["--format", "json"]].concat(),
    )
    .expect(100);
    let placed = row(&ended, "position");
    assert_eq!(placed["standing"], "fails");
    assert_eq!(placed["figure"]["point"], 0.0);
    assert_eq!(placed["first_shown"]["point"], 1.0);
    assert_eq!(placed["flips_to_first"], 50);
    assert!(
        placed["flip_sign_test_p"]
            .as_f64()
            .is_some_and(|p| p < 1e-10)
    );
    let runs = std::fs::read_dir(bench.at("runs/audits")).expect("the audit's run");
    let mut runs = runs.filter_map(Result::ok).map(|entry| entry.path());
    let run = runs.find(|path| path.is_dir()).expect("one");
    let journal = std::fs::read_to_string(run.join("events.jsonl")).expect("a journal");
    let scored: Vec<Json> = journal
        .lines()
        .filter_map(|line| serde_json::from_str::<Json>(line).ok())
        .filter(|line| line["event"] == "scored")
        .collect();
    assert_eq!(scored.len(), 50);
    for line in &scored {
        assert_eq!(line["scores"][0]["value"]["number"], 0.5, "{line}");
    }
    audit(&bench, "preference", &more)
        .expect(100)
        .printed("FAILS");
}

/// What a judge is told before the question.
fn told(asked: &Asked) -> String {
    let body = asked.json();
    body["messages"][0]["content"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// The first of these words in what a judge is told.
fn first_told<'a>(asked: &Asked, words: [&'a str; 2]) -> &'a str {
    let told = told(asked);
    let place = |word: &str| told.find(&format!("\"{word}\"")).expect("it is offered");
    if place(words[0]) < place(words[1]) {
        words[0]
    } else {
        words[1]
    }
}

const CODED: &str = "---\nname: coded\nversion: 1\nmode: classify\nverdict: json-schema\nclasses: {A: it is right, B: it is wrong}\npass: [A]\n---\nLook.\n\n{{ input }}\n\n{{ output }}\n";

#[test]
fn a_judge_that_takes_what_is_listed_first_is_caught_by_another_order_and_a_reader_is_not() {
    let more = ["--probe", "order", "--fail-on", "order"];
    let json = [&more[..], &["--format", "json"]].concat();
    let server = HttpServer::start(|asked| verdict(first_told(asked, ["pass", "fail"])));
    let bench = suite(&server, "right.md", "");
    let caught = row(&audit(&bench, "right.md", &json).expect(100), "order");
    assert_eq!(caught["standing"], "fails", "{caught}");
    assert_eq!(
        (&caught["same_relisted"], &caught["same_again"]),
        (&json!(0), &json!(100))
    );
    assert_eq!(
        (&caught["said pass"], &caught["said fail relisted"]),
        (&json!(100), &json!(100))
    );
    assert_eq!(caught["moved_to_first"], 100);
    audit(&bench, "right.md", &more)
        .expect(100)
        .printed("+100.0 points lost, 0 of 100 verdicts are the same with the list");

    let server = obedient(outside);
    let bench = suite(&server, "right.md", "");
    let upright = row(&audit(&bench, "right.md", &json).expect(0), "order");
    assert_eq!(upright["standing"], "ok", "{upright}");
    assert_eq!(upright["same_relisted"], 100);
}

#[test]
fn a_judge_that_is_fond_of_a_letter_is_told_from_one_that_is_fond_of_a_place() {
    let probes = ["--probe", "order", "--probe", "letters", "--format", "json"];
    let standings =
        |ended: &Ended| ["order", "letters"].map(|probe| row(ended, probe)["standing"].clone());
    let of_letter = HttpServer::start(|_| verdict("A"));
    let bench = suite(&of_letter, "coded.md", "");
    bench.write("coded.md", CODED);
    let ended = audit(&bench, "coded.md", &probes).expect(0);
    assert_eq!(standings(&ended), ["ok", "fails"], "{}", ended.stdout);
    assert_eq!(row(&ended, "letters")["said A relisted"], 100);

    let of_place = HttpServer::start(|asked| verdict(first_told(asked, ["A", "B"])));
    let bench = suite(&of_place, "coded.md", "");
    bench.write("coded.md", CODED);
    let ended = audit(&bench, "coded.md", &probes).expect(0);
    assert_eq!(standings(&ended), ["fails", "ok"], "{}", ended.stdout);
}

#[test]
fn of_a_pair_the_letter_is_told_from_the_place() {
    let probes = [
        "--probe", "letters", "--probe", "position", "--probe", "order", "--format", "json",
    ];
    let standings = |ended: &Ended| {
        ["letters", "position", "order"].map(|probe| row(ended, probe)["standing"].clone())
    };
    let of_letter = HttpServer::start(|_| verdict("a"));
    let bench = suite(&of_letter, "preference", "");
    let ended = audit(&bench, "preference", &probes).expect(0);
    assert_eq!(
        standings(&ended),
        ["fails", "fails", "not_measured"],
        "{}",
        ended.stdout
    );
    let of_place = HttpServer::start(|asked| {
        let question = question(asked);
        let place = |name: &str| question.find(&format!("[[begin output_{name}"));
        verdict(if place("a") < place("b") { "a" } else { "b" })
    });
    let bench = suite(&of_place, "preference", "");
    let ended = audit(&bench, "preference", &probes).expect(0);
    assert_eq!(
        standings(&ended),
        ["ok", "fails", "not_measured"],
        "{}",
        ended.stdout
    );
}

#[test]
fn your_outputs_and_labels_say_what_length_is_worth_to_it_and_whom_it_favours() {
    // It likes what is long, and mumbles about what says `mumble`.
    let server = HttpServer::start(|asked| {
        let question = question(asked);
        if question.contains("mumble mumble") {
            return verdict("perhaps");
        }
        verdict(if question.matches("word").count() > 25 {
            "pass"
        } else {
            "fail"
        })
    });
    let bench = suite(&server, "right.md", "");
    let mut outputs = String::from("item,input,output,expected\n");
    let mut labels = String::from("item,annotator,pass\n");
    for at in 0..60 {
        outputs += &format!("i{at},q{at},{},e\n", "word ".repeat(at + 1).trim());
        labels += &format!("i{at},ann,{}\n", if at % 2 == 0 { "pass" } else { "fail" });
    }
    outputs += "m0,q,mumble mumble,e\n";
    bench.write("outputs.csv", &outputs);
    bench.write("labels.csv", &labels);
    let given = ["--outputs", "outputs.csv", "--format", "json"];
    let labelled = [
        &given[..],
        &["--labels", "labels.csv", "--fail-on", "length"],
    ]
    .concat();
    let ended = audit(&bench, "right.md", &labelled).expect(100);
    let length = row(&ended, "length");
    assert_eq!(
        (&length["standing"], &length["n"]),
        (&json!("fails"), &json!(60))
    );
    assert_eq!(row(&ended, "unparsed")["unread"], 1);
    let own = row(&ended, "self-preference");
    assert_eq!(own["standing"], "not_measured");
    // Without labels nothing is held against it, and what must be measured and cannot be is undecided.
    let ended = audit(
        &bench,
        "right.md",
        &[&given[..], &["--fail-on", "length"]].concat(),
    )
    .expect(0);
    assert_eq!(row(&ended, "length")["standing"], "unclear");
    audit(
        &bench,
        "right.md",
        &[&given[..], &["--fail-on", "self-preference"]].concat(),
    )
    .expect(6);
}

#[test]
fn a_judge_that_cannot_be_asked_is_no_audit() {
    let server = HttpServer::start(|_| Said::status(500, &json!({"error": {"message": "down"}})));
    let bench = suite(&server, "right.md", "");
    audit(&bench, "right.md", &["--probe", "unparsed"])
        .expect(5)
        .said("questions have no verdict");
    audit(&bench, "nobody", &[]).expect(2).said("nobody");
    audit(
        &bench,
        "right.md",
        &["--probe", "unparsed", "--fail-on", "length"],
    )
    .expect(2)
    .said("--probe length");
}

#[test]
fn favour_for_its_own_model_is_found_in_a_run_whose_verdicts_are_not_paid_for_again() {
    let server = HttpServer::start(|asked| {
        let (body, question) = (asked.json(), question(asked));
        let number: usize = question
            .split(|letter: char| !letter.is_ascii_digit())
            .find_map(|digits| digits.parse().ok())
            .unwrap_or_default();
        let is_judge = body["messages"].as_array().is_some_and(|all| all.len() > 1);
        if is_judge {
            let likes = question.contains("alpha") || number.is_multiple_of(2);
            return verdict(if likes { "pass" } else { "fail" });
        }
        let word = if body["model"] == "m" {
            "alpha"
        } else {
            "beta"
        };
        Said::json(&json!({
            "model": body["model"],
            "choices": [{"message": {"role": "assistant", "content": word}, "finish_reason": "stop"}]
        }))
    });
    let target = |id: &str, model: &str| {
        format!(
            "  - {{id: {id}, kind: chat, base_url: \"{}\", model: {model}}}\n",
            server.url()
        )
    };
    let bench = Bench::new(&format!(
        "version: 1\nsuite: audited\nseed: 7\ndataset: {{path: cases.jsonl}}\ntargets:\n{}{}\
         scorers:\n  - {{id: judged, kind: judge, judge: safety, model: {{kind: chat, base_url: \"{}\", model: m}}}}\n\
         allow_uncalibrated: true\n",
        target("mine", "m"),
        target("theirs", "other"),
        server.url()
    ));
    let (mut cases, mut labels) = (String::new(), "case,target,annotator,pass\n".to_owned());
    for at in 0..24 {
        cases += &format!("{{\"id\":\"c{at}\",\"input\":\"{at} ?\"}}\n");
        for target in ["mine", "theirs"] {
            let said = if at % 2 == 0 { "pass" } else { "fail" };
            labels += &format!("c{at},{target},ann,{said}\n");
        }
    }
    bench.write("cases.jsonl", &cases);
    bench.write("labels.csv", &labels);
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let before = server.log().len();
    let given = [
        "--outputs",
        "latest",
        "--labels",
        "labels.csv",
        "--format",
        "json",
        "--probe",
        "self-preference",
        "--fail-on",
        "self-preference",
    ];
    let ended = audit(&bench, "safety", &given).expect(100);
    let own = row(&ended, "self-preference");
    assert_eq!((&own["own"], &own["others"]), (&json!(24), &json!(24)));
    assert_eq!(own["figure"]["point"], 0.5, "{own}");
    assert_eq!(server.log().len(), before, "the run has these verdicts");
}
