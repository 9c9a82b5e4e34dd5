use souk_chat::Tasks;
use souk_chat::limits::Quota;

/// Longest prefix of channel and key names, in bytes.
pub const PREFIX_MAX: usize = 64;
/// Longest node name, in bytes.
pub const NODE_MAX: usize = 128;

/// What an engine needs to know beside the address.
#[derive(Clone, Debug)]
pub struct Settings {
    /// This node's name: letters, digits, `.`, `_`, `-`. The engine adds a number of its own, so a name may be used again at once
    /// after a crash.
    pub node: String,
    /// First part of every channel and key name; nodes with the same prefix belong together.
    pub prefix: String,
    /// How many messages a person may send.
    pub quota: Quota,
    /// Is told what becomes of the engines' tasks.
    pub tasks: Tasks,
}

impl Default for Settings {
    fn default() -> Self {
        Self { node: "souk".into(), prefix: "souk".into(), quota: Quota::default(), tasks: Tasks::default() }
    }
}

/// Why no engine could be made. Not being reachable is no such reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not `local`, `redis://`, `rediss://`, `redis-sentinel://` or `redis-cluster://`.
    #[error(
        "the router's address must be `local`, or begin with redis://, rediss://, redis-sentinel:// or redis-cluster://"
    )]
    Scheme,
    /// The address could not be read. The address itself is not shown, it may hold a password.
    #[error("the router's address cannot be read: {0}")]
    Address(String),
    /// An encrypted connection, and this build has no TLS.
    #[error(
        "the router's address asks for TLS (rediss://), but souk was built without it: build with the feature `redis-tls`"
    )]
    NoTls,
    /// A node name or prefix that cannot be part of a key.
    #[error("{what} must be 1 to {max} letters, digits, '.', '_' or '-'")]
    Name {
        /// Which setting.
        what: &'static str,
        /// Most bytes.
        max: usize,
    },
}

impl Settings {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let is_name = |text: &str, max: usize| {
            let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
            !text.is_empty() && text.len() <= max && text.bytes().all(allowed)
        };
        for (what, text, max) in [("node", &self.node, NODE_MAX), ("prefix", &self.prefix, PREFIX_MAX)] {
            if !is_name(text, max) {
                return Err(ConfigError::Name { what, max });
            }
        }
        Ok(())
    }
}
