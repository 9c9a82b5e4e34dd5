//! What the marketplace's back end does.

use std::sync::Arc;

use crate::actor::{Actor, Role};
use crate::id::{OrderId, UserId};
use crate::limits::TITLE_CHARS;
use crate::order::{NewOrder, OrderStatus};
use crate::refusal::Refusal;
use crate::text::{self, Illegible};

use super::Chats;
use super::view::ChatView;

/// An order as the marketplace describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderSpec {
    /// Who ordered.
    pub client: UserId,
    /// Who delivers.
    pub contractor: UserId,
    /// `None`: stays as it is.
    pub title: Option<String>,
    /// `None`: stays as it is, or `created`.
    pub status: Option<OrderStatus>,
}

impl Chats {
    /// Makes the order, or changes its title and status; whether it was made, and the chat. Safe to repeat.
    /// Errors: [`Refusal::WrongRole`] for who is neither `service` nor `admin`, [`Refusal::BadRequest`],
    /// [`Refusal::OtherParticipants`], [`Refusal::Unavailable`].
    pub async fn put_order(&self, actor: &Actor, id: OrderId, spec: OrderSpec) -> Result<(ChatView, bool), Refusal> {
        if !matches!(actor.role, Role::Admin | Role::Service) {
            return Err(Refusal::WrongRole("service or admin"));
        }
        if id.is_direct() {
            return Err(Refusal::BadRequest("order ids that begin with dm~ are souk's own".into()));
        }
        if spec.client == spec.contractor {
            return Err(Refusal::BadRequest("client and contractor are two different people".into()));
        }
        let title = spec.title.as_deref().map(title).transpose()?;
        let order = NewOrder { id, client: spec.client, contractor: spec.contractor, title, status: spec.status };
        let put = self.ports.store.put_order(&order, self.ports.runtime.now()).await;
        let (order, made) = put?.ok_or(Refusal::OtherParticipants)?;
        let order = Arc::new(order);
        self.memory.remember_order(Arc::clone(&order), self.ports.runtime.monotonic());
        let head = self.head(&order).await?;
        Ok((self.view(actor, order, head, None).await?, made))
    }
}

/// The title as it is shown.
fn title(given: &str) -> Result<Arc<str>, Refusal> {
    let title = text::clean(given).map_err(|why| match why {
        Illegible::Control { .. } => Refusal::BadRequest(format!("title: {why}")),
        Illegible::Invisible => Refusal::BadRequest(format!("title: {why}; leave it out where there is none")),
    })?;
    if title.chars().count() > TITLE_CHARS {
        return Err(Refusal::BadRequest(format!("a title has at most {TITLE_CHARS} characters")));
    }
    Ok(title.as_ref().into())
}
