import { alpaTunnelPath } from "./alpa/paths";
import type { GatewayClusterArgs, GatewaySettings } from "./gateway-args";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Conversion, type ConversionOutputs } from "./conversion";
import { servedServer } from "./served-server";
import { ServerRoute } from "./route/server-route";
import { GATEWAY_SERVICE, installationOf } from "./apisix/values";
import { CloudflareExposure, type GatewayOrigin } from "./cloudflare/exposure";
import { Consumers } from "./consumers/consumers";
import { GatewayServes } from "./consumers/gateway-serves";
import type { Served } from "./consumers/gateway-serves-provider";
import { Gateway } from "./apisix/installation";
import type { GatewayPods } from "./apisix/gateway-pods";
import type { GatewayBinding } from "./apisix/wiring";
import { APISIX_PODS, DATA_PORT } from "./kubernetes/network-policies";
import { metadata } from "./kubernetes/ownership";
import { secretMap } from "./kubernetes/secret-data";
import { serverOf, type ServerSettings } from "./server";
import { evidencePath } from "./server-checks";
import { tokenLimits } from "./openai/max-tokens";
import { SharedCounters } from "./consumers/shared-counters";
import { GatewayTls } from "./apisix/tls";
import { VERIFICATION_PREFIX } from "./opt/verification";
import { fingerprints } from "./meaning/fingerprint";
import { gatewayMeaning, isBehindConnectors, observedBy, type GatewayMeaning } from "./gateway-meaning";

/** The common part of the options with a gateway. The children are in the order of a request's path. */
export abstract class GatewayCluster extends pulumi.ComponentResource {
    /** Entry point of callers, without a trailing slash. */
    readonly url: string;
    /** Key by `<consumer>/<credential>`; secret. */
    readonly credentials: pulumi.Output<Record<string, string>>;
    /** Secret that signs the tokens of a credential with HS256, by `<consumer>/<credential>`; secret. */
    readonly jwtSecrets: pulumi.Output<Record<string, string>>;
    /** A curl command with the first key, ready to paste; secret. */
    readonly curl: pulumi.Output<string>;
    /** Outputs of a conversion. Undefined if the stack has no conversion. */
    readonly conversion?: ConversionOutputs;

    private readonly meaning: GatewayMeaning;

    /**
     * @param type type token of the option's component, which is part of every child's URN
     * @param seed secret of the stack from which keys are derived
     */
    constructor(
        type: string,
        name: string,
        args: GatewayClusterArgs,
        private readonly seed: pulumi.Output<string>,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        const meaning = gatewayMeaning(args, fingerprints(seed));
        super(type, name, meaning.stack, opts);
        this.meaning = meaning;
        const { namespace, cluster, gateway, readiness, pathPrefix } = args;
        const { server, refused } = servedServer(args);
        const { prefixes, tunnelPaths, upstreams, route: rules, curl, requests } = serverOf(server, pathPrefix);

        const inside = { parent: this };
        const home = new k8s.core.v1.Namespace(`${name}-namespace`, { metadata: metadata(namespace) }, inside);
        const own = this.install(name, args, home);
        const binding = own?.binding ?? (gateway as GatewayBinding);
        const pods = gatewayPods(gateway, binding, server);
        const bound = { namespace, binding, cluster, readiness };
        const after = { parent: this, dependsOn: [home, ...(own?.ready ?? [])] };
        const ownGateway = own !== undefined;
        const tls =
            args.tls && new GatewayTls(`${name}-tls`, { ...bound, ...args.tls, meaning: meaning.GatewayTls! }, after);
        const conversion = this.convert(name, args, binding, after.dependsOn);
        const shared = this.sharedCounters(name, args, binding, home);
        // The route redirects callers to HTTPS, so it is created after TLS. In a conversion it is created after the resources
        // that start Alpa, because callers would get errors. A closed route is created before them. Classes of callers need the counter server first.
        const before = [tls, ...(conversion?.before ?? []), args.classes && shared].filter((one) => one !== undefined);
        const route = new ServerRoute(
            `${name}-route`,
            {
                ...{ namespace, upstreams, requests, attempt: args.conversion?.attempt, meaning: meaning.ServerRoute },
                spec: (revision) => rules({ ...this.rules(args, binding, shared), refused, revision }),
            },
            { ...after, dependsOn: [...after.dependsOn, ...before] },
        );
        const consumers = new Consumers(
            `${name}-consumers`,
            {
                ...{ ...bound, pods, seed },
                consumers: args.consumers,
                meanings: meaning.callers,
                counters: shared?.counters,
                // The stack's own gateway is deleted with the namespace. An existing gateway is not deleted, so it must
                // first reject the credentials.
                deletedWith: ownGateway ? home : undefined,
            },
            // Before the counter server runs, limits would reject every caller, or limit none.
            this,
            [...after.dependsOn, ...(shared ? [shared] : [])],
        );
        const served = this.serve(name, args, pods, { route: route.served, ...consumers.served }, own);
        const open = conversion ? [...tunnelPaths, alpaTunnelPath(VERIFICATION_PREFIX)] : tunnelPaths;
        // The DNS name is created last, when the gateway serves its route and its consumers.
        this.expose(name, args, open, [...after.dependsOn, route, ...consumers.ready, served]);

        this.conversion = conversion?.finish(gateway.url, served, consumers.ready);
        this.url = `${gateway.url}${prefixes[0]}`;
        this.credentials = secretMap(consumers.keys);
        this.jwtSecrets = secretMap(consumers.jwtSecrets);
        this.curl = this.credentials.apply((keys) => curl(this.url, Object.values(keys)[0]));
        // Registers only the URL as the component's output. The stack exports the other values, which would otherwise be
        // in the state twice.
        this.registerOutputs({ url: this.url });
    }

