//! One trial from its first message to its last score.

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Map;
use tokio::time::Instant;

use super::bug::{caught, caught_in};
use super::call::{Called, End, Who, call};
use super::{Item, ScorerSlot, Shared, TargetSlot, Todo};
use crate::domain::event::{Event, Scored, TrialFinished, TrialStarted};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::message::{Message, Usage};
use crate::domain::plan::TrialId;
use crate::domain::port::{CallId, Question, Reply, Request, Seen, Session};
use crate::domain::score::{Asked, Score, Unscored};
use crate::domain::transcript::{
    Outcome, Session as Conversation, Step, StepKind, Timing, Transcript, Turn,
};
use crate::domain::units::millis;
use crate::score::success::Expression;
use crate::score::{CHECKS, checks_of_failure, of_failure};

/// Does what is left of a trial. Answers whether it is settled: `false` if we were asked to stop before it could end.
pub(crate) async fn run(shared: &Rc<Shared>, item: Item) -> bool {
    let slot = &shared.job.targets[item.target];
    let trial = TrialId {
        target: slot.id.clone(),
        case: item.case.id.clone(),
        variant: item.variant.clone(),
        repeat: item.repeat,
    };
    shared.tell(&Event::TrialStarted(TrialStarted {
        ordinal: item.ordinal,
    }));
    let (outcome, transcript, missing) = match item.todo {
        Todo::Whole => {
            let taken = pin!(take(shared, slot, &item.case, item.ordinal, &trial));
            match caught_in(shared, taken).await {
                Ok(Some((outcome, transcript))) => (outcome, Arc::new(transcript), None),
                Ok(None) => return false,
                Err(message) => {
                    let fault = Fault::new(FaultKind::Internal, message);
                    let outcome = Outcome::Errored { fault };
                    finish(
                        shared,
                        item.ordinal,
                        &trial,
                        outcome,
                        Vec::new(),
                        blank(&trial),
                    );
                    return true;
                }
            }
        }
        Todo::Scores {
            outcome,
            transcript,
            missing,
        } => (outcome, transcript, Some(missing)),
    };
    let failed = matches!(outcome, Outcome::Failed { .. });
    let mut counted = Counted::new(shared);
    let wanted = |id: &str| {
        missing
            .as_ref()
            .is_none_or(|missing| missing.iter().any(|known| known == id))
    };
    let settled = match outcome {
        Outcome::Answered => {
            let seen = Seen {
                case: Arc::clone(&item.case),
                transcript,
            };
            score(shared, item.ordinal, &trial, &seen, &wanted, &mut counted).await
        }
        Outcome::Failed { .. } => {
            score_failure(shared, item.ordinal, &trial, &item.case, &wanted);
            true
        }
        Outcome::Errored { .. } | Outcome::Stopped { .. } => true,
    };
    if failed || counted.is_failure() {
        shared.trial_failed(&trial.case);
    }
    settled
}

/// The scores of a trial, kept only where somebody counts failures.
struct Counted<'a> {
    success: Option<&'a Expression>,
    scores: Vec<Score>,
}

impl<'a> Counted<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self {
            success: shared
                .job
                .success
                .as_ref()
                .filter(|_| shared.job.max_fail.is_some()),
            scores: Vec::new(),
        }
    }

    fn add(&mut self, scores: &[Score]) {
        if self.success.is_some() {
            self.scores.extend_from_slice(scores);
        }
    }

    fn is_failure(&self) -> bool {
        self.success
            .is_some_and(|success| success.of_answer(&self.scores).point() == Some(false))
    }
}

/// Puts the case to the target and journals the outcome; `None` if we were asked to stop first.
async fn take(
    shared: &Shared,
    slot: &TargetSlot,
    case: &Arc<crate::domain::case::Case>,
    ordinal: u64,
    trial: &TrialId,
) -> Option<(Outcome, Transcript)> {
    let mut transcript = blank(trial);
    let messages = match slot.target.opening(case) {
        Ok(messages) => messages,
        Err(fault) => {
            let outcome = Outcome::Errored { fault };
            return finish(shared, ordinal, trial, outcome, Vec::new(), transcript);
        }
    };
    let request = Request {
        call: CallId {
            ordinal,
            target: trial.target.clone(),
            repeat: trial.repeat,
            vote: 0,
            occurrence: 0,
            scorer: None,
        },
        case: Arc::clone(case),
        session: "1".to_owned(),
        turn: 0,
        messages: messages.clone(),
        tools: Vec::new(),
        format: None,
        logprobs: None,
        params: Map::new(),
        timeout: Duration::ZERO,
    };
    let mut session = Session::default();
    let who = Who {
        trial,
        scorer: None,
    };
    let mut called = call(
        shared,
        slot,
        request,
        &mut session,
        &who,
        shared.job.limits.deadline,
    )
    .await;
    slot.target.end(session).await;
    let outcome = match &called.result {
        Ok(_) => Outcome::Answered,
        Err(End::Failed(kind, message)) => Outcome::Failed {
            kind: *kind,
            message: message.clone(),
        },
        Err(End::Errored(fault)) => Outcome::Errored {
            fault: fault.clone(),
        },
        Err(End::Stopped) => return None,
    };
    write_down(&mut transcript, &messages, &mut called);
    finish(shared, ordinal, trial, outcome, called.attempts, transcript)
}

