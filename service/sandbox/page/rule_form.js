// Any rule at all: when, what, for whom, after how long.

import { make } from "/sandbox/page/dom.js";
import { STEP_TITLES } from "/sandbox/page/scenarios.js";

function selectField(id, label, options) {
    return make(
        "div",
        { class: "field" },
        make("label", { for: id }, label),
        make(
            "select",
            { id, name: id },
            options.map(([value, text]) => make("option", { value }, text)),
        ),
    );
}

function inputField(id, label, attributes) {
    return make(
        "div",
        { class: "field", id: `${id}-field` },
        make("label", { for: id }, label),
        make("input", { id, name: id, autocomplete: "off", spellcheck: "false", ...attributes }),
    );
}

const ACTS = [
    ["reply", "Reply"],
    ["drop", "Drop the connection"],
    ["delay", "Only wait"],
    ["certificate", "Show a certificate that nobody trusts"],
    ["without", "Hide what is offered"],
];

// Which fields belong to what is chosen.
function isUsed(name, at, act) {
    return { "r-reply": act === "reply", "r-without": act === "without", "r-recipient": at === "rcpt" }[name] ?? true;
}

function ruleOf(form) {
    const value = (name) => form.elements[name].value.trim();
    const act = value("r-act");
    return {
        at: value("r-at"),
        ...(value("r-at") === "rcpt" && value("r-recipient") && { recipient: value("r-recipient") }),
        ...(value("r-delay") && { delay: value("r-delay") }),
        ...(act === "reply" && { reply: value("r-reply") }),
        ...(act === "without" && { without: value("r-without") }),
        ...(act === "drop" && { drop: true }),
        ...(act === "certificate" && { certificate: "untrusted" }),
    };
}

// `onRule(rule)` when one is asked for, as it is to be written.
export function ruleForm(onRule) {
    const form = make(
        "form",
        { class: "rule-form", "aria-labelledby": "own-title" },
        selectField("r-at", "When", Object.entries(STEP_TITLES)),
        selectField("r-act", "The relay does", ACTS),
        inputField("r-reply", "Reply", { value: "451 4.3.0 Try again later" }),
        inputField("r-without", "EHLO keywords", { value: "STARTTLS" }),
        inputField("r-recipient", "For this recipient alone", { placeholder: "bob@example.net" }),
        inputField("r-delay", "After a delay of", { placeholder: "500ms, 3s, 2m" }),
        make("p", { class: "buttons" }, make("button", { type: "submit" }, "Rehearse this")),
    );
    const update = () => {
        for (const name of ["r-reply", "r-without", "r-recipient"]) {
            form.querySelector(`#${name}-field`).hidden = !isUsed(
                name,
                form.elements["r-at"].value,
                form.elements["r-act"].value,
            );
        }
    };
    form.elements["r-at"].value = "mail";
    form.addEventListener("change", update);
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        onRule(ruleOf(form));
    });
    update();
    return form;
}
