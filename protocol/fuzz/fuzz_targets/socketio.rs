//! What either side does with a text frame of Socket.IO, and a node with a handshake's query.
#![no_main]

use libfuzzer_sys::fuzz_target;
use souk_protocol::json;
use souk_protocol::socketio::{self, Frame, Packet};

fuzz_target!(|frame: &str| {
    let _ = socketio::check_query(frame);
    let Ok(Frame::Packet(packet)) = socketio::decode(frame) else { return };
    let _ = packet.client_message_id();
    match &packet {
        Packet::Connect { payload, .. } => drop(socketio::connect_token(*payload)),
        Packet::Ack { data, .. } => drop(socketio::ack_result(*data)),
        Packet::ConnectError { payload, .. } => drop(socketio::connect_refusal(payload)),
        Packet::Event { namespace, id, .. } => {
            let Some(Ok(request)) = packet.request() else { return };
            let written = socketio::request_packet(*namespace, *id, &request);
            let Ok(Frame::Packet(again)) = socketio::decode(json::text(&written)) else { panic!("not read again") };
            assert_eq!(again.request(), Some(Ok(request)));
        }
        _ => {}
    }
});
