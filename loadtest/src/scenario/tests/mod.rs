mod consistency;
mod garbage;
mod guide;

use std::time::Duration;

use super::knobs::defaults;
use super::*;

fn sets(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(knob, value)| ((*knob).to_owned(), (*value).to_owned())).collect()
}

/// The mistakes of a text with flags, as they are printed.
fn mistakes(text: &str, flags: &[(&str, &str)]) -> Vec<String> {
    let Err(mistakes) = Scenario::parse("my.toml", text, &sets(flags)) else { return Vec::new() };
    mistakes.list.iter().map(Mistake::to_string).collect()
}

/// A file whose every line was written by [`Scenario::knobs`].
fn as_file(scenario: &Scenario) -> String {
    scenario.knobs().iter().map(|(knob, value)| format!("{knob} = {value}\n")).collect()
}

#[test]
fn every_shipped_scenario_is_right_and_reads_the_same_from_its_own_knobs() {
    for name in shipped::names() {
        let scenario = Scenario::load(name, &[]).unwrap_or_else(|mistakes| panic!("{name}: {mistakes}"));
        assert_eq!(scenario.name, name);
        assert!(!scenario.about.is_empty() && scenario.about.chars().count() < 80, "{name}");
        assert!(scenario.thresholds.iter().any(|threshold| threshold.text == "violations == 0"), "{name}");
        assert!(scenario.takes() < Duration::from_secs(120), "{name} takes {:?}", scenario.takes());
        assert_eq!(Scenario::parse(name, &as_file(&scenario), &[]).unwrap(), scenario);
        // So do flags, over a file that says nothing.
        let flags: Vec<_> = scenario.knobs().into_iter().collect();
        assert_eq!(Scenario::parse(name, "", &flags).unwrap(), scenario, "{name}");
        // And a file that only begins with it.
        let based = Scenario::parse("my.toml", &format!("base = {name:?}"), &[]).unwrap();
        assert_eq!(based, Scenario { name: "my".into(), ..scenario });
        assert!(!shipped::find(name).unwrap().contains("\nbase"), "{name}: a shipped scenario stands by itself");
    }
}

#[test]
fn shipped_sizes_are_what_they_say() {
    let devices = |name| Scenario::load(name, &[]).unwrap().devices();
    assert_eq!(devices("steady"), 1000);
    assert_eq!(devices("rate-limit"), 200 + 120);
    assert_eq!(devices("reconnect-storm"), 2000);
    assert_eq!(devices("fan-out"), 4 * 252);
    assert_eq!(devices("mixed"), 300 * 5);
    let limit = Scenario::load("rate-limit", &[]).unwrap();
    assert_eq!(limit.quota(), Some((20, Duration::from_secs(60))));
    assert!(
        limit.load.duration.as_secs_f64() >= limit.limit.windows * 60.0,
        "calm talk as long as the limit is tested"
    );
}

#[test]
fn a_file_that_says_nothing_is_the_defaults() {
    let scenario = Scenario::parse("nothing.toml", "# nothing", &[]).unwrap();
    assert_eq!(scenario, Scenario { name: "nothing".into(), ..defaults() });
    assert_eq!(Scenario::parse("x", &as_file(&scenario), &[]).unwrap().knobs(), scenario.knobs());
}

#[test]
fn every_kind_of_value_is_read() {
    let text = r#"
        base = "steady"
        about = "mine"
        thresholds = ["lost == 0"]
        [people]
        orders = 1_000
        socketio = 1
        placement = "together"
        [nodes.settings]
        "limits.window" = "10s"
        limits.messages = 7
        moderation = { policy = "off", own_hosts = ["a.example", "b.example"] }
        node.plain = true
    "#;
    let flags = [
        ("load.warm", "1500ms"),
        ("load.rate", "0.5"),
        ("thresholds", "sent > 0, lost == 0"),
        ("nodes.engines", "alone"),
    ];
    let scenario = Scenario::parse("a/b/my.toml", text, &sets(&flags)).unwrap();
    assert_eq!((scenario.name.as_str(), scenario.about.as_str()), ("my", "mine"));
    assert_eq!((scenario.people.orders, scenario.people.placement), (1000, Placement::Together));
    assert_eq!((scenario.people.socketio, scenario.load.rate), (1.0, 0.5));
    assert_eq!((scenario.load.warm, scenario.load.duration), (Duration::from_millis(1500), Duration::from_secs(30)));
    assert_eq!(scenario.thresholds.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(), ["sent > 0", "lost == 0"]);
    assert_eq!((scenario.nodes.engines, scenario.nodes.count), (Engines::Alone, 1));
    for (name, value) in [
        ("limits.window", "10s"),
        ("limits.messages", "7"),
        ("limits.connections_per_ip", "0"),
        ("moderation.policy", "off"),
        ("moderation.own_hosts", "a.example,b.example"),
        ("node.plain", "true"),
    ] {
        assert_eq!(scenario.setting(name), Some(value), "{name}");
    }
    assert_eq!(scenario.quota(), Some((7, Duration::from_secs(10))));
    assert_eq!(Scenario::parse("my", &as_file(&scenario), &[]).unwrap(), scenario);
}

