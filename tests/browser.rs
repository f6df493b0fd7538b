//! The tests' own browser, held against a page that needs nothing else.

#[path = "support/browser.rs"]
mod browser;

use serde_json::json;

use browser::{Browser, key};

const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>a page</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'">
<body><p id="said">nothing</p><input id="field"><button id="button">press</button>
<img src="https://example.invalid/x.png" alt="">
<script>
let pressed = "";
document.addEventListener("keydown", event => { pressed += event.key + " "; });
document.getElementById("button").addEventListener("click", () => { document.getElementById("said").textContent = "clicked"; });
</script></body>"#;

#[test]
fn a_page_is_opened_clicked_typed_into_and_asked() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("page with spaces.html");
    std::fs::write(&file, PAGE).expect("a file can be written");
    browser.open_file(&file, "#part");

    assert!(
        browser.address().ends_with("#part"),
        "{}",
        browser.address()
    );
    assert_eq!(browser.text("#said"), "nothing");
    browser.click("#button");
    browser.wait_until("document.getElementById('said').textContent === 'clicked'");
    browser.type_into("#field", "käse");
    assert_eq!(
        browser.script("return document.getElementById('field').value", &[]),
        "käse"
    );
    browser.click("#said");
    browser.script("pressed = ''", &[]);
    browser.press(&format!("jk{}{}{}", key::ENTER, key::ESCAPE, key::DOWN));
    assert_eq!(
        browser.script("return pressed", &[]),
        "j k Enter Escape ArrowDown "
    );
    browser.press(&format!("{}{}{}", key::TAB, key::UP, key::BACKSPACE));

    assert_eq!(browser.count("p"), 1);
    assert_eq!(browser.dialog(), None);
    let refused = browser.console();
    assert!(
        refused
            .iter()
            .any(|line| line.contains("Content Security Policy")),
        "a refusal is seen: {refused:?}"
    );
    browser.size(390, 800);
    browser.dark(true);
    assert_eq!(
        browser.script(
            "return [innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]",
            &[]
        ),
        json!([390, true])
    );
    browser.reload();
    assert_eq!(browser.text("#said"), "nothing");
    browser.script("setTimeout(() => alert('boo'), 0)", &[]);
    let shown = std::iter::repeat_with(|| browser.dialog())
        .take(1000)
        .find_map(|shown| shown);
    assert_eq!(shown.as_deref(), Some("boo"));
}
