//! What nodes of our own run on: nothing, the servers that the environment names, or those of `deploy/stack`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use souk_testkit::failure::Failure;
use souk_testkit::process;
use souk_testkit::token::made_up_secret;

use super::{TargetError, Tell, program};
use crate::scenario::Engines;

/// The addresses of a cluster's servers, how they begin, and what `deploy/stack` calls the server.
const URLS: [(&str, &str, &str); 3] =
    [("SOUK_ROUTER_URL", "redis", "redis"), ("SOUK_STORE_URL", "cql", "cql"), ("SOUK_EVENTS_URL", "kafka", "kafka")];
const ROUTER: &str = URLS[0].0;
const STORE: &str = URLS[1].0;
const SECRET: &str = "SOUK_STORE_SECRET";
/// Where load tests keep history, apart from everything else on the same servers. Runs share it: their people and orders are new
/// each time.
const KEYSPACE: &str = "souk_loadtest";

/// What nodes run on. Servers that were started for it are stopped when this is dropped, which takes some seconds; those that
/// were up before stay.
#[derive(Debug)]
pub struct Servers {
    name: &'static str,
    settings: BTreeMap<String, String>,
    #[expect(dead_code, reason = "held: what was started is stopped with it")]
    started: Option<Started>,
}

impl Servers {
    /// What `engines` says. Starting a stack takes 10 to 60 seconds, the first time some minutes; the user is told.
    pub async fn find(engines: Engines, tell: Tell<'_>) -> Result<Self, TargetError> {
        let environment = |name: &str| std::env::var(name).ok();
        match (engines, Self::named(environment)) {
            (Engines::Alone, _) | (Engines::Auto, Ok(None)) => Ok(Self::alone()),
            (_, Ok(Some(servers))) => Ok(servers),
            (_, Err(error)) => Err(error),
            (Engines::Cluster, Ok(None)) => Self::of_the_stack(&URLS.map(|(_, _, part)| part), tell).await,
        }
    }

    /// A Redis, for several processes of a peer: the environment's, or the stack's.
    pub async fn only_redis(tell: Tell<'_>) -> Result<Self, TargetError> {
        match std::env::var(ROUTER) {
            Ok(url) if url.starts_with("redis") => {
                Ok(Self { name: "redis", settings: BTreeMap::from([(ROUTER.to_owned(), url)]), started: None })
            }
            _ => Self::of_the_stack(&["redis"], tell).await,
        }
    }

    fn alone() -> Self {
        Self { name: "alone", settings: BTreeMap::new(), started: None }
    }

