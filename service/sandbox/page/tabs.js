// Tabs by the pattern of the ARIA guide: one of them in the tab order, arrows between them.

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

function nextPlace(tabs, from, key) {
    if (key === "Home" || key === "End") {
        return key === "Home" ? 0 : tabs.length - 1;
    }
    return (from + STEPS[key] + tabs.length) % tabs.length;
}

export function selectTab(tablist, chosen) {
    for (const tab of tablist.querySelectorAll('[role="tab"]')) {
        tab.setAttribute("aria-selected", String(tab === chosen));
        tab.tabIndex = tab === chosen ? 0 : -1;
    }
    chosen.scrollIntoView({ block: "nearest", inline: "nearest" });
}

export function watchTabs(tablist, onSelect) {
    const select = (tab) => {
        selectTab(tablist, tab);
        onSelect(tab);
    };
    tablist.addEventListener("click", (event) => {
        const tab = event.target.closest('[role="tab"]');
        if (tab) {
            select(tab);
        }
    });
    tablist.addEventListener("keydown", (event) => {
        const tabs = [...tablist.querySelectorAll('[role="tab"]')];
        const from = tabs.indexOf(event.target);
        if (from < 0 || !(event.key in STEPS || event.key === "Home" || event.key === "End")) {
            return;
        }
        event.preventDefault();
        const tab = tabs[nextPlace(tabs, from, event.key)];
        tab.focus();
        select(tab);
    });
}
