//! The one place that writes to stdout and stderr: what was asked for and the talk about it.

use std::io::{self, IsTerminal, Write};

use anstream::ColorChoice;

use super::args::ColorWhen;
use super::ci::Ci;
use crate::funnel::ci_lines;
use crate::report::Kind;

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
    /// Whether more talk is wanted.
    pub(crate) verbose: bool,
    /// The CI system around the process.
    pub(crate) ci: Ci,
    /// Whether stdout may end in a log that is read for commands.
    in_log: bool,
}

/// Columns where there is no terminal to ask.
const WIDTH: usize = 100;

impl Screen {
    /// Looks at the streams, the environment's wishes and the flags.
    pub(crate) fn new(when: ColorWhen, quiet: bool, ci: Ci) -> Self {
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
            verbose: false,
            // A file that stdout was sent to is read by whoever asked for it, not by the CI system.
            in_log: ci.reads_commands() && !is_file(),
            ci,
        }
    }

    /// The same streams for one of many runs: no notes, and progress only where it can be redrawn.
    pub(crate) fn hushed(&self) -> Self {
        Self {
            quiet: true,
            ..self.clone()
        }
    }

    /// Writes lines to stdout; none of them commands a CI system.
    pub(crate) fn print(&self, bytes: &[u8]) -> Result<(), String> {
        match self.in_log {
            true => self.write(ci_lines(&String::from_utf8_lossy(bytes)).as_bytes()),
            false => self.write(bytes),
        }
    }

    /// Writes a report to stdout; no text in it commands a CI system.
    pub(crate) fn print_report(&self, kind: &Kind, bytes: &[u8]) -> Result<(), String> {
        match self.in_log {
            true => self.write(kind.in_log(&String::from_utf8_lossy(bytes)).as_bytes()),
            false => self.write(bytes),
        }
    }

    /// Writes to stdout as it is. A reader that has gone away is a quiet end; anything else is an error in words.
    fn write(&self, bytes: &[u8]) -> Result<(), String> {
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
        let _ = writeln!(stderr, "{}", ci_lines(line));
    }

    /// Lines on stderr that are meant as commands for a CI system, each of which [`crate::funnel::ci_command`] made.
    pub(crate) fn command(&self, lines: &str) {
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(lines.as_bytes());
    }
}

/// Whether stdout is a file on the disk.
fn is_file() -> bool {
    rustix::fs::fstat(io::stdout()).is_ok_and(|stat| {
        rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::RegularFile
    })
}

/// A line of the log on stderr.
pub(crate) fn log_line(line: &str) {
    let mut stderr = io::stderr().lock();
    let _ = writeln!(
        stderr,
        "{}",
        ci_lines(crate::funnel::terminal(line.trim_end()).as_ref())
    );
}
