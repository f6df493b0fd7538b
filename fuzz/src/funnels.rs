//! Funnels: any text in, and what their sinks rely on holds.

use evenhand::funnel;

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

fn is_hidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// No control or reordering character is left, a second pass changes nothing, a line stays one.
pub fn terminal(data: &[u8]) {
    let text = text(data);
    let safe = funnel::terminal(&text);
    assert!(!safe.contains(is_hidden), "{safe:?}");
    assert_eq!(funnel::terminal(&safe), safe);
    let line = funnel::terminal_line(&text, 40);
    assert!(
        !line.contains(is_hidden) && !line.contains(['\n', '\t']),
        "{line:?}"
    );
    assert!(
        line.chars()
            .filter(|c| !matches!(c, '\u{300}'..='\u{36f}'))
            .count()
            <= 40 * 12,
        "{line:?}"
    );
}

/// No character of markup is left as it is, and an island says the same as before.
pub fn html(data: &[u8]) {
    let text = text(data);
    assert!(!funnel::html(&text).contains(['<', '>', '"', '\'']));
    let json = serde_json::Value::String(text).to_string();
    let island = funnel::json_island(&json);
    assert!(!island.contains(['<', '>', '&', '\u{2028}', '\u{2029}']));
    let read: serde_json::Value = serde_json::from_str(&island).expect("still JSON");
    assert_eq!(read.to_string(), json);
}

/// A cell gives its text back, through a CSV writer and reader as well, and begins no formula.
pub fn csv_cell(data: &[u8]) {
    let text = text(data);
    let cell = funnel::csv_cell(&text);
    assert_eq!(funnel::csv_text(&cell), text);
    let first = cell.trim_start_matches(['"', ' ']).chars().next();
    let is_number = cell.parse::<f64>().is_ok();
    assert!(
        is_number || !matches!(first, Some('=' | '+' | '-' | '@' | '\t' | '\r')),
        "{cell:?}"
    );
    let mut table = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(Vec::new());
    table
        .write_record([cell.as_ref()])
        .expect("memory takes it");
    let bytes = table.into_inner().expect("memory takes it");
    let mut table = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(&bytes[..]);
    let record = table.records().next().expect("a row").expect("CSV");
    assert_eq!(&record[0], cell);
}

/// One line without live markup, and a block that its text cannot leave.
pub fn markdown(data: &[u8]) {
    let text = text(data);
    let cell = funnel::markdown(&text);
    assert!(!cell.contains(['\n', '\r']), "{cell:?}");
    let bare = cell.replace("\\|", "").replace("\\`", "");
    assert!(
        !bare.contains('|') && !bare.contains("<script") && !cell.contains("</details"),
        "{cell:?}"
    );
    let block = funnel::markdown_block("text", &text);
    let fence: String = block.chars().take_while(|c| *c == '`').collect();
    assert!(fence.len() >= 3, "{block:?}");
    assert_eq!(
        block.lines().filter(|line| line.trim() == fence).count(),
        1,
        "{block:?}"
    );
}

/// No line of a log commands, and documents say what they said.
pub fn ci_command(data: &[u8]) {
    let text = text(data);
    for line in funnel::ci_lines(&text).split(['\n', '\r']) {
        assert!(
            !line.trim_start().starts_with("::") && !line.contains("##["),
            "{line:?}"
        );
    }
    let json =
        serde_json::to_string_pretty(&serde_json::json!({text.clone(): [text.clone(), text]}))
            .expect("JSON");
    let printed = funnel::ci_document(&json, "\\u0023");
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("still JSON");
    assert_eq!(read(&printed).to_string(), read(&json).to_string());
    assert!(!printed.contains("##["), "{printed}");
}

/// The file holds one variable, whatever its value.
pub fn ci_variable(data: &[u8]) {
    let text = text(data);
    let written = funnel::ci_variable("key", &text);
    let mut lines = written.split_terminator('\n');
    let first = lines.next().expect("a line");
    match first.split_once("<<") {
        Some(("key", end)) => {
            let rest: Vec<&str> = lines.collect();
            assert_eq!(
                rest.iter().position(|line| *line == end),
                Some(rest.len() - 1),
                "{written:?}"
            );
        }
        _ => assert!(
            first.starts_with("key=") && lines.next().is_none(),
            "{written:?}"
        ),
    }
}

/// One component of a path on every system.
pub fn path_component(data: &[u8]) {
    let name = text(data);
    let component = funnel::path_component(&name);
    let sober = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    assert!(component.bytes().all(sober), "{component:?}");
    assert!(
        (1..=80).contains(&component.len())
            && !component.starts_with('.')
            && !component.ends_with('.'),
        "{component:?}"
    );
    let stem = component.split('.').next().unwrap_or_default();
    assert!(
        !["con", "prn", "aux", "nul", "com1", "lpt1"].contains(&stem),
        "{component:?}"
    );
}

/// Only characters that a document may hold.
pub fn xml(data: &[u8]) {
    let text = text(data);
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(funnel::xml(&text).chars().all(allowed));
}

/// A label ends where we end it.
pub fn openmetrics_label(data: &[u8]) {
    let text = text(data);
    let label = funnel::openmetrics_label(&text);
    let mut chars = label.chars();
    while let Some(c) = chars.next() {
        assert!(c != '"' && c != '\n', "{label:?}");
        if c == '\\' {
            assert!(matches!(chars.next(), Some('\\' | '"' | 'n')), "{label:?}");
        }
    }
}
