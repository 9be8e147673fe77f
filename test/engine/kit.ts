/**
 * The real engine, Kubernetes provider and API server, on the sandbox's stand-ins for the rest. One world serves all
 * engine tests of a run; each stack has a namespace and an entry port of its own.
 */
import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CoreV1Api } from "@kubernetes/client-node";
import { stringify } from "yaml";
import type { Seen } from "../../sandbox/alpa/server";
import { endOrphanPlugins, freePortFrom, startGuard, type Guard } from "../../sandbox/processes";
import { ensureTools } from "../../sandbox/toolchain/toolchain";
import { createStack, runPulumi, type PulumiRun, type RunOptions } from "../../sandbox/world/pulumi";
import { sandboxId, writePrivate } from "../../sandbox/world/state";
import { startWorld, type World, type WorldOptions } from "../../sandbox/world/world";

/** A cold tool cache means building all of it. */
export const TOOLS_MILLISECONDS = 45 * 60_000;

let running: { world: World; dir: string; guard: Guard; rampart: WorldOptions["rampart"] } | undefined;
const alpaSaw: Seen[] = [];

/** Starts the world once; later calls with the same options return the same. */
async function world(rampart: WorldOptions["rampart"]): Promise<World> {
    if (running && running.rampart === rampart) return running.world;
    await end();
    const tools = await ensureTools(undefined, { log: (line) => console.log(`    ${line}`) });
    const dir = mkdtempSync(join(tmpdir(), "alpa-auth-test-"));
    // Should this process be killed, nothing stays behind.
    const guard = await startGuard({ stateDir: dir, sandboxId: sandboxId(dir) });
    const started = await startWorld({
        tools,
        stateDir: dir,
        alpaPort: 0,
        watchCycleSeconds: 1,
        rampart,
        onAlpaRequest: (seen) => alpaSaw.push(seen),
    });
    running = { world: started, dir, guard, rampart };
    return started;
}

/** Registers the hook that starts the world, with time for a cold tool cache. */
export function useWorld(rampart: WorldOptions["rampart"] = "installed"): void {
    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        await world(rampart);
    });
}

after(async function () {
    this.timeout(60_000);
    await end();
});

async function end(): Promise<void> {
    if (!running) return;
    const { world: w, dir, guard } = running;
    running = undefined;
    await w.close();
    await endOrphanPlugins(sandboxId(dir));
    await guard.stop();
    rmSync(dir, { recursive: true, force: true });
}

export function current(): { world: World; dir: string } {
    assert.ok(running, "useWorld() must be called in the describe block");
    return running;
}

/** Requests that have reached Alpa since the last call. */
export function takeAlpaRequests(): Seen[] {
    return alpaSaw.splice(0);
}

export type StackConfig = Record<string, unknown>;

/** A stack of this project in the running world. */
export class TestStack {
    private constructor(
        readonly name: string,
        readonly nodePort: number,
    ) {}

    /** Makes an empty stack; `config` as in {@link configure}. */
    static async create(name: string, config: StackConfig = {}): Promise<TestStack> {
        const { world: w, dir } = current();
        const stack = new TestStack(name, await freeNodePort());
        await createStack(dir, w.facts, name);
        stack.salt = /encryptionsalt: .*/.exec(readFileSync(stack.file, "utf8"))![0];
        stack.configure(config);
        return stack;
    }

    private salt = "";

    private get file(): string {
        return join(current().world.facts.stackFiles, `Pulumi.${this.name}.yaml`);
    }

    /** Replaces the config: keys without the project's prefix, laid over a working intra-a. */
    configure(config: StackConfig): void {
        const { facts } = current().world;
        const { gateway, ...rest } = config as { gateway?: Record<string, unknown> };
        const values: StackConfig = {
            option: "intra-a",
            namespace: this.name,
            alpa: { endpoints: [facts.alpa] },
            readiness: { settleSeconds: 0.5, graphTimeoutSeconds: 120, acceptTimeoutSeconds: 20 },
            ...rest,
        };
        if (gateway?.installer !== "existing")
            values.gateway = {
                nodePort: this.nodePort,
                address: "127.0.0.1",
                chart: { repository: facts.chartRepository },
                ...gateway,
            };
        else values.gateway = gateway;
        const prefixed = Object.entries(values)
            .filter(([, value]) => value !== undefined)
            .map(([key, value]) => [`alpa-auth:${key}`, value]);
        writePrivate(this.file, `${this.salt}\n${stringify({ config: Object.fromEntries(prefixed) })}`);
    }

    /** Sets one value as an operator sets a secret: encrypted, and on no command line. */
    async configureSecret(path: string, value: string): Promise<void> {
        succeeded(await this.run(["config", "set", "--secret", "--path", `alpa-auth:${path}`], { input: value }));
    }

