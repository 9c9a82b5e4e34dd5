use super::*;
use crate::lexicon::data::{SOURCES, lines};

fn found(lexicon: &Lexicon, text: &str) -> Vec<(Category, String)> {
    let read = Text::read(text);
    let mut out = Vec::new();
    lexicon.find(&read, &mut out);
    out.iter()
        .map(|found| (found.what.unwrap().0, text[read.original_range(found.start..found.end)].to_owned()))
        .collect()
}

#[test]
fn every_line_is_understood() {
    let mut wrong = Vec::new();
    for (_, rule, text) in SOURCES {
        for (number, line) in lines(text) {
            if let Err(error) = Entry::parse(line) {
                wrong.push(format!("{rule}:{number}: {error}: {}", line.chars().take(60).collect::<String>()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn try_it() {
    let start = std::time::Instant::now();
    let lexicon = Lexicon::new(&Additions::default());
    data::built_in();
    println!("built in {:?}", start.elapsed());
    for path in std::env::var("LEX_FILES").unwrap_or_default().split(':').filter(|p| !p.is_empty()) {
        let text = std::fs::read_to_string(path).unwrap();
        let start = std::time::Instant::now();
        for line in text.lines() {
            let line = &line.replace("\\n", "\n");
            let f = found(&lexicon, line);
            let line = &line.replace('\n', "\\n");
            let said: Vec<_> = f.iter().map(|(c, t)| format!("{c}:{t}")).collect();
            println!("{}\t{line}", said.join(","));
        }
        println!("# took {:?}", start.elapsed());
    }
}
