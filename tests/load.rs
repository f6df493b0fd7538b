//! Files from users and strangers, read as a run would: hostile ones within bounds, and real datasets as they are published.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use evenhand::domain::case::Case;
use evenhand::domain::decode::{Fields, Problem};
use evenhand::domain::kind::Kind;
use evenhand::domain::port::{Parts, Target, TargetPlan};
use evenhand::load::dataset::{PlanError, Selected, plan_cases};
use evenhand::load::suite::{Kinds, Layers, read};

#[derive(Debug)]
struct Nothing;

impl TargetPlan for Nothing {
    fn endpoint(&self) -> String {
        "nowhere".into()
    }
    fn build(&self, _: &Parts) -> Result<Rc<dyn Target>, String> {
        Err("never built".into())
    }
}

fn decode(_: &mut Fields<'_>) -> Option<Arc<dyn TargetPlan>> {
    Some(Arc::new(Nothing))
}

static TABLE: &[Kind<Arc<dyn TargetPlan>>] = &[Kind {
    name: "nothing",
    summary: "a target that is never called",
    example: "{}",
    decode,
}];

const KINDS: Kinds = Kinds {
    targets: TABLE,
    program: &TABLE[0],
    embedders: TABLE,
    executor: &TABLE[0],
};

fn problems(path: &Path) -> String {
    let found = read(path, &Layers::default(), &KINDS).map(|loaded| loaded.suite.name);
    join(&found.expect_err("the suite is refused"))
}

fn join(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Plans a dataset from a suite beside it.
fn plan(folder: &Path, dataset: &str) -> Result<(Selected, Vec<Case>), String> {
    let suite = folder.join("suite.yaml");
    let text =
        format!("version: 1\nsuite: s\ntargets: [{{id: a, kind: nothing}}]\ndataset: {dataset}\n");
    std::fs::write(&suite, text).expect("a suite is written");
    let loaded = read(&suite, &Layers::default(), &KINDS).map_err(|all| join(&all))?;
    let mut cases = Vec::new();
    let planned = plan_cases(&loaded.suite, "suite.yaml", folder, &mut |case| {
        cases.push(case);
        Ok(())
    });
    match planned {
        Ok(selected) => Ok((selected, cases)),
        Err(PlanError::Faulty(problems)) => Err(join(&problems)),
        Err(PlanError::Receiver(error)) => Err(error.to_string()),
    }
}

/// The most memory this process ever held, in bytes, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}

/// A file of some bytes, then a gibibyte that takes no room on disk.
fn endless(path: &Path, begin: &[u8]) {
    let mut file = File::create(path).expect("a file is made");
    file.write_all(begin).expect("its beginning is written");
    file.set_len(1 << 30).expect("it grows");
}

#[test]
fn hostile_files_are_refused_in_little_memory_with_the_next_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);

    let mut laughs = String::from("a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n");
    for pair in ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi", "ij"] {
        let (old, new) = pair.split_at(1);
        let again = vec![format!("*{old}"); 10].join(", ");
        laughs.push_str(&format!("{new}: &{new} [{again}]\n"));
    }
    let filler = "x".repeat(3 << 20);
    for (text, why) in [
        (laughs, ":5:16: the file has more than 50000 values"),
        ("[".repeat(3 << 20), ":1:"),
        ("a: {".repeat(1 << 19), ":1:"),
        (
            format!("a: &a {filler}\nb: [*a, *a, *a, *a, *a, *a]\n"),
            "16 MiB of text",
        ),
        (
            (0..100_000).map(|n| format!("k{n}: 1\n")).collect(),
            "more than 2000 keys",
        ),
        ("- \u{1}\n".repeat(1 << 19), "not well-formed"),
    ] {
        std::fs::write(at("suite.yaml"), text).expect("a bomb is written");
        let said = problems(&at("suite.yaml"));
        assert!(said.contains(why), "{why}: {said}");
    }
    endless(&at("suite.yaml"), b"version: 1\n");
    assert!(problems(&at("suite.yaml")).contains("over 4 MiB"));

    let values = format!(
        "{{\"id\": \"a\", \"input\": \"q\", \"expected\": [{}[]]}}\n",
        "[],".repeat(250_000)
    );
    let deep = format!("{{\"id\": \"a\", \"input\": {}1\n", "[".repeat(1 << 20));
    for (name, begin, is_endless, why) in [
        (
            "a.jsonl",
            "{\"id\": \"",
            true,
            "a.jsonl:1: this line is over 16 MiB",
        ),
        (
            "b.csv",
            "id,input\n1,\"open",
            true,
            "b.csv:2: a quote opened in this row is not closed within 16 MiB",
        ),
        (
            "c.json",
            "[{\"id\": \"",
            true,
            "c.json:1: this element is over 16 MiB",
        ),
        (
            "d.csv",
            "id,question\n1,q\n",
            false,
            "d.csv:1: there is no column `input`; name the one that holds it",
        ),
        (
            "e.json",
            "[{\"id\": \"a\", \"inp",
            false,
            "e.json:1: the file ends inside its array",
        ),
        (
            "f.jsonl",
            &deep,
            false,
            "f.jsonl:1: this row has over 524288 values",
        ),
        (
            "g.csv",
            &format!("{}\n", "c,".repeat(1_000_000)),
            false,
            "g.csv:1:",
        ),
    ] {
        let path = at(name);
        if is_endless {
            endless(&path, begin.as_bytes());
        } else {
            std::fs::write(&path, begin).expect("a file is written");
        }
        let said = plan(folder.path(), &format!("{{path: {name}}}")).expect_err(name);
        assert!(said.contains(why), "{name}: {said}");
    }
    std::fs::write(at("h.jsonl"), b"{\"id\": \"a\", \"input\": \"\xe9\"}\n")
        .expect("a file is written");
    let said = plan(folder.path(), "{path: h.jsonl}").expect_err("bad UTF-8");
    assert!(
        said.contains("h.jsonl:1: byte 22 of the file (0xe9) is not UTF-8"),
        "{said}"
    );
    std::fs::write(at("i.jsonl"), values).expect("a file is written");
    let (selected, _) = plan(folder.path(), "{path: i.jsonl}").expect("many values are no fault");
    assert_eq!(selected.count, 1);

    let Some(peak) = peak() else {
        eprint_notice("this system does not tell how much memory was used");
        return;
    };
    assert!(peak < 100 << 20, "{} MiB were held at most", peak >> 20);
}

