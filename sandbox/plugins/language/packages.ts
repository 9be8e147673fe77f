import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";

interface PackageJson {
    version?: string;
    dependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
    pulumi?: { resource?: boolean; name?: string; version?: string };
}

interface Package {
    name: string;
    version: string;
}

function readPackage(folder: string): PackageJson {
    try {
        return JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")) as PackageJson;
    } catch {
        return {};
    }
}

/** The installed folder of a package; undefined if it is not installed. */
function folderOf(program: string, name: string): string | undefined {
    const paths = createRequire(path.join(program, "index.js")).resolve.paths("x") ?? [];
    return paths.map((modules) => path.join(modules, name)).find((folder) => fs.existsSync(folder));
}

/**
 * The Pulumi packages of a program, from the `pulumi` part of the package.json of its dependencies. A package is omitted if its
 * plugin is not on this machine (`hasPlugin`). Otherwise every command would fail, even if the program never uses the package.
 * If the program does use it, the engine fails with an error that names the package.
 */
export function requiredPackages(program: string, hasPlugin: (name: string) => boolean): Package[] {
    const { dependencies, devDependencies } = readPackage(program);
    return Object.keys({ ...dependencies, ...devDependencies }).flatMap((npmName) => {
        const { version, pulumi } = readPackage(folderOf(program, npmName) ?? "");
        const name = pulumi?.name ?? npmName.replace(/^@[^/]+\//, "");
        if (!pulumi?.resource || !hasPlugin(name)) return [];
        return [{ name, version: `v${(pulumi.version ?? version ?? "").replace(/^v/, "")}` }];
    });
}
