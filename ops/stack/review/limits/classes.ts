/** Shares of classes of callers, from the plugin `workflow` of a route's rule. */
import { classNamed } from "../../../../components/route/caller-classes";
import { isMap, type Tree } from "../../../../policy/resources/values";
import { changedFields } from "../differences";
import type { Verdict } from "../rule";
import { listed } from "../values-text";
import { COUNTING } from "./callers";

/** The share of one class of callers, in one rule of a route. */
interface Share {
    members: string[];
    /** Requests open at the same time. */
    open: number;
    /** Counter server, and settings of the count. */
    rest: Tree;
}

/**
 * @param title name of the rule for messages @param at path of the plugin
 * @returns undefined if this project did not render the plugin
 */
export function classVerdicts(
    title: string,
    at: string,
    old: Tree | undefined,
    now: Tree | undefined,
): Verdict[] | undefined {
    const [before, after] = [sharesOf(old), sharesOf(now)];
    if (before === undefined || after === undefined) return undefined;
    return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) =>
        ofClass(title, `${at}[${name}]`, name, before.get(name), after.get(name)),
    );
}

function ofClass(title: string, property: string, name: string, old?: Share, now?: Share): Verdict[] {
    const verdict = (code: Verdict["code"], says: string): Verdict => ({
        code,
        says: `${title}: ${says}`,
        property,
        old: old && shareText(old),
        new: now && shareText(now),
    });
    if (old === undefined)
        return [verdict("limit-lowered", `callers of class ${name} share ${shareText(now!)}, and had no share before`)];
    if (now === undefined)
        return [verdict("limit-removed", `callers of class ${name} no longer share ${shareText(old)}`)];
    const verdicts: Verdict[] = [];
    if (now.open !== old.open)
        verdicts.push(
            verdict(
                now.open < old.open ? "limit-lowered" : "limit-raised",
                `callers of class ${name} share ${now.open < old.open ? "fewer" : "more"} open requests: ${now.open} instead of ${old.open}, and the count restarts`,
            ),
        );
    const joins = now.members.filter((one) => !old.members.includes(one));
    const leaves = old.members.filter((one) => !now.members.includes(one));
    if (joins.length > 0)
        verdicts.push(
            verdict(
                "limit-lowered",
                `${listed(joins)} joins class ${name}, whose callers share ${now.open} open requests`,
            ),
        );
    if (leaves.length > 0)
        verdicts.push(verdict("limit-removed", `${listed(leaves)} leaves class ${name}, and no longer uses its share`));
    const fields = changedFields(old.rest, now.rest);
    if (fields.every((key) => Object.hasOwn(COUNTING, key)))
        for (const key of fields)
            verdicts.push(verdict("changed-inside", `class ${name}: ${COUNTING[key](now.rest[key])}`));
    else verdicts.push(verdict("limit-changed", `class ${name} is counted by another server: the count restarts`));
    return verdicts;
}

const shareText = ({ open, members }: Share) => `${open} open requests (${listed(members)})`;

/** Shares by the name of the class; empty without a plugin. */
function sharesOf(plugin: Tree | undefined): Map<string, Share> | undefined {
    if (plugin === undefined) return new Map();
    const { config } = plugin;
    if (!isMap(config) || !Array.isArray(config.rules) || Object.keys(config).length > 1) return undefined;
    const shares = config.rules.map(shareOf);
    return shares.every((one) => one !== undefined) ? new Map(shares) : undefined;
}

function shareOf(rule: unknown): [name: string, share: Share] | undefined {
    if (!isMap(rule)) return undefined;
    const [[variable, operator, members]] = entriesOf(rule.case);
    const [[action, settings]] = entriesOf(rule.actions);
    if (variable !== "consumer_name" || operator !== "in" || !Array.isArray(members)) return undefined;
    if (action !== "limit-conn" || !isMap(settings)) return undefined;
    const { conn, rejected_msg: message, ...rest } = settings;
    const name = classNamed(message);
    if (name === undefined || typeof conn !== "number") return undefined;
    // A member is `<namespace>_<name>`, and a namespace has no underscore.
    return [name, { members: members.map((one) => String(one).replace(/^[^_]*_/, "")), open: conn, rest }];
}

/** Returns `[entries]`. The entries are the only element of `value` if that is a list; otherwise there are none. */
function entriesOf(value: unknown): [unknown[]] {
    const [only, ...more] = Array.isArray(value) ? (value as unknown[]) : [];
    return [Array.isArray(only) && more.length === 0 ? only : []];
}
