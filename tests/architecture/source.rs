//! Rust source as the architecture test needs it: tokens, the parts that are tests, and every path that is named.
//!
//! A tokeniser of our own, because the question is small (which names stand where) and a parser of the whole language is not.

/// What a token is. Comments are not tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or keyword, without `r#`.
    Ident(String),
    /// A string literal of any form, with what stands between its quotes.
    Text(String),
    /// A number, character or lifetime.
    Other,
    /// One character of punctuation.
    Punct(char),
}

/// A token and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) line: usize,
    /// It belongs to an item under `#[cfg(test)]`.
    pub(crate) test: bool,
}

impl Token {
    /// The name, if it is one.
    pub(crate) fn ident(&self) -> Option<&str> {
        match &self.kind {
            Kind::Ident(name) => Some(name),
            _ => None,
        }
    }

    /// Whether it is this punctuation.
    pub(crate) fn is(&self, punct: char) -> bool {
        self.kind == Kind::Punct(punct)
    }
}

/// A path as it was named: from its first segment, through the braces of a `use` (one path for each leaf).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    pub(crate) test: bool,
    /// The names of the inline modules around it, outermost first.
    pub(crate) inside: Vec<String>,
}

/// Splits a source text into tokens and marks those of tests.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Lexer {
        chars: source.chars().collect(),
        at: 0,
        line: 1,
        tokens: Vec::new(),
    }
    .run();
    mark_tests(&mut tokens);
    tokens
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
    tokens: Vec<Token>,
}

impl Lexer {
    fn run(mut self) -> Vec<Token> {
        while let Some(c) = self.peek(0) {
            let line = self.line;
            let kind = match c {
                _ if c.is_whitespace() => {
                    self.next();
                    continue;
                }
                '/' if self.peek(1) == Some('/') => {
                    while self.peek(0).is_some_and(|c| c != '\n') {
                        self.next();
                    }
                    continue;
                }
                '/' if self.peek(1) == Some('*') => {
                    self.block_comment();
                    continue;
                }
                '"' => self.quoted(),
                '\'' => self.quote(),
                _ if c.is_ascii_digit() => self.number(),
                _ if c == '_' || c.is_alphabetic() => self.word(),
                _ => {
                    self.next();
                    Kind::Punct(c)
                }
            };
            self.tokens.push(Token {
                kind,
                line,
                test: false,
            });
        }
        self.tokens
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.at += 1;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => {
                    depth += 1;
                    self.next();
                }
                (Some('*'), Some('/')) => {
                    depth -= 1;
                    self.next();
                }
                (None, _) => return,
                _ => {}
            }
            self.next();
            if depth == 0 {
                return;
            }
        }
    }

    /// `"..."` with escapes; `at` stands on the opening quote.
    fn quoted(&mut self) -> Kind {
        self.next();
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                '"' => break,
                '\\' => {
                    self.next();
                }
                _ => text.push(c),
            }
        }
        Kind::Text(text)
    }

    /// `r"..."`, `r#"..."#`; `at` stands on the first `#` or on the quote.
    fn raw(&mut self) -> Kind {
        let mut fence = 0;
        while self.peek(0) == Some('#') {
            fence += 1;
            self.next();
        }
        self.next();
        let mut text = String::new();
        while let Some(c) = self.next() {
            if c == '"' && (0..fence).all(|n| self.peek(n) == Some('#')) {
                self.at += fence;
                break;
            }
            text.push(c);
        }
        Kind::Text(text)
    }

    /// A character or a lifetime; `at` stands on the apostrophe.
    fn quote(&mut self) -> Kind {
        self.next();
        let is_char = self.peek(0) == Some('\\') || self.peek(1) == Some('\'');
        if is_char {
            if self.next() == Some('\\') {
                self.next();
            }
            while self.next().is_some_and(|c| c != '\'') {}
        } else {
            self.name();
        }
        Kind::Other
    }

    fn number(&mut self) -> Kind {
        self.name();
        // A fraction, but neither a range nor a method: `1.5`, `1..5`, `1.max(5)`.
        if self.peek(0) == Some('.') && self.peek(1).is_some_and(|c| c.is_ascii_digit()) {
            self.next();
            self.name();
        }
        Kind::Other
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.peek(0).filter(|c| *c == '_' || c.is_alphanumeric()) {
            name.push(c);
            self.next();
        }
        name
    }

    fn word(&mut self) -> Kind {
        let name = self.name();
        let raw_text = match self.peek(0) {
            Some('"') => true,
            Some('#') => {
                let mut behind = 0;
                while self.peek(behind) == Some('#') {
                    behind += 1;
                }
                self.peek(behind) == Some('"')
            }
            _ => false,
        };
        match name.as_str() {
            "r" | "br" | "cr" if raw_text => self.raw(),
            "b" | "c" if self.peek(0) == Some('"') => self.quoted(),
            "b" if self.peek(0) == Some('\'') => self.quote(),
            "r" if self.peek(0) == Some('#') => {
                self.next();
                Kind::Ident(self.name())
            }
            _ => Kind::Ident(name),
        }
    }
}

