/// Why the store did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Nothing was written; a read got no answer. May be tried again.
    #[error("the store does not answer: {0}")]
    Unavailable(String),
    /// A write got no answer that says whether it was applied. It may still be applied *later*.
    #[error("the store did not say whether the write was applied: {0}")]
    Unknown(String),
    /// The request or what is stored makes no sense; trying again will not help.
    #[error("the store refused: {0}")]
    Invalid(String),
}
