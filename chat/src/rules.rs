//! The rules in force, which an operator may change while messages come.

use std::fmt::Debug;
use std::sync::Arc;

use parking_lot::RwLock;
use souk_moderation::{Category, Context, Policy, Rules, Verdict};

/// Who judges texts: [`Rules`], and whatever stands in for them in tests.
pub trait Judge: Debug + Send + Sync {
    /// See [`Rules::moderate`].
    fn moderate<'t>(&self, text: &'t str, context: &Context<'_>) -> Verdict<'t>;
    /// See [`Rules::repeated`].
    fn repeated<'t>(&self, text: &'t str, context: &Context<'_>) -> Verdict<'t>;
    /// See [`Rules::policy`].
    fn policy(&self, category: Category) -> Policy;
    /// See [`Rules::is_shadow`].
    fn is_shadow(&self) -> bool;
    /// See [`Rules::version`].
    fn version(&self) -> &str;
}

impl Judge for Rules {
    fn moderate<'t>(&self, text: &'t str, context: &Context<'_>) -> Verdict<'t> {
        self.moderate(text, context)
    }

    fn repeated<'t>(&self, text: &'t str, context: &Context<'_>) -> Verdict<'t> {
        self.repeated(text, context)
    }

    fn policy(&self, category: Category) -> Policy {
        self.policy(category)
    }

    fn is_shadow(&self) -> bool {
        self.is_shadow()
    }

    fn version(&self) -> &str {
        self.version()
    }
}

/// A place for the rules in force. Whoever judges takes one set and stays with it; a new set is for those who come later.
#[derive(Debug)]
pub struct RulesCell(RwLock<Arc<dyn Judge>>);

impl RulesCell {
    /// These rules are in force.
    pub fn new(rules: impl Judge + 'static) -> Self {
        Self(RwLock::new(Arc::new(rules)))
    }

    /// The rules in force now.
    pub fn load(&self) -> Arc<dyn Judge> {
        Arc::clone(&self.0.read())
    }

    /// From now on these are.
    pub fn store(&self, rules: impl Judge + 'static) {
        *self.0.write() = Arc::new(rules);
    }
}
