//! Whether the secrets of this node are those that its store was used with so far.
//!
//! A node with a wrong `store.secret` works, and takes every repeat for a new message; with a wrong `moderation.secret` it seals
//! originals that nobody can open; with a wrong `auth.secret` it turns away everybody whom the others let in. So a check value of
//! each, an HMAC of a constant that tells nothing of the secret, is kept in the store's settings: the last few of them, the newest
//! last, so that a secret can be changed node by node. A node none of whose secrets is known does not start.

use souk_chat::fingerprint::Fingerprints;
use souk_chat::ports::{KeptSettings, StoreError};

use crate::config::{Secret, Secrets};

/// Check values that are kept of each secret; of more the oldest is forgotten.
const KNOWN_MAX: usize = 16;
/// How often others may change the setting while this node does.
const TRIES: usize = 16;

/// Why a node with these secrets does not start.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The store was used with another.
    #[error("{}", unknown(setting))]
    Unknown {
        /// The setting that is wrong.
        setting: &'static str,
    },
    /// The store.
    #[error("the settings kept in the store cannot be read or written: {0}")]
    Store(#[from] StoreError),
}

fn unknown(setting: &str) -> String {
    let change = match setting {
        AUTH => "if it was changed on purpose",
        _ => "to change it, put the earlier one into the setting's previous_secrets; if that one is lost",
    };
    format!(
        "{setting} is none that this store was used with: give the one that all nodes have; {change}, run `souk secrets accept` \
         once with the new one"
    )
}

const STORE: &str = "store.secret";
const ORIGINALS: &str = "moderation.secret";
const AUTH: &str = "auth.secret";

/// Whose word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The store's: what it does not know is wrong.
    Store,
    /// The same, but whoever signs tokens may be another than before: this node is alone, and turns away nobody whom others let in.
    StoreAlone,
    /// The operator's, who says so by `souk secrets accept`.
    Operator,
}

/// Compares the secrets with what the store knows, and lets it know those that are new. Safe to repeat, and to run on several
/// nodes at once. Errors: [`SecretsError::Unknown`] where a secret is none that the store knows.
pub async fn check(settings: &dyn KeptSettings, secrets: &Secrets, trust: Trust) -> Result<(), SecretsError> {
    check_one(settings, STORE, &secrets.store, trust == Trust::Operator).await?;
    check_one(settings, ORIGINALS, &secrets.moderation, trust == Trust::Operator).await?;
    if let Some(auth) = &secrets.auth {
        check_one(settings, AUTH, std::slice::from_ref(auth), trust != Trust::Store).await?;
    }
    Ok(())
}

/// `ring`: the current one, then earlier ones.
async fn check_one(
    settings: &dyn KeptSettings,
    setting: &'static str,
    ring: &[Secret],
    accept: bool,
) -> Result<(), SecretsError> {
    let name = format!("check of {setting}");
    let ring: Vec<String> = ring.iter().map(|secret| check_value(setting, secret)).collect();
    let Some(current) = ring.first() else { return Ok(()) };
    let mut stands = settings.keep_setting(&name, current).await?;
    for _ in 0..TRIES {
        let known: Vec<&str> = stands.split(' ').collect();
        if known.contains(&current.as_str()) {
            if !known.last().is_some_and(|newest| ring.iter().any(|own| own == newest)) {
                tracing::warn!(setting, "the store was used with a newer secret, which this node was not given");
            }
            return Ok(());
        }
        if !known.iter().any(|known| ring.iter().any(|own| own == known)) {
            if !accept {
                return Err(SecretsError::Unknown { setting });
            }
            tracing::warn!(setting, "the secret is another than before, and is taken for right from now on");
        }
        let forgotten = (known.len() + 1).saturating_sub(KNOWN_MAX);
        let next = [&known[forgotten..], &[current.as_str()]].concat().join(" ");
        // Nobody removes it.
        stands = settings.replace_setting(&name, &stands, &next).await?.unwrap_or_default();
    }
    Err(StoreError::Unavailable(format!("others change what is kept of {setting} all the time")).into())
}

