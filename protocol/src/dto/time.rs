//! Moments on the wire.

use std::fmt;

use serde::de::{Error as _, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use souk_chat::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// First moment that RFC 3339 can name, year 0, in milliseconds since the Unix epoch.
const FIRST: i64 = -62_167_219_200_000;
/// Last one, the end of year 9999.
const LAST: i64 = 253_402_300_799_999;
/// `2026-01-02T03:04:05.678Z`
const LENGTH: usize = 24;

/// A moment, written `2026-01-02T03:04:05.678Z`. Years before 0 and after 9999 are written as the nearest moment that can be.
/// Reading takes any offset and cuts finer fractions off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub Timestamp);

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl From<Time> for Timestamp {
    fn from(time: Time) -> Self {
        time.0
    }
}

impl Time {
    /// The text, without allocation.
    fn write(self, out: &mut [u8; LENGTH]) -> &str {
        let millis = self.0.millis().clamp(FIRST, LAST);
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
            .expect("years 0 to 9999 are within the range of dates");
        let mut digits = |from: usize, count: usize, mut value: u32| {
            for place in (from..from + count).rev() {
                out[place] = b'0' + u8::try_from(value % 10).expect("a digit is below ten");
                value /= 10;
            }
        };
        digits(0, 4, at.year().unsigned_abs());
        digits(5, 2, u32::from(u8::from(at.month())));
        digits(8, 2, u32::from(at.day()));
        digits(11, 2, u32::from(at.hour()));
        digits(14, 2, u32::from(at.minute()));
        digits(17, 2, u32::from(at.second()));
        digits(20, 3, u32::from(at.millisecond()));
        for (place, mark) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')] {
            out[place] = mark;
        }
        std::str::from_utf8(out).expect("digits and marks are ASCII")
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.write(&mut [0; LENGTH]))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.write(&mut [0; LENGTH]))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Time;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time as in RFC 3339")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Time, E> {
                let at = OffsetDateTime::parse(text, &Rfc3339)
                    .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))?;
                let millis = at.unix_timestamp_nanos().div_euclid(1_000_000);
                i64::try_from(millis).map(|ms| Time(Timestamp(ms))).map_err(|_| E::custom("a time out of range"))
            }
        }
        deserializer.deserialize_str(Text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(millis: i64) -> String {
        Time(Timestamp(millis)).to_string()
    }

    #[test]
    fn times_are_utc_with_milliseconds() {
        assert_eq!(text(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(text(1_767_323_045_678), "2026-01-02T03:04:05.678Z");
        assert_eq!(text(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(text(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(text(i64::MIN), "0000-01-01T00:00:00.000Z");
        assert_eq!(text(i64::MAX), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn other_offsets_and_finer_fractions_are_read() {
        let time: Time = serde_json::from_str(r#""2026-01-02T05:04:05.6789+02:00""#).unwrap();
        assert_eq!(time, Time(Timestamp(1_767_323_045_678)));
        assert!(serde_json::from_str::<Time>(r#""yesterday""#).is_err());
        assert!(serde_json::from_str::<Time>("5").is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(millis in FIRST..=LAST) {
            let time = Time(Timestamp(millis));
            let json = serde_json::to_string(&time).unwrap();
            prop_assert_eq!(serde_json::from_str::<Time>(&json).unwrap(), time);
        }
    }
}
