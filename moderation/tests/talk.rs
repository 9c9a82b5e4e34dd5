//! Whole messages as people write them, in the three languages: what is masked, and what is left alone.

use souk_moderation::{Action, Context, Earlier, Locale, Rules, Settings, WINDOW_MESSAGES};

fn rules() -> Rules {
    let own_hosts = vec!["market.example".to_owned(), "souk.ca".to_owned()];
    Rules::new(Settings { own_hosts, ..Settings::default() }).expect("good hosts")
}

fn context(locale: Locale) -> Context<'static> {
    Context { locale, order: "A-1042", earlier: &[] }
}

#[test]
fn contacts_are_masked() {
    let rules = rules();
    for (locale, text, masked) in [
        (Locale::En, "Hi! Call me at (514) 555-0199 after 5.", "Hi! Call me at *** after 5."),
        (Locale::En, "my cell 438.555.0123, email joe@site.com", "my cell ***, email ***"),
        (Locale::En, "Text +1-604-555-0142 or visit www.joes-plumbing.ca!", "Text *** or visit [link removed]!"),
        (Locale::En, "photos: https://drive.google.com/drive/u/0/x?id=1 (new)", "photos: [link removed] (new)"),
        (Locale::En, "Price is $1,250.\nReach me: 6045550142", "Price is $1,250.\nReach me: ***"),
        (Locale::En, "pay via paypal.me/joe", "pay via [link removed]"),
        (Locale::En, "Find us on joes-plumbing.com.See you", "Find us on [link removed].See you"),
        (Locale::En, "order A-1042: 514 555 0199", "order A-1042: ***"),
        (Locale::Fr, "Appelle-moi au 06 12 34 56 78 stp", "Appelle-moi au *** stp"),
        (Locale::Fr, "Écrivez à jean.tremblay@videotron.ca 🙂", "Écrivez à *** 🙂"),
        (Locale::Fr, "mon site : https://exemple.fr/devis", "mon site : [lien supprimé]"),
        (Locale::Fr, "au +33 (0)1 42 68 53 00, merci", "au ***, merci"),
        (Locale::Fr, "Rejoignez-moi 450-555-0123, poste 12", "Rejoignez-moi ***, poste 12"),
        (Locale::Fr, "C'est sur monsite.ca, ou facebook.com/moi", "C'est sur [lien supprimé], ou [lien supprimé]"),
        (Locale::Ru, "Звоните 8 (916) 123-45-67 до вечера", "Звоните *** до вечера"),
        (Locale::Ru, "мой номер +79161234567, Иван", "мой номер ***, Иван"),
        (Locale::Ru, "пишите на ivan_petrov@mail.ru", "пишите на ***"),
        (Locale::Ru, "сайт мастер-иван.рф или t.me/ivan", "сайт [ссылка удалена] или ***"),
        (Locale::Ru, "89161234567 г. Москва, д. 5", "*** г. Москва, д. 5"),
        (Locale::Ru, "тел.: 495 123-45-67 (офис)", "тел.: *** (офис)"),
    ] {
        let verdict = rules.moderate(text, &context(locale));
        assert_eq!((verdict.text.as_ref(), verdict.action), (masked, Action::Mask), "{text:?}");
    }
}

