//! Quantities as people write them: `60s`, `250ms`, `5m`, `10%`.

use std::time::Duration;

/// Reads a duration such as `250ms`, `60s`, `5m`, `2h` or `1.5s`. A bare number is refused: its unit would be a guess.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().ok()?;
    let seconds = match unit.trim() {
        "ms" => number / 1_000.0,
        "s" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3_600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

/// Milliseconds of a duration, with fractions.
#[must_use]
pub fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("1.5s"), Some(Duration::from_millis(1_500)));
        assert_eq!(duration("5m"), Some(Duration::from_secs(300)));
        for wrong in [
            "60",
            "",
            "s",
            "-1s",
            "1e9s",
            "1 fortnight",
            "99999999999999999999999h",
        ] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
