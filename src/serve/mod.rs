//! The local pages: a server on loopback for the one browser that was given its address.
//!
//! It listens on 127.0.0.1 and nowhere else. The address that is printed holds a token that works once; it is exchanged for a cookie
//! (`HttpOnly; SameSite=Strict`) that is sent to one unguessable path only, so that no other server on this machine is shown it. Every
//! request must name this very host and port, must not come from another site, and needs the cookie; what changes something is a POST of
//! JSON with this very origin. Nothing is read from the disk by a path that a request names.
//!
//! What is shown is said by [`Pages`]; nothing here knows what a run or a label is.

mod body;
mod door;
mod page;
mod secret;
mod server;

pub use page::{Method, Pages, Request, Response};
pub use secret::secret;
pub use server::{Limits, Server};

/// Why the local server cannot work.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port is taken, or may not be used.
    #[error("cannot listen on 127.0.0.1:{port}: {source}; take another --port, or none")]
    Listen {
        /// The port that was asked for; 0: any.
        port: u16,
        /// What the system says.
        source: std::io::Error,
    },
    /// The system has no random numbers for a secret.
    #[error("the system gives no random numbers, without which the page cannot be protected")]
    Random,
}
