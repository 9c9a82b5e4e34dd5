//! The stock `socket.io-client` from npm, in a process of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use souk_chat::{ClientMessageId, OrderId, Seq};
use souk_protocol::dto::Message;
use souk_testkit::{left_out, place};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::time::Instant;

use crate::people::{Person, tail};
use crate::record::{Attempt, How, Life, Record, Seen};
use crate::wait;

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// The process with the client. Ended when dropped.
pub struct Puppet {
    // Dropping it ends the process.
    _child: Child,
    input: tokio::sync::Mutex<ChildStdin>,
    lines: Arc<Mutex<Vec<(Instant, Value)>>>,
}

impl Puppet {
    /// Starts it. `None`: `test` was left out, since there is no Node.js or npm.
    pub fn start(test: &str) -> Option<Self> {
        left_out::program(test, "node", "install Node.js 18 or newer")?;
        left_out::program(test, "npm", "install npm")?;
        let mut child = tokio::process::Command::new("node")
            .arg("puppet.js")
            .current_dir(installed())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node can be run");
        let input = child.stdin.take().expect("it is piped");
        let output = child.stdout.take().expect("it is piped");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        tokio::spawn(async move {
            let mut output = BufReader::new(output).lines();
            while let Ok(Some(line)) = output.next_line().await {
                kept.lock().push((Instant::now(), serde_json::from_str(&line).expect("the puppet tells JSON")));
            }
        });
        Some(Self { _child: child, input: tokio::sync::Mutex::new(input), lines })
    }

    async fn tell(&self, command: Value) {
        let line = format!("{command}\n");
        self.input.lock().await.write_all(line.as_bytes()).await.expect("the puppet listens");
    }

    /// Opens a socket in `namespace` as `person`; `path` is that of Engine.IO. Does not wait.
    pub async fn open<'a>(
        &'a self,
        name: &str,
        node: SocketAddr,
        path: &str,
        namespace: &str,
        token: &str,
    ) -> Socket<'a> {
        self.open_with(name, node, namespace, json!({ "path": path, "auth": { "token": token } })).await
    }

    /// The same with these options of the stock client.
    pub async fn open_with(&self, name: &str, node: SocketAddr, namespace: &str, options: Value) -> Socket<'_> {
        let url = format!("http://{node}{namespace}");
        self.tell(json!({ "do": "connect", "socket": name, "url": url, "options": options })).await;
        self.again(name)
    }

    /// A socket that was opened under this name.
    pub fn again(&self, name: &str) -> Socket<'_> {
        Socket { puppet: self, name: name.to_owned(), sent: Mutex::default() }
    }

    /// Opens a socket and waits until it is signed in.
    pub async fn connect<'a>(&'a self, name: &str, node: SocketAddr, namespace: &str, person: &Person) -> Socket<'a> {
        let socket = self.open(name, node, "/socket.io/", namespace, &person.token).await;
        socket.line("it is connected", |line| line["what"] == "connect").await;
        socket
    }
}

/// One socket of the stock client.
pub struct Socket<'a> {
    puppet: &'a Puppet,
    name: String,
    /// By number of acknowledgement: what was sent, and when.
    sent: Mutex<BTreeMap<String, (ClientMessageId, String, Instant)>>,
}

