-- A file of schema version 1 with the order `kitchen-7`, as that version's program left it.
CREATE TABLE entries (
    id INTEGER PRIMARY KEY, ord INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL, at INTEGER NOT NULL,
    client INTEGER NOT NULL, contractor INTEGER NOT NULL, owner INTEGER NOT NULL, name TEXT NOT NULL, fingerprint BLOB,
    targets TEXT, rev INTEGER, version INTEGER, content TEXT, edited_at INTEGER, moderated INTEGER, flags INTEGER,
    sender INTEGER, created_at INTEGER, client_message_id TEXT
) STRICT;
CREATE TABLE heartbeats (
    incarnation TEXT PRIMARY KEY, beat INTEGER NOT NULL, oldest_minute INTEGER NOT NULL, minute INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE keys (
    log INTEGER NOT NULL, owner INTEGER NOT NULL, name TEXT NOT NULL, place INTEGER NOT NULL,
    PRIMARY KEY (log, owner, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE logs (
    ord INTEGER PRIMARY KEY, seq INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL DEFAULT 0,
    client INTEGER NOT NULL DEFAULT 0, contractor INTEGER NOT NULL DEFAULT 0, at INTEGER NOT NULL,
    owes INTEGER NOT NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0,
    client_delivered INTEGER NOT NULL DEFAULT 0, client_delivered_others INTEGER NOT NULL DEFAULT 0,
    client_read INTEGER NOT NULL DEFAULT 0, client_read_others INTEGER NOT NULL DEFAULT 0,
    contractor_delivered INTEGER NOT NULL DEFAULT 0, contractor_delivered_others INTEGER NOT NULL DEFAULT 0,
    contractor_read INTEGER NOT NULL DEFAULT 0, contractor_read_others INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, client INTEGER NOT NULL, contractor INTEGER NOT NULL,
    title TEXT, status TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE owed (
    ord INTEGER NOT NULL, seq INTEGER NOT NULL, type TEXT NOT NULL, about TEXT NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (ord, seq, type, about)
) STRICT, WITHOUT ROWID;
CREATE TABLE places (
    log INTEGER NOT NULL, number INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (log, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE recent (one INTEGER PRIMARY KEY CHECK (one = 1), first_row INTEGER NOT NULL) STRICT;
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE INDEX orders_of_client ON orders (client);
CREATE INDEX orders_of_contractor ON orders (contractor);
CREATE INDEX logs_owing ON logs (ord) WHERE owes > events;
INSERT INTO entries VALUES (1, 1, 1, 1, 1700000000001, 1, 0, 1, 'm-1', X'536F6227736677276B62666C7407070707070707', NULL, 3, 2, 'The tap in the kitchen leaks', 1700000000003, 0, 0, NULL, NULL, NULL);
INSERT INTO entries VALUES (2, 1, 2, 1, 1700000000002, 1, 1, 2, 'm-2', X'44666B6B273232322737363E3E07070707070707', NULL, 4, 2, 'Call ***', NULL, 1, 1, NULL, NULL, NULL);
INSERT INTO entries VALUES (3, 1, 3, 2, 1700000000003, 1, 1, 1, 'e-1', NULL, '1', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO entries VALUES (4, 1, 4, 3, 1700000000004, 1, 1, 0, 'mask-2', NULL, '2', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO entries VALUES (5, 1, 5, 1, 1700000000005, 2, 1, 1, 'm-5', X'6870627407070707070707070707070707070707', NULL, NULL, 1, 'owes', NULL, 0, 0, NULL, NULL, NULL);
INSERT INTO logs VALUES (1, 5, 0, 2, 1, 1700000000005, 5, 0, 0, 0, 0, 0, 0, 0, 1, 1);
INSERT INTO orders VALUES (1, 'kitchen-7', 1, 2, 'A tap', 'created', 1700000000000);
INSERT INTO owed VALUES (1, 5, 'chat.notification.v1', 'bob', 'sender_name=Ann');
INSERT INTO recent VALUES (1, 1);
INSERT INTO users VALUES (1, 'ann');
INSERT INTO users VALUES (2, 'bob');
PRAGMA application_id = 1936684395;
PRAGMA user_version = 1;
