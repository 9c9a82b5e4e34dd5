use super::*;
use crate::find::in_gaps;

fn found<'t>(text: &'t str, own: &[&str]) -> Vec<&'t str> {
    let own = OwnHosts::new(&own.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let mut found = Vec::new();
    urls(text, &own, &mut found);
    in_gaps(&mut found, text.len(), |gap, out| domains(text, gap, &own, out));
    found.iter().filter(|f| f.what.is_some()).map(|f| &text[f.start..f.end]).collect()
}

#[test]
fn links() {
    for (text, links) in [
        ("see https://example.com/a?b=c#d.", &["https://example.com/a?b=c#d"][..]),
        ("HTTP://EXAMPLE.COM", &["HTTP://EXAMPLE.COM"]),
        ("(https://en.wikipedia.org/wiki/Rust_(language))", &["https://en.wikipedia.org/wiki/Rust_(language)"]),
        ("http://192.168.0.1:8080/x", &["http://192.168.0.1:8080/x"]),
        ("ftp://files.example.net", &["ftp://files.example.net"]),
        ("https://a.com,https://b.com", &["https://a.com", "https://b.com"]),
        ("https://пример.рф/путь", &["https://пример.рф/путь"]),
        ("www.example.com/x, ok?", &["www.example.com/x"]),
        ("voir www.exemple.quebec", &["www.exemple.quebec"]),
        ("my shop example.com/x", &["example.com/x"]),
        ("example.com?", &["example.com"]),
        ("example.com:8080/x", &["example.com:8080/x"]),
        ("t.me/bob", &["t.me/bob"]),
        ("youtu.be/abc", &["youtu.be/abc"]),
        ("сайт мойсайт.ru, звоните", &["мойсайт.ru"]),
        ("monsite.ca et bit.ly/x", &["monsite.ca", "bit.ly/x"]),
        ("\"example.org\"", &["example.org"]),
        ("example.com.See you", &["example.com"]),
        ("https://x.com\\@market.example/", &["https://x.com\\@market.example/"]),
    ] {
        assert_eq!(found(text, &["market.example"]), links, "{text:?}");
    }
}

#[test]
fn no_links() {
    for text in [
        "done.See you",
        "ok.It is fine",
        "готово.Завтра приеду",
        "c'est fait.On se voit demain",
        "ready.to go",
        "now.in stock",
        "e.g. this",
        "т.е. завтра",
        "и т.д.",
        "J.-P. Martin",
        "v1.2.3",
        "main.rs",
        "README.md/CHANGELOG.md",
        "report.final.pdf",
        "plan_v2.docx",
        "archive.tar.gz",
        "index.fr.html",
        "Node.js",
        "ASP.NET Core",
        "12.50",
        "4.in",
        "10.30.am",
        "wait...what",
        "://",
        "http://",
        "a://b",
        "http:// example",
        "1.000.000",
        "И.И.Иванов",
        "ул.Ленина д.5",
        "p.m.",
        "U.S.A.",
        "No.5",
    ] {
        assert_eq!(found(text, &[]), [""; 0], "{text:?}");
    }
}

#[test]
fn own_hosts_stay_and_cannot_be_worn() {
    let own = ["market.example", "souk.fr"];
    for text in [
        "https://market.example/orders/5145550199",
        "http://www.MARKET.example:8443/x?y",
        "shop.souk.fr/o/1, souk.fr",
        "market.example/x",
    ] {
        assert_eq!(found(text, &own), [""; 0], "{text:?}");
    }
    for (text, links) in [
        ("https://market.example.evil.com/", "https://market.example.evil.com/"),
        ("https://market.example@evil.com", "https://market.example@evil.com"),
        ("https://bob:x@market.example/", "https://bob:x@market.example/"),
        ("https://market.example/?to=https://evil.com/x", "https://evil.com/x"),
        ("https://market.example:https://evil.com", "https://evil.com"),
        ("notsouk.fr", "notsouk.fr"),
        ("souk.fr.evil.com", "souk.fr.evil.com"),
    ] {
        assert_eq!(found(text, &own), [links], "{text:?}");
    }
}
