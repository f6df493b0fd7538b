//! Outputs that somebody has, scored by a public benchmark's own rule: no agent is called and no run is made.
//!
//! Outputs are put to the benchmark's rows by a column that both have, by the case's id, or by their place. Of the rows 24 bytes each
//! are held (a digest of what names them, and where they stand), so that a file of any size is gone through; without a file of cases an
//! output's own row is the benchmark's row. Nothing is told before every output was looked at, and a fault in either file ends it.

mod execution;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value as Json};

use execution::Executor;

use super::JobError;
use super::failure::MOST_PROBLEMS;
use crate::analysis::findings::Unit;
use crate::analysis::outputs::{Summary, Tally, unit};
use crate::domain::case::Case;
use crate::domain::decode::{Problem, unknown};
use crate::load::benchmarks::places::Role;
use crate::load::benchmarks::pulled::Cache;
use crate::load::benchmarks::{Benchmark, Cases, OutputRow, Outputs, Wanted, find};
use crate::report::Heading;
use crate::score::benchmark::{Attempts, Convention, Execution, Outcome, Rule, Verdict, named};

/// What is to be scored.
#[derive(Debug, Clone)]
pub struct ScoreOutputs {
    /// The benchmark's name.
    pub benchmark: String,
    /// One of its conventions; `None`: its first.
    pub convention: Option<String>,
    /// The benchmark's own file; `None`: each output's row has the fields that the rule needs, or the file was pulled.
    pub cases: Option<PathBuf>,
    /// The outputs: .jsonl, .csv or .json.
    pub outputs: PathBuf,
    /// The field of an output's row that names its case; `None`: the first usual one that the first row has, else its place.
    pub id: Option<String>,
    /// The field that holds the output; `None`: the first usual one that the first row has.
    pub output: Option<String>,
    /// Where one line of JSON for each output goes.
    pub verdicts: Option<PathBuf>,
    /// Execute outputs that are programs.
    pub allow_exec: bool,
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct ScoredOutputs {
    /// How it was scored.
    #[serde(flatten)]
    pub heading: Heading,
    /// What the outputs say together.
    #[serde(flatten)]
    pub summary: Summary,
    /// The unit of the metric.
    pub unit: Unit,
}

/// A line of the file of verdicts.
#[derive(Debug, Serialize)]
struct VerdictLine<'a> {
    id: &'a str,
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pass: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unscored: Option<&'a str>,
    extracted: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

/// Scores outputs by a benchmark's rule.
pub fn score_outputs(order: &ScoreOutputs) -> Result<ScoredOutputs, JobError> {
    let benchmark = find(&order.benchmark).map_err(JobError::Usage)?;
    let rule = benchmark.rule().map_err(JobError::Unexpected)?;
    let convention = match &order.convention {
        None => &rule.conventions[0],
        Some(name) => named(rule, name).map_err(JobError::Usage)?,
    };
    let executor = match convention.executes {
        true => Some(Executor::new(benchmark.name, order.allow_exec)?),
        false if order.allow_exec => {
            return Err(JobError::Usage(format!(
                "--allow-exec: convention {} of {} executes nothing; leave it out",
                convention.name, benchmark.name
            )));
        }
        false => None,
    };
    let wanted = Wanted {
        field: order.output.as_deref().or(convention.field),
        list: benchmark.list_of_outputs,
        verdicts: convention.field.is_some(),
    };
    let mut outputs = Outputs::open(&order.outputs, wanted).map_err(JobError::Invalid)?;
    if outputs.is_empty() {
        return Err(JobError::NothingToRun(format!(
            "{} holds no outputs",
            order.outputs.display()
        )));
    }
    let join = Join::of(order, benchmark, &outputs)?;
    let pulled = pulled(order, benchmark, convention, &outputs)?;
    let mut rows = match order.cases.as_ref().or(pulled.as_ref()) {
        None => Rows::Own(Seen::of(rule)),
        Some(path) => Rows::open(path, benchmark, rule, &join)?,
    };
    if let Some(verdicts) = order.verdicts.as_deref() {
        let read = [Some(&order.outputs), order.cases.as_ref(), pulled.as_ref()];
        no_loss(verdicts, read.into_iter().flatten())?;
    }
    let mut kept = order.verdicts.as_deref().map(Kept::new).transpose()?;
    let mut tally = Tally::new(convention.is_number, rule.reads_a_grader).of(rule.attempts);
    let mut waiting = Waiting::default();
    let mut problems: Vec<Problem> = Vec::new();
    while let Some(found) = outputs.next_row() {
        if problems.len() >= MOST_PROBLEMS {
            break;
        }
        let one = found.and_then(|output| {
            let case = rows.case_of(&output, &join).map_err(|faults| {
                let named = |fault| match fault {
                    Fault::Output(message) => outputs.problem(output.line, message),
                    Fault::Case(problem) => problem,
                };
                faults.into_iter().map(named).collect::<Vec<_>>()
            })?;
            score(&output, case, benchmark, (rule, convention), &outputs)
        });
        match one {
            Ok(scored) => waiting.0.push(scored),
            Err(faults) => problems.extend(faults),
        }
        let full = executor
            .as_ref()
            .is_none_or(|executor| waiting.0.len() >= executor.batch());
        if full && problems.is_empty() {
            waiting.settle(executor.as_ref(), &mut tally, kept.as_mut())?;
        }
    }
    if problems.is_empty() {
        waiting.settle(executor.as_ref(), &mut tally, kept.as_mut())?;
    }
    if !problems.is_empty() {
        return Err(JobError::of_rows(problems));
    }
    let (cases, without_output) = rows.left()?;
    if let Some(kept) = kept {
        kept.finish()?;
    }
    let heading = Heading {
        benchmark: benchmark.name.to_owned(),
        convention: convention.name.to_owned(),
        scored_by: convention.summary.to_owned(),
        metric: benchmark.metric.to_owned(),
        verified: benchmark.verified.map(str::to_owned),
        joined_by: match cases {
            Some(_) => format!("put to cases by {}", join.words()),
            None => format!("named by {}, each row with its own gold", join.words()),
        },
        output_field: outputs.field().to_owned(),
        cases,
        without_output,
        executed: executor.as_ref().map(|executor| executor.held_by.clone()),
        warnings: executor
            .and_then(|executor| executor.warning)
            .into_iter()
            .collect(),
    };
    Ok(ScoredOutputs {
        heading,
        summary: tally.summary(cases),
        unit: unit(convention.is_number),
    })
}

/// Holds that the file of verdicts is none of those that are read: it would be lost.
fn no_loss<'a>(
    verdicts: &Path,
    mut read: impl Iterator<Item = &'a PathBuf>,
) -> Result<(), JobError> {
    let Ok(there) = verdicts.canonicalize() else {
        return Ok(());
    };
    match read.find(|file| file.canonicalize().is_ok_and(|file| file == there)) {
        None => Ok(()),
        Some(_) => Err(JobError::Usage(format!(
            "--verdicts: {} is read here and would be lost; name another file",
            verdicts.display()
        ))),
    }
}

