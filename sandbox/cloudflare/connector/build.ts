/** Makes the connector one executable file, so that it can be downloaded, checked and run like the real binary. */
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";

export interface BuiltConnector {
    path: string;
    /** Hex. The same code gives the same bytes for one Node. */
    sha256: string;
}

/**
 * @param path where to put it
 * @param options `node`: the interpreter, as it is called where the file runs; `version`: another one to emulate
 */
export async function buildConnector(
    path: string,
    { node = process.execPath, version }: { node?: string; version?: string } = {},
): Promise<BuiltConnector> {
    mkdirSync(dirname(path), { recursive: true });
    await build({
        entryPoints: [join(__dirname, "main.ts")],
        outfile: path,
        bundle: true,
        platform: "node",
        target: "node20",
        format: "cjs",
        define: version === undefined ? {} : { OTHER_VERSION: JSON.stringify(version) },
        banner: { js: `#!${node}` },
        legalComments: "none",
        logLevel: "warning",
    });
    chmodSync(path, 0o755);
    return { path, sha256: createHash("sha256").update(readFileSync(path)).digest("hex") };
}
