//! What the rules made of a message or conversation, held against its labels.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use souk_moderation::{Action, Categories, Category, Outcome, Replay, Rules, Said, Span};

use crate::corpus::Line;

/// The masks that may stand in place of what was hidden.
const MASKS: [&str; 4] = ["***", "[link removed]", "[lien supprimé]", "[ссылка удалена]"];

/// So many digits or letters of a contact in sight are a miss.
pub(crate) const READABLE: usize = 4;

/// So many letters and digits hidden beside a contact are too many: a word that announces it …
const BESIDE: usize = 8;
/// … or a messenger's name in a few words, but not a sentence.
const BESIDE_HANDLE: usize = 24;

/// One message or conversation, judged.
pub(crate) struct Judged {
    /// Its name: the conversation's, or the message's.
    pub(crate) unit: String,
    /// What it is.
    pub(crate) label: String,
    /// How it was hidden.
    pub(crate) technique: String,
    /// Its language.
    pub(crate) language: String,
    /// Each labelled span is covered, each has a find of the right category, and what must stay stays.
    pub(crate) found: bool,
    /// Each labelled span is covered, by whatever.
    pub(crate) covered: bool,
    /// Something of the labelled spans is covered.
    pub(crate) touched: bool,
    /// Something of the labelled spans is covered, but what can be read of them is more than a few characters.
    pub(crate) readable: bool,
    /// Much more than the labelled spans is hidden.
    pub(crate) wide: bool,
    /// Everything that was found in it.
    pub(crate) flags: Categories,
    /// The text that is shown does not follow from the spans.
    pub(crate) broken: bool,
    /// What was written and what is shown, line by line.
    pub(crate) shown: Vec<(String, String)>,
    /// The rules that found something.
    pub(crate) rules: BTreeSet<&'static str>,
    /// How long the rules took for each line.
    pub(crate) took: Vec<Duration>,
}

/// A line after judging: what is covered, by what, and what is shown.
struct Seen {
    chars: Vec<char>,
    finds: Vec<Span>,
    covered: Vec<bool>,
    shown: String,
    flags: Categories,
    broken: bool,
}

/// Judges the lines of one unit: a conversation in its order, or one message.
pub(crate) fn judge(rules: &Rules, lines: &[&Line]) -> Judged {
    let mut replay = Replay::new(rules);
    let mut seen: Vec<Seen> = Vec::new();
    let mut took = Vec::new();
    let mut names = BTreeSet::new();
    for line in lines {
        let said =
            Said { text: &line.text, sender: line.sender(), order: &line.order, at_ms: line.at, locale: line.locale() };
        let start = Instant::now();
        let outcome = replay.say(&said);
        took.push(start.elapsed());
        names.extend(outcome.verdict.rules.iter().copied());
        mask_earlier(&mut seen, &outcome);
        let chars: Vec<char> = line.text.chars().collect();
        let mut covered = vec![false; chars.len()];
        for span in &outcome.verdict.spans {
            covered[span.start..span.end].fill(true);
        }
        let hidden = outcome.verdict.action == Action::Mask;
        seen.push(Seen {
            broken: hidden && !follows(&chars, &outcome.verdict.spans, &outcome.verdict.text),
            shown: outcome.verdict.text.into_owned(),
            flags: outcome.verdict.flags,
            finds: outcome.verdict.spans,
            covered,
            chars,
        });
    }
    summed(lines, &seen, took, names)
}

/// Takes in what a later line made of earlier ones.
fn mask_earlier(seen: &mut [Seen], outcome: &Outcome<'_>) {
    for (masked, number) in outcome.verdict.earlier.iter().zip(&outcome.masks_earlier) {
        let index = usize::try_from(*number).unwrap_or(usize::MAX).wrapping_sub(1);
        let Some(line) = seen.get_mut(index) else { continue };
        let places = places(&line.chars, &line.shown);
        for span in &masked.spans {
            let mut written = places.iter().take(span.end).skip(span.start).flatten().copied();
            let Some(first) = written.next() else { continue };
            let end = written.last().unwrap_or(first) + 1;
            line.covered[first..end].fill(true);
            line.finds.push(Span { start: first, end, ..*span });
        }
        line.flags = line.flags.iter().chain(masked.flags.iter()).collect();
        line.shown.clone_from(&masked.text);
    }
}