#[test]
fn talk_of_trade_is_left_alone() {
    let rules = rules();
    for text in [
        // English
        "The total is $12,450.00 incl. tax, deposit 30% ($3,735.00).",
        "Invoice 2024110512 and permit 301-4567 are attached.",
        "Panel is 2400x1200x18 mm, need 12 pcs by 2024-12-05 at 8:30 a.m.",
        "Tracking: 7316971545 3042, arrives Dec. 12",
        "Canada Post 7023 2101 0345 6789",
        "Model XR-500-2210-B, serial SN 4820019388",
        "Deliver to 1250 Rue Sainte-Catherine, H3B 4W5, apt. 1204",
        "Done.See you tomorrow.It was a pleasure!",
        "ok.so I will send plan_v2.3.pdf and photo_20241105_101530.jpg",
        "Firmware 4.12.0-rc.1, driver v10.0.19045.3693",
        "see README.md, index.html and main.rs",
        "We work 9-5, Mon.-Fri., e.g. not on 24.12.2024-02.01.2025",
        "10 000 - 15 000 - 20 000 sq ft, 3.5 in. pipe",
        "order A-1042 is here: https://souk.ca/orders/5145550199?tab=chat, ok?",
        "look at market.example/o/89161234567 please",
        "I know Node.js, ASP.NET and C++",
        "GST 123456789 RT0001, QST 1234567890 TQ0001",
        "The resistors are 10k@5%, 3 @ 4.50 each",
        // French
        "Total : 1 250 000,50 $ taxes incluses, acompte 30 %",
        "Facture no 2024110512, devis 4501237890",
        "Rendez-vous le 05.12.2024 à 14 h 30, durée 2-3 h",
        "C'est fini.On se voit demain.Merci!",
        "Commande 5145550177, colis 8R12345678901",
        "SIRET 732 829 320 00074, TVA FR40303265045",
        "Dimensions 120 x 60 x 75 cm, 12,5 kg, réf. 250-350",
        "J.-P. a fait l'étage 2, p. ex. la pièce no 4",
        "75008 Paris, 12 bis rue de l'Église",
        // Russian
        "Итого 1 250 000 руб., аванс 30 % (375 000 ₽)",
        "Счёт № 2024110512 от 05.12.2024, ИНН 7707083893, КПП 770701001",
        "Накладная 1234567890, трек 80087912345678",
        "Готово.Завтра приеду.Оплата на месте",
        "Плита 2500х1250х18 мм, 12 шт., т.е. 37,5 м2",
        "с 9:00 до 18:00, 12.05.2024-15.05.2024",
        "125009, г. Москва, ул.Тверская, д.12, кв.345",
        "ОГРН 1027700132195, р/с 40702810900000012345",
        "Паспорт 4509 123456, СНИЛС 112-233-445 95",
        "и т.д., и т.п., см. план.pdf",
        "Артикул 9123456789, серийный номер 9031234567",
        "цена от 1 200 до 2 500 тыс. рублей за 2023-2024",
    ] {
        for locale in [Locale::En, Locale::Fr, Locale::Ru] {
            let verdict = rules.moderate(text, &context(locale));
            assert_eq!((verdict.text.as_ref(), verdict.spans), (text, Vec::new()));
        }
    }
}

#[test]
fn contacts_split_over_messages() {
    let rules = rules();
    for (earlier, text, masked, before) in [
        (&["mail: priya"][..], "@handy-chen.net", "***", &[(0, "mail: ***")][..]),
        (&["email electric.jen@"], "yahoo.ca", "***", &[(0, "email ***")]),
        (&["call 514", "555"], "0199 ok", "*** ok", &[(0, "call ***"), (1, "***")]),
    ] {
        let earlier: Vec<Earlier<'_>> = earlier.iter().map(|text| Earlier { text, at_ms: 0 }).collect();
        let verdict = rules.moderate(text, &Context { earlier: &earlier, ..context(Locale::En) });
        let after: Vec<_> = verdict.earlier.iter().map(|masked| (masked.index, masked.text.as_str())).collect();
        assert_eq!((verdict.text.as_ref(), after.as_slice()), (masked, before), "{text:?}");
    }
}

/// What a sender said before, as a window.
fn window<'t>(texts: &[&'t str]) -> Vec<Earlier<'t>> {
    texts.iter().map(|text| Earlier { text, at_ms: 0 }).collect()
}

const HARMLESS: &str = "so the kitchen is nearly done and the boys are very happy with how the counter looks, they only have to \
    clean the floor and carry the old cupboards down to the truck, after that we can look at the bathroom together and talk \
    about the colour of the walls, because my partner thinks that the grey from the sample is far too dark for such a small room";

