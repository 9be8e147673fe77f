/** Where a sandbox keeps everything, and what it tells other commands about itself. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { writeSecret } from "../control-plane/pki";

/** Root of the clone. */
export const ROOT = resolve(__dirname, "../..");

/** Folder of the clone's sandbox; `ALPA_AUTH_SANDBOX_DIR` names another one. */
export function stateDir(): string {
    return resolve(process.env.ALPA_AUTH_SANDBOX_DIR ?? join(ROOT, ".sandbox"));
}

/** Mark that all processes of one sandbox carry in their environment. */
export function sandboxId(dir: string): string {
    return createHash("sha256").update(dir).digest("hex").slice(0, 12);
}

/** What a running world tells: addresses only, never a secret. */
export interface WorldFacts {
    kubeconfig: string;
    chartRepository: string;
    alpa: string;
    /** Folder of the stack files the sandbox lays its addresses into. */
    stackFiles: string;
    /** Folder to put first on PATH, and the real `pulumi` behind it. */
    bin: string;
    pulumi: string;
    /** Folder of the Pulumi plugin stand-ins; absent where the official Pulumi is installed. */
    pluginDir?: string;
}

/** What `status` reports of the stack that was brought up. */
export interface StackFacts {
    stack: string;
    url: string;
    try: Attempt[];
}

/** A shell line that runs from any folder and prints the HTTP status on its last line. */
export interface Attempt {
    title: string;
    command: string;
    expect: number;
}

export function readFacts<T>(dir: string, name: "world" | "stack"): T | undefined {
    const file = join(dir, `${name}.json`);
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as T) : undefined;
}

/** Written whole or not at all: `status` may read at any time. */
export function writeFacts(dir: string, name: "world" | "stack", facts: object): void {
    writePrivate(join(dir, `${name}.json`), `${JSON.stringify(facts, null, 2)}\n`);
}

/** Writes a file that only this user can read, in one step. */
export function writePrivate(file: string, text: string): void {
    mkdirSync(resolve(file, ".."), { recursive: true, mode: 0o700 });
    writeSecret(file, text);
}
