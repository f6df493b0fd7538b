//! Bodies that are cut, split, endless or not what they seem: what is not complete is never scored, and memory stays flat.

use serde_json::{Value as Json, json};

use super::binary::{Bench, Ended};
use super::fault_server::{FaultServer, Mishap, Script};
use super::{adds_up, outcomes};

/// What a reply of 40 MiB may not take.
const MOST_KIB: u64 = 200 << 10;

/// A run of one case, whose every reply is this; its answer should be "größer 🦀 end".
fn told(stream: bool, pieces: Vec<Vec<u8>>) -> (Bench, Ended, u64) {
    let server = FaultServer::start(Script {
        permanent: vec![(String::new(), Mishap::Pieces(pieces))],
        ..Script::default()
    });
    let url = server.base_url();
    let bench = Bench::new(&format!(
        "version: 1\nsuite: bodies\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: agent, kind: chat, base_url: \"{url}\", model: m, stream: {stream}}}\n\
         scorers:\n  - {{id: same, kind: exact}}\n  - {{id: partly, kind: contains, any: [gr]}}\nlimits: {{attempts: 1}}\n"
    ));
    bench.write(
        "cases.jsonl",
        "{\"id\":\"c\",\"input\":\"q\",\"expected\":\"größer 🦀 end\"}\n",
    );
    let (ended, peak) = bench.start(&["run", "suite.yaml"]).end_with_peak();
    (bench, ended, peak)
}

fn head(kind: &str, more: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n{more}\r\n").into_bytes()
}

const STREAM: &str = "text/event-stream";

