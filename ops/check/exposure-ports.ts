import { connect } from "node:net";
import { portsOf } from "../../config/values";

export interface Port {
    port: number;
    /** Program that usually listens on the port, and the risk if callers can reach it. */
    what: string;
    risk: string;
}

const RUNS_CODE = "anyone who can connect can run code";
const ALPA = { what: "Alpa", risk: "callers bypass the gateway, and need no key" };

/** The ports in docs/evaluate/security.md that a host could open, and the ports of MicroK8s. */
export const CLOSED_PORTS: Port[] = [
    { port: 2379, what: "etcd, clients", risk: "a password is the only protection of stored credentials" },
    { port: 2380, what: "etcd, peers", risk: "another etcd member can join, and read all data" },
    { port: 6379, what: "Ray, cluster state", risk: RUNS_CODE },
    { port: 7085, what: "APISIX, status", risk: "shows whether the gateway works" },
    { port: 8001, what: "Alpa's web site", risk: "anyone can use the model through web forms, without a key" },
    { port: 8265, what: "Ray, dashboard and jobs", risk: RUNS_CODE },
    { port: 9080, what: "APISIX, data port", risk: "callers can bypass the entry point's port" },
    { port: 9090, what: "APISIX, control API", risk: "shows the configuration, and accepts commands" },
    { port: 9091, what: "APISIX, metrics", risk: "show the name and the number of requests of every caller" },
    { port: 9180, what: "APISIX, Admin API", risk: "the Admin key is the only protection of routes and credentials" },
    { port: 9443, what: "APISIX, TLS port, or a webhook", risk: "callers can bypass the entry point's port" },
    { port: 10001, what: "Ray, clients", risk: RUNS_CODE },
    { port: 10250, what: "kubelet", risk: "only authentication prevents others from running commands in pods" },
    { port: 10255, what: "kubelet, read only", risk: "shows the running pods without authentication" },
    { port: 10257, what: "Kubernetes, controller manager", risk: "authentication is the only protection of this port" },
    { port: 10259, what: "Kubernetes, scheduler", risk: "authentication is the only protection of this port" },
    { port: 16443, what: "Kubernetes API", risk: "authentication is the only protection of the cluster" },
    { port: 19001, what: "MicroK8s, dqlite", risk: "gives access to all data of the cluster" },
    { port: 20001, ...ALPA },
    { port: 25000, what: "MicroK8s, cluster agent", risk: "anyone with a join token can add a node to the cluster" },
];

/** All ports to check. @param endpoints those of the server, whose ports may differ from Alpa's usual one */
export function closedPorts(endpoints: string[]): Port[] {
    const others = portsOf(endpoints).filter((port) => port > 0 && !CLOSED_PORTS.some((one) => one.port === port));
    return [...CLOSED_PORTS, ...others.map((port) => ({ port, ...ALPA, what: "the server" }))].sort(
        (a, b) => a.port - b.port,
    );
}

/** `closed`: the host answers that no program listens. `filtered`: no answer. `not looked at`: no time was left. */
export type State = "open" | "closed" | "filtered" | "not looked at";

/** Longest wait for one connection, in milliseconds. It is enough for a round trip around the world and one lost packet. */
const CONNECT_MS = 3000;

/** Connects to one port. @param end deadline of the whole check, in milliseconds since the epoch */
export function stateOf(address: string, port: number, end: number): Promise<State> {
    const left = end - Date.now();
    if (left <= 0) return Promise.resolve("not looked at");
    return new Promise((resolve) => {
        const socket = connect({ host: address, port });
        const over = (state: State) => {
            clearTimeout(timer);
            socket.destroy();
            resolve(state);
        };
        const late = left < CONNECT_MS ? "not looked at" : "filtered";
        const timer = setTimeout(() => over(late), Math.min(CONNECT_MS, left));
        socket.on("connect", () => over("open"));
        // Only the host itself answers "refused"; any other error comes from the network or means no answer.
        socket.on("error", ({ code }: NodeJS.ErrnoException) => over(code === "ECONNREFUSED" ? "closed" : "filtered"));
    });
}
