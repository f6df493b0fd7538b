//! How many sentences a text has, as the splitter says that the benchmark's scorer uses.
//!
//! The method of Kiss and Strunk (2006, "Unsupervised Multilingual Sentence Boundary Detection") as the NLTK library runs it: a full stop, question
//! or exclamation mark ends a sentence unless the word is an abbreviation, an initial or a number that goes on. That library reads
//! abbreviations and the usual case of each word from a table trained on newspapers. The table is not had here: a short list of abbreviations and
//! of common words stands for it, and counts can differ by one or two where a text is full of abbreviations.

use super::super::python;

/// Words with a full stop that do not end a sentence, in small letters without that stop.
const ABBREVIATIONS: &[&str] = &[
    "adm", "ala", "apr", "ariz", "ark", "aug", "ave", "a.m", "brig", "bros", "calif", "capt", "co",
    "col", "colo", "conn", "corp", "cos", "ct", "d.c", "dec", "del", "dr", "feb", "fla", "fri",
    "ft", "ga", "gen", "gov", "ill", "inc", "ind", "jan", "jr", "kan", "ky", "l.a", "lt", "ltd",
    "maj", "mass", "md", "messrs", "mg", "mich", "minn", "mo", "mon", "mr", "mrs", "ms", "mt",
    "n.c", "n.d", "n.h", "n.j", "n.m", "n.y", "nev", "nos", "nov", "oct", "okla", "ore", "p.m",
    "pa", "ph.d", "prof", "r.i", "rep", "reps", "rev", "s.c", "s.d", "sen", "sens", "sep", "sept",
    "sgt", "sr", "st", "tenn", "tex", "thurs", "tues", "u.k", "u.n", "u.s", "u.s.s.r", "va", "vs",
    "vt", "w.va", "wash", "wed", "wis", "wyo", "yr",
];

/// Words that are mostly written small, so that a capital says that a sentence begins.
const COMMON: &[&str] = &[
    "a", "after", "all", "also", "although", "an", "and", "another", "are", "as", "at", "because",
    "before", "both", "but", "by", "can", "could", "did", "do", "does", "during", "each", "even",
    "every", "first", "for", "from", "has", "have", "he", "her", "here", "his", "how", "however",
    "if", "in", "is", "it", "its", "just", "let", "like", "many", "more", "most", "my", "never",
    "no", "not", "now", "of", "on", "once", "one", "only", "or", "other", "our", "over", "she",
    "should", "since", "so", "some", "such", "than", "that", "the", "their", "then", "there",
    "these", "they", "this", "those", "through", "to", "under", "until", "was", "we", "well",
    "were", "what", "when", "where", "whether", "which", "while", "who", "why", "will", "with",
    "would", "yes", "yet", "you", "your",
];

/// Marks that end a word wherever they stand.
fn cuts(letter: char) -> bool {
    ")\";}]*:@'({[!?".contains(letter)
}

/// Marks with which no word begins.
fn starts_no_word(letter: char) -> bool {
    "(\"`{[:;&#*@)}]-,".contains(letter)
}

/// The length of `--` or more, of `..` or more, or of `. . .`, at the beginning of a text.
fn row_of_marks(text: &str) -> usize {
    for mark in [b'-', b'.'] {
        let length = text.bytes().take_while(|byte| *byte == mark).count();
        if length > 1 {
            return length;
        }
    }
    let mut end = 0;
    let mut stops = 0;
    let mut rest = text;
    while let Some(after) = rest.strip_prefix('.') {
        stops += 1;
        end = text.len() - after.len();
        match after.chars().next() {
            Some(space) if python::is_space(space) => rest = &after[space.len_utf8()..],
            _ => break,
        }
    }
    if stops > 2 { end } else { 0 }
}

/// The words and marks of a piece of text.
fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if python::is_space(first) {
            at += first.len_utf8();
            continue;
        }
        let length = match row_of_marks(&text[at..]) {
            0 if starts_no_word(first) => first.len_utf8(),
            0 => word_length(&text[at..]),
            length => length,
        };
        found.push(&text[at..at + length]);
        at += length;
    }
    found
}

/// The length of the word at the beginning of a text: it ends before white space, a mark that cuts, a row of marks, or a comma before these.
fn word_length(text: &str) -> usize {
    let ends = |rest: &str| match rest.chars().next() {
        None => true,
        Some(next) => python::is_space(next) || cuts(next) || row_of_marks(rest) > 0,
    };
    text.char_indices()
        .skip(1)
        .map(|(at, _)| at)
        .find(|at| {
            let rest = &text[*at..];
            ends(rest) || rest.strip_prefix(',').is_some_and(ends)
        })
        .unwrap_or(text.len())
}

fn is_number(token: &str) -> bool {
    let rest = token.strip_prefix('-').unwrap_or(token);
    let rest = rest.strip_prefix(['.', ',']).unwrap_or(rest);
    let mut letters = rest.chars();
    letters.next().is_some_and(char::is_numeric)
        && letters.all(|letter| letter.is_numeric() || matches!(letter, ',' | '.' | '-'))
}

/// What the case of a word says of the place where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begins {
    Yes,
    No,
    Unknown,
}

fn begins_sentence(token: &str) -> Begins {
    let Some(first) = token.chars().next() else {
        return Begins::Unknown;
    };
    if token.chars().count() == 1 && ";:,.!?".contains(first) {
        return Begins::No;
    }
    let word = token.strip_suffix('.').unwrap_or(token).to_lowercase();
    if first.is_uppercase() && COMMON.contains(&word.as_str()) {
        Begins::Yes
    } else if first.is_lowercase() {
        Begins::No
    } else {
        Begins::Unknown
    }
}

