//! An order, seen as a chat of two.

use std::sync::Arc;

use crate::id::{OrderId, UserId};
use crate::time::Timestamp;

/// What a chat belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChatKind {
    /// A client and a contractor inside an order.
    Order,
    /// Two people, without an order. `client` is the smaller id, `contractor` the larger.
    Direct,
}

/// Whether people may write. Part of the log's head, so that closing and sending cannot cross.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum ChatState {
    /// Both parties write.
    #[default]
    Open,
    /// Read-only.
    Closed,
}

/// The marketplace's view of the order. A new name also goes into `protocol/src/rest.rs` and docs/protocol.md, "REST"; older nodes cannot
/// read an order that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum OrderStatus {
    /// Placed.
    #[default]
    Created,
    /// Taken by the contractor.
    Accepted,
    /// Paid for.
    Paid,
    /// Done.
    Completed,
    /// Argued about.
    Disputed,
}

impl OrderStatus {
    const ALL: [Self; 5] = [Self::Created, Self::Accepted, Self::Paid, Self::Completed, Self::Disputed];

    /// The status as it is named on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Accepted => "accepted",
            Self::Paid => "paid",
            Self::Completed => "completed",
            Self::Disputed => "disputed",
        }
    }

    /// The status of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// One of the two sides of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The first party.
    Client,
    /// The second party.
    Contractor,
}

impl Side {
    /// The opposite side.
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Contractor,
            Self::Contractor => Self::Client,
        }
    }
}

/// An order: its parties are fixed at creation, the rest may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The order's id.
    pub id: OrderId,
    /// What the chat belongs to.
    pub kind: ChatKind,
    /// Who ordered.
    pub client: UserId,
    /// Who delivers.
    pub contractor: UserId,
    /// What the marketplace calls it.
    pub title: Option<Arc<str>>,
    /// The marketplace's view of it.
    pub status: OrderStatus,
    /// When souk first heard of it.
    pub created_at: Timestamp,
}

impl Order {
    /// The side this person is on; `None`: a stranger.
    pub fn side_of(&self, user: &UserId) -> Option<Side> {
        if *user == self.client {
            Some(Side::Client)
        } else if *user == self.contractor {
            Some(Side::Contractor)
        } else {
            None
        }
    }

    /// The person on this side.
    pub fn party(&self, side: Side) -> &UserId {
        match side {
            Side::Client => &self.client,
            Side::Contractor => &self.contractor,
        }
    }

    /// Both parties, client first.
    pub fn parties(&self) -> [&UserId; 2] {
        [&self.client, &self.contractor]
    }
}

/// What the marketplace says of an order: creates it, or changes what may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// The order's id.
    pub id: OrderId,
    /// Who ordered.
    pub client: UserId,
    /// Who delivers.
    pub contractor: UserId,
    /// Title; `None`: stays as it is.
    pub title: Option<Arc<str>>,
    /// Status; `None`: stays as it is, or `created`.
    pub status: Option<OrderStatus>,
}
