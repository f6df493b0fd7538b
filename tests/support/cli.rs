//! The binary as a user has it: run in a folder of its own, with nothing of this machine's environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a process said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
        Self {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            code: output.status.code().expect("the process ended by itself"),
        }
    }

    /// The exit code was this one; otherwise what was said is shown.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Everything that was said, with what changes from run to run replaced.
    pub(crate) fn screen(&self) -> String {
        let mut screen = format!("exit {}\n", self.code);
        for (stream, text) in [("stderr", &self.stderr), ("stdout", &self.stdout)] {
            if !text.is_empty() {
                screen.push_str(&format!("--- {stream}\n{}", frozen(text)));
            }
        }
        screen
    }
}

/// A folder to work in.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let desk = Self {
            folder: tempfile::tempdir().expect("a folder for a test"),
        };
        for (name, text) in files {
            desk.write(name, text);
        }
        desk
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a folder is made");
        }
        std::fs::write(path, bytes).expect("a file is written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect("a file is read")
    }

    /// A process that is about to run in this folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_evenhand"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn evenhand(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().expect("the binary starts"))
    }

    /// Runs a suite and answers its JSON report without the `run` object, and the exit code.
    pub(crate) fn report(&self, arguments: &[&str]) -> (serde_json::Value, i32) {
        let said = self.evenhand(&[&["run", "-q", "--format", "json"], arguments].concat());
        let report = serde_json::from_str(&said.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}\n{}", said.stdout, said.stderr));
        (report, said.code)
    }

    /// Gives the latest run another id, so that what names it is the same every time.
    pub(crate) fn call_latest(&self, id: &str) {
        let run = self.runs().pop().expect("a run");
        let old = run
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name")
            .to_owned();
        let manifest = run.join("run.json");
        let text = std::fs::read_to_string(&manifest).expect("a manifest");
        std::fs::write(manifest, text.replace(&old, id)).expect("a manifest");
        std::fs::rename(&run, run.with_file_name(id)).expect("a run");
    }

    /// The runs' directories, oldest first.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path().join("runs")) else {
            return Vec::new();
        };
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let mut runs: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
        runs.sort();
        runs
    }
}

/// A text with the ids of runs, dates and the time that a run took replaced.
pub(crate) fn frozen(text: &str) -> String {
    let mut frozen = text.to_owned();
    for (pattern, with) in [
        (
            r"\b\d{8}-\d{6}-([a-z0-9-]+)-[0-9a-f]{4}\b",
            "DATE-TIME-$1-SALT",
        ),
        (r"\b\d{8}-\d{6}\b", "DATE-TIME"),
        (r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b", "DATE AND TIME"),
        (r"calls? in [0-9.]+ (ms|s)\b", "calls in TIME"),
        (r"waited [0-9.]+ (ms|s)\b", "waited TIME"),
    ] {
        let pattern = regex::Regex::new(pattern).expect("a pattern");
        frozen = pattern.replace_all(&frozen, with).into_owned();
    }
    frozen
}
