//! Dates of HTTP: read in their three forms, written in the one that is sent. It asks no clock.
//!
//! RFC 9110 section 5.6.7. Sent is `Sun, 06 Nov 1994 08:49:37 GMT`; read are also
//! `Sunday, 06-Nov-94 08:49:37 GMT` (RFC 850) and `Sun Nov  6 08:49:37 1994` (asctime). A date is
//! case-sensitive and has whole seconds; a day of the week that is not that of the date is let pass,
//! as nothing depends on it.
//!
//! The crate `httpdate` is not used: it panics on a time before 1970 or after 9999, which a file may
//! have, and guesses the century of RFC 850's years by another rule than the RFC's.
//!
//! ```
//! use std::time::SystemTime;
//! use storehouse::serve::HttpDate;
//!
//! let now = HttpDate::at(SystemTime::now());
//! let date = HttpDate::parse("Sunday, 06-Nov-94 08:49:37 GMT", now).expect("a date");
//!
//! assert_eq!(date.to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
//! ```

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use http::HeaderValue;

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const SECONDS_A_DAY: i64 = 86_400;
/// The first second of the year 0 and the last of 9999, after 1970: four digits can say no others.
const FIRST: i64 = -62_167_219_200;
const LAST: i64 = 253_402_300_799;

/// A date as HTTP can say it: a second of the years 0 to 9999, in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpDate(i64);

impl HttpDate {
    /// Returns the second that `time` is in; of a time before the year 0 or after 9999 the nearest.
    #[must_use]
    pub fn at(time: SystemTime) -> Self {
        let seconds = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs()).unwrap_or(LAST),
            Err(before) => {
                let before = before.duration();
                let started = i64::from(before.subsec_nanos() > 0);
                i64::try_from(before.as_secs())
                    .map_or(FIRST, |seconds| -(seconds.saturating_add(started)))
            }
        };
        Self(seconds.clamp(FIRST, LAST))
    }

    /// Reads a date in any of the three forms. `None` if it is none.
    ///
    /// RFC 850's years have two digits: one that seems more than 50 years after `now` is in the past.
    #[must_use]
    pub fn parse(text: &str, now: Self) -> Option<Self> {
        // `Wednesday, 06-Nov-94 08:49:37 GMT` is the longest there is.
        if text.len() > 33 {
            return None;
        }
        let words: Vec<&str> = text.split(' ').collect();
        match words[..] {
            [weekday, day, month, year, time, "GMT"] => {
                short_weekday(weekday.strip_suffix(',')?)?;
                let days = days_of(digits(year, 4)?, month_of(month)?, digits(day, 2)?)?;
                Self::of(days, time)
            }
            [weekday, date, time, "GMT"] => {
                let weekday = weekday.strip_suffix(',')?;
                DAYS.iter().find(|day| **day == weekday)?;
                Self::of_two_digits(date, time, now)
            }
            [weekday, month, "", day, time, year] => {
                short_weekday(weekday)?;
                let days = days_of(digits(year, 4)?, month_of(month)?, digits(day, 1)?)?;
                Self::of(days, time)
            }
            [weekday, month, day, time, year] => {
                short_weekday(weekday)?;
                let days = days_of(digits(year, 4)?, month_of(month)?, digits(day, 2)?)?;
                Self::of(days, time)
            }
            _ => None,
        }
    }

    /// Returns it as the value of a header.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the text is the proof"
    )]
    pub fn header_value(self) -> HeaderValue {
        HeaderValue::try_from(self.to_string()).expect("letters, digits, blanks, `,` and `:`")
    }

    /// Returns how many seconds it is after `earlier`; negative if it is before it.
    pub(super) fn seconds_after(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// `date` is `06-Nov-94`.
    fn of_two_digits(date: &str, time: &str, now: Self) -> Option<Self> {
        let mut parts = date.split('-');
        let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let (day, month, year) = (digits(day, 2)?, month_of(month)?, digits(year, 2)?);
        let (this_year, this_month, today) = date_of(now.days());
        // The last year with these digits that is not after the limit, which is a moment, not a year.
        let limit = this_year + 50;
        let mut full = limit - (limit - year).rem_euclid(100);
        let seconds = time_of(time)?;
        if full == limit && (month, day, seconds) > (this_month, today, now.second_of_day()) {
            full -= 100;
        }
        Self::of(days_of(full, month, day)?, time)
    }

    fn of(days: i64, time: &str) -> Option<Self> {
        let seconds = days * SECONDS_A_DAY + time_of(time)?;
        // A leap second at the end of 9999 is over it.
        (FIRST..=LAST).contains(&seconds).then_some(Self(seconds))
    }

    /// Days since 1970.
    fn days(self) -> i64 {
        self.0.div_euclid(SECONDS_A_DAY)
    }

    fn second_of_day(self) -> i64 {
        self.0.rem_euclid(SECONDS_A_DAY)
    }
}

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.days());
        // 1970 began on a Thursday.
        let weekday = usize::try_from((self.days() + 4).rem_euclid(7)).unwrap_or_default();
        let month = usize::try_from(month - 1).unwrap_or_default();
        let (weekday, month) = (&DAYS[weekday][..3], MONTHS[month]);
        let second = self.second_of_day();
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            f,
            "{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT"
        )
    }
}

