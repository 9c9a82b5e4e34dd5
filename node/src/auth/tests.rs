//! Attack by attack.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use souk_chat::{Role, Tasks, Timestamp, UserId};

use super::*;
use crate::config::{Config, Secret, Secrets};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const NOW: Timestamp = Timestamp(1_800_000_000_000);
const NOW_S: i64 = 1_800_000_000;
const RSA: &[u8] = include_bytes!("testdata/rsa.pem");
const RSA_PUBLIC: &[u8] = include_bytes!("testdata/rsa.pub.pem");
const EC: &[u8] = include_bytes!("testdata/ec.pem");
const ED: &[u8] = include_bytes!("testdata/ed.pem");

/// A verifier configured with these lines; `secret`: whether HS256 is on.
fn verifier(secret: bool, lines: &str) -> Verifier {
    let config = Config::from_toml(lines).unwrap();
    let secret = secret.then(|| Secret::new(SECRET).unwrap());
    let secrets = Secrets { store: Vec::new(), moderation: Vec::new(), auth: secret, auth_is_made_up: false };
    Verifier::new(&config.auth, &secrets).unwrap()
}

fn by_secret() -> Verifier {
    verifier(true, "")
}

fn jwks_path() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/auth/testdata/jwks.json").to_str().unwrap().to_owned()
}

fn by_keys() -> Verifier {
    verifier(false, &format!("auth.jwks = {:?}", jwks_path()))
}

fn good() -> Value {
    json!({ "sub": "ann", "exp": NOW_S + 60 })
}

/// `good` with other members; `null` takes one out.
fn with(changes: Value) -> Value {
    let mut claims = good();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
    }
    claims
}

fn hs256(claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

fn signed(algorithm: Algorithm, kid: Option<&str>, key: &EncodingKey) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, &good(), key).unwrap()
}

fn rsa_key() -> EncodingKey {
    EncodingKey::from_rsa_pem(RSA).unwrap()
}

fn base64url(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let group = |bytes: &[u8]| {
        let number = bytes.iter().chain(&[0, 0]).take(3).fold(0usize, |n, b| n << 8 | usize::from(*b));
        let digits = [18, 12, 6, 0].map(|shift| char::from(ALPHABET[number >> shift & 63]));
        digits.into_iter().take(bytes.len() + 1).collect::<String>()
    };
    text.as_bytes().chunks(3).map(group).collect()
}

fn refusal(verifier: &Verifier, token: &str) -> AuthError {
    let error = verifier.verify(token, NOW).expect_err("the token was taken");
    assert!(token.len() < 16 || !error.to_string().contains(&token[..16]), "{error}");
    error
}

#[test]
fn a_good_token_says_who_somebody_is() {
    let claims = with(json!({
        "name": " Ann\u{7} Lee ", "role": "contractor", "locale": "fr-CA", "picture": "https://p.example/a.png", "exp": NOW_S as f64 + 0.5,
        "unknown": [1]
    }));
    let identity = by_secret().verify(&hs256(&claims), NOW).unwrap();
    assert_eq!(identity.actor.user.as_str(), "ann");
    assert_eq!(identity.actor.role, Role::Contractor);
    assert_eq!(identity.actor.name.as_deref(), Some("Ann Lee"));
    assert_eq!(identity.actor.locale.as_deref(), Some("fr-CA"));
    assert_eq!(identity.picture.as_deref(), Some("https://p.example/a.png"));
    assert_eq!(identity.expires_at, Timestamp(NOW.0 + 500));
    let plain = by_secret().verify(&hs256(&good()), NOW).unwrap();
    assert_eq!((plain.actor.role, plain.actor.name, plain.picture), (Role::Client, None, None));
}

