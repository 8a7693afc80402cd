// The right pane: what the address says is open. An answer that comes late, when something else is wanted, is let go.

import { find, icon, make } from "/sandbox/page/dom.js";
import { composePage } from "/sandbox/page/compose.js";
import { rehearsePage } from "/sandbox/page/rehearse.js";
import { messagePage } from "/sandbox/page/view_message.js";
import { requestPage } from "/sandbox/page/view_request.js";
import { sessionPage } from "/sandbox/page/view_session.js";
import { welcomePage } from "/sandbox/page/welcome.js";

let turn = 0;
let open = { place: "", id: "", show: null };

const back = () => make("a", { class: "back", href: "#/" }, icon("back"), "All messages");

function put(page) {
    find("detail").replaceChildren(back(), page);
    find("detail").scrollTop = 0;
}

function showFailure(error) {
    const isGone = error.status === 404;
    put(
        make(
            "article",
            { class: "welcome" },
            make("h2", { tabindex: "-1" }, isGone ? "It is not there" : "That did not work"),
            make(
                "p",
                { class: "lead" },
                isGone ? "It was deleted, or had to make room for newer ones." : error.message,
            ),
        ),
    );
}

async function makeMessage(route, isStillWanted) {
    const made = await messagePage(route.id, route.view, isStillWanted);
    open.show = made?.show;
    return made?.page;
}

const places = {
    messages: (route, isStillWanted) => (route.id ? makeMessage(route, isStillWanted) : welcomePage(false)),
    requests: (route) => (route.id ? requestPage(route.id) : welcomePage(false)),
    sessions: (route) => (route.id ? sessionPage(route.id) : welcomePage(false)),
    compose: (route) => composePage(route.id),
    rehearse: () => rehearsePage(),
};

// `isEmpty`: nothing has come at all.
export async function showRoute(route, isEmpty) {
    if (route.place === open.place && route.id === open.id && open.show) {
        await open.show(route.view);
        return;
    }
    const mine = ++turn;
    const isStillWanted = () => mine === turn;
    open = { place: route.place, id: route.id, show: null };
    try {
        const page = await (places[route.place]?.(route, isStillWanted) ?? welcomePage(isEmpty));
        if (isStillWanted() && page) {
            put(page);
        }
    } catch (error) {
        if (isStillWanted()) {
            showFailure(error);
        }
    }
}

// The one that is open was deleted.
export function forget(id) {
    if (open.place === "messages" && (id === undefined || open.id === id)) {
        showFailure({ status: 404 });
    }
}
