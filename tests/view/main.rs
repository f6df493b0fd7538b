//! `view`: a run's page served from its directory, whole whatever its size, and while the run goes on.
#![cfg(feature = "serve")]

#[path = "../support/browser.rs"]
#[expect(dead_code, reason = "these tests want a part of what a browser can")]
mod browser;
#[path = "../support/cli.rs"]
#[expect(dead_code, reason = "no report is read here")]
mod cli;
#[path = "../annotate/page.rs"]
#[expect(dead_code, reason = "nothing is answered on this page")]
mod page;

use std::io::Read;
use std::process::Stdio;

use serde_json::{Value as Json, json};

use browser::{Browser, key};
use cli::Desk;
use page::{Page, opened};

/// A run of two targets over so many cases; ids and texts try to be more than texts.
fn desk(cases: usize) -> Desk {
    let suite = json!({
        "version": 1, "suite": "views", "seed": 1,
        "dataset": {"path": "cases.jsonl"},
        "targets": [
            {"id": "prod", "kind": "scripted", "accuracy": 0.9, "answer": "{{ expected }}", "wrong": "<b>no</b>"},
            {"id": "next", "kind": "scripted", "accuracy": 0.8, "answer": "{{ expected }}", "wrong": "no"},
        ],
        "scorers": [{"id": "same", "kind": "exact"}],
    });
    let row = |nth: usize| {
        json!({"id": format!("case {nth} <i>&"), "input": format!("question {nth} </script><script>alert(1)</script>"),
               "expected": format!("answer {nth}"), "tags": [format!("tag {}", nth % 3)]})
    };
    let rows: String = (0..cases).map(|nth| format!("{}\n", row(nth))).collect();
    Desk::new(&[("suite.yaml", &suite.to_string()), ("cases.jsonl", &rows)])
}

fn of_text(text: &str) -> Json {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn the_page_its_list_and_its_cases_are_served_and_nothing_else() {
    let desk = desk(20);
    desk.evenhand(&["run", "suite.yaml", "-q"]).ends(0);
    let page = Page::open(&desk, &["view", "latest"]);

    let (status, html) = page.get("");
    assert_eq!(status, 200);
    assert!(html.starts_with("<!doctype html>"), "{html}");
    assert!(
        !html.contains("case 0 "),
        "the cases come when they are asked for"
    );
    let headers = String::from_utf8_lossy(&page.received.borrow()).into_owned();
    let mut policies = headers
        .lines()
        .filter(|line| line.starts_with("content-security-policy:"));
    assert!(
        policies
            .next_back()
            .is_some_and(|line| line.contains("script-src 'sha256-")
                && line.contains("connect-src 'self'")
                && line.contains("frame-ancestors 'none'")),
        "{headers}"
    );

    let (status, list) = page.get("cases.json");
    assert_eq!(status, 200);
    let list = of_text(&list);
    assert_eq!(list["cases"].as_array().map(Vec::len), Some(20));
    assert_eq!(list["sides"], json!(["prod", "next"]));
    let first = &list["cases"][0];
    let (status, case) = page.get(&format!("case/{}.json", first[6]));
    assert_eq!(status, 200);
    assert!(case.contains("answer "), "{case}");
    assert_eq!(
        of_text(&page.get("state.json").1),
        json!({"stamp": null, "running": false})
    );

    for path in [
        "case/20.json",
        "case/x.json",
        "case/..",
        "manifest.json",
        "events.jsonl",
        "cases.jsonl",
    ] {
        assert_eq!(page.get(path).0, 404, "{path}");
    }
    for path in ["", "cases.json", "case/0.json", "state.json"] {
        assert_eq!(page.post(path, &json!({})).0, 405, "{path}");
    }
    let said = page.signal("INT");
    assert_eq!(
        said.code, 0,
        "to be told to end is how it ends: {}",
        said.stderr
    );
}

#[test]
fn a_run_that_is_not_there_is_refused_before_anything_listens() {
    let desk = desk(1);
    let said = desk.evenhand(&["view", "nothing"]).ends(2);
    assert!(said.stdout.is_empty(), "{}", said.stdout);
    let said = desk.evenhand(&["view"]).ends(2);
    assert!(said.stderr.contains("no run"), "{}", said.stderr);
}

#[test]
fn one_reads_filters_and_opens_cases_in_the_browser() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let desk = desk(300);
    desk.evenhand(&["run", "suite.yaml", "-q"]).ends(0);
    let (mut child, _said, url) = opened(&desk, &["view"]);
    browser.open(&url);
    browser.wait_until("!document.getElementById('cases-app').hidden");
    assert!(
        !browser.address().contains("/open/"),
        "the token is gone from the address"
    );
    assert!(
        browser.text("#count").starts_with("300 cases"),
        "{}",
        browser.text("#count")
    );
    browser.click("button[data-kind=lost]");
    browser.wait_until("document.getElementById('count').textContent.includes(' of 300')");
    browser.press(&format!("j{}", key::ENTER));
    browser.wait_until("!document.getElementById('case').hidden && document.querySelectorAll('#case .side-by').length === 2");
    let shown = browser.text("#case");
    assert!(
        shown.contains("</script><script>alert(1)</script>"),
        "{shown}"
    );
    let id = browser.text("#case h3");
    browser.reload();
    browser.wait_until("!document.getElementById('case').hidden && document.querySelectorAll('#case .side-by').length === 2");
    assert_eq!(browser.text("#case h3"), id, "the address holds the case");
    assert_eq!(browser.console(), Vec::<String>::new());
    assert_eq!(browser.dialog(), None);
    child.kill().expect("it is killed");
    child.wait().expect("it has ended");
    // Who goes on reading after the end is told so in words.
    browser.press("j");
    browser.wait_until("document.querySelector('#case .warn') !== null");
    let shown = browser.text("#case .warn");
    assert!(shown.starts_with("evenhand does not answer"), "{shown}");
}

