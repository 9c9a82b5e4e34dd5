//! `souk token`.

use std::time::{SystemTime, UNIX_EPOCH};

use souk_chat::Timestamp;

use super::args::TokenArgs;
use crate::auth::{Grant, sign};
use crate::config::Config;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A token and a line end. Reads the secret in force, and makes it if the node that needs it has not been started yet.
pub(super) fn token(config: &Config, args: &TokenArgs) -> Result<String, Error> {
    let secret = config.auth_secret()?.ok_or(
        "only auth.jwks is set, and whoever has the private keys signs tokens; set auth.secret as well to make tokens here",
    )?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let now = Timestamp(i64::try_from(since.as_millis())?);
    let grant = Grant {
        user: &args.user,
        role: args.role,
        name: args.name.as_deref(),
        locale: args.locale.as_deref(),
        ttl: args.ttl,
    };
    Ok(format!("{}\n", sign(&secret, &config.auth, &grant, now)))
}
