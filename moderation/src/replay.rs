//! Judging lines of conversations one after another, as a node would: the window of earlier messages, masking after the
//! fact, repetitions. For operators who try rules, and for measuring.

use std::collections::{HashMap, VecDeque};

use crate::spam::{self, Repetition};
use crate::{Action, Context, Earlier, Locale, Rules, Verdict, WINDOW_MESSAGES, WINDOW_MS};

/// Most conversations, and most repeated texts, that are remembered; the longest silent are forgotten.
const REMEMBERED: usize = 65_536;

/// Most times that one text of one sender is remembered: more than it takes to call it spam.
const REPEATED: usize = 64;

/// A line as it was said.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The text.
    pub text: &'a str,
    /// Who said it. Without one it belongs to no conversation.
    pub sender: Option<&'a str>,
    /// In which order; empty: none.
    pub order: &'a str,
    /// When: milliseconds since the Unix epoch. Must not fall within a conversation.
    pub at_ms: i64,
    /// The chat's language.
    pub locale: Locale,
}

/// What becomes of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome<'t> {
    /// The verdict.
    pub verdict: Verdict<'t>,
    /// The lines, counted from 1 in the order of the calls, that are masked after the fact, for each of
    /// [`Verdict::earlier`].
    pub masks_earlier: Vec<u64>,
}

/// What a line left behind in its conversation.
struct Line {
    number: u64,
    text: String,
    at_ms: i64,
}

/// Conversations so far.
pub struct Replay<'r> {
    rules: &'r Rules,
    lines: u64,
    windows: HashMap<(String, String), VecDeque<Line>>,
    /// Per sender and form: the orders it was said in, and when.
    said: HashMap<(String, String), VecDeque<(String, i64)>>,
}

impl<'r> Replay<'r> {
    /// Nothing said yet.
    pub fn new(rules: &'r Rules) -> Self {
        Self { rules, lines: 0, windows: HashMap::new(), said: HashMap::new() }
    }

    /// Counts a line that could not be read, and so belongs to no conversation.
    pub const fn skip(&mut self) {
        self.lines += 1;
    }

    /// Judges the next line.
    pub fn say<'t>(&mut self, said: &Said<'t>) -> Outcome<'t> {
        self.lines += 1;
        let Some(sender) = said.sender else {
            let context = Context { locale: said.locale, order: said.order, earlier: &[] };
            return Outcome { verdict: self.rules.moderate(said.text, &context), masks_earlier: Vec::new() };
        };
        forget_oldest(&mut self.windows, |window| window.back().map_or(0, |line| line.at_ms));
        let window = self.windows.entry((sender.to_owned(), said.order.to_owned())).or_default();
        window.retain(|line| said.at_ms - line.at_ms <= WINDOW_MS);
        let verdict = {
            let earlier: Vec<Earlier<'_>> =
                window.iter().map(|line| Earlier { text: &line.text, at_ms: line.at_ms }).collect();
            let context = Context { locale: said.locale, order: said.order, earlier: &earlier };
            if repetition(&mut self.said, sender, said).is_spam() {
                self.rules.repeated(said.text, &context)
            } else {
                self.rules.moderate(said.text, &context)
            }
        };
        let masks_earlier = verdict.earlier.iter().map(|masked| window[masked.index].number).collect();
        for masked in &verdict.earlier {
            window[masked.index].text.clone_from(&masked.text);
        }
        if verdict.action != Action::Refuse {
            window.push_back(Line { number: self.lines, text: verdict.text.to_string(), at_ms: said.at_ms });
            if window.len() > WINDOW_MESSAGES {
                window.pop_front();
            }
            let form = (sender.to_owned(), spam::form(said.text));
            let before = self.said.entry(form).or_default();
            before.push_back((said.order.to_owned(), said.at_ms));
            if before.len() > REPEATED {
                before.pop_front();
            }
        }
        Outcome { verdict, masks_earlier }
    }
}

/// How often the sender said this before.
fn repetition(
    all: &mut HashMap<(String, String), VecDeque<(String, i64)>>,
    sender: &str,
    said: &Said<'_>,
) -> Repetition {
    let form = spam::form(said.text);
    if form.is_empty() {
        return Repetition::default();
    }
    forget_oldest(all, |said| said.back().map_or(0, |(_, at)| *at));
    let Some(before) = all.get_mut(&(sender.to_owned(), form)) else { return Repetition::default() };
    before.retain(|(_, at)| said.at_ms - at <= spam::WINDOW_MS);
    let in_order = before.iter().filter(|(order, _)| order == said.order).count();
    let mut others: Vec<&str> = before.iter().map(|(order, _)| order.as_str()).filter(|o| *o != said.order).collect();
    others.sort_unstable();
    others.dedup();
    Repetition { in_order, other_orders: others.len() }
}

/// Makes room: when the map is full, the half that was silent longest goes.
fn forget_oldest<K: std::hash::Hash + Eq, V>(map: &mut HashMap<K, V>, last: impl Fn(&V) -> i64) {
    if map.len() < REMEMBERED {
        return;
    }
    let mut times: Vec<i64> = map.values().map(&last).collect();
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    let median = *median;
    map.retain(|_, value| last(value) > median);
}
