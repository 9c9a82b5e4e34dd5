//! How long one message takes: `cargo bench -p souk-moderation`. Prints nanoseconds; nothing is asserted.
#![allow(clippy::print_stdout, reason = "the figures are this program's answer")]

use std::hint::black_box;
use std::time::Instant;

use souk_moderation::{Context, Locale, Rules, Settings};

const RUNS: usize = 200_000;

const MESSAGES: &[(&str, &str)] = &[
    (
        "clean ASCII",
        "Hi, the cabinet is ready. I can deliver it on Friday between 10:00 and 12:30, total 1,250.00 with the deposit.",
    ),
    (
        "clean Russian",
        "Добрый день! Шкаф готов, привезу в пятницу с 10:00 до 12:30, итого 12 500 руб. с учётом аванса, сборка входит.",
    ),
    (
        "clean digits",
        "Panels 2400x1200x18 mm, 12 pcs, invoice 2024110512, 1 250 000 total, 05.12.2024, code 4829-3017-5800-12, 10 000.",
    ),
    (
        "phone",
        "Hi, the cabinet is ready. Call me at (514) 555-0199 and I deliver it on Friday between 10:00 and 12:30, ok?",
    ),
    (
        "all three",
        "Call +7 912 345-67-89 or write bob@example.com, see https://example.com/a for the photos. Friday at 10:30, ok?",
    ),
];

fn main() {
    let own_hosts = vec!["market.example".to_owned()];
    let rules = Rules::new(Settings { own_hosts, ..Settings::default() }).expect("a good host");
    let context = Context { locale: Locale::En, order: "A-1042", earlier: &[] };
    println!("{:16} {:>6} {:>8} {:>8} {:>9}", "ns a message", "chars", "p50", "p99", "p99.9");
    for (name, text) in MESSAGES {
        let mut times: Vec<u128> = (0..RUNS).map(|_| time(&rules, text, &context)).collect();
        times.sort_unstable();
        let at = |share: usize| times[RUNS * share / 1000];
        println!("{name:16} {:>6} {:>8} {:>8} {:>9}", text.chars().count(), at(500), at(990), at(999));
    }
    for piece in ["1 ", "a.", "a@", "://", "514 555 0199 ", "https://market.example/", "a.com,", "+1"] {
        let text = piece.repeat(4096 / piece.len());
        let best = (0..200).map(|_| time(&rules, &text, &context)).min().unwrap_or_default();
        println!("4 KiB of {piece:?}: {best}");
    }
}

fn time(rules: &Rules, text: &str, context: &Context<'_>) -> u128 {
    let start = Instant::now();
    black_box(rules.moderate(black_box(text), context));
    start.elapsed().as_nanos()
}
