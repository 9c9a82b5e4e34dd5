//! The keys of tokens: a secret, or the public keys of a JWKS file.

use std::collections::HashMap;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize;

/// Most keys of a set.
const KEYS_MAX: usize = 256;
/// Shortest RSA modulus, in bytes: 2048 bits.
const RSA_BYTES_MIN: usize = 256;

/// A key and the one algorithm it is good for.
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

/// Public keys.
#[derive(Default)]
pub(super) struct KeySet {
    named: HashMap<String, Key>,
    unnamed: Vec<Key>,
}

#[derive(Deserialize)]
struct File {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// Reads a JWKS. Keys that are not for checking signatures, or of a kind souk does not know, are passed over, as the
    /// specification wants. Errors: no usable key is left, two have the same `kid`, a key is too weak or not what it says.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let file: File =
            serde_json::from_slice(text).map_err(|error| format!("it is no JSON Web Key Set ({error})"))?;
        if file.keys.len() > KEYS_MAX {
            return Err(format!("it has more than {KEYS_MAX} keys"));
        }
        let mut set = Self::default();
        let keys = file.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        for jwk in keys.filter(for_signatures) {
            let Some(algorithm) = algorithm(&jwk)? else { continue };
            let decoding = DecodingKey::from_jwk(&jwk).map_err(|_| "a key of it is damaged".to_owned())?;
            if let DecodingKeyKind::RsaModulusExponent { n, .. } = decoding.kind()
                && n.len() < RSA_BYTES_MIN
            {
                return Err("an RSA key of it has fewer than 2048 bits".to_owned());
            }
            let key = Key { algorithm, decoding };
            match jwk.common.key_id {
                None => set.unnamed.push(key),
                Some(name) if set.named.contains_key(&name) => {
                    return Err("two keys of it have the same kid".to_owned());
                }
                Some(name) => {
                    set.named.insert(name, key);
                }
            }
        }
        if set.len() == 0 {
            return Err("it has no RSA, P-256, P-384 or Ed25519 key for signatures".to_owned());
        }
        Ok(set)
    }

    /// How many keys it has.
    pub(super) fn len(&self) -> usize {
        self.named.len() + self.unnamed.len()
    }

    /// The key of this name.
    pub(super) fn named(&self, name: &str) -> Option<&Key> {
        self.named.get(name)
    }

    /// The key for a token that names none: the only one of the algorithm.
    pub(super) fn only(&self, algorithm: Algorithm) -> Option<&Key> {
        let mut keys = self.named.values().chain(&self.unnamed).filter(|key| key.algorithm == algorithm);
        keys.next().filter(|_| keys.next().is_none())
    }
}

fn for_signatures(jwk: &Jwk) -> bool {
    let used = jwk.common.public_key_use.as_ref().is_none_or(|wanted| *wanted == PublicKeyUse::Signature);
    used && jwk.common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

/// The algorithm that a key is pinned to: the one it names, or the usual one of its kind. `None`: nothing for souk; a symmetric key has
/// no place among public ones.
fn algorithm(jwk: &Jwk) -> Result<Option<Algorithm>, String> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    let allowed: &[Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => &[ES256],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => &[ES384],
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[EdDSA],
        _ => return Ok(None),
    };
    match jwk.common.key_algorithm {
        None => Ok(Some(allowed[0])),
        Some(named) => match Algorithm::try_from(named) {
            Ok(algorithm) if allowed.contains(&algorithm) => Ok(Some(algorithm)),
            Ok(_) => Err("a key of it names an algorithm of another kind of key".to_owned()),
            Err(_) => Ok(None),
        },
    }
}
