//! Top-level domains, sorted by how much one proves without `www.` or a scheme.

/// How much a top-level domain proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tld {
    /// Hardly anything but a domain ends so: `com`, `ru`.
    Strong,
    /// A domain when written in small letters: `fr`, `shop`.
    Common,
    /// A word as well (`it`, `me`, `la`): wants a path or a third label, else it is a missing space after a full stop.
    Word,
    /// A file's ending as well (`md`, `zip`): wants `www.` or a scheme.
    File,
}

/// The class of a label, in any case. `None`: no top-level domain that is used for links here.
pub(crate) fn class(label: &str) -> Option<Tld> {
    // Every entry's length lies between these: the rest needs no look-up.
    const SHORTEST: usize = 2;
    const LONGEST: usize = 16;
    if !(SHORTEST..=LONGEST).contains(&label.len()) {
        return None;
    }
    if !label.is_ascii() {
        let is = |tld: &str| label.chars().flat_map(char::to_lowercase).eq(tld.chars());
        return match () {
            () if is("рф") => Some(Tld::Strong),
            // "приехали.рус привезет": somebody's nickname.
            () if is("рус") => Some(Tld::Word),
            () => None,
        };
    }
    let mut lower = [0; LONGEST];
    let lower = &mut lower[..label.len()];
    lower.copy_from_slice(label.as_bytes());
    lower.make_ascii_lowercase();
    let lower = std::str::from_utf8(lower).ok()?;
    let is_in = |list: &[&str]| list.binary_search(&lower).is_ok();
    match lower {
        _ if is_in(STRONG) => Some(Tld::Strong),
        _ if is_in(WORDS) => Some(Tld::Word),
        _ if is_in(FILES) => Some(Tld::File),
        _ if is_in(COUNTRIES) || is_in(GENERIC) => Some(Tld::Common),
        _ => None,
    }
}

/// Whether a file's name ends so: what stands before it is then no host.
pub(crate) fn is_file_ending(label: &str) -> bool {
    let known = |ending: &&str| label.eq_ignore_ascii_case(ending);
    FILES.iter().any(known) || ENDINGS.iter().any(known)
}

// Each list is sorted: a test holds that.

/// With a digit for an `o` or `e` nobody writes them but to deceive.
const STRONG: &[&str] = &["0rg", "c0m", "com", "n3t", "net", "org", "ru"];

/// Words of English and French, units, and short words that start a sentence; endings of files and fields of records that many write
/// about ("main.tf", "order.id").
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "ad", "ai", "am", "art", "as", "at", "au", "band", "bar", "be", "beauty", "best", "bike", "black", "blue", "build", "builders", "business", "by", "cafe", "camp", "capital", "care", "careers", "cash", "cat", "cc", "center", "charity", "ci", "city", "cleaning", "click", "cloud", "club", "coffee", "community", "company", "construction", "contact", "cool", "day", "de", "deals", "dental", "design", "direct", "do", "email", "energy", "engineer", "es", "estate", "et", "eu", "events", "exchange", "expert", "express", "family", "farm", "fashion", "finance", "fit", "fitness", "florist", "flowers", "foundation", "fun", "fund", "furniture", "fyi", "gallery", "garden", "gd", "gift", "glass", "gold", "golf", "graphics", "green", "group", "guide", "health", "help", "hospital", "house", "id", "il", "in", "ink", "international", "is", "it", "je", "jobs", "kitchen", "la", "land", "law", "legal", "li", "life", "lighting", "limited", "link", "live", "loan", "love", "lu", "ma", "market", "marketing", "me", "media", "menu", "mk", "mm", "money", "monster", "movie", "mr", "ms", "mu", "my", "name", "ne", "network", "news", "no", "now", "nu", "om", "one", "pa", "page", "parts", "party", "photo", "photography", "photos", "pics", "pink", "pl", "plumbing", "plus", "pm", "press", "promo", "properties", "red", "rent", "rentals", "repair", "report", "republican", "rest", "restaurant", "reviews", "rip", "rocks", "run", "sa", "sale", "school", "se", "security", "services", "shopping", "show", "si", "so", "social", "software", "solutions", "space", "st", "style", "su", "supplies", "supply", "support", "surf", "surgery", "tax", "team", "tf", "tips", "tires", "to", "today", "tools", "top", "tours", "town", "toys", "trade", "training", "travel", "us", "va", "vacations", "ventures", "video", "villas", "vision", "vu", "watch", "wedding", "win", "work", "works", "world", "zone",
];

