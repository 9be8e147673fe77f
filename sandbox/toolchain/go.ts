import { execFile, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import type { Progress } from "./cache";
import { ToolchainError } from "./errors";
import { LISTED, putStubs } from "./go-stubs";
import versions from "./versions.json";
import { findOnPath } from "./path";

const run = promisify(execFile);

/**
 * Time limit of a build, in seconds. The slowest takes 5 minutes on two busy cores; the limit is for a module proxy that hangs.
 */
const BUILD_SECONDS = 60 * 60;

/** Number of lines of a failed build's output that are shown. */
const SHOWN_LINES = 12;

export interface GoProgram {
    /** Text of the main module's go.mod, which sets the versions of all modules. */
    goMod: string;
    /** Texts of other files of the main module, by name. */
    files?: Record<string, string>;
    /** Packages to build. The last path element is the executable's name, unless `output` is set. */
    packages: string[];
    /** Name of the executable, if it differs from the end of the package path. Only with one package. */
    output?: string;
    tags?: string[];
    /** Values of Go variables that the linker sets (`-X`), by variable. */
    variables?: Record<string, string>;
    /**
     * Source texts that replace packages, by package path. They replace parts of a program that the sandbox does not run and
     * that take long to compile.
     */
    stubs?: Record<string, string>;
    /** Files of a module that are copied into the main module, which embeds them. */
    copies?: { module: string; files: Record<string, string> };
    /** Files of a module that are stored next to the executables: path in the module, by name of the stored file. */
    keeps?: { module: string; files: Record<string, string> };
}

/** Arguments of a build, without the path of its result. They are part of the cache key. */
export function buildArguments(program: GoProgram): string[] {
    const variables = Object.entries(program.variables ?? {}).map(([name, value]) => ` -X ${name}=${value}`);
    return [
        "build",
        "-mod=mod",
        "-trimpath",
        "-buildvcs=false",
        ...(program.tags ? [`-tags=${program.tags.join(",")}`] : []),
        `-ldflags=-s -w${variables.join("")}`,
        ...program.packages,
    ];
}

/**
 * Compiles without data for debuggers, because the linker removes such data (`-s -w`). This saves about a tenth of the CPU time
 * (measured 2026-11).
 */
const WITHOUT_DWARF = "-gcflags=all=-dwarf=false";

/**
 * Environment of all go commands. It disables the C compiler and workspaces, and keeps only those GOFLAGS that do not
 * change the built program. It keeps GOPROXY, GOSUMDB and GOPRIVATE, because the user decides where modules come from
 * and how they are verified.
 */
export function goEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const { GOOS: _os, GOARCH: _arch, GOEXPERIMENT: _experiment, ...rest } = env;
    const harmless = (env.GOFLAGS ?? "").split(/\s+/).filter((flag) => /^-(modcacherw|p=\d+)$/.test(flag));
    return {
        ...rest,
        CGO_ENABLED: "0",
        GOWORK: "off",
        GO111MODULE: "on",
        GOFLAGS: [WITHOUT_DWARF, ...harmless].join(" "),
    };
}

/** Finds Go and checks its version. The error says what to install. */
export async function requireGo(tool: string, env: NodeJS.ProcessEnv): Promise<{ go: string; version: string }> {
    const install = `Install Go ${versions.go} or newer (https://go.dev/doc/install), put it on PATH and check with: go version`;
    const go = findOnPath("go", env);
    if (go === undefined) throw new ToolchainError(`${tool}: Go is needed to build it (none on PATH). ${install}`);
    const { stdout } = await run(go, ["env", "GOVERSION", "GOTOOLCHAIN"], { env, cwd: "/", timeout: 30_000 });
    const [version, toolchain] = stdout.trim().split("\n");
    const number = version.replace(/^go/, "").split(/[^0-9.]/)[0];
    // An older Go is accepted if GOTOOLCHAIN allows it to download the version in go.mod.
    if (compareVersions(number, versions.go) < 0 && !/auto|\+path/.test(toolchain ?? "")) {
        throw new ToolchainError(
            `${tool}: must be built by Go ${versions.go} or newer (got ${number} at ${go}, and GOTOOLCHAIN=${toolchain} ` +
                `does not allow downloading a newer one). ${install}`,
        );
    }
    return { go, version: number };
}

