//! Cases in: files and inline cases, checked row by row, selected, put in the plan's order and handed on one by one.
//!
//! Files are read twice. The first pass looks at every row and keeps 24 bytes of each (a digest of its id, and where it stands); the
//! second reads the selected rows again, in the plan's order, and hands them on. So texts are never held, a fault anywhere shows before
//! anything is run, and shuffling needs no more memory than order does.
//!
//! A shuffled order is the order of keyed digests of the ids: it depends on the seed and the ids alone, so that a row added to the
//! dataset moves no other.

pub mod asking;
pub(crate) mod cells;
mod columnar;
pub(crate) mod cut;
pub mod look;
#[cfg(feature = "parquet")]
mod pages;
pub(crate) mod records;
pub(crate) mod row;
pub(crate) mod sources;
pub(crate) mod unfolded;
mod unnamed;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::domain::case::Case;
use crate::domain::decode::{Problem, unknown};
use crate::domain::digest::Digest;
use crate::domain::suite::{self, Suite};
use crate::domain::tree::Span;

use super::benchmarks;
use super::benchmarks::places::Role;
use super::benchmarks::pulled::Cache;
use super::text::problem;
use asking::Asking;
use row::Mapping;
use sources::{Faults, FileSource, Inline, Source};

/// How many problems of a dataset are told; the others are counted.
const MOST_PROBLEMS: usize = 20;
/// How many distinct tags and columns are remembered for messages.
const MOST_NAMES: usize = 10_000;
/// What a problem is reported under where a flag asked for a case or a tag and not the suite.
const CASE_FLAG: &str = "--case";
const TAG_FLAG: &str = "--tag";

/// What is known of a dataset once it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Selected {
    /// Cases that were selected and handed on.
    pub count: u64,
    /// Cases in the dataset.
    pub total: u64,
    /// The identity of the dataset: its files' bytes, its inline cases, and how columns are read. Selection is not part of it.
    pub digest: Digest,
    /// By name, how many selected cases a template finds it in: `expected` and the rows' own columns.
    pub columns: BTreeMap<String, u64>,
    /// By tag, how many selected cases have it.
    pub tags: BTreeMap<String, u64>,
    /// By tag, how many cases of the whole dataset have it.
    pub all_tags: BTreeMap<String, u64>,
    /// Selected cases with checks of their own.
    pub with_checks: u64,
    /// Clusters among the selected cases; `None` where no case names one.
    pub clusters: Option<u64>,
}

/// Why the cases could not be handed on.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The dataset is faulty.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Faulty(Vec<Problem>),
    /// The receiver could not take a case.
    #[error("cannot keep the cases: {0}")]
    Receiver(#[from] std::io::Error),
}

/// Whether files of this name can be read, by its ending.
///
/// # Errors
/// They cannot, with the endings that are known.
pub fn known_format(name: &str) -> Result<(), String> {
    row::format_of(name).map(|_| ())
}

/// Reads the suite's dataset and hands the selected cases to `take`, in the plan's order.
///
/// `suite_file` is how messages call the suite, `folder` what paths in it are relative to. No case is handed on before every row was
/// looked at. An empty selection is no error: [`Selected::count`] says it.
///
/// # Errors
/// [`PlanError::Faulty`]: what is wrong with the dataset, at most 20 problems and the count of the rest.
/// [`PlanError::Receiver`]: what `take` answered.
pub fn plan_cases(
    suite: &Suite,
    suite_file: &str,
    folder: &Path,
    take: &mut dyn FnMut(Case) -> std::io::Result<()>,
) -> Result<Selected, PlanError> {
    let with_pulled = with_pulled(suite, suite_file, folder).map_err(PlanError::Faulty)?;
    let suite = with_pulled.as_ref().unwrap_or(suite);
    let mut mapping = mapping_of(suite);
    if let Some(format) = &suite.dataset.format {
        let asking = Asking::read(format, &mapping, (suite_file, folder));
        mapping.asking = Some(asking.map_err(PlanError::Faulty)?);
    }
    let mut survey = Survey::new(suite, suite_file, folder, mapping.clone());
    for (index, source) in suite.dataset.sources.iter().enumerate() {
        survey.read(index, source);
    }
    let mut kept = std::mem::take(&mut survey.kept);
    let (entries, mut selected) = survey.finish().map_err(PlanError::Faulty)?;
    let mut sources: Vec<Option<Source<'_>>> = suite.dataset.sources.iter().map(|_| None).collect();
    let mut clusters = Clusters::default();
    for entry in &entries {
        let known = kept.binary_search_by_key(&entry.place, |(place, _)| *place);
        let case = match known.ok().and_then(|at| kept[at].1.take()) {
            Some(case) => case,
            None => read_again(&mut sources, entry, suite, &mapping, suite_file, folder)
                .map_err(PlanError::Faulty)?,
        };
        selected.count_names(&case);
        clusters.add(&case);
        take(case)?;
    }
    selected.clusters = clusters.count();
    Ok(selected)
}

