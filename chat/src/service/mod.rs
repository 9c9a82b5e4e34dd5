//! What people do in a chat.

/// The service.
pub struct Chats;