/// The index behind the bracket that closes the one at `open`.
fn behind_group(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            Kind::Punct('(' | '[' | '{') => depth += 1,
            Kind::Punct(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// The tokens between the brackets of the attribute that begins at `at`, if one does.
fn attribute(tokens: &[Token], at: usize) -> Option<std::ops::Range<usize>> {
    if !tokens.get(at)?.is('#') {
        return None;
    }
    let open = at + 1 + usize::from(tokens.get(at + 1)?.is('!'));
    tokens
        .get(open)?
        .is('[')
        .then(|| open + 1..behind_group(tokens, open) - 1)
}

/// Marks the items under `#[cfg(test)]`, `#[cfg(all(test, ...))]`, or a whole file under `#![cfg(test)]`.
fn mark_tests(tokens: &mut [Token]) {
    let mut at = 0;
    while at < tokens.len() {
        let Some(inside) = attribute(tokens, at) else {
            at += 1;
            continue;
        };
        let words: Vec<_> = tokens[inside.clone()]
            .iter()
            .filter_map(Token::ident)
            .collect();
        let tests = words.starts_with(&["cfg", "test"])
            || (words.starts_with(&["cfg", "all"])
                && words.contains(&"test")
                && !words.contains(&"not"));
        let whole_file = tokens[at + 1].is('!');
        at = inside.end + 1;
        if !tests {
            continue;
        }
        let end = if whole_file {
            tokens.len()
        } else {
            behind_item(tokens, at)
        };
        for token in &mut tokens[at..end] {
            token.test = true;
        }
        at = end;
    }
}

/// The index behind the item that begins at `at`: behind its `;` or its braces.
fn behind_item(tokens: &[Token], mut at: usize) -> usize {
    while at < tokens.len() {
        match tokens[at].kind {
            Kind::Punct(';' | ',') => return at + 1,
            Kind::Punct('{') => return behind_group(tokens, at),
            Kind::Punct('(' | '[') => at = behind_group(tokens, at),
            _ => at += 1,
        }
    }
    tokens.len()
}

/// Every path of the file: each name followed by `::`, each name that a `use` or `extern crate` brings in, and the paths
/// that serde's attributes hold as text.
pub(crate) fn paths(tokens: &[Token]) -> Vec<Named> {
    let mut found = Vec::new();
    // The inline modules around the token, each with the depth of the braces outside it.
    let mut modules: Vec<(String, usize)> = Vec::new();
    let mut depth = 0usize;
    let mut at = 0;
    while at < tokens.len() {
        let inside = || modules.iter().map(|(name, _)| name.clone()).collect();
        if let Some(range) = attribute(tokens, at) {
            let attribute = &tokens[range];
            let holds_paths = attribute.iter().any(|token| token.ident() == Some("serde"));
            for token in attribute.iter().filter(|_| holds_paths) {
                let Kind::Text(text) = &token.kind else {
                    continue;
                };
                let mut held = self::tokens(text);
                for inner in &mut held {
                    (inner.line, inner.test) = (token.line, token.test);
                }
                for mut path in paths(&held) {
                    path.inside = inside();
                    found.push(path);
                }
            }
            at += 1;
            continue;
        }
        match &tokens[at].kind {
            Kind::Punct('{') => depth += 1,
            Kind::Punct('}') => {
                depth = depth.saturating_sub(1);
                if modules.last().is_some_and(|(_, outside)| *outside == depth) {
                    modules.pop();
                }
            }
            Kind::Ident(word) if word == "mod" => {
                if let (Some(name), Some(open)) = (
                    tokens.get(at + 1).and_then(Token::ident),
                    tokens.get(at + 2),
                ) && open.is('{')
                {
                    modules.push((name.to_string(), depth));
                    depth += 1;
                    at += 2;
                }
            }
            Kind::Ident(_) if imports(tokens, at) => {
                let start = at;
                at = tree(tokens, at + 1, &mut Vec::new(), &mut |segments| {
                    found.push(Named {
                        segments,
                        line: tokens[start].line,
                        test: tokens[start].test,
                        inside: inside(),
                    });
                });
                continue;
            }
            Kind::Ident(_) if starts_path(tokens, at) => {
                let start = at;
                let mut segments = Vec::new();
                while let Some(name) = tokens.get(at).and_then(Token::ident) {
                    segments.push(name.to_string());
                    at += 1;
                    if !is_separator(tokens, at) {
                        break;
                    }
                    at += 2;
                }
                found.push(Named {
                    segments,
                    line: tokens[start].line,
                    test: tokens[start].test,
                    inside: inside(),
                });
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Whether a tree of imports follows: behind `use`, other than that of `impl Trait + use<'a>`, and behind `extern crate`.
fn imports(tokens: &[Token], at: usize) -> bool {
    match tokens[at].ident() {
        Some("use") => !tokens.get(at + 1).is_some_and(|next| next.is('<')),
        Some("crate") => at > 0 && tokens[at - 1].ident() == Some("extern"),
        _ => false,
    }
}

fn is_separator(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| token.is(':'))
        && tokens.get(at + 1).is_some_and(|token| token.is(':'))
}

/// Whether a path begins here: a name with `::` behind it that does not itself stand behind a segment.
fn starts_path(tokens: &[Token], at: usize) -> bool {
    let behind_segment = at >= 3
        && is_separator(tokens, at - 2)
        && match &tokens[at - 3].kind {
            Kind::Ident(word) => !KEYWORDS.contains(&word.as_str()),
            // The end of a type's arguments, not an arrow.
            Kind::Punct('>') => at < 4 || !(tokens[at - 4].is('-') || tokens[at - 4].is('=')),
            _ => false,
        };
    let keyword = tokens[at]
        .ident()
        .is_some_and(|word| KEYWORDS.contains(&word));
    is_separator(tokens, at + 1) && !keyword && !behind_segment
}

/// Keywords that a path with a leading `::` may follow.
const KEYWORDS: &[&str] = &[
    "as", "break", "const", "dyn", "else", "for", "if", "impl", "in", "match", "move", "mut",
    "ref", "return", "static", "while", "where", "yield",
];

/// Reads one `use` tree from `at` and reports each leaf; returns the index behind it.
fn tree(
    tokens: &[Token],
    mut at: usize,
    prefix: &mut Vec<String>,
    leaf: &mut dyn FnMut(Vec<String>),
) -> usize {
    let outer = prefix.len();
    loop {
        if is_separator(tokens, at) {
            at += 2;
        }
        let Some(token) = tokens.get(at) else { break };
        match &token.kind {
            Kind::Ident(name) if name != "as" => {
                prefix.push(name.clone());
                at += 1;
                if is_separator(tokens, at) {
                    continue;
                }
                if tokens.get(at).and_then(Token::ident) == Some("as") {
                    at += 2;
                }
                leaf(prefix.clone());
            }
            Kind::Punct('*') => {
                prefix.push("*".to_string());
                at += 1;
                leaf(prefix.clone());
            }
            Kind::Punct('{') => {
                at += 1;
                while tokens.get(at).is_some_and(|token| !token.is('}')) {
                    let before = at;
                    at = tree(tokens, at, prefix, leaf);
                    if tokens.get(at).is_some_and(|token| token.is(',')) {
                        at += 1;
                    }
                    if at == before {
                        break;
                    }
                }
                at += 1;
            }
            _ => {}
        }
        break;
    }
    prefix.truncate(outer);
    at
}
