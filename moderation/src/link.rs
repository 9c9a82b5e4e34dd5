//! Links: addresses with a scheme, with `www.`, and bare domains.

use std::ops::Range;

use crate::Category;
use crate::find::Found;
use crate::host::{self, OwnHosts, Said};
use crate::text::{Text, is_odd_full_stop};

const URL: &str = "link.url";
const WWW: &str = "link.www";
pub(crate) const DOMAIN: &str = "link.domain";

/// Finds the addresses with a scheme in the whole text. Own ones are kept, up to a foreign one written inside them.
pub(crate) fn urls(text: &str, own: &OwnHosts, out: &mut Vec<Found>) {
    let mut floor = 0;
    let mut token_end = 0;
    while let Some(at) = text[floor..].find("://").map(|i| floor + i) {
        let rest = at + "://".len();
        if rest > token_end {
            token_end = token(text, rest);
        }
        let letters = text.as_bytes()[floor..at].iter().rev().take_while(|b| b.is_ascii_alphabetic()).count();
        let url = Url::read(text, rest, token_end);
        floor = rest;
        if letters < 2 || !text[url.host.clone()].starts_with(char::is_alphanumeric) {
            continue;
        }
        let start = at - letters;
        if let Some(last) = out.last_mut().filter(|last| last.end > start) {
            last.end = start;
        }
        if !url.user && own.contains(&text[url.host.clone()]) {
            out.push(Found::kept(start..url.end));
            floor = url.host.end;
        } else {
            let end = trimmed(text, start, url.end);
            out.push(Found::contact(start..end, category(&text[url.host.clone()]), URL));
            floor = end;
        }
    }
}

/// Finds the domains without a scheme in one range of the text; own ones are kept.
pub(crate) fn domains(text: &str, gap: Range<usize>, own: &OwnHosts, out: &mut Vec<Found>) {
    let mut floor = gap.start;
    let mut from = gap.start;
    while let Some(dot) = text[from..gap.end].find('.').map(|i| from + i) {
        from = dot + 1;
        // The full stop at the end of a sentence, by far the most frequent.
        if !text[from..gap.end].starts_with(host::is_host_char) {
            continue;
        }
        let left = text[floor..dot].char_indices().rev().take_while(|(_, c)| host::is_host_char(*c)).last();
        let start = left.map_or(dot, |(i, _)| floor + i);
        let end = run_end(text, dot, gap.end);
        (from, floor) = (end, end);
        let run = &text[start..end];
        let path = path_follows(&text[end..gap.end]);
        // "done.it?Yes" is a question.
        let proves = (path && !text[end..].starts_with('?')) || scheme_before(&text[..start]).is_some();
        let whole = run.trim_matches(['.', '-']);
        let whole_at = start + run.len() - run.trim_start_matches(['.', '-']).len();
        let (range, rule) = if own.contains(whole) {
            (whole_at..whole_at + whole.len(), DOMAIN)
        } else if let Some(host) = host::bare(run, &Said { path: proves, ..Said::of(&text[..start], &text[end..]) })
            .filter(|host| !is_talk(host, run, &text[end..]))
        {
            (start + host.range.start..start + host.range.end, if host.by_www { WWW } else { DOMAIN })
        } else {
            continue;
        };
        let stop = if path && range.end == end { token(&text[..gap.end], end) } else { range.end };
        if own.contains(&text[range.clone()]) {
            out.push(Found::kept(range.start..stop));
            floor = stop;
        } else {
            floor = trimmed(text, range.start, stop).max(range.end);
            out.push(Found::contact(range.start..floor, category(&text[range]), rule));
        }
        from = floor;
    }
}

/// Finds what is joined by a full stop of another script: nobody writes it inside a word but to hide an address, whatever that ends
/// with.
pub(crate) fn odd_stops(text: &Text<'_>, gap: Range<usize>, own: &OwnHosts, out: &mut Vec<Found>) {
    let folded = text.folded();
    let mut floor = gap.start;
    for (dot, _) in folded[gap.clone()].match_indices('.').map(|(at, dot)| (gap.start + at, dot)) {
        if dot < floor || !is_odd_full_stop(text, dot) {
            continue;
        }
        let left = folded[floor..dot].char_indices().rev().take_while(|(_, c)| host::is_host_char(*c)).last();
        let start = left.map_or(dot, |(at, _)| floor + at);
        let end = start + folded[start..run_end(folded, dot, gap.end)].trim_end_matches(['.', '-']).len();
        let name = &folded[start..end.max(start)];
        let top = name.rsplit('.').next().unwrap_or_default();
        let is_host = dot > start
            && dot < end
            && top.chars().nth(1).is_some()
            && top.chars().all(char::is_alphabetic)
            && folded[..dot].ends_with(char::is_alphanumeric);
        if !is_host || own.contains(name) {
            continue;
        }
        let stop = if path_follows(&folded[end..gap.end]) { token(&folded[..gap.end], end) } else { end };
        floor = trimmed(folded, start, stop).max(end);
        out.push(Found::contact(start..floor, category(name), DOMAIN));
    }
}

