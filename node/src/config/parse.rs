//! From texts to values. Each parser says what is wrong and what to say instead.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use souk_moderation::{Category, Policies, Policy, Rules, Settings, SettingsError};

use super::given::{Given, Wrong};
use super::secret::{SECRET_BYTES_MIN, Secret};
use super::{Auth, LogFormat};

/// Puts a parsed value where it belongs.
pub(super) fn put<T>(place: &mut T, value: Result<T, Wrong>) -> Result<(), Wrong> {
    *place = value?;
    Ok(())
}

/// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`.
pub(super) fn address(given: &Given) -> Result<SocketAddr, Wrong> {
    let text = given.text()?;
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    numeric.as_deref().unwrap_or(text).parse().map_err(|_| {
        Wrong::new(
            format!("{text:?} is not an address to listen on"),
            "write an IP address and a port: 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080",
        )
    })
}

/// A length of time: a whole number and `ms`, `s`, `m`, `h` or `d`.
pub(crate) fn duration(text: &str, range: RangeInclusive<Duration>) -> Result<Duration, Wrong> {
    let wrong = || {
        Wrong::new(
            format!("{text:?} is not a length of time"),
            "write a whole number and its unit: 500ms, 60s, 2m, 1h or 1d",
        )
    };
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let millis = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        // Nothing is nothing in any unit.
        "" if number == 0 => 0,
        _ => return Err(wrong()),
    };
    let value = number.checked_mul(millis).map(Duration::from_millis).ok_or_else(wrong)?;
    if value > *range.end() {
        return Err(Wrong::new(format!("{text} is too long"), format!("at most {}", show(*range.end()))));
    }
    if value < *range.start() {
        return Err(Wrong::new(format!("{text} is too short"), format!("at least {}", show(*range.start()))));
    }
    Ok(value)
}

fn show(duration: Duration) -> String {
    match duration.as_millis() {
        ms if ms % 3_600_000 == 0 && ms > 0 => format!("{}h", ms / 3_600_000),
        ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}

/// A duration of so many seconds.
pub(super) fn seconds(given: &Given, range: RangeInclusive<u64>) -> Result<Duration, Wrong> {
    duration(given.text()?, Duration::from_secs(*range.start())..=Duration::from_secs(*range.end()))
}

/// A whole number; 0 for none.
pub(super) fn number(given: &Given) -> Result<u32, Wrong> {
    let text = given.text()?;
    text.parse().map_err(|_| {
        Wrong::new(
            format!("{text:?} is not a whole number"),
            format!("write digits, 0 to {}; 0 means no limit", u32::MAX),
        )
    })
}

/// A bound; 0 for no bound.
pub(super) fn bound(given: &Given) -> Result<Option<NonZeroU32>, Wrong> {
    number(given).map(NonZeroU32::new)
}

/// `true` or `false`.
pub(super) fn switch(given: &Given) -> Result<bool, Wrong> {
    match given.text()? {
        "true" => Ok(true),
        "false" => Ok(false),
        text => Err(Wrong::new(format!("{text:?} is neither yes nor no"), "write true or false")),
    }
}

/// Any text that is not empty.
pub(super) fn text(given: &Given) -> Result<String, Wrong> {
    match given.text()? {
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
    let id = given.text()?;
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
    secret_of(given.text()?).map(Some)
}

/// Several secrets; never quoted.
pub(super) fn secrets(given: &Given) -> Result<Vec<Secret>, Wrong> {
    given.items().into_iter().map(secret_of).collect()
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
pub(super) fn jwks(auth: &mut Auth, given: &Given) -> Result<(), Wrong> {
    let text = text(given)?;
    if text.starts_with("https://") || text.starts_with("http://") {
        return Err(Wrong::new(
            "is an address, and this version reads key sets from files only",
            "save the key set to a file, keep it fresh (souk reads it again when it changes) and name that file",
        ));
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
pub(super) fn format(given: &Given) -> Result<LogFormat, Wrong> {
    match given.text()? {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        text => Err(Wrong::new(format!("{text:?} is not a form of a log line"), "write text or json")),
    }
}

/// The words of `moderation.policy`.
pub(super) const POLICIES: &[&str] = &["mask", "refuse", "flag", "off", "shadow"];
/// The words of one category.
pub(super) const CATEGORY_POLICIES: &[&str] = &["mask", "refuse", "flag", "off"];

/// What becomes of every category that has no policy of its own.
pub(super) fn policy(settings: &mut Settings, given: &Given) -> Result<(), Wrong> {
    settings.shadow = false;
    settings.policies = match given.text()? {
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
pub(super) fn category(settings: &mut Settings, category: Category, given: &Given) -> Result<(), Wrong> {
    let word = given.text()?;
    let policy = Policy::parse(word).ok_or_else(|| unknown_policy(word, CATEGORY_POLICIES))?;
    settings.policies.set(category, policy);
    Ok(())
}

fn unknown_policy(word: &str, words: &[&str]) -> Wrong {
    Wrong::new(format!("{word:?} is not a policy"), format!("write one of: {}", words.join(", ")))
}

/// The marketplace's own hosts. The rules that use them say which names will do.
pub(super) fn own_hosts(settings: &mut Settings, given: &Given) -> Result<(), Wrong> {
    let own_hosts: Vec<String> = given.items().into_iter().map(str::to_owned).collect();
    if let Err(SettingsError::OwnHosts(bad)) =
        Rules::new(Settings { own_hosts: own_hosts.clone(), ..Settings::default() })
    {
        return Err(Wrong::new(
            format!("holds what is no host name of a marketplace: {}", bad.join(" ")),
            "write names like market.example, without scheme, port or path",
        ));
    }
    settings.own_hosts = own_hosts;
    Ok(())
}
