//! Two sequences side by side, 64 places at a time.
//!
//! Plain tables would take one step for each pair of places; a machine word of bits holds a column of 64 of them, so that texts at the
//! bound take milliseconds. Sequences are of numbers that stand for letters or words.

use std::collections::BTreeMap;

const WORD: usize = 64;

/// Numbers for things, the same for equal ones.
#[derive(Debug)]
pub(super) struct Numbered<T>(BTreeMap<T, u32>);

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ord> Numbered<T> {
    pub(super) fn of(&mut self, things: impl IntoIterator<Item = T>) -> Vec<u32> {
        things
            .into_iter()
            .map(|thing| {
                let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
                *self.0.entry(thing).or_insert(next)
            })
            .collect()
    }
}

/// Where each symbol stands in a sequence: for each word of 64 places that has it, the bits of its places.
struct Places(BTreeMap<u32, Vec<(usize, u64)>>);

impl Places {
    fn of(sequence: &[u32]) -> Self {
        let mut places: BTreeMap<u32, Vec<(usize, u64)>> = BTreeMap::new();
        for (at, symbol) in sequence.iter().enumerate() {
            let words = places.entry(*symbol).or_default();
            let bit = 1 << (at % WORD);
            match words.last_mut() {
                Some((word, bits)) if *word == at / WORD => *bits |= bit,
                _ => words.push((at / WORD, bit)),
            }
        }
        Self(places)
    }

    /// Calls `with` for each of so many words, with the bits of the symbol's places in it.
    fn each(&self, symbol: u32, words: usize, mut with: impl FnMut(usize, u64)) {
        let mut known = self
            .0
            .get(&symbol)
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .peekable();
        for word in 0..words {
            let bits = known
                .next_if(|(at, _)| *at == word)
                .map_or(0, |(_, bits)| *bits);
            with(word, bits);
        }
    }
}

/// Fewest insertions, deletions and replacements that make one sequence of the other: Levenshtein's distance.
///
/// Myers (1999), "A fast bit-vector algorithm for approximate string matching based on dynamic programming", in the form of Hyyro (2003)
/// for patterns of several words. Time: product of the lengths by 64.
pub(super) fn distance(a: &[u32], b: &[u32]) -> usize {
    if a.is_empty() || b.is_empty() {
        return a.len().max(b.len());
    }
    let words = a.len().div_ceil(WORD);
    let last_bit = 1_u64 << ((a.len() - 1) % WORD);
    let places = Places::of(a);
    // Bits of rows at which the table rises (`up`) or falls (`down`) by 1 from the row above.
    let mut up = vec![u64::MAX; words];
    let mut down = vec![0_u64; words];
    let (mut more, mut less) = (a.len(), 0);
    for symbol in b {
        // The step along the top row is always +1.
        let (mut rises, mut falls) = (1_u64, 0_u64);
        places.each(*symbol, words, |word, equal| {
            let (vp, vn) = (up[word], down[word]);
            let x = equal | falls;
            let d0 = ((x & vp).wrapping_add(vp) ^ vp) | x | vn;
            let hp = vn | !(d0 | vp);
            let hn = vp & d0;
            let top = if word + 1 == words {
                last_bit
            } else {
                1 << (WORD - 1)
            };
            let (out_rises, out_falls) = (u64::from(hp & top != 0), u64::from(hn & top != 0));
            let (hp, hn) = (hp << 1 | rises, hn << 1 | falls);
            up[word] = hn | !(d0 | hp);
            down[word] = hp & d0;
            (rises, falls) = (out_rises, out_falls);
        });
        more += usize::from(rises == 1);
        less += usize::from(falls == 1);
    }
    more - less
}

/// The length of the longest common subsequence.
///
/// Crochemore, Iliopoulos, Pinzon and Reid (2001), "A fast and practical bit-vector algorithm for the longest common subsequence problem".
pub(super) fn common(a: &[u32], b: &[u32]) -> usize {
    let words = a.len().div_ceil(WORD);
    let places = Places::of(a);
    let mut rows = vec![u64::MAX; words];
    for symbol in b {
        let mut carry = false;
        places.each(*symbol, words, |word, equal| {
            let row = rows[word];
            let (sum, first) = row.overflowing_add(row & equal);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            carry = first || second;
            rows[word] = sum | (row & !equal);
        });
    }
    (0..a.len())
        .filter(|at| rows[at / WORD] >> (at % WORD) & 1 == 0)
        .count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The table as textbooks draw it (Wagner and Fischer 1974).
    fn by_table(a: &[u32], b: &[u32]) -> (usize, usize) {
        let mut edits: Vec<usize> = (0..=b.len()).collect();
        let mut longest = vec![0; b.len() + 1];
        for (i, x) in a.iter().enumerate() {
            let (edits_above, longest_above) = (edits.clone(), longest.clone());
            edits[0] = i + 1;
            for (j, y) in b.iter().enumerate() {
                let change = edits_above[j] + usize::from(x != y);
                edits[j + 1] = change.min(edits_above[j + 1] + 1).min(edits[j] + 1);
                longest[j + 1] = match x == y {
                    true => longest_above[j] + 1,
                    false => longest_above[j + 1].max(longest[j]),
                };
            }
        }
        (edits[b.len()], longest[b.len()])
    }

    fn of(a: &str, b: &str) -> (usize, usize) {
        let mut letters = Numbered::default();
        let (a, b) = (letters.of(a.chars()), letters.of(b.chars()));
        (distance(&a, &b), common(&a, &b))
    }

    #[test]
    fn known_pairs() {
        assert_eq!(of("kitten", "sitting"), (3, 4));
        assert_eq!(of("flaw", "lawn"), (2, 3));
        assert_eq!(of("", "abc"), (3, 0));
        assert_eq!(of("", ""), (0, 0));
        assert_eq!(of("same", "same"), (0, 4));
    }

    proptest! {
        #[test]
        fn words_of_bits_find_what_the_table_finds(
            a in prop::collection::vec(0_u32..4, 0..200), b in prop::collection::vec(0_u32..4, 0..200)
        ) {
            prop_assert_eq!((distance(&a, &b), common(&a, &b)), by_table(&a, &b));
        }
    }
}
