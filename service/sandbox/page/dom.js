// Elements of names, attributes and children. Text is only ever set as text, never read as markup.

const SVG = "http://www.w3.org/2000/svg";

const SHAPES = {
    clip: "M20 11.5 12 19.5a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7L9.7 17a1.6 1.6 0 0 1-2.3-2.3L15 7",
    back: "M15 5l-7 7 7 7",
    download: "M12 4v11m-5-4.5 5 5 5-5M5 20h14",
    copy: "M9 9h11v11H9zM5 15H4V4h11v1",
    close: "M6 6l12 12M18 6 6 18",
    warning: "M12 4 2.8 20h18.4zM12 10v4.5m0 2.4v.1",
};

export const find = (id) => document.getElementById(id);

function setAttribute(element, name, value) {
    if (value === null || value === undefined || value === false) {
        return;
    }
    if (name.startsWith("on")) {
        element.addEventListener(name.slice(2), value);
    } else {
        element.setAttribute(name, value === true ? "" : value);
    }
}

const isShown = (child) => child !== null && child !== undefined && child !== false;

export function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        setAttribute(element, key, value);
    }
    element.append(...children.flat(Infinity).filter(isShown));
    return element;
}

export function icon(name) {
    const svg = document.createElementNS(SVG, "svg");
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", SHAPES[name]);
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    svg.append(path);
    return svg;
}

// For those who hear the page and do not see it.
export const unseen = (text) => make("span", { class: "hidden" }, text);

// Names and values; one that is null or empty is left out.
export function pairs(rows, attributes = {}) {
    const shown = rows.filter(([, value]) => isShown(value) && value !== "");
    return make(
        "dl",
        attributes,
        shown.map(([name, ...values]) => [make("dt", {}, name), make("dd", {}, ...values)]),
    );
}