/// The suite with the files of its benchmark in the place of what was pulled; `None` where it names its files itself.
fn with_pulled(suite: &Suite, suite_file: &str, folder: &Path) -> Result<Option<Suite>, Faults> {
    let sources = &suite.dataset.sources;
    let pulled = sources.iter().find_map(|source| match source {
        suite::Source::Pulled { span } => Some(*span),
        _ => None,
    });
    let (Some(span), Some(benchmark)) = (pulled, &suite.dataset.benchmark) else {
        return Ok(None);
    };
    let paths = Cache::of_environment()
        .and_then(|cache| cache.files(benchmark, Role::Cases, folder))
        .map_err(|message| vec![problem(suite_file, span, message)])?;
    let mut suite = suite.clone();
    suite.dataset.sources = paths
        .into_iter()
        .map(|path| suite::Source::File {
            path: path.display().to_string(),
            span,
        })
        .collect();
    Ok(Some(suite))
}

/// Reads a case of the first pass once more; it must be the same one.
fn read_again<'a>(
    sources: &mut [Option<Source<'a>>],
    entry: &Entry,
    suite: &'a Suite,
    mapping: &Mapping,
    suite_file: &'a str,
    folder: &Path,
) -> Result<Case, Faults> {
    let (index, offset) = entry.place();
    if sources[index].is_none() {
        let source = &suite.dataset.sources[index];
        sources[index] = Some(open(source, mapping, suite_file, folder)?);
    }
    let Some(source) = &mut sources[index] else {
        return Err(Vec::new());
    };
    let case = source.at(offset, mapping)?;
    if order_key(suite.seed, &case.id) == entry.key {
        Ok(case)
    } else {
        Err(vec![source.changed()])
    }
}

fn mapping_of(suite: &Suite) -> Mapping {
    Mapping {
        fields: suite.dataset.fields.clone(),
        cluster: suite.dataset.cluster.clone(),
        // The decoder has refused a name that is none.
        benchmark: suite
            .dataset
            .benchmark
            .as_deref()
            .and_then(|name| benchmarks::find(name).ok()),
        asking: None,
    }
}

/// The path of a file as written, and as messages call it.
fn path_of(folder: &Path, written: &str) -> (PathBuf, String) {
    let path = folder.join(written);
    let named = match path.strip_prefix(".") {
        Ok(short) => short.display().to_string(),
        Err(_) => path.display().to_string(),
    };
    (path, named)
}

fn open<'a>(
    source: &'a suite::Source,
    mapping: &Mapping,
    suite_file: &'a str,
    folder: &Path,
) -> Result<Source<'a>, Faults> {
    match source {
        suite::Source::Inline(items) => Ok(Source::Inline(Inline {
            named: suite_file,
            items,
            next: 0,
        })),
        suite::Source::Pulled { span } => Err(vec![problem(
            suite_file,
            *span,
            "pull the benchmark's files first: evenhand dataset pull",
        )]),
        suite::Source::File {
            path: written,
            span,
        } => {
            let in_suite = |message: String| vec![problem(suite_file, *span, message)];
            let format = row::format_of(written).map_err(in_suite)?;
            let (path, named) = path_of(folder, written);
            if !path.exists() {
                let message =
                    format!("there is no file `{named}`; paths are relative to the suite's folder");
                return Err(in_suite(message));
            }
            let file = FileSource::open(&path, &named, format, mapping)?;
            Ok(Source::File(Box::new(file)))
        }
    }
}

/// A case of the first pass.
struct Entry {
    /// Digest of its id, keyed by the seed.
    key: [u8; 16],
    /// Index of its source, and its offset in it.
    place: u64,
}

/// The beginning of a source, in bytes, whose cases are held from the first look at them to the second.
const KEPT: u64 = 1 << 20;

