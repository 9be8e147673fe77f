import * as pulumi from "@pulumi/pulumi";
import type { AcceptSettings } from "./kubernetes/awaited";
import type { AlpaSettings } from "./route/alpa-upstreams";
import { BareMetal } from "./hosts/bare-metal/bare-metal";
import { RECORD, stateOf, type Phase } from "./opt/conversion-phases";
import { ConversionRecord, RECORD_LABELS } from "./opt/conversion-record";
import type { GatewayBinding } from "./apisix/wiring";
import type { GuardSettings } from "./route/request-guard";
import type { ClusterAccess } from "./kubernetes/kubeconfig";
import type { Observed } from "./route/plugin-chain";
import { OptComponent, type OptComponentArgs } from "./opt/opt-component";
import { servedAlpa, type ConversionSettings, type Served } from "./served-alpa";
import { metadata } from "./kubernetes/ownership";
import type { Meaning } from "./meaning/plain";
import { Verification, VERIFICATION_PREFIX } from "./opt/verification";

interface Around {
    namespace: string;
    cluster: ClusterAccess;
    alpa: AlpaSettings;
    guard: GuardSettings;
    binding: GatewayBinding;
    readiness: AcceptSettings;
    rampart: OptComponentArgs["rampart"];
    /** Metrics and access log of the gateway. Default: none. */
    observed?: Observed;
    conversion: ConversionSettings;
    /** Set if callers get 503 in every phase. Default: the phase decides. */
    closed?: { retryAfterSeconds: number };
    /** Secret of the stack from which keys are derived. */
    seed: pulumi.Output<string>;
}

/** Outputs of a stack about its conversion. */
export interface ConversionOutputs {
    phase: pulumi.Output<Phase>;
    /** When the stack reached the phase, for example `2026-11-30T12:00:00.000Z`. Later runs in this phase keep the value. */
    since: pulumi.Output<string>;
    /** The lock holder, and when the lock expires. */
    holder?: pulumi.Output<{ name: string; until: string }>;
    /** The verification route: its address, and the key to send as `apikey`; secret. */
    verification: { url: string; key: pulumi.Output<string> };
}

/**
 * The resources that a conversion creates before and after the callers' route. They depend on each other, so that the route
 * is closed before a backend stops, and opened when a backend answers. One side releases the GPUs before the other side
 * takes them. The first resource records the start of the run, and the last resource records the end.
 */
export class Conversion extends pulumi.ComponentResource {
    /** What callers are served in this phase. */
    readonly served: Served;
    /** Resources that the callers' route depends on. */
    readonly before: pulumi.Resource[];
    /** Number of the current attempt. Unset if the last run has completed. */
    readonly attempt?: number;

    constructor(
        private readonly name: string,
        meaning: Meaning,
        private readonly around: Around,
        after: pulumi.Resource[],
        opts: pulumi.ComponentResourceOptions,
    ) {
        super("alpa-auth:index:Conversion", name, meaning, opts);
        this.served = servedAlpa(around);
        const { attempt } = around.conversion;
        if (attempt > 0) this.attempt = attempt;

        const begun = this.record("begun", after);
        this.before = this.served.refused ? [begun] : [...this.sides([...after, begun])];
    }

    /** Creates the resources that depend on the callers' route. @returns the outputs of the stack */
    finish(gatewayUrl: string, route: pulumi.Resource, others: pulumi.Resource[]): ConversionOutputs {
        const { name, around } = this;
        const { phase, holder } = around.conversion;
        const sides = this.served.refused ? this.sides([route]) : [];
        const { answerTimeoutSeconds } = around.alpa;
        const verification = new Verification(
            `${name}-verification`,
            { ...around, answerTimeoutSeconds, attempt: this.attempt },
            { parent: this, dependsOn: route },
        );
        const reached = this.record("reached", [route, ...sides, verification, ...others]);
        // Outputs are set only when the whole run has completed: after an interrupted run they must still show the
        // previous phase.
        const whole = <T>(value: T) => reached.id.apply(() => value);
        this.registerOutputs({});
        return {
            phase: whole(phase),
            since: reached.since,
            ...(holder && { holder: whole(holder) }),
            verification: { url: `${gatewayUrl}${VERIFICATION_PREFIX}`, key: verification.key },
        };
    }

    /** Creates the resources of bare metal and of the component. The side that releases the GPUs comes first. */
    private sides(dependsOn: pulumi.Resource[]): pulumi.Resource[] {
        const { name, around } = this;
        const { namespace, cluster, binding, rampart, readiness, conversion } = around;
        const { phase, opt, bareMetal, attempt, back } = conversion;
        const { answerTimeoutSeconds } = around.alpa;
        const state = stateOf(phase);
        // With opt.hostNetwork, Alpa of the component listens on the same port of the host as Alpa on bare metal.
        const portShared = state.component && opt.hostNetwork;
        const component = (after: pulumi.Resource[]) =>
            new OptComponent(
                `${name}-component`,
                {
                    ...{ namespace, cluster, rampart, opt, answerTimeoutSeconds, attempt, back },
                    apisixNamespace: binding.gatewayNamespace,
                    running: state.component,
                    settleSeconds: readiness.settleSeconds,
                },
                { parent: this, dependsOn: [...dependsOn, ...after] },
            );
        const hosts = (after: pulumi.Resource[]) =>
            new BareMetal(
                `${name}-bare-metal`,
                {
                    ...bareMetal,
                    running: state.bareMetal,
                    atBoot: state.atBoot,
                    answerTimeoutSeconds,
                    portShared,
                    attempt,
                },
                { parent: this, dependsOn: [...dependsOn, ...after] },
            );
        const [first, second] = state.component ? [hosts, component] : [component, hosts];
        const one = first([]);
        return [one, second([one])];
    }

    private record(what: "begun" | "reached", dependsOn: pulumi.Resource[]): ConversionRecord {
        const { name, around } = this;
        const { namespace, cluster, conversion } = around;
        const { phase, opt, callers, holder, attempt } = conversion;
        const { labels, ...named } = metadata(RECORD, namespace);
        const begin = {
            going: phase,
            attempt: `${attempt}`,
            nodes: opt.nodes.join(","),
            ...(holder && { holder: holder.name, until: holder.until }),
        };
        return new ConversionRecord(
            `${name}-${what}`,
            {
                cluster,
                metadata: { ...named, labels: { ...labels, ...RECORD_LABELS } },
                ...(what === "begun" ? { begin } : { end: { phase, callers } }),
            },
            { parent: this, dependsOn },
        );
    }
}
