//! Host names: their characters and labels, where one ends inside running text, and the marketplace's own.

use std::collections::HashSet;
use std::ops::Range;

use crate::tld::{self, Tld};
use crate::vocabulary::{Roles, roles};

/// Whether a character can stand in a host name.
pub(crate) fn is_host_char(c: char) -> bool {
    matches!(c, '-' | '.') || c.is_alphanumeric()
}

/// The fewest letters of a name before a top-level domain that is a word, when an address is announced.
const NAME_MIN: usize = 5;
/// The longest host name, in bytes. Nothing longer is ours, so looking costs no more than this allows.
const NAME_MAX: usize = 253;

/// The hosts of the marketplace.
#[derive(Debug, Default)]
pub(crate) struct OwnHosts(HashSet<Box<str>>);

impl OwnHosts {
    /// From names that [`is_usable_own`] accepted.
    pub(crate) fn new(names: &[String]) -> Self {
        Self(names.iter().map(|name| name.to_lowercase().into_boxed_str()).collect())
    }

    /// Whether this host, or one above it, is ours.
    pub(crate) fn contains(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        if self.0.is_empty() || host.len() > NAME_MAX {
            return false;
        }
        let host = host.to_lowercase();
        let mut above = std::iter::successors(Some(&*host), |host| host.split_once('.').map(|(_, above)| above));
        above.any(|host| self.0.contains(host))
    }
}

/// Whether a host leads into a messenger: a link to it is somebody's handle there.
pub(crate) fn is_messenger(host: &str) -> bool {
    const HOSTS: &[&str] = &[
        "t.me",
        "telegram.me",
        "telegram.dog",
        "wa.me",
        "whatsapp.com",
        "viber.com",
        "viber.me",
        "signal.me",
        "signal.group",
        "m.me",
        "discord.gg",
        "skype.com",
        "line.me",
        "wechat.com",
        "snapchat.com",
    ];
    let host = host.to_lowercase();
    HOSTS.iter().any(|known| host.strip_suffix(known).is_some_and(|below| below.is_empty() || below.ends_with('.')))
}

/// Whether a setting names one host, and not a whole top-level domain.
pub(crate) fn is_usable_own(name: &str) -> bool {
    const LABEL_MAX: usize = 63;
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= LABEL_MAX
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c == '-' || c.is_alphanumeric())
    };
    let all_of_a_domain = !name.contains('.') && tld::class(name).is_some();
    name.len() <= NAME_MAX && name.split('.').all(label) && !all_of_a_domain
}

/// A host inside a run of host characters.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// Bytes of the run.
    pub(crate) range: Range<usize>,
    /// How it was known.
    pub(crate) by_www: bool,
}

/// What stands around a run of host characters.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Said {
    /// What follows goes on like a path.
    pub(crate) path: bool,
    /// What stands before says that an address follows ("at", "visit").
    pub(crate) announced: bool,
    /// The sentence goes on behind it.
    pub(crate) goes_on: bool,
}

/// The host in a run of host characters that stands in running text without a scheme, if there is one. The rules look at a label
/// and its two neighbours only, so that a number masked further along the run changes nothing.
pub(crate) fn bare(run: &str, said: &Said) -> Option<Host> {
    let mut best = None;
    let mut start = 0;
    let mut before: Option<&str> = None;
    let mut count = 0;
    let mut www = false;
    if is_package(run) && !said.path {
        return None;
    }
    let mut labels = Labels::new(run).peekable();
    while let Some((at, label)) = labels.next() {
        if label.is_empty() {
            if best.is_some() {
                break;
            }
            (before, count, www) = (None, 0, false);
            continue;
        }
        if count == 0 {
            start = at + label.len() - label.trim_start_matches('-').len();
        }
        let after = labels.peek().map(|(_, label)| *label).filter(|label| !label.is_empty());
        if let Some(before) = before {
            let ends_run = after.is_none() && at + label.len() == run.len();
            let said = Said { path: said.path && ends_run, goes_on: said.goes_on && ends_run, ..*said };
            let evidence = Evidence { www, third: count >= 2, said };
            if let Some(len) = ends_host(before, label, after, &evidence) {
                best = Some(Host { range: start..at + len, by_www: evidence.www });
            }
        }
        www |= before.is_some_and(is_www);
        before = Some(label);
        count += 1;
    }
    best
}

