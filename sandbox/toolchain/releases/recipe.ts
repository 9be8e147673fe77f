/** Recipe that creates a cache entry from a release. */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Recipe } from "../cache";
import { ToolchainError } from "../errors";
import { duration } from "../log";
import { announcedSize, type CurlOptions } from "./curl";
import { download } from "./download";
import type { Release } from "./table";
import { unpack } from "./unpack";

interface ReleaseRecipeOptions extends CurlOptions {
    /** Folder of incomplete files. */
    folder: string;
}

export function releaseRecipe(name: string, release: Release, options: ReleaseRecipeOptions): Recipe {
    const { version, downloads } = release;
    return {
        name,
        version,
        how: "downloading",
        outputs: downloads.flatMap(({ program, members = {} }) => (program ? [program] : Object.keys(members))),
        ingredients: downloads,
        freeMiB: 2048,
        async build(work, out, progress) {
            const received = new Received();
            progress(() => received.text());
            const results = await Promise.allSettled(
                downloads.map(async (one) => {
                    const result = await download(one, { ...options, onStart: (file) => received.add(file) });
                    received.complete(result.file);
                    return result;
                }),
            );
            const errors = results.flatMap((one) => (one.status === "rejected" ? [one.reason as Error] : []));
            // A wrong checksum (ToolchainError) is thrown before a failed download, because it is more important.
            if (errors.length > 0) throw errors.find((error) => error instanceof ToolchainError) ?? errors[0];
            const files = results.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
            for (const [i, { program, members }] of downloads.entries()) {
                const { file } = files[i];
                if (members) await unpack(file, members, work, out);
                if (program) fs.copyFileSync(file, path.join(out, program));
            }
            files.forEach(({ file }) => fs.rmSync(file));
            return Object.fromEntries(downloads.map(({ url }, i) => [url, files[i].sum]));
        },
    };
}

const MB = 1_000_000;

/** Progress of the download of several files. */
export class Received {
    private readonly files = new Map<string, { before: number; total?: number }>();
    private readonly started = Date.now();

    add(file: string): void {
        this.files.set(file, { before: sizeOf(file) });
    }

    complete(file: string): void {
        this.files.get(file)!.total = sizeOf(file);
    }

    /** Received size, and percent and remaining time if all servers have sent the sizes of their files. */
    text(now = Date.now()): string | undefined {
        if (this.files.size === 0) return undefined;
        const files = [...this.files].map(([file, { before, total }]) => ({
            before,
            size: sizeOf(file),
            total: total ?? announcedSize(file),
        }));
        const got = sum(files.map(({ size }) => size));
        if (files.some(({ total }) => total === undefined)) return `${megabytes(got)} MB`;
        const all = sum(files.map(({ total }) => total!));
        const received = got - sum(files.map(({ before }) => before));
        const perSecond = (received * 1000) / (now - this.started);
        const left = perSecond > 0 ? `, ${duration((all - got) / perSecond)} left` : "";
        return `${megabytes(got)} of ${megabytes(all)} MB (${Math.floor((got / all) * 100)}%)${left}`;
    }
}

const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
const megabytes = (bytes: number) => (bytes / MB).toFixed(bytes < 10 * MB ? 1 : 0);

function sizeOf(file: string): number {
    return fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
