//! `recorded`: outputs that are already there, to be scored or judged again without calling anything.
//!
//! Read are JSON lines (transcripts, the short form `{"case", "output"}` with `usage`, `cost_usd`, `latency_ms`, `repeat` where known,
//! or the journal of a run), CSV with columns of these names, and a run's folder. Of the texts nothing is kept in memory: an index of
//! case digests and places is made when the run begins, and each row is read when it is asked for.

mod found;
mod table;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::domain::case::Case;
use crate::domain::decode::{Fields, Text};
use crate::domain::digest::Digest;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::kind::Kind;
use crate::domain::message::Message;
use crate::domain::plan::ORIGINAL;
use crate::domain::port::{Local, Parts, Reply, Request, Session, Target, TargetPlan};

use found::Found;
use table::{Columns, GoesOn, reader};

/// The row of the table.
pub(super) const KIND: Kind<Arc<dyn TargetPlan>> = Kind {
    name: "recorded",
    summary: "outputs that are already there: transcripts, {case, output} rows, or an earlier run",
    example: "{path: outputs.jsonl}",
    decode,
};

/// The most bytes of one row.
const MOST: u64 = 256 << 20;

/// What the suite says about the target.
#[derive(Debug, Clone)]
struct Recorded {
    path: String,
    target: Option<String>,
}

fn decode(fields: &mut Fields<'_>) -> Option<Arc<dyn TargetPlan>> {
    let path = fields.required(
        "path",
        "a file of JSON lines, a CSV file, or a run's folder, relative to the suite's",
        Text,
    );
    let target = fields.optional(
        "target",
        "only rows of this target; needed where the file holds several",
        Text,
    );
    Some(Arc::new(Recorded {
        path: path?,
        target,
    }))
}

/// Why a file of recorded outputs cannot be used.
#[derive(Debug, thiserror::Error)]
enum RecordedError {
    #[error(
        "`{path}` cannot be read: {error}; give the path of a file or run folder relative to the suite's folder"
    )]
    Unreadable { path: String, error: std::io::Error },
    #[error("`{path}` line {line}: {message}")]
    Row {
        path: String,
        line: u64,
        message: String,
    },
    #[error("`{path}` has no column `{column}`; it has {found}")]
    NoColumn {
        path: String,
        column: &'static str,
        found: String,
    },
    #[error(
        "`{path}` holds two outputs for case `{case}`, repeat {repeat}; name the `target` whose rows are meant, or give each a `repeat`"
    )]
    Twice {
        path: String,
        case: String,
        repeat: u32,
    },
    #[error("`{path}` holds no output{of}")]
    Empty { path: String, of: String },
}

impl TargetPlan for Recorded {
    fn endpoint(&self) -> String {
        self.path.clone()
    }

    /// A recorded failure of the agent stays one.
    fn failures(&self) -> &'static [FaultKind] {
        &[FaultKind::TimedOut, FaultKind::Crashed, FaultKind::Garbled]
    }

    fn is_live(&self) -> bool {
        false
    }

    fn files(&self) -> Vec<&str> {
        vec![&self.path]
    }

    fn build(&self, parts: &Parts) -> Result<Rc<dyn Target>, String> {
        Index::build(
            &parts.folder.join(&self.path),
            &self.path,
            self.target.as_deref(),
        )
        .map(|index| Rc::new(index) as Rc<dyn Target>)
        .map_err(|error| error.to_string())
    }
}

/// Where each row stands.
struct Index {
    file: PathBuf,
    shown: String,
    form: Form,
    rows: Vec<Row>,
}

enum Form {
    Lines,
    Csv(Columns),
}

/// One row: 24 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    case: u64,
    repeat: u32,
    offset: u64,
}

/// A row's head: whose it is. Of a journal's line only those that finish a trial count.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    event: Option<String>,
    #[serde(default)]
    trial: Option<Json>,
    #[serde(default)]
    case: Option<String>,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    variant: Option<String>,
    #[serde(default)]
    repeat: Option<u32>,
}

