//! Talks with programs: one line to a program that then ends, or lines to and fro with one that lives on.

use std::time::Duration;

use bytes::Bytes;
use serde::de::IgnoredAny;
use tokio::time::{Instant, sleep_until};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::port::{Answer, Call, LineCall};
use crate::domain::transcript::Timing;
use crate::domain::units::millis;

use super::child::{Flood, Running, Starter, tell};

/// What stdout said, and when.
struct Heard {
    body: Bytes,
    first_byte: Option<Instant>,
    last_byte: Instant,
}

impl Heard {
    fn answer(self, start: Instant) -> Answer {
        let since = |instant: Instant| millis(instant.duration_since(start));
        Answer {
            status: 0,
            body: self.body,
            is_stream: false,
            timing: Timing {
                first_byte_ms: self.first_byte.map(since),
                total_ms: since(self.last_byte),
                ..Timing::default()
            },
            replayed: false,
        }
    }
}

/// A program for this line alone: it gets the line and the end of its input; its output up to its end is the reply, and it has to
/// end well. Afterwards nothing of it runs.
pub(crate) async fn once(starter: &Starter, call: &Call, line: &LineCall) -> Result<Answer, Fault> {
    let start = Instant::now();
    let running = starter.start(&line.program)?;
    hear_within(running, start, call.timeout, &line.line).await
}

/// The same of a program that was just started.
pub(crate) async fn hear_within(
    mut running: Running,
    start: Instant,
    timeout: Duration,
    line: &[u8],
) -> Result<Answer, Fault> {
    match tokio::time::timeout(timeout, hear_out(&mut running, line)).await {
        Ok(heard) => heard.map(|heard| heard.answer(start)),
        Err(_) => {
            running.end().await;
            let message = format!("no reply within {timeout:?}");
            Err(running.fault(FaultKind::TimedOut, message).await)
        }
    }
}

async fn hear_out(running: &mut Running, line: &[u8]) -> Result<Heard, Fault> {
    let patience = running.patience();
    let mut stdin = running.stdin.take();
    let mut written = false;
    let mut open = true;
    let mut exit = None;
    let mut first_byte = None;
    let mut last_byte = Instant::now();
    let mut idle_until = last_byte + patience.linger;
    let write = async {
        tell(&mut stdin, line).await;
        drop(stdin);
    };
    tokio::pin!(write);
    while open || exit.is_none() {
        tokio::select! {
            () = &mut write, if !written => written = true,
            more = running.output.more(), if open => match more {
                Ok(true) => {
                    last_byte = Instant::now();
                    idle_until = last_byte + patience.linger;
                    first_byte.get_or_insert(last_byte);
                }
                Ok(false) => open = false,
                Err(Flood) => return Err(running.flooded().await),
            },
            status = running.child.wait(), if exit.is_none() => {
                let status = status.map_err(|error| Fault::new(
                    FaultKind::Internal,
                    format!("the program cannot be waited for: {error}"),
                ))?;
                exit = Some(status);
                idle_until = Instant::now() + patience.leak;
            }
            () = sleep_until(idle_until) => {
                if exit.is_some() {
                    tracing::warn!("a program left a child behind that holds its output open");
                    break;
                }
                // It has answered and does not end: its answer counts, its dawdling does not.
                if is_json(running.output.all()) {
                    break;
                }
                idle_until = Instant::now() + patience.linger;
            }
        }
    }
    match exit {
        Some(status) => {
            running.ended();
            if !status.success() || running.output.all().trim_ascii().is_empty() {
                return Err(running.ended_badly(status).await);
            }
        }
        None => running.end().await,
    }
    Ok(Heard {
        body: trimmed(running.output.take()),
        first_byte,
        last_byte,
    })
}

/// Without the white space around it, and without a copy.
fn trimmed(output: Bytes) -> Bytes {
    output.slice_ref(output.trim_ascii())
}

fn is_json(output: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(output).is_ok()
}

/// One line to a program that lives on, one line back. After a fault it does not live any more.
pub(crate) async fn exchange(
    running: &mut Running,
    call: &Call,
    line: &LineCall,
) -> Result<Answer, Fault> {
    let start = Instant::now();
    match tokio::time::timeout(call.timeout, ask(running, &line.line)).await {
        Ok(heard) => heard.map(|heard| heard.answer(start)),
        Err(_) => {
            running.end().await;
            let message = format!("no reply within {:?}", call.timeout);
            Err(running.fault(FaultKind::TimedOut, message).await)
        }
    }
}

async fn ask(running: &mut Running, line: &[u8]) -> Result<Heard, Fault> {
    let mut stdin = running.stdin.take();
    let mut written = false;
    let mut first_byte = None;
    let mut ended = false;
    let reply = {
        let write = tell(&mut stdin, line);
        tokio::pin!(write);
        loop {
            if let Some(reply) = running.output.line() {
                if !written {
                    // Half a line left in the pipe would spoil the next one.
                    write.await;
                }
                break Some(reply);
            }
            if ended {
                break None;
            }
            tokio::select! {
                () = &mut write, if !written => written = true,
                more = running.output.more() => match more {
                    Ok(true) => {
                        first_byte.get_or_insert_with(Instant::now);
                    }
                    Ok(false) => ended = true,
                    Err(Flood) => return Err(running.flooded().await),
                },
            }
        }
    };
    let last_byte = Instant::now();
    let Some(reply) = reply else {
        let wait = running.patience().grace;
        let status = tokio::time::timeout(wait, running.child.wait()).await;
        return Err(if let Ok(Ok(status)) = status {
            running.ended();
            running.ended_badly(status).await
        } else {
            running.end().await;
            let message = "it closed its output without a reply".to_owned();
            running.fault(FaultKind::Crashed, message).await
        });
    };
    running.stdin = stdin;
    Ok(Heard {
        body: Bytes::copy_from_slice(reply.trim_ascii()),
        first_byte,
        last_byte,
    })
}

/// Whether a program that lives on is fit for another conversation: it still runs, listens, and has said nothing unasked.
pub(crate) fn is_fit(running: &mut Running) -> bool {
    use futures_util::FutureExt;
    if running.stdin.is_none() || !matches!(running.child.try_wait(), Ok(None)) {
        return false;
    }
    let quiet = running.output.more().now_or_never().is_none();
    if !quiet || !running.output.all().trim_ascii().is_empty() {
        tracing::warn!(
            "a worker said more than it was asked for, and is replaced: one line for each line with an `input`, nothing else"
        );
        return false;
    }
    true
}
