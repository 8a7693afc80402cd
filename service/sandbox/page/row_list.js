// A list of any length through a window: only the rows in sight, and some around them, are elements. A listbox by the
// pattern of the ARIA guide: the list has the focus and says which row is meant, since a row may not exist.

import { make } from "/sandbox/page/dom.js";

const ROW_REM = 4.25; // as in list.css
const AROUND = 8;
const NEARLY_AT_END = 40;

export class RowList {
    #box;
    #stage = make("div", { role: "presentation", class: "stage" });
    #items = [];
    #rows = new Map();
    #activeId = null;
    #chosenId = null;
    #length = 0;
    #actions;

    // draw(item): a row's content. onMove(item): is meant by keys. onOpen(item). onRemove(item). onEnd(): more is wanted.
    constructor(box, actions) {
        this.#box = box;
        this.#actions = actions;
        box.append(this.#stage);
        box.addEventListener("scroll", () => this.#paint(), { passive: true });
        box.addEventListener("keydown", (event) => this.#press(event));
        box.addEventListener("click", (event) => this.#click(event));
        box.addEventListener("focus", () => this.#beginSomewhere());
        new ResizeObserver(() => this.#paint()).observe(box);
    }

    get #height() {
        return ROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);
    }

    // `added` came on top: who has scrolled away from there keeps what they see. `length` is that of the whole list.
    show(items, { added = 0, length = items.length } = {}) {
        this.#items = items;
        this.#length = length;
        this.#box.hidden = items.length === 0;
        this.#stage.style.height = `${items.length * this.#height}px`;
        if (added > 0 && this.#box.scrollTop > this.#height / 2) {
            this.#box.scrollTop += added * this.#height;
        }
        this.#paint();
    }

    toTop() {
        this.#box.scrollTop = 0;
    }

    // Another list comes in this one's place.
    clear() {
        this.#items = [];
        this.#rows.clear();
        this.#activeId = this.#chosenId = null;
        this.toTop();
    }

    choose(id) {
        this.#chosenId = id;
        this.#activeId = id ?? this.#activeId;
        this.#paint();
    }

    // What is drawn of an item has changed.
    redraw(id) {
        this.#rows.delete(id);
        this.#paint();
    }

    #placeOf(id) {
        return this.#items.findIndex((item) => item.id === id);
    }

    #row(item) {
        let row = this.#rows.get(item.id);
        if (!row) {
            row = make("div", { role: "option", class: "row", id: `row-${item.id}` }, this.#actions.draw(item));
            this.#rows.set(item.id, row);
        }
        return row;
    }

    #place(item, place) {
        const row = this.#row(item);
        row.style.transform = `translateY(${place * this.#height}px)`;
        row.dataset.place = place;
        row.setAttribute("aria-posinset", place + 1);
        row.setAttribute("aria-setsize", this.#length);
        row.setAttribute("aria-selected", String(item.id === this.#chosenId));
        row.classList.toggle("active", item.id === this.#activeId);
        return row;
    }

    #paint() {
        const height = this.#height;
        const first = Math.max(0, Math.floor(this.#box.scrollTop / height) - AROUND);
        const end = Math.min(
            this.#items.length,
            Math.ceil((this.#box.scrollTop + this.#box.clientHeight) / height) + AROUND,
        );
        const inSight = this.#items.slice(first, end);
        this.#put(inSight.map((item, i) => this.#place(item, first + i)));
        this.#forget(inSight);
        const activeRow = this.#activeId !== null && this.#rows.get(this.#activeId);
        if (activeRow && activeRow.isConnected) {
            this.#box.setAttribute("aria-activedescendant", activeRow.id);
        } else {
            this.#box.removeAttribute("aria-activedescendant");
        }
        if (end > this.#items.length - NEARLY_AT_END) {
            this.#actions.onEnd();
        }
    }

    // A row that stays is not taken out and put back: a click would lose what it began on.
    #put(rows) {
        const wanted = new Set(rows);
        [...this.#stage.children].filter((row) => !wanted.has(row)).forEach((row) => row.remove());
        rows.forEach(
            (row, i) =>
                row !== this.#stage.children[i] && this.#stage.insertBefore(row, this.#stage.children[i] ?? null),
        );
    }

    #forget(inSight) {
        if (this.#rows.size <= 4 * (inSight.length + AROUND)) {
            return;
        }
        const kept = new Set(inSight.map((item) => item.id));
        for (const id of this.#rows.keys()) {
            if (!kept.has(id)) {
                this.#rows.delete(id);
            }
        }
    }

    #bringIntoSight(place) {
        const top = place * this.#height;
        const bottom = top + this.#height;
        if (top < this.#box.scrollTop) {
            this.#box.scrollTop = top;
        } else if (bottom > this.#box.scrollTop + this.#box.clientHeight) {
            this.#box.scrollTop = bottom - this.#box.clientHeight;
        }
    }

    #beginSomewhere() {
        if (this.#placeOf(this.#activeId) < 0 && this.#items.length > 0) {
            this.#activeId = this.#items[Math.round(this.#box.scrollTop / this.#height)]?.id ?? this.#items[0].id;
            this.#paint();
        }
    }

    #moveTo(place) {
        const item = this.#items[Math.max(0, Math.min(this.#items.length - 1, place))];
        if (!item) {
            return;
        }
        this.#activeId = item.id;
        this.#bringIntoSight(this.#placeOf(item.id));
        this.#paint();
        this.#actions.onMove(item);
    }

    #press(event) {
        const here = this.#placeOf(this.#activeId);
        const page = Math.max(1, Math.floor(this.#box.clientHeight / this.#height) - 1);
        const places = {
            ArrowDown: here + 1,
            ArrowUp: here - 1,
            j: here + 1,
            k: here - 1,
            PageDown: here + page,
            PageUp: here - page,
            Home: 0,
            End: this.#items.length - 1,
        };
        const actions = { Enter: this.#actions.onOpen, " ": this.#actions.onOpen, Delete: this.#actions.onRemove };
        if (event.ctrlKey || event.altKey || event.metaKey) {
            return;
        }
        if (event.key in places) {
            event.preventDefault();
            this.#moveTo(places[event.key]);
        } else if (event.key in actions && here >= 0) {
            event.preventDefault();
            actions[event.key](this.#items[here], true);
        }
    }

    #click(event) {
        const row = event.target.closest(".row");
        const item = row && this.#items[Number(row.dataset.place)];
        if (item) {
            this.#activeId = item.id;
            this.#actions.onOpen(item, false);
        }
    }
}
