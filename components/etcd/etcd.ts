import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { APISIX_PODS, peer, POLICY_PREFIX } from "../kubernetes/network-policies";
import { metadata, skipAwait } from "../kubernetes/ownership";
import { derivedSecret, randomSeed } from "../kubernetes/secret-data";
import { renderMembers, renderPeers, renderService, type EtcdSettings } from "./members";
import { CLIENT_PORT, ETCD, ETCD_PODS, etcdNamespace, memberNames, PEER_PORT, PEERS } from "./names";
import { EtcdPrepared } from "./prepared";
import type { Meaning } from "../meaning/plain";

export interface EtcdArgs {
    /** What it is, for the inputs of the component. */
    meaning: Meaning;
    /** Namespace of the routes. etcd gets another namespace, `<namespace>-etcd`. */
    namespace: string;
    cluster: ClusterAccess;
    settings: EtcdSettings;
    /** Namespace APISIX runs in. */
    apisixNamespace: string;
}

/** Longest wait for etcd's answer after its pods are ready, in seconds. */
const TIMEOUT_SECONDS = 120;

/**
 * etcd, where APISIX stores its configuration: etcd's own image in a separate namespace. It is created before APISIX and
 * deleted after it; docs/decisions/0008-etcd.md has the reasons.
 */
export class Etcd extends pulumi.ComponentResource {
    /** Password of etcd's user root; secret. */
    readonly password: pulumi.Output<string>;
    /** Key that encrypts the credentials that APISIX stores; secret. */
    readonly keyring: pulumi.Output<string>;
    /** Resource that exists when etcd is ready for APISIX. */
    readonly prepared: pulumi.Resource;

    constructor(name: string, args: EtcdArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:Etcd", name, args.meaning, opts);
        const { cluster, settings, apisixNamespace } = args;
        const namespace = etcdNamespace(args.namespace);
        // Password and encryption key are in one Secret, so they come from one seed and are rotated together.
        const seed = randomSeed(`${name}-seed`, { parent: this });
        this.password = derivedSecret(seed, "etcd password");
        this.keyring = derivedSecret(seed, "etcd keyring", renderKeyring);
        const home = new k8s.core.v1.Namespace(`${name}-namespace`, { metadata: closed(namespace) }, { parent: this });
        const inside = { parent: this, dependsOn: home, deletedWith: home };
        const policy = new k8s.networking.v1.NetworkPolicy(
            `${name}-policy`,
            { metadata: metadata(`${POLICY_PREFIX}${ETCD}`, namespace), spec: renderPolicy(apisixNamespace) },
            inside,
        );
        const service = (role: string, named: string, spec: object) =>
            new k8s.core.v1.Service(
                `${name}-${role}`,
                { metadata: skipAwait(metadata(named, namespace)), spec },
                inside,
            );
        const services = [service("service", ETCD, renderService()), service("peers", PEERS, renderPeers())];
        if (settings.members > 1)
            new k8s.policy.v1.PodDisruptionBudget(
                `${name}-budget`,
                {
                    metadata: metadata(ETCD, namespace),
                    spec: renderBudget(),
                },
                inside,
            );
        const members = new k8s.apps.v1.StatefulSet(
            `${name}-members`,
            { metadata: metadata(ETCD, namespace), spec: renderMembers(settings, namespace) },
            // Without deletedWith: its deletion waits for the pods, so the namespace's deletion does not meet them and wait
            // for half of their grace period.
            { parent: this, dependsOn: [policy, ...services] },
        );
        this.prepared = new EtcdPrepared(
            `${name}-prepared`,
            {
                ...{ cluster, apisixNamespace },
                place: { namespace, pods: memberNames(settings.members) },
                // Includes the id, which a preview of a new StatefulSet does not know. So the uid is unknown too, and the
                // plan allows any uid. Without the id, the plan would require that there is no uid.
                uid: pulumi.all([members.id, members.metadata]).apply(([, { uid }]) => uid),
                password: this.password,
                timeoutSeconds: TIMEOUT_SECONDS,
            },
            { parent: this, dependsOn: members, additionalSecretOutputs: ["password"] },
        );
        this.registerOutputs({});
    }
}

/**
 * 16 letters: a key for AES-128, the only length that every supported version of APISIX accepts. They have no digits, since
 * APISIX parses an environment variable of digits as a number, and rejects such a key.
 */
export function renderKeyring(bytes: Buffer): string {
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return [...bytes.subarray(0, 16)].map((byte) => letters[byte % letters.length]).join("");
}

/** Spec of the PodDisruptionBudget: two of three members keep the quorum. */
function renderBudget() {
    return { maxUnavailable: 1, selector: ETCD_PODS };
}

/** A namespace with the strictest pod security level. */
function closed(namespace: string) {
    const { labels, ...rest } = metadata(namespace);
    return { ...rest, labels: { ...labels, "pod-security.kubernetes.io/enforce": "restricted" } };
}

/**
 * Spec of the network policy, which is for every pod of the namespace. Only APISIX can connect to etcd's client port, and
 * only members to the members' port.
 */
export function renderPolicy(apisixNamespace: string) {
    const from = (peers: object[], port: number) => ({ from: peers, ports: [{ port, protocol: "TCP" }] });
    return {
        podSelector: {},
        policyTypes: ["Ingress"],
        ingress: [
            from([peer({ namespace: apisixNamespace, labels: APISIX_PODS.matchLabels })], CLIENT_PORT),
            from([{ podSelector: ETCD_PODS }], PEER_PORT),
        ],
    };
}
