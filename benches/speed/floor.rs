//! The floor: the bare HTTP client in a loop, each reply parsed and dropped. What no harness with this client can beat.

use std::cell::Cell;
use std::rc::Rc;

use serde::Deserialize;

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Message<'a>,
}

#[derive(Deserialize)]
struct Message<'a> {
    content: std::borrow::Cow<'a, str>,
}

/// Makes so many calls, so many at once.
pub(crate) fn run(url: &str, calls: u64, at_once: u64) {
    // The client is built with the same TLS as ours, though nothing here is encrypted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let client = reqwest::Client::builder()
        .http1_only()
        .no_proxy()
        .build()
        .expect("a client");
    let address = format!("{url}/v1/chat/completions");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let next = Rc::new(Cell::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..at_once {
            let (client, address, next) = (client.clone(), address.clone(), Rc::clone(&next));
            tasks.spawn_local(async move {
                while next.get() < calls {
                    let number = next.replace(next.get() + 1);
                    let body = format!(
                        r#"{{"model":"fixed","messages":[{{"role":"user","content":"What is the answer to question number {number}, in one short sentence?"}}]}}"#
                    );
                    let reply = client
                        .post(&address)
                        .header("content-type", "application/json")
                        .body(body)
                        .send()
                        .await
                        .expect("a reply")
                        .bytes()
                        .await
                        .expect("a whole reply");
                    let reply: Reply<'_> = serde_json::from_slice(&reply).expect("a chat reply");
                    assert!(!reply.choices[0].message.content.is_empty());
                }
            });
        }
        while let Some(task) = tasks.join_next().await {
            task.expect("no call fails");
        }
    });
}
