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

/// A time in milliseconds since 1970-01-01 as text: "2026-01-22T20:31:17.592000".
pub(crate) fn timestamp(ms: i64) -> String {
    let (year, month, day) = date(ms.div_euclid(DAY));
    let (seconds, micros) = (ms.rem_euclid(DAY) / 1000, ms.rem_euclid(1000) * 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}")
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
}
