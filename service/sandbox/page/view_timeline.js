// A time line as it is read: steps with their names, lines with their direction and time, pauses where there were some.

import { make, unseen } from "/sandbox/page/dom.js";
import { bytes, pause } from "/sandbox/page/format.js";
import { steps } from "/sandbox/page/steps.js";
import { readableJson } from "/sandbox/page/readable.js";

const WHO = {
    client: ["C", "client says"],
    server: ["S", "server says"],
    note: ["", "note"],
    http_request: ["→", "the caller asks"],
    http_response: ["←", "the caller gets"],
};

function showLine(line) {
    const [sign, words] = WHO[line.from] ?? WHO.note;
    return [
        line.gapMs > 0 && make("li", { class: "gap" }, `${pause(line.gapMs)} pass`),
        make(
            "li",
            { class: `line ${line.from} ${line.tone}` },
            make("span", { class: "at" }, line.at_ms.toFixed(1), unseen(" milliseconds, ")),
            make("span", { class: "sign", "aria-hidden": "true" }, sign),
            unseen(`${words}: `),
            make("span", { class: "said" }, line.text),
        ),
    ];
}

const fieldLines = (fields) => fields.map(({ name, value }) => `${name}: ${value}`).join("\n");

function whatWasAsked(exchange) {
    const { request } = exchange;
    return make(
        "details",
        { class: "http" },
        make("summary", {}, `Header and body (${bytes(request.body_bytes)})`),
        make(
            "pre",
            { tabindex: "0", role: "region", "aria-label": "Header of the request" },
            fieldLines(request.fields),
        ),
        make("pre", { tabindex: "0", role: "region", "aria-label": "Body of the request" }, readableJson(request.body)),
    );
}

function whatWasAnswered(exchange) {
    return make(
        "details",
        { class: "http", open: true },
        make("summary", {}, `${exchange.response.content_type ?? "Body"} (${bytes(exchange.response.body_bytes)})`),
        make(
            "pre",
            { tabindex: "0", role: "region", "aria-label": "Body of the answer" },
            readableJson(exchange.response.body),
        ),
    );
}

const extras = { request: whatWasAsked, response: whatWasAnswered };

function showStep(step, exchange) {
    return make(
        "li",
        { class: `step ${step.kind}` },
        make("h3", {}, step.name),
        make("ol", { class: "lines" }, step.lines.map(showLine)),
        exchange && extras[step.kind]?.(exchange),
    );
}

// `exchange` where there was an HTTP request; else null.
export function timeline(lines, exchange) {
    if (lines.length === 0) {
        return make("p", { class: "quiet" }, "Nothing was said.");
    }
    return make(
        "ol",
        { class: "timeline" },
        steps(lines).map((step) => showStep(step, exchange)),
    );
}
