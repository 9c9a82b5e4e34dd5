//! The one task of a client: connects, carries between connection and engine, waits, and comes back.

use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use souk_protocol::{Reconnect, Request};
use tokio::time::Instant;

use super::alarm::Alarm;
use super::{Shared, silence};
use crate::backoff::Backoff;
use crate::close::CloseReason;
use crate::connection::{Answer, ConnectOptions, Connection, Incoming, Item};
use crate::engine::Wire;
use crate::error::{ConnectError, RequestError};
use crate::event::{Disconnect, Event, StopReason};
use crate::limits::STABLE_TIME;
use crate::token::{AccessToken, TokenError, TokenNeed, Tokens};

impl Wire for Connection {
    fn ask(&mut self, request: &Request<'_>) -> Result<u64, RequestError> {
        self.send(request)
    }

    fn tell(&mut self, request: &Request<'_>) -> Result<(), RequestError> {
        Connection::tell(self, request)
    }
}

/// How one try to have a connection ended.
enum End {
    /// The user wants no more.
    Closed,
    /// Something else, after the connection lived this long.
    Broke(Disconnect, Duration),
}

/// The user wants no more.
struct Closing;

type Renewal = Pin<Box<dyn Future<Output = Result<AccessToken, TokenError>> + Send>>;

pub(super) struct Driver {
    shared: Arc<Shared>,
    options: Arc<ConnectOptions>,
    tokens: Tokens,
    backoff: Backoff,
    /// The one last used.
    token: Option<AccessToken>,
    /// Why the one last used is no good.
    rejected: Option<Disconnect>,
    alarm: Alarm,
}

/// However the task ends, also with its runtime: nobody waits for it any more.
impl Drop for Driver {
    fn drop(&mut self) {
        if !self.shared.engine().is_stopped() {
            self.shared.stop(StopReason::Closed);
        }
    }
}

impl Driver {
    pub(super) fn new(shared: Arc<Shared>, options: Arc<ConnectOptions>, tokens: Tokens, backoff: Backoff) -> Self {
        Self { shared, options, tokens, backoff, token: None, rejected: None, alarm: Alarm::new() }
    }

    pub(super) async fn run(mut self) {
        let why = self.live().await;
        self.shared.stop(why);
    }

    async fn live(&mut self) -> StopReason {
        loop {
            let (why, lived) = match self.one_connection().await {
                End::Closed => return StopReason::Closed,
                End::Broke(why, lived) => (why, lived),
            };
            if lived >= STABLE_TIME {
                self.backoff.forget();
            }
            let wait = self.plan(&why);
            tracing::debug!(%why, ?wait, "no connection");
            let event = Event::Disconnected { reason: Arc::new(why.clone()), retry_in: wait };
            {
                let mut engine = self.shared.engine();
                engine.disconnected(&end_of(&why));
                engine.tell(event);
            }
            let Some(wait) = wait else { return StopReason::Refused(why) };
            if wait > Duration::ZERO && self.patiently(tokio::time::sleep(wait)).await.is_err() {
                return StopReason::Closed;
            }
        }
    }

    /// How long to stay away; `None`: for good.
    fn plan(&mut self, why: &Disconnect) -> Option<Duration> {
        if let Some(wait) = self.backoff.after(why) {
            return Some(wait);
        }
        let token_is_bad = match why {
            Disconnect::Connect(error) => error.is_about_the_token(),
            Disconnect::Closed(reason) => reason.is_about_the_token(),
            Disconnect::Token(_) => false,
        };
        // Not with the same token: with another one, if there is one.
        if !token_is_bad || !self.tokens.renews() {
            return None;
        }
        self.rejected = Some(why.clone());
        Some(self.backoff.wait(Reconnect::AfterWait, None))
    }

    async fn one_connection(&mut self) -> End {
        let never = Duration::ZERO;
        let tokens = self.tokens.clone();
        let need = if self.rejected.is_some() { TokenNeed::Rejected } else { TokenNeed::Connect };
        let token = match self.patiently(tokens.get(need)).await {
            Err(Closing) => return End::Closed,
            Ok(Err(error)) => return End::Broke(Disconnect::Token(error), never),
            Ok(Ok(token)) => token,
        };
        if self.rejected.is_some() && self.token.as_ref() == Some(&token) {
            let error = TokenError("the provider gave the same token again".into());
            return End::Broke(Disconnect::Token(error), never);
        }
        self.token = Some(token.clone());
        let options = self.options.clone();
        // On the heap and only for as long as it takes: connecting needs far more room than being connected.
        let connecting = Box::pin(async move { Connection::connect(&options, Some(&token)).await });
        match self.patiently(connecting).await {
            Err(Closing) => End::Closed,
            Ok(Err(error)) => End::Broke(Disconnect::Connect(error), never),
            Ok(Ok(connection)) => {
                self.rejected = None;
                self.shared.engine().connected();
                let since = Instant::now();
                // On the heap, so that moving it about leaves no room for copies in the task.
                match self.carry(Box::new(connection)).await {
                    Ok(Closing) => End::Closed,
                    Err(reason) => End::Broke(Disconnect::Closed(reason), since.elapsed()),
                }
            }
        }
    }