/// A name as programs have it, the domain backwards: "com.example.app", "org.junit.Test".
fn is_package(run: &str) -> bool {
    let mut labels = run.split('.');
    let first = labels.next().unwrap_or_default();
    let rest: Vec<&str> = labels.filter(|label| !label.is_empty()).collect();
    PACKAGES.contains(&first) && rest.len() > 1 && rest.last().is_some_and(|last| tld::class(last) != Some(Tld::Strong))
}

/// `www`, whatever digits are glued to its front.
fn is_www(label: &str) -> bool {
    label.trim_start_matches(|c: char| !c.is_alphabetic()).eq_ignore_ascii_case("www")
}

/// What speaks for a host beside its top-level domain.
struct Evidence {
    www: bool,
    third: bool,
    said: Said,
}

impl Evidence {
    /// "fits.Net weight", "готово.Ru версия", "привез.pro запас": the next sentence begins with what ends hosts as well.
    fn is_next_sentence(&self, name: &str, top: &str, class: Tld) -> bool {
        let word = name.chars().all(char::is_lowercase) || (!name.is_ascii() && name.chars().all(char::is_alphabetic));
        let begins = starts_sentence(top) || (class != Tld::Strong && top.is_ascii() && !name.is_ascii());
        // "Сайт переведем.Ru версия": nobody writes a host in two alphabets and with a capital behind the dot.
        let mixed = !name.is_ascii() && top.is_ascii() && starts_sentence(top);
        let announced = self.said.announced && !mixed && !roles(&name.to_lowercase()).has(Roles::COMMON);
        let led = self.www || self.third || self.said.path || announced;
        !led && self.said.goes_on && word && begins
    }
}

/// Whether a host ends with this label; how much of the label is it.
fn ends_host(before: &str, label: &str, after: Option<&str>, evidence: &Evidence) -> Option<usize> {
    let (top, glued) = top_part(label);
    let class = cased_class(top).filter(|class| !glued || *class == Tld::Strong);
    if (class.is_none() && !evidence.www)
        || after.is_some_and(tld::is_file_ending)
        || is_software(before, label, evidence)
    {
        return None;
    }
    if evidence.www {
        let word = top.len() >= 2 && !glued && top.chars().all(char::is_alphabetic) && !starts_sentence(top);
        return (class.is_some() || word).then_some(top.len());
    }
    let class = class?;
    let name = before.trim_start_matches('-');
    if name.is_empty() {
        return None;
    }
    let single = name.chars().nth(1).is_none();
    let letters = name.chars().any(char::is_alphabetic);
    if evidence.is_next_sentence(name, top, class) {
        return None;
    }
    let Said { path, announced, .. } = evidence.said;
    let holds = match class {
        Tld::Strong => letters || !single,
        // "No.co workers": a sentence ended.
        Tld::Common => letters && (!single || path) && (path || !roles(&name.to_lowercase()).has(Roles::COMMON)),
        Tld::Word => {
            let marked = name.contains('-') || name.bytes().any(|b| b.is_ascii_digit());
            let name_like = (announced || marked) && name.chars().count() >= NAME_MIN && !glued;
            letters && (path || (evidence.third && !single) || name_like)
        }
        Tld::File => false,
    };
    holds.then_some(top.len())
}

/// Where the domain of an e-mail ends that begins this run: bytes of the run.
pub(crate) fn mail_domain(run: &str) -> Option<usize> {
    let mut known = None;
    let mut plausible = None;
    let mut after_first = false;
    for (at, label) in Labels::new(run) {
        let (top, _) = top_part(label);
        if top.is_empty() {
            break;
        }
        if after_first {
            // After an at a capital begins no sentence, unless the address could have ended before.
            if cased_class(top).is_some() || (known.is_none() && tld::class(top).is_some()) {
                known = Some(at + top.len());
            } else if top.len() >= 2 && top.chars().all(char::is_alphabetic) && !starts_sentence(top) && known.is_none()
            {
                plausible = Some(at + top.len());
            }
        }
        after_first = true;
    }
    known.or(plausible)
}

