//! Opens a suite with what the caller laid over it.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{JobError, pack};
use crate::domain::decode::Problem;
use crate::domain::secret::Secrets;
use crate::domain::suite::{Suite, TargetSpec};
use crate::domain::tree::Node;
use crate::load::agree::agree;
use crate::load::dataset::{PlanError, plan_cases};
use crate::load::suite::{Kinds, Layers, Loaded, read, rest};

/// The tables that the suite's reader needs from above.
pub(crate) const KINDS: Kinds = Kinds {
    targets: crate::target::KINDS,
    program: &crate::target::SCORER_PROGRAM,
    embedders: crate::target::EMBEDDERS,
    executor: &crate::target::EXECUTOR,
};

/// Which cases and targets of a suite are meant, over what the suite says itself.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// A profile of the suite.
    pub profile: Option<String>,
    /// At most this many cases.
    pub limit: Option<u64>,
    /// Only these cases, by id.
    pub cases: Vec<String>,
    /// Only cases with one of these tags.
    pub tags: Vec<String>,
    /// Only these targets, by id.
    pub targets: Vec<String>,
    /// How often each case is put to each target.
    pub repeats: Option<u32>,
    /// Seeds every random choice.
    pub seed: Option<u64>,
    /// Calls under way at once.
    pub concurrency: Option<u32>,
}

impl Selection {
    /// The same as layers over the suite's file.
    fn layers(&self) -> Layers {
        let mut overrides: Vec<(String, Node)> = Vec::new();
        let mut set = |path: &str, value: Option<serde_json::Value>| {
            if let Some(value) = value {
                overrides.push((path.to_owned(), Node::from_json(&value)));
            }
        };
        set("dataset.select.limit", self.limit.map(|limit| json!(limit)));
        set(
            "dataset.select.ids",
            (!self.cases.is_empty()).then(|| json!(self.cases)),
        );
        set(
            "dataset.select.tags",
            (!self.tags.is_empty()).then(|| json!(self.tags)),
        );
        set("repeats", self.repeats.map(|repeats| json!(repeats)));
        set("seed", self.seed.map(|seed| json!(seed)));
        set(
            "limits.concurrency",
            self.concurrency.map(|concurrency| json!(concurrency)),
        );
        Layers {
            profile: self.profile.clone(),
            overrides,
            targets: self.targets.clone(),
        }
    }

    /// Whether only some of the suite's cases or targets are meant: such a run is no baseline of the whole.
    pub(crate) fn narrows(&self) -> bool {
        self.limit.is_some()
            || !self.cases.is_empty()
            || !self.tags.is_empty()
            || !self.targets.is_empty()
    }

    /// What was laid over the suite, as flags for the manifest.
    pub(crate) fn flags(&self) -> Vec<String> {
        let mut flags: Vec<String> = Vec::new();
        flags.extend(self.profile.iter().map(|name| format!("--profile {name}")));
        flags.extend(self.limit.iter().map(|limit| format!("--limit {limit}")));
        flags.extend(self.cases.iter().map(|id| format!("--case {id}")));
        flags.extend(self.tags.iter().map(|tag| format!("--tag {tag}")));
        flags.extend(self.targets.iter().map(|id| format!("--target {id}")));
        flags.extend(
            self.repeats
                .iter()
                .map(|repeats| format!("--repeats {repeats}")),
        );
        flags.extend(self.seed.iter().map(|seed| format!("--seed {seed}")));
        flags
    }
}

/// Opens a suite: a path, or the bare name of a built-in pack.
pub fn open_suite(path: &Path, selection: &Selection, runs_dir: &Path) -> Result<Loaded, JobError> {
    let path: PathBuf = if pack::is_name(path) {
        pack::unfold(&path.to_string_lossy(), runs_dir)?
    } else {
        path.to_path_buf()
    };
    let layers = selection.layers();
    read(&path, &layers, &KINDS).map_err(|mut problems| {
        // What else is wrong is said at once, not after these are mended.
        problems.extend(
            rest(&path, &layers, &KINDS)
                .map(|rest| disagreements(&rest))
                .unwrap_or_default(),
        );
        problems.sort();
        problems.dedup();
        JobError::faulty(problems)
    })
}

/// What the sound part of a suite and its cases disagree on, and what is wrong with the cases.
fn disagreements(loaded: &Loaded) -> Vec<Problem> {
    let file = loaded.path.display().to_string();
    match plan_cases(&loaded.suite, &file, &loaded.folder, &mut |_| Ok(())) {
        Err(PlanError::Faulty(problems)) => problems,
        Ok(selected) if selected.count > 0 => {
            agree(&loaded.suite, &file, &loaded.inlined, &selected).problems
        }
        Ok(_) | Err(PlanError::Receiver(_)) => Vec::new(),
    }
}

/// Every target and judge's model of a suite.
pub(crate) fn speakers(suite: &Suite) -> impl Iterator<Item = &TargetSpec> {
    let models = suite.scorers.iter().flat_map(|scorer| scorer.models());
    suite.targets.iter().chain(models)
}

/// The values of the variables that the suite names, to be masked wherever something is written.
pub(crate) fn secrets(suite: &Suite) -> Secrets {
    let mut secrets = Secrets::default();
    for spec in speakers(suite) {
        for text in spec.plan.environment() {
            for name in text.names() {
                if let Ok(value) = std::env::var(name) {
                    secrets.add(name, &value);
                }
            }
        }
    }
    secrets
}
