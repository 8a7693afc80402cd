// What the relay does next: scenarios to choose from, any other rule, the rules that hold, and what callers got lately.

import { ask, askJson, putJson } from "/sandbox/page/api.js";
import { announce } from "/sandbox/page/announce.js";
import { copyable } from "/sandbox/page/copy.js";
import { find, icon, make, unseen } from "/sandbox/page/dom.js";
import { many, moment } from "/sandbox/page/format.js";
import { badge } from "/sandbox/page/outcome.js";
import { address } from "/sandbox/page/router.js";
import { ruleForm } from "/sandbox/page/rule_form.js";
import { SCENARIOS, tell } from "/sandbox/page/scenarios.js";

const LATELY = 5;
const PATH = "/sandbox/behaviour";

let rules = [];
let addresses = [];
let page = null;

const room = {
    rules: make("div", { class: "rehearsed" }),
    lately: make("div", {}),
    addresses: make("div", {}),
    code: make("div", {}),
    problem: make("p", { class: "problem", role: "alert" }),
};

// As they are written: what is only told of a rule goes.
const written = (list) => list.map(({ used, ...rule }) => rule);

async function store(newRules) {
    room.problem.replaceChildren();
    try {
        const answer = await putJson(PATH, { rules: newRules });
        rules = answer.rules;
        drawRules();
        return true;
    } catch (error) {
        room.problem.textContent = [error.message, ...(error.problem?.errors ?? []).map((e) => e.detail)].join(" ");
        return false;
    }
}

// A rule that was played in the meantime is not written again.
const current = async () => (await askJson(PATH)).rules;

async function add(rule) {
    if (await store([...written(await current()), rule])) {
        announce(`Rehearsed: ${tell(rule)}.`);
    }
}

async function remove(rule) {
    const list = await current();
    const place = list.findIndex((other) => other.at === rule.at && tell(other) === tell(rule));
    await store(written(list.filter((_, i) => i !== place)));
}

async function clear() {
    await ask(PATH, { method: "DELETE" });
    announce("The relay behaves as usual.");
}

const left = (rule) =>
    rule.times ? (rule.times === 1 ? "once" : `${many(rule.times, "time")} more`) : "until cleared";

function ruleItem(rule) {
    const button = make(
        "button",
        { type: "button", class: "plain", "aria-label": `Stop: ${tell(rule)}` },
        icon("close"),
    );
    button.addEventListener("click", () => remove(rule));
    return make(
        "li",
        {},
        make("span", { class: "rule" }, tell(rule)),
        make("span", { class: "tag" }, left(rule)),
        rule.used > 0 && make("span", { class: "tag" }, `used ${many(rule.used, "time")}`),
        button,
    );
}

function drawRules() {
    find("rehearsed").hidden = rules.length === 0;
    find("rehearsed").replaceChildren(String(rules.length), unseen(rules.length === 1 ? " rule" : " rules"));
    const clearAll = make("button", { type: "button", class: "plain" }, "Clear all");
    clearAll.addEventListener("click", () => clear());
    room.rules.replaceChildren(
        rules.length
            ? make("ul", { class: "holding" }, rules.map(ruleItem))
            : make("p", { class: "quiet" }, "Nothing: the relay behaves as usual."),
        ...(rules.length ? [clearAll] : []),
    );
    const text = JSON.stringify({ rules: written(rules) }, null, 2).replaceAll("'", "'\\''");
    room.code.replaceChildren(
        copyable(`curl -X PUT ${location.origin}${PATH} -H 'Content-Type: application/json' -d '${text}'\n`, "Shell"),
    );
}

function latelyItem(exchange) {
    return make(
        "li",
        {},
        badge(exchange.delivery, exchange.status),
        make(
            "a",
            { href: address("requests", exchange.id) },
            `${exchange.status} ${exchange.code ?? exchange.subject ?? "OK"}`,
        ),
        make("time", { datetime: exchange.received_at }, moment(exchange.received_at)),
    );
}

async function drawLately() {
    const { exchanges } = await askJson(`/sandbox/exchanges?limit=${LATELY}`);
    room.lately.replaceChildren(
        exchanges.length
            ? make("ul", { class: "lately" }, exchanges.map(latelyItem))
            : make("p", { class: "quiet" }, "No requests yet."),
    );
}

function drawAddresses() {
    room.addresses.replaceChildren(
        make(
            "ul",
            { class: "addresses" },
            addresses.map((item) =>
                make(
                    "li",
                    {},
                    make("a", { href: address("compose", item.address) }, make("code", {}, item.address)),
                    make("span", {}, item.meaning),
                ),
            ),
        ),
    );
}

function scenario(item, onRule) {
    const button = make(
        "button",
        { type: "button", class: "scenario" },
        make("strong", {}, item.title),
        make("span", { class: "why" }, item.why),
        make("span", { class: "gets" }, badge(item.gets, 200), item.code && make("code", {}, item.code)),
    );
    button.addEventListener("click", () => onRule(item.rule));
    return make("li", {}, button);
}

function section(id, title, ...content) {
    return make("section", { "aria-labelledby": id }, make("h3", { id }, title), ...content);
}

function makePage() {
    const once = make("input", { type: "radio", name: "often", id: "often-once", checked: true });
    const always = make("input", { type: "radio", name: "often", id: "often-always" });
    const onRule = (rule) => add(once.checked ? { ...rule, times: 1 } : rule);
    const often = make(
        "fieldset",
        { class: "often" },
        make("legend", { class: "hidden" }, "How often"),
        make("span", { class: "check" }, once, make("label", { for: "often-once" }, "for the next message")),
        make("span", { class: "check" }, always, make("label", { for: "often-always" }, "until cleared")),
    );
    return make(
        "article",
        { class: "rehearsing" },
        make(
            "header",
            { class: "head" },
            make("h2", { tabindex: "-1" }, "Rehearse"),
            make(
                "p",
                { class: "lead" },
                "Let the relay fail, and see what your code makes of it. The badge says what a caller of ",
                make("code", {}, "/v1/messages"),
                " is told.",
            ),
        ),
        make(
            "div",
            { class: "columns" },
            make(
                "div",
                {},
                section(
                    "scenarios-title",
                    "What happens",
                    often,
                    make(
                        "ul",
                        { class: "scenarios" },
                        SCENARIOS.map((item) => scenario(item, onRule)),
                    ),
                ),
                section("own-title", "Anything else", ruleForm(onRule)),
            ),
            make(
                "div",
                {},
                section(
                    "rules-title",
                    "Rehearsed now",
                    room.rules,
                    room.problem,
                    make(
                        "p",
                        { class: "buttons" },
                        make("a", { class: "button", href: address("compose") }, "Compose a message"),
                    ),
                ),
                section("lately-title", "What callers got", room.lately),
                section("addresses-title", "By recipient, without any of this", room.addresses),
                make("details", {}, make("summary", {}, "From a test suite"), room.code),
            ),
        ),
    );
}

export async function rehearsePage() {
    page ??= makePage();
    await refresh();
    await drawLately();
    return page;
}

export async function refresh() {
    const answer = await askJson(PATH);
    rules = answer.rules;
    addresses = answer.addresses;
    drawRules();
    drawAddresses();
}

export function onEvent(name) {
    if (name === "behaviour" || name === "hello" || name === "reset") {
        refresh().catch(() => {});
    }
    if (name === "exchange" && room.lately.isConnected) {
        drawLately().catch(() => {});
    }
}
