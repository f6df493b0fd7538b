//! Scorers as the whole program uses them: held against the programs that defined a measure, a user's own scorer in another language,
//! and embeddings over HTTP.

mod defined_elsewhere;
mod embeddings;
mod programs;

#[path = "../support"]
mod support {
    #[expect(dead_code, reason = "these tests let runs end by themselves")]
    pub(crate) mod binary;
    #[expect(dead_code, reason = "these tests need few of its mishaps")]
    pub(crate) mod fault_server;
}
