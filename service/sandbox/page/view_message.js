// One message: who it is from and for, its files, and the ways to look at it.

import { ask, askJson } from "/sandbox/page/api.js";
import { make, pairs } from "/sandbox/page/dom.js";
import { bytes, fullMoment, many } from "/sandbox/page/format.js";
import { badge, meaning } from "/sandbox/page/outcome.js";
import { address, replace } from "/sandbox/page/router.js";
import { selectTab, watchTabs } from "/sandbox/page/tabs.js";
import { envelope } from "/sandbox/page/view_envelope.js";
import { htmlView } from "/sandbox/page/view_html.js";
import { fileStrip, partTree } from "/sandbox/page/view_parts.js";
import { emlLink, sourceView } from "/sandbox/page/view_source.js";
import { timeline } from "/sandbox/page/view_timeline.js";

const MOST_CHARACTERS = 256 * 1024;

function textView(message) {
    const isCut = message.text_is_cut || message.text.length > MOST_CHARACTERS;
    return [
        isCut && make("p", { class: "quiet" }, "This is the beginning; all of it is in the source."),
        make("div", { class: "text", dir: "auto" }, message.text.slice(0, MOST_CHARACTERS)),
    ];
}

function headersView(message) {
    return pairs(
        message.headers.map(({ name, value }) => [name, value]),
        { class: "headers" },
    );
}

function dialogueView(message, exchange) {
    const own = timeline(message.dialogue, null);
    if (!exchange) {
        return own;
    }
    const theirs = timeline(exchange.timeline, exchange);
    const switchers = make(
        "div",
        { class: "tabs sides", role: "tablist", "aria-label": "Whose record" },
        make(
            "button",
            { type: "button", role: "tab", id: "side-gateway", "aria-controls": "side", "aria-selected": "true" },
            "What the gateway saw",
        ),
        make(
            "button",
            {
                type: "button",
                role: "tab",
                id: "side-relay",
                "aria-controls": "side",
                "aria-selected": "false",
                tabindex: "-1",
            },
            "What the relay saw",
        ),
    );
    const panel = make("div", { id: "side", role: "tabpanel", "aria-labelledby": "side-gateway" }, theirs);
    watchTabs(switchers, (tab) => {
        panel.setAttribute("aria-labelledby", tab.id);
        panel.replaceChildren(tab.id === "side-relay" ? own : theirs);
    });
    return [switchers, panel];
}

// Name, title, whether there is something to see, and what.
const VIEWS = [
    ["html", "HTML", (message) => message.html_url !== null, htmlView],
    ["text", "Text", (message) => message.text !== null, textView],
    ["headers", "Header", () => true, headersView],
    ["parts", "Parts", () => true, (message) => partTree(message.parts)],
    ["source", "Source", () => true, sourceView],
    ["dialogue", "Dialogue", () => true, dialogueView],
];

async function findExchange(message) {
    return message.exchange ? askJson(`/sandbox/exchanges/${message.exchange}`).catch(() => null) : null;
}

function answerOf(exchange) {
    try {
        return JSON.parse(exchange.response.body);
    } catch {
        return {};
    }
}

function outcomeOf(exchange) {
    if (!exchange || exchange.delivery === "sent") {
        return null;
    }
    return make(
        "p",
        { class: `outcome ${exchange.delivery}` },
        badge(exchange.delivery, exchange.status),
        make(
            "span",
            {},
            "The caller got ",
            make("a", { href: address("requests", exchange.id) }, `${exchange.status} ${exchange.code ?? ""}`),
            `. ${meaning(answerOf(exchange))}`,
        ),
    );
}

function head(message, exchange) {
    const remove = make("button", { type: "button", class: "plain" }, "Delete");
    remove.addEventListener("click", () => ask(`/sandbox/messages/${message.id}`, { method: "DELETE" }));
    return make(
        "header",
        { class: "head" },
        make(
            "div",
            { class: "headline" },
            make("h2", { tabindex: "-1" }, message.subject || "(no subject)"),
            make("p", { class: "buttons" }, emlLink(message), remove),
        ),
        make(
            "p",
            { class: "facts" },
            make("time", { datetime: message.received_at }, fullMoment(message.received_at)),
            make("span", {}, bytes(message.size_bytes)),
            make("span", {}, many(message.envelope.to.length, "recipient")),
            make("code", { title: "Queue ID" }, message.queue_id),
        ),
        outcomeOf(exchange),
    );
}

function viewTabs(views) {
    return make(
        "div",
        { class: "tabs views", role: "tablist", "aria-label": "Views" },
        views.map(([name, title]) =>
            make("button", { type: "button", role: "tab", id: `view-${name}`, "aria-controls": "view" }, title),
        ),
    );
}

// The element; what is chosen among its views is kept in the address.
export async function messagePage(id, wanted, isStillWanted) {
    const message = await askJson(`/sandbox/messages/${encodeURIComponent(id)}`);
    const exchange = await findExchange(message);
    const views = VIEWS.filter(([, , isThere]) => isThere(message));
    const tablist = viewTabs(views);
    const panel = make("div", { id: "view", role: "tabpanel", class: "view" });
    async function show(name) {
        const place = Math.max(
            0,
            views.findIndex((view) => view[0] === name),
        );
        const [, , , draw] = views[place];
        const chosen = tablist.children[place];
        selectTab(tablist, chosen);
        panel.setAttribute("aria-labelledby", chosen.id);
        panel.dataset.view = chosen.id.replace("view-", "");
        const drawn = await draw(message, exchange);
        if (chosen.getAttribute("aria-selected") === "true") {
            panel.replaceChildren(...[drawn].flat().filter(Boolean));
        }
    }
    watchTabs(tablist, (tab) => replace("messages", id, tab.id.replace("view-", "")));
    await show(wanted);
    if (!isStillWanted()) {
        return null;
    }
    const page = make(
        "article",
        { class: "message" },
        head(message, exchange),
        envelope(message),
        fileStrip(message.parts),
        tablist,
        panel,
    );
    return { page, show };
}
