use std::ffi::OsString;
use std::sync::atomic::{AtomicU32, Ordering};

use souk_chat::Role;

use super::*;

static SERVED: AtomicU32 = AtomicU32::new(0);

const ACTIONS: Actions = Actions {
    serve: |config| {
        Box::pin(async move {
            SERVED.fetch_add(1, Ordering::Relaxed);
            match config.node.id.as_str() {
                "broken" => Err("the port is taken".into()),
                "astray" => Err(ServeError::Store(astray()).into()),
                _ => Ok(()),
            }
        })
    },
    migrate: |config| {
        Box::pin(async move {
            match config.node.id.as_str() {
                "astray" => Err(astray().into()),
                _ => Err(std::io::Error::other("no such server").into()),
            }
        })
    },
    new_epoch: |_| Box::pin(async { Err(std::io::Error::other("no such store").into()) }),
    backup: |_, file| Box::pin(async move { Err(format!("copied to {}", file.display()).into()) }),
    accept_secrets: |_| Box::pin(async { Err("accepted".into()) }),
};

/// What only the store can know of the configuration.
fn astray() -> OpenError {
    OpenError::DataCentre { keyspace: "souk".into(), made: Some("east".into()), asked: None }
}

/// Exit status, answer and complaints.
fn souk(words: &[&str], variables: &[(&str, &str)]) -> (u8, String, String) {
    souk_reading(words, variables, "")
}

