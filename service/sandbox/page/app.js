// The page: a list on the left, what is open on the right, and news as they come.

import { download } from "/sandbox/page/api.js";
import { forget, showRoute } from "/sandbox/page/detail.js";
import { find } from "/sandbox/page/dom.js";
import { startKey } from "/sandbox/page/key_dialog.js";
import * as listPane from "/sandbox/page/list_pane.js";
import * as rehearse from "/sandbox/page/rehearse.js";
import * as router from "/sandbox/page/router.js";
import { listenTogether } from "/sandbox/page/share.js";

const STATES = {
    live: "live",
    away: "reconnecting",
    full: "too many pages listen: not live",
    key: "an API key is needed",
};
const isWide = matchMedia("(min-width: 52.01rem)");

function showState(state) {
    find("state").dataset.state = state;
    find("state-text").textContent = STATES[state];
}

// Which pane is seen where there is room for one.
function paneOf(route) {
    if (route.place === "" && listPane.isEmpty()) {
        return "both";
    }
    const isList = route.place === "" || (!route.id && ["messages", "requests", "sessions"].includes(route.place));
    return isList ? "list" : "detail";
}

async function follow(route) {
    document.body.dataset.pane = paneOf(route);
    for (const link of document.querySelectorAll("[data-place]")) {
        link.toggleAttribute("aria-current", link.dataset.place === route.place);
        if (link.dataset.place === route.place) {
            link.setAttribute("aria-current", "page");
        }
    }
    listPane.follow(route);
    await showRoute(route, listPane.isEmpty());
    if (route.place === "compose" || route.place === "rehearse") {
        find("detail").querySelector("h2")?.focus();
    }
}

// Whoever looks at nothing is shown the newest, if there is room for it.
function openNewest() {
    const newest = listPane.newest();
    if (router.current().place !== "" || !newest) {
        return;
    }
    if (isWide.matches) {
        router.replace("messages", newest.id);
    } else {
        router.replace();
    }
}

function onEvent(name, data) {
    listPane.onEvent(name, data);
    rehearse.onEvent(name);
    if (name === "removed") {
        forget(data.id);
    }
    if (name === "cleared") {
        forget();
        document.body.dataset.pane = paneOf(router.current());
    }
}

startKey(() => location.reload());
find("export").addEventListener("click", (event) => download(event));
find("skip").addEventListener("click", (event) => {
    event.preventDefault();
    find("detail").focus();
});
await listPane.start(openNewest);
router.start(follow);
openNewest();
listenTogether(onEvent, showState);
