//! The one place that writes to stdout and stderr: what was asked for and the talk about it.

use std::io::{self, IsTerminal, Write};

use anstream::ColorChoice;

use super::args::ColorWhen;

/// The two streams of a process, and how they may be written to.
#[derive(Debug, Clone)]
pub(crate) struct Screen {
    /// Whether reports on stdout may be coloured.
    pub(crate) color: bool,
    /// Columns of the terminal; 100 where there is none.
    pub(crate) width: usize,
    /// Whether stderr is a terminal: progress may redraw there.
    pub(crate) redraws: bool,
    /// Whether notes and progress are unwanted.
    pub(crate) quiet: bool,
}

/// Columns where there is no terminal to ask.
const WIDTH: usize = 100;

impl Screen {
    /// Looks at the streams, the environment's wishes and the flags.
    pub(crate) fn new(when: ColorWhen, quiet: bool) -> Self {
        let color = match when {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => !matches!(
                anstream::AutoStream::choice(&io::stdout()),
                ColorChoice::Never
            ),
        };
        let width = match rustix::termios::tcgetwinsize(io::stdout()) {
            Ok(size) if size.ws_col >= 40 => usize::from(size.ws_col).min(160),
            _ => WIDTH,
        };
        Self {
            color,
            width,
            redraws: io::stderr().is_terminal() && !quiet,
            quiet,
        }
    }

    /// Writes to stdout. A reader that has gone away is a quiet end; anything else is an error in words.
    pub(crate) fn print(&self, bytes: &[u8]) -> Result<(), String> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(format!("stdout: {error}"))
            }
            _ => Ok(()),
        }
    }

    /// A line of talk on stderr, unless quiet. The text must have passed [`crate::funnel::terminal`] where it holds data.
    pub(crate) fn note(&self, line: &str) {
        if !self.quiet {
            self.say(line);
        }
    }

    /// A line on stderr that is said also when quiet: what went wrong. Stderr that cannot be written is nobody's to tell.
    pub(crate) fn say(&self, line: &str) {
        let mut stderr = io::stderr().lock();
        let _ = writeln!(stderr, "{}", crate::funnel::ci_lines(line));
    }
}

/// A line of the log on stderr.
pub(crate) fn log_line(line: &str) {
    let mut stderr = io::stderr().lock();
    let _ = writeln!(
        stderr,
        "{}",
        crate::funnel::ci_lines(crate::funnel::terminal(line.trim_end()).as_ref())
    );
}
