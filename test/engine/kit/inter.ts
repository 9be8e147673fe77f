/**
 * A cluster of three plain nodes, two Alpa services outside of the cluster, and callers that measure option inter. The
 * engine, the Kubernetes provider, and the API server with its controllers and scheduler are real. Nodes and pods are
 * emulators. A second of their clock takes a twentieth of a real second.
 */
import { strict as assert } from "node:assert";
import { request } from "node:http";
import { cpuNodes } from "../../../sandbox/control-plane";
import { startWorld, type World } from "../../../sandbox/world/world";
import { freeNodePort } from "./index";
import { endAfterTest } from "./leftovers";
import { startPlace, type Place } from "./place";
import { EngineStack, SECOND_LASTS, TOOLS_MILLISECONDS, type StackConfig } from "./stack";

export { eventually, succeeded } from "./stack";

/** Duration of a batch of the model, in seconds. Before a batch, Alpa waits up to 1 s for further prompts. */
const ALPA_SECONDS = 0.5;

let running: Place<World> | undefined;
/** `host:port` and path of each request that has reached Alpa. */
const alpaSaw: { address: string; path: string }[] = [];

export function useNodes(): void {
    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        running = await startPlace(undefined, (ground) =>
            startWorld({
                ...ground,
                nodes: cpuNodes(3),
                alpaServices: 2,
                alpaSeconds: ALPA_SECONDS,
                watchCycleSeconds: 1,
                secondLasts: SECOND_LASTS,
                onAlpaRequest: ({ path }, address) => alpaSaw.push({ address, path }),
            }),
        );
    });
    after(async () => {
        const place = running;
        running = undefined;
        await place?.end();
    });
}

export function nodes(): { world: World; dir: string } {
    assert.ok(running, "useNodes() must be called in the describe block");
    return running;
}

export function takeAlpaRequests(): { address: string; path: string }[] {
    return alpaSaw.splice(0);
}

/** A stack of option inter in the running world. */
export class InterStack extends EngineStack {
    private constructor(
        name: string,
        readonly nodePort: number,
    ) {
        const { world, dir } = nodes();
        super(name, { dir, facts: world.facts });
    }

    static async create(name: string, config: StackConfig): Promise<InterStack> {
        const stack = new InterStack(name, await freeNodePort());
        await stack.init();
        stack.configure(config);
        return stack;
    }

    /**
     * Writes a working config in which these values replace the defaults.
     * @param config values by key without the project's prefix
     */
    configure(config: StackConfig): void {
        const { facts } = nodes().world;
        this.write({
            option: "inter",
            namespace: this.name,
            alpa: { endpoints: facts.alpas },
            gateway: {
                nodePort: this.nodePort,
                address: "127.0.0.1",
                chartRepository: facts.chartRepository,
                sharedCounters: {},
            },
            waitSeconds: 300,
            ...config,
        });
    }

    outputs(): Promise<{ url: string; credentials: Record<string, string> }> {
        return this.read();
    }
}

/** One request over a connection of its own, as callers behind a load balancer send it. @returns status, or the error */
export function ask(url: string, key: string, path = "/completions", body?: object): Promise<number | string> {
    const text = JSON.stringify(body ?? { model: "default", prompt: "Paris is", max_tokens: 8 });
    return new Promise((resolve) => {
        const sent = request(`${url}${path}`, {
            method: "POST",
            agent: false,
            headers: { "Content-Type": "application/json", apikey: key, Connection: "close" },
        });
        sent.on("response", (answer) => {
            answer.resume();
            answer.on("end", () => resolve(answer.statusCode!));
            answer.on("error", (error) => resolve(error.message));
        });
        sent.on("error", (error) => resolve(error.message));
        sent.end(text);
    });
}

/** Requests at a steady pace until `end`. */
export class Traffic {
    private readonly answers: Promise<number | string>[] = [];
    private readonly timer: NodeJS.Timeout;
    private open = 0;

    constructor(url: string, key: string, everyMilliseconds = 200) {
        const one = () => {
            this.open++;
            this.answers.push(ask(url, key).finally(() => this.open--));
        };
        one();
        this.timer = setInterval(one, everyMilliseconds);
        endAfterTest(() => clearInterval(this.timer));
    }

    /** Resolves when this many requests are open. */
    async underWay(count: number): Promise<void> {
        while (this.open < count) await new Promise((resolve) => setTimeout(resolve, 10));
    }

    /** Resolves when this many requests were sent. */
    async sent(count: number): Promise<void> {
        while (this.answers.length < count) await new Promise((resolve) => setTimeout(resolve, 10));
    }

    /** Stops, and waits for the open requests. @returns all answers */
    async end(): Promise<{ all: number; failed: (number | string)[] }> {
        clearInterval(this.timer);
        const answers = await Promise.all(this.answers);
        return { all: answers.length, failed: answers.filter((answer) => answer !== 200) };
    }
}
