//! What is decided once for a whole store.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::store::StoreError;

/// Most bytes of a setting's name, and of its value.
pub const SETTING_BYTES_MAX: usize = 1_024;

/// Settings that are kept in the store itself, so that all who use it agree on them: names, each with a text. There are few, they
/// are written seldom, and none is ever removed. Both writes answer with the value that stands after them, so that repeating one
/// after any error is safe and tells how it ended.
#[async_trait]
pub trait KeptSettings: Send + Sync {
    /// All of them, as a quorum read sees them.
    async fn settings(&self) -> Result<BTreeMap<String, String>, StoreError>;
    /// Keeps `value` under `name` if nothing is kept there. Returns what stands: `value`, or what somebody kept before. Errors:
    /// [`StoreError::Unknown`] where it may have been written, [`StoreError::Invalid`] for an empty name or more than
    /// [`SETTING_BYTES_MAX`].
    async fn keep_setting(&self, name: &str, value: &str) -> Result<String, StoreError>;
    /// Puts `to` in the place of `from`, if that is what is kept under `name`. Returns what stands: `to`, or what was there instead
    /// of `from`; `None`: nothing is kept there. Errors as above.
    async fn replace_setting(&self, name: &str, from: &str, to: &str) -> Result<Option<String>, StoreError>;
}
