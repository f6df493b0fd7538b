//! The engine as a whole, with targets that do as they are told and a clock that stands still.

use std::cell::RefCell;
use std::collections::VecDeque;

use super::*;
use crate::domain::fault::Fault;
use crate::domain::message::{Message, Role};
use crate::domain::port::{Local, Question, Reply, Request, Seen, Session, Sink};
use crate::domain::score::{Measure, Score, Unscored, Value};
use crate::domain::transcript::{Failure, Timing};

struct Frozen;

impl Clock for Frozen {
    fn unix_ms(&self) -> u64 {
        1_000
    }
}

/// Keeps the lines that a journal would.
#[derive(Clone, Default)]
struct Kept(Rc<RefCell<Vec<Event>>>, Option<usize>);

impl Sink for Kept {
    fn take(&mut self, event: &Event) -> Result<(), String> {
        if self.1.is_some_and(|room| self.0.borrow().len() >= room) {
            return Err("no space left".to_owned());
        }
        self.0.borrow_mut().push(event.clone());
        Ok(())
    }
}

/// What a target does with the attempts of each case, in order; the last one repeats.
type Script = fn(case: &str, attempt: usize) -> Act;

enum Act {
    Say(&'static str),
    Slowly(u64, &'static str),
    Fail(Fault),
    Panic,
}

struct Scripted {
    script: Script,
    made: RefCell<Vec<String>>,
}

impl Target for Scripted {
    fn opening(&self, case: &Arc<Case>) -> Result<Vec<Message>, Fault> {
        Ok(vec![Message::new(Role::User, case.input.text())])
    }

    fn attempt<'a>(
        &'a self,
        request: &'a Request,
        _: &'a mut Session,
    ) -> Local<'a, Result<Reply, Fault>> {
        Box::pin(async move {
            let id = request.case.id.clone();
            let before = self
                .made
                .borrow()
                .iter()
                .filter(|made| **made == id)
                .count();
            self.made.borrow_mut().push(id.clone());
            let say = |text: &str, ms: u64| {
                Ok(Reply {
                    text: text.to_owned(),
                    timing: Timing {
                        total_ms: ms as f64,
                        ..Timing::default()
                    },
                    ..Reply::default()
                })
            };
            match (self.script)(&id, before) {
                Act::Say(text) => say(text, 1),
                Act::Slowly(ms, text) => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    say(text, ms)
                }
                Act::Fail(fault) => Err(fault),
                Act::Panic => panic!("no target should"),
            }
        })
    }
}

/// Passes "right"; asks a judge when told to.
#[derive(Debug)]
struct Rule {
    asks: bool,
}

impl Scorer for Rule {
    fn measure(&self) -> Measure {
        Measure::PassFail
    }

    fn score(&self, id: &str, seen: &Seen) -> Option<Score> {
        (!self.asks).then(|| Score::new(id, Value::Pass(seen.transcript.output == "right")))
    }

    fn is_judge(&self) -> bool {
        self.asks
    }

    fn ask(&self, _: &Seen) -> Result<Vec<Question>, String> {
        Ok(vec![Question {
            messages: vec![Message::new(Role::User, "right?")],
            format: None,
            logprobs: None,
            params: serde_json::Map::new(),
            vote: 0,
            model: 0,
        }])
    }

    fn read(&self, id: &str, _: &Seen, replies: &[Result<Reply, Fault>]) -> Score {
        match &replies[0] {
            Ok(reply) if reply.text == "yes" => Score::new(id, Value::Pass(true)),
            Ok(_) => Score::unscored(id, Unscored::Unreadable, "prose"),
            Err(fault) => Score::unscored(id, Unscored::Unavailable, fault.to_string()),
        }
    }
}

struct Cases(VecDeque<Item>);

impl Source for Cases {
    fn next(&mut self) -> Result<Option<Item>, String> {
        Ok(self.0.pop_front())
    }
}

fn cases(ids: &[&str]) -> Box<Cases> {
    let items = ids.iter().enumerate().map(|(ordinal, id)| Item {
        ordinal: ordinal as u64,
        target: 0,
        repeat: 0,
        variant: "original".to_owned(),
        case: Arc::new(Case::new(*id, "question")),
        todo: Todo::Whole,
    });
    Box::new(Cases(items.collect()))
}

