/** Bundles the connector emulator into one executable file. Hosts download, verify and run it like the real binary. */
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";

export interface BuiltConnector {
    path: string;
    /** Checksum of the file in hex. It stays the same for the same code and Node.js. */
    sha256: string;
}

/** Builds the connector. @param path the file to write @param version another version to emulate */
export async function buildConnector(path: string, version?: string): Promise<BuiltConnector> {
    mkdirSync(dirname(path), { recursive: true });
    await build({
        ...{ entryPoints: [join(__dirname, "main.ts")], outfile: path, bundle: true },
        ...{ platform: "node", target: "node20", format: "cjs", legalComments: "none", logLevel: "warning" },
        define: version === undefined ? {} : { OTHER_VERSION: JSON.stringify(version) },
        banner: { js: `#!${process.execPath}` },
    });
    chmodSync(path, 0o755);
    return { path, sha256: createHash("sha256").update(readFileSync(path)).digest("hex") };
}
