//! A judge's Markdown file: parted, its front matter through the YAML reader, and both to the judge's own decoder.

use crate::domain::decode::{Problems, read_with};
use crate::domain::tree::Span;
use crate::judge::{self, JudgeFile};

use super::yaml;

/// Reads a judge's file; what is wrong is noted with the file's own lines.
pub fn parse(text: &str, problems: &mut Problems) -> Option<JudgeFile> {
    let Some((front, body, line)) = judge::split(text) else {
        problems.note(
            Span { line: 1, column: 1 },
            "a judge's file begins with `---`, its options as YAML, and `---` again; below stands its prompt",
        );
        return None;
    };
    let node = yaml::parse(front, 2, problems)?;
    yaml::note_duplicates(&node, problems);
    read_with(&node, problems, &mut |fields| {
        judge::decode(fields, body, line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let mut problems = Problems::new("j.md");
        let file = parse(text, &mut problems);
        let said: Vec<String> = problems.sorted().iter().map(ToString::to_string).collect();
        assert!(file.is_some() || !said.is_empty());
        said
    }

    #[test]
    fn the_built_in_judges_are_read() {
        for builtin in judge::BUILTIN {
            assert_eq!(said(builtin.text), Vec::<String>::new(), "{}", builtin.name);
        }
    }

    #[test]
    fn faults_stand_in_the_judges_own_lines() {
        assert!(said("name: x\n")[0].starts_with("j.md:1:1: a judge's file begins"));
        assert!(said("---\nname: x\n")[0].starts_with("j.md:1:1: a judge's file begins"));
        assert!(said("---\nname: x\na: [1\n---\nbody")[0].starts_with("j.md:"));
        let found = said(
            "---\nname: x\nname: y\nversion: 1\nmode: pointwise\nverdict: text\nscle: 1..5\nscale: 1..5\n---\n{{ input }} {{ output }}\n",
        );
        assert_eq!(
            found,
            [
                "j.md:3:1: `name` is given twice; keep one",
                "j.md:7:1: unknown key `scle`; did you mean `scale`?"
            ]
        );
        let found = said(
            "---\nname: x\nversion: 1\nmode: pointwise\nverdict: text\nscale: 1..5\nusable:\n  kapa: 0.7\n  rates: 2\n---\n{{ input }} {{ output }}\n",
        );
        assert_eq!(
            found,
            [
                "j.md:8:3: unknown key `kapa`; did you mean `kappa`?",
                "j.md:9:10: 2 is out of range: 0 to 1"
            ]
        );
    }
}
