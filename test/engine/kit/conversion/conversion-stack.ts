/**
 * A stack that can be converted, callers that send requests all the time, and the world for both. In this world, either bare
 * metal or pods can hold the GPUs.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PHASES, TARGET, type Phase, type Stage, type Target } from "../../../../components/opt/conversion-phases";
import type { Attempt } from "../../../../components/opt/conversion-record-provider";
import { progressIn, type Progress } from "../../../../ops/convert/progress";
import { setPlace } from "../../../../ops/convert/stack-edit";
import { pulumiEnv, type PulumiRun } from "../../../../sandbox/world/pulumi";
import { ROOT } from "../../../../sandbox/world/state";
import type { World } from "../../../../sandbox/world/world";
import { freeNodePort } from "../index";
import type { Place } from "../place";
import { EngineStack, succeeded, TOOLS_MILLISECONDS } from "../stack";
import { SteadyCallers } from "../traffic";
import { gpuWorld } from "./gpu-world";

const CONSUMERS = ["lab", "smoke"].map((name) => ({ name, credentials: [{ id: "2026a", method: "key" }] }));

export interface Outputs {
    url: string;
    credentials: Record<string, string>;
    conversion?: { phase: Phase; verification: { url: string; key: string } };
}

export class ConversionStack extends EngineStack {
    private attempts = 0;

    private constructor(
        name: string,
        private readonly world: World,
        private readonly dir: string,
    ) {
        super(name, { dir, facts: world.facts });
    }

    /** Creates a stack of option intra-a whose config already allows the conversion. */
    static async create(
        name: string,
        world: World,
        dir: string,
        nodePort: number,
        more: object = {},
    ): Promise<ConversionStack> {
        const stack = new ConversionStack(name, world, dir);
        await stack.init();
        const { alpa, chartRepository: repository, gpus } = world.facts;
        const { nodes, image, weights, bareMetal } = gpus!;
        stack.write({
            option: "intra-a",
            namespace: name,
            alpa: { endpoints: [alpa], answerTimeoutSeconds: 20 },
            waitSeconds: 300,
            ssh: { user: bareMetal.user },
            gateway: { nodePort, address: "127.0.0.1", chartRepository: repository },
            consumers: CONSUMERS,
            opt: {
                ...{ image, nodes, model: "alpa/opt-66b", rayVersion: "2.0.0" },
                ...{ weights: { hostPath: weights }, cpu: 1, memory: "4Gi" },
                ...{ operatorChartRepository: repository, ...more },
            },
            convert: {
                bareMetal: {
                    hosts: bareMetal.hosts.map((host) => ({ ...host })),
                    unit: bareMetal.unit,
                },
            },
        });
        await stack.configureSecret("ssh.privateKey", readFileSync(bareMetal.privateKeyFile, "utf8"));
        return stack;
    }

    /** Writes a stage into the stack file, as an attempt of the test. */
    ask(stage: Stage, attempt: Attempt | undefined = this.next(TARGET)): void {
        writeFileSync(this.file, setPlace(readFileSync(this.file, "utf8"), { stage, attempt }));
    }

    /** Goes to a later stage, one run for each phase. */
    async goOnTo(stage: Stage): Promise<void> {
        const attempt = this.next(TARGET);
        for (const phase of PHASES.slice(0, PHASES.indexOf(stage as Phase) + 1)) {
            this.ask(phase, attempt);
            succeeded(await this.up());
        }
    }

    private next(to: Target): Attempt {
        return { number: ++this.attempts, to, by: "ada@test", pid: 1, at: "2026-11-30T12:00:00.000Z" };
    }

    outputs(): Promise<Outputs> {
        return this.read();
    }

    /** How far the stack is in a conversion, according to its state. */
    async progress(): Promise<Progress> {
        return progressIn(JSON.parse(await this.must(["stack", "export"])).deployment);
    }

    /** Starts a command of `convert` in the background, so that a test can interfere or kill it. */
    start(...command: string[]): { child: ChildProcess; ended: Promise<PulumiRun> } {
        const args = [join(ROOT, "ops/alpa-auth.js"), "convert", ...command, "--yes", "--stack", this.name];
        const env = { ...process.env, ...pulumiEnv(this.dir, this.world.facts) };
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

/** Before the tests of a `describe`, deploys a stack as intra-a in a world of its own; destroys both after them. */
export function useConversionStack(
    name: string,
    use: (deployed: { place: Place<World>; stack: ConversionStack; url: string; key: string }) => void,
    more: object = {},
): void {
    let place: Place<World> | undefined;
    let stack: ConversionStack | undefined;
    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        place = await gpuWorld();
        stack = await ConversionStack.create(name, place.world, place.dir, await freeNodePort(), more);
        succeeded(await stack.up());
        const { url, credentials } = await stack.outputs();
        use({ place, stack, url, key: credentials["lab/2026a"] });
    });
    after(async () => {
        await stack?.destroy();
        await place?.end();
    });
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

/** The answer to one request, and the time in which the request was open (milliseconds since 1970). */
export interface Sent {
    status: number | string;
    retryAfter: string | null;
    body: string;
    from: number;
    to: number;
}

export async function ask(url: string, key?: string): Promise<Sent> {
    const from = Date.now();
    const headers = { "Content-Type": "application/json", ...(key === undefined ? {} : { apikey: key }) };
    const body = JSON.stringify({ model: "default", prompt: "Paris is", max_tokens: 4 });
    try {
        const answer = await fetch(`${url}/completions`, { method: "POST", headers, body });
        const text = await answer.text();
        return {
            status: answer.status,
            retryAfter: answer.headers.get("retry-after"),
            body: text,
            from,
            to: Date.now(),
        };
    } catch (error) {
        return { status: (error as Error).message, retryAfter: null, body: "", from, to: Date.now() };
    }
}

/** Starts two callers that send requests with this key. */
export function steadyCallers(url: string, key: string): SteadyCallers<Sent> {
    return new SteadyCallers(() => ask(url, key));
}
