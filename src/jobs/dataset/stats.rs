//! What is in a dataset, over all its cases.

use std::path::PathBuf;

use serde::Serialize;

use super::named::named;
use crate::analysis::dataset::{DatasetStats, DatasetTally, LETTERS_PER_TOKEN, Lengths};
use crate::jobs::JobError;
use crate::jobs::failure::MOST_PROBLEMS;
use crate::load::dataset::look::FileCases;
use crate::report::Fact;

/// Names of tags and columns on a screen.
const NAMED: usize = 12;

/// Whose statistics are wanted.
#[derive(Debug, Clone)]
pub struct StatsOf {
    /// A file, or a benchmark that was pulled.
    pub name: String,
    /// The benchmark whose own rows the file holds.
    pub benchmark: Option<String>,
    /// Our field from the column that holds it.
    pub fields: Vec<(String, String)>,
    /// Where pulled files are kept; `None`: as the environment says.
    pub cache: Option<PathBuf>,
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct StatsFound {
    /// As it was called.
    pub name: String,
    /// The benchmark whose rows these are.
    pub benchmark: Option<&'static str>,
    /// Figures.
    #[serde(flatten)]
    pub stats: DatasetStats,
}

/// Goes through a dataset.
pub fn dataset_stats(order: &StatsOf) -> Result<StatsFound, JobError> {
    let found = named(
        &order.name,
        order.benchmark.as_deref(),
        order.cache.as_ref(),
    )?;
    let (mut tally, mut problems) = (DatasetTally::default(), Vec::new());
    'files: for file in &found.files {
        let mut cases =
            FileCases::open(file, found.benchmark, &order.fields).map_err(JobError::Invalid)?;
        while let Some(case) = cases.next_case() {
            match case {
                Ok(case) => tally.add(&case),
                Err(faults) => problems.extend(faults),
            }
            if problems.len() >= MOST_PROBLEMS {
                break 'files;
            }
        }
    }
    if !problems.is_empty() {
        return Err(JobError::of_rows(problems));
    }
    let stats = tally.finish();
    if stats.cases == 0 {
        return Err(JobError::NothingToRun(format!(
            "{} holds no cases",
            order.name
        )));
    }
    Ok(StatsFound {
        name: order.name.clone(),
        benchmark: found.benchmark.map(|benchmark| benchmark.name),
        stats,
    })
}

impl StatsFound {
    /// What is said of it on a screen.
    #[must_use]
    pub fn told(&self) -> Vec<Fact> {
        let stats = &self.stats;
        let of = |lengths: &Lengths| {
            format!(
                "{} to {} characters, median {}, 90th percentile {}",
                lengths.least, lengths.most, lengths.median, lengths.p90
            )
        };
        let mut told = vec![Fact::new("cases", stats.cases.to_string())];
        told.extend(
            stats
                .input
                .as_ref()
                .map(|found| Fact::new("input", of(found))),
        );
        told.push(Fact::new(
            "tokens",
            format!(
                "about {} in all inputs: an estimate, at {LETTERS_PER_TOKEN} characters a token; no tokeniser was asked",
                stats.estimated_input_tokens
            ),
        ));
        told.push(match &stats.expected {
            Some(found) => Fact::new(
                "expected",
                format!("{} (of {} cases)", of(found), found.count),
            ),
            None => Fact::new("expected", "no case has any"),
        });
        told.push(Fact::new(
            "the same",
            format!(
                "{} inputs stand there before letter by letter, {} but for case, punctuation and spaces",
                stats.duplicates, stats.near_duplicates
            ),
        ));
        if let Some(clusters) = stats.clusters {
            told.push(Fact::new("clusters", clusters.to_string()));
        }
        let missing: Vec<String> = stats
            .missing
            .iter()
            .map(|(field, count)| format!("{field} in {count}"))
            .collect();
        if !missing.is_empty() {
            told.push(Fact::new("missing", missing.join(", ")));
        }
        for (name, counts) in [("tags", &stats.tags), ("columns", &stats.columns)] {
            if counts.is_empty() {
                continue;
            }
            let shown = counts.iter().take(NAMED);
            let mut shown: Vec<String> = shown
                .map(|(name, count)| format!("{name} {count}"))
                .collect();
            if counts.len() > NAMED {
                shown.push(format!("and {} more", counts.len() - NAMED));
            }
            told.push(Fact::new(name, shown.join(", ")));
        }
        told
    }
}
