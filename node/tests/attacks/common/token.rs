//! Tokens, good and forged.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use souk_testkit::token::in_seconds;

/// The node's HS256 secret.
pub(crate) const SECRET: &str = "attacks-attacks-attacks-attacks-1";
/// Somebody else's.
const WRONG_SECRET: &str = "another-another-another-another-2";
/// `{"alg":"none","typ":"JWT"}` in base64url.
const NONE_HEADER: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";

/// Seconds since the epoch.
pub(crate) fn now() -> i64 {
    i64::try_from(in_seconds(Duration::ZERO)).expect("a clock before the year 292 billion")
}

fn sign(claims: &Value, secret: &str, algorithm: Algorithm) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

/// A good signature over any claims.
pub(crate) fn with(claims: &Value) -> String {
    sign(claims, SECRET, Algorithm::HS256)
}

/// A good token of this person, for an hour.
pub(crate) fn of(user: &str) -> String {
    with(&json!({"sub": user, "exp": now() + 3_600}))
}

/// A good token in this role, for an hour.
pub(crate) fn with_role(user: &str, role: &str) -> String {
    with(&json!({"sub": user, "role": role, "exp": now() + 3_600}))
}

/// A good token of so many seconds.
pub(crate) fn lasting(user: &str, seconds: i64) -> String {
    with(&json!({"sub": user, "exp": now() + seconds}))
}

/// Everything that must never be taken for a token of `user`, each with what is wrong with it.
pub(crate) fn bad(user: &str) -> Vec<(&'static str, String)> {
    let hour = now() + 3_600;
    let good = of(user);
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("a token has three parts") };
    let turned: String = signature.chars().rev().collect();
    vec![
        ("nothing", String::new()),
        ("no token at all", "let me in".to_owned()),
        ("expired beyond the leeway", with(&json!({"sub": user, "exp": now() - 60}))),
        ("without exp", with(&json!({"sub": user}))),
        ("exp as a text", with(&json!({"sub": user, "exp": hour.to_string()}))),
        ("exp as null", with(&json!({"sub": user, "exp": null}))),
        ("exp below zero", with(&json!({"sub": user, "exp": -1}))),
        ("exp in milliseconds", with(&json!({"sub": user, "exp": hour * 1_000}))),
        ("exp beyond all time", with(&json!({"sub": user, "exp": 1e300}))),
        ("not valid yet", with(&json!({"sub": user, "exp": hour, "nbf": now() + 600}))),
        ("nbf as a text", with(&json!({"sub": user, "exp": hour, "nbf": "0"}))),
        ("without sub", with(&json!({"exp": hour}))),
        ("sub as a number", with(&json!({"sub": 7, "exp": hour}))),
        ("sub outside the alphabet", with(&json!({"sub": "a b", "exp": hour}))),
        ("sub of two dots", with(&json!({"sub": "..", "exp": hour}))),
        ("sub too long", with(&json!({"sub": "a".repeat(129), "exp": hour}))),
        ("a role of its own", with(&json!({"sub": user, "role": "root", "exp": hour}))),
        ("another's secret", sign(&json!({"sub": user, "exp": hour}), WRONG_SECRET, Algorithm::HS256)),
        ("another algorithm", sign(&json!({"sub": user, "exp": hour}), SECRET, Algorithm::HS512)),
        ("alg none", format!("{NONE_HEADER}.{claims}.")),
        ("alg none with the signature", format!("{NONE_HEADER}.{claims}.{signature}")),
        ("without signature", format!("{header}.{claims}.")),
        ("two parts", format!("{header}.{claims}")),
        ("signature turned around", format!("{header}.{claims}.{turned}")),
        ("longer than tokens may be", format!("{good}{}", "A".repeat(8_192))),
    ]
}
