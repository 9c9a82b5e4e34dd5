//! From texts to values. Each parser says what is wrong and what to say instead.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use souk_moderation::{Category, Policies, Policy, Rules, Settings, SettingsError};

use souk_settings::{Faults, Given, Kind, Value, Wrong, choose};

use super::secret::{SECRET_BYTES_MIN, Secret};
use super::{Auth, LogFormat};

/// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`.
pub(super) fn address(given: &Given) -> Result<SocketAddr, Wrong> {
    let text = given.single()?;
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    numeric.as_deref().unwrap_or(text).parse().map_err(|_| {
        Wrong::new(
            format!("{text:?} is not an address to listen on"),
            "write an IP address and a port: 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080",
        )
    })
}

/// A bound; 0 for no bound.
pub(super) fn bound(given: &Given, kind: Kind) -> Result<Option<NonZeroU32>, Faults> {
    u32::read(given, kind).map(NonZeroU32::new)
}

/// Any text that is not empty.
pub(super) fn text(given: &Given) -> Result<String, Wrong> {
    match given.single()? {
        "" => Err(Wrong::new("is empty", "say a value, or leave the setting out")),
        text => Ok(text.to_owned()),
    }
}

/// A path.
pub(super) fn path(given: &Given) -> Result<PathBuf, Wrong> {
    text(given).map(PathBuf::from)
}

/// The name of a node.
pub(super) fn node_id(given: &Given) -> Result<String, Wrong> {
    /// As long as the names in Redis may be.
    const MAX: usize = 128;
    let id = given.single()?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if id.is_empty() || id.len() > MAX || !id.bytes().all(allowed) {
        return Err(Wrong::new(
            format!("{id:?} cannot name a node"),
            format!("write 1 to {MAX} letters A–Z a–z, digits, '.', '_' or '-', different on every node"),
        ));
    }
    Ok(id.to_owned())
}

/// A secret; never quoted.
pub(super) fn secret(given: &Given) -> Result<Option<Secret>, Wrong> {
    secret_of(given.single()?).map(Some)
}

/// Several secrets; never quoted.
pub(super) fn secrets(given: &Given) -> Result<Vec<Secret>, Wrong> {
    given.items()?.into_iter().map(secret_of).collect()
}

fn secret_of(text: &str) -> Result<Secret, Wrong> {
    Secret::new(text).ok_or_else(|| {
        Wrong::new(
            format!("a secret of {} bytes can be guessed", text.len()),
            format!("use at least {SECRET_BYTES_MIN}, for instance what `openssl rand -hex 32` prints"),
        )
    })
}

/// The file of public keys.
pub(super) fn jwks(auth: &mut Auth, given: &Given) -> Result<(), Faults> {
    let text = text(given)?;
    if text.starts_with("https://") || text.starts_with("http://") {
        return Err(Wrong::new(
            "is an address, and this version reads key sets from files only",
            "save the key set to a file, keep it fresh (souk reads it again when it changes) and name that file",
        )
        .into());
    }
    auth.jwks = Some(text.into());
    Ok(())
}

/// What the log shows.
pub(super) fn filter(given: &Given) -> Result<String, Wrong> {
    let text = text(given)?;
    tracing_subscriber::EnvFilter::try_new(&text).map_err(|error| {
        Wrong::new(
            format!("{text:?} is not a log filter ({error})"),
            "write for instance info, or warn,souk_node=debug",
        )
    })?;
    Ok(text)
}

/// The form of a log line.
pub(super) fn format(given: &Given) -> Result<LogFormat, Faults> {
    choose(given, &[("text", LogFormat::Text), ("json", LogFormat::Json)])
}

/// The words of `moderation.policy`.
pub(super) const POLICIES: &[&str] = &["mask", "refuse", "flag", "off", "shadow"];
/// The words of one category.
pub(super) const CATEGORY_POLICIES: &[&str] = &["mask", "refuse", "flag", "off"];

/// What becomes of every category that has no policy of its own.
pub(super) fn policy(settings: &mut Settings, given: &Given) -> Result<(), Faults> {
    settings.shadow = false;
    settings.policies = match given.single()? {
        // Threats and insults are evidence: they are flagged, not masked, unless told otherwise; spam is refused.
        "mask" => Policies::default(),
        "shadow" => {
            settings.shadow = true;
            Policies::default()
        }
        word => Policies::all(Policy::parse(word).ok_or_else(|| unknown_policy(word, POLICIES))?),
    };
    Ok(())
}

/// What becomes of one category.
pub(super) fn category(settings: &mut Settings, category: Category, given: &Given) -> Result<(), Faults> {
    let word = given.single()?;
    let policy = Policy::parse(word).ok_or_else(|| unknown_policy(word, CATEGORY_POLICIES))?;
    settings.policies.set(category, policy);
    Ok(())
}

fn unknown_policy(word: &str, words: &[&str]) -> Wrong {
    Wrong::new(format!("{word:?} is not a policy"), format!("write one of: {}", words.join(", ")))
}

/// The marketplace's own hosts. The rules that use them say which names will do.
pub(super) fn own_hosts(settings: &mut Settings, given: &Given) -> Result<(), Faults> {
    let own_hosts: Vec<String> = given.items()?.into_iter().map(str::to_owned).collect();
    if let Err(SettingsError::OwnHosts(bad)) =
        Rules::new(Settings { own_hosts: own_hosts.clone(), ..Settings::default() })
    {
        return Err(Wrong::new(
            format!("holds what is no host name of a marketplace: {}", bad.join(" ")),
            "write names like market.example, without scheme, port or path",
        )
        .into());
    }
    settings.own_hosts = own_hosts;
    Ok(())
}