/// A link into a messenger is a contact there.
fn category(host: &str) -> Category {
    if host::is_messenger(host) { Category::Messenger } else { Category::Link }
}

/// Takes a scheme that stands apart from a found link, or is written wrongly, into it: "https : // …", "https:\\\\…".
pub(crate) fn with_schemes(folded: &str, found: &mut [Found]) {
    for at in 0..found.len() {
        let floor = at.checked_sub(1).map_or(0, |before| found[before].end);
        if !matches!(found[at].what, Some((Category::Link | Category::Messenger, _))) {
            continue;
        }
        if let Some(scheme) = scheme_before(&folded[floor..found[at].start]) {
            found[at].start = floor + scheme;
        }
    }
}

/// Where a scheme begins that stands at the end of a text, however its signs are written: "https//:", "h t t p s : //".
fn scheme_before(text: &str) -> Option<usize> {
    let left = text.trim_end_matches([' ', ':', '/', '\\', '∕', '|', ';', '_']);
    if left.len() == text.len() {
        return None;
    }
    let mut letters = left.char_indices().rev().filter(|(_, c)| *c != ' ').map(|(at, c)| (at, c.to_ascii_lowercase()));
    let mut take = |expected: &str| letters.next().filter(|(_, c)| expected.contains(*c));
    // Read backwards: an "s" or none, "p", two of "t" or "x"; the "h" may be lost.
    let (_, last) = take("sp")?;
    if last == 's' {
        take("p")?;
    }
    take("tx")?;
    let (start, _) = take("tx")?;
    let start = take("h").map_or(start, |(start, _)| start);
    let word = !left[..start].ends_with(char::is_alphanumeric);
    word.then_some(start)
}

impl Said {
    /// What the text on both sides of a run says; a path is not looked for.
    fn of(before: &str, after: &str) -> Self {
        let goes_on = after.strip_prefix(' ').is_some_and(|after| after.trim_start().starts_with(char::is_lowercase));
        Self { path: false, announced: is_announced(before), goes_on }
    }
}

/// Whether the word before says that an address follows.
fn is_announced(before: &str) -> bool {
    #[rustfmt::skip]
    const ANNOUNCE: &[&str] = &[
        "at", "on", "to", "from", "see", "visit", "check", "go", "site", "website", "is", "here", "page", "url", "link",
        "sur", "voir", "visitez", "a", "chez", "ici", "cest", "est", "web", "lien", "compagnie", "на", "с", "тут", "здесь", "сайт", "сайте", "ссылка", "вот",
    ];
    let before = before.trim_end_matches([' ', ':', '-', '—', '>']);
    let word = &before[before.trim_end_matches(char::is_alphanumeric).len()..];
    let lower = word.to_lowercase();
    ANNOUNCE.contains(&lower.as_str())
}

/// "c'est fini.ca va": a sentence that begins with "ça", written without its mark.
fn is_talk(host: &host::Host, run: &str, after: &str) -> bool {
    let name = &run[host.range.clone()];
    let after = after.strip_prefix(' ').unwrap_or_default();
    let word = &after[..after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len())];
    (name.ends_with(".ca") && goes_on_after_ca(word)) || (name.ends_with(".net") && GOES_ON_AFTER_NET.contains(&word))
}

/// "il rentre.net d'impôt": a net amount.
const GOES_ON_AFTER_NET: &[&str] = &["d", "de", "des", "du"];

/// Whether a bare domain is the end of a sentence and the beginning of the next: "c'est réglé.info demain". Nobody's host ends in
/// the letter that French participles end in, with its accent.
pub(crate) fn ends_in_participle(text: &Text<'_>, range: &Range<usize>) -> bool {
    let name = text.folded()[range.clone()].find('.').map_or(range.end, |dot| range.start + dot);
    let goes_on = text.folded()[range.end..].strip_prefix(' ').is_some_and(|rest| rest.starts_with(char::is_lowercase));
    let written = &text.original()[text.original_range(range.start..name)];
    let one_dot = text.folded()[range.clone()].matches('.').count() == 1;
    let word = written.chars().all(char::is_alphabetic) && written.chars().nth(2).is_some();
    let participle = written.strip_suffix('s').unwrap_or(written);
    let participle = participle.strip_suffix('e').unwrap_or(participle);
    goes_on && one_dot && word && participle.ends_with('é') && !is_announced(&text.folded()[..range.start])
}

