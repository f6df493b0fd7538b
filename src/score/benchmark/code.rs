//! The code in a chat model's reply.

/// The code of a reply: of its fenced blocks the first that `is_it` accepts, else the last; a reply without any is taken whole. A block
/// that is never closed ends with the reply.
pub(super) fn fenced(reply: &str, is_it: impl Fn(&str) -> bool) -> Option<String> {
    let blocks = blocks(reply);
    let found = blocks.iter().find(|block| is_it(block)).or(blocks.last());
    found.cloned()
}

/// Everything between fences of three or more backticks or tildes at the beginning of lines.
fn blocks(reply: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in reply.split_inclusive('\n') {
        let text = line.trim();
        match &mut open {
            None => {
                if let Some(fence) = fence(text) {
                    open = Some((fence, String::new()));
                }
            }
            Some((opening, block)) => {
                let closes =
                    fence(text).is_some_and(|fence| fence == text && fence.starts_with(*opening));
                if closes {
                    blocks.extend(open.take().map(|(_, block)| block));
                } else {
                    block.push_str(line);
                }
            }
        }
    }
    blocks.extend(open.map(|(_, block)| block));
    blocks
}

/// The fence with which a line begins.
fn fence(line: &str) -> Option<&str> {
    let mark = line
        .chars()
        .next()
        .filter(|mark| matches!(mark, '`' | '~'))?;
    let length = line.chars().take_while(|other| *other == mark).count();
    (length >= 3).then(|| &line[..length])
}

/// Whether code defines a function of this name at the beginning of a line.
pub(super) fn defines(code: &str, name: &str) -> bool {
    code.lines().any(|line| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("def ").is_some_and(|rest| {
            let rest = rest.trim_start();
            rest.strip_prefix(name)
                .is_some_and(|rest| rest.trim_start().starts_with('('))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_that_defines_the_function_is_taken_else_the_last() {
        let reply = "Try:\n```python\ndef g(): pass\n```\nor\n~~~\ndef f(x):\n    return x\n~~~\nthen\n```\nf(1)\n```\n";
        let found = |name: &str| fenced(reply, |block| defines(block, name)).unwrap();
        assert_eq!(found("f"), "def f(x):\n    return x\n");
        assert_eq!(found("g"), "def g(): pass\n");
        assert_eq!(found("h"), "f(1)\n");
        assert_eq!(fenced("    return 1", |_| true), None);
        assert_eq!(fenced("```\nx = 1", |_| true).as_deref(), Some("x = 1"));
        assert_eq!(
            fenced("````md\n```\nx\n```\n````", |_| true).as_deref(),
            Some("```\nx\n```\n")
        );
        assert_eq!(
            fenced("```py\n``` not an end\n```", |_| true).as_deref(),
            Some("``` not an end\n")
        );
    }

    #[test]
    fn a_function_is_defined_by_its_own_name_alone() {
        assert!(defines("import os\ndef  f (x): pass", "f"));
        assert!(defines("async def f(): pass", "f"));
        for code in [
            "def f2(): pass",
            "    def f(): pass",
            "undef f():",
            "f()",
            "# def f():",
        ] {
            assert!(!defines(code, "f"), "{code}");
        }
    }
}
