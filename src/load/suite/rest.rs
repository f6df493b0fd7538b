//! What is left of a faulty suite once its faults are taken out.
//!
//! Whether templates, tags and cases agree shows only in a suite that can be decoded. So that one fault does not hide another until it
//! is mended, the parts that are blamed are taken out, again and again, until the rest decodes; what is wrong with the rest is then
//! reported together with what was taken out.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Kinds, Layers, Loaded, decode, layered, yaml};
use crate::domain::decode::Problems;
use crate::domain::tree::{Node, Span, Value};

/// How often faults are taken out: what is taken out can be missed elsewhere, seldom more than a few times in a row.
const MOST_ROUNDS: usize = 10;

/// A faulty suite without its faults. `None`: they leave nothing that could be held against its cases.
#[must_use]
pub fn rest(path: &Path, layers: &Layers, kinds: &Kinds) -> Option<Loaded> {
    let mut ignored = Problems::default();
    let (mut tree, base) = layered(path, layers, kinds, &mut ignored).ok()?;
    let dataset = tree.get("dataset").cloned();
    for _ in 0..MOST_ROUNDS {
        let mut problems = Problems::new(base.named.as_str());
        yaml::note_duplicates(&tree, &mut problems);
        let decoded = decode(
            tree.clone(),
            true,
            (&base.named, &base.folder),
            kinds,
            &mut problems,
        );
        let found = problems.sorted();
        if found.is_empty() {
            // With another dataset every column would be blamed.
            return decoded
                .filter(|_| tree.get("dataset") == dataset.as_ref())
                .map(|decoded| base.loaded(decoded));
        }
        let own = found
            .iter()
            .filter(|problem| problem.file == base.named && problem.span.line > 0);
        if !take_out(&mut tree, &own.map(|problem| problem.span).collect()) {
            return None;
        }
    }
    None
}

/// Takes out what stands at these places; answers whether anything did.
fn take_out(node: &mut Node, places: &BTreeSet<Span>) -> bool {
    let mut taken = false;
    match &mut node.value {
        Value::Scalar { .. } => {}
        Value::Sequence(items) => {
            let before = items.len();
            items.retain(|item| !places.contains(&item.span));
            taken |= items.len() < before;
            for item in items {
                taken |= take_out(item, places);
            }
        }
        Value::Mapping(entries) => {
            let before = entries.len();
            entries
                .retain(|(key, item)| !places.contains(&key.span) && !places.contains(&item.span));
            taken |= entries.len() < before;
            for (_, item) in entries {
                taken |= take_out(item, places);
            }
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::testing::{Folder, KINDS};

    #[test]
    fn faults_are_taken_out_until_the_rest_can_be_read() {
        let text = "version: 1\nsuite: s\nsed: 1\ndataset: {cases: [{id: a, input: q}]}\ntargets: [{id: t, kind: chat}]\n\
                    scorers:\n  - {id: a, kind: exact, ignore_case: maybe}\n  - {id: b, kind: regex}\n\
                    success: [c]\ngates: [{metric: b, min: 0.5}]\n";
        let folder = Folder::new(&[("suite.yaml", text)]);
        let path = folder.at("suite.yaml");
        let loaded = rest(&path, &Layers::default(), &KINDS).unwrap();
        let scorers: Vec<&str> = loaded
            .suite
            .scorers
            .iter()
            .map(|scorer| scorer.id.as_str())
            .collect();
        assert_eq!((scorers, loaded.suite.gates.len()), (vec!["a"], 0));
    }

    #[test]
    fn nothing_is_left_without_what_all_else_needs() {
        for text in [
            "version: 1\nsuite: s\n",
            "version: 1\nsuite: s\ndataset: {pth: a}\ntargets: [{id: t, kind: chat}]\n",
            "- a\n",
        ] {
            let folder = Folder::new(&[("suite.yaml", text)]);
            let path = folder.at("suite.yaml");
            assert!(rest(&path, &Layers::default(), &KINDS).is_none(), "{text}");
        }
    }
}
