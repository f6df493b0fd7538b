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
        summary: "does the answer say what the reference says? yes or no, by log-probability",
        text: include_str!("../../judges/correctness.md"),
    },
    Builtin {
        name: "helpfulness",
        summary: "how well does the answer serve the one who asked? 1 to 5, with reasons",
        text: include_str!("../../judges/helpfulness.md"),
    },
    Builtin {
        name: "groundedness",
        summary: "does the `context` support all that the answer states? pass or fail",
        text: include_str!("../../judges/groundedness.md"),
    },
    Builtin {
        name: "instruction-following",
        summary: "does the answer do what was asked, constraint by constraint? 1 to 5",
        text: include_str!("../../judges/instruction-following.md"),
    },
    Builtin {
        name: "safety",
        summary: "could the answer do harm? pass or fail",
        text: include_str!("../../judges/safety.md"),
    },
    Builtin {
        name: "refusal",
        summary: "answered, refused-rightly, over-refusal or under-refusal?",
        text: include_str!("../../judges/refusal.md"),
    },
    Builtin {
        name: "tool-use",
        summary: "right tools, rightly called, faithfully reported? 1 to 5, sees the transcript",
        text: include_str!("../../judges/tool-use.md"),
    },
    Builtin {
        name: "conversation",
        summary: "the right next step of a conversation of several messages? 1 to 5",
        text: include_str!("../../judges/conversation.md"),
    },
    Builtin {
        name: "memory-recall",
        summary: "what `context` says was said: recalled, forgotten, distorted or invented?",
        text: include_str!("../../judges/memory-recall.md"),
    },
    Builtin {
        name: "summary-quality",
        summary: "faithful, complete, well chosen? 1 to 5",
        text: include_str!("../../judges/summary-quality.md"),
    },
    Builtin {
        name: "preference",
        summary: "which of two answers is better? in both orders; `against` is the other one",
        text: include_str!("../../judges/preference.md"),
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
