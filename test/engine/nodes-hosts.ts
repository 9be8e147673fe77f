/** Sandbox hosts that become a cluster, and one with rules in front of Alpa. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { type Host, Microk8sPlay, newKey, startHost, type Microk8sHost } from "../../sandbox/hosts";
import { restOf } from "../../sandbox/hosts/microk8s/rest";
import { layNft, type Nft } from "../../sandbox/hosts/nft";
import { here } from "./exposure-kit";

/** Hosts a to d at addresses of their own, of which the first is reached by a way that can be closed. */
export interface Hosts {
    nodes: Record<string, Microk8sHost>;
    /** The host that Alpa runs on, and the rules it holds. */
    alpa: Host;
    nft: Nft;
    /** The way to host a by SSH. */
    way: Way;
    close(): Promise<void>;
}

export interface Way {
    port: number;
    /** Lets nobody through any more, as a host that is off. */
    shut(): Promise<void>;
    open(): Promise<void>;
}

export async function startHosts(firstAddress: number): Promise<Hosts> {
    const { world, dir } = here();
    const play = new Microk8sPlay({ api: restOf(world.controlPlane.adminKubeConfig) });
    const common = { privateKey: newKey(), sudo: "nopasswd", stateDir: dir } as const;
    const started = await Promise.all(
        ["a", "b", "c", "d"].map((name, i) =>
            play.startHost({ ...common, name: `inter-${name}`, address: `127.0.0.${firstAddress + i}` }),
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
            await play.close();
            await alpa.close();
        },
    };
}

async function openWay(address: string, to: number): Promise<Way> {
    const sockets = new Set<Socket>();
    let server = createServer();
    let port = 0;
    const open = async () => {
        server = createServer((client) => {
            const host = connect(to, address);
            for (const [one, other] of [
                [client, host],
                [host, client],
            ]) {
                sockets.add(one.on("error", () => other.destroy()).on("close", () => sockets.delete(one)));
                one.pipe(other);
            }
        });
        await new Promise<void>((resolve) => server.listen(port, address, resolve));
        port = (server.address() as AddressInfo).port;
    };
    await open();
    const shut = () =>
        new Promise<void>((resolve) => {
            server.close(() => resolve());
            for (const socket of sockets) socket.destroy();
        });
    return { port, shut, open };
}
