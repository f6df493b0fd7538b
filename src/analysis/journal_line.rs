//! Lines of the journal without their texts: only what columns keep is parsed, all else is skipped.
//!
//! Reading lines and taking them into a record are two steps, so that threads may read while another fills the columns.

use std::borrow::Cow;

use serde::Deserialize;

use crate::domain::event::Event;
use crate::domain::fault::FaultKind;
use crate::domain::message::{Finish, Usage};
use crate::domain::score::Unscored;

use super::column::{Found, failure_code, fault_code};
use super::flips::{DetailsLine, Orders};
use super::metric::Known;
use super::record::{RecordError, Shape};

/// Lines that were read, in the order of the journal.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) lines: Vec<Line>,
    /// The scores of all lines, one line's behind the other's.
    pub(super) scores: Vec<ScoreRead>,
    /// Names of models and classes, each once.
    pub(super) words: Vec<String>,
}

/// One line.
#[derive(Debug)]
pub(super) enum Line {
    Finished(Finished),
    /// So many of the batch's scores are those of the trial at this place.
    Scored {
        at: usize,
        is_reused: bool,
        count: usize,
    },
    /// About the run as a whole.
    Run(Box<Event>),
}

/// What columns keep of a trial.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) at: usize,
    /// As in the column of states.
    pub(super) state: u8,
    pub(super) attempts: usize,
    pub(super) usage: Option<Usage>,
    pub(super) cost_usd: Option<f64>,
    pub(super) timing: TimingLine,
    pub(super) replayed: bool,
    pub(super) is_reused: bool,
    /// Which of the batch's words names the model.
    pub(super) model: Option<usize>,
}

/// What columns keep of a score.
#[derive(Debug)]
pub(super) struct ScoreRead {
    /// `None`: the shape does not know the scorer.
    pub(super) scorer: Option<usize>,
    pub(super) value: ValueRead,
    pub(super) asked: Option<PaidLine>,
    /// What a pairwise judge's orders show, packed.
    pub(super) orders: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum ValueRead {
    Found(Found),
    /// A class, by which of the batch's words names it.
    Label(usize),
}

/// Reads lines for a record of some shape.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    trials: u64,
    scorers: &'a [Known],
}

impl<'a> Reader<'a> {
    /// A reader for records of this shape.
    #[must_use]
    pub fn of(shape: &'a Shape) -> Self {
        Self {
            trials: shape.extent.trials(),
            scorers: &shape.scorers,
        }
    }

    /// Reads one line behind those that `batch` holds. Lines that no record keeps anything of, those of later minor versions
    /// included, are passed over. Answers the trial's ordinal where the line is a trial's end.
    ///
    /// # Errors
    /// [`RecordError`]; the batch is as it was before.
    pub fn read(
        &self,
        batch: &mut Batch,
        event: &str,
        json: &str,
    ) -> Result<Option<u64>, RecordError> {
        let run = match event {
            "trial_finished" => {
                let line: FinishedLine<'_> = parse(event, json)?;
                let at = self.place(line.ordinal)?;
                batch.finish(at, &line);
                return Ok(Some(line.ordinal));
            }
            "scored" => {
                let line: ScoredLine<'_> = parse(event, json)?;
                let at = self.place(line.ordinal)?;
                batch.score(at, &line, self.scorers);
                return Ok(None);
            }
            "run_started" => Event::RunStarted(parse(event, json)?),
            "spent" => Event::Spent(parse(event, json)?),
            "limit_reached" => Event::LimitReached(parse(event, json)?),
            "interrupted" => Event::Interrupted(parse(event, json)?),
            "run_finished" => Event::RunFinished(parse(event, json)?),
            _ => return Ok(None),
        };
        batch.lines.push(Line::Run(Box::new(run)));
        Ok(None)
    }

    fn place(&self, ordinal: u64) -> Result<usize, RecordError> {
        place(ordinal, self.trials)
    }
}

/// Where a trial stands in the columns.
pub(super) fn place(ordinal: u64, trials: u64) -> Result<usize, RecordError> {
    match usize::try_from(ordinal) {
        Ok(at) if ordinal < trials => Ok(at),
        _ => Err(RecordError::Beyond { ordinal, trials }),
    }
}

fn parse<'a, T: Deserialize<'a>>(event: &str, json: &'a str) -> Result<T, RecordError> {
    serde_json::from_str(json).map_err(|error| RecordError::Unreadable {
        event: event.to_owned(),
        message: error.to_string(),
    })
}

impl Batch {
    fn finish(&mut self, at: usize, line: &FinishedLine<'_>) {
        let kind = match line.outcome.state {
            StateWord::Failed => line
                .outcome
                .kind
                .as_ref()
                .map_or(0, |kind| failure_code(&kind.0)),
            StateWord::Errored => line
                .outcome
                .fault
                .as_ref()
                .map_or(0, |fault| fault_code(fault.kind)),
            StateWord::Answered | StateWord::Stopped => 0,
        };
        let told = &line.transcript;
        let cut = u8::from(told.finish == Some(Finish::Length)) << 7;
        let model = told
            .model_returned
            .as_ref()
            .map(|model| self.word(&model.0));
        self.lines.push(Line::Finished(Finished {
            at,
            state: line.outcome.state as u8 | (kind << 3) | cut,
            attempts: line.attempts.len(),
            usage: told.usage,
            cost_usd: told.cost_usd,
            timing: told.timing,
            replayed: told.replayed,
            is_reused: line.reused.is_some(),
            model,
        }));
    }

