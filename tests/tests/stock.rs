//! The stock Socket.IO client, used wrongly as people do: it must be told what is wrong, and must not come back for ever.

use std::time::Duration;

use serde_json::{Value, json};
use souk_tests::js::Puppet;
use souk_tests::node::{Node, SECRET, Settings};
use souk_tests::people::Person;
use souk_tests::wait;

const SOON: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_auth_is_told_once_and_the_client_stays_away() {
    let Some(puppet) = Puppet::start("stock: a wrong auth") else { return };
    let settings = Settings::default().with("SOUK_AUTH_SECRET", SECRET).with("SOUK_LIMITS_HANDSHAKES_PER_SECOND", "0");
    let node = Node::start("stock", settings).await;
    let person = Person::new("ann", "client");
    let cases = [
        ("the token alone", json!(person.token), "auth must be an object"),
        ("a list", json!([person.token]), "auth must be an object"),
        ("a number", json!(7), "auth must be an object"),
        ("another name", json!({ "jwt": person.token }), "give a token as auth.token"),
        ("nothing", Value::Null, "give a token as auth.token"),
        ("a token that is an object", json!({ "token": { "token": person.token } }), "auth.token must be a text"),
        ("deep", json!({ "a": [[[[[[[[[]]]]]]]]] }), "levels deep"),
        ("a forged token", json!({ "token": "a.b.c" }), "not a signed token"),
    ];
    for (name, auth, words) in cases {
        for namespace in ["/", "/chat"] {
            let name = format!("{name} in {namespace}");
            let options = json!({ "auth": auth, "reconnectionDelay": 10, "reconnectionDelayMax": 10 });
            let socket = puppet.open_with(&name, node.clients, namespace, options).await;
            let refused = socket.line("it is refused", |line| line["what"] == "refused").await;
            assert_eq!(refused["data"]["code"], json!("unauthorized"), "{name}: {refused}");
            assert!(refused["message"].as_str().is_some_and(|message| message.contains(words)), "{name}: {refused}");
            assert_eq!(refused["active"], json!(false), "{name}: it comes back by itself");
        }
    }
    // By now those that would come back after ten milliseconds have. Each came once, and went.
    let good = puppet.connect("a good token", node.clients, "/chat", &person).await;
    let list = good.emit("list_chats", json!({})).await;
    assert_eq!(list["chats"], json!([]), "{list}");
    for name in ["the token alone", "a list", "a number", "nothing", "deep"] {
        let socket = puppet.again(&format!("{name} in /chat"));
        let lines = socket.lines();
        assert_eq!(lines.len(), 1, "{name}: {lines:?}");
    }
    wait::until("only the good one is connected", SOON, || async {
        (node.metric("souk_connections").await == 1.0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_the_last_namespace_is_no_offence() {
    let Some(puppet) = Puppet::start("stock: leaving") else { return };
    let node = Node::start("stock", Settings::default().with("SOUK_AUTH_SECRET", SECRET)).await;
    let person = Person::new("ann", "client");
    let socket = puppet.connect("leaves", node.clients, "/chat", &person).await;
    socket.disconnect().await;
    let left = socket.line("it left", |line| line["what"] == "disconnect").await;
    assert_eq!(left["reason"], json!("io client disconnect"));
    // The very token is as good as before.
    let again = puppet.connect("comes again", node.clients, "/chat", &person).await;
    let refused = again.emit("join_order_chat", json!({ "orderId": "none" })).await;
    assert_eq!(refused["error"]["code"], json!("forbidden"), "{refused}");
}
