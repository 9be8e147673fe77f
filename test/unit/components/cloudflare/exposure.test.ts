// Proves the Cloudflare and Kubernetes resources of a gateway behind a tunnel, and their order.
import { strict as assert } from "node:assert";
import { intra } from "../../../../stacks/intra";
import { comesAfter, inputsOf, one, oneOfKind, record, value, type Seen } from "../../../kit";
import { CALLS } from "../../kit/cloudflare";
import { exposed, INSTALLERS, recordExposed, settings, type Installer } from "../../kit/intra-a";

const CONFIG = "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig";
const RECORD = "cloudflare:index/dnsRecord:DnsRecord";

const SERVICES: Record<Installer, string> = {
    rampart: "http://apisix-gateway.alpa-auth-gateway-apisix.svc.cluster.local:80",
    helm: "http://apisix-gateway.alpa-auth-gateway.svc.cluster.local:80",
    existing: "http://apisix-gateway.edge.svc.cluster.local:80",
};

for (const installer of INSTALLERS)
    describe(`behind Cloudflare, with installer ${installer}`, () => {
        let seen: Seen[];
        before(async () => (seen = await recordExposed(installer)));

        it("the tunnel forwards the two paths to the gateway's Service, and rejects other requests", async () => {
            const { ingresses } = one(seen, CONFIG).inputs.config;
            assert.deepEqual(
                ingresses.map((rule: any) => [rule.hostname, rule.path, rule.service]),
                [
                    ["llm.example.com", "^/alpa/(completions|logprobs)?$", SERVICES[installer]],
                    [undefined, undefined, "http_status:404"],
                ],
            );
            assert.doesNotMatch(JSON.stringify(ingresses), /access/i);
        });
        it("the DNS name is last: after connectors, rules, route and callers", async () => {
            const name = one(seen, RECORD);
            for (const earlier of [
                one(seen, CONFIG),
                oneOfKind(seen, "Deployment"),
                one(seen, "cloudflare:index/ruleset:Ruleset"),
                oneOfKind(seen, "ApisixRoute"),
                ...seen.filter((r) => r.inputs.kind === "Consumer"),
            ])
                assert.ok(comesAfter(seen, name, earlier), earlier.name);
        });
        it("connectors are created after their rules, so they are deleted before the tunnel", async () => {
            assert.ok(comesAfter(seen, oneOfKind(seen, "Deployment"), one(seen, CONFIG)));
        });
        it("no service token and no Access application is created", async () => {
            const types = seen.map((r) => r.type).join("\n");
            assert.doesNotMatch(types, /Access/);
        });
        it("callers get the DNS name, with their keys unchanged", async () => {
            let outputs: ReturnType<typeof intra> | undefined;
            await record(() => (outputs = intra(settings(installer, exposed(installer)))), {}, CALLS);
            assert.equal(outputs!.url, "https://llm.example.com/alpa");
            assert.deepEqual(Object.keys(await value(outputs!.credentials)), ["lab/2026a", "lab/2026b", "nlp/2026a"]);
        });
    });

describe("a gateway behind Cloudflare", () => {
    it("is open only to the connectors, and has no port on the nodes", async () => {
        const seen = await recordExposed("helm");
        const [rule] = oneOfKind(seen, "NetworkPolicy", "alpa-auth-apisix").inputs.spec.ingress;
        const { labels } = oneOfKind(seen, "Deployment", "alpa-auth-cloudflared").inputs.spec.template.metadata;
        assert.deepEqual(rule.from[0].podSelector.matchLabels, labels);
        const { values } = inputsOf(one(seen, "kubernetes:helm.sh/v3:Release"));
        assert.equal(values.service.type, "ClusterIP");
    });
    it("keeps its port for earlier callers where the config says so", async () => {
        const seen = await recordExposed("helm", { gateway: { installer: "helm", crds: ["c.yaml"], nodePort: 30801 } });
        const [rule] = oneOfKind(seen, "NetworkPolicy", "alpa-auth-apisix").inputs.spec.ingress;
        assert.equal(rule.from, undefined);
        assert.equal(inputsOf(one(seen, "kubernetes:helm.sh/v3:Release")).values.service.http.nodePort, 30801);
    });
    it("times out before the edge, and connectors wait longer than the gateway", async () => {
        const { server, exposure } = settings("helm", exposed("helm"));
        assert.equal(server.answerTimeoutSeconds, 120);
        assert.equal(exposure!.connectors.graceSeconds, 140);
    });
});
