import { askAdmin } from "./admin-evidence";
import { openLister, openReader } from "../kubernetes/cluster-reader";
import { askUnready, askWith, sentWith, textsOf, type LiveConsumer, type Sent } from "./credential-evidence";
import { adminTrouble, viewerKey } from "../apisix/admin-api";
import { askEveryPod, controllerLogs, POD_ADMIN_PORT, POD_DATA_PORT, withoutAdmin } from "../apisix/gateway-pods";
import { untilSettled } from "../kubernetes/until-settled";
import type { Proof } from "../route/route-served";

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/**
 * @param credentials name of the Secret of each credential that was declared, by `<consumer>/<credential>`
 * @param say prints progress. Default: to standard output, which Pulumi shows
 * @throws Error with the name of a gateway pod that still authenticates a removed credential
 */
export async function untilRejected(
    inputs: Proof,
    credentials: Record<string, string>,
    say?: (text: string) => void,
): Promise<void> {
    const { namespace, gateway, timeoutSeconds, settleSeconds } = inputs;
    const read = openReader(inputs);
    let gone: Sent[] | undefined;
    await untilSettled({
        title: `Removed credentials of ${namespace}`,
        hint: `They may still work. ${controllerLogs(gateway.namespace)}`,
        timeoutSeconds,
        settleSeconds,
        say,
        trouble: () => adminTrouble(inputs, gateway.namespace),
        observe: async () => {
            const removed = (gone ??= await removedOf(inputs, credentials));
            if (removed.length === 0) return { state: "ready", proved: true };
            if ((await read({ apiVersion: "v1", kind: "Namespace", name: gateway.namespace })) === undefined)
                return { state: "ready", proved: true }; // The gateway is deleted too, so no pod accepts the credentials.
            const route = { apiVersion: "apisix.apache.org/v2", kind: "ApisixRoute", namespace, name: "alpa" };
            const options = { evidence: gateway.evidence, mayLackRoute: (await read(route)) === undefined };
            const viewer = await viewerKey(read, gateway.namespace);
            const verdict = await askEveryPod(
                inputs,
                gateway,
                async (connect) => {
                    const stored =
                        viewer &&
                        (await askAdmin(connect(POD_ADMIN_PORT), viewer, namespace, [], { there: [], gone: removed }));
                    return stored ?? askWith(() => connect(POD_DATA_PORT), "rejects", removed, options);
                },
                // Not the Admin API: it shows the same etcd at every pod.
                (connect) => askUnready(() => connect(POD_DATA_PORT), removed, options),
            );
            const unasked = removed.flatMap(({ who, headers }) => (headers === undefined ? [who] : []));
            return unasked.length > 0 ? withoutAdmin(verdict, gateway, viewer, unasked.join(", ")) : verdict;
        },
    });
}

/** Returns the credentials that no Consumer has any more, each with its headers if its Secret still exists. */
async function removedOf(inputs: Proof, credentials: Record<string, string>): Promise<Sent[]> {
    const { namespace } = inputs;
    const list = openLister(inputs);
    const consumers = (await list("apisix.apache.org/v1alpha1", "Consumer", namespace)) as LiveConsumer[];
    const secretOf = new Map(
        consumers.flatMap(({ metadata, spec }) =>
            (spec?.credentials ?? []).map(
                ({ name, secretRef }) => [`${metadata!.name}/${name}` as string, secretRef?.name] as const,
            ),
        ),
    );
    const removed = Object.entries(credentials).filter(([who]) => !secretOf.has(who));
    if (removed.length === 0) return [];
    const secrets = new Map((await list("v1", "Secret", namespace)).map((secret) => [secret.metadata?.name, secret]));
    // If the operator has moved a key to another entry of the config, the key stays valid and is not checked. Only keys
    // can be moved: tokens contain the name of the entry.
    const kept = new Set([...secretOf.values()].map((name) => textsOf(secrets.get(name)).key));
    return removed
        .map(([who, secret]): Sent => sentWith(who, secrets.get(secret)) ?? { who })
        .filter(({ headers }) => !kept.has(headers?.apikey ?? ""));
}
