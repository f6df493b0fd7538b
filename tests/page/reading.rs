//! Reading a report: filters, keys, differences, links, other sizes and paper.

use serde_json::{Value as Json, json};

use crate::binary::Bench;
use crate::browser::{Browser, key};

/// An id with everything that an address could trip over.
const ODD: &str = "a b&c=d#e%20+\"ä/..?";

/// A run of two targets over five cases, one of which each of them gets wrong.
fn compared() -> Bench {
    let suite = json!({
        "version": 1, "suite": "lamps", "seed": 1,
        "dataset": {"path": "cases.jsonl"},
        "targets": [
            {"id": "prod", "kind": "scripted", "answer": "{{ metadata.prod }}"},
            {"id": "next", "kind": "scripted", "answer": "{{ metadata.next }}"},
        ],
        "scorers": [{"id": "days", "kind": "contains", "any": ["{{ expected }}"]}],
        "gates": [{"metric": "success_rate", "min": 0.1}],
    });
    let bench = Bench::new(&suite.to_string());
    let row = |id: &str, tag: &str, prod: &str, next: &str| {
        json!({"id": id, "input": "How long may I keep it?", "expected": "30 days",
        "tags": [tag], "metadata": {"prod": prod, "next": next}})
        .to_string()
            + "\n"
    };
    let right = "You may keep it for 30 days, with the receipt.";
    let wrong = "You may keep it for 14 days, with the receipt.";
    let rows = [
        row("lost-one", "refunds", right, wrong),
        row("won-one", "refunds", wrong, right),
        row("both-right", "policy", right, right),
        row("both-wrong", "policy", wrong, wrong),
        row(ODD, "policy", right, right),
    ];
    bench.write("cases.jsonl", &rows.concat());
    bench
        .evenhand(&["run", "suite.yaml", "--report", "html=report.html"])
        .expect(0);
    bench
}

fn open(browser: &Browser, bench: &Bench, fragment: &str) {
    // A fragment alone would not load the page again.
    browser.open("about:blank");
    browser.open_file(&bench.at("report.html"), fragment);
    browser.wait_until("!document.getElementById('cases-app').hidden");
}

fn listed(browser: &Browser) -> Json {
    browser.script(
        "return [...document.querySelectorAll('.list .row .id')].map(row => row.textContent)",
        &[],
    )
}

fn title(browser: &Browser) -> Json {
    browser.script(
        "return document.getElementById('case').hidden ? null : document.getElementById('case-title').textContent",
        &[],
    )
}