/// The part of a label that may be a top-level domain (none of them holds a hyphen), and whether more is glued to it.
fn top_part(label: &str) -> (&str, bool) {
    let top = &label[..label.find('-').unwrap_or(label.len())];
    (top, !label[top.len()..].trim_end_matches('-').is_empty())
}

/// The class of a label as it is written: a capital begins a sentence, except for what hardly can.
fn cased_class(label: &str) -> Option<Tld> {
    tld::class(label).filter(|class| *class == Tld::Strong || !starts_sentence(label))
}

fn starts_sentence(label: &str) -> bool {
    let mut chars = label.chars();
    chars.next().is_some_and(char::is_uppercase) && chars.any(char::is_lowercase)
}

/// Names of software with a dot ("socket.io", `ASP.NET`), and what is read of a record ("order.id", "logging.info"): no hosts.
fn is_software(before: &str, label: &str, evidence: &Evidence) -> bool {
    if evidence.www || evidence.said.path {
        return false;
    }
    let (name, label) = (before.to_lowercase(), label.to_lowercase());
    SOFTWARE.iter().any(|(top, names)| *top == label && names.contains(&&*name))
        || (FIELDS.contains(&&*label) && RECORDS.contains(&&*name))
}

/// Names of software by what stands behind their dot.
#[rustfmt::skip]
const SOFTWARE: &[(&str, &[&str])] = &[
    ("net", &["asp", "system", "microsoft", "vb", "ado", "ml", "java", "paint", "diagrams", "accord", "lucene", "quartz", "rx", "json", "math", "emgu", "newtonsoft",
        "entity", "dotnet", "core", "fractal", "spring", "log4", "ndepend", "octokit", "swagger"]),
    ("io", &["system", "socket", "engine", "draw", "java", "keras", "fly", "netlify", "github", "itch", "codepen", "crates", "docs", "scratch", "prometheus",
        "sentry", "customer", "segment", "bubble", "istio", "lens", "marble", "excalidraw", "railway", "deno", "spring", "traefik", "zod",
        "apiary", "toggl", "miro", "matrix", "agar", "slither", "krunker"]),
    ("org", &["draw", "cmake", "json"]),
    ("com", &["monday", "make", "cal"]),
    ("app", &["linear", "cash", "fly", "bolt"]),
    ("ai", &["character", "fast", "spacy", "otter", "leonardo", "bolt", "perplexity"]),
    ("fm", &["last"]),
    ("so", &["notion"]),
    ("dev", &["v0", "web", "deno", "pub", "go"]),
];

/// What programs call the things whose fields are asked for.
#[rustfmt::skip]
const RECORDS: &[&str] = &[
    "order", "user", "commande", "utilisateur", "client", "customer", "product", "produit", "item", "article", "logging", "logger", "log", "console",
    "df", "data", "window", "document", "self", "this", "that", "request", "response", "res", "req", "config", "settings", "event", "e", "evt", "node",
    "list", "array", "map", "obj", "object", "app", "msg", "message", "row", "table", "json", "el", "elem", "element", "form", "field", "input", "page",
    "cart", "panier", "session", "account", "compte", "invoice", "facture", "props", "state", "model", "system", "sys", "package", "module", "file",
    "fichier", "image", "img", "post", "task", "project", "group", "team", "role", "category", "tag", "entry", "record", "query", "result", "error",
    "заказ", "пользователь", "клиент", "товар", "счет", "платеж", "документ", "корзина", "сессия", "событие", "объект", "строка", "элемент", "запись", "форма", "поле",
    "профиль", "аккаунт", "сообщение", "файл", "задача", "проект", "группа", "запрос", "ответ", "ошибка", "модель", "таблица", "objet", "evenement", "ligne", "champ",
    "formulaire", "requete", "reponse", "profil", "projet", "tache", "categorie", "os", "sys", "process", "env", "location", "navigator", "screen", "math", "button",
    "exception", "params", "options", "ctx", "context", "target", "parent", "child", "player", "game", "db", "store", "api", "auth", "profile", "payload",
];

/// What the names of packages begin with.
const PACKAGES: &[&str] = &["com", "org", "net", "io", "edu", "gov"];

/// Fields of records that end hosts as well.
const FIELDS: &[&str] = &[
    "id", "info", "name", "top", "at", "is", "in", "host", "email", "date", "page", "link", "group", "media",
    "services", "pub", "click", "style", "show", "run", "zone", "video", "photo", "team", "city", "report", "tax",
    "plus",
];

