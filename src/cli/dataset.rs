//! `dataset`: files of cases, pulled, looked at and converted.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::failure::exit;
use super::judge::Format;
use super::screen::Screen;
use super::{Done, print};
use crate::domain::decode::unknown;
use crate::funnel::terminal;
use crate::jobs::{self, Convert, ConvertTo, JobError, Pull, ShowDataset, StatsOf};
use crate::load::dataset::look::FIELDS;
use crate::report;

/// Files of cases: a benchmark's own pulled from its public place, what is in one, another format of it.
#[derive(Debug, Args)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub(crate) struct Dataset {
    #[command(subcommand)]
    verb: DatasetVerb,
}

#[derive(Debug, Subcommand)]
enum DatasetVerb {
    /// Fetch a benchmark's own files from its public place into the cache, checked; a cut download goes on.
    Pull(PullArgs),
    /// Show a file or a benchmark at a glance: columns, first rows, licence, digest, place.
    Show(ShowArgs),
    /// Count what is in a dataset: lengths, tags, clusters, the same inputs, missing fields.
    Stats(StatsArgs),
    /// Write a file of cases in another format, losing nothing.
    Convert(ConvertArgs),
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// A file of rows (.jsonl, .csv, .json), or a benchmark.
    name: String,
    /// Rows that are shown.
    #[arg(long, value_name = "N", default_value_t = 2)]
    rows: usize,
    #[command(flatten)]
    cache: CacheArgs,
    /// Print the result as `json` instead of the screen.
    #[arg(long, value_name = "KIND", default_value = "terminal")]
    format: Format,
}

