//! Ids of the domain as JSON text, for `#[serde(with = …)]`.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::Visitor;
use serde::{Deserializer, Serializer};
use souk_chat::IdError;

pub(crate) fn serialize<T: fmt::Display, S: Serializer>(id: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err = IdError>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(Text(PhantomData))
}

struct Text<T>(PhantomData<T>);

impl<T: FromStr<Err = IdError>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// An id as an element of something else.
#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id<T>(pub(crate) T);

impl<T: fmt::Display> serde::Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.0, serializer)
    }
}

impl<'de, T: FromStr<Err = IdError>> serde::Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer).map(Self)
    }
}

/// An id or `null`.
pub(crate) mod optional {
    use super::*;
    use serde::Deserialize;

    pub(crate) fn serialize<T: fmt::Display, S: Serializer>(id: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => super::serialize(id, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err = IdError>,
        D: Deserializer<'de>,
    {
        Ok(Option::<Id<T>>::deserialize(deserializer)?.map(|id| id.0))
    }
}

/// A list of ids.
pub(crate) mod list {
    use super::*;
    use serde::Deserialize;

    pub(crate) fn serialize<T: fmt::Display, S: Serializer>(ids: &[T], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(ids.iter().map(Id))
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
    where
        T: FromStr<Err = IdError>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<Id<T>>::deserialize(deserializer)?.into_iter().map(|id| id.0).collect())
    }
}

/// An object whose keys are ids, kept in the order of the ids.
pub(crate) mod keys {
    use std::collections::BTreeMap;

    use super::*;
    use serde::{Deserialize, Serialize};

    pub(crate) fn serialize<T, V, S>(map: &BTreeMap<T, V>, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: fmt::Display + Ord,
        V: Serialize,
        S: Serializer,
    {
        serializer.collect_map(map.iter().map(|(id, value)| (Id(id), value)))
    }

    pub(crate) fn deserialize<'de, T, V, D>(deserializer: D) -> Result<BTreeMap<T, V>, D::Error>
    where
        T: FromStr<Err = IdError> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        let map = BTreeMap::<Id<T>, V>::deserialize(deserializer)?;
        Ok(map.into_iter().map(|(id, value)| (id.0, value)).collect())
    }
}
