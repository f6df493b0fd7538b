//! The cases behind a report, read from the run's directory as they are asked for.

use std::collections::BTreeMap;
use std::io;

use super::reading::Reading;
use super::report::{Told, threads};
use super::show::{ShownTrial, take_in};
use crate::analysis::findings::{ScoreCell, TrialRow};
use crate::analysis::held::Human;
use crate::analysis::rows::Rows;
use crate::domain::case::Case;
use crate::domain::plan::Coordinates;
use crate::report::{Casebook, Detail, Outline, Trial};
use crate::store::cases::CaseIndex;
use crate::store::trial_lines::TrialLines;

/// How many characters of what is asked stand in an outline.
const FIRST_WORDS: usize = 80;

/// One of those whose trials a report of single cases shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Side {
    /// How the report calls it.
    pub(crate) name: String,
    /// Whether its trials are those of the other run of a comparison.
    pub(crate) is_of_base: bool,
    /// Its target in that run.
    pub(crate) target: usize,
}

/// The cases behind what is told.
pub struct Cases<'a> {
    told: &'a Told,
    own: Option<Disk>,
    base: Option<Disk>,
    /// Where the other run has a case of the same question: by the digests of its id and its content.
    places: BTreeMap<(u64, u64), usize>,
}

/// A run's files, open.
struct Disk {
    cases: CaseIndex,
    lines: TrialLines,
}

impl Disk {
    fn open(reading: &Reading) -> io::Result<Self> {
        Ok(Self {
            cases: reading.run.case_index().map_err(io::Error::other)?,
            lines: reading
                .run
                .trial_lines(threads())
                .map_err(io::Error::other)?,
        })
    }

    /// A case's trials in ordinal order.
    fn trials(&mut self, reading: &Reading, case: usize) -> io::Result<Vec<ShownTrial>> {
        let per_case = reading.run.manifest().extent.per_case();
        let first = case as u64 * per_case;
        let blank = |_| ShownTrial {
            target: String::new(),
            repeat: 0,
            finished: None,
            scores: Vec::new(),
            success: None,
        };
        let mut trials: Vec<ShownTrial> = (0..per_case).map(blank).collect();
        self.lines
            .read(first..first + per_case, &mut |name, json| {
                take_in(name, json, first, &mut trials);
            })
            .map_err(io::Error::other)?;
        Ok(trials)
    }
}

impl<'a> Cases<'a> {
    /// The cases behind what is told. Nothing is read before it is asked for.
    #[must_use]
    pub fn new(told: &'a Told) -> Self {
        let mut places = BTreeMap::new();
        if let Some(base) = &told.base {
            for case in 0..base.record.cases() {
                places.insert(base.record.case_digests(case), case);
            }
        }
        Self {
            told,
            own: None,
            base: None,
            places,
        }
    }

    /// The reading that a side's trials are in, and the place of a case there.
    fn place(&self, side: &Side, case: usize) -> Option<(&'a Reading, usize)> {
        let own = self.told.reading.as_ref()?;
        match (side.is_of_base, &self.told.base) {
            (false, _) => Some((own, case)),
            (true, Some(base)) => {
                let place = self.places.get(&own.record.case_digests(case))?;
                Some((base, *place))
            }
            (true, None) => None,
        }
    }
}

/// A side's rows among those of all targets.
fn rows_of(all: &[TrialRow], side: &Side, reading: &Reading) -> Vec<TrialRow> {
    let id = &reading.suite.targets[side.target].id;
    let own = all.iter().filter(|row| row.target == *id);
    let named = own.map(|row| TrialRow {
        target: side.name.clone(),
        ..row.clone()
    });
    named.collect()
}

/// The other run's scores in the order of this run's scorers.
fn in_order(
    scores: &[Option<ScoreCell>],
    theirs: &[String],
    ours: &[String],
) -> Vec<Option<ScoreCell>> {
    let of = |id: &String| {
        let at = theirs.iter().position(|known| known == id)?;
        scores.get(at).cloned().flatten()
    };
    ours.iter().map(of).collect()
}

/// The first words of what is asked, on one line.
fn first_words(case: &Case) -> String {
    let words = case.input.text().split_whitespace();
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().take(FIRST_WORDS));
        if line.chars().count() >= FIRST_WORDS {
            break;
        }
    }
    if let Some((end, _)) = line.char_indices().nth(FIRST_WORDS) {
        line.truncate(end);
    }
    line
}