/// The pulled file of cases, where neither a file nor the outputs' own rows have what the rule needs; `None` also where nothing was
/// pulled: then the first row says what it lacks.
fn pulled(
    order: &ScoreOutputs,
    benchmark: &Benchmark,
    convention: &Convention,
    outputs: &Outputs,
) -> Result<Option<PathBuf>, JobError> {
    let own = |first: &Map<String, Json>| convention.check(&Json::Object(first.clone())).is_ok();
    if order.cases.is_some() || outputs.first().is_none_or(own) {
        return Ok(None);
    }
    let Ok(cache) = Cache::of_environment() else {
        return Ok(None);
    };
    if cache
        .index(benchmark.name)
        .map_err(JobError::Refused)?
        .is_none()
    {
        return Ok(None);
    }
    let files = cache
        .files(benchmark.name, Role::Cases, Path::new("."))
        .map_err(JobError::Refused)?;
    match files.as_slice() {
        [one] => Ok(Some(one.clone())),
        several => Err(JobError::Usage(format!(
            "{} has {} files of cases; name the one that these outputs are of: --cases FILE ({} ...)",
            benchmark.name,
            several.len(),
            several
                .first()
                .map_or_else(String::new, |file| file.display().to_string())
        ))),
    }
}

/// An output with its verdict.
struct Scored {
    id: String,
    line: u64,
    tags: Vec<String>,
    cluster: Option<String>,
    verdict: Verdict,
    /// What must be executed for the verdict, which until then is none.
    execution: Option<Execution>,
}

/// Outputs that were looked at and not counted yet.
#[derive(Default)]
struct Waiting(Vec<Scored>);

