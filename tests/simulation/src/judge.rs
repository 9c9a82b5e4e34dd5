//! The rules of the simulated nodes: the real ones, and words that stand for what is split, and for what is refused.

use souk_chat::Judge;
use souk_moderation::{Action, Category, Context, EarlierMasked, Policy, Rules, Settings, Verdict};

/// Begins the first part of something that may not be said.
pub const FIRST: &str = "first-";
/// Begins the second part: it goes on with the same letters.
pub const SECOND: &str = "second-";
/// Like [`SECOND`]; a text that completes something so is refused, and may hold several of them.
pub const LAST: &str = "last-";
/// A text with it is refused.
pub const FORBIDDEN: &str = "forbidden";

/// The real rules; beside them a second part completes a first part of the same letters in the window.
#[derive(Debug)]
pub struct Words(Rules);

impl Default for Words {
    fn default() -> Self {
        Self(Rules::new(Settings::default()).expect("the default rules are good"))
    }
}

/// The part of `text` that begins with `mark`, to the next space.
pub fn part<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    parts(text, mark).next()
}

fn parts<'t>(text: &'t str, mark: &str) -> impl Iterator<Item = &'t str> {
    text.split_whitespace().filter(move |word| word.starts_with(mark))
}

/// Masks what begins in earlier messages and is ended by a word of `text` that begins with `mark`. Returns whether something is.
fn complete(verdict: &mut Verdict<'_>, context: &Context<'_>, text: &str, mark: &str) -> bool {
    let before = verdict.earlier.len();
    for end in parts(text, mark) {
        let first = format!("{FIRST}{}", &end[mark.len()..]);
        for (index, earlier) in context.earlier.iter().enumerate() {
            if part(earlier.text, FIRST) == Some(first.as_str()) {
                let flags = [Category::Phone].into_iter().collect();
                let text = earlier.text.replace(&first, "***");
                verdict.earlier.push(EarlierMasked { index, text, flags, spans: Vec::new() });
            }
        }
    }
    verdict.earlier.sort_by_key(|masked| masked.index);
    verdict.earlier.len() > before
}

impl Judge for Words {
    fn moderate<'t>(&self, text: &'t str, context: &Context<'_>) -> Verdict<'t> {
        let mut verdict = self.0.moderate(text, context);
        if text.contains(FORBIDDEN) {
            verdict.action = Action::Refuse;
            verdict.flags.insert(Category::Profanity);
            verdict.rules.push("test.forbidden");
        }
        if complete(&mut verdict, context, text, LAST) {
            verdict.action = Action::Refuse;
            verdict.flags.insert(Category::Phone);
            verdict.rules.push("test.last");
        } else if let Some(second) = part(text, SECOND)
            && complete(&mut verdict, context, text, SECOND)
        {
            verdict.text = verdict.text.replace(second, "***").into();
            verdict.action = verdict.action.max(Action::Mask);
            verdict.flags.insert(Category::Phone);
            verdict.rules.push("test.parts");
        }
        verdict.decided = verdict.decided.max(verdict.action);
        verdict
    }

    fn repeated<'t>(&self, text: &'t str, context: &Context<'_>) -> Verdict<'t> {
        self.0.repeated(text, context)
    }

    fn policy(&self, category: Category) -> Policy {
        self.0.policy(category)
    }

    fn is_shadow(&self) -> bool {
        self.0.is_shadow()
    }

    fn version(&self) -> &str {
        self.0.version()
    }
}
