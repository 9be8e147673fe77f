import type { GatewayClusterArgs } from "../../components/gateway-args";
import type { Live } from "../../components/kubernetes/cluster-reader";
import type { ConsumerSettings } from "../../components/consumers/consumer";
import { VERIFIER } from "../../components/opt/conversion-phases";
import { OWNER_ANNOTATION } from "../../components/kubernetes/ownership";
import type { ClusterView } from "../kubernetes/cluster";

/**
 * Finds callers whose name, credentials, methods or limits differ between the config and the cluster. Used if one of the
 * two digests of the callers is missing. The algorithm of a JWT credential is in a Secret, so it is not compared.
 * @returns names, at most five; undefined if nothing differs, or if there is no caller yet
 */
export async function differingCallers(
    { namespace, consumers }: Pick<GatewayClusterArgs, "namespace" | "consumers">,
    cluster: ClusterView,
    owner: string,
): Promise<string | undefined> {
    const live = (await cluster.list("apisix.apache.org/v1alpha1", "Consumer", namespace)).filter(
        ({ metadata }) => metadata?.annotations?.[OWNER_ANNOTATION] === owner && metadata?.name !== VERIFIER,
    );
    if (live.length === 0) return undefined;
    const before = new Map(live.map((one) => [one.metadata!.name!, ofLive(one)]));
    const after = new Map(consumers.map((one) => [one.name, ofSettings(one)]));
    const names = [...new Set([...after.keys(), ...before.keys()])];
    const differ = names.filter((name) => before.get(name) !== after.get(name));
    return differ.length === 0 ? undefined : differ.slice(0, 5).join(", ");
}

interface Seen {
    credentials: string[];
    requests?: unknown;
    perSeconds?: unknown;
    concurrent?: unknown;
}

function ofSettings({ credentials, limits: { requests, perSeconds, concurrent } }: ConsumerSettings): string {
    return textOf({
        credentials: credentials.map(({ id, method }) => `${id} ${method}-auth`),
        ...{ requests, perSeconds, concurrent },
    });
}

function ofLive({ spec }: Live): string {
    type Plugin = { name?: string; config?: Record<string, unknown> };
    const { credentials = [], plugins = [] } = (spec ?? {}) as {
        credentials?: { name: string; type: string }[];
        plugins?: Plugin[];
    };
    const config = (plugin: string) => plugins.find(({ name }) => name === plugin)?.config ?? {};
    const { count, time_window: window } = config("limit-count");
    return textOf({
        credentials: credentials.map(({ name, type }) => `${name} ${type}`),
        ...{ requests: count, perSeconds: window, concurrent: config("limit-conn").conn },
    });
}

function textOf({ credentials, requests, perSeconds, concurrent }: Seen): string {
    return JSON.stringify([[...credentials].sort(), requests ?? null, perSeconds ?? null, concurrent ?? null]);
}
