/** Recipe that creates a cache entry from a release. */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Recipe } from "../cache";
import { ToolchainError } from "../errors";
import { download } from "./download";
import type { Release } from "./table";
import { unpack } from "./unpack";

/** @param protocol tests use "http" */
export function releaseRecipe(name: string, { version, downloads }: Release, protocol?: "https" | "http"): Recipe {
    return {
        name,
        version,
        how: "downloading",
        outputs: downloads.flatMap(({ program, members = {} }) => (program ? [program] : Object.keys(members))),
        ingredients: downloads,
        async build(work, out) {
            const results = await Promise.allSettled(downloads.map((one) => download(one, work, protocol)));
            const errors = results.flatMap((one) => (one.status === "rejected" ? [one.reason as Error] : []));
            // A wrong checksum (ToolchainError) is thrown before a failed download, because it is more important.
            if (errors.length > 0) throw errors.find((error) => error instanceof ToolchainError) ?? errors[0];
            const files = results.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
            for (const [i, { program, members }] of downloads.entries()) {
                const { file } = files[i];
                if (members) await unpack(file, members, work, out);
                if (program) fs.copyFileSync(file, path.join(out, program));
            }
            return Object.fromEntries(downloads.map(({ url }, i) => [url, files[i].sum]));
        },
    };
}
