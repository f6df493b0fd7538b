//! The baseline file: what a blessed run measured, case by case, committed beside the suite.
//!
//! The first line is a header, every further line one case, sorted by id: a diff shows which cases changed, a merge conflict stays where
//! it belongs. What stands in them is `analysis`'s to say ([`BaselineHead`], [`BaselineCase`]); here they become bytes, the same for the
//! same baseline, and bytes that somebody may have edited become them again or an error with its line. The header also
//! says when the run was blessed and how many cases follow, so that a file that was cut is not taken for a smaller one.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::analysis::baseline::{BASELINE_FORMAT, Baseline, BaselineCase, BaselineHead};

use super::durable;

/// The largest file that is read, in bytes: a million cases are about a quarter of it.
const LARGEST: u64 = 1 << 30;

/// Why a baseline file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// There is none yet.
    #[error("there is no baseline {path}: `evenhand bless RUN --to {path}` makes it", path = path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("cannot read baseline {path}: {reason}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A line is wrong.
    #[error("{path}:{line}: {reason}; take the file from version control, or bless a run again", path = path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// It cannot be written.
    #[error("cannot write baseline {path}: {reason}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// The first line as it stands in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Header {
    #[serde(flatten)]
    head: BaselineHead,
    /// When it was blessed.
    date: String,
    /// How many cases follow.
    cases: usize,
}

/// A baseline file, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// What it holds.
    pub baseline: Baseline,
    /// When it was blessed, as it was written: `2026-11-22`.
    pub date: String,
}

