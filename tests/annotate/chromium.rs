//! The page in a real browser, with real keys.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpListener;
use std::process::Command;

use serde_json::json;

use crate::browser::{Browser, key};
use crate::cli::Desk;
use crate::page::start;
use crate::{outputs, rows};

const ASKED: [&str; 5] = ["o.jsonl", "--annotator", "ann", "--judge", "safety"];

/// Opens an address and waits for the first card.
fn open(browser: &Browser, url: &str) {
    browser.open(url);
    browser.wait_until("!document.getElementById('card').hidden");
}

/// What is shown as saved.
fn saved(browser: &Browser, count: &str) {
    let is_saved = format!(
        "document.getElementById('saved').textContent === 'saved' && document.getElementById('count').textContent.startsWith('{count}')"
    );
    browser.wait_until(&is_saved);
}

fn shown(browser: &Browser) -> String {
    browser.text(".text.judged pre")
}

fn signal(process: &std::process::Child, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &process.id().to_string()])
        .status();
    assert!(sent.expect("kill starts").success());
}

#[test]
fn twenty_outputs_are_labelled_by_keys_through_an_undo_a_reload_and_a_kill() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let desk = Desk::new(&[("o.jsonl", &outputs(20))]);
    let (mut process, _stdout, url) = start(&desk, &ASKED);
    open(&browser, &url);
    assert!(
        !browser.address().contains("/open/"),
        "the token is gone from the address"
    );
    let mut said: BTreeMap<String, &str> = BTreeMap::new();
    for nth in 1..=12 {
        let (key, word) = [("1", "pass"), ("2", "fail")][nth % 2];
        said.insert(shown(&browser), word);
        browser.press(key);
        saved(&browser, &format!("{nth} of 20"));
    }
    // Back to the last, which is said otherwise now, with a reason.
    let next = shown(&browser);
    browser.press("u");
    browser.wait_until("document.getElementById('saved').textContent === 'undone'");
    assert_eq!(browser.text("#choices button.was"), "1 pass");
    said.insert(shown(&browser), "fail");
    browser.press("c");
    browser.press("2 of 3 are wrong");
    browser.press(key::ESCAPE);
    browser.press("2");
    saved(&browser, "12 of 20");
    assert_eq!(shown(&browser), next);
    browser.reload();
    browser.wait_until("document.getElementById('count').textContent === '12 of 20'");
    assert_eq!(shown(&browser), next);
    // A stopped server keeps nobody waiting: the next card is there, and nothing is called saved.
    signal(&process, "STOP");
    said.insert(next.clone(), "pass");
    browser.press("1");
    browser.wait_until("document.getElementById('saved').textContent === 'saving'");
    let later = shown(&browser);
    assert_ne!(later, next);
    assert_eq!(rows(&desk, "o.labels.jsonl").len(), 12);
    signal(&process, "CONT");
    saved(&browser, "13 of 20");
    process.kill().expect("it is killed");
    process.wait().expect("it has ended");
    browser.press("2");
    browser.wait_until("document.getElementById('saved').textContent === 'not saved'");
    assert!(
        !browser
            .script("return document.getElementById('problem').hidden", &[])
            .as_bool()
            .expect("a truth")
    );
    assert_eq!(rows(&desk, "o.labels.jsonl").len(), 13);

    let (mut process, mut stdout, url) = start(&desk, &ASKED);
    browser.open("about:blank");
    open(&browser, &url);
    browser.wait_until("document.getElementById('count').textContent === '13 of 20'");
    assert_eq!(shown(&browser), later, "what was not saved is asked again");
    browser.press("?");
    browser.wait_until("document.getElementById('rubric').open");
    assert!(browser.text("#criteria").contains("It passes otherwise"));
    browser.press("?");
    browser.press(" ");
    browser.wait_until("document.getElementById('count').textContent.includes('1 skipped')");
    for nth in 14..=20 {
        let key = if nth % 3 == 0 { "#choices button" } else { "2" };
        said.insert(shown(&browser), if nth % 3 == 0 { "pass" } else { "fail" });
        match key {
            "2" => browser.press(key),
            button => browser.click(button),
        }
        saved(&browser, &format!("{nth} of 20"));
    }
    browser.wait_until("!document.getElementById('end').hidden");
    assert!(browser.text("#over").contains("All done"));
    browser.press("q");
    let ended = process.wait().expect("it ends");
    assert_eq!(ended.code(), Some(0));
    let mut screen = String::new();
    stdout
        .read_to_string(&mut screen)
        .expect("its output can be read");
    assert!(screen.contains("20 of 20 labelled"), "{screen}");

    let labels = rows(&desk, "o.labels.jsonl");
    let found: BTreeMap<String, &str> = labels
        .iter()
        .filter_map(|row| Some((row["output"].as_str()?.to_owned(), row["pass"].as_str()?)))
        .collect();
    assert_eq!(found, said);
    let reasons: Vec<&str> = labels
        .iter()
        .filter_map(|row| row["critique"].as_str())
        .filter(|text| !text.is_empty())
        .collect();
    assert_eq!(reasons, ["2 of 3 are wrong"]);
    assert!(
        labels
            .iter()
            .all(|row| row["seconds"].as_f64().is_some_and(|time| time > 0.0))
    );
    let faults: Vec<String> = browser
        .console()
        .into_iter()
        .filter(|line| !line.contains("ERR_CONNECTION_REFUSED"))
        .collect();
    assert_eq!(faults, [] as [&str; 0]);
}

