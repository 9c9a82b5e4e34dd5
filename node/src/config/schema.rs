//! The settings as a JSON Schema, for editors that check a TOML file while it is written.

use serde_json::{Map, Value, json};

use souk_settings::{Fallback, Key, Kind};

use super::Config;
use super::keys::TABLE;

/// A JSON Schema (draft 2020-12) of the file. `x-environment` and `x-flag` name the other two ways to say a setting.
pub fn schema() -> Value {
    let mut sections = Map::new();
    for key in TABLE.keys {
        let section = sections
            .entry(key.section())
            .or_insert_with(|| json!({ "type": "object", "additionalProperties": false, "properties": {} }));
        section["properties"][key.leaf()] = property(key);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "souk",
        "type": "object",
        "additionalProperties": false,
        "properties": sections,
    })
}

fn property(key: &Key<Config>) -> Value {
    let mut property = match key.kind {
        Kind::Text | Kind::Url => json!({ "type": "string", "minLength": 1 }),
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::Secret => json!({ "type": "string", "minLength": 32, "writeOnly": true }),
        Kind::Secrets => json!({ "type": "array", "items": { "type": "string", "minLength": 32 }, "writeOnly": true }),
        Kind::Count { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Number { least, most } => json!({ "type": "number", "minimum": least, "maximum": most }),
        Kind::Duration { .. } => json!({ "type": "string", "pattern": "^([0-9]+(ms|s|m|h|d)|0)$" }),
        Kind::Switch => json!({ "type": "boolean" }),
        Kind::List(_) => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Table(_) => json!({ "type": "object" }),
    };
    property["description"] = json!(key.doc);
    property["x-environment"] = json!(TABLE.variable(key));
    property["x-flag"] = json!(key.flag());
    match (key.default, key.kind) {
        (Fallback::Unset(words), _) => property["x-default"] = json!(words),
        (Fallback::Text(text), Kind::Count { .. }) => property["default"] = json!(text.parse::<u32>().ok()),
        (Fallback::Text(text), Kind::Switch) => property["default"] = json!(text == "true"),
        (Fallback::Text(text), _) => property["default"] = json!(text),
    }
    property
}