fn check_value(setting: &str, secret: &Secret) -> String {
    let fingerprint = Fingerprints::new([secret.expose()]).of(&format!("souk check value of {setting}"));
    fingerprint.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// The settings of a store of its own, and its folder.
    async fn kept() -> (Arc<dyn KeptSettings>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("souk.db").display());
        let opened = souk_store::open(&address, &souk_store::Settings::default()).await.unwrap();
        (opened.settings, folder)
    }

    fn secret(name: char) -> Secret {
        Secret::new(&name.to_string().repeat(32)).unwrap()
    }

    /// Rings of the store and of originals, current one first, and the secret of tokens.
    fn secrets(store: &str, originals: &str, auth: Option<char>) -> Secrets {
        let ring = |names: &str| names.chars().map(secret).collect();
        Secrets { store: ring(store), moderation: ring(originals), auth: auth.map(secret), auth_is_made_up: false }
    }

    async fn wrong(kept: &dyn KeptSettings, secrets: Secrets, trust: Trust) -> Option<&'static str> {
        match check(kept, &secrets, trust).await {
            Ok(()) => None,
            Err(SecretsError::Unknown { setting }) => Some(setting),
            Err(error) => panic!("{error}"),
        }
    }

    #[tokio::test]
    async fn a_secret_that_the_store_does_not_know_is_refused() {
        let (kept, _folder) = kept().await;
        let right = || secrets("a", "a", Some('t'));
        for _ in 0..2 {
            assert_eq!(wrong(&*kept, right(), Trust::Store).await, None);
        }
        assert_eq!(wrong(&*kept, secrets("b", "a", Some('t')), Trust::Store).await, Some(STORE));
        assert_eq!(wrong(&*kept, secrets("a", "b", Some('t')), Trust::Store).await, Some(ORIGINALS));
        assert_eq!(wrong(&*kept, secrets("a", "a", Some('u')), Trust::Store).await, Some(AUTH));
        // Public keys alone: nothing to compare.
        assert_eq!(wrong(&*kept, secrets("a", "a", None), Trust::Store).await, None);
        assert_eq!(wrong(&*kept, right(), Trust::Store).await, None, "a refusal changes nothing");
        // Alone, only who signs tokens may change.
        assert_eq!(wrong(&*kept, secrets("a", "a", Some('u')), Trust::StoreAlone).await, None);
        assert_eq!(wrong(&*kept, secrets("b", "a", Some('u')), Trust::StoreAlone).await, Some(STORE));
        let kept = kept.settings().await.unwrap();
        assert!(kept.values().all(|value| !value.contains("aaaa")), "a secret itself is kept: {kept:?}");
    }

    #[tokio::test]
    async fn a_secret_is_changed_node_by_node() {
        let (kept, _folder) = kept().await;
        let (old, new) = (|| secrets("a", "a", None), || secrets("ba", "ba", None));
        assert_eq!(wrong(&*kept, old(), Trust::Store).await, None);
        assert_eq!(wrong(&*kept, new(), Trust::Store).await, None, "who knows the old one may bring a new one");
        assert_eq!(wrong(&*kept, old(), Trust::Store).await, None, "a node that was not changed yet starts again");
        assert_eq!(wrong(&*kept, new(), Trust::Store).await, None);
        assert_eq!(wrong(&*kept, secrets("b", "b", None), Trust::Store).await, None, "the old one is given up");
        // Originals get a secret of their own: the store's still opens the earlier ones.
        assert_eq!(wrong(&*kept, secrets("b", "ob", None), Trust::Store).await, None);
        assert_eq!(wrong(&*kept, secrets("c", "ob", None), Trust::Store).await, Some(STORE));
    }

    #[tokio::test]
    async fn what_is_lost_is_given_up_by_the_operators_word() {
        let (kept, _folder) = kept().await;
        assert_eq!(wrong(&*kept, secrets("a", "a", Some('t')), Trust::Store).await, None);
        let fresh = || secrets("b", "b", Some('u'));
        assert_eq!(wrong(&*kept, fresh(), Trust::Store).await, Some(STORE));
        assert_eq!(wrong(&*kept, fresh(), Trust::Operator).await, None);
        assert_eq!(wrong(&*kept, fresh(), Trust::Store).await, None);
        for name in 'c'..='z' {
            assert_eq!(wrong(&*kept, secrets(&name.to_string(), "b", None), Trust::Operator).await, None);
        }
        assert_eq!(wrong(&*kept, secrets("z", "b", None), Trust::Store).await, None);
        assert_eq!(wrong(&*kept, secrets("a", "b", None), Trust::Store).await, Some(STORE), "the oldest is forgotten");
        let longest = kept.settings().await.unwrap().values().map(String::len).max().unwrap();
        assert!(longest <= souk_chat::ports::SETTING_BYTES_MAX, "{longest} bytes");
    }
}
