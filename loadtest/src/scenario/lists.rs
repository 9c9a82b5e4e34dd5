//! Values that are lists: thresholds, and settings of the nodes.

use souk_settings::{Faults, Given, Kind, Place, Value, Wrong};

use super::knobs::Turn;
use super::{Threshold, node_settings};

impl Turn for Vec<Threshold> {
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
            other => return Err(Wrong::new(format!("is {}, and must be a list", other.noun()), HELP).into()),
        };
        let (good, bad): (Vec<_>, Vec<_>) = read.into_iter().partition(Result::is_ok);
        let bad: Vec<_> = bad.into_iter().filter_map(Result::err).collect();
        if bad.is_empty() { Ok(good.into_iter().flatten().collect()) } else { Err(Faults(bad)) }
    }

    fn written(&self) -> String {
        let texts: Vec<String> = self.iter().map(|threshold| threshold.text.write()).collect();
        format!("[{}]", texts.join(", "))
    }
}

impl Turn for Vec<(String, String)> {
    /// An empty text is none at all; else each setting comes as an entry, since it has a place of its own.
    fn read(given: &Given, _: Kind) -> Result<Self, Faults> {
        if matches!(given, Given::Bare(text) if text.is_empty()) {
            return Ok(Self::new());
        }
        let help =
            "name the setting: limits.messages = 0 below [nodes.settings], --set nodes.settings.limits.messages=0";
        Err(Wrong::new(format!("is {}, and must be a table", given.noun()), help).into())
    }

    fn turn(&mut self, given: &Given, kind: Kind) -> Result<(), Faults> {
        let Given::Entry { name, place, value } = given else {
            *self = Self::read(given, kind)?;
            return Ok(());
        };
        let text = value.items().map(|items| items.join(",")).map_err(|_| {
            let help = "write a text, a number, true, false, or a list of texts";
            Wrong::new(format!("nodes.settings.{name} cannot be of this type"), help)
        });
        let checked = text.and_then(|text| node_settings::check(name, &text).map(|()| text));
        let text = checked.map_err(|wrong| Faults(vec![(Some(place.clone()), wrong)]))?;
        match self.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = text,
            None => self.push((name.clone(), text)),
        }
        Ok(())
    }

    fn written(&self) -> String {
        let plain =
            |text: &str| matches!(text, "true" | "false") || text.parse::<u32>().is_ok_and(|n| n.to_string() == text);
        let value = |text: &String| if plain(text) { text.clone() } else { text.write() };
        let settings: Vec<String> = self.iter().map(|(name, text)| format!("{name} = {}", value(text))).collect();
        if settings.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", settings.join(", ")) }
    }
}
