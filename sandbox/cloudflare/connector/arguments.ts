/**
 * The command line of `cloudflared tunnel run`: flags at three positions (before `tunnel`, after it, after `run`), each with
 * its environment variable (cloudflared cmd/tunnel/cmd.go, subcommands.go). A flag wins over its variable. All other
 * flags, commands and TUNNEL_ variables are rejected with an error that names them.
 */
import { goDuration } from "../durations";
import { LEVELS, type Level } from "./log";

export interface RunArguments {
    command: "run";
    metrics?: string;
    graceMilliseconds: number;
    edges: string[];
    /** File with the CA certificates by which the connector verifies the edge. */
    caFile?: string;
    level: Level;
    retries: number;
    token?: string;
    tokenFile?: string;
}
export type Arguments = RunArguments | { command: "version" } | { command: "ready"; metrics?: string };

export class UsageError extends Error {}

/** Longest grace period: cloudflared's connection.MaxGracePeriod. */
const MOST_GRACE_MILLISECONDS = 180_000;

/**
 * The error with which the real cloudflared exits (code 1) after reading its token (cmd/cloudflared/tunnel/configuration.go).
 */
export function startProblem({ graceMilliseconds }: RunArguments): string | undefined {
    return graceMilliseconds > MOST_GRACE_MILLISECONDS ? "grace-period must be equal or less than 3m0s" : undefined;
}

type Place = "top" | "tunnel" | "run";
interface Flag {
    places: Place[];
    variable?: string;
    kind: "text" | "list" | "on";
}

const FLAGS: Record<string, Flag> = {
    "no-autoupdate": { places: ["top", "tunnel"], variable: "NO_AUTOUPDATE", kind: "on" },
    metrics: { places: ["tunnel"], variable: "TUNNEL_METRICS", kind: "text" },
    "grace-period": { places: ["tunnel"], variable: "TUNNEL_GRACE_PERIOD", kind: "text" },
    edge: { places: ["tunnel"], variable: "TUNNEL_EDGE", kind: "list" },
    cacert: { places: ["tunnel"], variable: "TUNNEL_CACERT", kind: "text" },
    loglevel: { places: ["tunnel"], variable: "TUNNEL_LOGLEVEL", kind: "text" },
    protocol: { places: ["tunnel", "run"], variable: "TUNNEL_TRANSPORT_PROTOCOL", kind: "text" },
    retries: { places: ["tunnel"], variable: "TUNNEL_RETRIES", kind: "text" },
    "no-prechecks": { places: ["tunnel"], variable: "TUNNEL_NO_PRECHECKS", kind: "on" },
    token: { places: ["run"], variable: "TUNNEL_TOKEN", kind: "text" },
    "token-file": { places: ["run"], variable: "TUNNEL_TOKEN_FILE", kind: "text" },
};

/** Flags of the real cloudflared that the emulator does not support. */
const UNSUPPORTED = ["edge-ip-version", "region", "ha-connections"];

type Given = Map<string, string[]>;

/** @param words arguments without the name of the program */
export function parseArguments(words: string[], environment: NodeJS.ProcessEnv): Arguments {
    const given: Given = new Map();
    const rest = [...words];
    let place: Place = "top";
    for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
        if (/^(--version|-v|-V|version)$/.test(word) && place === "top") return { command: "version" };
        if (word.startsWith("-")) takeFlag(word, rest, place, given);
        else if (word === "tunnel" && place === "top") place = "tunnel";
        else if (word === "run" && place === "tunnel") place = "run";
        else if (word === "ready" && place === "tunnel")
            return { command: "ready", metrics: given.get("metrics")?.at(-1) ?? environment.TUNNEL_METRICS };
        else
            throw new UsageError(
                `unsupported by the sandbox: ${place === "top" ? "command" : `${place} argument`} ${word}`,
            );
    }
    if (place !== "run")
        throw new UsageError("unsupported by the sandbox: all commands except `cloudflared tunnel run`");
    takeVariables(environment, given);
    return checked(given);
}

function takeFlag(word: string, rest: string[], place: Place, given: Given): void {
    const [, name, , attached] = /^--?([^=]+)(=(.*))?$/s.exec(word) ?? [];
    if (UNSUPPORTED.includes(name ?? "")) throw new UsageError(`unsupported by the sandbox: flag --${name}`);
    const flag = FLAGS[name ?? ""];
    if (!flag?.places.includes(place)) throw new UsageError(`flag provided but not defined: -${name ?? word}`);
    const value = attached ?? (flag.kind === "on" ? "true" : rest.shift());
    if (value === undefined) throw new UsageError(`flag needs an argument: -${name}`);
    given.set(name, [...(flag.kind === "list" ? (given.get(name) ?? []) : []), value]);
}

function takeVariables(environment: NodeJS.ProcessEnv, given: Given): void {
    const known = new Set(Object.values(FLAGS).map((flag) => flag.variable));
    const unknown = Object.keys(environment).filter((name) => name.startsWith("TUNNEL_") && !known.has(name));
    if (unknown.length > 0)
        throw new UsageError(`unsupported by the sandbox: environment variables ${unknown.join(", ")}`);
    for (const [name, { variable, kind }] of Object.entries(FLAGS)) {
        const value = environment[variable ?? ""];
        if (!value || given.has(name)) continue;
        given.set(name, kind === "list" ? value.split(",").map((part) => part.trim()) : [value]);
    }
}

function checked(given: Given): RunArguments {
    const one = (name: string) => given.get(name)?.at(-1);
    const problems: string[] = [];
    if (one("no-autoupdate") !== "true")
        problems.push("unsupported by the sandbox: automatic updates. Pass --no-autoupdate.");
    const protocol = one("protocol") ?? "auto"; // the sandbox has no QUIC, so `auto` means http2
    if (!["auto", "http2"].includes(protocol))
        problems.push(`unsupported by the sandbox: protocol ${protocol}. Use http2 or auto.`);
    const level = one("loglevel") ?? "info";
    if (!(LEVELS as readonly string[]).includes(level)) problems.push(`unknown log level: ${level}`);
    const edges = given.get("edge") ?? [];
    if (edges.length === 0)
        problems.push("unsupported by the sandbox: finding the edge by DNS. Pass --edge or set TUNNEL_EDGE.");
    for (const edge of edges) if (!/^.+:\d+$/.test(edge)) problems.push(`edge: must be host:port (got ${edge})`);
    const retries = Number(one("retries") ?? 5);
    if (!Number.isInteger(retries) || retries < 0) problems.push(`invalid value for flag -retries: ${one("retries")}`);
    const grace = duration(one("grace-period") ?? "30s");
    if (grace === undefined) problems.push(`invalid value for flag -grace-period: ${one("grace-period")}`);
    if (problems.length > 0) throw new UsageError(problems.join("\n"));
    return {
        command: "run",
        metrics: one("metrics"),
        graceMilliseconds: grace ?? 0,
        edges,
        caFile: one("cacert"),
        level: level as Level,
        retries,
        token: one("token"),
        tokenFile: one("token-file"),
    };
}

/** Parses a duration as Go's time.ParseDuration does. @returns milliseconds; undefined if invalid */
export function duration(text: string): number | undefined {
    const seconds = text === "0" ? 0 : goDuration(text);
    return seconds === undefined ? undefined : seconds * 1000;
}