/// A streamed reply, an event a word, with these line ends.
fn stream(words: &[&str], end: &str, line_end: &str) -> Vec<u8> {
    let mut lines = vec![": a comment".to_owned(), String::new()];
    let event = |delta: Json, finish: Json| {
        format!(
            "data: {}",
            json!({"model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
        )
    };
    for word in words {
        lines.extend([event(json!({"content": word}), Json::Null), String::new()]);
    }
    match end {
        "nothing" => {}
        "reason" => lines.extend([event(json!({}), json!("stop")), String::new()]),
        _ => lines.extend([
            event(json!({}), json!("stop")),
            String::new(),
            "data: [DONE]".to_owned(),
            String::new(),
        ]),
    }
    lines.push(String::new());
    lines.join(line_end).into_bytes()
}

const WORDS: &[&str] = &["grö", "ßer ", "🦀", " end"];

fn was_right(bench: &Bench) -> bool {
    bench.report()["targets"][0]["metrics"]["same"]["point"] == 1.0
}

#[test]
fn a_stream_with_any_line_ends_in_small_pieces_is_the_same_answer() {
    for line_end in ["\n", "\r\n", "\r"] {
        let body = stream(WORDS, "done", line_end);
        // Seven bytes at a time split characters, line ends and events.
        let mut pieces = vec![head(STREAM, "")];
        pieces.extend(body.chunks(7).map(<[u8]>::to_vec));
        let (bench, ended, _) = told(true, pieces);
        assert!(
            was_right(&bench),
            "{line_end:?}: {}\n{}",
            ended.stdout,
            ended.stderr
        );
    }
    // Some endpoints leave the last mark out; the reason for ending says as much.
    let (bench, ended, _) = told(true, vec![head(STREAM, ""), stream(WORDS, "reason", "\n")]);
    assert!(was_right(&bench), "{}\n{}", ended.stdout, ended.stderr);
}

#[test]
fn a_stream_or_reply_that_ends_too_early_is_an_error_and_its_text_is_not_scored() {
    let whole = stream(WORDS, "done", "\n");
    let reply = json!({"model": "m", "choices": [{"index": 0, "message": {"role": "assistant", "content": "größer 🦀 end"}, "finish_reason": "stop"}]}).to_string().into_bytes();
    let length = |bytes: &[u8]| format!("content-length: {}\r\n", bytes.len());
    let chunked =
        |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    let inside = whole.len() / 2;
    let cases = [
        (
            "no end and no mark",
            true,
            vec![head(STREAM, ""), stream(WORDS, "nothing", "\n")],
        ),
        (
            "fewer bytes than said",
            true,
            vec![head(STREAM, &length(&whole)), whole[..inside].to_vec()],
        ),
        (
            "a chunk too few",
            true,
            vec![
                head(STREAM, "transfer-encoding: chunked\r\n"),
                chunked(&whole[..inside]),
            ],
        ),
        (
            "a reply with fewer bytes than said",
            false,
            vec![
                head("application/json", &length(&reply)),
                reply[..reply.len() - 9].to_vec(),
            ],
        ),
        (
            "a reply that is cut",
            false,
            vec![
                head("application/json", ""),
                reply[..reply.len() - 9].to_vec(),
            ],
        ),
        (
            "a character that is cut",
            false,
            vec![
                head("application/json", ""),
                reply[..reply.len() / 2].to_vec(),
            ],
        ),
    ];
    for (name, streams, pieces) in cases {
        let (bench, ended, _) = told(streams, pieces);
        let ended = ended.expect(5);
        let target = adds_up(&bench);
        assert_eq!(target["completed"], 0, "{name}: {}", ended.stdout);
        assert_eq!(target["errors"], json!({"unavailable": 1}), "{name}");
        assert_eq!(bench.events("scored"), Vec::<Json>::new(), "{name}");
    }
}

#[test]
fn a_line_of_ten_mebibytes_is_an_answer_and_one_beyond_the_cap_is_none() {
    let long = "x".repeat(10 << 20);
    let (bench, ended, peak) = told(
        true,
        vec![head(STREAM, ""), stream(&["gr", &long], "done", "\n")],
    );
    assert_eq!(outcomes(&bench)["c"].0, "answered", "{}", ended.stderr);
    assert_eq!(
        bench.report()["targets"][0]["metrics"]["partly"]["point"],
        1.0
    );
    println!("a line of 10 MiB: {} MiB", peak >> 10);
    assert!(peak < MOST_KIB, "{peak} KiB");
    let longer = "x".repeat(40 << 20);
    let (bench, ended, peak) = told(
        true,
        vec![head(STREAM, ""), stream(&["gr", &longer], "done", "\n")],
    );
    assert_eq!(
        outcomes(&bench)["c"],
        ("errored".into(), "garbled".into()),
        "{}",
        ended.stderr
    );
    println!("one of 40 MiB: {} MiB", peak >> 10);
    assert!(peak < MOST_KIB, "{peak} KiB");
}

/// Zeros, compressed as far as this format goes: 258 bytes in 13 bits (RFC 1951, fixed codes; RFC 1952 around it). Its end is missing,
/// which nobody gets to see.
fn bomb(mebibytes: usize) -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let (mut word, mut filled) = (0_u64, 0);
    let mut put = |value: u64, bits: u32, bytes: &mut Vec<u8>| {
        word |= value << filled;
        filled += bits;
        while filled >= 8 {
            bytes.push((word & 0xff) as u8);
            word >>= 8;
            filled -= 8;
        }
    };
    // The last block, with fixed codes; a space; then again and again "258 bytes from one byte before" (codes 285 and 0).
    put(0b011, 3, &mut bytes);
    put(u64::from((0x30_u8 + b' ').reverse_bits()), 8, &mut bytes);
    for _ in 0..(mebibytes << 20).div_ceil(258) {
        put(u64::from(0b1100_0101_u8.reverse_bits()), 8, &mut bytes);
        put(0, 5, &mut bytes);
    }
    put(0, 16, &mut bytes);
    bytes
}

#[test]
fn a_compression_bomb_is_cut_off_at_the_cap() {
    let bomb = bomb(600);
    assert!(bomb.len() < 4 << 20, "{} bytes", bomb.len());
    let more = format!(
        "content-encoding: gzip\r\ncontent-length: {}\r\n",
        bomb.len()
    );
    for kind in ["application/json", STREAM] {
        let (bench, ended, peak) = told(kind == STREAM, vec![head(kind, &more), bomb.clone()]);
        assert_eq!(
            outcomes(&bench)["c"],
            ("errored".into(), "garbled".into()),
            "{}",
            ended.stderr
        );
        assert!(ended.stderr.contains("over 32 MiB"), "{}", ended.stderr);
        println!("600 MiB as {kind}: {} MiB", peak >> 10);
        assert!(peak < MOST_KIB, "{kind}: {peak} KiB");
    }
}