impl Waiting {
    /// Executes what must be, and counts all in their order.
    fn settle(
        &mut self,
        executor: Option<&Executor>,
        tally: &mut Tally,
        mut kept: Option<&mut Kept>,
    ) -> Result<(), JobError> {
        let mut all = std::mem::take(&mut self.0);
        if let Some(executor) = executor {
            let taken = |scored: &mut Scored| scored.execution.take();
            let (places, programs): (Vec<usize>, Vec<Execution>) = all
                .iter_mut()
                .enumerate()
                .filter_map(|(at, scored)| Some((at, taken(scored)?)))
                .unzip();
            for (at, verdict) in places.into_iter().zip(executor.verdicts(programs)?) {
                all[at].verdict = verdict;
            }
        }
        for scored in all {
            tally.add(&scored.verdict, &scored.tags, scored.cluster.as_deref());
            if let Some(kept) = &mut kept {
                kept.add(&scored)?;
            }
        }
        Ok(())
    }
}

/// What an output is held against.
enum Against {
    /// A case of the benchmark's file.
    Case(Box<Case>),
    /// The output's own row, under this name.
    Own(String),
}

fn score(
    output: &OutputRow,
    against: Against,
    benchmark: &Benchmark,
    (rule, convention): (&Rule, &Convention),
    outputs: &Outputs,
) -> Result<Scored, Vec<Problem>> {
    let (id, tags, cluster, row) = match against {
        Against::Case(case) => {
            let case = *case;
            (case.id, case.tags, case.cluster, Json::Object(case.columns))
        }
        Against::Own(id) => {
            let row = Json::Object(output.row.clone());
            convention.check(&row).map_err(|error| {
                vec![outputs.problem(
                    output.line,
                    format!(
                        "the row lacks what the rule of {} needs: {error}; name the benchmark's own file: --cases FILE (or pull it: evenhand dataset pull {})",
                        benchmark.name, benchmark.name
                    ),
                )]
            })?;
            let tag = ["category", "subject", "Subject"]
                .iter()
                .find_map(|name| output.row.get(*name)?.as_str());
            (id, tag.map(str::to_owned).into_iter().collect(), None, row)
        }
    };
    let (verdict, execution) = match convention.executes {
        false => (convention.verdict(&row, &output.output), None),
        true => match convention.program(&row, &output.output) {
            Ok(execution) => (Verdict::unscored("it was not executed"), Some(execution)),
            Err(why) => (Verdict::unscored(why), None),
        },
    };
    // Attempts at one case hang together.
    let cluster = match rule.attempts {
        Attempts::One => cluster,
        Attempts::AnyRight | Attempts::AllRight => Some(id.clone()),
    };
    Ok(Scored {
        id,
        line: output.line,
        tags,
        cluster,
        verdict,
        execution,
    })
}

/// How outputs are put to cases.
enum Join {
    /// By their order.
    Place,
    /// By a field of the outputs' rows that holds case ids.
    Id(String),
    /// By a column that both files have.
    Column(String),
}

impl Join {
    fn of(
        order: &ScoreOutputs,
        benchmark: &Benchmark,
        outputs: &Outputs,
    ) -> Result<Self, JobError> {
        let Some(first) = outputs.first() else {
            return Ok(Self::Place);
        };
        let by = |field: &str| match benchmark.keys.contains(&field) {
            true => Self::Column(field.to_owned()),
            false => Self::Id(field.to_owned()),
        };
        if let Some(field) = &order.id {
            if !first.contains_key(field) {
                let columns: Vec<&str> = first.keys().map(String::as_str).take(50).collect();
                let message = unknown("field", field, &columns);
                return Err(JobError::Usage(format!(
                    "--id: {message} ({})",
                    order.outputs.display()
                )));
            }
            return Ok(by(field));
        }
        let usual = benchmark.keys.iter().chain(&["id"]);
        let found = usual.copied().find(|name| first.contains_key(*name));
        Ok(found.map_or(Self::Place, by))
    }

    fn words(&self) -> String {
        match self {
            Self::Place => "their place in the file".to_owned(),
            Self::Id(field) => format!("the case id in `{field}`"),
            Self::Column(field) => format!("`{field}`"),
        }
    }

