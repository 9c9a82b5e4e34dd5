//! Tables of settings, and what reads them: the node's configuration and the load test's scenarios each declare a [`Table`].
//!
//! | module | what it is |
//! |---|---|
//! | `table` | a key: its name, form, bounds, default, explanation, and how it is put where it belongs |
//! | `given` | a value as somebody said it |
//! | `value` | from it to lengths of time, counts, numbers, words; and back to text |
//! | `collect` | what a file, the environment and the command line say, each with its place |
//! | `understand` | from there to values in force, or to every mistake |
//! | `mistake` | where something was said, what is wrong, what to do |
//! | `options` | the keys as options of the command line |
//! | [`files`] | reading files that people name |

mod collect;
pub mod files;
mod given;
mod mistake;
mod options;
mod table;
#[cfg(test)]
mod tests;
mod understand;
mod value;

pub use collect::{Collected, Level, Said};
pub use given::Given;
pub use mistake::{Faults, Mistake, Mistakes, Place, Wrong, did_you_mean, nearest};
pub use options::{EXIT_USAGE, leave, status};
pub use table::{Fallback, Key, Kind, Table};
pub use understand::{Understood, Values};
pub use value::{Value, choose, duration, length, millis, put, quoted};
