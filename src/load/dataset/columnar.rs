//! Parquet, by the feature `parquet`: its rows are written once as JSON lines into a file without a name ([`super::unnamed`]), and read
//! from there like any other dataset. Memory stays flat: of the Parquet file a page of each column is held.
//!
//! What such a file says of its own sizes is not believed. Sizes in its footer must fit the file and a bound, and of a few bytes that
//! say they are a million rows only so many are written.

use std::path::Path;

use crate::domain::decode::Problem;

/// Whether a file is Parquet, by its name's ending.
pub(super) fn is_parquet(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("parquet"))
}

/// What to do where this build does not read Parquet; `None` where it does.
pub(super) fn refusal(path: &str) -> Option<String> {
    (!cfg!(feature = "parquet")).then(|| {
        format!(
            "`{path}` is Parquet, which this build does not read: cargo install evenhand --features parquet, or write it as .jsonl (pandas: read_parquet, then to_json(orient=\"records\", lines=True))"
        )
    })
}

/// The rows of a Parquet file as JSON lines, in a file that is gone when it is closed.
///
/// # Errors
/// What is wrong with the file, or that there is no room for its rows.
#[cfg(feature = "parquet")]
pub(super) fn as_lines(path: &Path, named: &str) -> Result<std::fs::File, Problem> {
    reading::as_lines(path).map_err(|message| {
        crate::load::text::problem(named, crate::domain::tree::Span::default(), message)
    })
}

/// The same in a build without the feature, which is never asked: names that end in `.parquet` are refused before.
#[cfg(not(feature = "parquet"))]
pub(super) fn as_lines(_: &Path, named: &str) -> Result<std::fs::File, Problem> {
    let message = refusal(named).unwrap_or_default();
    Err(crate::load::text::problem(
        named,
        crate::domain::tree::Span::default(),
        message,
    ))
}

#[cfg(feature = "parquet")]
mod reading {
    use std::fs::File;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::Path;

    use parquet::file::reader::FileReader;
    use parquet::file::serialized_reader::SerializedFileReader;
    use parquet::record::{Field, Row};
    use serde_json::{Map, Number, Value as Json};

    use super::super::pages;
    use super::super::records::NO_FILE;
    use super::super::unnamed::Unnamed;

    /// The most bytes that a column of a row group may unpack to.
    const MOST_CHUNK: i64 = 1 << 30;
    /// So much may be written whatever the file's size is.
    const MOST_PLAIN: u64 = 256 << 20;
    /// Beyond that: so many times the file's size.
    const MOST_TIMES: u64 = 200;
    /// The most columns.
    const MOST_COLUMNS: usize = 10_000;

    pub(super) fn as_lines(path: &Path) -> Result<File, String> {
        // The reader is another's and given files of strangers: what it did not think of is a fault of the file.
        catch_unwind(AssertUnwindSafe(|| lines(path)))
            .unwrap_or_else(|_| Err("the file is damaged: its reader gave up".to_owned()))
    }

    fn lines(path: &Path) -> Result<File, String> {
        let cannot = |error: std::io::Error| crate::load::text::cannot_read(&error);
        let about = std::fs::metadata(path).map_err(cannot)?;
        if !about.is_file() {
            return Err(NO_FILE.to_owned());
        }
        let size = about.len();
        let file = File::open(path).map_err(cannot)?;
        let damaged =
            |error: &dyn std::fmt::Display| format!("the file is damaged, or no Parquet: {error}");
        let pages = file.try_clone().map_err(cannot)?;
        let reader = SerializedFileReader::new(file).map_err(|error| damaged(&error))?;
        check(&reader, &pages, size)?;
        let most = (size.saturating_mul(MOST_TIMES)).max(MOST_PLAIN);
        let mut out = Unnamed::new()?;
        let mut written = 0_u64;
        let rows = reader.get_row_iter(None).map_err(|error| damaged(&error))?;
        for (nth, row) in rows.enumerate() {
            let row = row.map_err(|error| {
                let hint = if error.to_string().contains("isabled feature") {
                    "; this build reads plain and snappy pages: write it again with compression=\"snappy\""
                } else {
                    ""
                };
                format!("row {}: {error}{hint}", nth + 1)
            })?;
            let json = object(row).map_err(|why| format!("row {}: {why}", nth + 1))?;
            let line = serde_json::to_vec(&json).map_err(|error| error.to_string())?;
            written += line.len() as u64 + 1;
            if written > most {
                return Err(format!(
                    "its rows unpack to over {most} bytes, {MOST_TIMES} times the file; nothing of it is read"
                ));
            }
            out.line(&line)?;
        }
        out.finish()
    }

