//! The judges that come with the program.

/// A judge that comes with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Builtin {
    /// The name by which a suite asks for it.
    pub name: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    /// Its file, front matter and body.
    pub text: &'static str,
}

/// Every judge that comes with the program.
pub static BUILTIN: &[Builtin] = &[
    Builtin {
        name: "correctness",
        summary: "does the answer say what the reference answer says? yes or no, by log-probability",
        text: include_str!("../../judges/correctness.md"),
    },
    Builtin {
        name: "helpfulness",
        summary: "how well does the answer serve the one who asked? 1 to 5, with reasons",
        text: include_str!("../../judges/helpfulness.md"),
    },
];

/// The file of a judge that comes with the program.
#[must_use]
pub fn builtin(name: &str) -> Option<&'static str> {
    BUILTIN
        .iter()
        .find(|judge| judge.name == name)
        .map(|judge| judge.text)
}
