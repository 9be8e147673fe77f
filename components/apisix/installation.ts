import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { adminKeys } from "./admin-keys";
import { PROFILE_FILE, profileName } from "./profile";
import { apisixRelease, type InstalledApisix } from "./release";
import {
    componentInstallation,
    etcdSecretName,
    etcdSettings,
    profileOf,
    releaseInstallation,
    type Installation,
    type ReleaseSettings,
} from "./values";
import { graceSeconds } from "../alpa/answer-times";
import { CONNECTOR_LABELS } from "../cloudflare/cloudflared/deployment";
import { controllerBudget } from "./controller-budget";
import { Etcd } from "../etcd/etcd";
import { etcdSecret } from "./etcd-secrets";
import { gatewayWiring, type GatewayBinding } from "./wiring";
import { gracefulShutdown } from "./graceful-shutdown";
import type { Meaning } from "../meaning/plain";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { POLICY_PREFIX, renderPolicies, type NetworkPoliciesArgs } from "../kubernetes/network-policies";
import { metadata } from "../kubernetes/ownership";
import { gatewayMonitor } from "./pod-monitor";
import { Rampart, type RampartInstall } from "../rampart/rampart";
import { rampartGateway } from "./rampart-gateway";

/** Settings for installing APISIX. */
export type OwnGateway =
    | {
          installer: "rampart";
          release: ReleaseSettings;
          url: string;
          /** Settings for installing Rampart. Unset if it is already installed. */
          install?: RampartInstall;
          retry: number;
      }
    | { installer: "helm"; release: ReleaseSettings; url: string; crds?: string[] };

export interface InstallationArgs {
    /** Namespace of the routes. */
    namespace: string;
    cluster: ClusterAccess;
    gateway: OwnGateway;
    /** Whether callers reach the gateway only through the connectors of a tunnel. */
    onlyConnectors: boolean;
    /** Longest wait for Rampart, in seconds. */
    graphTimeoutSeconds: number;
    /** What etcd is, for the inputs of its component. */
    etcd: Meaning;
}

type InNamespace = (namespace: string, opts: pulumi.CustomResourceOptions) => pulumi.Resource;

/** APISIX with all objects that it needs: the classes and the Gateway that routes and consumers refer to come last. */
export class Gateway extends pulumi.ComponentResource {
    readonly binding: GatewayBinding;
    /** Routes and consumers depend on these, and not on the Service of etcd, see {@link Etcd.prepared}. */
    readonly ready: pulumi.Resource[];
    /** A value that changes with each installation. */
    readonly installed: pulumi.Output<string>;

    constructor(name: string, meaning: Meaning, args: InstallationArgs, opts: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:Gateway", name, meaning, opts);
        const { namespace, cluster } = args;
        const gateway = withServerKeyVersion(args.gateway, meaning);
        const { availability, observability } = gateway.release;
        const installation = installationOf(gateway, namespace);
        const profileText = profileOf(gateway.release, namespace);
        const etcd = new Etcd(
            `${name}-etcd`,
            {
                namespace,
                cluster,
                apisixNamespace: installation.namespace,
                settings: etcdSettings(gateway.release),
                meaning: args.etcd,
            },
            // Next to the gateway in the tree, not below it: Pulumi deletes by depth, so this namespace goes together with that of the routes.
            { parent: opts.parent },
        );
        const inNamespace = (apisix: string, o: pulumi.CustomResourceOptions) => {
            // The keys are created last, and no pod starts without them. So the network policies are in force before any pod
            // listens.
            const callersFrom = args.onlyConnectors ? { namespace, labels: CONNECTOR_LABELS } : undefined;
            const tls = gateway.release.tls === undefined ? {} : { tls: true };
            const { metrics } = observability ?? {};
            const scrapers = metrics && { scrapers: metrics.scrapers };
            const own = { namespace: apisix, callersFrom, ...tls, ...scrapers };
            const policies = networkPolicies(`${name}-policies`, own, o);
            if (metrics?.podMonitor) gatewayMonitor(`${name}-metrics`, apisix, o);
            if (availability) controllerBudget(`${name}-controller-budget`, apisix, o);
            const profile = apisixProfile(`${name}-profile`, apisix, profileText, o);
            const secret = etcdSecret(
                `${name}-etcd`,
                {
                    namespace: apisix,
                    secretName: etcdSecretName(installation),
                    password: etcd.password,
                    keyring: etcd.keyring,
                    serverKey: gateway.release.serverKey,
                },
                { ...o, dependsOn: policies },
            );
            return adminKeys(`${name}-admin-keys`, apisix, { ...o, dependsOn: [...policies, profile, secret] });
        };

        const apisix = install(name, this, [etcd.prepared], { ...args, gateway }, inNamespace);
        const { namespace: apisixNamespace } = installation;
        const stop =
            availability &&
            gracefulShutdown(
                `${name}-stop`,
                { namespace: apisixNamespace, graceSeconds: graceSeconds(availability), installed: apisix.installed },
                { parent: this, dependsOn: apisix.ready, deletedWith: apisix.installation },
            );
        const { binding, ready } = gatewayWiring(
            `${name}-wiring`,
            { apisixNamespace, namespace, observability },
            // No route is opened before the graceful shutdown of the pods is configured.
            { parent: this, dependsOn: stop ?? apisix.ready },
        );
        this.binding = binding;
        this.ready = ready;
        this.installed = apisix.installed;
        this.registerOutputs({});
    }
}

