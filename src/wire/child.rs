//! One started program: its pipes, its end, and the bounds of what is read from it.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rustix::process::{Pid, Signal};
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::port::Program;
use crate::domain::secret::Secrets;

use super::environment;
use super::group::{self, Debts, Group};
use super::launch;

/// How much of a program's last words is kept.
const TAIL: usize = 4 << 10;

/// How long a program is waited for where it should be done.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From asking it to end (SIGTERM, or the end of its input) to killing it.
    pub grace: Duration,
    /// For the end of its output after it has ended: a child of its own may hold the pipe.
    pub leak: Duration,
    /// For its end after it has given a complete reply.
    pub linger: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            grace: Duration::from_millis(500),
            leak: Duration::from_millis(200),
            linger: Duration::from_secs(2),
        }
    }
}

/// What programs are started with.
#[derive(Clone, Default)]
pub(crate) struct Starter {
    /// Our own binary, where its `main` begins with [`launch::child_main`].
    pub(crate) launcher: Option<PathBuf>,
    pub(crate) patience: Patience,
    pub(crate) debts: Debts,
    /// Values that a program's last words may not show.
    pub(crate) secrets: Secrets,
}

/// A program that runs.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) output: Output,
    pub(crate) tail: Tail,
    name: String,
    patience: Patience,
    secrets: Secrets,
    group: Group,
}

impl Starter {
    /// Starts a program in a group of its own, with what environment it is allowed, its input and outputs piped to us.
    pub(crate) fn start(&self, program: &Program) -> Result<Running, Fault> {
        self.start_with(program, environment::inherited())
    }

    /// The same with these variables in place of those of ours that a program sees.
    pub(crate) fn start_with(
        &self,
        program: &Program,
        variables: Vec<(String, String)>,
    ) -> Result<Running, Fault> {
        self.debts.settle();
        group::adopt_orphans();
        let Some((name, arguments)) = program.command.split_first() else {
            return Err(Fault::new(
                FaultKind::Internal,
                "there is no program to start",
            ));
        };
        let mut command = match &self.launcher {
            Some(launcher) => {
                let mut command = Command::new(launcher);
                command
                    .arg(launch::WORD)
                    .arg(std::process::id().to_string())
                    .arg(name);
                command
            }
            None => Command::new(name),
        };
        let mark = group::new_mark();
        command
            .args(arguments)
            .current_dir(&program.folder)
            .env_clear()
            .envs(variables)
            .env(group::MARK, &mark)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (variable, value) in &program.environment {
            let value = environment::fill(value);
            if let Some(missing) = environment::unset(&value) {
                let message = environment::explain_unset(missing);
                return Err(Fault::new(FaultKind::Internal, message));
            }
            command.env(variable, value.expose_secret());
        }
        let cannot = |why: &dyn std::fmt::Display| {
            let folder = program.folder.display();
            Fault::new(
                FaultKind::Internal,
                format!("`{name}` cannot be started in `{folder}`: {why}"),
            )
        };
        let mut child = command.spawn().map_err(|error| {
            // Out of processes or files: this passes.
            let passing = matches!(error.raw_os_error(), Some(11 | 12 | 23 | 24));
            Fault {
                retry: passing.then_some(true),
                ..cannot(&error)
            }
        })?;
        let leader = child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
            .ok_or_else(|| cannot(&"it has no process id"))?;
        let group = Group::new(leader, mark, self.debts.clone());
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
            return Err(cannot(&"its output is not piped"));
        };
        Ok(Running {
            stdin,
            output: Output::new(stdout, program.output_cap),
            tail: Tail::of(stderr),
            name: name.clone(),
            patience: self.patience,
            secrets: self.secrets.clone(),
            child,
            group,
        })
    }
}

impl Running {
    /// Asks the whole group to end, waits a little, kills what is left. Afterwards nothing of it runs.
    pub(crate) async fn end(&mut self) {
        self.stdin = None;
        self.group.strike(Signal::TERM);
        if tokio::time::timeout(self.patience.grace, self.child.wait())
            .await
            .is_err()
        {
            self.group.strike(Signal::KILL);
            let _ = self.child.wait().await;
        }
        self.group.finish();
    }

    /// After it ended by itself: kills what it left behind.
    pub(crate) fn ended(&mut self) {
        self.group.finish();
    }

