/**
 * The command line of `cloudflared tunnel run`, with the flags and variables that this project's units, pods and hosts set
 * (cloudflared cmd/tunnel/cmd.go, subcommands.go). All others are rejected with an error that names them.
 */
import { parseArgs } from "node:util";
import { goDuration } from "../durations";

export interface RunArguments {
    metrics?: string;
    graceMilliseconds: number;
    edges: string[];
    /** File with the CA certificates by which the connector verifies the edge. */
    caFile?: string;
    token?: string;
    tokenFile?: string;
}

export class UsageError extends Error {}

/** The tunnel token: base64 of `{"a": account, "t": tunnel, "s": secret}`. */
export interface TunnelToken {
    accountTag: string;
    tunnelId: string;
    /** Secret of the tunnel in base64, as in the token. */
    secret: string;
}

/** Flags, and the command after which each is valid. */
const OPTIONS = {
    metrics: { type: "string" },
    "grace-period": { type: "string" },
    "token-file": { type: "string" },
    "no-autoupdate": { type: "boolean" },
} as const;
const PLACES: Record<string, string[]> = {
    ...{ metrics: ["tunnel"], "grace-period": ["tunnel"], "token-file": ["tunnel run"] },
    "no-autoupdate": ["", "tunnel"],
};
const VARIABLES = [
    ...["TUNNEL_EDGE", "TUNNEL_CACERT", "TUNNEL_TRANSPORT_PROTOCOL", "TUNNEL_NO_PRECHECKS"],
    ...["TUNNEL_TOKEN", "TUNNEL_TOKEN_FILE"],
];
/** Longest grace period: cloudflared's connection.MaxGracePeriod. */
const MOST_GRACE_SECONDS = 180;

/** @param words arguments without the name of the program */
export function parseArguments(words: string[], environment: NodeJS.ProcessEnv): RunArguments {
    const { values, tokens } = parseArgs({
        args: words,
        options: OPTIONS,
        strict: false,
        allowPositionals: true,
        tokens: true,
    });
    const problems: string[] = [];
    let command = "";
    for (const token of tokens) {
        if (token.kind === "positional") command = `${command} ${token.value}`.trim();
        if (token.kind === "option" && !PLACES[token.name]?.includes(command)) problems.push(token.rawName);
    }
    if (command !== "tunnel run") problems.push(`the command ${command || "without a name"}`);
    if (!values["no-autoupdate"]) problems.push("automatic updates (pass --no-autoupdate)");
    const foreign = Object.keys(environment).filter((name) => name.startsWith("TUNNEL_") && !VARIABLES.includes(name));
    problems.push(...foreign.map((name) => `the variable ${name}`));
    // The sandbox has no QUIC, so `auto` means http2.
    const { TUNNEL_TRANSPORT_PROTOCOL: protocol = "auto", TUNNEL_EDGE = "" } = environment;
    if (!["auto", "http2"].includes(protocol)) problems.push(`the protocol ${protocol}`);
    const edges = TUNNEL_EDGE.split(",").map((edge) => edge.trim());
    if (!edges.every((edge) => /^.+:\d+$/.test(edge))) problems.push("an edge other than host:port in TUNNEL_EDGE");
    const { metrics, "grace-period": grace = "30s", "token-file": file } = values as Record<string, string | undefined>;
    const seconds = goDuration(grace);
    if (seconds === undefined || seconds > MOST_GRACE_SECONDS)
        problems.push(`--grace-period ${grace} (it must be a duration of at most 3m0s)`);
    if (problems.length > 0) throw new UsageError(`unsupported by the sandbox: ${problems.join(", ")}`);
    return {
        ...{ edges, metrics, graceMilliseconds: seconds! * 1000, caFile: environment.TUNNEL_CACERT },
        ...{ token: environment.TUNNEL_TOKEN, tokenFile: file ?? environment.TUNNEL_TOKEN_FILE },
    };
}

/** @throws Error for an invalid token. Its message does not contain the token. */
export function parseToken(text: string): TunnelToken {
    try {
        const { a, t, s } = JSON.parse(Buffer.from(text, "base64").toString("utf8")) as Record<string, unknown>;
        const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(String(t));
        if (isUuid && typeof a === "string" && typeof s === "string")
            return { accountTag: a, tunnelId: String(t), secret: s };
    } catch {
        // not JSON
    }
    throw new UsageError("Provided Tunnel token is not valid.");
}
