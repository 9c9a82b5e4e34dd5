//! Every statement, prepared once for each connection to a cluster.

use scylla::client::session::Session;
use scylla::errors::PrepareError;
use scylla::statement::Consistency;
use scylla::statement::prepared::PreparedStatement;

/// The statements. `serial_` ones read at SERIAL, which finishes any conditional write that was under way.
pub(crate) struct Statements {
    pub(crate) raise_head: PreparedStatement,
    pub(crate) make_head: PreparedStatement,
    pub(crate) make_marker: PreparedStatement,
    pub(crate) put_entry: PreparedStatement,
    pub(crate) put_key: PreparedStatement,
    pub(crate) put_owed: PreparedStatement,
    pub(crate) change: PreparedStatement,
    pub(crate) make_overlay: PreparedStatement,
    pub(crate) copy_back: PreparedStatement,
    pub(crate) look: PreparedStatement,
    pub(crate) serial_look: PreparedStatement,
    pub(crate) entries: PreparedStatement,
    pub(crate) entries_before: PreparedStatement,
    pub(crate) entries_in: PreparedStatement,
    pub(crate) overlays: PreparedStatement,
    pub(crate) owed: PreparedStatement,
    pub(crate) put_order: PreparedStatement,
    pub(crate) change_order: PreparedStatement,
    pub(crate) order: PreparedStatement,
    pub(crate) serial_order: PreparedStatement,
    pub(crate) raise_volume: PreparedStatement,
    pub(crate) raise_events: PreparedStatement,
    pub(crate) order_marks: PreparedStatement,
    pub(crate) raise_delivered: PreparedStatement,
    pub(crate) raise_read: PreparedStatement,
    pub(crate) marks: PreparedStatement,
    pub(crate) make_row: PreparedStatement,
    pub(crate) advance_row: PreparedStatement,
    pub(crate) read_row: PreparedStatement,
    pub(crate) list: PreparedStatement,
    pub(crate) put_intent: PreparedStatement,
    pub(crate) drop_intent: PreparedStatement,
    pub(crate) intents: PreparedStatement,
    pub(crate) beat: PreparedStatement,
    pub(crate) forget: PreparedStatement,
    pub(crate) heartbeats: PreparedStatement,
    pub(crate) put_original: PreparedStatement,
    pub(crate) originals: PreparedStatement,
    pub(crate) put_audit: PreparedStatement,
    pub(crate) put_audit_hour: PreparedStatement,
    pub(crate) audit: PreparedStatement,
    pub(crate) audit_hours: PreparedStatement,
    pub(crate) epoch: PreparedStatement,
    pub(crate) change_epoch: PreparedStatement,
}

const RAISE_HEAD: &str = "UPDATE log SET head = ? WHERE order_id = ? AND volume = ? IF head = ?";
const MAKE_HEAD: &str = "UPDATE log SET head = ? WHERE order_id = ? AND volume = ? IF head = null";
const MAKE_MARKER: &str =
    "INSERT INTO log (order_id, volume, section, seq, name) VALUES (?, ?, 0, 0, '') IF NOT EXISTS";
// Without a condition of its own: it is written in the batch that raises the head, and so once.
const PUT_ENTRY: &str = "
INSERT INTO log (order_id, volume, section, seq, name, kind, key, at, client, contractor, targets, version, rev, content,
                 edited_at, moderated, flags, sender, created_at, client_message_id)
VALUES (?, ?, 1, ?, '', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const PUT_KEY: &str = "
INSERT INTO log (order_id, volume, section, seq, name, made, fingerprint) VALUES (?, ?, 0, 0, ?, ?, ?) IF NOT EXISTS";
const PUT_OWED: &str = "INSERT INTO log (order_id, volume, section, seq, name, facts) VALUES (?, ?, 2, ?, ?, ?)";
const CHANGE: &str = "
UPDATE log SET version = ?, rev = ?, content = ?, edited_at = ?, moderated = ?, flags = ?
WHERE order_id = ? AND volume = ? AND section = ? AND seq = ? AND name = '' IF version = ?";
const MAKE_OVERLAY: &str = "
INSERT INTO log (version, rev, content, edited_at, moderated, flags, order_id, volume, section, seq, name)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 3, ?, '') IF NOT EXISTS";
const COPY_BACK: &str = "
UPDATE log SET version = ?, rev = ?, content = ?, edited_at = ?, moderated = ?, flags = ?
WHERE order_id = ? AND volume = ? AND section = 1 AND seq = ? AND name = '' IF version < ?";
// The marker is always asked for: a static column comes only with a row that is found.
const LOOK: &str = "
SELECT head, name, made, fingerprint FROM log
WHERE order_id = ? AND volume = ? AND section = 0 AND seq = 0 AND name IN ?";

