import { isDeepStrictEqual } from "node:util";
import type { Settings } from "../../../config";
import { secretName, tokenSettings } from "../../../components/consumers/consumer";
import { countersOf } from "../../../components/apisix/open-requests";
import { limitPlugins, type ConsumerPlugin } from "../../../components/consumers/limits";
import type { Live, LiveConsumer } from "./cluster-consumers";

/** A caller as the program renders it in the cluster, without secrets. */
export interface Rendered {
    /** Plugins that enforce the caller's limits. */
    plugins: ConsumerPlugin[];
    /** Fields of the Secret of each JWT credential, without the signing secret; by the id of the credential. */
    tokens: Map<string, Record<string, string>>;
}

/** Rendered callers by name. The callers of option cloudflare have no limits. */
export function renderedOf(settings: Settings): Map<string, Rendered> {
    if (settings.option === "cloudflare") return new Map();
    const { namespace, sharedCounters, server } = settings;
    const counters = sharedCounters && countersOf(namespace, sharedCounters, server.answerTimeoutSeconds);
    const rendered = settings.consumers.map(({ name, limits, credentials }) => {
        const tokens = credentials.flatMap((one) =>
            one.method === "jwt" ? [[one.id, tokenSettings(namespace, name, one)] as const] : [],
        );
        return [name, { plugins: limitPlugins(limits, namespace, counters), tokens: new Map(tokens) }] as const;
    });
    return new Map(rendered);
}

/** Fields of a live caller that differ from what the program renders. Only names, never values. */
export function differences({ plugins, tokens }: Rendered, object: LiveConsumer, live: Live, id?: string): string[] {
    const wrong = differing(byName(plugins), byName(object.plugins));
    const problems = wrong.length > 0 ? [`live with other limits (${wrong.join(", ")})`] : [];
    const secret = object.credentials.find((one) => one.id === id)?.secret;
    if (secret !== undefined && secret !== secretName(object.name, id!))
        return [...problems, `live with another Secret (${secret})`];
    const [wanted, found] = [tokens.get(id ?? ""), live.secrets.get(secret ?? "")];
    const fields = wanted && found ? differing(wanted, found) : [];
    return fields.length === 0 ? problems : [...problems, `Secret has another ${fields.join(", ")}`];
}

function byName(plugins: ConsumerPlugin[]): Record<string, unknown> {
    return Object.fromEntries(plugins.map(({ name, config }) => [name, config]));
}

/** Keys whose values differ between the two objects. */
function differing(left: Record<string, unknown>, right: Record<string, unknown>): string[] {
    const names = [...new Set([...Object.keys(left), ...Object.keys(right)])];
    return names.filter((name) => !isDeepStrictEqual(left[name], right[name]));
}
