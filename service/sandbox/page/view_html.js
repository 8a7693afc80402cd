// The HTML in a frame that may do nothing: no script, no origin, no form, no way out; its own policy comes with it.
// What is elsewhere, it may see only when asked to. Its links lead nowhere, so they are listed.

import { make } from "/sandbox/page/dom.js";
import { many } from "/sandbox/page/format.js";

const MOST_LINKS = 200;
const LONGEST_LINK = 2000;
const PHONE = "phone";

const LINK = /<a\b[^<>]*?\shref\s*=\s*("[^"<>]*"|'[^'<>]*'|[^\s"'<>]+)/gi;

// Found as text: the HTML is not even parsed on this page.
function linksOf(html) {
    const found = [];
    for (const [, quoted] of html.matchAll(LINK)) {
        found.push(
            quoted
                .replace(/^["']|["']$/g, "")
                .replaceAll("&amp;", "&")
                .slice(0, LONGEST_LINK),
        );
        if (found.length === MOST_LINKS) {
            break;
        }
    }
    return [...new Set(found)];
}

function listLinks(html) {
    const links = linksOf(html);
    return (
        links.length > 0 &&
        make(
            "details",
            { class: "links" },
            make("summary", {}, many(links.length, "link")),
            make(
                "ul",
                {},
                links.map((href) => make("li", {}, make("code", {}, href))),
            ),
        )
    );
}

export function htmlView(message) {
    const frame = make("iframe", {
        class: "mail",
        title: "The message's HTML",
        sandbox: "",
        referrerpolicy: "no-referrer",
        src: message.html_url,
    });
    const remote = make("button", { type: "button", class: "plain", "aria-pressed": "false" }, "Load remote content");
    const phone = make(
        "button",
        { type: "button", class: "plain", "aria-pressed": "false", "data-for": "wide" },
        "Narrow",
    );
    remote.addEventListener("click", () => {
        const isOn = remote.getAttribute("aria-pressed") !== "true";
        remote.setAttribute("aria-pressed", String(isOn));
        frame.src = isOn ? `${message.html_url}?remote=1` : message.html_url;
    });
    phone.addEventListener("click", () => {
        phone.setAttribute("aria-pressed", String(frame.classList.toggle(PHONE)));
    });
    return [
        make(
            "p",
            { class: "frame-bar" },
            make("span", { class: "quiet" }, "No scripts, nothing from elsewhere."),
            remote,
            phone,
        ),
        make("div", { class: "frame" }, frame),
        listLinks(message.html),
    ];
}
