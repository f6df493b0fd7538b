//! Words as the benchmark's scorer cuts them: by the conventions of the Penn Treebank (Marcus et al. 1993), with the changes of the NLTK library.
//! Only what can change which pieces are in capitals is done.

use std::sync::LazyLock;

use ::regex::Regex;

use super::super::python;

static STEPS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        // Opening quotation marks, and an apostrophe before a lone letter.
        (r"([«“‘„]|`+)", " $1 "),
        (r#"([ (\[{<])("|'{2})"#, "$1 \" "),
        (r"(?i)'([\w&&[^mtsdn]])\b", "' $1"),
        // Signs of the sentence.
        (r"([:,])([^\d])", " $1 $2"),
        (r"([:,])$", " $1 "),
        (r"(\.{2,}|[;@#$%&?!*]|--|[\]\[(){}<>])", " $1 "),
        (r"([^'])' ", "$1 ' "),
        // Closing quotation marks.
        (r#"([»”’]|''|")"#, " $1 "),
        // What is written together.
        (r"([^' ])('[sSmMdD]|') ", "$1 $2 "),
        (r"([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", "$1 $2 "),
        (r"(?i)\b(can)(not)\b", " $1 $2 "),
        (r"(?i)\b(gim|lem)(me)\b", " $1 $2 "),
        (r"(?i)\b(gon|wan)(na)\b", " $1 $2 "),
        (r"(?i)\b(got)(ta)\b", " $1 $2 "),
        (r"(?i)\b(d)('ye)\b", " $1 $2 "),
        (r"(?i)\b(more)('n)\b", " $1 $2 "),
        (r"(?i) ('t)(is|was)\b", " $1 $2 "),
    ]
    .into_iter()
    .map(|(pattern, with)| {
        (
            Regex::new(pattern).expect("the pattern is a constant"),
            with,
        )
    })
    .collect()
});

/// How many words of a text are in capitals.
pub(super) fn in_capitals(text: &str) -> usize {
    let mut text = format!(" {text} ");
    for (pattern, with) in STEPS.iter() {
        text = pattern.replace_all(&text, *with).into_owned();
    }
    python::split(&text)
        .filter(|word| python::is_upper(word))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_together_counts_apart() {
        for (text, wanted) in [
            ("NASA and ESA.", 2),
            ("I'M", 2),
            ("DON'T", 2),
            ("CANNOT", 2),
            ("NASA's plan", 1),
            ("A,B", 2),
            ("HELLO-WORLD", 1),
            ("(USA)", 1),
            ("*BOLD* and **VERY**", 2),
            ("U.S.", 1),
            ("1,000 M", 1),
            ("A...B", 2),
            ("nothing Here", 0),
        ] {
            assert_eq!(in_capitals(text), wanted, "{text}");
        }
    }
}
