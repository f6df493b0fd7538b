//! What a page may do: nothing but show itself, by the one style and the one script that stand in it.

use crate::funnel::csp_hash;

/// The content-security policy of a page with these inline texts. A page that is served may also fetch from where it came.
pub(super) fn policy(style: &str, script: Option<&str>, is_served: bool) -> String {
    let script = script.map_or_else(|| "'none'".to_owned(), csp_hash);
    let connect = match is_served {
        true => " connect-src 'self';",
        false => "",
    };
    format!(
        "default-src 'none'; script-src {script}; style-src {}; img-src data:;{connect} base-uri 'none'; form-action 'none'",
        csp_hash(style)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_do_nothing_that_it_does_not_need() {
        let alone = policy("a{}", None, false);
        assert!(alone.starts_with("default-src 'none'; script-src 'none'; style-src 'sha256-"));
        assert!(alone.ends_with("; img-src data:; base-uri 'none'; form-action 'none'"));
        let served = policy("a{}", Some("1"), true);
        assert!(served.contains(" connect-src 'self'; base-uri"), "{served}");
        assert!(!served.contains("unsafe"), "{served}");
    }
}