impl Socket<'_> {
    /// Everything it saw so far.
    pub fn lines(&self) -> Vec<(Instant, Value)> {
        let lines = self.puppet.lines.lock();
        lines.iter().filter(|(_, line)| line["socket"] == self.name.as_str()).cloned().collect()
    }

    /// Waits for a line.
    pub async fn line(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        wait::until(&format!("{}: {what}", self.name), ANSWER_WITHIN, || {
            std::future::ready(self.lines().into_iter().map(|(_, line)| line).find(|line| is(line)))
        })
        .await
    }

    /// Waits for a push of this name; its data.
    pub async fn push(&self, event: &str) -> Value {
        self.line(event, |line| line["what"] == "push" && line["event"] == event).await["data"].clone()
    }

    /// Waits until it has seen this text pushed.
    pub async fn sees(&self, content: &str) -> Value {
        let is = |line: &Value| line["what"] == "push" && line["data"]["content"] == content;
        self.line(content, is).await["data"].clone()
    }

    /// Emits an event without asking for an acknowledgement.
    pub async fn cast(&self, event: &str, data: Value) {
        self.puppet.tell(json!({ "do": "emit", "socket": self.name, "event": event, "data": data })).await;
    }

    /// Emits an event and waits for its acknowledgement.
    pub async fn emit(&self, event: &str, data: Value) -> Value {
        let ack = tail();
        self.puppet.tell(json!({ "do": "emit", "socket": self.name, "event": event, "data": data, "ack": ack })).await;
        self.line(event, |line| line["ack"] == ack.as_str()).await["answer"].clone()
    }

    /// Emits a message without waiting for its acknowledgement, which [`record`](Self::record) shows.
    pub async fn send(&self, order: &OrderId, content: &str) {
        let ack = tail();
        let id = format!("js-{ack}");
        let kept = ClientMessageId::new(&id).expect("an id of the alphabet");
        self.sent.lock().insert(ack.clone(), (kept, content.to_owned(), Instant::now()));
        let data = json!({ "orderId": order.as_str(), "content": content, "clientMessageId": id });
        let line = json!({ "do": "emit", "socket": self.name, "event": "send_message", "data": data, "ack": ack });
        self.puppet.tell(line).await;
    }

    /// Ends politely.
    pub async fn disconnect(&self) {
        self.puppet.tell(json!({ "do": "disconnect", "socket": self.name })).await;
    }

    /// What it saw, for the checker. It joined once, from the first entry, right after it connected.
    pub fn record(&self) -> Record {
        let mut life = Life {
            node: SocketAddr::from(([0, 0, 0, 0], 0)),
            up_to: None,
            since: Some(Seq(0)),
            seen: Vec::new(),
            told: Vec::new(),
            end: None,
        };
        let read = |value: &Value| serde_json::from_value::<Message>(value.clone()).expect("a message");
        let sent = self.sent.lock();
        let mut attempts: BTreeMap<ClientMessageId, Attempt> = BTreeMap::new();
        for (id, content, at) in sent.values() {
            let (content, refusals) = (content.clone(), Vec::new());
            attempts
                .insert(id.clone(), Attempt { content, first_sent: Some(*at), sent: 1, acknowledged: None, refusals });
        }
        for (at, line) in self.lines() {
            let answer = &line["answer"];
            match line["what"].as_str() {
                Some("push") if matches!(line["event"].as_str(), Some("new_message" | "message_sent")) => {
                    let how = if life.up_to.is_some() { How::Push } else { How::Aside };
                    life.seen.push(Seen { how, message: read(&line["data"]) });
                }
                Some("push") => life.told.push(line["event"].as_str().unwrap_or_default().to_owned()),
                Some("ack") if answer["upTo"].is_u64() && answer["chat"].is_object() => {
                    let messages = answer["messages"].as_array().cloned().unwrap_or_default();
                    life.seen.extend(messages.iter().map(|value| Seen { how: How::CaughtUp, message: read(value) }));
                    life.up_to = answer["upTo"].as_u64().map(Seq);
                }
                Some("ack") => {
                    let Some((id, ..)) = line["ack"].as_str().and_then(|ack| sent.get(ack)) else { continue };
                    let Some(attempt) = attempts.get_mut(id) else { continue };
                    match answer["error"]["code"].as_str() {
                        Some(code) => attempt.refusals.push(code.to_owned()),
                        None => {
                            attempt.acknowledged = Some((at, read(answer)));
                            life.seen.push(Seen { how: How::Ack, message: read(answer) });
                        }
                    }
                }
                _ => {}
            }
        }
        Record { device: self.name.clone(), joins: true, lives: vec![life], attempts }
    }
}

/// The folder with the puppet and what npm installed for it, by its lock file.
fn installed() -> &'static Path {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        place::alone("npm", || {
            let (from, to) = (place::checkout().join("tests/js"), place::work_dir().join("js"));
            std::fs::create_dir_all(&to).expect("the target folder can be written");
            let lock = std::fs::read(from.join("package-lock.json")).expect("it is in the checkout");
            let fresh = std::fs::read(to.join("package-lock.json")).is_ok_and(|installed| installed == lock);
            std::fs::copy(from.join("puppet.js"), to.join("puppet.js")).expect("the target folder can be written");
            if !(fresh && to.join("node_modules/socket.io-client").exists()) {
                for file in ["package.json", "package-lock.json"] {
                    std::fs::copy(from.join(file), to.join(file)).expect("the target folder can be written");
                }
                let npm = Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&to).output();
                let npm = npm.expect("npm can be run");
                assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));
            }
            to
        })
    })
}
