//! How long one message takes: `cargo bench -p souk-moderation`. Prints nanoseconds; nothing is asserted.
#![allow(clippy::print_stdout, reason = "the figures are this program's answer")]

use std::hint::black_box;
use std::time::Instant;

use souk_moderation::{Context, Earlier, Locale, Rules, Settings};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

const RUNS: usize = 50_000;

/// Texts that are built to be hard, repeated up to the length of the longest message.
const HARD: &[&str] = &[
    "1 ",
    "a.",
    "a@",
    "://",
    "514 555 0199 ",
    "https://market.example/",
    "a.com,",
    "+1",
    "five ",
    "5 one ",
    "x dot com ",
    "g m a i l ",
    "telegram ivan_77 ",
    "@ivan_77 ",
    "f u c k ",
    "f*ck ",
    "I will kill you ",
    "your dog poison pay or ",
    "pay or your wife your boss sees ",
    "твоя собака яд плати или ",
    "tеlеgrаm ",
    "пять сто двадцать ",
    "５",
    "a\u{336}",
    "5$",
];
const LONGEST: usize = 4096;

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
    (
        "clean French",
        "Bonjour! L’armoire est prête, je livre vendredi entre 10 h et midi, total 1 250 $ avec l’acompte, l’étage compris.",
    ),
    (
        "words",
        "Hi, the cabinet is ready. Call me: five one four, five five five, zero one nine nine, and I deliver it on Friday, ok?",
    ),
    (
        "disguised",
        "Напишите мнe в тeлегpaм @ivan_master77 или на почту ivan77 собака яндекс точка ру, тел. ８ ９１６ ①②③-④⑤-67, спасибо!",
    ),
    (
        "profanity",
        "This is a f*cking joke, the w0rk is sh1t and you are an idiot. Come back on Friday or I want my money back now.",
    ),
];

/// The window of a number that is dictated.
const EARLIER: &[&str] = &[
    "Hi, the cabinet is ready.",
    "I can deliver it on Friday between 10:00 and 12:30, total 1,250.00 with the deposit.",
    "my number is 514",
    "then 555",
];

fn main() {
    let own_hosts = vec!["market.example".to_owned()];
    let rules = Rules::new(Settings { own_hosts, ..Settings::default() }).expect("a good host");
    let context = Context { locale: Locale::En, order: "A-1042", earlier: &[] };
    println!("{:16} {:>6} {:>8} {:>8} {:>9} {:>7}", "ns a message", "chars", "p50", "p99", "p99.9", "allocs");
    for (name, text) in MESSAGES {
        report(name, &rules, text, &context);
    }
    let earlier: Vec<Earlier<'_>> = EARLIER.iter().map(|text| Earlier { text, at_ms: 0 }).collect();
    corpus(&rules, &context);
    report("with a window", &rules, "and 0199, call me", &Context { earlier: &earlier, ..context });
    let mut hard: Vec<(u128, &str)> = HARD
        .iter()
        .map(|piece| {
            let text = piece.repeat(LONGEST / piece.len());
            ((0..100).map(|_| time(&rules, &text, &context)).min().unwrap_or_default(), *piece)
        })
        .collect();
    hard.sort_unstable_by(|a, b| b.cmp(a));
    for (nanos, piece) in hard {
        println!("4 KiB of {piece:?}: {nanos}");
    }
}

/// Every message of the corpus that is as long as the goal says, so that no kind of it weighs more than people write it here.
fn corpus(rules: &Rules, context: &Context<'_>) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let files = std::fs::read_dir(folder).expect("the corpus is beside this file").flatten().map(|file| file.path());
    let jsonl = files.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    let lines = jsonl.map(|path| std::fs::read_to_string(path).expect("the corpus can be read"));
    let text = |line: &str| serde_json::from_str::<serde_json::Value>(line).ok()?["text"].as_str().map(str::to_owned);
    let texts: Vec<String> = lines.flat_map(|lines| lines.lines().filter_map(text).collect::<Vec<_>>()).collect();
    let long: Vec<&String> = texts.iter().filter(|text| (60..=200).contains(&text.chars().count())).collect();
    let mut times: Vec<u128> =
        long.iter().map(|text| (0..5).map(|_| time(rules, text, context)).min().unwrap_or(0)).collect();
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 1000];
    println!("{:16} {:>6} {:>8} {:>8} {:>9} {:>7}", "the corpus", "60-200", at(500), at(990), at(999), "");
    println!("({} messages of the corpus, each the least of five)", times.len());
}

fn report(name: &str, rules: &Rules, text: &str, context: &Context<'_>) {
    // The first call in a process compiles the lexicon.
    black_box(rules.moderate(text, context));
    let region = Region::new(ALLOCATOR);
    black_box(rules.moderate(text, context));
    let allocations = region.change().allocations;
    let mut times: Vec<u128> = (0..RUNS).map(|_| time(rules, text, context)).collect();
    times.sort_unstable();
    let at = |share: usize| times[RUNS * share / 1000];
    let (p50, p99, tail) = (at(500), at(990), at(999));
    println!("{name:16} {:>6} {p50:>8} {p99:>8} {tail:>9} {allocations:>7}", text.chars().count());
}

fn time(rules: &Rules, text: &str, context: &Context<'_>) -> u128 {
    let start = Instant::now();
    black_box(rules.moderate(black_box(text), context));
    start.elapsed().as_nanos()
}
