//! Progress on stderr: two lines that redraw on a terminal, plain lines elsewhere; failing cases as they come.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::screen::Screen;
use crate::domain::event::{Event, Spent, Tick, TrialFinished};
use crate::domain::plan::TrialId;
use crate::domain::port::Sink;
use crate::domain::score::Score;
use crate::domain::secret::Secrets;
use crate::domain::transcript::Outcome;
use crate::funnel::terminal_line;
use crate::report::show_command;
use crate::score::success::Expression;

/// At most this many failing cases are printed as they come.
const MOST_FAILURES: u32 = 20;
/// How often a plain line is printed where nothing can be redrawn.
const PLAIN_EVERY: Duration = Duration::from_secs(10);
/// The same where little or nothing was done meanwhile.
const STILL_EVERY: Duration = Duration::from_secs(60);
/// Where the reason of a failure begins, and the command below it.
const REASON_AT: usize = 7;
/// The most characters of what stopped a run.
const LONGEST: usize = 400;
/// Redraws a second.
const REDRAWS: u8 = 10;

/// What a trial under way still waits for.
struct Open {
    scores: Vec<Score>,
    failed_by: Option<String>,
}

/// How the command that shows a case begins and ends.
pub(crate) struct ShowLine {
    /// How it names the run.
    pub(crate) run: String,
    /// Whether a target must be named, because there are several.
    pub(crate) names_target: bool,
}

/// Listens to a run and shows how it goes.
pub(crate) struct Progress {
    screen: Screen,
    bar: Option<ProgressBar>,
    success: Option<Expression>,
    /// Scorers that every answered trial gets, `checks` included.
    scorers: usize,
    secrets: Secrets,
    show: ShowLine,
    /// Cases in quarantine: that they fail is no news.
    quarantined: BTreeSet<String>,
    planned: u64,
    settled: u64,
    passed: u64,
    failed: u64,
    errored: u64,
    shown: u32,
    not_shown: u32,
    open: BTreeMap<u64, Open>,
    spent: Spent,
    tick: Tick,
    began: Instant,
    began_with: u64,
    last_plain: (Instant, u64),
}

impl Progress {
    /// A listener for one run. `scorers` counts what every answered trial is scored by. No line shows a secret.
    pub(crate) fn new(
        screen: &Screen,
        success: Option<Expression>,
        scorers: usize,
        secrets: Secrets,
        show: ShowLine,
        quarantined: BTreeSet<String>,
    ) -> Self {
        let now = Instant::now();
        Self {
            screen: screen.clone(),
            bar: None,
            success,
            scorers,
            secrets,
            show,
            quarantined,
            planned: 0,
            settled: 0,
            passed: 0,
            failed: 0,
            errored: 0,
            shown: 0,
            not_shown: 0,
            open: BTreeMap::new(),
            spent: Spent::default(),
            tick: Tick::default(),
            began: now,
            began_with: 0,
            last_plain: (now, 0),
        }
    }

