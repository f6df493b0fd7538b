//! What the program says of its own working, on stderr, at `-v` and above.

use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

/// Begins to log; without `-v` only errors of our own would show.
pub(crate) fn begin(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    // Only this program's own words: a library may log requests whole, headers included.
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .with_writer(Own(Lines))
        .finish();
    // Nobody else sets one; a second call changes nothing.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Writes lines to stderr through the one place that may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines;

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        super::screen::log_line(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Lets through what this crate says, and nothing of the libraries beneath.
#[derive(Debug, Clone, Copy)]
struct Own(Lines);

/// A line, or nowhere.
pub(crate) enum Place {
    /// To stderr.
    Line(std::io::LineWriter<Lines>),
    /// Nowhere.
    Nowhere(std::io::Sink),
}

impl std::io::Write for Place {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Line(line) => line.write(bytes),
            Self::Nowhere(sink) => sink.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Line(line) => line.flush(),
            Self::Nowhere(sink) => sink.flush(),
        }
    }
}

impl<'a> MakeWriter<'a> for Own {
    type Writer = Place;

    fn make_writer(&'a self) -> Self::Writer {
        Place::Line(std::io::LineWriter::new(self.0))
    }

    fn make_writer_for(&'a self, meta: &tracing::Metadata<'_>) -> Self::Writer {
        if meta.target().starts_with("evenhand") {
            self.make_writer()
        } else {
            Place::Nowhere(std::io::sink())
        }
    }
}