/// Bits of an entry's place that hold the offset.
const OFFSET_BITS: u32 = 48;

impl Entry {
    fn new(key: [u8; 16], source: usize, offset: u64) -> Self {
        let source = (source as u64) << OFFSET_BITS;
        Self {
            key,
            place: source | (offset & ((1 << OFFSET_BITS) - 1)),
        }
    }

    fn place(&self) -> (usize, u64) {
        let source = usize::try_from(self.place >> OFFSET_BITS).unwrap_or(usize::MAX);
        (source, self.place & ((1 << OFFSET_BITS) - 1))
    }
}

fn order_key(seed: u64, id: &str) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(id.as_bytes());
    let mut key = [0; 16];
    key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    key
}

/// The first pass.
struct Survey<'a> {
    suite: &'a Suite,
    suite_file: &'a str,
    folder: &'a Path,
    mapping: Mapping,
    /// Every case.
    entries: Vec<Entry>,
    /// Those at the beginning of each source, by place: they need not be read again.
    kept: Vec<(u64, Option<Case>)>,
    /// The cases that tags and ids let through; not filled where nothing filters.
    chosen: Vec<Entry>,
    total: u64,
    all_tags: BTreeMap<String, u64>,
    /// The ids that were asked for; empty: all are.
    wanted_ids: BTreeSet<&'a str>,
    missing_ids: BTreeSet<&'a str>,
    /// Ids in quarantine that no case had so far.
    missing_quarantined: BTreeSet<&'a str>,
    seen_columns: BTreeSet<String>,
    /// Some ids, to suggest one from where an id is asked for that no case has.
    seen_ids: Vec<String>,
    digests: Vec<String>,
    problems: Vec<Problem>,
    more: u64,
}

impl<'a> Survey<'a> {
    fn new(suite: &'a Suite, suite_file: &'a str, folder: &'a Path, mapping: Mapping) -> Self {
        let select = &suite.dataset.select;
        Self {
            suite,
            suite_file,
            folder,
            mapping,
            entries: Vec::new(),
            kept: Vec::new(),
            chosen: Vec::new(),
            total: 0,
            all_tags: BTreeMap::new(),
            wanted_ids: select.ids.iter().map(String::as_str).collect(),
            missing_ids: select.ids.iter().map(String::as_str).collect(),
            missing_quarantined: suite
                .quarantine
                .iter()
                .map(|one| one.case.as_str())
                .collect(),
            seen_columns: BTreeSet::new(),
            seen_ids: Vec::new(),
            digests: Vec::new(),
            problems: Vec::new(),
            more: 0,
        }
    }

