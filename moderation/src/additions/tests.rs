use super::*;
use crate::Settings;

const GOOD: &str = r#"
disable = ["phone.nanp", "threat."]

[profanity]
add = ["курва*", "darn it"]
remove = ["crap", "*arse*"]

[messenger]
add = ["imo"]

[[rule]]
name = "iban"
category = "phone"
pattern = '\b[a-z]{2}\d{2}(?: ?\d{4}){3,7}\b'
"#;

#[test]
fn a_whole_file_is_understood() {
    let additions = Additions::parse(GOOD).unwrap();
    assert_eq!(additions.added(Category::Profanity), ["курва*", "darn it"]);
    assert_eq!(additions.removed(Category::Profanity), ["crap", "*arse*"]);
    assert_eq!(additions.added(Category::Messenger), ["imo"]);
    assert!(additions.added(Category::Social).is_empty());
    assert!(additions.is_disabled("phone.nanp") && additions.is_disabled("threat.en"));
    assert!(!additions.is_disabled("phone.nanp.short") && !additions.is_disabled("phone.ru"));
    let [rule] = additions.rules() else { panic!("one rule") };
    assert_eq!((rule.id, rule.category), ("custom.iban", Category::Phone));
    assert!(rule.pattern.is_match("fr76 3000 6000 0112 3456"));
    assert!(!additions.is_empty());
}

#[test]
fn nothing_is_nothing() {
    for text in ["", "# only a comment\n", "[profanity]\n", "disable = []", "[insult]\nadd = []"] {
        assert!(Additions::parse(text).unwrap().is_empty(), "{text}");
    }
    assert!(Additions::default().is_empty());
}

#[test]
fn every_mistake_is_named_with_its_line() {
    let text = r#"disabel = ["phone.nanp"]
disable = ["phone", 7]
social = "x"
[profanity]
ad = ["a"]
add = ["darn", 3, "**", "f(u|", "(|)"]
remove = "crap"
[phone]
add = ["x"]
[messenger]
add = ["!", "imo"]
[[rule]]
name = "Big"
category = "phones"
pattern = '(a'
[[rule]]
name = "empty"
category = "spam"
pattern = 'a*'
kind = 1
[[rule]]
name = "twice"
category = "phone"
pattern = 'a'
[[rule]]
name = "twice"
category = "phone"
pattern = '(?=a)b'
[[rule]]
name = 7
[[rule]]
category = "link"
pattern = '\w{1000}{1000}'
"#;
    let AdditionsError(mistakes) = Additions::parse(text).unwrap_err();
    let said: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    let wanted = [
        (1, "disabel is not known here; did you mean disable?"),
        (2, "disable: \"phone\" is no rule's id"),
        (2, "disable: not a text; put it into quotes"),
        (3, "social is not a section; write [social], then"),
        (5, "profanity.ad is not known here; did you mean add?"),
        (6, "profanity.add: not a text"),
        (6, "profanity.add: \"**\""),
        (6, "profanity.add: \"f(u|\""),
        (6, "profanity.add: \"(|)\""),
        (7, "profanity.remove is not a list"),
        (8, "phone is not known here; known are profanity, insult"),
        (11, "messenger.add: \"!\" is no name"),
        (13, "rule: \"Big\" is no name"),
        (14, "rule: \"phones\" is no category; did you mean phone?"),
        (15, "rule: the pattern cannot be used ("),
        (18, "rule: \"spam\" is no category; known are phone"),
        (19, "rule: the pattern matches nothing at all"),
        (20, "rule: kind is not known here; known are name"),
        (28, "rule: the pattern cannot be used ("),
        (30, "rule: name is not a text"),
        (31, "rule: name is missing"),
        (33, "rule: the pattern cannot be used ("),
    ];
    for (line, text) in wanted {
        let start = format!("line {line}: {text}");
        assert!(said.iter().any(|one| one.starts_with(&start)), "{start}\n{said:#?}");
    }
    assert_eq!(said.len(), wanted.len(), "{said:#?}");
    assert!(mistakes.is_sorted_by_key(|mistake| mistake.line));
}

#[test]
fn what_is_not_toml_and_what_is_too_much_is_said() {
    let said = Additions::parse("a = [\nb = 'x").unwrap_err().to_string();
    assert!(said.contains("is not TOML ("), "{said}");
    let said = Additions::parse(&"# x\n".repeat(ADDITIONS_BYTES_MAX / 4 + 1)).unwrap_err().to_string();
    assert!(said.contains("larger than"), "{said}");
    let words = format!("[insult]\nadd = [{}]", "\"ab\",".repeat(WORDS_MAX + 1));
    assert!(Additions::parse(&words).unwrap_err().to_string().contains("more than 5000 entries"));
    let rule = "[[rule]]\nname = \"a\"\ncategory = \"phone\"\npattern = \"a\"\n";
    let said = Additions::parse(&rule.repeat(OWN_RULES_MAX + 1)).unwrap_err().to_string();
    assert!(said.contains("more than 64 rules") && said.contains("custom.a is there twice"), "{said}");
}

#[test]
fn everything_that_decides_changes_the_version() {
    let texts = [
        "",
        "disable = [\"phone.nanp\"]",
        "disable = [\"phone.\"]",
        "[profanity]\nadd = [\"darn\"]",
        "[profanity]\nremove = [\"darn\"]",
        "[insult]\nadd = [\"darn\"]",
        "[[rule]]\nname = \"a\"\ncategory = \"phone\"\npattern = \"a\"",
        "[[rule]]\nname = \"a\"\ncategory = \"email\"\npattern = \"a\"",
        "[[rule]]\nname = \"a\"\ncategory = \"phone\"\npattern = \"b\"",
    ];
    let prints = texts.map(|text| {
        let additions = Additions::parse(text).unwrap();
        Settings { additions, ..Settings::default() }.fingerprint()
    });
    for (i, one) in prints.iter().enumerate() {
        assert!(prints[i + 1..].iter().all(|other| other != one), "{}", texts[i]);
    }
}

#[test]
fn ids_of_rules_stay_the_same_texts() {
    let id = || Additions::parse(GOOD).unwrap().rules()[0].id;
    assert!(std::ptr::eq(id(), id()), "read again, not kept again");
}
