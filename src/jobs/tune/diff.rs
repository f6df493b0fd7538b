//! How one text differs from another, line by line.

/// Lines around a change.
const CONTEXT: usize = 2;
/// Lines beyond which texts are not aligned: a judge's file has a few hundred.
const MOST_LINES: usize = 4_000;

/// A line of both, of the old text, or of the new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    Same(&'a str),
    Old(&'a str),
    New(&'a str),
}

/// A unified diff of two texts with these names; empty where they are alike.
pub(super) fn unified((old_name, old): (&str, &str), (new_name, new): (&str, &str)) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    if before == after {
        return String::new();
    }
    let lines = aligned(&before, &after);
    let is_change = |line: &Line<'_>| !matches!(line, Line::Same(_));
    let near = |at: usize| {
        let from = at.saturating_sub(CONTEXT);
        let to = (at + CONTEXT + 1).min(lines.len());
        lines[from..to].iter().any(is_change)
    };
    let mut text = format!("--- {old_name}\n+++ {new_name}\n");
    let (mut in_old, mut in_new) = (0, 0);
    let mut at = 0;
    while at < lines.len() {
        if !near(at) {
            in_old += 1;
            in_new += 1;
            at += 1;
            continue;
        }
        let end = (at..lines.len())
            .find(|at| !near(*at))
            .unwrap_or(lines.len());
        let hunk = &lines[at..end];
        let count = |skip: fn(&Line<'_>) -> bool| hunk.iter().filter(|line| !skip(line)).count();
        let of_old = count(|line| matches!(line, Line::New(_)));
        let of_new = count(|line| matches!(line, Line::Old(_)));
        text.push_str(&format!(
            "@@ -{},{of_old} +{},{of_new} @@\n",
            in_old + usize::from(of_old > 0),
            in_new + usize::from(of_new > 0)
        ));
        for line in hunk {
            let (sign, line) = match line {
                Line::Same(line) => (' ', line),
                Line::Old(line) => ('-', line),
                Line::New(line) => ('+', line),
            };
            text.push(sign);
            text.push_str(line);
            text.push('\n');
        }
        in_old += of_old;
        in_new += of_new;
        at = end;
    }
    text
}

/// Both texts as one, by their longest common subsequence; texts that are too long for that as one block after the other.
fn aligned<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<Line<'a>> {
    if before.len().max(after.len()) > MOST_LINES {
        let old = before.iter().map(|line| Line::Old(line));
        return old
            .chain(after.iter().map(|line| Line::New(line)))
            .collect();
    }
    let width = after.len() + 1;
    // The length of the longest common subsequence of what follows each pair of places.
    let mut longest = vec![0_u32; (before.len() + 1) * width];
    for one in (0..before.len()).rev() {
        for other in (0..after.len()).rev() {
            longest[one * width + other] = if before[one] == after[other] {
                longest[(one + 1) * width + other + 1] + 1
            } else {
                longest[(one + 1) * width + other].max(longest[one * width + other + 1])
            };
        }
    }
    let (mut one, mut other) = (0, 0);
    let mut lines = Vec::new();
    while one < before.len() || other < after.len() {
        let (old, new) = (before.get(one), after.get(other));
        match (old, new) {
            (Some(old), Some(new)) if old == new => {
                lines.push(Line::Same(old));
                one += 1;
                other += 1;
            }
            (Some(old), new)
                if new.is_none()
                    || longest[(one + 1) * width + other] >= longest[one * width + other + 1] =>
            {
                lines.push(Line::Old(old));
                one += 1;
            }
            (_, Some(new)) => {
                lines.push(Line::New(new));
                other += 1;
            }
            (_, None) => one += 1,
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_stands_with_the_lines_around_it() {
        let old = "a\nb\nc\nd\ne\nf\nx\ng\nh\n";
        let new = "a\nb\nc\nD\ne\nf\nx\ng\nh\ni\n";
        assert_eq!(
            unified(("old", old), ("new", new)),
            "--- old\n+++ new\n@@ -2,5 +2,5 @@\n b\n c\n-d\n+D\n e\n f\n@@ -8,2 +8,3 @@\n g\n h\n+i\n"
        );
        assert_eq!(unified(("old", old), ("new", old)), "");
    }
}
