//! The rules in force, which an operator may change while messages come.

use std::sync::Arc;

use parking_lot::RwLock;
use souk_moderation::Rules;

/// A place for the rules in force. Whoever judges takes one set and stays with it; a new set is for those who come later.
#[derive(Debug)]
pub struct RulesCell(RwLock<Arc<Rules>>);

impl RulesCell {
    /// These rules are in force.
    pub fn new(rules: Rules) -> Self {
        Self(RwLock::new(Arc::new(rules)))
    }

    /// The rules in force now.
    pub fn load(&self) -> Arc<Rules> {
        Arc::clone(&self.0.read())
    }

    /// From now on these are.
    pub fn store(&self, rules: Rules) {
        *self.0.write() = Arc::new(rules);
    }
}
