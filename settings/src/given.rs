//! A value as somebody said it, before it is understood.

use super::mistake::{Place, Wrong};

/// A value as said.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// By the environment or the command line, where nothing tells texts from numbers.
    Bare(String),
    /// A text of a file.
    Text(String),
    /// A number of a file.
    Number(String),
    /// `true` or `false` of a file.
    Switch(bool),
    /// A list of a file, and where each of it stands.
    List(Vec<(Place, Given)>),
    /// An entry of a table whose names are not the table's to know.
    Entry {
        /// Its name within the table.
        name: String,
        /// Where it stands.
        place: Place,
        /// Its value.
        value: Box<Given>,
    },
    /// Something else, by what TOML calls it.
    Other(&'static str),
}

impl Given {
    /// The text of one value, whatever its type.
    pub fn scalar(&self) -> Option<&str> {
        match self {
            Self::Bare(text) | Self::Text(text) | Self::Number(text) => Some(text.trim()),
            Self::Switch(true) => Some("true"),
            Self::Switch(false) => Some("false"),
            Self::List(_) | Self::Entry { .. } | Self::Other(_) => None,
        }
    }

    /// The same. Errors: it is several values, or none.
    pub fn single(&self) -> Result<&str, Wrong> {
        self.scalar().ok_or_else(|| Wrong::new(format!("is {}", self.noun()), "say one value"))
    }

    /// Several values: a list, or a text with commas between them. Errors: something in it is no single value.
    pub fn items(&self) -> Result<Vec<&str>, Wrong> {
        let wrong = |item: &Self| Wrong::new(format!("holds {}", item.noun()), "write a list of texts");
        match self {
            Self::List(items) => items.iter().map(|(_, item)| item.scalar().ok_or_else(|| wrong(item))).collect(),
            one => Ok(one.single()?.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()),
        }
    }

    /// A text, in a file or bare. Errors: it is something else than `form`.
    pub fn text(&self, form: &str, example: &str) -> Result<&str, Wrong> {
        match self {
            Self::Bare(text) | Self::Text(text) => Ok(text),
            other => Err(Wrong::new(format!("is {}, and must be {form}", other.noun()), format!("write {example}"))),
        }
    }

    /// The text of a number, in a file or bare. Errors: it is something else.
    pub fn number(&self, example: &str) -> Result<&str, Wrong> {
        match self {
            Self::Bare(text) | Self::Number(text) => Ok(text),
            Self::Text(text) => {
                let help = match text.parse::<f64>() {
                    Ok(number) if number.is_finite() => format!("write {text} without quotation marks"),
                    _ => format!("write a number without quotation marks, like {example}"),
                };
                Err(Wrong::new(format!("is the text {text:?}, and must be a number"), help))
            }
            other => Err(Wrong::new(format!("is {}, and must be a number", other.noun()), format!("write {example}"))),
        }
    }

    /// What it is, in words.
    pub fn noun(&self) -> String {
        match self {
            Self::Bare(text) | Self::Text(text) => format!("the text {text:?}"),
            Self::Number(text) => format!("the number {text}"),
            Self::Switch(_) => "a boolean".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Entry { .. } | Self::Other("table") => "a table".to_owned(),
            Self::Other("datetime") => "a date".to_owned(),
            Self::Other(what) => (*what).to_owned(),
        }
    }
}
