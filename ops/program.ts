/** The commands of `alpa-auth`. Each noun has a folder, and each verb a file, which says what it takes. */
import { Command } from "commander";
import { version } from "../package.json";
import type { Noun } from "./arguments";
import { check } from "./check";
import { completion } from "./completion";
import { consumer } from "./consumer";
import type { Context } from "./context";
import { convert } from "./convert";
import { dns } from "./dns";
import { stack } from "./stack";
import { token } from "./token";

/** In the order in which the help lists them. */
const NOUNS: Noun[] = [consumer, token, stack, check, convert, dns, completion];

export function program(context: Context): Command {
    const root = new Command("alpa-auth")
        .description(
            "Manage the callers of an Alpa service and the stacks in front of it. A command that changes a stack only shows what it would do; add --apply to do it.",
        )
        .version(version);
    for (const { name, description, commands } of NOUNS) {
        const noun = root.command(name).description(description);
        for (const add of commands) add(noun, context);
    }
    return root;
}