/** Adds the fingerprint of the server's key to the release, so that the pods restart when the key changes. */
function withServerKeyVersion(gateway: OwnGateway, { serverKey }: Meaning): OwnGateway {
    return { ...gateway, release: { ...gateway.release, serverKeyVersion: serverKey as pulumi.Input<string> } };
}

/** Name and namespace of the Helm release. Both are different for each installer. */
export function installationOf({ installer }: Pick<OwnGateway, "installer">, namespace: string): Installation {
    return installer === "helm" ? releaseInstallation(namespace) : componentInstallation(namespace);
}

function install(
    name: string,
    parent: pulumi.Resource,
    before: pulumi.Resource[],
    { namespace, cluster, gateway, graphTimeoutSeconds }: InstallationArgs,
    inNamespace: InNamespace,
): InstalledApisix {
    const { release } = gateway;
    if (gateway.installer === "helm") {
        const { crds } = gateway;
        return apisixRelease(
            `${name}-apisix`,
            { namespace, release, cluster, crds, inNamespace },
            { parent, dependsOn: before },
        );
    }
    const rampart = gateway.install && new Rampart(`${name}-rampart`, { ...gateway.install, cluster }, { parent });
    return rampartGateway(
        `${name}-gateway`,
        { namespace, release, cluster, retry: gateway.retry, timeoutSeconds: graphTimeoutSeconds, inNamespace },
        { parent, dependsOn: rampart ? [...before, rampart] : before },
    );
}

/**
 * Allowed connections in the gateway's namespace: callers reach only the data port.
 *
 * With the option `deletedWith`, the policies stay in force until their namespace is deleted.
 */
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

/**
 * APISIX's settings in a separate file next to the chart's file. No chart value sets the keyring of `data_encryption` or
 * `worker_shutdown_timeout`. The default of this timeout, 240 s, interrupts longer answers.
 *
 * The chart accepts the file as a value (`fullCustomConfig`), but the chart and the helmfile of Rampart render it as a
 * template. Both would change `${{…}}`, with which APISIX reads its keys.
 *
 * With the option `deletedWith`, Pulumi sends no request to delete the ConfigMap: it is deleted with its namespace.
 * @param namespace namespace APISIX runs in
 * @param text content of the settings file
 */
function apisixProfile(
    name: string,
    namespace: string,
    text: string,
    opts: pulumi.CustomResourceOptions,
): k8s.core.v1.ConfigMap {
    const data = { [PROFILE_FILE]: text };
    return new k8s.core.v1.ConfigMap(name, { metadata: metadata(profileName(text), namespace), data }, opts);
}
