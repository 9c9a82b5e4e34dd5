//! What may be said in an order chat: [`Rules::moderate`] takes a text and its [`Context`] and answers with a
//! [`Verdict`]. Pure functions: no I/O, no clock, no runtime. The time taken is linear in the length of the text.
//!
//! ```text
//! text ─► fold ─► words ─► finders, one after another ─► policies ─► masks ─► look again, as it will be shown
//! ```
//! A text is *folded* once, with the way back to the original: forms of letters and digits become plain, what is invisible goes,
//! words of mixed alphabets are written in one. The finders work on that. They claim ranges in a fixed order, and each looks only
//! at what the ones before it left: addresses with spelled signs, links, e-mails, numbers with marks, bare domains, phone numbers as people write them,
//! hidden ones, messengers and handles, an operator's rules, words and phrases. Then the policies say what becomes of each find.
//! What is to be masked is masked and the text looked at again, as it will be shown, until nothing new shows: so a masked text
//! moderated again stays as it is. Earlier messages of the sender are read together with a text that could complete something.
//!
//! | file | holds |
//! |---|---|
//! | `rules.rs` | the order of the finders, decision, masking |
//! | `text/` | folding, alphabets, words |
//! | `email.rs`, `link.rs`, `host.rs`, `tld.rs`, `ip.rs` | addresses written in the usual way, the marketplace's own hosts |
//! | `spelled/` | addresses whose signs are words or stand apart |
//! | `phone/`, `phone/hidden/` | numbers in known layouts, laced, marked and by counted things; in words, digit by digit, in other digits |
//! | `phone/dictated.rs` | numbers dictated over many messages, a digit or two in each |
//! | `numbers/` | number words of three languages as tables, and how they compose |
//! | `handle/`, `vocabulary/`, `units.rs` | services, handles, invitations; the words that say what stands beside them |
//! | `split.rs` | contacts cut over several messages |
//! | `lexicon/`, `additions.rs` | words and phrases of profanity, insults, threats; an operator's words and rules |
//! | `spam.rs`, `replay.rs` | repetition; conversations line by line, for trying and measuring |
//! | `category.rs`, `settings.rs`, `context.rs`, `verdict.rs` | what goes in and comes out |

mod additions;
mod category;
mod context;
mod email;
mod find;
mod handle;
mod host;
mod ip;
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
pub use context::{Context, Earlier, Locale, WINDOW_LONG, WINDOW_MESSAGES, WINDOW_MS, WINDOW_SHORT_BYTES};
pub use replay::{Outcome, Replay, Said};
pub use rules::Rules;
pub use settings::{Policies, Policy, Settings, SettingsError};
pub use verdict::{Action, EarlierMasked, RuleId, Span, Verdict};