fn slot(script: Script) -> (TargetSlot, Rc<Scripted>) {
    let target = Rc::new(Scripted {
        script,
        made: RefCell::default(),
    });
    let slot = TargetSlot {
        id: "t".to_owned(),
        target: Rc::clone(&target) as Rc<dyn Target>,
        lane: Rc::new(Lane::new(None)),
        price: None,
        counts_as_failure: vec![FaultKind::Crashed],
        is_live: true,
        bounds: Bounds::default(),
    };
    (slot, target)
}

fn job(target: TargetSlot, scorers: Vec<ScorerSlot>, planned: u64) -> Job {
    Job {
        targets: vec![target],
        scorers,
        checks: None,
        limits: Limits {
            concurrency: 4,
            ..Limits::default()
        },
        max_fail: None,
        uncounted: BTreeSet::new(),
        success: None,
        seed: 7,
        planned,
        settled: 0,
        resumed: false,
        drift: Vec::new(),
        secrets: Secrets::default(),
        spent: Spent::default(),
        took: Duration::ZERO,
        spent_every: None,
    }
}

fn rule(model: Option<TargetSlot>) -> ScorerSlot {
    ScorerSlot {
        id: "rule".to_owned(),
        scorer: Arc::new(Rule {
            asks: model.is_some(),
        }),
        models: model.into_iter().collect(),
        digest: "d".to_owned(),
    }
}

async fn play(
    job: Job,
    source: Box<Cases>,
    stop: Stop,
) -> (Result<Ending, EngineError>, Vec<Event>) {
    play_into(job, source, stop, Kept::default()).await
}

async fn play_into(
    job: Job,
    source: Box<Cases>,
    stop: Stop,
    journal: Kept,
) -> (Result<Ending, EngineError>, Vec<Event>) {
    let events = Rc::clone(&journal.0);
    let dispatcher = Dispatcher::new(Box::new(journal), Vec::new());
    let local = tokio::task::LocalSet::new();
    let (ending, _) = local
        .run_until(run(job, source, dispatcher, &Frozen, stop))
        .await;
    let events = events.borrow().clone();
    (ending, events)
}

fn outcomes(events: &[Event]) -> Vec<(String, &'static str)> {
    let mut found: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::TrialFinished(trial) => Some((trial.trial.case.clone(), trial.outcome.word())),
            _ => None,
        })
        .collect();
    found.sort();
    found
}

