// Order chat on Socket.IO, as it is usually first written: a room per order, a number per order, a relay. It keeps no messages.
import { parseArgs } from "node:util";
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import jwt from "jsonwebtoken";
import { createClient } from "redis";
import { Server } from "socket.io";

const CONTENT_CHARS = 2_000;
const ORDER_ID = /^[A-Za-z0-9._~-]{1,264}$/;
const CLIENT_MESSAGE_ID = /^[A-Za-z0-9._-]{1,64}$/;

const { values: options } = parseArgs({ options: { listen: { type: "string" }, redis: { type: "string" } } });
const secret = process.env.AUTH_SECRET;
if (!options.listen || !secret) {
  console.error("usage: AUTH_SECRET=… server.mjs --listen HOST:PORT [--redis URL]");
  process.exit(64);
}

const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false });

/** What only one process knows, or all of them by way of Redis. */
let numbers;
if (options.redis) {
  const pub = createClient({ url: options.redis });
  const sub = pub.duplicate();
  for (const client of [pub, sub]) client.on("error", (error) => console.error(`redis: ${error.message}`));
  await Promise.all([pub.connect(), sub.connect()]);
  io.adapter(createAdapter(pub, sub));
  const key = (orderId) => `peer:socketio:head:${orderId}`;
  numbers = {
    next: (orderId) => pub.incr(key(orderId)),
    head: async (orderId) => Number((await pub.get(key(orderId))) ?? 0),
  };
} else {
  const heads = new Map();
  const head = (orderId) => heads.get(orderId) ?? 0;
  const next = (orderId) => {
    const number = head(orderId) + 1;
    heads.set(orderId, number);
    return number;
  };
  numbers = { next, head };
}

class Refusal extends Error {
  constructor(code, message, details) {
    super(message);
    this.answer = { error: { code, message, details } };
  }
}

const isId = (value, form) => typeof value === "string" && form.test(value);

const orderOf = (data) => {
  if (!isId(data?.orderId, ORDER_ID)) {
    throw new Refusal("bad_request", "orderId must be the id of an order");
  }
  return data.orderId;
};

/** A text in characters, not in UTF-16 units; counted only where the two could differ in what they allow. */
const isTooLong = (text) => text.length > CONTENT_CHARS && [...text].length > CONTENT_CHARS;

const contentOf = (data) => {
  if (typeof data.content !== "string") throw new Refusal("bad_request", "content must be a text");
  const content = data.content.trim();
  if (content === "") throw new Refusal("empty", "a message needs at least one character that is not white space");
  if (isTooLong(content)) {
    throw new Refusal("too_long", `a message has at most ${CONTENT_CHARS} characters`, { max: CONTENT_CHARS });
  }
  return content;
};

const handlers = {
  ping: () => ({}),

  join_app: (socket) => ({
    me: socket.data.me,
    sessionId: socket.id,
    serverTime: new Date().toISOString(),
    limits: { messages: 0, windowMs: 60_000, contentChars: CONTENT_CHARS, rooms: 100_000, frameBytes: 65_536 },
    reconnect: { minMs: 500, maxMs: 5_000, factor: 2 },
    pingIntervalMs: io.engine.opts.pingInterval,
    pingTimeoutMs: io.engine.opts.pingTimeout,
    online: [],
    unreadTotal: 0,
  }),

  async join_order_chat(socket, data) {
    const orderId = orderOf(data);
    await socket.join(orderId);
    const head = await numbers.head(orderId);
    const createdAt = new Date().toISOString();
    const chat = { orderId, kind: "order", participants: [], state: "open", head, unread: 0, createdAt };
    return { chat, messages: [], upTo: head, head, more: false };
  },

  async leave_order_chat(socket, data) {
    await socket.leave(orderOf(data));
    return {};
  },

  async send_message(socket, data) {
    const orderId = orderOf(data);
    const content = contentOf(data);
    const { clientMessageId } = data;
    if (clientMessageId !== undefined && !isId(clientMessageId, CLIENT_MESSAGE_ID)) {
      throw new Refusal("bad_request", "clientMessageId must be an id");
    }
    const seq = await numbers.next(orderId);
    const message = {
      id: `${orderId}:${seq}`,
      orderId,
      seq,
      rev: seq,
      version: 1,
      senderId: socket.data.me.userId,
      kind: "text",
      content,
      status: "sent",
      isEdited: false,
      isModerated: false,
      moderationFlags: [],
      createdAt: new Date().toISOString(),
    };
    socket.to(orderId).emit("new_message", message);
    return { ...message, clientMessageId };
  },

  typing(socket, data) {
    const orderId = orderOf(data);
    socket.to(orderId).emit("typing", { orderId, userId: socket.data.me.userId, expiresInMs: 10_000 });
    return {};
  },

  message_delivered: () => ({}),
  message_read: () => ({ unread: 0, unreadTotal: 0 }),
};

const tokenOf = ({ auth, headers }) => auth.token ?? /^Bearer (.+)$/i.exec(headers.authorization ?? "")?.[1];

io.use((socket, next) => {
  try {
    const { sub, role = "client" } = jwt.verify(tokenOf(socket.handshake) ?? "", secret, { algorithms: ["HS256"] });
    if (typeof sub !== "string") throw new Error("the token names nobody");
    socket.data.me = { userId: sub, role };
    next();
  } catch {
    const error = new Error("the token is missing or not valid");
    error.data = { code: "unauthorized" };
    next(error);
  }
});

const answerOf = async (handler, socket, data) => {
  try {
    return await handler(socket, data);
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    console.error(error);
    return { error: { code: "unavailable", message: "this did not work; try again" } };
  }
};

io.on("connection", (socket) => {
  const acknowledge = (ack, answer) => typeof ack === "function" && ack(answer);
  for (const [event, handler] of Object.entries(handlers)) {
    socket.on(event, async (data, ack) => acknowledge(ack, await answerOf(handler, socket, data)));
  }
  socket.onAny((event, ...rest) => {
    if (Object.hasOwn(handlers, event)) return;
    acknowledge(rest.at(-1), { error: { code: "bad_request", message: `there is no event '${event}'` } });
  });
});

const [, host, port] = /^(.+):(\d+)$/.exec(options.listen);
http.listen(Number(port), host, () => {
  const { address, port } = http.address();
  console.log(`listening on ${address}:${port}`);
});
