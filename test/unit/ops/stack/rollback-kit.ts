/** A repository of two commits, and `stack rollback` in it with a fake Pulumi that answers from memory. Git is real. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { bench, type BenchOptions, type Call } from "../kit";

const SALT = "encryptionsalt: v1:abc\n";
export const NOW = `${SALT}config:\n    alpa-auth:option: intra-a\n    alpa-auth:cluster:\n        kubeconfig: { secure: v1:of-now }\n`;

/** Root of the clone, and its commits. Set by {@link useRepository}. */
export const repository = { root: "", first: "", second: "" };

export const git = (...args: string[]) =>
    execFileSync("git", ["-C", repository.root, "-c", "user.name=a", "-c", "user.email=a@example.com", ...args])
        .toString()
        .trim();

export function commit(files: Record<string, string>): string {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(repository.root, name), text);
    git("add", "-A");
    git("commit", "-qm", "x");
    return git("rev-parse", "HEAD");
}

export function useRepository(): void {
    before(() => {
        repository.root = mkdtempSync(join(tmpdir(), "alpa-auth-clone-"));
        git("init", "-q");
        const packages = { "": { name: "x", version: "1.0.0" } };
        repository.first = commit({
            "index.ts": "first",
            "package.json": '{"name":"x","version":"1.0.0"}',
            "package-lock.json": JSON.stringify({ name: "x", version: "1.0.0", lockfileVersion: 3, packages }),
        });
        // With the packages of the lock file, `npm ci` is not run.
        mkdirSync(join(repository.root, "node_modules"));
        writeFileSync(join(repository.root, "node_modules/.package-lock.json"), "{}");
        writeFileSync(join(repository.root, ".git/info/exclude"), "node_modules/\n");
        repository.second = commit({ "index.ts": "second" });
    });
    after(() => rmSync(repository.root, { recursive: true, force: true }));
}

/** A version as `pulumi stack history --json` prints it. @param head commit; undefined: without git */
export const update = (head: string | undefined, config: object = {}, rest: object = {}) => ({
    version: 0,
    kind: "update",
    result: "succeeded",
    startTime: "2026-11-20T10:00:00.000Z",
    environment: head === undefined ? {} : { "git.head": head },
    config: {
        "alpa-auth:option": { value: "intra-a" },
        "alpa-auth:cluster": hidden,
        ...config,
    },
    ...rest,
});

/** A secret value. */
export const hidden = { secret: true };

/** Step of a preview that creates a resource. */
export const made = (type: string, name: string, inputs: object = {}, op = "create") => {
    const urn = `urn:pulumi:intra::alpa-auth::${type}::${name}`;
    const state = { urn, type, custom: true, inputs };
    return {
        op,
        urn,
        ...(op === "create" ? {} : { oldState: state }),
        ...(op === "delete" ? {} : { newState: state }),
    };
};

export interface Options extends BenchOptions {
    history?: object[];
    steps?: object[];
}

/** Runs the rollback. @returns `seen`: the program and its config at each run of Pulumi that gets both */
export async function rollback(args: string[], { history = [], steps = [], ...options }: Options = {}) {
    const seen: { verb: string; program: string; config: any; plan?: string }[] = [];
    const says = (call: Call) => {
        const at = (flag: string) => call.args[call.args.indexOf(flag) + 1];
        if (call.args.includes("--cwd") && call.args.includes("--config-file"))
            seen.push({
                verb: call.args[0],
                program: readFileSync(join(at("--cwd"), "index.ts"), "utf8"),
                config: parse(readFileSync(at("--config-file"), "utf8")),
                plan: call.args.map((arg) => /^--(?:save-)?plan=(.*)/.exec(arg)?.[1]).find(Boolean),
            });
        const own = options.says?.(call);
        if (own) return own;
        if (call.args[1] === "history") return { stdout: JSON.stringify([...history].reverse()) };
        if (call.args[0] === "preview") return { stdout: JSON.stringify({ steps, changeSummary: {} }) };
        return undefined;
    };
    const one = bench({ text: NOW, program: repository.root, ...options, says });
    return { ...one, seen, ...(await one.ops("stack", "rollback", ...args)) };
}
