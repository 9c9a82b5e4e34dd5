use super::*;

const FILE: &str = r#"
scenario = "steady"
rounds = 5
[set]
"people.orders" = 1000
load.rate = 2e3
load.duration = "20s"
[[contestant]]
name = "souk, alone (SQLite)"
souk = "alone"
[[contestant]]
name = "souk, two nodes"
souk = "cluster"
nodes = 2
carrier = "socketio"
[[contestant]]
name = "Socket.IO 4.8 on Node 20"
prepare = ["./prepare", "socketio"]
start = ["node", "socketio/server.mjs", "--listen", "{listen}", "--redis", "{redis}"]
nodes = 2
carrier = "socketio"
"#;

fn mistakes(text: &str) -> Vec<String> {
    let mistakes = CompareFile::parse(Path::new("c.toml"), text).unwrap_err();
    mistakes.list.iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_is_understood() {
    let file = CompareFile::parse(Path::new("/d/c.toml"), FILE).unwrap();
    assert_eq!((file.scenario.as_str(), file.rounds), ("steady", 5));
    let knob = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let knobs = [knob("people.orders", "1000"), knob("load.rate", "2e3"), knob("load.duration", "20s")];
    assert_eq!(file.set, knobs);
    let [alone, cluster, peer] = &file.contestants[..] else { panic!() };
    let expected = Contestant::Souk {
        name: "souk, alone (SQLite)".to_owned(),
        engines: Engines::Alone,
        nodes: None,
        carriers: Carriers::BOTH,
    };
    assert_eq!(*alone, expected);
    let expected = Contestant::Souk {
        name: "souk, two nodes".to_owned(),
        engines: Engines::Cluster,
        nodes: Some(2),
        carriers: Carriers::SOCKETIO,
    };
    assert_eq!(*cluster, expected);
    let Contestant::Peer(spec) = peer else { panic!() };
    assert_eq!((peer.name(), spec.nodes, spec.history), ("Socket.IO 4.8 on Node 20", 2, false));
    assert_eq!((spec.folder.as_path(), spec.carriers), (Path::new("/d"), Carriers::SOCKETIO));
    assert_eq!((spec.prepare.len(), spec.start.len(), spec.needs_redis()), (2, 6, true));
}

#[test]
fn every_mistake_is_told_with_its_line_and_remedy() {
    let text = r#"
scenaro = "steady"
rounds = 0
[set]
"people.orders" = [1]
[[contestant]]
nam = "x"
souk = "lone"
history = true
[[contestant]]
name = "y"
start = ["node"]
nodes = 2
carrier = "both"
[[contestant]]
name = "z"
"#;
    let expected = [
        "c.toml:1:1: scenario is missing; write scenario = \"steady\"",
        "c.toml:2:1: scenaro is not known; did you mean scenario?",
        "c.toml:3:1: rounds cannot be 0; write a whole number, 1 to 100",
        "c.toml:5:1: set.people.orders cannot be of this type; write a text, a number, true or false",
        "c.toml:6:1: contestant.name is missing; write name = \"…\", which stands in the table",
        "c.toml:7:1: contestant.nam is not known; did you mean contestant.name?",
        "c.toml:8:1: contestant.souk cannot be \"lone\"; write one of \"alone\", \"cluster\"",
        "c.toml:9:1: history is for servers that are not souk; take it out",
        "c.toml:12:1: start lacks {listen}, which becomes the address to listen on; write it as in \"--listen\", \"{listen}\"",
        "c.toml:13:1: several servers find each other by a Redis, and start lacks {redis}, which becomes its address; write it as in \"--redis\", \"{redis}\"",
        "c.toml:14:1: contestant.carrier cannot be \"both\"; write one of \"socketio\", \"plain\"",
        "c.toml:15:1: it is not said what this contestant is; write souk = \"alone\" or \"cluster\", or start = [\"program\", …] for a server that is not souk",
    ];
    assert_eq!(mistakes(text), expected);
}

#[test]
fn contestants_must_make_sense_together() {
    let two = "scenario = \"s\"\n[[contestant]]\nname = \"a\"\nsouk = \"alone\"\nnodes = 2\n[[contestant]]\nname = \"a\"\nsouk = \"alone\"\nstart = []\n[[contestant]]\nname = \"a\"\nsouk = \"cluster\"";
    assert_eq!(
        mistakes(two),
        [
            "c.toml:5:1: a souk that stands alone is one node; take nodes out, or write souk = \"cluster\"",
            "c.toml:8:1: a contestant has either souk or start; take one of them out",
            "c.toml:11:1: two contestants are called \"a\"; give them different names",
        ]
    );
    let none = mistakes("scenario = \"s\"");
    assert!(none[0].starts_with("c.toml:1:1: contestant is missing; write [[contestant]]"), "{none:?}");
    let peer = "scenario = \"s\"\n[[contestant]]\nname = \"a\"\nstart = [\"x\", \"{listen}\"]";
    assert_eq!(
        mistakes(peer),
        ["c.toml:2:1: contestant.carrier is missing; write carrier = \"socketio\" or \"plain\""]
    );
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    let found = mistakes("scenario = \"s\"\nrounds = = 3\n[[contestant]]\nname = \"a\"\nsouk = \"alone\"\nscenario");
    assert!(found.iter().any(|text| text.starts_with("c.toml:2:")), "{found:?}");
    assert!(found.iter().any(|text| text.starts_with("c.toml:6:")), "{found:?}");
    let error = CompareFile::read(Path::new("/nowhere/c.toml")).unwrap_err().to_string();
    assert!(error.contains("/nowhere/c.toml: cannot be read ("), "{error}");
}

#[test]
fn the_files_that_ship_are_understood() {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/peers");
    for name in ["alone.toml", "cluster.toml"] {
        let file = CompareFile::read(&peers.join(name)).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert!(file.contestants.len() > 1, "{name}");
        let redis = |contestant: &Contestant| match contestant {
            Contestant::Peer(spec) => Some(spec.needs_redis()),
            Contestant::Souk { .. } => None,
        };
        let redis: Vec<bool> = file.contestants.iter().filter_map(redis).collect();
        assert!(redis.iter().all(|needed| *needed == (name == "cluster.toml")), "{name}");
    }
}
