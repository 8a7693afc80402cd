// The left pane: three lists of which one is shown, searched, kept up to date.

import { ask } from "/sandbox/page/api.js";
import { announce } from "/sandbox/page/announce.js";
import { find } from "/sandbox/page/dom.js";
import { many, number } from "/sandbox/page/format.js";
import { debounced, paced } from "/sandbox/page/pace.js";
import { RowList } from "/sandbox/page/row_list.js";
import { messageRow, requestRow, sessionRow } from "/sandbox/page/rows.js";
import { go, replace } from "/sandbox/page/router.js";
import { Messages, Records } from "/sandbox/page/sources.js";
import { selectTab, watchTabs } from "/sandbox/page/tabs.js";

const FRESH_WAIT_MS = 120;
const SEARCH_WAIT_MS = 180;
const MOVE_WAIT_MS = 90;

const textOfRequest = (r) =>
    `${r.id} ${r.target} ${r.status} ${r.code ?? ""} ${r.delivery ?? ""} ${r.queue_id ?? ""} ${r.subject ?? ""} ${r.recipient ?? ""}`;
const textOfSession = (s) => `${s.id} ${s.peer} ${s.messages.join(" ")}`;

const kinds = {
    messages: {
        name: "Messages",
        one: "message",
        source: new Messages(),
        draw: (item) => messageRow(item, unseen.has(item.id)),
    },
    requests: {
        name: "Requests",
        one: "request",
        source: new Records("/sandbox/exchanges", "exchanges", textOfRequest),
        draw: requestRow,
    },
    sessions: {
        name: "Sessions",
        one: "session",
        source: new Records("/sandbox/sessions", "sessions", textOfSession),
        draw: sessionRow,
    },
};

const unseen = new Set();
let kind = "messages";
let list;
let onFirst = () => {};
let view = ""; // which of a message's views is open, to stay there from one to the next
const isNarrow = matchMedia("(max-width: 52rem)");

const shown = () => kinds[kind];

function report(error) {
    find("count").textContent = error.message;
}

function tellCount() {
    const { source, one } = shown();
    const count = source.items.length;
    find("count").textContent = source.search
        ? `${number(count)}${source.isWhole ? "" : "+"} of ${many(source.total, one)}`
        : many(source.total, one);
    const isNothingFound = count === 0 && source.search !== "";
    find("none").hidden = count > 0;
    find("none").textContent = isNothingFound ? "Nothing fits the search." : `No ${one} yet.`;
    document.title = `${unseen.size ? `(${number(unseen.size)}) ` : ""}Postern sandbox`;
}

// Of those that had to make room, none is waited for.
function forgetUnseen() {
    const { items } = kinds.messages.source;
    if (unseen.size > items.length) {
        const kept = new Set(items.map((message) => message.id));
        [...unseen].filter((id) => !kept.has(id)).forEach((id) => unseen.delete(id));
    }
}

function show(options) {
    const { source } = shown();
    list.show(source.items, { length: source.isWhole ? source.items.length : source.total, ...options });
    tellCount();
}

async function reload() {
    const of = kind;
    await kinds[of].source.reload();
    if (of === kind) {
        show();
    }
}

// Messages are followed also while another list is shown. What comes is new also where all is looked at again.
async function addFresh(of, look = "fresh") {
    const { source, one } = kinds[of];
    const before = source.items.length;
    const added = await source[look]();
    if (of === "messages") {
        noteMessages(added, before === 0);
    }
    if (of !== kind) {
        tellCount();
        return;
    }
    show({ added: added.length });
    if (added.length > 0 && before > 0) {
        announce(added.length === 1 ? `New ${one}: ${added[0].subject ?? added[0].id}` : `${added.length} new ${one}s`);
    }
}

function noteMessages(added, areFirst) {
    if (areFirst) {
        if (added.length > 0) {
            onFirst();
        }
        return;
    }
    added.forEach((message) => unseen.add(message.id));
    forgetUnseen();
}

const refresh = Object.fromEntries(
    Object.keys(kinds).map((of) => [of, paced(FRESH_WAIT_MS, () => addFresh(of).catch(report))]),
);
const reloadSoon = paced(FRESH_WAIT_MS, () =>
    Promise.all([...new Set(["messages", kind])].map((of) => addFresh(of, "renew"))).catch(report),
);

async function more() {
    const { source } = shown();
    if ((await source.more()) && source === shown().source) {
        show();
    }
}

const open = debounced(MOVE_WAIT_MS, (item) => replace(kind, item.id, kind === "messages" ? view : ""));

function move(item) {
    if (!isNarrow.matches) {
        open(item);
    }
}

function openNow(item, byKey) {
    go(kind, item.id, kind === "messages" ? view : "");
    if (byKey || isNarrow.matches) {
        find("detail").focus();
    }
}

async function remove(item) {
    if (kind === "messages") {
        await ask(`/sandbox/messages/${item.id}`, { method: "DELETE" });
    }
}

function select(newKind) {
    kind = newKind;
    find("list").setAttribute("aria-label", shown().name);
    find("list-panel").setAttribute("aria-labelledby", `kind-${kind}`);
    find("search").value = shown().source.search;
    find("export").hidden = kind !== "messages";
    list.clear();
    show();
    reload().catch(report);
}

// What is open on the right is chosen on the left.
export function follow(route) {
    if (route.place in kinds && route.place !== kind) {
        selectTab(find("kinds"), find(`kind-${route.place}`));
        select(route.place);
    }
    if (route.place === "messages" && route.id) {
        view = route.view;
        if (unseen.delete(route.id)) {
            list.redraw(route.id);
            tellCount();
        }
    }
    list.choose(route.place === kind ? route.id : null);
}

export const newest = () => kinds.messages.source.items[0];
export const isEmpty = () => kinds.messages.source.total === 0;

const onEvents = {
    hello: () => reloadSoon(),
    reset: () => reloadSoon(),
    message: () => refresh.messages(),
    exchange: () => kind === "requests" && refresh.requests(),
    session: () => kind === "sessions" && refresh.sessions(),
    removed: ({ id }) => {
        unseen.delete(id);
        kinds.messages.source.remove(id);
        show();
    },
    cleared: () => {
        unseen.clear();
        Object.values(kinds).forEach(({ source }) => source.clear());
        show();
    },
};

export function onEvent(name, data) {
    onEvents[name]?.(data);
}

async function clearAll() {
    const dialog = find("ask-clear");
    dialog.returnValue = "no";
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue === "yes") {
        await ask("/sandbox/messages", { method: "DELETE" });
        announce("Everything is deleted.");
    }
}

// `whenFirst` is called when the first message has come.
export async function start(whenFirst) {
    onFirst = whenFirst;
    list = new RowList(find("list"), {
        draw: (item) => shown().draw(item),
        onMove: move,
        onOpen: openNow,
        onRemove: (item) => remove(item).catch(report),
        onEnd: () => more().catch(report),
    });
    const searchSoon = debounced(SEARCH_WAIT_MS, () => {
        shown().source.search = find("search").value.trim();
        list.toTop();
        reload().catch(report);
    });
    watchTabs(find("kinds"), (tab) => select(tab.id.replace("kind-", "")));
    find("search").addEventListener("input", searchSoon);
    find("search-form").addEventListener("submit", (event) => event.preventDefault());
    find("clear").addEventListener("click", () => clearAll().catch(report));
    await reload().catch(report);
}
