"use strict";
/* Fetches the sandbox's data each second and shows it. Texts are never set as HTML, so a caller's name cannot be markup. */

const EVERY_MS = 1000;
const PLACES = { gateway: "gateway", edge: "Cloudflare's edge" };
const MEANINGS = {
    200: "answered",
    400: "invalid body, query or headers",
    401: "no valid credential",
    403: "not allowed",
    404: "no such path",
    413: "body too large",
    429: "above a limit",
    499: "the caller left",
    503: "not served now",
    504: "Alpa took too long",
};
const byId = (id) => document.getElementById(id);

/**
 * The data that the page shows, as JSON. A part of the page is drawn again only when its data has changed: drawing
 * would remove the user's text selection.
 */
let shownTry = "";
let shownParts = "";

function element(tag, text, className) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className) made.className = className;
    return made;
}

function statusClass(status) {
    if (status < 400) return "ok";
    return status === 429 ? "limited" : "wrong";
}

function showRows({ rows }) {
    byId("none").hidden = rows.length > 0;
    byId("requests").hidden = rows.length === 0;
    const body = rows.map(({ place, caller, status, count }) => {
        const row = document.createElement("tr");
        row.append(
            element("td", caller ?? "(not authenticated)"),
            element("td", String(status), statusClass(status)),
            element("td", String(count), "number"),
            element("td", MEANINGS[status] ?? ""),
            element("td", PLACES[place]),
        );
        return row;
    });
    document.querySelector("#requests tbody").replaceChildren(...body);
}

function showTry(attempts) {
    const text = JSON.stringify(attempts);
    if (text === shownTry) return;
    shownTry = text;
    const parts = attempts.flatMap(({ title, command, expect }) => {
        const copy = element("button", "Copy");
        copy.addEventListener("click", async () => {
            await navigator.clipboard.writeText(command);
            copy.textContent = "Copied";
        });
        const heading = element("h3", `${title}: `);
        heading.append(element("span", String(expect), statusClass(expect)), copy);
        return [heading, element("pre", command)];
    });
    byId("try").replaceChildren(...parts);
}

function showParts(parts) {
    const text = JSON.stringify(parts);
    if (text === shownParts) return;
    shownParts = text;
    const items = parts.map(({ title, version, real }) =>
        element("li", `${title}: ${real ? "real" : "emulated"}${version ? `, ${version}` : ""}`),
    );
    byId("parts").replaceChildren(...items);
}

async function refresh() {
    try {
        const answer = await fetch("data.json");
        const data = await answer.json();
        const { stack, parts } = data;
        byId("stack").textContent = stack ? `Stack ${stack.name}: ${stack.url}` : "The stack is coming up.";
        showRows(data);
        showParts(parts);
        if (stack) showTry(stack.try);
    } catch {
        byId("stack").textContent =
            "The sandbox does not answer. To see whether it still runs: npm run sandbox -- status";
    }
    setTimeout(refresh, EVERY_MS);
}

void refresh();
