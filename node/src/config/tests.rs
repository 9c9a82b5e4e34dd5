use std::ffi::OsString;

use super::*;

const SECRET: &str = "canary-canary-canary-canary-canary";

fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
    let environment = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
    Surroundings { environment, host: "edge1".into(), random: "0badcafe".into() }
}

fn flags(words: &[&str]) -> Flags {
    let command = clap::Command::new("souk").no_binary_name(true).args(Flags::options());
    Flags::of(&command.try_get_matches_from(words).unwrap())
}

/// Loads with a file, variables and flags.
fn read(file: &str, variables: &[(&str, &str)], words: &[&str]) -> Result<Loaded, Mistakes> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("souk.toml");
    std::fs::write(&path, file).unwrap();
    let mut flags = flags(words);
    flags.file.get_or_insert(path);
    load(flags, &surroundings(variables))
}

/// The mistakes, with the folder of the file left out.
fn mistakes(file: &str, variables: &[(&str, &str)], words: &[&str]) -> Vec<String> {
    let Err(mistakes) = read(file, variables, words) else { return Vec::new() };
    let text = |mistake: &Mistake| {
        let text = mistake.to_string();
        text.split_once("/souk.toml").map_or(text.clone(), |(_, rest)| format!("souk.toml{rest}"))
    };
    mistakes.list.iter().map(text).collect()
}

#[test]
fn without_any_configuration_a_node_stands_alone_on_loopback() {
    let config = load(Flags::default(), &surroundings(&[])).map(|loaded| loaded.config).unwrap();
    assert!(
        !config.is_cluster() && config.node.listen.ip().is_loopback() && config.node.operator_listen.port() == 9090
    );
    assert_eq!(config.node.id, "edge1-0badcafe");
    assert_eq!(config.store.engine, StoreEngine::Sqlite("./data/souk.db".into()));
    assert_eq!(config.events.engine, EventsEngine::File("./data/events".into()));
    assert_eq!(config.limits.quota, Quota::default());
    assert_eq!(config.auth.leeway, Duration::from_secs(5));
    assert_eq!(config.moderation.rules.policies, souk_moderation::Policies::default());
    assert_ne!(Config::default().node.id, Config::default().node.id);
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = "[limits]\nmessages = 1\nwindow = \"10s\"\nconnections = 0\n[node]\nlisten = \"127.0.0.1:1001\"";
    let variables = [("SOUK_LIMITS_MESSAGES", "2"), ("SOUK_LIMITS_WINDOW", "20s"), ("SOUK_NODE_ID", "")];
    let config = read(file, &variables, &["--limits-messages=3", "--node-data-dir", "/d"]).unwrap().config;
    assert_eq!(config.limits.quota, Quota { messages: 3, window: Duration::from_secs(20) });
    assert_eq!(config.node.listen.port(), 1001);
    assert_eq!((config.limits.connections, config.limits.connections_per_user.unwrap().get()), (None, 20));
    assert_eq!(config.store.url.expose(), "sqlite:/d/souk.db");
    assert_eq!(config.node.id, "edge1-0badcafe", "an empty variable says nothing");
}

#[test]
fn the_file_is_named_by_flag_or_variable() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("a"), "node.id = \"a\"").unwrap();
    std::fs::write(path("b"), "[node]\nid = \"b\"").unwrap();
    let id = |words: &[&str], variables: &[(&str, &str)]| {
        load(flags(words), &surroundings(variables)).map(|loaded| loaded.config.node.id)
    };
    assert_eq!(id(&[], &[("SOUK_CONFIG", &path("a"))]).unwrap(), "a");
    assert_eq!(id(&["--config", &path("b")], &[("SOUK_CONFIG", &path("a"))]).unwrap(), "b");
    let missing = id(&["--config", &path("c")], &[]).unwrap_err().to_string();
    assert!(missing.contains("cannot be read") && missing.contains("--config or SOUK_CONFIG"), "{missing}");
}

