//! Whatever is said by a flag is told at the flag.

use super::super::*;
use super::sets;

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
                let flag = format!("--set {}", name.trim());
                assert!(
                    mistakes.list.iter().any(|mistake| mistake.place.to_string() == flag),
                    "{garbage:?} on {text:?}: {mistakes}"
                );
            }
        }
    }
    assert!(wrong > 1000, "{wrong}");
}
