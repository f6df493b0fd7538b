//! The page on which outputs are labelled, and what it asks for. Nothing that it is sent names a target, a score, another annotator or
//! the place of an output: cards are called by tokens, and their texts are all there is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::sync::Notify;

use super::session::{Previous, Session, SessionError, View};
use crate::funnel::csp_hash;
use crate::serve::{Method, Pages, Request, Response};

/// The page without its style and script.
const PAGE: &str = include_str!("../../../reports/annotate.html");
const STYLE: &str = include_str!("../../../reports/annotate.css");
const SCRIPT: &str = include_str!("../../../reports/annotate.js");

/// Cards that the page holds: the one that is shown, and what comes next without waiting.
const AHEAD: usize = 5;

/// The page of a session.
#[derive(Debug)]
pub struct AnnotationPage {
    session: Mutex<Session>,
    quit: Notify,
    html: String,
    policy: String,
}

/// The page of a session, to be put on the server.
#[must_use]
pub fn annotation_pages(session: Session) -> Arc<AnnotationPage> {
    let html = PAGE
        .replacen("{{style}}", STYLE, 1)
        .replacen("{{script}}", SCRIPT, 1);
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'",
        csp_hash(SCRIPT),
        csp_hash(STYLE)
    );
    Arc::new(AnnotationPage {
        session: Mutex::new(session),
        quit: Notify::new(),
        html,
        policy,
    })
}

/// What a page asks for; which of it is needed depends on what it asks.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    token: String,
    answer: String,
    critique: String,
    seconds: Option<f64>,
    flagged: bool,
}

impl AnnotationPage {
    /// Waits until the annotator says on the page that they are done.
    pub async fn quit(&self) {
        self.quit.notified().await;
    }

    /// The session. Whoever has it keeps the page waiting.
    pub fn session(&self) -> MutexGuard<'_, Session> {
        // A bug in one answer does not take the labels from the next: what stands is on the disk.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn done(&self, what: &str, asked: &Asked) -> Result<Json, SessionError> {
        let mut session = self.session();
        let mut undone = None;
        match what {
            "answer" => {
                session.answer(&asked.token, &asked.answer, &asked.critique, asked.seconds)?
            }
            "skip" => session.skip(&asked.token)?,
            "flag" => session.flag(&asked.token, asked.flagged)?,
            _ => undone = session.undo()?,
        }
        let mut answer = standing(&session);
        if let Some((view, previous)) = undone {
            answer["previous"] = before(&previous);
            // It was the last: it is shown again, whatever else is open.
            let cards = session.next(AHEAD);
            let others = cards.iter().filter(|card| card.token != view.token);
            let shown: Vec<Json> = std::iter::once(&view).chain(others).map(card).collect();
            answer["cards"] = json!(shown);
        }
        Ok(answer)
    }
}

impl Pages for AnnotationPage {
    fn answer(&self, request: Request) -> Response {
        let is_get = request.method == Method::Get;
        match (request.path.as_str(), is_get) {
            ("", true) => Response::html(self.html.clone().into_bytes(), self.policy.clone()),
            ("state", true) => Response::json(200, &state(&self.session())),
            ("quit", false) => {
                self.quit.notify_one();
                Response::json(200, &json!({}))
            }
            (what @ ("answer" | "skip" | "flag" | "undo"), false) => {
                let asked: Asked = match serde_json::from_slice(&request.body) {
                    Ok(asked) => asked,
                    Err(error) => return refused(400, &error.to_string()),
                };
                match self.done(what, &asked) {
                    Ok(answer) => Response::json(200, &answer),
                    Err(error) => {
                        let status = match error {
                            SessionError::UnknownCard => 409,
                            SessionError::NoAnswer(_) | SessionError::LongCritique => 400,
                            SessionError::OtherQuestion
                            | SessionError::Log(_)
                            | SessionError::Labels(_) => 500,
                        };
                        refused(status, &error.to_string())
                    }
                }
            }
            ("" | "state" | "answer" | "skip" | "flag" | "undo" | "quit", _) => {
                Response::wrong_method()
            }
            _ => Response::missing(),
        }
    }
}

fn refused(status: u16, why: &str) -> Response {
    Response::json(status, &json!({"error": why}))
}

fn card(view: &View) -> Json {
    let texts: Vec<Json> = view
        .texts
        .iter()
        .map(|(name, text)| json!({"name": name, "text": text}))
        .collect();
    let voices: Vec<Json> = view
        .voices
        .iter()
        .map(|(word, critique)| json!({"word": word, "critique": critique}))
        .collect();
    json!({"token": view.token, "texts": texts, "voices": voices, "flagged": view.flagged})
}

fn before(previous: &Previous) -> Json {
    json!({"word": previous.word, "critique": previous.critique})
}

/// How far it is, and what comes next.
fn standing(session: &Session) -> Json {
    let progress = session.progress();
    let cards: Vec<Json> = session.next(AHEAD).iter().map(card).collect();
    json!({
        "done": progress.done,
        "skipped": progress.skipped,
        "total": progress.total,
        "cards": cards,
    })
}

/// All that a page needs to begin.
fn state(session: &Session) -> Json {
    let choices: Vec<Json> = session
        .choices()
        .iter()
        .map(|choice| json!({"key": choice.key, "word": choice.word, "meaning": choice.meaning}))
        .collect();
    let mut state = standing(session);
    state["annotator"] = json!(session.annotator());
    state["asks"] = json!(session.asks());
    state["criteria"] = json!(session.criteria());
    state["choices"] = json!(choices);
    state["adjudicates"] = json!(session.adjudicates());
    state
}