/// Whether what is read as "ca" is written "ça": a word, no country.
pub(crate) fn is_ca_with_cedilla(text: &Text<'_>, range: Range<usize>) -> bool {
    text.original()[text.original_range(range)].starts_with(['ç', 'Ç'])
}

/// Whether a sentence goes on so behind "ça".
pub(crate) fn goes_on_after_ca(word: &str) -> bool {
    #[rustfmt::skip]
    const GOES_ON: &[&str] = &[
        "va", "marche", "me", "te", "fait", "sera", "prend", "depend", "semble", "ne", "coute", "se", "devrait", "vous", "nous",
        "sent", "reste", "arrive", "commence", "tient", "passe", "vaut", "donne", "change", "colle", "coule", "seche", "bouge", "finit", "fonctionne",
        "a", "avance", "irait", "peut", "doit", "dure", "goutte", "pue", "fuit", "brise", "brule", "suffit", "ressemble", "roule", "chauffe", "gele",
        "prendra", "coutera", "manque", "pourrait", "aura", "serait", "ferait", "travaille", "penche", "branle", "tourne", "frotte", "monte", "descend", "ouvre", "ferme",
        "rouille", "moisit", "vibre", "sonne", "derange", "presse", "pressait", "urge", "comprend", "inclut", "sert", "tremble", "plie", "leve", "traine", "gratte", "tire",
        "force", "plait", "convient", "rentre", "sort", "entre", "mouille", "parait", "compte", "dit", "travaillait", "marchait", "valait", "coutait", "prenait",
        "craque", "m", "t", "s", "n", "y", "part", "revient", "aide", "bloque", "grince", "tombe", "regle", "fera", "ira", "allait", "etait", "avait",
    ];
    GOES_ON.contains(&word)
}

/// The parts of an address after its `://`.
struct Url {
    host: Range<usize>,
    /// Somebody is named before the host: `https://own.example@evil.example`.
    user: bool,
    end: usize,
}

impl Url {
    fn read(text: &str, start: usize, token_end: usize) -> Self {
        let ends_authority = |c| matches!(c, '/' | '?' | '#' | '\\');
        let authority_end = text[start..token_end].find(ends_authority).map_or(token_end, |i| start + i);
        let user = text[start..authority_end].rfind('@').map(|i| start + i + 1);
        let host_start = user.unwrap_or(start);
        let ends_host = |c| !host::is_host_char(c) && c != '_';
        let host_end = text[host_start..authority_end].find(ends_host).map_or(authority_end, |i| host_start + i);
        let digits = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
        let port = text[host_end..authority_end].strip_prefix(':').is_some_and(digits);
        // Something else glued to the host ("https://x.example,call me") is not part of the address.
        let end = if port || host_end == authority_end { token_end } else { host_end };
        Self { host: host_start..host_end, user: user.is_some(), end }
    }
}

/// Where the host characters from here on end.
fn run_end(text: &str, from: usize, limit: usize) -> usize {
    text[from..limit].find(|c| !host::is_host_char(c)).map_or(limit, |i| from + i)
}

/// Where an address that goes on here ends: at white space, a quotation mark or a bracket that no address holds. `[`,
/// `]` and `*` are among them because masks are made of them.
fn token(text: &str, from: usize) -> usize {
    let ends = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '<' | '>' | '"' | '«' | '»' | '“' | '”' | '`' | '[' | ']' | '{' | '}' | '|' | '*')
    };
    text[from..].find(ends).map_or(text.len(), |i| from + i)
}

/// Whether what follows a bare domain goes on like an address: a path, a query, a port.
fn path_follows(after: &str) -> bool {
    let mut chars = after.chars();
    match chars.next() {
        Some('/' | '?' | '#') => {
            chars.next().is_some_and(|c| c.is_alphanumeric() || matches!(c, '@' | '+' | '_' | '~' | '#'))
        }
        Some(':') => {
            let port = chars.as_str();
            let digits = port.bytes().take_while(u8::is_ascii_digit).count();
            digits > 0 && matches!(port.as_bytes().get(digits), Some(b'/' | b'?' | b'#'))
        }
        _ => false,
    }
}

/// The end of an address without the punctuation of the sentence around it. A closing bracket belongs to the address
/// when it was opened there.
fn trimmed(text: &str, start: usize, end: usize) -> usize {
    let count = |bracket| text[start..end].bytes().filter(|b| *b == bracket).count();
    let mut closed_too_often = count(b')').saturating_sub(count(b'('));
    let is_punctuation = |c: char| match c {
        ')' if closed_too_often > 0 => {
            closed_too_often -= 1;
            true
        }
        _ => matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '’' | '…'),
    };
    start + text[start..end].trim_end_matches(is_punctuation).len()
}

#[cfg(test)]
mod tests;
