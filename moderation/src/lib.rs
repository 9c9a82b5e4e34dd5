//! What may be said in an order chat: [`Rules::moderate`] takes a text and its [`Context`] and answers with a
//! [`Verdict`]. Pure functions: no I/O, no clock, no runtime. The time taken is linear in the length of the text.
//!
//! The work goes in two steps. First every kind of contact claims its bytes, in a fixed order: addresses with a scheme,
//! e-mails, bare domains, phone numbers. A kind looks only at what the ones before it left, and treats the edge of a
//! claimed range as it treats a mask. Then the policies say what becomes of each find. What is to be masked is covered
//! and the rest looked at again until nothing new shows; so a masked text moderated again stays as it is.
//!
//! | file | holds |
//! |---|---|
//! | `rules.rs` | the order of the kinds, decision, masking |
//! | `email.rs`, `link.rs`, `phone/` | one kind of contact each |
//! | `host.rs`, `tld.rs` | host names, the marketplace's own hosts, top-level domains |
//! | `lexicon/`, `additions.rs` | words and phrases of profanity, insults, threats; an operator's words and rules |
//! | `category.rs`, `settings.rs`, `context.rs`, `verdict.rs` | what goes in and comes out |

mod additions;
mod category;
mod context;
mod email;
mod find;
mod handle;
mod host;
mod lexicon;
mod link;
mod numbers;
mod phone;
mod replay;
mod rules;
mod settings;
mod slip;
pub mod spam;
mod spelled;
mod split;
mod text;
mod tld;
mod units;
mod verdict;
mod vocabulary;

pub use additions::{
    ADDITIONS_BYTES_MAX, Additions, AdditionsError, AdditionsMistake, DISABLED_MAX, OWN_RULES_MAX, PATTERN_BYTES_MAX,
    PATTERN_CHARS_MAX, WORD_CHARS_MAX, WORDS_MAX,
};
pub use category::{Categories, Category};
pub use context::{Context, Earlier, Locale, WINDOW_MESSAGES, WINDOW_MS};
pub use replay::{Outcome, Replay, Said};
pub use rules::Rules;
pub use settings::{Policies, Policy, Settings, SettingsError};
pub use verdict::{Action, EarlierMasked, RuleId, Span, Verdict};