#[test]
fn what_only_decorates_never_keeps_somebody_out() {
    let claims = with(json!({ "name": "x".repeat(500), "locale": "fr<script>", "picture": "javascript:alert(1)" }));
    let identity = by_secret().verify(&hs256(&claims), NOW).unwrap();
    assert_eq!(identity.actor.name.unwrap().len(), NAME_CHARS);
    assert_eq!((identity.actor.locale, identity.picture), (None, None));
    for changes in [
        json!({ "name": 7, "locale": { "language": "fr" }, "picture": ["https://p.example/a.png"] }),
        json!({ "name": "\u{2800}\u{200B}", "picture": "https://p.example/\u{0}a.png" }),
    ] {
        let identity = by_secret().verify(&hs256(&with(changes)), NOW).unwrap();
        assert_eq!((identity.actor.name, identity.actor.locale, identity.picture), (None, None, None));
    }
    let reordered = hs256(&with(json!({ "name": "\u{202E}nnA\u{1b}" })));
    assert_eq!(by_secret().verify(&reordered, NOW).unwrap().actor.name.as_deref(), Some("nnA"));
}

#[test]
fn a_forged_token_is_refused() {
    let other = EncodingKey::from_secret(b"another secret, also of 32 bytes!");
    let forged = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &good(), &other).unwrap();
    assert_eq!(refusal(&by_secret(), &forged), AuthError::Signature);
    // Somebody else's claims under a good signature.
    let (good, admin) = (hs256(&good()), hs256(&with(json!({ "role": "admin" }))));
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let mixed = format!("{}.{}.{}", parts(&good)[0], parts(&admin)[1], parts(&good)[2]);
    assert_eq!(refusal(&by_secret(), &mixed), AuthError::Signature);
    assert_eq!(refusal(&by_secret(), &format!("{}.{}.", parts(&good)[0], parts(&good)[1])), AuthError::Signature);
    for mangled in ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "ÿ.ÿ.ÿ"] {
        assert_eq!(refusal(&by_secret(), mangled), AuthError::Malformed, "{mangled}");
    }
}

#[test]
fn a_token_with_one_character_changed_or_missing_is_refused() {
    let (verifier, good) = (by_secret(), hs256(&good()));
    for at in 0..good.len() {
        for other in ["A", "B", "_", ".", ""] {
            let changed = format!("{}{other}{}", &good[..at], &good[at + 1..]);
            assert!(changed == good || verifier.verify(&changed, NOW).is_err(), "{at}: {changed}");
        }
    }
}

#[test]
fn no_algorithm_is_no_signature() {
    for name in ["none", "None", "NONE", "nOnE", "", "HS1"] {
        let unsigned =
            format!("{}.{}.", base64url(&json!({ "alg": name }).to_string()), base64url(&good().to_string()));
        assert_eq!(refusal(&by_secret(), &unsigned), AuthError::Malformed, "{name}");
        assert_eq!(refusal(&by_keys(), &unsigned), AuthError::Malformed, "{name}");
    }
}

#[test]
fn a_public_key_is_no_secret() {
    // The classic: HS256 with the published RSA key as the secret, in each form it is published in.
    let modulus =
        serde_json::from_slice::<Value>(include_bytes!("testdata/jwks.json")).unwrap()["keys"][0]["n"].clone();
    let both = verifier(true, &format!("auth.jwks = {:?}", jwks_path()));
    for form in [RSA_PUBLIC, RSA_PUBLIC.trim_ascii(), modulus.as_str().unwrap().as_bytes()] {
        let key = EncodingKey::from_secret(form);
        assert_eq!(refusal(&by_keys(), &signed(Algorithm::HS256, Some("rsa-1"), &key)), AuthError::Algorithm);
        assert_eq!(refusal(&both, &signed(Algorithm::HS256, Some("rsa-1"), &key)), AuthError::Algorithm);
        assert_eq!(refusal(&by_keys(), &signed(Algorithm::HS256, None, &key)), AuthError::UnknownKey);
        assert_eq!(refusal(&both, &signed(Algorithm::HS256, None, &key)), AuthError::Signature);
    }
}