    up(...args: string[]): Promise<PulumiRun> {
        return this.run(["up", "--yes", "--skip-preview", ...args]);
    }

    preview(...args: string[]): Promise<PulumiRun> {
        return this.run(["preview", ...args]);
    }

    destroy(): Promise<PulumiRun> {
        return this.run(["destroy", "--yes", "--skip-preview"]);
    }

    async outputs(): Promise<Outputs> {
        return JSON.parse(await this.must(["stack", "output", "--json", "--show-secrets"]));
    }

    /** Resources of the state, as the backend keeps them. */
    async resources(): Promise<{ urn: string; type: string; outputs: Record<string, unknown> }[]> {
        const { resources = [] } = JSON.parse(await this.must(["stack", "export"])).deployment;
        // The stack itself is there as soon as its program has run once.
        return resources.filter((r: { type: string }) => r.type !== "pulumi:pulumi:Stack");
    }

    /** Runs pulumi on this stack, whatever comes of it. */
    run(args: string[], options: RunOptions = {}): Promise<PulumiRun> {
        const { world: w, dir } = current();
        const stack = args[0] === "-C" ? [] : ["--stack", this.name];
        return runPulumi(dir, w.facts, [...args, ...stack, "--non-interactive"], options);
    }

    /** Starts `up` and kills pulumi as a crash would, once `when` has come true: its plugins are not told. */
    async upKilledWhen(when: () => Promise<boolean>): Promise<void> {
        const { world: w, dir } = current();
        let pid = 0;
        const args = ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", this.name];
        const up = runPulumi(dir, w.facts, args, { onStart: (p) => (pid = p) });
        await eventually("the moment to kill pulumi", async () => (await when()) || undefined, 60);
        process.kill(pid, "SIGKILL");
        await up;
    }

    /** Runs pulumi on this stack and returns what it printed. */
    async must(args: string[]): Promise<string> {
        return succeeded(await this.run(args)).stdout;
    }
}

/** Fails with what Pulumi said. */
export function succeeded(run: PulumiRun): PulumiRun {
    assert.equal(run.code, 0, `pulumi ended with ${run.code}:\n${run.stdout}\n${run.stderr}`);
    return run;
}

/** All that Pulumi printed; fails when it succeeded. */
export function failed(run: PulumiRun): string {
    assert.notEqual(run.code, 0, `pulumi should have failed:\n${run.stdout}`);
    return `${run.stdout}\n${run.stderr}`;
}

export interface Outputs {
    url: string;
    credentials: Record<string, string>;
    jwtSecrets: Record<string, string>;
    curl: string;
    expires: Record<string, string>;
}

export interface Answer {
    status: number;
    headers: Headers;
    body: string;
}

/** A request as a caller makes it; by default a small completion. */
export async function call(
    url: string,
    options: { path?: string; method?: string; key?: string; headers?: Record<string, string>; body?: object } = {},
): Promise<Answer> {
    const { path = "/completions", method = "POST", key, headers } = options;
    const body = options.body ?? { model: "default", prompt: "Paris is", max_tokens: 8 };
    const response = await fetch(`${url}${path}`, {
        method,
        headers: { "Content-Type": "application/json", ...(key === undefined ? {} : { apikey: key }), ...headers },
        body: method === "GET" || method === "HEAD" ? undefined : JSON.stringify(body),
        redirect: "manual",
    });
    return { status: response.status, headers: response.headers, body: await response.text() };
}

/** Waits for a state that something else brings about; the limit is an error that says what was last seen. */
export async function eventually<T>(
    what: string | (() => string),
    look: () => Promise<T | undefined>,
    seconds = 30,
): Promise<T> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const found = await look();
        if (found !== undefined) return found;
        if (Date.now() >= end) assert.fail(`${typeof what === "string" ? what : what()}: not seen within ${seconds} s`);
        await new Promise((resolve) => setTimeout(resolve, 25));
    }
}

/** Lets the nodes of the world take pods, or not: then what waits for pods goes on waiting. */
export async function schedulable(yes: boolean): Promise<void> {
    const core = current().world.kubeConfig.makeApiClient(CoreV1Api);
    for (const { metadata } of (await core.listNode()).items)
        await core.patchNode({
            name: metadata!.name!,
            body: [{ op: "add", path: "/spec/unschedulable", value: !yes }],
        });
}

let lastPort = 30900;

/** A port of the node-port range that nothing on this machine holds. */
export async function freeNodePort(): Promise<number> {
    lastPort = await freePortFrom(lastPort + 1);
    return lastPort;
}
