//! The scenarios that ship with the program.

/// Their names and texts, in the order in which one would try them.
const SHIPPED: &[(&str, &str)] = &[
    ("steady", include_str!("../../scenarios/steady.toml")),
    ("rate-limit", include_str!("../../scenarios/rate-limit.toml")),
    ("reconnect-storm", include_str!("../../scenarios/reconnect-storm.toml")),
    ("ramp", include_str!("../../scenarios/ramp.toml")),
    ("fan-out", include_str!("../../scenarios/fan-out.toml")),
    ("slow-readers", include_str!("../../scenarios/slow-readers.toml")),
    ("churn", include_str!("../../scenarios/churn.toml")),
    ("mixed", include_str!("../../scenarios/mixed.toml")),
];

/// Their names.
pub fn names() -> Vec<&'static str> {
    SHIPPED.iter().map(|(name, _)| *name).collect()
}

/// The text of the one of this name.
pub fn find(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
