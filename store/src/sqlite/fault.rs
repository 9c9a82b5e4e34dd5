//! What went wrong inside SQLite, and what that means to the one who asked.

use rusqlite::ErrorCode;
use souk_chat::ports::StoreError;

/// A failure while working on the database.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// SQLite's own.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Already in the port's words.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Fault {
    /// Whether the file or what it lies on is the cause, and not what was asked. A damaged page is none: who asks for something else
    /// does not need it.
    pub(crate) fn is_of_the_disk(&self) -> bool {
        matches!(self, Self::Sqlite(error)
            if may_heal(error) || error.sqlite_error_code() == Some(ErrorCode::NotADatabase))
    }

    /// Whether a page of the file is damaged.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt))
    }

    /// Nothing was written, or nothing read: disk full, locked and I/O may heal; a damaged file and broken rules will not.
    pub(crate) fn before_commit(&self) -> StoreError {
        match self {
            Self::Store(error) => error.clone(),
            Self::Sqlite(error) if may_heal(error) => StoreError::Unavailable(error.to_string()),
            Self::Sqlite(error) => StoreError::Invalid(error.to_string()),
        }
    }

    /// The commit itself failed. A full disk leaves no commit record behind; after an I/O error one may stand on the disk.
    pub(crate) fn at_commit(&self) -> StoreError {
        match self {
            Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) => {
                StoreError::Unknown(error.to_string())
            }
            _ => self.before_commit(),
        }
    }
}

fn may_heal(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OutOfMemory
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::OperationInterrupted
        )
    )
}
