/**
 * Python with the packages for the tests of client/python, installed once in the tool cache. Each interpreter and each list of
 * versions has a separate environment, and next to it the packages that a caller's `pip install` would download.
 */
import { execFile, execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import { cached, cacheRoot, type Recipe } from "../../../sandbox/toolchain/cache";
import { ToolchainError } from "../../../sandbox/toolchain/errors";
import { stderrLog } from "../../../sandbox/toolchain/log";

export const PACKAGE = path.resolve(__dirname, "../../../client/python");
const TESTED_WITH = path.join(PACKAGE, "requirements-test.txt");

/** Oldest Python that the tests' tools support. The package itself also runs on older versions. */
const OLDEST = [3, 11];

export interface PythonTools {
    /** The environment's interpreter. */
    python: string;
    /** Wheels of the package's dependencies, for an installation without a registry. */
    wheels: string;
    /** Folder for caches of tools. It is deleted when the environment is created again. */
    scratch: string;
}

const run = promisify(execFile);

/** @param env PATH, and optionally ALPA_AUTH_PYTHON with the program to use instead of `python3` */
export async function pythonTools(env: NodeJS.ProcessEnv = process.env): Promise<PythonTools> {
    const base = interpreter(env);
    const requirements = fs.readFileSync(TESTED_WITH, "utf8");
    const recipe: Recipe = {
        name: "python-client",
        version: base.version,
        outputs: ["python-packages"],
        ingredients: { requirements, ...base, platform: process.platform, arch: process.arch },
        usually: "usually a minute",
        build: async (_work, out, progress) => {
            const venv = path.join(out, "venv");
            const python = path.join(venv, "bin/python");
            progress("making the environment");
            await step(
                base.file,
                ["-m", "venv", venv],
                "Install its module venv (Debian: apt-get install python3-venv).",
            );
            progress("installing packages");
            const pip = ["-m", "pip", "--disable-pip-version-check", "--no-input"];
            const help = "Check whether pip reaches its registry.";
            await step(python, [...pip, "install", "--no-deps", "-r", TESTED_WITH], help);
            const { stdout } = await run(python, [...pip, "freeze"]);
            fs.writeFileSync(path.join(out, "python-packages"), stdout);
            progress("downloading the packages that callers install");
            const needed = requirements.split("\n").filter((line) => line.endsWith("# the package"));
            const list = path.join(out, "needed.txt");
            fs.writeFileSync(list, needed.join("\n"));
            await step(python, [...pip, "download", "--no-deps", "-d", path.join(out, "wheels"), "-r", list], help);
            fs.mkdirSync(path.join(out, "scratch"));
            return { python: base.version };
        },
    };
    const { folder } = await cached(recipe, { root: cacheRoot(env), log: stderrLog });
    const bin = path.join(folder, "bin");
    return {
        python: path.join(bin, "venv/bin/python"),
        wheels: path.join(bin, "wheels"),
        scratch: path.join(bin, "scratch"),
    };
}

function interpreter(env: NodeJS.ProcessEnv): { file: string; version: string } {
    const name = env.ALPA_AUTH_PYTHON || "python3";
    const least = OLDEST.join(".");
    const advice = `Install Python ${least} or newer with its module venv, or name one in ALPA_AUTH_PYTHON.`;
    const question =
        "import os, sys; print('%d.%d.%d' % sys.version_info[:3]); print(os.path.realpath(sys.executable))";
    let answer: string[];
    try {
        const stdio: ("ignore" | "pipe")[] = ["ignore", "pipe", "pipe"];
        const printed = execFileSync(name, ["-c", question], { encoding: "utf8", env, timeout: 20_000, stdio });
        answer = printed.trim().split("\n");
    } catch {
        throw new ToolchainError(
            `${name}: must be Python, for the tests of client/python (it does not run). ${advice}`,
        );
    }
    const [version, file] = answer;
    const [major, minor] = version.split(".").map(Number);
    if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
        throw new ToolchainError(`${name}: must be Python ${least} or newer (got ${version}). ${advice}`);
    return { file, version };
}

async function step(file: string, args: string[], help: string): Promise<void> {
    try {
        await run(file, args, { timeout: 600_000, maxBuffer: 64 * 1024 * 1024 });
    } catch (error) {
        const { stderr = "", stdout = "" } = error as { stderr?: string; stdout?: string };
        const said = (stderr + stdout).trim().split("\n").slice(-8);
        throw new ToolchainError(`Python for the tests of client/python cannot be set up. ${help}`, said);
    }
}
