// The envelope beside the header: what the relay was told, and what the reader is. They differ by design where there
// is a Bcc or a return path, and by mistake elsewhere.

import { make, pairs } from "/sandbox/page/dom.js";
import { number } from "/sandbox/page/format.js";

const MOST_SHOWN = 50;
const FEW = 5;

const valuesOf = (message, name) =>
    message.headers.filter((field) => field.name.toLowerCase() === name).map((field) => field.value);

const tag = (text, title) => make("span", { class: "tag mark", title }, text);

function returnPath(message) {
    const from = message.envelope.from;
    const isInFrom = valuesOf(message, "from").some((value) => value.toLowerCase().includes(from.toLowerCase()));
    const differs =
        from === "" ? tag("null path", "No bounce can come back") : !isInFrom && tag("not in From", "Bounces go here");
    return [make("code", {}, from ? `<${from}>` : "<>"), " ", differs];
}

function recipient(address, named, parameters) {
    const isNamed = named.includes(address.toLowerCase());
    return make(
        "li",
        {},
        make("code", {}, `<${address}>`),
        parameters && [" ", make("code", { class: "parameters" }, parameters)],
        !isNamed && [" ", tag("Bcc", "In no field of the header")],
    );
}

function recipients(message) {
    const named = ["to", "cc"]
        .flatMap((name) => valuesOf(message, name))
        .join(", ")
        .toLowerCase();
    const { to } = message.envelope;
    return make(
        "ul",
        { class: "recipients" },
        to.slice(0, MOST_SHOWN).map((address, i) => recipient(address, named, message.smtp.recipient_parameters[i])),
        to.length > MOST_SHOWN && make("li", {}, `and ${number(to.length - MOST_SHOWN)} more`),
    );
}

function beside(message) {
    const isLong = message.envelope.to.length > FEW; // and so it is scrolled
    const fields = ["From", "Sender", "Reply-To", "To", "Cc", "Return-Path"];
    return make(
        "div",
        { class: "beside" },
        make(
            "section",
            { "aria-labelledby": "envelope-title", tabindex: isLong && "0" },
            make("h3", { id: "envelope-title" }, "Envelope"),
            pairs([
                ["Return path", returnPath(message)],
                ["Recipients", recipients(message)],
                ["Said with", message.smtp.mail_parameters && make("code", {}, message.smtp.mail_parameters)],
            ]),
        ),
        make(
            "section",
            { "aria-labelledby": "header-title", tabindex: isLong && "0" },
            make("h3", { id: "header-title" }, "Header"),
            pairs(fields.flatMap((name) => valuesOf(message, name.toLowerCase()).map((value) => [name, value]))),
        ),
    );
}

let isOpen = !matchMedia("(max-width: 52rem)").matches;

// Open where there is room for it, and then as it was left.
export function envelope(message) {
    const both = beside(message);
    const marks = new Set([...both.querySelectorAll(".mark")].map((mark) => mark.textContent));
    return make(
        "details",
        { class: "envelope", open: isOpen, ontoggle: (event) => (isOpen = event.target.open) },
        make(
            "summary",
            {},
            "Envelope and header ",
            [...marks].map((mark) => [make("span", { class: "tag mark" }, mark), " "]),
        ),
        both,
    );
}
