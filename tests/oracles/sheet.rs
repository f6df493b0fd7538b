//! The tally of one oracle file: what was compared, what was left out and why, what differed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use evenhand::stats::{Estimate, Undefined};
use serde_json::{Map, Value};

/// Relative tolerance of closed forms.
pub(crate) const CLOSED: f64 = 1e-9;
/// Relative tolerance of fits.
pub(crate) const FIT: f64 = 1e-6;

/// Folder of oracles and labels, if there is one.
fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("EVENHAND_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    folder.join("oracles").is_dir().then_some(folder)
}

#[derive(Default)]
struct Tally {
    checked: usize,
    left_out: usize,
    reason: &'static str,
}

/// One oracle file under comparison.
pub(crate) struct Sheet {
    file: String,
    cases: usize,
    keys: BTreeMap<String, Tally>,
    faults: Vec<String>,
}

impl Sheet {
    /// Opens an oracle file; `None`, with a notice, where the folder is absent.
    pub(crate) fn open(file: &str) -> Option<(Self, Value)> {
        let Some(folder) = shared() else {
            notice(&format!(
                "{file}: no oracle folder here; nothing was compared"
            ));
            return None;
        };
        let path = folder.join("oracles").join(format!("{file}.json"));
        let text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let value = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let sheet = Self {
            file: file.to_owned(),
            cases: 0,
            keys: BTreeMap::new(),
            faults: Vec::new(),
        };
        Some((sheet, value))
    }

    /// Starts a case with its expected keys.
    pub(crate) fn case(&mut self, name: impl Into<String>, expect: &Value) -> Case<'_> {
        self.cases += 1;
        Case {
            // A case given as JSON says who it is in its first keys.
            name: name.into().chars().take(150).collect(),
            prefix: String::new(),
            expect: expect
                .as_object()
                .cloned()
                .unwrap_or_else(|| panic!("{expect} is not an object")),
            sheet: self,
        }
    }

    fn tally(&mut self, key: &str) -> &mut Tally {
        self.keys.entry(key.to_owned()).or_default()
    }

    fn compare(&mut self, name: &str, key: &str, got: f64, want: f64, tolerance: f64) {
        self.tally(key).checked += 1;
        let allowed = if want == 0.0 {
            1e-12
        } else {
            tolerance * want.abs()
        };
        if (got - want).abs() > allowed || got.is_nan() {
            self.faults
                .push(format!("{name}: {key}: got {got:e}, expected {want:e}"));
        }
    }

    /// Prints the table and fails on any difference.
    pub(crate) fn finish(self) {
        let checked: usize = self.keys.values().map(|t| t.checked).sum();
        let mut text = format!(
            "{}: {} cases, {checked} figures compared\n",
            self.file, self.cases
        );
        for (key, tally) in &self.keys {
            if tally.checked > 0 {
                text += &format!("  {:>6}  {key}\n", tally.checked);
            }
            if tally.left_out > 0 {
                text += &format!(
                    "  {:>6}  {key}, left out: {}\n",
                    tally.left_out, tally.reason
                );
            }
        }
        notice(&text);
        assert!(checked > 0, "{}: nothing was compared", self.file);
        assert!(
            self.faults.is_empty(),
            "{}: {} differ\n{}",
            self.file,
            self.faults.len(),
            self.faults.join("\n")
        );
    }
}

/// One case; every expected key must be compared or left out before it is dropped.
pub(crate) struct Case<'a> {
    name: String,
    prefix: String,
    expect: Map<String, Value>,
    sheet: &'a mut Sheet,
}