#[test]
fn a_key_is_good_for_its_one_algorithm() {
    let verifier = by_keys();
    let (ec, ed) = (EncodingKey::from_ec_pem(EC).unwrap(), EncodingKey::from_ed_pem(ED).unwrap());
    for token in [
        signed(Algorithm::RS256, Some("rsa-1"), &rsa_key()),
        signed(Algorithm::ES256, Some("ec-1"), &ec),
        signed(Algorithm::EdDSA, Some("ed-1"), &ed),
        signed(Algorithm::RS256, None, &rsa_key()),
        signed(Algorithm::ES256, None, &ec),
    ] {
        assert_eq!(verifier.verify(&token, NOW).unwrap().actor.user.as_str(), "ann");
    }
    // The key could do these as well, and is not asked to.
    for algorithm in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256] {
        assert_eq!(refusal(&verifier, &signed(algorithm, Some("rsa-1"), &rsa_key())), AuthError::Algorithm);
        assert_eq!(refusal(&verifier, &signed(algorithm, None, &rsa_key())), AuthError::UnknownKey);
    }
    assert_eq!(refusal(&verifier, &signed(Algorithm::ES256, Some("rsa-1"), &ec)), AuthError::Algorithm);
    assert_eq!(refusal(&verifier, &hs256(&good())), AuthError::UnknownKey);
    let long = EncodingKey::from_secret(SECRET.as_bytes());
    assert_eq!(refusal(&by_secret(), &signed(Algorithm::HS512, None, &long)), AuthError::UnknownKey);
}

#[test]
fn a_kid_is_a_name_and_nothing_else() {
    for kid in ["nobody", "", "../../etc/passwd", "' OR 1=1", "http://evil.example/keys", "rsa-1\0"] {
        assert_eq!(
            refusal(&by_keys(), &signed(Algorithm::RS256, Some(kid), &rsa_key())),
            AuthError::UnknownKey,
            "{kid}"
        );
    }
    // A key that the token brings along, or the place where it says one is.
    let jwk = json!({ "alg": "RS256", "jku": "http://evil.example", "kid": "nobody", "jwk": { "kty": "RSA", "n": "AQAB", "e": "AQAB" } });
    let token = format!("{}.{}.c2ln", base64url(&jwk.to_string()), base64url(&good().to_string()));
    assert_eq!(refusal(&by_keys(), &token), AuthError::UnknownKey);
    // With one secret there is nothing to look up, whatever it is called.
    let named = signed(Algorithm::HS256, Some("main"), &EncodingKey::from_secret(SECRET.as_bytes()));
    assert!(by_secret().verify(&named, NOW).is_ok());
}

#[test]
fn an_extension_that_must_be_understood_is_not() {
    let header = Header { crit: Some(vec!["b64".into()]), ..Header::new(Algorithm::HS256) };
    let token = jsonwebtoken::encode(&header, &good(), &EncodingKey::from_secret(SECRET.as_bytes())).unwrap();
    assert_eq!(refusal(&by_secret(), &token), AuthError::Malformed);
}

/// What is said of a claim of the wrong type.
fn wrong_type(name: &'static str) -> AuthError {
    let expected = match name {
        "exp" | "nbf" => "a number, in seconds since 1970",
        "sub" => "a text, the user's id",
        "role" => "one text: client, contractor, admin or service",
        "iss" => "a text",
        _ => "a text or a list of texts",
    };
    AuthError::Type { name, expected }
}