#[test]
fn wordy_messages_hide_no_split_number() {
    let rules = rules();
    let long = format!("{HARMLESS}. {HARMLESS}! {HARMLESS} 🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂");
    let edge = format!("{}: 514", "жуть".repeat(2_000));
    for (earlier, text, masked) in [
        (&["call 514", &long, "555"][..], "0199 ok", "*** ok"),
        (&["call 514", HARMLESS, "ok", &long, "555"], "0199 ok", "*** ok"),
        (&["call 514", "thanks, for now that is all to say about it", "555", HARMLESS, "👍"], "0199", "***"),
        (&["my cell: five one four", &long, "five five five", HARMLESS], "zero one nine nine", "***"),
        (
            &["звони 8 916", "Добрый день! Шкаф почти готов, осталось только ручки поставить и фасады", "123"],
            "45 67",
            "***",
        ),
        (
            &["call 514 as a start, the other parts come when the painter is gone"],
            "and then it goes on with 555-0199",
            "and then it goes on with ***",
        ),
        (&["call 514", "see https://souk.ca/help and [link removed]", "555"], "0199 ok", "*** ok"),
        (&[&edge, &long, "555"], "0199 звони", "*** звони"),
    ] {
        let earlier = window(earlier);
        let verdict = rules.moderate(text, &Context { earlier: &earlier, ..context(Locale::En) });
        assert_eq!(verdict.text, masked, "{:?}", earlier.iter().map(|said| &said.text[..said.text.len().min(40)]));
        assert_eq!(verdict.earlier[0].index, 0);
        assert!(verdict.earlier[0].text.contains("***"));
    }
}

/// Sends the texts one after another, as a node would, and returns what is shown of each in the end.
fn sent(rules: &Rules, texts: &[&str]) -> Vec<String> {
    let mut shown: Vec<String> = Vec::new();
    for text in texts {
        let first = shown.len().saturating_sub(WINDOW_MESSAGES);
        let earlier: Vec<Earlier<'_>> = shown[first..].iter().map(|text| Earlier { text, at_ms: 0 }).collect();
        let verdict = rules.moderate(text, &Context { earlier: &earlier, ..context(Locale::En) });
        let (text, masked) = (verdict.text.to_string(), verdict.earlier);
        masked.into_iter().for_each(|masked| shown[first + masked.index] = masked.text);
        shown.push(text);
    }
    shown
}

#[test]
fn a_digit_a_message_is_a_number_too() {
    let rules = rules();
    for texts in [
        &["5", "1", "4", "5", "5", "5", "0", "1", "9", "9"][..],
        &["8", "9", "1", "6", "1", "2", "3", "4", "5", "6", "7"],
        &["five", "one", "four", "five", "five", "five", "zero", "one", "nine", "nine"],
        &["5", "1", "4", HARMLESS, "5", "5", "ok", "5", "0", HARMLESS, "1", "9", "9"],
        &["0", "6", "1", "2", "3", "4", "5", "6", "7", "8"],
    ] {
        let shown = sent(&rules, texts);
        let digits = shown.iter().filter(|text| text.chars().any(|c| c.is_ascii_digit()) || *text == "five").count();
        assert!(digits <= 1, "{shown:?}");
    }
    let talk =
        ["take a pen", "now a 8", "9", "1...", "wait", "6 got it?", "then 1", "2", "and 3", "4", "5", "next 6", "7"];
    assert_eq!(sent(&rules, &talk)[10..], ["***", "next ***", "***"]);
    // Who counts, and who answers in numbers, is left alone.
    for texts in [
        &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"][..],
        &["2", "yes", "ok", "3 of them", "no, 4", "fine", "12", "thanks", "tomorrow at 9", "ok", "5 then"],
        &["2 beds", "1 sofa", "4 chairs", "1 table", "6 boxes", "3 lamps", "1 tv", "2 desks", "1 fridge", "1 oven"],
        &["40", "60", "80", "120", "ok", "140", "160 max", "20 pcs", "in oak", "12 in pine", "5 spare ones"],
    ] {
        assert_eq!(sent(&rules, texts), texts);
    }
}

