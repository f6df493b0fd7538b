//! Scorers as the whole program uses them: held against the programs that defined a measure, a user's own scorer in another language,
//! and embeddings over HTTP.

mod defined_elsewhere;
