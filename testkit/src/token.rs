//! Tokens for made-up people, as a marketplace's back end would sign them.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

/// Signs tokens (HS256). `Debug` does not show the secret.
#[derive(Clone)]
pub struct Signer {
    key: EncodingKey,
    header: Header,
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    role: &'a str,
    exp: u64,
}

impl Signer {
    /// With the secret that the servers have, `auth.secret`.
    pub fn new(secret: &str) -> Self {
        Self { key: EncodingKey::from_secret(secret.as_bytes()), header: Header::new(Algorithm::HS256) }
    }

    /// A token of `user` that ends after `ttl`.
    pub fn sign(&self, user: &str, role: &str, ttl: Duration) -> String {
        self.sign_claims(&Claims { sub: user, role, exp: in_seconds(ttl) })
    }

    /// A token with any claims. Panics where they are not JSON.
    pub fn sign_claims(&self, claims: &impl Serialize) -> String {
        jsonwebtoken::encode(&self.header, claims, &self.key).expect("claims are JSON, and HMAC takes every key")
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(…)")
    }
}

/// The moment this far away, as tokens count: seconds since the epoch.
pub fn in_seconds(ahead: Duration) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.saturating_add(ahead).as_secs()
}

/// A secret for servers of our own: 64 hexadecimal digits.
pub fn made_up_secret() -> String {
    let bytes: [u8; 32] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Instant;

    use jsonwebtoken::{DecodingKey, Validation};
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_token_says_who_and_until_when() {
        let secret = made_up_secret();
        assert_eq!(secret.len(), 64);
        assert_ne!(secret, made_up_secret());
        let token = Signer::new(&secret).sign("u-1", "contractor", Duration::from_secs(60));
        let key = DecodingKey::from_secret(secret.as_bytes());
        let read = jsonwebtoken::decode::<HashMap<String, Value>>(&token, &key, &Validation::new(Algorithm::HS256));
        let claims = read.unwrap().claims;
        assert_eq!((&claims["sub"], &claims["role"]), (&Value::from("u-1"), &Value::from("contractor")));
        let left = claims["exp"].as_u64().unwrap() - in_seconds(Duration::ZERO);
        assert!((58..=60).contains(&left), "{left}");
    }

    #[test]
    fn everybody_has_a_token_soon() {
        let signer = Signer::new(&made_up_secret());
        let began = Instant::now();
        for number in 0..18_000 {
            assert!(!signer.sign(&format!("u-{number}"), "client", Duration::from_secs(3_600)).is_empty());
        }
        let took = began.elapsed();
        println!("18,000 tokens: {took:?}");
        assert!(took < Duration::from_secs(30), "{took:?}");
    }
}
