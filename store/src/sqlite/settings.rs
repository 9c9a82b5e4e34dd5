//! Settings kept for the whole file.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension as _;

use super::fault::Fault;
use super::read::Read;
use super::write::Write;

impl Write<'_> {
    /// [`KeptSettings::keep_setting`](souk_chat::ports::KeptSettings::keep_setting).
    pub(crate) fn keep_setting(&mut self, name: &str, value: &str) -> Result<String, Fault> {
        self.keep_setting.execute([name, value])?;
        Ok(self.setting.query_row([name], |row| row.get(0))?)
    }

    /// [`KeptSettings::replace_setting`](souk_chat::ports::KeptSettings::replace_setting).
    pub(crate) fn replace_setting(&mut self, name: &str, from: &str, to: &str) -> Result<Option<String>, Fault> {
        self.replace_setting.execute([name, from, to])?;
        Ok(self.setting.query_row([name], |row| row.get(0)).optional()?)
    }
}

impl Read<'_> {
    /// [`KeptSettings::settings`](souk_chat::ports::KeptSettings::settings).
    pub(crate) fn settings(&mut self) -> Result<BTreeMap<String, String>, Fault> {
        let rows = self.settings.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
