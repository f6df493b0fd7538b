//! The rules: each takes source files and names its breaches, as `file:line: what is wrong`.

use std::collections::BTreeSet;

use crate::source::{self, Named, Token};
use crate::{
    BEHIND_ONE_MODULE, CRATES, CRATES_FOR_ALL, FLOORS, HIGHEST_PURE, IMPURE_NAMES, IMPURE_PATHS,
    SCOPED_THREADS,
};

/// A source file as the rules see it.
pub(crate) struct File {
    /// Relative to the package, with `/`.
    pub(crate) path: String,
    /// Its module path; the binaries count as `cli`, and the library's root is empty.
    pub(crate) module: Vec<String>,
    pub(crate) tokens: Vec<Token>,
    paths: Vec<Named>,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> File {
        let tokens = source::tokens(text);
        let paths = source::paths(&tokens);
        File {
            path: path.to_string(),
            module: module_of(path),
            tokens,
            paths,
        }
    }

    /// The modules that this file declares for tests only, in files of their own: `#[cfg(test)] mod x;`.
    fn test_modules(&self) -> impl Iterator<Item = Vec<String>> {
        self.tokens.windows(3).filter_map(|tokens| {
            let declares = tokens[0].ident() == Some("mod") && tokens[2].is(';');
            let name = tokens[1].ident().filter(|_| declares && tokens[0].test)?;
            Some([self.module.as_slice(), &[name.to_string()]].concat())
        })
    }

    fn room(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }

    fn is_pure(&self) -> bool {
        floor(self.room()).is_some_and(|floor| floor <= HIGHEST_PURE)
    }

    fn breach(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }

    /// The names of the macros called.
    fn macros(&self) -> impl Iterator<Item = (&str, &Token)> {
        self.tokens.windows(2).filter_map(|pair| {
            let name = pair[0].ident()?;
            pair[1].is('!').then_some((name, &pair[0]))
        })
    }
}

/// Marks as tests all files of the modules that are declared for tests only, and the files below them.
pub(crate) fn mark_test_files(files: &mut [File]) {
    let tests: Vec<_> = files.iter().flat_map(File::test_modules).collect();
    for file in files {
        if tests.iter().any(|test| file.module.starts_with(test)) {
            file.tokens.iter_mut().for_each(|token| token.test = true);
            file.paths.iter_mut().for_each(|named| named.test = true);
        }
    }
}

pub(crate) fn floor(room: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(name, _)| *name == room)
        .map(|(_, floor)| *floor)
}

fn module_of(path: &str) -> Vec<String> {
    let inner = path.strip_prefix("src/").unwrap_or(path);
    if inner == "main.rs" || inner.starts_with("bin/") {
        return vec!["cli".to_string()];
    }
    let mut module: Vec<String> = inner
        .trim_end_matches(".rs")
        .split('/')
        .map(String::from)
        .collect();
    if module
        .last()
        .is_some_and(|last| last == "mod" || last == "lib")
    {
        module.pop();
    }
    module
}

/// What a path inside the crate leads to, from the crate's root; nothing for paths of other crates and of one's own room.
fn resolved(file: &File, named: &Named) -> Option<Vec<String>> {
    let mut place: Vec<String> = match named.segments[0].as_str() {
        "crate" | "evenhand" => Vec::new(),
        "self" | "super" => [file.module.as_slice(), &named.inside].concat(),
        _ => return None,
    };
    // The binary is a crate of its own: what its paths name is its own, except for the library's.
    if named.segments[0] == "crate" && is_binary(&file.path) {
        return None;
    }
    for segment in &named.segments {
        match segment.as_str() {
            "crate" | "evenhand" | "self" => {}
            "super" => {
                place.pop();
            }
            name => place.push(name.to_string()),
        }
    }
    Some(place)
}

fn is_binary(path: &str) -> bool {
    path == "src/main.rs" || path.starts_with("src/bin/")
}

/// Imports that go up or sideways, or around the table of floors.
pub(crate) fn import_breaches(file: &File) -> Vec<String> {
    let mut breaches = Vec::new();
    for named in &file.paths {
        let Some(place) = resolved(file, named) else {
            continue;
        };
        let written = named.segments.join("::");
        let to = place.first().map_or("", String::as_str);
        let from = file.room();
        let what = match (floor(from), floor(to)) {
            _ if from == to && !from.is_empty() => continue,
            _ if from.is_empty() => {
                format!("`{written}`: the library's root declares modules and imports nothing")
            }
            (_, None) => format!("`{written}` leads to no module of the table"),
            (None, _) => format!("`{from}` stands on no floor of the table"),
            (Some(here), Some(there)) if there < here => continue,
            (Some(here), Some(there)) => {
                let way = if there > here { "upward" } else { "sideways" };
                format!(
                    "`{written}` imports {way}: `{from}` is on floor {here}, `{to}` on floor {there}"
                )
            }
        };
        breaches.push(file.breach(named.line, &what));
    }
    for pair in file.tokens.windows(2) {
        if pair[0].ident() == Some("extern") && pair[1].ident() == Some("crate") {
            breaches.push(file.breach(pair[0].line, "`extern crate` goes around the table"));
        }
    }
    for (name, token) in file.macros() {
        if name == "include" {
            breaches.push(file.breach(token.line, "`include!` goes around the table"));
        }
    }
    for tokens in file.tokens.windows(4) {
        if tokens[0].is('#') && tokens[2].ident() == Some("path") && tokens[3].is('=') {
            breaches.push(file.breach(tokens[0].line, "`#[path]` goes around the table"));
        }
    }
    breaches
}

