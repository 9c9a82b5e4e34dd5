//! E-mail addresses.

use std::ops::Range;

use crate::find::Found;
use crate::{Category, host};

const ADDRESS: &str = "email.address";

/// Finds the addresses in one range of the text. What belongs to the part before an `@` is not the domain of the one
/// before it, whether or not either is an address: so none depends on what became of the next.
pub(crate) fn find(text: &str, gap: Range<usize>, out: &mut Vec<Found>) {
    let text = &text[..gap.end];
    let at_from = |from: usize| text[from..].find('@').map(|i| from + i);
    let local_in = |from: usize, at: usize| local_start(&text[from..at]).map(|i| from + i);
    let mut here = at_from(gap.start).map(|at| (at, local_in(gap.start, at)));
    while let Some((at, local)) = here {
        let domain = at + 1;
        let next = at_from(domain).map(|at| (at, local_in(domain, at)));
        let limit = next.map_or(text.len(), |(at, local)| local.unwrap_or(at));
        let run = &text[domain..limit];
        let run = &run[..run.find(|c| !host::is_host_char(c)).unwrap_or(run.len())];
        if let (Some(start), Some(len)) = (local, host::mail_domain(run)) {
            out.push(Found::contact(start..domain + len, Category::Email, ADDRESS));
        }
        here = next;
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
            ("a@b.com@c.com", &["b.com@c.com"]),
            ("x@y@z.com", &["y@z.com"]),
            ("0..@x.comtҹ0..@y.com", &["0..@x.comtҹ", "0..@y.com"]),
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