    /// A fault with the program's last words.
    pub(crate) async fn fault(&mut self, kind: FaultKind, message: String) -> Fault {
        let words = self.tail.text(self.patience.leak).await;
        // Masked before it is cut: of half a secret nobody would know any more that it is one.
        let words = self.secrets.mask(&words);
        let surplus = words.ceil_char_boundary(words.len().saturating_sub(TAIL));
        let words = &words[surplus..];
        Fault::new(
            kind,
            match words.trim() {
                "" => message,
                words => format!("{message}; its last words: {words}"),
            },
        )
    }

    /// The fault of a program that ended in a way it should not have.
    pub(crate) async fn ended_badly(&mut self, status: ExitStatus) -> Fault {
        use std::os::unix::process::ExitStatusExt;
        let name = &self.name;
        let (kind, message) = match (status.code(), status.signal()) {
            (Some(code @ (126 | 127)), _) => (
                FaultKind::Internal,
                format!("`{name}` cannot be started: exit code {code}"),
            ),
            (Some(0), _) => (FaultKind::Crashed, "it ended without a reply".to_owned()),
            (Some(code), _) => (FaultKind::Crashed, format!("exit code {code}")),
            (None, Some(signal)) => (FaultKind::Crashed, format!("killed by signal {signal}")),
            (None, None) => (FaultKind::Crashed, format!("it ended: {status}")),
        };
        self.fault(kind, message).await
    }

    pub(crate) async fn flooded(&mut self) -> Fault {
        let cap = self.output.cap;
        let message =
            format!("more than {cap} bytes of output, cut; raise `output_cap` if it needs more");
        self.end().await;
        self.fault(FaultKind::Garbled, message).await
    }

    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }
}

/// More output than is read.
#[derive(Debug)]
pub(crate) struct Flood;

/// A program's output as it comes, bounded.
pub(crate) struct Output {
    stdout: ChildStdout,
    buffer: BytesMut,
    cap: usize,
    /// Bytes of the buffer that are known to hold no line's end.
    searched: usize,
}

impl Output {
    fn new(stdout: ChildStdout, cap: u64) -> Self {
        Self {
            stdout,
            buffer: BytesMut::new(),
            cap: usize::try_from(cap).unwrap_or(usize::MAX),
            searched: 0,
        }
    }

    /// Reads some more; false at the end. May be cancelled without loss.
    pub(crate) async fn more(&mut self) -> Result<bool, Flood> {
        let read = self.stdout.read_buf(&mut self.buffer).await;
        if self.buffer.len() > self.cap {
            return Err(Flood);
        }
        Ok(read.is_ok_and(|count| count > 0))
    }

    /// All that has come.
    pub(crate) fn all(&self) -> &[u8] {
        &self.buffer
    }

    /// Takes all that has come.
    pub(crate) fn take(&mut self) -> Bytes {
        self.searched = 0;
        self.buffer.split().freeze()
    }

    /// Takes the next line that is not blank, if it is there whole.
    pub(crate) fn line(&mut self) -> Option<Bytes> {
        loop {
            let end = self.buffer[self.searched..]
                .iter()
                .position(|byte| *byte == b'\n');
            let Some(end) = end else {
                self.searched = self.buffer.len();
                return None;
            };
            let line = self.buffer.split_to(self.searched + end + 1);
            self.searched = 0;
            if !line.trim_ascii().is_empty() {
                return Some(line.freeze());
            }
        }
    }
}

/// Writes a line to a program. That it does not listen is its own affair: it may know its answer without being asked.
pub(crate) async fn tell(stdin: &mut Option<ChildStdin>, line: &[u8]) {
    if let Some(pipe) = stdin {
        let told = async {
            pipe.write_all(line).await?;
            pipe.write_all(b"\n").await?;
            pipe.flush().await
        };
        if let Err(error) = told.await {
            tracing::debug!("a program does not read its input: {error}");
        }
    }
}

/// The end of what a program says on stderr. It is read all the time, so that the program never waits for us.
pub(crate) struct Tail {
    kept: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Tail {
    fn of(mut stderr: ChildStderr) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&kept);
        let reader = tokio::spawn(async move {
            let mut chunk = vec![0; TAIL];
            while let Ok(count) = stderr.read(&mut chunk).await {
                if count == 0 {
                    break;
                }
                let mut kept = keep.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&chunk[..count]);
                let surplus = kept.len().saturating_sub(2 * TAIL);
                kept.drain(..surplus);
            }
        });
        Self { kept, reader }
    }

    async fn text(&mut self, patience: Duration) -> String {
        if !self.reader.is_finished() {
            let _ = tokio::time::timeout(patience, &mut self.reader).await;
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).into_owned()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.reader.abort();
    }
}