    /// The servers that these variables name, all of them or none.
    fn named(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, TargetError> {
        let url = |(key, scheme, _): (&str, &str, _)| {
            let url = variable(key).filter(|url| url.starts_with(scheme))?;
            Some((key.to_owned(), url))
        };
        let settings: BTreeMap<_, _> = URLS.into_iter().filter_map(url).collect();
        let missing: Vec<&str> = URLS.iter().map(|(key, ..)| *key).filter(|key| !settings.contains_key(*key)).collect();
        match (settings.is_empty(), missing.is_empty()) {
            (true, _) => Ok(None),
            (_, true) => Ok(Some(Self::cluster(settings, variable(SECRET)))),
            (_, false) => Err(TargetError::HalfACluster { missing: missing.join(", ") }),
        }
    }

    fn cluster(mut settings: BTreeMap<String, String>, secret: Option<String>) -> Self {
        if let Some(url) = settings.get_mut(STORE) {
            *url = own_keyspace(url);
            // All nodes need the same one; what earlier runs wrote with another is no longer asked for.
            settings
                .insert(SECRET.to_owned(), secret.filter(|secret| !secret.is_empty()).unwrap_or_else(made_up_secret));
        }
        Self { name: "cluster", settings, started: None }
    }

    async fn of_the_stack(parts: &[&'static str], tell: Tell<'_>) -> Result<Self, TargetError> {
        let script = program::checkout().unwrap_or_default().join("deploy/stack");
        if !script.is_file() {
            return Err(TargetError::NoStack(script));
        }
        let before = environment_of(&script)?;
        let is_up = |part: &str| URLS.iter().any(|(key, _, of)| *of == part && before.contains_key(*key));
        let absent: Vec<&'static str> = parts.iter().copied().filter(|part| !is_up(part)).collect();
        // From here on what is started is stopped again, also where `up` fails half way or is given up.
        let started = (!absent.is_empty()).then(|| {
            tell(&format!(
                "starting {} with deploy/stack up (10 to 60 s; the first time it fetches jars)",
                absent.join(", ")
            ));
            Started { script: script.clone(), parts: absent.clone(), whole: before.is_empty() }
        });
        let mut up = Command::new(&script);
        up.arg("up").args(parts);
        process::run(up, "deploy/stack up").await?;
        let mut after = environment_of(&script)?;
        let secret = after.remove(SECRET);
        let wanted = |key: &str| URLS.iter().any(|(url, _, part)| *url == key && parts.contains(part));
        after.retain(|key, _| wanted(key));
        Ok(Self { started, ..Self::cluster(after, secret) })
    }

    /// `alone`, `cluster`, or `redis`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether a single node stands alone on this.
    pub fn is_alone(&self) -> bool {
        self.settings.is_empty()
    }

    /// The Redis, as an address with its scheme.
    pub fn redis(&self) -> Option<&str> {
        self.settings.get(ROUTER).map(String::as_str)
    }

    /// What nodes are told, as environment variables.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.settings.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// Servers that are to be stopped.
#[derive(Debug)]
struct Started {
    script: PathBuf,
    parts: Vec<&'static str>,
    /// Nothing else of the stack was up.
    whole: bool,
}

impl Drop for Started {
    fn drop(&mut self) {
        let run = |words: &[&str]| {
            let mut command = Command::new(&self.script);
            command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            // What cannot be stopped stays, as a stack that was up before; `deploy/stack status` tells.
            let _ = command.status();
        };
        if self.whole {
            return run(&["down"]);
        }
        for part in &self.parts {
            match *part {
                "cql" => ["cql3", "cql2", "cql1"].iter().for_each(|node| run(&["stop", node])),
                part => run(&["stop", part]),
            }
        }
    }
}

/// What `deploy/stack env` prints; empty where nothing is up.
fn environment_of(script: &Path) -> Result<BTreeMap<String, String>, TargetError> {
    let mut command = Command::new(script);
    command.arg("env").stdin(Stdio::null());
    let output = command.output().map_err(Failure::system("running deploy/stack env"))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(exported).collect())
}

/// Reads `export KEY='value'`, quoted for a shell.
fn exported(line: &str) -> Option<(String, String)> {
    let (key, value) = line.strip_prefix("export ")?.split_once('=')?;
    let value = value.strip_prefix('\'')?.strip_suffix('\'')?;
    Some((key.to_owned(), value.replace(r"'\''", "'")))
}

/// The same servers with our own keyspace.
fn own_keyspace(url: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let servers = address.split_once("://").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default();
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("cql://{servers}/{KEYSPACE}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(variables: &[(&str, &str)]) -> Result<Option<Servers>, TargetError> {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Servers::named(find)
    }

    #[test]
    fn a_cluster_is_named_in_whole_or_not_at_all() {
        let all = [
            ("SOUK_ROUTER_URL", "redis://h:1"),
            ("SOUK_STORE_URL", "cql://u:p@h:2,h:3/souk?replication=3"),
            ("SOUK_EVENTS_URL", "kafka://h:4"),
        ];
        let servers = named(&all).unwrap().unwrap();
        assert_eq!((servers.name(), servers.redis()), ("cluster", Some("redis://h:1")));
        assert_eq!(servers.settings["SOUK_STORE_URL"], "cql://u:p@h:2,h:3/souk_loadtest?replication=3");
        assert_eq!(servers.settings["SOUK_STORE_SECRET"].len(), 64);
        assert!(named(&[]).unwrap().is_none());
        // What a node alone uses is no cluster.
        assert!(named(&[("SOUK_ROUTER_URL", "local"), ("SOUK_STORE_URL", "sqlite:x.db")]).unwrap().is_none());
        let error = named(&all[..2]).unwrap_err().to_string();
        assert!(error.starts_with("SOUK_EVENTS_URL is not set"), "{error}");
    }

    #[test]
    fn the_stacks_lines_are_read() {
        let pair = |key: &str, value: &str| Some((key.to_owned(), value.to_owned()));
        assert_eq!(exported("export A='redis://h:1'"), pair("A", "redis://h:1"));
        assert_eq!(exported(r"export A='it'\''s'"), pair("A", "it's"));
        assert_eq!(exported("A=b"), None);
    }

    #[test]
    fn the_keyspace_is_our_own() {
        assert_eq!(own_keyspace("cql://h:1/souk"), "cql://h:1/souk_loadtest");
        assert_eq!(own_keyspace("cql://h:1"), "cql://h:1/souk_loadtest");
    }
}
