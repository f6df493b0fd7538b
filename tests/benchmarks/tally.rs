//! What a benchmark's rule found, held against what the benchmark's own scorer found.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;

use serde::de::DeserializeOwned;

/// The folder of recorded benchmarks; `None`, with a notice, where it is absent.
pub(crate) fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("EVENHAND_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let folder = folder.join("data/benchmarks");
    if !folder.is_dir() {
        say(&format!(
            "no folder of benchmarks at {}; nothing was compared",
            folder.display()
        ));
        return None;
    }
    Some(folder)
}

/// A file of recorded benchmarks; `None`, with a notice, where the folder is absent.
pub(crate) fn read(path: &str) -> Option<String> {
    let folder = shared()?;
    let path = folder.join(path);
    Some(fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// A JSON file.
pub(crate) fn json<T: DeserializeOwned>(path: &str) -> Option<T> {
    let text = read(path)?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}")))
}

/// A file with one JSON value a line.
pub(crate) fn lines<T: DeserializeOwned>(path: &str) -> Option<Vec<T>> {
    let text = read(path)?;
    let rows = text.lines().filter(|line| !line.trim().is_empty());
    Some(
        rows.map(|line| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{path}: {error}: {line}"))
        })
        .collect(),
    )
}

#[expect(clippy::print_stdout, reason = "the table is what is looked for")]
fn say(line: &str) {
    println!("{line}");
}

/// One line of the table.
pub(crate) struct Tally {
    name: String,
    items: usize,
    different: Vec<(String, String)>,
    explained: BTreeMap<String, &'static str>,
    why: Option<&'static str>,
}

impl Tally {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            items: 0,
            different: Vec::new(),
            explained: BTreeMap::new(),
            why: None,
        }
    }

    /// Says beforehand that an item may differ, and why.
    pub(crate) fn may_differ(&mut self, item: impl Into<String>, why: &'static str) {
        self.explained.insert(item.into(), why);
    }

    /// Says once why items differ that may.
    pub(crate) fn because(mut self, why: &'static str) -> Self {
        self.why = Some(why);
        self
    }

    /// Compares one item.
    pub(crate) fn item<T: PartialEq + Debug>(
        &mut self,
        item: impl Into<String>,
        ours: &T,
        official: &T,
    ) {
        self.items += 1;
        if ours != official {
            self.different
                .push((item.into(), format!("ours {ours:?}, official {official:?}")));
        }
    }

    /// Compares one number, to a billionth.
    pub(crate) fn number(&mut self, item: impl Into<String>, ours: f64, official: f64) {
        self.items += 1;
        let near = (ours - official).abs() <= 1e-9 * official.abs().max(1.0);
        if !near {
            self.different
                .push((item.into(), format!("ours {ours}, official {official}")));
        }
    }

    /// Prints the line, and fails where an item differs that was not said to.
    pub(crate) fn finish(self, at_least: usize) {
        let whys: Vec<String> = self
            .different
            .iter()
            .filter_map(|(item, _)| Some(format!("{item}: {}", self.explained.get(item)?)))
            .collect();
        say(&format!(
            "{:<58} {:>6} items {:>6} equal {:>4} different  {}",
            self.name,
            self.items,
            self.items - self.different.len(),
            self.different.len(),
            self.why.map_or_else(|| whys.join("; "), str::to_owned)
        ));
        let unexplained: Vec<&(String, String)> = self
            .different
            .iter()
            .filter(|(item, _)| !self.explained.contains_key(item))
            .collect();
        assert!(
            unexplained.is_empty(),
            "{}: {} items differ, first {:#?}",
            self.name,
            unexplained.len(),
            &unexplained[..unexplained.len().min(20)]
        );
        assert!(
            self.items >= at_least,
            "{}: {} items, at least {at_least} expected",
            self.name,
            self.items
        );
    }
}
