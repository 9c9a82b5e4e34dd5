//! An order's own number and its parties': what nearly every statement needs first.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, Statement};
use souk_chat::limits::REMEMBERED_ORDERS;
use souk_chat::{OrderId, Side, UserId};

use super::fault::Fault;
use crate::form::broken;

/// souk itself, where a person's number stands.
pub(crate) const NOBODY: i64 = 0;

/// An order's number and its parties' names and numbers. None of it ever changes.
#[derive(Clone, Debug)]
pub(crate) struct Parties {
    /// The order's number.
    pub(crate) order: i64,
    /// The client's number and name.
    pub(crate) client: (i64, UserId),
    /// The contractor's number and name.
    pub(crate) contractor: (i64, UserId),
}

impl Parties {
    /// The side that a person of this name is on.
    pub(crate) fn side(&self, name: &UserId) -> Option<Side> {
        if self.client.1 == *name {
            Some(Side::Client)
        } else if self.contractor.1 == *name {
            Some(Side::Contractor)
        } else {
            None
        }
    }
}

/// Finds orders and people by name and number.
pub(crate) struct Names<'c> {
    order: Statement<'c>,
    user_id: Statement<'c>,
    user_name: Statement<'c>,
    add_user: Statement<'c>,
    /// Orders found before; emptied when it has [`REMEMBERED_ORDERS`], and after a rollback (a row may be gone).
    found: HashMap<OrderId, Parties>,
}

impl<'c> Names<'c> {
    /// Prepares the statements.
    pub(crate) fn prepare(connection: &'c Connection) -> Result<Self, Fault> {
        Ok(Self {
            order: connection.prepare(
                "SELECT o.id, o.client, a.name, o.contractor, b.name FROM orders o
                 JOIN users a ON a.id = o.client JOIN users b ON b.id = o.contractor WHERE o.name = ?1",
            )?,
            user_id: connection.prepare("SELECT id FROM users WHERE name = ?1")?,
            user_name: connection.prepare("SELECT name FROM users WHERE id = ?1")?,
            add_user: connection.prepare("INSERT INTO users (name) VALUES (?1)")?,
            found: HashMap::new(),
        })
    }

    /// The order's number and parties; `None`: no such order.
    pub(crate) fn parties(&mut self, order: &OrderId) -> Result<Option<Parties>, Fault> {
        if let Some(parties) = self.found.get(order) {
            return Ok(Some(parties.clone()));
        }
        let row = self.order.query_row([order.as_str()], |row| {
            let texts: (String, String) = (row.get(2)?, row.get(4)?);
            Ok((row.get(0)?, row.get(1)?, row.get(3)?, texts))
        });
        let Some((number, client, contractor, texts)) = row.optional()? else {
            return Ok(None);
        };
        let parties =
            Parties { order: number, client: (client, user(&texts.0)?), contractor: (contractor, user(&texts.1)?) };
        if self.found.len() >= REMEMBERED_ORDERS {
            self.found.clear();
        }
        self.found.insert(order.clone(), parties.clone());
        Ok(Some(parties))
    }

    /// Forgets what may have been rolled back.
    pub(crate) fn forget(&mut self) {
        self.found.clear();
    }

    /// The number of a person who is known.
    pub(crate) fn known(&mut self, parties: Option<&Parties>, name: Option<&UserId>) -> Result<Option<i64>, Fault> {
        let Some(name) = name else { return Ok(Some(NOBODY)) };
        let sides = parties.into_iter().flat_map(|parties| [&parties.client, &parties.contractor]);
        if let Some((number, _)) = sides.into_iter().find(|(_, party)| party == name) {
            return Ok(Some(*number));
        }
        Ok(self.user_id.query_row([name.as_str()], |row| row.get(0)).optional()?)
    }

    /// The number of a person, who gets one if they have none. Writes: only inside a transaction.
    pub(crate) fn number(&mut self, parties: Option<&Parties>, name: Option<&UserId>) -> Result<i64, Fault> {
        match self.known(parties, name)? {
            Some(number) => Ok(number),
            None => Ok(self.add_user.insert([name.map_or("", UserId::as_str)])?),
        }
    }

    /// The person of this number.
    pub(crate) fn name(&mut self, parties: &Parties, number: i64) -> Result<Option<UserId>, Fault> {
        if number == NOBODY {
            return Ok(None);
        }
        for (known, name) in [&parties.client, &parties.contractor] {
            if *known == number {
                return Ok(Some(name.clone()));
            }
        }
        let name: String = self.user_name.query_row([number], |row| row.get(0))?;
        Ok(Some(user(&name)?))
    }
}

/// A stored user id.
pub(crate) fn user(name: &str) -> Result<UserId, Fault> {
    Ok(UserId::new(name).map_err(|_| broken("a user id"))?)
}
