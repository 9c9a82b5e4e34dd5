//! How deep a JSON text is nested, found without recursion and before a parser sees it.

use crate::error::Error;
use crate::limits::JSON_DEPTH;

/// Errors: `text` is not shallow.
pub(crate) fn check(text: &str) -> Result<(), Error> {
    if is_shallow(text) {
        return Ok(());
    }
    Err(Error::bad_request(format!("JSON may be nested {JSON_DEPTH} levels deep, no deeper")))
}

/// Whether no place of `text` is inside more than [`JSON_DEPTH`] arrays and objects. One pass, no allocation. For text that is no
/// JSON the answer means nothing and the parser says the rest.
pub fn is_shallow(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'{' | b'[' => {
                depth += 1;
                if depth > JSON_DEPTH {
                    return false;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

/// Moves past the closing quote of a string whose opening quote was read.
fn skip_string(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            // The escaped byte cannot end the string. A longer escape (\u0022) holds no quote.
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn eight_levels_pass_and_nine_do_not() {
        assert!(is_shallow(&nested(8)));
        assert!(!is_shallow(&nested(9)));
        assert!(!is_shallow(&"{\"a\":".repeat(9)));
        assert!(!is_shallow(&"[".repeat(60_000)));
    }

    #[test]
    fn brackets_in_strings_and_side_by_side_do_not_count() {
        assert!(is_shallow(&format!("[\"{}\"]", "[".repeat(100))));
        assert!(is_shallow(&format!(r#"["\"{}\\"]"#, "{".repeat(100))));
        assert!(is_shallow(&format!("[{}]", vec!["[[]]"; 50].join(","))));
        assert!(!is_shallow(&format!(r#"["\\",{}"#, "[".repeat(8))));
        assert!(is_shallow("\"\\"));
        assert!(is_shallow("]]]]]]]]]]"));
    }
}
