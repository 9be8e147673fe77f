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

export class UsageError extends Error {}

/** Longest grace period: cloudflared's connection.MaxGracePeriod. */
const MOST_GRACE_MILLISECONDS = 180_000;

/** The error with which the real cloudflared exits (code 1) after reading its token (cmd/cloudflared/tunnel/configuration.go). */
export function startProblem({ graceMilliseconds }: RunArguments): string | undefined {
    return graceMilliseconds > MOST_GRACE_MILLISECONDS ? "grace-period must be equal or less than 3m0s" : undefined;
}

/** Flags by name: their variable, and the positions at which they are valid. */
const FLAGS: Record<string, [variable: string, ...places: string[]]> = {
    "no-autoupdate": ["NO_AUTOUPDATE", "top", "tunnel"],
    metrics: ["TUNNEL_METRICS", "tunnel"],
    "grace-period": ["TUNNEL_GRACE_PERIOD", "tunnel"],
    edge: ["TUNNEL_EDGE", "tunnel"],
    cacert: ["TUNNEL_CACERT", "tunnel"],
    loglevel: ["TUNNEL_LOGLEVEL", "tunnel"],
    protocol: ["TUNNEL_TRANSPORT_PROTOCOL", "tunnel", "run"],
    retries: ["TUNNEL_RETRIES", "tunnel"],
    "no-prechecks": ["TUNNEL_NO_PRECHECKS", "tunnel"],
    token: ["TUNNEL_TOKEN", "run"],
    "token-file": ["TUNNEL_TOKEN_FILE", "run"],
};
const SWITCHES = ["no-autoupdate", "no-prechecks"];

type Given = Map<string, string>;

/** @param words arguments without the name of the program */
export function parseArguments(words: string[], environment: NodeJS.ProcessEnv): RunArguments | { command: "version" } {
    const given: Given = new Map();
    const rest = [...words];
    let place = "top";
    for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
        if (/^(--version|-v|version)$/.test(word) && place === "top") return { command: "version" };
        if (word.startsWith("-")) takeFlag(word, rest, place, given);
        else if (`${place} ${word}` === "top tunnel" || `${place} ${word}` === "tunnel run") place = word;
        else throw new UsageError(`unsupported by the sandbox: ${place === "top" ? "command" : "argument"} ${word}`);
    }
    if (place !== "run")
        throw new UsageError("unsupported by the sandbox: all commands except `cloudflared tunnel run`");
    const variables = Object.values(FLAGS).map(([variable]) => variable);
    const unknown = Object.keys(environment).filter((name) => name.startsWith("TUNNEL_") && !variables.includes(name));
    if (unknown.length > 0)
        throw new UsageError(`unsupported by the sandbox: environment variables ${unknown.join(", ")}`);
    for (const [name, [variable]] of Object.entries(FLAGS)) {
        const value = environment[variable];
        if (value && !given.has(name)) given.set(name, value);
    }
    return checked(given);
}

function takeFlag(word: string, rest: string[], place: string, given: Given): void {
    const [, name = word, , attached] = /^--?([^=]+)(=(.*))?$/s.exec(word) ?? [];
    if (!FLAGS[name]?.slice(1).includes(place)) throw new UsageError(`flag provided but not defined: -${name}`);
    const value = attached ?? (SWITCHES.includes(name) ? "true" : rest.shift());
    if (value === undefined) throw new UsageError(`flag needs an argument: -${name}`);
    given.set(name, value);
}

function checked(given: Given): RunArguments {
    const one = (name: string) => given.get(name);
    const edges = (one("edge") ?? "").split(",").map((edge) => edge.trim());
    const level = (one("loglevel") ?? "info") as Level;
    const retries = Number(one("retries") ?? 5);
    const grace = one("grace-period") ?? "30s";
    const graceSeconds = grace === "0" ? 0 : goDuration(grace);
    const must = (right: boolean, problem: string) => (right ? [] : [problem]);
    const problems = [
        ...must(
            one("no-autoupdate") === "true",
            "unsupported by the sandbox: automatic updates. Pass --no-autoupdate.",
        ),
        // The sandbox has no QUIC, so `auto` means http2.
        ...must(
            ["auto", "http2", undefined].includes(one("protocol")),
            `unsupported by the sandbox: protocol ${one("protocol")}`,
        ),
        ...must(LEVELS.includes(level), `unknown log level: ${level}`),
        ...must(
            edges.every((edge) => /^.+:\d+$/.test(edge)),
            "edge: must be host:port. Pass --edge or set TUNNEL_EDGE.",
        ),
        ...must(Number.isInteger(retries) && retries >= 0, `invalid value for flag -retries: ${one("retries")}`),
        ...must(graceSeconds !== undefined, `invalid value for flag -grace-period: ${grace}`),
    ];
    if (problems.length > 0) throw new UsageError(problems.join("\n"));
    return {
        ...{ command: "run", edges, level, retries, graceMilliseconds: graceSeconds! * 1000 },
        ...{ metrics: one("metrics"), caFile: one("cacert"), token: one("token"), tokenFile: one("token-file") },
    };
}
