use super::*;
use crate::lexicon::data::{SOURCES, entries, lines};
use crate::lexicon::entry::{Element, Form};

/// Ordinary words, many of them with a coarse word inside.
const TRAPS: [&str; 3] = [include_str!("traps/en.txt"), include_str!("traps/fr.txt"), include_str!("traps/ru.txt")];

fn built_in() -> Lexicon {
    Lexicon::new(&Additions::default())
}

fn finds(lexicon: &Lexicon, text: &str) -> Vec<Found> {
    let mut out = Vec::new();
    lexicon.find(&Text::read(text), &mut out);
    assert!(out.is_sorted_by(|a, b| a.end <= b.start), "{text:?}: {out:?}");
    out
}

fn categories(lexicon: &Lexicon, text: &str) -> Vec<Category> {
    let mut all: Vec<_> = finds(lexicon, text).iter().map(|found| found.what.unwrap().0).collect();
    all.dedup();
    all
}

/// What is found in each category, as it was written.
fn said(lexicon: &Lexicon, text: &str, category: Category) -> Vec<String> {
    let read = Text::read(text);
    let found = finds(lexicon, text).into_iter().filter(|found| found.what.unwrap().0 == category);
    found.map(|found| text[read.original_range(found.start..found.end)].to_owned()).collect()
}

/// Letters of the automaton as text.
fn letters(bytes: &[u8]) -> String {
    let letter = |byte: &u8| {
        if byte.is_ascii() { char::from(*byte) } else { ('а'..='я').nth(usize::from(byte - 0xA0)).unwrap() }
    };
    bytes.iter().map(letter).collect()
}

#[test]
fn every_line_is_understood() {
    let mut wrong = Vec::new();
    for (_, rule, text) in SOURCES {
        for (number, entry) in entries(text) {
            if let Err(error) = entry {
                wrong.push(format!("{rule}:{number}: {error}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn lists_are_written_in_one_alphabet_each() {
    for (_, rule, text) in SOURCES {
        let russian = matches!(rule, "profanity.ru" | "threat.ru" | "insult.ru" | "messenger.elsewhere.ru");
        for (number, line) in lines(text) {
            let other = |c: char| if russian { c.is_ascii_alphabetic() } else { ('а'..='я').contains(&c) };
            // The names of classes are Latin everywhere.
            let pieces = line.split('@').enumerate();
            let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
            let mut written = pieces.map(|(i, piece)| if i == 0 { piece } else { piece.trim_start_matches(is_name) });
            assert!(written.all(|piece| !piece.contains(other)), "{rule}:{number}: {line}");
        }
    }
}

#[test]
fn every_listed_word_is_found() {
    let lexicon = built_in();
    let (mut missed, mut looked) = (Vec::new(), 0);
    for (category, rule, text) in SOURCES {
        let entries = entries(text).filter_map(|(_, entry)| entry.ok());
        let words = entries.filter(|entry| !matches!(entry.kind, Kind::Except | Kind::Part));
        for entry in words {
            for glob in entry.words().into_iter().flatten() {
                looked += 1;
                let word = letters(&glob.letters);
                if !categories(&lexicon, &word).contains(&category) {
                    missed.push(format!("{rule}: {word}"));
                }
            }
        }
    }
    assert!(looked > 4_000, "{looked}");
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn every_phrase_is_found_in_its_first_form_unless_it_is_excepted() {
    let lexicon = built_in();
    let (mut missed, mut looked) = (Vec::new(), 0);
    for (category, rule, text) in SOURCES {
        for (number, entry) in entries(text) {
            let entry = entry.unwrap();
            if entry.kind != Kind::Plain || entry.words().is_some() {
                continue;
            }
            looked += 1;
            let first = |element: &Element| match element {
                Element::OneOf(choices) => {
                    let words = choices.iter().find(|words| !words.is_empty()).unwrap();
                    words.iter().map(|word| letters(&word.letters)).collect::<Vec<_>>().join(" ")
                }
                Element::Gap(least, _) => vec!["zzz"; *least].join(" "),
            };
            let written = |elements: &Vec<Element>| {
                elements.iter().map(first).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
            };
            let phrase = match &entry.form {
                Form::Phrase(elements) => written(elements),
                Form::Frame { parts, across } => {
                    let parts: Vec<_> = parts.iter().map(written).collect();
                    parts.join(if *across { ". " } else { " " })
                }
            };
            // It may belong to a category that comes first.
            if categories(&lexicon, &phrase).iter().all(|found| *found > category) {
                missed.push(format!("{rule}:{number}: {phrase}"));
            }
        }
    }
    assert!(looked > 500, "{looked}");
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn no_trap_is_found() {
    let lexicon = built_in();
    for list in TRAPS {
        let words: Vec<&str> = list.split_whitespace().collect();
        assert!(words.len() >= 500, "{}", words.len());
        let found: Vec<_> = words.iter().filter(|word| !finds(&lexicon, word).is_empty()).collect();
        assert!(found.is_empty(), "{found:?}");
        // In a row as well: no phrase, no word over a border.
        for line in list.lines() {
            assert!(finds(&lexicon, line).is_empty(), "{line}: {:?}", finds(&lexicon, line));
        }
    }
}

mod frames;
mod talk;
