/** The format of the recordings, and their folder. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export type Json = Record<string, unknown>;

export interface RecordedRequest {
    method: string;
    path: string;
    headers: [string, string][];
    body?: string | null;
    bodyBase64?: string;
    host?: string | null;
    chunked?: boolean;
    expect100?: boolean;
}

export interface RecordedCase {
    id: string;
    group: string;
    config: string;
    sequence?: string;
    waitBefore?: number;
    before?: { admin: string; body: Json | null; status: number }[];
    whileInFlight?: RecordedRequest;
    request: RecordedRequest;
    unstable?: string;
    expect: {
        status: number;
        headers: Record<string, string>;
        server?: string;
        bodyJson?: unknown;
        bodyText?: string;
        bodyEndsWithNewline?: boolean;
        interim?: string[];
        elapsedMs?: number;
    };
    upstreamSaw: null | {
        hits: number;
        upstream: string;
        others?: string[];
        method: string;
        path: string;
        headers: Record<string, string>;
        bodyLength: number;
        bodySame: boolean | "re-encoded";
        bodyJson?: unknown;
    };
}

interface RecordedAdminCase {
    id: string;
    request: { method: string; path: string; body: Json | null; apiKey?: string };
    expect: { status: number; bodyJson?: unknown };
}

export interface RecordedConfig {
    routes?: Json[];
    consumers?: (Json & { username: string; credentials?: (Json & { id: string })[] })[];
    global_rules?: Json[];
    instance?: Record<string, string[]>;
    /** Services that ran in addition to the upstreams. */
    needs?: "redis";
}

export interface Recordings {
    configs: Record<string, RecordedConfig>;
    cases: RecordedCase[];
    adminCases: RecordedAdminCase[];
    tokens: Record<string, { header: Json; claims: Json; sign: Json; tamper?: Json }>;
}

/** Undefined where the folder with the recordings does not exist. */
export function loadRecordings(): Recordings | undefined {
    const shared = process.env.ALPA_AUTH_SHARED ?? resolve(__dirname, "../../../../../shared");
    const file = join(shared, "reference/data/recorded/apisix.json");
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Recordings) : undefined;
}
