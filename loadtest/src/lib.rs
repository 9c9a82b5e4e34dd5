//! The load-test harness of souk: thousands of real clients against one or more nodes, and proof that nothing was lost.

pub mod export;
pub mod measure;
pub mod proxy;
pub mod report;
pub mod scenario;
