//! Days of the calendar, in UTC.

/// The milliseconds of a day.
pub(crate) const DAY: i64 = 24 * 3_600_000;

/// The year, month and day of the month of a day since 1970-01-01, in the Gregorian calendar; after "chrono-Compatible
/// Low-Level Date Algorithms" by Howard Hinnant: years are counted from March, so that leap days end them.
pub(crate) fn date(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let day_of_era = day.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day_of_month)
}

/// A time in milliseconds since 1970-01-01, in UTC, as Python writes it: "2026-01-22T20:31:17.592000".
pub(crate) fn timestamp(ms: i64) -> String {
    let (year, month, day) = date(ms.div_euclid(DAY));
    let (seconds, micros) = (ms.rem_euclid(DAY) / 1000, ms.rem_euclid(1000) * 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}")
}

/// The day since 1970-01-01 of a date: the reverse of [`date`].
pub(crate) fn day(year: i64, month: i64, of_month: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + of_month - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// A time in milliseconds since 1970-01-01 UTC as "2026-01-05T12:00:00.000Z", as the JavaScript of web pages writes it.
pub(crate) fn to_rfc3339(ms: i64) -> String {
    let (year, month, of_month) = date(ms.div_euclid(DAY));
    let rest = ms.rem_euclid(DAY);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!("{year:04}-{month:02}-{of_month:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", rest % 1000)
}

/// The reverse, also for other offsets, any fraction of a second, and a text without an offset, which is taken for UTC.
pub(crate) fn from_rfc3339(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let separated = [(4, "-"), (7, "-"), (13, ":"), (16, ":")];
    if !separated.iter().all(|(at, wanted)| text.get(*at..at + 1) == Some(wanted))
        || !matches!(text.get(10..11)?, "T" | "t" | " ")
    {
        return None;
    }
    let (year, month, of_month) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let on = day(year, month, of_month);
    if date(on) != (year, month, of_month) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = text.get(19..)?;
    let fraction = rest.strip_prefix('.').unwrap_or("");
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    let ms = format!("{:0<3}", fraction.get(..digits.min(3))?).parse::<i64>().ok()?;
    let rest = if digits > 0 { fraction.get(digits..)? } else { rest };
    Some(on * DAY + hour * 3_600_000 + (minute - offset(rest)?) * 60_000 + second * 1000 + ms)
}

/// The minutes of "Z", "+02:00", "-0330" or nothing.
fn offset(text: &str) -> Option<i64> {
    let sign = match text.get(..1) {
        None => return Some(0),
        Some("Z" | "z") => return (text.len() == 1).then_some(0),
        Some("+") => 1,
        Some("-") => -1,
        Some(_) => return None,
    };
    let digits: String = text.get(1..)?.chars().filter(|c| *c != ':').collect();
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(2);
    Some(sign * (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_iso_8601_has_them() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000000");
        assert_eq!(timestamp(1_709_251_199_999), "2024-02-29T23:59:59.999000");
        assert_eq!(timestamp(-1), "1969-12-31T23:59:59.999000");
    }

    #[test]
    fn days_follow_one_another() {
        let mut before = date(-800_000);
        for at in -799_999..800_000 {
            let (year, month, of_month) = date(at);
            let follows = match (month, of_month) {
                (1, 1) => before == (year - 1, 12, 31),
                (_, 1) => before.0 == year && before.1 == month - 1 && (28..=31).contains(&before.2),
                _ => before == (year, month, of_month - 1),
            };
            assert!(follows, "{before:?} is followed by {:?}", (year, month, of_month));
            assert_eq!(day(year, month, of_month), at);
            before = (year, month, of_month);
        }
    }

    #[test]
    fn times_are_written_and_read() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
        ] {
            assert_eq!(to_rfc3339(ms), text);
            assert_eq!(from_rfc3339(text), Some(ms));
        }
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:01", 1000),
            ("1970-01-01 02:00:00.5+02:00", 500),
            ("1969-12-31T20:30:00.123456-0330", 123),
        ] {
            assert_eq!(from_rfc3339(text), Some(ms), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2023-02-29T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01",
            "1970-01-01T00:00:00Zz",
        ] {
            assert_eq!(from_rfc3339(text), None, "{text}");
        }
    }
}
