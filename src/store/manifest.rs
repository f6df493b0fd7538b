//! The manifest of a run, `run.json`: what was to be run, with what.
//!
//! It is written once, before the first call, and never changed: everything that happens afterwards stands in the journal.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::domain::digest::Digest;
use crate::domain::plan::Extent;
use crate::domain::suite::CassetteMode;

/// The format that is written, and the newest that is read.
pub const FORMAT: Format = Format { major: 1, minor: 0 };

/// A format's version: readers accept the same major and any minor not newer than their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    /// Changes when old readers would go wrong.
    pub major: u32,
    /// Changes when something is added.
    pub minor: u32,
}

impl Format {
    /// Whether a reader of formats up to `newest` can read it; otherwise what to do.
    pub fn check(self, newest: Self) -> Result<(), String> {
        if self.major == newest.major && self.minor <= newest.minor {
            return Ok(());
        }
        let step = if self.major < newest.major {
            "it is older than this evenhand can read: use the version that wrote it"
        } else {
            "it is newer than this evenhand: update evenhand"
        };
        Err(format!(
            "format {}.{} where {}.{} is read; {step}",
            self.major, self.minor, newest.major, newest.minor
        ))
    }
}

/// What was to be run, with what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of the run directory.
    pub format: Format,
    /// The evenhand that made it.
    pub tool_version: String,
    /// The run's id: its directory's name. Put in when the run is committed.
    #[serde(default)]
    pub id: String,
    /// The run it was made from (`--reuse`, `score`, else `--only`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Only some cases by how they stood in an earlier run: such a run decides no gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<OnlyNote>,
    /// Made by `score`: transcripts are the parent's, and no target is ever called.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rescored: bool,
    /// When it was made, in milliseconds since 1970 (UTC).
    pub created_ms: u64,
    /// The suite's name.
    pub suite_name: String,
    /// Seeds every random choice.
    pub seed: u64,
    /// The extent of the plan.
    pub extent: Extent,
    /// Where the cases came from.
    pub dataset: DatasetNote,
    /// The digest of `cases.jsonl`, byte for byte. Put in when the run is committed.
    #[serde(default = "no_digest")]
    pub cases: Digest,
    /// The identity of the suite file with all it names.
    pub suite_digest: Digest,
    /// The targets, in the order of the plan.
    pub targets: Vec<Named>,
    /// The files in the suite's folder that decide what a target answers (a program, recorded answers), as the suite names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Named>,
    /// The scorers, in the suite's order.
    #[serde(default)]
    pub scorers: Vec<Named>,
    /// The judges by their scorer's id: the digest of prompt, model and parameters.
    #[serde(default)]
    pub judges: Vec<Named>,
    /// Flags that changed what is run, as typed: `--limit 50`.
    #[serde(default)]
    pub flags: Vec<String>,
    /// Only some of the suite's cases or targets by flags: such a run never becomes a baseline.
    #[serde(default)]
    pub partial: bool,
    /// The folder that the suite stood in, as the user named it: a baseline file is looked for there.
    #[serde(default)]
    pub folder: String,
    /// Recorded replies in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cassette: Option<CassetteNote>,
    /// What held code that models wrote, where some was executed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executed: Option<ExecutedNote>,
    /// The suite as resolved: defaults and profile applied, secrets as their variables' names, prices put in.
    pub suite: Json,
}

fn no_digest() -> Digest {
    Digest::of(b"")
}

/// Where the cases came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetNote {
    /// The identity of the whole dataset.
    pub digest: Digest,
    /// Cases in it.
    pub total: u64,
    /// Cases selected: lines of `cases.jsonl`.
    pub selected: u64,
}

/// Which cases of an earlier run were meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnlyNote {
    /// `failed`, `errored` or `changed`.
    pub which: String,
    /// The earlier run's id.
    pub run: String,
}

/// What held code that models wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutedNote {
    /// The walls, in words.
    pub held_by: String,
    /// What a program could do all the same; empty where every wall held.
    #[serde(default)]
    pub gaps: Vec<String>,
}

