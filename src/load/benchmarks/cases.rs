//! A benchmark's own file, case by case: in order, or again at a place found before.

use std::path::Path;

use crate::domain::case::Case;
use crate::domain::decode::Problem;
use crate::load::dataset::row::Mapping;
use crate::load::dataset::sources::FileSource;

use super::Benchmark;

/// A benchmark's own file, open.
pub struct Cases {
    source: FileSource,
    mapping: Mapping,
}

/// A case and where its row stands.
#[derive(Debug)]
pub struct NativeCase {
    /// The case; its columns are the row's fields.
    pub case: Case,
    /// Byte offset of the row in the file.
    pub offset: u64,
}

impl Cases {
    /// Opens a file of a benchmark.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn open(path: &Path, benchmark: &'static Benchmark) -> Result<Self, Vec<Problem>> {
        let mapping = Mapping {
            benchmark: Some(benchmark),
            ..Mapping::default()
        };
        let named = path.display().to_string();
        let format = crate::load::dataset::row::format_of(&named).map_err(|message| {
            vec![crate::load::text::problem(
                &named,
                Default::default(),
                message,
            )]
        })?;
        let source = FileSource::open(path, &named, format, &mapping)?;
        Ok(Self { source, mapping })
    }

    /// The next case, or what is wrong with the next row.
    pub fn next_case(&mut self) -> Option<Result<NativeCase, Vec<Problem>>> {
        let found = self.source.next(&self.mapping)?;
        Some(found.map(|found| NativeCase {
            case: found.case,
            offset: found.offset,
        }))
    }

    /// A problem of the row at an offset found before.
    pub fn problem(&mut self, offset: u64, message: impl Into<String>) -> Problem {
        let line = self.source.line_at(offset);
        self.source.problem(line, message)
    }

    /// The case at an offset found before.
    ///
    /// # Errors
    /// What is wrong with its row now.
    pub fn at(&mut self, offset: u64) -> Result<Case, Vec<Problem>> {
        self.source.at(offset, &self.mapping)
    }
}
