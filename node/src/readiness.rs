//! Whether this node should be sent clients, part by part.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// How a part of the node is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Health {
    Well,
    /// Something does not work, and clients are still better here than nowhere.
    Degraded(String),
    /// Clients should go elsewhere.
    NotReady(String),
}

impl Health {
    fn word(&self) -> &str {
        match self {
            Self::Well => "ok",
            Self::Degraded(reason) | Self::NotReady(reason) => reason,
        }
    }
}

/// Whether this node should be sent clients: every part says it for itself. Cheap to clone, all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    parts: Arc<Mutex<BTreeMap<&'static str, Health>>>,
}

impl Readiness {
    /// The part is ready.
    pub fn ready(&self, part: &'static str) {
        self.parts.lock().insert(part, Health::Well);
    }

    /// The part does not work as it should, for this reason, a sentence without secrets; clients may come all the same.
    pub fn degraded(&self, part: &'static str, reason: impl Into<String>) {
        self.parts.lock().insert(part, Health::Degraded(reason.into()));
    }

    /// The part is not ready, for this reason: a sentence without secrets.
    pub fn not_ready(&self, part: &'static str, reason: impl Into<String>) {
        self.parts.lock().insert(part, Health::NotReady(reason.into()));
    }

    /// Whether there are parts and none of them keeps clients away.
    pub fn is_ready(&self) -> bool {
        let parts = self.parts.lock();
        !parts.is_empty() && !parts.values().any(|health| matches!(health, Health::NotReady(_)))
    }

    /// Each part, and whether it works as it should.
    pub fn parts(&self) -> Vec<(&'static str, bool)> {
        self.parts.lock().iter().map(|(part, health)| (*part, *health == Health::Well)).collect()
    }

    /// What `/readyz` answers: `{"degraded":true,"parts":{"router":"no answer","store":"ok"},"ready":true}`.
    pub(crate) fn to_json(&self) -> (bool, String) {
        let ready = self.is_ready();
        let parts = self.parts.lock();
        let degraded = parts.values().any(|health| *health != Health::Well);
        let parts: BTreeMap<_, _> = parts.iter().map(|(part, health)| (part, health.word())).collect();
        (ready, serde_json::json!({ "ready": ready, "degraded": degraded, "parts": parts }).to_string())
    }
}