#[test]
fn cases_are_filtered_opened_compared_and_left_by_keys() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let bench = compared();
    open(&browser, &bench, "");
    assert_eq!(
        listed(&browser),
        json!(["lost-one", "won-one", "both-wrong", "both-right", ODD])
    );
    browser.click("button[data-kind=lost]");
    assert_eq!(listed(&browser), json!(["lost-one"]));
    assert!(
        browser.address().ends_with("#show=lost"),
        "{}",
        browser.address()
    );
    browser.click("button[data-kind=failed]");
    assert_eq!(
        listed(&browser),
        json!(["lost-one", "won-one", "both-wrong"])
    );
    browser.type_into("#search", "WON");
    assert_eq!(listed(&browser), json!(["won-one"]));
    browser.press(key::ESCAPE);
    browser.click("button[data-kind=all]");
    browser.script(
        "const tag = document.getElementById('tag'); tag.value = '0'; tag.dispatchEvent(new Event('change'))",
        &[],
    );
    assert_eq!(listed(&browser), json!(["both-wrong", "both-right", ODD]));
    browser.script(
        "const tag = document.getElementById('tag'); tag.value = ''; tag.dispatchEvent(new Event('change')); document.getElementById('list').focus()",
        &[],
    );
    browser.script("document.getElementById('list').scrollTop = 0", &[]);
    open(&browser, &bench, "");
    browser.press(&format!("j{}", key::ENTER));
    assert_eq!(title(&browser), "won-one");
    browser.press("k");
    assert_eq!(title(&browser), "lost-one");
    let pieces = browser.script(
        "return [...document.querySelectorAll('.diff del, .diff ins')].map(one => one.tagName + ' ' + one.textContent.trim())",
        &[],
    );
    assert_eq!(pieces, json!(["DEL 30", "INS 14"]));
    let words = browser.script(
        "return [...document.querySelectorAll('.side-by h4')].map(one => one.textContent)",
        &[],
    );
    assert_eq!(words, json!(["prod: SUCCESS", "next: NO SUCCESS"]));
    browser.press(&format!("jj{}", key::ESCAPE));
    assert_eq!(title(&browser), Json::Null);
    assert_eq!(
        browser.script("return document.activeElement.id", &[]),
        "list"
    );
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn a_link_opens_its_case_whatever_it_is_called() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let bench = compared();
    open(&browser, &bench, "");
    browser.press(&format!("jjjj{}", key::ENTER));
    assert_eq!(title(&browser), ODD);
    let address = browser.address();
    let (_, fragment) = address.split_once('#').expect("a fragment");
    open(&browser, &bench, &format!("#{fragment}"));
    browser.wait_until("!document.getElementById('case').hidden");
    assert_eq!(title(&browser), ODD);
    open(&browser, &bench, "#case=lost-one&show=gained");
    browser.wait_until("!document.getElementById('case').hidden");
    assert_eq!(
        title(&browser),
        "lost-one",
        "a case that the filter hides is shown all the same"
    );
    open(&browser, &bench, "#case=nowhere");
    browser.wait_until("!document.getElementById('case').hidden");
    assert!(browser.text("#case").contains("no such case"));
    // The lists of changed cases link to them.
    open(&browser, &bench, "");
    browser.script(
        "document.querySelectorAll('details').forEach(one => { one.open = true; })",
        &[],
    );
    browser.click("#difference details a");
    browser.wait_until("!document.getElementById('case').hidden");
    assert_eq!(title(&browser), "won-one");
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn a_page_stands_alone_and_fits_a_phone_a_dark_room_and_paper() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let bench = compared();
    browser.devtools("Network.enable", json!({}));
    let offline =
        json!({"offline": true, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0});
    browser.devtools("Network.emulateNetworkConditions", offline);
    open(&browser, &bench, "#case=lost-one");
    browser.wait_until("!document.getElementById('case').hidden");
    let loads = "return performance.getEntriesByType('resource').filter(one => !one.name.startsWith('data:')).length";
    assert_eq!(browser.script(loads, &[]), 0);
    for (width, height) in [(390, 844), (1280, 900)] {
        browser.size(width, height);
        let wide = browser.script("return document.documentElement.scrollWidth", &[]);
        assert!(
            wide.as_u64().expect("a width") <= width.into(),
            "{wide} at {width}"
        );
    }
    browser.size(390, 844);
    let cut = "return [...document.querySelectorAll('.stack tbody :is(th, td)')]
        .filter((one) => one.getBoundingClientRect().right > innerWidth).map((one) => one.textContent)";
    assert_eq!(browser.script(cut, &[]), json!([]));
    let printed = "const all = [...document.querySelectorAll('details')];
        const open = () => all.filter((one) => one.open).length;
        dispatchEvent(new Event('beforeprint'));
        const printed = open();
        dispatchEvent(new Event('afterprint'));
        return [all.length > 0, printed === all.length, open()]";
    assert_eq!(browser.script(printed, &[]), json!([true, true, 0]));
    let colour = "return getComputedStyle(document.body).backgroundColor";
    let light = browser.script(colour, &[]);
    browser.dark(true);
    assert_ne!(browser.script(colour, &[]), light);
    let paper = browser.devtools("Page.printToPDF", json!({}));
    assert!(paper["data"].as_str().is_some_and(|pdf| pdf.len() > 10_000));
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn a_comparison_of_two_runs_holds_the_answers_of_both() {
    let bench = compared();
    bench.evenhand(&["run", "suite.yaml", "-q"]).expect(0);
    let sides = ["--baseline", "prod", "--candidate", "next"];
    let order = [
        "compare",
        "latest~1",
        "latest",
        "-q",
        "--report",
        "html=both.html",
    ];
    bench.evenhand(&[&order[..], &sides].concat()).expect(0);
    let page = std::fs::read_to_string(bench.at("both.html")).expect("a page");
    let (_, island) = page.split_once("id=\"data\">").expect("an island");
    let (island, _) = island.split_once("</script>").expect("its end");
    let data: Json = serde_json::from_str(island).expect("the island is JSON");
    assert_eq!(data["index"]["sides"], json!(["prod", "next"]));
    let first = &data["index"]["cases"][0];
    assert_eq!(
        (&first[0], &first[3]),
        (&json!("lost-one"), &json!(["s", "n"]))
    );
    let words = |side: usize| &data["details"][0]["sides"][side][0]["word"];
    assert_eq!(
        (words(0), words(1)),
        (&json!("SUCCESS"), &json!("NO SUCCESS"))
    );
    assert!(page.contains("compared with"), "the other run is named");
}