/// The same with something on standard input.
fn souk_reading(words: &[&str], variables: &[(&str, &str)], input: &str) -> (u8, String, String) {
    let environment = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
    let surroundings = Surroundings { environment, host: "h".into(), random: "r".into() };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = words.iter().map(|word| (*word).to_owned());
    let mut input = input.as_bytes();
    let mut streams = Streams { input: &mut input, out: &mut out, err: &mut err };
    let status = run(args, &surroundings, &ACTIONS, &mut streams);
    (status, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn a_call_without_words_runs_a_node() {
    let before = SERVED.load(Ordering::Relaxed);
    assert_eq!(souk(&[], &[]).0, 0);
    assert_eq!(souk(&["serve", "--node-listen", "127.0.0.1:0"], &[]).0, 0);
    assert_eq!(souk(&["--log-format=json", "serve"], &[]).0, 0);
    let (status, _, err) = souk(&["--node-id", "broken"], &[]);
    assert_eq!((status, err.as_str()), (1, "souk: the port is taken\n"));
    let (status, _, err) = souk(&["migrate"], &[]);
    assert_eq!((status, err.as_str()), (1, "souk: no such server\n"));
    let (status, _, err) = souk(&["new-epoch"], &[]);
    assert_eq!((status, err.as_str()), (1, "souk: no such store\n"));
    assert!(SERVED.load(Ordering::Relaxed) >= before + 4);
}

#[test]
fn what_the_store_finds_wrong_in_the_configuration_is_told_as_other_mistakes_are() {
    for command in ["serve", "migrate"] {
        let (status, _, err) = souk(&[command, "--node-id", "astray"], &[]);
        assert_eq!(status, EXIT_USAGE, "{err}");
        assert!(err.contains("in the data centre east") && err.contains("write dc=east in store.url"), "{err}");
    }
}

#[test]
fn commands_of_several_words_are_read() {
    for (words, said) in [
        (["backup", "/tmp/copy.db"].as_slice(), "souk: copied to /tmp/copy.db\n"),
        (["--node-id", "x", "secrets", "accept"].as_slice(), "souk: accepted\n"),
    ] {
        let (status, _, err) = souk(words, &[]);
        assert_eq!((status, err.as_str()), (1, said));
    }
}

#[test]
fn what_is_called_wrongly_is_told_and_not_run() {
    for (words, said) in [
        (&["serv"][..], "unrecognized subcommand 'serv'\n\n  tip: some similar subcommands exist: 'secrets', 'serve'"),
        (&["frobnicate"], "unrecognized subcommand 'frobnicate'"),
        (&["--node-lisen=x"], "a similar argument exists: '--node-listen'"),
        (&["serve", "now"], "unexpected argument 'now'"),
        (&["-x"], "unexpected argument '-x'"),
        (&["--hlep"], "a similar argument exists: '--help'"),
        (&["--node-id"], "a value is required for '--node-id <TEXT>'"),
        (&["--node-id=a", "--node-id=b"], "'--node-id <TEXT>' cannot be used multiple times"),
        (&["config"], "check   Read the configuration"),
        (&["config", "chekc"], "some similar subcommands exist: 'schema', 'check'"),
        (&["config", "schema", "--x"], "unexpected argument '--x'"),
        (&["backup"], "not provided:\n  <FILE>"),
        (&["backup", "a", "b"], "unexpected argument 'b'"),
        (&["secrets"], "accept  Let the store"),
        (&["secrets", "x"], "unrecognized subcommand 'x'"),
        (&["serve", "--user", "ann"], "unexpected argument '--user'"),
        (&["token"], "not provided:\n  --user <USER>"),
        (&["token", "--user", "a b"], "invalid value 'a b' for '--user <USER>'"),
        (&["token", "--user", "a", "--role", "boss"], "[possible values: client, contractor, admin, service]"),
        (&["token", "--user", "a", "--ttl", "2y"], "is not a length of time"),
        (&["token", "--user", "a", "--user", "b"], "cannot be used multiple times"),
        (&["token", "--user"], "a value is required"),
    ] {
        let (status, out, err) = souk(words, &[]);
        assert!(status == EXIT_USAGE && out.is_empty() && err.contains(said), "{words:?}: {status} {err}");
    }
    let words = ["serve", "--limits-window", "1", "--node-plain"];
    let (status, _, err) = souk(&words, &[("SOUK_NODE_IDD", "x")]);
    let expected = "souk: the configuration has 2 mistakes:
  SOUK_NODE_IDD: there is no such setting; did you mean SOUK_NODE_ID?
  --limits-window: \"1\" is not a length of time; write a whole number and its unit: 500ms, 60s, 2m, 1h or 1d
";
    assert_eq!((status, err.as_str()), (EXIT_USAGE, expected));
}

#[test]
fn a_token_made_in_another_shell_is_taken_by_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let words =
        ["token", "--user", "ann", "--role=contractor", "--name", "Ann Lee", "--ttl", "10m", "--node-data-dir", data];
    let (status, token, err) = souk(&words, &[]);
    assert_eq!((status, err.as_str()), (0, ""));

    let config = Config::from_toml(&format!("node.data_dir = {data:?}")).unwrap();
    let secrets = config.secrets().unwrap();
    assert!(secrets.auth_is_made_up);
    let now = souk_chat::ports::Runtime::now(&crate::runtime::System::default());
    let verifier = Verifier::new(&config.auth, &secrets).unwrap();
    let identity = verifier.verify(token.trim_end(), now).unwrap();
    assert_eq!((identity.actor.user.as_str(), identity.actor.role), ("ann", Role::Contractor));
    assert_eq!(identity.actor.name.as_deref(), Some("Ann Lee"));
    assert!((identity.expires_at.0 - now.0 - 600_000).abs() < 30_000);

    let jwks = concat!(env!("CARGO_MANIFEST_DIR"), "/src/auth/testdata/jwks.json");
    let (status, _, err) = souk(&["token", "--user", "ann", "--auth-jwks", jwks], &[]);
    assert!(status == 1 && err.contains("whoever has the private keys"), "{err}");
}

#[test]
fn the_configuration_is_checked_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let variables = [("SOUK_NODE_DATA_DIR", data.to_str().unwrap())];
    assert_eq!(souk(&["config", "check"], &variables), (0, "the configuration is fine\n".into(), String::new()));
    assert!(!data.exists(), "checking wrote something");
    let (status, out, _) = souk(&["config", "print", "--limits-messages", "7"], &variables);
    assert!(status == 0 && out.contains("messages = 7  # --limits-messages"), "{out}");
    assert!(out.contains("id = \"h-r\"  # default"), "{out}");
    let (status, out, _) = souk(&["config", "schema"], &[]);
    assert!(status == 0 && serde_json::from_str::<serde_json::Value>(&out).is_ok(), "{out}");
    let missing = folder.path().join("none.json");
    let (status, _, err) = souk(&["config", "check", "--auth-jwks", missing.to_str().unwrap()], &variables);
    assert!(status == 1 && err.contains("the key set") && err.contains("cannot be used"), "{err}");
}

