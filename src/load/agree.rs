//! Whether a suite and its cases agree: what one names and the other lacks, found before anything is called.

use std::collections::BTreeSet;

use crate::analysis::metric;
use crate::domain::decode::{Problem, Problems, unknown};
use crate::domain::suite::{Suite, TargetSpec};
use crate::domain::template::{NAMES, Template};
use crate::domain::tree::Span;

use super::dataset::Selected;
use super::suite::Inlined;
use super::text::problem;

/// What is wrong, and what is only worth saying.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agreement {
    /// What makes the suite useless for these cases.
    pub problems: Vec<Problem>,
    /// What will go wrong for some of the cases.
    pub warnings: Vec<Problem>,
}

/// Holds the suite against its selected cases: templates against columns, gates against tags, success against what can decide it.
///
/// `suite_file` is how messages call the suite. A template's place is that in the suite, or, where its text has a file of its own
/// (`inlined`), the place that names the file, with the file in the message.
#[must_use]
pub fn agree(
    suite: &Suite,
    suite_file: &str,
    inlined: &[Inlined],
    selected: &Selected,
) -> Agreement {
    let mut check = Check {
        suite_file,
        inlined,
        selected,
        problems: Problems::new(suite_file),
        warnings: Vec::new(),
    };
    let models = suite.scorers.iter().flat_map(|scorer| scorer.models());
    for target in suite.targets.iter() {
        check.target(target, &[]);
    }
    for model in models {
        check.target(model, &["output"]);
    }
    for scorer in &suite.scorers {
        let mut more = vec!["output"];
        more.extend(scorer.scorer.more_names());
        for template in scorer.scorer.templates() {
            check.template(template, &more);
        }
        if scorer.scorer.needs_expected() {
            check.expected(&scorer.id);
        }
    }
    check.gates(suite);
    Agreement {
        problems: check.problems.sorted(),
        warnings: check.warnings,
    }
}

struct Check<'a> {
    suite_file: &'a str,
    inlined: &'a [Inlined],
    selected: &'a Selected,
    problems: Problems,
    warnings: Vec<Problem>,
}

impl Check<'_> {
    fn target(&mut self, target: &TargetSpec, more: &[&str]) {
        let mut names = target.plan.names();
        names.extend(more);
        for template in target.plan.templates() {
            self.template(template, &names);
        }
    }

    fn template(&mut self, template: &Template, more: &[&str]) {
        let Selected { columns, count, .. } = self.selected;
        for variable in template.variables() {
            let fixed = NAMES.contains(&variable.as_str()) && variable != "expected";
            if fixed || more.contains(&variable.as_str()) {
                continue;
            }
            let found = columns.get(&variable).copied().unwrap_or(0);
            if found >= *count {
                continue;
            }
            let place = spot(template, &variable);
            let from = self
                .inlined
                .iter()
                .find(|text| text.span == template.span());
            // What quotes and block scalars did to the lines of a text in the suite is not known: its beginning is shown.
            let span = template.span();
            let from = from.map_or(String::new(), |text| {
                format!(" ({}:{}:{})", text.path, place.line, place.column)
            });
            if found == 0 {
                let known: BTreeSet<&str> = NAMES
                    .iter()
                    .copied()
                    .chain(more.iter().copied())
                    .chain(columns.keys().map(String::as_str))
                    .filter(|name| *name != variable)
                    .collect();
                let message = if variable == "expected" {
                    "`expected` is used here, and no case has it".to_owned()
                } else {
                    let known: Vec<&str> = known.into_iter().collect();
                    unknown("variable", &variable, &known)
                };
                self.problems.note(span, format!("{message}{from}"));
            } else {
                let lack = count - found;
                let message = format!(
                    "`{variable}` is used here, and {lack} of {count} cases lack it: they will fail there{from}"
                );
                self.warnings.push(problem(self.suite_file, span, message));
            }
        }
    }

    fn expected(&mut self, scorer: &str) {
        let count = self.selected.count;
        let found = self.selected.columns.get("expected").copied().unwrap_or(0);
        if found >= count {
            return;
        }
        let lack = count - found;
        let message = if found == 0 {
            format!(
                "the scorer `{scorer}` holds answers against `expected`, and no case has it; map its column in `dataset.fields`"
            )
        } else {
            format!(
                "the scorer `{scorer}` holds answers against `expected`, and {lack} of {count} cases lack it: they will be unscored"
            )
        };
        let said = problem(self.suite_file, Span::default(), message);
        if found == 0 {
            self.problems.extend([said]);
        } else {
            self.warnings.push(said);
        }
    }

    fn gates(&mut self, suite: &Suite) {
        let known = metric::known(&suite.scorers);
        let decides = suite.success.is_some()
            || self.selected.with_checks > 0
            || suite.scorers.iter().any(|scorer| {
                scorer.scorer.measure().decides() && !matches!(scorer.kind, "budget" | "length")
            });
        let tags: Vec<&str> = self.selected.all_tags.keys().map(String::as_str).collect();
        for gate in &suite.gates {
            for tag in &gate.tags {
                if !self.selected.all_tags.contains_key(tag) {
                    let message = format!(
                        "the gate on `{}`: {}",
                        gate.metric,
                        unknown("tag", tag, &tags)
                    );
                    self.problems.note(gate.span, message);
                }
            }
            let rests_on_success =
                metric::parse(&gate.metric, &known).is_ok_and(|metric| metric.is_of_success());
            if rests_on_success && !decides {
                self.problems.note(
                    gate.span,
                    format!(
                        "the gate on `{}` needs a success, and nothing here says pass or fail: declare a pass/fail scorer, give the cases `checks`, or write `success`",
                        gate.metric
                    ),
                );
            }
            if gate.metric == crate::score::CHECKS && self.selected.with_checks == 0 {
                self.problems
                    .note(gate.span, "the gate is on `checks`, and no case has any");
            }
        }
    }
}