#[test]
fn all_mistakes_are_told_at_once_with_their_places() {
    let text = include_str!("../testdata/mistakes.toml");
    let flags = [
        ("people.ordres", "5"),
        ("load.warm", "soon"),
        ("load", "5"),
        ("load.warm", "5s"),
        ("base", "steady"),
        ("nodes.settings.limits.mesages", "1"),
        ("nodes.settings", "5"),
        ("thresholds", "lost < 1ms, p99_ack < 5ms"),
    ];
    let mistakes = Scenario::parse("mistakes.toml", text, &sets(&flags)).unwrap_err();
    compare("src/scenario/testdata/mistakes.txt", include_str!("../testdata/mistakes.txt"), &format!("{mistakes}\n"));
}

#[test]
fn what_is_not_toml_is_told_with_its_line_and_the_rest_is_read_on() {
    let said = mistakes("[people]\norders = = 5\n[load]\nrat = 5\nrate = 1\nrate = 2\n", &[]);
    assert!(said[0].starts_with("my.toml:2:10: this is not TOML ("), "{said:?}");
    assert!(said.contains(&"my.toml:4:1: there is no knob load.rat; did you mean load.rate?".to_owned()), "{said:?}");
    assert!(said.contains(&"my.toml:6:1: this is said already; say it once".to_owned()), "{said:?}");
    for broken in [
        "[people",
        "a",
        "= 5",
        "[[people]]",
        "x = \"",
        "[load]\nrate = 1e",
        "\u{0}",
        "thresholds = [",
        "[a]\n[a]",
        "base",
    ] {
        assert!(!mistakes(broken, &[]).is_empty(), "{broken}");
    }
}

#[test]
fn columns_count_characters() {
    let said = mistakes("about = \"é\"\nload = { think = \"1s\", \"rät\" = 1, \"tüping\" = 1 }", &[]);
    assert_eq!(
        said,
        [
            "my.toml:2:24: there is no knob load.rät; did you mean load.rate?",
            "my.toml:2:35: there is no knob load.tüping; did you mean load.typing?"
        ]
    );
}

#[test]
fn what_cannot_be_found_is_told_with_what_there_is() {
    let said = |name: &str| Scenario::load(name, &[]).unwrap_err().list[0].to_string();
    assert_eq!(said("staedy"), "staedy: there is no such scenario; did you mean steady?");
    assert!(
        said("zzz").starts_with("zzz: there is no such scenario; souk-loadtest has steady, rate-limit, "),
        "{}",
        said("zzz")
    );
    assert!(said("/nowhere/x.toml").starts_with("/nowhere/x.toml: cannot be read ("), "{}", said("/nowhere/x.toml"));
    assert!(
        said("/").starts_with("/: cannot be read (it is not a regular file); name a scenario's file"),
        "{}",
        said("/")
    );
    assert_eq!(
        mistakes("base = \"staedy\"", &[]),
        ["my.toml:1:1: base: there is no shipped scenario \"staedy\"; did you mean \"steady\"?"]
    );
    assert!(mistakes("base = \"./other.toml\"", &[])[0].contains("is a file, and a base is a shipped scenario"));
    assert!(mistakes("base = 5", &[])[0].contains("base is the number 5, and must be a text"));
}

#[test]
fn a_file_is_loaded_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evening.toml");
    std::fs::write(&path, "base = \"churn\"\n[people]\norders = 0.5").unwrap();
    let path = path.to_str().unwrap();
    let said = Scenario::load(path, &[]).unwrap_err().to_string();
    assert_eq!(
        said,
        format!(
            "the scenario has a mistake:\n  {path}:3:1: people.orders: 0.5 is not a whole number; write 0 to 1000000"
        )
    );
    let scenario = Scenario::load(path, &sets(&[("people.orders", "40")])).map(|scenario| scenario.name);
    assert!(scenario.is_err(), "a flag does not hide what is wrong with the file");
}

/// Compares a file with what it is to be. `SOUK_LOADTEST_WRITE=1` writes it.
fn compare(path: &str, is: &str, due: &str) {
    if std::env::var_os("SOUK_LOADTEST_WRITE").is_some() {
        std::fs::write(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path), due).unwrap();
    } else {
        assert!(
            is == due,
            "{path} is behind: look at the difference after SOUK_LOADTEST_WRITE=1 cargo test -p souk-loadtest\n{due}"
        );
    }
}
