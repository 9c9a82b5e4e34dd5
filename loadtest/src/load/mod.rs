//! What people say, and when.

pub(crate) mod conductor;
pub(crate) mod talk;