impl Head {
    /// From a line; `None` for a journal's line of another kind.
    fn read(line: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        let head: Self = serde_json::from_slice(line)?;
        match (head.event.as_deref(), &head.trial) {
            (None, _) => Ok(Some(head)),
            (Some("trial_finished"), Some(trial)) => Self::deserialize(trial).map(Some),
            (Some(_), _) => Ok(None),
        }
    }

    /// Whether the row is of the target asked for, and of the case as written.
    fn is_meant(&self, target: Option<&str>) -> bool {
        let ours = target.is_none_or(|wanted| self.target.as_deref() == Some(wanted));
        let variant = self.variant.as_deref().unwrap_or_default();
        ours && (variant.is_empty() || variant == ORIGINAL)
    }
}

impl Index {
    fn build(path: &Path, shown: &str, target: Option<&str>) -> Result<Self, RecordedError> {
        let file = if path.is_dir() {
            path.join("events.jsonl")
        } else {
            path.to_owned()
        };
        let is_csv = file
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("csv"));
        let is_journal = path.is_dir();
        let mut building = Building {
            shown,
            target,
            rows: Vec::new(),
            unnumbered: std::collections::BTreeMap::new(),
        };
        let form = if is_csv {
            Form::Csv(building.csv(&file)?)
        } else {
            building.lines(&file)?;
            Form::Lines
        };
        let mut rows = building.rows;
        // Stable: of equal rows the first in the file stands first.
        rows.sort_by_key(|row| (row.case, row.repeat));
        if rows.is_empty() {
            let of = target.map_or(String::new(), |target| format!(" of target `{target}`"));
            return Err(RecordedError::Empty {
                path: shown.to_owned(),
                of,
            });
        }
        let mut index = Self {
            file,
            shown: shown.to_owned(),
            form,
            rows,
        };
        index.settle_doubles(is_journal)?;
        Ok(index)
    }

    /// A journal may hold a trial twice, errored first and done again later: the last one counts. Elsewhere that is a mistake.
    fn settle_doubles(&mut self, is_journal: bool) -> Result<(), RecordedError> {
        let double = self
            .rows
            .windows(2)
            .find(|pair| (pair[0].case, pair[0].repeat) == (pair[1].case, pair[1].repeat))
            .map(|pair| pair[0]);
        if is_journal {
            self.rows.reverse();
            self.rows.dedup_by_key(|row| (row.case, row.repeat));
            self.rows.reverse();
        } else if let Some(row) = double {
            let case = self
                .read(row)
                .map(|recorded| recorded.transcript.case)
                .unwrap_or_default();
            return Err(RecordedError::Twice {
                path: self.shown.clone(),
                case,
                repeat: row.repeat,
            });
        }
        Ok(())
    }

    fn find(&self, case: &str, repeat: u32) -> Option<Row> {
        let key = (Digest::of(case.as_bytes()).word(), repeat);
        let place = self
            .rows
            .partition_point(|row| (row.case, row.repeat) < key);
        self.rows
            .get(place)
            .copied()
            .filter(|row| (row.case, row.repeat) == key)
    }

    fn read(&self, row: Row) -> Result<Found, String> {
        let mut file = File::open(&self.file).map_err(|error| error.to_string())?;
        file.seek(SeekFrom::Start(row.offset))
            .map_err(|error| error.to_string())?;
        match &self.form {
            Form::Lines => {
                let mut line = Vec::new();
                BufReader::new(file.take(MOST))
                    .read_until(b'\n', &mut line)
                    .map_err(|error| error.to_string())?;
                Found::from_line(&line)
            }
            Form::Csv(columns) => {
                let mut record = csv::ByteRecord::new();
                reader(file)
                    .read_byte_record(&mut record)
                    .map_err(|error| error.to_string())?;
                columns.transcript(&record).map(Found::answered)
            }
        }
    }

    fn reply(&self, request: &Request) -> Result<Reply, Fault> {
        let (case, repeat) = (&request.case.id, request.call.repeat);
        let shown = &self.shown;
        let miss = || {
            Fault::new(
                FaultKind::CassetteMiss,
                format!("`{shown}` has no output for case `{case}`, repeat {repeat}"),
            )
        };
        let row = self.find(case, repeat).ok_or_else(miss)?;
        let found = self.read(row).map_err(|message| {
            Fault::new(
                FaultKind::Internal,
                format!("`{shown}`, case `{case}`, repeat {repeat}: {message}"),
            )
        })?;
        if found.transcript.case != *case {
            return Err(miss());
        }
        found.reply()
    }
}