impl Case<'_> {
    /// The expected value of a key, taken; `None` if this case does not have it.
    pub(crate) fn take(&mut self, key: &str) -> Option<Value> {
        self.expect.remove(key)
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Whether the case expects the key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.expect.contains_key(key)
    }

    /// Compares a number, if the case expects it.
    pub(crate) fn number(&mut self, key: &str, got: impl Into<f64>) {
        self.within(key, got, CLOSED);
    }

    /// Compares a number with another relative tolerance, if the case expects it.
    pub(crate) fn within(&mut self, key: &str, got: impl Into<f64>, tolerance: f64) {
        if let Some(want) = self.take(key) {
            self.value(key, got.into(), &want, tolerance);
        }
    }

    /// Compares the point of an estimate, if the case expects it; an interval has to hold it.
    pub(crate) fn point(&mut self, key: &str, got: Result<Estimate, Undefined>) {
        let Some(want) = self.take(key) else { return };
        match got {
            Ok(got) => {
                self.value(key, got.point, &want, CLOSED);
                let beyond = got.low().is_some_and(|low| low > got.point)
                    || got.high().is_some_and(|high| high < got.point);
                if beyond || got.n == 0 {
                    self.fault(format!("{key}: {got:?}"));
                }
            }
            Err(reason) => self.fault(format!("{key}: {reason}")),
        }
    }

    /// Compares the ends of an interval with ones that were rounded to `digits`, if the case expects them.
    pub(crate) fn ends_rounded(&mut self, key: &str, got: &Estimate, digits: i32) {
        let Some(want) = self.take(key) else { return };
        let Some((low, high)) = got.interval.ok().and_then(|interval| interval.ends()) else {
            self.fault(format!("{key}: no interval: {:?}", got.interval));
            return;
        };
        for (got, want) in [low, high].into_iter().zip(floats(&want)) {
            self.near(key, got, want, 0.5 * 0.1_f64.powi(digits) + 1e-9);
        }
    }

    /// Compares a count, if the case expects it.
    pub(crate) fn count(&mut self, key: &str, got: usize) {
        self.number(key, got as f64);
    }

    fn value(&mut self, key: &str, got: f64, want: &Value, tolerance: f64) {
        let key = self.key(key);
        match want.as_f64() {
            Some(want) => self.sheet.compare(&self.name, &key, got, want, tolerance),
            None => self.sheet.faults.push(format!(
                "{}: {key}: {want} is not a number, got {got}",
                self.name
            )),
        }
    }

    /// Compares a number with an expected one that was taken out of a list.
    pub(crate) fn against(&mut self, key: &str, got: f64, want: &Value) {
        self.value(key, got, want, CLOSED);
    }

    /// Compares a number with an expected one, within an absolute distance.
    pub(crate) fn near(&mut self, key: &str, got: f64, want: f64, allowed: f64) {
        let key = self.key(key);
        self.sheet.tally(&key).checked += 1;
        if (got - want).abs() > allowed || got.is_nan() {
            let fault = format!(
                "{}: {key}: got {got}, expected {want} within {allowed}",
                self.name
            );
            self.sheet.faults.push(fault);
        }
    }

    /// What the case is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Compares numbers in their order, if the case expects them.
    pub(crate) fn numbers(&mut self, key: &str, got: &[f64]) {
        self.numbers_within(key, got, CLOSED);
    }

    /// Compares numbers in their order with another relative tolerance, if the case expects them.
    pub(crate) fn numbers_within(&mut self, key: &str, got: &[f64], tolerance: f64) {
        let Some(want) = self.take(key) else { return };
        let want = want.as_array().cloned().unwrap_or_default();
        if want.len() != got.len() {
            let fault = format!(
                "{}: {key}: {} values, expected {}",
                self.name,
                got.len(),
                want.len()
            );
            self.sheet.faults.push(fault);
            return;
        }
        for (got, want) in got.iter().zip(&want) {
            self.value(key, *got, want, tolerance);
        }
    }

    /// Compares the ends of an interval, if the case expects them.
    pub(crate) fn ends(&mut self, key: &str, got: &Estimate) {
        self.ends_within(key, got, CLOSED);
    }

    /// Compares the ends of an interval with another relative tolerance.
    pub(crate) fn ends_within(&mut self, key: &str, got: &Estimate, tolerance: f64) {
        match got.interval.ok().and_then(|interval| interval.ends()) {
            Some((low, high)) => self.numbers_within(key, &[low, high], tolerance),
            None => {
                if self.take(key).is_some() {
                    self.sheet.faults.push(format!(
                        "{}: {key}: no interval: {:?}",
                        self.name, got.interval
                    ));
                }
            }
        }
    }

    /// Compares anything with the JSON that the case expects, if it does.
    pub(crate) fn equal(&mut self, key: &str, got: &Value) {
        if let Some(want) = self.take(key) {
            let name = self.key(key);
            self.sheet.tally(&name).checked += 1;
            if *got != want {
                self.sheet
                    .faults
                    .push(format!("{}: {name}: got {got}, expected {want}", self.name));
            }
        }
    }

    /// Leaves a key out, for a reason.
    pub(crate) fn leave_out(&mut self, key: &str, reason: &'static str) {
        if self.take(key).is_some() {
            let key = self.key(key);
            let tally = self.sheet.tally(&key);
            tally.left_out += 1;
            tally.reason = reason;
        }
    }

    /// Opens an object inside the expected keys, if the case has it.
    pub(crate) fn inner(&mut self, key: &str) -> Option<Case<'_>> {
        let Value::Object(expect) = self.take(key)? else {
            panic!("{}: {key} is not an object", self.name)
        };
        Some(Case {
            name: self.name.clone(),
            prefix: format!("{}{key}.", self.prefix),
            expect,
            sheet: self.sheet,
        })
    }

    /// As [`Case::inner`], for keys that are compared one by one: those not compared this time stay expected.
    pub(crate) fn only(&mut self, key: &str, inside: &str, got: f64) {
        let want = self
            .expect
            .get_mut(key)
            .and_then(Value::as_object_mut)
            .and_then(|inner| inner.remove(inside));
        match want {
            Some(want) => self.value(&format!("{key}.{inside}"), got, &want, CLOSED),
            None => self.fault(format!("{key}.{inside} is not expected")),
        }
    }

    /// Takes an object whose entries were all compared.
    pub(crate) fn emptied(&mut self, key: &str) {
        if let Some(rest) = self.take(key)
            && rest.as_object().is_none_or(|rest| !rest.is_empty())
        {
            self.fault(format!("{key}: {rest} was not compared"));
        }
    }

    /// Says that something could not be computed where a figure was expected.
    pub(crate) fn fault(&mut self, text: impl Into<String>) {
        self.sheet
            .faults
            .push(format!("{}: {}", self.name, text.into()));
    }
}