/// A pipe with nobody at its other end would keep who opens it waiting for ever.
#[test]
fn a_pipe_in_the_place_of_a_file_is_told_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = souk_testkit::disk::pipe(folder.path());
    std::fs::hard_link(&pipe, folder.path().join("auth.secret")).unwrap();
    let (pipe, data) = (pipe.to_str().unwrap(), folder.path().to_str().unwrap());
    for words in [
        vec!["config", "check", "--config", pipe],
        vec!["config", "check", "--moderation-lexicon", pipe],
        vec!["config", "check", "--auth-jwks", pipe],
        vec!["moderate", "--moderation-lexicon", pipe],
        vec!["token", "--user", "ann", "--node-data-dir", data],
    ] {
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let (done, told) = std::sync::mpsc::channel();
        let called = words.clone();
        std::thread::spawn(move || done.send(souk(&called.iter().map(String::as_str).collect::<Vec<_>>(), &[])));
        let answer = told.recv_timeout(Duration::from_secs(20));
        let (status, out, err) = answer.unwrap_or_else(|_| panic!("{words:?} waits for somebody to write"));
        assert!(status != 0 && out.is_empty() && err.contains("it is not a regular file"), "{words:?}: {status} {err}");
    }
}

#[test]
fn lines_are_judged_by_the_settings_of_moderation_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("souk.toml");
    let text =
        "node.listen = \"nowhere\"\nfrobnicate = 1\n[moderation]\nphone = \"flag\"\nown_hosts = [\"market.example\"]\n";
    std::fs::write(&file, text).unwrap();
    let config = file.to_str().unwrap();
    let broken = [("SOUK_STORE_URL", "frobnicate"), ("SOUK_NODE_IDD", "x"), ("SOUK_MODERATION_EMAIL", "off")];
    let lines = "+1 416 555 0188, https://market.example/x, a@example.org, https://example.org\n";
    let (status, out, err) = souk_reading(&["moderate", "--config", config, "--node-id", "a b"], &broken, lines);
    assert_eq!((status, err.as_str()), (0, ""));
    let out: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(out["flags"], serde_json::json!(["phone", "link"]));
    assert_eq!(out["content"], "+1 416 555 0188, https://market.example/x, a@example.org, [link removed]");

    let (status, out, err) = souk_reading(&["moderate", "--moderation-phone", "hide"], &[], "a\n");
    assert_eq!((status, out.as_str()), (EXIT_USAGE, ""));
    assert!(err.contains("--moderation-phone: \"hide\" is not a policy"), "{err}");
    let (status, _, err) = souk_reading(&["moderate"], &[("SOUK_MODERATION_FONE", "mask")], "a\n");
    assert!(status == EXIT_USAGE && err.contains("did you mean SOUK_MODERATION_PHONE?"), "{err}");
    let (status, out, err) = souk_reading(&["moderate"], &[], "{\"text\"\nb\n");
    assert_eq!((status, err.as_str()), (EXIT_DATA, ""));
    assert_eq!(out.lines().count(), 2, "{out}");
}

#[test]
fn help_and_version_win_over_a_wrong_configuration() {
    for words in [&["--help"][..], &["-h"], &["help"], &["serve", "--help"]] {
        let (status, out, err) = souk(words, &[("SOUK_X", "1")]);
        assert!(status == 0 && err.is_empty() && out.contains("--config <FILE>"), "{words:?}: {err}");
        let is_long = words != ["-h"];
        assert!(config::TABLE.keys.iter().all(|key| out.contains(&key.flag()) == is_long), "{words:?}: {out}");
    }
    for command in ["config", "token", "migrate", "new-epoch", "backup", "secrets", "moderate"] {
        assert!(souk(&["-h"], &[]).1.contains(&format!("\n  {command} ")), "{command}");
    }
    assert_eq!(souk(&["--version"], &[]).1, format!("souk {}\n", env!("CARGO_PKG_VERSION")));
}