/// For each character that is shown, its place in what was written; none for those of masks.
fn places(written: &[char], shown: &str) -> Vec<Option<usize>> {
    let mut places = Vec::new();
    let mut next = 0;
    let mut rest = shown;
    while let Some(first) = rest.chars().next() {
        let mask = MASKS.iter().find(|mask| rest.starts_with(**mask));
        if let Some(mask) = mask {
            let after: Vec<char> = rest[mask.len()..].chars().take(6).collect();
            places.extend(std::iter::repeat_n(None, mask.chars().count()));
            rest = &rest[mask.len()..];
            while next < written.len() && (!written[next..].starts_with(&after) || after.is_empty()) {
                next += 1;
            }
        } else {
            places.push((next < written.len()).then_some(next));
            next += 1;
            rest = &rest[first.len_utf8()..];
        }
    }
    places
}

/// Whether what is shown is what was written with masks for (some of) the spans and nothing else changed.
fn follows(written: &[char], spans: &[Span], shown: &str) -> bool {
    // Every way of masking some of the spans and leaving others: the positions reached so far in what is shown.
    let mut reached = BTreeSet::from([0_usize]);
    let mut at = 0;
    let step = |reached: BTreeSet<usize>, piece: &str| -> BTreeSet<usize> {
        reached.into_iter().filter(|from| shown[*from..].starts_with(piece)).map(|from| from + piece.len()).collect()
    };
    for span in spans {
        reached = step(reached, &written[at..span.start].iter().collect::<String>());
        let left = step(reached.clone(), &written[span.start..span.end].iter().collect::<String>());
        // Finds that touch may share a mask.
        let shared = if span.start == at { reached.clone() } else { BTreeSet::new() };
        reached = MASKS.iter().flat_map(|mask| step(reached.clone(), mask)).chain(left).chain(shared).collect();
        at = span.end;
    }
    step(reached, &written[at..].iter().collect::<String>()).contains(&shown.len())
}

fn summed(lines: &[&Line], seen: &[Seen], took: Vec<Duration>, rules: BTreeSet<&'static str>) -> Judged {
    let first = lines[0];
    let is_handle = matches!(first.label.as_str(), "messenger" | "social");
    // An invitation to a place that is not named is flagged.
    let by_flag = matches!(first.label.as_str(), "threat" | "insult" | "spam") || first.technique == "app_not_named";
    let (mut found, mut covered, mut any) = (true, true, false);
    let (mut readable, mut beside) = (0, 0);
    for (line, seen) in lines.iter().zip(seen) {
        let mut wanted = vec![false; seen.chars.len()];
        for span in &line.spans {
            wanted[span.start..span.end].fill(true);
            let whole = (span.start..span.end).all(|at| seen.covered[at] || !seen.chars[at].is_alphanumeric());
            let right = span.categories().any(|category| is_right(seen, span.start, span.end, category, by_flag));
            covered &= whole;
            found &= right && (whole || by_flag);
            any |= (span.start..span.end).any(|at| seen.covered[at]);
            let words = first.label == "phone";
            readable += visible(&seen.chars[span.start..span.end], &seen.covered[span.start..span.end], words);
        }
        let lost = |(start, end): &(usize, usize)| seen.covered[*start..*end].contains(&true);
        found &= !line.keep.iter().any(lost);
        if first.label == "spam" && line.spans.is_empty() {
            found &= !seen.flags.contains(Category::Spam);
        }
        let over = |at: &usize| seen.covered[*at] && !wanted[*at] && seen.chars[*at].is_alphanumeric();
        beside += (0..seen.chars.len()).filter(over).count();
    }
    Judged {
        unit: first.unit().to_owned(),
        label: first.label.clone(),
        technique: first.technique.clone(),
        language: first.language.clone(),
        found,
        covered,
        touched: any,
        readable: any && readable >= READABLE,
        wide: any && beside > if is_handle { BESIDE_HANDLE } else { BESIDE },
        flags: seen.iter().flat_map(|line| line.flags.iter()).collect(),
        broken: seen.iter().any(|line| line.broken),
        shown: lines.iter().zip(seen).map(|(line, seen)| (line.text.clone(), seen.shown.clone())).collect(),
        rules,
        took,
    }
}