fn values(events: &[Event]) -> Vec<(String, Value)> {
    let mut found: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Scored(scored) => {
                Some((scored.trial.case.clone(), scored.scores[0].value.clone()))
            }
            _ => None,
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn named(id: &str, value: Value) -> (String, Value) {
    (id.to_owned(), value)
}

#[tokio::test(start_paused = true)]
async fn a_run_tells_its_beginning_every_trial_and_its_end() {
    let (target, _) = slot(|case, _| Act::Say(if case == "a" { "right" } else { "wrong" }));
    let (ending, events) = play(
        job(target, vec![rule(None)], 2),
        cases(&["a", "b"]),
        Stop::default(),
    )
    .await;
    assert_eq!(ending.unwrap().done, 2);
    assert_eq!(events.first().map(Event::name), Some("run_started"));
    assert_eq!(events.last().map(Event::name), Some("run_finished"));
    assert_eq!(
        values(&events),
        [
            named("a", Value::Pass(true)),
            named("b", Value::Pass(false))
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn faults_that_pass_are_retried_and_those_that_stay_end_after_the_attempts() {
    let (target, made) = slot(|case, attempt| match (case, attempt) {
        ("shaky", 0..2) => Act::Fail(Fault::new(FaultKind::Unavailable, "500")),
        ("dead", _) => Act::Fail(Fault::new(FaultKind::Unavailable, "500")),
        ("denied", _) => Act::Fail(Fault::new(FaultKind::Unauthorized, "401")),
        _ => Act::Say("right"),
    });
    let source = cases(&["dead", "denied", "fine", "shaky"]);
    let (ending, events) = play(job(target, vec![rule(None)], 4), source, Stop::default()).await;
    assert_eq!(ending.unwrap().done, 4);
    let words: Vec<_> = outcomes(&events)
        .into_iter()
        .map(|(_, word)| word)
        .collect();
    assert_eq!(words, ["errored", "errored", "answered", "answered"]);
    let tries = |id: &str| made.made.borrow().iter().filter(|made| *made == id).count();
    assert_eq!(["dead", "denied", "fine", "shaky"].map(tries), [5, 1, 1, 3]);
    assert_eq!(values(&events).len(), 2, "an error is never a score");
}

#[tokio::test(start_paused = true)]
async fn a_queue_is_time_waited_save_for_replies_that_state_their_own_times() {
    let mut waited = Vec::new();
    for is_live in [true, false] {
        let (mut target, _) = slot(|case, attempt| match (case, attempt) {
            ("b", 0) => Act::Fail(Fault::new(FaultKind::Unavailable, "500")),
            _ => Act::Slowly(2_000, "right"),
        });
        target.lane = Rc::new(Lane::new(Some(1)));
        target.is_live = is_live;
        let (_, events) = play(job(target, vec![], 2), cases(&["a", "b"]), Stop::default()).await;
        waited.extend(events.iter().filter_map(|event| match event {
            Event::TrialFinished(trial) => Some(trial.transcript.timing.waited_ms),
            _ => None,
        }));
    }
    let back_off = waited[3];
    assert!((250.0..=500.0).contains(&back_off), "{waited:?}");
    assert_eq!((waited[0], waited[2]), (0.0, 0.0));
    assert!((waited[1] - 2_000.0 - back_off).abs() < 2.0, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_scored_and_kept_of_a_reply_shows_no_secret() {
    let (target, _) = slot(|_, _| Act::Say("your key is kanarie-1"));
    let mut job = job(target, vec![], 1);
    job.secrets.add("KEY", "kanarie-1");
    let (_, events) = play(job, cases(&["a"]), Stop::default()).await;
    let said = events.iter().find_map(|event| match event {
        Event::TrialFinished(trial) => Some(trial.transcript.output.as_str()),
        _ => None,
    });
    assert_eq!(said, Some("your key is ${KEY}"));
}

#[tokio::test(start_paused = true)]
async fn an_agents_own_failure_is_final_and_counts() {
    let (target, made) = slot(|_, _| Act::Fail(Fault::new(FaultKind::Crashed, "exit code 3")));
    let (_, events) = play(
        job(target, vec![rule(None)], 1),
        cases(&["a"]),
        Stop::default(),
    )
    .await;
    assert_eq!(outcomes(&events), [("a".to_owned(), "failed")]);
    assert_eq!(values(&events), [named("a", Value::Pass(false))]);
    assert_eq!(made.made.borrow().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn silence_is_an_error_and_the_deadline_a_failure() {
    let script: Script = |_, _| Act::Slowly(100_000, "right");
    let (target, _) = slot(script);
    let mut silent = job(target, vec![], 1);
    silent.limits.attempts = 1;
    let (_, events) = play(silent, cases(&["a"]), Stop::default()).await;
    assert_eq!(outcomes(&events), [("a".to_owned(), "errored")]);

    let (target, made) = slot(script);
    let mut bounded = job(target, vec![], 1);
    bounded.limits.deadline = Some(Duration::from_secs(5));
    let (_, events) = play(bounded, cases(&["a"]), Stop::default()).await;
    let failure = events.iter().find_map(|event| match event {
        Event::TrialFinished(trial) => Some(trial.outcome.clone()),
        _ => None,
    });
    assert!(
        matches!(
            failure,
            Some(Outcome::Failed {
                kind: Failure::Deadline,
                ..
            })
        ),
        "{failure:?}"
    );
    assert_eq!(made.made.borrow().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_cannot_be_read_or_had_is_unscored() {
    for (script, why) in [
        (
            (|_, _| Act::Say("well, maybe")) as Script,
            Unscored::Unreadable,
        ),
        (
            |_, _| Act::Fail(Fault::new(FaultKind::Crashed, "judge gone")),
            Unscored::Unavailable,
        ),
    ] {
        let (target, _) = slot(|_, _| Act::Say("right"));
        let (judge, _) = slot(script);
        let (_, events) = play(
            job(target, vec![rule(Some(judge))], 1),
            cases(&["a"]),
            Stop::default(),
        )
        .await;
        assert_eq!(values(&events), [named("a", Value::Unscored(why))]);
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_is_left_of_a_trial_is_done() {
    let (target, made) = slot(|_, _| Act::Say("wrong"));
    let mut source = cases(&["a"]);
    let transcript = Transcript {
        output: "right".to_owned(),
        ..Transcript::default()
    };
    source.0[0].todo = Todo::Scores {
        outcome: Outcome::Answered,
        transcript: Arc::new(transcript),
        missing: vec!["rule".to_owned()],
    };
    let (_, events) = play(job(target, vec![rule(None)], 1), source, Stop::default()).await;
    assert_eq!(values(&events), [named("a", Value::Pass(true))]);
    assert!(made.made.borrow().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_first_interrupt_lets_trials_end_within_the_grace_time() {
    let (target, made) =
        slot(|case, _| Act::Slowly(if case == "slow" { 60_000 } else { 2_000 }, "right"));
    let mut order = job(target, vec![], 3);
    order.limits.concurrency = 2;
    order.limits.timeout = Duration::from_secs(600);
    let stop = Stop::default();
    let asker = stop.clone();
    let ask = async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        asker.ask(Asked::Interrupt);
        std::future::pending::<()>().await;
    };
    let (ending, events) = tokio::select! {
        played = play(order, cases(&["slow", "short", "never"]), stop) => played,
        () = ask => unreachable!("it never ends"),
    };
    assert_eq!(ending.unwrap().interrupted, Some(Asked::Interrupt));
    assert_eq!(outcomes(&events), [("short".to_owned(), "answered")]);
    assert_eq!(*made.made.borrow(), ["slow", "short"]);
    assert_eq!(events.last().map(Event::name), Some("interrupted"));
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_fails_stops_the_run_at_once() {
    let (target, made) = slot(|_, _| Act::Slowly(10, "right"));
    let journal = Kept(Rc::default(), Some(3));
    let mut order = job(target, vec![], 100);
    order.limits.concurrency = 1;
    let ids: Vec<String> = (0..100).map(|i| i.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (ending, events) = play_into(order, cases(&ids), Stop::default(), journal).await;
    assert!(matches!(ending, Err(EngineError::Journal(message)) if message == "no space left"));
    assert_eq!(events.len(), 3);
    assert!(
        made.made.borrow().len() <= 4,
        "{}",
        made.made.borrow().len()
    );
}

#[tokio::test(start_paused = true)]
async fn one_callers_429_holds_the_others_back() {
    let (target, made) = slot(|case, attempt| match (case, attempt) {
        ("a", 0) => Act::Fail(Fault {
            retry_after_s: Some(3.0),
            ..Fault::new(FaultKind::RateLimited, "429")
        }),
        _ => Act::Say("right"),
    });
    let mut order = job(target, vec![], 3);
    order.limits.concurrency = 1;
    let began = tokio::time::Instant::now();
    let (_, events) = play(order, cases(&["a", "b", "c"]), Stop::default()).await;
    assert!(began.elapsed() >= Duration::from_secs(3));
    assert_eq!(outcomes(&events).len(), 3);
    assert_eq!(made.made.borrow().len(), 4);
}

/// Panics on the case `b`, before or after it has asked.
#[derive(Debug)]
struct Buggy {
    asks: bool,
}

impl Scorer for Buggy {
    fn measure(&self) -> Measure {
        Measure::PassFail
    }

    fn score(&self, id: &str, seen: &Seen) -> Option<Score> {
        assert!(
            self.asks || seen.case.id != "b",
            "no scorer should: key-0123456789"
        );
        (!self.asks).then(|| Score::pass(id, true, ""))
    }

    fn ask(&self, seen: &Seen) -> Result<Vec<Question>, String> {
        Rule { asks: true }.ask(seen)
    }

    fn read(&self, id: &str, seen: &Seen, _: &[Result<Reply, Fault>]) -> Score {
        assert!(seen.case.id != "b", "no judge should: key-0123456789");
        Score::pass(id, true, "")
    }
}

#[tokio::test(start_paused = true)]
async fn a_scorer_that_panics_leaves_one_score_out_and_the_run_goes_on() {
    for asks in [false, true] {
        let (target, made) = slot(|_, _| Act::Say("right"));
        let (judge, _) = slot(|_, _| Act::Say("yes"));
        let buggy = ScorerSlot {
            scorer: Arc::new(Buggy { asks }),
            ..rule(asks.then_some(judge))
        };
        let mut job = job(target, vec![buggy, rule(None)], 3);
        job.secrets.add("KEY", "key-0123456789");
        let (ending, events) = play(job, cases(&["a", "b", "c"]), Stop::default()).await;
        let ending = ending.unwrap();
        assert_eq!((ending.done, ending.bugs), (3, 1));
        assert_eq!(made.made.borrow().len(), 3, "no answer is asked for again");
        let broken: Vec<&Score> = events
            .iter()
            .filter_map(|event| match event {
                Event::Scored(scored) if scored.trial.case == "b" => Some(&scored.scores),
                _ => None,
            })
            .flatten()
            .filter(|score| matches!(score.value, Value::Unscored(_)))
            .collect();
        assert_eq!(broken.len(), 1);
        assert_eq!(broken[0].value, Value::Unscored(Unscored::Broken));
        let reason = broken[0].reason.as_deref().unwrap_or_default();
        assert!(
            reason.starts_with("a bug in evenhand: no ") && reason.ends_with("${KEY}"),
            "{reason}"
        );
        let scores = events.iter().filter_map(|event| match event {
            Event::Scored(scored) => Some(scored.scores.len()),
            _ => None,
        });
        assert_eq!(scores.sum::<usize>(), 6, "every other score is there");
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_panics_errs_on_one_trial_and_the_run_goes_on() {
    let (target, _) = slot(|case, _| match case {
        "b" => Act::Panic,
        _ => Act::Say("right"),
    });
    let job = job(target, vec![rule(None)], 3);
    let (ending, events) = play(job, cases(&["a", "b", "c"]), Stop::default()).await;
    let ending = ending.unwrap();
    assert_eq!((ending.done, ending.bugs), (3, 1));
    let outcome = |id: &str, word| (id.to_owned(), word);
    assert_eq!(
        outcomes(&events),
        [
            outcome("a", "answered"),
            outcome("b", "errored"),
            outcome("c", "answered")
        ]
    );
    assert_eq!(values(&events).len(), 2);
    let kind = events.iter().find_map(|event| match event {
        Event::TrialFinished(trial) => match &trial.outcome {
            Outcome::Errored { fault } => Some(fault.kind),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(kind, Some(FaultKind::Internal));
}

#[tokio::test(start_paused = true)]
async fn what_ran_out_of_time_while_we_were_stopped_is_made_again_and_is_no_attempt() {
    let (mut target, made) = slot(|case, attempt| match (case, attempt) {
        ("late", 0) => Act::Slowly(60_000, "never heard"),
        _ => Act::Say("right"),
    });
    target.counts_as_failure = vec![FaultKind::TimedOut];
    let mut job = job(target, vec![rule(None)], 2);
    job.limits.timeout = Duration::from_secs(5);
    job.limits.attempts = 1;
    job.spent_every = Some(Duration::from_secs(1));
    let stop = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        tokio::time::advance(Duration::from_secs(30)).await;
    };
    let played = play(job, cases(&["late"]), Stop::default());
    let ((ending, events), ()) = tokio::join!(played, stop);
    assert_eq!(ending.unwrap().done, 1);
    assert_eq!(made.made.borrow().len(), 2);
    assert_eq!(outcomes(&events), [("late".to_owned(), "answered")]);
    let said = events.iter().find_map(|event| match event {
        Event::AttemptFailed(failed) => Some(failed.fault.message.clone()),
        _ => None,
    });
    assert!(said.is_some_and(|said| said.contains("evenhand was stopped meanwhile")));
}

#[tokio::test(start_paused = true)]
async fn a_time_measured_while_we_were_stopped_is_left_out() {
    let (target, _) = slot(|_, _| Act::Slowly(3_000, "right"));
    let mut job = job(target, vec![rule(None)], 1);
    job.spent_every = Some(Duration::from_secs(1));
    let stop = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        tokio::time::advance(Duration::from_secs(30)).await;
    };
    let played = play(job, cases(&["a"]), Stop::default());
    let ((_, events), ()) = tokio::join!(played, stop);
    let times: Vec<f64> = events
        .iter()
        .filter_map(|event| match event {
            Event::TrialFinished(trial) => Some(trial.transcript.timing.total_ms),
            _ => None,
        })
        .collect();
    assert_eq!(times, [0.0], "not measured");
}
