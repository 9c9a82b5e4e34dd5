//! A value as somebody said it, before it is understood.

/// A value as said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// One text. Where several are wanted, they are separated by commas.
    One(String),
    /// An array of a TOML file.
    Many(Vec<String>),
}

impl Given {
    /// The one value; an array will not do.
    pub(crate) fn text(&self) -> Result<&str, Wrong> {
        match self {
            Self::One(text) => Ok(text.trim()),
            Self::Many(_) => Err(Wrong::new("is a list", "say one value")),
        }
    }

    /// The values; none for an empty text.
    pub(crate) fn items(&self) -> Vec<&str> {
        match self {
            Self::One(text) => text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect(),
            Self::Many(items) => items.iter().map(|item| item.trim()).collect(),
        }
    }
}

/// Why a value will not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// What is wrong with it, with the value where that is no secret.
    pub(crate) what: String,
    /// What to say instead.
    pub(crate) help: String,
}

impl Wrong {
    pub(crate) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }
}