/// Whether a find of the category touches the span; of what is flagged as a whole, whether the flag is there.
fn is_right(seen: &Seen, start: usize, end: usize, category: Category, by_flag: bool) -> bool {
    let touches = |find: &Span| find.category == category && find.start < end && start < find.end;
    if by_flag { seen.flags.contains(category) } else { seen.finds.iter().any(touches) }
}

/// How much of a contact is left to read: each digit and letter is one. In a phone number a word is one digit.
fn visible(chars: &[char], covered: &[bool], words: bool) -> usize {
    let shown: String =
        chars.iter().zip(covered).map(|(letter, covered)| if *covered { ' ' } else { *letter }).collect();
    let tokens = shown.split(|letter: char| !letter.is_alphanumeric()).filter(|token| !token.is_empty());
    let is_word = |token: &str| words && !token.chars().any(char::is_numeric);
    tokens.map(|token| if is_word(token) { 1 } else { token.chars().count() }).sum()
}

#[cfg(test)]
mod tests {
    use souk_moderation::{Rules, Settings};

    use super::*;

    fn line(json: &str) -> Line {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_plain_number_is_found_and_a_wrong_label_is_not() {
        let rules = Rules::new(Settings::default()).unwrap();
        let right = r#"{"id":"a","text":"call 514-382-0947 now","label":"phone","technique":"plain","language":"en",
            "spans":[{"start":5,"end":17,"category":"phone"}]}"#;
        let judged = judge(&rules, &[&line(right)]);
        assert!(judged.found && judged.covered && judged.touched && !judged.readable && !judged.wide && !judged.broken);
        let email = right.replace(r#""category":"phone""#, r#""category":"email""#);
        let judged = judge(&rules, &[&line(&email)]);
        assert!(!judged.found && judged.covered);
        let longer = right.replace(r#""end":17"#, r#""end":21"#);
        assert!(!judge(&rules, &[&line(&longer)]).covered);
        let kept = right.replace(r#""spans""#, r#""keep":[[5,8]],"spans""#);
        assert!(!judge(&rules, &[&line(&kept)]).found);
    }

    #[test]
    fn what_is_left_to_read() {
        let seen = |text: &str, hidden: &str, words| {
            let covered: Vec<bool> = hidden.chars().map(|mark| mark == '*').collect();
            visible(&text.chars().collect::<Vec<_>>(), &covered, words)
        };
        assert_eq!(seen("514 382", "**** ..", true), 3);
        assert_eq!(seen("five one 4", "....  ....", true), 3);
        assert_eq!(seen("5l4-three", "...  ....", true), 4);
        assert_eq!(seen("ivan", "....", false), 4);
        assert_eq!(seen("ivan@a.ca", "****.....", false), 3);
    }

    #[test]
    fn a_text_follows_from_its_spans_or_not() {
        let written: Vec<char> = "call 514 now".chars().collect();
        let span = Span { start: 5, end: 8, category: Category::Phone, rule: "phone.nanp" };
        assert!(follows(&written, &[span], "call *** now"));
        assert!(follows(&written, &[span], "call 514 now"));
        assert!(!follows(&written, &[span], "call *** Now"));
        assert!(!follows(&written, &[span], "call **** now"));
        assert!(!follows(&written, &[], "call *** now"));
    }

    #[test]
    fn places_skip_masks() {
        let written: Vec<char> = "ab 514 cd".chars().collect();
        let places = places(&written, "ab *** cd");
        assert_eq!(places, [Some(0), Some(1), Some(2), None, None, None, Some(6), Some(7), Some(8)]);
    }
}
