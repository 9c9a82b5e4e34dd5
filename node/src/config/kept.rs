//! Secrets that a node which stands alone makes once and keeps in its data folder.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use souk_settings::files;

use super::Config;
use super::secret::Secret;

/// A made-up secret is the hexadecimal form of so many random bytes.
const RANDOM_BYTES: usize = 32;

/// The secrets in force.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Secrets of the store: the current one, then the earlier ones. Never empty.
    pub store: Vec<Secret>,
    /// What the keys of originals are made of: `moderation.secret` and its earlier values where there are any, then those of the
    /// store. Never empty.
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
        moderation: own.chain(store.iter().cloned()).collect(),
        store,
        auth: auth_secret(config)?,
        auth_is_made_up: is_made_up(config),
    })
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
    match files::read(path) {
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
    fn originals_have_a_secret_of_their_own_or_the_stores() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two, own] = ["1", "2", "3"].map(|digit| digit.repeat(32));
        let read = |more: &str| {
            let config = Config::from_toml(&format!("node.data_dir = {:?}\n{more}", folder.path())).unwrap();
            let secrets = config.secrets().unwrap().moderation;
            secrets.iter().map(|secret| String::from_utf8(secret.expose().to_vec()).unwrap()).collect::<Vec<_>>()
        };
        let store = format!("store.secret = {two:?}\nstore.previous_secrets = [{one:?}]\n");
        assert_eq!(read(&store), [two.clone(), one.clone()]);
        // What was closed before there was a secret of its own stays open.
        assert_eq!(read(&format!("{store}moderation.secret = {own:?}")), [own, two, one]);
        assert_eq!(read(""), read(""), "alone it is the kept one");
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
