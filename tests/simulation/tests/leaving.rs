//! A node that leaves waits for what it publishes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod place;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use place::Place;
use souk_chat::ports::{Channel, Envelope, Feed, Inbox, Router, RouterError, Runtime, Store};
use souk_node::delivery::Delivery;
use souk_node::hub::Hub;
use souk_simulation::people::{People, PeopleOf};
use souk_simulation::runtime::NodeRuntime;
use souk_simulation::store::Engine;
use tokio::sync::oneshot;

/// A router that answers a publish when it is told to.
#[derive(Default)]
struct Slow(Mutex<Vec<oneshot::Sender<()>>>);

#[async_trait]
impl Router for Slow {
    fn attach(&self, _inbox: Arc<dyn Inbox>) {}
    fn subscribe(&self, _room: &Channel) {}
    fn unsubscribe(&self, _room: &Channel) {}
    async fn confirmed(&self, _room: &Channel) -> Result<(), RouterError> {
        Ok(())
    }
    fn publish(&self, _rooms: &[Channel], _envelope: Envelope) -> BoxFuture<'static, Result<(), RouterError>> {
        let (answer, answered) = oneshot::channel();
        self.0.lock().push(answer);
        Box::pin(async move { answered.await.map_err(|error| RouterError(error.to_string())) })
    }
    fn is_connected(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn publishes_on_their_way_are_waited_for() {
    let place = Place::words();
    place.say("ann", "a", "hello").await.unwrap();
    let committed = place.heard.committed.lock()[0].clone();
    let runtime = Arc::new(NodeRuntime::new(Arc::clone(&place.world), 0));
    let people = People::new(Arc::clone(&place.world), Arc::clone(&place.shelf));
    let people = Arc::new(PeopleOf::new(people, 0, Arc::clone(&runtime)));
    let router = Arc::new(Slow::default());
    let shared: Arc<dyn Router> = Arc::<Slow>::clone(&router);
    let hub = Arc::new(Hub::new(Arc::clone(&shared), people, 0));
    let store: Arc<dyn Store> = Arc::new(Engine::new(Arc::clone(&place.shelf), 0));
    let delivery = Delivery::new(hub, shared, store, runtime as Arc<dyn Runtime>, Box::new(|_| {}));
    assert!(delivery.flush(Duration::ZERO).await, "nothing is on its way");
    delivery.committed(&committed);
    assert!(!delivery.flush(Duration::from_secs(1)).await, "the router has not answered");
    for answer in router.0.lock().drain(..) {
        answer.send(()).unwrap();
    }
    assert!(delivery.flush(Duration::from_secs(1)).await);
}
