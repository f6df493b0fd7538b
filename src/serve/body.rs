//! Bodies, whole: read up to a bound, and sent at once.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is longer than is let in.
    TooLong,
    /// It broke off, or is malformed.
    Broken,
}

/// Reads a body of at most `most` bytes. One that says beforehand that it is longer is not read at all.
pub(super) async fn read(mut body: Incoming, most: usize) -> Result<Vec<u8>, Unread> {
    let most_bytes = u64::try_from(most).unwrap_or(u64::MAX);
    if body.size_hint().lower() > most_bytes {
        return Err(Unread::TooLong);
    }
    let mut read = Vec::new();
    while let Some(frame) =
        std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await
    {
        let frame = frame.map_err(|_| Unread::Broken)?;
        // What is no data is a trailer, which nobody asked for.
        if let Ok(data) = frame.into_data() {
            if read.len() + data.len() > most {
                return Err(Unread::TooLong);
            }
            read.extend_from_slice(&data);
        }
    }
    Ok(read)
}

/// A body that is sent at once.
pub(super) struct Whole(pub(super) Option<Bytes>);

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.0.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
    }
}
