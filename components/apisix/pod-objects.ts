import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { CONTROLLER_PODS } from "./availability";
import { ADMIN_KEYS_SECRET } from "./gateway-pods";
import { METRICS_PATH, METRICS_PORT_NAME } from "./observability";
import { PROFILE_FILE, profileName } from "./profile";
import { ETCD_SECRET, type ReleaseSettings } from "./values";
import { renderPodMonitor } from "../kubernetes/metrics";
import { APISIX_PODS, POLICY_PREFIX, renderPolicies, type NetworkPoliciesArgs } from "../kubernetes/network-policies";
import { metadata } from "../kubernetes/ownership";
import { derivedSecret, randomSeed, secretData } from "../kubernetes/secret-data";

interface PodObjectsArgs {
    /** Namespace APISIX runs in. */
    namespace: string;
    release: ReleaseSettings;
    /** Text of APISIX's settings file. */
    profile: string;
    /** The only pods that may forward callers' requests. Default: callers connect from any address. */
    callersFrom?: NetworkPoliciesArgs["callersFrom"];
    /** Password of etcd's user root, and key that encrypts the credentials in etcd; secrets. */
    etcd: { password: pulumi.Input<string>; keyring: pulumi.Input<string> };
}

/**
 * The objects in APISIX's namespace. The keys of the Admin API are created last, and no pod starts without them: so the
 * network policies are in force before any pod listens.
 *
 * With the option `deletedWith`, Pulumi sends no request to delete them: they are deleted with their namespace, and the
 * policies stay in force until then.
 * @returns the keys of the Admin API
 */
export function podObjects(name: string, args: PodObjectsArgs, opts: pulumi.CustomResourceOptions): pulumi.Resource {
    const { namespace, release, profile, callersFrom, etcd } = args;
    const { availability, observability, serverKey, tls } = release;
    const metrics = observability?.metrics;
    const policies = networkPolicies(
        `${name}-policies`,
        { namespace, callersFrom, tls: tls !== undefined, scrapers: metrics?.scrapers },
        opts,
    );
    if (metrics?.podMonitor)
        new k8s.apiextensions.CustomResource(
            `${name}-metrics`,
            {
                apiVersion: "monitoring.coreos.com/v1",
                kind: "PodMonitor",
                metadata: metadata("alpa-auth-gateway", namespace),
                spec: renderPodMonitor(APISIX_PODS.matchLabels, METRICS_PORT_NAME, METRICS_PATH),
            },
            opts,
        );
    // The chart's own `podDisruptionBudget.enabled` fails to render: `templates/pdb.yaml` includes undefined templates
    // (apisix-ingress-controller 1.1.1 and 1.1.2).
    if (availability)
        new k8s.policy.v1.PodDisruptionBudget(
            `${name}-controller-budget`,
            {
                metadata: metadata("alpa-auth-ingress-controller", namespace),
                spec: { maxUnavailable: 1, selector: CONTROLLER_PODS },
            },
            opts,
        );
    const settings = new k8s.core.v1.ConfigMap(
        `${name}-profile`,
        { metadata: metadata(profileName(profile), namespace), data: { [PROFILE_FILE]: profile } },
        opts,
    );
    const secret = new k8s.core.v1.Secret(
        `${name}-etcd-secret`,
        {
            metadata: metadata(ETCD_SECRET.name, namespace),
            data: secretData({
                [ETCD_SECRET.password]: etcd.password,
                // Generated, because APISIX's default keys are publicly known.
                [ETCD_SECRET.keyring]: etcd.keyring,
                ...(serverKey !== undefined && { [ETCD_SECRET.serverKey]: serverKey }),
            }),
        },
        { ...opts, dependsOn: policies },
    );
    return adminKeys(`${name}-admin-keys`, namespace, { ...opts, dependsOn: [...policies, settings, secret] });
}

/** Allowed connections in the gateway's namespace: callers reach only the data port. */
export function networkPolicies(
    name: string,
    args: NetworkPoliciesArgs,
    opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
    return Object.entries(renderPolicies(args)).map(
        ([role, spec]) =>
            new k8s.networking.v1.NetworkPolicy(
                `${name}-${role}`,
                { metadata: metadata(`${POLICY_PREFIX}${role}`, args.namespace), spec },
                opts,
            ),
    );
}

/** The two keys of APISIX's Admin API. They are generated, because the chart's default keys are publicly known. */
function adminKeys(name: string, namespace: string, opts: pulumi.CustomResourceOptions): pulumi.Resource {
    // Both keys come from one seed, since they are always rotated together.
    const seed = randomSeed(`${name}-seed`, { parent: opts.parent });
    return new k8s.core.v1.Secret(
        `${name}-secret`,
        {
            metadata: metadata(ADMIN_KEYS_SECRET.name, namespace),
            // The viewer's key is always in the Secret, since no pod starts without it.
            data: secretData({
                [ADMIN_KEYS_SECRET.admin]: derivedSecret(seed, "admin key"),
                [ADMIN_KEYS_SECRET.viewer]: derivedSecret(seed, "viewer key"),
            }),
        },
        opts,
    );
}