/// Something of the suite with its identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Its name in the suite.
    pub id: String,
    /// The identity of everything that decides what it does.
    pub digest: Digest,
}

/// Recorded replies in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CassetteNote {
    /// The file as named.
    pub file: String,
    /// What is done with it.
    pub mode: CassetteMode,
}

impl Manifest {
    /// What a resumed run would do differently, in words; empty when nothing that decides a result has changed.
    #[must_use]
    pub fn drift(&self, now: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        if self.dataset.digest != now.dataset.digest {
            changes.push("the dataset".to_owned());
        } else if self.dataset.selected != now.dataset.selected {
            changes.push(format!(
                "the selection of cases ({} then, {} now)",
                self.dataset.selected, now.dataset.selected
            ));
        }
        let (then, new) = (self.extent, now.extent);
        if (then.repeats, then.variants) != (new.repeats, new.variants) {
            changes.push(format!(
                "repeats and variants ({} x {} then, {} x {} now)",
                then.repeats, then.variants, new.repeats, new.variants
            ));
        }
        if self.seed != now.seed {
            changes.push(format!("the seed ({} then, {} now)", self.seed, now.seed));
        }
        if self.tool_version != now.tool_version {
            let (then, new) = (&self.tool_version, &now.tool_version);
            changes.push(format!("evenhand ({then} then, {new} now)"));
        }
        compare("target", &self.targets, &now.targets, &mut changes);
        compare("file", &self.files, &now.files, &mut changes);
        compare("judge", &self.judges, &now.judges, &mut changes);
        // A judge is a scorer, too: it is told once.
        let rules = |manifest: &Self| -> Vec<Named> {
            let judged = |id: &str| manifest.judges.iter().any(|judge| judge.id == id);
            let rules = manifest.scorers.iter();
            rules.filter(|one| !judged(&one.id)).cloned().collect()
        };
        compare("scorer", &rules(self), &rules(now), &mut changes);
        if changes.is_empty()
            && self.suite_digest != now.suite_digest
            && deciding(&self.suite) != deciding(&now.suite)
        {
            changes.push("the suite".to_owned());
        }
        changes
    }
}

/// A suite without what decides no result: how fast its calls are made, and what they may cost in all. A run whose budget is spent
/// goes on with a larger one.
fn deciding(suite: &Json) -> Json {
    const OF_RUN: &[&str] = &[
        "concurrency",
        "budget_usd",
        "budget_tokens",
        "budget_calls",
        "budget_time",
    ];
    let mut suite = suite.clone();
    let keep = |limits: Option<&mut Json>, without: &[&str]| {
        if let Some(limits) = limits.and_then(Json::as_object_mut) {
            limits.retain(|key, _| !without.contains(&key.as_str()));
        }
    };
    keep(suite.get_mut("limits"), OF_RUN);
    // Of a target everything there is bounds its pace only.
    for (list, model) in [("targets", ""), ("scorers", "/model")] {
        let items = suite.get_mut(list).and_then(Json::as_array_mut);
        for item in items.into_iter().flatten() {
            if let Some(item) = item.pointer_mut(model).and_then(Json::as_object_mut) {
                item.remove("limits");
            }
        }
    }
    if let Some(map) = suite.as_object_mut()
        && map
            .get("limits")
            .is_some_and(|limits| limits == &Json::Object(Default::default()))
    {
        map.remove("limits");
    }
    suite
}