impl Casebook for Cases<'_> {
    fn sides(&self) -> Vec<String> {
        let sides = self.told.sides.iter();
        sides.map(|side| side.name.clone()).collect()
    }

    fn count(&self) -> u64 {
        let reading = self.told.reading.as_ref();
        reading.map_or(0, |reading| reading.run.manifest().extent.cases)
    }

    fn outlines(&mut self, take: &mut dyn FnMut(Outline)) -> io::Result<()> {
        let Some(own) = &self.told.reading else {
            return Ok(());
        };
        let rows = Rows::new(&own.suite, &own.record);
        let base = self.told.base.as_ref();
        let base_rows = base.map(|base| Rows::new(&base.suite, &base.record));
        let theirs = base_rows
            .as_ref()
            .map_or_else(Vec::new, |rows| rows.head().scorers);
        for (nth, case) in own.run.cases().map_err(io::Error::other)?.enumerate() {
            let case = case.map_err(io::Error::other)?;
            let all = rows.of_case(nth, &case.id);
            let of_side = |side: &Side| {
                let Some((reading, place)) = self.place(side, nth) else {
                    return Vec::new();
                };
                match &base_rows {
                    Some(rows) if side.is_of_base => {
                        let mut found = rows_of(&rows.of_case(place, &case.id), side, reading);
                        for row in &mut found {
                            row.scores = in_order(&row.scores, &theirs, &self.told.head.scorers);
                        }
                        found
                    }
                    _ => rows_of(&all, side, reading),
                }
            };
            let rows = self.told.sides.iter().map(of_side).collect();
            take(Outline {
                asks: first_words(&case),
                id: case.id,
                tags: case.tags,
                rows,
            });
        }
        Ok(())
    }

    fn detail(&mut self, place: u64) -> io::Result<Option<Detail>> {
        let Some(own) = &self.told.reading else {
            return Ok(None);
        };
        if place >= self.count() {
            return Ok(None);
        }
        let nth = usize::try_from(place).map_err(io::Error::other)?;
        let mut disk = match self.own.take() {
            Some(disk) => disk,
            None => Disk::open(own)?,
        };
        let case = disk.cases.case_at(place).map_err(io::Error::other)?;
        let own_trials = disk.trials(own, nth)?;
        self.own = Some(disk);
        let mut base_trials = Vec::new();
        let base_side = self.told.sides.iter().find(|side| side.is_of_base);
        if let Some((base, place)) = base_side.and_then(|side| self.place(side, nth)) {
            let mut disk = match self.base.take() {
                Some(disk) => disk,
                None => Disk::open(base)?,
            };
            base_trials = disk.trials(base, place)?;
            self.base = Some(disk);
        }
        let mut trials = Vec::new();
        for side in &self.told.sides {
            let Some((reading, place)) = self.place(side, nth) else {
                trials.push(Vec::new());
                continue;
            };
            let read = match side.is_of_base {
                true => &base_trials,
                false => &own_trials,
            };
            trials.push(of_side(side, reading, (place, &case.id), read));
        }
        Ok(Some(Detail { case, trials }))
    }

    fn making(&self) -> Vec<(&'static str, String)> {
        let Some(own) = &self.told.reading else {
            return Vec::new();
        };
        let manifest = own.run.manifest();
        let mut facts = vec![("made by", format!("evenhand {}", manifest.tool_version))];
        if !manifest.flags.is_empty() {
            facts.push(("flags", manifest.flags.join(" ")));
        }
        if !manifest.folder.is_empty() {
            facts.push(("suite's folder", manifest.folder.clone()));
        }
        if let Some(base) = &self.told.base {
            facts.push(("compared with", base.run.id().to_owned()));
        }
        facts
    }
}

/// A side's trials of a case, among those of all targets of its run.
fn of_side(
    side: &Side,
    reading: &Reading,
    (place, id): (usize, &str),
    read: &[ShownTrial],
) -> Vec<Trial> {
    let extent = reading.run.manifest().extent;
    let rows = Rows::new(&reading.suite, &reading.record).of_case(place, id);
    let rows = rows_of(&rows, side, reading);
    let mut trials = Vec::new();
    for repeat in 0..extent.repeats {
        let ordinal = extent.ordinal(Coordinates {
            case: place as u64,
            variant: 0,
            repeat,
            target: u32::try_from(side.target).unwrap_or(u32::MAX),
        });
        let at = usize::try_from(ordinal - place as u64 * extent.per_case()).ok();
        let Some(shown) = at.and_then(|at| read.get(at)) else {
            continue;
        };
        let row = rows.iter().find(|row| row.repeat == repeat);
        trials.push(Trial {
            finished: shown.finished.clone(),
            scores: shown.scores.clone(),
            success: row.and_then(|row| row.success),
            people: people(reading, ordinal),
        });
    }
    trials
}

/// What people say of a trial, by the scorer that is held against them.
fn people(reading: &Reading, ordinal: u64) -> Vec<(String, Human)> {
    let held = reading.record.held();
    let of_scorer = |id: &String| {
        let human = held.people(id)?.said.get(&ordinal)?;
        Some((id.clone(), human.clone()))
    };
    let scorers = reading.suite.scorers.iter();
    scorers.filter_map(|spec| of_scorer(&spec.id)).collect()
}
