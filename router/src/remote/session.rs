use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::{MultiplexedConnection, SendError};
use redis::{PushInfo, PushKind, RedisError, cmd};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::address::Servers;
use super::dial::DialError;

/// A connection is asked for a sign of life this often.
const PING_EVERY: Duration = Duration::from_secs(1);
/// A sign of life comes within this time, or the connection is given up.
const PING_DEADLINE: Duration = Duration::from_millis(1_500);

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    #[error("the server closed the connection")]
    Closed,
    #[error("the server gave no sign of life")]
    Silent,
    #[error("the server refused: {0}")]
    Refused(RedisError),
    #[error("another server is in charge now")]
    Moved,
}

/// One connection and its end.
pub(super) struct Session {
    pub(super) connection: MultiplexedConnection,
    pub(super) address: String,
    closed: Arc<Notify>,
    heard: Arc<AtomicU64>,
}

impl Session {
    /// Connects; what the server pushes goes to `sink`, called one after another on the connection's task.
    pub(super) async fn dial(
        servers: &Servers,
        sink: impl Fn(PushInfo) + Send + Sync + 'static,
    ) -> Result<Self, DialError> {
        let closed = Arc::new(Notify::new());
        let heard = Arc::new(AtomicU64::new(0));
        let (on_close, on_push) = (closed.clone(), heard.clone());
        let pushes = move |push: PushInfo| -> Result<(), SendError> {
            if push.kind == PushKind::Disconnection {
                on_close.notify_one();
            } else {
                on_push.fetch_add(1, Ordering::Relaxed);
                sink(push);
            }
            Ok(())
        };
        let (connection, address) = servers.dial(pushes).await?;
        Ok(Self { connection, address, closed, heard })
    }

    /// Resolves when the connection has ended or is as good as that: a server that hangs closes nothing.
    pub(super) async fn ended(&self) -> Ended {
        tokio::select! {
            () = self.closed.notified() => Ended::Closed,
            ended = self.fell_silent() => ended,
        }
    }

    async fn fell_silent(&self) -> Ended {
        let ping = cmd("PING");
        let mut connection = self.connection.clone();
        loop {
            sleep(PING_EVERY).await;
            let heard = self.heard.load(Ordering::Relaxed);
            match timeout(PING_DEADLINE, connection.send_packed_command(&ping)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Ended::Refused(error),
                // An answer behind a flood of messages is late, and the messages are the sign of life.
                Err(_) if self.heard.load(Ordering::Relaxed) != heard => {}
                Err(_) => return Ended::Silent,
            }
        }
    }
}
