//! The help, the manual pages and the completions: one tree, told four ways.

use std::process::{Command, Stdio};

use crate::cli::Desk;

/// Every verb that the help names, in its order.
fn verbs(desk: &Desk) -> Vec<String> {
    let help = desk.evenhand(&["--help"]).ends(0).stdout;
    let (_, verbs) = help.split_once("\nVerbs:\n").expect("a list of verbs");
    let (verbs, _) = verbs.split_once("\n\n").expect("its end");
    let named = |line: &str| {
        let line = line.strip_prefix("  ")?;
        let name = line.split(' ').next()?;
        (!name.is_empty() && name != "help").then(|| name.to_owned())
    };
    verbs.lines().filter_map(named).collect()
}

#[test]
fn the_help_of_every_verb_ends_in_examples_and_fits_a_hundred_columns() {
    let desk = Desk::new(&[]);
    insta::assert_snapshot!("help", desk.evenhand(&["--help"]).ends(0).screen());
    let verbs = verbs(&desk);
    assert!(verbs.len() >= 11, "{verbs:?}");
    for verb in &verbs {
        let long = desk.evenhand(&[verb, "--help"]).ends(0);
        insta::assert_snapshot!(format!("help_of_{verb}"), long.screen());
        let (_, examples) = long
            .stdout
            .split_once("\nExamples:\n")
            .unwrap_or_else(|| panic!("{verb} has no examples"));
        for line in examples.lines() {
            assert!(line.starts_with(&format!("  evenhand {verb}")), "{line}");
        }
        assert!(
            long.stdout.lines().all(|line| line.chars().count() <= 100),
            "{}",
            long.stdout
        );
        // One form, whichever way it is asked for.
        for asked in [vec![verb, "-h"], vec!["help", verb]] {
            assert_eq!(desk.evenhand(&asked).ends(0).stdout, long.stdout);
        }
    }
}

#[test]
fn what_every_verb_takes_stands_before_or_after_it() {
    let desk = Desk::new(&[]);
    for flags in [
        &["-q"][..],
        &["-vv"],
        &["--color", "never"],
        &["--ci", "none"],
    ] {
        let before = desk
            .evenhand(&[flags, &["list", "reports"]].concat())
            .ends(0);
        let after = desk
            .evenhand(&[&["list", "reports"], flags].concat())
            .ends(0);
        assert_eq!(before.stdout, after.stdout, "{flags:?}");
    }
}

#[test]
fn every_verb_has_a_manual_page_that_renders() {
    let desk = Desk::new(&[]);
    let said = desk.evenhand(&["man", "--out", "pages"]).ends(0);
    let mut names: Vec<String> = verbs(&desk)
        .into_iter()
        .map(|verb| format!("evenhand-{verb}.1"))
        .collect();
    names.push("evenhand.1".to_owned());
    assert_eq!(said.stdout.lines().count(), names.len(), "{}", said.stdout);
    for name in &names {
        let page = desk.read(&format!("pages/{name}"));
        for part in [
            ".TH evenhand",
            ".SH NAME",
            ".SH SYNOPSIS",
            ".SH EXAMPLES",
            "--quiet",
        ] {
            assert!(
                page.replace("\\-", "-").contains(part),
                "{name} has no {part}"
            );
        }
        assert!(said.stdout.contains(&format!("wrote  pages/{name}\n")));
        let rendered = Command::new("groff")
            .args(["-man", "-Tutf8", "-ww", "-z"])
            .arg(desk.path().join("pages").join(name))
            .output();
        match rendered {
            Ok(rendered) => {
                let said = String::from_utf8_lossy(&rendered.stderr);
                assert!(rendered.status.success(), "{name}: {said}");
                assert_eq!(said, "", "{name}");
            }
            Err(_) => println!("skipped: no groff is here"),
        }
    }
    let program = desk.evenhand(&["man"]).ends(0).stdout;
    assert_eq!(program, desk.read("pages/evenhand.1"));
    desk.write("taken", "");
    let refused = desk.evenhand(&["man", "--out", "taken"]).ends(7);
    assert!(refused.stderr.contains("taken"), "{}", refused.stderr);
}

#[test]
fn completions_name_every_verb_and_parse_where_their_shell_is() {
    let desk = Desk::new(&[]);
    let verbs = verbs(&desk);
    for (shell, check) in [
        ("bash", &["bash", "-n"][..]),
        ("zsh", &["zsh", "-n"]),
        ("fish", &["fish", "--no-execute"]),
        ("elvish", &["elvish", "-compileonly"]),
        ("powershell", &[]),
    ] {
        let script = desk.evenhand(&["completions", shell]).ends(0).stdout;
        for verb in &verbs {
            assert!(script.contains(verb.as_str()), "{shell} knows no {verb}");
        }
        assert!(script.contains("replay"), "{shell} knows no flags");
        let Some((program, arguments)) = check.split_first() else {
            continue;
        };
        desk.write("script", &script);
        let parsed = Command::new(program)
            .args(arguments)
            .arg(desk.path().join("script"))
            .stdin(Stdio::null())
            .output();
        match parsed {
            Ok(parsed) => {
                let said = String::from_utf8_lossy(&parsed.stderr);
                assert!(parsed.status.success(), "{shell}: {said}");
            }
            Err(_) => println!("skipped: no {program} is here"),
        }
    }
    let unknown = desk.evenhand(&["completions", "bsh"]).ends(2);
    assert!(
        unknown.stderr.contains("a similar value exists: 'bash'"),
        "{}",
        unknown.stderr
    );
}
