//! What `souk --help` says.

use std::fmt::Write;

use crate::config::{KEYS, Kind};

const HEAD: &str = r#"realtime order chat for marketplaces

  souk [serve]           run a node; without any setting: alone, on loopback, everything in ./data
  souk config check      read the configuration and say every mistake
  souk config print      show the settings in force, and where each was said
  souk config schema     print a JSON Schema of the configuration file
  souk token --user U [--role client|contractor|admin|service] [--name N] [--locale L] [--ttl 1h]
                         print a token for a person, signed with auth.secret, or with the key
                         that a node which stands alone keeps in its data folder
  souk migrate           make the store's tables, or bring them up to date
  souk new-epoch         after a backup was put back: clients load what is there, whatever their cursors say
  souk backup FILE       copy an SQLite store into a new file, also while a node runs on it
  souk secrets accept    let the store take the secrets in force for right, where the earlier ones are lost, or
                         auth.secret was changed on all nodes of a cluster
  souk moderate          judge messages, one a line on standard input: JSON {"text", "sender"?, "order"?, "at"?,
                         "locale"?} or plain text; prints one line of JSON for each
  souk --help, --version

Settings are said in a TOML file (--config FILE or SOUK_CONFIG), in the environment, and as flags;
the later wins. --node-listen is SOUK_NODE_LISTEN, and `listen` in the file's section [node].

"#;

pub(super) fn text() -> String {
    let mut text = format!("souk {}: {HEAD}", env!("CARGO_PKG_VERSION"));
    for key in KEYS {
        let value = match key.kind {
            Kind::Choice(words) => format!(" {}", words.join("|")),
            Kind::Switch => String::new(),
            Kind::Number => " <number>".to_owned(),
            Kind::Duration => " <60s>".to_owned(),
            Kind::Url => " <address>".to_owned(),
            Kind::Secret | Kind::Text => " <text>".to_owned(),
            Kind::Secrets | Kind::List => " <a,b>".to_owned(),
        };
        let default = key.default.words().replace('`', "");
        writeln!(text, "  {}{value}  [{default}]", key.flag()).expect("a String takes everything");
        writeln!(text, "      {}", key.doc.replace('`', "")).expect("a String takes everything");
    }
    text
}
