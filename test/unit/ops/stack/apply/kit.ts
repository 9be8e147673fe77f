/** A clone with a commit, and a fake Pulumi that answers with a preview, a plan and a state from memory. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PulumiResult } from "../../../../../ops/stack/pulumi";
import type { ResourceState } from "../../../../../ops/stack/review/preview";
import { bench, savedPlan, type Bench, type Call } from "../../kit";

const TYPE = "alpa-auth:index:Caller";

/** The component of a caller with these credentials. */
export function caller(name: string, credentials: string[], limits: object = {}): ResourceState {
    const inputs = { limits, credentials: Object.fromEntries(credentials.map((id) => [id, { method: "key" }])) };
    return { urn: `urn:pulumi:intra::alpa-auth::${TYPE}::${name}`, type: TYPE, custom: false, inputs };
}

export const removed = (name: string) => step("delete", caller(name, ["a"]));
export const added = (name: string) => step("create", undefined, caller(name, ["a"]));
export const step = (op: string, oldState?: ResourceState, newState?: ResourceState) => ({
    op,
    urn: (oldState ?? newState)!.urn,
    oldState,
    newState,
});

export interface Gate extends Bench {
    clone: string;
    /** Commits a file of the clone. */
    commit(name: string, text: string): void;
}

export interface GateOptions {
    steps?: object[];
    /** Resources of each saved plan. */
    resourcePlans?: object;
    /** Returns the time at which the state was written. Called at each `stack export`. */
    stateTime?: () => string;
    /** Returns the resources of the state. Called at each `stack export`. */
    resources?: () => object[];
    says?: (call: Call) => Partial<PulumiResult> | undefined;
    text?: string;
}

let clones: string[] = [];
afterEach(() => {
    clones.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
    clones = [];
});

export const MADE = "2026-11-25T11:00:00Z";

export function gate(options: GateOptions = {}): Gate {
    const { steps = [], resourcePlans = {}, stateTime = () => MADE, resources = () => [], says, text } = options;
    const clone = mkdtempSync(join(tmpdir(), "alpa-auth-gate-"));
    clones.push(clone);
    const git = (...args: string[]) =>
        execFileSync("git", ["-C", clone, "-c", "user.name=a", "-c", "user.email=a@example.com", ...args]);
    git("init", "-q");
    mkdirSync(join(clone, "policy"));
    const commit = (name: string, content: string) => {
        writeFileSync(join(clone, name), content);
        git("add", "-A");
        git("commit", "-qm", "x");
    };
    commit("index.ts", "first");
    const answer = (call: Call): Partial<PulumiResult> | undefined => {
        const own = says?.(call);
        if (own) return own;
        const [verb, noun] = call.args;
        if (verb === "stack" && noun === "export")
            return {
                stdout: JSON.stringify({ deployment: { manifest: { time: stateTime() }, resources: resources() } }),
            };
        if (verb !== "preview") return undefined;
        const plan = savedPlan(call.args);
        const manifest = { time: "2026-11-25T11:59:00Z", version: "v3.1.0" };
        if (plan) writeFileSync(plan, JSON.stringify({ manifest, config: {}, resourcePlans }));
        return { stdout: JSON.stringify({ steps, changeSummary: {} }) };
    };
    return { ...bench({ program: clone, says: answer, text }), clone, commit };
}

export const accepting = (...entries: object[]) => JSON.stringify({ accepted: entries });
