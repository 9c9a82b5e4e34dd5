//! What must hold for every text: asked by the property tests and by the fuzz target.

use souk_moderation::{Action, Categories, Context, Locale, Policies, Policy, Rules, Settings};

const OWN: &str = "market.example";

/// Rules with one policy for all, and one own host.
pub(crate) fn rules(policy: Policy, shadow: bool) -> Rules {
    let settings =
        Settings { policies: Policies::all(policy), own_hosts: vec![OWN.to_owned()], shadow, ..Settings::default() };
    Rules::new(settings).expect("a good host")
}

/// Panics when something does not hold for this text.
pub(crate) fn hold(masking: &Rules, shadow: &Rules, text: &str, order: &str, locale: Locale) {
    let context = Context { locale, order, earlier: &[] };
    let verdict = masking.moderate(text, &context);

    // Spans rise, do not overlap, and lie in the text; flags and rules are exactly theirs.
    let scalars: Vec<char> = text.chars().collect();
    let mut from = 0;
    let mut flags = Categories::EMPTY;
    let mut expected = String::new();
    for span in &verdict.spans {
        assert!(from <= span.start && span.start < span.end && span.end <= scalars.len(), "{verdict:?} of {text:?}");
        assert!(verdict.rules.contains(&span.rule), "{verdict:?}");
        expected.extend(&scalars[from..span.start]);
        expected.push_str(if span.category.as_str() == "link" { link_mask(locale) } else { "***" });
        flags.insert(span.category);
        from = span.end;
    }
    expected.extend(&scalars[from..]);
    assert_eq!(verdict.flags, flags);
    assert_eq!(verdict.action, if flags.is_empty() { Action::Pass } else { Action::Mask });

    // The text is the original with each span replaced, so nothing of a span is left and nothing else is gone.
    assert_eq!(verdict.text, expected, "{text:?}");

    // What was masked stays as it is.
    let again = masking.moderate(&verdict.text, &context);
    assert_eq!(again.text, verdict.text, "masked twice: {text:?}");
    assert!(again.spans.is_empty(), "found after masking: {again:?} of {text:?}");

    // Shadow finds the same and changes nothing.
    let seen = shadow.moderate(text, &context);
    assert_eq!((seen.text.as_ref(), seen.action), (text, Action::Pass));
    assert_eq!((&seen.spans, seen.flags, seen.decided), (&verdict.spans, verdict.flags, verdict.action));
}

fn link_mask(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "[link removed]",
        Locale::Fr => "[lien supprimé]",
        Locale::Ru => "[ссылка удалена]",
    }
}
