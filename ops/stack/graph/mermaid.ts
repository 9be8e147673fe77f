/** A picture as a Mermaid flowchart, which GitHub and most Markdown viewers draw. */
import { byPlace, CHANGED, COLOURS, type Part, type Picture } from "./picture";

export function renderMermaid({ parts, lines }: Picture): string {
    const frames = byPlace(parts).flatMap(([place, inside], i) =>
        place === undefined
            ? inside.map((part) => `    ${box(part)}`)
            : [
                  `    subgraph place${i}["${quoted(place)}"]`,
                  ...inside.map((part) => `        ${box(part)}`),
                  "    end",
              ],
    );
    const arrows = lines.map(({ from, to, label, carries }) => {
        const arrow = carries === "requests" ? "-->" : "-.->";
        return `    ${from} ${arrow}${label === undefined ? "" : `|"${quoted(label)}"|`} ${to}`;
    });
    const used = new Set(parts.flatMap(({ change }) => (change ? [change] : [])));
    const classes = [...used].map(
        (change) =>
            `    classDef ${change} fill:${COLOURS[change].fill},stroke:${COLOURS[change].border},color:#1f2328`,
    );
    return ["flowchart LR", ...frames, ...arrows, ...classes].join("\n");
}

function box({ id, label, change }: Part): string {
    const lines = change === undefined ? label : [...label, `(${CHANGED[change]})`];
    return `${id}["${lines.map(quoted).join("<br>")}"]${change === undefined ? "" : `:::${change}`}`;
}

/** Escapes characters by entity codes of Mermaid: a quote would end the text, and `#` would begin an entity code. */
function quoted(text: string): string {
    return text.replace(/[#"<>&`\\]/g, (letter) => `#${letter.charCodeAt(0)};`);
}
