/**
 * Emulator of ss(8) of iproute2 on a host. All hosts share the ports of this machine, so the output has the configured sockets,
 * not real ones.
 * Emulated: the option -l, alone or with -H, -n, -t, -u, -p, in one word or several. Unsupported: filters.
 */
import { unsupported, type Reply, said } from "./reply";

export interface Listener {
    port: number;
    /** @default "0.0.0.0" */
    address?: string;
    /** @default "tcp" */
    protocol?: "tcp" | "udp";
    /** Name of the process, for example "raylet". */
    process: string;
    /** @default a random one */
    pid?: number;
}

export function ss(args: string[], listeners: Listener[], privileged: boolean): Reply {
    const LONG: Record<string, string> = {
        listening: "l",
        "no-header": "H",
        numeric: "n",
        tcp: "t",
        udp: "u",
        processes: "p",
    };
    const letters = args.map((arg) => (arg.startsWith("--") ? LONG[arg.slice(2)] : /^-([lHntup]+)$/.exec(arg)?.[1]));
    const odd = args.find((_arg, i) => letters[i] === undefined);
    const asked = letters.join("");
    if (odd !== undefined || !asked.includes("l") || !asked.includes("n"))
        return unsupported(`ss ${args.join(" ")} (supported: -l and -n, with -H, -t, -u, -p)`);
    const both = !asked.includes("t") && !asked.includes("u");
    const rows = listeners
        .filter(({ protocol = "tcp" }) => both || asked.includes(protocol[0]))
        .map(({ port, address = "0.0.0.0", protocol = "tcp", process, pid = 1000 + (port % 1000) }) => {
            const state = protocol === "tcp" ? "LISTEN" : "UNCONN";
            // Only root sees the processes of all users.
            const users = asked.includes("p") && privileged ? ` users:(("${process}",pid=${pid},fd=8))` : "";
            return `${both ? `${protocol} ` : ""}${state} 0 4096 ${address}:${port} 0.0.0.0:*${users}`;
        });
    const header = `${both ? "Netid " : ""}State Recv-Q Send-Q Local Address:Port Peer Address:Port Process`;
    return said([...(asked.includes("H") ? [] : [header]), ...rows].join("\n"));
}
