/** The folders of the product as layers, from the imports of its files: the diagram in docs/architecture.md. */
import { importsOf, sourceFiles } from "./imports";

/** Entry points: the program, the policy pack and the command line. */
export const CODE = ["index.ts", "options.ts", "config", "preflight", "stacks", "components", "dns", "policy", "ops"];

const ENTRY = "index.ts, options.ts";
const TOPOLOGIES = "topologies";

/** The box in the diagram to which a file belongs: its folder, or below components/ its subfolder. */
function boxOf(file: string): string {
    const [top, subject, ...below] = file.split("/");
    if (subject === undefined) return ENTRY;
    if (top !== "components") return top;
    return below.length === 0 ? TOPOLOGIES : `components/${subject}`;
}

/** The boxes that each box imports. */
export function layers(): Map<string, string[]> {
    const found = new Map<string, Set<string>>();
    for (const [file, imported] of importsOf(sourceFiles(...CODE))) {
        const box = boxOf(file);
        const others = found.get(box) ?? found.set(box, new Set()).get(box)!;
        for (const one of imported) if (CODE.includes(one.split("/")[0])) others.add(boxOf(one));
        others.delete(box);
    }
    return new Map([...found].sort().map(([box, others]) => [box, [...others].sort()]));
}

/** The arrows of the graph. An arrow a → c is left out if a path from a to c exists without it. */
function reduced(graph: Map<string, string[]>): [from: string, to: string][] {
    const reaches = (from: string, to: string): boolean =>
        graph.get(from)!.some((next) => next === to || reaches(next, to));
    return [...graph].flatMap(([from, all]) =>
        all
            .filter((to) => !all.some((other) => other !== to && reaches(other, to)))
            .map((to): [string, string] => [from, to]),
    );
}

/** Text of the diagram in Mermaid's language. @param graph without cycles */
export function drawn(graph: Map<string, string[]>): string {
    const boxes = [...graph.keys()];
    const id = (box: string) => box.replace(/^components\//, "").replace(/\W+/g, "_");
    const box = (name: string) => `${id(name)}["${name.replace(/^components\//, "")}"]`;
    const isComponent = (name: string) => name === TOPOLOGIES || name.startsWith("components/");
    return [
        "flowchart TD",
        ...boxes.filter((name) => !isComponent(name)).map((name) => `    ${box(name)}`),
        "    subgraph components",
        ...boxes.filter(isComponent).map((name) => `        ${box(name)}`),
        "    end",
        ...reduced(graph).map(([from, to]) => `    ${id(from)} --> ${id(to)}`),
        "",
    ].join("\n");
}
