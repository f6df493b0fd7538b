//! A dataset at a glance: what its columns hold, its first rows, and for a benchmark where it comes from.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::named::{cache, no_other};
use crate::jobs::JobError;
use crate::jobs::failure::MOST_PROBLEMS;
use crate::load::benchmarks::places::{Role, place};
use crate::load::benchmarks::pulled::{PulledFile, sha256_of};
use crate::load::benchmarks::{Benchmark, find};
use crate::load::dataset::look::Rows;
use crate::report::Fact;

/// Columns whose kinds are remembered.
const MOST_COLUMNS: usize = 1_000;

/// What is to be shown.
#[derive(Debug, Clone)]
pub struct ShowDataset {
    /// A file, or a benchmark.
    pub name: String,
    /// Rows that are shown.
    pub rows: usize,
    /// Where pulled files are kept; `None`: as the environment says.
    pub cache: Option<PathBuf>,
}

/// A dataset at a glance.
#[derive(Debug, Clone, Serialize)]
pub struct DatasetShown {
    /// As it was called.
    pub name: String,
    /// What is known of the benchmark.
    pub benchmark: Option<BenchmarkShown>,
    /// Its files.
    pub files: Vec<FileShown>,
}

/// What the table says of a benchmark.
#[derive(Debug, Clone, Serialize)]
pub struct BenchmarkShown {
    /// What it asks for.
    pub summary: &'static str,
    /// Cases of the published file.
    pub cases: &'static str,
    /// The licence.
    pub licence: &'static str,
    /// Addresses of its files; empty: none is known.
    pub places: Vec<PlaceShown>,
    /// What one should know of the place.
    pub note: Option<&'static str>,
    /// How it is asked.
    pub asked: &'static str,
    /// Whether its files were pulled.
    pub pulled: bool,
}

/// A published file.
#[derive(Debug, Clone, Serialize)]
pub struct PlaceShown {
    /// Where it is.
    pub address: &'static str,
    /// What it is for.
    pub role: Role,
    /// Its digest, where it is pinned.
    pub sha256: Option<&'static str>,
}

/// A file at a glance.
#[derive(Debug, Clone, Serialize)]
pub struct FileShown {
    /// The file.
    pub path: String,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// What is known of it since it was pulled.
    pub pulled: Option<PulledFile>,
    /// Rows.
    pub rows: u64,
    /// Columns in the order in which they were met.
    pub columns: Vec<ColumnShown>,
    /// The first rows.
    pub first: Vec<Map<String, Json>>,
}

/// A column.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnShown {
    /// Its name.
    pub name: String,
    /// Rows that have it: null and an empty text are absence.
    pub rows: u64,
    /// What it holds, in words.
    pub holds: Vec<&'static str>,
}

/// Looks at a dataset.
pub fn show_dataset(order: &ShowDataset) -> Result<DatasetShown, JobError> {
    if Path::new(&order.name).is_file() {
        let file = file(Path::new(&order.name), None, order.rows)?;
        return Ok(DatasetShown {
            name: order.name.clone(),
            benchmark: None,
            files: vec![file],
        });
    }
    no_other(&order.name)?;
    let benchmark = find(&order.name).map_err(|why| {
        JobError::Usage(format!(
            "there is no file `{}`, and it is no benchmark: {why}",
            order.name
        ))
    })?;
    let mut files = Vec::new();
    if let Ok(cache) = cache(order.cache.as_ref())
        && let Some(index) = cache.index(benchmark.name).map_err(JobError::Refused)?
    {
        let folder = cache.folder(benchmark.name);
        for pulled in index.files.iter().filter(|file| file.role == Role::Cases) {
            files.push(file(&folder.join(&pulled.name), Some(pulled), order.rows)?);
        }
    }
    Ok(DatasetShown {
        name: benchmark.name.to_owned(),
        benchmark: Some(about(benchmark, !files.is_empty())),
        files,
    })
}

fn about(benchmark: &'static Benchmark, pulled: bool) -> BenchmarkShown {
    let place = place(benchmark.name);
    BenchmarkShown {
        summary: benchmark.summary,
        cases: benchmark.cases,
        licence: benchmark.licence,
        places: place.map_or_else(Vec::new, |place| {
            let files = place.files.iter();
            files
                .map(|file| PlaceShown {
                    address: file.address,
                    role: file.role,
                    sha256: file.sha256,
                })
                .collect()
        }),
        note: place
            .map(|place| place.note)
            .filter(|note| !note.is_empty()),
        asked: benchmark.prompt,
        pulled,
    }
}

