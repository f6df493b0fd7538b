//! The identity of a set of labels.

use serde_json::{Value as Json, json};

use crate::domain::digest::Digest;
use crate::domain::label::{Label, Said, Subject};

/// The digest of what labels say: of subject, annotator, value and probability of each, whatever their order.
///
/// Each label is hashed as canonical JSON, the hashes are put in order, and their concatenation is hashed. Texts, critiques, times and
/// clusters are left out: they change no label. So are repeats (`repeat_of`), which are no labels.
#[must_use]
pub fn digest(labels: &[Label]) -> Digest {
    let mut each: Vec<String> = labels
        .iter()
        .filter(|label| label.repeat_of.is_none())
        .map(|label| Digest::of_json(&canonical(label)).to_string())
        .collect();
    each.sort_unstable();
    Digest::of(each.concat().as_bytes())
}

fn canonical(label: &Label) -> Json {
    let subject = match &label.subject {
        Subject::Item(item) => json!(["item", item]),
        Subject::Trial {
            case,
            target,
            repeat,
        } => json!(["trial", case, target, repeat]),
    };
    let value = label.said.as_ref().map(|said| match said {
        // Minus zero is zero.
        Said::Rating(rating) => json!(["rating", rating + 0.0]),
        Said::Pass(pass) => json!(["pass", pass]),
        Said::Preference(preference) => json!(["preference", preference]),
        Said::Class(class) => json!(["class", class]),
    });
    json!([subject, label.by, value, label.probability])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::labels::file;

    fn of(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l.csv");
        std::fs::write(&path, text).unwrap();
        digest(&file::read(&path, None).unwrap()).to_string()
    }

    #[test]
    fn only_what_was_said_of_what_by_whom_and_how_it_was_drawn_counts() {
        let one = of("item,annotator,rating,probability\n1,ann,0,0.5\n2,ann,2,0.5\n");
        for same in [
            "item,annotator,rating,probability\n2,ann,2.0,0.50\n1,ann,-0,0.5\n",
            "rating;item;annotator;probability;critique\n0;1;ann;0,5;so\n2;2;ann;0,5;\n",
            "item,annotator,rating,probability,repeat_of\n1,ann,0,0.5,\n2,ann,2,0.5,\n9,ann,7,,1\n",
        ] {
            assert_eq!(of(same), one, "{same}");
        }
        for other in [
            "item,annotator,rating,probability\n1,bob,0,0.5\n2,ann,2,0.5\n",
            "item,annotator,rating,probability\n1,ann,2,0.5\n2,ann,0,0.5\n",
            "item,annotator,rating,probability\n1,ann,0,0.5\n2,ann,2,0.6\n",
            "item,annotator,rating\n1,ann,0\n2,ann,2\n",
            "item,annotator,class,probability\n1,ann,0,0.5\n2,ann,2,0.5\n",
            "item,annotator,rating,probability\n1,ann,0,0.5\n",
        ] {
            assert_ne!(of(other), one, "{other}");
        }
    }
}
