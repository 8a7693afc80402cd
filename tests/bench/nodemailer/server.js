// A gateway as a good engineer would write it with nodemailer: a pool of sessions behind fastify.
// node server.js PACKAGE PORT RELAY_URL SESSIONS
"use strict";

const net = require("node:net");
const [name, port, relayUrl, sessions] = process.argv.slice(2);
const { protocol, port: relayPort } = new URL(relayUrl);
const nodemailer = require(name);

// nodemailer 9 leaves Nagle's algorithm on, which holds a command back until the one before was acknowledged.
function connectWithoutDelay(options, done) {
  const connection = net.connect({ host: options.host, port: options.port, noDelay: true });
  connection.once("error", done);
  connection.once("connect", () => {
    connection.removeListener("error", done);
    done(null, { connection });
  });
}

const relay = nodemailer.createTransport({
  pool: true,
  host: "127.0.0.1",
  port: Number(relayPort),
  ignoreTLS: true,
  secure: protocol === "smtps:",
  tls: { rejectUnauthorized: false },
  maxConnections: Number(sessions),
  disableFileAccess: true,
  disableUrlAccess: true,
  getSocket: connectWithoutDelay,
});

const text = { type: "string" };
const file = { type: "object", additionalProperties: false, properties: { filename: text, content: text } };
const message = {
  type: "object",
  required: ["from", "to", "subject"],
  additionalProperties: false,
  properties: { from: text, to: text, subject: text, text, html: text, attachments: { type: "array", items: file } },
};
const receipt = { type: "object", properties: { message_id: text, reply: text } };

const server = require("fastify")({ bodyLimit: 36 * 1024 * 1024 });
server.post("/v1/messages", { schema: { body: message, response: { 200: receipt } } }, async (request) => {
  const { attachments = [], ...fields } = request.body;
  const files = attachments.map((each) => ({ ...each, encoding: "base64" }));
  const sent = await relay.sendMail({ ...fields, attachments: files });
  return { message_id: sent.messageId, reply: sent.response };
});
server.listen({ host: "127.0.0.1", port: Number(port) });
