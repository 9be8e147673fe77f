/** Sandbox hosts that become a cluster, and an Alpa host with firewall rules. */
import { type Host, Microk8sEmulator, newKey, startHost, type Microk8sHost } from "../../../sandbox/hosts";
import { restOf } from "../../../sandbox/hosts/microk8s/rest";
import { layNft, type Nft } from "../../../sandbox/hosts/nft";
import { openWay, type Way } from "./way";
import { here } from "./cloudflare/exposed-stack";

/** Hosts a to d, each with its own address, and the host of Alpa. */
export interface Hosts {
    nodes: Record<string, Microk8sHost>;
    /** The host that Alpa runs on, and its firewall rules. */
    alpa: Host;
    nft: Nft;
    /** The SSH connection to host a. */
    way: Way;
    close(): Promise<void>;
}

export async function startHosts(firstAddress: number): Promise<Hosts> {
    const { world, dir } = here();
    const microk8s = new Microk8sEmulator({ api: restOf(world.controlPlane.adminKubeConfig) });
    const common = { privateKey: newKey(), sudo: "nopasswd", stateDir: dir } as const;
    const started = await Promise.all(
        ["a", "b", "c", "d"].map((name, i) =>
            microk8s.startHost({ ...common, name: `inter-${name}`, address: `127.0.0.${firstAddress + i}` }),
        ),
    );
    const alpa = await startHost({ ...common, name: "alpa" });
    const [first] = started;
    const way = await openWay(first.address, first.port);
    return {
        nodes: Object.fromEntries(started.map((host) => [host.name.slice(-1), host])),
        ...{ alpa, nft: layNft(alpa), way },
        close: async () => {
            await way.shut();
            await microk8s.close();
            await alpa.close();
        },
    };
}
