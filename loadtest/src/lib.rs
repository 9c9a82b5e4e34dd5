//! The load-test harness of souk: thousands of real clients against one or more nodes, and proof that nothing was lost.

pub mod report;
pub mod scenario;
pub mod target;
