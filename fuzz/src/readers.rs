//! Readers of text that need no file.

use std::sync::Arc;
use std::time::Duration;

use evenhand::domain::case::Case;
use evenhand::domain::decode::Problems;
use evenhand::domain::template::{Scope, Template};
use evenhand::domain::tree::Span;
use evenhand::wire::sse::{self, Events};

/// A judge's file: read, or refused with a place.
pub fn judge_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut problems = Problems::new("judge.md".to_owned());
    let file = evenhand::load::judge_file::parse(text, &mut problems);
    assert!(
        file.is_some() || problems.count() > 0,
        "refused without a word"
    );
}

/// JSON without duplicate keys: what is read is what the standard reader reads, and equals itself.
pub fn strict_json(data: &[u8]) {
    use evenhand::domain::strict_json::{equal, parse};
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(json) = parse(text) {
        assert!(equal(&json, &json));
        let known: serde_json::Value =
            serde_json::from_str(text).expect("whoever is strict accepts less");
        assert_eq!(known, json);
    }
}

/// A template ends, whatever it says, and what it puts in is not read again.
pub fn template(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let case: Case = serde_json::from_str(r#"{"id":"{{ input }}","input":"q"}"#).expect("a case");
    let literal = Template::literal(text).render(&Scope::of(&Arc::new(case.clone())));
    assert_eq!(literal.ok().as_deref(), Some(text));
    if let Ok(template) = Template::parse(text, Span::default()) {
        drop(template.render(&Scope::of(&Arc::new(case.clone()))));
    }
}

/// A wait is at most a day.
pub fn retry_after(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (header, fine) = match text.split_once('\n') {
        Some((header, fine)) => (header, Some(fine)),
        None => (text.as_ref(), None),
    };
    let wait = evenhand::wire::retry_after::wait(Some(header), fine, 784_111_777_000);
    assert!(wait.is_none_or(|wait| wait <= Duration::from_secs(86_400)));
}

/// A stream says the same however it is cut; the first byte says how.
pub fn sse(data: &[u8]) {
    let Some((step, body)) = data.split_first() else {
        return;
    };
    let whole = sse::events(body);
    for step in [1, usize::from(*step).max(1)] {
        let mut events = Events::new();
        let mut found = Vec::new();
        body.chunks(step)
            .for_each(|chunk| events.feed(chunk, |event| found.push(event)));
        // A whole body may lack its last empty line.
        events.feed(b"\n\n", |event| found.push(event));
        assert_eq!(found, whole);
    }
}
