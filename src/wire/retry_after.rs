//! How long an endpoint asks to be left alone: the headers `retry-after` (seconds or an HTTP date, RFC 9110 10.2.3) and
//! `retry-after-ms` (milliseconds, as some providers send beside it).

use std::time::Duration;

/// More than this is not believed: a day.
const MOST: Duration = Duration::from_secs(86_400);

/// The wait that the two headers ask for; the finer one wins. `now_ms` is the time of day in milliseconds since 1970. A date in the
/// past asks for no wait; what cannot be read, is negative or not finite is as good as absent; all else is at most a day.
#[must_use]
pub fn wait(
    retry_after: Option<&str>,
    retry_after_ms: Option<&str>,
    now_ms: u64,
) -> Option<Duration> {
    let fine = retry_after_ms
        .and_then(number)
        .map(|milliseconds| milliseconds / 1_000.0);
    let seconds = fine.or_else(|| {
        let text = retry_after?;
        number(text).or_else(|| until(text, now_ms))
    })?;
    Some(Duration::try_from_secs_f64(seconds).map_or(MOST, |wait| wait.min(MOST)))
}

/// A number of digits with at most one point: no sign, no exponent, no `inf`.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse()
        .ok()
        .filter(|number: &f64| plain && number.is_finite())
}

/// Seconds until an HTTP date.
fn until(text: &str, now_ms: u64) -> Option<f64> {
    let date = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 are far below 2^53"
    )]
    let ms = date.timestamp().as_millisecond() as f64 - now_ms as f64;
    Some((ms / 1_000.0).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const NOW: u64 = 784_111_777_000;

    fn seconds(text: &str) -> Option<f64> {
        wait(Some(text), None, NOW).map(|wait| wait.as_secs_f64())
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(seconds("3"), Some(3.0));
        assert_eq!(seconds(" 0 "), Some(0.0));
        assert_eq!(seconds("1.5"), Some(1.5));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:47 GMT"), Some(10.0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:27 GMT"), Some(0.0));
    }

    #[test]
    fn milliseconds_win_where_they_can_be_read() {
        let both = |ms| wait(Some("3"), Some(ms), NOW).map(|wait| wait.as_millis());
        assert_eq!(both("250"), Some(250));
        assert_eq!(both("soon"), Some(3_000));
        assert_eq!(wait(None, None, NOW), None);
    }

    #[test]
    fn nonsense_is_no_wish_and_no_wish_is_endless() {
        for text in [
            "", "-5", "soon", "NaN", "inf", "1e9", "+3", "0x10", "3, 4", "1.2.3", "٣",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
        let day = Some(86_400.0);
        assert_eq!(seconds("1000000000"), day);
        assert_eq!(seconds(&"9".repeat(300)), day);
        assert_eq!(seconds(&"9".repeat(400)), None);
        assert_eq!(seconds("Tue, 31 Dec 2999 23:59:59 GMT"), day);
    }
}
