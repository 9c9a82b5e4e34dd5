//! What the driver's answers and errors mean.

use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::response::query_result::QueryResult;
use scylla::value::{CqlValue, Row};
use souk_chat::ports::StoreError;

/// An error that says that the request itself was refused, before anything was done.
fn refused(error: &ExecutionError) -> bool {
    match error {
        ExecutionError::BadQuery(_) => true,
        ExecutionError::LastAttemptError(
            RequestAttemptError::SerializationError(_) | RequestAttemptError::CqlRequestSerialization(_),
        ) => true,
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, _)) => {
            matches!(error, DbError::SyntaxError | DbError::Invalid | DbError::Unauthorized | DbError::ConfigError)
        }
        _ => false,
    }
}

/// A failed read: nothing was lost, it may be tried again.
pub(crate) fn read_failed(error: ExecutionError) -> StoreError {
    if refused(&error) { StoreError::Invalid(error.to_string()) } else { StoreError::Unavailable(error.to_string()) }
}

/// A failed write: whatever is not a plain refusal may have been applied, or may be later.
pub(crate) fn write_failed(error: ExecutionError) -> StoreError {
    if refused(&error) { StoreError::Invalid(error.to_string()) } else { StoreError::Unknown(error.to_string()) }
}

/// Whether a conditional write was applied. Cassandra answers with one row, ScyllaDB with one for each condition; the columns
/// differ as well. `[applied]` of the first row is what they agree on.
pub(crate) fn applied(answer: QueryResult) -> Result<bool, StoreError> {
    let unreadable = |why: String| StoreError::Unknown(format!("a conditional write's answer cannot be read: {why}"));
    let rows = answer.into_rows_result().map_err(|error| unreadable(error.to_string()))?;
    let (index, _) = rows.column_specs().get_by_name("[applied]").ok_or_else(|| unreadable("no [applied]".into()))?;
    let first: Row = rows.first_row().map_err(|error| unreadable(error.to_string()))?;
    match first.columns.get(index) {
        Some(Some(CqlValue::Boolean(applied))) => Ok(*applied),
        _ => Err(unreadable("[applied] is no boolean".into())),
    }
}

/// What the driver says of rows that have not the types they were asked in.
pub(crate) fn unreadable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Invalid(format!("what is stored makes no sense: {error}"))
}