/// A transcript in which nothing has happened yet.
fn blank(trial: &TrialId) -> Transcript {
    Transcript {
        case: trial.case.clone(),
        target: trial.target.clone(),
        repeat: trial.repeat,
        variant: trial.variant.clone(),
        ..Transcript::default()
    }
}

/// Journals the outcome, and hands back what the event carried: a transcript is too long to be copied for it.
fn finish(
    shared: &Shared,
    ordinal: u64,
    trial: &TrialId,
    outcome: Outcome,
    attempts: Vec<crate::domain::transcript::Attempt>,
    transcript: Transcript,
) -> Option<(Outcome, Transcript)> {
    let event = Event::TrialFinished(Box::new(TrialFinished {
        ordinal,
        trial: trial.clone(),
        outcome,
        attempts,
        transcript,
        reused: None,
    }));
    shared.tell(&event);
    match event {
        Event::TrialFinished(finished) => Some((finished.outcome, finished.transcript)),
        _ => None,
    }
}

/// Puts what was said and measured into the transcript.
fn write_down(transcript: &mut Transcript, messages: &[Message], called: &mut Called) {
    let mut steps: Vec<Step> = messages.iter().map(Step::message).collect();
    transcript.timing.waited_ms = called.waited_ms;
    match &mut called.result {
        Ok(reply) => {
            transcript.timing = Timing {
                waited_ms: called.waited_ms,
                ..reply.timing
            };
            transcript.output.clone_from(&reply.text);
            transcript.reasoning.clone_from(&reply.reasoning);
            transcript.tool_calls.clone_from(&reply.tool_calls);
            transcript.finish = Some(reply.finish);
            transcript.usage = reply.usage;
            transcript.cost_usd = called.cost_usd;
            transcript.model_returned.clone_from(&reply.model);
            transcript.replayed = reply.replayed;
            steps.append(&mut reply.steps);
            steps.extend(reply_steps(reply));
        }
        Err(_) => {
            // A failure's time is that of its last attempt.
            transcript.timing.total_ms = called
                .attempts
                .last()
                .map_or(0.0, |attempt| attempt.took_ms);
        }
    }
    transcript.sessions = vec![Conversation {
        id: "1".to_owned(),
        turns: vec![Turn { steps }],
    }];
}

fn reply_steps(reply: &Reply) -> Vec<Step> {
    let mut steps = vec![Step {
        took_ms: reply.timing.total_ms,
        usage: reply.usage,
        finish: Some(reply.finish),
        ..Step::message(&Message::new(
            crate::domain::message::Role::Assistant,
            reply.text.clone(),
        ))
    }];
    steps.extend(reply.tool_calls.iter().map(|call| Step {
        kind: StepKind::ToolCall,
        name: Some(call.name.clone()),
        arguments: Some(call.arguments.clone()),
        ..Step::default()
    }));
    steps
}

/// Rules first, in one line; then each scorer that asks, in a line of its own.
async fn score(
    shared: &Shared,
    ordinal: u64,
    trial: &TrialId,
    seen: &Seen,
    wanted: &dyn Fn(&str) -> bool,
    counted: &mut Counted<'_>,
) -> bool {
    let mut rules = Vec::new();
    if let Some(checks) = shared.job.checks
        && wanted(CHECKS)
    {
        let score = caught(shared, || checks(seen));
        rules.push(score.unwrap_or_else(|message| broken(CHECKS, message)));
    }
    let mut asking: Vec<&ScorerSlot> = Vec::new();
    for slot in &shared.job.scorers {
        if wanted(&slot.id) {
            match caught(shared, || slot.scorer.score(&slot.id, seen)) {
                Ok(Some(score)) => rules.push(score),
                Ok(None) => asking.push(slot),
                Err(message) => rules.push(broken(&slot.id, message)),
            }
        }
    }
    counted.add(&rules);
    scored(shared, ordinal, trial, rules);
    for slot in asking {
        let asked = pin!(ask(shared, ordinal, trial, seen, slot));
        let scores = match caught_in(shared, asked).await {
            Ok(Some(score)) => vec![score],
            Ok(None) => return false,
            Err(message) => vec![broken(&slot.id, message)],
        };
        counted.add(&scores);
        scored(shared, ordinal, trial, scores);
    }
    true
}

