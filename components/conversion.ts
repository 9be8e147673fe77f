import * as pulumi from "@pulumi/pulumi";
import type { AcceptSettings } from "./kubernetes/awaited";
import { BareMetal } from "./hosts/bare-metal/bare-metal";
import { stateOf, type Phase } from "./opt/conversion-phases";
import type { GatewayBinding } from "./apisix/wiring";
import type { AlpaServer } from "./server";
import type { ClusterAccess } from "./kubernetes/kubeconfig";
import type { Observed } from "./route/plugin-chain";
import { OptComponent, type OptComponentArgs } from "./opt/opt-component";
import { servedServer, type ConversionSettings, type Served } from "./served-server";
import type { Meaning } from "./meaning/plain";
import { Verification, VERIFICATION_PREFIX } from "./opt/verification";

interface Around {
    namespace: string;
    cluster: ClusterAccess;
    server: AlpaServer;
    binding: GatewayBinding;
    readiness: AcceptSettings;
    rampart: OptComponentArgs["rampart"];
    /** Metrics and access log of the gateway. Default: none. */
    observed?: Observed;
    conversion: ConversionSettings;
    /** Set if callers get 503 in every phase. Default: the phase decides. */
    closed?: boolean;
    /** Secret of the stack from which keys are derived. */
    seed: pulumi.Output<string>;
}

/** Outputs of a stack about its conversion. */
export interface ConversionOutputs {
    phase: pulumi.Output<Phase>;
    /** The verification route: its address, and the key to send as `apikey`; secret. */
    verification: { url: string; key: pulumi.Output<string> };
}

/**
 * The resources that a conversion creates before and after the callers' route. They depend on each other, so that the route
 * is closed before a backend stops, and opened when a backend answers. One side releases the GPUs before the other side
 * takes them. Its outputs are in the state only after a complete run.
 */
export class Conversion extends pulumi.ComponentResource {
    /** What callers are served in this phase. */
    readonly served: Served;
    /** Resources that the callers' route depends on. */
    readonly before: pulumi.Resource[];

    constructor(
        private readonly name: string,
        meaning: Meaning,
        private readonly around: Around,
        after: pulumi.Resource[],
        opts: pulumi.ComponentResourceOptions,
    ) {
        super("alpa-auth:index:Conversion", name, meaning, opts);
        this.served = servedServer(around);
        this.before = this.served.refused ? [] : this.sides(after);
    }

    /** Creates the resources that depend on the callers' route. @returns the outputs of the stack */
    finish(gatewayUrl: string, route: pulumi.Resource, others: pulumi.Resource[]): ConversionOutputs {
        const { name, around } = this;
        const { phase, attempt } = around.conversion;
        const sides = this.served.refused ? this.sides([route]) : [];
        const { answerTimeoutSeconds } = around.server;
        const verification = new Verification(
            `${name}-verification`,
            { ...around, guard: around.server.guard, answerTimeoutSeconds, attempt },
            { parent: this, dependsOn: [route, ...sides, ...others] },
        );
        const reached = verification.accepted.apply(() => phase);
        this.registerOutputs({ reached: { phase: reached, attempt } });
        return { phase: reached, verification: { url: `${gatewayUrl}${VERIFICATION_PREFIX}`, key: verification.key } };
    }

    /** Creates the resources of bare metal and of the component. The side that releases the GPUs comes first. */
    private sides(dependsOn: pulumi.Resource[]): pulumi.Resource[] {
        const { name, around } = this;
        const { namespace, cluster, binding, rampart, readiness, conversion } = around;
        const { phase, opt, bareMetal, attempt, back } = conversion;
        const { answerTimeoutSeconds } = around.server;
        const isMoved = stateOf(phase).side === "component";
        // With opt.hostNetwork, Alpa of the component listens on the same port of the host as Alpa on bare metal.
        const portShared = isMoved && opt.hostNetwork;
        const component = (after: pulumi.Resource[]) =>
            new OptComponent(
                `${name}-component`,
                {
                    ...{ namespace, cluster, rampart, opt, answerTimeoutSeconds, attempt, back },
                    apisixNamespace: binding.gatewayNamespace,
                    running: isMoved,
                    settleSeconds: readiness.settleSeconds,
                },
                { parent: this, dependsOn: [...dependsOn, ...after] },
            );
        const hosts = (after: pulumi.Resource[]) =>
            new BareMetal(
                `${name}-bare-metal`,
                { ...bareMetal, running: !isMoved, answerTimeoutSeconds, portShared, attempt, back },
                { parent: this, dependsOn: [...dependsOn, ...after] },
            );
        const [first, second] = isMoved ? [hosts, component] : [component, hosts];
        const one = first([]);
        return [one, second([one])];
    }
}
