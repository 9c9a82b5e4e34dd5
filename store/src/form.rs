//! Stored forms that both engines share.

use std::fmt::Write as _;
use std::sync::Arc;

use souk_chat::log::{EntryKey, EntryKind, Seq};
use souk_chat::ports::StoreError;
use souk_chat::{ChatKind, ChatState, UserId};

/// What a store says of a row that souk did not write.
pub(crate) fn broken(what: &str) -> StoreError {
    StoreError::Invalid(format!("what is stored makes no sense: {what}"))
}

/// An unsigned number as databases keep it. Errors: beyond 2⁶³−1, which no number of ours reaches.
pub(crate) fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Invalid(format!("{number} is too large to store")))
}

/// A stored number that is never negative.
pub(crate) fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| broken("a negative number"))
}

/// A stored entry number.
pub(crate) fn seq(number: i64) -> Result<Seq, StoreError> {
    unsigned(number).map(Seq)
}

/// The kind of an entry.
pub(crate) fn kind(number: i64) -> Result<EntryKind, StoreError> {
    u8::try_from(number).ok().and_then(EntryKind::from_number).ok_or_else(|| broken("the kind of an entry"))
}

/// The number of a chat's state.
pub(crate) fn state_number(state: ChatState) -> i64 {
    match state {
        ChatState::Open => 0,
        ChatState::Closed => 1,
    }
}

/// The state of this number.
pub(crate) fn state(number: i64) -> Result<ChatState, StoreError> {
    match number {
        0 => Ok(ChatState::Open),
        1 => Ok(ChatState::Closed),
        _ => Err(broken("the state of a chat")),
    }
}

/// The kind of chat that an order id stands for: souk alone gives out ids of direct chats.
pub(crate) fn chat_kind(order: &souk_chat::OrderId) -> ChatKind {
    if order.is_direct() { ChatKind::Direct } else { ChatKind::Order }
}

/// A key as one text: owner, slash, id. No owner holds a slash, so two keys never share a name.
pub(crate) fn key_name(key: &EntryKey) -> String {
    format!("{}/{}", key.owner.as_ref().map_or("", UserId::as_str), key.id)
}

/// The key of this name.
pub(crate) fn key_of(name: &str) -> Result<EntryKey, StoreError> {
    let (owner, id) = name.split_once('/').ok_or_else(|| broken("the name of a key"))?;
    Ok(EntryKey { owner: owner_of(owner)?, id: Arc::from(id) })
}

/// A person, or nobody where the text is empty.
pub(crate) fn owner_of(text: &str) -> Result<Option<UserId>, StoreError> {
    if text.is_empty() { Ok(None) } else { UserId::new(text).map(Some).map_err(|_| broken("a user id")) }
}

/// Pairs of texts as one text, `a=b&c=d`, with `%`, `&` and `=` escaped.
pub(crate) fn join_pairs(pairs: &[(&'static str, String)]) -> String {
    let mut text = String::new();
    for (key, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        escape(key, &mut text);
        text.push('=');
        escape(value, &mut text);
    }
    text
}

/// Takes apart what [`join_pairs`] put together. `None`: it did not.
pub(crate) fn split_pairs(text: &str) -> Option<Vec<(String, String)>> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=')?;
            Some((unescape(key)?, unescape(value)?))
        })
        .collect()
}

fn escape(text: &str, into: &mut String) {
    for c in text.chars() {
        if matches!(c, '%' | '&' | '=') {
            write!(into, "%{:02X}", u32::from(c)).expect("writing into a text does not fail");
        } else {
            into.push(c);
        }
    }
}

/// Undoes percent-encoding. `None`: a `%` without two hexadecimal digits, or bytes that are not UTF-8.
pub(crate) fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let digits = tail.get(..2).filter(|pair| pair.iter().all(u8::is_ascii_hexdigit))?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

/// Entry numbers as one text.
pub(crate) fn join_seqs(seqs: impl Iterator<Item = Seq>) -> String {
    seqs.map(|seq| seq.to_string()).collect::<Vec<_>>().join(" ")
}

/// Takes apart what [`join_seqs`] put together.
pub(crate) fn split_seqs(text: &str) -> Result<Vec<Seq>, StoreError> {
    text.split(' ').map(|part| part.parse().map(Seq).map_err(|_| broken("the targets of a change"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_back_whatever_is_in_them() {
        let pairs = vec![("name", "a=b&c%41 é\u{1f600}\n".to_owned()), ("empty", String::new())];
        let back = split_pairs(&join_pairs(&pairs)).unwrap();
        assert_eq!(back, pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect::<Vec<_>>());
        assert_eq!(split_pairs(&join_pairs(&[])), Some(Vec::new()));
        assert_eq!(unescape("%4"), None);
        assert_eq!(unescape("%+1"), None);
        assert_eq!(unescape("%ff"), None);
    }

    #[test]
    fn two_keys_never_share_a_name() {
        let ann = EntryKey { owner: Some(UserId::new("ann").unwrap()), id: "x".into() };
        let own = EntryKey { owner: None, id: "ann/x".into() };
        for key in [&ann, &own] {
            assert_eq!(key_of(&key_name(key)).unwrap(), *key);
        }
        assert_ne!(key_name(&ann), key_name(&own));
    }
}
