/** Small real processes for the tests of supervision. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identify, isAlive, type ProcessIdentity } from "../../processes/identity";
import { waitFor } from "../../processes";

/** Script that runs until it is stopped. */
export const SLEEPER = "setInterval(() => undefined, 1e9)";
/** Script that ignores SIGTERM. It prints "ready" when it has installed the handler of the signal. */
export const STUBBORN = `process.on("SIGTERM", () => undefined); console.log("ready"); ${SLEEPER}`;

export function temporaryFolder(): { path: string; remove: () => void } {
    const path = mkdtempSync(join(tmpdir(), "alpa-auth-test-"));
    return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs a script with Node.js. Resolves when the process has started. */
export async function startNode(
    script: string,
    env: NodeJS.ProcessEnv = {},
    args: string[] = [],
): Promise<ChildProcess> {
    const child = spawn(process.execPath, ["-e", script, ...args], {
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    return child;
}

export function firstLine(child: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
        let text = "";
        child.stdout!.on("data", (chunk: Buffer) => {
            text += chunk.toString();
            if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
        });
        child.once("exit", (code) => reject(new Error(`ended with ${code} before its first line`)));
    });
}

export function ended(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => child.once("exit", () => resolve()));
}

export async function gone(process: ProcessIdentity, seconds = 25): Promise<void> {
    await waitFor(`end of process ${process.pid}`, () => !isAlive(process), { seconds });
}

export function alive(pid: number): ProcessIdentity {
    const found = identify(pid);
    if (!found) throw new Error(`process ${pid}: must be running (it is not).`);
    return found;
}