/// The answer stays, paid for and kept; what could not be said of it can be asked again.
fn broken(id: &str, message: String) -> Score {
    Score::unscored(id, Unscored::Broken, message)
}

/// An agent that failed has failed every pass/fail scorer; other scores do not apply.
fn score_failure(
    shared: &Shared,
    ordinal: u64,
    trial: &TrialId,
    case: &crate::domain::case::Case,
    wanted: &dyn Fn(&str) -> bool,
) {
    let mut scores = Vec::new();
    if shared.job.checks.is_some() && wanted(CHECKS) {
        scores
            .push(Score::new(CHECKS, checks_of_failure(case)).because("the agent gave no answer"));
    }
    for slot in shared.job.scorers.iter().filter(|slot| wanted(&slot.id)) {
        let value = of_failure(&slot.scorer.measure(), slot.scorer.is_judge());
        scores.push(Score::new(slot.id.clone(), value).because("the agent gave no answer"));
    }
    scored(shared, ordinal, trial, scores);
}

fn scored(shared: &Shared, ordinal: u64, trial: &TrialId, scores: Vec<Score>) {
    if !scores.is_empty() {
        shared.tell(&Event::Scored(Scored {
            ordinal,
            trial: trial.clone(),
            scores,
            reused: None,
        }));
    }
}

/// Asks a scorer's questions, one after the other, and has the replies read; `None` if we were asked to stop first.
async fn ask(
    shared: &Shared,
    ordinal: u64,
    trial: &TrialId,
    seen: &Seen,
    slot: &ScorerSlot,
) -> Option<Score> {
    let questions = match slot.scorer.ask(seen) {
        Ok(questions) => questions,
        Err(message) => return Some(Score::unscored(slot.id.clone(), Unscored::Broken, message)),
    };
    if questions
        .iter()
        .any(|question| slot.models.get(question.model).is_none())
    {
        let message = "it asks a model and the suite names none";
        return Some(Score::unscored(slot.id.clone(), Unscored::Broken, message));
    }
    let started = Instant::now();
    let mut asked = Asked {
        judge: match slot.scorer.is_judge() {
            true => slot.digest.clone(),
            false => String::new(),
        },
        ..Asked::default()
    };
    let mut known_cost = Some(0.0);
    let mut measured_ms = 0.0;
    let mut replayed = true;
    let mut replies: Vec<Result<Reply, Fault>> = Vec::new();
    for question in questions {
        let Some(model) = slot.models.get(question.model) else {
            continue;
        };
        let request = judge_request(ordinal, trial, seen, slot, question);
        let who = Who {
            trial,
            scorer: Some(&slot.id),
        };
        let mut session = Session::default();
        let called = call(shared, model, request, &mut session, &who, None).await;
        model.target.end(session).await;
        asked.attempts += u32::try_from(called.attempts.len()).unwrap_or(u32::MAX);
        match called.result {
            Ok(reply) => {
                asked.usage += reply.usage.unwrap_or(Usage::default());
                known_cost = known_cost
                    .zip(called.cost_usd)
                    .map(|(sum, cost)| sum + cost);
                measured_ms += reply.timing.total_ms;
                replayed &= reply.replayed;
                // Of a vector the score is kept, not its numbers.
                if reply.vector.is_empty() {
                    asked.replies.push(reply.text.clone());
                }
                asked.model_returned.clone_from(&reply.model);
                replies.push(Ok(reply));
            }
            Err(End::Errored(fault)) => replies.push(Err(fault)),
            Err(End::Failed(_, message)) => {
                replies.push(Err(Fault::new(FaultKind::TimedOut, message)));
            }
            Err(End::Stopped) => return None,
        }
    }
    asked.cost_usd = known_cost;
    // A replayed verdict keeps the recorded time, so that a replay repeats the record.
    asked.took_ms = if replayed {
        measured_ms
    } else {
        millis(started.elapsed())
    };
    let mut score = slot.scorer.read(&slot.id, seen, &replies);
    if let Some(details) = score.asked.take() {
        asked.details = details.details;
    }
    score.asked = Some(asked);
    Some(score)
}

fn judge_request(
    ordinal: u64,
    trial: &TrialId,
    seen: &Seen,
    slot: &ScorerSlot,
    question: Question,
) -> Request {
    Request {
        call: CallId {
            ordinal,
            target: trial.target.clone(),
            repeat: trial.repeat,
            vote: question.vote,
            occurrence: 0,
            scorer: Some(slot.id.clone()),
        },
        case: Arc::clone(&seen.case),
        session: "1".to_owned(),
        turn: 0,
        messages: question.messages,
        tools: Vec::new(),
        format: question.format,
        logprobs: question.logprobs,
        params: question.params,
        timeout: Duration::ZERO,
    }
}
