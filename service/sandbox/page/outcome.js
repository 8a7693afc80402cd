// What became of a mail, in the words of the receipt, and what that means for who sent it.

import { make } from "/sandbox/page/dom.js";

export const MEANINGS = {
    sent: "The relay said that it has the message. Do not send it again.",
    partial: "The relay has the message for some of the recipients. Send it again only for the others.",
    not_sent: "The relay does not have the message, and that is certain.",
    unknown:
        "The relay may have the message or not: its answer to the end of the data never came. A second copy is possible.",
};

// The look of a receipt: what it says, or for an answer without one its status.
export function toneOf(delivery, status) {
    return delivery ?? (status < 300 ? "sent" : status < 400 ? "partial" : "not_sent");
}

export function badge(delivery, status) {
    const words = delivery ? delivery.replace("_", " ") : status < 300 ? "dry run" : "refused";
    return make("span", { class: `badge ${toneOf(delivery, status)}` }, words);
}

export function meaning(answer) {
    if (answer.delivery === "not_sent") {
        const again = answer.retryable
            ? "Sending it again is safe, and may go well."
            : "Sending it again would go no better.";
        return `${MEANINGS.not_sent} ${again}`;
    }
    return MEANINGS[answer.delivery] ?? "";
}