#[test]
fn what_was_written_and_not_saved_stands_there_again() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let desk = Desk::new(&[("o.jsonl", &outputs(2))]);
    let (mut process, _stdout, url) = start(&desk, &ASKED);
    open(&browser, &url);
    let write = |words: &str| {
        browser.press("c");
        browser.press(words);
        browser.press(key::ESCAPE);
    };
    let written = || browser.script("return document.getElementById('critique').value", &[]);
    // Skipped: it comes again at the end, with its reason.
    let first = shown(&browser);
    write("hard to say");
    browser.press(" ");
    saved(&browser, "0 of 2, 1 skipped");
    assert_eq!(written(), "", "of this one nothing was written");
    browser.press("1");
    saved(&browser, "1 of 2");
    assert_eq!((shown(&browser), written()), (first, json!("hard to say")));
    // Refused: the log is gone, and nothing is saved that is called so.
    std::fs::remove_file(desk.path().join("o.labels.jsonl.log.jsonl")).expect("it goes");
    write(" indeed");
    browser.press("2");
    browser.wait_until("!document.getElementById('problem').hidden");
    assert!(
        browser
            .text("#problem")
            .contains("removed, replaced or cut short")
    );
    browser.wait_until("document.getElementById('critique').value !== ''");
    assert_eq!(written(), "hard to say indeed");
    assert_eq!(browser.text("#choices button.was"), "2 fail");
    process.kill().expect("it is killed");
    process.wait().expect("it has ended");
    assert_eq!(rows(&desk, "o.labels.jsonl").len(), 1);
}

#[test]
fn what_is_labelled_is_text_and_calls_nobody() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let canary = TcpListener::bind("127.0.0.1:0").expect("a port");
    canary.set_nonblocking(true).expect("it does not wait");
    let home = format!("http://{}", canary.local_addr().expect("its address"));
    let corpus: Vec<String> = [
        "<script>document.title='ran'</script>",
        "<img src=x onerror=\"document.title='ran'\"><img src='HOME/i'>",
        "<svg onload=\"document.title='ran'\"><use href='HOME/s'/></svg>",
        "</script><script>fetch('HOME/f')</script>",
        "</pre></style><style>@import 'HOME/c'; body{background:url(HOME/b)}</style>",
        "<link rel=stylesheet href='HOME/l'><iframe src='HOME/f'></iframe>",
        "![x](HOME/m?q=secret) [x](javascript:document.title='ran')",
        "<!-- {{7*7}} ${7*7} --> \u{2028}\u{2029} &lt;b&gt;",
        "\"'><base href='HOME/'><meta http-equiv=refresh content='0;url=HOME/r'>",
    ]
    .iter()
    .map(|text| text.replace("HOME", &home))
    .collect();
    let lines: String = corpus
        .iter()
        .enumerate()
        .map(|(at, text)| {
            let line = json!({"item": format!("{at}{text}"), "input": text, "output": text, "expected": text, "context": text});
            format!("{line}\n")
        })
        .collect();
    let desk = Desk::new(&[("o.jsonl", &lines)]);
    let (mut process, _stdout, url) = start(
        &desk,
        &[
            "o.jsonl",
            "--annotator",
            &corpus[0],
            "--classes",
            &format!("{},other", corpus[0]),
        ],
    );
    open(&browser, &url);
    for nth in 1..=corpus.len() {
        let texts = browser.script(
            "return [...document.querySelectorAll('.text pre')].map((one) => one.textContent)",
            &[],
        );
        let texts = texts.as_array().expect("texts");
        assert_eq!(texts.len(), 4);
        for text in texts {
            assert_eq!(text, &texts[0]);
            let text = text.as_str().expect("a text");
            assert!(corpus.iter().any(|one| one == text), "{text}");
        }
        browser.press("1");
        saved(&browser, &format!("{nth} of {}", corpus.len()));
    }
    assert_eq!(
        browser.script("return document.title", &[]),
        json!("Labelling")
    );
    let made = "script:not(:last-of-type), img, svg, iframe, base, link:not([rel=icon])";
    assert_eq!(browser.count(&format!("main :is({made})")), 0);
    assert_eq!(browser.console(), [] as [&str; 0]);
    assert_eq!(browser.dialog(), None);
    let called = canary.accept();
    assert!(called.is_err(), "the canary was called: {called:?}");
    process.kill().expect("it is killed");
    process.wait().expect("it has ended");
}
