/** Changes of a caller's limits, from the plugins of its Consumer. */
import { map, mapsOf, shown, type Tree } from "../../../../policy/resources/values";
import { changedFields, type Difference } from "../differences";
import type { Verdict } from "../rule";

/** Fields that the program computes from other fields. A change of them is reported only if no other field changes. */
const DERIVED = new Set(["group", "rejected_msg"]);
/** Fields that select the server that counts. */
const SERVER = new Set(["policy", "redis_host", "redis_port"]);
/** Effects of fields that change how a server counts, without a change of the limit. */
export const COUNTING: Record<string, (now: unknown) => string> = {
    redis_timeout: (now) => `a gateway pod waits up to ${shown(now)} ms for the counter server`,
    key_ttl: (now) => `open requests of a lost gateway pod are counted for ${shown(now)} s`,
};

/** The plugin that counts a caller's requests in each pod while the counters are down. It is derived from `limit-count`. */
const EACH_POD = "limit-req";

/** @param who the caller, as findings name it, for example `Caller lab` */
export function limitVerdicts(who: string, { old, new: now }: Difference): Verdict[] {
    const [before, after] = [byName(old), byName(now)];
    return [
        ...[...new Set([...before.keys(), ...after.keys()])].flatMap((name) =>
            ofPlugin(who, name, before.get(name), after.get(name)),
        ),
        ...meanwhileVerdicts(who, before, after),
    ];
}

/** Reports that the plugin {@link EACH_POD} is added or removed. It has an effect only while the counters are down. */
function meanwhileVerdicts(who: string, before: Map<string, Tree>, after: Map<string, Tree>): Verdict[] {
    const isBounded = after.has(EACH_POD);
    if (before.has(EACH_POD) === isBounded || before.has("limit-count") !== after.has("limit-count")) return [];
    const says = `${who}: while the counter server is down, each gateway pod ${isBounded ? "counts" : "no longer counts"} the caller's requests separately`;
    return [
        {
            code: "limit-changed",
            says,
            property: `spec.plugins[${EACH_POD}]`,
            old: before.get(EACH_POD),
            new: after.get(EACH_POD),
        },
    ];
}

function ofPlugin(who: string, name: string, old: Tree | undefined, now: Tree | undefined): Verdict[] {
    if (name === EACH_POD || JSON.stringify(old) === JSON.stringify(now)) return [];
    const verdict = (code: Verdict["code"], says: string, key?: string): Verdict => ({
        code,
        says,
        property: `spec.plugins[${name}]${key ? `.${key}` : ""}`,
        old: key ? old?.[key] : (limitText(name, old) ?? old),
        new: key ? now?.[key] : (limitText(name, now) ?? now),
    });
    if (!/^limit-(count|conn)$/.test(name))
        return [verdict("limit-changed", `${who}: plugin ${name} is added, removed or changed`)];
    if (old === undefined)
        return [
            verdict("limit-lowered", `${who} is limited to ${limitText(name, now)!}, and had no such limit before`),
        ];
    if (now === undefined) return [verdict("limit-removed", `${who} is no longer limited to ${limitText(name, old)!}`)];
    const keys = changedFields(old, now);
    const verdicts: Verdict[] = [];
    const [from, to] = [limitText(name, old), limitText(name, now)];
    if (from !== to && !isKnown(name, old, now))
        verdicts.push(
            verdict(
                "limit-changed",
                `${who}: its limit changes from ${from!} to a value that is not known yet: ${to!}`,
            ),
        );
    else if (from !== to) {
        const lower = isLower(name, old, now);
        verdicts.push(
            verdict(
                lower ? "limit-lowered" : "limit-raised",
                `${who} has ${lower ? "less" : "more"}: ${from} becomes ${to}`,
            ),
        );
    }
    const server = keys.find((key) => SERVER.has(key));
    if (server !== undefined)
        verdicts.push(verdict("limit-changed", "Requests are counted by another server: all counts restart", server));
    else
        for (const key of keys.filter((one) => Object.hasOwn(COUNTING, one)))
            verdicts.push(verdict("changed-inside", `${who}: ${COUNTING[key](now[key])}`, key));
    const known = (key: string) => DERIVED.has(key) || SERVER.has(key) || Object.hasOwn(COUNTING, key);
    for (const key of keys.filter((k) => !known(k) && !["count", "time_window", "conn"].includes(k)))
        verdicts.push(verdict("limit-changed", `${who}: the limit is enforced differently (${key})`, key));
    if (verdicts.length > 0) return verdicts;
    return keys.map((key) =>
        key === "group"
            ? verdict("limit-changed", `${who} is counted in another group: the count restarts`, key)
            : verdict("errors-changed", `${who} gets other error messages when it is over its limits`, key),
    );
}

function byName(value: unknown): Map<string, Tree> {
    return new Map(mapsOf(value).map(({ name, config }) => [String(name), map(config)]));
}

/** Text of a limit; undefined for a plugin that is not a limit. */
function limitText(name: string, config: Tree | undefined): string | undefined {
    if (config === undefined) return undefined;
    if (name === "limit-conn") return `${String(config.conn)} requests open at the same time`;
    if (name === "limit-count") return `${String(config.count)} in ${String(config.time_window)} s`;
    return undefined;
}

function isKnown(name: string, ...configs: Tree[]): boolean {
    const keys = name === "limit-conn" ? ["conn"] : ["count", "time_window"];
    return configs.every((config) => keys.every((key) => Number.isFinite(Number(config[key]))));
}

/** Whether the new limit allows fewer requests in one window, or fewer per second. A caller may depend on both. */
function isLower(name: string, old: Tree, now: Tree): boolean {
    const number = (value: unknown) => Number(value);
    if (name === "limit-conn") return number(now.conn) < number(old.conn);
    const rate = (config: Tree) => number(config.count) / number(config.time_window);
    return number(now.count) < number(old.count) || rate(now) < rate(old);
}
