/** Starts a real APISIX for a pod in its own folder. It is initialized and run like the entry point of the image does. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { userInfo } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { writeSecret } from "../control-plane/secret-file";
import type { Gateway } from "../gateway/server";
import { freePort, lastLines, pause, waitFor, type TrackedProcess } from "../processes";
import { apisixConfig, etcdHosts, servesTls, streamCount } from "./apisix-config";
import type { Found } from "./parts";
import { startProgram, type Ground } from "./run";

const run = promisify(execFile);

/**
 * Longest wait in seconds, once for etcd to become healthy, and once for APISIX to answer. Measured: 2 on two busy
 * cores.
 */
const START_SECONDS = 60;
/** Time limit of APISIX's commands `init` and `init_etcd`, in milliseconds. Measured: 400. */
const COMMAND_MILLISECONDS = 60_000;

interface ApisixOptions {
    found: Found;
    /** `namespace/name` of the pod. */
    title: string;
    folder: string;
    /** Name of the settings file in the folder conf, and its text. */
    settings: { name: string; text: string };
    /** Variables of the container. */
    variables: Record<string, string>;
    /** Returns the loopback address of a name in the cluster; undefined for an unknown name. */
    addressOf(host: string): Promise<string | undefined>;
    dns: string;
}

/** @throws Error with the last lines of APISIX's log */
export async function startApisix(ground: Ground, options: ApisixOptions): Promise<Gateway> {
    const { found, title, folder, settings, variables, dns } = options;
    const { home, openresty, luajit } = found.paths;
    const etcd = new Map<string, string>();
    for (const { host, port } of etcdHosts(settings.text)) {
        const address = await options.addressOf(host);
        if (address === undefined) throw new Error(`etcd of ${title}: the cluster has no name ${host}`);
        etcd.set(host, address);
        await waitFor(`etcd of ${title} to be healthy`, () => isHealthy(`http://${address}:${port}/health`), {
            seconds: START_SECONDS,
        });
    }
    const streams = [];
    for (let i = streamCount(settings.text); i > 0; i--) streams.push(await freePort());
    const ports = {
        ...{ data: await freePort(), admin: await freePort(), tls: await freePort(), control: await freePort() },
        ...{ status: await freePort(), prometheus: await freePort(), streams },
    };
    layOut(home, folder);
    const user = process.getuid?.() === 0 ? userInfo().username : undefined;
    const text = apisixConfig(settings.text, { ports, etcd, dns, writes: join(folder, "writes"), user });
    writeSecret(join(folder, "conf", settings.name), text);
    const env = { ...ground.env, ...variables, PATH: [dirname(openresty), process.env.PATH].join(delimiter) };
    for (const command of ["init", "init_etcd"]) await runCommand(luajit, command, { cwd: folder, env });
    const name = `apisix ${title}`;
    const started = await startProgram(ground, {
        name,
        command: [openresty, "-p", folder, "-c", join(folder, "conf/nginx.conf"), "-g", "daemon off;"],
        folder,
        env,
    });
    let ended = false;
    void started.exited.then(() => (ended = true));
    const last = () => `The last lines of ${started.logFile}:\n${lastLines(started.logFile)}`;
    try {
        await waitFor(`${name} to answer`, () => ended || answers(ports.data), { seconds: START_SECONDS, hint: last });
        if (ended) throw new Error(`${name} ended while starting. ${last()}`);
    } catch (error) {
        await started.stop({ graceSeconds: 0 });
        throw error;
    }
    const tlsPort = servesTls(settings.text) ? ports.tls : undefined;
    const metricsPort = ports.prometheus;
    return asGateway(started, { port: ports.data, adminPort: ports.admin, tlsPort, metricsPort });
}

/** Creates the folders and links that APISIX expects in its folder, and copies its conf folder without settings files. */
function layOut(home: string, folder: string): void {
    rmSync(folder, { recursive: true, force: true });
    for (const name of ["conf", "logs", "writes/tmp"]) mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
    for (const name of ["apisix", "deps"]) symlinkSync(join(home, name), join(folder, name));
    for (const name of readdirSync(join(home, "conf")))
        if (!/^(config.*\.yaml|nginx\.conf|apisix\.uid)$/.test(name))
            cpSync(join(home, "conf", name), join(folder, "conf", name), { recursive: true });
}

async function runCommand(
    luajit: string,
    command: string,
    options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<void> {
    try {
        // The path must begin with a dot: otherwise APISIX searches for its files in the folders of a package
        // installation.
        await run(luajit, ["./apisix/cli/apisix.lua", command], { ...options, timeout: COMMAND_MILLISECONDS });
    } catch (error) {
        const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
        throw new Error(`apisix ${command} failed: ${`${stdout}${stderr}`.trim().split("\n").slice(-5).join("\n")}`);
    }
}

type Ports = Pick<Gateway, "port" | "adminPort" | "tlsPort" | "metricsPort">;

/**
 * The process with the interface of an emulated gateway: `close` lets requests in progress finish, `kill` aborts them.
 */
function asGateway(started: TrackedProcess, ports: Ports): Gateway {
    const close = async (graceSeconds = 0) => {
        if (graceSeconds === 0) return started.stop({ graceSeconds: 0 });
        try {
            process.kill(started.pid, "SIGQUIT");
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
        }
        const stop = new AbortController();
        const over = graceSeconds === Infinity ? new Promise(() => undefined) : pause(graceSeconds * 1000, stop.signal);
        await Promise.race([started.exited, over]).finally(() => stop.abort());
        await started.stop({ graceSeconds: 0 });
    };
    return { ...ports, output: () => readFileSync(started.logFile, "utf8"), close, kill: () => close(0) };
}

/**
 * Whether APISIX answers. An open port does not prove this: if some of APISIX's ports are in use, APISIX opens the
 * others, retries, and exits if those ports stay in use.
 */
async function answers(port: number): Promise<boolean> {
    try {
        await fetch(`http://127.0.0.1:${port}/`, { method: "HEAD", signal: AbortSignal.timeout(2000) });
        return true;
    } catch {
        return false;
    }
}

async function isHealthy(url: string): Promise<boolean> {
    try {
        const answer = await fetch(url, { signal: AbortSignal.timeout(2000) });
        return ((await answer.json()) as { health?: string }).health === "true";
    } catch {
        return false;
    }
}
