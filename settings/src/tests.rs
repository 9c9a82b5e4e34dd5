//! The table machinery over a small table; what the node's and the scenarios' tables make of it is tested there.

use std::path::Path;
use std::time::Duration;

use super::*;

#[derive(Default)]
struct Shop {
    name: String,
    open: Duration,
    shelves: usize,
    share: f64,
    lit: bool,
    key: String,
    prices: Vec<(String, String)>,
}

fn price(shop: &mut Shop, given: &Given, _: Kind) -> Result<(), Faults> {
    let Given::Entry { name, value, .. } = given else { return Err(Wrong::new("is no table", "write one").into()) };
    shop.prices.push((name.clone(), value.single()?.to_owned()));
    Ok(())
}

static TABLE: Table<Shop> = Table {
    keys: &[
        key("name", Kind::Text, "corner", |s, v, k| put(&mut s.name, Value::read(v, k))),
        key("shop.open", Kind::seconds(1, 36_000), "8h", |s, v, k| put(&mut s.open, Value::read(v, k))),
        key("shop.shelves", Kind::count(1, 40), "4", |s, v, k| put(&mut s.shelves, Value::read(v, k))),
        key("shop.share", Kind::number(0.0, 1.0), "0.5", |s, v, k| put(&mut s.share, Value::read(v, k))),
        key("shop.lit", Kind::Switch, "false", |s, v, k| put(&mut s.lit, Value::read(v, k))),
        Key { default: Fallback::Unset("none"), ..key("prices", Kind::Table("prices"), "", price) },
    ],
    subject: "shop",
    noun: "setting",
    example: "[shop], then lit = true",
    list: "see the sign",
    variables: "SHOP_",
    others: &["street"],
};

static GUARDED: Table<Shop> =
    Table { keys: &[key("door.key", Kind::Secret, "none", |s, v, k| put(&mut s.key, Value::read(v, k)))], ..TABLE };

type Set = fn(&mut Shop, &Given, Kind) -> Result<(), Faults>;

const fn key(name: &'static str, kind: Kind, default: &'static str, set: Set) -> Key<Shop> {
    Key { name, kind, default: Fallback::Text(default), doc: "A test's.", set }
}

fn read(file: &str, variables: &[(&str, &str)], words: &[&str]) -> Result<(Shop, Values), Mistakes> {
    let mut collected = Collected::new(&TABLE, None);
    collected.file(Path::new("shop.toml"), file, Level::File);
    let variables: Vec<_> = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
    collected.environment(&variables, |name| name == "SHOP_WINDOW");
    let command = clap::Command::new("shop").no_binary_name(true).args(TABLE.options());
    collected.flags(TABLE.said_in(&command.try_get_matches_from(words).unwrap()));
    collected.understand(Shop::default, |_, text| text.to_owned()).finish([])
}

fn mistakes(file: &str, variables: &[(&str, &str)], words: &[&str]) -> Vec<String> {
    let mistakes = read(file, variables, words).err().map_or(Vec::new(), |mistakes| mistakes.list);
    mistakes.iter().map(Mistake::to_string).collect()
}

#[test]
fn the_later_wins_and_a_default_is_nobodys() {
    let file = "name = \"x\"\nstreet = 7\n[shop]\nopen = \"1h\"\nshelves = 5\n[prices]\ntea.green = 3";
    let (shop, values) = read(file, &[("SHOP_SHOP_OPEN", "2h"), ("SHOP_NAME", "")], &["--shop-lit"]).unwrap();
    assert_eq!((shop.name.as_str(), shop.open, shop.shelves), ("x", Duration::from_secs(7_200), 5));
    assert_eq!((shop.share, shop.lit, shop.prices), (0.5, true, vec![("tea.green".to_owned(), "3".to_owned())]));
    assert_eq!(values.place("shop.shelves"), Place::File { path: "shop.toml".into(), line: 5, column: 1 });
    assert_eq!(values.place("shop.lit").to_string(), "--shop-lit");
    assert!(!values.is_said("shop.share") && values.is_said("prices.tea.green") && values.get("prices").is_none());
}

#[test]
fn every_mistake_is_told_in_the_order_in_which_it_was_read() {
    let file = "shop = 1\nlit = true\n[shops]\n[prices]\ntea = []\ntea = 5\n";
    let variables = [("SHOP_SHOP_LIGHT", "1"), ("SHOP_WINDOW", "1"), ("SHOP_SHOP_LIT", "yes")];
    let expected = [
        "shop.toml:1:1: shop is a section, and here it is the number 1; write [shop], and below it open, shelves, share, lit",
        "shop.toml:2:1: there is no setting lit; did you mean shop.lit?",
        "shop.toml:3:2: there is no section [shops]; did you mean [shop]?",
        "shop.toml:5:1: prices.tea is a list; say one value",
        "shop.toml:6:1: this is said already; say it once",
        "SHOP_SHOP_LIGHT: there is no such setting; did you mean SHOP_SHOP_LIT?",
        "SHOP_SHOP_LIT: \"yes\" is neither yes nor no; write true or false",
        "--shop-open: 11h is too long; write 10h or less",
        "--shop-shelves: -1 is too little; write 1 or more",
    ];
    assert_eq!(mistakes(file, &variables, &["--shop-shelves", "-1", "--shop-open=11h"]), expected);
}

#[test]
fn nothing_of_a_torn_secret_is_told() {
    let torn = "[door]\nkey = \"\ncanary = 1\nkey2 = 2";
    let mut collected = Collected::new(&GUARDED, None);
    collected.file(Path::new("shop.toml"), torn, Level::File);
    let Err(mistakes) = collected.understand(Shop::default, |_, text| text.to_owned()).finish([]) else { panic!() };
    assert!(mistakes.list.iter().all(|mistake| mistake.what.starts_with("this is not TOML (")), "{mistakes}");
    assert!(!mistakes.to_string().contains("canary"), "{mistakes}");
}

#[test]
fn values_are_read_as_they_are_written() {
    let kind = Kind::millis(0, u64::MAX);
    for (text, millis) in [("1500ms", 1_500), ("2m", 120_000), ("1d", 86_400_000), ("0", 0), ("5 s", 5_000)] {
        let read = Duration::read(&Given::Text(text.into()), kind).unwrap();
        assert_eq!(read, Duration::from_millis(millis), "{text}");
        assert_eq!(Duration::read(&Given::Text(read.write().trim_matches('"').into()), kind), Ok(read));
    }
    for text in ["", "5", "ms", "-5s", "1h1m", "18446744073709551615d"] {
        assert!(Duration::read(&Given::Bare(text.into()), kind).is_err(), "{text}");
    }
    assert_eq!(f64::read(&Given::Bare("-0".into()), Kind::number(0.0, 1.0)).map(|n| n.to_string()), Ok("0".into()));
    assert_eq!("a \"b\"".to_owned().write(), "'a \"b\"'");
}