function compareVersions(left: string, right: string): number {
    const [a, b] = [left, right].map((text) => text.split(".").map(Number));
    for (let i = 0; i < Math.max(a.length, b.length); i++) {
        const difference = (a[i] ?? 0) - (b[i] ?? 0);
        if (difference !== 0) return difference;
    }
    return 0;
}

/** Builds a Go program from its modules. `work` becomes the main module; executables are written to `out`. */
export async function buildGo(
    tool: string,
    program: GoProgram,
    work: string,
    out: string,
    progress: Progress,
    env: NodeJS.ProcessEnv = process.env,
): Promise<Record<string, string>> {
    const { go, version } = await requireGo(tool, env);
    fs.writeFileSync(path.join(work, "go.mod"), program.goMod);
    for (const [name, content] of Object.entries(program.files ?? {})) {
        fs.writeFileSync(path.join(work, name), content);
    }
    for (const [copies, to] of [
        [program.copies, work],
        [program.keeps, out],
    ] as const) {
        if (!copies) continue;
        const listed = await runGo(tool, go, ["mod", "download", "-json", copies.module], work, env, progress);
        const folder = (JSON.parse(listed) as { Dir: string }).Dir;
        for (const [name, source] of Object.entries(copies.files)) {
            fs.copyFileSync(path.join(folder, source), path.join(to, name));
            fs.chmodSync(path.join(to, name), 0o644); // files of the module cache are read-only, and so are their copies
        }
    }
    if (program.stubs) {
        const list = ["list", "-mod=mod", "-find", "-f", LISTED, ...Object.keys(program.stubs)];
        putStubs(program.stubs, await runGo(tool, go, list, work, env, progress), work);
    }
    const [command, ...rest] = buildArguments(program);
    const target = program.output ? path.join(out, program.output) : `${out}${path.sep}`;
    // `-v` prints each compiled package, for the progress. It does not change the result.
    await runGo(tool, go, [command, "-o", target, "-v", ...rest], work, env, progress);
    return { go: version };
}

function runGo(
    tool: string,
    go: string,
    args: string[],
    cwd: string,
    env: NodeJS.ProcessEnv,
    progress: Progress,
): Promise<string> {
    return new Promise((resolve, reject) => {
        const child = spawn(go, args, { cwd, env: goEnvironment(env), stdio: ["ignore", "pipe", "pipe"] });
        let stdout = "";
        const lines: string[] = [];
        let rest = "";
        let compiled = 0;
        const endChild = () => child.kill("SIGKILL");
        process.once("exit", endChild);
        const timer = setTimeout(() => {
            lines.push(`the build was stopped, because it took longer than ${BUILD_SECONDS / 60} minutes`);
            endChild();
        }, BUILD_SECONDS * 1000);
        child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
        child.stderr.on("data", (chunk: Buffer) => {
            const parts = (rest + chunk.toString()).split("\n");
            rest = parts.pop() ?? "";
            for (const line of parts) {
                const download = /^go: downloading (\S+)/.exec(line);
                if (download) {
                    progress(`downloading ${download[1]}`);
                } else if (/^[^\s:]+$/.test(line)) {
                    compiled++;
                    progress(`${compiled} packages compiled`);
                } else if (line.trim() !== "") lines.push(line);
            }
        });
        const settle = () => {
            clearTimeout(timer);
            process.off("exit", endChild);
        };
        child.on("error", (error) => {
            settle();
            reject(new ToolchainError(`${tool}: ${go} could not be started (${error.message}).`));
        });
        child.on("close", (code, signal) => {
            settle();
            if (code === 0) return resolve(stdout);
            if (rest.trim() !== "") lines.push(rest);
            const why = `${tool}: the build failed (go ended with ${code ?? signal}). Check the disk, and GOPROXY or HTTPS_PROXY if your network needs them.`;
            reject(new ToolchainError(why, lines.slice(-SHOWN_LINES)));
        });
    });
}
