/** A picture as SVG, laid out by Graphviz (as WebAssembly: no program has to be installed). */
import { byPlace, CHANGED, COLOURS, type Part, type Picture } from "./picture";

const FONT = 'fontname="Helvetica,Arial,sans-serif"';

export async function renderSvg(picture: Picture): Promise<string> {
    // The library is loaded here, since it is large and no other command needs it.
    const { instance } = await import("@viz-js/viz");
    const svg = (await instance()).renderString(dotOf(picture), { format: "svg" });
    // Only the <svg> element, which a page can include: the DOCTYPE refers to a host on the internet.
    return svg.slice(svg.indexOf("<svg"));
}

/** The picture in Graphviz's DOT language. */
function dotOf({ stack, parts, lines }: Picture): string {
    const frames = byPlace(parts).flatMap(([place, inside], i) =>
        place === undefined
            ? inside.map(node)
            : [
                  `subgraph cluster_${i} { margin=16; label=${quoted(place)}; style="rounded,dashed"; color="#6e7781";`,
                  ...inside.map(node),
                  "}",
              ],
    );
    const edges = lines.map(({ from, to, label = "", carries }) => {
        const style = carries === "requests" ? "solid" : "dashed";
        return `${from} -> ${to} [label=${quoted(label)}, style=${style}];`;
    });
    return [
        `digraph ${quoted(stack)} {`,
        `rankdir=LR; bgcolor="white"; fontsize=11; ${FONT}; label=${quoted(`stack ${stack}`)}; labelloc=t;`,
        `node [shape=box, margin="0.3,0.1", style="rounded,filled", fillcolor="#f6f8fa", color="#57606a", fontsize=11, ${FONT}];`,
        `edge [color="#57606a", fontsize=10, ${FONT}];`,
        ...frames,
        ...edges,
        "}",
    ].join("\n");
}

function node({ id, label, change }: Part): string {
    if (change === undefined) return `${id} [label=${quoted(label.join("\n"))}];`;
    const { fill, border } = COLOURS[change];
    const text = quoted([...label, `(${CHANGED[change]})`].join("\n"));
    return `${id} [label=${text}, fillcolor="${fill}", color="${border}", penwidth=2];`;
}

function quoted(text: string): string {
    return `"${text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n")}"`;
}
