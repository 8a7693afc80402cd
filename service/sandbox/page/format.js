// Numbers and times as people read them.

const clock = new Intl.DateTimeFormat(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(undefined, {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
});
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });
const plain = new Intl.NumberFormat("en");
const tenths = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export const number = (value) => plain.format(value);

export const many = (count, one, more = `${one}s`) => `${number(count)} ${count === 1 ? one : more}`;

export function bytes(count) {
    if (count < 1000) {
        return many(count, "octet");
    }
    const units = ["kB", "MB", "GB"];
    let value = count / 1000;
    let unit = 0;
    while (value >= 999.95 && unit < units.length - 1) {
        value /= 1000;
        unit++;
    }
    return `${tenths.format(value)} ${units[unit]}`;
}

// The time of today, else the day.
export function moment(text) {
    const date = new Date(text);
    return date.toDateString() === new Date().toDateString() ? clock.format(date) : day.format(date);
}

export const fullMoment = (text) => whole.format(new Date(text));

export const milliseconds = (ms) => (ms < 10_000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(1)} s`);

// A gap in a time line.
export const pause = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