    /// Holds what the footer and the heads of pages say against the file and the bounds.
    fn check(reader: &SerializedFileReader<File>, file: &File, size: u64) -> Result<(), String> {
        let metadata = reader.metadata();
        let columns = metadata.file_metadata().schema_descr().num_columns();
        if columns > MOST_COLUMNS {
            return Err(format!(
                "over {MOST_COLUMNS} columns; is this the right file?"
            ));
        }
        for (nth, group) in metadata.row_groups().iter().enumerate() {
            for column in group.columns() {
                let (start, length) = (column.data_page_offset(), column.compressed_size());
                let first = column.dictionary_page_offset().unwrap_or(start).min(start);
                let ends = first
                    .checked_add(length)
                    .and_then(|end| u64::try_from(end).ok());
                let fits = length >= 0 && group.num_rows() >= 0;
                let begins = u64::try_from(first).ok().filter(|_| fits);
                let (Some(begins), Some(ends)) = (begins, ends.filter(|end| *end <= size)) else {
                    return Err(format!(
                        "row group {} says that its column `{}` lies where the file is not; the file is damaged",
                        nth + 1,
                        column.column_path().string()
                    ));
                };
                if !(0..=MOST_CHUNK).contains(&column.uncompressed_size()) {
                    return Err(format!(
                        "row group {} says that its column `{}` unpacks to {} bytes; at most {MOST_CHUNK} are read: write it again with smaller row groups",
                        nth + 1,
                        column.column_path().string(),
                        column.uncompressed_size()
                    ));
                }
                pages::check(file, begins, ends).map_err(|why| {
                    format!(
                        "row group {}, column `{}`: {why}; the file is damaged",
                        nth + 1,
                        column.column_path().string()
                    )
                })?;
            }
        }
        Ok(())
    }

    fn object(row: Row) -> Result<Json, String> {
        let mut map = Map::new();
        for (name, field) in row.into_columns() {
            let json = value(field).map_err(|why| format!("`{name}` {why}"))?;
            map.insert(name, json);
        }
        Ok(Json::Object(map))
    }

    fn value(field: Field) -> Result<Json, String> {
        let number = |value: f64| {
            Number::from_f64(value)
                .map(Json::Number)
                .ok_or_else(|| format!("is {value}, which no JSON number is"))
        };
        let time = |micros: Option<i64>| {
            let time = micros.and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok());
            time.map(|time| Json::String(time.to_string()))
                .ok_or_else(|| "is a time out of range".to_owned())
        };
        Ok(match field {
            Field::Null => Json::Null,
            Field::Bool(value) => value.into(),
            Field::Byte(value) => value.into(),
            Field::Short(value) => value.into(),
            Field::Int(value) | Field::TimeMillis(value) => value.into(),
            Field::Long(value) | Field::TimeMicros(value) => value.into(),
            Field::UByte(value) => value.into(),
            Field::UShort(value) => value.into(),
            Field::UInt(value) => value.into(),
            Field::ULong(value) => value.into(),
            Field::Float16(value) => number(value.to_f64())?,
            // By its shortest text: 0.1 stays 0.1.
            Field::Float(value) => number(value.to_string().parse().unwrap_or(f64::from(value)))?,
            Field::Double(value) => number(value)?,
            Field::Str(text) => text.into(),
            Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
                Ok(text) => text.into(),
                Err(_) => {
                    return Err("holds bytes that are no text; leave the column out".to_owned());
                }
            },
            Field::TimestampMillis(millis) => time(millis.checked_mul(1_000))?,
            Field::TimestampMicros(micros) => time(Some(micros))?,
            Field::Date(days) => {
                let day = jiff::Span::new().try_days(days);
                let date = day.and_then(|days| jiff::civil::date(1970, 1, 1).checked_add(days));
                date.map(|date| Json::String(date.to_string()))
                    .map_err(|_| "is a date out of range".to_owned())?
            }
            decimal @ Field::Decimal(_) => decimal.to_string().into(),
            Field::Group(row) => object(row)?,
            Field::ListInternal(list) => {
                let items = list.elements().iter().cloned().map(value);
                Json::Array(items.collect::<Result<_, _>>()?)
            }
            Field::MapInternal(map) => {
                let mut object = Map::new();
                for (key, inner) in map.entries() {
                    let Field::Str(key) = key else {
                        return Err("is a map whose keys are no texts".to_owned());
                    };
                    object.insert(key.clone(), value(inner.clone())?);
                }
                Json::Object(object)
            }
        })
    }
}

#[cfg(all(test, feature = "parquet"))]
mod tests {
    use std::sync::Arc;

    use parquet::basic::Compression;
    use parquet::column::writer::ColumnWriter;
    use parquet::data_type::ByteArray;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::super::look::{FileCases, Rows};
    use crate::load::benchmarks::find;

