//! What each reader of ours would do with a text: the tests' own rules, none of them taken from what is tested.

use serde_json::Value as Json;

/// Nothing but letters reaches a terminal; styling of ours is allowed where colours are on.
pub(crate) fn steers_no_terminal(text: &str) {
    let own = regex::Regex::new("\u{1b}\\[[0-9;]*[mK]").expect("a pattern");
    let text = own.replace_all(text, "");
    let mut marks = 0;
    for (at, c) in text.char_indices() {
        let hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
        // One that joins two pictures is shown as one picture.
        let joins = c == '\u{200d}';
        assert!(
            (c == '\n' || !c.is_control()) && (joins || !hidden),
            "{c:?} in {:?}",
            around(&text, at)
        );
        marks = if matches!(c, '\u{300}'..='\u{36f}') {
            marks + 1
        } else {
            0
        };
        assert!(marks < 20, "a tower in {:?}", around(&text, at));
    }
}

/// No line of it commands a runner that trims what it reads.
pub(crate) fn commands_no_runner(text: &str) {
    for line in text.split([
        '\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}',
    ]) {
        let begins = line.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
        assert!(!begins.starts_with("::"), "{line:?}");
        assert!(!line.contains("##["), "{line:?}");
        assert!(!line.contains("##vso["), "{line:?}");
    }
}

/// No spreadsheet calculates the cell.
pub(crate) fn is_no_formula(cell: &str) {
    if cell.starts_with('\'') || cell.parse::<f64>().is_ok() {
        return;
    }
    let first = cell.trim_start_matches(|c: char| c == '"' || c == '\'' || c.is_whitespace());
    assert!(
        !first.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\u{2212}']),
        "{cell:?}"
    );
}

/// Well-formed as far as an attacker can reach: the characters of XML 1.0, every `<` ours, every `&` a reference.
pub(crate) fn is_xml(document: &str) {
    for c in document.chars() {
        let allowed = matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert!(allowed, "{c:?}");
    }
    let tag = regex::Regex::new(r#"^<(\?xml [^<>?]*\?|/?[a-z]+( [a-z-]+="[^"<]*")*\s*/?)>"#)
        .expect("a pattern");
    let reference =
        regex::Regex::new("^&(amp|lt|gt|quot|apos|#[0-9]+|#x[0-9a-fA-F]+);").expect("a pattern");
    for (at, _) in document.match_indices('<') {
        assert!(tag.is_match(&document[at..]), "{:?}", around(document, at));
    }
    for (at, _) in document.match_indices('&') {
        assert!(
            reference.is_match(&document[at..]),
            "{:?}",
            around(document, at)
        );
    }
    assert!(!document.contains("]]>"));
}

/// Nothing in a Markdown page is live but what we wrote.
pub(crate) fn marks_nothing_up(page: &str) {
    let unescaped = page
        .replace("\\[", "")
        .replace("\\]", "")
        .replace("\\!", "");
    for live in [
        "<script",
        "<img",
        "](http",
        "](java",
        "![",
        " @octocat",
        "\u{1b}",
        "\u{202e}",
        "\r",
        "\0",
    ] {
        assert!(!unescaped.contains(live), "{live:?} in {page}");
    }
    let count = |of: &str| page.matches(of).count();
    assert_eq!(count("<details>"), count("</details>"));
    assert_eq!(count("<!--"), count("-->"), "{page}");
}

/// Every line a comment or a series.
pub(crate) fn is_openmetrics(text: &str) {
    let series =
        regex::Regex::new(r#"^evenhand_[a-z_]+\{([a-z]+="(\\["\\n]|[^"\\])*",?)+\} [-0-9.e]+$"#)
            .expect("a pattern");
    for line in text.lines() {
        assert!(line.starts_with("# ") || series.is_match(line), "{line:?}");
        assert!(!line.contains(char::is_control), "{line:?}");
    }
    assert_eq!(text.matches("# EOF").count(), 1);
}

/// The key-value pairs that a runner reads.
pub(crate) fn variables(file: &str) -> Vec<(String, String)> {
    let mut read = Vec::new();
    let mut lines = file.split_terminator('\n');
    while let Some(line) = lines.next() {
        let (key, rest) = line.split_once(['=', '<']).expect("a key");
        assert!(
            key.chars().all(|c| c.is_ascii_lowercase() || c == '_'),
            "{line:?}"
        );
        let value = match rest.strip_prefix('<') {
            Some(end) => {
                let value: Vec<&str> = lines.by_ref().take_while(|next| *next != end).collect();
                value.join("\n")
            }
            None => rest.to_owned(),
        };
        read.push((key.to_owned(), value));
    }
    read
}

/// Every text in a JSON value, keys included.
pub(crate) fn strings(json: &Json, found: &mut std::collections::BTreeSet<String>) {
    match json {
        Json::String(text) => {
            found.insert(text.clone());
        }
        Json::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Json::Object(map) => map.iter().for_each(|(key, value)| {
            found.insert(key.clone());
            strings(value, found);
        }),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn around(text: &str, at: usize) -> &str {
    let from = text.floor_char_boundary(at.saturating_sub(80));
    let to = text.floor_char_boundary((at + 80).min(text.len()));
    &text[from..to]
}