    /// Carries between the connection and the engine until either side ends it.
    async fn carry(&mut self, mut connection: Box<Connection>) -> Result<Closing, CloseReason> {
        let mut renewal: Option<Renewal> = None;
        loop {
            if self.shared.is_closing() {
                Box::pin(connection.close()).await;
                return Ok(Closing);
            }
            let alarm = self.tend(&mut connection)?;
            tokio::select! {
                incoming = connection.next() => self.incoming(&mut connection, incoming?, &mut renewal).await,
                () = self.shared.wake.notified() => {}
                () = self.alarm.ring(Some(alarm)) => {}
                token = renewed(&mut renewal) => {
                    renewal = None;
                    self.renewed(token);
                }
            }
        }
    }

    /// Ends what took too long, writes what is due, and tells when to look again.
    fn tend(&self, connection: &mut Connection) -> Result<Instant, CloseReason> {
        let now = Instant::now();
        let silent_at = connection.last_heard() + connection.silence();
        if silent_at <= now {
            return Err(CloseReason::Silent);
        }
        let mut engine = self.shared.engine();
        engine.expire(now);
        if engine.is_stuck() {
            return Err(CloseReason::Unanswered);
        }
        engine.pump(connection, now);
        Ok(engine.alarm(now).map_or(silent_at, |alarm| alarm.min(silent_at)))
    }

    async fn incoming(&mut self, connection: &mut Connection, incoming: Incoming, renewal: &mut Option<Renewal>) {
        if let Item::Answer { result: Ok(Answer::Hello(hello)), .. } = &incoming.item {
            connection.set_silence(silence(hello));
            self.backoff.follow(hello.reconnect);
        }
        let token_ends = {
            let mut engine = self.shared.engine();
            engine.incoming(incoming.item, Instant::now());
            engine.take_token_ends()
        };
        if token_ends && renewal.is_none() && self.tokens.renews() {
            let tokens = self.tokens.clone();
            *renewal = Some(Box::pin(async move { tokens.get(TokenNeed::Expiring).await }));
        }
        // A server that never stops talking must not keep other tasks from their turn.
        tokio::task::coop::consume_budget().await;
    }

    fn renewed(&mut self, token: Result<AccessToken, TokenError>) {
        let mut engine = self.shared.engine();
        match token {
            Ok(token) => {
                engine.refresh(&token, Instant::now());
                self.token = Some(token);
            }
            Err(error) => engine.tell(Event::TokenNotRenewed(error.to_string().into())),
        }
    }

    /// Waits for something while there is no connection, and ends meanwhile what took too long.
    async fn patiently<F: Future>(&mut self, future: F) -> Result<F::Output, Closing> {
        let mut future = pin!(future);
        loop {
            if self.shared.is_closing() {
                return Err(Closing);
            }
            let alarm = {
                let now = Instant::now();
                let mut engine = self.shared.engine();
                engine.expire(now);
                engine.alarm(now)
            };
            tokio::select! {
                output = &mut future => return Ok(output),
                () = self.shared.wake.notified() => {}
                () = self.alarm.ring(alarm) => {}
            }
        }
    }
}

async fn renewed(renewal: &mut Option<Renewal>) -> Result<AccessToken, TokenError> {
    match renewal {
        Some(renewal) => renewal.await,
        None => pending().await,
    }
}

/// What requests that were on their way are told.
fn end_of(why: &Disconnect) -> CloseReason {
    match why {
        Disconnect::Closed(reason) | Disconnect::Connect(ConnectError::Closed(reason)) => reason.clone(),
        Disconnect::Connect(_) | Disconnect::Token(_) => CloseReason::Lost(std::io::ErrorKind::NotConnected),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::backoff::{Dice, POLICY};
    use crate::engine::{Engine, Figures};
    use crate::event::EventQueue;

    /// A load generator runs tens of thousands of these.
    #[test]
    fn a_clients_task_is_small() {
        let events = Arc::new(EventQueue::new(2));
        let figures = Figures { outbox: 1, window: 1, view: 1, answer_time: STABLE_TIME };
        let engine = Engine::new(figures, events.clone(), BTreeMap::new(), Dice::new(1));
        let shared = Arc::new(Shared::new(engine, events));
        let carrier = crate::Carrier::Plain { batch: false };
        let options = ConnectOptions::new("ws://127.0.0.1".parse().unwrap(), carrier);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _inside = runtime.enter();
        let driver = Driver::new(shared, Arc::new(options), Tokens::fixed("t"), Backoff::new(POLICY, 1));
        let size = size_of_val(&driver.run());
        assert!(size <= 2_048, "{size} bytes");
    }
}
