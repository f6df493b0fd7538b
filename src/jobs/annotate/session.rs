//! A session: one annotator and their cards. Whatever they do is on the disk before it is answered.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::files::{self, adjudicated};
use super::fitting::{Fitting, answers};
use super::material::{self, Material};
use super::rubric::Rubric;
use super::{Annotate, Annotated};
use crate::analysis::annotation::deck::{Card, Deal, Item};
use crate::analysis::annotation::disagreement::{Voice, disputed, settled};
use crate::analysis::annotation::kept::{Act, Did, Kept, Key, Progress};
use crate::analysis::annotation::question::Choice;
use crate::domain::label::{Label, Said, Subject, Texts};
use crate::domain::port::Clock;
use crate::jobs::JobError;
use crate::store::label_log::{LabelLog, LabelLogError, path_of};

/// The longest critique, in bytes.
const LONGEST: usize = 64 << 10;
/// The longest time that a label is said to have taken, in seconds: who went away did not label.
const LONGEST_TIME: f64 = 86_400.0;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// There is no such card: the page is of another session.
    #[error("there is no such card; load the page again")]
    UnknownCard,
    /// It is no answer to what is asked.
    #[error("`{0}` is none of the answers that are offered")]
    NoAnswer(String),
    /// The critique is too long.
    #[error("the critique is over 64 KiB; make it shorter")]
    LongCritique,
    /// Somebody else answers another question into the same file.
    #[error(
        "not saved: another process puts labels of another kind into the same file; name another file with --labels"
    )]
    OtherQuestion,
    /// It could not be written to the log: nothing was saved.
    #[error("not saved: {0}")]
    Log(#[from] LabelLogError),
    /// It stands in the log, and the labels file could not be made again.
    #[error("kept in the log, and the labels file could not be written: {0}")]
    Labels(JobError),
}

/// A card as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// What it is called.
    pub token: String,
    /// Its texts, each under its name, in the order in which they are shown.
    pub texts: Vec<(&'static str, String)>,
    /// What annotators said of it, where it is to be decided: the word and the critique of each, nobody named.
    pub voices: Vec<(String, String)>,
    /// Whether it is flagged.
    pub flagged: bool,
}

/// What is taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct Previous {
    /// The word that was said; `None`: it had been put aside.
    pub word: Option<String>,
    /// The critique.
    pub critique: String,
}

/// One annotator and their cards.
pub struct Session {
    annotator: String,
    items: Vec<Item>,
    cards: Vec<Card>,
    rubric: Rubric,
    /// What is decided, where annotators differ.
    voices: BTreeMap<Subject, Vec<Voice>>,
    kept: Kept,
    log: LabelLog,
    /// The labels file; of a session that decides, the one that it decides about.
    labels: PathBuf,
    /// Whether it decides.
    adjudicates: bool,
    /// The probabilities of this draw, by output.
    drawn: BTreeMap<Subject, f64>,
    notes: Vec<String>,
    clock: Box<dyn Clock + Send>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("annotator", &self.annotator)
            .field("cards", &self.cards.len())
            .field("labels", &self.labels)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Opens a session, where an earlier one of the same annotator stopped.
    ///
    /// # Errors
    /// [`JobError::Usage`] for what does not fit together, [`JobError::Invalid`] for faults of the files, [`JobError::NothingToRun`] where
    /// there is nothing to be labelled or decided, [`JobError::Store`] where the log cannot be used.
    pub fn open(order: &Annotate, clock: Box<dyn Clock + Send>) -> Result<Self, JobError> {
        if order.annotator.trim().is_empty() {
            return Err(JobError::Usage(
                "--annotator is empty: who labels?".to_owned(),
            ));
        }
        let Material {
            mut items,
            given,
            rubric,
            labels,
            seed,
            mut notes,
        } = material::read(order)?;
        let labels = order.labels.clone().unwrap_or(labels);
        files::may_be_written(&labels)?;
        if given.is_empty() && labels == Path::new(&order.source) {
            return Err(JobError::Usage(format!(
                "{}: here stand the outputs, and no labels yet; name another file for these with --labels",
                order.source
            )));
        }
        let rows = files::rows(&labels)?;
        let fitting = Fitting {
            question: &rubric.question,
            items: &items,
            adjudicates: order.adjudicate,
        };
        fitting.check(&labels, &rows)?;
        let mut voices = BTreeMap::new();
        if order.adjudicate {
            voices = disputed(&rows, seed);
            items.retain(|item| voices.contains_key(&item.subject));
            notes.extend(undecidable(
                &labels,
                &order.source,
                voices.len(),
                items.len(),
            )?);
        } else if rows.is_empty() && !given.is_empty() && !labels.exists() {
            let (given, others) = of_the_draw(given, &items);
            fitting.check(Path::new(&order.source), &given)?;
            files::write(&labels, &given)?;
            if others > 0 {
                notes.push(format!(
                    "labels of {} that stay there, for their outputs were not drawn this time: {others}",
                    order.source
                ));
            }
        }
        let to = match order.adjudicate {
            true => adjudicated(&labels),
            false => labels.clone(),
        };
        let log =
            LabelLog::open(&path_of(&to)).map_err(|error| JobError::Store(error.to_string()))?;
        let deal = Deal {
            annotator: &order.annotator,
            seed,
            repeats: match order.adjudicate {
                true => 0.0,
                false => order.repeats,
            },
            key: &order.key,
        };
        let cards = deal.cards(&items);
        let drawn = items
            .iter()
            .filter_map(|item| Some((item.subject.clone(), item.probability?)))
            .collect();
        let mut session = Self {
            annotator: order.annotator.clone(),
            items,
            cards,
            rubric,
            voices,
            kept: Kept::default(),
            log,
            labels,
            adjudicates: order.adjudicate,
            drawn,
            notes,
            clock,
        };
        session.take_up()?;
        Ok(session)
    }

