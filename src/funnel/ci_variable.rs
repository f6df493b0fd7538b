//! Values handed on to later steps of a CI job, in the file that the system reads for them.

/// One entry of the file behind `GITHUB_OUTPUT`, with its line end: `key=value`, or for a value of several lines the form with a
/// delimiter.
///
/// The key comes from the program, the value from anywhere. The delimiter is a digest of the value: nobody can write a value that
/// holds its own, and the same value gives the same bytes.
pub fn ci_variable(key: &'static str, value: &str) -> String {
    if !value.contains(['\n', '\r']) {
        return format!("{key}={value}\n");
    }
    let mut delimiter = format!("EVENHAND_{}", blake3::hash(value.as_bytes()).to_hex());
    while value.contains(&delimiter) {
        delimiter.push('_');
    }
    format!("{key}<<{delimiter}\n{value}\n{delimiter}\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::funnel::hostile::hostile_text;

    /// The file as its reader takes it: a key up to the first `=`, unless `<<` comes before it.
    fn read(file: &str) -> BTreeMap<String, String> {
        let mut read = BTreeMap::new();
        let mut lines = file.split_terminator('\n');
        while let Some(line) = lines.next() {
            let equals = line.find('=').unwrap_or(usize::MAX);
            match line.find("<<") {
                Some(at) if at < equals => {
                    let delimiter = &line[at + 2..];
                    let value: Vec<&str> = lines
                        .by_ref()
                        .take_while(|line| *line != delimiter)
                        .collect();
                    read.insert(line[..at].to_owned(), value.join("\n"));
                }
                _ => {
                    let (key, value) = line.split_once('=').expect("a key and a value");
                    read.insert(key.to_owned(), value.to_owned());
                }
            }
        }
        read
    }

    #[test]
    fn one_line_stands_beside_its_key() {
        assert_eq!(ci_variable("exit_code", "100"), "exit_code=100\n");
        assert_eq!(ci_variable("run", "a=b<<c"), "run=a=b<<c\n");
        assert_eq!(ci_variable("run", ""), "run=\n");
    }

    #[test]
    fn several_lines_stand_between_delimiters_that_they_do_not_hold() {
        let entry = ci_variable("reports", "a.json\nb=1\nEVENHAND_\n");
        let lines: Vec<&str> = entry.lines().collect();
        assert_eq!(lines.len(), 6, "{entry}");
        assert!(lines[0].starts_with("reports<<EVENHAND_") && lines[0].len() > 80);
        assert_eq!(lines[0].trim_start_matches("reports<<"), lines[5]);
    }

    proptest! {
        #[test]
        fn no_value_becomes_a_second_key(value in hostile_text(), next in hostile_text()) {
            let file = ci_variable("a", &value) + &ci_variable("b", &next);
            let read = read(&file);
            prop_assert_eq!(read.len(), 2, "{:?}", file);
            prop_assert_eq!(&read["a"], &value);
            prop_assert_eq!(&read["b"], &next);
        }
    }
}
