//! The figures.

pub(crate) mod flood;
pub(crate) mod floor;
pub(crate) mod idle;
pub(crate) mod relay;