/// The labels of a run with their places; an empty one for two dots in a row.
struct Labels<'a> {
    run: &'a str,
    next: Option<usize>,
}

impl<'a> Labels<'a> {
    const fn new(run: &'a str) -> Self {
        Self { run, next: Some(0) }
    }
}

impl<'a> Iterator for Labels<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.next?;
        let rest = &self.run[at..];
        let end = rest.find('.');
        self.next = end.map(|end| at + end + 1);
        Some((at, &rest[..end.unwrap_or(rest.len())]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(run: &str, path: bool) -> Option<&str> {
        bare(run, &Said { path, ..Said::default() }).map(|host| &run[host.range])
    }

    #[test]
    fn hosts_in_running_text() {
        for (run, path, host) in [
            ("example.com", false, Some("example.com")),
            ("example.com.See", false, Some("example.com")),
            ("example.com.514.555.0199", false, Some("example.com")),
            ("example.com-514", false, Some("example.com")),
            ("example.fr..example.com", false, Some("example.fr")),
            ("wait...example.fr", false, Some("example.fr")),
            ("-x.example.fr-", false, Some("x.example.fr")),
            ("www.some.where", false, Some("www.some.where")),
            ("www.hello", false, None),
            ("done.it", false, None),
            ("done.it", true, Some("done.it")),
            ("shop.example.it", false, Some("shop.example.it")),
            ("t.co", false, None),
            ("t.co", true, Some("t.co")),
            ("x.com", false, Some("x.com")),
            ("163.com", false, Some("163.com")),
            ("4.fr", true, None),
            ("done.See", false, None),
            ("Done.Fr", false, None),
            ("ASP.NET", false, None),
            ("readme.md", true, None),
            ("main.fr.html", false, None),
            ("кино.рф", false, Some("кино.рф")),
            ("и.т.д", false, None),
            ("...", false, None),
        ] {
            assert_eq!(found(run, path), host, "{run:?}");
        }
    }

    #[test]
    fn a_sentence_that_goes_on_is_no_host() {
        let goes_on = Said { goes_on: true, ..Said::default() };
        for run in [
            "fits.Net",
            "готово.Ru",
            "сделал.Com",
            "привез.pro",
            "socket.io",
            "draw.io",
            "order.id",
            "logging.info",
            "java.net",
            "System.IO",
            "System.Net",
            "заказ.id",
            "com.example.app",
            "org.junit.Test",
        ] {
            assert_eq!(bare(run, &goes_on), None, "{run}");
        }
        for (run, said) in [
            ("bestplumber.Com", Said { announced: true, ..goes_on }),
            ("bestplumber.Com", Said::default()),
            ("BestPlumber.Com", goes_on),
            ("best-plumber.Com", goes_on),
            ("мойсайт.ru", goes_on),
            ("socket.io", Said { path: true, ..goes_on }),
            ("www.socket.io", goes_on),
        ] {
            assert_eq!(bare(run, &said).map(|host| host.range.end), Some(run.len()), "{run} {said:?}");
        }
    }

    #[test]
    fn domains_of_mail() {
        for (run, domain) in [
            ("gmail.com", Some("gmail.com")),
            ("gmail.com.See", Some("gmail.com")),
            ("gmail.com.", Some("gmail.com")),
            ("gmail.com-call", Some("gmail.com")),
            ("mail.corp.internal", Some("mail.corp.internal")),
            ("почта.рф", Some("почта.рф")),
            ("2.50", None),
            ("home", None),
            (".com", None),
        ] {
            assert_eq!(mail_domain(run).map(|end| &run[..end]), domain, "{run:?}");
        }
    }

    #[test]
    fn own_hosts_and_those_below() {
        let own = OwnHosts::new(&["Market.Example".into(), "рынок.рф".into()]);
        for host in ["market.example", "MARKET.example.", "www.market.example", "a.b.market.example", "РЫНОК.рф"]
        {
            assert!(own.contains(host), "{host}");
        }
        for host in ["notmarket.example", "market.example.evil.com", "example", ""] {
            assert!(!own.contains(host), "{host}");
        }
    }
}
