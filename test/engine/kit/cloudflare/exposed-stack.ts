/**
 * The real engine, Kubernetes provider and API server with emulators of Cloudflare. Connectors are pods of the cluster.
 * Tests with it prove what the program sends, but not that the real Cloudflare accepts it.
 */
import { strict as assert } from "node:assert";
import type { Seen } from "../../../../sandbox/alpa/server";
import type { Account } from "../../../../sandbox/cloudflare/account";
import type { Edge } from "../../../../sandbox/cloudflare/edge/server";
import { startExposureWorld } from "../../../../sandbox/world/exposure-world";
import type { World, WorldOptions } from "../../../../sandbox/world/world";
import { useDocumentedToken } from "./api-permissions";
import { askEdge, type EdgeAnswer } from "./edge-request";
import { startPlace } from "../place";
import { EngineStack, SECOND_LASTS, TOOLS_MILLISECONDS, type StackConfig } from "../stack";

export { eventually, succeeded } from "../stack";

const ZONE = "example.com";

interface Running {
    world: World;
    account: Account;
    edge: Edge;
    dir: string;
}
let running: Running | undefined;
let end: () => Promise<void> = async () => undefined;
const alpaSaw: Seen[] = [];

/** Registers the hooks that start a cluster with Cloudflare in front of it, and that end both. */
export function useExposure(
    more: Pick<WorldOptions, "nodes" | "alpaServices" | "alpaSeconds" | "certManager"> = {},
): void {
    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        const place = await startPlace(undefined, (ground) =>
            startExposureWorld({
                ...ground,
                watchCycleSeconds: 1,
                secondLasts: SECOND_LASTS,
                onAlpaRequest: (seen) => alpaSaw.push(seen),
                ...more,
            }),
        );
        const { world, account, edge } = place.world;
        // The token gets the permissions that every stack needs. It gets no permissions for Access, notifications and zone
        // settings, and cannot create or change zones.
        useDocumentedToken(
            place.dir,
            account,
            (permission) => !/^(Access|Notifications|Zone Write|Zone Settings)/.test(permission),
        );
        running = { world, account, edge, dir: place.dir };
        end = place.end;
    });
    after(async () => {
        running = undefined;
        await end();
    });
}

export function here(): Running {
    assert.ok(running, "useExposure() must be called in the describe block");
    return running;
}

/** Requests that have reached Alpa since the last call. */
export function takeAlpaRequests(): Seen[] {
    return alpaSaw.splice(0);
}

/** A stack of option intra-a whose gateway is reached through Cloudflare. */
export class ExposedStack extends EngineStack {
    readonly hostname = `${this.name}.${ZONE}`;

    private constructor(name: string) {
        const { world, dir } = here();
        super(name, { dir, facts: world.facts });
    }

    static async create(name: string, config: StackConfig = {}): Promise<ExposedStack> {
        const stack = new ExposedStack(name);
        await stack.init();
        stack.configure(config);
        return stack;
    }

    /** Writes a config whose callers connect to the nodes. @param config values by key without the project's prefix */
    configureAzure(config: StackConfig): void {
        const { world } = here();
        this.write({
            option: "intra-a",
            namespace: this.name,
            alpa: { endpoints: [world.facts.alpa] },
            ...this.common(config),
        });
    }

    /**
     * Writes a working config in which these values replace the defaults.
     * @param config values by key without the project's prefix
     */
    configure(config: StackConfig): void {
        const { world, account } = here();
        this.write({
            option: "intra-a",
            exposure: "tunnel",
            namespace: this.name,
            account: account.id,
            hostname: this.hostname,
            zone: { name: ZONE, plan: "free" },
            tunnel: { image: "cloudflare/cloudflared:2026.8.2" },
            alpa: { endpoints: [world.facts.alpa], tokensPerSecond: 20 },
            ...this.common(config),
        });
    }

    private common({ gateway, ...config }: StackConfig): StackConfig {
        const { chartRepository } = here().world.facts;
        return {
            gateway: { chartRepository, ...(gateway as object | undefined) },
            waitSeconds: 300,
            ...config,
        };
    }

    outputs(): Promise<{ url: string; credentials: Record<string, string> }> {
        return this.read();
    }

    /** A small completion, requested at the edge. */
    call(path: string, headers: Record<string, string> = {}): Promise<EdgeAnswer> {
        return askEdge(`${here().edge.url}${path}`, this.hostname, headers);
    }
}
