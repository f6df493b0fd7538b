//! What is said of a bug of ours: where it is and what to do, and never the words of the panic, which may hold anything, keys included.

use std::any::Any;
use std::backtrace::Backtrace;
use std::panic::{self, AssertUnwindSafe, catch_unwind};

use super::failure::exit;
use super::screen::Screen;

/// What to do about it.
const REPORT: &str = "run it again with -v and report what it logs";

/// Has panics logged with their place and a backtrace at `-v`, and said by nobody else.
pub(crate) fn heed() {
    panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map_or_else(String::new, ToString::to_string);
        tracing::error!("panicked at {place}\n{}", Backtrace::force_capture());
    }));
}

/// Does a verb; a panic in it ends in words and an exit code of its own.
pub(crate) fn guard(screen: &Screen, verb: impl FnOnce() -> u8) -> u8 {
    // Nothing of what the verb was about is used after it.
    catch_unwind(AssertUnwindSafe(verb)).unwrap_or_else(|panic: Box<dyn Any + Send>| {
        drop(panic);
        screen.say(&format!("error: this is a bug in evenhand; {REPORT}"));
        exit::UNEXPECTED
    })
}

/// What is said after a run in which something panicked and the rest went on.
pub(crate) fn hint(bugs: u64) -> String {
    let times = if bugs == 1 {
        "once".to_owned()
    } else {
        format!("{bugs} times")
    };
    format!(
        "error: a bug in evenhand struck {times}: what it left out is an error or unscored, all else is kept; {REPORT}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::ColorWhen;

    #[test]
    fn a_panic_ends_in_words_and_the_code_for_what_is_unexpected() {
        let screen = Screen::new(ColorWhen::Never, true, crate::cli::ci::Ci::default());
        assert_eq!(guard(&screen, || 100), 100);
        assert_eq!(
            guard(&screen, || panic!("key-0123456789")),
            exit::UNEXPECTED
        );
        assert!(hint(1).contains("once") && hint(2).contains("2 times"));
    }
}
