//! Asking a target who it is, before thousands come.

use souk_chat::Role;
use souk_client::{AccessToken, Address, Answer, Carrier, ConnectOptions, Connection};
use souk_protocol::Request;
use souk_protocol::dto::Hello;
use souk_protocol::socketio::Namespace;
use std::time::Duration;

use souk_testkit::token::Signer;

use super::{Carriers, Target, TargetError};

/// How long signing in and each answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
const TOKEN_TIME: Duration = Duration::from_secs(300);

/// What a target says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// `hello` as the first node answered it: limits, reconnect policy, heartbeat.
    pub hello: Hello,
}

impl Target {
    /// Signs a made-up person in on the first node over each of the carriers that are `wanted`, and asks who they are. The same
    /// was said over each, as far as it matters here; the first one's is given.
    pub async fn probe(&self, wanted: Carriers) -> Result<Probe, TargetError> {
        let mut hello = None;
        let carriers = [
            ("plain", wanted.plain, self.carriers.plain, Carrier::Plain { batch: false }),
            ("socketio", wanted.socketio, self.carriers.socketio, Carrier::SocketIo(Namespace::Root)),
        ];
        for (name, wanted, offered, carrier) in carriers {
            if wanted && !offered {
                let other = if carrier == (Carrier::Plain { batch: false }) { "1" } else { "0" };
                return Err(TargetError::Unfit(format!(
                    "{} does not speak the carrier {name}: use the other one, --set people.socketio={other}",
                    self.engines
                )));
            }
            if wanted {
                let answer = self.ask(name, carrier).await?;
                hello.get_or_insert(answer);
            }
        }
        let hello = hello.ok_or_else(|| TargetError::Unfit("no carrier is wanted".to_owned()))?;
        Ok(Probe { hello })
    }

    async fn ask(&self, carrier_name: &'static str, carrier: Carrier) -> Result<Hello, TargetError> {
        let node = self.nodes.first().ok_or(TargetError::NoNodes)?;
        let address: Address = format!("ws://{}", node.clients).parse().expect("a host and a port are an address");
        let user = format!("probe-{:08x}", rand::random::<u32>());
        let token = AccessToken::from(Signer::new(&self.secret).sign(&user, Role::Client.as_str(), TOKEN_TIME));
        let options = ConnectOptions::new(address, carrier).connect_time(ANSWER_WITHIN);
        let connected = Connection::connect(&options, Some(&token)).await;
        let mut connection = connected.map_err(|source| match source.is_about_the_token() {
            true => TargetError::Secret { node: node.name.clone(), source },
            false => TargetError::SignIn { node: node.name.clone(), carrier: carrier_name, source },
        })?;
        let no_hello = |answer: String| TargetError::NoHello { node: node.name.clone(), carrier: carrier_name, answer };
        let reply = connection.request(&Request::JoinApp, ANSWER_WITHIN).await;
        let hello = match reply.map_err(|error| no_hello(error.to_string()))?.answer {
            Answer::Hello(hello) => *hello,
            other => return Err(no_hello(format!("{other:?}"))),
        };
        connection.close().await;
        if hello.me.user_id.as_str() != user {
            return Err(no_hello(format!("it takes {user} for {}", hello.me.user_id)));
        }
        Ok(hello)
    }
}
