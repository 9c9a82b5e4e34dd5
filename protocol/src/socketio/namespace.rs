//! Namespaces: several conversations over one connection.

/// A namespace that souk knows. Each is its own session and device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Namespace {
    /// `/`
    Root,
    /// `/chat`
    Chat,
}

impl Namespace {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Root, Self::Chat];

    /// The namespace's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => "/",
            Self::Chat => "/chat",
        }
    }

    /// The namespace of this name. A query part (`/chat?a=b`, as older clients send it) is not part of the name and is ignored: a
    /// token never travels there.
    pub fn parse(name: &str) -> Option<Self> {
        let path = name.split_once('?').map_or(name, |(path, _)| path);
        Self::ALL.into_iter().find(|namespace| namespace.as_str() == path)
    }

    /// How packets begin for it: nothing for `/`, else the name and a comma.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Root => "",
            Self::Chat => "/chat,",
        }
    }
}