/// Whether a sentence ends after `token`, which `next` follows.
fn ends_after(token: &str, next: &str) -> bool {
    if matches!(token, "." | "?" | "!") {
        return true;
    }
    let Some(word) = token.strip_suffix('.') else {
        return false;
    };
    let is_row = token.bytes().all(|byte| byte == b'.');
    if token.ends_with("..") && !is_row {
        return false;
    }
    let word = word.to_lowercase();
    let last_part = word.rsplit('-').next().unwrap_or_default();
    let abbreviated =
        !is_row && (ABBREVIATIONS.contains(&word.as_str()) || ABBREVIATIONS.contains(&last_part));
    let mut letters = token.chars();
    let is_initial = matches!(
        (letters.next(), letters.next(), letters.next()),
        (Some(letter), Some('.'), None) if python::is_word(letter) && !letter.is_numeric()
    );
    if (abbreviated || is_row) && !is_initial {
        return begins_sentence(next) == Begins::Yes;
    }
    if is_initial || is_number(token) {
        return match begins_sentence(next) {
            Begins::No => false,
            Begins::Yes => true,
            Begins::Unknown => !(is_initial && next.chars().next().is_some_and(char::is_uppercase)),
        };
    }
    !abbreviated
}

/// Whether a sentence ends within a piece of text, before its last token.
fn has_an_end(piece: &str) -> bool {
    // Each line is cut by itself.
    let found: Vec<&str> = piece.split('\n').flat_map(tokens).collect();
    found.windows(2).any(|pair| ends_after(pair[0], pair[1]))
}

/// Where in a run of letters without white space a sentence may end: behind the last mark of an end that a cutting mark follows, or
/// at the run's own end if another run follows. Also whether it is the latter.
fn possible_end(run: &str, another_follows: bool) -> Option<(usize, bool)> {
    run.char_indices().rev().find_map(|(at, letter)| {
        if !matches!(letter, '.' | '?' | '!') {
            return None;
        }
        match run[at + 1..].chars().next() {
            Some(next) => cuts(next).then_some((at + 1, false)),
            None => another_follows.then_some((at + 1, true)),
        }
    })
}

/// The length of closing marks at the beginning of a sentence that belong to the one before, with the white space behind them.
fn closing_marks(text: &str) -> usize {
    let marks = text
        .bytes()
        .take_while(|byte| b"\"')]}".contains(byte))
        .count();
    if marks == 0 {
        return 0;
    }
    let rest = &text[marks..];
    let spaces = rest.len() - rest.trim_start_matches(python::is_space).len();
    match rest.chars().next() {
        // The shortest run of marks that anything of this kind follows.
        _ if spaces > 0 => marks + spaces,
        None => marks,
        Some(_) if rest.starts_with("--") => marks,
        Some(_) => 0,
    }
}

/// How many sentences a text has.
pub(super) fn count(text: &str) -> usize {
    let runs: Vec<(usize, &str)> = python::split(text)
        .map(|run| (run.as_ptr() as usize - text.as_ptr() as usize, run))
        .collect();
    let mut starts = vec![0];
    let mut ends = Vec::new();
    for (place, (at, run)) in runs.iter().enumerate() {
        let next = runs.get(place + 1);
        let Some((length, at_end)) = possible_end(run, next.is_some()) else {
            continue;
        };
        let (piece_end, start) = match (at_end, next) {
            (true, Some((next_at, next_run))) => (next_at + next_run.len(), *next_at),
            _ => {
                let mark = run[length..].chars().next().map_or(0, char::len_utf8);
                (at + length + mark, at + length)
            }
        };
        if has_an_end(&text[*at..piece_end]) {
            ends.push(at + length);
            starts.push(start);
        }
    }
    ends.push(text.trim_end_matches(python::is_space).len());
    // Closing marks go to the sentence before; what has nothing left is none.
    let mut taken = 0;
    let mut sentences = 0;
    for (place, (start, end)) in starts.iter().zip(&ends).enumerate() {
        let start = start + taken;
        taken = match starts.get(place + 1).zip(ends.get(place + 1)) {
            Some((next, next_end)) if next <= next_end => closing_marks(&text[*next..*next_end]),
            _ => 0,
        };
        sentences += usize::from(taken > 0 || start < *end);
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_counted() {
        for (text, wanted) in [
            ("One. Two! Three?", 3),
            ("No end here", 1),
            ("Dr. Smith met Mr. Jones at 5 p.m. on Monday.", 1),
            ("It costs 3.50 francs. Yes.", 2),
            ("\"Stop!\" he cried. (He did.) Then he went.", 4),
            ("J. R. Tolkien wrote it.", 1),
            ("Wait... what? No.", 2),
            ("1. First\n2. Second", 3),
            ("A line\nand another\n\nThe end.", 1),
            ("Wow!!! Really?! Yes.", 3),
            ("", 0),
            ("See www.example.com for more. Bye.", 2),
            ("He lives in the U.S. The weather is fine.", 2),
            ("**Bold.** Next one.", 2),
        ] {
            assert_eq!(count(text), wanted, "{text}");
        }
    }

    #[test]
    fn words_are_cut_at_marks() {
        assert_eq!(
            tokens("(don't, e.g. \"x\"--3,000...)"),
            [
                "(", "don", "'t", ",", "e.g.", "\"", "x", "\"", "--", "3,000", "...", ")"
            ]
        );
        assert_eq!(tokens("a . . . b"), ["a", ". . .", "b"]);
    }

    #[test]
    fn a_hostile_text_takes_no_longer_than_its_length() {
        for unit in [".", "a.", "!)", ". ", "--", "a,", "'"] {
            assert!(count(&unit.repeat(60_000 / unit.len())) > 0, "{unit}");
        }
    }
}
