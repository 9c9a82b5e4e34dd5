//! The orders of a client: which are wanted, how far each is known, and whether it is live.

use std::collections::BTreeMap;
use std::sync::Arc;

use souk_chat::{Cursor, Epoch, OrderId, Seq};
use souk_protocol::dto::Chat;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::view::View;
use crate::error::JoinError;
use crate::limits::{JOIN_WAITERS, ORDERS};

/// Where an order stands on this connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Not asked for yet.
    #[default]
    Away,
    /// Asked for, by the request of this number.
    Asked(u64),
    /// Caught up: pushes follow without a hole.
    Live,
}

/// An order that was joined.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinedOrder {
    /// The chat as it is now.
    pub chat: Arc<Chat>,
    /// The cursor: everything up to this entry is in the view.
    pub up_to: Seq,
}

pub(crate) type JoinOutcome = Result<JoinedOrder, JoinError>;

#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) deadline: Instant,
    pub(crate) to: oneshot::Sender<JoinOutcome>,
}

/// One order.
#[derive(Debug, Default)]
pub(crate) struct OrderState {
    /// Everything up to here was seen. Moved by join answers and, once live, by pushes; never by acknowledgements.
    pub(crate) cursor: Option<Seq>,
    /// The store's epoch, as the last answer about the order told it; `None`: the server knows of none.
    pub(crate) epoch: Option<Epoch>,
    pub(crate) wanted: bool,
    pub(crate) phase: Phase,
    /// Not asked for again before this moment.
    pub(crate) retry_at: Option<Instant>,
    pub(crate) view: View,
    pub(crate) waiters: Vec<Waiter>,
    /// `head` and `read` of the newest `unread_update`.
    pub(crate) unread: (Seq, Seq),
}

impl OrderState {
    /// What a join or a `sync` asks from.
    pub(crate) fn known(&self) -> Option<Cursor> {
        self.cursor.map(|since| Cursor { since, epoch: self.epoch.clone() })
    }

    /// The history that this was learned from is gone.
    pub(crate) fn reset(&mut self) {
        self.cursor = None;
        self.view = View::default();
        self.unread = Default::default();
    }

    /// An entry was pushed. Before the join's answer it says nothing about what lies below it.
    pub(crate) fn pushed(&mut self, entry: Seq) {
        if self.phase == Phase::Live {
            self.cursor = self.cursor.max(Some(entry));
        }
    }

    pub(crate) fn wait(&mut self, waiter: Waiter) {
        if self.waiters.len() >= JOIN_WAITERS {
            // The caller may have given up.
            let _ = waiter.to.send(Err(JoinError::Full));
        } else {
            self.waiters.push(waiter);
        }
    }

    pub(crate) fn tell(&mut self, outcome: &JoinOutcome) {
        for waiter in std::mem::take(&mut self.waiters) {
            // The caller may have given up.
            let _ = waiter.to.send(outcome.clone());
        }
    }
}

/// All orders, a bounded number. Boxed: a tree keeps room for eleven values at once, and most clients have one or two.
#[derive(Debug, Default)]
pub(crate) struct Orders(BTreeMap<OrderId, Box<OrderState>>);

impl Orders {
    /// Starts with cursors that were kept. More than [`ORDERS`] are not taken.
    pub(crate) fn with_cursors(cursors: BTreeMap<OrderId, Cursor>) -> Self {
        let state =
            |Cursor { since, epoch }| Box::new(OrderState { cursor: Some(since), epoch, ..OrderState::default() });
        Self(cursors.into_iter().take(ORDERS).map(|(order, cursor)| (order, state(cursor))).collect())
    }

    pub(crate) fn get(&self, order: &OrderId) -> Option<&OrderState> {
        self.0.get(order).map(|state| &**state)
    }

    pub(crate) fn get_mut(&mut self, order: &OrderId) -> Option<&mut OrderState> {
        self.0.get_mut(order).map(|state| &mut **state)
    }

    /// The order, new if need be; `None`: there are too many.
    pub(crate) fn room_for(&mut self, order: &OrderId) -> Option<&mut OrderState> {
        if self.0.len() >= ORDERS && !self.0.contains_key(order) {
            return None;
        }
        Some(self.0.entry(order.clone()).or_default())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&OrderId, &OrderState)> {
        self.0.iter().map(|(order, state)| (order, &**state))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&OrderId, &mut OrderState)> {
        self.0.iter_mut().map(|(order, state)| (order, &mut **state))
    }

    /// The cursors to keep.
    pub(crate) fn cursors(&self) -> BTreeMap<OrderId, Cursor> {
        self.0.iter().filter_map(|(order, state)| Some((order.clone(), state.known()?))).collect()
    }
}
