/**
 * A stack that can be converted, callers that send requests all the time, and the world for both. In this world, either bare
 * metal or pods can hold the GPUs.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Phase, Stage } from "../../../../components/opt/conversion-phases";
import type { World } from "../../../../sandbox/world/world";
import { EngineStack, succeeded } from "../stack";
import { SteadyCallers } from "../traffic";

const CONSUMERS = [{ name: "lab", credentials: [{ id: "2026a", method: "key" }] }];

export interface Outputs {
    url: string;
    credentials: Record<string, string>;
    conversion?: { phase: Phase; verification: { url: string; key: string } };
}

export class ConversionStack extends EngineStack {
    private constructor(
        name: string,
        private readonly world: World,
        dir: string,
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
            readiness: { settleSeconds: 0.5, graphTimeoutSeconds: 300, acceptTimeoutSeconds: 120 },
            gateway: { nodePort, address: "127.0.0.1", chart: { repository } },
            consumers: CONSUMERS,
            opt: {
                ...{ image, nodes, model: "alpa/opt-66b", gpuMemory: "40Gi", rayVersion: "2.0.0" },
                ...{ weights: { hostPath: weights }, sharedMemory: "1Gi", resources: { cpu: 1, memory: "4Gi" } },
                ...{ operatorChart: { repository }, startTimeoutSeconds: 90, ...more },
            },
            convert: {
                phase: "prepare",
                bareMetal: {
                    hosts: bareMetal.hosts.map((host) => ({ ...host })),
                    ...{ unit: bareMetal.unit, stopTimeoutSeconds: 30, startTimeoutSeconds: 60 },
                },
            },
        });
        const key = readFileSync(bareMetal.privateKeyFile, "utf8");
        for (const i of bareMetal.hosts.keys())
            await stack.configureSecret(`convert.bareMetal.hosts[${i}].privateKey`, key);
        return stack;
    }

    /** Changes the option, or the phase of option intra-b, and nothing else. */
    ask(stage: Stage): void {
        const [option, phase] = stage === "intra-a" ? ["intra-a", "prepare"] : ["intra-b", stage];
        const text = readFileSync(this.file, "utf8")
            .replace(/alpa-auth:option: \S+/, `alpa-auth:option: ${option}`)
            .replace(/phase: \w+/, `phase: ${phase}`);
        writeFileSync(this.file, text);
    }

    async go(stage: Stage): Promise<void> {
        this.ask(stage);
        succeeded(await this.up());
    }

    outputs(): Promise<Outputs> {
        return this.read();
    }

    /** Fields of the conversion's record in the cluster, or `{}` if there is no record. */
    async record(): Promise<Record<string, string>> {
        const live = await this.world.read("v1", "ConfigMap", this.name, "alpa-auth-conversion");
        return (live?.data ?? {}) as Record<string, string>;
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