/// Where a variable first stands in the text of a template, from line 1, column 1.
fn spot(template: &Template, variable: &str) -> Span {
    let source = template.source();
    let mut from = 0;
    while let Some(at) = source[from..].find(variable) {
        let start = from + at;
        let end = start + variable.len();
        let inside = source[..start].rfind("{{").max(source[..start].rfind("{%"));
        let closed = source[..start].rfind("}}").max(source[..start].rfind("%}"));
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let alone = !source[..start].ends_with(word)
            && !source[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
        if alone && inside > closed {
            return super::text::place(&source[..start]);
        }
        from = end;
    }
    Span { line: 1, column: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::dataset::plan_cases;
    use crate::load::suite::Layers;
    use crate::load::testing::Folder;

    fn held(suite: &str, cases: &str, prompt: &str) -> (Vec<String>, Vec<String>) {
        let text = format!("version: 1\nsuite: s\ndataset: {{path: c.jsonl}}\n{suite}");
        let folder = Folder::new(&[("suite.yaml", &text), ("c.jsonl", cases), ("p.md", prompt)]);
        let loaded = folder.suite(&Layers::default()).unwrap();
        let selected =
            plan_cases(&loaded.suite, "suite.yaml", folder.path(), &mut |_| Ok(())).unwrap();
        let found = agree(&loaded.suite, "suite.yaml", &loaded.inlined, &selected);
        let lines = |all: Vec<Problem>| all.iter().map(ToString::to_string).collect();
        (lines(found.problems), lines(found.warnings))
    }

    const CASES: &str = "{\"id\": \"a\", \"input\": \"q\", \"city\": \"Bern\", \"tags\": [\"x\"]}\n{\"id\": \"b\", \"input\": \"q\", \"expected\": \"e\"}\n";

    #[test]
    fn an_undefined_variable_is_named_with_its_place_and_a_suggestion() {
        let (problems, warnings) = held(
            "targets:\n  - {id: a, kind: chat, prompt: \"{{ inptu }}\"}\n  - {id: b, kind: chat, system: {file: p.md}}\n\
             scorers: [{id: s, kind: contains, any: [\"{{ output }} {{ cty }}\"]}]\n",
            CASES,
            "Be kind.\nIn {{ country }}, {{ id }}\n",
        );
        assert_eq!(
            problems,
            [
                "suite.yaml:5:33: unknown variable `inptu`; did you mean `input`?",
                "suite.yaml:6:33: unknown variable `country`; known here: choices, city, context, expected, id, input, metadata, tags (p.md:2:7)",
                "suite.yaml:7:41: unknown variable `cty`; did you mean `city`?",
            ]
        );
        assert_eq!(warnings, Vec::<String>::new());
    }

    #[test]
    fn a_target_may_know_names_that_no_case_has() {
        let system = "targets:\n  - {id: a, kind: silent, system: \"{{ token }}\"}\n";
        assert_eq!(held(system, CASES, "").0, Vec::<String>::new());
        let other = held(&system.replace("silent", "chat"), CASES, "").0;
        assert!(other[0].contains("unknown variable `token`"), "{other:?}");
    }

    #[test]
    fn what_only_some_cases_lack_is_a_warning() {
        let (problems, warnings) = held(
            "targets: [{id: a, kind: chat, prompt: \"{{ city }}\"}]\nscorers: [{id: s, kind: exact}]\n",
            CASES,
            "",
        );
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(
            warnings,
            [
                "suite.yaml:4:39: `city` is used here, and 1 of 2 cases lack it: they will fail there",
                "suite.yaml: the scorer `s` holds answers against `expected`, and 1 of 2 cases lack it: they will be unscored",
            ]
        );
        let (problems, _) = held(
            "targets: [{id: a, kind: chat}]\nscorers: [{id: s, kind: exact}]\n",
            "{\"id\": \"a\", \"input\": \"q\"}\n",
            "",
        );
        assert!(problems[0].contains("no case has it"), "{problems:?}");
    }

    #[test]
    fn a_gate_on_success_needs_something_that_decides() {
        let gates = "targets: [{id: a, kind: chat}]\nscorers: [{id: s, kind: length, max_words: 3}]\n\
                     gates: [{metric: success_rate, min: 0.5}, {metric: success_rate, min: 0.5, tags: [y]}]\n";
        let (problems, _) = held(gates, CASES, "");
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(
            problems[0].starts_with("suite.yaml:6:9: the gate on `success_rate` needs"),
            "{problems:?}"
        );
        assert!(problems[2].contains("unknown tag `y`"), "{problems:?}");
        let checked = "{\"id\": \"a\", \"input\": \"q\", \"tags\": [\"y\"], \"checks\": [{\"kind\": \"contains\", \"any\": [\"x\"]}]}\n";
        assert_eq!(held(gates, checked, "").0, Vec::<String>::new());
    }
}
