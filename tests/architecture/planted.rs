//! Planted breaches: the rules find what they should, and only that.

use crate::rules::{
    File, crate_breaches, homeless, import_breaches, mark_test_files, panic_breaches,
    purity_breaches, scattered, writer_breaches,
};
use crate::{CRATES, CRATES_FOR_ALL, assert_none, machine_names, names_in};

fn imports(path: &str, text: &str) -> Vec<String> {
    import_breaches(&File::new(path, text))
}

#[track_caller]
fn assert_one(breaches: Vec<String>, part: &str) {
    assert_eq!(breaches.len(), 1, "{breaches:?}");
    assert!(breaches[0].contains(part), "{breaches:?}");
}

#[test]
fn an_upward_import_is_found() {
    assert_one(
        imports("src/score/exact.rs", "\nuse crate::engine::Plan;"),
        "src/score/exact.rs:2: `crate::engine::Plan` imports upward",
    );
}

#[test]
fn a_sideways_import_is_found() {
    assert_one(
        imports("src/load/mod.rs", "use crate::store::Run;"),
        "sideways",
    );
    assert_one(
        imports("src/stats/mod.rs", "use super::funnel;"),
        "sideways",
    );
}

#[test]
fn an_inline_path_is_found() {
    for text in [
        "fn f() -> crate::jobs::Run { g() }",
        "fn f() { crate::jobs::run(); }",
        "fn f() { g::<crate::jobs::Run>() }",
        "fn f() { return ::evenhand::jobs::run(); }",
        "fn f() -> ::evenhand::jobs::Run { g() }",
        "macro_rules! m { () => { $crate::jobs::run() } }",
        "impl From<crate::jobs::Error> for E {}",
        "#[serde(default = \"crate::jobs::seed\")] struct S;",
    ] {
        assert_one(imports("src/domain/case.rs", text), "upward");
    }
}

#[test]
fn a_re_export_is_found() {
    assert_one(
        imports("src/judge/mod.rs", "pub use crate::wire::Client;"),
        "upward",
    );
    assert_one(
        imports("src/judge/mod.rs", "pub(crate) use super::wire as w;"),
        "upward",
    );
    assert_one(
        imports("src/lib.rs", "pub use crate::wire::Client;"),
        "root",
    );
    assert_one(imports("src/lib.rs", "pub use self::wire::Client;"), "root");
}

#[test]
fn every_leaf_of_a_brace_tree_is_looked_at() {
    let found = imports(
        "src/wire/http.rs",
        "use crate::{domain::{Case, Usage}, engine::{self, plan::*}, cli, stats as s};",
    );
    assert_eq!(found.len(), 3, "{found:?}");
    assert_one(
        imports("src/wire/mod.rs", "use super::{stats, jobs::run};"),
        "jobs",
    );
    assert_one(
        imports("src/wire/a.rs", "use super::{super::jobs, b};"),
        "jobs",
    );
    assert_one(
        imports("src/wire/a.rs", "use {std::fmt, crate::jobs};"),
        "jobs",
    );
}

#[test]
fn super_is_counted_through_files_and_inline_modules() {
    assert_one(
        imports("src/wire/a/b.rs", "use super::super::super::jobs;"),
        "jobs",
    );
    assert_one(
        imports("src/wire/a.rs", "mod t { use super::super::super::jobs; }"),
        "jobs",
    );
    assert_none(imports(
        "src/wire/a.rs",
        "mod t { use super::super::jobs; } use super::jobs;",
    ));
    assert_one(
        imports(
            "src/wire/a.rs",
            "mod t { fn f() {} } use super::super::jobs;",
        ),
        "jobs",
    );
}

#[test]
fn ways_around_the_table_are_found() {
    assert_one(imports("src/wire/mod.rs", "use crate::*;"), "no module");
    assert_one(imports("src/wire/mod.rs", "use crate as c;"), "no module");
    assert_one(imports("src/wire/mod.rs", "use super as c;"), "no module");
    assert_one(
        imports("src/wire/mod.rs", "use crate::Client;"),
        "no module",
    );
    assert_one(
        imports("src/wire/mod.rs", "extern crate evenhand as e;").split_off(1),
        "extern",
    );
    assert_one(
        imports("src/wire/mod.rs", "#[path = \"../jobs/run.rs\"] mod run;"),
        "#[path]",
    );
    assert_one(
        imports("src/wire/mod.rs", "include!(\"../jobs/run.rs\");"),
        "include!",
    );
    assert_one(
        imports("src/attic/mod.rs", "use crate::wire::Client;"),
        "no floor",
    );
}

#[test]
fn downward_imports_and_ones_own_room_pass() {
    assert_none(imports(
        "src/jobs/run.rs",
        "use crate::{engine::Plan, load, jobs::compare}; use super::tune; fn f() { self::g() }",
    ));
    assert_none(imports(
        "src/main.rs",
        "fn main() { evenhand::cli::main() }",
    ));
    assert_none(imports("src/lib.rs", "pub mod wire;"));
    assert_none(imports(
        "src/wire/mod.rs",
        "pub(crate) fn f() {} pub(super) fn g() {}",
    ));
}

