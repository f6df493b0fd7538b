//! A key that nobody may ever see: put wherever a suite takes one, every error provoked, and looked for in all that is left behind.

mod support {
    #[expect(dead_code, reason = "these tests let runs end by themselves")]
    pub(crate) mod binary;
    #[expect(dead_code, reason = "these tests read no probabilities")]
    pub(crate) mod fault_server;
}

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use support::binary::{Bench, EVENHAND, Ended, Running};
use support::fault_server::{Answer, FaultServer, Mishap, Script};

/// The key. Its characters differ between texts, addresses and JSON.
const CANARY: &str = "kanarie-7Qz/x+Z9=q7Wm\\e";
/// A variable of ours that no suite names.
const BYSTANDER: &str = "bystander-0f3Kp2";

fn percent(text: &str, upper: bool) -> String {
    let escape = |byte: u8| match byte {
        b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => char::from(b).to_string(),
        b if upper => format!("%{b:02X}"),
        b => format!("%{b:02x}"),
    };
    text.bytes().map(escape).collect()
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = |at: usize| u32::from(bytes.get(at).copied().unwrap_or(0));
    let mut text = String::new();
    for at in (0..bytes.len()).step_by(3) {
        let group = bits(at) << 16 | bits(at + 1) << 8 | bits(at + 2);
        let count = (bytes.len() - at).min(3) + 1;
        text.extend(
            (0..count).map(|index| char::from(ALPHABET[(group >> (18 - 6 * index)) as usize & 63])),
        );
    }
    text
}