/// The folder of published datasets, where there is one.
fn shared() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("EVENHAND_SHARED").map_or(here, PathBuf::from);
    folder.join("data").is_dir().then_some(folder)
}

#[expect(clippy::print_stderr, reason = "a test that cannot look says so")]
fn eprint_notice(text: &str) {
    eprintln!("not checked: {text}");
}

#[test]
fn published_datasets_are_read_as_they_are() {
    let Some(shared) = shared() else {
        return eprint_notice("there is no folder of published datasets");
    };
    let folder = tempfile::tempdir().expect("a folder");
    let data = shared.join("data/benchmarks");
    for (dataset, file, count) in [
        (
            "fields: {input: question, expected: answer}",
            "gsm8k/test.jsonl",
            1319,
        ),
        (
            "fields: {input: problem, expected: answer}, select: {shuffle: true}",
            "simpleqa/simple_qa_test_set.csv",
            4326,
        ),
        (
            "fields: {input: Question, expected: Best Answer}",
            "truthfulqa/TruthfulQA.csv",
            790,
        ),
        ("fields: {input: question}", "truthfulqa/mc_task.json", 790),
    ] {
        let path = data.join(file);
        let dataset = format!("{{path: \"{}\", {dataset}}}", path.display());
        let (selected, cases) = match plan(folder.path(), &dataset) {
            Ok(found) => found,
            Err(said) => panic!("{file}: {said}"),
        };
        assert_eq!(
            (selected.count, cases.len()),
            (count, cases.len()),
            "{file}"
        );
        assert_eq!(selected.total, count, "{file}");
    }
}
