//! A configuration as it stands, and the list of what can be set.

use std::fmt::Write;

use super::engine::hide_user;
use super::given::Given;
use super::key::{Fallback, Key, Kind};
use super::keys::KEYS;
use super::load::Loaded;

/// Every setting in force as TOML, with the place where it was said. Secrets are shown as `***`, and so are user names and passwords
/// in addresses.
pub fn print(loaded: &Loaded) -> String {
    let mut out = String::from("# The settings in force, and where each was said. Secrets are not shown.\n");
    let mut section = "";
    for key in KEYS {
        if section != key.section() {
            section = key.section();
            line(&mut out, format_args!("\n[{section}]"));
        }
        match loaded.values.get(key.name) {
            Some(said) => {
                let value = shown(key, &said.given);
                line(&mut out, format_args!("{} = {value}  # {}", key.leaf(), said.place));
            }
            None => line(&mut out, format_args!("# {}: {}", key.leaf(), key.default.words().replace('`', ""))),
        }
    }
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a String takes everything");
    out.push('\n');
}

fn shown(key: &Key, given: &Given) -> String {
    match (key.kind, given) {
        (Kind::Secret | Kind::Secrets, _) => quoted("***"),
        (Kind::Url, Given::One(text)) => quoted(&hide_user(text.trim())),
        (Kind::Number | Kind::Switch, Given::One(text)) => text.trim().to_owned(),
        (Kind::List, given) => {
            let items: Vec<String> = given.items().into_iter().map(quoted).collect();
            format!("[{}]", items.join(", "))
        }
        (_, Given::One(text)) => quoted(text.trim()),
        (_, Given::Many(items)) => quoted(&items.join(",")),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The list of settings as Markdown: part of this module's documentation, where a test keeps it in step with the table.
pub fn reference() -> String {
    let mut out = String::from("\n| TOML | environment, flag | default | what it does |\n|---|---|---|---|\n");
    for key in KEYS {
        let default = match key.default {
            Fallback::Text(text) => format!("`{text}`"),
            Fallback::Unset(words) => words.to_owned(),
        };
        let cells =
            format_args!("| `{}` | `{}` `{}` | {default} | {} |", key.name, key.variable(), key.flag(), key.doc);
        line(&mut out, cells);
    }
    out
}