/// The forms in which the key could leak, its first characters among them.
fn forms() -> Vec<String> {
    let mut forms = vec![
        CANARY[..8].to_owned(),
        CANARY[11..19].to_owned(),
        percent(CANARY, true),
        percent(CANARY, false),
        BYSTANDER.to_owned(),
    ];
    // In the middle of a longer text in base64 the key begins at one of three places; the characters at its ends depend on others.
    for before in ["", "x", "xx"] {
        let text = base64(format!("{before}{CANARY}").as_bytes());
        forms.push(text[4..text.len() - 4].to_owned());
    }
    forms
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

/// Looks into every file of the bench, save those that the user wrote with the key in them, and into what was said.
fn nothing_leaked(bench: &Bench, said: &[Ended], theirs: &[&str]) {
    let forms = forms();
    for path in files(bench.path()) {
        let name = path
            .strip_prefix(bench.path())
            .expect("it is below")
            .display()
            .to_string();
        if theirs.contains(&name.as_str()) {
            continue;
        }
        let text =
            String::from_utf8_lossy(&std::fs::read(&path).expect("a file reads")).into_owned();
        for form in &forms {
            assert!(!name.contains(form.as_str()), "{name} is named after it");
            if let Some(at) = text.find(form.as_str()) {
                let begin = text[..at].rfind('\n').map_or(0, |at| at + 1);
                panic!(
                    "{name} holds {form}: {}",
                    text[begin..].chars().take(2_000).collect::<String>()
                );
            }
        }
    }
    for ended in said {
        for form in &forms {
            assert!(
                !ended.stdout.contains(form.as_str()),
                "printed {form}: {}",
                ended.stdout
            );
            assert!(
                !ended.stderr.contains(form.as_str()),
                "said {form}: {}",
                ended.stderr
            );
        }
    }
}

fn with_key(suite: &str) -> Bench {
    let mut bench = Bench::new(suite);
    bench.set("AGENT_KEY", CANARY);
    bench.set("BYSTANDER", BYSTANDER);
    bench
}

/// Everything that shows a run, at the loudest.
fn look(bench: &Bench, cases: &[&str]) -> Vec<Ended> {
    let mut said = vec![
        bench.evenhand(&["-vvv", "runs"]),
        bench.evenhand(&["-vvv", "check", "suite.yaml"]),
        bench.evenhand(&["-vvv", "compare", "latest"]),
    ];
    for kind in ["terminal", "json", "csv", "junit", "markdown"] {
        said.push(bench.evenhand(&["-vvv", "report", "latest", "--format", kind]));
    }
    for case in cases {
        said.push(bench.evenhand(&["-vvv", "show", "latest", case, "--full"]));
    }
    said
}

#[test]
fn no_error_of_an_endpoint_leaks_the_key() {
    let echoed = |before: usize| {
        format!(
            "{{\"error\":{{\"message\":\"{} {} is no key, nor {} nor {}\"}}}}",
            "x".repeat(before),
            CANARY.replace('\\', "\\\\"),
            percent(CANARY, true),
            base64(CANARY.as_bytes())
        )
    };
    let mut mishaps = vec![
        ("denied", Mishap::Says(401, echoed(0))),
        ("bad", Mishap::Status(400)),
        ("broken", Mishap::Status(500)),
        ("prose", Mishap::Says(403, format!("<html>{CANARY}</html>"))),
        ("reset", Mishap::ResetBefore),
        ("inside", Mishap::ResetInside),
        ("garbage", Mishap::Garbage),
        ("odd", Mishap::Says(200, format!("not JSON: {CANARY}"))),
        (
            "other",
            Mishap::Says(
                200,
                format!("{{\"what\":\"{}\"}}", CANARY.replace('\\', "\\\\")),
            ),
        ),
        ("disguised", Mishap::Says(200, echoed(0))),
        ("truncated", Mishap::Truncated),
        ("errorbody", Mishap::ErrorBody),
        (
            "redirect",
            Mishap::Redirect(format!(
                "http://127.0.0.1:1/{}?key={}",
                percent(CANARY, true),
                percent(CANARY, true)
            )),
        ),
        ("hang", Mishap::Hang),
        ("slow", Mishap::Slow(Duration::from_millis(20))),
        ("flood", Mishap::Flood(40 << 20)),
        ("limited", Mishap::Limited("100000".to_owned())),
    ];
    // Cut wherever quoting ends: no beginning of the key may be left.
    let cuts: Vec<(String, usize)> = (250..310)
        .step_by(4)
        .map(|before| (format!("cut{before}"), before))
        .collect();
    mishaps.extend(cuts.iter().map(|(name, before)| {
        (
            name.as_str(),
            Mishap::Says(if before % 8 == 2 { 400 } else { 200 }, echoed(*before)),
        )
    }));
    let server = FaultServer::start(Script {
        permanent: mishaps
            .iter()
            .map(|(name, mishap)| (format!("ask {name} now"), mishap.clone()))
            .collect(),
        answers: vec![Answer {
            contains: "ask repeat now".into(),
            text: format!(
                "Your key is {CANARY}, in short {}.",
                base64(CANARY.as_bytes())
            ),
            tokens: Vec::new(),
        }],
        ..Script::default()
    });
    let url = server.base_url();
    let target = |id: &str, base: &str, more: &str| {
        format!(
            "  - {{id: {id}, kind: chat, base_url: \"{base}\", model: m, api_key: \"${{AGENT_KEY}}\", headers: {{x-key: \"${{AGENT_KEY}}\"}}{more}}}\n"
        )
    };
    let bench = with_key(&format!(
        "version: 1\nsuite: leaks\nseed: 7\ndataset: {{path: cases.jsonl}}\ntargets:\n{}{}{}{}{}{}\
         scorers:\n  - {{id: same, kind: exact}}\n  - {{id: opinion, kind: judge, judge: helpfulness, model: {{kind: chat, base_url: \"{url}?key=${{AGENT_KEY}}\", model: j, api_key: \"${{AGENT_KEY}}\"}}}}\n\
         limits: {{attempts: 2, timeout: 2s}}\n",
        target("plain", &format!("{url}?key=${{AGENT_KEY}}"), ""),
        target("stream", &url, ", stream: true"),
        target(
            "nowhere",
            "https://no-such-host.invalid/v1?key=${AGENT_KEY}",
            ""
        ),
        target("badport", "http://127.0.0.1:${AGENT_KEY}/v1", ""),
        target("badhost", "https://${AGENT_KEY}.invalid/v1", ""),
        target("closed", "https://127.0.0.1:1/v1?key=${AGENT_KEY}", ""),
    ));
    let names: Vec<&str> = mishaps
        .iter()
        .map(|(name, _)| *name)
        .chain(["repeat", "fine"])
        .collect();
    let mut cases: String = names
        .iter()
        .map(|name| {
            format!("{{\"id\":\"{name}\",\"input\":\"ask {name} now\",\"expected\":\"x\"}}\n")
        })
        .collect();
    // The key in the prompt itself.
    cases += &format!(
        "{{\"id\":\"body\",\"input\":{},\"expected\":\"{}\"}}\n",
        serde_json::json!(format!("use {CANARY}")),
        base64(CANARY.as_bytes())
    );
    bench.write("cases.jsonl", &cases);
    let mut said = vec![bench.evenhand(&[
        "-vvv",
        "run",
        "suite.yaml",
        "--record",
        "tape.jsonl",
        "--report",
        "json=r.json",
        "--report",
        "csv=r.csv",
        "--report",
        "junit=r.xml",
        "--report",
        "markdown=r.md",
    ])];
    assert_eq!(said[0].code(), 5, "{}\n{}", said[0].stdout, said[0].stderr);
    said.push(bench.evenhand(&[
        "-vvv",
        "run",
        "suite.yaml",
        "--live",
        "--retry",
        "errors",
        "--case",
        "denied",
    ]));
    let all: Vec<&str> = names.iter().copied().chain(["body"]).collect();
    said.extend(look(&bench, &all));
    assert!(
        server.log().iter().any(|request| request
            .headers
            .iter()
            .any(|(_, value)| value.contains(CANARY))),
        "the key was sent"
    );
    assert!(
        std::fs::read_to_string(bench.at("tape.jsonl"))
            .expect("a cassette")
            .contains("${AGENT_KEY}"),
        "its name stands in its place"
    );
    nothing_leaked(&bench, &said, &["cases.jsonl"]);
    assert!(said.iter().all(|ended| !ended.stderr.contains("panicked")));
}

#[test]
fn no_words_of_an_agent_leak_the_key_and_it_sees_no_other_variable() {
    let bench = with_key(
        "version: 1\nsuite: talks\nseed: 7\ndataset: {path: cases.jsonl}\n\
         targets:\n  - {id: agent, kind: command, command: [sh, agent.sh], env: {KEY: \"${AGENT_KEY}\"}}\n  - {id: blind, kind: command, command: [sh, agent.sh]}\n\
         scorers:\n  - {id: same, kind: exact}\n",
    );
    bench.write(
        "agent.sh",
        "read -r line\nenv | sed 's/=.*//' | sort > names.$$\nenv >&2\n\
         case $line in *c1*) env; exit 0 ;; *c2*) printf '%s%4080s' \"$KEY\" . >&2; echo \"$KEY\"; exit 3 ;; *c3*) echo '{\"error\":{\"kind\":\"unavailable\",\"message\":\"kanarie-7Qz/x+Z9=q7Wm\\\\e\"}}' ; exit 0 ;; esac\n\
         printf '{\"output\":\"my environment: %s\"}\\n' \"$(env | tr '\\n\"' '  ' | sed 's/\\\\/\\\\\\\\/g')\"\n",
    );
    bench.write(
        "cases.jsonl",
        &(0..4)
            .map(|index| format!("{{\"id\":\"c{index}\",\"input\":\"q\",\"expected\":\"a\"}}\n"))
            .collect::<String>(),
    );
    let mut said = vec![bench.evenhand(&[
        "-vvv",
        "run",
        "suite.yaml",
        "--report",
        "json=r.json",
        "--report",
        "csv=r.csv",
    ])];
    said.extend(look(&bench, &["c0", "c1", "c2", "c3"]));
    nothing_leaked(&bench, &said, &["agent.sh"]);
    let mut saw_key = false;
    for path in files(bench.path())
        .iter()
        .filter(|path| path.display().to_string().contains("/names."))
    {
        let text = std::fs::read_to_string(path).expect("a file reads");
        // What the shell itself sets, the mark of our children, and what the suite declares.
        let unknown: Vec<&str> = text
            .lines()
            .filter(|name| {
                ![
                    "PATH",
                    "PWD",
                    "OLDPWD",
                    "SHLVL",
                    "_",
                    "KEY",
                    "EVENHAND_CHILD",
                ]
                .contains(name)
            })
            .collect();
        assert_eq!(unknown, Vec::<&str>::new());
        saw_key |= text.lines().any(|name| name == "KEY");
    }
    assert!(saw_key, "the declared variable reached its agent");
}

#[test]
fn what_a_run_leaves_can_be_read_by_its_owner_alone() {
    let server = FaultServer::start(Script::default());
    let url = server.base_url();
    let bench = with_key(&format!(
        "version: 1\nsuite: modes\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: agent, kind: chat, base_url: \"{url}\", model: m}}\n\
         scorers:\n  - {{id: same, kind: exact}}\n  - {{id: opinion, kind: judge, judge: helpfulness, model: {{kind: scripted}}}}\nsuccess: [same]\nlimits: {{max_error_rate: 1}}\n"
    ));
    bench.write(
        "cases.jsonl",
        "{\"id\":\"a\",\"input\":\"x\",\"expected\":\"x\"}\n",
    );
    let script = format!("umask 000; exec '{EVENHAND}' run suite.yaml --record tape.jsonl");
    Running::new(bench.command("sh", &["-c", &script]))
        .end()
        .expect(0);
    let mode = |path: &Path| {
        std::fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    let run = bench.run();
    for folder in [run.clone(), run.join("reports"), run.join("judges")] {
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
    }
    let left: Vec<PathBuf> = files(&run)
        .into_iter()
        .chain([bench.at("tape.jsonl")])
        .collect();
    assert!(left.len() >= 7, "{left:?}");
    for file in left {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_replay_needs_no_network_and_names_what_is_missing() {
    let server = FaultServer::start(Script::default());
    let url = server.base_url();
    let mut bench = Bench::new(&format!(
        "version: 1\nsuite: tape\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: agent, kind: chat, base_url: \"{url}\", model: m, api_key: \"${{AGENT_KEY}}\"}}\n\
         scorers:\n  - {{id: same, kind: exact}}\ngates:\n  - {{metric: success_rate, min: 0.9}}\n"
    ));
    bench.write("cases.jsonl", &(0..12).map(|index| format!("{{\"id\":\"c{index}\",\"input\":\"word {index}.\",\"expected\":\"word {index}.\"}}\n")).collect::<String>());
    // Without its key nothing is recorded, and the variable is named.
    bench
        .evenhand(&["run", "suite.yaml", "--record", "tape.jsonl"])
        .expect(3)
        .said("AGENT_KEY");
    assert!(server.log().is_empty());
    bench.set("AGENT_KEY", CANARY);
    bench
        .evenhand(&["run", "suite.yaml", "--record", "tape.jsonl"])
        .expect(0);
    let recorded = bench.report()["targets"].clone();
    assert_eq!(server.log().len(), 12);
    bench.set("AGENT_KEY", "");
    std::fs::remove_dir_all(bench.at("runs")).expect("runs can be removed");
    let replay = ["run", "suite.yaml", "--replay", "tape.jsonl"];
    let cut_off = bench
        .command("unshare", &["-n", "true"])
        .status()
        .is_ok_and(|status| status.success());
    if cut_off {
        let arguments = [&["-n", EVENHAND], &replay[..]].concat();
        Running::new(bench.command("unshare", &arguments))
            .end()
            .expect(0);
    } else {
        println!("the network cannot be taken away here: replayed with it");
        bench.evenhand(&replay).expect(0);
    }
    // What was waited for was waited for then.
    let same = |metric: &str| {
        assert_eq!(
            bench.report()["targets"][0]["metrics"][metric],
            recorded[0]["metrics"][metric],
            "{metric}"
        )
    };
    for metric in ["success_rate", "latency_p50_ms", "tokens_out_mean"] {
        same(metric);
    }
    assert_eq!(server.log().len(), 12);

    let tape = std::fs::read_to_string(bench.at("tape.jsonl")).expect("the cassette reads");
    let kept: String = tape
        .split_inclusive('\n')
        .filter(|line| !line.contains("word 7."))
        .collect();
    bench.write("tape.jsonl", &kept);
    let ended = bench.evenhand(&replay).expect(5);
    ended.said("c7");
    let said = bench.evenhand(&["show", "latest", "c7"]).expect(0);
    for words in ["word 7.", "--fill"] {
        assert!(said.stdout.contains(words), "{}", said.stdout);
    }
    assert_eq!(server.log().len(), 12, "a replay calls nothing");
}
