// A row of each list.

import { icon, make, unseen } from "/sandbox/page/dom.js";
import { bytes, many, milliseconds, moment } from "/sandbox/page/format.js";
import { badge } from "/sandbox/page/outcome.js";

const MOST_SHOWN = 3;

function recipients(list) {
    const rest = list.length - MOST_SHOWN;
    return list.slice(0, MOST_SHOWN).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

const line = (name, ...children) => make("span", { class: name }, ...children);
const time = (at) => make("time", { datetime: at }, moment(at));

export function messageRow(message, isUnseen) {
    return [
        line(
            isUnseen ? "first new" : "first",
            make("span", { class: "title" }, isUnseen && unseen("New: "), message.subject || "(no subject)"),
            time(message.received_at),
        ),
        line(
            "second",
            make(
                "span",
                { class: "who" },
                unseen("to "),
                make("span", { class: "to" }, recipients(message.envelope.to)),
                ` from ${message.envelope.from || "<>"}`,
            ),
            make(
                "span",
                { class: "size" },
                message.attachments > 0 && [icon("clip"), unseen(`${many(message.attachments, "attachment")}, `)],
                bytes(message.size_bytes),
            ),
        ),
    ];
}

function firstRecipient(request) {
    const rest = request.recipient_count - 1;
    return request.recipient ? ` ${request.recipient}${rest > 0 ? ` and ${rest} more` : ""}` : "";
}

export function requestRow(request) {
    return [
        line("first", make("span", { class: "title" }, request.subject || "(no subject)"), time(request.received_at)),
        line(
            "second",
            make(
                "span",
                { class: "who" },
                badge(request.delivery, request.status),
                ` ${request.status}`,
                firstRecipient(request),
            ),
            make("span", { class: "size" }, milliseconds(request.took_ms)),
        ),
    ];
}

export function sessionRow(session) {
    return [
        line("first", make("span", { class: "title" }, `Session ${session.id}`), time(session.began_at)),
        line(
            "second",
            make("span", { class: "who" }, `from ${session.peer}`),
            make(
                "span",
                { class: "size" },
                session.message_count ? many(session.message_count, "message") : "no message",
            ),
        ),
    ];
}
