import type { Resource } from "../../resources/resource";
import { isUnknown, shown } from "../../resources/values";
import type { Facts } from "../facts";
import { when, type Message, type Rule } from "../rule";
import { commandProblems } from "./commands";
import { digestOf, scriptsOf } from "./found";

export const scriptsListed: Rule = {
    name: "scripts-listed",
    title: "Lua, Workers, scripts on hosts and scripts in pods are those of the list of digests in policy/lists.yaml.",
    reason: "A script sees credentials and requests, and can send them anywhere or let requests pass.",
    check: (resource, facts) => [...commandProblems(resource), ...unlisted(resource, facts)],
};

function unlisted(resource: Resource, { lists, config }: Facts): Message[] {
    if (lists === undefined) return [];
    return scriptsOf(resource).flatMap((script) => {
        const { where, text, kind } = script;
        if (isUnknown(text)) return [];
        if (kind === "program")
            return when(
                !lists.programs.has(String(text)),
                `${where}: ${shown(text)} is not in the programs of policy/lists.yaml. Review it, and add it to the list.`,
            );
        const digest = digestOf(script);
        // A value that an operator has set is as trusted as the config. With a hidden config, the run itself compares it.
        const isSet = kind === "value" && (config === undefined || config.has(String(text).trim()));
        return when(
            !lists.scripts.has(digest) && !isSet,
            `${where}: is a script with digest ${digest}, which is not in policy/lists.yaml. Review the script, and add its digest to the list.`,
        );
    });
}
