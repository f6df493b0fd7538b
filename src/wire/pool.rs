//! Programs that live on: workers that serve one session after another, or one program for one session of several turns.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::port::{Answer, Call, LineCall, Program};
use crate::domain::units::millis;

use super::child::{Running, Starter, tell};
use super::conversation;

/// Tells a program that a conversation is over. It does not answer these lines.
const END: &[&[u8]] = &[
    br#"{"v":1,"end_session":true}"#,
    br#"{"v":1,"end_trial":true}"#,
];

/// The programs that live on, by suite entry and by session.
#[derive(Default)]
pub(crate) struct Pools {
    pools: RefCell<Vec<Rc<Pool>>>,
    seats: RefCell<BTreeMap<u64, Seat>>,
}

/// The workers of one program.
struct Pool {
    program: Arc<Program>,
    idle: RefCell<Vec<Running>>,
    places: Arc<Semaphore>,
}

/// A program that serves a session.
struct Seat {
    running: Running,
    /// For a worker: the pool it goes back to, and its place there.
    pool: Option<(Rc<Pool>, OwnedSemaphorePermit)>,
}

impl Pools {
    /// One line to the session's program, one line back. A session without one gets an idle worker, a new one, or waits for one.
    pub(crate) async fn exchange(
        &self,
        starter: &Starter,
        call: &Call,
        line: &LineCall,
    ) -> Result<Answer, Fault> {
        let came = Instant::now();
        let known = self.seats.borrow_mut().remove(&line.session);
        let mut seat = match known {
            Some(seat) => seat,
            None => self.seat(starter, line).await?,
        };
        let waited_ms = millis(came.elapsed());
        // While it is asked, the seat is held here: a call that is dropped takes its program with it.
        let mut answer = conversation::exchange(&mut seat.running, call, line).await?;
        answer.timing.waited_ms = waited_ms;
        self.seats.borrow_mut().insert(line.session, seat);
        Ok(answer)
    }

    async fn seat(&self, starter: &Starter, line: &LineCall) -> Result<Seat, Fault> {
        let program = &line.program;
        let Some(workers) = program.workers else {
            let running = starter.start(program)?;
            return Ok(Seat {
                running,
                pool: None,
            });
        };
        let pool = self.pool(program, workers);
        let place = Arc::clone(&pool.places)
            .acquire_owned()
            .await
            .map_err(|_| Fault::new(FaultKind::Internal, "the workers are gone"))?;
        let running = loop {
            let idle = pool.idle.borrow_mut().pop();
            let Some(mut worker) = idle else {
                break starter.start(program)?;
            };
            if conversation::is_fit(&mut worker) {
                break worker;
            }
            worker.end().await;
        };
        Ok(Seat {
            running,
            pool: Some((pool, place)),
        })
    }

    fn pool(&self, program: &Arc<Program>, workers: u32) -> Rc<Pool> {
        let mut pools = self.pools.borrow_mut();
        let known = pools
            .iter()
            .find(|pool| Arc::ptr_eq(&pool.program, program) || pool.program == *program);
        if let Some(pool) = known {
            return Rc::clone(pool);
        }
        let pool = Rc::new(Pool {
            program: Arc::clone(program),
            idle: RefCell::default(),
            places: Arc::new(Semaphore::new(usize::try_from(workers).unwrap_or(1))),
        });
        pools.push(Rc::clone(&pool));
        pool
    }

    /// Ends a session: its program is told; a worker is then free for another, a program of its own is waited for.
    pub(crate) async fn close(&self, starter: &Starter, session: u64) {
        let known = self.seats.borrow_mut().remove(&session);
        let Some(Seat { mut running, pool }) = known else {
            return;
        };
        let lines = match &pool {
            Some((pool, _)) if !pool.program.told_of_ends => &[],
            _ => END,
        };
        let told = async {
            for line in lines {
                tell(&mut running.stdin, line).await;
            }
        };
        let in_time = tokio::time::timeout(starter.patience.grace, told)
            .await
            .is_ok();
        match pool {
            Some((pool, _place)) if in_time => pool.idle.borrow_mut().push(running),
            Some(_) => running.end().await,
            None => {
                running.stdin = None;
                let grace = starter.patience.grace;
                match tokio::time::timeout(grace, running.child.wait()).await {
                    Ok(_) => running.ended(),
                    Err(_) => running.end().await,
                }
            }
        }
    }
}
