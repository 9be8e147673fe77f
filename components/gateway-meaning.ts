/** What a stack with a gateway is, in plain values: the inputs of its components, which previews and reviews show. */
import type { OwnGateway } from "./apisix/installation";
import { etcdSettings } from "./apisix/values";
import type { ExposureSettings } from "./cloudflare/exposure";
import { callerMeaning, type CallerMeaning } from "./consumers/caller-meaning";
import type { ConsumerSettings } from "./consumers/consumer";
import type { CountersSettings } from "./apisix/open-requests";
import { serverOf } from "./server";
import { servedServer, type ConversionSettings } from "./served-server";
import type { GatewayClusterArgs, GatewaySettings } from "./gateway-args";
import { tokenLimits } from "./openai/max-tokens";
import { publicFingerprint } from "./meaning/fingerprint";
import { plain, type Meaning, type ShowSecret } from "./meaning/plain";
import type { Observed } from "./route/plugin-chain";

/** Meanings by the type of the component, without those that the stack does not have. */
export interface GatewayMeaning {
    /** Topmost component: values that most of the stack's objects contain. */
    stack: Meaning;
    Gateway?: Meaning;
    Etcd?: Meaning;
    SharedCounters?: Meaning;
    GatewayTls?: Meaning;
    Conversion?: Meaning;
    ServerRoute: Meaning;
    CloudflareExposure?: Meaning;
    callers: Record<string, CallerMeaning>;
}

/** @param secret what is shown of secrets */
export function gatewayMeaning(args: GatewayClusterArgs, secret: ShowSecret): GatewayMeaning {
    const { gateway, exposure, sharedCounters, tls, conversion } = args;
    const { answerTimeoutSeconds } = args.server;
    const of = (settings: object) => plain(settings, secret);
    const own = gateway.installer === "existing" ? undefined : gateway;
    return {
        stack: of(stackMeaning(args)),
        ...(own && { Gateway: of(ownGateway(own, exposure)), Etcd: of(etcdSettings(own.release)) }),
        ...(sharedCounters && { SharedCounters: of({ ...sharedCounters, answerTimeoutSeconds }) }),
        ...(tls && { GatewayTls: of(tlsMeaning(tls)) }),
        ...(conversion && { Conversion: of(conversionMeaning(conversion, args)) }),
        ServerRoute: of(routeMeaning(args)),
        ...(exposure && { CloudflareExposure: of(exposureMeaning(exposure, args)) }),
        callers: Object.fromEntries(args.consumers.map((one) => [one.name, callerOf(one, args, secret)])),
    };
}

function stackMeaning({ program, namespace, gateway, readiness }: GatewayClusterArgs) {
    const { installer, url, ...binding } = gateway.installer === "existing" ? gateway : pick(gateway);
    return { program, namespace, url, installer, ...binding, readiness };
}

const pick = ({ installer, url }: OwnGateway) => ({ installer, url });

/** Whether callers reach the gateway only through the connectors of a tunnel. With a node port, they connect from any address. */
export function isBehindConnectors({ release }: OwnGateway, exposure: ExposureSettings | undefined): boolean {
    return exposure !== undefined && release.nodePort === undefined;
}

function ownGateway(gateway: OwnGateway, exposure: ExposureSettings | undefined) {
    const { etcdImage: _, storageClass: __, availability: highAvailability, ...own } = gateway.release;
    const callersFrom = isBehindConnectors(gateway, exposure) ? "the tunnel's connectors" : "any address";
    const installed = gateway.installer === "helm" ? { crds: gateway.crds } : { rampart: rampartMeaning(gateway) };
    return { ...own, highAvailability, ...installed, callersFrom };
}

const rampartMeaning = ({ install, retry }: Extract<GatewaySettings, { installer: "rampart" }>) => ({ install, retry });

function tlsMeaning({ hostnames, source }: NonNullable<GatewayClusterArgs["tls"]>) {
    if (source.kind === "cert-manager") return { hostnames, issuer: source.issuer };
    const { key, certificate } = source;
    return { hostnames, certificate: publicFingerprint(certificate), key };
}

/** The phase and settings of a conversion. */
function conversionMeaning({ phase, opt, bareMetal, ...rest }: ConversionSettings, args: GatewayClusterArgs) {
    const { attempt, back } = rest;
    const { how, alpaHost, port, ...hosts } = bareMetal;
    return {
        ...{ phase, attempt, back, opt },
        bareMetal: { ...hosts, ...how, endpoint: `${alpaHost}:${port}` },
        retry: args.gateway.installer === "rampart" ? args.gateway.retry : undefined,
        answerTimeoutSeconds: args.server.answerTimeoutSeconds,
        // The verification route has its own copy of these rules.
        verification: {
            guard: "guard" in args.server ? args.server.guard : undefined,
            observability: observabilityMeaning(args),
        },
    };
}

function exposureMeaning({ connectors, ...rest }: ExposureSettings, { server, pathPrefix }: GatewayClusterArgs) {
    const { replicas, metrics, ...tunnel } = connectors;
    const { prefixes: pathPrefixes, openPaths: paths } = serverOf(server, pathPrefix);
    return {
        ...{ ...rest, pathPrefixes, paths },
        tunnel: { ...tunnel, connectors: replicas },
        ...(metrics && { observability: { metrics } }),
    };
}

function routeMeaning(args: GatewayClusterArgs) {
    const { pathPrefix, gateway, tls, classes, conversion, sharedCounters } = args;
    const { server, refused } = servedServer(args);
    const { prefixes: pathPrefixes, meaning, countsTokens } = serverOf(server, pathPrefix);
    return {
        pathPrefixes,
        ...meaning,
        tokenLimits: countsTokens && tokenLimits(args.consumers),
        closed: refused,
        tls: tls && { redirect: tls.redirect },
        classes,
        countedBy: classes && sharedCounters && countedBy(sharedCounters),
        observability: observabilityMeaning(args),
        otherPaths: gateway.installer === "existing" ? "not changed" : "rejected",
        attempt: conversion?.attempt,
    };
}

/** What the rules of a route contain for the access log and the metrics. */
function observabilityMeaning({ gateway }: GatewayClusterArgs) {
    const { counted, named } = observedBy(gateway) ?? {};
    return counted || named ? { metrics: counted, accessLog: named } : undefined;
}

/** Settings of the counter server that each limit contains. */
const countedBy = ({ whenDown, timeoutMilliseconds }: CountersSettings) => ({ whenDown, timeoutMilliseconds });

/** Settings of the gateway's access log and metrics. */
export function observedBy(gateway: GatewaySettings): Observed | undefined {
    const { metrics, accessLog } = (gateway.installer === "existing" ? undefined : gateway.release.observability) ?? {};
    if (metrics === undefined && !accessLog) return undefined;
    return { ...(metrics && { counted: true }), ...(accessLog && { named: true }) };
}

function callerOf(caller: ConsumerSettings, args: GatewayClusterArgs, secret: ShowSecret): CallerMeaning {
    const { sharedCounters, classes, server, expires } = args;
    const { answerTimeoutSeconds } = server;
    const counters = sharedCounters && { ...countedBy(sharedCounters), answerTimeoutSeconds };
    const named = classes?.find(({ members }) => members.includes(caller.name))?.name;
    const models = serverOf(server).modelsOf?.(caller.name);
    return callerMeaning(caller, { countedBy: counters, class: named, models, expires }, secret);
}