impl fmt::Debug for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn short_weekday(word: &str) -> Option<()> {
    DAYS.iter().any(|day| day[..3] == *word).then_some(())
}

fn month_of(word: &str) -> Option<i64> {
    (1..)
        .zip(MONTHS)
        .find(|(_, month)| *month == word)
        .map(|(number, _)| number)
}

/// The second of the day of `08:49:37`. The second 60 of a leap second is the one after 59.
fn time_of(word: &str) -> Option<i64> {
    let mut parts = word.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (hour, minute, second) = (digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?);
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

/// A number of exactly `count` digits.
fn digits(word: &str, count: usize) -> Option<i64> {
    // `parse` alone would take a sign.
    let all_digits = word.bytes().all(|byte| byte.is_ascii_digit());
    (word.len() == count && all_digits).then(|| word.parse().ok())?
}

/// Days from 1970 to a date. `None` if the month does not have that day.
///
/// Years are counted from March, so that the leap day is the last of its year; 400 of them have
/// 146,097 days.
fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    let year = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let cycle = year.div_euclid(400);
    let year = year.rem_euclid(400);
    let day_of_cycle = year * 365 + year / 4 - year / 100 + day_of_year;
    Some(cycle * 146_097 + day_of_cycle - 719_468)
}

/// The year, month and day that are `days` after 1970: the other way round.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let cycle = days.div_euclid(146_097);
    let day_of_cycle = days.rem_euclid(146_097);
    let year = (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524
        - day_of_cycle / 146_096)
        / 365;
    let day_of_year = day_of_cycle - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + cycle * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    /// 2026-11-26 14:49:06, by `date -u -d @1795704546`.
    const NOW: HttpDate = HttpDate(1_795_704_546);

    #[test]
    fn a_date_is_read_in_each_of_the_three_forms() {
        // 784111777 is the RFC's own date, by `date -d '1994-11-06 08:49:37 UTC' +%s`; so are the others.
        for (case, text, seconds) in [
            ("IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("asctime", "Sun Nov  6 08:49:37 1994", 784_111_777),
            (
                "asctime, two digits",
                "Wed Nov 16 08:49:37 1994",
                784_975_777,
            ),
            (
                "another day of the week",
                "Mon, 06 Nov 1994 08:49:37 GMT",
                784_111_777,
            ),
            ("the first", "Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("before it", "Wed, 31 Dec 1969 23:59:59 GMT", -1),
            ("leap day", "Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800),
            (
                "leap day of a century",
                "Tue, 29 Feb 2000 12:00:00 GMT",
                951_825_600,
            ),
            (
                "leap second",
                "Sat, 31 Dec 2016 23:59:60 GMT",
                1_483_228_800,
            ),
            ("year 0", "Sat, 01 Jan 0000 00:00:00 GMT", FIRST),
            ("year 9999", "Fri, 31 Dec 9999 23:59:59 GMT", LAST),
        ] {
            let read = HttpDate::parse(text, NOW);

            assert_eq!(read, Some(HttpDate(seconds)), "{case}");
        }
    }

    #[test]
    fn what_is_in_none_of_the_forms_is_no_date() {
        for (case, text) in [
            ("nothing", ""),
            ("a number", "784111777"),
            ("small letters", "sun, 06 nov 1994 08:49:37 gmt"),
            ("another zone", "Sun, 06 Nov 1994 08:49:37 UTC"),
            ("an offset", "Sun, 06 Nov 1994 08:49:37 +0000"),
            ("no zone", "Sun, 06 Nov 1994 08:49:37"),
            ("one digit", "Sun, 6 Nov 1994 08:49:37 GMT"),
            ("two blanks", "Sun,  06 Nov 1994 08:49:37 GMT"),
            ("a blank behind", "Sun, 06 Nov 1994 08:49:37 GMT "),
            ("no comma", "Sun 06 Nov 1994 08:49:37 GMT"),
            ("no such day of the week", "Son, 06 Nov 1994 08:49:37 GMT"),
            (
                "a long one in the short form",
                "Sunday, 06 Nov 1994 08:49:37 GMT",
            ),
            (
                "a short one in the long form",
                "Sun, 06-Nov-94 08:49:37 GMT",
            ),
            (
                "four digits in the long form",
                "Sunday, 06-Nov-1994 08:49:37 GMT",
            ),
            (
                "four parts in the long form",
                "Sunday, 06-Nov-94-1 08:49:37 GMT",
            ),
            ("no such month", "Sun, 06 Nof 1994 08:49:37 GMT"),
            ("day 0", "Sun, 00 Nov 1994 08:49:37 GMT"),
            ("day 31 of 30", "Sun, 31 Nov 1994 08:49:37 GMT"),
            ("no leap year", "Sun, 29 Feb 2023 08:49:37 GMT"),
            ("no leap century", "Sun, 29 Feb 1900 08:49:37 GMT"),
            ("hour 24", "Sun, 06 Nov 1994 24:00:00 GMT"),
            ("minute 60", "Sun, 06 Nov 1994 08:60:37 GMT"),
            ("second 61", "Sun, 06 Nov 1994 08:49:61 GMT"),
            ("four parts of the time", "Sun, 06 Nov 1994 08:49:37:1 GMT"),
            ("a sign", "Sun, 06 Nov +994 08:49:37 GMT"),
            ("five digits", "Sun, 06 Nov 10000 08:49:37 GMT"),
            ("beyond the last second", "Fri, 31 Dec 9999 23:59:60 GMT"),
            ("asctime, 0 for a blank", "Sun Nov 6 08:49:37 1994"),
            ("not ASCII", "Sün, 06 Nov 1994 08:49:37 GMT"),
        ] {
            assert_eq!(HttpDate::parse(text, NOW), None, "{case}");
        }
    }

    #[test]
    fn a_year_of_two_digits_is_at_most_fifty_years_ahead() {
        for (case, now, text, expected) in [
            (
                "last century",
                NOW,
                "Sunday, 06-Nov-94 08:49:37 GMT",
                "1994",
            ),
            ("this year", NOW, "Sunday, 06-Nov-26 08:49:37 GMT", "2026"),
            (
                "49 years ahead",
                NOW,
                "Sunday, 06-Nov-75 08:49:37 GMT",
                "2075",
            ),
            (
                "50 years, to the second",
                NOW,
                "Sunday, 26-Nov-76 14:49:06 GMT",
                "2076",
            ),
            (
                "a second more",
                NOW,
                "Sunday, 26-Nov-76 14:49:07 GMT",
                "1976",
            ),
            ("51 years", NOW, "Sunday, 06-Nov-77 08:49:37 GMT", "1977"),
            (
                "the year 2090",
                HttpDate(3_800_000_000),
                "Sunday, 06-Nov-10 08:49:37 GMT",
                "2110",
            ),
        ] {
            let date = HttpDate::parse(text, now).unwrap().to_string();

            assert_eq!(&date[12..16], expected, "{case}: {date}");
        }
    }

    #[test]
    fn a_time_is_cut_to_its_second_and_to_four_digits() {
        let second = Duration::from_secs(1);
        for (case, time, expected) in [
            (
                "a half",
                UNIX_EPOCH + second / 2,
                "Thu, 01 Jan 1970 00:00:00 GMT",
            ),
            (
                "a half before",
                UNIX_EPOCH - second / 2,
                "Wed, 31 Dec 1969 23:59:59 GMT",
            ),
            (
                "one before",
                UNIX_EPOCH - second,
                "Wed, 31 Dec 1969 23:59:59 GMT",
            ),
            (
                "leap day of a century",
                UNIX_EPOCH + second * 951_825_600,
                "Tue, 29 Feb 2000 12:00:00 GMT",
            ),
            (
                "far ahead",
                UNIX_EPOCH + second * 4_000_000_000 * 1000,
                "Fri, 31 Dec 9999 23:59:59 GMT",
            ),
            (
                "far back",
                UNIX_EPOCH - second * 4_000_000_000 * 1000,
                "Sat, 01 Jan 0000 00:00:00 GMT",
            ),
        ] {
            assert_eq!(HttpDate::at(time).to_string(), expected, "{case}");
        }
    }

    proptest! {
        #[test]
        fn a_date_that_was_written_is_read_the_same(seconds in FIRST..=LAST) {
            let date = HttpDate(seconds);

            let text = date.to_string();

            prop_assert_eq!(date.header_value(), text.as_str());
            prop_assert_eq!(HttpDate::parse(&text, NOW), Some(date));
        }

        #[test]
        fn the_next_second_is_later_in_each_part(seconds in FIRST..LAST) {
            let parts = |date: HttpDate| (date_of(date.days()), date.second_of_day());

            prop_assert!(parts(HttpDate(seconds)) < parts(HttpDate(seconds + 1)));
        }

        #[test]
        fn no_text_makes_it_panic(
            text in "\\PC{0,40}|(Sun|Sunday),? [0-9A-Za-z: -]{0,24}(GMT)?",
            now in FIRST..=LAST,
        ) {
            let _ = HttpDate::parse(&text, HttpDate(now));
        }

        #[test]
        fn no_year_of_two_digits_is_further_ahead(
            now in FIRST..=LAST,
            text in "Monday, [0-3][0-9]-(Jan|Feb|Jul|Dec)-[0-9]{2} [0-2][0-9]:00:00 GMT",
        ) {
            if let Some(date) = HttpDate::parse(&text, HttpDate(now)) {
                prop_assert!(date.0 - now <= 50 * 366 * SECONDS_A_DAY);
            }
        }
    }
}
