//! Tasks that live as long as the node.

use std::time::Duration;

use souk_chat::{Tasks, supervised};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The node's own long-lived tasks. Each is begun again if it panics, under its name; one that cannot go on takes the node along.
pub(super) struct Kept {
    pub(super) running: TaskTracker,
    pub(super) stop: CancellationToken,
    tasks: Tasks,
}

impl Kept {
    pub(super) fn new(tasks: Tasks) -> Self {
        Self { running: TaskTracker::new(), stop: CancellationToken::new(), tasks }
    }

    /// Runs what `start` makes until told to stop, wherever it is then.
    pub(super) fn keep<Work: Future<Output = ()> + Send + 'static>(
        &self,
        name: &'static str,
        start: impl FnMut() -> Work + Send + 'static,
    ) {
        let (stop, tasks) = (self.stop.clone(), self.tasks.clone());
        self.running.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = supervised(&tasks, name, tokio::time::sleep, start) => {}
            }
        });
    }

    /// Runs what `start` makes until that ends by itself: it is told to stop in its own way.
    pub(super) fn keep_to_its_end<Work: Future<Output = ()> + Send + 'static>(
        &self,
        name: &'static str,
        start: impl FnMut() -> Work + Send + 'static,
    ) {
        let tasks = self.tasks.clone();
        self.running.spawn(async move { supervised(&tasks, name, tokio::time::sleep, start).await });
    }

    /// Waits until all have ended, for so long.
    pub(super) async fn end(self, within: Duration) {
        self.stop.cancel();
        self.running.close();
        let _ = tokio::time::timeout(within, self.running.wait()).await;
    }
}

/// A task that panics, if the environment wants one: to see the program leave.
#[cfg(feature = "sabotage")]
pub(super) fn sabotaged(kept: &Kept) {
    if std::env::var_os("SABOTAGE_TASK").is_some() {
        kept.keep("sabotaged", || async { panic!("sabotage") });
    }
}
