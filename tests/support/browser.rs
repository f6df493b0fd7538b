//! A real browser for tests of pages: headless Chromium, driven through chromium-driver by the W3C WebDriver protocol over plain
//! HTTP. Debian's `chromium` and `chromium-driver` bring both; where one is absent, [`Browser::start`] says so and gives nothing,
//! and the test passes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

/// Nothing that a test waits for takes longer; a page that takes so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Keys that have no character of their own, as WebDriver writes them.
pub(crate) mod key {
    /// The Enter key.
    pub(crate) const ENTER: &str = "\u{E007}";
    /// The Escape key.
    pub(crate) const ESCAPE: &str = "\u{E00C}";
    /// The Tab key.
    pub(crate) const TAB: &str = "\u{E004}";
    /// Arrow down.
    pub(crate) const DOWN: &str = "\u{E015}";
    /// Arrow up.
    pub(crate) const UP: &str = "\u{E013}";
    /// Backspace.
    pub(crate) const BACKSPACE: &str = "\u{E003}";
}

/// A browser with one window. It is gone, with all that it started, when it is dropped.
pub(crate) struct Browser {
    driver: Child,
    // The driver writes to it as long as it lives.
    _said: BufReader<ChildStdout>,
    port: u16,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one, 1,280 x 900 pixels large; `None`, with a notice, where this machine has none.
    #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
    pub(crate) fn start() -> Option<Self> {
        let (Some(driver), Some(chromium)) = (on_path("chromedriver"), on_path("chromium")) else {
            println!("skipped: this needs chromium and chromium-driver");
            return None;
        };
        let profile = tempfile::tempdir().expect("a folder can be made");
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut said = BufReader::new(driver.stdout.take().expect("its output is ours"));
        let port = port_of(&mut said);
        let mut browser = Self {
            driver,
            _said: said,
            port,
            session: String::new(),
            _profile: profile,
        };
        let profile = browser._profile.path().display();
        let options = json!({
            "binary": chromium,
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--hide-scrollbars", "--window-size=1280,900", format!("--user-data-dir={profile}"),
            ],
        });
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "unhandledPromptBehavior": "ignore",
            "timeouts": {"script": PATIENCE.as_millis() as u64, "pageLoad": PATIENCE.as_millis() as u64},
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": options,
        }}});
        let made = browser.call("POST", "/session", Some(&wanted));
        browser.session = text(&made["sessionId"]);
        Some(browser)
    }

    /// Opens an address and waits until it is loaded.
    pub(crate) fn open(&self, address: &str) {
        self.command("url", json!({ "url": address }));
    }

    /// Opens a file of this machine, with a `#fragment` or none.
    pub(crate) fn open_file(&self, path: &Path, fragment: &str) {
        let path = path.canonicalize().expect("the file is there");
        self.open(&format!("file://{}{fragment}", path.display()));
    }

    /// Loads the page again.
    pub(crate) fn reload(&self) {
        self.command("refresh", json!({}));
    }

    /// The address of the page, with its fragment.
    pub(crate) fn address(&self) -> String {
        text(&self.ask("url"))
    }

    /// What the body of a function gives; `arguments` are its arguments.
    pub(crate) fn script(&self, body: &str, arguments: &[Json]) -> Json {
        self.command("execute/sync", json!({"script": body, "args": arguments}))
    }

    /// Waits until an expression of the page is true, also over pages that are loaded meanwhile.
    pub(crate) fn wait_until(&self, expression: &str) {
        let asked = json!({"script": format!("return Boolean({expression})"), "args": []});
        let begun = Instant::now();
        loop {
            // A page that is just being loaded answers nothing.
            let answer = self.try_call("POST", &self.path("execute/sync"), Some(&asked));
            if answer == Ok(Json::Bool(true)) {
                return;
            }
            if begun.elapsed() > PATIENCE {
                let shown = self.script("return document.body.innerText", &[]);
                panic!("`{expression}` never came true: {answer:?}\nthe page shows: {shown}");
            }
        }
    }

    /// The shown text of the first element that a CSS selector finds.
    pub(crate) fn text(&self, selector: &str) -> String {
        let element = self.element(selector);
        text(&self.ask(&format!("element/{element}/text")))
    }

    /// How many elements a CSS selector finds.
    pub(crate) fn count(&self, selector: &str) -> u64 {
        let found = self.script(
            "return document.querySelectorAll(arguments[0]).length",
            &[json!(selector)],
        );
        found.as_u64().expect("a count")
    }

    /// Clicks the first element that a CSS selector finds.
    pub(crate) fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.command(&format!("element/{element}/click"), json!({}));
    }

    /// Types into the first element that a CSS selector finds.
    pub(crate) fn type_into(&self, selector: &str, keys: &str) {
        let element = self.element(selector);
        self.command(&format!("element/{element}/value"), json!({ "text": keys }));
    }

    /// Presses keys one after the other, wherever the focus is; for keys without a character see [`key`].
    pub(crate) fn press(&self, keys: &str) {
        let presses: Vec<Json> = keys
            .chars()
            .flat_map(|key| {
                [
                    json!({"type": "keyDown", "value": key.to_string()}),
                    json!({"type": "keyUp", "value": key.to_string()}),
                ]
            })
            .collect();
        self.command(
            "actions",
            json!({"actions": [{"type": "key", "id": "keyboard", "actions": presses}]}),
        );
    }

    /// What the page and the browser wrote to the console since it was last asked: faults of scripts, refusals of the
    /// content-security policy, failed loads.
    pub(crate) fn console(&self) -> Vec<String> {
        let lines = self.command("se/log", json!({"type": "browser"}));
        let lines = lines.as_array().expect("a list of lines");
        lines.iter().map(|line| text(&line["message"])).collect()
    }

    /// The text of the dialog that is open, if one is.
    pub(crate) fn dialog(&self) -> Option<String> {
        let asked = self.try_call("GET", &self.path("alert/text"), None);
        asked.ok().map(|shown| text(&shown))
    }

    /// The window's inner size in pixels, as on a phone or a desk.
    pub(crate) fn size(&self, width: u32, height: u32) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}),
        );
    }

    /// Whether the page is shown as to somebody who prefers dark pages.
    pub(crate) fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({"features": [{"name": "prefers-color-scheme", "value": value}]}),
        );
    }

    /// A command of Chromium's own protocol.
    pub(crate) fn devtools(&self, method: &str, parameters: Json) -> Json {
        self.command(
            "goog/cdp/execute",
            json!({"cmd": method, "params": parameters}),
        )
    }

    fn element(&self, selector: &str) -> String {
        let found = self.command(
            "element",
            json!({"using": "css selector", "value": selector}),
        );
        let found = found.as_object().and_then(|found| found.values().next());
        text(found.expect("a reference to an element"))
    }

    fn path(&self, command: &str) -> String {
        format!("/session/{}/{command}", self.session)
    }

    fn command(&self, command: &str, body: Json) -> Json {
        self.call("POST", &self.path(command), Some(&body))
    }

    fn ask(&self, command: &str) -> Json {
        self.call("GET", &self.path(command), None)
    }

    fn call(&self, method: &str, path: &str, body: Option<&Json>) -> Json {
        self.try_call(method, path, body)
            .unwrap_or_else(|fault| panic!("{method} {path}: {fault}"))
    }

    /// One request, one connection.
    fn try_call(&self, method: &str, path: &str, body: Option<&Json>) -> Result<Json, String> {
        let body = body.map(Json::to_string).unwrap_or_default();
        let mut stream =
            TcpStream::connect(("127.0.0.1", self.port)).map_err(|err| err.to_string())?;
        let limit = Some(PATIENCE + PATIENCE / 2);
        stream
            .set_read_timeout(limit)
            .map_err(|err| err.to_string())?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.port,
            body.len()
        );
        stream
            .write_all(format!("{head}{body}").as_bytes())
            .map_err(|err| err.to_string())?;
        let answer = answer_body(&mut BufReader::new(&stream))?;
        // The other side may have hung up already.
        drop(stream.shutdown(Shutdown::Both));
        let answer: Json = serde_json::from_slice(&answer).map_err(|err| err.to_string())?;
        let value = answer["value"].clone();
        match value.get("error") {
            Some(kind) if value.get("stacktrace").is_some() => {
                Err(format!("{}: {}", text(kind), text(&value["message"])))
            }
            _ => Ok(value),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            // Closes the window and ends Chromium; what is left of either ends with the driver.
            drop(self.try_call("DELETE", &format!("/session/{}", self.session), None));
        }
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

/// The port that the driver says it listens on.
fn port_of(said: &mut impl BufRead) -> u16 {
    let mut line = String::new();
    loop {
        line.clear();
        let read = said.read_line(&mut line).expect("its output can be read");
        assert!(read > 0, "chromedriver ended before it listened");
        if let Some((_, port)) = line.split_once("successfully on port ") {
            let digits: String = port.chars().take_while(char::is_ascii_digit).collect();
            return digits.parse().expect("a port");
        }
    }
}

/// The body of an answer with a length, or up to its end.
fn answer_body(stream: &mut impl BufRead) -> Result<Vec<u8>, String> {
    let mut length = None;
    let mut line = String::new();
    loop {
        line.clear();
        let read = stream.read_line(&mut line).map_err(|err| err.to_string())?;
        if read == 0 {
            return Err("the browser hung up".to_owned());
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<u64>().ok();
        }
    }
    let mut body = Vec::new();
    stream
        .take(length.unwrap_or(u64::MAX))
        .read_to_end(&mut body)
        .map_err(|err| err.to_string())?;
    Ok(body)
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn on_path(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