    /** Inputs of the callers' rules that do not depend on the kind of the server. */
    private rules(args: GatewayClusterArgs, { ingressClass }: GatewayBinding, shared: SharedCounters | undefined) {
        const { namespace, gateway, tls, classes, consumers } = args;
        return {
            ...{ namespace, ingressClassName: ingressClass, ownGateway: gateway.installer !== "existing" },
            tls: tls && { redirect: tls.redirect },
            ...(classes && { classes, counters: shared?.counters }),
            observed: observedBy(gateway),
            tokenLimits: tokenLimits(consumers),
        };
    }

    /** Installs APISIX with all objects that it needs. Does nothing for an existing gateway. */
    private install(name: string, args: GatewayClusterArgs, home: pulumi.Resource): Gateway | undefined {
        const { gateway, namespace, cluster, exposure, readiness } = args;
        if (gateway.installer === "existing") return undefined;
        const { Gateway: own, Etcd: etcd } = this.meaning;
        const installed = {
            ...{ namespace, cluster, gateway, etcd: etcd! },
            onlyConnectors: isBehindConnectors(gateway, exposure),
            graphTimeoutSeconds: readiness.graphTimeoutSeconds,
        };
        return new Gateway(name, own!, installed, { parent: this, dependsOn: home });
    }

    /** The proof that every gateway pod applies the route and the consumers. */
    private serve(
        name: string,
        { namespace, cluster, readiness }: GatewayClusterArgs,
        gateway: GatewayPods,
        applied: Omit<Served, "installed">,
        own: Gateway | undefined,
    ): GatewayServes {
        const served = { installed: own?.installed ?? "existing", ...applied };
        const proof = { cluster, namespace, gateway, readiness, served };
        return new GatewayServes(`${name}-served`, proof, { parent: this });
    }

    private convert(name: string, args: GatewayClusterArgs, binding: GatewayBinding, after: pulumi.Resource[]) {
        const { conversion, gateway, readiness, server } = args;
        if (conversion === undefined || server.kind !== "alpa") return undefined;
        const timeoutSeconds = readiness.graphTimeoutSeconds;
        const rampart = gateway.installer === "rampart" ? { retry: gateway.retry, timeoutSeconds } : undefined;
        const observed = observedBy(gateway);
        const around = { ...args, server, binding, rampart, observed, conversion, seed: this.seed };
        return new Conversion(`${name}-conversion`, this.meaning.Conversion!, around, after, { parent: this });
    }

    private sharedCounters(name: string, args: GatewayClusterArgs, binding: GatewayBinding, home: pulumi.Resource) {
        const { namespace, server, sharedCounters: settings } = args;
        if (settings === undefined) return undefined;
        const { answerTimeoutSeconds } = server;
        return new SharedCounters(
            `${name}-counters`,
            {
                ...{ namespace, apisixNamespace: binding.gatewayNamespace, settings, answerTimeoutSeconds },
                meaning: this.meaning.SharedCounters!,
            },
            { parent: this, dependsOn: home },
        );
    }

    private expose(name: string, args: GatewayClusterArgs, paths: string[], dependsOn: pulumi.Resource[]): void {
        const { exposure, namespace } = args;
        if (exposure === undefined) return;
        new CloudflareExposure(
            `${name}-exposure`,
            {
                ...{ ...exposure, namespace, origin: gatewayOrigin(args), paths },
                meaning: this.meaning.CloudflareExposure!,
            },
            { parent: this, dependsOn },
        );
    }
}

/** The APISIX pods, each of which must confirm a change. */
function gatewayPods(
    { installer }: GatewaySettings,
    { gatewayNamespace }: GatewayBinding,
    { kind }: ServerSettings,
): GatewayPods {
    return {
        evidence: evidencePath(kind),
        namespace: gatewayNamespace,
        labels: APISIX_PODS.matchLabels,
        unasked: installer === "existing" ? "settle" : "fail",
    };
}

/** Address of the gateway inside the cluster. */
function gatewayOrigin({ gateway, namespace }: Pick<GatewayClusterArgs, "gateway" | "namespace">): GatewayOrigin {
    if (gateway.installer === "existing") return gateway.origin!;
    const { namespace: apisix } = installationOf(gateway.installer, namespace);
    return { service: GATEWAY_SERVICE, namespace: apisix, labels: APISIX_PODS.matchLabels, podPort: DATA_PORT };
}
