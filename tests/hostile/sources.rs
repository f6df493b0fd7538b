//! Suites whose every field is hostile.

use serde_json::{Value as Json, json};

use crate::binary::Bench;
use crate::corpus::{case_id, name, texts, title};
use crate::fault_server::{FaultServer, Mishap, Script};

/// How many texts one scripted suite carries.
pub(crate) const SHARE: usize = 10;

/// Where runs go: far enough down for a climbing name to be seen.
pub(crate) const RUNS: &str = "deep/er/runs";

/// A row of a dataset in which every field holds the text.
fn row(n: usize, text: &str) -> Json {
    json!({
        "id": case_id(n, text),
        "input": text,
        "expected": [text, "other"],
        "context": [text],
        "tags": [text, title(text)],
        "cluster": text,
        "metadata": {text: text, "n": n, "verdict": json!({"reasoning": text, "verdict": 2}).to_string()},
        format!("column {text}"): text,
        "checks": [{"kind": "contains", "any": [text]}],
    })
}

/// JSON that is YAML too: what YAML wants escaped is escaped.
fn yaml(json: &Json) -> String {
    let mut text = String::new();
    for c in json.to_string().chars() {
        match c {
            c if c.is_control()
                || matches!(
                    c,
                    '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
                ) =>
            {
                text += &format!("\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text
}

fn lines(rows: impl Iterator<Item = Json>) -> String {
    rows.map(|row| format!("{row}\n")).collect()
}

/// A suite of which names, models, tags, gates, questions, answers and judges' reasons hold the texts of one share (0 to 3).
pub(crate) fn scripted(share: usize) -> Bench {
    let texts = texts();
    let mine = || (share * SHARE..).zip(&texts[share * SHARE..][..SHARE]);
    let targets: Vec<Json> = mine()
        .map(|(n, text)| {
            json!({"id": name(n, text), "kind": "scripted", "model": text, "accuracy": 0.6,
                "answer": "{{ input }}", "wrong": "wrong: {{ input }}",
                "faults": {"unavailable": 0.2, "sticky": true}})
        })
        .collect();
    let mut scorers: Vec<Json> = mine()
        .take(4)
        .map(|(n, text)| json!({"id": format!("s{}", name(n, text)), "kind": "exact"}))
        .collect();
    let judge = |id: &str, answer: &str| json!({"id": id, "kind": "judge", "judge": "helpfulness", "model": {"kind": "scripted", "answer": answer, "model": texts[share]}});
    scorers.push(judge("::error::judge", "{{ metadata.verdict }}"));
    scorers.push(judge("unreadable", "{{ input }}"));
    let gate = |metric: &str, tag: &str| json!({"metric": metric, "min": 0.99, "tags": [tag]});
    let gates: Vec<Json> = mine()
        .map(|(_, text)| gate("success_rate", &title(text)))
        .collect();
    let (first, text) = mine().next().expect("a share has texts");
    let success = vec![format!("s{}", name(first, text))];
    let suite = json!({
        "version": 1, "suite": title(text), "seed": 1,
        "dataset": {"path": "cases.jsonl"}, "targets": targets, "scorers": scorers, "success": success,
        "limits": {"attempts": 1, "max_error_rate": 1.0}, "gates": gates, "allow_uncalibrated": true,
    });
    let bench = Bench::new(&yaml(&suite));
    bench.write("cases.jsonl", &lines(mine().map(|(n, text)| row(n, text))));
    bench
}

/// A suite against an endpoint that says every text in every field of its replies (`said`), and in its refusals (`refused`), and against a
/// program that says them (`program`).
pub(crate) fn outside() -> (Bench, FaultServer) {
    let texts = texts();
    let mut permanent = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        let call = json!({"id": text, "type": "function", "function": {"name": text, "arguments": json!({text: text}).to_string()}});
        let message = json!({"role": "assistant", "content": text, "reasoning_content": text, "tool_calls": [call]});
        let reply = json!({"id": text, "model": text, "system_fingerprint": text, "usage": {"prompt_tokens": 1, "completion_tokens": 1},
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]});
        permanent.push((format!("ask {n} now"), Mishap::Says(200, reply.to_string())));
        let refusal = match n % 3 {
            0 => json!({"error": {"message": text, "type": text, "code": text}}).to_string(),
            1 => json!({"error": text, "detail": text}).to_string(),
            _ => text.clone(),
        };
        permanent.push((format!("refuse {n} now"), Mishap::Says(400, refusal)));
    }
    let server = FaultServer::start(Script {
        permanent,
        ..Script::default()
    });
    let chat = |id: &str, prompt: &str| json!({"id": id, "kind": "chat", "base_url": server.base_url(), "model": texts[0], "system": texts[9], "prompt": prompt});
    let suite = json!({
        "version": 1, "suite": "outside", "seed": 1,
        "dataset": {"path": "cases.jsonl"},
        "targets": [
            chat("said", "ask {{ metadata.n }} now"),
            chat("refused", "refuse {{ metadata.n }} now"),
            {"id": "program", "kind": "command", "command": ["sh", "agent.sh", texts[1], texts[34]]},
        ],
        "scorers": [{"id": "same", "kind": "exact"}],
        "limits": {"attempts": 1, "max_error_rate": 1.0, "concurrency": 4},
    });
    let bench = Bench::new(&yaml(&suite));
    let rows = texts.iter().enumerate().map(|(n, text)| row(n, text));
    bench.write("cases.jsonl", &lines(rows));
    bench.write(
        "agent.sh",
        "read -r line\nn=$(printf '%s' \"$line\" | sed 's/.*CASE-\\([0-9]*\\).*/\\1/')\ncat \"err.$n\" >&2\ncat \"out.$n\"\n[ $((n % 4)) -ne 3 ]\n",
    );
    (bench, server)
}

/// The same as [`outside`], with what its program says.
pub(crate) fn outside_with_program() -> (Bench, FaultServer) {
    let (bench, server) = outside();
    let mut rows = String::new();
    for (n, text) in texts().iter().enumerate() {
        let mut row = row(n, text);
        // The program finds its case by this.
        row["input"] = json!(format!("CASE-{n} {text}"));
        rows += &format!("{row}\n");
        let call = json!({"name": text, "arguments": {text: text}});
        let said = match n % 2 {
            0 => {
                json!({"output": text, "tool_calls": [call], "steps": [{"kind": "tool_call", "name": text, "arguments": {text: text}}]})
            }
            _ => json!({"error": {"kind": "crashed", "message": text}}),
        };
        bench.write(&format!("out.{n}"), &said.to_string());
        bench.write(&format!("err.{n}"), text);
    }
    bench.write("cases.jsonl", &rows);
    (bench, server)
}