    /// What names the output's case.
    fn key(&self, row: &Map<String, Json>) -> Result<Option<String>, String> {
        let field = match self {
            Self::Place => return Ok(None),
            Self::Id(field) | Self::Column(field) => field,
        };
        match row.get(field) {
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(Json::Number(number)) => Ok(Some(number.to_string())),
            _ => Err(format!(
                "`{field}` must name the case by a text or a number; name another field: --id FIELD"
            )),
        }
    }

    /// What names a case.
    fn key_of(&self, case: &Case) -> Result<String, String> {
        match self {
            // The files of one benchmark differ in capitals: `question`, `Question`.
            Self::Column(field) => match spelled(&case.columns, field) {
                Some(Json::String(text)) => Ok(text.clone()),
                Some(Json::Number(number)) => Ok(number.to_string()),
                _ => Err(format!(
                    "the row has no `{field}` to put outputs to it by; name another field: --id FIELD"
                )),
            },
            Self::Place | Self::Id(_) => Ok(case.id.clone()),
        }
    }
}

/// A column of this name; else one that differs in capitals only.
fn spelled<'a>(columns: &'a Map<String, Json>, name: &str) -> Option<&'a Json> {
    columns.get(name).or_else(|| {
        let mut columns = columns.iter();
        let found = columns.find(|(column, _)| column.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    })
}

fn digest(key: &str) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(key.as_bytes()).as_bytes()[..16]);
    short
}

/// Names that were met before.
struct Seen {
    names: BTreeSet<[u8; 16]>,
    /// Whether a case may have several outputs.
    several: bool,
}

impl Seen {
    fn of(rule: &Rule) -> Self {
        Self {
            names: BTreeSet::new(),
            several: rule.attempts != Attempts::One,
        }
    }

    fn first(&mut self, key: &str) -> Result<(), String> {
        match self.several || self.names.insert(digest(key)) {
            true => Ok(()),
            false => Err(twice(key)),
        }
    }
}

fn twice(key: &str) -> String {
    format!(
        "there is an output for `{key}` already; score each attempt's outputs as a file of their own"
    )
}

/// A row of the benchmark's file: what names it, and where it stands.
struct Entry {
    key: [u8; 16],
    offset: u64,
}

/// Where the benchmark's rows are.
enum Rows {
    /// In the outputs themselves.
    Own(Seen),
    /// In a file in the same order.
    InOrder {
        cases: Cases,
        file: String,
        taken: u64,
    },
    /// In a file, found by name.
    ByName {
        cases: Cases,
        entries: Vec<Entry>,
        taken: Vec<bool>,
        /// Whether a case may have several outputs.
        several: bool,
        file: String,
    },
}

/// What is wrong, and where.
enum Fault {
    Output(String),
    Case(Problem),
}

