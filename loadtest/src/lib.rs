//! The load-test harness of souk: thousands of real clients against one or more nodes, and proof that nothing was lost.
//!
//! | module | what it is |
//! |---|---|
//! | [`scenario`] | what is to be done: files, knobs, thresholds |
//! | [`target`] | against what: given servers, nodes of our own, other people's servers |
//! | `run` | one run from the first connection to the last proof |
//! | `crowd` | everybody who is there, and who they are |
//! | `device` | a client: connects, joins, talks, reads, notes, comes back |
//! | `context` | what all devices share |
//! | `talk`, `conductor` | what is said, and when: planned beforehand, whatever the answers do |
//! | `ingredients` | what a scenario can add: the rate limit's testers, a storm, a ramp, churn |
//! | `ledger`, `integrity` | what was said and what became of it; the proof that every story is the same |
//! | `recorder`, [`measure`] | counts and times; what servers and harness use |
//! | [`sabotage`] | a wire that lies |
//! | [`report`] | what was found, as JSON, HTML, text and tables |
//! | `join` | several processes of one run |

pub mod cli;
mod conductor;
mod context;
mod crowd;
mod device;
mod export;
mod ingredients;
mod integrity;
mod join;
mod ledger;
pub mod measure;
mod offences;
mod recorder;
pub mod report;
mod run;
pub mod sabotage;
pub mod scenario;
mod talk;
pub mod target;
mod view;

pub use recorder::Series;
