//! Examples that end the help of each verb and its manual page: commands as one types them, with what they are for.

use clap::Command;

/// A command, and what it is for.
type Example = (&'static str, &'static str);

/// The examples of each verb.
const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "init",
        &[
            ("evenhand init", "suite.yaml and cases.jsonl, here"),
            (
                "evenhand init evals --pack quickstart",
                "a pack, into evals/",
            ),
        ],
    ),
    (
        "check",
        &[
            (
                "evenhand check suite.yaml",
                "every fault, calls, costs, power",
            ),
            (
                "evenhand check suite.yaml --pilot latest",
                "the spread between cases as in the latest run",
            ),
        ],
    ),
    (
        "run",
        &[
            ("evenhand run suite.yaml", "run it, exit by its gates"),
            (
                "evenhand run suite.yaml --limit 20 --target next",
                "a first look",
            ),
            ("evenhand run suite.yaml --resume", "go on where it stopped"),
            (
                "evenhand run suite.yaml --reuse",
                "call only what an edit is about",
            ),
            (
                "evenhand run suite.yaml --record cassette.jsonl",
                "keep every reply, to replay it",
            ),
            (
                "evenhand run suite.yaml --report junit=junit.xml",
                "a file for a CI system",
            ),
            (
                "evenhand run suite.yaml -q --format json",
                "the report on stdout, nothing else",
            ),
        ],
    ),
    (
        "score",
        &[
            (
                "evenhand score latest --suite suite.yaml",
                "changed scorers on kept transcripts",
            ),
            ("evenhand score latest~1", "by that run's own suite"),
            (
                "evenhand score --benchmark mmlu_pro --outputs outputs.jsonl",
                "outputs that you have, by its rule",
            ),
        ],
    ),
    (
        "compare",
        &[
            ("evenhand compare latest", "two targets of one run"),
            (
                "evenhand compare latest~1 latest",
                "the last run and this one",
            ),
            (
                "evenhand compare baseline.jsonl latest",
                "a blessed baseline and this run",
            ),
            (
                "evenhand compare --table t.csv --baseline a --candidate b",
                "two columns of a table",
            ),
        ],
    ),
    (
        "judge",
        &[
            (
                "evenhand judge calibrate tone.md --labels l.csv --suite suite.yaml",
                "ask, and certify",
            ),
            (
                "evenhand judge calibrate --table t.csv --human ann --judge gpt",
                "one annotator",
            ),
            (
                "evenhand judge calibrate --table t.csv --human ann --human bob --judge gpt",
                "two",
            ),
            (
                "evenhand judge calibrate --table t.csv --human ann --judge gpt --scale 1..5",
                "grades",
            ),
        ],
    ),
    (
        "labels",
        &[
            (
                "evenhand labels import tasks.json --to labels.csv",
                "the tool by its shape",
            ),
            (
                "evenhand labels import scores.json --field helpful --to labels.csv",
                "one score of several",
            ),
            (
                "evenhand labels import ann.jsonl --from doccano --to ann.csv",
                "one annotator's file",
            ),
            ("evenhand labels pick latest -n 50", "50 outputs, at random"),
            (
                "evenhand labels pick latest --labels labels.csv --out more.csv",
                "20 more than those",
            ),
            ("evenhand labels stats labels.csv", "who labelled how"),
        ],
    ),
    (
        "annotate",
        &[
            (
                "evenhand annotate latest --judge helpfulness",
                "20 outputs of a run, by a judge's rubric",
            ),
            (
                "evenhand annotate to-label.csv --repeats 10%",
                "what `labels pick` drew, some of it twice",
            ),
            (
                "evenhand annotate pairs.jsonl --pairwise --terminal",
                "which of two is better, at prompts",
            ),
            (
                "evenhand annotate x.labels.jsonl --adjudicate",
                "decide what annotators differ on",
            ),
            (
                "evenhand annotate latest --export label-studio=t.json",
                "tasks for a tool of your own",
            ),
        ],
    ),
    (
        "dataset",
        &[
            ("evenhand dataset pull gsm8k", "from its authors' place"),
            (
                "evenhand dataset pull bfcl --from copies/",
                "from a folder, offline",
            ),
            (
                "evenhand dataset show gsm8k",
                "columns, first rows, licence",
            ),
            (
                "evenhand dataset stats cases.csv --field input=question",
                "lengths, tags, twins",
            ),
            (
                "evenhand dataset convert cases.csv --to jsonl -o cases.jsonl",
                "losing nothing",
            ),
        ],
    ),
    (
        "bless",
        &[(
            "evenhand bless latest --target next --to baseline.jsonl",
            "a file to commit",
        )],
    ),
    (
        "show",
        &[
            ("evenhand show latest c017", "all targets, long texts cut"),
            (
                "evenhand show latest~1 c017 --target next --full",
                "one target, whole",
            ),
        ],
    ),
    (
        "runs",
        &[
            ("evenhand runs", "the twenty newest"),
            (
                "evenhand runs --limit 5 --runs-dir out",
                "of another folder",
            ),
        ],
    ),
    (
        "report",
        &[
            ("evenhand report latest", "the screen once more"),
            (
                "evenhand report latest --report csv=trials.csv",
                "one row a trial",
            ),
        ],
    ),
    (
        "view",
        &[
            ("evenhand view", "the latest run, every case of it"),
            (
                "evenhand view latest~1 --port 8600",
                "on a port of your own",
            ),
        ],
    ),
    (
        "schema",
        &[("evenhand schema suite > suite.schema.json", "for an editor")],
    ),
    (
        "list",
        &[
            ("evenhand list scorers", "with an example of each"),
            ("evenhand list metrics", "what gates can be about"),
            ("evenhand list benchmarks", "whose files it reads"),
        ],
    ),
    (
        "completions",
        &[
            (
                "evenhand completions bash > evenhand.bash",
                "then: source evenhand.bash",
            ),
            (
                "evenhand completions fish > evenhand.fish",
                "into ~/.config/fish/completions/",
            ),
        ],
    ),
    (
        "man",
        &[
            ("evenhand man", "the page of evenhand itself"),
            ("evenhand man --out man1", "a page for each verb"),
        ],
    ),
];

