//! Where an API of models stands and how it is called: the address, the key, the headers, and what may not travel in the clear.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;

use crate::domain::decode::{Fields, MapOf, Truth, WithEnv};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::port::{Accept, Answer, Call, HttpCall, Request, Transport};
use crate::domain::secret::EnvText;
use crate::wire::{environment, is_loopback};

/// Where calls go and what they carry besides their body.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    base_url: EnvText,
    api_key: Option<EnvText>,
    headers: Vec<(String, EnvText)>,
    insecure: bool,
}

/// How an API is called and answers.
#[derive(Debug)]
pub(super) struct Api {
    /// The kind of target.
    pub(super) kind: &'static str,
    /// The address of a call under a base address.
    pub(super) path: fn(&str) -> String,
    /// The header that carries the key.
    pub(super) key: fn(&str) -> (&'static str, String),
    /// Headers that every call has; the suite's own win.
    pub(super) headers: &'static [(&'static str, &'static str)],
    /// Whether an answer is complete.
    pub(super) accept: fn(&Answer) -> Result<(), Fault>,
    /// A refusal as a fault.
    pub(super) refused: fn(u16, &str) -> Fault,
    /// Whether an event of a stream holds the first token.
    pub(super) is_token: fn(&str) -> bool,
}

/// One call as its target has written it.
pub(super) struct Written {
    /// All that decides the answer.
    pub(super) content: Json,
    /// The body.
    pub(super) body: Vec<u8>,
    /// Whether an event stream was asked for.
    pub(super) stream: bool,
}

impl Endpoint {
    /// Reads the keys that every API has. `base_url` was asked for by the kind, which knows what it means and whether it may lack.
    pub(super) fn read(
        fields: &mut Fields<'_>,
        base_url: Option<EnvText>,
        key_doc: &str,
    ) -> Option<Self> {
        let api_key = fields.optional("api_key", key_doc, WithEnv);
        let headers = fields.or(
            "headers",
            "further headers; ${NAME}",
            MapOf(WithEnv),
            Vec::new(),
        );
        let insecure = fields.or(
            "insecure",
            "send keys over plain http to another machine; default false",
            Truth,
            false,
        );
        for (name, _) in &headers {
            if !is_header_name(name) {
                fields.problem("headers", format!("`{name}` is not a header name"));
            }
        }
        let endpoint = Self {
            base_url: base_url?,
            api_key,
            headers,
            insecure,
        };
        if endpoint.base_url.names().next().is_none()
            && let Err(message) = endpoint.check(endpoint.written())
        {
            fields.problem("base_url", message);
        }
        Some(endpoint)
    }

    /// The base address as the suite has it.
    pub(super) fn written(&self) -> &str {
        self.base_url.written()
    }

    /// The host in the base address as the suite has it.
    pub(super) fn host(&self) -> Option<String> {
        scheme_and_host(self.written()).map(|(_, host)| host)
    }

    /// The environment values that it needs where a call goes out.
    pub(super) fn environment(&self) -> Vec<&EnvText> {
        let headers = self.headers.iter().map(|(_, value)| value);
        std::iter::once(&self.base_url)
            .chain(&self.api_key)
            .chain(headers)
            .collect()
    }

    fn check(&self, base: &str) -> Result<(), String> {
        let has_key = self.api_key.is_some()
            || self
                .environment()
                .iter()
                .any(|text| text.names().next().is_some());
        may_carry(base, has_key && !self.insecure)
    }

    fn headers(&self, api: &Api) -> Vec<(String, SecretString)> {
        let mut headers: Vec<(String, SecretString)> = api
            .headers
            .iter()
            .filter(|(name, _)| {
                !self
                    .headers
                    .iter()
                    .any(|(own, _)| own.eq_ignore_ascii_case(name))
            })
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        headers.extend(
            self.headers
                .iter()
                .map(|(name, value)| (name.clone(), environment::fill(value))),
        );
        if let Some(key) = &self.api_key {
            let (name, value) = (api.key)(environment::fill(key).expose_secret());
            headers.push((name.to_owned(), value.into()));
        }
        headers
    }

    /// The call that carries what was written to where this endpoint stands.
    pub(super) fn call(
        &self,
        api: &Api,
        request: &Request,
        written: Written,
    ) -> Result<Call, Fault> {
        let base = environment::fill(&self.base_url);
        // An address with an unset variable is let through: under replay it is not needed, and the way out names the variable.
        let url: SecretString = match environment::unset(&base) {
            Some(_) => base.clone(),
            None => {
                self.check(base.expose_secret())
                    .map_err(|message| Fault::new(FaultKind::Internal, message))?;
                (api.path)(base.expose_secret()).into()
            }
        };
        Ok(Call {
            id: request.call.clone(),
            kind: api.kind,
            endpoint: self.written().to_owned(),
            endpoint_filled: self.base_url.names().next().is_some().then_some(base),
            content: written.content,
            transport: Transport::Http(Box::new(HttpCall {
                method: "POST",
                url,
                headers: self.headers(api),
                body: written.body.into(),
                first_token: written.stream.then_some(api.is_token),
            })),
            timeout: request.timeout,
            accept: Accept::new(api.accept),
            refused: api.refused,
        })
    }

