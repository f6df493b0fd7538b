//! What there is: the tables of kinds, for people and as JSON Schema.

use serde_json::Value as Json;

use super::pack::PACKS;
use super::suite::KINDS;
use crate::domain::suite::Style;
use crate::load::benchmarks::{BENCHMARKS, Benchmark};
use crate::load::dataset::asking::styles;
use crate::score::benchmark::rule;

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The word to use.
    pub name: String,
    /// What it is for, in one line.
    pub summary: String,
    /// An example of its options, where it has some.
    pub example: Option<String>,
    /// What else is to be known, a line each: `name: value`.
    pub more: Vec<String>,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Kinds of targets.
    Targets,
    /// Kinds of scorers.
    Scorers,
    /// Built-in judges.
    Judges,
    /// Kinds of reports.
    Reports,
    /// Names of metrics.
    Metrics,
    /// Built-in packs.
    Packs,
    /// Public benchmarks.
    Benchmarks,
}

/// The rows of a list.
#[must_use]
pub fn list(listing: Listing) -> Vec<Row> {
    let plain = |name: &str, summary: &str| Row {
        name: name.to_owned(),
        summary: summary.to_owned(),
        example: None,
        more: Vec::new(),
    };
    let with_example = |name: &str, summary: &str, example: &str| Row {
        example: Some(example.to_owned()),
        ..plain(name, summary)
    };
    match listing {
        Listing::Targets => crate::target::KINDS
            .iter()
            .map(|kind| with_example(kind.name, kind.summary, kind.example))
            .collect(),
        Listing::Scorers => {
            let mut rows: Vec<Row> = crate::score::KINDS
                .iter()
                .map(|kind| with_example(kind.name, kind.summary, kind.example))
                .collect();
            let asking = crate::score::ASKING.iter().map(|asking| &asking.kind);
            rows.extend(asking.map(|kind| with_example(kind.name, kind.summary, kind.example)));
            rows.push(with_example(
                "judge",
                "asks a model by a rubric; its score is uncalibrated until it was held against people",
                "{judge: helpfulness, model: {kind: chat, base_url: http://127.0.0.1:11434/v1, model: qwen3:8b}}",
            ));
            rows
        }
        Listing::Judges => crate::judge::BUILTIN
            .iter()
            .map(|judge| plain(judge.name, judge.summary))
            .collect(),
        Listing::Reports => crate::report::KINDS
            .iter()
            .map(|kind| plain(kind.name, kind.summary))
            .collect(),
        Listing::Metrics => crate::analysis::metric::list()
            .into_iter()
            .map(|(name, summary)| plain(name, summary))
            .collect(),
        Listing::Packs => PACKS
            .iter()
            .map(|pack| plain(pack.name, pack.summary))
            .collect(),
        Listing::Benchmarks => BENCHMARKS.iter().map(of_benchmark).collect(),
    }
}

/// A benchmark with all that decides its figure.
fn of_benchmark(benchmark: &Benchmark) -> Row {
    let conventions: Vec<&str> = rule(benchmark.name)
        .map(|rule| rule.conventions.iter().map(|one| one.name).collect())
        .unwrap_or_default();
    let asked = match benchmark.prompt.split_once('\n') {
        Some(_) => "zero-shot, the question with instructions (docs/benchmarks.md)",
        None => "zero-shot, the text alone",
    };
    let styles: Vec<&str> = styles(Some(benchmark.name))
        .into_iter()
        .map(Style::name)
        .collect();
    let styles = match styles.split_first() {
        None => "none but this one".to_owned(),
        Some((first, [])) => first.to_string(),
        Some((first, others)) => format!("{first} (the default), {}", others.join(", ")),
    };
    let lines = [
        format!("cases: {}", benchmark.cases),
        format!("licence: {}", benchmark.licence),
        format!("file: {}", benchmark.file),
        format!("asked: {asked}"),
        format!("styles: {styles}"),
        format!(
            "scorer: {} (the first is the default)",
            conventions.join(", ")
        ),
        format!("metric: {}", benchmark.metric),
        format!(
            "verified: {}",
            benchmark.verified.unwrap_or("no, by tables of cases alone")
        ),
    ];
    Row {
        name: benchmark.name.to_owned(),
        summary: benchmark.summary.to_owned(),
        example: None,
        more: lines.to_vec(),
    }
}

