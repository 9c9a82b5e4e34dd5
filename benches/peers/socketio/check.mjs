// What `smoke` asks of a peer, over real connections: check.mjs NAME ADDRESS [OTHER-NODE]. AUTH_SECRET as the peer has it.
import assert from "node:assert/strict";
import { once } from "node:events";
import jwt from "jsonwebtoken";
import { io } from "socket.io-client";
import WebSocket from "ws";

const PATIENCE_MS = 5_000;

const [name, node, other = node] = process.argv.slice(2);
const plain = name === "floor";
const secret = process.env.AUTH_SECRET;
const run = `${process.pid}-${Date.now()}`;

const sign = (sub, key = secret) => jwt.sign({ sub, role: "client" }, key, { algorithm: "HS256", expiresIn: 600 });

const within = (what, promise) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing came in ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

/** What was pushed to a device, waited for one by one. */
class Pushes {
  #came = [];
  #waiting = [];
  put(event, data) {
    const waiting = this.#waiting.shift();
    if (waiting) waiting([event, data]);
    else this.#came.push([event, data]);
  }
  next(what) {
    if (this.#came.length > 0) return this.#came.shift();
    return within(what, new Promise((resolve) => this.#waiting.push(resolve)));
  }
  get left() {
    return this.#came;
  }
}

/** A device on Socket.IO. */
const overSocketIo = async (address, { token, header }) => {
  const socket = io(`http://${address}`, {
    transports: ["websocket"],
    forceNew: true,
    reconnection: false,
    auth: token ? { token } : {},
    extraHeaders: header ? { Authorization: `Bearer ${header}` } : {},
  });
  const pushes = new Pushes();
  socket.onAny((event, data) => pushes.put(event, data));
  const refused = new Promise((_, reject) => socket.once("connect_error", reject));
  await within("connecting", Promise.race([new Promise((resolve) => socket.once("connect", resolve)), refused]));
  const ask = (event, data) => within(event, new Promise((resolve) => socket.emit(event, data, resolve)));
  return { pushes, ask, close: () => socket.disconnect() };
};

/** A device on the plain carrier. */
const overPlain = async (address, { token, header }) => {
  const headers = header ? { Authorization: `Bearer ${header}` } : {};
  const socket = new WebSocket(`ws://${address}/ws`, "souk.v1", { headers });
  const pushes = new Pushes();
  const asked = new Map();
  let id = 0;
  socket.on("message", (text) => {
    const frame = JSON.parse(text);
    if (frame.event) return pushes.put(frame.event, frame.data);
    asked.get(frame.id)(frame.error ? { error: frame.error } : frame.data);
    asked.delete(frame.id);
  });
  await within("connecting", once(socket, "open"));
  const ask = (event, data) => {
    id += 1;
    const answer = new Promise((resolve) => asked.set(id, resolve));
    socket.send(JSON.stringify({ id, event, data }));
    return within(event, answer);
  };
  if (token) await ask("authenticate", { token });
  const beat = async () => {
    socket.ping("beat");
    const [data] = await within("pong", once(socket, "pong"));
    assert.equal(String(data), "beat");
  };
  return { pushes, ask, close: () => socket.close(), beat };
};

const device = plain ? overPlain : overSocketIo;

const isTime = (text) => assert.match(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

const joins = async (who, orderId, head) => {
  const { chat, ...rest } = await who.ask("join_order_chat", { orderId, since: 0 });
  assert.deepEqual(rest, { messages: [], upTo: head, head, more: false });
  const { createdAt, ...is } = chat;
  isTime(createdAt);
  assert.deepEqual(is, { orderId, kind: "order", participants: [], state: "open", head, unread: 0 });
};

const checkMessages = async (ann, bob, orderId) => {
  const said = [
    // The floor reads no escapes.
    [plain ? "  good morning " : "  good morning \n", "good morning"],
    ['"quoted" \\ "orderId":"x" {}', '"quoted" \\ "orderId":"x" {}'],
    [`${"ж".repeat(1_999)}😀`, `${"ж".repeat(1_999)}😀`],
  ];
  let seq = 0;
  for (const [content, kept] of said) {
    seq += 1;
    const clientMessageId = `c-${seq}`;
    const { createdAt, ...answer } = await ann.ask("send_message", { orderId, content, clientMessageId });
    isTime(createdAt);
    const id = `${orderId}:${seq}`;
    const message = { id, orderId, seq, rev: seq, version: 1, senderId: "ann", kind: "text", content: kept };
    Object.assign(message, { status: "sent", isEdited: false, isModerated: false, moderationFlags: [] });
    assert.deepEqual(answer, { ...message, clientMessageId });
    assert.deepEqual(await bob.pushes.next("new_message"), ["new_message", { ...message, createdAt }]);
  }
  const without = await bob.ask("send_message", { orderId, content: "and you?" });
  assert.equal(without.seq, seq + 1, "one count for both nodes");
  assert.ok(!("clientMessageId" in without));
  assert.equal((await ann.pushes.next("new_message"))[1].senderId, "bob");
  return seq + 1;
};

const checkRefusals = async (ann, orderId) => {
  const refusal = async (event, data) => {
    const { error } = await ann.ask(event, data);
    assert.equal(typeof error?.message, "string", `${event} was not refused`);
    return error;
  };
  const long = await refusal("send_message", { orderId, content: "x".repeat(2_001) });
  assert.deepEqual([long.code, long.details], ["too_long", { max: 2_000 }]);
  assert.equal((await refusal("send_message", { orderId, content: plain ? "  " : " \t " })).code, "empty");
  assert.equal((await refusal("send_message", { orderId })).code, "bad_request");
  assert.equal((await refusal("join_order_chat", {})).code, "bad_request");
  assert.equal((await refusal("dance", {})).code, "bad_request");
};

const checkTokens = async () => {
  const outcome = (how) => device(node, how).then((open) => open.close(), (error) => error);
  for (const how of [{ token: sign("eve", "another key") }, { token: "x" }, {}]) {
    const error = await outcome(how);
    assert.ok(error instanceof Error, "a bad token must be refused");
    assert.equal(error.message, "the token is missing or not valid");
    // socketioxide has no place for more than a message.
    if (name === "socketio") assert.deepEqual(error.data, { code: "unauthorized" });
  }
};

const orderId = `order-${run}`;
const [ann, bob] = [await device(node, { token: sign("ann") }), await device(other, { header: sign("bob") })];
const hello = await ann.ask("join_app", {});
assert.deepEqual(hello.me, { userId: "ann", role: "client" });
assert.deepEqual(hello.reconnect, { minMs: 500, maxMs: 5_000, factor: 2 });
assert.deepEqual([hello.limits.messages, hello.limits.contentChars], [0, 2_000]);
assert.deepEqual([hello.pingIntervalMs, hello.pingTimeoutMs, hello.online, hello.unreadTotal], [25_000, 20_000, [], 0]);

await joins(ann, orderId, 0);
await joins(bob, orderId, 0);
const head = await checkMessages(ann, bob, orderId);
await joins(ann, orderId, head);

assert.deepEqual(await ann.ask("typing", { orderId }), {});
assert.deepEqual(await bob.pushes.next("typing"), ["typing", { orderId, userId: "ann", expiresInMs: 10_000 }]);
const messageId = `${orderId}:1`;
assert.deepEqual(await bob.ask("message_delivered", { messageId }), {});
assert.deepEqual(await bob.ask("message_read", { messageId }), { unread: 0, unreadTotal: 0 });
assert.deepEqual(await bob.ask("ping", {}), {});
await checkRefusals(ann, orderId);
if (plain) await ann.beat();
else await checkTokens();

// Whoever left hears nothing, nor does anybody of another order, nor the sender.
assert.deepEqual(await bob.ask("leave_order_chat", { orderId }), {});
await joins(bob, `other-${run}`, 0);
await ann.ask("send_message", { orderId, content: "are you there?" });
await ann.ask("send_message", { orderId: `other-${run}`, content: "here" });
assert.equal((await bob.pushes.next("new_message"))[1].content, "here");
assert.deepEqual([ann.pushes.left, bob.pushes.left], [[], []]);

ann.close();
bob.close();
console.log(`${name}${other === node ? "" : ", two nodes"}: as agreed`);
