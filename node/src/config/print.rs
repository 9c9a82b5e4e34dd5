//! A configuration as it stands, and the list of what can be set.

use std::fmt::Write;

use souk_settings::{Fallback, Given, Key, Kind, Value};

use super::Config;
use super::engine::hide_user;
use super::keys::TABLE;
use super::load::Loaded;

/// Every setting in force as TOML, with the place where it was said. Secrets are shown as `***`, and so are user names and passwords
/// in addresses.
pub fn print(loaded: &Loaded) -> String {
    let mut out = String::from("# The settings in force, and where each was said. Secrets are not shown.\n");
    let mut section = "";
    for key in TABLE.keys {
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

fn shown(key: &Key<Config>, given: &Given) -> String {
    let text = given.scalar().unwrap_or_default();
    match key.kind {
        Kind::Secret | Kind::Secrets => quoted("***"),
        Kind::Url => quoted(&hide_user(text)),
        Kind::Count { .. } | Kind::Switch => text.to_owned(),
        Kind::List(_) => {
            let items: Vec<String> = given.items().into_iter().flatten().map(quoted).collect();
            format!("[{}]", items.join(", "))
        }
        _ => quoted(text),
    }
}

fn quoted(text: &str) -> String {
    text.to_owned().write()
}

/// The list of settings as Markdown: part of this module's documentation, where a test keeps it in step with the table.
pub fn reference() -> String {
    let mut out = String::from("\n| TOML | environment, flag | default | what it does |\n|---|---|---|---|\n");
    for key in TABLE.keys {
        let default = match key.default {
            Fallback::Text(text) => format!("`{text}`"),
            Fallback::Unset(words) => words.to_owned(),
        };
        let cells =
            format_args!("| `{}` | `{}` `{}` | {default} | {} |", key.name, TABLE.variable(key), key.flag(), key.doc);
        line(&mut out, cells);
    }
    out
}