const FILES: &[&str] = &["md", "mov", "ps", "py", "rs", "sh", "zip"];

const ENDINGS: &[&str] = &[
    "7z", "avi", "bak", "bmp", "c", "cfg", "conf", "cpp", "css", "csv", "dat", "doc", "docx", "dwg", "dxf", "eps",
    "exe", "gif", "go", "gz", "h", "heic", "htm", "html", "ini", "java", "jpeg", "jpg", "js", "json", "jsx", "log",
    "mkv", "mp3", "mp4", "obj", "odt", "pdf", "php", "png", "ppt", "pptx", "psd", "rar", "rtf", "sql", "step", "stl",
    "svg", "tar", "tex", "tif", "tiff", "toml", "ts", "tsx", "ttf", "txt", "wav", "webm", "webp", "xls", "xlsx", "xml",
    "yaml", "yml",
];

#[rustfmt::skip]
const COUNTRIES: &[&str] = &[
    "ac", "ae", "af", "ag", "al", "ao", "aq", "ar", "aw", "ax", "az", "ba", "bb", "bd", "bf", "bg", "bh", "bi", "bj", "bm", "bn", "bo", "br", "bs", "bt", "bw", "bz", "ca", "cd", "cf", "cg", "ch", "ck", "cl", "cm", "cn", "co", "cr", "cu", "cv", "cw", "cx", "cy", "cz", "dj", "dk", "dm", "dz", "ec", "ee", "eg", "er", "eu", "fi", "fj", "fk", "fm", "fo", "fr", "ga", "ge", "gf", "gg", "gh", "gi", "gl", "gm", "gn", "gp", "gq", "gr", "gs", "gt", "gu", "gw", "gy", "hk", "hm", "hn", "hr", "ht", "hu", "ie", "im", "io", "iq", "ir", "jm", "jo", "jp", "ke", "kg", "kh", "ki", "km", "kn", "kp", "kr", "kw", "ky", "kz", "lb", "lc", "lk", "lr", "ls", "lt", "lv", "ly", "mc", "mg", "mh", "ml", "mn", "mo", "mp", "mq", "mt", "mv", "mw", "mx", "mz", "na", "nc", "nf", "ng", "ni", "nl", "np", "nr", "nz", "pe", "pf", "pg", "ph", "pk", "pn", "pr", "pt", "pw", "qa", "re", "ro", "rw", "sb", "sc", "sd", "sg", "sk", "sl", "sm", "sn", "sr", "ss", "sv", "sx", "sy", "sz", "tc", "td", "tg", "th", "tj", "tk", "tl", "tm", "tn", "tr", "tt", "tv", "tw", "tz", "ua", "ug", "uk", "uy", "uz", "vc", "ve", "vg", "vi", "vn", "ws", "ye", "yt", "za", "zm", "zw",
];

#[rustfmt::skip]
const GENERIC: &[&str] = &[
    "academy", "agency", "app", "asia", "bio", "biz", "blog", "boutique", "casa", "chat", "codes", "consulting", "contractors", "dev", "digital", "domains", "edu", "gmbh", "gov", "guru", "haus", "host", "icu", "immo", "info", "limo", "ltd", "maison", "mobi", "moda", "moe", "moscow", "ninja", "online", "ooo", "paris", "pizza", "pro", "pub", "quebec", "shop", "site", "store", "studio", "systems", "tatar", "tech", "technology", "tel", "uno", "vip", "website", "wiki", "wtf", "xyz", "yoga",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_entries_fit() {
        for list in [STRONG, WORDS, FILES, COUNTRIES, GENERIC] {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", list.windows(2).find(|p| p[0] >= p[1]));
            for entry in list {
                assert!(class(entry).is_some(), "{entry}");
            }
        }
    }

    #[test]
    fn classes() {
        assert_eq!(class("COM"), Some(Tld::Strong));
        assert_eq!(class("РФ"), Some(Tld::Strong));
        assert_eq!(class("fr"), Some(Tld::Common));
        assert_eq!(class("It"), Some(Tld::Word));
        assert_eq!(class("md"), Some(Tld::File));
        assert_eq!(class("see"), None);
        assert_eq!(class("averyveryverylonglabel"), None);
        assert!(is_file_ending("PDF") && is_file_ending("rs") && !is_file_ending("com"));
    }
}
