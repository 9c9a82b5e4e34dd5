//! What `souk-loadtest compare` compares: a TOML file with a scenario and the contestants.

mod fields;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;
use std::path::Path;

use souk_settings::{Mistakes, Place, Wrong, files};
use toml::de::{DeTable, DeValue};

use self::fields::{Fields, Notes};
use super::{Carriers, PeerSpec};
use crate::scenario::Engines;

/// What has the mistakes.
const SUBJECT: &str = "comparison";
/// Rounds that a comparison may have.
const ROUNDS: RangeInclusive<usize> = 1..=100;
const ROUNDS_DEFAULT: usize = 3;
/// Servers that a contestant may have.
const NODES: RangeInclusive<usize> = 1..=16;
const CARRIERS: [(&str, Carriers); 2] = [("socketio", Carriers::SOCKETIO), ("plain", Carriers::PLAIN)];
const ENGINES: [(&str, Engines); 2] = [("alone", Engines::Alone), ("cluster", Engines::Cluster)];

/// A comparison, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct CompareFile {
    /// The scenario, by its name or file.
    pub scenario: String,
    /// How often each contestant has its turn; they take turns.
    pub rounds: usize,
    /// Knobs of the scenario, as `--set` has them, in the order of the file. Nobody looked at them yet.
    pub set: Vec<(String, String)>,
    /// At least one; names are different.
    pub contestants: Vec<Contestant>,
}

/// Who is compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Contestant {
    /// Nodes of souk.
    Souk {
        /// Its name in tables.
        name: String,
        /// On what they run.
        engines: Engines,
        /// How many, where the file says so.
        nodes: Option<usize>,
        /// How they are spoken to: both, unless the file chooses.
        carriers: Carriers,
    },
    /// A server of somebody else.
    Peer(PeerSpec),
}

impl Contestant {
    /// Its name in tables.
    pub fn name(&self) -> &str {
        match self {
            Self::Souk { name, .. } => name,
            Self::Peer(spec) => &spec.name,
        }
    }
}

impl CompareFile {
    /// Reads a file. Programs that it names with a slash are relative to its folder.
    pub fn read(path: &Path) -> Result<Self, Mistakes> {
        let text = files::read_text(path).map_err(|error| {
            let wrong = Wrong::new(format!("cannot be read ({error})"), "name a file such as benches/peers/alone.toml");
            Mistakes { subject: SUBJECT, list: vec![wrong.at(Place::file(path))] }
        })?;
        Self::parse(path, &text)
    }

    /// Understands the text of the file at `path`, or says every mistake.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Mistakes> {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = absolute.parent().unwrap_or(path);
        let notes = Notes::new(path, text);
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let span = error.span().unwrap_or_default();
            notes.wrong(span, format!("this is not TOML ({})", error.message()), "correct the line");
        }
        let fields = Fields::new(&notes, "", table.span(), table.get_ref());
        fields.known(&["scenario", "rounds", "set", "contestant"]);
        let scenario = fields.needed("scenario", "write scenario = \"steady\"", |key| fields.text(key));
        let rounds = fields.number("rounds", ROUNDS).unwrap_or(ROUNDS_DEFAULT);
        let set = fields.knobs("set");
        let contestants = contestants(&fields, folder);
        match (notes.end(), scenario) {
            (list, Some(scenario)) if list.is_empty() => Ok(Self { scenario, rounds, set, contestants }),
            (list, _) => Err(Mistakes { subject: SUBJECT, list }),
        }
    }
}

fn contestants(fields: &Fields<'_>, folder: &Path) -> Vec<Contestant> {
    const HOW: &str = "write [[contestant]], then name = \"…\" and souk = \"alone\" or start = [\"program\", …]";
    let Some(value) = fields.get("contestant") else {
        fields.wrong_here("contestant is missing", HOW);
        return Vec::new();
    };
    let DeValue::Array(array) = value.get_ref() else {
        fields.wrong_at(value.span(), "contestant is no list of tables", HOW);
        return Vec::new();
    };
    let mut found: Vec<Contestant> = Vec::new();
    for value in array.iter() {
        let DeValue::Table(table) = value.get_ref() else {
            fields.wrong_at(value.span(), "this contestant is no table", HOW);
            continue;
        };
        let fields = Fields::new(fields.notes(), "contestant.", value.span(), table);
        let Some(contestant) = contestant(&fields, folder) else { continue };
        if found.iter().any(|other| other.name() == contestant.name()) {
            let what = format!("two contestants are called {:?}", contestant.name());
            fields.wrong("name", what, "give them different names");
        }
        found.push(contestant);
    }
    if array.is_empty() {
        fields.wrong("contestant", "there is no contestant", HOW);
    }
    found
}

/// `None`: something is missing, and was noted.
fn contestant(fields: &Fields<'_>, folder: &Path) -> Option<Contestant> {
    fields.known(&["name", "souk", "prepare", "start", "nodes", "carrier", "history"]);
    let name = fields.needed("name", "write name = \"…\", which stands in the table", |key| fields.text(key));
    let nodes = fields.number("nodes", NODES);
    let carriers = fields.choice("carrier", &CARRIERS);
    match (fields.get("souk").is_some(), fields.get("start").is_some()) {
        (true, false) => {
            for key in ["prepare", "history"].into_iter().filter(|key| fields.get(key).is_some()) {
                fields.wrong(key, format!("{key} is for servers that are not souk"), "take it out");
            }
            let engines = fields.choice("souk", &ENGINES)?;
            if engines == Engines::Alone && nodes.is_some_and(|nodes| nodes > 1) {
                fields.wrong(
                    "nodes",
                    "a souk that stands alone is one node",
                    "take nodes out, or write souk = \"cluster\"",
                );
            }
            Some(Contestant::Souk { name: name?, engines, nodes, carriers: carriers.unwrap_or(Carriers::BOTH) })
        }
        (false, true) => {
            let prepare = fields.words("prepare").unwrap_or_default();
            let start = fields.words("start")?;
            let nodes = nodes.unwrap_or(1);
            if !start.iter().any(|word| word.contains("{listen}")) {
                fields.wrong(
                    "start",
                    "start lacks {listen}, which becomes the address to listen on",
                    "write it as in \"--listen\", \"{listen}\"",
                );
            }
            if nodes > 1 && !start.iter().any(|word| word.contains("{redis}")) {
                fields.wrong(
                    "nodes",
                    "several servers find each other by a Redis, and start lacks {redis}, which becomes its address",
                    "write it as in \"--redis\", \"{redis}\"",
                );
            }
            let history = fields.switch("history").unwrap_or(false);
            let carriers = match fields.get("carrier") {
                Some(_) => carriers,
                None => fields.needed("carrier", "write carrier = \"socketio\" or \"plain\"", |_| None),
            };
            let (folder, name, carriers) = (folder.to_owned(), name?, carriers?);
            Some(Contestant::Peer(PeerSpec { name, folder, prepare, start, nodes, carriers, history }))
        }
        (true, true) => {
            fields.wrong("souk", "a contestant has either souk or start", "take one of them out");
            None
        }
        (false, false) => {
            fields.wrong_here(
                "it is not said what this contestant is",
                "write souk = \"alone\" or \"cluster\", or start = [\"program\", …] for a server that is not souk",
            );
            None
        }
    }
}
