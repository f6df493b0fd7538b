//! When a case, a target or a scorer is the same as in an earlier run: what `--reuse`, `score` and `--only changed` go by.
//!
//! A case has three parts. Its question and answer are what a case digest is of, and everybody may look at them. Tags, metadata and
//! columns reach somebody only through a template that names them, so that a new tag costs nothing where no prompt reads tags. Its
//! checks are seen by the scorer `checks` alone. A case's cluster is seen by nobody who answers or scores.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::domain::case::Case;
use crate::domain::digest::Digest;
use crate::domain::suite::{Suite, TargetSpec};
use crate::domain::template::Template;
use crate::store::manifest::Named;

/// A file that decides answers is read up to this size; a larger one goes by its size and the time of its last change.
const LARGEST_FILE: u64 = 1 << 30;

/// The parts of a case as 64-bit digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts {
    /// What is asked.
    question: u64,
    /// Question and answer.
    core: u64,
    /// Tags, metadata and columns.
    more: u64,
    /// Its checks.
    checks: u64,
}

impl Parts {
    pub(crate) fn of(case: &Case) -> Self {
        let word = |json: serde_json::Value| Digest::of_json(&json).word();
        Self {
            question: word(json!([case.input, case.choices, case.context])),
            core: case.digest().word(),
            more: word(json!([case.tags, case.metadata, case.columns])),
            checks: word(json!(case.checks)),
        }
    }

    /// Whether the same is asked as then.
    pub(crate) fn asks_as(self, then: Self) -> bool {
        self.question == then.question
    }

    /// What of a case is still as it was then.
    pub(crate) fn same(self, then: Self) -> Same {
        Same {
            core: self.core == then.core,
            more: self.more == then.more,
            checks: self.checks == then.checks,
        }
    }
}

/// What of a case is still as it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Same {
    pub(crate) core: bool,
    pub(crate) more: bool,
    pub(crate) checks: bool,
}

impl Same {
    /// Whether nothing of it has changed.
    pub(crate) fn whole(self) -> bool {
        self.core && self.more && self.checks
    }

    /// Whether somebody who looks at these parts sees what was to be seen then.
    pub(crate) fn to(self, looks: Looks) -> bool {
        self.core && (self.more || !looks.at_more)
    }
}

/// What somebody looks at besides question and answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Looks {
    at_more: bool,
}

impl Looks {
    /// By templates: those that name nothing but question, answer and output look at nothing else.
    pub(crate) fn of(templates: &[&Template], more_names: &[&str]) -> Self {
        const CORE: &[&str] = &["id", "input", "expected", "choices", "context", "output"];
        let known = |name: &str| CORE.contains(&name) || more_names.contains(&name);
        let mut named = templates.iter().flat_map(|one| one.variables());
        Self {
            at_more: named.any(|name| !known(name.as_str())),
        }
    }
}

/// A case of an earlier run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    /// Its index in that run.
    pub(crate) index: u64,
    /// Its parts then.
    pub(crate) parts: Parts,
}

/// The cases of an earlier run by their ids.
#[derive(Debug, Default)]
pub(crate) struct Roster(Vec<(u64, Known)>);

impl Roster {
    /// Of cases in the order of their run.
    pub(crate) fn of(cases: Vec<(u64, Known)>) -> Self {
        let mut cases = cases;
        cases.sort_unstable_by_key(|(id, _)| *id);
        Self(cases)
    }

    /// One case as it stands in the list.
    pub(crate) fn entry(index: u64, case: &Case) -> (u64, Known) {
        let parts = Parts::of(case);
        (id(case), Known { index, parts })
    }

    pub(crate) fn get(&self, case: &Case) -> Option<Known> {
        let id = id(case);
        let at = self.0.binary_search_by_key(&id, |(known, _)| *known).ok()?;
        Some(self.0[at].1)
    }
}

fn id(case: &Case) -> u64 {
    Digest::of(case.id.as_bytes()).word()
}

/// The digests of the files that decide what targets answer, by their names in the suite: programs and recorded answers. A word of a
/// command that names no file in the suite's folder is an option, or a program that the system finds.
pub(crate) fn files(suite: &Suite, folder: &Path) -> Vec<Named> {
    let mut found: BTreeMap<String, Digest> = BTreeMap::new();
    for word in suite.targets.iter().flat_map(|target| target.plan.files()) {
        if !found.contains_key(word)
            && let Some(digest) = file(&folder.join(word))
        {
            found.insert(word.to_owned(), digest);
        }
    }
    let found = found.into_iter();
    found.map(|(id, digest)| Named { id, digest }).collect()
}

fn file(path: &Path) -> Option<Digest> {
    let path = match path.is_dir() {
        // A run: its answers stand in its journal.
        true => path.join(crate::store::run::JOURNAL),
        false => path.to_path_buf(),
    };
    let about = std::fs::metadata(&path)
        .ok()
        .filter(|about| about.is_file())?;
    if about.len() > LARGEST_FILE {
        let changed = about.modified().ok()?;
        return Some(Digest::of(
            format!("{} {changed:?}", about.len()).as_bytes(),
        ));
    }
    std::fs::read(&path).ok().map(|bytes| Digest::of(&bytes))
}

/// Whether a target's files are those of then. A target that names none in its folder has nothing to change.
pub(crate) fn same_files(target: &TargetSpec, then: &[Named], now: &[Named]) -> bool {
    let of = |list: &[Named], word: &str| {
        let found = list.iter().find(|one| one.id == word);
        found.map(|one| one.digest)
    };
    let words = target.plan.files();
    words.iter().all(|word| of(then, word) == of(now, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_changes_a_case_only_for_those_who_look_at_tags() {
        let then = Case::new("a", "question");
        let mut now = then.clone();
        now.tags.push("new".into());
        let same = Parts::of(&now).same(Parts::of(&then));
        assert!(!same.whole());
        assert!(same.to(Looks { at_more: false }) && !same.to(Looks { at_more: true }));
        now.expected = Some(json!("answer"));
        let same = Parts::of(&now).same(Parts::of(&then));
        assert!(!same.to(Looks { at_more: false }) && same.checks);
    }

    #[test]
    fn a_cluster_is_seen_by_nobody() {
        let then = Case::new("a", "question");
        let mut now = then.clone();
        now.cluster = Some("c".into());
        assert!(Parts::of(&now).same(Parts::of(&then)).whole());
    }

    #[test]
    fn cases_are_found_by_id_wherever_they_stand() {
        let cases: Vec<Case> = (0..50).map(|n| Case::new(format!("c{n}"), "q")).collect();
        let entries = (0_u64..)
            .zip(&cases)
            .map(|(at, case)| Roster::entry(at, case));
        let roster = Roster::of(entries.collect());
        for (at, case) in (0_u64..).zip(&cases) {
            assert_eq!(roster.get(case).unwrap().index, at);
        }
        assert!(roster.get(&Case::new("other", "q")).is_none());
    }
}
