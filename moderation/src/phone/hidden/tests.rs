use super::*;

fn found(text: &str) -> Vec<String> {
    let text = Text::read(text);
    let mut out = Vec::new();
    find(&text, 0..text.folded().len(), &mut OrderId::new(text.folded(), ""), &mut out);
    out.iter().map(|f| text.original()[text.original_range(f.start..f.end)].to_owned()).collect()
}

#[test]
fn numbers_in_words() {
    for (text, number) in [
        ("call five one four five five five oh one nine nine", "five one four five five five oh one nine nine"),
        (
            "it's five hundred fourteen, five fifty-five, zero one ninety nine",
            "five hundred fourteen, five fifty-five, zero one ninety nine",
        ),
        ("text 5 one 4 five 5 five 01 nine nine ok", "5 one 4 five 5 five 01 nine nine"),
        ("double five five, triple four, 0199", "double five five, triple four, 0199"),
        ("cinq un quatre cinq cinq cinq zéro un neuf neuf", "cinq un quatre cinq cinq cinq zéro un neuf neuf"),
        (
            "appelle au zéro six douze trente-quatre cinquante-six soixante-dix-huit",
            "zéro six douze trente-quatre cinquante-six soixante-dix-huit",
        ),
        (
            "cinq cent quatorze cinq cent cinquante-cinq zéro un quatre-vingt-dix-neuf",
            "cinq cent quatorze cinq cent cinquante-cinq zéro un quatre-vingt-dix-neuf",
        ),
        (
            "восемь девятьсот шестнадцать сто двадцать три сорок пять шестьдесят семь",
            "восемь девятьсот шестнадцать сто двадцать три сорок пять шестьдесят семь",
        ),
        ("номер плюс семь 916 сто двадцать три 45 67 звони", "плюс семь 916 сто двадцать три 45 67"),
        ("восемь, девять один шесть, один два три, 45-67", "восемь, девять один шесть, один два три, 45-67"),
        (
            "восмь девять один шесть адин два три четыри пять шесть семь",
            "восмь девять один шесть адин два три четыри пять шесть семь",
        ),
        ("fiveonefour fivefivefive zeroonenienine", ""),
        ("my cell is 5one4 five55 26seven1", "5one4 five55 26seven1"),
        // What only sounds like digits, cut by hyphens, and begun anew behind another number.
        (
            "zéreau oui-te kat zéro deuh ain sein trwah neuf quatreu",
            "zéreau oui-te kat zéro deuh ain sein trwah neuf quatreu",
        ),
        (
            "06 perdu, nouveau : ceint zéro cisse neuf sain héros scie six sain cète",
            "ceint zéro cisse neuf sain héros scie six sain cète",
        ),
        (
            "аварийка во-семь де-вять шесть сэм семь пять шесть шесть ноль пять пять",
            "во-семь де-вять шесть сэм семь пять шесть шесть ноль пять пять",
        ),
        ("fiveonefour fivefivefive zeroonenine9", "fiveonefour fivefivefive zeroonenine9"),
        ("five one fuor five five fiive oh one nine nine", "five one fuor five five fiive oh one nine nine"),
    ] {
        let expected: Vec<&str> = Some(number).filter(|n| !n.is_empty()).into_iter().collect();
        assert_eq!(found(text), expected, "{text:?}");
    }
}

#[test]
fn numbers_in_disguise() {
    for (text, number) in [
        ("5 1 4 5 5 5 0 1 9 9", "5 1 4 5 5 5 0 1 9 9"),
        ("5*1*4*5*5*5*0*1*9*9", "5*1*4*5*5*5*0*1*9*9"),
        ("514 🙂 555 🙂 0199", "514 🙂 555 🙂 0199"),
        ("514/555/0199", "514/555/0199"),
        ("8_916_123_45_67", "8_916_123_45_67"),
        ("5I4-55S-OI99", "5I4-55S-OI99"),
        ("8 9I6 l23 45 67", "8 9I6 l23 45 67"),
        ("⑤①④ ⑤⑤⑤ ⓪①⑨⑨", "⑤①④ ⑤⑤⑤ ⓪①⑨⑨"),
        ("514 then 555 then 0199", "514 then 555 then 0199"),
        ("8 916 потом 123 потом 45 67", "8 916 потом 123 потом 45 67"),
        ("5\n1\n4\n5\n5\n5\n0\n1\n9\n9", "5\n1\n4\n5\n5\n5\n0\n1\n9\n9"),
        ("89 16 12 34 56 7", "89 16 12 34 56 7"),
        ("звони 89 16 12 34 56 7", "89 16 12 34 56 7"),
        ("call me at 51 45 55 01 99", "51 45 55 01 99"),
    ] {
        assert_eq!(found(text), [number], "{text:?}");
    }
}

#[test]
fn talk_of_trade() {
    for text in [
        "двести пятьдесят тысяч рублей, аванс сто двадцать тысяч",
        "two hundred and fifty dollars, five or six days, nine thirty",
        "quatre-vingt-douze mètres, deux cent cinquante dollars, le trois à neuf heures",
        "one two three four five six seven eight nine ten",
        "1 2 3 4 5 6 7 8 9 10",
        "sizes 12, 14, 16, 18, 20",
        "12 14 16 18 20 22",
        "5 + 7 + 12 + 250 = 274",
        "250 350 1200 mm",
        "rooms: 12, 3, 45, 7, 8, 10",
        "2400x1200x18, 12 pcs, 4 of them at 8:30",
        "с 9 до 18, 12 и 13 числа, квартира 45, этаж 7",
        "one for you, two for me, three to go",
    ] {
        assert!(found(text).is_empty(), "{text:?}: {:?}", found(text));
    }
}