impl Drop for Case<'_> {
    fn drop(&mut self) {
        // Who made the figures is not a figure.
        self.expect.remove("by");
        for key in self.expect.keys() {
            self.sheet.faults.push(format!(
                "{}: {}{key} was not compared",
                self.name, self.prefix
            ));
        }
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the table is what a reader of the test wants to see"
)]
fn notice(text: &str) {
    println!("{text}");
}

/// A labelled table; its file is read once however many cases ask for it.
#[derive(Clone)]
pub(crate) struct Table {
    names: Arc<Vec<String>>,
    rows: Vec<Arc<Vec<String>>>,
}

static TABLES: Mutex<BTreeMap<String, Table>> = Mutex::new(BTreeMap::new());

impl Table {
    /// A file of the calibration data.
    pub(crate) fn read(file: &str) -> Self {
        let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
        tables
            .entry(file.to_owned())
            .or_insert_with(|| Self::parse(file))
            .clone()
    }

    fn parse(file: &str) -> Self {
        let path = shared()
            .expect("oracles are there")
            .join("data/calibration")
            .join(file);
        let mut reader = csv::Reader::from_path(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let names = reader
            .headers()
            .expect("a header")
            .iter()
            .map(str::to_owned)
            .collect();
        let rows = reader
            .records()
            .map(|row| Arc::new(row.expect("a row").iter().map(str::to_owned).collect()))
            .collect();
        Self {
            names: Arc::new(names),
            rows,
        }
    }

    /// Place of a column.
    pub(crate) fn place(&self, name: &str) -> usize {
        let found = self.names.iter().position(|n| n == name);
        found.unwrap_or_else(|| panic!("no column {name}"))
    }

    /// Cells of a column.
    pub(crate) fn column(&self, name: &str) -> Vec<&str> {
        let place = self.place(name);
        self.rows.iter().map(|row| row[place].as_str()).collect()
    }

    /// Names of the columns.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Only the first rows.
    pub(crate) fn first(mut self, rows: usize) -> Self {
        self.rows.truncate(rows);
        self
    }

    /// Only the rows in which a column has a value.
    pub(crate) fn keep(mut self, name: &str, value: &str) -> Self {
        let place = self.place(name);
        self.rows.retain(|row| row[place] == value);
        self
    }
}

/// Texts numbered by first appearance.
pub(crate) fn numbered(texts: &[&str]) -> Vec<u32> {
    let mut seen = BTreeMap::new();
    texts
        .iter()
        .map(|&text| {
            let next = seen.len() as u32;
            *seen.entry(text).or_insert(next)
        })
        .collect()
}

/// The numbers of an array.
pub(crate) fn floats(value: &Value) -> Vec<f64> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .map(|v| v.as_f64().expect("a number"))
        .collect()
}

/// A whole number of an object.
pub(crate) fn whole(value: &Value, key: &str) -> u64 {
    value[key]
        .as_u64()
        .unwrap_or_else(|| panic!("{key} in {value}"))
}

/// A number of an object.
pub(crate) fn float(value: &Value, key: &str) -> f64 {
    value[key]
        .as_f64()
        .unwrap_or_else(|| panic!("{key} in {value}"))
}

/// A text of an object.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} in {value}"))
}

/// The entries of an array of an object.
pub(crate) fn entries<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key]
        .as_array()
        .unwrap_or_else(|| panic!("{key} is no array"))
}
