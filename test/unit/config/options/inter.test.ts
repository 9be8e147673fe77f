// Proves which configs of option inter are valid, and the resulting settings.
import { strict as assert } from "node:assert";
import { parse } from "../../../../config";
import { node, SSH } from "../../kit/cluster-nodes";
import { exposedInterSettings, interSettings, interValues, parseInter } from "../../kit/inter";
import { EXPOSURE, raw } from "../../kit/intra-a";
import { itRefuses, problemsOf, type Refused } from "../refused";

function problems(values: Record<string, unknown>): string[] {
    return problemsOf(() => parse(raw(values)));
}

const caller = { name: "lab", credentials: [{ id: "a", method: "key" }] };

const refused: Refused[] = [
    [
        "two replicas",
        interValues({}, { replicas: 2 }),
        "gateway.replicas: must be at least 3, so that two pods serve while one is down (got 2). Raise it.",
    ],
    [
        "an existing gateway",
        interValues({}, { installer: "existing", existing: { ingressClass: "shared" } }),
        /^gateway\.installer: must be rampart or helm \(got "existing"\).*or option intra-a\.$/,
        /^gateway\.existing: only valid with option intra-a/,
    ],
    [
        "nodes without a login",
        interValues({ cluster: { nodes: [node(1), node(2), node(3)] } }),
        "ssh: required with cluster.nodes. Set ssh.user, and run: pulumi config set --secret --path ssh.privateKey < id_ed25519",
    ],
    [
        "two nodes",
        interValues({ cluster: { nodes: [node(1), node(2)] }, ssh: SSH }),
        "cluster.nodes: must have at least 3 nodes, so that the cluster survives the loss of one (got 2). Add nodes.",
    ],
    [
        "no address for callers",
        interValues({}, { address: undefined }),
        /^gateway\.address: required with exposure direct, unless azure or tls names a host\. Set it to the host name or IPv4 address of the load balancer/,
    ],
    [
        "limits that each pod would count for itself",
        interValues({ limits: { concurrent: 2 } }, { sharedCounters: undefined }),
        "gateway.sharedCounters: required with limits and more than one replica (got 3). Without shared counters each pod counts separately. Set the key (to {} for the defaults).",
    ],
    [
        "an address in addition to a tunnel's name",
        interValues(EXPOSURE),
        "gateway.address: only valid with exposure direct (callers use https://<hostname>). Remove it.",
    ],
];

describe("config of option inter", () => {
    itRefuses(refused, (values) => problems({ alpa: undefined, ...values }));

    it("has three pods, on nodes behind one address for callers", () => {
        const { gateway } = interSettings("rampart");
        assert.deepEqual([gateway.release.replicas, gateway.release.nodePort], [3, 30800]);
        assert.equal(gateway.url, "http://llm.example.com:30800");
    });

    it("needs no counters where nothing is limited", () =>
        assert.deepEqual(problems(interValues({ consumers: [caller] }, { sharedCounters: undefined })), []));

    it("needs no address of the gateway where the Azure side has a name, and lists what that side needs", () => {
        const azure = { hostname: "llm.example.com", addresses: ["20.50.2.10"] };
        const { gateway, azure: side } = parseInter(interValues({ azure }, { address: undefined }));
        assert.equal(gateway.url, "http://llm.example.com");
        assert.deepEqual(side!.dnsRecords, [{ name: "llm.example.com", type: "A", values: ["20.50.2.10"], ttl: 300 }]);
    });

    it("has no port on the nodes behind Cloudflare, two connectors, and the edge's timeout for an answer", () => {
        const { gateway, exposure } = exposedInterSettings("helm");
        assert.equal(gateway.url, "https://llm.example.com");
        assert.equal(gateway.release.nodePort, undefined);
        assert.equal(exposure!.connectors.replicas, 2);
        assert.deepEqual(gateway.release.availability, { answerTimeoutSeconds: 120 });
    });
});
