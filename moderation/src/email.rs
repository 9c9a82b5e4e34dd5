//! E-mail addresses.

use std::ops::Range;

use crate::find::Found;
use crate::{Category, host};

const ADDRESS: &str = "email.address";

/// Finds the addresses in one range of the text.
pub(crate) fn find(text: &str, gap: Range<usize>, out: &mut Vec<Found>) {
    let mut floor = gap.start;
    let mut from = gap.start;
    while let Some(at) = text[from..gap.end].find('@').map(|i| from + i) {
        from = at + 1;
        let after = &text[from..gap.end];
        let run = &after[..after.find(|c| !host::is_host_char(c)).unwrap_or(after.len())];
        let local = local_start(&text[floor..at]).map(|i| floor + i);
        floor = from;
        if let (Some(start), Some(len)) = (local, host::mail_domain(run)) {
            out.push(Found::contact(start..from + len, Category::Email, ADDRESS));
            (from, floor) = (from + len, from + len);
        }
    }
}

/// Where the part before the `@` begins, in the text that ends there. A word of another script glued to it is not
/// part of it: people forget the space.
fn local_start(before: &str) -> Option<usize> {
    let ascii = before.chars().next_back()?.is_ascii();
    let is_local = |c: char| {
        matches!(c, '.' | '_' | '%' | '+' | '-' | '&' | '~') || (c.is_alphanumeric() && (c.is_ascii() || !ascii))
    };
    let local = &before[before.trim_end_matches(is_local).len()..];
    let local = local.trim_start_matches(|c: char| c != '_' && !c.is_alphanumeric());
    (!local.is_empty()).then(|| before.len() - local.len())
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
    fn addresses() {
        for (text, addresses) in [
            ("write bob@gmail.com today", &["bob@gmail.com"][..]),
            ("Bob.Smith+tag@Mail.Example.CO.UK.", &["Bob.Smith+tag@Mail.Example.CO.UK"]),
            ("mailto:bob@x.io,eve@y.fr", &["bob@x.io", "eve@y.fr"]),
            ("<bob_1@x-y.com>", &["bob_1@x-y.com"]),
            ("bob@gmail.com.See you", &["bob@gmail.com"]),
            ("пишитеbob@mail.ru", &["bob@mail.ru"]),
            ("вася@почта.рф", &["вася@почта.рф"]),
            ("mon adresse: jean-luc@exemple.fr!", &["jean-luc@exemple.fr"]),
            ("l'adresse d'bob@exemple.ca", &["bob@exemple.ca"]),
            ("a@b.com@c.com", &["a@b.com"]),
            ("x@y@z.com", &["y@z.com"]),
            ("...bob@x.com", &["bob@x.com"]),
        ] {
            assert_eq!(found(text), addresses, "{text:?}");
        }
    }

    #[test]
    fn no_addresses() {
        for text in
            ["10 pcs @ 4.50", "10@4.50", "@bob", "bob@", "bob@home", "@@@", "meet @ 5.Then go", "a@.com", "-@-.com"]
        {
            assert_eq!(found(text), [""; 0], "{text:?}");
        }
    }
}