impl Rows {
    fn open(
        path: &Path,
        benchmark: &'static Benchmark,
        rule: &Rule,
        join: &Join,
    ) -> Result<Self, JobError> {
        let file = path.display().to_string();
        let mut cases = Cases::open(path, benchmark).map_err(JobError::Invalid)?;
        if matches!(join, Join::Place) {
            return Ok(Self::InOrder {
                cases,
                file,
                taken: 0,
            });
        }
        let (mut entries, mut problems) = (Vec::new(), Vec::new());
        while let Some(found) = cases.next_case() {
            if problems.len() >= MOST_PROBLEMS {
                break;
            }
            match found {
                Ok(found) => match join.key_of(&found.case) {
                    Ok(key) => entries.push(Entry {
                        key: digest(&key),
                        offset: found.offset,
                    }),
                    Err(message) => {
                        let problem = cases.problem(found.offset, message);
                        return Err(JobError::Invalid(vec![problem]));
                    }
                },
                Err(faults) => problems.extend(faults),
            }
        }
        if !problems.is_empty() {
            return Err(JobError::of_rows(problems));
        }
        entries.sort_unstable_by_key(|entry| (entry.key, entry.offset));
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].key == pair[1].key) {
            let twin = cases.at(pair[1].offset).map_err(JobError::Invalid)?;
            let key = join.key_of(&twin).unwrap_or_default();
            let key: String = key.chars().take(80).collect();
            let first = cases.problem(pair[0].offset, "");
            let problem = cases.problem(
                pair[1].offset,
                format!(
                    "`{key}` names the row of line {} already; outputs cannot be put to them by it: name another field (--id FIELD)",
                    first.span.line
                ),
            );
            return Err(JobError::Invalid(vec![problem]));
        }
        Ok(Self::ByName {
            taken: vec![false; entries.len()],
            several: rule.attempts != Attempts::One,
            cases,
            entries,
            file,
        })
    }

    /// What an output is held against.
    fn case_of(&mut self, output: &OutputRow, join: &Join) -> Result<Against, Vec<Fault>> {
        let wrong = |message: String| vec![Fault::Output(message)];
        let faulty = |problems: Vec<Problem>| -> Vec<Fault> {
            problems.into_iter().map(Fault::Case).collect()
        };
        let key = join.key(&output.row).map_err(wrong)?;
        match self {
            Self::Own(seen) => {
                let key = key.unwrap_or_else(|| output.line.to_string());
                seen.first(&key).map_err(wrong)?;
                Ok(Against::Own(key))
            }
            Self::InOrder { cases, file, taken } => match cases.next_case() {
                Some(found) => {
                    *taken += 1;
                    let found = found.map_err(faulty)?;
                    Ok(Against::Case(Box::new(found.case)))
                }
                None => Err(wrong(format!(
                    "{file} has {taken} cases, and this is an output more; are these its outputs, in its order? Name the field that names the case: --id FIELD"
                ))),
            },
            Self::ByName {
                cases,
                entries,
                taken,
                several,
                file,
            } => {
                let key = key.unwrap_or_default();
                let shown = || key.chars().take(80).collect::<String>();
                let Ok(at) = entries.binary_search_by_key(&digest(&key), |entry| entry.key) else {
                    return Err(wrong(format!("{file} has no case `{}`", shown())));
                };
                if std::mem::replace(&mut taken[at], true) && !*several {
                    return Err(wrong(twice(&shown())));
                }
                let case = cases.at(entries[at].offset).map_err(faulty)?;
                Ok(Against::Case(Box::new(case)))
            }
        }
    }

    /// How many cases there are, and how many have no output.
    fn left(self) -> Result<(Option<u64>, u64), JobError> {
        Ok(match self {
            Self::Own(_) => (None, 0),
            Self::InOrder {
                mut cases, taken, ..
            } => {
                let mut left = 0;
                while let Some(found) = cases.next_case() {
                    found.map_err(JobError::Invalid)?;
                    left += 1;
                }
                (Some(taken + left), left)
            }
            Self::ByName { taken, .. } => {
                let left = taken.iter().filter(|taken| !**taken).count() as u64;
                (Some(taken.len() as u64), left)
            }
        })
    }
}

/// The file of verdicts; it has its name only once it is whole.
struct Kept {
    path: PathBuf,
    partial: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Kept {
    fn new(path: &Path) -> Result<Self, JobError> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let mut kept = Self {
            path: path.to_owned(),
            partial: PathBuf::from(partial),
            file: None,
        };
        let file = File::create(&kept.partial).map_err(|error| kept.lost(&error))?;
        kept.file = Some(BufWriter::new(file));
        Ok(kept)
    }

    fn lost(&self, error: &dyn std::fmt::Display) -> JobError {
        JobError::Store(format!("cannot write {}: {error}", self.path.display()))
    }

    fn add(&mut self, scored: &Scored) -> Result<(), JobError> {
        let verdict = &scored.verdict;
        let line = VerdictLine {
            id: &scored.id,
            line: scored.line,
            pass: verdict.passed(),
            value: match verdict.outcome {
                Outcome::Number(value) => Some(value),
                _ => None,
            },
            unscored: match &verdict.outcome {
                Outcome::Unscored(why) => Some(why),
                _ => None,
            },
            extracted: verdict.extracted.as_deref(),
            detail: verdict.detail.as_deref(),
        };
        let mut text = serde_json::to_string(&line)
            .map_err(|error| JobError::Unexpected(error.to_string()))?;
        text.push('\n');
        let written = match &mut self.file {
            Some(file) => file.write_all(text.as_bytes()),
            None => Ok(()),
        };
        written.map_err(|error| self.lost(&error))
    }

    fn finish(mut self) -> Result<(), JobError> {
        if let Some(mut file) = self.file.take() {
            let written = file.flush();
            written.map_err(|error| self.lost(&error))?;
        }
        std::fs::rename(&self.partial, &self.path).map_err(|error| self.lost(&error))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // What was renamed is not there any more, and a part of a list is of no use.
        let _ = std::fs::remove_file(&self.partial);
    }
}
