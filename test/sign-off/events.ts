/**
 * The events of each option, their effects on callers, and the tests that measure the effects. The pages below
 * docs/reference/sign-off are generated from this file.
 */

import type { Option } from "../../config/options";

/** Option callers has no page: its callers use the gateway of another stack. */
export type SignedOption = Exclude<Option, "callers">;

export interface Event {
    title: string;
    /** What callers notice. Without figures, because tests measure them. */
    notice: string;
    /** The test file that measures it under traffic. */
    measuredBy?: string;
    /** Why no test measures the event. @default no such test exists yet */
    unmeasured?: string;
}

const BEFORE_CALLERS: Record<string, Event> = {
    "set-up": {
        title: "Set-up",
        notice: "Nothing: callers use Alpa's own port, which the set-up does not touch.",
        unmeasured: "no caller uses it yet",
    },
    "cut-over": {
        title: "Cut-over",
        notice: "Nothing, if each caller switches to the new address while Alpa's own port is still open. After that port is closed, callers that have not switched get no connection.",
        unmeasured: "each caller switches on its own",
    },
};

/** The gateway of this project, with several replicas on different nodes. */
const HIGHLY_AVAILABLE: Record<string, Event> = {
    restart: {
        title: "Restart or upgrade of the gateway",
        notice: "Nothing: pods are replaced one at a time, and finish their answers.",
    },
    drain: { title: "A node is drained", notice: "Nothing: a pod finishes its answers before it stops." },
    "pod-loss": {
        title: "A pod is killed",
        notice: "The requests in progress on that pod fail; the next ones do not.",
    },
    "node-loss": {
        title: "The node with the counters of limits is lost",
        notice: "Requests to that node fail until Kubernetes marks it Unknown. Callers with limits are served; each pod counts until the counters run again.",
    },
    rotation: {
        title: "A second credential is added to a caller",
        notice: "Nothing: both work until the earlier one is removed. That is the overlap of a rotation.",
    },
};

const measuredBy = (events: Record<string, Event>, file: string): Record<string, Event> =>
    Object.fromEntries(Object.entries(events).map(([id, event]) => [id, { ...event, measuredBy: file }]));

const ROLLBACK: Omit<Event, "measuredBy"> = {
    title: "Rollback to an earlier version",
    notice: "Callers of both versions notice nothing; credentials that were added since that version are rejected with 401.",
};

const CERTIFICATE: Event = {
    title: "Change of the certificate",
    notice: "Nothing: new connections get the new certificate.",
    measuredBy: "test/engine/gateway/tls.test.ts",
};

const ONE_POD: Event = {
    title: "Restart or upgrade of the gateway with one pod",
    notice: "Connections are refused until the new pod is ready, and answers in progress are cut. With `gateway.highAvailability`: see the rows below.",
};

const CLOSED: Event = {
    title: "Maintenance with `gateway.closed`",
    notice: "503 with Retry-After, from the run that closes the gateway until the run that opens it.",
    unmeasured: "as long as the gateway is closed",
};

const ON_THE_NODES: Record<string, Event> = {
    ...BEFORE_CALLERS,
    "restart-one-pod": ONE_POD,
    ...measuredBy(HIGHLY_AVAILABLE, "test/engine/cluster/intra-ha.test.ts"),
    certificate: CERTIFICATE,
    rollback: { ...ROLLBACK, measuredBy: "test/engine/stack/rollback.test.ts" },
    closed: CLOSED,
};

/** Events by option and by their name. */
export const EVENTS: Record<SignedOption, Record<string, Event>> = {
    "intra-a": ON_THE_NODES,
    "intra-b": {
        ...ON_THE_NODES,
        "conversion-prepared": {
            title: "Conversion: preparation, and return from it",
            notice: "Nothing: bare metal keeps answering.",
            measuredBy: "test/chaos/rollback-conversion.test.ts",
        },
        conversion: {
            title: "Conversion: Alpa moves",
            notice: "503 with Retry-After, from the drain until the component is verified, for at most `convert.budgetMinutes`. How long depends on the GPUs and the weights: `convert plan` estimates it.",
            unmeasured: "it depends on your GPUs and weights",
        },
        "new-model": {
            ...CLOSED,
            title: "New image, model or weights, with `gateway.closed`",
            unmeasured: "it depends on your GPUs and weights",
        },
    },
    inter: {
        ...BEFORE_CALLERS,
        ...measuredBy(HIGHLY_AVAILABLE, "test/engine/cluster/inter.test.ts"),
        certificate: CERTIFICATE,
        rollback: { ...ROLLBACK, measuredBy: "test/chaos/rollback-inter.test.ts" },
        closed: CLOSED,
    },
    cloudflare: {
        ...BEFORE_CALLERS,
        "connector-upgrade": {
            title: "Upgrade of the connectors",
            notice: "Nothing: they stop one after the other, each after its open answers.",
            measuredBy: "test/engine/cloudflare/stack.test.ts",
        },
        "connector-stop": {
            title: "One of two connectors stops",
            notice: "Nothing, if it is stopped with SIGTERM. Open requests of a killed connector fail.",
            measuredBy: "test/engine/cloudflare/stack.test.ts",
        },
        rotation: {
            title: "A second service token is added to a caller",
            notice: "Nothing: both work until the earlier one is removed or its secret's overlap ends.",
        },
        rollback: { ...ROLLBACK, title: "Rollback of callers to an earlier version" },
    },
};

export const SIGNED_OPTIONS = Object.keys(EVENTS) as SignedOption[];