    fn note(&mut self, problem: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.more += 1;
        }
    }

    fn read(&mut self, index: usize, source: &'a suite::Source) {
        let mut source = match open(source, &self.mapping, self.suite_file, self.folder) {
            Ok(source) => source,
            Err(faults) => return faults.into_iter().for_each(|fault| self.note(fault)),
        };
        while let Some(found) = source.next(&self.mapping) {
            match found {
                Ok(found) => {
                    self.take(index, found.offset, &found.case);
                    if found.offset < KEPT {
                        let place = Entry::new([0; 16], index, found.offset).place;
                        self.kept.push((place, Some(found.case)));
                    }
                }
                Err(faults) => faults.into_iter().for_each(|fault| self.note(fault)),
            }
        }
        self.digests.push(source.digest().to_string());
    }

    fn take(&mut self, source: usize, offset: u64, case: &Case) {
        self.total += 1;
        for tag in &case.tags {
            count(&mut self.all_tags, tag);
        }
        for column in case.columns.keys() {
            if self.seen_columns.len() < MOST_NAMES && !self.seen_columns.contains(column) {
                self.seen_columns.insert(column.clone());
            }
        }
        let key = order_key(self.suite.seed, &case.id);
        self.entries.push(Entry::new(key, source, offset));
        let select = &self.suite.dataset.select;
        let was_missing = self.missing_ids.remove(case.id.as_str())
            | self.missing_quarantined.remove(case.id.as_str());
        let some_missing = !(self.missing_ids.is_empty() && self.missing_quarantined.is_empty());
        if !was_missing && some_missing && self.seen_ids.len() < MOST_NAMES {
            self.seen_ids.push(case.id.clone());
        }
        let by_tag =
            select.tags.is_empty() || case.tags.iter().any(|tag| select.tags.contains(tag));
        let by_id = self.wanted_ids.is_empty() || self.wanted_ids.contains(case.id.as_str());
        if self.filters() && by_tag && by_id {
            self.chosen.push(Entry::new(key, source, offset));
        }
    }

    fn filters(&self) -> bool {
        let select = &self.suite.dataset.select;
        !select.tags.is_empty() || !select.ids.is_empty()
    }

    fn finish(mut self) -> Result<(Vec<Entry>, Selected), Vec<Problem>> {
        self.entries
            .sort_unstable_by_key(|entry| (entry.key, entry.place));
        self.note_twins();
        self.note_unknown();
        if !self.problems.is_empty() {
            self.problems.sort();
            if self.more > 0 {
                let message = format!("and {} more problems in the dataset", self.more);
                let file = self.problems[self.problems.len() - 1].file.clone();
                self.problems.push(problem(&file, Span::default(), message));
            }
            return Err(self.problems);
        }
        let select = &self.suite.dataset.select;
        let mut entries = if self.filters() {
            let mut chosen = std::mem::take(&mut self.chosen);
            chosen.sort_unstable_by_key(|entry| entry.key);
            chosen
        } else {
            std::mem::take(&mut self.entries)
        };
        if !select.shuffle {
            entries.sort_unstable_by_key(|entry| entry.place);
        }
        if let Some(limit) = select.limit {
            entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        let mapping = match &self.suite.dataset.benchmark {
            None => serde_json::json!([self.digests, self.mapping.fields, self.mapping.cluster]),
            Some(name) => {
                serde_json::json!([
                    self.digests,
                    self.mapping.fields,
                    self.mapping.cluster,
                    name
                ])
            }
        };
        let identity = match &self.mapping.asking {
            None => mapping,
            Some(asking) => serde_json::json!([mapping, asking.identity()]),
        };
        let selected = Selected {
            count: 0,
            total: self.total,
            digest: Digest::of_json(&identity),
            columns: BTreeMap::new(),
            tags: BTreeMap::new(),
            all_tags: self.all_tags,
            with_checks: 0,
            clusters: None,
        };
        Ok((entries, selected))
    }

    /// Ids given twice: equal digests stand next to one another by now.
    fn note_twins(&mut self) {
        let twins: Vec<(usize, u64, usize, u64)> = self
            .entries
            .windows(2)
            .filter(|pair| pair[0].key == pair[1].key)
            .map(|pair| {
                let ((a, at), (b, bt)) = (pair[0].place(), pair[1].place());
                (a, at, b, bt)
            })
            .collect();
        let mut sources: Vec<Option<Source<'a>>> =
            self.suite.dataset.sources.iter().map(|_| None).collect();
        for (nth, (first, at, second, other)) in twins.into_iter().enumerate() {
            if nth >= MOST_PROBLEMS {
                self.more += 1;
                continue;
            }
            let (file, line) = self.spot(&mut sources, first, at);
            let (twin_file, twin_line) = self.spot(&mut sources, second, other);
            let twin = self.opened(&mut sources, second);
            let twin = twin.and_then(|source| source.at(other, &self.mapping).ok());
            let id = twin.map_or_else(|| "of this row".to_owned(), |case| format!("`{}`", case.id));
            let place = if file == twin_file {
                format!("line {line}")
            } else {
                format!("{file}:{line}")
            };
            let span = Span {
                line: u32::try_from(twin_line).unwrap_or(u32::MAX),
                column: 0,
            };
            let message = format!(
                "the id {id} is already that of {place}; give each case its own (rows without `id` that say the same are one case)"
            );
            self.note(problem(&twin_file, span, message));
        }
    }

    /// File and line of a case.
    fn spot(
        &self,
        sources: &mut [Option<Source<'a>>],
        source: usize,
        offset: u64,
    ) -> (String, u64) {
        let named = match self.suite.dataset.sources.get(source) {
            Some(suite::Source::File { path, .. }) => path_of(self.folder, path).1,
            _ => self.suite_file.to_owned(),
        };
        let opened = self.opened(sources, source);
        (named, opened.map_or(0, |source| source.line_at(offset)))
    }

    /// A source of the suite, opened once more where it was not yet.
    fn opened<'s>(
        &self,
        sources: &'s mut [Option<Source<'a>>],
        index: usize,
    ) -> Option<&'s mut Source<'a>> {
        let (suite, suite_file) = (self.suite, self.suite_file);
        let source = suite.dataset.sources.get(index)?;
        let place = sources.get_mut(index)?;
        if place.is_none() {
            *place = open(source, &self.mapping, suite_file, self.folder).ok();
        }
        place.as_mut()
    }

    /// Tags, ids and columns that the suite names and no case has.
    fn note_unknown(&mut self) {
        if self.total == 0 || !self.problems.is_empty() {
            return;
        }
        let mut found = Vec::new();
        let [at_tags, at_ids] = self.suite.dataset.select.places;
        let asked = |place: Span, flag: &str, message: String| match place {
            Span { line: 0, .. } => problem(flag, place, message),
            _ => problem(self.suite_file, place, message),
        };
        let ids: Vec<&str> = self.seen_ids.iter().map(String::as_str).collect();
        for id in &self.missing_ids {
            found.push(asked(at_ids, CASE_FLAG, no_case(id, &ids)));
        }
        for one in &self.suite.quarantine {
            if self.missing_quarantined.contains(one.case.as_str()) {
                let message = no_case(&one.case, &ids);
                found.push(problem(
                    self.suite_file,
                    one.span,
                    format!("`quarantine`: {message}"),
                ));
            }
        }
        let tags: Vec<&str> = self.all_tags.keys().map(String::as_str).collect();
        for tag in &self.suite.dataset.select.tags {
            if !self.all_tags.contains_key(tag) {
                found.push(asked(at_tags, TAG_FLAG, unknown("tag", tag, &tags)));
            }
        }
        let columns: Vec<&str> = self.seen_columns.iter().map(String::as_str).collect();
        for column in self.mapping.named() {
            let ours = row::NAMES.contains(&column);
            if !ours && !self.seen_columns.contains(column) && self.seen_columns.len() < MOST_NAMES
            {
                let message = format!("`dataset.fields`: {}", unknown("column", column, &columns));
                found.push(problem(self.suite_file, Span::default(), message));
            }
        }
        found.into_iter().for_each(|problem| self.note(problem));
    }
}