/// The agent of this run answers as long as it is given lines, so that the test holds the run's pace.
const HELD: &str = r#"
import json, os, sys, time
for line in sys.stdin:
    asked = json.loads(line)
    if "case" not in asked:
        continue
    while asked["case"] == "c1" and not os.path.exists("go"):
        time.sleep(0.01)
    print(json.dumps({"output": "yes"}), flush=True)
"#;

#[test]
fn a_run_that_goes_on_is_followed_to_its_end() {
    let Some(browser) = Browser::start() else {
        return;
    };
    if std::process::Command::new("python3")
        .arg("--version")
        .output()
        .is_err()
    {
        return;
    }
    let suite = json!({
        "version": 1, "suite": "held", "limits": {"concurrency": 1},
        "dataset": {"cases": [{"id": "c0", "input": "q", "expected": "yes"}, {"id": "c1", "input": "q", "expected": "yes"}]},
        "targets": [{"id": "agent", "kind": "command", "command": ["python3", "held.py"]}],
        "scorers": [{"id": "same", "kind": "exact"}],
    });
    let desk = Desk::new(&[("suite.yaml", &suite.to_string()), ("held.py", HELD)]);
    let mut run = desk
        .command(&["run", "suite.yaml", "-q"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let held = |desk: &Desk| {
        let runs = desk.runs();
        runs.first().is_some_and(|run| {
            std::fs::read_to_string(run.join("events.jsonl"))
                .is_ok_and(|text| text.contains("trial_finished"))
        })
    };
    while !held(&desk) {
        std::thread::yield_now();
    }
    let (mut child, _said, url) = opened(&desk, &["view"]);
    browser.open(&url);
    browser.wait_until("document.getElementById('live') !== null");
    assert!(
        browser.text("header").contains("The run is going on"),
        "{}",
        browser.text("header")
    );
    desk.write("go", "");
    run.wait().expect("it ends");
    browser.wait_until(
        "document.getElementById('live') === null && !document.getElementById('cases-app').hidden",
    );
    assert_eq!(browser.count(".list .row .good"), 2);
    child.kill().expect("it is killed");
    child.wait().expect("it has ended");
    let mut said = String::new();
    let stdout = run.stdout.as_mut().expect("its output is ours");
    stdout
        .read_to_string(&mut said)
        .expect("its output can be read");
}
