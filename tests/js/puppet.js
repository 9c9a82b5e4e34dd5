// The stock Socket.IO client as a puppet: one JSON object a line on standard input tells it what to do, one a line on standard
// output tells what it saw, in the order it saw it. It adds nothing of its own: no retry, no state.
"use strict";

const readline = require("node:readline");
const { io } = require("socket.io-client");

const sockets = new Map();
const tell = (line) => process.stdout.write(JSON.stringify(line) + "\n");

const commands = {
  connect({ socket: name, url, options }) {
    const socket = io(url, { transports: ["websocket"], forceNew: true, ...options });
    sockets.set(name, socket);
    socket.on("connect", () => tell({ socket: name, what: "connect" }));
    socket.on("disconnect", (reason) => tell({ socket: name, what: "disconnect", reason }));
    socket.on("connect_error", (error) =>
      tell({ socket: name, what: "refused", message: error.message, data: error.data, active: socket.active }),
    );
    socket.onAny((event, data) => tell({ socket: name, what: "push", event, data }));
  },
  emit({ socket, event, data, ack }) {
    if (ack === undefined) sockets.get(socket).emit(event, data);
    else sockets.get(socket).emit(event, data, (answer) => tell({ socket, what: "ack", ack, answer }));
  },
  disconnect({ socket }) {
    sockets.get(socket).disconnect();
  },
};

readline
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const command = JSON.parse(line);
    commands[command.do](command);
  })
  .on("close", () => process.exit(0));
