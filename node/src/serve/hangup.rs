//! What SIGHUP means: read the operator's files again. It never ends a node that nobody watches.

use std::io::IsTerminal;
use std::sync::Arc;

use souk_chat::Tasks;
use tokio::signal::unix::{SignalKind, signal};

use crate::auth::Verifier;
use crate::rules::Lexicon;
use crate::watched::aside;

/// The name of the task that hears it.
pub(super) const HANGUP: &str = "hangup";

/// What a node does at SIGHUP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnHangup {
    /// It reads its files again.
    Reread,
    /// It was started by hand, and the terminal is gone: it leaves, in good order.
    Leave,
    /// It is a service without such files: it says so and goes on. Left alone the signal would kill it.
    GoOn,
}

impl OnHangup {
    /// For a node that `has_files` to read again, or not.
    pub(super) fn of(has_files: bool) -> Self {
        let is_at_terminal =
            std::io::stdin().is_terminal() || std::io::stdout().is_terminal() || std::io::stderr().is_terminal();
        Self::chosen(has_files, is_at_terminal)
    }

    fn chosen(has_files: bool, is_at_terminal: bool) -> Self {
        match (has_files, is_at_terminal) {
            (true, _) => Self::Reread,
            (false, true) => Self::Leave,
            (false, false) => Self::GoOn,
        }
    }
}

/// From now on SIGHUP does not kill the program. It means nothing yet.
pub(super) fn defuse() {
    if let Err(error) = signal(SignalKind::hangup()) {
        tracing::warn!(%error, "SIGHUP cannot be heard on this system");
    }
}

/// Hears SIGHUP for ever, and reads files again where that is what it means. May be dropped at any time.
pub(super) async fn listen(on: OnHangup, verifier: Arc<Verifier>, lexicon: Arc<Lexicon>, tasks: Tasks) {
    let Ok(mut told) = signal(SignalKind::hangup()) else { return };
    while told.recv().await.is_some() {
        match on {
            OnHangup::Reread => reread(Arc::clone(&verifier), Arc::clone(&lexicon), &tasks).await,
            OnHangup::GoOn => tracing::info!("SIGHUP: there are no files to read again; going on"),
            OnHangup::Leave => {}
        }
    }
}

async fn reread(verifier: Arc<Verifier>, lexicon: Arc<Lexicon>, tasks: &Tasks) {
    aside(tasks, HANGUP, move || {
        verifier.reread();
        lexicon.reread();
    })
    .await;
}

/// Returns when the node should leave because its terminal is gone; for ever pending where that is not what SIGHUP means.
pub(super) async fn terminal_gone(on: OnHangup) {
    if let (OnHangup::Leave, Ok(mut told)) = (on, signal(SignalKind::hangup())) {
        told.recv().await;
    } else {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_node_that_somebody_watches_leaves_with_its_terminal() {
        assert_eq!(OnHangup::chosen(false, false), OnHangup::GoOn);
        assert_eq!(OnHangup::chosen(false, true), OnHangup::Leave);
        for at_terminal in [false, true] {
            assert_eq!(OnHangup::chosen(true, at_terminal), OnHangup::Reread);
        }
    }
}
