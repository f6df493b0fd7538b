//! Whole datasets, as a run would plan them.

use super::*;
use crate::load::suite::Layers;
use crate::load::testing::Folder;
use serde_json::json;

/// The planned cases, or everything that is wrong.
fn plan(dataset: &str, files: &[(&str, &str)]) -> Result<(Vec<Case>, Selected), Vec<String>> {
    let text = format!(
        "version: 1\nsuite: s\nseed: 7\ntargets: [{{id: a, kind: scripted}}]\ndataset: {dataset}\n"
    );
    let folder = Folder::new(files);
    std::fs::write(folder.at("suite.yaml"), text).unwrap();
    let loaded = folder.suite(&Layers::default())?;
    let mut cases = Vec::new();
    let named = folder.at("suite.yaml").display().to_string();
    let planned = plan_cases(&loaded.suite, &named, folder.path(), &mut |case| {
        cases.push(case);
        Ok(())
    });
    match planned {
        Ok(selected) => Ok((cases, selected)),
        Err(PlanError::Faulty(problems)) => Err(folder.short(problems)),
        Err(PlanError::Receiver(error)) => Err(vec![error.to_string()]),
    }
}

fn ids(dataset: &str, files: &[(&str, &str)]) -> Vec<String> {
    let (cases, selected) = plan(dataset, files).unwrap();
    assert_eq!(selected.count, cases.len() as u64);
    cases.into_iter().map(|case| case.id).collect()
}

fn said(dataset: &str, files: &[(&str, &str)]) -> Vec<String> {
    plan(dataset, files).unwrap_err()
}

fn many(count: usize) -> String {
    (0..count)
        .map(|n| {
            format!(
                "{}\n",
                json!({"id": format!("c{n}"), "input": "q", "tags": [format!("t{}", n % 3)]})
            )
        })
        .collect()
}

#[test]
fn the_same_cases_come_from_lines_csv_array_and_the_suite_itself() {
    let lines = "{\"id\": \"a\", \"input\": \"q\", \"tags\": [\"x\"]}\n";
    let (first, _) = plan("{path: c.jsonl}", &[("c.jsonl", lines)]).unwrap();
    let csv = "id,input,tags\na,q,x\n";
    assert_eq!(plan("{path: c.csv}", &[("c.csv", csv)]).unwrap().0, first);
    let array = format!("[{lines}]");
    assert_eq!(
        plan("{path: c.json}", &[("c.json", &array)]).unwrap().0,
        first
    );
    assert_eq!(
        plan("{cases: [{id: a, input: q, tags: [x]}]}", &[])
            .unwrap()
            .0,
        first
    );
}

#[test]
fn several_sources_keep_their_order() {
    let files = [
        ("b.jsonl", "{\"id\": \"b\", \"input\": \"q\"}"),
        ("a.csv", "id,input\na,q\n"),
    ];
    assert_eq!(
        ids(
            "{path: [b.jsonl, a.csv], cases: [{id: c, input: q}]}",
            &files
        ),
        ["b", "a", "c"]
    );
}

#[test]
fn selection_is_by_tag_id_and_limit() {
    let text = many(9);
    let files = [("c.jsonl", text.as_str())];
    assert_eq!(
        ids("{path: c.jsonl, select: {tags: [t1]}}", &files),
        ["c1", "c4", "c7"]
    );
    assert_eq!(
        ids("{path: c.jsonl, select: {ids: [c7, c2]}}", &files),
        ["c2", "c7"]
    );
    assert_eq!(
        ids("{path: c.jsonl, select: {limit: 2}}", &files),
        ["c0", "c1"]
    );
    let (_, selected) = plan("{path: c.jsonl, select: {tags: [t1], limit: 2}}", &files).unwrap();
    assert_eq!((selected.count, selected.total), (2, 9));
    assert_eq!(selected.tags["t1"], 2);
    assert_eq!(selected.all_tags["t0"], 3);
    assert_eq!(
        said("{path: c.jsonl, select: {tags: [t9], ids: [c99]}}", &files),
        [
            "suite.yaml:5:41: unknown tag `t9`; did you mean `t0`?",
            "suite.yaml:5:52: no case has the id `c99`",
        ]
    );
}

#[test]
fn a_shuffled_order_depends_on_seed_and_ids_alone() {
    let text = many(30);
    let files = [("c.jsonl", text.as_str())];
    let shuffled = ids("{path: c.jsonl, select: {shuffle: true}}", &files);
    assert_ne!(shuffled, ids("{path: c.jsonl}", &files));
    let mut reversed: Vec<&str> = text.lines().rev().collect();
    reversed.push("{\"id\": \"new\", \"input\": \"q\"}");
    let other = reversed.join("\n");
    let mut again = ids(
        "{path: c.jsonl, select: {shuffle: true}}",
        &[("c.jsonl", &other)],
    );
    again.retain(|id| id != "new");
    assert_eq!(again, shuffled);
    let few = ids("{path: c.jsonl, select: {shuffle: true, limit: 5}}", &files);
    assert_eq!(few, shuffled[..5]);
}

