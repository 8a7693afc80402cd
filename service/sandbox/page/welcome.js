// What is there before anything came, or is chosen: how to send the first message.

import { askJson } from "/sandbox/page/api.js";
import { copyable } from "/sandbox/page/copy.js";
import { make } from "/sandbox/page/dom.js";
import { address } from "/sandbox/page/router.js";
import { snippets } from "/sandbox/page/snippets.js";

const FIRST = { from: "ann@example.com", to: "bob@example.net", subject: "Hello", text: "It works." };

function firstCurl() {
    const [[, , code]] = snippets({
        url: `${location.origin}/v1/messages`,
        hasKey: false,
        message: FIRST,
        hasFiles: false,
    });
    return copyable(code, "Shell");
}

const KEYS = [
    ["\u2191 \u2193", "one message up or down, in the list"],
    ["Enter", "to the message itself"],
    ["Delete", "removes a message"],
];

async function smtpAddress() {
    try {
        const { smtp_host: host, smtp_port: port } = await askJson("/sandbox/server");
        return port ? `${host}:${port}` : host;
    } catch {
        return "the address that postern sandbox prints";
    }
}

export async function welcomePage(isEmpty) {
    const smtp = await smtpAddress();
    return make(
        "article",
        { class: "welcome" },
        make("h2", { tabindex: "-1" }, isEmpty ? "Nothing has come yet" : "Nothing is chosen"),
        make(
            "p",
            { class: "lead" },
            isEmpty
                ? "Send a first message. It stays on this machine, and shows up here as soon as it is there, with all that was said to deliver it."
                : "Choose a message from the list, or send another one.",
        ),
        firstCurl(),
        make(
            "ul",
            { class: "ways" },
            make(
                "li",
                {},
                make("a", { href: address("compose") }, "Compose one here"),
                " and take the program along, in five languages.",
            ),
            make(
                "li",
                {},
                make("a", { href: address("rehearse") }, "Rehearse a failure"),
                ": a lost connection, a full mailbox, a bad password.",
            ),
            make("li", {}, "Send by SMTP from any client to ", make("code", {}, smtp), "."),
        ),
        make(
            "dl",
            { class: "keys" },
            KEYS.map(([name, what]) => [make("dt", {}, make("kbd", {}, name)), make("dd", {}, what)]),
        ),
    );
}
