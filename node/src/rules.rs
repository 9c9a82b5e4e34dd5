//! The rules in force: made of the settings and of the operator's file, which is read again when it changes.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use souk_chat::ports::{Decision, Moderations};
use souk_chat::rules::Judge;
use souk_chat::{RulesCell, Tasks};
use souk_moderation::{
    Additions, AdditionsError, AdditionsMistake, Category, Context, Policy, Rules, Settings, Verdict,
};

use crate::config::Moderation;
use crate::metrics::Metrics;
use crate::watched::{WATCH_EVERY, Watched, aside};

/// What a text of the operator's words and rules says.
pub(crate) fn additions(text: &[u8]) -> Result<Additions, AdditionsError> {
    let text = std::str::from_utf8(text).map_err(|error| {
        let line = 1 + text[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        let mistake = AdditionsMistake { line, what: "is not UTF-8".into(), help: "correct its bytes".into() };
        AdditionsError(vec![mistake])
    })?;
    Additions::parse(text)
}

/// Rules that note how long they take.
struct Timed {
    rules: Rules,
    metrics: Arc<Metrics>,
}

impl fmt::Debug for Timed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rules.fmt(f)
    }
}

impl Judge for Timed {
    fn moderate<'t>(&self, text: &'t str, context: &Context<'_>) -> Verdict<'t> {
        let start = Instant::now();
        let verdict = self.rules.moderate(text, context);
        self.metrics.moderation_seconds.since(start);
        verdict
    }

    fn repeated<'t>(&self, text: &'t str, context: &Context<'_>) -> Verdict<'t> {
        self.rules.repeated(text, context)
    }

    fn policy(&self, category: Category) -> Policy {
        self.rules.policy(category)
    }

    fn is_shadow(&self) -> bool {
        self.rules.is_shadow()
    }

    fn version(&self) -> &str {
        self.rules.version()
    }
}

/// Counts decisions.
pub(crate) struct Counted(pub(crate) Arc<Metrics>);

impl Moderations for Counted {
    fn decided(&self, decision: &Decision) {
        self.0.moderation_decisions.count(decision);
    }
}

/// The rules of a node, and the file that they follow.
pub(crate) struct Lexicon {
    settings: Settings,
    file: Option<Watched>,
    in_force: Arc<RulesCell>,
    metrics: Arc<Metrics>,
}

impl Lexicon {
    /// The rules as the configuration has them; its file was read with it. Errors: they cannot be used.
    pub(crate) fn new(moderation: &Moderation, metrics: &Arc<Metrics>) -> Result<Self, souk_moderation::SettingsError> {
        let rules = Rules::new(moderation.rules.clone())?;
        let in_force = Arc::new(RulesCell::new(Timed { rules, metrics: Arc::clone(metrics) }));
        metrics.attach_rules(Arc::clone(&in_force));
        Ok(Self {
            settings: moderation.rules.clone(),
            file: moderation.lexicon.as_deref().map(Watched::new),
            in_force,
            metrics: Arc::clone(metrics),
        })
    }

    /// Whether there is a file.
    pub(crate) fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// The rules in force.
    pub(crate) fn rules(&self) -> &Arc<RulesCell> {
        &self.in_force
    }

    /// Looks at the file every [`WATCH_EVERY`], for ever. Returns at once without one. A panic over it is counted as one of the task
    /// `name`. May be dropped at any time.
    pub(crate) async fn watch(self: Arc<Self>, tasks: Tasks, name: &'static str) {
        while self.has_file() {
            tokio::time::sleep(WATCH_EVERY).await;
            let this = Arc::clone(&self);
            aside(&tasks, name, move || this.look()).await;
        }
    }

    /// Reads the file again, changed or not. Blocks while it reads.
    pub(crate) fn reread(&self) {
        if let Some(file) = &self.file {
            file.forget();
        }
        self.look();
    }

    /// Reads the file if it changed. One that cannot be used leaves in force what was, and is told of once.
    fn look(&self) {
        let Some(file) = &self.file else { return };
        let Some(read) = file.changed() else { return };
        let path = file.path().display();
        match read.and_then(|text| self.made_of(&text)) {
            Ok(rules) => {
                self.metrics.moderation_lexicon_refused.set(0);
                if rules.version() == self.in_force.load().version() {
                    return;
                }
                self.metrics.moderation_reloads.inc();
                tracing::info!(version = rules.version(), %path, "words and rules read again");
                self.in_force.store(Timed { rules, metrics: Arc::clone(&self.metrics) });
            }
            Err(why) => {
                self.metrics.moderation_lexicon_refused.set(1);
                self.metrics.moderation_reloads_failed.inc();
                tracing::warn!(why, %path, "the words and rules cannot be used; those before stay in force");
            }
        }
    }

    fn made_of(&self, text: &[u8]) -> Result<Rules, String> {
        let additions = additions(text).map_err(|error| {
            let mistakes: Vec<String> = error.0.iter().map(ToString::to_string).collect();
            mistakes.join(" | ")
        })?;
        Rules::new(Settings { additions, ..self.settings.clone() }).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_file_that_changed_is_put_in_force_and_a_bad_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words.toml");
        std::fs::write(&path, "[profanity]\nadd = [\"frobnicate\"]\n").unwrap();
        let config = Config::from_toml(&format!("moderation.lexicon = {path:?}")).unwrap();
        let metrics = Arc::new(Metrics::default());
        let lexicon = Lexicon::new(&config.moderation, &metrics).unwrap();
        let version = || lexicon.rules().load().version().to_owned();
        let counts = || {
            let Metrics { moderation_reloads, moderation_reloads_failed, moderation_lexicon_refused, .. } = &*metrics;
            (moderation_reloads.get(), moderation_reloads_failed.get(), moderation_lexicon_refused.get())
        };
        let first = version();
        lexicon.look();
        assert_eq!((version(), counts()), (first.clone(), (0, 0, 0)), "it was read with the configuration");

        std::fs::write(&path, "[profanity]\nadd = [\"frobnicate\", \"blarg\"]\n").unwrap();
        lexicon.look();
        let second = version();
        assert!(second != first && counts() == (1, 0, 0), "{second}");

        for (number, bad) in (1..).zip(["[profanity]\nadd = 7\n", "[profanit]\n", "\u{feff}{"]) {
            std::fs::write(&path, bad).unwrap();
            lexicon.look();
            lexicon.look();
            assert_eq!((version(), counts()), (second.clone(), (1, number, 1)), "{bad}: told once");
        }
        std::fs::remove_file(&path).unwrap();
        lexicon.look();
        assert_eq!((version(), counts()), (second, (1, 4, 1)));

        std::fs::write(&path, "[profanity]\nadd = [\"frobnicate\"]\n").unwrap();
        lexicon.reread();
        assert_eq!((version(), counts()), (first, (2, 4, 0)));
    }

    #[test]
    fn a_file_that_is_no_text_is_told_with_its_line() {
        let error = additions(b"# fine\n\xff").unwrap_err();
        assert_eq!(error.0[0].line, 2);
    }
}
