//! What people and the judge say of single items, in words.

use super::super::calibration::{Item, People, Sheet, Verdict, Words};

/// An item of which people and the judge say different things.
#[derive(Debug, Clone, PartialEq)]
pub struct Differing {
    /// Its name.
    pub item: String,
    /// What people say.
    pub people: String,
    /// What the judge said; `unreadable` where that could not be read.
    pub judge: String,
    /// The texts.
    pub words: Words,
}

/// Items with what people say of each; those whose labels tie are left out.
pub fn said(sheet: &Sheet) -> impl Iterator<Item = (&Item, String)> {
    sheet
        .items
        .iter()
        .filter_map(|item| match sheet.people(item) {
            People::Say(value) => Some((item, sheet.scale.words(value))),
            People::Tie | People::Nobody => None,
        })
}

/// Items on which people and the judge differ, in the sheet's order.
#[must_use]
pub fn differing(sheet: &Sheet) -> Vec<Differing> {
    let all = said(sheet).filter_map(|(item, people)| {
        let judge = match item.verdict {
            Verdict::Read(value) => sheet.scale.words(value),
            Verdict::Unreadable => "unreadable".to_owned(),
            Verdict::Absent => return None,
        };
        (judge != people).then(|| Differing {
            item: item.id.clone(),
            people,
            judge,
            words: item.words.clone(),
        })
    });
    all.collect()
}