macro_rules! entry_select {
    ($where:literal) => {
        concat!(
            "SELECT head, seq, kind, key, at, client, contractor, targets, version, rev, content, edited_at, moderated, \
             flags, sender, created_at, client_message_id FROM log \
             WHERE order_id = ? AND volume = ? AND section = 1 AND ",
            $where
        )
    };
}
const ENTRIES: &str = entry_select!("seq > ? LIMIT ?");
const ENTRIES_BEFORE: &str = entry_select!("seq < ? ORDER BY section DESC, seq DESC, name DESC LIMIT ?");
const ENTRIES_IN: &str = entry_select!("seq IN ?");
const OVERLAYS: &str = "
SELECT seq, version, rev, content, edited_at, moderated, flags FROM log
WHERE order_id = ? AND volume = ? AND section = 3 AND seq >= ? AND seq <= ?";
const OWED: &str = "
SELECT seq, name, facts FROM log WHERE order_id = ? AND volume = ? AND section = 2 AND seq > ? AND seq <= ? LIMIT ?";

const PUT_ORDER: &str = "
INSERT INTO orders (order_id, client, contractor, title, status, created_at) VALUES (?, ?, ?, ?, ?, ?) IF NOT EXISTS";
const CHANGE_ORDER: &str = "UPDATE orders SET title = ?, status = ? WHERE order_id = ? IF EXISTS";
const ORDER: &str = "SELECT client, contractor, title, status, created_at FROM orders WHERE order_id = ?";

const RAISE_VOLUME: &str = "UPDATE order_marks USING TIMESTAMP ? SET volume = ? WHERE order_id = ?";
const RAISE_EVENTS: &str = "UPDATE order_marks USING TIMESTAMP ? SET events = ? WHERE order_id = ?";
const ORDER_MARKS: &str = "SELECT events, volume FROM order_marks WHERE order_id = ?";
const RAISE_DELIVERED: &str =
    "UPDATE marks USING TIMESTAMP ? SET delivered = ?, delivered_others = ? WHERE order_id = ? AND user_id = ?";
const RAISE_READ: &str =
    "UPDATE marks USING TIMESTAMP ? SET read = ?, read_others = ? WHERE order_id = ? AND user_id = ?";
const MARKS: &str =
    "SELECT user_id, delivered, delivered_others, read, read_others FROM marks WHERE order_id = ? AND user_id IN ?";
const MAKE_ROW: &str = "
INSERT INTO lists (user_id, order_id, head, others, at, read, read_others) VALUES (?, ?, 0, 0, ?, 0, 0)
USING TIMESTAMP 0";
const ADVANCE_ROW: &str =
    "UPDATE lists USING TIMESTAMP ? SET head = ?, others = ?, at = ? WHERE user_id = ? AND order_id = ?";
const READ_ROW: &str =
    "UPDATE lists USING TIMESTAMP ? SET read = ?, read_others = ? WHERE user_id = ? AND order_id = ?";
const LIST: &str = "SELECT order_id, head, others, at, read, read_others FROM lists WHERE user_id = ? LIMIT ?";

const PUT_INTENT: &str = "INSERT INTO intents (incarnation, minute, order_id, key, head) VALUES (?, ?, ?, ?, ?)";
const DROP_INTENT: &str =
    "DELETE FROM intents WHERE incarnation = ? AND minute = ? AND order_id = ? AND key = ? AND head = ?";