#[test]
fn rows_without_ids_get_them_from_what_they_say() {
    let fields = "{path: c.jsonl, fields: {input: question, expected: answer}}";
    let one = "{\"question\": \"1+1\", \"answer\": \"2\"}";
    let two = "{\"question\": \"2+2\", \"answer\": \"4\"}";
    let forth = ids(fields, &[("c.jsonl", &format!("{one}\n{two}\n"))]);
    let mut back = ids(fields, &[("c.jsonl", &format!("{two}\n\n{one}"))]);
    back.reverse();
    assert_eq!(forth, back);
    let twice = said(fields, &[("c.jsonl", &format!("{one}\n{two}\n{one}\n"))]);
    assert!(twice[0].starts_with("c.jsonl:3: the id `"), "{twice:?}");
    assert!(twice[0].contains("already that of line 1"), "{twice:?}");
    let mixed = said(
        "{path: c.jsonl}",
        &[(
            "c.jsonl",
            "{\"id\": \"a\", \"input\": \"q\"}\n{\"input\": \"q\"}\n",
        )],
    );
    assert_eq!(
        mixed,
        ["c.jsonl:2: `id` is missing, and earlier rows have one; give every row its own"]
    );
}

#[test]
fn an_id_given_twice_names_both_places_across_files() {
    let files = [
        (
            "a.jsonl",
            "{\"id\": \"x\", \"input\": \"q\"}\n{\"id\": \"y\", \"input\": \"q\"}\n",
        ),
        ("b.csv", "id,input\nz,q\ny,q\n"),
    ];
    let said = said("{path: [a.jsonl, b.csv]}", &files);
    assert_eq!(said.len(), 1);
    assert!(
        said[0].starts_with("b.csv:3: the id `y` is already that of a.jsonl:2"),
        "{said:?}"
    );
}

#[test]
fn every_faulty_row_is_told_and_beyond_twenty_they_are_counted() {
    let text = "{\"id\": 1, \"input\": 2}\nnonsense\n[1]\n{\"id\": \"a\", \"id\": \"b\", \"input\": \"q\"}\n{\"id\": \"c\"}\n";
    let found = said("{path: c.jsonl}", &[("c.jsonl", text)]);
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(
        found[0].starts_with("c.jsonl:1: `input` must be text"),
        "{found:?}"
    );
    assert!(
        found[1].starts_with("c.jsonl:2: not a JSON object"),
        "{found:?}"
    );
    assert!(
        found[2].starts_with("c.jsonl:3: a row is a JSON object"),
        "{found:?}"
    );
    assert!(
        found[3].starts_with("c.jsonl:4: not a JSON object"),
        "{found:?}"
    );
    assert!(
        found[4].starts_with("c.jsonl:5: `input` is missing"),
        "{found:?}"
    );
    let found = said("{path: c.jsonl}", &[("c.jsonl", &"nonsense\n".repeat(100))]);
    assert_eq!(found.len(), 21);
    assert_eq!(found[20], "c.jsonl: and 80 more problems in the dataset");
}

#[test]
fn checks_are_read_before_anything_runs() {
    let text = "{\"id\": \"a\", \"input\": \"q\", \"checks\": [{\"kind\": \"contains\", \"any\": [\"x\"]}, {\"kind\": \"contain\"}]}\n";
    let found = said("{path: c.jsonl}", &[("c.jsonl", text)]);
    assert_eq!(
        found,
        ["c.jsonl:1: in `checks`: unknown kind of check `contain`; did you mean `contains`?"]
    );
    let good = text.replace(", {\"kind\": \"contain\"}", "");
    let (cases, selected) = plan("{path: c.jsonl}", &[("c.jsonl", &good)]).unwrap();
    assert_eq!((cases[0].checks.len(), selected.with_checks), (1, 1));
}

