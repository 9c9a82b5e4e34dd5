//! What people write: disguises, threats, and trade talk that only sounds like it.

use super::*;

#[test]
fn profanity_shows_through_disguises() {
    let lexicon = built_in();
    for (text, word) in [
        ("f*ck this", "f*ck"),
        ("f**k it", "f**k"),
        ("well f u c k you", "f u c k"),
        ("fuuuuuck off", "fuuuuuck"),
        ("sh1t happens", "sh1t"),
        ("pure bullsh!t", "bullsh!t"),
        ("such an @sshole", "@sshole"),
        ("fu ck you", "fu ck"),
        ("F.U.C.K", "F.U.C.K"),
        ("you d|o|u|c|h|e|b|a|g", "d|o|u|c|h|e|b|a|g"),
        ("pure ѕһit", "ѕһit"),
        ("ｆｕｃｋ", "ｆｕｃｋ"),
        ("это п1здец", "п1здец"),
        ("полный п*здец", "п*здец"),
        ("х*й с ним", "х*й"),
        ("ну и х**", "х**"),
        ("бл*ть", "бл*ть"),
        ("х_у_й", "х_у_й"),
        ("вот с у к а", "с у к а"),
        ("cyka", "cyka"),
        ("xуй", "xуй"),
        ("на хyй", "хyй"),
        ("е64нь", "е64нь"),
        ("idi nahui", "nahui"),
        ("p*tain", "p*tain"),
        ("m e r d e alors", "m e r d e"),
        ("quel c0nnard", "c0nnard"),
        ("t@barnak", "t@barnak"),
        ("ostie que c'est long", "ostie"),
        ("décâlisse", "décâlisse"),
        ("câl..se", "câl..se"),
        ("merd\u{AD}e", "merd\u{AD}e"),
    ] {
        assert_eq!(said(&lexicon, text, Category::Profanity), [word], "{text:?}");
    }
}

#[test]
fn three_stars_are_never_part_of_a_find() {
    let lexicon = built_in();
    assert_eq!(said(&lexicon, "f*** that", Category::Profanity), ["f"]);
    assert_eq!(said(&lexicon, "f************** that", Category::Profanity), ["f"]);
    assert_eq!(said(&lexicon, "п***ц", Category::Profanity), ["п", "ц"]);
    for text in ["***", "call ***", "tel:***", "Ma*** P.", "5*** hotel", "a***", "x***"] {
        assert!(finds(&lexicon, text).is_empty(), "{text:?}");
    }
}

#[test]
fn what_is_masked_wins_and_the_rest_keeps_its_flag() {
    let lexicon = built_in();
    let text = "I will fucking kill you";
    assert_eq!(said(&lexicon, text, Category::Profanity), ["fucking"]);
    assert_eq!(said(&lexicon, text, Category::Threat), ["I will", "kill you"]);
    // What others claimed stays theirs.
    let text = "mail fuck@x.com or fuck";
    let mut out = vec![Found::kept(5..15)];
    lexicon.find(&Text::read(text), &mut out);
    assert_eq!(out, [Found::kept(5..15), Found::contact(19..23, Category::Profanity, "profanity.en")]);
}

#[test]
fn threats_are_found() {
    let lexicon = built_in();
    for text in [
        "I'll kill you",
        "i will find you and kill you",
        "I know where you live",
        "you'll regret this",
        "watch your back",
        "I'm gonna break your legs",
        "I will burn your house down",
        "im gonna k*ll you",
        "I will s t a b you",
        "тебе не жить",
        "я тебя найду и закопаю",
        "ноги переломаю",
        "я знаю где ты живёшь",
        "ты об этом пожалеешь",
        "убью тебя",
        "сожгу твой дом",
        "ya tebya ubyu",
        "je vais te tuer",
        "je sais où tu habites",
        "tu vas le regretter",
        "m'a te péter la gueule",
        "m'as te casser les jambes",
        "on sait où tu restes",
        "je vais brûler ta maison",
    ] {
        assert!(categories(&lexicon, text).contains(&Category::Threat), "{text:?}");
    }
}

#[test]
fn disguised_words_of_threats_are_read() {
    let lexicon = built_in();
    for text in [
        "I w i l l k i l l y o u",
        "i wiII kiII you",
        "im coming 4 u with a knife",
        "i will brun your house",
        "you will r.e.g.r.e.t it",
        "j e v a i s t e t u e r",
        "je vias te casser les jambes",
        "я у б ь ю т е б я",
        "уbью тебя",
        "я тебя уб ью",
        "сожгу тввввой дом",
    ] {
        assert!(!said(&lexicon, text, Category::Threat).is_empty(), "{text:?}");
    }
}

