//! `cargo +nightly fuzz run moderate`: what must hold for every verdict, over whatever the fuzzer thinks of.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use souk_moderation::{Locale, Policy, Rules};

#[path = "../../tests/checks/mod.rs"]
mod checks;

static MASKING: LazyLock<Rules> = LazyLock::new(|| checks::rules(Policy::Mask, false));
static SHADOW: LazyLock<Rules> = LazyLock::new(|| checks::rules(Policy::Mask, true));

fuzz_target!(|input: (u8, &str)| {
    let (choice, input) = input;
    // The first line is the order's id, when the input asks for one.
    let (order, text) = if choice & 4 == 0 { ("", input) } else { input.split_once('\n').unwrap_or(("", input)) };
    let locale = match choice & 3 {
        0 | 1 => Locale::En,
        2 => Locale::Fr,
        _ => Locale::Ru,
    };
    checks::hold(&MASKING, &SHADOW, text, order, locale);
});
