//! Options as they are shown: letters before them, in an order that is always the same for the same row.

use crate::domain::digest::Digest;

/// The letter of a place: A for 0. There are 26.
pub(crate) fn letter(place: usize) -> Option<char> {
    u8::try_from(place)
        .ok()
        .filter(|place| *place < 26)
        .map(|place| char::from(b'A' + place))
}

/// `A) first`, one option a line.
pub(super) fn lettered<'a>(options: impl IntoIterator<Item = &'a str>, mark: &str) -> String {
    let lines: Vec<String> = options
        .into_iter()
        .enumerate()
        .filter_map(|(place, option)| Some(format!("{}{mark} {option}", letter(place)?)))
        .collect();
    lines.join("\n")
}

/// An order of `count` places that the text alone decides: files list what is true first, which must not be seen.
pub(super) fn order(text: &str, count: usize) -> Vec<usize> {
    let mut places: Vec<(String, usize)> = (0..count)
        .map(|place| {
            let key = Digest::of_json(&serde_json::json!([text, place]));
            (key.to_string(), place)
        })
        .collect();
    places.sort_unstable();
    places.into_iter().map(|(_, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_names_each_place_once_and_differs_between_texts() {
        let mut seen = order("one question", 5);
        assert_eq!(seen, order("one question", 5));
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2, 3, 4]);
        let first: Vec<usize> = (0..400).map(|n| order(&n.to_string(), 4)[0]).collect();
        for place in 0..4 {
            let times = first.iter().filter(|at| **at == place).count();
            assert!((60..140).contains(&times), "{place}: {times}");
        }
    }

    #[test]
    fn options_have_letters() {
        assert_eq!(lettered(["x", "y"], ")"), "A) x\nB) y");
        assert_eq!(letter(26), None);
    }
}
