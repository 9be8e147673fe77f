import * as pulumi from "@pulumi/pulumi";
import { podObjects } from "./pod-objects";
import { renderProfile } from "./profile";
import { apisixRelease, type InstallArgs, type InstalledApisix, gracefulShutdown, rampartGateway } from "./release";
import { etcdSettings, installationOf, type ReleaseSettings } from "./values";
import { CONNECTOR_LABELS } from "../cloudflare/cloudflared/deployment";
import { Etcd } from "../etcd/etcd";
import { gatewayWiring, type GatewayBinding } from "./wiring";
import type { Meaning } from "../meaning/plain";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { Rampart, type RampartInstall } from "../rampart/rampart";

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

/** APISIX with all objects that it needs: the classes and the Gateway that routes and consumers refer to come last. */
export class Gateway extends pulumi.ComponentResource {
    readonly binding: GatewayBinding;
    /** Routes and consumers depend on these, and not on the Service of etcd, see {@link Etcd.prepared}. */
    readonly ready: pulumi.Resource[];
    /** A value that changes with each installation. */
    readonly installed: pulumi.Output<string>;

    constructor(name: string, meaning: Meaning, args: InstallationArgs, opts: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:Gateway", name, meaning, opts);
        const { namespace, cluster, gateway } = args;
        // The pods restart when the fingerprint of the server's key changes.
        const release = { ...gateway.release, serverKeyVersion: meaning.serverKey as pulumi.Input<string> };
        const { availability, observability } = release;
        const { namespace: apisixNamespace } = installationOf(gateway.installer, namespace);
        const etcd = new Etcd(
            `${name}-etcd`,
            { namespace, cluster, apisixNamespace, settings: etcdSettings(release), meaning: args.etcd },
            // Next to the gateway in the tree, not below it: Pulumi deletes by depth, so this namespace goes together with that of the routes.
            { parent: opts.parent },
        );
        const profile = renderProfile(release, namespace);
        const callersFrom = args.onlyConnectors ? { namespace, labels: CONNECTOR_LABELS } : undefined;
        const inNamespace: InstallArgs["inNamespace"] = (apisix, o) =>
            podObjects(name, { namespace: apisix, release, profile, callersFrom, etcd }, o);

        const apisix = this.install(name, args, { namespace, cluster, release, inNamespace }, [etcd.prepared]);
        const stop =
            availability &&
            gracefulShutdown(
                `${name}-stop`,
                { namespace: apisixNamespace, availability, installed: apisix.installed },
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

    private install(
        name: string,
        { gateway, graphTimeoutSeconds: timeoutSeconds, cluster }: InstallationArgs,
        args: InstallArgs,
        before: pulumi.Resource[],
    ): InstalledApisix {
        const opts = { parent: this, dependsOn: before };
        if (gateway.installer === "helm") return apisixRelease(`${name}-apisix`, { ...args, crds: gateway.crds }, opts);
        const { install, retry } = gateway;
        if (install) opts.dependsOn.push(new Rampart(`${name}-rampart`, { ...install, cluster }, { parent: this }));
        return rampartGateway(`${name}-gateway`, { ...args, retry, timeoutSeconds }, opts);
    }
}