#[test]
fn times_are_numbers_of_seconds_and_they_count() {
    let exp = Some(wrong_type("exp"));
    let far = |name| Some(AuthError::FarAhead { name });
    let ten_years = 10 * 366 * 24 * 3_600;
    let cases = [
        (json!({ "exp": NOW_S - 6 }), Some(AuthError::Expired)),
        (json!({ "exp": NOW_S - 5 }), Some(AuthError::Expired)),
        (json!({ "exp": NOW_S - 4 }), None),
        (json!({ "exp": 0 }), Some(AuthError::Expired)),
        (json!({ "exp": null }), Some(AuthError::NoEnd)),
        (json!({ "exp": (NOW_S + 60).to_string() }), exp),
        (json!({ "exp": "never" }), exp),
        (json!({ "exp": [NOW_S + 60] }), Some(AuthError::Claims)),
        (json!({ "exp": -1 }), exp),
        (json!({ "exp": NOW_S + ten_years }), None),
        (json!({ "exp": NOW_S + ten_years + 1 }), far("exp")),
        (json!({ "exp": (NOW_S + 60) * 1_000 }), far("exp")),
        (json!({ "exp": u64::MAX }), far("exp")),
        (json!({ "exp": 1e300 }), far("exp")),
        (json!({ "nbf": NOW_S + 6 }), Some(AuthError::NotYet)),
        (json!({ "nbf": NOW_S + 5 }), None),
        (json!({ "nbf": NOW_S * 1_000 }), far("nbf")),
        (json!({ "nbf": (NOW_S + 60).to_string() }), Some(wrong_type("nbf"))),
        (json!({ "nbf": true }), Some(wrong_type("nbf"))),
    ];
    for (changes, expected) in cases {
        let result = by_secret().verify(&hs256(&with(changes.clone())), NOW);
        assert_eq!(result.err(), expected, "{changes}");
    }
    let strict = verifier(true, "auth.leeway = \"0s\"");
    assert_eq!(refusal(&strict, &hs256(&with(json!({ "exp": NOW_S })))), AuthError::Expired);
}

#[test]
fn a_subject_is_a_user_id_and_a_role_is_one_of_four() {
    let bad_subjects =
        [json!(""), json!("a b"), json!("a~b"), json!("ännchen"), json!("a".repeat(129)), json!("."), json!("a/../b")];
    for sub in bad_subjects {
        assert_eq!(refusal(&by_secret(), &hs256(&with(json!({ "sub": sub })))), AuthError::Subject, "{sub}");
    }
    assert_eq!(refusal(&by_secret(), &hs256(&with(json!({ "sub": null })))), AuthError::NoSubject);
    assert_eq!(refusal(&by_secret(), &hs256(&with(json!({ "sub": 7 })))), wrong_type("sub"));
    for role in ["root", "Admin", "admin ", ""] {
        assert_eq!(refusal(&by_secret(), &hs256(&with(json!({ "role": role })))), AuthError::Role, "{role}");
    }
    for role in [json!(["client"]), json!(7), json!({ "client": true })] {
        assert_eq!(refusal(&by_secret(), &hs256(&with(json!({ "role": role })))), wrong_type("role"), "{role}");
    }
    for claims in [json!("ann"), json!([good()]), json!(null)] {
        assert_eq!(refusal(&by_secret(), &hs256(&claims)), AuthError::Claims, "{claims}");
    }
}

#[test]
fn a_refusal_says_which_claim_is_wrong_and_what_it_must_be() {
    for (changes, words) in [
        (json!({ "role": ["client"] }), "role must be one text: client, contractor, admin or service"),
        (json!({ "sub": 7 }), "sub must be a text"),
        (json!({ "exp": "tomorrow" }), "exp must be a number, in seconds since 1970"),
        (json!({ "exp": (NOW_S + 60) * 1_000 }), "exp is in seconds"),
        (json!({ "exp": null }), "no exp"),
        (json!({ "sub": null }), "no sub"),
    ] {
        let said = refusal(&by_secret(), &hs256(&with(changes.clone()))).to_string();
        assert!(said.contains(words), "{changes}: {said}");
    }
}