    fn started(&mut self, planned: u64, settled: u64) {
        self.planned = planned;
        self.settled = settled;
        self.began_with = settled;
        if self.screen.redraws {
            let target = ProgressDrawTarget::stderr_with_hz(REDRAWS);
            let bar = ProgressBar::with_draw_target(Some(planned), target);
            if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len}  {prefix}\n{msg}")
            {
                bar.set_style(style.progress_chars("##."));
            }
            bar.set_position(settled);
            self.bar = Some(bar);
        }
    }

    fn finished(&mut self, trial: &TrialFinished) {
        match &trial.outcome {
            Outcome::Errored { fault } => {
                self.errored += 1;
                self.settle(trial.ordinal);
                self.tell_failure("ERROR", &trial.trial, &fault.to_string());
            }
            Outcome::Stopped { .. } => {}
            Outcome::Failed { kind, message } => {
                let why = format!("{}: {message}", kind.words());
                self.open.insert(
                    trial.ordinal,
                    Open {
                        scores: Vec::new(),
                        failed_by: Some(why),
                    },
                );
                self.close_if_whole(trial.ordinal, &trial.trial);
            }
            Outcome::Answered => {
                self.open.insert(
                    trial.ordinal,
                    Open {
                        scores: Vec::new(),
                        failed_by: None,
                    },
                );
                self.close_if_whole(trial.ordinal, &trial.trial);
            }
        }
    }

    fn scored(&mut self, ordinal: u64, trial: &TrialId, scores: &[Score]) {
        let open = self.open.entry(ordinal).or_insert(Open {
            scores: Vec::new(),
            failed_by: None,
        });
        open.scores.extend(scores.iter().cloned());
        self.close_if_whole(ordinal, trial);
    }

    fn close_if_whole(&mut self, ordinal: u64, trial: &TrialId) {
        let whole = self
            .open
            .get(&ordinal)
            .is_some_and(|open| open.scores.len() >= self.scorers);
        let Some(open) = whole.then(|| self.open.remove(&ordinal)).flatten() else {
            return;
        };
        self.settle(ordinal);
        let success = match (&self.success, &open.failed_by) {
            (Some(success), Some(_)) => success.of_failure(&open.scores).point(),
            (Some(success), None) => success.of_answer(&open.scores).point(),
            (None, _) => None,
        };
        match success {
            Some(true) => self.passed += 1,
            Some(false) => {
                self.failed += 1;
                let why = open
                    .failed_by
                    .unwrap_or_else(|| first_failure(&open.scores));
                self.tell_failure("FAIL", trial, &why);
            }
            None => {}
        }
    }

    fn settle(&mut self, ordinal: u64) {
        self.open.remove(&ordinal);
        self.settled += 1;
        if let Some(bar) = &self.bar {
            bar.set_position(self.settled);
        }
    }

    fn tell_failure(&mut self, word: &str, trial: &TrialId, why: &str) {
        if self.quarantined.contains(&trial.case) {
            return;
        }
        if self.shown >= MOST_FAILURES {
            self.not_shown += 1;
            return;
        }
        self.shown += 1;
        let room = self.screen.width.saturating_sub(REASON_AT).max(20);
        let mut text = format!("{word:5}  {}", terminal_line(&self.secrets.mask(why), room));
        let target = self.show.names_target.then_some(trial.target.as_str());
        if let Some(command) = show_command(&self.show.run, &trial.case, target) {
            text.push_str(&format!("\n{:REASON_AT$}{command}", ""));
        }
        self.line(&text);
    }

    /// A line above the bar, or just a line.
    fn line(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.screen.note(line)),
            None => self.screen.note(line),
        }
    }

    /// How far it is, and how fast it goes.
    fn counts(&self) -> String {
        let mut parts = Vec::new();
        if self.success.is_some() {
            parts.push(format!("pass {}  fail {}", self.passed, self.failed));
        }
        if self.errored > 0 {
            parts.push(format!("error {}", self.errored));
        }
        parts.push(self.pace());
        parts.join("  ")
    }

    /// What is under way, and what it has cost.
    fn traffic(&self) -> String {
        let mut parts = vec![format!("in flight {}", self.tick.in_flight)];
        if self.tick.waiting > 0 {
            parts.push(format!(
                "waiting on 429: {} (next {:.0} s)",
                self.tick.waiting,
                self.tick.next_s.ceil()
            ));
        }
        for (waiting, on) in [
            (self.tick.on_rpm, "rpm"),
            (self.tick.on_tpm, "tpm"),
            (self.tick.on_budget, "budget"),
        ] {
            if waiting > 0 {
                parts.push(format!("waiting on {on}: {waiting}"));
            }
        }
        if self.tick.slowed_to > 0 {
            parts.push(format!("slowed to {} at once", self.tick.slowed_to));
        }
        if self.spent.tokens.total() > 0 {
            parts.push(format!("{} tokens", short(self.spent.tokens.total())));
        }
        if self.spent.usd > 0.0 {
            parts.push(format!("${:.4}", self.spent.usd));
        }
        parts.join("  ")
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate for the eye")]
    fn pace(&self) -> String {
        let seconds = self.began.elapsed().as_secs_f64();
        let done = self.settled - self.began_with;
        if done == 0 || seconds < 0.5 {
            return "starting".to_owned();
        }
        let rate = done as f64 / seconds;
        let left = self.planned.saturating_sub(self.settled) as f64 / rate;
        let rate = if rate >= 10.0 {
            format!("{rate:.0}/s")
        } else {
            format!("{rate:.1}/s")
        };
        format!("{rate}  eta {}", clock(left))
    }

    fn ticked(&mut self, tick: Tick) {
        self.tick = tick;
        match &self.bar {
            Some(bar) => {
                bar.set_prefix(self.counts());
                bar.set_message(self.traffic());
            }
            None => self.plain(),
        }
    }

    /// One line every ten seconds when a hundredth more is done, else one a minute, which says what is waited for: a log is kept, and
    /// read by people.
    fn plain(&mut self) {
        let (when, at) = self.last_plain;
        let moved = self.settled.saturating_sub(at) >= self.planned.div_ceil(100).max(1);
        if when.elapsed() >= if moved { PLAIN_EVERY } else { STILL_EVERY } {
            self.last_plain = (Instant::now(), self.settled);
            self.screen.note(&format!(
                "{}/{}  {}  {}",
                self.settled,
                self.planned,
                self.counts(),
                self.traffic()
            ));
        }
    }

    fn ended(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        match std::mem::take(&mut self.not_shown) {
            0 => {}
            more => self
                .screen
                .note(&format!("... and {more} more that failed")),
        }
    }
}

