//! The cases of a page: which are listed, which are there in full, and what is said of the others.

mod detail;
mod index;

use std::io;

use self::detail::{Around, detail};
use self::index::{Class, Entry, Lister};
use crate::analysis::findings::{Findings, RowHead, TrialRow};
use crate::funnel::json_island;
use crate::report::Frame;
use crate::report::casebook::Casebook;

/// Cases up to which a page lists them all; of more it lists those that changed or failed, and at most as many.
pub(super) const MOST_LISTED: u64 = 5_000;

/// Bytes of cases that one file may hold.
const MOST_BYTES: usize = 9_000_000;

/// The cases that a page holds, as JSON, and what is to be said of those it does not.
#[derive(Debug)]
pub(super) struct Chosen {
    /// The data of the page's script.
    pub(super) json: String,
    /// Cases in all.
    pub(super) total: u64,
    /// Cases in the list.
    pub(super) listed: u64,
    /// Listed cases that are there in full.
    pub(super) whole: u64,
}

/// What is left out of the list, and how the kinds of cases are capped: every kind on its own, so that memory is bounded before all
/// are seen.
struct Listed {
    by_class: Vec<(Class, Vec<Entry>)>,
    most: usize,
    only_telling: bool,
}

impl Listed {
    fn take(&mut self, class: Class, entry: Entry) {
        if self.only_telling && class == Class::Plain {
            return;
        }
        let known = self.by_class.iter().position(|(known, _)| *known == class);
        let at = known.unwrap_or_else(|| {
            self.by_class.push((class, Vec::new()));
            self.by_class.len() - 1
        });
        let entries = &mut self.by_class[at].1;
        if entries.len() < self.most {
            entries.push(entry);
        }
    }

    /// The most telling first, each kind in the order of the plan.
    fn entries(mut self) -> Vec<Entry> {
        self.by_class.sort_by_key(|(class, _)| *class);
        let all = self.by_class.into_iter().flat_map(|(_, entries)| entries);
        all.take(self.most).collect()
    }
}

/// Lists every case of a run of any size.
pub(super) fn list_all(
    book: &mut dyn Casebook,
    (findings, head): (&Findings, &RowHead),
) -> io::Result<String> {
    let total = book.count();
    let (lister, listed) = list(book, findings, (usize::MAX, false), &mut |_| {})?;
    let index = lister.index((book.sides(), head), findings, total, listed.entries());
    Ok(serde_json::to_string(&index)?)
}

/// One case in full as JSON; `None` beyond the last.
pub(super) fn one(
    book: &mut dyn Casebook,
    (findings, frame): (&Findings, &Frame),
    place: u64,
) -> io::Result<Option<String>> {
    let run = run_of(findings, frame);
    let around = around(findings, &run);
    Ok(book.detail(place)?.map(|found| detail(&found, &around)))
}

/// Chooses the cases that one file holds; `each` sees every case's rows, by side, on the way.
pub(super) fn choose(
    book: &mut dyn Casebook,
    (findings, head, frame): (&Findings, &RowHead, &Frame),
    each: &mut dyn FnMut(&[Vec<TrialRow>]),
) -> io::Result<Chosen> {
    let total = book.count();
    let only_telling = total > MOST_LISTED;
    let most = usize::try_from(MOST_LISTED).unwrap_or(usize::MAX);
    let (lister, listed) = list(book, findings, (most, only_telling), each)?;
    let index = lister.index((book.sides(), head), findings, total, listed.entries());
    let listed = json_island(&serde_json::to_string(&index)?).into_owned();
    let run = run_of(findings, frame);
    let around = around(findings, &run);
    let mut json = format!("{{\"index\":{listed},\"details\":[");
    let mut whole = 0;
    for entry in &index.cases {
        let Some(found) = book.detail(entry.6)? else {
            break;
        };
        let text = detail(&found, &around);
        let text = json_island(&text);
        if json.len() + text.len() > MOST_BYTES {
            break;
        }
        if whole > 0 {
            json.push(',');
        }
        json.push_str(&text);
        whole += 1;
    }
    json.push_str("]}");
    Ok(Chosen {
        json,
        total,
        listed: index.cases.len() as u64,
        whole,
    })
}

fn list<'a>(
    book: &mut dyn Casebook,
    findings: &'a Findings,
    (most, only_telling): (usize, bool),
    each: &mut dyn FnMut(&[Vec<TrialRow>]),
) -> io::Result<(Lister<'a>, Listed)> {
    let mut lister = Lister::new(findings);
    let mut listed = Listed {
        by_class: Vec::new(),
        most,
        only_telling,
    };
    let mut place = 0;
    book.outlines(&mut |case| {
        each(&case.rows);
        let (class, entry) = lister.entry(place, case);
        listed.take(class, entry);
        place += 1;
    })?;
    Ok((lister, listed))
}

/// How commands on the page name the run. A page is read later: `latest` is then another one.
pub(super) fn run_of(findings: &Findings, frame: &Frame) -> String {
    match frame.run.as_str() {
        "latest" => findings.run.id.clone(),
        other => other.to_owned(),
    }
}

fn around<'a>(findings: &'a Findings, run: &'a str) -> Around<'a> {
    let judges = findings.judges.iter();
    Around {
        run,
        calibration: judges
            .map(|judge| (judge.scorer.as_str(), judge.calibration.as_str()))
            .collect(),
    }
}
