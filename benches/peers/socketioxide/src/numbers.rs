//! The numbers of an order's messages: 1, 2, 3 …

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use socketioxide_redis::drivers::redis::redis_client::{AsyncCommands, RedisError, aio::MultiplexedConnection};

/// Counters by order.
pub(crate) enum Numbers {
    /// Of this process.
    Alone(Mutex<HashMap<String, u64>>),
    /// Of all nodes on one Redis.
    Shared(MultiplexedConnection),
}

impl Numbers {
    pub(crate) fn alone() -> Self {
        Self::Alone(Mutex::default())
    }

    pub(crate) fn shared(connection: MultiplexedConnection) -> Self {
        Self::Shared(connection)
    }

    /// Takes the next one.
    pub(crate) async fn next(&self, order: &str) -> Result<u64, RedisError> {
        match self {
            Self::Alone(heads) => {
                let mut heads = heads.lock().unwrap_or_else(PoisonError::into_inner);
                let head = match heads.get_mut(order) {
                    Some(head) => head,
                    None => heads.entry(order.to_owned()).or_default(),
                };
                *head += 1;
                Ok(*head)
            }
            Self::Shared(connection) => connection.clone().incr(key(order), 1).await,
        }
    }

    /// The last one that was taken.
    pub(crate) async fn head(&self, order: &str) -> Result<u64, RedisError> {
        match self {
            Self::Alone(heads) => {
                Ok(heads.lock().unwrap_or_else(PoisonError::into_inner).get(order).copied().unwrap_or_default())
            }
            Self::Shared(connection) => {
                let head: Option<u64> = connection.clone().get(key(order)).await?;
                Ok(head.unwrap_or_default())
            }
        }
    }
}

fn key(order: &str) -> String {
    format!("peer:socketioxide:head:{order}")
}
