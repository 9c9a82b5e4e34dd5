//! Frames: what stands together in any order, and what they make of threats and of honest talk.

use super::*;

/// Lines that are threats, and lines that are none, written for this test in each language.
const LANGUAGES: [(&str, &str); 3] = [
    (include_str!("threats.en.txt"), include_str!("honest.en.txt")),
    (include_str!("threats.fr.txt"), include_str!("honest.fr.txt")),
    (include_str!("threats.ru.txt"), include_str!("honest.ru.txt")),
];

/// A lexicon with frames of made-up words. They are an operator's, who may write frames too.
fn with(add: &[&str], remove: &[&str]) -> Lexicon {
    let list = |words: &[&str]| words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(",");
    let additions = format!("[threat]\nadd = [{}]\nremove = [{}]", list(add), list(remove));
    Lexicon::new(&Additions::parse(&additions).unwrap())
}

fn found(lexicon: &Lexicon, text: &str) -> Vec<String> {
    said(lexicon, text, Category::Threat)
}

#[test]
fn parts_stand_in_any_order_and_all_between_belongs_to_the_find() {
    let lexicon = with(&["zorg (blip|blop) & quaxel & fnord"], &[]);
    for (text, range) in [
        ("so zorg blip quaxel fnord.", "zorg blip quaxel fnord"),
        ("a fnord, then quaxel and a zorg blop too", "fnord, then quaxel and a zorg blop"),
        ("quaxel zorg blip and a fnord", "quaxel zorg blip and a fnord"),
    ] {
        assert_eq!(found(&lexicon, text), [range], "{text:?}");
    }
    for text in ["zorg blip quaxel", "zorg quaxel fnord", "zorg or blip, quaxel, fnord", "quaxel fnord"] {
        assert!(found(&lexicon, text).is_empty(), "{text:?}");
    }
}

#[test]
fn a_sentence_ends_a_frame_unless_it_goes_across() {
    let (within, across) = (with(&["zorg & quaxel"], &[]), with(&["zorg && quaxel"], &[]));
    for text in ["zorg. And a quaxel", "zorg! quaxel", "a quaxel?\nzorg"] {
        assert!(found(&within, text).is_empty(), "{text:?}");
        assert_eq!(found(&across, text).len(), 1, "{text:?}");
    }
    assert_eq!(found(&within, "zorg. A zorg, a quaxel"), ["zorg, a quaxel"]);
    assert_eq!(found(&across, "zorg, a quaxel"), ["zorg, a quaxel"]);
}

#[test]
fn parts_are_near_each_other_and_do_not_share_words() {
    let (within, across) = (with(&["zorg & quaxel"], &[]), with(&["zorg && quaxel"], &[]));
    let apart = |words: usize| format!("zorg {}quaxel", "la ".repeat(words));
    assert_eq!(found(&within, &apart(14)).len(), 1);
    assert!(found(&within, &apart(15)).is_empty());
    assert_eq!(found(&across, &apart(22)).len(), 1);
    assert!(found(&across, &apart(23)).is_empty());
    let lexicon = with(&["zorg quaxel & quaxel fnord"], &[]);
    assert!(found(&lexicon, "zorg quaxel fnord").is_empty());
    assert_eq!(found(&lexicon, "quaxel fnord zorg quaxel").len(), 1);
    // The same part twice wants it twice.
    let lexicon = with(&["zorg & zorg"], &[]);
    assert!(found(&lexicon, "zorg").is_empty());
    assert_eq!(found(&lexicon, "zorg and zorg"), ["zorg and zorg"]);
}

#[test]
fn an_exception_may_be_a_frame() {
    let lexicon = with(&["zorg quaxel"], &["quaxel & fnord"]);
    assert_eq!(found(&lexicon, "a zorg quaxel"), ["zorg quaxel"]);
    assert!(found(&lexicon, "a fnord and a zorg quaxel").is_empty());
    assert_eq!(found(&lexicon, "a fnord. A zorg quaxel"), ["zorg quaxel"]);
}

#[test]
fn words_of_frames_are_known_disguised() {
    let lexicon = built_in();
    for text in [
        "I'll p o i s o n your dog",
        "your dog, that poisno is for it",
        "I will pоisоn your dоg",
        "я твою собаку о т р а в л ю",
    ] {
        assert!(categories(&lexicon, text).contains(&Category::Threat), "{text:?}");
    }
}

#[test]
fn threats_are_found_and_honest_talk_is_left_alone() {
    let lexicon = built_in();
    let (mut missed, mut wrong) = (Vec::new(), Vec::new());
    for (threats, honest) in LANGUAGES {
        missed.extend(lines(threats).filter(|(_, line)| !categories(&lexicon, line).contains(&Category::Threat)));
        wrong.extend(lines(honest).filter(|(_, line)| categories(&lexicon, line).contains(&Category::Threat)));
        assert!(lines(threats).count() >= 90 && lines(honest).count() >= 120);
    }
    assert!(missed.is_empty(), "missed: {missed:#?}");
    assert!(wrong.is_empty(), "no threats: {wrong:#?}");
}

#[test]
fn many_parts_take_linear_time() {
    let lexicon = built_in();
    let time = |text: &str| {
        let start = std::time::Instant::now();
        finds(&lexicon, text);
        start.elapsed()
    };
    for part in [
        "your dog poison pay or ",
        "your dog. Poison! Pay? ",
        "pay or your wife your wife your boss sees sees ",
        "your kids school alone i know ",
        "твоя собака яд плати или ",
        "ta maison feu paye ou ",
        "post your address your face online ",
        "key key key sleep well ",
    ] {
        let (short, long) = (part.repeat(100), part.repeat(1_000));
        time(&short);
        let (short, long) = (time(&short), time(&long));
        assert!(long < short * 60 + std::time::Duration::from_millis(20), "{part:?}: {short:?} {long:?}");
    }
}
