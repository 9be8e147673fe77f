/**
 * Reads options of a command line as the parsers of Python and Go do: `--name value` or `--name=value`, before or after words.
 */

/**
 * Kinds of options by name: "flag", "value" (`--x=1` or `--x 1`) or "maybe" (`--x` or `--x=1`). For a short option, the
 * value is the name of its long option.
 */
export type Known = Record<string, string>;

interface Read {
    found: Record<string, string>;
    rest: string[];
    /** The first unknown option. */
    odd?: string;
}

export function readOptions(args: string[], known: Known): Read {
    const found: Record<string, string> = {};
    const rest: string[] = [];
    for (let i = 0; i < args.length; i++) {
        const arg = args[i];
        if (!arg.startsWith("-") || arg === "-") {
            rest.push(arg);
            continue;
        }
        const [given, ...after] = arg.split("=");
        const name = known[given]?.startsWith("-") ? known[given] : given;
        const inline = after.length > 0 ? after.join("=") : undefined;
        if (known[name] === "flag") found[name] = inline ?? "true";
        else if (known[name] === "maybe") found[name] = inline ?? "";
        else if (known[name] === "value") found[name] = inline ?? args[++i] ?? "";
        else return { found, rest, odd: arg };
    }
    for (const [name, value] of Object.entries(found))
        if (known[name] === "flag" && value === "false") delete found[name];
    return { found, rest };
}
