/** Finds the imports of files in their text, including imports of types and `await import()`. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as ts from "typescript";

const ROOT = join(__dirname, "..");

/** TypeScript files among these files and folders, by their path from the root. */
export function sourceFiles(...places: string[]): string[] {
    return places
        .flatMap((place) =>
            statSync(join(ROOT, place)).isFile()
                ? [place]
                : readdirSync(join(ROOT, place), { recursive: true, encoding: "utf8" }).map(
                      (name) => `${place}/${name.replaceAll("\\", "/")}`,
                  ),
        )
        .filter((file) => file.endsWith(".ts") && !file.includes("node_modules/"))
        .sort();
}

/**
 * Files of the project that each of these files imports.
 * @param types whether to include `import type`, which does not exist at run time
 */
export function importsOf(files: string[], { types } = { types: true }): Map<string, string[]> {
    return new Map(
        files.map((file) => {
            const text = readFileSync(join(ROOT, file), "utf8");
            const specifiers = ts.preProcessFile(
                types ? text : text.replace(/^import type [^;]*;/gm, ""),
            ).importedFiles;
            const found = specifiers.flatMap(({ fileName }) =>
                fileName.startsWith(".") ? [resolve(file, fileName)] : [],
            );
            return [file, [...new Set(found)]];
        }),
    );
}

function resolve(file: string, specifier: string): string {
    const target = join(file, "..", specifier).replaceAll("\\", "/");
    const found = [target, `${target}.ts`, target.replace(/\.js$/, ".ts"), join(target, "index.ts")].find(
        (one) => existsSync(join(ROOT, one)) && statSync(join(ROOT, one)).isFile(),
    );
    if (found === undefined) throw new Error(`${file} imports ${specifier}, and no such file exists`);
    return found;
}

/** @returns a cycle as a path whose first and last node are the same, or undefined if there is none */
export function cycleIn(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
    const finished = new Set<string>();
    const visit = (node: string, path: string[]): string[] | undefined => {
        if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
        if (finished.has(node)) return undefined;
        for (const next of graph.get(node) ?? []) {
            const cycle = visit(next, [...path, node]);
            if (cycle) return cycle;
        }
        finished.add(node);
        return undefined;
    };
    for (const node of graph.keys()) {
        const cycle = visit(node, []);
        if (cycle) return cycle;
    }
    return undefined;
}

/**
 * Imports between folders that form a cycle. For example "a/b → a/c": a file below a/b imports a file below a/c, and
 * other imports lead back from a/c to a/b. Cycles within one folder are not reported.
 */
export function folderCycles(imports: ReadonlyMap<string, readonly string[]>): string[] {
    const graph = new Map<string, Set<string>>();
    for (const [file, imported] of imports)
        for (const [from, to] of imported.map((other) => siblings(file, other)))
            graph.set(from, (graph.get(from) ?? new Set()).add(to));
    const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
        [...(graph.get(from) ?? [])].some(
            (next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))),
        );
    return [...graph].flatMap(([from, all]) =>
        [...all]
            .filter((to) => !(from.endsWith(".ts") && to.endsWith(".ts")) && reaches(to, from))
            .map((to) => `${from} → ${to}`),
    );
}

/** The folders or files directly below the deepest common folder of two files. */
function siblings(a: string, b: string): [string, string] {
    const [inA, inB] = [a.split("/"), b.split("/")];
    const shared = inA.findIndex((part, at) => part !== inB[at]);
    return [inA, inB].map((parts) => parts.slice(0, shared + 1).join("/")) as [string, string];
}
