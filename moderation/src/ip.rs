//! IP addresses without a scheme that lead somewhere: a port or a path stands behind them. Without either, four numbers with dots
//! are a version. Addresses of private networks lead nowhere from here.

use std::ops::Range;

use crate::find::Found;
use crate::{Category, RuleId};

/// The fewest digits of an address and its port or path.
pub(crate) const MIN_DIGITS: usize = 4;

const ADDRESS: RuleId = "link.address";

/// What may stand between two numbers of an address.
const DOTS: &[&str] = &[".", " . ", "[.]", "(.)", "{.}", " .", ". "];
/// The word for a port, in the three languages.
const PORTS: &[&str] = &["port", "порт"];
/// The most bytes between an address and the word for its port, and between that and the number.
const PORT_GAP_MAX: usize = 3;
/// The most hexadecimal digits and colons of an address of version 6.
const V6_MAX: usize = 39;

/// Finds the addresses in one range of the folded text.
pub(crate) fn find(text: &str, gap: Range<usize>, out: &mut Vec<Found>) {
    let mut at = gap.start;
    while at < gap.end {
        let rest = &text[at..gap.end];
        let Some(start) = rest.find(|c: char| c.is_ascii_digit() || c == '[').map(|i| at + i) else { return };
        let glued = text[gap.start..start].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
        let here = &text[start..gap.end];
        let (address, digits) = match here.strip_prefix('[') {
            Some(inner) => (v6(inner).map(|len| len + 2), 1),
            None => (v4(here).filter(|_| !glued), digits(here)),
        };
        match address.and_then(|len| Some(len + leads(&here[len..])?)) {
            Some(len) => {
                out.push(Found::contact(start..start + len, Category::Link, ADDRESS));
                at = start + len;
            }
            None => at = start + digits,
        }
    }
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The length of four numbers up to 255 with dots between, unless they are private.
fn v4(text: &str) -> Option<usize> {
    let mut numbers = [0_u8; 4];
    let (mut at, mut dot) = (0, "");
    for (place, number) in numbers.iter_mut().enumerate() {
        if place > 0 {
            let between = DOTS.iter().find(|between| {
                text[at..].strip_prefix(**between).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            })?;
            if place > 1 && *between != dot {
                return None;
            }
            dot = between;
            at += between.len();
        }
        let len = digits(&text[at..]);
        *number = text[at..at + len].parse().ok().filter(|_| len <= 3)?;
        at += len;
    }
    let private = match numbers {
        [0 | 10 | 127, ..] | [192, 168, ..] | [169, 254, ..] => true,
        [172, second, ..] => (16..32).contains(&second),
        _ => false,
    };
    let goes_on = text[at..].strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    (!private && !goes_on).then_some(at)
}

/// The length of what stands between brackets, when it is an address of version 6.
fn v6(inner: &str) -> Option<usize> {
    let len = inner.bytes().take(V6_MAX + 1).take_while(|b| b.is_ascii_hexdigit() || *b == b':').count();
    let colons = inner[..len].bytes().filter(|b| *b == b':').count();
    (inner[len..].starts_with(']') && colons > 1 && inner[..len].bytes().any(|b| b.is_ascii_digit())).then_some(len)
}

/// How much of what follows an address shows that it leads somewhere: a port, a path, or both.
fn leads(after: &str) -> Option<usize> {
    let spelled = || {
        let word = after.trim_start_matches([' ', ',', ':']);
        let (gap, name) = (after.len() - word.len(), PORTS.iter().find(|name| starts_with_small(word, name))?);
        let number = word[name.len()..].trim_start_matches([' ', ':', '#']);
        let second = word.len() - name.len() - number.len();
        let port = (1..=5).contains(&digits(number)).then(|| digits(number))?;
        let near = (1..=PORT_GAP_MAX).contains(&gap) && (1..=PORT_GAP_MAX).contains(&second);
        near.then_some(gap + name.len() + second + port)
    };
    let port =
        after.strip_prefix(':').map_or(0, |rest| if (1..=5).contains(&digits(rest)) { 1 + digits(rest) } else { 0 });
    let path = match after[port..].strip_prefix(['/', '?', '#']) {
        // "10.4.0.4/24": a part of a network.
        Some(rest) if port == 0 && (1..=2).contains(&digits(rest)) && !rest[digits(rest)..].starts_with(is_path) => 0,
        Some(rest) => {
            let len = rest.find(|c: char| !is_path(c)).unwrap_or(rest.len());
            1 + rest[..len].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'']).len()
        }
        None => 0,
    };
    if port + path > 0 { Some(port + path) } else { spelled() }
}

fn starts_with_small(text: &str, word: &str) -> bool {
    text.chars().flat_map(char::to_lowercase).take(word.chars().count()).eq(word.chars())
}

/// Whether a character stands inside a path. What masks are made of ends it.
fn is_path(c: char) -> bool {
    !(c.is_whitespace()
        || c.is_control()
        || matches!(c, '<' | '>' | '"' | '«' | '»' | '[' | ']' | '{' | '}' | '|' | '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut out = Vec::new();
        find(text, 0..text.len(), &mut out);
        out.iter().map(|f| &text[f.start..f.end]).collect()
    }

    #[test]
    fn addresses_with_a_port_or_path() {
        for (text, address) in [
            ("see 51.15.20.3:8080.", "51.15.20.3:8080"),
            ("51.15.20.3:8080/x?y, ok", "51.15.20.3:8080/x?y"),
            ("on 51.15.20.3/login.php", "51.15.20.3/login.php"),
            ("51.15.20.3/", "51.15.20.3/"),
            ("51 . 15 . 20 . 3:443", "51 . 15 . 20 . 3:443"),
            ("51[.]15[.]20[.]3:443", "51[.]15[.]20[.]3:443"),
            ("51.15.20.3 port 8888, ok", "51.15.20.3 port 8888"),
            ("51.15.20.3 Порт: 8888", "51.15.20.3 Порт: 8888"),
            ("[2001:db8::1]:8080/x", "[2001:db8::1]:8080/x"),
        ] {
            assert_eq!(found(text), [address], "{text}");
        }
    }

    #[test]
    fn versions_and_private_networks() {
        for text in [
            "version 10.4.0.4",
            "chrome 123.0.6210.169 here",
            "fw V5.7.8.1/b",
            "5.7.8.1.2/b",
            "router at 192.168.0.1:8080",
            "net 51.15.20.0/24 is ours",
            "51.15.20.300:80",
            "51.15. 20.3:80",
            "[see: below]/x",
            "12.05.24, 8:30",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
