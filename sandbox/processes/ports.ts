/** Finds free ports on loopback, and the processes that use the occupied ones. */
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { hasProc } from "./identity";
import { programOf } from "./proc-table";

interface PortHolder {
    port: number;
    /** Undefined if the process belongs to another user and is therefore invisible. */
    pid?: number;
    /** Name of the program, without arguments, because they may contain secrets. */
    command?: string;
}

/** The process that listens on a TCP port of this machine; undefined if there is none. */
export function whoHolds(port: number): PortHolder | undefined {
    return hasProc ? holderOnLinux(port) : holderByLsof(port);
}

/** Describes who holds a port, for example "port 30800 is held by nginx (pid 812)", or says that it is free. */
export function describeHolder(port: number): string {
    const holder = whoHolds(port);
    if (!holder) return `port ${port} is free`;
    if (holder.pid === undefined) return `port ${port} is held by a process of another user`;
    return `port ${port} is held by ${holder.command} (pid ${holder.pid})`;
}

const handedOut = new Set<number>();

/**
 * Range in which free ports are searched. A port is chosen seconds before its program listens, and the system must not
 * assign it to a different process meanwhile.
 * The range is therefore below the ports of Services (from 30000) and below the ports that Linux assigns by itself
 * (32768 to 60999: net.ipv4.ip_local_port_range).
 * It is above the default ports of programs in the sandbox: Alpa (from 20001) and the metrics of cloudflared (20241 to
 * 20245).
 */
const RANGE = { first: 20_300, count: 9_700 };
/**
 * Index at which the next search starts. It differs between processes, so that two concurrent searches do not find the same
 * port.
 */
let next = (process.pid * 101) % RANGE.count;

/**
 * Returns a port on 127.0.0.1 without a listener: the preferred port if it is free, otherwise any free port.
 * While this process lives, later calls in any process return different ports, unless they prefer this port. The
 * program on the port can therefore restart.
 */
export async function freePort(preferred?: number): Promise<number> {
    if (preferred !== undefined && (await canListen(preferred))) {
        handedOut.add(preferred);
        return preferred;
    }
    for (let tries = 0; tries < RANGE.count; tries++) {
        const port = RANGE.first + next;
        next = (next + 1) % RANGE.count;
        if (handedOut.has(port)) continue;
        handedOut.add(port); // before the check, so that a concurrent call skips this port
        if ((await canListen(port)) && (await reserve(port))) return port;
    }
    const last = RANGE.first + RANGE.count - 1;
    throw new Error(
        `no free port between ${RANGE.first} and ${last} on 127.0.0.1. End programs that listen on these ports.`,
    );
}

/**
 * Returns the first of several free ports in a row, like {@link freePort}: the preferred port if it and the next ones are
 * free, otherwise the first of any row.
 */
export async function freePortRow(preferred: number, count: number): Promise<number> {
    const wanted = Array.from({ length: count }, (_, i) => preferred + i);
    if ((await Promise.all(wanted.map(canListen))).every(Boolean)) {
        for (const port of wanted) handedOut.add(port);
        return preferred;
    }
    let row: number[] = [];
    while (row.length < count) {
        const port = await freePort();
        row = port - 1 === row.at(-1) ? [...row, port] : [port];
    }
    return row[0];
}

/** The last port that an API server assigns to a Service of type NodePort by default. */
const LAST_NODE_PORT = 32767;

/**
 * Returns the first node port, starting at `first`, that is free at every address. The port is reserved while this process
 * lives, so that no other process gets it from this function, even if its program starts to listen minutes later.
 */
export async function freePortFrom(first: number): Promise<number> {
    for (let port = first; port <= LAST_NODE_PORT; port++)
        if (!handedOut.has(port) && !whoHolds(port) && (await canListen(port)) && (await reserve(port))) {
            handedOut.add(port);
            return port;
        }
    throw new Error(
        `no free port between ${first} and ${LAST_NODE_PORT}; ${describeHolder(first)}. End programs that listen on these ports.`,
    );
}

/**
 * Reserves a port until this process ends. For this, it binds the UDP port with the same number, which the programs do
 * not use, because they use only TCP. The system releases the UDP port when this process ends.
 */
function reserve(port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const socket = createSocket("udp4");
        socket.once("error", () => resolve(false));
        socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => {
            socket.unref();
            resolve(true);
        });
    });
}

/** Whether a process can listen on a port, by trying it. */
function canListen(port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const server = createServer();
        server.once("error", () => resolve(false));
        server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
    });
}

function holderOnLinux(port: number): PortHolder | undefined {
    const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => listeners(readTable(file), port)));
    if (inodes.size === 0) return undefined;
    for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
        const pid = Number(name);
        if (holdsSocket(pid, inodes)) return { port, pid, command: commandOf(pid) };
    }
    return { port };
}

function readTable(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch {
        return ""; // /proc/net/tcp6 does not exist if the kernel has no IPv6
    }
}

/** Inodes of the sockets that listen on `port` (state 0A), from a table in the format of /proc/net/tcp. */
function listeners(table: string, port: number): string[] {
    const hex = port.toString(16).toUpperCase().padStart(4, "0");
    return table
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => fields[1]?.endsWith(`:${hex}`) && fields[3] === "0A")
        .map((fields) => fields[9]);
}

function holdsSocket(pid: number, inodes: Set<string>): boolean {
    try {
        return readdirSync(`/proc/${pid}/fd`).some((fd) => {
            const link = readlinkSync(`/proc/${pid}/fd/${fd}`);
            return link.startsWith("socket:[") && inodes.has(link.slice(8, -1));
        });
    } catch {
        return false; // the process belongs to another user, or has closed the descriptor
    }
}

function commandOf(pid: number): string {
    return programOf(pid, []) || "a process that has just ended";
}

function holderByLsof(port: number): PortHolder | undefined {
    try {
        const out = execFileSync("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"], { encoding: "utf8" });
        const pid = /^p(\d+)$/m.exec(out)?.[1];
        return pid ? { port, pid: Number(pid), command: /^c(.+)$/m.exec(out)?.[1] } : undefined;
    } catch {
        return undefined; // lsof exits 1 if no process listens on the port
    }
}
