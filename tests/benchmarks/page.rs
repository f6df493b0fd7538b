//! `docs/benchmarks.md` says what the table of benchmarks says.

use evenhand::load::benchmarks::BENCHMARKS;
use evenhand::score::benchmark::rule;

/// The table of the page, from the code.
fn table() -> String {
    let mut table = String::from(
        "| benchmark | cases | licence | metric | conventions, the default first | held against official verdicts |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for benchmark in BENCHMARKS {
        let rule = rule(benchmark.name).expect("every benchmark has its rule");
        let conventions: Vec<String> = rule
            .conventions
            .iter()
            .map(|convention| format!("`{}`", convention.name))
            .collect();
        table.push_str(&format!(
            "| `{}` | {} | {} | {} | {} | {} |\n",
            benchmark.name,
            benchmark.cases,
            benchmark.licence,
            benchmark.metric,
            conventions.join(", "),
            benchmark.verified.unwrap_or("no")
        ));
    }
    table
}

/// What each benchmark wants and asks, from the code.
fn sections() -> String {
    let mut text = String::new();
    for benchmark in BENCHMARKS {
        let rule = rule(benchmark.name).expect("every benchmark has its rule");
        text.push_str(&format!(
            "### {}\n\n{}. A row has: {}.\n\n",
            benchmark.name, benchmark.summary, benchmark.file
        ));
        for convention in rule.conventions {
            let number = if convention.is_number {
                " (a number from 0 to 1)"
            } else {
                ""
            };
            text.push_str(&format!(
                "- `{}`{number}: {}\n",
                convention.name, convention.summary
            ));
        }
        text.push_str(&format!(
            "\nAsked:\n\n```text\n{}\n```\n\n",
            benchmark.prompt
        ));
    }
    text
}

#[test]
fn the_page_has_the_table_and_every_prompt() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let (table, sections) = (table(), sections());
    assert!(page.contains(&table), "the table should be:\n{table}");
    assert!(
        page.contains(sections.trim_end()),
        "the sections should be:\n{sections}"
    );
}