/// An index while it is made.
struct Building<'a> {
    shown: &'a str,
    target: Option<&'a str>,
    rows: Vec<Row>,
    /// How many rows without a repeat a case has so far: they number themselves.
    unnumbered: std::collections::BTreeMap<u64, u32>,
}

impl Building<'_> {
    fn unreadable(&self, error: std::io::Error) -> RecordedError {
        RecordedError::Unreadable {
            path: self.shown.to_owned(),
            error,
        }
    }

    fn row(&self, line: u64, message: impl ToString) -> RecordedError {
        RecordedError::Row {
            path: self.shown.to_owned(),
            line,
            message: message.to_string(),
        }
    }

    fn add(&mut self, case: &str, repeat: Option<u32>, offset: u64) {
        let case = Digest::of(case.as_bytes()).word();
        let repeat = repeat.unwrap_or_else(|| {
            let next = self.unnumbered.entry(case).or_default();
            *next += 1;
            *next - 1
        });
        self.rows.push(Row {
            case,
            repeat,
            offset,
        });
    }

    fn lines(&mut self, file: &Path) -> Result<(), RecordedError> {
        let mut lines = BufReader::new(File::open(file).map_err(|error| self.unreadable(error))?);
        let mut line = Vec::new();
        let (mut offset, mut number) = (0, 0);
        loop {
            line.clear();
            let count = (&mut lines)
                .take(MOST)
                .read_until(b'\n', &mut line)
                .map_err(|error| self.unreadable(error))? as u64;
            number += 1;
            if count == 0 {
                return Ok(());
            }
            if count == MOST {
                return Err(self.row(number, format!("the line is over {} MiB", MOST >> 20)));
            }
            let start = offset;
            offset += count;
            if line.trim_ascii().is_empty() {
                continue;
            }
            let head = match Head::read(&line) {
                Ok(head) => head,
                // The last line of a journal may be torn; a run that goes on cuts it off.
                Err(_) if !line.ends_with(b"\n") && file.ends_with("events.jsonl") => return Ok(()),
                Err(error) => return Err(self.row(number, error)),
            };
            let Some(head) = head.filter(|head| head.is_meant(self.target)) else {
                continue;
            };
            let Some(case) = &head.case else {
                return Err(self.row(number, "there is no `case`"));
            };
            self.add(case, head.repeat, start);
        }
    }

    fn csv(&mut self, file: &Path) -> Result<Columns, RecordedError> {
        let mut reader = reader(File::open(file).map_err(|error| self.unreadable(error))?);
        let mut record = csv::ByteRecord::new();
        let broken = |this: &Self, error: csv::Error| {
            let line = error.position().map_or(0, csv::Position::line);
            let message = error.to_string();
            let csv::ErrorKind::Io(error) = error.into_kind() else {
                return this.row(line, message);
            };
            match error.get_ref().and_then(|inner| inner.downcast_ref()) {
                Some(found @ GoesOn { line }) => this.row(*line, found),
                None => this.unreadable(error),
            }
        };
        reader
            .read_byte_record(&mut record)
            .map_err(|error| broken(self, error))?;
        let columns = Columns {
            headers: record.clone(),
        };
        for column in ["case", "output"] {
            if columns.place(column).is_none() {
                return Err(RecordedError::NoColumn {
                    path: self.shown.to_owned(),
                    column,
                    found: columns.names(),
                });
            }
        }
        loop {
            let position = reader.position().clone();
            if !reader
                .read_byte_record(&mut record)
                .map_err(|error| broken(self, error))?
            {
                return Ok(columns);
            }
            let transcript = columns
                .transcript(&record)
                .map_err(|message| self.row(position.line(), message))?;
            if self.target.is_none_or(|wanted| transcript.target == wanted) {
                let repeat = columns.cell(&record, "repeat").map(|_| transcript.repeat);
                self.add(&transcript.case, repeat, position.byte());
            }
        }
    }
}

