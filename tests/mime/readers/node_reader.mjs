// Reads messages with an npm package, `mailparser` or `postal-mime` (see ../parsers.py for what comes in and goes out):
// node node_reader.mjs PACKAGE FOLDER-WITH-NODE_MODULES

import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [name, folder] = process.argv.slice(2);
const require = createRequire(folder + "/");

const mailbox = ({ name: display, address }) => [display, address];
const known = (value) => (value === undefined || value === null || value === false ? null : value);
const sha256 = (content) => createHash("sha256").update(Buffer.from(content)).digest("hex");

function methodOf(file) {
    const type = file.headers && file.headers.get("content-type");
    return known(file.method || (type && type.params && type.params.method));
}

// postal-mime gives the lines of a calendar with LF alone.
function contentOf(file) {
    const isCalendar = /^(text\/calendar|application\/ics)$/.test(file.mimeType || "");
    return isCalendar ? Buffer.from(file.content).toString().replace(/\r?\n/g, "\r\n") : file.content;
}

function fileOf(file) {
    return {
        type: file.contentType || file.mimeType,
        filename: known(file.filename),
        content_id: known(file.contentId) && file.contentId.replace(/^<|>$/g, ""),
        disposition: known(file.contentDisposition || file.disposition),
        method: methodOf(file),
        sha256: sha256(contentOf(file)),
    };
}

async function readWithMailparser(bytes) {
    const { simpleParser } = require("mailparser");
    const libmime = require("libmime");
    const options = {
        skipHtmlToText: true,
        skipTextToHtml: true,
        skipTextLinks: true,
        skipImageLinks: true,
        keepCidLinks: true,
    };
    const mail = await simpleParser(bytes, options);
    const addresses = (field) => [mail[field] || []].flat().flatMap((list) => list.value.map(mailbox));
    return {
        From: addresses("from"),
        Sender: mail.headers.get("sender") ? mail.headers.get("sender").value.map(mailbox) : [],
        "Reply-To": addresses("replyTo"),
        To: addresses("to"),
        Cc: addresses("cc"),
        Subject: known(mail.subject),
        "X-Note": mail.headers.has("x-note") ? libmime.decodeWords(mail.headers.get("x-note")) : null,
        "Message-ID": known(mail.messageId),
        "In-Reply-To": known(mail.inReplyTo),
        References: known(mail.references) && [mail.references].flat().join(" "),
        text: known(mail.text),
        html: known(mail.html),
        files: mail.attachments.map(fileOf),
        defects: [],
    };
}

async function loadPostalMime() {
    const { default: PostalMime, decodeWords } = await import(pathToFileURL(require.resolve("postal-mime")));
    return async (bytes) => {
        const mail = await PostalMime.parse(bytes);
        const addresses = (value) => [value || []].flat().map(mailbox);
        const note = mail.headers.find((field) => field.key === "x-note");
        return {
            From: addresses(mail.from),
            Sender: addresses(mail.sender),
            "Reply-To": addresses(mail.replyTo),
            To: addresses(mail.to),
            Cc: addresses(mail.cc),
            Subject: known(mail.subject),
            "X-Note": note ? decodeWords(note.value) : null,
            "Message-ID": known(mail.messageId),
            "In-Reply-To": known(mail.inReplyTo),
            References: known(mail.references),
            text: known(mail.text),
            html: known(mail.html),
            files: mail.attachments.map(fileOf),
            defects: [],
        };
    };
}

const read = name === "mailparser" ? readWithMailparser : await loadPostalMime();
let pending = Buffer.alloc(0);
let wanted = -1;
const chunks = [];
let have = 0;

// Pieces are kept in a list: joining what has come, a piece at a time, would be quadratic.
for await (const chunk of process.stdin) {
    chunks.push(chunk);
    have += chunk.length;
    while (have > 0) {
        if (wanted < 0) {
            pending = Buffer.concat(chunks);
            chunks.splice(0, chunks.length, pending);
            const end = pending.indexOf(10);
            if (end < 0) break;
            wanted = Number(pending.toString("latin1", 0, end));
            chunks[0] = pending.subarray(end + 1);
            have = chunks[0].length;
        }
        if (have < wanted) break;
        pending = Buffer.concat(chunks);
        const message = pending.subarray(0, wanted);
        chunks.splice(0, chunks.length, pending.subarray(wanted));
        have -= wanted;
        wanted = -1;
        process.stdout.write(JSON.stringify(await read(message)) + "\n");
    }
}
