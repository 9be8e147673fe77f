import type * as pulumi from "@pulumi/pulumi";
import type { AcceptSettings } from "./kubernetes/awaited";
import type { AlpaSettings } from "./route/alpa-upstreams";
import { BareMetal } from "./hosts/bare-metal/bare-metal";
import type { BareMetalSettings } from "./hosts/bare-metal/settings";
import { RECORD, stateOf, type Phase } from "./opt/conversion-phases";
import { ConversionRecord, RECORD_LABELS } from "./opt/conversion-record";
import type { GatewayBinding } from "./apisix/wiring";
import type { GuardSettings } from "./route/request-guard";
import type { ClusterAccess } from "./kubernetes/kubeconfig";
import { OptComponent, optAddress, type OptComponentArgs } from "./opt/opt-component";
import type { OptSettings } from "./opt/opt-settings";
import { metadata } from "./kubernetes/ownership";
import { Verification, VERIFICATION_PREFIX } from "./opt/verification";

/** Alpa on its way from bare metal into the cluster, or back. */
export interface ConversionSettings {
    phase: Phase;
    opt: OptSettings;
    bareMetal: BareMetalSettings;
    /** What callers are told who are refused meanwhile, in seconds. */
    retryAfterSeconds: number;
    /** Tells one list of callers from another. */
    callers: string;
    /** Who runs it and until when; unset: nobody keeps others out. */
    holder?: { name: string; until: string };
    /** Raised for a run after one that did not end: all that a phase asks for is asked for again. */
    attempt: number;
    /** The run leads back, or to where it has got already. */
    back?: boolean;
}

interface Around {
    namespace: string;
    cluster: ClusterAccess;
    alpa: AlpaSettings;
    guard: GuardSettings;
    binding: GatewayBinding;
    readiness: AcceptSettings;
    rampart: OptComponentArgs["rampart"];
    conversion: ConversionSettings;
}

/** What a stack hands out of a conversion. */
export interface ConversionOutputs {
    phase: pulumi.Output<Phase>;
    /** When that was reached, as `2026-11-30T12:00:00.000Z`; it stays while the phase does. */
    since: pulumi.Output<string>;
    /** Who runs it and until when. */
    holder?: pulumi.Output<{ name: string; until: string }>;
    /** The way past the refusal: its address, and what to send as `apikey`; secret. */
    verification: { url: string; key: pulumi.Output<string> };
}

/**
 * The resources of a conversion around the callers' route, in the order in which nobody is led to what does not run: the
 * beginning is recorded; who gives the GPUs up does so before the other takes them; callers are let in when there is
 * somebody to answer them, and kept out before there is not; the end is recorded.
 */
export class Conversion {
    /** Where the upstreams lead in this phase. */
    readonly alpa: AlpaSettings;
    /** Callers are refused, and told to come back then. Unset: they are let through. */
    readonly refused?: { retryAfterSeconds: number };
    /** What comes before the callers' route. */
    readonly before: pulumi.Resource[];
    /** Unset: the last run has ended. */
    readonly attempt?: number;

    constructor(
        private readonly name: string,
        private readonly parent: pulumi.Resource,
        private readonly around: Around,
        after: pulumi.Resource[],
    ) {
        const { namespace, conversion } = around;
        const { phase, opt, retryAfterSeconds, attempt } = conversion;
        const state = stateOf(phase);
        const component = { endpoints: [{ address: optAddress(namespace, opt), weight: 1 }] };
        this.alpa = { ...around.alpa, ...(state.upstream === "component" ? component : {}) };
        if (state.callers === "nowhere") this.refused = { retryAfterSeconds };
        if (attempt > 0) this.attempt = attempt;

        const begun = this.record("begun", after);
        this.before = this.refused ? [begun] : [...this.sides([...after, begun])];
    }

    /** What comes after the callers' route. @returns what the stack hands out */
    finish(gatewayUrl: string, route: pulumi.Resource, others: pulumi.Resource[]): ConversionOutputs {
        const { name, parent, around } = this;
        const { phase, holder } = around.conversion;
        const sides = this.refused ? this.sides([route]) : [];
        const { answerTimeoutSeconds } = around.alpa;
        const verification = new Verification(
            `${name}-verification`,
            { ...around, answerTimeoutSeconds, attempt: this.attempt },
            { parent, dependsOn: route },
        );
        const reached = this.record("reached", [route, ...sides, verification, ...others]);
        // Not before the run has come to its end: whoever reads the outputs of one that did not must see the phase before.
        const whole = <T>(value: T) => reached.id.apply(() => value);
        return {
            phase: whole(phase),
            since: reached.since,
            ...(holder && { holder: whole(holder) }),
            verification: { url: `${gatewayUrl}${VERIFICATION_PREFIX}`, key: verification.key },
        };
    }

    /** Bare metal and component. Who gives the GPUs up comes first. */
    private sides(dependsOn: pulumi.Resource[]): pulumi.Resource[] {
        const { name, parent, around } = this;
        const { namespace, cluster, binding, rampart, readiness, conversion } = around;
        const { phase, opt, bareMetal, attempt, back } = conversion;
        const { answerTimeoutSeconds } = around.alpa;
        const state = stateOf(phase);
        const component = (after: pulumi.Resource[]) =>
            new OptComponent(
                `${name}-component`,
                {
                    ...{ namespace, cluster, rampart, opt, answerTimeoutSeconds, attempt, back },
                    apisixNamespace: binding.gatewayNamespace,
                    running: state.component,
                    settleSeconds: readiness.settleSeconds,
                },
                { parent, dependsOn: [...dependsOn, ...after] },
            );
        const hosts = (after: pulumi.Resource[]) =>
            new BareMetal(
                `${name}-bare-metal`,
                { ...bareMetal, running: state.bareMetal, atBoot: state.atBoot, answerTimeoutSeconds, attempt },
                { parent, dependsOn: [...dependsOn, ...after] },
            );
        const [first, second] = state.component ? [hosts, component] : [component, hosts];
        const one = first([]);
        return [one, second([one])];
    }

    private record(what: "begun" | "reached", dependsOn: pulumi.Resource[]): ConversionRecord {
        const { name, parent, around } = this;
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
            { parent, dependsOn },
        );
    }
}