impl Target for Index {
    fn opening(&self, case: &Arc<Case>) -> Result<Vec<Message>, Fault> {
        Ok(case.input.messages())
    }

    fn attempt<'a>(
        &'a self,
        request: &'a Request,
        _session: &'a mut Session,
    ) -> Local<'a, Result<Reply, Fault>> {
        Box::pin(std::future::ready(self.reply(request)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::port::CallId;
    use std::time::Duration;

    fn index(
        name: &str,
        text: &str,
        target: Option<&str>,
    ) -> Result<(tempfile::TempDir, Index), String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        let path = if name == "events.jsonl" {
            folder.path().to_owned()
        } else {
            folder.path().join(name)
        };
        let index = Index::build(&path, name, target).map_err(|error| error.to_string())?;
        Ok((folder, index))
    }

    fn ask(index: &Index, case: &str, repeat: u32) -> Result<Reply, Fault> {
        index.reply(&Request {
            call: CallId {
                ordinal: 0,
                target: "t".into(),
                repeat,
                vote: 0,
                occurrence: 0,
                scorer: None,
            },
            case: Arc::new(Case::new(case, "q")),
            session: String::new(),
            turn: 0,
            messages: Vec::new(),
            tools: Vec::new(),
            format: None,
            logprobs: None,
            params: serde_json::Map::new(),
            timeout: Duration::from_secs(1),
        })
    }

    #[test]
    fn short_rows_are_read_with_what_they_know() {
        let (_folder, index) = index(
            "o.jsonl",
            "{\"case\":\"a\",\"output\":\"1\",\"latency_ms\":250,\"cost_usd\":0.5,\"usage\":{\"input\":3,\"output\":4}}\n\n{\"case\":\"b\",\"output\":\"2\"}",
            None,
        )
        .unwrap();
        let reply = ask(&index, "a", 0).unwrap();
        assert_eq!(
            (reply.text.as_str(), reply.timing.total_ms, reply.cost_usd),
            ("1", 250.0, Some(0.5))
        );
        assert!(reply.replayed && reply.usage.is_some());
        assert_eq!(ask(&index, "b", 0).unwrap().text, "2");
    }

    #[test]
    fn an_output_whose_quotes_are_not_doubled_is_refused_and_not_another_one() {
        let said = index(
            "o.csv",
            "case,output\na,fine\nb,\"He said \\\"hi\\\" to me\"\n",
            None,
        )
        .err()
        .unwrap();
        assert!(
            said.contains("`o.csv` line 3: a cell goes on behind"),
            "{said}"
        );
        let (_folder, index) = index("o.csv", "case,output\nb,\"a \"\"b\"\"\"\n", None).unwrap();
        assert_eq!(ask(&index, "b", 0).unwrap().text, "a \"b\"");
    }

    #[test]
    fn what_is_not_there_is_missed_by_name_and_never_made_up() {
        let (_folder, index) =
            index("o.jsonl", "{\"case\":\"a\",\"output\":\"1\"}\n", None).unwrap();
        for (case, repeat) in [("b", 0), ("a", 1)] {
            let fault = ask(&index, case, repeat).unwrap_err();
            assert_eq!(fault.kind, FaultKind::CassetteMiss);
            assert!(
                fault.message.contains("o.jsonl") && fault.message.contains(case),
                "{fault}"
            );
        }
    }

    #[test]
    fn repeats_are_told_apart_by_number_or_by_order() {
        let text = "{\"case\":\"a\",\"output\":null}\n{\"case\":\"a\",\"output\":\"y\"}\n{\"case\":\"b\",\"repeat\":1,\"output\":\"z\"}\n";
        let (_folder, index) = index("o.jsonl", text, None).unwrap();
        assert_eq!(ask(&index, "a", 0).unwrap().text, "");
        assert_eq!(ask(&index, "a", 1).unwrap().text, "y");
        assert_eq!(ask(&index, "b", 1).unwrap().text, "z");
        assert!(ask(&index, "b", 0).is_err());
    }

    #[test]
    fn two_outputs_for_one_trial_are_refused() {
        let text = "{\"case\":\"a\",\"target\":\"s\",\"repeat\":0,\"output\":\"x\"}\n{\"case\":\"a\",\"target\":\"t\",\"repeat\":0,\"output\":\"y\"}\n";
        let error = index("o.jsonl", text, None).err().unwrap();
        assert!(
            error.contains("case `a`") && error.contains("`target`"),
            "{error}"
        );
        let (_folder, index) = index("o.jsonl", text, Some("t")).unwrap();
        assert_eq!(ask(&index, "a", 0).unwrap().text, "y");
    }

    #[test]
    fn csv_cells_with_line_breaks_are_found_again() {
        let text =
            "\u{feff}case,output,latency_ms,repeat\na,\"one\ntwo, \"\"three\"\"\",12.5,\nb,x,,3\n";
        let (_folder, found) = index("o.csv", text, None).unwrap();
        let reply = ask(&found, "a", 0).unwrap();
        assert_eq!(
            (reply.text.as_str(), reply.timing.total_ms),
            ("one\ntwo, \"three\"", 12.5)
        );
        assert_eq!(ask(&found, "b", 3).unwrap().text, "x");
        let error = index("o.csv", "id,answer\n1,2\n", None).err().unwrap();
        assert!(
            error.contains("`case`") && error.contains("id, answer"),
            "{error}"
        );
        let error = index("o.csv", "case,output,latency_ms\na,b,NaN\n", None)
            .err()
            .unwrap();
        assert!(error.contains("latency_ms"), "{error}");
    }

    #[test]
    fn a_journal_gives_replies_failures_and_misses_as_they_were() {
        let line = |case: &str, outcome: &str, output: &str| {
            format!(
                "{{\"event\":\"trial_finished\",\"ordinal\":0,\"trial\":{{\"target\":\"t\",\"case\":\"{case}\",\"variant\":\"original\",\"repeat\":0}},\"outcome\":{outcome},\"attempts\":[],\"transcript\":{{\"case\":\"{case}\",\"output\":\"{output}\",\"timing\":{{\"total_ms\":7.0}}}},\"sum\":\"0\"}}\n"
            )
        };
        let answered = "{\"state\":\"answered\"}";
        let errored =
            "{\"state\":\"errored\",\"fault\":{\"kind\":\"unavailable\",\"message\":\"reset\"}}";
        let failed = "{\"state\":\"failed\",\"kind\":\"crashed\",\"message\":\"exit code 3\"}";
        let text = [
            "{\"event\":\"run_started\",\"planned\":3}\n".to_owned(),
            line("a", errored, ""),
            line("b", failed, ""),
            line("c", errored, ""),
            line("a", answered, "done again"),
            "{\"event\":\"trial_fini".to_owned(),
        ]
        .concat();
        let (_folder, index) = index("events.jsonl", &text, None).unwrap();
        let reply = ask(&index, "a", 0).unwrap();
        assert_eq!(
            (reply.text.as_str(), reply.timing.total_ms),
            ("done again", 7.0)
        );
        assert_eq!(ask(&index, "b", 0).unwrap_err().kind, FaultKind::Crashed);
        let fault = ask(&index, "c", 0).unwrap_err();
        assert_eq!(fault.kind, FaultKind::CassetteMiss);
        assert!(fault.message.contains("reset"));
    }

    #[test]
    fn a_bad_file_is_named_with_its_line() {
        let error = index(
            "o.jsonl",
            "{\"case\":\"a\",\"output\":\"1\"}\nnonsense\n",
            None,
        )
        .err()
        .unwrap();
        assert!(error.contains("line 2"), "{error}");
        let error = index("o.jsonl", "{\"output\":\"1\"}\n", None)
            .err()
            .unwrap();
        assert!(error.contains("`case`"), "{error}");
        assert!(
            index("o.jsonl", "", Some("t"))
                .err()
                .unwrap()
                .contains("`t`")
        );
        let Err(error) = Index::build(Path::new("/nowhere/o.jsonl"), "o.jsonl", None) else {
            panic!("a missing file was read");
        };
        assert!(error.to_string().contains("o.jsonl"));
    }
}