#[test]
fn comments_and_literals_are_no_imports() {
    assert_none(imports(
        "src/domain/case.rs",
        r###"
        //! See [`crate::jobs`].
        /* crate::jobs::a /* crate::jobs::b */ crate::jobs::c */
        #[doc = "crate::jobs::d"]
        fn f<'a>(x: &'a str) {
            let _ = ["crate::jobs::e", r#"" crate::jobs::f"#, "\" crate::jobs::g"];
            let _ = (b"crate::jobs::h", br"crate::jobs::i", c"crate::jobs::j", '"', '\'', b'"');
            let _ = 1..2; // crate::jobs::k
        }
        "###,
    ));
}

#[test]
fn code_behind_a_literal_is_still_seen() {
    assert_one(
        imports(
            "src/domain/case.rs",
            "fn f<'a>() { let _ = ('\"', b'\\'', '\\u{22}', r#\"\"#, 1.5, 'a', 0..1); crate::jobs::run() }",
        ),
        "upward",
    );
}

#[test]
fn a_foreign_crate_is_found() {
    let breaches = |path: &str, text: &str| crate_breaches(&File::new(path, text));
    assert_one(
        breaches("src/load/suite.rs", "use clap::Parser;"),
        "`clap` may be named in cli only",
    );
    assert_one(
        breaches("src/engine/pace.rs", "fn f() { ::reqwest::get() }"),
        "wire",
    );
    assert_one(
        breaches("src/score/number.rs", "use {std::fmt, statrs as s};"),
        "stats",
    );
    assert_one(
        breaches("src/judge/mod.rs", "#[derive(clap::Args)] struct A;"),
        "cli",
    );
    assert_one(
        breaches("src/domain/mod.rs", "use tokio::sync::mpsc;"),
        "tokio",
    );
    assert_none(breaches(
        "src/cli/mod.rs",
        "use clap::Parser; use tabled::Table;",
    ));
    assert_none(breaches("src/main.rs", "use clap::Parser;"));
    assert_none(breaches(
        "src/score/mod.rs",
        "use self::csv::x; fn f() { a::csv::b() }",
    ));
    assert_none(breaches(
        "src/funnel/csv_cell.rs",
        "#[cfg(test)] mod tests { use csv::Writer; }",
    ));
}

#[test]
fn a_second_module_for_one_crate_is_found() {
    let named = |path: &str| scattered(&[File::new(path, "use granit_parser::Event;")]);
    assert_none(named("src/load/yaml.rs"));
    assert_none(named("src/load/yaml/tree.rs"));
    assert_one(named("src/load/suite.rs"), "behind `load::yaml`");
    assert_one(named("src/load/mod.rs"), "behind `load::yaml`");
    assert_one(named("src/wire/yaml.rs"), "behind `load::yaml`");
}

#[test]
fn a_dependency_without_a_room_and_a_row_without_a_dependency_are_found() {
    let names = CRATES.iter().map(|(name, _)| name).chain(CRATES_FOR_ALL);
    let rows: Vec<String> = names
        .map(|name| format!("{} = \"1\"", name.replace('_', "-")))
        .collect();
    let manifest = |rows: &[String], more: &str| {
        let rows = rows.join("\n");
        format!(
            "[package]\nname = \"x\"\n[dependencies]\n{rows}\n{more}\n[dev-dependencies]\ny = \"1\"\n"
        )
    };
    assert_none(homeless(&manifest(&rows, "")));
    assert_one(
        homeless(&manifest(&rows, "left-pad = { version = \"1\" }")),
        "`left_pad` has no room",
    );
    assert_one(
        homeless(&manifest(&rows[1..], "")),
        "`anstream` is no dependency",
    );
}

#[test]
fn files_of_test_modules_are_tests_and_only_those() {
    let marked = |parent: &str, path: &str| {
        let text = "use std::fs; fn f() { x.unwrap(); }";
        let mut files = [File::new("src/score/mod.rs", parent), File::new(path, text)];
        mark_test_files(&mut files);
        [panic_breaches(&files[1]), purity_breaches(&files[1])].concat()
    };
    let tests = "#[cfg(test)] mod planted; mod exact;";
    assert_none(marked(tests, "src/score/planted.rs"));
    assert_none(marked(tests, "src/score/planted/mod.rs"));
    assert_none(marked(tests, "src/score/planted/deep/rows.rs"));
    for (parent, path) in [
        (tests, "src/score/exact.rs"),
        (tests, "src/score/planted_not.rs"),
        (tests, "src/judge/planted.rs"),
        ("#[cfg(not(test))] mod planted;", "src/score/planted.rs"),
        ("#[cfg(test)] use a; mod planted;", "src/score/planted.rs"),
        ("#[cfg(test)] mod planted {}", "src/score/planted.rs"),
    ] {
        assert_eq!(marked(parent, path).len(), 2, "{parent} {path}");
    }
}

