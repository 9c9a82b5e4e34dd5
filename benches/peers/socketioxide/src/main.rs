//! Order chat on socketioxide, as it is usually first written: a room per order, a number per order, a relay. It keeps no messages.

mod chat;
mod forms;
mod numbers;
mod person;

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use jsonwebtoken::DecodingKey;
use socketioxide::handler::ConnectHandler;
use socketioxide::{SocketIo, TransportType};
use socketioxide_redis::drivers::redis::redis_client as redis;
use socketioxide_redis::{RedisAdapter, RedisAdapterCtr};
use tokio::net::TcpListener;

use numbers::Numbers;

#[derive(Parser)]
struct Options {
    /// Where to listen; port 0 takes a free one.
    #[arg(long)]
    listen: SocketAddr,
    /// The Redis that several nodes share.
    #[arg(long)]
    redis: Option<String>,
}

/// What all handlers share.
struct App {
    key: DecodingKey,
    numbers: Numbers,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let secret = std::env::var("AUTH_SECRET").map_err(|_| "AUTH_SECRET must hold the key of the tokens")?;
    let key = DecodingKey::from_secret(secret.as_bytes());
    let builder = SocketIo::builder().transports([TransportType::Websocket]);
    let Some(url) = options.redis else {
        let app = App { key, numbers: Numbers::alone() };
        let (service, io) = builder.with_state(Arc::new(app)).build_svc();
        io.ns("/", chat::connected.with(person::signed_in));
        return serve(options.listen, service).await;
    };
    // The adapter wants pushes of the third protocol.
    let mark = if url.contains('?') { '&' } else { '?' };
    let client = redis::Client::open(format!("{url}{mark}protocol=resp3"))?;
    let adapter = RedisAdapterCtr::new_with_redis(&client).await?;
    let numbers = Numbers::shared(client.get_multiplexed_async_connection().await?);
    let app = App { key, numbers };
    let (service, io) = builder.with_state(Arc::new(app)).with_adapter::<RedisAdapter<_>>(adapter).build_svc();
    io.ns("/", chat::connected.with(person::signed_in)).await?;
    serve(options.listen, service).await
}

async fn serve<S, B>(listen: SocketAddr, service: S) -> Result<(), Box<dyn Error>>
where
    S: Service<Request<Incoming>, Response = Response<B>, Future: Send, Error: Error + Send + Sync>
        + Clone
        + Send
        + 'static,
    B: Body<Data: Send, Error: Error + Send + Sync> + Send + 'static,
{
    let listener = TcpListener::bind(listen).await?;
    writeln!(std::io::stdout(), "listening on {}", listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service.clone();
        tokio::spawn(async move {
            // A connection that fails is a client that left.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
        });
    }
}
