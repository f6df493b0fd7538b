//! Untrusted text in, text that is safe for one sink out; knows nobody.
//!
//! What a model, a dataset or an annotator wrote is data: no terminal, browser, spreadsheet, CI system or file system may
//! take it for an instruction. Every place that text can leave by has its function here, and everything printed or written
//! passes the one of its sink, **last**: table, progress and template crates hand escapes through as they find them.
//!
//! | sink | function | what it stops |
//! | --- | --- | --- |
//! | terminal, several lines | [`terminal`] | escape sequences, overwriting, reordering, invisible text, towers of marks |
//! | terminal, table cell or progress line | [`terminal_line`] | the same and line breaks; cut to a width |
//! | HTML element or attribute | [`html`] | markup |
//! | JSON inside a `<script>` element | [`json_island`] | leaving the element |
//! | spreadsheet | [`csv_cell`] ([`csv_text`] undoes it) | formulas |
//! | Markdown table cell | [`markdown`] | markup, links, images, mentions, references |
//! | Markdown block | [`markdown_block`] | leaving the block |
//! | XML text and attributes | [`xml`] | characters that no XML 1.0 document may hold |
//! | GitHub workflow command | [`ci_command`] | a second command |
//! | any other line in a CI log | [`ci_lines`] | commands |
//! | JSON or XML in a CI log | [`ci_document`] | commands, without a change of what it says |
//! | file of variables of a CI system | [`ci_variable`] | a second variable |
//! | label of a metric | [`openmetrics_label`] | leaving the label |
//! | file and directory names | [`path_component`] | leaving the directory, reserved names, collisions |
//!
//! Nothing is dropped silently: what cannot stand is replaced by something a reader sees. Text that needs no change is
//! borrowed, not copied. A sink that can hold every character (JSON lines, the journal) needs no funnel.

mod ci_command;
mod ci_variable;
mod csv_cell;
mod html;
mod markdown;
mod openmetrics;
mod path_component;
mod policy;
mod rewrite;
mod terminal;
mod visible;
mod xml;

#[cfg(test)]
mod hostile;

pub use ci_command::{ci_command, ci_document, ci_lines};
pub use ci_variable::ci_variable;
pub use csv_cell::{csv_cell, csv_text};
pub use html::{html, json_island};
pub use markdown::{markdown, markdown_block};
pub use openmetrics::openmetrics_label;
pub use path_component::path_component;
pub use policy::csp_hash;
pub use terminal::{terminal, terminal_line};
pub use xml::xml;
