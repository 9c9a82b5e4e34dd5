use std::fmt::Write;

use souk_chat::id::UserId;
use souk_chat::ports::Channel;

/// Names of channels and keys.
///
/// Keys of a Redis Cluster carry the prefix as their hash tag, so that they lie on one node and a script may use several.
#[derive(Debug)]
pub(super) struct Names {
    channels: String,
    keys: String,
}

impl Names {
    pub(super) fn new(prefix: &str, is_cluster: bool) -> Self {
        let keys = if is_cluster { format!("{{{prefix}}}") } else { prefix.to_owned() };
        Self { channels: prefix.to_owned(), keys }
    }

    /// `souk:order:{<id>}` or `souk:user:{<id>}`.
    pub(super) fn channel(&self, channel: &Channel) -> String {
        let (kind, id) = match channel {
            Channel::Order(id) => (":order:{", id.as_str()),
            Channel::User(id) => (":user:{", id.as_str()),
        };
        let mut name = String::with_capacity(self.channels.len() + kind.len() + id.len() + 1);
        name.push_str(&self.channels);
        name.push_str(kind);
        name.push_str(id);
        name.push('}');
        name
    }

    /// What stands before a lease's name in its key.
    pub(super) fn lease_prefix(&self) -> String {
        format!("{}:node:", self.keys)
    }

    pub(super) fn lease(&self, name: &str) -> String {
        format!("{}:node:{name}", self.keys)
    }

    /// The hash lease → time of its last renewal: nodes that answer for people, living or not.
    pub(super) fn nodes(&self) -> String {
        format!("{}:nodes", self.keys)
    }

    /// What stands before a lease's name in the key of the people that its node answers for.
    pub(super) fn answers_prefix(&self) -> String {
        format!("{}:answers:", self.keys)
    }

    /// The set of people that the lease's node answers for.
    pub(super) fn answers(&self, lease: &str) -> String {
        format!("{}:answers:{lease}", self.keys)
    }

    /// The hash lease → device count of a person.
    pub(super) fn person(&self, user: &UserId) -> String {
        self.of_user("presence", user)
    }

    /// The sorted set of a person's counted sends.
    pub(super) fn limit(&self, user: &UserId) -> String {
        self.of_user("limit", user)
    }

    /// The sorted set of what a person said.
    pub(super) fn said(&self, user: &UserId) -> String {
        self.of_user("said", user)
    }

    fn of_user(&self, what: &str, user: &UserId) -> String {
        let mut name = String::with_capacity(self.keys.len() + what.len() + user.as_str().len() + 4);
        write!(name, "{}:{what}:{{{user}}}", self.keys).expect("writing to a string does not fail");
        name
    }
}

#[cfg(test)]
mod tests {
    use souk_chat::id::OrderId;

    use super::*;

    #[test]
    fn channels_and_keys_are_named_as_the_protocol_says() {
        let names = Names::new("souk", false);
        let ann = UserId::new("ann").unwrap();
        assert_eq!(names.channel(&Channel::Order(OrderId::new("dm~a~b").unwrap())), "souk:order:{dm~a~b}");
        assert_eq!(names.channel(&Channel::User(ann.clone())), "souk:user:{ann}");
        assert_eq!(names.lease("n~1"), "souk:node:n~1");
        assert_eq!((names.nodes(), names.answers("n~1")), ("souk:nodes".into(), "souk:answers:n~1".into()));
        assert_eq!(names.person(&ann), "souk:presence:{ann}");
        assert_eq!(names.limit(&ann), "souk:limit:{ann}");
        assert_eq!(names.said(&ann), "souk:said:{ann}");
    }

    #[test]
    fn keys_of_a_cluster_share_a_slot_and_channels_are_the_same() {
        let names = Names::new("souk", true);
        let ann = UserId::new("ann").unwrap();
        assert_eq!(names.channel(&Channel::User(ann.clone())), "souk:user:{ann}");
        assert_eq!(names.person(&ann), "{souk}:presence:{ann}");
        assert_eq!(names.lease("n~1"), "{souk}:node:n~1");
    }
}