    /// Reads what the log holds, and makes the labels file whole where a crash came between the two.
    fn take_up(&mut self) -> Result<(), JobError> {
        let store = |error: &dyn std::fmt::Display| JobError::Store(error.to_string());
        let target = self.target();
        let mut held = self.log.hold().map_err(|error| store(&error))?;
        let acts: Vec<Act> = held.news().map_err(|error| store(&error))?;
        let is_new = acts.is_empty();
        for act in acts {
            self.kept.take(act);
        }
        if !self.adjudicates {
            let labelled = files::rows(&self.labels)?;
            let mine = labelled.iter().filter(|row| row.by == self.annotator);
            for row in mine {
                let key = (row.by.clone(), row.subject.clone(), row.repeat_of.is_some());
                self.kept.labelled_elsewhere(key);
            }
        }
        let fitting = Fitting {
            question: &self.rubric.question,
            items: &self.items,
            adjudicates: self.adjudicates,
        };
        // The labels file may be gone, and its log may not.
        fitting.check(&path_of(&target), &self.kept.labels())?;
        if !is_new {
            rewrite(
                &target,
                &self.labels,
                self.adjudicates,
                &self.kept,
                &self.drawn,
            )?;
        }
        drop(held);
        if self.log.bad_lines() > 0 {
            self.notes.push(format!(
                "{} lines of {} were changed by something else and count for nothing",
                self.log.bad_lines(),
                path_of(&target).display()
            ));
        }
        Ok(())
    }

    /// The file that is written.
    #[must_use]
    pub fn target(&self) -> PathBuf {
        match self.adjudicates {
            true => adjudicated(&self.labels),
            false => self.labels.clone(),
        }
    }

    /// What must be said beforehand.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Who labels.
    #[must_use]
    pub fn annotator(&self) -> &str {
        &self.annotator
    }

    /// What is asked, in words.
    #[must_use]
    pub fn asks(&self) -> &str {
        &self.rubric.asks
    }

    /// The criteria; empty where there are none.
    #[must_use]
    pub fn criteria(&self) -> &str {
        &self.rubric.criteria
    }

    /// The answers that are offered.
    #[must_use]
    pub fn choices(&self) -> Vec<Choice> {
        self.rubric.question.choices()
    }

    /// Whether the session decides what annotators differ on.
    #[must_use]
    pub fn adjudicates(&self) -> bool {
        self.adjudicates
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.kept
            .progress(&self.cards, &self.items, &self.annotator)
    }

    /// The next cards, at most so many.
    #[must_use]
    pub fn next(&self, most: usize) -> Vec<View> {
        let open = self.kept.open(&self.cards, &self.items, &self.annotator);
        open.into_iter()
            .take(most)
            .map(|card| self.view(card))
            .collect()
    }