/// Crates named outside their rooms; tests may name what they need.
pub(crate) fn crate_breaches(file: &File) -> Vec<String> {
    let named = file.paths.iter().filter(|named| !named.test);
    named
        .filter_map(|named| {
            let (name, rooms) = CRATES.iter().find(|(name, _)| *name == named.segments[0])?;
            (!rooms.contains(&file.room())).then(|| {
                let what = format!("`{name}` may be named in {} only", rooms.join(", "));
                file.breach(named.line, &what)
            })
        })
        .collect()
}

/// Mentions of the crate that should stand behind one module, in another.
pub(crate) fn scattered(files: &[File]) -> Vec<String> {
    let (name, module) = BEHIND_ONE_MODULE;
    let elsewhere = files.iter().filter(|file| {
        let inside = file.module.iter().map(String::as_str).take(module.len());
        !inside.eq(module.iter().copied())
    });
    elsewhere
        .flat_map(|file| file.paths.iter().map(move |named| (file, named)))
        .filter(|(_, named)| !named.test && named.segments[0] == name)
        .map(|(file, named)| {
            let what = format!("`{name}` stands behind `{}`", module.join("::"));
            file.breach(named.line, &what)
        })
        .collect()
}

/// Dependencies of the manifest that no row of the tables names, and rows without a dependency.
pub(crate) fn homeless(manifest: &str) -> Vec<String> {
    let wanted: BTreeSet<String> = manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| Some(line.split_once('=')?.0.trim().replace('-', "_")))
        .collect();
    let named = CRATES.iter().map(|(name, _)| name).chain(CRATES_FOR_ALL);
    let named: BTreeSet<String> = named.map(ToString::to_string).collect();
    let homeless = wanted.difference(&named);
    let homeless = homeless.map(|name| format!("`{name}` has no room"));
    let gone = named.difference(&wanted);
    homeless
        .chain(gone.map(|name| format!("`{name}` is no dependency")))
        .collect()
}

/// What only code above the pure floors may do.
pub(crate) fn purity_breaches(file: &File) -> Vec<String> {
    if !file.is_pure() {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    for named in file.paths.iter().filter(|named| !named.test) {
        let segments: Vec<_> = named.segments.iter().map(String::as_str).collect();
        let impure = |path: &&&[&str]| segments.windows(path.len()).any(|part| part == **path);
        if file.room() == SCOPED_THREADS.0
            && let Some(at) = segments.iter().position(|part| *part == "thread")
        {
            let more = &segments[at + 1..];
            if let Some(part) = more.iter().find(|part| !SCOPED_THREADS.1.contains(part)) {
                let what = format!("`thread::{part}` is not for a pure floor");
                breaches.push(file.breach(named.line, &what));
            }
        } else if let Some(path) = IMPURE_PATHS.iter().find(impure) {
            let what = format!("`{}` is not for a pure floor", path.join("::"));
            breaches.push(file.breach(named.line, &what));
        }
    }
    for token in file.tokens.iter().filter(|token| !token.test) {
        if let Some(name) = token.ident().filter(|name| IMPURE_NAMES.contains(name)) {
            let what = format!("`{name}` is not for a pure floor");
            breaches.push(file.breach(token.line, &what));
        }
    }
    breaches
}

/// Panics by `unwrap` outside tests, and unfinished work anywhere.
pub(crate) fn panic_breaches(file: &File) -> Vec<String> {
    let mut breaches = Vec::new();
    for pair in file.tokens.windows(2) {
        let called = pair[0].is('.') || pair[0].is(':');
        if called && pair[1].ident() == Some("unwrap") && !pair[1].test {
            breaches.push(file.breach(pair[1].line, "`unwrap` outside tests"));
        }
    }
    for (name, token) in file.macros() {
        if matches!(name, "todo" | "unimplemented" | "dbg") {
            breaches.push(file.breach(token.line, &format!("`{name}!` is unfinished work")));
        }
    }
    breaches
}

/// Places outside tests that write to the standard streams, as (line, what).
fn writes(file: &File) -> Vec<(usize, String)> {
    let printed = file.macros().filter_map(|(name, token)| {
        let prints = matches!(name, "print" | "println" | "eprint" | "eprintln");
        (prints && !token.test).then(|| (token.line, format!("{name}!")))
    });
    // `io::stdout()`, but not a child's: `.stdout(Stdio::piped())`.
    let opened = file.tokens.windows(3).filter_map(|tokens| {
        let name = tokens[1].ident()?;
        let opens = name == "stdout" && tokens[2].is('(') && !tokens[0].is('.');
        let opens = opens && tokens[0].ident() != Some("fn") && !tokens[1].test;
        opens.then(|| (tokens[1].line, format!("{name}()")))
    });
    printed.chain(opened).collect()
}

/// Writing to the standard streams outside `cli`, or in more than one of its files.
pub(crate) fn writer_breaches(files: &[File]) -> Vec<String> {
    let mut writers = BTreeSet::new();
    let mut breaches = Vec::new();
    for file in files {
        for (line, what) in writes(file) {
            if file.room() == "cli" {
                writers.insert(file.path.as_str());
            } else {
                let what = format!("`{what}` outside the one writer in `cli`");
                breaches.push(file.breach(line, &what));
            }
        }
    }
    if writers.len() > 1 {
        breaches.push(format!("more than one writer to stdout: {writers:?}"));
    }
    breaches
}