#[test]
fn threads_are_scoped_and_in_one_room() {
    let breaches = |path: &str, text: &str| purity_breaches(&File::new(path, text));
    let scoped = "use std::thread; fn f() { thread::scope(|s| { s.spawn(g); }) }";
    assert_none(breaches("src/stats/bootstrap.rs", scoped));
    assert_none(breaches(
        "src/stats/bootstrap.rs",
        "use std::thread::{Scope, ScopedJoinHandle, scope};",
    ));
    assert_one(breaches("src/analysis/gate.rs", scoped), "std::thread");
    for text in [
        "fn f() { thread::spawn(g); }",
        "fn f() { std::thread::sleep(d); }",
        "use std::thread::*;",
        "use std::thread::{self, scope};",
        "use std::thread::Builder;",
    ] {
        assert_one(breaches("src/stats/bootstrap.rs", text), "thread::");
    }
    // Found as a path and as a name.
    assert_eq!(
        breaches("src/stats/a.rs", "use std::thread::available_parallelism;").len(),
        2
    );
}

#[test]
fn impure_code_on_a_pure_floor_is_found() {
    let breaches = |path: &str, text: &str| purity_breaches(&File::new(path, text));
    for text in [
        "use std::fs;",
        "use std::{fmt, env};",
        "fn f() { std::process::id(); }",
        "use std::net::{IpAddr};",
        "use std::time::{Duration, Instant};",
        "fn f() -> std::time::SystemTime { g() }",
        "use std::collections::{BTreeMap, HashMap};",
        "use std::collections::hash_set::HashSet;",
        "async fn f() {}",
        "fn f() { let x = y.await; }",
        "fn f() { jiff::Timestamp::now(); }",
    ] {
        assert_one(breaches("src/analysis/gate.rs", text), "pure floor");
        assert_none(breaches("src/wire/http.rs", text));
    }
    assert_none(breaches(
        "src/stats/mod.rs",
        "use std::time::Duration; const D: &str = env!(\"X\"); #[cfg(test)] mod tests { use std::fs; }",
    ));
}

#[test]
fn tests_end_where_their_item_ends() {
    let breaches = |text: &str| panic_breaches(&File::new("src/load/a.rs", text));
    assert_none(breaches(
        "#[cfg(test)] mod tests { fn f() { x.unwrap(); } }",
    ));
    assert_none(breaches(
        "#[cfg(all(test, unix))] #[x] fn f(a: [u8; 2]) { x.unwrap(); }",
    ));
    assert_none(breaches("#![cfg(test)] fn f() { x.unwrap(); }"));
    assert_one(
        breaches("#[cfg(test)] mod tests { } fn f() { x.unwrap(); }"),
        "unwrap",
    );
    assert_one(
        breaches("#[cfg(test)] use a::{b, c}; fn f() { x.unwrap(); }"),
        "unwrap",
    );
    assert_one(
        breaches("#[cfg(not(test))] fn f() { x.unwrap(); }"),
        "unwrap",
    );
    assert_one(breaches("fn f() { x.map(Option::unwrap); }"), "unwrap");
    assert_none(breaches("fn f() { x.unwrap_or(1); let unwrap = 2; }"));
}

#[test]
fn unfinished_work_is_found_in_tests_too() {
    let breaches = |text: &str| panic_breaches(&File::new("src/load/a.rs", text));
    for name in ["todo", "unimplemented", "dbg"] {
        let text = format!("#[cfg(test)] mod tests {{ fn f() {{ {name}!() }} }}");
        assert_one(breaches(&text), name);
    }
}

#[test]
fn a_second_writer_is_found() {
    let file = File::new;
    let writer = || {
        file(
            "src/cli/writer.rs",
            "fn f() { println!(); std::io::stdout(); }",
        )
    };
    assert_none(writer_breaches(&[writer()]));
    assert_one(
        writer_breaches(&[writer(), file("src/cli/run.rs", "fn f() { eprintln!() }")]),
        "more than one",
    );
    assert_one(
        writer_breaches(&[
            writer(),
            file("src/report/json.rs", "fn f() { io::stdout() }"),
        ]),
        "outside the one writer",
    );
    assert_none(writer_breaches(&[file(
        "src/wire/child.rs",
        "fn f() { c.stdout(Stdio::piped()); } #[cfg(test)] mod tests { fn f() { println!() } }",
    )]));
}

#[test]
fn a_machine_path_is_found() {
    let names = machine_names();
    for name in &names {
        let text = format!("see {name}x");
        assert_eq!(
            names_in(text.as_bytes(), &names),
            std::slice::from_ref(name)
        );
    }
    assert!(names_in(b"see /tmp/x and work/x", &names).is_empty());
}
