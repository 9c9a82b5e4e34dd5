//! A chat in the terminal: reads lines from standard input, prints what is said.
//!
//! ```text
//! cargo run -p souk-client --example talk -- --url ws://127.0.0.1:8080/ws --token … --order demo
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its answer is what it prints")]

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use souk_client::chat::OrderId;
use souk_client::protocol::dto::Message;
use souk_client::protocol::socketio::Namespace;
use souk_client::{Address, Carrier, Change, Client, ConnectOptions, Event, Events, JoinError, StopReason, Tokens};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// How long the end of the input waits for acknowledgements.
const LAST_SENDS: Duration = Duration::from_secs(10);
/// Lines that are read ahead.
const LINES: usize = 16;

/// Talk in an order's chat. Each line is a message; the end of the input ends it.
#[derive(Parser)]
struct Arguments {
    /// Where the server is: ws://host:port, with a path if it is not the usual one.
    #[arg(long)]
    url: Address,
    /// Who I am: a token, as `souk token` prints it.
    #[arg(long)]
    token: String,
    /// The order to talk in.
    #[arg(long)]
    order: OrderId,
    /// How to speak to the server.
    #[arg(long, value_enum, default_value_t = Speech::Plain)]
    carrier: Speech,
}

#[derive(Clone, Copy, ValueEnum)]
enum Speech {
    /// WebSocket, at /ws.
    Plain,
    /// Socket.IO, at /socket.io/, namespace /chat.
    Socketio,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let carrier = match arguments.carrier {
        Speech::Plain => Carrier::Plain { batch: false },
        Speech::Socketio => Carrier::SocketIo(Namespace::Chat),
    };
    let options = ConnectOptions::new(arguments.url, carrier);
    let (client, events) = Client::builder(options, Tokens::fixed(arguments.token)).start();
    let printing = tokio::spawn(print(events));
    let joining = async {
        match client.join(&arguments.order, None).await {
            Err(error @ JoinError::Refused(_)) => eprintln!("* {}: {error}", arguments.order),
            // What else can go wrong is told as events, and the client goes on trying.
            _ => std::future::pending().await,
        }
    };
    let done = tokio::select! {
        () = talk(&client, &arguments.order) => true,
        () = joining => false,
        // The server wants no more of it.
        () = client.stopped() => false,
    };
    client.close().await;
    // It ends after the client, with the last event.
    let printed = printing.await.is_ok();
    if done && printed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Sends each line until the input ends, then waits a moment for the last ones.
async fn talk(client: &Client, order: &OrderId) {
    let mut lines = read_lines();
    let mut sends = JoinSet::new();
    while let Some(line) = lines.recv().await {
        if line.trim().is_empty() {
            continue;
        }
        let sending = client.send(order, line);
        sends.spawn(async move {
            if let Err(error) = sending.await {
                eprintln!("* not sent: {error}");
            }
        });
        while sends.try_join_next().is_some() {}
    }
    // What is not acknowledged by then has been told as such, or is told when the client stops.
    let _ = tokio::time::timeout(LAST_SENDS, async { while sends.join_next().await.is_some() {} }).await;
}

/// Lines of standard input. A thread of its own reads them, which the program does not wait for when it ends.
fn read_lines() -> mpsc::Receiver<String> {
    let (to, lines) = mpsc::channel(LINES);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if to.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

async fn print(mut events: Events) {
    while let Some(event) = events.next().await {
        match event {
            Event::Connected => eprintln!("* connected"),
            Event::Disconnected { reason, retry_in: Some(wait) } => {
                eprintln!("* {reason}; again in {:.1} s", wait.as_secs_f32());
            }
            Event::Joined { chat, .. } => eprintln!("* {}: joined, {} entries so far", chat.order_id, chat.head),
            Event::Message { message, change } => println!("{}", line(&message, change)),
            Event::Typing(typing) => eprintln!("* {} is typing", typing.user_id),
            Event::ChatClosed(..) => eprintln!("* the chat is closed"),
            Event::ChatReopened(..) => eprintln!("* the chat is open again"),
            Event::Lagged(missed) => eprintln!("* {missed} events were not shown"),
            Event::Stopped(reason @ StopReason::Refused(_)) => eprintln!("* {reason}"),
            _ => {}
        }
    }
}

fn line(message: &Message, change: Change) -> String {
    let sender = message.sender_id.as_ref().map_or("*", |sender| sender.as_str());
    let changed = if change == Change::Changed { " (changed)" } else { "" };
    format!("{:>4}  {sender}: {}{changed}", message.seq, message.content)
}