const INTENTS: &str = "SELECT order_id, key, head FROM intents WHERE incarnation = ? AND minute = ? LIMIT ?";
const BEAT: &str = "INSERT INTO heartbeats (bucket, incarnation, beat, oldest_minute, minute) VALUES (?, ?, ?, ?, ?)";
const FORGET: &str = "DELETE FROM heartbeats WHERE bucket IN ? AND incarnation = ?";
const HEARTBEATS: &str = "SELECT incarnation, beat, oldest_minute, minute FROM heartbeats WHERE bucket = ?";

const PUT_ORIGINAL: &str =
    "INSERT INTO originals (order_id, volume, owner, id, message, why, kept) VALUES (?, ?, ?, ?, ?, ?, ?)";
const ORIGINALS: &str = "
SELECT owner, id, message, why, kept FROM originals
WHERE order_id = ? AND volume = ? AND (owner, id, message, why) > (?, ?, ?, ?) LIMIT ?";
const PUT_AUDIT: &str = "
INSERT INTO audit (hour, at, number, actor, role, action, order_id, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
const PUT_AUDIT_HOUR: &str = "INSERT INTO audit_hours (bucket, hour) VALUES (0, ?)";
const AUDIT: &str = "
SELECT at, number, actor, role, action, order_id, details FROM audit
WHERE hour = ? AND (at, number) < (?, ?) LIMIT ?";
const AUDIT_HOURS: &str = "SELECT hour FROM audit_hours WHERE bucket = 0 AND hour <= ? LIMIT ?";

const EPOCH: &str = "SELECT value FROM settings WHERE name = 'epoch'";
const CHANGE_EPOCH: &str = "UPDATE settings SET value = ? WHERE name = 'epoch' IF value = ?";

impl Statements {
    /// Prepares all of them, some at a time. `serial` is SERIAL or LOCAL_SERIAL.
    pub(crate) async fn prepare(session: &Session, serial: Consistency) -> Result<Self, PrepareError> {
        let one = |text: &'static str| session.prepare(text);
        let at_serial = async |text: &'static str| {
            let mut statement = session.prepare(text).await?;
            statement.set_consistency(serial);
            Ok::<_, PrepareError>(statement)
        };
        Ok(Self {
            raise_head: one(RAISE_HEAD).await?,
            make_head: one(MAKE_HEAD).await?,
            make_marker: one(MAKE_MARKER).await?,
            put_entry: one(PUT_ENTRY).await?,
            put_key: one(PUT_KEY).await?,
            put_owed: one(PUT_OWED).await?,
            change: one(CHANGE).await?,
            make_overlay: one(MAKE_OVERLAY).await?,
            copy_back: one(COPY_BACK).await?,
            look: one(LOOK).await?,
            serial_look: at_serial(LOOK).await?,
            entries: one(ENTRIES).await?,
            entries_before: one(ENTRIES_BEFORE).await?,
            entries_in: one(ENTRIES_IN).await?,
            overlays: one(OVERLAYS).await?,
            owed: one(OWED).await?,
            put_order: one(PUT_ORDER).await?,
            change_order: one(CHANGE_ORDER).await?,
            order: one(ORDER).await?,
            serial_order: at_serial(ORDER).await?,
            raise_volume: one(RAISE_VOLUME).await?,
            raise_events: one(RAISE_EVENTS).await?,
            order_marks: one(ORDER_MARKS).await?,
            raise_delivered: one(RAISE_DELIVERED).await?,
            raise_read: one(RAISE_READ).await?,
            marks: one(MARKS).await?,
            make_row: one(MAKE_ROW).await?,
            advance_row: one(ADVANCE_ROW).await?,
            read_row: one(READ_ROW).await?,
            list: one(LIST).await?,
            put_intent: one(PUT_INTENT).await?,
            drop_intent: one(DROP_INTENT).await?,
            intents: one(INTENTS).await?,
            beat: one(BEAT).await?,
            forget: one(FORGET).await?,
            heartbeats: one(HEARTBEATS).await?,
            put_original: one(PUT_ORIGINAL).await?,
            originals: one(ORIGINALS).await?,
            put_audit: one(PUT_AUDIT).await?,
            put_audit_hour: one(PUT_AUDIT_HOUR).await?,
            audit: one(AUDIT).await?,
            audit_hours: one(AUDIT_HOURS).await?,
            epoch: one(EPOCH).await?,
            change_epoch: one(CHANGE_EPOCH).await?,
        })
    }
}
