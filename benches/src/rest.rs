//! The few HTTP requests that measuring needs, over one kept connection.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::failure::Failure;

/// A kept connection to one of a node's ports.
pub(crate) struct Rest {
    server: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
    connection: JoinHandle<()>,
}

impl Drop for Rest {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Rest {
    /// Connects.
    pub(crate) async fn open(server: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(server).await.map_err(Failure::io(format!("connecting to {server}")))?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Failure::answer(format!("talking HTTP to {server}"), error.to_string()))?;
        let connection = tokio::spawn(async move {
            // Whoever sends the next request is told.
            let _ = connection.await;
        });
        Ok(Self { server, sender, connection })
    }

    /// Sends one request and reads the answer in whole.
    async fn send(
        &mut self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), Failure> {
        let doing = format!("{method} {path} at {}", self.server);
        let mut request = Request::builder().method(method).uri(path).header(HOST, self.server.to_string());
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}")).header(CONTENT_TYPE, "application/json");
        }
        let failed = |error: &dyn std::error::Error| Failure::answer(doing.clone(), error.to_string());
        let request = request.body(Full::new(body)).map_err(|error| failed(&error))?;
        let answer = self.sender.send_request(request).await.map_err(|error| failed(&error))?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|error| failed(&error))?;
        Ok((status, body.to_bytes()))
    }

    /// The answer's text, with its status.
    pub(crate) async fn get(&mut self, path: &str) -> Result<(StatusCode, String), Failure> {
        let (status, body) = self.send(Method::GET, path, None, Bytes::new()).await?;
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    /// Makes an order between two people. Making it again is fine.
    pub(crate) async fn put_order(
        &mut self,
        token: &str,
        order: &str,
        client: &str,
        contractor: &str,
    ) -> Result<(), Failure> {
        let path = format!("/admin/orders/{order}");
        let body = serde_json::json!({ "client": client, "contractor": contractor, "title": "An order" });
        let (status, body) = self.send(Method::PUT, &path, Some(token), Bytes::from(body.to_string())).await?;
        match status {
            StatusCode::OK | StatusCode::CREATED => Ok(()),
            status => {
                Err(Failure::answer(format!("PUT {path}"), format!("{status} {}", String::from_utf8_lossy(&body))))
            }
        }
    }
}
