//! `view`: a run's page, its list of cases and single cases, read from the run's directory as they are asked for.
//!
//! One thread has the run open and answers one question after the other. Every answer between two loads of the page is about the same
//! moment of the run; a run that goes on is read anew when the page is loaded again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use serde_json::json;

use super::JobError;
use super::casebook::Cases;
use super::report::{Told, tell};
use crate::report::{Frame, case_list, case_page, served_page};
use crate::serve::{Method, Pages, Request, Response};
use crate::store::run::{RunDir, Status};

/// The pages of a run.
#[derive(Debug)]
pub struct RunPages {
    path: PathBuf,
    asked: Sender<Question>,
}

/// What a browser asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Page,
    List,
    /// By its place in the plan.
    Case(u64),
}

#[derive(Debug)]
struct Question {
    what: What,
    answer: Sender<Response>,
}

/// The pages of a run, to be put on the server.
///
/// # Errors
/// What `report` of the run would say.
pub fn run_pages(run: RunDir) -> Result<Arc<RunPages>, JobError> {
    let path = run.path().to_owned();
    drop(run);
    let (asked, questions) = channel();
    let (ready, is_ready) = channel();
    let folder = path.clone();
    std::thread::Builder::new()
        .name("run".to_owned())
        .spawn(move || keep(&folder, &ready, &questions))
        .map_err(|error| JobError::Unexpected(format!("no thread can be started: {error}")))?;
    match is_ready.recv() {
        Ok(read) => read?,
        Err(_) => return Err(JobError::Unexpected("the run was not read".to_owned())),
    }
    Ok(Arc::new(RunPages { path, asked }))
}

impl RunPages {
    fn ask(&self, what: What) -> Response {
        let (answer, answered) = channel();
        let gone = || Response::words(500, "a bug in evenhand");
        match self.asked.send(Question { what, answer }) {
            Ok(()) => answered.recv().unwrap_or_else(|_| gone()),
            Err(_) => gone(),
        }
    }
}

impl Pages for RunPages {
    fn answer(&self, request: Request) -> Response {
        let what = match request.path.as_str() {
            "" => What::Page,
            "cases.json" => What::List,
            "state.json" => {
                return match request.method {
                    Method::Get => state(&self.path),
                    Method::Post => Response::wrong_method(),
                };
            }
            path => match place(path) {
                Some(place) => What::Case(place),
                None => return Response::missing(),
            },
        };
        match request.method {
            Method::Get => self.ask(what),
            Method::Post => Response::wrong_method(),
        }
    }
}

/// The place in `case/PLACE.json`.
fn place(path: &str) -> Option<u64> {
    let digits = path.strip_prefix("case/")?.strip_suffix(".json")?;
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| digits.parse().ok()).flatten()
}

/// Which state a run is in: how much of its journal there is. `None`: the journal cannot be seen.
fn stamp(run: &RunDir) -> Option<String> {
    let file = std::fs::metadata(run.journal_path()).ok()?;
    Some(file.len().to_string())
}

fn is_running(run: &RunDir) -> bool {
    matches!(run.status(), Ok(Status::Running))
}

fn state(path: &Path) -> Response {
    match RunDir::open(path) {
        Ok(run) => {
            let (running, stamp) = (is_running(&run), stamp(&run));
            // A run that has ended is another state, also where its last line was there before.
            let stamp = stamp.filter(|_| running);
            Response::json(200, &json!({"stamp": stamp, "running": running}))
        }
        Err(error) => Response::words(500, &error.to_string()),
    }
}

/// Reads the run and answers, until nobody asks any more. `ready` is told of the first reading.
fn keep(path: &Path, ready: &Sender<Result<(), JobError>>, questions: &Receiver<Question>) {
    let mut first = true;
    let mut open: Option<Question> = None;
    loop {
        let read = RunDir::open(path)
            .map_err(|error| JobError::Store(error.to_string()))
            .and_then(|run| {
                // Before it is read: what is written meanwhile makes the page old, not wrong.
                let stamp = stamp(&run).filter(|_| is_running(&run));
                Ok((tell(run)?, stamp))
            });
        match (read, first) {
            (Err(error), true) => {
                // Whoever started this is still there.
                let _ = ready.send(Err(error));
                return;
            }
            (Err(error), false) => {
                if let Some(question) = open.take() {
                    let _ = question
                        .answer
                        .send(Response::words(500, &error.to_string()));
                }
                match questions.recv() {
                    Ok(question) => open = Some(question),
                    Err(_) => return,
                }
            }
            (Ok((told, stamp)), _) => {
                if std::mem::take(&mut first) {
                    let _ = ready.send(Ok(()));
                }
                match answers(path, (&told, stamp.as_deref()), open.take(), questions) {
                    Some(question) => open = Some(question),
                    None => return,
                }
            }
        }
    }
}

/// Answers about one reading of the run; ends with the question for a page that has to show more than it, or with nobody asking.
fn answers(
    path: &Path,
    (told, was): (&Told, Option<&str>),
    mut open: Option<Question>,
    questions: &Receiver<Question>,
) -> Option<Question> {
    let frame = Frame {
        run: told.findings.run.id.clone(),
        ..Frame::default()
    };
    let mut cases = Cases::new(told);
    let mut is_fresh = open.is_some();
    loop {
        let question = match open.take() {
            Some(question) => question,
            None => questions.recv().ok()?,
        };
        let what = question.what;
        if what == What::Page && was.is_some() && !std::mem::take(&mut is_fresh) {
            let now = RunDir::open(path).ok();
            let now = now.and_then(|run| stamp(&run).filter(|_| is_running(&run)));
            if now.as_deref() != was {
                return Some(question);
            }
        }
        let response = respond(what, (told, was), &frame, &mut cases);
        // A browser that has gone away wants no answer.
        let _ = question.answer.send(response);
    }
}

fn respond(
    what: What,
    (told, stamp): (&Told, Option<&str>),
    frame: &Frame,
    cases: &mut Cases<'_>,
) -> Response {
    let (findings, head) = (&told.findings, &told.head);
    let json = |text: String| Response {
        status: 200,
        kind: "application/json",
        body: text.into_bytes(),
        policy: None,
    };
    let answer = match what {
        What::Page => served_page((findings, head, frame), cases, stamp)
            .map(|page| Some(Response::html(page.html.into_bytes(), page.policy))),
        What::List => case_list((findings, head), cases).map(|list| Some(json(list))),
        What::Case(place) => case_page((findings, frame), cases, place).map(|case| case.map(json)),
    };
    match answer {
        Ok(answer) => answer.unwrap_or_else(Response::missing),
        Err(error) => Response::words(500, &error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_asked_for_by_its_place() {
        assert_eq!(place("case/0.json"), Some(0));
        assert_eq!(place("case/99999.json"), Some(99_999));
        for other in [
            "case/.json",
            "case/+1.json",
            "case/-1.json",
            "case/1",
            "case/99999999999999999999.json",
            "cases/1.json",
            "case/1/2.json",
        ] {
            assert_eq!(place(other), None, "{other}");
        }
    }
}