    /// Labels a card. `answer`: a word or a key of the answers that are offered.
    ///
    /// # Errors
    /// What is wrong with the answer, or why it is not saved.
    pub fn answer(
        &mut self,
        token: &str,
        answer: &str,
        critique: &str,
        seconds: Option<f64>,
    ) -> Result<(), SessionError> {
        let card = self.card(token)?.clone();
        let said = self
            .rubric
            .question
            .read(answer, card.first)
            .ok_or_else(|| SessionError::NoAnswer(answer.chars().take(60).collect()))?;
        if critique.len() > LONGEST {
            return Err(SessionError::LongCritique);
        }
        let is_pair = matches!(said, Said::Preference(_));
        let item = &self.items[card.item];
        let texts = item.texts.clone();
        let act = Act {
            critique: Some(critique.to_owned()).filter(|text| !text.trim().is_empty()),
            seconds: seconds.filter(|seconds| (0.0..=LONGEST_TIME).contains(seconds)),
            side: is_pair.then_some(card.first),
            rubric_version: self.rubric.version.clone(),
            probability: item.probability,
            cluster: item.cluster.clone(),
            texts,
            ..self.act(&card, Did::Said(said))
        };
        self.save(act)
    }

    /// Puts a card aside.
    ///
    /// # Errors
    /// There is no such card, or it is not saved.
    pub fn skip(&mut self, token: &str) -> Result<(), SessionError> {
        let card = self.card(token)?.clone();
        let act = self.act(&card, Did::Skipped);
        self.save(act)
    }

    /// Marks a card as one with which something is wrong, or takes that back.
    ///
    /// # Errors
    /// There is no such card, or it is not saved.
    pub fn flag(&mut self, token: &str, flagged: bool) -> Result<(), SessionError> {
        let card = self.card(token)?.clone();
        let act = self.act(&card, Did::Flagged(flagged));
        self.save(act)
    }

    /// Takes back what was done last, in this session or an earlier one. Answers the card and what was said of it; `None`: nothing was.
    ///
    /// # Errors
    /// It is not saved.
    pub fn undo(&mut self) -> Result<Option<(View, Previous)>, SessionError> {
        let cards = &self.cards;
        let item = |card: &Card| &self.items[card.item].subject;
        let Some(last) = self.kept.last_of(&self.annotator, |subject, again| {
            cards
                .iter()
                .any(|card| card.again == again && item(card) == subject)
        }) else {
            return Ok(None);
        };
        let last = last.clone();
        let Some(card) = cards
            .iter()
            .find(|card| card.again == last.again && *item(card) == last.subject)
            .cloned()
        else {
            return Ok(None);
        };
        let previous = Previous {
            word: match &last.did {
                Did::Said(said) => self.rubric.question.word(said, card.first),
                _ => None,
            },
            critique: last.critique.clone().unwrap_or_default(),
        };
        let act = self.act(&card, Did::Undone);
        self.save(act)?;
        Ok(Some((self.view(&card), previous)))
    }

    /// What the labels file says in the end, and what of this session stands out.
    ///
    /// # Errors
    /// The labels file cannot be read.
    pub fn end(&self) -> Result<Annotated, JobError> {
        let open = self.kept.open(&self.cards, &self.items, &self.annotator);
        super::ending::ending(
            &self.annotator,
            &self.labels,
            &self.target(),
            self.adjudicates,
            (self.progress(), open.len()),
            (&self.kept, &self.rubric.question),
        )
    }

    fn card(&self, token: &str) -> Result<&Card, SessionError> {
        let found = self.cards.iter().find(|card| card.token == token);
        found.ok_or(SessionError::UnknownCard)
    }

    fn key(&self, card: &Card) -> Key {
        let subject = self.items[card.item].subject.clone();
        (self.annotator.clone(), subject, card.again)
    }

    fn view(&self, card: &Card) -> View {
        let item = &self.items[card.item];
        let voices = self.voices.get(&item.subject).into_iter().flatten();
        let shown = self.rubric.shown(item, card.first).into_iter();
        let said = |voice: &Voice| {
            let word = self.rubric.question.word(&voice.said, card.first);
            let critique = voice.critique.clone().unwrap_or_default();
            (word.unwrap_or_default(), critique)
        };
        View {
            token: card.token.clone(),
            texts: shown.map(|(name, text)| (name, text.to_owned())).collect(),
            voices: voices.map(said).collect(),
            flagged: self.kept.is_flagged(&self.key(card)),
        }
    }

