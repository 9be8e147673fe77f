import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";

interface PackageJson {
    name?: string;
    version?: string;
    dependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
    optionalDependencies?: Record<string, string>;
    pulumi?: { resource?: boolean; name?: string; version?: string; server?: string };
}

interface RequiredPackage {
    name: string;
    version: string;
    server: string;
}

interface Dependency {
    name: string;
    version: string;
}

function readPackage(folder: string): PackageJson | undefined {
    try {
        return JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")) as PackageJson;
    } catch {
        return undefined;
    }
}

/** The `node_modules` folders of a program as Node.js searches them, nearest first. */
function moduleFolders(program: string): string[] {
    const paths = createRequire(path.join(program, "index.js")).resolve.paths("x") ?? [];
    return paths.filter((folder) => fs.existsSync(folder));
}

/** Names of the packages in a `node_modules` folder. */
function namesIn(modules: string): string[] {
    return fs.readdirSync(modules).flatMap((entry) => {
        if (entry.startsWith(".")) return [];
        if (!entry.startsWith("@")) return [entry];
        return fs.readdirSync(path.join(modules, entry)).map((last) => `${entry}/${last}`);
    });
}

/** Installed packages as `name → folder`. Of several packages with one name, the nearest wins, as in Node.js. */
function installed(program: string): Map<string, string> {
    const found = new Map<string, string>();
    for (const modules of moduleFolders(program))
        for (const name of namesIn(modules)) if (!found.has(name)) found.set(name, path.join(modules, name));
    return found;
}

/**
 * The Pulumi packages of a program, from the `pulumi` part of the installed SDKs' package.json. The released host lists
 * all of them, and the engine downloads their plugins.
 * This host omits a package if its plugin is not on this machine (`hasPlugin`). Otherwise every command would fail,
 * even if the program never uses the package. If the program does use it, the engine fails with an error that names the
 * package.
 */
export function requiredPackages(program: string, hasPlugin: (name: string) => boolean): RequiredPackage[] {
    return [...installed(program)].flatMap(([npmName, folder]) => {
        const manifest = readPackage(folder);
        const plugin = manifest?.pulumi;
        if (!plugin?.resource) return [];
        const name = plugin.name ?? npmName.replace(/^@[^/]+\//, "");
        if (!hasPlugin(name)) return [];
        return [
            {
                name,
                version: `v${(plugin.version ?? manifest?.version ?? "").replace(/^v/, "")}`,
                server: plugin.server ?? "",
            },
        ];
    });
}

/** Dependencies of the program with their installed versions. @param transitive whether to include indirect ones */
export function programDependencies(program: string, transitive: boolean): Dependency[] {
    const folders = installed(program);
    if (!transitive) {
        const own = readPackage(program);
        const names = Object.keys({ ...own?.dependencies, ...own?.devDependencies, ...own?.optionalDependencies });
        return names.sort().flatMap((name) => describe(name, folders.get(name)));
    }
    return [...folders].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, folder]) => describe(name, folder));
}

function describe(name: string, folder: string | undefined): Dependency[] {
    const version = folder && readPackage(folder)?.version;
    return version ? [{ name, version }] : [];
}
