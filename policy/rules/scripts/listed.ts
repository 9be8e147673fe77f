import { shown } from "../../resources/values";
import { inConfig } from "../facts";
import type { Rule } from "../rule";
import { commandProblems } from "./commands";
import { digestOf, scriptsOf } from "./found";

export const scriptsListed: Rule = {
    name: "scripts-listed",
    title: "Lua, Workers, scripts on hosts and scripts in pods are those of the list of digests in policy/lists.yaml.",
    reason: "A script sees credentials and requests, and can send them anywhere or let requests pass.",
    *check(resource, facts) {
        yield* commandProblems(resource);
        const { lists } = facts;
        if (lists === undefined) return;
        for (const script of scriptsOf(resource)) {
            const { where, text, kind } = script;
            if (kind === "program") {
                if (!lists.programs.has(text))
                    yield `${where}: ${shown(text)} is not in the programs of policy/lists.yaml. Review it, and add it to the list.`;
                // A value that an operator has set is as trusted as the config.
            } else if (!lists.scripts.has(digestOf(script)) && !(kind === "value" && inConfig(facts, text.trim())))
                yield `${where}: is a script with digest ${digestOf(script)}, which is not in policy/lists.yaml. Review the script, and add its digest to the list.`;
        }
    },
};