#[test]
fn quantities_over_messages_are_no_number() {
    let rules = rules();
    for (earlier, text) in [
        (&["need 514 tiles", HARMLESS, "and 555 for the second bathroom"][..], "0199 is the colour"),
        (
            &["12 pcs of the oak board", "no hurry with it, whenever you have the time to look at it", "300 mm wide"],
            "1250 in total",
        ),
        (
            &["the wall is 250 high", HARMLESS, "350 wide", "and the other one, behind the stove, is a bit smaller"],
            "1200 of skirting",
        ),
        (
            &["нужно 120 досок", "сосед сказал что у вас хорошее дерево и нормальные сроки", "345 шурупов"],
            "ещё 6789 гвоздей",
        ),
    ] {
        let earlier = window(earlier);
        let verdict = rules.moderate(text, &Context { earlier: &earlier, ..context(Locale::En) });
        assert_eq!((verdict.text.as_ref(), verdict.earlier), (text, Vec::new()));
    }
}

#[test]
fn what_strangers_met_is_found() {
    let rules = rules();
    for (text, masked) in [
        ("416 cats / 555 dogs / 7319 birds", "*** cats / *** dogs / *** birds"),
        ("at 4x1x6x5x5x5x7x3x1x9", "at ***"),
        ("⓸⓵⓺ ⓹⓹⓹ ⓪⓵⓽⓽", "***"),
        ("call 4l6 555 O1!9", "call ***"),
        ("won, too, fore, ate, five, five, oh, won, nine, nine", "***"),
        ("write me, t e l e g r a m", "write me, ***"),
        ("see evil。example", "see [link removed]"),
        ("pay on 51.15.20.3:8080/x", "pay on [link removed]"),
        ("wh@tsapp", "***"),
        ("пиши в в@йбер", "пиши в ***"),
        ("I go by the same nickname over on discord", "I go by the same nickname over on ***"),
        ("on se reparle ailleurs, sur messenger", "on se reparle ailleurs, sur ***"),
    ] {
        assert_eq!(rules.moderate(text, &context(Locale::En)).text, masked, "{text:?}");
    }
}

#[test]
fn an_invitation_to_a_place_without_a_name_is_flagged_and_stays() {
    let rules = rules();
    for text in [
        "давай перейдём в другое приложение, я там под тем же именем",
        "let's switch to another app, same name there",
        "passons sur une autre application, même pseudo",
        "any messenger? tell me yours",
        "let's continue where nobody takes a percentage",
        "on change d'appli? je garde mon nom",
        "продолжим в том, что есть у всех",
    ] {
        let verdict = rules.moderate(text, &context(Locale::Ru));
        assert_eq!((verdict.text.as_ref(), verdict.action), (text, Action::Flag), "{text:?}");
        assert!(verdict.flags.contains(souk_moderation::Category::Messenger), "{text:?}");
    }
    for text in [
        "is there another chat for the second order on this site?",
        "the other app crashed so I came back here",
        "let's talk elsewhere, the saw is loud",
        "the blue one is better, I'm there until five",
        "знаете место у церкви? буду там",
        "je cherche partout dans la maison",
    ] {
        assert!(rules.moderate(text, &context(Locale::En)).flags.is_empty(), "{text:?}");
    }
}

#[test]
fn threats_that_strangers_met_are_flagged() {
    let rules = rules();
    for text in [
        "pay or your wife will see the photos",
        "your garage will burn tonight",
        "I kept a copy of your keys, sleep well",
        "I will poison your dog",
        "your daughter walks home alone, careful",
        "I'll post your address on every forum",
        "paye ou ton patron reçoit les photos",
        "сожгу твою дачу",
    ] {
        let verdict = rules.moderate(text, &context(Locale::En));
        assert!(verdict.flags.contains(souk_moderation::Category::Threat), "{text:?}");
    }
}

#[test]
fn names_and_numbers_of_honest_people_stay() {
    let rules = rules();
    for text in [
        "Fanny and Mr Hancock come at 8",
        "I live in Crapaud, Prince Edward Island",
        "we are from Condom in Gascony",
        "едем в село Хуторское",
        "I work with socket.io, draw.io, asp.net and Node.js",
        "it all fits.Net weight is 59 kg",
        "готово.Ru версия позже",
        "serial 4820 1938 8821 9931",
    ] {
        let verdict = rules.moderate(text, &context(Locale::En));
        assert_eq!((verdict.text.as_ref(), verdict.spans), (text, Vec::new()));
    }
}
