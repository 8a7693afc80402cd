// Without a mouse.

import { check, checkEqual, eventually } from "../bench.mjs";

const focused = (page) =>
    page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim().slice(0, 40));

async function tabTo(page, id) {
    for (let i = 0; i < 60; i++) {
        await page.keyboard.press("Tab");
        if ((await focused(page)) === id) {
            return;
        }
    }
    check(false, `Tab never comes to ${id}`);
}

export const cases = [
    [
        "through the list, into a message, its views, and back",
        async (bench) => {
            for (const subject of ["one", "two", "three"]) {
                await bench.post({ subject });
            }
            const page = await bench.page();
            await page.waitForSelector('.message h2:text("three")');
            await tabTo(page, "list");
            await page.keyboard.press("ArrowDown");
            await page.waitForSelector('.message h2:text("two")');
            await page.keyboard.press("j");
            await page.waitForSelector('.message h2:text("one")');
            const active = await page.getAttribute("#list", "aria-activedescendant");
            checkEqual(await page.textContent(`#${active} .title`), "one", "the active one");
            check(
                await page.evaluate(
                    () => getComputedStyle(document.querySelector(".row.active")).outlineStyle !== "none",
                ),
                "the focus is not seen",
            );
            await page.keyboard.press("Home");
            await page.waitForSelector('.message h2:text("three")');
            await page.keyboard.press("Enter");
            checkEqual(await focused(page), "detail", "where Enter leads");
            await tabTo(page, "view-text");
            await page.keyboard.press("ArrowRight");
            await page.keyboard.press("ArrowRight");
            checkEqual(await focused(page), "view-parts", "the tab");
            await page.waitForSelector(".parts");
            await page.keyboard.press("End");
            await page.waitForSelector(".timeline");
        },
    ],
    [
        "Delete removes the one that is meant",
        async (bench) => {
            await bench.post({ subject: "one" });
            await bench.post({ subject: "two" });
            const page = await bench.page();
            await page.waitForSelector('.message h2:text("two")');
            await page.focus("#list");
            await page.keyboard.press("Delete");
            await eventually(
                "it is gone",
                async () => (await bench.get("/sandbox/messages")).messages.map((m) => m.subject).join() === "one",
            );
        },
    ],
    [
        "the first Tab leads past the list",
        async (bench) => {
            const page = await bench.page();
            await page.keyboard.press("Tab");
            checkEqual(await focused(page), "skip", "the first stop");
            await page.keyboard.press("Enter");
            checkEqual(await focused(page), "detail", "where it leads");
        },
    ],
    [
        "composing and sending",
        async (bench) => {
            const page = await bench.page();
            await page.focus('[data-place="compose"]');
            await page.keyboard.press("Enter");
            await page.waitForSelector("#f-from");
            await eventually("the title has the focus", async () => (await focused(page)) === "compose-title");
            await tabTo(page, "f-subject");
            await page.keyboard.press("Control+A");
            await page.keyboard.type("typed");
            await page.keyboard.press("Enter");
            await page.waitForSelector('.result .badge:text("sent")');
            checkEqual((await bench.get("/sandbox/messages")).messages[0].subject, "typed", "the subject");
        },
    ],
    [
        "rehearsing, and the question before everything goes",
        async (bench) => {
            await bench.post();
            const page = await bench.page({ hash: "#/rehearse" });
            await page.waitForSelector(".scenario");
            await tabTo(page, "often-once");
            await page.keyboard.press("Tab");
            await page.keyboard.press("Space");
            await page.waitForSelector(".holding li");
            await page.focus("#clear");
            await page.keyboard.press("Enter");
            await page.waitForSelector("dialog[open]");
            await page.keyboard.press("Escape");
            await page.waitForSelector("dialog[open]", { state: "detached" }).catch(() => {});
            checkEqual((await bench.get("/sandbox/messages")).total, 1, "messages");
        },
    ],
];
