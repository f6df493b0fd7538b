//! A report of five thousand cases, as fast as one reads it: times are printed, never asserted.

use serde_json::{Value as Json, json};

use crate::binary::Bench;
use crate::browser::Browser;

const CASES: usize = 5_000;

/// Milliseconds until the page was painted for the first time, and until its script had run.
const LOADED: &str = "const paint = performance.getEntriesByName('first-contentful-paint')[0]; \
    return [paint ? paint.startTime : null, performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd]";

/// Milliseconds until the list stands after a change of its filter.
const FILTERED: &str = "const took = (change) => { const from = performance.now(); change(); document.body.getBoundingClientRect(); return performance.now() - from; }; \
    const search = document.getElementById('search'); \
    const type = (text) => () => { search.value = text; search.dispatchEvent(new Event('input')); }; \
    return [took(type('case 49')), took(type('')), took(() => document.querySelector('button[data-kind=failed]').click()), took(() => document.querySelector('button[data-kind=all]').click())]";

#[test]
fn five_thousand_cases_are_there_at_once_and_filtered_at_a_keypress() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let suite = json!({
        "version": 1, "suite": "large", "seed": 1,
        "dataset": {"path": "cases.jsonl"},
        "targets": [
            {"id": "prod", "kind": "scripted", "accuracy": 0.9, "answer": "{{ expected }}", "wrong": "something else"},
            {"id": "next", "kind": "scripted", "accuracy": 0.9, "answer": "{{ expected }}", "wrong": "something else"},
        ],
        "scorers": [{"id": "same", "kind": "exact"}],
    });
    let bench = Bench::new(&suite.to_string());
    let filler = "a word and another one ".repeat(8);
    let row = |nth: usize| json!({"id": format!("case {nth}"), "input": format!("{nth} {filler}"), "expected": format!("{nth} {filler}"), "tags": [format!("tag {}", nth % 9)]});
    let rows: String = (0..CASES).map(|nth| format!("{}\n", row(nth))).collect();
    bench.write("cases.jsonl", &rows);
    bench
        .evenhand(&["run", "suite.yaml", "-q", "--report", "html=report.html"])
        .expect(0);
    let page = std::fs::read_to_string(bench.at("report.html")).expect("a page");
    assert!(page.len() < 10_000_000, "{}", page.len());
    browser.open_file(&bench.at("report.html"), "");
    browser.wait_until("!document.getElementById('cases-app').hidden");
    let listed = browser.script(
        "return JSON.parse(document.getElementById('data').textContent).index.cases.length",
        &[],
    );
    assert_eq!(listed, CASES);
    let rows = browser.count(".list .row");
    assert!(
        rows > 5 && rows < 60,
        "only the rows in sight are drawn: {rows}"
    );
    let loaded = browser.script(LOADED, &[]);
    let filtered = browser.script(FILTERED, &[]);
    println!(
        "{CASES} cases, {} bytes: first paint and script after {loaded} ms; search, search emptied, failed, all in {filtered} ms",
        page.len()
    );
    browser.script(
        "const list = document.getElementById('list'); list.scrollTop = list.scrollHeight; list.dispatchEvent(new Event('scroll'))",
        &[],
    );
    let last: Json = browser.script(
        "return [...document.querySelectorAll('.list .row')].pop().getAttribute('aria-posinset')",
        &[],
    );
    assert_eq!(last, CASES.to_string());
    assert_eq!(browser.console(), Vec::<String>::new());
}
