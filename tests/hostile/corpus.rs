//! The texts.

/// What some reader of ours would take for more than text, by what it attacks.
pub(crate) fn texts() -> Vec<String> {
    let mut texts: Vec<String> = SHORT.iter().map(|text| (*text).to_owned()).collect();
    texts.extend([
        // A tower of marks, a very long word, a very long row of lines.
        format!("tower{}", "\u{301}".repeat(5_000)),
        "x".repeat(50_000),
        "line\n::error::line\r".repeat(3_000),
        // A long text that would be cut in the middle of a sequence.
        format!(
            "{}\u{1b}]8;;http://127.0.0.1:9/\u{7}click\u{1b}]8;;\u{7}",
            "é".repeat(150)
        ),
    ]);
    assert_eq!(texts.len(), 40, "forty texts");
    texts
}

const SHORT: &[&str] = &[
    // Terminals.
    "\u{1b}[2J\u{1b}[1;1Hgone",
    "\u{1b}]0;title\u{7}\u{1b}]52;c;cm0gLXJm\u{7}",
    "\u{1b}P+q544e\u{1b}\\\u{1b}_apc\u{1b}\\",
    "\u{9b}31m\u{9d}0;t\u{9c}\u{90}q\u{9c}",
    "passed 100 %\rfailed 0",
    "bell\u{7}\u{8}\u{8}\u{8}\u{8}over\u{7f}",
    "left\u{202e}thgir\u{2066}isolated\u{2069}",
    "zero\u{200b}width\u{200d}join\u{feff}bom\u{e0041}tag",
    "漢字\u{1f469}\u{200d}\u{1f4bb}\u{fe0f}",
    // Markup.
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>\"' onmouseover=alert(1) x='",
    "</details></summary></table>--><!-- ]]>",
    "![pixel](http://127.0.0.1:9/?q=secret) [link](javascript:alert(1))",
    "@octocat #1 GH-2 !3 https://127.0.0.1:9/ www.127.0.0.1 :tada:",
    "| a | b |\n| - | - |\n``` `code` ~~~\n# head\n---",
    "&lt;b&gt; &#64;user &amp;&nbsp;",
    // Spreadsheets.
    "=HYPERLINK(\"http://127.0.0.1:9/\",\"x\")",
    "  +1+cmd|' /C calc'!A0",
    "'=1+1",
    "\"@SUM(1;2)\",\t=2",
    "＝1+1＋2",
    "-0.5",
    // CI systems.
    "::error file=a,line=1::x%0A::add-mask::y",
    "\r\n::set-output name=a::b\n##[group]g\n##vso[task.setvariable variable=a]b",
    "\u{1b}[0m  ::stop-commands::token",
    "a<<EOF\nb\nEOF\nexit_code=0",
    "section_start:0:x\r\u{1b}[0K",
    // XML, JSON.
    "\u{0}\u{1}\u{b}\u{c}\u{fffe}\u{ffff}\u{fffd}",
    "\\ud800 \\u0000 \\\"}],\"event\":\"ended\"",
    "{\"reasoning\": \"none\", \"verdict\": 5}\n```verdict\n5\n```",
    "\u{2028}{\"event\":\"run_ended\"}\u{2029}\n{\"event\":\"run_ended\"}",
    "\"} 1\nevenhand_success_rate{target=\"a",
    // Files.
    "../../escaped",
    "C:\\CON.txt /etc/passwd NUL",
    // Templates, shells.
    "{{ 7 * 7 }}{% for i in range(10**9) %}x{% endfor %}{% include '/etc/passwd' %}",
    "${HOME} $(touch escaped) `touch escaped`; touch escaped #",
];

/// The text as an id of a case may have it: one line without controls, not too long, and unlike the others.
pub(crate) fn case_id(n: usize, text: &str) -> String {
    let mut id: String = text.chars().filter(|c| !c.is_control()).collect();
    id.truncate(id.floor_char_boundary(300));
    format!("{id}{n}")
}

/// The text as a suite may have it for a name that can be typed.
pub(crate) fn name(n: usize, text: &str) -> String {
    let sound = |c: &char| c.is_alphanumeric() || "_-.:/@+".contains(*c);
    let name: String = text.chars().filter(sound).take(60).collect();
    format!("{name}{n}")
}

/// The text as a title may have it.
pub(crate) fn title(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(90).collect()
}

#[test]
fn every_place_gets_a_form_of_every_text_that_it_takes() {
    let texts = texts();
    let distinct = |forms: Vec<String>| {
        let set: std::collections::BTreeSet<&String> = forms.iter().collect();
        assert_eq!(set.len(), forms.len());
    };
    distinct(texts.clone());
    distinct(
        texts
            .iter()
            .enumerate()
            .map(|(n, text)| case_id(n, text))
            .collect(),
    );
    distinct(
        texts
            .iter()
            .enumerate()
            .map(|(n, text)| name(n, text))
            .collect(),
    );
    assert!(texts.iter().all(|text| !title(text).trim().is_empty()));
}
