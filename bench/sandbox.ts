/** A sandbox of its own for one run of the bench, with an existing gateway. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CoreV1Api, CustomObjectsApi } from "@kubernetes/client-node";
import { stringify } from "yaml";
import { installationOf } from "../components/apisix/values";
import { endOrphanPlugins, freePortFrom, startGuard, waitFor } from "../sandbox/processes";
import { ensureTools, SANDBOX_TOOLS } from "../sandbox/toolchain/toolchain";
import { createStack, mustPulumi } from "../sandbox/world/pulumi";
import { sandboxId, writePrivate } from "../sandbox/world/state";
import { startWorld, type World } from "../sandbox/world/world";

export interface Bench {
    dir: string;
    world: World;
    /** Address at which callers reach the gateway. */
    url: string;
    /** Names that callers need: the gateway, its namespace and the IngressClass of routes. */
    binding: { ingressClass: string; gateway: string };
}

const GATEWAY = "gateway";

/** Starts the sandbox, runs `work`, and removes the sandbox. */
export async function withBench(log: (line: string) => void, work: (bench: Bench) => Promise<void>): Promise<void> {
    const tools = await ensureTools(SANDBOX_TOOLS, { log });
    const dir = mkdtempSync(join(tmpdir(), "alpa-auth-bench-"));
    const guard = await startGuard({ stateDir: dir, sandboxId: sandboxId(dir) });
    let world: World | undefined;
    try {
        world = await startWorld({ tools, stateDir: dir, alpaPort: 0, watchCycleSeconds: 1, secondLasts: 0.05 });
        const url = await installGateway(dir, world);
        const binding = {
            ingressClass: GATEWAY,
            gateway: `${installationOf("rampart", GATEWAY).namespace}/${GATEWAY}`,
        };
        await work({ dir, world, url, binding });
    } finally {
        await world?.close();
        await endOrphanPlugins(sandboxId(dir));
        await guard.stop();
        rmSync(dir, { recursive: true, force: true });
    }
}

/** A gateway without routes, created by a stack of its own: the measured stacks use it with installer `existing`. */
async function installGateway(dir: string, world: World): Promise<string> {
    const { facts } = world;
    const nodePort = await freePortFrom(30850);
    await createStack(dir, facts, GATEWAY);
    writeStackFile(facts.stackFiles, GATEWAY, {
        option: "intra-a",
        namespace: GATEWAY,
        alpa: { endpoints: [facts.alpa] },
        waitSeconds: 120,
        gateway: { nodePort, address: "127.0.0.1", chartRepository: facts.chartRepository },
        consumers: [],
    });
    await mustPulumi(dir, facts, ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", GATEWAY]);
    const [group, version, plural] = ["apisix.apache.org", "v2", "apisixroutes"];
    await world.kubeConfig
        .makeApiClient(CustomObjectsApi)
        .deleteNamespacedCustomObject({ group, version, plural, namespace: GATEWAY, name: "alpa" });
    return `http://127.0.0.1:${nodePort}`;
}

/** Replaces the config of a stack. @param config by key without the project's prefix. The encryption salt stays the same. */
export function writeStackFile(folder: string, stack: string, config: object, project = "alpa-auth"): void {
    const file = join(folder, `Pulumi.${stack}.yaml`);
    const salt = /encryptionsalt: .*/.exec(readFileSync(file, "utf8"))![0];
    const prefixed = Object.fromEntries(Object.entries(config).map(([key, value]) => [`${project}:${key}`, value]));
    writePrivate(file, `${salt}\n${stringify({ config: prefixed })}`);
}

/** Deletes a namespace with its objects, and waits until it is gone. */
export async function removeNamespace({ world }: Bench, name: string): Promise<void> {
    await world.kubeConfig.makeApiClient(CoreV1Api).deleteNamespace({ name });
    const gone = async () => (await world.read("v1", "Namespace", undefined, name)) === undefined;
    await waitFor(`deletion of namespace ${name}`, gone, { seconds: 600 });
}
