import type { Context } from "../../context";

/** An operation that has ended, as `+  random:index:RandomUuid team-b.first-key created (0.10s)`. */
const ENDED = /^ *[-+~]+ .* \w+ed( \w+)? \(\d/;

/**
 * Shows the output of `pulumi up`: the operations that ended, messages, and violations of the policy pack. With `--verbose`,
 * every line. The choice of lines decides nothing else.
 */
export function progress({ note, verbose }: Pick<Context, "note" | "verbose">): (line: string) => void {
    // The preview has the messages of the update too.
    const shown = new Set<string>();
    let section = "";
    return (line) => {
        const [, heading] = /^(\w+):?$/.exec(line.trim()) ?? [];
        section = heading ?? section;
        const isMessage = section === "Diagnostics" || (section === "Policies" && !line.includes("✅"));
        const isChosen = ENDED.test(line) || /\berror:/.test(line) || (isMessage && line.trim() !== "" && !heading);
        if (!verbose && (!isChosen || shown.has(line))) return;
        shown.add(line);
        note(`  ${line}`);
    };
}
