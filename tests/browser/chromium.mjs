// Debian's Chromium: the one that ./dev unpacks, or the system's. Every name but that of loopback leads to one port, so
// that whatever wants to go out is seen there and goes no further.

import { existsSync, readdirSync } from "node:fs";
import { chromium } from "../../build/peers/browser-node/node_modules/playwright-core/index.mjs";

const ROOT = new URL("../../build/peers/chromium/root", import.meta.url).pathname;
const UNPACKED = `${ROOT}/usr/lib/chromium/chromium-headless-shell`;
const INSTALLED = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"];

// Its libraries lie where they were unpacked.
function environment() {
    const places = [`${ROOT}/usr/lib`, `${ROOT}/lib`].filter((place) => existsSync(place));
    const all = places
        .flatMap((place) => readdirSync(place).map((name) => `${place}/${name}`))
        .filter((name) => name.includes("-linux-gnu"));
    const folders = all.flatMap((folder) => [folder, `${folder}/nss`, `${folder}/pulseaudio`]);
    return { ...process.env, LD_LIBRARY_PATH: folders.join(":") };
}

export async function launch(trapPort) {
    const isUnpacked = existsSync(UNPACKED);
    return chromium.launch({
        executablePath: isUnpacked ? UNPACKED : INSTALLED.find((path) => existsSync(path)),
        args: ["--no-sandbox", `--host-resolver-rules=MAP * 127.0.0.1:${trapPort}, EXCLUDE 127.0.0.1`],
        env: isUnpacked ? environment() : process.env,
    });
}
