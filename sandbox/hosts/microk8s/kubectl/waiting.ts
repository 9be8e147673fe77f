/** The commands `kubectl wait` and `kubectl rollout status`. */
import { unsupported, type Reply, said } from "../../reply";
import { ask, find, type KubeObject } from "../rest";
import { type KubectlCall, KubectlError } from "./call";
import { collection, list, targets } from "./resources";
import { durationOf, until } from "./wait";

/** Milliseconds of a week: kubectl waits that long if the timeout is negative. */
const LONG = 7 * 24 * 3_600_000;

function timeoutOf({ options }: KubectlCall, byDefault: number): number {
    const given = options["--timeout"];
    if (given === undefined) return byDefault;
    const time = durationOf(given);
    if (time === undefined)
        throw new KubectlError(`invalid argument "${given}" for "--timeout" flag: time: invalid duration`);
    return time < 0 ? LONG : time;
}

export async function waitFor(call: KubectlCall): Promise<Reply> {
    const { rest, options, signal } = call;
    const wanted = options["--for"] ?? "";
    const [, type, value = "True"] = /^condition=(\w+)(?:=(\w+))?$/.exec(wanted) ?? [];
    if (!type && wanted !== "delete") return unsupported(`kubectl wait --for=${wanted}`);
    const { resource, names } = targets(call.words);
    const path = collection(resource, options["--namespace"] ?? "default");
    const selected = options["--selector"] ?? (options["--all"] ? "" : undefined);
    const all =
        selected === undefined
            ? names
            : (await list(rest, path, selected ? { labelSelector: selected } : {})).map((o) => o.metadata.name);
    if (all.length === 0) throw new KubectlError("error: no matching resources found");
    const end = Date.now() + timeoutOf(call, 30_000);
    let out = "";
    for (const name of all) {
        const look = async (): Promise<true | undefined> => {
            if (wanted === "delete") return (await find(rest, `${path}/${name}`)) ? undefined : true;
            const object = await ask<KubeObject>(rest, "GET", `${path}/${name}`);
            return conditionOf(object, type)?.toLowerCase() === value.toLowerCase() ? true : undefined;
        };
        const met = await until(look, Math.max(end - Date.now(), 0), signal);
        if (!met)
            return { code: 1, out, err: `error: timed out waiting for the condition on ${resource.plural}/${name}\n` };
        out += `${resource.full}/${name} condition met\n`;
    }
    return said(out);
}

function conditionOf(object: KubeObject, type: string): string | undefined {
    const conditions = (object.status?.conditions ?? []) as { type: string; status: string }[];
    return conditions.find((condition) => condition.type.toLowerCase() === type.toLowerCase())?.status;
}

export async function rolloutStatus(call: KubectlCall): Promise<Reply> {
    const [verb, ...words] = call.words;
    if (verb !== "status") return unsupported(`kubectl rollout ${verb ?? ""}`);
    const { resource, names } = targets(words);
    if (resource.plural !== "deployments" || names.length !== 1)
        return unsupported(`kubectl rollout status ${words.join(" ")} (supported: one deployment)`);
    const path = `${collection(resource, call.options["--namespace"] ?? "default")}/${names[0]}`;
    const lines: string[] = [];
    const look = async () => {
        const left = unfinished(await ask<KubeObject>(call.rest, "GET", path));
        if (left && lines.at(-1) !== left) lines.push(left);
        return left || call.options["--watch"] === "false"
            ? call.options["--watch"] === "false"
                ? left
                : undefined
            : "";
    };
    const end = await until(look, timeoutOf(call, LONG), call.signal);
    if (end === undefined)
        return {
            code: 1,
            out: lines.map((line) => `${line}\n`).join(""),
            err: "error: timed out waiting for the condition\n",
        };
    return said([...lines, ...(end === "" ? [`deployment "${names[0]}" successfully rolled out`] : [])].join("\n"));
}

/** Message about what a Deployment's rollout waits for; "" if the rollout is complete. */
function unfinished({ metadata, spec, status = {} }: KubeObject): string {
    const { replicas = 0, updatedReplicas: updated = 0, availableReplicas: available = 0 } = status;
    const wanted = spec?.replicas ?? 1;
    const waiting = `Waiting for deployment "${metadata.name}" rollout to finish: `;
    if ((metadata.generation ?? 0) > (status.observedGeneration ?? 0))
        return "Waiting for deployment spec update to be observed...";
    if (updated < wanted) return `${waiting}${updated} out of ${wanted} new replicas have been updated...`;
    if (replicas > updated) return `${waiting}${replicas - updated} old replicas are pending termination...`;
    if (available < updated) return `${waiting}${available} of ${updated} updated replicas are available...`;
    return "";
}
