//! Tokens, and where new ones come from.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use souk_protocol::request::Token;

/// A JSON web token. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(Arc<str>);

impl AccessToken {
    pub(crate) fn secret(&self) -> &str {
        &self.0
    }

    pub(crate) fn for_request(&self) -> Token<'static> {
        Token(Cow::Owned(self.0.to_string()))
    }
}

impl<T: Into<Arc<str>>> From<T> for AccessToken {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

/// Why a token is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenNeed {
    /// To connect. The one given before will do while it is good.
    Connect,
    /// The one in use ends soon: a newer one, please.
    Expiring,
    /// The server did not take the last one. The client stays away, and goes on asking, until there is another.
    Rejected,
}

/// Why a provider has no token, in its own words. The client tries again later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TokenError(pub Box<str>);

/// What a provider gives back.
pub type TokenFuture = Pin<Box<dyn Future<Output = Result<AccessToken, TokenError>> + Send>>;

/// Where a client gets its tokens.
#[derive(Clone)]
pub struct Tokens(Source);

#[derive(Clone)]
enum Source {
    Fixed(AccessToken),
    Provider(Arc<dyn Fn(TokenNeed) -> TokenFuture + Send + Sync>),
}

impl Tokens {
    /// Always this one. When it ends, the client stops.
    pub fn fixed(token: impl Into<AccessToken>) -> Self {
        Self(Source::Fixed(token.into()))
    }

    /// Asks `provider` before each connect, when a token ends soon and when one was not taken. It gets
    /// [`TOKEN_TIME`](crate::limits::TOKEN_TIME) for each answer; the client goes on reading meanwhile.
    pub fn provider<F, R>(provider: F) -> Self
    where
        F: Fn(TokenNeed) -> R + Send + Sync + 'static,
        R: Future<Output = Result<AccessToken, TokenError>> + Send + 'static,
    {
        Self(Source::Provider(Arc::new(move |need| Box::pin(provider(need)))))
    }

    /// Whether there may be another one.
    pub(crate) fn renews(&self) -> bool {
        matches!(self.0, Source::Provider(_))
    }

    /// A token. Errors: the provider has none, or took too long.
    pub async fn get(&self, need: TokenNeed) -> Result<AccessToken, TokenError> {
        match &self.0 {
            Source::Fixed(token) => Ok(token.clone()),
            Source::Provider(provider) => tokio::time::timeout(crate::limits::TOKEN_TIME, provider(need))
                .await
                .unwrap_or_else(|_| Err(TokenError("the token provider took too long".into()))),
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.renews() { "Tokens(provider)" } else { "Tokens(fixed)" })
    }
}
