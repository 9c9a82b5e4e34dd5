//! Secrets that a node which stands alone makes once and keeps in its data folder.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Config;
use super::secret::Secret;

/// A made-up secret is the hexadecimal form of so many random bytes.
const RANDOM_BYTES: usize = 32;

/// The secrets in force.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Secrets of the store: the current one, then the earlier ones. Never empty.
    pub store: Vec<Secret>,
    /// Secrets of the originals: the current one, then the earlier ones. Never empty.
    pub moderation: Vec<Secret>,
    /// The HS256 secret; `None`: only public keys are in force.
    pub auth: Option<Secret>,
    /// Whether `auth` was made up by souk: then nobody else can sign tokens but `souk token`.
    pub auth_is_made_up: bool,
}

/// A kept secret could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The file or its folder.
    #[error("the secret in {} cannot be kept: {source}; make the folder writable, or set node.data_dir", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is a file, and what it holds is no secret.
    #[error("{} holds no secret of at least 32 bytes; restore it, or remove it to have a new one made", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

pub(super) fn secrets(config: &Config) -> Result<Secrets, KeptError> {
    let current = match &config.store.secret {
        Some(secret) => secret.clone(),
        None => keep(&config.node.data_dir, "store.secret")?,
    };
    let store: Vec<Secret> = std::iter::once(current).chain(config.store.previous_secrets.iter().cloned()).collect();
    let own = config.moderation.secret.iter().chain(&config.moderation.previous_secrets).cloned();
    Ok(Secrets {
        moderation: own.chain(store.iter().map(for_originals)).collect(),
        store,
        auth: auth_secret(config)?,
        auth_is_made_up: is_made_up(config),
    })
}

/// A secret made of the store's, from which the other cannot be found.
fn for_originals(store: &Secret) -> Secret {
    let mac = Hmac::<Sha256>::new_from_slice(store.expose()).expect("HMAC takes keys of any length");
    let made = mac.chain_update(b"souk moderation.secret").finalize().into_bytes();
    let text: String = made.iter().map(|byte| format!("{byte:02x}")).collect();
    Secret::new(&text).expect("the hexadecimal form of 32 bytes is long enough")
}

/// The HS256 secret alone.
pub(super) fn auth_secret(config: &Config) -> Result<Option<Secret>, KeptError> {
    if is_made_up(config) {
        keep(&config.node.data_dir, "auth.secret").map(Some)
    } else {
        Ok(config.auth.secret.clone())
    }
}

fn is_made_up(config: &Config) -> bool {
    config.auth.secret.is_none() && config.auth.jwks.is_none()
}

/// The secret in `folder/name`, made if there is none. It appears whole or not at all, and whoever comes second takes the first's.
fn keep(folder: &Path, name: &str) -> Result<Secret, KeptError> {
    let path = folder.join(name);
    let io = |source| KeptError::Io { path: path.clone(), source };
    if let Some(secret) = read(&path)? {
        return Ok(secret);
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io)?;
    let draft = folder.join(format!(".{name}.{:016x}", rand::random::<u64>()));
    let made = write(&draft).and_then(|()| match std::fs::hard_link(&draft, &path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked.and_then(|()| File::open(folder)?.sync_all()),
    });
    // The draft is a second name of the same file, or the loser of a race: either way nobody needs it.
    let removed = std::fs::remove_file(&draft);
    made.and(removed).map_err(io)?;
    read(&path)?.ok_or_else(|| KeptError::Io { path: path.clone(), source: io::ErrorKind::NotFound.into() })
}

fn write(path: &Path) -> io::Result<()> {
    let random: [u8; RANDOM_BYTES] = rand::random();
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn read(path: &Path) -> Result<Option<Secret>, KeptError> {
    match std::fs::read(path) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes).ok();
            let secret = text.and_then(|text| Secret::new(text.trim()));
            secret.map(Some).ok_or_else(|| KeptError::Damaged { path: path.to_owned() })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeptError::Io { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("a/b");
        let first = keep(&data, "store.secret").unwrap();
        assert_eq!(first.expose().len(), 64);
        assert_eq!(keep(&data, "store.secret").unwrap(), first);
        assert_ne!(keep(&data, "auth.secret").unwrap(), first);
        let mode = data.join("store.secret").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(&data).unwrap().count(), 2, "a draft was left behind");
    }

    #[test]
    fn who_asks_at_the_same_moment_gets_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let all: Vec<Secret> = std::thread::scope(|scope| {
            let askers: Vec<_> = (0..16).map(|_| scope.spawn(|| keep(path, "auth.secret").unwrap())).collect();
            askers.into_iter().map(|asker| asker.join().unwrap()).collect()
        });
        assert!(all.iter().all(|secret| *secret == all[0]));
    }

    #[test]
    fn originals_have_keys_of_their_own_which_follow_the_stores() {
        let folder = tempfile::tempdir().unwrap();
        let read = |more: &str| {
            let config = Config::from_toml(&format!("node.data_dir = {:?}\n{more}", folder.path())).unwrap();
            config.secrets().unwrap()
        };
        let (one, two, own) = ("1".repeat(32), "2".repeat(32), "3".repeat(32));
        let first = read(&format!("store.secret = \"{one}\"")).moderation;
        assert_eq!(first, read(&format!("store.secret = \"{one}\"")).moderation);
        assert!(first.len() == 1 && first[0].expose() != one.as_bytes());
        let rotated = read(&format!("store.secret = \"{two}\"\nstore.previous_secrets = [\"{one}\"]")).moderation;
        assert_eq!(rotated[1..], first[..]);
        let own = read(&format!("store.secret = \"{one}\"\nmoderation.secret = \"{own}\"")).moderation;
        assert_eq!((own[0].expose(), &own[1..]), ("3".repeat(32).as_bytes(), &first[..]));
        assert_eq!(read("").moderation, read("").moderation, "alone it follows the kept one");
    }

    #[test]
    fn a_damaged_secret_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("store.secret"), "short").unwrap();
        assert!(matches!(keep(folder.path(), "store.secret"), Err(KeptError::Damaged { .. })));
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = keep(&file.join("below"), "store.secret").unwrap_err();
        assert!(error.to_string().contains("set node.data_dir"), "{error}");
    }
}
