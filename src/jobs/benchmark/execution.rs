//! Outputs that must be executed for their verdict, as many at once as there are processors.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::task::LocalSet;

use super::JobError;
use crate::domain::port::{CallId, Exchange};
use crate::engine::Asked;
use crate::jobs::programs;
use crate::score::benchmark::{Executed, Execution, Verdict};
use crate::target::executor;
use crate::wire::launch::launcher;
use crate::wire::{Outside, Settings};

/// How much longer than its own time a program may keep us waiting, the start of its interpreter included.
const SLACK: Duration = Duration::from_secs(57);

/// Executes programs.
pub(super) struct Executor {
    runtime: tokio::runtime::Runtime,
    exchange: Rc<dyn Exchange>,
    processors: usize,
    /// What holds the programs, in words.
    pub(super) held_by: String,
    /// What a program could do all the same, as a warning.
    pub(super) warning: Option<String>,
}

impl Executor {
    /// Finds where programs are executed.
    ///
    /// # Errors
    /// That it is not allowed, or that nothing here executes them.
    pub(super) fn new(benchmark: &str, allowed: bool) -> Result<Self, JobError> {
        let sandbox = programs::permitted(&format!("benchmark {benchmark}"), allowed)?;
        let unexpected = |error: &dyn std::fmt::Display| JobError::Unexpected(error.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| unexpected(&error))?;
        let (held_by, warning) = (sandbox.words(), programs::warning(&sandbox.gaps()));
        let settings = Settings {
            launcher: launcher(),
            sandbox: Some(sandbox),
            ..Settings::default()
        };
        Ok(Self {
            runtime,
            exchange: Rc::new(Outside::new(settings).map_err(|error| unexpected(&error))?),
            processors: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            held_by,
            warning,
        })
    }

    /// How many programs are worth handing over together.
    pub(super) fn batch(&self) -> usize {
        64 * self.processors
    }

    /// The verdicts on these programs, in their order.
    ///
    /// # Errors
    /// That we were asked to stop.
    pub(super) fn verdicts(&self, programs: Vec<Execution>) -> Result<Vec<Verdict>, JobError> {
        let local = LocalSet::new();
        self.runtime.block_on(local.run_until(async {
            let places = Arc::new(Semaphore::new(self.processors));
            let found: Rc<RefCell<Vec<Option<Verdict>>>> =
                Rc::new(RefCell::new(vec![None; programs.len()]));
            let mut tasks = tokio::task::JoinSet::new();
            for (at, program) in programs.into_iter().enumerate() {
                let (places, found) = (Arc::clone(&places), Rc::clone(&found));
                let exchange = Rc::clone(&self.exchange);
                tasks.spawn_local(async move {
                    // It is never closed.
                    let _place = places.acquire_owned().await;
                    let verdict = verdict(&*exchange, at, &program).await;
                    if let Some(place) = found.borrow_mut().get_mut(at) {
                        *place = Some(verdict);
                    }
                });
            }
            let all = async { while tasks.join_next().await.is_some() {} };
            tokio::select! {
                () = all => {}
                asked = stopped() => return Err(JobError::Stopped(asked)),
            }
            let found = found.take().into_iter();
            let lost = || Verdict::unscored("it was not executed");
            Ok(found.map(|verdict| verdict.unwrap_or_else(lost)).collect())
        }))
    }
}

/// Executes one program. What ends its runner leaves it without a verdict: whose doing that was cannot be told.
async fn verdict(exchange: &dyn Exchange, at: usize, program: &Execution) -> Verdict {
    let id = CallId {
        ordinal: at as u64,
        target: String::new(),
        repeat: 0,
        vote: 0,
        occurrence: 0,
        scorer: None,
    };
    let time = program.time() + SLACK;
    let executed = async {
        let call = executor::call(id, program.program.clone(), program.seconds, time)?;
        let answer = exchange.exchange(&call).await?;
        executor::said(&answer)
    };
    match executed.await {
        Err(fault) => Verdict::unscored(fault.to_string()),
        Ok(said) => match Executed::read(&said) {
            Err(why) => Verdict::unscored(why),
            Ok(executed) => program.verdict(&executed),
        },
    }
}

/// Waits for a wish to stop. What runs is killed when it is dropped.
async fn stopped() -> Asked {
    let signals = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    );
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = signals else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Asked::Interrupt,
        _ = terminate.recv() => Asked::Terminate,
        _ = hangup.recv() => Asked::Terminate,
    }
}