fn file(path: &Path, pulled: Option<&PulledFile>, first: usize) -> Result<FileShown, JobError> {
    let mut rows = Rows::open(path).map_err(JobError::Invalid)?;
    let mut shown = FileShown {
        path: path.display().to_string(),
        sha256: sha256_of(path)
            .map_err(|error| JobError::problem(path.display().to_string(), error.to_string()))?,
        pulled: pulled.cloned(),
        rows: 0,
        columns: Vec::new(),
        first: Vec::new(),
    };
    let mut problems = Vec::new();
    while let Some(row) = rows.next_row() {
        match row {
            Ok(row) => {
                shown.rows += 1;
                shown.count(&row.fields);
                if shown.first.len() < first {
                    shown.first.push(row.fields);
                }
            }
            Err(faults) => problems.extend(faults),
        }
        if problems.len() >= MOST_PROBLEMS {
            break;
        }
    }
    match problems.is_empty() {
        true => Ok(shown),
        false => Err(JobError::of_rows(problems)),
    }
}

fn what(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "truth values",
        Json::Number(_) => "numbers",
        Json::String(_) => "texts",
        Json::Array(_) => "lists",
        Json::Object(_) => "objects",
    }
}

impl FileShown {
    fn count(&mut self, fields: &Map<String, Json>) {
        for (nth, (name, value)) in fields.iter().enumerate() {
            // Rows mostly have their columns in one order.
            let at = match self.columns.get(nth) {
                Some(column) if column.name == *name => Some(nth),
                _ => self.columns.iter().position(|column| column.name == *name),
            };
            let column = match at {
                Some(at) => &mut self.columns[at],
                None if self.columns.len() < MOST_COLUMNS => {
                    self.columns.push(ColumnShown {
                        name: name.clone(),
                        rows: 0,
                        holds: Vec::new(),
                    });
                    let last = self.columns.len() - 1;
                    &mut self.columns[last]
                }
                None => continue,
            };
            if value.is_null() || value.as_str() == Some("") {
                continue;
            }
            column.rows += 1;
            let held = what(value);
            if !column.holds.contains(&held) {
                column.holds.push(held);
            }
        }
    }

    fn tell(&self, told: &mut Vec<Fact>) {
        told.push(Fact::whole("file", self.path.clone()));
        told.push(Fact::new("sha256", self.sha256.clone()));
        if let Some(pulled) = &self.pulled {
            told.push(Fact::new(
                "pulled",
                format!("from {} ({})", pulled.from, pulled.pin.words()),
            ));
        }
        told.push(Fact::new("rows", self.rows.to_string()));
        for (nth, column) in self.columns.iter().enumerate() {
            let held = match column.holds.is_empty() {
                true => "nothing".to_owned(),
                false => column.holds.join(" and "),
            };
            let name = if nth == 0 { "columns" } else { "" };
            let count = match column.rows == self.rows {
                true => String::new(),
                false => format!(", in {} rows", column.rows),
            };
            told.push(Fact::new(name, format!("{}: {held}{count}", column.name)));
        }
        for (nth, row) in self.first.iter().enumerate() {
            told.push(Fact::new(format!("row {}", nth + 1), ""));
            for (name, value) in row {
                let text = match value {
                    Json::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let cut: String = text.chars().take(160).collect();
                let more = if cut.len() < text.len() { " ..." } else { "" };
                told.push(Fact::new("", format!("{name}: {cut}{more}")));
            }
        }
    }
}

impl DatasetShown {
    /// What is said of it on a screen.
    #[must_use]
    pub fn told(&self) -> Vec<Fact> {
        let mut told = Vec::new();
        if let Some(about) = &self.benchmark {
            told.push(Fact::new("asks for", about.summary));
            told.push(Fact::new("cases", about.cases));
            told.push(Fact::new("licence", about.licence));
            for place in &about.places {
                let digest = match place.sha256 {
                    Some(digest) => format!("sha256 {digest} (pinned)"),
                    None => "unpinned: its digest is recorded on first use".to_owned(),
                };
                told.push(Fact::whole("place", place.address));
                told.push(Fact::new("", digest));
            }
            if about.places.is_empty() {
                told.push(Fact::new("place", "none is known: --from FILE|URL"));
            }
            told.extend(about.note.map(|note| Fact::new("note", note)));
            for (nth, line) in about
                .asked
                .lines()
                .filter(|line| !line.is_empty())
                .enumerate()
            {
                told.push(Fact::new(if nth == 0 { "asked" } else { "" }, line));
            }
            if !about.pulled {
                told.push(Fact::whole(
                    "next",
                    format!("evenhand dataset pull {}", self.name),
                ));
            }
        }
        for file in &self.files {
            file.tell(&mut told);
        }
        told
    }
}
