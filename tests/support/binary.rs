//! The built program as its users start it: in a folder of its own, with an environment that is known to the last variable.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

/// Nothing that a test waits for takes longer; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder with a suite in it, and the program to run there. The folder is gone when it is dropped.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Bench {
    /// A folder with this `suite.yaml`.
    pub(crate) fn new(suite: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let bench = Self {
            folder,
            environment: Vec::new(),
        };
        bench.write("suite.yaml", suite);
        bench
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file in it.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.at(name), text).expect("a file can be written");
    }

    /// Sets a variable for all that is started from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Any program, in this folder and with the known environment.
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("NO_COLOR", "1")
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts evenhand.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::new(self.command(EVENHAND, arguments))
    }

    /// Runs evenhand to its end.
    pub(crate) fn evenhand(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).end()
    }

    /// The one run in `runs/`.
    pub(crate) fn run(&self) -> PathBuf {
        let mut found = self.runs();
        assert_eq!(found.len(), 1, "one run in {found:?}");
        found.remove(0)
    }

    /// All runs in `runs/`, the oldest first: folders with a manifest.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.at("runs")) else {
            return Vec::new();
        };
        let mut found: Vec<PathBuf> = entries
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.join("run.json").is_file())
            .collect();
        found.sort();
        found
    }

    /// The journal of the one run.
    pub(crate) fn journal(&self) -> PathBuf {
        self.run().join("events.jsonl")
    }

    /// The whole lines of the journal that are this event.
    pub(crate) fn events(&self, event: &str) -> Vec<Json> {
        let text = std::fs::read(self.journal()).expect("the journal reads");
        String::from_utf8_lossy(&text)
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .filter_map(|line| serde_json::from_str::<Json>(line).ok())
            .filter(|line| line["event"] == event)
            .collect()
    }

    /// The JSON report that the one run keeps.
    pub(crate) fn report(&self) -> Json {
        let text = std::fs::read_to_string(self.run().join("reports/report.json"))
            .expect("the run keeps a report");
        serde_json::from_str(&text).expect("the report is JSON")
    }
}

/// The program.
pub(crate) const EVENHAND: &str = env!("CARGO_BIN_EXE_evenhand");

/// A program under way. It does not outlive its test.
pub(crate) struct Running {
    child: Child,
    stdout: Option<Stream>,
    stderr: Option<Stream>,
}

impl Running {
    /// Starts it; its output is read all the time, so that it never waits for us.
    pub(crate) fn new(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program starts");
        Self {
            stdout: child.stdout.take().map(Stream::drain),
            stderr: child.stderr.take().map(Stream::drain),
            child,
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to it alone.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.id().to_string()])
            .status();
        assert!(sent.expect("kill starts").success(), "SIG{name} is sent");
    }

    /// Waits until something holds; whether it did before the program ended.
    pub(crate) fn until(&mut self, holds: impl Fn() -> bool) -> bool {
        let end = Instant::now() + PATIENCE;
        while !holds() {
            if self
                .child
                .try_wait()
                .expect("it can be waited for")
                .is_some()
            {
                return holds();
            }
            assert!(Instant::now() < end, "waited {PATIENCE:?} in vain");
            std::thread::park_timeout(Duration::from_millis(2));
        }
        true
    }

    /// Waits until it has said this on stderr.
    pub(crate) fn until_said(&mut self, words: &str) {
        let heard = self
            .stderr
            .as_ref()
            .map(|stream| Arc::clone(&stream.heard))
            .unwrap_or_default();
        let said = || text(&heard.lock().expect("no reader panics")).contains(words);
        assert!(
            self.until(said),
            "`{words}` is not in:\n{}",
            text(&heard.lock().expect("no reader panics"))
        );
    }

    /// Waits for its end, and answers besides the most memory that it had, in KiB; 0 where the system does not say.
    pub(crate) fn end_with_peak(mut self) -> (Ended, u64) {
        let status = format!("/proc/{}/status", self.id());
        let mut peak = 0;
        // The mark only grows: the last look before the end is the one that counts.
        let end = Instant::now() + 10 * PATIENCE;
        while self
            .child
            .try_wait()
            .expect("it can be waited for")
            .is_none()
        {
            assert!(
                Instant::now() < end,
                "it did not end within {:?}",
                10 * PATIENCE
            );
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let mark = mark.and_then(|text| text.split_whitespace().next()?.parse().ok());
            peak = mark.unwrap_or(0).max(peak);
            std::thread::park_timeout(Duration::from_millis(2));
        }
        (self.end(), peak)
    }

    /// Kills it at once, with no chance to tidy up.
    pub(crate) fn kill(mut self) -> Ended {
        self.child.kill().expect("it can be killed");
        self.end()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                break status;
            }
            assert!(Instant::now() < end, "it did not end within {PATIENCE:?}");
            std::thread::park_timeout(Duration::from_millis(2));
        };
        Ended {
            stdout: self.stdout.take().map_or_else(String::new, Stream::whole),
            stderr: self.stderr.take().map_or_else(String::new, Stream::whole),
            status,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, save where a test failed half-way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program writes, read all the time.
struct Stream {
    heard: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Stream {
    fn drain(mut stream: impl Read + Send + 'static) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&heard);
        let reader = std::thread::spawn(move || {
            let mut piece = [0; 4_096];
            // What cannot be read was not written.
            while let Ok(count @ 1..) = stream.read(&mut piece) {
                to.lock()
                    .expect("no reader panics")
                    .extend_from_slice(&piece[..count]);
            }
        });
        Self { heard, reader }
    }

    fn whole(self) -> String {
        self.reader.join().expect("it was read");
        text(&self.heard.lock().expect("no reader panics"))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    status: ExitStatus,
}

impl Ended {
    /// Its exit code as a shell has it: 128 and the signal for one that was killed.
    pub(crate) fn code(&self) -> i32 {
        let killed = self.status.signal().map(|signal| 128 + signal);
        self.status.code().or(killed).expect("it has ended")
    }

    /// Checks the exit code; shows all that was said where it is another.
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Checks that this was said on stderr.
    pub(crate) fn said(self, words: &str) -> Self {
        assert!(
            self.stderr.contains(words),
            "`{words}` is not in:\n{}",
            self.stderr
        );
        self
    }

    /// Checks that this was printed on stdout.
    pub(crate) fn printed(self, words: &str) -> Self {
        assert!(
            self.stdout.contains(words),
            "`{words}` is not in:\n{}",
            self.stdout
        );
        self
    }
}