#[test]
fn issuer_and_audience_count_when_they_are_set() {
    let verifier = verifier(true, "auth.issuer = \"market\"\nauth.audience = \"souk\"");
    for (changes, expected) in [
        (json!({ "iss": "market", "aud": "souk" }), None),
        (json!({ "iss": "market", "aud": ["web", "souk"] }), None),
        (json!({ "aud": "souk" }), Some(AuthError::Issuer)),
        (json!({ "iss": "Market", "aud": "souk" }), Some(AuthError::Issuer)),
        (json!({ "iss": ["market"], "aud": "souk" }), Some(wrong_type("iss"))),
        (json!({ "iss": "market" }), Some(AuthError::Audience)),
        (json!({ "iss": "market", "aud": ["web"] }), Some(AuthError::Audience)),
        (json!({ "iss": "market", "aud": 7 }), Some(wrong_type("aud"))),
    ] {
        assert_eq!(verifier.verify(&hs256(&with(changes.clone())), NOW).err(), expected, "{changes}");
    }
    assert!(by_secret().verify(&hs256(&with(json!({ "iss": "x", "aud": "y" }))), NOW).is_ok());
}

#[test]
fn an_oversized_token_is_not_even_looked_at() {
    let big = hs256(&with(json!({ "padding": "x".repeat(TOKEN_BYTES) })));
    assert_eq!(refusal(&by_secret(), &big), AuthError::TooLong);
    let header = Header { cty: Some("x".repeat(3000)), ..Header::new(Algorithm::HS256) };
    let token = jsonwebtoken::encode(&header, &good(), &EncodingKey::from_secret(SECRET.as_bytes())).unwrap();
    assert_eq!(refusal(&by_secret(), &token), AuthError::TooLong);
    let deep = format!("{{\"sub\":{}1{}}}", "[".repeat(2000), "]".repeat(2000));
    let token = format!("{}.{}.c2ln", base64url("{\"alg\":\"HS256\"}"), base64url(&deep));
    assert_eq!(refusal(&by_secret(), &token), AuthError::Signature);
}

#[test]
fn a_made_token_is_taken_by_the_node_it_was_made_for() {
    let lines = "auth.issuer = \"market\"\nauth.audience = \"souk\"";
    let (user, auth) = (UserId::new("ann").unwrap(), Config::from_toml(lines).unwrap().auth);
    let grant = Grant { user: &user, role: Role::Admin, name: Some("Ann"), locale: None, ttl: Duration::from_secs(60) };
    let token = sign(&Secret::new(SECRET).unwrap(), &auth, &grant, NOW);
    let identity = verifier(true, lines).verify(&token, NOW).unwrap();
    assert_eq!((identity.actor.role, identity.expires_at), (Role::Admin, Timestamp(NOW.0 + 60_000)));
    assert_eq!(identity.actor.name.as_deref(), Some("Ann"));
}

/// A key set in a file of its own, and a way to change it that its time stamp or length shows.
struct KeyFile(tempfile::TempDir);

impl KeyFile {
    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("jwks.json")
    }

    fn holding(text: &str) -> Self {
        let file = Self(tempfile::tempdir().unwrap());
        file.write(text);
        file
    }

    fn write(&self, text: &str) {
        std::fs::write(self.path(), text).unwrap();
    }

    fn verifier(&self) -> Verifier {
        verifier(false, &format!("auth.jwks = {:?}", self.path()))
    }
}

/// The test's key set with only the named keys.
fn key_set(kids: &[&str]) -> String {
    let mut set: Value = serde_json::from_slice(include_bytes!("testdata/jwks.json")).unwrap();
    let keys = set["keys"].as_array_mut().unwrap();
    keys.retain(|key| kids.contains(&key["kid"].as_str().unwrap()));
    set.to_string()
}

