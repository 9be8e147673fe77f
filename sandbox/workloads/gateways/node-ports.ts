/**
 * Opens the node ports of the gateways' Services: a listener at the address of each node, and a listener at the address of
 * the nodes' load balancer.
 */
import type { V1Service } from "@kubernetes/client-node";
import { openNodePort, type Destination, type Lost, type NodePort } from "../../control-plane/node-port";
import { selects, type Snapshot } from "../cluster";
import { APISIX, runs } from "../pods/images";

/** Address of the load balancer of the nodes. */
const FRONT = "127.0.0.1";
/**
 * Source address of connections to a real gateway, as if they came from the node. It is not 127.0.0.1, the loopback of the
 * pod, because the gateway trusts that address.
 */
const NODE = "127.0.0.2";
/** A node port to open at an address. */
export interface Place {
    /** Name of the node; unset for the load balancer of all nodes. */
    node?: string;
    address: string;
    port: number;
    service: V1Service;
    /** Target port of the Service in its pods. */
    targetPort: number | string | undefined;
}

interface NodePortsOptions {
    /** Decides the destination of a new connection. @param turn number of earlier connections to the same node port */
    destination: (place: Place, turn: number) => Destination;
    /** Whether the gateways are real programs. Connections then come from the address of the node. */
    real: boolean;
    log: (line: string) => void;
}

export class NodePorts {
    /** Open node ports, by `address:port`. */
    private readonly open = new Map<string, { node?: string; nodePort: NodePort }>();
    /** Number of connections so far, by `address:port`. */
    private readonly turns = new Map<string, number>();
    /** Lost requests at node ports that have been closed. The totals include these requests. */
    private readonly before: Lost = { cut: 0, refused: 0, unanswered: 0 };
    private readonly said = new Set<string>();

    constructor(private readonly options: NodePortsOptions) {}

    async follow(now: Snapshot): Promise<void> {
        const wanted = wantedIn(now);
        for (const [key, { nodePort }] of this.open)
            if (!wanted.has(key)) {
                this.open.delete(key);
                await nodePort.close();
                add(this.before, nodePort.lost);
            }
        for (const [key, place] of wanted) if (!this.open.has(key)) await this.openAt(key, place);
    }

    /** Resets the connections to a killed pod: their requests are lost. */
    cut(pod: string): void {
        for (const { nodePort } of this.open.values()) nodePort.cut(pod);
    }

    /** Drops all packets of a node and its pods. @param pods uids of the node's pods */
    silence(node: string, pods: string[]): void {
        for (const { node: own, nodePort } of this.open.values()) {
            if (own === node) nodePort.silence();
            for (const pod of pods) nodePort.silence(pod);
        }
    }

    /** Ends the connections whose packets were dropped. */
    resume(): void {
        for (const { nodePort } of this.open.values()) nodePort.resume();
    }

    /** Requests that callers lost at node ports since the start of the world. */
    lost(): Lost {
        const sum = { ...this.before };
        for (const { nodePort } of this.open.values()) add(sum, nodePort.lost);
        return sum;
    }

    async close(): Promise<void> {
        await Promise.all([...this.open.values()].map(({ nodePort }) => nodePort.close()));
    }

    private async openAt(key: string, place: Place): Promise<void> {
        const { node, address, port, service } = place;
        const destination = () => {
            const turn = this.turns.get(key) ?? 0;
            this.turns.set(key, turn + 1);
            return this.options.destination(place, turn);
        };
        try {
            const nodePort = await openNodePort(port, destination, address, this.options.real ? NODE : undefined);
            this.open.set(key, { node, nodePort });
        } catch (error) {
            const { namespace, name } = service.metadata!;
            const line = `Service ${namespace}/${name}: ${(error as Error).message}`;
            if (!this.said.has(line)) this.options.log(line);
            this.said.add(line);
        }
    }
}

/** The node ports that must be open, by `address:port`. */
function wantedIn({ nodes, pods, services }: Snapshot): Map<string, Place> {
    const places: Pick<Place, "node" | "address">[] = [{ address: FRONT }];
    for (const { metadata, status } of nodes) {
        const address = status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
        if (address !== undefined && address !== FRONT) places.push({ node: metadata!.name, address });
    }
    const lead = services.filter((service) => pods.some((pod) => runs(pod, APISIX) && selects(service, pod)));
    const wanted = lead.flatMap((service) =>
        (service.spec?.ports ?? []).flatMap(({ nodePort: port, targetPort }) =>
            port ? places.map((place): Place => ({ ...place, port, service, targetPort })) : [],
        ),
    );
    return new Map(wanted.map((place) => [`${place.address}:${place.port}`, place]));
}

function add(sum: Lost, more: Lost): void {
    sum.cut += more.cut;
    sum.refused += more.refused;
    sum.unanswered += more.unanswered;
}