    fn act(&self, card: &Card, did: Did) -> Act {
        Act {
            by: self.annotator.clone(),
            subject: self.items[card.item].subject.clone(),
            again: card.again,
            did,
            at: at(self.clock.unix_ms()),
            seconds: None,
            side: None,
            critique: None,
            rubric_version: None,
            probability: None,
            cluster: None,
            texts: Texts::default(),
        }
    }

    /// Writes a line, and the labels file after it: both are on the disk when this answers.
    fn save(&mut self, act: Act) -> Result<(), SessionError> {
        let target = self.target();
        let changes_labels = !matches!(act.did, Did::Flagged(_));
        let mut held = self.log.hold()?;
        for news in held.news::<Act>()? {
            self.kept.take(news);
        }
        let question = &self.rubric.question;
        if !self.kept.all_said(|said| answers(question, said)) {
            return Err(SessionError::OtherQuestion);
        }
        held.append(&act)?;
        self.kept.take(act);
        if changes_labels {
            rewrite(
                &target,
                &self.labels,
                self.adjudicates,
                &self.kept,
                &self.drawn,
            )
            .map_err(SessionError::Labels)?;
        }
        Ok(())
    }
}

/// What is to be said of outputs that annotators differ on (`disputed`) and that the source does not hold.
///
/// # Errors
/// None is to be decided.
fn undecidable(
    labels: &Path,
    source: &str,
    disputed: usize,
    held: usize,
) -> Result<Option<String>, JobError> {
    let labels = labels.display();
    let elsewhere = || {
        format!(
            "{labels}: of {disputed} outputs that annotators differ on, {} cannot be decided here: `{source}` does not hold them",
            disputed - held
        )
    };
    match (disputed, held) {
        (0, _) => Err(JobError::NothingToRun(format!(
            "{labels}: there is nothing to decide: no output has two different labels"
        ))),
        (_, 0) => Err(JobError::NothingToRun(elsewhere())),
        _ => Ok((held < disputed).then(elsewhere)),
    }
}

/// The labels among these that are of outputs at hand, with the probabilities of their draw, and how many are not.
fn of_the_draw(given: Vec<Label>, items: &[Item]) -> (Vec<Label>, usize) {
    let at_hand: BTreeMap<&Subject, Option<f64>> = items
        .iter()
        .map(|item| (&item.subject, item.probability))
        .collect();
    let all = given.len();
    let mut kept: Vec<Label> = given
        .into_iter()
        .filter_map(|label| {
            let probability = *at_hand.get(&label.subject)?;
            Some(Label {
                probability,
                ..label
            })
        })
        .collect();
    leave_out_lone_repeats(&mut kept);
    let others = all - kept.len();
    (kept, others)
}

/// A row that repeats a label which is not there would be refused by whoever reads the file.
fn leave_out_lone_repeats(rows: &mut Vec<Label>) {
    let first: BTreeSet<(String, String)> = rows
        .iter()
        .filter(|row| row.repeat_of.is_none())
        .map(|row| (row.by.clone(), row.subject.name()))
        .collect();
    rows.retain(|row| match &row.repeat_of {
        Some(of) => first.contains(&(row.by.clone(), of.clone())),
        None => true,
    });
}

/// Makes the labels file again: rows that the log says nothing of stay as they are.
fn rewrite(
    target: &Path,
    labels: &Path,
    adjudicates: bool,
    kept: &Kept,
    drawn: &BTreeMap<Subject, f64>,
) -> Result<(), JobError> {
    let before = files::rows(labels)?;
    if adjudicates {
        return files::write(target, &settled(&before, &kept.labels()));
    }
    let is_elsewhere = |row: &Label| {
        let key = (row.by.clone(), row.subject.clone(), row.repeat_of.is_some());
        !kept.knows(&key)
    };
    let mut rows: Vec<Label> = before.into_iter().filter(is_elsewhere).collect();
    rows.extend(kept.labels());
    leave_out_lone_repeats(&mut rows);
    for row in &mut rows {
        // A draw that has grown since gives every output another probability.
        if let Some(probability) = drawn.get(&row.subject) {
            row.probability = Some(*probability);
        }
    }
    files::write(target, &rows)
}

/// Milliseconds since 1970 as labels have them.
fn at(unix_ms: u64) -> String {
    let ms = i64::try_from(unix_ms).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| String::new(), |at| at.to_string())
}
