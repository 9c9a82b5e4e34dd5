use super::*;

const CONTEXT: Context<'static> = Context { locale: Locale::En, order: "", earlier: &[] };

fn rules(change: impl FnOnce(&mut Settings)) -> Rules {
    let mut settings = Settings::default();
    change(&mut settings);
    Rules::new(settings).unwrap()
}

#[test]
fn rules_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Rules>();
}

#[test]
fn masks_are_in_the_language_of_the_chat() {
    let rules = rules(|_| {});
    for (locale, masked) in [
        (Locale::En, "⚠️ *** / ***\n[link removed]!"),
        (Locale::Fr, "⚠️ *** / ***\n[lien supprimé]!"),
        (Locale::Ru, "⚠️ *** / ***\n[ссылка удалена]!"),
    ] {
        let context = Context { locale, ..CONTEXT };
        let verdict = rules.moderate("⚠️ +7 912 345-67-89 / a@b.fr\nexample.com!", &context);
        assert_eq!(verdict.text, masked);
        assert_eq!(verdict.action, Action::Mask);
        assert_eq!(verdict.rules, ["phone.international", "email.address", "link.domain"]);
        let spans: Vec<_> = verdict.spans.iter().map(|s| (s.start, s.end, s.category)).collect();
        assert_eq!(spans, [(3, 19, Category::Phone), (22, 28, Category::Email), (29, 40, Category::Link)]);
        assert_eq!(verdict.flags, verdict.spans.iter().map(|s| s.category).collect());
    }
}

#[test]
fn a_clean_text_is_borrowed() {
    let verdict = rules(|_| {}).moderate("See you at 10:30, bring 25 m of cable. Total: 1 250.50 $", &CONTEXT);
    assert_eq!(verdict, Verdict::clean("See you at 10:30, bring 25 m of cable. Total: 1 250.50 $"));
    assert!(matches!(verdict.text, Cow::Borrowed(_)));
}

#[test]
fn policies() {
    let text = "a@b.fr or 514-555-0199";
    let with = |email, phone| {
        rules(|s| {
            s.policies.set(Category::Email, email);
            s.policies.set(Category::Phone, phone);
        })
    };
    for (email, phone, action, masked, flags) in [
        (Policy::Mask, Policy::Mask, Action::Mask, "*** or ***", 2),
        (Policy::Flag, Policy::Mask, Action::Mask, "a@b.fr or ***", 2),
        (Policy::Flag, Policy::Flag, Action::Flag, text, 2),
        (Policy::Mask, Policy::Refuse, Action::Refuse, "*** or ***", 2),
        (Policy::Flag, Policy::Refuse, Action::Refuse, "a@b.fr or ***", 2),
        (Policy::Off, Policy::Mask, Action::Mask, "a@b.fr or ***", 1),
        (Policy::Off, Policy::Off, Action::Pass, text, 0),
    ] {
        let rules = with(email, phone);
        let verdict = rules.moderate(text, &CONTEXT);
        assert_eq!((verdict.action, verdict.decided), (action, action), "{email:?} {phone:?}");
        assert_eq!(verdict.text, masked);
        assert_eq!(verdict.flags.iter().count(), flags);
        assert_eq!(verdict.shown_flags(), verdict.flags);
    }
}

#[test]
fn an_allowed_link_keeps_its_digits() {
    let rules = rules(|s| s.policies.set(Category::Link, Policy::Off));
    let verdict = rules.moderate("https://example.com/89161234567", &CONTEXT);
    assert_eq!(verdict, Verdict::clean("https://example.com/89161234567"));
}

#[test]
fn shadow_decides_and_changes_nothing() {
    let verdict = rules(|s| s.shadow = true).moderate("a@b.fr", &CONTEXT);
    assert_eq!((verdict.action, verdict.decided), (Action::Pass, Action::Mask));
    assert_eq!(verdict.text, "a@b.fr");
    assert!(verdict.flags.contains(Category::Email) && verdict.shown_flags().is_empty());
    assert_eq!((verdict.spans.len(), verdict.rules.len()), (1, 1));
}

#[test]
fn this_orders_id_is_never_masked() {
    let rules = rules(|_| {});
    for (order, text, masked) in [
        ("5145550199", "order 5145550199 or #5145550199", "order 5145550199 or #5145550199"),
        ("5145550199", "order 514-555-0199", "order ***"),
        ("5145550199", "call 51455501991 438-555-0123", "call 51455501991 ***"),
        ("555", "call 514 555 0199", "call ***"),
        ("89161234567", "8 916 123-45-67, заказ 89161234567", "***, заказ 89161234567"),
        ("a.example.com", "order a.example.com, b.example.com", "order a.example.com, [link removed]"),
        ("", "89161234567", "***"),
    ] {
        let verdict = rules.moderate(text, &Context { order, ..CONTEXT });
        assert_eq!(verdict.text, masked, "{text:?}");
    }
}

#[test]
fn the_version_names_rules_and_settings() {
    assert!(rules(|_| {}).version().starts_with("6-"));
    assert_ne!(rules(|_| {}).version(), rules(|s| s.shadow = true).version());
}
