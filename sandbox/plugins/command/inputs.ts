import { isObject, UNKNOWN, type Value, type Values } from "../protocol";

/** Inputs of `command:remote:Command` and their JSON types. */
const INPUTS: Record<string, "string" | "boolean" | "list" | "texts" | "connection"> = {
    connection: "connection",
    create: "string",
    update: "string",
    delete: "string",
    stdin: "string",
    environment: "texts",
    triggers: "list",
    logging: "string",
    addPreviousOutputInEnv: "boolean",
};
const LOGGING = ["stdout", "stderr", "stdoutAndStderr", "none"];

/** Fields of a connection. The emulator rejects the fields in UNSUPPORTED, which the released provider accepts. */
const CONNECTION: Record<string, "string" | "number"> = {
    host: "string",
    port: "number",
    user: "string",
    privateKey: "string",
    privateKeyPassword: "string",
    hostKey: "string",
    dialErrorLimit: "number",
    perDialTimeout: "number",
};
const UNSUPPORTED = ["agentSocketPath", "password", "proxy"];

/** Defaults of the released provider. */
const DEFAULTS = { user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 };

interface Failure {
    property: string;
    reason: string;
}

/** Validates a program's inputs. Messages contain no values, because a connection contains a private key. */
export function problemsOf(given: Values): Failure[] {
    const found: Failure[] = [];
    const wrong = (property: string, reason: string) => found.push({ property, reason: `${property}: ${reason}` });
    if (given.connection === undefined) wrong("connection", "missing required property");
    for (const [property, value] of Object.entries(given)) {
        if (value === undefined || value === null || value === UNKNOWN) continue;
        const kind = INPUTS[property];
        if (!kind) wrong(property, "is not an input of command:remote:Command");
        else if (kind === "connection") found.push(...connectionProblems(value));
        else if (!isKind(kind, value)) wrong(property, `must be a ${kind === "texts" ? "map of strings" : kind}`);
    }
    const { logging } = given;
    if (typeof logging === "string" && logging !== UNKNOWN && !LOGGING.includes(logging))
        wrong("logging", `must be one of ${LOGGING.join(", ")}`);
    return found;
}

function isKind(kind: string, value: Value): boolean {
    if (kind === "list") return Array.isArray(value);
    if (kind === "texts") return isObject(value) && Object.values(value).every((item) => typeof item === "string");
    return typeof value === kind;
}

function connectionProblems(value: Value): Failure[] {
    if (!isObject(value)) return [{ property: "connection", reason: "connection: must be an object" }];
    const found: Failure[] = [];
    const wrong = (name: string, reason: string) =>
        found.push({ property: `connection.${name}`, reason: `connection.${name}: ${reason}` });
    if (value.host === undefined) wrong("host", "missing required property");
    for (const [name, part] of Object.entries(value)) {
        if (part === null || part === UNKNOWN) continue;
        if (UNSUPPORTED.includes(name)) wrong(name, "is unsupported by the sandbox");
        else if (!CONNECTION[name]) wrong(name, "is not a property of connection");
        else if (typeof part !== CONNECTION[name]) wrong(name, `must be a ${CONNECTION[name]}`);
    }
    return found;
}

/** Inputs with the defaults that the released provider fills in at Check. */
export function withDefaults(given: Values): Values {
    const { connection } = given;
    return {
        ...given,
        addPreviousOutputInEnv: given.addPreviousOutputInEnv ?? true,
        ...(isObject(connection) ? { connection: { ...DEFAULTS, ...connection } } : {}),
    };
}

export interface Connection {
    host: string;
    port: number;
    user: string;
    privateKey?: string;
    privateKeyPassword?: string;
    hostKey?: string;
    dialErrorLimit: number;
    /** Time limit of one connection attempt in seconds; 0: no limit. */
    perDialTimeout: number;
}

export interface Run {
    connection: Connection;
    command: string;
    stdin: string;
    environment: Record<string, string>;
}

/**
 * The command that runs when a resource is created, updated or deleted; undefined if the resource has none.
 * @param last state with the output of the previous command. If `addPreviousOutputInEnv` is set, the new command gets
 * this output in its environment
 */
export function runOf(command: Value | undefined, values: Values, last: Values): Run | undefined {
    if (typeof command !== "string") return undefined;
    const previous: Record<string, string> = {};
    if (values.addPreviousOutputInEnv !== false) {
        for (const stream of ["stdout", "stderr"] as const)
            if (last[stream]) previous[`PULUMI_COMMAND_${stream.toUpperCase()}`] = last[stream] as string;
    }
    const { connection } = withDefaults(values);
    return {
        connection: connection as unknown as Connection,
        command,
        stdin: (values.stdin as string | undefined) ?? "",
        environment: { ...(values.environment as Record<string, string> | undefined), ...previous },
    };
}