    const SCHEMA: &str = "message m {
        required binary id (UTF8);
        required binary input (UTF8);
        optional double weight;
        optional int64 n;
        optional group tags (LIST) { repeated group list { optional binary element (UTF8); } }
    }";

    /// A file with so many rows, in groups of a hundred.
    fn written(path: &std::path::Path, rows: usize, compression: Compression) {
        let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .build();
        let file = std::fs::File::create(path).unwrap();
        let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
        let all: Vec<usize> = (0..rows).collect();
        for chunk in all.chunks(100) {
            let mut group = writer.next_row_group().unwrap();
            let mut nth = 0;
            while let Some(mut column) = group.next_column().unwrap() {
                let texts = |of: &dyn Fn(usize) -> String| -> Vec<ByteArray> {
                    chunk.iter().map(|row| of(*row).as_str().into()).collect()
                };
                let some = vec![1_i16; chunk.len()];
                match (column.untyped(), nth) {
                    (ColumnWriter::ByteArrayColumnWriter(column), 0) => {
                        column
                            .write_batch(&texts(&|row| format!("c{row}")), None, None)
                            .unwrap();
                    }
                    (ColumnWriter::ByteArrayColumnWriter(column), 1) => {
                        column
                            .write_batch(&texts(&|row| format!("Question {row}\n?")), None, None)
                            .unwrap();
                    }
                    (ColumnWriter::DoubleColumnWriter(column), _) => {
                        column
                            .write_batch(&vec![0.1; chunk.len()], Some(&some), None)
                            .unwrap();
                    }
                    (ColumnWriter::Int64ColumnWriter(column), _) => {
                        // None has a value.
                        column
                            .write_batch(&[], Some(&vec![0; chunk.len()]), None)
                            .unwrap();
                    }
                    (ColumnWriter::ByteArrayColumnWriter(column), _) => {
                        // Two tags a row.
                        let values: Vec<ByteArray> = ["x", "y"]
                            .repeat(chunk.len())
                            .into_iter()
                            .map(ByteArray::from)
                            .collect();
                        let definitions = vec![3; 2 * chunk.len()];
                        let repetitions = [0, 1].repeat(chunk.len());
                        column
                            .write_batch(&values, Some(&definitions), Some(&repetitions))
                            .unwrap();
                    }
                    _ => panic!("column {nth}"),
                }
                column.close().unwrap();
                nth += 1;
            }
            group.close().unwrap();
        }
        writer.close().unwrap();
    }

    fn said(path: &std::path::Path) -> String {
        match Rows::open(path) {
            Err(problems) => problems[0].to_string(),
            Ok(mut rows) => match std::iter::from_fn(|| rows.next_row()).find(Result::is_err) {
                Some(Err(problems)) => problems[0].to_string(),
                _ => "all rows".to_owned(),
            },
        }
    }

    #[test]
    fn rows_are_read_as_cases_whatever_the_pages_are_packed_with() {
        let folder = tempfile::tempdir().unwrap();
        for compression in [Compression::SNAPPY, Compression::UNCOMPRESSED] {
            let path = folder.path().join("cases.parquet");
            written(&path, 250, compression);
            let mut cases = FileCases::open(&path, None, &[]).unwrap();
            let all: Vec<_> = std::iter::from_fn(|| cases.next_case())
                .map(Result::unwrap)
                .collect();
            assert_eq!(all.len(), 250);
            assert_eq!(
                (all[249].id.as_str(), all[249].input.text()),
                ("c249", "Question 249\n?")
            );
            assert_eq!(all[7].tags, ["x", "y"]);
            assert_eq!(
                serde_json::to_string(&all[7].columns).unwrap(),
                "{\"weight\":0.1,\"n\":null}"
            );
        }
    }

    #[test]
    fn a_benchmark_in_parquet_says_what_its_rows_lack_with_the_row() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        written(&path, 3, Compression::SNAPPY);
        let mut cases = FileCases::open(&path, Some(find("squad").unwrap()), &[]).unwrap();
        let fault = cases.next_case().unwrap().unwrap_err();
        assert!(
            fault[0]
                .to_string()
                .contains("t.parquet:1: `answers` is missing"),
            "{}",
            fault[0]
        );
    }

    #[test]
    fn what_is_damaged_or_lies_is_refused_and_nothing_is_believed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        written(&path, 250, Compression::SNAPPY);
        let whole = std::fs::read(&path).unwrap();
        for bytes in [
            &b""[..],
            b"PAR1",
            b"PAR1PAR1",
            b"no parquet at all",
            &whole[..whole.len() / 2],
            &whole[whole.len() / 2..],
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert!(said(&path).contains("t.parquet: "), "{}", said(&path));
        }
        // A footer that says it is as long as can be.
        let mut lying = whole.clone();
        let at = lying.len() - 8;
        lying[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        std::fs::write(&path, &lying).unwrap();
        assert!(said(&path).contains("damaged"), "{}", said(&path));
        // A dictionary that says it has more values than bytes: the reader would make room for all of them.
        let mut lying = whole.clone();
        let at = whole.windows(2).position(|part| part == [0x4c, 0x15]);
        let at = at.expect("the head of a dictionary") + 2;
        lying[at..at + 2].copy_from_slice(&[0xfe, 0x7f]);
        std::fs::write(&path, &lying).unwrap();
        assert!(
            said(&path).contains("column `id`: a dictionary of"),
            "{}",
            said(&path)
        );
        // Every byte of the footer and of the first pages, one after another: rows or a message, never more.
        let step = whole.len() / 400;
        for at in (4..whole.len() - 8).step_by(step.max(1)) {
            for wrong in [0xff, 0x7f, 0x00] {
                let mut bytes = whole.clone();
                bytes[at] = wrong;
                std::fs::write(&path, &bytes).unwrap();
                let said = said(&path);
                assert!(
                    said == "all rows" || said.contains("t.parquet"),
                    "{at}: {said}"
                );
            }
        }
    }
}
