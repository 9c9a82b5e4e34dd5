//! What a scenario can add to people who talk.

pub(crate) mod churn;
pub(crate) mod limit;
pub(crate) mod ramp;
pub(crate) mod storm;