/// The JSON Schema of the suite file, of a case, or of the json report.
#[must_use]
pub fn schema(of: &str) -> Option<Json> {
    match of {
        "suite" => Some(crate::load::schema::suite(&KINDS)),
        "case" => Some(crate::load::schema::case()),
        "report" => serde_json::from_str(crate::report::schema()).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use boon::{Compiler, Schemas};
    use serde_json::json;

    use super::super::pack::{Pack, STARTER, write};
    use super::*;
    use crate::domain::decode::Problems;
    use crate::domain::tree::Node;
    use crate::load::dataset::plan_cases;
    use crate::load::suite::{Layers, Loaded, read};
    use crate::load::yaml;

    /// A suite with these entries, read with the real tables.
    fn suite(entries: &Json) -> Result<Loaded, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let mut suite = json!({
            "version": 1,
            "suite": "s",
            "dataset": {"cases": [{"id": "c", "input": "q", "expected": "a"}]},
            "targets": [{"id": "t", "kind": "scripted"}],
        });
        for (key, value) in entries.as_object().unwrap() {
            suite[key] = value.clone();
        }
        let path = folder.path().join("suite.yaml");
        // JSON is YAML.
        fs::write(&path, suite.to_string()).unwrap();
        read(&path, &Layers::default(), &KINDS)
            .map_err(|all| all.iter().map(ToString::to_string).collect())
    }

    /// An example as the YAML reader sees it, with the keys that every kind shares.
    fn entry(kind: &str, example: &str) -> Json {
        let mut problems = Problems::new("example");
        let node = yaml::parse(example, 1, &mut problems);
        let node = node.unwrap_or_else(|| panic!("{kind}: {:?}", problems.sorted()));
        let mut entry = json!({"id": "x", "kind": kind});
        for (key, value) in node.to_json().as_object().unwrap() {
            entry[key] = value.clone();
        }
        entry
    }

    /// The problems of a document under a schema, which must itself be sound.
    fn under(schema: &Json, document: &Json) -> Option<String> {
        let mut compiler = Compiler::new();
        compiler.add_resource("mem:schema", schema.clone()).unwrap();
        let mut schemas = Schemas::new();
        let index = compiler.compile("mem:schema", &mut schemas);
        let index = index.unwrap_or_else(|error| panic!("{error:#}"));
        let found = schemas.validate(document, index);
        found.err().map(|error| format!("{error:#}"))
    }

    fn tree(path: &Path) -> Json {
        let mut problems = Problems::new("suite");
        let text = fs::read_to_string(path).unwrap();
        let node: Node = yaml::parse(&text, 1, &mut problems).unwrap();
        node.to_json()
    }

    #[test]
    fn every_example_is_read_without_a_problem() {
        let schema = schema("suite").unwrap();
        for (list_key, listing) in [("targets", Listing::Targets), ("scorers", Listing::Scorers)] {
            let rows = list(listing);
            assert!(rows.len() > 3);
            for row in rows {
                let entry = entry(&row.name, &row.example.unwrap());
                let found =
                    suite(&json!({list_key: [entry.clone()]})).map(|loaded| loaded.warnings);
                assert_eq!(found, Ok(Vec::new()), "{}: {entry}", row.name);
                let mut document = json!({
                    "version": 1,
                    "suite": "s",
                    "dataset": {"path": "cases.jsonl"},
                    "targets": [{"id": "t", "kind": "scripted"}],
                });
                document[list_key] = json!([entry]);
                assert_eq!(under(&schema, &document), None, "{}", row.name);
            }
        }
    }

    #[test]
    fn every_example_of_a_rule_is_a_check_too() {
        let schema = schema("case").unwrap();
        for kind in crate::score::KINDS {
            let mut check = entry(kind.name, kind.example);
            check.as_object_mut().unwrap().remove("id");
            let case = json!({"id": "c", "input": "q", "expected": "a", "checks": [check]});
            assert_eq!(under(&schema, &case), None, "{}", kind.name);
            let loaded = suite(&json!({"dataset": {"cases": [case]}})).unwrap();
            let mut keep = |_| Ok(());
            let selected = plan_cases(&loaded.suite, "suite.yaml", &loaded.folder, &mut keep);
            assert_eq!(selected.unwrap().count, 1, "{}", kind.name);
        }
    }

    #[test]
    fn the_schemas_hold_every_kind() {
        let held = |of: &str| serde_json::to_string(&schema(of).unwrap()).unwrap();
        let (suite, case) = (held("suite"), held("case"));
        for row in list(Listing::Targets).iter().chain(&list(Listing::Scorers)) {
            let kind = format!("{{\"const\":\"{}\"", row.name);
            assert!(suite.contains(&kind), "no {} in the suite's", row.name);
        }
        for kind in crate::score::KINDS {
            let name = format!("{{\"const\":\"{}\"", kind.name);
            assert!(case.contains(&name), "no {} in the case's", kind.name);
        }
        assert!(under(&schema("report").unwrap(), &json!({})).is_some());
    }

    #[test]
    fn what_comes_with_the_program_is_read_without_a_problem() {
        let (suites, cases) = (schema("suite").unwrap(), schema("case").unwrap());
        let packs: Vec<&Pack> = PACKS.iter().chain([&STARTER]).collect();
        for pack in packs {
            let folder = tempfile::tempdir().unwrap();
            write(pack, folder.path()).unwrap();
            let path = folder.path().join("suite.yaml");
            let loaded = read(&path, &Layers::default(), &KINDS);
            let loaded = loaded.unwrap_or_else(|all| panic!("{}: {all:?}", pack.name));
            assert_eq!(loaded.warnings, [], "{}", pack.name);
            let mut keep = |_| Ok(());
            let selected = plan_cases(&loaded.suite, "suite.yaml", folder.path(), &mut keep);
            assert!(selected.unwrap().count >= 20, "{}", pack.name);
            assert_eq!(under(&suites, &tree(&path)), None, "{}", pack.name);
            let rows = fs::read_to_string(folder.path().join("cases.jsonl")).unwrap();
            for row in rows.lines() {
                let row = serde_json::from_str(row).unwrap();
                assert_eq!(under(&cases, &row), None, "{row}");
            }
        }
    }
}
