// One SMTP session of any client, with or without a message.

import { askJson } from "/sandbox/page/api.js";
import { make } from "/sandbox/page/dom.js";
import { fullMoment, many } from "/sandbox/page/format.js";
import { address } from "/sandbox/page/router.js";
import { timeline } from "/sandbox/page/view_timeline.js";

export async function sessionPage(id) {
    const session = await askJson(`/sandbox/sessions/${encodeURIComponent(id)}`);
    return make(
        "article",
        { class: "session" },
        make(
            "header",
            { class: "head" },
            make("h2", { tabindex: "-1" }, `Session ${session.id}`),
            make(
                "p",
                { class: "facts" },
                make("time", { datetime: session.began_at }, fullMoment(session.began_at)),
                make("span", {}, `from ${session.peer}`),
                make("span", {}, session.message_count ? many(session.message_count, "message") : "no message"),
                session.messages.map((queueId) =>
                    make("a", { href: address("messages", queueId) }, make("code", {}, queueId)),
                ),
            ),
        ),
        make("h3", {}, "Dialogue"),
        timeline(session.dialogue, null),
    );
}