impl Sink for Progress {
    fn take(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::RunStarted(started) => self.started(started.planned, started.settled),
            Event::TrialStarted(_) | Event::AttemptFailed(_) => {}
            Event::Tick(tick) => self.ticked(*tick),
            Event::TrialFinished(trial) => self.finished(trial),
            Event::Scored(scored) => self.scored(scored.ordinal, &scored.trial, &scored.scores),
            Event::Spent(spent) => self.spent = *spent,
            Event::LimitReached(limit) => {
                let message = self.secrets.mask(&limit.message);
                self.line(&format!("stopping: {}", terminal_line(&message, LONGEST)));
            }
            Event::Interrupted(_) | Event::RunFinished(_) => self.ended(),
        }
        Ok(())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.ended();
    }
}

/// Why a trial failed, from its first failing score.
fn first_failure(scores: &[Score]) -> String {
    let failing = scores.iter().find(|score| score.passes() == Some(false));
    match failing {
        Some(score) => match &score.reason {
            Some(reason) => format!("{}: {reason}", score.scorer),
            None => score.scorer.clone(),
        },
        None => "the success rule does not hold".to_owned(),
    }
}

/// A duration for the eye: `42s`, `3m10s`, `2h05m`.
fn clock(seconds: f64) -> String {
    if !seconds.is_finite() || seconds > 360_000.0 {
        return "over 100h".to_owned();
    }
    let seconds = Duration::from_secs_f64(seconds.max(0.0)).as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
    }
}

/// A count for the eye: `950`, `12.3k`, `4.5M`.
#[expect(clippy::cast_precision_loss, reason = "a count for the eye")]
fn short(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{:.1}k", count as f64 / 1e3),
        _ => format!("{:.1}M", count as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::ColorWhen;
    use crate::cli::ci::Ci;

    #[test]
    fn times_and_counts_are_short() {
        assert_eq!(
            [0.4, 61.0, 7_500.0, f64::INFINITY].map(clock),
            ["0s", "1m01s", "2h05m", "over 100h"]
        );
        assert_eq!(
            [950, 12_345, 4_500_000].map(short),
            ["950", "12.3k", "4.5M"]
        );
    }

    #[test]
    fn every_wait_is_said_with_what_it_waits_on() {
        let screen = Screen::new(ColorWhen::Never, true, Ci::default());
        let show = ShowLine {
            run: "latest".into(),
            names_target: false,
        };
        let mut progress =
            Progress::new(&screen, None, 0, Secrets::default(), show, BTreeSet::new());
        progress.tick = Tick {
            in_flight: 3,
            waiting: 2,
            next_s: 1.2,
            on_rpm: 40,
            on_budget: 5,
            slowed_to: 8,
            ..Tick::default()
        };
        assert_eq!(
            progress.traffic(),
            "in flight 3  waiting on 429: 2 (next 2 s)  waiting on rpm: 40  waiting on budget: 5  slowed to 8 at once"
        );
    }

    #[test]
    fn a_failure_names_its_scorer_and_reason() {
        let scores = [
            Score::pass("a", true, "fine"),
            Score::pass("b", false, "wanted 4, found 5"),
        ];
        assert_eq!(first_failure(&scores), "b: wanted 4, found 5");
    }
}
