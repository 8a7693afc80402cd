// The form that composes a message, sends it as any caller would, and shows what a caller gets; beside it the program
// that does the same. It is made once, so that what was typed is still there when one comes back.

import { key, withKey } from "/sandbox/page/api.js";
import { announce } from "/sandbox/page/announce.js";
import { copyable } from "/sandbox/page/copy.js";
import { make } from "/sandbox/page/dom.js";
import { bodyOf, messageOf } from "/sandbox/page/draft.js";
import { filePicker } from "/sandbox/page/files.js";
import { address } from "/sandbox/page/router.js";
import { snippets } from "/sandbox/page/snippets.js";
import { selectTab, watchTabs } from "/sandbox/page/tabs.js";
import { answerView } from "/sandbox/page/view_request.js";

const FIRST = {
    from: "Ann Lee <ann@example.com>",
    to: "bob@example.net",
    subject: "Hello from the sandbox",
    text: "It works.\n",
};

function field(name, label, attributes = {}, kind = "input") {
    const { hint, ...rest } = attributes;
    const input = make(kind, {
        id: `f-${name}`,
        name,
        autocomplete: "off",
        "aria-describedby": hint && `h-${name}`,
        ...rest,
    });
    input.value = FIRST[name] ?? "";
    return make(
        "div",
        { class: `field ${kind}` },
        make("label", { for: `f-${name}` }, label),
        input,
        hint && make("p", { class: "hint", id: `h-${name}` }, hint),
    );
}

function check(name, label) {
    return make(
        "div",
        { class: "check" },
        make("input", { type: "checkbox", id: `f-${name}`, name }),
        make("label", { for: `f-${name}` }, label),
    );
}

function makeForm(files) {
    return make(
        "form",
        { class: "compose", "aria-labelledby": "compose-title" },
        field("from", "From", { required: true, spellcheck: "false" }),
        field("to", "To", { spellcheck: "false" }),
        field("cc", "Cc", { spellcheck: "false" }),
        field("bcc", "Bcc", { spellcheck: "false" }),
        field("subject", "Subject"),
        field("text", "Text", { rows: 6 }, "textarea"),
        make(
            "details",
            {},
            make("summary", {}, "HTML"),
            field(
                "html",
                "HTML",
                {
                    rows: 8,
                    spellcheck: "false",
                    hint: 'A picture added below is shown by <img src="cid:ID">, with the ID that you give it.',
                },
                "textarea",
            ),
        ),
        files.element,
        make(
            "details",
            {},
            make("summary", {}, "More"),
            field("reply_to", "Reply-To", { spellcheck: "false" }),
            field("return_path", "Return path", {
                spellcheck: "false",
                hint: "Where bounces go, if not to From; <> for nowhere.",
            }),
            check("partial", "Deliver to those who are accepted, even if others are not"),
            check("require_tls", "Require TLS all the way (RFC 8689)"),
        ),
        make("p", { class: "buttons" }, make("button", { type: "submit" }, "Send")),
    );
}

function readForm(form) {
    const fields = Object.fromEntries(
        [...form.elements]
            .filter((input) => input.name)
            .map((input) => [input.name, input.type === "checkbox" ? input.checked : input.value]),
    );
    return fields;
}

function codePanel() {
    const tablist = make("div", { class: "tabs views", role: "tablist", "aria-label": "Languages" });
    const panel = make("div", { id: "code", role: "tabpanel", class: "code" });
    let chosen = "curl";
    let codes = [];
    const show = () => {
        panel.setAttribute("aria-labelledby", `code-${chosen}`);
        const [, title, code] = codes.find(([name]) => name === chosen);
        panel.replaceChildren(copyable(code, title === "curl" ? "Shell" : title));
    };
    watchTabs(tablist, (tab) => {
        chosen = tab.id.replace("code-", "");
        show();
    });
    const update = (request) => {
        codes = snippets(request);
        if (!tablist.firstChild) {
            tablist.append(
                ...codes.map(([name, title]) =>
                    make("button", { type: "button", role: "tab", id: `code-${name}`, "aria-controls": "code" }, title),
                ),
            );
            selectTab(tablist, tablist.firstChild);
        }
        show();
    };
    return {
        element: make(
            "section",
            { "aria-labelledby": "code-title" },
            make("h3", { id: "code-title" }, "The same from your program"),
            tablist,
            panel,
        ),
        update,
    };
}

async function post(body) {
    const response = await fetch("/v1/messages", {
        method: "POST",
        headers: withKey({ "Content-Type": "application/json" }),
        body,
    });
    const answer = await response.json().catch(() => ({}));
    return { status: response.status, answer };
}

function showAnswer(room, { status, answer }) {
    room.replaceChildren(
        make("h3", {}, "What the caller got"),
        answerView(status, answer),
        make(
            "p",
            { class: "buttons" },
            answer.id && make("a", { class: "button", href: address("requests", answer.id) }, "All that was said"),
            answer.queue_id &&
                make("a", { class: "button", href: address("messages", answer.queue_id) }, "Open the message"),
        ),
    );
    announce(`Status ${status}, ${answer.delivery ?? answer.code ?? ""}`);
}

let page = null;
let fill = () => {};

function makePage() {
    const files = filePicker(() => update());
    const form = makeForm(files);
    const code = codePanel();
    const result = make("div", { class: "result", id: "result" });
    const send = form.querySelector('[type="submit"]');
    const update = () => {
        const message = messageOf(readForm(form), files.list());
        code.update({
            url: `${location.origin}/v1/messages`,
            hasKey: key.get() !== "",
            message,
            hasFiles: files.list().length > 0,
        });
    };
    form.addEventListener("input", update);
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        send.disabled = true;
        try {
            showAnswer(result, await post(await bodyOf(readForm(form), files.list())));
        } catch (error) {
            result.replaceChildren(make("p", { class: "outcome not_sent" }, error.message));
        }
        send.disabled = false;
    });
    fill = (name, value) => {
        form.elements[name].value = value;
        update();
    };
    update();
    const head = make("header", { class: "head" }, make("h2", { id: "compose-title", tabindex: "-1" }, "Compose"));
    return make(
        "article",
        { class: "composing" },
        head,
        make("div", { class: "columns" }, make("div", {}, form), make("div", {}, result, code.element)),
    );
}

export function composePage(recipient) {
    page ??= makePage();
    if (recipient) {
        fill("to", recipient);
    }
    return page;
}