#[test]
fn a_swap_of_letters_says_nothing_alone() {
    let lexicon = built_in();
    for text in ["your google reviews are great", "google", "form from trial trail, quiet quite", "а б в г д е ж з"]
    {
        assert!(finds(&lexicon, text).is_empty(), "{text:?}");
    }
}

#[test]
fn loaves_and_mortar_are_no_insult() {
    let lexicon = built_in();
    for text in [
        "mortier bâtard pour le mur",
        "3 pains et un bâtard tranché svp",
        "un bâtard et deux baguettes pour samedi",
        "le bâtard (mortier) est parfait",
        "deux bâtards bien cuits",
    ] {
        assert!(finds(&lexicon, text).is_empty(), "{text:?}");
    }
    assert_eq!(said(&lexicon, "espèce de bâtard", Category::Profanity), ["espèce de bâtard"]);
}

#[test]
fn trade_talk_is_left_alone() {
    let lexicon = built_in();
    for text in [
        "this deadline kills me",
        "I'll kill the power before we start",
        "we will find you a better price",
        "I'll bury the cable in the yard",
        "shoot me a message",
        "I will sue you in small claims court",
        "I know where you live, I did your neighbour's roof",
        "he's hit the wall with the van",
        "the ballcock valve and the stopcock leak",
        "a bastard file and a butt joint",
        "can you snake the drain on Monday",
        "Samsung A55 or Oppo A5S",
        "прибью полку завтра",
        "закопаю трубу на метр",
        "подам на вас в суд",
        "убиться можно, какие цены",
        "не пожалеете, работа отличная",
        "сидит на суку",
        "сучки в доске надо выбить",
        "ça me tue ces prix",
        "je vais te tuer ce prix",
        "le calice de l'église est en or",
        "l'hostie et le ciboire sont sur l'autel",
        "le frein arrière crisse quand je tourne",
        "au fond du cul-de-sac",
        "un pique-nique dimanche",
        "la tapette à souris est posée",
        "mortier bâtard pour le mur",
        "vous ne le regretterez pas",
        "je vais vous retrouver devant le chantier",
        "les p'tits sont à l'école",
        "I'm such an idiot, I forgot the key",
        "я дурак, забыл ключ",
        "je suis ben niaiseux, j'ai oublié la clé",
    ] {
        assert!(finds(&lexicon, text).is_empty(), "{text:?}: {:?}", finds(&lexicon, text));
    }
}

#[test]
fn insults_are_found_where_they_are_aimed() {
    let lexicon = built_in();
    for text in [
        "you are an idiot",
        "you stupid pig",
        "what a moron",
        "ты дебил",
        "какой же ты тупой",
        "ах ты крыса",
        "t'es un imbécile",
        "espèce d'épais",
        "maudit niaiseux",
    ] {
        assert_eq!(categories(&lexicon, text), [Category::Insult], "{text:?}");
    }
    for text in [
        "a pig farm",
        "rats in the basement",
        "тупой угол",
        "осёл и баран на ферме",
        "un mur épais",
        "la cave est sèche",
    ] {
        assert!(finds(&lexicon, text).is_empty(), "{text:?}");
    }
}

#[test]
fn an_operator_adds_and_removes() {
    let additions = Additions::parse(
        "disable = [\"threat.\"]\n[profanity]\nadd = [\"zounds\", \"gad*\"]\nremove = [\"crap\", \"suck it up\"]\n[insult]\nadd = [\"you (old|) boot\"]",
    );
    let lexicon = Lexicon::new(&additions.unwrap());
    assert_eq!(said(&lexicon, "zounds! gadzooks, z*unds", Category::Profanity), ["zounds", "gadzooks", "z*unds"]);
    assert_eq!(said(&lexicon, "you boot", Category::Insult), ["you boot"]);
    assert!(finds(&lexicon, "crap").is_empty() && !finds(&lexicon, "crappy").is_empty());
    assert!(finds(&lexicon, "I'll kill you").is_empty());
    let found = finds(&lexicon, "zounds");
    assert_eq!(found[0].what, Some((Category::Profanity, "profanity.added")));
}

#[test]
fn many_words_take_linear_time() {
    let lexicon = built_in();
    let time = |text: &str| {
        let start = std::time::Instant::now();
        finds(&lexicon, text);
        start.elapsed()
    };
    for part in ["f*ck ", "i will kill you ", "f u c k ", "aaa", "you ", "f.u.c.k-", "п***ц ", "je vais te "] {
        let (short, long) = (part.repeat(400), part.repeat(4_000));
        time(&short);
        let (short, long) = (time(&short), time(&long));
        assert!(long < short * 60 + std::time::Duration::from_millis(20), "{part:?}: {short:?} {long:?}");
    }
}