#[test]
fn every_mistake_is_said_at_once_with_its_place() {
    let file = "\
[node]
lisen = \"127.0.0.1:1\"
origins = [\"https://a.example\", \"*\"]
plain = 7

[limts]
messages = 1
[auth]
secret = \"short\"
";
    let variables = [
        ("SOUK_LIMITS_WINDOW", "60"),
        ("SOUK_ROUTER_ULR", "redis://x"),
        ("SOUK_NODE_LISTEN", "0.0.0.0:80"),
        ("SOUK_TEST_REDIS", "x"),
        ("SOUK_REQUIRE", "all"),
        ("SOUK_STACK_DIR", "x"),
        ("SOUK_NODE_SERVICE_HOST", "10.0.0.1"),
        ("SOUK_PORT_8080_TCP_ADDR", "10.0.0.1"),
    ];
    let words = ["--auth-leeway", "45s", "--node-drain-wait=-1s"];
    let expected = [
        "souk.toml:2:1: there is no setting node.lisen; did you mean node.listen?",
        "souk.toml:3:1: node.origins: \"*\" would let every page in; list each origin; write origins as browsers send them: \
         https://market.example or http://localhost:3000",
        "souk.toml:4:1: node.plain: \"7\" is neither yes nor no; write true or false",
        "souk.toml:6:2: there is no section [limts]; did you mean [limits]?",
        "souk.toml:9:1: auth.secret: a secret of 5 bytes can be guessed; use at least 32, for instance what `openssl rand -hex 32` \
         prints",
        "SOUK_LIMITS_WINDOW: \"60\" is not a length of time; write a whole number and its unit: 500ms, 60s, 2m, 1h or 1d",
        "SOUK_ROUTER_ULR: there is no such setting; did you mean SOUK_ROUTER_URL?",
        "--node-drain-wait: \"-1s\" is not a length of time; write a whole number and its unit: 500ms, 60s, 2m, 1h or 1d",
        "--auth-leeway: 45s is too long; write 30s or less",
    ];
    assert_eq!(mistakes(file, &variables, &words), expected);
}

#[test]
fn a_broken_file_is_named_line_by_line_and_its_secrets_are_not_quoted() {
    let file = format!("[auth]\nsecret = \"{SECRET}\nissuer = \"x\"\n[node]\nid = = 3\n");
    let said = mistakes(&file, &[("SOUK_STORE_URL", "cql://u:canary@db/souk")], &[]);
    assert!(said[0].starts_with("souk.toml:2:45: this is not TOML ("), "{said:?}");
    assert!(said.iter().any(|text| text.starts_with("souk.toml:5:6: this is not TOML (")), "{said:?}");
    assert!(said.iter().any(|text| text.starts_with("SOUK_STORE_URL: names a server")), "{said:?}");
    assert!(!said.concat().contains("canary"), "{said:?}");
    let said = mistakes("x = 1\n[nod]\n[node.listen]\na = 1\n[auth]\nissuer = 1979-05-27\njwks = [[1]]", &[], &[]);
    let expected = [
        "souk.toml:1:1: there is no setting x; settings stand in sections: [node], then listen = …",
        "souk.toml:2:2: there is no section [nod]; did you mean [node]?",
        "souk.toml:3:7: node.listen is a table; say one value",
        "souk.toml:6:1: auth.issuer is a date; say one value",
        "souk.toml:7:1: auth.jwks is a list; say one value",
    ];
    assert_eq!(said, expected);
}

/// What is said of a configuration in which only `file` is set, without the words on what to do.
fn refused(file: &str) -> Vec<String> {
    mistakes(file, &[], &[]).into_iter().map(|text| text.split_once(';').unwrap().0.to_owned()).collect()
}

#[test]
fn a_default_that_nodes_would_have_to_share_is_refused_in_a_cluster() {
    let secrets = format!("auth.secret = \"{SECRET}\"\nstore.secret = \"{SECRET}\"\n");
    let redis = "router.url = \"redis://r:6379\"\n";
    let cql = "store.url = \"cql://a:9042/souk\"\n";
    let kafka = "events.url = \"kafka://k:9092\"\n";

    assert_eq!(refused(&format!("{redis}{cql}{kafka}{secrets}")), [""; 0]);
    let config = Config::from_toml(&format!("{redis}{cql}{kafka}{secrets}")).unwrap();
    assert!(config.is_cluster());
    assert_eq!(config.store.engine, StoreEngine::Cql { nodes: vec!["a:9042".into()], keyspace: "souk".into() });

    let said = refused(redis);
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].starts_with("store.url (default): SQLite is a file of one machine"), "{said:?}");
    assert!(said[1].starts_with("events.url (default): with a Redis router"), "{said:?}");
    assert!(said[2].starts_with("auth.secret (default): a key that this node makes up"), "{said:?}");
    let said = refused(cql);
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].starts_with("router.url (default): nodes that share a CQL store"), "{said:?}");
    assert!(said[2].starts_with("store.secret (default): "), "{said:?}");

    // Said in so many words, one node with a shared store and a log of its own are a choice; a shared router and SQLite are not.
    assert_eq!(refused(&format!("router.url = \"local\"\n{cql}{secrets}")), [""; 0]);
    assert_eq!(refused(&format!("{redis}{cql}events.url = \"file:./e\"\n{secrets}")), [""; 0]);
    assert_eq!(refused(&format!("{redis}store.url = \"sqlite:./x\"\n{kafka}{secrets}")).len(), 1);
    // Kafka alone shares nothing.
    assert_eq!(refused(kafka), [""; 0]);
    // Public keys do instead of a secret.
    let jwks = format!("auth.jwks = \"keys.json\"\nstore.secret = \"{SECRET}\"\n");
    assert_eq!(refused(&format!("{redis}{cql}{kafka}{jwks}")), [""; 0]);
}