/// The file's bytes: the same for the same baseline, in whatever order its cases come.
pub fn to_bytes(
    head: &BaselineHead,
    date: &str,
    mut cases: Vec<BaselineCase>,
) -> Result<Vec<u8>, String> {
    cases.sort_by(|one, two| one.id.cmp(&two.id));
    if let Some(pair) = cases.windows(2).find(|pair| pair[0].id == pair[1].id) {
        return Err(format!("case `{}` stands in it twice", pair[0].id));
    }
    check_head(head)?;
    let header = Header {
        head: head.clone(),
        date: date.to_owned(),
        cases: cases.len(),
    };
    let mut bytes = serde_json::to_vec(&header).map_err(|error| error.to_string())?;
    bytes.push(b'\n');
    for case in &mut cases {
        for counts in case.metrics.values_mut() {
            counts.values.sort_by(f64::total_cmp);
        }
        check_case(case, head)?;
        serde_json::to_writer(&mut bytes, case).map_err(|error| error.to_string())?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// Writes a file in place of an older one; `date` as `2026-11-22`.
pub fn write(
    path: &Path,
    head: &BaselineHead,
    date: &str,
    cases: Vec<BaselineCase>,
) -> Result<(), BaselineError> {
    let failed = |reason: String| BaselineError::Write {
        path: path.to_owned(),
        reason,
    };
    let bytes = to_bytes(head, date, cases).map_err(failed)?;
    durable::replace(path, &bytes).map_err(|error| failed(error.to_string()))
}

/// Reads a file; `name` as the suite or the user names it.
pub fn read(path: &Path, name: &str) -> Result<Read, BaselineError> {
    let failed = |reason: String| BaselineError::Read {
        path: path.to_owned(),
        reason,
    };
    let length = match std::fs::metadata(path) {
        Ok(found) if found.is_file() => found.len(),
        Ok(_) => return Err(failed("it is not a file".to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(BaselineError::Missing {
                path: path.to_owned(),
            });
        }
        Err(error) => return Err(failed(error.to_string())),
    };
    if length > LARGEST {
        return Err(failed(format!(
            "its {length} bytes are more than the {LARGEST} that are read"
        )));
    }
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    from_bytes(&bytes, name).map_err(|(line, reason)| BaselineError::Line {
        path: path.to_owned(),
        line,
        reason,
    })
}

/// Reads a file's bytes; an error comes with its line, from 1.
pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Read, (usize, String)> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let mut lines = (1..).zip(text.split(|byte| *byte == b'\n'));
    let (_, first) = lines.next().unwrap_or((1, b""));
    let not_one = |error: serde_json::Error| (1, format!("not a baseline's header: {error}"));
    // The format first: what a newer one holds may not be readable at all.
    let Format { format } = serde_json::from_slice(first).map_err(not_one)?;
    if format != BASELINE_FORMAT {
        return Err((
            1,
            format!(
                "format {format} where {BASELINE_FORMAT} is read: use the evenhand that wrote it"
            ),
        ));
    }
    let header: Header = serde_json::from_slice(first).map_err(not_one)?;
    check_head(&header.head).map_err(|reason| (1, reason))?;
    let mut cases: Vec<BaselineCase> = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (number, line) in lines {
        if line.starts_with(b"<<<<<<<") || line.starts_with(b">>>>>>>") {
            return Err((number, "a merge conflict is not resolved".to_owned()));
        }
        let case: BaselineCase = serde_json::from_slice(line)
            .map_err(|error| (number, format!("not a case: {error}")))?;
        check_case(&case, &header.head).map_err(|reason| (number, reason))?;
        if let Some(before) = seen.insert(case.id.clone(), number) {
            let reason = format!("case `{}` stands in line {before} already", case.id);
            return Err((number, reason));
        }
        cases.push(case);
    }
    if cases.len() != header.cases {
        let reason = format!(
            "{} cases are announced and {} follow",
            header.cases,
            cases.len()
        );
        return Err((1, reason));
    }
    Ok(Read {
        baseline: Baseline {
            name: name.to_owned(),
            head: header.head,
            cases,
        },
        date: header.date,
    })
}

fn check_head(head: &BaselineHead) -> Result<(), String> {
    for (name, metric) in &head.metrics {
        let mut numbers = [metric.value, metric.first].into_iter().flatten();
        if numbers.any(|number| !number.is_finite()) {
            return Err(format!("a number of `{name}` is not finite"));
        }
    }
    Ok(())
}

fn check_case(case: &BaselineCase, head: &BaselineHead) -> Result<(), String> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if case.digest.len() != 16 || !case.digest.bytes().all(is_hex) {
        return Err(format!(
            "the digest of case `{}` is not 16 hex digits",
            case.id
        ));
    }
    for (name, counts) in &case.metrics {
        let wrong = |what: &str| Err(format!("`{name}` of case `{}`: {what}", case.id));
        if !head.metrics.contains_key(name) {
            return wrong("the header does not name this metric");
        }
        if u64::from(counts.scored) + u64::from(counts.bad) > u64::from(counts.planned) {
            return wrong("more trials are scored or gone badly than were planned");
        }
        let sums = [Some(counts.sum), counts.cost].into_iter().flatten();
        let mut numbers = counts.values.iter().copied().chain(sums);
        if numbers.any(|number| !number.is_finite()) {
            return wrong("a number is not finite");
        }
        let holds_something = counts.sum != 0.0 || counts.cost.is_some_and(|cost| cost != 0.0);
        if counts.scored == 0 && holds_something {
            return wrong("a sum without a scored trial");
        }
        if !counts.values.is_empty() && counts.values.len() as u64 != u64::from(counts.scored) {
            return wrong("as many values as scored trials are wanted");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::baseline::{Blessed, Counts};

    const DATE: &str = "2026-11-22";

    fn head(value: f64) -> BaselineHead {
        let blessed = Blessed {
            value: Some(value),
            first: Some(0.9),
            first_run: "r0".into(),
        };
        BaselineHead {
            judges: Default::default(),
            format: BASELINE_FORMAT,
            suite: "s".into(),
            target: "prod".into(),
            run: "r1".into(),
            counts_as_failure: vec!["crashed".into()],
            metrics: BTreeMap::from([("success_rate".to_owned(), blessed)]),
        }
    }

    fn case(id: &str, sum: f64) -> BaselineCase {
        let counts = Counts {
            planned: 3,
            scored: 3,
            bad: 0,
            sum,
            cost: None,
            values: Vec::new(),
        };
        BaselineCase {
            id: id.into(),
            digest: "0123456789abcdef".into(),
            metrics: BTreeMap::from([("success_rate".to_owned(), counts)]),
        }
    }

    fn cases() -> Vec<BaselineCase> {
        vec![case("b", 2.0), case("a", 3.0), case("c\u{e4}", 0.0)]
    }

    fn bytes() -> Vec<u8> {
        to_bytes(&head(0.5), DATE, cases()).unwrap()
    }

    #[test]
    fn one_line_a_case_sorted_and_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("baseline.jsonl");
        let missing = read(&path, "baseline").unwrap_err();
        assert!(matches!(missing, BaselineError::Missing { .. }));
        assert!(missing.to_string().contains("evenhand bless"), "{missing}");
        write(&path, &head(0.5), DATE, cases()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            r#"{"format":1,"suite":"s","target":"prod","run":"r1","counts_as_failure":["crashed"],"metrics":{"success_rate":{"value":0.5,"first":0.9,"first_run":"r0"}},"date":"2026-11-22","cases":3}
{"id":"a","digest":"0123456789abcdef","metrics":{"success_rate":{"planned":3,"scored":3,"sum":3.0}}}
{"id":"b","digest":"0123456789abcdef","metrics":{"success_rate":{"planned":3,"scored":3,"sum":2.0}}}
{"id":"cä","digest":"0123456789abcdef","metrics":{"success_rate":{"planned":3,"scored":3,"sum":0.0}}}
"#
        );
        let found = read(&path, "baseline").unwrap();
        assert_eq!(
            (found.date.as_str(), found.baseline.name.as_str()),
            (DATE, "baseline")
        );
        assert_eq!(found.baseline.head, head(0.5));
        let again = to_bytes(&found.baseline.head, &found.date, found.baseline.cases);
        assert_eq!(again.unwrap(), text.as_bytes());
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line() {
        let good = String::from_utf8(bytes()).unwrap();
        for (line, part, text) in [
            (1, "not a baseline's header", String::new()),
            (
                1,
                "use the evenhand that wrote it",
                good.replacen("\"format\":1", "\"format\":2", 1),
            ),
            (
                1,
                "3 cases are announced and 2 follow",
                good.rsplit_once("{\"id\"").unwrap().0.to_owned(),
            ),
            (
                3,
                "not a case",
                good.replacen("{\"id\":\"b\"", "{\"id\":7", 1),
            ),
            (
                3,
                "merge conflict",
                good.replacen("{\"id\":\"b\"", "<<<<<<< ours\n{\"id\":\"b\"", 1),
            ),
            (
                3,
                "case `a` stands in line 2 already",
                good.replacen("\"id\":\"b\"", "\"id\":\"a\"", 1),
            ),
            (2, "not 16 hex digits", good.replacen("\"0123", "\"x123", 1)),
            (
                2,
                "more trials are scored",
                good.replacen("\"scored\":3", "\"scored\":4", 1),
            ),
            (
                2,
                "as many values",
                good.replacen("\"sum\":3.0", "\"sum\":3.0,\"values\":[1]", 1),
            ),
            (
                2,
                "a sum without",
                good.replacen("\"scored\":3", "\"scored\":0", 1),
            ),
            (
                2,
                "number out of range",
                good.replacen("\"sum\":3.0", "\"sum\":1e999", 1),
            ),
            (
                2,
                "not a case",
                good.replacen("\"sum\":3.0", "\"sum\":NaN", 1),
            ),
            (
                2,
                "does not name this metric",
                good.replacen(
                    "{\"success_rate\":{\"planned\"",
                    "{\"other\":{\"planned\"",
                    1,
                ),
            ),
        ] {
            let (at, reason) = from_bytes(text.as_bytes(), "x").unwrap_err();
            assert!(
                at == line && reason.contains(part),
                "{at}: {reason} for {part}"
            );
        }
        let endless = to_bytes(&head(f64::NAN), DATE, cases());
        assert!(endless.unwrap_err().contains("not finite"));
        let twice = to_bytes(&head(0.5), DATE, vec![case("a", 1.0), case("a", 1.0)]);
        assert!(twice.unwrap_err().contains("twice"));
    }

    #[test]
    fn a_file_that_cannot_be_written_keeps_the_old_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("baseline.jsonl");
        write(&path, &head(0.5), DATE, cases()).unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(write(&path, &head(f64::INFINITY), DATE, cases()).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    proptest! {
        #[test]
        fn every_number_survives_exactly(
            sum in -1e9_f64..1e9, cost in 0.0_f64..1.0, values in prop::collection::vec(0.0_f64..1e6, 3)
        ) {
            let mut written = cases();
            let counts = written[0].metrics.get_mut("success_rate").unwrap();
            (counts.sum, counts.cost, counts.values) = (sum, Some(cost), values);
            let bytes = to_bytes(&head(0.1 + 0.2), DATE, written).unwrap();
            let found = from_bytes(&bytes, "x").unwrap();
            let back = &found.baseline.cases[1].metrics["success_rate"];
            prop_assert_eq!((back.sum, back.cost), (sum, Some(cost)));
            prop_assert_eq!(found.baseline.head.metrics["success_rate"].value, Some(0.1 + 0.2));
            prop_assert_eq!(to_bytes(&found.baseline.head, DATE, found.baseline.cases).unwrap(), bytes);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(cut in 0_usize..900, flip in any::<u8>()) {
            let mut bytes = bytes();
            let at = cut % bytes.len();
            bytes[at] ^= flip;
            let _ = from_bytes(&bytes, "x");
            let _ = from_bytes(&bytes[..at], "x");
        }
    }
}
