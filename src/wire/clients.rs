//! HTTP clients, built at the first call that needs them: one for each way of reaching a host.
//!
//! Building one for `https://` reads the system's roots of trust, which takes milliseconds; `http://` needs none. Loopback hosts are
//! spoken to directly, others by way of the proxy that the environment names, if any.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Url, redirect, retry};
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};

use super::connect::Gate;
use super::network::Network;

/// An idle connection is let go before small servers do (many after 5 s): a request sent into a closing connection is lost.
const IDLE: Duration = Duration::from_secs(4);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(15);

/// Addresses that are kept.
const ADDRESSES: usize = 8;

/// How a host is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Way {
    tls: bool,
    direct: bool,
}

/// The clients built so far.
pub(crate) struct Clients {
    built: RefCell<Vec<(Way, Client)>>,
    /// The addresses called last: a run calls few, thousands of times, and reading one takes microseconds.
    addresses: RefCell<Vec<(SecretString, Url)>>,
    /// Roots of trust besides the system's.
    more_roots: Vec<Certificate>,
    /// Bodies are handed on as the server sends them.
    verbatim: bool,
    gate: Gate,
    /// Where their connections are driven.
    pub(super) network: Network,
}

impl Clients {
    /// No client yet. `ca_bundle`: certificates in PEM that are trusted besides the system's.
    pub(crate) fn new(ca_bundle: Option<&[u8]>, network: Network) -> Result<Self, String> {
        let more_roots = match ca_bundle {
            None => Vec::new(),
            Some(pem) => {
                let roots = Certificate::from_pem_bundle(pem)
                    .map_err(|error| format!("the CA bundle cannot be read: {error}"))?;
                if roots.is_empty() {
                    return Err("the CA bundle holds no certificate in PEM form".to_owned());
                }
                roots
            }
        };
        Ok(Self {
            built: RefCell::default(),
            addresses: RefCell::default(),
            more_roots,
            verbatim: false,
            gate: Gate::default(),
            network,
        })
    }

    /// The same for files, whose bytes come as they are kept.
    pub(crate) fn for_files(ca_bundle: Option<&[u8]>) -> Result<Self, String> {
        let clients = Self::new(ca_bundle, Network::new(false))?;
        Ok(Self {
            verbatim: true,
            ..clients
        })
    }

    /// The address that a text is, or why it is none that is called.
    pub(crate) fn address(&self, text: &SecretString) -> Result<Url, String> {
        let same = |known: &SecretString| known.expose_secret() == text.expose_secret();
        let mut addresses = self.addresses.borrow_mut();
        if let Some((_, url)) = addresses.iter().find(|(known, _)| same(known)) {
            return Ok(url.clone());
        }
        let url = Url::parse(text.expose_secret())
            .map_err(|error| format!("the address cannot be read: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("`{}` addresses are not called", url.scheme()));
        }
        // One that holds the id of a session is never met again: the oldest makes room.
        if addresses.len() == ADDRESSES {
            addresses.remove(0);
        }
        addresses.push((text.clone(), url.clone()));
        Ok(url)
    }

    /// The client for an address.
    pub(crate) fn get(&self, url: &Url) -> Result<Client, String> {
        let way = Way {
            tls: url.scheme() == "https",
            direct: is_loopback(url.host_str().unwrap_or_default()),
        };
        let known = self
            .built
            .borrow()
            .iter()
            .find(|(known, _)| *known == way)
            .map(|(_, client)| client.clone());
        if let Some(client) = known {
            return Ok(client);
        }
        let client = self.build(way)?;
        self.built.borrow_mut().push((way, client.clone()));
        Ok(client)
    }

    fn builder(&self, way: Way) -> ClientBuilder {
        let builder = Client::builder()
            .http1_only()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .connector_layer(self.gate.clone())
            .user_agent(concat!("evenhand/", env!("CARGO_PKG_VERSION")));
        let builder = if self.verbatim {
            builder.no_gzip()
        } else {
            builder
        };
        if way.direct {
            builder.no_proxy()
        } else {
            builder
        }
    }

    fn build(&self, way: Way) -> Result<Client, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // A second installation in one process is refused and changes nothing.
        let _ = provider.as_ref().clone().install_default();
        if !way.tls {
            let nothing = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(|error| format!("TLS cannot be set up: {error}"))?
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth();
            return self
                .builder(way)
                .tls_backend_preconfigured(nothing)
                .build()
                .map_err(|error| format!("the HTTP client cannot be set up: {error}"));
        }
        let system = self
            .builder(way)
            .tls_certs_merge(self.more_roots.iter().cloned())
            .build();
        system.or_else(|error| {
            tracing::warn!(
                "no roots of trust on this system ({error}); those bundled with evenhand are used"
            );
            let bundled = webpki_root_certs::TLS_SERVER_ROOT_CERTS
                .iter()
                .filter_map(|der| Certificate::from_der(der).ok());
            self.builder(way)
                .tls_certs_only(bundled.chain(self.more_roots.iter().cloned()))
                .build()
                .map_err(|error| format!("the HTTP client cannot be set up: {error}"))
        })
    }
}

/// Whether a host is this machine, by name or by address (an IPv6 one with or without brackets); no name is looked up.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_is_built_for_each_way() {
        let clients = Clients::new(None, Network::new(false)).unwrap();
        for address in [
            "http://127.0.0.1:1/a",
            "http://localhost:2/b",
            "http://[::1]:3/c",
        ] {
            clients.get(&Url::parse(address).unwrap()).unwrap();
        }
        assert_eq!(clients.built.borrow().len(), 1);
        clients
            .get(&Url::parse("https://example.org").unwrap())
            .unwrap();
        clients
            .get(&Url::parse("http://example.org").unwrap())
            .unwrap();
        assert_eq!(clients.built.borrow().len(), 3);
    }

    #[test]
    fn an_address_is_read_once_and_a_wrong_one_never_called() {
        let clients = Clients::new(None, Network::new(false)).unwrap();
        for number in 0..3 * ADDRESSES {
            for port in [1, number] {
                let text: SecretString = format!("http://127.0.0.1:{port}/a").into();
                let url = clients.address(&text).unwrap();
                assert_eq!(url.port_or_known_default(), u16::try_from(port).ok());
            }
        }
        assert_eq!(clients.addresses.borrow().len(), ADDRESSES);
        for wrong in ["ftp://h/", "nothing", "http://"] {
            assert!(
                clients.address(&wrong.to_owned().into()).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn this_machine_is_known_by_name_and_address() {
        for host in ["localhost", "a.localhost", "127.3.4.5", "::1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "localhost.evil.example",
            "",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn a_bundle_without_certificates_is_refused() {
        assert!(Clients::new(Some(b"no certificate"), Network::new(false)).is_err());
    }
}
