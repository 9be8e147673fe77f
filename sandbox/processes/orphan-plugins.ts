/**
 * Finds and ends orphaned plugins of Pulumi. If the pulumi command is killed with `kill -9`, its plugins keep running
 * forever.
 * Only plugins that have the sandbox's variable in their environment are ended. Only Linux allows reading the
 * environment of a process, so no plugin is found on a different system.
 */
import { basename } from "node:path";
import { hasProc } from "./identity";
import { procTable, SANDBOX_MARK, type ProcRow } from "./proc-table";
import { endProcess } from "./stop";

interface OrphanPlugin {
    pid: number;
    started: string;
    /** Name of the plugin, for example pulumi-resource-kubernetes. */
    name: string;
}

/** Plugins of the sandbox `id` whose pulumi command has ended. */
export function findOrphanPlugins(id: string): OrphanPlugin[] {
    return hasProc ? orphansIn(procTable(), id) : [];
}

/** Ends the orphaned plugins. Returns their number. */
export async function endOrphanPlugins(id: string): Promise<number> {
    const orphans = findOrphanPlugins(id);
    await Promise.all(orphans.map((orphan) => endProcess(orphan, orphan.name, { graceSeconds: 2 })));
    return orphans.length;
}

/** Selects orphaned plugins in a table of processes. */
function orphansIn(table: Map<number, ProcRow>, id: string): OrphanPlugin[] {
    const marked = [...table.values()].filter((row) => row.marks[SANDBOX_MARK] === id);
    return marked.flatMap((row) => {
        const name = pluginName(row.args);
        return name && isOrphan(row, table, id) ? [{ pid: row.pid, started: row.started, name }] : [];
    });
}

/**
 * Whether the pulumi command of a plugin has ended. The parent of such a plugin is pid 1 or a session manager, which do
 * not have the sandbox's variable.
 * The parent can also be a plugin, because the language host starts the program. A plugin is an orphan if its parent
 * plugin is an orphan.
 * A plugin with any other parent that has the variable was started by a user, from a shell of the sandbox, and is not
 * ended.
 */
function isOrphan(row: ProcRow, table: Map<number, ProcRow>, id: string): boolean {
    const parent = table.get(row.parent);
    if (!parent) return true;
    if (isPulumi(parent)) return false;
    if (pluginName(parent.args)) return isOrphan(parent, table, id);
    return parent.marks[SANDBOX_MARK] !== id;
}

function isPulumi(row: ProcRow): boolean {
    return row.program === "pulumi" || basename(row.args[0] ?? "") === "pulumi";
}

/**
 * Name of the plugin that a command line runs: a program or script pulumi-<kind>-<name>, or one of the SDK's runners.
 * Undefined if the command line runs no plugin.
 */
function pluginName(args: string[]): string | undefined {
    // Only the program and its script are compared: `vim pulumi-resource-x.ts` is not a plugin.
    for (const arg of args.slice(0, scriptAt(args) + 1)) {
        const base = basename(arg);
        if (/^pulumi-(resource|language|analyzer|converter|tool)-[\w.-]+$/.test(base))
            return base.replace(/\.\w+$/, "");
        if (/@pulumi[/\\]pulumi[/\\]cmd[/\\](run|run-policy-pack|dynamic-provider)([/\\]|$)/.test(arg)) return base;
    }
    return undefined;
}

/** Index of the script in a command line if the program is an interpreter (node, python, sh); otherwise 0, the program. */
function scriptAt(args: string[]): number {
    if (!/^(node|nodejs|python[\d.]*|sh|bash|env)$/.test(basename(args[0] ?? ""))) return 0;
    const at = args.findIndex((arg, i) => i > 0 && !arg.startsWith("-") && !isOptionValue(args[i - 1]));
    return at < 0 ? 0 : at;
}

/** Options of Node.js whose value is the next argument. */
function isOptionValue(before: string): boolean {
    return /^(--require|-r|--import|--loader|--experimental-loader|-C|--conditions)$/.test(before);
}