#[test]
fn a_key_set_that_changed_is_read_again_and_a_broken_one_is_not_put_in_force() {
    let file = KeyFile::holding(&key_set(&["rsa-1"]));
    let verifier = file.verifier();
    let rsa = signed(Algorithm::RS256, Some("rsa-1"), &rsa_key());
    let ec = signed(Algorithm::ES256, Some("ec-1"), &EncodingKey::from_ec_pem(EC).unwrap());
    assert_eq!(refusal(&verifier, &ec), AuthError::UnknownKey);

    // A new key is found by the token that names it, though not more often than every few seconds.
    file.write(&key_set(&["rsa-1", "ec-1"]));
    assert_eq!(refusal(&verifier, &ec), AuthError::UnknownKey);
    verifier.pass_time();
    assert!(verifier.verify(&ec, NOW).is_ok());

    for broken in ["{", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}"] {
        file.write(broken);
        assert!(!verifier.look());
        assert!(verifier.verify(&rsa, NOW).is_ok() && verifier.verify(&ec, NOW).is_ok(), "{broken}");
    }
    std::fs::remove_file(file.path()).unwrap();
    assert!(!verifier.look() && verifier.verify(&rsa, NOW).is_ok());

    // A key that was taken out is gone with the next look.
    file.write(&key_set(&["ec-1"]));
    assert!(verifier.look());
    assert_eq!(refusal(&verifier, &rsa), AuthError::UnknownKey);
}

#[tokio::test(start_paused = true)]
async fn the_file_is_watched() {
    let file = KeyFile::holding(&key_set(&["rsa-1"]));
    let verifier = Arc::new(file.verifier());
    let watch = tokio::spawn(verifier.clone().watch(Tasks::default(), "key set"));
    file.write(&key_set(&["ec-1"]));
    let rsa = signed(Algorithm::RS256, Some("rsa-1"), &rsa_key());
    let gone = async {
        while verifier.verify(&rsa, NOW).is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(WATCH_EVERY * 100, gone).await.expect("the key that was taken out is still good");
    watch.abort();
    assert!(
        tokio::time::timeout(Duration::from_secs(1), Arc::new(by_secret()).watch(Tasks::default(), "key set"))
            .await
            .is_ok()
    );
}

#[test]
fn a_key_set_is_refused_for_a_reason() {
    let rsa = serde_json::from_str::<Value>(&key_set(&["rsa-1"])).unwrap()["keys"][0].clone();
    let changed = |name: &str, value: &str| {
        let mut key = rsa.clone();
        key[name] = value.into();
        key
    };
    for (keys, why) in [
        (json!([]), "no RSA, P-256"),
        (json!([changed("use", "enc")]), "no RSA, P-256"),
        (json!([{ "kty": "oct", "k": "c2VjcmV0", "kid": "a" }]), "no RSA, P-256"),
        (json!([rsa, rsa]), "the same kid"),
        (json!([changed("alg", "HS256")]), "another kind of key"),
        (json!([changed("n", "AQAB")]), "2048 bits"),
        (json!([changed("n", "!")]), "damaged"),
        (json!("x"), "no JSON Web Key Set"),
    ] {
        let file = KeyFile::holding(&json!({ "keys": keys }).to_string());
        let config = Config::from_toml(&format!("auth.jwks = {:?}", file.path())).unwrap();
        let secrets = Secrets { store: Vec::new(), moderation: Vec::new(), auth: None, auth_is_made_up: false };
        let error = Verifier::new(&config.auth, &secrets).err().expect("a bad key set was taken").to_string();
        assert!(error.contains(why), "{error} / {why}");
    }
    // What souk does not know is passed over beside a key that it does.
    let mixed = json!({ "keys": [{ "kty": "new", "kid": "z" }, 7, { "kty": "OKP", "crv": "X25519", "x": "AA" }, rsa] });
    let verifier = KeyFile::holding(&mixed.to_string()).verifier();
    assert!(verifier.verify(&signed(Algorithm::RS256, Some("rsa-1"), &rsa_key()), NOW).is_ok());
    assert!(matches!(
        Verifier::new(
            &Config::default().auth,
            &Secrets { store: Vec::new(), moderation: Vec::new(), auth: None, auth_is_made_up: false }
        ),
        Err(KeysError::None)
    ));
}
