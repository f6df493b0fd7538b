//! `list` and `schema`: what there is.

use super::args::{List, ListOf, Schema, SchemaOf};
use super::failure::exit;
use super::screen::Screen;
use super::{Done, print};
use crate::jobs::{self, JobError, Listing};

pub(crate) fn run(verb: &List, screen: &Screen) -> Done {
    let listing = match verb.of {
        ListOf::Targets => Listing::Targets,
        ListOf::Scorers => Listing::Scorers,
        ListOf::Judges => Listing::Judges,
        ListOf::Reports => Listing::Reports,
        ListOf::Metrics => Listing::Metrics,
        ListOf::Packs => Listing::Packs,
        ListOf::Benchmarks => Listing::Benchmarks,
    };
    let rows = jobs::list(listing);
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        text.push_str(&format!("{:width$}  {}\n", row.name, row.summary));
        if let Some(example) = row.example {
            text.push_str(&format!("{:width$}    {example}\n", ""));
        }
        for line in row.more {
            text.push_str(&format!("{:width$}    {line}\n", ""));
        }
    }
    print(screen, text.as_bytes())?;
    Ok(exit::DONE)
}

pub(crate) fn schema(verb: &Schema, screen: &Screen) -> Done {
    let name = match verb.of {
        SchemaOf::Suite => "suite",
        SchemaOf::Case => "case",
        SchemaOf::Report => "report",
    };
    let schema = jobs::schema(name)
        .ok_or_else(|| JobError::Unexpected(format!("the schema of {name} cannot be made")))?;
    let mut text = serde_json::to_string_pretty(&schema)
        .map_err(|error| JobError::Unexpected(error.to_string()))?;
    text.push('\n');
    print(screen, text.as_bytes())?;
    Ok(exit::DONE)
}
