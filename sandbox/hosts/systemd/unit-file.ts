/** Emulated directives, by section. */
const EMULATED: Record<string, string[]> = {
    Unit: ["Description", "After", "Wants"],
    Service: [
        ...["RemainAfterExit", "ExecStop", "ExecReload"],
        ...["Type", "ExecStart", "Environment", "EnvironmentFile", "LoadCredential", "DynamicUser"],
        ...["Restart", "RestartSec", "TimeoutStartSec", "TimeoutStopSec"],
    ],
    Install: ["WantedBy"],
};

/** Directives for hardening: accepted without effect. */
const WITHOUT_EFFECT = [
    ...["CapabilityBoundingSet", "LimitNOFILE", "LockPersonality", "MemoryDenyWriteExecute", "NoNewPrivileges"],
    ...["PrivateDevices", "PrivateTmp", "ProtectClock", "ProtectControlGroups", "ProtectHome", "ProtectHostname"],
    ...["ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "ProtectSystem"],
    ...["RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID"],
    ...["SystemCallArchitectures", "SystemCallFilter", "UMask"],
];

/**
 * Directives for order and dependencies. They are accepted without effect, because a command starts or stops only the named
 * unit.
 */
const NO_ORDER = ["Before", "Conflicts", "DefaultDependencies", "PartOf", "ReloadPropagatedFrom"];

/** Directives that can occur several times. */
const LISTS = ["Environment", "EnvironmentFile", "LoadCredential", "After", "Wants", "WantedBy"];

export interface UnitFile {
    text: string;
    description: string;
    type: "simple" | "exec" | "notify" | "oneshot";
    execStart: string[];
    /** Commands for stopping and reloading the service. */
    execStop?: CommandLine;
    execReload?: CommandLine;
    /** Whether a oneshot service stays active after its program has ended. */
    remainAfterExit: boolean;
    environment: string[];
    /** Paths of files. A leading `-` means that the file may be missing. */
    environmentFiles: string[];
    credentials: { id: string; path: string }[];
    dynamicUser: boolean;
    restart: "no" | "on-failure";
    /** Durations in milliseconds. */
    restartMs: number;
    timeoutStartMs: number;
    timeoutStopMs: number;
    wantedBy: string[];
}

export interface CommandLine {
    argv: string[];
    /** Whether the command has a leading `-`, so that its failure is ignored. */
    mayFail: boolean;
}

/** Thrown for a unit file that systemd or this emulator rejects. */
export class BadUnit extends Error {}

/** Parses a service's unit file. `unit` is its full name, for the specifiers %i, %n and %d. */
export function parseUnit(text: string, unit: string): UnitFile {
    const found = directives(text, unit);
    const last = (name: string) => found.get(name)?.at(-1);
    const all = (name: string) => found.get(name) ?? [];
    const one = <T extends string>(name: string, allowed: readonly T[], fallback: T): T => {
        const value = last(name) ?? fallback;
        if (!(allowed as readonly string[]).includes(value))
            throw new BadUnit(`unsupported by the sandbox: ${name}=${value}`);
        return value as T;
    };
    const execStart = words(last("ExecStart") ?? "");
    if (all("ExecStart").length !== 1 || !execStart[0]?.startsWith("/"))
        throw new BadUnit("ExecStart= must be given once, with an absolute path");
    // The emulator stops and reloads a running program only by signals, so it supports these commands only for oneshot
    // services.
    if (last("Type") !== "oneshot" && (last("ExecStop") ?? last("ExecReload")) !== undefined)
        throw new BadUnit("unsupported by the sandbox: ExecStop= and ExecReload= without Type=oneshot");
    return {
        text,
        description: last("Description") ?? unit,
        type: one("Type", ["simple", "exec", "notify", "oneshot"], "simple"),
        execStart,
        ...(last("ExecStop") === undefined ? {} : { execStop: commandLine(last("ExecStop")!) }),
        ...(last("ExecReload") === undefined ? {} : { execReload: commandLine(last("ExecReload")!) }),
        remainAfterExit: one("RemainAfterExit", ["yes", "no"], "no") === "yes",
        environment: all("Environment").flatMap(words),
        environmentFiles: all("EnvironmentFile"),
        credentials: all("LoadCredential").map((value) => {
            const [, id, path] = /^([\w.-]+):(\/.*)$/.exec(value) ?? [];
            if (!id) throw new BadUnit(`unsupported by the sandbox: LoadCredential=${value}. Write ID:/path.`);
            return { id, path };
        }),
        dynamicUser: one("DynamicUser", ["yes", "no"], "no") === "yes",
        restart: one("Restart", ["no", "on-failure"], "no"),
        restartMs: time(last("RestartSec") ?? "100ms"),
        timeoutStartMs: time(last("TimeoutStartSec") ?? "90"),
        timeoutStopMs: time(last("TimeoutStopSec") ?? "90"),
        wantedBy: all("WantedBy").flatMap((value) => value.split(/\s+/)),
    };
}

function commandLine(text: string): CommandLine {
    const [first = "", ...rest] = words(text);
    const program = first.replace(/^-/, "");
    if (!program.startsWith("/")) throw new BadUnit(`the command "${text}" must begin with an absolute path`);
    return { argv: [program, ...rest], mayFail: first.startsWith("-") };
}

/** Returns the values of all directives, with specifiers replaced. @throws BadUnit for an unsupported section or directive */
function directives(text: string, unit: string): Map<string, string[]> {
    const found = new Map<string, string[]>();
    let section = "";
    for (const line of text
        .replaceAll("\\\n", " ")
        .split("\n")
        .map((part) => part.trim())) {
        if (line === "" || /^[#;]/.test(line)) continue;
        const header = /^\[(\w+)\]$/.exec(line);
        if (header) {
            section = header[1];
            if (!EMULATED[section]) throw new BadUnit(`unsupported by the sandbox: section [${section}]`);
            continue;
        }
        const [, name, value] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
        const known =
            EMULATED[section]?.includes(name) ||
            (section === "Service" && WITHOUT_EFFECT.includes(name)) ||
            (section === "Unit" && NO_ORDER.includes(name));
        if (!known)
            throw new BadUnit(
                `unsupported by the sandbox: ${name ? `directive ${name}= in [${section}]` : `line "${line}"`}`,
            );
        found.set(name, [...(LISTS.includes(name) ? (found.get(name) ?? []) : []), specifiers(value, unit)]);
    }
    return found;
}

function specifiers(value: string, unit: string): string {
    const instance = /@(.*)\.service$/.exec(unit)?.[1] ?? "";
    return value.replace(/%(.)/g, (whole, letter: string) => {
        const filled = { "%": "%", i: instance, n: unit, d: credentialsFolder(unit) }[letter];
        if (filled === undefined) throw new BadUnit(`unsupported by the sandbox: specifier ${whole}`);
        return filled;
    });
}

export const credentialsFolder = (unit: string) => `/run/credentials/${unit}`;

/** Splits a command line at spaces outside of quotes. Unsupported: escapes. */
function words(line: string): string[] {
    if (line.includes("\\")) throw new BadUnit("unsupported by the sandbox: a backslash in a command line");
    const found = line.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
    return found.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, (_, a?: string, b?: string) => a ?? b ?? ""));
}

/** Parses a time span to milliseconds: `5`, `5s`, `100ms`. */
function time(value: string): number {
    const [, amount, unit = "s"] = /^(\d+)(ms|s)?$/.exec(value) ?? [];
    if (amount === undefined) throw new BadUnit(`unsupported by the sandbox: time span "${value}"`);
    return Number(amount) * (unit === "s" ? 1000 : 1);
}
