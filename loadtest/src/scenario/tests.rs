use std::time::Duration;

use super::knobs::{defaults, find};
use super::*;

fn sets(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(knob, value)| ((*knob).to_owned(), (*value).to_owned())).collect()
}

/// The mistakes of a text with flags, as they are printed.
fn mistakes(text: &str, flags: &[(&str, &str)]) -> Vec<String> {
    let Err(mistakes) = Scenario::parse("my.toml", text, &sets(flags)) else { return Vec::new() };
    mistakes.0.iter().map(Mistake::to_string).collect()
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
    let text = include_str!("testdata/mistakes.toml");
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
    compare("src/scenario/testdata/mistakes.txt", include_str!("testdata/mistakes.txt"), &format!("{mistakes}\n"));
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
    let said = mistakes("about = \"é\"\nload = { think = \"1s\", rät = 1, tüping = 1 }", &[]);
    assert_eq!(
        said,
        [
            "my.toml:2:24: there is no knob load.rät; did you mean load.rate?",
            "my.toml:2:33: there is no knob load.tüping; did you mean load.typing?"
        ]
    );
}

#[test]
fn what_cannot_be_found_is_told_with_what_there_is() {
    let said = |name: &str| Scenario::load(name, &[]).unwrap_err().0[0].to_string();
    assert_eq!(said("staedy"), "staedy: there is no such scenario; did you mean steady?");
    assert!(
        said("zzz").starts_with("zzz: there is no such scenario; souk-loadtest has steady, rate-limit, "),
        "{}",
        said("zzz")
    );
    assert!(said("/nowhere/x.toml").starts_with("/nowhere/x.toml: cannot be read ("), "{}", said("/nowhere/x.toml"));
    assert!(said("/").starts_with("/: is a folder; name a scenario's file"), "{}", said("/"));
    assert_eq!(
        mistakes("base = \"staedy\"", &[]),
        ["my.toml:1:1: base: there is no shipped scenario \"staedy\"; did you mean \"steady\"?"]
    );
    assert!(mistakes("base = \"./other.toml\"", &[])[0].contains("is a file, and a base is a shipped scenario"));
    assert!(mistakes("base = 5", &[])[0].contains("base: is the number 5, and must be a text"));
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

/// Words that come at any knob: wrong types, wrong numbers, halves of TOML.
const GARBAGE: &[&str] = &[
    "",
    " ",
    "x",
    "-1",
    "0",
    "1",
    "1e400",
    "NaN",
    "inf",
    "-inf",
    "0x10",
    "99999999999999999999999",
    "1.5",
    "5 s",
    "ms",
    "-5s",
    "1h1m",
    "\"",
    "'",
    "\"x\"",
    "\"5s\"",
    "[",
    "[]",
    "[1]",
    "[\"lost == 0\"]",
    "[\"lost\"]",
    "{",
    "{}",
    "{ a = 1 }",
    "{ limits.messages = {} }",
    "true",
    "2020-01-01",
    "é",
    "\u{0}",
    "a = b",
    "lost == 0,,",
    "<",
    "kill",
    "none",
    "µs",
    "9223372036854775808s",
    "18446744073709551615h",
    "\u{202e}",
];

#[test]
fn garbage_for_any_knob_is_told_with_its_flag() {
    let names = KNOBS.iter().map(|knob| knob.name).chain([
        "nodes.settings.limits.messages",
        "people",
        "",
        ".",
        "nodes.settings.",
        "\u{0}",
        "load.",
    ]);
    let mut wrong = 0;
    for name in names {
        for garbage in GARBAGE {
            for text in ["", "base = \"mixed\"", "base = \"ramp\"", "base = \"reconnect-storm\""] {
                let Err(mistakes) = Scenario::parse("my.toml", text, &sets(&[(name, garbage)])) else { continue };
                wrong += 1;
                let flag = format!("--set {name}");
                let own =
                    mistakes.0.iter().filter(|mistake| mistake.place.to_string() == flag.trim_end_matches('\u{1}'));
                // Turning an ingredient off makes what a file says of it senseless: that is told at the file's line as well.
                assert!(
                    own.count() > 0 || find(name).is_some_and(|knob| is_switch(knob.name)),
                    "{name}={garbage:?} on {text:?}: {mistakes}"
                );
            }
        }
    }
    assert!(wrong > 1000, "{wrong}");
}

fn is_switch(name: &str) -> bool {
    matches!(name, "storm.cut" | "ramp.of" | "limit.senders" | "slow.share" | "churn.rate" | "load.rate")
}

#[test]
fn what_makes_no_sense_together_is_told() {
    for (text, flags, at, what) in TOGETHER {
        let said = mistakes(text, flags);
        assert!(said.iter().any(|said| said.starts_with(at) && said.contains(what)), "{text} {flags:?}: {said:#?}");
    }
}

/// A file, flags, where the mistake is told, and a part of it.
type Senseless = (&'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

const TOGETHER: &[Senseless] = &[
    ("people.orders = 0\nload.rate = 0", &[], "my.toml:1:8:", "there is nobody"),
    ("people.orders = 0", &[], "my.toml:1:8:", "50 messages per second, and no orders"),
    ("load.rate = 0.1\nload.duration = \"5s\"", &[], "my.toml:1:6:", "less than one burst"),
    ("load.burst = 21", &[], "my.toml:1:6:", "more than the 20 that the nodes let through"),
    ("", &[("load.rate", "100")], "--set load.rate:", "are 30 from each of 200 people in 60 s"),
    ("nodes.settings.limits.messages = 2", &[], "my.toml:1:23:", "the nodes let through 2"),
    ("connect.rate = 5", &[], "my.toml:1:9:", "200 devices at 5 per second come in 40 s"),
    ("people.devices = 41\nconnect.rate = 1e3", &[], "my.toml:1:8:", "41 devices of one person, and the nodes take 40"),
    ("nodes.engines = \"alone\"\nnodes.count = 2", &[], "my.toml:2:7:", "2 nodes that are alone"),
    ("limit.senders = 2", &[], "my.toml:1:7:", "cannot be a third each"),
    (
        "base = \"rate-limit\"\nnodes.settings.limits.messages = 0",
        &[],
        "my.toml:2:23:",
        "rate limit of nodes that have none",
    ),
    ("limit.windows = 2", &[], "my.toml:1:7:", "does nothing, since limit.senders is off"),
    (
        "base = \"reconnect-storm\"",
        &[("storm.at", "40s")],
        "--set storm.at:",
        "the storm comes at 40s, and the load ends at 40s",
    ),
    (
        "base = \"reconnect-storm\"\nstorm.outage = \"35s\"",
        &[],
        "my.toml:2:7:",
        "what was cut at 10s comes back at 45s",
    ),
    ("base = \"reconnect-storm\"\nstorm = { cut = \"close\", outage = \"5s\" }", &[], "my.toml:2:", "have no outage"),
    ("base = \"reconnect-storm\"", &[("storm.cut", "network")], "--set storm.cut:", "stays away for 0 s"),
    ("base = \"reconnect-storm\"\nstorm.share = 0.5", &[], "my.toml:2:7:", "takes all its devices along"),
    (
        "base = \"reconnect-storm\"",
        &[("nodes.engines", "alone")],
        "--set nodes.engines:",
        "the only node goes and stays away",
    ),
    ("base = \"reconnect-storm\"\nnodes.count = 1", &[], "my.toml:2:7:", "the only node goes and stays away"),
    (
        "base = \"reconnect-storm\"\nnodes.engines = \"auto\"",
        &[],
        "my.toml:2:7:",
        "where the environment names no servers",
    ),
    ("storm = { cut = \"close\", share = 0.001 }", &[], "my.toml:1:", "0.001 of 200 devices is nobody"),
    ("base = \"ramp\"", &[("storm.cut", "close")], "--set storm.cut:", "a ramp and a storm"),
    ("ramp.of = \"rate\"", &[], "my.toml:1:6:", "keeps nothing never finds its end"),
    ("base = \"ramp\"\nramp.to = 100", &[], "my.toml:2:6:", "ends at 100, and begins at 200"),
    ("base = \"ramp\"", &[("ramp.of", "connections")], "--set ramp.of:", "up to 12800 orders, and there are 500"),
    ("base = \"ramp\"\nramp.confirm = \"2s\"", &[], "my.toml:2:6:", "2s confirm less than a step of 5s"),
    ("ramp.keep = [\"lost == 0\"]", &[], "my.toml:1:6:", "does nothing, since ramp.of is off"),
    (
        "base = \"ramp\"\nramp.keep = [\n\"p99_ack < 1s\",\n\"capacity > 1\"]",
        &[],
        "my.toml:4:1:",
        "known of the whole run",
    ),
    ("slow.share = 0.5", &[], "my.toml:1:6:", "0.5 of 0 watchers is nobody"),
    ("base = \"slow-readers\"\nslow.pause = \"40s\"", &[], "my.toml:2:6:", "reads again after the load"),
    (
        "churn = { rate = 100, away = \"3s\" }",
        &[],
        "my.toml:1:",
        "300 devices would be away on average, and there are 200",
    ),
    ("churn.half_open = 0.1", &[], "my.toml:1:7:", "does nothing, since churn.rate is off"),
    (
        "thresholds = [\"lost == 0\", \"back_99 < 5s\"]",
        &[],
        "my.toml:1:28:",
        "back_99 can never hold: there is no storm",
    ),
    ("thresholds = [\"lost == 0\", \"lost == 1\"]", &[], "my.toml:1:28:", "is said already of lost"),
    ("thresholds = [\"over_limit == 0\"]", &[], "my.toml:1:15:", "nobody tests the rate limit"),
    ("thresholds = [\"capacity > 5\"]", &[], "my.toml:1:15:", "there is no ramp"),
    ("load.rate = 0", &[("thresholds", "p99_ack < 5ms")], "--set thresholds:", "nobody says anything"),
    (
        "nodes.engines = \"alone\"",
        &[("thresholds", "redis_cpu_per_delivery < 5us")],
        "--set thresholds:",
        "has no Redis",
    ),
    ("storm.cut = \"close\"", &[("thresholds", "p99_ratio < 3")], "--set thresholds:", "the storm cuts everybody"),
];

#[test]
fn what_is_turned_off_by_a_flag_needs_no_change_of_the_file() {
    for (name, flag) in [("churn", ("churn.rate", "0")), ("slow-readers", ("slow.share", "0"))] {
        assert!(Scenario::load(name, &sets(&[flag])).is_ok(), "{name}");
    }
    assert!(Scenario::load("steady", &sets(&[("nodes.engines", "alone")])).is_ok());
    let close = [("storm.cut", "close"), ("storm.share", "0.5"), ("nodes.engines", "alone"), ("nodes.count", "1")];
    assert!(Scenario::load("reconnect-storm", &sets(&close)).is_ok());
    let connections = [("ramp.of", "connections"), ("ramp.to", "5000"), ("people.orders", "5000")];
    assert!(Scenario::load("ramp", &sets(&connections)).is_ok());
}

#[test]
fn every_knob_is_explained() {
    for knob in KNOBS {
        assert!(knob.doc.ends_with('.') && knob.doc.len() > 10, "{}", knob.name);
        assert!(find(knob.name).is_some() && KNOBS.iter().filter(|other| other.name == knob.name).count() == 1);
    }
    assert!(describe_knobs().lines().all(|line| line.chars().count() <= 110), "{}", describe_knobs());
    assert!(list().lines().count() == 1 + shipped::names().len() && list().contains("1,000"), "{}", list());
    assert!(describe_figures().contains("p99_receive"));
}

#[test]
fn the_guide_has_every_knob_and_figure() {
    let guide = include_str!("../../SCENARIOS.md");
    let mut due = guide.to_owned();
    for (name, table) in [
        ("knobs", describe::knob_table()),
        ("figures", describe::figure_table()),
        ("list", format!("```\n{}```\n", list())),
    ] {
        let (begin, end) = (format!("<!-- {name}: made by a test -->\n"), format!("<!-- end of {name} -->"));
        let (before, rest) = due.split_once(&begin).expect(name);
        let (_, after) = rest.split_once(&end).expect(name);
        due = format!("{before}{begin}{table}{end}{after}");
    }
    compare("SCENARIOS.md", guide, &due);
}

#[test]
fn examples_of_the_guide_are_right() {
    let guide = include_str!("../../SCENARIOS.md");
    let examples: Vec<&str> = guide.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 4, "{}", examples.len());
    for example in examples {
        let read = Scenario::parse("example.toml", example, &[]);
        assert!(read.is_ok(), "{example}\n{}", read.unwrap_err());
    }
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