/// The command line with the examples put in.
pub(crate) fn put_into(command: Command) -> Command {
    EXAMPLES.iter().fold(command, |command, (verb, examples)| {
        command.mut_subcommand(verb, |verb| {
            let own = verb.get_after_help().map(ToString::to_string);
            let ending = own.into_iter().chain([block(examples)]);
            verb.after_help(ending.collect::<Vec<_>>().join("\n\n"))
        })
    })
}

fn block(examples: &[Example]) -> String {
    let width = examples.iter().map(|(line, _)| line.len()).max();
    let width = width.unwrap_or(0);
    let line = |(line, why): &Example| format!("  {line:width$}   {why}");
    let lines: Vec<String> = examples.iter().map(line).collect();
    format!("Examples:\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::command;

    #[test]
    fn every_verb_has_examples_and_every_example_is_a_command_line() {
        let command = command();
        for verb in command.get_subcommands() {
            let name = verb.get_name();
            let examples = EXAMPLES.iter().find(|(known, _)| *known == name);
            let (_, examples) = examples.unwrap_or_else(|| panic!("{name} has no example"));
            for (line, _) in *examples {
                let typed = line.split(" > ").next().expect("a command");
                let found = command
                    .clone()
                    .try_get_matches_from(typed.split(' '))
                    .unwrap_or_else(|error| panic!("{line}: {error}"));
                assert_eq!(found.subcommand_name(), Some(name), "{line}");
            }
        }
    }

    #[test]
    fn what_a_verb_says_itself_stays_above_its_examples() {
        let own = Command::new("evenhand").subcommand(Command::new("view").after_help("Exits: 0"));
        let own = put_into(
            EXAMPLES
                .iter()
                .filter(|(verb, _)| *verb != "view")
                .fold(own, |own, (verb, _)| own.subcommand(Command::new(*verb))),
        );
        let view = own.find_subcommand("view").expect("a verb");
        let help = view.get_after_help().expect("a text").to_string();
        assert!(help.starts_with("Exits: 0\n\nExamples:\n"), "{help}");
    }

    #[test]
    fn examples_fit_a_screen() {
        for (verb, examples) in EXAMPLES {
            for line in block(examples).lines() {
                assert!(line.chars().count() <= 100, "{verb}: {line}");
            }
        }
    }
}
