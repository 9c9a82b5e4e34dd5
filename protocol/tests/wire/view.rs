//! What the service read, as each person is shown it.

use std::sync::Arc;

use souk_chat::ports::{AuditAction, AuditId, AuditRow, Why};
use souk_chat::seal::OpenError;
use souk_chat::service::{
    AuditPage, CatchUp, ChatList, ChatView, History, Original, OriginalsPage, Participant, Synced,
};
use souk_chat::{
    ChatKind, ChatState, Counts, Head, Mark, Marks, Order, OrderStatus, Refusal, Role, Seq, Side, Status, Timestamp,
};
use souk_protocol::{dto, json};

use crate::golden::Golden;
use crate::things::*;

fn view() -> ChatView {
    let mark = |seq, others| Mark { seq: Seq(seq), others };
    let participant = |name: &str, side, delivered, read| Participant {
        user: user(name),
        side,
        online: side == Side::Client,
        marks: Marks { delivered, read },
    };
    let order = Order {
        id: order(),
        kind: ChatKind::Order,
        client: user("ann"),
        contractor: user("bob"),
        title: Some("Paint a fence".into()),
        status: OrderStatus::Paid,
        created_at: Timestamp(0),
    };
    ChatView {
        order: Arc::new(order),
        head: Head {
            seq: Seq(4),
            state: ChatState::Closed,
            counts: Counts { client: 3, contractor: 1 },
            ..Head::default()
        },
        participants: [
            participant("ann", Side::Client, mark(4, 1), mark(4, 1)),
            participant("bob", Side::Contractor, mark(2, 2), mark(1, 1)),
        ],
        unread: 0,
        last_message: Some(message("ann", 4, "four")),
    }
}

fn caught_up(up_to: u64, more: bool) -> CatchUp {
    let messages = [("ann", 1), ("ann", 2), ("bob", 3), ("ann", 4)];
    let messages = messages.map(|(sender, seq)| message(sender, seq, "text")).to_vec();
    let epoch = cursor(0).epoch.unwrap();
    CatchUp { chat: view(), history: History { messages, up_to: Seq(up_to), head: Seq(4), more, epoch, reset: false } }
}

#[test]
fn each_sees_status_by_the_others_marks_and_their_own_ids() {
    for (viewer, own) in
        [("ann", [true, true, false, true]), ("bob", [false, false, true, false]), ("root", [false; 4])]
    {
        let shown = dto::CatchUp::of(&caught_up(4, false), &user(viewer));
        let statuses: Vec<_> = shown.messages.iter().map(|message| message.status).collect();
        assert_eq!(statuses, [Status::Read, Status::Delivered, Status::Read, Status::Sent]);
        let ids: Vec<_> = shown.messages.iter().map(|message| message.client_message_id.is_some()).collect();
        assert_eq!(ids, own, "{viewer}");
    }
}

#[test]
fn older_messages_do_not_keep_a_join_from_going_live() {
    let joined = |up_to, more| dto::Joined::of(&caught_up(up_to, more), &user("ann")).more;
    assert!(!joined(4, true));
    assert!(joined(3, true));
    assert!(dto::CatchUp::of(&caught_up(4, true), &user("ann")).more);
}

#[test]
fn answers_from_the_service() {
    let mut golden = Golden::new("views.txt", "What the service read, as bob is shown it.");
    let bob = user("bob");
    golden.frame("join_order_chat", &json::encode(&dto::Joined::of(&caught_up(4, true), &bob)));
    let list = ChatList { chats: vec![view()], cursor: Some("1.o-1".into()) };
    golden.frame("list_chats", &json::encode(&dto::ChatList::of(&list, &bob)));
    let orders = [(order(), Ok(caught_up(3, true))), ("o-2".parse().unwrap(), Err(Refusal::Forbidden))];
    let synced = Synced { orders: orders.into(), chats: vec![view()] };
    golden.frame("sync", &json::encode(&dto::Synced::of(&synced, &bob)));
    golden.check();
}

#[test]
fn what_admins_are_shown() {
    let mut golden = Golden::new("admin.txt", "What the service read, as an admin is shown it.");
    let original = Original {
        why: Why::Masked,
        entry: Some(Seq(4)),
        message: Some(Seq(4)),
        version: 1,
        sender: user("ann"),
        at: at(0),
        text: Ok("call 514 555 0101".into()),
    };
    let refused = Original { why: Why::Refused, message: None, ..original.clone() };
    let lost = Original { why: Why::Edited, entry: None, text: Err(OpenError::Damaged), ..original.clone() };
    let page = OriginalsPage { originals: vec![original, refused, lost], cursor: Some("c-1".into()) };
    golden.frame("originals", &json::encode(&dto::Originals::of(page, &order())));
    let row = AuditRow {
        id: AuditId { at: at(9), number: 7 },
        actor: user("root"),
        role: Role::Admin,
        action: AuditAction::OriginalsRead,
        order: Some(order()),
        details: "limit 50".into(),
    };
    golden.frame("audit", &json::encode(&dto::Audit::from(AuditPage { rows: vec![row], cursor: None })));
    golden.check();
}
