//! Originals and the audit log, until the engines keep them: nothing is kept, so nothing that needs them goes on.

use async_trait::async_trait;
use souk_chat::OrderId;
use souk_chat::ports::{Audit, AuditId, AuditRow, OriginalId, OriginalRow, Originals, StoreError};

use crate::cql::Cql;
use crate::sqlite::Sqlite;

fn pending<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("this engine keeps no originals yet".into()))
}

macro_rules! pending {
    ($engine:ty) => {
        #[async_trait]
        impl Originals for $engine {
            async fn keep(&self, _rows: &[OriginalRow]) -> Result<(), StoreError> {
                pending()
            }

            async fn originals(
                &self,
                _order: &OrderId,
                _after: Option<&OriginalId>,
                _limit: usize,
            ) -> Result<Vec<OriginalRow>, StoreError> {
                pending()
            }
        }

        #[async_trait]
        impl Audit for $engine {
            async fn record(&self, _row: &AuditRow) -> Result<(), StoreError> {
                pending()
            }

            async fn audit(&self, _before: Option<AuditId>, _limit: usize) -> Result<Vec<AuditRow>, StoreError> {
                pending()
            }
        }
    };
}

pending!(Cql);
pending!(Sqlite);
