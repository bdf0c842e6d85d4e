//! Periods: when a leaderboard starts anew. Pure.

use serde::{Deserialize, Serialize};

use crate::calendar::{DAY, date};

/// How long scores count together, in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// For ever.
    #[default]
    Forever,
    /// From midnight to midnight.
    Daily,
    /// From Monday to Sunday.
    Weekly,
    /// A month of the calendar.
    Monthly,
}

impl Period {
    /// The period that a time belongs to, named by its first day: "2026-01-05"; "all" for ever.
    pub fn name(self, now: i64) -> String {
        if self == Self::Forever {
            return "all".to_owned();
        }
        let (year, month, day) = date(self.start(now).div_euclid(DAY));
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// When the period that a time belongs to began.
    pub fn start(self, now: i64) -> i64 {
        let day = now.div_euclid(DAY);
        let first = match self {
            Self::Forever => return i64::MIN,
            Self::Daily => day,
            // 1970-01-01 was a Thursday, three days after a Monday.
            Self::Weekly => day - (day + 3).rem_euclid(7),
            Self::Monthly => day - (date(day).2 - 1),
        };
        first.saturating_mul(DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_start_where_calendars_say() {
        // 2024-02-29 23:59:59.999, a Thursday.
        let leap = 1_709_251_199_999;
        assert_eq!(Period::Daily.name(leap), "2024-02-29");
        assert_eq!(Period::Weekly.name(leap), "2024-02-26");
        assert_eq!(Period::Monthly.name(leap), "2024-02-01");
        assert_eq!(Period::Daily.name(leap + 1), "2024-03-01");
        assert_eq!(Period::Monthly.name(leap + 1), "2024-03-01");
        assert_eq!(Period::Forever.name(leap), "all");
        assert_eq!(Period::Daily.name(0), "1970-01-01");
        assert_eq!(Period::Weekly.name(0), "1969-12-29");
        assert_eq!(Period::Daily.name(-1), "1969-12-31");
    }

    #[test]
    fn days_follow_one_another() {
        let mut before = date(-800_000);
        for day in -799_999..800_000 {
            let (year, month, of_month) = date(day);
            let follows = match (month, of_month) {
                (1, 1) => before == (year - 1, 12, 31),
                (_, 1) => before.0 == year && before.1 == month - 1 && (28..=31).contains(&before.2),
                _ => before == (year, month, of_month - 1),
            };
            assert!(follows, "{before:?} is followed by {:?}", (year, month, of_month));
            before = (year, month, of_month);
        }
    }
}
