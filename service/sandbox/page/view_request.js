// One HTTP request for a message: what the caller got, why, and all that was said in between.

import { askJson } from "/sandbox/page/api.js";
import { make, pairs } from "/sandbox/page/dom.js";
import { fullMoment, milliseconds } from "/sandbox/page/format.js";
import { badge, meaning } from "/sandbox/page/outcome.js";
import { address } from "/sandbox/page/router.js";
import { timeline } from "/sandbox/page/view_timeline.js";

function parsed(text) {
    try {
        return JSON.parse(text) ?? {};
    } catch {
        return {};
    }
}

function recipientRow(recipient) {
    return make(
        "tr",
        {},
        make("td", {}, make("code", {}, recipient.email)),
        make(
            "td",
            {},
            make(
                "span",
                { class: `badge ${recipient.status === "accepted" ? "sent" : "not_sent"}` },
                recipient.status.replace("_", " "),
            ),
        ),
        make("td", {}, [recipient.code, recipient.text].filter(Boolean).join(" ") || "\u2013"),
    );
}

function recipientTable(recipients) {
    return (
        recipients?.length > 0 &&
        make(
            "table",
            {},
            make("caption", { class: "hidden" }, "What became of each recipient"),
            make(
                "thead",
                {},
                make(
                    "tr",
                    {},
                    ["Recipient", "Verdict", "Reply"].map((name) => make("th", { scope: "col" }, name)),
                ),
            ),
            make("tbody", {}, recipients.slice(0, 100).map(recipientRow)),
        )
    );
}

function errorList(errors) {
    return (
        errors?.length > 0 &&
        make(
            "ul",
            { class: "errors" },
            errors.map((error) =>
                make("li", {}, make("code", {}, error.pointer ?? error.parameter ?? ""), " ", error.detail),
            ),
        )
    );
}

// What a caller makes of an answer; `status` and the parsed body.
export function answerView(status, answer) {
    return make(
        "div",
        { class: "answer" },
        make(
            "p",
            { class: `outcome ${answer.delivery ?? (status < 300 ? "sent" : "not_sent")}` },
            badge(answer.delivery, status),
            make("span", {}, meaning(answer) || answer.title || ""),
        ),
        pairs([
            ["Status", `${status}${answer.code ? ` ${answer.code}` : ""}`],
            ["Says", answer.detail],
            ["May be sent again", answer.retryable === undefined ? null : answer.retryable ? "yes" : "no"],
            ["Queue ID", answer.queue_id && make("code", {}, answer.queue_id)],
            ["The relay's words", answer.upstream?.text],
        ]),
        errorList(answer.errors),
        recipientTable(answer.recipients),
    );
}

// Where the caller was told of no message and there is one, or the other way round, that is what is to be learnt here.
function captured(exchange) {
    if (exchange.captured === null) {
        return exchange.delivery === "unknown" && make("p", {}, "The relay does not have the message.");
    }
    const link = make("a", { class: "button", href: address("messages", exchange.captured) }, "Open the message");
    return make(
        "p",
        { class: "captured" },
        link,
        exchange.delivery === "unknown" && " The relay has the message all the same.",
    );
}

export async function requestPage(id) {
    const exchange = await askJson(`/sandbox/exchanges/${encodeURIComponent(id)}`);
    return make(
        "article",
        { class: "request" },
        make(
            "header",
            { class: "head" },
            make("h2", { tabindex: "-1" }, exchange.subject || "(no subject)"),
            make(
                "p",
                { class: "facts" },
                make("time", { datetime: exchange.received_at }, fullMoment(exchange.received_at)),
                make("code", {}, `${exchange.method} ${exchange.target.slice(0, 200)}`),
                make("span", {}, `took ${milliseconds(exchange.took_ms)}`),
            ),
        ),
        answerView(exchange.status, parsed(exchange.response.body)),
        captured(exchange),
        make("h3", {}, "Dialogue"),
        timeline(exchange.timeline, exchange),
    );
}
