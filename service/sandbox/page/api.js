// Requests to the server that this page came from, with the API key where one was given.

const PLACE = "postern-key";
let onKeyNeeded = () => {};

export const key = {
    get: () => sessionStorage.getItem(PLACE) ?? "",
    set: (value) => (value ? sessionStorage.setItem(PLACE, value) : sessionStorage.removeItem(PLACE)),
    whenNeeded: (action) => (onKeyNeeded = action),
};

// An answer that is no success, with its problem (RFC 9457) where it has one.
export class Refusal extends Error {
    constructor(status, problem) {
        super(problem?.detail ?? problem?.title ?? `The server answered with status ${status}.`);
        this.status = status;
        this.problem = problem;
    }
}

async function readProblem(response) {
    try {
        return await response.json();
    } catch {
        return null;
    }
}

export function withKey(fields = {}) {
    return key.get() ? { ...fields, Authorization: `Bearer ${key.get()}` } : fields;
}

export async function ask(path, options = {}) {
    const response = await fetch(path, { ...options, headers: withKey(options.headers) });
    if (response.ok) {
        return response;
    }
    const refusal = new Refusal(response.status, await readProblem(response));
    if (response.status === 401) {
        onKeyNeeded();
    }
    throw refusal;
}

export async function askJson(path, options) {
    return (await ask(path, options)).json();
}

export function putJson(path, value) {
    return askJson(path, {
        method: "PUT",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(value),
    });
}

// A link cannot carry a key, so with one the file is fetched first.
export async function download(event) {
    const link = event.currentTarget;
    if (!key.get() || link.href.startsWith("blob:")) {
        return;
    }
    event.preventDefault();
    const blob = await (await ask(link.getAttribute("href"))).blob();
    const copy = link.cloneNode();
    copy.href = URL.createObjectURL(blob);
    copy.click();
    setTimeout(() => URL.revokeObjectURL(copy.href), 60_000);
}
