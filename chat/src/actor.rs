//! Who is asking.

use crate::id::UserId;

/// What a token says its bearer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Ordered the work. The role of a token that names none.
    Client,
    /// Does the work.
    Contractor,
    /// Reads any chat unseen, does not write.
    Admin,
    /// The marketplace's own back end: makes and changes orders, is party to none.
    Service,
}

impl Role {
    /// The role's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Contractor => "contractor",
            Self::Admin => "admin",
            Self::Service => "service",
        }
    }

    /// The role of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Client, Self::Contractor, Self::Admin, Self::Service].into_iter().find(|role| role.as_str() == name)
    }
}

impl Actor {
    /// Whether this is one of the people who talk: admins read unseen, services are party to nothing.
    pub fn talks(&self) -> bool {
        matches!(self.role, Role::Client | Role::Contractor)
    }
}

/// A person whose token was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The token's `sub`.
    pub user: UserId,
    /// The token's `role`.
    pub role: Role,
    /// The token's `name`: what a notification calls the sender.
    pub name: Option<Box<str>>,
    /// The token's `locale`, a language tag.
    pub locale: Option<Box<str>>,
}
