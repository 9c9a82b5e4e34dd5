//! What an operator chooses.

use crate::{Additions, Category, host};

/// What becomes of a find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    /// It is masked, the rest of the message goes on.
    Mask,
    /// The message is not taken.
    Refuse,
    /// The message goes on as written, with its flag.
    Flag,
    /// It is not reported. An address that is allowed so keeps its bytes: the digits in it are no phone number.
    Off,
}

impl Policy {
    /// Every policy.
    pub const ALL: [Self; 4] = [Self::Mask, Self::Refuse, Self::Flag, Self::Off];

    /// Its name in a configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mask => "mask",
            Self::Refuse => "refuse",
            Self::Flag => "flag",
            Self::Off => "off",
        }
    }

    /// The policy of this name, exactly as [`as_str`](Self::as_str) writes it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == name)
    }
}

/// One policy per category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policies([Policy; Category::ALL.len()]);

impl Policies {
    /// The same for every category.
    pub const fn all(policy: Policy) -> Self {
        Self([policy; Category::ALL.len()])
    }

    /// The policy of one category.
    pub const fn get(&self, category: Category) -> Policy {
        self.0[category.index()]
    }

    /// Sets the policy of one category.
    pub const fn set(&mut self, category: Category, policy: Policy) {
        self.0[category.index()] = policy;
    }
}

impl Default for Policies {
    /// Everything is masked, but: threats and insults are flagged, since the words are evidence, and spam is refused.
    fn default() -> Self {
        let mut policies = Self::all(Policy::Mask);
        policies.set(Category::Threat, Policy::Flag);
        policies.set(Category::Insult, Policy::Flag);
        policies.set(Category::Spam, Policy::Refuse);
        policies
    }
}

/// What an operator chooses. The default masks contacts, knows no own hosts and is not in shadow.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What becomes of each category.
    pub policies: Policies,
    /// The marketplace's own hosts: links to them and to hosts below them stay. Names only, without scheme, port or
    /// path; letter case does not matter.
    pub own_hosts: Vec<String>,
    /// Decide and record, but change nothing: see [`Verdict`](crate::Verdict).
    pub shadow: bool,
    /// Words and rules of the operator's own.
    pub additions: Additions,
}

/// Settings that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Entries of `own_hosts` that are no host names, or so short that a whole top-level domain would be ours. All of
    /// them, as given.
    #[error("not usable as own hosts: {0:?} (wanted: names like market.example, without scheme, port or path)")]
    OwnHosts(Vec<String>),
}

impl Settings {
    /// The own hosts in lower case, or every entry that will not do.
    pub(crate) fn own_hosts(&self) -> Result<host::OwnHosts, SettingsError> {
        let bad: Vec<String> = self.own_hosts.iter().filter(|name| !host::is_usable_own(name)).cloned().collect();
        if bad.is_empty() { Ok(host::OwnHosts::new(&self.own_hosts)) } else { Err(SettingsError::OwnHosts(bad)) }
    }

    /// A number that changes when a decision could change.
    pub(crate) fn fingerprint(&self) -> u32 {
        let mut hosts: Vec<String> = self.own_hosts.iter().map(|host| host.to_lowercase()).collect();
        hosts.sort_unstable();
        let policies = Category::ALL.iter().map(|category| self.policies.get(*category).as_str());
        let shadow = if self.shadow { "shadow" } else { "live" };
        let parts = policies.chain(hosts.iter().map(String::as_str)).chain([shadow]);
        let parts = parts.chain(self.additions.parts());
        // FNV-1a: the same on every node and in every build, which the standard hasher does not promise.
        parts
            .flat_map(|part| part.bytes().chain([0]))
            .fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_masked_and_evidence_is_kept() {
        let policies = Policies::default();
        assert_eq!(policies.get(Category::Phone), Policy::Mask);
        assert_eq!(policies.get(Category::Threat), Policy::Flag);
        assert_eq!(policies.get(Category::Insult), Policy::Flag);
        for policy in Policy::ALL {
            assert_eq!(Policy::parse(policy.as_str()), Some(policy));
        }
        assert_eq!(Policy::parse("shadow"), None);
    }

    #[test]
    fn every_bad_host_is_named_at_once() {
        let given = ["market.example", "https://x.com", "", "com", "a b.com", "x.com:80", "-x.com", "ok.рф", "a..b"];
        let settings = Settings { own_hosts: given.map(String::from).to_vec(), ..Settings::default() };
        let Err(SettingsError::OwnHosts(bad)) = settings.own_hosts() else { panic!("accepted") };
        assert_eq!(bad, ["https://x.com", "", "com", "a b.com", "x.com:80", "-x.com", "a..b"]);
    }

    #[test]
    fn the_fingerprint_follows_what_decides() {
        let plain = Settings::default();
        let hosts = Settings { own_hosts: vec!["a.com".into(), "B.com".into()], ..Settings::default() };
        let same = Settings { own_hosts: vec!["b.com".into(), "a.com".into()], ..Settings::default() };
        let shadow = Settings { shadow: true, ..Settings::default() };
        let policies = Settings { policies: Policies::all(Policy::Flag), ..Settings::default() };
        assert_eq!(hosts.fingerprint(), same.fingerprint());
        let all = [&plain, &hosts, &shadow, &policies].map(Settings::fingerprint);
        for (i, one) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|other| other != one), "{all:?}");
        }
    }
}
