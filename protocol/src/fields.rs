//! The fields of a request's data, read one by one so that an error names the field.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use souk_chat::IdError;

use crate::error::Error;
use crate::json::{self, Unreadable};

/// The values of up to `N` known fields of one object; others were skipped. `null` counts as absent.
pub(crate) struct Fields<'a, const N: usize> {
    names: [&'static str; N],
    values: [Option<&'a RawValue>; N],
}

impl<'a, const N: usize> Fields<'a, N> {
    /// Reads `data`, which must be one JSON object. A known field that stands twice is an error.
    pub(crate) fn read(data: &'a str, names: [&'static str; N]) -> Result<Self, Error> {
        if !json::starts_with(data, b'{') {
            return Err(Error::bad_request("the data must be a JSON object"));
        }
        let mut reader = serde_json::Deserializer::from_str(data);
        let values = reader.deserialize_map(Known { names }).map_err(Unreadable::from)?;
        reader.end().map_err(Unreadable::from)?;
        Ok(Self { names, values })
    }

    fn get(&self, name: &'static str) -> Option<&'a str> {
        let place = self.names.iter().position(|known| *known == name)?;
        json::present(self.values[place])
    }

    /// A text; `None` where it is absent.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, Error> {
        self.get(name).map(|raw| text(raw).map_err(|why| why.told_of(name))).transpose()
    }

    /// A text that must be there.
    pub(crate) fn need_text(&self, name: &'static str) -> Result<Cow<'a, str>, Error> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    /// An id; `None` where it is absent.
    pub(crate) fn id<T: FromStr<Err = IdError>>(&self, name: &'static str) -> Result<Option<T>, Error> {
        let parse = |text: Cow<'_, str>| text.parse().map_err(|error| Error::bad_request(format!("{name}: {error}")));
        self.text(name)?.map(parse).transpose()
    }

    /// An id that must be there.
    pub(crate) fn need_id<T: FromStr<Err = IdError>>(&self, name: &'static str) -> Result<T, Error> {
        self.id(name)?.ok_or_else(|| missing(name))
    }

    /// A whole number from 0; `None` where it is absent.
    pub(crate) fn number(&self, name: &'static str) -> Result<Option<u64>, Error> {
        self.get(name).map(|raw| number(raw).ok_or_else(|| wrong(name, "a whole number from 0 to 2^53-1"))).transpose()
    }

    /// `true` or `false`, which must be there.
    pub(crate) fn need_bool(&self, name: &'static str) -> Result<bool, Error> {
        match self.get(name) {
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(_) => Err(wrong(name, "true or false")),
            None => Err(missing(name)),
        }
    }

    /// The JSON of a field; `None` where it is absent.
    pub(crate) fn json(&self, name: &'static str) -> Option<&'a str> {
        self.get(name)
    }

    /// The JSON of a field that must be there.
    pub(crate) fn need_json(&self, name: &'static str) -> Result<&'a str, Error> {
        self.get(name).ok_or_else(|| missing(name))
    }
}

/// Why a JSON value says no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoText {
    /// It is something else.
    NotAString,
    /// It holds one half of a surrogate pair, which is no character: some languages let a text be cut in the middle of an emoji.
    HalfACharacter,
}

impl NoText {
    /// What is said of the field `name`.
    pub(crate) fn told_of(self, name: &str) -> Error {
        match self {
            Self::NotAString => wrong(name, "a text"),
            Self::HalfACharacter => Error::bad_request(format!(
                "{name} holds half a character (a surrogate without its pair, \\ud800 to \\udfff); cut texts between characters"
            )),
        }
    }
}

/// What a JSON string says, borrowed where nothing in it is escaped. `raw` is one JSON value, whole.
pub(crate) fn text(raw: &str) -> Result<Cow<'_, str>, NoText> {
    let inside = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or(NoText::NotAString)?;
    if !inside.contains('\\') {
        return Ok(Cow::Borrowed(inside));
    }
    // Of what a JSON string may hold, only this is no text.
    serde_json::from_str(raw).map(Cow::Owned).map_err(|_| NoText::HalfACharacter)
}

/// The whole number that a JSON value is, up to [`ID_MAX`](crate::limits::ID_MAX). Fractions and exponents are no whole numbers here, and
/// each number is written in one way, in a path and a query as well.
pub(crate) fn number(raw: &str) -> Option<u64> {
    souk_chat::id::decimal(raw).filter(|number| *number <= crate::limits::ID_MAX)
}

fn missing(name: &str) -> Error {
    Error::bad_request(format!("{name} is missing"))
}

fn wrong(name: &str, expected: &str) -> Error {
    Error::bad_request(format!("{name} must be {expected}"))
}

struct Known<const N: usize> {
    names: [&'static str; N],
}

impl<'de, const N: usize> Visitor<'de> for Known<N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = [None; N];
        while let Some(key) = map.next_key::<Key<'de>>()? {
            match self.names.iter().position(|name| *name == key.0) {
                Some(place) if values[place].is_some() => {
                    return Err(serde::de::Error::custom(format_args!(
                        "{} stands twice in one object",
                        self.names[place]
                    )));
                }
                Some(place) => values[place] = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(values)
    }
}

/// A key, borrowed where it can be.
#[derive(serde::Deserialize)]
pub(crate) struct Key<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// The entries of the object `field` of free keys, in the order of the text, repeats included. Errors: not an object, more than `most`.
pub(crate) fn pairs<'a>(raw: &'a str, field: &'static str, most: usize) -> Result<Vec<(Cow<'a, str>, &'a str)>, Error> {
    struct Pairs(&'static str, usize);

    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(Cow<'de, str>, &'de str)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some((key, value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                if pairs.len() == self.1 {
                    return Err(serde::de::Error::custom(format_args!("{}: at most {} orders", self.0, self.1)));
                }
                pairs.push((key.0, value.get()));
            }
            Ok(pairs)
        }
    }

    if !json::starts_with(raw, b'{') {
        return Err(wrong(field, "a JSON object"));
    }
    let mut reader = serde_json::Deserializer::from_str(raw);
    let pairs = reader.deserialize_map(Pairs(field, most)).map_err(Unreadable::from)?;
    reader.end().map_err(Unreadable::from)?;
    Ok(pairs)
}
