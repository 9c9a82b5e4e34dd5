//! Who a connection is.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, Validation, decode};
use serde::Deserialize;
use socketioxide::adapter::Adapter;
use socketioxide::extract::{SocketRef, State, TryData};

use crate::{App, chat};

/// The claims of a token that matter here.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    role: Option<String>,
}

/// What a client says of itself when it connects.
#[derive(Deserialize)]
pub(crate) struct Auth {
    token: Option<String>,
}

/// The person of a connection.
#[derive(Clone)]
pub(crate) struct Person(pub(crate) Arc<Who>);

pub(crate) struct Who {
    pub(crate) id: String,
    pub(crate) role: String,
}

/// A token that is missing or not valid.
pub(crate) struct Unauthorized;

impl fmt::Display for Unauthorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the token is missing or not valid")
    }
}

/// Refuses a connection without a good token. The handlers are set here, not when the socket is connected: socketioxide tells the
/// client first, and what it then says at once would find none.
pub(crate) async fn signed_in<A: Adapter>(
    socket: SocketRef<A>,
    TryData(auth): TryData<Auth>,
    State(app): State<Arc<App>>,
) -> Result<(), Unauthorized> {
    let given = auth.ok().and_then(|auth| auth.token);
    let token = given.as_deref().or_else(|| bearer(&socket)).ok_or(Unauthorized)?;
    let claims =
        decode::<Claims>(token, &app.key, &Validation::new(Algorithm::HS256)).map_err(|_| Unauthorized)?.claims;
    let role = claims.role.unwrap_or_else(|| "client".to_owned());
    socket.extensions.insert(Person(Arc::new(Who { id: claims.sub, role })));
    chat::listen(&socket);
    Ok(())
}

fn bearer<A: Adapter>(socket: &SocketRef<A>) -> Option<&str> {
    socket.req_parts().headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")
}
