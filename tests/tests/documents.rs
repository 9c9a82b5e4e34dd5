//! What the documents say of the code stands there: files, names in them, and links.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What a document may name in a source file, as its definition is written.
const DEFINITIONS: [&str; 9] =
    ["fn ", "struct ", "enum ", "trait ", "const ", "static ", "type ", "mod ", "macro_rules! "];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate stands in the checkout").to_owned()
}

/// The documents for people: those of the root, and all in `docs/`.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("docs")];
    let markdown = |path: &Path| path.extension().is_some_and(|ending| ending == "md");
    let list = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("the folder is there");
        entries.map(|entry| entry.expect("it can be read").path()).collect()
    };
    found.extend(list(&root()).into_iter().filter(|path| markdown(path)));
    while let Some(folder) = folders.pop() {
        for path in list(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if markdown(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text between single backticks, with what stands between one and the next. Blocks of code are left out.
fn quoted(text: &str) -> Vec<(String, String)> {
    let mut prose = String::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    let parts: Vec<&str> = prose.split('`').collect();
    parts.chunks(2).filter_map(|pair| Some((pair.get(1)?.to_string(), pair[0].to_owned()))).collect()
}

fn is_source(quote: &str) -> bool {
    quote.ends_with(".rs") && quote.contains('/') && !quote.contains(['*', '{', ' ', '<'])
}

fn is_name(quote: &str) -> bool {
    quote.starts_with(|c: char| c.is_ascii_alphabetic()) && quote.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn defines(source: &str, name: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    DEFINITIONS.iter().any(|keyword| {
        let definition = format!("{keyword}{name}");
        source.match_indices(&definition).any(|(at, _)| ends(&source[at + definition.len()..]))
    })
}

/// A path as a document writes it: from the root, or from the folder of the document.
fn find(document: &Path, path: &str) -> Option<PathBuf> {
    let beside = document.parent()?.join(path);
    [root().join(path), beside].into_iter().find(|path| path.exists())
}

#[test]
fn files_and_names_that_documents_speak_of_are_there() {
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for document in documents() {
        let quotes = quoted(&read(&document));
        let said = document.strip_prefix(root()).unwrap_or(&document).display().to_string();
        // Decisions are about their day; files were moved since.
        if said.starts_with("docs/adr") || said == "CHANGELOG.md" {
            continue;
        }
        for (i, (quote, _)) in quotes.iter().enumerate().filter(|(_, (quote, _))| is_source(quote)) {
            // Inside a crate's own part paths may be written from its `src`.
            let Some(path) = find(&document, quote) else {
                wrong.push(format!("{said}: there is no {quote}"));
                continue;
            };
            checked += 1;
            let behind = quotes.get(i + 1).filter(|(name, between)| between == " " && is_name(name));
            if let Some((name, _)) = behind.filter(|(name, _)| !defines(&read(&path), name)) {
                wrong.push(format!("{said}: {quote} defines no {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 50, "only {checked} files are spoken of: the documents are read wrongly");
}

/// The anchors of a document's headings, as hosts of repositories make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let anchor = |heading: &str| {
        let kept = heading
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .collect::<String>();
        kept.trim().replace(' ', "-")
    };
    text.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

#[test]
fn links_between_documents_lead_somewhere() {
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for document in documents() {
        let text = read(&document);
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap_or_default();
            if target.contains("://") || target.is_empty() || target.contains(' ') {
                continue;
            }
            checked += 1;
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if path.is_empty() { document.clone() } else { document.with_file_name("").join(path) };
            let lost = !file.exists() || !anchor.is_empty() && !anchors(&read(&file)).contains(anchor);
            if lost {
                wrong.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "links lead nowhere:\n{}", wrong.join("\n"));
    assert!(checked > 20, "only {checked} links were found: the documents are read wrongly");
}

#[test]
fn every_code_of_the_wire_is_in_the_protocol() {
    let protocol = read(&root().join("docs/protocol.md"));
    let codes = souk_protocol::Code::ALL.iter().map(|code| format!("`{}`", code.as_str()));
    let closes = souk_protocol::Close::ALL.iter().map(|close| close.number().to_string());
    let missing: Vec<String> = codes.chain(closes).filter(|code| !protocol.contains(code)).collect();
    assert!(missing.is_empty(), "docs/protocol.md says nothing of {missing:?}");
}
