//! Values that are lists: thresholds, and settings of the nodes.

use super::Threshold;
use super::mistake::{Place, Wrong};
use super::value::{Faults, Given, Kind, Value, alone};

impl Value for Vec<Threshold> {
    fn read(given: &Given, _: Kind) -> Result<Self, Faults> {
        const HELP: &str = "write a list: [\"p99_receive < 250ms\", \"lost == 0\"]";
        let one = |place: Option<Place>, text: &str| Threshold::parse(text).map_err(|wrong| (place, wrong));
        let read: Vec<_> = match given {
            Given::Bare(text) => {
                text.split(',').filter(|text| !text.trim().is_empty()).map(|text| one(None, text)).collect()
            }
            Given::List(items) => items
                .iter()
                .map(|(place, item)| match item {
                    Given::Text(text) => one(Some(place.clone()), text),
                    other => Err((Some(place.clone()), Wrong::new(format!("{} is no threshold", other.noun()), HELP))),
                })
                .collect(),
            other => return alone(Err(Wrong::new(format!("is {}, and must be a list", other.noun()), HELP))),
        };
        let (good, bad): (Vec<_>, Vec<_>) = read.into_iter().partition(Result::is_ok);
        if bad.is_empty() {
            Ok(good.into_iter().flatten().collect())
        } else {
            Err(bad.into_iter().filter_map(Result::err).collect())
        }
    }

    fn write(&self) -> String {
        let texts: Vec<String> = self.iter().map(|threshold| threshold.text.write()).collect();
        format!("[{}]", texts.join(", "))
    }
}

impl Value for Vec<(String, String)> {
    /// A table never comes here: the reader of files takes it apart, since each setting has a place of its own. An empty text is
    /// none at all.
    fn read(given: &Given, _: Kind) -> Result<Self, Faults> {
        if matches!(given, Given::Bare(text) if text.is_empty()) {
            return Ok(Self::new());
        }
        let help =
            "name the setting: limits.messages = 0 below [nodes.settings], --set nodes.settings.limits.messages=0";
        alone(Err(Wrong::new(format!("is {}, and must be a table", given.noun()), help)))
    }

    fn write(&self) -> String {
        let plain =
            |text: &str| matches!(text, "true" | "false") || text.parse::<u32>().is_ok_and(|n| n.to_string() == text);
        let value = |text: &String| if plain(text) { text.clone() } else { text.write() };
        let settings: Vec<String> = self.iter().map(|(name, text)| format!("{name} = {}", value(text))).collect();
        if settings.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", settings.join(", ")) }
    }
}
