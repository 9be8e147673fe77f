/** What a stack with a gateway is, in plain values: the inputs of its components, which previews and reviews show. */
import { servedPrefixes } from "./alpa/paths";
import { etcdSettings } from "./apisix/values";
import { callerMeaning, type CallerMeaning } from "./consumers/caller";
import type { ConsumerSettings } from "./consumers/consumer";
import { servedAlpa, type ConversionSettings } from "./conversion";
import type { GatewayClusterArgs, GatewaySettings } from "./gateway-cluster";
import { publicFingerprint } from "./meaning/fingerprint";
import { plain, type Meaning, type ShowSecret } from "./meaning/plain";
import { stateOf } from "./opt/conversion-phases";
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
    AlpaRoute: Meaning;
    CloudflareExposure?: Meaning;
    callers: Record<string, CallerMeaning>;
}

/** @param secret what is shown of secrets */
export function gatewayMeaning(args: GatewayClusterArgs, secret: ShowSecret): GatewayMeaning {
    const { gateway, exposure, sharedCounters, tls, conversion } = args;
    const { answerTimeoutSeconds } = args.alpa;
    const of = (settings: object) => plain(settings, secret);
    const own = gateway.installer === "existing" ? undefined : gateway;
    return {
        stack: of(stackMeaning(args)),
        ...(own && { Gateway: of(ownGateway(own, exposure !== undefined)), Etcd: of(etcdSettings(own.release)) }),
        ...(sharedCounters && { SharedCounters: of({ ...sharedCounters, answerTimeoutSeconds }) }),
        ...(tls && { GatewayTls: of(tlsMeaning(tls)) }),
        ...(conversion && { Conversion: of({ ...conversionMeaning(conversion), answerTimeoutSeconds }) }),
        AlpaRoute: of(routeMeaning(args)),
        ...(exposure && { CloudflareExposure: of({ ...exposure, pathPrefixes: servedPrefixes(args.pathPrefix) }) }),
        callers: Object.fromEntries(args.consumers.map((one) => [one.name, callerOf(one, args, secret)])),
    };
}

function stackMeaning({ program, namespace, gateway, readiness }: GatewayClusterArgs) {
    const { installer, url, ...binding } = gateway.installer === "existing" ? gateway : pick(gateway);
    return { program, namespace, url, installer, ...binding, readiness };
}

const pick = ({ installer, url }: Exclude<GatewaySettings, { installer: "existing" }>) => ({ installer, url });

function ownGateway(gateway: Exclude<GatewaySettings, { installer: "existing" }>, tunnel: boolean) {
    const { installer: _, url: __, release, ...rest } = gateway;
    const { etcdImage: ___, storageClass: ____, ...own } = release;
    // With a node port, callers can connect from any address.
    const callersFrom = tunnel && own.nodePort === undefined ? "the tunnel's connectors" : "any address";
    return { ...own, ...rest, callersFrom };
}

function tlsMeaning({ source, ...rest }: NonNullable<GatewayClusterArgs["tls"]>) {
    if (source.kind !== "files") return { ...rest, source };
    return { ...rest, source: { ...source, certificate: publicFingerprint(source.certificate) } };
}

function conversionMeaning({ holder: _, phase, ...rest }: ConversionSettings) {
    return { phase, ...stateOf(phase), ...rest };
}

function routeMeaning(args: GatewayClusterArgs) {
    const { guard, pathPrefix, gateway, tls, classes, conversion } = args;
    const { alpa, refused } = servedAlpa(args);
    const { answerTimeoutSeconds, ...upstream } = alpa;
    return {
        pathPrefixes: servedPrefixes(pathPrefix),
        upstream,
        answerTimeoutSeconds,
        guard,
        closed: refused,
        tls: tls && { redirect: tls.redirect },
        classes,
        observability: observedBy(gateway),
        otherPaths: gateway.installer === "existing" ? "not changed" : "rejected",
        attempt: conversion?.attempt,
    };
}

/** Settings of the gateway's access log and metrics. */
export function observedBy(gateway: GatewaySettings): Observed | undefined {
    const { metrics, accessLog } = (gateway.installer === "existing" ? undefined : gateway.release.observability) ?? {};
    if (metrics === undefined && !accessLog) return undefined;
    return { ...(metrics && { counted: true }), ...(accessLog && { named: true }) };
}

function callerOf(caller: ConsumerSettings, args: GatewayClusterArgs, secret: ShowSecret): CallerMeaning {
    const { sharedCounters, classes, alpa, expires } = args;
    const { answerTimeoutSeconds } = alpa;
    const { image: _, ...counters } = sharedCounters ?? { image: undefined };
    const countedBy = sharedCounters && ({ ...counters, answerTimeoutSeconds } as CallerMeaning["countedBy"]);
    const named = classes?.find(({ members }) => members.includes(caller.name))?.name;
    return callerMeaning(caller, { countedBy, class: named, expires }, secret);
}
