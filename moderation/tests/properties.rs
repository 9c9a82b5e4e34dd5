//! Properties of every verdict, over texts made to look like contacts and over any text at all.

use std::sync::LazyLock;

use proptest::prelude::*;
use souk_moderation::{Locale, Policy, Rules};

mod checks;

static MASKING: LazyLock<Rules> = LazyLock::new(|| checks::rules(Policy::Mask, false));
static SHADOW: LazyLock<Rules> = LazyLock::new(|| checks::rules(Policy::Mask, true));

fn locale() -> impl Strategy<Value = Locale> {
    prop_oneof![Just(Locale::En), Just(Locale::Fr), Just(Locale::Ru)]
}

/// Pieces of contacts, of what looks like them, and of what stands around them, put together without care.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "514",
        "555",
        "0199",
        "5145550199",
        "514-555-0199",
        "(514) 555-0199",
        "+1",
        "+7",
        "8",
        "7",
        "912",
        "345",
        "67",
        "89",
        "89123456789",
        "06",
        "12",
        "0612345678",
        "00",
        "33",
        "011",
        "+33 6 12 34 56 78",
        "5",
        " ",
        " ",
        " ",
        "-",
        "-",
        ".",
        ".",
        ",",
        "(",
        ")",
        "+",
        "/",
        ":",
        "@",
        "@",
        "#",
        "№",
        "$",
        "*",
        "***",
        "[",
        "]",
        "[link removed]",
        "\n",
        "\u{A0}",
        "–",
        "_",
        "=",
        "?",
        "&",
        "a",
        "b",
        "bob",
        "bob@x.com",
        "www.",
        "www.foo.bar",
        "http://",
        "https://",
        "://",
        "market.example",
        "https://market.example",
        "example",
        ".com",
        ".fr",
        ".it",
        "com",
        "fr",
        "in",
        "it",
        "md",
        "zip",
        ".Com",
        ".It",
        "example.com",
        "example.in",
        "почта",
        ".рф",
        "вася",
        "call ",
        "order ",
        "invoice ",
        "заказ ",
        "тел",
        " mm",
        " руб",
        "é",
        "🙂",
        "\u{301}",
        "\\",
        "'",
        "!",
        "…",
        "ORD-1",
        "five ",
        "one four ",
        "девять ",
        "восемьсот ",
        "quatre-vingt ",
        "cent ",
        " then ",
        "５",
        "④",
        "O",
        "l",
        "\u{200B}",
        " dot ",
        " point ",
        " точка ",
        " собака ",
        " at ",
        "gmail",
        "сом",
        "g m a i l",
        "telegram",
        " вотсап ",
        "insta",
        "write me on ",
        "пиши в ",
        "ivan_77",
        "fuck",
        "сука",
        "merde",
        "f*ck",
        "kill you",
        "idiot",
        "t.me/",
        "hxxp://",
        "[.]",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn order() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("5145550199".to_owned()),
        Just("555".to_owned()),
        Just("ORD-1".to_owned()),
        Just("514-555-0199".to_owned()),
        Just("example.com".to_owned()),
        "[a-z0-9.-]{1,8}",
    ]
}

proptest! {
    #[test]
    fn contacts_put_together_without_care(text in pieces(), order in order(), locale in locale()) {
        checks::hold(&MASKING, &SHADOW, &text, &order, locale);
    }

    #[test]
    fn signs_of_contacts(text in "[0-9+(). ,@:/a-cxом*\\[-]{0,60}", locale in locale()) {
        checks::hold(&MASKING, &SHADOW, &text, "", locale);
    }

    #[test]
    fn any_text(text in any::<String>(), order in any::<String>(), locale in locale()) {
        checks::hold(&MASKING, &SHADOW, &text, &order, locale);
    }
}

/// One long text takes no more than many short ones of the same length together. Both sides of a round run under the
/// same load; one good round is enough, for what is quadratic takes 32 times as long in every one.
#[test]
fn time_is_linear() {
    const SHORT: usize = 4 << 10;
    const TIMES: usize = 32;
    let context = souk_moderation::Context { locale: Locale::En, order: "1", earlier: &[] };
    let pieces = [
        "a.",
        "@",
        "a@",
        "1",
        "1 ",
        "1-",
        "(1",
        "://",
        "a://b",
        "https://market.example/",
        "a.com/",
        "+1",
        "[",
        "1.a@",
        "+1.",
        "514 555 0199 ",
        "a@b.fr ",
        "x@y.com+",
        "market.example/",
        "five ",
        "five one four ",
        "пять сто двадцать ",
        "5*",
        "5 $",
        "a b c ",
        "g m a i l . c o m ",
        "x dot com ",
        "ivan at gmail ",
        "write me on telegram ",
        "telegram ivan_77 ",
        "@ivan_77 ",
        "f u c k ",
        "f*ck ",
        "I will kill you ",
        "ааа",
        "tеlеgrаm ",
        "514\n",
        "five\n",
        "one ",
        "1 one ",
        "5fiveone",
    ];
    for piece in pieces {
        let time = |bytes: usize, runs: usize| {
            let text = piece.repeat(bytes / piece.len());
            let start = std::time::Instant::now();
            for _ in 0..runs {
                std::hint::black_box(MASKING.moderate(&text, &context));
            }
            start.elapsed()
        };
        let linear = (0..10).any(|_| time(SHORT * TIMES, 1) < time(SHORT, TIMES) * 5);
        assert!(linear, "{piece:?}");
    }
}
