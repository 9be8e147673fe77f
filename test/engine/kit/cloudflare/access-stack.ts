/**
 * The real engine with emulators of Cloudflare (providers, API, edge, connectors) and of a host with SSH and systemd.
 * Tests with it prove what the program sends, but not that the real Cloudflare accepts it.
 */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Seen } from "../../../../sandbox/alpa/server";
import { freePort } from "../../../../sandbox/processes";
import {
    startCloudflareWorld,
    type CloudflareWorld,
    type CloudflareWorldOptions,
} from "../../../../sandbox/world/cloudflare-world";
import { type PulumiRun, type RunOptions } from "../../../../sandbox/world/pulumi";
import { useDocumentedToken } from "./api-permissions";
import { askEdge, type EdgeAnswer } from "./edge-request";
import { startPlace, type Place } from "../place";
import { EngineStack, TOOLS_MILLISECONDS, type StackConfig } from "../stack";

export { eventually, failed, succeeded } from "../stack";

let running: (Place<CloudflareWorld> & { metricsPort: number }) | undefined;
const alpaSaw: Seen[] = [];

/** Registers the hooks that start and end a world. */
export function useCloudflare(options: Omit<CloudflareWorldOptions, "tools" | "stateDir"> = {}): void {
    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        const place = await startPlace(["pulumi"], (ground) =>
            startCloudflareWorld({ ...ground, onAlpaRequest: (seen) => alpaSaw.push(seen), ...options }),
        );
        useDocumentedToken(place.dir, place.world.account);
        running = { ...place, metricsPort: await freePair() };
    });
    after(async () => {
        const place = running;
        running = undefined;
        await place?.end();
    });
}

/** Returns the first of two consecutive free ports of this machine. */
export async function freePair(): Promise<number> {
    for (;;) {
        const first = await freePort();
        if ((await freePort()) === first + 1) return first;
    }
}

export function here(): { world: CloudflareWorld; dir: string; metricsPort: number } {
    assert.ok(running, "useCloudflare() must be called in the describe block");
    return running;
}

/** Requests that have reached Alpa since the last call. */
export function takeAlpaRequests(): Seen[] {
    return alpaSaw.splice(0);
}

export interface Pair {
    clientId: string;
    clientSecret: string;
}

export interface Outputs {
    url: string;
    credentials: Record<string, Pair>;
    curl: string;
    expires: Record<string, string>;
    nameServers: string[];
    zoneStatus: string;
    ds?: string;
}

/**
 * A stack of option cloudflare in the running world. Its connectors run on the world's single host: use one stack at a time.
 */
export class AccessStack extends EngineStack {
    private privateKey: unknown;
    /** Settings of each connector host that differ from those of the world's host. */
    private places: object[] = [{}];

    private constructor(name: string) {
        const { world, dir } = here();
        super(name, { dir, facts: world.facts });
    }

    get hostname(): string {
        return `${this.name}.${here().world.facts.cloudflare.zone}`;
    }

    static async create(name: string, config: StackConfig = {}): Promise<AccessStack> {
        const stack = new AccessStack(name);
        await stack.init();
        stack.configure({});
        const { privateKeyFile } = here().world.facts.cloudflare.host;
        await stack.configureSecret("ssh.privateKey", readFileSync(privateKeyFile, "utf8"));
        const { config: written } = parse(readFileSync(stack.file, "utf8"));
        stack.privateKey = written["alpa-auth:ssh"].privateKey;
        stack.configure(config);
        return stack;
    }

    /**
     * Writes a working config in which these values replace the defaults.
     * @param config values by key without the project's prefix
     */
    configure(config: StackConfig): void {
        const { alpa, cloudflare } = here().world.facts;
        const { host, cloudflared, zone, account, teamName } = cloudflare;
        const { privateKeyFile: _, user, ...reached } = host;
        const { metricsPort } = here();
        const hosts = this.places.map((place) => ({
            ...{ ...reached, metricsPort, ...place },
        }));
        this.write({
            option: "cloudflare",
            account,
            hostname: this.hostname,
            zone: { name: zone, plan: "free" },
            teamName,
            ssh: { user, ...(this.privateKey === undefined ? {} : { privateKey: this.privateKey }) },
            alpa: { endpoints: [alpa], tokensPerSecond: 20 },
            ...config,
            tunnel: { ...cloudflared, hosts, ...(config.tunnel as object | undefined) },
        });
    }

    /**
     * Sets the hosts for the connectors; the next call of `configure` writes them to the config. All hosts must accept
     * the SSH key of the world.
     * @param places settings that differ from those of the world's host; `{}` is the world's host
     */
    installOn(...places: ({ address: string; hostKey: string; metricsPort: number } | object)[]): void {
        this.places = places;
    }

    /**
     * Runs Pulumi. In a world with name servers, the program uses the account's clock, which the test can move forward:
     * the move of a zone takes days.
     */
    override run(args: string[], options: RunOptions = {}): Promise<PulumiRun> {
        const { dns, account } = here().world;
        const clock = `--require=${join(__dirname, "../../fixtures/clock.cjs")}`;
        const ahead = String(account.now().getTime() - Date.now());
        const env: Record<string, string> = dns ? { NODE_OPTIONS: clock, TEST_CLOCK_AHEAD: ahead } : {};
        return super.run(args, { ...options, env: { ...env, ...options.env } });
    }

    outputs(): Promise<Outputs> {
        return this.read();
    }

    /** A small completion, as a caller requests it. */
    call(
        pair?: Pair,
        options: { path?: string; headers?: Record<string, string>; body?: string; method?: string } = {},
    ): Promise<EdgeAnswer> {
        const token: Record<string, string> =
            pair === undefined
                ? {}
                : { "CF-Access-Client-Id": pair.clientId, "CF-Access-Client-Secret": pair.clientSecret };
        const { edge } = here().world.facts.cloudflare;
        const { path = "/completions", headers, body, method } = options;
        return askEdge(`${edge}${path}`, this.hostname, { ...token, ...headers }, body, method);
    }
}