fn compare(what: &str, then: &[Named], now: &[Named], changes: &mut Vec<String>) {
    for old in then {
        match now.iter().find(|new| new.id == old.id) {
            None => changes.push(format!("{what} `{}` (gone)", old.id)),
            Some(new) if new.digest != old.digest => changes.push(format!("{what} `{}`", old.id)),
            Some(_) => {}
        }
    }
    for new in now {
        if !then.iter().any(|old| old.id == new.id) {
            changes.push(format!("{what} `{}` (new)", new.id));
        }
    }
    let ids = |list: &[Named]| list.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    let (mut old, mut new) = (ids(then), ids(now));
    let moved = old != new;
    old.sort();
    new.sort();
    if moved && old == new {
        changes.push(format!("the order of the {what}s"));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    /// A manifest of a small run.
    pub(in crate::store) fn manifest() -> Manifest {
        let named = |id: &str| Named {
            id: id.into(),
            digest: Digest::of(id.as_bytes()),
        };
        Manifest {
            format: FORMAT,
            tool_version: "0.1.0".into(),
            id: String::new(),
            parent: None,
            only: None,
            rescored: false,
            created_ms: 1_795_341_521_000,
            suite_name: "quickstart".into(),
            seed: 7,
            extent: Extent {
                cases: 2,
                variants: 1,
                repeats: 1,
                targets: 2,
            },
            dataset: DatasetNote {
                digest: Digest::of(b"dataset"),
                total: 9,
                selected: 2,
            },
            cases: no_digest(),
            suite_digest: Digest::of(b"suite"),
            targets: vec![named("prod"), named("next")],
            files: Vec::new(),
            scorers: vec![named("exact"), named("helpful")],
            judges: vec![named("helpful")],
            flags: vec!["--limit 2".into()],
            partial: true,
            folder: ".".into(),
            cassette: None,
            executed: None,
            suite: json!({"suite": "quickstart"}),
        }
    }

    #[test]
    fn a_manifest_survives_its_file_and_more_than_we_know() {
        let written = manifest();
        let mut json = serde_json::to_value(&written).unwrap();
        json["something_of_tomorrow"] = json!({"x": 1});
        assert_eq!(serde_json::from_value::<Manifest>(json).unwrap(), written);
    }

    #[test]
    fn only_the_same_major_and_no_newer_minor_is_read() {
        assert_eq!(FORMAT.check(FORMAT), Ok(()));
        let newer = Format { major: 1, minor: 1 }.check(FORMAT).unwrap_err();
        assert!(newer.contains("update evenhand"), "{newer}");
        let older = Format { major: 0, minor: 9 }.check(FORMAT).unwrap_err();
        assert!(older.contains("use the version that wrote it"), "{older}");
    }

    #[test]
    fn what_changed_is_named_once() {
        let then = manifest();
        assert_eq!(then.drift(&then), Vec::<String>::new());
        let mut now = then.clone();
        now.suite_digest = Digest::of(b"another rule");
        now.suite["success"] = json!(["exact"]);
        assert_eq!(then.drift(&now), ["the suite"]);
        now.targets[1].digest = Digest::of(b"new prompt");
        now.scorers[1].digest = Digest::of(b"new judge");
        now.judges[0].digest = Digest::of(b"new judge");
        now.scorers[0].id = "contains".into();
        now.dataset.digest = Digest::of(b"another row");
        assert_eq!(
            then.drift(&now),
            [
                "the dataset",
                "target `next`",
                "judge `helpful`",
                "scorer `exact` (gone)",
                "scorer `contains` (new)"
            ]
        );
        let mut paced = then.clone();
        paced.suite_digest = Digest::of(b"another pace");
        let mut with = |limits: Json, target: Json| {
            paced.suite["limits"] = limits;
            paced.suite["targets"] = json!([{"id": "prod", "limits": target}]);
            paced.clone()
        };
        let before = with(json!({"budget_usd": 1}), json!({}));
        let faster = json!({"budget_usd": 2, "budget_time": "1h", "concurrency": 9});
        let mut after = with(faster, json!({"rpm": 5, "concurrency": 2}));
        after.suite_digest = Digest::of(b"a larger budget");
        assert_eq!(before.drift(&after), Vec::<String>::new());
        after.suite["limits"]["timeout"] = json!("5s");
        assert_eq!(before.drift(&after), ["the suite"]);
        let mut swapped = then.clone();
        swapped.targets.reverse();
        assert_eq!(then.drift(&swapped), ["the order of the targets"]);
    }
}
