// The sandbox's page: the list as it grows, and one message with its dialogue and its source.
// What a message says is only ever set as text, never as markup.

const find = (id) => document.getElementById(id);
const shown = { messages: [], nextBefore: null, chosen: null };

async function ask(path, options) {
    const response = await fetch(path, options);
    if (!response.ok) {
        throw new Error(`${response.status} for ${path}`);
    }
    return response;
}

function element(name, text, ...children) {
    const made = document.createElement(name);
    if (text !== null) {
        made.textContent = text;
    }
    made.append(...children);
    return made;
}

function listItem(message) {
    const button = element(
        "button",
        null,
        element("span", message.subject || "(no subject)"),
        element("span", `${message.envelope.from || "<>"} to ${message.envelope.to.join(", ")}`),
        element("time", new Date(message.received_at).toLocaleTimeString()),
    );
    button.type = "button";
    button.setAttribute("aria-current", String(message.id === shown.chosen));
    button.addEventListener("click", () => choose(message.id));
    return element("li", null, button);
}

function showList() {
    const isEmpty = shown.messages.length === 0;
    find("list").replaceChildren(...shown.messages.map(listItem));
    find("more").hidden = shown.nextBefore === null;
    find("empty").hidden = find("first-curl").hidden = !isEmpty || find("search").value !== "";
}

function query(more) {
    const parameters = new URLSearchParams({ limit: "100" });
    if (find("search").value) {
        parameters.set("search", find("search").value);
    }
    if (more) {
        parameters.set("before", String(shown.nextBefore));
    }
    return `/sandbox/messages?${parameters}`;
}

async function load(more = false) {
    const answer = await (await ask(query(more))).json();
    shown.messages = more ? shown.messages.concat(answer.messages) : answer.messages;
    shown.nextBefore = answer.next_before;
    showList();
}

async function timeline(message) {
    if (message.exchange === null) {
        return message.dialogue;
    }
    const response = await fetch(`/sandbox/exchanges/${message.exchange}`);
    return response.ok ? (await response.json()).timeline : message.dialogue;
}

async function choose(id) {
    const message = await (await ask(`/sandbox/messages/${id}`)).json();
    const lines = await timeline(message);
    const raw = await (await ask(message.raw_url)).text();
    shown.chosen = id;
    find("nothing").hidden = true;
    find("message").hidden = false;
    const fields = [
        ["Envelope from", message.envelope.from || "<>"],
        ["Envelope to", message.envelope.to.join(", ")],
        ["Subject", message.subject || ""],
    ];
    find("envelope").replaceChildren(...fields.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
    find("dialogue").replaceChildren(
        ...lines.map((line) => element("li", `${line.at_ms.toFixed(1)} ms  ${line.from}: ${line.text}`)),
    );
    find("raw").textContent = raw;
    showList();
}

function debounced(wait, action) {
    let timer = 0;
    return () => {
        clearTimeout(timer);
        timer = setTimeout(() => action().catch(report), wait);
    };
}

function report(error) {
    find("state").textContent = error.message;
}

function listen() {
    const reload = debounced(100, load);
    const events = new EventSource("/sandbox/events");
    for (const name of ["hello", "reset", "message", "removed", "cleared"]) {
        events.addEventListener(name, reload);
    }
    events.addEventListener("open", () => (find("state").textContent = "live"));
    events.addEventListener("error", () => (find("state").textContent = "reconnecting"));
}

find("first-curl").textContent = `curl ${location.origin}/v1/messages -H 'Content-Type: application/json' -d '{
  "from": "ann@example.com", "to": "bob@example.net", "subject": "Hello", "text": "It works."
}'`;
find("search").addEventListener("input", debounced(200, load));
find("search-form").addEventListener("submit", (event) => event.preventDefault());
find("more").addEventListener("click", () => load(true).catch(report));
find("clear").addEventListener("click", () => ask("/sandbox/messages", { method: "DELETE" }).catch(report));
listen();