#[test]
fn csv_with_missing_columns_ragged_rows_or_an_open_quote_says_what_to_do() {
    let files = |text| [("c.csv", text)];
    assert_eq!(
        said("{path: c.csv}", &files("id,question\n1,q\n")),
        [
            "c.csv:1: there is no column `input`; name the one that holds it: `dataset.fields: {input: COLUMN}` (columns here: id, question)"
        ]
    );
    assert_eq!(
        said(
            "{path: c.csv, fields: {input: qestion}, cluster: conv}",
            &files("id,question\n1,q\n")
        ),
        [
            "c.csv:1: unknown column `conv`; known here: id, question",
            "c.csv:1: unknown column `qestion`; did you mean `question`?",
        ]
    );
    assert_eq!(
        said("{path: c.csv}", &files("id,input,id\n")),
        ["c.csv:1: the column `id` is named twice in the head; rename one"]
    );
    let ragged = said("{path: c.csv}", &files("id,input\n1,a,b\n2,ok\n3\n"));
    assert_eq!(ragged.len(), 2);
    assert!(
        ragged[0].starts_with("c.csv:2: this row has 3 cells, the head names 2"),
        "{ragged:?}"
    );
    let open = said("{path: c.csv}", &files("id,input\n1,\"open\n2,b\n"));
    assert!(
        open[0].starts_with("c.csv:2: a quote is opened"),
        "{open:?}"
    );
    let wide = format!("{}\n", "c,".repeat(20_000));
    let wide = said("{path: c.csv}", &files(&wide));
    assert!(wide[0].contains("over 10000 columns"), "{wide:?}");
}

#[test]
fn mapped_columns_that_no_row_has_are_named() {
    let text = "{\"id\": \"a\", \"input\": \"q\", \"answer\": \"x\"}\n";
    assert_eq!(
        said(
            "{path: c.jsonl, fields: {expected: anser}}",
            &[("c.jsonl", text)]
        ),
        ["suite.yaml: `dataset.fields`: unknown column `anser`; did you mean `answer`?"]
    );
}

#[test]
fn faults_of_inline_cases_stand_in_the_suite() {
    assert_eq!(
        said(
            "{cases: [{id: a, input: q}, {id: b, inptu: q}, {id: c, input: q, turns: []}]}",
            &[]
        ),
        [
            "suite.yaml:5:38: `input` is missing; name its column: `dataset.fields: {input: COLUMN}` (columns here: id, inptu)",
            "suite.yaml:5:57: `turns` is not supported by this version yet; remove it, or rename the column",
        ]
    );
}

#[test]
fn a_missing_file_is_reported_where_the_suite_names_it() {
    assert_eq!(
        said("{path: none.jsonl}", &[]),
        [
            "suite.yaml:5:17: there is no file `none.jsonl`; paths are relative to the suite's folder"
        ]
    );
    let unknown = said("{path: cases.xlsx}", &[]);
    assert!(
        unknown[0].starts_with("suite.yaml:5:17: the format of `cases.xlsx`"),
        "{unknown:?}"
    );
}

#[test]
fn an_empty_dataset_selects_nothing_and_is_no_fault() {
    let (_, selected) = plan("{path: c.jsonl}", &[("c.jsonl", "\n\n")]).unwrap();
    assert_eq!((selected.count, selected.total), (0, 0));
}

#[test]
fn clusters_are_counted_where_cases_name_them() {
    let text = "{\"id\": \"a\", \"input\": \"q\", \"conv\": 1}\n{\"id\": \"b\", \"input\": \"q\", \"conv\": 1}\n{\"id\": \"c\", \"input\": \"q\", \"conv\": 2}\n";
    let (cases, selected) = plan("{path: c.jsonl, cluster: conv}", &[("c.jsonl", text)]).unwrap();
    assert_eq!(selected.clusters, Some(2));
    assert_eq!(cases[0].cluster.as_deref(), Some("1"));
    let (_, selected) = plan("{path: c.jsonl}", &[("c.jsonl", text)]).unwrap();
    assert_eq!(selected.clusters, None);
}

#[test]
fn the_digest_is_that_of_the_files_and_how_they_are_read() {
    let text = "{\"id\": \"a\", \"input\": \"q\", \"b\": \"x\"}\n";
    let digest = |dataset: &str, text: &str| plan(dataset, &[("c.jsonl", text)]).unwrap().1.digest;
    let first = digest("{path: c.jsonl}", text);
    assert_eq!(digest("{path: c.jsonl, select: {limit: 1}}", text), first);
    assert_ne!(digest("{path: c.jsonl}", &text.replace('q', "Q")), first);
    assert_ne!(
        digest("{path: c.jsonl, fields: {expected: b}}", text),
        first
    );
}

#[test]
fn what_the_receiver_answers_ends_the_plan() {
    let folder = Folder::new(&[(
        "suite.yaml",
        "version: 1\nsuite: s\ntargets: [{id: a, kind: scripted}]\ndataset: {cases: [{id: a, input: q}]}\n",
    )]);
    let suite = folder.suite(&Layers::default()).unwrap().suite;
    let full = || Err(std::io::Error::other("disk full"));
    let planned = plan_cases(&suite, "suite.yaml", folder.path(), &mut |_| full());
    assert_eq!(
        planned.unwrap_err().to_string(),
        "cannot keep the cases: disk full"
    );
}
