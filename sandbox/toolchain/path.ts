import * as fs from "node:fs";
import * as path from "node:path";

/** Absolute path of an executable on PATH, or undefined. Empty and relative entries are skipped. */
export function findOnPath(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
    for (const folder of (env.PATH ?? "").split(path.delimiter)) {
        if (!path.isAbsolute(folder)) continue;
        const file = path.join(folder, name);
        try {
            fs.accessSync(file, fs.constants.X_OK);
            if (fs.statSync(file).isFile()) return file;
        } catch {
            // The folder has no executable of this name.
        }
    }
    return undefined;
}