    fn score(&mut self, at: usize, line: &ScoredLine<'_>, scorers: &[Known]) {
        self.lines.push(Line::Scored {
            at,
            is_reused: line.reused.is_some(),
            count: line.scores.len(),
        });
        for score in &line.scores {
            let value = match &score.value {
                ValueLine::Pass(pass) => ValueRead::Found(Found::Pass(*pass)),
                ValueLine::Number(number) => ValueRead::Found(Found::Number(*number)),
                ValueLine::Label(label) => ValueRead::Label(self.word(&label.0)),
                ValueLine::Unscored(why) => ValueRead::Found(Found::Unscored(*why)),
                ValueLine::NotApplicable => ValueRead::Found(Found::NotApplicable),
            };
            let asked = score.asked.as_ref();
            let details = asked.and_then(|asked| asked.details.as_ref());
            self.scores.push(ScoreRead {
                orders: details.and_then(Orders::of).map(Orders::pack),
                scorer: scorers.iter().position(|known| known.id == score.scorer.0),
                value,
                asked: asked.map(|asked| asked.paid),
            });
        }
    }

    /// The place of a word among those of this batch.
    fn word(&mut self, word: &str) -> usize {
        let known = self.words.iter().position(|known| known == word);
        known.unwrap_or_else(|| {
            self.words.push(word.to_owned());
            self.words.len() - 1
        })
    }
}

/// A text that is not copied where it stands in the line as it is.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Word<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
pub(crate) struct FinishedLine<'a> {
    pub(crate) ordinal: u64,
    #[serde(borrow)]
    pub(crate) outcome: OutcomeLine<'a>,
    pub(crate) attempts: Vec<serde::de::IgnoredAny>,
    #[serde(borrow)]
    pub(crate) transcript: TranscriptLine<'a>,
    #[serde(default)]
    pub(crate) reused: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(crate) struct OutcomeLine<'a> {
    pub(crate) state: StateWord,
    #[serde(default, borrow)]
    pub(crate) kind: Option<Word<'a>>,
    #[serde(default)]
    pub(crate) fault: Option<FaultLine>,
}

/// States as numbers: what stands in the low bits of a state byte.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StateWord {
    Answered = 1,
    Failed = 2,
    Errored = 3,
    Stopped = 4,
}

#[derive(Deserialize)]
pub(crate) struct FaultLine {
    pub(crate) kind: FaultKind,
}

#[derive(Deserialize)]
pub(crate) struct TranscriptLine<'a> {
    #[serde(default)]
    pub(crate) finish: Option<Finish>,
    #[serde(default)]
    pub(crate) usage: Option<Usage>,
    #[serde(default)]
    pub(crate) cost_usd: Option<f64>,
    #[serde(default)]
    pub(crate) timing: TimingLine,
    #[serde(default)]
    pub(crate) replayed: bool,
    #[serde(default, borrow)]
    pub(crate) model_returned: Option<Word<'a>>,
}

#[derive(Debug, Deserialize, Clone, Copy, Default)]
#[serde(default)]
pub(crate) struct TimingLine {
    pub(crate) first_token_ms: Option<f64>,
    pub(crate) total_ms: f64,
    pub(crate) waited_ms: f64,
}

#[derive(Deserialize)]
pub(crate) struct ScoredLine<'a> {
    pub(crate) ordinal: u64,
    #[serde(borrow)]
    pub(crate) scores: Vec<ScoreLine<'a>>,
    #[serde(default)]
    pub(crate) reused: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(crate) struct ScoreLine<'a> {
    #[serde(borrow)]
    pub(crate) scorer: Word<'a>,
    #[serde(borrow)]
    pub(crate) value: ValueLine<'a>,
    #[serde(default)]
    pub(crate) asked: Option<AskedLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ValueLine<'a> {
    Pass(bool),
    Number(f64),
    #[serde(borrow)]
    Label(Word<'a>),
    Unscored(Unscored),
    NotApplicable,
}

#[derive(Deserialize)]
#[serde(from = "WholeAskedLine")]
pub(crate) struct AskedLine {
    pub(crate) paid: PaidLine,
    pub(crate) details: Option<DetailsLine>,
}

/// What asking took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PaidLine {
    pub(crate) usage: Usage,
    pub(crate) cost_usd: Option<f64>,
    pub(crate) attempts: u32,
}

#[derive(Deserialize)]
struct WholeAskedLine {
    #[serde(default)]
    usage: Usage,
    #[serde(default)]
    cost_usd: Option<f64>,
    #[serde(default)]
    attempts: u32,
    #[serde(default)]
    details: Option<DetailsLine>,
}

impl From<WholeAskedLine> for AskedLine {
    fn from(line: WholeAskedLine) -> Self {
        Self {
            paid: PaidLine {
                usage: line.usage,
                cost_usd: line.cost_usd,
                attempts: line.attempts,
            },
            details: line.details,
        }
    }
}
