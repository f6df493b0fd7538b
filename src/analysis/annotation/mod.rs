//! People label outputs one after the other: what they are asked, in which order, and what stands after all they did. Pure: files, pages
//! and prompts are elsewhere.
//!
//! [`question`] is what is asked and how an answer is read; [`deck`] the cards, in an order of chance that is each annotator's own;
//! [`kept`] what was done, as a log says it, of which the later line wins; [`disagreement`] where annotators differ and what becomes of
//! it.

pub mod deck;
pub mod disagreement;
pub mod kept;
pub mod question;