#[derive(Debug, Args)]
struct StatsArgs {
    /// A file of cases (.jsonl, .csv, .json), or a benchmark that was pulled.
    name: String,
    /// The file holds this benchmark's own rows.
    #[arg(long, value_name = "NAME", conflicts_with = "fields")]
    benchmark: Option<String>,
    /// Our field from the column that holds it, as `dataset.fields` in a suite; repeatable.
    #[arg(long = "field", value_name = "FIELD=COLUMN", value_parser = field)]
    fields: Vec<(String, String)>,
    #[command(flatten)]
    cache: CacheArgs,
    /// Print the result as `json` instead of the screen.
    #[arg(long, value_name = "KIND", default_value = "terminal")]
    format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "\
A CSV cell is text: a row that holds what would come back as something else is refused, with its line.
Exits: 0 written · 2 the file is there · 3 a row is broken, or cannot be said in the format · 7 not written")]
struct ConvertArgs {
    /// The file of cases (.jsonl, .csv, .json).
    file: PathBuf,
    /// The format.
    #[arg(long, value_name = "FORMAT")]
    to: To,
    /// The file to write; without it stdout.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace a file that is there.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    Jsonl,
    Csv,
    Json,
}

impl From<To> for ConvertTo {
    fn from(to: To) -> Self {
        match to {
            To::Jsonl => Self::Jsonl,
            To::Csv => Self::Csv,
            To::Json => Self::Json,
        }
    }
}

/// Reads `input=question`.
fn field(text: &str) -> Result<(String, String), String> {
    let (ours, column) = text
        .split_once('=')
        .filter(|(_, column)| !column.is_empty())
        .ok_or("FIELD=COLUMN is wanted, such as input=question")?;
    match FIELDS.contains(&ours) {
        true => Ok((ours.to_owned(), column.to_owned())),
        false => Err(unknown("field of a case", ours, FIELDS)),
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Kept in:  EVENHAND_CACHE_DIR, else XDG_CACHE_HOME/evenhand, else ~/.cache/evenhand
Then:     `dataset: {benchmark: NAME}` in a suite finds the files without `path`
Exits: 0 pulled · 2 no such benchmark, no known place · 3 another digest than meant · 5 could not be
       fetched (offline, 404, another host) · 7 cache or lock file cannot be written, or is in use")]
struct PullArgs {
    /// The benchmark: `evenhand list benchmarks`.
    benchmark: String,
    /// Take this file, folder or address (a folder's ends in `/`) instead of the benchmark's own place.
    #[arg(long, value_name = "FILE|DIR|URL")]
    from: Option<String>,
    #[command(flatten)]
    cache: CacheArgs,
    /// The file that records digests; commit it beside the suite.
    #[arg(long, value_name = "FILE", default_value = jobs::DATASETS_LOCK)]
    lock: PathBuf,
    /// Record the digests that come now, whatever the lock file or the table says.
    #[arg(long)]
    relock: bool,
    /// Follow redirects to this host too (over TLS); repeatable.
    #[arg(long, value_name = "HOST")]
    allow_redirect: Vec<String>,
    /// The most bytes of a file, as it comes and unpacked; k, M and G are powers of 1000.
    #[arg(long, value_name = "BYTES", default_value = "2G", value_parser = bytes)]
    max_size: u64,
    /// Trust the certificates in FILE too (PEM).
    #[arg(long, value_name = "FILE")]
    ca_bundle: Option<PathBuf>,
    /// Print the result as `json` instead of the screen.
    #[arg(long, value_name = "KIND", default_value = "terminal")]
    format: Format,
}

/// Where pulled files are kept.
#[derive(Debug, Args)]
pub(crate) struct CacheArgs {
    /// Where pulled files are kept.
    #[arg(long, value_name = "DIR", env = "EVENHAND_CACHE_DIR")]
    cache_dir: Option<PathBuf>,
}

/// A number of bytes.
fn bytes(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.strip_suffix(['k', 'M', 'G']) {
        Some(digits) if text.ends_with('k') => (digits, 1_000),
        Some(digits) if text.ends_with('M') => (digits, 1_000_000),
        Some(digits) => (digits, 1_000_000_000),
        None => (text, 1),
    };
    let number: Option<u64> = digits.parse().ok().filter(|number| *number > 0);
    number
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| "a whole number of bytes from 1 is wanted, such as 500M".to_owned())
}

pub(crate) fn run(dataset: Dataset, screen: &Screen) -> Done {
    match dataset.verb {
        DatasetVerb::Pull(verb) => pull(verb, screen),
        DatasetVerb::Show(verb) => show(verb, screen),
        DatasetVerb::Stats(verb) => stats(verb, screen),
        DatasetVerb::Convert(verb) => convert(verb, screen),
    }
}

fn show(verb: ShowArgs, screen: &Screen) -> Done {
    let found = jobs::show_dataset(&ShowDataset {
        name: verb.name,
        rows: verb.rows,
        cache: verb.cache.cache_dir,
    })?;
    let text = match verb.format {
        Format::Terminal => report::facts(&found.name, &found.told(), screen.width, screen.color),
        Format::Json => json(&found)?,
    };
    print(screen, text.as_bytes())?;
    Ok(exit::DONE)
}

fn stats(verb: StatsArgs, screen: &Screen) -> Done {
    let found = jobs::dataset_stats(&StatsOf {
        name: verb.name,
        benchmark: verb.benchmark,
        fields: verb.fields,
        cache: verb.cache.cache_dir,
    })?;
    let text = match verb.format {
        Format::Terminal => report::facts(&found.name, &found.told(), screen.width, screen.color),
        Format::Json => json(&found)?,
    };
    print(screen, text.as_bytes())?;
    Ok(exit::DONE)
}

fn convert(verb: ConvertArgs, screen: &Screen) -> Done {
    let order = Convert {
        file: verb.file,
        to: verb.to.into(),
        out: verb.out,
        force: verb.force,
    };
    let mut out = BufWriter::new(Stdout(screen));
    let converted = jobs::convert(&order, &mut out)?;
    out.flush()
        .map_err(|error| JobError::Store(error.to_string()))?;
    if let Some(out) = &order.out {
        let rows = converted.rows;
        screen.note(&terminal(&format!("{rows} rows in {}", out.display())));
    }
    if converted.formulas > 0 {
        screen.note(&format!(
            "{} cells begin like formulas and are written as they are: do not open the file in a spreadsheet that computes them",
            converted.formulas
        ));
    }
    Ok(exit::DONE)
}

/// The one stdout writer, for what is written piece by piece.
struct Stdout<'a>(&'a Screen);

impl Write for Stdout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.print(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn pull(verb: PullArgs, screen: &Screen) -> Done {
    let order = Pull {
        benchmark: verb.benchmark,
        from: verb.from,
        cache: verb.cache.cache_dir,
        lock: verb.lock,
        relock: verb.relock,
        hosts: verb.allow_redirect,
        most: verb.max_size,
        ca_bundle: verb.ca_bundle,
    };
    let found = jobs::pull(&order, &mut |line| screen.note(&terminal(&line)))?;
    let text = match verb.format {
        Format::Terminal => {
            let title = format!("{} · {}", found.benchmark, found.licence);
            report::facts(&title, &found.told(), screen.width, screen.color)
        }
        Format::Json => json(&found)?,
    };
    print(screen, text.as_bytes())?;
    Ok(exit::DONE)
}

fn json(found: &impl serde::Serialize) -> Result<String, JobError> {
    let text = serde_json::to_string_pretty(found)
        .map_err(|error| JobError::Unexpected(error.to_string()))?;
    Ok(text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_units() {
        for (text, wanted) in [
            ("12", 12),
            ("3k", 3_000),
            ("500M", 500_000_000),
            ("2G", 2_000_000_000),
        ] {
            assert_eq!(bytes(text), Ok(wanted));
        }
        for text in ["", "0", "k", "-1", "1.5G", "99999999999999999999G", "2T"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
