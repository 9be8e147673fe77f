/** A stack of option intra-a that can be converted, in a world of gpu-world.ts. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Entry } from "../../../../ops/convert/audit";
import { hostKeys } from "../../../../sandbox/world/overlay";
import { freePortFrom } from "../../../../sandbox/processes";
import { Rest } from "../../../../sandbox/rampart/kubernetes/rest";
import { pulumiEnv, type PulumiRun } from "../../../../sandbox/world/pulumi";
import { ROOT } from "../../../../sandbox/world/state";
import type { World } from "../../../../sandbox/world/world";
import type { Place } from "../place";
import { EngineStack, eventually, succeeded, TOOLS_MILLISECONDS } from "../stack";
import { gpuWorld } from "./gpu-world";

export interface Outputs {
    url: string;
    credentials: Record<string, string>;
    conversion?: { phase: string };
}

/** A stack in a world with GPUs. */
interface Deployed {
    place: Place<World>;
    stack: ConvertStack;
    url: string;
    /** Key of alice. */
    key: string;
}

/** Before the tests of a `describe`, deploys a stack as intra-a in a world of its own; destroys both after them. */
export function useConvertStack(name: string, use: (deployed: Deployed) => void): void {
    let place: Place<World> | undefined;
    let stack: ConvertStack | undefined;
    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        place = await gpuWorld();
        stack = await ConvertStack.create(name, place);
        succeeded(await stack.up());
        const { url, credentials } = await stack.outputs();
        use({ place, stack, url, key: credentials["alice/key"] });
    });
    after(async () => {
        await stack?.destroy();
        await place?.end();
    });
}

export class ConvertStack extends EngineStack {
    private constructor(
        name: string,
        private readonly at: Place<World>,
        private readonly nodePort: number,
    ) {
        super(name, { dir: at.dir, facts: at.world.facts });
    }

    /** Creates the stack and deploys it as intra-a. */
    static async create(name: string, at: Place<World>): Promise<ConvertStack> {
        const stack = new ConvertStack(name, at, await freePortFrom(31_800));
        await stack.init();
        const { facts } = at.world;
        const { nodes, image, weights, bareMetal } = facts.gpus!;
        const { hosts, unit } = bareMetal;
        stack.write({
            option: "intra-a",
            namespace: name,
            alpa: { endpoints: [facts.alpa], answerTimeoutSeconds: 60 },
            readiness: { settleSeconds: 0.5, graphTimeoutSeconds: 300, acceptTimeoutSeconds: 120 },
            gateway: { nodePort: stack.nodePort, address: "127.0.0.1", chart: { repository: facts.chartRepository } },
            opt: {
                ...{ image, nodes, model: "alpa/opt-66b", gpuMemory: "40Gi", rayVersion: "2.0.0" },
                ...{ weights: { hostPath: weights }, startTimeoutSeconds: 60 },
                operatorChart: { repository: facts.chartRepository },
            },
            convert: { bareMetal: { hosts, unit, stopTimeoutSeconds: 10, startTimeoutSeconds: 60 } },
            consumers: ["smoke", "alice"].map((consumer) => ({
                name: consumer,
                credentials: [{ id: "key", method: "key" }],
            })),
        });
        for (const [path, file] of Object.entries(hostKeys(facts.gpus!)))
            await stack.configureSecret(path, readFileSync(file, "utf8"));
        return stack;
    }

    outputs(): Promise<Outputs> {
        return this.read();
    }

    /** Events of the last run's record. */
    record(): Entry[] {
        const folder = join(this.at.world.facts.stackFiles, ".alpa-auth", "convert");
        const own = new RegExp(`^${this.name}-\\d`);
        const names = existsSync(folder) ? readdirSync(folder).filter((name) => own.test(name)) : [];
        const last = names.sort().at(-1);
        if (last === undefined) return [];
        const lines = readFileSync(join(folder, last), "utf8").split("\n");
        return lines.flatMap((line) => (line.endsWith("}") ? [JSON.parse(line) as Entry] : []));
    }

    /**
     * Waits until the conversion goes to this target. The record in the cluster names it. For intra-a, the stack file
     * is read instead, because the last step of a rollback removes the record.
     */
    async untilGoing(place: string): Promise<void> {
        const going = async () => {
            if (place === "intra-a") return /option: (\S+)/.exec(readFileSync(this.file, "utf8"))![1];
            const live = await this.at.world.read("v1", "ConfigMap", this.name, "alpa-auth-conversion");
            return (live?.data as Record<string, string> | undefined)?.going;
        };
        await eventually(`a run to ${place}`, async () => ((await going()) === place ? true : undefined), 300);
    }

    /** Deletes all pods of the component at once, as when their nodes fail. */
    async losePods(): Promise<void> {
        const pods = `/api/v1/namespaces/${this.name}/pods`;
        const query = `labelSelector=${encodeURIComponent("ray.io/cluster=alpa-opt")}&gracePeriodSeconds=0`;
        await new Rest(this.at.world.kubeConfig).call("DELETE", `${pods}?${query}`);
    }

    /** Starts `convert run` in the background, so that a test can interfere or kill it. */
    start(...more: string[]): { child: ChildProcess; ended: Promise<PulumiRun> } {
        const args = [join(ROOT, "ops/alpa-auth.js"), "convert", "run", "--yes", ...more, "--stack", this.name];
        const env = { ...process.env, ...pulumiEnv(this.at.dir, this.at.world.facts) };
        const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
        const said = { code: -1, stdout: "", stderr: "" };
        for (const stream of ["stdout", "stderr"] as const)
            child[stream].setEncoding("utf8").on("data", (text: string) => (said[stream] += text));
        const ended = new Promise<PulumiRun>((resolve) =>
            child.on("close", (code) => resolve({ ...said, code: code ?? -1 })),
        );
        return { child, ended };
    }
}

/** Kills a process and all its descendants at once, like a power failure. */
export function killed(pid: number): void {
    const table = execFileSync("ps", ["-eo", "pid=,ppid="]).toString().trim().split("\n");
    const pairs = table.map((line) => line.trim().split(/\s+/).map(Number));
    const below = (parent: number): number[] =>
        pairs.flatMap(([child, of]) => (of === parent ? [child, ...below(child)] : []));
    for (const one of [pid, ...below(pid)])
        try {
            process.kill(one, "SIGKILL");
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
        }
}
