//! Settings of the nodes that a scenario may name. Their values are the node's to judge; their names are checked here, so that a
//! mistake is found before anything starts.

use souk_settings::{Wrong, did_you_mean, nearest};

/// The table in the node's own documentation, which a test there keeps complete.
const REFERENCE: &str = include_str!("../../../node/src/config/REFERENCE.md");

/// Settings and whole sections that the harness decides.
const DECIDED: &[&str] = &[
    "node.listen",
    "node.operator_listen",
    "node.id",
    "node.data_dir",
    "router.",
    "store.",
    "events.",
    "auth.secret",
    "auth.jwks",
    "moderation.secret",
    "moderation.previous_secrets",
];

/// Every setting that a node has.
fn known() -> impl Iterator<Item = &'static str> + Clone {
    REFERENCE.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next())
}

/// Whether a scenario may say this of a node.
pub(super) fn check(name: &str, value: &str) -> Result<(), Wrong> {
    if !known().any(|known| known == name) {
        let help = did_you_mean(nearest(name, known()), "`souk --help` lists them all");
        return Err(Wrong::new(format!("nodes have no setting {name}"), help));
    }
    if DECIDED.iter().any(|decided| *decided == name || decided.ends_with('.') && name.starts_with(decided)) {
        let help = "leave it out, or start the nodes yourself and name them with --target";
        return Err(Wrong::new(format!("{name} is decided by the harness"), help));
    }
    if value.trim().is_empty() {
        return Err(Wrong::new(format!("{name} is empty"), "say a value, or leave the setting out"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nodes_own_table_is_understood() {
        assert!(known().count() > 30 && known().all(|name| name.split('.').count() == 2), "{:?}", known().next());
        for decided in DECIDED {
            assert!(known().any(|name| name.starts_with(decided)), "{decided}");
        }
    }

    #[test]
    fn names_are_checked() {
        assert_eq!(check("limits.messages", "0"), Ok(()));
        let wrong = |name: &str| check(name, "1").unwrap_err().to_string();
        assert_eq!(wrong("limits.mesages"), "nodes have no setting limits.mesages; did you mean limits.messages?");
        assert_eq!(wrong("x"), "nodes have no setting x; `souk --help` lists them all");
        assert!(wrong("store.url").starts_with("store.url is decided by the harness"));
        assert!(check("log.filter", " ").is_err());
    }
}