/// That no case has an id. With thousands of cases a list of them helps nobody.
fn no_case(id: &str, ids: &[&str]) -> String {
    Some(unknown("case", id, ids))
        .filter(|message| message.contains("did you mean"))
        .unwrap_or_else(|| format!("no case has the id `{id}`"))
}

impl Selected {
    /// Cases that come from elsewhere than a dataset's files, taken as a whole: of no case yet.
    #[must_use]
    pub fn of_digest(digest: Digest) -> Self {
        Self {
            count: 0,
            total: 0,
            digest,
            columns: BTreeMap::new(),
            tags: BTreeMap::new(),
            all_tags: BTreeMap::new(),
            with_checks: 0,
            clusters: None,
        }
    }

    /// Takes in one case that was in no dataset's file.
    pub fn add(&mut self, case: &Case) {
        self.total += 1;
        for tag in &case.tags {
            count(&mut self.all_tags, tag);
        }
        self.count_names(case);
    }

    fn count_names(&mut self, case: &Case) {
        self.count += 1;
        if case.expected.is_some() {
            count(&mut self.columns, "expected");
        }
        for column in case.columns.keys() {
            count(&mut self.columns, column);
        }
        for tag in &case.tags {
            count(&mut self.tags, tag);
        }
        self.with_checks += u64::from(!case.checks.is_empty());
    }
}

/// How many cases hang together.
#[derive(Default)]
struct Clusters {
    words: Vec<u64>,
    any: bool,
}

impl Clusters {
    fn add(&mut self, case: &Case) {
        // A case without a cluster is one of its own.
        let name = case
            .cluster
            .as_ref()
            .map_or((0, &case.id), |name| (1, name));
        self.any |= name.0 == 1;
        let digest = Digest::of_json(&serde_json::json!(name));
        self.words.push(digest.word());
    }

    fn count(mut self) -> Option<u64> {
        self.words.sort_unstable();
        self.words.dedup();
        self.any.then_some(self.words.len() as u64)
    }
}

/// Counts a name, as long as there are not too many.
fn count(names: &mut BTreeMap<String, u64>, name: &str) {
    if let Some(count) = names.get_mut(name) {
        *count += 1;
    } else if names.len() < MOST_NAMES {
        names.insert(name.to_owned(), 1);
    }
}

#[cfg(test)]
mod tests;
