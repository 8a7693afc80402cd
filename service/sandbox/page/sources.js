// What is listed: messages, page by page, and the last requests and sessions, which are few enough to be had at once.

import { askJson } from "/sandbox/page/api.js";

const PAGE = 200;
const MOST = 1000;

export class Messages {
    items = [];
    total = 0;
    search = "";
    #nextBefore = null;
    #turn = 0; // an answer to an earlier question is late
    #isLoading = false;

    get isWhole() {
        return this.#nextBefore === null;
    }

    #ask(parameters) {
        const query = new URLSearchParams(parameters);
        if (this.search) {
            query.set("search", this.search);
        }
        return askJson(`/sandbox/messages?${query}`);
    }

    async reload() {
        const turn = ++this.#turn;
        const answer = await this.#ask({ limit: PAGE });
        if (turn === this.#turn) {
            this.items = answer.messages;
            this.total = answer.total;
            this.#nextBefore = answer.next_before;
        }
    }

    // True where there were more.
    async more() {
        if (this.#nextBefore === null || this.#isLoading) {
            return false;
        }
        const turn = this.#turn;
        this.#isLoading = true;
        try {
            const answer = await this.#ask({ limit: PAGE, before: this.#nextBefore });
            if (turn !== this.#turn) {
                return false;
            }
            this.items = this.items.concat(answer.messages);
            this.#nextBefore = answer.next_before;
            return answer.messages.length > 0;
        } finally {
            this.#isLoading = false;
        }
    }

    // What came since; returns it. Where that is too much, all is looked at again.
    async fresh() {
        if (this.items.length === 0) {
            await this.reload();
            return this.items;
        }
        const turn = this.#turn;
        const answer = await this.#ask({ limit: MOST, after: this.items[0].number });
        if (turn !== this.#turn) {
            return [];
        }
        if (answer.next_before !== null) {
            await this.reload();
            return this.items;
        }
        const newest = this.items[0]?.number ?? 0;
        const added = answer.messages.filter((message) => message.number > newest);
        this.items = added.concat(this.items);
        this.total = answer.total;
        this.#dropTheOldest();
        return added;
    }

    // All of it again; returns what came since.
    async renew() {
        const newest = this.items[0]?.number ?? 0;
        await this.reload();
        return this.items.filter((message) => message.number > newest);
    }

    // The server keeps so many and no more, and says nothing about each that goes.
    #dropTheOldest() {
        if (!this.search && this.items.length > this.total) {
            this.items = this.items.slice(0, this.total);
            this.#nextBefore = null;
        }
    }

    remove(id) {
        this.items = this.items.filter((message) => message.id !== id);
        this.total = Math.max(this.items.length, this.total - 1);
    }

    clear() {
        this.#turn++;
        this.items = [];
        this.total = 0;
        this.#nextBefore = null;
    }
}

// `path` answers with its list under the name `member`.
export class Records {
    items = [];
    search = "";
    isWhole = true;
    #all = [];
    #path;
    #member;
    #textOf;

    constructor(path, member, textOf) {
        this.#path = path;
        this.#member = member;
        this.#textOf = textOf;
    }

    get total() {
        return this.#all.length;
    }

    async reload() {
        const answer = await askJson(`${this.#path}?limit=${MOST}`);
        this.#all = answer[this.#member].map((record) => ({ ...record, id: String(record.id) }));
        const wanted = this.search.toLowerCase();
        this.items = this.#all.filter((record) => this.#textOf(record).toLowerCase().includes(wanted));
    }

    async fresh() {
        const known = new Set(this.#all.map((record) => record.id));
        await this.reload();
        return this.items.filter((record) => !known.has(record.id));
    }

    renew() {
        return this.fresh();
    }

    async more() {
        return false;
    }

    remove() {}

    clear() {
        this.#all = this.items = [];
    }
}