    /// A fault with the variable that the refused key came from: its name, never its value.
    pub(super) fn explain(&self, mut fault: Fault) -> Fault {
        if matches!(fault.status, Some(401 | 403)) {
            let keys = self.api_key.iter().chain(
                self.headers
                    .iter()
                    .map(|(_, value)| value)
                    .filter(|_| self.api_key.is_none()),
            );
            fault.message.push_str(&whence(keys));
        }
        fault
    }
}

/// Where a key that was refused came from.
pub(super) fn whence<'a>(keys: impl Iterator<Item = &'a EnvText>) -> String {
    let names: Vec<String> = keys
        .flat_map(EnvText::names)
        .map(|name| format!("${{{name}}}"))
        .collect();
    if names.is_empty() {
        return String::new();
    }
    format!(" (the key is the value of {})", names.join(", "))
}

/// Whether a call may go to an address: it must be one of http, and plain http carries keys in the clear, which is for this machine
/// only. `guarded`: the call carries a key, and the suite does not say that it may be seen.
pub(super) fn may_carry(address: &str, guarded: bool) -> Result<(), String> {
    let (scheme, host) = scheme_and_host(address)
        .ok_or_else(|| "an address begins with http:// or https:// and names a host".to_owned())?;
    if scheme == "http" && guarded && !is_loopback(&host) {
        return Err(format!(
            "a key would go to {host} over plain http; use https, or say `insecure: true`"
        ));
    }
    Ok(())
}

/// Scheme and host of an address in lower case; `None` where it is no http address or names no host.
pub(super) fn scheme_and_host(address: &str) -> Option<(&'static str, String)> {
    let (scheme, authority) = authority(address)?;
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(ipv6) => ipv6.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then(|| (scheme, host.to_ascii_lowercase()))
}

/// Scheme and authority (user, host and port) of an http address.
pub(super) fn authority(address: &str) -> Option<(&'static str, &str)> {
    let (scheme, rest) = address.split_once("://")?;
    let scheme = ["http", "https"]
        .into_iter()
        .find(|known| scheme.eq_ignore_ascii_case(known))?;
    Some((scheme, rest.split(['/', '?', '#', '\\']).next()?))
}

/// An address with `path` behind it, also where people wrote it, or its version, already; a query stays behind the path.
pub(super) fn under(base: &str, path: &str) -> String {
    const VERSION: &str = "/v1";
    let (place, query) = match base.split_once('?') {
        Some((place, query)) => (place, format!("?{query}")),
        None => (base, String::new()),
    };
    let place = place.trim_end_matches('/');
    let place = place.strip_suffix(path).unwrap_or(place);
    let version = path.starts_with(VERSION) && place.ends_with(VERSION);
    let rest = if version {
        &path[VERSION.len()..]
    } else {
        path
    };
    format!("{place}{rest}{query}")
}

/// Whether a text can be the name of a header (RFC 9110, token).
pub(super) fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_made_from_what_people_write() {
        for base in [
            "http://h/v1",
            "http://h/v1/",
            "http://h/v1/chat/completions",
        ] {
            assert_eq!(
                under(base, "/chat/completions"),
                "http://h/v1/chat/completions"
            );
        }
        assert_eq!(
            under("https://h/v1?api-version=2", "/chat/completions"),
            "https://h/v1/chat/completions?api-version=2"
        );
        for base in [
            "http://h",
            "http://h/",
            "http://h/v1",
            "http://h/v1/messages",
        ] {
            assert_eq!(under(base, "/v1/messages"), "http://h/v1/messages");
        }
    }

    #[test]
    fn hosts_are_read_without_being_fooled() {
        let host = |address: &str| scheme_and_host(address).map(|(_, host)| host);
        assert_eq!(
            host("HTTP://User:pw@LocalHost:80/x").as_deref(),
            Some("localhost")
        );
        assert_eq!(
            host("http://127.0.0.1@evil.example/v1").as_deref(),
            Some("evil.example")
        );
        assert_eq!(host("http://[::1]:8/v1").as_deref(), Some("::1"));
        assert_eq!(
            host("http://evil.example\\@127.0.0.1/").as_deref(),
            Some("evil.example")
        );
        for wrong in ["localhost:80", "ftp://h/", "http://", "http:///v1"] {
            assert_eq!(host(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_refused_key_is_told_by_its_variable() {
        let text = |text| EnvText::parse(text).unwrap();
        let endpoint = Endpoint {
            base_url: text("https://h/v1"),
            api_key: Some(text("${KEY}")),
            headers: vec![("x".into(), text("${OTHER}"))],
            insecure: false,
        };
        let refused = |status| Fault {
            status: Some(status),
            ..Fault::new(FaultKind::Unauthorized, "no")
        };
        assert_eq!(
            endpoint.explain(refused(401)).message,
            "no (the key is the value of ${KEY})"
        );
        assert_eq!(endpoint.explain(refused(429)).message, "no");
        let by_header = Endpoint {
            api_key: None,
            ..endpoint
        };
        assert!(by_header.explain(refused(403)).message.contains("${OTHER}"));
    }
}