#[test]
fn plain_listening_beyond_loopback_needs_to_be_said() {
    assert_eq!(
        refused("node.listen = \"0.0.0.0:80\""),
        ["souk.toml:1:6: node.listen: other machines could connect without encryption"]
    );
    assert_eq!(refused("node.listen = \"[::1]:80\"\nnode.operator_listen = \"0.0.0.0:9090\""), [""; 0]);
    let config = read("node.listen = \"0.0.0.0:80\"", &[], &["--node-plain"]).unwrap().config;
    assert!(config.node.plain);
    let said = refused("node.listen = \"localhost:9090\"");
    assert_eq!(said, ["node.operator_listen (default) is where clients connect already"]);
}

#[test]
fn an_address_of_an_engine_is_checked() {
    for bad in [
        "router.url = \"http://x\"",
        "router.url = \"redis://\"",
        "store.url = \"sqlite:\"",
        "store.url = \"mysql://x\"",
        "store.url = \"cql://a/souk\"",
        "store.url = \"cql://a:1\"",
        "store.url = \"cql://a:1/So uk\"",
        "events.url = \"kafka://a\"",
        "events.url = \"kafka://a:1/topic\"",
        "events.url = \"file:?keep=1\"",
        "auth.jwks = \"https://x/keys\"",
        "log.filter = \"a=b=c\"",
        "log.format = \"xml\"",
        "moderation.policy = \"hide\"",
        "moderation.phone = \"shadow\"",
        "node.id = \"a b\"",
        "node.trusted_networks = [\"10.0.0.0/99\"]",
        "limits.window = \"0s\"",
        "moderation.own_hosts = [\"https://a.example\"]",
        "moderation.secret = \"short\"",
        &format!("moderation.secret = \"{SECRET}\"\nstore.secret = \"{SECRET}\""),
        "limits.messages = -1",
        "node.listen = \":80\"",
    ] {
        assert_eq!(refused(bad).len(), 1, "{bad}");
    }
}

