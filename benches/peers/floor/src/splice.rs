//! Taking bytes out of JSON without reading it.

use memchr::{memchr2, memmem};

/// What follows `mark` up to the quote that ends the text, escapes as they are. In a text every quote has a backslash before it, so a
/// mark with a bare quote in it is never found inside one.
pub(crate) fn text<'a>(json: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let text = &json[memmem::find(json, mark)? + mark.len()..];
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        match text[at] {
            b'"' => return Some(&text[..at]),
            _ => at += 2,
        }
    }
}

/// The digits at the front of a frame `{"id":7,…`.
pub(crate) fn id(json: &[u8]) -> Option<&[u8]> {
    let rest = json.strip_prefix(b"{\"id\":")?;
    let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    (end > 0).then_some(&rest[..end])
}

/// Characters of a text whose escapes were not read: each of them is one (a pair of surrogates is two, nobody here sends any).
pub(crate) fn characters(text: &[u8]) -> usize {
    let (mut count, mut at) = (0, 0);
    while at < text.len() {
        at += match (text[at], text.get(at + 1)) {
            (b'\\', Some(b'u')) => 6,
            (b'\\', _) => 2,
            _ => 1,
        };
        while text.get(at).is_some_and(|byte| byte & 0xc0 == 0x80) {
            at += 1;
        }
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_where_its_quote_is() {
        let json = br#"{"id":17,"data":{"content":"a \"content\":\"b\\","orderId":"o-1"}}"#;
        assert_eq!(text(json, b"\"content\":\""), Some(br#"a \"content\":\"b\\"#.as_slice()));
        assert_eq!(text(json, b"\"orderId\":\""), Some(b"o-1".as_slice()));
        assert_eq!(text(json, b"\"clientMessageId\":\""), None);
        assert_eq!(text(br#"{"content":"cut"#, b"\"content\":\""), None);
        assert_eq!(text(br#"{"content":"cut\"#, b"\"content\":\""), None);
        assert_eq!((id(json), id(b"{\"event\":1}")), (Some(b"17".as_slice()), None));
    }

    #[test]
    fn an_escape_is_one_character() {
        for (text, count) in [("", 0), ("abc", 3), ("ж€", 2), (r#"\n\"\u0001x"#, 4), ("\u{1f600}", 1)] {
            assert_eq!(characters(text.as_bytes()), count, "{text}");
        }
    }
}
