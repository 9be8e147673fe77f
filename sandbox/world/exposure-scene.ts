/**
 * Scenes of stacks with exposure tunnel: callers reach the gateway in the cluster through a Cloudflare Tunnel.
 */
import { parse, stringify } from "yaml";
import { VERSION } from "../cloudflare/connector/connector";
import { SANDBOX_TOOLS } from "../toolchain/toolchain";
import { attempts } from "./attempts";
import type { GatewayOutputs } from "./cluster-scenes";
import { serviceOf } from "./openai-requests";
import { serverSecrets } from "./openai-world";
import { layOver, namespaceOf, pinnedPort } from "./overlay";
import type { Scene } from "./scene";
import type { ClusterFacts } from "./state";
import type { WorldOptions } from "./world";

/** Smallest number of tokens per second that the Alpa emulator generates. */
const TOKENS_PER_SECOND = 20;

/** The scene of a stack with exposure tunnel. @param base options for the world of the stack, besides Cloudflare */
export function exposureScene(base: (dir: string) => Partial<WorldOptions>): Scene {
    return {
        tools: SANDBOX_TOOLS,
        async start(dir, log, { tools, pulumi, onAnswer, observe }) {
            // eslint-disable-next-line @typescript-eslint/no-require-imports -- see Scene.start
            const { startExposureWorld } = require("./exposure-world") as typeof import("./exposure-world");
            return startExposureWorld({ tools, pulumi, stateDir: dir, onAnswer, observe, log, ...base(dir) });
        },
        async layOver(shipped, world) {
            pinnedPort(shipped);
            return { text: exposed(shipped, world as ClusterFacts), secrets: serverSecrets(shipped, world) };
        },
        async attempts(dir, outputs, world, text) {
            const { url, credentials: keys, jwtSecrets } = outputs as unknown as GatewayOutputs;
            const { hostname, pathname } = new URL(url);
            // Requests go to the address of the edge; the Host header selects the hostname, as DNS and TLS do in reality.
            const edge = `${world.cloudflare!.edge}${pathname}`;
            const credentials = { keys, jwtSecrets, namespace: namespaceOf(text) };
            return attempts(dir, edge, credentials, serviceOf(text), `'Host: ${hostname}'`);
        },
    };
}

/**
 * Returns the text of a stack file with the sandbox's addresses.
 * @param shipped text of the stack file in the clone. That file is not changed
 */
export function exposed(shipped: string, world: ClusterFacts): string {
    const { alpas, chartRepository, cloudflare, prometheus } = world;
    const addresses = { alpa: alpas, chartRepository, observed: prometheus !== undefined };
    const { config, ...file } = parse(layOver(shipped, addresses)) as {
        config: Record<string, object>;
    };
    const { account, zone } = cloudflare!;
    // Callers use the hostname of the tunnel, so the stack rejects the address of a load balancer.
    const { address: _, ...gateway } = config["alpa-auth:gateway"] as { address?: string };
    return stringify({
        ...file,
        config: {
            ...config,
            "alpa-auth:gateway": gateway,
            "alpa-auth:exposure": "tunnel",
            "alpa-auth:account": account,
            "alpa-auth:hostname": `llm.${zone}`,
            "alpa-auth:zone": { name: zone, plan: "free" },
            "alpa-auth:tunnel": { image: `cloudflare/cloudflared:${VERSION}` },
            ...("alpa-auth:alpa" in config && {
                "alpa-auth:alpa": { ...config["alpa-auth:alpa"], tokensPerSecond: TOKENS_PER_SECOND },
            }),
        },
    });
}
