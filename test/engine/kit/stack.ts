/** A stack of this project in any running world. */
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { PartReport } from "../../../sandbox/real/choice";
import { createStack, pulumiEnv, runPulumi, type PulumiRun, type RunOptions } from "../../../sandbox/world/pulumi";
import { ROOT, writePrivate, type WorldFacts } from "../../../sandbox/world/state";
import { worldLog } from "./world-log";

/** With a cold tool cache, the sandbox first builds all tools that a test needs. */
export const TOOLS_MILLISECONDS = 45 * 60_000;

/**
 * Real seconds in one second of the worlds' clocks. A terminating pod of the chart has 30 seconds of this clock for its
 * last answers. The Alpa emulator needs up to one real second for an answer, so a smaller value would cut off answers.
 */
export const SECOND_LASTS = 0.05;

/** Commands whose output helps to explain a test that times out. */
const CHANGES = ["up", "destroy", "refresh"];

export type StackConfig = Record<string, unknown>;

export interface Place {
    dir: string;
    facts: WorldFacts;
}

export class EngineStack {
    private salt = "";
    /** What Pulumi and the operators' command line printed for this stack, but for outputs requested with secrets. */
    said = "";

    protected constructor(
        readonly name: string,
        private readonly place: Place,
    ) {}

    /** Creates an empty stack. */
    protected async init(): Promise<void> {
        await createStack(this.place.dir, this.place.facts, this.name);
        this.salt = /encryptionsalt: .*/.exec(readFileSync(this.file, "utf8"))![0];
    }

    /** Parts of the stack's world, each real or emulated. */
    get parts(): PartReport[] {
        return this.place.facts.parts;
    }

    /** Path of the stack file. */
    get file(): string {
        return join(this.place.facts.stackFiles, `Pulumi.${this.name}.yaml`);
    }

    /** Replaces the whole config. @param values by key without the project's prefix */
    protected write(values: StackConfig): void {
        const prefixed = Object.entries(values)
            .filter(([, value]) => value !== undefined)
            .map(([key, value]) => [`alpa-auth:${key}`, value]);
        writePrivate(this.file, `${this.salt}\n${stringify({ config: Object.fromEntries(prefixed) })}`);
    }

    /** Sets a secret as an operator does: encrypted, and not as an argument. */
    async configureSecret(path: string, value: string): Promise<void> {
        succeeded(await this.run(["config", "set", "--secret", "--path", `alpa-auth:${path}`], { input: value }));
    }

    up(...args: string[]): Promise<PulumiRun> {
        return this.run(["up", "--yes", "--skip-preview", ...args]);
    }

    /** Runs `up` with the plan of a preview. */
    async upAsPlanned(): Promise<PulumiRun> {
        const plan = join(this.place.dir, `plan-of-${this.name}.json`);
        succeeded(await this.preview("--save-plan", plan));
        return this.up("--plan", plan);
    }

    preview(...args: string[]): Promise<PulumiRun> {
        return this.run(["preview", ...args]);
    }

    destroy(): Promise<PulumiRun> {
        return this.run(["destroy", "--yes", "--skip-preview"]);
    }

    /** Outputs of the stack, with plain-text secrets. */
    protected async read<T>(): Promise<T> {
        return JSON.parse(await this.must(["stack", "output", "--json", "--show-secrets"])) as T;
    }

    /** Resources of the state, as stored in the backend. */
    async resources(): Promise<{ urn: string; type: string; outputs: Record<string, unknown> }[]> {
        const { resources = [] } = JSON.parse(await this.must(["stack", "export"])).deployment;
        // The resource of the stack itself is left out. It exists after the first run, even in an empty stack.
        return resources.filter((r: { type: string }) => r.type !== "pulumi:pulumi:Stack");
    }

    /** Runs pulumi on this stack, whether it fails or not. */
    async run(args: string[], options: RunOptions = {}): Promise<PulumiRun> {
        const stack = args[0] === "-C" ? [] : ["--stack", this.name];
        const onLine = (line: string) => {
            if (CHANGES.includes(args[0])) worldLog(`pulumi ${args[0]} of ${this.name}: ${line}`);
            options.onLine?.(line);
        };
        const all = [...args, ...stack, "--non-interactive"];
        const run = await runPulumi(this.place.dir, this.place.facts, all, { ...options, onLine });
        if (!args.includes("--show-secrets")) this.said += run.stdout + run.stderr;
        return run;
    }

    /** Runs the operators' command line on this stack, as a process of its own. */
    ops(...args: string[]): Promise<PulumiRun> {
        return this.opsOf(ROOT, ...args);
    }

    /** Runs the operators' command line of another clone on this stack. */
    async opsOf(clone: string, ...args: string[]): Promise<PulumiRun> {
        const { dir, facts } = this.place;
        const command = [join(clone, "ops/alpa-auth.js"), ...args, "--stack", this.name];
        const env = { ...process.env, ...pulumiEnv(dir, facts) };
        const child = spawn(process.execPath, command, { cwd: clone, env, stdio: ["ignore", "pipe", "pipe"] });
        const said = { code: -1, stdout: "", stderr: "" };
        for (const stream of ["stdout", "stderr"] as const)
            child[stream].setEncoding("utf8").on("data", (text: string) => (said[stream] += text));
        said.code = await new Promise((resolve, reject) => {
            child.on("error", reject);
            child.on("close", (code) => resolve(code ?? -1));
        });
        this.said += said.stdout + said.stderr;
        return said;
    }

    /** Starts `up` and kills pulumi once `when` returns true. As in a crash, its plugins get no signal. */
    async upKilledWhen(when: () => Promise<boolean>): Promise<void> {
        let pid = 0;
        const up = this.run(["up", "--yes", "--skip-preview"], { onStart: (p) => (pid = p) });
        await eventually("the moment to kill pulumi", async () => (await when()) || undefined);
        process.kill(pid, "SIGKILL");
        await up;
    }

    /** Runs pulumi on this stack. @returns its output */
    async must(args: string[]): Promise<string> {
        return succeeded(await this.run(args)).stdout;
    }
}

/** Fails with Pulumi's output if the run failed. */
export function succeeded(run: PulumiRun): PulumiRun {
    assert.ok(run.code === 0, `pulumi ended with ${run.code}:\n${essence(run.stdout)}\n${run.stderr}`);
    return run;
}

/** @returns all that Pulumi printed. @throws if the run succeeded */
export function failed(run: PulumiRun): string {
    assert.ok(run.code !== 0, `pulumi should have failed:\n${essence(run.stdout)}`);
    return `${run.stdout}\n${run.stderr}`;
}

/** The end of Pulumi's output, with the errors and changes. The list of resources before the errors is left out. */
function essence(stdout: string): string {
    const diagnostics = stdout.indexOf("\nDiagnostics:");
    return diagnostics >= 0 ? stdout.slice(diagnostics + 1) : stdout.split("\n").slice(-30).join("\n");
}

/**
 * Waits for a state that another process brings about. The error of a timeout says what was last seen. The limit is far above
 * normal durations, because other tests and processes sometimes slow the machine down.
 */
export async function eventually<T>(
    what: string | (() => string),
    look: () => Promise<T | undefined>,
    seconds = 120,
): Promise<T> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const found = await look();
        if (found !== undefined) return found;
        if (Date.now() >= end) assert.fail(`${typeof what === "string" ? what : what()}: not seen within ${seconds} s`);
        await new Promise((resolve) => setTimeout(resolve, 25));
    }
}