#[test]
fn a_category_has_its_own_policy_wherever_the_general_one_was_said() {
    use souk_moderation::{Category, Policy};
    let config = read("moderation.phone = \"refuse\"", &[("SOUK_MODERATION_POLICY", "flag")], &[]).unwrap().config;
    assert_eq!(config.moderation.rules.policies.get(Category::Phone), Policy::Refuse);
    assert_eq!(config.moderation.rules.policies.get(Category::Email), Policy::Flag);
    let shadow =
        Config::from_toml("moderation.policy = \"shadow\"\nmoderation.own_hosts = [\"market.example\"]").unwrap();
    assert!(shadow.moderation.rules.shadow);
    assert_eq!(shadow.moderation.rules.own_hosts, ["market.example"]);
}

#[test]
fn the_operators_words_are_read_with_the_configuration_and_their_mistakes_are_told_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.toml");
    std::fs::write(&path, "[profanity]\nadd = [\"frobnicate\"]\n").unwrap();
    let file = format!("moderation.lexicon = {path:?}");
    assert!(!read(&file, &[], &[]).unwrap().config.moderation.rules.additions.is_empty());
    std::fs::write(&path, "[profanity]\nadd = 7\n[messanger]\nadd = []\n").unwrap();
    let Err(Mistakes { list: mistakes, .. }) = read(&file, &[], &[]) else { panic!("accepted") };
    let places: Vec<String> = mistakes.iter().map(|mistake| mistake.place.to_string()).collect();
    assert_eq!(places, [2, 3].map(|line| format!("{}:{line}", path.display())), "{mistakes:?}");
    assert!(
        mistakes.iter().all(|mistake| mistake.key.as_deref() == Some("moderation.lexicon") && !mistake.help.is_empty())
    );
    std::fs::remove_file(&path).unwrap();
    let Err(mistakes) = read(&file, &[], &[]) else { panic!("accepted") };
    assert!(mistakes.to_string().contains("words.toml: moderation.lexicon: cannot be read"), "{mistakes}");
}

#[test]
fn what_is_printed_shows_places_and_no_secrets() {
    let file = format!("auth.secret = \"{SECRET}\"\nnode.origins = [\"https://a.example\", \"https://b.example\"]\n");
    let variables = [
        ("SOUK_STORE_URL", "cql://ann:canary@db:9042/souk"),
        ("SOUK_STORE_SECRET", SECRET),
        ("SOUK_STORE_PREVIOUS_SECRETS", SECRET),
        ("SOUK_EVENTS_URL", "kafka://k:9092"),
    ];
    let loaded = read(&file, &variables, &["--router-url", "redis://u:canary@r:6379", "--limits-messages=0"]).unwrap();
    let printed = print(&loaded);
    let golden: String = printed
        .lines()
        .map(|line| match line.find("  # /") {
            Some(at) => format!("{}  # souk.toml{}\n", &line[..at], &line[line.find("souk.toml:").unwrap() + 9..]),
            None => format!("{line}\n"),
        })
        .collect();
    compare("config/testdata/print.toml", &golden);
    let all = format!("{printed}{:?}", loaded.config);
    assert!(!all.contains("canary"), "{all}");
    assert!(printed.parse::<toml::Table>().is_ok(), "what is printed is TOML");
}

#[test]
fn the_list_of_settings_is_the_table() {
    compare("config/REFERENCE.md", &reference());
    let schema = schema();
    for key in TABLE.keys {
        let property = &schema["properties"][key.section()]["properties"][key.leaf()];
        assert_eq!(property["x-environment"], TABLE.variable(key).as_str(), "{}", key.name);
        assert!(property["default"].is_null() != property["x-default"].is_null(), "{}", key.name);
        assert!(key.doc.ends_with('.') && key.name.matches('.').count() == 1, "{}", key.name);
    }
}

#[test]
fn no_setting_is_taken_for_something_else() {
    let unheard: Vec<_> =
        TABLE.keys.iter().filter(|key| sources::is_no_setting(&TABLE.variable(key))).map(|key| key.name).collect();
    assert!(unheard.is_empty(), "never read from the environment: {unheard:?}");
}

/// Compares with a file of this folder; `SOUK_TEST_BLESS=1` writes it instead.
fn compare(file: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
    if std::env::var_os("SOUK_TEST_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "SOUK_TEST_BLESS=1 writes {file} anew");
}
